"""The only module that opens an HTTP connection: address checks, quota, retries, the token.

A request goes through the quota's gate at every try, the first and each repeated one, because
each of them is metered by the server.

An exchange ends in time whatever the server sends, because its sockets are shut from outside: at the
deadline by a timer, and on a stop by whoever stops.
"""

from __future__ import annotations

import ipaddress
import logging
import os
import random
import threading
import time
import weakref
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar
from urllib.parse import urlsplit

import msgspec
import requests
import tenacity
import urllib3

from kiwoomdata._version import __version__
from kiwoomdata.errors import AuthError, ConfigError, RateLimited, TransportError
from kiwoomdata.rest import protocol
from kiwoomdata.rest.credentials import Credentials, redact
from kiwoomdata.rest.limits import Gate
from kiwoomdata.rest.protocol import Page, Request
from kiwoomdata.rest.sockets import Adapter, Line, current_line
from kiwoomdata.rest.token import Token, TokenKeeper

__all__ = ["Retry", "Transport", "check_address", "is_loopback"]

log = logging.getLogger(__name__)
T = TypeVar("T")

_MAX_BODY = 64 * 1024 * 1024
_IDLE = 8
"""Sessions that are kept for the next exchange."""
_KEY_REFUSED = 60.0
"""Seconds for which a key that was refused is not tried again."""


def is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def check_address(url: str, name: str, schemes: tuple[str, str]) -> str:
    """Check a server's address: encrypted, or plain to this machine alone."""
    plain, encrypted = schemes
    parts = urlsplit(url)
    host = parts.hostname or ""
    if parts.scheme not in schemes or not host:
        raise ConfigError(f"{name}: expected an address such as '{encrypted}://api.kiwoom.com', got {url!r}")
    if parts.username or parts.password or parts.query or parts.fragment:
        raise ConfigError(f"{name}: an address with a user, a query or a fragment is not taken")
    if parts.scheme == plain and not is_loopback(host):
        raise ConfigError(
            f"{name}: {url!r} would send keys unencrypted; use {encrypted}:// ({plain}:// only to 127.0.0.1)"
        )
    return url.rstrip("/")


@dataclass(frozen=True)
class Retry:
    """How often and how patiently a request is tried again."""

    attempts: int = 6
    base: float = 0.5
    longest: float = 20.0
    timeout: float = 30.0
    """Seconds that one exchange may take as a whole, headers and all."""
    connect_timeout: float = 10.0


class _Again(Exception):
    """This try failed in a way that another one may mend."""

    def __init__(self, error: Exception) -> None:
        super().__init__(str(error))
        self.error = error


class _Bearer(requests.auth.AuthBase):
    """Sets the header by itself: left alone, requests would let a ~/.netrc entry replace it."""

    def __init__(self, token: Token | None) -> None:
        self._token = token

    def __call__(self, prepared: requests.PreparedRequest) -> requests.PreparedRequest:
        if self._token is not None:
            prepared.headers["authorization"] = f"Bearer {self._token.value}"
        return prepared


