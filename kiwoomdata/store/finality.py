"""From when on the row of a day can no longer change. A pure function of a rule and the time.

The rules are data:

* ``Final("next morning")``: final at 06:00 in Seoul on the next calendar day. Observed 2026-05: at
  21:00 of the same day 74 of 630 NXT codes still lacked part of their row.
* with ``credit_days=2``: rows that carry credit columns, which the server fills in one to two trading
  days late: final at 06:00 on the morning after the second trading day that follows.
* ``Final("never")``: snapshots and intraday rows.

Only coverage up to :func:`last_final_day` belongs in the store. Days after it that the store
holds all the same were kept by a clock that was ahead: they are asked for again.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, timezone
from typing import Literal

__all__ = ["Final", "last_final_day"]

# Korea has kept UTC+9 without summer time since 1988-10-09, and the time here is always "now".
_SEOUL = timezone(timedelta(hours=9), "KST")
_MORNING = time(6, 0)
_DAY = timedelta(days=1)
_LONGEST_CLOSURE = 30
"""Days. The exchange has never been closed for half as long; more is a broken calendar."""


@dataclass(frozen=True, slots=True)
class Final:
    """When rows become final."""

    settles: Literal["next morning", "never"]
    credit_days: int = 0
    """Trading days after the row's own that must be over as well."""

    def __post_init__(self) -> None:
        if self.settles not in ("next morning", "never"):
            raise ValueError(f"settles: expected 'next morning' or 'never', got {self.settles!r}")
        if self.credit_days < 0:
            raise ValueError(f"credit_days: expected 0 or more trading days, got {self.credit_days!r}")


def last_final_day(
    rule: Final, now: datetime, *, is_trading_day: Callable[[date], bool] | None = None
) -> date:
    """The latest day whose rows are final at ``now``; ``date.min`` when none ever are.

    ``now`` must know its time zone; the machine's own zone plays no part. ``is_trading_day``
    (by default the exchange calendar's) is asked only where ``credit_days`` is not 0.
    """
    if now.tzinfo is None or now.utcoffset() is None:
        raise TypeError(
            f"now: expected a datetime with a time zone, got {now!r}; use datetime.now(timezone.utc)"
        )
    if rule.settles == "never":
        return date.min
    local = now.astimezone(_SEOUL)
    day = local.date() - (_DAY if local.time() >= _MORNING else 2 * _DAY)
    if rule.credit_days and is_trading_day is None:
        from kiwoomdata.calendar import is_trading_day
    for _ in range(rule.credit_days):
        assert is_trading_day is not None
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
