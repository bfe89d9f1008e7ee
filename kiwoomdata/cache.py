"""What of a request the store holds already, what must be asked for, and what may be kept.

``kd.cache`` is this module: :func:`info` tells what is stored, :func:`clear` lets go of it, and
``kd.cache.path`` is its folder.

Two rules, both from the catalogue's entry:

* A TR whose rows depend on their day alone (``walk``, not ``relative``) is kept by *coverage*:
  the store knows which days it holds as final, and only the gaps are asked for, each walked
  back from its end to its start.
* Any other TR of days is kept as a *whole answer* under all its parameters, and only while it
  could not read otherwise today.

Rows that the server can still change are never kept; they are asked for again.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import polars as pl

from kiwoomdata import frames
from kiwoomdata.entries import VERSION
from kiwoomdata.entries.entry import Endpoint, Part
from kiwoomdata.errors import NotCached
from kiwoomdata.finality import Final, last_final_day
from kiwoomdata.intervals import Days
from kiwoomdata.kinds import DATE, encode
from kiwoomdata.protocol import Stop
from kiwoomdata.store import Block, SeriesKey, Store

if TYPE_CHECKING:
    from datetime import datetime

    from kiwoomdata.client import Fetched

__all__ = ["clear", "info", "path"]

_DAY = timedelta(days=1)


class Fetch(Protocol):
    """Ask the server for one body, back to ``since``."""

    def __call__(self, body: Mapping[str, str], since: date | None, /) -> Fetched: ...


@dataclass(frozen=True)
class Answer:
    """The text frames of a job, by part, and where they came from."""

    texts: Mapping[str, pl.DataFrame]
    stop: Stop
    pages: int
    requests: int
    cached_rows: int
    duplicates: int = 0
    as_of: date | None = None


@dataclass(frozen=True)
class Context:
    """What every question to the store needs to know."""

    store: Store
    server: str
    now: datetime
    refresh: bool = False
    offline: bool = False


def rule_of(endpoint: Endpoint) -> Final:
    return Final(endpoint.final, credit_days=2 if endpoint.credit_columns else 0)


def by_days(endpoint: Endpoint) -> bool:
    """Whether the TR's rows depend on their day alone, so that days can be kept one by one."""
    return endpoint.walk is not None and not endpoint.walk.relative and endpoint.final != "never"


def plain(endpoint: Endpoint, fetched: Fetched) -> Answer:
    """What the server answered, with nothing from the store."""
    texts, dropped = frames.text_parts(endpoint, fetched.pages)
    return Answer(texts, fetched.stop, len(fetched.pages), fetched.requests, 0, dropped)


# --- by coverage ---------------------------------------------------------------------------


def series(
    context: Context, endpoint: Endpoint, body: Mapping[str, str], since: date, until: date, fetch: Fetch
) -> Answer:
    """The rows of a range of days: from the store what is final there, from the server the rest."""
    key = _series_key(context, endpoint, body)
    if not context.refresh:
        block = context.store.read(key)
        if block is not None and not _missing(block.coverage, since, until):
            return _served(endpoint, block, None, since, until)
    if context.offline:
        held = context.store.header(key)
        raise _not_cached(key, _missing(held.coverage if held else Days(), since, until))
    with context.store.lock(key):
        answer = _extend(context, endpoint, key, body, since, until, fetch, whole=context.refresh)
        if answer is None:
            # The prices of days that were final are other than they were: a split, a rights issue.
            # Old and new must not meet, so everything of the range is asked for anew.
            context.store.delete(key)
            answer = _extend(context, endpoint, key, body, since, until, fetch, whole=True)
            assert answer is not None
        return answer


def _extend(
    context: Context,
    endpoint: Endpoint,
    key: SeriesKey,
    body: Mapping[str, str],
    since: date,
    until: date,
    fetch: Fetch,
    *,
    whole: bool,
) -> Answer | None:
    """Fetch what is missing and keep what is final of it; None where the stored rows were rebased."""
    walk, part = endpoint.walk, endpoint.rows
    assert walk is not None
    assert part is not None
    column = _key_of(part, walk.column)
    final = last_final_day(rule_of(endpoint), context.now)
    block = None if whole else context.store.read(key)
    fresh: list[pl.DataFrame] = []
    stop, pages, requests, dropped = Stop("everything came from the store"), 0, 0, 0
    held = block
    for first, last in reversed(list(_missing(block.coverage if block else Days(), since, until))):
        asked = dict(body) | {walk.until: encode(DATE, last)}
        if walk.since:
            asked[walk.since] = encode(DATE, first)
        fetched = fetch(asked, first)
        texts, twice = frames.text_parts(endpoint, fetched.pages)
        rows = texts[part.name]
        stop, pages, requests = fetched.stop, pages + len(fetched.pages), requests + fetched.requests
        dropped += twice
        if endpoint.rebased and held is not None and not _agree(endpoint, part, column, held, rows):
            return None
        fresh.append(_between(rows, column, first, last))
        covered = _whole_days(fetched.stop, rows, column, first, min(last, final), held is not None)
        if covered:
            held = context.store.merge(
                key,
                rows,
                covered,
                date_column=column,
                version=VERSION,
                as_of=context.now.date() if endpoint.rebased else None,
                replace=whole and held is None,
            )
        if fetched.stop.truncated:
            break
    return _served(
        endpoint,
        block,
        pl.concat(fresh, how="diagonal") if fresh else None,
        since,
        until,
        stop=stop,
        pages=pages,
        requests=requests,
        duplicates=dropped,
        as_of=held.as_of if held else None,
    )


