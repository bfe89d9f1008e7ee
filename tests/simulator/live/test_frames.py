"""Live messages and time: order, pace, and what of a day is heard."""

from __future__ import annotations

import json
import threading
import time as clock_time
from collections.abc import Callable, Sequence
from datetime import date, time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from websockets.exceptions import ConnectionClosed

from kiwoomdata.simulator import Market, Server
from kiwoomdata.simulator.live.feeds import Channel
from kiwoomdata.simulator.live.playback import Playback
from tests.conftest import TODAY
from tests.simulator.live.listening import (
    END,
    FEEDS_OF_A_DAY,
    HISTORY,
    MARKET,
    Timer,
    Wire,
    of,
    open_wire,
    seconds,
    until,
)
from tests.talk import Talk, number


def test_what_falls_together_comes_in_one_frame_trades_before_the_books_they_leave(
    serve: Callable[..., Server],
) -> None:
    server = serve()
    with open_wire(server) as wire:
        wire.register(["005930"], ["0D", "0B"])
        server.live.pace = "max"
        frames = wire.rest()
    mixed = [frame for frame in frames if len({entry["type"] for entry in frame["data"]}) > 1]
    assert len(mixed) > 100
    for frame in mixed:
        types = [entry["type"] for entry in frame["data"]]
        assert types == sorted(types)
        assert len({entry["values"].get("20", entry["values"].get("21")) for entry in frame["data"]}) == 1
    assert all(list(frame) == ["trnm", "data"] for frame in frames)


def test_the_day_comes_in_order_over_all_that_is_registered(serve: Callable[..., Server]) -> None:
    server = serve()
    with open_wire(server) as wire:
        wire.register(["005930", "000660", "035420_NX"], ["0B"])
        wire.register([""], ["0s"])
        server.live.pace = "max"
        times = [seconds(entry["values"]["20"]) for entry in wire.day()]
    assert times == sorted(times)
    assert times[0] == 8 * 3600


def test_a_day_that_stands_still_sends_nothing_until_it_goes_on(serve: Callable[..., Server]) -> None:
    server = serve()
    with open_wire(server) as wire:
        wire.register(["005930"], ["0B"])
        assert wire.server.live.at is None
        with pytest.raises(TimeoutError):
            wire.hear(timeout=0.2)
        server.live.pace = 100_000
        assert wire.hear()["data"][0]["values"]["20"] == "090000"


def test_the_day_goes_by_at_the_pace_that_is_set(serve: Callable[..., Server]) -> None:
    timer = Timer()
    server = serve(pace=1, timer=timer)
    with open_wire(server) as wire:
        wire.register(["005930"], ["0C"])
        moments = sorted({trade.time for trade in MARKET.ticks("005930")})
        for passed, end in ((0, time(9)), (300, time(9, 5)), (600, time(9, 15))):
            timer.now += passed
            due = [moment for moment in moments if moment <= end]
            assert [wire.hear()["trnm"] for _ in due] == ["REAL"] * len(due)
            assert server.live.at == end
            server.live.send(END)
            assert wire.hear() == json.loads(END)
            moments = moments[len(due) :]


def test_a_rate_holds_frames_back(serve: Callable[..., Server]) -> None:
    server = serve(pace="max", frame_rate=100)
    with open_wire(server) as wire:
        began = clock_time.monotonic()
        wire.register(["005930"], ["0B"])
        for _ in range(21):
            wire.hear()
        assert clock_time.monotonic() - began >= 0.19
        server.live.rate = None
        assert len(wire.rest()) > 300


def test_a_latecomer_hears_what_comes_from_then_on(serve: Callable[..., Server]) -> None:
    server = serve(pace="max", frame_rate=500)
    with open_wire(server) as wire:
        wire.register(["005930"], ["0B"])
        for _ in range(50):
            wire.hear()
        wire.send(trnm="REG", grp_no="1", refresh="1", data=[{"item": ["000660"], "type": ["0B"]}])
        heard = []
        while (frame := wire.hear())["trnm"] == "REAL":
            heard += frame["data"]
        server.live.rate = None
        entries = [*heard, *wire.day()]
    items = [entry["item"] for entry in entries if "item" in entry]
    times = [seconds(entry["values"]["20"]) for entry in entries]
    assert set(items) == {"005930", "000660"}
    assert times == sorted(times)


