"""The store in front of a real server: which days are asked for, and when a row is final."""

from __future__ import annotations

from datetime import date, datetime
from functools import partial
from pathlib import Path

import polars as pl
import pytest
from polars.testing import assert_frame_equal

import kiwoomdata as kd
from kiwoomdata.calendar import trading_days
from kiwoomdata.kinds import KST
from tests.envelopes import Answer, Asked, Envelopes, row
from tests.store.history import OK, Broker, Clock, History, MakeClient, closes, fewest, source


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
        with pytest.warns(kd.EmptyAnswer, match="of days without a session"):
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
