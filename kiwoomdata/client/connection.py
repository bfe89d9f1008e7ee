"""Which server, with which key, how fast, with which store, and what time it is there."""

from __future__ import annotations

import os
import shutil
import tempfile
import warnings
import weakref
from collections.abc import Callable
from contextlib import ExitStack
from datetime import date, datetime, time, timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Literal, Never, NoReturn, Protocol, Self

from kiwoomdata.client.checks import positive, refuse_gone
from kiwoomdata.errors import CacheError, ConfigError, KiwoomDataWarning
from kiwoomdata.folders import cache_folder, state_folder
from kiwoomdata.frames import OnBad
from kiwoomdata.kinds import KST
from kiwoomdata.masking import hide
from kiwoomdata.present import Names, Style, choose
from kiwoomdata.rest.address import check_address
from kiwoomdata.rest.credentials import Credentials, find_credentials, key_name
from kiwoomdata.rest.gates import gate_of
from kiwoomdata.rest.limits import Quota
from kiwoomdata.rest.token import TokenKeeper
from kiwoomdata.rest.transport import Retry, Transport
from kiwoomdata.store.disk import SMALLEST_LIMIT, Store

if TYPE_CHECKING:
    from kiwoomdata.simulator import Server

__all__ = ["NO_CHOICE", "Connection", "Mode", "OnTruncated", "Stoppable"]


Mode = Literal["simulator", "mock", "real"]
OnTruncated = Literal["raise", "mark"]
_SHOWN = 12
"""Characters of a misspelt mode; what is longer may be a key."""
_CLOCKS_DIFFER = timedelta(minutes=5)
"""A time of day that lies further ahead than this is of the session before."""
_SERVERS = {
    "mock": ("https://mockapi.kiwoom.com", "wss://mockapi.kiwoom.com:10000", "1/s"),
    "real": ("https://api.kiwoom.com", "wss://api.kiwoom.com:10000", "5/s"),
}
NO_CHOICE = """no server was chosen and no key was found. Three ways:
  1. try it without keys:       kd.use("simulator")
  2. with a mock account's key: kd.use("mock", app_key=..., app_secret=...)
  3. with a real account's key: kd.use("real", app_key=..., app_secret=...)
Keys are also read from KIWOOM_APP_KEY and KIWOOM_APP_SECRET (KIWOOM_MODE names the server), or keyring."""


class Stoppable(Protocol):
    """A live stream, for all that a client knows of it."""

    def stop(self) -> None: ...


