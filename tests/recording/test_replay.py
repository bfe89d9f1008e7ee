"""A recording served again over a real WebSocket."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec
import polars as pl
import pytest
from polars.testing import assert_frame_equal
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

import kiwoomdata as kd
from kiwoomdata.entries.feeds import find_feed
from kiwoomdata.kinds import KST
from kiwoomdata.recording.record import Recorder
from kiwoomdata.recording.replay import ReplayServer, replay
from kiwoomdata.recording.ticks import ticks
from kiwoomdata.stream.decode import read_ticks
from tests.ws_server import WsServer

Row = tuple[str, str, bytes, int]
TRADE = find_feed("trade")


class Entry(msgspec.Struct):
    type: str
    name: str
    item: str
    values: msgspec.Raw


class Real(msgspec.Struct):
    trnm: str
    data: list[Entry]


class Time:
    """A clock that a replay's sleeping moves, and nothing else does."""

    def __init__(self) -> None:
        self.now = 1_000.0
        self.slept: list[float] = []

    def clock(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(round(seconds, 6))
        self.now += seconds


def at(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=KST).timestamp() * 1_000_000)


NINE = at("2026-11-20 09:00:00")


def trade(n: int, item: str = "005930", received: int | None = None) -> Row:
    blank = "".join(f'"{fid}":"",' for fid in TRADE.fids if fid not in ("10", "13", "20", "9081"))
    text = f'{{{blank}"10": "+{70_000 + n}","13":"{n}","9081": "통합","20":"090000"}}'
    return ("0B", item, text.encode(), NINE + n if received is None else received)


@pytest.fixture
def make_recording(tmp_path: Path) -> Callable[[Sequence[Row]], Path]:
    def make(rows: Sequence[Row], flush_every: int = 1_000_000) -> Path:
        with Recorder(tmp_path / "ticks", flush_seconds=3600) as recorder:
            for n, row in enumerate(rows, 1):
                recorder.add(*row)
                if n % flush_every == 0:
                    recorder.flush()
        return tmp_path / "ticks"

    return make


def send(connection: ClientConnection, **message: Any) -> None:
    connection.send(json.dumps(message))


def ask(connection: ClientConnection, **message: Any) -> Any:
    send(connection, **message)
    return json.loads(connection.recv(timeout=10))


def register(connection: ClientConnection, items: Sequence[str], types: Sequence[str], **how: str) -> Any:
    data = [{"item": items, "type": types}]
    return ask(connection, **{"trnm": "REG", "grp_no": "1", "refresh": "1", "data": data, **how})


@contextmanager
def client(server: ReplayServer) -> Iterator[ClientConnection]:
    with connect(server.ws_url, compression=None, ping_interval=None, close_timeout=1) as connection:
        answer = ask(connection, trnm="LOGIN", token="any")
        assert (answer["trnm"], answer["return_code"]) == ("LOGIN", 0)
        assert answer["recorded_at"] > at("2026-01-01 00:00:00")
        yield connection


def frames(connection: ClientConnection, count: int) -> Iterator[Real]:
    """Frames until so many messages have come."""
    while count > 0:
        frame = msgspec.json.decode(connection.recv(timeout=10), type=Real)
        assert frame.trnm == "REAL"
        count -= len(frame.data)
        yield frame


def heard(connection: ClientConnection, count: int) -> list[tuple[str, str, bytes]]:
    return [(e.type, e.item, bytes(e.values)) for frame in frames(connection, count) for e in frame.data]


def sent(rows: Sequence[Row]) -> list[tuple[str, str, bytes]]:
    return [row[:3] for row in rows]


MIXED: list[Row] = [
    (type_, item, trade(n)[2], NINE + n)
    for n in range(0, 900, 3)
    for type_, item in [(("0B", "0D", "0w", "0g")[n % 4], ("005930", "005930_NX", "000660")[n % 5 % 3])]
]
EVERYTHING = (["005930", "005930_NX", "000660"], ["0B", "0D", "0w", "0g"])


# --- what is sent --------------------------------------------------------------------------------


