"""What a lake holds: each table, the function that asks for its rows, and the TR behind them. Data."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Literal

import polars as pl

from kiwoomdata.entries import chart, investor, program, quote, short, stock
from kiwoomdata.entries.entry import Endpoint
from kiwoomdata.lake.recorded import FEED_TABLES
from kiwoomdata.questions.candles import candles
from kiwoomdata.questions.flows import investor_flows
from kiwoomdata.questions.foreigners import foreign_holdings
from kiwoomdata.questions.investors import investor_breakdown
from kiwoomdata.questions.lending import short_selling
from kiwoomdata.questions.prices import daily_prices
from kiwoomdata.questions.program import program_trend

__all__ = ["STOCKS", "TABLES", "LakeTable", "about_of", "chosen_tables"]

Basis = Literal["as traded", "as of"]


@dataclass(frozen=True)
class LakeTable:
    """One table: a row is one symbol's day, or minute, as its function gives it."""

    name: str
    endpoint: Endpoint
    ask: Callable[..., pl.DataFrame]
    basis: Basis = "as traded"
    """``"as of"``: the server gives the past in the shares of the day it is asked; a column ``as_of`` says
    which. ``"as traded"``: a split changes no row."""
    by_month: bool = False
    """A part holds a month, else a year."""
    when: str = "date"
    """The column that a row is dated by."""
    left_out: tuple[str, ...] = ()
    """Columns that depend on the question, so that rows of two questions do not fit together."""
    krx_alone: bool = False
    """Rows of other venues are not taken: nobody can tell a split from their prices."""

    @property
    def meaning(self) -> str:
        """The catalogue's version of this table: rows that were read by another rule are asked for anew."""
        assert self.endpoint.rows is not None
        return self.endpoint.rows.meaning

    @property
    def key(self) -> tuple[str, str, str]:
        return ("symbol", "venue", self.when)

    @property
    def day(self) -> pl.Expr:
        """The day of a row."""
        return pl.col(self.when) if self.when == "date" else pl.col(self.when).dt.date()


_TRADED = partial(candles, adjusted=False)
_TABLES = (
    LakeTable("candles", chart.DAILY_BARS, _TRADED, left_out=("finished",), krx_alone=True),
    LakeTable("daily_prices", quote.DAILY_PRICES, daily_prices),
    LakeTable("investor_flows", quote.DAILY_PRICES, partial(investor_flows, measure="value")),
    LakeTable("investor_breakdown", investor.INVESTORS_BY_DAY, investor_breakdown, basis="as of"),
    LakeTable("program_trend", program.STOCK_PROGRAM_BY_DAY, program_trend),
    LakeTable("foreign_holdings", investor.FOREIGN_HOLDINGS, foreign_holdings, basis="as of"),
    LakeTable(
        "short_selling",
        short.SHORT_SELLING,
        short_selling,
        basis="as of",
        left_out=("short_cumulative",),  # counts from the first day asked
    ),
    *(
        LakeTable(
            f"candles_{word}",
            chart.MINUTE_BARS,
            partial(_TRADED, interval=word),
            by_month=True,
            when="time",
            left_out=("finished",),  # what is not finished is not kept
            krx_alone=True,
        )
        for word in ("1m", "3m", "5m", "10m", "15m", "30m", "45m", "60m")
    ),
)
TABLES = {table.name: table for table in _TABLES}
STOCKS = "stocks"
"""The list of stocks, kept by the day on which it was asked for."""
STOCKS_ENDPOINT = stock.STOCKS


def about_of(table: str) -> dict[str, str]:
    """What stands in the metadata of a table's parts."""
    if table in TABLES:
        return {"basis": TABLES[table].basis, "catalogue": TABLES[table].meaning}
    if table in FEED_TABLES:
        return {"catalogue": FEED_TABLES[table].meaning}
    assert STOCKS_ENDPOINT.rows is not None
    return {"catalogue": STOCKS_ENDPOINT.rows.meaning}


def chosen_tables(what: str | Sequence[str]) -> list[str]:
    """The tables that were named, each once."""
    names = list(dict.fromkeys([what] if isinstance(what, str) else what))
    known = (STOCKS, *TABLES, *FEED_TABLES)
    for name in names:
        if name not in known:
            raise ValueError(f"what: expected any of {', '.join(known)}, got {name!r}")
    if not names:
        raise ValueError(f"what: the list is empty; give any of {', '.join(known)}")
    return names
