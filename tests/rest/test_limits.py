"""The rolling bound, whoever asks, from however many threads and processes."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import threading
import time
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kiwoomdata.errors import KiwoomDataWarning
from kiwoomdata.rest.gates import MemoryGate, SqliteGate
from kiwoomdata.rest.limits import (
    CAREFUL,
    KEEP,
    MOCK,
    REAL,
    Gate,
    Quota,
    ScopeLog,
    close,
    reserve,
    settle,
)
from kiwoomdata.rest.redis_gate import Address, RedisGate
from tests.rest.redis_server import RedisServer

SCOPE = "0123456789abcdef:ka10086"


def test_a_log_keeps_every_grant_of_the_window_and_some_before_it() -> None:
    quota, log = Quota(3 * KEEP, 60), ScopeLog(0.0, 0.0)
    for second in range(2 * KEEP):
        log, _ = reserve(log, second / 4, quota=quota)
    assert log.grants == tuple(second / 4 for second in range(2 * KEEP))
    late = reserve(log, 10_000, quota=quota)[0]
    assert late.grants == (*log.grants[-KEEP:], 10_000)


class FakeTime:
    """A clock that only sleeping moves."""

    def __init__(self, now: float = 1000.0) -> None:
        self.now = now
        self.while_asleep: Callable[[], None] | None = None

    def clock(self) -> float:
        return self.now

    def sleep(self, seconds: float, stop: threading.Event | None) -> bool:
        self.now += seconds
        act, self.while_asleep = self.while_asleep, None
        if act is not None:
            act()
        return stop is not None and stop.is_set()


@pytest.fixture(params=["memory", "sqlite", "redis"])
def make_gate(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Callable[..., Gate]]:
    server: RedisServer | None = request.getfixturevalue("one_redis") if request.param == "redis" else None
    made: list[Gate] = []

    def make(quota: str | Quota | None, fake: FakeTime, margin: float = 0.0) -> Gate:
        if server is not None:
            with server.client() as client:
                client.flushall()
            alone = MemoryGate(None)
            gate: Gate = RedisGate(
                Address(server.url),
                quota,
                alone,
                clock=fake.clock,
                sleep=fake.sleep,
                margin=margin,
                pause=0.0,
            )
            gate.early = 0.0  # a penalty is noticed so much earlier, and the sums below are exact
        elif request.param == "memory":
            gate = MemoryGate(quota, fake.clock, sleep=fake.sleep, margin=margin)
        else:
            path = tmp_path / "state" / "quota.db"
            gate = SqliteGate(path, quota, fake.clock, sleep=fake.sleep, margin=margin)
        made.append(gate)
        return gate

    yield make
    for gate in made:
        gate.close()


def most_in_a_window(grants: list[float], per: float) -> int:
    """Brute force: the fullest half-open window of ``per`` seconds that starts at a grant."""
    return max(sum(start <= grant < start + per for grant in grants) for start in grants)


# --- quotas -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "quota"),
    [
        ("5/s", Quota(5, 1.0)),
        ("1/s", Quota(1, 1.0)),
        ("20/m", Quota(20, 60.0)),
        (" 1 / s  burst 2 ", Quota(2, 2.0)),
        ("5/s burst 2", Quota(2, 0.4)),
        (Quota(3, 0.5), Quota(3, 0.5)),
        (None, None),
    ],
)
def test_a_quota_is_read_from_words(text: str | Quota | None, quota: Quota | None) -> None:
    assert Quota.parse(text) == quota


def test_the_named_quotas_are_what_their_words_say() -> None:
    assert [Quota.parse(text) for text in ("5/s", "1/s", "1/s burst 2")] == [REAL, MOCK, CAREFUL]


@pytest.mark.parametrize(
    "text", ["", "5", "5/d", "0/s", "-1/s", "1.5/s", "1/s burst 0", "1/s burst", "٥/s", 5]
)
def test_a_bad_quota_is_refused_with_parameter_value_and_remedy(text: str) -> None:
    with pytest.raises(ValueError, match=r"quota: expected .*'5/s'.*got ") as caught:
        Quota.parse(text)
    assert str(caught.value).endswith(repr(text))


@pytest.mark.parametrize(
    "fields", [(0, 1.0), (True, 1.0), (1.5, 1.0), (1, 0.0), (1, float("inf")), (1, float("nan"))]
)
def test_a_quota_of_nothing_or_forever_cannot_be_made(fields: tuple[int, float]) -> None:
    with pytest.raises(ValueError, match="quota: "):
        Quota(*fields)


# --- the pure reservation ---------------------------------------------------------------------------


@given(
    count=st.integers(1, 6),
    per=st.floats(0.1, 20),
    margin=st.sampled_from([0.0, 0.02]),
    gaps=st.lists(st.one_of(st.just(0.0), st.floats(0, 3), st.floats(0, 60)), min_size=1, max_size=40),
)
def test_no_window_ever_holds_more_than_the_quota(
    count: int, per: float, margin: float, gaps: list[float]
) -> None:
    now, log, grants = 0.0, None, []
    for gap in gaps:
        now += gap
        log, at = reserve(settle(log, now), now, quota=Quota(count, per), margin=margin)
        grants.append(at)
        assert at >= now
    assert grants == sorted(grants)
    assert most_in_a_window(grants, per + margin - 1e-6) <= count


@given(
    count=st.integers(1, 4),
    steps=st.lists(
        st.tuples(st.floats(0, 2), st.one_of(st.just(0.0), st.floats(0, 1e4))), min_size=2, max_size=30
    ),
)
def test_a_clock_that_steps_back_lets_nobody_through_early_and_blocks_nobody(
    count: int, steps: list[tuple[float, float]]
) -> None:
    real, offset, log, grants = 0.0, 1e6, None, []
    for asked, (gap, back) in enumerate(steps, start=1):
        real, offset = real + gap, offset - back
        now = real + offset
        log, at = reserve(settle(log, now), now, quota=Quota(count, 1.0), margin=0.0)
        grants.append(real + at - now)
        assert at - now <= asked + 1e-6  # at worst everybody before is still queueing, one second each
    assert most_in_a_window(grants, 1.0 - 1e-6) <= count


@given(count=st.integers(1, 5), gaps=st.lists(st.floats(0, 1), min_size=1, max_size=30))
def test_the_full_rate_is_reached_when_it_is_asked_for(count: int, gaps: list[float]) -> None:
    quota, log, now = Quota(count, 1.0), None, 0.0
    last = [-1e9] * count
    for gap in gaps:
        now += gap
        log, at = reserve(settle(log, now), now, quota=quota, margin=0.0)
        assert at == pytest.approx(
            max(now, last[-1], last[-count] + 1.0)
        )  # the earliest moment that is allowed
        last.append(at)


def test_nobody_overtakes_those_who_queue_already() -> None:
    log = ScopeLog(
        made=0.0, closed_until=0.0, grants=(0.0, 30.0)
    )  # a process with a slower quota asked twice
    assert reserve(log, 1.0, quota=REAL)[1] == 30.0


def test_a_shorter_penalty_does_not_open_a_closed_scope() -> None:
    log = close(settle(None, 0.0), 0.0, seconds=10)
    assert close(log, 1.0, seconds=1).closed_until == 10


# --- all gates, by an injected clock ----------------------------------------------------------------


def test_a_gate_lets_the_quota_through_at_once_and_then_keeps_the_pace(
    make_gate: Callable[..., Gate],
) -> None:
    fake = FakeTime()
    gate = make_gate("1/s burst 2", fake)
    assert [gate.wait(SCOPE) for _ in range(6)] == pytest.approx([0, 0, 2, 0, 2, 0])


def test_the_margin_widens_the_window(make_gate: Callable[..., Gate]) -> None:
    gate = make_gate("1/s", FakeTime(), margin=0.02)
    assert [gate.wait(SCOPE) for _ in range(3)] == pytest.approx([0, 1.02, 1.02])


def test_scopes_do_not_wait_for_each_other(make_gate: Callable[..., Gate]) -> None:
    gate = make_gate("1/s", FakeTime())
    assert [gate.wait(f"{SCOPE}{n}") for n in range(5)] == [0, 0, 0, 0, 0]


def test_without_a_quota_nobody_waits_until_the_server_refuses(make_gate: Callable[..., Gate]) -> None:
    gate = make_gate(None, FakeTime())
    assert [gate.wait(SCOPE) for _ in range(100)] == [0] * 100
    gate.penalise(SCOPE, 3)
    assert [gate.wait(SCOPE), gate.wait(SCOPE), gate.wait("another")] == pytest.approx([3, 0, 0])


def test_a_penalty_holds_up_its_scope_alone_and_the_pace_goes_on_behind_it(
    make_gate: Callable[..., Gate],
) -> None:
    gate = make_gate("1/s", FakeTime())
    gate.penalise(SCOPE, 7)
    assert gate.wait("another") == 0
    assert [gate.wait(SCOPE) for _ in range(2)] == pytest.approx([7, 1])


def test_a_penalty_also_reaches_those_who_are_already_waiting(make_gate: Callable[..., Gate]) -> None:
    fake = FakeTime()
    gate = make_gate("1/s", fake)
    gate.wait(SCOPE)
    fake.while_asleep = lambda: gate.penalise(SCOPE, 5)
    assert gate.wait(SCOPE) == pytest.approx(6)  # its second, then the penalty


def test_a_place_left_because_of_a_penalty_is_not_held_against_anybody(
    make_gate: Callable[..., Gate],
) -> None:
    fake = FakeTime()
    gate = make_gate("1/s burst 2", fake)
    gate.wait(SCOPE)
    gate.wait(SCOPE)
    fake.while_asleep = lambda: gate.penalise(SCOPE, 0.5)
    assert [gate.wait(SCOPE) for _ in range(3)] == pytest.approx([2.5, 0, 2])


@pytest.mark.parametrize("seconds", [-1, float("nan"), float("inf")])
def test_a_penalty_of_no_definite_length_is_refused(seconds: float) -> None:
    with pytest.raises(ValueError, match="seconds: expected a finite number"):
        MemoryGate("1/s").penalise(SCOPE, seconds)


def test_a_stopped_wait_gives_its_place_back(make_gate: Callable[..., Gate]) -> None:
    fake, stop = FakeTime(), threading.Event()
    gate = make_gate("1/s", fake)
    gate.wait(SCOPE)
    start = fake.now
    fake.while_asleep = lambda: (stop.set(), setattr(fake, "now", start + 0.25))[0]
    with pytest.raises(InterruptedError, match="quota"):
        gate.wait(SCOPE, stop)
    assert gate.wait(SCOPE) == pytest.approx(0.75)


def test_a_wait_that_is_stopped_beforehand_takes_no_place(make_gate: Callable[..., Gate]) -> None:
    stop = threading.Event()
    stop.set()
    gate = make_gate("1/s", FakeTime())
    with pytest.raises(InterruptedError):
        gate.wait(SCOPE, stop)
    assert gate.wait(SCOPE) == 0


def test_an_interrupted_wait_gives_its_place_back(make_gate: Callable[..., Gate]) -> None:
    def interrupt() -> None:
        raise KeyboardInterrupt

    fake = FakeTime()
    gate = make_gate("1/s", fake)
    gate.wait(SCOPE)
    fake.while_asleep = interrupt
    with pytest.raises(KeyboardInterrupt):
        gate.wait(SCOPE)
    assert gate.wait(SCOPE) == 0  # the sleep had taken its second before it was interrupted


@given(giving_back=st.lists(st.booleans(), min_size=1, max_size=30), count=st.integers(1, 3))
def test_places_given_back_never_loosen_the_bound(giving_back: list[bool], count: int) -> None:
    fake, grants = FakeTime(), []
    gate = MemoryGate(Quota(count, 1.0), fake.clock, sleep=fake.sleep, margin=0.0)
    for leave in giving_back:
        stop = threading.Event()
        if leave:
            stop.set()
            with pytest.raises(InterruptedError):
                gate.wait(SCOPE, stop)
        else:
            gate.wait(SCOPE, stop)
            grants.append(fake.now)
    assert not grants or most_in_a_window(grants, 1.0 - 1e-6) <= count


def test_a_clock_stepping_back_a_year_blocks_nobody(make_gate: Callable[..., Gate]) -> None:
    fake = FakeTime(now=1e9)
    gate = make_gate("1/s", fake)
    gate.wait(SCOPE)
    fake.now -= 365 * 86400
    assert [gate.wait(SCOPE) for _ in range(2)] == pytest.approx([1, 1])


# How much later than granted a busy machine may note the time; a broken bound shows as a whole window.
LATE = 0.08

# --- the real clock: threads ------------------------------------------------------------------------


def in_threads(count: int, work: Callable[[], None]) -> None:
    threads = [threading.Thread(target=work) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
        assert not thread.is_alive()


@pytest.mark.parametrize("kind", ["memory", "sqlite"])
def test_threads_share_one_gate_within_the_bound(kind: str, tmp_path: Path) -> None:
    quota, grants = Quota(5, 0.2), []
    gate: Gate = MemoryGate(quota) if kind == "memory" else SqliteGate(tmp_path / "quota.db", quota)

    def work() -> None:
        for _ in range(4):
            gate.wait(SCOPE)
            grants.append(time.monotonic())

    in_threads(6, work)
    assert len(grants) == 24
    assert most_in_a_window(sorted(grants), quota.per - LATE) <= quota.count
    assert max(grants) - min(grants) < 8.0  # 24 grants need 0.88 s


def test_stop_ends_a_real_wait_at_once() -> None:
    gate, stop, ended = MemoryGate(Quota(1, 60.0)), threading.Event(), threading.Event()
    gate.wait(SCOPE)

    def work() -> None:
        with pytest.raises(InterruptedError):
            gate.wait(SCOPE, stop)
        ended.set()

    thread = threading.Thread(target=work)
    thread.start()
    stop.set()
    assert ended.wait(5)
    thread.join(5)


def test_ctrl_c_ends_a_real_wait_and_gives_the_place_back(tmp_path: Path) -> None:
    child = Child(tmp_path / "quota.db", Quota(1, 60.0), grants=2)
    with child:
        assert child.line().startswith("grant")
        wait_for_places(tmp_path / "quota.db", 2)
        child.process.send_signal(signal.SIGINT)
        assert child.process.wait(10) != 0
    assert places(tmp_path / "quota.db") == 1


# --- the real clock: processes ----------------------------------------------------------------------

CHILD = """
import sys, time
from pathlib import Path
from kiwoomdata.rest.gates import SqliteGate
from kiwoomdata.rest.limits import Quota
path, count, per, grants, scope = sys.argv[1:]
gate = SqliteGate(Path(path), Quota(int(count), float(per)))
print("ready", flush=True)
sys.stdin.readline()
for _ in range(int(grants)):
    gate.wait(scope)
    print("grant", time.monotonic(), flush=True)  # one for all processes of the machine
