"""Paired timing: the candidates take turns, so that a machine that drifts drifts for all of them.

What is found is held against its limit, and the last line of a run says whether all of them hold.
"""

from __future__ import annotations

import gc
import statistics
import time
from collections.abc import Callable, Mapping
from typing import Any


def in_turn(candidates: Mapping[str, Callable[[], Any]], rounds: int = 11) -> dict[str, list[float]]:
    """Seconds of each candidate in each round, after one round that is not counted."""
    times: dict[str, list[float]] = {name: [] for name in candidates}
    for number in range(rounds + 1):
        for name, run in candidates.items():
            gc.collect()
            started = time.perf_counter()
            run()
            if number:
                times[name].append(time.perf_counter() - started)
    return times


def ratio(times: Mapping[str, list[float]], a: str, b: str) -> float:
    """The median of a/b, pair by pair."""
    return statistics.median(x / y for x, y in zip(times[a], times[b], strict=True))


def table(times: Mapping[str, list[float]], against: str) -> str:
    width = max(map(len, times))
    lines = [f"{'':{width}}   median ms   min ms   max ms   x {against}"]
    for name, seconds in times.items():
        median, low, high = (1000 * f(seconds) for f in (statistics.median, min, max))
        lines.append(
            f"{name:{width}}   {median:9.2f}   {low:6.2f}   {high:6.2f}   {ratio(times, name, against):.2f}"
        )
    return "\n".join(lines)


_held: list[str] = []
_broken: list[str] = []


def hold(what: str, found: float, *, most: float | None = None, least: float | None = None) -> str:
    """Hold a figure against its limit, and say so."""
    limits = {"at most": most, "at least": least}
    told = ", ".join(f"{word} {limit:g}" for word, limit in limits.items() if limit is not None)
    text = f"{what}: {found:.2f} ({told})"
    fits = (most is None or found <= most) and (least is None or found >= least)
    (_held if fits else _broken).append(text)
    return text if fits else f"{text}  <-- over the limit"


def verdict() -> str:
    """The last line of a run."""
    if _broken:
        return "REGRESSION: " + "; ".join(_broken)
    return f"all {len(_held)} limits hold"
