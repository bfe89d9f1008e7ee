"""What walks tell beside their rows, and which walks are planned: pure, so held by their values."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from itertools import pairwise

import polars as pl
import pytest

from kiwoomdata.calendar import trading_days
from kiwoomdata.entries import ENDPOINTS
from kiwoomdata.rest.protocol import Stop
from kiwoomdata.store.files import as_day, as_text
from kiwoomdata.store.learn import Span, learned
from kiwoomdata.store.plan import Days, Facts, Run

EACH, SOME = ENDPOINTS["ka10086"], ENDPOINTS["ka10078"]
"""A TR with a row for each trading day, and one without rows for days on which nothing was traded."""
STOP = Stop("reached")


def days_of(first: str, last: str, today: str, *, final: str = "", each: bool = True) -> Days:
    slots = list(trading_days(as_day(first) or date.min, as_day(last) or date.min))
    texts, dates = tuple(map(as_text, slots)), pl.Series(slots, dtype=pl.Date)
    endpoint = EACH if each else SOME
    return Days(
        endpoint, first, last, today, final or today, False, texts, dates, following=dict(pairwise(texts))
    )


def rows_of(*days: str, fits: bool = True, **cells: Sequence[str | None]) -> pl.DataFrame:
    schema = {"_day": pl.String(), "_old": pl.String(), "_fits": pl.Boolean()}
    frame = pl.DataFrame({"_day": days, "_old": [None] * len(days), "_fits": [fits] * len(days)}, schema)
    return frame.with_columns(pl.Series(key, texts, dtype=pl.String()) for key, texts in cells.items())


def learn(
    facts: Facts, days: Days, rows: pl.DataFrame, *walks: Run, whole: bool = True, begins: str = ""
) -> Facts:
    """The facts after walks that brought these rows."""
    spans = [Span(first, last, rows, STOP, whole, begins) for first, last in walks]
    part = days.endpoint.rows
    assert part is not None
    return learned(facts, rows, spans, rows, days, part)


# --- days without a row ---

WEEK = ("20240103", "20240104", "20240105", "20240108", "20240109")


@pytest.mark.parametrize(
    ("walks", "whole", "today", "empty"),
    [
        ([("20240103", "20240109")], True, "20260105", ["20240104", "20240108", "20240109"]),
        ([("20240103", "20240108")], True, "20260105", ["20240104", "20240108"]),
        ([("20240104", "20240104"), ("20240109", "20240109")], True, "20260105", ["20240104", "20240109"]),
        ([("20240103", "20240109")], False, "20260105", []),
        ([("20240103", "20240109")], True, "20240115", ["20240104", "20240108"]),  # later ones may be late
        ([("20240103", "20240109")], True, "20240111", ["20240104"]),
    ],
)
def test_a_day_that_a_whole_walk_passed_without_a_row_has_none_once_none_can_be_late(
    walks: list[Run], whole: bool, today: str, empty: list[str]
) -> None:
    days = days_of("20240103", "20240109", today, each=False)
    assert days.slots == WEEK
    facts = learn(Facts(), days, rows_of("20240103", "20240105"), *walks, whole=whole)
    assert facts.empty == empty


def test_a_day_that_was_without_a_row_and_has_one_now_is_empty_no_more() -> None:
    days = days_of("20240103", "20240109", "20260105", each=False)
    facts = learn(Facts(empty=["20231228", "20240104"]), days, rows_of("20240104"), ("20240104", "20240104"))
    assert facts.empty == ["20231228"]
    unfit = learn(Facts(empty=["20240104"]), days, rows_of("20240104", fits=False))
    assert unfit.empty == []


# --- rows that lack a key ---


def test_a_row_that_lacks_a_key_of_others_is_asked_for_twice_more() -> None:
    days = days_of("20240103", "20240109", "20260105")
    rows = rows_of("20240103", "20240104", close_pric=["1", "2"], trde_qty=["1", None])
    facts = learn(Facts(), days, rows, ("20240103", "20240104"))
    assert facts.lacking == {"20240104": 0}
    assert days.missing(["20240103", "20240104"], facts) == ["20240104", "20240105", "20240108", "20240109"]
    for tries in (1, 2):
        facts = learn(facts, days, rows, ("20240104", "20240104"))
        assert facts.lacking == {"20240104": tries}
    assert days.missing(["20240103", "20240104"], facts) == ["20240105", "20240108", "20240109"]
    held = rows.with_columns(_fits=pl.lit(value=False))
    assert learn(facts, days, held).lacking == {"20240104": 2}  # nothing of it came again


@pytest.mark.parametrize("cells", [[None, None], ["1", "2"]])
def test_a_key_that_all_rows_have_or_that_all_lack_is_asked_for_no_more(cells: list[str | None]) -> None:
    days = days_of("20240103", "20240109", "20260105")
    rows = rows_of("20240103", "20240104", close_pric=["1", "2"], trde_qty=cells)
    assert learn(Facts(), days, rows, ("20240103", "20240104")).lacking == {}


# --- where a history begins ---


@pytest.mark.parametrize(
    ("before", "begins", "oldest", "after"),
    [
        (("", 0), "20240103", "20240103", ("20240103", 1)),
        (("20240103", 1), "20240103", "20240103", ("20240103", 2)),
        (("20240102", 2), "20240103", "20240103", ("20240103", 1)),  # it reaches less far back now
        (("20240104", 2), "20240103", "20240103", ("20240103", 1)),
        (("", 0), "20240105", "20240103", ("", 0)),  # an older row is held
        (("20240105", 2), "20240105", "20240103", ("", 0)),
        (("20240105", 2), "", "20240103", ("", 0)),
        (("20240103", 2), "", "20240103", ("20240103", 2)),
        (("20240103", 2), "", "20240105", ("20240103", 2)),
        (("", 0), "20240103", "", ("20240103", 1)),  # nothing of it may be kept
        (("20240103", 2), "", "", ("20240103", 2)),
    ],
)
def test_a_history_begins_where_two_walks_end_and_no_older_row_is_held(
    before: tuple[str, int], begins: str, oldest: str, after: tuple[str, int]
) -> None:
    rows = rows_of(oldest, "20240109") if oldest else rows_of()
    facts = learn(
        Facts(begins=before[0], ends=before[1]),
        days_of("20240103", "20240109", "20260105"),
        rows,
        ("20231201", "20240109"),
        begins=begins,
    )
    assert (facts.begins, facts.ends) == after
    assert facts.sure == (after[0] if after[1] == 2 else "")


def test_a_row_of_an_older_basis_does_not_say_where_a_history_begins() -> None:
    days = days_of("20240103", "20240109", "20260105")
    rows = pl.concat([rows_of("20240102").with_columns(_old=pl.lit("20240601")), rows_of("20240109")])
    facts = learn(Facts(), days, rows, ("20231201", "20240109"), begins="20240109")
    assert (facts.begins, facts.ends) == ("20240109", 1)


# --- where a series ends ---


@pytest.mark.parametrize(
    ("before", "today", "walk", "newest", "after"),
    [
        # The walk went thirty days and more past the newest row: on a second day that is the end.
        (("", []), "20240305", ("20240103", "20240305"), "20240109", ("20240109", ["20240305"])),
        (
            ("20240109", ["20240305"]),
            "20240306",
            ("20240109", "20240306"),
            "20240109",
            ("20240109", ["20240305", "20240306"]),
        ),
        (
            ("20240109", ["20240305", "20240306"]),
            "20240307",
            ("20240109", "20240307"),
            "20240109",
            ("20240109", ["20240305", "20240307"]),
        ),
        # Twice on one day is once.
        (
            ("20240109", ["20240305"]),
            "20240305",
            ("20240109", "20240305"),
            "20240109",
            ("20240109", ["20240305"]),
        ),
        # The second walk has to reach the last day that is final.
        (
            ("20240109", ["20240305"]),
            "20240306",
            ("20240103", "20240215"),
            "20240109",
            ("20240109", ["20240305"]),
        ),
        # A newer row takes it back.
        (("20240109", ["20240305"]), "20240306", ("20240109", "20240306"), "20240306", ("", [])),
        # A pause of thirty days is no end.
        (("", []), "20240205", ("20240103", "20240205"), "20240109", ("", [])),
        (("", []), "20240208", ("20240103", "20240208"), "20240109", ("", [])),
        (("", []), "20240209", ("20240103", "20240209"), "20240109", ("20240109", ["20240209"])),
        # A walk that stopped at the newest row saw nothing beyond.
        (("", []), "20240305", ("20240103", "20240109"), "20240109", ("", [])),
    ],
)
def test_a_series_ends_where_walks_of_two_days_went_past_its_newest_row(
    before: tuple[str, list[str]], today: str, walk: Run, newest: str, after: tuple[str, list[str]]
) -> None:
    days = days_of("20240103", today, today, final=today)
    facts = learn(Facts(closes=before[0], closed=before[1]), days, rows_of("20240103", newest), walk)
    assert (facts.closes, facts.closed) == after
    assert facts.over == (after[0] if len(after[1]) == 2 else "")


def test_a_row_that_may_not_be_kept_shows_that_a_series_goes_on() -> None:
    days = days_of("20240103", "20240305", "20240305")
    part = EACH.rows
    assert part is not None
    held, came = rows_of("20240103", "20240109"), rows_of("20240305", fits=False)
    spans = [Span("20240103", "20240305", came, STOP, whole=True, begins="")]
    facts = learned(Facts(), held, spans, came, days, part)
    assert (facts.closes, facts.closed) == ("", [])


# --- which walks are planned ---


def test_what_is_missing_are_days_not_held_not_final_or_lacking_a_key_from_the_beginning_on() -> None:
    days = days_of("20240103", "20240109", "20240109", final="20240108")
    assert days.missing([], Facts()) == list(WEEK)
    assert days.missing(WEEK, Facts()) == ["20240109"]  # not final
    quiet = replace(days, endpoint=SOME)
    assert quiet.missing([], Facts(empty=["20240104"])) == ["20240103", "20240105", "20240108", "20240109"]
    assert days.missing([], Facts(begins="20240105", ends=1)) == list(WEEK)
    assert days.missing([], Facts(begins="20240105", ends=2)) == ["20240105", "20240108", "20240109"]


@pytest.mark.parametrize(
    ("closed", "offline", "missing"),
    [
        (["20240201", "20240305"], False, ["20240103", "20240104", "20240105"]),
        (["20240201", "20240304"], False, list(WEEK)),  # not asked for today yet
        (["20240201", "20240304"], True, ["20240103", "20240104", "20240105"]),
        (["20240305"], False, list(WEEK)),
    ],
)
def test_days_after_the_end_of_a_series_are_asked_for_once_a_day(
    closed: list[str], offline: bool, missing: list[str]
) -> None:
    days = replace(days_of("20240103", "20240109", "20240305"), offline=offline)
    assert days.missing([], Facts(closes="20240105", closed=closed)) == missing


@pytest.mark.parametrize(
    ("missing", "facts", "runs"),
    [
        ([], Facts(), []),
        (["20240103"], Facts(), [("20240103", "20240103")]),
        (["20240103", "20240104"], Facts(), [("20240103", "20240104")]),
        # One page has twenty rows: a hole that fits costs nothing.
        (["20240103", "20240110"], Facts(), [("20240103", "20240110")]),
        (["20240103", "20240229"], Facts(), [("20240103", "20240103"), ("20240229", "20240229")]),
        (["20240103", "20240628"], Facts(), [("20240103", "20240103"), ("20240628", "20240630")]),
        # Towards a day with which the history may begin, to see whether it does.
        (["20240103"], Facts(begins="20240105", ends=1), [("20240103", "20240105")]),
        # Past the newest row of a series that may have ended, once a day.
        (
            ["20240627"],
            Facts(closes="20240610", closed=["20240801"]),
            [("20240610", "20240805")],
        ),
        (["20240627"], Facts(closes="20240610", closed=["20240805"]), [("20240627", "20240627")]),
    ],
)
def test_the_walks_fetch_what_is_missing_with_the_fewest_pages(
    missing: list[str], facts: Facts, runs: list[Run]
) -> None:
    days = days_of("20240103", "20240630", "20240805")
    assert days.runs(missing, facts) == runs


@pytest.mark.parametrize(
    ("runs", "known", "wider"),
    [
        ([("20240103", "20240104")], ["20240105"], [("20240103", "20240105")]),
        ([("20240108", "20240109")], ["20240103", "20240105"], [("20240105", "20240109")]),
        ([("20240103", "20240109")], ["20240104"], [("20240103", "20240109")]),
        # One page more is what a walk of its own would cost; two are not worth it.
        ([("20240401", "20240429")], ["20240328"], [("20240328", "20240429")]),
        ([("20240610", "20240611")], ["20240103"], [("20240610", "20240611")]),
        # The cheapest of several.
        (
            [("20240103", "20240104"), ("20240610", "20240611")],
            ["20240607"],
            [("20240103", "20240104"), ("20240607", "20240611")],
        ),
    ],
)
def test_one_of_the_walks_is_widened_to_a_held_day_where_that_costs_no_more_than_one_by_itself(
    runs: list[Run], known: list[str], wider: list[Run]
) -> None:
    days = days_of("20240103", "20240630", "20240805")
    assert days.widened(runs, known) == wider


def test_a_walk_of_days_that_are_not_final_is_widened_only_where_held_days_are_shown() -> None:
    days = days_of("20240805", "20240805", "20240805", final="20240802")
    assert days.widened([("20240805", "20240805")], ["20240802"]) == [("20240805", "20240805")]
    shown = replace(days, since="20240801")
    assert shown.widened([("20240805", "20240805")], ["20240802"]) == [("20240802", "20240805")]
