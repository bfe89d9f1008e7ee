"""The WebSocket session against a tiny model of the server, and one real socket."""

from __future__ import annotations

import json
import random
import ssl
import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from websockets.exceptions import ConnectionClosed, InvalidStatus, InvalidURI
from websockets.frames import Close
from websockets.sync.client import ClientConnection, connect
from websockets.sync.server import Server, ServerConnection, serve

from kiwoomdata.entries.feeds import FEEDS
from kiwoomdata.errors import AuthError, TransportError
from kiwoomdata.stream.events import (
    ConditionBusy,
    ConditionCleared,
    ConditionList,
    ConditionPage,
    ConditionRefused,
    ConditionUnreadable,
    Event,
    LoggedIn,
    LoginDenied,
    Real,
    Registered,
    RegistrationRefused,
    Removed,
    Silence,
    SlowDown,
    System,
)
from kiwoomdata.stream.failures import Failure, backoff, classify
from kiwoomdata.stream.lanes import keys_of
from kiwoomdata.stream.session import Session

TOKEN = "tk-5f1c9a7e2b-not-a-real-token"
EXAMPLES: dict[str, Any] = json.loads(
    (Path(__file__).parents[1] / "data" / "ws_examples.json").read_text(encoding="utf-8")
)["examples"]
LIVE_TYPES = ["0B", "0D", "0w", "00", "0A", "0J"]


def say(**body: Any) -> str:
    return json.dumps(body, ensure_ascii=False)


def ack(trnm: str, code: int = 0, words: str = "", **more: Any) -> str:
    return say(trnm=trnm, return_code=code, return_msg=words, **more)


def real(*entries: tuple[str, str, dict[str, str]]) -> str:
    return say(trnm="REAL", data=[{"type": t, "name": "이름", "item": i, "values": v} for t, i, v in entries])


def sent(session: Session, now: float) -> list[dict[str, Any]]:
    return [json.loads(text) for text in session.due(now)]


def opened(now: float = 0.0, **options: Any) -> Session:
    session = Session(TOKEN, **options)
    assert sent(session, now) == [{"trnm": "LOGIN", "token": TOKEN}]
    assert session.receive(ack("LOGIN", sor_yn="Y")) == [LoggedIn()]
    return session


def registered(session: Session, now: float) -> float:
    """Send and acknowledge whatever registrations are pending; the time when it is done."""
    while session.wait(now) is not None:
        now += session.wait(now) or 0.0
        for request in sent(session, now):
            session.receive(ack(request["trnm"]))
    return now


# ------------------------------------------------------------------------------------------ login


def test_login_is_sent_first_and_once_with_the_bare_token() -> None:
    session = Session(f"Bearer {TOKEN}")
    assert sent(session, 0.0) == [{"trnm": "LOGIN", "token": TOKEN}]
    assert session.due(100.0) == []


def test_an_empty_token_is_refused_before_anything_is_sent() -> None:
    with pytest.raises(ValueError, match="token: expected the access token"):
        Session("Bearer ")


def test_requests_made_before_the_login_was_answered_wait_in_order() -> None:
    session = Session(TOKEN)
    session.subscribe(["005930"], ["0B"])
    session.unsubscribe(["005930"], ["0B"])
    session.ask_conditions()
    assert [m["trnm"] for m in sent(session, 0.0)] == ["LOGIN"]
    assert session.due(5.0) == []
    assert session.wait(5.0) is None
    session.receive(ack("LOGIN"))
    assert [m["trnm"] for m in sent(session, 5.0)] == ["REG", "CNSRLST"]
    session.receive(ack("REG"))
    assert [m["trnm"] for m in sent(session, 6.0)] == ["REMOVE"]


def test_a_refused_login_tells_the_code_and_the_servers_words_but_never_the_token() -> None:
    session = Session(TOKEN)
    session.subscribe(["005930"], ["0B"])
    session.due(0.0)
    words = f"토큰 인증에 실패했습니다 [CODE=8005, MESSAGE=Token이 유효하지 않습니다] {TOKEN}"
    (event,) = session.receive(ack("LOGIN", 805004, words))
    assert isinstance(event, LoginDenied)
    assert event.code == 805004
    assert "CODE=8005" in event.message
    assert TOKEN not in repr(event)
    assert TOKEN not in repr(session)
    assert not session.logged_in
    assert session.due(1.0) == []


def test_an_answer_to_a_login_that_was_not_sent_logs_nobody_in() -> None:
    session = Session(TOKEN)
    assert session.receive(ack("LOGIN")) == []
    assert not session.logged_in
    assert session.stats.stray == 1


def test_a_login_answer_without_a_code_is_not_taken_for_a_yes() -> None:
    session = Session(TOKEN)
    session.due(0.0)
    assert session.receive(say(trnm="LOGIN", return_msg="")) == []
    assert not session.logged_in
    assert session.stats.broken == 1


def test_return_codes_written_as_text_are_understood() -> None:
    session = Session(TOKEN)
    session.due(0.0)
    assert session.receive(say(trnm="LOGIN", return_code="0", return_msg="")) == [LoggedIn()]


# -------------------------------------------------------------------------------- PING and SYSTEM


