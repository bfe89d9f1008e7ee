"""A server that is true to the protocol, clients of it, and streams that are stopped at the end."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest

import kiwoomdata as kd
from kiwoomdata.stream.start import Live, stream_to_frame
from tests.stream.talking import (
    NOON,
    Stream,
    until,
)
from tests.ws_server import WsServer, left_over


@pytest.fixture
def ws() -> Iterator[WsServer]:
    with WsServer() as server:
        yield server


@pytest.fixture
def clients(ws: WsServer) -> Iterator[Callable[..., kd.Client]]:
    """Clients of the server whose clock stands at noon of a fixed day when the test begins, and goes on."""
    began, made = time.monotonic(), list[kd.Client]()

    def make(**settings: Any) -> kd.Client:
        client = kd.Client(
            **{
                "base_url": ws.base_url,
                "ws_url": ws.ws_url,
                "app_key": ws.app_key,
                "app_secret": ws.app_secret,
                "quota": None,
                "state": False,
                "cache": False,
                "clock": lambda: NOON + timedelta(seconds=time.monotonic() - began),
                **settings,
            }
        )
        made.append(client)
        return client

    yield make
    for client in made:
        client.close()


@pytest.fixture
def client(clients: Callable[..., kd.Client]) -> kd.Client:
    return clients()


@pytest.fixture
def stream(ws: WsServer, client: kd.Client) -> Iterator[Stream]:
    """Open streams, registered already; they are stopped at the end."""
    opened: list[Live] = []

    def start(symbols: Any = "005930", feeds: Any = ("trade",), **options: Any) -> Live:
        if "window" not in options:
            options.setdefault("rows", 1000)
        live = stream_to_frame(symbols, feeds, client=options.pop("client", client), **options)
        opened.append(live)
        ws.until(lambda: ws.requests("REG"))
        until(lambda: live.stats.connected)
        return live

    yield start
    for live in opened:
        live.stop()
    assert not left_over()
