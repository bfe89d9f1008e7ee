"""Exchange-traded funds."""

from __future__ import annotations

from typing import Literal, Unpack

from kiwoomdata.arguments import DateLike, Symbols
from kiwoomdata.entries import etf
from kiwoomdata.query import Options, Plan, for_symbols, question
from kiwoomdata.questions.prices import Venue
from kiwoomdata.questions.shapes import days_of, listing

__all__ = [
    "etf_daily",
    "etf_daily_flows",
    "etf_info",
    "etf_intraday",
    "etf_quotes",
    "etf_return",
    "etf_trades",
]


@question
def etf_info(
    symbol: Symbols,
    **options: Unpack[Options],
) -> Plan:
    """What an ETF is: its index and its tax (ETF종목정보).

    One row is one symbol.

    Parameters
    ----------
    symbol
        A code such as ``"005930"``, or a list of codes.

    Returns
    -------
    DataFrame
        ``symbol`` (String), ``venue`` (Enum), ``name index_name`` (String),
        ``original_share_price_as_served`` (Int64, unit unknown), ``etf_tax etn_tax`` (String).

    Notes
    -----
    Source: ka40002 (ETF종목정보요청). One request or few. Changes by the day; kept until 06:00. Errors as
    in :func:`kiwoomdata.daily_prices`.

    See Also
    --------
    etf_daily
    etf_quotes

    Examples
    --------
    >>> import kiwoomdata as kd
    >>> kd.use("simulator")
    >>> frame = kd.etf_info("005930")
    >>> frame.height > 0
    True
    """
    jobs = for_symbols(etf.ETF_INFO, symbol, None, {})
    return Plan(jobs, lambda parts: parts["info"], order=(), options=options)


@question
def etf_daily(
    symbol: Symbols,
    start: DateLike | None = None,
    end: DateLike | None = None,
    *,
    period: str | None = None,
    **options: Unpack[Options],
) -> Plan:
    """Price, NAV and tracking of an ETF by day (ETF일별추이).

    One row is one trading day of one symbol.

    Parameters
    ----------
    symbol
        A code such as ``"005930"``, or a list of codes.
    start, end
        First and last day to keep, both inclusive; left out, all that the server gives.
    period
        In place of ``start``: ``"1y"``, ``"6mo"``, ``"30d"``.

    Returns
    -------
    DataFrame
        Ascending by date: ``date`` (Date), ``symbol`` (String), ``venue`` (Enum), ``close``
        (Int64, KRW), ``direction`` (Enum), ``change`` (Int64, KRW), ``change_pct`` (Float64,
        %), ``volume`` (Int64, shares), ``nav`` (Float64, KRW), ``value`` (Int64, KRW),
        ``nav_index_gap_pct nav_price_gap_pct tracking_error_pct`` (Float64, %), ``index
        index_change`` (Float64, points), ``index_direction`` (Enum).

    Notes
    -----
    Source: ka40003 (ETF일별추이요청). One request or few. A row is final the next morning (06:00 KST).
    The index comes times 100, as does the tracking error. nav_index_gap_pct is against the index,
    nav_price_gap_pct the price against the NAV. Errors as in :func:`kiwoomdata.daily_prices`.

    See Also
    --------
    etf_daily_flows
    etf_intraday

    Examples
    --------
    >>> import kiwoomdata as kd
    >>> kd.use("simulator")
    >>> frame = kd.etf_daily("005930")
    >>> frame.height > 0
    True
    """
    return days_of(etf.ETF_DAILY, symbol, None, (start, end, period), options)


@question
def etf_daily_flows(
    symbol: Symbols,
    start: DateLike | None = None,
    end: DateLike | None = None,
    *,
    period: str | None = None,
    **options: Unpack[Options],
) -> Plan:
    """Net buying of an ETF by foreigners and institutions, by day (ETF일자별).

    One row is one trading day of one symbol.

    Parameters
    ----------
    symbol
        A code such as ``"005930"``, or a list of codes.
    start, end
        First and last day to keep, both inclusive; left out, all that the server gives.
    period
        In place of ``start``: ``"1y"``, ``"6mo"``, ``"30d"``.

    Returns
    -------
    DataFrame
        Ascending by date: ``date`` (Date), ``symbol`` (String), ``venue`` (Enum), ``close``
        (Int64, KRW), ``direction`` (Enum), ``change`` (Int64, KRW), ``volume foreign_net_buy
        institution_net_buy`` (Int64, shares).

    Notes
    -----
    Source: ka40008 (ETF일자별체결요청). One request or few. A row is final the next morning (06:00 KST).
    Errors as in :func:`kiwoomdata.daily_prices`.

    See Also
    --------
    etf_daily

    Examples
    --------
    >>> import kiwoomdata as kd
    >>> kd.use("simulator")
    >>> frame = kd.etf_daily_flows("005930")
    >>> frame.height > 0
    True
    """
    return days_of(etf.ETF_DAILY_FLOWS, symbol, None, (start, end, period), options)


