"""One candidate of the comparison, run in an environment of its own: ``python work.py JOB CANDIDATE GIVEN``.

It prepares, says "ready", and does its job once for each line that it reads; the answer is a line of JSON
with the seconds and with what shows that the job was done. Nothing is imported that the candidate does not
need.
"""

from __future__ import annotations

import gc
import json
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from pathlib import Path
from typing import Any

Run = Callable[[], Any]
Given = dict[str, Any]
CANDIDATES: dict[tuple[str, str], Callable[[Given], Run]] = {}
BODY = {"stk_cd": "005930", "qry_dt": "20261113", "indc_tp": "0"}


def candidate(job: str, name: str) -> Callable[[Callable[[Given], Run]], Callable[[Given], Run]]:
    def add(make: Callable[[Given], Run]) -> Callable[[Given], Run]:
        CANDIDATES[job, name] = make
        return make

    return add


# --- parse ---------------------------------------------------------------------------------------


def contents(given: Given) -> list[bytes]:
    return Path(given["pages"]).read_bytes().splitlines()


@candidate("parse", "orjson.loads")
def _(given: Given) -> Run:
    import orjson

    texts = contents(given)
    return lambda: sum(len(orjson.loads(text)["daly_stkpc"]) for text in texts)


@candidate("parse", "json + pandas, row by row")
def _(given: Given) -> Run:
    from benchmarks.decode import row_wise

    texts = contents(given)
    return lambda: len(row_wise(texts))


@candidate("parse", "kiwoomdata")
def _(given: Given) -> Run:
    from benchmarks.decode import ours

    texts = contents(given)
    return lambda: ours(texts).height


@candidate("parse", "kiwoom-client")
def _(given: Given) -> Run:
    from kiwoom_client import to_dataframe

    texts = contents(given)
    return lambda: len(to_dataframe([row for text in texts for row in json.loads(text)["daly_stkpc"]]))


@candidate("parse", "pykiwoom-rest")
def _(given: Given) -> Run:
    import pandas as pd
    from pykiwoom_rest.response_utils import normalize_data_values

    texts = contents(given)

    def run() -> int:
        bodies = [normalize_data_values(json.loads(text), tr_code="ka10086") for text in texts]
        return len(pd.DataFrame([row for body in bodies for row in body["daly_stkpc"]]))

    return run


def bars(given: Given) -> list[bytes]:
    """The same rows as ka10081 writes them, 600 a page."""
    rows = [row for text in contents(given) for row in json.loads(text)["daly_stkpc"]]
    made = [
        {
            "dt": row["date"],
            "open_pric": row["open_pric"].lstrip("+-"),
            "high_pric": row["high_pric"].lstrip("+-"),
            "low_pric": row["low_pric"].lstrip("+-"),
            "cur_prc": row["close_pric"].lstrip("+-"),
            "trde_qty": row["trde_qty"],
            "trde_prica": row["amt_mn"],
        }
        for row in rows
    ]
    return [
        json.dumps({"return_code": 0, "stk_dt_pole_chart_qry": made[n : n + 600]}).encode()
        for n in range(0, len(made), 600)
    ]


@candidate("parse candles", "orjson.loads")
def _(given: Given) -> Run:
    import orjson

    texts = bars(given)
    return lambda: sum(len(orjson.loads(text)["stk_dt_pole_chart_qry"]) for text in texts)


@candidate("parse candles", "kiwoomdata")
def _(given: Given) -> Run:
    from kiwoomdata import frames
    from kiwoomdata.entries import ENDPOINTS
    from kiwoomdata.rest import protocol

    endpoint, texts = ENDPOINTS["ka10081"], bars(given)
    body = {"stk_cd": "005930", "base_dt": "20261113", "upd_stkpc_tp": "0"}
    more, part = {"cont-yn": "Y"}, next(part for part in endpoint.parts if part.key)

    def run() -> int:
        pages = [
            protocol.read("ka10081", 200, {**more, "next-key": f"k{number}"}, text)
            for number, text in enumerate(texts)
        ]
        found, *_ = frames.text_parts(endpoint, pages)
        return frames.typed(endpoint, part, found[part.name], body).height

    return run


@candidate("parse candles", "kiwoom-restful")
def _(given: Given) -> Run:
    from kiwoom.proc.candle import process

    texts = bars(given)

    def run() -> int:
        rows = [row for text in texts for row in json.loads(text)["stk_dt_pole_chart_qry"]]
        return len(process({"stk_dt_pole_chart_qry": rows}, "005930", "day", "stock", "", ""))

    return run


# --- from the socket -----------------------------------------------------------------------------


def codes(given: Given) -> list[str]:
    return [f"{100000 + n * 10}" for n in range(given["symbols"])]


def each(given: Given, ask: Callable[[str], int]) -> Run:
    """Ask for each symbol, four at a time."""

    def run() -> int:
        with ThreadPoolExecutor(4) as pool:
            return sum(pool.map(ask, codes(given)))

    return run


