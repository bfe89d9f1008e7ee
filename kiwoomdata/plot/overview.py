"""A stock at a glance: over time, and through a day."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from typing import TYPE_CHECKING, Any, Literal, Unpack

import numpy as np
import polars as pl

from kiwoomdata.calendar import last_trading_day, nth_trading_day_before, previous_trading_day
from kiwoomdata.client import default_client
from kiwoomdata.names import entitled
from kiwoomdata.plot.breakdown import class_panels
from kiwoomdata.plot.coarser import fitted, on, said
from kiwoomdata.plot.compare import Rebased, compared, rebased, timeline
from kiwoomdata.plot.daily import Panel, draw_sums, foreign_panels, rebased_panel, short_panels
from kiwoomdata.plot.flows import INVESTORS, draw_flow_lines
from kiwoomdata.plot.numbers import MINUS, Amounts, count_axis, won
from kiwoomdata.plot.price import (
    DAILY_SOURCES,
    OHLC,
    averaged,
    check_windows,
    draw_candles,
    draw_volume,
    fitted_candles,
    priced,
)
from kiwoomdata.plot.shapes import y_limits
from kiwoomdata.plot.strength import draw_strength
from kiwoomdata.plot.style import Look, Style
from kiwoomdata.plot.table import Table, read
from kiwoomdata.plot.timeline import Timeline
from kiwoomdata.telling import gathered

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from kiwoomdata.arguments import DateLike
    from kiwoomdata.client import Client

__all__ = ["dashboard", "intraday"]


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
    log: bool = False,
    compare: Any = None,
    page: bool = False,
    **style: Unpack[Style],
) -> Figure:
    """Price, volume, who bought it, and program trading of a stock, in one figure.

    The averages are whole from the first day on: the days before it are fetched too. Of more days than
    two pixels each can show, candles and bars are those of weeks or longer, as in :func:`candles`.

    Parameters
    ----------
    symbol, start, end, period, venue, measure
        As in :func:`kiwoomdata.daily_prices`, which fetches the range and the days of the longest average:
        17 requests for a year, none for what is stored, and two a day for names of stocks. With
        ``measure="value"`` foreigners get a panel of their own, in shares.
    client
        The client to ask. Left out: that of :func:`kiwoomdata.use`.
    ma, log, compare, **style
        As in :func:`candles`.
    page
        True: a whole page, with the classes of investor (:func:`kiwoomdata.investor_breakdown`), short
        selling and what foreigners hold, as far as the server has them for the range: six requests more
        for a year, and one for each 50 days that the server has of foreign holdings at all.

    Returns
    -------
    Figure
        Its axes are labelled ``"price"``, ``"volume"``, ``"flows"``, ``"foreign"`` (in won alone) and
        ``"program"``; of a page also ``"classes"``, ``"short_volume"``, ``"share_pct"``, ``"held"`` and
        ``"change_in_shares"``.

    Raises
    ------
    ValueError
        Wrong arguments, several symbols, no rows in the range, or a figure of less than an inch a panel.

    Examples
    --------
    >>> import matplotlib; matplotlib.use("Agg")
    >>> import kiwoomdata as kd; kd.use("simulator")
    >>> figure = kd.plot.dashboard("005930", "2024-01-02", "2024-12-30")
    >>> [ax.get_label() for ax in figure.axes], figure.axes[0].get_title("left")
    (['price', 'volume', 'flows', 'program'], '삼성전자 005930')
    """
    if not isinstance(symbol, str):
        raise TypeError(f"symbol: expected one code such as '005930', got {symbol!r}")
    windows, look = check_windows(ma), Look.of(None, style, log=log)
    _check_height(look, 4 + (measure == "value") + 5 * page)
    beside = compared(compare, DAILY_SOURCES)
    options: dict[str, Any] = {"client": client or default_client(), "names": "en", "style": "plain"}
    asked = {"period": period, "venue": venue, "measure": measure}
    table = _prices(symbol, start, end, windows, asked, options)
    others = rebased(table, beside)
    parts = _parts(table, windows, lines=others is not None)
    if others is not None:
        parts[0] = rebased_panel(parts[0], others)
    if page:
        parts += _rest_of_the_page(symbol, table, venue, measure, options)
    close = table["close"][np.isfinite(table["close"])]
    before = close[-2] if len(close) > 1 else np.nan

    def headline(ax: Axes) -> None:
        _draw_headline(
            ax, look, (table.heading, said(None if others else fitted(ax, table)[1], look)), close[-1], before
        )

    return _page(table, look, parts, headline, others)


def _check_height(look: Look, panels: int) -> None:
    """An inch for each panel; with less, what is written beside one reaches into the next."""
    if look.figsize is not None and look.figsize[1] < panels:
        raise ValueError(
            f"figsize: {panels} panels need a height of {panels} inches, got {look.figsize!r}; "
            "make it higher, or leave it out"
        )


def _page(
    table: Table,
    look: Look,
    parts: Sequence[Panel],
    title: Callable[[Axes], object],
    others: Rebased | None = None,
) -> Figure:
    """The parts under one another on one axis of time."""
    with look.figure((11, 1.1 + sum(part.height for part in parts))) as figure:
        line = timeline(table, others)
        grid = figure.add_gridspec(len(parts), 1, height_ratios=[part.height for part in parts])
        axes: list[Axes] = []
        for row, part in enumerate(parts):
            axes.append(figure.add_subplot(grid[row], label=part.name, sharex=axes[0] if axes else None))
            axes[-1].tick_params(axis="x", labelbottom=row == len(parts) - 1)
            look.dress(axes[-1])
            part.draw(axes[-1], look, table, line)
        line.put_on(axes[0], look)
        title(axes[0])
        figure.align_ylabels()
        figure.sca(axes[0])
    return figure


def _prices(
    symbol: str, start: Any, end: Any, windows: Sequence[int], asked: dict[str, Any], options: dict[str, Any]
) -> Table:
    """The days of the range, with averages that the days before it make whole."""
    from kiwoomdata.questions.prices import daily_prices

    frame = daily_prices(symbol, start, end, **asked, **options)
    first = frame["date"].min()
    if isinstance(first, date):
        entitled(frame["symbol"].head(1), options["client"])
        with gathered({}):  # a stock may be younger than its averages
            before = daily_prices(
                symbol,
                nth_trading_day_before(first, max(windows, default=1)),
                previous_trading_day(first),
                **{**asked, "period": None},
                **options,
            )
        frame = pl.concat([before, frame])
    table = read(
        frame,
        "dashboard",
        needs=OHLC,
        may=("volume", *INVESTORS),
        texts=("flow_unit", "foreign_unit"),
        sources=DAILY_SOURCES,
    )
    table = averaged(priced(table, "dashboard"), windows)
    return table.since(np.datetime64(first, "us")) if isinstance(first, date) else table


def _parts(table: Table, windows: tuple[int, ...], *, lines: bool) -> list[Panel]:
    won = table.only("flow_unit") == "KRW"
    unit = "KRW" if won else "shares"
    together = ("individual", "institution") if won else ("individual", "institution", "foreign")

    def price(ax: Axes, look: Look, table: Table, line: Timeline) -> None:
        shown, level = fitted_candles(ax, table, windows)
        draw_candles(ax, look, shown, on(line, shown, level), windows, coarse=level is not None)

    def volume(ax: Axes, look: Look, table: Table, line: Timeline) -> None:
        shown, level = fitted(ax, table)
        draw_volume(ax, look, shown, on(line, shown, level), level if lines else None)

    def flows(ax: Axes, look: Look, table: Table, line: Timeline) -> None:
        look.legend(ax, draw_flow_lines(ax, look, table, line, together, unit))

    def foreign(ax: Axes, look: Look, table: Table, line: Timeline) -> None:
        look.legend(ax, draw_flow_lines(ax, look, table, line, ("foreign",), "shares"))

    def program(ax: Axes, look: Look, table: Table, line: Timeline) -> None:
        draw_sums(ax, look, table, line, "program", "program_net_buy", unit, signed=True)

    apart = [Panel("foreign", 1.1, foreign)] if won else []
    return [
        Panel("price", 3.2, price),
        Panel("volume", 0.85, volume),
        Panel("flows", 1.8, flows),
        *apart,
        Panel("program", 1.2, program),
    ]


def _rest_of_the_page(
    symbol: str, table: Table, venue: Any, measure: Any, options: dict[str, Any]
) -> list[Panel]:
    """What a page has more, each from an answer of its own, on the days of the prices."""
    from kiwoomdata.questions.foreigners import foreign_holdings
    from kiwoomdata.questions.investors import investor_breakdown
    from kiwoomdata.questions.lending import short_selling

    first, last = (moment.astype("datetime64[D]").item() for moment in table.when[[0, -1]])
    days: dict[str, Any] = {**options, "start": first, "end": last, "venue": venue}
    asked = (
        (investor_breakdown(symbol, measure=measure, **days), class_panels),
        (short_selling(symbol, **days), short_panels),
        (foreign_holdings(symbol, **days), foreign_panels),
    )
    parts: list[Panel] = []
    for frame, panels_of in asked:
        frame = frame.filter(pl.col("date").is_in(table.when.astype("datetime64[D]").tolist()))
        if len(frame):
            numbers = [name for name, dtype in frame.schema.items() if dtype.is_numeric()]
            own = read(frame, "dashboard", may=numbers, texts=("flow_unit",))
            parts += [Panel(part.name, part.height, _of(part, own)) for part in panels_of(own)]
    return parts


def _of(part: Panel, own: Table) -> Callable[[Axes, Look, Table, Timeline], None]:
    """A panel that draws a table of its own on the axis of the prices."""
    return lambda ax, look, _, line: part.draw(ax, look, own, line)


def _draw_headline(ax: Axes, look: Look, told: Sequence[str], last: float, before: float) -> None:
    """The title, and after it the last price and how it moved since the close before."""
    title, change = look.entitle(ax, *told), last - before
    colour, words = look.ink, [won(last)]
    if change and np.isfinite(change):
        colour, sign = (look.up, "▲") if change > 0 else (look.down, "▼")
        percent = f"{change / before * 100:+.2f}%".replace("-", MINUS)
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


def intraday(
    symbol: str,
    client: Client | None = None,
    *,
    venue: Literal["krx", "nxt", "all"] | None = None,
    log: bool = False,
    **style: Unpack[Style],
) -> Figure:
    """The latest session of a stock by the minute: candles, volume, trade strength, and program trading.

    Parameters
    ----------
    symbol, venue
        As in :func:`kiwoomdata.candles`. Its minutes, :func:`kiwoomdata.trade_strength` and
        :func:`kiwoomdata.program_trend` are fetched: some ten requests, never from the store, and two a day
        for names of stocks.
    client
        The client to ask. Left out: that of :func:`kiwoomdata.use`.
    log, **style
        As in :func:`candles`.

    Returns
    -------
    Figure
        Its axes are labelled ``"price"``, ``"volume"``, ``"strength"`` and ``"program"``. What the server
        tells of another session than that of the candles is left out.

    Raises
    ------
    ValueError
        Wrong arguments, several symbols, no session, or a figure that is less than four inches high.

    Examples
    --------
    >>> import matplotlib; matplotlib.use("Agg")
    >>> import kiwoomdata as kd; kd.use("simulator")
    >>> figure = kd.plot.intraday("005930")
    >>> [ax.get_label() for ax in figure.axes]
    ['price', 'volume', 'strength', 'program']
    """
    from kiwoomdata.questions.candles import candles
    from kiwoomdata.questions.prices import trade_strength
    from kiwoomdata.questions.program import program_trend

    if not isinstance(symbol, str):
        raise TypeError(f"symbol: expected one code such as '005930', got {symbol!r}")
    look, client = Look.of(None, style, log=log), client or default_client()
    _check_height(look, 4)
    options: dict[str, Any] = {"client": client, "names": "en", "style": "plain", "venue": venue}
    day = last_trading_day(client.today())
    bars = candles(symbol, previous_trading_day(day), day, interval="1m", **options)
    bars = bars.filter(pl.col("time").dt.date() == pl.col("time").dt.date().max())
    if len(bars):
        entitled(bars["symbol"].head(1), client)
    table = priced(read(bars, "intraday", needs=OHLC, may=("volume", "change")), "intraday")
    parts = [Panel("price", 3.0, _minutes), Panel("volume", 0.9, draw_volume)]
    asked = (
        (trade_strength(symbol, **options), "strength", Panel("strength", 1.1, _strength)),
        (program_trend(symbol, by="time", **options), "net_buy_volume", Panel("program", 1.2, _program)),
    )
    for frame, column, part in asked:
        frame = frame.filter(pl.col("time").dt.date() == bars["time"].dt.date().max())
        if len(frame):
            own = read(frame, "intraday", needs=(column,))
            parts.append(Panel(part.name, part.height, _of(part, own)))
    last, change = (table[name][np.isfinite(table[name])][-1:] for name in ("close", "change"))
    before = last[0] - change[0] if len(change) else np.nan
    told = table.heading, str(table.when[0].astype("datetime64[D]"))
    return _page(table, look, parts, lambda ax: _draw_headline(ax, look, told, last[0], before))


def _minutes(ax: Axes, look: Look, table: Table, line: Timeline) -> None:
    """Minutes in which the price stood still are hardly seen as candles, so a line joins the closes."""
    draw_candles(ax, look, table, line, ())
    there = np.isfinite(table["close"])
    x = line.at(table.when)[there]
    ax.plot(x, table["close"][there], color=look.faint, linewidth=0.7, zorder=1.6, label="_close")


def _strength(ax: Axes, look: Look, table: Table, line: Timeline) -> None:
    draw_strength(ax, look, line.at(table.when), table["strength"])
    ax.set_ylabel(f"{look.say('strength')}\n(%)")


def _program(ax: Axes, look: Look, table: Table, line: Timeline) -> None:
    """As the server gives it: the running sum of the day."""
    x, values = line.at(table.when), table["net_buy_volume"]
    ax.axhline(0, color=look.faint, linewidth=0.8, zorder=1.5, label="_zero")
    for colour, where in ((look.up, values >= 0), (look.down, values <= 0)):
        ax.fill_between(x, values, 0, where=where, interpolate=True, color=colour, alpha=0.2, linewidth=0)
    ax.plot(x, values, color=look.nth(3), linewidth=1.3, label=look.say("program"))
    y_limits(ax, values, np.zeros(1))
    count_axis(ax, Amounts(look.locale), 4)
    ax.set_ylabel(f"{look.say('program_cumulative')}\n({look.say('shares')})")
