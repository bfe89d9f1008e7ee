"""The client: which server, which key, how fast, and the way from a request to typed frames."""

from __future__ import annotations

import difflib
import os
import shutil
import tempfile
import warnings
import weakref
from bisect import bisect_left
from collections.abc import Callable, Iterable, Mapping
from contextlib import ExitStack
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Never, NoReturn, Protocol

import polars as pl

from kiwoomdata import cost, forks, frames, store
from kiwoomdata.arguments import DateLike, as_date, body_of, left_out, not_both
from kiwoomdata.complete import examined, subject, tell
from kiwoomdata.entries import ENDPOINTS
from kiwoomdata.entries.entry import Endpoint, Part
from kiwoomdata.errors import CacheError, ConfigError, KiwoomDataWarning, Truncated
from kiwoomdata.folders import cache_folder, state_folder
from kiwoomdata.frames import OnBad
from kiwoomdata.kinds import CODE, KST
from kiwoomdata.masking import hide
from kiwoomdata.names import with_codes
from kiwoomdata.origin import Provenance
from kiwoomdata.present import Names, Style, choose, present
from kiwoomdata.rest.credentials import Credentials, find_credentials, key_name
from kiwoomdata.rest.limits import Quota, gate_of
from kiwoomdata.rest.pages import Pages
from kiwoomdata.rest.protocol import Page
from kiwoomdata.rest.token import TokenKeeper
from kiwoomdata.rest.transport import Retry, Transport, check_address
from kiwoomdata.store.disk import SMALLEST_LIMIT, Store
from kiwoomdata.store.question import day_of
from kiwoomdata.telling import Told, gathered, give

if TYPE_CHECKING:
    from kiwoomdata.simulator import Server

__all__ = ["Client", "current", "default_client", "endpoint_of", "positive", "use"]

Mode = Literal["simulator", "mock", "real"]
OnTruncated = Literal["raise", "mark"]
NO_AS = "as_: gone; frames are polars frames. For pandas frames: import kiwoomdata.pandas as kd"
_GONE = {
    "as_": NO_AS,
    "columns": "columns: names the columns of a call; for headings pass names='ko' or 'en'",
}

_SECRET = ("app_", "quota_store")
"""How the parameters begin that hold a secret."""
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


def refuse_gone(function: str, named: Iterable[str]) -> None:
    """Refuse names that a function does not take, and name what stands in the place of an old one."""
    for name in named:
        raise TypeError(_GONE.get(name, f"{function}() got an unexpected keyword argument {name!r}"))


class Stoppable(Protocol):
    """A live stream, for all that a client knows of it."""

    def stop(self) -> None: ...


