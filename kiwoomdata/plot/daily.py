"""One stock by day, in panels: short selling, what foreigners hold, an ETF and its NAV."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple, Unpack

import numpy as np

from kiwoomdata.plot.coarser import fitted, on, period
from kiwoomdata.plot.compare import Rebased, compared, draw_rebased, rebased, timeline
from kiwoomdata.plot.flows import draw_flow_bars
from kiwoomdata.plot.numbers import Amounts, Plain, count_axis, plain, price_axis
from kiwoomdata.plot.price import DAILY_SOURCES
from kiwoomdata.plot.shapes import bars, y_limits
from kiwoomdata.plot.style import Look, Style, panels
from kiwoomdata.plot.table import Floats, Table, read
from kiwoomdata.plot.timeline import Timeline

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = [
    "Panel",
    "draw_panels",
    "draw_sums",
    "etf",
    "foreign_holdings",
    "foreign_panels",
    "rebased_panel",
    "short_panels",
    "short_selling",
]


class Panel(NamedTuple):
    """A part of a chart: its name among the figure's axes, its height beside the others, who draws it."""

    name: str
    height: float
    draw: Callable[[Axes, Look, Table, Timeline], None]


def draw_panels(
    table: Table,
    look: Look,
    ax: Axes | None,
    size: tuple[float, float],
    parts: Sequence[Panel],
    title: str,
    others: Rebased | None = None,
) -> Axes:
    """The panels under one another on one axis of time; the first keeps the axes that were given.

    With ``others`` the first shows them from a common beginning, in place of what it is.
    """
    if others is not None:
        parts = [rebased_panel(parts[0], others), *parts[1:]]
    with look.drawing(ax, size) as place:
        line = timeline(table, others)
        every = panels(place, [part.height for part in parts], [part.name for part in parts[1:]])
        for each, part in zip(every, parts, strict=True):
            look.dress(each)
            part.draw(each, look, table, line)
        line.put_on(place, look)
        place.figure.align_ylabels(every)
        look.entitle(place, " ".join(filter(None, (table.heading, title))))
    return place


def rebased_panel(part: Panel, others: Rebased) -> Panel:
    """A panel of prices, with lines from 100 in their place."""
    return part._replace(draw=lambda ax, look, _, line: draw_rebased(ax, look, others, line))


def draw_lines(ax: Axes, look: Look, x: Floats, columns: Sequence[tuple[str, Floats, str]]) -> list[Any]:
    """Lines, each with its word and colour; a single point is a dot."""
    drawn: list[Any] = []
    for word, values, colour in columns:
        there = np.isfinite(values)
        marker = "o" if there.sum() == 1 else "None"
        drawn += ax.plot(
            x[there],
            values[there],
            color=colour,
            label=look.say(word),
            marker=marker,
            markersize=4,
            linewidth=1.3,
        )
    y_limits(ax, *(values for _, values, _ in columns))
    return drawn


def draw_sums(
    ax: Axes, look: Look, table: Table, line: Timeline, name: str, word: str, unit: str, *, signed: bool
) -> None:
    """Bars of a column, of weeks or longer where there are more days than pixels can show."""
    shown, level = fitted(ax, table, {name: "sum"})
    over = on(line, shown, level)
    x, width = over.at(shown.when), over.bar
    if signed:
        draw_flow_bars(ax, look, x, shown[name], width)
        y_limits(ax, shown[name], np.zeros(1))
    else:
        bars(ax, x, shown[name], look.nth(0), width)
        y_limits(ax, shown[name], zero=True)
    count_axis(ax, Amounts(look.locale), 4)
    of = f", {look.say(period(level))}" if level else ""
    name = look.say(word)  # in two lines, with the unit in the second
    ax.set_ylabel(f"{name}{' ' if chr(10) in name else chr(10)}({look.say(unit)}{of})")


def _positive(values: Floats) -> Floats:
    """A price of zero is none."""
    return np.where(values > 0, values, np.nan)


def _price(ax: Axes, look: Look, table: Table, line: Timeline, *more: tuple[str, Floats, str]) -> None:
    close = _positive(table["close"])
    drawn = draw_lines(ax, look, line.at(table.when), [("close", close, look.ink), *more])
    if np.isfinite(close).any():
        y_limits(ax, close, *(values for _, values, _ in more), log=look.log)
        price_axis(ax, None)
    ax.set_ylabel(look.label("price", "KRW"))
    look.legend(ax, drawn if more else [])


def _percent(ax: Axes, look: Look, table: Table, line: Timeline, names: Sequence[str], word: str) -> None:
    colours = (look.nth(2), look.nth(3))
    columns = [
        (name, table[name], colour) for name, colour in zip(names, colours, strict=False) if name in table
    ]
    drawn = draw_lines(ax, look, line.at(table.when), columns)
    if len(drawn) > 1:  # they are the same where all shares may be foreigners'
        drawn[0].set(linewidth=4, alpha=0.4, zorder=1.8)
    count_axis(ax, Plain(), 4)
    ax.set_ylabel(f"{look.say(word)}\n(%)")
    look.legend(ax, drawn if len(columns) > 1 else [])


