"""A day of recorded trades through ``kd.ticks``, against ``pl.scan_parquet`` of a typed file of them.

``python -m benchmarks.ticks [--rows 1000000]``
"""

from __future__ import annotations

import argparse
import random
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec
import polars as pl

import kiwoomdata as kd
from benchmarks.stream import SYMBOLS, trade_frame
from benchmarks.timing import hold, in_turn, ratio, table, verdict
from kiwoomdata.recording.record import Recorder

OPENED = 1_795_132_800_000_000
"""09:00 of 2026-11-20 in Seoul, in microseconds."""
DISTINCT = 100_000
"""Different messages; then they repeat."""


def main(argv: Sequence[str] = ()) -> None:
    parser = argparse.ArgumentParser(prog="benchmarks.ticks", description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    rows = parser.parse_args(argv).rows
    with tempfile.TemporaryDirectory() as place:
        folder, file = Path(place) / "ticks", Path(place) / "typed.parquet"
        raw = record(folder, rows)
        seconds = [first_read(folder) for _ in range(3)]
        print(f"{rows:,} trades with 43 FIDs, {raw / 1e6:.0f} MB of JSON")
        print(
            f"  first read: median {statistics.median(seconds):.2f} s of {len(seconds)}, "
            f"{1e6 / rows * statistics.median(seconds):.2f} s a million (limit 2.5 on an idle machine)"
        )
        kd.ticks(folder).collect().write_parquet(file)
        again(folder, file)


def record(folder: Path, rows: int) -> int:
    """Record so many trades; the bytes of their values."""
    rng, volumes, size = random.Random(1), dict[str, int](), 0
    frames = [trade_frame(rng, volumes)[4:] for _ in range(min(rows, DISTINCT))]
    entries = [msgspec.json.decode(frame, type=_Frame).data[0] for frame in frames]
    with Recorder(folder, flush_seconds=3600) as recorder:
        for n in range(rows):
            entry = entries[n % DISTINCT]
            recorder.add("0B", entry.item, bytes(entry.values), OPENED + n * 23_000)
            size += len(bytes(entry.values))
            if n % 50_000 == 49_999:
                recorder.flush()
    return size


class _Entry(msgspec.Struct):
    item: str
    values: msgspec.Raw


class _Frame(msgspec.Struct):
    data: list[_Entry]


def first_read(folder: Path) -> float:
    shutil.rmtree(folder.parent / f".{folder.name}.typed", ignore_errors=True)
    started = time.perf_counter()
    kd.ticks(folder).collect()
    return time.perf_counter() - started


def again(folder: Path, file: Path) -> None:
    one, two = pl.col("symbol") == SYMBOLS[50], ("symbol", "price")
    asked: dict[str, Callable[[pl.LazyFrame], pl.LazyFrame]] = {
        "all columns": lambda frame: frame,
        "two columns": lambda frame: frame.select(two),
        "one symbol": lambda frame: frame.filter(one),
        "two columns of one symbol": lambda frame: frame.filter(one).select(two),
    }
    for name, ask in asked.items():
        times = in_turn(
            {
                "scan_parquet": lambda ask=ask: ask(pl.scan_parquet(file)).collect(),
                "kd.ticks": lambda ask=ask: ask(kd.ticks(folder)).collect(),
            }
        )
        print(f"{name}, after the first read\n{table(times, 'scan_parquet')}")
        print(hold(f"ticks, {name}, x scan_parquet", ratio(times, "kd.ticks", "scan_parquet"), most=2))


if __name__ == "__main__":
    main(sys.argv[1:])
    print(verdict())
