"""HTTP connections whose sockets can be shut from outside, under requests and urllib3.

A read that waits for a server can only be ended by shutting its socket: urllib3's timeouts start
anew with every byte, so that a server that drips could hold an exchange for as long as it likes.
"""

from __future__ import annotations

import socket
import threading
from contextlib import suppress
from contextvars import ContextVar
from typing import Any

import urllib3
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection

__all__ = ["Adapter", "Line", "current_line"]


class Line:
    """One exchange's hold on its sockets, so that another thread can end it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._held: list[socket.socket] = []
        self._over = False
        self.ended: Exception | None = None

    def hold(self, fileno: int) -> None:
        # A second descriptor of the same connection: the first one changes owners when TLS begins, and
        # closes when the server announces that it will close. Shutting either shuts the connection.
        with self._lock:
            self._held.append(socket.fromfd(fileno, socket.AF_INET, socket.SOCK_STREAM))
            if self.ended is not None:
                self._shut()

    def end(self, why: Exception) -> None:
        with self._lock:
            if not self._over and self.ended is None:
                self.ended = why
                self._shut()

    def _shut(self) -> None:
        for held in self._held:
            with suppress(OSError):
                held.shutdown(socket.SHUT_RDWR)

    def release(self) -> None:
        with self._lock:
            self._over = True
            while self._held:
                self._held.pop().close()


current_line: ContextVar[Line | None] = ContextVar("current_line", default=None)


class _Held(HTTPConnection):
    """A connection whose socket the running exchange's line holds, from before any handshake."""

    def _new_conn(self) -> socket.socket:
        sock = super()._new_conn()
        if line := current_line.get():
            line.hold(sock.fileno())
        return sock

    def request(self, *args: Any, **named: Any) -> None:
        line = current_line.get()
        if self.sock is not None and line is not None:
            line.hold(self.sock.fileno())
        super().request(*args, **named)


class _HeldTLS(_Held, HTTPSConnection):
    pass


class _Plain(urllib3.HTTPConnectionPool):
    ConnectionCls = _Held


class _Encrypted(urllib3.HTTPSConnectionPool):
    ConnectionCls = _HeldTLS


class Adapter(HTTPAdapter):
    def init_poolmanager(self, *args: Any, **named: Any) -> None:
        super().init_poolmanager(*args, **named)
        _hold(self.poolmanager)

    def proxy_manager_for(self, *args: Any, **named: Any) -> Any:
        manager = super().proxy_manager_for(*args, **named)
        if isinstance(manager, urllib3.ProxyManager):  # one for SOCKS makes connections of its own
            _hold(manager)
        return manager


def _hold(manager: urllib3.PoolManager) -> None:
    manager.pool_classes_by_scheme = {"http": _Plain, "https": _Encrypted}
