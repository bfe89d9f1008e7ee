"""One quota over hosts: a real Redis, which is killed, stopped, emptied, and started from an old snapshot."""

from __future__ import annotations

import logging
import signal
import subprocess
import threading
import time
import traceback
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import kiwoomdata as kd
from kiwoomdata.errors import ConfigError, KiwoomDataWarning
from kiwoomdata.rest.gates import MemoryGate, SqliteGate, gate_of
from kiwoomdata.rest.limits import Gate, Place, Quota
from kiwoomdata.rest.redis_gate import HOSTS, LOOK, Address, RedisGate, careful
from tests.rest.redis_server import RedisServer
from tests.rest.test_limits import LATE, SCOPE, FakeTime, most_in_a_window

PASSWORD = "canary-of-the-quota-store"
MakeClient = Callable[..., kd.Client]


def gate_at(server: RedisServer, quota: Quota, **more: Any) -> RedisGate:
    return RedisGate(Address(server.url), quota, MemoryGate(careful(quota)), **more)


# --- the rule ---------------------------------------------------------------------------------------

ACTS = st.one_of(
    st.tuples(st.just("take"), st.just(0.0)),
    st.tuples(st.just("close"), st.floats(0, 5)),
    st.tuples(st.just("leave"), st.floats(0, 1)),
    st.tuples(st.just("due"), st.floats(0, 1)),
    st.tuples(st.just("step back"), st.floats(0, 1e4)),
)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    count=st.integers(1, 5),
    per=st.sampled_from([0.3, 1.0, 7.0]),
    acts=st.lists(st.tuples(ACTS, st.floats(0, 2)), min_size=1, max_size=25),
)
def test_the_script_and_the_pure_rule_give_the_same_places(
    one_redis: RedisServer, count: int, per: float, acts: list[tuple[tuple[str, float], float]]
) -> None:
    with one_redis.client() as client:
        client.flushall()
    fake, quota = FakeTime(), Quota(count, per)
    ours = MemoryGate(quota, fake.clock)
    theirs = gate_at(one_redis, quota, clock=fake.clock, pause=0.0)
    held: list[tuple[Place, Place]] = []
    for (act, number), gap in acts:
        fake.now += gap
        if act == "step back":
            fake.now -= number
            held.clear()  # places have moved by the step
        elif act == "take":
            held.append((ours._take(SCOPE), theirs._take(SCOPE)))
            assert held[-1][1].seconds == pytest.approx(held[-1][0].seconds, abs=1e-4)
        elif act == "close":
            ours.penalise(SCOPE, number)
            theirs.penalise(SCOPE, number)
        elif held:
            mine, other = held.pop(int(number * (len(held) - 1)))
            if act == "leave":
                ours._leave(SCOPE, mine)
                theirs._leave(SCOPE, other)
            elif mine.at >= fake.now:  # a place that is past may not be on record any more
                fake.now = mine.at + 0.001
                assert theirs._left(SCOPE, other) == ours._left(SCOPE, mine)
    theirs.close()


def test_the_careful_quota_is_a_part_of_the_whole() -> None:
    for text in ("5/s", "1/s", "1/s burst 2", "20/m", "12/s"):
        quota = Quota.parse(text)
        assert quota is not None
        part = careful(quota)
        assert HOSTS * part.count / part.per <= quota.count / quota.per * 1.000001
        assert part.per >= quota.per


# --- hosts ------------------------------------------------------------------------------------------


class Hosts:
    """Gates that share nothing but a Redis, each used by two threads without a pause."""

    def __init__(self, gates: list[Gate]) -> None:
        self.grants: list[float] = []
        self.gates = gates
        self._stop = threading.Event()
        self._came = threading.Condition()
        self._threads = [
            threading.Thread(target=self._work, args=(gate,)) for gate in gates for _ in range(2)
        ]

    def _work(self, gate: Gate) -> None:
        while not self._stop.is_set():
            try:
                gate.wait(SCOPE, self._stop)
            except InterruptedError:
                return
            with self._came:
                self.grants.append(time.monotonic())
                self._came.notify_all()

    def wait_for(self, more: int) -> None:
        with self._came:
            until = len(self.grants) + more
            assert self._came.wait_for(lambda: len(self.grants) >= until, 30)

    def __enter__(self) -> Hosts:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join(10)
            assert not thread.is_alive()
        for gate in self.gates:
            gate.close()


