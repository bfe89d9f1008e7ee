"""Prices: by day, of the session, on the board, and how strongly they are traded."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import date, time
from functools import partial
from typing import Literal, Unpack

import polars as pl

from kiwoomdata.arguments import DateLike, Symbols, chosen, date_range, one_of
from kiwoomdata.calendar import session_hours
from kiwoomdata.client import Client
from kiwoomdata.entries import quote
from kiwoomdata.frames import beyond
from kiwoomdata.query import Options, Parts, Plan, Shape, client_of, for_symbols, question, single

__all__ = ["daily_prices", "price_table", "quote_board", "rights_quotes", "session_summary", "trade_strength"]

Venue = Literal["krx", "nxt", "all"]
Measure = Literal["shares", "value"]

_PRICES = (
    *("open", "high", "low", "close", "change", "change_pct", "volume", "value"),
    *("credit_ratio", "foreign_ratio"),
)


def flow_columns(measure: str) -> list[str | pl.Expr]:
    """The flows, and in which units they stand: foreign's differs when value is asked.

    The unit of the foreign brokers is not known then, and the column's name says so.
    """
    brokers = "foreign_brokers_as_served" if measure == "value" else "foreign_brokers"
    return [
        *("individual", "institution", "foreign", brokers, "program"),
        pl.lit("KRW" if measure == "value" else "shares").alias("flow_unit"),
        pl.lit("shares").alias("foreign_unit"),
    ]


_NXT_CLOSE = time(20)


def halted(client: Client, code: str = "") -> pl.Expr:
    """Whether nothing was traded on a trading day. Nobody knows yet of a day that is not over, which at NXT,
    and so at all venues, goes on into the evening."""
    now = client.now()
    hours, still = session_hours(now.date()), pl.col("volume") == 0
    if hours is None or now.time() >= (_NXT_CLOSE if code.endswith(("_NX", "_AL")) else hours[1]):
        return still.alias("halted")
    return pl.when(pl.col("date") != now.date()).then(still).alias("halted")


def each_halted(
    client: Client, jobs: Iterable[str], shape: Callable[[Parts, pl.Expr], pl.DataFrame]
) -> dict[str, Shape]:
    """The shape of each job, by its code, which says where a day goes on longest."""

    def of(still: pl.Expr, parts: Parts) -> pl.DataFrame:
        return shape(parts, still)

    return {code: partial(of, halted(client, code)) for code in jobs}


def halted_by_venue(client: Client) -> pl.Expr:
    """The same for rows of several venues, by their column ``venue``."""
    at_krx = pl.col("venue") == "krx"
    return pl.when(at_krx).then(halted(client)).otherwise(halted(client, "_AL")).alias("halted")


_TRADED = (pl.col("volume") > 0) & pl.col("close").is_not_null()


def rebased() -> pl.Expr:
    """Whether the close less its change is another than the last traded close before it; by date."""
    before = pl.when(_TRADED).then("close").forward_fill().shift(1)
    return pl.when(_TRADED).then(pl.col("close") - pl.col("change") != before)


def knows_the_basis(first: date) -> Callable[[Parts], bool]:
    """Whether a traded row stands before the first one that is shown."""

    def enough(parts: Parts) -> bool:
        prices = parts["prices"]
        if prices.height:
            day, volume, close = (prices[name][0] for name in ("date", "volume", "close"))
            if day and volume and close is not None and day < first:
                return True  # nearly always, and much quicker
        dated = prices.filter(pl.col("date").is_not_null())
        days = dated.filter(_TRADED)["date"]
        shown = days.filter(days >= first)
        return shown.is_empty() or bool((days < first).any())

    return enough


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
) -> Plan:
    """Open, high, low, close, volume and value of each day, with credit, foreign holding and flows.

    One row is one trading day of one symbol. Prices are as they were traded (not adjusted).

    Parameters
    ----------
    symbol
        A code such as ``"005930"``, ``"005930_NX"`` or ``"0000D0"``, a list or a Series of codes, or a frame
        with a column ``symbol``, such as :func:`kiwoomdata.stocks` gives; its ``venue`` counts as a suffix.
        A stock's name stands for its code (ka10099 is asked once a day for names).
    start, end
        First and last day, both inclusive; ``"2024"`` and ``"2024-03"`` begin or end with the whole of it. No
        ``end``, or one in the future, is today.
    period
        In place of ``start``, how far back from the end: ``"30d"``, ``"2w"``, ``"6mo"``, ``"1y"``.
    venue
        ``"krx"`` (default), ``"nxt"`` (from 2025-03-04) or ``"all"``.
    measure
        The flows in ``"shares"`` or as ``"value"`` in KRW; foreign stays in shares either way, and nobody
        has shown in which unit the foreign brokers stand then.

    Returns
    -------
    DataFrame
        Ascending by date, then in the order of the symbols: ``date`` (Date), ``symbol`` (String),
        ``venue`` (Enum), ``open high low close change`` (Int64, KRW), ``change_pct`` (Float64, %),
        ``volume`` (Int64, shares), ``value`` (Int64, KRW, exact to the million), ``credit_ratio
        foreign_ratio`` (Float64, %), ``halted rebased`` (Boolean), the flows ``individual institution
        foreign foreign_brokers program`` (Int64, net buying; with ``measure="value"``
        ``foreign_brokers_as_served``), ``flow_unit foreign_unit`` (String).

        ``halted``: nothing was traded on this trading day; null while the day goes on (with NXT until
        20:00). A price that the server writes as 0 is null. ``rebased``: the close less its change is not
        the last traded close before it (a split, rights, a dividend in stock), so a return over that day
        is no return. It holds for KRX's prices, and is null for the other venues, whose rows mix venues,
        where nothing was traded, and where no traded day is known before.

        ``foreign`` is the day's change of what foreigners hold, not their investor flow: the two may
        differ in size and in sign, and neither can be checked by the other.

    Raises
    ------
    ValueError, TypeError
        A wrong argument, before any request.
    ApiError, TransportError, DecodeError, Truncated
        See :mod:`kiwoomdata.errors`.

    Notes
    -----
    Source: ka10086 (일별주가요청). 20 rows a request, so a year is 13 requests for each symbol. At KRX one
    trading day before ``start`` is asked for too, and more where it was halted, so that ``rebased`` does
    not depend on the range. A row is final the next morning (06:00 KST), its credit columns a day or two
    later; today's row changes during the session. With ``venue="all"`` the close is the last trade
    anywhere and the change may be KRX's: nothing is derived from the two.

    See Also
    --------
    candles : bars of any length, adjusted for splits.
    investor_flows : the flows alone.
    daily_detail : a day's trading in more detail.
    wide : one column for each symbol.

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
    asked = {"until": last, "measure": unit}
    jobs = for_symbols(
        quote.DAILY_PRICES, symbol, venue, asked, since=first, until=last, enough=knows_the_basis(first)
    )

    def shape(parts: Parts, still: pl.Expr, basis: pl.Expr) -> pl.DataFrame:
        frame = parts["prices"]
        told = still, basis.alias("rebased")
        return frame.select("date", *_PRICES, *told, *flow_columns(unit), *beyond(quote.DAILY_PRICES, frame))

    mixed = [code for code in jobs if code.endswith(("_NX", "_AL"))]  # their rows mix venues
    jobs |= {code: replace(jobs[code], enough=None) for code in mixed}

    def alone(parts: Parts, still: pl.Expr, basis: pl.Expr) -> pl.DataFrame:
        return shape({"prices": parts["prices"].sort("date", maintain_order=True)}, still, basis)

    unknown = pl.lit(None, dtype=pl.Boolean)
    shapes = each_halted(client, jobs, partial(alone, basis=rebased()))
    shapes |= each_halted(client, mixed, partial(alone, basis=unknown))

    def together(parts: Parts) -> pl.DataFrame:
        basis = pl.when(pl.col("venue") == "krx").then(rebased().over("symbol", "venue"))
        return shape(parts, halted_by_venue(client), basis)

    return Plan(jobs, shapes, notes=notes, together=together, options=options)


