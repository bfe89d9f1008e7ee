"""Prices of several stocks from one beginning, which is 100."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from kiwoomdata.plot.numbers import plain, price_axis
from kiwoomdata.plot.shapes import y_limits
from kiwoomdata.plot.table import Floats, Moments, Table, read
from kiwoomdata.plot.timeline import Timeline

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.lines import Line2D

    from kiwoomdata.plot.style import Look

__all__ = ["Rebased", "compared", "draw_rebased", "rebased", "timeline"]

Rebased = list[tuple[str, Moments, Floats]]
"""What to call each, its moments, and its prices; once rebased, the first common one is 100."""


def compared(compare: Any, sources: tuple[str, ...]) -> Rebased | None:
    """The prices of all stocks and indices of a frame, as they are; None where none was given."""
    if compare is None:
        return None
    other = read(compare, "compare", needs=("close",), texts=("sector",), sources=sources, one_symbol=False)
    names = [other.named(row) for row in range(other.rows)]
    found: Rebased = []
    for name in dict.fromkeys(names):
        rows = np.flatnonzero([each == name for each in names])
        if len(np.unique(other.when[rows])) < len(rows):
            raise ValueError(f"compare: {name or 'a stock'} has two prices at one time; give one venue of it")
        found.append((name, other.when[rows], other["close"][rows]))
    return found


def rebased(table: Table, others: Rebased | None) -> Rebased | None:
    """The prices of the table and of others, from the first moment that all have."""
    if others is None:
        return None
    prices = [(table.heading, table.when, table["close"]), *others]
    prices = [(name, when[close > 0], close[close > 0]) for name, when, close in prices]
    common = set.intersection(*(set(when.tolist()) for _, when, _ in prices))
    if not common:
        raise ValueError("compare: no day on which all of the stocks have a price; give the same range")
    start = np.datetime64(min(common), "us")
    found: Rebased = []
    for name, when, close in prices:
        later = when >= start
        found.append((name, when[later], close[later] / close[when == start][0] * 100))
    return found


def timeline(table: Table, others: Rebased | None) -> Timeline:
    """The axis of the table's moments, and of those that are compared with it."""
    return Timeline(np.concatenate([table.when, *(when for _, when, _ in others or ())]), dated=table.dated)


def draw_rebased(ax: Axes, look: Look, prices: Rebased, line: Timeline) -> None:
    """A line for each, the first in ink, with the last value in the legend."""
    look.dress(ax)
    ax.axhline(100, color=look.faint, linewidth=0.8, zorder=1.5, label="_base")
    drawn: list[Line2D] = []
    for number, (name, when, values) in enumerate(prices):
        first = number == 0
        drawn += ax.plot(
            line.at(when),
            values,
            color=look.ink if first else look.nth(number - 1),
            linewidth=1.7 if first else 1.2,
            zorder=3 if first else 2,
            label=f"{name} {plain(float(values[-1]), 1)}".strip(),
        )
    y_limits(ax, *(values for _, _, values in prices), np.full(1, 100.0), log=look.log)
    price_axis(ax, None)
    start = prices[0][1][0].astype("datetime64[D]" if line.daily else "datetime64[m]")
    ax.set_ylabel(look.say("rebased").format(day=str(start).replace("T", " ")))
    look.legend(ax, drawn)
