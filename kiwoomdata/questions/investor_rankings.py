"""What classes of investor bought in the market: totals, minutes of the session, streaks, ranks."""

from __future__ import annotations

from typing import Any, Literal, Unpack

from kiwoomdata.arguments import DateLike, Symbols, date_range
from kiwoomdata.entries import investor as investor_
from kiwoomdata.query import Options, Plan, client_of, for_symbols, question
from kiwoomdata.questions.prices import Venue
from kiwoomdata.questions.shapes import Market, listing

__all__ = ["buying_streaks", "intraday_investor_flow", "investor_ranking", "investor_totals"]


@question
def investor_totals(
    symbol: Symbols,
    start: DateLike | None = None,
    end: DateLike | None = None,
    *,
    period: str | None = None,
    measure: Literal["value", "shares"] = "value",
    side: Literal["net"] = "net",
    venue: Venue | None = None,
    **options: Unpack[Options],
) -> Plan:
    """Net buying of a stock by thirteen investor classes over a range (종목별투자자기관별합계).

    One row is one symbol.

    Parameters
    ----------
    symbol
        A code such as ``"005930"``, or a list of codes.
    start, end
        First and last day, both inclusive; no ``end`` is today.
    period
        In place of ``start``: ``"1y"``, ``"6mo"``, ``"30d"``.
    measure
        ``"value"`` in KRW, or ``"shares"``.
    side
        Which side.
    venue
        ``"krx"`` (default), ``"nxt"`` or ``"all"``.

    Returns
    -------
    DataFrame
        In the server's order: ``symbol`` (String), ``venue`` (Enum), ``individual foreign
        institution financial_investment insurance investment_trust other_financial bank pension
        private_fund nation other_corporation domestic_foreigner`` (Int64, KRW or shares or
        unknown by the request). Last, the days
        asked for and when: ``start end`` (Date), ``fetched_at`` (Datetime).

    Notes
    -----
    Source: ka10061 (종목별투자자기관별합계요청). One request or few. Final on the morning after the last day
    asked for. Errors as in :func:`kiwoomdata.daily_prices`.

    See Also
    --------
    investor_breakdown : thirteen classes of a stock by day, in shares or won.
    investor_flows : individuals, institutions, foreign holdings and programs of a stock by day.
    intraday_investor_flow : the classes of a stock through today.
    intraday_investor_trades : one class in every stock during the session.
    closing_investor_trades : twelve classes in every stock of a market today.
    institution_trend : institutions and foreigners of a stock by day, cumulated, with their average prices.
    institution_trades : the stocks that institutions bought or sold over a range.
    program_trend : program trading of a stock or a market, by day or through one.

    Examples
    --------
    >>> import kiwoomdata as kd
    >>> kd.use("simulator")
    >>> frame = kd.investor_totals("005930", "2024-01-02", "2024-01-31")
    >>> frame.height > 0
    True
    """
    today = client_of(options).today()
    first, last, notes = date_range(start, end, today, period)
    jobs = for_symbols(
        investor_.INVESTOR_TOTALS,
        symbol,
        venue,
        {"start": first, "end": last, "measure": measure, "side": side},
    )
    return Plan(jobs, lambda parts: parts["totals"], order=(), notes=notes, options=options)


