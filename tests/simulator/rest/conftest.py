"""Servers on one market, and connections to them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date, time
from typing import Any

import pytest

from kiwoomdata import simulator
from kiwoomdata.simulator import Market, Server
from tests.conftest import TODAY
from tests.simulator.rest.market import MARKET
from tests.talk import Talk


@pytest.fixture(scope="package")
def shared() -> Iterator[Server]:
    with simulator.start(market=MARKET, rate=None, intraday_at_any_hour=True) as running:
        yield running


@pytest.fixture
def talk(shared: Server) -> Iterator[Talk]:
    with Talk(shared) as talking:
        yield talking


@pytest.fixture
def serve() -> Iterator[Callable[..., Talk]]:
    """Start servers with switches of their own on the one market, each with a connection."""
    running: list[Talk] = []

    def start(**switches: Any) -> Talk:
        if not switches.keys() & {"seed", "today", "now"}:
            switches = {"market": MARKET, **switches}
        running.append(Talk(simulator.start(**{"rate": None, **switches})))
        return running[-1]

    yield start
    for talking in running:
        talking.connection.close()
        talking.server.close()


@pytest.fixture(scope="package")
def recent() -> Market:
    """A market of half a year, whose time of day a test may set."""
    return Market(1, today=TODAY, now=time(18, 30), first_day=date(2026, 6, 1))
