"""Who buys and who sells: investors, institutions, foreigners, brokers."""

from __future__ import annotations

from datetime import date, datetime
from typing import Literal, Unpack

import polars as pl

from kiwoomdata.arguments import DateLike, Symbols, chosen, date_range, words
from kiwoomdata.calendar import last_trading_day, nth_trading_day_before, session_hours
from kiwoomdata.entries import quote
from kiwoomdata.frames import beyond
from kiwoomdata.query import Options, Parts, Plan, client_of, for_symbols, question, single
from kiwoomdata.questions.prices import Measure, Venue, flow_columns
from kiwoomdata.questions.shapes import with_symbol

__all__ = ["closing_investor_trades", "intraday_investor_trades", "investor_flows"]

Market = Literal["kospi", "kosdaq"]
AnyMarket = Literal["all", "kospi", "kosdaq"]
Investor = Literal[
    "foreign",
    "institution",
    "investment_trust",
    "insurance",
    "bank",
    "pension",
    "nation",
    "other_corporation",
]


@question
def investor_flows(
    symbol: Symbols,
    start: DateLike | None = None,
    end: DateLike | None = None,
    *,
    period: str | None = None,
    venue: Venue | None = None,
    measure: Measure = "shares",
    **options: Unpack[Options],
) -> Plan:
    """Net buying of a stock by individuals, institutions, foreigners, foreign brokers and programs.

    One row is one trading day of one symbol. Positive is net buying.

    Parameters
    ----------
    symbol, start, end, period, venue
        As in :func:`kiwoomdata.daily_prices`; both ends inclusive.
    measure
        ``"shares"``, or ``"value"`` in KRW. **Foreign is in shares either way**: the exchange gives no
        amount. The frame says so in ``foreign_unit``.

    Returns
    -------
    DataFrame
        Ascending by date, then in the order of the symbols: ``date`` (Date), ``symbol`` (String),
        ``venue`` (Enum), ``individual institution foreign foreign_brokers program`` (Int64; with
        ``measure="value"`` ``foreign_brokers_as_served``, for nobody has shown its unit then), ``flow_unit
        foreign_unit`` (String).

    Notes
    -----
    Source: ka10086 (일별주가요청), 20 rows a request. Final the next morning; provisional during the
    session. ``foreign`` is the day's change of what foreigners **hold**, not the flow of foreign investors
    that other lists tell (ka10059, ka10066): the two may differ in size and in sign, and neither can be
    checked by the other. ``foreign_brokers`` (외국계) is an estimate from the brokers' own trades and
    differs from both. For NXT, individual and institution are NXT's own while foreign mirrors KRX. Errors as
    in :func:`kiwoomdata.daily_prices`.

    See Also
    --------
    investor_breakdown : thirteen classes of a stock by day, in shares or won.
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
    >>> flows = kd.investor_flows("005930", "2024-01-02", "2024-01-31", measure="value")
    >>> flows["flow_unit"].unique().to_list(), flows["foreign_unit"].unique().to_list()
    (['KRW'], ['shares'])
    """
    today = client_of(options).today()
    first, last, notes = date_range(start, end, today, period)
    unit = chosen(quote.DAILY_PRICES, "measure", measure)
    jobs = for_symbols(
        quote.DAILY_PRICES, symbol, venue, {"until": last, "measure": unit}, since=first, until=last
    )

    def shape(parts: Parts) -> pl.DataFrame:
        frame = parts["prices"]
        return frame.select("date", *flow_columns(unit), *beyond(quote.DAILY_PRICES, frame))

    return Plan(jobs, shape, notes=notes, together=shape, options=options)


