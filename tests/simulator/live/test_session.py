"""Logging in, PING, REG and REMOVE of the simulator's live side, heard by a plain client."""

from __future__ import annotations

import time as clock_time
from collections.abc import Callable
from contextlib import suppress

import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from kiwoomdata.simulator import Server
from tests.simulator.live.listening import GOOD, Timer, Wire, deaf_client, issue, open_wire, until

# --- logging in -------------------------------------------------------------------------


def test_a_login_is_acknowledged_as_the_live_server_does(server: Server) -> None:
    with open_wire(server, token=None) as wire:
        answer = wire.ask(trnm="LOGIN", token=issue(server))
        assert answer == {"trnm": "LOGIN", **GOOD, "sor_yn": "Y"}
        assert [session.logged_in for session in server.live.sessions] == [True]


@pytest.mark.parametrize(("mode", "more"), [("real", ["R10004"]), ("mock", [])])
def test_a_wrong_token_is_refused_and_the_connection_closed(
    serve: Callable[..., Server], mode: str, more: list[str]
) -> None:
    server = serve(mode=mode)
    with open_wire(server, token=None) as wire:
        answer = wire.ask(trnm="LOGIN", token=f"Bearer {issue(server)}")
        assert (answer["trnm"], answer["return_code"]) == ("LOGIN", 805004)
        assert "CODE=8005, MESSAGE=" in answer["return_msg"]
        assert [wire.hear()["code"] for _ in more] == more
        assert wire.goodbye()[0] == 1000


def test_a_login_without_a_token_is_refused(server: Server) -> None:
    with open_wire(server, token=None) as wire:
        assert wire.ask(trnm="LOGIN")["return_code"] == 805002
        wire.goodbye()


def test_what_comes_before_the_login_is_ignored_with_100013_and_the_login_may_follow(server: Server) -> None:
    with open_wire(server, token=None) as wire:
        answer = wire.register(["005930"], ["0B"])
        assert (answer["trnm"], answer["return_code"]) == ("REG", 100013)
        assert wire.ask(trnm="LOGIN", token=issue(server))["return_code"] == 0
        assert wire.tick() == 0


def test_who_does_not_log_in_at_all_is_told_so_and_cut_off(serve: Callable[..., Server]) -> None:
    timer = Timer()
    server = serve(timer=timer, login_wait=5)
    with open_wire(server, token=None) as wire:
        until(lambda: server.live.sessions)
        timer.now += 5
        assert wire.hear()["code"] == "R10004"
        assert wire.goodbye() == (1000, "Bye")


@pytest.mark.parametrize("text", ["{}", '{"grp_no":"1"}', "no JSON", "[1]", '"LOGIN"', "[" * 60_000])
def test_a_message_without_trnm_is_refused_with_100002(wire: Wire, text: str) -> None:
    wire.connection.send(text)
    assert wire.hear()["return_code"] == 100002


def test_an_unknown_trnm_is_refused_with_105108(wire: Wire) -> None:
    answer = wire.ask(trnm="ORDER")
    assert (answer["trnm"], answer["return_code"]) == ("ORDER", 105108)


def test_a_second_login_of_the_key_ends_the_first(server: Server) -> None:
    with open_wire(server) as first, open_wire(server) as second:
        assert first.hear()["code"] == "R10001"
        assert first.goodbye() == (1000, "Bye")
        assert second.register(["005930"], ["0B"])["return_code"] == 0
        assert second.tick() == 1


def test_two_sessions_of_a_key_may_coexist(serve: Callable[..., Server]) -> None:
    server = serve(duplicate_ws="coexist")
    with open_wire(server) as first, open_wire(server) as second:
        for wire in (first, second):
            wire.register(["005930"], ["0B"])
        assert first.tick() == 2
        assert first.hear() == second.hear()


