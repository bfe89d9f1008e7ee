"""Institutions, foreigners and brokers: what they bought and sold over a range of days."""

from __future__ import annotations

import re
from datetime import date
from typing import Literal, Unpack

import polars as pl

from kiwoomdata.arguments import DateLike, Symbols, chosen, date_range, words
from kiwoomdata.entries import quote
from kiwoomdata.frames import beyond
from kiwoomdata.query import Options, Parts, Plan, client_of, for_symbols, question, single
from kiwoomdata.questions.flows import Market
from kiwoomdata.questions.prices import Venue, each_halted
from kiwoomdata.questions.shapes import with_symbol

__all__ = ["broker_trend", "institution_trades", "institution_trend"]


@question
def institution_trades(
    start: DateLike | None = None,
    end: DateLike | None = None,
    *,
    period: str | None = None,
    side: Literal["buy", "sell"] = "buy",
    market: Market = "kospi",
    venue: Venue = "krx",
    **options: Unpack[Options],
) -> Plan:
    """The stocks that institutions bought (or sold) on balance over a range of days.

    One row is one stock, in the server's order.

    Parameters
    ----------
    start, end, period
        As in :func:`kiwoomdata.daily_prices`; both ends inclusive.
    side
        ``"buy"`` for net bought stocks, ``"sell"`` for net sold ones (negative).
    market, venue
        ``"kospi"`` or ``"kosdaq"``; ``"krx"``, ``"nxt"`` or ``"all"``.

    Returns
    -------
    DataFrame
        ``symbol venue name``, ``net_buy`` (Int64, shares, to the hundred), ``net_buy_value`` (Int64, KRW,
        exact to the million), ``estimated_price vs_estimate`` (Float64, KRW), ``price`` (Int64, KRW),
        ``vs_estimate_pct`` (Float64, %). Last, what was asked and when: ``market side`` (String), ``start
        end`` (Date) and ``fetched_at`` (Datetime, Asia/Seoul).

    Notes
    -----
    Source: ka10044 (일별기관매매종목요청). Errors as in :func:`kiwoomdata.daily_prices`.

    See Also
    --------
    investor_breakdown : thirteen classes of a stock by day, in shares or won.
    investor_flows : individuals, institutions, foreign holdings and programs of a stock by day.
    investor_totals : the classes of a stock summed up over a range.
    intraday_investor_flow : the classes of a stock through today.
    intraday_investor_trades : one class in every stock during the session.
    closing_investor_trades : twelve classes in every stock of a market today.
    institution_trend : institutions and foreigners of a stock by day, cumulated, with their average prices.
    program_trend : program trading of a stock or a market, by day or through one.

    Examples
    --------
    >>> import kiwoomdata as kd
    >>> kd.use("simulator")
    >>> bought = kd.institution_trades("2024-01-02", "2024-01-31", market="kosdaq")
    >>> bool((bought["net_buy"] >= 0).all())
    True
    """
    first, last, notes = date_range(start, end, client_of(options).today(), period)
    place = chosen(quote.INSTITUTION_TRADES, "venue", venue)
    jobs = single(
        quote.INSTITUTION_TRADES,
        {"start": first, "end": last, "side": side, "market": market, "venue": place},
        asked={**words(quote.INSTITUTION_TRADES, market=market, side=side), "start": first, "end": last},
        dated=False,
    )
    return Plan(
        jobs, lambda parts: with_symbol(parts["trades"], place), order=(), notes=notes, options=options
    )


