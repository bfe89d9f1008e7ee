"""The trades of a stock, its days in detail, and its fundamentals."""

from __future__ import annotations

from typing import Literal, Unpack

from kiwoomdata.arguments import DateLike, Symbols, chosen, date_range
from kiwoomdata.entries import stock
from kiwoomdata.query import Options, Plan, client_of, for_symbols, question
from kiwoomdata.questions.prices import Venue
from kiwoomdata.questions.shapes import day_before, given

__all__ = ["daily_detail", "stock_info", "trades"]


@question
def trades(
    symbol: Symbols,
    *,
    day: Literal["today", "previous"] = "today",
    interval: Literal["tick", "minute"] = "tick",
    at: str | None = None,
    venue: Venue | None = None,
    **options: Unpack[Options],
) -> Plan:
    """The trades of a stock, today or the day before, by trade or by minute (당일전일체결).

    One row is one trade, or one minute, of one symbol.

    Parameters
    ----------
    symbol
        A code such as ``"005930"``, or a list of codes.
    day
        Of which day: ``"today"``, or ``"previous"``, the trading day before.
    interval
        One row for each trade (``"tick"``), or for each minute.
    at
        Hour and minute such as '0930'; left out, all.
    venue
        ``"krx"`` (default), ``"nxt"`` or ``"all"``.

    Returns
    -------
    DataFrame
        In the server's order: ``symbol`` (String), ``venue`` (Enum), ``time`` (Datetime, Asia/Seoul,
        on the day asked for), ``price change`` (Int64, KRW), ``change_pct`` (Float64, %), ``ask bid``
        (Int64, KRW), ``side`` (Enum), ``quantity`` (Int64, shares), ``direction`` (Enum),
        ``cumulative_volume`` (Int64, shares), ``cumulative_value`` (Int64, KRW), ``strength`` (Float64,
        %), ``date`` (Date) and ``fetched_at`` (Datetime).

    Notes
    -----
    Source: ka10084 (당일전일체결요청). 100 rows a request. Changes by the day; kept until 06:00. A quantity
    without a sign is an auction's: it has no side. Errors as in :func:`kiwoomdata.daily_prices`.

    See Also
    --------
    candles
    trade_strength

    Examples
    --------
    >>> import kiwoomdata as kd
    >>> kd.use("simulator")
    >>> frame = kd.trades("005930")
    >>> frame.height > 0
    True
    """
    jobs = for_symbols(stock.TRADES, symbol, venue, given({"day": day, "interval": interval, "at": at}))
    plan = Plan(jobs, lambda parts: parts["trades"], order=(), options=options)
    return day_before(plan) if chosen(stock.TRADES, "day", day) == "previous" else plan


