"""Condition search against a server that is true to the protocol."""

from __future__ import annotations

import threading
import time
import warnings
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pandas as pd
import polars as pl
import pytest

import kiwoomdata as kd
import kiwoomdata.pandas as kdp
from kiwoomdata import errors
from kiwoomdata.entries.condition import ConditionCall
from kiwoomdata.kinds import KST
from kiwoomdata.questions.conditions import condition_search, conditions
from kiwoomdata.stream import condition
from kiwoomdata.stream.condition import EVENTS, MEMBERS, ConditionStream
from kiwoomdata.stream.events import Event
from kiwoomdata.stream.start import condition_stream, stream_to_frame
from tests.stream.talking import trade, until
from tests.ws_server import WsServer, left_over, real, say

NOON = datetime(2026, 11, 20, 12, 0, 0, tzinfo=KST)
LIST = say(trnm="CNSRLST", return_code=0, return_msg="", data=[["0", "조건1"], ["1", "조건2"]])
ROW = {
    "9001": "A005930",
    "302": "삼성전자",
    "10": "000075000",
    "25": "5",
    "11": "-00000100",
    "12": "-00000130",
    "13": "010386116",
    "16": "000075100",
    "17": "000075600",
    "18": "000074700",
}


def page(seq: str, *rows: dict[str, Any], cont: str = "N", key: str = "") -> str:
    return say(trnm="CNSRREQ", seq=f"{seq} ", cont_yn=cont, next_key=key, return_code=0, data=list(rows))


def busy(seq: str) -> str:
    return say(
        trnm="CNSRREQ", return_code=900003, return_msg=f"이미 등록된 조건검색 일련번호입니다.(seq={seq})"
    )


def event(code: str, action: str, seq: str = "1", clock: str = "115958", side: str = "2") -> str:
    return real(("02", "", {"841": seq, "9001": code, "843": action, "20": clock, "907": side, "9081": "1"}))


@pytest.fixture
def ws() -> Iterator[WsServer]:
    with WsServer() as server:
        server.answers["CNSRLST"] = lambda message: [LIST]
        server.answers["CNSRCLR"] = lambda message: [
            say(trnm="CNSRCLR", return_code=0, return_msg="", seq=message["seq"])
        ]
        yield server


@pytest.fixture
def client(ws: WsServer) -> Iterator[kd.Client]:
    made = kd.Client(
        base_url=ws.base_url,
        ws_url=ws.ws_url,
        app_key=ws.app_key,
        app_secret=ws.app_secret,
        quota=None,
        state=False,
        cache=False,
        clock=lambda: NOON,
    )
    yield made
    made.close()
    assert not left_over()


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(condition, "SETTLE", 0.05)


def answering(ws: WsServer, *answers: Any) -> None:
    """Answer searches with these, one after another; None is silence."""
    left = list(answers)

    def answer(message: dict[str, Any]) -> list[str]:
        given = left.pop(0)
        return [] if given is None else given if isinstance(given, list) else [given]

    ws.answers["CNSRREQ"] = answer


def asked(ws: WsServer) -> list[str]:
    return [message["trnm"] for sent in ws.received for message in sent]


# --- the list --------------------------------------------------------------------------------------


def test_the_list_is_a_typed_frame_and_the_connection_is_closed_after_it(
    ws: WsServer, client: kd.Client
) -> None:
    frame = conditions(client=client)
    assert frame.schema == {"seq": pl.String(), "name": pl.String()}
    assert frame.rows() == [("0", "조건1"), ("1", "조건2")]
    assert asked(ws) == ["LOGIN", "CNSRLST"]
    source = kd.provenance(frame)
    assert source is not None
    assert (source.api_id, source.server) == ("ka10171", ws.ws_url)


def test_no_conditions_are_an_empty_typed_frame(ws: WsServer, client: kd.Client) -> None:
    ws.answers["CNSRLST"] = lambda message: [say(trnm="CNSRLST", return_code=0, data=None)]
    assert conditions(client=client).rows() == []
    assert kdp.conditions(client=client).columns.to_list() == ["seq", "name"]


def test_an_unreadable_entry_of_the_list_is_told_and_the_others_are_there(
    ws: WsServer, client: kd.Client
) -> None:
    ws.answers["CNSRLST"] = lambda message: [
        say(trnm="CNSRLST", return_code=0, data=[["0", "조건1"], ["1"], ["2", "조건3"]])
    ]
    with pytest.warns(kd.KiwoomDataWarning, match="ka10171: 1 of the list's 3 entries could not be read"):
        frame = conditions(client=client)
    assert frame["seq"].to_list() == ["0", "2"]


