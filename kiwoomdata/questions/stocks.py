"""Stocks: what is listed, quotes of many at once, interruptions, and who trades one."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal, Unpack

import polars as pl

from kiwoomdata.arguments import Symbols, words
from kiwoomdata.entries import broker, stock
from kiwoomdata.errors import EmptyAnswer
from kiwoomdata.frames import beyond, placed
from kiwoomdata.query import Options, Parts, Plan, Shape, for_symbols, joined, question, single
from kiwoomdata.questions.flows import AnyMarket
from kiwoomdata.questions.prices import Venue
from kiwoomdata.questions.shapes import with_symbol
from kiwoomdata.telling import listed, warn

__all__ = ["broker_board", "quotes", "stocks", "vi_events"]

Listing = Literal[
    "kospi", "kosdaq", "konex", "k_otc", "etf", "elw", "reit", "rights", "mutual_fund", "high_yield"
]
_QUOTED = (
    "date",
    "time",
    "name",
    "price",
    "open",
    "high",
    "low",
    "close",
    "base_price",
    "change",
    "change_pct",
)
_MILLION = 1_000_000


@question
def stocks(market: Listing = "kospi", **options: Unpack[Options]) -> Plan:
    """What is listed on a market: code, name, shares, sector, warnings, and whether it is traded on NXT.

    One row is one listed code, in the server's order. ETFs, ETNs (their codes without the Q) and REITs come
    with KOSPI as well: ``market_code`` 8, 60 and 90, 6.

    Parameters
    ----------
    market
        ``"kospi"``, ``"kosdaq"``, ``"konex"``, ``"k_otc"``, ``"etf"``, ``"elw"``, ``"reit"``, ``"rights"``,
        ``"mutual_fund"`` or ``"high_yield"``.

    Returns
    -------
    DataFrame
        ``symbol name`` (String), ``listed_shares`` (Int64, shares), ``audit_state`` (String),
        ``listing_date`` (Date), ``previous_close`` (Int64, KRW), ``state`` (String, several words joined by a
        bar), ``market_code market sector size_class company_class`` (String), ``warning`` (Enum none,
        etf_caution, liquidation, overheated, risk, warning), ``on_nxt`` (Boolean; null where the server
        leaves it blank), ``kind`` (String: A a stock, Q an ETN), and when it was so: ``date`` (Date) and
        ``fetched_at`` (Datetime).

    Notes
    -----
    Source: ka10099 (종목정보 리스트). The whole market is one answer, which may change with each day.
    Errors as in :func:`kiwoomdata.daily_prices`.

    See Also
    --------
    quotes : what they trade at now.
    sector_stocks : the stocks of a sector.
    theme_stocks : the stocks of a theme.
    find : functions, not stocks, by words.

    Examples
    --------
    >>> import kiwoomdata as kd
    >>> kd.use("simulator")
    >>> kd.stocks("kospi").filter(symbol="005930").select("name", "on_nxt").row(0)
    ('삼성전자', True)
    """
    if (named := str(market).strip().lower()) in ("kospi200", "krx100"):
        raise ValueError(
            f"market: {named!r} is an index, not a market; kd.sector_stocks({named!r}) gives its stocks, and "
            "every function of symbols takes that frame"
        )
    jobs = single(stock.STOCKS, {"market": market})
    return Plan(jobs, lambda parts: parts["stocks"].rename({"code": "symbol"}), order=(), options=options)


@question
def quotes(symbol: Symbols, *, venue: Venue | None = None, **options: Unpack[Options]) -> Plan:
    """Price, session, book of five levels, totals and market value of many stocks at once.

    One row is one symbol, in the order given. A code that the server does not know is a row of nulls, and is
    told with :class:`kiwoomdata.EmptyAnswer`.

    Parameters
    ----------
    symbol
        A code or a list of codes; a hundred are one request.
    venue
        ``"krx"`` (default), ``"nxt"`` or ``"all"``.

    Returns
    -------
    DataFrame
        ``symbol venue``, ``date time name``, ``price open high low close base_price change upper_limit
        lower_limit ask bid ask_price_1`` … ``bid_price_5 expected_price par_value`` (Int64, KRW),
        ``change_pct strength volume_ratio_pct`` (Float64, %), ``direction side`` (Enum), ``volume quantity
        listed_shares`` and the book's quantities (Int64, shares), ``value market_cap capital`` (Int64, KRW),
        the columns of ELWs, which :func:`kiwoomdata.describe` lists with their units, and ``fetched_at``
        (Datetime).

    Notes
    -----
    Source: ka10095 (관심종목정보요청). One request for each 100 codes. Never final. ``expected_price``
    keeps the closing auction's. Errors as in :func:`kiwoomdata.daily_prices`.

    See Also
    --------
    session_summary : more of each stock.
    quote_board : the whole board of one stock.
    stocks : what is listed.
    movers : the stocks that moved most.

    Examples
    --------
    >>> import kiwoomdata as kd
    >>> kd.use("simulator")
    >>> kd.quotes(["005930", "000660"])["symbol"].to_list()
    ['005930', '000660']
    """
    chunks = joined(stock.QUOTES, symbol, venue, {})
    unknown: set[str] = set()

    def shape_for(codes: list[str]) -> Shape:
        def shape(parts: Parts) -> pl.DataFrame:
            frame = parts["quotes"]
            said = [code.removeprefix("A") if code else "" for code in frame["code"]]
            stocks = [code[:6] for code in codes]
            # Each stands in its place, also one that nobody has; but what a row says goes before its place.
            if len(said) == len(codes) and all(
                code[:6] in ("", stock) for code, stock in zip(said, stocks, strict=True)
            ):
                of: list[str | None] = [*codes]
            else:
                asked = {**dict(zip(stocks, codes, strict=True)), **dict(zip(codes, codes, strict=True))}
                of = [asked.get(code, asked.get(code[:6], code)) or None for code in said]
            if frame.height:
                unknown.update(set(codes) - {code for code, own in zip(of, said, strict=True) if own})
            frame = frame.with_columns(code=pl.Series(of, dtype=pl.String)).drop_nulls("code")
            frame = with_symbol(frame, "krx")
            return frame.select("symbol", "venue", *_QUOTED, pl.exclude("symbol", "venue", *_QUOTED))

        return shape

    shapes = {name: shape_for(codes) for name, (codes, _) in chunks.items()}

    def told() -> tuple[str, ...]:
        codes = tuple(code for some, _ in chunks.values() for code in some if code in unknown)
        if codes:
            warn(
                f"ka10095: the server answered nothing for {listed(codes)}. It does so for a code that does "
                "not exist, and at a venue where the stock is not traded.",
                EmptyAnswer,
            )
        return codes

    jobs = {name: job for name, (_, job) in chunks.items()}
    return Plan(jobs, shapes, order=(), told=told, options=options)


@question
def vi_events(
    symbol: str | None = None,
    *,
    market: AnyMarket = "all",
    kind: Literal["all", "static", "dynamic", "both"] = "all",
    session: Literal["all", "regular", "after_hours"] = "all",
    direction: Literal["all", "up", "down"] = "all",
    exclude: str | Iterable[str] = (),
    min_volume: int | None = None,
    max_volume: int | None = None,
    min_value: int | None = None,
    max_value: int | None = None,
    venue: Venue = "krx",
    **options: Unpack[Options],
) -> Plan:
    """Volatility interruptions (변동성완화장치) of today's session.

    One row is one interruption of one stock, in the server's order; a release repeats it with its time.

    Parameters
    ----------
    symbol
        One code; left out: all of the market.
    market
        ``"all"``, ``"kospi"`` or ``"kosdaq"``.
    kind, session, direction
        Which interruptions: static, dynamic or ``"both"`` at once; of which session; upwards or downwards.
    exclude
        Groups to leave out, one or a list of ``"preferred"``, ``"administrative"``, ``"warning_or_risk"``,
        ``"caution"``, ``"attention"``, ``"overheated"``, ``"margin100"``, ``"etf"``, ``"etn"``.
    min_volume, max_volume
        Shares traded today.
    min_value, max_value
        KRW traded today, in whole millions.
    venue
        ``"krx"``, ``"nxt"`` or ``"all"``.

    Returns
    -------
    DataFrame
        ``symbol venue name``, ``volume`` (Int64, shares), ``trigger_price dynamic_reference_price
        static_reference_price`` (Int64, KRW; the first is the trade's), ``dynamic_gap_pct static_gap_pct
        vs_open_pct`` (Float64, %), ``trigger_time release_time`` (Datetime), ``vi_type`` (String),
        ``vi_count`` (Int64), ``market kind`` (String, as asked), ``date`` (Date), ``fetched_at`` (Datetime).

    Notes
    -----
    Source: ka10054 (변동성완화장치발동종목요청). Never final. Errors as in
    :func:`kiwoomdata.daily_prices`.

    See Also
    --------
    limit_moves : stocks at their daily limit.
    surges : stocks that moved in the last minutes.
    movers : the stocks that moved most.

    Examples
    --------
    >>> import kiwoomdata as kd
    >>> kd.use("simulator")
    >>> kd.vi_events(market="kospi", exclude="etf").columns[:4]
    ['symbol', 'venue', 'name', 'volume']
    """
    volume = {"min_volume": min_volume, "max_volume": max_volume}
    value = {"min_value": _millions("min_value", min_value), "max_value": _millions("max_value", max_value)}
    limits = {name: limit for name, limit in {**volume, **value}.items() if limit is not None}
    jobs = single(
        stock.VI_EVENTS,
        {
            "market": market,
            "kind": kind,
            "session": session,
            "direction": direction,
            "venue": venue,
            "exclude": exclude,
            "symbol": symbol,
            **limits,
            "by_volume": "on" if volume.keys() & limits.keys() else "off",
            "by_value": "on" if value.keys() & limits.keys() else "off",
        },
        asked=words(stock.VI_EVENTS, market=market, kind=kind),
    )
    return Plan(jobs, lambda parts: _with_venue(parts["events"]), order=(), options=options)


def _with_venue(frame: pl.DataFrame) -> pl.DataFrame:
    """Symbol and venue in front; the venue that a row names goes before that of its code."""
    return with_symbol(frame, "krx").with_columns(pl.coalesce(frame["venue"], "venue").alias("venue"))


def _millions(name: str, value: int | None) -> int | None:
    if value is None:
        return None
    if not isinstance(value, int) or isinstance(value, bool):
        raise TypeError(f"{name}: expected a whole number of KRW, got {value!r}")
    if value % _MILLION:
        raise ValueError(f"{name}: the server takes whole millions of KRW, got {value:,}")
    return value // _MILLION


@question
def broker_board(symbol: Symbols, *, venue: Venue | None = None, **options: Unpack[Options]) -> Plan:
    """The five brokers that sold a stock most today, and the five that bought it most.

    One row is one place of one side of one symbol, sellers first; empty places are left out.

    Parameters
    ----------
    symbol, venue
        As in :func:`kiwoomdata.daily_prices`.

    Returns
    -------
    DataFrame
        ``symbol venue``, ``side`` (Enum sell, buy), ``rank`` (Int8, 1 is the biggest), ``broker
        broker_name`` (String), ``quantity`` (Int64, shares, of both sides positive), ``date`` (Date) and
        ``fetched_at`` (Datetime).

    Notes
    -----
    Source: ka10002 (주식거래원요청). One request for each symbol. Never final. Errors as in
    :func:`kiwoomdata.daily_prices`.

    See Also
    --------
    broker_trend : what one broker bought of a stock by day.
    broker_exits : brokers that left the first places today.
    broker_ranking : brokers of a stock over a range.

    Examples
    --------
    >>> import kiwoomdata as kd
    >>> kd.use("simulator")
    >>> kd.broker_board("005930").group_by("side", maintain_order=True).len().rows()
    [('sell', 5), ('buy', 5)]
    """

    def shape(parts: Parts) -> pl.DataFrame:
        wide = parts["board"]
        more = beyond(broker.BROKER_BOARD, wide)
        board = placed(wide, ("sell", "buy"), 5, ("broker", "broker_name", "quantity"), more)
        return board.filter(pl.col("broker_name").is_not_null() | (pl.col("quantity") != 0))

    jobs = for_symbols(broker.BROKER_BOARD, symbol, venue, {})
    return Plan(jobs, shape, order=(), options=options)