def test_hosts_share_one_bound_also_while_redis_is_killed_and_comes_back(redis_server: RedisServer) -> None:
    quota = Quota(5, 0.25)
    gates: list[Gate] = [gate_at(redis_server, quota) for _ in range(3)]
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        with Hosts(gates) as hosts:
            hosts.wait_for(20)
            redis_server.kill()
            hosts.wait_for(9)
            assert all(gate._gone for gate in gates)  # type: ignore[attr-defined]
            redis_server.start()
            hosts.wait_for(25)
            assert not any(gate._gone for gate in gates)  # type: ignore[attr-defined]
    assert most_in_a_window(sorted(hosts.grants), quota.per - LATE) <= quota.count
    told = [str(warning.message) for warning in caught]
    assert len(told) == len(gates), told
    assert all("cannot be used" in line and "1 in 0.25 s" in line for line in told)


def test_a_redis_that_hangs_is_gone_and_back(redis_server: RedisServer) -> None:
    quota = Quota(5, 0.25)
    gates: list[Gate] = [gate_at(redis_server, quota) for _ in range(2)]
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        with Hosts(gates) as hosts:
            hosts.wait_for(10)
            redis_server.signal(signal.SIGSTOP)
            hosts.wait_for(8)
            redis_server.signal(signal.SIGCONT)
            hosts.wait_for(20)
            assert not any(gate._gone for gate in gates)  # type: ignore[attr-defined]
    assert most_in_a_window(sorted(hosts.grants), quota.per - LATE) <= quota.count
    assert [str(warning.message).count("cannot be used (TimeoutError") for warning in caught] == [1, 1]


def test_a_redis_that_is_gone_at_the_start_is_told_once_and_used_when_it_comes(
    redis_server: RedisServer, caplog: pytest.LogCaptureFixture
) -> None:
    redis_server.kill()
    gate = gate_at(redis_server, Quota(5, 0.2))
    begun = time.monotonic()
    with pytest.warns(KiwoomDataWarning, match="Start Redis, or mend the address") as caught:
        gate.wait(SCOPE)
    assert time.monotonic() - begun >= 0.2  # others may have gone just before
    gate.wait(SCOPE)  # with warnings as errors
    assert len(caught) == 1
    redis_server.start()
    with caplog.at_level(logging.INFO, "kiwoomdata.rest.redis_gate"):
        for _ in range(5):
            gate.wait(SCOPE)
    assert not gate._gone
    assert [record.message for record in caplog.records] == [
        f"redis://127.0.0.1:{redis_server.port}/0 is back: all hosts count together again"
    ]
    gate.close()


def test_an_idle_connection_that_redis_closed_is_no_news(redis_server: RedisServer) -> None:
    gate = gate_at(redis_server, Quota(5, 0.1), pause=0.0)
    gate.wait(SCOPE)
    with redis_server.client() as client:
        client.client_kill_filter(_type="normal", skipme=True)
    gate.wait(SCOPE)  # with warnings as errors
    gate.close()


# --- a Redis that forgot ----------------------------------------------------------------------------


def snapshot_then_kill(server: RedisServer) -> None:
    with server.client() as client:
        client.save()
    gate = gate_at(server, Quota(1, 1.0), pause=0.0)
    for _ in range(9):
        gate._take(SCOPE)
    gate.close()
    server.kill()
    server.start()


def empty(server: RedisServer) -> None:
    with server.client() as client:
        client.flushall()


