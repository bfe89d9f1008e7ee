"""A session over a real socket, and any sequence of events against a model."""

from __future__ import annotations

import json
import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect
from websockets.sync.server import Server, ServerConnection, serve

from kiwoomdata.stream.events import (
    Event,
    LoggedIn,
    Real,
    Registered,
    RegistrationRefused,
    Removed,
    System,
)
from kiwoomdata.stream.failures import Failure, classify
from kiwoomdata.stream.lanes import keys_of
from kiwoomdata.stream.session import Session
from tests.stream.protocol import EXAMPLES, TOKEN, ack, opened, real, say, sent, types

# --- a real socket ----------------------------------------------------------------------------------


@contextmanager
def serving(handler: Any, **options: Any) -> Iterator[str]:
    server: Server = serve(handler, "127.0.0.1", 0, ping_interval=None, **options)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"ws://127.0.0.1:{server.socket.getsockname()[1]}"
    finally:
        server.shutdown()
        thread.join(10)


def test_over_a_real_socket_a_kicked_session_ends_fatal_after_its_ticks() -> None:
    heard: list[str] = []
    tick = json.dumps(EXAMPLES["0B"]["response"], ensure_ascii=False)

    def server(socket: ServerConnection) -> None:
        socket.send('{"trnm":"PING"}')
        heard.append(str(socket.recv(10)))
        heard.append(str(socket.recv(10)))
        socket.send(ack("LOGIN", sor_yn="Y"))
        heard.append(str(socket.recv(10)))
        socket.send(ack("REG"))
        socket.send([tick[:100], tick[100:]])  # a message in two fragments
        socket.send(say(trnm="SYSTEM", code="R10001", message="기존 세션은 종료가 됩니다"))
        socket.close(1000, "Bye")

    session, events = Session(TOKEN), []

    def drive(socket: ClientConnection) -> None:
        now = 0.0
        while True:
            now += 1.0
            for text in session.due(now):
                socket.send(text)
            events.extend(session.receive(socket.recv(10, decode=False)))

    session.subscribe(["005930"], ["0B"])
    with serving(server) as address, connect(address, ping_interval=None) as socket:  # noqa: SIM117
        with pytest.raises(ConnectionClosed) as end:
            drive(socket)
    assert [json.loads(text)["trnm"] for text in heard] == ["LOGIN", "PING", "REG"]
    assert [type(event) for event in events] == [LoggedIn, Registered, Real, System]
    verdict = classify(session.failure(end.value))
    assert (verdict.action, "elsewhere" in verdict.reason) == ("fatal", True)


@pytest.mark.parametrize(
    ("status", "action"), [(400, "fatal"), (418, "fatal"), (429, "retry"), (503, "retry")]
)
def test_a_handshake_refused_over_a_real_socket_is_classified_by_its_status(status: int, action: str) -> None:
    def refuse(socket: ServerConnection, request: Any) -> Any:
        return socket.respond(HTTPStatus(status), "Request Blocked")

    with serving(lambda socket: None, process_request=refuse) as address, pytest.raises(InvalidStatus) as end:
        connect(address)
    verdict = classify(Failure(end.value))
    assert verdict.action == action
    assert f"HTTP {status}" in verdict.reason


# --- any interleaving, against a model --------------------------------------------------------------


