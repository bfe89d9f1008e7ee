"""The store in front of a real server: what is asked for, what is kept, and what is never mixed."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import warnings
from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from polars.testing import assert_frame_equal

import kiwoomdata as kd
from kiwoomdata.arguments import body_of
from kiwoomdata.calendar import trading_days
from kiwoomdata.entries import ENDPOINTS
from kiwoomdata.entries.entry import Unit
from kiwoomdata.kinds import KST
from kiwoomdata.store.disk import Store
from kiwoomdata.store.files import SeriesKey
from tests.envelopes import Answer, Asked, Envelopes, row

MakeClient = Callable[..., kd.Client]
OK = {"return_code": 0, "return_msg": "정상적으로 처리되었습니다"}


class History:
    """A server of daily prices that pages as measured: 20 rows, key of the oldest day less one."""

    def __init__(self, first: date = date(2015, 1, 2), today: date = date(2026, 11, 20)) -> None:
        self.days = trading_days(first, today)
        self.factor = 1
        self.fault: Callable[[int, Asked], Answer | None] = lambda number, asked: None

    def __call__(self, number: int, asked: Asked) -> Answer:
        faulty = self.fault(number, asked)
        if faulty is not None:
            return faulty
        text = asked.headers.get("next-key") or asked.body["qry_dt"]
        newest = datetime.strptime(text[-8:], "%Y%m%d").date()
        found = [day for day in self.days if day <= newest][-20:][::-1]
        rows = [self.row(day) for day in found]
        more = bool(found) and found[-1] > self.days[0]
        key = f"A005930{found[-1] - timedelta(1):%Y%m%d}" if more else ""
        return Answer({"daly_stkpc": rows, **OK}, {"cont-yn": "Y" if more else "N", "next-key": key})

    def row(self, day: date) -> dict[str, str]:
        price = 50_000 + day.toordinal() % 1000
        close = f"-{price // self.factor}"
        return row("ka10086", date=f"{day:%Y%m%d}", close_pric=close, trde_qty="10", ind="--7")


class Clock:
    def __init__(self, *moment: int) -> None:
        self.moment = datetime(*(moment or (2026, 11, 20, 18, 30)), tzinfo=KST)  # type: ignore[arg-type,misc]

    def __call__(self) -> datetime:
        return self.moment


def source(frame: Any) -> kd.Provenance:
    found = kd.provenance(frame)
    assert found is not None
    return found


def fewest(start: str, end: str, size: int = 20) -> int:
    days = trading_days(date.fromisoformat(start), date.fromisoformat(end))
    return -(-len(days) // size)


@pytest.fixture
def store(tmp_path: Path) -> Path:
    return tmp_path / "store"


def test_asking_again_costs_no_request_and_gives_the_same_frame(make_client: MakeClient, store: Path) -> None:
    with Envelopes(History()) as server:
        first = kd.daily_prices("005930", "2024-01-02", "2024-12-30", client=make_client(server, cache=store))
        sent = len(server.asked)
        again = kd.daily_prices("005930", "2024-01-02", "2024-12-30", client=make_client(server, cache=store))
        assert len(server.asked) == sent == fewest("2024-01-02", "2024-12-30")
    assert_frame_equal(first, again)
    assert (source(first).cached_rows, source(first).requests) == (0, sent)
    assert (source(again).cached_rows, source(again).requests) == (again.height, 0)


def test_what_is_held_reads_the_same_alone_and_among_many(make_client: MakeClient, store: Path) -> None:
    symbols = ["005930", "000660_NX", "035420"]
    with Envelopes(History()) as server:
        client = make_client(server, cache=store)
        cold = kd.daily_prices(symbols, "2024-01-02", "2024-06-28", client=client)
        sent = len(server.asked)
        many = kd.daily_prices(symbols, "2024-01-02", "2024-06-28", client=client)
        alone = [kd.daily_prices(one, "2024-01-02", "2024-06-28", client=client) for one in symbols]
        part = kd.daily_prices([*symbols, "035720"], "2024-01-02", "2024-06-28", client=client)
        assert {asked.body["stk_cd"] for asked in server.asked[sent:]} == {"035720"}
    assert_frame_equal(many, cold)
    assert_frame_equal(pl.concat(alone).sort("date", maintain_order=True), cold)
    assert_frame_equal(part.filter(pl.col("symbol") != "035720"), cold)
    assert (source(many).requests, source(many).cached_rows) == (0, cold.height)
    assert [source(frame).cached_rows for frame in alone] == [frame.height for frame in alone]
    assert source(part).cached_rows == cold.height
    for frame in (many, *alone, part):
        assert source(frame).units == source(cold).units
        assert source(frame).as_of == date(2026, 11, 20)


def test_what_is_held_of_a_market_has_no_symbol(
    server: kd.simulator.Server, make_client: MakeClient, store: Path
) -> None:
    client = make_client(server, cache=store)
    ask = partial(kd.program_trend, market="kospi", by="day", start="2026-11-02", end="2026-11-13")
    cold, warm = ask(client=client), ask(client=client)
    assert source(warm).requests == 0
    assert_frame_equal(warm, cold)


def test_one_more_day_costs_one_page(make_client: MakeClient, store: Path) -> None:
    with Envelopes(History()) as server:
        client = make_client(server, cache=store)
        kd.daily_prices("005930", "2024-01-02", "2024-11-28", client=client)
        sent = len(server.asked)
        frame = kd.daily_prices("005930", "2024-01-02", "2024-11-29", client=client)
        assert len(server.asked) == sent + 1
    assert frame["date"].to_list() == trading_days(date(2024, 1, 2), date(2024, 11, 29))
    assert source(frame).cached_rows == frame.height - 1


def test_only_the_gaps_are_asked_for(make_client: MakeClient, store: Path) -> None:
    with Envelopes(History()) as server:
        client = make_client(server, cache=store)
        for start, end in (("2023-03-06", "2023-03-31"), ("2023-07-04", "2023-07-31")):
            kd.investor_flows("005930", start, end, client=client)
        server.asked.clear()
        frame = kd.investor_flows("005930", "2023-02-01", "2023-08-31", client=client)
        ends = [asked.body["qry_dt"] for asked in server.asked if "next-key" not in asked.headers]
    assert ends == ["20230831", "20230703", "20230306"]  # the last begins with a held day, to compare
    assert frame["date"].to_list() == trading_days(date(2023, 2, 1), date(2023, 8, 31))


def test_a_range_that_adds_no_trading_day_costs_nothing(make_client: MakeClient, store: Path) -> None:
    with Envelopes(History()) as server:
        client = make_client(server, cache=store)
        kd.daily_prices("005930", "2024-11-18", "2024-11-22", client=client)
        server.asked.clear()
        frame = kd.daily_prices("005930", "2024-11-16", "2024-11-24", client=client)  # Saturday to Sunday
    assert server.asked == []
    assert frame.height == 5


def test_todays_row_is_always_asked_for(make_client: MakeClient, store: Path) -> None:
    history = History()
    with Envelopes(history) as server:
        client = make_client(server, cache=store, clock=Clock())
        first = kd.daily_prices("005930", "2026-11-02", client=client)
        history.row = lambda day: row("ka10086", date=f"{day:%Y%m%d}", close_pric="99000")  # type: ignore[method-assign]
        second = kd.daily_prices("005930", "2026-11-02", client=client)
    assert first["date"][-1] == second["date"][-1] == date(2026, 11, 20)
    assert second["close"][-1] == 99000
    assert source(second).requests >= 1


def test_a_row_is_kept_when_it_is_final_and_not_before(make_client: MakeClient, store: Path) -> None:
    clock = Clock(2026, 11, 20, 18, 30)
    asked_for = ("2026-11-02", "2026-11-18")
    with Envelopes(History()) as server:
        client = make_client(server, cache=store, clock=clock)
        kd.daily_prices("005930", *asked_for, client=client)
        kd.daily_prices("005930", *asked_for, client=client)
        assert len(server.asked) == 2  # the 18th's credit columns settle on the 21st at 06:00
        clock.moment = datetime(2026, 11, 21, 5, 59, tzinfo=KST)
        kd.daily_prices("005930", *asked_for, client=client)
        assert len(server.asked) == 3
        clock.moment = datetime(2026, 11, 21, 6, 0, tzinfo=KST)
        kd.daily_prices("005930", *asked_for, client=client)
        kd.daily_prices("005930", *asked_for, client=client)
        assert len(server.asked) == 4


def test_a_clock_that_steps_back_asks_only_for_what_is_not_final_by_it(
    make_client: MakeClient, store: Path
) -> None:
    clock = Clock(2026, 11, 25, 9, 0)
    with Envelopes(History(today=date(2026, 11, 25))) as server:
        client = make_client(server, cache=store, clock=clock)
        first = kd.daily_prices("005930", "2026-11-02", "2026-11-19", client=client)
        clock.moment = datetime(2026, 11, 19, 23, 0, tzinfo=KST)
        again = kd.daily_prices("005930", "2026-11-02", "2026-11-19", client=client)
        assert len(server.asked) == 2
        held = kd.daily_prices("005930", "2026-11-02", "2026-11-16", client=client)
        assert len(server.asked) == 2
    assert_frame_equal(first, again)
    assert source(again).cached_rows == 11  # the 17th, 18th and 19th are not final by now
    assert source(held).requests == 0


def test_what_a_clock_took_for_final_too_soon_is_not_served(make_client: MakeClient, store: Path) -> None:
    clock, history = Clock(2026, 11, 25, 9, 0), History(today=date(2026, 11, 20))
    final_row = history.row
    history.row = lambda day: {**final_row(day), "close_pric": "1"} if day.day == 20 else final_row(day)  # type: ignore[method-assign]
    with Envelopes(history) as server:
        client = make_client(server, cache=store, clock=clock)
        kd.daily_prices("005930", "2026-11-02", "2026-11-20", client=client)
        clock.moment = datetime(2026, 11, 20, 14, 0, tzinfo=KST)  # the clock was five days ahead
        kd.daily_prices("005930", "2026-11-02", "2026-11-20", client=client)
        history.row = final_row  # type: ignore[method-assign]
        for moment in (clock.moment, datetime(2026, 11, 25, 9, 0, tzinfo=KST)):
            clock.moment = moment
            frame = kd.daily_prices("005930", "2026-11-02", "2026-11-20", client=client)
            assert closes(frame, 1)


def test_a_split_makes_the_whole_series_be_asked_for_anew(make_client: MakeClient, store: Path) -> None:
    history = History()
    with Envelopes(history) as server:
        client = make_client(server, cache=store)
        kd.daily_prices("005930", "2024-01-02", "2024-06-27", client=client)
        history.factor = 5
        frame = kd.daily_prices("005930", "2024-06-24", "2024-06-28", client=client)
        assert frame["date"].to_list() == trading_days(date(2024, 6, 24), date(2024, 6, 28))
        assert closes(frame, 5)
        server.asked.clear()
        again = kd.daily_prices("005930", "2024-01-02", "2024-06-28", client=client)
        assert server.asked == []  # the days that were held before are held again
    assert again["date"].to_list() == trading_days(date(2024, 1, 2), date(2024, 6, 28))
    assert closes(again, 5)
    assert source(again).as_of == date(2026, 11, 20)


def test_a_split_shows_on_older_days_too(make_client: MakeClient, store: Path) -> None:
    history = History()
    with Envelopes(history) as server:
        client = make_client(server, cache=store)
        kd.daily_prices("005930", "2024-06-03", "2024-06-28", client=client)
        history.factor = 5
        frame = kd.daily_prices("005930", "2024-01-02", "2024-06-28", client=client)
    days = trading_days(date(2024, 1, 2), date(2024, 6, 28))
    assert frame["close"].to_list() == [(50_000 + day.toordinal() % 1000) // 5 for day in days]


@pytest.mark.parametrize(
    "ends", [("2026-11-12", "2026-11-13"), ("2026-11-20", "2026-11-20")], ids=["one more day", "today again"]
)
@pytest.mark.parametrize(
    "ask",
    [
        lambda **o: kd.daily_prices("000660", "2026-01-02", o.pop("end"), **o),
        lambda **o: kd.broker_trend("001", "000660", "2026-01-02", o.pop("end"), **o),
        lambda **o: kd.program_trend("000660", "2026-01-02", o.pop("end"), **o),
        lambda **o: kd.institution_trend("000660", "2026-01-02", o.pop("end"), **o),
        lambda **o: kd.price_table("000660", client=o["client"]),
        lambda **o: kd.trade_strength("000660", by="day", client=o["client"]),
    ],
    ids=["ka10086", "ka10078", "ka90013", "ka10045", "ka10005", "ka10047"],
)
def test_a_split_in_the_simulator_never_mixes_two_bases(
    make_client: MakeClient, store: Path, ask: Callable[..., pl.DataFrame], ends: tuple[str, str]
) -> None:
    today, split = date(2026, 11, 20), date(2026, 11, 18)
    with kd.simulator.start(seed=7, today=today, now=time(18, 30), rate=None, rebased=True) as server:
        keys = {"app_key": server.app_key, "app_secret": server.app_secret}
        client = make_client(server, cache=store, clock=server.now, **keys)
        before = ask(end=ends[0], client=client)
        server.market.split("000660", split, 5)
        after = ask(end=ends[1], client=client)
        bare = ask(end=ends[1], client=make_client(server, cache=False, clock=server.now, **keys))
    assert_frame_equal(after, bare)
    both = before.join(after.filter(pl.col("date") < split), on="date", suffix="_now")
    assert both.height > 50
    assert ((both["close"] / both["close_now"]).is_between(4.9, 5.1)).all()


def closes(frame: Any, factor: int) -> bool:
    expected = [(50_000 + day.toordinal() % 1000) // factor for day in frame["date"]]
    return bool(frame["close"].to_list() == expected)


def test_refreshing_a_part_after_a_split_leaves_no_mixture(make_client: MakeClient, store: Path) -> None:
    history = History()
    with Envelopes(history) as server:
        client = make_client(server, cache=store)
        kd.daily_prices("005930", "2024-01-02", "2024-12-30", client=client)
        history.factor = 50
        june = kd.daily_prices("005930", "2024-06-03", "2024-06-28", client=client, refresh=True)
        year = kd.daily_prices("005930", "2024-01-02", "2024-12-30", client=client)
    assert closes(june, 50)
    assert closes(year, 50)
    assert year["date"].to_list() == trading_days(date(2024, 1, 2), date(2024, 12, 30))


def test_halted_days_do_not_stand_for_an_equal_basis(make_client: MakeClient, store: Path) -> None:
    history, plain_row = History(), History().row
    halted = dict.fromkeys(trading_days(date(2024, 4, 30), date(2024, 5, 3)), "0")

    def row(day: date) -> dict[str, str]:
        found = plain_row(day)
        price = (50_000 + day.toordinal() % 1000) // history.factor
        return {**found, "close_pric": halted.get(day, f"-{price}")}

    history.row = row  # type: ignore[method-assign]
    with Envelopes(history) as server:
        client = make_client(server, cache=store)
        kd.daily_prices("005930", "2024-04-01", "2024-05-03", client=client)
        history.factor = 50
        frame = kd.daily_prices("005930", "2024-04-01", "2024-05-31", client=client)
    assert closes(frame.filter(pl.col("close") > 0), 50)


def test_one_empty_answer_settles_nothing(make_client: MakeClient, store: Path) -> None:
    history = History()
    nothing = Answer({"daly_stkpc": [], **OK})
    with Envelopes(history) as server:
        client = make_client(server, cache=store)
        kd.daily_prices("005930", "2024-11-04", "2024-11-15", client=client)
        history.fault = lambda number, asked: nothing
        with pytest.warns(kd.IncompleteFrame, match="10 trading.*2024-11-18 to 2024-11-29"):
            kd.daily_prices("005930", "2024-11-04", "2024-11-29", client=client)
        with pytest.warns(kd.EmptyAnswer):
            kd.daily_prices("005930", "2024-11-04", "2024-11-08", client=client, refresh=True)
        history.fault = lambda number, asked: None
        frame = kd.daily_prices("005930", "2024-11-04", "2024-11-29", client=client)
    assert frame["date"].to_list() == trading_days(date(2024, 11, 4), date(2024, 11, 29))


def test_days_that_the_server_does_not_have_yet_are_asked_for_again(
    make_client: MakeClient, store: Path
) -> None:
    late = History(today=date(2024, 11, 12))
    with Envelopes(late) as server:
        client = make_client(server, cache=store)
        with pytest.warns(kd.IncompleteFrame, match="6 trading.*2024-11-13 to 2024-11-20"):
            kd.daily_prices("005930", "2024-11-04", "2024-11-20", client=client)
        late.days = History().days
        frame = kd.daily_prices("005930", "2024-11-04", "2024-11-20", client=client)
    assert frame["date"].to_list() == trading_days(date(2024, 11, 4), date(2024, 11, 20))


def test_a_hole_is_told_and_asked_for_again(make_client: MakeClient, store: Path) -> None:
    history = History()
    hole = trading_days(date(2024, 11, 11), date(2024, 11, 13))
    history.days = [day for day in history.days if day not in hole]
    with Envelopes(history) as server:
        client = make_client(server, cache=store)
        with pytest.warns(kd.IncompleteFrame, match="no row for 3 trading day"):
            kd.daily_prices("005930", "2024-11-04", "2024-11-20", client=client)
        history.days = History().days
        frame = kd.daily_prices("005930", "2024-11-04", "2024-11-20", client=client)
    assert frame["date"].to_list() == trading_days(date(2024, 11, 4), date(2024, 11, 20))


def test_an_old_block_makes_a_new_day_cost_no_more_than_two_requests(
    make_client: MakeClient, store: Path
) -> None:
    with Envelopes(History()) as server:
        client = make_client(server, cache=store)
        kd.daily_prices("005930", "2015-01-02", "2015-01-30", client=client)
        server.asked.clear()
        frame = kd.daily_prices("005930", "2024-11-20", "2024-11-20", client=client)
        assert len(server.asked) == 2  # the day, and one stored day to compare
    assert frame.height == 1


def test_a_split_shows_while_only_days_that_are_not_final_are_asked_for(
    make_client: MakeClient, store: Path
) -> None:
    history, clock = History(), Clock(2026, 11, 20, 7, 0)
    with Envelopes(history) as server:
        client = make_client(server, cache=store, clock=clock)
        kd.daily_prices("005930", "2026-01-02", client=client)
        clock.moment, history.factor = datetime(2026, 11, 20, 9, 30, tzinfo=KST), 50
        for _ in range(2):
            frame = kd.daily_prices("005930", "2026-01-02", client=client)
            assert closes(frame, 50)
            assert frame["date"].to_list() == trading_days(date(2026, 1, 2), date(2026, 11, 20))


def test_a_split_and_an_empty_answer_leave_no_mixture(make_client: MakeClient, store: Path) -> None:
    history = History()
    nothing = Answer({"daly_stkpc": [], **OK})
    with Envelopes(history) as server:
        client = make_client(server, cache=store)
        for start, end in (("2024-01-02", "2024-01-31"), ("2024-05-02", "2024-05-31")):
            kd.daily_prices("005930", start, end, client=client)
        history.factor = 50
        began = len(server.asked)
        # The day that shows the split comes; the newest gap of the whole series then brings nothing.
        history.fault = lambda number, asked: nothing if number == began + 1 else None
        kd.daily_prices("005930", "2024-01-02", "2024-02-15", client=client)
        history.fault = lambda number, asked: None
        for start, end in (("2024-01-02", "2024-01-31"), ("2024-05-02", "2024-05-31")):
            assert closes(kd.daily_prices("005930", start, end, client=client), 50)


def test_a_stock_that_was_halted_for_a_year_costs_a_request_and_not_one_a_week(
    make_client: MakeClient, store: Path
) -> None:
    history = History()
    halted = set(trading_days(date(2024, 2, 1), date(2024, 12, 30)))
    history.days = [day for day in history.days if day not in halted]
    with Envelopes(history) as server:
        client = make_client(server, cache=store)
        for requests in (2, 1, 1):
            server.asked.clear()
            with pytest.warns(kd.IncompleteFrame, match=f"no row for {len(halted)} trading"):
                kd.investor_flows("005930", "2024-01-02", "2025-01-31", client=client)
            assert len(server.asked) == requests


def test_padded_days_are_found_again(make_client: MakeClient, store: Path) -> None:
    history, plain_row = History(), History().row
    history.row = lambda day: {**plain_row(day), "date": f" {day:%Y%m%d}"}  # type: ignore[method-assign]
    with Envelopes(history) as server:
        client = make_client(server, cache=store)
        kd.daily_prices("005930", "2024-01-02", "2024-03-29", client=client)
        frame = kd.daily_prices("005930", "2024-01-02", "2024-04-30", client=client)
    assert frame["date"].to_list() == trading_days(date(2024, 1, 2), date(2024, 4, 30))


@pytest.mark.parametrize("text", ["2024-11-20", "20240230", "garbage"])
def test_a_day_that_is_none_is_complained_about_and_not_kept(
    make_client: MakeClient, store: Path, text: str
) -> None:
    history, plain_row = History(), History().row
    odd = date(2024, 11, 20)
    history.row = lambda day: {**plain_row(day), **({"date": text} if day == odd else {})}  # type: ignore[method-assign]
    with Envelopes(history) as server:
        client = make_client(server, cache=store)
        with pytest.raises(kd.DecodeError, match="date"):
            kd.daily_prices("005930", "2024-11-18", "2024-11-22", client=client)
        with pytest.warns(kd.KiwoomDataWarning):
            kept = kd.daily_prices("005930", "2024-11-18", "2024-11-22", client=client, on_bad="null")
    assert kept.height == 4


def test_a_stop_is_not_swallowed_where_the_basis_differs(make_client: MakeClient, store: Path) -> None:
    history = History()
    with Envelopes(history) as server:
        client = make_client(server, cache=store)
        kd.daily_prices("005930", "2024-01-02", "2024-01-31", client=client)
        history.factor = 50
        refused = Answer({"return_code": 2, "return_msg": "[1511:no]"})
        history.fault = lambda number, asked: refused if number >= 4 else None
        with pytest.raises(kd.ApiError, match="1511"):
            kd.daily_prices("005930", "2023-06-01", "2024-01-31", client=client)


def test_an_empty_range_needs_no_store_offline(make_client: MakeClient, store: Path) -> None:
    with Envelopes(History()) as server:
        client = make_client(server, cache=store)
        frame = kd.daily_prices("005930", "2024-11-23", "2024-11-24", client=client, offline=True)
        assert server.asked == []
    assert frame.height == 0


def test_a_server_that_runs_upwards_is_followed_to_its_end(make_client: MakeClient, store: Path) -> None:
    days = trading_days(date(2024, 1, 2), date(2024, 6, 28))

    def answer(number: int, asked: Asked) -> Answer:
        at = int(asked.headers.get("next-key") or 0)
        rows = [row("ka10078", dt=f"{day:%Y%m%d}", cur_prc="100") for day in days[at : at + 20]]
        more = at + 20 < len(days)
        key = {"cont-yn": "Y" if more else "N", "next-key": str(at + 20) if more else ""}
        return Answer({"sec_stk_trde_trend": rows, **OK}, key)

    with Envelopes(answer) as server:
        client = make_client(server, cache=store)
        frame = kd.broker_trend("001", "005930", "2024-01-02", "2024-06-28", client=client)
    assert frame["date"].to_list() == days


class Broker:
    """A server of what a broker traded, day by day, between the two days of the request."""

    def __init__(self) -> None:
        self.days = trading_days(date(2024, 1, 2), date(2024, 6, 28))
        self.factor = 1

    def __call__(self, number: int, asked: Asked) -> Answer:
        first, last = asked.body["strt_dt"], asked.body["end_dt"]
        days = [day for day in self.days if first <= f"{day:%Y%m%d}" <= last][::-1]
        at = int(asked.headers.get("next-key") or 0)
        rows = [row("ka10078", dt=f"{d:%Y%m%d}", cur_prc=str(500 // self.factor)) for d in days[at : at + 20]]
        more = at + 20 < len(days)
        key = {"cont-yn": "Y" if more else "N", "next-key": str(at + 20) if more else ""}
        return Answer({"sec_stk_trde_trend": rows, **OK}, key)


def test_a_request_that_names_its_first_day_is_compared_on_the_way(
    make_client: MakeClient, store: Path
) -> None:
    broker = Broker()
    with Envelopes(broker) as server:
        client = make_client(server, cache=store)
        kd.broker_trend("001", "005930", "2024-01-02", "2024-05-30", client=client)
        server.asked.clear()
        kd.broker_trend("001", "005930", "2024-01-02", "2024-05-31", client=client)
        assert [asked.body["strt_dt"] for asked in server.asked] == ["20240530"]
        broker.factor = 5
        frame = kd.broker_trend("001", "005930", "2024-01-02", "2024-06-03", client=client)
    assert set(frame["close"]) == {100}


def test_a_first_day_that_the_request_names_goes_before_an_earlier_one(
    make_client: MakeClient, store: Path
) -> None:
    asked = {"mmcm_cd": "001", "stk_cd": "005930", "strt_dt": "20240603", "end_dt": "20240628"}
    with Envelopes(Broker()) as server:
        for cache in (store, False):
            frame = make_client(server, cache=cache).request("ka10078", asked, since="2024-05-02")
            assert frame["date"][-1] == date(2024, 6, 3)


def test_what_cannot_be_compared_never_stands_beside_what_is_stored(
    make_client: MakeClient, store: Path
) -> None:
    broker = Broker()
    with Envelopes(broker) as server:
        client = make_client(server, cache=store)
        kd.broker_trend("001", "005930", "2024-01-02", "2024-05-30", client=client)
        broker.factor = 5
        broker.days.remove(date(2024, 5, 30))  # the day that would be compared
        with pytest.warns(kd.KiwoomDataWarning, match="no price of 2024-05-30 to compare"):
            frame = kd.broker_trend("001", "005930", "2024-01-02", "2024-06-03", client=client)
    assert set(frame["close"]) == {100}


def test_a_brokers_row_that_is_late_is_waited_for(make_client: MakeClient, store: Path) -> None:
    broker, clock = Broker(), Clock(2024, 6, 28, 8, 0)
    broker.days = [day for day in broker.days if day < date(2024, 6, 26)]
    with Envelopes(broker) as server:
        client = make_client(server, cache=store, clock=clock)
        for _ in range(2):  # the second one takes a stored day along, so that something comes
            kd.broker_trend("001", "005930", "2024-06-03", "2024-06-27", client=client)
        broker.days = trading_days(date(2024, 1, 2), date(2024, 6, 28))
        frame = kd.broker_trend("001", "005930", "2024-06-03", "2024-06-27", client=client)
    assert frame["date"][-1] == date(2024, 6, 27)


def test_a_walk_upwards_that_was_cut_settles_nothing_after_it(make_client: MakeClient, store: Path) -> None:
    broker = Broker()
    down = broker.__call__

    def upwards(number: int, asked: Asked) -> Answer:
        found = down(number, asked)
        days = [
            day for day in broker.days if asked.body["strt_dt"] <= f"{day:%Y%m%d}" <= asked.body["end_dt"]
        ]
        at = int(asked.headers.get("next-key") or 0)
        rows = [row("ka10078", dt=f"{day:%Y%m%d}", cur_prc="500") for day in days[at : at + 20]]
        return Answer({"sec_stk_trde_trend": rows, **OK}, found.headers)

    with Envelopes(upwards) as server:
        ask = partial(kd.broker_trend, "001", "005930", "2024-01-02", "2024-06-28")
        hasty = ask(client=make_client(server, cache=store, max_pages=2, on_truncated="mark"))
        assert hasty.height == 40
        assert ask(client=make_client(server, cache=store))["date"].to_list() == broker.days


def test_days_on_which_a_broker_did_not_trade_are_settled_like_any(
    make_client: MakeClient, store: Path
) -> None:
    broker = Broker()
    broker.days = [day for day in broker.days if day.day < 20]
    with Envelopes(broker) as server:
        client = make_client(server, cache=store)
        kd.broker_trend("001", "005930", "2024-01-02", "2024-05-30", client=client)
        server.asked.clear()
        kd.broker_trend("001", "005930", "2024-01-02", "2024-05-30", client=client)
        assert server.asked == []
        kd.broker_trend("001", "005930", "2024-01-02", "2024-05-31", client=client)
        kd.broker_trend("001", "005930", "2024-01-02", "2024-05-31", client=client)
        assert len(server.asked) == 1


def test_a_long_walk_that_is_killed_goes_on_where_it_was(make_client: MakeClient, store: Path) -> None:
    with Envelopes(History()) as server:
        command = [sys.executable, "-c", WORKER, server.base_url, str(store)]
        process = subprocess.Popen([*command, "2016-01-04"], stdout=subprocess.PIPE)
        while len(server.asked) < 60:
            assert process.poll() is None
        process.kill()
        process.wait(10)
        assert process.stdout is not None
        process.stdout.close()
        server.asked.clear()
        client = make_client(server, cache=store)
        frame = kd.daily_prices("005930", "2016-01-04", "2024-12-30", client=client)
        assert len(server.asked) <= fewest("2016-01-04", "2024-12-30") - 45
    assert frame["date"].to_list() == trading_days(date(2016, 1, 4), date(2024, 12, 30))


def test_a_long_walk_that_fails_keeps_what_it_has(make_client: MakeClient, store: Path) -> None:
    history = History()
    with Envelopes(history) as server:
        client = make_client(server, cache=store)
        down = Answer(b"<html>down</html>")
        history.fault = lambda number, asked: down if number >= 7 else None
        with pytest.raises(kd.TransportError):
            kd.daily_prices("005930", "2024-01-02", "2024-12-30", client=client)
        history.fault = lambda number, asked: None
        server.asked.clear()
        kd.daily_prices("005930", "2024-01-02", "2024-12-30", client=client)
        assert len(server.asked) <= fewest("2024-01-02", "2024-12-30") - 6


def test_both_ways_past_the_store_at_once_are_refused(make_client: MakeClient, store: Path) -> None:
    with Envelopes(History()) as server:
        client = make_client(server, cache=store)
        for ask in (
            lambda **o: kd.daily_prices("005930", "2024-11-18", client=client, **o),
            lambda **o: client.request("ka90013", {"symbol": "005930"}, **o),
        ):
            with pytest.raises(ValueError, match="^refresh, offline: "):
                ask(refresh=True, offline=True)
        assert server.asked == []


def test_an_address_with_a_slash_is_the_same_server(make_client: MakeClient, store: Path) -> None:
    with Envelopes(History()) as server:
        for address in (server.base_url, f"{server.base_url}/"):
            client = make_client(server, cache=store, base_url=address)
            kd.daily_prices("005930", "2024-11-18", "2024-11-22", client=client)
        assert len(server.asked) == 1


@pytest.mark.parametrize("rows", [0, 20])
def test_a_last_page_that_comes_too_early_settles_nothing_before_it(
    make_client: MakeClient, store: Path, rows: int
) -> None:
    history = History()

    def fault(number: int, asked: Asked) -> Answer | None:
        if number != 3:
            return None
        history.fault = lambda number, asked: None
        found = history(number, asked)
        return Answer({"daly_stkpc": found.body["daly_stkpc"][:rows], **OK}, {"cont-yn": "N", "next-key": ""})

    history.fault = fault
    with Envelopes(history) as server:
        client = make_client(server, cache=store)
        with pytest.warns(kd.IncompleteFrame, match="2024-01-02 to 2024-.*in trouble"):
            assert kd.daily_prices("005930", "2024-01-02", "2024-12-30", client=client).height == 60 + rows
        whole = kd.daily_prices("005930", "2024-01-02", "2024-12-30", client=client)
    assert whole["date"].to_list() == trading_days(date(2024, 1, 2), date(2024, 12, 30))


def test_rows_of_days_that_the_calendar_takes_for_closed_are_kept(
    make_client: MakeClient, store: Path
) -> None:
    history = History()
    saturday = date(2024, 11, 16)
    history.days = sorted([*history.days, saturday])
    with Envelopes(history) as server:
        client = make_client(server, cache=store)
        for end in ("2024-11-15", "2024-11-18", "2024-11-19"):
            frame = kd.daily_prices("005930", "2024-11-11", end, client=client)
    assert saturday in frame["date"].to_list()


def test_days_that_can_no_longer_be_compared_are_not_lost(make_client: MakeClient, store: Path) -> None:
    history = History()
    with Envelopes(history) as server:
        client = make_client(server, cache=store)
        held = kd.daily_prices("005930", "2024-01-02", "2024-12-30", client=client)
        history.days = [
            day for day in history.days if day > date(2026, 1, 1)
        ]  # the server reaches no further
        with pytest.warns(kd.KiwoomDataWarning, match="no price of 2024-12-30 to compare"):
            new = kd.daily_prices("005930", "2026-11-09", "2026-11-13", client=client)
        assert new.height == 5
        kept = kd.daily_prices("005930", "2024-01-02", "2024-12-30", client=client, offline=True)
    assert_frame_equal(kept, held)


def test_holes_all_over_a_year_do_not_cost_a_walk_each(make_client: MakeClient, store: Path) -> None:
    history = History()
    history.days = [day for number, day in enumerate(history.days) if number % 5]
    with Envelopes(history) as server:
        client = make_client(server, cache=store)
        for _ in range(2):
            server.asked.clear()
            with pytest.warns(kd.IncompleteFrame):
                kd.daily_prices("005930", "2024-01-02", "2024-12-30", client=client)
            assert len(server.asked) <= fewest("2024-01-02", "2024-12-30") + 1


def test_today_alone_costs_one_request_beside_an_old_block(make_client: MakeClient, store: Path) -> None:
    with Envelopes(History()) as server:
        client = make_client(server, cache=store, clock=Clock())
        kd.daily_prices("005930", "2015-01-02", "2015-01-30", client=client)
        server.asked.clear()
        kd.daily_prices("005930", "2026-11-20", client=client)
        assert len(server.asked) == 1


def test_a_column_that_the_catalogue_learnt_later_is_null(make_client: MakeClient, store: Path) -> None:
    prices = ENDPOINTS["ka10086"]
    body = body_of(prices, {"symbol": "005930", "until": "2024-11-22"})
    span = {"since": date(2024, 11, 18), "until": date(2024, 11, 22)}
    learnt = replace(prices.parts[0].columns[-1], key="new", name="new")
    newer = replace(prices, parts=(replace(prices.parts[0], columns=(*prices.parts[0].columns, learnt)),))
    with Envelopes(History()) as server:
        client = make_client(server, cache=store)
        for endpoint in (prices, newer):
            (frame,) = client.frames(endpoint, body, **span)[0].values()
        assert len(server.asked) == 1
    assert frame["new"].to_list() == [None] * 5


def test_any_tr_by_name_shares_the_days_that_are_held(make_client: MakeClient, store: Path) -> None:
    with Envelopes(History()) as server:
        client, bare = make_client(server, cache=store), make_client(server, cache=False)
        kd.daily_prices("005930", "2024-11-04", "2024-11-22", client=client)
        server.asked.clear()
        asked = {"stk_cd": "005930", "qry_dt": "20241122", "indc_tp": "0"}
        frame = client.request("ka10086", asked, since=date(2024, 11, 6))
        assert server.asked == []
        assert_frame_equal(frame, bare.request("ka10086", asked, since=date(2024, 11, 6)))
        assert frame["date"].to_list() == trading_days(date(2024, 11, 6), date(2024, 11, 22))[::-1]
        assert source(frame).rows == source(frame).cached_rows == frame.height
        server.asked.clear()
        client.request("ka10086", asked, since=date(2024, 11, 6), refresh=True)
        assert len(server.asked) == 1
        with pytest.raises(kd.NotCached, match="lacks 2024-10-02 to 2024-10-25"):
            client.request("ka10086", asked, since=date(2024, 10, 1), offline=True)
        with pytest.raises(kd.NotCached, match="not kept"):
            client.request("ka10086", asked, offline=True)
        with pytest.raises(ValueError, match="^since: 2024-11-25 is after 2024-11-22"):
            client.request("ka10086", asked, since="2024-11-25")


def test_shares_and_value_are_two_series(make_client: MakeClient, store: Path) -> None:
    with Envelopes(History()) as server:
        client = make_client(server, cache=store)
        shares = kd.investor_flows("005930", "2024-11-18", "2024-11-22", client=client)
        value = kd.investor_flows("005930", "2024-11-18", "2024-11-22", client=client, measure="value")
        assert len(server.asked) == 2
    assert shares["individual"].to_list() == [-7] * 5
    assert value["individual"].to_list() == [-7_000_000] * 5


def test_prices_and_flows_share_what_they_ask_for(make_client: MakeClient, store: Path) -> None:
    with Envelopes(History()) as server:
        client = make_client(server, cache=store)
        kd.daily_prices("005930", "2024-11-18", "2024-11-22", client=client)
        kd.investor_flows("005930", "2024-11-18", "2024-11-22", client=client)
        assert len(server.asked) == 1


def test_a_refusal_is_never_kept(make_client: MakeClient, store: Path) -> None:
    history = History()
    limited = Answer({"return_code": 5, "return_msg": "[1700:허용된 요청 개수를 초과하였습니다.]"})
    with Envelopes(history) as server:
        client = make_client(server, cache=store)
        history.fault = lambda number, asked: limited
        with pytest.raises(kd.RateLimited):
            kd.daily_prices("005930", "2024-11-18", "2024-11-22", client=client)
        history.fault = lambda number, asked: None
        assert kd.daily_prices("005930", "2024-11-18", "2024-11-22", client=client).height == 5


def test_an_empty_answer_for_a_series_never_seen_is_asked_again(make_client: MakeClient, store: Path) -> None:
    history = History()
    with Envelopes(history) as server:
        client = make_client(server, cache=store)
        history.fault = lambda number, asked: Answer({"daly_stkpc": [], **OK})
        with pytest.warns(kd.EmptyAnswer):
            assert kd.daily_prices("005930", "2024-11-18", "2024-11-22", client=client).height == 0
        history.fault = lambda number, asked: None
        assert kd.daily_prices("005930", "2024-11-18", "2024-11-22", client=client).height == 5


def test_where_a_history_begins_is_known_when_two_walks_end_there(
    make_client: MakeClient, store: Path
) -> None:
    with Envelopes(History(first=date(2024, 11, 4))) as server:
        client = make_client(server, cache=store)
        frames = [kd.daily_prices("005930", "2020-01-02", "2024-11-22", client=client) for _ in range(3)]
        assert [source(frame).requests for frame in frames] == [1, 1, 0]
        assert (
            server.asked[1].body["qry_dt"] == "20241104"
        )  # a question of its own: is there anything before?
    assert_frame_equal(frames[0], frames[2])
    assert frames[2]["date"][0] == date(2024, 11, 4)


def test_what_was_fetched_before_the_paging_broke_is_kept(make_client: MakeClient, store: Path) -> None:
    history = History()
    stuck = {"count": 0}

    def repeat_the_key(number: int, asked: Asked) -> Answer | None:
        history.fault = lambda number, asked: None
        found = history(number, asked)
        history.fault = repeat_the_key
        stuck["count"] += 1
        if stuck["count"] >= 3:
            found.headers["next-key"] = asked.headers["next-key"]
        return found

    history.fault = repeat_the_key
    with Envelopes(history) as server:
        client = make_client(server, cache=store)
        with pytest.raises(kd.Truncated, match="repeated the key") as caught:
            kd.daily_prices("005930", "2024-01-02", "2024-12-30", client=client)
        assert caught.value.frame.height == 60
        history.fault = lambda number, asked: None
        server.asked.clear()
        frame = kd.daily_prices("005930", "2024-01-02", "2024-12-30", client=client)
        assert server.asked[0].body["qry_dt"] < "20241101"
    assert frame["date"].to_list() == trading_days(date(2024, 1, 2), date(2024, 12, 30))


def test_refresh_goes_to_the_server_and_replaces(make_client: MakeClient, store: Path) -> None:
    history = History()
    with Envelopes(history) as server:
        client = make_client(server, cache=store)
        kd.daily_prices("005930", "2024-11-18", "2024-11-22", client=client)
        history.row = lambda day: row("ka10086", date=f"{day:%Y%m%d}", close_pric="1", trde_qty="1")  # type: ignore[method-assign]
        stale = kd.daily_prices("005930", "2024-11-18", "2024-11-22", client=client)
        fresh = kd.daily_prices("005930", "2024-11-18", "2024-11-22", client=client, refresh=True)
        after = kd.daily_prices("005930", "2024-11-18", "2024-11-22", client=client)
    assert stale["close"][0] > 1
    assert fresh["close"].to_list() == after["close"].to_list() == [1] * 5


def test_offline_serves_what_is_there_and_names_what_is_missing(make_client: MakeClient, store: Path) -> None:
    with Envelopes(History()) as server:
        client = make_client(server, cache=store)
        kd.daily_prices("005930", "2024-11-18", "2024-11-22", client=client)
        sent = len(server.asked)
        inside = kd.daily_prices("005930", "2024-11-18", "2024-11-20", client=client, offline=True)
        with pytest.raises(kd.NotCached, match="lacks 2024-10-21 to 2024-10-25"):
            kd.daily_prices("005930", "2024-10-21", "2024-11-22", client=client, offline=True)
        with pytest.raises(kd.NotCached, match="ka10004 .*is not kept"):
            kd.orderbook_snapshot("005930", client=client, offline=True)
        assert len(server.asked) == sent
    assert inside.height == 3


def test_without_a_store_nothing_is_written(make_client: MakeClient, tmp_path: Path) -> None:
    with Envelopes(History()) as server:
        client = make_client(server, cache=False, state=False)
        for _ in range(2):
            kd.daily_prices("005930", "2024-11-18", "2024-11-22", client=client)
        assert len(server.asked) == 2
    assert not list(tmp_path.iterdir())


def test_a_store_that_is_a_file_is_refused_with_a_remedy(make_client: MakeClient, tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("x")
    with pytest.raises(kd.CacheError, match=r"KIWOOMDATA_CACHE or cache=.*cache=False"):
        kd.Client(base_url="http://127.0.0.1:1", app_key="k", app_secret="s", cache=file)
    keys = {"base_url": "http://127.0.0.1:1", "app_key": "k", "app_secret": "s"}
    for size in (10, "1GB", None, float("nan"), True):
        with pytest.raises(ValueError, match="^cache_size: "):
            kd.Client(**keys, cache=tmp_path / "s", cache_size=size)  # type: ignore[arg-type]
    for where in (None, 0, 1.5, ""):
        with pytest.raises(kd.ConfigError, match="^cache: expected a folder"):
            kd.Client(**keys, cache=where)  # type: ignore[arg-type]


def test_what_is_held_can_be_seen_and_let_go_of(make_client: MakeClient, store: Path) -> None:
    with Envelopes(History()) as server:
        client = make_client(server, cache=store)
        kd.use(client)
        try:
            kd.daily_prices(["005930", "000660"], "2024-11-18", "2024-11-22")
            held = kd.cache.info()
            assert set(held["symbol"]) == {"005930", "000660"}
            assert held.filter(symbol="005930").select("api_id", "from", "to", "rows").row(0) == (
                *("ka10086", date(2024, 10, 28), date(2024, 11, 22), 20),  # what came on the page
            )
            assert kd.cache.path == store
            with pytest.raises(ValueError, match="everything=True"):
                kd.cache.clear()
            kd.daily_prices("005930_NX", "2024-11-18", "2024-11-22")
            for wrong in (
                {"symbol": "Samsung"},
                {"symbol": 5930},
                {"api_id": "ka99999"},
                {"everything": "no"},
            ):
                with pytest.raises((ValueError, TypeError), match=next(iter(wrong))):
                    kd.cache.clear(**wrong)  # type: ignore[arg-type]
            assert kd.cache.clear(symbol="005930_NX") == 1
            kd.daily_prices("005930_NX", "2024-11-18", "2024-11-22")
            assert kd.cache.clear(symbol="A005930") == 2  # at all venues
            assert kd.cache.info()["symbol"].to_list() == ["000660"]
        finally:
            kd.use("simulator")


@pytest.mark.parametrize("kind", ["rows", "typed"])
@pytest.mark.parametrize("damage", ["half", "zeros", "header", "gone"])
def test_a_damaged_store_answers_right_and_is_repaired(
    make_client: MakeClient, store: Path, damage: str, kind: str
) -> None:
    with Envelopes(History()) as server:
        both = ["005930", "000660"]
        whole = kd.daily_prices(both, "2024-11-18", "2024-11-22", client=make_client(server, cache=store))
        path = next(path for path in store.rglob(f"*.{kind}") if b"005930" in path.read_bytes()[:300])
        content = path.read_bytes()
        if kind == "rows":  # or else the typed copy, which is of this very text, answers in its place
            path.with_suffix(".typed").unlink()
        if damage == "gone":
            path.unlink()
        else:
            path.write_bytes(
                {
                    "half": content[: len(content) // 2],
                    "zeros": content[:-200] + bytes(200),
                    "header": content.replace(b"2024", b"2023", 1),
                }[damage]
            )
        with warnings.catch_warnings(record=True) as told:
            warnings.simplefilter("always")
            again = kd.daily_prices(both, "2024-11-18", "2024-11-22", client=make_client(server, cache=store))
            assert_frame_equal(again, whole)
        texts = [str(one.message) for one in told if "ka10086 005930: what was stored" in str(one.message)]
        assert bool(texts) == (kind == "rows" and damage != "gone")
        asked = [asked.body["stk_cd"] for asked in server.asked]
        assert sorted(asked) == (["000660", "005930", "005930"] if kind == "rows" else ["000660", "005930"])
        sent = len(server.asked)
        again = kd.daily_prices(both, "2024-11-18", "2024-11-22", client=make_client(server, cache=store))
        assert_frame_equal(again, whole)
        assert len(server.asked) == sent


def test_neither_key_nor_token_is_in_the_store(make_client: MakeClient, store: Path) -> None:
    with Envelopes(History()) as server:
        kd.daily_prices("005930", "2024-11-18", "2024-11-22", client=make_client(server, cache=store))
    for path in store.rglob("*"):
        if path.is_file():
            content = path.read_bytes()
            assert not any(s in content for s in (b"envelope-key", b"envelope-secret", b"envelope-token")), (
                path
            )


WORKER = """
import sys, kiwoomdata as kd
settings = dict(app_key="k", app_secret="s", quota=None, state=False)
client = kd.Client(base_url=sys.argv[1], cache=sys.argv[2], **settings)
start = sys.argv[3] if sys.argv[3:] else "2022-01-03"
frame = kd.daily_prices("005930", start, "2024-12-30", client=client)
print(frame.height, kd.provenance(frame).requests)
"""


def test_two_processes_do_not_fetch_the_same_gap_twice(store: Path) -> None:
    with Envelopes(History()) as server:
        command = [sys.executable, "-c", WORKER, server.base_url, str(store)]
        running = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(3)]
        told = [process.communicate(timeout=60)[0].split() for process in running]
        sent = len(server.asked)
    assert [process.returncode for process in running] == [0, 0, 0]
    assert len({rows for rows, _ in told}) == 1
    assert sent == fewest("2022-01-03", "2024-12-30")
    assert sorted(int(requests) for _, requests in told) == [0, 0, sent]


@pytest.mark.skipif(sys.platform == "win32", reason="Windows sends no Ctrl-C to one process")
def test_ctrl_c_ends_the_wait_for_another_process_that_fetches_the_same(store: Path) -> None:
    program = WORKER.replace('"005930"', '["005930", "000660"]')
    with Envelopes(History()) as server:
        mine = SeriesKey(server.base_url, "ka10086", (("stk_cd", "005930"), ("indc_tp", "0")))
        with Store(store).lock(mine):
            command = [sys.executable, "-c", program, server.base_url, str(store)]
            process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
            others = fewest("2022-01-03", "2024-12-30")
            while len(server.asked) < others:  # the other symbol's pages: both threads are at work
                assert process.poll() is None
            process.send_signal(signal.SIGINT)
            _, errors = process.communicate(timeout=20)
    assert process.returncode != 0
    assert b"KeyboardInterrupt" in errors


PREFETCH = """
import sys, kiwoomdata as kd
from kiwoomdata.prefetch import prefetch
keys = dict(app_key="k", app_secret="s", quota=None, state=False)
client = kd.Client(base_url=sys.argv[1], cache=sys.argv[2], **keys)
told = prefetch(["005930", "000660"], "2018-01-02", "2024-12-30", client=client)
print(told.rows, told.requests)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows sends no signals to one process")
@pytest.mark.parametrize("how", ["SIGINT", "SIGTERM", "SIGKILL"])
def test_a_prefetch_that_was_stopped_goes_on_where_it_was(store: Path, how: str) -> None:
    with Envelopes(History()) as server:
        command = [sys.executable, "-c", PREFETCH, server.base_url, str(store)]
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        while len(server.asked) < 100:
            assert process.poll() is None
        process.send_signal(signal.Signals[how])
        process.wait(20)
        sent = len(server.asked)
        done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
        again = len(server.asked) - sent
    rows, requests = map(int, done.stdout.split())
    assert rows == 2 * len(trading_days(date(2018, 1, 2), date(2024, 12, 30)))
    lost = 2 * 5 + 2  # of each series what was not kept yet, and a page to compare
    assert again - requests in (0, 1, 2)  # what the two series had on the way when it was stopped comes late
    assert 0 < requests <= 2 * fewest("2018-01-02", "2024-12-30") - sent + lost


