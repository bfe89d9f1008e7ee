"""The only module that opens an HTTP connection: address checks, quota, retries, the token.

A request goes through the quota's gate at every try, the first and each repeated one, because
each of them is metered by the server.
"""

from __future__ import annotations

import ipaddress
import logging
import random
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar
from urllib.parse import urlsplit

import msgspec
import requests
import tenacity
import urllib3

from kiwoomdata import protocol
from kiwoomdata._version import __version__
from kiwoomdata.credentials import Credentials, redact
from kiwoomdata.errors import ConfigError, RateLimited, TransportError
from kiwoomdata.limits import Gate
from kiwoomdata.protocol import Page, Request
from kiwoomdata.token import Token, TokenKeeper

__all__ = ["Retry", "Transport", "check_address", "is_loopback"]

log = logging.getLogger(__name__)
T = TypeVar("T")

_MAX_BODY = 64 * 1024 * 1024


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
    """Seconds that one answer may take as a whole."""
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
    ) -> None:
        self.base_url = check_address(base_url, "base_url", ("http", "https"))
        self.requests_sent = 0
        self._credentials = credentials
        self._gate = gate
        self._retry = retry or Retry()
        self._sleep = sleep
        self._rng = rng or random.Random()
        self._lock = threading.Lock()
        self._local = threading.local()
        self._sessions: list[requests.Session] = []
        self.stop = threading.Event()
        """Set to make every waiting request end soon with InterruptedError."""
        self.tokens = tokens(self._issue)

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
            raise protocol.error(kind, request.api_id, code, self._clean(message))
        return page

    def _try(
        self, request: Request, token: Token, counter: Counter | None
    ) -> tuple[Page, protocol.Refusal, str, str]:
        def once() -> tuple[Page, protocol.Refusal, str, str]:
            if counter is not None:
                counter.add()
            page, status = self._post(request, token)
            kind, code, message = protocol.refusal(page, status)
            if kind == "rate":
                refused = RateLimited(self._clean(message), code=code, api_id=request.api_id, remedy=_SLOWER)
                raise _Again(refused)
            return page, kind, code, message

        return self._persist(request.api_id, once)

    # --- tokens ---

    def _issue(self) -> Token:
        body = {
            "grant_type": "client_credentials",
            "appkey": self._credentials.app_key,
            "secretkey": self._credentials.app_secret,
        }
        return Token.from_answer(self._plain("au10001", "/oauth2/token", body))

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
            page, status = self._post(Request(api_id, path, body), None)
            kind, code, message = protocol.refusal(page, status)
            if kind == "none":
                return page.json
            # At this door there is no token to renew: whatever is refused is the key.
            error = protocol.error("auth" if kind == "renew" else kind, api_id, code, self._clean(message))
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
            raise again.error from again.error.__cause__

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
        try:
            status, answered, content = self._exchange(request, token)
        except (requests.exceptions.SSLError, requests.exceptions.InvalidProxyURL) as error:
            raise TransportError(self._clean(f"{api_id}: {error}")) from None
        except (requests.RequestException, urllib3.exceptions.HTTPError, OSError) as error:
            # The library's own text may hold headers; its class and a cleaned text are enough.
            raise _Again(TransportError(self._clean(f"{api_id}: {type(error).__name__}: {error}"))) from None
        if 300 <= status < 400:
            where = urlsplit(answered.get("location", "")).hostname or "elsewhere"
            raise TransportError(
                f"{api_id}: the server redirects to {where}; redirects are not followed", status=status
            )
        try:
            return protocol.read(api_id, status, answered, content), status
        except TransportError as error:
            is_page = content.lstrip()[:1] == b"<"
            clean: Exception = TransportError(self._clean(str(error)), status=status)
            if status == 429:
                clean = RateLimited(self._clean(str(error)), code="429", api_id=api_id, remedy=_SLOWER)
            if status >= 500 or (status == 429) or not (is_page or status >= 400):
                raise _Again(clean) from None
            raise clean from None

    def _exchange(self, request: Request, token: Token | None) -> tuple[int, Mapping[str, str], bytes]:
        deadline = time.monotonic() + self._retry.timeout
        with self._session().post(
            self.base_url + request.path,
            data=msgspec.json.encode(request.body),
            headers=request.headers,
            auth=_Bearer(token),
            timeout=(self._retry.connect_timeout, self._retry.timeout),
            allow_redirects=False,
            stream=True,
        ) as response:
            parts: list[bytes] = []
            size = 0
            # read1 gives what is there: a server that drips could hold a full read for as long as it likes.
            while part := response.raw.read1(65536, decode_content=True):
                parts.append(part)
                size += len(part)
                if size > _MAX_BODY:
                    raise requests.RequestException(f"an answer of more than {_MAX_BODY:,} bytes")
                if time.monotonic() > deadline:
                    raise requests.Timeout(f"the answer took more than {self._retry.timeout:g} s")
            return response.status_code, response.headers, b"".join(parts)

    def _session(self) -> requests.Session:
        """One session for each thread: requests' sessions are not promised to be thread-safe."""
        session: requests.Session | None = getattr(self._local, "session", None)
        if session is None:
            session = requests.Session()
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
            self._local.session = session
            with self._lock:
                self._sessions.append(session)
        return session

    def _clean(self, text: str) -> str:
        return redact(text, self._credentials.app_key, self._credentials.app_secret)

    def close(self) -> None:
        with self._lock:
            sessions, self._sessions = self._sessions, []
        for session in sessions:
            session.close()
        self._local = threading.local()


_SLOWER = "Pass a slower quota=, such as '1/s burst 2', or see whether another program uses the same key."


class Counter:
    """Counts the requests of one job over its threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.value = 0

    def add(self) -> None:
        with self._lock:
            self.value += 1
