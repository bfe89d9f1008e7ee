"""Fixtures: a simulator for each test that asks, and folders that are nobody else's."""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, time
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

import kiwoomdata as kd
from kiwoomdata.client import chosen
from kiwoomdata.rest.transport import Retry
from kiwoomdata.simulator.market.market import Market

TODAY, NOW = date(2026, 11, 20), time(18, 30)
HERE = Path(__file__).parent

# make quick leaves out what opens sockets, by fixture, and by folder, file or test what does so on its own,
# starts processes, draws or tries much at random. make test runs what measures time with nothing beside it.
SOCKETS = frozenset({"make_client", "server", "shared", "ws", "wire"})
SLOW = (
    *("interop/", "lake/", "plot/", "questions/", "recording/", "rest/test_client.py"),
    *(
        "prove/",
        "rest/test_limits.py",
        "rest/test_token.py",
        "rest/test_transport.py",
        "simulator/",
        "store/test_by_question.py",
    ),
    *("store/test_days.py", "store/test_disk.py", "store/test_keeping.py", "store/test_processes.py"),
    *("store/test_stateful.py", "test_catalogue.py", "test_cli.py", "test_docs.py", "test_doctor.py"),
    *("test_examples.py", "test_folders.py", "test_forks.py", "test_notebooks.py", "test_public.py"),
    "stream/test_rolling.py::test_small_pieces_are_merged_so_that_reading_stays_cheap",
    "stream/test_session_model.py::test_after_any_sequence_the_server_holds_exactly_what_is_wanted",
    "stream/test_session_model.py::test_receive_raises_nothing_whatever_arrives",
)
ALONE = (
    "rest/test_limits.py::test_a_killed_waiter",
    "rest/test_limits.py::test_grants_are_handed_out",
    "rest/test_limits.py::test_processes_that_start_together",
    "rest/test_limits.py::test_threads_share_one_gate",
    "rest/test_redis_gate.py::test_a_redis_that_hangs",
    "rest/test_redis_gate.py::test_hosts_share",
)

# An example may take its time where tests run side by side; pytest-timeout ends what hangs.
settings.register_profile("suite", deadline=None)
settings.load_profile("suite")


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """One more than there are cores, as most tests wait for a disk, a thread or a process now and then."""
    return (os.cpu_count() or 1) + 1


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        place = item.path.relative_to(HERE).as_posix() + "::" + item.name
        if place.startswith(SLOW) or not SOCKETS.isdisjoint(getattr(item, "fixturenames", ())):
            item.add_marker(pytest.mark.slow)
        if place.startswith(ALONE):
            item.add_marker(pytest.mark.alone)


@cache
def market_of_today() -> Market:
    """The market that all tests share which change nothing about it: its days are drawn once."""
    return Market(1, today=TODAY, now=NOW)


@contextmanager
def simulated(market: Market | None = None) -> Iterator[kd.Client]:
    """A client of a simulator of its own, for the tests of a whole file; nothing of it is kept."""
    market = market or market_of_today()
    with kd.simulator.start(market=market, rate=None, intraday_at_any_hour=True) as server:
        client = kd.Client(
            base_url=server.base_url,
            app_key=server.app_key,
            app_secret=server.app_secret,
            quota=None,
            cache=False,
            state=False,
            clock=server.now,
            progress=False,
        )
        with client:
            yield client


@pytest.fixture(autouse=True)
def own_folders(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """No test touches the user's tokens, quotas, store or keys, or sees another's choice of server."""
    folder = tmp_path_factory.mktemp("home")
    monkeypatch.setenv("KIWOOMDATA_STATE", str(folder / "state"))
    monkeypatch.setenv("KIWOOMDATA_CACHE", str(folder / "cache"))
    monkeypatch.setattr(chosen, "_chosen_client", None)
    monkeypatch.setattr(chosen, "_chosen_settings", {})
    for name in ("APP_KEY", "APP_SECRET", "MODE", "BASE_URL", "WS_URL"):
        monkeypatch.delenv(f"KIWOOM_{name}", raising=False)


@pytest.fixture
def server() -> Iterator[kd.simulator.Server]:
    market = market_of_today()
    with kd.simulator.start(market=market, rate=None, intraday_at_any_hour=True) as running:
        yield running
    if market.now != NOW or any(market._splits.values()):
        market_of_today.cache_clear()  # this test let time go by, or split a stock


@pytest.fixture
def make_client(tmp_path: Path) -> Iterator[Callable[..., kd.Client]]:
    """Make clients of a running server: no quota, quick retries."""
    made: list[kd.Client] = []

    def make(server: Any, **settings: Any) -> kd.Client:
        client = kd.Client(
            **{
                "base_url": server.base_url,
                "ws_url": server.ws_url,
                "app_key": server.app_key,
                "app_secret": server.app_secret,
                "quota": None,
                "state": tmp_path / "state",
                "clock": server.now,
                "retry": Retry(attempts=4, base=0.01, longest=0.05, timeout=5),
                "progress": False,
                **settings,
            }
        )
        made.append(client)
        return client

    yield make
    for client in made:
        client.close()


@pytest.fixture
def client(server: kd.simulator.Server, make_client: Callable[..., kd.Client]) -> kd.Client:
    return make_client(server)


@pytest.fixture
def told() -> Iterator[list[warnings.WarningMessage]]:
    """Collect this package's warnings instead of failing on them."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", kd.KiwoomDataWarning)
        yield caught
