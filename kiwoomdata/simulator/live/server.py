"""The live side of the simulator: a real WebSocket server on loopback, fed by the same market.

Each connection has a thread that receives and one that sends, so that a client that does not read holds
up no answer to anybody else; one thread more plays the day.
"""

from __future__ import annotations

import json
import logging
import socket
import threading
import time as _time
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, time
from itertools import islice
from typing import Any

from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response
from websockets.sync.server import ServerConnection, serve

from kiwoomdata.simulator.live.faults import LiveFaults
from kiwoomdata.simulator.live.feeds import STATES, Channel, Feeds, Occurrence, entry_text
from kiwoomdata.simulator.live.frames import Close, Outgoing, real_frame
from kiwoomdata.simulator.live.outbox import FULL, Outbox
from kiwoomdata.simulator.live.playback import Playback
from kiwoomdata.simulator.live.session import WHOLE_MARKET, Visitor
from kiwoomdata.simulator.market.intraday import clock
from kiwoomdata.simulator.rest.faults import Fault
from kiwoomdata.simulator.rest.gatekeeper import Meter
from kiwoomdata.simulator.rest.service import Log, Record, Service
from kiwoomdata.simulator.switches import Pace, Rate

__all__ = ["PATH", "LiveSide"]

_log = logging.getLogger(__name__)

PATH = "/api/dostk/websocket"
LONGEST_FRAME = 65_536
"""Bytes that a client may send at once; a longer frame ends the connection with 1009."""
_LOOK = 0.05  # seconds between two looks at a timer, which need not be the real one
_PATIENCE = 1.0  # seconds for a client to say goodbye


