"""What waits to be sent on one connection, and the thread that sends it."""

from __future__ import annotations

import socket
import struct
import sys
import threading
from collections import deque
from collections.abc import Iterable
from contextlib import suppress

from websockets.exceptions import ConnectionClosed
from websockets.sync.server import ServerConnection

from kiwoomdata.simulator.live.frames import Close, Cut, Outgoing, Pieces

__all__ = ["FULL", "Outbox"]

FULL = 2_000
"""How many frames wait for a client that does not keep up, before the day waits for it."""
_LINGER = "hh" if sys.platform == "win32" else "ii"


class Outbox:
    """Sends in the order in which it is given; who gives waits only if it asks for room."""

    def __init__(self, connection: ServerConnection) -> None:
        self._connection = connection
        self._changed = threading.Condition()
        self._waiting: deque[Outgoing] = deque()
        self._sending = self._last_words = self._ended = False
        self._thread = threading.Thread(target=self._run, name="simulator live outbox", daemon=True)
        self._thread.start()

    @property
    def idle(self) -> bool:
        return self._ended or not (self._waiting or self._sending)

    def put(self, sent: Iterable[Outgoing], *, at_once: bool = False) -> None:
        """Send these after what waits, or ``at_once`` in its place."""
        with self._changed:
            if self._last_words or self._ended:
                return
            if at_once:
                self._waiting.clear()
            self._waiting.extend(sent)
            self._last_words = any(isinstance(one, Close | Cut) for one in sent)
            self._changed.notify_all()

    def wait_for_room(self) -> None:
        with self._changed:
            while len(self._waiting) >= FULL and not (self._last_words or self._ended):
                self._changed.wait()

    def end(self, patience: float) -> None:
        """Let what waits be sent, then end; after so many seconds in any case."""
        with self._changed:
            self._ended = True
            self._changed.notify_all()
        self._thread.join(max(0.0, patience))
        if self._thread.is_alive():  # the client does not read
            with suppress(OSError):
                self._connection.socket.shutdown(socket.SHUT_RDWR)
            self._thread.join()

    def _run(self) -> None:
        with suppress(ConnectionClosed, OSError):
            while batch := self._next():
                for one in batch:
                    self._send(one)
        with self._changed:
            self._ended, self._sending = True, False
            self._waiting.clear()
            self._changed.notify_all()

    def _next(self) -> deque[Outgoing]:
        """All that waits; nothing at the end."""
        with self._changed:
            self._sending = False
            while not (self._waiting or self._ended):
                self._changed.wait()
            batch, self._waiting = self._waiting, deque()
            self._sending = bool(batch)
            self._changed.notify_all()
            return batch

    def _send(self, one: Outgoing) -> None:
        if isinstance(one, bytes):
            self._connection.send(one, text=True)
        elif isinstance(one, Pieces):
            self._connection.send(one.parts, text=True)
        elif isinstance(one, Close):
            self._connection.close(one.code, one.reason)
        elif one is Cut.ABORT:
            self._abort()

    def _abort(self) -> None:
        """Reset the connection. The last reference to a socket has to go for that: a thread may hold one."""
        ours = self._connection.socket
        with suppress(OSError):
            left = ours.dup()
            ours.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack(_LINGER, 1, 0))
            ours.close()
            left.shutdown(socket.SHUT_RD)
            left.close()
        self._connection.close_socket()
