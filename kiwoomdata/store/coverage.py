"""Rows by coverage: which days the store holds as final, and how the gaps between them are filled.

Each gap is walked back from its end to its start, and what is final of it is merged into the
series' block, every so many pages too, so that a kill costs little.

Only days for which rows came are settled. Where past prices may be rebased (a split, a rights
issue), what came is compared with what is stored of the same days, or else one stored day is asked
for by itself. If it reads otherwise now, the block is of another basis: all of its days and those of
the range are asked for anew and take its place. Old and new never meet.
"""

from __future__ import annotations

import io
import warnings
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import date, timedelta

import polars as pl

from kiwoomdata import frames
from kiwoomdata.calendar import trading_days
from kiwoomdata.entries import VERSION
from kiwoomdata.entries.entry import Endpoint
from kiwoomdata.errors import IncompleteFrame, KiwoomDataWarning, NotCached, TransportError, UnknownKey
from kiwoomdata.kinds import DATE, encode
from kiwoomdata.rest.protocol import Fetched, Page, Stop
from kiwoomdata.store.blocks import Header
from kiwoomdata.store.finality import last_final_day
from kiwoomdata.store.intervals import Days
from kiwoomdata.store.series import Block, SeriesKey
from kiwoomdata.store.served import (
    ALL_STORED,
    YEARS,
    Answer,
    Context,
    Fetch,
    between,
    complete,
    day_of,
    days_of,
    key_of,
    plain,
    prices,
    rule_of,
    trusted,
)

__all__ = ["series"]

_DAY = timedelta(days=1)
_NO_DAYS = Days()
_ATTEMPTS = 3
_PAGE_ROWS = 20
"""Rows of a page where nobody has said how many there are: of those known, the fewest."""
_LATE = timedelta(days=7)
"""For how long a row may be late of a TR that has none for days on which nothing was traded."""
_KEEP_EVERY = 5
"""Pages between two merges of a long walk: a second at the real server's quota, which a kill may cost."""


def series(
    context: Context, endpoint: Endpoint, body: Mapping[str, str], since: date, until: date, fetch: Fetch
) -> Answer:
    """The rows of a range, oldest first: from the store what is final there, from the server the rest."""
    job = _Series(context, endpoint, body, since, until)
    held = context.store.header(job.key)
    covered = held.coverage if held else _NO_DAYS
    if not (context.refresh and not context.offline) and not job.missing(covered):
        found = job.decoded(held) if held else job.served(None, None, ALL_STORED)
        if found is not None:
            return found
    if context.offline:
        raise job.not_cached(covered)
    with context.store.lock(job.key, stop=context.stop):
        for attempt in range(_ATTEMPTS):
            try:
                return job.extend(fetch, anew=attempt > 0)
            except _Rebased:
                continue
            except _Unsure:
                return job.past_the_store(fetch)
    raise TransportError(
        f"{endpoint.api_id} {dict(body)}: past prices read otherwise in each of {_ATTEMPTS} walks; "
        "ask again later"
    )


class _Rebased(Exception):
    """Days that were final read otherwise now."""


