"""Member firms: who trades what."""

from __future__ import annotations

from typing import Literal, Unpack

from kiwoomdata.arguments import DateLike, Symbols, date_range
from kiwoomdata.entries import broker as broker_
from kiwoomdata.entries import stock
from kiwoomdata.query import Options, Plan, client_of, for_symbols, question, single
from kiwoomdata.questions.prices import Venue
from kiwoomdata.questions.shapes import given, listing

__all__ = ["broker_exits", "broker_ranking", "broker_stocks", "broker_ticks", "brokers"]


@question
def broker_ranking(
    symbol: Symbols,
    start: DateLike | None = None,
    end: DateLike | None = None,
    *,
    period: str | None = None,
    side: Literal["sell", "buy"] = "buy",
    venue: Venue | None = None,
    **options: Unpack[Options],
) -> Plan:
    """Brokers of a stock by what they bought and sold in a range (종목별증권사순위).

    One row is one broker of one symbol.

    Parameters
    ----------
    symbol
        A code such as ``"005930"``, or a list of codes.
    start, end
        First and last day, both inclusive; no ``end`` is today.
    period
        In place of ``start``: ``"1y"``, ``"6mo"``, ``"30d"``.
    side
        Which side.
    venue
        ``"krx"`` (default), ``"nxt"`` or ``"all"``.

    Returns
    -------
    DataFrame
        In the server's order: ``symbol`` (String), ``venue`` (Enum), ``rank`` (Int64),
        ``broker`` (String), ``buy sell net_buy`` (Int64, shares). Last, the days
        asked for and when: ``start end`` (Date), ``fetched_at`` (Datetime).

    Notes
    -----
    Source: ka10038 (종목별증권사순위요청). One request or few. Final on the morning after the last day asked
    for. The keys rank_1 to rank_3 are sums of shares: bought, sold, net. The request's side picks
    the brokers that were net sellers or net buyers. Errors as in :func:`kiwoomdata.daily_prices`.

    See Also
    --------
    broker_board
    broker_trend

    Examples
    --------
    >>> import kiwoomdata as kd
    >>> kd.use("simulator")
    >>> frame = kd.broker_ranking("005930", "2024-01-02", "2024-01-31")
    >>> frame.height > 0
    True
    """
    today = client_of(options).today()
    first, last, notes = date_range(start, end, today, period)
    jobs = for_symbols(
        broker_.BROKER_RANKING, symbol, venue, {"start": first, "end": last, "side": side, "days": "1"}
    )
    return Plan(jobs, lambda parts: parts["brokers"], order=(), notes=notes, options=options)


@question
def broker_stocks(
    broker: str,
    *,
    min_volume: Literal["all", "5k", "10k", "50k", "100k", "500k", "1m"] = "all",
    side: Literal["buy", "sell"] = "buy",
    days: Literal[1, 5, 10, 60] = 1,
    venue: Venue = "krx",
    **options: Unpack[Options],
) -> Plan:
    """The stocks that a broker bought or sold most (증권사별매매상위).

    One row is one stock.

    Parameters
    ----------
    broker
        A broker's code such as '001'.
    min_volume
        The least volume, in shares.
    side
        Which side.
    days
        How many days back.
    venue
        ``"krx"`` (default), ``"nxt"`` or ``"all"``.

    Returns
    -------
    DataFrame
        In the server's order: ``symbol`` (String), ``venue`` (Enum), ``rank`` (Int64), ``name``
        (String), ``period_change`` (Int64, KRW), ``change_pct`` (Float64, %), ``period_volume
        net_buy buy sell`` (Int64, shares), ``net_buy_value buy_value sell_value`` (Int64, KRW).

    Notes
    -----
    Source: ka10039 (증권사별매매상위요청). One request or few. Changes by the day; kept until 06:00. Values
    are in thousands of won; what was sold is written as a negative number. The codes carry the
    venue. Errors as in :func:`kiwoomdata.daily_prices`.

    See Also
    --------
    broker_ranking
    brokers

    Examples
    --------
    >>> import kiwoomdata as kd
    >>> kd.use("simulator")
    >>> frame = kd.broker_stocks("001")
    >>> frame.height > 0
    True
    """
    return listing(
        broker_.BROKER_STOCKS,
        {"broker": broker, "min_volume": min_volume, "side": side, "days": str(days), "venue": venue},
        options,
        venue=venue,
    )