@question
def intraday_investor_flow(
    symbol: Symbols,
    *,
    market: Literal["all", "kospi", "kosdaq"] = "all",
    measure: Literal["value", "shares"] = "value",
    side: Literal["net", "buy", "sell"] = "net",
    venue: Venue | None = None,
    **options: Unpack[Options],
) -> Plan:
    """What investor classes have bought and sold of a stock through the day, cumulative (장중투자자별매매).

    One row is one moment of today of one symbol.

    Parameters
    ----------
    symbol
        A code such as ``"005930"``, or a list of codes.
    market
        The market.
    measure
        ``"value"`` or ``"shares"``, on a scale that nobody has proven.
    side
        ``"net"`` (bought minus sold), ``"buy"`` or ``"sell"``; what was sold is positive, whatever sign the
        server writes.
    venue
        ``"krx"`` (default), ``"nxt"`` or ``"all"``.

    Returns
    -------
    DataFrame
        In the server's order: ``symbol`` (String), ``venue`` (Enum), ``time`` (Time),
        ``foreign_as_served institution_as_served investment_trust_as_served insurance_as_served
        bank_as_served pension_as_served other_corporation_as_served nation_as_served`` (Int64,
        unit unknown).

    Notes
    -----
    Source: ka10064 (장중투자자별매매차트요청). One request or few. Never final. Cumulative through the day
    and rounded to 1,000 shares; individuals are not told. Errors as in :func:`kiwoomdata.daily_prices`.

    See Also
    --------
    investor_breakdown : thirteen classes of a stock by day, in shares or won.
    investor_flows : individuals, institutions, foreign holdings and programs of a stock by day.
    investor_totals : the classes of a stock summed up over a range.
    intraday_investor_trades : one class in every stock during the session.
    closing_investor_trades : twelve classes in every stock of a market today.
    institution_trend : institutions and foreigners of a stock by day, cumulated, with their average prices.
    institution_trades : the stocks that institutions bought or sold over a range.
    program_trend : program trading of a stock or a market, by day or through one.

    Examples
    --------
    >>> import kiwoomdata as kd
    >>> kd.use("simulator")
    >>> frame = kd.intraday_investor_flow("005930")
    >>> frame.height > 0
    True
    """
    jobs = for_symbols(
        investor_.INTRADAY_INVESTORS, symbol, venue, {"market": market, "measure": measure, "side": side}
    )
    return Plan(jobs, lambda parts: parts["times"], order=(), options=options)


@question
def buying_streaks(
    start: DateLike | None = None,
    end: DateLike | None = None,
    market: Literal["kospi", "kosdaq"] = "kospi",
    *,
    period: str | None = None,
    of: Literal["stocks", "sectors"] = "stocks",
    measure: Literal["value", "shares"] = "value",
    venue: Venue = "krx",
    top: int | None = None,
    **options: Unpack[Options],
) -> Plan:
    """For how many days in a row institutions and foreigners have bought a stock or a sector (연속매매현황).

    One row is one stock, or one sector.

    Parameters
    ----------
    start, end
        First and last day, both inclusive; no ``end`` is today.
    period
        In place of ``start``: ``"1y"``, ``"6mo"``, ``"30d"``.
    market
        The market.
    of
        Whether stocks or sectors are listed.
    measure
        ``"value"`` in KRW, or ``"shares"``.
    venue
        ``"krx"`` (default), ``"nxt"`` or ``"all"``.
    top
        How many rows to keep, after all pages were fetched.

    Returns
    -------
    DataFrame
        In the server's order: ``symbol`` (String), ``venue`` (Enum), ``rank`` (Int64), ``name``
        (String), ``period_change_pct`` (Float64, %), ``institution_net_buy_value`` (Int64,
        KRW), ``institution_net_buy`` (Int64, shares), ``institution_streak_days`` (Int64),
        ``institution_streak`` (Int64, shares), ``institution_streak_value`` (Int64, KRW),
        ``foreign_net_buy`` (Int64, shares), ``foreign_net_buy_value`` (Int64, KRW),
        ``foreign_streak_days`` (Int64), ``foreign_streak`` (Int64, shares),
        ``foreign_streak_value`` (Int64, KRW), ``net_buy`` (Int64, shares), ``net_buy_value``
        (Int64, KRW), ``both_streak_days`` (Int64), ``both_streak`` (Int64, shares),
        ``both_streak_value`` (Int64, KRW). Last, the days
        asked for and when: ``start end`` (Date), ``fetched_at`` (Datetime).

    Notes
    -----
    Source: ka10131 (기관외국인연속매매현황요청). 100 rows a request. Final on the morning after the last day
    asked for. Values are in millions and quantities in shares, whatever measure was asked. A streak
    of selling has negative days. An unknown market is answered with KOSPI. Errors as in
    :func:`kiwoomdata.daily_prices`.

    See Also
    --------
    foreign_ranking
    same_side_ranking

    Examples
    --------
    >>> import kiwoomdata as kd
    >>> kd.use("simulator")
    >>> frame = kd.buying_streaks("2024-01-02", "2024-01-31")
    >>> frame.height > 0
    True
    """
    today = client_of(options).today()
    first, last, notes = date_range(start, end, today, period)
    return listing(
        investor_.BUYING_STREAKS,
        {
            "start": first,
            "end": last,
            "market": market,
            "of": of,
            "measure": measure,
            "venue": venue,
            "days": "range",
        },
        options,
        venue=venue,
        top=top,
        notes=notes,
    )


