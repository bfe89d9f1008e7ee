"""Interval arithmetic, against a brute-force set of days."""

from __future__ import annotations

import json
from datetime import date, datetime, timedelta
from itertools import pairwise

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiwoomdata.store.intervals import Days, replace_days

START = date(2024, 2, 20)  # the 29th of February lies within
some_day = st.integers(0, 40).map(lambda n: START + timedelta(days=n))
pair = st.tuples(some_day, some_day).map(lambda two: (min(two), max(two)))
pairs = st.lists(pair, max_size=6)
days = pairs.map(Days.from_pairs)


def brute(intervals: list[tuple[date, date]] | Days) -> set[date]:
    return {a + timedelta(days=n) for a, b in intervals for n in range((b - a).days + 1)}


@given(pairs)
def test_days_hold_exactly_the_days_of_their_intervals(intervals: list[tuple[date, date]]) -> None:
    made, wanted = Days.from_pairs(intervals), brute(intervals)
    assert brute(made) == wanted
    assert {START + timedelta(days=n) for n in range(-1, 42) if START + timedelta(days=n) in made} == wanted
    assert made.count == len(wanted)
    assert bool(made) is bool(wanted)
    assert (made.first, made.last) == (min(wanted, default=None), max(wanted, default=None))


@given(pairs)
def test_intervals_are_sorted_disjoint_and_never_adjacent(intervals: list[tuple[date, date]]) -> None:
    spans = list(Days.from_pairs(intervals))
    assert all(a <= b for a, b in spans)
    assert all(later[0] - earlier[1] > timedelta(days=1) for earlier, later in pairwise(spans))


@given(days, days)
def test_union_intersection_and_difference_are_those_of_sets(a: Days, b: Days) -> None:
    assert brute(a | b) == brute(a) | brute(b)
    assert brute(a & b) == brute(a) & brute(b)
    assert brute(a - b) == brute(a) - brute(b)


@given(days, days)
def test_every_result_is_in_the_one_shortest_form(a: Days, b: Days) -> None:
    for result in (a | b, a & b, a - b):
        again = Days.from_pairs(list(result))
        assert result == again
        assert hash(result) == hash(again)


@given(days, days)
def test_days_are_equal_exactly_when_they_hold_the_same_days(a: Days, b: Days) -> None:
    assert (a == b) is (brute(a) == brute(b))


@given(days, some_day, some_day)
def test_gaps_are_the_days_of_the_range_that_are_missing(held: Days, start: date, end: date) -> None:
    missing = brute(Days.between(start, end)) - brute(held)
    assert brute(held.gaps(start, end)) == missing
    assert held.covers(start, end) is (not missing)


@given(days)
def test_json_gives_back_the_same_days(held: Days) -> None:
    assert Days.from_json(json.loads(json.dumps(held.to_json()))) == held


def test_adjacent_days_become_one_interval() -> None:
    friday, saturday = date(2024, 3, 1), date(2024, 3, 2)
    assert list(Days.from_pairs([(saturday, saturday), (friday, friday)])) == [(friday, saturday)]


def test_a_range_that_ends_before_it_starts_has_no_days() -> None:
    assert Days.between(date(2024, 3, 2), date(2024, 3, 1)) == Days()


def test_the_ends_of_the_calendar_are_days_like_others() -> None:
    everything = Days.between(date.min, date.max)
    assert everything | everything == everything
    assert everything.gaps(date.min, date.max) == Days()
    assert date.max not in everything - Days.between(date.max, date.max)


def test_a_reversed_interval_is_refused() -> None:
    with pytest.raises(ValueError, match=r"2024-03-02\.\.2024-03-01 is reversed; give the earlier day first"):
        Days.from_pairs([(date(2024, 3, 2), date(2024, 3, 1))])


def test_a_datetime_is_not_a_day() -> None:
    with pytest.raises(TypeError, match=r"start: expected a datetime.date.*pass its .date\(\)"):
        Days.between(datetime(2024, 3, 1, 12), date(2024, 3, 2))


@pytest.mark.parametrize(
    "foreign",
    [None, {}, "2024", [1], [["2024-01-01"]], [["2024-01-01", "no day"]], [["2024-01-02", "2024-01-01"]]],
)
def test_json_of_another_shape_is_refused(foreign: object) -> None:
    with pytest.raises(ValueError, match=r".+"):
        Days.from_json(foreign)


def test_days_cannot_be_given_new_attributes() -> None:
    with pytest.raises(AttributeError):
        Days().more = 1  # type: ignore[attr-defined]


# rows


def frame(rows: list[tuple[date, str]]) -> pl.DataFrame:
    schema = {"date": pl.String, "source": pl.String}
    return pl.DataFrame([(f"{day:%Y%m%d}", source) for day, source in rows], schema, orient="row")


@given(st.lists(some_day, max_size=12), st.lists(some_day, max_size=12), days)
def test_of_each_day_all_rows_come_from_one_side(old: list[date], new: list[date], taken: Days) -> None:
    old_rows = [(day, f"old {n}") for n, day in enumerate(old)]
    new_rows = [(day, f"new {n}") for n, day in enumerate(new)]
    kept = [row for row in old_rows if row[0] not in taken] + [row for row in new_rows if row[0] in taken]
    wanted = sorted(kept, key=lambda row: row[0])
    assert replace_days(frame(old_rows), frame(new_rows), taken, "date").equals(frame(wanted))


def test_a_day_with_a_time_behind_it_belongs_to_the_day() -> None:
    new = pl.DataFrame({"date": ["20240302000000"]})
    day = date(2024, 3, 2)
    assert replace_days(new, new, Days.between(day, day), "date").equals(new)


def test_a_column_that_one_side_lacks_is_null_there() -> None:
    old, new = pl.DataFrame({"date": ["20240301"]}), pl.DataFrame({"date": ["20240302"], "more": ["1"]})
    rows = replace_days(old, new, Days.between(date(2024, 3, 2), date(2024, 3, 2)), "date")
    assert rows.to_dicts() == [{"date": "20240301", "more": None}, {"date": "20240302", "more": "1"}]


def test_frames_without_rows_or_columns_are_welcome() -> None:
    some = pl.DataFrame({"date": ["20240301"]})
    march = Days.between(date(2024, 3, 1), date(2024, 3, 31))
    assert replace_days(some, pl.DataFrame(), Days(), "date").equals(some)
    assert replace_days(some, pl.DataFrame(), march, "date").height == 0
    assert replace_days(pl.DataFrame(), some, march, "date").equals(some)


def test_rows_without_a_day_are_left_out() -> None:
    new = pl.DataFrame({"date": ["", "  ", None, "20240301"]})
    march = Days.between(date(2024, 3, 1), date(2024, 3, 31))
    assert replace_days(pl.DataFrame(), new, march, "date")["date"].to_list() == ["20240301"]


def test_a_day_that_is_no_date_is_refused() -> None:
    with pytest.raises(
        ValueError, match="date: expected a day as YYYYMMDD, got '20241301'; leave such rows out"
    ):
        replace_days(pl.DataFrame(), pl.DataFrame({"date": ["20241301"]}), Days(), "date")


def test_a_column_that_is_not_there_is_refused() -> None:
    with pytest.raises(ValueError, match=r"column: expected one of \['day'\], got 'date'"):
        replace_days(pl.DataFrame(), pl.DataFrame({"day": ["20240301"]}), Days(), "date")