"""


class Child:
    """A process of its own that asks one shared gate for a number of grants and prints when it got them."""

    def __init__(self, path: Path, quota: Quota, *, grants: int) -> None:
        arguments = [str(path), str(quota.count), str(quota.per), str(grants), SCOPE]
        self.process = subprocess.Popen(
            [sys.executable, "-W", "error", "-c", CHILD, *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.stdin, self.stdout = self.process.stdin, self.process.stdout
        self.started = False

    def ready(self) -> None:
        if not self.started:
            assert self.stdout.readline() == "ready\n"
            self.started = True

    def go(self) -> None:
        self.stdin.write("\n")
        self.stdin.flush()

    def __enter__(self) -> Child:
        self.ready()
        self.go()
        return self

    def line(self) -> str:
        return self.stdout.readline()

    def grants(self) -> list[float]:
        return [float(line.split()[1]) for line in self.stdout]

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.wait(10)
        self.stdin.close()
        self.stdout.close()


def places(path: Path) -> int:
    """How many grants the file holds for the scope."""
    db = sqlite3.connect(path)
    try:
        return int(db.execute("SELECT json_array_length(log, '$.grants') FROM quota").fetchone()[0])
    finally:
        db.close()


def wait_for_places(path: Path, count: int) -> None:
    deadline = time.monotonic() + 10
    while places(path) != count:
        assert time.monotonic() < deadline
        time.sleep(0.01)


@pytest.fixture
def pair(tmp_path: Path) -> Iterator[tuple[Child, Child]]:
    quota = Quota(2, 0.2)
    children = Child(tmp_path / "quota.db", quota, grants=8), Child(tmp_path / "quota.db", quota, grants=8)
    for child in children:
        child.ready()
    with children[0], children[1]:
        yield children


def test_processes_that_start_together_share_one_bound_fairly(pair: tuple[Child, Child]) -> None:
    first, second = (child.grants() for child in pair)
    grants = sorted([*first, *second])
    assert len(grants) == 16
    assert most_in_a_window(grants, 0.2 - LATE) <= 2
    assert grants[-1] - grants[0] < 8.0  # 16 grants need 1.54 s
    half = grants[len(grants) // 2]
    assert 2 <= sum(grant < half for grant in first) <= 6  # of eight; a polling limiter gives one side seven


def test_a_killed_waiter_leaves_nothing_stuck(tmp_path: Path) -> None:
    path, quota = tmp_path / "quota.db", Quota(1, 1.0)
    with Child(path, quota, grants=2) as child:
        assert child.line().startswith("grant")
        wait_for_places(path, 2)
        os.kill(child.process.pid, signal.SIGKILL)
        child.process.wait(10)
    assert SqliteGate(path, quota).wait(SCOPE) < 2.1  # behind the place that the dead one had reserved


def test_processes_killed_in_the_middle_of_it_do_not_break_the_file(tmp_path: Path) -> None:
    path, quota = tmp_path / "quota.db", Quota(2000, 1.0)
    for _ in range(5):
        with Child(path, quota, grants=100_000) as one, Child(path, quota, grants=100_000) as two:
            for child in (one, two):
                assert child.line().startswith("grant")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        SqliteGate(path, quota).wait(SCOPE)


FORK = """
import os, sys, threading, time
from pathlib import Path
from kiwoomdata.rest.gates import SqliteGate
from kiwoomdata.rest.limits import Quota
gate = SqliteGate(Path(sys.argv[1]), Quota(5, 0.1))
over = threading.Event()
def busy():
    while not over.is_set():
        gate.wait("busy")
