"""Condition search of the simulator."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from kiwoomdata.entries.condition import SEARCH
from kiwoomdata.entries.feeds import CONDITION_EVENT
from kiwoomdata.simulator import Market, Server
from kiwoomdata.simulator.live.conditions import CARRIED, CONDITIONS, changes, meeting, members
from kiwoomdata.simulator.live.feeds import Feeds
from tests.conftest import TODAY
from tests.simulator.live.listening import GOOD, MARKET, Wire, open_wire


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


@pytest.mark.parametrize("seq", ["0", "2", "5"])
def test_a_condition_goes_on_into_the_next_day_with_the_members_of_the_day_before(seq: str) -> None:
    market, condition = Market(1, today=TODAY), CONDITIONS[seq]
    inside = set(members(Feeds(market, krx_only=False), condition, 86_400))
    began = set(inside)
    following = Feeds(market.next_session(), krx_only=False)
    for _, symbol, row in changes(following, condition, CARRIED):
        (inside.add if row["event"] == "enter" else inside.remove)(symbol)
    assert inside == {stock.stock.symbol for stock in meeting(following, condition)}
    assert began - inside, "somebody of the day before has left"


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
