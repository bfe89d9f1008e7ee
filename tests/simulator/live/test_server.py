"""The server of the live side: what it logs, when it ends."""

from __future__ import annotations

import gc
import socket
import subprocess
import sys
import threading
import time as clock_time
from typing import Any

import pytest

from kiwoomdata import simulator
from kiwoomdata.simulator import Server
from tests.simulator.live.listening import MARKET, deaf_client, open_wire, until


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"pace": -1}, "pace: expected a number of 0 or more"),
        ({"pace": "fast"}, "pace: expected"),
        ({"frame_rate": 0}, "frame_rate: expected more than 0"),
        ({"duplicate_ws": "both"}, "duplicate_ws: expected one of 'kick', 'coexist'"),
        ({"ping_interval": 0}, "ping_interval: expected more than 0"),
        ({"ping_miss_limit": 0}, "ping_miss_limit: expected 1 or more"),
        ({"ws_item_limit": 0}, "ws_item_limit: expected 1 or more"),
        ({"ws_rate": "many"}, "rate: expected"),
        ({"empty_conditions": "none"}, "empty_conditions: expected one of"),
    ],
)
def test_a_wrong_switch_of_the_live_side_is_told(wrong: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        simulator.start(market=MARKET, **wrong)


def test_a_wrong_pace_or_rate_is_told_while_it_runs(server: Server) -> None:
    with pytest.raises(ValueError, match="pace: expected"):
        server.live.pace = -5
    with pytest.raises(ValueError, match="rate: expected more than 0"):
        server.live.rate = 0


def test_the_live_side_starts_when_it_is_asked_for_and_ends_with_the_server() -> None:
    before = set(threading.enumerate())
    with simulator.start(market=MARKET) as server:
        started = len(threading.enumerate())
        assert server.ws_url.startswith("ws://127.0.0.1:")
        assert server.ws_url == server.live.ws_url
        assert len(threading.enumerate()) > started
        with open_wire(server) as wire:
            wire.register(["005930"], ["0B"])
            assert wire.hear()["trnm"] == "REAL"
            server.close()
            end = wire.last_words()[1]
            assert end.rcvd is not None
            assert end.rcvd.code == 1001
    until(lambda: set(threading.enumerate()) <= before)
    gc.collect()  # a socket left open is a warning, and a warning an error


def test_a_closed_server_has_no_live_side_to_start() -> None:
    with simulator.start(market=MARKET) as server:
        pass
    with pytest.raises(RuntimeError, match="live: this simulator is closed"):
        _ = server.ws_url


def test_the_port_of_the_live_side_can_be_chosen() -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with simulator.start(market=MARKET, ws_port=port) as server:
        assert server.ws_url == f"ws://127.0.0.1:{port}/api/dostk/websocket"


def test_a_server_closes_in_time_with_a_client_that_does_not_read(server: Server) -> None:
    with deaf_client(server):
        began = clock_time.monotonic()
        server.close()
        assert clock_time.monotonic() - began < 5


FORGETFUL = """
import json, urllib.request
from datetime import date, time
from websockets.sync.client import connect
from kiwoomdata import simulator
server = simulator.start(today=date(2026, 11, 20), now=time(18, 30))
keys = {"grant_type": "client_credentials", "appkey": server.app_key, "secretkey": server.app_secret}
ask = urllib.request.Request(
    server.base_url + "/oauth2/token", json.dumps(keys).encode(), {"content-type": "application/json"}
)
with urllib.request.urlopen(ask) as answer:
    token = json.load(answer)["token"]
connection = connect(server.ws_url, ping_interval=None)
connection.send(json.dumps({"trnm": "LOGIN", "token": token}))
print(json.loads(connection.recv())["return_code"])
"""


def test_a_forgotten_server_does_not_hold_the_interpreter() -> None:
    done = subprocess.run(
        [sys.executable, "-c", FORGETFUL], capture_output=True, text=True, timeout=30, check=False
    )
    assert (done.returncode, done.stdout.strip()) == (0, "0"), done.stderr
