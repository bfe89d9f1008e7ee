"""Lazy frames of the named functions, held against the eager ones."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any, TypeAlias

import duckdb
import polars as pl
import pytest

import kiwoomdata as kd
from kiwoomdata.faces import Functions, Histories

MakeClient: TypeAlias = Callable[..., kd.Client]
CODES = ["005930", "000660", "035420", "035720", "196170"]
RANGE: Any = ("2024-03-04", "2024-04-30")
SCANNED = sorted({*vars(Histories)} & {*kd.__all__})


@pytest.fixture
def bare(server: kd.simulator.Server, make_client: MakeClient) -> kd.Client:
    """A client that keeps nothing: what it sends is what was asked for."""
    return make_client(server, cache=False)


@pytest.mark.parametrize("name", SCANNED)
def test_a_scan_is_the_eager_frame(client: kd.Client, name: str) -> None:
    asked = ("001", CODES[:2], *RANGE) if name == "broker_trend" else (CODES[:2], *RANGE)
    eager = getattr(kd, name)(*asked, client=client)
    scan = getattr(kd.scan, name)(*asked, client=client)
    assert isinstance(scan, pl.LazyFrame)
    assert scan.collect().equals(eager)
    assert scan.collect(engine="streaming").sort("date", "symbol").equals(eager.sort("date", "symbol"))
    assert scan.collect_schema() == eager.schema


def test_filters_on_symbol_and_date_ask_for_just_that(server: kd.simulator.Server, bare: kd.Client) -> None:
    eager = kd.daily_prices(CODES[:2], "2024-03-04", "2024-03-29", client=bare)
    sent = server.log.count("ka10086")
    found = (
        kd.scan.daily_prices(CODES, client=bare)
        .filter(
            pl.col("symbol").is_in(CODES[:2]),
            pl.col("date").is_between(date(2024, 3, 4), date(2024, 3, 29)),
            pl.col("foreign") > 0,
        )
        .select("date", "symbol", "close")
        .collect()
    )
    assert found.equals(eager.filter(pl.col("foreign") > 0).select("date", "symbol", "close"))
    assert server.log.count("ka10086") == 2 * sent


@pytest.mark.parametrize(
    "predicate",
    [
        pl.col("date").dt.month() == 12,
        pl.col("date") >= date(2023, 12, 20),
        ~(pl.col("date") < date(2023, 12, 20)),
        pl.col("symbol").str.starts_with("00") & (pl.col("close") > 0),
        (pl.col("symbol") == "005930") | (pl.col("date") > date(2023, 12, 1)),
        pl.col("venue") == "nxt",
    ],
    ids=str,
)
def test_any_filter_gives_the_rows_that_it_gives_of_the_eager_frame(
    client: kd.Client, predicate: pl.Expr
) -> None:
    scan = kd.scan.daily_prices(CODES, "2023-11-01", "2023-12-31", client=client)
    eager = kd.daily_prices(CODES, "2023-11-01", "2023-12-31", client=client)
    assert scan.filter(predicate).collect().equals(eager.filter(predicate))
    assert scan.head(7).filter(predicate).collect().equals(eager.head(7).filter(predicate))
    assert scan.filter(predicate).head(7).collect().equals(eager.filter(predicate).head(7))


@pytest.mark.parametrize("rows", [1, 3, 5, 6, 11, 150])
@pytest.mark.parametrize("codes", [CODES[:1], CODES, ["123456", *CODES]], ids=["one", "five", "a dead one"])
@pytest.mark.filterwarnings("ignore::kiwoomdata.EmptyAnswer")
def test_a_head_is_that_of_the_eager_frame(client: kd.Client, codes: list[str], rows: int) -> None:
    eager = kd.daily_prices(codes, *RANGE, client=client)
    assert kd.scan.daily_prices(codes, *RANGE, client=client).head(rows).collect().equals(eager.head(rows))


@pytest.mark.parametrize("rows", [None, 30])
def test_what_counts_from_the_first_day_asked_counts_from_it_in_a_scan(
    client: kd.Client, rows: int | None
) -> None:
    asked: Any = (CODES[:2], "2026-09-01", "2026-10-30")
    eager, scan = kd.short_selling(*asked, client=client), kd.scan.short_selling(*asked, client=client)
    late = pl.col("date") >= date(2026, 10, 12)
    if rows is None:
        assert scan.filter(late).collect().equals(eager.filter(late))
    else:
        assert scan.head(rows).collect().equals(eager.head(rows))


LATE = "373220"
"""Listed on 2022-01-27."""


@pytest.mark.parametrize("rows", [1, 2, 30])
def test_a_head_is_of_the_first_day_though_its_first_symbol_came_later(client: kd.Client, rows: int) -> None:
    asked: Any = ([LATE, *CODES], "2022-01-03", "2022-03-31")
    eager = kd.daily_prices(*asked, client=client)
    assert eager["date"].min() < eager.filter(symbol=LATE)["date"].min()  # type: ignore[operator]
    assert kd.scan.daily_prices(*asked, client=client).head(rows).collect().equals(eager.head(rows))


def test_a_head_asks_for_more_symbols_only_as_it_needs_them(
    server: kd.simulator.Server, bare: kd.Client
) -> None:
    codes = [LATE, *kd.stocks("kospi", client=bare)["symbol"]]
    with pytest.warns(kd.EmptyAnswer, match=LATE):
        found = kd.scan.daily_prices(codes, "2020-01-02", "2020-12-30", client=bare).head(3).collect()
    assert found.height == 3
    assert found["date"].unique().to_list() == [date(2020, 1, 2)]
    assert server.log.count("ka10086") < 20


def test_a_head_stops_early(server: kd.simulator.Server, bare: kd.Client) -> None:
    scan = kd.scan.daily_prices(CODES, "2015-01-02", "2024-06-28", client=bare)
    assert scan.head(3).collect()["symbol"].to_list() == CODES[:3]
    assert server.log.count("ka10086") <= 3 * 2  # 20 days and the one before them, 20 a page


def test_a_join_with_itself_asks_once(server: kd.simulator.Server, bare: kd.Client) -> None:
    scan = kd.scan.daily_prices(CODES[:2], *RANGE, client=bare)
    kd.daily_prices(CODES[:2], *RANGE, client=bare)
    sent = server.log.count("ka10086")
    joined = scan.join(scan.filter(symbol="005930"), on="date").collect()
    assert joined.height == 2 * 41
    assert server.log.count("ka10086") == 2 * sent
    eager = kd.daily_prices(CODES[:2], *RANGE, client=bare)
    assert scan.collect().equals(eager)


def test_what_was_asked_for_a_part_is_not_asked_for_again(
    server: kd.simulator.Server, bare: kd.Client
) -> None:
    scan = kd.scan.daily_prices(CODES[:3], *RANGE, client=bare)
    scan.filter(symbol=CODES[1]).collect()
    sent = server.log.count("ka10086")
    whole = scan.collect()
    assert server.log.count("ka10086") == 3 * sent
    assert whole.equals(kd.daily_prices(CODES[:3], *RANGE, client=bare))


def test_days_come_from_the_filters_or_from_start(server: kd.simulator.Server, bare: kd.Client) -> None:
    scan = kd.scan.daily_prices("005930", client=bare)
    with pytest.raises(ValueError, match="^start: neither given nor narrowed"):
        scan.collect()
    with pytest.raises(ValueError, match="^start: neither given nor narrowed"):
        scan.filter(pl.col("close") > 0).collect()
    assert server.log.count("ka10086") == 0
    assert scan.filter(date=date(2024, 3, 4)).collect().height == 1


def test_what_cannot_be_pushed_is_refused_above_the_most_requests(
    server: kd.simulator.Server, make_client: MakeClient
) -> None:
    with make_client(server, max_requests=20, quota="5/s", cache=False) as client:
        scan = kd.scan.daily_prices(CODES, "2020-01-02", client=client)
        with pytest.raises(ValueError, match=r"^max_requests: .* about 4\d\d requests .* which take 8\d s"):
            scan.filter((pl.col("symbol") == "005930") | (pl.col("date") > date(2024, 1, 2))).collect()
        assert server.log.count("ka10086") == 0
        assert scan.filter(pl.col("date") > date(2026, 11, 1), symbol="005930").collect().height == 15


def test_a_venue_stays_what_it_was(client: kd.Client) -> None:
    eager = kd.daily_prices(["005930_NX", "005930"], "2025-04-01", "2025-04-30", client=client)
    scan = kd.scan.daily_prices(["005930_NX", "005930"], "2025-04-01", client=client)
    found = scan.filter(pl.col("date") <= date(2025, 4, 30), venue="nxt").collect()
    assert found.equals(eager.filter(venue="nxt"))
    wide = kd.scan.daily_prices("005930", "2025-04-01", "2025-04-30", venue="nxt", client=client)
    assert wide.collect()["venue"].unique().to_list() == ["nxt"]


def test_columns_are_chosen_and_other_questions_are_refused(client: kd.Client) -> None:
    frame = kd.scan.candles("005930", *RANGE, columns=["date", "close"], client=client).collect()
    assert frame.columns == ["date", "close"]
    with pytest.raises(ValueError, match=r"^names: not for a scan"):
        kd.scan.candles("005930", *RANGE, names="ko", client=client)
    with pytest.raises(ValueError, match="^symbol, interval: "):
        kd.scan.candles("005930", "2026-11-02", interval="5m", client=client)
    with pytest.raises(ValueError, match="^symbol, interval: "):
        kd.scan.program_trend(market="kospi", start="2024-01-02", client=client)
    with pytest.raises(AttributeError, match=r"kd\.movers\(\) gives its frame"):
        kd.scan.movers  # type: ignore[attr-defined]  # noqa: B018
    assert {*vars(Functions)} & {*vars(Histories)} & {*kd.__all__} == set()


def test_a_failure_comes_as_it_is(server: kd.simulator.Server, bare: kd.Client) -> None:
    server.inject("5xx", api_id="ka10086", times=9)
    with pytest.raises(kd.TransportError):
        kd.scan.daily_prices("005930", *RANGE, client=bare).collect()


def test_duckdb_reads_a_scan_and_its_filters_narrow_it(server: kd.simulator.Server, bare: kd.Client) -> None:
    eager = kd.daily_prices(CODES[:3], *RANGE, client=bare)
    scan = kd.scan.daily_prices(CODES[:3], *RANGE, client=bare)  # noqa: F841 - DuckDB finds it by its name
    query = "select symbol, count(*), sum(close), min(date) from scan group by 1 order by 1"
    expected = eager.group_by("symbol").agg(pl.len(), pl.col("close").sum(), pl.col("date").min())
    assert duckdb.sql(query).fetchall() == expected.sort("symbol").rows()
    narrow = kd.scan.daily_prices(CODES[:3], *RANGE, client=bare)  # noqa: F841 - as above
    sent = server.log.count("ka10086")
    query = f"select date, close from narrow where symbol = '{CODES[1]}' order by date"
    found = duckdb.sql(query).fetchall()
    assert found == eager.filter(symbol=CODES[1]).select("date", "close").rows()
    assert server.log.count("ka10086") - sent == sent // 6  # of three symbols, twice


@pytest.mark.parametrize("name", ["etf_daily", "etf_daily_flows", "foreign_holdings"])
def test_days_by_a_tr_that_takes_no_day_are_walked_back_to_the_start(
    server: kd.simulator.Server, bare: kd.Client, name: str
) -> None:
    whole = getattr(kd, name)("069500", client=bare)
    pages = server.log.count()
    server.log.clear()
    frame = getattr(kd, name)("069500", "2026-10-01", "2026-10-30", client=bare)
    assert frame.equals(whole.filter(pl.col("date").is_between(date(2026, 10, 1), date(2026, 10, 30))))
    assert server.log.count() * 10 < pages
    days = getattr(kd.scan, name)("069500", client=bare).filter(pl.col("date") >= date(2026, 10, 1))
    server.log.clear()
    assert days.collect().equals(whole.filter(pl.col("date") >= date(2026, 10, 1)))
    assert server.log.count() * 10 < pages
