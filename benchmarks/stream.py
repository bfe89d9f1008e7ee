"""Live messages through ``stream_to_frame``, against loops that only receive.

``python -m benchmarks.stream [--minutes 1] [--only rates,window,frames,latency,soak]``

A server in a process of its own sends frames prepared beforehand: one 0B message each, all 43 FIDs filled,
as the live server sends them. Rates are compared pair by pair in one run, because machines drift.
"""

from __future__ import annotations

import gc
import json
import random
import statistics
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from datetime import time as clock
from pathlib import Path
from typing import Any

import orjson
from websockets.sync.client import ClientConnection, connect
from websockets.sync.server import ServerConnection, serve

from kiwoomdata.client import Client
from kiwoomdata.credentials import Credentials
from kiwoomdata.entries.feeds import find_feed, write_values
from kiwoomdata.stream.link import PATH
from kiwoomdata.stream.live import Live, stream_to_frame
from kiwoomdata.token import Token, TokenKeeper

TRADE = find_feed("trade")
SYMBOLS = [f"{n:06d}" for n in range(100, 300)]
PEAK = 817
"""Frames a second at the busiest moment that others recorded, for 325 symbols (2026)."""
DISTINCT = 20_000
"""Different frames; then they repeat."""


# --- the server ----------------------------------------------------------------------------------


def trade_frame(rng: random.Random, volumes: dict[str, int]) -> bytes:
    symbol, side = rng.choice(SYMBOLS), rng.choice(("buy", "sell"))
    price, quantity = rng.randint(600, 620) * 100, rng.randint(1, 2000)
    volume = volumes[symbol] = volumes.get(symbol, 1_000_000) + quantity
    row = {
        "time": clock(10, rng.randint(0, 59), rng.randint(0, 59)),
        "price": price,
        "ask": price + 100,
        "bid": price,
        "open": 61_000,
        "high": 62_100,
        "low": 59_900,
        "direction": "up",
        "change": rng.randint(1, 900),
        "change_pct": 1.37,
        "side": side,
        "quantity": quantity,
        "cumulative_volume": volume,
        "cumulative_value": volume * 61 // 1000,
        "volume_vs_previous": -5_000_123,
        "value_vs_previous": -123_456_789_000,
        "turnover_pct": 0.21,
        "volume_ratio_pct": -48.13,
        "transaction_cost": 156,
        "market_cap": 3_651_234,
        "strength": 112.31,
        "session": "2",
        "knock_out_distance": 0.0,
        "volume_ratio_same_time": 104.61,
        "open_time": clock(9, 0, 12),
        "high_time": "022506",
        "low_time": clock(9, 31, 4),
        "sell_volume": volume // 2,
        "buy_volume": volume - volume // 2,
        "buy_volume_pct": 52.17,
        "sell_count": 12_034,
        "buy_count": 13_021,
        "value": quantity * price // 1000,
        "sell_quantity": quantity * (side == "sell"),
        "buy_quantity": quantity * (side == "buy"),
        "net_buy_quantity": rng.randint(-99_999, 99_999),
        "cfd_margin": price * 4 // 10,
        "maintenance_margin": price * 32 // 100,
        "average_price": 61_012,
        "cfd_cost": 0,
        "lending_cost": 0,
        "venue_code": "KRX",
    }
    values = write_values(TRADE, row) | {"567": "000000", "568": "000000"}
    body = {"trnm": "REAL", "data": [{"type": "0B", "name": "주식체결", "item": symbol, "values": values}]}
    data = json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()
    return b"\x81\x7e" + struct.pack("!H", len(data)) + data


def run_server() -> None:
    """Answer LOGIN and REG; then send what the parent writes: ``total each seconds``."""
    rng, volumes = random.Random(1), dict[str, int]()
    frames = [trade_frame(rng, volumes) for _ in range(DISTINCT)]
    newest: list[ServerConnection] = []

    def handle(socket: ServerConnection) -> None:
        for text in socket:
            if b"LOGIN" in text.encode()[:20]:
                socket.send('{"trnm":"LOGIN","return_code":0,"return_msg":""}')
            else:
                newest[:] = [socket]
                socket.send('{"trnm":"REG","return_code":0,"return_msg":""}')

    with serve(handle, "127.0.0.1", 0, ping_interval=None, compression=None) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        print(server.socket.getsockname()[1], flush=True)
        for line in sys.stdin:
            total, each, seconds = (float(part) for part in line.split())
            with suppress(OSError):
                send(newest[0].socket, frames, int(total), int(each), seconds)


