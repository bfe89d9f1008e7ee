"""The only module that opens an HTTP connection: address checks, quota, retries, the token.

A request goes through the quota's gate at every try, the first and each repeated one, because
each of them is metered by the server.

An exchange ends in time whatever the server sends: :mod:`kiwoomdata.rest.watchdog`.

Failures are returned and not raised until no frame is left that holds a key, a token or a library's
request: a traceback shows the locals of every frame on its way.
"""

from __future__ import annotations

import logging
import math
import os
import random
import threading
import time
import weakref
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any
from urllib.parse import urlsplit

import msgspec
import requests
import urllib3
from requests.utils import prepend_scheme_if_needed, select_proxy

from kiwoomdata._version import __version__
from kiwoomdata.errors import AuthError, ConfigError, KiwoomDataError, RateLimited, TransportError
from kiwoomdata.masking import SHORTEST, hide, redact
from kiwoomdata.rest import protocol
from kiwoomdata.rest.address import check_address, is_loopback
from kiwoomdata.rest.credentials import Credentials
from kiwoomdata.rest.limits import Gate
from kiwoomdata.rest.protocol import Page, Request
from kiwoomdata.rest.token import Token, TokenKeeper
from kiwoomdata.rest.watchdog import WATCHDOG, Adapter

__all__ = ["Retry", "Transport"]

log = logging.getLogger(__name__)

_MAX_BODY = 64 * 1024 * 1024
_IDLE = 8
"""Connections that are kept for the next exchange."""
_KEY_REFUSED = 60.0
"""Seconds for which a key that was refused is not tried again."""
_HEADERS = {
    "content-type": "application/json;charset=UTF-8",
    "accept": "application/json",
    "accept-encoding": "gzip, deflate",
    # Observed 2026: a default library User-Agent got HTTP 400 and a web page.
    "user-agent": f"kiwoomdata/{__version__}",
}


@dataclass(frozen=True)
class Retry:
    """How often and how patiently a request is tried again."""

    attempts: int = 6
    base: float = 0.5
    longest: float = 20.0
    timeout: float = 30.0
    """Seconds that one exchange may take as a whole, headers and all."""
    connect_timeout: float = 10.0


