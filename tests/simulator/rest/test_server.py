"""The simulator's server itself: its seed, its clock, its log, its end."""

from __future__ import annotations

import gc
import os
import socket
import subprocess
import sys
import threading
import time as clock_time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import date, datetime, time, timedelta
from typing import Any
from urllib.parse import urlsplit

import pytest

from kiwoomdata import simulator
from kiwoomdata.calendar import KST, now_kst, previous_trading_day
from kiwoomdata.entries import ENDPOINTS
from kiwoomdata.simulator import Market, Server
from tests.conftest import TODAY
from tests.simulator.rest.market import ETF, HALTED, MARKET, STOCK_TRS, text_of
from tests.talk import BODIES, MARKET_DATA, Talk, number


def short(seed: int) -> dict[str, Any]:
    """A market of a year and a half, which is quick to make."""
    return {
        "seed": seed,
        "market": Market(seed, today=TODAY, now=time(14, 10), first_day=date(2025, 6, 2)),
    }


def test_the_same_seed_gives_the_same_bytes_in_whatever_order_they_are_asked_for(
    serve: Callable[..., Talk],
) -> None:
    first, second, other = (serve(**short(seed)) for seed in (5, 5, 6))
    assert first.issue().content == second.issue().content != other.issue().content
    forth = {api_id: first.ask(api_id).content for api_id in BODIES}
    assert forth == {api_id: second.ask(api_id).content for api_id in reversed(BODIES)}
    # Lists of sectors, brokers and themes, and sentences, are the same in every market.
    same = [api_id for api_id in BODIES if other.ask(api_id).content == forth[api_id]]
    assert len(same) < len(forth) / 20


def test_a_server_makes_its_market_of_seed_and_day(serve: Callable[..., Talk]) -> None:
    talk = serve(seed=3, today=TODAY)
    own = serve(market=Market(3, today=TODAY, now=time(18, 30)))
    assert talk.server.seed == 3
    assert talk.ask("ka10086").content == own.ask("ka10086").content


def test_a_server_stands_still_at_the_moment_it_is_given(serve: Callable[..., Talk]) -> None:
    assert serve(today=TODAY).server.now() == datetime(2026, 11, 20, 18, 30, tzinfo=KST)
    server = serve(today=TODAY, now=time(10, 5)).server
    assert server.now() == datetime(2026, 11, 20, 10, 5, tzinfo=KST)
    server.market.now = time(11)
    assert server.now() == datetime(2026, 11, 20, 11, tzinfo=KST)


def test_a_day_can_go_by(serve: Callable[..., Talk]) -> None:
    talk = serve(today=TODAY, now=time(8))
    assert talk.ask("ka10086").rows[0]["date"] == "20261119"
    assert talk.ask("ka10006").json["close_pric"] == ""
    assert len(talk.ask("ka10086").rows) == 20
    volumes = []
    for moment in (time(9, 30), time(11), time(15, 31)):
        talk.server.market.now = moment
        rows = talk.ask("ka10086").rows
        assert rows[0]["date"] == "20261120"
        volumes.append(number(rows[0]["trde_qty"]))
    assert volumes == sorted(set(volumes))


@pytest.mark.parametrize("at", [time(7), time(8, 20), time(9), time(12), time(15, 25), time(17), time(20)])
def test_every_tr_answers_at_any_time_of_day(serve: Callable[..., Talk], recent: Market, at: time) -> None:
    recent.now = at
    talk = serve(market=recent)
    for api_id in BODIES:
        codes = [HALTED, "499990", ETF, "005930_AL"] if api_id in STOCK_TRS else [None]
        for code in codes:
            symbol = ENDPOINTS[api_id].param("stk_cd")
            venue = "_AL" if symbol is None or symbol.suffix else ""
            reply = talk.ask(api_id, **({"stk_cd": code.replace("_AL", venue)} if code else {}))
            assert (reply.status, reply.json["return_code"]) == (200, 0)


def test_without_a_moment_the_market_stands_after_the_latest_close(serve: Callable[..., Talk]) -> None:
    talk = serve(seed=1)
    real = now_kst()
    assert abs(talk.server.now() - real) < timedelta(minutes=1)
    assert talk.server.today <= real.date()
    newest = talk.ask("ka10086", qry_dt=text_of(real.date())).rows[0]["date"]
    assert newest == text_of(talk.server.today)


def test_the_log_tells_what_was_asked_and_answered(serve: Callable[..., Talk]) -> None:
    talk = serve()
    server = talk.server
    first = talk.ask("ka10086")
    talk.ask("ka10086", next_key=first.next_key)
    talk.ask("ka10086", qry_dt=None)
    assert [record.api_id for record in server.log] == ["au10001", "ka10086", "ka10086", "ka10086"]
    assert (server.log.count(), server.log.count("ka10086"), server.log.count("ka10004")) == (4, 3, 0)
    second = server.log[2]
    assert (second.cont_yn, second.next_key) == ("Y", first.next_key)
    assert (second.path, second.body) == (MARKET_DATA, BODIES["ka10086"])
    assert (second.status, second.return_code, second.rows) == (200, 0, 20)
    assert second.time == server.now()
    assert server.log[-1].return_code == 2
    server.log.clear()
    assert (len(server.log), server.log.count()) == (0, 0)


def test_the_log_keeps_no_keys_and_no_tokens(serve: Callable[..., Talk]) -> None:
    talk = serve()
    token = talk.token
    talk.ask("ka10006")
    talk.revoke(token)
    told = repr(list(talk.server.log)) + repr(talk.server)
    for secret in (token, talk.server.app_key, talk.server.app_secret):
        assert secret not in told


