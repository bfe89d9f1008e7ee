"""Record the open, trades and order books, until a time of the session: python record_open.py [HH:MM]"""

import sys
from datetime import time
from pathlib import Path

import polars as pl

import kiwoomdata as kd

kd.use("simulator")  # kd.use("real")

UNTIL = time.fromisoformat(sys.argv[1] if sys.argv[1:] else "09:30")
SYMBOLS = ["005930", "000660", "035420"]
FOLDER = Path("open")

with kd.stream_to_frame(SYMBOLS, feeds=("trade", "orderbook"), window="1m", record=FOLDER) as live:
    for event in live:
        if isinstance(event, kd.Gap):
            print(f"not heard: {event.since} to {event.until}, {event.reason}")
        elif event.frame["time"].max().time() >= UNTIL:  # by the server's clock
            break

trades = kd.ticks(FOLDER, feed="trade").filter(pl.col("time").dt.time() < UNTIL).collect()
print(
    trades.group_by("symbol", maintain_order=True).agg(
        first=pl.col("time").first().dt.time(),
        open=pl.col("price").first(),
        last=pl.col("price").last(),
        bought=pl.col("quantity").filter(side="buy").sum(),
        sold=pl.col("quantity").filter(side="sell").sum(),
    )
)
