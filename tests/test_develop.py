"""The pages for those who go on building are true: the way of a call, and the entry of the worked example."""

from __future__ import annotations

import re
import sys
import traceback
from collections.abc import Callable, Iterator
from datetime import date
from itertools import groupby
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import requests

import kiwoomdata as kd
from kiwoomdata import entries
from kiwoomdata.entries.feeds import find_feed
from kiwoomdata.simulator import Server

ROOT = Path(__file__).parents[1]
PAGES = ROOT / "docs/develop"
PACKAGE = Path(kd.__file__).parent


def read(page: str) -> str:
    return (PAGES / page).read_text(encoding="utf-8")


# --- the map -------------------------------------------------------------------------------------


def test_the_map_names_every_room_and_every_module_that_stands_alone() -> None:
    page = read("map.md")
    rooms = {path.name for path in PACKAGE.iterdir() if (path / "__init__.py").exists()}
    modules = {path.stem for path in PACKAGE.glob("*.py")} - {"__init__", "__main__", "_version"}
    named = set(re.findall(r"`([a-z_]+)[/.]", page)) | set(re.findall(r"`([a-z_]+)(?:\.py)?`", page))
    assert (rooms | modules) - named == set()


def test_the_pages_name_no_file_that_is_not_there() -> None:
    for path in [*PAGES.glob("*.md"), ROOT / "CONTRIBUTING.md"]:
        for name in re.findall(r"`((?:kiwoomdata|tests|docs)/[\w/.-]+)`", path.read_text(encoding="utf-8")):
            assert (ROOT / name).exists(), f"{path.name}: {name}"


# --- the way of a call ---------------------------------------------------------------------------