@question
def intraday_investor_trades(
    investor: Investor = "foreign",
    *,
    market: AnyMarket = "all",
    measure: Measure = "value",
    venue: Venue = "krx",
    foreign_brokers: Literal["include", "exclude"] = "exclude",
    simultaneous: Literal["any", "only"] = "any",
    **options: Unpack[Options],
) -> Plan:
    """What one class of investor trades in each stock during the session (provisional).

    One row is one stock, in the server's order. Live, **only foreigners have rows, and only from 09:00 to
    15:30**: every other class was answered with nothing on every day tried (August 2026).

    Parameters
    ----------
    investor
        ``"foreign"``, ``"institution"``, ``"investment_trust"``, ``"insurance"``, ``"bank"``,
        ``"pension"``, ``"nation"`` or ``"other_corporation"``.
    measure
        What is asked for. Live it changes nothing: shares and amounts come side by side. The newer guide
        lists ``"value"`` alone.
    foreign_brokers
        ``"include"`` gives another aggregate; nobody has said of whom.
    simultaneous
        ``"only"``: stocks that several classes buy at once. Live it changes nothing.

    Returns
    -------
    DataFrame
        ``symbol venue name``, ``price change`` (Int64, KRW), ``direction``, ``change_pct`` (Float64, %),
        ``volume`` (Int64, shares), ``net_buy previous_net_buy net_buy_change buy buy_change sell
        sell_change`` (Int64, shares, to the thousand) and ``net_buy_value previous_net_buy_value
        net_buy_value_change buy_value buy_value_change sell_value sell_value_change`` (Int64, KRW, exact
        to the million). What was sold is positive, though the server writes it negative:
        ``net_buy = buy - sell``, ``net_buy_change = buy_change - sell_change``. Last, what was asked and
        when: ``market investor`` (String), ``date`` (Date: the session; null before an open, when it cannot
        be known) and ``fetched_at`` (Datetime, Asia/Seoul).

    Warns
    -----
    EmptyAnswer
        No rows: another class than foreigners, or a time outside the session.

    Notes
    -----
    Source: ka10063 (장중투자자별매매요청). Never final. Errors as in :func:`kiwoomdata.daily_prices`.

    See Also
    --------
    investor_breakdown : thirteen classes of a stock by day, in shares or won.
    investor_flows : individuals, institutions, foreign holdings and programs of a stock by day.
    investor_totals : the classes of a stock summed up over a range.
    intraday_investor_flow : the classes of a stock through today.
    closing_investor_trades : twelve classes in every stock of a market today.
    institution_trend : institutions and foreigners of a stock by day, cumulated, with their average prices.
    institution_trades : the stocks that institutions bought or sold over a range.
    program_trend : program trading of a stock or a market, by day or through one.

    Examples
    --------
    >>> import kiwoomdata as kd
    >>> kd.use("simulator")
    >>> trades = kd.intraday_investor_trades("foreign", market="kospi")
    >>> bool((trades["net_buy"] == trades["buy"] - trades["sell"]).all())
    True
    """
    asked = words(quote.INTRADAY_INVESTOR_TRADES, market=market, investor=investor)
    place = chosen(quote.INTRADAY_INVESTOR_TRADES, "venue", venue)
    params = {
        "market": market,
        "measure": measure,
        "investor": investor,
        "foreign_brokers": foreign_brokers,
        "simultaneous": simultaneous,
        "venue": place,
    }
    return Plan(
        single(quote.INTRADAY_INVESTOR_TRADES, params, asked=asked),
        lambda parts: with_symbol(parts["trades"], place),
        order=(),
        options=options,
    )


@question
def closing_investor_trades(
    market: AnyMarket = "all",
    *,
    side: Literal["net", "buy", "sell"] = "net",
    measure: Measure = "value",
    venue: Venue = "krx",
    **options: Unpack[Options],
) -> Plan:
    """Twelve classes of investor for each stock, after the close.

    One row is one stock, in the server's order. **Before and during a session the investors are those of
    the last completed one**, until some hour of the evening, while price, change and volume are of now:
    so the columns of a row may be of two days (measured live in August 2026).

    Parameters
    ----------
    side
        ``"net"`` buying, or gross ``"buy"`` or ``"sell"``.
    measure
        The investors as ``"value"`` in KRW (exact to the million) or in ``"shares"``.

    Returns
    -------
    DataFrame
        ``symbol venue name``, ``investors_date`` (Date: the session of the investors; null from the close
        to midnight, for nobody has said at what hour the server turns to the new one), ``price change``
        (Int64, KRW), ``direction``, ``change_pct`` (Float64, %), ``volume`` (Int64, shares),
        ``individual foreign institution financial_investment insurance investment_trust
        other_financial bank pension private_fund nation other_corporation`` (Int64, KRW or shares).
        ``foreign`` lacks the domestic foreigners, so the classes need not add up to 0. What was
        sold (``side="sell"``) is positive, whatever sign the server writes. Last, what was asked and when:
        ``market side measure`` (String), ``date`` (Date: the session of the prices; null before an open, when
        it cannot be known) and ``fetched_at`` (Datetime, Asia/Seoul).

    Notes
    -----
    Source: ka10066 (장마감후투자자별매매요청), 100 stocks a request. Errors as in
    :func:`kiwoomdata.daily_prices`.

    See Also
    --------
    investor_breakdown : thirteen classes of a stock by day, in shares or won.
    investor_flows : individuals, institutions, foreign holdings and programs of a stock by day.
    investor_totals : the classes of a stock summed up over a range.
    intraday_investor_flow : the classes of a stock through today.
    intraday_investor_trades : one class in every stock during the session.
    institution_trend : institutions and foreigners of a stock by day, cumulated, with their average prices.
    institution_trades : the stocks that institutions bought or sold over a range.
    program_trend : program trading of a stock or a market, by day or through one.

    Examples
    --------
    >>> import kiwoomdata as kd
    >>> kd.use("simulator")
    >>> kd.closing_investor_trades("kosdaq").columns[9:12]
    ['individual', 'foreign', 'institution']
    """
    client = client_of(options)
    asked = words(quote.CLOSING_INVESTOR_TRADES, market=market, side=side, measure=measure)
    place = chosen(quote.CLOSING_INVESTOR_TRADES, "venue", venue)
    params = {"market": market, "measure": measure, "side": side, "venue": place}

    def shape(parts: Parts) -> pl.DataFrame:
        day = pl.lit(_investors_day(client.now()), dtype=pl.Date).alias("investors_date")
        front = ("symbol", "venue", "name")
        return with_symbol(parts["trades"], place).select(*front, day, pl.exclude(front))

    return Plan(
        single(quote.CLOSING_INVESTOR_TRADES, params, asked=asked),
        shape,
        order=(),
        options=options,
    )


def _investors_day(now: datetime) -> date | None:
    """The session whose investors ka10066 tells at a moment, where that is known."""
    today = now.date()
    hours = session_hours(today)
    if hours is None:
        return last_trading_day(today)
    return nth_trading_day_before(today, 1) if now.time() < hours[1] else None
