"""A lake on a real Dask cluster of two processes: what is read, what is filled, and what never shows."""

from __future__ import annotations

import json
import os
import pickle
import signal
import threading
import time as clocks
from collections.abc import Iterator
from datetime import date, datetime, time
from pathlib import Path
from typing import Any

import cloudpickle
import dask
import distributed
import duckdb
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

import kiwoomdata as kd
import kiwoomdata.dask
from kiwoomdata.dask import reading
from kiwoomdata.errors import ConfigError, KiwoomDataWarning
from kiwoomdata.kinds import KST
from tests.lake.test_lake import rows_of

NOW = datetime(2026, 11, 20, 18, 30, tzinfo=KST)
CODES = ["005930", "000660", "0000D0", "035420", "005380", "499980"]
START = "2025-11-03"
WHAT = ("stocks", "candles", "daily_prices")
TABLES = ("candles", "daily_prices", "stocks")


def now() -> datetime:
    return NOW


@pytest.fixture(scope="module")
def market() -> Iterator[kd.simulator.Server]:
    with kd.simulator.start(seed=1, today=date(2026, 11, 20), now=time(18, 30), rate=None) as server:
        yield server


@pytest.fixture(scope="module")
def secrets(market: kd.simulator.Server) -> list[str]:
    """Two keys of the server: what must not show."""
    return [*market.add_key("a"), *market.add_key("b")]


@pytest.fixture(scope="module")
def cluster(secrets: list[str]) -> Iterator[distributed.Client]:
    """Two workers, each a process with one thread; the keys stand in their environment alone."""
    names = ("KIWOOM_APP_KEY_A", "KIWOOM_APP_SECRET_A", "KIWOOM_APP_KEY_B", "KIWOOM_APP_SECRET_B")
    with (
        distributed.LocalCluster(
            n_workers=2,
            threads_per_worker=1,
            processes=True,
            host="127.0.0.1",
            dashboard_address="127.0.0.1:0",
            env=dict(zip(names, secrets, strict=True)),
        ) as workers,
        distributed.Client(workers) as client,
    ):
        yield client  # fmt: skip


@pytest.fixture
def settings(market: kd.simulator.Server, tmp_path: Path) -> dict[str, Any]:
    """Of the client that a worker makes."""
    folders = {"state": str(tmp_path / "state"), "cache": str(tmp_path / "store")}
    return {"base_url": market.base_url, "quota": None, "clock": now, **folders}


@pytest.fixture(scope="module")
def calm(market: kd.simulator.Server, tmp_path_factory: pytest.TempPathFactory) -> kd.Lake:
    """What a lake holds that was filled without Dask."""
    folder = tmp_path_factory.mktemp("calm")
    with kd.Client(
        base_url=market.base_url, app_key=market.app_key, app_secret=market.app_secret, quota=None,
        cache=folder / "store", state=False, clock=now, progress=False,
    ) as client:  # fmt: skip
        lake = kd.Lake(folder / "lake")
        assert lake.update(CODES, what=WHAT, start=START, client=client).failures == {}
    return lake


def same(lake: kd.Lake, other: kd.Lake) -> bool:
    return all(rows_of(lake, table).equals(rows_of(other, table)) for table in TABLES[:2])


# --- reading --------------------------------------------------------------------------------------