@pytest.fixture
def ways(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """The way of each request, looked at where it leaves: this package's own frames, by file."""
    ways: list[list[str]] = []
    real = requests.adapters.HTTPAdapter.send

    def spy(self: Any, request: Any, **settings: Any) -> Any:
        if request.headers.get("api-id") == "ka10086":
            every = [Path(f.f_code.co_filename) for f, _ in traceback.walk_stack(sys._getframe(1))]
            ours = [path.relative_to(PACKAGE).as_posix() for path in every if path.is_relative_to(PACKAGE)]
            ways.append(ours[::-1])
        return real(self, request, **settings)

    monkeypatch.setattr(requests.adapters.HTTPAdapter, "send", spy)
    return ways


def test_a_call_goes_the_way_that_the_page_tells(
    server: Server, make_client: Callable[..., kd.Client], ways: list[list[str]]
) -> None:
    client = make_client(server)
    assert kd.daily_prices("005930", "2026-11-02", "2026-11-06", client=client).height == 5
    page = read("way-of-a-call.md")
    table = re.findall(r"^\| `([\w/]+\.py)` \|.*\| (\d+) \|$", page, re.M)
    way = [(file, len([*frames])) for file, frames in groupby(ways[0])]
    assert [file for file, _ in way] == [file for file, _ in table]
    for (file, frames), (_, told) in zip(way, table, strict=True):
        assert frames == int(told), f"{file}: another way than the page says"
    assert f"through {len(ways[0])} of" in page
    assert len(ways[0]) <= 9
    kd.daily_prices("005930", "2026-11-02", "2026-11-06", client=make_client(server, cache=False))
    assert f"{len(ways[-1])} in all" in page


# --- a TR in one place ---------------------------------------------------------------------------


@pytest.fixture
def made_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The page's entry as a file of the catalogue."""
    blocks = re.findall(r"^```python\n(.*?)^```$", read("add-a-tr.md"), re.M | re.S)
    (tmp_path / "made_up.py").write_text(blocks[0], encoding="utf-8")
    monkeypatch.setattr(entries, "__path__", [*entries.__path__, str(tmp_path)])
    monkeypatch.setitem(entries._FILE_OF, "ka99999", "made_up")
    yield
    monkeypatch.undo()
    entries._entries.cache_clear()
    sys.modules.pop("kiwoomdata.entries.made_up", None)
    vars(entries).pop("made_up", None)


@pytest.mark.usefixtures("made_up")
def test_the_entry_of_the_page_is_all_that_it_takes_to_ask_the_simulator(
    server: Server, make_client: Callable[..., kd.Client], tmp_path: Path
) -> None:
    client = make_client(server, cache=tmp_path / "cache")
    asked = {"symbol": "005930", "until": "2026-11-20", "since": "2026-10-01", "client": client}
    frame = kd.request("ka99999", **asked)
    prices = kd.daily_prices("005930", "2026-10-01", "2026-11-20", client=client).reverse()
    assert frame["date"].max() == date(2026, 11, 20)
    assert frame.select("date", "close", "volume", "institution").equals(
        prices.select("date", "close", "volume", "institution")
    )
    assert frame.schema["institution"] == pl.Int64
    source = kd.provenance(frame)
    assert source is not None
    assert (source.requests, source.units["institution"]) == (2, "shares")
    again = kd.provenance(kd.request("ka99999", **asked | {"until": "2026-11-19"}))
    assert again is not None
    assert again.requests == 0  # the days are final


@pytest.mark.usefixtures("made_up")
def test_the_entry_of_the_page_is_described_and_its_arguments_are_checked(client: kd.Client) -> None:
    told = kd.describe("ka99999")
    assert told.filter(key="orgn").select("column", "kind", "unit").row(0) == (
        *("institution", "flow"),
        "KRW or shares",
    )
    assert kd.catalogue().filter(api_id="ka99999")["example"].item() == (
        'kd.request("ka99999", symbol="005930", until="2024-01-31")'
    )
    with pytest.raises(ValueError, match="measure"):
        kd.request("ka99999", symbol="005930", until="2026-11-20", measure="won", client=client)


def test_the_made_up_entry_is_gone_when_its_test_is_over() -> None:
    assert "ka99999" not in entries.ENDPOINTS


# --- the words -----------------------------------------------------------------------------------


def test_thirty_words_are_explained() -> None:
    assert len(re.findall(r"^\| \*\*", read("words.md"), re.M)) == 30


# --- from 0.1 to 0.2 -----------------------------------------------------------------------------


def test_the_columns_that_the_migration_page_names_are_those_that_there_are() -> None:
    page = (ROOT / "docs/migration-0.2.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| feeds? (.*) \| (.*) \| (.*) \|$", page, re.M)
    assert len(rows) >= 5
    for which, old, new in rows:
        for feed in map(find_feed, re.findall(r"`(\w+)`", which)):
            names = {column.name for column in feed.columns}
            assert names.isdisjoint(re.findall(r"`(\w+)`", old))
            assert names.issuperset(re.findall(r"`([a-z]\w+)`", new))


@pytest.mark.parametrize(
    ("call", "old", "new"),
    [
        (lambda **how: kd.price_table("005930", **how), "foreign_net_buy", "foreign_net_buy_as_served"),
        (lambda **how: kd.session_summary("005930", **how), "value", "value_as_served"),
        (lambda **how: kd.quote_board("005930", **how), "ask_change_1", "ask_quantity_change_1"),
        (lambda **how: kd.orderbook_snapshot("005930", **how), "total_change", "total_quantity_change"),
        (lambda **how: kd.after_hours_quote("005930", **how), "regular_change", "regular_quantity_change"),
        (lambda **how: kd.trade_strength("005930", **how), "side", "volume"),
        (lambda **how: kd.program_cumulative(**how), "total_cumulative", "total_cumulative_as_served"),
    ],
)
def test_an_old_column_is_refused_with_a_list_that_holds_the_new_one(
    client: kd.Client, call: Callable[..., pl.DataFrame], old: str, new: str
) -> None:
    with pytest.raises(ValueError, match=rf"^columns: '{old}' is not one of .*\b{new}\b"):
        call(columns=[old], client=client)
    assert client.transport.requests_sent == 0