@question
def price_table(
    symbol: Symbols,
    *,
    venue: Venue | None = None,
    **options: Unpack[Options],
) -> Plan:
    """Recent days with foreign holding, net buying and credit.

    One row is one trading day of one symbol, as many recent days as the server gives.

    Returns
    -------
    DataFrame
        Ascending by date: ``date symbol venue``, ``open high low close change`` (Int64, KRW),
        ``change_pct`` (Float64, %), ``volume`` (Int64, shares), ``halted`` (Boolean, as in
        :func:`daily_prices`), ``strength`` (Float64, %), ``foreign_holding_pct foreign_weight_pct``
        (Float64, %), ``credit_balance_ratio`` (Float64, %), and as the server writes them, in units that
        nobody has proven, ``value_as_served foreign_net_buy_as_served institution_net_buy_as_served
        individual_net_buy_as_served foreign_brokers_net_buy_as_served program_net_buy_as_served``
        (Int64). Live, all but the prices and the volume are blank, so null, on every row but the newest.

    Notes
    -----
    Source: ka10005 (주식일주월시분요청). One request or few for each symbol. A row is final the next
    morning. Errors as in :func:`daily_prices`.

    See Also
    --------
    daily_prices : days of any range.
    session_summary : the session as it stands.
    candles : bars of any length.

    Examples
    --------
    >>> import kiwoomdata as kd
    >>> kd.use("simulator")
    >>> kd.price_table("005930").schema["close"]
    Int64
    """
    jobs = for_symbols(quote.PRICE_TABLE, symbol, venue, {})

    def shape(parts: Parts, still: pl.Expr) -> pl.DataFrame:
        return parts["prices"].with_columns(still)

    return Plan(jobs, each_halted(client_of(options), jobs, shape), options=options)


