"""Many bars or candles as one artist each: a year costs a few milliseconds, not one artist a day."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.collections import LineCollection, PolyCollection

from kiwoomdata.plot.table import Floats

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from kiwoomdata.plot.style import Look

__all__ = ["bars", "boxes", "sticks", "tag", "y_limits"]

Colours = Any  # RGB rows, or one colour


def boxes(left: Floats, right: Floats, low: Floats, high: Floats) -> Any:
    """Corners of rectangles: one row of four points each."""
    return np.stack(
        [np.stack([x, y], axis=1) for x, y in ((left, low), (left, high), (right, high), (right, low))],
        axis=1,
    )


def bars(
    ax: Axes,
    x: Floats,
    heights: Floats,
    colours: Colours,
    width: float | Floats,
    *,
    base: Any = 0.0,
    **more: Any,
) -> None:
    """Upright bars from ``base``. Where the height is missing there is none."""
    there = np.isfinite(heights)
    base = np.broadcast_to(base, heights.shape)[there]
    if not isinstance(colours, str):
        colours = np.asarray(colours)[there]
    width = np.broadcast_to(width, heights.shape)[there]
    x, heights = x[there], heights[there]
    corners = boxes(x - width / 2, x + width / 2, base, base + heights)
    # An edge of the bar's own colour keeps bars visible that are thinner than a pixel.
    edges = PolyCollection(corners, facecolors=colours, edgecolors=colours, linewidths=0.35, **more)
    ax.add_collection(edges, autolim=False)


def sticks(
    ax: Axes,
    x: Floats,
    ohlc: tuple[Floats, Floats, Floats, Floats],
    colours: Floats,
    width: float | Floats,
) -> None:
    """Candles: a line from low to high, a body from open to close; flat bodies are a dash."""
    open_, high, low, close = ohlc
    there = np.isfinite(open_) & np.isfinite(high) & np.isfinite(low) & np.isfinite(close)
    width = np.broadcast_to(width, x.shape)[there]
    x, colours = x[there], colours[there]
    open_, high, low, close = (column[there] for column in (open_, high, low, close))
    thickness = float(np.clip(90 / max(len(x), 1), 0.5, 1.0))
    wicks: Any = np.stack([np.stack([x, low], axis=1), np.stack([x, high], axis=1)], axis=1)
    ax.add_collection(LineCollection(wicks, colors=colours, linewidths=thickness, zorder=2), autolim=False)
    corners = boxes(x - width / 2, x + width / 2, np.minimum(open_, close), np.maximum(open_, close))
    bodies = PolyCollection(
        corners, facecolors=colours, edgecolors=colours, linewidths=thickness * 0.8, zorder=2.1
    )
    ax.add_collection(bodies, autolim=False)


def y_limits(ax: Axes, *columns: Floats, margin: float = 0.06, zero: bool = False, log: bool = False) -> None:
    """Limits around what is drawn; with ``zero``, zero is among it; with ``log`` the scale is logarithmic."""
    values = np.concatenate([column[np.isfinite(column)] for column in columns])
    if zero:
        values = np.append(values, 0.0)
    if not len(values):
        return
    low, high = float(values.min()), float(values.max())
    if log:
        room = (high / low) ** margin if high > low else 1.02
        ax.set_yscale("log")
        ax.set_ylim(low / room, high * room)
        return
    room = (high - low) * margin or max(abs(high) * 0.02, 1.0)
    ax.set_ylim(
        low - (0 if zero and low == 0 else room), high + (0 if zero and high == 0 and low < 0 else room)
    )


def tag(ax: Axes, look: Look, value: float, text: str, colour: str) -> None:
    """The latest value, written on the axis at the right."""
    ax.annotate(
        text,
        (1.0, value),
        xycoords=("axes fraction", "data"),
        xytext=(4, 0),
        textcoords="offset points",
        va="center",
        fontsize=8.5,
        color=look.paper,
        bbox={"boxstyle": "round,pad=0.22,rounding_size=0.15", "facecolor": colour, "edgecolor": "none"},
        zorder=5,
        annotation_clip=False,
    )
