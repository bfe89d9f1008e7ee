"""Program trading: of a market with its index, or of a stock with its price."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Unpack

import numpy as np

from kiwoomdata.plot.flows import cumulated, draw_flow_bars
from kiwoomdata.plot.numbers import Amounts, count_axis
from kiwoomdata.plot.price import draw_price_behind
from kiwoomdata.plot.shapes import bars, y_limits
from kiwoomdata.plot.style import Look, Style
from kiwoomdata.plot.table import Floats, read
from kiwoomdata.plot.timeline import Timeline

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["program"]


@dataclass(frozen=True)
class _Kind:
    """A kind of frame that holds program trading: its columns, their unit, and what to draw behind."""

    columns: Mapping[str, str]
    unit: str
    behind: tuple[str, ...]


_KINDS = (
    _Kind(
        {
            "arbitrage": "arbitrage_net_buy_value",
            "non_arbitrage": "non_arbitrage_net_buy_value",
            "total": "total_net_buy_value",
        },
        "KRW",
        ("kospi200",),
    ),
    _Kind(
        {word: f"{word}_as_served" for word in ("arbitrage", "non_arbitrage", "total")},
        "unknown",
        ("kospi200",),
    ),
    _Kind({"program": "net_buy_volume"}, "shares", ("close", "price")),
)
_SOURCES = ("ka90010", "ka90005", "ka90007", "ka90013", "ka90008")


def program(frame: Any, cumulative: bool = True, ax: Axes | None = None, **style: Unpack[Style]) -> Axes:
    """Net buying by program trading: arbitrage, non-arbitrage and their total, with the index behind.

    Parameters
    ----------
    frame
        What :func:`kiwoomdata.program_trend` gives for a market (``arbitrage_net_buy_value
        non_arbitrage_net_buy_value total_net_buy_value``, ``kospi200``) or for a stock
        (``net_buy_volume``, ``close`` or ``price``), or :func:`kiwoomdata.program_cumulative`
        (``arbitrage_as_served non_arbitrage_as_served total_as_served``, ``kospi200``), with ``date`` or
        ``time``.
    cumulative
        By day: True for running sums from the first row, False for the bars of each day. By time the
        server's numbers are running sums of the day already, and are drawn as they are.
    ax, **style
        As in :func:`candles`.

    Returns
    -------
    Axes
        Of the net buying. Those of the index or price are labelled ``"kospi200"`` or ``"close"``.

    Raises
    ------
    ValueError
        As in :func:`candles`.

    Examples
    --------
    >>> import matplotlib; matplotlib.use("Agg")
    >>> import kiwoomdata as kd; kd.use("simulator")
    >>> frame = kd.program_trend(market="kospi", start="2024-01-02", end="2024-06-28")
    >>> ax = kd.plot.program(frame)
    >>> ax.get_ylabel(), [text.get_text() for text in ax.get_legend().get_texts()]
    ('누적 순매수 (원)', ['차익', '비차익', '전체', 'KOSPI 200'])
    """
    every = tuple(column for kind in _KINDS for column in kind.columns.values())
    table = read(frame, "program", any_of=every, may=("kospi200", "close", "price"), sources=_SOURCES)
    kind = next(kind for kind in _KINDS if any(column in table for column in kind.columns.values()))
    line = Timeline(table.when, dated=table.dated)
    look = Look.of(ax, style)
    with look.drawing(ax, (10, 4.8)) as place:
        look.dress(place, side="left")
        x = line.at(table.when)
        found = {word: table[column] for word, column in kind.columns.items() if column in table}
        if cumulative or not line.daily:
            handles = _lines(place, look, x, found, summed=line.daily)
        else:
            handles = _bars(place, look, x, found, line.bar)
        count_axis(place, Amounts(look.locale), 6)
        place.set_ylabel(look.label("cumulative" if cumulative or not line.daily else "net_buy", kind.unit))
        behind = next((name for name in kind.behind if name in table), None)
        if behind is not None and (table[behind] > 0).any():
            price = np.where(table[behind] > 0, table[behind], np.nan)
            handles.append(draw_price_behind(place, look, x, price, behind))
        line.put_on(place, look)
        look.legend(place, handles)
        look.entitle(place, " ".join(filter(None, (table.heading, look.say("program_trading")))))
    return place


_WORDS = ("arbitrage", "non_arbitrage", "total", "program")


def _colour(look: Look, word: str) -> str:
    return look.nth(_WORDS.index(word))


def _lines(ax: Axes, look: Look, x: Floats, found: Mapping[str, Floats], *, summed: bool) -> list[Any]:
    ax.axhline(0, color=look.faint, linewidth=0.8, zorder=1.5, label="_zero")
    handles: list[Any] = []
    shown = []
    for word, values in found.items():
        values = cumulated(values) if summed else values
        marker = "o" if np.isfinite(values).sum() == 1 else "None"
        handles += ax.plot(
            x,
            values,
            color=_colour(look, word),
            linewidth=1.7 if word == "total" else 1.3,
            label=look.say(word),
            marker=marker,
            markersize=4,
        )
        shown.append(values)
    y_limits(ax, *shown, np.zeros(1))
    return handles


def _bars(ax: Axes, look: Look, x: Floats, found: Mapping[str, Floats], width: float) -> list[Any]:
    """Arbitrage and non-arbitrage on top of one another, each away from zero, and the total as a line."""
    from matplotlib.patches import Patch

    if len(found) == 1:
        (values,) = found.values()
        draw_flow_bars(ax, look, x, values, width)
        y_limits(ax, values, np.zeros(1))
        return []
    ax.axhline(0, color=look.faint, linewidth=0.8, zorder=1.5, label="_zero")
    handles: list[Any] = []
    tops, bottoms = np.zeros(len(x)), np.zeros(len(x))
    for word in ("arbitrage", "non_arbitrage"):
        if word in found:
            values, colour = found[word], _colour(look, word)
            base = np.where(values >= 0, tops, bottoms)
            bars(ax, x, values, colour, width, base=base, zorder=2)
            tops = tops + np.clip(np.nan_to_num(values), 0, None)
            bottoms = bottoms + np.clip(np.nan_to_num(values), None, 0)
            handles.append(Patch(color=colour, label=look.say(word)))
    if "total" in found:
        dots: Any = {"marker": "o", "markersize": 3.2, "markeredgewidth": 0.5, "markeredgecolor": look.paper}
        handles += ax.plot(
            x, found["total"], color=look.ink, linestyle="none", label=look.say("total"), zorder=3, **dots
        )
    y_limits(ax, tops, bottoms, *([found["total"]] if "total" in found else []), np.zeros(1))
    return handles
