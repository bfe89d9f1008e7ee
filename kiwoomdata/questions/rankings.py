"""What moved, and what was traded most."""

from __future__ import annotations

from typing import Any, Literal, Unpack

from kiwoomdata.arguments import one_of
from kiwoomdata.entries import extremes as extremes_
from kiwoomdata.entries import lending, ranking
from kiwoomdata.query import Options, Plan, question
from kiwoomdata.questions.prices import Venue
from kiwoomdata.questions.shapes import day_before, filtered, given, listing

__all__ = [
    "credit_ranking",
    "extremes",
    "limit_moves",
    "most_traded",
    "movers",
    "order_imbalance",
    "search_ranking",
    "surges",
    "valuation_ranking",
    "volume_records",
    "volume_walls",
]

Market = Literal["all", "kospi", "kosdaq"]


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
def limit_moves(
    market: Literal["all", "kospi", "kosdaq"] = "all",
    *,
    state: Literal[
        "limit_up", "up", "flat", "limit_down", "down", "previous_limit_up", "previous_limit_down"
    ] = "limit_up",
    sort: Literal["code", "streak", "change_pct"] = "change_pct",
    stocks: str = "all",
    min_volume: str = "all",
    credit: Literal["all", "a", "b", "c", "d", "e", "any"] = "all",
    price: Literal["all", "below_1k", "1k_2k", "2k_3k", "5k_10k", "from_10k", "from_1k"] = "all",
    venue: Venue = "krx",
    **options: Unpack[Options],
) -> Plan:
    """Stocks at their daily limit, up, down or unchanged (상하한가).

    One row is one stock.

    Parameters
    ----------
    market
        The market.
    state
        Where the price stands: at a daily limit, up, flat or down, or at a limit the day before (상하한구분).
    sort
        What to sort by.
    stocks
        Which stocks: ``"all"``, ``"no_administrative"``, ``"no_preferred"``,
        ``"no_preferred_or_administrative"``, ``"no_margin100"``, ``"margin100"``,
        ``"margin40"``, ``"margin30"``, ``"margin20"``, ``"clean"``.
    min_volume
        The least volume, in shares: ``"all"``, ``"10k"``, ``"50k"``, ``"100k"``, ``"150k"``,
        ``"200k"``, ``"300k"``, ``"500k"``, ``"1m"``.
    credit
        By what may be bought on credit.
    price
        A range of prices, in KRW.
    venue
        ``"krx"`` (default), ``"nxt"`` or ``"all"``.

    Returns
    -------
    DataFrame
        In the server's order: ``symbol`` (String), ``venue`` (Enum), ``stock_info name``
        (String), ``price`` (Int64, KRW), ``direction`` (Enum), ``change`` (Int64, KRW),
        ``change_pct`` (Float64, %), ``volume previous_volume ask_quantity`` (Int64, shares),
        ``ask bid`` (Int64, KRW), ``bid_quantity`` (Int64, shares), ``count`` (Int64).

    Notes
    -----
    Source: ka10017 (상하한가요청). One request or few. Never final. Sorted by streak the server gives 100
    rows. Errors as in :func:`kiwoomdata.daily_prices`.

    See Also
    --------
    movers
    extremes

    Examples
    --------
    >>> import kiwoomdata as kd
    >>> kd.use("simulator")
    >>> frame = kd.limit_moves()
    >>> frame.height > 0
    True
    """
    return listing(
        extremes_.LIMIT_MOVES,
        {
            "market": market,
            "state": state,
            "sort": sort,
            "stocks": stocks,
            "min_volume": min_volume,
            "credit": credit,
            "price": price,
            "venue": venue,
        },
        options,
        venue=venue,
    )


