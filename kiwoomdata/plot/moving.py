"""A chart that follows a stream, in a window and in a notebook, and ends with it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial
from importlib import import_module
from typing import TYPE_CHECKING, Any, Protocol, Unpack

import matplotlib as mpl
import narwhals as nw
from matplotlib import pyplot as plt

from kiwoomdata.client import current
from kiwoomdata.kinds import split_code
from kiwoomdata.names import entitled, name_of
from kiwoomdata.plot.book import orderbook
from kiwoomdata.plot.price import candles, ticks
from kiwoomdata.plot.style import Look, Style
from kiwoomdata.plot.table import NothingToDraw, as_narwhals
from kiwoomdata.plot.trading import program

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from kiwoomdata.client import Client

__all__ = ["LivePlot", "live"]


class Clockwork(Protocol):
    """What calls a chart again and again, and shows it: a window's timer, or a notebook's loop."""

    def start(self, figure: Figure, step: Callable[[], bool], seconds: float) -> None: ...

    def show(self, figure: Figure) -> None: ...

    def stop(self) -> None: ...


class WindowTimer:
    """The timer of the figure's own window. Where there is none, as in a file, it never strikes."""

    def start(self, figure: Figure, step: Callable[[], bool], seconds: float) -> None:
        self._timer = figure.canvas.new_timer(interval=max(1, round(seconds * 1000)))
        self._timer.add_callback(step)
        self._timer.start()

    def show(self, figure: Figure) -> None:
        figure.canvas.draw_idle()

    def stop(self) -> None:
        self._timer.stop()


class Notebook:
    """One output of a notebook whose picture is replaced, from the loop that the notebook runs on."""

    _handle: Any = None
    _next: asyncio.TimerHandle | None = None

    def __init__(self, display: Callable[..., Any] | None = None) -> None:
        self._display = display

    def start(self, figure: Figure, step: Callable[[], bool], seconds: float) -> None:
        plt.close(figure)  # or the notebook would show it once more, at the end of the cell
        display = self._display or import_module("IPython.display").display
        self._handle = display(figure, display_id=True)
        loop = asyncio.get_running_loop()

        def again() -> None:
            if step():
                self._next = loop.call_later(seconds, again)

        self._next = loop.call_later(seconds, again)

    def show(self, figure: Figure) -> None:
        if self._handle is not None:
            self._handle.update(figure)

    def stop(self) -> None:
        if self._next is not None:
            self._next.cancel()


class LivePlot:
    """A chart of the newest data of a stream. Made by :func:`live`.

    It draws itself again only when something has arrived. ``running`` is False once the stream has
    ended, the window was closed or :meth:`stop` was called; the last picture stays.
    """

    def __init__(
        self,
        source: Callable[[], nw.DataFrame[Any]],
        alive: Callable[[], bool],
        draw: Callable[[nw.DataFrame[Any], Axes], object],
        ax: Axes,
        look: Look,
        *,
        name: str,
        interval: float,
        clockwork: Clockwork,
    ) -> None:
        self.ax, self.figure, self.running = ax, ax.figure.canvas.figure, True
        self._source, self._alive, self._draw = source, alive, draw
        self._look, self._name, self._clockwork = look, name, clockwork
        self._spec, self._place = ax.get_subplotspec(), ax.get_position()
        self._others = set(self.figure.axes)
        self._seen: object = None
        self.update()
        clockwork.start(self.figure, self._step, interval)
        # A plain function is held by the figure, so the chart lives as long as its window.
        self.figure.canvas.mpl_connect("close_event", lambda _: self.stop())

    def __repr__(self) -> str:
        return f"<live plot of {self._name}, {'running' if self.running else 'ended'}>"

    def update(self) -> bool:
        """Draw what has arrived since; whether there was anything."""
        frame = self._source()
        seen = (len(frame), frame.row(-1)) if len(frame) else (0, None)
        if seen == self._seen:
            return False
        self._seen = seen
        with self._look.applied():
            self._wipe()
            try:
                self._draw(frame, self.ax)
            except NothingToDraw:  # before the first trade, or a book that is still empty
                self._say_waiting()
        self._clockwork.show(self.figure)
        return True

    def _say_waiting(self) -> None:
        self._look.dress(self.ax, grid=False)
        self.ax.set_xticks([])
        self.ax.set_yticks([])
        middle: Any = {"ha": "center", "va": "center", "transform": self.ax.transAxes}
        self.ax.text(0.5, 0.5, self._look.say("waiting"), color=self._look.faint, **middle)

    def stop(self) -> None:
        """Follow the stream no more."""
        self.running = False
        self._clockwork.stop()

    def _step(self) -> bool:
        """One tick of the clock: what has arrived, and whether to go on."""
        if not self.running:
            return False
        going_on = self._alive()  # asked first, so that what comes before the end is drawn
        try:
            self.update()
        except BaseException:  # of the stream too, which raises once what ended it, as on_batch's sys.exit
            self._end()
            raise
        if not going_on:
            self._end()
        return going_on

    def _end(self) -> None:
        self.stop()
        with self._look.applied():
            self.ax.set_title(f"{self.ax.get_title('left')} · {self._look.say('ended')}")
        self._clockwork.show(self.figure)

    def _wipe(self) -> None:
        """Take off what the chart has put on the figure, and give its axes their place again."""
        for each in self.figure.axes:
            if each not in self._others:
                each.remove()
        self.ax.clear()
        self.ax.set_zorder(0)
        self.ax.patch.set_visible(True)
        if self._spec is not None:
            self.ax.set_subplotspec(self._spec)
        else:
            self.ax.set_position(self._place)