def test_the_same_messages_come_out_in_the_same_order(make_recording: Any) -> None:
    folder = make_recording(MIXED, flush_every=23)
    with replay(folder, speed="max", settle=0) as server, client(server) as connection:
        register(connection, *EVERYTHING)
        assert heard(connection, len(MIXED)) == sent(MIXED)
        assert server.wait(10)
        assert (server.finished, server.sent) == (True, len(MIXED))


def test_frames_look_as_the_live_server_writes_them(make_recording: Any) -> None:
    folder = make_recording([("0w", "005930_AL", b'{"210": "+5"}', NINE)])
    with replay(folder, speed="max", settle=0) as server, client(server) as connection:
        register(connection, ["005930_AL"], ["0w"])
        assert connection.recv(timeout=10) == (
            '{"trnm":"REAL","data":[{"type":"0w","name":"'
            + find_feed("0w").ko
            + '","item":"005930_AL","values":{"210": "+5"}}],"recorded_at":'
            + f"{NINE}}}"
        )


def test_messages_that_arrived_together_share_a_frame(make_recording: Any) -> None:
    rows = [trade(0), trade(1, received=NINE), trade(2, received=NINE), trade(3), trade(4)]
    with replay(make_recording(rows), speed="max", settle=0) as server, client(server) as connection:
        register(connection, ["005930"], ["0B"])
        assert [len(frame.data) for frame in frames(connection, 5)] == [3, 1, 1]


def test_a_consumer_gets_the_frame_that_the_recording_holds(make_recording: Any) -> None:
    folder = make_recording([trade(n, ("005930", "000660_NX")[n % 2]) for n in range(100)])
    with replay(folder, speed="max", settle=0) as server, client(server) as connection:
        register(connection, ["005930", "000660_NX"], ["0B"])
        got = heard(connection, 100)
    recorded = ticks(folder).collect()
    received = recorded["received_at"].to_physical().to_list()
    items, values = [item for _, item, _ in got], [text for _, _, text in got]
    live, _ = read_ticks(find_feed("trade"), items, values, received, recorded["received_at"][0].date())
    assert_frame_equal(live, recorded)


def told_at(day: int, clock: str, volume: int, quantity: int) -> Row:
    told = {"20": clock, "10": "+100", "15": f"+{quantity}", "13": str(volume)}
    values = {**dict.fromkeys(TRADE.fids, ""), **told}
    said = f"2026-11-{day} {clock[:2]}:{clock[2:4]}:{clock[4:]}"
    return ("0B", "005930", json.dumps(values).encode(), at(said) + 5)


@pytest.fixture
def streamed(tmp_path: Path) -> Iterator[Callable[..., Any]]:
    """Streams of a replay, by a client that was told nothing about it, and whose clock is of another day."""
    with WsServer() as tokens:
        opened: list[Any] = []

        def stream(server: ReplayServer, **options: Any) -> Any:
            client = kd.Client(
                base_url=tokens.base_url,
                ws_url=server.ws_url,
                app_key=f"key-{len(opened)}",
                app_secret="s",
                state=False,
                cache=False,
                clock=lambda: datetime(2026, 12, 24, 12, tzinfo=KST),
            )
            opened.append(kd.stream_to_frame("005930", client=client, **options))
            return opened[-1]

        yield stream
        for live in opened:
            live.stop()


TWO_DAYS = [
    told_at(19, "090001", 10, 10),
    told_at(19, "090030", 15, 5),
    told_at(19, "090110", 16, 1),
    told_at(20, "090002", 7, 7),
    told_at(20, "090040", 9, 2),
    told_at(20, "090130", 12, 3),
]


