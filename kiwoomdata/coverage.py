"""Rows by coverage: which days the store holds as final, and how the gaps between them are filled.

Each gap is walked back from its end to its start, and what is final of it is merged into the
series' block, every so many pages too, so that a kill costs little.

Where past prices may be rebased (a split, a rights issue), a gap is asked for together with one
day that the store holds. If that day reads otherwise now, all of the block is of another basis:
it is let go of, and the whole range is asked for anew. Old and new never meet.
"""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Protocol

import polars as pl

from kiwoomdata import frames
from kiwoomdata.blocks import Header
from kiwoomdata.entries import VERSION
from kiwoomdata.entries.entry import Endpoint, Part
from kiwoomdata.errors import NotCached
from kiwoomdata.finality import Final, last_final_day
from kiwoomdata.intervals import Days
from kiwoomdata.kinds import DATE, encode
from kiwoomdata.protocol import Fetched, Page, Stop
from kiwoomdata.store import Block, SeriesKey, Store

__all__ = ["ALL_STORED", "Answer", "Context", "Fetch", "day_of", "key_of", "plain", "rule_of", "series"]

ALL_STORED = Stop("everything came from the store")
_DAY = timedelta(days=1)
_YEARS = 10 * 365 * 86_400.0
_KEEP_EVERY = 25
"""Pages between two merges of a long walk: five seconds at the real server's quota."""


class Fetch(Protocol):
    """Ask the server for one body, back to ``since``; ``seen`` is told the pages after each one."""

    def __call__(
        self, body: Mapping[str, str], since: date | None, seen: Seen | None = None, /
    ) -> Fetched: ...


class Seen(Protocol):
    def __call__(self, pages: Sequence[Page], /) -> None: ...


@dataclass(frozen=True)
class Answer:
    """The text frames of a job, by part, and where they came from."""

    texts: Mapping[str, pl.DataFrame]
    stop: Stop
    typed: pl.DataFrame | None = None
    """The rows decoded already, instead of texts."""
    pages: int = 0
    requests: int = 0
    cached_rows: int = 0
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


def plain(endpoint: Endpoint, fetched: Fetched) -> Answer:
    """What the server answered, with nothing from the store."""
    texts, dropped = frames.text_parts(endpoint, fetched.pages)
    return Answer(
        texts, fetched.stop, pages=len(fetched.pages), requests=fetched.requests, duplicates=dropped
    )


def series(
    context: Context, endpoint: Endpoint, body: Mapping[str, str], since: date, until: date, fetch: Fetch
) -> Answer:
    """The rows of a range, oldest first: from the store what is final there, from the server the rest."""
    job = _Series(context, endpoint, body, since, until)
    held = context.store.header(job.key)
    if held is not None and not context.refresh and not job.missing(held.coverage):
        found = job.decoded(held)
        if found is not None:
            return found
    if context.offline:
        raise job.not_cached(held.coverage if held else Days())
    with context.store.lock(job.key):
        try:
            return job.extend(fetch, whole=context.refresh)
        except _Rebased:
            context.store.delete(job.key)
            return job.extend(fetch, whole=True)


class _Rebased(Exception):
    """Days that were final read otherwise now."""


