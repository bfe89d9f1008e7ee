"""Trading days and hours of the Korea Exchange, in Seoul time.

``closed_days.txt`` holds, year by year, the days that would have a session and have none: Monday to Saturday
until 1998-12-05, the last Saturday session, and Monday to Friday since. Which years are sure:

* 1980-01-04 to 2020-08-31: the exchange's own list of sessions, day for day.
* from then to 2026: the closures that were announced.
* 2027 to 2100: the holidays that are fixed by law. Elections and one-off closures are announced later.
* before 1980 and after 2100: nothing is known, and every weekday counts.

What is announced later can be put into a TOML file named by the environment variable
``KIWOOMDATA_CALENDAR``, which is read once per process::

    closed = ["2027-03-03"]
    open = ["2027-07-19"]
"""

from __future__ import annotations

import os
from bisect import bisect_left, bisect_right
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Literal, NamedTuple
from zoneinfo import ZoneInfo

from kiwoomdata.errors import ConfigError

__all__ = [
    "FIRST_SESSION",
    "KST",
    "NXT_SINCE",
    "is_trading_day",
    "last_trading_day",
    "next_trading_day",
    "now_kst",
    "nth_trading_day_before",
    "period_end",
    "period_start",
    "previous_trading_day",
    "session_hours",
    "today",
    "trading_days",
]

KST = ZoneInfo("Asia/Seoul")
Period = Literal["day", "week", "month", "year"]

OPEN, CLOSE = time(9), time(15, 30)
LATE_OPEN = time(10)  # the first session of a year
OLD_CLOSE, CLOSE_SINCE = time(15), date(2016, 8, 1)  # half an hour was added on this day
HOURS_SINCE = date(1998, 12, 7)
"""Before it the hours changed often, and Saturdays had a morning alone."""

# The market opens and closes an hour late when the college entrance exam is held. In 2017 an earthquake put
# the exam off by a week the evening before: the hours had been announced and stood, and moved again. Those
# of 2026 follow the pattern of the years before.
_EXAMS = """
1999-11-17 2000-11-15 2001-11-07 2002-11-06 2003-11-05 2004-11-17 2005-11-23 2006-11-16 2007-11-15
2008-11-13 2009-11-12 2010-11-18 2011-11-10 2012-11-08 2013-11-07 2014-11-13 2015-11-12 2016-11-17
2017-11-16 2017-11-23 2018-11-15 2019-11-14 2020-12-03 2021-11-18 2022-11-17 2023-11-16 2024-11-14
2025-11-13 2026-11-19
"""
EXAM_DAYS = frozenset(map(date.fromisoformat, _EXAMS.split()))

FIRST_SESSION = date(1980, 1, 4)
"""The oldest session that is known."""
NXT_SINCE = date(2025, 3, 4)
"""The first session of NXT, the second venue."""
_SATURDAYS = FIRST_SESSION, date(1998, 12, 5)
"""The sessions on Saturdays that are known."""
_CLOSED_DAYS = Path(__file__).with_name("closed_days.txt")
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


def period_start(day: date, period: Period) -> date:
    """The first calendar day of the week (from Monday), month or year that holds ``day``.

    >>> from datetime import date
    >>> period_start(date(2024, 12, 4), "week"), period_start(date(2024, 12, 4), "year")
    (datetime.date(2024, 12, 2), datetime.date(2024, 1, 1))
    """
    day = _plain(day)
    if period == "week":
        return day - day.weekday() * _DAY
    return day if period == "day" else day.replace(day=1, month=1 if period == "year" else day.month)


def period_end(day: date, period: Period) -> date:
    """The last trading day of the week (Monday to Sunday), month or year that holds ``day``.

    A bar of the period can change until that day is over. In a period without any session it is the last
    trading day before it.

    >>> from datetime import date
    >>> period_end(date(2024, 12, 2), "month"), period_end(date(2024, 12, 2), "day")
    (datetime.date(2024, 12, 30), datetime.date(2024, 12, 2))
    """
    day = _plain(day)
    if period == "day":
        return day
    if period == "week":
        last = day + (6 - day.weekday()) * _DAY
    elif period == "month":
        last = (day.replace(day=28) + 4 * _DAY).replace(day=1) - _DAY
    elif period == "year":
        last = date(day.year, 12, 31)
    else:
        raise ValueError(f"period: expected 'day', 'week', 'month' or 'year', got {period!r}")
    return last_trading_day(last)


def session_hours(day: date) -> tuple[time, time] | None:
    """When the regular session of ``day`` opens and closes, or None on a day without one.

    The late opening of a year's first session and the exam days are known; the noon break of before
    2000-05-22 is not told. Hours before 1998-12-07 are not known: they are a ValueError.
    """
    if not is_trading_day(day):
        return None
    if day < HOURS_SINCE:
        raise ValueError(f"day: the hours of {day} are not known; those from {HOURS_SINCE} on are")
    close = CLOSE if day >= CLOSE_SINCE else OLD_CLOSE
    if day in EXAM_DAYS:
        return OPEN.replace(OPEN.hour + 1), close.replace(close.hour + 1)
    return LATE_OPEN if day == _year(day.year, _override_file())[0] else OPEN, close


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
    overrides = _overrides(override_file)
    shut = _closed_days().get(year, frozenset()) | overrides.closed
    first = date(year, 1, 1)
    every = (first + timedelta(days=n) for n in range((date(year, 12, 31) - first).days + 1))
    return tuple(day for day in every if day in overrides.open or (_has_session(day) and day not in shut))


def _has_session(day: date) -> bool:
    return day.weekday() < (6 if _SATURDAYS[0] <= day <= _SATURDAYS[1] else 5)


@lru_cache(maxsize=1)
def _closed_days() -> dict[int, frozenset[date]]:
    lines = (line.split() for line in _CLOSED_DAYS.read_text(encoding="ascii").splitlines())
    return {
        int(year): frozenset(date(int(year), int(day[:2]), int(day[2:])) for day in days)
        for year, *days in lines
    }


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
