"""A table whose cells are coloured, and the colours between sold and bought."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.colors import FuncNorm, LinearSegmentedColormap

from kiwoomdata.plot.numbers import amount
from kiwoomdata.plot.table import Floats

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from kiwoomdata.plot.style import Look

__all__ = ["draw_cells", "draw_scale", "rooted", "two_ways"]


def two_ways(look: Look) -> LinearSegmentedColormap:
    """From what was sold over nothing to what was bought."""
    return LinearSegmentedColormap.from_list("flows", [look.down, look.paper, look.up])


def draw_cells(
    ax: Axes,
    look: Look,
    shares: Floats,
    texts: Sequence[Sequence[str]],
    rows: Sequence[str],
    columns: Sequence[str],
    *,
    apart: Sequence[int] = (),
    below: int | None = None,
) -> None:
    """Cells coloured by ``shares`` of -1 to 1, with their texts where cells are wide enough for them.

    A gap stands before each of the columns ``apart``, and before the row ``below``.
    """
    look.dress(ax, side="left", grid=False)
    colours, shares = two_ways(look), np.nan_to_num(shares) / 1.15  # not all, so that texts stay legible
    ax.imshow(shares, cmap=colours, vmin=-1, vmax=1, aspect="auto")
    middle: Any = {"ha": "center", "va": "center", "fontsize": 8}
    width = ax.get_window_extent().width / len(columns)
    for row, column in np.ndindex(shares.shape if width > _width(ax, texts, 8) else (0, 0)):
        ink = look.legible_on(colours(shares[row, column] / 2 + 0.5))
        ax.text(column, row, texts[row][column], color=ink, **middle)
    ax.set_yticks(range(len(rows)), rows)
    ax.set_xticks(range(len(columns)), columns)
    ax.tick_params(axis="y", labelcolor=look.ink)
    ax.tick_params(axis="x", top=False, bottom=False, labeltop=True, labelbottom=False, labelcolor=look.ink)
    if width < _width(ax, [columns], 8.5):
        ax.tick_params(axis="x", labelrotation=90)
    ax.set_xticks(np.arange(len(columns) + 1) - 0.5, minor=True)
    ax.set_yticks(np.arange(len(rows) + 1) - 0.5, minor=True)
    ax.grid(which="minor", color=look.paper, linewidth=1.5)
    for column in apart:
        ax.axvline(column - 0.5, color=look.paper, linewidth=7)
    if below is not None:
        ax.axhline(below - 0.5, color=look.paper, linewidth=7)
    ax.tick_params(which="minor", length=0)
    ax.spines["bottom"].set_visible(False)


def _width(ax: Axes, texts: Sequence[Sequence[str]], size: float) -> float:
    """Of the longest of the texts, in pixels."""
    longest = max((text for row in texts for text in row), key=len, default="")
    probe = ax.text(0, 0, longest, fontsize=size)
    width: float = probe.get_window_extent().width
    probe.remove()
    return width


def rooted(most: float) -> FuncNorm:
    """From -most to most, with the middle stretched by a square root, so that small numbers are seen too."""
    return FuncNorm((_root, _square), vmin=-most, vmax=most)


def _root(values: Any) -> Any:
    return np.sign(values) * np.sqrt(np.abs(values))


def _square(values: Any) -> Any:
    return np.sign(values) * np.square(values)


def draw_scale(ax: Axes, look: Look, cells: Any, label: str, pad: float) -> None:
    """What the colours of a map mean, at its right."""
    figure: Any = ax.figure
    bar = figure.colorbar(cells, ax=ax, pad=pad, fraction=0.025, aspect=25)
    bar.ax.set_label("scale")
    look.dress(bar.ax, grid=False)
    bar.outline.set_visible(False)
    most = cells.norm.vmax
    bar.set_ticks([-most, -most / 4, 0, most / 4, most])
    bar.ax.yaxis.set_major_formatter(lambda value, _: amount(value, look.locale) if value else "0")
    bar.ax.minorticks_off()
    bar.ax.set_ylabel(label)
