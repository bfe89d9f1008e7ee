"""Prices: by day, of the session, on the board, and how strongly they are traded."""

from __future__ import annotations

from typing import Literal, Unpack

import polars as pl

from kiwoomdata.arguments import DateLike, Symbols, chosen, date_range, one_of
from kiwoomdata.entries import quote
from kiwoomdata.frames import columns_of
from kiwoomdata.query import Options, Parts, client_of, for_symbols, question, run, single

__all__ = ["daily_prices", "price_table", "quote_board", "rights_quotes", "session_summary", "trade_strength"]

Venue = Literal["krx", "nxt", "all"]
Measure = Literal["shares", "value"]

_PRICES = (
    *("open", "high", "low", "close", "change", "change_pct", "volume", "value"),
    *("credit_ratio", "foreign_ratio"),
)
FLOWS = ("individual", "institution", "foreign", "foreign_brokers", "program")


def flow_units(measure: str) -> list[pl.Expr]:
    """Columns that say in which units the flows stand: foreign's differs when value is asked."""
    return [
        pl.lit("KRW" if measure == "value" else "shares").alias("flow_unit"),
        pl.lit("shares").alias("foreign_unit"),
    ]


@question
def daily_prices(
    symbol: Symbols,
    start: DateLike | None = None,
    end: DateLike | None = None,
    *,
    period: str | None = None,
    venue: Venue | None = None,
    measure: Measure = "shares",
    **options: Unpack[Options],
) -> pl.DataFrame:
    """Open, high, low, close, volume and value of each day, with credit, foreign holding and flows.

    One row is one trading day of one symbol. Prices are as they were traded (not adjusted).

    Parameters
    ----------
    symbol
        A code such as ``"005930"``, ``"005930_NX"`` or ``"0000D0"``, or a list of codes.
    start, end
        First and last day, both inclusive; ``"2024"`` and ``"2024-03"`` begin or end with the whole of it. No
        ``end``, or one in the future, is today.
    period
        In place of ``start``, how far back from the end: ``"30d"``, ``"2w"``, ``"6mo"``, ``"1y"``.
    venue
        ``"krx"`` (default), ``"nxt"`` (from 2025-03-04) or ``"all"``.
    measure
        The flows in ``"shares"`` or as ``"value"`` in KRW; foreign stays in shares either way.

    Returns
    -------
    DataFrame
        Ascending by date, then in the order of the symbols: ``date`` (Date), ``symbol`` (String),
        ``venue`` (Enum), ``open high low close change`` (Int64, KRW), ``change_pct`` (Float64, %),
        ``volume`` (Int64, shares), ``value`` (Int64, KRW, exact to the million), ``credit_ratio
        foreign_ratio`` (Float64, %), the flows ``individual institution foreign foreign_brokers
        program`` (Int64, net buying), ``flow_unit foreign_unit`` (String).

    Raises
    ------
    ValueError, TypeError
        A wrong argument, before any request.
    ApiError, TransportError, DecodeError, Truncated
        See :mod:`kiwoomdata.errors`.

    Notes
    -----
    Source: ka10086 (일별주가요청). 20 rows a request, so a year is 13 requests for each symbol. A row is
    final the next morning (06:00 KST), its credit columns a day or two later; today's row changes
    during the session.

    Examples
    --------
    >>> import kiwoomdata as kd
    >>> kd.use("simulator")
    >>> frame = kd.daily_prices("005930", "2024-01-02", "2024-01-05")
    >>> frame.select("date", "symbol", "close").shape
    (4, 3)
    >>> frame.schema["close"], frame.schema["date"]
    (Int64, Date)
    """
    client = client_of(options)
    today = client.today()
    first, last, notes = date_range(start, end, today, period)
    unit = chosen(quote.DAILY_PRICES, "measure", measure)
    jobs = for_symbols(
        quote.DAILY_PRICES, symbol, venue, {"until": last, "measure": unit}, since=first, until=last
    )

    def shape(parts: Parts) -> pl.DataFrame:
        frame = parts["prices"]
        more = [name for name in frame.columns if name not in columns_of(quote.DAILY_PRICES)]
        return frame.select("date", *_PRICES, *FLOWS, *flow_units(unit), *more)

    return run(jobs, shape, notes=notes, together=shape, options=options)


