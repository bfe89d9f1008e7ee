"""The package beside its peers: ``python -m benchmarks.peers [JOB ...]``.

All jobs together write docs/reference/benchmarks.md. Each peer is installed in an environment of its own,
.venv-peers/NAME. The candidates of a job take turns, each in a process that has prepared before; a ratio is
the median of the rounds' ratios.
"""

from __future__ import annotations

import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from importlib.metadata import version
from pathlib import Path
from typing import Any

import polars as pl

import kiwoomdata as kd
from benchmarks.peers.serving import FIRST, LAST, LIVE, pages
from benchmarks.timing import ratio
from kiwoomdata.calendar import trading_days

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "reference" / "benchmarks.md"
YEAR = ("2025-11-17", "2026-11-13")

PEERS: Mapping[str, tuple[str, ...]] = {
    "kiwoom-client": ("kiwoom-client==0.4.0", "pandas"),
    "kiwoom-restful": ("kiwoom-restful==0.4.0",),
    "pykiwoom-rest": ("pykiwoom-rest==2.2.0", "pandas"),
    "pyrate-limiter": ("pyrate-limiter==4.5.1",),
    "mplfinance": ("mplfinance==0.12.10b0", "six", "pyarrow"),
}

LACKS: Mapping[str, str] = {
    "orjson.loads": "nothing but the JSON: no types, no signs",
    "urllib3, bytes alone": "bytes, unread: the limit",
    "json + pandas, row by row": "typed; no check of keys, days or ends",
    "requests + pandas by hand": "typed; no check of keys, days or ends, no retry, no quota",
    "kiwoomdata, warm store": "no request",
    "kiwoom-client": "prices keep their sign (−54,500), `--714` stays a text, units as served",
    "pykiwoom-rest": "investor columns by a general rule of signs, units as served",
    "kiwoom-restful": "day candles alone; one blank cell fails the frame",
    "kiwoom-client, burst 5": "the server refuses more than five in any second",
    "kiwoom-client, burst 1": "by its timing alone a sixth may fall into a second",
    "polars, scan_parquet, sorted": "a file a symbol, written before; does not know what is missing",
    "DuckDB, sorted": "the same files",
    "receive + orjson.loads": "each message a dict of texts: the limit",
    "receive + json.loads": "each message a dict of texts",
    "kiwoom-client, a list of texts": "a dict of texts for each message, no gap is marked",
    "kiwoom-client, normalize + DataFrame": "prices keep their sign, columns are numbers of FIDs",
    "polars, scan_parquet of typed rows": "rows that somebody has typed before: the limit",
    "orjson.loads of the messages": "each message a dict of texts",
    "mplfinance": "the same candles, volume and three averages",
}


@dataclass(frozen=True)
class Job:
    title: str
    against: str
    candidates: tuple[str, ...]
    given: Mapping[str, Any] = field(default_factory=dict)
    name: str = ""
    rounds: int = 7