def test_each_message_stands_on_the_day_on_which_it_was_recorded(make_recording: Any, streamed: Any) -> None:
    with replay(make_recording(TWO_DAYS), speed="max") as server:
        live = streamed(server, rows=100)
        assert live.wait(rows=6, seconds=10)
        times = [datetime.fromtimestamp(row[3] / 1e6, KST) for row in TWO_DAYS]
        assert live.frame()["received_at"].to_list() == times
        assert live.frame()["time"].to_list() == [time.replace(microsecond=0) for time in times]
        bars = live.bars("1m")
        assert bars["time"].dt.strftime("%d %H:%M").to_list() == [
            "19 09:00", "19 09:01", "20 09:00", "20 09:01",
        ]  # fmt: skip
        assert bars["volume"].to_list() == [15, 1, 9, 3]
        assert bars["gap"].to_list() == [False, True, False, False]  # the first day was left in that minute
        assert bars["finished"].to_list() == [True, True, True, False]


def test_a_day_that_was_recorded_from_its_middle_on_begins_with_a_gap(
    make_recording: Any, streamed: Any
) -> None:
    rows = [*TWO_DAYS[:3], told_at(20, "100002", 700, 7), told_at(20, "100101", 705, 5)]
    with replay(make_recording(rows), speed="max") as server:
        live = streamed(server, rows=100)
        assert live.wait(rows=5, seconds=10)
        assert live.bars("1m")["gap"].to_list() == [False, True, True, False]


def test_a_day_that_was_recorded_to_its_close_has_no_gap(make_recording: Any, streamed: Any) -> None:
    rows = [told_at(19, "162959", 3, 3), told_at(19, "163000", 10, 7), told_at(20, "090002", 4, 4)]
    with replay(make_recording(rows), speed="max") as server:  # an hour later for an exam
        live = streamed(server, rows=100)
        assert live.wait(rows=3, seconds=10)
        assert live.bars("1m")["gap"].to_list() == [False] * 3


def test_a_window_of_time_goes_by_the_time_of_the_recording(make_recording: Any, streamed: Any) -> None:
    with replay(make_recording(TWO_DAYS), speed="max") as server:
        live = streamed(server, window="2m")
        assert live.wait(rows=6, seconds=10)
        assert live.frame()["cumulative_volume"].to_list() == [7, 9, 12]


def test_only_what_is_registered_is_sent_and_case_counts(make_recording: Any) -> None:
    rows: list[Row] = [
        ("0g", "005930", b'{"1":"1"}', NINE),
        ("0G", "005930", b'{"1":"2"}', NINE + 1),
        ("0g", "005930_NX", b'{"1":"3"}', NINE + 2),
        ("0g", "000660", b'{"1":"4"}', NINE + 3),
        ("0G", "069500", b'{"1":"5"}', NINE + 4),
    ]
    with replay(make_recording(rows), speed="max", begin="told") as server, client(server) as connection:
        register(connection, ["005930"], ["0g"])
        register(connection, ["069500"], ["0G"], grp_no="2")
        server.start()
        assert server.wait(10)
        assert [json.loads(text)["1"] for _, _, text in heard(connection, 2)] == ["1", "5"]
        assert server.sent == 2


def test_feeds_of_the_market_come_for_every_item(make_recording: Any) -> None:
    rows: list[Row] = [("1h", "005930", b"{}", NINE), ("0s", "", b"{}", NINE + 1), trade(2)]
    with replay(make_recording(rows), speed="max", begin="told") as server, client(server) as connection:
        register(connection, [""], ["1h"])
        register(connection, [], ["0s"])
        register(connection, [""], ["0B"])
        server.start()
        assert [type_ for type_, _, _ in heard(connection, 2)] == ["1h", "0s"]
        assert server.wait(10)
        assert server.sent == 2


def test_what_is_removed_or_replaced_is_not_sent(make_recording: Any) -> None:
    rows = [trade(n, item) for n, item in enumerate(("005930", "000660", "035420", "069500"))]
    with replay(make_recording(rows), speed="max", begin="told") as server, client(server) as connection:
        register(connection, ["005930", "000660"], ["0B"], grp_no="7")
        register(connection, ["069500"], ["0B"], refresh="0")
        assert register(connection, ["000660"], ["0B"], grp_no="7", trnm="REMOVE") == {
            "trnm": "REMOVE",
            "return_code": 0,
            "return_msg": "",
        }
        register(connection, ["035420"], ["0B"], refresh="0")
        server.start()
        assert [item for _, item, _ in heard(connection, 2)] == ["005930", "035420"]
        assert server.wait(10)
        assert server.sent == 2


