"""Days and ranges of days, from what a caller wrote. Pure."""

from __future__ import annotations

import re
from calendar import monthrange
from datetime import date, datetime, timedelta
from operator import index
from typing import Literal, NamedTuple, TypeAlias

from kiwoomdata.kinds import KST

__all__ = ["DateLike", "DateRange", "as_date", "before", "date_range", "past_day"]


DateLike: TypeAlias = date | datetime | str | int
_DATE_FORM = re.compile(
    r"(?P<year>[0-9]{4})((?P<sep>[-/.]?)(?P<month>[0-9]{2})((?P=sep)(?P<day>[0-9]{2}))?)?"
)
_PERIOD = re.compile("([1-9][0-9]{0,5})(d|w|mo|y)")
_DATE_HELP = "expected a date, a datetime, '2024-01-02' or '20240102'"
_SPAN_HELP = f"{_DATE_HELP}, or a whole month or year as '2024-01' or '2024'"


def as_date(value: DateLike, name: str, *, whole: Literal["first", "last"] | None = None) -> date:
    """Read a date argument; an aware datetime is taken to the day it is in Seoul.

    A month or a year is its first or its last day where ``whole`` says which, and refused otherwise.

    >>> as_date("20240102", "start"), as_date("2024/01/02", "start")
    (datetime.date(2024, 1, 2), datetime.date(2024, 1, 2))
    >>> as_date("2024-02", "end", whole="last")
    datetime.date(2024, 2, 29)
    """
    expected = f"{name}: {_DATE_HELP if whole is None else _SPAN_HELP}, got {value!r}"
    if value != value:  # pandas' and numpy's NaT equal nothing
        raise ValueError(expected)
    if isinstance(value, datetime):
        return (value.astimezone(KST) if value.tzinfo else value).date()
    if isinstance(value, date):
        return value
    if type(value).__name__ == "datetime64":  # numpy's, without asking for numpy
        text = str(value).partition("T")[0]
    elif isinstance(value, str):
        text = value.strip()
    elif hasattr(value, "__index__") and not isinstance(value, bool):
        text = str(index(value))
    else:
        raise TypeError(expected)
    found = _DATE_FORM.fullmatch(text)
    if not found or (whole is None and not found["day"]):
        raise ValueError(expected)
    year, month, day = (int(found[part] or 0) for part in ("year", "month", "day"))
    last_of = whole == "last"
    month = month or (12 if last_of else 1)
    try:
        return date(year, month, day or (monthrange(year, month)[1] if last_of else 1))
    except ValueError:
        raise ValueError(expected) from None


def before(day: date, period: str) -> date:
    """The day that lies a period such as ``"30d"``, ``"2w"``, ``"6mo"`` or ``"1y"`` before ``day``.

    >>> before(date(2024, 3, 31), "1mo")
    datetime.date(2024, 2, 29)
    """
    found = _PERIOD.fullmatch(period.strip().lower()) if isinstance(period, str) else None
    if not found:
        wrong = ValueError if isinstance(period, str) else TypeError
        raise wrong(f"period: expected a text such as '30d', '2w', '6mo' or '1y', got {period!r}")
    count, unit = int(found[1]), found[2]
    try:
        if unit in "dw":
            return day - timedelta(days=count * (7 if unit == "w" else 1))
        months = 12 * day.year + day.month - 1 - count * (12 if unit == "y" else 1)
        year, month = divmod(months, 12)
        return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))
    except (ValueError, OverflowError):  # also the error of monthrange
        raise ValueError(f"period: {period!r} before {day} is before the year 1") from None


class DateRange(NamedTuple):
    """A range of days, both ends inclusive, and what was done otherwise than asked."""

    first: date
    last: date
    notes: tuple[str, ...] = ()


def date_range(
    start: DateLike | None, end: DateLike | None, today: date, period: str | None = None
) -> DateRange:
    """Check a range with both ends inclusive; no end is today, and so is one that lies in the future.

    A period in place of the start is counted back from the end.
    """
    if (start is None) == (period is None):
        said = "neither was given" if start is None else "both were given"
        raise ValueError(f"start, period: {said}; give one of them, start='2024-01-02' or period='1y'")
    last = today if end is None else as_date(end, "end", whole="last")
    notes = (f"end: {last} is in the future, so {today} was taken",) if last > today else ()
    last = min(last, today)
    if start is None:
        assert period is not None
        return DateRange(before(last, period), last, notes)
    first = as_date(start, "start", whole="first")
    if first > today:
        raise ValueError(f"start: {first} is in the future (today in Seoul is {today})")
    if first > last:
        raise ValueError(f"start: {first} is after end {last}; give the earlier day first")
    return DateRange(first, last, notes)


def past_day(value: DateLike | None, name: str, today: date) -> date:
    """Check a single day; none is today."""
    day = today if value is None else as_date(value, name)
    if day > today:
        raise ValueError(f"{name}: {day} is in the future (today in Seoul is {today})")
    return day
