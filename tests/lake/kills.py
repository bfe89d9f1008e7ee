"""Kill updates and compactions of a lake at any moment, and see that nothing is lost: the suite does it a few
times, ``python -m tests.lake.kills 50`` as often as one likes."""

from __future__ import annotations

import random
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from datetime import date
from datetime import time as clock
from pathlib import Path

import polars as pl

import kiwoomdata as kd
from kiwoomdata.lake.files import Files

CODES = ("005930", "000660", "0000D0", "035420", "005380")
WHAT = ("candles", "short_selling", "investor_breakdown")
START = "2025-07-01"

CHILD = """
import sys
from datetime import datetime
import kiwoomdata as kd
from kiwoomdata.kinds import KST
from kiwoomdata.lake import updating
from tests.lake.kills import disorder

updating.SHORTEST_STEP = updating.SHARE = 0  # each answer is a step
address, key, secret, folder, store, work, codes = sys.argv[1:]
now = datetime(2026, 11, 20, 18, 30, tzinfo=KST)
client = kd.Client(base_url=address, app_key=key, app_secret=secret, quota=None, state=False, cache=store,
                   clock=lambda: now, progress=False)
lake = kd.Lake(folder)
print("begun", flush=True)
if work == "update":
    lake.update(codes.split(","), what=%r, start=%r, client=client)
turn = 0
while work == "compact":
    turn += 1
    disorder(lake, turn)
    lake.compact()
print("done", flush=True)
""" % (WHAT, START)  # noqa: UP031 - braces stand in it


def disorder(lake: kd.Lake, seed: int) -> None:
    """Put a part in the place of another as a stranger would: shuffled, and some rows twice."""
    files = Files(lake.path)
    with files.lock():
        table = random.Random(seed).choice([name for name in WHAT if files.parts(name)])
        manifest = files.manifest(table)
        assert manifest is not None
        part = random.Random(seed).choice(files.parts(table))
        name = part.relative_to(lake.path / table).as_posix()
        rows = files.read(part, manifest.parts.pop(name, None))
        assert rows is not None
        files.write_manifest(manifest)
        files.write_alone(
            f"{table}/{name}", pl.concat([rows, rows.head(5)]).sample(fraction=1, shuffle=True), {}
        )


def child(
    server: kd.simulator.Server, lake: Path, store: Path, work: str, codes: str
) -> subprocess.Popen[str]:
    words = (server.base_url, server.app_key, server.app_secret, lake, store, work, codes)
    command = [sys.executable, "-c", CHILD, *map(str, words)]
    running = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert running.stdout is not None
    assert running.stdout.readline() == "begun\n"
    return running


def killed(running: subprocess.Popen[str], seconds: float) -> bool:
    """Kill it after a time; whether it was not done before."""
    with suppress(subprocess.TimeoutExpired):
        running.wait(seconds)
    running.kill()
    assert running.stdout is not None
    with running.stdout:
        said = running.stdout.read()
    assert running.wait() in (0, -9)
    return said == ""


def content(lake: Path) -> dict[str, bytes]:
    return {path.relative_to(lake).as_posix(): path.read_bytes() for path in lake.rglob("*.parquet")}


def kill(times: int, seed: int, folder: Path) -> int:
    """Kill so often; how many of the kills struck before the work was done."""
    chance, struck = random.Random(seed), 0
    with kd.simulator.start(seed=1, today=date(2026, 11, 20), now=clock(18, 30), rate=None) as server:
        store, calm, lake = folder / "store", folder / "calm", folder / "lake"
        codes = ",".join(CODES)
        begun = time.monotonic()
        assert not killed(child(server, calm, store, "update", codes), 300)
        whole = time.monotonic() - begun
        for number in range(times):
            if number % 3 == 2 and (lake / "_manifest/candles.json").exists():
                work, longest = "compact", 1.0
            else:
                work, longest = "update", whole / max(1, times / 4)
            struck += killed(child(server, lake, store, work, codes), chance.uniform(0, longest))
            if (lake / "_lake.json").exists():
                found = kd.Lake(lake).check()
                if work == "compact":  # what was in disorder is so still, or mended; nothing is broken
                    assert {*found["what"]} <= {"duplicate key", "not sorted"}, found
                    assert {*kd.Lake(lake).compact()["done"]} <= {"rewritten"}
                    found = kd.Lake(lake).check()
                assert found.is_empty(), found
                for table in WHAT:
                    if (lake / table).exists():
                        rows = pl.read_parquet(lake / table / "**/*.parquet", hive_partitioning=False)
                        assert not rows.select("symbol", "date").is_duplicated().any()
        assert not killed(child(server, lake, store, "update", codes), 300)
        assert content(lake) == content(calm)
        assert not any((lake / "_writing").iterdir())
    return struck


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as place:
        print(kill(int(sys.argv[1]), int((sys.argv[2:] or ["1"])[0]), Path(place)), "kills struck")
