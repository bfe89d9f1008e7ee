"""How strongly buyers press."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Unpack

import numpy as np
from matplotlib.lines import Line2D

from kiwoomdata.plot.numbers import Plain, count_axis, plain
from kiwoomdata.plot.price import draw_price_behind
from kiwoomdata.plot.shapes import y_limits
from kiwoomdata.plot.style import Look, Style
from kiwoomdata.plot.table import Floats, read
from kiwoomdata.plot.timeline import Timeline

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["draw_strength", "strength"]

_AVERAGES = tuple(f"strength_{window}{unit}" for unit in "md" for window in (5, 20, 60))


def strength(frame: Any, ax: Axes | None = None, *, log: bool = False, **style: Unpack[Style]) -> Axes:
    """Trade strength (체결강도) with its averages, around the 100 % at which buyers and sellers are even.

    The first trades of a day can stand at many thousands of percent. What lies far from nearly all other
    values is cut off at the edge, where a triangle marks it, and told under the chart.

    Parameters
    ----------
    frame
        What :func:`kiwoomdata.trade_strength` gives, by time or by day: ``date`` or ``time``,
        ``strength``; and where they are there, ``strength_5m`` (``_20m``, ``_60m``, or ``_5d`` …) and
        ``price`` or ``close``, which is drawn behind.
    ax, log, **style
        As in :func:`candles`.

    Returns
    -------
    Axes
        Of the strength.

    Raises
    ------
    ValueError
        As in :func:`candles`.

    Examples
    --------
    >>> import matplotlib; matplotlib.use("Agg")
    >>> import kiwoomdata as kd; kd.use("simulator")
    >>> ax = kd.plot.strength(kd.trade_strength("005930", by="day"))
    >>> ax.get_ylabel()
    '체결강도 (%)'
    """
    table = read(
        frame,
        "strength",
        needs=("strength",),
        may=(*_AVERAGES, "price", "close"),
        sources=("ka10046", "ka10047"),
    )
    look = Look.of(ax, style, log=log)
    with look.drawing(ax, (10, 4.6)) as place:
        line = Timeline(table.when, dated=table.dated)
        look.dress(place, side="left")
        drawn: list[Line2D] = []
        averages: list[Floats] = []
        x = line.at(table.when)
        for name in _AVERAGES:
            if name in table:
                window, unit = name.removeprefix("strength_")[:-1], name[-1]
                word = look.say("minute" if unit == "m" else "day")
                space = "" if look.locale == "ko" else " "
                colour = look.nth(len(drawn))
                label = f"{window}{space}{word} {look.say('average')}"
                drawn += place.plot(x, table[name], color=colour, linewidth=1.5, label=label)
                averages.append(table[name])
        drawn.insert(0, draw_strength(place, look, x, table["strength"], averages))
        place.set_ylabel(look.label("strength", "%"))
        price = next((name for name in ("price", "close") if name in table), None)
        if price is not None and np.isfinite(table[price]).any():
            drawn.append(draw_price_behind(place, look, x, table[price], price))
        line.put_on(place, look)
        look.legend(place, drawn)
        look.entitle(place, " ".join(filter(None, (table.heading, look.say("strength")))))
    return place


def draw_strength(ax: Axes, look: Look, x: Floats, main: Floats, averages: Sequence[Floats] = ()) -> Line2D:
    """The strength above and below 100 %, between limits that also hold its averages."""
    ax.axhline(100, color=look.faint, linewidth=0.9, zorder=1.5)
    fill: Any = {"interpolate": True, "alpha": 0.13, "linewidth": 0, "zorder": 1}
    for colour, where in ((look.up, main >= 100), (look.down, main <= 100)):
        ax.fill_between(x, main, 100, where=where, color=colour, **fill)
    (drawn,) = ax.plot(x, main, color=look.nth(3), linewidth=0.9, label=look.say("strength"), zorder=1.9)
    _limit(ax, look, x, main, [main, *averages])
    count_axis(ax, Plain(), 6)
    return drawn


def _limit(ax: Axes, look: Look, x: Floats, main: Floats, shown: list[Floats]) -> None:
    """Limits around all values, but for a few of the strength that are far from nearly all of the others."""
    usual = np.concatenate([column[np.isfinite(column)] for column in shown])
    low, high = np.quantile(usual, (0.02, 0.98))
    edge = max(high + (high - low), 200.0)  # below there is zero
    if usual.max() < 1.5 * edge:  # there is room for them
        edge = usual.max()
    y_limits(ax, *(np.clip(column, None, edge) for column in shown), np.array([100.0]))
    cut = main > edge
    if cut.any():
        top = np.full(cut.sum(), ax.get_ylim()[1])
        ax.plot(
            x[cut],
            top,
            marker="^",
            color=look.up,
            linestyle="none",
            markersize=4,
            clip_on=False,
            label="_cut",
        )
        told = look.say("cut").format(count=cut.sum(), edge=plain(edge, 0), most=plain(main[cut].max(), 0))
        ax.set_xlabel(told, loc="left")
