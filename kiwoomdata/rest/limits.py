"""How fast one may ask: quotas, kept by the scope that the server meters.

A gate reserves a place in the queue and sleeps once until it is due; nobody polls, so nobody starves.
The promise is a rolling one: in any window of ``per`` seconds, wherever it starts, at most ``count`` grants.

The pure part works on a :class:`ScopeLog`, what is known of one scope. The gates differ only in where they
keep it (:mod:`kiwoomdata.rest.gates`).
"""

from __future__ import annotations

import math
import re
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple, TypeVar

import msgspec

__all__ = [
    "CAREFUL",
    "KEEP",
    "MARGIN",
    "MOCK",
    "REAL",
    "Gate",
    "Place",
    "Quota",
    "default_sleep",
]

T = TypeVar("T")

# The server meters at its own door. Two requests that leave here exactly ``per`` apart arrive closer
# together whenever the first was slower on its way; the window is widened by this much to allow for it.
MARGIN = 0.02

# The newest grants stay on record even when the window is past them: another process may hold a slower
# quota on the same scope. The ones within the window always stay.
KEEP = 64

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