@pytest.mark.parametrize("forget", [snapshot_then_kill, empty])
def test_after_redis_forgot_nobody_goes_before_what_was_granted_counts_no_more(
    forget: Callable[[RedisServer], None], redis_server: RedisServer
) -> None:
    gate = gate_at(redis_server, Quota(5, 1.0))
    first = gate._take(SCOPE)
    assert first.seconds == pytest.approx(2 * LOOK + 1.02)
    gate._leave(SCOPE, first)
    forget(redis_server)
    assert gate._take("another scope").seconds == pytest.approx(2 * LOOK + 1.02, abs=0.3)
    assert gate._take(SCOPE).seconds == pytest.approx(2 * LOOK + 1.02, abs=0.3)
    gate.close()


def test_a_place_that_redis_forgot_while_its_holder_slept_is_queued_for_again(
    redis_server: RedisServer,
) -> None:
    slept: list[float] = []

    def sleep(seconds: float, stop: threading.Event | None) -> bool:
        slept.append(seconds)
        if len(slept) == 1:
            redis_server.kill()
            redis_server.start()
        return False

    gate = gate_at(redis_server, Quota(1, 5.0), pause=0.0, sleep=sleep)
    gate._take(SCOPE)
    gate.wait(SCOPE)
    assert slept == [pytest.approx(5.02, abs=0.3)]
    gate.close()


# --- the address and the password -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("url", "told"),
    [
        (f"redis://:{PASSWORD}@quota.example.com:6379/0", r"'?redis://quota.example.com.* use rediss://"),
        ("redis://192.168.0.7", r"redis://192.168.0.7:6379/0 would .* use rediss://"),
        ("http://127.0.0.1", r"expected an address such as .*'http://127.0.0.1' is none"),
        (f"redis://:{PASSWORD}@/0", r"expected an address such as .*\(not shown\)"),
        (f"rediss://:{PASSWORD}@host:6379/0?ssl_cert_reqs=none", r"without a query.*\(not shown\)"),
        (f"rediss://:{PASSWORD}@host:port", r"expected .*\(not shown\)"),
        (f"redis:{PASSWORD}@host", r"expected .*\(not shown\)"),
        ("rediss://host/zero", r"expected .*'rediss://host/zero' is none"),
        ("memory", r"expected .*'memory' is none"),
    ],
)
def test_an_address_that_is_not_taken_is_refused_before_any_request(url: str, told: str) -> None:
    with pytest.raises(ConfigError, match=rf"^quota_store: .*{told}") as caught:
        kd.Client("mock", app_key="k", app_secret="s", quota_store=url, state=False, cache=False)
    assert PASSWORD not in str(caught.value)
    shown = traceback.TracebackException.from_exception(caught.value, capture_locals=True)
    assert PASSWORD not in "".join(line for line in shown.format() if "test_redis_gate" not in line)


def test_tls_is_taken_anywhere_and_the_password_shows_nowhere() -> None:
    address = Address(f"rediss://someone:{PASSWORD}@quota.example.com/3")
    assert (address.tls, address.port, address.db) == (True, 6379, 3)
    gate = RedisGate(address, "5/s", MemoryGate(None))
    for shown in (address, gate, vars(address), vars(gate), gate._redis, gate._redis.get_connection_kwargs()):
        assert PASSWORD not in repr(shown)


@pytest.fixture
def locked(tmp_path: Path, redis_server: RedisServer) -> RedisServer:
    with redis_server.client() as client:
        client.config_set("requirepass", PASSWORD)
    return redis_server


def test_a_password_opens_and_a_wrong_one_is_told_without_being_shown(
    locked: RedisServer, caplog: pytest.LogCaptureFixture
) -> None:
    right, wrong = (f"redis://:{word}@127.0.0.1:{locked.port}" for word in (PASSWORD, PASSWORD[::-1]))
    with caplog.at_level(logging.DEBUG):
        gate = RedisGate(Address(right), Quota(5, 0.1), MemoryGate(None), pause=0.0)
        gate.wait(SCOPE)
        gate.close()
        gate = RedisGate(Address(wrong), Quota(5, 0.1), MemoryGate(None), pause=0.0)
        with pytest.warns(KiwoomDataWarning, match=r"cannot be used \(Authentication") as caught:
            gate.wait(SCOPE)
        gate.close()
    for shown in (str(caught[0].message), caplog.text):
        assert PASSWORD not in shown
        assert PASSWORD[::-1] not in shown


