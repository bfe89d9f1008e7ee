"""Trading days and hours of the exchange."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

import holidays
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiwoomdata import calendar
from kiwoomdata.errors import ConfigError

CLOSED = [
    "2025-06-03",
    "2025-01-27",
    "2025-05-06",
    "2026-02-16",
    "2026-02-17",
    "2026-02-18",
    "2026-03-02",
    "2026-05-25",
    "2026-08-17",
    "2026-10-05",
    "2026-06-03",
    "2026-07-17",
    "2027-05-03",
    "2027-07-19",
    "2025-12-31",
    "2026-12-31",
    "2000-12-27",
    "2000-12-28",
    "2000-12-29",
    "2026-01-01",
    "2026-05-01",
    "1990-10-02",
]

DAY = timedelta(days=1)
SESSIONS = Path(__file__).parent / "data" / "krx_sessions.txt"
REFERENCE = Path(__file__).parents[2] / "shared/reference/krx/kospi_sessions_1980-2020-08.csv"
LIST_BEGINS, LIST_ENDS = date(1980, 1, 4), date(2020, 8, 31)

EXAMS_UNTIL_FOUR = """
1999-11-17 2000-11-15 2001-11-07 2002-11-06 2003-11-05 2004-11-17 2005-11-23 2006-11-16 2007-11-15
2008-11-13 2009-11-12 2010-11-18 2011-11-10 2012-11-08 2013-11-07 2014-11-13 2015-11-12
"""
EXAMS_UNTIL_HALF_PAST_FOUR = """
2016-11-17 2017-11-16 2017-11-23 2018-11-15 2019-11-14 2020-12-03 2021-11-18 2022-11-17 2023-11-16
2024-11-14 2025-11-13
"""

days = st.dates(date(1985, 1, 1), date(2035, 12, 31))


@pytest.mark.parametrize("day", CLOSED)
def test_the_exchange_is_closed_on(day: str) -> None:
    assert not calendar.is_trading_day(date.fromisoformat(day))
    assert calendar.session_hours(date.fromisoformat(day)) is None


@pytest.mark.parametrize("day", ["2000-12-26", "2025-06-04", "2026-02-19", "2026-06-02", "2026-12-30"])
def test_the_exchange_is_open_on(day: str) -> None:
    assert calendar.is_trading_day(date.fromisoformat(day))


def exchange_sessions() -> list[date]:
    """The exchange's own list: a line for each year, a mark for each day, x is a session."""
    lines = (line.split() for line in SESSIONS.read_text(encoding="ascii").splitlines())
    return [
        date(int(year), 1, 1) + n * DAY
        for year, marks in lines
        for n, mark in enumerate(marks)
        if mark == "x"
    ]


def test_every_session_of_the_exchanges_own_list_is_a_trading_day_and_no_other_day_is() -> None:
    assert calendar.trading_days(LIST_BEGINS, LIST_ENDS) == exchange_sessions()


def test_the_list_here_is_the_exchanges() -> None:
    if not REFERENCE.exists():
        pytest.skip(f"{REFERENCE.name} is not beside this tree")
    listed = [date.fromisoformat(line) for line in REFERENCE.read_text(encoding="ascii").split()[1:]]
    assert exchange_sessions() == listed


def test_after_the_list_the_closures_are_those_that_the_holidays_library_knows() -> None:
    shut = {day for year in range(2020, 2101) for day in holidays.financial_holidays("XKRX", years=year)}
    first, last = LIST_ENDS + DAY, date(2100, 12, 31)
    every = (first + n * DAY for n in range((last - first).days + 1))
    expected = [day for day in every if day.weekday() < 5 and day not in shut]
    assert calendar.trading_days(first, last) == expected


def test_saturdays_had_a_session_until_december_1998() -> None:
    assert calendar.last_trading_day(date(1998, 12, 6)) == date(1998, 12, 5)
    assert calendar.last_trading_day(date(1998, 12, 13)) == date(1998, 12, 11)
    assert not calendar.is_trading_day(date(1996, 12, 28))


@pytest.mark.parametrize("day", [date(1975, 6, 11), date(2150, 6, 11)])
def test_where_nothing_is_known_every_weekday_counts(day: date) -> None:
    assert calendar.trading_days(day, day + 6 * DAY) == [
        day + n * DAY for n in range(7) if (day + n * DAY).weekday() < 5
    ]


@pytest.mark.parametrize("year", range(2014, 2028))
def test_a_year_has_as_many_sessions_as_the_exchange_holds(year: int) -> None:
    assert 240 <= len(calendar.trading_days(date(year, 1, 1), date(year, 12, 31))) <= 250


@pytest.mark.parametrize(("year", "sessions"), [(2015, 248), (2020, 248), (2023, 245), (2024, 244)])
def test_the_sessions_of_a_past_year_are_counted(year: int, sessions: int) -> None:
    assert len(calendar.trading_days(date(year, 1, 1), date(year, 12, 31))) == sessions


