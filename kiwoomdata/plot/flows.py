"""Who buys and who sells: of one stock over time, and of many stocks on one day."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Unpack

import numpy as np
from matplotlib.colors import LinearSegmentedColormap

from kiwoomdata.origin import provenance
from kiwoomdata.plot.numbers import Amounts, Plain, amount, count_axis, plain
from kiwoomdata.plot.price import DAILY_SOURCES, draw_price_behind
from kiwoomdata.plot.shapes import bars, y_limits
from kiwoomdata.plot.style import Look, Style, panels
from kiwoomdata.plot.table import Floats, Table, read, undrawable
from kiwoomdata.plot.timeline import Timeline

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.lines import Line2D

__all__ = ["breakdown", "investor_flows"]

INVESTORS = ("individual", "institution", "foreign", "program", "foreign_brokers")
WHOLE = ("individual", "foreign", "institution", "other_corporation")
PARTS = (
    *("financial_investment", "insurance", "investment_trust", "other_financial", "bank", "pension"),
    *("private_fund", "nation"),
)
CLASSES = (*WHOLE, *PARTS)


def investor_flows(
    frame: Any,
    cumulative: bool = True,
    price: Any = None,
    ax: Axes | None = None,
    *,
    investors: Sequence[str] | None = None,
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
        True: one line for each class. False: the bars of each day, one panel for each class.
    price
        A frame with ``date`` and ``close`` to draw behind, or False for none. Left out: the frame's
        own ``close``, where it has one.
    investors
        Which classes, by their column names. Left out: all that are there but ``foreign_brokers``
        (외국계), an estimate of much the same as ``foreign``.
    ax, **style
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
    look = Look.of(ax, style)
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


def draw_flow_bars(ax: Axes, look: Look, x: Floats, values: Floats, width: float) -> None:
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
    x = line.at(table.when)
    for axes, (unit, name, together) in zip(every, rows, strict=False):
        look.dress(axes)
        draw_flow_bars(axes, look, x, table[name], line.bar)
        # One scale for all classes of a unit, so that a tall bar is much in every panel.
        y_limits(axes, *(table[other] for other in together), np.zeros(1))
        count_axis(axes, Amounts(look.locale), 4)
        axes.set_ylabel(look.label(name, unit), color=look.ink)
    if closes is not None:
        look.dress(every[-1])
        there = np.isfinite(closes[1])
        every[-1].plot(line.at(closes[0])[there], closes[1][there], color=look.ink, linewidth=1.1)
        y_limits(every[-1], closes[1])
        count_axis(every[-1], Plain(), 4)
        every[-1].set_ylabel(look.label("close", "KRW"), color=look.ink)
    place.figure.align_ylabels(every)
    look.entitle(place, " ".join(filter(None, (table.heading, look.say("net_buy")))))
    return place


def breakdown(frame: Any, top: int = 15, ax: Axes | None = None, **style: Unpack[Style]) -> Axes:
    """Who bought each stock on a day: one row for each stock, one cell for each class of investor.

    A cell's colour is its share of the largest flow of its row, so small stocks can be read as well as
    large ones; the numbers can be compared between rows. Right of the gap stand the parts of 기관.

    Parameters
    ----------
    frame
        What :func:`kiwoomdata.closing_investor_trades` gives: ``symbol`` or ``name``, and one or more of
        ``individual foreign institution financial_investment insurance investment_trust
        other_financial bank pension private_fund nation other_corporation``.
    top
        How many stocks, those with the largest flows; in the order of the frame.
    ax, **style
        As in :func:`candles`.

    Returns
    -------
    Axes
        Of the table.

    Raises
    ------
    ValueError
        A column is missing, there are no rows, or no numbers.

    Examples
    --------
    >>> import matplotlib; matplotlib.use("Agg")
    >>> import kiwoomdata as kd; kd.use("simulator")
    >>> ax = kd.plot.breakdown(kd.closing_investor_trades("kospi"), top=5)
    >>> len(ax.get_yticks()), ax.get_xticklabels()[0].get_text()
    (5, '개인')
    """
    if not isinstance(top, int) or top < 1:
        raise ValueError(f"top: expected a whole number of at least 1, got {top!r}")
    table = read(
        frame,
        "breakdown",
        any_of=CLASSES,
        sources=("ka10066",),
        timed=False,
        one_symbol=False,
    )
    if not {"name", "symbol"} & table.texts.keys():
        raise undrawable(
            "breakdown", f"symbol or name, and one or more of {', '.join(CLASSES)}", "no stock is named"
        )
    classes = [name for name in CLASSES if name in table]
    values = np.stack([table[name] for name in classes], axis=1)
    largest = np.nanmax(np.abs(np.nan_to_num(values)), axis=1)
    kept = np.sort(np.argsort(-largest, kind="stable")[:top])
    values, largest = values[kept], np.where(largest[kept] > 0, largest[kept], 1.0)
    labels = [table.named(i) for i in kept]
    look = Look.of(ax, style)
    rows = len(kept)
    with look.drawing(ax, (1.9 + 0.78 * len(classes), 1.0 + 0.33 * rows)) as place:
        look.dress(place, side="left", grid=False)
        colours = LinearSegmentedColormap.from_list("flows", [look.down, look.paper, look.up])
        shares = np.nan_to_num(values / largest[:, None]) / 1.15  # so that numbers stay legible on all of it
        place.imshow(shares, cmap=colours, vmin=-1, vmax=1, aspect="auto")
        for row in range(rows):
            for column, value in enumerate(values[row]):
                place.text(
                    column,
                    row,
                    plain(value) if abs(value) < 1e7 else amount(value, look.locale),
                    ha="center",
                    va="center",
                    fontsize=8,
                    color=look.legible_on(colours(shares[row, column] / 2 + 0.5)),
                )
        place.set_yticks(range(rows), labels)
        place.set_xticks(range(len(classes)), [look.say(name) for name in classes])
        place.tick_params(axis="y", labelcolor=look.ink)
        place.tick_params(
            axis="x", top=False, bottom=False, labeltop=True, labelbottom=False, labelcolor=look.ink
        )
        place.set_xticks(np.arange(len(classes) + 1) - 0.5, minor=True)
        place.set_yticks(np.arange(rows + 1) - 0.5, minor=True)
        place.grid(which="minor", color=look.paper, linewidth=1.5)
        whole = sum(name in WHOLE for name in classes)
        if 0 < whole < len(classes):
            place.axvline(whole - 0.5, color=look.paper, linewidth=7)
        place.tick_params(which="minor", length=0)
        place.spines["bottom"].set_visible(False)
        side, unit = _measure(frame)
        place.set_xlabel(", ".join(look.say(word) for word in unit))
        look.entitle(place, f"{look.say('by_stock')}: {look.say(side)}")
    return place


def _measure(frame: Any) -> tuple[str, list[str]]:
    """What the numbers are, as far as the request tells."""
    source = provenance(frame)
    params = source.params if source else {}
    side = {"1": "gross_buy", "2": "gross_sell"}.get(params.get("trde_tp", "0"), "net_buy")
    units = {"1": ["in_won", "KRW"], "2": ["in_shares", "shares"]}
    return side, units.get(params.get("amt_qty_tp", ""), ["unknown"])
