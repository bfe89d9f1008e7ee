"""Refusals, tokens and limits of the simulator, in the observed words."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kiwoomdata.calendar import KST
from kiwoomdata.entries import ENDPOINTS
from kiwoomdata.simulator import Server
from tests.talk import BODIES, MARKET_DATA, Talk

# --- refusals ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "path", "verdict"),
    [
        ({"api-id": None}, MARKET_DATA, (2, "1501")),
        ({"api-id": "ka99999"}, MARKET_DATA, (2, "1505")),
        ({}, "/api/dostk/chart", (1, "1504")),
        ({"authorization": None}, MARKET_DATA, (2, "1513")),
        ({"authorization": "token"}, MARKET_DATA, (2, "1514")),
        ({"authorization": "Bearer a b"}, MARKET_DATA, (2, "1514")),
        ({"authorization": "Basic abc"}, MARKET_DATA, (2, "1515")),
        ({"authorization": "Bearer "}, MARKET_DATA, (2, "1516")),
        ({"authorization": "Bearer unknown"}, MARKET_DATA, (3, "8005")),
        ({"content-type": "text/plain"}, MARKET_DATA, (2, "1512")),
    ],
)
def test_wrong_headers_are_refused_with_http_200(
    talk: Talk, changes: dict[str, str], path: str, verdict: tuple[int, str]
) -> None:
    headers = {"api-id": "ka10086", "authorization": f"Bearer {talk.token}", **changes}
    reply = talk.post(path, BODIES["ka10086"], headers)
    assert (reply.status, reply.verdict) == (200, verdict)


def test_a_worthless_token_is_refused_in_the_observed_words(talk: Talk) -> None:
    talk.token = "not-a-token"
    assert talk.ask("ka10086").json == {
        "return_code": 3,
        "return_msg": "인증에 실패했습니다[8005:Token이 유효하지 않습니다]",
    }


@pytest.mark.parametrize("api_id", BODIES)
def test_a_missing_key_is_named(talk: Talk, api_id: str) -> None:
    for key in BODIES[api_id]:
        for nothing in (None, ""):
            reply = talk.ask(api_id, **{key: nothing})
            param = ENDPOINTS[api_id].param(key)
            if param is not None and (param.blank or not param.required):
                assert reply.json["return_code"] == 0
                continue
            assert reply.verdict == (2, "1511")
            assert reply.json["return_msg"].endswith(f"필수입력 파라미터={key}]")


@pytest.mark.parametrize(
    ("api_id", "changes"),
    [
        ("ka10086", {"indc_tp": "9"}),
        ("ka10086", {"qry_dt": "2026-11-20"}),
        ("ka10086", {"qry_dt": "20261131"}),
        ("ka90005", {"mrkt_tp": "P00102"}),
        ("ka10066", {"stex_tp": "4"}),
        ("ka10078", {"mmcm_cd": "0001"}),
    ],
)
def test_a_bad_value_is_named(talk: Talk, api_id: str, changes: dict[str, str]) -> None:
    reply = talk.ask(api_id, **changes)
    assert reply.verdict == (2, "1517")
    assert f"파라미터={next(iter(changes))} " in reply.json["return_msg"]


@pytest.mark.parametrize("code", ["KRX:005930", "Samsung", "5930", "005930_XX", "A005930"])
def test_a_wrong_form_of_code_is_refused_in_class_5(talk: Talk, code: str) -> None:
    assert talk.ask("ka10086", stk_cd=code).verdict == (5, "1517")


def test_a_tr_of_krx_alone_takes_no_venue(talk: Talk) -> None:
    assert talk.ask("ka40002", stk_cd="069500_NX").verdict == (5, "1517")


@pytest.mark.parametrize("content", [b"not json", b"[1]", b"\xff", b"[" * 100_000])
def test_a_body_that_is_no_object_is_refused(talk: Talk, content: bytes) -> None:
    headers = {"api-id": "ka10086", "authorization": f"Bearer {talk.token}"}
    assert talk.post(MARKET_DATA, content, headers).verdict == (2, "1517")


def test_no_body_is_answered_with_the_first_parameter_that_is_missing(talk: Talk) -> None:
    reply = talk.post(MARKET_DATA, b"", {"api-id": "ka10086", "authorization": f"Bearer {talk.token}"})
    assert reply.verdict == (2, "1511")
    assert reply.json["return_msg"].endswith("필수입력 파라미터=stk_cd]")


BODY_TEXTS = st.one_of(
    st.text(max_size=8),
    st.sampled_from(
        ["19000101", "99991231", "00010101", "20260105", "0", "1", "2", "3", "005930_NX", "005930"]
    ),
    st.none() | st.integers() | st.booleans() | st.lists(st.text(max_size=2), max_size=2),
)


@settings(max_examples=150, deadline=None)
@given(
    data=st.data(),
    api_id=st.sampled_from([api_id for api_id, body in BODIES.items() if body]),
    key=st.text("A059306_NXL2-1P", max_size=24) | st.none(),
)
def test_no_request_makes_the_server_fail(
    shared: Server, data: st.DataObject, api_id: str, key: str | None
) -> None:
    changes: dict[str, Any] = data.draw(
        st.dictionaries(st.sampled_from(sorted(BODIES[api_id])), BODY_TEXTS, max_size=3)
    )
    with Talk(shared) as talk:
        reply = talk.ask(api_id, next_key=key, **changes)
    assert reply.status == 200
    assert reply.json["return_code"] in (0, 2, 5)


def test_keys_that_no_tr_has_are_ignored(talk: Talk) -> None:
    assert talk.ask("ka10006", extra="1").content == talk.ask("ka10006").content


def test_other_paths_and_methods_are_not_there(talk: Talk) -> None:
    assert talk.post("/", {}).status == 404
    talk.connection.request("GET", MARKET_DATA)
    response = talk.connection.getresponse()
    response.read()
    assert response.status == 405


# --- tokens -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "verdict"),
    [
        ({"appkey": None}, (2, "8020")),
        ({"secretkey": ""}, (2, "8020")),
        ({"appkey": "other"}, (3, "8001")),
        ({"secretkey": "other"}, (3, "8002")),
        ({"grant_type": None}, (2, "8011")),
        ({"grant_type": "password"}, (2, "8012")),
        ({"appkey": "simulated-mock-app-key", "secretkey": "simulated-mock-app-secret"}, (2, "8030")),
    ],
)
def test_a_wrong_token_request_is_refused(
    talk: Talk, changes: dict[str, str], verdict: tuple[int, str]
) -> None:
    reply = talk.issue(**changes)
    assert (reply.status, reply.verdict) == (200, verdict)


def test_asking_again_gives_the_running_token(serve: Callable[..., Talk]) -> None:
    talk = serve()
    assert talk.issue().json == talk.issue().json


def test_asking_again_can_end_the_token_before(serve: Callable[..., Talk]) -> None:
    talk = serve(token_reissue="invalidate_old")
    old = talk.token
    new = talk.issue().json["token"]
    assert new != old
    assert talk.ask("ka10006").verdict == (3, "8005")
    talk.token = new
    assert talk.ask("ka10006").json["return_code"] == 0


def test_the_token_type_is_a_switch(serve: Callable[..., Talk]) -> None:
    assert serve(token_type="bearer").issue().json["token_type"] == "bearer"


def test_a_token_ends_when_its_life_is_over(serve: Callable[..., Talk]) -> None:
    moment = [datetime(2026, 11, 20, 18, 30, tzinfo=KST)]
    talk = serve(clock=lambda: moment[0], token_life=60)
    old = talk.token
    moment[0] += timedelta(seconds=59)
    assert talk.ask("ka10006").json["return_code"] == 0
    moment[0] += timedelta(seconds=1)
    assert talk.ask("ka10006").verdict == (3, "8005")
    again = talk.issue().json
    assert again["token"] != old
    assert again["expires_dt"] == "20261120183200"


def test_a_running_token_is_given_again_with_the_time_it_has_left(serve: Callable[..., Talk]) -> None:
    moment = [datetime(2026, 11, 20, 18, 30, tzinfo=KST)]
    talk = serve(clock=lambda: moment[0])
    first = talk.issue().json
    moment[0] += timedelta(hours=6)
    assert talk.issue().json == first


def test_a_revoked_token_is_refused_and_a_new_one_is_another(serve: Callable[..., Talk]) -> None:
    talk = serve()
    old = talk.token
    talk.revoke(old)
    assert talk.ask("ka10006").verdict == (3, "8005")
    assert talk.revoke(old).verdict == (3, "8015")
    assert talk.revoke(None).verdict == (2, "8016")
    assert talk.revoke(old, secretkey="other").verdict == (3, "8002")
    assert talk.issue().json["token"] != old


# --- how often --------------------------------------------------------------------------


def statuses(talk: Talk, api_id: str, requests: int) -> list[int]:
    return [talk.ask(api_id).status for _ in range(requests)]


def test_five_a_second_pass_in_any_rolling_second(serve: Callable[..., Talk]) -> None:
    at = [100.0]
    talk = serve(rate="5/s", timer=lambda: at[0])
    assert statuses(talk, "ka10006", 6) == [200] * 5 + [429]
    at[0] = 100.9
    assert statuses(talk, "ka10006", 1) == [429]
    at[0] = 101.0
    assert statuses(talk, "ka10006", 6) == [200] * 5 + [429]


def test_a_burst_is_refilled_at_its_rate(serve: Callable[..., Talk]) -> None:
    at = [100.0]
    talk = serve(rate="1/s burst 2", timer=lambda: at[0])
    assert statuses(talk, "ka10006", 3) == [200, 200, 429]
    at[0] = 101.0
    assert statuses(talk, "ka10006", 2) == [200, 429]
    at[0] = 110.0
    assert statuses(talk, "ka10006", 3) == [200, 200, 429]


def test_each_tr_has_a_limit_of_its_own(serve: Callable[..., Talk]) -> None:
    talk = serve(rate="1/s", timer=lambda: 100.0)
    assert statuses(talk, "ka10006", 2) == [200, 429]
    assert statuses(talk, "ka10004", 2) == [200, 429]


@pytest.mark.parametrize(
    ("wording", "words"),
    [
        ("new", "[1700:허용된 API 요청 개수를 초과하였습니다. 유량=1, API ID=ka10006]"),
        ("old", "[1700:허용된 요청 개수를 초과하였습니다. API ID=ka10006]"),
    ],
)
def test_an_excess_is_told_in_the_words_of_its_time(
    serve: Callable[..., Talk], wording: str, words: str
) -> None:
    talk = serve(rate="1/s", timer=lambda: 100.0, message_1700=wording)
    talk.ask("ka10006")
    reply = talk.ask("ka10006")
    assert reply.status == 429
    assert reply.json == {"return_code": 5, "return_msg": f"허용된 요청 개수를 초과하였습니다{words}"}
    assert "retry-after" not in reply.headers


def test_tokens_are_limited_too_with_the_servers_own_slip(serve: Callable[..., Talk]) -> None:
    talk = serve(rate="1/s", timer=lambda: 100.0)
    talk.issue()
    reply = talk.issue()
    assert reply.status == 429
    assert "유량=au10001, API ID={1}" in reply.json["return_msg"]


def test_a_refused_token_uses_up_nothing(serve: Callable[..., Talk]) -> None:
    talk = serve(rate="1/s", timer=lambda: 100.0)
    good, talk.token = talk.token, "worthless"
    assert statuses(talk, "ka10006", 3) == [200] * 3
    talk.token = good
    assert statuses(talk, "ka10006", 2) == [200, 429]


def test_the_mock_server_is_slower_and_serves_krx_alone(serve: Callable[..., Talk]) -> None:
    talk = serve(mode="mock", rate="default", timer=lambda: 100.0)
    assert statuses(talk, "ka10006", 2) == [200, 429]
    refusals = [talk.ask("ka10086", stk_cd="005930_NX"), talk.ask("ka10066", stex_tp="3")]
    for reply in refusals:
        assert (reply.status, reply.json["return_code"]) == (200, 20)
        assert "모의투자" in reply.json["return_msg"]
    real = {"appkey": "simulated-app-key", "secretkey": "simulated-app-secret"}
    assert serve(mode="mock").issue(**real).verdict == (2, "8030")
