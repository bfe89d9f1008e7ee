"""Program trading by stock."""

from __future__ import annotations

from typing import Literal, Unpack

from kiwoomdata.arguments import DateLike, past_day
from kiwoomdata.calendar import last_trading_day
from kiwoomdata.entries import program
from kiwoomdata.query import Options, Plan, client_of, question
from kiwoomdata.questions.prices import Venue
from kiwoomdata.questions.shapes import listing

__all__ = ["program_by_stock", "program_ranking"]


@question
def program_by_stock(
    date: DateLike | None = None,
    market: Literal["kospi", "kosdaq"] = "kospi",
    *,
    venue: Venue = "krx",
    **options: Unpack[Options],
) -> Plan:
    """Program trading by stock on one day (종목별프로그램매매현황).

    One row is one stock.

    Parameters
    ----------
    date
        The day; left out, the last trading day.
    market
        The market.
    venue
        ``"krx"`` (default), ``"nxt"`` or ``"all"``.

    Returns
    -------
    DataFrame
        In the server's order: ``symbol`` (String), ``venue`` (Enum), ``name`` (String),
        ``price`` (Int64, KRW), ``direction`` (Enum), ``change`` (Int64, KRW), ``buy`` (Int64,
        shares), ``buy_value`` (Int64, KRW), ``sell`` (Int64, shares), ``sell_value
        net_buy_value`` (Int64, KRW), ``share_of_all_pct`` (Float64, %). Last, the day
        asked for and when: ``date`` (Date), ``fetched_at`` (Datetime).

    Notes
    -----
    Source: ka90004 (종목별프로그램매매현황요청). One request or few. Final on the morning after the last day
    asked for. The rows come in the order of codes. An unknown market is answered with one blank
    row. What total_6 is nobody has said. Errors as in :func:`kiwoomdata.daily_prices`.

    See Also
    --------
    program_ranking
    program_trend

    Examples
    --------
    >>> import kiwoomdata as kd
    >>> kd.use("simulator")
    >>> frame = kd.program_by_stock("2024-01-31")
    >>> frame.height > 0
    True
    """
    today = client_of(options).today()
    day = last_trading_day(today) if date is None else past_day(date, "date", today)
    return listing(
        program.PROGRAM_BY_STOCK, {"date": day, "market": market, "venue": venue}, options, venue=venue
    )


@question
def program_ranking(
    market: Literal["kospi", "kosdaq"] = "kospi",
    *,
    side: Literal["sell", "buy"] = "buy",
    measure: Literal["value", "shares"] = "value",
    venue: Venue = "krx",
    **options: Unpack[Options],
) -> Plan:
    """The stocks that programs bought or sold most today (프로그램순매수상위).

    One row is one stock.

    Parameters
    ----------
    side
        Which side.
    measure
        ``"value"`` in KRW, or ``"shares"``.
    market
        The market.
    venue
        ``"krx"`` (default), ``"nxt"`` or ``"all"``.

    Returns
    -------
    DataFrame
        In the server's order: ``symbol`` (String), ``venue`` (Enum), ``rank`` (Int64), ``name``
        (String), ``price`` (Int64, KRW), ``direction`` (Enum), ``change`` (Int64, KRW),
        ``change_pct`` (Float64, %), ``volume`` (Int64, shares), ``sell_value buy_value
        net_buy_value`` (Int64, KRW); with ``measure="shares"`` ``sell buy net_buy`` (Int64, shares) in
        their place.

    Notes
    -----
    Source: ka90003 (프로그램순매수상위50요청). One request or few. Never final. 15 rows came, not 50 (live,
    2026); before the open there are none. The keys say amounts also where shares are asked. Errors
    as in :func:`kiwoomdata.daily_prices`.

    See Also
    --------
    program_by_stock

    Examples
    --------
    >>> import kiwoomdata as kd
    >>> kd.use("simulator")
    >>> frame = kd.program_ranking()
    >>> frame.height > 0
    True
    """
    return listing(
        program.PROGRAM_RANKING,
        {"side": side, "measure": measure, "market": market, "venue": venue},
        options,
        venue=venue,
    )