class LiveSide:
    """A running live side. Made by a server that is asked for its ``ws_url``; ends with it.

    ``pace`` and ``rate`` may be set while it runs; ``sessions`` and ``log`` tell who is there and what was
    asked. ``push`` and ``send`` put messages and frames of one's own between those of the day, ``skip``
    and ``rewind`` move the day, ``wait`` waits until nothing is left to send.
    """

    def __init__(
        self,
        service: Service,
        *,
        host: str,
        port: int,
        now: Callable[[], datetime],
        timer: Callable[[], float] = _time.monotonic,
    ) -> None:
        switches = service.switches
        self.log = Log()
        """What clients have sent, oldest first, the echoes of PINGs left out: ``api_id`` is the ``trnm``."""
        self._service, self._switches, self._now, self._timer = service, switches, now, timer
        self._feeds = Feeds(service.market, krx_only=switches.mode == "mock")
        self._playback = Playback(self._feeds, switches.pace)
        self._rate = switches.frame_rate
        self._faults = LiveFaults()
        limit = None if switches.ws_rate is None else Rate.parse(switches.ws_rate)
        self._meter = Meter(limit, timer)
        self._changed = threading.Condition()  # guards sessions, playback and the order of what goes out
        self._open: dict[Visitor, Outbox] = {}
        self._numbers = 0
        self._busy = False
        self._last_frame = float("-inf")
        self._closing = threading.Event()
        self._server = serve(
            self._serve,
            host,
            port,
            family=socket.AF_INET6 if ":" in host else socket.AF_INET,
            process_request=_check_path,
            compression=None,
            ping_interval=None,
            max_size=LONGEST_FRAME,
            open_timeout=2 * _PATIENCE,
            close_timeout=_PATIENCE,
            logger=_log,
        )
        shown = f"[{host}]" if ":" in host else host
        self.ws_url = f"ws://{shown}:{self._server.socket.getsockname()[1]}{PATH}"
        self._threads = [
            threading.Thread(target=target, name="simulator live", daemon=True)
            for target in (self._play, self._server.serve_forever)
        ]
        for thread in self._threads:
            thread.start()

    def __repr__(self) -> str:
        return f"<live side at {self.ws_url}, {len(self._open)} connections>"

    # --- what it is and what it can be made to do -----------------------------------------------

    @property
    def sessions(self) -> tuple[Visitor, ...]:
        """The open connections, oldest first."""
        with self._changed:
            return tuple(self._open)

    @property
    def pace(self) -> Pace:
        """How fast the day goes by: 1 as it was, 60 sixty times as fast, 0 not at all, or ``"max"``."""
        return self._playback.pace

    @pace.setter
    def pace(self, pace: Pace) -> None:
        with self._changed:
            self._playback.set_pace(pace, self._timer())
            self._changed.notify_all()

    @property
    def rate(self) -> float | None:
        """The most frames per second that a connection gets, None for no limit."""
        return self._rate

    @rate.setter
    def rate(self, rate: float | None) -> None:
        if rate is not None and not rate > 0:
            raise ValueError(f"rate: expected more than 0 frames per second or None, got {rate!r}")
        self._rate = rate

    @property
    def at(self) -> time | None:
        """Where the day stands; None before it has begun."""
        with self._changed:
            moment = int(self._playback.moment(self._timer()))
            return clock(min(moment, 86_399)) if self._playback.begun else None

    def rewind(self) -> None:
        """Let the day begin again for those who are connected: its cumulative volumes fall."""
        with self._changed:
            self._playback.rewind()
            self._changed.notify_all()

    def skip(self, seconds: float) -> None:
        """Let so many seconds of the day go by without a frame, as for a client that was away."""
        with self._changed:
            self._playback.skip(seconds, self._timer())
            self._changed.notify_all()

    def wait(self, timeout: float = 10.0) -> bool:
        """Wait until all there is to send has been sent; whether it has. At a pace of 0 it never is."""
        end = _time.monotonic() + timeout
        with self._changed:
            while not self._idle():
                if _time.monotonic() >= end:
                    return False
                self._changed.wait(0.005)
            return True

    def _idle(self) -> bool:
        sent = all(outbox.idle for outbox in self._open.values())
        return sent and self._playback.finished and not self._busy

    def frames(self, type_: str, item: str) -> list[bytes]:
        """What a feed says of an item through the whole day, each message as a frame for :meth:`send`."""
        return [real_frame([event.text()]) for event in self._feeds.events(Channel(type_, item))]

    def push(self, type_: str, item: str, values: Mapping[str, str]) -> int:
        """Send a message of your own to those who have registered for it; how many they are.

        ``values`` are texts by FID. It goes in a frame of its own, between those of the day. A condition's
        event, type ``02``, goes to those for whom the condition of FID 841 is live.
        """
        key = values.get("841", "").strip() if type_ == "02" else "" if type_ in WHOLE_MARKET else item
        channel = Channel(type_, key)
        text = entry_text(type_, item, values)
        self._room()
        with self._changed:
            heard = [one for one in self._open if one.listening and one.hears(channel, item)]
            for session in heard:
                self._put(session, session.real([(type_, text)]))
            return len(heard)

    def send(self, frames: str | bytes | Iterable[str | bytes]) -> int:
        """Send whole frames as they are to everybody who is logged in; how many frames."""
        rest = iter([frames] if isinstance(frames, str | bytes) else frames)
        count = 0
        while part := list(islice(rest, FULL // 4)):
            texts: list[Outgoing] = [one.encode() if isinstance(one, str) else one for one in part]
            self._room()
            with self._changed:
                for session in self._listening():
                    self._put(session, texts)
            count += len(part)
        return count

    def inject(
        self, name: str, only: str | None, times: int | None, after: int, options: Mapping[str, Any]
    ) -> Fault:
        """Turn on a fault; see :meth:`kiwoomdata.simulator.Server.inject`."""
        fault = self._faults.inject(name, only, times, after, options)
        with self._changed:
            for session in self._listening():
                if fault.strike_at_once():
                    self._put(session, session.strike(fault), at_once=True)
        return fault

    def clear_faults(self) -> None:
        self._faults.clear()

    def close(self) -> None:
        """End all connections and threads."""
        with self._changed:
            self._closing.set()
            outboxes = list(self._open.values())
            for outbox in outboxes:
                outbox.put([Close(1001)])
            self._changed.notify_all()
        end = _time.monotonic() + _PATIENCE
        for outbox in outboxes:
            outbox.end(end - _time.monotonic())
        self._server.shutdown()
        for thread in self._threads:
            thread.join()

    # --- one client --------------------------------------------------------------------------

    def _serve(self, connection: ServerConnection) -> None:
        session, outbox = self._welcome(connection)
        goodbye = 2 * _PATIENCE
        try:
            while goodbye > 0 and not self._closing.is_set():
                with self._changed:
                    self._put(session, session.tick(self._timer()))
                try:
                    text = connection.recv(timeout=_LOOK)
                except TimeoutError:
                    if not threading.main_thread().is_alive():
                        break  # nobody closed: the interpreter waits for this thread before it ends
                    goodbye -= _LOOK if session.ended else 0  # some do not even read it
                    continue
                self._receive(session, text)
        except ConnectionClosed:
            pass
        finally:
            with self._changed:
                del self._open[session]
                self._listen()
            outbox.end(_PATIENCE)

    def _welcome(self, connection: ServerConnection) -> tuple[Visitor, Outbox]:
        with self._changed:
            self._numbers += 1
            session = Visitor(
                self._numbers,
                self._switches,
                self._service.tokens,
                self._feeds,
                meter=self._meter,
                faults=self._faults,
                position=lambda: self._playback.position,
                now=self._timer(),
            )
            outbox = self._open[session] = Outbox(connection)
        return session, outbox

    def _receive(self, session: Visitor, text: str | bytes) -> None:
        message = _read(text)
        trnm = str((message or {}).get("trnm") or "")
        if trnm == "CNSRREQ":
            self._feeds.stocks()  # drawing them takes a while, the first time: nobody else need wait
        with self._changed:
            was_in, had = session.logged_in, session.channels
            answer = session.receive(message)
            if session.listening and not was_in and self._switches.duplicate_ws == "kick":
                for other in self._listening():
                    if other is not session and other.key == session.key:
                        self._put(other, other.kick())
            self._put(session, answer)
            self._listen()
        if trnm == "REG" and self._switches.last_word:
            self._tell_states(session, session.channels - had)
        if trnm != "PING":
            self.log.add(_record(trnm, message or {}, answer, self._now()))

    def _tell_states(self, session: Visitor, new: Iterable[Channel]) -> None:
        """The last word of feeds that seldom come, while the day goes by the clock."""
        if isinstance(self.pace, str) or not self.pace:
            return
        for channel in sorted(channel for channel in new if channel.type in STATES):
            until = int(self._playback.moment(self._timer()))
            event = self._feeds.last(channel, until)  # drawing it takes a while: nobody else need wait
            if event is not None:
                with self._changed:
                    if session in self._open and session.listening:
                        self._put(session, session.real([(channel.type, event.text())]))

    def _put(self, session: Visitor, sent: Sequence[Outgoing], *, at_once: bool = False) -> None:
        if sent:
            self._open[session].put(sent, at_once=at_once)
            if not session.listening:
                self._listen()

    def _listening(self) -> list[Visitor]:
        return [session for session in self._open if session.listening]

    def _listen(self) -> None:
        """Let the day be played to those who are registered now."""
        wanted: dict[Channel, int | None] = {}
        for session in self._listening():
            for channel in session.channels:
                whole = channel._replace(key="") if channel.type == "1h" else channel
                wanted[whole] = session.conditions.get(channel.key) if channel.type == "02" else None
        self._playback.listen(wanted)
        self._changed.notify_all()

    # --- the day -----------------------------------------------------------------------------

    def _play(self) -> None:
        while not self._closing.is_set():
            worked = self._work()
            with self._changed:
                wait = self._next_wait()
                frames = self._take() if wait == 0 else []
                if not (worked or frames):
                    self._changed.wait(_LOOK if wait is None else min(wait, _LOOK))
            for events in frames:
                self._hold_rate()
                self._send(events)
            with self._changed:
                self._busy = False

    def _work(self) -> bool:
        with self._changed:
            draw = self._playback.drawing(self._timer())
            self._busy = draw is not None
        if draw is None:
            return False
        draw()
        return True

    def _turn(self) -> None:
        """What comes after the day's last word: the next day, the same again, or silence."""
        after = self._switches.after_day
        if after == "default":
            after = "stop" if self._playback.pace == "max" else "next"
        if after == "again":
            self._playback.rewind()
        elif after == "next":
            market = self._service.market = self._service.market.next_session()
            self._playback.turn(market)
            for session in self._open:
                session.next_day()
            _log.info("the day is over; the market goes on to %s", market.today)

    def _next_wait(self) -> float | None:
        self._playback.follow()
        if self._playback.over(self._timer()):
            self._turn()
        if self._playback.finished:
            for session in self._listening():
                self._put(session, session.rest())
        return self._playback.wait(self._timer())

    def _take(self) -> list[list[Occurrence]]:
        self._busy = True
        frames = self._playback.take(self._timer())
        for events in frames:
            for fault in self._faults.striking("round", {event.channel.type for event in events}):
                self._playback.burst(fault.options.get("frames", 1) - 1)  # beside this one
                events += self._playback.more(fault.options.get("entries", 1) - len(events))
        return frames

    def _hold_rate(self) -> None:
        while (rate := self._rate) is not None and not self._closing.is_set():
            left = self._last_frame + 1 / rate - self._timer()
            if left <= 0:
                break
            self._closing.wait(min(left, _LOOK))
        self._last_frame = self._timer()

    def _send(self, events: Sequence[Occurrence]) -> None:
        told = [(event, event.text()) for event in events]
        self._room()
        with self._changed:
            for session in self._listening():
                mine = [
                    (event.channel.type, text)
                    for event, text in told
                    if session.hears(event.channel, event.item)
                ]
                if mine:
                    self._put(session, session.real(mine))

    def _room(self) -> None:
        """Wait for those who do not keep up. Without the lock, for what makes room may need it."""
        with self._changed:
            outboxes = list(self._open.values())
        for outbox in outboxes:
            outbox.wait_for_room()


def _check_path(connection: ServerConnection, request: Request) -> Response | None:
    if request.path.partition("?")[0] == PATH:
        return None
    return connection.respond(404, f"WebSocket: {PATH}\n")


def _read(text: str | bytes) -> dict[str, Any] | None:
    try:
        message = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return message if isinstance(message, dict) else None


def _record(trnm: str, message: Mapping[str, Any], answer: Sequence[Outgoing], now: datetime) -> Record:
    first = next((_read(one) for one in answer if isinstance(one, bytes)), None) or {}
    return Record(
        trnm,
        PATH,
        {key: "(not kept)" if key == "token" else value for key, value in message.items()},
        str(message.get("cont_yn", "")),
        str(message.get("next_key", "")),
        101,  # what the handshake was answered with
        first.get("return_code"),
        now,
        len(first.get("data") or ()),
    )
