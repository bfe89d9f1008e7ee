"""From when on a row can no longer change. A pure function of a TR's entry and the time.

* ``"next morning"``: at 06:00 in Seoul on the next calendar day. Observed 2026-05: at 21:00 of the same day
  74 of 630 NXT codes still lacked part of their row.
* with credit columns, which the server fills in one to two trading days late: at 06:00 on the morning after
  the second trading day that follows.
* a row of a week, month or year: when the last trading day of it is final.
* ``"by the day"``: the answer holds until the next 06:00, whatever it says (:func:`business_day`).
* ``"never"``: snapshots, and rows of a running session.

What the store holds of later days was kept by a clock that was ahead: it is asked for again.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, time, timedelta, timezone

from kiwoomdata import calendar
from kiwoomdata.entries.entry import Endpoint

__all__ = ["business_day", "last_final_day"]

# Korea has kept UTC+9 without summer time since 1988-10-09, and the time here is always "now".
_SEOUL = timezone(timedelta(hours=9), "KST")
_MORNING = time(6, 0)
_DAY = timedelta(days=1)
_CREDIT_DAYS = 2
_LONGEST_CLOSURE = 30
"""Days. The exchange has never been closed for half as long; more is a broken calendar."""


def business_day(now: datetime) -> date:
    """The day that lasts from 06:00 to 06:00 in Seoul. ``now`` must know its time zone."""
    if now.tzinfo is None or now.utcoffset() is None:
        raise TypeError(
            f"now: expected a datetime with a time zone, got {now!r}; use datetime.now(timezone.utc)"
        )
    local = now.astimezone(_SEOUL)
    return local.date() - (_DAY if local.time() < _MORNING else timedelta())


def last_final_day(
    endpoint: Endpoint, now: datetime, *, is_trading_day: Callable[[date], bool] = calendar.is_trading_day
) -> date:
    """The latest day whose rows are final at ``now``; ``date.min`` when none ever are.

    The machine's own zone plays no part. ``is_trading_day`` (by default the exchange calendar's) is asked
    only where there are credit columns.
    """
    day = business_day(now) - _DAY
    if endpoint.final == "never":
        return date.min
    if endpoint.credit_columns:
        for _ in range(_CREDIT_DAYS):
            day = _trading_day_on_or_before(day, is_trading_day) - _DAY
    return day


def _trading_day_on_or_before(day: date, is_trading_day: Callable[[date], bool]) -> date:
    for _ in range(_LONGEST_CLOSURE):
        if is_trading_day(day):
            return day
        day -= _DAY
    raise ValueError(
        f"is_trading_day: no trading day in the {_LONGEST_CLOSURE} days after {day}; check the calendar"
    )
