"""Live messages through ``stream_to_frame``, against loops that only receive.

``python -m benchmarks.stream [--minutes 1] [--only rates,ordinary,window,frames,bars,latency,soak]``

A server in a process of its own sends frames prepared beforehand: one 0B message each, all 43 FIDs filled,
as the live server sends them. Rates are compared pair by pair in one run, because machines drift.
"""

from __future__ import annotations

import argparse
import gc
import json
import random
import resource
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
import polars as pl
from websockets.sync.client import ClientConnection, connect
from websockets.sync.server import ServerConnection, serve

from benchmarks.timing import hold, in_turn, ratio, table, verdict
from kiwoomdata.client import Client
from kiwoomdata.entries.feeds import find_feed, write_values
from kiwoomdata.rest.credentials import Credentials
from kiwoomdata.rest.token import Token, TokenKeeper
from kiwoomdata.stream.bars import trade_bars
from kiwoomdata.stream.link import PATH
from kiwoomdata.stream.start import Live, stream_to_frame

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
        "transaction_cost_as_served": 156,
        "market_cap": 3_651_234,
        "strength": 112.31,
        "session": "2",
        "knock_out_distance_as_served": 0.0,
        "volume_ratio_same_time_as_served": 104.61,
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
        "cfd_cost_as_served": 0,
        "lending_cost_as_served": 0,
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
    cycle = len(frames) // each * each
    due = time.perf_counter()
    for sent in range(0, total, each):
        at = sent % cycle
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
    ours = median_ratio(found["stream_to_frame"], found["(b) receive + orjson.loads"])
    print(hold("stream, messages a second, x receive + orjson.loads", ours, least=0.85))


# --- an ordinary day -----------------------------------------------------------------------------


def ordinary(blast: Blast, rounds: int = 7, seconds: float = 5.0) -> None:
    """CPU at the busiest moment that was recorded."""
    each = 10
    total = int(PEAK * seconds) // each * each

    def paced() -> None:
        blast.send(total, each=each, seconds=each / PEAK)

    def plainly() -> float:
        with plain(blast) as socket:
            started = time.process_time()
            paced()
            for _ in range(total):
                orjson.loads(socket.recv(decode=False))
            return time.process_time() - started

    def streamed() -> float:
        with streaming(blast, window="60m") as live:
            started = time.process_time()
            paced()
            assert live.wait(rows=total, seconds=60), live.stats
            return time.process_time() - started

    used = [(plainly(), streamed()) for _ in range(rounds + 1)][1:]
    bare, ours = (statistics.median(each) / seconds for each in zip(*used, strict=True))
    print(f"{PEAK} messages/s: receive + orjson.loads {bare:.3f} cores, stream_to_frame {ours:.3f}")
    print(hold("stream, CPU at that rate, x (b)", statistics.median(b / a for a, b in used), most=1.8))


# --- a window that grows -------------------------------------------------------------------------


def window(blast: Blast, rounds: int = 7, total: int = 100_000) -> None:
    print(f"a window of one minute and of an hour at {PEAK} rows a second, {rounds} rounds, in turn with (b)")
    for name, rows in (("1 minute", 60 * PEAK), ("60 minutes", 3600 * PEAK)):
        ratios, reads = [], []
        against = [receive(blast, total, orjson.loads) for _ in range(rounds)]
        before = memory()
        with streaming(blast, rows=rows) as live:
            blast.send(rows)
            assert live.wait(rows=rows, seconds=600)
            for n in range(1, rounds + 1):
                started = time.perf_counter()
                blast.send(total)
                assert live.wait(rows=rows + n * total, seconds=60)
                ratios.append(total / (time.perf_counter() - started))
                reads += timed(live.frame, 20)
            assert live.frame().height == rows
            assert live.stats.dropped == 0
            live.wait(seconds=1)  # what a burst left behind is given back
            held, size = memory() - before, live.frame().estimated_size() / 1e6
        rate, beside = statistics.median(ratios), statistics.median(against)
        print(
            f"  {name:10} {rows:9,} rows   {rate:9,.0f} messages/s ({rate / beside:.2f} x (b) before it)   "
            f"frame() median {1000 * statistics.median(reads):.2f} ms   "
            f"memory {held:,.0f} MB, of the frame {size:,.0f}"
        )
        if rows > 1_000_000:
            print(hold("stream, memory of a window, x its frame", held / size, most=1.3))
        gc.collect()