@pytest.mark.parametrize(
    "ping", ['{"trnm":"PING"}', '{ "trnm" : "PING" }\n', '{"trnm":"PING","시각":"0900","data":[1]}']
)
@pytest.mark.parametrize("as_bytes", [False, True])
def test_a_ping_is_echoed_byte_for_byte_even_before_the_login_was_answered(ping: str, as_bytes: bool) -> None:
    session = Session(TOKEN)
    session.due(0.0)
    assert session.receive(ping.encode() if as_bytes else ping) == []
    assert session.wait(0.0) == 0.0
    assert session.due(0.0) == [ping]
    assert session.due(0.0) == []
    assert session.stats.pings == 1


def test_a_ping_heard_before_the_login_was_sent_is_echoed_after_it() -> None:
    session = Session(TOKEN)
    session.receive('{"trnm":"PING"}')
    assert [m["trnm"] for m in sent(session, 0.0)] == ["LOGIN", "PING"]


@pytest.mark.parametrize("code", ["R10001", "R10002", "R10004", "R99999"])
@pytest.mark.parametrize("keys", [("code", "message"), ("return_code", "return_msg")])
def test_system_frames_of_both_shapes_are_told_and_never_echoed(code: str, keys: tuple[str, str]) -> None:
    session = opened()
    frame = json.dumps({"trnm": "SYSTEM", keys[0]: code, keys[1]: f"끝 {TOKEN}"}, ensure_ascii=False)
    (event,) = session.receive(frame)
    assert event == System(code, "끝 ***")
    assert session.due(1.0) == []
    assert session.failure().system == code


# ---------------------------------------------------------------------------------- subscriptions


def test_a_registration_keeps_what_is_there_and_types_stay_verbatim() -> None:
    session = opened()
    session.subscribe(["005930", "000660_NX"], ["0w", "0B"], group="7")
    (frame,) = sent(session, 0.0)
    assert frame == {
        "trnm": "REG",
        "grp_no": "7",
        "refresh": "1",
        "data": [{"item": ["005930", "000660_NX"], "type": ["0w", "0B"]}],
    }
    assert session.registered == []
    assert session.receive(ack("REG")) == [Registered("7", ("005930", "000660_NX"), ("0w", "0B"))]
    assert session.registered == session.wanted
    assert ("7", "000660_NX", "0w") in session.registered


@pytest.mark.parametrize("type_", LIVE_TYPES)
def test_the_printed_registrations_are_what_is_sent_and_their_answers_are_read(type_: str) -> None:
    example = EXAMPLES[type_]
    (data,) = example["request"]["data"]
    session = opened()
    session.subscribe(data["item"], data["type"], group=example["request"]["grp_no"])
    assert sent(session, 0.0) == [example["request"]]
    (event,) = session.receive(json.dumps(example["ack"]))
    assert event == Registered("1", tuple(data["item"]), (type_,))
    (event,) = session.receive(json.dumps(example["response"], ensure_ascii=False))
    assert isinstance(event, Real)
    ((got_type, got_item, values),) = event.items
    (entry,) = example["response"]["data"]
    assert (got_type, got_item, json.loads(values)) == (type_, entry["item"], entry["values"])


def test_removing_sends_remove_and_forgets_the_items_once_acknowledged() -> None:
    session = opened()
    session.subscribe(["A", "B"], ["0B", "0D"])
    now = registered(session, 0.0)
    session.unsubscribe(["A", "Z"], ["0B"])
    assert session.wanted == [("1", "A", "0D"), ("1", "B", "0B"), ("1", "B", "0D")]
    assert len(session.registered) == 4
    (frame,) = sent(session, now + 1)
    assert frame["trnm"] == "REMOVE"
    assert frame["data"] == [{"item": ["A"], "type": ["0B"]}]
    assert session.receive(ack("REMOVE")) == [Removed("1", ("A",), ("0B",))]
    assert session.registered == session.wanted


def test_what_is_wanted_already_is_not_asked_for_again() -> None:
    session = opened()
    session.subscribe(["A"], ["0B"])
    session.subscribe(["A", "B", "B"], ["0B", "0D", "0D"])
    frames = []
    for now in (0.0, 1.0, 2.0, 3.0):
        frames += [frame["data"][0] for frame in sent(session, now)]
        session.receive(ack("REG"))
    assert frames == [
        {"item": ["A"], "type": ["0B"]},
        {"item": ["A"], "type": ["0D"]},
        {"item": ["B"], "type": ["0B", "0D"]},
    ]


def test_long_lists_go_in_frames_of_at_most_a_hundred_items() -> None:
    session = opened()
    items = [f"{n:06}" for n in range(200)]
    session.subscribe(items[:150], ["0B"])
    session.subscribe(items[150:], ["0B"], group="2")
    frames = []
    for now in (0.0, 1.0, 2.0):
        (frame,) = sent(session, now)
        frames.append(frame)
        session.receive(ack("REG"))
    assert [len(frame["data"][0]["item"]) for frame in frames] == [100, 50, 50]
    assert [item for frame in frames for item in frame["data"][0]["item"]] == items