def test_the_day_may_begin_again(serve: Callable[..., Server]) -> None:
    server = serve(pace="max")
    with open_wire(server) as wire:
        wire.register(["005930"], ["0C"])
        first = wire.rest()
        assert server.live.at == time(15, 30)
        server.live.rewind()
        assert wire.rest() == first


def test_time_may_go_by_unseen(serve: Callable[..., Server]) -> None:
    server = serve()
    with open_wire(server) as wire:
        wire.register(["005930"], ["0B"])
        for hour in (10, 11):
            stood = f"{server.live.at or time(8):%H%M%S}"
            server.live.skip(3_600)
            server.live.pace = 100_000
            first = wire.hear()["data"][0]["values"]
            if first["20"] <= stood:  # taken before the day stood still, and sent after
                first = wire.hear()["data"][0]["values"]
            server.live.pace = 0
            server.live.send(END)
            while wire.hear() != json.loads(END):
                pass
            trade = next(trade for trade in MARKET.ticks("005930") if trade.volume == number(first["13"]))
            assert trade.time > time(hour)
            assert number(first["13"]) > abs(number(first["15"]))


def test_the_market_may_move_on_while_it_is_heard(serve: Callable[..., Server]) -> None:
    market = Market(1, today=TODAY, now=time(9, 30), first_day=HISTORY)
    server = serve(market=market, pace="max")
    with open_wire(server) as wire, Talk(server) as talk:
        wire.register(["005930"], ["0B"])
        morning = of(wire.day(), "0B")
        assert number(morning[-1]["13"]) == number(talk.ask("ka10086").rows[0]["trde_qty"])
        market.now = time(18, 30)
        until(lambda: not server.live.wait(0) or server.live.at != time(9, 30))
        more = of(wire.day(), "0B")
        assert number(more[-1]["13"]) == number(talk.ask("ka10086").rows[0]["trde_qty"])
    assert number(morning[-1]["13"]) + abs(number(more[0]["15"])) == number(more[0]["13"])


def test_the_day_goes_on_to_the_next_and_rest_with_it(serve: Callable[..., Server]) -> None:
    market, timer = Market(1, today=TODAY, now=time(18, 30), first_day=HISTORY), Timer()
    server = serve(market=market, pace=60, timer=timer)
    with open_wire(server) as wire, Talk(server) as talk:
        wire.register(["005930"], ["0B"])
        assert seconds(wire.find("REAL")["data"][0]["values"]["20"]) == 9 * 3600
        timer.now += 6.5 * 60
        friday = of(wire.day(), "0B")
        assert friday[-1]["20"] == "153000"
        assert server.today == TODAY
        timer.now += 3  # three minutes on, nothing more will be told of this day
        monday = wire.find("REAL")["data"][0]["values"]
        assert server.today == server.now().date() == date(2026, 11, 23)
        assert (monday["20"], number(monday["13"])) == ("090000", abs(number(monday["15"])))
        timer.now += 6.5 * 60
        rows = talk.ask("ka10086", qry_dt="20261123").rows
        last = of(wire.day(), "0B")[-1]
        assert [row["date"] for row in rows[:2]] == ["20261123", "20261120"]
        assert number(last["13"]) == number(rows[0]["trde_qty"])
        assert number(friday[-1]["13"]) == number(rows[1]["trde_qty"])


def test_the_day_begins_again_where_that_was_chosen(serve: Callable[..., Server]) -> None:
    timer = Timer()
    server = serve(pace=60, timer=timer, after_day="again")
    with open_wire(server) as wire:
        wire.register(["005930"], ["0C"])
        until(lambda: server.live.at)  # the day begins by the clock as it stands when it has been drawn
        timer.now += 6.5 * 60
        first = wire.rest()
        timer.now += 3
        again = wire.find("REAL")
        timer.now += 6.5 * 60
        assert [again, *wire.rest()] == first
        assert server.today == TODAY


def test_at_the_end_of_a_day_as_fast_as_it_can_be_read_the_next_may_follow(
    serve: Callable[..., Server],
) -> None:
    market = Market(1, today=TODAY, now=time(18, 30), first_day=HISTORY)
    server = serve(market=market, pace="max", after_day="next")
    with open_wire(server) as wire:
        wire.register(["005930"], ["0C"])
        until(lambda: server.today > TODAY)
        assert wire.find("REAL")