# --- reading -------------------------------------------------------------------------------------


def timed(call: Callable[[], Any], times: int) -> list[float]:
    seconds = []
    for _ in range(times):
        started = time.perf_counter()
        call()
        seconds.append(time.perf_counter() - started)
    return seconds


def quantile(values: Sequence[float], part: float) -> float:
    return sorted(values)[min(len(values) - 1, int(part * len(values)))]


def frames(blast: Blast) -> None:
    print("live.frame(), 43 FIDs")
    for rows, limit in ((300_000, 2), (1_000_000, 10)):
        with streaming(blast, rows=rows) as live:
            blast.send(rows + 50_000)
            assert live.wait(rows=rows + 50_000, seconds=600)
            idle = timed(live.frame, 300)
            assert live.frame().height == rows
            rounds = []
            for _ in range(7):
                blast.send(10_000, each=25, seconds=0.005)
                rounds.append(timed(live.frame, 300))
                live.wait(seconds=2)
            busy = [seconds for some in rounds for seconds in some]
            worst = 1000 * statistics.median(quantile(some, 0.99) for some in rounds)
            query = live.frame().lazy().group_by("symbol").agg(pl.col("quantity").sum())
            summed = timed(query.collect, 5)
        for name, seconds in (("nothing new", idle), ("while 5,000/s arrive", busy)):
            median, tail = 1000 * statistics.median(seconds), 1000 * quantile(seconds, 0.99)
            print(f"  {rows:9,} rows, {name:20} median {median:6.2f} ms   p99 {tail:6.2f} ms")
        print(hold(f"stream, p99 of frame() in ms, {rows:,} rows at 5,000/s", worst, most=limit))
        print(f"  {rows:9,} rows, a group_by on it        median {1000 * statistics.median(summed):6.1f} ms")


# --- bars ----------------------------------------------------------------------------------------


def day_of_trades(rows: int) -> pl.DataFrame:
    """A session of trades that are all different, in pieces as a window holds them."""
    symbols, sides = pl.Series(SYMBOLS), pl.Series(["buy", "sell"], dtype=pl.Enum(["buy", "sell"]))
    rng = random.Random(1)
    which = pl.Series([rng.randrange(len(SYMBOLS)) for _ in range(rows)])
    at = (pl.int_range(rows) * (390 * 60 * 1_000_000) // rows + 1_795_132_800_000_000).cast(
        pl.Datetime("us", "UTC")
    )
    frame = pl.select(
        symbol=symbols.gather(which),
        venue=pl.lit("krx", pl.Enum(["krx", "nxt", "all"])),
        time=at.dt.convert_time_zone("Asia/Seoul").dt.truncate("1s"),
        received_at=at.dt.convert_time_zone("Asia/Seoul"),
        price=60_000 + 100 * pl.Series([rng.randrange(20) for _ in range(rows)]),
        quantity=pl.Series([rng.randint(1, 2000) for _ in range(rows)]),
        side=sides.gather(pl.Series([rng.randrange(2) for _ in range(rows)])),
    ).with_columns(cumulative_volume=pl.col("quantity").cum_sum().over("symbol"))
    return pl.concat([frame[n : n + 65_536] for n in range(0, rows, 65_536)], rechunk=False)


def plain_bars(trades: pl.DataFrame) -> pl.DataFrame:
    price, quantity, side = pl.col("price"), pl.col("quantity"), pl.col("side")
    return trades.group_by(pl.col("time").dt.truncate("1m"), "symbol", "venue").agg(
        price.first().alias("open"),
        price.max().alias("high"),
        price.min().alias("low"),
        price.last().alias("close"),
        quantity.sum().alias("volume"),
        quantity.filter(side == "buy").sum().alias("buy_volume"),
        quantity.filter(side == "sell").sum().alias("sell_volume"),
        (price * quantity).sum().alias("value"),
        pl.len().alias("trades"),
    )


def bars(blast: Blast, rows: int = 1_000_000) -> None:
    trades = day_of_trades(rows)
    items = trades.select("symbol", "venue").unique()
    known = items.with_columns(pl.lit(0, pl.Int64).alias("_stretch"), pl.lit(None, pl.Int64).alias("clock"))
    times = in_turn(
        {
            "plain polars": lambda: plain_bars(trades),
            "bars, judged": lambda: trade_bars(trades, timedelta(minutes=1), items=known),
        },
        rounds=7,
    )
    print(f"bars of a minute, {rows:,} trades that are all different")
    print(table(times, "plain polars"))
    print(hold("bars, x plain polars", ratio(times, "bars, judged", "plain polars"), most=1))


