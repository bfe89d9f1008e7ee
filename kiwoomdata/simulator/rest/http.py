"""The simulator's REST side as a real HTTP server: sockets and threads, and nothing of the protocol."""

from __future__ import annotations

import json
import logging
import socket
import socketserver
import struct
import sys
import threading
from collections.abc import Mapping
from contextlib import suppress
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, cast

from kiwoomdata.simulator.rest.faults import Response
from kiwoomdata.simulator.rest.service import HttpRequest, Service

__all__ = ["PATIENCE", "Http"]

_log = logging.getLogger(__name__)

PATIENCE = 5.0
"""Seconds to wait for a thread at the end."""
_LARGEST_BODY = 1_000_000
_LINGER = "hh" if sys.platform == "win32" else "ii"


class _HungUp(ConnectionError):
    """This side has ended the connection on purpose."""


class Http(ThreadingHTTPServer):
    """Threads that are daemons, so that a forgotten server does not hold the interpreter, and yet are
    joined at the end, with their sockets closed."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, address: tuple[str, int], service: Service, latency: float) -> None:
        self.address_family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
        self.service, self.latency = service, latency
        self._ending = threading.Event()
        self._open: dict[threading.Thread, socket.socket] = {}
        self._open_lock = threading.Lock()
        super().__init__(address, _Handler)

    def server_bind(self) -> None:
        socketserver.TCPServer.server_bind(self)  # the parent's asks the name service for the host's name
        self.server_name, self.server_port = str(self.server_address[0]), int(self.server_address[1])

    def process_request(self, request: Any, client_address: Any) -> None:
        thread = threading.Thread(
            target=self._serve, args=(request, client_address), name="simulator connection", daemon=True
        )
        with self._open_lock:
            self._open[thread] = request
        thread.start()

    def _serve(self, request: socket.socket, client_address: Any) -> None:
        try:
            self.process_request_thread(request, client_address)
        finally:
            with self._open_lock:
                del self._open[threading.current_thread()]

    def handle_error(self, request: Any, client_address: Any) -> None:
        if not isinstance(sys.exc_info()[1], OSError):  # a client that went away, or was hung up on
            _log.exception("the simulator failed at a request from %s", client_address)

    def pause(self, seconds: float) -> None:
        if seconds and self._ending.wait(seconds):
            raise _HungUp

    def end(self) -> None:
        self._ending.set()
        self.shutdown()
        self.server_close()
        with self._open_lock:
            left = dict(self._open)
        for connection in left.values():
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        for thread in left:
            thread.join(PATIENCE)


class _Handler(BaseHTTPRequestHandler):
    """One connection. Answers are sent in one piece, without Nagle's delay: 44 ms each otherwise."""

    protocol_version = "HTTP/1.1"
    wbufsize = -1
    disable_nagle_algorithm = True

    def do_POST(self) -> None:
        http = cast(Http, self.server)
        length = self.headers.get("content-length", "0")
        if not length.isdecimal() or int(length) > _LARGEST_BODY or "transfer-encoding" in self.headers:
            self.close_connection = True
            self.send_error(HTTPStatus.LENGTH_REQUIRED)
            return
        content = self.rfile.read(int(length))
        path = self.path.partition("?")[0]
        headers = {name.lower(): value for name, value in self.headers.items()}
        self._send(http.service.answer(HttpRequest(path, headers, content, self.command)))

    do_GET = do_PUT = do_DELETE = do_PATCH = do_HEAD = do_POST

    def _send(self, answer: Response) -> None:
        http = cast(Http, self.server)
        http.pause(answer.wait + http.latency)
        body = answer.body if isinstance(answer.body, bytes) else _json(answer.body)
        head = self._head(answer, len(body))
        if self.command == "HEAD":
            body = b""
        if answer.delivery == "drop":
            raise _HungUp
        if answer.delivery in ("reset", "half_body"):
            self._write(head + body[: len(body) // 2])
            if answer.delivery == "reset":
                self._reset()
            raise _HungUp
        if answer.delivery == "drip":
            for byte in head + body:
                self._write(bytes((byte,)))
                http.pause(answer.pace)
            return
        self._write(head + body)

    def _head(self, answer: Response, length: int) -> bytes:
        headers = {
            "content-type": answer.content_type,
            "content-length": str(length),
            **({"api-id": answer.api_id} if answer.api_id else {}),
            "cont-yn": "Y" if answer.more else "N",
            "next-key": answer.next_key,
            **answer.headers,
            **({"connection": "close"} if self.close_connection else {}),
        }
        lines = [f"{self.protocol_version} {answer.status} {HTTPStatus(answer.status).phrase}"]
        for name, value in headers.items():
            lines.append(f"{name.title() if answer.capitals else name}: {value}")
        return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1", "replace")

    def _write(self, data: bytes) -> None:
        self.wfile.write(data)
        self.wfile.flush()

    def _reset(self) -> None:
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack(_LINGER, 1, 0))
        self.wfile.close()
        self.rfile.close()
        self.connection.close()

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing: the server's log is kept by the service."""


def _json(body: Mapping[str, Any]) -> bytes:
    return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()