def test_items_over_the_limit_are_refused_before_anything_is_queued() -> None:
    session = opened()
    session.subscribe([str(n) for n in range(150)], ["0B"])
    session.subscribe([str(n) for n in range(50)], ["0D", "0w"])  # more types cost no items
    session.subscribe([str(n) for n in range(40)], ["0B"], group="2")
    before = session.wanted
    with pytest.raises(ValueError, match=r"items: 11 more on top of 190 .* 200 .* Unsubscribe"):
        session.subscribe([str(n) for n in range(500, 511)], ["0B"], group="3")
    assert session.wanted == before
    session.subscribe([str(n) for n in range(500, 510)], ["0B"], group="3")
    session.unsubscribe(["0"], ["0B"], group="2")
    session.subscribe(["new"], ["0B"])


@pytest.mark.parametrize(
    ("items", "types", "error", "words"),
    [
        ("005930", ["0B"], TypeError, r"items: expected a list of texts such as \['005930'\]"),
        (["005930"], "0B", TypeError, "types: expected a list"),
        ([5930], ["0B"], TypeError, "items: expected a list"),
        ([], ["0B"], ValueError, "items: expected at least one"),
        (["005930"], [], ValueError, "types: expected at least one"),
    ],
)
def test_wrong_arguments_are_named(items: Any, types: Any, error: type[Exception], words: str) -> None:
    session = opened()
    for call in (session.subscribe, session.unsubscribe):
        with pytest.raises(error, match=words):
            call(items, types)
    assert session.due(1.0) == []


def test_registrations_keep_the_pace_and_wait_says_how_long() -> None:
    session = opened(reg_per_second=4)
    session.subscribe(["A"], ["0B"])
    session.subscribe(["B"], ["0B"])
    assert len(session.due(10.0)) == 1
    assert session.wait(10.0) is None  # one at a time: nothing goes before the answer
    session.receive(ack("REG"))
    assert session.wait(10.1) == pytest.approx(0.15)
    assert session.due(10.2) == []
    assert len(session.due(10.25)) == 1


def test_too_many_requests_puts_the_request_back_in_its_place_and_states_the_delay() -> None:
    session = opened(slow_down=1.0)
    session.subscribe(["A"], ["0B"])
    session.unsubscribe(["A"], ["0B"])
    first = session.due(0.0)
    assert session.receive(ack("REG", 105110, "허용된 요청 건수를 초과 (TRNM=REG)")) == [SlowDown(1.0, "REG")]
    assert session.wait(2.0) == 1.0  # the delay starts when the clock is next seen
    assert session.due(2.9) == []
    assert session.due(3.0) == first
    assert session.receive(ack("REG", 105110)) == [SlowDown(2.0, "REG")]
    assert session.due(4.0) == []
    assert session.due(6.0) == first
    assert session.receive(ack("REG")) == [Registered("1", ("A",), ("0B",))]
    assert [m["trnm"] for m in sent(session, 7.0)] == ["REMOVE"]
    assert session.receive(ack("REMOVE", 105110)) == [SlowDown(1.0, "REMOVE")]
    assert session.stats.resent == 3


def test_the_delay_never_grows_beyond_half_a_minute() -> None:
    session = opened()
    session.subscribe(["A"], ["0B"])
    delays = []
    for n in range(40):
        session.due(n * 100.0)
        session.due(n * 100.0 + 50)
        delays += [e.seconds for e in session.receive(ack("REG", 105110)) if isinstance(e, SlowDown)]
    assert max(delays) == 30.0


@pytest.mark.parametrize("code", [105115, 105118, 1, 100013])
def test_a_refused_registration_names_items_and_words_and_stays_wanted(code: int) -> None:
    session = opened()
    session.subscribe(["A"], ["0B"])
    now = registered(session, 0.0)
    session.subscribe(["B", "C"], ["0B"])
    assert len(session.wanted) == 3
    session.due(now + 1)
    (event,) = session.receive(ack("REG", code, "등록 종목이 허용 개수(200)를 초과"))
    assert isinstance(event, RegistrationRefused)
    assert (event.trnm, event.items, event.types, event.code) == ("REG", ("B", "C"), ("0B",), code)
    assert "2 item(s)" in event.message
    assert "허용 개수(200)" in event.message
    assert ("connections=" in event.message) == (code in (105115, 105118))
    assert session.registered == [("1", "A", "0B")]
    assert session.refused == [("1", "B", "0B"), ("1", "C", "0B")]
    assert session.wanted == session.registered + session.refused
    session.subscribe(["B"], ["0B"])
    assert session.due(now + 1.5) == []


def asked_again(session: Session, now: float) -> float:
    """Let the pause go by that the session states, and say how long it was."""
    pause = session.wait(now)
    assert pause is not None
    assert session.due(now + pause - 0.01) == []
    (request,) = sent(session, now + pause)
    assert (request["trnm"], request["data"]) == ("REG", [{"item": ["A"], "type": ["0B"]}])
    return pause


def test_a_refused_registration_is_asked_for_again_with_growing_pauses_and_told_once() -> None:
    session = opened()
    session.subscribe(["A"], ["0B"])
    session.due(1.0)
    told, pauses, now = [*session.receive(ack("REG", 105115))], [], 1.0
    for _ in range(9):
        pauses.append(asked_again(session, now))
        now += pauses[-1]
        told += session.receive(ack("REG", 105115))
    assert pauses == pytest.approx([1, 2, 4, 8, 16, 32, 60, 60, 60])
    assert [type(event) for event in told] == [RegistrationRefused]
    assert session.stats.denied == 9
    now += asked_again(session, now)
    assert session.receive(ack("REG")) == [Registered("1", ("A",), ("0B",))]
    assert session.refused == []
    assert session.wait(now) is None


