"""A lake filled by the workers of a Dask cluster: shards of symbols, a task at a time for each key."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import count
from math import ceil, inf
from os import PathLike
from typing import Any, Never
from uuid import uuid4

import distributed

from kiwoomdata.arguments import DateLike, Symbols, as_date, as_symbols
from kiwoomdata.client import Client
from kiwoomdata.errors import AuthError, ConfigError, IncompleteFrame, KiwoomDataWarning, TransportError
from kiwoomdata.lake import Lake
from kiwoomdata.lake.files import Files
from kiwoomdata.lake.tables import STOCKS, chosen_tables
from kiwoomdata.names import with_codes
from kiwoomdata.prefetch import Report
from kiwoomdata.rest.credentials import key_name
from kiwoomdata.telling import Told, gathered, give, listed, warn

__all__ = ["fetch"]

SHARD = 100
"""Symbols of one task: an update writes in steps, and the larger it is, the less it rewrites."""
_SHARDS_OF_A_KEY = 4
"""At least so many tasks for each key, so that one that is slow does not hold up the end."""
_LOOK = 1.0
"""Seconds between two looks at which tasks the workers have."""
_LOST = 5.0
"""Seconds without a worker after which a task is given out anew."""


def fetch(
    dask_client: distributed.Client,
    symbols: Symbols | None = None,
    what: str | Sequence[str] = ("candles", "daily_prices"),
    *,
    lake: Lake | str | PathLike[str],
    keys: Sequence[str],
    start: DateLike | None = None,
    worker_timeout: float = 120,
    **settings: Any,
) -> Report:
    """Fill a lake by the workers of a cluster: for each key one task at a time, of some of the symbols.

    The quota is a key's, so more keys are faster and more workers are not. A worker that dies costs what it
    had not written, and another takes its symbols over. Called again, it goes on where it was.

    Parameters
    ----------
    dask_client
        A ``distributed.Client``. Each worker sees the folder of the lake, and finds each of the keys.
    symbols
        Codes, as in :meth:`kiwoomdata.Lake.update`; ``kd.stocks("kospi")`` is a list. Left out: all symbols
        that the lake's tables hold.
    what
        Tables, as in :meth:`kiwoomdata.Lake.update`.
    lake
        The :class:`kiwoomdata.Lake`, or its folder.
    keys
        Names of keys, which a worker finds as ``kd.Client(key="a")`` does: ``KIWOOM_APP_KEY_A`` and
        ``KIWOOM_APP_SECRET_A``, or in keyring.
    start
        The first day wanted, as in :meth:`kiwoomdata.Lake.update`.
    worker_timeout
        So many seconds it waits for a worker when none has any of its tasks: all have died, none has come
        yet, or all are paused. One that is busy with other work is waited for.
    **settings
        Of :class:`kiwoomdata.Client` in each worker, such as ``mode="real"`` or ``quota="4/s"``. What holds a
        secret is refused: it would stand in the graph.

    Returns
    -------
    Report
        As of :meth:`kiwoomdata.Lake.update`.

    Raises
    ------
    ValueError, TypeError
        A wrong argument.
    AuthError, ConfigError, TransportError
        The last key is refused or not found, or nobody answers it; or the cluster does not do the work: no
        worker within ``worker_timeout``, workers that die one after the other of the same task (four, as
        Dask counts), a scheduler that is gone. What had come is written, and the same call goes on.
    CacheError, OSError
        The folder cannot be written, is damaged, or its disk is full.

    Warns
    -----
    IncompleteFrame
        Series that failed; the next call tries them again.
    KiwoomDataWarning
        A key that is left out, because it is refused or not found.

    Notes
    -----
    A key may move to another worker when its own has died. Workers on several hosts count together with
    ``KIWOOMDATA_QUOTA_STORE`` in their environment; see :class:`kiwoomdata.Client`.
    """
    _no_secret(settings)
    files = Files(lake.path if isinstance(lake, Lake) else lake)
    tables = [name for name in chosen_tables(what) if name != STOCKS]
    first = None if start is None else as_date(start, "start", whole="first")
    codes = _held(files, tables) if symbols is None else as_symbols(with_codes(symbols, _no_names))
    fetchers = _Fetchers(dask_client, keys, str(files.folder), first, worker_timeout, settings)
    size = min(SHARD, ceil(len(codes) / len(fetchers.names) / _SHARDS_OF_A_KEY)) or 1
    if STOCKS in chosen_tables(what):
        fetchers.add(None, [STOCKS])
    for begin in range(0, len(codes) if tables else 0, size):
        fetchers.add(codes[begin : begin + size], tables)
    report = fetchers.run()
    if report.failures:
        warn(
            f"{len(report.failures)} of {report.series} series failed and the next call tries them again: "
            f"{listed(f'{name} ({why})' for name, why in report.failures.items())}",
            IncompleteFrame,
        )
    return report


Shard = tuple[list[str] | None, list[str]]
"""Symbols and tables."""


@dataclass
class _Given:
    """A task that was given out."""

    key: str
    shard: Shard
    seen: float
    """When a worker had it last."""


class _Fetchers:
    """One task at a time for each key, at the worker that had it before."""

    def __init__(
        self,
        dask_client: distributed.Client,
        keys: Sequence[str],
        folder: str,
        start: date | None,
        worker_timeout: float,
        settings: Mapping[str, Any],
    ) -> None:
        if not isinstance(worker_timeout, int | float) or not 0 < worker_timeout < inf:
            raise ValueError(f"worker_timeout: expected seconds above 0, got {worker_timeout!r}")
        if isinstance(keys, str) or not isinstance(keys, Sequence) or not keys:
            raise ValueError(f"keys: expected a list of names of keys, got {keys!r}")
        self.names = [key_name(key) for key in dict.fromkeys(keys)]
        if not isinstance(dask_client, distributed.Client):
            raise TypeError(f"dask_client: expected a distributed.Client, got {dask_client!r}")
        if dask_client.asynchronous:
            raise TypeError(f"dask_client: expected one that is not asynchronous, got {dask_client!r}")
        self._dask, self._folder, self._start, self._settings = dask_client, folder, start, settings
        self._patience = worker_timeout
        self._homes: dict[str, str] = {}
        self._shards: deque[Shard] = deque()
        self._running: dict[distributed.Future[Any], _Given] = {}
        self._label, self._number = f"kiwoomdata-fetch-{uuid4().hex}", count()
        self._report = Report(keys=dict.fromkeys(self.names, 0))
        self._told: dict[str, Told] = {}

    def add(self, codes: list[str] | None, tables: list[str]) -> None:
        self._shards.append((codes, tables))

    def run(self) -> Report:
        done = distributed.as_completed([], loop=self._dask.loop, with_results=True, raise_errors=False)
        try:
            self._give_out(done)
            while self._running:
                self._wait(done)
                future, result = next(done)
                given = self._running.pop(future, None)
                if given is None:  # it was given out anew
                    continue
                error = result if future.cancelled() else future.exception()
                if error is None:
                    self._take(given.key, *result)
                elif isinstance(error, distributed.scheduler.KilledWorker | distributed.CancelledError):
                    raise self._failed(str(error)) from error
                elif isinstance(error, AuthError | ConfigError | TransportError):
                    self._shards.append(given.shard)
                    self._leave_out(given.key, error)
                else:
                    raise error
                self._give_out(done)
        finally:
            self._dask.cancel(list(self._running))
            give(self._told)
        return self._report

    def _wait(self, done: distributed.as_completed) -> None:
        """Until a task is done, for as long as workers have any.

        Dask waits for ever for a worker; and a task whose worker was the last one to die it gives to no other
        that comes, although it may (distributed 2026.8). Such a task is given out anew.
        """
        taken = looked = time.monotonic()
        while not done.has_ready():
            time.sleep(_LOOK / 20)
            if time.monotonic() < looked + _LOOK:
                continue
            held = self._held_by_workers()
            looked = time.monotonic()
            for given in (given for future, given in self._running.items() if future.key in held):
                given.seen = taken = looked
            if looked > taken + self._patience:
                raise self._failed(
                    f"no worker has had any of its tasks for {self._patience:g} s. Start workers, or give "
                    "them more time with worker_timeout="
                )
            lost = [future for future, given in self._running.items() if looked > given.seen + _LOST]
            for future in lost:
                self._shards.appendleft(self._running.pop(future).shard)
            if lost:
                self._dask.cancel(lost)
                self._give_out(done)

    def _workers(self) -> dict[str, dict[str, Any]]:
        """What the scheduler knows of each worker; none where it does not answer."""
        scheduler: Any = self._dask.scheduler
        try:
            found = self._dask.sync(scheduler.identity, callback_timeout=self._patience)["workers"]
            tasks = self._dask.sync(scheduler.processing, workers=None, callback_timeout=self._patience)
        except OSError:  # of which TimeoutError is one
            return {}
        return {worker: {**about, "tasks": tasks.get(worker, ())} for worker, about in found.items()}

    def _held_by_workers(self) -> set[str]:
        """The tasks that workers have. One that is paused, and runs nothing, may never begin."""
        return {
            key
            for about in self._workers().values()
            if about["status"] != "paused" or about["metrics"]["task_counts"].get("executing")
            for key in about["tasks"]
        }

    def _failed(self, why: str) -> TransportError:
        return TransportError(
            f"dask_client: {why}. What had come is in the lake, and the same call goes on from there"
        )

    def _give_out(self, done: distributed.as_completed) -> None:
        """A shard for each key that has none."""
        busy = {given.key for given in self._running.values()}
        free = [name for name in self.names if name not in busy]
        workers = sorted(self._workers()) if free and self._shards else []
        for name in free[: len(self._shards)]:
            shard = self._shards.popleft()
            future = self._dask.submit(
                *(_fetch, self._folder, shard, self._start, name, dict(self._settings)),
                key=f"{self._label}-{next(self._number)}",
                pure=False,
                **self._place(name, workers),
            )
            self._running[future] = _Given(name, shard, time.monotonic())
            done.add(future)

    def _place(self, name: str, workers: Sequence[str]) -> dict[str, Any]:
        """The worker that had this key before, or the one with the fewest; any where none is there yet."""
        if not workers:
            return {}
        if self._homes.get(name) not in workers:
            had = list(self._homes.values())
            self._homes[name] = min(workers, key=had.count)
        return {"workers": [self._homes[name]], "allow_other_workers": True}

    def _take(self, name: str, found: Report, told: Told) -> None:
        whole = self._report
        whole.series += found.series
        whole.rows += found.rows
        whole.cached_rows += found.cached_rows
        whole.requests += found.requests
        whole.keys[name] += found.requests
        whole.failures |= found.failures
        self._told.setdefault(name, {}).update(told)

    def _leave_out(self, name: str, error: Exception) -> None:
        self.names.remove(name)
        if not self.names:
            raise error
        self._report.failed_keys[name] = f"{type(error).__name__}: {error}"
        warn(
            f"key {name!r} is left out, and the others go on: {self._report.failed_keys[name]}",
            KiwoomDataWarning,
        )


def _fetch(
    folder: str, shard: Shard, start: date | None, name: str, settings: Mapping[str, Any]
) -> tuple[Report, Told]:
    """In a worker: one update of some symbols, by a client of the worker's own."""
    codes, tables = shard
    told: Told = {}
    with gathered(told), Client(key=name, **{"progress": False, **settings}) as client:
        report = Lake(folder).update(codes, what=tables, start=start, client=client)
    return report, {note: None for note in told if not issubclass(note[1], IncompleteFrame)}


def _held(files: Files, tables: Sequence[str]) -> list[str]:
    """All codes that the tables hold."""
    manifests = [files.manifest(name) for name in tables]
    codes = sorted({code for manifest in manifests if manifest for code in manifest.held})
    if tables and not codes:
        raise ValueError(f"symbols: the lake holds nothing of {', '.join(tables)}; give the symbols wanted")
    return codes


def _no_names() -> Never:
    raise ValueError(
        "symbols: expected codes, because no key is used here to look names up; kd.stocks() is a list"
    )


def _no_secret(settings: dict[str, Any]) -> None:
    for name in settings:
        if name.startswith("app_") or name in ("key", "quota_store"):
            settings.clear()
            raise ConfigError(
                f"{name}: is not passed to workers, because it would show. Each finds what keys= names, and "
                "KIWOOMDATA_QUOTA_STORE, in its environment or keyring"
            )
