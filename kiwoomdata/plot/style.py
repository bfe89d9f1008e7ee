"""How charts look: colours, languages, and the axes that they are drawn on."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, TypedDict

import matplotlib as mpl
import numpy as np
from matplotlib import pyplot as plt
from matplotlib.colors import is_color_like, to_rgb
from matplotlib.layout_engine import ConstrainedLayoutEngine

from kiwoomdata.plot.above import fit_labels, part_titles, put_legend
from kiwoomdata.plot.font import FAMILIES, register
from kiwoomdata.plot.words import WORDS
from kiwoomdata.present import choose

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.text import Text

__all__ = ["Locale", "Look", "Palette", "Style", "Theme", "panels", "writable"]

Palette: TypeAlias = Literal["korean", "western"]
Theme: TypeAlias = Literal["light", "dark"]
Locale: TypeAlias = Literal["ko", "en"]


class Style(TypedDict, total=False):
    """What every chart takes by keyword.

    ``palette``: ``"korean"`` (up red, down blue; the default) or ``"western"`` (up green, down red).
    ``theme``: ``"light"`` or ``"dark"``; left out, what suits the figure of ``ax``, or light.
    ``locale``: ``"ko"`` (억, 조; the default) or ``"en"`` (K, M, B, T).
    ``title``: instead of the symbol; ``""`` for none.
    ``up``, ``down``: colours in place of the palette's, as matplotlib takes them.
    ``figsize``: width and height of the figure in inches; not with ``ax``, whose figure has a size.
    ``save``: a file ending in .png, .svg or .pdf, which the figure is written to. Without ``figsize``
    and ``ax`` it is then a slide's: 16:9, in pixels 1920 x 1080.
    """

    palette: Palette
    theme: Theme | None
    locale: Locale
    title: str | None
    up: str | None
    down: str | None
    figsize: tuple[float, float] | None
    save: str | os.PathLike[str] | None


@dataclass(frozen=True)
class _Ground:
    """The colours of a theme that mean nothing."""

    paper: str
    ink: str
    faint: str
    line: str
    classes: tuple[str, ...]
    """Colours for things told apart, in an order that stays far apart for the colour-blind too."""


_GROUNDS: dict[str, _Ground] = {
    "light": _Ground(
        "#ffffff", "#22272e", "#6b7580", "#e7eaee", ("#e08600", "#0f8a70", "#7a3fd1", "#18a0c9", "#c3a0f2")
    ),
    "dark": _Ground(
        "#14181e", "#e4e8ee", "#97a2af", "#272d36", ("#ffb224", "#2fd0a8", "#b48bff", "#3cc5ea", "#7d5fc0")
    ),
}
_MOVES: dict[tuple[str, str], tuple[str, str]] = {
    ("korean", "light"): ("#d92c3c", "#1e63c4"),
    ("korean", "dark"): ("#ff5c67", "#4f97ff"),
    ("western", "light"): ("#148a63", "#d92c3c"),
    ("western", "dark"): ("#2ecb94", "#ff5c67"),
}


_SLIDE = 1920
"""Pixels across a slide, which is 16:9."""
_WRITTEN = (".png", ".svg", ".pdf")


@dataclass(frozen=True)
class Look:
    """What was asked for of :class:`Style`, checked."""

    theme: Theme
    locale: Locale
    title: str | None
    up: str
    down: str
    figsize: tuple[float, float] | None
    save: Path | None
    log: bool = False
    """Whether prices stand on a logarithmic axis, on which equal distances are equal percentages."""

    @classmethod
    def of(cls, ax: Axes | None, style: Style, *, log: bool = False) -> Look:
        """The look that was asked for. A theme that is named paints the figure of ``ax`` too."""
        strange = style.keys() - Style.__annotations__.keys()
        if strange:
            raise TypeError(f"style: expected {', '.join(Style.__annotations__)}, got {sorted(strange)[0]!r}")
        choose("palette", style.get("palette", "korean"), ("korean", "western"))
        choose("locale", style.get("locale", "ko"), ("ko", "en"))
        theme = style.get("theme")
        if theme is not None:
            choose("theme", theme, ("light", "dark"))
        figsize, save = _size(style.get("figsize")), writable(style.get("save"))
        if ax is not None:
            if figsize is not None:
                raise ValueError("figsize: not with ax, whose figure has a size; leave one of them out")
            figure = ax.figure.canvas.figure  # the whole one, also of axes in a part of it
            if theme is None:
                theme = "dark" if _brightness(figure.get_facecolor()) < 0.4 else "light"
            else:
                figure.set_facecolor(_GROUNDS[theme].paper)
        moves = _MOVES[style.get("palette", "korean"), theme or "light"]
        up, down = (_colour(style, name) or own for name, own in zip(("up", "down"), moves, strict=True))  # type: ignore[arg-type]
        return cls(
            theme or "light", style.get("locale", "ko"), style.get("title"), up, down, figsize, save, log
        )

    # Colours

    @property
    def paper(self) -> str:
        return _GROUNDS[self.theme].paper

    @property
    def ink(self) -> str:
        return _GROUNDS[self.theme].ink

    @property
    def faint(self) -> str:
        return _GROUNDS[self.theme].faint

    @property
    def line(self) -> str:
        return _GROUNDS[self.theme].line

    def nth(self, number: int) -> str:
        """A colour for the n-th of several things."""
        colours = _GROUNDS[self.theme].classes
        return colours[number % len(colours)]

    def by_sign(self, values: Any) -> Any:
        """RGB rows: up where positive, down where negative, faint where zero or missing."""
        choices = np.array([to_rgb(self.faint), to_rgb(self.up), to_rgb(self.down)])
        signs = np.sign(np.nan_to_num(values)).astype(int)
        return choices[signs]

    def legible_on(self, colour: Any) -> str:
        """White or near black, whichever stands out more from ``colour``."""
        return _GROUNDS["dark"].paper if _brightness(colour) > 0.5 else "#ffffff"

    def soft(self, colour: str) -> Any:
        """A colour for large areas: a little of the paper shines through."""
        return tuple(0.84 * np.array(to_rgb(colour)) + 0.16 * np.array(to_rgb(self.paper)))

    # Words

    def say(self, word: str) -> str:
        """A word of the charts in the language that was asked for."""
        return WORDS[word][("ko", "en").index(self.locale)]

    def label(self, word: str, unit: str) -> str:
        """The name of an axis with its unit: ``가격 (원)``."""
        return f"{self.say(word)} ({self.say(unit)})"

    # Axes

    @contextmanager
    def applied(self) -> Iterator[None]:
        """Draw with this look's settings, and leave matplotlib's own as they were."""
        register()
        _load_backend()
        with mpl.rc_context(self._settings()):
            yield

    def _settings(self) -> Any:
        return {
            "font.family": FAMILIES,
            "font.size": 9.5,
            "font.weight": "normal",
            "text.color": self.ink,
            "text.usetex": False,
            "figure.facecolor": self.paper,
            "figure.autolayout": False,
            "figure.constrained_layout.use": False,
            "axes.facecolor": self.paper,
            "axes.labelcolor": self.faint,
            "axes.labelsize": 8.5,
            "axes.labelweight": "normal",
            "axes.titlelocation": "left",
            "axes.titlesize": 12,
            "axes.titleweight": "normal",
            "axes.titlecolor": self.ink,
            "axes.titlepad": 8,
            "axes.grid": False,
            "axes.axisbelow": True,
            "axes.xmargin": 0.0,
            "axes.ymargin": 0.06,
            "axes.autolimit_mode": "data",
            "lines.linewidth": 1.3,
            "lines.linestyle": "-",
            "lines.marker": "None",
            "lines.solid_joinstyle": "round",
            "legend.frameon": False,
            "legend.fontsize": 8.5,
            "legend.labelcolor": self.ink,
            "legend.handlelength": 1.2,
            "legend.handletextpad": 0.5,
            "legend.columnspacing": 1.4,
            "legend.borderaxespad": 0.3,
            "patch.linewidth": 0.0,
            "path.sketch": None,
            "path.effects": [],
            "savefig.bbox": "standard",
            "savefig.transparent": False,
            "svg.fonttype": "path",  # letters as shapes, which look the same where our font is not
            "svg.hashsalt": "kiwoomdata",
        }

    @contextmanager
    def drawing(self, ax: Axes | None, size: tuple[float, float]) -> Iterator[Axes]:
        """The axes to draw on: those given, or those of a new figure. In the end ``save`` is written."""
        if ax is None:
            with self.figure(size) as figure:
                yield figure.add_subplot()
        else:
            with self.applied():
                yield ax
                part_titles(ax.figure.canvas.figure)
                self._write(ax.figure.canvas.figure, 192)

    @contextmanager
    def figure(self, size: tuple[float, float]) -> Iterator[Figure]:
        """A new figure of pyplot, which a notebook or a window shows; none where drawing fails."""
        if self.figsize is not None:
            size = self.figsize
        elif self.save is not None:
            height = max(size[1], size[0] * 9 / 16)
            size = height * 16 / 9, height
        with self.applied():
            figure = plt.figure(figsize=size)
            edge = 0.06 / size[0], 0.06 / size[1]  # inches left free around the figure
            rect = (edge[0], edge[1], 1 - 2 * edge[0], 1 - 2 * edge[1])
            figure.set_layout_engine(ConstrainedLayoutEngine(rect=rect, h_pad=0.03, w_pad=0.03, hspace=0.01))
            try:
                yield figure
                part_titles(figure)
                fit_labels(figure)
                self._write(figure, 192 if self.figsize else _SLIDE / size[0])
            except BaseException:
                plt.close(figure)
                raise

    def _write(self, figure: Figure, dpi: float) -> None:
        if self.save is not None:
            stamp = {".svg": {"Date": None}, ".pdf": {"CreationDate": None}}.get(self.save.suffix)
            figure.savefig(self.save, dpi=dpi, facecolor=figure.get_facecolor(), metadata=stamp)

    def dress(self, ax: Axes, *, side: Literal["left", "right"] = "right", grid: bool = True) -> None:
        """Give axes the look. Ticks are made long after a chart was drawn, so all of it is said here."""
        ax.set_facecolor(self.paper)
        for label in (ax.xaxis.label, ax.yaxis.label):  # they are older than our settings where ax was given
            label.set(fontfamily=FAMILIES, fontsize=8.5, color=self.faint)
        for name, spine in ax.spines.items():
            spine.set_visible(name == "bottom")
            spine.set_color(self.line)
            spine.set_linewidth(0.9)
        ax.tick_params(
            which="both",
            color=self.line,
            labelcolor=self.faint,
            labelsize=8.5,
            labelfontfamily=FAMILIES,
            width=0.9,
            length=3,
            pad=4,
            direction="out",
            grid_color=self.line,
            grid_linewidth=0.8,
            grid_linestyle="-",
            grid_alpha=1.0,
        )
        other = "left" if side == "right" else "right"
        ax.tick_params(axis="y", length=0, **{side: True, f"label{side}": True})
        ax.tick_params(axis="y", **{other: False, f"label{other}": False})
        ax.yaxis.set_label_position(side)
        ax.grid(grid, axis="y")
        ax.grid(False, axis="x")

    def entitle(self, ax: Axes, *parts: str) -> Text:
        """The title that was asked for, or else the parts that are not empty; the last ones after a dot."""
        told = " · ".join(filter(None, parts))
        return ax.set_title(told if self.title is None else self.title, fontfamily=FAMILIES)

    def legend(self, ax: Axes, handles: Sequence[Any]) -> None:
        """Above the axes at the right, where it covers no data."""
        if handles:
            put_legend(ax, list(handles), len(handles))


@cache
def _load_backend() -> None:
    """Have pyplot load its backend before settings are changed for a while.

    Jupyter's backend makes settings of its own when it is loaded (``interactive`` above all, without which
    no figure is shown). Loaded with the first figure, among ours, they would end with ours.
    """
    plt.draw_if_interactive()  # type: ignore[no-untyped-call]


def _colour(style: Style, name: Literal["up", "down"]) -> str | None:
    colour = style.get(name)
    if colour is not None and not is_color_like(colour):
        raise ValueError(f"{name}: expected a colour such as '#148a63' or 'green', got {colour!r}")
    return colour


def _size(figsize: Any) -> tuple[float, float] | None:
    if figsize is None:
        return None
    pair = tuple(figsize) if isinstance(figsize, Sequence) else ()
    if len(pair) != 2 or not all(isinstance(each, int | float) and 0.5 <= each <= 200 for each in pair):
        raise ValueError(f"figsize: expected width and height in inches, such as (10, 5), got {figsize!r}")
    return pair


def writable(save: str | os.PathLike[str] | None) -> Path | None:
    """Refuse before anything is drawn or fetched what could not be written."""
    if save is None:
        return None
    path = Path(save)
    if path.suffix not in _WRITTEN:
        raise ValueError(f"save: expected a name ending in {', '.join(_WRITTEN)}, got {str(path)!r}")
    if not path.parent.is_dir():
        raise ValueError(f"save: there is no folder {str(path.parent)!r}; make it first")
    return path


def _brightness(colour: Any) -> float:
    return float(np.dot(to_rgb(colour), (0.299, 0.587, 0.114)))


def panels(ax: Axes, heights: Sequence[float], names: Sequence[str]) -> list[Axes]:
    """Divide the place of ``ax`` from top to bottom; ``ax`` keeps the first part.

    The others share its x axis and carry ``names`` as their labels, by which they can be found in
    the figure. Only the last shows the labels of x.
    """
    figure: Figure = ax.figure  # type: ignore[assignment]  # a SubFigure does as well
    spec = ax.get_subplotspec()
    if spec is not None:
        rows = spec.subgridspec(len(heights), 1, height_ratios=list(heights), hspace=0.08)
        ax.set_subplotspec(rows[0])
        every = [ax, *(figure.add_subplot(rows[n], sharex=ax) for n in range(1, len(heights)))]
    else:
        place = ax.get_position()
        parts = np.array(heights) / sum(heights) * place.height
        tops = place.y1 - np.concatenate([[0], np.cumsum(parts)[:-1]])
        boxes = [
            (place.x0, top - 0.94 * part, place.width, 0.94 * part)
            for top, part in zip(tops, parts, strict=True)
        ]
        ax.set_position(boxes[0])
        every = [ax, *(figure.add_axes(box, sharex=ax) for box in boxes[1:])]
    for each, name in zip(every[1:], names, strict=True):
        each.set_label(name)
    for each in every[:-1]:
        each.tick_params(axis="x", labelbottom=False)
    figure.sca(ax)
    return every