class Model:
    """A tiny server: it checks the rules that the live one enforces, and answers when told to."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.fault = 0  # the code of the next REG or REMOVE answer
        self.log: list[tuple[str, list[tuple[str, str, str]]]] = []
        self.told: list[tuple[str, float]] = []
        self.connect()

    def connect(self) -> None:
        self.state = "new"
        self.listed = False
        self.book: dict[tuple[str, str, str], None] = {}
        self.live: set[str] = set()
        self.answers: deque[str] = deque()
        self.pings: list[str] = []
        self.echoes: list[str] = []

    def take(self, text: str, now: float) -> None:
        request = json.loads(text)
        trnm = request["trnm"]
        if self.state == "new":
            assert request == {"trnm": "LOGIN", "token": TOKEN}, "the first text is LOGIN"
            self.state = "asked"
            self.answers.append(ack("LOGIN", sor_yn="Y"))
        elif trnm == "PING":
            self.echoes.append(text)
        else:
            assert self.state == "in", f"{trnm} before the login was answered"
            self.answers.append(getattr(self, trnm.lower())(request, now))

    def deliver(self) -> str:
        answer = self.answers.popleft()
        if json.loads(answer)["trnm"] == "LOGIN":
            self.state = "in"
        return answer

    def reg(self, request: dict[str, Any], now: float) -> str:
        trnm, (data,) = request["trnm"], request["data"]
        if self.told:
            assert now - self.told[-1][1] >= 0.25 - 1e-9, "more than four registrations a second"
        self.told.append((trnm, now))
        assert 0 < len(data["item"]) <= 100
        code, self.fault = self.fault, 0
        keys = [(request["grp_no"], item, type_) for item in data["item"] for type_ in data["type"]]
        wanted = dict.fromkeys([*self.book, *keys]) if trnm == "REG" else self.book
        if not code and len({key[:2] for key in wanted}) > self.limit:
            code = 105115
        if not code:
            self.log.append((trnm, keys))
            self.book = {k: None for k in wanted if trnm == "REG" or k not in keys}
        return ack(trnm, code, "말씀")

    remove = reg

    def cnsrlst(self, request: dict[str, Any], now: float) -> str:
        self.listed = True
        return ack("CNSRLST", data=[["0", "a"], ["1", "b"]])

    def cnsrreq(self, request: dict[str, Any], now: float) -> str:
        assert self.listed, "a search before the list is never answered"
        seq = request["seq"]
        if request["search_type"] == "1":
            if seq in self.live:
                return ack("CNSRREQ", 900003, f"이미 등록된 조건검색 일련번호입니다.(seq={seq})")
            self.live.add(seq)
            return say(trnm="CNSRREQ", return_code=0, data=[{"jmcode": "A005930"}])
        return say(trnm="CNSRREQ", seq=f"{seq} ", cont_yn="N", next_key="", return_code=0, data=None)

    def cnsrclr(self, request: dict[str, Any], now: float) -> str:
        self.live.discard(request["seq"])
        return ack("CNSRCLR", seq=request["seq"])


names = st.lists(st.sampled_from("ABCDE"), min_size=1, max_size=3)


seqs = st.sampled_from(["0", "1"])


PINGS = ['{"trnm":"PING"}', '{"trnm" :\t"PING"}', '{"trnm":"PING","n":1}\n']


JUNK: list[Any] = ["", "{", "null", b"\xff", '{"trnm":"NEWS"}', '{"trnm":"REG"}', '{"trnm":"REAL"}', None]


ASKS = [
    st.tuples(st.just("subscribe"), names, types, st.sampled_from("12")),
    st.tuples(st.just("unsubscribe"), names, types, st.sampled_from("12")),
    st.tuples(st.just("search"), seqs, st.sampled_from([0, 1])),
    st.tuples(st.just("clear"), seqs),
    st.tuples(st.just("ask_conditions")),
]


TURNS = [st.tuples(st.just("send"), st.sampled_from([0.0, 0.1, 0.3, 1.0])), st.tuples(st.just("answer"))]


FRAMES = [
    st.tuples(st.just("ping"), st.sampled_from(PINGS)),
    st.tuples(
        st.just("real"), st.lists(st.tuples(st.sampled_from(["0B", "0w"]), names.map("".join)), min_size=1)
    ),
    st.tuples(st.just("system"), st.sampled_from(["R10002", "R10004", "X"])),
    st.tuples(st.just("junk"), st.sampled_from(JUNK)),
]


SLOW = [st.tuples(st.just("fault"), st.just(105110))]


FAULTS = [st.tuples(st.just("fault"), st.sampled_from([105115, 1])), st.tuples(st.just("reset"))]


def schedules(*more: Any) -> st.SearchStrategy[list[tuple[Any, ...]]]:
    """Steps in any order; asking, sending and answering come up most, so that sessions get somewhere."""
    busy = [*ASKS, *ASKS[:2], *TURNS, *TURNS, *TURNS, *FRAMES, *SLOW]
    return st.lists(st.one_of(*busy, *more), min_size=10, max_size=70)


class Play:
    """Runs steps against a session and the model, and keeps what a driver would have seen."""

    def __init__(self, limit: int = 1000, max_items: int = 1000) -> None:
        self.session, self.server = Session(TOKEN, max_items=max_items, slow_down=0.2), Model(limit)
        self.now = 0.0
        self.events: list[Event] = []
        self.ticks: list[tuple[str, str]] = []
        self.calls: list[tuple[str, set[tuple[str, str, str]]]] = []

    def step(self, what: str, *args: Any) -> None:
        if what in ("subscribe", "unsubscribe"):
            self.ask(what, *args)
        elif what in ("ask_conditions", "search", "clear"):
            getattr(self.session, what)(*args)
        elif what == "ping":
            self.server.pings.append(args[0])
            assert self.hear(args[0]) == []
        elif what == "real":
            self.ticks += args[0]
            self.hear(real(*((type_, item, {"10": str(n)}) for n, (type_, item) in enumerate(args[0]))))
        elif what == "system":
            assert self.hear(say(trnm="SYSTEM", code=args[0], message="끝")) == [System(args[0], "끝")]
        elif what == "junk":
            assert self.hear(args[0]) == []
        elif what == "fault":
            self.server.fault = args[0]
        elif what == "answer":
            if self.server.answers:
                self.hear(self.server.deliver())
        elif what == "send":
            self.now += args[0]
            for text in self.session.due(self.now):
                self.server.take(text, self.now)
        else:
            wanted = self.session.wanted
            self.server.connect()
            self.events += self.session.reset()
            assert self.session.wanted == wanted

    def ask(self, what: str, items: list[str], types: list[str], group: str) -> None:
        before = self.session.wanted
        try:
            getattr(self.session, what)(items, types, group)
        except ValueError:
            assert self.session.wanted == before
            return
        keys = {(group, item, type_) for item in items for type_ in types}
        new = keys - set(before) if what == "subscribe" else keys & set(before)
        if new:
            self.calls.append(("REG" if what == "subscribe" else "REMOVE", new))

    def hear(self, frame: Any) -> list[Event]:
        events = self.session.receive(frame)
        self.events += events
        return events

    def settle(self) -> None:
        """A server without faults from here on: run until nothing is left to say."""
        self.server.fault = 0
        end = self.now + 400
        for _ in range(2000):
            if self.server.answers:
                self.step("answer")
            elif self.session.settled and self.session.refused and self.now > end:
                return  # what the server has no room for is asked for without end
            elif (wait := self.session.wait(self.now)) is not None:
                self.step("send", wait + 1e-6)
            else:
                return
        raise AssertionError("the session never came to rest")


@settings(max_examples=150, deadline=None)
@given(schedules(*FAULTS))
def test_after_any_sequence_the_server_holds_exactly_what_is_wanted(schedule: list[tuple[Any, ...]]) -> None:
    play = Play()
    for what, *args in schedule:
        play.step(what, *args)
    play.settle()
    session, server = play.session, play.server
    assert session.logged_in
    assert session.registered == session.wanted
    assert set(session.registered) == set(server.book)
    assert server.echoes == server.pings
    assert [(t, i) for e in play.events if isinstance(e, Real) for t, i, _ in e.items] == play.ticks
    if not any(isinstance(e, RegistrationRefused) and e.trnm == "REMOVE" for e in play.events):
        intended: set[tuple[str, str, str]] = set()
        for trnm, keys in play.calls:
            intended = intended | keys if trnm == "REG" else intended - keys
        assert set(server.book) == intended
    live = set(server.live)
    play.step("reset")
    play.settle()
    assert server.live == live


@settings(max_examples=150, deadline=None)
@given(schedules())
def test_requests_reach_the_server_in_the_order_they_were_made(schedule: list[tuple[Any, ...]]) -> None:
    play = Play()
    for what, *args in schedule:
        play.step(what, *args)
    play.settle()
    log = iter(play.server.log)
    for trnm, keys in play.calls:  # one call may take several frames, never mixed with another's
        arrived: set[tuple[str, str, str]] = set()
        while arrived != keys:
            frame_trnm, frame_keys = next(log)
            assert frame_trnm == trnm
            assert keys.issuperset(frame_keys)
            arrived.update(frame_keys)
    assert next(log, None) is None
    granted = [event for event in play.events if isinstance(event, Registered | Removed)]
    assert len(granted) == len(play.server.log)
    for event, (trnm, frame_keys) in zip(granted, play.server.log, strict=True):
        assert isinstance(event, Registered) == (trnm == "REG")
        assert [(event.group, i, t) for i in event.items for t in event.types] == frame_keys


@settings(max_examples=60, deadline=None)
@given(schedules(*FAULTS), st.integers(2, 6))
def test_a_server_with_a_lower_limit_never_leaves_the_book_wrong(
    schedule: list[tuple[Any, ...]], limit: int
) -> None:
    play = Play(limit=limit, max_items=6)
    for what, *args in schedule:
        play.step(what, *args)
        assert len({key[:2] for key in play.session.wanted}) <= 6 or any(
            isinstance(event, RegistrationRefused) for event in play.events
        )
    play.settle()
    session = play.session
    assert set(session.registered) == set(play.server.book)
    assert set(session.wanted) == {*session.registered, *session.refused}
    refusals = [event for event in play.events if isinstance(event, RegistrationRefused)]
    told = {key for event in refusals for key in keys_of(event.group, event.items, event.types)}
    assert set(session.refused) <= told


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=6), inner, max_size=4),
    max_leaves=12,
)


TRNMS = ["LOGIN", "PING", "SYSTEM", "REG", "REMOVE", "REAL", "CNSRLST", "CNSRREQ", "CNSRCLR", "NEWS"]


messages = st.fixed_dictionaries(
    {"trnm": st.sampled_from(TRNMS) | json_values},
    optional={
        "return_code": st.sampled_from([0, 1, 105110, 105115, 900003, "0", "x"]) | json_values,
        "return_msg": st.just("(seq=3)") | json_values,
        "data": json_values | st.lists(st.lists(st.text(max_size=3), max_size=3), max_size=3),
        "seq": st.sampled_from(["3 ", 3, "4"]) | json_values,
        "code": json_values,
        "message": json_values,
        "cont_yn": json_values,
        "next_key": json_values,
    },
).map(json.dumps)


@settings(max_examples=300, deadline=None)
@given(
    st.lists(st.binary(max_size=60) | st.text(max_size=60) | messages | messages.map(str.encode), max_size=12)
)
def test_receive_raises_nothing_whatever_arrives(frames: list[str | bytes]) -> None:
    session = opened()
    session.subscribe(["A"], ["0B"])
    session.search("3", kind=1)
    now = 0.0
    for frame in frames:
        now += 1.0
        session.due(now)
        assert isinstance(session.receive(frame), list)
        session.overdue(now)
    session.reset()
    assert [m["trnm"] for m in sent(session, now)] == ["LOGIN"]
    assert session.stats.frames == 1 + len(frames)


@settings(max_examples=100, deadline=None)
@given(st.data())
def test_a_real_frame_cut_or_changed_anywhere_is_read_or_counted(data: st.DataObject) -> None:
    frame = bytearray(real(("0B", "A", {"10": "+1", "302": "삼성"}), ("0w", "B", {"20": "090000"})).encode())
    at = data.draw(st.integers(0, len(frame) - 1))
    if data.draw(st.booleans()):
        del frame[at:]
    else:
        frame[at] = data.draw(st.integers(0, 255))
    session = opened()
    events = session.receive(bytes(frame))
    for event in events:
        assert isinstance(event, Real)
        for _, _, values in event.items:
            assert isinstance(msgspec.json.decode(values), dict)
    stats = session.stats
    assert stats.items + stats.broken + stats.unknown + stats.pings >= 1
