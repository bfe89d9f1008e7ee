"""What the tests of charts share: the charts, and what is read back of a drawn one."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from typing import Any

import numpy as np
import polars as pl
from matplotlib.collections import PolyCollection
from matplotlib.colors import to_rgb
from matplotlib.text import Text

import kiwoomdata as kd
from kiwoomdata import plot
from kiwoomdata.calendar import trading_days

RED, BLUE, GREEN, GREY = (to_rgb(code) for code in ("#d92c3c", "#1e63c4", "#148a63", "#6b7580"))
OHLC = ("open", "high", "low", "close")
YEAR = ("2025-11-20", "2026-11-19")
Fetch = Callable[..., Any]
CHARTS: dict[str, tuple[Fetch, Callable[..., Any]]] = {
    "candles": (lambda **o: kd.daily_prices("005930", *YEAR, **o), plot.candles),
    "candles of a price table": (lambda **o: kd.price_table("000660", **o), plot.candles),
    "flows": (lambda **o: kd.daily_prices("005930", *YEAR, **o), plot.investor_flows),
    "flows in won": (
        lambda **o: kd.investor_flows("005930", *YEAR, measure="value", **o),
        plot.investor_flows,
    ),
    "flows by day": (
        lambda **o: kd.daily_prices("005930", "2026-09-01", "2026-11-19", measure="value", **o),
        lambda frame, **o: plot.investor_flows(frame, cumulative=False, **o),
    ),
    "program": (lambda **o: kd.program_trend(None, *YEAR, market="kospi", **o), plot.program),
    "program by day": (
        lambda **o: kd.program_trend(None, *YEAR, market="kospi", **o),
        lambda frame, **o: plot.program(frame, cumulative=False, **o),
    ),
    "program by time": (lambda **o: kd.program_trend(market="kospi", by="time", **o), plot.program),
    "program of a stock": (lambda **o: kd.program_trend("005930", *YEAR, **o), plot.program),
    "program as cumulated": (lambda **o: kd.program_cumulative(**o), plot.program),
    "book": (lambda **o: kd.orderbook_snapshot("005930", **o), plot.orderbook),
    "wide book": (
        lambda **o: kd.quote_board("005930", **o),
        lambda frame, **o: plot.orderbook(frame, cumulative=True, **o),
    ),
    "book after hours": (lambda **o: kd.after_hours_quote("00088K", **o), plot.orderbook),
    "strength by time": (lambda **o: kd.trade_strength("005930", **o), plot.strength),
    "strength by day": (lambda **o: kd.trade_strength("005930", by="day", **o), plot.strength),
    "breakdown": (lambda **o: kd.closing_investor_trades("kospi", **o), plot.breakdown),
    "classes": (lambda **o: kd.investor_breakdown("005930", *YEAR, **o), plot.breakdown),
    "classes stacked": (
        lambda **o: kd.investor_breakdown("005930", "2026-09-01", "2026-11-19", measure="value", **o),
        lambda frame, **o: plot.breakdown(frame, kind="stacked", **o),
    ),
    "movers": (lambda **o: kd.movers("kospi", **o), plot.movers),
    "sectors": (lambda **o: kd.sector_flows(**o), plot.sectors),
    "short selling": (
        lambda **o: kd.short_selling("005930", "2026-03-02", "2026-11-19", **o),
        plot.short_selling,
    ),
    "foreign holdings": (
        lambda **o: kd.foreign_holdings("005930", "2026-03-02", "2026-11-19", **o),
        plot.foreign_holdings,
    ),
    "etf": (lambda **o: kd.etf_daily("069500", "2026-03-02", "2026-11-19", **o), plot.etf),
}


def bars_of(days: int, start: float = 50_000.0, step: float = 100.0) -> pl.DataFrame:
    """Rising days: each opens where the last closed."""
    dates = trading_days(date(2024, 1, 2), date(2026, 11, 19))[:days]
    opens = start + step * np.arange(days)
    return pl.DataFrame(
        {
            "date": dates,
            "open": opens,
            "high": opens + 2 * step,
            "low": opens - step,
            "close": opens + step,
            "volume": np.full(days, 1_000),
        }
    )


def polygons(ax: Any) -> list[Any]:
    """The corners of the bars or bodies of axes."""
    found = next(each for each in ax.collections if isinstance(each, PolyCollection))
    return [path.vertices for path in found.get_paths()]


def colours(ax: Any) -> list[tuple[float, ...]]:
    found = next(each for each in ax.collections if isinstance(each, PolyCollection))
    return [tuple(np.round(row[:3], 3)) for row in found.get_facecolors()]


def near(colour: tuple[float, ...]) -> tuple[float, ...]:
    return tuple(np.round(colour, 3))


def labelled(ax: Any, label: str) -> Any:
    return next(each for each in ax.figure.axes if each.get_label() == label)


def check_texts(figure: Any) -> None:
    figure.set_dpi(60)
    figure.canvas.draw()
    whole, boxes = figure.bbox, []
    for text in texts_of(figure):
        box = text.get_window_extent()
        assert min(box.x0 - whole.x0, box.y0 - whole.y0, whole.x1 - box.x1, whole.y1 - box.y1) > -1, text
        boxes.append((text.get_text(), box))
    assert len(boxes) > 3
    for (one, a), (other, b) in itertools.combinations(boxes, 2):
        width = min(a.x1, b.x1) - max(a.x0, b.x0)
        height = min(a.y1, b.y1) - max(a.y0, b.y0)
        assert width < 2 or height < 2, f"{one!r} covers {other!r}"


def texts_of(figure: Any) -> list[Text]:
    """The texts that are seen. Of the ticks, those within the limits: no others are drawn."""
    axes = [axis for ax in figure.axes for axis in (ax.xaxis, ax.yaxis)]
    ticks = [tick for axis in axes for tick in (*axis.majorTicks, *axis.minorTicks)]
    made = {label for tick in ticks for label in (tick.label1, tick.label2)}
    found = [text for text in figure.findobj(Text) if text not in made]
    for axis in axes:
        low, high = sorted(axis.get_view_interval())
        for tick in axis.get_major_ticks():
            if low <= tick.get_loc() <= high:
                found += [tick.label1, tick.label2]
    return [text for text in found if text.get_visible() and text.get_text().strip()]


def minutes(day: date, count: int, skip: int = -1) -> list[datetime]:
    return [datetime.combine(day, time(9)) + timedelta(minutes=n) for n in range(count) if n != skip]


def book(asks: list[int], bids: list[int]) -> pl.DataFrame:
    rows = [("ask", n + 1, price, 10 * (n + 1)) for n, price in enumerate(asks)]
    rows += [("bid", n + 1, price, 10 * (n + 1)) for n, price in enumerate(bids)]
    return pl.DataFrame(rows, schema=["side", "level", "price", "quantity"], orient="row")


def rungs(ax: Any) -> list[tuple[str, float]]:
    """Prices from top to bottom with the length of their bars."""
    bars = {
        round(float(path.vertices[:, 1].mean()), 1): float(path.vertices[:, 0].max())
        for each in ax.collections
        for path in each.get_paths()
    }
    ticks = zip(ax.get_yticks(), ax.get_yticklabels(), strict=True)
    found = sorted(((at, label.get_text()) for at, label in ticks), reverse=True)
    lengths = dict(sorted(bars.items()))
    return [(text, lengths[min(lengths, key=lambda y: abs(y - at))]) for at, text in found]


def minute_bars(count: int, symbol: str = "005930") -> pl.DataFrame:
    times = pl.Series(minutes(date(2026, 11, 20), count)).dt.replace_time_zone("Asia/Seoul")
    return bars_of(count).drop("date").with_columns(time=times, symbol=pl.lit(symbol))
