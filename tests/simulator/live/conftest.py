"""Servers whose day stands still until a test lets it go on."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from kiwoomdata import simulator
from kiwoomdata.simulator import Server
from tests.simulator.live.listening import MARKET, Wire, open_wire


@pytest.fixture
def serve() -> Iterator[Callable[..., Server]]:
    """Start servers that send no PING, and whose day stands still until a test lets it go on."""
    running: list[Server] = []

    def start(**switches: Any) -> Server:
        calm = {"market": MARKET, "pace": 0, "rate": None, "ping_interval": None}
        running.append(simulator.start(**{**calm, **switches}))
        return running[-1]

    yield start
    for server in running:
        server.close()


@pytest.fixture
def server(serve: Callable[..., Server]) -> Server:
    return serve()


@pytest.fixture
def wire(server: Server) -> Iterator[Wire]:
    with open_wire(server) as found:
        yield found