def test_what_was_refused_is_asked_for_on_the_next_connection_at_once_and_not_told_again() -> None:
    session = opened()
    session.subscribe(["A"], ["0B"])
    session.due(1.0)
    session.receive(ack("REG", 105115))
    session.reset()
    session.due(2.0)
    session.receive(ack("LOGIN", sor_yn="Y"))
    assert [request["trnm"] for request in sent(session, 3.0)] == ["REG"]
    assert session.receive(ack("REG", 105115)) == []


def test_what_is_unsubscribed_is_not_asked_for_again() -> None:
    session = opened()
    session.subscribe(["A"], ["0B"])
    session.due(1.0)
    session.unsubscribe(["A"], ["0B"])  # while the answer is on its way
    assert session.receive(ack("REG", 105115)) == []
    assert [request["trnm"] for request in sent(session, 2.0)] == ["REMOVE"]
    session.receive(ack("REMOVE"))
    session.subscribe(["A"], ["0B"])
    session.due(3.0)
    assert len(session.receive(ack("REG", 105115))) == 1
    session.unsubscribe(["A"], ["0B"])
    assert (session.wanted, session.wait(4.0)) == ([], None)


def test_the_limit_is_the_one_that_the_refusal_names() -> None:
    session = opened()
    session.subscribe([f"{n:03d}" for n in range(90)], ["0B"])
    now = registered(session, 0.0)
    session.subscribe([f"{n:03d}" for n in range(90, 110)], ["0B"])
    session.due(now + 1)
    session.receive(ack("REG", 105115, "등록 종목이 허용 개수(100)를 초과하였습니다"))
    assert session.max_items == 100
    with pytest.raises(ValueError, match="exceed the 100 items"):
        session.subscribe(["X"], ["0B"])


def test_no_frame_of_a_registration_comes_near_the_servers_64_kilobytes() -> None:
    session = opened()
    session.subscribe([f"{n:06d}_AL" for n in range(200)], sorted(FEEDS))
    now, sizes = 1.0, list[int]()
    while pending := session.due(now):
        sizes += [len(text.encode()) for text in pending]
        session.receive(ack("REG"))
        now += 1
    assert len(sizes) == 2
    assert max(sizes) < 65_536 / 16


def test_a_refused_removal_leaves_the_items_registered() -> None:
    session = opened()
    session.subscribe(["A"], ["0B"])
    now = registered(session, 0.0)
    session.unsubscribe(["A"], ["0B"])
    session.due(now + 1)
    (event,) = session.receive(ack("REMOVE", 1, "오류"))
    assert isinstance(event, RegistrationRefused)
    assert event.trnm == "REMOVE"
    assert session.wanted == session.registered == [("1", "A", "0B")]


def test_an_answer_to_nothing_changes_nothing() -> None:
    session = opened()
    session.subscribe(["A"], ["0B"])
    session.due(0.0)
    assert session.receive(ack("REMOVE")) == []
    assert session.receive(ack("REG")) == [Registered("1", ("A",), ("0B",))]
    assert session.receive(ack("REG", 105115)) == []
    assert session.stats.stray == 2
    assert session.registered == [("1", "A", "0B")]


# -------------------------------------------------------------------------------------- reconnect


def test_a_new_connection_logs_in_with_the_new_token_and_registers_the_same_book_in_order() -> None:
    session = opened()
    session.subscribe(["C", "A"], ["0B"])
    session.subscribe(["B"], ["0w"], group="2")
    now = registered(session, 0.0)
    session.subscribe(["D"], ["0B"])
    session.unsubscribe(["A"], ["0B"])
    session.due(now + 1)  # D is on the wire, A's removal still waits: neither was answered
    wanted = session.wanted
    session.receive('{"trnm":"PING"}')
    session.reset("second-token-of-the-day")
    assert session.registered == []
    assert session.wanted == wanted
    assert sent(session, now + 2) == [{"trnm": "LOGIN", "token": "second-token-of-the-day"}]
    session.receive(ack("LOGIN"))
    frames = []
    for later in (3, 4, 5):
        frames += sent(session, now + later)
        session.receive(ack("REG"))
    assert [(f["grp_no"], f["data"][0]) for f in frames] == [
        ("1", {"item": ["C"], "type": ["0B"]}),
        ("2", {"item": ["B"], "type": ["0w"]}),
        ("1", {"item": ["D"], "type": ["0B"]}),
    ]
    assert session.registered == wanted


def test_items_asked_for_one_by_one_are_registered_again_in_one_frame() -> None:
    session = opened()
    for item in ("A", "B", "C"):
        session.subscribe([item], ["0B"])
        session.subscribe([item], ["0D"])
    session.reset()
    session.due(1.0)
    session.receive(ack("LOGIN"))
    (frame,) = sent(session, 2.0)
    assert frame["data"] == [{"item": ["A", "B", "C"], "type": ["0B", "0D"]}]


