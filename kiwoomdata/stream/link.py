"""One live connection and the thread that keeps it: connect, log in, register, listen, and again.

A process has one link for each key, because the server keeps one session for each and ends the older
one: streams and condition searches share it. What it hears goes to its listeners, from its thread.
"""

from __future__ import annotations

import logging
import os
import random
import threading
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from websockets.exceptions import ConnectionClosed, InvalidProxy
from websockets.frames import Frame, Opcode
from websockets.sync.client import ClientConnection, connect

from kiwoomdata import errors
from kiwoomdata._version import __version__
from kiwoomdata.entries.feeds import CONDITION_EVENT
from kiwoomdata.rest.address import is_loopback
from kiwoomdata.rest.token import Token, TokenKeeper
from kiwoomdata.stream.events import Event, LoginDenied, Real, Silence, System, trnm_of
from kiwoomdata.stream.failures import ENDING, Failure, Verdict, backoff, classify
from kiwoomdata.stream.intake import is_real
from kiwoomdata.stream.session import Session

if TYPE_CHECKING:
    from kiwoomdata.client import Client

__all__ = ["Link", "Listener", "attach", "detach", "link_key"]

PATH = "/api/dostk/websocket"
MAX_FRAME = 16 * 1024 * 1024
FIRST_TRIES = 6
"""Before the first login has succeeded, so many failed tries are told as an error; later there is no
end to trying, because a stream is to outlive an outage."""
CLEARING, OFTEN = 20.0, 2.0
"""Seconds for which a close before the login's answer is no reason to give up, and between two tries then
at most: the server was seen to take ten to clear the session before (2026)."""
ANSWER = 10.0
"""Seconds that the server has to answer a request."""
LASTED = 5.0
"""Seconds after which a connection counts as one that held, so that pauses begin short again."""
_TICK = 0.1

Take = Callable[[bytes], None]
_CONDITION = f'"{CONDITION_EVENT.type}"'.encode()

log = logging.getLogger(__name__)
# The library writes every text to its log at DEBUG, and the first text sent is the token.
_wire = logging.Logger("kiwoomdata.stream.wire", level=logging.INFO)
_wire.parent = log


class Listener:
    """What a link tells, from its own thread."""

    follows_conditions = False

    def on_event(self, event: Event) -> None:
        """A frame's meaning, or a request that stays without an answer."""

    def on_up(self, link: Link) -> None:
        """Logged in, and all that was wanted when the connection began is registered or refused."""

    def on_down(self, link: Link, reason: str, heard: float) -> None:
        """The connection was up and has ended; something was last heard ``heard`` seconds ago."""

    def on_failed(self, link: Link, error: Exception) -> None:
        """The link has ended for good."""