threads = [threading.Thread(target=busy) for _ in range(3)]
for thread in threads:
    thread.start()
for _ in range(20):
    child = os.fork()
    if child == 0:
        gate.wait("forked")
        os._exit(0)
    deadline = time.monotonic() + 10
    done, status = 0, 1
    while not done and time.monotonic() < deadline:
        done, status = os.waitpid(child, os.WNOHANG)
        time.sleep(0.001)
    if not done:
        os.kill(child, 9)
    assert done and status == 0, "the child hangs"
over.set()
for thread in threads:
    thread.join()
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
def test_a_gate_survives_a_fork_while_other_threads_use_it(tmp_path: Path) -> None:
    command = [
        sys.executable,
        "-W",
        "error",
        "-W",
        "ignore::DeprecationWarning",
        "-c",
        FORK,
        str(tmp_path / "q.db"),
    ]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (0, "")


# --- the file ---------------------------------------------------------------------------------------


@pytest.mark.skipif(os.name != "posix", reason="file modes are POSIX")
def test_the_file_is_readable_by_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "state" / "quota.db"
    SqliteGate(path, "1/s").wait(SCOPE)
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700


def test_two_gates_on_one_file_share_the_count(tmp_path: Path) -> None:
    fake = FakeTime()
    one, two = (
        SqliteGate(tmp_path / "q.db", "1/s", fake.clock, sleep=fake.sleep, margin=0.0) for _ in range(2)
    )
    assert [gate.wait(SCOPE) for gate in (one, two, one)] == pytest.approx([0, 1, 1])


