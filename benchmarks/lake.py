"""A lake of 2,700 stocks by 20 years, made at random: written, scanned beside the bare files, one day more.

The rows are as those of ``kd.candles``: 13 million. Beside each figure stands the limit that it is held to.
"""

from __future__ import annotations

import random
import sys
import tempfile
import time
from datetime import date
from pathlib import Path

import polars as pl

import kiwoomdata as kd
from benchmarks.timing import in_turn, ratio, table
from kiwoomdata.calendar import trading_days
from kiwoomdata.kinds import VENUES
from kiwoomdata.lake import factors, updating
from kiwoomdata.lake.files import Files, Held, Manifest
from kiwoomdata.lake.tables import TABLES

CANDLES = TABLES["candles"]
YEARS = range(2006, 2026)
SYMBOLS = sorted(
    [f"{10 * n:06}" for n in range(1, 2601)]
    + [f"{n:04}A0" for n in range(60)]
    + [f"{n:05}K" for n in range(40)]
)
ONE = "005930"


def year_of_rows(year: int, days: list[date] | None = None) -> pl.DataFrame:
    days = days or trading_days(date(year, 1, 1), date(year, 12, 31))[:246]
    frame = pl.DataFrame({"symbol": SYMBOLS}).join(pl.DataFrame({"date": days}), how="cross")
    drawn = pl.int_range(frame.height).shuffle(seed=year)
    close = drawn % 499_000 + 1_000
    return frame.select(
        "date", "symbol", pl.lit("krx").cast(pl.Enum(VENUES)).alias("venue"), (close + 1).alias("open"),
        (close + 9).alias("high"), (close - 9).alias("low"), close.alias("close"),
        (drawn.shuffle(seed=1) % 9_999_991).alias("volume"),
        (drawn.shuffle(seed=2) * 1_000_003).alias("value"), (drawn % 999 - 500).alias("change"),
        pl.lit("up").cast(pl.Enum(["up", "down"])).alias("direction"),
        (drawn % 9_973 / 100).alias("turnover_pct"),
    )  # fmt: skip


def main() -> None:
    with tempfile.TemporaryDirectory() as place:
        files = Files(Path(place) / "lake")
        files.make()
        bare = Path(place) / "bare"
        manifest = Manifest(table="candles", api_id="ka10081", start=date(2006, 1, 2))
        written = plain = busy = 0.0
        rows = 0
        for year in YEARS:
            frame = year_of_rows(year)
            rows += frame.height
            begun, worked = time.perf_counter(), time.process_time()
            updating.put_rows(files, manifest, CANDLES, frame)
            busy += time.process_time() - worked
            between = time.perf_counter()
            (bare / f"year={year}").mkdir(parents=True)
            frame.write_parquet(bare / f"year={year}/part-0.parquet", row_group_size=65_536)
            written += between - begun
            plain += time.perf_counter() - between
        print(
            f"{rows:,} rows written in {written:.1f} s (limit 30), {busy:.1f} s of the processor; "
            f"bare files {plain:.1f} s"
        )
        events(files, manifest)
        scans(kd.Lake(files.folder), bare)
        one_day_more(files, manifest)


def events(files: Files, manifest: Manifest) -> None:
    """Two thousand splits of twelve hundred stocks."""
    draw = random.Random(1)
    lines = {
        (symbol, date(draw.choice(YEARS), draw.randint(1, 12), draw.randint(1, 28))): draw.choice(
            (0.02, 0.2, 0.5)
        )
        for symbol in draw.sample(SYMBOLS, 1200)
        for _ in range(draw.choice((1, 1, 2, 3)))
    }
    found = [
        (symbol, day, factor, 1 / factor, 1, 1, factors.CHECKED) for (symbol, day), factor in lines.items()
    ]
    frame = pl.DataFrame(found, factors.SCHEMA, orient="row").sort("symbol", "date")
    files.write_alone("factors/part-0.parquet", frame, {})
    first, last = date(2006, 1, 2), date(2025, 12, 31)
    manifest.held = {
        symbol: Held(first=first, last=last, oldest=first, newest=last, version=CANDLES.meaning)
        for symbol in SYMBOLS
    }
    files.write_manifest(manifest)


def scans(lake: kd.Lake, bare: Path) -> None:
    parts = sorted(bare.rglob("*.parquet"))
    day = pl.col("date") == date(2024, 1, 2)

    def plain() -> pl.LazyFrame:
        return pl.scan_parquet(parts, hive_partitioning=False)

    asked = {
        "one symbol x 20 years": (lambda rows: rows.filter(symbol=ONE), 11, 1.5),
        "one day x all": (lambda rows: rows.filter(day), 11, 1.5),
        "sum of values by symbol": (lambda rows: rows.group_by("symbol").agg(pl.col("value").sum()), 5, None),
        "all rows": (lambda rows: rows, 3, None),
    }
    for name, (of, rounds, limit) in asked.items():
        times = in_turn(
            {
                "bare files": lambda of=of: of(plain()).collect(),
                "lake": lambda of=of: of(lake.scan("candles")).collect(),
            },
            rounds,
        )
        print(
            f"\n{name}: {ratio(times, 'lake', 'bare files'):.2f} x" + (f" (limit {limit})" if limit else "")
        )
        print(table(times, "bare files"))
    for name, of, rounds in (
        ("adjusted, all rows", lambda rows: rows, 3),
        (
            "adjusted, mean close by symbol",
            lambda rows: rows.group_by("symbol").agg(pl.col("close").mean()),
            5,
        ),
        ("adjusted, one symbol", lambda rows: rows.filter(symbol=ONE), 11),
    ):
        times = in_turn(
            {
                "as traded": lambda of=of: of(lake.scan("candles")).collect(),
                "adjusted": lambda of=of: of(lake.scan("candles", adjusted=True)).collect(),
            },
            rounds,
        )
        print(f"\n{name}: {ratio(times, 'adjusted', 'as traded'):.2f} x (limit 2)")
        print(table(times, "as traded"))


def one_day_more(files: Files, manifest: Manifest) -> None:
    before = {part: part.stat().st_ino for part in files.parts("candles")}
    rows = year_of_rows(2025, [date(2025, 12, 31)])
    begun = time.perf_counter()
    updating.put_rows(files, manifest, CANDLES, rows)
    took = time.perf_counter() - begun
    changed = [part.parent.name for part in files.parts("candles") if part.stat().st_ino != before[part]]
    print(f"\none day more of {rows.height:,} symbols: {took:.2f} s, rewritten: {', '.join(changed)}")


if __name__ == "__main__":
    sys.exit(main())