@question
def volume_records(
    market: Literal["all", "kospi", "kosdaq"] = "all",
    *,
    days: Literal[5, 10, 20, 60, 250] = 5,
    min_volume: Literal["5k", "10k", "50k", "100k", "200k", "300k", "500k", "1m"] = "5k",
    venue: Venue = "krx",
    top: int | None = None,
    **options: Unpack[Options],
) -> Plan:
    """Stocks whose volume is above the highest of the days before (거래량갱신).

    One row is one stock.

    Parameters
    ----------
    market
        The market.
    days
        How many days back.
    min_volume
        The least volume, in shares.
    venue
        ``"krx"`` (default), ``"nxt"`` or ``"all"``.
    top
        How many rows to keep, after all pages were fetched.

    Returns
    -------
    DataFrame
        In the server's order: ``symbol`` (String), ``venue`` (Enum), ``name`` (String),
        ``price`` (Int64, KRW), ``direction`` (Enum), ``change`` (Int64, KRW), ``change_pct``
        (Float64, %), ``previous_high_volume volume`` (Int64, shares), ``ask bid`` (Int64, KRW).

    Notes
    -----
    Source: ka10024 (거래량갱신요청). 200 rows a request. Never final. previous_high_volume is the highest
    of the days before. The rows come in the order of codes, at most 397. Errors as in
    :func:`kiwoomdata.daily_prices`.

    See Also
    --------
    most_traded
    surges

    Examples
    --------
    >>> import kiwoomdata as kd
    >>> kd.use("simulator")
    >>> frame = kd.volume_records()
    >>> frame.height > 0
    True
    """
    return listing(
        extremes_.VOLUME_RECORDS,
        {"market": market, "days": str(days), "min_volume": min_volume, "venue": venue},
        options,
        venue=venue,
        top=top,
    )


@question
def volume_walls(
    market: Literal["all", "kospi", "kosdaq"] = "all",
    *,
    share: int = 30,
    include_current: Literal["no", "yes"] = "no",
    bands: int = 10,
    days: Literal[50, 100, 150, 200, 250, 300] = 50,
    venue: Venue = "krx",
    top: int | None = None,
    **options: Unpack[Options],
) -> Plan:
    """Stocks that traded much of their volume in one band of prices (매물대집중).

    One row is one band of one stock.

    Parameters
    ----------
    market
        The market.
    share
        The least share of the volume that a band holds, in %: 0 to 100 (매물집중비율).
    include_current
        Whether bands that the price has come into are listed too (현재가진입).
    bands
        Into how many bands the prices are cut: 1 to 99 (매물대수).
    days
        How many days back.
    venue
        ``"krx"`` (default), ``"nxt"`` or ``"all"``.
    top
        How many rows to keep, after all pages were fetched.

    Returns
    -------
    DataFrame
        In the server's order: ``symbol`` (String), ``venue`` (Enum), ``name`` (String),
        ``price`` (Int64, KRW), ``direction`` (Enum), ``change`` (Int64, KRW), ``change_pct``
        (Float64, %), ``volume`` (Int64, shares), ``price_from price_to`` (Int64, KRW),
        ``traded_in_band`` (Int64, shares), ``traded_in_band_pct`` (Float64, %).

    Notes
    -----
    Source: ka10025 (매물대집중요청). 200 rows a request. Never final. One stock stands once for each band.
    The rows ascend by the share in the band; below 20 the server answers nothing. Errors as in
    :func:`kiwoomdata.daily_prices`.

    See Also
    --------
    extremes

    Examples
    --------
    >>> import kiwoomdata as kd
    >>> kd.use("simulator")
    >>> frame = kd.volume_walls()
    >>> frame.height > 0
    True
    """
    return listing(
        extremes_.VOLUME_WALLS,
        {
            "market": market,
            "share": share,
            "include_current": include_current,
            "bands": bands,
            "days": str(days),
            "venue": venue,
        },
        options,
        venue=venue,
        top=top,
    )


@question
def valuation_ranking(
    *,
    by: Literal["low_pbr", "high_pbr", "low_per", "high_per", "low_roe", "high_roe"] = "low_per",
    venue: Venue = "krx",
    top: int | None = None,
    **options: Unpack[Options],
) -> Plan:
    """Stocks by PER, PBR or ROE (고저PER).

    One row is one stock.

    Parameters
    ----------
    by
        What to sort by.
    venue
        ``"krx"`` (default), ``"nxt"`` or ``"all"``.
    top
        How many rows to keep, after all pages were fetched.

    Returns
    -------
    DataFrame
        In the server's order: ``symbol`` (String), ``venue`` (Enum), ``name`` (String), ``per``
        (Float64), ``price`` (Int64, KRW), ``direction`` (Enum), ``change`` (Int64, KRW),
        ``change_pct`` (Float64, %), ``volume`` (Int64, shares), ``ask`` (Int64, KRW).

    Notes
    -----
    Source: ka10026 (고저PER요청). 100 rows a request. Never final. ratio is the PER, PBR or ROE that
    was asked for. Errors as in :func:`kiwoomdata.daily_prices`.

    See Also
    --------
    stock_info

    Examples
    --------
    >>> import kiwoomdata as kd
    >>> kd.use("simulator")
    >>> frame = kd.valuation_ranking()
    >>> frame.height > 0
    True
    """
    return listing(extremes_.VALUATIONS, {"by": by, "venue": venue}, options, venue=venue, top=top)


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