@question
def session_summary(
    symbol: Symbols,
    *,
    venue: Venue | None = None,
    **options: Unpack[Options],
) -> Plan:
    """The session so far: open, high, low, last, volume and trade strength.

    One row is one symbol.

    Returns
    -------
    DataFrame
        ``date symbol venue``, ``open high low close change`` (Int64, KRW), ``change_pct`` (Float64, %),
        ``volume`` (Int64, shares), ``value_as_served`` (Int64, as the server writes it: nobody has proven
        its unit), ``strength`` (Float64, %), ``fetched_at`` (Datetime, Asia/Seoul).

    Notes
    -----
    Source: ka10006 (주식시분요청). One request for each symbol. Never final. Errors as in
    :func:`daily_prices`.

    See Also
    --------
    quotes : many stocks at once, with less of each.
    quote_board : the whole board of one stock.
    stock_info : fundamentals beside the price.

    Examples
    --------
    >>> import kiwoomdata as kd
    >>> kd.use("simulator")
    >>> kd.session_summary(["005930", "000660"])["symbol"].to_list()
    ['005930', '000660']
    """
    jobs = for_symbols(quote.SESSION_SUMMARY, symbol, venue, {})
    return Plan(jobs, lambda parts: parts["session"], order=(), options=options)


@question
def quote_board(
    symbol: Symbols,
    *,
    venue: Venue | None = None,
    **options: Unpack[Options],
) -> Plan:
    """Price, expected price, ten levels, order counts and liquidity providers' quantities.

    One row is one symbol, wide: ``ask_price_1`` … ``bid_quantity_change_10``. With ``venue="all"`` the book
    is KRX's and NXT's added up.

    Returns
    -------
    DataFrame
        ``symbol venue name date time``, ``previous_close upper_limit lower_limit price open high low
        expected_price expected_ask expected_bid highest lowest`` (Int64, KRW), ``previous_volume
        last_quantity volume expected_quantity`` (Int64, shares), ``previous_value value`` (Int64, KRW,
        exact to the million), ``listed_shares`` (Int64, shares, to the thousand), ``direction`` (Enum),
        ``change_pct`` (Float64, %), ``change_as_served`` (Float64, unit unknown), ``exercise_price``
        (Float64, of the underlying), ``trading_start highest_date lowest_date`` (Date), and for
        n of 1 to 10 ``ask_price_n bid_price_n`` (Int64, KRW; null: no order), ``ask_quantity_n bid_quantity_n
        ask_quantity_change_n bid_quantity_change_n lp_ask_quantity_n lp_bid_quantity_n`` (Int64,
        shares), for n of 1 to 5 ``ask_count_n bid_count_n`` (Int64), and the totals
        ``ask_total_quantity bid_total_quantity ask_total_count bid_total_count``.

    Notes
    -----
    Source: ka10007 (시세표성정보요청). One request for each symbol. Never final. Live, the counts,
    ``last_quantity``, ``highest`` and ``lowest`` are blank, the expected price stands still after the
    close, and a row of ``venue="all"`` holds the price of the last trade anywhere beside KRX's change.
    Errors as in :func:`daily_prices`.

    See Also
    --------
    orderbook_snapshot : the book alone, one row for each level.
    session_summary : the session in few columns.
    quotes : many stocks at once.

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

    return Plan(jobs, shape, order=(), options=options)


@question
def rights_quotes(
    kind: Literal["all", "warrants", "certificates"] = "all",
    **options: Unpack[Options],
) -> Plan:
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

    See Also
    --------
    quotes : stocks, ETFs and the like.
    stocks : what is listed.

    Examples
    --------
    >>> import kiwoomdata as kd
    >>> kd.use("simulator")
    >>> kd.rights_quotes("warrants").columns[:3]
    ['code', 'name', 'price']
    """
    params = {"kind": chosen(quote.RIGHTS_QUOTES, "kind", kind)}
    jobs = single(quote.RIGHTS_QUOTES, params, asked=params)
    return Plan(jobs, lambda parts: parts["quotes"], order=(), options=options)