# --- how soon a row is seen ----------------------------------------------------------------------


def latency(blast: Blast, seconds: float = 20.0, rate: int = 5_000) -> None:
    seen, waits = 0, []
    with streaming(blast, rows=1_000_000) as live:
        total = int(rate * seconds)
        blast.send(total, each=25, seconds=25 / rate)
        while seen < total:
            frame = live.frame()
            now = time.time()
            new = frame["received_at"][seen:].to_physical()
            waits += [now - stamp / 1_000_000 for stamp in new]
            seen = frame.height
            time.sleep(0.001)
        stats = live.stats
    median, tail = 1000 * statistics.median(waits), 1000 * quantile(waits, 0.99)
    print(
        f"from arrival to being seen in frame(), {rate:,} frames/s for {seconds:g} s: median {median:.2f} ms "
        f"(limit 5), p99 {tail:.2f} ms (limit 50), worst {1000 * max(waits):.1f} ms; dropped {stats.dropped}"
    )


# --- a day in minutes ----------------------------------------------------------------------------


def memory() -> float:
    """Megabytes of this process that are in memory."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize() / 1e6


def soak(blast: Blast, minutes: float, plot: str = "") -> None:
    rate, each = 20 * PEAK, 95
    total = int(rate * 60 * minutes) // each * each
    span = min(60.0, 15 * minutes)
    samples: list[tuple[float, float]] = []
    with streaming(blast, window=f"{span:g}s") as live:
        began, cpu = time.perf_counter(), time.process_time()
        blast.send(total, each=each, seconds=each / rate)
        while not live.wait(rows=total, seconds=0.5):
            samples.append((time.perf_counter() - began, memory()))
            live.frame()
        passed, used = time.perf_counter() - began, time.process_time() - cpu
        stats, rows = live.stats, live.frame().height
    assert stats.received == total
    steady = [megabytes for moment, megabytes in samples if moment > 2 * span]
    print(
        f"{rate:,} frames/s (20 x {PEAK}) for {passed:.0f} s, window {span:g} s: {stats.decoded:,} rows, "
        f"{total / passed:,.0f}/s, dropped {stats.dropped}, gaps {stats.gaps}, {used / passed:.2f} cores"
    )
    if steady:
        half = len(steady) // 2
        print(
            f"  memory once the window was full ({rows:,} rows): {min(steady):.0f} to {max(steady):.0f} MB; "
            f"median of its first half {statistics.median(steady[: half or 1]):.0f}, "
            f"of its second {statistics.median(steady[half:]):.0f}"
        )
    print("  " + curve([megabytes for _, megabytes in samples]))
    if plot:
        import matplotlib.pyplot as plt

        figure, axes = plt.subplots()
        axes.plot(*zip(*samples, strict=True))
        axes.set(xlabel="seconds", ylabel="memory, MB", ylim=(0, None), title=f"{rate:,} frames/s")
        figure.savefig(plot)


def curve(values: list[float], width: int = 60) -> str:
    """Memory over time, from nothing to its most."""
    step = max(1, len(values) // width)
    marks = "▁▂▃▄▅▆▇█"
    top = max(values, default=1.0)
    return "".join(marks[min(7, int(8 * value / top))] for value in values[::step])


def main(argv: Sequence[str] = ()) -> None:
    parser = argparse.ArgumentParser(prog="benchmarks.stream", description=__doc__)
    parser.add_argument("--minutes", type=float, default=1.0, help="how long the soak lasts")
    parser.add_argument("--only", default="rates,ordinary,window,frames,bars,latency,soak")
    parser.add_argument("--plot", default="", help="a file for the soak's memory over time")
    options = parser.parse_args(argv)
    parts: dict[str, Callable[[Blast], None]] = {
        "rates": rates,
        "ordinary": ordinary,
        "window": window,
        "frames": frames,
        "bars": bars,
        "latency": latency,
        "soak": lambda blast: soak(blast, options.minutes, options.plot),
    }
    for name in options.only.split(","):
        blast = Blast()
        try:
            parts[name](blast)
        finally:
            blast.close()


if __name__ == "__main__":
    if "--serve" in sys.argv:
        run_server()
    else:
        main(sys.argv[1:])
        print(verdict())