@question
def institution_trend(
    symbol: Symbols,
    start: DateLike | None = None,
    end: DateLike | None = None,
    *,
    period: str | None = None,
    venue: Venue | None = None,
    institution_price: Literal["buy", "sell"] = "buy",
    foreign_price: Literal["buy", "sell"] = "buy",
    **options: Unpack[Options],
) -> Plan:
    """Institutions' and foreigners' net buying day by day, cumulated, with their estimated average prices.

    One row is one trading day of one symbol; both ends inclusive.

    Parameters
    ----------
    institution_price, foreign_price
        Whether the estimated average price is that of ``"buy"`` or of ``"sell"`` days, as the guide says.
        **They change nothing at the live server** (2026).

    Returns
    -------
    DataFrame
        Ascending: ``date symbol venue``, ``close change`` (Int64, KRW), ``direction``, ``change_pct``
        (Float64, %), ``volume institution_cumulative institution_net_buy foreign_cumulative
        foreign_net_buy`` (Int64, shares), ``foreign_limit_used_pct`` (Float64, %), ``halted`` (Boolean, as
        in :func:`kiwoomdata.daily_prices`), and the same on each row of a symbol, ``institution_average
        foreign_average`` (Float64, KRW).

        ``foreign_net_buy`` is the day's change of what foreigners **hold**, not the flow of foreign
        investors that other lists tell: the two may differ in size and in sign. Today's flows read 0 at
        the server until they are known: here they are null, and so are the sums of today.

    Notes
    -----
    Source: ka10045 (종목별기관매매추이요청). Final the next morning. Cumulated from the first day asked
    for. With ``venue="all"`` the close is the last trade anywhere beside the change of KRX's. Errors as in
    :func:`kiwoomdata.daily_prices`.

    See Also
    --------
    investor_breakdown : thirteen classes of a stock by day, in shares or won.
    investor_flows : individuals, institutions, foreign holdings and programs of a stock by day.
    investor_totals : the classes of a stock summed up over a range.
    intraday_investor_flow : the classes of a stock through today.
    intraday_investor_trades : one class in every stock during the session.
    closing_investor_trades : twelve classes in every stock of a market today.
    institution_trades : the stocks that institutions bought or sold over a range.
    program_trend : program trading of a stock or a market, by day or through one.

    Examples
    --------
    >>> import kiwoomdata as kd
    >>> kd.use("simulator")
    >>> trend = kd.institution_trend("005930", "2024-01-02", "2024-01-31")
    >>> trend["institution_average"].n_unique()
    1
    """
    client = client_of(options)
    today = client.today()
    first, last, notes = date_range(start, end, today, period)
    params = {
        "start": first,
        "end": last,
        "institution_price": institution_price,
        "foreign_price": foreign_price,
    }
    jobs = for_symbols(quote.INSTITUTION_TREND, symbol, venue, params, since=first, until=last)

    def shape(parts: Parts, still: pl.Expr) -> pl.DataFrame:
        trend, more = parts["trend"], beyond(quote.INSTITUTION_TREND, parts["averages"])
        averages = parts["averages"].select("institution_average", "foreign_average", *more)
        known = [averages[name] if averages.height else pl.Series(name, [None]) for name in averages.columns]
        return trend.with_columns(
            *_known_by(today, "institution"),
            *_known_by(today, "foreign"),
            still,
            *(pl.lit(values[0], dtype=averages.schema[values.name]).alias(values.name) for values in known),
        )

    return Plan(jobs, each_halted(client, jobs, shape), notes=notes, options=options)


_FLOW = ("net_buy", "cumulative")


def _known_by(today: date, party: str) -> list[pl.Expr]:
    """A party's flow and its sum; those of today are not known while the server writes 0."""
    unknown = (pl.col("date") == today) & (pl.col(f"{party}_net_buy") == 0)
    return [pl.when(~unknown).then(f"{party}_{name}").alias(f"{party}_{name}") for name in _FLOW]


@question
def broker_trend(
    broker: str,
    symbol: Symbols,
    start: DateLike | None = None,
    end: DateLike | None = None,
    *,
    period: str | None = None,
    venue: Venue | None = None,
    **options: Unpack[Options],
) -> Plan:
    """What one broker's clients bought and sold of a stock, day by day.

    One row is one trading day of one symbol; both ends inclusive.

    Parameters
    ----------
    broker
        The broker's code of three characters, such as ``"001"`` (the exchange's member code); ``"0000"``
        seems to be all foreign brokers together.

    Returns
    -------
    DataFrame
        Ascending: ``date symbol venue``, ``close change`` (Int64, KRW), ``direction``, ``change_pct``
        (Float64, %), ``volume net_buy buy sell`` (Int64, shares).

    Notes
    -----
    Source: ka10078 (증권사별종목매매동향요청). Final the next morning. Nobody has shown that it has a row for
    each trading day (a day on which the broker's clients did nothing may have none), so days that are
    missing are not told. Errors as in :func:`kiwoomdata.daily_prices`.

    See Also
    --------
    broker_board : the brokers of a stock today.
    broker_ranking : brokers of a stock over a range.
    broker_stocks : the stocks that a broker traded most.

    Examples
    --------
    >>> import kiwoomdata as kd
    >>> kd.use("simulator")
    >>> trend = kd.broker_trend("001", "005930", "2024-01-02", "2024-01-31")
    >>> bool((trend["net_buy"] == trend["buy"] - trend["sell"]).all())
    True
    """
    if not isinstance(broker, str):
        raise TypeError(f"broker: expected a code of three characters such as '001', got {broker!r}")
    if not re.fullmatch(r"[0-9A-Z]{3}|0000", broker):
        raise ValueError(f"broker: expected a code of three characters such as '001', got {broker!r}")
    today = client_of(options).today()
    first, last, notes = date_range(start, end, today, period)
    params = {"broker": broker, "start": first, "end": last}
    jobs = for_symbols(quote.BROKER_TREND, symbol, venue, params, since=first, until=last)
    return Plan(jobs, lambda parts: parts["trend"], notes=notes, options=options)