def test_every_connection_gets_what_it_registered(make_recording: Any) -> None:
    folder = make_recording([trade(n, ("005930", "000660")[n % 2]) for n in range(40)])
    with (
        replay(folder, speed="max", begin="told") as server,
        client(server) as one,
        client(server) as other,
    ):
        register(one, ["005930"], ["0B"])
        register(other, ["005930", "000660"], ["0B"])
        server.start()
        assert {item for _, item, _ in heard(one, 20)} == {"005930"}
        assert len(heard(other, 40)) == 40
        assert server.wait(10)
        assert server.sent == 60


def test_a_part_of_the_recording_can_be_served(make_recording: Any) -> None:
    rows = [
        row
        for day in (18, 19, 20)
        for n, item in enumerate(("005930", "005930_NX", "000660"))
        for moment in [at(f"2026-11-{day} 09:00:00") + n]
        for row in [trade(day, item, moment), ("0D", item, b"{}", moment)]
    ]
    part = {"feeds": ["trade"], "symbols": "005930", "start": "2026-11-19", "end": "2026-11-20"}
    folder = make_recording(rows)
    with replay(folder, speed="max", settle=0, **part) as server, client(server) as connection:
        register(connection, *EVERYTHING)
        expected = [
            row for row in rows if row[0] == "0B" and row[1] != "000660" and b'"13":"18"' not in row[2]
        ]
        assert heard(connection, 4) == sent(expected)
        assert server.wait(10)
        assert server.sent == 4


# --- when it is sent -----------------------------------------------------------------------------


@pytest.mark.parametrize(("speed", "slept"), [(1, [1.0, 2.5]), (10, [0.1, 0.25]), (0.5, [2.0, 5.0])])
def test_the_pace_is_the_recorded_one_times_the_speed(
    make_recording: Any, speed: float, slept: list[float]
) -> None:
    rows = [trade(n, received=NINE + offset) for n, offset in enumerate((0, 0, 1_000_000, 3_500_000))]
    time_ = Time()
    with (
        replay(make_recording(rows), speed=speed, settle=0, clock=time_.clock, sleep=time_.sleep) as server,
        client(server) as connection,
    ):
        register(connection, ["005930"], ["0B"])
        assert heard(connection, 4) == sent(rows)
        assert server.wait(10)
    assert time_.slept == slept


def test_as_fast_as_it_can_be_read_does_not_sleep(make_recording: Any) -> None:
    rows = [trade(n, received=NINE + n * 60_000_000) for n in range(5)]
    time_ = Time()
    with (
        replay(make_recording(rows), speed="max", settle=0, clock=time_.clock, sleep=time_.sleep) as server,
        client(server) as connection,
    ):
        register(connection, ["005930"], ["0B"])
        assert heard(connection, 5) == sent(rows)
    assert time_.slept == []


def test_the_night_between_two_days_is_left_out(make_recording: Any) -> None:
    moments = [at("2026-11-19 19:59:59"), at("2026-11-19 20:00:00"), NINE, NINE + 2_000_000]
    rows = [trade(n, received=moment) for n, moment in enumerate(moments)]
    time_ = Time()
    with (
        replay(make_recording(rows), settle=0, clock=time_.clock, sleep=time_.sleep) as server,
        client(server) as connection,
    ):
        register(connection, ["005930"], ["0B"])
        assert heard(connection, 4) == sent(rows)
        assert server.wait(10)
    assert time_.slept == [1.0, 2.0]


def test_a_clock_that_stepped_back_while_recording_does_not_stop_the_replay(make_recording: Any) -> None:
    rows = [
        trade(n, received=NINE + offset) for n, offset in enumerate((0, 2_000_000, -3_000_000, 4_000_000))
    ]
    time_ = Time()
    with (
        replay(make_recording(rows), settle=0, clock=time_.clock, sleep=time_.sleep) as server,
        client(server) as connection,
    ):
        register(connection, ["005930"], ["0B"])
        assert heard(connection, 4) == sent(rows)
        assert server.wait(10)
    assert time_.slept == [2.0, 2.0]