@question
def broker_ticks(
    broker: str,
    market: Literal["all", "kospi", "kosdaq", "stock"] = "all",
    *,
    min_quantity: str = "all",
    price: Literal["all", "below_1k", "from_1k", "1k_2k", "2k_5k", "5k_10k", "from_10k"] = "all",
    venue: Venue = "krx",
    symbol: str | None = None,
    **options: Unpack[Options],
) -> Plan:
    """The trades of a broker as they happen (거래원순간거래량).

    One row is one trade of the broker.

    Parameters
    ----------
    broker
        A broker's code such as '001'.
    market
        The market.
    min_quantity
        The least quantity of a trade, in shares: ``"all"``, ``"1k"``, ``"2k"``, ``"3k"``, ``"5k"``,
        ``"10k"``, ``"30k"``, ``"50k"``, ``"100k"``.
    price
        A range of prices, in KRW.
    venue
        ``"krx"`` (default), ``"nxt"`` or ``"all"``.
    symbol
        One stock; left out, all.

    Returns
    -------
    DataFrame
        In the server's order: ``symbol`` (String), ``venue`` (Enum), ``time`` (Time), ``name
        broker`` (String), ``side`` (Enum), ``quantity cumulative_net_buy`` (Int64, shares),
        ``price`` (Int64, KRW), ``direction`` (Enum), ``change`` (Int64, KRW), ``change_pct``
        (Float64, %).

    Notes
    -----
    Source: ka10052 (거래원순간거래량요청). One request or few. Never final. The change is printed without a
    sign; the direction tells it. Errors as in :func:`kiwoomdata.daily_prices`.

    See Also
    --------
    broker_board
    brokers

    Examples
    --------
    >>> import kiwoomdata as kd
    >>> kd.use("simulator")
    >>> frame = kd.broker_ticks("001")
    >>> frame.height > 0
    True
    """
    return listing(
        broker_.BROKER_TICKS,
        given(
            {
                "broker": broker,
                "market": market,
                "min_quantity": min_quantity,
                "price": price,
                "venue": venue,
                "symbol": symbol,
            }
        ),
        options,
        venue=venue,
    )


@question
def broker_exits(
    symbol: Symbols,
    *,
    venue: Venue | None = None,
    **options: Unpack[Options],
) -> Plan:
    """Brokers that left the first places of a stock today (당일상위이탈원).

    One row is one place: a seller that left, and a buyer that left; the two are independent.

    Parameters
    ----------
    symbol
        A code such as ``"005930"``, or a list of codes.
    venue
        ``"krx"`` (default), ``"nxt"`` or ``"all"``.

    Returns
    -------
    DataFrame
        In the server's order: ``symbol`` (String), ``venue`` (Enum), ``sell_left_time`` (Time),
        ``sell`` (Int64, shares), ``sell_left_broker`` (String), ``buy_left_time`` (Time),
        ``buy`` (Int64, shares), ``buy_left_broker sell_left_broker_code buy_left_broker_code``
        (String).

    Notes
    -----
    Source: ka10053 (당일상위이탈원요청). One request or few. Never final. qry_dt and qry_tm hold codes of
    brokers. The sellers and the buyers of a row are two independent lists. Errors as in
    :func:`kiwoomdata.daily_prices`.

    See Also
    --------
    broker_board

    Examples
    --------
    >>> import kiwoomdata as kd
    >>> kd.use("simulator")
    >>> frame = kd.broker_exits("005930")
    >>> frame.height > 0
    True
    """
    jobs = for_symbols(broker_.BROKER_EXITS, symbol, venue, {})
    return Plan(jobs, lambda parts: parts["exits"], order=(), options=options)


@question
def brokers(
    **options: Unpack[Options],
) -> Plan:
    """The member firms of the exchange and their codes (회원사 리스트).

    One row is one member firm.

    Returns
    -------
    DataFrame
        In the server's order: ``broker name kind_code`` (String).

    Notes
    -----
    Source: ka10102 (회원사 리스트). One request or few. Changes by the day; kept until 06:00. One name
    may stand twice with two codes. kind_code 0 is domestic and 1 foreign; what 2 is nobody has
    said. Errors as in :func:`kiwoomdata.daily_prices`.

    See Also
    --------
    broker_ranking

    Examples
    --------
    >>> import kiwoomdata as kd
    >>> kd.use("simulator")
    >>> frame = kd.brokers()
    >>> frame.height > 0
    True
    """
    return Plan(single(stock.BROKERS, {}), lambda parts: parts["brokers"], order=(), options=options)
