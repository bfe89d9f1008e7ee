"""Investor classes: of a stock by day, of sectors on a day."""

from __future__ import annotations

from typing import Literal, Unpack

import polars as pl

from kiwoomdata.arguments import DateLike, Symbols, chosen, date_range, past_day, words
from kiwoomdata.calendar import last_trading_day
from kiwoomdata.entries import investor, sector
from kiwoomdata.query import Options, Parts, Plan, client_of, for_symbols, question, single
from kiwoomdata.questions.flows import Market
from kiwoomdata.questions.prices import Measure, Venue

__all__ = ["investor_breakdown", "sector_flows"]

_CLASSES = tuple(column.name for column in investor.classes())


@question
def investor_breakdown(
    symbol: Symbols,
    start: DateLike | None = None,
    end: DateLike | None = None,
    *,
    period: str | None = None,
    measure: Measure = "shares",
    side: Literal["net", "buy", "sell"] = "net",
    venue: Venue | None = None,
    **options: Unpack[Options],
) -> Plan:
    """Thirteen investor classes of a stock by day: what each net bought, bought or sold.

    One row is one trading day of one symbol. All classes add up to 0 where they are nets.

    Parameters
    ----------
    symbol, start, end, period, venue
        As in :func:`kiwoomdata.daily_prices`; both ends inclusive.
    measure
        ``"shares"``, or ``"value"`` in KRW (exact to the million).
    side
        ``"net"`` (bought minus sold), ``"buy"`` or ``"sell"``; what was sold is positive, whatever sign the
        server writes.

    Returns
    -------
    DataFrame
        Ascending by date, then in the order of the symbols: ``date symbol venue``, ``close change`` (Int64,
        KRW), ``change_pct`` (Float64, %), ``volume`` (Int64, shares), ``value`` (Int64, KRW), ``individual
        foreign institution``, of the institutions ``financial_investment insurance investment_trust
        other_financial bank pension private_fund nation``, and ``other_corporation domestic_foreigner``
        (Int64), ``flow_unit`` (String, shares or KRW).

    Notes
    -----
    Source: ka10059 (종목별투자자기관별요청). 100 days a request. A row is final the next morning. Its
    foreigners are not those of :func:`kiwoomdata.daily_prices`. Errors as there.

    See Also
    --------
    investor_flows : individuals, institutions, foreign holdings and programs of a stock by day.
    investor_totals : the classes of a stock summed up over a range.
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
    >>> flows = kd.investor_breakdown("005930", "2024-01-02", "2024-01-05", measure="value")
    >>> flows.select("date", "foreign", "flow_unit").shape
    (4, 3)
    """
    client = client_of(options)
    today = client.today()
    first, last, notes = date_range(start, end, today, period)
    endpoint = investor.INVESTORS_BY_DAY
    word = chosen(endpoint, "measure", measure)
    params = {"until": last, "measure": word, "side": side}
    jobs = for_symbols(endpoint, symbol, venue, params, since=first, until=last)
    unit = pl.lit("KRW" if word == "value" else "shares").alias("flow_unit")
    served = [column.name for column in endpoint.parts[0].columns]
    before = [name for name in served if name not in (*_CLASSES, "direction")]

    def shape(parts: Parts) -> pl.DataFrame:
        frame = parts["investors"]
        more = [name for name in frame.columns if name not in served]
        return frame.select(*before, *_CLASSES, unit, *more)

    return Plan(jobs, shape, notes=notes, options=options)


@question
def sector_flows(
    date: DateLike | None = None,
    *,
    market: Market = "kospi",
    measure: Measure = "value",
    venue: Venue = "krx",
    **options: Unpack[Options],
) -> Plan:
    """What thirteen investor classes net bought in each sector of a market on one day.

    One row is one sector, in the server's order; the market as a whole comes first.

    Parameters
    ----------
    date
        The day; left out: the latest session. A day without a session has no rows.
    market
        ``"kospi"`` or ``"kosdaq"``.
    measure
        ``"value"`` in KRW (exact to the hundred million), or ``"shares"``, whose unit nobody has proven.
    venue
        ``"krx"``, ``"nxt"`` or ``"all"``.

    Returns
    -------
    DataFrame
        ``date`` (Date, as asked), ``sector name`` (String), ``index change`` (Float64, points),
        ``change_pct`` (Float64, %), ``volume`` (Int64, shares, exact to the thousand), ``individual foreign
        institution``, of the institutions ``securities insurance investment_trust bank merchant_bank pension
        private_fund nation``, and ``other_corporation domestic_foreigner`` (Int64, net buying),
        ``flow_unit`` (String, KRW or unknown), ``market`` (String, as asked), ``fetched_at`` (Datetime).

    Notes
    -----
    Source: ka10051 (업종별투자자순매수요청). One request. Final on the morning after the day. Errors as in
    :func:`kiwoomdata.daily_prices`.

    See Also
    --------
    sector_indices : how far each sector moved.
    closing_investor_trades : the classes in every stock of a market today.
    investor_flows : the classes of one stock by day.

    Examples
    --------
    >>> import kiwoomdata as kd
    >>> kd.use("simulator")
    >>> kd.sector_flows("2024-01-31")["name"][0]
    '종합(KOSPI)'
    """
    today = client_of(options).today()
    day = last_trading_day(today) if date is None else past_day(date, "date", today)
    endpoint = sector.SECTOR_FLOWS
    word = chosen(endpoint, "measure", measure)
    jobs = single(
        endpoint,
        {"date": day, "market": market, "measure": word, "venue": venue},
        asked=words(endpoint, market=market),
    )
    before = ("sector", "name", "index", "change", "change_pct", "volume")
    unit = pl.lit("KRW" if word == "value" else "unknown").alias("flow_unit")

    def shape(parts: Parts) -> pl.DataFrame:
        frame = parts["flows"].with_columns(pl.col("sector").str.replace("_(AL|NX)$", "")).drop("direction")
        # The names say where the unit is not known.
        three = [
            name + end for name in ("individual", "foreign", "institution") for end in ("", "_as_served")
        ]
        flows = [name for name in three if name in frame.columns]
        return frame.select(pl.lit(day).alias("date"), *before, *flows, pl.exclude(*before, *flows), unit)

    return Plan(jobs, shape, order=(), options=options)