@question
def trade_strength(
    symbol: Symbols,
    *,
    by: Literal["time", "day"] = "time",
    venue: Venue | None = None,
    **options: Unpack[Options],
) -> Plan:
    """How strongly buyers press (체결강도): bought volume over sold volume, in percent.

    One row is one minute of the latest session (``by="time"``) or one recent day (``by="day"``).

    Returns
    -------
    DataFrame
        Ascending. By time: ``time`` (Datetime, Asia/Seoul: the latest session that the times can be of),
        ``symbol venue``, ``price change`` (Int64, KRW), ``direction``, ``change_pct`` (Float64, %),
        ``volume`` (Int64, shares: what the row adds to the next), ``cumulative_volume`` (Int64, shares),
        ``cumulative_value`` (Int64, KRW, exact to the million), ``strength strength_5m strength_20m
        strength_60m`` (Float64, %), and last ``date`` (Date) and ``fetched_at`` (Datetime). By day: ``date``
        instead, ``close``, the day's ``value`` and ``volume``, ``halted`` (Boolean, as in
        :func:`daily_prices`), and ``strength_5d strength_20d strength_60d``.

    Notes
    -----
    Source: ka10046 (체결강도추이시간별요청), ka10047 (체결강도추이일별요청), 60 rows a request. By time never
    final, by day the next morning. The rows say nothing of who took the book: live they carry no sign.
    Errors as in :func:`daily_prices`.

    See Also
    --------
    trades : the trades that it is counted from.
    program_trend : what programs bought through the day.
    order_imbalance : stocks by what waits on either side of the book.

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

    def shape(parts: Parts, still: pl.Expr) -> pl.DataFrame:
        # The key of a day's quantity is blank on every live row; its volume is what was cumulated.
        return parts["strength"] if rows == "time" else parts["strength"].drop("quantity").with_columns(still)

    return Plan(jobs, each_halted(client_of(options), jobs, shape), order=order, options=options)
