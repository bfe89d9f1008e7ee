"""Condition searches in a session."""

from __future__ import annotations

import json
from typing import Any

import pytest

from kiwoomdata.stream.events import (
    ConditionBusy,
    ConditionCleared,
    ConditionList,
    ConditionPage,
    ConditionRefused,
    ConditionUnreadable,
    SlowDown,
)
from tests.stream.protocol import EXAMPLES, ack, listed, opened, say, sent


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
    assert session.receive(say(trnm="CNSRREQ", return_code=0, **more)) == [ConditionPage("1", [], "", "", 1)]


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
    assert session.receive(ack("CNSRREQ", data=[])) == [ConditionPage("7", [], "", "", 1)]


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
