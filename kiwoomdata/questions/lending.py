"""Securities lending, credit and short selling."""

from __future__ import annotations

from typing import Literal, Unpack

import polars as pl

from kiwoomdata.arguments import DateLike, Symbols, date_range, past_day
from kiwoomdata.calendar import last_trading_day
from kiwoomdata.entries import lending as lending_
from kiwoomdata.entries import short
from kiwoomdata.query import Options, Parts, Plan, client_of, for_symbols, question, single
from kiwoomdata.questions.prices import Venue
from kiwoomdata.questions.shapes import given, listing

__all__ = ["credit_eligible", "credit_trend", "lending", "lending_by_stock", "lending_top", "short_selling"]


@question
def lending_by_stock(
    date: DateLike | None = None,
    market: Literal["kospi", "kosdaq"] = "kospi",
    *,
    top: int | None = None,
    **options: Unpack[Options],
) -> Plan:
    """What was lent of each stock on one day (대차거래내역).

    One row is one stock.

    Parameters
    ----------
    date
        The day; left out, the last trading day.
    market
        The market.
    top
        How many rows to keep, after all pages were fetched.

    Returns
    -------
    DataFrame
        In the server's order: ``symbol`` (String), ``venue`` (Enum), ``name`` (String), ``lent
        repaid balance`` (Int64, shares), ``balance_value`` (Int64, KRW). Last, the day
        asked for and when: ``date`` (Date), ``fetched_at`` (Datetime).

    Notes
    -----
    Source: ka90012 (대차거래내역요청). 50 rows a request. Final on the morning after the last day asked
    for. The market must be given and changes nothing. Nothing is told of today during the session.
    Errors as in :func:`kiwoomdata.daily_prices`.

    See Also
    --------
    lending
    lending_top

    Examples
    --------
    >>> import kiwoomdata as kd
    >>> kd.use("simulator")
    >>> frame = kd.lending_by_stock("2024-01-31")
    >>> frame.height > 0
    True
    """
    today = client_of(options).today()
    day = last_trading_day(today) if date is None else past_day(date, "date", today)
    return listing(lending_.LENDING_BY_STOCK, {"date": day, "market": market}, options, top=top)


@question
def lending_top(
    start: DateLike | None = None,
    end: DateLike | None = None,
    market: Literal["kospi", "kosdaq"] = "kospi",
    *,
    period: str | None = None,
    **options: Unpack[Options],
) -> Plan:
    """The ten stocks that were lent most in a range (대차거래상위10종목).

    One row is one stock.

    Parameters
    ----------
    start, end
        First and last day, both inclusive; no ``end`` is today.
    period
        In place of ``start``: ``"1y"``, ``"6mo"``, ``"30d"``.
    market
        The market.

    Returns
    -------
    DataFrame
        In the server's order: ``symbol`` (String), ``venue`` (Enum), ``name`` (String), ``lent
        repaid balance`` (Int64, shares), ``balance_value`` (Int64, KRW). Last, the days
        asked for and when: ``start end`` (Date), ``fetched_at`` (Datetime).

    Notes
    -----
    Source: ka10069 (대차거래상위10종목요청). One request or few. Final on the morning after the last day
    asked for. Errors as in :func:`kiwoomdata.daily_prices`.

    See Also
    --------
    lending
    lending_by_stock

    Examples
    --------
    >>> import kiwoomdata as kd
    >>> kd.use("simulator")
    >>> frame = kd.lending_top("2024-01-02", "2024-01-31")
    >>> frame.height > 0
    True
    """
    today = client_of(options).today()
    first, last, notes = date_range(start, end, today, period)
    return listing(
        lending_.LENDING_TOP, {"start": first, "end": last, "market": market}, options, notes=notes
    )


@question
def credit_trend(
    symbol: Symbols,
    start: DateLike | None = None,
    end: DateLike | None = None,
    *,
    period: str | None = None,
    kind: Literal["loan", "short"] = "loan",
    venue: Venue | None = None,
    **options: Unpack[Options],
) -> Plan:
    """Margin loans of a stock, or its short credit, by day (신용매매동향).

    One row is one trading day of one symbol.

    Parameters
    ----------
    symbol
        A code such as ``"005930"``, or a list of codes.
    start, end
        First and last day, both inclusive; no ``end`` is today.
    period
        In place of ``start``: ``"1y"``, ``"6mo"``, ``"30d"``.
    kind
        Margin loans (``"loan"``), or short credit.
    venue
        ``"krx"`` (default), ``"nxt"`` or ``"all"``.

    Returns
    -------
    DataFrame
        Ascending by date: ``date`` (Date), ``symbol`` (String), ``venue`` (Enum), ``close``
        (Int64, KRW), ``direction`` (Enum), ``change`` (Int64, KRW), ``volume new repaid
        balance`` (Int64, shares), ``balance_value`` (Int64, KRW), ``balance_change`` (Int64,
        shares), ``lending_ratio_pct balance_ratio_pct`` (Float64, %).

    Notes
    -----
    Source: ka10013 (신용매매동향요청). 100 rows a request. A row is final the next morning (06:00 KST). Its
    credit columns come two trading days later. balance_change is new minus repaid. There is no row
    for today; any other trading day without one is told. At all venues only price, change and volume differ.
    Errors as in :func:`kiwoomdata.daily_prices`.

    See Also
    --------
    credit_ranking
    lending

    Examples
    --------
    >>> import kiwoomdata as kd
    >>> kd.use("simulator")
    >>> frame = kd.credit_trend("005930", "2024-01-02", "2024-01-31")
    >>> frame.height > 0
    True
    """
    today = client_of(options).today()
    first, last, notes = date_range(start, end, today, period)
    jobs = for_symbols(
        lending_.CREDIT_TREND, symbol, venue, {"until": last, "kind": kind}, since=first, until=last
    )
    return Plan(
        jobs,
        lambda parts: parts["days"],
        notes=notes,
        options=options,
    )