def test_a_slower_quota_on_the_same_scope_still_sees_what_a_faster_one_granted(tmp_path: Path) -> None:
    fake = FakeTime()
    fast, slow = (
        SqliteGate(tmp_path / "q.db", quota, fake.clock, sleep=fake.sleep, margin=0.0)
        for quota in ("5/s", "1/s burst 4")
    )
    for _ in range(10):
        fast.wait(SCOPE)
    assert fake.now == pytest.approx(1001.0)
    assert slow.wait(SCOPE) == pytest.approx(4.0)  # four went at 1001, and four may in any four seconds


def test_the_log_of_a_scope_stays_small(tmp_path: Path) -> None:
    fake = FakeTime()
    gate = SqliteGate(tmp_path / "q.db", "5/s", fake.clock, sleep=fake.sleep)
    for _ in range(200):
        gate.wait(SCOPE)
    assert places(tmp_path / "q.db") <= 65


def test_a_file_that_somebody_removed_is_made_anew(tmp_path: Path) -> None:
    fake, path = FakeTime(), tmp_path / "state" / "q.db"
    gate = SqliteGate(path, "1/s", fake.clock, sleep=fake.sleep)
    gate.wait(SCOPE)
    path.unlink()
    path.parent.rmdir()
    assert gate.wait(SCOPE) == 0
    assert path.exists()