# --- short selling -------------------------------------------------------------------------------

_SHORT = ("close", "volume", "short_volume", "short_average_price", "share_pct")


def _short_price(ax: Axes, look: Look, table: Table, line: Timeline) -> None:
    average = (
        [("short_average_price", _positive(table["short_average_price"]), look.nth(0))]
        if ("short_average_price" in table)
        else []
    )
    _price(ax, look, table, line, *average)


def _short_volume(ax: Axes, look: Look, table: Table, line: Timeline) -> None:
    draw_sums(ax, look, table, line, "short_volume", "short_volume", "shares", signed=False)


def _short_share(ax: Axes, look: Look, table: Table, line: Timeline) -> None:
    shown, level = fitted(ax, table, {"short_volume": "sum"})
    if level is not None and "volume" in table:
        table = shown
        table.numbers["share_pct"] = 100 * table["short_volume"] / _positive(table["volume"])
        word = f"%, {look.say(period(level))}"
    else:
        word = "%"
    _percent(ax, look, table, line, ("share_pct",), "share_pct")
    ax.set_ylim(bottom=min(0.0, float(np.nanmin(table["share_pct"]))))
    ax.set_ylabel(f"{look.say('share_pct')}\n({word})")


def short_panels(table: Table) -> list[Panel]:
    parts = [Panel("short_volume", 1.0, _short_volume)]
    if "share_pct" in table and np.isfinite(table["share_pct"]).any():
        parts.append(Panel("share_pct", 0.9, _short_share))
    return parts


def short_selling(
    frame: Any,
    ax: Axes | None = None,
    *,
    log: bool = False,
    compare: Any = None,
    **style: Unpack[Style],
) -> Axes:
    """Short selling of a stock by day: price and average price of shorts, their volume and their share.

    Parameters
    ----------
    frame
        What :func:`kiwoomdata.short_selling` gives for one symbol: ``date``, ``close`` and ``short_volume``
        (shares); and where they are there ``short_average_price`` (KRW), ``share_pct`` (% of the volume)
        and ``volume``.
    ax, log, compare, **style
        As in :func:`candles`; what is compared takes the place of the price and of the lines beside it.

    Returns
    -------
    Axes
        Of the prices; the others are labelled ``"short_volume"`` and ``"share_pct"``. Of more days than two
        pixels each can show, volumes are sums of weeks or longer, which their axis says, and the share is
        that of those sums.

    Raises
    ------
    ValueError
        As in :func:`candles`.

    Examples
    --------
    >>> import matplotlib; matplotlib.use("Agg")
    >>> import kiwoomdata as kd; kd.use("simulator")
    >>> ax = kd.plot.short_selling(kd.short_selling("삼성전자", period="3mo"))
    >>> ax.get_title("left"), [a.get_label() for a in ax.figure.axes[1:]]
    ('삼성전자 005930 공매도', ['short_volume', 'share_pct'])
    """
    table = read(frame, "short_selling", needs=("close", "short_volume"), may=_SHORT, sources=("ka10014",))
    others = rebased(table, compared(compare, DAILY_SOURCES))
    look = Look.of(ax, style, log=log)
    parts = [Panel("price", 2.2, _short_price), *short_panels(table)]
    return draw_panels(table, look, ax, (10, 5.6), parts, look.say("short_selling"), others)


# --- what foreigners hold ------------------------------------------------------------------------

_HELD = ("foreign_weight_pct", "foreign_limit_used_pct")


def _held(ax: Axes, look: Look, table: Table, line: Timeline) -> None:
    _percent(ax, look, table, line, _HELD, "held_by_foreigners")


def _bought(ax: Axes, look: Look, table: Table, line: Timeline) -> None:
    draw_sums(ax, look, table, line, "change_in_shares", "change_in_shares", "shares", signed=True)


def foreign_panels(table: Table) -> list[Panel]:
    parts = [Panel("held", 1.2, _held)]
    if "change_in_shares" in table and np.isfinite(table["change_in_shares"]).any():
        parts.append(Panel("change_in_shares", 1.0, _bought))
    return parts