@pytest.mark.parametrize(
    ("day", "opens", "closes"),
    [
        ("2025-01-02", time(10), time(15, 30)),
        ("2026-01-02", time(10), time(15, 30)),
        ("2026-01-05", time(9), time(15, 30)),
        ("2026-11-19", time(10), time(16, 30)),
        ("2025-11-14", time(9), time(15, 30)),
        ("2016-08-01", time(9), time(15, 30)),
        ("2016-07-29", time(9), time(15)),
        ("2000-01-04", time(10), time(15)),  # the first session of that year
        ("2022-01-03", time(10), time(15, 30)),
        ("1998-12-07", time(9), time(15)),
        *((day, time(10), time(16)) for day in EXAMS_UNTIL_FOUR.split()),
        *((day, time(10), time(16, 30)) for day in EXAMS_UNTIL_HALF_PAST_FOUR.split()),
    ],
)
def test_the_session_opens_and_closes_at(day: str, opens: time, closes: time) -> None:
    assert calendar.session_hours(date.fromisoformat(day)) == (opens, closes)


def test_hours_that_are_not_known_are_an_error_and_not_a_guess() -> None:
    with pytest.raises(ValueError, match="^day: the hours of 1998-12-05 are not known"):
        calendar.session_hours(date(1998, 12, 5))


def test_a_range_is_inclusive_and_ascending_across_years() -> None:
    assert calendar.trading_days(date(2025, 12, 29), date(2026, 1, 5)) == [
        date(2025, 12, 29),
        date(2025, 12, 30),
        date(2026, 1, 2),
        date(2026, 1, 5),
    ]


def test_a_range_that_ends_before_it_starts_is_empty() -> None:
    assert calendar.trading_days(date(2026, 1, 5), date(2025, 12, 29)) == []


@given(days, days)
def test_a_range_holds_exactly_the_trading_days_between_its_ends(a: date, b: date) -> None:
    start, end = min(a, b), max(a, b)
    found = calendar.trading_days(start, end)
    assert found == sorted(set(found))
    assert all(start <= day <= end for day in found)
    assert (start in found) == calendar.is_trading_day(start)
    assert (end in found) == calendar.is_trading_day(end)


@given(days)
def test_the_neighbours_of_a_day_are_the_nearest_trading_days(day: date) -> None:
    before, after = calendar.previous_trading_day(day), calendar.next_trading_day(day)
    assert before < day < after
    between = [day] if calendar.is_trading_day(day) else []
    assert calendar.trading_days(before, after) == [before, *between, after]
    assert calendar.last_trading_day(day) == (between or [before])[0]


@given(days, st.integers(1, 1500))
def test_counting_back_agrees_with_the_list(day: date, n: int) -> None:
    found = calendar.nth_trading_day_before(day, n)
    assert len(calendar.trading_days(found, day)) == n + calendar.is_trading_day(day)
    assert calendar.is_trading_day(found)


def test_counting_back_by_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match=r"n: expected 1 or more, got 0; .*last_trading_day"):
        calendar.nth_trading_day_before(date(2026, 1, 5), 0)


def test_a_time_is_not_taken_for_a_day() -> None:
    with pytest.raises(TypeError, match="expected a date"):
        calendar.is_trading_day(datetime(2026, 1, 5, 9, tzinfo=calendar.KST))


def test_today_is_seouls_date() -> None:
    assert calendar.today(datetime(2026, 1, 5, 15, 30, tzinfo=UTC)) == date(2026, 1, 6)
    assert calendar.today(datetime(2026, 1, 5, 14, 30, tzinfo=UTC)) == date(2026, 1, 5)
    assert calendar.today(datetime(2026, 1, 5, 23, 59)) == date(2026, 1, 5)  # no zone is meant
    assert calendar.now_kst().tzinfo is calendar.KST


def test_an_override_file_closes_and_opens_days(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "calendar.toml"
    file.write_text('closed = ["2026-09-03"]\nopen = [2026-07-17, "2026-07-18"]\n', encoding="utf-8")
    assert calendar.is_trading_day(date(2026, 9, 3))
    monkeypatch.setenv("KIWOOMDATA_CALENDAR", str(file))
    assert not calendar.is_trading_day(date(2026, 9, 3))
    assert calendar.trading_days(date(2026, 7, 16), date(2026, 7, 19)) == [
        date(2026, 7, 16),
        date(2026, 7, 17),
        date(2026, 7, 18),  # a Saturday
    ]
    assert calendar.session_hours(date(2026, 7, 17)) == (time(9), time(15, 30))
    assert calendar.next_trading_day(date(2026, 9, 2)) == date(2026, 9, 4)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("closed = [", "is no calendar"),
        ('closed = "2026-09-03"', "closed is not a list"),
        ('closed = ["3 September"]', "3 September"),
        ('shut = ["2026-09-03"]', "unknown key 'shut'"),
        ('closed = ["2026-09-03"]\nopen = ["2026-09-03"]', "2026-09-03 is both closed and open"),
        (None, "No such file"),
    ],
)
def test_a_bad_override_file_is_an_error_that_says_what_to_do(
    text: str | None, says: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "calendar.toml"
    if text is not None:
        file.write_text(text, encoding="utf-8")
    monkeypatch.setenv("KIWOOMDATA_CALENDAR", str(file))
    with pytest.raises(ConfigError, match=says) as caught:
        calendar.is_trading_day(date(2026, 9, 3))
    assert "or unset KIWOOMDATA_CALENDAR" in str(caught.value)


def test_the_calendar_imports_nothing_heavy() -> None:
    code = (
        "import sys, kiwoomdata.calendar as calendar; calendar.last_trading_day(calendar.today());"
        "print(sorted({'holidays', 'tomllib', 'polars'} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=30
    )
    assert done.stdout == "[]\n"
