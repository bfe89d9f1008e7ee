"""What was recorded of a stream: the book through time, and what was heard and what was not."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Unpack

import numpy as np
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.patches import Patch

from kiwoomdata.plot.book import SIDES, WIDE
from kiwoomdata.plot.cells import draw_scale, rooted, two_ways
from kiwoomdata.plot.numbers import amount, plain, price_axis
from kiwoomdata.plot.style import Look, Style
from kiwoomdata.plot.table import Floats, NothingToDraw, Table, read, undrawable
from kiwoomdata.plot.timeline import Timeline

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["gaps", "orderbook_history"]

_COLUMNS = 600
"""Columns of the map of a book at most; a screen shows no more."""
_ROWS = 400
_MINUTE = np.timedelta64(1, "m")


def _one_day(table: Table, chart: str) -> None:
    days = np.unique(table.when.astype("datetime64[D]"))
    if len(days) > 1:
        raise ValueError(
            f"{chart}: the frame holds {len(days)} days ({days[0]} to {days[-1]}); draw one of them"
        )


def orderbook_history(
    frame: Any, ax: Axes | None = None, *, log: bool = False, **style: Unpack[Style]
) -> Axes:
    """The order book through a day: price upwards, time to the right, the quantity as colour.

    Bids have the colour of up, asks that of down, on one scale whose middle is stretched by a square root.
    A book holds until the next one is told, so this does not show which were not heard: see :func:`gaps`.
    Of more books than the picture has columns, the last one of each column is drawn.

    Parameters
    ----------
    frame
        Of one symbol and day: what :func:`kiwoomdata.ticks` gives with ``feed="orderbook"``, collected, or a
        live frame: ``time``, ``ask_price_1 ask_quantity_1 bid_price_1 bid_quantity_1`` and so on.
    ax, log, **style
        As in :func:`candles`.

    Returns
    -------
    Axes
        Of the map, whose lines are the best ask and the best bid; the scale's are labelled ``"scale"``.

    Raises
    ------
    ValueError
        A column is missing, every level is empty, or several symbols or days.

    Examples
    --------
    >>> import matplotlib; matplotlib.use("Agg")
    >>> import polars as pl
    >>> import kiwoomdata as kd; kd.use("simulator")
    >>> book = kd.quote_board("005930")  # one book; a recording has many
    >>> later = book.with_columns(pl.col("time").dt.offset_by("1m"))
    >>> ax = kd.plot.orderbook_history(pl.concat([book, later]))
    >>> [a.get_label() for a in ax.figure.axes[1:]], len(ax.lines)
    (['scale'], 2)
    """
    needs = [f"{side}_{what}_1" for side in SIDES for what in ("price", "quantity")]
    table = read(frame, "orderbook_history", needs=needs, may=WIDE, sources=("ka10007",))
    _one_day(table, "orderbook_history")
    look = Look.of(ax, style, log=log)
    with look.drawing(ax, (10, 5.6)) as place:
        look.dress(place)
        line = Timeline(table.when, dated=table.dated)
        at, rows = _columns(line.at(table.when))
        prices, quantities = _levels(table, rows)
        if not (prices > 0).any():
            raise undrawable("orderbook_history", ", ".join(needs), "every level is empty", NothingToDraw)
        edges, held = _grid(prices, quantities)
        norm = rooted(float(np.nanmax(np.abs(held))) or 1.0)
        right = max(line.limits[1], at[-1] + (at[-1] - at[0]) / max(len(at), 2))
        cells = place.pcolormesh(
            np.append(at, right), edges, np.ma.masked_invalid(held), cmap=two_ways(look), norm=norm
        )
        handles = []
        for number in range(len(SIDES)):
            best = np.where(prices[number, 0] > 0, prices[number, 0], np.nan)
            label = look.say("best") if number == 0 else "_best"
            handles += place.step(at, best, where="post", color=look.ink, linewidth=0.8, label=label)
        place.set_yscale("log" if look.log else "linear")
        place.set_ylim(edges[0], edges[-1])
        price_axis(place, None)
        place.set_ylabel(look.label("price", "KRW"))
        draw_scale(place, look, cells, look.say("book_scale"), pad=0.1)
        line.put_on(place, look)
        place.set_xlim(np.floor(at[0]), right)
        look.legend(place, handles[:1])
        look.entitle(
            place, " ".join(filter(None, (table.heading, look.say("book")))), str(table.when[0])[:10]
        )
    return place


def _columns(x: Floats) -> tuple[Floats, Any]:
    """Where columns begin, and the row that is the last one in each."""
    if len(x) <= _COLUMNS:
        last = np.flatnonzero(np.append(np.diff(x) > 0, True))
        return x[last], last
    slots = np.floor((x - x[0]) / ((x[-1] - x[0]) or 1.0) * (_COLUMNS - 1))
    last = np.flatnonzero(np.append(np.diff(slots) > 0, True))
    return x[last], last


def _levels(table: Table, rows: Any) -> tuple[Any, Any]:
    """Prices and quantities by side, level and column."""

    def of(side: str, what: str) -> list[Floats]:
        missing = np.full(len(rows), np.nan)
        columns = (table.numbers.get(f"{side}_{what}_{level}") for level in range(1, 11))
        return [missing if column is None else column[rows] for column in columns]

    prices, quantities = (np.nan_to_num([of(side, what) for side in SIDES]) for what in ("price", "quantity"))
    return prices, quantities


def _grid(prices: Any, quantities: Any) -> tuple[Floats, Any]:
    """Edges of prices, and what stands between them: bids above zero, asks below."""
    seen = np.unique(prices[prices > 0])
    step = float(np.diff(seen).min()) if len(seen) > 1 else 1.0
    step = max(step, (seen[-1] - seen[0]) / _ROWS)
    count = int(np.floor((seen[-1] - seen[0]) / step + 0.5)) + 1
    held = np.full((count, prices.shape[2]), np.nan)
    sign = {"ask": -1.0, "bid": 1.0}
    for number, side in enumerate(SIDES):
        _, columns = np.indices(prices[number].shape)
        there = prices[number] > 0
        rows = np.floor((prices[number][there] - seen[0]) / step + 0.5).astype(int)
        sums = np.zeros_like(held)
        np.add.at(sums, (rows, columns[there]), quantities[number][there])
        held = np.where(sums > 0, sign[side] * sums, held)
    return seen[0] + step * (np.arange(count + 1) - 0.5), held


def gaps(frame: Any, ax: Axes | None = None, **style: Unpack[Style]) -> Axes:
    """What a recording holds and what it does not: messages of each symbol, minute by minute of one day.

    Minutes in which no symbol at all was heard are hatched: there the stream itself was silent. A blank
    minute of one symbol alone may be one without a trade. Of trades, the volume that the day's own count
    has more than the trades that were heard, from the first one on, stands at the right.

    Parameters
    ----------
    frame
        Of one day: what :func:`kiwoomdata.ticks` gives, collected: ``symbol`` and ``received_at`` or
        ``time``; of trades also ``quantity`` and ``cumulative_volume``.
    ax, **style
        As in :func:`candles`.

    Returns
    -------
    Axes
        Of the map: one row for each symbol.

    Raises
    ------
    ValueError
        A column is missing, there are no rows, or several days.

    Examples
    --------
    >>> import matplotlib; matplotlib.use("Agg")
    >>> import polars as pl
    >>> import kiwoomdata as kd; kd.use("simulator")
    >>> ax = kd.plot.gaps(kd.trades("005930").select("symbol", "time"))
    >>> [label.get_text() for label in ax.get_yticklabels()][0].split()[-1]
    '005930'
    """
    table = read(
        frame,
        "gaps",
        may=("quantity", "cumulative_volume"),
        one_symbol=False,
        moment="received_at",
    )
    if "symbol" not in table.texts:
        raise undrawable("gaps", "symbol, received_at or time", "no symbol is named")
    _one_day(table, "gaps")
    codes = np.array([code or "" for code in table.texts["symbol"]])
    symbols = list(dict.fromkeys(codes.tolist()))
    minutes = table.when.astype("datetime64[m]")
    first, count = minutes.min(), int((minutes.max() - minutes.min()) / _MINUTE) + 1
    heard = np.zeros((len(symbols), count))
    np.add.at(heard, ([symbols.index(code) for code in codes], ((minutes - first) / _MINUTE).astype(int)), 1)
    look = Look.of(ax, style)
    with look.drawing(ax, (10, 1.4 + 0.3 * len(symbols))) as place:
        look.dress(place, side="left", grid=False)
        line = Timeline(np.array([first, first + (count - 1) * _MINUTE]).astype("datetime64[us]"))
        edges = _minute_of(first) + np.arange(count + 1)
        shades = LinearSegmentedColormap.from_list("heard", [look.paper, look.nth(3)])
        rows = np.arange(len(symbols) + 1) - 0.5
        place.pcolormesh(edges, rows, np.ma.masked_equal(np.sqrt(heard), 0), cmap=shades, vmin=0)
        silent = np.flatnonzero(heard.sum(axis=0) == 0)
        hatched: Any = {"hatch": "////", "facecolor": "none", "edgecolor": look.up, "linewidth": 0}
        for minute in silent:
            place.axvspan(edges[minute], edges[minute + 1], **hatched)
        place.set_ylim(len(symbols) - 0.5, -0.5)
        place.set_yticks(range(len(symbols)), [table.named(codes.tolist().index(code)) for code in symbols])
        place.tick_params(axis="y", labelcolor=look.ink)
        for row, code in enumerate(symbols):
            told = _told(table, codes == code, look)
            place.annotate(
                told, (1, row), xycoords=("axes fraction", "data"), xytext=(6, 0), textcoords="offset points",
                va="center", fontsize=8.5, color=look.ink, annotation_clip=False,
            )  # fmt: skip
        line.put_on(place, look)
        place.set_xlim(edges[0], edges[-1])
        legend = [Patch(facecolor=look.nth(3), label=look.say("heard"))]
        if len(silent):
            legend.append(Patch(**hatched, label=look.say("silent").format(count=len(silent))))
        look.legend(place, legend)
        look.entitle(place, look.say("recorded"), str(first)[:10])
    return place


def _minute_of(moment: Any) -> float:
    return float((moment - moment.astype("datetime64[D]")) / _MINUTE)


def _told(table: Table, rows: Any, look: Look) -> str:
    """How many messages there are, and what volume they lack."""
    told = look.say("messages").format(count=plain(float(rows.sum())))
    if "quantity" not in table or "cumulative_volume" not in table:
        return told
    volume, quantity = table["cumulative_volume"][rows], np.abs(table["quantity"][rows])
    volume, quantity = (column[np.isfinite(volume) & np.isfinite(quantity)] for column in (volume, quantity))
    if not len(volume):
        return told
    start = int(np.argmin(volume))
    missing = volume.max() - volume.min() - (quantity.sum() - quantity[start])
    return f"{told}, {look.say('lacking').format(volume=amount(max(missing, 0.0), look.locale))}"
