"""Faults of the simulator's live side, each as a plain client meets it."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from kiwoomdata.simulator import LIVE_FAULTS, Server
from tests.simulator.live.listening import Timer, Wire, issue, open_wire, until


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
