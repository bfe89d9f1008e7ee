"""Candles of stocks and of indices: by trades, minutes, days, weeks, months and years."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from typing import Any, Literal, Unpack

import polars as pl

from kiwoomdata.arguments import DateLike, Symbols, body_of, date_range, index_code, one_of
from kiwoomdata.calendar import period_end, period_start, trading_days
from kiwoomdata.client import Client
from kiwoomdata.entries import chart, index
from kiwoomdata.entries.entry import Endpoint
from kiwoomdata.query import Job, Options, Parts, Plan, client_of, for_symbols, question
from kiwoomdata.questions.prices import Venue
from kiwoomdata.store.finality import business_day

__all__ = ["candles", "index_candles"]

Interval = Literal[
    "day", "week", "month", "year",
    "1m", "3m", "5m", "10m", "15m", "30m", "45m", "60m",
    "1tick", "3tick", "5tick", "10tick", "30tick",
]  # fmt: skip
_BY_DATE = {
    "day": chart.DAILY_BARS,
    "week": chart.WEEKLY_BARS,
    "month": chart.MONTHLY_BARS,
    "year": chart.YEARLY_BARS,
}
_BY_MOMENT = {
    word: endpoint
    for endpoint in (chart.MINUTE_BARS, chart.TICK_BARS)
    for param in endpoint.params
    if param.name == "interval"
    for word in param.choices
}
_ALSO = {"1d": "day", "d": "day", "1w": "week", "w": "week", "1mo": "month", "1y": "year", "1h": "60m"}
_ORDER = (
    *("open", "high", "low", "close", "volume", "volume_as_served", "value", "value_as_served"),
    *("change", "direction", "turnover_pct"),
)
_INDEX_BY_DATE = {
    "day": index.INDEX_DAILY_BARS,
    "week": index.INDEX_WEEKLY_BARS,
    "month": index.INDEX_MONTHLY_BARS,
    "year": index.INDEX_YEARLY_BARS,
}
_INDEX_MINUTES = ("1m", "3m", "5m", "10m", "30m")


@question
def candles(
    symbol: Symbols,
    start: DateLike | None = None,
    end: DateLike | None = None,
    *,
    period: str | None = None,
    interval: Interval = "day",
    adjusted: bool = True,
    venue: Venue | None = None,
    **options: Unpack[Options],
) -> Plan:
    """Open, high, low, close and volume by day, week, month, year, minutes or a number of trades.

    One row is one bar of one symbol. A day, week, month or year without trades has no bar, nor has a minute.

    Parameters
    ----------
    symbol, start, end, period, venue
        As in :func:`kiwoomdata.daily_prices`; both ends inclusive. Bars of weeks, months and years that
        hold a day of the range are given whole; each is dated by its first trading day.
    interval
        ``"day"`` (default), ``"week"``, ``"month"``, ``"year"``; minutes ``"1m"``, ``"3m"``, ``"5m"``,
        ``"10m"``, ``"15m"``, ``"30m"``, ``"45m"``, ``"60m"``, of which the server keeps about a year; or
        trades ``"1tick"``, ``"3tick"``, ``"5tick"``, ``"10tick"``, ``"30tick"``, of a few days.
    adjusted
        True: prices in the shares of today, also before a split. False: as they were traded.

    Returns
    -------
    DataFrame
        Ascending: ``date`` (Date), or ``time`` (Datetime in Seoul) of minutes (when the bar starts) and of
        trades; ``symbol`` (String), ``venue`` (Enum), ``open high low close`` (Int64, KRW), ``volume``
        (Int64, shares), ``value`` (Int64, KRW; not of minutes and trades), ``change`` (Int64, KRW, against
        the bar before, of minutes and trades against the day before) and ``direction`` (Enum; neither of
        years), ``turnover_pct`` (Float64, %, volume of the listed shares; of days, weeks and months),
        ``finished`` (Boolean): whether the bar can change no more, false for those of the running session
        until 06:00 of the next day.

    Raises
    ------
    ValueError, TypeError
        A wrong argument, before any request.
    ApiError, TransportError, DecodeError, Truncated
        See :mod:`kiwoomdata.errors`.

    Notes
    -----
    Source: ka10081 (주식일봉차트조회요청), 600 days a request; ka10082 (weeks), ka10083 (months), ka10094
    (years); ka10080 (minutes) and ka10079 (trades), 900 bars a request. A day and its minutes are final the
    next morning (06:00 KST), a longer bar on the morning after its last trading day, trades never: the last
    bar of a running period changes. Days of the range without a bar, those
    before the server's first minute or trade among them, and longer periods without one are told with
    :class:`kiwoomdata.IncompleteFrame`, with the day of that first minute or trade
    (``kd.provenance(frame).begins``). Of minutes, prices are adjusted and volumes are not. The guide prints
    the value of weeks and months in won, observers have it in millions: each bar's volume and prices tell
    which, and where neither fits it is null with :class:`kiwoomdata.UnprovenValue`.

    See Also
    --------
    index_candles : the same of an index or sector.
    daily_prices : days as traded, with who bought.
    trades : each trade of the session.
    wide : one column for each symbol.

    Examples
    --------
    >>> import kiwoomdata as kd
    >>> kd.use("simulator")
    >>> kd.candles("005930", "2024-01-02", "2024-01-05").select("date", "close").shape
    (4, 2)
    >>> kd.candles("005930", "2023", "2024", interval="month").height
    24
    """
    client = client_of(options)
    today = client.today()
    first, last, notes = date_range(start, end, today, period)
    if not isinstance(adjusted, bool):
        raise TypeError(f"adjusted: expected True or False, got {adjusted!r}")
    word = one_of("interval", _plain(interval), (*_BY_DATE, *_BY_MOMENT))
    endpoint = _BY_DATE.get(word) or _BY_MOMENT[word]
    params: dict[str, Any] = {"adjusted": "adjusted" if adjusted else "raw"}
    # Adjusted prices are relative to the day asked: it is always today, and the range is cut out.
    params |= {"until": today} if word in _BY_DATE else {"interval": word}
    span = _bars_from(first, last, today, endpoint)
    jobs = for_symbols(endpoint, symbol, venue, params, since=span[0], until=span[1])
    when = "date" if word in _BY_DATE else "time"
    return Plan(
        jobs,
        _bars(endpoint, when, _last_finished(client, endpoint)),
        order=(when,),
        notes=notes,
        options=options,
    )


@question
def index_candles(
    sector: str | Iterable[str] = "kospi",
    start: DateLike | None = None,
    end: DateLike | None = None,
    *,
    period: str | None = None,
    interval: Literal["day", "week", "month", "year", "1m", "3m", "5m", "10m", "30m"] = "day",
    **options: Unpack[Options],
) -> Plan:
    """Open, high, low, close, volume and value of an index by day, week, month, year or minutes.

    One row is one bar of one index.

    Parameters
    ----------
    sector
        ``"kospi"``, ``"kosdaq"``, ``"kospi200"``, ``"krx100"``, a sector's code of three digits such as
        ``"013"``, or a list of such.
    start, end, period
        As in :func:`kiwoomdata.daily_prices`; both ends inclusive.
    interval
        ``"day"`` (default), ``"week"``, ``"month"``, ``"year"``, or minutes ``"1m"``, ``"3m"``, ``"5m"``,
        ``"10m"``, ``"30m"``. Bars of weeks, months and years that hold a day of the range are given whole.

    Returns
    -------
    DataFrame
        Ascending: ``date`` (Date), or ``time`` (Datetime in Seoul) of minutes, ``sector`` (String, its code),
        ``open high low close`` (Float64, points), ``volume`` (Int64, shares, exact to the thousand) and
        ``value`` (Int64, KRW, exact to the million); of months nobody has proven the units:
        ``volume_as_served value_as_served``. Of minutes ``change`` (Float64, points) and ``direction`` (Enum)
        in place of the value. ``finished`` (Boolean) as in :func:`kiwoomdata.candles`.

    Notes
    -----
    Source: ka20006 (업종일봉조회요청), 600 days a request; ka20007 (weeks), ka20008 (months), ka20019
    (years), ka20005 (minutes, 900 bars a request). A bar is final on the morning after its last trading day.
    Errors as in :func:`kiwoomdata.daily_prices`.

    See Also
    --------
    candles : the same of a stock.
    sector_quote : an index through the day, or by day.
    sector_indices : all indices of a market at one moment.

    Examples
    --------
    >>> import kiwoomdata as kd
    >>> kd.use("simulator")
    >>> kd.index_candles("kospi", "2024-01-02", "2024-01-05").select("sector", "close").shape
    (4, 2)
    """
    client = client_of(options)
    today = client.today()
    first, last, notes = date_range(start, end, today, period)
    word = one_of("interval", _plain(interval), (*_INDEX_BY_DATE, *_INDEX_MINUTES))
    endpoint = _INDEX_BY_DATE.get(word, index.INDEX_MINUTE_BARS)
    since, last = _bars_from(first, last, today, endpoint)
    asked = {"until": last} if word in _INDEX_BY_DATE else {"interval": word}
    moment = "date" if word in _INDEX_BY_DATE else "time"
    named = sector.split(",") if isinstance(sector, str) else sector
    if not isinstance(named, Iterable) or isinstance(named, Mapping):
        raise TypeError(
            f"sector: expected a code such as '001', a name such as 'kospi', or a list, got {sector!r}"
        )
    jobs = {}
    for one in named:
        body = body_of(endpoint, {"sector": index_code(one), **asked})
        jobs[body["inds_cd"]] = Job(endpoint, body, since, last, {"sector": body["inds_cd"]})
    if not jobs:
        raise ValueError("sector: the list is empty; give at least one")
    return Plan(
        jobs,
        _bars(endpoint, moment, _last_finished(client, endpoint)),
        order=(moment,),
        notes=notes,
        options=options,
    )


def _plain(interval: Any) -> Any:
    """``"5min"`` and ``"5분"`` are ``"5m"``, ``"1d"`` is ``"day"``."""
    if not isinstance(interval, str):
        return interval
    if named := re.fullmatch(r"([0-9]+)M", interval.strip()):
        raise ValueError(
            f"interval: {interval!r} is a month to some and a minute to others; say '{named[1]}m' or 'month'"
        )
    text = interval.strip().lower()
    if named := re.fullmatch(r"([0-9]+)t", text):
        raise ValueError(
            f"interval: {interval!r} was a minute to pandas and is a trade to others; say '{named[1]}m' or "
            f"'{named[1]}tick'"
        )
    text = re.sub(r"^([0-9]+)틱$", r"\1tick", text)
    return _ALSO.get(text, re.sub(r"^([0-9]+)(min|분)$", r"\1m", text))


def _bars_from(first: date, last: date, today: date, endpoint: Endpoint) -> tuple[date, date]:
    """From when to when those bars are dated that hold a day of a range: each by its first trading day."""
    period = endpoint.period
    begins = next(iter(trading_days(period_start(last, period), period_end(last, period))), last)
    return period_start(first, period), max(last, min(begins, today))


def _last_finished(client: Client, endpoint: Endpoint) -> date:
    """The latest day of which a bar can change no more."""
    day = business_day(client.now()) - timedelta(days=1)
    if period_end(day, endpoint.period) <= day:
        return day
    return period_start(day, endpoint.period) - timedelta(days=1)


def _bars(endpoint: Endpoint, when: str, last_finished: date) -> Any:
    """The columns of all bars in one order, those that the TR has."""
    assert endpoint.rows is not None
    served = [column.name for column in endpoint.rows.columns]
    name = endpoint.rows.name
    finished = (pl.col(when).cast(pl.Date) <= last_finished).alias("finished")

    def shape(parts: Parts) -> pl.DataFrame:
        frame = parts[name]
        more = [column for column in frame.columns if column not in served]
        return frame.select(when, *(each for each in _ORDER if each in served), finished, *more)

    return shape