def test_a_process_killed_while_it_fetches_leaves_a_store_that_serves(
    make_client: MakeClient, store: Path
) -> None:
    history = History()
    with Envelopes(history) as server:
        process = subprocess.Popen(
            [sys.executable, "-c", WORKER, server.base_url, str(store)], stdout=subprocess.PIPE
        )
        while len(server.asked) < 5:
            assert process.poll() is None
        process.kill()
        process.wait(10)
        assert process.stdout is not None
        process.stdout.close()
        frame = kd.daily_prices("005930", "2022-01-03", "2024-12-30", client=make_client(server, cache=store))
    assert frame["date"].to_list() == trading_days(date(2022, 1, 3), date(2024, 12, 30))


def test_what_is_stored_is_text_as_served(make_client: MakeClient, store: Path) -> None:
    with Envelopes(History()) as server:
        kd.daily_prices("005930", "2024-11-18", "2024-11-22", client=make_client(server, cache=store))
    (file,) = store.rglob("*.rows")
    texts = pl.read_ipc_stream(file.read_bytes().partition(b"\n")[2])
    assert set(texts.dtypes) == {pl.String}
    assert texts["ind"].to_list() == ["--7"] * 20


def test_a_corrected_unit_heals_what_was_stored_without_a_request(
    make_client: MakeClient, store: Path
) -> None:
    prices = ENDPOINTS["ka10086"]
    body = body_of(prices, {"symbol": "005930", "until": "2024-11-22"})
    span = {"since": date(2024, 11, 18), "until": date(2024, 11, 22)}
    columns = [
        replace(column, unit=Unit("lots", 100)) if column.name == "volume" else column
        for column in prices.parts[0].columns
    ]
    corrected = replace(prices, parts=(replace(prices.parts[0], columns=tuple(columns)),))
    with Envelopes(History()) as server:
        client = make_client(server, cache=store)
        for endpoint, volume in ((prices, 10), (prices, 10), (corrected, 1000), (prices, 10)):
            (frame,) = client.frames(endpoint, body, **span)[0].values()
            assert frame["volume"].to_list() == [volume] * 5
        assert len(server.asked) == 1


