"""How fast one may ask: quotas, kept by the scope that the server meters.

A gate reserves a place in the queue and sleeps once until it is due; nobody polls, so nobody starves.
The promise is a rolling one: in any window of ``per`` seconds, wherever it starts, at most ``count`` grants.

The pure part works on a :class:`ScopeLog`, what is known of one scope. The gates differ only in where they
keep it: :class:`MemoryGate` in this process, :class:`SqliteGate` in a file that all processes of one
machine share, and :class:`kiwoomdata.rest.redis_gate.RedisGate` at a server that machines share.
"""

from __future__ import annotations

import math
import os
import re
import sqlite3
import threading
import time
import warnings
import weakref
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple, TypeVar

import msgspec

from kiwoomdata.errors import KiwoomDataWarning
from kiwoomdata.folders import private_folder

__all__ = [
    "CAREFUL",
    "KEEP",
    "MARGIN",
    "MOCK",
    "REAL",
    "Gate",
    "MemoryGate",
    "Place",
    "Quota",
    "SqliteGate",
    "default_sleep",
    "gate_of",
]

T = TypeVar("T")

# The server meters at its own door. Two requests that leave here exactly ``per`` apart arrive closer
# together whenever the first was slower on its way; the window is widened by this much to allow for it.
MARGIN = 0.02

# The newest grants stay on record even when the window is past them: another process may hold a slower
# quota on the same scope. The ones within the window always stay.
KEEP = 64

BUSY = 5.0  # seconds to wait for another process's transaction, which takes well below a millisecond

_UNITS = {"s": 1.0, "m": 60.0, "h": 3600.0}
_QUOTA = re.compile(r"([1-9]\d*)\s*/\s*([smh])(?:\s+burst\s+([1-9]\d*))?", re.ASCII)


@dataclass(frozen=True)
class Quota:
    """At most ``count`` requests in any ``per`` seconds."""

    count: int
    per: float

    def __post_init__(self) -> None:
        if isinstance(self.count, bool) or not isinstance(self.count, int) or self.count < 1:
            raise ValueError(f"quota: count must be a whole number of at least 1, got {self.count!r}")
        if not 0 < self.per < math.inf:
            raise ValueError(f"quota: per must be a number of seconds above 0, got {self.per!r}")

    @classmethod
    def parse(cls, quota: str | Quota | None) -> Quota | None:
        """Read ``"5/s"``, ``"20/m"`` or ``"1/s burst 2"``; a Quota, or None for no limit, stays as it is.

        A rate ``r`` with a burst ``b`` is ``b`` requests in any ``b / r`` seconds: the same rate in the
        long run, and never more than ``b`` at once.
        """
        if quota is None or isinstance(quota, Quota):
            return quota
        match = _QUOTA.fullmatch(quota.strip()) if isinstance(quota, str) else None
        if match is None:
            raise ValueError(
                "quota: expected a rate such as '5/s', '20/m' or '1/s burst 2', or None for no limit, "
                f"got {quota!r}"
            )
        count, unit, burst = int(match[1]), _UNITS[match[2]], match[3]
        return cls(count, unit) if burst is None else cls(int(burst), int(burst) * unit / count)


REAL = Quota(5, 1.0)  # published for queries; held without a refusal in long runs at 4/s (2026-05)
MOCK = Quota(1, 1.0)  # the mock server names "1" in its refusal and refuses calls 0.5 s apart (2026-08)
CAREFUL = Quota(2, 2.0)  # "1/s burst 2": one account measured no more than this on the real server (2026-08)


class ScopeLog(msgspec.Struct, frozen=True):
    """What is known of one scope, by the clock of the gate: grants are ascending and may lie ahead."""

    made: float  # when this was last written
    closed_until: float  # nobody goes before this
    grants: tuple[float, ...] = ()


def settle(log: ScopeLog | None, now: float) -> ScopeLog:
    """The log as of ``now``.

    A log from the future means that the clock stepped back since. It is moved by the step, as if it
    had been written just now: waits stay what they were, and nobody goes too early.
    """
    if log is None:
        return ScopeLog(made=now, closed_until=now)
    back = max(0.0, log.made - now)
    return ScopeLog(
        now, log.closed_until - back, tuple(at - back for at in log.grants) if back else log.grants
    )


