"""One quota over many hosts: the logs of the gates at a Redis server, and what holds while it is gone.

The rule of :mod:`kiwoomdata.rest.limits` stands here once more, as a script that Redis runs with nobody in
between and by its own clock: hosts need no common time. Tests hold the two against each other.

A Redis that was started anew has forgotten, or remembers only up to its last snapshot, and so has one that
was emptied. So the logs stand beside the ``run_id`` of the server that wrote them: under another one they are
dropped, and nobody goes for as long as what was granted before may still count. The same holds when a host
comes back that went alone meanwhile, because others may still do so: each looks again every ``LOOK`` seconds.
"""

from __future__ import annotations

import logging
import threading
import time
import warnings
from collections.abc import Callable
from urllib.parse import unquote, urlsplit

from kiwoomdata import forks
from kiwoomdata.errors import ConfigError, KiwoomDataWarning
from kiwoomdata.masking import hide, redact
from kiwoomdata.rest.address import is_loopback
from kiwoomdata.rest.limits import KEEP, MARGIN, Gate, Place, Quota, default_sleep

try:
    import redis
    from redis.backoff import NoBackoff
    from redis.retry import Retry
except ImportError as error:
    raise ImportError(f"quota_store: needs {error.name}: pip install 'kiwoomdata[redis]'") from error

__all__ = ["HOSTS", "Address", "RedisGate", "careful"]

log = logging.getLogger(__name__)

HOSTS = 5
"""So many hosts may go alone while Redis is gone, and stay within the quota together."""
LOOK = 0.5  # seconds after which a host that goes alone looks whether Redis is back
TIMEOUT = 2.0  # seconds for an answer, which takes well below a millisecond
SLOW = 0.3  # seconds for an answer, after which a place that was due meanwhile is given back

_KEY = "kiwoomdata:quota"
_MICRO = 1_000_000

# Times are whole microseconds, which a double holds exactly; cjson would round them.
_SCRIPT = """
local key, step, scope = KEYS[1], ARGV[1], ARGV[2]
local number, now, count, window = tonumber(ARGV[3]), tonumber(ARGV[4]), tonumber(ARGV[5]), tonumber(ARGV[6])
local pause, keep, was_gone = tonumber(ARGV[7]), tonumber(ARGV[8]), ARGV[9] == '1'
if not now then
  local time = redis.call('TIME')
  now = time[1] * 1000000 + time[2]
end

local run = string.match(redis.call('INFO', 'server'), 'run_id:(%w+)') or '-'
local known = redis.call('HMGET', key, ' run', ' begun')
if known[1] ~= run then redis.call('DEL', key) end
if known[1] ~= run or was_gone then
  redis.call('HSET', key, ' run', run, ' begun', string.format('%.0f', now))
  known[2] = now
end

local closed, grants = now, {}
local log = redis.call('HGET', key, scope)
if log then
  local numbers = {}
  for each in string.gmatch(log, '%S+') do numbers[#numbers + 1] = tonumber(each) end
  local back = math.max(0, numbers[1] - now)
  closed = numbers[2] - back
  for i = 3, #numbers do grants[i - 2] = numbers[i] - back end
end
closed = math.max(closed, math.min(tonumber(known[2]), now) + pause)

local place
for i = 1, #grants do
  if grants[i] == number then place = i end
end
local answer = {0, 0}
if step == 'take' then
  local at = math.max(now, closed)
  if count > 0 then
    at = math.max(at, grants[#grants] or at)
    if #grants >= count then at = math.max(at, grants[#grants - count + 1] + window) end
    local inside = 0
    for i = 1, #grants do
      if grants[i] > now - window then inside = inside + 1 end
    end
    for i = 1, #grants - math.max(keep, inside) do table.remove(grants, 1) end
    grants[#grants + 1] = at
  end
  answer = {at, at - now}
elseif step == 'leave' then
  if place then table.remove(grants, place) end
elseif step == 'left' then
  -- A place that is not there was reserved before Redis was started anew.
  if closed > math.max(now, number) or (count > 0 and not place) then
    if place then table.remove(grants, place) end
    answer = {1, 0}
  else
    answer = {0, math.max(0, number - now)}
  end
elseif step == 'close' then
  closed = math.max(closed, now + number)
end

local words = {string.format('%.0f %.0f', now, closed)}
for i = 1, #grants do words[i + 1] = string.format('%.0f', grants[i]) end
redis.call('HSET', key, scope, table.concat(words, ' '))
redis.call('EXPIRE', key, 604800)
return answer
"""


