"""From a request to typed frames and their provenance."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date, datetime
from functools import partial
from typing import TYPE_CHECKING, Any

import polars as pl

from kiwoomdata import cost, forks, frames, store
from kiwoomdata.arguments import DateLike, as_date, body_of, left_out, not_both
from kiwoomdata.calendar import previous_trading_day
from kiwoomdata.complete import examined, subject, tell
from kiwoomdata.entries import ENDPOINTS
from kiwoomdata.entries.entry import Endpoint
from kiwoomdata.errors import IncompleteFrame, KiwoomDataWarning, Truncated
from kiwoomdata.frames import OnBad
from kiwoomdata.kinds import CODE, KST
from kiwoomdata.names import with_codes
from kiwoomdata.origin import Provenance
from kiwoomdata.present import Names, choose, present
from kiwoomdata.rest.pages import Pages
from kiwoomdata.rest.protocol import Page
from kiwoomdata.store.question import another, day_of
from kiwoomdata.telling import Told, gathered, give, warn

if TYPE_CHECKING:
    pass
from kiwoomdata.client.checks import NO_AS, endpoint_of, main_part, near, positive
from kiwoomdata.client.connection import Connection, OnTruncated

__all__ = ["Client"]


class Client(Connection):
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
        The folder of tokens and quotas, False for none; also ``KIWOOMDATA_STATE``. One that was named and
        that is a link or cannot be made is a ConfigError.

    Examples
    --------
    >>> import kiwoomdata as kd
    >>> with kd.Client("simulator") as client:
    ...     frame = kd.daily_prices("005930", "2024-01-02", "2024-01-05", client=client)
    >>> frame.height
    4
    """

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
                f"api_id: {api_id!r} is no TR of market data in the vendor's guide{near(api_id)}; what "
                "orders or shows an account is never asked"
            )
        body = self._body(endpoint, {**(params or {}), **named})
        oldest = None if since is None else as_date(since, "since", whole="first")
        walk = self.pages(endpoint, body, oldest, max_pages=max_pages)
        found = list(walk)
        part = endpoint.rows  # a sole page without rows shows itself
        some = oldest is not None or len(found) > 1 or any(part and page.height(part) for page in found)
        doubtful = walk.stop.doubtful and some
        if (walk.stop.truncated or doubtful) and len(found) != max_pages:
            told = f"{api_id}: {len(found)} page(s) of {subject(endpoint, body)} came, and there may be more"
            warn(f"{told}: {walk.stop.why}", IncompleteFrame)
        return found

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
        self._tell_unheeded(endpoint, body)
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

    def _tell_unheeded(self, endpoint: Endpoint, body: Mapping[str, str]) -> None:
        """Tell of a day that the server may have ignored, as the rows do not say whose they are, and of
        venues that it does not heed."""
        day, now = day_of(body.get(endpoint.unheeded or "")), self.now()
        latest = self.session_day(now)
        begun = self.session_of(now, None) or previous_trading_day(latest)
        if day is not None and day not in (latest, begun):
            warn(
                f"{endpoint.api_id}: the server may answer for the latest session whatever day is asked for, "
                f"and its rows name no day: these need not be of {day}",
                KiwoomDataWarning,
            )
        if endpoint.instead_for_all and (whose := subject(endpoint, body)).endswith("_AL"):
            warn(
                f"{endpoint.api_id}: the server answers for KRX alone, also where all venues are asked for "
                f"as {whose}; ask {endpoint.instead_for_all}",
                KiwoomDataWarning,
            )

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
            oldest=found.oldest,
            now=self.now(),
            absent=frames.absent(endpoint, found.texts),
        )
        if (code := another(endpoint, body, found.texts)) is not None:
            source = replace(source, mistaken={subject(endpoint, body): code})
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
            if found.typed is None:
                continue
            before = bisect_left(found.typed["date"], since) if back_to and since else 0
            if found.typed.height > before:
                fetched = now if found.fetched_at is None else datetime.fromtimestamp(found.fetched_at, KST)
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
