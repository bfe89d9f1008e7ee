"""Candles, and how strongly buyers press."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Unpack

import numpy as np
from matplotlib.lines import Line2D

from kiwoomdata.plot.numbers import Amounts, Plain, count_axis, won
from kiwoomdata.plot.shapes import bars, sticks, tag, y_limits
from kiwoomdata.plot.style import Look, Style, panels
from kiwoomdata.plot.table import Floats, NothingToDraw, Table, read, undrawable
from kiwoomdata.plot.timeline import Timeline

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["candles", "strength"]

OHLC = ("open", "high", "low", "close")
DAILY_SOURCES = ("ka10086", "ka10005")


def candles(
    frame: Any,
    volume: bool = True,
    ma: int | Sequence[int] = (5, 20, 60),
    ax: Axes | None = None,
    **style: Unpack[Style],
) -> Axes:
    """Candles with moving averages of the close, and the volume under them.

    Days without trading take no room; a day on which a stock was halted is a grey dash at its close.

    Parameters
    ----------
    frame
        Of one symbol: ``date`` (or ``time``), ``open high low close``, and ``volume`` where it is drawn;
        English, Title-case or Korean names, polars or pandas.
    volume
        Whether to draw it; without a column ``volume`` it is left out.
    ma
        Moving averages, one or several, over so many rows with a price; those longer than the frame are left
        out.
    ax
        The axes to draw on, which share their place with the volume. Left out: a new figure.
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
        A column is missing, there are no rows or no prices, or several symbols.

    Examples
    --------
    >>> import matplotlib; matplotlib.use("Agg")
    >>> import kiwoomdata as kd; kd.use("simulator")
    >>> frame = kd.daily_prices("005930", "2024-01-02", "2024-06-28")
    >>> ax = kd.plot.candles(frame, ma=(5, 20))
    >>> ax.get_title("left"), [a.get_label() for a in ax.figure.axes[1:]]
    ('005930', ['volume'])
    """
    windows = check_windows(ma)
    table = read(frame, "candles", needs=OHLC, may=("volume",), sources=DAILY_SOURCES)
    check_priced(table, "candles")
    look = Look.of(ax, style)
    with look.drawing(ax, (10, 5.8)) as place:
        with_volume = volume and "volume" in table and bool(np.isfinite(table["volume"]).any())
        upper, *lower = panels(place, (3.4, 1), ("volume",)) if with_volume else [place]
        line = Timeline(table.when, dated=table.dated)
        draw_candles(upper, look, table, line, windows)
        for each in lower:
            draw_volume(each, look, table, line)
        line.put_on(upper, look)
        look.entitle(upper, table.heading)
    return upper


def ticks(frame: Any, ax: Axes | None = None, **style: Unpack[Style]) -> Axes:
    """The price of each trade, with the last one written at the right."""
    table = read(frame, "ticks", needs=("price",))
    look = Look.of(ax, style)
    with look.drawing(ax, (10, 4.6)) as place:
        look.dress(place)
        line = Timeline(table.when, dated=table.dated)
        there = table["price"] > 0
        x, price = line.at(table.when)[there], table["price"][there]
        place.plot(x, price, color=look.ink, linewidth=1.0, drawstyle="steps-post")
        y_limits(place, price)
        count_axis(place, Plain(beside=price[-1]), 7)
        place.set_ylabel(look.label("price", "KRW"), labelpad=8)
        moved = price[-1] - price[0]
        colour = look.up if moved > 0 else look.down if moved < 0 else look.faint
        tag(place, look, price[-1], won(price[-1]), colour)
        line.put_on(place, look)
        look.entitle(place, table.heading)
    return place


def check_priced(table: Table, chart: str) -> None:
    if not (table["close"] > 0).any():
        needs = "date (or time), open, high, low, close"
        raise undrawable(chart, needs, "every price is zero or missing", NothingToDraw)


def check_windows(ma: int | Sequence[int]) -> tuple[int, ...]:
    windows = tuple(ma) if isinstance(ma, Sequence) else (ma,)
    for window in windows:
        if not isinstance(window, int) or window < 1:
            raise ValueError(f"ma: expected whole numbers of at least 1, such as (5, 20, 60), got {window!r}")
    return windows


def _priced(table: Table) -> tuple[Floats, Floats, Floats, Floats]:
    """Open, high, low, close, where a price of zero is none, and a halted day stands at its close."""
    open_, high, low, close = (np.where(table[name] > 0, table[name], np.nan) for name in OHLC)
    # A halted day comes with zeros, or with its close four times (seen in the vendor's examples).
    halted = np.isfinite(close) & ~(np.isfinite(open_) & np.isfinite(high) & np.isfinite(low))
    return tuple(np.where(halted, close, column) for column in (open_, high, low, close))  # type: ignore[return-value]


def _colours(look: Look, ohlc: tuple[Floats, ...], table: Table) -> Floats:
    """By close against open; a flat candle by the close before; a day without a trade is grey."""
    open_, close = ohlc[0], ohlc[3]
    there = np.flatnonzero(np.isfinite(close))
    before = np.full(len(close), np.nan)
    before[there[1:]] = close[there[:-1]]
    moved = np.where(close == open_, close - before, close - open_)
    if "volume" in table:
        moved = np.where(table["volume"] == 0, 0.0, moved)
    return look.by_sign(moved)  # type: ignore[no-any-return]


def draw_candles(ax: Axes, look: Look, table: Table, line: Timeline, windows: Sequence[int]) -> None:
    look.dress(ax)
    x, ohlc = line.at(table.when), _priced(table)
    sticks(ax, x, ohlc, _colours(look, ohlc, table), line.bar)
    drawn, close = [], ohlc[3]
    there = np.isfinite(close)
    for number, window in enumerate(windows):
        if window <= there.sum():
            average = np.convolve(close[there], np.full(window, 1 / window), mode="valid")
            drawn.append(
                ax.plot(
                    x[there][window - 1 :],
                    average,
                    color=look.nth(number),
                    linewidth=1.1 if len(x) < 600 else 0.8,
                    label=f"MA{window}",
                    zorder=3,
                    scalex=False,
                    scaley=False,
                )[0]
            )
    y_limits(ax, ohlc[1], ohlc[2], *(np.asarray(each.get_ydata()) for each in drawn))
    last = close[there][-1]
    count_axis(ax, Plain(beside=last), 7)
    ax.set_ylabel(look.label("price", "KRW"), labelpad=8)
    look.legend(ax, drawn)
    before = close[there][-2] if there.sum() > 1 else ohlc[0][there][-1]
    tag(ax, look, last, won(last), look.up if last > before else look.down if last < before else look.faint)


def draw_volume(ax: Axes, look: Look, table: Table, line: Timeline) -> None:
    look.dress(ax)
    colours = _colours(look, _priced(table), table)
    bars(ax, line.at(table.when), table["volume"], colours, line.bar, alpha=0.75)
    y_limits(ax, table["volume"], zero=True)
    count_axis(ax, Amounts(look.locale), 4)
    ax.set_ylabel(look.label("volume", "shares"))


def draw_price_behind(ax: Axes, look: Look, x: Floats, price: Floats, word: str = "close") -> Line2D:
    """A price (or an index) as a grey area on an axis of its own at the right, behind what is on ``ax``."""
    behind = ax.twinx()
    behind.set_label(word)
    look.dress(behind, grid=False)
    there = np.isfinite(price)
    (drawn,) = behind.plot(
        x[there], price[there], color=look.faint, linewidth=0.9, alpha=0.6, label=look.say(word)
    )
    y_limits(behind, price)
    bottom = behind.get_ylim()[0]
    behind.fill_between(x[there], price[there], bottom, color=look.faint, alpha=0.09, linewidth=0)
    count_axis(behind, Plain(), 6)
    behind.set_ylabel(look.label(word, "points" if word == "kospi200" else "KRW"))
    ax.set_zorder(behind.get_zorder() + 1)
    ax.patch.set_visible(False)
    ax.figure.sca(ax)
    return drawn


_AVERAGES = tuple(f"strength_{window}{unit}" for unit in "md" for window in (5, 20, 60))


def strength(frame: Any, ax: Axes | None = None, **style: Unpack[Style]) -> Axes:
    """Trade strength (체결강도) with its averages, around the 100 % at which buyers and sellers are even.

    Parameters
    ----------
    frame
        What :func:`kiwoomdata.trade_strength` gives, by time or by day: ``date`` or ``time``,
        ``strength``; and where they are there, ``strength_5m`` (``_20m``, ``_60m``, or ``_5d`` …) and
        ``price`` or ``close``, which is drawn behind.
    ax, **style
        As in :func:`candles`.

    Returns
    -------
    Axes
        Of the strength.

    Raises
    ------
    ValueError
        As in :func:`candles`.

    Examples
    --------
    >>> import matplotlib; matplotlib.use("Agg")
    >>> import kiwoomdata as kd; kd.use("simulator")
    >>> ax = kd.plot.strength(kd.trade_strength("005930", by="day"))
    >>> ax.get_ylabel()
    '체결강도 (%)'
    """
    table = read(
        frame,
        "strength",
        needs=("strength",),
        may=(*_AVERAGES, "price", "close"),
        sources=("ka10046", "ka10047"),
    )
    look = Look.of(ax, style)
    with look.drawing(ax, (10, 4.6)) as place:
        line = Timeline(table.when, dated=table.dated)
        look.dress(place, side="left")
        x, main = line.at(table.when), table["strength"]
        place.axhline(100, color=look.faint, linewidth=0.9, zorder=1.5)
        for colour, where in ((look.up, main >= 100), (look.down, main <= 100)):
            place.fill_between(
                x, main, 100, where=where, interpolate=True, color=colour, alpha=0.13, linewidth=0, zorder=1
            )
        (first,) = place.plot(x, main, color=look.ink, linewidth=0.7, alpha=0.7, label=look.say("strength"))
        drawn, shown = [first], [main]
        for name in _AVERAGES:
            if name in table:
                window, unit = name.removeprefix("strength_")[:-1], name[-1]
                word = look.say("minute" if unit == "m" else "day")
                space = "" if look.locale == "ko" else " "
                colour = look.nth(len(drawn) - 1)
                label = f"{window}{space}{word} {look.say('average')}"
                drawn += place.plot(x, table[name], color=colour, linewidth=1.5, label=label)
                shown.append(table[name])
        y_limits(place, *shown, np.array([100.0]))
        count_axis(place, Plain(), 6)
        place.set_ylabel(look.label("strength", "%"))
        price = next((name for name in ("price", "close") if name in table), None)
        if price is not None and np.isfinite(table[price]).any():
            drawn.append(draw_price_behind(place, look, x, table[price], price))
        line.put_on(place, look)
        look.legend(place, drawn)
        look.entitle(place, " ".join(filter(None, (table.heading, look.say("strength")))))
    return place
