"""The store, cold and warm, against no store and against bare Parquet files of the same typed rows."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from datetime import date, time
from pathlib import Path

import polars as pl

import kiwoomdata as kd
from benchmarks.asking import client_at
from benchmarks.timing import in_turn, table
from kiwoomdata.arguments import body_of
from kiwoomdata.calendar import trading_days
from kiwoomdata.entries import ENDPOINTS
from kiwoomdata.store import Question, held
from kiwoomdata.store.files import SeriesKey

TODAY, EVENING = date(2026, 11, 20), time(18, 30)
START, END = date(2016, 9, 22), date(2026, 11, 13)


def main() -> None:
    with (
        tempfile.TemporaryDirectory() as folder,
        kd.simulator.start(seed=1, today=TODAY, now=EVENING, rate=None) as server,
        client_at(server, folder) as client,
    ):
        cold(client)
        ten_years(client, Path(folder))
        opening(server, folder)
        universe(client, Path(folder))


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


def cold(client: kd.Client) -> None:
    """Ten years with the store and without, from a simulator that has made them already."""
    days = (date(2016, 9, 22), date(2026, 11, 13))
    assert client.store is not None

    def with_store() -> None:
        assert client.store is not None
        client.store.clear(everything=True)
        kd.daily_prices("005930", *days, client=client)

    def without() -> None:
        kept, client.store = client.store, None
        try:
            kd.daily_prices("005930", *days, client=client)
        finally:
            client.store = kept

    print("cold, ten years of one symbol")
    print(table(in_turn({"without a store": without, "with one": with_store}, rounds=7), "without a store"))


def universe(client: kd.Client, folder: Path) -> None:
    """Symbols by a year, warm, beside the same rows as one Parquet file a symbol, read and sorted."""
    start, end = date(2025, 11, 17), date(2026, 11, 13)
    symbols = [f"{100000 + n * 10}" for n in range(2_000)]
    assert client.store is not None
    copies(client, symbols, start, end)
    sent = client.transport.requests_sent
    for count in (200, 2_000):
        files = folder / f"parquet-{count}"
        files.mkdir()
        typed = client.store.load(_key(client, symbols[0]), "typed")
        assert typed is not None
        rows = pl.read_ipc_stream(typed[1])
        for symbol in symbols[:count]:
            rows.select(pl.lit(symbol).alias("symbol"), pl.all()).write_parquet(files / f"{symbol}.parquet")
        times = in_turn(
            {
                "scan_parquet, sorted": lambda files=files: (  # type: ignore[misc]
                    pl.scan_parquet(files / "*.parquet").sort("date", "symbol").collect()
                ),
                "kd.daily_prices, warm": lambda count=count: kd.daily_prices(  # type: ignore[misc]
                    symbols[:count], start, end, client=client
                ),
            },
            rounds=7,
        )
        print(f"{count:,} symbols x 1 year, warm, no request")
        print(table(times, "scan_parquet, sorted"))
    assert client.transport.requests_sent == sent
    if not Path("/proc/self/status").exists():
        print("  resident memory is read from Linux' /proc, which is not here")
        return
    for count in (1, 200, 2_000):
        command = [sys.executable, "-c", RESIDENT, client.base_url, str(client.store.path), str(count)]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        grown, size = map(float, done.stdout.split())
        print(
            f"  {count:,} symbols warm, resident memory of a process at its peak: {grown:5.1f} MiB more than "
            f"after the first symbol, beside a frame of {size:.1f} MiB"
        )


def _key(client: kd.Client, symbol: str) -> SeriesKey:
    return SeriesKey(client.base_url, "ka10086", (("stk_cd", symbol), ("indc_tp", "0")))


def copies(client: kd.Client, symbols: list[str], start: date, end: date) -> None:
    """Let the store hold the first symbol's rows under all names: their content changes no time."""
    kd.daily_prices(symbols[0], start, end, client=client)
    assert client.store is not None
    for kind in ("rows", "typed"):
        held = client.store.load(_key(client, symbols[0]), kind)
        assert held is not None
        for symbol in symbols[1:]:
            client.store.write(_key(client, symbol), kind, held[0], held[1])


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
from kiwoomdata.store.disk import Store
from kiwoomdata.store.files import SeriesKey
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
