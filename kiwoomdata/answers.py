"""Whether a request is answered by the store, by the server, or by both.

Two rules, both from the catalogue's entry:

* A TR whose rows depend on their day alone (``walk``, not ``relative``) is kept by *coverage*
  (:mod:`kiwoomdata.coverage`): only the days that the store lacks are asked for.
* Any other TR of days is kept as a *whole answer* under all its parameters, and only while it
  could not read otherwise today.

Rows that the server can still change are never kept; they are asked for again.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

import polars as pl

from kiwoomdata.coverage import ALL_STORED, Answer, Context, Fetch, day_of, key_of, plain, rule_of, series
from kiwoomdata.entries import VERSION
from kiwoomdata.entries.entry import Endpoint
from kiwoomdata.errors import NotCached
from kiwoomdata.finality import last_final_day
from kiwoomdata.intervals import Days
from kiwoomdata.kinds import DATE
from kiwoomdata.store import SeriesKey

__all__ = ["answer", "by_days"]


def answer(
    context: Context | None,
    endpoint: Endpoint,
    body: Mapping[str, str],
    since: date | None,
    until: date | None,
    fetch: Fetch,
) -> Answer:
    """Ask the store, the server, or both; without a context there is no store."""
    kept = context is not None and endpoint.final != "never"
    if kept and by_days(endpoint) and since is not None and until is not None:
        assert context is not None
        return series(context, endpoint, body, since, until, fetch)
    if kept and not by_days(endpoint):
        assert context is not None
        return whole(context, endpoint, body, since, fetch)
    if context is not None and context.offline:
        raise NotCached(f"offline: {endpoint.api_id} of {dict(body)} is not kept; ask without offline=True")
    return plain(endpoint, fetch(body, since))


def by_days(endpoint: Endpoint) -> bool:
    """Whether the TR's rows depend on their day alone, so that days can be kept one by one."""
    return endpoint.walk is not None and not endpoint.walk.relative and endpoint.final != "never"


# --- whole answers -------------------------------------------------------------------------


def whole(
    context: Context, endpoint: Endpoint, body: Mapping[str, str], since: date | None, fetch: Fetch
) -> Answer:
    """An answer that is kept as a whole, and only while it could not read otherwise today."""
    key = SeriesKey(context.server, endpoint.api_id, tuple(body.items()))
    newest = _newest_possible(endpoint, body, context.now.date())
    kept = None if context.refresh else _kept(context, endpoint, key, newest)
    if kept is not None:
        return kept
    if context.offline:
        raise NotCached(
            f"offline: {endpoint.api_id} with {dict(body)} is not in the store, or may have changed"
        )
    with context.store.lock(key):
        kept = None if context.refresh else _kept(context, endpoint, key, newest)
        if kept is not None:  # somebody else has asked meanwhile
            return kept
        fetched = fetch(body, since)
        answer = plain(endpoint, fetched)
        part = endpoint.rows
        assert part is not None
        rows, column = answer.texts[part.name], key_of(part, "date")
        days = [day for text in rows[column] if (day := day_of(text or ""))]
        settled = last_final_day(rule_of(endpoint), context.now)
        if days and not fetched.stop.truncated and max(days) == newest <= settled:
            context.store.merge(
                key,
                _pack(endpoint, answer.texts),
                Days.between(min(days), max(days)),
                date_column=column,
                version=VERSION,
                replace=True,
            )
        return answer


def _kept(context: Context, endpoint: Endpoint, key: SeriesKey, newest: date) -> Answer | None:
    block = context.store.read(key)
    if block is None or block.coverage.last != newest:
        return None
    texts = _unpack(endpoint, block.rows)
    return Answer(texts, ALL_STORED, cached_rows=block.rows.height, fetched_at=block.fetched_at)


def _newest_possible(endpoint: Endpoint, body: Mapping[str, str], today: date) -> date:
    """The newest day that an answer to this body could hold."""
    from kiwoomdata.calendar import last_trading_day

    asked = [day_of(body[p.key]) for p in endpoint.params if p.kind is DATE and p.key in body]
    return last_trading_day(min([today, max((day for day in asked if day), default=today)]))


_BESIDE = "beside."


def _pack(endpoint: Endpoint, texts: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    """One frame of all parts: what stands beside the list is repeated on each row."""
    part = endpoint.rows
    assert part is not None
    flat = [texts[other.name] for other in endpoint.parts if other.key is None]
    beside = [pl.lit(one[name][0], pl.String()).alias(_BESIDE + name) for one in flat for name in one.columns]
    return texts[part.name].with_columns(beside)


def _unpack(endpoint: Endpoint, rows: pl.DataFrame) -> dict[str, pl.DataFrame]:
    part = endpoint.rows
    assert part is not None
    beside = [name for name in rows.columns if name.startswith(_BESIDE)]
    own = rows.drop(beside).sort(key_of(part, "date"), descending=True, maintain_order=True)
    flat = rows.head(1).select(pl.col(name).alias(name.removeprefix(_BESIDE)) for name in beside)
    return {other.name: own if other.key else flat for other in endpoint.parts}
