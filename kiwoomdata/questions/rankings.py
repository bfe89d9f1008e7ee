"""What moved, and what was traded most."""

from __future__ import annotations

from typing import Any, Literal, Unpack

from kiwoomdata.arguments import one_of
from kiwoomdata.entries import extremes as extremes_
from kiwoomdata.entries import lending, ranking
from kiwoomdata.query import Options, Plan, question
from kiwoomdata.questions.prices import Venue
from kiwoomdata.questions.shapes import Market, day_before, filtered, given, listing

__all__ = ["credit_ranking", "most_traded", "movers", "order_imbalance", "surges"]


@question
def order_imbalance(
    market: Literal["kospi", "kosdaq"] = "kospi",
    *,
    by: Literal["net_bid", "net_ask", "bid_ratio", "ask_ratio"] = "net_bid",
    min_volume: Literal["pre_open", "10k", "50k", "100k"] = "pre_open",
    stocks: Literal[
        "all", "no_administrative", "no_margin100", "margin100", "margin40", "margin30", "margin20"
    ] = "all",
    credit: Literal["all", "a", "b", "c", "d", "e", "any"] = "all",
    venue: Venue = "krx",
    top: int | None = None,
    **options: Unpack[Options],
) -> Plan:
    """Stocks by the orders that wait to buy and to sell (호가잔량상위).

    One row is one stock.

    Parameters
    ----------
    market
        The market.
    by
        What to sort by.
    min_volume
        The least volume, in shares.
    stocks
        Which stocks.
    credit
        By what may be bought on credit.
    venue
        ``"krx"`` (default), ``"nxt"`` or ``"all"``.
    top
        How many rows to keep, after all pages were fetched.

    Returns
    -------
    DataFrame
        In the server's order: ``symbol`` (String), ``venue`` (Enum), ``name`` (String),
        ``price`` (Int64, KRW), ``direction`` (Enum), ``change`` (Int64, KRW), ``volume
        ask_total_quantity bid_total_quantity net_bid_quantity`` (Int64, shares),
        ``bid_to_ask_pct`` (Float64, %).

    Notes
    -----
    Source: ka10020 (호가잔량상위요청). 200 rows a request. Never final. Before the open there are 200 rows
    of zeros, in the order of codes. Errors as in :func:`kiwoomdata.daily_prices`.

    See Also
    --------
    surges
    orderbook_snapshot

    Examples
    --------
    >>> import kiwoomdata as kd
    >>> kd.use("simulator")
    >>> frame = kd.order_imbalance()
    >>> frame.height > 0
    True
    """
    return listing(
        ranking.ORDER_IMBALANCE,
        {
            "market": market,
            "by": by,
            "min_volume": min_volume,
            "stocks": stocks,
            "credit": credit,
            "venue": venue,
        },
        options,
        venue=venue,
        top=top,
    )


@question
def credit_ranking(
    market: Literal["all", "kospi", "kosdaq"] = "all",
    *,
    min_volume: Literal["all", "10k", "50k", "100k", "200k", "300k", "500k", "1m"] = "all",
    stocks: Literal[
        "all", "no_administrative", "no_margin100", "margin100", "margin40", "margin30", "margin20"
    ] = "all",
    limits: Literal["exclude", "include"] = "include",
    credit: Literal["all", "a", "b", "c", "d", "e", "any"] = "all",
    venue: Venue = "krx",
    **options: Unpack[Options],
) -> Plan:
    """Stocks by credit ratio (신용비율상위).

    One row is one stock.

    Parameters
    ----------
    market
        The market.
    min_volume
        The least volume, in shares.
    stocks
        Which stocks.
    limits
        Stocks at their limit.
    credit
        By what may be bought on credit.
    venue
        ``"krx"`` (default), ``"nxt"`` or ``"all"``.

    Returns
    -------
    DataFrame
        In the server's order: ``symbol`` (String), ``venue`` (Enum), ``stock_info name``
        (String), ``price`` (Int64, KRW), ``direction`` (Enum), ``change`` (Int64, KRW),
        ``change_pct credit_ratio`` (Float64, %), ``ask_quantity bid_quantity volume`` (Int64,
        shares).

    Notes
    -----
    Source: ka10033 (신용비율상위요청). One request or few. Changes by the day; kept until 06:00. Of the
    filters only the least volume acts (live, 2026). Errors as in :func:`kiwoomdata.daily_prices`.

    See Also
    --------
    credit_trend

    Examples
    --------
    >>> import kiwoomdata as kd
    >>> kd.use("simulator")
    >>> frame = kd.credit_ranking()
    >>> frame.height > 0
    True
    """
    return listing(
        lending.CREDIT_RANKING,
        {
            "market": market,
            "min_volume": min_volume,
            "stocks": stocks,
            "limits": limits,
            "credit": credit,
            "venue": venue,
        },
        options,
        venue=venue,
    )


