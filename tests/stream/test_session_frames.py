"""Frames of live values, and what is no frame at all."""

from __future__ import annotations

import json
from typing import Any

import pytest

from kiwoomdata.stream.events import (
    Real,
)
from tests.stream.protocol import opened, real, say

# --- REAL -------------------------------------------------------------------------------------------


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


# --- unknown, garbage -------------------------------------------------------------------------------


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