def test_an_answer_of_another_form_is_told_at_once(ws: WsServer, client: kd.Client) -> None:
    answering(ws, say(trnm="CNSRREQ", return_code=0, data=["A005930"]))
    with pytest.raises(kd.StreamError, match="ka10172: the server answered CNSRREQ in a form that is not"):
        condition_search("1", client=client, timeout=60)


def test_silence_is_an_error_that_says_why_it_may_be(ws: WsServer, client: kd.Client) -> None:
    ws.answers["CNSRLST"] = lambda message: []
    with pytest.raises(errors.NoAnswer, match=r"ka10171: .* did not answer CNSRLST for 0.3 s. .*영웅문4"):
        conditions(client=client, timeout=0.3)


def test_the_time_in_which_the_server_clears_a_session_is_not_counted(
    ws: WsServer, client: kd.Client
) -> None:
    ws.on_open += [lambda socket: socket.close(1000)] * 4
    assert conditions(client=client, timeout=0.5).height == 2
    assert ws.connections == 5


def test_a_server_that_cannot_be_reached_is_told_as_such(client: kd.Client, ws: WsServer) -> None:
    ws.on_open = [lambda socket: socket.close(1011)] * 9
    with pytest.raises(errors.NoAnswer, match="not connected and logged in within 0.2 s"):
        conditions(client=client, timeout=0.2)


def test_a_refused_list_is_an_error_of_the_api(ws: WsServer, client: kd.Client) -> None:
    ws.answers["CNSRLST"] = lambda message: [say(trnm="CNSRLST", return_code=900000, return_msg="오류")]
    with pytest.raises(errors.ApiError, match="ka10171: the server refused with 900000: 오류"):
        conditions(client=client)


# --- searching once --------------------------------------------------------------------------------


def test_a_search_asks_for_the_list_first_and_reads_padded_values(ws: WsServer, client: kd.Client) -> None:
    answering(ws, page("1", ROW))
    frame = condition_search(1, client=client)
    assert asked(ws) == ["LOGIN", "CNSRLST", "CNSRREQ"]
    (request,) = ws.requests("CNSRREQ")
    assert (request["seq"], request["search_type"], request["stex_tp"]) == ("1", "0", "K")
    assert frame.row(0, named=True) == {
        "symbol": "005930",
        "venue": "krx",
        "name": "삼성전자",
        "price": 75_000,
        "direction": "down",
        "change": -100,
        "change_pct": -0.13,
        "cumulative_volume": 10_386_116,
        "open": 75_100,
        "high": 75_600,
        "low": 74_700,
    }


def test_all_pages_are_one_frame(ws: WsServer, client: kd.Client) -> None:
    answering(
        ws,
        page("1", ROW, ROW | {"9001": "A000660"}, cont="Y", key="k1"),
        page("1", ROW | {"9001": "000270"}, cont="Y", key="k2"),
        page("1", ROW | {"9001": "A035720"}),
    )
    frame = condition_search("1", client=client)
    assert frame["symbol"].to_list() == ["005930", "000660", "000270", "035720"]
    assert [(r["cont_yn"], r["next_key"]) for r in ws.requests("CNSRREQ")] == [
        ("N", ""),
        ("Y", "k1"),
        ("Y", "k2"),
    ]
    source = kd.provenance(frame)
    assert source is not None
    assert (source.pages, source.rows) == (3, 4)


def test_a_stock_that_two_pages_tell_is_one_row(ws: WsServer, client: kd.Client) -> None:
    other = ROW | {"9001": "A000660"}
    answering(ws, page("1", ROW, other, cont="Y", key="k1"), page("1", other, ROW | {"9001": "A035720"}))
    frame = condition_search("1", client=client)
    assert frame["symbol"].to_list() == ["005930", "000660", "035720"]


@pytest.mark.parametrize(
    "said",
    [
        {},
        {"next_key": "k1"},
        {"cont_yn": None, "next_key": None},
        {"cont_yn": "", "next_key": ""},
        {"cont_yn": "true", "next_key": "k1"},
        {"cont_yn": True, "next_key": "k1"},
        {"cont_yn": "Y, Y", "next_key": "k1"},
        {"cont_yn": "N", "next_key": "k1"},
    ],
)
def test_a_page_that_does_not_tell_whether_there_is_more_is_truncated(
    ws: WsServer, client: kd.Client, said: dict[str, Any]
) -> None:
    answering(ws, say(trnm="CNSRREQ", seq="1", return_code=0, data=[ROW], **said))
    with pytest.raises(
        errors.Truncated, match="after 1 page.*the server (did not say|called this)"
    ) as caught:
        condition_search("1", client=client)
    assert caught.value.frame["symbol"].to_list() == ["005930"]


