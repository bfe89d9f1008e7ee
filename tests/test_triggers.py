"""What brings about each error and each warning: no class without its trigger here."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

import kiwoomdata as kd
from kiwoomdata import errors
from kiwoomdata.kinds import KST
from kiwoomdata.rest.transport import Retry
from tests.envelopes import Answer, row, serving
from tests.stream.talking import trade, until
from tests.ws_server import WsServer

OK = {"return_code": 0, "return_msg": ""}
SUNDAY = datetime(2024, 6, 30, 12, tzinfo=KST)
WEEK = ("2024-06-24", "2024-06-28")
DAYS = ("20240628", "20240627", "20240626", "20240625", "20240624")
GOOD = [row("ka10086", date=day, close_pric="+5", trde_qty="3") for day in DAYS]


class Setting:
    """Servers and clients of one trigger, which end with it."""

    def __init__(self, stack: ExitStack, folder: Path) -> None:
        self.stack, self.folder = stack, folder

    def client(self, *answers: Answer, **settings: Any) -> kd.Client:
        server = self.stack.enter_context(serving(*answers))
        return self.of(server, **settings)

    def of(self, server: Any, **settings: Any) -> kd.Client:
        made = {
            "base_url": server.base_url,
            "app_key": server.app_key,
            "app_secret": server.app_secret,
            "ws_url": server.ws_url,
            "quota": None,
            "state": False,
            "cache": self.folder,
            "retry": Retry(2, base=0.001, longest=0.001),
            "clock": lambda: SUNDAY,
            "progress": False,
        }
        return self.stack.enter_context(kd.Client(**{**made, **settings}))

    def live(self) -> tuple[WsServer, kd.Client]:
        server = self.stack.enter_context(WsServer())
        return server, self.of(server)

    def stream(self, server: WsServer, client: kd.Client, **options: Any) -> kd.Live[Any]:
        live = kd.stream_to_frame("005930", rows=100, client=client, **options)
        self.stack.callback(live.stop)
        server.until(lambda: server.requests("REG"))
        until(lambda: live.stats.connected)
        return live


def prices(rows: list[dict[str, Any]] = GOOD, more: str = "N", key: str = "") -> Answer:
    return Answer({"daly_stkpc": rows, **OK}, {"cont-yn": more, "next-key": key})


def refusal(code: int, message: str) -> Answer:
    return Answer({"return_code": code, "return_msg": message})


def ask(client: kd.Client, **more: Any) -> Any:
    return kd.daily_prices("005930", *WEEK, client=client, **more)


def changed(**cells: str | None) -> list[dict[str, Any]]:
    """The week, its second row with other cells, or without some."""
    other = {key: told for key, told in {**GOOD[1], **cells}.items() if told is not None}
    return [GOOD[0], other, *GOOD[2:]]


# --- what goes wrong over REST -------------------------------------------------------------


def no_key(s: Setting) -> None:
    kd.Client("real")


def a_server_that_is_down(s: Setting) -> None:
    ask(s.client(Answer({"return_code": 1, "return_msg": "x"}, status=503)))


def a_refusal(s: Setting) -> None:
    ask(s.client(refusal(2, "입력 값 오류입니다[1511:필수 입력 값이 없습니다]")))


def a_token_that_is_refused_twice(s: Setting) -> None:
    ask(s.client(refusal(3, "인증에 실패했습니다[8005:Token이 유효하지 않습니다]")))


def too_many_requests(s: Setting) -> None:
    ask(s.client(Answer(refusal(5, "[1700:허용된 요청 개수를 초과하였습니다]").body, status=429)))


def a_tr_that_is_not_offered(s: Setting) -> None:
    ask(s.client(refusal(20, "모의투자에서 지원하지 않는 서비스입니다")))


def a_text_that_fits_no_rule(s: Setting) -> None:
    ask(s.client(prices(changed(trde_qty="many"))))


def a_key_that_comes_again(s: Setting) -> None:
    pages = [prices(GOOD[:2], "Y", "k"), prices(GOOD[2:4], "Y", "k")]
    ask(s.client(*pages))


def a_folder_that_is_a_file(s: Setting) -> None:
    file = s.folder / "file"
    file.write_text("")
    s.client(cache=file)


def offline_without_anything_held(s: Setting) -> None:
    ask(s.client(prices()), offline=True)


# --- what goes wrong with a stream ---------------------------------------------------------


def a_second_stream_with_the_key(s: Setting) -> None:
    server, client = s.live()
    s.stream(server, client)
    kd.stream_to_frame("000660", rows=10, client=client)


def a_login_that_is_refused(s: Setting) -> None:
    server, client = s.live()
    server.logins = [(805003, "거부")] * 9
    with kd.stream_to_frame("005930", rows=10, client=client) as live:
        live.wait(rows=1, seconds=20)


def the_same_key_elsewhere(s: Setting) -> None:
    server, client = s.live()
    live = s.stream(server, client)
    server.kick()
    live.wait(rows=1, seconds=20)


def an_end_without_reconnecting(s: Setting) -> None:
    server, client = s.live()
    live = s.stream(server, client, reconnect=False)
    server.drop()
    live.wait(rows=1, seconds=20)


def a_consumer_that_is_too_slow(s: Setting) -> None:
    server, client = s.live()
    live = s.stream(server, client, buffer=20, batch=5, on_full="raise")
    server.push(*(trade(n) for n in range(1, 6)))
    next(iter(live))
    server.push(*(trade(n) for n in range(6, 106)))
    live.wait(rows=1000, seconds=20)


def a_server_that_keeps_silent(s: Setting) -> None:
    server, client = s.live()
    server.answers["CNSRLST"] = lambda message: []
    kd.conditions(client=client, timeout=0.3)


# --- what is told --------------------------------------------------------------------------


def a_stored_file_that_is_damaged(s: Setting) -> None:
    client = s.client(prices(), clock=lambda: datetime(2024, 7, 30, 12, tzinfo=KST))
    ask(client)
    for path in s.folder.rglob("*.rows"):
        path.write_bytes(path.read_bytes()[:-1] + b"x")
    for path in s.folder.rglob("*.typed"):
        path.unlink()
    ask(client)


def a_key_of_tomorrow(s: Setting) -> None:
    ask(s.client(prices([{**each, "new_key": "5"} for each in GOOD])))


def a_key_that_is_left_out(s: Setting) -> None:
    ask(s.client(prices(changed(trde_qty=None))))


def a_field_that_is_full(s: Setting) -> None:
    ask(s.client(prices(changed(trde_qty="4294967295"))))


def no_rows(s: Setting) -> None:
    ask(s.client(prices([])))


def a_day_without_a_row(s: Setting) -> None:
    ask(s.client(prices([GOOD[0], *GOOD[2:]])))


TRIGGERS: dict[str, Callable[[Setting], object]] = {
    "ConfigError": no_key,
    "TransportError": a_server_that_is_down,
    "ApiError": a_refusal,
    "AuthError": a_token_that_is_refused_twice,
    "RateLimited": too_many_requests,
    "Unsupported": a_tr_that_is_not_offered,
    "DecodeError": a_text_that_fits_no_rule,
    "Truncated": a_key_that_comes_again,
    "CacheError": a_folder_that_is_a_file,
    "NotCached": offline_without_anything_held,
    "StreamError": a_second_stream_with_the_key,
    "LoginRefused": a_login_that_is_refused,
    "Kicked": the_same_key_elsewhere,
    "ConnectionLost": an_end_without_reconnecting,
    "BufferFull": a_consumer_that_is_too_slow,
    "NoAnswer": a_server_that_keeps_silent,
    "KiwoomDataWarning": a_stored_file_that_is_damaged,
    "UnknownKey": a_key_of_tomorrow,
    "MissingKey": a_key_that_is_left_out,
    "UnprovenValue": a_field_that_is_full,
    "EmptyAnswer": no_rows,
    "IncompleteFrame": a_day_without_a_row,
}
ROOTS = {"KiwoomDataError"}
"""Raised by nobody: what it is good for is to be caught."""


@pytest.fixture
def setting(tmp_path: Path) -> Iterator[Setting]:
    with ExitStack() as stack:
        yield Setting(stack, tmp_path)


def test_each_error_and_each_warning_has_a_trigger() -> None:
    assert TRIGGERS.keys() == set(errors.__all__) - ROOTS
    told = [line.split()[0] for line in (errors.__doc__ or "").splitlines() if line.startswith("  ")]
    assert set(told) == set(errors.__all__)


@pytest.mark.parametrize("name", TRIGGERS)
def test_a_trigger_brings_about_its_class_and_no_other(setting: Setting, name: str) -> None:
    kind = getattr(kd, name)
    if issubclass(kind, kd.KiwoomDataError):
        with pytest.raises(kd.KiwoomDataError) as caught:
            TRIGGERS[name](setting)
        assert type(caught.value) is kind
        return
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        TRIGGERS[name](setting)
    assert {warning.category for warning in told} == {kind}