OURS = "kiwoomdata"
HISTORY = (
    *("urllib3, bytes alone", "requests + pandas by hand"),
    *("kiwoomdata, no store", "kiwoomdata, cold store", "kiwoomdata, warm store", "kiwoom-client"),
)
WARM = ("polars, scan_parquet, sorted", "DuckDB, sorted", OURS)
JOBS: Mapping[str, Job] = {
    "parse": Job(
        "Parse: ten years of ka10086, 125 pages of 20 rows, 22 keys, from bytes to one frame",
        *(
            "orjson.loads",
            ("orjson.loads", OURS, "json + pandas, row by row", "kiwoom-client", "pykiwoom-rest"),
        ),
    ),
    "parse candles": Job(
        "Parse: the same days as ka10081, pages of 600 rows, 7 keys",
        *("orjson.loads", ("orjson.loads", OURS, "kiwoom-restful")),
    ),
    "ten years": Job(
        "Ten years of one symbol over a socket, 125 pages, no quota",
        *("requests + pandas by hand", HISTORY),
        {"symbols": 1, "pages_each": 125, "start": str(FIRST), "end": str(LAST)},
        name="history",
    ),
    "fifty symbols": Job(
        "Fifty symbols by a year over a socket, 650 pages, no quota, four at a time",
        *("requests + pandas by hand", HISTORY),
        {"symbols": 50, "pages_each": 13, "start": str(trading_days(FIRST, LAST)[-260]), "end": str(LAST)},
        name="history",
    ),
    "warm 200": Job(
        "200 symbols by a year, read again",
        *("polars, scan_parquet, sorted", WARM, {"symbols": 200}),
        name="warm",
    ),
    "warm 2,000": Job(
        "2,000 symbols by a year, read again",
        *("polars, scan_parquet, sorted", WARM, {"symbols": 2_000}),
        name="warm",
    ),
    "live": Job(
        f"Live: {LIVE:,} messages of one trade with 43 FIDs, connection and login included",
        "receive + orjson.loads",
        (
            *("receive + orjson.loads", "receive + json.loads", "kiwoomdata, typed frame"),
            *("kiwoom-client, a list of texts", "kiwoom-client, normalize + DataFrame"),
        ),
        {"messages": LIVE},
    ),
    "ticks": Job(
        "200,000 recorded trades with 43 FIDs, read again",
        "polars, scan_parquet of typed rows",
        ("polars, scan_parquet of typed rows", "kiwoomdata, read before", "orjson.loads of the messages"),
    ),
    "chart": Job("Candles of three years, volume, three averages, to PNG", OURS, (OURS, "mplfinance")),
    "quota": Job(
        "Quota: five a second for 20 seconds, four threads",
        *(
            OURS,
            (OURS, "kiwoom-client, burst 5", "kiwoom-client, burst 1", "pyrate-limiter"),
            {"seconds": 20.0},
        ),
        rounds=1,
    ),
}


def environment(candidate: str) -> str:
    """The interpreter of a candidate: its peer's own, or this one."""
    peer = next((peer for peer in PEERS if candidate.startswith(peer)), None)
    if peer is None:
        return sys.executable
    folder = ROOT / ".venv-peers" / peer
    python = folder / "bin" / "python"
    if not (folder / "made").exists():
        subprocess.run([sys.executable, "-m", "venv", folder], check=True)
        subprocess.run(
            [python, "-m", "pip", "--disable-pip-version-check", "-q", "install", *PEERS[peer]], check=True
        )
        (folder / "made").touch()
    return str(python)


class Worker:
    def __init__(self, job: str, candidate: str, given: Mapping[str, Any]) -> None:
        script = str(Path(__file__).with_name("work.py"))
        self._process = subprocess.Popen(
            [environment(candidate), script, job, candidate, json.dumps(dict(given))],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": str(ROOT) if environment(candidate) == sys.executable else ""},
        )
        if self._line() != "ready\n":
            raise SystemExit(f"{candidate} did not begin")

    def run(self) -> dict[str, Any]:
        assert self._process.stdin is not None
        self._process.stdin.write("\n")
        self._process.stdin.flush()
        line = self._line()
        if not line:
            raise SystemExit("a candidate ended in the middle of its job; what it said stands above")
        answer: dict[str, Any] = json.loads(line)
        return answer

    def _line(self) -> str:
        assert self._process.stdout is not None
        return self._process.stdout.readline()

    def close(self) -> None:
        self._process.kill()
        self._process.communicate()


@contextmanager
def serving() -> Iterator[tuple[str, str]]:
    command = [sys.executable, "-m", "benchmarks.peers.serving"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT)
    try:
        assert process.stdout is not None
        rest, live = process.stdout.readline().split()
        yield f"http://127.0.0.1:{rest}", f"ws://127.0.0.1:{live}"
    finally:
        process.kill()
        process.communicate()


def prepared(folder: Path, name: str, job: Job) -> dict[str, Any]:
    """What a job reads; what another job has left there is taken as it is."""
    from benchmarks.decode import ours
    from benchmarks.ticks import record

    names = {key: folder / key for key in ("pages", "candles", "ticks", "typed", "files", "store")}
    if not names["pages"].exists():
        names["pages"].write_bytes(b"\n".join(pages()))
        prices = ours(names["pages"].read_bytes().splitlines())
        prices.filter(pl.col("date") > date(2023, 11, 13)).sort("date").write_parquet(names["candles"])
    if name == "ticks":
        record(names["ticks"], 200_000)
        kd.ticks(names["ticks"]).collect().write_parquet(names["typed"])
    if job.name == "warm":
        year = ours(names["pages"].read_bytes().splitlines()).filter(
            pl.col("date").is_between(*map(date.fromisoformat, YEAR))
        )
        names |= {"files": folder / f"files of {name}", "store": folder / f"store of {name}"}
        names["files"].mkdir()
        for n in range(job.given["symbols"]):
            named = year.select(pl.lit(f"{100000 + n * 10}").alias("symbol"), pl.all())
            named.write_parquet(names["files"] / f"{n}.parquet")
    return {
        "folder": str(folder),
        "raw": f"{names['ticks']}/**/*.parquet",
        "start": YEAR[0],
        "end": YEAR[1],
        **{key: str(path) for key, path in names.items()},
        "files": f"{names['files']}/*.parquet",
        **job.given,
    }