class Client:
    """A connection to one Kiwoom server with one key.

    Parameters
    ----------
    mode
        ``"simulator"`` (an embedded server, no keys), ``"mock"`` or ``"real"``. Left out:
        ``KIWOOM_MODE``, or ``"real"`` where a key is found.
    base_url, ws_url
        Other addresses; also ``KIWOOM_BASE_URL`` and ``KIWOOM_WS_URL``. Plain http and ws are taken
        for this machine alone.
    app_key, app_secret
        The key; also ``KIWOOM_APP_KEY`` and ``KIWOOM_APP_SECRET``, or keyring where it is installed.
    key
        The name of one of several keys: ``"a"`` is ``KIWOOM_APP_KEY_A`` and ``KIWOOM_APP_SECRET_A``, or
        ``real:a:app_key`` and ``real:a:app_secret`` in keyring. The simulator has a key of any name.
    quota
        Requests per key and TR: ``"5/s"`` (real), ``"1/s"`` (mock), ``"1/s burst 2"`` (careful), any
        other, or None for none. It is shared by all threads and processes of this machine.
    quota_store
        ``"rediss://:password@host:6379/0"``: a Redis over which machines share the quota; also
        ``KIWOOMDATA_QUOTA_STORE``. Needs ``kiwoomdata[redis]``. Tokens are not shared over it.
    cache
        Keep final rows on disk: True (``KIWOOMDATA_CACHE``, or the user's cache folder), a folder, or False.
        The embedded simulator's rows go into a folder that ends with the client.
    cache_size
        Bytes that the store may hold; beyond it, series go whole, those used longest ago first.
    names, style, on_bad, on_truncated
        Defaults for every call; see :func:`kiwoomdata.request`.
    max_pages
        The ceiling of one job; reaching it is :class:`kiwoomdata.Truncated`.
    max_requests
        A call that would send more raises ValueError before the first request, with the number and the time.
    workers
        How many symbols are fetched side by side.
    progress
        True, False, or None: a bar in a terminal or notebook for work beyond two seconds.
    state
        The folder of tokens and quotas, False for none; also ``KIWOOMDATA_STATE``.

    Examples
    --------
    >>> import kiwoomdata as kd
    >>> with kd.Client("simulator") as client:
    ...     frame = kd.daily_prices("005930", "2024-01-02", "2024-01-05", client=client)
    >>> frame.height
    4
    """

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
        app_key, app_secret, unknown = hide(app_key), hide(app_secret), list(gone)
        quota_store = hide(quota_store or os.environ.get("KIWOOMDATA_QUOTA_STORE") or None)
        gone.clear()  # a misspelt key's secret
        refuse_gone("Client", unknown)
        chosen = mode or os.environ.get("KIWOOM_MODE") or None
        if chosen != "simulator":
            base_url = base_url or os.environ.get("KIWOOM_BASE_URL")
            ws_url = ws_url or os.environ.get("KIWOOM_WS_URL")
        if chosen is not None and chosen not in ("simulator", *_SERVERS):
            raise ConfigError(f"mode: expected 'simulator', 'mock' or 'real', got {chosen!r}")
        self._simulator: Server | None = None
        credentials: Credentials | None
        if key is not None:
            key_name(key)
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
        folder = None if state is False else Path(state) if state else state_folder()
        if self._simulator is not None:
            folder = None  # its tokens die with it
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

    def __enter__(self) -> Client:
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

    def with_key(self, name: str) -> Client:
        """The same with another of several keys: one server, one store, and a quota of its own.

        Parameters
        ----------
        name
            As ``key=``. A name that no key is found for is a :class:`ConfigError`.
        """
        key_name(name)
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

    # --- any TR ---

    def raw(
        self,
        api_id: str,
        params: Mapping[str, Any] | None = None,
        *,
        since: DateLike | None = None,
        max_pages: int | None = None,
        **named: Any,
    ) -> list[Page]:
        """The pages as served, headers included; see :func:`kiwoomdata.raw`."""
        forks.check()
        endpoint = ENDPOINTS.get(api_id)
        if endpoint is None:
            raise ValueError(
                f"api_id: {api_id!r} is no TR of market data in the vendor's guide{_meant(api_id)}; what "
                "orders or shows an account is never asked"
            )
        body = self._body(endpoint, {**(params or {}), **named})
        oldest = None if since is None else as_date(since, "since")
        return list(self.pages(endpoint, body, oldest, max_pages=max_pages))

    def request(self, api_id: str, params: Mapping[str, Any] | None = None, **named: Any) -> pl.DataFrame:
        """The typed frame of any TR; see :func:`kiwoomdata.request`."""
        parts = self.request_parts(api_id, params, **named)
        return parts[main_part(endpoint_of(api_id)).name]

    def request_parts(
        self,
        api_id: str,
        params: Mapping[str, Any] | None = None,
        *,
        since: DateLike | None = None,
        max_pages: int | None = None,
        refresh: bool = False,
        offline: bool = False,
        names: Names | None = None,
        on_bad: OnBad | None = None,
        on_truncated: OnTruncated | None = None,
        max_requests: int | None = None,
        **named: Any,
    ) -> dict[str, pl.DataFrame]:
        """The typed frames of any TR by part; see :func:`kiwoomdata.request_parts`."""
        if "as_" in named:
            raise TypeError(NO_AS)
        endpoint = endpoint_of(api_id)
        body = self._body(endpoint, {**(params or {}), **named}, offline=offline)
        names = choose("names", names or self.names, ("en", "ko"))
        choose("on_bad", on_bad or self.on_bad, ("raise", "null"))
        choose("on_truncated", on_truncated or self.on_truncated, ("raise", "mark"))
        not_both(refresh, offline)
        oldest = until = None
        if since is not None:
            walk = endpoint.walk
            oldest = max(
                as_date(since, "since", whole="first"),
                (walk and day_of(body.get(walk.since or ""))) or date.min,
            )
            newest = (walk and day_of(body.get(walk.until or ""))) or self.today()
            if oldest > newest:
                raise ValueError(f"since: {oldest} is after {newest}, the newest day wanted")
            until = newest if store.by_days(endpoint) else None
        if not offline:
            asked = self._question(endpoint, body, oldest, until, refresh=refresh, offline=offline)
            most = self.max_requests if max_requests is None else positive("max_requests", max_requests)
            cost.check(self, [asked], most, refresh=refresh)
        told: Told = {}
        try:
            with gathered(told):
                parts, source = self.frames(
                    endpoint,
                    body,
                    since=oldest,
                    until=until,
                    refresh=refresh,
                    offline=offline,
                    max_pages=max_pages,
                    on_bad=on_bad,
                    on_truncated=on_truncated,
                )
        finally:
            give({subject(endpoint, body): told})
        tell(source)
        if oldest is not None and endpoint.walk is not None and endpoint.rows is not None:
            frame = parts[endpoint.rows.name] = _as_served(parts[endpoint.rows.name], endpoint, oldest)
            source = replace(source, rows=frame.height)
        return {
            name: present(
                frame,
                replace(source, units=frames.units(endpoint, body, name)),
                names=names,
                part=name,
            )
            for name, frame in parts.items()
        }

    def _body(self, endpoint: Endpoint, given: Mapping[str, Any], *, offline: bool = False) -> dict[str, str]:
        """The request's body; a symbol may be given by the stock's name."""
        said = left_out(endpoint, given)
        for name, value in said.items():
            param = endpoint.param(name)
            if param is not None and param.name == "symbol" and param.kind is CODE and not param.pattern:
                said[name] = with_codes(value, lambda: self, offline=offline, name=name)
        return body_of(endpoint, said)

    def frames(
        self,
        endpoint: Endpoint,
        body: Mapping[str, str],
        *,
        since: date | None = None,
        until: date | None = None,
        back_to: date | None = None,
        refresh: bool = False,
        offline: bool = False,
        max_pages: int | None = None,
        on_bad: OnBad | None = None,
        on_truncated: OnTruncated | None = None,
        tick: Callable[[], object] | None = None,
    ) -> tuple[dict[str, pl.DataFrame], Provenance]:
        """The typed frames of one job, and their provenance.

        Rows stand as the server ordered them; those of a range of days stand oldest first.

        ``refresh`` goes to the server and replaces what is stored; ``offline`` does not go there. Rows from
        ``back_to`` on, before ``since``, are given as well, and none of them is missed.
        """
        forks.check()
        question = self._question(endpoint, body, back_to or since, until, refresh=refresh, offline=offline)
        answer = store.rule(self.store, question)
        found = answer(partial(self.pages, endpoint, max_pages=max_pages, tick=tick))
        parts = {
            part.name: frames.typed(endpoint, part, texts, body, on_bad=on_bad or self.on_bad)
            for part in endpoint.parts
            if (texts := found.texts.get(part.name)) is not None
        }
        if found.typed is not None and endpoint.rows is not None:
            parts[endpoint.rows.name] = found.typed
        main = parts[endpoint.rows.name] if endpoint.rows else next(iter(parts.values()))
        source = Provenance(
            endpoint.api_id,
            dict(body),
            self.base_url,
            self.now() if found.fetched_at is None else datetime.fromtimestamp(found.fetched_at, KST),
            pages=found.pages,
            rows=main.height,
            requests=found.requests,
            cached_rows=found.cached_rows,
            duplicates=found.duplicates,
            truncated=found.stop.truncated,
            why=found.stop.why,
            as_of=found.as_of,
            units=frames.units(endpoint, body),
        )
        source = examined(
            source,
            endpoint,
            body,
            parts,
            found.stop,
            since=since,
            until=until,
            now=self.now(),
            absent=frames.absent(endpoint, found.texts),
        )
        if found.stop.truncated and (on_truncated or self.on_truncated) == "raise":
            raise Truncated(
                endpoint.api_id,
                found.stop.why,
                pages=found.pages,
                frame=present(main, source),
            )
        return parts, source

    def stored(
        self,
        endpoint: Endpoint,
        bodies: Mapping[str, Mapping[str, str]],
        since: date | None,
        until: date | None,
        *,
        back_to: date | None = None,
        offline: bool = False,
    ) -> dict[str, tuple[pl.DataFrame, Provenance]]:
        """The rows of a range of days and their provenance, by name: of those series that the store holds
        whole, decoded.

        Rows from ``back_to`` on, before ``since``, are given as well, and not counted. The units are left
        out: they are the same for all symbols.
        """
        if self.store is None or not bodies:
            return {}
        now = self.now()
        question = self._question(endpoint, {}, back_to or since, until, refresh=False, offline=offline)
        stored = {}
        for name, found in store.held_together(self.store, question, bodies).items():
            if found.typed is not None and found.typed.height:
                fetched = now if found.fetched_at is None else datetime.fromtimestamp(found.fetched_at, KST)
                before = bisect_left(found.typed["date"], since) if back_to and since else 0
                source = Provenance(
                    *(endpoint.api_id, bodies[name], self.base_url, fetched),
                    rows=found.typed.height,
                    cached_rows=found.typed.height - before,
                    why=found.stop.why,
                    as_of=found.as_of,
                )
                stored[name] = found.typed, source
        return stored

    def needs(
        self,
        endpoint: Endpoint,
        body: Mapping[str, str],
        since: date | None,
        until: date | None,
        *,
        refresh: bool,
    ) -> store.Needs:
        """What would be asked of the server for this, now."""
        question = self._question(endpoint, body, since, until, refresh=refresh, offline=False)
        return store.needs(self.store, question)

    def _question(
        self,
        endpoint: Endpoint,
        body: Mapping[str, str],
        since: date | None,
        until: date | None,
        *,
        refresh: bool,
        offline: bool,
    ) -> store.Question:
        return store.Question(
            *(endpoint, body, since, until, self._server_name, self.now(), refresh, offline),
            stopped=self.transport.stop.is_set,
        )

    def pages(
        self,
        endpoint: Endpoint,
        body: Mapping[str, str],
        since: date | None = None,
        *,
        max_pages: int | None = None,
        tick: Callable[[], object] | None = None,
    ) -> Pages:
        """Walk the pages of one job back to ``since``: iterate, and each page is one request.

        ``tick`` is called after each page, to show how far the walk is.
        """
        ceiling = self.max_pages if max_pages is None else positive("max_pages", max_pages)
        return Pages(self.transport.send, endpoint, body, since=since, max_pages=ceiling, tick=tick)


