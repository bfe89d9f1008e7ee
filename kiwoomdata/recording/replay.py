"""A recording served again over a WebSocket, as the live server sent it: same messages, same order.

The answer to a login and each frame have one key more, ``recorded_at``, in microseconds since 1970: the
messages tell only a time of day, and a consumer that knows the key puts them on their own day.

LOGIN takes any token; REG and REMOVE are acknowledged, and only what is registered is sent; PING is
sent now and then, and nobody is cut off for not answering it. Condition searches are not served.
"""

from __future__ import annotations

import json
import logging
import os
import socket
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from functools import lru_cache
from itertools import groupby
from operator import itemgetter
from os import PathLike
from types import TracebackType
from typing import Any, Literal

import polars as pl
from websockets.exceptions import ConnectionClosed
from websockets.sync.server import ServerConnection, serve

from kiwoomdata.arguments import DateLike
from kiwoomdata.entries.feeds import CONDITION_EVENT, FEEDS
from kiwoomdata.recording.ticks import Selection, read_raw

__all__ = ["ReplayServer", "replay"]

_log = logging.getLogger(__name__)

_SETTLE = 0.5
"""Seconds without another registration after which all are in: a client sends several, 0.25 s apart."""
_PATIENCE = 1.0  # seconds that a client has to say goodbye
_DAY = 86_400_000_000
_KST = 9 * 3_600_000_000

_TYPES = {feed.type: feed for feed in (*FEEDS.values(), CONDITION_EVENT)}
_MARKET_WIDE = {type_ for type_, feed in _TYPES.items() if not feed.needs_items}

Tick = tuple[int, str, str, bytes]  # received, type, item, values


def replay(
    folder: str | PathLike[str],
    *,
    speed: float | Literal["max"] = 1.0,
    feeds: Iterable[str] | None = None,
    symbols: str | Iterable[str] | None = None,
    start: DateLike | None = None,
    end: DateLike | None = None,
    port: int = 0,
    begin: Literal["registered", "told"] = "registered",
    settle: float = _SETTLE,
    ping_seconds: float = 10.0,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], object] | None = None,
) -> ReplayServer:
    """Serve a recording on this machine, to whoever connects to ``.ws_url``.

    Parameters
    ----------
    folder
        The recording.
    speed
        1 is the recorded pace, 10 ten times as fast, ``"max"`` as fast as it is read. The time between
        two days is left out.
    feeds, symbols, start, end
        What to serve, as for :func:`kiwoomdata.ticks`; None serves all.
    port
        0 takes a free one.
    begin
        ``"registered"``: once a client has registered and then nobody for ``settle`` seconds.
        ``"told"``: with :meth:`ReplayServer.start`. While nobody is registered it stands still.
    ping_seconds
        How long a client may be silent before it is sent a PING.

    Raises
    ------
    ValueError
        For a speed that is none, a folder that is no recording, or where nothing of what is asked
        for was recorded.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> from kiwoomdata.recording.record import Recorder
    >>> folder = TemporaryDirectory()
    >>> with Recorder(folder.name) as recorder:
    ...     recorder.add("0C", "005930", b'{"27":"-70100","28":"-70000"}', 1795136400000000)
    >>> with replay(folder.name, speed="max") as server:
    ...     server.ws_url.startswith("ws://127.0.0.1:")
    True
    >>> folder.cleanup()
    """
    if speed != "max" and (isinstance(speed, str | bool) or not 0 < speed < float("inf")):
        raise ValueError(f"speed: expected a number above 0 or 'max', got {speed!r}")
    if begin not in ("registered", "told"):
        raise ValueError(f"begin: expected 'registered' or 'told', got {begin!r}")
    selection = Selection(folder, feeds=feeds, symbols=symbols, start=start, end=end)
    if not selection.partitions():
        raise ValueError(
            f"folder: {str(folder)!r} has nothing of these feeds and days; recording_info() tells what it has"
        )
    return ReplayServer(
        selection,
        pace=None if speed == "max" else float(speed),
        port=port,
        told=begin == "told",
        settle=0.0 if begin == "told" else settle,
        ping_seconds=ping_seconds,
        clock=clock,
        sleep=sleep,
    )


