"""Program trading: of a market, of a stock, and the arbitrage balance."""

from __future__ import annotations

from datetime import date as Date
from datetime import timedelta
from typing import Any, Literal, Unpack

import polars as pl

from kiwoomdata.arguments import DateLike, Symbols, date_range, one_of, past_day, words
from kiwoomdata.calendar import nth_trading_day_before, session_hours
from kiwoomdata.client import Client
from kiwoomdata.entries import program
from kiwoomdata.query import Job, Options, Parts, Plan, client_of, for_symbols, question, single
from kiwoomdata.questions.flows import Market
from kiwoomdata.questions.prices import Measure, Venue, each_halted, halted_by_venue

__all__ = ["arbitrage_balance", "program_cumulative", "program_trend"]


@question
def program_trend(
    symbol: Symbols | None = None,
    start: DateLike | None = None,
    end: DateLike | None = None,
    *,
    period: str | None = None,
    market: Market | None = None,
    by: Literal["time", "day"] = "day",
    date: DateLike | None = None,
    measure: Measure = "value",
    venue: Venue | None = None,
    interval: Literal["minute", "tick"] = "minute",
    **options: Unpack[Options],
) -> Plan:
    """Program trading of a stock or of a whole market, by day or through one day.

    One row is one day, or one minute (tick) of a day.

    Parameters
    ----------
    symbol, market
        One of the two: a code or list of codes, or ``"kospi"`` or ``"kosdaq"``.
    start, end, period
        By day: as in :func:`kiwoomdata.daily_prices`.
    by
        ``"day"`` or ``"time"``.
    date
        By day: short for ``start=date, end=date``. By time: the day; left out, the latest session. Another
        day is refused: the server answers for the latest session whatever day is asked of a stock, also
        for a weekend or holiday of a market, and of a market's past sessions observers disagree; and the
        rows name no day. :func:`kiwoomdata.request` gives them as served.
    measure
        What is asked for; shares and amounts come side by side. Of a market it changes nothing; of a stock,
        nobody has shown what the amounts are when ``"shares"`` are asked for, and they stand under
        ``sell_value_as_served`` and so on.
    interval
        For a market by time: ``"minute"`` or ``"tick"``.

    Returns
    -------
    DataFrame
        Ascending by ``date`` (Date) or ``time`` (Datetime, Asia/Seoul; by time there are ``date`` and
        ``fetched_at`` last). Of a market: ``market venue``. Of a stock: ``symbol venue``, ``close`` (by
        time ``price``) and ``change`` (Int64, KRW), ``direction``, ``change_pct`` (Float64, %),
        ``volume sell_volume buy_volume net_buy_volume net_buy_volume_change`` (Int64, shares),
        ``sell_value buy_value net_buy_value net_buy_value_change`` (Int64, KRW, exact to the million),
        ``base_price_time`` (String), ``lending_repaid_as_served balance_sum_as_served`` (Int64, unit
        unknown; blank live), and by day ``halted`` (Boolean, as in :func:`kiwoomdata.daily_prices`).
        Of a market: ``arbitrage_…``,
        ``non_arbitrage_…`` with ``sell_value buy_value net_buy_value`` (Int64, KRW, exact to the
        million) and ``sell_volume buy_volume net_buy_volume`` (Int64, shares, to the thousand),
        ``total_sell_value total_buy_value total_net_buy_value`` (Int64, KRW), ``kospi200 basis``
        (Float64, points).

    Notes
    -----
    Source: ka90013 and ka90008 (종목일별, 종목시간별프로그램매매추이요청) for stocks, 20 rows a request by
    day; ka90010 and ka90005 (프로그램매매추이요청) for markets, 100 rows a request. By day final the next
    morning. What was sold is positive: net is bought less sold. Store each venue for itself: KRX's net and
    that of all venues may differ in sign. For KOSDAQ observers disagree whose index stands in ``kospi200``
    on past days. Errors as in :func:`kiwoomdata.daily_prices`.

    See Also
    --------
    investor_breakdown : thirteen classes of a stock by day, in shares or won.
    investor_flows : individuals, institutions, foreign holdings and programs of a stock by day.
    investor_totals : the classes of a stock summed up over a range.
    intraday_investor_flow : the classes of a stock through today.
    intraday_investor_trades : one class in every stock during the session.
    closing_investor_trades : twelve classes in every stock of a market today.
    institution_trend : institutions and foreigners of a stock by day, cumulated, with their average prices.
    institution_trades : the stocks that institutions bought or sold over a range.

    Examples
    --------
    >>> import kiwoomdata as kd
    >>> kd.use("simulator")
    >>> kd.program_trend("005930", "2024-01-02", "2024-01-05").height
    4
    >>> market = kd.program_trend(market="kospi", start="2024-01-02", end="2024-01-31")
    >>> total = market["arbitrage_net_buy_value"] + market["non_arbitrage_net_buy_value"]
    >>> bool(((total - market["total_net_buy_value"]).abs() <= 1_000_000).all())
    True
    """
    if (symbol is None) == (market is None):
        raise ValueError("symbol, market: give one of the two, a stock's code or 'kospi'/'kosdaq'")
    rows, step = one_of("by", by, ("time", "day")), one_of("interval", interval, ("minute", "tick"))
    board = None if market is None else one_of("market", market, ("kospi", "kosdaq"))
    client = client_of(options)
    today = client.today()
    if rows == "time":
        if (start, end, period) != (None, None, None):
            raise ValueError("start, end, period: by='time' shows one day; give date= instead")
        jobs = _by_time(symbol, board, venue, step, measure, date, client)
        return Plan(jobs, lambda parts: parts["trend"], order=("time",), options=options)
    if date is not None:
        if (start, end, period) != (None, None, None):
            raise ValueError("date: say either date= or start= and end=")
        start = end = past_day(date, "date", today)
    first, last, notes = date_range(start, end, today, period)
    jobs = _by_day(symbol, board, venue, measure, first, last)
    if symbol is None:
        return Plan(jobs, lambda parts: parts["trend"], notes=notes, options=options)

    def shape(parts: Parts, still: pl.Expr) -> pl.DataFrame:
        return parts["trend"].with_columns(still)

    return Plan(
        jobs,
        each_halted(client, jobs, shape),
        notes=notes,
        together=lambda parts: shape(parts, halted_by_venue(client)),
        options=options,
    )


