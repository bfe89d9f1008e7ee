"""The session's protocol: logging in, PING and SYSTEM, and registrations."""

from __future__ import annotations

import json
from typing import Any

import pytest

from kiwoomdata.entries.feeds import FEEDS
from kiwoomdata.stream.events import (
    LoggedIn,
    LoginDenied,
    Real,
    Registered,
    RegistrationRefused,
    Removed,
    SlowDown,
    System,
)
from kiwoomdata.stream.session import Session
from tests.stream.protocol import EXAMPLES, TOKEN, ack, opened, registered, say, sent

LIVE_TYPES = ["0B", "0D", "0w", "00", "0A", "0J"]


# --- login ------------------------------------------------------------------------------------------


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


# --- PING and SYSTEM --------------------------------------------------------------------------------


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


# --- subscriptions ----------------------------------------------------------------------------------


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