def test_it_begins_once_no_more_registrations_come(make_recording: Any) -> None:
    """Between two of a client's registrations 0.25 s pass; nothing may be sent before the last."""
    rows = [trade(0, "000660"), trade(1, "005930")]
    clock, asleep, go_on = Time(), threading.Event(), threading.Semaphore(0)

    def sleep(seconds: float) -> None:
        end = clock.now + seconds
        asleep.set()
        assert go_on.acquire(timeout=10)
        clock.slept.append(seconds)
        clock.now = end

    with (
        replay(make_recording(rows), speed="max", settle=0.5, clock=clock.clock, sleep=sleep) as server,
        client(server) as connection,
    ):
        register(connection, ["005930"], ["0B"])
        assert asleep.wait(10)
        clock.now += 0.25
        register(connection, ["000660"], ["0B"], grp_no="2")
        go_on.release(2)
        assert heard(connection, 2) == sent(rows)
        assert server.wait(10)
    assert clock.slept == [0.5, 0.25]


def test_it_stands_still_while_nobody_is_registered(make_recording: Any) -> None:
    rows = [trade(n, received=NINE + n * 60_000_000) for n in range(3)]
    clock, asleep, go_on = Time(), threading.Semaphore(0), threading.Semaphore(0)

    def sleep(seconds: float) -> None:
        asleep.release()
        assert go_on.acquire(timeout=10)
        clock.sleep(seconds)

    with replay(make_recording(rows), settle=0, clock=clock.clock, sleep=sleep) as server:
        with client(server) as connection:
            register(connection, ["005930"], ["0B"])
            assert heard(connection, 1) == sent(rows[:1])
            assert asleep.acquire(timeout=10)
        until(lambda: not server._listeners)
        clock.now += 3600
        go_on.release()
        with client(server) as connection:
            assert not server.wait(0.05)
            assert server.sent == 1
            register(connection, ["005930"], ["0B"])
            assert heard(connection, 1) == sent(rows[1:2])
            go_on.release()
            assert heard(connection, 1) == sent(rows[2:])
            assert server.wait(10)
    assert clock.slept == [60.0, 60.0]


def until(true: Callable[[], object], seconds: float = 10.0) -> None:
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it did not come about"
        time.sleep(0.002)


# --- manners -------------------------------------------------------------------------------------


def test_a_registration_is_acknowledged_before_anything_is_sent(make_recording: Any) -> None:
    with (
        replay(make_recording([trade(n) for n in range(50)]), speed="max", settle=0) as server,
        client(server) as connection,
    ):
        answer = register(connection, ["005930"], ["0B"])
        assert answer == {"trnm": "REG", "return_code": 0, "return_msg": ""}
        assert len(heard(connection, 50)) == 50


def test_a_silent_client_is_sent_pings_and_need_not_answer(make_recording: Any) -> None:
    with (
        replay(make_recording([trade(0)]), ping_seconds=0.02, settle=0) as server,
        client(server) as connection,
    ):
        assert [connection.recv(timeout=10) for _ in range(3)] == ['{"trnm":"PING"}'] * 3
        connection.send('{"trnm":"PING"}')
        send(connection, trnm="REG", grp_no="1", refresh="1", data=[{"item": ["005930"], "type": ["0B"]}])
        while '"REAL"' not in str(connection.recv(timeout=10)):
            pass


def test_without_a_login_the_connection_ends(make_recording: Any) -> None:
    with replay(make_recording([trade(0)])) as server, connect(server.ws_url) as connection:
        assert register(connection, ["005930"], ["0B"])["code"] == "R10004"
        with pytest.raises(ConnectionClosed):
            connection.recv(timeout=10)


