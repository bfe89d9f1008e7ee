"""A schedule of a store: files that are damaged, writers that are killed, and two processes at once.

Days are fetched from a server in health, one after the other; then the files are spoilt, or a writer was
killed on its way, or two write at once. Whatever is asked afterwards is true, or is asked for again.
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import suppress
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import kiwoomdata as kd
from tests.prove.asks import EVENINGS, Asks, memory
from tests.prove.market import WAYS, sessions
from tests.prove.verdict import Verdict

__all__ = ["planned", "run", "smaller"]

DAMAGES = ("flip", "flip", "cut", "zero", "empty", "swap", "append", "gone", "old")
_KEPT = [way.name for way in WAYS.values() if way.keeping != "not kept"]

CHILD = """
import sys
from tests.prove import stores
stores.child(*sys.argv[1:])
"""


def planned(rng: random.Random) -> dict[str, Any]:
    what = rng.choices(["damage", "kill", "two"], [90, 6, 4])[0]
    way = WAYS[rng.choice(_KEPT)]
    evening = rng.choice(EVENINGS)
    last = max(day for day in sessions() if day <= evening.date())
    if way.keeping != "by moment":
        last -= timedelta(rng.randrange(40))
    return {
        "side": "stores",
        "what": what,
        "way": way.name,
        "now": evening.isoformat(),
        "first": (last - timedelta(rng.randrange(5, 12 if way.keeping == "by moment" else 90))).isoformat(),
        "last": last.isoformat(),
        "on_bad": "raise",
        "on_truncated": "raise",
        "asks": rng.randrange(1, 4),
        "damages": [[rng.choice(DAMAGES), rng.randrange(2**32)] for _ in range(rng.randrange(1, 4))],
        "after": rng.randrange(1, 8),
        "later": rng.choice([0, 0, 0.001, 0.003, 0.01, 0.03]),
    }


def smaller(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    damages = plan["damages"]
    for n in range(len(damages)):
        if len(damages) > 1:
            yield {**plan, "damages": damages[:n] + damages[n + 1 :]}
    if plan["asks"] > 1:
        yield {**plan, "asks": 1}


class _Run(Asks):
    def run(self) -> Verdict:
        getattr(self, self.plan["what"])()
        return self.verdict

    def fetched(self, client: kd.Client) -> None:
        """Fetch the range in so many steps, so that blocks are written several times."""
        days = (self.last - self.first).days
        for n in range(1, self.plan["asks"] + 1):
            self.ask(client, self.last - timedelta(days * n // self.plan["asks"]))

    def true_afterwards(self) -> None:
        with self.client() as client:
            frame, error, told = self.ask(client, offline=True)
            if error is not None and not isinstance(error, kd.NotCached):
                self.verdict.problem("kept", f"offline: {type(error).__name__}: {error}")
            self.judge("offline", frame, error, told, set(), kept=True)
            frame, error, told = self.ask(client)
            self.judge("healthy", frame, error, told, set(), kept=True)
            self.verdict.outcome = "right" if error is None else "error"
        with self.client() as client:
            frame, error, told = self.ask(client, offline=True)
            self.judge("offline again", frame, error, told, set(), kept=True)
            if told:
                self.verdict.problem("kept", f"offline again: {[each.__name__ for each in told]}")

    # --- damaged files -----------------------------------------------------------------------

    def damage(self) -> None:
        with self.client() as client:
            self.fetched(client)
        every = sorted(path for path in Path(self.folder).rglob("*") if path.is_file())
        files = [path for path in every if path.suffix != ".lock"]
        before = {path: path.read_bytes() for path in files}
        with self.client() as client:
            self.ask(client, refresh=True)
        for what, draw in self.plan["damages"]:
            rng = random.Random(draw)
            there = [path for path in files if path.exists()]
            if there:
                spoil(what, rng.choice(there), there, before, rng)
                self.verdict.fired.append(what)
        self.true_afterwards()

    # --- processes ---------------------------------------------------------------------------

    def start(self) -> subprocess.Popen[bytes]:
        words = (self.server.peer.url, self.folder, self.way.name, self.plan["now"], self.plan["first"])
        command = [sys.executable, "-c", CHILD, *words, self.plan["last"]]
        alone = {**os.environ, "POLARS_MAX_THREADS": "1"}
        return subprocess.Popen(command, stderr=subprocess.PIPE, env=alone)

    def kill(self) -> None:
        """Kill a process at one of its requests, or when it writes."""
        running = self.start()
        self.server.until(self.plan["after"], running)
        with suppress(subprocess.TimeoutExpired):
            running.wait(self.plan["later"])  # any moment is good
        running.send_signal(signal.SIGKILL)
        running.communicate(timeout=60)
        self.verdict.fired.append(f"killed at request {self.plan['after']}")
        self.true_afterwards()

    def two(self) -> None:
        both = [self.start(), self.start()]
        for running in both:
            _, said = running.communicate(timeout=120)
            if running.returncode:
                self.verdict.problem("untyped", f"a process ended with {said.decode()[-300:]}")
        self.verdict.fired.append("two processes")
        self.true_afterwards()


def spoil(what: str, path: Path, files: list[Path], before: Mapping[Path, bytes], rng: random.Random) -> None:
    """Damage one file."""
    content = bytearray(path.read_bytes())
    at = rng.randrange(len(content)) if content else 0
    if what == "flip" and content:
        content[at] ^= 1 << rng.randrange(8)
    elif what == "cut":
        del content[at:]
    elif what == "zero":
        content[at : at + 200] = bytes(len(content[at : at + 200]))
    elif what == "empty":
        content.clear()
    elif what == "append":
        content += rng.randbytes(50)
    elif what == "swap":
        other = rng.choice(files)
        content = bytearray(other.read_bytes())
    elif what == "old":
        content = bytearray(before[path])
    if what == "gone":
        path.unlink()
    else:
        path.write_bytes(content)


def child(url: str, folder: str, way: str, now: str, first: str, last: str) -> None:
    """What a process does that others disturb: it asks for the range, in three steps."""
    moment, begin, end = datetime.fromisoformat(now), date.fromisoformat(first), date.fromisoformat(last)
    with kd.Client(
        base_url=url, app_key="a-key", app_secret="a-secret", quota=None, state=False, cache=folder,
        clock=lambda: moment, progress=False,
    ) as client:  # fmt: skip
        for n in (1, 2, 3):
            WAYS[way].ask(client, end - (end - begin) * n // 3, end)


def run(plan: Mapping[str, Any]) -> Verdict:
    with tempfile.TemporaryDirectory(prefix="prove-", dir=memory()) as folder:
        return _Run({**plan, "faults": []}, folder).run()
