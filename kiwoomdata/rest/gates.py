"""Where a quota is counted, by the rule of :mod:`kiwoomdata.rest.limits`.

:class:`MemoryGate` counts in this process, :class:`SqliteGate` in a file that all processes of one machine
share, and :class:`kiwoomdata.rest.redis_gate.RedisGate` at a server that machines share.
"""

from __future__ import annotations

import os
import sqlite3
import threading
import time
import warnings
import weakref
from abc import abstractmethod
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import msgspec

from kiwoomdata.errors import KiwoomDataWarning
from kiwoomdata.folders import private_folder
from kiwoomdata.rest.limits import (
    MARGIN,
    Gate,
    Place,
    Quota,
    ScopeLog,
    close,
    default_sleep,
    give_back,
    reserve,
    settle,
)

__all__ = ["MemoryGate", "SqliteGate", "gate_of"]

T = TypeVar("T")

BUSY = 5.0  # seconds to wait for another process's transaction, which takes well below a millisecond


def gate_of(quota: Quota | None, folder: Path | None, store: str | None) -> Gate:
    """Who counts: this process, all of this machine in a folder, or all that reach the Redis at ``store``."""

    def of_this_machine(quota: Quota | None) -> Gate:
        return (
            MemoryGate(quota) if folder is None or quota is None else SqliteGate(folder / "quota.db", quota)
        )

    if store is None:
        return of_this_machine(quota)
    from kiwoomdata.rest.redis_gate import Address, RedisGate, careful

    address = Address(store)
    return RedisGate(address, quota, of_this_machine(careful(quota))) if quota else MemoryGate(None)


class _LogGate(Gate):
    """A gate that reads and writes the logs itself."""

    def __init__(
        self,
        quota: str | Quota | None,
        *,
        clock: Callable[[], float],
        sleep: Callable[[float, threading.Event | None], bool],
        margin: float,
    ) -> None:
        super().__init__(quota, sleep=sleep, margin=margin)
        self._clock = clock

    def _take(self, scope: str) -> Place:
        def change(log: ScopeLog, now: float) -> tuple[ScopeLog, Place]:
            log, at = reserve(log, now, quota=self.quota, margin=self.margin)
            return log, Place(at, at - now)

        return self._update(scope, change)

    def _leave(self, scope: str, place: Place) -> None:
        self._update(scope, lambda log, now: (give_back(log, place.at), None))

    def _left(self, scope: str, place: Place) -> float | None:
        def change(log: ScopeLog, now: float) -> tuple[ScopeLog, float | None]:
            closed = log.closed_until > now  # by a refusal that arrived during the sleep
            return (give_back(log, place.at), None) if closed else (log, 0.0)

        return self._update(scope, change)

    def _close(self, scope: str, seconds: float) -> None:
        self._update(scope, lambda log, now: (close(log, now, seconds=seconds), None))

    @abstractmethod
    def _update(self, scope: str, change: Callable[[ScopeLog, float], tuple[ScopeLog, T]]) -> T:
        """Apply ``change(log, now)`` to the log of ``scope`` with nobody in between."""


# One transaction at a time in a process, and none under way while it forks: a held lock may not be carried
# into a child. Nor may an open SQLite connection, not even to be closed there, so the parent closes its own.
_TURN = threading.Lock()
_open: weakref.WeakSet[_File] = weakref.WeakSet()


def _before_fork() -> None:
    _TURN.acquire()
    for file in list(_open):
        file.close()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_before_fork, after_in_parent=_TURN.release, after_in_child=_TURN.release)


class MemoryGate(_LogGate):
    """A gate for the threads of one process."""

    def __init__(
        self,
        quota: str | Quota | None,
        clock: Callable[[], float] = time.monotonic,
        *,
        sleep: Callable[[float, threading.Event | None], bool] = default_sleep,
        margin: float = MARGIN,
    ) -> None:
        super().__init__(quota, clock=clock, sleep=sleep, margin=margin)
        self._logs: dict[str, ScopeLog] = {}

    def _update(self, scope: str, change: Callable[[ScopeLog, float], tuple[ScopeLog, T]]) -> T:
        with _TURN:
            now = self._clock()
            self._logs[scope], answer = change(settle(self._logs.get(scope), now), now)
            return answer


