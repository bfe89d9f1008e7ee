"""Who may ask, and how often: the tokens that were issued, and the requests that were counted."""

from __future__ import annotations

import base64
import hashlib
import threading
from collections import deque
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

from kiwoomdata.simulator.rest.refusals import Refused
from kiwoomdata.simulator.switches import Mode, Rate, Switches

__all__ = ["DEFAULT_KEYS", "Meter", "Tokens"]

DEFAULT_KEYS: Mapping[Mode, tuple[str, str]] = {
    "real": ("simulated-app-key", "simulated-app-secret"),
    "mock": ("simulated-mock-app-key", "simulated-mock-app-secret"),
}
"""App key and secret of each server, plainly not anybody's."""


class Tokens:
    """The app keys of one server, and the tokens of each."""

    def __init__(
        self, app_key: str, app_secret: str, switches: Switches, *, seed: int, now: Callable[[], datetime]
    ) -> None:
        self.secrets = {app_key: app_secret}
        """By app key, in the order in which they were added."""
        self._switches, self._seed, self._now = switches, seed, now
        self._lock = threading.Lock()
        self._issued = 0
        self._ends: dict[str, tuple[str, datetime]] = {}

    def issue(self, body: Mapping[str, Any]) -> dict[str, object]:
        """The answer to a token request."""
        self._check_key(body)
        if not body.get("grant_type"):
            raise Refused("8011")
        if body["grant_type"] != "client_credentials":
            raise Refused("8012")
        token, ends = self._next(str(body["appkey"]))
        return {
            "expires_dt": ends.strftime("%Y%m%d%H%M%S"),
            "token_type": self._switches.token_type,
            "token": token,
        }

    def revoke(self, body: Mapping[str, Any]) -> dict[str, object]:
        """The answer to a revocation. What the real server says to an unknown token nobody has reported."""
        self._check_key(body)
        if not body.get("token"):
            raise Refused("8016")
        if not self.end(str(body["token"])):
            raise Refused("8015", reason="유효하지 않은 Token")
        return {}

    def owner(self, token: str) -> str | None:
        """The app key that a token was issued to, or None if it is unknown, revoked or over."""
        with self._lock:
            owner, ends = self._ends.get(token, (None, None))
            return owner if ends is not None and self._now() < ends else None

    def end(self, token: str) -> bool:
        """Make a token worthless; False if it was so before."""
        with self._lock:
            _, ends = self._ends.pop(token, (None, None))
            return ends is not None and self._now() < ends

    def _check_key(self, body: Mapping[str, Any]) -> None:
        key, secret = str(body.get("appkey") or ""), body.get("secretkey")
        if not key or not secret:
            raise Refused("8020")
        other: Mode = "mock" if self._switches.mode == "real" else "real"
        if self.secrets.get(key) != secret and (key, secret) == DEFAULT_KEYS[other]:
            raise Refused("8030")
        if key not in self.secrets:
            raise Refused("8001")
        if self.secrets[key] != secret:
            raise Refused("8002", reason="secretkey")

    def _next(self, key: str) -> tuple[str, datetime]:
        with self._lock:
            now = self._now()
            running = [
                (token, ends) for token, (owner, ends) in self._ends.items() if owner == key and now < ends
            ]
            if running and self._switches.token_reissue == "same":  # noqa: S105
                return running[-1]
            self._issued += 1
            digest = hashlib.sha512(f"token:{self._seed}:{self._issued}".encode()).digest()
            token = base64.urlsafe_b64encode(digest).decode().rstrip("=")  # 86 characters, like the real ones
            ends = now + timedelta(seconds=self._switches.token_life)
            others = {token: held for token, held in self._ends.items() if held[0] != key}
            self._ends = {**others, token: (key, ends)}
            return token, ends


class Meter:
    """Counts requests by scope, such as (app key, TR); a refused one is not counted."""

    def __init__(self, rate: Rate | None, timer: Callable[[], float]) -> None:
        self.rate, self._timer = rate, timer
        self._lock = threading.Lock()
        self._recent: dict[tuple[str, ...], deque[float]] = {}
        self._left: dict[tuple[str, ...], tuple[float, float]] = {}

    def admit(self, *scope: str) -> bool:
        """Count one more request, if the limit allows it."""
        if self.rate is None:
            return True
        with self._lock:
            now = self._timer()
            if self.rate.burst is None:
                return self._rolling(scope, now, self.rate.per_second)
            return self._bucket(scope, now, self.rate.per_second, self.rate.burst)

    def _rolling(self, scope: tuple[str, ...], now: float, most: int) -> bool:
        recent = self._recent.setdefault(scope, deque())
        while recent and recent[0] <= now - 1.0:
            recent.popleft()
        if len(recent) >= most:
            return False
        recent.append(now)
        return True

    def _bucket(self, scope: tuple[str, ...], now: float, per_second: int, burst: int) -> bool:
        left, then = self._left.get(scope, (float(burst), now))
        left = min(float(burst), left + (now - then) * per_second)
        # A billionth is forgiven: whoever waits exactly one second must not fail on the last bit.
        allowed = left >= 1 - 1e-9
        self._left[scope] = (left - 1 if allowed else left, now)
        return allowed
