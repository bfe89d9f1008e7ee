"""The simulator's live side over a real WebSocket, heard by a plain client."""

from __future__ import annotations

import gc
import json
import socket
import subprocess
import sys
import threading
import time as clock_time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date, time
from itertools import pairwise
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect

from kiwoomdata import simulator
from kiwoomdata.entries.condition import SEARCH
from kiwoomdata.entries.feeds import CONDITION_EVENT, FEEDS, Feed
from kiwoomdata.kinds import decode
from kiwoomdata.simulator import LIVE_FAULTS, Market, Server
from kiwoomdata.simulator.live.feeds import Channel, Feeds
from kiwoomdata.simulator.live.playback import Playback
from tests.conftest import TODAY
from tests.talk import Talk, number

HISTORY = date(2026, 9, 1)  # a short one: stocks are drawn quickly
MARKET = Market(1, today=TODAY, now=time(18, 30), first_day=HISTORY)
FEEDS_OF_A_DAY = Feeds(MARKET, krx_only=False)
END = '{"trnm":"THE END"}'
GOOD = {"return_code": 0, "return_msg": ""}


class Timer:
    """The server's seconds, which only a test moves on."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


class Wire:
    """One connection, of which nothing is understood but JSON."""

    def __init__(self, server: Server, connection: ClientConnection) -> None:
        self.server, self.connection = server, connection

    def send(self, **message: Any) -> None:
        self.connection.send(json.dumps(message, ensure_ascii=False))

    def hear(self, timeout: float = 10) -> Any:
        return json.loads(self.connection.recv(timeout=timeout))

    def find(self, trnm: str) -> Any:
        """The next frame of a kind."""
        while (frame := self.hear())["trnm"] != trnm:
            pass
        return frame

    def ask(self, **message: Any) -> Any:
        self.send(**message)
        return self.hear()

    def register(self, items: Sequence[str], types: Sequence[str], **how: Any) -> Any:
        data = [{"item": list(items), "type": list(types)}]
        return self.ask(**{"trnm": "REG", "grp_no": "1", "refresh": "1", "data": data, **how})

    def remove(self, items: Sequence[str], types: Sequence[str], group: str = "1") -> Any:
        return self.register(items, types, trnm="REMOVE", grp_no=group, refresh="")

    def search(self, seq: str, kind: str, **more: str) -> Any:
        return self.ask(trnm="CNSRREQ", seq=seq, search_type=kind, stex_tp="K", **more)

    def tick(self, item: str = "005930", type_: str = "0B", **values: str) -> int:
        """Let the server send a message; how many connections it went to."""
        return self.server.live.push(type_, item, values or {"10": "1"})

    def rest(self) -> list[Any]:
        """All frames until nothing is left to send."""

        def finish() -> None:
            assert self.server.live.wait(20)
            self.server.live.send(END)

        last = threading.Thread(target=finish)
        last.start()
        found = []
        while (text := self.connection.recv(timeout=20)) != END:
            found.append(json.loads(text))
        last.join()
        return found

    def day(self) -> list[Any]:
        """The messages of all those frames."""
        return [entry for frame in self.rest() for entry in frame.get("data", ())]

    def goodbye(self) -> tuple[int, str]:
        """Code and reason with which the server closes, after nothing more."""
        heard, end = self.last_words()
        assert not heard
        assert end.rcvd is not None
        return end.rcvd.code, end.rcvd.reason

    def last_words(self) -> tuple[list[Any], ConnectionClosed]:
        """The messages of all frames until the end, and the end."""
        heard: list[Any] = []
        try:
            while True:
                heard += self.hear()["data"]
        except ConnectionClosed as end:
            return heard, end


@contextmanager
def open_wire(server: Server, token: str | None = "") -> Iterator[Wire]:
    """A connection, logged in unless ``token`` is None."""
    with connect(server.ws_url, compression=None, ping_interval=None, close_timeout=0.2) as connection:
        wire = Wire(server, connection)
        if token is not None:
            assert wire.ask(trnm="LOGIN", token=token or issue(server))["return_code"] == 0
        yield wire


def issue(server: Server) -> str:
    with Talk(server) as talk:
        return talk.token


@pytest.fixture
def serve() -> Iterator[Callable[..., Server]]:
    """Start servers that send no PING, and whose day stands still until a test lets it go on."""
    running: list[Server] = []

    def start(**switches: Any) -> Server:
        calm = {"market": MARKET, "pace": 0, "rate": None, "ping_interval": None}
        running.append(simulator.start(**{**calm, **switches}))
        return running[-1]

    yield start
    for server in running:
        server.close()


@pytest.fixture
def server(serve: Callable[..., Server]) -> Server:
    return serve()


@pytest.fixture
def wire(server: Server) -> Iterator[Wire]:
    with open_wire(server) as found:
        yield found


def seconds(text: str) -> int:
    return int(text[:2]) * 3600 + int(text[2:4]) * 60 + int(text[4:])


def of(entries: Sequence[Any], type_: str) -> list[dict[str, str]]:
    return [entry["values"] for entry in entries if entry["type"] == type_]


def until(condition: Callable[[], object]) -> None:
    end = clock_time.monotonic() + 5
    while not condition():
        assert clock_time.monotonic() < end
        clock_time.sleep(0.002)


# --- logging in ----------------------------------------------------------------------------------


def test_a_login_is_acknowledged_as_the_live_server_does(server: Server) -> None:
    with open_wire(server, token=None) as wire:
        answer = wire.ask(trnm="LOGIN", token=issue(server))
        assert answer == {"trnm": "LOGIN", **GOOD, "sor_yn": "Y"}
        assert [session.logged_in for session in server.live.sessions] == [True]


@pytest.mark.parametrize(("mode", "more"), [("real", ["R10004"]), ("mock", [])])
def test_a_wrong_token_is_refused_and_the_connection_closed(
    serve: Callable[..., Server], mode: str, more: list[str]
) -> None:
    server = serve(mode=mode)
    with open_wire(server, token=None) as wire:
        answer = wire.ask(trnm="LOGIN", token=f"Bearer {issue(server)}")
        assert (answer["trnm"], answer["return_code"]) == ("LOGIN", 805004)
        assert "CODE=8005, MESSAGE=" in answer["return_msg"]
        assert [wire.hear()["code"] for _ in more] == more
        assert wire.goodbye()[0] == 1000


def test_a_login_without_a_token_is_refused(server: Server) -> None:
    with open_wire(server, token=None) as wire:
        assert wire.ask(trnm="LOGIN")["return_code"] == 805002
        wire.goodbye()


def test_what_comes_before_the_login_is_ignored_with_100013_and_the_login_may_follow(server: Server) -> None:
    with open_wire(server, token=None) as wire:
        answer = wire.register(["005930"], ["0B"])
        assert (answer["trnm"], answer["return_code"]) == ("REG", 100013)
        assert wire.ask(trnm="LOGIN", token=issue(server))["return_code"] == 0
        assert wire.tick() == 0


def test_who_does_not_log_in_at_all_is_told_so_and_cut_off(serve: Callable[..., Server]) -> None:
    timer = Timer()
    server = serve(timer=timer, login_wait=5)
    with open_wire(server, token=None) as wire:
        until(lambda: server.live.sessions)
        timer.now += 5
        assert wire.hear()["code"] == "R10004"
        assert wire.goodbye() == (1000, "Bye")


@pytest.mark.parametrize("text", ["{}", '{"grp_no":"1"}', "no JSON", "[1]", '"LOGIN"', "[" * 60_000])
def test_a_message_without_trnm_is_refused_with_100002(wire: Wire, text: str) -> None:
    wire.connection.send(text)
    assert wire.hear()["return_code"] == 100002


def test_an_unknown_trnm_is_refused_with_105108(wire: Wire) -> None:
    answer = wire.ask(trnm="ORDER")
    assert (answer["trnm"], answer["return_code"]) == ("ORDER", 105108)


def test_a_second_login_of_the_key_ends_the_first(server: Server) -> None:
    with open_wire(server) as first, open_wire(server) as second:
        assert first.hear()["code"] == "R10001"
        assert first.goodbye() == (1000, "Bye")
        assert second.register(["005930"], ["0B"])["return_code"] == 0
        assert second.tick() == 1


def test_two_sessions_of_a_key_may_coexist(serve: Callable[..., Server]) -> None:
    server = serve(duplicate_ws="coexist")
    with open_wire(server) as first, open_wire(server) as second:
        for wire in (first, second):
            wire.register(["005930"], ["0B"])
        assert first.tick() == 2
        assert first.hear() == second.hear()


FLOOD = [b'{"trnm":"FLOOD","data":"' + b"x" * 5_000 + b'"}'] * 8_000


@contextmanager
def deaf_client(server: Server) -> Iterator[threading.Thread]:
    """Somebody who has logged in and reads no more, and a thread that sends as much as there is room for."""
    how = {"compression": None, "ping_interval": None, "max_queue": 1, "close_timeout": 0.1}
    with connect(server.ws_url, **how) as deaf:
        deaf.send(json.dumps({"trnm": "LOGIN", "token": issue(server)}))
        until(lambda: server.live.sessions and server.live.sessions[0].logged_in)
        flood = threading.Thread(target=server.live.send, args=(FLOOD,))
        flood.start()
        yield flood
        flood.join(10)
        assert not flood.is_alive()


def test_a_client_that_does_not_read_can_be_replaced_by_a_new_login(server: Server) -> None:
    with deaf_client(server) as flood:
        clock_time.sleep(0.1)
        assert flood.is_alive()
        with open_wire(server) as second:
            second.send(trnm="REG", grp_no="1", data=[{"item": ["005930"], "type": ["0B"]}])
            assert second.find("REG")["return_code"] == 0
            flood.join(10)
            assert second.tick() == 1
            second.find("REAL")


# --- PING and SYSTEM -----------------------------------------------------------------------------


def test_a_ping_comes_every_interval_with_no_other_field_and_an_echo_keeps_the_session(
    serve: Callable[..., Server],
) -> None:
    timer = Timer()
    server = serve(timer=timer, ping_interval=10)
    with open_wire(server) as wire:
        for _ in range(12):
            timer.now += 10
            ping = wire.hear()
            assert ping == {"trnm": "PING"}
            wire.send(**ping)
        assert wire.ask(trnm="CNSRLST")["return_code"] == 0
        assert server.live.log.count("PING") == 0


def test_five_pings_without_an_echo_end_the_session(serve: Callable[..., Server]) -> None:
    timer = Timer()
    server = serve(timer=timer, ping_interval=10)
    with open_wire(server) as wire:
        for _ in range(5):
            timer.now += 10
            assert wire.hear() == {"trnm": "PING"}
        timer.now += 10
        assert wire.hear()["code"] == "R10002"
        assert wire.goodbye() == (1000, "Bye")


def test_a_ping_may_come_before_the_login(serve: Callable[..., Server]) -> None:
    timer = Timer()
    server = serve(timer=timer, ping_interval=1, login_wait=60)
    with open_wire(server, token=None) as wire:
        until(lambda: server.live.sessions)
        timer.now += 1
        assert wire.hear() == {"trnm": "PING"}


def test_who_sends_a_system_frame_back_is_cut_off(wire: Wire) -> None:
    wire.send(trnm="SYSTEM", code="R10001", message="")
    assert wire.goodbye()[0] == 1008


def test_there_is_nothing_at_another_path(server: Server) -> None:
    with pytest.raises(InvalidStatus) as caught, connect(server.ws_url.replace("/api", "/ws")):
        pass
    assert caught.value.response.status_code == 404


# --- REG and REMOVE ------------------------------------------------------------------------------


def test_an_acknowledgement_says_nothing_of_what_it_is_for(wire: Wire) -> None:
    assert wire.register(["005930"], ["0B"], grp_no="7") == {"trnm": "REG", **GOOD}
    assert wire.remove(["005930"], ["0B"], "7") == {"trnm": "REMOVE", **GOOD}


def test_all_items_of_an_entry_are_registered_for_all_its_types(wire: Wire) -> None:
    data = [
        {"item": ["005930", "000660"], "type": ["0B", "0D"]},
        {"item": [""], "type": ["0s"]},
        {"item": "035420", "type": "0C"},
    ]
    wire.ask(trnm="REG", grp_no="1", refresh="1", data=data)
    (session,) = wire.server.live.sessions
    assert session.registered == {
        "1": {(item, type_) for item in ("005930", "000660") for type_ in ("0B", "0D")}
        | {("", "0s"), ("035420", "0C")}
    }


def test_refresh_0_drops_what_the_group_had_and_nothing_of_other_groups(wire: Wire) -> None:
    wire.register(["005930"], ["0B"], grp_no="1")
    wire.register(["000660"], ["0B"], grp_no="2")
    wire.register(["035420"], ["0B"], grp_no="1")
    assert [wire.tick(item) for item in ("005930", "000660", "035420")] == [1, 1, 1]
    wire.connection.recv(), wire.connection.recv(), wire.connection.recv()
    wire.register(["035720"], ["0B"], grp_no="1", refresh="0")
    assert [wire.tick(item) for item in ("005930", "000660", "035420", "035720")] == [0, 1, 0, 1]


def test_what_is_in_two_groups_goes_on_when_one_of_them_drops_it(wire: Wire) -> None:
    wire.register(["005930"], ["0B"], grp_no="1")
    wire.register(["005930"], ["0B"], grp_no="2")
    wire.remove(["005930"], ["0B"], "1")
    assert wire.tick() == 1


def test_garbage_is_acknowledged_and_silent(serve: Callable[..., Server]) -> None:
    server = serve(pace="max")
    with open_wire(server) as wire:
        answer = wire.register(
            ["HELLO", "A005930", "999999", "091990", "005930_XX", "001"], ["0B", "0D", "0J x", ""]
        )
        assert answer == {"trnm": "REG", **GOOD}
        assert wire.rest() == []


def test_the_case_of_a_type_counts(wire: Wire) -> None:
    wire.register(["005930"], ["0W", "0b", "0G"])
    assert [wire.tick(type_=type_) for type_ in ("0w", "0B", "0g", "0G")] == [0, 0, 0, 1]


CODES = [f"{number:06d}" for number in range(300_000, 300_300)]


def test_200_items_fit_whatever_their_types_and_one_more_is_refused_whole(wire: Wire) -> None:
    assert wire.register(CODES[:150], ["0B", "0D", "0w"], grp_no="1")["return_code"] == 0
    assert wire.register(["", "001"], ["0s", "0J"], grp_no="2")["return_code"] == 0
    answer = wire.register(CODES[150:200], ["0B"], grp_no="2")
    assert (answer["trnm"], answer["return_code"]) == ("REG", 105115)
    assert "(200)" in answer["return_msg"]
    assert wire.tick(CODES[150]) == 0
    assert wire.register(CODES[150:199], ["0B"], grp_no="2")["return_code"] == 0


def test_refresh_0_makes_room_before_items_are_counted(wire: Wire) -> None:
    wire.register(CODES[:200], ["0B"])
    assert wire.register(CODES[100:300], ["0B"], refresh="0")["return_code"] == 0


def test_a_group_may_have_a_limit_of_its_own(serve: Callable[..., Server]) -> None:
    with open_wire(serve(ws_group_limit=100)) as wire:
        assert wire.register(CODES[:101], ["0B"], grp_no="1")["return_code"] == 105118
        assert wire.register(CODES[:100], ["0B"], grp_no="1")["return_code"] == 0
        assert wire.register(CODES[100:200], ["0B"], grp_no="2")["return_code"] == 0


def test_more_than_five_registrations_a_second_are_refused_with_105110(serve: Callable[..., Server]) -> None:
    timer = Timer()
    with open_wire(serve(timer=timer)) as wire:
        codes = [wire.register([code], ["0B"])["return_code"] for code in CODES[:7]]
        assert codes == [0] * 5 + [105110] * 2
        assert "TRNM=REG" in wire.register(CODES[:1], ["0B"])["return_msg"]
        assert wire.remove(CODES[:1], ["0B"])["return_code"] == 0  # counted by itself
        timer.now += 1
        assert wire.register(CODES[:1], ["0B"])["return_code"] == 0


def test_nothing_comes_after_the_acknowledgement_of_a_removal(serve: Callable[..., Server]) -> None:
    server = serve(pace="max", frame_rate=500)
    with open_wire(server) as wire:
        wire.register(["005930"], ["0B"])
        wire.send(trnm="REMOVE", grp_no="1", refresh="", data=[{"item": ["005930"], "type": ["0B"]}])
        while (frame := wire.hear())["trnm"] != "REMOVE":
            assert frame["trnm"] == "REAL"
        assert wire.rest() == []


def test_a_registration_without_data_is_refused(wire: Wire) -> None:
    assert wire.ask(trnm="REG", grp_no="1", refresh="1")["return_code"] == 100002


def test_the_log_keeps_requests_in_order_and_no_token(wire: Wire) -> None:
    token = issue(wire.server)
    wire.register(["005930"], ["0B"])
    log = wire.server.live.log
    assert [(record.api_id, record.return_code) for record in log] == [("LOGIN", 0), ("REG", 0)]
    assert token not in repr(list(log))
    assert log.count("REG") == 1


# --- every feed ----------------------------------------------------------------------------------

ITEMS = {"0G": "0000D0", "0I": "MGD", "0J": "001", "0U": "001", "0m": "57JBHH", "0u": "57JBHH"}
ITEMS |= dict.fromkeys(("00", "04", "0s", "1h"), "")
ALL_FEEDS = list(FEEDS.values())


@pytest.fixture(scope="module")
def whole_day() -> dict[str, list[Any]]:
    """All messages of one item of each feed."""
    with (
        simulator.start(market=MARKET, pace=0, rate=None, ws_rate=None, ping_interval=None) as server,
        open_wire(server) as wire,
    ):
        for feed in ALL_FEEDS:
            wire.register([ITEMS.get(feed.type, "005930")], [feed.type])
        server.live.pace = "max"
        entries = wire.day()
    return {feed.type: [entry for entry in entries if entry["type"] == feed.type] for feed in ALL_FEEDS}


@pytest.mark.parametrize("feed", ALL_FEEDS, ids=lambda feed: feed.name)
def test_a_feed_comes_with_every_fid_and_each_text_fits_its_kind(
    whole_day: dict[str, list[Any]], feed: Feed
) -> None:
    entries = whole_day[feed.type]
    assert entries
    for entry in entries:
        assert list(entry) == ["type", "name", "item", "values"]
        assert entry["values"].keys() == set(feed.fids)
        if feed.name != "order":  # an order that is not filled has no fill
            assert all(entry["values"].values())
    table = pl.DataFrame([entry["values"] for entry in entries], dict.fromkeys(feed.fids, pl.String))
    typed, troubles = decode(table, [(column.key, column.name, column.kind, 1) for column in feed.columns])
    assert troubles == []
    if feed.time_fid is not None:
        times = typed["time"].to_list()
        assert times == sorted(times)


@pytest.mark.parametrize(
    ("type_", "item", "name"),
    [
        ("0B", "005930", "주식체결"),
        ("0w", "005930", "종목별프로그램매매"),
        ("0s", "", "장시작시간"),
        ("00", "005930", "주문체결"),
        ("0J", "001", "업종지수"),
    ],
)
def test_an_entry_names_its_feed_and_item(
    whole_day: dict[str, list[Any]], type_: str, item: str, name: str
) -> None:
    assert {(entry["item"], entry["name"]) for entry in whole_day[type_]} == {(item, name)}


def test_prices_carry_the_colour_of_their_direction(whole_day: dict[str, list[Any]]) -> None:
    before = MARKET.days("005930", HISTORY, TODAY)[-1].previous_close
    for values in of(whole_day["0B"], "0B"):
        for fid in ("10", "16", "17", "18", "27", "28"):
            price, text = abs(number(values[fid])), values[fid]
            assert text[0] == ("+" if price > before else "-" if price < before else text.lstrip("+-")[0])


@pytest.mark.parametrize(("item", "stex"), [("005930", ""), ("005930_NX", "_NX"), ("005930_AL", "_AL")])
def test_the_days_trades_add_up_to_what_rest_says(serve: Callable[..., Server], item: str, stex: str) -> None:
    server = serve(pace="max")
    with open_wire(server) as wire:
        wire.register([item], ["0B"])
        entries = wire.day()
    with Talk(server) as talk:
        row = talk.ask("ka10086", stk_cd=f"005930{stex}").rows[0]
    assert {entry["item"] for entry in entries} == {item}
    trades = of(entries, "0B")
    prices = [abs(number(values["10"])) for values in trades]
    if item == "005930_AL":  # the first venue's close is the close, the second trades on
        prices = [abs(number(values["10"])) for values in trades if values["9081"] == "KRX"]
        prices_all = [abs(number(values["10"])) for values in trades]
    else:
        prices_all = prices
    quantities = [number(values["15"]) for values in trades]
    assert row["date"] == "20261120"
    assert sum(map(abs, quantities)) == number(row["trde_qty"]) == number(trades[-1]["13"])
    assert prices[-1] == abs(number(row["close_pric"]))
    assert prices_all[0] == abs(number(row["open_pric"]))
    assert (max(prices_all), min(prices_all)) == (
        abs(number(row["high_pric"])),
        abs(number(row["low_pric"])),
    )
    assert number(trades[-1]["14"]) == number(row["amt_mn"])
    bought = sum(quantity for quantity in quantities if quantity > 0)
    assert (bought, bought - sum(map(abs, quantities))) == (
        number(trades[-1]["1031"]),
        -number(trades[-1]["1030"]),
    )


def test_volumes_so_far_rise_by_the_trades_one_by_one(whole_day: dict[str, list[Any]]) -> None:
    trades = of(whole_day["0B"], "0B")
    for before, after in pairwise(trades):
        assert number(after["13"]) - number(before["13"]) == abs(number(after["15"]))
        assert seconds(before["20"]) <= seconds(after["20"])
    assert any(values["1315"] == " 0" for values in trades)


def test_program_trading_adds_up_to_what_rest_says(serve: Callable[..., Server]) -> None:
    server = serve(pace="max")
    with open_wire(server) as wire, Talk(server) as talk:
        wire.register(["000660"], ["0w"])
        told = of(wire.day(), "0w")
        by_day = talk.ask("ka90013", stk_cd="000660").rows[0]
        by_time = talk.ask("ka90008", stk_cd="000660").rows
    keys = {
        "202": "prm_sell_qty",
        "204": "prm_sell_amt",
        "206": "prm_buy_qty",
        "208": "prm_buy_amt",
        "210": "prm_netprps_qty",
        "212": "prm_netprps_amt",
    }
    for fid, key in keys.items():
        assert number(told[-1][fid]) == number(by_day[key])
        latest = [number(values[fid]) for values in told[::-1][: len(by_time)]]
        assert latest == [number(row[key]) for row in by_time]
    assert sum(number(values["211"]) for values in told) == number(by_day["prm_netprps_qty"])


def test_books_are_books(whole_day: dict[str, list[Any]]) -> None:
    books = of(whole_day["0D"], "0D")
    assert len(books) > 300
    for book in books:
        asks = [abs(number(book[str(fid)])) for fid in range(41, 51)]
        bids = [abs(number(book[str(fid)])) for fid in range(51, 61)]
        assert bids[0] < asks[0]
        assert [a for a in asks if a] == sorted({a for a in asks if a})
        assert [b for b in bids if b] == sorted({b for b in bids if b}, reverse=True)
        assert sum(number(book[str(fid)]) for fid in range(61, 71)) <= number(book["121"])
        assert number(book["128"]) == number(book["125"]) - number(book["121"]) == -number(book["138"])
    auction = [book for book in books if number(book["291"])]
    assert {book["21"][:4] for book in auction} >= {"0850", "0859", "1520", "1529"}


SOME_CHANNELS = [
    *(Channel(feed.type, ITEMS.get(feed.type, "005930")) for feed in ALL_FEEDS),
    *(Channel(type_, "00088K_AL") for type_ in ("0A", "0B", "0C", "0D", "0E", "0F", "0H", "0g", "0w")),
    *(Channel("02", seq) for seq in ("0", "3", "11")),
]


@pytest.mark.parametrize("now", [time(7), time(8, 55), time(9, 0, 30), time(15, 25)])
def test_a_day_that_is_not_over_is_told_as_far_as_it_has_come(now: time) -> None:
    feeds = Feeds(Market(1, today=TODAY, now=now, first_day=HISTORY), krx_only=False)
    until_now = seconds(now.strftime("%H%M%S"))
    for channel in SOME_CHANNELS:
        told = [event.second for event in feeds.events(channel)]
        assert told == sorted(told)
        assert all(second <= until_now for second in told)
    trades = [event.second for event in feeds.events(Channel("0B", "005930"))]
    whole = [event.second for event in FEEDS_OF_A_DAY.events(Channel("0B", "005930"))]
    assert trades == [second for second in whole if second <= until_now]


@pytest.mark.parametrize("channel", [c for c in SOME_CHANNELS if c.type != "0D"], ids="-".join)
def test_who_comes_later_is_told_the_same_from_there_on(channel: Channel) -> None:
    whole = [(event.second, event.row) for event in FEEDS_OF_A_DAY.events(channel)]
    assert whole
    for since in {second for second, _ in whole[:: max(1, len(whole) // 3)]}:
        later = [(event.second, event.row) for event in FEEDS_OF_A_DAY.events(channel, since)]
        assert later == [told for told in whole if told[0] > since]


def test_the_book_of_a_second_is_the_one_that_its_last_trade_left(whole_day: dict[str, list[Any]]) -> None:
    trades = {values["20"]: values for values in of(whole_day["0B"], "0B")}
    for book in of(whole_day["0D"], "0D"):
        if book["21"] in trades:
            trade = trades[book["21"]]
            assert (book["41"], book["51"], book["13"]) == (trade["27"], trade["28"], trade["13"])


def test_a_book_of_both_venues_is_made_up_of_theirs() -> None:
    event = next(FEEDS_OF_A_DAY.events(Channel("0D", "005930_AL"), 36_000))
    values = json.loads(event.text())["values"]
    for n, fid in enumerate([*range(61, 81), 121, 125]):
        assert number(values[str(6044 + n)]) + number(values[str(6066 + n)]) == number(values[str(fid)])


def test_the_last_word_on_brokers_is_what_rest_knows(whole_day: dict[str, list[Any]]) -> None:
    last = of(whole_day["0F"], "0F")[-1]
    firms = MARKET.brokers("005930", TODAY)
    assert number(last["161"]) == max(sides.sell for sides in firms.values())
    assert number(last["171"]) == max(sides.buy for sides in firms.values())
    day = MARKET.day("005930", TODAY)
    assert day is not None
    assert number(last["267"]) == day.foreign_brokers


def test_the_index_is_the_markets_own() -> None:
    last = [event.row for event in FEEDS_OF_A_DAY.events(Channel("0J", "201"))][-1]
    assert abs(last["index"]) == MARKET.index_minutes()[-1].kospi200


def test_breadth_counts_every_stock_that_is_followed(whole_day: dict[str, list[Any]]) -> None:
    stocks = [stock for stock in MARKET.leading("kospi") if not stock.etf]
    rows = [MARKET.day(stock.symbol, TODAY) for stock in stocks]
    last = of(whole_day["0U"], "0U")[-1]
    assert sum(number(last[fid]) for fid in ("252", "253", "255")) == len(stocks)
    assert number(last["252"]) == sum(row.change > 0 for row in rows if row)
    assert number(last["13"]) == sum(row.volume for row in rows if row) // 1_000
    index = of(whole_day["0J"], "0J")
    assert index[-1]["13"] == last["13"]
    assert sum(abs(number(values["15"])) for values in index) == number(last["13"])


def test_an_interruption_is_released_by_the_same_message_with_a_time(whole_day: dict[str, list[Any]]) -> None:
    messages = of(whole_day["1h"], "1h")
    names = {values["9001"]: values for values in messages}
    started = {(v["9001"], v["1223"]): v for v in messages if v["1224"] == "000000"}
    released = [values for values in messages if values["1224"] != "000000"]
    assert len(started) == len(released) == 76
    assert len(names) > 10
    for values in released:
        start = started[values["9001"], values["1223"]]
        assert seconds(values["1224"]) - seconds(values["1223"]) == 120
        assert {**values, "1224": "000000"} == start
    for event in FEEDS_OF_A_DAY.events(Channel("1h", "")):
        stands = {event.row["trigger_time"], event.row["release_time"]}
        assert event.second == max(map(seconds, stands))


def test_the_accounts_events_are_nobodys(whole_day: dict[str, list[Any]]) -> None:
    orders, balances = of(whole_day["00"], "00"), of(whole_day["04"], "04")
    assert {values["9201"] for values in [*orders, *balances]} == {"0000000000"}
    assert {values["9001"] for values in [*orders, *balances]} == {"A005930"}
    trades = of(whole_day["0B"], "0B")
    for order in orders:
        if order["913"] == "체결":
            trade = next(values for values in trades if values["20"] == order["908"])
            assert (
                number(trade["10"])
                == number(order["10"])
                == number(order["910"]) * (1 if number(trade["10"]) > 0 else -1)
            )
    assert [values["930"] for values in balances] == ["10", "0"] * 38


def test_the_market_says_when_it_is_closed_and_then_there_is_silence(
    whole_day: dict[str, list[Any]],
) -> None:
    states = [values["215"] for values in of(whole_day["0s"], "0s")]
    assert states.index("0") < states.index("3") < states.index("8")
    assert states[-1] == "9"


def test_sessions_are_told_with_the_hours_of_the_day() -> None:
    late = Market(1, today=date(2026, 11, 19), now=time(20), first_day=HISTORY)  # an exam is held
    feeds = Feeds(late, krx_only=True)
    moments = {event.row["market_state"]: event.row["time"] for event in feeds.events(Channel("0s", ""))}
    assert (moments["3"], moments["8"]) == ("100000", "163000")
    assert not set(moments) & set("PQRSTUVW")


# --- frames and time -----------------------------------------------------------------------------


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


# --- condition search ----------------------------------------------------------------------------


def test_the_list_is_one_of_pairs(wire: Wire) -> None:
    answer = wire.ask(trnm="CNSRLST")
    assert {**answer, "data": ...} == {"trnm": "CNSRLST", **GOOD, "data": ...}
    assert answer["data"][0] == ["0", "상승 종목"]


def test_a_search_before_the_list_has_no_answer(wire: Wire) -> None:
    wire.send(trnm="CNSRREQ", seq="0", search_type="0", stex_tp="K")
    wire.send(trnm="CNSRREQ", seq="0", search_type="1", stex_tp="K")
    assert wire.ask(trnm="CNSRLST")["trnm"] == "CNSRLST"
    assert wire.search("0", "0")["return_code"] == 0


def test_a_search_tells_what_the_market_says_padded_with_zeros(wire: Wire) -> None:
    wire.ask(trnm="CNSRLST")
    answer = wire.search("5", "0", cont_yn="N", next_key="")
    assert list(answer) == ["trnm", "seq", "cont_yn", "next_key", "return_code", "data"]
    assert (answer["seq"], answer["cont_yn"]) == ("5 ", "N")
    falling = {
        stock.symbol: row
        for stock in MARKET.leading()
        if (row := MARKET.day(stock.symbol, TODAY)) and row.change < 0
    }
    assert {row["9001"] for row in answer["data"]} == {f"A{symbol}" for symbol in falling}
    for row in answer["data"]:
        assert list(row) == [column.key for column in SEARCH.columns]
        assert all(len(row[fid]) >= 9 for fid in ("10", "11", "12", "13", "16", "17", "18"))
        day = falling[row["9001"][1:]]
        assert [int(row[fid]) for fid in ("10", "11", "13", "16", "17", "18")] == [
            *(day.close, day.change, day.volume, day.open, day.high, day.low)
        ]
        assert int(row["12"]) == round(day.change_rate * 1_000)


def test_a_search_has_pages_by_the_keys_in_the_body(serve: Callable[..., Server]) -> None:
    with open_wire(serve(page_rows=10, ws_rate=None)) as wire:
        wire.ask(trnm="CNSRLST")
        pages = [wire.search("3", "0")]
        while pages[-1]["cont_yn"] == "Y":
            pages.append(wire.search("3", "0", cont_yn="Y", next_key=pages[-1]["next_key"]))
        codes = [row["9001"] for page in pages for row in page["data"]]
    assert [len(page["data"]) for page in pages] == [10, 10, 10, 1]
    assert pages[-1]["next_key"] == ""
    assert len(set(codes)) == 31


@pytest.mark.parametrize(
    ("switch", "tail"), [("list", {"data": []}), ("null", {"data": None}), ("absent", {})]
)
@pytest.mark.parametrize("kind", ["0", "1"])
def test_a_search_that_finds_nothing_says_so_in_one_of_three_ways(
    serve: Callable[..., Server], switch: str, tail: dict[str, Any], kind: str
) -> None:
    with open_wire(serve(empty_conditions=switch)) as wire:
        wire.ask(trnm="CNSRLST")
        answer = wire.search("12", kind)
        assert answer["return_code"] == 0
        assert {key: value for key, value in answer.items() if key == "data"} == tail


def test_members_and_events_together_tell_who_meets_the_condition_at_the_end(
    serve: Callable[..., Server],
) -> None:
    server = serve()
    with open_wire(server) as wire:
        wire.ask(trnm="CNSRLST")
        answer = wire.search("0", "1")
        codes = [row["jmcode"] for row in answer["data"]]
        server.live.pace = "max"
        events = wire.day()
        final = {row["9001"][1:] for row in wire.search("0", "0")["data"]}
    inside = {code.removeprefix("A") for code in codes}
    assert {code[0] == "A" for code in codes} == {True, False}
    assert (len(codes), len(events)) > (5, 50)
    for entry in events:
        values = entry["values"]
        assert (entry["type"], entry["name"], entry["item"]) == ("02", "조건검색", values["9001"])
        assert values.keys() == set(CONDITION_EVENT.fids)
        assert values["841"] == "0"
        (inside.add if values["843"] == "I" else inside.remove)(values["9001"])
    assert inside == final


def test_a_condition_that_is_live_already_is_refused_without_a_seq(wire: Wire) -> None:
    wire.ask(trnm="CNSRLST")
    wire.search("1", "1")
    assert wire.search("1 ", "1") == {
        "trnm": "CNSRREQ",
        "return_code": 900003,
        "return_msg": "이미 등록된 조건검색 일련번호입니다.(seq=1)",
    }


def test_a_condition_that_was_cleared_is_silent_and_may_be_live_again(wire: Wire) -> None:
    wire.ask(trnm="CNSRLST")
    wire.search("1", "1")
    assert wire.tick(type_="02", **{"9001": "005930", "841": "1", "843": "I"}) == 1
    wire.hear()
    assert wire.ask(trnm="CNSRCLR", seq="1") == {"trnm": "CNSRCLR", **GOOD, "seq": "1 "}
    assert wire.tick(type_="02", **{"9001": "005930", "841": "1", "843": "I"}) == 0
    assert wire.search("1", "1")["return_code"] == 0


def test_ten_conditions_may_be_live(serve: Callable[..., Server]) -> None:
    with open_wire(serve(ws_rate=None)) as wire:
        listed = wire.ask(trnm="CNSRLST")["data"]
        assert [wire.search(seq, "1")["return_code"] for seq, _ in listed[:10]] == [0] * 10
        for seq in (listed[10][0], "99"):  # one too many, and one that nobody has saved
            wire.send(trnm="CNSRREQ", seq=seq, search_type="1", stex_tp="K")
            with pytest.raises(TimeoutError):
                wire.hear(timeout=0.2)


@pytest.mark.parametrize(("seq", "kind", "code"), [("", "0", 100002), ("0", "7", 100002)])
def test_a_search_that_makes_no_sense_is_refused(wire: Wire, seq: str, kind: str, code: int) -> None:
    wire.ask(trnm="CNSRLST")
    assert wire.search(seq, kind)["return_code"] == code


# --- faults --------------------------------------------------------------------------------------


@pytest.fixture
def ready(wire: Wire) -> Wire:
    """Registered for the trades of one stock."""
    wire.register(["005930"], ["0B"])
    return wire


def test_the_names_of_the_faults_are_told(server: Server) -> None:
    assert set(LIVE_FAULTS) <= set(server.faults)
    assert all(spec.about for spec in LIVE_FAULTS.values())
    with pytest.raises(ValueError, match="name: expected one of ws_105110, .*, got 'ws_nothing'"):
        server.inject("ws_nothing")
    with pytest.raises(TypeError, match="reason: .* it takes copies"):
        server.inject("ws_duplicate", reason="")
    with pytest.raises(ValueError, match="times, after"):
        server.inject("ws_duplicate", times=0)


def test_a_login_may_be_closed_before_its_answer(server: Server) -> None:
    fault = server.inject("ws_close_login")
    with open_wire(server, token=None) as wire:
        wire.send(trnm="LOGIN", token=issue(server))
        assert wire.goodbye()[0] == 1000
    with open_wire(server):
        assert fault.fired == 1


def test_a_login_may_stay_without_an_answer(server: Server) -> None:
    server.inject("ws_no_login_answer")
    with open_wire(server, token=None) as wire:
        wire.send(trnm="LOGIN", token=issue(server))
        assert wire.ask(trnm="CNSRLST")["return_code"] == 0


def test_a_ping_may_come_before_the_logins_answer(server: Server) -> None:
    server.inject("ws_early_ping")
    with open_wire(server, token=None) as wire:
        assert wire.ask(trnm="LOGIN", token=issue(server)) == {"trnm": "PING"}
        assert wire.hear()["trnm"] == "LOGIN"


@pytest.mark.parametrize("code", [105110, 105115, 105118])
def test_a_registration_may_be_refused(wire: Wire, code: int) -> None:
    wire.server.inject(f"ws_{code}")
    assert wire.register(["005930"], ["0B"])["return_code"] == code
    assert wire.tick() == 0
    assert wire.register(["005930"], ["0B"])["return_code"] == 0


def test_a_refusal_may_be_meant_for_another_request(wire: Wire) -> None:
    wire.server.inject("ws_105110", api_id="CNSRLST")
    assert wire.register(["005930"], ["0B"])["return_code"] == 0
    assert wire.ask(trnm="CNSRLST")["return_code"] == 105110


def test_a_condition_may_be_live_from_a_connection_before(wire: Wire) -> None:
    wire.server.inject("ws_900003")
    wire.ask(trnm="CNSRLST")
    answer = wire.search("2", "1")
    assert (answer["return_code"], answer["return_msg"][-7:], "seq" in answer) == (900003, "(seq=2)", False)


def test_a_request_may_stay_without_an_answer(wire: Wire) -> None:
    wire.server.inject("ws_no_answer")
    wire.send(trnm="REG", grp_no="1", refresh="1", data=[{"item": ["005930"], "type": ["0B"]}])
    until(lambda: wire.tick())
    assert wire.hear()["trnm"] == "REAL"


@pytest.mark.parametrize("after", [0, 3])
def test_a_connection_may_be_reset(ready: Wire, after: int) -> None:
    fault = ready.server.inject("ws_abort", after=after)
    for _ in range(after + 1):
        ready.tick()
    heard, end = ready.last_words()
    assert len(heard) == after
    assert end.rcvd is None
    assert isinstance(end.__cause__, ConnectionResetError)
    assert fault.fired == 1
    until(lambda: not ready.server.live.sessions)


def test_at_the_fastest_pace_the_day_waits_for_who_comes_back_after_a_reset(
    serve: Callable[..., Server],
) -> None:
    server = serve(pace="max")
    server.inject("ws_abort", after=100)
    with open_wire(server) as wire:
        wire.register(["005930"], ["0C"])
        heard, _ = wire.last_words()
    with open_wire(server) as wire:
        wire.register(["005930"], ["0C"])
        later = wire.day()
    whole = [json.loads(frame)["data"][0] for frame in server.live.frames("0C", "005930")]
    assert heard == whole[: len(heard)]  # a reset takes what was not read yet along
    assert len(heard) <= 100
    assert later == whole[101:]


def test_the_server_may_say_goodbye(ready: Wire) -> None:
    ready.server.inject("ws_close", code=1012, reason="restart")
    assert ready.goodbye() == (1012, "restart")


def test_a_connection_may_be_half_open(serve: Callable[..., Server]) -> None:
    timer = Timer()
    server = serve(timer=timer, ping_interval=10)
    with open_wire(server) as wire:
        server.inject("ws_silence")
        wire.send(trnm="CNSRLST")
        timer.now += 1_000
        with pytest.raises(TimeoutError):
            wire.hear(timeout=0.3)
        with open_wire(server) as other:
            assert other.ask(trnm="CNSRLST")["return_code"] == 0


@pytest.mark.parametrize(("name", "code"), [("ws_kick", "R10001"), ("ws_no_heartbeat", "R10002")])
def test_the_server_may_end_a_session_and_say_why(ready: Wire, name: str, code: str) -> None:
    ready.server.inject(name)
    assert ready.hear()["code"] == code
    assert ready.goodbye() == (1000, "Bye")


def test_a_system_frame_may_have_its_other_shape(ready: Wire) -> None:
    ready.server.inject("ws_system", code="R10001")
    answer = ready.hear()
    assert (list(answer), answer["return_code"]) == (["trnm", "return_code", "return_msg"], "R10001")


def test_a_frame_of_an_unknown_kind_may_come(ready: Wire) -> None:
    ready.server.inject("ws_unknown_trnm", after=1)
    ready.tick(), ready.tick()
    assert [ready.hear()["trnm"] for _ in range(3)] == ["REAL", "NOTICE", "REAL"]


def test_a_frame_may_be_cut_short(ready: Wire) -> None:
    ready.server.inject("ws_bad_json", api_id="0B")
    ready.tick()
    with pytest.raises(json.JSONDecodeError):
        ready.hear()
    assert ready.hear()["trnm"] == "REAL"


def test_a_fid_may_be_one_that_no_document_has(ready: Wire) -> None:
    ready.server.inject("ws_unknown_fid", fid="424242", text="무엇")
    ready.tick(**{"10": "+1"})
    assert ready.hear()["data"][0]["values"] == {"424242": "무엇", "10": "+1"}


def test_a_frame_may_come_twice(ready: Wire) -> None:
    ready.server.inject("ws_duplicate", copies=2)
    ready.tick(**{"10": "1"}), ready.tick(**{"10": "2"})
    assert [ready.hear()["data"][0]["values"]["10"] for _ in range(4)] == ["1", "1", "1", "2"]


def test_an_old_frame_may_come_after_newer_ones(ready: Wire) -> None:
    ready.server.inject("ws_late", by=2)
    for n in range(4):
        ready.tick(**{"10": str(n)})
    assert [ready.hear()["data"][0]["values"]["10"] for _ in range(4)] == ["1", "2", "0", "3"]


def test_a_late_frame_comes_at_the_end_if_nothing_newer_does(serve: Callable[..., Server]) -> None:
    server = serve(pace="max")
    server.inject("ws_late", by=1_000_000)
    with open_wire(server) as wire:
        wire.register(["005930"], ["0C"])
        frames = wire.rest()
    first, *others = [json.loads(frame) for frame in server.live.frames("0C", "005930")]
    assert frames == [*others, first]


def test_a_frame_may_come_in_fragments_that_part_a_letter(ready: Wire) -> None:
    ready.server.inject("ws_fragment", size=7)
    values = {"302": "삼성전자" * 10}
    ready.tick(**values)
    pieces = list(ready.connection.recv_streaming(decode=False))
    assert json.loads(b"".join(pieces))["data"][0]["values"] == values
    assert len(pieces) > 10
    with pytest.raises(UnicodeDecodeError):
        [piece.decode() for piece in pieces]


def test_a_long_frame_comes_in_fragments_of_4_kilobytes(serve: Callable[..., Server]) -> None:
    server = serve(pace="max")
    server.inject("ws_fragment", after=3)
    server.inject("ws_mixed", times=None, entries=6)
    with open_wire(server) as wire:
        wire.register(["005930"], ["0D"])
        found = [list(wire.connection.recv_streaming(decode=False)) for _ in range(5)]
    sizes = [len(piece) for piece in found[3]]
    assert sizes[:2] == [4096, 4096]
    assert [len(pieces) for pieces in (found[2], found[4])] == [1, 1]


def test_ticks_of_many_feeds_may_come_in_one_frame(serve: Callable[..., Server]) -> None:
    server = serve()
    fault = server.inject("ws_mixed", entries=8)
    with open_wire(server) as wire:
        wire.register(["005930", "000660"], ["0B", "0C", "0w"])
        server.live.pace = "max"
        first = wire.hear()
    assert (len(first["data"]), fault.fired) == (8, 1)
    assert len({(entry["type"], entry["item"]) for entry in first["data"]}) > 2


def test_many_frames_may_come_at_once(serve: Callable[..., Server]) -> None:
    timer = Timer()
    server = serve(pace=1, timer=timer)
    server.inject("ws_burst", frames=200)
    with open_wire(server) as wire:
        wire.register(["005930"], ["0B"])
        times = [wire.hear()["data"][-1]["values"]["20"] for _ in range(200)]
        with pytest.raises(TimeoutError):
            wire.hear(timeout=0.2)
    assert times == sorted(times)
    assert times[-1] > "093000"


def test_faults_are_turned_off_together(ready: Wire) -> None:
    ready.server.inject("ws_duplicate", times=None)
    ready.server.clear_faults()
    ready.tick(**{"10": "1"}), ready.tick(**{"10": "2"})
    assert [ready.hear()["data"][0]["values"]["10"] for _ in range(2)] == ["1", "2"]


# --- the server ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"pace": -1}, "pace: expected a number of 0 or more"),
        ({"pace": "fast"}, "pace: expected"),
        ({"frame_rate": 0}, "frame_rate: expected more than 0"),
        ({"duplicate_ws": "both"}, "duplicate_ws: expected one of 'kick', 'coexist'"),
        ({"ping_interval": 0}, "ping_interval: expected more than 0"),
        ({"ping_miss_limit": 0}, "ping_miss_limit: expected 1 or more"),
        ({"ws_item_limit": 0}, "ws_item_limit: expected 1 or more"),
        ({"ws_rate": "many"}, "rate: expected"),
        ({"empty_conditions": "none"}, "empty_conditions: expected one of"),
    ],
)
def test_a_wrong_switch_of_the_live_side_is_told(wrong: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        simulator.start(market=MARKET, **wrong)


def test_a_wrong_pace_or_rate_is_told_while_it_runs(server: Server) -> None:
    with pytest.raises(ValueError, match="pace: expected"):
        server.live.pace = -5
    with pytest.raises(ValueError, match="rate: expected more than 0"):
        server.live.rate = 0


def test_the_live_side_starts_when_it_is_asked_for_and_ends_with_the_server() -> None:
    before = set(threading.enumerate())
    with simulator.start(market=MARKET) as server:
        started = len(threading.enumerate())
        assert server.ws_url.startswith("ws://127.0.0.1:")
        assert server.ws_url == server.live.ws_url
        assert len(threading.enumerate()) > started
        with open_wire(server) as wire:
            wire.register(["005930"], ["0B"])
            assert wire.hear()["trnm"] == "REAL"
            server.close()
            end = wire.last_words()[1]
            assert end.rcvd is not None
            assert end.rcvd.code == 1001
    until(lambda: set(threading.enumerate()) <= before)
    gc.collect()  # a socket left open is a warning, and a warning an error


def test_a_closed_server_has_no_live_side_to_start() -> None:
    with simulator.start(market=MARKET) as server:
        pass
    with pytest.raises(RuntimeError, match="live: this simulator is closed"):
        _ = server.ws_url


def test_the_port_of_the_live_side_can_be_chosen() -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with simulator.start(market=MARKET, ws_port=port) as server:
        assert server.ws_url == f"ws://127.0.0.1:{port}/api/dostk/websocket"


def test_a_server_closes_in_time_with_a_client_that_does_not_read(server: Server) -> None:
    with deaf_client(server):
        began = clock_time.monotonic()
        server.close()
        assert clock_time.monotonic() - began < 5


FORGETFUL = """
import json, urllib.request
from datetime import date, time
from websockets.sync.client import connect
from kiwoomdata import simulator
server = simulator.start(today=date(2026, 11, 20), now=time(18, 30))
keys = {"grant_type": "client_credentials", "appkey": server.app_key, "secretkey": server.app_secret}
ask = urllib.request.Request(
    server.base_url + "/oauth2/token", json.dumps(keys).encode(), {"content-type": "application/json"}
)
with urllib.request.urlopen(ask) as answer:
    token = json.load(answer)["token"]
connection = connect(server.ws_url, ping_interval=None)
connection.send(json.dumps({"trnm": "LOGIN", "token": token}))
print(json.loads(connection.recv())["return_code"])
"""


def test_a_forgotten_server_does_not_hold_the_interpreter() -> None:
    done = subprocess.run(
        [sys.executable, "-c", FORGETFUL], capture_output=True, text=True, timeout=30, check=False
    )
    assert (done.returncode, done.stdout.strip()) == (0, "0"), done.stderr
