"""Titles and legends above axes, names beside them: broken, folded or smaller where there is no room."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from matplotlib.text import Annotation
from matplotlib.transforms import Bbox

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.legend import Legend

__all__ = ["fit_labels", "part_titles", "put_legend"]

_WIDE = 0.6
"""Of a figure's width, what surely has room above its axes: those of the narrowest chart take more."""


def put_legend(ax: Axes, handles: list[Any], columns: int, **more: Any) -> Legend:
    """A legend above the axes, in so many columns."""
    above: Any = {"loc": "lower right", "bbox_to_anchor": (1.0, 1.0), "borderaxespad": 0.1}
    found = ax.legend(handles=handles, ncols=columns, **above, **more)
    found.set_label("above")
    return found


def part_titles(figure: Figure) -> None:
    """Break titles that are too long, fold legends that are wider than their axes, and part the two.

    How wide axes are is known once they are laid out, which takes a while, and is done where it matters.
    """
    found = [(ax, _legend(ax)) for ax in figure.axes if _legend(ax) or ax.get_title("left")]
    if not any(_width(ax, legend) > _WIDE * figure.bbox.width for ax, legend in found):
        return
    for _, legend in found:
        if legend is not None:
            legend.set_in_layout(False)  # how wide it is must not change how wide its axes are
    if (engine := figure.get_layout_engine()) is not None:
        engine.execute(figure)
    for ax, legend in found:
        _break_title(ax, figure.bbox.x1)
        if legend is not None:
            legend.set_in_layout(True)
            _part(ax, legend, ax.get_window_extent().width)


def fit_labels(figure: Figure) -> None:
    """Break names of y axes that are longer than their axes are high, and then make them smaller.

    How high axes are is known once they are laid out; before that they are at most a tenth higher.
    """
    if not any(_height(ax) > 0.9 * ax.get_window_extent().height for ax in figure.axes):
        return
    if (engine := figure.get_layout_engine()) is not None:
        engine.execute(figure)
    for ax in figure.axes:
        room, label = ax.get_window_extent().height, ax.yaxis.label
        if _height(ax) > room:
            label.set_text(_in_two(label.get_text().split()))
        if (height := _height(ax)) > room:
            label.set_fontsize(max(5.0, float(label.get_fontsize()) * room / height))


def _in_two(words: list[str]) -> str:
    """Words in the two lines of which the longer one is shortest, or one word."""
    lines = [(" ".join(words[:n]), " ".join(words[n:])) for n in range(1, len(words))]
    return "\n".join(min(lines, key=lambda pair: max(map(len, pair)), default=words))


def _height(ax: Axes) -> float:
    """How far the name of a y axis reaches along it."""
    label = ax.yaxis.label
    return label.get_window_extent().height if label.get_text() else 0.0


def _legend(ax: Axes) -> Legend | None:
    legend = ax.get_legend()
    return legend if legend is not None and legend.get_label() == "above" else None


def _break_title(ax: Axes, edge: float) -> None:
    """A title that is too wide for its figure goes on in a second line."""
    title: Any = ax.set_title(ax.get_title("left"), loc="left")
    if title.get_window_extent().x1 > edge:
        title.set_text(title.get_text().replace(" · ", "\n", 1))


def _part(ax: Axes, legend: Legend, room: float) -> None:
    """As many columns of a legend as there is room for, and the title over it where one line is too short."""
    columns = len(legend.get_texts())
    while columns > 1 and legend.get_window_extent().width > room:
        columns -= 1
        size = legend.get_texts()[0].get_fontsize()
        legend = put_legend(ax, legend.legend_handles, columns, fontsize=size)
    if _width(ax, legend) > room:
        height = legend.get_window_extent().height * 72 / ax.figure.dpi
        ax.set_title(ax.get_title("left"), loc="left", pad=height + 5)


def _width(ax: Axes, legend: Legend | None) -> float:
    """What the title, what is written behind it, and the legend take in a line."""
    title: Any = ax.set_title(ax.get_title("left"), loc="left")
    boxes = [title.get_window_extent()] if title.get_text() else []
    boxes += [
        text.get_window_extent()
        for text in ax.texts
        if isinstance(text, Annotation) and text.xycoords is title
    ]
    left = Bbox.union(boxes).width + 12 if boxes else 0.0
    return left + (legend.get_window_extent().width if legend else 0.0)