@question
def search_ranking(
    *,
    window: Literal["30s", "1m", "10m", "1h", "day"] = "day",
    **options: Unpack[Options],
) -> Plan:
    """The stocks that users look at most (실시간종목조회순위).

    One row is one stock.

    Parameters
    ----------
    window
        The time over which looks are counted.

    Returns
    -------
    DataFrame
        In the server's order: ``symbol`` (String), ``venue`` (Enum), ``name`` (String), ``rank
        rank_change`` (Int64), ``rank_move`` (Enum), ``price`` (Int64, KRW), ``direction``
        (Enum), ``change_pct`` (Float64, %), ``previous_direction`` (Enum),
        ``previous_change_pct`` (Float64, %), ``date`` (Date), ``time`` (Time).

    Notes
    -----
    Source: ka00198 (실시간종목조회순위). One request or few. Never final. What the move N means is not
    proven. Errors as in :func:`kiwoomdata.daily_prices`.

    See Also
    --------
    movers

    Examples
    --------
    >>> import kiwoomdata as kd
    >>> kd.use("simulator")
    >>> frame = kd.search_ranking()
    >>> frame.height > 0
    True
    """
    return listing(ranking.SEARCH_RANKING, {"window": window}, options)


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


@question
def extremes(
    kind: Literal["new_high", "new_low", "near_high", "near_low"] = "new_high",
    market: Market = "all",
    *,
    days: Literal[5, 10, 20, 60, 250] = 250,
    basis: Literal["intraday", "close"] = "intraday",
    within: float = 1.0,
    stocks: str | None = None,
    credit: str | None = None,
    min_volume: str | None = None,
    limits: Literal["exclude", "include"] | None = None,
    venue: Venue = "krx",
    **options: Unpack[Options],
) -> Plan:
    """Stocks at a new high or low, or near the day's (신고저가, 고저가근접).

    One row is one stock, in the server's order.

    Parameters
    ----------
    kind
        ``"new_high"`` and ``"new_low"`` of some days, ``"near_high"`` and ``"near_low"`` of today.
    market
        ``"all"``, ``"kospi"`` or ``"kosdaq"``.
    days
        Of how many days the high or low is new.
    basis
        Whether prices within the day count, or closes alone.
    within
        How near, in percent: 0.5, 1.0, 1.5, 2.0, 2.5 or 3.0.
    stocks, credit, min_volume, limits
        Filters by their words; :func:`kiwoomdata.describe` lists those of each TR.
    venue
        ``"krx"`` (default), ``"nxt"`` or ``"all"``.

    Returns
    -------
    DataFrame
        ``symbol`` (String), ``venue`` (Enum), ``name`` (String), ``price`` (Int64, KRW), ``direction``
        (Enum), ``change`` (Int64, KRW), ``change_pct`` (Float64, %), ``volume`` (Int64, shares), ``ask bid
        high low`` (Int64, KRW); of new ones ``volume_ratio_pct`` (Float64, %, of the day before).

    Notes
    -----
    Sources: ka10016 (신고저가요청; 45 rows at most were seen), ka10018 (고저가근접요청). Never final.
    Errors as in :func:`kiwoomdata.daily_prices`.

    See Also
    --------
    limit_moves
    movers

    Examples
    --------
    >>> import kiwoomdata as kd
    >>> kd.use("simulator")
    >>> kd.extremes("near_high", "kospi").columns[:3]
    ['symbol', 'venue', 'name']
    """
    words = ("new_high", "new_low", "near_high", "near_low")
    how, _, side = one_of("kind", kind, words).partition("_")
    filters = {"stocks": stocks, "credit": credit, "min_volume": min_volume, "limits": limits}
    asked: dict[str, Any] = {"kind": side, "market": market, "venue": venue}
    if how == "new":
        endpoint = extremes_.NEW_EXTREMES
        asked |= {"days": str(days), "basis": basis}
    else:
        endpoint = extremes_.NEAR_EXTREMES
        asked |= {"within": str(float(within))}
    return listing(endpoint, asked | filtered(endpoint, filters), options, venue=venue)