def _market_params(market: str, venue: str | None, day: Date, interval: str, measure: str) -> dict[str, Any]:
    place = one_of("venue", venue or "krx", ("krx", "nxt", "all"))
    name = market if place == "krx" else f"{market}_{place}"
    return {"date": day, "market": name, "venue": place, "interval": interval, "measure": measure}


def _by_time(
    symbol: Symbols | None,
    market: str | None,
    venue: str | None,
    interval: str,
    measure: str,
    date: DateLike | None,
    client: Client,
) -> dict[str, Job]:
    endpoint = program.PROGRAM_BY_TIME if symbol is None else program.STOCK_PROGRAM_BY_TIME
    latest = _latest_session(client)
    day = latest if date is None else past_day(date, "date", client.today())
    if day not in (latest, client.session_day(client.now())):  # at NXT today's begins before KRX's
        raise ValueError(
            f"date: {endpoint.api_id} answers for the latest session, {latest}, whatever day is asked for, "
            f"and {day} is another; its rows name no day. Leave date= out, or ask by='day' for past days"
        )
    if symbol is not None:
        return for_symbols(endpoint, symbol, venue, {"date": day, "measure": measure})
    assert market is not None
    params = _market_params(market, venue, day, interval, measure)
    return single(endpoint, params, asked={"market": market, "venue": params["venue"]})


def _latest_session(client: Client) -> Date:
    """The day of the session that has begun last, at KRX."""
    now = client.now()
    day = client.session_day(now)
    hours = session_hours(day)
    not_yet = day == now.date() and hours is not None and now.time() < hours[0]
    return nth_trading_day_before(day, 1) if not_yet else day


