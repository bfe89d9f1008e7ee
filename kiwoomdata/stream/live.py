"""A stream that runs: its frames, and waiting for them."""

from __future__ import annotations

import asyncio
import logging
import os
import threading
import weakref
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Sequence
from datetime import date
from inspect import isawaitable
from types import TracebackType
from typing import TYPE_CHECKING, Any, Generic, Literal, Self

import polars as pl

from kiwoomdata.arguments import Symbols, as_symbol
from kiwoomdata.entries.feeds import FEEDS, Feed, find_feed
from kiwoomdata.errors import StreamError
from kiwoomdata.frames import F, long_book
from kiwoomdata.kinds import Trouble
from kiwoomdata.stream.arguments import feed_items, feed_list, span
from kiwoomdata.stream.backfill import SCHEMA as FILLED
from kiwoomdata.stream.bars import trade_bars
from kiwoomdata.stream.consumer import Consumer
from kiwoomdata.stream.decode import read_ticks
from kiwoomdata.stream.engine import Engine
from kiwoomdata.stream.gaps import TRADE, Gap, gap_frame, moment
from kiwoomdata.stream.handing import Batch
from kiwoomdata.stream.stats import Stats

if TYPE_CHECKING:
    from kiwoomdata.client import Client
    from kiwoomdata.plot.moving import LivePlot
    from kiwoomdata.recording.record import Recorder

__all__ = ["Live"]

log = logging.getLogger(__name__)