def test_a_client_that_does_not_read_can_be_replaced_by_a_new_login(server: Server) -> None:
    with deaf_client(server) as flood:
        clock_time.sleep(0.1)
        assert flood.is_alive()
        with open_wire(server) as second:
            second.send(trnm="REG", grp_no="1", data=[{"item": ["005930"], "type": ["0B"]}])
            assert second.find("REG")["return_code"] == 0
            while flood.is_alive():  # what is left of it comes here, and needs somebody who reads
                with suppress(TimeoutError):
                    second.hear(timeout=0.1)
            assert second.tick() == 1
            second.find("REAL")


# --- PING and SYSTEM --------------------------------------------------------------------


def test_a_ping_comes_every_interval_with_no_other_field_and_an_echo_keeps_the_session(
    serve: Callable[..., Server],
) -> None:
    timer = Timer()
    server = serve(timer=timer, ping_interval=10)
    with open_wire(server) as wire:
        for _ in range(12):
            timer.now += 10
            ping = wire.hear()
            assert ping == {"trnm": "PING"}
            wire.send(**ping)
        assert wire.ask(trnm="CNSRLST")["return_code"] == 0
        assert server.live.log.count("PING") == 0


def test_five_pings_without_an_echo_end_the_session(serve: Callable[..., Server]) -> None:
    timer = Timer()
    server = serve(timer=timer, ping_interval=10)
    with open_wire(server) as wire:
        for _ in range(5):
            timer.now += 10
            assert wire.hear() == {"trnm": "PING"}
        timer.now += 10
        assert wire.hear()["code"] == "R10002"
        assert wire.goodbye() == (1000, "Bye")


def test_a_ping_may_come_before_the_login(serve: Callable[..., Server]) -> None:
    timer = Timer()
    server = serve(timer=timer, ping_interval=1, login_wait=60)
    with open_wire(server, token=None) as wire:
        until(lambda: server.live.sessions)
        timer.now += 1
        assert wire.hear() == {"trnm": "PING"}


def test_who_sends_a_system_frame_back_is_cut_off(wire: Wire) -> None:
    wire.send(trnm="SYSTEM", code="R10001", message="")
    assert wire.goodbye()[0] == 1008


def test_there_is_nothing_at_another_path(server: Server) -> None:
    with pytest.raises(InvalidStatus) as caught, connect(server.ws_url.replace("/api", "/ws")):
        pass
    assert caught.value.response.status_code == 404


# --- REG and REMOVE ---------------------------------------------------------------------


def test_an_acknowledgement_says_nothing_of_what_it_is_for(wire: Wire) -> None:
    assert wire.register(["005930"], ["0B"], grp_no="7") == {"trnm": "REG", **GOOD}
    assert wire.remove(["005930"], ["0B"], "7") == {"trnm": "REMOVE", **GOOD}


def test_all_items_of_an_entry_are_registered_for_all_its_types(wire: Wire) -> None:
    data = [
        {"item": ["005930", "000660"], "type": ["0B", "0D"]},
        {"item": [""], "type": ["0s"]},
        {"item": "035420", "type": "0C"},
    ]
    wire.ask(trnm="REG", grp_no="1", refresh="1", data=data)
    (session,) = wire.server.live.sessions
    assert session.registered == {
        "1": {(item, type_) for item in ("005930", "000660") for type_ in ("0B", "0D")}
        | {("", "0s"), ("035420", "0C")}
    }


def test_refresh_0_drops_what_the_group_had_and_nothing_of_other_groups(wire: Wire) -> None:
    wire.register(["005930"], ["0B"], grp_no="1")
    wire.register(["000660"], ["0B"], grp_no="2")
    wire.register(["035420"], ["0B"], grp_no="1")
    assert [wire.tick(item) for item in ("005930", "000660", "035420")] == [1, 1, 1]
    wire.connection.recv(), wire.connection.recv(), wire.connection.recv()
    wire.register(["035720"], ["0B"], grp_no="1", refresh="0")
    assert [wire.tick(item) for item in ("005930", "000660", "035420", "035720")] == [0, 1, 0, 1]