class Address:
    """Where a Redis is, and how one enters: nothing shows the password."""

    def __init__(self, url: str) -> None:
        url = hide(url)
        scheme, self.host, self.port, self.db, rest, self._user, self._password = _taken_apart(url)
        self.tls = scheme == "rediss"
        if scheme not in ("redis", "rediss") or not self.host or rest:
            shown = "what was given (not shown)" if "@" in url else repr(str(url))
            raise ConfigError(
                "quota_store: expected an address such as 'rediss://:password@host:6379/0', without a query, "
                f"and {shown} is none"
            )
        if not self.tls and not is_loopback(self.host):
            raise ConfigError(
                f"quota_store: {self!r} would send its password unencrypted; use rediss:// "
                "(redis:// only to 127.0.0.1)"
            )

    def __repr__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"redis{'s' * self.tls}://{host}:{self.port}/{self.db}"

    def clean(self, text: str) -> str:
        """The text without the password."""
        return redact(text, *filter(None, (self._password,)))

    def connect(self) -> redis.Redis:
        """A client of the server there; it connects when it is used."""
        return redis.Redis(
            host=self.host,
            port=self.port,
            db=self.db,
            protocol=2,
            credential_provider=_Entrance(self._user, self._password) if self._password else None,
            socket_timeout=TIMEOUT,
            socket_connect_timeout=TIMEOUT,
            # Once more at once: a connection that was idle may have been closed by the server.
            retry=Retry(NoBackoff(), 1, (redis.ConnectionError,)),
            ssl=self.tls,
            ssl_cert_reqs="required",
            ssl_check_hostname=True,
        )


def _taken_apart(url: str) -> tuple[str, str, int, int, str, str | None, str | None]:
    """Scheme, host, port, database, what else there is, user and password; no host if it cannot be read."""
    try:
        parts = urlsplit(url)
        path = parts.path.strip("/") or "0"
        more = parts.query + parts.fragment + ("" if path.isdecimal() else path)
        user, password = (word and hide(unquote(word)) for word in (parts.username, parts.password))
        return parts.scheme, parts.hostname or "", parts.port or 6379, int(path), more, user, password
    except ValueError:  # a port of 70000, or a path that is no number
        return "", "", 0, 0, "", None, None


class _Entrance(redis.CredentialProvider):
    """Gives the password when a connection is made; a traceback that shows locals does not show it."""

    def __init__(self, user: str | None, password: str) -> None:
        self._words = (user, password) if user else (password,)

    def get_credentials(self) -> tuple[str] | tuple[str, str]:
        return self._words

    def __repr__(self) -> str:
        return "_Entrance()"


