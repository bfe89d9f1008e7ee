"""The client over a real socket: tokens, refusals, retries, quotas, many symbols, and what stays secret."""

from __future__ import annotations

import logging
import os
import pickle
import stat
import threading
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest

import kiwoomdata as kd
from kiwoomdata.query import bar, pool
from kiwoomdata.rest.transport import Retry
from tests.envelopes import TOKEN, Answer, Asked, Envelopes, row, serving

OK = {"return_code": 0, "return_msg": "정상적으로 처리되었습니다"}
MakeClient = Callable[..., kd.Client]


def prices(*days: str, **cells: str) -> dict[str, Any]:
    return {"daly_stkpc": [row("ka10086", date=day, close_pric="-55000", **cells) for day in days], **OK}


def refused(code: int, message: str, status: int = 200) -> Answer:
    return Answer({"return_code": code, "return_msg": message}, status=status)


def ask(client: kd.Client, **more: Any) -> pl.DataFrame:
    frame = client.request("ka10086", {"symbol": "005930", "until": "20241125"}, **more)
    assert isinstance(frame, pl.DataFrame)
    return frame


INVALID = refused(3, "인증에 실패했습니다[8005:Token이 유효하지 않습니다]")
LIMITED = refused(5, "[1700:허용된 API 요청 개수를 초과하였습니다. 유량=5, API ID=ka10086]", 429)


def test_a_request_carries_token_tr_and_a_user_agent_of_its_own(make_client: MakeClient) -> None:
    with serving(Answer(prices("20241125"))) as server:
        ask(make_client(server))
    (asked,) = server.asked
    assert asked.path == "/api/dostk/mrkcond"
    assert asked.headers["authorization"] == "Bearer envelope-token"
    assert asked.headers["api-id"] == "ka10086"
    assert asked.headers["user-agent"].startswith("kiwoomdata/")
    assert asked.body == {"stk_cd": "005930", "qry_dt": "20241125", "indc_tp": "0"}