class Live(Generic[F]):
    """A running stream. Made by :func:`kiwoomdata.stream_to_frame`.

    What ends it for good (a refused login, the same key logged in elsewhere, a full buffer that was to
    be told) is raised by the next call of whatever method. After that :meth:`wait`, :meth:`subscribe` and
    iteration raise it again, while :meth:`frame`, :meth:`bars`, :meth:`book`, ``gaps`` and ``stats`` give
    what was received before.

    A registration that the server refuses is asked for again, with growing pauses, until it is granted or
    unsubscribed; what else is registered goes on. Meanwhile it is a gap, and ``stats.unregistered`` counts
    it. It is raised once, as :class:`StreamError`, by the next call or loop, which may be made again;
    where ``on_batch`` is called, it is a warning.

    Its frames are polars frames, and pandas frames where :mod:`kiwoomdata.pandas` began it.

    Iterating gives :class:`Batch` (a feed's name, and a frame of its new rows) and, where there was an
    interruption, :class:`Gap`, each once and in the order of arrival; but a gap in which other rows come,
    because only a part was refused, is given at its beginning, without ``until``, and at its end. The first
    loop begins with what the window holds, a later one where the last ended. ``async for`` does the same.

    Examples
    --------
    >>> import kiwoomdata as kd
    >>> kd.use("simulator")
    >>> with kd.stream_to_frame("005930", rows=1000, batch=10) as live:
    ...     for event in live:
    ...         if isinstance(event, kd.Gap):
    ...             print("missed:", event.since, event.until)
    ...         else:
    ...             print(event.feed, event.frame.height)
    ...             break
    trade 10
    """

    def __init__(
        self,
        engine: Engine,
        venue: str | None,
        every: float | None,
        batch: int | None,
        recorder: Recorder | None,
        on_batch: Callable[[Batch[F] | Gap], object] | None,
        hand: Callable[[pl.DataFrame], F],
    ) -> None:
        self._engine = engine
        self._hand = hand
        self._consumer = Consumer(engine, every, batch, hand)
        self._venue = venue
        self.coded: Callable[[Symbols], Symbols] = lambda symbols: symbols  # a client knows names
        self.client: Client | None = None
        """Whom to ask for what a stream does not tell, such as names for titles."""
        self._recorder = recorder
        thread = None
        if on_batch is not None:
            caller = Consumer(engine, every, batch, hand, in_passing=True)
            thread = threading.Thread(
                target=self._call, args=(on_batch, caller), name="kiwoomdata-on-batch", daemon=True
            )
        # Also for a stream that is dropped without being stopped, or that lasts until the program ends.
        self._end = weakref.finalize(self, _close, engine, recorder, thread, os.getpid())
        if thread is not None:
            thread.start()

    def __repr__(self) -> str:
        names = ", ".join(FEEDS[type_].name for type_ in self._engine.stores)
        if not self._consumer.at_home:
            return f"<Live {names}: of another process>"
        state = "running" if self.running else "ended"
        return f"<Live {names}: {state}, {self.stats.decoded} rows>"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end()
        self._conclude(error)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await asyncio.to_thread(self._end)
        self._conclude(error)

    def stop(self) -> None:
        """End the stream. What was received stays; stopping twice does nothing.

        Raises
        ------
        StreamError
            Of a folder that is recorded into, how many messages are not on the disk, because it is full
            or may not be written. They wait in memory: stopping again tries to write them again.
        """
        self._end()
        if (lacking := self._write_rest()) is not None:
            raise lacking

    def _conclude(self, error: BaseException | None) -> None:
        """Raise what was not told yet, or add it to the ``error`` that is on its way."""
        lacking = self._write_rest()
        if error is None:
            try:
                self._consumer.check()
            except BaseException as untold:
                error = untold
                raise
            finally:
                if lacking is not None and error is not None:
                    error.add_note(str(lacking))
            if lacking is not None:
                raise lacking
        elif lacking is not None:
            error.add_note(str(lacking))

    def _write_rest(self) -> StreamError | None:
        """Write what the end of the stream could not write; why that fails."""
        if self._recorder is None or not self._recorder.stats.waiting:
            return None
        try:
            self._recorder.close()
        except StreamError as error:
            return error
        return None

    # --- frames --------------------------------------------------------------------------------

    def frame(self, feed: str | None = None, columns: Sequence[str] | None = None) -> F:
        """The rows of a feed that are in the window now, in the order of arrival.

        Cheap to call often: whatever the window holds, it is put together of few pieces without copying.

        Parameters
        ----------
        feed
            One of the feeds asked for; left out: ``trade``, or the only one.
        columns
            Only these.
        """
        self._consumer.check()
        engine, type_ = self._engine, self._type(feed)
        engine.flush()
        with engine.lock:
            frame = engine.stores[type_].window_frame(engine.intake.now())
        return self._hand(frame if columns is None else frame.select(columns))

    def book(self, symbol: str, venue: Literal["krx", "nxt", "all"] | None = None) -> F:
        """The latest order book of a symbol, long: ten levels a side, asks first, best level first.

        One row is one level of one side; no rows before the first book has come. It is the latest one
        also where it has left the window.

        Returns
        -------
        DataFrame
            ``symbol venue time received_at``, ``side`` (Enum ask, bid), ``level`` (Int8, 1 is the best),
            ``price`` (Int64, KRW; null: no order), ``quantity quantity_change`` (Int64, shares), and the same
            on each row of a side, ``total_quantity total_quantity_change`` (Int64, shares).
        """
        self._consumer.check()
        engine = self._engine
        self._type(ORDERBOOK.name)
        item = as_symbol(symbol, venue or (None if "_" in symbol else self._venue))
        engine.flush()
        with engine.lock:
            values, received = engine.books.get(item, (None, 0))
        return self._hand(latest_book(item, values, received, engine.session_day(moment(received)))[0])

    def bars(self, every: Any = "1m") -> F:
        """Bars of open, high, low, close and volume, from the trades in the window.

        One row is one span of one symbol in which it was traded. A trade belongs to the bar of its own
        ``time``, also when it comes late; one that is told twice counts once.

        Parameters
        ----------
        every
            A span that divides a day, such as ``"10s"``, ``"1m"`` or ``"1h"``.

        Returns
        -------
        DataFrame
            Ascending by time, then symbol and venue: ``time`` (Datetime[us, Asia/Seoul], where the bar
            begins), ``symbol venue``, ``open high low close`` (Int64, KRW), ``volume buy_volume sell_volume``
            (Int64, shares; by aggressor, trades of unknown side in ``volume`` alone), ``value`` (Int64, KRW),
            ``trades`` (UInt32), ``off_feed_volume`` (Int64, shares: what the day's volume grew by without
            an interruption and without a trade that told it, such as block trades, up to this bar's trades
            and since those before them; null for ``venue="all"``, where it is not known), ``finished``
            (Boolean: the symbol's next trade, or two seconds of the server's own clock, have passed its
            end), ``gap`` (Boolean: trades may be missing, because the day's volume of the symbol grew by
            more than the trades that came while something was lost, or because the bar began before the
            window, or before the symbol was registered).

        The day's volume tells what is missing, symbol by symbol; this computer's clock does not matter.
        The server's clock is what it last told on the symbol's connection, whatever the feed.
        """
        self._consumer.check()
        engine, length = self._engine, span(every, "every")
        type_ = self._type(TRADE.name)
        engine.flush()
        with engine.lock:
            trades, left = engine.stores[type_].whole_window(engine.intake.now())
            items, stretches = engine.gaps.items(), engine.gaps.ledger.stretches()
        if engine.backfill is not None:
            trades = pl.concat([trades, engine.backfill.frame()], how="diagonal").select(trades.columns)
        return self._hand(trade_bars(trades, length, items=items, stretches=stretches, left=left))

    def plot(self, feed: str = "trade", **how: Any) -> LivePlot:
        """A chart that moves with the stream and stops with it; see :func:`kiwoomdata.plot.live`."""
        from kiwoomdata import plot

        return plot.live(self, feed, **how)

    @property
    def gaps(self) -> F:
        """The interruptions so far, oldest first, one row each.

        ``since until`` (Datetime; when something was last heard before it, and when everything was
        registered again, null while it lasts), ``reason`` (String), ``feeds symbols`` (List), and where
        trades were streamed, ``unseen_shares`` (Int64: how many shares were traded meanwhile),
        ``filled_shares`` (Int64: how many of them ``backfill`` has found) and ``unseen`` (List of Struct
        symbol, venue, shares), told by the day's volume in the first trade of each symbol after the gap,
        for symbols that were traded before it and after it on the same day. Where a symbol did not trade
        between several gaps, its shares stand at the last of them, once.
        """
        self._consumer.own()
        with self._engine.lock:
            gaps = gap_frame(self._engine.gaps.holes)
        return self._hand(gaps)

    @property
    def backfilled(self) -> F:
        """Trades of gaps that were asked for afterwards, where ``backfill`` was chosen; oldest gap first.

        They are not in :meth:`frame`, which is what was received, but :meth:`bars` counts them. Columns as
        there, as far as the server tells them: ``symbol venue time``, ``received_at`` (null), ``price
        direction change change_pct side quantity cumulative_volume strength``.
        """
        self._consumer.own()
        backfill = self._engine.backfill
        return self._hand(pl.DataFrame(schema=FILLED) if backfill is None else backfill.frame())

    @property
    def stats(self) -> Stats:
        """What was received, decoded and dropped so far, and how fast: see
        :class:`kiwoomdata.stream.stats.Stats`."""
        self._consumer.own()
        return self._engine.stats()

    @property
    def running(self) -> bool:
        """Whether more may come: not stopped, and ended by nothing else."""
        return not self._engine.ended and self._consumer.at_home

    @property
    def error(self) -> BaseException | None:
        """What ended the stream, if something did; also what ``on_batch`` raised, ``SystemExit`` included."""
        return self._engine.error

    def wait(self, *, rows: int | None = None, feed: str | None = None, seconds: float | None = None) -> bool:
        """Wait until ``rows`` have arrived since the stream began, in all or in one ``feed``.

        Returns
        -------
        bool
            True when they have, False when ``seconds`` passed or the stream was stopped before. Without
            ``rows`` it waits for the time to pass, and is True then.

        Raises
        ------
        StreamError
            What ended the stream, where something did.
        """
        return self._consumer.wait(rows, None if feed is None else self._type(feed), seconds)

    async def wait_async(
        self, *, rows: int | None = None, feed: str | None = None, seconds: float | None = None
    ) -> bool:
        """The same as :meth:`wait`, for asyncio."""
        type_ = None if feed is None else self._type(feed)
        return await self._consumer.wait_async(rows, type_, seconds)

    def __iter__(self) -> Iterator[Batch[F] | Gap]:
        return self._consumer.take(self)

    def __aiter__(self) -> AsyncIterator[Batch[F] | Gap]:
        return self._consumer.take_async(self)

    def _call(self, on_batch: Callable[[Batch[F] | Gap], object], caller: Consumer[F]) -> None:
        try:
            for event in caller.take(self):
                if isawaitable(on_batch(event)):
                    raise TypeError(f"on_batch: {on_batch!r} gave a coroutine, which nobody awaits")
        except BaseException as error:  # sys.exit and pytest.fail are none of Exception
            self._engine.fail(error)

    # --- while running -------------------------------------------------------------------------

    def subscribe(self, symbols: Symbols, feeds: str | Iterable[str] | None = None) -> None:
        """Register more symbols, for these feeds or for all that were asked for.

        Feeds that were not asked for before get a frame of their own. Nothing is sent where the server
        would take no more: it holds 200 items for each connection, whatever their feeds.
        """
        self._consumer.check(always=True)
        chosen = self._feeds(feeds)
        items = feed_items(self.coded(symbols), chosen, self._venue)
        for feed in chosen:
            self._engine.add_feed(feed)
        self._engine.subscribe(items)

    def unsubscribe(self, symbols: Symbols, feeds: str | Iterable[str] | None = None) -> None:
        """Drop symbols, for these feeds or for all that were asked for. Their rows stay in the window."""
        self._consumer.check(always=True)
        self._engine.unsubscribe(feed_items(self.coded(symbols), self._feeds(feeds), self._venue))

    def _feeds(self, feeds: str | Iterable[str] | None) -> list[Feed]:
        return [FEEDS[type_] for type_ in self._engine.stores] if feeds is None else feed_list(feeds)

    def _type(self, feed: str | None) -> str:
        stores = self._engine.stores
        if feed is None:
            only = next(iter(stores)) if len(stores) == 1 else TRADE.type
            feed = FEEDS[only].name
        type_ = find_feed(feed).type
        if type_ not in stores:
            names = ", ".join(FEEDS[one].name for one in stores)
            raise ValueError(f"feed: {feed!r} is not streamed; there are {names}. See live.subscribe")
        return type_


def _close(engine: Engine, recorder: Recorder | None, thread: threading.Thread | None, pid: int) -> None:
    """End a stream: the connections first, so that all that was received is decoded and recorded."""
    if os.getpid() != pid:  # a forked child has no say in its parent's stream, and none of its threads
        return
    engine.intake.close()
    engine.release(wait=True)
    engine.close()
    if thread is not None and thread is not threading.current_thread():
        thread.join(10)
    if recorder is not None:
        try:
            recorder.close()
        except StreamError as error:  # raised where somebody stops the stream; a program may also just end
            log.error("%s", error)


ORDERBOOK = find_feed("orderbook")
_LEVELS = 10
_TOTALS = ("total_quantity", "total_quantity_change")
_LEADING = ("symbol", "venue", "time", "received_at")


def latest_book(
    item: str, values: bytes | None, received: int, day: date
) -> tuple[pl.DataFrame, list[Trouble]]:
    """The book that a message tells, one row for each side and level; no rows without a message."""
    told = ([], [], []) if values is None else ([item], [values], [received])
    wide, troubles = read_ticks(ORDERBOOK, *told, day)
    return long_book(wide, _LEVELS, _TOTALS, _LEADING), troubles
