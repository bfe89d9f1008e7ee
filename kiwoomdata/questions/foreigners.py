"""What foreigners hold, and what they and institutions bought most."""

from __future__ import annotations

from typing import Literal, Unpack

from kiwoomdata.arguments import DateLike, Symbols, date_range, one_of, past_day
from kiwoomdata.calendar import last_trading_day
from kiwoomdata.entries import investor as investor_
from kiwoomdata.query import Options, Plan, client_of, question, single
from kiwoomdata.questions.prices import Venue
from kiwoomdata.questions.shapes import Market, days_of, filtered, listing

__all__ = ["foreign_holdings", "foreign_institution_ranking", "foreign_ranking", "same_side_ranking"]


@question
def foreign_holdings(
    symbol: Symbols,
    start: DateLike | None = None,
    end: DateLike | None = None,
    *,
    period: str | None = None,
    venue: Venue | None = None,
    **options: Unpack[Options],
) -> Plan:
    """Foreign holdings of a stock and the limit that they use, by day (외국인보유).

    One row is one trading day of one symbol.

    Parameters
    ----------
    symbol
        A code such as ``"005930"``, or a list of codes.
    start, end
        First and last day to keep, both inclusive; left out, all that the server gives.
    period
        In place of ``start``: ``"1y"``, ``"6mo"``, ``"30d"``.
    venue
        ``"krx"`` (default), ``"nxt"`` or ``"all"``.

    Returns
    -------
    DataFrame
        Ascending by date: ``date`` (Date), ``symbol`` (String), ``venue`` (Enum), ``close
        change`` (Int64, KRW), ``volume change_in_shares foreign_shares`` (Int64, shares),
        ``foreign_weight_pct`` (Float64, %), ``foreign_available_shares foreign_limit
        foreign_limit_change`` (Int64, shares), ``foreign_limit_used_pct`` (Float64, %).

    Notes
    -----
    Source: ka10008 (주식외국인종목별매매동향). 50 rows a request. A row is final the next morning (06:00
    KST). Errors as in :func:`kiwoomdata.daily_prices`.

    See Also
    --------
    investor_breakdown
    foreign_ranking

    Examples
    --------
    >>> import kiwoomdata as kd
    >>> kd.use("simulator")
    >>> frame = kd.foreign_holdings("005930")
    >>> frame.height > 0
    True
    """
    return days_of(investor_.FOREIGN_HOLDINGS, symbol, venue, (start, end, period), options)


_FOREIGN = {
    "period": investor_.FOREIGN_BY_PERIOD,
    "streak": investor_.FOREIGN_STREAKS,
    "limit": investor_.FOREIGN_LIMIT_RANKING,
    "brokers": investor_.FOREIGN_BROKERS_RANKING,
}


@question
def foreign_ranking(
    market: Market = "all",
    *,
    by: Literal["period", "streak", "limit", "brokers"] = "period",
    days: str | int | None = None,
    side: Literal["buy", "sell"] | None = None,
    from_day: Literal["today", "yesterday"] | None = None,
    sort: Literal["value", "shares"] | None = None,
    venue: Venue = "krx",
    top: int | None = None,
    **options: Unpack[Options],
) -> Plan:
    """Stocks by what foreigners did: net buying, streaks, the limit used, foreign brokers (외인매매상위).

    One row is one stock, in the server's order.

    Parameters
    ----------
    market
        ``"all"``, ``"kospi"`` or ``"kosdaq"``.
    by
        ``"period"``: change of holdings over days. ``"streak"``: of the last three days, all of one sign.
        ``"limit"``: growth of the foreign limit used. ``"brokers"``: net buying through foreign brokers.
    days
        Over how many days: ``"today"``, 1, 5, 10, 20 or 60; of a period 1 is yesterday. A streak has none.
    side
        Bought (default) or sold; the limit has none.
    from_day
        Of a streak: whether today counts.
    sort
        Of brokers: by value or by shares.
    venue
        ``"krx"`` (default), ``"nxt"`` or ``"all"``.
    top
        How many rows to keep, after all pages were fetched.

    Returns
    -------
    DataFrame
        ``symbol`` (String), ``venue`` (Enum), ``name`` (String), ``price`` (Int64, KRW), ``direction``
        (Enum), ``change`` (Int64, KRW) and, of a period, ``rank`` (Int64), ``net_buy`` (Int64, shares); of a
        streak ``net_buy_1 net_buy_2 net_buy_3 net_buy`` (Int64, shares); of the limit ``foreign_shares``
        (Int64, shares), ``foreign_limit_used_pct limit_used_change_pct`` (Float64, %); of brokers ``buy sell
        net_buy`` (Int64, shares), ``net_buy_value`` (Int64, KRW).

    Notes
    -----
    Sources: ka10034 (외인기간별매매상위요청), ka10035 (외인연속순매매상위요청), ka10036
    (외인한도소진율증가상위), ka10037 (외국계창구매매상위요청): 100 rows a request. They change by the day. A
    period and a streak count holdings, not the flow of :func:`kiwoomdata.investor_breakdown`: the two may
    have opposite signs. Errors as in :func:`kiwoomdata.daily_prices`.

    See Also
    --------
    foreign_holdings
    investor_ranking
    buying_streaks

    Examples
    --------
    >>> import kiwoomdata as kd
    >>> kd.use("simulator")
    >>> kd.foreign_ranking("kospi", days=5, top=3).height
    3
    """
    endpoint = _FOREIGN[one_of("by", by, _FOREIGN)]
    if side is not None:
        one_of("side", side, ("buy", "sell"))
    if days is None and endpoint.param("days") is not None:
        days = "today"
    if by == "period" and str(days) == "1":
        days = "previous_day"
    asked = filtered(
        endpoint,
        {"side": side, "days": None if days is None else str(days), "from_day": from_day, "sort": sort},
    )
    if endpoint.param("side") is not None:
        asked["side"] = ("net_" if by == "brokers" else "") + (side or "buy")
    return listing(endpoint, {"market": market, "venue": venue, **asked}, options, venue=venue, top=top)