@candidate("history", "urllib3, bytes alone")
def _(given: Given) -> Run:
    import urllib3

    pool = urllib3.PoolManager(maxsize=8, block=True)

    def ask(symbol: str) -> int:
        key = "0"
        for _ in range(given["pages_each"]):
            headers = {"api-id": "ka10086", "cont-yn": "Y", "next-key": key}
            answer = pool.request(
                "POST", given["rest"], body=json.dumps({**BODY, "stk_cd": symbol}), headers=headers
            )
            key = answer.headers["next-key"]
        return given["pages_each"]

    return each(given, ask)


@candidate("history", "requests + pandas by hand")
def _(given: Given) -> Run:
    import requests

    from benchmarks.decode import row_wise

    local = threading.local()

    def ask(symbol: str) -> int:
        if not hasattr(local, "session"):
            local.session = requests.Session()
        key, bodies = "0", []
        for _ in range(given["pages_each"]):
            headers = {"api-id": "ka10086", "cont-yn": "Y", "next-key": key}
            answer = local.session.post(
                given["rest"], json={**BODY, "stk_cd": symbol}, headers=headers, timeout=30
            )
            key = answer.headers["next-key"]
            bodies.append(answer.content)
        return -(-len(row_wise(bodies)) // 20)

    return each(given, ask)


@candidate("history", "kiwoom-client")
def _(given: Given) -> Run:
    from kiwoom_client import BaseClient, to_dataframe

    api = BaseClient("k", "s", base_url=given["rest"], rate_limit=None)
    api.access_token = "t"

    def ask(symbol: str) -> int:
        rows = api.request_all(
            "/api/dostk/mrkcond",
            "ka10086",
            {**BODY, "stk_cd": symbol},
            data_key="daly_stkpc",
            max_pages=given["pages_each"],
        )
        return -(-len(to_dataframe(rows)) // 20)

    return each(given, ask)


def ours(given: Given, **options: Any) -> Any:
    import kiwoomdata as kd

    return kd.Client(
        base_url=given["rest"],
        app_key="k",
        app_secret="s",
        quota=None,
        state=False,
        progress=False,
        **options,
    )


def ask_ours(given: Given, client: Any) -> Run:
    import kiwoomdata as kd

    def run() -> int:
        frame = kd.daily_prices(codes(given), date.fromisoformat(given["start"]), given["end"], client=client)
        return -(-frame.height // 20)

    return run


@candidate("history", "kiwoomdata, no store")
def _(given: Given) -> Run:
    return ask_ours(given, ours(given, cache=False))


@candidate("history", "kiwoomdata, cold store")
def _(given: Given) -> Run:
    client = ours(given, cache=given["folder"] + "/cold")
    ask = ask_ours(given, client)

    def run() -> Any:
        client.store.clear(everything=True)
        return ask()

    return run


@candidate("history", "kiwoomdata, warm store")
def _(given: Given) -> Run:
    ask = ask_ours(given, ours(given, cache=given["folder"] + "/warm"))
    ask()
    return ask


# --- quota ---------------------------------------------------------------------------------------


def paced(wait: Callable[[], Any], seconds: float) -> Run:
    """Four threads that ask for leave; how often it was given, and the most in any second."""

    def run() -> list[float]:
        times: list[float] = []
        ends = time.monotonic() + seconds

        def ask() -> None:
            while time.monotonic() < ends:
                wait()
                times.append(time.monotonic())

        threads = [threading.Thread(target=ask) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        given = sorted(at for at in times if at < ends)
        most = max(sum(1 for at in given[n:] if at - first < 1) for n, first in enumerate(given))
        return [len(given), most]

    return run


@candidate("quota", "kiwoomdata")
def _(given: Given) -> Run:
    from kiwoomdata.rest.gates import MemoryGate

    gate = MemoryGate("5/s")
    return paced(lambda: gate.wait("ka10086"), given["seconds"])


@candidate("quota", "kiwoom-client, burst 5")
def _(given: Given) -> Run:
    from kiwoom_client.rate_limiter import RateLimiter

    return paced(RateLimiter(5, 5).acquire, given["seconds"])


@candidate("quota", "kiwoom-client, burst 1")
def _(given: Given) -> Run:
    from kiwoom_client.rate_limiter import RateLimiter

    return paced(RateLimiter(5, 1).acquire, given["seconds"])


@candidate("quota", "pyrate-limiter")
def _(given: Given) -> Run:
    from pyrate_limiter import Duration, Limiter, Rate

    limiter = Limiter(Rate(5, Duration.SECOND))
    return paced(lambda: limiter.try_acquire("ka10086"), given["seconds"])


# --- warm ----------------------------------------------------------------------------------------


@candidate("warm", "kiwoomdata")
def _(given: Given) -> Run:
    from benchmarks.cache import copies

    client = ours(given, cache=given["store"])
    copies(client, codes(given), date.fromisoformat(given["start"]), date.fromisoformat(given["end"]))
    return ask_ours(given, client)


@candidate("warm", "polars, scan_parquet, sorted")
def _(given: Given) -> Run:
    import polars as pl

    return lambda: -(-pl.scan_parquet(given["files"]).sort("date", "symbol").collect().height // 20)


@candidate("warm", "DuckDB, sorted")
def _(given: Given) -> Run:
    import duckdb

    query = f"SELECT * FROM read_parquet('{given['files']}') ORDER BY date, symbol"
    return lambda: -(-duckdb.sql(query).pl().height // 20)


# --- live ----------------------------------------------------------------------------------------


def plainly(given: Given, read: Callable[[bytes], Any]) -> Run:
    from websockets.sync.client import connect

    def run() -> int:
        with connect(given["live"], ping_interval=None, max_queue=1024, proxy=None) as socket:
            for text in ('{"trnm":"LOGIN","token":"t"}', '{"trnm":"REG"}'):
                socket.send(text)
                socket.recv()
            for _ in range(given["messages"]):
                read(socket.recv(decode=False))
        return int(given["messages"])

    return run


@candidate("live", "receive + orjson.loads")
def _(given: Given) -> Run:
    import orjson

    return plainly(given, orjson.loads)


@candidate("live", "receive + json.loads")
def _(given: Given) -> Run:
    return plainly(given, json.loads)


@candidate("live", "kiwoomdata, typed frame")
def _(given: Given) -> Run:
    import kiwoomdata as kd

    def run() -> int:
        with (
            kd.Client(
                base_url=given["rest"],
                ws_url=given["live"],
                app_key="k",
                app_secret="s",
                state=False,
                cache=False,
            ) as client,
            kd.stream_to_frame("005930", client=client, reconnect=False, window="60m") as live,
        ):
            assert live.wait(rows=given["messages"], seconds=120)
            return int(live.frame().height)

    return run


def client_live(given: Given, use: Callable[[list[Any]], int]) -> Run:
    import asyncio

    from kiwoom_client import KiwoomWebSocket

    async def listen() -> int:
        rows: list[Any] = []
        socket = KiwoomWebSocket("t", ws_url=given["live"])
        done = asyncio.Event()

        def take(entry: Any) -> None:
            rows.append(entry["values"])
            if len(rows) == given["messages"]:
                done.set()

        socket.on("0B", take)
        async with socket:
            await socket.subscribe("0B", "005930")
            task = asyncio.create_task(socket.listen())
            await done.wait()
            task.cancel()
        return use(rows)

    return lambda: asyncio.run(listen())


@candidate("live", "kiwoom-client, a list of texts")
def _(given: Given) -> Run:
    return client_live(given, len)


@candidate("live", "kiwoom-client, normalize + DataFrame")
def _(given: Given) -> Run:
    import pandas as pd
    from kiwoom_client import normalize

    return client_live(given, lambda rows: len(pd.DataFrame([normalize(row) for row in rows])))


# --- recorded trades -----------------------------------------------------------------------------


@candidate("ticks", "kiwoomdata, read before")
def _(given: Given) -> Run:
    import kiwoomdata as kd

    kd.ticks(given["ticks"]).collect()
    return lambda: kd.ticks(given["ticks"]).collect().height


@candidate("ticks", "polars, scan_parquet of typed rows")
def _(given: Given) -> Run:
    import polars as pl

    return lambda: pl.scan_parquet(given["typed"]).collect().height


@candidate("ticks", "orjson.loads of the messages")
def _(given: Given) -> Run:
    import orjson
    import polars as pl

    texts = pl.scan_parquet(given["raw"]).select("values").collect().to_series().to_list()
    return lambda: len([orjson.loads(text) for text in texts])


# --- charts --------------------------------------------------------------------------------------


@candidate("chart", "kiwoomdata")
def _(given: Given) -> Run:
    import matplotlib as mpl

    mpl.use("Agg")
    import polars as pl
    from matplotlib import pyplot as plt

    from kiwoomdata import plot

    frame = pl.read_parquet(given["candles"])

    def run() -> int:
        plot.candles(frame, ma=(5, 20, 60)).figure.savefig(given["folder"] + "/ours.png", dpi=100)
        plt.close("all")
        return frame.height

    return run


@candidate("chart", "mplfinance")
def _(given: Given) -> Run:
    import matplotlib as mpl

    mpl.use("Agg")
    import mplfinance as mpf
    import pandas as pd
    from matplotlib import pyplot as plt

    frame = pd.read_parquet(given["candles"]).set_index("date")
    frame.index = pd.DatetimeIndex(frame.index)
    frame = frame[["open", "high", "low", "close", "volume"]].astype(float)

    def run() -> int:
        mpf.plot(
            frame, type="candle", volume=True, mav=(5, 20, 60), savefig=given["folder"] + "/theirs.png",
            warn_too_much_data=10_000,
        )  # fmt: skip
        plt.close("all")
        return len(frame)

    return run


def main() -> None:
    job, name, given = sys.argv[1], sys.argv[2], json.loads(sys.argv[3])
    run = CANDIDATES[job, name](given)
    print("ready", flush=True)
    for _ in sys.stdin:
        gc.collect()
        started = time.perf_counter()
        done = run()
        print(json.dumps({"seconds": time.perf_counter() - started, "done": done}), flush=True)


if __name__ == "__main__":
    main()
