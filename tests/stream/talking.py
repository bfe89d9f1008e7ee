"""What a server says in the tests of streams, and waiting for what follows from it."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime
from typing import Any

import polars as pl

from kiwoomdata.entries.feeds import find_feed, write_values
from kiwoomdata.kinds import KST
from kiwoomdata.stream.start import Live
from tests.ws_server import WsServer, real

NOON = datetime(2026, 11, 20, 12, 0, 0, tzinfo=KST)
TRADE, PROGRAM, ORDERBOOK = (find_feed(name) for name in ("trade", "program", "orderbook"))
Stream = Callable[..., Live]


def until(check: Callable[[], Any], seconds: float = 10.0) -> None:
    deadline = time.monotonic() + seconds
    while not check():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.005)


def trade_values(volume: int = 1000, quantity: int = 1, **row: Any) -> dict[str, str]:
    told = {"price": 60_000, "side": "buy", "quantity": quantity, "cumulative_volume": volume, **row}
    return write_values(TRADE, told) | {"20": row.get("clock", "115958"), "567": "000000", "568": "000000"}


def trade(volume: int = 1000, quantity: int = 1, item: str = "005930", **row: Any) -> str:
    return real(("0B", item, trade_values(volume, quantity, **row)))


def program(clock: str, **row: Any) -> tuple[str, str, dict[str, str]]:
    return ("0w", "005930", write_values(PROGRAM, row) | {"20": clock})


def volumes(frame: pl.DataFrame) -> list[int]:
    return frame["cumulative_volume"].to_list()


def cut(ws: WsServer, live: Live) -> None:
    """Cut the connection, and wait until everything is registered again."""
    connections, gaps = ws.connections, live.gaps.height
    ws.drop()
    ws.until(lambda: ws.connections > connections)
    until(lambda: live.gaps.height > gaps and live.gaps["until"].null_count() == 0)