def test_a_feed_that_seldom_comes_tells_its_state_to_whoever_registers(serve: Callable[..., Server]) -> None:
    timer = Timer()
    server = serve(pace=60, timer=timer)
    with open_wire(server) as wire:
        for type_, item in (("0s", ""), ("0H", "005930"), ("0E", "005930"), ("0g", "005930")):
            wire.send(trnm="REG", grp_no="1", refresh="1", data=[{"item": [item], "type": [type_]}])
            assert wire.find("REG")["return_code"] == 0
            (entry,) = wire.find("REAL")["data"]
            assert (entry["type"], entry["item"]) == (type_, item)
    with open_wire(serve(pace=60, timer=timer, last_word=False)) as wire:
        wire.register(["005930"], ["0H"])
        with pytest.raises(TimeoutError):
            wire.hear(timeout=0.2)


PRINTED = [
    *((type_, "") for type_ in ("00", "04", "0s", "1h")),
    *((type_, "005930") for type_ in ("0A", "0B", "0C", "0D", "0E", "0F", "0H", "0g", "0w")),
    *(("0G", "069500"), ("0J", "001"), ("0U", "001"), ("0m", "57JBHH"), ("0u", "57JBHH")),
]
"""What the 18 programs of the vendor's documents register; four more ask about conditions."""


@pytest.mark.parametrize("order", [PRINTED, PRINTED[::-1]])
def test_every_program_of_the_documents_hears_something_whatever_their_order(
    serve: Callable[..., Server], order: list[tuple[str, str]]
) -> None:
    server = serve(pace=6_000, ws_rate=None)  # a hundred times the usual pace
    for type_, item in order:
        with open_wire(server) as wire:
            wire.send(trnm="REG", grp_no="1", refresh="1", data=[{"item": [item], "type": [type_]}])
            assert wire.find("REG")["return_code"] == 0
            assert wire.find("REAL")["data"][0]["type"] == type_
    with open_wire(server) as wire:
        assert wire.ask(trnm="CNSRLST")["data"]
        assert wire.search("4", "0")["data"]
        assert wire.search("4", "1")["return_code"] == 0
        wire.send(trnm="CNSRCLR", seq="1")
        assert wire.find("CNSRCLR")["return_code"] == 0


def test_a_frame_of_more_than_64_kilobytes_ends_the_connection(wire: Wire) -> None:
    wire.send(trnm="REG", grp_no="1", refresh="1", data=[{"item": ["005930"] * 8_000, "type": ["0B"]}])
    with pytest.raises(ConnectionClosed) as end:
        wire.hear()
    assert end.value.rcvd is not None
    assert end.value.rcvd.code == 1009


def test_nothing_comes_on_a_day_without_a_session(serve: Callable[..., Server]) -> None:
    sunday = Market(1, today=date(2026, 11, 22), now=time(12), first_day=HISTORY)
    with open_wire(serve(market=sunday, pace="max")) as wire:
        assert wire.register(["005930", ""], ["0B", "0D", "0s"])["return_code"] == 0
        assert wire.rest() == []


def test_the_mock_server_knows_one_venue(serve: Callable[..., Server]) -> None:
    with open_wire(serve(mode="mock", pace="max")) as wire:
        wire.register(["005930_NX", "005930_AL"], ["0B"])
        assert wire.rest() == []


def test_a_message_of_ones_own_goes_to_those_who_registered_for_it(wire: Wire) -> None:
    wire.register(["005930_NX"], ["0B"])
    wire.register([""], ["1h"])
    wire.register(["000660"], ["00"])
    assert wire.server.live.push("0B", "005930", {"10": "1"}) == 0
    assert wire.server.live.push("0B", "005930_NX", {"10": "한글"}) == 1
    assert wire.hear() == {
        "trnm": "REAL",
        "data": [{"type": "0B", "name": "주식체결", "item": "005930_NX", "values": {"10": "한글"}}],
    }
    assert wire.server.live.push("1h", "035420", {"9001": "035420"}) == 1
    assert wire.server.live.push("00", "005930", {"913": "접수"}) == 1


def test_frames_of_ones_own_come_as_they_are_and_in_order(wire: Wire) -> None:
    frames = wire.server.live.frames("0B", "005930")
    assert len(frames) == len(MARKET.ticks("005930"))
    sender = threading.Thread(target=wire.server.live.send, args=(frames * 20,))
    sender.start()
    assert [wire.connection.recv(timeout=10, decode=False) for _ in range(20 * len(frames))] == frames * 20
    sender.join()


