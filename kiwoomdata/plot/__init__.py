"""Charts of the frames, in matplotlib: ``pip install 'kiwoomdata[plot]'``.

Each takes a frame and draws it: polars or pandas, with English, Title-case or Korean column names.
Up is red and down is blue, amounts are in 억 and 조, and trading days stand side by side; see
:class:`kiwoomdata.plot.style.Style` for the other ways. Korean is written in a font that comes along,
and no setting of matplotlib is changed.

>>> import matplotlib; matplotlib.use("Agg")
>>> import kiwoomdata as kd; kd.use("simulator")
>>> figure = kd.plot.dashboard("005930", "2024-01-02", "2024-12-30")
"""

from __future__ import annotations

try:
    import matplotlib  # noqa: F401
    import narwhals  # noqa: F401
except ImportError as error:
    raise ImportError(f"charts need {error.name}: pip install 'kiwoomdata[plot]'") from error

from collections.abc import Callable

from matplotlib.axes import Axes

from kiwoomdata.plot.book import orderbook
from kiwoomdata.plot.breakdown import breakdown
from kiwoomdata.plot.daily import etf, foreign_holdings, short_selling
from kiwoomdata.plot.flows import investor_flows
from kiwoomdata.plot.market import movers, sectors
from kiwoomdata.plot.moving import LivePlot, live
from kiwoomdata.plot.overview import dashboard, intraday
from kiwoomdata.plot.price import candles
from kiwoomdata.plot.recorded import gaps, orderbook_history
from kiwoomdata.plot.strength import strength
from kiwoomdata.plot.trading import program

CHART_OF: dict[str, Callable[..., Axes]] = {
    **dict.fromkeys(("candles", "index_candles", "daily_prices", "price_table"), candles),
    **dict.fromkeys(("investor_flows",), investor_flows),
    **dict.fromkeys(("investor_breakdown", "closing_investor_trades"), breakdown),
    **dict.fromkeys(("program_trend", "program_cumulative"), program),
    **dict.fromkeys(("orderbook_snapshot", "quote_board", "after_hours_quote"), orderbook),
    **dict.fromkeys(("sector_flows", "sector_indices"), sectors),
    "trade_strength": strength,
    "movers": movers,
    "short_selling": short_selling,
    "foreign_holdings": foreign_holdings,
    "etf_daily": etf,
}
"""By the function whose frame it draws, the chart that is asked for most."""

__all__ = [
    "CHART_OF",
    "LivePlot",
    "breakdown",
    "candles",
    "dashboard",
    "etf",
    "foreign_holdings",
    "gaps",
    "intraday",
    "investor_flows",
    "live",
    "movers",
    "orderbook",
    "orderbook_history",
    "program",
    "sectors",
    "short_selling",
    "strength",
]


def __dir__() -> list[str]:
    return list(__all__)
