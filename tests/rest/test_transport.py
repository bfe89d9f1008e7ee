"""One exchange at a time, over real sockets: it ends in time, it can be stopped, and it leaks nothing."""

from __future__ import annotations

import gc
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
import traceback
import warnings
from collections.abc import Callable, Collection, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
import requests

import kiwoomdata as kd
from kiwoomdata.rest import protocol
from kiwoomdata.rest.address import check_address
from kiwoomdata.rest.credentials import Credentials
from kiwoomdata.rest.gates import MemoryGate
from kiwoomdata.rest.protocol import Request
from kiwoomdata.rest.token import TokenKeeper
from kiwoomdata.rest.transport import Retry, Transport
from kiwoomdata.rest.watchdog import Watchdog
from tests.envelopes import TOKEN, Answer, Envelopes, serving

GOOD = {"return_code": 0, "return_msg": "OK"}
ASK = Request("ka10086", "/api/dostk/mrkcond", {"stk_cd": "005930"})
HANGS = Retry(timeout=60)


def transport_to(server: Any, retry: Retry | None = None, **more: Any) -> Transport:
    credentials = Credentials(server.app_key, server.app_secret)
    return Transport(
        server.base_url,
        credentials,
        MemoryGate(None),
        tokens=lambda issue: TokenKeeper(
            issue, server=server.base_url, credentials=credentials, folder=None, clock=server.now
        ),
        retry=retry or Retry(attempts=3, base=0.01, longest=0.02, timeout=5),
        **more,
    )


class Wire:
    """Answers token requests well and TR requests by ``answer``, byte by byte if it likes."""

    app_key, app_secret, now = "wire-key", "wire-secret", Envelopes.now

    def __init__(self) -> None:
        self.answer: Callable[[socket.socket], None] = lambda peer: None
        self.asked = threading.Semaphore(0)
        self.over = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.base_url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self._threads = [threading.Thread(target=self._accept)]
        self._threads[0].start()

    def _accept(self) -> None:
        while True:
            peer, _ = self._listener.accept()
            if self.over.is_set():
                peer.close()
                return
            thread = threading.Thread(target=self._serve, args=(peer,))
            self._threads.append(thread)
            thread.start()

    def _serve(self, peer: socket.socket) -> None:
        with peer, peer.makefile("rb") as lines:
            try:
                first, size = lines.readline(), 0
                while line := lines.readline().strip():
                    if line.lower().startswith(b"content-length:"):
                        size = int(line.split(b":")[1])
                lines.read(size)
                if b"/oauth2/" in first:
                    peer.sendall(whole(TOKEN))
                else:
                    self.asked.release()
                    self.answer(peer)
            except OSError:
                pass  # the client has hung up

    def drip(self, peer: socket.socket, parts: list[bytes]) -> None:
        for part in parts:
            peer.sendall(part)
            if self.over.wait(0.1):
                return

    def close(self) -> None:
        self.over.set()
        socket.create_connection(self._listener.getsockname()).close()
        for thread in self._threads:
            thread.join(10)
        self._listener.close()


def whole(body: Any) -> bytes:
    content = json.dumps(body).encode()
    return b"HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: %d\r\n\r\n%s" % (len(content), content)


@pytest.fixture
def wire() -> Iterator[Wire]:
    running = Wire()
    yield running
    running.close()


# --- the deadline --------------------------------------------------------------------------

CHUNKED = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\nconnection: close\r\n\r\n"


@pytest.mark.parametrize(
    "parts",
    [
        [bytes([byte]) for byte in b"HTTP/1.1 200 OK" + b" " * 200],
        [b"HTTP/1.1 200 OK\r\n", *(b"x-%d: y\r\n" % n for n in range(90))],
        [b"HTTP/1.1 100 Continue\r\n\r\n"] * 200,
        [CHUNKED, *[b"1\r\n \r\n"] * 200],
        [CHUNKED + b"1;", *[b"a"] * 200],
        [b"HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n", *[b" "] * 200],
    ],
    ids=["status line", "headers", "100 Continue", "chunks", "a chunk's size", "a body without a length"],
)
def test_an_exchange_ends_at_its_deadline_wherever_the_server_drips(wire: Wire, parts: list[bytes]) -> None:
    wire.answer = lambda peer: wire.drip(peer, parts)
    transport = transport_to(wire, Retry(attempts=1, timeout=0.6))
    started = time.monotonic()
    with pytest.raises(kd.TransportError, match=r"took more than 0\.6 s"):
        transport.send(ASK)
    assert 0.5 < time.monotonic() - started < 3