@question
def price_table(
    symbol: Symbols,
    *,
    venue: Venue | None = None,
    **options: Unpack[Options],
) -> pl.DataFrame:
    """Recent days with foreign holding, net buying and credit.

    One row is one trading day of one symbol, as many recent days as the server gives.

    Returns
    -------
    DataFrame
        Ascending by date: ``date symbol venue``, ``open high low close change`` (Int64, KRW),
        ``change_pct`` (Float64, %), ``volume`` (Int64, shares), ``value`` (Int64, unit unknown: the
        vendor states none), ``strength`` (Float64, %), ``foreign_holding_pct foreign_weight_pct``
        (Float64, %), ``foreign_net_buy institution_net_buy individual_net_buy`` (Int64, unit
        unknown), ``credit_balance_ratio`` (Float64, %), ``foreign_brokers_net_buy program_net_buy``
        (Int64, unit unknown). Cells that the server leaves blank are null.

    Notes
    -----
    Source: ka10005 (주식일주월시분요청). One request or few for each symbol. A row is final the next
    morning. Errors as in :func:`daily_prices`.

    Examples
    --------
    >>> import kiwoomdata as kd
    >>> kd.use("simulator")
    >>> kd.price_table("005930").schema["close"]
    Int64
    """
    jobs = for_symbols(quote.PRICE_TABLE, symbol, venue, {})
    return run(jobs, lambda parts: parts["prices"], options=options)


@question
def session_summary(
    symbol: Symbols,
    *,
    venue: Venue | None = None,
    **options: Unpack[Options],
) -> pl.DataFrame:
    """The session so far: open, high, low, last, volume and trade strength.

    One row is one symbol.

    Returns
    -------
    DataFrame
        ``date symbol venue``, ``open high low close change`` (Int64, KRW), ``change_pct`` (Float64, %),
        ``volume`` (Int64, shares), ``value`` (Int64, unit unknown), ``strength`` (Float64, %),
        ``fetched_at`` (Datetime, Asia/Seoul).

    Notes
    -----
    Source: ka10006 (주식시분요청). One request for each symbol. Never final. Errors as in
    :func:`daily_prices`.

    Examples
    --------
    >>> import kiwoomdata as kd
    >>> kd.use("simulator")
    >>> kd.session_summary(["005930", "000660"])["symbol"].to_list()
    ['005930', '000660']
    """
    jobs = for_symbols(quote.SESSION_SUMMARY, symbol, venue, {})
    return run(jobs, lambda parts: parts["session"], order=(), options=options)


@question
def quote_board(
    symbol: Symbols,
    *,
    venue: Venue | None = None,
    **options: Unpack[Options],
) -> pl.DataFrame:
    """Price, expected price, ten levels, order counts and liquidity providers' quantities.

    One row is one symbol, wide: ``ask_price_1`` … ``bid_change_10``.

    Returns
    -------
    DataFrame
        ``symbol venue name date time``, ``previous_close upper_limit lower_limit price open high low
        expected_price expected_ask expected_bid highest lowest`` (Int64, KRW), ``previous_volume
        last_quantity volume expected_quantity`` (Int64, shares), ``previous_value value
        listed_shares`` (Int64, unit unknown), ``direction`` (Enum), ``change_pct`` (Float64, %),
        ``change`` (Float64, unit unknown), ``exercise_price`` (Float64, KRW), ``trading_start
        highest_date lowest_date`` (Date), and for n of 1 to 10 ``ask_price_n bid_price_n`` (Int64,
        KRW), ``ask_quantity_n bid_quantity_n ask_change_n bid_change_n lp_ask_quantity_n
        lp_bid_quantity_n`` (Int64, shares), for n of 1 to 5 ``ask_count_n bid_count_n`` (Int64), and
        the totals ``ask_total_quantity bid_total_quantity ask_total_count bid_total_count``.

    Notes
    -----
    Source: ka10007 (시세표성정보요청). One request for each symbol. Never final. Errors as in
    :func:`daily_prices`.

    Examples
    --------
    >>> import kiwoomdata as kd
    >>> kd.use("simulator")
    >>> board = kd.quote_board("005930")
    >>> bool((board["bid_price_1"] < board["ask_price_1"]).all())
    True
    """
    jobs = for_symbols(quote.QUOTE_BOARD, symbol, venue, {})

    def shape(parts: Parts) -> pl.DataFrame:
        frame = parts["board"].drop("code")
        return frame.select("name", "date", "time", pl.exclude("name", "date", "time"))

    return run(jobs, shape, order=(), options=options)