@question
def daily_detail(
    symbol: Symbols,
    start: DateLike | None = None,
    end: DateLike | None = None,
    *,
    period: str | None = None,
    venue: Venue | None = None,
    **options: Unpack[Options],
) -> Plan:
    """A stock by day, with the volume before, in and after the session (일별거래상세).

    One row is one trading day of one symbol.

    Parameters
    ----------
    symbol
        A code such as ``"005930"``, or a list of codes.
    start, end
        First and last day, both inclusive; no ``end`` is today.
    period
        In place of ``start``: ``"1y"``, ``"6mo"``, ``"30d"``.
    venue
        ``"krx"`` (default), ``"nxt"`` or ``"all"``.

    Returns
    -------
    DataFrame
        Ascending by date: ``date`` (Date), ``symbol`` (String), ``venue`` (Enum), ``close``
        (Int64, KRW), ``direction`` (Enum), ``change`` (Int64, KRW), ``change_pct`` (Float64,
        %), ``volume`` (Int64, shares), ``value`` (Int64, KRW), ``pre_market_volume`` (Int64,
        shares), ``pre_market_pct`` (Float64, %), ``session_volume`` (Int64, shares),
        ``session_pct`` (Float64, %), ``post_market_volume`` (Int64, shares),
        ``post_market_pct`` (Float64, %), ``total_3_as_served`` (Int64, unit unknown),
        ``period_volume`` (Int64, shares), ``strength foreign_holding_pct foreign_weight_pct``
        (Float64, %), ``foreign_net_buy_as_served institution_net_buy_as_served
        individual_net_buy_as_served foreign_brokers_net_buy_as_served`` (Int64, unit unknown),
        ``credit_balance_ratio`` (Float64, %), ``program_net_buy_as_served
        pre_market_value_as_served`` (Int64, unit unknown), ``pre_market_value_pct`` (Float64,
        %), ``session_value_as_served`` (Int64, unit unknown), ``session_value_pct`` (Float64,
        %), ``post_market_value_as_served`` (Int64, unit unknown), ``post_market_value_pct``
        (Float64, %).

    Notes
    -----
    Source: ka10015 (일별거래상세요청). 100 rows a request. A row is final the next morning (06:00 KST). The
    request key is named start, and the rows run back from it. Pre-market, session and post- market
    volumes add up to the volume. The flow and credit cells are blank on every live row: see
    ka10086. Errors as in :func:`kiwoomdata.daily_prices`.

    See Also
    --------
    daily_prices
    candles

    Examples
    --------
    >>> import kiwoomdata as kd
    >>> kd.use("simulator")
    >>> frame = kd.daily_detail("005930", "2024-01-02", "2024-01-31")
    >>> frame.height > 0
    True
    """
    today = client_of(options).today()
    first, last, notes = date_range(start, end, today, period)
    jobs = for_symbols(stock.DAILY_DETAIL, symbol, venue, {"until": last}, since=first, until=last)
    return Plan(
        jobs,
        lambda parts: parts["days"],
        notes=notes,
        options=options,
    )


@question
def stock_info(
    symbol: Symbols,
    *,
    venue: Venue | None = None,
    **options: Unpack[Options],
) -> Plan:
    """Fundamentals and prices of a stock: 45 figures (주식기본정보).

    One row is one symbol.

    Parameters
    ----------
    symbol
        A code such as ``"005930"``, or a list of codes.
    venue
        ``"krx"`` (default), ``"nxt"`` or ``"all"``.

    Returns
    -------
    DataFrame
        ``symbol`` (String), ``venue`` (Enum), ``name settlement_month`` (String),
        ``par_value capital`` (Int64, KRW), ``listed_shares`` (Int64, shares), ``credit_ratio``
        (Float64, %), ``year_high year_low market_cap`` (Int64, KRW), ``market_cap_weight_pct
        foreign_limit_used_pct`` (Float64, %), ``substitute_price`` (Int64, KRW), ``per``
        (Float64), ``eps`` (Int64, KRW), ``roe_pct`` (Float64, %), ``pbr ev_multiple``
        (Float64), ``bps`` (Int64, KRW), ``sales_as_served operating_profit_as_served`` (Int64,
        unit unknown), ``net_income high_250d low_250d open high low upper_limit lower_limit
        base_price expected_price`` (Int64, KRW), ``expected_quantity`` (Int64, shares),
        ``high_250d_date`` (Date), ``vs_high_250d_pct`` (Float64, %), ``low_250d_date`` (Date),
        ``vs_low_250d_pct`` (Float64, %), ``price`` (Int64, KRW), ``direction`` (Enum),
        ``change`` (Int64, KRW), ``change_pct`` (Float64, %), ``volume`` (Int64, shares),
        ``volume_ratio_pct`` (Float64, %), ``par_unit`` (String), ``floating_shares`` (Int64,
        shares), ``floating_pct`` (Float64, %).

    Notes
    -----
    Source: ka10001 (주식기본정보요청). One request or few. Never final. Listed shares come in thousands and
    market cap in eok; PER, ROE and their like come weekly from a third party. expected_price is
    alive from 16:00 to 18:00. Errors as in :func:`kiwoomdata.daily_prices`.

    See Also
    --------
    quotes
    stocks

    Examples
    --------
    >>> import kiwoomdata as kd
    >>> kd.use("simulator")
    >>> frame = kd.stock_info("005930")
    >>> frame.height > 0
    True
    """
    jobs = for_symbols(stock.STOCK_INFO, symbol, venue, {})
    return Plan(jobs, lambda parts: parts["info"].drop("code"), order=(), options=options)