_MOVERS = {
    "previous_close": ranking.MOVERS,
    "open": ranking.MOVERS_FROM_OPEN,
    "expected": ranking.EXPECTED_MOVERS,
    "after_hours": ranking.AFTER_HOURS_MOVERS,
}


@question
def movers(
    market: Market = "all",
    *,
    basis: Literal["previous_close", "open", "expected", "after_hours"] = "previous_close",
    by: str = "gain_pct",
    stocks: str | None = None,
    credit: str | None = None,
    min_volume: str | None = None,
    price: str | None = None,
    limits: Literal["exclude", "include"] | None = None,
    min_value: str | None = None,
    venue: Venue = "krx",
    top: int | None = None,
    **options: Unpack[Options],
) -> Plan:
    """Stocks by how far they have moved: from the close before, from the open, in the auction, after hours.

    One row is one stock, the furthest first (전일대비등락률상위, 시가대비등락률, 예상체결등락률상위,
    시간외단일가등락율순위).

    Parameters
    ----------
    market
        ``"all"``, ``"kospi"`` or ``"kosdaq"``.
    basis
        What the change is from. ``"expected"`` has rows in auctions alone, ``"after_hours"`` is against
        today's close and lacks the stocks that trade on NXT.
    by
        ``"gain_pct"``, ``"loss_pct"``, ``"gain"``, ``"loss"``, ``"flat"``; of ``"expected"`` also
        ``"quantity"``, ``"limit_up"``, ``"limit_down"``; from the ``"open"`` the two percents alone.
    stocks, credit, min_volume, price, limits, min_value
        Filters by their words, such as ``stocks="no_etf_etn"``, ``min_volume="100k"``,
        ``min_value="1b"``; :func:`kiwoomdata.describe` lists those of each TR. One that the TR lacks is
        refused.
    venue
        ``"krx"`` (default), ``"nxt"`` or ``"all"``; after hours there is KRX alone.
    top
        How many rows to keep, after all pages were fetched.

    Returns
    -------
    DataFrame
        ``symbol`` (String), ``venue`` (Enum), ``name`` (String), ``price`` (Int64, KRW; the expected one
        is ``expected_price``), ``direction`` (Enum), ``change`` (Int64, KRW), ``change_pct`` (Float64, %),
        ``volume`` (Int64, shares) and what else the TR tells; from the open ``open high low`` (Int64, KRW)
        and ``vs_reference_pct`` (Float64, %).

    Notes
    -----
    Sources: ka10027 (전일대비등락률상위요청), ka10028 (시가대비등락률요청), ka10029
    (예상체결등락률상위요청), ka10098 (시간외단일가등락율순위요청): 100 or 200 rows a request, never final.
    ka10028 sends its rows in the order of codes (live, 2026): all pages are fetched, then ranked. Errors as
    in :func:`kiwoomdata.daily_prices`.

    See Also
    --------
    most_traded
    surges
    extremes

    Examples
    --------
    >>> import kiwoomdata as kd
    >>> kd.use("simulator")
    >>> kd.movers("kospi", top=5).select("symbol", "name", "change_pct").shape
    (5, 3)
    """
    endpoint = _MOVERS[one_of("basis", basis, _MOVERS)]
    filters = filtered(
        endpoint,
        {
            "stocks": stocks,
            "credit": credit,
            "min_volume": min_volume,
            "price": price,
            "limits": limits,
            "min_value": min_value,
        },
    )
    asked = {"market": market, **filters}
    if basis == "open":
        fall = one_of("by", by, ("gain_pct", "loss_pct")) == "loss_pct"
        asked |= {"basis": "open", "direction": "bottom" if fall else "top", "venue": venue}
        order = ("vs_reference_pct", not fall)
    else:
        asked |= {"by": by} | ({} if basis == "after_hours" else {"venue": venue})
        order = None
    if basis == "after_hours" and venue != "krx":
        raise ValueError(f"venue: the after-hours session is KRX's alone, got {venue!r}")
    return listing(endpoint, asked, options, venue=venue, top=top, by=order)