def test_a_file_that_somebody_replaced_is_used_as_it_is_now(tmp_path: Path) -> None:
    fake = FakeTime()
    gate, other = (
        SqliteGate(tmp_path / name, "1/s", fake.clock, sleep=fake.sleep, margin=0.0)
        for name in ("a.db", "b.db")
    )
    gate.wait(SCOPE)
    other.wait("another scope")
    other.close()
    (tmp_path / "b.db").replace(tmp_path / "a.db")
    assert gate.wait(SCOPE) == 0
    assert gate.wait(SCOPE) == pytest.approx(1)


def test_a_gate_opens_its_file_once_and_again_after_it_was_closed(tmp_path: Path) -> None:
    opened = []
    sys.addaudithook(lambda event, args: opened.append(args[0]) if event == "sqlite3.connect" else None)
    gate = SqliteGate(tmp_path / "q.db", None)
    for _ in range(5):
        gate.wait(SCOPE)
    assert opened == [tmp_path / "q.db"]
    gate.close()
    gate.close()
    for _ in range(5):
        gate.wait(SCOPE)
    assert opened == [tmp_path / "q.db"] * 2


CARRIED = """
import os, sys
from pathlib import Path
from kiwoomdata.rest.gates import SqliteGate
path, folder = sys.argv[1], "/proc/self/fd/"
def held():
    return sum(path in os.path.realpath(folder + name) for name in os.listdir(folder))
gate = SqliteGate(Path(path), None)
gate.wait("x")
assert held() == 1
child = os.fork()
if child == 0:
    os._exit(held())
assert os.waitpid(child, 0)[1] == 0
gate.wait("x")
assert held() == 1
"""


