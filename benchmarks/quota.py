"""One quota over four processes: counted in a file of this machine, and over a Redis as if by four hosts.

The simulator enforces five a second. Beside each figure stands the limit that it is held to: how much of the
quota is used, and how many requests are refused.
"""

from __future__ import annotations

import shutil
import socket
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

import kiwoomdata as kd
from benchmarks.timing import hold

PROCESSES, THREADS, API_ID = 4, 1, "ka10001"
WARM, WINDOWS = 30, 20
"""Requests that are not counted, while the processes start; seconds of the quota that are."""

CHILD = """
import sys, threading
import kiwoomdata as kd
address, key, secret, state, store = sys.argv[1:]
client = kd.Client(base_url=address, app_key=key, app_secret=secret, quota="5/s", quota_store=store or None,
                   state=state, cache=False, progress=False)
def work():
    while True:
        client.raw("%s", symbol="005930")
for _ in range(%d):
    threading.Thread(target=work, daemon=True).start()
sys.stdin.readline()
""" % (API_ID, THREADS)  # noqa: UP031 - braces may stand in it


def main() -> None:
    with tempfile.TemporaryDirectory() as place:
        measure("SQLite, one machine", Path(place), hosts=False)
        program = shutil.which("redis-server")
        if program is None:
            print("Redis: no redis-server here; on Debian: apt install redis-server")
            return
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        command = [program, "--bind", "127.0.0.1", "--port", str(port), "--dir", place, "--save", ""]
        running = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        try:
            measure("Redis, four hosts", Path(place), hosts=True, store=f"redis://127.0.0.1:{port}")
        finally:
            running.kill()
            running.wait()


def measure(name: str, place: Path, *, hosts: bool, store: str = "") -> None:
    with kd.simulator.start(seed=1, rate="5/s") as server, ExitStack() as rest:
        for number in range(PROCESSES):
            state = place / name / (f"host-{number}" if hosts else "machine")
            words = (server.base_url, server.app_key, server.app_secret, str(state), store)
            child = subprocess.Popen([sys.executable, "-c", CHILD, *words], stdin=subprocess.PIPE)
            rest.callback(child.wait)
            rest.callback(child.kill)
        while server.log.count(API_ID) < WARM + 5 * WINDOWS + 1:
            time.sleep(0.05)
        records = [record for record in server.log if record.api_id == API_ID][WARM:]
    refused = sum(record.status == 429 for record in records)
    times = sorted(record.time.timestamp() for record in records if record.status == 200)
    sent = (len(times) - 1) // 5 * 5  # five at once, and then five again
    took = times[sent] - times[0]
    print(hold(f"{name}: share of 5/s used", sent / took / 5, least=0.97))
    print(hold(f"{name}: requests refused", refused, most=0))


if __name__ == "__main__":
    main()
