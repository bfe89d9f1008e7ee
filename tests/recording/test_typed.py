"""The typed copy of a closed day: as fast as a typed file, and never anything else than the messages say."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from kiwoomdata.calendar import now_kst
from kiwoomdata.entries.feeds import find_feed
from kiwoomdata.errors import KiwoomDataWarning, UnknownKey
from kiwoomdata.recording import ticks as reading
from kiwoomdata.recording import typed
from kiwoomdata.recording.ticks import ticks
from kiwoomdata.stream.decode import schema
from tests.recording.test_record import DAY, NINE, at, record, trade

ITEMS = ("005930", "005930_NX", "000660", "0000D0", "X_Y")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Three days, some parts each."""
    folder = tmp_path / "ticks"
    for day in (18, 19, 20):
        for part in range(3):
            moment = at(f"2026-11-{day} 09:0{part}:00")
            record(folder, [trade(n, item, moment + n) for n, item in enumerate(ITEMS)])
    return folder


def copies(folder: Path) -> Path:
    return folder.parent / ".ticks.typed"


def files(folder: Path) -> list[Path]:
    return sorted(path for path in copies(folder).rglob("*") if path.is_file())


def blinded(folder: Path) -> None:
    """Make the messages unreadable, and look as they did."""
    for path in folder.rglob("*.parquet"):
        stat = path.stat()
        path.write_bytes(b"\0" * stat.st_size)
        os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))


def test_a_day_that_was_read_is_not_decoded_again(folder: Path) -> None:
    first = ticks(folder).collect()
    blinded(folder)
    assert_frame_equal(ticks(folder).collect(), first)
    assert first.height == 45
    assert first.schema == schema(find_feed("trade"))


def test_nothing_is_added_to_the_recording(folder: Path) -> None:
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    ticks(folder).collect()
    assert files(folder)
    assert {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()} == before


def _asked() -> dict[str, Callable[[pl.LazyFrame], pl.LazyFrame]]:
    dear, samsung = pl.col("price") > 70_001, pl.col("symbol") == "005930"
    late = pl.col("received_at").dt.minute() == 2
    return {
        "all": lambda frame: frame,
        "columns": lambda frame: frame.select("price", "time"),
        "dear": lambda frame: frame.filter(dear),
        "dear columns": lambda frame: frame.filter(dear).select("quantity", "symbol"),
        "late": lambda frame: frame.filter(late & samsung).select("price"),
        "head": lambda frame: frame.head(20),
        "head of some": lambda frame: frame.filter(samsung).head(3),
        "some of head": lambda frame: frame.head(20).filter(dear).select("price"),
        "tail": lambda frame: frame.tail(2),
        "slice": lambda frame: frame.slice(13, 9),
        "count": lambda frame: frame.select(pl.len()),
        "before": lambda frame: frame.filter(pl.col("price").shift(1) > 70_001),
        "sums": lambda frame: frame.group_by("symbol", maintain_order=True).agg(pl.col("price").sum()),
    }