class ReplayServer:
    """A running replay. Made by :func:`replay`; ends with its ``with`` block or with :meth:`close`."""

    def __init__(
        self,
        selection: Selection,
        *,
        pace: float | None,
        port: int,
        told: bool,
        settle: float,
        ping_seconds: float,
        clock: Callable[[], float],
        sleep: Callable[[float], object] | None,
    ) -> None:
        self.sent = 0
        """The messages sent so far."""
        self._selection, self._pace = selection, pace
        self._settle, self._ping_seconds = settle, ping_seconds
        self._closing = threading.Event()
        self._finished = threading.Event()
        self._clock, self._sleep = clock, sleep or self._closing.wait
        self._begun = threading.Event()
        if not told:
            self._begun.set()
        self._listeners: dict[ServerConnection, _Subscriber] = {}
        self._audience = threading.Event()
        self._looking = threading.Lock()
        self._settled_at = 0.0
        self._pid = os.getpid()
        self._position: int | None = None  # when the message to be sent next was recorded
        self._placed = threading.Event()
        self._error: Exception | None = None
        self._server = serve(
            self._serve, "127.0.0.1", port, compression=None, ping_interval=None, close_timeout=_PATIENCE
        )
        self.ws_url = f"ws://127.0.0.1:{self._server.socket.getsockname()[1]}"
        self._threads = [
            threading.Thread(target=target, name="kiwoomdata-replay", daemon=True)
            for target in (self._play, self._server.serve_forever)
        ]
        for thread in self._threads:
            thread.start()

    def __repr__(self) -> str:
        state = "closed" if self._closing.is_set() else "finished" if self.finished else "running"
        return f"<replay of {self._selection.folder} at {self.ws_url}, {state}>"

    def __enter__(self) -> ReplayServer:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def finished(self) -> bool:
        """Whether all was sent. Connections stay open, as after the market's close."""
        return self._finished.is_set()

    def start(self) -> None:
        """Begin, where ``begin="told"`` waits for it."""
        self._begun.set()

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until all was sent; whether it was. Raises what kept the recording from being read."""
        done = self._finished.wait(timeout)
        if self._error is not None:
            raise self._error
        return done

    def close(self) -> None:
        """End the replay and its connections. In a forked child it does nothing."""
        if os.getpid() != self._pid:
            return
        connections = list(self._listeners)
        self._closing.set()
        self._begun.set()
        self._look_around()
        player, acceptor = self._threads
        player.join(_PATIENCE)
        for connection in connections:
            if player.is_alive():  # it waits for this client to read, and holds what a goodbye needs
                with suppress(OSError):
                    connection.socket.shutdown(socket.SHUT_RDWR)
            connection.close(1001)
        player.join()
        with suppress(OSError):
            self._server.shutdown()
        acceptor.join()

    # --- one client --------------------------------------------------------------------------

    def _serve(self, connection: ServerConnection) -> None:
        listener = self._listeners[connection] = _Subscriber()
        try:
            while not self._closing.is_set():
                try:
                    text = connection.recv(timeout=self._ping_seconds)
                except TimeoutError:
                    connection.send(_text(trnm="PING"))
                    continue
                self._answer(connection, listener, text)
                if not listener.logged_in:
                    return
        except ConnectionClosed:
            pass
        finally:
            del self._listeners[connection]
            self._look_around()

    def _answer(self, connection: ServerConnection, listener: _Subscriber, text: str | bytes) -> None:
        try:
            answer = listener.answer(json.loads(text), self._where)
        except (ValueError, TypeError, AttributeError, KeyError):
            _log.info("not understood, and so not answered: a frame of %d characters", len(text))
            return
        if answer is not None:
            self._settled_at = self._clock() + self._settle
            with listener.lock:
                connection.send(answer)
                listener.take_in()
            self._look_around()

    def _where(self) -> dict[str, int]:
        self._placed.wait()
        return {} if self._position is None else {"recorded_at": self._position}

    def _look_around(self) -> None:
        with self._looking:
            if self._closing.is_set() or any(one.registered for one in list(self._listeners.values())):
                self._audience.set()
            else:
                self._audience.clear()

    # --- the recording -----------------------------------------------------------------------

    def _play(self) -> None:
        try:
            playing, day, first, first_at = False, 0, 0, 0.0
            for received, ticks in groupby(self._ticks(), key=itemgetter(0)):
                self._position = received
                self._placed.set()
                if day != (day := (received + _KST) // _DAY):
                    first, first_at = received, self._clock()
                if playing and self._pace is not None:
                    delay = first_at + (received - first) / 1e6 / self._pace - self._clock()
                    if delay > 0:
                        self._sleep(delay)
                if not (playing and self._audience.is_set()):
                    self._wait_for_audience()
                    playing, first, first_at = True, received, self._clock()
                if self._closing.is_set():
                    return
                self._send(list(ticks))
        except Exception as error:
            self._error = error
        self._placed.set()
        self._finished.set()

    def _wait_for_audience(self) -> None:
        """Stand still until somebody has registered all that is wanted."""
        self._begun.wait()
        self._audience.wait()
        while (left := self._settled_at - self._clock()) > 0 and not self._closing.is_set():
            self._sleep(left)

    def _ticks(self) -> Iterator[Tick]:
        for raw in read_raw(self._selection, columns=("received_at", "type", "item", "values")):
            times = raw["received_at"].to_physical().to_list()
            values = raw["values"].cast(pl.Binary).to_list()
            yield from zip(times, raw["type"].to_list(), raw["item"].to_list(), values, strict=True)

    def _send(self, ticks: list[Tick]) -> None:
        for connection, listener in list(self._listeners.items()):
            with listener.lock, suppress(ConnectionClosed):
                entries = [
                    _head(type_, item) + values + b"}"
                    for _, type_, item, values in ticks
                    if listener.hears(type_, item)
                ]
                if entries:
                    connection.send(_frame(entries, ticks[0][0]), text=True)
                    self.sent += len(entries)


class _Subscriber:
    """What one connection has asked for."""

    def __init__(self) -> None:
        self.lock = threading.Lock()  # nothing is sent between an acknowledgement and its taking effect
        self.logged_in = False
        self.registered: frozenset[tuple[str, str]] = frozenset()
        self._groups: dict[str, set[tuple[str, str]]] = {}

    def hears(self, type_: str, item: str) -> bool:
        registered = self.registered
        return (type_, item) in registered or (type_ in _MARKET_WIDE and (type_, "") in registered)

    def answer(self, message: Any, where: Callable[[], dict[str, int]]) -> str | None:
        """What the server says to a message; None where it says nothing."""
        trnm = message["trnm"]
        if trnm == "LOGIN":
            self.logged_in = True
            return _text(trnm=trnm, return_code=0, return_msg="", sor_yn="Y", **where())
        if not self.logged_in:
            return _text(trnm="SYSTEM", code="R10004", message="a login has to come first")
        if trnm not in ("REG", "REMOVE"):
            return None
        asked = {
            (type_, item)
            for entry in message["data"]
            for item in entry.get("item") or [""]
            for type_ in entry["type"]
        }
        group = self._groups.setdefault(str(message.get("grp_no", "")), set())
        if trnm == "REMOVE":
            group -= asked
        else:
            if message.get("refresh") == "0":
                group.clear()
            group |= asked
        return _text(trnm=trnm, return_code=0, return_msg="")

    def take_in(self) -> None:
        """Put what was asked for into effect, once it is acknowledged."""
        self.registered = frozenset[tuple[str, str]]().union(*self._groups.values())


def _frame(entries: list[bytes], received: int) -> bytes:
    return b'{"trnm":"REAL","data":[%b],"recorded_at":%d}' % (b",".join(entries), received)


def _text(**message: object) -> str:
    return json.dumps(message, ensure_ascii=False, separators=(",", ":"))


@lru_cache(maxsize=100_000)
def _head(type_: str, item: str) -> bytes:
    """An entry up to its values."""
    name = _TYPES[type_].ko if type_ in _TYPES else ""
    return f'{_text(type=type_, name=name, item=item)[:-1]},"values":'.encode()
