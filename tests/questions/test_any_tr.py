"""The two doors to any TR over a socket: blanks, printed codes, and TRs that the catalogue lacks."""

from __future__ import annotations

import json
import warnings
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

import kiwoomdata as kd
from kiwoomdata.entries import ENDPOINTS
from kiwoomdata.entries.guide import GUIDE, PATHS
from kiwoomdata.rest.protocol import Request
from tests.envelopes import Answer, row, serving

MakeClient = Callable[..., kd.Client]
OK = {"return_code": 0, "return_msg": "정상적으로 처리되었습니다"}
REFERENCE = Path(__file__).parents[3] / "shared/reference/spec/rest.json"
MORE = {"cont-yn": "Y", "next-key": "key-1"}


def doors(client: kd.Client, api_id: str, body: dict[str, str]) -> None:
    client.raw(api_id, body)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", kd.KiwoomDataWarning)  # of the empty answer
        client.request(api_id, body)


def test_the_vendors_own_request_with_blanks_is_sent(make_client: MakeClient) -> None:
    vendors = {"amt_qty_tp": "", "stk_cd": "005930", "date": ""}
    with serving(Answer({"stk_daly_prm_trde_trnsn": [], **OK})) as server:
        doors(make_client(server), "ka90013", vendors)
    assert [asked.body for asked in server.asked] == [vendors, vendors]


def test_blank_means_left_out(make_client: MakeClient) -> None:
    blank = {"indc_tp": "", "stk_cd": "005930", "qry_dt": "20241125"}
    with serving(Answer({"daly_stkpc": [], **OK})) as server:
        doors(make_client(server), "ka10086", blank)
    assert [asked.body for asked in server.asked] == [{**blank, "indc_tp": "0"}] * 2


def test_blank_where_a_value_is_needed_is_told_before_any_request(make_client: MakeClient) -> None:
    with serving(Answer(OK)) as server:
        client = make_client(server)
        for door in (client.raw, client.request):
            with pytest.raises(ValueError, match="^until: ka10086 needs it"):
                door("ka10086", {"stk_cd": "005930", "qry_dt": " "})
            with pytest.raises(ValueError, match="^no_such_key: ka10086 has no such parameter"):
                door("ka10086", {"stk_cd": "005930", "no_such_key": ""})
    assert server.asked == []


@pytest.mark.parametrize(
    ("api_id", "named"),
    [("ka90008", {"symbol": "005930"}), ("ka90005", {"market": "kospi"})],
)
def test_a_day_that_the_server_may_ignore_is_told(
    api_id: str, named: dict[str, str], make_client: MakeClient, server: kd.simulator.Server
) -> None:
    client = make_client(server)
    ask = partial(client.request, api_id, **named, max_pages=1, on_truncated="mark")
    latest = ask(date="20261120")
    with pytest.warns(kd.KiwoomDataWarning, match=f"^{api_id}: .* these need not be of 2024-01-02$"):
        past = ask(date="20240102")
    assert past.equals(latest)


@pytest.mark.parametrize("code", ["P001_AL02", "P101_AL02"])
def test_each_code_that_a_document_prints_is_sent(code: str, make_client: MakeClient) -> None:
    body = {"date": "20241125", "amt_qty_tp": "1", "mrkt_tp": code, "min_tic_tp": "0", "stex_tp": "3"}
    with serving(Answer({"prm_trde_trnsn": [], **OK})) as server:
        make_client(server).raw("ka90005", body)
    assert server.asked[0].body == body


@pytest.mark.parametrize("api_id", ["kt10000", "kt10006", "kt00001", "ka10075", "ka10085", "au10001", "ka1"])
def test_what_orders_or_shows_an_account_is_never_asked(api_id: str, make_client: MakeClient) -> None:
    with serving(Answer(OK)) as server, pytest.raises(ValueError, match=f"^api_id: '{api_id}' is no TR of "):
        make_client(server).raw(api_id, {"stk_cd": "005930"})
    assert server.asked == []


@pytest.mark.parametrize("call", [kd.raw, kd.request, kd.describe])
def test_a_misspelt_tr_is_an_error_that_suggests_what_was_meant(call: Callable[[str], object]) -> None:
    kd.use("simulator")
    for spelled in ("KA10086", "ka10086 ", "ka1086", "ka100086"):
        with pytest.raises(ValueError, match=r"^api_id: .*; did you mean 'ka10086'\?; "):
            call(spelled)
    with pytest.raises(ValueError, match="^api_id: ") as refused:
        call("kt10000")
    assert "did you mean" not in str(refused.value)


