"""A lake of 13 million rows, summed by a Dask cluster of two workers with a thread each, beside polars."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import distributed
import polars as pl

import kiwoomdata as kd
import kiwoomdata.dask
from benchmarks.lake import CANDLES, YEARS, year_of_rows
from benchmarks.timing import hold, in_turn, ratio, table
from kiwoomdata.lake import updating
from kiwoomdata.lake.files import Files, Manifest

ONE_THREAD = {"POLARS_MAX_THREADS": "1", "OMP_NUM_THREADS": "1"}


def sums(part: str) -> pl.DataFrame:
    """What a worker makes of one file."""
    rows = pl.scan_parquet(part, hive_partitioning=False)
    return rows.group_by("symbol").agg(pl.col("value").sum()).collect()


def main() -> None:
    with tempfile.TemporaryDirectory() as place:
        files = Files(Path(place) / "lake")
        files.make()
        manifest = Manifest(table="candles", api_id="ka10081")
        for year in YEARS:
            updating.put_rows(files, manifest, CANDLES, year_of_rows(year))
        lake, parts = kd.Lake(files.folder), [str(part) for part in files.parts("candles")]
        with (
            distributed.LocalCluster(
                n_workers=2, threads_per_worker=1, host="127.0.0.1", dashboard_address="127.0.0.1:0",
                env=ONE_THREAD,
            ) as workers,
            distributed.Client(workers) as cluster,
        ):  # fmt: skip
            measure(lake, parts, cluster)


def measure(lake: kd.Lake, parts: list[str], cluster: distributed.Client) -> None:
    def in_polars() -> dict[str, int]:
        rows = pl.scan_parquet(parts, hive_partitioning=False)
        return dict(rows.group_by("symbol").agg(pl.col("value").sum()).collect().rows())

    def as_a_dask_frame() -> dict[str, int]:
        return kd.dask.read(lake, "candles").groupby("symbol")["value"].sum().compute().to_dict()

    def as_steps_of_polars() -> dict[str, int]:
        found = cluster.gather(cluster.map(sums, parts, pure=False))
        return dict(pl.concat(found).group_by("symbol").agg(pl.col("value").sum()).rows())

    ways = {"polars": in_polars, "dask frame": as_a_dask_frame, "dask, polars by file": as_steps_of_polars}
    assert in_polars() == as_a_dask_frame() == as_steps_of_polars()
    times = in_turn(ways, 7)
    print(table(times, "polars"))
    print(hold("dask frame / polars", ratio(times, "dask frame", "polars"), most=4))
    print(hold("dask, polars by file / polars", ratio(times, "dask, polars by file", "polars"), most=2))


if __name__ == "__main__":
    sys.exit(main())