def test_resetting_without_a_token_logs_in_with_the_same_one() -> None:
    session = opened()
    session.reset()
    assert not session.logged_in
    assert sent(session, 1.0) == [{"trnm": "LOGIN", "token": TOKEN}]


def test_a_lost_connection_between_two_pages_is_told_and_other_requests_are_carried_over() -> None:
    session = opened()
    session.ask_conditions()
    session.due(0.0)
    session.receive(ack("CNSRLST", data=[["0", "x"]]))
    session.search("0", kind=1)
    session.due(1.0)
    session.receive(ack("CNSRREQ", seq="0", data=[]))
    session.search("5", cont_yn="Y", next_key="k")
    session.search("6")
    session.due(2.0)
    (event,) = session.reset()
    assert isinstance(event, ConditionRefused)
    assert (event.seq, event.code) == ("5", 0)
    session.due(3.0)
    session.receive(ack("LOGIN"))
    requests = []
    for now in (4.0, 5.0, 6.0, 7.0):
        for request in sent(session, now):
            requests.append((request["trnm"], request.get("seq"), request.get("search_type")))
            session.receive(ack(request["trnm"], data=[]))
    assert requests == [("CNSRLST", None, None), ("CNSRREQ", "0", "1"), ("CNSRREQ", "6", "0")]


# ------------------------------------------------------------------------------------------- REAL


def test_several_entries_of_one_frame_come_in_arrival_order() -> None:
    session = opened()
    entries = [
        ("0B", "005930", {"10": "-1"}),
        ("0w", "000660_AL", {"10": "2"}),
        ("0B", "005930", {"10": "3"}),
    ]
    (event,) = session.receive(real(*entries).encode())
    assert isinstance(event, Real)
    assert [(t, i, json.loads(v)) for t, i, v in event.items] == entries
    assert session.stats.items == 3
    assert session.stats.real_frames == 1


def test_values_are_the_very_bytes_of_the_frame() -> None:
    values = '{ "10" : "+70,500",\t"20":"090000" }'
    frame = '{"data":[{"values":' + values + ',"type":"0B","name":"x","item":"005930"}],"trnm":"REAL"}'
    for given_as in (frame, frame.encode(), bytearray(frame.encode())):
        (event,) = opened().receive(given_as)  # type: ignore[arg-type]
        assert isinstance(event, Real)
        assert event.items == [("0B", "005930", values.encode())]


def test_condition_events_without_an_item_pass_as_real() -> None:
    frame = say(trnm="REAL", data=[{"type": "02", "name": "조건검색", "values": {"841": "4", "843": "I"}}])
    (event,) = opened().receive(frame)
    assert isinstance(event, Real)
    assert event.items[0][:2] == ("02", "")


def test_values_in_a_list_are_taken_one_by_one_and_korean_values_pass() -> None:
    frame = say(
        trnm="REAL",
        data=[
            {"type": "0B", "item": "A", "values": [{"10": "1"}, {"10": "2"}]},
            {"type": "00", "item": "B", "values": {"302": "삼성전자"}},
        ],
    )
    session = opened()
    (event,) = session.receive(frame)
    assert isinstance(event, Real)
    got = [(t, i, json.loads(v)) for t, i, v in event.items]
    assert got == [("0B", "A", {"10": "1"}), ("0B", "A", {"10": "2"}), ("00", "B", {"302": "삼성전자"})]
    assert session.stats.broken == 0


@pytest.mark.parametrize(
    "bad",
    [
        '{"item":"A","values":{"10":"1"}}',
        '{"type":"0B","item":"A"}',
        '{"type":"0B","item":"A","values":null}',
        '{"type":"0B","item":"A","values":"{"}',
        '{"type":"0B","item":"A","values":[]}',
        '{"type":"0B","item":"A","values":[3]}',
        '{"type":"0B","item":7,"values":{"10":"1"}}',
        "[]",
        "null",
    ],
)
def test_a_broken_entry_is_counted_and_its_neighbours_are_kept(bad: str) -> None:
    good = '{"type":"0B","item":"A","values":{"10":"1"}}'
    session = opened()
    (event,) = session.receive(f'{{"trnm":"REAL","data":[{good},{bad},{good.replace("A", "B")}]}}')
    assert isinstance(event, Real)
    assert [item for _, item, _ in event.items] == ["A", "B"]
    assert session.stats.broken == 1


def test_values_that_are_not_utf8_never_reach_the_reader() -> None:
    session = opened()
    frame = b'{"trnm":"REAL","data":[{"type":"0B","item":"A","values":{"10":"\xff"}}]}'
    assert session.receive(frame) == []
    assert session.stats.broken == 1


# ------------------------------------------------------------------------------- unknown, garbage


def test_an_unknown_trnm_is_ignored_and_counted() -> None:
    session = opened()
    assert session.receive(say(trnm="NEWS", data=[1])) == []
    assert (session.stats.unknown, session.stats.broken) == (1, 0)