@dataclass(frozen=True)
class _Outcome:
    """What came of one try: a page, or an error and whether another try may mend it."""

    page: Page | None = None
    error: KiwoomDataError | None = None
    refusal: protocol.Refusal = "none"
    again: bool = False

    def done(self) -> Page:
        if self.error is not None:
            raise self.error
        assert self.page is not None
        return self.page


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
        self._sleep = sleep or self._wait
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
        self._adapter = Adapter(pool_maxsize=_IDLE, max_retries=0)
        self._settings: dict[str, Any] = {}
        self._settings |= requests.Session().merge_environment_settings(self.base_url, {}, True, None, None)
        if is_loopback(urlsplit(self.base_url).hostname or ""):
            self._settings["proxies"] = {}  # a proxy is for the way out, never for this machine
        if wrong := _wrong_proxy(self.base_url, self._settings["proxies"]):
            raise ConfigError(wrong)
        self.stop = threading.Event()
        """Set to make every request that waits for its turn end with InterruptedError; see :meth:`abort`."""

    def __repr__(self) -> str:
        if "_credentials" not in vars(self):  # a traceback that shows locals may come before it is made
            return "Transport(not made)"
        return f"Transport({self.base_url!r}, key={self._credentials.digest})"

    @property
    def key_digest(self) -> str:
        """What tells this key from others, and may be shown."""
        return self._credentials.digest

    # --- one TR request ---

    def send(self, request: Request, counter: Counter | None = None) -> Page:
        """Send a TR request, through the quota and as often as it takes, and return its page.

        A token that the server refuses is renewed once; a second refusal is AuthError.
        """
        api_id = request.api_id
        token = None if api_id in protocol.ABOUT_TOKENS else self.tokens.get()
        renewed, attempt = False, 0
        while True:
            if counter is not None:
                counter.add()
            if self.stop.is_set():
                raise InterruptedError("the client was stopped")
            self._gate.wait(self._scope(api_id), self.stop)
            with self._lock:
                self.requests_sent += 1
            log.debug("POST %s %s", request.path, api_id)
            answered = self._exchange(request, token)
            outcome = answered if isinstance(answered, _Outcome) else self._judge(request, token, *answered)
            del answered  # it may repeat a secret, and this frame may raise
            if outcome.refusal == "renew" and token is not None and not renewed:
                log.info("%s: the token was refused; renewing it once", api_id)
                token, renewed, attempt = self.tokens.renew(token), True, 0
                continue
            attempt += 1
            if not outcome.again or attempt >= self._retry.attempts:
                return outcome.done()
            # Exponential with jitter, never under half of its step so that a quota can refill.
            step = min(self._retry.longest, self._retry.base * 2.0 ** (attempt - 1))
            pause = step * self._rng.uniform(0.5, 1.0)
            log.info("%s: %s; trying again in %.1f s", api_id, outcome.error, pause)
            if isinstance(outcome.error, RateLimited):
                self._gate.penalise(self._scope(api_id), pause)
            self._sleep(pause)

    # --- tokens ---

    def _issue(self) -> Token:
        until, refused = self._key_refused or (-math.inf, None)
        if refused is not None and self._clock() < until:
            # Many symbols ask for the token one after the other; what was refused stays refused.
            raise AuthError(refused.message, code=refused.code, api_id=refused.api_id, remedy=refused.remedy)
        self._key_refused = None
        try:
            page = self.send(self._about_token("au10001", "/oauth2/token"))
        except AuthError as error:
            self._key_refused = self._clock() + _KEY_REFUSED, error
            raise
        return Token.from_answer(page.json)

    def revoke(self) -> None:
        """Make the token worthless at the server, and forget it here."""
        self.send(self._about_token("au10002", "/oauth2/revoke", token=self.tokens.get().value))
        self.tokens.forget()

    def _about_token(self, api_id: str, path: str, **more: str) -> Request:
        ours = self._credentials
        body = {"grant_type": "client_credentials"} if not more else {}
        return Request(api_id, path, {**body, "appkey": ours.app_key, "secretkey": ours.app_secret, **more})

    def _wait(self, seconds: float) -> None:
        if self.stop.wait(seconds):
            raise InterruptedError("stopped while waiting to try again")

    def _scope(self, api_id: str) -> str:
        return f"{self._credentials.digest}:{api_id}"

    def _judge(
        self, request: Request, token: Token | None, status: int, headers: Mapping[str, str], content: bytes
    ) -> _Outcome:
        """What an answer means; nothing that it says shows a secret."""
        api_id = request.api_id
        if 300 <= status < 400:
            where = urlsplit(headers.get("location", "")).hostname or "elsewhere"
            told = f"{api_id}: the server redirects to {where}; redirects are not followed"
            return _Outcome(error=TransportError(self._clean(told, request, token), status=status))
        if api_id not in protocol.ABOUT_TOKENS:  # a page is stored, and handed out as served
            content = self._without_secrets(content, token)
            headers = {
                name.lower(): self._without_secrets(value.encode(), token).decode()
                for name, value in headers.items()
            }
        try:
            page = protocol.read(api_id, status, headers, content)
        except TransportError as error:
            told = self._clean(str(error), request, token)
            if status == 429:
                refused = RateLimited(told, code="429", api_id=api_id, remedy=_SLOWER)
                return _Outcome(error=refused, again=True)
            is_page = content.lstrip()[:1] == b"<"
            again = status >= 500 or not (is_page or status >= 400)
            return _Outcome(error=TransportError(told, status=status), again=again)
        kind, code, message = protocol.refusal(page, status)
        code, message = self._clean(code, request, token), self._clean(message, request, token)
        if kind == "rate":
            refused = RateLimited(message, code=code, api_id=api_id, remedy=_SLOWER)
            return _Outcome(error=refused, refusal=kind, again=True)
        if status >= 500:
            told = f"{api_id}: HTTP {status}, and the server said {code}: {message or 'nothing more'}"
            return _Outcome(error=TransportError(told, status=status), again=True)
        if kind == "none" or (kind == "no data" and token is not None):
            return _Outcome(page)
        return _Outcome(error=protocol.error(kind, api_id, code, message), refusal=kind)

    # --- the wire ---

    def reach(self) -> tuple[int, Mapping[str, str]]:
        """The status and headers of the door for tokens, asked for without key, token and quota."""
        answered = self._exchange(Request("HEAD", "/oauth2/token", {}), None, "HEAD")
        if isinstance(answered, _Outcome):
            answered.done()
        status, headers, _ = answered  # type: ignore[misc]
        return status, headers

    def _exchange(
        self, request: Request, token: Token | None, method: str = "POST"
    ) -> tuple[int, Mapping[str, str], bytes] | _Outcome:
        """One request over the wire: status, headers and body, or why there is none.

        Whatever is raised below has frames that hold the request. It is taken apart here.
        """
        api_id = request.api_id
        stopped: BaseException
        try:
            return self._over_the_wire(method, request, token)
        except requests.exceptions.SSLError as error:
            return _Outcome(error=TransportError(self._clean(f"{api_id}: {error}", request, token)))
        except InterruptedError as error:
            stopped = InterruptedError(str(error))
        except (requests.RequestException, urllib3.exceptions.HTTPError, OSError) as error:
            told = self._clean(f"{api_id}: {type(error).__name__}: {error}", request, token)
            return _Outcome(error=TransportError(told), again=True)
        except BaseException as error:  # Ctrl-C, or no memory left
            stopped = error.with_traceback(None)
            stopped.__context__ = stopped.__cause__ = None
        raise stopped

    def _over_the_wire(
        self, method: str, request: Request, token: Token | None
    ) -> tuple[int, Mapping[str, str], bytes]:
        headers = {**_HEADERS, **(request.headers if method == "POST" else {})}
        if token is not None:
            headers["authorization"] = f"Bearer {token.value}"
        body = msgspec.json.encode(request.body) if method == "POST" else None
        prepared = requests.Request(method, self.base_url + request.path, headers, data=body).prepare()
        limit = self._retry.timeout
        with WATCHDOG.watch(self, limit):
            if self.stop.is_set():
                raise InterruptedError("the client was stopped")
            times = min(self._retry.connect_timeout, limit), limit
            response = self._adapter.send(prepared, timeout=times, **self._settings)
            try:
                parts: list[bytes] = []
                size = 0
                # read1 gives what is there, so that the size is known before all of it is in memory.
                while part := response.raw.read1(65536, decode_content=True):
                    parts.append(part)
                    size += len(part)
                    if size > _MAX_BODY:
                        raise requests.RequestException(f"an answer of more than {_MAX_BODY:,} bytes")
                return response.status_code, response.headers, b"".join(parts)
            finally:
                response.close()

    def _clean(self, text: str, request: Request, token: Token | None) -> str:
        ours = self._credentials
        tokens = token.value if token else "", request.body.get("token", "")
        return redact(text, ours.app_key, ours.app_secret, *tokens)

    def _without_secrets(self, content: bytes, token: Token | None) -> bytes:
        """A body without our key, secret and token, should the server have written them into it."""
        ours = self._credentials
        for secret in (ours.app_key, ours.app_secret, token.value if token else ""):
            for form in {secret, secret.replace("/", "\\/")}:
                if len(form) >= SHORTEST and (shown := form.encode()) in content:
                    content = content.replace(shown, b"***")
        return content

    # --- the end ---

    def abort(self) -> None:
        """Make every request, waiting or under way, end now with InterruptedError, and later ones too."""
        self.stop.set()
        WATCHDOG.end(self, InterruptedError("the client was stopped"))

    def resume(self) -> None:
        """Take requests again after :meth:`abort`. Those that it ended stay ended."""
        self.stop = threading.Event()

    def close(self) -> None:
        """Close what is open; it opens again when it is used."""
        self._adapter.close()
        self._gate.close()