@question
def credit_eligible(
    market: Literal["all", "kospi", "kosdaq"] = "all",
    *,
    grade: Literal["all", "A", "B", "C", "D", "E"] = "all",
    symbol: str | None = None,
    **options: Unpack[Options],
) -> Plan:
    """The stocks that may be bought on credit (신용융자 가능종목).

    One row is one stock.

    Parameters
    ----------
    grade
        The grade by which a stock may be bought on credit (신용종목등급구분).
    market
        The market.
    symbol
        One stock; left out, all.

    Returns
    -------
    DataFrame
        In the server's order: ``symbol`` (String), ``venue`` (Enum), ``name`` (String),
        ``deposit_pct`` (Float64, %), ``substitute_price previous_close`` (Int64, KRW),
        ``over_limit`` (Boolean), ``over_limit_note`` (String).

    Notes
    -----
    Source: kt20016 (신용융자 가능종목요청). One request or few. Changes by the day; kept until 06:00. The
    codes carry an A in front. The codes of market are the other way round than elsewhere. Errors as
    in :func:`kiwoomdata.daily_prices`.

    See Also
    --------
    credit_ranking

    Examples
    --------
    >>> import kiwoomdata as kd
    >>> kd.use("simulator")
    >>> frame = kd.credit_eligible()
    >>> frame.height > 0
    True
    """
    return listing(
        lending_.CREDIT_ELIGIBLE, given({"grade": grade, "market": market, "symbol": symbol}), options
    )


@question
def short_selling(
    symbol: Symbols,
    start: DateLike | None = None,
    end: DateLike | None = None,
    *,
    period: str | None = None,
    venue: Venue | None = None,
    **options: Unpack[Options],
) -> Plan:
    """Short selling of a stock by day (공매도추이).

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
        %), ``volume short_volume short_cumulative`` (Int64, shares), ``share_pct`` (Float64,
        %), ``short_value short_average_price`` (Int64, KRW).

    Notes
    -----
    Source: ka10014 (공매도추이요청). One request or few. A row is final the next morning (06:00 KST).
    short_cumulative counts from the first day asked. The server reaches about 336 days back. Errors
    as in :func:`kiwoomdata.daily_prices`.

    See Also
    --------
    lending
    investor_breakdown

    Examples
    --------
    >>> import kiwoomdata as kd
    >>> kd.use("simulator")
    >>> frame = kd.short_selling("005930", "2024-01-02", "2024-01-31")
    >>> frame.height > 0
    True
    """
    today = client_of(options).today()
    first, last, notes = date_range(start, end, today, period)
    jobs = for_symbols(
        short.SHORT_SELLING,
        symbol,
        venue,
        {"start": first, "end": last, "mode": "range"},
        since=first,
        until=last,
    )
    return Plan(
        jobs,
        lambda parts: parts["days"],
        notes=notes,
        options=options,
    )


@question
def lending(
    symbol: Symbols | None = None,
    start: DateLike | None = None,
    end: DateLike | None = None,
    *,
    period: str | None = None,
    **options: Unpack[Options],
) -> Plan:
    """What was lent, repaid and is on loan of a stock, or of the market, by day (대차거래추이).

    One row is one trading day of one symbol, or of the whole market.

    Parameters
    ----------
    symbol
        A code or a list of codes; left out, the whole market.
    start, end
        First and last day, both inclusive; no ``end`` is today.
    period
        In place of ``start``: ``"1y"``, ``"6mo"``, ``"30d"``.

    Returns
    -------
    DataFrame
        Ascending by date: ``date`` (Date), of stocks ``symbol`` (String) and ``venue`` (Enum), ``lent repaid
        balance net_lent`` (Int64, shares; net_lent is lent minus repaid), ``balance_value`` (Int64, KRW).

    Notes
    -----
    Sources: ka20068 (대차거래추이요청(종목별)) and ka10068 (대차거래추이요청). A row is final the next
    morning; today's is zeros at the server until it is counted: here it is null. Errors as in
    :func:`kiwoomdata.daily_prices`.

    See Also
    --------
    lending_by_stock
    short_selling

    Examples
    --------
    >>> import kiwoomdata as kd
    >>> kd.use("simulator")
    >>> kd.lending("005930", "2024-01-02", "2024-01-31").height
    22
    """
    today = client_of(options).today()
    first, last, notes = date_range(start, end, today, period)
    asked = {"start": first, "end": last}
    jobs = (
        single(lending_.LENDING, asked, since=first, until=last)
        if symbol is None
        else for_symbols(lending_.STOCK_LENDING, symbol, None, asked, since=first, until=last)
    )
    counted = [column.name for column in lending_.LENDING.parts[0].columns if column.name != "date"]

    def shape(parts: Parts) -> pl.DataFrame:
        not_yet = (pl.col("date") == today) & pl.all_horizontal(pl.col(counted) == 0)
        return parts["days"].with_columns(pl.when(~not_yet).then(pl.col(counted)).name.keep())

    return Plan(jobs, shape, notes=notes, options=options)
