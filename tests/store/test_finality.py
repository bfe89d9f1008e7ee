"""From when on a row can no longer change."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta, timezone
from itertools import pairwise
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiwoomdata.calendar import is_trading_day
from kiwoomdata.entries import ENDPOINTS
from kiwoomdata.entries.entry import Endpoint
from kiwoomdata.kinds import KST
from kiwoomdata.store.finality import business_day, last_final_day
from kiwoomdata.store.plan import Days, Facts
from kiwoomdata.store.question import Question

SEOUL = ZoneInfo("Asia/Seoul")
NEXT_MORNING, NEVER = (Endpoint("ka", "", "", (), (), final=final) for final in ("next morning", "never"))
CREDIT = replace(NEXT_MORNING, credit_columns=("credit_ratio",))


def seoul(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=SEOUL)


@pytest.mark.parametrize(
    ("now", "final"),
    [
        ("2024-03-07T21:00:00", "2024-03-06"),  # NXT rows were seen unfinished at 21:00
        ("2024-03-07T23:59:59.999999", "2024-03-06"),
        ("2024-03-08T00:00:00", "2024-03-06"),
        ("2024-03-08T05:59:59.999999", "2024-03-06"),
        ("2024-03-08T06:00:00", "2024-03-07"),
        ("2024-03-09T06:00:00", "2024-03-08"),  # Saturday: Friday is final
        ("2024-03-10T06:00:00", "2024-03-09"),  # a day without rows is final like any other
        ("2024-03-11T05:00:00", "2024-03-09"),
        ("2024-01-01T06:00:00", "2023-12-31"),
        ("2024-03-01T05:59:00", "2024-02-28"),
    ],
)
def test_a_row_is_final_at_six_on_the_next_morning(now: str, final: str) -> None:
    assert str(last_final_day(NEXT_MORNING, seoul(now))) == final


@pytest.mark.parametrize(
    ("now", "final"),
    [
        ("2024-03-08T05:59:59", "2024-03-04"),
        ("2024-03-08T06:00:00", "2024-03-05"),  # Friday: of Tuesday's row, Wednesday and Thursday are over
        ("2024-03-09T06:00:00", "2024-03-06"),
        ("2024-03-10T06:00:00", "2024-03-06"),  # no trading day has passed since
        ("2024-03-11T23:00:00", "2024-03-06"),
        ("2024-03-12T06:00:00", "2024-03-07"),
        (
            "2024-03-13T06:00:00",
            "2024-03-10",
        ),  # Friday to Sunday follow at once: the same two days are after them
    ],
)
def test_credit_columns_wait_for_two_more_trading_days(now: str, final: str) -> None:
    assert str(last_final_day(CREDIT, seoul(now))) == final


@pytest.mark.parametrize(
    ("now", "final"),
    [
        ("2024-02-13T06:00:00", "2024-02-06"),
        ("2024-02-14T06:00:00", "2024-02-07"),
        ("2024-02-15T06:00:00", "2024-02-12"),
    ],
)
def test_holidays_are_no_trading_days_to_wait_for(now: str, final: str) -> None:
    # Lunar new year: the exchange was closed on 2024-02-09 and 2024-02-12.
    assert str(last_final_day(CREDIT, seoul(now))) == final


@given(st.datetimes(datetime(2020, 1, 1), datetime(2026, 1, 1)), st.sampled_from([0, 2]))
def test_a_day_is_final_when_enough_trading_days_after_it_have_had_their_morning(
    now: datetime, lag: int
) -> None:
    now = now.replace(tzinfo=SEOUL)
    rule = CREDIT if lag else NEXT_MORNING

    def final(day: date) -> bool:
        last = day
        for _ in range(lag):
            last += timedelta(days=1)
            while not is_trading_day(last):
                last += timedelta(days=1)
        morning = datetime(last.year, last.month, last.day, 6, tzinfo=SEOUL) + timedelta(days=1)
        return morning <= now

    latest = last_final_day(rule, now)
    assert final(latest)
    assert not final(latest + timedelta(days=1))


moments = st.datetimes(datetime(1990, 1, 1), datetime(2040, 1, 1), timezones=st.just(UTC))


@given(moments, moments)
def test_a_clock_that_steps_back_never_makes_more_rows_final(one: datetime, other: datetime) -> None:
    earlier, later = sorted((one, other))
    for rule in (NEXT_MORNING, CREDIT, NEVER):
        days = [last_final_day(rule, now) for now in (earlier, later)]
        assert days == sorted(days)


@given(
    moments, st.sampled_from(["America/New_York", "Europe/London", "Pacific/Auckland", "Asia/Seoul", "UTC"])
)
def test_the_zone_in_which_the_time_is_given_plays_no_part(now: datetime, zone: str) -> None:
    assert last_final_day(NEXT_MORNING, now.astimezone(ZoneInfo(zone))) == last_final_day(NEXT_MORNING, now)


def test_the_hour_that_summer_time_repeats_is_two_different_hours() -> None:
    # In Beirut 23:30 comes twice on 2023-10-28: at 05:30 and at 06:30 in Seoul.
    once = datetime(2023, 10, 28, 23, 30, tzinfo=ZoneInfo("Asia/Beirut"))
    assert last_final_day(NEXT_MORNING, once) == date(2023, 10, 27)
    assert last_final_day(NEXT_MORNING, once.replace(fold=1)) == date(2023, 10, 28)


@pytest.mark.parametrize("zone", ["America/Los_Angeles", "Pacific/Kiritimati", "Asia/Seoul"])
def test_the_zone_of_the_machine_plays_no_part(zone: str) -> None:
    code = (
        "from datetime import datetime, timezone; from kiwoomdata.store.finality import *; "
        "from kiwoomdata.entries import ENDPOINTS; "
        "now = datetime.fromtimestamp(1709845200, timezone.utc).astimezone(); "
        "print(last_final_day(ENDPOINTS['ka90013'], now))"
    )
    environment = {**os.environ, "TZ": zone, "PYTHONPATH": str(Path(__file__).parents[2])}
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.strip() == "2024-03-07"  # 2024-03-08 06:00 in Seoul


def test_snapshots_are_never_final() -> None:
    assert last_final_day(NEVER, seoul("2024-03-08T06:00:00")) == date.min


def test_a_time_without_a_zone_is_refused() -> None:
    with pytest.raises(TypeError, match=r"now: expected a datetime with a time zone.*use datetime.now"):
        last_final_day(NEXT_MORNING, datetime(2024, 3, 8, 6))


def test_a_fixed_offset_is_a_zone_too() -> None:
    assert last_final_day(NEXT_MORNING, datetime(2024, 3, 8, 6, tzinfo=timezone(timedelta(hours=9)))) == date(
        2024, 3, 7
    )


@pytest.mark.parametrize(
    ("now", "day"), [("2024-03-08T05:59:59", "2024-03-07"), ("2024-03-08T06:00:00", "2024-03-08")]
)
def test_an_answer_by_the_day_holds_from_six_to_six(now: str, day: str) -> None:
    assert str(business_day(seoul(now))) == day


@pytest.mark.parametrize("api_id", ["ka10086", "ka10081", "ka10082", "ka10083", "ka10078"])
@given(st.sets(st.integers(0, 400), max_size=60))
def test_slots_that_follow_one_another_are_one_walk_without_a_look_at_the_calendar(
    api_id: str, gone: set[int]
) -> None:
    now = datetime(2026, 11, 20, 12, tzinfo=KST)
    asked = Question(ENDPOINTS[api_id], {}, date(2024, 1, 2), date(2025, 11, 20), "", now)
    days = Days.of(asked)
    missing = [slot for n, slot in enumerate(days.slots) if n not in gone]
    runs = days.runs(missing, Facts())
    assert runs == replace(days, following={}).runs(missing, Facts())
    assert all(days.following[first] == second for first, second in pairwise(days.slots))