def test_what_is_in_two_groups_goes_on_when_one_of_them_drops_it(wire: Wire) -> None:
    wire.register(["005930"], ["0B"], grp_no="1")
    wire.register(["005930"], ["0B"], grp_no="2")
    wire.remove(["005930"], ["0B"], "1")
    assert wire.tick() == 1


def test_garbage_is_acknowledged_and_silent(serve: Callable[..., Server]) -> None:
    server = serve(pace="max")
    with open_wire(server) as wire:
        answer = wire.register(
            ["HELLO", "A005930", "999999", "091990", "005930_XX", "001"], ["0B", "0D", "0J x", ""]
        )
        assert answer == {"trnm": "REG", **GOOD}
        assert wire.rest() == []


def test_the_case_of_a_type_counts(wire: Wire) -> None:
    wire.register(["005930"], ["0W", "0b", "0G"])
    assert [wire.tick(type_=type_) for type_ in ("0w", "0B", "0g", "0G")] == [0, 0, 0, 1]


CODES = [f"{number:06d}" for number in range(300_000, 300_300)]


def test_200_items_fit_whatever_their_types_and_one_more_is_refused_whole(wire: Wire) -> None:
    assert wire.register(CODES[:150], ["0B", "0D", "0w"], grp_no="1")["return_code"] == 0
    assert wire.register(["", "001"], ["0s", "0J"], grp_no="2")["return_code"] == 0
    answer = wire.register(CODES[150:200], ["0B"], grp_no="2")
    assert (answer["trnm"], answer["return_code"]) == ("REG", 105115)
    assert "(200)" in answer["return_msg"]
    assert wire.tick(CODES[150]) == 0
    assert wire.register(CODES[150:199], ["0B"], grp_no="2")["return_code"] == 0


def test_refresh_0_makes_room_before_items_are_counted(wire: Wire) -> None:
    wire.register(CODES[:200], ["0B"])
    assert wire.register(CODES[100:300], ["0B"], refresh="0")["return_code"] == 0


def test_a_group_may_have_a_limit_of_its_own(serve: Callable[..., Server]) -> None:
    with open_wire(serve(ws_group_limit=100)) as wire:
        assert wire.register(CODES[:101], ["0B"], grp_no="1")["return_code"] == 105118
        assert wire.register(CODES[:100], ["0B"], grp_no="1")["return_code"] == 0
        assert wire.register(CODES[100:200], ["0B"], grp_no="2")["return_code"] == 0


def test_more_than_five_registrations_a_second_are_refused_with_105110(serve: Callable[..., Server]) -> None:
    timer = Timer()
    with open_wire(serve(timer=timer)) as wire:
        codes = [wire.register([code], ["0B"])["return_code"] for code in CODES[:7]]
        assert codes == [0] * 5 + [105110] * 2
        assert "TRNM=REG" in wire.register(CODES[:1], ["0B"])["return_msg"]
        assert wire.remove(CODES[:1], ["0B"])["return_code"] == 0  # counted by itself
        timer.now += 1
        assert wire.register(CODES[:1], ["0B"])["return_code"] == 0


def test_nothing_comes_after_the_acknowledgement_of_a_removal(serve: Callable[..., Server]) -> None:
    server = serve(pace="max", frame_rate=500)
    with open_wire(server) as wire:
        wire.register(["005930"], ["0B"])
        wire.send(trnm="REMOVE", grp_no="1", refresh="", data=[{"item": ["005930"], "type": ["0B"]}])
        while (frame := wire.hear())["trnm"] != "REMOVE":
            assert frame["trnm"] == "REAL"
        assert wire.rest() == []


def test_a_registration_without_data_is_refused(wire: Wire) -> None:
    assert wire.ask(trnm="REG", grp_no="1", refresh="1")["return_code"] == 100002


def test_the_log_keeps_requests_in_order_and_no_token(wire: Wire) -> None:
    token = issue(wire.server)
    wire.register(["005930"], ["0B"])
    log = wire.server.live.log
    assert [(record.api_id, record.return_code) for record in log] == [("LOGIN", 0), ("REG", 0)]
    assert token not in repr(list(log))
    assert log.count("REG") == 1
