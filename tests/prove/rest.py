"""A schedule over REST: what is asked, which answers go wrong, and whether anything wrong comes of it.

Four asks: of the sick server; offline, of what that left in the store; of the server in health; and offline
again. Each frame is held against the truth, cell by cell. What lacks has to be told.
"""

from __future__ import annotations

import random
import tempfile
from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from typing import Any

import polars as pl

import kiwoomdata as kd
from tests.prove.asks import ATTEMPTS, EVENINGS, MOST_REQUESTS, Asks, memory
from tests.prove.draft import Fault
from tests.prove.faults import FAULTS, TOKEN_FAULTS
from tests.prove.market import WAYS, sessions
from tests.prove.verdict import Verdict

__all__ = ["planned", "run", "smaller"]


def planned(rng: random.Random) -> dict[str, Any]:
    """A schedule, as plain data."""
    way = WAYS[rng.choice(list(WAYS))]
    evening = rng.choice(EVENINGS)
    latest = max(day for day in sessions() if day <= evening.date())
    last = (
        latest if rng.random() < 0.5 or way.keeping == "by moment" else latest - timedelta(rng.randrange(60))
    )
    span = 15 if way.keeping == "by moment" else 110
    faults: list[dict[str, Any]] = []
    for _ in range(rng.choices([1, 2, 3], [70, 20, 10])[0]):
        for_token = rng.random() < 0.08
        table = TOKEN_FAULTS if for_token else FAULTS
        fit = [f for f in table.values() if (for_token or f.fits(way)) and (not f.slow or rng.random() < 0.1)]
        family = rng.choice(sorted({f.family for f in fit}))
        chosen = rng.choice([f for f in fit if f.family == family])
        times = rng.choices([1, 2, 3, 4], [64, 18, 9, 9])[0] if chosen.right == "again" else 1
        faults.append(
            {
                "at": 1 if for_token else rng.choices([1, 2, 3, 4, 6], [40, 30, 15, 10, 5])[0],
                "times": min(times, 2) if chosen.slow else times,
                "name": chosen.name,
                "token": for_token,
                "draw": rng.randrange(2**32),
            }
        )
    return {
        "side": "rest",
        "way": way.name,
        "now": evening.isoformat(),
        "first": (last - timedelta(rng.randrange(span))).isoformat(),
        "last": last.isoformat(),
        "on_bad": rng.choice(["raise", "null"]),
        "on_truncated": rng.choice(["raise", "mark"]),
        "refresh": rng.random() < 0.1,
        "held": rng.choice([0, 0, 0, 10, 40]) if way.keeping.startswith("by date") else 0,
        "split": way.rebased and way.every_day and rng.random() < 0.15,
        "faults": faults,
    }


def smaller(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Schedules that are a little simpler, the simplest first."""
    faults: list[dict[str, Any]] = plan["faults"]
    for n in range(len(faults)):
        if len(faults) > 1:
            yield {**plan, "faults": faults[:n] + faults[n + 1 :]}
    for n, each in enumerate(faults):
        if each["times"] > 1:
            yield {**plan, "faults": [*faults[:n], {**each, "times": each["times"] - 1}, *faults[n + 1 :]]}
        if each["at"] > 1:
            yield {**plan, "faults": [*faults[:n], {**each, "at": each["at"] - 1}, *faults[n + 1 :]]}
    for name in ("split", "held", "refresh"):
        if plan[name]:
            yield {**plan, name: type(plan[name])()}
    first, last = date.fromisoformat(plan["first"]), date.fromisoformat(plan["last"])
    if last - first > timedelta(2):
        yield {**plan, "first": (first + (last - first) / 2).isoformat()}


class _Run(Asks):
    """One schedule, ask by ask."""

    def run(self) -> Verdict:
        with self.client() as client:
            if self.plan["held"]:
                self.ask(client, max(self.first, self.last - timedelta(self.plan["held"])))
            if self.plan["split"]:
                self.server.factor = 50
                self.factors.append(50)
            factor = self.server.factor
            self.server.begin(self.plan["faults"])
            self.server.factor = factor
            more = {"refresh": True} if self.plan["refresh"] else {}
            frame, error, told = self.ask(client, **more)
            fired, spoilt = list(self.server.fired), set(self.server.spoilt)
            self._judge_sick(frame, error, told, fired, spoilt)
            if self.server.sent > MOST_REQUESTS:
                self.verdict.problem("hang", f"{self.server.sent} requests")
            if self.server.elsewhere.connections:
                self.verdict.problem("wrong", "a redirect was followed")
                self.server.elsewhere.connections = 0
            self.server.heal()
            if self.way.keeping != "not kept":
                self._offline(client, spoilt, after="the sick server")
        with self.client() as client:
            frame, error, told = self.ask(client)
            self.judge("healthy", frame, error, told, spoilt, kept=True)
            if self.way.keeping != "not kept":
                self._offline(client, spoilt, after="the server in health")
            if self.plan["refresh"] or (frame is not None and self.lacks(frame, set())):
                frame, error, told = self.ask(client, refresh=True)
                self.judge("refreshed", frame, error, told, set(), kept=False, whole=True)
        return self.verdict

    def _offline(self, client: kd.Client, spoilt: set[tuple[str, str]], *, after: str) -> None:
        sent = self.server.sent
        frame, error, told = self.ask(client, offline=True)
        if self.server.sent != sent:
            self.verdict.problem("kept", f"offline after {after} sent a request")
        if error is not None and not isinstance(error, kd.NotCached | kd.DecodeError):
            self.verdict.problem("kept", f"offline after {after}: {type(error).__name__}: {error}")
        if frame is not None:
            self.judge(f"offline after {after}", frame, error, told, spoilt, kept=True)

    def _judge_sick(
        self,
        frame: pl.DataFrame | None,
        error: BaseException | None,
        told: list[type[Warning]],
        fired: list[Fault],
        spoilt: set[tuple[str, str]],
    ) -> None:
        self.verdict.fired = [fault.name for fault in fired]
        before = len(self.verdict.problems)
        self.judge("sick", frame, error, told, spoilt, kept=False)
        kinds = {fault.name for fault in fired}
        got = "right" if error is None else type(error).__name__
        if error is None and frame is not None and self.lacks(frame, set()):
            got = "told"
        self.verdict.outcome = "error" if error is not None else got
        if len(self.verdict.problems) > before or self.plan["split"]:
            return
        expected = ""
        if not kinds or all(fault.right == "same" for fault in fired):
            expected = "right"
        elif len(kinds) == 1 and fired[0].right == "error":
            expected = fired[0].error
        elif len(kinds) == 1 and fired[0].right == "again":
            tries = ATTEMPTS if fired[0].name != "code 3 of a token" else 2
            expected = fired[0].error if len(fired) >= tries else "right"
        if expected and got != expected:
            self.verdict.problem(
                "table", f"{[f.name for f in fired]}: {got}, and {expected} is right ({error})"
            )


def run(plan: Mapping[str, Any]) -> Verdict:
    with tempfile.TemporaryDirectory(prefix="prove-", dir=memory()) as folder:
        return _Run(plan, folder).run()