def test_a_netrc_file_does_not_replace_the_token(
    make_client: MakeClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("default login someone password other\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    with serving(Answer(prices("20241125"))) as server:
        ask(make_client(server))
    assert server.asked[0].headers["authorization"] == "Bearer envelope-token"


def test_a_refused_token_is_renewed_once_and_the_request_sent_again(make_client: MakeClient) -> None:
    def token(number: int) -> Answer:
        return Answer({**TOKEN, "token": f"token-{number}"})

    with serving(INVALID, Answer(prices("20241125")), token=token) as server:
        assert ask(make_client(server)).height == 1
    assert [asked.headers["authorization"] for asked in server.asked] == ["Bearer token-1", "Bearer token-2"]


def test_a_second_refusal_says_the_servers_words_and_what_to_do(make_client: MakeClient) -> None:
    with serving(INVALID) as server, pytest.raises(kd.AuthError) as caught:
        ask(make_client(server))
    assert caught.value.code == "8005"
    assert "Token이 유효하지 않습니다" in str(caught.value)
    assert "one key per program" in str(caught.value)
    assert len(server.asked) == 2


def test_a_key_of_the_other_server_is_told_at_once(make_client: MakeClient) -> None:
    wrong = "입력 값 오류입니다[8030:투자구분(실전/모의)이 달라서 Appkey를 사용할수가 없습니다]"
    with (
        serving(Answer(OK), token=lambda n: refused(2, wrong)) as server,
        pytest.raises(kd.AuthError, match="mode='mock' takes a mock key"),
    ):
        ask(make_client(server))
    assert server.tokens == 1


def test_a_token_is_kept_in_a_private_file_and_used_by_the_next_client(
    make_client: MakeClient, tmp_path: Path
) -> None:
    with serving(Answer(prices("20241125"))) as server:
        ask(make_client(server))
        ask(make_client(server))
    assert server.tokens == 1
    files = [path for path in (tmp_path / "state").rglob("*") if path.is_file()]
    assert files
    if os.name == "posix":
        assert {stat.S_IMODE(path.stat().st_mode) & 0o077 for path in files} == {0}
    assert not any(b"envelope-secret" in path.read_bytes() for path in files)
    assert not any(b"envelope-key" in path.read_bytes() for path in files)


def test_a_revoked_token_is_forgotten(make_client: MakeClient) -> None:
    with serving(Answer(prices("20241125"))) as server:
        client = make_client(server)
        ask(client)
        client.revoke()
        ask(client)
    assert server.tokens == 3  # issued, revoked, issued


@pytest.mark.parametrize("limited", [LIMITED, refused(5, ""), refused(5, "[1702:허용된 그룹 요청 개수]")])
def test_too_many_requests_are_backed_off_and_gone_on_with(make_client: MakeClient, limited: Answer) -> None:
    with serving(limited, limited, Answer(prices("20241125"))) as server:
        frame = ask(make_client(server))
    source = kd.provenance(frame)
    assert source is not None
    assert (frame.height, source.requests, source.pages) == (1, 3, 1)


def test_backing_off_ends(make_client: MakeClient) -> None:
    with serving(LIMITED) as server, pytest.raises(kd.RateLimited, match="1700"):
        ask(make_client(server))
    assert len(server.asked) == 4


@pytest.mark.parametrize("status", [500, 502, 503])
def test_a_server_that_stumbles_is_asked_again(make_client: MakeClient, status: int) -> None:
    with serving(Answer(b"<html>Bad Gateway</html>", status=status), Answer(prices("20241125"))) as server:
        assert ask(make_client(server)).height == 1


def test_half_a_body_is_asked_for_again(make_client: MakeClient) -> None:
    whole = Answer(prices("20241125"))
    with serving(Answer(whole.content[:40]), whole) as server:
        assert ask(make_client(server)).height == 1
    assert len(server.asked) == 2


def test_a_maintenance_page_is_an_error_that_quotes_it_at_once(make_client: MakeClient) -> None:
    notice = "<html><script>x()</script><body>중단 일시: 11/20(금) 02:00 ~ 04:00</body></html>".encode()
    with serving(Answer(notice)) as server, pytest.raises(kd.TransportError) as caught:
        ask(make_client(server))
    assert "중단 일시: 11/20(금) 02:00 ~ 04:00" in str(caught.value)
    assert "x()" not in str(caught.value)
    assert len(server.asked) == 1


def test_a_redirect_is_not_followed(make_client: MakeClient) -> None:
    away = Answer(b"", {"location": "http://127.0.0.2:1/elsewhere"}, status=302)
    with serving(away) as server, pytest.raises(kd.TransportError, match="redirects to 127.0.0.2"):
        ask(make_client(server))
    assert len(server.asked) == 1


def test_nobody_listening_is_an_error_after_a_bounded_number_of_tries(make_client: MakeClient) -> None:
    with serving(Answer(OK)) as server:
        pass
    with pytest.raises(kd.TransportError, match="ConnectionError"):
        ask(make_client(server))


def test_a_tr_that_is_not_offered_is_told_as_such(make_client: MakeClient) -> None:
    gone = refused(2, "[1504:해당 URI에서는 지원하는 API ID가 아닙니다. API ID=ka10087]")
    with serving(gone) as server, pytest.raises(kd.Unsupported, match="1504"):
        ask(make_client(server))


def test_nothing_found_is_an_empty_typed_frame(make_client: MakeClient) -> None:
    with (
        serving(refused(20, "조회된 데이터가 없습니다")) as server,
        pytest.warns(kd.EmptyAnswer, match="005930"),
    ):
        frame = ask(make_client(server))
    assert frame.height == 0
    assert frame.schema["close"] == pl.Int64
    assert frame.schema["date"] == pl.Date


def test_an_unknown_key_is_kept_as_text_with_one_warning(make_client: MakeClient) -> None:
    with (
        serving(Answer(prices("20241125", "20241122", new_key="+5"))) as server,
        pytest.warns(kd.UnknownKey) as told,
    ):
        frame = ask(make_client(server))
    assert frame["new_key"].to_list() == ["+5", "+5"]
    assert frame.schema["new_key"] == pl.String
    assert len(told) == 1
    assert "new_key" in str(told[0].message)


def test_a_value_that_is_no_text_is_read_all_the_same(make_client: MakeClient) -> None:
    rows = [row("ka10086", date="20241125", close_pric=-55000, trde_qty=None, flu_rt=-29.31)]
    with serving(Answer({"daly_stkpc": rows, **OK})) as server:
        frame = ask(make_client(server))
    assert frame.select("close", "volume", "change_pct").row(0) == (55000, None, -29.31)


def test_a_text_that_fits_no_rule_is_an_error_or_null_by_choice(make_client: MakeClient) -> None:
    with serving(Answer(prices("20241125", trde_qty="many"))) as server:
        client = make_client(server)
        with pytest.raises(kd.DecodeError) as caught:
            ask(client)
        assert (caught.value.api_id, caught.value.column, caught.value.value) == ("ka10086", "volume", "many")
        with pytest.warns(kd.KiwoomDataWarning, match="ka10086.volume: 'many'"):
            assert ask(client, on_bad="null")["volume"].to_list() == [None]


def test_a_field_that_has_overflowed_is_null_with_a_warning_that_names_it(make_client: MakeClient) -> None:
    with serving(Answer(prices("20241125", trde_qty="4294967295", ind="+-121"))) as server:
        client = make_client(server)
        with pytest.warns(kd.UnprovenValue, match=r"ka10086.volume: '4294967295'"):
            frame = ask(client)
    assert frame.select("volume", "individual").row(0) == (None, -121)


@pytest.mark.parametrize(
    "where",
    [
        *({"trde_qty": "{}"}, {"ind": "+-{}"}, {"pred_rt": "{}"}, {"{}": "1"}, {"ind": "x" * 9_000 + "{}"}),
        *({"cont-yn": "{}"}, {"cont-yn": "N", "next-key": "{}"}, {"return_msg": "{}", "return_code": "2"}),
    ],
)
def test_what_the_server_writes_into_its_texts_shows_no_secret_and_is_cut(
    where: dict[str, str], make_client: MakeClient, told: list[Any]
) -> None:
    quoted = f"{TOKEN['token']} {Envelopes.app_key} {Envelopes.app_secret}"
    said = {key.format(quoted): text.format(quoted) for key, text in where.items()}
    headers = {name: said.pop(name, default) for name, default in (("cont-yn", "N"), ("next-key", ""))}
    refusal = {name: said.pop(name) for name in ("return_code", "return_msg") if name in said}
    body = prices("20241125", **said) | refusal
    shown: list[str] = []
    with serving(Answer(body, headers)) as server:
        for on_bad in ("raise", "null"):
            try:
                frame = ask(make_client(server, cache=False), on_bad=on_bad, on_truncated="mark")
                shown.append(repr(kd.provenance(frame)))
            except (kd.KiwoomDataError, ValueError) as error:
                shown += [str(error), repr(error), repr(vars(error))]
    shown += [str(each.message) for each in told]
    assert any("***" in text for text in shown), shown
    assert not [text for text in shown if any(secret in text for secret in quoted.split())]
    assert max(map(len, map(str, (each.message for each in told))), default=0) < 1_000


def history(size: int, overlap: int = 0) -> Callable[[int, Asked], Answer]:
    """Pages of ``size`` days without end, each repeating the last ``overlap`` days of the page before."""

    def answer(number: int, asked: Asked) -> Answer:
        page = int(asked.headers.get("next-key", "0"))
        first = date(2024, 11, 25) - timedelta(page * (size - overlap))
        days = [f"{first - timedelta(n):%Y%m%d}" for n in range(size)]
        return Answer(prices(*days), {"Cont-Yn": "Y", "Next-Key": str(page + 1)})

    return answer


def test_pages_that_overlap_are_made_unique_and_counted(make_client: MakeClient) -> None:
    with Envelopes(history(10, overlap=3)) as server:
        frame = ask(make_client(server), since=date(2024, 11, 1))
    source = kd.provenance(frame)
    assert source is not None
    assert frame["date"].is_unique().all()
    assert source.duplicates == 3 * (source.pages - 1) > 0


def test_the_ceiling_is_an_error_that_holds_what_was_fetched_or_a_mark(make_client: MakeClient) -> None:
    with Envelopes(history(10)) as server:
        client = make_client(server)
        with pytest.raises(kd.Truncated) as caught:
            ask(client, max_pages=3)
        assert caught.value.frame.height == 30
        assert caught.value.pages == 3
        frame = ask(client, max_pages=3, on_truncated="mark")
    source = kd.provenance(frame)
    assert source is not None
    assert source.truncated
    assert source.why == "the ceiling of 3 pages"


def test_one_symbol_that_fails_does_not_take_the_others_along(make_client: MakeClient) -> None:
    def answer(number: int, asked: Asked) -> Answer:
        if asked.body["stk_cd"] == "000660":
            return refused(2, "[1902:종목 정보가 없습니다. 종목코드=000660]")
        return Answer(prices("20241125"))

    symbols = ["005930", "000660", "035420"]
    with Envelopes(answer) as server:
        client = make_client(server)
        with pytest.raises(kd.ApiError, match="1902") as caught:
            kd.daily_prices(symbols, "2024-11-25", "2024-11-25", client=client)
        assert caught.value.frame["symbol"].to_list() == ["005930", "035420"]
        with pytest.warns(kd.IncompleteFrame, match="000660: ApiError"):
            frame = kd.daily_prices(symbols, "2024-11-25", "2024-11-25", client=client, errors="collect")
    source = kd.provenance(frame)
    assert source is not None
    assert frame["symbol"].to_list() == ["005930", "035420"]
    assert list(source.failures) == ["000660"]


def test_many_symbols_come_in_the_order_asked_for_within_each_day(make_client: MakeClient) -> None:
    symbols = [f"{100000 + n * 10}" for n in range(12)]
    with Envelopes(lambda n, asked: Answer(prices("20241125", "20241122"))) as server:
        frame = kd.daily_prices(symbols, "2024-11-22", "2024-11-25", client=make_client(server))
    assert frame["symbol"].to_list() == symbols * 2
    assert frame["date"].is_sorted()


def test_the_quota_holds_over_threads(make_client: MakeClient) -> None:
    """The gate's own tests prove the window; here it is seen to stand before every request."""
    with Envelopes(lambda n, asked: Answer(prices("20241125"))) as server:
        client = make_client(server, quota="2/s", workers=4)
        started = threading.Event()
        client.transport.stop = started  # a wait that is stopped shows that there was one
        started.set()
        with pytest.raises(InterruptedError):
            ask(client)
    assert server.asked == []


def test_keys_and_tokens_appear_in_no_text(make_client: MakeClient, caplog: pytest.LogCaptureFixture) -> None:
    secrets = ("envelope-key", "envelope-secret", "envelope-token")
    echo = refused(9, "odd: Bearer envelope-token appkey envelope-key secretkey envelope-secret")
    with serving(echo) as server, caplog.at_level(logging.DEBUG):
        client = make_client(server)
        with pytest.raises(kd.ApiError) as caught:
            ask(client)
        texts = [str(caught.value), repr(caught.value), repr(client), repr(client.transport), caplog.text]
        texts += [repr(client.transport.tokens), repr(client.transport.tokens.get())]
    for secret in secrets:
        assert not any(secret in text for text in texts), secret


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("http://api.kiwoom.com", "unencrypted"),
        ("http://127.0.0.1.example.org", "unencrypted"),
        ("ftp://127.0.0.1", "expected an address"),
        ("127.0.0.1:80", "expected an address"),
        ("https://user:pass@api.kiwoom.com", "a user, a query"),
    ],
)
def test_an_address_that_may_not_be_used_is_refused(url: str, says: str) -> None:
    with pytest.raises(kd.ConfigError, match=f"^base_url: .*{says}"):
        kd.Client(base_url=url, app_key="k", app_secret="s")


