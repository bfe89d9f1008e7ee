"""A tenth of what ``make prove`` runs, and that it would notice."""

from __future__ import annotations

import copy
import random
from collections.abc import Iterator
from typing import Any

import pytest

import kiwoomdata as kd
from kiwoomdata.rest import protocol
from tests.prove import fuzz, runs
from tests.prove.draft import Draft
from tests.prove.faults import FAULTS
from tests.prove.market import WAYS, sessions

EACH = 50


@pytest.mark.parametrize("first", range(0, 1000, EACH))
def test_no_schedule_gives_a_wrong_cell_or_a_silent_gap(first: int) -> None:
    failed = {}
    for seed in range(first, first + EACH):
        problems = runs.run(runs.planned(seed)).problems
        if problems:
            failed[seed] = problems
    assert not failed, "python -m tests.prove --seed N repeats one"


FOUND = (
    ("ka10086 named", "a row null"),
    ("ka10086 any", "a row a list"),
    ("ka50080 any", "a cell beyond 64 bits"),
    ("ka50080 any", "a date blank"),
    ("ka50080 any", "a_row_doubled"),
    ("ka10045 any", "early_end"),
    ("ka10078 named", "early_end"),
    ("ka10086 any", "a key twice, otherwise"),
    ("ka40002 any", "a key twice, otherwise"),
)
"""What was wrong once."""


def only(way: str, fault: str, draw: int, **more: Any) -> dict[str, Any]:
    """A schedule of one fault, in the first answer."""
    sick = {"at": 1, "times": 1, "name": fault, "token": False, "draw": draw}
    plan = {
        "side": "rest",
        "way": way,
        "now": "2020-06-28T12:00:00+09:00",
        "faults": [sick],
        "first": "2020-05-06",
        "last": "2020-06-26",
        "on_bad": "null",
        "on_truncated": "mark",
        "refresh": False,
        "held": 0,
        "split": False,
    }
    return plan | more


@pytest.mark.parametrize(("way", "fault"), FOUND)
def test_what_was_found_once_stays_mended(way: str, fault: str) -> None:
    first = "2020-06-24" if "ka50080" in way else "2020-05-06"
    for draw in range(4):
        assert runs.run(only(way, fault, draw, first=first)).problems == []


def test_a_day_that_is_not_final_is_asked_for_again_after_what_a_failed_walk_left() -> None:
    """Seed 7141: the probe of the pages that were left had fetched the day, which then was nowhere."""
    cut = {"at": 2, "times": 3, "name": "chunks cut", "token": False, "draw": 1}
    plan = only(
        "ka10078 named", "chunks cut", 1, first="2020-06-01", last="2020-06-29", held=10, faults=[cut]
    )
    assert runs.run(plan | {"now": "2020-06-29T18:30:00+09:00"}).problems == []


def test_a_seed_always_gives_the_same_schedule() -> None:
    assert [runs.planned(seed) for seed in range(20)] == [runs.planned(seed) for seed in range(20)]
    assert len({repr(runs.planned(seed)) for seed in range(20)}) == 20


def test_every_fault_fits_a_way_and_changes_what_goes_over_the_wire() -> None:
    for name, fault in FAULTS.items():
        ways = [way for way in WAYS.values() if fault.fits(way)]
        assert ways, name
        way = next(way for way in ways if way.every_day or not way.dense)
        rows = [way.row(one) for one in way.ids(sessions()[50], sessions()[60])]
        envelope = {way.list_key: rows, **fault_free()} if way.list_key else {**rows[0], **fault_free()}
        good, bad = (Draft(way, copy.deepcopy(envelope), "Y", "20") for _ in range(2))
        fault.change(bad, random.Random(3))
        assert bad.wire() != good.wire(), name


def fault_free() -> dict[str, Any]:
    return {"return_code": 0, "return_msg": "정상"}


@pytest.fixture
def careless(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A client that takes each end for the end, and each page for a good one."""
    plain = protocol.pages

    def believing(*args: Any, **more: Any) -> Any:
        stop = yield from plain(*args, **more)
        return protocol.Stop(stop.why)

    monkeypatch.setattr(protocol, "pages", believing)
    return


@pytest.mark.usefixtures("careless")
def test_a_client_that_believes_every_end_is_found_out() -> None:
    problems = runs.run(only("ka50080 any", "early_end", 1, first="2020-06-01")).problems
    assert problems == [] or {kind for kind, _ in problems} <= {"silent", "kept"}
    told = [runs.run(only("ka10078 named", fault, 1)).problems for fault in ("early_end", "page_twice")]
    assert any(kind == "silent" for problems in told for kind, _ in problems)


def test_a_wrong_cell_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    plain = kd.daily_prices

    def off_by_one(*args: Any, **more: Any) -> Any:
        frame = plain(*args, **more)
        return frame.with_columns(frame["close"] + 1)

    monkeypatch.setattr(kd, "daily_prices", off_by_one)
    problems = runs.run(only("ka10086 named", "BOM", 1)).problems
    assert problems[0][0] == "wrong"
    assert "and" in problems[0][1]


def test_a_failure_is_made_small_and_printed(monkeypatch: pytest.MonkeyPatch) -> None:
    def wrong_where_it_is_empty(plan: Any) -> Any:
        verdict = runs.Verdict()
        if any(fault["name"] == "empty" for fault in plan["faults"]):
            verdict.problem("wrong", "x")
        return verdict

    monkeypatch.setattr(runs, "run", wrong_where_it_is_empty)
    plan = only("ka10086 any", "BOM", 1, held=10, refresh=True)
    one = {"at": 2, "times": 3, "name": "empty", "token": False, "draw": 1}
    small = runs.made_small({**plan, "faults": [*plan["faults"], one]})
    assert small["faults"] == [{**one, "at": 1, "times": 1}]
    assert (small["held"], small["refresh"]) == (0, False)
    assert "from tests.prove.runs import run" in runs.script(small)


@pytest.mark.parametrize("target", fuzz.TARGETS)
def test_any_bytes_are_read_or_refused_in_words(target: str) -> None:
    assert fuzz.fuzzed(target, 2.0) > 0
