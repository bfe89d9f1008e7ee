"""The simulator writes each key as the vendor's printed answers do: signs, zeros before, decimals."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import time
from pathlib import Path
from typing import Any

import pytest

import kiwoomdata as kd
from kiwoomdata import kinds
from kiwoomdata.entries import ENDPOINTS
from kiwoomdata.entries.entry import Column, Endpoint, Part
from tests.conftest import TODAY
from tests.talk import Talk

DATA = Path(__file__).parents[1] / "data"
PRINTED: dict[str, Any] = json.loads((DATA / "vendor_examples.json").read_text(encoding="utf-8"))["examples"]
BROKEN = {"ka10001", "ka20005", "ka90003"}  # shifted, or another TR's
COLOURED = ("price", "price_decimal", "index")
NUMBER = re.compile(r"([+-]*)([0-9]+)(?:\.([0-9]*))?")
TWO_WAYS = {
    ("ka10059", "flu_rt"),  # the print has hundredths without a point, a live row has a point
    *(("ka52301", key) for key in ("sell_uv", "buy_uv")),  # of a unit that nobody knows
    *(("ka50080", key) for key in ("cur_prc", "low_pric")),  # its direction is blank
}


@pytest.fixture(scope="module")
def talk() -> Iterator[Talk]:
    with (
        kd.simulator.start(today=TODAY, now=time(18, 30), rate=None) as server,
        Talk(server, timeout=120) as one,
    ):
        yield one


def texts(endpoint: Endpoint, body: dict[str, Any]) -> Iterator[tuple[Part, Column, str, bool]]:
    """Each number of an answer, and whether the price of its row is that of the day before."""
    for part in endpoint.parts:
        columns = {column.key: column for column in part.columns}.values()
        changes = [column.key for column in columns if column.name == "change"]
        for row in [body] if part.key is None else body.get(part.key, []):
            flat = not any(re.search("[1-9]", str(row.get(key, ""))) for key in changes)
            for column in columns:
                text = str(row.get(column.key, "")).strip()
                timely = column.kind.dtype.is_temporal() or column.kind.dtype == kinds.NAME.dtype
                if NUMBER.fullmatch(text) and not timely and column.kind.name != "direction":
                    yield part, column, text, flat


def styles(endpoint: Endpoint, body: dict[str, Any]) -> dict[tuple[str | None, str], set[str]]:
    found: dict[tuple[str | None, str], set[str]] = {}
    for part, column, text, flat in texts(endpoint, body):
        match = NUMBER.fullmatch(text)
        assert match is not None
        sign, digits, decimals = match[1], match[2], match[3] or ""
        seen = found.setdefault((part.key, column.key), set())
        if re.search("[1-9]", digits + decimals):
            seen.add(f"decimals {len(decimals)}")
        if len(digits) > 1 and digits[0] == "0":
            seen.add(f"filled to {len(digits)}")
        if re.search("[1-9]", digits + decimals) and not (flat and column.kind.name in COLOURED):
            seen.add(f"sign {sign or 'none'}")
    return found


def column_of(endpoint: Endpoint, place: tuple[str | None, str]) -> Column:
    return next(part.by_key[place[1]] for part in endpoint.parts if part.key == place[0])


@pytest.mark.parametrize("api_id", sorted((PRINTED.keys() & ENDPOINTS.keys()) - BROKEN))
def test_a_key_is_written_as_it_is_printed(talk: Talk, api_id: str) -> None:
    endpoint = ENDPOINTS[api_id]
    printed, written = styles(endpoint, PRINTED[api_id]["response"]), styles(endpoint, talk.ask(api_id).json)
    wrong = []
    for place, theirs in printed.items():
        ours = written.get(place, set())
        if (api_id, place[1]) in TWO_WAYS or not ours:
            continue
        for one, other in (("sign none", "sign +"), ("sign -", "sign --"), ("sign +", "sign none")):
            if other == "sign none" and column_of(endpoint, place).kind.name in COLOURED:
                continue  # the price may be that of the day before
            if one in theirs and other not in theirs and other in ours:
                wrong.append((place, one, other))
            if one == "sign -" and other in theirs and one not in theirs and one in ours:
                wrong.append((place, other, one))
        for word in ("filled", "decimals"):
            mine, its = ({each for each in some if each.startswith(word)} for some in (ours, theirs))
            if its and not mine <= its and mine:
                wrong.append((place, *sorted(its), *sorted(mine)))
            if word == "filled" and its and not mine:
                wrong.append((place, *sorted(its), "not filled"))
    assert not wrong