@question
def rights_quotes(
    kind: Literal["all", "warrants", "certificates"] = "all",
    **options: Unpack[Options],
) -> pl.DataFrame:
    """Quotes of subscription rights: warrants (신주인수권증권) and certificates (신주인수권증서).

    One row is one right, in the server's order.

    Returns
    -------
    DataFrame
        ``code name`` (String), ``price change ask bid open high low`` (Int64, KRW), ``direction``
        (Enum), ``change_pct`` (Float64, %), ``volume`` (Int64, shares). Last, what was asked and when:
        ``kind`` (String), ``date`` (Date: the session; null before an open, when it cannot be known) and
        ``fetched_at`` (Datetime, Asia/Seoul).

    Notes
    -----
    Source: ka10011 (신주인수권전체시세요청). Never final. Errors as in :func:`daily_prices`.

    Examples
    --------
    >>> import kiwoomdata as kd
    >>> kd.use("simulator")
    >>> kd.rights_quotes("warrants").columns[:3]
    ['code', 'name', 'price']
    """
    params = {"kind": chosen(quote.RIGHTS_QUOTES, "kind", kind)}
    jobs = single(quote.RIGHTS_QUOTES, params, asked=params)
    return run(jobs, lambda parts: parts["quotes"], order=(), options=options)


@question
def trade_strength(
    symbol: Symbols,
    *,
    by: Literal["time", "day"] = "time",
    venue: Venue | None = None,
    **options: Unpack[Options],
) -> pl.DataFrame:
    """How strongly buyers press (체결강도): bought volume over sold volume, in percent.

    One row is one trade of the latest session (``by="time"``) or one recent day (``by="day"``).

    Returns
    -------
    DataFrame
        Ascending. By time: ``time`` (Datetime, Asia/Seoul: the latest session that the times can be of),
        ``symbol venue``, and last ``date`` (Date) and ``fetched_at`` (Datetime), ``price change``
        (Int64, KRW), ``direction``, ``change_pct`` (Float64, %), ``side`` (Enum buy, sell: the
        aggressor), ``quantity cumulative_volume`` (Int64, shares), ``cumulative_value`` (Int64, unit
        unknown), ``strength strength_5m strength_20m strength_60m`` (Float64, %). By day: ``date``
        instead, ``close``, ``volume``, and ``strength_5d strength_20d strength_60d``.

    Notes
    -----
    Source: ka10046 (체결강도추이시간별요청), ka10047 (체결강도추이일별요청). By time never final, by day the
    next morning. Errors as in :func:`daily_prices`.

    Examples
    --------
    >>> import kiwoomdata as kd
    >>> kd.use("simulator")
    >>> kd.trade_strength("005930", by="day").columns[:4]
    ['date', 'symbol', 'venue', 'close']
    """
    rows = one_of("by", by, ("time", "day"))
    endpoint = quote.TRADE_STRENGTH_BY_TIME if rows == "time" else quote.TRADE_STRENGTH_BY_DAY
    jobs = for_symbols(endpoint, symbol, venue, {})
    order = ("time",) if rows == "time" else ("date",)
    return run(jobs, lambda parts: parts["strength"], order=order, options=options)