@pytest.mark.parametrize(
    "frame",
    [
        "",
        "{",
        "null",
        "[1]",
        '"PING"',
        '{"trnm":7}',
        '{"return_code":0}',
        '{"trnm":"REAL"}',
        '{"trnm":"REAL","data":{}}',
        '{"trnm":"REG","return_code":0.5}',
        '{"trnm":"REG"}',
        '{"trnm":"CNSRLST","return_code":0,"data":{"a":1}}',
        '{"trnm":"CNSRREQ","return_code":0,"data":["A005930"]}',
        '{"trnm":"CNSRREQ","return_code":[]}',
        "\ud800",
        b"\xff\xfe",
        b"[" * 100_000,
        b'{"trnm":' * 100_000,
        b"\xef\xbb\xbf" + b'{"trnm":"PING"}',
        None,
        3,
    ],
    ids=repr,
)
def test_what_cannot_be_read_is_counted_and_nothing_is_raised(frame: Any) -> None:
    session = opened()
    assert session.receive(frame) == []
    assert session.stats.broken == 1
    assert session.due(1.0) == []


# -------------------------------------------------------------------------------------- conditions


def listed(session: Session) -> Session:
    session.ask_conditions()
    assert sent(session, 0.0) == [EXAMPLES["ka10171"]["request"]]
    (event,) = session.receive(json.dumps(EXAMPLES["ka10171"]["response"], ensure_ascii=False))
    assert event == ConditionList([(str(n), f"조건{n + 1}") for n in range(5)])
    return session


def test_the_list_is_read_from_pairs_as_printed_and_from_objects() -> None:
    session = listed(opened())
    session.ask_conditions()
    session.due(1.0)
    data = [{"seq": "2 ", "name": "급등"}, {"seq": 3, "name": ""}]
    assert session.receive(say(trnm="CNSRLST", data=data)) == [ConditionList([("2", "급등"), ("3", "")])]


def test_an_entry_of_the_list_that_cannot_be_read_is_counted_beside_the_others() -> None:
    session = listed(opened())
    session.ask_conditions()
    session.due(1.0)
    events = session.receive(ack("CNSRLST", data=[["0", "a"], ["1"], 7, None, ["2", "b"]]))
    assert events == [ConditionList([("0", "a"), ("2", "b")], unreadable=3)]
    assert session.overdue(100.0) == []


@pytest.mark.parametrize("data", [{"a": 1}, "rows", [["A005930"]]])
def test_an_answer_that_cannot_be_read_is_told_at_once(data: Any) -> None:
    session = listed(opened())
    session.search("7")
    session.due(1.0)
    assert session.receive(ack("CNSRREQ", data=data)) == [ConditionUnreadable("CNSRREQ", "7")]
    assert (session.stats.broken, session.overdue(100.0)) == (1, [])


def test_the_printed_search_is_what_is_sent_and_the_servers_own_seq_is_kept() -> None:
    session = listed(opened())
    session.search("4")
    assert sent(session, 1.0) == [EXAMPLES["ka10172"]["request"]]
    response = EXAMPLES["ka10172"]["response"]
    (event,) = session.receive(json.dumps(response, ensure_ascii=False))
    # the guide prints an answer for 2 under a search for 4: the rows are never relabelled
    assert event == ConditionPage("2", response["data"], "N", "", None)
    assert session.stats.stray == 1
    (event,) = session.receive(json.dumps(response | {"seq": "4 ", "cont_yn": "Y", "next_key": "n 1"}))
    assert event == ConditionPage("4", response["data"], "Y", "n 1", 0)


def test_further_pages_repeat_the_search_with_the_key_of_the_last() -> None:
    session = listed(opened())
    session.search("4 ", cont_yn="Y", next_key="n 1")
    (request,) = sent(session, 1.0)
    assert (request["seq"], request["cont_yn"], request["next_key"]) == ("4", "Y", "n 1")


def test_a_search_asks_for_the_list_first_on_every_connection() -> None:
    session = opened()
    for now in (10.0, 20.0):
        session.search("3")
        assert sent(session, now) == [{"trnm": "CNSRLST"}]
        assert session.due(now + 1) == []  # not before the list was answered
        session.receive(ack("CNSRLST", data=[["3", "x"]]))
        assert [m["trnm"] for m in sent(session, now + 2)] == ["CNSRREQ"]
        session.receive(ack("CNSRREQ", seq="3", data=[]))
        session.search("3")
        assert [m["trnm"] for m in sent(session, now + 3)] == ["CNSRREQ"]
        session.receive(ack("CNSRREQ", seq="3", data=[]))
        session.reset()
        session.due(now + 4)
        session.receive(ack("LOGIN"))


@pytest.mark.parametrize("more", [{"data": []}, {"data": None}, {}, {"data": ""}], ids=repr)
def test_no_data_is_a_page_without_rows(more: dict[str, Any]) -> None:
    session = listed(opened())
    session.search("1", kind=1)
    (request,) = sent(session, 1.0)
    assert request == {"trnm": "CNSRREQ", "seq": "1", "search_type": "1", "stex_tp": "K"}
    assert session.receive(say(trnm="CNSRREQ", return_code=0, **more)) == [ConditionPage("1", [], "N", "", 1)]


def test_a_condition_that_is_live_already_is_named_from_the_message() -> None:
    session = listed(opened())
    session.search("3", kind=1)
    session.due(1.0)
    words = "이미 등록된 조건검색 일련번호입니다.(seq=3)"
    assert session.receive(ack("CNSRREQ", 900003, words)) == [ConditionBusy("3", words)]
    session.clear("3")
    assert sent(session, 2.0) == [{"trnm": "CNSRCLR", "seq": "3"}]
    assert session.receive(ack("CNSRCLR", seq="3 ")) == [ConditionCleared("3")]