def _served(
    endpoint: Endpoint,
    block: Block | None,
    fresh: pl.DataFrame | None,
    since: date,
    until: date,
    *,
    stop: Stop | None = None,
    as_of: date | None = None,
    **counts: int,
) -> Answer:
    """Stored and fresh rows of the range, oldest first."""
    part = endpoint.rows
    assert part is not None
    assert endpoint.walk is not None
    column = _key_of(part, endpoint.walk.column)
    pieces = [pl.DataFrame(schema={column: pl.String()}) if fresh is None else fresh]
    cached = 0
    if block is not None:
        stored = _slice(block.rows, column, since, until)
        if fresh is not None and fresh.height and stored.height:
            stored = stored.join(fresh.select(column), on=column, how="anti", maintain_order="left")
        cached = stored.height
        pieces.append(stored)
        as_of = as_of or block.as_of
    texts = stored if fresh is None and block is not None else _joined(pieces, column)
    lacking = [key for key in part.by_key if key not in texts.columns]
    if lacking:
        texts = texts.with_columns(pl.lit(None, pl.String()).alias(key) for key in lacking)
    return Answer(
        {part.name: texts},
        stop or Stop("everything came from the store"),
        counts.get("pages", 0),
        counts.get("requests", 0),
        cached,
        counts.get("duplicates", 0),
        as_of,
    )


def _joined(pieces: list[pl.DataFrame], column: str) -> pl.DataFrame:
    return pl.concat(pieces, how="diagonal").sort(column, maintain_order=True)


def _missing(covered: Days, since: date, until: date) -> Days:
    """The days to ask for: the gaps, without those that hold no trading day."""
    from kiwoomdata.calendar import trading_days

    found = []
    for first, last in covered.gaps(since, until):
        days = trading_days(first, last)
        if days:
            found.append((days[0], days[-1]))
    return Days.from_pairs(found)


def _whole_days(stop: Stop, rows: pl.DataFrame, column: str, first: date, last: date, known: bool) -> Days:
    """The days that an answer settles.

    One that was cut short settles the days after its oldest; one without any row settles nothing
    unless the series is known, because the server answers so for much else than "no trading".
    """
    if rows.is_empty():
        return Days() if stop.truncated or not known or first > last else Days.between(first, last)
    if stop.truncated:
        oldest = _day(min(text for text in rows[column] if text))
        first = max(first, oldest + _DAY) if oldest else last + _DAY
    return Days.between(first, last) if first <= last else Days()


def _agree(endpoint: Endpoint, part: Part, column: str, block: Block, rows: pl.DataFrame) -> bool:
    """Whether days that stand in the store and came again have the same prices."""
    prices = [c.key for c in part.columns if c.kind.name == "price" and c.key in rows.columns]
    names = [column, *(name for name in prices if name in block.rows.columns)]
    days = pl.col(column).str.slice(0, 8)
    again = rows.select(names).filter(
        pl.any_horizontal(
            [days.is_between(pl.lit(encode(DATE, a)), pl.lit(encode(DATE, b))) for a, b in block.coverage]
            or [pl.lit(False)]
        )
    )
    if again.is_empty():
        return True
    both = again.join(block.rows.select(names), on=column, suffix="_stored")
    same = [pl.col(name).eq_missing(pl.col(f"{name}_stored")) for name in names[1:]]
    return bool(both.select(pl.all_horizontal(same).all()).item()) if same else True


# --- whole answers -------------------------------------------------------------------------


