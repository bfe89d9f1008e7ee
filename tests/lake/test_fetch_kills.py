"""Workers of a Dask cluster that die while they fill a lake: each is a process, and is killed as one."""

from __future__ import annotations

import os
import signal
import threading
import time as clocks
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import distributed
import pytest
from distributed.core import Status

import kiwoomdata as kd
import kiwoomdata.dask
from tests.lake.fetch_kills import Workers, kill, market, now, scheduler, settings
from tests.lake.kills import CODES, START

ASKED = {"what": "candles", "keys": ["a"], "start": START}


@pytest.fixture(scope="module")
def place() -> Iterator[tuple[kd.simulator.Server, dict[str, str]]]:
    with market() as found:
        yield found


@pytest.fixture
def cluster() -> Iterator[distributed.Client]:
    with scheduler() as client:
        yield client


@pytest.fixture
def workers(
    cluster: distributed.Client, place: tuple[kd.simulator.Server, dict[str, str]], tmp_path: Path
) -> Iterator[Workers]:
    with Workers(cluster, place[1], tmp_path) as found:
        yield found


def at_work(client: distributed.Client, seconds: float = 60) -> None:
    """Wait until a worker has a task."""
    deadline = clocks.monotonic() + seconds
    while not any(client.processing().values()) and clocks.monotonic() < deadline:
        clocks.sleep(0.005)


def dies() -> datetime:
    """A clock that kills who looks at it."""
    os.kill(os.getpid(), signal.SIGKILL)
    return now()


def test_killed_workers_leave_the_same_bytes(tmp_path: Path) -> None:
    assert kill(2, 1, tmp_path)[0] == 2


def test_without_a_worker_it_ends_and_says_so_and_the_next_call_waits_for_one_that_comes(
    cluster: distributed.Client,
    place: tuple[kd.simulator.Server, dict[str, str]],
    workers: Workers,
    tmp_path: Path,
) -> None:
    lake, asked = kd.Lake(tmp_path / "lake"), {**ASKED, **settings(place[0], tmp_path)}
    worker = workers.start()
    cluster.wait_for_workers(1, timeout=60)

    def kill_it() -> None:
        at_work(cluster)
        worker.kill()

    killing = threading.Thread(target=kill_it)
    killing.start()
    with pytest.raises(kd.TransportError, match="no worker has had any of its tasks for 2 s. Start workers"):
        kd.dask.fetch(cluster, CODES, lake=lake, worker_timeout=2, **asked)
    killing.join()

    starting = threading.Timer(1, workers.start)
    starting.start()
    assert kd.dask.fetch(cluster, CODES, lake=lake, **asked).failures == {}
    starting.join()
    assert lake.info().filter(table="candles")["symbols"].item() == len(CODES)
    assert lake.check().is_empty()


def test_a_task_whose_worker_was_the_last_to_die_is_given_to_the_next_that_comes(
    cluster: distributed.Client,
    place: tuple[kd.simulator.Server, dict[str, str]],
    workers: Workers,
    tmp_path: Path,
) -> None:
    lake, worker = kd.Lake(tmp_path / "lake"), workers.start()
    cluster.wait_for_workers(1, timeout=60)

    def replace_it() -> None:
        at_work(cluster)
        worker.kill()
        worker.wait()
        workers.start()

    replacing = threading.Thread(target=replace_it)
    replacing.start()
    kd.dask.fetch(cluster, CODES, lake=lake, **ASKED, **settings(place[0], tmp_path))
    replacing.join()
    assert lake.info().filter(table="candles")["symbols"].item() == len(CODES)


def test_workers_that_take_nothing_are_not_waited_for(
    cluster: distributed.Client,
    place: tuple[kd.simulator.Server, dict[str, str]],
    workers: Workers,
    tmp_path: Path,
) -> None:
    workers.start()
    cluster.wait_for_workers(1, timeout=60)
    cluster.run(paused)
    with pytest.raises(kd.TransportError, match="no worker has had any of its tasks for 2 s"):
        kd.dask.fetch(
            cluster, CODES, lake=tmp_path / "lake", worker_timeout=2, **ASKED, **settings(place[0], tmp_path)
        )


def paused(dask_worker: Any) -> None:
    """What a worker does to itself when its memory is full; it looks again each 0.1 s, but for a limit."""
    dask_worker.memory_manager.memory_pause_fraction = False
    dask_worker.status = Status.paused


def test_a_task_at_which_workers_die_is_not_given_to_all_of_them_for_ever(
    cluster: distributed.Client,
    place: tuple[kd.simulator.Server, dict[str, str]],
    workers: Workers,
    tmp_path: Path,
) -> None:
    for _ in range(4):
        workers.start()
    cluster.wait_for_workers(4, timeout=100)
    with pytest.raises(kd.TransportError, match="on 4 different workers.*the same call goes on from there"):
        kd.dask.fetch(
            cluster,
            CODES[:1],
            lake=tmp_path / "lake",
            **ASKED,
            **{**settings(place[0], tmp_path), "clock": dies},
        )


@pytest.mark.parametrize("value", [0, -1, float("inf"), float("nan"), "60"])
def test_a_time_that_is_none_is_refused(value: object, cluster: distributed.Client, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="worker_timeout: expected seconds above 0"):
        kd.dask.fetch(cluster, CODES, lake=tmp_path, worker_timeout=value, **ASKED)