@question
def foreign_institution_ranking(
    date: DateLike | None = None,
    market: Literal["all", "kospi", "kosdaq"] = "all",
    *,
    measure: Literal["value", "shares"] = "value",
    venue: Venue = "krx",
    **options: Unpack[Options],
) -> Plan:
    """What foreigners and institutions bought and sold most on one day (외국인기관매매상위).

    One row is one rank: the stock that foreigners sold, that they bought, and the same of
    institutions.

    Parameters
    ----------
    date
        The day; left out, the last trading day.
    market
        The market.
    measure
        ``"value"`` in KRW, or ``"shares"``.
    venue
        ``"krx"`` (default), ``"nxt"`` or ``"all"``.

    Returns
    -------
    DataFrame
        In the server's order: ``foreign_sell_code foreign_sell_name`` (String),
        ``foreign_sell_net_buy_value`` (Int64, KRW), ``foreign_sell_net_buy`` (Int64, shares),
        ``foreign_buy_code foreign_buy_name`` (String), ``foreign_buy_net_buy_value`` (Int64,
        KRW), ``foreign_buy_net_buy`` (Int64, shares), ``institution_sell_code
        institution_sell_name`` (String), ``institution_sell_net_buy_value`` (Int64, KRW),
        ``institution_sell_net_buy`` (Int64, shares), ``institution_buy_code
        institution_buy_name`` (String), ``institution_buy_net_buy_value`` (Int64, KRW),
        ``institution_buy_net_buy`` (Int64, shares). Last, the day
        asked for and when: ``date`` (Date), ``fetched_at`` (Datetime).

    Notes
    -----
    Source: ka90009 (외국인기관매매상위요청). One request or few. Final on the morning after the last day
    asked for. A row holds four places of the same rank. The server adds pipe1 to pipe3, which nobody
    explains. Errors as in :func:`kiwoomdata.daily_prices`.

    See Also
    --------
    foreign_ranking
    investor_ranking

    Examples
    --------
    >>> import kiwoomdata as kd
    >>> kd.use("simulator")
    >>> frame = kd.foreign_institution_ranking("2024-01-31")
    >>> frame.height > 0
    True
    """
    today = client_of(options).today()
    day = last_trading_day(today) if date is None else past_day(date, "date", today)
    return Plan(
        single(
            investor_.FOREIGN_INSTITUTION_RANKING,
            {"date": day, "market": market, "measure": measure, "venue": venue},
        ),
        lambda parts: parts["places"],
        order=(),
        options=options,
    )


@question
def same_side_ranking(
    start: DateLike | None = None,
    end: DateLike | None = None,
    market: Literal["all", "kospi", "kosdaq"] = "all",
    *,
    period: str | None = None,
    side: Literal["buy", "sell"] = "buy",
    sort: Literal["shares", "value"] = "value",
    venue: Venue = "krx",
    top: int | None = None,
    **options: Unpack[Options],
) -> Plan:
    """Stocks that foreigners and institutions both bought, or both sold (동일순매매순위).

    One row is one stock.

    Parameters
    ----------
    start, end
        First and last day, both inclusive; no ``end`` is today.
    period
        In place of ``start``: ``"1y"``, ``"6mo"``, ``"30d"``.
    market
        The market.
    side
        Which side.
    sort
        What to sort by.
    venue
        ``"krx"`` (default), ``"nxt"`` or ``"all"``.
    top
        How many rows to keep, after all pages were fetched.

    Returns
    -------
    DataFrame
        In the server's order: ``symbol`` (String), ``venue`` (Enum), ``rank`` (Int64), ``name``
        (String), ``price`` (Int64, KRW), ``direction`` (Enum), ``change`` (Int64, KRW),
        ``change_pct`` (Float64, %), ``volume`` (Int64, shares),
        ``institution_net_buy_as_served`` (Int64, unit unknown), ``institution_net_buy_value``
        (Int64, KRW), ``institution_average`` (Float64, KRW), ``foreign_net_buy_as_served``
        (Int64, unit unknown), ``foreign_net_buy_value`` (Int64, KRW), ``foreign_average``
        (Float64, KRW), ``net_buy_as_served`` (Int64, unit unknown), ``net_buy_value`` (Int64,
        KRW). Last, the days
        asked for and when: ``start end`` (Date), ``fetched_at`` (Datetime).

    Notes
    -----
    Source: ka10062 (동일순매매순위요청). One request or few. Final on the morning after the last day asked
    for. Quantities come in shares or thousands, whatever the request says: only a row's own value
    and average tell. An average sticks at 2,147,483: null and a warning. Errors as in
    :func:`kiwoomdata.daily_prices`.

    See Also
    --------
    buying_streaks

    Examples
    --------
    >>> import kiwoomdata as kd
    >>> kd.use("simulator")
    >>> frame = kd.same_side_ranking("2024-01-02", "2024-01-31")
    >>> frame.height > 0
    True
    """
    today = client_of(options).today()
    first, last, notes = date_range(start, end, today, period)
    return listing(
        investor_.SAME_SIDE_RANKING,
        {"start": first, "end": last, "market": market, "side": side, "sort": sort, "venue": venue},
        options,
        venue=venue,
        top=top,
        notes=notes,
    )
