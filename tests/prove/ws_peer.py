"""A WebSocket server of raw bytes: the handshake, frames, and whatever else somebody wants to send."""

from __future__ import annotations

import base64
import hashlib
import json
import socket
import struct
import threading
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import Any

__all__ = ["Connection", "WsPeer", "frame"]

_MAGIC = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
TEXT, BINARY, CLOSE, PING, PONG = 1, 2, 8, 9, 10


def frame(
    payload: bytes, opcode: int = TEXT, *, fin: bool = True, rsv: int = 0, masked: bool = False
) -> bytes:
    """One frame, also such as a server must not send."""
    size = len(payload)
    first = (0x80 if fin else 0) | rsv << 4 | opcode
    flag = 0x80 if masked else 0
    if size < 126:
        head = struct.pack("!BB", first, flag | size)
    elif size < 65536:
        head = struct.pack("!BBH", first, flag | 126, size)
    else:
        head = struct.pack("!BBQ", first, flag | 127, size)
    return head + (b"\x00" * 4 if masked else b"") + payload


class Connection:
    """One client; ``asked`` are its messages."""

    def __init__(self, sock: socket.socket) -> None:
        self.sock = sock
        self.asked: list[dict[str, Any]] = []
        self.pongs = 0

    def send(self, data: bytes) -> None:
        with suppress(OSError):
            self.sock.sendall(data)

    def say(self, **body: Any) -> None:
        self.send(frame(json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()))

    def drop(self, how: str) -> None:
        """End it: ``reset``, ``close`` (of TCP), or a close frame with a code."""
        with suppress(OSError):
            if how == "reset":
                self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                self.sock.shutdown(socket.SHUT_RD)  # wakes the thread that reads, which lets go of it
            elif how == "close":
                self.sock.shutdown(socket.SHUT_RDWR)
            else:
                self.sock.sendall(frame(struct.pack("!H", int(how)) + b"Bye", CLOSE))


class WsPeer:
    """Accepts clients; ``answer`` says what each of their messages gets."""

    def __init__(self, answer: Callable[[Connection, dict[str, Any]], Iterable[bytes]]) -> None:
        self.answer = answer
        self.changed = threading.Condition()
        self.connections: list[Connection] = []
        self.over = False
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=16)
        self.url = f"ws://127.0.0.1:{self._listener.getsockname()[1]}"
        self._accepting = threading.Thread(target=self._accept, daemon=True)
        self._accepting.start()

    def close(self) -> None:
        self.over = True
        with suppress(OSError):
            socket.create_connection(self._listener.getsockname(), 1).close()
        self._accepting.join(5)
        self._listener.close()
        for connection in self.connections:
            connection.drop("close")

    def until(self, check: Callable[[], Any], seconds: float = 15.0) -> bool:
        """Wait until it holds; it is tried whenever something came."""
        with self.changed:
            return bool(self.changed.wait_for(check, seconds))

    def _accept(self) -> None:
        while not self.over:
            with suppress(OSError):
                sock, _ = self._listener.accept()
                sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                threading.Thread(target=self._serve, args=(sock,), daemon=True).start()

    def _serve(self, sock: socket.socket) -> None:
        with sock, suppress(OSError, struct.error, ValueError), sock.makefile("rb") as data:
            key = b""
            while line := data.readline().strip():
                name, _, value = line.partition(b":")
                key = value.strip() if name.lower() == b"sec-websocket-key" else key
            if not key:
                return
            accept = base64.b64encode(hashlib.sha1(key + _MAGIC).digest())
            sock.sendall(
                b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                b"Sec-WebSocket-Accept: " + accept + b"\r\n\r\n"
            )
            connection = Connection(sock)
            with self.changed:
                self.connections.append(connection)
                self.changed.notify_all()
            while True:
                opcode, payload = self._read(data)
                if opcode == CLOSE:
                    sock.sendall(frame(payload[:2], CLOSE))
                    return
                with self.changed:
                    connection.pongs += opcode == PONG
                    message = json.loads(payload) if opcode == TEXT else None
                    replies = list(self.answer(connection, message)) if message is not None else []
                    if message is not None:
                        connection.asked.append(message)
                for reply in replies:
                    sock.sendall(reply)
                with self.changed:
                    self.changed.notify_all()

    def _read(self, data: Any) -> tuple[int, bytes]:
        first, second = struct.unpack("!BB", data.read(2))
        size = second & 0x7F
        if size == 126:
            (size,) = struct.unpack("!H", data.read(2))
        elif size == 127:
            (size,) = struct.unpack("!Q", data.read(8))
        mask = data.read(4)
        payload = data.read(size)
        return first & 0x0F, bytes(byte ^ mask[n % 4] for n, byte in enumerate(payload))