def test_refusals_without_a_seq_are_matched_by_order() -> None:
    session = listed(opened())
    session.search("7")
    session.search("8")
    session.due(1.0)
    assert session.receive(ack("CNSRREQ", 900001, "없음")) == [ConditionRefused("7", 900001, "없음")]
    session.due(2.0)
    assert session.receive(ack("CNSRREQ", 900001, "없음")) == [ConditionRefused("8", 900001, "없음")]
    assert session.receive(ack("CNSRREQ", 900001, "없음")) == []


def test_too_many_searches_are_sent_again_after_the_delay() -> None:
    session = listed(opened())
    session.search("7")
    session.search("8")
    session.due(1.0)
    assert session.receive(ack("CNSRREQ", 105110)) == [SlowDown(1.0, "CNSRREQ")]
    session.due(1.0)
    assert [m["seq"] for m in sent(session, 2.0)] == ["7"]


def test_a_refused_list_refuses_the_searches_that_waited_for_it() -> None:
    session = opened()
    session.search("7")
    session.search("8", kind=1)
    session.clear("9")
    session.due(0.0)
    events = session.receive(ack("CNSRLST", 1, "오류"))
    assert events == [ConditionRefused(seq, 1, "오류") for seq in ("", "7", "8")]
    assert sent(session, 1.0) == [{"trnm": "CNSRCLR", "seq": "9"}]


def test_a_cleared_condition_is_not_taken_up_again_after_a_reconnect() -> None:
    session = listed(opened())
    for seq in ("1", "2"):
        session.search(seq, kind=1)
        session.due(float(seq))
        session.receive(ack("CNSRREQ", seq=seq, data=[{"jmcode": "A005930"}]))
    session.clear("1")
    session.due(3.0)
    session.receive(ack("CNSRCLR", seq="1"))
    session.reset()
    session.due(4.0)
    session.receive(ack("LOGIN"))
    assert [m["trnm"] for m in sent(session, 5.0)] == ["CNSRLST"]
    session.receive(ack("CNSRLST", data=[]))
    assert [m["seq"] for m in sent(session, 6.0)] == ["2"]
    session.receive(ack("CNSRREQ", data=[]))
    assert session.wait(7.0) is None


def test_a_condition_cleared_before_its_search_was_answered_is_not_taken_up_again() -> None:
    session = listed(opened())
    session.search("1", kind=1)
    session.clear("1")
    for now in (1.0, 2.0):
        for request in sent(session, now):
            session.receive(ack(request["trnm"], seq="1", data=[]))
    session.reset()
    session.due(3.0)
    session.receive(ack("LOGIN"))
    assert session.wait(4.0) is None


def test_a_live_search_asked_for_twice_is_taken_up_once() -> None:
    session = listed(opened())
    session.search("1", kind=1)
    session.due(1.0)
    session.receive(ack("CNSRREQ", data=[]))
    session.search("1", kind=1)
    session.reset()
    session.due(2.0)
    session.receive(ack("LOGIN"))
    requests = []
    for now in (3.0, 4.0, 5.0):
        requests += [request["trnm"] for request in sent(session, now)]
        session.receive(ack(requests[-1], data=[]))
    assert requests == ["CNSRLST", "CNSRREQ"]


def test_a_busy_condition_other_than_the_one_asked_for_leaves_the_search_waiting() -> None:
    session = listed(opened())
    session.search("7", kind=1)
    session.due(1.0)
    words = "이미 등록된 조건검색 일련번호입니다.(seq=3)"
    assert session.receive(ack("CNSRREQ", 900003, words)) == [ConditionBusy("3", words)]
    assert session.receive(ack("CNSRREQ", data=[])) == [ConditionPage("7", [], "N", "", 1)]


def test_wrong_search_arguments_are_named() -> None:
    session = opened()
    with pytest.raises(ValueError, match="kind: expected 0"):
        session.search("1", kind=2)
    with pytest.raises(ValueError, match="cont_yn: expected 'Y' or 'N'"):
        session.search("1", cont_yn="y")
    with pytest.raises(ValueError, match="cont_yn: a live search"):
        session.search("1", kind=1, cont_yn="Y")
    with pytest.raises(ValueError, match="seq: expected a condition's number"):
        session.search(" ")
    with pytest.raises(ValueError, match="seq: expected a condition's number"):
        session.clear("")
    assert session.due(1.0) == []


# ----------------------------------------------------------------------------------------- silence


def test_a_login_without_an_answer_is_told_after_the_time_given() -> None:
    session = Session(TOKEN)
    session.due(0.0)
    assert session.overdue(9.9, after=10) == []
    (event,) = session.overdue(10.0, after=10)
    assert isinstance(event, Silence)
    assert (event.trnm, event.seconds) == ("LOGIN", 10.0)
    assert session.overdue(11.0, after=10) == []


def test_a_registration_without_an_answer_stays_wanted() -> None:
    session = opened()
    session.subscribe(["A"], ["0B"])
    session.due(1.0)
    assert [e.trnm for e in session.overdue(20.0) if isinstance(e, Silence)] == ["REG"]
    session.reset()
    assert session.wanted == [("1", "A", "0B")]


