"""One token for all, renewed once, and never shown."""

from __future__ import annotations

import json
import logging
import os
import pickle
import subprocess
import sys
import threading
import warnings
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest

from kiwoomdata.errors import KiwoomDataWarning, TransportError
from kiwoomdata.rest.credentials import Credentials
from kiwoomdata.rest.token import Token, TokenKeeper

SERVER = "https://api.kiwoom.com"
KEYS = Credentials("app-key-0123456789", "app-secret-0123456789")
START = datetime(2026, 11, 20, 3, 0, tzinfo=UTC)
DAY = timedelta(hours=24)

posix = pytest.mark.skipif(os.name != "posix", reason="file modes and owners are POSIX")


class Server:
    """The token endpoint, by a clock that the test moves. ``again`` is the first of the two reported ways:
    a running token is given again; without it, every issue is a new token and ends the one before."""

    def __init__(self, *, again: bool = False, life: timedelta = DAY) -> None:
        self.now = START
        self.again = again
        self.life = life
        self.issued: list[Token] = []

    def clock(self) -> datetime:
        return self.now

    def issue(self) -> Token:
        running = self.issued[-1] if self.issued and self.now < self.issued[-1].expires_at else None
        token = (
            running if self.again and running else Token(f"value-{len(self.issued)}", self.now + self.life)
        )
        self.issued.append(token)
        return token

    def keeper(self, folder: Path | None, *, server: str = SERVER, keys: Credentials = KEYS) -> TokenKeeper:
        return TokenKeeper(self.issue, server=server, credentials=keys, folder=folder, clock=self.clock)


@pytest.fixture(params=["file", "memory"])
def folder(request: pytest.FixtureRequest, tmp_path: Path) -> Path | None:
    return tmp_path / "tokens" if request.param == "file" else None


def token_file(folder: Path) -> Path:
    (path,) = folder.glob("token-*.json")
    return path


# --- reading the answer -----------------------------------------------------------------------------

ANSWER = {
    "expires_dt": "20261121104500",
    "token_type": "bearer",
    "token": "WQJCwyqInphKnR3bSRtB9NE1lv",
    "return_code": 0,
    "return_msg": "정상적으로 처리되었습니다",
}


@pytest.mark.parametrize("kind", ["bearer", "Bearer"])
def test_the_answer_of_an_issue_is_read_with_its_end_in_korean_time(kind: str) -> None:
    token = Token.from_answer(ANSWER | {"token_type": kind})
    assert (token.value, token.kind) == (ANSWER["token"], "bearer")
    assert token.expires_at == datetime(2026, 11, 21, 10, 45, tzinfo=timezone(timedelta(hours=9)))


@pytest.mark.parametrize(
    ("field", "bad"),
    [
        ("token", ""),
        ("token", "in two"),
        ("token", "line\r\nbreak"),
        ("token", 5),
        ("token_type", "mac"),
        ("token_type", None),
        ("expires_dt", "2026112110450"),
        ("expires_dt", "20261321104500"),
        ("expires_dt", "2026-11-21T10:45"),
        ("expires_dt", 20261121104500),
    ],
)
def test_a_wrong_or_missing_field_is_named_and_no_value_is_shown(field: str, bad: object) -> None:
    missing = {key: value for key, value in ANSWER.items() if key != field}
    for answer in (missing, missing | {field: bad}):
        with pytest.raises(TransportError, match=f"usable '{field}'") as caught:
            Token.from_answer(answer)
        assert str(ANSWER["token"]) not in str(caught.value)
        assert not bad or str(bad) not in str(caught.value)
        assert caught.value.__context__ is None or caught.value.__suppress_context__


def test_a_token_needs_a_time_zone() -> None:
    with pytest.raises(ValueError, match="expires_at: expected a time with a time zone"):
        Token("value", datetime(2026, 11, 21))


# --- secrets stay in --------------------------------------------------------------------------------


