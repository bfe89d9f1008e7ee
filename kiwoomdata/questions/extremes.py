"""What stands out: highs and lows, limits, records, walls of volume, valuations, what is searched for."""

from __future__ import annotations

from typing import Any, Literal, Unpack

from kiwoomdata.arguments import one_of
from kiwoomdata.entries import extremes as extremes_
from kiwoomdata.entries import ranking
from kiwoomdata.query import Options, Plan, question
from kiwoomdata.questions.prices import Venue
from kiwoomdata.questions.shapes import Market, filtered, listing

__all__ = ["extremes", "limit_moves", "search_ranking", "valuation_ranking", "volume_records", "volume_walls"]


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
    >>> frame = kd.limit_moves(state="up")
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
