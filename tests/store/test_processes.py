"""Several processes on one store, and such as are stopped or killed."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
from datetime import date
from pathlib import Path

import pytest

import kiwoomdata as kd
from kiwoomdata.calendar import trading_days
from kiwoomdata.store.disk import Store
from kiwoomdata.store.files import SeriesKey
from tests.envelopes import Answer, Asked, Envelopes
from tests.store.history import History, MakeClient, fewest


def kill_a_worker(server: Envelopes, asked: int, *words: str) -> None:
    """Start a process that asks, and kill it once so many requests have come."""
    command = [sys.executable, "-c", WORKER, server.base_url, *words]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        while len(server.asked) < asked:
            assert process.poll() is None
        process.kill()
        process.wait(10)


def test_a_long_walk_that_is_killed_goes_on_where_it_was(make_client: MakeClient, store: Path) -> None:
    with Envelopes(History()) as server:
        kill_a_worker(server, 60, str(store), "2016-01-04")
        server.asked.clear()
        client = make_client(server, cache=store)
        frame = kd.daily_prices("005930", "2016-01-04", "2024-12-30", client=client)
        assert len(server.asked) <= fewest("2016-01-04", "2024-12-30") - 45
    assert frame["date"].to_list() == trading_days(date(2016, 1, 4), date(2024, 12, 30))


def test_a_long_walk_that_fails_keeps_what_it_has(make_client: MakeClient, store: Path) -> None:
    history = History()
    with Envelopes(history) as server:
        client = make_client(server, cache=store)
        down = Answer(b"<html>down</html>")
        history.fault = lambda number, asked: down if number >= 7 else None
        with pytest.raises(kd.TransportError):
            kd.daily_prices("005930", "2024-01-02", "2024-12-30", client=client)
        history.fault = lambda number, asked: None
        server.asked.clear()
        kd.daily_prices("005930", "2024-01-02", "2024-12-30", client=client)
        assert len(server.asked) <= fewest("2024-01-02", "2024-12-30") - 6


WORKER = """
import sys, kiwoomdata as kd
settings = dict(app_key="k", app_secret="s", quota=None, state=False)
client = kd.Client(base_url=sys.argv[1], cache=sys.argv[2], **settings)
start = sys.argv[3] if sys.argv[3:] else "2022-01-03"
frame = kd.daily_prices("005930", start, "2024-12-30", client=client)
print(frame.height, kd.provenance(frame).requests)
"""


def test_two_processes_do_not_fetch_the_same_gap_twice(store: Path) -> None:
    with Envelopes(History()) as server:
        command = [sys.executable, "-c", WORKER, server.base_url, str(store)]
        running = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(3)]
        told = [process.communicate(timeout=60)[0].split() for process in running]
        sent = len(server.asked)
    assert [process.returncode for process in running] == [0, 0, 0]
    assert len({rows for rows, _ in told}) == 1
    assert sent == fewest("2022-01-03", "2024-12-30")
    assert sorted(int(requests) for _, requests in told) == [0, 0, sent]


@pytest.mark.skipif(sys.platform == "win32", reason="Windows sends no Ctrl-C to one process")
def test_ctrl_c_ends_the_wait_for_another_process_that_fetches_the_same(store: Path) -> None:
    program = WORKER.replace('"005930"', '["005930", "000660"]')
    with Envelopes(History()) as server:
        mine = SeriesKey(server.base_url, "ka10086", (("stk_cd", "005930"), ("indc_tp", "0")))
        with Store(store).lock(mine):
            command = [sys.executable, "-c", program, server.base_url, str(store)]
            process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
            others = fewest("2022-01-03", "2024-12-30")
            while len(server.asked) < others:  # the other symbol's pages: both threads are at work
                assert process.poll() is None
            process.send_signal(signal.SIGINT)
            _, errors = process.communicate(timeout=20)
    assert process.returncode != 0
    assert b"KeyboardInterrupt" in errors


PREFETCH = """
import sys, kiwoomdata as kd
from kiwoomdata.prefetch import prefetch
keys = dict(app_key="k", app_secret="s", quota=None, state=False)
client = kd.Client(base_url=sys.argv[1], cache=sys.argv[2], **keys)
told = prefetch(["005930", "000660"], "2018-01-02", "2024-12-30", client=client)
print(told.rows, told.requests)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows sends no signals to one process")
@pytest.mark.parametrize("how", ["SIGINT", "SIGTERM", "SIGKILL"])
def test_a_prefetch_that_was_stopped_goes_on_where_it_was(store: Path, how: str) -> None:
    history, stopped = History(), threading.Event()

    def late(number: int, asked: Asked) -> None:
        if number >= 100:
            stopped.wait(30)

    history.fault = late
    with Envelopes(history) as server:
        command = [sys.executable, "-c", PREFETCH, server.base_url, str(store)]
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        while len(server.asked) <= 100:  # the rest waits until it is stopped
            assert process.poll() is None
        process.send_signal(signal.Signals[how])
        process.wait(20)
        sent = len(server.asked)
        stopped.set()
        done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
        again = len(server.asked) - sent
    rows, requests = map(int, done.stdout.split())
    assert rows == 2 * len(trading_days(date(2018, 1, 2), date(2024, 12, 30)))
    lost = 2 * 5 + 2  # of each series what was not kept yet, and a page to compare
    assert again - requests in (0, 1, 2)  # what the two series had on the way when it was stopped comes late
    assert 0 < requests <= 2 * fewest("2018-01-02", "2024-12-30") - sent + lost


def test_a_process_killed_while_it_fetches_leaves_a_store_that_serves(
    make_client: MakeClient, store: Path
) -> None:
    history = History()
    with Envelopes(history) as server:
        kill_a_worker(server, 5, str(store))
        frame = kd.daily_prices("005930", "2022-01-03", "2024-12-30", client=make_client(server, cache=store))
    assert frame["date"].to_list() == trading_days(date(2022, 1, 3), date(2024, 12, 30))
