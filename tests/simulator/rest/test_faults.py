"""Every fault that the simulator can be told to have, seen from a plain connection."""

from __future__ import annotations

import http.client
import json
import time as clock_time
from collections.abc import Iterator
from typing import Any

import pytest

from kiwoomdata import simulator
from kiwoomdata.simulator import FAULTS, Server
from tests.conftest import market_of_today
from tests.talk import MARKET_DATA, Reply, Talk


@pytest.fixture
def server() -> Iterator[Server]:
    with simulator.start(market=market_of_today(), rate=None) as running:
        yield running


@pytest.fixture
def talk(server: Server) -> Iterator[Talk]:
    with Talk(server) as talking:
        assert talking.token  # so that what follows are market data requests
        yield talking


def good(reply: Reply) -> bool:
    return reply.status == 200 and reply.json["return_code"] == 0


# --- turning them on -----------------------------------------------------------------------


def test_the_names_are_told() -> None:
    assert set(FAULTS) >= {
        *("429", "token_expired", "maintenance_html", "waf_html", "reset", "drop", "half_body", "slow"),
        *("drip", "5xx", "empty_page_loop", "repeated_key", "repeated_page", "more_without_key"),
        *("all_blank_row", "not_json", "no_envelope", "unknown_key", "missing_key", "bad_value"),
        *("redirect", "header_case", "refusal", "overlap", "rate_once_200"),
    }
    assert all(spec.about for spec in FAULTS.values())


def test_a_wrong_name_is_told_with_the_right_ones(server: Server) -> None:
    with pytest.raises(ValueError, match="name: expected one of 429, 5xx, .*waf_html, got 'timeout'"):
        server.inject("timeout")
    assert set(FAULTS) < set(server.faults)


@pytest.mark.parametrize(
    ("wrong", "error", "words"),
    [
        ({"name": "slow", "minutes": 1}, TypeError, "minutes: the fault 'slow' .* takes seconds"),
        ({"name": "drop", "seconds": 1}, TypeError, "seconds: the fault 'drop' .* takes no options"),
        ({"name": "drop", "api_id": "ka99999"}, ValueError, "api_id: expected a TR"),
        ({"name": "drop", "times": 0}, ValueError, "times, after: expected times of 1 or more"),
        ({"name": "drop", "after": -1}, ValueError, "times, after"),
        ({"name": "refusal", "code": "0000"}, ValueError, "code: expected one of 1501"),
    ],
)
def test_a_wrong_injection_is_told(
    server: Server, wrong: dict[str, Any], error: type[Exception], words: str
) -> None:
    with pytest.raises(error, match=words):
        server.inject(**wrong)


def test_a_fault_strikes_as_often_as_it_is_told(talk: Talk) -> None:
    fault = talk.server.inject("429", times=2, after=1)
    assert [talk.ask("ka10006").status for _ in range(5)] == [200, 429, 429, 200, 200]
    assert fault.fired == 2
    assert fault.spent


def test_a_fault_strikes_the_tr_it_is_meant_for(talk: Talk) -> None:
    fault = talk.server.inject("429", "ka10004", times=None)
    assert [talk.ask("ka10006").status, talk.ask("ka10004").status] == [200, 429]
    assert talk.issue().status == 200
    assert fault.fired == 1


def test_a_fault_of_all_trs_leaves_tokens_alone(talk: Talk) -> None:
    talk.server.inject("429", times=None)
    assert [talk.issue().status, talk.ask("ka10006").status] == [200, 429]


def test_faults_can_be_turned_off(talk: Talk) -> None:
    talk.server.inject("429", times=None)
    talk.server.clear_faults()
    assert talk.ask("ka10006").status == 200


def test_the_log_names_the_faults(talk: Talk) -> None:
    talk.server.inject("header_case")
    talk.server.inject("unknown_key")
    talk.ask("ka10006")
    talk.ask("ka10006")
    assert [record.faults for record in talk.server.log[1:]] == [("header_case", "unknown_key"), ()]


