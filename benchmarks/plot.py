"""A year's dashboard, fetched and drawn, against the budget and against a bare line plot of the same data.

The budget is 1.5 s after imports, all in: 13 requests to the simulator, decoding, drawing and writing
a PNG. The bare plot draws the same columns as lines in as many axes with nothing else: no candles,
no labels, no fonts, no dates.
"""

from __future__ import annotations

import io
import time
from datetime import date
from typing import Any

import matplotlib as mpl

mpl.use("Agg")

import polars as pl
from matplotlib import pyplot as plt

import kiwoomdata as kd
from benchmarks.asking import client_at
from benchmarks.timing import in_turn, ratio, table
from kiwoomdata import plot

TODAY = date(2026, 11, 20)
YEAR, FIVE_YEARS = ("2025-11-20", "2026-11-19"), ("2021-11-22", "2026-11-19")
PANELS = (
    ("open", "high", "low", "close"),
    ("volume",),
    ("individual", "institution", "foreign"),
    ("program",),
)
BUDGET = 1.5


def written(figure: Any) -> int:
    file = io.BytesIO()
    figure.savefig(file, format="png", dpi=100)
    plt.close(figure)
    return len(file.getvalue())


def bare(frame: pl.DataFrame) -> int:
    figure, axes = plt.subplots(len(PANELS), 1, figsize=(11, 8.2), sharex=True)
    for ax, names in zip(axes, PANELS, strict=True):
        for name in names:
            ax.plot(frame[name].to_numpy())
    return written(figure)


def main() -> None:
    with kd.simulator.start(seed=1, today=TODAY, rate=None) as server:
        client = client_at(server)
        started = time.perf_counter()
        size = written(plot.dashboard("005930", *YEAR, client))
        first = time.perf_counter() - started
        rows = kd.daily_prices("005930", *YEAR, client=client)
        long = kd.daily_prices("005930", *FIVE_YEARS, client=client)
        book = kd.orderbook_snapshot("005930", client=client)
        times = in_turn(
            {
                "bare lines, drawn": lambda: bare(rows),
                "dashboard, fetched and drawn": lambda: written(plot.dashboard("005930", *YEAR, client)),
                "candles, drawn": lambda: written(plot.candles(rows).figure),
                "candles of five years, drawn": lambda: written(plot.candles(long).figure),
                "investor flows, drawn": lambda: written(plot.investor_flows(rows).figure),
                "order book, drawn": lambda: written(plot.orderbook(book).figure),
            },
            rounds=7,
        )
        client.close()
    print(
        f"{rows.height} days, {long.height} days; to PNG at 100 dpi, {size / 1000:.0f} kB for the dashboard"
    )
    print(table(times, "bare lines, drawn"))
    print(
        f"the first dashboard of the process, a market to be made up included: {first:.2f} s; "
        f"budget {BUDGET} s; later {ratio(times, 'dashboard, fetched and drawn', 'bare lines, drawn'):.1f} "
        "x the bare lines"
    )
    assert first < BUDGET, f"{first:.2f} s"


if __name__ == "__main__":
    main()
