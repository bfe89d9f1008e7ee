"""Splits and whatever else changes the prices of the past: two bases never stand side by side."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, time
from pathlib import Path

import polars as pl
import pytest
from polars.testing import assert_frame_equal

import kiwoomdata as kd
from kiwoomdata.calendar import trading_days
from kiwoomdata.kinds import KST
from tests.envelopes import Answer, Envelopes
from tests.store.history import OK, Broker, Clock, History, MakeClient, closes, source


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