def test_two_faults_strike_one_request_together(talk: Talk) -> None:
    talk.server.inject("5xx")
    talk.server.inject("slow", seconds=0.05)
    began = clock_time.monotonic()
    assert talk.ask("ka10006").status == 503
    assert clock_time.monotonic() - began >= 0.05


# --- in the server's place -----------------------------------------------------------------


def test_429_has_the_limits_words(talk: Talk) -> None:
    talk.server.inject("429")
    reply = talk.ask("ka10006")
    assert (reply.status, reply.verdict) == (429, (5, "1700"))


def test_the_same_refusal_can_come_as_http_200(talk: Talk) -> None:
    talk.server.inject("rate_once_200")
    reply = talk.ask("ka10006")
    assert (reply.status, reply.verdict) == (200, (5, "1700"))
    assert good(talk.ask("ka10006"))


def test_a_token_can_end_in_the_middle_of_a_walk(talk: Talk) -> None:
    talk.server.inject("token_expired", after=1)
    first = talk.ask("ka10086")
    old = talk.token
    assert talk.ask("ka10086", next_key=first.next_key).verdict == (3, "8005")
    assert talk.ask("ka10086", next_key=first.next_key).verdict == (3, "8005")  # until it is renewed
    talk.token = talk.issue().json["token"]
    assert talk.token != old
    assert talk.ask("ka10086", next_key=first.next_key).rows[0]["date"] < first.rows[-1]["date"]


def test_maintenance_is_a_web_page_with_http_200(talk: Talk) -> None:
    talk.server.inject("maintenance_html")
    reply = talk.ask("ka10006")
    assert (reply.status, reply.headers["content-type"]) == (200, "text/html;charset=UTF-8")
    assert "중단 일시" in reply.content.decode()


def test_maintenance_can_strike_the_token_request(talk: Talk) -> None:
    talk.server.inject("maintenance_html", "au10001")
    assert talk.issue().content.startswith(b"<!DOCTYPE html>")


def test_the_firewall_blocks_with_http_400(talk: Talk) -> None:
    talk.server.inject("waf_html")
    reply = talk.ask("ka10006")
    assert reply.status == 400
    assert b"Request Blocked" in reply.content


def test_a_server_error_has_the_status_it_is_told(talk: Talk) -> None:
    talk.server.inject("5xx")
    talk.server.inject("5xx", status=500, after=1)
    assert [talk.ask("ka10006").status for _ in range(3)] == [503, 500, 200]


def test_a_redirect_leads_to_another_host(talk: Talk) -> None:
    talk.server.inject("redirect", to="http://127.0.0.2:9/")
    reply = talk.ask("ka10006")
    assert (reply.status, reply.headers["location"], reply.content) == (302, "http://127.0.0.2:9/", b"")


def test_any_refusal_can_be_had_by_its_code(talk: Talk) -> None:
    talk.server.inject("refusal", code="8050")
    reply = talk.ask("ka10006")
    assert (reply.status, reply.verdict) == (200, (3, "8050"))
    assert reply.json["return_msg"] == "인증에 실패했습니다[8050:지정단말기 인증에 실패했습니다]"


def test_any_refusal_can_be_had_by_its_words(talk: Talk) -> None:
    talk.server.inject("refusal", return_code=20, message="[2000](RC9000:아무말)", status=401)
    reply = talk.ask("ka10006")
    assert reply.status == 401
    assert reply.json == {"return_code": 20, "return_msg": "[2000](RC9000:아무말)"}


# --- pages gone wrong ----------------------------------------------------------------------


def test_an_empty_page_can_lead_back_to_page_one(talk: Talk) -> None:
    talk.server.inject("empty_page_loop", after=1)
    first, empty, again = talk.walk("ka10086", pages=3)
    assert (empty.rows, empty.more) == ([], "Y")
    assert empty.next_key not in ("", first.next_key)
    assert (again.rows, again.next_key) == (first.rows, first.next_key)