class Link:
    """A connection to one address with one key, connected again for as long as that may help."""

    def __init__(
        self,
        url: str,
        tokens: TokenKeeper,
        *,
        rng: random.Random | None = None,
        pause: Callable[[int, random.Random], float] = backoff,
        session: Session | None = None,
    ) -> None:
        self.session = session or Session("none yet")
        self.lock = threading.RLock()
        """Held for whatever is asked of the session."""
        self.take: Take | None = None
        """Where live values go, if to one place: frames as they came, in the order of arrival."""
        self.searched = False
        """Whether a listener follows conditions."""
        self.held: Callable[[], bool] = lambda: False
        """Whether nothing is heard because ``take`` has no room."""
        self.idle = 60.0
        self.reconnect = True
        self.reconnects = 0
        """How often it came back."""
        self.up = False
        self.clearing = False
        """Whether the server does not answer a login yet, because it clears the session before."""
        self.error: Exception | None = None
        self.listeners: tuple[Listener, ...] = ()
        self._url = url.removesuffix(PATH) + PATH  # an address is taken with the path and without
        self._tokens = tokens
        self._rng = rng or random.Random()
        self._pause = pause
        self._connection: ClientConnection | None = None
        self._frames = 0
        self._heard = 0.0
        self._began = False
        self._ups = 0
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="kiwoomdata-live", daemon=True)

    def __repr__(self) -> str:
        return f"<Link {self._url} {'up' if self.up else 'down'}>"

    @property
    def running(self) -> bool:
        return self.error is None and not self._stopping.is_set()

    def start(self) -> None:
        with self.lock:
            if not self._began and self.running:
                self._began = True
                self._thread.start()

    def stop(self, *, wait: bool = True) -> None:
        """End the connection and the thread."""
        self._stopping.set()
        if wait and self._began and self._thread is not threading.current_thread():
            self._thread.join(ANSWER)

    def ask(self, request: Callable[[Session], None]) -> None:
        """Ask something of the session, and send what that makes due."""
        with self.lock:
            request(self.session)
        self.send()

    def send(self) -> None:
        """Send what has become due, if there is a connection; else it waits for the next."""
        connection = self._connection
        if connection is not None:
            try:
                self._send_due(connection)
            except Exception as error:  # the thread that listens finds out by itself, and why
                log.debug("sending failed: %s", type(error).__name__)

    # --- the thread ----------------------------------------------------------------------------

    def _run(self) -> None:
        try:
            error = self._keep_connected()
        except Exception as unexpected:
            error = unexpected
        self.up = False
        if error is not None:
            self.error = error
            self._stopping.set()
            with _links_lock:
                _forget(self)
            for listener in self.listeners:
                listener.on_failed(self, error)

    def _keep_connected(self) -> Exception | None:
        """Connect until told to stop; an error where trying on would not help."""
        token: Token | None = None
        renew = renewed = worked = False
        attempt, first = 0, time.monotonic()
        while not self._stopping.is_set():
            began = time.monotonic()
            try:
                if renew and token:
                    token, renew, renewed = self._tokens.renew(token), False, True
                else:
                    token = self._tokens.get()
                failure = self._connect(token, renewed=renewed)
            except Exception as error:  # also of a token that could not be had: it is tried for again
                failure = Failure(error, renewed=renewed)
            if self._stopping.is_set():
                return None
            verdict = classify(failure)
            log.info("%s: %s (%s)", self._url, verdict.reason, verdict.action)
            if failure.logged_in:
                worked, renewed = True, False
                attempt = 0 if time.monotonic() - began > LASTED else attempt
            renew = renew or verdict.action == "renew"
            attempt += 1
            self.clearing = failure.unanswered and time.monotonic() - first < CLEARING
            hopeless = verdict.action == "fatal" or not (worked or self.clearing or attempt < FIRST_TRIES)
            if self.up:
                self._go_down(verdict.reason)
            if hopeless or (worked and not self.reconnect):
                return self._fatal(failure, verdict)
            pause = self._pause(attempt - 1, self._rng)
            self._stopping.wait(min(pause, OFTEN) if self.clearing else pause)
        return None

    def _fatal(self, failure: Failure, verdict: Verdict) -> Exception:
        if isinstance(failure.error, errors.KiwoomDataError):
            return failure.error
        error: errors.StreamError
        if failure.login is not None:
            error = errors.LoginRefused(
                f"{verdict.reason}. See whether the key is of this server ({self._url}) and this "
                "computer's address is registered for it."
            )
        elif failure.system == "R10001":
            error = errors.Kicked(
                f"{verdict.reason}. Close the other program, or give it a key of its own, and start again."
            )
        else:
            error = errors.ConnectionLost(f"{self._url}: {verdict.reason}")
        error.__cause__ = failure.error
        return error

    def _go_down(self, reason: str) -> None:
        self.up = False
        for listener in self.listeners:
            listener.on_down(self, reason, time.monotonic() - self._heard)

    # --- one connection ------------------------------------------------------------------------

    def _connect(self, token: Token, *, renewed: bool) -> Failure:
        """Connect, and listen until the connection ends; how it ended."""
        with self.lock:
            lost = self.session.reset(token.value)
        self._tell(lost)
        try:
            with connect(
                self._url,
                ping_interval=None,  # the server has its own PING, in JSON; observed 2026: none of RFC 6455
                max_size=MAX_FRAME,
                close_timeout=1,
                user_agent_header=f"kiwoomdata/{__version__}",
                proxy=None if is_loopback(urlsplit(self._url).hostname or "") else True,
                create_connection=_connection_type(self),
                logger=_wire,
            ) as connection:
                self._connection = connection
                try:
                    self._listen(connection)
                except ConnectionClosed:
                    self._read_rest(connection)
                    raise
                finally:
                    self._connection = None
        except Exception as error:
            return self.session.failure(_bare(error), renewed=renewed)
        return self.session.failure(renewed=renewed)

    def _listen(self, connection: ClientConnection) -> None:
        """Until the server says that it ends the session, or an error."""
        self._heard, frames = time.monotonic(), self._frames
        while not self._stopping.is_set():
            silent = self._send_due(connection)
            if any(event.trnm in ("LOGIN", "REG", "REMOVE") for event in silent):
                raise TimeoutError(silent[0].message)
            wait = self.session.wait(time.monotonic())
            try:
                frame = connection.recv(_TICK if wait is None else min(wait, _TICK), decode=False)
            except TimeoutError:
                frame = None
            if self._frames != frames or self.held():
                self._heard, frames = time.monotonic(), self._frames
            elif time.monotonic() - self._heard > self.idle:
                raise TimeoutError(f"nothing was heard for {self.idle:g} s")
            if frame is not None and self._receive(frame):
                return

    def _read_rest(self, connection: ClientConnection) -> None:
        """What came before the end may tell the reason, though sending failed before it was read."""
        with suppress(ConnectionClosed):
            while not self._receive(connection.recv(0, decode=False)):
                pass

    def _send_due(self, connection: ClientConnection) -> list[Silence]:
        now = time.monotonic()
        with self.lock:
            for text in self.session.due(now):
                connection.send(text)
            silent = [event for event in self.session.overdue(now, ANSWER) if isinstance(event, Silence)]
        self._tell(silent)
        return silent

    def _receive(self, frame: bytes) -> bool:
        """Act on a frame; True where the server says that it ends the session."""
        with self.lock:
            events = self.session.receive(frame)
            settled = not self.up and self.session.settled
        self._tell(events)
        if settled:
            self.up, self.clearing, self._ups = True, False, self._ups + 1
            self.reconnects = self._ups - 1
            for listener in self.listeners:
                listener.on_up(self)
        return any(isinstance(event, LoginDenied) or _ends(event) for event in events)

    def _tell(self, events: Iterable[Event]) -> None:
        for event in events:
            if isinstance(event, Real) and self.take is not None:
                self._tell_conditions(event)  # the others have been taken as they arrived
            else:
                self.tell(event)

    def _tell_conditions(self, event: Real) -> None:
        if said := [one for one in event.items if one[0] == CONDITION_EVENT.type]:
            self.tell(Real(said))

    def tell(self, event: Event) -> None:
        for listener in self.listeners:
            listener.on_event(event)

    def heard(self, data: bytes) -> bool:
        """A message as it arrives, in the thread that reads the socket; True where it was taken.

        Live values are taken in the order of arrival, however they are written. Events of conditions go
        the longer way as well, behind the answers to searches that came before them.
        """
        self._frames += 1
        take = self.take
        if take is None or not (is_real(data) or trnm_of(data) == "REAL"):
            return self._stopping.is_set()  # what nobody will read must not stand in the goodbye's way
        take(data)
        return not (self.searched and _CONDITION in data) or self._stopping.is_set()