@question
def most_traded(
    market: Market = "all",
    *,
    by: Literal["volume", "value", "turnover"] = "volume",
    day: Literal["today", "previous"] = "today",
    stocks: str | None = None,
    credit: str | None = None,
    min_volume: str | None = None,
    price: str | None = None,
    min_value: str | None = None,
    session: Literal["all", "regular", "pre", "post"] | None = None,
    administrative: Literal["exclude", "include"] | None = None,
    venue: Venue = "krx",
    top: int | None = None,
    **options: Unpack[Options],
) -> Plan:
    """Stocks by what was traded of them: volume, value or turnover (당일거래량상위, 거래대금상위).

    One row is one stock, the most traded first.

    Parameters
    ----------
    market
        ``"all"``, ``"kospi"`` or ``"kosdaq"``.
    by
        ``"volume"``, ``"value"`` or ``"turnover"``; of the day before the first two.
    day
        ``"today"``, or ``"previous"``: at most 101 rows then.
    stocks, credit, min_volume, price, min_value, session
        Filters of volume and turnover of today, by their words; :func:`kiwoomdata.describe` of ka10030
        lists them. One that the TR lacks is refused.
    administrative
        Stocks under administration; where today's value is asked.
    venue
        ``"krx"`` (default), ``"nxt"`` or ``"all"``.
    top
        How many rows to keep, after all pages were fetched.

    Returns
    -------
    DataFrame
        ``symbol`` (String), ``venue`` (Enum), ``name`` (String), ``price`` (Int64, KRW), ``direction``
        (Enum), ``change`` (Int64, KRW), ``volume`` (Int64, shares), of today also ``change_pct`` (Float64, %)
        and ``value`` (Int64, KRW); by value ``rank previous_rank`` (Int64).

    Notes
    -----
    Sources: ka10030 (당일거래량상위요청), ka10031 (전일거래량상위요청), ka10032 (거래대금상위요청). Never
    final. A volume of 4,294,967,295 is the server's limit: null and a warning. Errors as in
    :func:`kiwoomdata.daily_prices`.

    See Also
    --------
    movers
    surges

    Examples
    --------
    >>> import kiwoomdata as kd
    >>> kd.use("simulator")
    >>> kd.most_traded("kospi", by="value", top=3).select("symbol", "value").shape
    (3, 2)
    """
    one_of("day", day, ("today", "previous"))
    one_of("by", by, ("volume", "value", "turnover"))
    filters = {
        "stocks": stocks,
        "credit": credit,
        "min_volume": min_volume,
        "price": price,
        "min_value": min_value,
        "session": session,
        "administrative": administrative,
    }
    asked: dict[str, Any] = {"market": market, "venue": venue}
    if day == "previous":
        endpoint = ranking.MOST_TRADED_BEFORE
        asked |= {"by": by, "rank_from": 0, "rank_to": 100}
    elif by == "value":
        endpoint = ranking.MOST_TRADED_BY_VALUE
    else:
        endpoint = ranking.MOST_TRADED
        asked |= {"by": by}
    plan = listing(endpoint, asked | filtered(endpoint, filters), options, venue=venue, top=top)
    return day_before(plan) if endpoint is ranking.MOST_TRADED_BEFORE else plan


