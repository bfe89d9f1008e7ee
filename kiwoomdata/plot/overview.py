"""A stock at a glance."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal, Unpack

import numpy as np

from kiwoomdata.plot.flows import INVESTORS, draw_flow_bars, draw_flow_lines
from kiwoomdata.plot.numbers import MINUS, Amounts, count_axis, won
from kiwoomdata.plot.price import (
    DAILY_SOURCES,
    OHLC,
    averaged,
    check_windows,
    draw_candles,
    draw_volume,
    priced,
)
from kiwoomdata.plot.shapes import y_limits
from kiwoomdata.plot.style import Look, Style
from kiwoomdata.plot.table import Table, read
from kiwoomdata.plot.timeline import Timeline

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from kiwoomdata.arguments import DateLike
    from kiwoomdata.client import Client

__all__ = ["dashboard"]


def dashboard(
    symbol: str,
    start: DateLike | None = None,
    end: DateLike | None = None,
    client: Client | None = None,
    *,
    period: str | None = None,
    ma: int | Sequence[int] = (5, 20, 60),
    measure: Literal["shares", "value"] = "shares",
    venue: Literal["krx", "nxt", "all"] | None = None,
    **style: Unpack[Style],
) -> Figure:
    """Price, volume, who bought it, and program trading of a stock, in one figure.

    Parameters
    ----------
    symbol, start, end, period, venue, measure
        As in :func:`kiwoomdata.daily_prices`, which fetches all of it: 13 requests for a year, none
        for what is stored. With ``measure="value"`` foreigners get a panel of their own, in shares.
    client
        The client to ask. Left out: that of :func:`kiwoomdata.use`.
    ma, **style
        As in :func:`candles`.

    Returns
    -------
    Figure
        Its axes are labelled ``"price"``, ``"volume"``, ``"flows"``, ``"foreign"`` (in won alone) and
        ``"program"``.

    Raises
    ------
    ValueError
        Wrong arguments, several symbols, or no rows in the range.

    Examples
    --------
    >>> import matplotlib; matplotlib.use("Agg")
    >>> import kiwoomdata as kd; kd.use("simulator")
    >>> figure = kd.plot.dashboard("005930", "2024-01-02", "2024-12-30")
    >>> [ax.get_label() for ax in figure.axes]
    ['price', 'volume', 'flows', 'program']
    """
    from kiwoomdata.questions.prices import daily_prices

    if not isinstance(symbol, str):
        raise TypeError(f"symbol: expected one code such as '005930', got {symbol!r}")
    windows, look = check_windows(ma), Look.of(None, style)
    options: dict[str, Any] = {"client": client, "names": "en", "style": "plain"}
    frame = daily_prices(symbol, start, end, period=period, venue=venue, measure=measure, **options)
    table = read(
        frame,
        "dashboard",
        needs=OHLC,
        may=("volume", *INVESTORS),
        texts=("flow_unit", "foreign_unit"),
        sources=DAILY_SOURCES,
    )
    table = averaged(priced(table, "dashboard"), windows)
    line = Timeline(table.when)
    won = table.only("flow_unit") == "KRW"
    names = ("price", "volume", "flows", *(("foreign",) if won else ()), "program")
    heights = {"price": 3.4, "volume": 0.9, "flows": 1.9, "foreign": 1.1, "program": 1.3}
    with look.figure((11, 8.2 + won)) as figure:
        axes: dict[str, Axes] = {}
        grid = figure.add_gridspec(len(names), 1, height_ratios=[heights[name] for name in names])
        for row, name in enumerate(names):
            axes[name] = figure.add_subplot(grid[row], label=name, sharex=axes.get("price"))
            axes[name].tick_params(axis="x", labelbottom=name == "program")
        draw_candles(axes["price"], look, table, line, windows)
        draw_volume(axes["volume"], look, table, line)
        _draw_flows(axes, look, table, line, won)
        _draw_program(axes["program"], look, table, line, "KRW" if won else "shares")
        line.put_on(axes["price"], look)
        _draw_headline(axes["price"], look, table)
        figure.align_ylabels()
        figure.sca(axes["price"])
    return figure


def _draw_flows(axes: dict[str, Axes], look: Look, table: Table, line: Timeline, won: bool) -> None:
    together = ("individual", "institution") if won else ("individual", "institution", "foreign")
    unit = "KRW" if won else "shares"
    look.legend(axes["flows"], draw_flow_lines(axes["flows"], look, table, line, together, unit))
    if won:
        look.legend(
            axes["foreign"], draw_flow_lines(axes["foreign"], look, table, line, ("foreign",), "shares")
        )


def _draw_program(ax: Axes, look: Look, table: Table, line: Timeline, unit: str) -> None:
    """The program's net buying: bars of each day, and their running sum on an axis of its own."""
    look.dress(ax)
    x = line.at(table.when)
    draw_flow_bars(ax, look, x, table["program"], line.bar)
    y_limits(ax, table["program"], np.zeros(1))
    count_axis(ax, Amounts(look.locale), 4)
    ax.set_ylabel(f"{look.say('program')}\n{look.label('net_buy', unit)}")


def _draw_headline(ax: Axes, look: Look, table: Table) -> None:
    """The title, and after it the last close and how it moved since the close before."""
    title = look.entitle(ax, table.heading)
    close = table["close"][np.isfinite(table["close"])]
    change = close[-1] - close[-2] if len(close) > 1 else 0.0
    colour, words = look.ink, [won(close[-1])]
    if change:
        colour, sign = (look.up, "▲") if change > 0 else (look.down, "▼")
        percent = f"{change / close[-2] * 100:+.2f}%".replace("-", MINUS)
        words += [sign + won(abs(change)), f"({percent})"]
    ax.annotate(
        " ".join(words),
        (1, 0.5),
        xycoords=title,
        xytext=(10, 0),
        textcoords="offset points",
        va="center",
        fontsize=12,
        color=colour,
        annotation_clip=False,
    )