def _wrong_proxy(url: str, proxies: Mapping[str, str]) -> str:
    """Why the proxy for this address, if there is one, cannot be used: known before any try."""
    proxy = hide(select_proxy(url, proxies))
    if not proxy:
        return ""
    try:
        whole = hide(prepend_scheme_if_needed(proxy, "http"))  # type: ignore[no-untyped-call]
        parts = urllib3.util.parse_url(whole)
    except (TypeError, urllib3.exceptions.LocationParseError):  # a user and no host; a port of 70000
        return _NO_PROXY
    if not parts.host or parts.scheme not in (*_PROXY_SCHEMES, *_SOCKS):
        return _NO_PROXY
    return _NO_SOCKS if parts.scheme in _SOCKS and find_spec("socks") is None else ""


_PROXY_SCHEMES = ("http", "https")
_SOCKS = ("socks4", "socks4a", "socks5", "socks5h")
_NO_SOCKS = (
    "the proxy that the environment names is a SOCKS proxy, for which a package is missing: "
    "pip install PySocks python-socks (the second is for live data). Look at HTTPS_PROXY and ALL_PROXY."
)
_NO_PROXY = (
    "the proxy that the environment names has no address that can be read (not shown, as it may hold a "
    "password). Look at HTTPS_PROXY and ALL_PROXY; in a password, / and # are written as %2F and %23."
)
_SLOWER = "Pass a slower quota=, such as '1/s burst 2', or see whether another program uses the same key."


class Counter:
    """Counts the requests of one job over its threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.value = 0

    def add(self) -> None:
        with self._lock:
            self.value += 1


_transports: weakref.WeakSet[Transport] = weakref.WeakSet()


def _after_fork() -> None:
    for transport in list(_transports):
        transport._begin()
        transport.tokens.begin()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
