"""Kill the workers of a Dask cluster at any moment while they fill a lake, and see that nothing is lost: the
suite does it a few times, ``python -m tests.lake.fetch_kills 50`` as often as one likes."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from datetime import date, datetime
from datetime import time as clock
from pathlib import Path
from typing import Any, Self

import distributed

import kiwoomdata as kd
import kiwoomdata.dask
from kiwoomdata.errors import TransportError
from kiwoomdata.kinds import KST
from kiwoomdata.lake import updating
from tests.lake.kills import CODES, START, WHAT, content

KEYS = ("a", "b")


def now() -> datetime:
    return datetime(2026, 11, 20, 18, 30, tzinfo=KST)


class EachAnswer(distributed.WorkerPlugin):  # type: ignore[misc]
    """Makes a step of each answer, in each worker that starts."""

    def setup(self, worker: Any) -> None:
        updating.SHORTEST_STEP = updating.SHARE = 0  # type: ignore[assignment]


@contextmanager
def market() -> Iterator[tuple[kd.simulator.Server, dict[str, str]]]:
    """A server, and the environment in which a worker finds its keys."""
    with kd.simulator.start(seed=1, today=date(2026, 11, 20), now=clock(18, 30), rate=None) as server:
        found = {}
        for name in KEYS:
            found[f"KIWOOM_APP_KEY_{name.upper()}"], found[f"KIWOOM_APP_SECRET_{name.upper()}"] = (
                server.add_key(name)
            )
        yield server, found


def settings(server: kd.simulator.Server, folder: Path) -> dict[str, Any]:
    """Of the client that a worker makes."""
    folders = {"state": str(folder / "state"), "cache": str(folder / "store")}
    return {"base_url": server.base_url, "quota": None, "clock": now, **folders}


@contextmanager
def scheduler() -> Iterator[distributed.Client]:
    """A scheduler without a worker; its client is nobody's default."""
    with (
        distributed.LocalCluster(n_workers=0, host="127.0.0.1", dashboard_address="127.0.0.1:0") as cluster,
        distributed.Client(cluster, set_as_default=False) as client,
    ):
        yield client


class Workers:
    """Workers, each a process of its own with one thread, that nobody starts again when they die."""

    def __init__(self, client: distributed.Client, keys: dict[str, str], folder: Path) -> None:
        options = ("--no-nanny", "--no-dashboard", "--nthreads", "1", "--local-directory", str(folder))
        self._command = [
            sys.executable,
            "-m",
            "distributed.cli.dask_worker",
            client.scheduler.address,
            *options,
        ]
        self._environ = {**os.environ, **keys}
        self._all: list[subprocess.Popen[bytes]] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for worker in self._all:
            worker.kill()
            worker.wait()

    def start(self) -> subprocess.Popen[bytes]:
        self._all.append(subprocess.Popen(self._command, env=self._environ, stderr=subprocess.DEVNULL))
        return self._all[-1]


def kill(times: int, seed: int, folder: Path) -> tuple[int, int, int]:
    """Kill workers so often while they have a task; how many kills, lakes and calls of ``fetch``."""
    chance, struck, lakes, calls = random.Random(seed), 0, 0, 0
    with market() as (server, keys), scheduler() as client, Workers(client, keys, folder) as workers:
        client.register_plugin(EachAnswer())
        running = {worker.pid: worker for worker in (workers.start(), workers.start())}
        asked = {"what": WHAT, "keys": KEYS, "start": START}
        kd.dask.fetch(
            client, CODES, lake=folder / "calm", **asked, **settings(server, folder / "of the calm")
        )
        calm, over = content(folder / "calm"), threading.Event()

        def kill_some() -> None:
            nonlocal struck
            while struck < times and not over.wait(chance.uniform(0.05, 1.5)):
                working = [worker for worker, tasks in client.processing().items() if tasks]
                for pid in client.run(os.getpid, workers=working[:1], on_error="return").values():
                    if pid in running:  # else it has died meanwhile
                        running.pop(pid).kill()
                        struck += 1
                        later = workers.start()
                        running[later.pid] = later

        while struck < times:
            lakes += 1
            place = folder / str(lakes)
            over.clear()
            with ThreadPoolExecutor(1) as pool:
                killing = pool.submit(kill_some)
                try:
                    for _ in range(20):  # of which all but the last may end as too many died at one task
                        calls += 1
                        with suppress(TransportError):
                            kd.dask.fetch(
                                client, CODES, lake=place, **asked, **settings(server, folder / f"{lakes}s")
                            )
                            break
                finally:
                    over.set()
                killing.result()
            found = kd.Lake(place).check()
            assert found.is_empty(), found
            again = content(place)
            assert again.keys() == calm.keys()
            assert [name for name in calm if again[name] != calm[name]] == []
            assert not any((place / "_writing").iterdir())
    return struck, lakes, calls


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as place:
        begun = time.monotonic()
        kills, lakes, calls = kill(int(sys.argv[1]), int((sys.argv[2:] or ["1"])[0]), Path(place))
        print(f"{kills} kills struck, {lakes} lakes, {calls} calls, {time.monotonic() - begun:.0f} s")
