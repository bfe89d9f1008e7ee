"""A lake, filled from a simulator: what is in it, for whoever reads it, and what an update asks for."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import date, datetime, time
from pathlib import Path

import duckdb
import pandas as pd
import polars as pl
import pytest
from polars.testing import assert_frame_equal

import kiwoomdata as kd
from kiwoomdata.kinds import KST
from kiwoomdata.lake import factors
from kiwoomdata.lake.files import Files
from kiwoomdata.lake.tables import about_of
from tests.envelopes import Answer, Asked, Envelopes, row

MakeClient = Callable[..., kd.Client]
CODES = ["005930", "000660", "0000D0"]
HALTED = "499980"
START = "2025-11-03"
FINAL = "2026-11-19"


@pytest.fixture
def lake(tmp_path: Path) -> kd.Lake:
    return kd.Lake(tmp_path / "lake")


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[kd.Lake, kd.Client]]:
    """A lake of three stocks and a year, for tests that only read it."""
    folder = tmp_path_factory.mktemp("filled")
    with kd.simulator.start(seed=1, today=date(2026, 11, 20), now=time(18, 30), rate=None) as server:
        server.market.split("000660", date(2026, 3, 4), 5)
        client = kd.Client(
            base_url=server.base_url, app_key=server.app_key, app_secret=server.app_secret, quota=None,
            cache=folder / "store", state=False, clock=server.now, progress=False,
        )  # fmt: skip
        with client:
            lake = kd.Lake(folder / "lake")
            what = ("stocks", "candles", "daily_prices", "short_selling", "candles_60m")
            assert lake.update(CODES, what=what, start=START, client=client).failures == {}
            assert lake.update(HALTED, what="daily_prices", start=START, client=client).failures == {}
            yield lake, client


def asked(server: kd.simulator.Server, api_id: str) -> int:
    return sum(entry.api_id == api_id for entry in server.log)


def rows_of(lake: kd.Lake, table: str) -> pl.DataFrame:
    """The rows of a table by symbol, as functions give them."""
    rows = lake.scan(table).collect()
    return rows.sort("symbol", "time" if "time" in rows.columns else "date")


def files(lake: kd.Lake) -> dict[str, bytes]:
    return {str(path.relative_to(lake.path)): path.read_bytes() for path in lake.path.rglob("*.parquet")}


# --- what is read ----------------------------------------------------------------------------


def test_a_table_holds_what_its_function_gives(filled: tuple[kd.Lake, kd.Client]) -> None:
    lake, client = filled
    for table, expected in (
        ("candles", kd.candles(CODES, START, FINAL, adjusted=False, client=client).drop("finished")),
        ("daily_prices", kd.daily_prices([*CODES, HALTED], START, "2026-11-18", client=client)),
        (
            "candles_60m",
            kd.candles(CODES, "2025-11-20", FINAL, adjusted=False, interval="60m", client=client).drop(
                "finished"
            ),
        ),
    ):
        rows, when = rows_of(lake, table), "time" if table == "candles_60m" else "date"
        for part in (lake.path / table).rglob("*.parquet"):
            keys = pl.read_parquet(part, hive_partitioning=False).select("symbol", when).rows()
            assert keys == sorted(set(keys))
        if table == "daily_prices":  # credit comes two days later
            expected = expected.filter(pl.col("date") <= rows["date"].max())
        assert_frame_equal(rows, expected.sort("symbol", when))


def test_every_engine_reads_the_same(filled: tuple[kd.Lake, kd.Client]) -> None:
    lake, _ = filled
    ours = lake.scan("candles").group_by("symbol").agg(pl.len().alias("n"), pl.col("value").sum())
    expected = ours.sort("symbol").collect().rows()
    assert [code for code, _, _ in expected] == ["0000D0", "000660", "005930"]

    plain = pl.scan_parquet(lake.path / "candles").group_by("symbol").agg(pl.len(), pl.col("value").sum())
    assert plain.sort("symbol").collect().rows() == expected

    query = (
        f"select symbol, count(*), sum(value) from '{lake.path}/candles/**/*.parquet' group by 1 order by 1"
    )
    assert duckdb.sql(query).fetchall() == expected

    frame = pd.read_parquet(lake.path / "candles", dtype_backend="pyarrow")
    theirs = frame.groupby("symbol")["value"].agg(["size", "sum"]).reset_index()
    assert [tuple(row) for row in theirs.itertuples(index=False)] == expected


def test_nulls_and_korean_names_are_the_same_for_every_engine(filled: tuple[kd.Lake, kd.Client]) -> None:
    lake, _ = filled
    prices, listed = lake.scan("daily_prices").collect(), lake.scan("stocks").collect()
    nulls = {name: count for name, count in prices.null_count().row(0, named=True).items() if count}
    names = dict(listed.select("symbol", "name").rows())
    assert nulls
    assert names["005930"] == "삼성전자"
    for name, count in nulls.items():
        found = duckdb.sql(f"select count(*) - count({name}) from '{lake.path}/daily_prices/**/*.parquet'")
        assert found.fetchall() == [(count,)]
    frame = pd.read_parquet(lake.path / "daily_prices", dtype_backend="pyarrow")
    assert {name: int(frame[name].isna().sum()) for name in nulls} == nulls
    theirs = duckdb.sql(f"select symbol, name from '{lake.path}/stocks/**/*.parquet'").fetchall()
    assert dict(theirs) == names


def test_a_part_says_what_it_is(filled: tuple[kd.Lake, kd.Client]) -> None:
    lake, _ = filled
    part = lake.path / "candles/year=2026/part-0.parquet"
    assert '"basis":"as traded"' in pl.read_parquet_metadata(part)["kiwoomdata.lake"]
    source = kd.provenance(kd.read_parquet(part))
    assert source is not None
    assert (source.api_id, source.params["table"], source.units["volume"]) == ("ka10081", "candles", "shares")
    assert source.as_of is None
    short, stocks = (next((lake.path / name).glob("*/*")) for name in ("short_selling", "stocks"))
    assert json.loads(pl.read_parquet_metadata(short)["kiwoomdata.lake"]) == {
        "table": "short_selling",
        **about_of("short_selling"),
        "written_by": kd.__version__,
        "as_of": ["2026-11-20", "2026-11-20"],
    }
    source = kd.provenance(kd.read_parquet(short))
    assert source is not None
    assert source.as_of == date(2026, 11, 20)
    assert (
        about_of("stocks").items() <= json.loads(pl.read_parquet_metadata(stocks)["kiwoomdata.lake"]).items()
    )
    months = [path.name for path in (lake.path / "candles_60m/year=2026").iterdir()]
    assert sorted(months)[0] == "part-1.parquet"


def test_info_says_what_is_held(filled: tuple[kd.Lake, kd.Client]) -> None:
    lake, _ = filled
    told = {row["table"]: row for row in lake.info().rows(named=True)}
    assert told["candles"]["symbols"] == 3
    assert (told["candles"]["from"], told["candles"]["to"]) == (date(2025, 11, 3), date(2026, 11, 19))
    assert (told["candles"]["basis"], told["short_selling"]["basis"]) == ("as traded", "as of")
    assert told["short_selling"]["as_of"] == date(2026, 11, 20)
    assert "short_cumulative" not in lake.scan("short_selling").collect_schema()


@pytest.mark.parametrize(
    "keep",
    [
        pl.col("symbol") == "000660",
        (pl.col("symbol") == "000660") & (pl.col("close") > 20_000),
        pl.col("date").is_between(date(2026, 3, 2), date(2026, 3, 6)),
        (pl.col("close") > 20_000) | (pl.col("symbol") == "0000D0"),
        (pl.col("volume") > 1_000_000)
        & (pl.col("date").dt.month() == 3)
        & pl.col("symbol").str.starts_with("0"),
    ],
)
@pytest.mark.parametrize("adjusted", [False, True])
def test_filters_give_what_they_give_of_the_whole(
    filled: tuple[kd.Lake, kd.Client], keep: pl.Expr, adjusted: bool
) -> None:
    lake, _ = filled
    rows, whole = lake.scan("candles", adjusted=adjusted), lake.scan("candles", adjusted=adjusted).collect()
    assert_frame_equal(rows.filter(keep).collect(), whole.filter(keep))
    assert_frame_equal(rows.filter(keep).select("date", "high").collect(), whole.filter(keep)["date", "high"])
    assert_frame_equal(rows.filter(keep).head(3).collect(), whole.filter(keep).head(3))
    assert_frame_equal(rows.head(3).filter(keep).collect(), whole.head(3).filter(keep))
    assert rows.filter(keep).select(pl.len()).collect().item() == whole.filter(keep).height


def test_adjusted_candles_are_those_of_the_server_within_one_tick(
    filled: tuple[kd.Lake, kd.Client],
) -> None:
    lake, client = filled
    served = kd.candles("000660", START, FINAL, client=client)
    rows = lake.scan("candles", adjusted=True).filter(symbol="000660").collect()
    tick = 50  # of prices around 20,000
    for name in ("open", "high", "low", "close"):
        assert (rows[name] - served[name]).abs().max() <= tick
    assert rows["volume"].equals(served["volume"])
    (event,) = lake.scan("factors").collect().rows(named=True)
    assert (event["symbol"], event["date"], event["volume_factor"]) == ("000660", date(2026, 3, 4), 5.0)
    assert event["source"] == factors.CHECKED


def test_adjusted_candles_may_be_seen_from_before_a_split(filled: tuple[kd.Lake, kd.Client]) -> None:
    lake, _ = filled
    rows = lake.scan("candles", adjusted=True, as_of="2026-03-03").filter(symbol="000660").collect()
    raw = lake.scan("candles").filter(pl.col("date") <= date(2026, 3, 3), symbol="000660").collect()
    assert_frame_equal(rows, raw)


def test_adjusted_minutes_join_their_days(filled: tuple[kd.Lake, kd.Client]) -> None:
    lake, _ = filled
    day = pl.col("time").dt.date()
    minutes = lake.scan("candles_60m", adjusted=True).filter(day == date(2026, 3, 3), symbol="000660")
    days = lake.scan("candles", adjusted=True).filter(date=date(2026, 3, 3), symbol="000660")
    assert abs(minutes.collect()["close"][-1] - days.collect()["close"][0]) <= 1


def test_the_list_of_stocks_is_asked_as_of_a_day(filled: tuple[kd.Lake, kd.Client]) -> None:
    lake, _ = filled
    today = lake.scan("stocks", as_of="2026-12-24").collect()
    assert today["date"].unique().to_list() == [date(2026, 11, 20)]
    with pytest.raises(ValueError, match="as_of: 2026-11-19 is before the first list .* 2026-11-20"):
        lake.scan("stocks", as_of="2026-11-19")


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda lake: lake.scan("bars"), "table: expected any of candles, daily_prices"),
        (
            lambda lake: lake.scan("program_trend"),
            "table: the lake holds no 'program_trend'; it holds candles",
        ),
        (lambda lake: lake.scan("candles", as_of="2026-01-02"), "as_of: is for stocks, and for candles with"),
        (lambda lake: lake.scan("daily_prices", adjusted=True), "adjusted: is for candles; nothing adjusts"),
        (lambda lake: lake.scan("candles", adjusted="yes"), "adjusted: expected True or False, got 'yes'"),
    ],
)
def test_a_wrong_argument_is_named(
    filled: tuple[kd.Lake, kd.Client], call: Callable[[kd.Lake], object], message: str
) -> None:
    with pytest.raises((ValueError, TypeError), match=message):
        call(filled[0])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"symbols": "005930", "what": "bars"}, "what: expected any of stocks, candles, .*, got 'bars'"),
        ({"symbols": "005930", "what": ()}, "what: the list is empty"),
        ({"symbols": "005930", "what": "candles"}, "start: the lake holds nothing of candles"),
        ({"symbols": "5930", "start": START}, "symbol: .*005930"),
        ({"symbols": "005930_NX", "what": "candles", "start": START}, "symbols: candles are KRX's in a lake"),
        ({"symbols": "005930", "start": "2027"}, "start: 2027-01-01 is in the future"),
    ],
)
def test_a_wrong_argument_of_an_update_is_told_before_any_request(
    lake: kd.Lake, server: kd.simulator.Server, client: kd.Client, arguments: dict[str, object], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        lake.update(**arguments, client=client)  # type: ignore[arg-type]
    assert len(list(server.log)) == 0


def test_a_folder_of_something_else_is_left_alone(tmp_path: Path, client: kd.Client) -> None:
    (tmp_path / "letter.txt").write_text("mine")
    with pytest.raises(ValueError, match="is no lake; Lake\\(path\\).update"):
        kd.Lake(tmp_path).scan("candles")
    with pytest.raises(ValueError, match="holds files and is no lake; name an empty or a new folder"):
        kd.Lake(tmp_path).update("005930", start=START, client=client)
    with pytest.raises(ValueError, match="letter.txt' is a file; name a folder"):
        kd.Lake(tmp_path / "letter.txt").update("005930", start=START, client=client)
    assert [path.name for path in tmp_path.iterdir()] == ["letter.txt"]


def test_a_folder_that_another_makes_a_lake_meanwhile_is_one(tmp_path: Path) -> None:
    class Slow(Files):
        def exists(self) -> bool:
            found = super().exists()
            Files(self.folder).make()  # another, who is faster
            return found

    Slow(tmp_path / "lake").make()
    assert Files(tmp_path / "lake").exists()


def test_a_lake_of_a_later_layout_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "_lake.json").write_text('{"layout": 2, "written_by": "9.0.0"}')
    with pytest.raises(kd.CacheError, match="was written by kiwoomdata 9.0.0"):
        kd.Lake(tmp_path).info()


# --- what is asked for -----------------------------------------------------------------------


def next_day(split: tuple[str, date, int] | None = None) -> kd.simulator.Server:
    """The same market on the next trading day."""
    server = kd.simulator.start(seed=1, today=date(2026, 11, 23), now=time(18, 30), rate=None)
    if split:
        server.market.split(*split)
    return server


def test_an_update_asks_for_what_is_lacking_and_rewrites_the_running_year(
    lake: kd.Lake, server: kd.simulator.Server, client: kd.Client, make_client: MakeClient
) -> None:
    lake.update(CODES, what="candles", start=START, client=client)
    before, requests = files(lake), asked(server, "ka10081")
    assert lake.update(what="candles", client=client).requests == 0
    assert asked(server, "ka10081") == requests
    assert files(lake) == before
    with next_day() as later:
        report = lake.update(what="candles", client=make_client(later, cache=False))
        assert (report.series, report.requests, asked(later, "ka10081")) == (3, 3, 3)
        full = kd.candles(CODES, START, "2026-11-20", adjusted=False, client=make_client(later, cache=False))
        full = full.drop("finished")
    after = files(lake)
    changed = {name for name in after if after[name] != before.get(name)}
    assert changed == {"candles/year=2026/part-0.parquet"}
    assert_frame_equal(rows_of(lake, "candles"), full.sort("symbol", "date"))


def test_an_update_with_an_earlier_start_adds_what_lies_before(lake: kd.Lake, client: kd.Client) -> None:
    lake.update(CODES, what=("candles", "daily_prices"), start="2026-06-01", client=client)
    lake.update(CODES, what=("candles", "daily_prices"), start=START, client=client)
    full = kd.candles(CODES, START, FINAL, adjusted=False, client=client).drop("finished")
    assert_frame_equal(rows_of(lake, "candles"), full.sort("symbol", "date"))
    prices = kd.daily_prices(CODES, START, "2026-11-17", client=client)
    held = rows_of(lake, "daily_prices").filter(pl.col("date") <= date(2026, 11, 17))
    assert_frame_equal(held, prices.sort("symbol", "date"))


def test_a_scan_that_is_kept_sees_what_was_written_since(
    lake: kd.Lake, client: kd.Client, make_client: MakeClient
) -> None:
    lake.update("005930", what="candles", start=START, client=client)
    rows = lake.scan("candles")
    before = rows.collect()
    pieces = rows.collect_batches(chunk_size=10)
    first = next(iter(pieces))
    with next_day() as later:
        lake.update(what="candles", client=make_client(later, cache=False))
    assert rows.collect().height == before.height + 1
    assert_frame_equal(first, before.head(first.height))


def test_a_symbol_that_fails_is_told_and_tried_again(
    lake: kd.Lake, server: kd.simulator.Server, client: kd.Client
) -> None:
    client.workers = 1
    server.inject("5xx", api_id="ka10081", times=4)  # each try of the first symbol
    with pytest.warns(kd.IncompleteFrame, match="1 of 3 series failed.*005930 candles \\(TransportError"):
        report = lake.update(CODES, what="candles", start=START, client=client)
    assert list(report.failures) == ["005930 candles"]
    assert lake.scan("candles").select(pl.col("symbol").unique()).collect()["symbol"].len() == 2
    assert lake.info().filter(table="candles")["failed"].to_list() == [1]
    server.clear_faults()
    assert lake.update(what="candles", client=client).series == 1
    assert lake.info().filter(table="candles")["failed"].to_list() == [0]
    assert lake.scan("candles").select(pl.col("symbol").unique()).collect()["symbol"].len() == 3


def test_pages_that_contradict_themselves_are_a_failure_and_what_came_is_kept(
    lake: kd.Lake, server: kd.simulator.Server, make_client: MakeClient
) -> None:
    client = make_client(server, cache=False)
    server.inject("more_without_key", api_id="ka10086", times=1)
    with pytest.warns(kd.IncompleteFrame, match=r"1 of 1 series failed.*daily_prices \(Truncated: .* no key"):
        report = lake.update("005930", what="daily_prices", start=START, client=client)
    assert list(report.failures) == ["005930 daily_prices"]
    assert lake.scan("daily_prices").collect().height == report.rows > 0
    assert lake.check()["what"].to_list() == ["failed"]
    assert lake.update(what="daily_prices", client=client).failures == {}
    assert lake.check().is_empty()
    assert lake.scan("daily_prices").select(pl.col("date").min()).collect().item() == date(2025, 11, 3)


def test_an_end_that_may_come_early_is_told(lake: kd.Lake, make_client: MakeClient) -> None:
    days = kd.trading_days("2026-06-01", "2026-11-17")[::-1]

    def answer(number: int, asked: Asked) -> Answer:
        rows = [row("ka10086", date=f"{day:%Y%m%d}", close_pric="5") for day in days[:20]]
        return Answer({"daly_stkpc": rows, "return_code": 0, "return_msg": ""})

    with Envelopes(answer) as server:
        client = make_client(server, cache=False, clock=lambda: datetime(2026, 11, 20, 18, 30, tzinfo=KST))
        with pytest.warns(kd.IncompleteFrame, match=r"as a server in trouble.*005930 daily_prices \(the"):
            report = lake.update("005930", what="daily_prices", start="2026-06-01", client=client)
    assert (report.failures, report.rows) == ({}, 20)


def test_a_code_that_nobody_has_is_told(lake: kd.Lake, client: kd.Client) -> None:
    with pytest.warns(kd.IncompleteFrame, match="EmptyAnswer: ka10081: the server had no rows of 999999"):
        lake.update("999999", what="candles", start=START, client=client)
    assert lake.info().filter(table="candles")["failed"].to_list() == [1]


def test_a_split_between_two_updates_rewrites_nothing_that_was_traded(
    lake: kd.Lake, client: kd.Client, make_client: MakeClient
) -> None:
    what = ("candles", "daily_prices", "investor_breakdown", "short_selling")
    lake.update(CODES, what=what, start=START, client=client)
    before = files(lake)
    traded = lake.scan("candles").collect()
    with next_day(("000660", date(2026, 11, 20), 5)) as later:
        again = make_client(later, cache=False)
        lake.update(what=what, client=again)
        served = kd.candles("000660", START, "2026-11-20", client=again)
        flows = kd.investor_breakdown(CODES, START, "2026-11-20", client=again).sort("symbol", "date")
    after = files(lake)
    assert after["candles/year=2025/part-0.parquet"] == before["candles/year=2025/part-0.parquet"]
    assert_frame_equal(lake.scan("candles").filter(pl.col("date") <= date(2026, 11, 19)).collect(), traded)
    rows = lake.scan("candles", adjusted=True).filter(symbol="000660").collect()
    assert (rows["close"] - served["close"]).abs().max() <= 50
    assert rows["volume"].equals(served["volume"])
    assert lake.scan("factors").collect()["source"].to_list() == [factors.CHECKED]
    held = rows_of(lake, "investor_breakdown")
    assert_frame_equal(held.drop("as_of"), flows)


def test_a_table_that_is_served_rebased_is_rewritten_for_the_symbol_that_was_split(
    lake: kd.Lake, make_client: MakeClient
) -> None:
    start = {"seed": 1, "now": time(18, 30), "rate": None, "rebased": True}
    with kd.simulator.start(today=date(2026, 11, 20), **start) as first:
        lake.update(CODES, what="investor_breakdown", start=START, client=make_client(first, cache=False))
    with kd.simulator.start(today=date(2026, 11, 23), **start) as later:
        later.market.split("000660", date(2026, 11, 20), 5)
        client = make_client(later, cache=False)
        lake.update(what="investor_breakdown", client=client)
        served = kd.investor_breakdown(CODES, START, "2026-11-20", client=client)
    held = rows_of(lake, "investor_breakdown")
    assert_frame_equal(held.drop("as_of"), served.sort("symbol", "date"))
    bases = held.select("symbol", "as_of").unique().sort("symbol").rows()
    assert bases == [
        ("0000D0", date(2026, 11, 20)),
        ("000660", date(2026, 11, 23)),
        ("005930", date(2026, 11, 20)),
    ]
    assert lake.info()["as_of"].max() == date(2026, 11, 20)