def test_every_engine_finds_the_same_rows_nulls_codes_and_names(
    calm: kd.Lake, cluster: distributed.Client
) -> None:
    for table in TABLES:
        ours = calm.scan(table).collect()
        numbers = [name for name, dtype in ours.schema.items() if dtype == pl.Int64]
        expected = {
            name: (ours[name].sum(), ours[name].count()) for name in [*numbers]
        } | {"symbol": (sorted(ours["symbol"].to_list()), ours.height)}  # fmt: skip

        frame = kd.dask.read(calm, table).compute()
        arrow = {name: pd.ArrowDtype(pa.int64()) for name in numbers} | {"symbol": pd.ArrowDtype(pa.string())}
        assert {name: frame[name].dtype for name in arrow} == arrow
        assert summed(frame, numbers) == expected

        folder = calm.path / table
        assert summed(pd.read_parquet(folder, dtype_backend="pyarrow"), numbers) == expected

        words = ", ".join(f'sum("{name}")::bigint, count("{name}")' for name in numbers)
        (row,) = duckdb.sql(f"select {words} from '{folder}/**/*.parquet'").fetchall()
        found = duckdb.sql(f"select symbol from '{folder}/**/*.parquet' order by 1").fetchall()
        theirs = dict(zip(numbers, zip(row[::2], row[1::2], strict=True), strict=True))
        assert {**theirs, "symbol": ([code for (code,) in found], len(found))} == expected
    assert any(calm.scan("daily_prices").null_count().collect().row(0))
    names = kd.dask.read(calm, "stocks", ["symbol", "name"], [("symbol", "in", CODES)]).compute()
    listed = dict(
        calm.scan("stocks").filter(pl.col("symbol").is_in(CODES)).select("symbol", "name").collect().rows()
    )
    assert dict(zip(names["symbol"], names["name"], strict=True)) == listed
    assert listed["005930"] == "삼성전자"


def summed(frame: pd.DataFrame, numbers: list[str]) -> dict[str, Any]:
    found: dict[str, Any] = {
        name: (int(frame[name].fillna(0).sum()), int(frame[name].count())) for name in numbers
    }
    return found | {"symbol": (sorted(frame["symbol"]), len(frame))}


def test_the_dtypes_are_those_that_dask_says_and_are_true_on_the_workers(
    calm: kd.Lake, cluster: distributed.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "MOST_ROWS", 100)
    lazy = kd.dask.read(calm, "daily_prices")
    for part in cluster.gather(cluster.compute(list(lazy.partitions))):
        assert part.dtypes.equals(lazy.dtypes)
        assert all(isinstance(dtype, pd.ArrowDtype) for dtype in part.dtypes)
    assert lazy["date"].dtype == pd.ArrowDtype(pa.date32())
    sums = lazy.groupby("symbol")["volume"].sum().compute()
    expected = calm.scan("daily_prices").group_by("symbol").agg(pl.col("volume").sum()).collect()
    assert sums.to_dict() == dict(expected.rows())


def test_filters_and_columns_reach_files_and_row_groups(
    calm: kd.Lake, cluster: distributed.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert kd.dask.read(calm, "candles").npartitions == 1
    monkeypatch.setattr(reading, "MOST_ROWS", 100)
    whole = kd.dask.read(calm, "candles")
    assert whole.npartitions == len(list((calm.path / "candles").glob("*/*.parquet"))) == 2
    one_year = kd.dask.read(
        calm, "candles", filters=[("date", ">=", "2026-01-02"), ("symbol", "==", "0000D0")]
    )
    assert one_year.npartitions == 1
    expected = calm.scan("candles").filter(pl.col("date") >= date(2026, 1, 2), symbol="0000D0").collect()
    assert len(one_year) == expected.height > 0
    either = [[("symbol", "==", "005930")], [("symbol", "in", ["000660"]), ("date", "==", date(2026, 1, 5))]]
    got = kd.dask.read(calm, "candles", ["symbol", "date"], either).compute()
    assert list(got.columns) == ["symbol", "date"]
    assert (got["symbol"] == "000660").sum() == 1
    nothing = kd.dask.read(calm, "candles", filters=[("date", ">", "2027-01-01")])
    assert nothing.npartitions == 1
    assert nothing.compute().dtypes.equals(whole.dtypes)

    read: list[Any] = []
    real = reading._part
    with dask.config.set(scheduler="synchronous"):
        monkeypatch.setattr(
            reading,
            "_in_pandas",
            lambda rows: (read.append(rows.column_names), rows.to_pandas(types_mapper=pd.ArrowDtype))[1],
        )
        assert real is reading._part
        whole[["close"]].sum().compute()
    assert read == [["close"]] * 2


def test_a_column_that_an_older_part_lacks_is_null(tmp_path: Path) -> None:
    lake = kd.Lake(tmp_path / "lake")
    kd.use("simulator")
    lake.update(["005930"], what="candles", start="2023-12-20")
    part = lake.path / "candles/year=2023/part-0.parquet"
    pl.read_parquet(part, hive_partitioning=False).drop("value").write_parquet(part)
    frame = kd.dask.read(lake, "candles").compute()
    assert frame["value"].dtype == pd.ArrowDtype(pa.int64())
    assert frame["value"].isna().sum() == pl.read_parquet(part).height > 0


@pytest.mark.parametrize(
    ("more", "told"),
    [
        ({"table": "candle"}, "table: expected any of"),
        ({"columns": ["symbol", "price"]}, "columns: expected any of date, .*got 'price'"),
        ({"filters": [("code", "==", "005930")]}, "filters: expected any of date, .*got 'code'"),
        ({"filters": [("date", "==", "2024-13-01")]}, "filters: "),
        ({"filters": "symbol == '005930'"}, "filters: expected a list as"),
        ({"filters": []}, "filters: expected a list as"),
        ({"filters": [("symbol", "is", "005930")]}, "is"),
    ],
)
def test_what_cannot_be_read_is_refused_with_the_argument(
    more: dict[str, Any], told: str, calm: kd.Lake
) -> None:
    with pytest.raises((ValueError, TypeError), match=told):
        kd.dask.read(calm, **{"table": "candles", **more})


def test_a_folder_that_is_no_lake_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="path: .* is no lake"):
        kd.dask.read(tmp_path, "candles")


