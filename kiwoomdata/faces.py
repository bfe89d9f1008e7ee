"""The named functions, asked for something else than their frame: what they would cost, or a lazy frame.

``kd.estimate.daily_prices(...)`` and ``kd.scan.daily_prices(...)`` take what ``kd.daily_prices(...)`` takes.
A face has functions that plan (:class:`kiwoomdata.query.Plan`), and makes its own thing of the plan.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import wraps
from typing import TYPE_CHECKING, Any, Generic, NoReturn, ParamSpec, TypeAlias, TypeVar

import polars as pl

from kiwoomdata import cost
from kiwoomdata._public import FRAMES
from kiwoomdata.cost import Estimate
from kiwoomdata.errors import NotCached
from kiwoomdata.lazy import scanned
from kiwoomdata.query import Plan, client_of, empty_of
from kiwoomdata.questions import (
    brokers,
    candles,
    etf,
    extremes,
    flows,
    foreigners,
    institutions,
    investor_rankings,
    investors,
    lending,
    orderbook,
    prices,
    program,
    program_rankings,
    rankings,
    sectors,
    stocks,
    themes,
    trades,
)

__all__ = ["Estimate", "Functions", "Histories", "estimate", "scan"]

P = ParamSpec("P")
T = TypeVar("T")
Make: TypeAlias = Callable[[Callable[..., Plan], tuple[Any, ...], dict[str, Any]], T]
"""From what plans, and the arguments of a call, to what a face gives."""


class _Of(Generic[P]):
    """A named function as it stands in a face: with its arguments, giving what the face gives."""

    def __init__(self, function: Callable[P, object]) -> None:
        self._function = function

    def __get__(self, face: Histories[T], kind: type) -> Callable[P, T]:
        function: Any = self._function

        @wraps(function)
        def asked(*args: P.args, **kwargs: P.kwargs) -> T:
            return face.make(function.plan, args, kwargs)

        signature = inspect.signature(function)
        asked.__signature__ = signature.replace(return_annotation=face.gives)  # type: ignore[attr-defined]
        return asked


class Histories(Generic[T]):
    """The named functions of symbols and days, with the same arguments, each giving something else."""

    def __init__(self, name: str, gives: str, make: Make[T]) -> None:
        self.name, self.gives, self.make = name, gives, make

    def __repr__(self) -> str:
        return f"<kiwoomdata.{self.name}: named functions, giving {self.gives}>"

    if not TYPE_CHECKING:

        def __getattr__(self, name: str) -> NoReturn:
            eager = f"; kd.{name}() gives its frame" if name in FRAMES else ""
            raise AttributeError(f"kiwoomdata.{self.name} has no {name!r}{eager}")

    # One line a function, by module, and one of the module's own name last, which hides it; a test holds
    # them and the table of public names together.
    candles = _Of(candles.candles)
    etf_daily = _Of(etf.etf_daily)
    etf_daily_flows = _Of(etf.etf_daily_flows)
    foreign_holdings = _Of(foreigners.foreign_holdings)
    investor_flows = _Of(flows.investor_flows)
    broker_trend = _Of(institutions.broker_trend)
    investor_breakdown = _Of(investors.investor_breakdown)
    credit_trend = _Of(lending.credit_trend)
    short_selling = _Of(lending.short_selling)
    lending = _Of(lending.lending)
    daily_prices = _Of(prices.daily_prices)
    program_trend = _Of(program.program_trend)
    daily_detail = _Of(trades.daily_detail)


class Functions(Histories[T]):
    """All named functions."""

    broker_exits = _Of(brokers.broker_exits)
    broker_ranking = _Of(brokers.broker_ranking)
    broker_stocks = _Of(brokers.broker_stocks)
    broker_ticks = _Of(brokers.broker_ticks)
    brokers = _Of(brokers.brokers)
    index_candles = _Of(candles.index_candles)
    etf_info = _Of(etf.etf_info)
    etf_intraday = _Of(etf.etf_intraday)
    etf_quotes = _Of(etf.etf_quotes)
    etf_return = _Of(etf.etf_return)
    etf_trades = _Of(etf.etf_trades)
    closing_investor_trades = _Of(flows.closing_investor_trades)
    intraday_investor_trades = _Of(flows.intraday_investor_trades)
    institution_trades = _Of(institutions.institution_trades)
    institution_trend = _Of(institutions.institution_trend)
    buying_streaks = _Of(investor_rankings.buying_streaks)
    foreign_institution_ranking = _Of(foreigners.foreign_institution_ranking)
    foreign_ranking = _Of(foreigners.foreign_ranking)
    intraday_investor_flow = _Of(investor_rankings.intraday_investor_flow)
    investor_ranking = _Of(investor_rankings.investor_ranking)
    investor_totals = _Of(investor_rankings.investor_totals)
    same_side_ranking = _Of(foreigners.same_side_ranking)
    sector_flows = _Of(investors.sector_flows)
    credit_eligible = _Of(lending.credit_eligible)
    lending_by_stock = _Of(lending.lending_by_stock)
    lending_top = _Of(lending.lending_top)
    after_hours_quote = _Of(orderbook.after_hours_quote)
    orderbook_snapshot = _Of(orderbook.orderbook_snapshot)
    price_table = _Of(prices.price_table)
    quote_board = _Of(prices.quote_board)
    rights_quotes = _Of(prices.rights_quotes)
    session_summary = _Of(prices.session_summary)
    trade_strength = _Of(prices.trade_strength)
    arbitrage_balance = _Of(program.arbitrage_balance)
    program_cumulative = _Of(program.program_cumulative)
    program_by_stock = _Of(program_rankings.program_by_stock)
    program_ranking = _Of(program_rankings.program_ranking)
    credit_ranking = _Of(rankings.credit_ranking)
    limit_moves = _Of(extremes.limit_moves)
    most_traded = _Of(rankings.most_traded)
    movers = _Of(rankings.movers)
    order_imbalance = _Of(rankings.order_imbalance)
    search_ranking = _Of(extremes.search_ranking)
    surges = _Of(rankings.surges)
    valuation_ranking = _Of(extremes.valuation_ranking)
    volume_records = _Of(extremes.volume_records)
    volume_walls = _Of(extremes.volume_walls)
    extremes = _Of(extremes.extremes)
    sector_indices = _Of(sectors.sector_indices)
    sector_quote = _Of(sectors.sector_quote)
    sector_stocks = _Of(sectors.sector_stocks)
    sectors = _Of(sectors.sectors)
    broker_board = _Of(stocks.broker_board)
    quotes = _Of(stocks.quotes)
    vi_events = _Of(stocks.vi_events)
    stocks = _Of(stocks.stocks)
    theme_stocks = _Of(themes.theme_stocks)
    themes = _Of(themes.themes)
    stock_info = _Of(trades.stock_info)
    trades = _Of(trades.trades)


def _estimate(plan_of: Callable[..., Plan], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Estimate:
    try:
        plan = plan_of(*args, **{**kwargs, "offline": True})
    except NotCached as error:
        error.args = (
            "symbol: the list of names is not stored today, and nothing is sent for an estimate; pass codes",
        )
        raise
    client = client_of(plan.options)
    jobs = [(job, job.with_older) for job in plan.jobs.values()]
    return cost.of(client, jobs, empty_of(plan, client), refresh=bool(kwargs.get("refresh", False)))


estimate: Functions[Estimate] = Functions("estimate", "Estimate", _estimate)
"""What a call would cost, told before it sends anything: ``kd.estimate.candles("005930", "2020")``."""

scan: Histories[pl.LazyFrame] = Histories("scan", "LazyFrame", scanned)
"""The days of symbols as a lazy frame, whose filters on symbol and date narrow what is asked for."""
