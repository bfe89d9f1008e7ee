"""A loopback server that serves whole envelopes word for word: status, headers, bytes."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from kiwoomdata.entries import ENDPOINTS

TOKEN = {
    "expires_dt": "20991231235959",
    "token_type": "bearer",
    "token": "envelope-token",
    "return_code": 0,
    "return_msg": "정상적으로 처리되었습니다",
}


def row(api_id: str, **cells: Any) -> dict[str, Any]:
    """One row of a TR's list with every key of the catalogue, blank where nothing else is said."""
    part = ENDPOINTS[api_id].rows or ENDPOINTS[api_id].parts[0]
    return {**dict.fromkeys(part.by_key, ""), **cells}


@dataclass
class Answer:
    """One envelope as it goes over the wire."""

    body: Any
    headers: dict[str, str] = field(default_factory=lambda: {"cont-yn": "N", "next-key": ""})
    status: int = 200

    @property
    def content(self) -> bytes:
        if isinstance(self.body, bytes):
            return self.body
        return json.dumps(self.body, ensure_ascii=False).encode()


@dataclass
class Asked:
    path: str
    headers: dict[str, str]
    body: dict[str, str]


class Envelopes:
    """Answers each TR request by ``answer(number, asked)``, where number counts from 0."""

    app_key, app_secret = "envelope-key", "envelope-secret"
    ws_url = None

    def __init__(self, answer: Callable[[int, Asked], Answer], token: Callable[[int], Answer] | None = None):
        self.asked: list[Asked] = []
        self.answer = answer
        self.heads: list[dict[str, str]] = []
        self.tokens = 0
        self.answer = answer
        self.date: str | None = None
        envelopes = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            wbufsize = -1
            disable_nagle_algorithm = True

            def do_POST(self) -> None:
                size = int(self.headers.get("content-length", 0))
                body = json.loads(self.rfile.read(size) or b"{}")
                asked = Asked(self.path, {k.lower(): v for k, v in self.headers.items()}, body)
                if self.path.startswith("/oauth2/"):
                    envelopes.tokens += 1
                    answered = token(envelopes.tokens) if token else Answer(TOKEN)
                else:
                    envelopes.asked.append(asked)
                    answered = envelopes.answer(len(envelopes.asked) - 1, asked)
                self.send_response(answered.status)
                for name, value in answered.headers.items():
                    self.send_header(name, value)
                self.send_header("content-type", "application/json;charset=UTF-8")
                self.send_header("content-length", str(len(answered.content)))
                self.end_headers()
                self.wfile.write(answered.content)

            def do_HEAD(self) -> None:
                envelopes.heads.append({k.lower(): v for k, v in self.headers.items()})
                self.send_response(501)
                self.end_headers()

            def date_time_string(self, timestamp: float | None = None) -> str:
                return envelopes.date if envelopes.date is not None else super().date_time_string(timestamp)

            def log_message(self, *args: object) -> None:
                pass

        self._http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._http.daemon_threads = True
        self.base_url = f"http://127.0.0.1:{self._http.server_address[1]}"
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.01,))

    def now(self) -> Any:
        from datetime import datetime

        from kiwoomdata.kinds import KST

        return datetime(2026, 11, 20, 18, 30, tzinfo=KST)

    def __enter__(self) -> Envelopes:
        self._thread.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._http.shutdown()
        self._thread.join()
        self._http.server_close()


@contextmanager
def serving(*answers: Answer, **more: Any) -> Iterator[Envelopes]:
    """Serve these answers in turn; the last one again and again."""
    with Envelopes(lambda number, asked: answers[min(number, len(answers) - 1)], **more) as running:
        yield running
