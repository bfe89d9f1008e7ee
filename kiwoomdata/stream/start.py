"""How streams begin: :func:`stream_to_frame`, :func:`condition_stream`, and what they give."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from os import PathLike
from typing import TYPE_CHECKING, Any, Generic, Literal

import polars as pl

from kiwoomdata import forks
from kiwoomdata.arguments import Symbols, word
from kiwoomdata.client import Client, default_client
from kiwoomdata.entries.condition import STREAM
from kiwoomdata.frames import F
from kiwoomdata.names import with_codes
from kiwoomdata.present import choose
from kiwoomdata.stream.arguments import (
    Columns,
    callback,
    chosen_columns,
    chosen_window,
    count,
    feed_items,
    feed_list,
    span,
)
from kiwoomdata.stream.backfill import Backfill
from kiwoomdata.stream.condition import ConditionStream
from kiwoomdata.stream.engine import Engine, Sink
from kiwoomdata.stream.gaps import Gap
from kiwoomdata.stream.handing import Batch
from kiwoomdata.stream.intake import OnFull
from kiwoomdata.stream.lanes import seq_argument
from kiwoomdata.stream.link import Link, attach
from kiwoomdata.stream.live import Live

if TYPE_CHECKING:
    from kiwoomdata.recording.record import Recorder

__all__ = ["Batch", "Gap", "Live", "Streams", "condition_stream", "stream_to_frame"]


@dataclass(frozen=True)
class Streams(Generic[F]):
    """How streams are begun; each face has one, whose ``hand`` makes the frames of its library."""

    hand: Callable[[pl.DataFrame], F]

    def stream_to_frame(
        self,
        symbols: Symbols,
        feeds: str | Iterable[str] = ("trade",),
        *,
        window: Any = None,
        rows: int | None = None,
        every: Any = None,
        batch: int | None = None,
        on_full: OnFull = "block",
        buffer: int = 100_000,
        columns: Columns = None,
        on_batch: Callable[[Batch[F] | Gap], object] | None = None,
        record: str | PathLike[str] | Sink | None = None,
        venue: Literal["krx", "nxt", "all"] | None = None,
        connections: int = 1,
        idle: float = 60.0,
        reconnect: bool = True,
        backfill: bool = False,
        client: Client | None = None,
    ) -> Live[F]:
        """Live data, each feed as a typed frame of what came lately.

        Returns at once; connecting, logging in and registering go on in the background, also after an
        interruption. Use it as a context manager, or call :meth:`Live.stop`.

        Parameters
        ----------
        symbols
            Codes such as ``"005930"`` or ``["005930", "000660_NX"]``, names of stocks, or a frame, as
            :func:`kiwoomdata.daily_prices` takes them; sector codes such as ``"001"`` for the feeds
            ``sector_index`` and ``sector_breadth``, ``"MGD"`` and ``"MGU"`` for ``gold``; each goes to the
            feeds that are about its kind. Empty only for feeds that need none: ``market_status``, ``vi`` (of
            the whole market), ``order``, ``balance``.
        feeds
            Names, or the server's codes, whose case counts: ``trade`` 0B, ``quote`` 0A, ``best_quote`` 0C,
            ``orderbook`` 0D, ``after_hours_book`` 0E, ``brokers`` 0F, ``etf_nav`` 0G, ``expected`` 0H,
            ``gold`` 0I, ``sector_index`` 0J, ``sector_breadth`` 0U, ``stock_info`` 0g, ``elw_theory`` 0m,
            ``market_status`` 0s, ``elw_indicator`` 0u, ``program`` 0w, ``vi`` 1h, ``order`` 00, ``balance``
            04.
        window, rows
            What a frame keeps, exactly one of the two: ``window="5m"`` what arrived in the last five minutes,
            ``rows=10_000`` the last rows of each feed.
        every, batch
            When iteration and ``on_batch`` are given new rows: every second (``"1s"``, the default) or
            another span, or a feed's rows ``batch`` at a time.
        on_full, buffer
            At most ``buffer`` messages wait to be decoded, and while somebody iterates, as many rows to be
            taken. Beyond that: ``"block"`` stops reading, so that the server has to hold back (it ends a
            connection that is not read for long); ``"drop_oldest"`` lets the oldest go and counts them in
            ``stats.dropped``; ``"raise"`` ends the stream with :class:`BufferFull`.
        columns
            The columns to keep beside ``symbol venue time received_at``: a list for all feeds, or a mapping
            from feed to list. Nine columns take a fifth of the memory of all. What :meth:`Live.bars` is made
            of (``price quantity side cumulative_volume``) is kept in any case, unseen where it is not named.
        on_batch
            Called, from a thread of its own, with what iteration would give. An error in it ends the stream,
            and is raised by the next call of a method. The stream lasts until it is stopped, or the client
            closed.
        record
            A folder to keep every message in, or a :class:`kiwoomdata.recording.record.Recorder`.
        venue
            ``"krx"`` (default), ``"nxt"`` or ``"all"``, for stock codes that do not say it themselves.
        connections
            A connection takes 200 items. With several the items are spread over as many. The server ends a
            session when the same key logs in again (R10001), so that more than one works only where it was
            seen to be allowed.
        idle
            Seconds of complete silence after which a connection is taken for dead.
        reconnect
            Connect again after a failure that may pass; else any interruption is :class:`ConnectionLost`.
        backfill
            Ask over REST (ka10046) for trades that went unseen in a gap: see :attr:`Live.backfilled`.
        client
            The :class:`kiwoomdata.Client` to use; left out: the one of :func:`kiwoomdata.use`.

        Returns
        -------
        Live
            Its :meth:`Live.frame` gives, for each message of a feed, one row, in the order of arrival, always
            with the same columns: ``symbol`` (String), ``venue`` (Enum krx, nxt, all), ``time`` (Datetime[us,
            Asia/Seoul], the server's, to the second; null where a feed tells none), ``received_at``
            (Datetime[us, Asia/Seoul]), then the feed's own. Of ``trade``: ``price`` (Int64, KRW), ``side``
            (Enum buy, sell: the aggressor), ``quantity cumulative_volume`` (Int64, shares) and so on. A FID
            that the catalogue lacks is a text column named by its number.

        Raises
        ------
        ValueError, TypeError
            A wrong argument, before anything is sent.
        StreamError
            A live stream with this key is open in this process already.
        LoginRefused, Kicked, ConnectionLost, BufferFull, AuthError
            At the next call after it happened: see :class:`Live`.

        Examples
        --------
        >>> import kiwoomdata as kd
        >>> kd.use("simulator")
        >>> with kd.stream_to_frame(["005930", "000660"], window="5m") as live:
        ...     arrived = live.wait(rows=20, seconds=30)
        ...     trades = live.frame("trade")
        >>> arrived, trades.height >= 20, trades.schema["price"]
        (True, True, Int64)
        """
        forks.check()
        chosen = feed_list(feeds)
        coded = partial(with_codes, client=lambda: client or default_client(), venue=venue, name="symbols")
        items = feed_items(coded(symbols), chosen, venue)
        kept = chosen_columns(columns, chosen)
        shown = chosen_window(window, rows)
        if every is not None and batch is not None:
            raise ValueError("every, batch: both were given; pass one, every='1s' or batch=1000, or neither")
        choose("on_full", on_full, ("block", "drop_oldest", "raise"))
        callback(on_batch, "on_batch")
        if batch is not None and count(batch, "batch") > count(buffer, "buffer"):
            raise ValueError(
                f"batch: {batch} rows never come together in a buffer of {buffer}; enlarge buffer="
            )
        if not idle > 0:
            raise ValueError(f"idle: expected seconds above 0, got {idle!r}")
        seconds = span("1s" if every is None else every, "every").total_seconds()
        client = client or default_client()
        recorder = _recorder(record)
        sink: Sink | None = recorder or record  # type: ignore[assignment]
        room = count(buffer, "buffer")
        engine = Engine(
            kept, shown, now=client.now, day=client.session_day, limit=room, on_full=on_full, sink=sink
        )
        if backfill:
            engine.backfill = Backfill(client, engine.tell)
        try:
            _connect(engine, client, items, count(connections, "connections"), idle, reconnect)
        except BaseException:
            engine.release(wait=False)
            engine.close()
            if recorder is not None:
                recorder.close()
            raise
        live = Live(engine, venue, None if batch else seconds, batch, recorder, on_batch, self.hand)
        live.coded, live.client = coded, client
        client.streams.add(live)
        return live

    def condition_stream(
        self,
        seq: str | int,
        *,
        venue: Literal["krx"] = "krx",
        timeout: float = 10.0,
        client: Client | None = None,
    ) -> ConditionStream[F]:
        """The stocks that meet a condition, and from then on every one that enters or leaves.

        Waits for the first members. Use it as a context manager, or call :meth:`ConditionStream.stop`.

        Parameters
        ----------
        seq, venue, timeout, client
            As for :func:`condition_search`. The server takes ten live conditions for each login.

        Raises
        ------
        NoAnswer, StreamError, ApiError, LoginRefused, Kicked, ConnectionLost
            As :func:`condition_search`; what ends the stream later is raised by the next call.

        Notes
        -----
        Source: ka10173 (조건검색 요청 실시간), ended with ka10174. A condition that is live already (900003)
        is cleared and asked for again.

        Examples
        --------
        >>> import kiwoomdata as kd
        >>> kd.use("simulator")
        >>> with kd.condition_stream(kd.conditions()["seq"][0]) as live:
        ...     live.members.columns
        ['symbol', 'venue', 'since']
        """
        client = client or default_client()
        exchange = word(STREAM.params[1], venue)
        return ConditionStream(client, seq_argument(str(seq)), exchange, timeout, self.hand)


def _recorder(record: str | PathLike[str] | Sink | None) -> Recorder | None:
    """A recorder of its own for a folder that was named."""
    if record is None or hasattr(record, "add"):
        return None
    if not isinstance(record, str | PathLike):
        raise TypeError(f"record: expected a folder, or something with an add method, got {record!r}")
    from kiwoomdata.recording.record import Recorder

    return Recorder(record)


def _connect(
    engine: Engine,
    client: Client,
    items: dict[str, list[str]],
    connections: int,
    idle: float,
    reconnect: bool,
) -> None:
    shared = attach(client, engine, engine.intake.put)
    extra = [Link(client.ws_url or "", client.transport.tokens) for _ in range(connections - 1)]
    engine.links = (shared, *extra)
    for link in engine.links:
        link.idle, link.reconnect = idle, reconnect
        link.held = lambda: engine.intake.blocked
        if link is not shared:
            link.take, link.listeners = engine.intake.put, (engine,)
    engine.subscribe(items)
    for link in engine.links:
        link.start()


def _as_is(frame: pl.DataFrame) -> pl.DataFrame:
    return frame


_POLARS = Streams(_as_is)
stream_to_frame, condition_stream = _POLARS.stream_to_frame, _POLARS.condition_stream