@dataclass
class _Series:
    context: Context
    endpoint: Endpoint
    body: Mapping[str, str]
    since: date
    until: date
    pages: int = 0
    requests: int = 0
    duplicates: int = 0

    def __post_init__(self) -> None:
        walk, part = self.endpoint.walk, self.endpoint.rows
        assert walk is not None
        assert part is not None
        self.walk, self.part, self.column = walk, part, key_of(part, walk.column)
        identity = tuple((k, v) for k, v in self.body.items() if k not in (walk.until, walk.since))
        self.key = SeriesKey(self.context.server, self.endpoint.api_id, identity)
        self.final = last_final_day(rule_of(self.endpoint), self.context.now)

    def missing(self, covered: Days) -> list[tuple[date, date]]:
        """The days to ask for: the gaps, without those that hold no trading day."""
        from kiwoomdata.calendar import trading_days

        spans = (trading_days(first, last) for first, last in covered.gaps(self.since, self.until))
        return [(days[0], days[-1]) for days in spans if days]

    def not_cached(self, covered: Days) -> NotCached:
        listed = ", ".join(f"{first} to {last}" for first, last in self.missing(covered))
        return NotCached(
            f"offline: {self.key.api_id} {dict(self.key.identity)} lacks {listed} in the store; "
            "ask once without offline=True"
        )

    def decoded(self, held: Header) -> Answer | None:
        """The range out of a block that holds all of it, from the typed frame that is kept beside it.

        The typed frame is a shortcut and nothing more: it is made of the block's texts by today's
        catalogue, and only where every text could be read. None: the block is gone.
        """
        store, stamp = self.context.store, f"{VERSION} {held.fetched_at!r}\n".encode()
        beside = SeriesKey(self.key.server, self.key.api_id, (*self.key.identity, ("typed", "")))
        kept = store.snapshot_get(beside)
        if kept is not None and kept.startswith(stamp):
            frame = pl.read_parquet(kept[len(stamp) :])
        else:
            block = store.read(self.key)
            if block is None or self.missing(block.coverage):
                return None
            frame, troubles = frames.decoded(self.endpoint, self.part, block.rows, self.body)
            if troubles:
                return self.served(block, None, ALL_STORED)
            if block.fetched_at == held.fetched_at:
                packed = io.BytesIO()
                frame.write_parquet(packed, compression="zstd", statistics=False)
                store.snapshot_put(beside, stamp + packed.getvalue(), _YEARS)
        days = frame[self.walk.column]
        begin = days.search_sorted(self.since, "left")
        rows = frame.slice(begin, days.search_sorted(self.until, "right") - begin)
        return Answer({}, ALL_STORED, rows, cached_rows=rows.height, as_of=held.as_of)

    def extend(self, fetch: Fetch, *, whole: bool) -> Answer:
        """Fetch what is missing (or the ``whole`` range), keep what is final of it, and serve the range."""
        stored = self.context.store.read(self.key)
        block = None if whole else stored
        gap: _Gap | None = None
        fresh: list[pl.DataFrame] = []
        for first, last in reversed(self.missing(block.coverage if block else Days())):
            gap = _Gap(self, first, last, stored, replace=whole and stored is None)
            fresh.append(gap.fill(fetch))
            stored = gap.held
            if gap.stop.truncated:
                break
        rows = pl.concat(fresh, how="diagonal") if fresh else None
        return self.served(block, rows, gap.stop if gap else ALL_STORED, stored.as_of if stored else None)

    def served(
        self, block: Block | None, fresh: pl.DataFrame | None, stop: Stop, as_of: date | None = None
    ) -> Answer:
        """Stored and fresh rows of the range, oldest first."""
        stored = self.stored_rows(block)
        if fresh is None:
            texts = stored
        else:
            if fresh.height and stored.height:
                stored = stored.join(
                    fresh.select(self.column), on=self.column, how="anti", maintain_order="left"
                )
            texts = pl.concat([fresh, stored], how="diagonal").sort(self.column, maintain_order=True)
        lacking = [key for key in self.part.by_key if key not in texts.columns]
        if lacking:
            texts = texts.with_columns(pl.lit(None, pl.String()).alias(key) for key in lacking)
        return Answer(
            {self.part.name: texts},
            stop,
            pages=self.pages,
            requests=self.requests,
            cached_rows=stored.height,
            duplicates=self.duplicates,
            as_of=as_of or (block.as_of if block else None),
        )

    def stored_rows(self, block: Block | None) -> pl.DataFrame:
        """The stored rows of the range. They stand in order, so that two searches find them."""
        if block is None or block.rows.is_empty():
            return pl.DataFrame(schema={self.column: pl.String()})
        days = block.rows[self.column]
        begin = days.search_sorted(encode(DATE, self.since), "left")
        end = days.search_sorted(encode(DATE, self.until) + "~", "left")  # behind YYYYMMDD000000 too
        return block.rows.slice(begin, end - begin)


