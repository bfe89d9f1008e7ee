"""Snapshots and lists can be archived: their day, when they were fetched, and what was asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date, datetime, time, timedelta
from typing import Any

import pandas as pd
import polars as pl
import pytest

import kiwoomdata as kd
import kiwoomdata.pandas as kdp
from kiwoomdata.entries import ENDPOINTS
from kiwoomdata.kinds import KST
from kiwoomdata.pandas import in_pandas
from kiwoomdata.stamp import MOMENT
from tests.conftest import TODAY, simulated
from tests.envelopes import Answer, serving

OK = {"return_code": 0, "return_msg": "정상적으로 처리되었습니다"}
NOW = datetime.combine(TODAY, time(18, 30), KST)
Call = Callable[..., Any]

STAMPED: dict[str, tuple[Call, dict[str, Any]]] = {
    "orderbook_snapshot": (lambda **o: kd.orderbook_snapshot("005930", **o), {"symbol": "005930"}),
    "after_hours_quote": (lambda **o: kd.after_hours_quote("00088K", **o), {"symbol": "00088K"}),
    "session_summary": (lambda **o: kd.session_summary("005930", **o), {"symbol": "005930"}),
    "quote_board": (lambda **o: kd.quote_board("005930", **o), {"symbol": "005930"}),
    "rights_quotes": (lambda **o: kd.rights_quotes("warrants", **o), {"kind": "warrants"}),
    "trade_strength": (lambda **o: kd.trade_strength("005930", **o), {"symbol": "005930"}),
    "intraday_investor_trades": (
        lambda **o: kd.intraday_investor_trades("foreign", market="kosdaq", **o),
        {"market": "kosdaq", "investor": "foreign"},
    ),
    "closing_investor_trades": (
        lambda **o: kd.closing_investor_trades("kospi", side="buy", **o),
        {"market": "kospi", "side": "buy", "measure": "value"},
    ),
    "program_trend of a market by time": (
        lambda **o: kd.program_trend(market="kospi", by="time", venue="all", **o),
        {"market": "kospi", "venue": "all"},
    ),
    "program_trend of a stock by time": (
        lambda **o: kd.program_trend("005930", by="time", **o),
        {"symbol": "005930"},
    ),
}
WITH_TIMES = {name: call for name, (call, _) in STAMPED.items() if "time" in name or name == "trade_strength"}


@pytest.fixture(scope="module")
def shared() -> Iterator[kd.Client]:
    with simulated() as client:
        yield client


@pytest.mark.parametrize(("call", "asked"), STAMPED.values(), ids=STAMPED.keys())
def test_a_snapshot_says_its_day_when_it_was_fetched_and_what_was_asked(
    shared: kd.Client, call: Call, asked: dict[str, Any]
) -> None:
    frame = call(client=shared)
    assert frame.height > 0
    assert frame["date"].unique().to_list() == [TODAY]
    assert frame.schema["fetched_at"] == MOMENT
    assert frame["fetched_at"].n_unique() == 1
    assert abs(frame["fetched_at"][0] - NOW) < timedelta(minutes=5)
    for name, value in asked.items():
        assert frame[name].unique().to_list() == [value]


def test_a_list_over_a_range_says_the_range_and_no_day(shared: kd.Client) -> None:
    frame = kd.institution_trades("2026-10", "2026-10", market="kosdaq", side="sell", client=shared)
    assert frame.select("market", "side", "start", "end").unique().rows() == [
        ("kosdaq", "sell", date(2026, 10, 1), date(2026, 10, 31))
    ]
    assert "date" not in frame.columns
    assert frame.schema["fetched_at"] == MOMENT


RANGES: dict[str, Call] = {
    "broker_ranking": lambda **o: kd.broker_ranking("005930", **o),
    "investor_totals": lambda **o: kd.investor_totals(["005930", "000660"], **o),
    **{
        name: getattr(kd, name)
        for name in ("buying_streaks", "same_side_ranking", "lending_top", "investor_ranking")
    },
}


@pytest.mark.parametrize("call", RANGES.values(), ids=RANGES.keys())
def test_sums_over_a_past_range_do_not_stand_on_todays_date(shared: kd.Client, call: Call) -> None:
    frame = call(start="2026-10", end="2026-10", client=shared)
    assert frame.height > 0
    assert frame.select("start", "end").unique().rows() == [(date(2026, 10, 1), date(2026, 10, 31))]
    assert frame.columns[-3:] == ["start", "end", "fetched_at"]
    assert "date" not in frame.columns


@pytest.mark.parametrize(
    "name", ["lending_by_stock", "program_by_stock", "foreign_institution_ranking", "sector_flows"]
)
def test_a_list_of_a_past_day_stands_on_that_day(shared: kd.Client, name: str) -> None:
    ask: Call = getattr(kd, name)
    past, latest = ask(date="2026-10-07", client=shared), ask(client=shared)
    assert past["date"].unique().to_list() == [date(2026, 10, 7)]
    assert latest["date"].unique().to_list() == [TODAY]
    assert not past.drop("date", "fetched_at").equals(latest.drop("date", "fetched_at"))


def test_foreigners_and_institutions_of_a_past_day_are_asked_for_with_the_day(shared: kd.Client) -> None:
    past = kd.foreign_institution_ranking("2026-10-07", "kospi", client=shared)
    source = kd.provenance(past)
    assert source is not None
    assert (source.params["qry_dt_tp"], source.params["date"]) == ("1", "20261007")
    # Without the flag the server answers with the latest session, whatever day is named.
    undated = kd.request("ka90009", dated="no", date="2026-10-07", market="kospi", client=shared)
    latest = kd.request("ka90009", dated="no", market="kospi", client=shared)
    assert undated.equals(latest)
    assert not undated.equals(past.select(undated.columns))


def test_the_day_before_stands_on_its_own_day(shared: kd.Client) -> None:
    day = date(2026, 11, 19)
    trades = kd.trades("005930", day="previous", client=shared)
    prices = kd.daily_prices("005930", day, day, client=shared)
    assert trades["date"].unique().to_list() == [day]
    assert trades["time"].dt.date().unique().to_list() == [day]
    assert trades["cumulative_volume"].max() == prices["volume"][0]
    assert trades["price"][0] == prices["close"][0]
    assert kd.most_traded(day="previous", client=shared)["date"].unique().to_list() == [day]


@pytest.mark.parametrize("name", ["program_trend", "program_cumulative"])
def test_the_days_of_a_market_say_which_market(shared: kd.Client, name: str) -> None:
    ask: Call = getattr(kd, name)
    day = {"start": "2026-10"} if name == "program_trend" else {"date": "2026-10-01"}
    frames = [ask(market=market, venue="all", client=shared, **day) for market in ("kospi", "kosdaq")]
    both = pl.concat(frames)
    assert both["venue"].unique().to_list() == ["all"]
    assert both.columns[:3] == ["date", "market", "venue"]
    assert not both.select("date", "market").is_duplicated().any()


@pytest.mark.parametrize("call", WITH_TIMES.values(), ids=WITH_TIMES.keys())
def test_times_of_day_are_joined_with_their_day_and_resample_in_pandas(shared: kd.Client, call: Call) -> None:
    frame = call(client=shared)
    assert frame.columns[0] == "time"
    assert frame.schema["time"] == MOMENT
    assert frame["time"].dt.date().unique().to_list() == [TODAY]
    assert frame["time"].is_sorted()
    rows = in_pandas(call)(client=shared)
    assert isinstance(rows.index, pd.DatetimeIndex)
    assert str(rows.index.tz) == "Asia/Seoul"
    hours = rows.resample("1h").size()
    assert hours.sum() == len(rows)
    assert len(hours) > 1


def test_the_time_of_a_book_is_a_moment_and_its_frame_has_no_index(shared: kd.Client) -> None:
    book = kd.orderbook_snapshot("005930", client=shared)
    assert book.schema["time"] == MOMENT
    assert book["time"].dt.date().unique().to_list() == [TODAY]
    assert isinstance(kdp.orderbook_snapshot("005930", client=shared).index, pd.RangeIndex)


def test_several_symbols_by_time_are_an_index_of_moment_and_symbol(shared: kd.Client) -> None:
    frame = kdp.trade_strength("005930,000660", client=shared)
    assert frame.index.names == ["time", "symbol"]


def test_an_archive_of_two_moments_keeps_one_schema(shared: kd.Client) -> None:
    for call, _ in STAMPED.values():
        frame = call(client=shared)
        again = pl.concat([frame, call(client=shared)])
        assert again.schema == frame.schema
        assert again.height == 2 * frame.height


def test_a_frame_without_rows_has_the_same_columns(shared: kd.Client, make_client: Call) -> None:
    body = {"opmr_invsr_trde": [], **OK}
    full = kd.intraday_investor_trades("foreign", client=shared)
    with serving(Answer(body)) as server, pytest.warns(kd.EmptyAnswer):
        empty = kd.intraday_investor_trades("foreign", client=make_client(server))
    assert empty.schema == full.schema


def book_at(clock: datetime, base: str, make_client: Call) -> pl.DataFrame:
    keys = [column.key for column in ENDPOINTS["ka10004"].parts[0].columns]
    cells = dict.fromkeys(keys, "0") | {"bid_req_base_tm": base, "sel_fpr_bid": "-55000"}
    with serving(Answer({**cells, **OK})) as server:
        return kd.orderbook_snapshot("005930", client=make_client(server, clock=lambda: clock))


@pytest.mark.parametrize(
    ("clock", "base", "moment"),
    [
        # Friday during the session, and after it
        ("2026-11-20T10:00:00", "095959", "2026-11-20T09:59:59"),
        ("2026-11-20T23:59:50", "160000", "2026-11-20T16:00:00"),
        # a clock of the server that is a little ahead
        ("2026-11-20T10:00:00", "100130", "2026-11-20T10:01:30"),
        # Friday morning, when the book is still Thursday's, and then NXT's of the day
        ("2026-11-20T07:30:00", "160000", "2026-11-19T16:00:00"),
        ("2026-11-20T08:30:00", "081500", "2026-11-20T08:15:00"),
        # Sunday, and a holiday
        ("2026-11-22T12:00:00", "160000", "2026-11-20T16:00:00"),
        ("2026-12-25T12:00:00", "110000", "2026-12-24T11:00:00"),
        ("2027-01-01T00:00:10", "160000", "2026-12-30T16:00:00"),
    ],
)
def test_a_time_of_day_is_of_the_latest_session_that_it_can_be_of(
    clock: str, base: str, moment: str, make_client: Call
) -> None:
    frame = book_at(datetime.fromisoformat(clock).replace(tzinfo=KST), base, make_client)
    expected = datetime.fromisoformat(moment).replace(tzinfo=KST)
    assert frame["time"].unique().to_list() == [expected]
    assert frame["date"].unique().to_list() == [expected.date()]


@pytest.mark.parametrize(
    ("clock", "day"),
    [
        ("2026-11-20T09:00:00", date(2026, 11, 20)),
        ("2026-11-20T08:59:59", None),  # before the open: of the session before, or of none
        ("2026-11-20T00:00:01", None),
        ("2026-11-21T08:00:00", date(2026, 11, 20)),
        ("2027-01-04T09:30:00", None),  # the first session of a year opens an hour late
    ],
)
def test_a_list_without_times_names_a_day_only_where_it_can_be_known(
    clock: str, day: date | None, make_client: Call
) -> None:
    keys = [column.key for column in ENDPOINTS["ka10011"].parts[0].columns]
    row = dict.fromkeys(keys, "0") | {"stk_cd": "J0036221D", "stk_nm": "이름"}
    moment = datetime.fromisoformat(clock).replace(tzinfo=KST)
    with serving(Answer({"newstk_recvrht_mrpr": [row], **OK})) as server:
        frame = kd.rights_quotes(client=make_client(server, clock=lambda: moment))
    assert frame["date"].to_list() == [day]
    assert frame["fetched_at"].to_list() == [moment]