@pytest.mark.skipif(not os.path.isdir("/proc/self/fd"), reason="needs a list of open files")
def test_no_open_file_is_carried_into_a_child(tmp_path: Path) -> None:
    command = [sys.executable, "-W", "error", "-c", CARRIED, str(tmp_path / "q.db")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def break_by_garbage(path: Path) -> None:
    path.write_bytes(b"this is not a database, it is a letter to nobody in particular" * 100)


def break_by_a_foreign_row(path: Path) -> None:
    db = sqlite3.connect(path)
    db.execute("CREATE TABLE quota (scope TEXT PRIMARY KEY, log BLOB NOT NULL) WITHOUT ROWID")
    db.execute("INSERT INTO quota VALUES (?, ?)", (SCOPE, b'{"made": "noon"}'))
    db.commit()
    db.close()


def break_by_a_folder(path: Path) -> None:
    path.mkdir()


def break_by_a_file_for_a_folder(path: Path) -> None:
    path.parent.rmdir()
    path.parent.write_text("in the way")


@pytest.mark.parametrize(
    "break_it", [break_by_garbage, break_by_a_foreign_row, break_by_a_folder, break_by_a_file_for_a_folder]
)
def test_a_file_that_cannot_be_used_costs_one_warning_and_no_pace(
    break_it: Callable[[Path], None], tmp_path: Path
) -> None:
    path, fake = tmp_path / "state" / "q.db", FakeTime()
    path.parent.mkdir()
    break_it(path)
    gate = SqliteGate(path, "1/s", fake.clock, sleep=fake.sleep, margin=0.0)
    with pytest.warns(KiwoomDataWarning, match=r"q\.db cannot be used .* KIWOOMDATA_STATE") as caught:
        assert [gate.wait(SCOPE) for _ in range(3)] == pytest.approx([0, 1, 1])
    assert len(caught) == 1


def test_the_warning_about_an_unusable_file_is_one_for_all_threads(tmp_path: Path) -> None:
    path = tmp_path / "q.db"
    break_by_garbage(path)
    gate = SqliteGate(path, "1000/s")
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        in_threads(8, lambda: [gate.wait(SCOPE) for _ in range(5)] and None)
    assert [warning.category for warning in caught] == [KiwoomDataWarning]


@settings(max_examples=20)
@given(gaps=st.lists(st.floats(0, 2), min_size=1, max_size=8))
def test_both_gates_give_the_same_waits(gaps: list[float], tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.mktemp("quota") / "q.db"
    waits = []
    for kind in (MemoryGate, lambda *a, **k: SqliteGate(path, *a, **k)):
        fake = FakeTime()
        gate = kind("1/s burst 2", fake.clock, sleep=fake.sleep)
        waits.append([(setattr(fake, "now", fake.now + gap), gate.wait(SCOPE))[1] for gap in gaps])
    assert waits[0] == pytest.approx(waits[1], abs=1e-6)


def test_grants_are_handed_out_in_the_order_of_asking(tmp_path: Path) -> None:
    gate, order = SqliteGate(tmp_path / "q.db", Quota(1, 0.15)), list[int]()
    gate.wait(SCOPE)
    threads = [threading.Thread(target=lambda n=n: (gate.wait(SCOPE), order.append(n))) for n in range(5)]
    for n, thread in enumerate(threads):
        thread.start()
        wait_for_places(tmp_path / "q.db", n + 2)
    for thread in threads:
        thread.join(10)
    assert order == [0, 1, 2, 3, 4]