_DATA = (Opcode.TEXT, Opcode.BINARY, Opcode.CONT)


def _bare(error: Exception) -> Exception:
    """The error without the frames on its way, which hold the token, and without a proxy's password."""
    error.__context__ = error.__cause__ = None
    if isinstance(error, InvalidProxy):
        error.proxy = "***"
    return error.with_traceback(None)


def _ends(event: Event) -> bool:
    return isinstance(event, System) and event.code in ENDING


def _connection_type(link: Link) -> type[ClientConnection]:
    """A connection that hands live values over as they are read.

    ``recv`` passes each message through a queue to another thread, which takes a quarter of the time of
    receiving one (measured 2026-11-20: 5.1 against 3.9 microseconds with all that follows).
    """

    class Joining(ClientConnection):
        _parts: tuple[bytes, ...] = ()

        def process_event(self, event: object) -> None:
            if not isinstance(event, Frame) or event.opcode not in _DATA:
                super().process_event(event)  # type: ignore[arg-type]
                return
            data = bytes(event.data)
            if self._parts or not event.fin:
                self._parts += (data,)
                if not event.fin:
                    return
                data, self._parts = b"".join(self._parts), ()
            if link._connection in (self, None) and not link.heard(data):
                super().process_event(Frame(Opcode.TEXT, data))

    return Joining


# --- one link for each key --------------------------------------------------------------------

_links: dict[tuple[str, str], Link] = {}
_links_lock = threading.Lock()


def _forget_the_parents() -> None:
    """The parent's connections are not the child's, and somebody may have held the lock."""
    global _links_lock
    _links_lock = threading.Lock()
    _links.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_the_parents)


def link_key(client: Client) -> tuple[str, str]:
    """What the server keeps one session of: its address and the key, told by a digest."""
    if client.ws_url is None:
        raise errors.ConfigError(
            "ws_url: this client has no address for live data; give it ws_url=, or KIWOOM_WS_URL"
        )
    return client.ws_url, client.transport._credentials.digest


def attach(client: Client, listener: Listener, take: Take | None = None) -> Link:
    """The link of a client's key, made if there is none yet, with one listener more.

    ``take`` is given all live values, so there is one for each key.
    """
    key = link_key(client)
    with _links_lock:
        link = _links.get(key)
        if link is None or not link.running:
            link = _links[key] = Link(key[0], client.transport.tokens)
        elif take is not None and link.take is not None:
            raise errors.StreamError(
                "a live stream with this key is open in this process, and the server keeps one session for "
                "each key; add to it with live.subscribe(...), or end it with live.stop() first"
            )
        link.listeners += (listener,)
        link.searched = link.searched or listener.follows_conditions
        link.take = take or link.take
        return link


def detach(link: Link, listener: Listener, take: Take | None = None, *, wait: bool = True) -> None:
    """Take a listener off. A link without any ends; what was registered for ``take`` is dropped."""
    with _links_lock:
        link.listeners = tuple(one for one in link.listeners if one is not listener)
        link.searched = any(one.follows_conditions for one in link.listeners)
        last = not link.listeners
        if last:
            _forget(link)
        emptied = take is not None and link.take == take
        if emptied:
            link.take = None
    if last:
        link.stop(wait=wait)
    elif emptied:
        link.ask(_drop_all)


def _drop_all(session: Session) -> None:
    for group, item, type_ in session.wanted:
        session.unsubscribe([item], [type_], group)


def _forget(link: Link) -> None:
    """Let the next who asks have a new link. With the lock held."""
    for key in [key for key, one in _links.items() if one is link]:
        del _links[key]