def test_an_empty_page_after_one_that_said_more_is_told(ws: WsServer, client: kd.Client) -> None:
    answering(ws, page("1", ROW, cont="y", key="k1"), page("1"))
    with pytest.warns(kd.IncompleteFrame, match="page 1 said that there is more, and page 2 has nothing"):
        frame = condition_search("1", client=client)
    assert frame["symbol"].to_list() == ["005930"]


@pytest.mark.parametrize("data", [[], None, ""])
def test_nothing_found_is_an_empty_typed_frame(ws: WsServer, client: kd.Client, data: Any) -> None:
    answering(ws, say(trnm="CNSRREQ", seq="1", return_code=0, data=data))
    empty = condition_search("1", client=client)
    answering(ws, page("1", ROW))
    assert empty.schema == condition_search("1", client=client).schema
    assert empty.is_empty()


@pytest.mark.parametrize(
    ("pages", "words"),
    [
        ([page("1", ROW, cont="Y", key="a"), page("1", ROW, cont="Y", key="a")], "told again"),
        ([page("1", ROW, cont="Y", key="a"), page("1", cont="Y", key="b")], "made no progress"),
        (
            [page("1", ROW, cont="Y", key="a"), page("1", ROW | {"10": "000075100"}, cont="Y", key="b")],
            "2 page.*told again the stocks of those before",
        ),
    ],
)
def test_pages_that_lead_nowhere_are_told_with_what_was_found(
    ws: WsServer, client: kd.Client, pages: list[str], words: str
) -> None:
    answering(ws, *pages)
    with pytest.raises(errors.Truncated, match=words) as caught:
        condition_search("1", client=client)
    assert caught.value.frame["symbol"].to_list() == ["005930"]
    assert "on_truncated" not in str(caught.value)


def test_rows_without_a_code_are_left_out_and_told(ws: WsServer, client: kd.Client) -> None:
    answering(ws, page("1", ROW, ROW | {"9001": ""}, ROW | {"9001": " "}))
    with pytest.warns(kd.KiwoomDataWarning, match="ka10172: 2 row.s. without a code were left out"):
        frame = condition_search("1", client=client)
    assert frame["symbol"].to_list() == ["005930"]


def test_a_key_that_the_server_left_out_is_told(ws: WsServer, client: kd.Client) -> None:
    answering(
        ws, page("1", ROW, {key: text for key, text in ROW.items() if key != "13"} | {"9001": "A000660"})
    )
    with pytest.warns(kd.MissingKey, match="ka10172: the server left out 13; the cells are null"):
        frame = condition_search("1", client=client)
    assert frame["cumulative_volume"].to_list() == [10_386_116, None]


def test_keys_that_the_catalogue_lacks_are_kept_as_text(ws: WsServer, client: kd.Client) -> None:
    answering(ws, page("1", ROW | {"77": 5}))
    with pytest.warns(kd.UnknownKey, match="ka10172: the server sent 77"):
        frame = condition_search("1", client=client)
    assert frame["77"].to_list() == ["5"]


def test_a_search_that_is_not_answered_says_why_it_may_be(ws: WsServer, client: kd.Client) -> None:
    answering(ws, None)
    with pytest.raises(errors.NoAnswer, match="CNSRREQ .*kd.conditions.* lists those of this account"):
        condition_search("9", client=client, timeout=0.3)


def test_a_refused_search_is_an_error_of_the_api(ws: WsServer, client: kd.Client) -> None:
    answering(ws, say(trnm="CNSRREQ", return_code=900002, return_msg="없음"))
    with pytest.raises(errors.ApiError, match="ka10172: the server refused with 900002: 없음"):
        condition_search("9", client=client)


def test_a_condition_that_is_live_elsewhere_is_cleared_and_searched_again(
    ws: WsServer, client: kd.Client
) -> None:
    answering(ws, busy("1"), page("1", ROW))
    assert condition_search("1", client=client).height == 1
    assert asked(ws)[2:] == ["CNSRREQ", "CNSRCLR", "CNSRREQ"]


def test_a_condition_that_stays_live_elsewhere_is_told(ws: WsServer, client: kd.Client, quick: None) -> None:
    answering(ws, *[busy("1")] * 9)
    with pytest.raises(kd.StreamError, match=r"condition 1 is live already, .*\(900003\)"):
        condition_search("1", client=client)
    assert asked(ws).count("CNSRREQ") == condition.MOST_TRIES