def measured(name: str, job: Job, given: Mapping[str, Any]) -> dict[str, list[dict[str, Any]]]:
    """The answers of each candidate in each round, after one round that is not counted."""
    found: dict[str, list[dict[str, Any]]] = {candidate: [] for candidate in job.candidates}
    workers = {candidate: Worker(job.name or name, candidate, given) for candidate in job.candidates}
    try:
        for number in range(job.rounds + (job.rounds > 1)):
            for candidate, worker in workers.items():
                answer = worker.run()
                if number or job.rounds == 1:
                    found[candidate].append(answer)
    finally:
        for worker in workers.values():
            worker.close()
    if name != "quota":
        done = {str(answer["done"]) for answers in found.values() for answer in answers}
        assert len(done) == 1, f"{name}: not all did the same: {done}"
    return found


def rows(job: Job, found: Mapping[str, list[dict[str, Any]]]) -> Iterator[str]:
    yield f"| | median ms | × {job.against} | what it leaves out |"
    yield "|---|---:|---:|---|"
    times = {name: [answer["seconds"] for answer in answers] for name, answers in found.items()}
    for candidate, seconds in times.items():
        name = f"**{candidate}**" if candidate.startswith(OURS) else candidate
        median, against = 1000 * statistics.median(seconds), ratio(times, candidate, job.against)
        yield f"| {name} | {median:,.1f} | {against:.2f} | {LACKS.get(candidate, '')} |"


def quota_rows(job: Job, found: Mapping[str, list[dict[str, Any]]]) -> Iterator[str]:
    places = 5 * job.given["seconds"]
    yield "| | given | of the quota | most in any second | |"
    yield "|---|---:|---:|---:|---|"
    for candidate, ((given, most),) in (
        (name, [a["done"] for a in answers]) for name, answers in found.items()
    ):
        name = f"**{candidate}**" if candidate == OURS else candidate
        yield f"| {name} | {given} | {given / places:.1%} | {most} | {LACKS.get(candidate, '')} |"


HEAD = """# Beside the peers

What `make bench-peers` found on {today}, in one run: Python {python}, {cores} cores, polars {polars},
{load}. Machines differ, and so do their minutes: read the ratios. Candidates take turns, and a ratio is the
median of {rounds} rounds. Each peer runs in an environment of its own: {peers}. All of it is on this
machine: a server far away takes longer to answer than anything below, and five requests a second are longer
still. The vendor's own `kwcli` is left out: its licence forbids what a comparison needs.

"What it leaves out" says why a smaller number is not always the better one. `benchmarks/peers` writes this
page.
"""


def main() -> None:
    chosen = {name: JOBS[name] for name in sys.argv[1:] or JOBS}
    began, load = time.time(), os.getloadavg()[0]
    tables = []
    with tempfile.TemporaryDirectory() as place, serving() as (rest, live):
        for name, job in chosen.items():
            given = {**prepared(Path(place), name, job), "rest": rest, "live": live}
            lines = (quota_rows if name == "quota" else rows)(job, measured(name, job, given))
            tables.append("\n".join([f"## {job.title}", "", *lines]))
            print(f"\n{tables[-1]}", flush=True)
    head = HEAD.format(
        today=time.strftime("%Y-%m-%d"),
        python=platform.python_version(),
        cores=os.cpu_count(),
        polars=version("polars"),
        load=f"load {load:.1f} when it began",
        rounds=JOBS["parse"].rounds,
        peers=", ".join(f"{words[0].replace('==', ' ')}" for words in PEERS.values()),
    )
    if not sys.argv[1:]:
        PAGE.write_text("\n\n".join([head.rstrip(), *tables]) + "\n")
    print(f"\n{time.time() - began:.0f} s")


if __name__ == "__main__":
    main()
