"""Who buys and who sells of one stock, over time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Unpack

import numpy as np

from kiwoomdata.plot.coarser import fitted, on, period
from kiwoomdata.plot.numbers import Amounts, count_axis, price_axis
from kiwoomdata.plot.price import DAILY_SOURCES, draw_price_behind
from kiwoomdata.plot.shapes import bars, y_limits
from kiwoomdata.plot.style import Look, Style, panels
from kiwoomdata.plot.table import Floats, Table, read, undrawable
from kiwoomdata.plot.timeline import Timeline

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.lines import Line2D

__all__ = ["investor_flows"]

INVESTORS = ("individual", "institution", "foreign", "program", "foreign_brokers")


def investor_flows(
    frame: Any,
    cumulative: bool = True,
    price: Any = None,
    ax: Axes | None = None,
    *,
    investors: Sequence[str] | None = None,
    log: bool = False,
    **style: Unpack[Style],
) -> Axes:
    """Net buying of each class of investor, cumulated from the first row, against the price.

    Shares and won never share an axis: of flows in won, foreigners, whom the exchange counts in
    shares alone, get axes of their own.

    Parameters
    ----------
    frame
        What :func:`kiwoomdata.investor_flows` or :func:`kiwoomdata.daily_prices` gives for one symbol:
        ``date``, one or more of ``individual institution foreign program foreign_brokers``, and
        ``flow_unit foreign_unit``.
    cumulative
        True: one line for each class. False: the bars of each day, one panel for each class; of more days
        than two pixels each can show, sums of weeks or longer, which the title says.
    price
        A frame with ``date`` and ``close`` to draw behind, or False for none. Left out: the frame's
        own ``close``, where it has one.
    investors
        Which classes, by their column names. Left out: all that are there but ``foreign_brokers``
        (외국계), an estimate of much the same as ``foreign``.
    ax, log, **style
        As in :func:`candles`.

    Returns
    -------
    Axes
        The uppermost of the flows.

    Raises
    ------
    ValueError
        As in :func:`candles`; also for flows in different units.

    Examples
    --------
    >>> import matplotlib; matplotlib.use("Agg")
    >>> import kiwoomdata as kd; kd.use("simulator")
    >>> frame = kd.daily_prices("005930", "2024-01-02", "2024-06-28")
    >>> ax = kd.plot.investor_flows(frame)
    >>> ax.get_ylabel(), [text.get_text() for text in ax.get_legend().get_texts()]
    ('누적 순매수 (주)', ['개인', '기관', '외국인', '프로그램', '종가'])
    """
    table = read(
        frame,
        "investor_flows",
        any_of=INVESTORS,
        may=("close",),
        texts=("flow_unit", "foreign_unit"),
        sources=DAILY_SOURCES,
    )
    chosen, groups = _chosen(table, investors), _by_unit(table)
    groups = [(unit, [name for name in names if name in chosen]) for unit, names in groups]
    groups = [(unit, names) for unit, names in groups if names]
    closes = _closes(price, table)
    look = Look.of(ax, style, log=log)
    height = 5.2 if cumulative else 1.3 + 1.35 * (len(chosen) + (closes is not None))
    with look.drawing(ax, (10, height)) as place:
        line = Timeline(table.when, dated=table.dated)
        if cumulative:
            top = _lines(place, look, table, line, groups, closes)
        else:
            top = _small_bars(place, look, table, line, groups, closes)
        line.put_on(top, look)
    return top


def _chosen(table: Table, investors: Sequence[str] | None) -> list[str]:
    there = [name for name in INVESTORS if name in table]
    if investors is None:
        return [name for name in there if name != "foreign_brokers"] or there
    if isinstance(investors, str):
        investors = (investors,)
    for name in investors:
        if name not in there:
            raise ValueError(f"investors: expected some of {', '.join(there)}, got {name!r}")
    return list(investors)


def _by_unit(table: Table) -> list[tuple[str, list[str]]]:
    """The classes that may share an axis, with their unit."""
    unit, foreign = (table.only(name) or "unknown" for name in ("flow_unit", "foreign_unit"))
    names = [name for name in INVESTORS if name in table]
    if unit == foreign != "unknown":
        return [(unit, names)]
    return [(unit, [name for name in names if name != "foreign"]), (foreign, ["foreign"])]


def _closes(price: Any, table: Table) -> tuple[Any, Floats] | None:
    """Moments and closes of the price that is drawn behind: those of the flows' own days."""
    if price is False or (price is None and "close" not in table):
        return None
    if price is None or price is True:
        if "close" not in table:
            raise undrawable("investor_flows", "close", "price: the frame has no close")
        moments, close = table.when, table["close"]
    else:
        found = read(price, "investor_flows, price", needs=("close",), sources=DAILY_SOURCES)
        among = np.isin(found.when, table.when)
        if not among.any():
            raise ValueError(
                "price: none of its days is a day of the flows; give the prices of the same days"
            )
        moments, close = found.when[among], found["close"][among]
    close = np.where(close > 0, close, np.nan)
    return (moments, close) if np.isfinite(close).any() else None


