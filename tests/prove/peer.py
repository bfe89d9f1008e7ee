"""An HTTP server of raw bytes. Whoever answers says which bytes go out, in which pieces, and how it ends."""

from __future__ import annotations

import json
import socket
import struct
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

__all__ = ["Answer", "Asked", "Peer", "Step"]

Step: TypeAlias = bytes | Literal["close", "reset", "hang", "drip"]
"""Bytes to send; an end of the connection; silence until the client hangs up; the next bytes one by one."""
_DRIP = 0.02


@dataclass(frozen=True)
class Asked:
    """One request as it came."""

    path: str
    headers: dict[str, str]
    body: dict[str, Any]


Answer: TypeAlias = Callable[[Asked], Sequence[Step]]


class Peer:
    """Listens on this machine; ``answer`` is asked for each request, ``connections`` counts who came."""

    def __init__(self, answer: Answer) -> None:
        self.answer = answer
        self.connections = 0
        self.over = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self._accepting = threading.Thread(target=self._accept, daemon=True)
        self._accepting.start()

    def close(self) -> None:
        self.over.set()
        with suppress(OSError):
            socket.create_connection(self._listener.getsockname(), 1).close()
        self._accepting.join(5)
        self._listener.close()

    def _accept(self) -> None:
        while not self.over.is_set():
            with suppress(OSError):
                peer, _ = self._listener.accept()
                peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                self.connections += 1
                threading.Thread(target=self._serve, args=(peer,), daemon=True).start()

    def _serve(self, peer: socket.socket) -> None:
        with peer, suppress(OSError), peer.makefile("rb") as lines:
            while not self.over.is_set():
                first, headers = lines.readline(), dict[str, str]()
                while line := lines.readline().strip():
                    name, _, value = line.decode("latin-1").partition(":")
                    headers[name.lower()] = value.strip()
                body = lines.read(int(headers.get("content-length", 0)))
                if not first or not body:
                    return
                asked = Asked(first.split()[1].decode(), headers, json.loads(body))
                if not self._send(peer, self.answer(asked)):
                    return

    def _send(self, peer: socket.socket, steps: Sequence[Step]) -> bool:
        """Send an answer; whether the connection goes on."""
        drips = False
        for step in steps:
            if step == "drip":
                drips = True
            elif step == "close":
                return False
            elif step == "reset":
                peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                return False
            elif step == "hang":
                peer.recv(1)  # until the client hangs up
                return False
            elif drips:
                for byte in step:
                    peer.sendall(bytes([byte]))
                    if self.over.wait(_DRIP):
                        return False
            else:
                peer.sendall(step)
        return True