def send(raw: Any, frames: list[bytes], total: int, each: int, seconds: float) -> None:
    blobs: dict[int, bytes] = {}
    due = time.perf_counter()
    for sent in range(0, total, each):
        at = sent % DISTINCT
        if at not in blobs:
            blobs[at] = b"".join(frames[at : at + each])
        raw.sendall(blobs[at])
        due += seconds
        if (pause := due - time.perf_counter()) > 0:
            time.sleep(pause)


class Blast:
    """The server's process, and what it is told to send."""

    def __init__(self) -> None:
        command = [sys.executable, "-m", "benchmarks.stream", "--serve"]
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=Path(__file__).resolve().parents[1],
        )
        assert self._process.stdout is not None
        self.url = f"ws://127.0.0.1:{int(self._process.stdout.readline())}"

    def send(self, total: int, each: int = 100, seconds: float = 0.0) -> None:
        """``total`` frames, ``each`` at a time, every ``seconds``; 0 is as fast as they are read."""
        assert self._process.stdin is not None
        self._process.stdin.write(f"{total} {each} {seconds}\n")
        self._process.stdin.flush()

    def close(self) -> None:
        self._process.kill()
        self._process.communicate()


@contextmanager
def streaming(blast: Blast, **options: Any) -> Iterator[Live]:
    keys = Credentials("benchmark-key", "benchmark-secret")
    client = Client(
        base_url="http://127.0.0.1:9",
        ws_url=blast.url,
        app_key=keys.app_key,
        app_secret=keys.app_secret,
        state=False,
        cache=False,
    )
    token = Token("benchmark-token", datetime.now(UTC) + timedelta(days=1))
    client.transport.tokens = TokenKeeper(lambda: token, server="here", credentials=keys, folder=None)
    with stream_to_frame(SYMBOLS, client=client, reconnect=False, **options) as live:
        while not live.stats.connected:
            live.wait(seconds=0.05)
        yield live


@contextmanager
def plain(blast: Blast) -> Iterator[ClientConnection]:
    options: dict[str, Any] = {"ping_interval": None, "max_queue": 1024, "proxy": None}
    with connect(blast.url + PATH, **options) as socket:
        for text in ('{"trnm":"LOGIN","token":"x"}', '{"trnm":"REG"}', '{"trnm":"REG"}'):
            socket.send(text)
            socket.recv()
        yield socket


# --- rates ---------------------------------------------------------------------------------------


def receive(blast: Blast, total: int, use: Callable[[bytes], Any] | None) -> float:
    with plain(blast) as socket:
        started = time.perf_counter()
        blast.send(total)
        if use is None:
            for _ in range(total):
                socket.recv(decode=False)
        else:
            for _ in range(total):
                use(socket.recv(decode=False))
        return total / (time.perf_counter() - started)


def to_frames(blast: Blast, total: int, **options: Any) -> float:
    with streaming(blast, window="60m", **options) as live:
        started = time.perf_counter()
        blast.send(total)
        assert live.wait(rows=total, seconds=120), live.stats
        height = live.frame().height
        rate = total / (time.perf_counter() - started)
        assert height == total == live.stats.decoded, live.stats
        return rate


def median_ratio(a: list[float], b: list[float]) -> float:
    return statistics.median(x / y for x, y in zip(a, b, strict=True))


def rates(blast: Blast, total: int = 100_000, rounds: int = 7) -> None:
    candidates: dict[str, Callable[[], float]] = {
        "(a) receive": lambda: receive(blast, total, None),
        "(b) receive + orjson.loads": lambda: receive(blast, total, orjson.loads),
        "stream_to_frame": lambda: to_frames(blast, total),
        "stream_to_frame, 4 columns": lambda: to_frames(
            blast, total, columns=("price", "side", "quantity", "cumulative_volume")
        ),
    }
    found: dict[str, list[float]] = {name: [] for name in candidates}
    for number in range(rounds + 1):
        for name, run in candidates.items():
            gc.collect()
            rate = run()
            if number:
                found[name].append(rate)
    print(f"messages a second, {total:,} frames of one 0B message with 43 FIDs, {rounds} rounds")
    for name, values in found.items():
        against = median_ratio(values, found["(b) receive + orjson.loads"])
        spread = f"{min(values):9,.0f} to {max(values):9,.0f}"
        print(f"  {name:28} {statistics.median(values):9,.0f}   ({spread})   {against:.2f} x (b)")


def main(argv: Sequence[str] = ()) -> None:
    blast = Blast()
    try:
        rates(blast)
    finally:
        blast.close()


if __name__ == "__main__":
    if "--serve" in sys.argv:
        run_server()
    else:
        main(sys.argv[1:])
