"""A plain client of the simulator's live side, and the market that it hears."""

from __future__ import annotations

import json
import threading
import time as clock_time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date, time
from typing import Any

from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from kiwoomdata.simulator import Market, Server
from kiwoomdata.simulator.live.feeds import Feeds
from tests.conftest import TODAY
from tests.talk import Talk

HISTORY = date(2026, 9, 1)  # a short one: stocks are drawn quickly
MARKET = Market(1, today=TODAY, now=time(18, 30), first_day=HISTORY)
FEEDS_OF_A_DAY = Feeds(MARKET, krx_only=False)
END = '{"trnm":"THE END"}'
GOOD = {"return_code": 0, "return_msg": ""}


class Timer:
    """The server's seconds, which only a test moves on."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


class Wire:
    """One connection, of which nothing is understood but JSON."""

    def __init__(self, server: Server, connection: ClientConnection) -> None:
        self.server, self.connection = server, connection

    def send(self, **message: Any) -> None:
        self.connection.send(json.dumps(message, ensure_ascii=False))

    def hear(self, timeout: float = 10) -> Any:
        return json.loads(self.connection.recv(timeout=timeout))

    def find(self, trnm: str) -> Any:
        """The next frame of a kind."""
        while (frame := self.hear())["trnm"] != trnm:
            pass
        return frame

    def ask(self, **message: Any) -> Any:
        self.send(**message)
        return self.hear()

    def register(self, items: Sequence[str], types: Sequence[str], **how: Any) -> Any:
        data = [{"item": list(items), "type": list(types)}]
        return self.ask(**{"trnm": "REG", "grp_no": "1", "refresh": "1", "data": data, **how})

    def remove(self, items: Sequence[str], types: Sequence[str], group: str = "1") -> Any:
        return self.register(items, types, trnm="REMOVE", grp_no=group, refresh="")

    def search(self, seq: str, kind: str, **more: str) -> Any:
        return self.ask(trnm="CNSRREQ", seq=seq, search_type=kind, stex_tp="K", **more)

    def tick(self, item: str = "005930", type_: str = "0B", **values: str) -> int:
        """Let the server send a message; how many connections it went to."""
        return self.server.live.push(type_, item, values or {"10": "1"})

    def rest(self) -> list[Any]:
        """All frames until nothing is left to send."""

        def finish() -> None:
            assert self.server.live.wait(20)
            self.server.live.send(END)

        last = threading.Thread(target=finish)
        last.start()
        found = []
        while (text := self.connection.recv(timeout=20)) != END:
            found.append(json.loads(text))
        last.join()
        return found

    def day(self) -> list[Any]:
        """The messages of all those frames."""
        return [entry for frame in self.rest() for entry in frame.get("data", ())]

    def goodbye(self) -> tuple[int, str]:
        """Code and reason with which the server closes, after nothing more."""
        heard, end = self.last_words()
        assert not heard
        assert end.rcvd is not None
        return end.rcvd.code, end.rcvd.reason

    def last_words(self) -> tuple[list[Any], ConnectionClosed]:
        """The messages of all frames until the end, and the end."""
        heard: list[Any] = []
        try:
            while True:
                heard += self.hear()["data"]
        except ConnectionClosed as end:
            return heard, end


@contextmanager
def open_wire(server: Server, token: str | None = "") -> Iterator[Wire]:
    """A connection, logged in unless ``token`` is None."""
    with connect(server.ws_url, compression=None, ping_interval=None, close_timeout=0.2) as connection:
        wire = Wire(server, connection)
        if token is not None:
            assert wire.ask(trnm="LOGIN", token=token or issue(server))["return_code"] == 0
        yield wire


def issue(server: Server) -> str:
    with Talk(server) as talk:
        return talk.token


def seconds(text: str) -> int:
    return int(text[:2]) * 3600 + int(text[2:4]) * 60 + int(text[4:])


def of(entries: Sequence[Any], type_: str) -> list[dict[str, str]]:
    return [entry["values"] for entry in entries if entry["type"] == type_]


def until(condition: Callable[[], object]) -> None:
    end = clock_time.monotonic() + 5
    while not condition():
        assert clock_time.monotonic() < end
        clock_time.sleep(0.002)


FLOOD = [b'{"trnm":"FLOOD","data":"' + b"x" * 5_000 + b'"}'] * 8_000


@contextmanager
def deaf_client(server: Server) -> Iterator[threading.Thread]:
    """Somebody who has logged in and reads no more, and a thread that sends as much as there is room for."""
    how = {"compression": None, "ping_interval": None, "max_queue": 1, "close_timeout": 0.1}
    with connect(server.ws_url, **how) as deaf:
        deaf.send(json.dumps({"trnm": "LOGIN", "token": issue(server)}))
        until(lambda: server.live.sessions and server.live.sessions[0].logged_in)
        flood = threading.Thread(target=server.live.send, args=(FLOOD,))
        flood.start()
        yield flood
        flood.join(10)
        assert not flood.is_alive()
