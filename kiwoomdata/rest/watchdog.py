"""Ends HTTP exchanges from outside: those that are late, by one thread, and those that are stopped.

A read that waits for a server can only be ended by shutting its socket. urllib3's own timeouts start anew
with every byte, so that a server that drips its headers or its body could hold an exchange for ever. What
has an end of its own is left to it: the TCP and the TLS handshake, which take the connect timeout at most.
"""

from __future__ import annotations

import math
import os
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from typing import Any

import requests
from requests.adapters import HTTPAdapter

__all__ = ["WATCHDOG", "Adapter"]


class _Exchange:
    """One request under way, and the socket that it goes over."""

    def __init__(self, owner: object, seconds: float) -> None:
        self.owner = owner
        self.deadline = time.monotonic() + seconds
        self.seconds = seconds
        self.ended: Exception | None = None
        self._lock = threading.Lock()
        self._over = False
        self._connection: Any = None
        self._sock: Any = None

    def hold(self, connection: Any) -> None:
        with self._lock:
            # The socket too: a connection lets go of it when the server says that it will close.
            self._connection, self._sock = connection, connection.sock
            if self.ended is not None:
                self._shut()

    def end(self, why: Exception) -> None:
        with self._lock:
            if not self._over and self.ended is None:
                self.ended = why
                self._shut()

    def _shut(self) -> None:
        for sock in (self._sock, self._connection and self._connection.sock):
            if sock is not None:
                sock = getattr(sock, "socket", sock)  # of a TLS connection within another, to a proxy
                with suppress(OSError):
                    socket.socket.shutdown(sock, socket.SHUT_RDWR)  # and leave the state of TLS alone

    def release(self) -> None:
        with self._lock:
            self._over = True
            self._connection = self._sock = None


_running: ContextVar[_Exchange | None] = ContextVar("_running", default=None)


class _Watched:
    """Mixed into a pool's connections: shows the running exchange the socket that it goes over."""

    def connect(self) -> None:
        self._show()  # a proxy may drip before there is a connection
        super().connect()  # type: ignore[misc]
        self._show()

    def request(self, *args: Any, **named: Any) -> None:
        self._show()
        super().request(*args, **named)  # type: ignore[misc]

    def _show(self) -> None:
        if exchange := _running.get():
            exchange.hold(self)


class Adapter(HTTPAdapter):
    def get_connection_with_tls_context(self, *args: Any, **named: Any) -> Any:
        pool: Any = super().get_connection_with_tls_context(*args, **named)
        plain = pool.ConnectionCls
        if not issubclass(plain, _Watched):
            pool.ConnectionCls = type(plain.__name__, (_Watched, plain), {})
        return pool


class Watchdog:
    """One thread that ends the exchanges which are late. It ends itself when there was nothing to watch."""

    def __init__(self) -> None:
        self.begin()

    def begin(self) -> None:
        """Start without a thread and a lock: at first, and in a forked child."""
        self._wake = threading.Condition()
        self._watched: set[_Exchange] = set()
        self._looks_at = -math.inf
        """When the thread looks next; never, while there is none."""

    @contextmanager
    def watch(self, owner: object, seconds: float) -> Iterator[None]:
        """End what is done inside after so many seconds, or on :meth:`end`, with the reason for it."""
        exchange = _Exchange(owner, seconds)
        with self._wake:
            if self._looks_at == -math.inf:
                threading.Thread(target=self._look, name="kiwoomdata-watchdog", daemon=True).start()
                self._looks_at = exchange.deadline
            self._watched.add(exchange)
            if exchange.deadline < self._looks_at:
                self._wake.notify()
        mark = _running.set(exchange)
        try:
            yield
        except Exception:
            if exchange.ended is None:
                raise
        finally:
            _running.reset(mark)
            exchange.release()
            with self._wake:
                self._watched.discard(exchange)
        if exchange.ended is not None:
            raise exchange.ended

    def end(self, owner: object, why: Exception) -> None:
        with self._wake:
            ours = [exchange for exchange in self._watched if exchange.owner is owner]
        for exchange in ours:
            exchange.end(why)

    def _look(self) -> None:
        with self._wake:
            while self._watched:
                now = time.monotonic()
                for exchange in [each for each in self._watched if each.deadline <= now]:
                    self._watched.discard(exchange)
                    exchange.end(requests.Timeout(f"the answer took more than {exchange.seconds:g} s"))
                self._looks_at = min((each.deadline for each in self._watched), default=math.inf)
                if self._watched:
                    self._wake.wait(self._looks_at - now)
            self._looks_at = -math.inf


WATCHDOG = Watchdog()

if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=WATCHDOG.begin)