def whole(
    context: Context, endpoint: Endpoint, body: Mapping[str, str], since: date | None, fetch: Fetch
) -> Answer:
    """An answer that is kept as a whole, and only while it could not read otherwise today."""
    key = SeriesKey(context.server, endpoint.api_id, tuple(body.items()))
    newest = _newest_possible(endpoint, body, context.now.date())
    if not context.refresh:
        block = context.store.read(key)
        if block is not None and block.coverage.last == newest:
            texts = _unpack(endpoint, block.rows)
            return Answer(texts, Stop("everything came from the store"), 0, 0, block.rows.height)
    if context.offline:
        raise NotCached(
            f"offline: {endpoint.api_id} with {dict(body)} is not in the store, or may have changed"
        )
    with context.store.lock(key):
        fetched = fetch(body, since)
        answer = plain(endpoint, fetched)
        part = endpoint.rows
        assert part is not None
        rows, column = answer.texts[part.name], _key_of(part, "date")
        days = [day for text in rows[column] if (day := _day(text or ""))]
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


def _newest_possible(endpoint: Endpoint, body: Mapping[str, str], today: date) -> date:
    """The newest day that an answer to this body could hold."""
    from kiwoomdata.calendar import last_trading_day

    asked = [_day(body[p.key]) for p in endpoint.params if p.kind is DATE and p.key in body]
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
    own = rows.drop(beside).sort(_key_of(part, "date"), descending=True, maintain_order=True)
    flat = rows.head(1).select(pl.col(name).alias(name.removeprefix(_BESIDE)) for name in beside)
    return {other.name: own if other.key else flat for other in endpoint.parts}


# --- small things --------------------------------------------------------------------------


def _series_key(context: Context, endpoint: Endpoint, body: Mapping[str, str]) -> SeriesKey:
    walk = endpoint.walk
    assert walk is not None
    identity = tuple((k, v) for k, v in body.items() if k not in (walk.until, walk.since))
    return SeriesKey(context.server, endpoint.api_id, identity)


def _key_of(part: Part, name: str) -> str:
    return next(column.key for column in part.columns if column.name == name)


def _day(text: str) -> date | None:
    try:
        day: date | None = DATE.parse(text.strip())
    except ValueError:
        return None
    return day


def _between(rows: pl.DataFrame, column: str, first: date, last: date) -> pl.DataFrame:
    day = pl.col(column).str.strip_chars().str.slice(0, 8)
    return rows.filter(day.is_between(pl.lit(encode(DATE, first)), pl.lit(encode(DATE, last))))


def _slice(rows: pl.DataFrame, column: str, first: date, last: date) -> pl.DataFrame:
    """The same of stored rows, which stand in order."""
    if rows.is_empty():
        return rows
    begin = rows[column].search_sorted(encode(DATE, first), "left")
    end = rows[column].search_sorted(encode(DATE, last) + "~", "left")  # behind YYYYMMDD and YYYYMMDD000000
    return rows.slice(begin, end - begin)


def _not_cached(key: SeriesKey, missing: Days) -> NotCached:
    listed = ", ".join(f"{first} to {last}" for first, last in missing)
    return NotCached(
        f"offline: {key.api_id} {dict(key.identity)} lacks {listed} in the store; "
        "ask once without offline=True"
    )


# --- kd.cache ------------------------------------------------------------------------------


@contextmanager
def _store() -> Iterator[Store]:
    """The store of the client that functions use, or the one that a client would use."""
    from kiwoomdata import client
    from kiwoomdata.folders import cache_folder

    current = client.current()
    if current is not None and current.store is not None:
        yield current.store
        return
    store = Store(cache_folder())
    try:
        yield store
    finally:
        store.close()


def info() -> pl.DataFrame:
    """What the store holds.

    One row is one series, the most recently used first.

    Returns
    -------
    DataFrame
        ``api_id symbol server`` (String), ``from to`` (Date), ``rows bytes`` (Int64), ``as_of`` (Date, the
        day to which rebased prices are relative), ``last_used`` (Datetime, Asia/Seoul).

    Examples
    --------
    >>> import kiwoomdata as kd
    >>> kd.use("simulator")
    >>> _ = kd.daily_prices("005930", "2024-01-02", "2024-01-31")
    >>> kd.cache.info().filter(symbol="005930", api_id="ka10086").height
    1
    """
    with _store() as store:
        return store.info()


def clear(
    *,
    symbol: str | None = None,
    api_id: str | None = None,
    before: date | None = None,
    everything: bool = False,
) -> int:
    """Let go of what is stored of a symbol, of a TR, or was last used before a day.

    Several filters all have to fit; without any, ``everything=True`` must be said. Returns how many
    series went.

    Examples
    --------
    >>> import kiwoomdata as kd
    >>> kd.use("simulator")
    >>> _ = kd.daily_prices("005930", "2024-01-02", "2024-01-31")
    >>> kd.cache.clear(symbol="005930") >= 1
    True
    """
    with _store() as store:
        return store.clear(symbol, api_id, before, everything=everything)


def __getattr__(name: str) -> Any:
    if name == "path":
        with _store() as store:
            return store.path
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


if TYPE_CHECKING:
    path: Path