def test_a_silent_search_is_given_up_and_the_next_one_goes_out() -> None:
    session = listed(opened())
    session.search("7")
    session.search("8")
    session.due(1.0)
    assert [e.seq for e in session.overdue(12.0) if isinstance(e, Silence)] == ["7"]
    assert [m["seq"] for m in sent(session, 12.0)] == ["8"]
    (late,) = session.receive(ack("CNSRREQ", seq="7", data=[]))
    assert late == ConditionPage("7", [], "N", "", None)
    assert session.receive(ack("CNSRREQ", seq="8", data=[])) == [ConditionPage("8", [], "N", "", 0)]


def test_a_silent_list_gives_up_the_searches_behind_it() -> None:
    session = opened()
    session.search("7")
    session.due(0.0)
    events = session.overdue(10.0)
    assert [(e.trnm, e.seq) for e in events if isinstance(e, Silence)] == [("CNSRLST", ""), ("CNSRREQ", "7")]
    assert session.wait(11.0) is None


# ---------------------------------------------------------------------- the end of a connection


def ended(code: int, reason: str = "") -> ConnectionClosed:
    return ConnectionClosed(Close(code, reason), None)


OUT = LoginDenied(805004, "토큰 인증에 실패했습니다 [CODE=8005, MESSAGE=Token이 유효하지 않습니다]")


@pytest.mark.parametrize(
    ("failure", "action", "words"),
    [
        (Failure(ended(1000, "Bye"), system="R10001", logged_in=True), "fatal", "logged in elsewhere"),
        (Failure(None, system="R10001"), "fatal", "logged in elsewhere"),
        (Failure(ended(1000), system="R10002", logged_in=True), "retry", "PING"),
        (Failure(ended(1000), system="R10004"), "retry", "login"),
        (Failure(ended(1000), system="R77777", logged_in=True), "retry", "without giving a reason"),
        (Failure(ended(1000)), "retry", "before it answered the login"),
        (Failure(ended(1000), logged_in=True), "retry", "without giving a reason"),
        (Failure(ended(1001), logged_in=True), "retry", "going away"),
        (Failure(ConnectionClosed(None, None)), "retry", "without a goodbye"),
        (Failure(ended(1008)), "fatal", "policy"),
        (Failure(ended(1011)), "retry", "internal error"),
        (Failure(ended(1012)), "retry", "restarts"),
        (Failure(close_code=4999), "retry", "code 4999"),
        (Failure(close_code=1006), "retry", "without a goodbye"),
        (Failure(), "retry", "the connection ended"),
        (Failure(ended(1000), login=OUT), "renew", "805004"),
        (Failure(ended(1000), login=OUT, renewed=True), "fatal", "a new token did not help"),
        (Failure(ended(1000), login=OUT, system="R10004"), "renew", "CODE=8005"),
        (Failure(login=LoginDenied(1, "[CODE=8005, MESSAGE=x]")), "renew", "refused with 1"),
        (Failure(login=LoginDenied(805002, "Token 값이 없습니다")), "fatal", "Token 값이 없습니다"),
        (Failure(login=LoginDenied(105110, "초과")), "retry", "105110"),
        (Failure(ConnectionRefusedError("no")), "retry", "the network failed (ConnectionRefusedError)"),
        (Failure(TimeoutError("no frame for 60 s")), "retry", "nothing was heard"),
        (Failure(EOFError()), "retry", "middle of a message"),
        (Failure(TransportError("502")), "retry", "new token could not be fetched"),
        (Failure(AuthError("no", code="8001", api_id="au10001")), "fatal", "AuthError"),
        (Failure(ssl.SSLCertVerificationError("self-signed")), "fatal", "certificate"),
        (Failure(ssl.SSLError("reset")), "retry", "network"),
        (Failure(InvalidURI("http://x", "not ws")), "fatal", "address"),
        (Failure(ZeroDivisionError()), "fatal", "ZeroDivisionError"),
        (Failure(KeyboardInterrupt()), "fatal", "KeyboardInterrupt"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_every_end_of_a_connection_is_classified_with_a_reason(
    failure: Failure, action: str, words: str
) -> None:
    verdict = classify(failure)
    assert verdict.action == action
    assert words in verdict.reason


@given(st.integers(0, 10_000), st.integers(0, 2**32), st.floats(0.01, 5), st.floats(5, 100))
def test_backoff_stays_between_nothing_and_the_doubled_base_or_the_cap(
    attempt: int, seed: int, base: float, cap: float
) -> None:
    wait = backoff(attempt, random.Random(seed), base, cap)
    assert 0.0 <= wait <= min(cap, base * 2.0 ** min(attempt, 50))


def test_backoff_has_full_jitter() -> None:
    rng = random.Random(7)
    waits = [backoff(10, rng) for _ in range(2000)]
    assert min(waits) < 1.0
    assert max(waits) > 29.0
    assert sum(waits) / len(waits) == pytest.approx(15.0, rel=0.1)


# ------------------------------------------------------------------------------------ a real socket


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


# -------------------------------------------------------------- any interleaving, against a model


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
types = st.lists(st.sampled_from(["0B", "0b", "0w"]), min_size=1, max_size=2)
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