def foreign_holdings(
    frame: Any,
    ax: Axes | None = None,
    *,
    log: bool = False,
    compare: Any = None,
    **style: Unpack[Style],
) -> Axes:
    """What foreigners hold of a stock by day: their share, the part of their limit, and what they bought.

    Parameters
    ----------
    frame
        What :func:`kiwoomdata.foreign_holdings` gives for one symbol: ``date``, ``close``, and one or both of
        ``foreign_weight_pct foreign_limit_used_pct`` (%); and ``change_in_shares`` where it is there.
    ax, log, compare, **style
        As in :func:`candles`; what is compared takes the place of the price and of the lines beside it.

    Returns
    -------
    Axes
        Of the close; the others are labelled ``"held"`` and ``"change_in_shares"``. Of more days than two
        pixels each can show, changes are sums of weeks or longer, which their axis says.

    Raises
    ------
    ValueError
        As in :func:`candles`.

    Examples
    --------
    >>> import matplotlib; matplotlib.use("Agg")
    >>> import kiwoomdata as kd; kd.use("simulator")
    >>> ax = kd.plot.foreign_holdings(kd.foreign_holdings("005930", "2024-10-02", "2024-12-30"))
    >>> [a.get_label() for a in ax.figure.axes[1:]]
    ['held', 'change_in_shares']
    """
    table = read(
        frame,
        "foreign_holdings",
        needs=("close",),
        any_of=_HELD,
        may=("change_in_shares",),
        sources=("ka10008",),
    )
    others = rebased(table, compared(compare, DAILY_SOURCES))
    look = Look.of(ax, style, log=log)
    parts = [Panel("price", 1.8, _price), *foreign_panels(table)]
    return draw_panels(table, look, ax, (10, 5.6), parts, look.say("held_by_foreigners"), others)


# --- ETFs ----------------------------------------------------------------------------------------


def _etf_price(ax: Axes, look: Look, table: Table, line: Timeline) -> None:
    _price(ax, look, table, line, ("nav", _positive(table["nav"]), look.nth(0)))


def _etf_gap(ax: Axes, look: Look, table: Table, line: Timeline) -> None:
    """From the two numbers themselves, so that it fits the lines above it."""
    gap = (_positive(table["close"]) / _positive(table["nav"]) - 1) * 100
    last = gap[np.isfinite(gap)][-1:]
    days = replace(table, numbers={"gap": gap, "highest": gap, "lowest": gap})
    shown, level = fitted(ax, days, {"gap": "last", "highest": "max", "lowest": "min"})
    x = on(line, shown, level).at(shown.when)
    ax.axhline(0, color=look.faint, linewidth=0.8, zorder=1.5, label="_zero")
    if level is None:
        for colour, where in ((look.up, gap >= 0), (look.down, gap <= 0)):
            ax.fill_between(x, gap, 0, where=where, interpolate=True, color=colour, alpha=0.3, linewidth=0)
        ax.plot(x, gap, color=look.faint, linewidth=0.9, label="gap")
    else:  # a line from day to day would be a thicket; the widest gaps are what is looked for
        for colour, name in ((look.up, "highest"), (look.down, "lowest")):
            ax.plot(x, shown[name], color=colour, linewidth=1.0, label=name)
        ax.fill_between(x, shown["lowest"], shown["highest"], color=look.faint, alpha=0.2, linewidth=0)
    y_limits(ax, gap, np.zeros(1))
    count_axis(ax, Plain(), 4)
    of = f", {look.say('range_' + period(level))}" if level else ""
    ax.set_ylabel(f"{look.say('nav_gap')}\n(%{of})")
    if len(last):
        ax.set_xlabel(
            look.say("nav_gap_now").format(gap=f"{'+' if last[0] > 0 else ''}{plain(float(last[0]))}"),
            loc="left",
        )


def etf(
    frame: Any,
    ax: Axes | None = None,
    *,
    log: bool = False,
    compare: Any = None,
    **style: Unpack[Style],
) -> Axes:
    """Price and NAV of an ETF, and under them the gap between the two (괴리율): price / NAV - 1.

    Parameters
    ----------
    frame
        What :func:`kiwoomdata.etf_daily` gives for one symbol: ``date``, ``close`` and ``nav`` (KRW).
    ax, log, compare, **style
        As in :func:`candles`; what is compared takes the place of the price and of the lines beside it.

    Returns
    -------
    Axes
        Of price and NAV; those of the gap are labelled ``"gap"``. Of more days than two pixels each can show,
        the highest and the lowest gap of each week or longer are drawn, which their axis says.

    Raises
    ------
    ValueError
        As in :func:`candles`.

    Examples
    --------
    >>> import matplotlib; matplotlib.use("Agg")
    >>> import kiwoomdata as kd; kd.use("simulator")
    >>> ax = kd.plot.etf(kd.etf_daily("069500", "2024-10-02", "2024-12-30"))
    >>> [text.get_text() for text in ax.get_legend().get_texts()], ax.figure.axes[1].get_ylabel()
    (['종가', 'NAV'], '괴리율\\n(%)')
    """
    table = read(frame, "etf", needs=("close", "nav"), sources=("ka40003",))
    others = rebased(table, compared(compare, DAILY_SOURCES))
    look = Look.of(ax, style, log=log)
    parts = [Panel("price", 2.4, _etf_price), Panel("gap", 1.0, _etf_gap)]
    return draw_panels(table, look, ax, (10, 5.2), parts, look.say("price_and_nav"), others)