@pytest.mark.parametrize(
    "frame",
    [
        *("", "{", "[]", "null", '"REG"', "{}", '{"trnm":"REG"}', '{"trnm":"REG","data":[5]}'),
        *('{"trnm":"PING"}', '{"trnm":"CNSRLST"}', '{"trnm":"REG","data":{"item":[],"type":[]}}'),
    ],
)
def test_what_is_not_understood_is_not_answered_and_harms_nothing(make_recording: Any, frame: str) -> None:
    folder = make_recording([trade(0)])
    with replay(folder, speed="max", settle=0) as server, client(server) as connection:
        connection.send(frame)
        assert register(connection, ["005930"], ["0B"])["return_code"] == 0
        assert heard(connection, 1) == sent([trade(0)])


def test_connections_stay_open_at_the_end_and_close_with_the_replay(make_recording: Any) -> None:
    with replay(make_recording([trade(0)]), speed="max", settle=0) as server, client(server) as connection:
        register(connection, ["005930"], ["0B"])
        heard(connection, 1)
        assert server.wait(10)
        assert register(connection, ["000660"], ["0B"])["return_code"] == 0
        server.close()
        with pytest.raises(ConnectionClosed):
            connection.recv(timeout=10)
    assert "closed" in repr(server)


def test_closing_does_not_wait_for_a_client_that_does_not_read(make_recording: Any) -> None:
    big = b'{"302":"%s"}' % (b"x" * 100_000)
    folder = make_recording([("0B", "005930", big, NINE + n) for n in range(400)])
    with (
        replay(folder, speed="max", settle=0) as server,
        connect(server.ws_url, compression=None, max_queue=1, close_timeout=0.1) as connection,
    ):
        ask(connection, trnm="LOGIN", token="any")
        register(connection, ["005930"], ["0B"])
        amounts = deque([-1, 0], maxlen=2)
        while amounts[0] != amounts[1] or not server.sent:  # until it is stuck
            time.sleep(0.05)
            amounts.append(server.sent)
        started = time.monotonic()
        server.close()
        assert time.monotonic() - started < 8
    assert server.sent < 400


def test_a_recording_that_cannot_be_read_is_told(make_recording: Any) -> None:
    folder = make_recording([trade(0)])
    next(folder.rglob("*.parquet")).write_bytes(b"PAR1 broken")
    with replay(folder, speed="max") as server, pytest.raises(pl.exceptions.ComputeError, match="parquet"):
        server.wait(10)


@pytest.mark.parametrize("speed", [0, -1, "fast", float("nan"), float("inf"), True])
def test_a_speed_that_is_none_is_refused(make_recording: Any, speed: Any) -> None:
    with pytest.raises(ValueError, match="speed: expected a number above 0 or 'max'"):
        replay(make_recording([trade(0)]), speed=speed)


def test_a_replay_of_nothing_is_refused(make_recording: Any, tmp_path: Path) -> None:
    folder = make_recording([trade(0)])
    with pytest.raises(ValueError, match="nothing of these feeds and days"):
        replay(folder, start="2026-11-21")
    with pytest.raises(ValueError, match="feed: 'orderbook' was not recorded"):
        replay(folder, feeds=["orderbook"])
    with pytest.raises(ValueError, match="begin: expected"):
        replay(folder, begin="now")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="folder: there is no"):
        replay(tmp_path / "nowhere")


def run(code: str, *arguments: object) -> str:
    done = subprocess.run(
        [sys.executable, "-c", code, *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=30,
        check=True,
        cwd=Path(__file__).parents[2],
    )
    return done.stdout


def test_the_server_side_does_not_need_the_client_side() -> None:
    code = "import sys, kiwoomdata.recording.replay; print(*sys.modules)"
    loaded = set(run(code).split())
    assert not loaded & {f"kiwoomdata.{name}" for name in ("client", "session", "transport", "stream.live")}


def test_a_program_ends_that_forgot_to_close_its_replay(make_recording: Any) -> None:
    code = """
import sys
from kiwoomdata.recording.replay import replay
from websockets.sync.client import connect
server = replay(sys.argv[1])
connection = connect(server.ws_url, ping_interval=None)
connection.send('{"trnm":"LOGIN","token":"x"}')
print(connection.recv())
"""
    assert "LOGIN" in run(code, make_recording([trade(0)]))
