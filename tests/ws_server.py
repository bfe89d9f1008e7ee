"""A live server for tests: true to the protocol, and scripted where it has to fail.

It issues tokens over HTTP, answers LOGIN, REG, REMOVE and the condition requests, sends what a test
pushes, and ends connections in all the ways that were seen.
"""

from __future__ import annotations

import json
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from websockets.exceptions import ConnectionClosed
from websockets.sync.server import ServerConnection, serve

PATH = "/api/dostk/websocket"
Key = tuple[str, str]  # item, type


def say(**body: Any) -> str:
    return json.dumps(body, ensure_ascii=False, separators=(",", ":"))


def left_over() -> list[str]:
    """The library's threads that run, but for the one that watches all exchanges of the process."""
    names = [thread.name for thread in threading.enumerate()]
    return [name for name in names if name.startswith("kiwoomdata") and name != "kiwoomdata-watchdog"]


def real(*entries: tuple[str, str, Mapping[str, str]]) -> str:
    return say(
        trnm="REAL", data=[{"type": t, "name": "이름", "item": i, "values": dict(v)} for t, i, v in entries]
    )


class WsServer:
    """``ws_url`` and ``base_url`` are where it is; ``received`` what it was sent, by connection."""

    def __init__(self, **options: Any) -> None:
        self.logins: list[tuple[int, str]] = []
        """Answers to the next logins, (code, words); then all are let in."""
        self.on_open: list[Callable[[ServerConnection], None]] = []
        """What to do with the next connections, instead of answering them."""
        self.answers: dict[str, Callable[[dict[str, Any]], Iterable[str]]] = {}
        """By trnm, how to answer instead of granting."""
        self.received: list[list[dict[str, Any]]] = []
        self.echoes: list[str] = []
        self.tokens = 0
        self.refuse_tokens = False
        self.maintenance = False
        """Whether a page is served in place of a token."""
        self.book: Counter[Key] = Counter()
        self.changed = threading.Condition()
        self._sockets: list[ServerConnection] = []
        self._server = serve(self._handle, "127.0.0.1", 0, ping_interval=None, close_timeout=0.2, **options)
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), self._token_handler())
        self._threads = [
            threading.Thread(target=self._server.serve_forever),
            threading.Thread(target=self._http.serve_forever, args=(0.01,)),
        ]
        self.app_key, self.app_secret = "test-key", "test-secret"

    @property
    def ws_url(self) -> str:
        return f"ws://127.0.0.1:{self._server.socket.getsockname()[1]}"

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self._http.server_address[1]}"

    def __enter__(self) -> WsServer:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._server.shutdown()
        self._http.shutdown()
        self._http.server_close()
        for socket in self._sockets:
            _abort(socket)
        for thread in self._threads:
            thread.join(10)

    # --- what a test does ------------------------------------------------------------------------

    def until(self, check: Callable[[], Any], seconds: float = 10.0) -> None:
        """Wait until ``check`` holds; it is tried whenever something arrived."""
        with self.changed:
            assert self.changed.wait_for(check, seconds), "the server waited in vain"

    def until_registered(self, *keys: Key) -> None:
        self.until(lambda: all(self.book[key] for key in keys))

    def push(self, *texts: str | list[str]) -> None:
        """Send messages; a list is one message in several fragments."""
        for text in texts:
            self._sockets[-1].send(text)

    def drop(self) -> None:
        """Cut the connection without a goodbye."""
        _abort(self._sockets[-1])

    def close(self, code: int = 1000, reason: str = "Bye") -> None:
        self._sockets[-1].close(code, reason)

    def kick(self) -> None:
        self.push(say(trnm="SYSTEM", code="R10001", message="기존 세션은 종료가 됩니다"))
        self.close()

    @property
    def connections(self) -> int:
        return len(self.received)

    def requests(self, trnm: str) -> list[dict[str, Any]]:
        return [message for sent in self.received for message in sent if message["trnm"] == trnm]

    # --- what it does ----------------------------------------------------------------------------

    def _handle(self, socket: ServerConnection) -> None:
        with self.changed:
            self.book.clear()
            self._sockets.append(socket)
            self.received.append([])
            mine = self.received[-1]
            act = self.on_open.pop(0) if self.on_open else None
            self.changed.notify_all()
        if act is not None:
            act(socket)
            return
        with suppress(ConnectionClosed):
            for text in socket:
                message = json.loads(text)
                if message["trnm"] == "PING":
                    self.echoes.append(str(text))
                else:
                    mine.append(message)
                    for answer in self._answer(message):
                        socket.send(answer)
                with self.changed:
                    self.changed.notify_all()

    def _answer(self, message: dict[str, Any]) -> Iterable[str]:
        trnm = message["trnm"]
        if trnm in self.answers:
            return self.answers[trnm](message)
        if trnm == "LOGIN":
            code, words = self.logins.pop(0) if self.logins else (0, "")
            return [say(trnm=trnm, return_code=code, return_msg=words, sor_yn="Y")]
        return self.grant(message)

    def grant(self, message: dict[str, Any]) -> list[str]:
        trnm = message["trnm"]
        if trnm in ("REG", "REMOVE"):
            for part in message["data"]:
                for item in part["item"]:
                    for type_ in part["type"]:
                        self.book[item, type_] = 1 if trnm == "REG" else 0
        return [say(trnm=trnm, return_code=0, return_msg="")]

    def _token_handler(self) -> type[BaseHTTPRequestHandler]:
        server = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                self.rfile.read(int(self.headers["content-length"]))
                server.tokens += 1
                refusal = say(return_code=3, return_msg="인증에 실패했습니다[8001:App Key]").encode()
                answer = say(
                    token=f"token-{server.tokens}-not-a-real-one",
                    token_type="bearer",
                    expires_dt="20991231235959",
                    return_code=0,
                    return_msg="",
                ).encode()
                body = refusal if server.refuse_tokens else answer
                if server.maintenance:
                    body = "<html>서비스 점검 중입니다</html>".encode()
                kind = "text/html" if server.maintenance else "application/json;charset=UTF-8"
                self.send_response(200)
                self.send_header("content-type", kind)
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: Any) -> None:
                pass

        return Handler


def _abort(socket: ServerConnection) -> None:
    with suppress(OSError):
        socket.socket.shutdown(2)