def cumulated(values: Floats) -> Floats:
    """The running sum; missing where the value is, and going on behind it."""
    return np.where(np.isfinite(values), np.nancumsum(values), np.nan)


def draw_flow_lines(
    ax: Axes, look: Look, table: Table, line: Timeline, names: Sequence[str], unit: str, **axis: Any
) -> list[Line2D]:
    """The running sum of each class."""
    look.dress(ax, **axis)
    x = line.at(table.when)
    sums = {name: cumulated(table[name]) for name in names}
    ax.axhline(0, color=look.faint, linewidth=0.8, zorder=1.5, label="_zero")
    drawn = []
    for name, values in sums.items():
        # A line of one point would not be seen.
        marker = "o" if np.isfinite(values).sum() == 1 else "None"
        colour = look.nth(INVESTORS.index(name))
        drawn += ax.plot(
            x, values, color=colour, linewidth=1.5, label=look.say(name), marker=marker, markersize=4
        )
    y_limits(ax, *sums.values(), np.zeros(1))
    count_axis(ax, Amounts(look.locale), 6)
    ax.set_ylabel(look.label("cumulative", unit))
    return drawn


def _lines(
    place: Axes,
    look: Look,
    table: Table,
    line: Timeline,
    groups: Sequence[tuple[str, list[str]]],
    closes: tuple[Any, Floats] | None,
) -> Axes:
    every = panels(place, (2.2, 1), ("foreign",)) if len(groups) == 2 else [place]
    for axes, (unit, names) in zip(every, groups, strict=True):
        drawn = draw_flow_lines(axes, look, table, line, names, unit, side="left")
        if closes is not None and axes is place:
            drawn.append(draw_price_behind(place, look, line.at(closes[0]), closes[1]))
        look.legend(axes, drawn)
    look.entitle(place, table.heading)
    return place


def draw_flow_bars(ax: Axes, look: Look, x: Floats, values: Floats, width: float | Floats) -> None:
    """Net buying day by day, in the colours of up and down."""
    ax.axhline(0, color=look.faint, linewidth=0.8, zorder=1.5, label="_zero")
    bars(ax, x, values, look.by_sign(values), width, zorder=2, alpha=0.9)


def _small_bars(
    place: Axes,
    look: Look,
    table: Table,
    line: Timeline,
    groups: Sequence[tuple[str, list[str]]],
    closes: tuple[Any, Floats] | None,
) -> Axes:
    rows = [(unit, name, names) for unit, names in groups for name in names]
    names = [name for _, name, _ in rows]
    heights = [1.0] * len(rows) + ([1.1] if closes is not None else [])
    every = panels(place, heights, [*names, "close"][1 : len(heights)])
    shown, level = fitted(place, table, dict.fromkeys(INVESTORS, "sum"))
    over = on(line, shown, level)
    x, width = over.at(shown.when), over.bar
    for axes, (unit, name, together) in zip(every, rows, strict=False):
        look.dress(axes)
        draw_flow_bars(axes, look, x, shown[name], width)
        # One scale for all classes of a unit, so that a tall bar is much in every panel.
        y_limits(axes, *(shown[other] for other in together), np.zeros(1))
        count_axis(axes, Amounts(look.locale), 4)
        axes.set_ylabel(look.label(name, unit), color=look.ink)
    if closes is not None:
        look.dress(every[-1])
        there = np.isfinite(closes[1])
        every[-1].plot(line.at(closes[0])[there], closes[1][there], color=look.ink, linewidth=1.1)
        y_limits(every[-1], closes[1], log=look.log)
        price_axis(every[-1], None, 4)
        every[-1].set_ylabel(look.label("close", "KRW"), color=look.ink)
    place.figure.align_ylabels(every)
    told = look.say(period(level)) if level else ""
    look.entitle(place, " ".join(filter(None, (table.heading, look.say("net_buy")))), told)
    return place