@pytest.mark.parametrize(
    ("seq", "options", "words"),
    [
        ("", {}, "seq: expected a condition's number"),
        ("1", {"venue": "nxt"}, "venue: expected one of 'krx'"),
        ("1", {"timeout": 0}, "timeout: expected seconds above 0"),
    ],
)
def test_wrong_arguments_are_named_before_anything_is_sent(
    ws: WsServer, client: kd.Client, seq: str, options: Any, words: str
) -> None:
    for function in (condition_search, condition_stream):
        with pytest.raises(ValueError, match=words):
            function(seq, client=client, **options)
    assert ws.connections == 0


# --- live ------------------------------------------------------------------------------------------


def members(*codes: str) -> str:
    return page("1", *({"jmcode": code} for code in codes))


def test_members_come_first_and_then_who_enters_and_leaves(ws: WsServer, client: kd.Client) -> None:
    answering(ws, members("A005930", "000660"))
    with condition_stream("1", client=client) as live:
        assert live.members.schema == MEMBERS
        assert live.members.rows() == [("005930", "krx", None), ("000660", "krx", None)]
        assert live.events.schema == EVENTS
        ws.push(
            event("035720_AL", "I"), event("005930", "D", clock="115959", side="1"), event("1", "I", seq="2")
        )
        assert live.wait(rows=2, seconds=10)
        rows = live.events.drop("received_at").rows()
        assert rows == [
            (NOON - timedelta(seconds=2), "1", "035720", "all", "enter", "buy"),
            (NOON - timedelta(seconds=1), "1", "005930", "krx", "leave", "sell"),
        ]
        assert live.members.rows() == [
            ("000660", "krx", None),
            ("035720", "all", NOON - timedelta(seconds=2)),
        ]
        assert live.wait(rows=3, seconds=0.1) is False
    (request,) = ws.requests("CNSRREQ")
    assert request["search_type"] == "1"
    assert asked(ws)[-1] == "CNSRCLR"


def test_a_search_of_the_pandas_face_gives_pandas_frames(ws: WsServer, client: kd.Client) -> None:
    answering(ws, members("A005930"))
    with kdp.condition_stream("1", client=client) as live:
        ws.push(event("000660", "I"))
        frames = [live.members, next(iter(live)), live.events, live.gaps]
    assert [type(frame) for frame in frames] == [pd.DataFrame] * 4
    assert frames[1]["symbol"].to_list() == ["000660"]


def test_an_event_or_a_member_without_a_code_is_nobody_and_told(
    ws: WsServer, client: kd.Client, told: list[warnings.WarningMessage]
) -> None:
    answering(ws, page("1", {"jmcode": "A005930"}, {"jmcode": ""}, {}))
    with condition_stream("1", client=client) as live:
        ws.push(event("", "I"), event("000660", "X"), event("000660", "I"))
        assert live.wait(seconds=10)
        assert live.members["symbol"].to_list() == ["005930", "000660"]
        assert live.events["symbol"].to_list() == ["000660"]
    assert ["2 member(s) without a code" in str(one.message) for one in told] == [True, False, False]
    assert "1 event(s) without a code, or neither entering nor leaving" in str(told[1].message)


class Slow(ConditionStream[pl.DataFrame]):
    """One whose asker hears of the answer only after two events have followed it."""

    def answer(self, call: ConditionCall, seq: str = "") -> Event:
        event = super().answer(call, seq)
        with self.changed:
            assert self.changed.wait_for(lambda: self._stopped or self._count == 2, 10)
        return event


def test_events_that_follow_an_answer_are_never_taken_before_it(ws: WsServer, client: kd.Client) -> None:
    answering(ws, [members("000001", "000002"), event("000001", "D"), event("A1", "I")])
    with Slow(client, "1", "K", 10, lambda frame: frame) as found:
        assert found.members["symbol"].to_list() == ["000002", "A1"]


def test_nobody_is_a_member_at_first(ws: WsServer, client: kd.Client) -> None:
    answering(ws, say(trnm="CNSRREQ", return_code=0))
    with condition_stream("1", client=client) as live:
        assert live.members.schema == MEMBERS
        assert live.members.is_empty()
        ws.push(event("005930", "I"))
        assert live.wait(seconds=10)
        assert live.members["symbol"].to_list() == ["005930"]