class Connection:
    """One Kiwoom server and one key: what :class:`~kiwoomdata.Client` asks through."""

    def __init__(
        self,
        mode: Mode | None = None,
        *,
        base_url: str | None = None,
        ws_url: str | None = None,
        app_key: str | None = None,
        app_secret: str | None = None,
        key: str | None = None,
        quota: str | Quota | Literal["default"] | None = "default",
        quota_store: str | None = None,
        cache: bool | Path | str = True,
        cache_size: int = 2 * 2**30,
        names: Names = "en",
        style: Style = "plain",
        on_bad: OnBad = "raise",
        on_truncated: OnTruncated = "raise",
        max_pages: int = 2_000,
        max_requests: int = 2_000,
        workers: int = 4,
        progress: bool | None = None,
        state: Path | str | Literal[False] | None = None,
        retry: Retry | None = None,
        clock: Callable[[], datetime] | None = None,
        **gone: Never,
    ) -> None:
        app_key, app_secret, key, unknown = hide(app_key), hide(app_secret), hide(key), list(gone)
        mode = hide(mode)  # a key may be put into it by mistake
        base_url, ws_url = hide(base_url), hide(ws_url)  # what is refused may hold a password
        quota_store = hide(quota_store or os.environ.get("KIWOOMDATA_QUOTA_STORE") or None)
        gone.clear()  # a misspelt key's secret
        refuse_gone("Client", unknown)
        chosen = _mode(hide(mode or os.environ.get("KIWOOM_MODE") or None))
        if chosen != "simulator":
            base_url = hide(base_url or os.environ.get("KIWOOM_BASE_URL"))
            ws_url = hide(ws_url or os.environ.get("KIWOOM_WS_URL"))
        self._simulator: Server | None = None
        credentials: Credentials | None
        if key is not None:
            key = key_name(key)
        if chosen == "simulator" and base_url is None:
            from kiwoomdata.simulator.server import shared_simulator

            server = self._simulator = shared_simulator()
            base_url = server.base_url
            credentials = self._named(key) if key else Credentials(server.app_key, server.app_secret)
            default_quota = None
        else:
            credentials = find_credentials(app_key, app_secret, mode=chosen or "real", name=key)
            if credentials is None:
                raise ConfigError(NO_CHOICE)
            rest, live, default_quota = _SERVERS["mock" if chosen == "mock" else "real"]
            base_url, ws_url = base_url or rest, ws_url or (live if base_url is None else None)
        self.mode: str = chosen or "real"
        base_url = check_address(base_url, "base_url", ("http", "https"))  # before a folder is made
        self._ws_url = check_address(ws_url, "ws_url", ("ws", "wss")) if ws_url else None
        self.quota = Quota.parse(default_quota if quota == "default" else quota)
        self.names, self.style = (
            choose("names", names, ("en", "ko")),
            choose("style", style, ("plain", "ohlcv")),
        )
        self.on_bad = choose("on_bad", on_bad, ("raise", "null"))
        self.on_truncated = choose("on_truncated", on_truncated, ("raise", "mark"))
        self.max_pages, self.workers, self.progress = positive("max_pages", max_pages), workers, progress
        positive("workers", workers)
        self.max_requests = positive("max_requests", max_requests)
        self._clock = clock
        if state not in (None, False) and (state == "" or not isinstance(state, str | Path)):
            raise ConfigError(f"state: expected a folder, or False for none, got {state!r}")
        kept = state is not False and self._simulator is None  # the simulator's tokens die with it
        folder = state_folder(state or None) if kept else None
        gate = gate_of(self.quota, folder, quota_store)
        self.store = self._open_store(cache, cache_size)

        def connected(credentials: Credentials) -> Transport:
            tokens = partial(
                TokenKeeper, server=base_url, credentials=credentials, folder=folder, clock=self.now
            )
            return Transport(base_url, credentials, gate, tokens=tokens, retry=retry)

        self._connected = connected
        self.transport = connected(credentials)
        self.streams: weakref.WeakSet[Stoppable] = weakref.WeakSet()
        """The live streams that were begun with it, which end with it."""
        self._server_name = self.transport.base_url
        if self._simulator is not None:
            self._server_name = f"simulator seed={self._simulator.seed}"

    def __repr__(self) -> str:
        if "transport" not in vars(self):  # a traceback that shows locals may come before it is made
            return "Client(not made)"
        return f"Client({self.mode!r}, base_url={self.base_url!r})"

    def __reduce__(self) -> NoReturn:
        raise TypeError(
            "a Client is not pickled, because it holds a key: make it in the process that uses it, of a key "
            "from its environment or keyring; on Dask, kiwoomdata.dask.fetch does so"
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    @property
    def base_url(self) -> str:
        return self.transport.base_url

    def _open_store(self, where: bool | Path | str, size: int) -> Store | None:
        if where is False:
            return None
        if where == "" or not isinstance(where, bool | str | Path):
            raise ConfigError(f"cache: expected a folder, True or False, got {where!r}; False does without")
        if type(size) is not int or size < SMALLEST_LIMIT:
            raise ValueError(f"cache_size: expected at least {SMALLEST_LIMIT} bytes (1 MiB), got {size!r}")
        if where is not True:
            return Store(where, size_limit=size)
        if self._simulator is not None:
            folder = tempfile.mkdtemp(prefix="kiwoomdata-")
            weakref.finalize(self, _remove, folder, os.getpid())
            return Store(folder, size_limit=size)
        try:
            return Store(cache_folder(), size_limit=size)
        except CacheError as error:
            if os.environ.get("KIWOOMDATA_CACHE"):
                raise
            told = f"{error} Until then this client keeps nothing."
        warnings.warn(told, KiwoomDataWarning, stacklevel=3)
        return None

    def with_key(self, name: str) -> Self:
        """The same with another of several keys: one server, one store, and a quota of its own.

        Parameters
        ----------
        name
            As ``key=``. A name that no key is found for is a :class:`ConfigError`.
        """
        name = hide(name)
        name = key_name(name)
        other = object.__new__(type(self))
        vars(other).update(vars(self), _of=self, streams=weakref.WeakSet())
        other.transport = self._connected(self._named(name))
        return other

    def _named(self, name: str) -> Credentials:
        if self._simulator is not None:
            return Credentials(*self._simulator.add_key(name))
        found = find_credentials(mode=self.mode, name=name)
        assert found is not None
        return found

    def close(self) -> None:
        """End the streams and close the connections. The token stays valid; :meth:`revoke` ends it."""
        with ExitStack() as rest:
            if self.store is not None:
                rest.callback(self.store.close)
            rest.callback(self.transport.close)
            for stream in list(self.streams):
                rest.callback(stream.stop)  # which raises where a recording is not on the disk

    def revoke(self) -> None:
        """Make the token worthless at the server and forget it."""
        self.transport.revoke()

    @property
    def ws_url(self) -> str | None:
        """The address of live data; the simulator's live side starts when somebody asks for it."""
        return self._ws_url or (self._simulator.ws_url if self._simulator is not None else None)

    def now(self) -> datetime:
        """The time in Seoul, by the clock that the client was given."""
        if self._clock is not None:
            return self._clock().astimezone(KST)
        return self._simulator.now() if self._simulator is not None else datetime.now(KST)

    def today(self) -> date:
        return self.now().date()

    def session_day(self, moment: datetime) -> date:
        """The trading day that the server's live messages of this moment belong to; they tell only a time."""
        if self._simulator is not None:
            return self._simulator.today  # it plays its latest session, whatever the time
        from kiwoomdata.calendar import last_trading_day

        return last_trading_day(moment.astimezone(KST).date())

    def session_of(self, moment: datetime, latest: time | None) -> date | None:
        """The session that an answer of this moment is of, by the latest time of day that stands in it.

        Before an open, an answer without times may be of the session before or of none: None.
        """
        day = self.session_day(moment)
        local = moment.astimezone(KST)
        if self._simulator is not None or day < local.date():
            return day
        from kiwoomdata.calendar import previous_trading_day, session_hours

        if latest is None:
            hours = session_hours(day)
            return day if hours and local.time() >= hours[0] else None
        ahead = datetime.combine(day, latest, KST) > local + _CLOCKS_DIFFER
        return previous_trading_day(day) if ahead else day


def _mode(given: object) -> str | None:
    """The name of a server, plain again where it is one."""
    known = ("simulator", *_SERVERS)
    if given is None or given in known:
        return None if given is None else known[known.index(str(given))]
    shown = repr(str(given)) if len(str(given)) <= _SHOWN else "what is too long to be one, and is not shown"
    raise ConfigError(f"mode: expected 'simulator', 'mock' or 'real', got {shown}; a key is app_key=")


def _remove(folder: str, pid: int) -> None:
    if os.getpid() == pid:  # a forked child has no say in its parent's folder
        shutil.rmtree(folder, ignore_errors=True)