@question
def etf_intraday(
    symbol: Symbols,
    **options: Unpack[Options],
) -> Plan:
    """Price, NAV and tracking of an ETF through the day (ETF시간대별추이).

    One row is one moment of today of one symbol.

    Parameters
    ----------
    symbol
        A code such as ``"005930"``, or a list of codes.

    Returns
    -------
    DataFrame
        In the server's order: ``symbol`` (String), ``venue`` (Enum), ``time`` (Time), ``price``
        (Int64, KRW), ``direction`` (Enum), ``change`` (Int64, KRW), ``change_pct`` (Float64,
        %), ``volume`` (Int64, shares), ``nav`` (Float64, KRW), ``value_as_served`` (Int64, unit
        unknown), ``nav_index_gap_pct nav_price_gap_pct tracking_error_pct`` (Float64, %),
        ``index_as_served index_change_as_served`` (Float64, unit unknown), ``index_direction``
        (Enum).

    Notes
    -----
    Source: ka40006 (ETF시간대별추이요청). One request or few. Never final. navidex and navetf are gaps in
    percent. The scale of the index is not proven. Errors as in :func:`kiwoomdata.daily_prices`.

    See Also
    --------
    etf_daily
    etf_trades

    Examples
    --------
    >>> import kiwoomdata as kd
    >>> kd.use("simulator")
    >>> frame = kd.etf_intraday("005930")
    >>> frame.height > 0
    True
    """
    jobs = for_symbols(etf.ETF_INTRADAY, symbol, None, {})
    return Plan(jobs, lambda parts: parts["times"], order=(), options=options)


@question
def etf_trades(
    symbol: Symbols,
    **options: Unpack[Options],
) -> Plan:
    """The trades of an ETF today (ETF시간대별체결).

    One row is one trade of one symbol.

    Parameters
    ----------
    symbol
        A code such as ``"005930"``, or a list of codes.

    Returns
    -------
    DataFrame
        In the server's order: ``symbol`` (String), ``venue`` (Enum), ``time`` (Time), ``price``
        (Int64, KRW), ``direction`` (Enum), ``change`` (Int64, KRW), ``volume`` (Int64, shares),
        ``venue`` (Enum).

    Notes
    -----
    Source: ka40007 (ETF시간대별체결요청). One request or few. Never final. Errors as in
    :func:`kiwoomdata.daily_prices`.

    See Also
    --------
    etf_intraday

    Examples
    --------
    >>> import kiwoomdata as kd
    >>> kd.use("simulator")
    >>> frame = kd.etf_trades("005930")
    >>> frame.height > 0
    True
    """
    jobs = for_symbols(etf.ETF_TRADES, symbol, None, {})
    return Plan(jobs, lambda parts: parts["trades"], order=(), options=options)


@question
def etf_quotes(
    *,
    tax: Literal["all", "exempt", "holding", "company", "foreign", "foreign_exempt"] = "all",
    nav: Literal["all", "above_close", "below_close"] = "all",
    manager: Literal[
        "all", "samsung", "kiwoom", "mirae", "korea_investment", "kb", "hanwha", "other"
    ] = "all",
    taxed: Literal["all", "taxed", "exempt"] = "all",
    venue: Venue = "krx",
    top: int | None = None,
    **options: Unpack[Options],
) -> Plan:
    """All ETFs at the moment (ETF전체시세).

    One row is one ETF.

    Parameters
    ----------
    tax
        The kind of tax (과세유형).
    nav
        Whether the NAV stands above or below the close.
    manager
        The company that manages the fund (운용사).
    taxed
        Whether it is taxed (과세여부).
    venue
        ``"krx"`` (default), ``"nxt"`` or ``"all"``.
    top
        How many rows to keep, after all pages were fetched.

    Returns
    -------
    DataFrame
        In the server's order: ``symbol`` (String), ``venue`` (Enum), ``stock_class name``
        (String), ``close`` (Int64, KRW), ``direction`` (Enum), ``change`` (Int64, KRW),
        ``change_pct`` (Float64, %), ``volume`` (Int64, shares), ``nav`` (Float64, KRW),
        ``tracking_error_pct`` (Float64, %), ``tax_base_as_served before_dividend_base_as_served
        previous_dividend_as_served`` (Float64, unit unknown), ``index_name`` (String),
        ``multiple`` (Float64), ``index_code`` (String), ``index`` (Float64, KRW),
        ``index_change_pct`` (Float64, %).

    Notes
    -----
    Source: ka40004 (ETF전체시세요청). 100 rows a request. Never final. index and index_change_pct repeat
    the close and its change on every live row; five more columns are blank on all. Errors as in
    :func:`kiwoomdata.daily_prices`.

    See Also
    --------
    etf_info
    etf_daily

    Examples
    --------
    >>> import kiwoomdata as kd
    >>> kd.use("simulator")
    >>> frame = kd.etf_quotes()
    >>> frame.height > 0
    True
    """
    return listing(
        etf.ETF_QUOTES,
        {"tax": tax, "nav": nav, "manager": manager, "taxed": taxed, "venue": venue},
        options,
        venue=venue,
        top=top,
    )


@question
def etf_return(
    symbol: Symbols,
    index: str,
    *,
    period: Literal["week", "month", "six_months", "year"] = "month",
    **options: Unpack[Options],
) -> Plan:
    """The return of an ETF beside an index of your choice (ETF수익율).

    One row is one symbol.

    Parameters
    ----------
    symbol
        A code such as ``"005930"``, or a list of codes.
    index
        Three digits such as '207'.
    period
        Over how long.

    Returns
    -------
    DataFrame
        In the server's order: ``symbol`` (String), ``venue`` (Enum), ``etf_return_pct
        traded_return_pct`` (Float64, %), ``foreign_net_buy institution_net_buy`` (Int64,
        shares).

    Notes
    -----
    Source: ka40001 (ETF수익율요청). One request or few. Changes by the day; kept until 06:00. The index
    is a free choice and is not checked. A venue's suffix empties the answer. Errors as in
    :func:`kiwoomdata.daily_prices`.

    See Also
    --------
    etf_daily

    Examples
    --------
    >>> import kiwoomdata as kd
    >>> kd.use("simulator")
    >>> frame = kd.etf_return("005930", "207")
    >>> frame.height > 0
    True
    """
    jobs = for_symbols(etf.ETF_RETURN, symbol, None, {"index": index, "period": period})
    return Plan(jobs, lambda parts: parts["returns"], order=(), options=options)