@question
def surges(
    market: Market = "kospi",
    *,
    of: Literal["volume", "price", "orders", "order_ratio"] = "volume",
    by: str | None = None,
    side: Literal["bid", "ask"] = "bid",
    minutes: int | None = None,
    min_volume: str | None = None,
    stocks: str | None = None,
    credit: str | None = None,
    price: str | None = None,
    limits: Literal["exclude", "include"] | None = None,
    venue: Venue = "krx",
    top: int | None = None,
    **options: Unpack[Options],
) -> Plan:
    """Stocks whose volume, price or waiting orders jumped (거래량급증, 가격급등락, 호가잔량급증, 잔량율급증).

    One row is one stock, in the server's order.

    Parameters
    ----------
    market
        ``"kospi"`` or ``"kosdaq"``; of volume and price also ``"all"``.
    of
        What jumped.
    by
        Of volume ``"gain"`` (default), ``"gain_pct"``, ``"drop"``, ``"drop_pct"``; of price ``"up"``
        (default) or ``"down"``; of orders ``"quantity"`` (default) or ``"pct"``; of order_ratio
        ``"bid_to_ask"`` (default) or ``"ask_to_bid"``.
    side
        Of orders: those that wait to buy (``"bid"``) or to sell.
    minutes
        Against how many minutes ago, 1 to 99; left out, volume is against the day before and the others
        against 5 minutes.
    min_volume, stocks, credit, price, limits
        Filters by their words; :func:`kiwoomdata.describe` lists those of each TR. One that the TR lacks is
        refused.
    venue
        ``"krx"`` (default), ``"nxt"`` or ``"all"``.
    top
        How many rows to keep, after all pages were fetched.

    Returns
    -------
    DataFrame
        ``symbol`` (String), ``venue`` (Enum), ``name`` (String), ``price`` (Int64, KRW), ``direction``
        (Enum), ``change`` (Int64, KRW) and, of volume, ``previous_volume volume surge`` (Int64, shares),
        ``surge_pct`` (Float64, %); of price ``base_price vs_base`` (Int64, KRW), ``jump_pct`` (Float64, %);
        of orders ``reference current surge total_quantity`` (Int64, shares), ``surge_pct``; of order_ratio
        ``reference_ratio current_ratio surge_points`` (Float64, percent and points of it).

    Notes
    -----
    Sources: ka10023 (거래량급증요청), ka10019 (가격급등락요청), ka10021 (호가잔량급증요청), ka10022
    (잔량율급증요청). Never final; outside the session orders have no rows. Errors as in
    :func:`kiwoomdata.daily_prices`.

    See Also
    --------
    movers
    most_traded
    order_imbalance

    Examples
    --------
    >>> import kiwoomdata as kd
    >>> kd.use("simulator")
    >>> kd.surges("kosdaq", of="volume", top=3).height
    3
    """
    filters = {
        "min_volume": min_volume,
        "stocks": stocks,
        "credit": credit,
        "price": price,
        "limits": limits,
    }
    asked: dict[str, Any] = {"market": market, "venue": venue}
    if one_of("of", of, _SURGES) == "volume":
        against = "previous_day" if minutes is None else "minutes"
        asked |= given({"by": by or "gain", "against": against, "minutes": minutes})
    elif of == "price":
        asked |= {"kind": by or "up", "unit": "minutes", "span": 5 if minutes is None else minutes}
    elif of == "orders":
        asked |= {"side": side, "by": by or "quantity", "minutes": 5 if minutes is None else minutes}
    else:
        asked |= {"ratio": by or "bid_to_ask", "minutes": 5 if minutes is None else minutes}
    endpoint = _SURGES[of]
    return listing(endpoint, asked | filtered(endpoint, filters), options, venue=venue, top=top)


_SURGES = {
    "volume": ranking.VOLUME_SURGES,
    "price": extremes_.PRICE_SURGES,
    "orders": ranking.ORDER_SURGES,
    "order_ratio": ranking.ORDER_RATIO_SURGES,
}