@dataclass
class _Gap:
    """One run of missing days, being filled."""

    series: _Series
    first: date
    last: date
    held: Block | None
    """What the store holds of the series, growing."""
    replace: bool
    stop: Stop = field(default=ALL_STORED, init=False)

    def __post_init__(self) -> None:
        # Days beside the gap that the store holds: one of them is asked for along with it.
        self.known = self.held is not None
        self.older = self.newer = None
        if self.held is not None and self.series.endpoint.rebased:
            spans = list(self.held.coverage)
            self.older = max((self._stored_day(a, b, -1) for a, b in spans if b < self.first), default=None)
            self.newer = min((self._stored_day(a, b, 1) for a, b in spans if a > self.last), default=None)
        self.agreed = self.older is None and self.newer is None

    def _stored_day(self, first: date, last: date, end: int) -> date:
        """The stored row's day that is nearest to the gap; the interval's end where it has no row."""
        assert self.held is not None
        found = _between(self.held.rows, self.series.column, first, last)
        days = [day for text in found[self.series.column] if (day := day_of(text))]
        return (max(days) if end < 0 else min(days)) if days else (last if end < 0 else first)

    def fill(self, fetch: Fetch) -> pl.DataFrame:
        """Ask for the gap, keep what is final, and give its rows."""
        series, walk = self.series, self.series.walk
        since = self.older or self.first
        until = self.last if self.older or not self.newer else self.newer
        asked = dict(series.body) | {walk.until: encode(DATE, until)}
        if walk.since:
            asked[walk.since] = encode(DATE, since)
        pages: Sequence[Page] = ()

        def seen(so_far: Sequence[Page]) -> None:
            nonlocal pages
            pages = so_far
            if len(so_far) % _KEEP_EVERY == 0:
                self._keep(self._rows(so_far), cut=True)

        try:
            fetched = fetch(asked, since, seen)
        except _Rebased:
            raise
        except BaseException:
            if pages:
                self._keep(self._rows(pages), cut=True)
            raise
        texts, dropped = frames.text_parts(series.endpoint, fetched.pages)
        rows = texts[series.part.name]
        self.stop = fetched.stop
        series.pages += len(fetched.pages)
        series.requests += fetched.requests
        series.duplicates += dropped
        self._keep(rows, cut=self.stop.truncated)
        return _between(rows, series.column, self.first, self.last)

    def _rows(self, pages: Sequence[Page]) -> pl.DataFrame:
        return frames.text_parts(self.series.endpoint, pages)[0][self.series.part.name]

    def _keep(self, rows: pl.DataFrame, *, cut: bool) -> None:
        """Merge the days that are whole and final. ``cut``: the walk has not come to its end."""
        if not self.agreed:
            again = self._agree(rows)
            if again is False:
                raise _Rebased
            if again is None and cut:
                return  # not seen yet whether the basis is the same
            self.agreed = True
        covered = self._whole_days(rows, cut)
        if covered:
            self.held = self.series.context.store.merge(
                self.series.key,
                rows,
                covered,
                date_column=self.series.column,
                version=VERSION,
                as_of=self.series.context.now.date() if self.series.endpoint.rebased else None,
                replace=self.replace and self.held is None,
            )

    def _whole_days(self, rows: pl.DataFrame, cut: bool) -> Days:
        """The days that these rows settle.

        A walk that was cut short settles the days after its oldest. One without any row settles
        nothing unless the series is known: the server answers so for much else than "no trading".
        """
        first, last = self.first, min(self.last, self.series.final)
        days = [day for text in rows[self.series.column] if (day := day_of(text or ""))]
        if not days:
            return Days() if cut or not self.known else Days.between(first, last)
        if cut:
            first = max(first, min(days) + _DAY)
        return Days.between(first, last)

    def _agree(self, rows: pl.DataFrame) -> bool | None:
        """Whether stored days that came again have the same prices; None: none came again."""
        assert self.held is not None
        part, column = self.series.part, self.series.column
        prices = [c.key for c in part.columns if c.kind.name == "price" and c.key in rows.columns]
        names = [column, *(name for name in prices if name in self.held.rows.columns)]
        stored = pl.concat([_between(self.held.rows, column, a, b) for a, b in self.held.coverage])
        both = rows.select(names).join(stored.select(names), on=column, suffix="_stored")
        if both.is_empty():
            return None
        same = [pl.col(name).eq_missing(pl.col(f"{name}_stored")) for name in names[1:]]
        return bool(both.select(pl.all_horizontal(same).all()).item()) if same else True


def key_of(part: Part, name: str) -> str:
    return next(column.key for column in part.columns if column.name == name)


def day_of(text: str) -> date | None:
    try:
        day: date | None = DATE.parse(text.strip())
    except ValueError:
        return None
    return day


def _between(rows: pl.DataFrame, column: str, first: date, last: date) -> pl.DataFrame:
    if column not in rows.columns:
        return rows
    day = pl.col(column).str.strip_chars().str.slice(0, 8)
    return rows.filter(day.is_between(pl.lit(encode(DATE, first)), pl.lit(encode(DATE, last))))
