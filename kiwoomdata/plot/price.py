"""Candles and their volume."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Unpack

import numpy as np
from matplotlib.collections import PolyCollection
from matplotlib.colors import to_rgba
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from kiwoomdata.plot.coarser import fitted, on, said
from kiwoomdata.plot.compare import compared, draw_rebased, rebased, timeline
from kiwoomdata.plot.numbers import Amounts, count_axis, price_axis, won
from kiwoomdata.plot.shapes import bars, boxes, sticks, tag, y_limits
from kiwoomdata.plot.style import Look, Style, panels
from kiwoomdata.plot.table import Floats, NothingToDraw, Table, read, undrawable
from kiwoomdata.plot.timeline import Spacing, Timeline

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["candles"]

OHLC = ("open", "high", "low", "close")
DAILY_SOURCES = ("ka10086", "ka10005")


def candles(
    frame: Any,
    volume: bool = True,
    ma: int | Sequence[int] = (5, 20, 60),
    ax: Axes | None = None,
    *,
    log: bool = False,
    compare: Any = None,
    **style: Unpack[Style],
) -> Axes:
    """Candles with moving averages of the close, and the volume under them.

    Days without trading take no room; a day on which a stock was halted is a grey dash at its close.
    Nights between minutes take none either, and a line marks them. Where there are more rows than two
    pixels each can show, candles and volume are those of weeks, months, quarters or years (of minutes:
    of 3 to 60 minutes or days), which the title says, or the volume's axis where lines are compared; the
    averages stay those of the rows, without those over fewer rows than two of the bars hold.

    Parameters
    ----------
    frame
        Of one symbol: ``date`` (or ``time``), ``open high low close``, and ``volume`` where it is drawn;
        English, Title-case or Korean names, polars or pandas. Rows whose ``gap`` is true, as bars of a
        stream have it, are hatched.
    volume
        Whether to draw it; without a column ``volume`` it is left out.
    ma
        Moving averages, one or several, over so many rows with a price; those longer than the frame are left
        out.
    ax
        The axes to draw on, which share their place with the volume. Left out: a new figure.
    log
        True: equal distances are equal percentages.
    compare
        A frame of others, of one or several stocks or indices, with ``symbol`` or ``sector``, ``date`` (or
        ``time``) and ``close``: in place of candles there is a line for each, from the first day on which
        all have a price, which is 100. Prices should be adjusted, as :func:`kiwoomdata.candles` gives them.
    **style
        ``palette="korean"`` or ``"western"``, ``up`` and ``down`` (colours of your own),
        ``theme="light"`` or ``"dark"``, ``locale="ko"`` or ``"en"``, ``title``, ``figsize`` in inches,
        and ``save``, a file ending in .png, .svg or .pdf; without ``figsize`` it is a slide's, 16:9.

    Returns
    -------
    Axes
        Of the prices. Those of the volume are labelled ``"volume"`` in the figure.

    Raises
    ------
    ValueError
        A column is missing, there are no rows or no prices, or several symbols; or no day is common to all
        of ``compare``.

    Examples
    --------
    >>> import matplotlib; matplotlib.use("Agg")
    >>> import kiwoomdata as kd; kd.use("simulator")
    >>> frame = kd.candles("삼성전자", "2024-01-02", "2024-06-28")
    >>> ax = kd.plot.candles(frame, ma=(5, 20))
    >>> ax.get_title("left"), [a.get_label() for a in ax.figure.axes[1:]]
    ('삼성전자 005930', ['volume'])
    >>> others = kd.candles(["SK하이닉스", "NAVER"], "2024-01-02", "2024-06-28")
    >>> ax = kd.plot.candles(frame, compare=others)
    >>> ax.get_ylabel()
    '2024-01-02 = 100'
    """
    windows = check_windows(ma)
    table = read(
        frame, "candles", needs=OHLC, may=("volume", "gap"), texts=("sector",), sources=DAILY_SOURCES
    )
    table = averaged(priced(table, "candles"), windows)
    others = rebased(table, compared(compare, DAILY_SOURCES))
    look = Look.of(ax, style, log=log)
    with look.drawing(ax, (10, 5.8)) as place:
        with_volume = volume and "volume" in table and bool(np.isfinite(table["volume"]).any())
        upper, *lower = panels(place, (3.4, 1), ("volume",)) if with_volume else [place]
        shown, spacing = fitted_candles(upper, table, windows)
        line = timeline(shown if others is None else table, others)
        if others is None:
            draw_candles(upper, look, shown, line, windows, coarse=spacing is not None)
        else:
            draw_rebased(upper, look, others, line)
        for each in lower:
            draw_volume(each, look, shown, on(line, shown, spacing), spacing if others else None)
        line.put_on(upper, look)
        look.entitle(upper, table.heading, said(None if others else spacing, look))
    return upper


def ticks(frame: Any, ax: Axes | None = None, *, log: bool = False, **style: Unpack[Style]) -> Axes:
    """The price of each trade, with the last one written at the right."""
    table = read(frame, "ticks", needs=("price",))
    look = Look.of(ax, style, log=log)
    with look.drawing(ax, (10, 4.6)) as place:
        look.dress(place)
        line = Timeline(table.when, dated=table.dated)
        there = table["price"] > 0
        x, price = line.at(table.when)[there], table["price"][there]
        place.plot(x, price, color=look.ink, linewidth=1.0, drawstyle="steps-post")
        y_limits(place, price, log=look.log)
        price_axis(place, price[-1])
        place.set_ylabel(look.label("price", "KRW"), labelpad=8)
        moved = price[-1] - price[0]
        colour = look.up if moved > 0 else look.down if moved < 0 else look.faint
        tag(place, look, price[-1], won(price[-1]), colour)
        line.put_on(place, look)
        look.entitle(place, table.heading)
    return place


def priced(table: Table, chart: str) -> Table:
    """The same with prices that are some: zero is none, and a halted day stands at its close."""
    open_, high, low, close = (np.where(table[name] > 0, table[name], np.nan) for name in OHLC)
    if not np.isfinite(close).any():
        needs = "date (or time), open, high, low, close"
        raise undrawable(chart, needs, "every price is zero or missing", NothingToDraw)
    # A halted day comes with zeros, or with its close four times (seen in the vendor's examples).
    halted = np.isfinite(close) & ~(np.isfinite(open_) & np.isfinite(high) & np.isfinite(low))
    prices = {
        name: np.where(halted, close, column)
        for name, column in zip(OHLC, (open_, high, low, close), strict=True)
    }
    return replace(table, numbers={**table.numbers, **prices})


def averaged(table: Table, windows: Sequence[int]) -> Table:
    """The same with moving averages of the close, each over so many rows with a price."""
    close = table["close"]
    there = np.flatnonzero(np.isfinite(close))
    averages = {}
    for window in windows:
        if window <= len(there):
            averages[f"ma_{window}"] = column = np.full(len(close), np.nan)
            column[there[window - 1 :]] = np.convolve(close[there], np.full(window, 1 / window), mode="valid")
    return replace(table, numbers={**table.numbers, **averages})


def fitted_candles(ax: Axes, table: Table, windows: Sequence[int]) -> tuple[Table, Spacing | None]:
    """As many candles as ``ax`` has room for, with the averages that are longer than two of them."""
    shown, spacing = fitted(ax, table)
    if spacing is not None:
        short = {f"ma_{window}" for window in windows if window * shown.rows <= 2 * table.rows}
        numbers = {name: column for name, column in shown.numbers.items() if name not in short}
        shown = replace(shown, numbers=numbers)
    return shown, spacing


def check_windows(ma: int | Sequence[int]) -> tuple[int, ...]:
    windows = tuple(ma) if isinstance(ma, Sequence) else (ma,)
    for window in windows:
        if isinstance(window, bool) or not isinstance(window, int) or window < 1:
            raise ValueError(f"ma: expected whole numbers of at least 1, such as (5, 20, 60), got {window!r}")
    return windows


def _ohlc(table: Table) -> tuple[Floats, Floats, Floats, Floats]:
    return table["open"], table["high"], table["low"], table["close"]


def _colours(look: Look, table: Table) -> Floats:
    """By close against open; a flat candle by the close before; a day without a trade is grey."""
    open_, close = table["open"], table["close"]
    there = np.flatnonzero(np.isfinite(close))
    before = np.full(len(close), np.nan)
    before[there[1:]] = close[there[:-1]]
    moved = np.where(close == open_, close - before, close - open_)
    if "volume" in table:
        moved = np.where(table["volume"] == 0, 0.0, moved)
    return look.by_sign(moved)  # type: ignore[no-any-return]


def draw_candles(
    ax: Axes,
    look: Look,
    table: Table,
    line: Timeline,
    windows: Sequence[int],
    *,
    coarse: bool = False,
) -> None:
    """Candles and averages of a table that is :func:`priced` and :func:`averaged`."""
    look.dress(ax)
    x, ohlc = line.at(table.when), _ohlc(table)
    sticks(ax, x, ohlc, _colours(look, table), line.bar)
    line.mark_nights(ax, look)
    drawn, close = [], table["close"]
    for number, window in enumerate(windows):
        average = table.numbers.get(f"ma_{window}", np.array([]))
        if (there := np.isfinite(average)).any():
            drawn += ax.plot(
                x[there],
                average[there],
                color=look.nth(number),
                linewidth=1.1 if len(x) < 600 else 0.8,
                marker="o" if there.sum() == 1 else "None",  # a line of one point would not be seen
                markersize=3,
                label=f"MA{window}" + (f" ({look.say('day')})" if coarse and line.daily else ""),
                zorder=3,
                scalex=False,
                scaley=False,
            )
    y_limits(ax, ohlc[1], ohlc[2], *(np.asarray(each.get_ydata()) for each in drawn), log=look.log)
    handles: list[Any] = [*drawn, *_mark_gaps(ax, look, table, line)]
    there = np.isfinite(close)
    last = close[there][-1]
    price_axis(ax, last)
    ax.set_ylabel(look.label("price", table.price_unit), labelpad=8)
    look.legend(ax, handles)
    before = close[there][-2] if there.sum() > 1 else table["open"][there][-1]
    tag(ax, look, last, won(last), look.up if last > before else look.down if last < before else look.faint)


def _mark_gaps(ax: Axes, look: Look, table: Table, line: Timeline) -> list[Patch]:
    """Hatch the whole height of bars that lack trades which were not heard, and say so."""
    lacking = table["gap"] > 0 if "gap" in table else np.zeros(table.rows, dtype=bool)
    if not lacking.any():
        return []
    x, half = line.at(table.when)[lacking], np.broadcast_to(line.room, lacking.shape)[lacking] / 2
    fill, stroke = to_rgba(look.faint, 0.15), to_rgba(look.faint, 0.7)
    hatched: Any = {"hatch": "////", "facecolor": fill, "edgecolor": stroke, "linewidth": 0}
    corners = boxes(x - half, x + half, np.zeros(len(x)), np.ones(len(x)))
    bands = PolyCollection(corners, **hatched, transform=ax.get_xaxis_transform(), zorder=1)
    bands.set_label("gap")
    ax.add_collection(bands, autolim=False)
    return [Patch(**hatched, label=look.say("gap"))]


def draw_volume(ax: Axes, look: Look, table: Table, line: Timeline, of: Spacing | None = None) -> None:
    """Bars of the volume; ``of`` names their period where the title does not, as prices beside are lines."""
    look.dress(ax)
    bars(ax, line.at(table.when), table["volume"], _colours(look, table), line.bar, alpha=0.75)
    line.mark_nights(ax, look)
    _mark_gaps(ax, look, table, line)
    y_limits(ax, table["volume"], zero=True)
    count_axis(ax, Amounts(look.locale), 4)
    told = f"{look.say('volume')} · {said(of, look)}\n({look.say('shares')})"
    ax.set_ylabel(told if of else look.label("volume", "shares"))


def draw_price_behind(ax: Axes, look: Look, x: Floats, price: Floats, word: str = "close") -> Line2D:
    """A price (or an index) as a grey area on an axis of its own at the right, behind what is on ``ax``."""
    behind = ax.twinx()
    behind.set_label(word)
    look.dress(behind, grid=False)
    there = price > 0
    (drawn,) = behind.plot(
        x[there], price[there], color=look.faint, linewidth=0.9, alpha=0.6, label=look.say(word)
    )
    y_limits(behind, price[there], log=look.log)
    bottom = behind.get_ylim()[0]
    behind.fill_between(x[there], price[there], bottom, color=look.faint, alpha=0.09, linewidth=0)
    price_axis(behind, None, 6)
    behind.set_ylabel(look.label(word, "points" if word == "kospi200" else "KRW"))
    ax.set_zorder(behind.get_zorder() + 1)
    ax.patch.set_visible(False)
    ax.figure.sca(ax)
    return drawn