def _remove(folder: str, pid: int) -> None:
    if os.getpid() == pid:  # a forked child has no say in its parent's folder
        shutil.rmtree(folder, ignore_errors=True)


def _as_served(frame: pl.DataFrame, endpoint: Endpoint, since: date) -> pl.DataFrame:
    """The rows from ``since`` on, in the server's order, whether it or the store gave them."""
    assert endpoint.walk is not None
    days = frame[endpoint.walk.column]
    if endpoint.order == "newest first" and days.is_sorted():
        frame = frame.reverse()
    day = pl.col(endpoint.walk.column)
    if isinstance(days.dtype, pl.Datetime):
        day = day.dt.date()
    return frame.filter((day >= since) | day.is_null())


def endpoint_of(api_id: str) -> Endpoint:
    endpoint = ENDPOINTS.get(api_id)
    if endpoint is None:
        raise ValueError(
            f"api_id: {api_id!r} is not in the catalogue{_meant(api_id)}; kd.catalogue() lists what is"
        )
    return endpoint


def _meant(api_id: object) -> str:
    near = difflib.get_close_matches(str(api_id).strip().lower(), ENDPOINTS, n=1, cutoff=0.9)
    return f"; did you mean {near[0]!r}?" if near else ""


def main_part(endpoint: Endpoint) -> Part:
    """The part that a TR is asked for: its list, or its flat keys where it has none."""
    return endpoint.rows or endpoint.parts[0]


