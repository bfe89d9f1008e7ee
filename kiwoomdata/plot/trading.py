"""Program trading: of a market with its index, or of a stock with its price."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Unpack

import numpy as np

from kiwoomdata.plot.coarser import fitted, on, period
from kiwoomdata.plot.flows import cumulated, draw_flow_bars
from kiwoomdata.plot.numbers import Amounts, Plain, count_axis
from kiwoomdata.plot.price import draw_price_behind
from kiwoomdata.plot.shapes import bars, y_limits
from kiwoomdata.plot.style import Look, Style, panels
from kiwoomdata.plot.table import Floats, Table, read
from kiwoomdata.plot.timeline import Timeline
from kiwoomdata.plot.words import MARKETS

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["program"]


@dataclass(frozen=True)
class _ProgramFrame:
    """A kind of frame that holds program trading: its columns, their unit, and what to draw behind."""

    columns: Mapping[str, str]
    unit: str
    behind: tuple[str, ...]


_KINDS = (
    _ProgramFrame(
        {
            "arbitrage": "arbitrage_net_buy_value",
            "non_arbitrage": "non_arbitrage_net_buy_value",
            "total": "total_net_buy_value",
        },
        "KRW",
        ("kospi200",),
    ),
    _ProgramFrame(
        {word: f"{word}_as_served" for word in ("arbitrage", "non_arbitrage", "total")},
        "unknown",
        ("kospi200",),
    ),
    _ProgramFrame({"program": "net_buy_volume"}, "shares", ("close", "price")),
)
_SOURCES = ("ka90010", "ka90005", "ka90007", "ka90013", "ka90008")


def program(
    frame: Any, cumulative: bool = True, ax: Axes | None = None, *, log: bool = False, **style: Unpack[Style]
) -> Axes:
    """Net buying by program trading: arbitrage, non-arbitrage and their total, with the index behind.

    The total is a broad pale line, on which non-arbitrage stays visible; under it stand the bars of each
    day's total, and the basis in a panel of its own. Bars of more days than two pixels each can show are
    sums of weeks, months, quarters or years, which their axis says.

    Parameters
    ----------
    frame
        What :func:`kiwoomdata.program_trend` gives for a market (``arbitrage_net_buy_value
        non_arbitrage_net_buy_value total_net_buy_value``, ``kospi200``) or for a stock
        (``net_buy_volume``, ``close`` or ``price``), or :func:`kiwoomdata.program_cumulative`
        (``arbitrage_as_served non_arbitrage_as_served total_as_served``, ``kospi200``), with ``date`` or
        ``time``.
    cumulative
        By day: True for running sums from the first row, False for the bars of each day alone. By time the
        server's numbers are running sums of the day already, and are drawn as they are.
    ax, log, **style
        As in :func:`candles`.

    Returns
    -------
    Axes
        Of the net buying. Those of the index or price are labelled ``"kospi200"`` or ``"close"``, the bars
        under running sums ``"by_day"``, and the basis ``"basis"``.

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
    >>> ax.get_title("left"), [a.get_label() for a in ax.figure.axes[1:]]
    ('KOSPI 프로그램매매', ['by_day', 'basis', 'kospi200'])
    """
    every = tuple(column for kind in _KINDS for column in kind.columns.values())
    table = read(
        frame,
        "program",
        any_of=every,
        may=("kospi200", "basis", "close", "price"),
        texts=("market",),
        sources=_SOURCES,
    )
    kind = next(kind for kind in _KINDS if any(column in table for column in kind.columns.values()))
    line = Timeline(table.when, dated=table.dated)
    look = Look.of(ax, style, log=log)
    summed = cumulative and line.daily and table.rows > 1
    lower = {"by_day": 1.0} if summed else {}
    if "basis" in table and np.isfinite(table["basis"]).any():
        lower["basis"] = 0.7
    with look.drawing(ax, (10, 4.8 + 1.2 * len(lower))) as place:
        top, *under = panels(place, (3, *lower.values()), tuple(lower)) if lower else [place]
        look.dress(top, side="left")
        x = line.at(table.when)
        found = {word: table[column] for word, column in kind.columns.items() if column in table}
        if cumulative or not line.daily:
            handles = _lines(top, look, x, found, summed=line.daily)
            top.set_ylabel(look.label("cumulative", kind.unit))
        else:
            handles = _bars(top, look, table, line, kind)
        count_axis(top, Amounts(look.locale), 6)
        behind = next((name for name in kind.behind if name in table), None)
        if behind is not None and (table[behind] > 0).any():
            price = np.where(table[behind] > 0, table[behind], np.nan)
            handles.append(draw_price_behind(top, look, x, price, behind))
        for each in under:
            look.dress(each, side="left")
            if each.get_label() == "basis":
                _basis(each, look, x, table["basis"])
            else:
                _sums(each, look, table, line, kind)
        line.put_on(top, look)
        look.legend(top, handles)
        market = MARKETS.get(table.only("market") or "", "")
        look.entitle(top, " ".join(filter(None, (table.heading, market, look.say("program_trading")))))
    return place


def _fitted(
    ax: Axes, table: Table, line: Timeline, kind: _ProgramFrame
) -> tuple[dict[str, Floats], Floats, float | Floats, str]:
    """Sums for no more bars than there is room for, where they stand, how wide they are, and of what."""
    shown, level = fitted(ax, table, dict.fromkeys(kind.columns.values(), "sum"))
    found = {word: shown[column] for word, column in kind.columns.items() if column in shown}
    over = on(line, shown, level)
    return found, over.at(shown.when), over.bar, period(level)


def _sums(ax: Axes, look: Look, table: Table, line: Timeline, kind: _ProgramFrame) -> None:
    """Bars of what was bought on balance each day, or week where there are too many days."""
    found, x, width, word = _fitted(ax, table, line, kind)
    values = list(found.values())[-1]  # the total, where there is one
    draw_flow_bars(ax, look, x, values, width)
    y_limits(ax, values, np.zeros(1))
    count_axis(ax, Amounts(look.locale), 3)
    ax.set_ylabel(f"{look.say(word)}\n({look.say(kind.unit)})")


def _basis(ax: Axes, look: Look, x: Floats, basis: Floats) -> None:
    """The basis as the server gives it, above and below zero."""
    ax.axhline(0, color=look.faint, linewidth=0.8, zorder=1.5, label="_zero")
    for colour, where in ((look.up, basis >= 0), (look.down, basis <= 0)):
        ax.fill_between(x, basis, 0, where=where, interpolate=True, color=colour, alpha=0.25, linewidth=0)
    ax.plot(x, basis, color=look.faint, linewidth=0.9, label="basis")
    y_limits(ax, basis, np.zeros(1))
    count_axis(ax, Plain(), 3)
    ax.set_ylabel(f"{look.say('basis')}\n({look.say('points')})")


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
            linewidth=4 if word == "total" and len(found) > 1 else 1.3,
            alpha=0.4 if word == "total" and len(found) > 1 else 1,
            zorder=1.8 if word == "total" else 2,
            label=look.say(word),
            marker=marker,
            markersize=4,
        )
        shown.append(values)
    y_limits(ax, *shown, np.zeros(1))
    return handles


def _bars(ax: Axes, look: Look, table: Table, line: Timeline, kind: _ProgramFrame) -> list[Any]:
    """Arbitrage and non-arbitrage on top of one another, each away from zero, and the total as a line."""
    from matplotlib.patches import Patch

    if len(kind.columns) == 1:
        _sums(ax, look, table, line, kind)
        return []
    found, x, width, word = _fitted(ax, table, line, kind)
    ax.set_ylabel(f"{look.say('net_buy')}, {look.label(word, kind.unit)}")
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