def test_iterating_gives_events_once_each_until_the_stream_is_stopped(
    ws: WsServer, client: kd.Client
) -> None:
    answering(ws, members())
    with condition_stream("1", client=client) as live:
        ws.push(event("005930", "I"), event("000660", "I"), event("005930", "D"))
        seen: list[tuple[str, str]] = []
        for frame in live:
            seen += frame.select("symbol", "action").rows()
            if len(seen) == 3:
                live.stop()
        assert seen == [("005930", "enter"), ("000660", "enter"), ("005930", "leave")]


def test_after_an_interruption_the_members_are_asked_for_again_and_changes_are_events(
    ws: WsServer, client: kd.Client
) -> None:
    answering(ws, members("A005930", "A000660"), members("A000660", "A035720"))
    with condition_stream("1", client=client) as live:
        ws.drop()
        assert live.wait(rows=2, seconds=10)
        assert live.events.select("time", "symbol", "action").rows() == [
            (None, "005930", "leave"),
            (None, "035720", "enter"),
        ]
        assert live.members["symbol"].to_list() == ["000660", "035720"]
        (gap,) = live.gaps.to_dicts()
        assert (gap["feeds"], gap["until"] is not None) == (["condition"], True)
    assert [m["trnm"] for m in ws.received[1]] == ["LOGIN", "CNSRLST", "CNSRREQ", "CNSRCLR"]


def test_a_condition_that_the_server_still_holds_is_cleared_also_after_an_interruption(
    ws: WsServer, client: kd.Client, quick: None
) -> None:
    answering(ws, members("A005930"), busy("1"), busy("1"), members("A000660"))
    with condition_stream("1", client=client) as live:
        ws.drop()
        assert live.wait(rows=2, seconds=10)
        assert live.members["symbol"].to_list() == ["000660"]


class Late(ConditionStream[pl.DataFrame]):
    """One that is stopped before whoever asks again after an interruption hears of the answer."""

    def answer(self, call: ConditionCall, seq: str = "") -> Event:
        if threading.current_thread() is self._again:
            with self.changed:
                assert self.changed.wait_for(lambda: self._stopped, 10)
        return super().answer(call, seq)


def test_stopping_takes_no_answer_from_who_asks_again(ws: WsServer, client: kd.Client) -> None:
    answering(ws, members("A005930"), busy("1"), members("A000660"))
    with Late(client, "1", "K", 10, lambda frame: frame) as live:
        ws.drop()
        assert live.wait(rows=2, seconds=10)


def test_a_stream_that_cannot_begin_leaves_nothing_open(ws: WsServer, client: kd.Client) -> None:
    answering(ws, None)
    with pytest.raises(errors.NoAnswer):
        condition_stream("1", client=client, timeout=0.3)


def test_the_same_key_elsewhere_is_told_at_the_next_call(ws: WsServer, client: kd.Client) -> None:
    answering(ws, members("A005930"))
    with condition_stream("1", client=client) as live:
        ws.kick()
        with pytest.raises(errors.Kicked):
            list(live)
        assert live.members.height == 1


def test_a_condition_is_live_only_once_in_a_process(ws: WsServer, client: kd.Client) -> None:
    answering(ws, members("A005930"))
    with condition_stream("1", client=client) as live:
        for function in (condition_search, condition_stream):
            with pytest.raises(kd.StreamError, match="seq: condition 1 is live in this process"):
                function("1", client=client)
        assert live.members.height == 1
    assert ws.connections == 1


def test_searches_and_streams_share_the_one_connection_of_a_key(ws: WsServer, client: kd.Client) -> None:
    answering(ws, members("A005930"), page("0", ROW))
    with (
        condition_stream("1", client=client) as found,
        stream_to_frame("005930", rows=9, client=client) as live,
    ):
        ws.until_registered(("005930", "0B"))
        ws.push(trade(1), event("000660", "I"), trade(2))
        assert live.wait(rows=2, seconds=10)
        assert found.wait(seconds=10)
        assert found.members["symbol"].to_list() == ["005930", "000660"]
        assert conditions(client=client).height == 2
        assert condition_search("0", client=client).height == 1
        live.stop()
        ws.until(lambda: not ws.book["005930", "0B"])
        ws.push(event("035720", "I"))
        assert found.wait(rows=2, seconds=10)
    assert ws.connections == 1
    assert live.stats.unknown == 0


def test_stopping_does_not_wait_long_for_a_silent_server(ws: WsServer, client: kd.Client) -> None:
    answering(ws, members())
    ws.answers["CNSRCLR"] = lambda message: []
    live = condition_stream("1", client=client)
    began = time.monotonic()
    live.stop()
    live.stop()
    assert time.monotonic() - began < 2.0
    until(lambda: asked(ws)[-1] == "CNSRCLR")