def reserve(
    log: ScopeLog, now: float, *, quota: Quota | None, margin: float = MARGIN
) -> tuple[ScopeLog, float]:
    """The next moment that is free for a settled ``log``, and the log with that moment taken."""
    at = max(now, log.closed_until)
    if quota is None:
        return log, at
    window = quota.per + margin
    at = max((at, *log.grants[-1:]))  # behind everybody who asked before
    if len(log.grants) >= quota.count:
        at = max(at, log.grants[-quota.count] + window)
    in_window = sum(grant > now - window for grant in log.grants)
    return ScopeLog(log.made, log.closed_until, (*log.grants[-max(KEEP, in_window) :], at)), at


def give_back(log: ScopeLog, at: float) -> ScopeLog:
    """The log without the grant ``at``; the grants behind it keep their places."""
    if at not in log.grants:
        return log
    place = log.grants.index(at)
    return ScopeLog(log.made, log.closed_until, log.grants[:place] + log.grants[place + 1 :])


def close(log: ScopeLog, now: float, *, seconds: float) -> ScopeLog:
    """The log with its scope closed for ``seconds`` from ``now``, or for as long as it already was."""
    return ScopeLog(log.made, max(log.closed_until, now + seconds), log.grants)


def default_sleep(seconds: float, stop: threading.Event | None) -> bool:
    """Sleep; true when ``stop`` ended it. Both ways measure by the monotonic clock."""
    if stop is not None:
        return stop.wait(seconds)
    time.sleep(seconds)
    return False


class Place(NamedTuple):
    """A place in the queue of a scope."""

    at: float
    """When it is due, by the clock of whoever keeps the log."""
    seconds: float
    """From when it was reserved until then."""
    alone: bool = False
    """It was reserved without the others, who could not be reached."""


class Gate(ABC):
    """Lets callers through at the pace of a quota, each scope on its own."""

    early = 0.0
    """Seconds before a place is due at which its holder looks whether it still holds."""

    def __init__(
        self,
        quota: str | Quota | None,
        *,
        sleep: Callable[[float, threading.Event | None], bool],
        margin: float,
    ) -> None:
        self.quota = Quota.parse(quota)
        self.margin = margin
        self._sleep = sleep

    def wait(self, scope: str, stop: threading.Event | None = None) -> float:
        """Wait for the next free place of ``scope`` and return the seconds waited.

        A wait that is interrupted gives its place back. When ``stop`` is set it ends in
        :class:`InterruptedError`.
        """
        waited = 0.0
        while True:
            place = self._take(scope)
            try:
                if stop is not None and stop.is_set():
                    raise InterruptedError(f"stopped while waiting for the quota of {scope}")
                if place.seconds <= 0:
                    return waited
                waited += self._pass(max(0.0, place.seconds - self.early), scope, stop)
                left = self._left(scope, place)
                if left is not None:
                    return waited + self._pass(left, scope, stop)
            except BaseException:
                self._leave(scope, place)
                raise

    def _pass(self, seconds: float, scope: str, stop: threading.Event | None) -> float:
        if seconds > 0 and self._sleep(seconds, stop):
            raise InterruptedError(f"stopped while waiting for the quota of {scope}")
        return seconds

    def penalise(self, scope: str, seconds: float) -> None:
        """Let nobody of ``scope`` through before ``seconds`` from now, the ones already waiting included."""
        if not 0 <= seconds < math.inf:
            raise ValueError(f"seconds: expected a finite number of at least 0, got {seconds!r}")
        self._close(scope, seconds)

    def close(self) -> None:  # noqa: B027 - most hold nothing
        """Let go of what is open; it opens again when the gate is used."""

    @abstractmethod
    def _take(self, scope: str) -> Place:
        """Reserve the next place that is free."""

    @abstractmethod
    def _leave(self, scope: str, place: Place) -> None:
        """Give a place back."""

    @abstractmethod
    def _left(self, scope: str, place: Place) -> float | None:
        """The seconds until a place that is due in ``early`` seconds, or None if it holds no more.

        Then it is given back, and its holder queues again.
        """

    @abstractmethod
    def _close(self, scope: str, seconds: float) -> None:
        """Close a scope for ``seconds`` from now."""


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
