"""Schedules by their seeds, in processes; failures made small; and the report."""

from __future__ import annotations

import json
import multiprocessing
import os
import platform
import random
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any

import kiwoomdata as kd
from tests.prove import live, rest, stores
from tests.prove.verdict import KINDS, Verdict

__all__ = ["SIDES", "Report", "made_small", "planned", "run", "run_many"]

SIDES: Mapping[str, tuple[ModuleType, int]] = {"rest": (rest, 17), "live": (live, 1), "stores": (stores, 2)}
"""What is tried, and how many of the seeds it gets."""
_SHARES = [side for side, (_, share) in SIDES.items() for _ in range(share)]
_STUCK = 180.0
"""Seconds without a verdict after which a process is ended: it hangs where no alarm reaches it."""


def planned(seed: int, side: str | None = None) -> dict[str, Any]:
    """The schedule of a seed: always the same one."""
    rng = random.Random(f"prove {seed}")
    name = side or rng.choice(_SHARES)
    plan: dict[str, Any] = SIDES[name][0].planned(rng)
    return plan


def run(plan: Mapping[str, Any]) -> Verdict:
    verdict: Verdict = SIDES[plan["side"]][0].run(plan)
    return verdict


def made_small(plan: dict[str, Any], most: int = 60) -> dict[str, Any]:
    """The smallest schedule that still shows a problem of the same kind."""
    kinds = {kind for kind, _ in run(plan).problems}
    smaller: Callable[[dict[str, Any]], Iterator[dict[str, Any]]] = SIDES[plan["side"]][0].smaller
    tried, going = 0, True
    while going and tried < most:
        going = False
        for simpler in smaller(plan):
            tried += 1
            if kinds & {kind for kind, _ in run(simpler).problems}:
                plan, going = simpler, True
                break
            if tried >= most:
                break
    return plan


@dataclass
class Report:
    """What many schedules came to."""

    schedules: int = 0
    seconds: float = 0.0
    outcomes: Counter[str] = field(default_factory=Counter)
    sides: Counter[str] = field(default_factory=Counter)
    faults: Counter[str] = field(default_factory=Counter)
    problems: Counter[str] = field(default_factory=Counter)
    failures: list[dict[str, Any]] = field(default_factory=list)
    notes: dict[str, dict[str, str]] = field(default_factory=dict)
    """What else was proven: fuzzing and the like."""

    def take(self, seed: int, plan: dict[str, Any], verdict: Verdict) -> None:
        self.schedules += 1
        self.sides[plan["side"]] += 1
        self.outcomes[verdict.outcome or "no sick ask"] += 1
        self.faults.update(dict.fromkeys(verdict.fired, 1))
        for kind in dict.fromkeys(kind for kind, _ in verdict.problems):
            self.problems[kind] += 1
        if verdict.problems:
            self.failures.append({"seed": seed, "problems": verdict.problems, "plan": plan})

    def as_json(self) -> dict[str, Any]:
        return {
            "kiwoomdata": kd.__version__,
            "python": platform.python_version(),
            "machine": f"{platform.machine()}, {os.cpu_count()} cores",
            "schedules": self.schedules,
            "seconds": round(self.seconds, 1),
            "problems": {kind: self.problems[kind] for kind in KINDS},
            "outcomes": dict(self.outcomes.most_common()),
            "sides": dict(self.sides.most_common()),
            "faults": dict(self.faults.most_common()),
            "failures": self.failures,
            **self.notes,
        }

    def as_markdown(self) -> str:
        told = self.as_json()
        what = "kiwoomdata {kiwoomdata}, Python {python}, {machine}".format(**told)
        lines = [
            "# What was proven",
            "",
            f"{self.schedules:,} schedules in {self.seconds:,.0f} s; {what}.",
            "",
            "| problem | what it is | schedules |",
            "| --- | --- | ---: |",
            *(f"| {kind} | {what} | {self.problems[kind]:,} |" for kind, what in KINDS.items()),
            "",
            "| outcome of the sick ask | schedules |",
            "| --- | ---: |",
            *(f"| {outcome} | {count:,} |" for outcome, count in self.outcomes.most_common()),
            "",
            "| side | schedules |",
            "| --- | ---: |",
            *(f"| {side} | {count:,} |" for side, count in self.sides.most_common()),
            "",
            f"## Faults: {len(self.faults)} that went off",
            "",
            ", ".join(f"{name} ({count})" for name, count in sorted(self.faults.items())),
            "",
        ]
        for name, note in self.notes.items():
            lines += [
                f"## {name.capitalize()}",
                "",
                *(f"- {what}: {told}" for what, told in note.items()),
                "",
            ]
        for failure in self.failures:
            lines += [
                f"## Seed {failure['seed']}",
                "",
                *(f"- {kind}: {text}" for kind, text in failure["problems"]),
                "",
                "```python",
                script(failure.get("small", failure["plan"])),
                "```",
                "",
            ]
        return "\n".join(lines)

    def write(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "prove.json").write_text(json.dumps(self.as_json(), ensure_ascii=False, indent=1))
        (folder / "prove.md").write_text(self.as_markdown())


def script(plan: Mapping[str, Any]) -> str:
    """A few lines that repeat a schedule."""
    return f"from tests.prove.runs import run\n\nprint(run({dict(plan)!r}).problems)"


def _work(seeds: list[int], side: str | None, out: Any) -> None:
    for seed in seeds:
        out.send((seed, None, None))  # so that a process that hangs tells where
        plan = planned(seed, side)
        out.send((seed, plan, run(plan)))
    out.send(None)


def run_many(seeds: range, *, workers: int = 2, side: str | None = None, seconds: float = 0) -> Report:
    """Run schedules in processes of their own; after ``seconds``, where given, no more are begun."""
    report, began = Report(), time.monotonic()
    context = multiprocessing.get_context("spawn")
    os.environ.setdefault("POLARS_MAX_THREADS", "1")
    crew = []
    for n in range(workers):
        inner, outer = context.Pipe(duplex=False)
        process = context.Process(target=_work, args=(list(seeds[n::workers]), side, outer), daemon=True)
        process.start()
        outer.close()
        crew.append((process, inner))
    for_each = {n: (-1, time.monotonic()) for n in range(workers)}
    going = set(range(workers))
    while going:
        ready = multiprocessing.connection.wait([crew[n][1] for n in going], timeout=1.0)
        for n in list(going):
            process, inner = crew[n]
            seed, since = for_each[n]
            if inner in ready:
                try:
                    said = inner.recv()
                except EOFError:
                    said = None
                    report.problems["hang"] += 1
                    report.failures.append(
                        {"seed": seed, "problems": [("hang", "the process died")], "plan": {}}
                    )
                if said is None:
                    going.discard(n)
                    continue
                seed, plan, verdict = said
                for_each[n] = seed, time.monotonic()
                if verdict is not None:
                    report.take(seed, plan, verdict)
            elif time.monotonic() - since > _STUCK:
                report.problems["hang"] += 1
                plan = planned(seed, side)
                report.failures.append({"seed": seed, "problems": [("hang", "stuck")], "plan": plan})
                process.kill()
                going.discard(n)
            if seconds and time.monotonic() - began > seconds:
                process.kill()
                going.discard(n)
    for process, _ in crew:
        process.join(10)
    report.seconds = time.monotonic() - began
    return report