def test_an_interrupted_call_carries_no_frame_that_shows_the_password(locked: RedisServer) -> None:
    def interrupt() -> float:
        raise KeyboardInterrupt

    gate = RedisGate(
        Address(f"redis://:{PASSWORD}@127.0.0.1:{locked.port}"), "5/s", MemoryGate(None), clock=interrupt
    )
    with pytest.raises(KeyboardInterrupt) as caught:
        gate.wait(SCOPE)
    shown = traceback.TracebackException.from_exception(caught.value, capture_locals=True)
    inside = [line for line in shown.format() if "/tests/" not in line]
    assert PASSWORD not in "".join(inside)
    gate.close()


def test_tls_is_checked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cert, key = tmp_path / "cert.pem", tmp_path / "key.pem"
    names = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"]
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", *names]
    subprocess.run([*command, "-keyout", key, "-out", cert], check=True, capture_output=True)
    server = RedisServer.with_tls(tmp_path, cert, key)
    try:
        url = f"rediss://localhost:{server.port}"
        gate = RedisGate(Address(url), Quota(5, 0.1), MemoryGate(None), pause=0.0)
        with pytest.warns(KiwoomDataWarning, match="certificate verify failed"):
            gate.wait(SCOPE)
        gate.close()
        monkeypatch.setenv("SSL_CERT_FILE", str(cert))
        gate = RedisGate(Address(url), Quota(5, 0.1), MemoryGate(None), pause=0.0)
        gate.wait(SCOPE)  # with warnings as errors
        gate.close()
    finally:
        server.kill()


# --- the client -------------------------------------------------------------------------------------


def test_clients_of_two_hosts_share_the_quota_and_no_token(
    server: kd.simulator.Server, one_redis: RedisServer, make_client: MakeClient, tmp_path: Path
) -> None:
    with one_redis.client() as redis:
        redis.flushall()
    url = one_redis.url
    two = [
        make_client(server, quota="5/s", quota_store=url, state=tmp_path / name, cache=False)
        for name in ("one", "two")
    ]
    for client in two:
        kd.daily_prices("005930", "2026-11-02", "2026-11-20", client=client)
    issued = [entry.api_id for entry in server.log].count("au10001")
    assert issued == 2
    with one_redis.client() as redis:
        (key,) = redis.keys()
        held = redis.hgetall(key)
    token = two[0].transport.tokens.get().value.encode()
    assert not any(word in part for part in (*held, *held.values()) for word in (token, b"secret"))
    log = next(held[scope] for scope in held if scope.endswith(b":ka10086"))
    assert len(log.split()) >= 2 + 2  # both went through it


def test_the_environment_names_the_store(monkeypatch: pytest.MonkeyPatch, one_redis: RedisServer) -> None:
    monkeypatch.setenv("KIWOOMDATA_QUOTA_STORE", "redis://quota.example.com")
    with pytest.raises(ConfigError, match="quota_store: "):
        kd.Client("mock", app_key="k", app_secret="s", cache=False)
    monkeypatch.setenv("KIWOOMDATA_QUOTA_STORE", one_redis.url)
    with kd.Client("mock", app_key="k", app_secret="s", cache=False) as client:
        assert isinstance(client.transport._gate, RedisGate)


def test_who_counts_follows_from_what_is_given(tmp_path: Path, one_redis: RedisServer) -> None:
    quota = Quota(5, 1.0)
    assert isinstance(gate_of(quota, None, None), MemoryGate)
    assert isinstance(gate_of(quota, tmp_path, None), SqliteGate)
    assert isinstance(gate_of(None, tmp_path, one_redis.url), MemoryGate)
    over_hosts = gate_of(quota, tmp_path, one_redis.url)
    assert isinstance(over_hosts, RedisGate)
    assert isinstance(over_hosts.alone, SqliteGate)
    assert (over_hosts.quota, over_hosts.alone.quota) == (quota, Quota(1, 1.0))
