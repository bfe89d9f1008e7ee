"""Numbers on axes: 억 and 조, K, M, B and T, thousands; each axis in one unit."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.axis import Axis, YAxis
from matplotlib.ticker import Formatter, LogLocator, MaxNLocator, NullLocator

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from kiwoomdata.plot.style import Locale

__all__ = ["MINUS", "Amounts", "Plain", "amount", "count_axis", "exact", "plain", "price_axis", "won"]

_UNITS: dict[str, tuple[tuple[float, str], ...]] = {
    "ko": ((1e12, "조"), (1e8, "억"), (1e4, "만"), (1, "")),
    "en": ((1e12, "T"), (1e9, "B"), (1e6, "M"), (1e3, "K"), (1, "")),
}
MINUS = "−"
_LINE = 13
"""Points from one tick label to the next at least."""


def plain(value: float, decimals: int = 2) -> str:
    """``1234.5`` to ``1,234.5``: no zeros at the end, and a minus sign as wide as a plus."""
    text = f"{abs(value):,.{decimals}f}"
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return text if value >= 0 or text == "0" else MINUS + text


def won(price: float) -> str:
    """A price. Won have no hundredths; only averages and small rights do."""
    return plain(price, 0 if price >= 1000 else 2)


def exact(value: float, locale: Locale) -> str:
    """Write a number in the largest unit in which two decimals say all of it: ``5,000억``, ``1.25조``."""
    whole = round(value)
    if abs(value - whole) < 1e-6:
        for size, name in _UNITS[locale]:
            if abs(whole) >= size and whole * 100 % int(size) == 0:
                return plain(whole / size) + name
    return plain(value)


def amount(value: float, locale: Locale) -> str:
    """Write one number to three digits or so: ``12.3억``."""
    if not np.isfinite(value):
        return "–"
    for size, name in _UNITS[locale]:
        if abs(value) >= size:
            scaled = value / size
            return plain(scaled, 0 if abs(scaled) >= 100 or size == 1 else 1) + name
    return plain(value)


class Amounts(Formatter):
    """Ticks of amounts and quantities."""

    def __init__(self, locale: Locale) -> None:
        self._locale = locale

    def __call__(self, x: float, pos: int | None = None) -> str:
        return amount(x, self._locale)

    def format_ticks(self, values: Sequence[float]) -> list[str]:
        return [exact(value, self._locale) for value in values]


class Plain(Formatter):
    """Ticks of prices, index points and percents: thousands, as many decimals as there are.

    ``beside`` is a value that is written on the axis already: a tick too near to it says nothing.
    """

    def __init__(self, beside: float | None = None) -> None:
        self._beside = beside

    def format_ticks(self, values: Sequence[float]) -> list[str]:
        return ["" if self._hidden(value) else plain(value) for value in values]

    def _hidden(self, value: float) -> bool:
        if self._beside is None or not isinstance(self.axis, Axis):
            return False
        places = self.axis.axes.transData.transform([(0, value), (0, self._beside)])
        return bool(abs(places[0][1] - places[1][1]) < _LINE * self.axis.axes.figure.dpi / 72)

    def __call__(self, x: float, pos: int | None = None) -> str:
        return plain(x)


class _Few(MaxNLocator):
    """Few round ticks; fewer where the axes are so low that their labels would touch."""

    def __init__(self, ticks: int) -> None:
        super().__init__(ticks, steps=[1, 2, 2.5, 5, 10])
        self._ticks = ticks

    def __call__(self) -> Sequence[float]:
        axis = self.axis
        if isinstance(axis, YAxis):
            height = axis.axes.bbox.height * 72 / axis.axes.figure.dpi
            self.set_params(nbins=int(np.clip(height // _LINE, 1, self._ticks)))
        return super().__call__()


def price_axis(ax: Axes, last: float | None, ticks: int = 7) -> None:
    """Ticks of a price, linear or logarithmic; where ``last`` has a tag, it hides none of them."""
    low, high = ax.get_ylim()
    if ax.get_yscale() == "log" and high > 4 * low:
        ax.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    else:
        ax.yaxis.set_major_locator(_Few(ticks))
    ax.yaxis.set_major_formatter(Plain(beside=last))
    ax.yaxis.set_minor_locator(NullLocator())


def count_axis(ax: Axes, formatter: Formatter, ticks: int = 6, axis: str = "y") -> None:
    """Few round ticks, written by ``formatter``."""
    which = ax.yaxis if axis == "y" else ax.xaxis
    which.set_major_locator(_Few(ticks))
    which.set_major_formatter(formatter)