@question
def investor_ranking(
    investor: str = "foreign",
    start: DateLike | None = None,
    end: DateLike | None = None,
    *,
    period: str | None = None,
    side: Literal["buy", "sell"] = "buy",
    market: Market = "kospi",
    venue: Venue = "krx",
    top: int | None = None,
    **options: Unpack[Options],
) -> Plan:
    """The stocks that a class of investor bought or sold most: today, or in a range (투자자별매매상위).

    One row is one stock, in the server's order.

    Parameters
    ----------
    investor
        ``"foreign"``, ``"institution"``, ``"financial_investment"``, ``"investment_trust"``,
        ``"insurance"``, ``"bank"``, ``"other_financial"``, ``"pension"``, ``"nation"``,
        ``"other_corporation"``; today also ``"foreign_brokers"``, in a range also ``"individual"``.
    start, end
        First and last day, both inclusive; left out, today's session.
    period
        In place of ``start``: ``"1y"``, ``"6mo"``, ``"30d"``.
    side
        Bought or sold.
    market
        ``"kospi"`` or ``"kosdaq"``; of today also ``"all"``.
    venue
        Of a range: ``"krx"`` (default), ``"nxt"`` or ``"all"``. Today's figures hold both venues.
    top
        How many rows to keep, after all pages were fetched.

    Returns
    -------
    DataFrame
        ``symbol`` (String), ``venue`` (Enum), ``name`` (String) and, of today, ``sell buy net_buy`` (Int64,
        shares, rounded to 1,000); of a range ``net_buy`` (Int64, shares), ``net_buy_value`` (Int64, KRW),
        ``estimated_price`` (Float64, KRW), ``price`` (Int64, KRW), ``direction`` (Enum), ``change`` (Int64,
        KRW), ``vs_estimate`` (Float64, KRW), ``vs_estimate_pct`` (Float64, %), ``period_volume`` (Int64,
        shares). Last, of today ``date`` (Date), of a range ``start end`` (Date, as asked), and ``fetched_at``
        (Datetime).

    Notes
    -----
    Sources: ka10065 (장중투자자별매매상위요청, of today: provisional for ever, at most 100 rows) and ka10058
    (투자자별일별매매종목요청, of a range: it answered no rows for all investors in 2026). Errors as in
    :func:`kiwoomdata.daily_prices`.

    See Also
    --------
    investor_breakdown
    intraday_investor_trades
    foreign_ranking

    Examples
    --------
    >>> import kiwoomdata as kd
    >>> kd.use("simulator")
    >>> kd.investor_ranking("foreign", market="kospi").columns[:4]
    ['symbol', 'venue', 'name', 'sell']
    """
    asked: dict[str, Any] = {"side": side, "market": market, "investor": investor}
    if start is None and end is None and period is None:
        return listing(investor_.INTRADAY_INVESTOR_RANKING, asked, options, venue="all", top=top)
    first, last, notes = date_range(start, end, client_of(options).today(), period)
    asked |= {"start": first, "end": last, "venue": venue}
    return listing(investor_.INVESTOR_RANKING, asked, options, venue=venue, top=top, notes=notes)