def _by_day(
    symbol: Symbols | None, market: str | None, venue: str | None, measure: str, first: Date, last: Date
) -> dict[str, Job]:
    if symbol is not None:
        params = {"until": last, "measure": measure}
        return for_symbols(program.STOCK_PROGRAM_BY_DAY, symbol, venue, params, since=first, until=last)
    assert market is not None
    params = _market_params(market, venue, last, "minute", measure)
    asked = {"market": market, "venue": params["venue"]}
    return single(program.PROGRAM_BY_DAY, params, since=first, until=last, asked=asked)


@question
def arbitrage_balance(
    date: DateLike | None = None,
    *,
    venue: Venue = "krx",
    **options: Unpack[Options],
) -> Plan:
    """The balance of arbitrage trading (차익잔고), bought and sold side, day by day.

    One row is one day, up to ``date``, as far back as the server goes; each row carries its own day.

    Parameters
    ----------
    date
        The newest day wanted; left out, today.

    Returns
    -------
    DataFrame
        Ascending: ``date``, ``buy_volume sell_volume`` (Int64, shares, to the thousand), ``buy_value
        buy_value_change sell_value sell_value_change`` (Int64, KRW, exact to the million).

    Notes
    -----
    Source: ka90006 (프로그램매매차익잔고추이요청), one series for the whole of KOSPI. Final the next morning;
    a later day costs one request.
    Errors as in :func:`kiwoomdata.daily_prices`.

    See Also
    --------
    program_trend : program trading by day or through one.
    program_cumulative : program trading summed up, as the server does it.

    Examples
    --------
    >>> import kiwoomdata as kd
    >>> kd.use("simulator")
    >>> kd.arbitrage_balance("2024-01-31").columns[:3]
    ['date', 'buy_volume', 'buy_value']
    """
    day = past_day(date, "date", client_of(options).today())
    jobs = single(program.ARBITRAGE_BALANCE, {"date": day, "venue": venue})
    return Plan(jobs, _balance, options=options)


def _balance(parts: Parts) -> pl.DataFrame:
    return parts["balance"]


@question
def program_cumulative(
    date: DateLike | None = None,
    *,
    market: Market = "kospi",
    measure: Measure = "value",
    venue: Venue = "krx",
    **options: Unpack[Options],
) -> Plan:
    """Program trading of a market day by day, with its running total.

    One row is one day, as the server gives them for ``date``; each row carries its own day.

    Parameters
    ----------
    date
        The day to cumulate from, up to a year ago; left out, a year ago. So the vendor's example reads,
        whose rows are newer than the date asked; nobody has said so. A server that takes it for the newest
        day wanted is shown by the frame's days.
    measure
        ``"value"`` or ``"shares"``, in the server's unit: likely millions of KRW for value, unproven.

    Returns
    -------
    DataFrame
        Ascending: ``date market venue``, ``kospi200 basis`` (Float64, points), and as the server writes them
        ``arbitrage_as_served arbitrage_cumulative_as_served non_arbitrage_as_served
        non_arbitrage_cumulative_as_served total_as_served total_cumulative_as_served`` (Int64, unit
        unknown).

    Notes
    -----
    Source: ka90007 (프로그램매매누적추이요청). Final the next morning; a later day costs one request.
    Errors as in :func:`kiwoomdata.daily_prices`.

    See Also
    --------
    program_trend : the same by day in KRW, and of one stock.
    arbitrage_balance : what arbitrage holds.

    Examples
    --------
    >>> import kiwoomdata as kd
    >>> kd.use("simulator")
    >>> total = kd.program_cumulative(market="kosdaq")
    >>> bool((total["total_cumulative_as_served"] == total["total_as_served"].cum_sum()).all())
    True
    """
    today = client_of(options).today()
    day = today - timedelta(days=365) if date is None else past_day(date, "date", today)
    asked = words(program.PROGRAM_CUMULATIVE, market=market, venue=venue)
    jobs = single(program.PROGRAM_CUMULATIVE, {**asked, "date": day, "measure": measure}, asked=asked)
    return Plan(jobs, lambda parts: parts["trend"], options=options)