@pytest.mark.parametrize("rows", [2**20, 7])
@pytest.mark.parametrize(
    "what", [{}, {"symbols": "005930"}, {"symbols": ["005930_NX", "0000D0", "X_Y"]}], ids=str
)
def test_a_copy_answers_whatever_is_asked_as_the_messages_do(
    folder: Path, rows: int, what: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(typed, "_ROWS", rows)
    monkeypatch.setattr(typed, "_AT_ONCE", 2)
    monkeypatch.setattr(reading, "_AT_ONCE", 1)  # a batch for each part
    asked = _asked()
    copies(folder).write_text("in the way")
    of_messages = {name: ask(ticks(folder, **what)).collect() for name, ask in asked.items()}
    copies(folder).unlink()
    assert_frame_equal(ticks(folder, **what).collect(), of_messages["all"])
    blinded(folder)
    for name, ask in asked.items():
        assert_frame_equal(ask(ticks(folder, **what)).collect(), of_messages[name])
        assert_frame_equal(ask(ticks(folder, **what)).collect(engine="streaming"), of_messages[name])
    assert len([path for path in files(folder) if path.suffix == ".parquet"]) == (3 if rows > 7 else 6)


def test_a_head_makes_no_copy(folder: Path) -> None:
    assert ticks(folder).head(3).collect().height == 3
    assert not copies(folder).exists()


def test_a_day_that_grows_is_read_as_it_is(folder: Path) -> None:
    assert ticks(folder, start=DAY).collect().height == 15
    record(folder, [trade(9, received=NINE + 10_000_000)])
    assert ticks(folder, start=DAY).collect().height == 16


def test_a_day_that_is_not_over_is_not_copied(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "today", lambda: date(2026, 11, 19))
    assert ticks(folder).collect().height == 45
    assert [path.name for path in copies(folder).glob("*/*")] == ["date=2026-11-18"]


def test_a_copy_is_made_anew_when_its_columns_come_to_mean_something_else(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = ticks(folder).collect()
    trades = find_feed("trade")
    columns = tuple(
        replace(column, unit=replace(column.unit, scale=1000)) if column.name == "quantity" else column
        for column in trades.columns
    )
    monkeypatch.setattr(reading, "find_feed", lambda feed: replace(trades, columns=columns))
    after = ticks(folder).collect()
    assert after["quantity"].to_list() == [1000 * quantity for quantity in before["quantity"]]


DAMAGES: dict[str, Callable[[Path], object]] = {
    "gone": Path.unlink,
    "empty": lambda path: path.write_bytes(b""),
    "cut": lambda path: path.write_bytes(path.read_bytes()[:-1]),
    "longer": lambda path: path.write_bytes(path.read_bytes() + b"\0"),
    "other": lambda path: path.write_bytes(b'00000000\n{"files":[],"in_order":true,"oddities":[]}'),
    **{
        f"bit at {part:.0%}": lambda path, part=part: path.write_bytes(_flipped(path.read_bytes(), part))
        for part in (0.0, 0.1, 0.3, 0.5, 0.7, 0.9)
    },
}


def _flipped(content: bytes, part: float) -> bytes:
    at = int(part * len(content))
    return content[:at] + bytes([content[at] ^ 4]) + content[at + 1 :]


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES.keys())
@pytest.mark.parametrize("pattern", ["copy.json", "*.parquet"])
def test_damage_of_a_copy_costs_making_it_anew(
    folder: Path, damage: Callable[[Path], object], pattern: str
) -> None:
    whole = ticks(folder).collect()
    for path in copies(folder).rglob(pattern):
        damage(path)
    assert_frame_equal(ticks(folder).collect(), whole)
    blinded(folder)
    assert_frame_equal(ticks(folder).collect(), whole)


def test_where_nothing_can_be_written_the_messages_are_read(folder: Path) -> None:
    copies(folder).mkdir()
    (copies(folder) / "feed=trade").write_text("in the way")
    for _ in range(2):
        assert ticks(folder).collect().height == 45
    assert [path.name for path in files(folder)] == ["feed=trade"]


def test_what_is_odd_is_told_at_each_read_of_it(tmp_path: Path) -> None:
    odd = {"9999": "new", "10": "n/a"}
    folder = record(tmp_path / "ticks", [trade(0), trade(1, "000660", **odd), trade(2, "000660", **odd)])
    for _ in range(2):
        with pytest.warns(KiwoomDataWarning) as told:
            assert ticks(folder).collect()["price"].to_list() == [70_000, None, None]
        assert {warning.category for warning in told} == {KiwoomDataWarning, UnknownKey}
        assert len(told) == 2
        with pytest.warns(KiwoomDataWarning, match="trade.price: 'n/a' is not a whole number"):
            ticks(folder).select("price").collect()
        # A warning is an error here: these do not touch what is odd.
        assert ticks(folder).select("quantity").collect().height == 3
        assert ticks(folder, symbols="005930").collect()["price"].to_list() == [70_000]
        assert ticks(folder).filter(pl.col("symbol") == "005930").collect().height == 1
        assert ticks(folder, columns=("9999",)).collect()["9999"].to_list() == [None, "new", "new"]


def test_a_message_that_is_no_object_is_left_out_and_told(tmp_path: Path) -> None:
    rows = [trade(0), ("0B", "005930", b"[1]", NINE + 1), trade(2)]
    folder = record(tmp_path / "ticks", rows)
    for _ in range(2):
        with pytest.warns(
            KiwoomDataWarning, match=r"trade.message: '\[1\]' is not a JSON object and is left out"
        ):
            assert ticks(folder).collect()["cumulative_volume"].to_list() == [0, 2]
        with pytest.warns(KiwoomDataWarning, match="left out"):
            assert ticks(folder).head(2).collect()["cumulative_volume"].to_list() == [0, 2]


def test_a_message_that_came_after_midnight_by_a_clock_set_back_keeps_its_place(tmp_path: Path) -> None:
    midnight = at("2026-11-20 00:00:00")
    moments = [midnight - 5, midnight + 10, midnight - 3, midnight + 20]
    rows = [trade(n, received=moment) for n, moment in enumerate(moments)]
    folder = record(tmp_path / "ticks", rows)
    for _ in range(2):
        assert ticks(folder).collect()["cumulative_volume"].to_list() == [0, 1, 2, 3]
    assert ticks(folder, start=DAY).collect()["cumulative_volume"].to_list() == [1, 3]


def test_what_is_superseded_or_was_never_finished_goes_once_it_is_old(folder: Path) -> None:
    ticks(folder).collect()
    day = copies(folder) / "feed=trade" / f"date={DAY}"
    (superseded,) = day.iterdir()
    old, young = day / ".abc-4711-0.tmp", day / ".abc-4712-0.tmp"
    for path in (old, young):
        path.mkdir()
        (path / "rows-00000.parquet").write_bytes(b"PAR1 half a file")
    for path in (superseded, old):
        os.utime(path, (0, 0))
    now = now_kst().timestamp()  # the file system does not go by the clock of the tests
    os.utime(young, (now, now))
    record(folder, [trade(9, received=NINE + 10_000_000)])
    assert ticks(folder).collect().height == 46
    assert young.exists()
    assert not old.exists()
    assert not superseded.exists()
    assert len(list(day.iterdir())) == 2