class Transport:
    """Sends requests to one server with one key."""

    def __init__(
        self,
        base_url: str,
        credentials: Credentials,
        gate: Gate,
        *,
        tokens: Callable[[Callable[[], Token]], TokenKeeper],
        retry: Retry | None = None,
        sleep: Callable[[float], None] | None = None,
        rng: random.Random | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.base_url = check_address(base_url, "base_url", ("http", "https"))
        self.requests_sent = 0
        self._credentials = credentials
        self._gate = gate
        self._retry = retry or Retry()
        self._sleep = sleep
        self._rng = rng or random.Random()
        self._clock = clock
        self._key_refused: tuple[float, AuthError] | None = None
        self._begin()
        self.tokens = tokens(self._issue)
        _transports.add(self)

    def _begin(self) -> None:
        """Start without connections and locks: at first, and in a forked child.

        A child that went on with its parent's sockets would read the answers to its parent's requests.
        """
        self._lock = threading.Lock()
        self._idle: list[requests.Session] = []
        self._running: set[Line] = set()
        self.stop = threading.Event()
        """Set to make every request that waits for its turn end with InterruptedError; see :meth:`abort`."""

    def __repr__(self) -> str:
        return f"Transport({self.base_url!r}, key={self._credentials.digest})"

    # --- one TR request ---

    def send(self, request: Request, counter: Counter | None = None) -> Page:
        """Send a TR request, through the quota and as often as it takes, and return its page.

        A token that the server refuses is renewed once; a second refusal is AuthError.
        """
        token = self.tokens.get()
        page, kind, code, message = self._try(request, token, counter)
        if kind == "renew":
            log.info("%s: the token was refused (%s); renewing it once", request.api_id, code)
            page, kind, code, message = self._try(request, self.tokens.renew(token), counter)
        if kind not in ("none", "no data"):
            raise protocol.error(kind, request.api_id, code, message)
        return page

    def _try(
        self, request: Request, token: Token, counter: Counter | None
    ) -> tuple[Page, protocol.Refusal, str, str]:
        def once() -> tuple[Page, protocol.Refusal, str, str]:
            if counter is not None:
                counter.add()
            page, kind, code, message = self._ask(request, token)
            if kind == "rate":
                raise _Again(RateLimited(message, code=code, api_id=request.api_id, remedy=_SLOWER))
            return page, kind, code, message

        return self._persist(request.api_id, once)

    def _ask(self, request: Request, token: Token | None) -> tuple[Page, protocol.Refusal, str, str]:
        """The page, what kind of refusal it is, its code and its words, free of secrets."""
        page, status = self._post(request, token)
        kind, code, message = protocol.refusal(page, status)
        code, message = self._clean(code, request, token), self._clean(message, request, token)
        if status >= 500 and kind != "rate":
            told = f"{request.api_id}: HTTP {status}, and the server said {code}: {message or 'nothing more'}"
            raise _Again(TransportError(told, status=status))
        return page, kind, code, message

    # --- tokens ---

    def _issue(self) -> Token:
        body = {
            "grant_type": "client_credentials",
            "appkey": self._credentials.app_key,
            "secretkey": self._credentials.app_secret,
        }
        if self._key_refused is not None:
            # Many symbols ask for the token one after the other; what was refused stays refused.
            until, was = self._key_refused
            if self._clock() < until:
                raise AuthError(was.message, code=was.code, api_id=was.api_id, remedy=was.remedy)
        try:
            answer = self._plain("au10001", "/oauth2/token", body)
        except AuthError as error:
            told = AuthError(error.message, code=error.code, api_id=error.api_id, remedy=error.remedy)
            self._key_refused = self._clock() + _KEY_REFUSED, told
            raise
        self._key_refused = None
        return Token.from_answer(answer)

    def revoke(self) -> None:
        """Make the token worthless at the server, and forget it here."""
        body = {
            "appkey": self._credentials.app_key,
            "secretkey": self._credentials.app_secret,
            "token": self.tokens.get().value,
        }
        self._plain("au10002", "/oauth2/revoke", body)
        self.tokens.forget()

    def _plain(self, api_id: str, path: str, body: Mapping[str, str]) -> Mapping[str, Any]:
        def once() -> Mapping[str, Any]:
            page, kind, code, message = self._ask(Request(api_id, path, body), None)
            if kind == "none":
                return page.json
            # At this door there is no token to renew: whatever is refused is the key.
            error = protocol.error("auth" if kind == "renew" else kind, api_id, code, message)
            raise _Again(error) if kind == "rate" else error

        return self._persist(api_id, once)

    # --- the wire ---

    def _persist(self, api_id: str, once: Callable[[], T]) -> T:
        """Call ``once`` until it succeeds, fails for good, or was tried often enough."""

        def before_sleep(state: tenacity.RetryCallState) -> None:
            pause = state.next_action.sleep if state.next_action else 0.0
            failure = state.outcome.exception() if state.outcome else None
            log.info("%s: %s; trying again in %.1f s", api_id, failure, pause)
            if isinstance(getattr(failure, "error", None), RateLimited):
                self._gate.penalise(self._scope(api_id), pause)

        retrying = tenacity.Retrying(
            retry=tenacity.retry_if_exception_type(_Again),
            stop=tenacity.stop_after_attempt(self._retry.attempts),
            wait=self._pause,
            sleep=self._sleep or self._wait,
            before_sleep=before_sleep,
            reraise=True,
        )
        try:
            return retrying(once)
        except _Again as again:
            error = again.error
        raise error  # here and not above, so that it drags nothing along

    def _pause(self, state: tenacity.RetryCallState) -> float:
        """Exponential with jitter, never under half of its step so that a quota can refill."""
        step = min(self._retry.longest, self._retry.base * 2.0 ** (state.attempt_number - 1))
        return step * self._rng.uniform(0.5, 1.0)

    def _wait(self, seconds: float) -> None:
        if self.stop.wait(seconds):
            raise InterruptedError("stopped while waiting to try again")

    def _scope(self, api_id: str) -> str:
        return f"{self._credentials.digest}:{api_id}"

    def _post(self, request: Request, token: Token | None) -> tuple[Page, int]:
        api_id = request.api_id
        if self.stop.is_set():
            raise InterruptedError("the client was stopped")
        self._gate.wait(self._scope(api_id), self.stop)
        with self._lock:
            self.requests_sent += 1
        log.debug("POST %s %s", request.path, api_id)
        failure: Exception | None = None
        # Failures are raised after their except clause: as its context, the library's own error would
        # come along, and that holds the request's headers.
        try:
            status, answered, content = self._exchange(request, token)
        except InterruptedError as error:
            failure = InterruptedError(str(error))
        except (requests.exceptions.SSLError, requests.exceptions.InvalidProxyURL) as error:
            failure = TransportError(self._clean(f"{api_id}: {error}", request, token))
        except (requests.RequestException, urllib3.exceptions.HTTPError, OSError) as error:
            told = self._clean(f"{api_id}: {type(error).__name__}: {error}", request, token)
            failure = _Again(TransportError(told))
        if failure is not None:
            raise failure
        if 300 <= status < 400:
            where = self._clean(
                urlsplit(answered.get("location", "")).hostname or "elsewhere", request, token
            )
            raise TransportError(
                f"{api_id}: the server redirects to {where}; redirects are not followed", status=status
            )
        try:
            return protocol.read(api_id, status, answered, content), status
        except TransportError as error:
            told = self._clean(str(error), request, token)
        if status == 429:
            raise _Again(RateLimited(told, code="429", api_id=api_id, remedy=_SLOWER))
        is_page = content.lstrip()[:1] == b"<"
        failure = TransportError(told, status=status)
        raise _Again(failure) if status >= 500 or not (is_page or status >= 400) else failure

    def _exchange(self, request: Request, token: Token | None) -> tuple[int, Mapping[str, str], bytes]:
        with (
            self._connected() as session,
            session.post(
                self.base_url + request.path,
                data=msgspec.json.encode(request.body),
                headers=request.headers,
                auth=_Bearer(token),
                timeout=(min(self._retry.connect_timeout, self._retry.timeout), self._retry.timeout),
                allow_redirects=False,
                stream=True,
            ) as response,
        ):
            parts: list[bytes] = []
            size = 0
            # read1 gives what is there, so that the size is known before all of it is in memory.
            while part := response.raw.read1(65536, decode_content=True):
                parts.append(part)
                size += len(part)
                if size > _MAX_BODY:
                    raise requests.RequestException(f"an answer of more than {_MAX_BODY:,} bytes")
            return response.status_code, response.headers, b"".join(parts)

    @contextmanager
    def _connected(self) -> Iterator[requests.Session]:
        """A session for one exchange, which ends at the deadline and on :meth:`abort`."""
        line, limit = Line(), self._retry.timeout
        with self._lock:
            if self.stop.is_set():
                raise InterruptedError("the client was stopped")
            self._running.add(line)
            session = self._idle.pop() if self._idle else None
        late = threading.Timer(limit, line.end, (requests.Timeout(f"the answer took more than {limit:g} s"),))
        late.daemon = True
        mark = current_line.set(line)
        session, whole = session or self._session(), False
        try:
            late.start()
            yield session
            whole = True
        except Exception:
            if line.ended is None:
                raise
        finally:
            late.cancel()
            current_line.reset(mark)
            line.release()
            with self._lock:
                self._running.discard(line)
                keep = whole and line.ended is None and len(self._idle) < _IDLE
                if keep:
                    self._idle.append(session)
            if not keep:
                session.close()
        if line.ended is not None:
            raise line.ended

    def _session(self) -> requests.Session:
        session = requests.Session()
        for scheme in ("http://", "https://"):
            session.mount(scheme, Adapter(max_retries=0))
        # A proxy is for the way out, never for this machine.
        session.trust_env = not is_loopback(urlsplit(self.base_url).hostname or "")
        session.headers.update(
            {
                "content-type": "application/json;charset=UTF-8",
                "accept": "application/json",
                # Observed 2026: a default library User-Agent got HTTP 400 and a web page.
                "user-agent": f"kiwoomdata/{__version__}",
            }
        )
        return session

    def _clean(self, text: str, request: Request, token: Token | None) -> str:
        ours = self._credentials
        tokens = token.value if token else "", request.body.get("token", "")
        return redact(text, ours.app_key, ours.app_secret, *tokens)

    # --- the end ---

    def abort(self) -> None:
        """Make every request, waiting or under way, end now with InterruptedError, and later ones too."""
        with self._lock:
            self.stop.set()
            running = list(self._running)
        for line in running:
            line.end(InterruptedError("the client was stopped"))

    def resume(self) -> None:
        """Take requests again after :meth:`abort`. Those that it ended stay ended."""
        with self._lock:
            self.stop = threading.Event()

    def close(self) -> None:
        with self._lock:
            sessions, self._idle = self._idle, []
        for session in sessions:
            session.close()


_transports: weakref.WeakSet[Transport] = weakref.WeakSet()


def _after_fork() -> None:
    for transport in list(_transports):
        transport._begin()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)


_SLOWER = "Pass a slower quota=, such as '1/s burst 2', or see whether another program uses the same key."


class Counter:
    """Counts the requests of one job over its threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.value = 0

    def add(self) -> None:
        with self._lock:
            self.value += 1