def test_many_at_once_are_answered_and_counted(shared: Server) -> None:
    before = shared.log.count("ka10086")
    codes = ["005930", "000660", "035420", "086520"] * 8

    def fetch(code: str) -> tuple[str, bytes]:
        with Talk(shared) as talk:
            return code, talk.ask("ka10086", stk_cd=code).content

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(fetch, codes))
    assert len(set(answers)) == 4
    assert shared.log.count("ka10086") - before == 32


def test_closing_ends_threads_sockets_and_idle_connections() -> None:
    before = set(threading.enumerate())
    server = simulator.start(market=MARKET)
    idle, talk = Talk(server), Talk(server)
    idle.connection.connect()
    talk.ask("ka10006")
    port = int(server.base_url.rpartition(":")[2])
    assert server.running
    server.close()
    server.close()
    assert not server.running
    assert not set(threading.enumerate()) - before
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port), timeout=2).close()
    assert talk.connection.sock is not None
    assert talk.connection.sock.recv(1) == b""
    idle.connection.close()
    talk.connection.close()
    gc.collect()  # a socket left open would warn here


def test_a_closing_server_does_not_wait_for_a_slow_answer() -> None:
    server = simulator.start(market=MARKET, latency=60)
    with Talk(server) as talk:
        failures: list[BaseException] = []

        def ask() -> None:
            try:
                talk.issue()
            except OSError as error:
                failures.append(error)

        thread = threading.Thread(target=ask)
        thread.start()
        while not server.log.count():
            clock_time.sleep(0.001)
        began = clock_time.monotonic()
        server.close()
        assert clock_time.monotonic() - began < 4
        thread.join(5)
        assert len(failures) == 1


def test_latency_is_added_to_every_answer(serve: Callable[..., Talk]) -> None:
    talk = serve(latency=0.05)
    began = clock_time.monotonic()
    talk.ask("ka10006")  # and its token
    assert clock_time.monotonic() - began >= 0.1


def test_a_port_can_be_chosen() -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with simulator.start(market=MARKET, port=port) as server:
        assert server.base_url == f"http://127.0.0.1:{port}"
        live = urlsplit(server.ws_url)
        assert (live.scheme, live.hostname) == ("ws", "127.0.0.1")


_FORKED = """
import os, sys
from kiwoomdata import simulator
from kiwoomdata.simulator.server import shared_simulator
server, ours = simulator.start(seed=1), shared_simulator()
if os.fork() == 0:
    assert not server.running
    server.close()
    assert shared_simulator().base_url != ours.base_url
    sys.exit(0)
_, status = os.wait()
assert os.waitstatus_to_exitcode(status) == 0
assert server.running and ours.running
print("both ended")
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_a_forked_child_ends_and_leaves_its_parents_simulator_alone() -> None:
    done = subprocess.run([sys.executable, "-c", _FORKED], capture_output=True, text=True, timeout=30)
    assert done.stdout.strip() == "both ended", done.stderr


@pytest.mark.parametrize("host", ["0.0.0.0", "192.168.0.1", "example.com", "::"])
def test_other_than_loopback_is_refused(host: str) -> None:
    with pytest.raises(ValueError, match="host: expected a loopback address"):
        simulator.start(host=host)


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"rate": "5 per second"}, "rate: expected '5/s'"),
        ({"mode": "paper"}, "mode: expected one of 'real', 'mock'"),
        ({"token_reissue": "new"}, "token_reissue: expected one of"),
        ({"token_type": "BEARER"}, "token_type: expected one of"),
        ({"message_1700": "newest"}, "message_1700: expected one of"),
        ({"token_life": 0}, "token_life: expected more than 0"),
        ({"latency": -1}, "latency: expected 0 or more"),
        ({"page_rows": 0}, "page_rows: expected 1 or more"),
        ({"market": MARKET, "today": TODAY}, "market, today, now"),
        ({"app_key": "one"}, "app_key, app_secret: give both"),
    ],
)
def test_a_wrong_switch_is_told(wrong: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        simulator.start(**wrong)


def test_resources_of_the_live_side_are_closed_with_the_server() -> None:
    closed: list[str] = []
    with simulator.start(market=MARKET) as server:
        server.resources.callback(closed.append, "live")
    assert closed == ["live"]


def test_the_latest_session_may_be_days_ago() -> None:
    sunday = Market(1, today=date(2026, 11, 22), now=time(12))
    with simulator.start(market=sunday) as server, Talk(server) as talk:
        assert server.today == date(2026, 11, 22)
        assert talk.ask("ka10006").json["date"] == text_of(previous_trading_day(server.today))


def test_each_of_several_keys_has_its_token_and_its_quota(serve: Callable[..., Talk]) -> None:
    talk = serve(rate="1/s", timer=lambda: 0.0)
    server = talk.server
    pairs = [(server.app_key, server.app_secret), server.add_key("b"), server.add_key("c")]
    assert server.add_key("b") == pairs[1]
    tokens = [talk.issue(appkey=key, secretkey=secret).json["token"] for key, secret in pairs]
    assert len(set(tokens)) == 3
    said = []
    for token in tokens * 2:  # the first is still good after the others were issued
        talk.token = token
        said.append(talk.ask("ka10081").verdict[0])
    assert said == [0, 0, 0, 5, 5, 5]
    assert [record.key for record in server.log if record.api_id == "ka10081"] == [0, 1, 2] * 2
    assert talk.issue(appkey=server.add_key("d")[0], secretkey=pairs[2][1]).verdict[1] == "8002"