def careful(quota: Quota) -> Quota:
    """The quota of one host of ``HOSTS`` that cannot count together."""
    if quota.count >= HOSTS:
        return Quota(quota.count // HOSTS, quota.per)
    return Quota(1, quota.per * HOSTS / quota.count)


class RedisGate(Gate):
    """A gate for all hosts that reach one Redis.

    While Redis is gone, which is told once, ``alone`` lets callers through: a gate of this host, whose quota
    is a part of the whole (:func:`careful`).

    ``clock`` stands in for the clock of Redis, and ``pause`` for the seconds that nobody goes when what was
    granted before is not known; both are for tests.
    """

    _lock: threading.Lock
    early = 0.03  # asked when it is due, Redis would delay each request by an answer of its own

    def __init__(
        self,
        address: Address,
        quota: str | Quota | None,
        alone: Gate,
        *,
        clock: Callable[[], float] | None = None,
        sleep: Callable[[float, threading.Event | None], bool] = default_sleep,
        margin: float = MARGIN,
        pause: float | None = None,
    ) -> None:
        super().__init__(quota, sleep=sleep, margin=margin)
        self.address = address
        self.alone = alone
        self._window = 0.0 if self.quota is None else self.quota.per + margin
        self._pause = 2 * LOOK + self._window if pause is None else pause
        self._clock = clock
        self._redis = address.connect()
        self._script = self._redis.register_script(_SCRIPT)
        self._gone = False
        self._gone_since = self._look_at = 0.0
        forks.renew(self, _lock=threading.Lock)

    def __repr__(self) -> str:
        return f"RedisGate({self.address!r}, {self.quota!r})"

    def close(self) -> None:
        self._redis.close()
        self.alone.close()

    def _take(self, scope: str) -> Place:
        answer = self._ask("take", scope)
        if answer is not None:
            return Place(answer[0], answer[1] / _MICRO)
        left = self._gone_since + self._window - time.monotonic()
        if left > 0:  # what others were granted before may count until then
            self.alone._close(scope, left)
        return self.alone._take(scope)._replace(alone=True)

    def _leave(self, scope: str, place: Place) -> None:
        if place.alone:
            self.alone._leave(scope, place)
        else:
            self._ask("leave", scope, place.at)

    def _left(self, scope: str, place: Place) -> float | None:
        begun = time.monotonic()
        answer = self._ask("look" if place.alone else "left", scope, place.at)
        # One who waited for the answer long would go with the next, who is granted a place by the log.
        late = time.monotonic() - begun > SLOW
        if place.alone:
            holds = answer is None and not late and self.alone._left(scope, place) is not None
            left = min(self.early, place.seconds)
        else:
            holds = answer is not None and not answer[0] and not late
            left = answer[1] / _MICRO if answer is not None else 0.0
        if not holds:
            self._leave(scope, place)
        return left if holds else None

    def _close(self, scope: str, seconds: float) -> None:
        if self._ask("close", scope, seconds * _MICRO) is None:
            self.alone._close(scope, seconds)

    def _ask(self, step: str, scope: str, number: float = 0) -> list[int] | None:
        """What the script answers, or None while Redis is gone."""
        now = time.monotonic()
        with self._lock:
            was_gone = self._gone
            if was_gone and now < self._look_at:
                return None
            self._look_at = now + LOOK  # one thread looks, and the others go on
        quota = self.quota
        failure: BaseException
        try:
            answer: list[int] = self._script(
                keys=[_KEY],
                args=[
                    *(step, scope, round(number)),
                    "" if self._clock is None else round(self._clock() * _MICRO),
                    *(0 if quota is None else quota.count, round(self._window * _MICRO)),
                    *(round(self._pause * _MICRO), KEEP, int(was_gone)),
                ],
            )
        except BaseException as error:  # its frames hold the password
            failure = error.with_traceback(None)
            failure.__context__ = failure.__cause__ = None
        else:
            if was_gone:
                with self._lock:
                    self._gone = False
                log.info("%r is back: all hosts count together again", self.address)
            return answer
        if not isinstance(failure, redis.RedisError | OSError):
            raise failure
        self._went(f"{type(failure).__name__}: {self.address.clean(str(failure))}")
        return None

    def _went(self, why: str) -> None:
        with self._lock:
            news, self._gone = not self._gone, True
            now = time.monotonic()
            self._look_at = now + LOOK
            if news:
                self._gone_since = now
        if news:
            warnings.warn(
                f"the quota store {self.address!r} cannot be used ({why}). Until it can, this machine keeps "
                f"to {_told(self.alone.quota)} for each key and TR, which is within the quota for up to "
                f"{HOSTS} machines. Start Redis, or mend the address or the password in quota_store.",
                KiwoomDataWarning,
                stacklevel=4,
            )


def _told(quota: Quota | None) -> str:
    return "no quota" if quota is None else f"{quota.count} in {quota.per:g} s"