@pytest.mark.parametrize("api_id", ["ka10046", "ka90010", "ka90006"])
def test_the_key_back_to_page_one_is_taken_by_other_trs(talk: Talk, api_id: str) -> None:
    talk.server.inject("empty_page_loop", after=1)
    first, _, again = talk.walk(api_id, pages=3)
    assert again.rows == first.rows


def test_a_key_can_repeat(talk: Talk) -> None:
    talk.server.inject("repeated_key", times=None)
    first, second, third = talk.walk("ka10086", pages=3)
    assert second.next_key == first.next_key == third.next_key
    assert second.rows == third.rows != first.rows


def test_a_page_can_repeat_under_a_new_key(talk: Talk) -> None:
    talk.server.inject("repeated_page", after=1)
    first, second, third = talk.walk("ka10086", pages=3)
    assert second.rows == first.rows
    assert second.next_key != first.next_key
    assert third.rows[0]["date"] <= second.next_key[-8:] < first.rows[-1]["date"]


def test_a_page_can_repeat_when_told_in_the_middle_of_a_walk(talk: Talk) -> None:
    first = talk.ask("ka10086")
    talk.server.inject("repeated_page")
    assert talk.ask("ka10086", next_key=first.next_key).rows == first.rows


def test_a_walk_does_not_repeat_another_walks_page(talk: Talk) -> None:
    talk.server.inject("repeated_page", times=None)
    first, second = talk.walk("ka10086", pages=2)
    again = talk.ask("ka10086")
    assert again.rows == first.rows == second.rows


def test_pages_can_overlap(talk: Talk) -> None:
    plain = list(talk.walk("ka10086", pages=2))
    talk.server.inject("overlap", after=1, rows=4)
    first, second = talk.walk("ka10086", pages=2)
    assert second.rows == first.rows[-4:] + plain[1].rows


def test_more_can_come_without_a_key(talk: Talk) -> None:
    talk.server.inject("more_without_key")
    reply = talk.ask("ka10086")
    assert (reply.more, reply.next_key, len(reply.rows)) == ("Y", "", 20)


def test_a_row_of_blanks_can_stand_for_nothing(talk: Talk) -> None:
    talk.server.inject("all_blank_row")
    reply = talk.ask("ka10086")
    (row,) = reply.rows
    assert len(row) == 22
    assert set(row.values()) == {""}
    assert (reply.more, reply.next_key) == ("N", "")


# --- bodies gone wrong ---------------------------------------------------------------------


def test_a_body_can_be_no_json(talk: Talk) -> None:
    talk.server.inject("not_json")
    reply = talk.ask("ka10086")
    assert reply.status == 200
    with pytest.raises(json.JSONDecodeError):
        json.loads(reply.content)


def test_an_envelope_can_lack_its_verdict(talk: Talk) -> None:
    talk.server.inject("no_envelope")
    assert set(talk.ask("ka10086").json) == {"daly_stkpc"}


@pytest.mark.parametrize(("api_id", "plain"), [("ka10086", 22), ("ka10006", 12)])
def test_a_row_can_have_a_key_too_many(talk: Talk, api_id: str, plain: int) -> None:
    talk.server.inject("unknown_key", key="brand_new", text="7")
    body = talk.ask(api_id).json
    rows = body.get("daly_stkpc", [body])
    assert all(row["brand_new"] == "7" and len(row) == plain + 1 for row in rows)


def test_a_row_can_lack_a_key(talk: Talk) -> None:
    talk.server.inject("missing_key", key="ind")
    talk.server.inject("missing_key", after=1)
    assert all("ind" not in row and len(row) == 21 for row in talk.ask("ka10086").rows)
    assert all("crd_remn_rt" not in row and len(row) == 21 for row in talk.ask("ka10086").rows)


def test_a_value_can_fit_no_rule(talk: Talk) -> None:
    talk.server.inject("bad_value", key="ind", text="+-121", row=2)
    assert [row["ind"] == "+-121" for row in talk.ask("ka10086").rows[:4]] == [False, False, True, False]
    talk.server.inject("bad_value")
    assert talk.ask("ka10086").rows[0]["open_pric"] == "1.2.3"


