"""The order book as a ladder."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, NamedTuple, Unpack

import numpy as np
from matplotlib.collections import PolyCollection
from matplotlib.patches import Patch

from kiwoomdata.plot.numbers import Amounts, count_axis, plain
from kiwoomdata.plot.shapes import boxes
from kiwoomdata.plot.style import Look, Style
from kiwoomdata.plot.table import Floats, NothingToDraw, Table, read, undrawable

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["SIDES", "WIDE", "orderbook"]

SIDES = ("ask", "bid")
_FIELDS = ("price", "quantity", "quantity_change")
WIDE = [f"{side}_{name}_{level}" for side in SIDES for name in _FIELDS for level in range(1, 11)]
_LONG = ("level", *_FIELDS)
_NEEDS = "side, level, price, quantity, or ask_price_1, ask_quantity_1, bid_price_1, bid_quantity_1 …"


class _Side(NamedTuple):
    """One side of the book, best price first; prices are positive."""

    levels: Floats
    prices: Floats
    quantities: Floats
    changes: Floats


def orderbook(frame: Any, cumulative: bool = False, ax: Axes | None = None, **style: Unpack[Style]) -> Axes:
    """The order book as a ladder: asks above, bids below, the best prices in the middle.

    Parameters
    ----------
    frame
        What :func:`kiwoomdata.orderbook_snapshot` gives for one symbol (``side level price quantity``,
        and ``change``, written beside the quantity), or a wide one (``ask_price_1`` …) such as
        :func:`kiwoomdata.quote_board`'s or a live one's, of which the last row is drawn.
    cumulative
        True: all that is offered up to a price, from the best one on, instead of the quantity at it.
    ax, **style
        As in :func:`candles`. Asks have the colour of down, bids that of up.

    Returns
    -------
    Axes
        Of the ladder.

    Raises
    ------
    ValueError
        A column is missing, every level is empty, or several symbols or moments.

    Examples
    --------
    >>> import matplotlib; matplotlib.use("Agg")
    >>> import kiwoomdata as kd; kd.use("simulator")
    >>> ax = kd.plot.orderbook(kd.orderbook_snapshot("005930"))
    >>> len(ax.get_yticks())
    20
    """
    table = read(
        frame,
        "orderbook",
        may=(*_LONG, *WIDE),
        texts=("side", "time"),
        sources=("ka10004", "ka10007", "ka10087"),
        timed=False,
    )
    asks, bids = sides = _sides(table)
    look = Look.of(ax, style)
    with look.drawing(ax, (6.4, 7.2)) as place:
        look.dress(place, side="left", grid=False)
        place.grid(True, axis="x")
        longest = max(_lengths(side, cumulative).max(initial=0.0) for side in sides) or 1.0
        ticks: list[tuple[float, str, str]] = []
        handles = []
        for name, side, colour, way in (("ask", asks, look.down, 1), ("bid", bids, look.up, -1)):
            lengths, y = _lengths(side, cumulative), way * (side.levels - 0.5)
            corners = boxes(np.zeros(len(y)), lengths, y - 0.4, y + 0.4)
            place.add_collection(
                PolyCollection(corners, facecolors=look.soft(colour), linewidths=0, zorder=2)
            )
            ticks += [(at, plain(price), colour) for at, price in zip(y, side.prices, strict=True)]
            _write(place, look, y, lengths, side, cumulative)
            total = plain(float(np.nansum(side.quantities)))
            handles.append(Patch(color=look.soft(colour), label=f"{look.say(name)} {total}"))
        deepest = max(side.levels.max(initial=1.0) for side in sides)
        place.set_ylim(-deepest - 0.15, deepest + 0.15)
        place.set_xlim(0, longest * 1.3)
        place.axhline(0, color=look.faint, linewidth=0.9)
        _write_spread(place, look, asks, bids)
        place.set_yticks([at for at, _, _ in ticks], [text for _, text, _ in ticks])
        for label, (_, _, colour) in zip(place.get_yticklabels(), ticks, strict=True):
            label.set_color(colour)
        count_axis(place, Amounts(look.locale), 5, axis="x")
        place.set_xlabel(look.label("depth" if cumulative else "quantity", "shares"))
        place.set_ylabel(look.label("price", "KRW"), labelpad=7)
        look.legend(place, handles)
        look.entitle(place, " ".join(filter(None, (table.heading, look.say("book"), _clock(table)))))
    return place


def _sides(table: Table) -> tuple[_Side, _Side]:
    if any(name in table for name in ("ask_price_1", "bid_price_1")):
        found = tuple(_wide_side(table, side) for side in SIDES)
    elif "side" in table.texts and all(name in table for name in ("level", "price", "quantity")):
        found = tuple(_long_side(table, side) for side in SIDES)
    else:
        lacking = [name for name in ("side", "level", "price", "quantity") if name not in table.columns]
        why = f"the frame lacks {', '.join(lacking)}; it has {', '.join(table.columns)}"
        raise undrawable("orderbook", _NEEDS, why)
    if not any(len(side.prices) for side in found):
        raise undrawable("orderbook", _NEEDS, "every level is empty", NothingToDraw)
    asks, bids = found
    return asks, bids


def _wide_side(table: Table, side: str) -> _Side:
    def of(name: str) -> Floats:
        columns = (table.numbers.get(f"{side}_{name}_{level}") for level in range(1, 11))
        return np.array([np.nan if column is None else column[-1] for column in columns])

    return _filled(np.arange(1.0, 11.0), of("price"), of("quantity"), of("quantity_change"))


def _long_side(table: Table, side: str) -> _Side:
    rows = np.array([text == side for text in table.texts["side"]])
    levels = table["level"][rows]
    if len(np.unique(levels)) < len(levels):
        raise ValueError(f"orderbook: the frame holds several {side} levels of one number; draw one book")
    order = np.argsort(levels)
    change = table["quantity_change"] if "quantity_change" in table else np.full(table.rows, np.nan)
    columns = (column[rows][order] for column in (table["price"], table["quantity"], change))
    return _filled(levels[order], *columns)


def _filled(levels: Floats, prices: Floats, quantities: Floats, changes: Floats) -> _Side:
    """Leave out the empty levels, whose price is zero or missing."""
    there = prices > 0
    return _Side(levels[there], prices[there], np.nan_to_num(quantities[there]), changes[there])


def _lengths(side: _Side, cumulative: bool) -> Floats:
    return np.cumsum(side.quantities) if cumulative else side.quantities


def _write(ax: Axes, look: Look, y: Floats, lengths: Floats, side: _Side, cumulative: bool) -> None:
    """The quantity at the end of each bar, and how it has just changed."""
    for at, length, change in zip(y, lengths, side.changes, strict=True):
        written = ax.annotate(
            plain(length),
            (length, at),
            xytext=(5, 0),
            textcoords="offset points",
            va="center",
            fontsize=9,
            color=look.ink,
        )
        if change and np.isfinite(change) and not cumulative:
            ax.annotate(
                f"{'+' if change > 0 else ''}{plain(change)}",
                (1, 0.5),
                xycoords=written,
                xytext=(5, 0),
                textcoords="offset points",
                va="center",
                fontsize=7.5,
                color=look.up if change > 0 else look.down,
            )


def _write_spread(ax: Axes, look: Look, asks: _Side, bids: _Side) -> None:
    if not (len(asks.prices) and len(bids.prices)):
        return
    spread = asks.prices[0] - bids.prices[0]
    share = spread / (asks.prices[0] + bids.prices[0]) * 200
    space = "" if look.locale == "ko" else " "
    text = f"{look.say('spread')} {plain(spread)}{space}{look.say('KRW')} ({share:.2f}%)"
    ax.annotate(
        text,
        (1.0, 0.0),
        xycoords=("axes fraction", "data"),
        ha="right",
        va="center",
        fontsize=8,
        color=look.faint,
        bbox={"boxstyle": "round,pad=0.2", "facecolor": look.paper, "edgecolor": "none"},
    )


def _clock(table: Table) -> str:
    """The time of the book, from a time of day or a moment."""
    found = re.search(r"\d{2}:\d{2}:\d{2}", str((table.texts.get("time") or [""])[-1]))
    return found[0] if found else ""