def test_a_handshake_that_never_comes_ends_with_the_time_for_connecting(wire: Wire) -> None:
    wire.base_url = wire.base_url.replace("http:", "https:")
    transport = transport_to(wire, Retry(attempts=1, timeout=30, connect_timeout=0.5))
    started = time.monotonic()
    with pytest.raises(kd.TransportError, match="timed out"):
        transport.send(ASK)
    assert time.monotonic() - started < 5


def test_a_proxy_that_drips_is_ended_too(wire: Wire, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", wire.base_url)
    monkeypatch.setenv("NO_PROXY", "")
    wire.answer = lambda peer: wire.drip(
        peer, [b"HTTP/1.1 200 OK\r\n", *(b"x-%d: y\r\n" % n for n in range(90))]
    )
    wire.base_url = "https://api.invalid"
    with warnings.catch_warnings():
        # Python's own: ssl leaves a socket that ended early in a cycle, which may be collected at any moment.
        warnings.simplefilter("ignore", ResourceWarning)
        with pytest.raises(kd.TransportError, match=r"took more than 0\.6 s"):
            transport_to(wire, Retry(attempts=1, timeout=0.6)).send(ASK)
        gc.collect()


@pytest.mark.parametrize("scheme", ["socks5", "socks5h", "socks4", "SOCKS5"])
def test_a_socks_proxy_without_its_package_is_told_when_the_client_is_made(
    wire: Wire, monkeypatch: pytest.MonkeyPatch, scheme: str
) -> None:
    monkeypatch.setitem(sys.modules, "socks", None)
    monkeypatch.setenv("ALL_PROXY", f"{scheme}://me:canary-word@127.0.0.1:1")
    monkeypatch.setenv("NO_PROXY", "")
    wire.base_url = "https://api.invalid"
    with pytest.raises(kd.ConfigError, match="pip install PySocks") as caught:
        transport_to(wire, Retry(attempts=3, base=60))
    assert "canary" not in str(caught.value)


@pytest.mark.parametrize(
    "proxy",
    [
        "http://me:canary#word@127.0.0.1:1",
        "http://me:canary/word@127.0.0.1:1",
        "http://me:canary?word@127.0.0.1:1",
        "http://me:canary-word@127.0.0.1:99999",
        "http://me:canary-word@",
        "me:canary-word@",
        "http://me:canary-word@:8080",
        "ftp://me:canary-word@127.0.0.1:1",
    ],
)
def test_a_proxy_whose_address_cannot_be_read_is_told_without_its_password(
    wire: Wire, monkeypatch: pytest.MonkeyPatch, proxy: str
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", proxy)
    monkeypatch.setenv("NO_PROXY", "")
    wire.base_url = "https://api.invalid"
    with pytest.raises(kd.ConfigError, match=r"proxy .* Look at HTTPS_PROXY") as caught:
        transport_to(wire, Retry(attempts=3, base=60))
    frames = [frame for frame, _ in traceback.walk_tb(caught.value.__traceback__)]
    shown = [repr(frame.f_locals) for frame in frames if frame.f_code.co_filename != __file__]
    assert shown
    assert [text for text in (*shown, str(caught.value)) if "canary" in text] == []


def test_one_thread_watches_all_exchanges_and_ends_when_there_are_none() -> None:
    dog, before = Watchdog(), set(threading.enumerate())
    with ExitStack() as stack:
        for _ in range(5):
            stack.enter_context(dog.watch(object(), 0.3))
        (ours,) = [thread for thread in set(threading.enumerate()) - before if "watchdog" in thread.name]
    ours.join(10)
    assert not ours.is_alive()
    late = threading.Event()
    with pytest.raises(requests.Timeout, match=r"took more than 0\.05 s"), dog.watch(late, 0.05):
        assert not late.wait(0.3)


# --- stopping ------------------------------------------------------------------------------


def test_requests_under_way_end_at_once_when_they_are_aborted(wire: Wire) -> None:
    wire.answer = lambda peer: wire.drip(peer, [b""] * 600)
    transport = transport_to(wire, HANGS)
    failures: list[BaseException] = []

    def work() -> None:
        try:
            transport.send(ASK)
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for _ in threads:
        assert wire.asked.acquire(timeout=10)
    started = time.monotonic()
    transport.abort()
    for thread in threads:
        thread.join(10)
    assert time.monotonic() - started < 2
    assert [type(failure) for failure in failures] == [InterruptedError] * 4
    with pytest.raises(InterruptedError):
        transport.send(ASK)
    wire.answer = lambda peer: peer.sendall(whole(GOOD))
    transport.resume()
    assert transport.send(ASK).json == GOOD


@pytest.mark.parametrize("parts", [[b""], [b"HTTP/1.1 200 OK\r\n", b"x: y\r\n"]], ids=["silent", "dripping"])
def test_ctrl_c_is_heard_while_the_server_keeps_us_waiting(wire: Wire, parts: list[bytes]) -> None:
    main = threading.main_thread()
    if threading.current_thread() is not main:
        pytest.skip("signals reach the main thread alone")

    def interrupt(peer: socket.socket) -> None:
        peer.sendall(parts[0])
        signal.pthread_kill(main.ident or 0, signal.SIGINT)
        wire.drip(peer, parts * 100)

    wire.answer = interrupt
    transport = transport_to(wire, HANGS)
    started = time.monotonic()
    with pytest.raises(KeyboardInterrupt) as caught:
        transport.send(ASK)
    assert time.monotonic() - started < 5
    text = locals_of(caught.value)
    assert [secret for secret in ("wire-key", "wire-secret", "envelope-token") if secret in text] == []
    wire.answer = lambda peer: peer.sendall(whole(GOOD))
    assert transport.send(ASK).json == GOOD


# --- connections ---------------------------------------------------------------------------


def connections(before: Collection[threading.Thread]) -> int:
    """How many connections a server has that was started after ``before``: it runs a thread for each. Those
    of other tests in this process may still be there."""
    return sum("process_request" in each.name for each in threading.enumerate() if each not in before)


def eventually(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 10
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_threads_that_end_leave_no_connections_open() -> None:
    before = set(threading.enumerate())
    with serving(Answer(GOOD)) as server:
        transport = transport_to(server)
        for _ in range(10):
            threads = [threading.Thread(target=transport.send, args=(ASK,)) for _ in range(4)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
        assert len(server.asked) == 40
        assert 1 <= connections(before) <= 4
        transport.close()
        eventually(lambda: connections(before) == 0)


def test_one_thread_uses_one_connection() -> None:
    before = set(threading.enumerate())
    with serving(Answer(GOOD)) as server:
        transport = transport_to(server)
        for _ in range(5):
            transport.send(ASK)
        assert connections(before) == 1
        transport.close()


_FORKS = """
import os
from tests.envelopes import Answer, Envelopes
from tests.rest.test_transport import ASK, GOOD, Request, transport_to

with Envelopes(lambda number, asked: Answer({**GOOD, "code": asked.body["stk_cd"]})) as server:
    transport = transport_to(server)
    transport.send(ASK)
    transport.stop.set()  # nor is a child stopped by what stopped its parent
    children = []
    for base in (100_000, 200_000, 300_000):
        child = os.fork()
        if child == 0:
            good = False
            try:
                codes = [str(base + n) for n in range(40)]
                pages = [transport.send(Request(ASK.api_id, ASK.path, {"stk_cd": c})) for c in codes]
                good = [page.json["code"] for page in pages] == codes
            finally:
                os._exit(0 if good else 1)
        children.append(child)
    ends = [os.waitpid(child, 0)[1] for child in children]
    transport.resume()
    print(ends, transport.send(ASK).json["code"])
    transport.close()
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_forked_children_get_their_own_answers() -> None:
    # In a process of its own: Python 3.12 warns of a fork beside threads, which a server has.
    root = Path(__file__).parents[2]
    done = subprocess.run(
        [sys.executable, "-c", _FORKS], capture_output=True, text=True, timeout=60, cwd=root
    )
    assert done.stdout.strip() == "[0, 0, 0] 005930", done.stderr


_FORKS_WHILE_ISSUING = """
import os, threading
from tests.envelopes import TOKEN, Answer, serving
from tests.rest.test_transport import ASK, GOOD, transport_to

asked, over = threading.Event(), threading.Event()

def token(number):
    if number == 1:
        asked.set()
        over.wait(60)
    return Answer(TOKEN)

with serving(Answer(GOOD), token=token) as server:
    transport = transport_to(server)
    thread = threading.Thread(target=transport.send, args=(ASK,))
    thread.start()
    assert asked.wait(30)
    child = os.fork()
    if child == 0:
        os._exit(0 if transport.send(ASK).json == GOOD else 1)
    print(os.waitpid(child, 0)[1])
    over.set()
    thread.join()
    transport.close()
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_a_child_forked_while_a_thread_issues_a_token_does_not_hang() -> None:
    done = subprocess.run(
        [sys.executable, "-c", _FORKS_WHILE_ISSUING],
        capture_output=True,
        text=True,
        timeout=60,
        cwd=Path(__file__).parents[2],
    )
    assert done.stdout.strip() == "0", done.stderr


# --- what is tried again, and what is not ---------------------------------------------------


@pytest.mark.parametrize("body", [GOOD, {"return_code": 1, "return_msg": "[1999:점검]"}])
def test_an_envelope_with_a_status_of_500_is_tried_again(body: dict[str, Any]) -> None:
    with serving(Answer(body, status=503), Answer(GOOD)) as server:
        assert transport_to(server).send(ASK).json == GOOD
        assert len(server.asked) == 2
    with serving(Answer(body, status=500)) as server:
        with pytest.raises(kd.TransportError, match="ka10086: HTTP 500, and the server said") as caught:
            transport_to(server).send(ASK)
        assert caught.value.status == 500
        assert len(server.asked) == 3


def test_a_refusal_for_the_rate_is_one_whatever_its_status() -> None:
    with (
        serving(Answer({"return_code": 5, "return_msg": "[1700:x]"}, status=500)) as server,
        pytest.raises(kd.RateLimited),
    ):
        transport_to(server).send(ASK)


@pytest.mark.parametrize(
    ("message", "kind"),
    [
        ("존재하지 않는 종목코드입니다", "refused"),
        ("인증에 실패했습니다", "renew"),
        ("Token이 유효하지 않습니다", "renew"),
        ("토큰이 만료되었습니다", "renew"),
        ("", "renew"),
    ],
)
def test_a_refusal_without_a_code_is_of_the_token_only_if_it_says_so(message: str, kind: str) -> None:
    assert protocol.classify("3", "", message, 200) == kind
    with serving(Answer({"return_code": 3, "return_msg": message})) as server:
        with pytest.raises(kd.ApiError):
            transport_to(server).send(ASK)
        assert server.tokens == (2 if kind == "renew" else 1)


@pytest.mark.parametrize(
    "content",
    [
        b'{"return_code":0,"return_msg":"","daly_stkpc":[{"date":"\xff"}]}',
        b'{"return_code":0,"x":' + b"[" * 200_000 + b"]" * 200_000 + b"}",
    ],
    ids=["not UTF-8", "nested too deep"],
)
def test_json_that_cannot_be_read_is_not_json(content: bytes) -> None:
    with serving(Answer(content)) as server, pytest.raises(kd.TransportError, match="not JSON"):
        transport_to(server).send(ASK)


# --- the key --------------------------------------------------------------------------------


def test_a_key_that_was_refused_is_not_tried_again_for_a_minute() -> None:
    wrong = Answer(
        {"return_code": 3, "return_msg": "인증에 실패했습니다[8001:App Key와 Secret Key 검증 실패]"}
    )
    now = [0.0]
    with serving(Answer(GOOD), token=lambda n: wrong if n < 3 else Answer(TOKEN)) as server:
        transport = transport_to(server, clock=lambda: now[0])
        told = set()
        for seconds in (0, 1, 58, 0.9):
            now[0] += seconds
            with pytest.raises(kd.AuthError, match="8001") as caught:
                transport.send(ASK)
            told.add(str(caught.value))
        assert (server.tokens, len(told)) == (1, 1)
        now[0] = 61
        with pytest.raises(kd.AuthError):
            transport.send(ASK)
        assert server.tokens == 2
        now[0] = 122
        assert transport.send(ASK).json == GOOD


# --- secrets --------------------------------------------------------------------------------

SECRETS = ("envelope-key", "envelope-secret", "envelope-token")
ECHO = "bare envelope-token, envelope-key, envelope-secret"
ECHOED = "bare envelope-key, envelope-secret"


def everything(error: BaseException | None) -> str:
    """All that can be reached from an error without its frames."""
    if error is None:
        return ""
    own = f"{error!r} {error} {getattr(error, '__notes__', '')} {vars(error)}"
    return own + everything(error.__cause__) + everything(error.__context__)


@pytest.mark.parametrize(
    "answer",
    [
        Answer({"return_code": 2, "return_msg": f"[1511:{ECHO}]"}),
        Answer({"return_code": 3, "return_msg": f"[8005:{ECHO}]"}),
        Answer({"return_code": 5, "return_msg": f"[1700:{ECHO}]"}),
        Answer({"return_code": "envelope-token", "return_msg": ECHO}),
        Answer({"return_code": 1, "return_msg": ECHO}, status=503),
        Answer(f"<html>{ECHO}</html>".encode(), status=403),
        Answer(f'{{"x": "{ECHO}'.encode()),
        Answer(f'{{"x": "{ECHO}"}}'.encode()),
        Answer(ECHO.encode() + b"\xff"),
        Answer(b"", status=302, headers={"location": "http://envelope-token/"}),
    ],
)
def test_no_error_leads_to_a_secret(answer: Answer) -> None:
    with serving(answer) as server, pytest.raises(kd.KiwoomDataError) as caught:
        transport_to(server).send(ASK)
    text = everything(caught.value)
    assert [secret for secret in SECRETS if secret in text] == []
    assert caught.value.__context__ is None


def locals_of(error: BaseException) -> str:
    """The locals of all frames but our own that an error came through, as IPython and pytest -l show them."""
    frames = [frame for frame, _ in traceback.walk_tb(error.__traceback__)]
    theirs = [frame for frame in frames if frame.f_code.co_filename != __file__]
    shown = [f"{name} = {value!r}" for frame in theirs for name, value in frame.f_locals.items()]
    assert shown
    return everything(error) + "\n".join(shown)


@pytest.mark.parametrize(
    "answer",
    [
        Answer({"return_code": 3, "return_msg": f"[8001:{ECHOED}]"}),
        Answer({"return_code": 2, "return_msg": f"[1511:{ECHOED}]"}),
        Answer({"return_code": 5, "return_msg": f"[1700:{ECHOED}]"}),
        Answer({"return_code": 20, "return_msg": "데이터가 없습니다"}),
        Answer({**TOKEN, "token": "envelope-token in two"}),
        Answer({**TOKEN, "token_type": "mac"}),
        Answer({**TOKEN, "expires_dt": "20261321104500"}),
        Answer(f"<html>{ECHOED}</html>".encode(), status=403),
        Answer(f'{{"token": "{ECHOED}'.encode(), status=500),
        Answer(ECHOED.encode() + b"\xff"),
        Answer(["envelope-token"]),
        Answer({"access_token": "envelope-token"}),
        Answer(b"access_token=envelope-token"),
        Answer(b"", status=302, headers={"location": "http://envelope-key/"}),
    ],
)
def test_no_frame_of_a_failed_token_request_holds_a_secret(answer: Answer) -> None:
    with serving(Answer(GOOD), token=lambda n: answer) as server:
        transport = transport_to(server)
        for ask in (lambda: transport.send(ASK), transport.tokens.get):
            with pytest.raises(kd.KiwoomDataError) as caught:
                ask()
            text = locals_of(caught.value)
            assert "self = Transport(" in text
            assert [secret for secret in SECRETS if secret in text] == []


def test_no_frame_of_a_token_request_that_the_network_breaks_holds_a_secret(wire: Wire) -> None:
    credentials = Credentials("wire-key", "wire-secret")
    base_url = wire.base_url.rpartition(":")[0] + ":1"  # where nobody listens
    transport = Transport(
        base_url,
        credentials,
        MemoryGate(None),
        tokens=lambda issue: TokenKeeper(issue, server=base_url, credentials=credentials, folder=None),
        retry=Retry(attempts=1, timeout=5),
    )
    with pytest.raises(kd.TransportError, match="ConnectionError") as caught:
        transport.send(ASK)
    text = locals_of(caught.value)
    assert [secret for secret in ("wire-key", "wire-secret") if secret in text] == []


def test_a_request_does_not_show_what_is_secret_in_it() -> None:
    request = Request("au10002", "/oauth2/revoke", {"appkey": "k-1", "secretkey": "s-1", "token": "t-1"})
    hidden = {"appkey": "***", "secretkey": "***", "token": "***"}
    assert repr(request) == f"Request('au10002', '/oauth2/revoke', {hidden})"
    assert "'stk_cd': '005930'" in repr(ASK)


def test_neither_netrc_nor_a_proxy_takes_part_in_talk_with_this_machine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login netrc-user password netrc-password")
    (tmp_path / "netrc").chmod(0o600)
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    with serving(Answer(GOOD)) as server:
        transport = transport_to(server)
        transport.send(ASK)
        assert server.asked[0].headers["authorization"] == "Bearer envelope-token"
        status, headers = transport.reach()
        assert (status, "date" in headers) == (501, True)  # this server does not know HEAD
        assert "authorization" not in server.heads[0]


@pytest.mark.parametrize(
    "url",
    [
        *("http://[::1]evil.com", "http://[::1]evil.com:80", "http://[::1].evil.com/", "https://[evil.com]"),
        *(
            "https://",
            "api.kiwoom.com",
            "ftp://api.kiwoom.com",
            "https://a b.com",
            "https://a.com\n",
            "https://-a.com",
        ),
        *(
            "https://api.kiwoom.com:70000",
            "https://api.kiwoom.com:",
            "https://a.com\\@b.com",
            "https://[::1",
            "",
        ),
        *("https://a..com", f"https://{64 * 'a'}.com", "https://a-.com", 5, b"https://a.com"),
    ],
)
def test_a_bad_address_is_refused(url: Any) -> None:
    with pytest.raises(kd.ConfigError, match="base_url: expected an address such as 'https://|is not taken"):
        check_address(url, "base_url", ("http", "https"))


@pytest.mark.parametrize(
    "url", ["https://user:pw-1@a.com", "https://pw-1@[bad", "https://a.com/?pw-1", "https://a.com#pw-1"]
)
def test_an_address_that_may_hold_a_password_is_refused_and_not_shown(url: str) -> None:
    with pytest.raises(kd.ConfigError, match="is not taken") as caught:
        check_address(url, "base_url", ("http", "https"))
    assert "pw-1" not in str(caught.value)


@pytest.mark.parametrize(
    "url",
    [
        *(
            "https://api.kiwoom.com",
            "https://API.kiwoom.com.:443/",
            "http://127.0.0.1:8080",
            "http://[::1]:8080/base",
            f"https://{63 * 'a'}.com",
        ),
        *("http://localhost", "https://my_host/x-y/~z"),
    ],
)
def test_a_good_address_is_taken(url: str) -> None:
    assert check_address(url, "base_url", ("http", "https")) == url.rstrip("/")


def test_an_error_of_the_network_leads_to_no_library_error(wire: Wire) -> None:
    wire.answer = lambda peer: None
    with pytest.raises(kd.TransportError, match="ConnectionError") as caught:
        transport_to(wire).send(ASK)
    assert caught.value.__context__ is None
    assert caught.value.__cause__ is None