def live(
    stream: Any,
    feed: str = "trade",
    *,
    symbol: str | None = None,
    bars: str | None = "1m",
    last: int = 120,
    interval: float = 0.5,
    ax: Axes | None = None,
    log: bool = False,
    clockwork: Clockwork | None = None,
    **style: Unpack[Style],
) -> LivePlot:
    """A chart that moves with a stream: candles of its trades, its order book, or its program trading.

    In a notebook it shows itself and moves whenever no cell is running; in a script call
    ``matplotlib.pyplot.show()``. It stops with the stream.

    Parameters
    ----------
    stream
        What :func:`kiwoomdata.stream_to_frame` gives, or the like: ``.frame(feed)``, ``.bars("1m")`` and
        ``.running``.
    feed
        ``"trade"``, ``"orderbook"`` or ``"program"``.
    symbol
        Which one, where the stream carries several.
    bars
        Of trades: the length of a candle, or None for each trade's price.
    last
        How many candles or other rows are shown.
    interval
        Seconds between two looks at the stream.
    ax, log, **style
        As in :func:`candles`; an order book has no axis of prices.

    Returns
    -------
    LivePlot
        With ``.ax``, ``.figure``, ``.running`` and ``.stop()``.

    Raises
    ------
    ValueError
        Another feed, several symbols, or a number that is too small.

    Examples
    --------
    >>> import matplotlib; matplotlib.use("Agg")
    >>> import kiwoomdata as kd; kd.use("simulator")
    >>> class Stream:
    ...     running = True
    ...     def frame(self, feed):
    ...         return kd.quote_board("005930")
    >>> kd.plot.live(Stream(), "orderbook")
    <live plot of orderbook, running>
    """
    draw = _DRAWN.get(feed)
    if draw is None:
        raise ValueError(f"feed: expected {', '.join(map(repr, _DRAWN))}, got {feed!r}")
    if last < 1 or interval <= 0:
        raise ValueError(f"last, interval: expected numbers above zero, got {last!r} and {interval!r}")
    if feed == "trade":
        draw = ticks if bars is None else candles
    source = partial(stream.bars, bars) if draw is candles else partial(stream.frame, feed)
    if style.get("save") is not None:
        raise ValueError("save: not for a chart that moves; call .figure.savefig when it should be kept")
    if draw is not orderbook:
        draw = partial(draw, log=log)
    elif log:
        raise ValueError("log: not for an order book, whose prices stand side by side; leave it out")
    look = Look.of(ax, style, log=log)
    with look.drawing(ax, (6.4, 7.2) if feed == "orderbook" else (10, 5.8)) as place:
        style["theme"] = look.theme
        style.pop("figsize", None)
    client = getattr(stream, "client", None) or current()
    return LivePlot(
        lambda: _named(_newest(source(), symbol, last), client),
        lambda: bool(stream.running),
        lambda frame, axes: draw(frame, ax=axes, **style),
        place,
        look,
        name=feed,
        interval=interval,
        clockwork=clockwork or (Notebook() if _in_notebook() else WindowTimer()),
    )


_DRAWN: dict[str, Callable[..., object]] = {"trade": candles, "orderbook": orderbook, "program": program}


def _newest(frame: Any, symbol: str | None, last: int) -> nw.DataFrame[Any]:
    """The last rows of one symbol."""
    found = as_narwhals(frame, "live")
    if "symbol" in found.columns and len(found):
        if symbol is not None:
            found = found.filter(nw.col("symbol") == symbol)
        elif found["symbol"].n_unique() > 1:
            names = ", ".join(sorted(map(str, found["symbol"].unique().to_list())))
            raise ValueError(f"symbol: the stream carries {names}; say which one to draw")
    newest: nw.DataFrame[Any] = found.tail(last)
    return newest


def _named(frame: nw.DataFrame[Any], client: Client | None) -> nw.DataFrame[Any]:
    """Rows with the name of their stock, once it is known: a chart that moves waits for no server."""
    if not len(frame) or "symbol" not in frame.columns or "name" in frame.columns:
        return frame
    code = str(frame["symbol"][0])
    if client is not None and split_code(code):
        entitled([code], client, wait=0)
    return frame.with_columns(nw.lit(name_of(code) or "").alias("name"))


def _in_notebook() -> bool:
    """Whether figures become pictures in a notebook. Other backends there have timers of their own."""
    return "inline" in mpl.get_backend().lower()
