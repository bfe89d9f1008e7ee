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

from datetime import date, datetime, time, timedelta

from kiwoomdata.calendar import KST, last_trading_day
from kiwoomdata.entries.entry import Endpoint

__all__ = ["business_day", "last_final_day"]

_MORNING = time(6, 0)
_DAY = timedelta(days=1)
_CREDIT_DAYS = 2


def business_day(now: datetime) -> date:
    """The day that lasts from 06:00 to 06:00 in Seoul. ``now`` must know its time zone."""
    if now.tzinfo is None or now.utcoffset() is None:
        raise TypeError(
            f"now: expected a datetime with a time zone, got {now!r}; use datetime.now(timezone.utc)"
        )
    local = now.astimezone(KST)
    return local.date() - (_DAY if local.time() < _MORNING else timedelta())


def last_final_day(endpoint: Endpoint, now: datetime) -> date:
    """The latest day whose rows are final at ``now``; ``date.min`` when none ever are.

    The machine's own zone plays no part.
    """
    day = business_day(now) - _DAY
    if endpoint.final == "never":
        return date.min
    for _ in range(_CREDIT_DAYS if endpoint.credit_columns else 0):
        day = last_trading_day(day) - _DAY
    return day