class SqliteGate(_LogGate):
    """A gate for all processes of one machine, in a file at ``path``. Not for a network file system.

    A process that dies leaves at worst the places it had reserved, which pass by themselves. A file that
    cannot be used costs one warning, and this process then counts on its own.
    """

    def __init__(
        self,
        path: Path,
        quota: str | Quota | None,
        clock: Callable[[], float] = time.time,
        *,
        sleep: Callable[[float, threading.Event | None], bool] = default_sleep,
        margin: float = MARGIN,
    ) -> None:
        super().__init__(quota, clock=clock, sleep=sleep, margin=margin)
        self.path = Path(path)
        self._file = _File(self.path)
        self._alone: MemoryGate | None = None

    def close(self) -> None:
        with _TURN:
            self._file.close()

    def _update(self, scope: str, change: Callable[[ScopeLog, float], tuple[ScopeLog, T]]) -> T:
        failure: Exception | None = None
        with _TURN:
            if self._alone is None:
                try:
                    return self._transact(scope, change)
                except (sqlite3.Error, OSError, msgspec.MsgspecError) as error:
                    failure = error
                    self._alone = MemoryGate(self.quota, self._clock, sleep=self._sleep, margin=self.margin)
        if failure is not None:
            warnings.warn(
                f"the quota file {self.path} cannot be used ({type(failure).__name__}: {failure}); "
                "this process now counts its requests alone. Remove the file, or name another folder "
                "with KIWOOMDATA_STATE, to share the count.",
                KiwoomDataWarning,
                stacklevel=3,
            )
        return self._alone._update(scope, change)

    def _transact(self, scope: str, change: Callable[[ScopeLog, float], tuple[ScopeLog, T]]) -> T:
        db = self._file.connection()
        try:
            db.execute("BEGIN IMMEDIATE")
            db.execute(
                "CREATE TABLE IF NOT EXISTS quota (scope TEXT PRIMARY KEY, log BLOB NOT NULL) WITHOUT ROWID"
            )
            row = db.execute("SELECT log FROM quota WHERE scope = ?", (scope,)).fetchone()
            kept = msgspec.json.decode(row[0], type=ScopeLog) if row else None
            now = self._clock()
            log, answer = change(settle(kept, now), now)
            db.execute("INSERT OR REPLACE INTO quota VALUES (?, ?)", (scope, msgspec.json.encode(log)))
            db.execute("COMMIT")
            return answer
        except BaseException:
            self._file.close()  # which ends a transaction in the middle
            raise


class _File:
    """One connection to a SQLite file, kept open while the file is the same one and nobody forks."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._db: sqlite3.Connection | None = None
        self._end: Callable[[], object] = bool
        self._is: tuple[int, int] | None = None
        """The file that the connection goes to, by device and inode."""

    def connection(self) -> sqlite3.Connection:
        found = self._look()
        if self._db is None or found != self._is:
            self.close()
            private_folder(self._path.parent)
            # Its threads take turns: _TURN.
            db = sqlite3.connect(self._path, timeout=BUSY, isolation_level=None, check_same_thread=False)
            # At once, as what is no database fails at its first use.
            self._end = weakref.finalize(self, db.close)
            # Every transaction writes, so a write-ahead log would only add files. Without fsync a killed
            # process still leaves a sound file; only a power cut may spoil it, and it holds mere seconds.
            db.execute("PRAGMA synchronous = OFF")
            self._db, self._is = db, self._look()
            _open.add(self)
        return self._db

    def _look(self) -> tuple[int, int] | None:
        try:
            found = self._path.stat()
        except FileNotFoundError:
            return None
        # By chmod and never by opening it once more: closing any second descriptor of the file
        # would drop the POSIX locks that this process holds on it.
        if os.name == "posix" and found.st_mode & 0o077:
            self._path.chmod(0o600)
        return found.st_dev, found.st_ino

    def close(self) -> None:
        self._db = None
        self._end()