@pytest.mark.parametrize("path", ["/api/dostk/ordr", "/api/dostk/crdordr", "/api/dostk/acnt", ""])
def test_a_path_of_orders_or_accounts_makes_no_request_whatever_the_tr(path: str) -> None:
    with pytest.raises(ValueError, match="^path: .* is never asked"):
        Request("ka10086", path, {})


def test_every_tr_of_the_catalogue_is_asked_where_the_guide_says() -> None:
    assert {api_id: endpoint.path for api_id, endpoint in ENDPOINTS.items()}.items() <= GUIDE.items()


def test_the_list_of_the_guide_is_the_vendors() -> None:
    assert len(GUIDE) == 137
    assert len(PATHS) == 11
    if not REFERENCE.exists():
        pytest.skip(f"{REFERENCE.name} is not beside this tree")
    vendors = json.loads(REFERENCE.read_text(encoding="utf-8"))
    assert {one["api_id"]: one["url"] for one in vendors if one["read_only"]} == GUIDE


@pytest.mark.parametrize(
    ("headers", "why"),
    [
        ({}, "no cont-yn"),
        ({"cont-yn": "true", "next-key": "k"}, "cont-yn 'true'"),
        ({"cont-yn": "N", "next-key": "k"}, "called this the last page and sent the key"),
        ({"cont-yn": "Y", "next-key": ""}, "sent no key to ask with"),
        ({"cont-yn": "N", "next-key": ""}, "this was the last page, which is full"),
    ],
)
def test_raw_pages_that_may_not_be_all_are_told(
    make_client: MakeClient, headers: dict[str, str], why: str
) -> None:
    rows = [row("ka10086", date=f"202411{day:02}") for day in range(25, 5, -1)]
    with serving(Answer({"daly_stkpc": rows, **OK}, headers)) as server:
        client = make_client(server)
        with pytest.warns(kd.IncompleteFrame, match=why) as told:
            pages = client.raw("ka10086", stk_cd="005930", qry_dt="20241125", since="2024-10-01")
        assert [page.json["daly_stkpc"] for page in pages] == [rows]
        assert [warning.filename for warning in told] == [__file__]


def test_months_and_years_are_whole_ones_for_any_tr_too(make_client: MakeClient) -> None:
    days = kd.trading_days("2024-02-26", "2024-03-29")[::-1]
    rows = [row("ka10086", date=f"{day:%Y%m%d}") for day in days]
    pages = [
        Answer({"daly_stkpc": rows[at : at + 20], **OK}, {"cont-yn": "Y", "next-key": str(at)})
        for at in (0, 20)
    ]
    with serving(*pages) as server:
        found = make_client(server).raw("ka10086", stk_cd="005930", qry_dt="2024-03-31", since="2024-03")
    assert len(found) == 2  # the second reaches the first of March, and there the walk ends
    asked = {"stk_cd": "005930", "strt_dt": "2024-02", "end_dt": 202402}
    with serving(Answer({"stk_orgn_trde_trnsn": [row("ka10045", dt="20240229")], **OK})) as server:
        make_client(server).raw("ka10045", asked)
    (sent,) = server.asked
    assert (sent.body["strt_dt"], sent.body["end_dt"]) == ("20240201", "20240229")


def test_a_ceiling_of_the_callers_own_is_not_told(make_client: MakeClient) -> None:
    rows = [row("ka10086", date="20241125")]
    with serving(Answer({"daly_stkpc": rows, **OK}, MORE)) as server:
        assert len(make_client(server).raw("ka10086", stk_cd="005930", qry_dt="20241125", max_pages=1)) == 1


def test_raw_pages_that_end_before_the_day_that_the_body_names_are_told(make_client: MakeClient) -> None:
    days = kd.trading_days("2024-01-02", "2024-06-28")[:-101:-1]
    rows = [row("ka10045", dt=f"{day:%Y%m%d}") for day in days]
    body = {"stk_cd": "005930", "strt_dt": "20240102", "end_dt": "20240628"}
    with serving(Answer({"stk_orgn_trde_trnsn": rows, **OK})) as server:
        client = make_client(server)
        with pytest.warns(kd.IncompleteFrame, match=r"1 page\(s\) of 005930 came, .* which is full"):
            assert len(client.raw("ka10045", body)) == 1
