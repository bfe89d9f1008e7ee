"""Trading days and hours of the Korea Exchange, in Seoul time.

Closures come from the ``holidays`` library, which knows the exchange from 2000 to 2100. Before
2000 the calendar is an approximation: weekdays without the national holidays count as trading
days, and the Saturday sessions of that time are not counted. Far in the future it knows the
holidays fixed by law, not the elections and one-off closures still to be announced.

What the library does not know stands in the small tables below, and what neither knows can be put
into a TOML file named by the environment variable ``KIWOOMDATA_CALENDAR``, which is read once per
process::

    closed = ["2027-03-03"]
    open = ["2027-07-19"]
"""

from __future__ import annotations

import os
from bisect import bisect_left, bisect_right
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from typing import NamedTuple
from zoneinfo import ZoneInfo

from kiwoomdata.errors import ConfigError

__all__ = [
    "KST",
    "is_trading_day",
    "last_trading_day",
    "next_trading_day",
    "now_kst",
    "nth_trading_day_before",
    "previous_trading_day",
    "session_hours",
    "today",
    "trading_days",
]

KST = ZoneInfo("Asia/Seoul")

OPEN, CLOSE = time(9), time(15, 30)
LATE_OPEN = time(10)  # the first session of a year
OLD_CLOSE, CLOSE_SINCE = time(15), date(2016, 8, 1)  # half an hour was added on this day

# The market opens and closes an hour late when the college entrance exam is held.
EXAM_HOURS = time(10), time(16, 30)
EXAM_DAYS = frozenset(
    {
        date(2023, 11, 16),
        date(2024, 11, 14),
        date(2025, 11, 13),
        date(2026, 11, 19),  # by the pattern of the years before: the hours are not announced yet
    }
)

# The newspapers of 2000-12-26 report that day's close (504.62) as the last of the year.
CLOSED_BESIDES = frozenset({date(2000, 12, 27), date(2000, 12, 28)})

_LIBRARY_SINCE = 2000
_VARIABLE = "KIWOOMDATA_CALENDAR"
_DAY = timedelta(days=1)


class _Overrides(NamedTuple):
    closed: frozenset[date] = frozenset()
    open: frozenset[date] = frozenset()


def is_trading_day(day: date) -> bool:
    """Whether the exchange holds its regular session on ``day``."""
    days = _year(_plain(day).year, _override_file())
    at = bisect_left(days, day)
    return at < len(days) and days[at] == day


def trading_days(start: date, end: date) -> list[date]:
    """The trading days from ``start`` to ``end``, both inclusive, ascending."""
    _plain(start), _plain(end)
    file = _override_file()
    days = [day for year in range(start.year, end.year + 1) for day in _year(year, file)]
    return days[bisect_left(days, start) : bisect_right(days, end)]


def last_trading_day(day: date) -> date:
    """The latest trading day on or before ``day``."""
    return nth_trading_day_before(_plain(day) + _DAY, 1)


def previous_trading_day(day: date) -> date:
    """The latest trading day strictly before ``day``."""
    return nth_trading_day_before(day, 1)


def next_trading_day(day: date) -> date:
    """The earliest trading day strictly after ``day``."""
    year, file = _plain(day).year, _override_file()
    days = _year(year, file)
    at = bisect_right(days, day)
    return days[at] if at < len(days) else _year(year + 1, file)[0]


def nth_trading_day_before(day: date, n: int) -> date:
    """The ``n``-th trading day strictly before ``day``; ``n=1`` is the previous one."""
    if n < 1:
        raise ValueError(f"n: expected 1 or more, got {n}; for the day itself use last_trading_day")
    year, file = _plain(day).year, _override_file()
    days = _year(year, file)
    at = bisect_left(days, day)
    while n > at:
        n -= at
        year -= 1
        days = _year(year, file)
        at = len(days)
    return days[at - n]


def session_hours(day: date) -> tuple[time, time] | None:
    """When the regular session of ``day`` opens and closes, or None on a day without one.

    The late opening of a year's first session and the exam days of the table above are known;
    exam days before 2023 and the noon break of before 2000-05 are not.
    """
    if not is_trading_day(day):
        return None
    if day in EXAM_DAYS:
        return EXAM_HOURS
    first = _year(day.year, _override_file())[0]
    return LATE_OPEN if day == first else OPEN, CLOSE if day >= CLOSE_SINCE else OLD_CLOSE


def now_kst() -> datetime:
    """The time in Seoul."""
    return datetime.now(KST)


def today(now: datetime | None = None) -> date:
    """The date in Seoul at ``now``; a time without a zone is taken as Seoul's."""
    if now is None:
        now = now_kst()
    return (now if now.tzinfo is None else now.astimezone(KST)).date()


def _plain(day: date) -> date:
    if isinstance(day, datetime):
        raise TypeError(f"day: expected a date, got {day!r}; take calendar.today(it), its date in Seoul")
    return day


@lru_cache(maxsize=256)
def _year(year: int, override_file: str) -> tuple[date, ...]:
    shut = _holidays(year) | CLOSED_BESIDES
    overrides = _overrides(override_file)
    first = date(year, 1, 1)
    every = (first + timedelta(days=n) for n in range((date(year, 12, 31) - first).days + 1))
    return tuple(
        day
        for day in every
        if day in overrides.open or (day.weekday() < 5 and day not in shut and day not in overrides.closed)
    )


def _holidays(year: int) -> frozenset[date]:
    import holidays  # 50 ms: not at import

    if year < _LIBRARY_SINCE:
        return frozenset(holidays.country_holidays("KR", years=year))
    return frozenset(holidays.financial_holidays("XKRX", years=year))


def _override_file() -> str:
    return os.environ.get(_VARIABLE, "")


@lru_cache(maxsize=16)
def _overrides(file: str) -> _Overrides:
    if not file:
        return _Overrides()
    import tomllib

    try:
        with open(os.path.expanduser(file), "rb") as stream:
            table = tomllib.load(stream)
        if unknown := sorted(set(table) - set(_Overrides._fields)):
            raise ValueError(f"unknown key {unknown[0]!r}")
        overrides = _Overrides(**{key: _dates(key, days) for key, days in table.items()})
        if both := sorted(overrides.closed & overrides.open):
            raise ValueError(f"{both[0]} is both closed and open")
    except (OSError, ValueError) as error:  # a TOML error is a ValueError
        raise ConfigError(
            f"{_VARIABLE}: {file!r} is no calendar: {error}. Write a TOML file with lists of days, "
            f'closed = ["2027-03-03"] and open = ["2027-07-19"], or unset {_VARIABLE}.'
        ) from error
    return overrides


def _dates(key: str, days: object) -> frozenset[date]:
    if not isinstance(days, list):
        raise ValueError(f"{key} is not a list")
    return frozenset(date.fromisoformat(str(day)) for day in days)
