"""The exchange's trading days for those who ask, with dates as people write them."""

from __future__ import annotations

from datetime import date

from kiwoomdata.arguments import DateLike, as_date, before
from kiwoomdata.calendar import is_trading_day as _is
from kiwoomdata.calendar import last_trading_day as _last
from kiwoomdata.calendar import today
from kiwoomdata.calendar import trading_days as _all

__all__ = ["is_trading_day", "last_trading_day", "trading_days"]


def trading_days(
    start: DateLike | None = None, end: DateLike | None = None, *, period: str | None = None
) -> list[date]:
    """The days on which the exchange holds its regular session, ascending; both ends inclusive.

    Parameters
    ----------
    start, end
        Days, or whole months and years (``"2024-03"``, ``"2024"``); no ``end`` is today in Seoul. Both may
        lie in the future: elections and one-off closures that are not announced yet are not known.
    period
        In place of ``start``, how far back from the end: ``"30d"``, ``"6mo"``, ``"1y"``.

    Raises
    ------
    ValueError, TypeError
        A wrong argument.

    Examples
    --------
    >>> import kiwoomdata as kd
    >>> [f"{day:%d}" for day in kd.trading_days("2024-12-23", "2024-12")]
    ['23', '24', '26', '27', '30']
    >>> len(kd.trading_days("2024", "2024"))
    244
    """
    if (start is None) == (period is None):
        said = "neither was given" if start is None else "both were given"
        raise ValueError(f"start, period: {said}; give one of them, start='2024-01-02' or period='1y'")
    last = today() if end is None else as_date(end, "end", whole="last")
    first = as_date(start, "start", whole="first") if start is not None else before(last, period or "")
    if first > last:
        raise ValueError(f"start: {first} is after end {last}; give the earlier day first")
    return _all(first, last)


def is_trading_day(day: DateLike) -> bool:
    """Whether the exchange holds its regular session on a day.

    Examples
    --------
    >>> import kiwoomdata as kd
    >>> kd.is_trading_day("2024-12-30"), kd.is_trading_day("2024-12-31")
    (True, False)
    """
    return _is(as_date(day, "day"))


def last_trading_day(day: DateLike | None = None) -> date:
    """The latest trading day on or before a day; without one, on or before today in Seoul.

    Examples
    --------
    >>> import kiwoomdata as kd
    >>> kd.last_trading_day("2024-12-31")
    datetime.date(2024, 12, 30)
    """
    return _last(today() if day is None else as_date(day, "day"))