class _Unsure(Exception):
    """Nothing tells whether new rows are of the basis of the stored ones that they would stand beside."""


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
    agreed: bool = False
    """Whether what comes is known to be of the same basis as what is stored."""

    def __post_init__(self) -> None:
        walk, part = self.endpoint.walk, self.endpoint.rows
        assert walk is not None
        assert part is not None
        assert walk.until is not None
        self.walk, self.until_key, self.part, self.column = walk, walk.until, part, key_of(part, walk.column)
        identity = tuple((k, v) for k, v in self.body.items() if k not in (walk.until, walk.since))
        self.key = SeriesKey(self.context.server, self.endpoint.api_id, identity)
        self.final = last_final_day(rule_of(self.endpoint), self.context.now)
        self.early = Days.between(self.final + _DAY, self.until)

    def missing(self, covered: Days, besides: Days = _NO_DAYS) -> list[tuple[date, date]]:
        """The runs of days of the range (and ``besides``) to ask for, joined where that saves a request.

        Days that are not final by now count as missing even if they are stored: a clock was ahead. A run
        ends with a trading day, but may begin with others, so that rows of those have a place.
        """
        wanted = Days.between(self.since, self.until) | besides
        runs: list[tuple[date, date]] = []
        for first, end in wanted - (covered - self.early):
            days = trading_days(first, end)
            if days and runs and self._one_walk_is_better(runs[-1], (first, days[-1])):
                runs[-1] = runs[-1][0], days[-1]
            elif days:
                runs.append((first, days[-1]))
        return runs

    def _one_walk_is_better(self, one: tuple[date, date], other: tuple[date, date]) -> bool:
        apart = trading_days(one[1] + _DAY, other[0] - _DAY)
        return not apart or self._pages(one[0], other[1]) < self._pages(*one) + self._pages(*other)

    def _pages(self, first: date, last: date) -> int:
        return -(-len(trading_days(first, last)) // (self.endpoint.page_rows or _PAGE_ROWS))

    def not_cached(self, covered: Days) -> NotCached:
        spans = (trading_days(first, last) for first, last in self.missing(covered))
        listed = ", ".join(f"{days[0]} to {days[-1]}" for days in spans)
        return NotCached(
            f"offline: {self.key.api_id} {dict(self.key.identity)} lacks {listed} in the store; "
            "ask once without offline=True"
        )

    def decoded(self, held: Header) -> Answer | None:
        """The range out of a block that holds all of it, from the typed frame that is kept beside it.

        The typed frame is a shortcut and nothing more: it is made of the block's texts by today's
        catalogue, and only where every text could be read. None: the block is gone.
        """
        store = self.context.store
        stamp = f"{VERSION} {self.part.meaning} {held.fetched_at!r}\n".encode()
        beside = SeriesKey(self.key.server, self.key.api_id, (*self.key.identity, ("typed", "")))
        kept = store.snapshot_get(beside)
        if kept is not None and kept.startswith(stamp):
            frame = pl.read_parquet(kept[len(stamp) :])
        else:
            block = store.read(self.key)
            if block is None or self.missing(block.coverage):
                return None
            frame, troubles = frames.decoded(
                self.endpoint, self.part, complete(self.part, block.rows), self.body
            )
            if troubles:
                return self.served(block, None, ALL_STORED)
            if block.fetched_at == held.fetched_at:
                packed = io.BytesIO()
                frame.write_parquet(packed, compression="zstd", statistics=False)
                store.snapshot_put(beside, stamp + packed.getvalue(), YEARS, spare=True)
        days = frame[self.walk.column]
        begin = days.search_sorted(self.since, "left")
        rows = frame.slice(begin, days.search_sorted(self.until, "right") - begin)
        return Answer(
            {}, ALL_STORED, rows, cached_rows=rows.height, as_of=held.as_of, fetched_at=held.fetched_at
        )

    def extend(self, fetch: Fetch, *, anew: bool = False) -> Answer:
        """Fetch what is missing, keep what is final of it, and serve the range.

        ``anew``: the stored rows are of another basis; ask for all of their days too, and take their place.
        """
        stored = trusted(self.context, self.key, self.early, self.column)
        others = stored.coverage if anew and stored else Days()
        stored = None if anew else stored
        self.agreed = stored is None or not self.endpoint.rebased
        block = None if self.context.refresh else stored
        stop, fresh = ALL_STORED, []
        for first, last in reversed(self.missing(block.coverage if block else Days(), others)):
            gap = _Gap(self, first, last, stored, replace=anew)
            fresh.append(gap.fill(fetch))
            stored = gap.held
            if first <= self.until and last >= self.since:
                stop = gap.stop
            if gap.stop.truncated:
                break
        rows = pl.concat(fresh, how="diagonal") if fresh else None
        if rows is not None and others:
            rows = between(rows, self.column, self.since, self.until, keep_odd=True)
        return self.served(block, rows, stop, stored.as_of if stored else None)

    def past_the_store(self, fetch: Fetch) -> Answer:
        """The range as the server has it, with nothing from the store."""
        found = plain(self.endpoint, fetch(self.body, self.since))
        rows = between(found.texts[self.part.name], self.column, self.since, self.until, keep_odd=True)
        return replace(
            found,
            texts={self.part.name: rows.sort(self.column, maintain_order=True)},
            pages=found.pages + self.pages,
            requests=found.requests + self.requests,
        )

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
        return Answer(
            {self.part.name: complete(self.part, texts)},
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

    def fill(self, fetch: Fetch) -> pl.DataFrame:
        """Ask for the gap, keep what is final, and give its rows."""
        series = self.series
        pages: Sequence[Page] = ()
        kept = 0

        def seen(so_far: Sequence[Page]) -> None:
            nonlocal pages, kept
            pages = so_far
            if len(so_far) - kept == _KEEP_EVERY:
                self._keep(self._rows(so_far[max(kept - 1, 0) :]), fetch, cut=True)
                kept = len(so_far)

        begin = trading_days(self.first, self.last)[0]
        try:
            fetched = fetch(self._body(self._known_before(), self.last), begin, seen)
        except (_Rebased, _Unsure):
            series.requests += len(pages)
            raise
        except BaseException:
            if pages:
                with suppress(_Rebased):
                    self._keep(self._rows(pages), None, cut=True)
            raise
        texts, dropped = frames.text_parts(series.endpoint, fetched.pages)
        rows = texts[series.part.name]
        self.stop = fetched.stop
        series.pages += len(fetched.pages)
        series.requests += fetched.requests
        series.duplicates += dropped
        self._keep(rows, fetch, cut=self.stop.truncated or self._ended_oddly(fetched, begin))
        if not self.stop.truncated:
            self._tell_holes(rows)
        return between(rows, series.column, self.first, self.last, keep_odd=True)

    def _ended_oddly(self, fetched: Fetched, begin: date) -> bool:
        """Whether "the last page" was empty or full, before the walk came to the day it was sent for.

        A history may begin so; a server in trouble may also answer so. Nothing is settled by it.
        """
        part, last = self.series.part, fetched.pages[-1]
        if last.more:  # this is how one TR says that it has come to the beginning
            return False
        count, full = len(last.rows(part)), self.series.endpoint.page_rows
        early = min(days_of(last.texts(part, self.series.column)), default=date.max) > begin
        return early and ((count == 0 and len(fetched.pages) > 1) or count == full)

    def _known_before(self) -> date:
        """The day to begin a request with that names its first day: a stored one comes along to compare."""
        series = self.series
        if series.walk.since is None or series.agreed or self.held is None:
            return self.first
        stored = prices(series.part, self.held.rows, series.column)[series.column]
        before = stored.head(stored.search_sorted(encode(DATE, self.first), "left"))
        return (day_of(before[-1]) if before.len() else None) or self.first

    def _body(self, first: date, last: date) -> dict[str, str]:
        body = dict(self.series.body) | {self.series.until_key: encode(DATE, last)}
        oldest = self.series.walk.since
        return body | {oldest: encode(DATE, first)} if oldest else body

    def _rows(self, pages: Sequence[Page]) -> pl.DataFrame:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UnknownKey)  # told once, when the gap is filled
            return frames.text_parts(self.series.endpoint, pages)[0][self.series.part.name]

    def _keep(self, rows: pl.DataFrame, fetch: Fetch | None, *, cut: bool) -> None:
        """Merge the days that are whole and final. ``cut``: the walk has not come to its end."""
        column = self.series.column
        rows = rows.with_columns(pl.col(column).str.strip_chars())
        rows = rows.filter(
            pl.Series([day_of(text or "") is not None for text in rows[column]], dtype=pl.Boolean)
        )
        covered = self._whole_days(rows, cut)
        beside_stored = self.series.stored_rows(self.held).height > 0
        if rows.is_empty() or not (covered or beside_stored):
            return
        if not self._same_basis(rows, fetch) or not covered:
            return
        self.held = self.series.context.store.merge(
            self.series.key,
            rows,
            covered,
            date_column=column,
            version=VERSION,
            as_of=self.series.context.now.date() if self.series.endpoint.rebased else None,
            replace=self.replace and self.held is None,
        )

    def _whole_days(self, rows: pl.DataFrame, cut: bool) -> Days:
        """The days that these rows settle: those that rows came for, and between them and the walk's end.

        Where there is a row for each trading day, nothing is settled after the newest row (the server may
        be late) and where no row came (it answers so for much else than "no trading"); elsewhere days
        without one are, once they are old enough. A walk that was cut short settles the days after its
        oldest row; one that came to its end those back to the gap's start.
        """
        days = set(days_of(rows[self.series.column]))
        newest = max((day for day in days if day <= self.last), default=None)
        if newest is None:
            return Days()
        if not self.series.endpoint.every_day and not cut:
            newest = max(newest, min(self.last, self.series.context.now.date() - _LATE))
        first = max(self.first, min(days) + _DAY) if cut else self.first
        last = min(newest, self.series.final)
        if first > last:
            return Days()
        whole = Days.between(first, last)
        if not self.series.endpoint.every_day:
            return whole
        return whole - Days.from_pairs((day, day) for day in self._holes(days) if first <= day <= last)

    def _holes(self, days: set[date]) -> list[date]:
        """The final trading days of the gap that have no row although days on both sides have one."""
        stored = (
            self.held.rows[self.series.column] if self.held is not None else pl.Series([], dtype=pl.String)
        )
        known = {*days, *days_of(stored.head(1)), *days_of(stored.tail(1))}
        if not known or not self.series.endpoint.every_day:
            return []
        begin, end = max(self.first, min(known)), min(self.last, max(known), self.series.final)
        return sorted(set(trading_days(begin, end)) - days) if begin <= end else []

    def _tell_holes(self, rows: pl.DataFrame) -> None:
        holes = self._holes(set(days_of(rows[self.series.column])))
        if holes:
            warnings.warn(
                f"{self.series.key.api_id} {dict(self.series.key.identity)}: the server had no row for "
                f"{len(holes)} trading day(s), the first {holes[0]}; they will be asked for again",
                IncompleteFrame,
                stacklevel=2,
            )

    def _same_basis(self, rows: pl.DataFrame, fetch: Fetch | None) -> bool:
        """Whether the rows may stand beside the stored ones; where no day came again, one is asked for."""
        series = self.series
        if self.held is None or not series.endpoint.rebased:
            return True
        stored = prices(series.part, self.held.rows, series.column)
        again = _agree(stored, prices(series.part, rows, series.column), series.column)
        if again is None and not series.agreed and stored.height:
            if fetch is None:
                return False
            known = day_of(stored[series.column][-1])
            assert known is not None
            asked = fetch(self._body(known, known), known, None)
            series.pages += len(asked.pages)
            series.requests += asked.requests
            came = prices(series.part, self._rows(asked.pages), series.column)
            again = _agree(stored, came, series.column)
            if again is None:
                warnings.warn(
                    f"{series.key.api_id} {dict(series.key.identity)}: the server gave no price of {known} "
                    "to compare with the stored one, so what is new is not kept",
                    KiwoomDataWarning,
                    stacklevel=2,
                )
                if series.stored_rows(self.held).height:
                    raise _Unsure
                return False
        if again is False:
            raise _Rebased
        series.agreed = True
        return True


def _agree(stored: pl.DataFrame, came: pl.DataFrame, column: str) -> bool | None:
    """Whether days that stand in both have the same prices; None where no price can be compared."""
    both = came.join(stored, on=column, suffix="_stored")
    names = [name for name in came.columns if f"{name}_stored" in both.columns]
    same = [pl.col(name) == pl.col(f"{name}_stored") for name in names]
    verdicts = both.select(same).unpivot()["value"].drop_nulls() if same else pl.Series([], dtype=pl.Boolean)
    return None if verdicts.is_empty() else bool(verdicts.all())
