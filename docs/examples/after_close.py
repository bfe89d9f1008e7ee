"""Collect the day after the close. Run it each evening of a trading day, from cron: 0 20 * * 1-5."""

from pathlib import Path

import polars as pl

import kiwoomdata as kd

kd.use("simulator")  # kd.use("real")

WATCHED = ["삼성전자", "SK하이닉스", "NAVER"]
START = "2026-01-02"
FOLDER = Path("collected")


def keep(name: str, frame: pl.DataFrame) -> None:
    """A snapshot, in a file of the day that it tells of."""
    file = FOLDER / name / f"{frame['date'].max()}.parquet"
    file.parent.mkdir(parents=True, exist_ok=True)
    kd.write_parquet(frame, file)
    print(f"{file.as_posix()}: {frame.height} rows")


# What the server tells of today alone, and nobody later.
keep("movers", kd.movers("all", top=100))
keep("most_traded", kd.most_traded("all", by="value", top=100))
keep("investors", kd.closing_investor_trades("all", measure="value"))
keep("themes", kd.themes())

# What it tells later too: the days that the lake lacks, final rows only.
lake = kd.Lake(FOLDER / "lake")
report = lake.update(WATCHED, what=("stocks", "candles", "investor_breakdown"), start=START)
print(f"lake: {report.series} series, {report.rows} rows, {len(report.failures)} failed")