# --- filling --------------------------------------------------------------------------------------


def test_a_lake_is_filled_by_a_fetcher_for_each_key_and_goes_on_where_it_was(
    cluster: distributed.Client,
    market: kd.simulator.Server,
    calm: kd.Lake,
    settings: dict[str, Any],
    tmp_path: Path,
) -> None:
    lake = kd.Lake(tmp_path / "lake")
    fetched = {"lake": lake, "keys": ["a", "b"], "start": START, **settings}
    report = kd.dask.fetch(cluster, CODES[:3], WHAT, **fetched)
    assert report.failures == {}
    assert set(report.keys) == {"a", "b"}
    assert min(report.keys.values()) > 0
    assert report.series == 6
    kd.dask.fetch(cluster, CODES, WHAT, **fetched)
    assert same(lake, calm)
    assert lake.scan("stocks").collect().height == calm.scan("stocks").collect().height
    before = market.log.count()
    again = kd.dask.fetch(cluster, what=TABLES[:2], **fetched)
    assert (again.requests, market.log.count()) == (0, before)
    assert lake.check().is_empty()


def test_no_secret_is_in_a_graph_a_pickle_the_scheduler_or_a_log(
    cluster: distributed.Client, secrets: list[str], settings: dict[str, Any], tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    sent: list[Any] = []
    real = distributed.Client.submit

    def submit(self: Any, *args: Any, **named: Any) -> Any:
        sent.append(cloudpickle.dumps((args, named)))
        return real(self, *args, **named)

    monkeypatch.setattr(distributed.Client, "submit", submit)
    seen: list[bytes] = []
    over = threading.Event()

    def look() -> None:
        while not over.wait(0.02):
            seen.append(cluster.run_on_scheduler(everything))

    looking = threading.Thread(target=look)
    looking.start()
    try:
        kd.dask.fetch(
            cluster, CODES[:4], "candles", lake=tmp_path / "lake", keys=["a", "b"], start=START, **settings
        )
    finally:
        over.set()
        looking.join(30)
    logs = json.dumps([cluster.get_scheduler_logs(), cluster.get_worker_logs()], default=str)
    info = repr(cluster.scheduler_info(n_workers=-1))
    whole = b"".join([*sent, *seen, logs.encode(), info.encode()])
    assert b"kiwoomdata-fetch" in b"".join(seen)  # it was looked at while tasks were there
    assert len(sent) >= 4
    tokens = [
        path.read_text()
        for path in Path(settings["state"]).rglob("*")
        if "token" in path.name and path.is_file()
    ]
    told = [*secrets, *(json.loads(text)["token"] for text in tokens if text)]
    assert len(told) > len(secrets)
    for secret in told:
        assert secret.encode() not in whole


def everything(dask_scheduler: Any) -> bytes:
    """What a scheduler knows, its tasks with what they run."""
    tasks = [(key, pickle.dumps(task.run_spec), str(task)) for key, task in dask_scheduler.tasks.items()]
    return repr((tasks, dask_scheduler.identity(), list(dask_scheduler.transition_log)[-200:])).encode()


@pytest.mark.parametrize("name", ["app_key", "app_secret", "quota_store", "key"])
def test_a_secret_among_the_settings_is_refused_before_anything_is_sent(
    name: str, cluster: distributed.Client, tmp_path: Path
) -> None:
    with pytest.raises(ConfigError, match=f"{name}: is not passed to workers") as caught:
        kd.dask.fetch(cluster, CODES, lake=tmp_path / "lake", keys=["a"], **{name: "canary"})
    assert "canary" not in str(caught.value)


def test_a_killed_worker_costs_its_step_and_nothing_else(
    cluster: distributed.Client,
    market: kd.simulator.Server,
    calm: kd.Lake,
    settings: dict[str, Any],
    tmp_path: Path,
) -> None:
    lake, before = kd.Lake(tmp_path / "lake"), market.log.count("ka10081")
    pids = list(cluster.run(os.getpid).values())

    def kill() -> None:
        deadline = clocks.monotonic() + 60
        while market.log.count("ka10081") < before + 3 and clocks.monotonic() < deadline:
            clocks.sleep(0.005)
        os.kill(pids[0], signal.SIGKILL)

    killer = threading.Thread(target=kill)
    killer.start()
    report = kd.dask.fetch(cluster, CODES, WHAT, lake=lake, keys=["a", "b"], start=START, **settings)
    killer.join()
    assert report.failures == {}
    assert pids[0] not in cluster.run(os.getpid).values()
    assert same(lake, calm)
    assert lake.check().is_empty()


def test_a_key_that_no_worker_finds_is_told_and_the_others_do_its_work(
    cluster: distributed.Client, calm: kd.Lake, settings: dict[str, Any], tmp_path: Path
) -> None:
    lake = kd.Lake(tmp_path / "lake")
    with pytest.warns(KiwoomDataWarning, match="key 'c' is left out, and the others go on: ConfigError"):
        report = kd.dask.fetch(cluster, CODES, WHAT, lake=lake, keys=["c", "a"], start=START, **settings)
    assert (list(report.failed_keys), report.failures) == (["c"], {})
    assert same(lake, calm)
    with pytest.raises(ConfigError, match="no key named 'c' was found"):
        kd.dask.fetch(cluster, CODES, lake=lake, keys=["c"], start=START, **settings)


def test_a_symbol_that_fails_is_told_here(
    cluster: distributed.Client, settings: dict[str, Any], tmp_path: Path
) -> None:
    with pytest.warns(kd.IncompleteFrame, match="of 2 series failed and the next call tries them again"):
        report = kd.dask.fetch(
            cluster,
            ["005930", "999999"],
            "candles",
            lake=tmp_path / "lake",
            keys=["a"],
            start=START,
            **settings,
        )
    assert list(report.failures) == ["999999 candles"]


@pytest.mark.parametrize(
    ("more", "told"),
    [
        ({"keys": []}, "keys: expected a list"),
        ({"keys": "a"}, "keys: expected a list"),
        ({"keys": ["a key of my own"]}, "key"),
        ({"what": "prices"}, "what: expected any of"),
        ({"symbols": ["삼성전자"]}, "symbols: expected codes"),
        ({"symbols": None}, "symbols: the lake holds nothing of candles"),
        ({"start": "2024-13"}, "start: "),
        ({"dask_client": None}, "dask_client: expected a distributed.Client"),
    ],
)
def test_what_cannot_be_fetched_is_refused_with_the_argument(
    more: dict[str, Any], told: str, cluster: distributed.Client, tmp_path: Path
) -> None:
    asked = {"dask_client": cluster, "symbols": CODES, "what": "candles", "keys": ["a"], "start": START}
    with pytest.raises((ValueError, TypeError, ConfigError), match=told):
        kd.dask.fetch(**{**asked, "lake": tmp_path / "lake", **more})


def test_an_error_of_a_worker_is_raised_here(
    cluster: distributed.Client, settings: dict[str, Any], tmp_path: Path
) -> None:
    with pytest.raises(ValueError, match="start: the lake holds nothing of candles"):
        kd.dask.fetch(cluster, CODES, "candles", lake=tmp_path / "lake", keys=["a"], **settings)