def test_a_token_never_shows_its_value_and_is_not_pickled() -> None:
    token = Token("very-secret", START)
    for text in (repr(token), str(token), f"{token:}", f"{[token]}"):
        assert "very-secret" not in text
        assert "2026-11-20" in text
    with pytest.raises(TypeError, match="not pickled"):
        pickle.dumps(token)


def test_nothing_secret_is_logged_or_in_the_repr_of_a_keeper(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    server = Server()
    keeper = server.keeper(tmp_path / "tokens")
    with caplog.at_level(logging.DEBUG):
        keeper.renew(keeper.get())
        keeper.forget()
    assert "new token for key" in caplog.text
    for text in (caplog.text, repr(keeper)):
        for secret in ("value-0", "value-1", KEYS.app_key, KEYS.app_secret):
            assert secret not in text


def test_the_file_holds_the_token_and_neither_key_nor_secret(tmp_path: Path) -> None:
    Server().keeper(tmp_path / "tokens").get()
    path = token_file(tmp_path / "tokens")
    held = json.loads(path.read_text())
    assert (held["token"], held["server"]) == ("value-0", SERVER)
    assert datetime.fromisoformat(held["expires_at"]) == START + DAY
    for secret in (KEYS.app_key, KEYS.app_secret):
        assert secret not in path.read_text()
        assert secret not in path.name


@posix
def test_file_lock_and_folder_are_for_their_owner_alone(tmp_path: Path) -> None:
    folder = tmp_path / "state" / "tokens"
    Server().keeper(folder).get()
    assert folder.stat().st_mode & 0o777 == 0o700
    assert {path.suffix: path.stat().st_mode & 0o777 for path in folder.iterdir()} == {
        ".json": 0o600,
        ".lock": 0o600,
    }


# --- get --------------------------------------------------------------------------------------------


def test_a_token_is_issued_once_and_renewed_one_minute_before_it_ends(folder: Path | None) -> None:
    server = Server()
    keeper = server.keeper(folder)
    first = keeper.get()
    server.now = START + DAY - timedelta(minutes=1, seconds=1)
    assert keeper.get() == first
    server.now = START + DAY - timedelta(minutes=1)
    assert keeper.get().value == "value-1"
    assert len(server.issued) == 2


def test_a_new_keeper_takes_the_token_from_the_file(tmp_path: Path) -> None:
    server = Server()
    first = server.keeper(tmp_path).get()
    assert server.keeper(tmp_path).get() == first
    assert len(server.issued) == 1


def test_a_token_that_ended_in_the_file_is_issued_anew(tmp_path: Path) -> None:
    server = Server()
    server.keeper(tmp_path).get()
    server.now = START + DAY
    assert server.keeper(tmp_path).get().value == "value-1"
    assert server.keeper(tmp_path).get().value == "value-1"


def test_servers_and_keys_have_files_of_their_own(tmp_path: Path) -> None:
    server = Server()
    others = (
        {},
        {"server": "https://mockapi.kiwoom.com"},
        {"keys": Credentials("another-key", "another-secret")},
    )
    assert [server.keeper(tmp_path, **other).get().value for other in others] == [
        "value-0",
        "value-1",
        "value-2",
    ]
    assert server.keeper(tmp_path).get().value == "value-0"


def test_a_running_token_given_again_in_its_last_minute_is_used_to_its_end(folder: Path | None) -> None:
    server = Server(again=True)
    keeper = server.keeper(folder)
    first = keeper.get()
    for left in (30, 10, 1):
        server.now = START + DAY - timedelta(seconds=left)
        assert keeper.get() == first
    assert len(server.issued) == 2
    server.now = START + DAY
    assert keeper.get() != first


def test_a_computer_whose_clock_is_ahead_is_told_and_does_not_issue_on_every_call(
    folder: Path | None,
) -> None:
    server = Server(life=-timedelta(days=2))
    keeper = server.keeper(folder)
    with pytest.warns(KiwoomDataWarning, match="Set the clock right"):
        keeper.get()
    server.now += timedelta(seconds=59)
    keeper.get()
    assert len(server.issued) == 1


def test_an_issue_that_fails_leaves_no_lock_and_no_token_behind(folder: Path | None) -> None:
    server = Server()

    def fail() -> Token:
        raise TransportError("the network is down")

    keeper = TokenKeeper(fail, server=SERVER, credentials=KEYS, folder=folder, clock=server.clock)
    for _ in range(2):
        with pytest.raises(TransportError):
            keeper.get()
    assert server.keeper(folder).get().value == "value-0"


# --- renew ------------------------------------------------------------------------------------------


def in_threads(count: int, work: Callable[[], object]) -> list[object]:
    start, answers = threading.Barrier(count), list[object]()

    def run() -> None:
        start.wait(10)
        answers.append(work())

    threads = [threading.Thread(target=run) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
        assert not thread.is_alive()
    return answers


@pytest.mark.parametrize("again", [True, False])
def test_threads_that_hold_one_refused_token_renew_it_once(folder: Path | None, again: bool) -> None:
    server = Server(again=again)
    keeper = server.keeper(folder)
    refused = keeper.get()
    answers = in_threads(12, lambda: keeper.renew(refused))
    assert len(set(map(id, server.issued))) == (1 if again else 2)
    assert len(server.issued) == 2
    assert answers == [server.issued[-1]] * 12


@pytest.mark.parametrize("again", [True, False])
def test_keepers_that_hold_one_refused_token_renew_it_once(tmp_path: Path, again: bool) -> None:
    server = Server(again=again)
    keepers = [server.keeper(tmp_path) for _ in range(3)]
    refused = {keeper.get().value for keeper in keepers}
    renewed = {keeper.renew(Token("value-0", START + DAY)).value for keeper in keepers}
    assert (refused, renewed) == ({"value-0"}, {"value-0" if again else "value-1"})
    assert len(server.issued) == 2


def test_a_token_that_somebody_else_got_is_taken_instead_of_ending_it_by_another_issue(
    tmp_path: Path,
) -> None:
    server = Server()
    one, two = server.keeper(tmp_path), server.keeper(tmp_path)
    refused = one.get()
    assert two.get() == refused
    newer = two.renew(refused)
    assert one.renew(refused) == newer
    assert one.get() == newer
    assert len(server.issued) == 2


def test_a_new_token_that_is_refused_at_once_is_renewed_again(folder: Path | None) -> None:
    keeper = (server := Server()).keeper(folder)
    assert keeper.renew(keeper.renew(keeper.get())).value == "value-2"
    assert len(server.issued) == 3


def test_a_token_given_again_on_its_refusal_is_asked_for_again_after_a_minute(folder: Path | None) -> None:
    server = Server(again=True)
    keeper = server.keeper(folder)
    refused = keeper.get()
    keeper.renew(refused)
    server.now += timedelta(seconds=59)
    assert keeper.renew(refused) == refused
    assert len(server.issued) == 2
    server.now += timedelta(seconds=1)
    keeper.renew(refused)
    assert len(server.issued) == 3


def test_a_token_refused_after_its_end_is_renewed_although_it_was_given_again_just_before(
    folder: Path | None,
) -> None:
    server = Server(again=True)
    keeper = server.keeper(folder)
    refused = keeper.get()
    server.now = START + DAY - timedelta(seconds=1)
    assert keeper.renew(refused) == refused
    server.now = START + DAY + timedelta(seconds=1)
    assert keeper.renew(refused) != refused


def test_a_token_of_somebody_else_that_has_ended_is_not_taken(tmp_path: Path) -> None:
    server = Server()
    one, two = server.keeper(tmp_path), server.keeper(tmp_path)
    refused = one.get()
    two.renew(refused)
    server.now += DAY
    assert one.renew(refused).value == "value-2"


# --- forget -----------------------------------------------------------------------------------------


def test_a_forgotten_token_is_gone_from_memory_and_file(tmp_path: Path) -> None:
    server = Server()
    keeper = server.keeper(tmp_path)
    keeper.get()
    keeper.forget()
    assert not list(tmp_path.glob("*.json"))
    assert keeper.get().value == "value-1"
    keeper.forget()
    keeper.forget()


def test_forgetting_leaves_a_newer_token_of_somebody_else_in_the_file(tmp_path: Path) -> None:
    server = Server()
    one, two = server.keeper(tmp_path), server.keeper(tmp_path)
    newer = two.renew(one.get())
    one.forget()
    assert one.get() == newer


# --- files that are not to be trusted ---------------------------------------------------------------


def by_garbage(path: Path) -> None:
    path.write_bytes(b'{"token": "half a')


def by_bytes_that_are_no_text(path: Path) -> None:
    path.write_bytes(b"\xff\xfe\x00" * 30)


def by_another_shape(path: Path) -> None:
    path.write_text('{"token": 5}')


def by_a_time_without_zone(path: Path) -> None:
    path.write_text(path.read_text().replace("Z", ""))


def by_another_server(path: Path) -> None:
    path.write_text(path.read_text().replace(SERVER, "https://elsewhere.example"))


def by_its_mode(path: Path) -> None:
    path.chmod(0o640)


def by_a_symlink(path: Path) -> None:
    path.rename(path.with_name("moved"))
    path.symlink_to(path.with_name("moved"))


def by_a_pipe(path: Path) -> None:
    path.unlink()
    os.mkfifo(path, 0o600)


def by_its_owner(path: Path) -> None:
    if os.getuid() != 0:
        pytest.skip("only root can give a file away")
    os.chown(path, 12345, -1)


@posix
@pytest.mark.parametrize(
    ("spoil", "why"),
    [
        (by_garbage, "truncated"),
        (by_bytes_that_are_no_text, "malformed"),
        (by_another_shape, "str"),
        (by_a_time_without_zone, "timezone"),
        (by_another_server, "another server"),
        (by_its_mode, "others may read it"),
        (by_a_symlink, "symbolic links"),
        (by_a_pipe, "not a regular file"),
        (by_its_owner, "another user"),
    ],
)
def test_a_spoilt_file_is_not_trusted_and_written_anew(
    spoil: Callable[[Path], None], why: str, tmp_path: Path
) -> None:
    server = Server()
    server.keeper(tmp_path).get()
    path = token_file(tmp_path)
    spoil(path)
    with pytest.warns(KiwoomDataWarning, match=rf"token-\w+\.json is not trusted .*{why}") as caught:
        assert server.keeper(tmp_path).get().value == "value-1"
    assert len(caught) == 1
    assert "value-" not in str(caught[0].message)
    assert server.keeper(tmp_path).get().value == "value-1"
    assert not path.is_symlink()
    assert path.stat().st_mode & 0o777 == 0o600


@posix
def test_a_symlinked_file_is_replaced_and_its_target_left_alone(tmp_path: Path) -> None:
    server, target = Server(), tmp_path / "target"
    keeper = server.keeper(tmp_path / "tokens")
    keeper.get()
    path = token_file(tmp_path / "tokens")
    path.unlink()
    target.write_text("precious")
    path.symlink_to(target)
    with pytest.warns(KiwoomDataWarning, match="not trusted"):
        server.keeper(tmp_path / "tokens").get()
    assert target.read_text() == "precious"


def test_a_folder_that_cannot_be_made_costs_one_warning_and_the_token_stays_in_memory(tmp_path: Path) -> None:
    (tmp_path / "in the way").write_text("a file")
    server = Server()
    keeper = server.keeper(tmp_path / "in the way" / "tokens")
    with pytest.warns(KiwoomDataWarning, match="kept in memory only.*KIWOOMDATA_STATE") as caught:
        first = keeper.get()
    assert len(caught) == 1
    assert keeper.get() == first
    assert keeper.renew(first).value == "value-1"
    keeper.forget()
    assert keeper.get().value == "value-2"


@posix
def test_a_folder_of_somebody_else_is_not_used(tmp_path: Path) -> None:
    if os.getuid() != 0:
        pytest.skip("only root can give a folder away")
    folder = tmp_path / "tokens"
    folder.mkdir(0o755)
    os.chown(folder, 12345, -1)
    with pytest.warns(KiwoomDataWarning, match="not a folder of this user alone"):
        assert Server().keeper(folder).get().value == "value-0"
    assert list(folder.iterdir()) == []


def test_a_file_that_cannot_be_replaced_costs_one_warning_and_leaves_no_scraps(tmp_path: Path) -> None:
    server = Server()
    server.keeper(tmp_path).get()
    path = token_file(tmp_path)
    path.unlink()
    path.mkdir()
    keeper = server.keeper(tmp_path)
    with pytest.warns(KiwoomDataWarning) as caught:
        assert keeper.get() == keeper.get()
    assert [str(warning.message).partition(".json ")[2][:14] for warning in caught] == [
        "is not trusted",
        "cannot be used",
    ]
    assert {entry.name for entry in tmp_path.iterdir()} == {path.name, path.with_suffix(".lock").name}


# --- processes --------------------------------------------------------------------------------------

CHILD = """
import sys, time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from kiwoomdata.rest.credentials import Credentials
from kiwoomdata.rest.token import Token, TokenKeeper

NOW = datetime(2026, 11, 20, 9, 30, tzinfo=UTC)
folder, issued, how = sys.argv[1:]

def issue():
    with open(issued, "a") as file:
        number = file.tell()
        file.write("x")
    print("issuing", flush=True)
    if how == "hang":
        time.sleep(600)
    time.sleep(0.3)  # long enough for the other process to get here as well, if nothing held it up
    return Token(f"value-{number}", NOW + timedelta(hours=24))

keeper = TokenKeeper(
    issue,
    server="https://api.kiwoom.com",
    credentials=Credentials("app-key-0123456789", "app-secret-0123456789"),
    folder=Path(folder),
    clock=lambda: NOW,
)
print("ready", flush=True)
sys.stdin.readline()
token = keeper.get()
if how == "renew":
    token = keeper.renew(Token("value-0", NOW + timedelta(hours=24)))
print("got", token.value, flush=True)
"""


class Child:
    """A process of its own with a keeper on the shared folder."""

    def __init__(self, folder: Path, how: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-W", "error", "-c", CHILD, str(folder / "tokens"), str(folder / "issued"), how],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.stdin, self.stdout = self.process.stdin, self.process.stdout

    def __enter__(self) -> Child:
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.wait(10)
        self.stdin.close()
        self.stdout.close()

    def expect(self, line: str) -> None:
        assert self.stdout.readline() == f"{line}\n"

    def go(self) -> None:
        self.stdin.write("\n")
        self.stdin.flush()

    def result(self) -> str:
        return self.stdout.read().split()[-1]


@pytest.mark.parametrize(("how", "issues"), [("get", 1), ("renew", 2)])
def test_two_processes_that_start_at_once_issue_and_renew_once(tmp_path: Path, how: str, issues: int) -> None:
    with Child(tmp_path, how) as one, Child(tmp_path, how) as two:
        for child in (one, two):
            child.expect("ready")
        for child in (one, two):
            child.go()
        assert [one.result(), two.result()] == [f"value-{issues - 1}"] * 2
    assert (tmp_path / "issued").read_text() == "x" * issues


def test_a_process_killed_while_it_issues_leaves_the_lock_free(tmp_path: Path) -> None:
    with Child(tmp_path, "hang") as child:
        child.expect("ready")
        child.go()
        child.expect("issuing")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert Server().keeper(tmp_path / "tokens").get().value == "value-0"


def test_a_process_that_hangs_while_it_issues_holds_nobody_up_for_ever(tmp_path: Path) -> None:
    server = Server()
    keeper = TokenKeeper(
        server.issue,
        server=SERVER,
        credentials=KEYS,
        folder=tmp_path / "tokens",
        clock=server.clock,
        lock_wait=0.2,
    )
    with Child(tmp_path, "hang") as child:
        child.expect("ready")
        child.go()
        child.expect("issuing")
        with pytest.warns(KiwoomDataWarning, match="going on without it"):
            assert keeper.get().value == "value-0"
