"""Silence, the end of a connection, and what is asked again on a new one."""

from __future__ import annotations

import random
import ssl

import pytest
from hypothesis import given
from hypothesis import strategies as st
from websockets.exceptions import ConnectionClosed, InvalidURI
from websockets.frames import Close

from kiwoomdata.errors import AuthError, TransportError
from kiwoomdata.stream.events import (
    ConditionPage,
    ConditionRefused,
    LoginDenied,
    Silence,
)
from kiwoomdata.stream.failures import Failure, backoff, classify
from kiwoomdata.stream.session import Session
from tests.stream.protocol import TOKEN, ack, listed, opened, registered, sent

# --- reconnect --------------------------------------------------------------------------------------


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


# --- silence ----------------------------------------------------------------------------------------


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
    assert late == ConditionPage("7", [], "", "", None)
    assert session.receive(ack("CNSRREQ", seq="8", data=[])) == [ConditionPage("8", [], "", "", 0)]


def test_a_silent_list_gives_up_the_searches_behind_it() -> None:
    session = opened()
    session.search("7")
    session.due(0.0)
    events = session.overdue(10.0)
    assert [(e.trnm, e.seq) for e in events if isinstance(e, Silence)] == [("CNSRLST", ""), ("CNSRREQ", "7")]
    assert session.wait(11.0) is None


# --- the end of a connection ------------------------------------------------------------------------


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
