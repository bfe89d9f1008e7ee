"""How a live connection ended, and whether to connect again. Pure; no socket library is imported."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Literal, NamedTuple

from kiwoomdata.stream.events import TOO_MANY_REQUESTS, LoginDenied

__all__ = ["ENDING", "Failure", "Verdict", "backoff", "classify"]

Action = Literal["retry", "renew", "fatal"]


class Verdict(NamedTuple):
    """``retry``: connect again; ``renew``: connect again with a new token; ``fatal``: tell the user why."""

    action: Action
    reason: str


@dataclass(frozen=True, slots=True)
class Failure:
    """How a connection ended."""

    error: BaseException | None = None  # what connecting or receiving raised
    close_code: int | None = None  # taken from the error where it has one
    system: str = ""  # the last SYSTEM code before the end
    login: LoginDenied | None = None
    logged_in: bool = False
    renewed: bool = False  # a new token was tried since the last login that went through

    @property
    def code(self) -> int | None:
        """The code with which the connection was closed."""
        return _close_code(self.error) if self.close_code is None else self.close_code

    @property
    def unanswered(self) -> bool:
        """Closed with 1000 before the login was answered, as while a session before is being cleared."""
        return self.code == 1000 and not self.logged_in and self.login is None


_SYSTEMS: dict[str, Verdict] = {
    "R10001": Verdict("fatal", "the same key logged in elsewhere, and the server keeps one session per key"),
    "R10002": Verdict("retry", "the server missed the answers to its PINGs"),
    "R10004": Verdict("retry", "the server did not see a login"),
}
ENDING = frozenset(_SYSTEMS)
"""The SYSTEM codes with which the server ends a session; others are only words."""
_CLOSES: dict[int, Verdict] = {
    1000: Verdict("retry", "the server ended the session without giving a reason"),
    1001: Verdict("retry", "the server is going away"),
    1006: Verdict("retry", "the connection broke without a goodbye"),
    1008: Verdict("fatal", "the server closed for a violation of its policy"),
    1010: Verdict("fatal", "the server lacks a WebSocket extension"),
    1011: Verdict("retry", "the server met an internal error"),
    1012: Verdict("retry", "the server restarts"),
    1013: Verdict("retry", "the server asks to try later"),
}
_STATUSES: dict[int, Verdict] = {
    400: Verdict("fatal", "HTTP 400: the server's firewall does not take this client's handshake"),
    401: Verdict("fatal", "HTTP 401: the handshake was not authorised"),
    403: Verdict("fatal", "HTTP 403: the handshake was forbidden"),
    404: Verdict("fatal", "HTTP 404: there is no WebSocket at this address"),
    408: Verdict("retry", "HTTP 408: the handshake took too long"),
    429: Verdict("retry", "HTTP 429: too many connections"),
}
_ERRORS: dict[str, Verdict] = {  # by name, nearest ancestor first: this module imports no socket library
    "SSLCertVerificationError": Verdict("fatal", "the server's certificate could not be verified"),
    "InvalidURI": Verdict("fatal", "the address is not a WebSocket address"),
    "InvalidProxy": Verdict("fatal", "the proxy's address is not valid"),
    "ImportError": Verdict("fatal", "a SOCKS proxy needs a package: pip install python-socks"),
    "TimeoutError": Verdict("retry", "nothing was heard for too long"),
    "OSError": Verdict("retry", "the network failed"),
    "EOFError": Verdict("retry", "the connection ended in the middle of a message"),
    "WebSocketException": Verdict("retry", "the WebSocket failed"),
    "TransportError": Verdict("retry", "a new token could not be fetched over the network"),
    "RateLimited": Verdict("retry", "a new token was refused for now"),
}


def classify(failure: Failure) -> Verdict:
    """Whether to connect again after a connection ended, and why."""
    error, login = failure.error, failure.login
    if login is not None:  # before SYSTEM: the live server adds one of those to a refused login
        words = f"the login was refused with {login.code}: {login.message}"
        if login.code == TOO_MANY_REQUESTS:
            return Verdict("retry", words)
        # observed 2026: 805004 for a token that is no longer valid, with CODE=8005 in the text
        token_refused = login.code == 805004 or "CODE=8005" in login.message
        if token_refused and not failure.renewed:
            return Verdict("renew", words)
        return Verdict("fatal", f"{words}; a new token did not help" if token_refused else words)
    if failure.system in _SYSTEMS:
        return _SYSTEMS[failure.system]
    status = getattr(getattr(error, "response", None), "status_code", None)
    if isinstance(status, int):
        other: Action = "fatal" if 400 <= status < 500 else "retry"  # a page instead is one of maintenance
        return _STATUSES.get(status) or Verdict(other, f"HTTP {status} in answer to the handshake")
    code = failure.code
    if failure.unanswered:  # observed 2026-08-15 after a quick reconnect
        return Verdict(
            "retry", "the server closed before it answered the login, as it does on quick reconnects"
        )
    if code is not None:
        return _CLOSES.get(code) or Verdict("retry", f"the connection was closed with code {code}")
    if error is None:
        return Verdict("retry", "the connection ended")
    for kind in type(error).__mro__:
        if kind.__name__ in _ERRORS:
            verdict = _ERRORS[kind.__name__]
            return Verdict(verdict.action, f"{verdict.reason} ({type(error).__name__})")
    return Verdict("fatal", f"an error that is not the connection's: {type(error).__name__}")


def _close_code(error: BaseException | None) -> int | None:
    if not any(kind.__name__ == "ConnectionClosed" for kind in type(error).__mro__):
        return None
    received = getattr(error, "rcvd", None)
    return 1006 if received is None else int(received.code)


def backoff(attempt: int, rng: random.Random, base: float = 0.5, cap: float = 30.0) -> float:
    """Seconds to wait before attempt 0, 1, 2 …: up to ``base``, doubled each time, at most ``cap``."""
    return rng.uniform(0.0, min(cap, base * 2.0 ** min(attempt, 64)))
