"""The warm store against a bare Parquet file of the same typed frame, and what a cold fetch asks for."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from datetime import date
from pathlib import Path

import polars as pl

import kiwoomdata as kd
from benchmarks.timing import in_turn, table
from kiwoomdata.arguments import body_of
from kiwoomdata.calendar import trading_days
from kiwoomdata.entries import ENDPOINTS
from kiwoomdata.store import Question, held

TODAY = date(2026, 11, 20)
START, END = date(2016, 9, 22), date(2026, 11, 13)


def main() -> None:
    with (
        tempfile.TemporaryDirectory() as folder,
        kd.simulator.start(seed=1, today=TODAY, now=_evening(), rate=None) as server,
    ):
        client = kd.Client(
            base_url=server.base_url,
            app_key=server.app_key,
            app_secret=server.app_secret,
            quota=None,
            state=False,
            cache=folder,
            clock=server.now,
            progress=False,
        )
        with client:
            ten_years(client, Path(folder))
            universe(client)
        opening(server, folder)


def _evening() -> object:
    from datetime import time as clock_time

    return clock_time(18, 30)


def ten_years(client: kd.Client, folder: Path) -> None:
    days = trading_days(START, END)
    cold = kd.daily_prices("005930", START, END, client=client)
    source = kd.provenance(cold)
    assert source is not None
    print(
        f"cold: {cold.height:,} rows, {source.requests} requests; "
        f"the fewest that the paging rules allow: {-(-len(days) // 20)}"
    )

    prices = ENDPOINTS["ka10086"]
    body = body_of(prices, {"symbol": "005930", "until": END})
    assert client.store is not None
    store, question = client.store, Question(prices, body, START, END, client.base_url, client.now())

    def warm() -> pl.DataFrame:
        answer = held(store, question)
        assert answer is not None
        assert answer.typed is not None
        return answer.typed

    typed = warm()
    file = folder / "bare.parquet"
    typed.write_parquet(file)
    assert typed.shape == (cold.height, 22)
    assert pl.read_parquet(file).equals(typed)
    times = in_turn(
        {
            "read_parquet, typed, bare file": lambda: pl.read_parquet(file),
            "store to typed frame": warm,
            "kd.daily_prices, warm": lambda: kd.daily_prices("005930", START, END, client=client),
        },
        rounds=31,
    )
    print(f"warm: {typed.height:,} x {typed.width}, store to typed frame")
    print(table(times, "read_parquet, typed, bare file"))


def universe(client: kd.Client) -> None:
    symbols = [f"{100000 + n * 10}" for n in range(200)]
    start, end = date(2025, 11, 17), date(2026, 11, 13)
    began = time.perf_counter()
    kd.daily_prices(symbols, start, end, client=client)
    print(f"200 symbols x 1 year, cold: {time.perf_counter() - began:.1f} s")
    for count in (25, 50, 100, 200):
        sent = client.transport.requests_sent
        kd.daily_prices(symbols[:count], start, end, client=client)
        began = time.perf_counter()
        frame = kd.daily_prices(symbols[:count], start, end, client=client)
        seconds = time.perf_counter() - began
        assert client.transport.requests_sent == sent
        print(
            f"  {count:3} symbols warm: {1000 * seconds:7.1f} ms, {1000 * seconds / count:.2f} ms each, "
            f"{frame.estimated_size() / 2**20:.1f} MiB, no request"
        )
    assert client.store is not None
    if not Path("/proc/self/status").exists():
        print("  resident memory is read from Linux' /proc, which is not here")
        return
    for count in (1, 50, 100, 200):
        command = [sys.executable, "-c", RESIDENT, client.base_url, str(client.store.path), str(count)]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        grown, size = map(float, done.stdout.split())
        print(
            f"  {count:3} symbols warm, resident memory of a process at its peak: {grown:5.1f} MiB more than "
            f"after the first symbol, beside a frame of {size:.1f} MiB"
        )


# Not ru_maxrss: a child inherits its parent's on Linux.
RESIDENT = """
import sys
from datetime import date, datetime
import kiwoomdata as kd
from kiwoomdata.kinds import KST

def peak():
    lines = open("/proc/self/status").read().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM:")) / 1024

client = kd.Client(
    base_url=sys.argv[1], app_key="k", app_secret="s", quota=None, state=False, cache=sys.argv[2],
    clock=lambda: datetime(2026, 11, 20, 18, 30, tzinfo=KST),
)
symbols = [f"{100000 + n * 10}" for n in range(int(sys.argv[3]))]
ask = lambda symbols: kd.daily_prices(
    symbols, date(2025, 11, 17), date(2026, 11, 13), client=client, offline=True
)
ask(symbols[:1])
before = peak()
frame = ask(symbols)
print(peak() - before, frame.estimated_size() / 2**20)
"""


COLD = """
import sys, time
import polars, requests, kiwoomdata as kd
client = kd.Client(base_url=sys.argv[1], app_key="k", app_secret="s", quota=None, state=False, cache=False)
from kiwoomdata import client as _
started = time.perf_counter()
from kiwoomdata.store.disk import Store, SeriesKey
store = Store(sys.argv[2])
assert store.load(SeriesKey(sys.argv[1], "ka10086", (("indc_tp", "0"), ("stk_cd", "005930"))), "typed")
print(1000 * (time.perf_counter() - started))
"""


def opening(server: kd.simulator.Server, folder: str) -> None:
    found = []
    for _ in range(7):
        done = subprocess.run(
            [sys.executable, "-c", COLD, server.base_url, folder], capture_output=True, text=True, check=True
        )
        found.append(float(done.stdout))
    print(
        f"opening the store and a first answer in a cold process: median {sorted(found)[3]:.1f} ms of {found}"
    )


if __name__ == "__main__":
    main()