CHANNELS = [Channel("0B", "005930"), Channel("0C", "000660"), Channel("0s", ""), Channel("0I", "MGU")]


def prepared(pace: Any, channels: Sequence[Channel] = CHANNELS) -> Playback:
    playback = Playback(FEEDS_OF_A_DAY, pace)
    playback.listen(dict.fromkeys(channels))
    while (draw := playback.drawing(0.0)) is not None:
        draw()
    return playback


def test_the_pace_is_the_same_whatever_is_listened_to() -> None:
    for channels in ([Channel("0s", "")], CHANNELS):
        playback = prepared(60.0, channels)
        while playback.moment(0.0) < 9 * 3600 or playback.wait(0.0) == 0:
            playback.take(0.0)
        for now in (0.0, 10.0, 370.0):
            assert playback.moment(now) == 9 * 3600 + 60 * now


def test_a_sparse_feed_alone_does_not_use_the_day_up() -> None:
    playback = prepared(60.0, [Channel("0s", "")])
    playback.take(0.0)
    playback.take(0.5)  # the second venue begins half a minute later
    wait = playback.wait(0.5)  # and the close is told of next, ten minutes before it
    assert wait == pytest.approx(60.0 * (6.5 * 60 - 10) / 60, abs=1)
    playback.listen(dict.fromkeys(CHANNELS))
    while (draw := playback.drawing(30.0)) is not None:
        draw()
    assert playback.take(40.0)[0][0].second == pytest.approx(9 * 3600 + 1_800, abs=600)


def test_at_a_number_as_pace_the_day_goes_on_while_nobody_listens() -> None:
    playback = prepared(60.0, CHANNELS[:1])
    playback.take(0.0)
    playback.listen({})
    assert playback.moment(30.0) == 9 * 3600 + 1_800
    playback.listen(dict.fromkeys(CHANNELS[:1]))
    while (draw := playback.drawing(30.0)) is not None:
        draw()
    assert playback.take(31.0)[0][0].second > 9 * 3600 + 1_800


def test_as_fast_as_it_can_be_read_the_day_waits_while_nobody_listens() -> None:
    playback = prepared("max", CHANNELS[:1])
    first = playback.take(0.0)[-1][-1]
    playback.listen({})
    playback.listen(dict.fromkeys(CHANNELS[:1]))
    assert playback.drawing(500.0) is not None
    assert playback.drawing(500.0) is None
    later = [event.second for event in FEEDS_OF_A_DAY.events(CHANNELS[0]) if event.second > first.second]
    assert playback.take(500.0)[0][0].second == later[0]


@pytest.mark.parametrize(("pace", "first"), [(1.0, 9 * 3600), (60.0, 9 * 3600), ("max", 8 * 3600)])
def test_the_day_begins_at_the_open_or_with_all_of_it(pace: Any, first: int) -> None:
    playback = prepared(pace, [Channel("0B", "005930_NX"), Channel("0s", "")])
    assert playback.wait(0.0) == 0
    assert playback.take(0.0)[0][0].second == first


@settings(max_examples=25, deadline=None)
@given(
    st.lists(
        st.tuples(st.sampled_from([0, 1, 60.0, 3_600.0, "max"]), st.floats(0.1, 300), st.booleans()),
        max_size=20,
    )
)
def test_every_message_is_taken_once_and_in_order_whatever_the_pace(
    steps: list[tuple[Any, float, bool]],
) -> None:
    playback, now, taken = prepared(0), 0.0, []
    for pace, passed, burst in [*steps, ("max", 0.0, False)]:
        playback.set_pace(pace, now)
        playback.burst(3 if burst else 0)
        now += passed
        count = 0
        while playback.wait(now) == 0 and (pace != "max" or count < 20 or not passed):
            taken += [event for frame in playback.take(now) for event in frame]
            count += 1
    everything = [event for channel in CHANNELS for event in FEEDS_OF_A_DAY.events(channel)]
    assert sorted(event.second for event in everything) == [event.second for event in taken]
    for channel in CHANNELS:
        mine = [event.row for event in taken if event.channel == channel]
        assert mine == [event.row for event in FEEDS_OF_A_DAY.events(channel)]