def test_a_token_answer_can_hold_a_bad_value(talk: Talk) -> None:
    talk.server.inject("bad_value", "au10001", key="expires_dt", text="soon")
    answer = talk.issue().json
    assert (answer["expires_dt"], answer["return_code"]) == ("soon", 0)


def test_a_refusal_is_left_as_it_is(talk: Talk) -> None:
    talk.server.inject("unknown_key")
    assert set(talk.ask("ka10086", qry_dt=None).json) == {"return_code", "return_msg"}


def test_header_names_can_have_capitals(talk: Talk) -> None:
    talk.server.inject("header_case")
    reply = talk.ask("ka10086")
    assert {"Cont-Yn", "Next-Key", "Api-Id"} <= set(reply.spelled)
    assert {"cont-yn", "next-key", "api-id"} <= set(talk.ask("ka10086").spelled)


# --- the wire ------------------------------------------------------------------------------


def test_a_connection_can_be_reset_in_the_middle(talk: Talk) -> None:
    talk.server.inject("reset")
    with pytest.raises(ConnectionResetError):
        talk.ask("ka10086")
    assert good(talk.ask("ka10086"))


def test_a_connection_can_be_dropped_before_any_byte(talk: Talk) -> None:
    talk.server.inject("drop")
    with pytest.raises(http.client.RemoteDisconnected):
        talk.ask("ka10086")
    assert good(talk.ask("ka10086"))


def test_a_body_can_end_halfway(talk: Talk) -> None:
    talk.server.inject("half_body")
    with pytest.raises(http.client.IncompleteRead) as caught:
        talk.ask("ka10086")
    assert caught.value.expected  # what is missing: half, rounded up
    assert caught.value.expected - len(caught.value.partial) in (0, 1)
    assert good(talk.ask("ka10086"))


def test_a_refused_request_is_dropped_too(talk: Talk) -> None:
    talk.server.inject("drop")
    with pytest.raises(http.client.RemoteDisconnected):
        talk.ask("ka10086", qry_dt=None)


def test_an_answer_can_be_slow(talk: Talk) -> None:
    talk.server.inject("slow", seconds=5)
    talk.connection.timeout = 0.05
    talk.connection.close()
    with pytest.raises(TimeoutError):
        talk.ask("ka10086")


def test_an_answer_can_come_byte_by_byte(talk: Talk) -> None:
    plain = talk.ask("ka10006")
    talk.server.inject("drip", seconds=0.0001)
    began = clock_time.monotonic()
    assert talk.ask("ka10006").content == plain.content
    assert clock_time.monotonic() - began > 0.0001 * len(plain.content)


def test_a_dripping_answer_does_not_hold_up_the_end(server: Server) -> None:
    with Talk(server) as talk:
        body, headers = {"stk_cd": "005930"}, {"authorization": f"Bearer {talk.token}", "api-id": "ka10006"}
        server.inject("drip", seconds=30)
        headers["content-type"] = "application/json"
        talk.connection.request("POST", MARKET_DATA, json.dumps(body), headers)
        while server.log.count("ka10006") == 0:
            clock_time.sleep(0.001)
        began = clock_time.monotonic()
        server.close()
        assert clock_time.monotonic() - began < 4


@pytest.mark.parametrize("name", FAULTS)
@pytest.mark.parametrize("api_id", ["ka10004", "ka10045"])
def test_after_any_fault_the_next_request_is_served(talk: Talk, name: str, api_id: str) -> None:
    plain = talk.ask(api_id).content
    options: dict[str, Any] = {"seconds": 0.0} if name in ("slow", "drip") else {}
    fault = talk.server.inject(name, **options)
    try:
        talk.ask(api_id)
    except (OSError, http.client.HTTPException):
        talk.connection.close()
    assert fault.fired == 1
    talk.token = talk.issue().json["token"]
    assert talk.ask(api_id).content == plain
    assert not any(record.status == 500 for record in talk.server.log)