def test_a_row_with_a_text_that_cannot_be_read_is_never_settled(make_client: MakeClient, store: Path) -> None:
    history, plain_row = History(), History().row
    sick = date(2024, 11, 20)
    history.row = lambda day: {**plain_row(day), **({"trde_qty": "many"} if day == sick else {})}  # type: ignore[method-assign]
    with Envelopes(history) as server:
        ask = partial(
            kd.daily_prices, "005930", "2024-11-18", "2024-11-22", client=make_client(server, cache=store)
        )
        for _ in range(2):
            with pytest.raises(kd.DecodeError, match="volume: 'many'"):
                ask()
            with pytest.warns(kd.KiwoomDataWarning, match="volume: 'many'"):
                assert ask(on_bad="null")["volume"].to_list() == [10, 10, None, 10, 10]
        with pytest.raises(kd.NotCached, match="lacks 2024-11-20 to 2024-11-20"):
            ask(offline=True)
        history.row = plain_row  # type: ignore[method-assign]
        assert ask()["volume"].to_list() == [10] * 5
        assert source(ask()).requests == 0


def test_the_shortcut_beside_a_block_is_never_older_than_the_block(
    make_client: MakeClient, store: Path
) -> None:
    history = History()
    with Envelopes(history) as server:
        client = make_client(server, cache=store)
        for _ in range(3):
            kd.daily_prices("005930", "2024-11-18", "2024-11-20", client=client)
        history.row = lambda day: row("ka10086", date=f"{day:%Y%m%d}", close_pric="1", trde_qty="1")  # type: ignore[method-assign]
        kd.daily_prices("005930", "2024-11-18", "2024-11-20", client=client, refresh=True)
        again = kd.daily_prices("005930", "2024-11-18", "2024-11-20", client=client)
    assert again["close"].to_list() == [1, 1, 1]


def test_the_machines_time_zone_plays_no_part(make_client: MakeClient, store: Path) -> None:
    from zoneinfo import ZoneInfo

    clock = Clock()
    clock.moment = datetime.combine(
        date(2026, 11, 20), time(16, 0), ZoneInfo("America/New_York")
    )  # 21st, 06:00
    with Envelopes(History(today=date(2026, 11, 20))) as server:
        client = make_client(server, cache=store, clock=clock)
        for _ in range(2):
            kd.daily_prices("005930", "2026-11-02", "2026-11-18", client=client)
        assert len(server.asked) == 1


def test_provenance_survives_json(make_client: MakeClient, store: Path) -> None:
    with Envelopes(History()) as server:
        frame = kd.daily_prices("005930", "2024-11-18", "2024-11-22", client=make_client(server, cache=store))
    plain = json.loads(json.dumps(source(frame).as_dict(), ensure_ascii=False))
    assert plain["api_id"] == "ka10086"
    assert plain["rows"] == 5
