"""A process that forks: the child fails at once where it would wait for ever, and leaves its parent alone."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="of Linux alone")

PRELUDE = """
import os, sys, threading, warnings
warnings.simplefilter("ignore", DeprecationWarning)  # of Python 3.12: it forks beside threads, on purpose
import kiwoomdata as kd

def child(work):
    pid = os.fork()
    if pid == 0:
        try:
            work()
        except BaseException as error:
            print(type(error).__name__, str(error)[:90], flush=True)
            os._exit(1)
        os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
"""


def run(code: str, *arguments: object) -> str:
    """What a program says, in a process of its own, which has to end by itself."""
    command = [sys.executable, "-c", PRELUDE + code, *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_a_call_in_a_child_fails_at_once_after_polars_was_used_and_says_what_to_do() -> None:
    said = run("""
import kiwoomdata.pandas as kdp
kd.use("simulator")
client = kd.Client("simulator")
kd.daily_prices("005930", "2024-01-02", "2024-01-05")
print(child(lambda: kd.daily_prices("005930", "2024-01-02", "2024-01-05")))
print(child(lambda: client.raw("ka10086")))
print(child(lambda: kd.stream_to_frame("005930", rows=9)))
print(child(lambda: kd.conditions()))
print(child(lambda: kd.daily_prices("005930", "2024-01-02", "2024-01-05", client=client)))
frame = kd.daily_prices(["005930", "000660"], "2024-01-02", "2024-01-05")
print(child(lambda: kd.wide(frame, "close")))
print(child(lambda: kdp.to_pandas(frame)))
print(child(kd.cache.info))
print(child(lambda: kd.cache.clear(symbol="000660")))
print(child(lambda: kd.plot.candles(frame.head(4))))
""")
    assert said.count("ConfigError this process was forked after polars had begun to work") == 10
    assert said.count("\n1\n") == 10


def test_files_and_lakes_fail_at_once_too(tmp_path: Path) -> None:
    said = run(
        """
import kiwoomdata.pandas as kdp
file, lake = sys.argv[1], kd.Lake(sys.argv[2])
kd.use("simulator")
frame = kd.daily_prices("005930", "2024-01-02", "2024-01-05")
kd.write_parquet(frame, file)
lake.update("005930", what="daily_prices", start="2026-11-16")
for work in (
    lambda: kd.write_parquet(frame, file),
    lambda: kd.read_parquet(file),
    lambda: kdp.read_parquet(file),
    lambda: lake.update("005930", what="trade"),
    lambda: lake.scan("daily_prices"),
    lake.info,
    lake.check,
    lake.compact,
):
    print(child(work))
""",
        tmp_path / "prices.parquet",
        tmp_path / "lake",
    )
    assert said.count("ConfigError this process was forked after polars had begun to work") == 8
    assert said.count("\n1\n") == 8


def test_a_child_that_was_forked_before_works() -> None:
    said = run("""
kd.use("simulator")
print(child(lambda: print(kd.daily_prices("005930", "2024-01-02", "2024-01-05").height, flush=True)))
print(kd.daily_prices("005930", "2024-01-02", "2024-01-05").height)
""")
    assert said.split() == ["4", "0", "4"]


def test_processes_that_are_spawned_work(tmp_path: Path) -> None:
    program = tmp_path / "program.py"
    program.write_text(
        "import multiprocessing as mp\n"
        "from concurrent.futures import ProcessPoolExecutor\n"
        "import kiwoomdata as kd\n"
        "def ask(symbol):\n"
        "    kd.use('simulator')\n"
        "    return kd.daily_prices(symbol, '2024-01-02', '2024-01-05').height\n"
        "if __name__ == '__main__':\n"
        "    print(ask('005930'))\n"
        "    with ProcessPoolExecutor(1, mp_context=mp.get_context('spawn')) as pool:\n"
        "        print(pool.submit(ask, '000660').result(60))\n"
    )
    done = subprocess.run([sys.executable, str(program)], capture_output=True, text=True, timeout=90)
    assert done.stdout.split() == ["4", "4"], done.stderr


def test_a_child_ends_and_leaves_a_recording_and_a_stream_to_its_parent(tmp_path: Path) -> None:
    said = run(
        """
kd.use("simulator")
live = kd.stream_to_frame("005930", rows=1000, record=sys.argv[1])
assert live.wait(rows=5, seconds=30)
with live._engine.lock:  # as another thread may hold it
    pid = os.fork()
    if pid == 0:
        assert not live.running and "another process" in repr(live)
        for ask in (live.frame, live.wait, lambda: live.stats, lambda: live.gaps, lambda: next(iter(live))):
            try:
                ask()
            except kd.StreamError as error:
                assert "use spawn" in str(error)
            else:
                raise AssertionError(ask)
        live.stop()
        sys.exit(7)
print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
assert live.wait(rows=50, seconds=30)
live.stop()
print(kd.ticks(sys.argv[1]).collect().height == live.stats.decoded)
""",
        tmp_path / "ticks",
    )
    assert said.split() == ["7", "True"]


def test_a_child_of_a_thread_that_renews_a_token_gets_its_own() -> None:
    said = run("""
server = kd.simulator.start(rate=None)
keys = {"app_key": server.app_key, "app_secret": server.app_secret}
client = kd.Client(base_url=server.base_url, state=False, **keys)
keeper, asked, go = client.transport.tokens, threading.Event(), threading.Event()
issue = keeper._issue
keeper._issue = lambda: (asked.set(), go.wait(), issue())[2]
thread = threading.Thread(target=keeper.get)
thread.start()
asked.wait()
go_on = child(lambda: (go.set(), keeper.get()))
print(go_on)
go.set()
thread.join()
server.close()
""")
    assert said.split()[-1] == "0"