def positive(name: str, value: int) -> int:
    if not isinstance(value, int) or value < 1:
        raise ValueError(f"{name}: expected a whole number of at least 1, got {value!r}")
    return value


# --- the client of whoever gives none ---

_chosen_client: Client | None = None
_chosen_settings: dict[str, Any] = {}


def use(mode: Mode | Client | None = None, /, **settings: Any) -> None:
    """Choose the server, or other settings, for every call that is given no ``client=``.

    Parameters
    ----------
    mode
        ``"simulator"``, ``"mock"``, ``"real"``, or a :class:`Client`. Left out: the settings are
        changed and the choice of server stays.
    **settings
        Any of :class:`Client`'s parameters.

    Examples
    --------
    >>> import kiwoomdata as kd
    >>> kd.use("simulator")
    >>> kd.use(progress=False)
    """
    global _chosen_client, _chosen_settings
    settings = {name: hide(value) if name.startswith(_SECRET) else value for name, value in settings.items()}
    if isinstance(mode, Client):
        if settings:
            raise ValueError("use: a Client brings its own settings; give it them when you make it")
        _chosen_client, _chosen_settings = mode, {}
        return
    merged = {**_chosen_settings, **settings} if mode is None else {**settings, "mode": mode}
    client = Client(**merged)
    _chosen_client, _chosen_settings = client, merged


def current() -> Client | None:
    """The client of :func:`use`, if one was chosen or made already."""
    return _chosen_client


def default_client() -> Client:
    """The client of :func:`use`, or one made of the environment."""
    global _chosen_client
    forks.check()
    if _chosen_client is None:
        _chosen_client = Client(**_chosen_settings)
    return _chosen_client