def test_without_a_key_or_a_choice_the_three_ways_are_told_the_simulator_first() -> None:
    with pytest.raises(kd.ConfigError) as caught:
        kd.Client()
    text = str(caught.value)
    assert text.index('kd.use("simulator")') < text.index('kd.use("mock"') < text.index('kd.use("real"')


@pytest.mark.parametrize("settings", [{"mode": "paper"}, {"quota": "fast"}, {"max_pages": 0}, {"workers": 0}])
def test_a_setting_that_is_wrong_is_refused_by_name(settings: dict[str, Any]) -> None:
    (name,) = settings
    with pytest.raises((ValueError, kd.ConfigError), match=f"^{name}: "):
        kd.Client(**{"mode": "real", "app_key": "k", "app_secret": "s", **settings})


def test_the_environment_chooses_server_and_key(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("KIWOOM_APP_KEY", "k")
    monkeypatch.setenv("KIWOOM_APP_SECRET", "s")
    monkeypatch.setenv("KIWOOM_MODE", "mock")
    client = kd.Client(state=tmp_path)
    assert client.base_url == "https://mockapi.kiwoom.com"
    assert client.ws_url == "wss://mockapi.kiwoom.com:10000"
    assert client.quota == kd.Quota.parse("1/s")
    monkeypatch.setenv("KIWOOM_BASE_URL", "http://127.0.0.1:1")
    assert kd.Client(state=tmp_path).base_url == "http://127.0.0.1:1"


def test_waiting_can_be_stopped(make_client: MakeClient) -> None:
    with serving(LIMITED) as server:
        client = make_client(server, retry=Retry(attempts=50, base=30, longest=30))
        failures: list[BaseException] = []

        def work() -> None:
            try:
                ask(client)
            except BaseException as error:
                failures.append(error)

        thread = threading.Thread(target=work)
        thread.start()
        while not server.asked:
            thread.join(0.01)
        client.transport.stop.set()
        thread.join(5)
    assert not thread.is_alive()
    assert isinstance(failures[0], InterruptedError)


def strengths(*volumes: tuple[str, int]) -> dict[str, Any]:
    rows = [
        row("ka10046", cntr_tm=moment, acc_trde_qty=str(volume), trde_qty="1") for moment, volume in volumes
    ]
    return {"cntr_str_tm": rows, **OK}


NEWEST_FIRST = [("090002", 60), ("090001", 50), ("090001", 40), ("090001", 30), ("090000", 20)]


@pytest.mark.parametrize("rows", [NEWEST_FIRST, [("090001", 50), ("090001", 40), ("090001", 30)]])
@pytest.mark.parametrize("symbols", ["005930", ["005930", "000660"]])
def test_rows_of_one_second_stand_as_they_happened(
    make_client: MakeClient, rows: list[tuple[str, int]], symbols: Any
) -> None:
    with serving(Answer(strengths(*rows))) as server:
        frame = kd.trade_strength(symbols, client=make_client(server))
    one = frame.filter(symbol="005930")
    assert one["cumulative_volume"].to_list() == [volume for _, volume in reversed(rows)]


def test_pages_of_trades_that_overlap_are_made_unique_and_counted(make_client: MakeClient) -> None:
    first = Answer(
        strengths(("090004", 50), ("090003", 40), ("090002", 30)), {"cont-yn": "Y", "next-key": "k"}
    )
    second = Answer(strengths(("090003", 40), ("090002", 30), ("090001", 20)))
    with serving(first, second) as server:
        frame = kd.trade_strength("005930", client=make_client(server))
    assert frame["cumulative_volume"].to_list() == [20, 30, 40, 50]
    source = kd.provenance(frame)
    assert source is not None
    assert source.duplicates == 2


def test_a_key_beside_the_list_never_replaces_that_of_a_row(make_client: MakeClient) -> None:
    rows = [row("ka10044", stk_cd="000660"), row("ka10044", stk_cd="035420")]
    answer = Answer({"stk_cd": "005930", "daly_orgn_trde_stk": rows, **OK})
    with serving(answer) as server, pytest.warns(kd.UnknownKey, match="sent stk_cd, for which no frame"):
        frame = kd.institution_trades("2026-10-01", client=make_client(server))
    assert frame["symbol"].to_list() == ["000660", "035420"]


@pytest.mark.parametrize("name", ["close", "symbol", "venue", "flow_unit", "Close", "종가", "date_as_served"])
@pytest.mark.parametrize("form", [{}, {"names": "ko"}, {"style": "ohlcv"}])
def test_an_unknown_key_by_one_of_our_names_steps_aside(
    make_client: MakeClient, name: str, form: dict[str, Any]
) -> None:
    whole = {"open_pric": "1", "high_pric": "1", "low_pric": "1", "trde_qty": "1", name: "odd"}
    with serving(Answer(prices("20241125", **whole))) as server, pytest.warns(kd.UnknownKey):
        frame = kd.daily_prices("005930", "2024-11-25", "2024-11-25", client=make_client(server), **form)
    symbol = "종목코드" if "names" in form else "symbol"
    assert list(frame[symbol]) == ["005930"]
    assert "odd" in [str(value) for column in frame.columns for value in frame[column]]


def test_the_apis_own_code_for_a_word_is_labelled_like_the_word(make_client: MakeClient) -> None:
    with serving(Answer(prices("20241125", ind="--7"))) as server:
        client = make_client(server)
        frame = kd.investor_flows("005930", "2024-11-25", "2024-11-25", measure="1", client=client)  # type: ignore[call-overload]
    assert frame.select("individual", "flow_unit").row(0) == (-7_000_000, "KRW")


def test_a_symbol_whose_paging_broke_off_keeps_what_came_of_all(make_client: MakeClient) -> None:
    def answer(number: int, asked: Asked) -> Answer:
        stuck = asked.body["stk_cd"] == "000660"
        return Answer(prices("20241125"), {"cont-yn": "Y" if stuck else "N", "next-key": ""})

    with Envelopes(answer) as server, pytest.raises(kd.Truncated) as caught:
        kd.daily_prices(
            ["005930", "000660"], "2024-11-22", "2024-11-25", client=make_client(server, cache=False)
        )
    assert caught.value.frame["symbol"].to_list() == ["005930", "000660"]


def test_the_simulator_that_was_asked_for_is_the_simulator(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KIWOOM_BASE_URL", "http://127.0.0.1:1")
    with kd.Client("simulator") as client:
        assert client.base_url != "http://127.0.0.1:1"


@pytest.mark.parametrize(
    "settings",
    [
        {"names": "x"},
        {"style": "x"},
        {"on_bad": "nul"},
        {"on_truncated": "x"},
        {"cache_size": 10},
    ],
)
def test_a_default_that_is_none_of_its_words_is_refused(settings: dict[str, Any], tmp_path: Path) -> None:
    (name,) = settings
    with pytest.raises(ValueError, match=f"^{name}: "):
        kd.Client(
            base_url="http://127.0.0.1:1",
            app_key="k",
            app_secret="s",
            state=False,
            cache=tmp_path / "c",
            **(settings),
        )


def test_options_are_checked_before_any_request(make_client: MakeClient) -> None:
    with serving(Answer(prices("20241125"))) as server:
        client = make_client(server)
        for wrong in (
            {"names": "x"},
            {"on_bad": "nul"},
            {"on_truncated": "x"},
            {"since": "2024-13"},
        ):
            with pytest.raises(ValueError, match=f"^{next(iter(wrong))}: "):
                ask(client, **wrong)
    assert server.asked == []


def test_a_blank_snapshot_is_nulls_and_says_what_it_may_mean(make_client: MakeClient) -> None:
    blank = {"date": "", "open_pric": "", "close_pric": " "}
    with (
        serving(Answer({**blank, **OK})) as server,
        pytest.warns(kd.EmptyAnswer, match="every value is blank of 005930"),
    ):
        frame = kd.session_summary("005930", client=make_client(server))
    assert frame.select("symbol", "open", "close").row(0) == ("005930", None, None)


def test_different_rows_of_one_day_are_kept_and_told(make_client: MakeClient) -> None:
    rows = [row("ka10086", date="20241125", close_pric=price) for price in ("1", "2")]
    with serving(Answer({"daly_stkpc": rows, **OK})) as server:
        client = make_client(server, cache=False)
        with pytest.warns(kd.KiwoomDataWarning, match="different rows of one day"):
            assert ask(client)["close"].to_list() == [1, 2]


def test_only_the_main_thread_shows_a_bar_and_not_before_its_time(
    make_client: MakeClient, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A bar of each worker beside that of all of them would overwrite one another's line."""
    with Envelopes(lambda number, asked: Answer({})) as server:
        client = make_client(server, progress=True)

        def work() -> None:
            with bar(client, None, "page") as tick:
                tick(2)
                tick(1)

        def shown() -> str:
            thread = threading.Thread(target=work)
            thread.start()
            thread.join(10)
            assert capsys.readouterr().err == ""
            work()
            return capsys.readouterr().err

        assert shown() == ""
        monkeypatch.setattr(pool, "BAR_AFTER", 0.0)
        assert "2page" in shown()


def test_a_client_is_not_pickled_and_says_what_to_do(client: kd.Client) -> None:
    with pytest.raises(TypeError, match=r"not pickled, .* make it in the process that uses it"):
        pickle.dumps(client)
