"""Rows by day: which days are held as final, and how the gaps between them are filled.

The days that are held are the days of the rows that are kept (and, of a TR that has no row for a day without
trades, the days that were settled without one). Each run of missing days is walked from its end back to its
start. Each page is safe as soon as it came; at the end, what is final of all pages is folded into the block.

Where past prices may be rebased (a split, a rights issue), a walk goes on into one held day, or begins with
it, or else a held day is asked for by itself: whatever takes the fewest requests. If it reads otherwise now,
the block is of another basis: all of its days are walked again. What the server has no more stays, as of its
own day, and is told. The table of promises stands in :mod:`kiwoomdata.store`.
"""

from __future__ import annotations

import io
from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import Literal

import msgspec
import polars as pl

from kiwoomdata import frames
from kiwoomdata.calendar import period_start
from kiwoomdata.entries import VERSION
from kiwoomdata.errors import IncompleteFrame, KiwoomDataWarning, NotCached
from kiwoomdata.rest import protocol
from kiwoomdata.rest.protocol import Page, Stop
from kiwoomdata.store.disk import Head, SeriesKey, Store, as_day, as_text
from kiwoomdata.store.plan import Days, Facts
from kiwoomdata.store.question import (
    ALL_STORED,
    Answer,
    Ask,
    Question,
    as_it_came,
    complete,
    ended_oddly,
    price_keys,
    read,
)
from kiwoomdata.telling import warn

__all__ = ["held", "held_together", "rows"]

_LATE = timedelta(days=7)
"""For how long a row may be late of a TR that has none for days on which nothing was traded."""
_GONE = timedelta(days=30)
"""For how long nothing newer must be there, before a series may have ended."""


def held(store: Store, question: Question) -> Answer | None:
    """The rows of a range out of the store alone; None where it lacks some, or holds them not as final."""
    if question.refresh and not question.offline:
        return None
    return _Job(store, question, Days.of(question), question.body).held()


def held_together(
    store: Store, question: Question, bodies: Mapping[str, Mapping[str, str]]
) -> dict[str, Answer]:
    """The same of many series that are asked alike but for their bodies; of those that are held."""
    asked = Days.of(question)
    every = {name: _Job(store, question, asked, body).held() for name, body in bodies.items()}
    return {name: found for name, found in every.items() if found is not None}


def rows(store: Store, question: Question, ask: Ask) -> Answer:
    """The rows of a range, oldest first: from the store what is final there, from the server the rest."""
    job = _Job(store, question, Days.of(question), question.body)
    return held(store, question) or job.extended(ask)


_FACTS = msgspec.json.Decoder(Facts)


@dataclass
class _Block:
    """A series as it is stored: text columns, oldest day first."""

    rows: pl.DataFrame
    facts: Facts
    as_of: str = ""
    fetched: float = 0.0
    digest: str = ""

    def days(self, column: str) -> list[str]:
        return self.rows[column].str.slice(0, 8).to_list() if self.rows.width else []

    def stale(self, column: str) -> set[str]:
        """Days whose rows are of an older basis, which the server may still have."""
        if not self.facts.old:
            return set()
        days = self.rows.filter(pl.col("_old").is_not_null())[column].str.slice(0, 8)
        return set(days.filter(days >= self.facts.sure))

    def good(self, column: str) -> list[str]:
        stale = self.stale(column)
        return [day for day in self.days(column) if day not in stale]


@dataclass
class _Span:
    """One walk, and what came of it. Columns besides the keys: ``_day``, ``_fits``."""

    first: str
    last: str
    rows: pl.DataFrame
    stop: Stop
    whole: bool
    """Whether it came to its end, and not oddly: then days without a row are days without a row."""
    begins: str
    """The day with which the history seems to begin, where the walk was whole and did not reach its start."""


@dataclass
class _Job:
    store: Store
    question: Question
    days: Days
    body: Mapping[str, str]
    """In the place of the question's."""
    block: _Block | None = None
    spans: list[_Span] = field(default_factory=list)
    before: set[str] = field(default_factory=set)
    """Days that are held, and need not be asked for."""
    asked: set[str] = field(default_factory=set)
    """Days that were asked for already."""
    agreed: bool = False
    """Whether what comes is known to be of the same basis as what is stored."""
    mine: bool = True
    """Whether this job may write."""
    pages: int = 0
    requests: int = 0
    duplicates: int = 0

    def __post_init__(self) -> None:
        q = self.question
        walk, part, dated = q.endpoint.walk, q.endpoint.rows, q.endpoint.dated_by
        assert walk is not None
        assert part is not None
        assert dated is not None
        self.walk, self.part, self.column = walk, part, dated.key
        self.beside: dict[str, list[dict[str, str | None]]] = {}
        identity = tuple((k, v) for k, v in self.body.items() if k not in (walk.until, walk.since))
        self.key = SeriesKey(q.server, q.endpoint.api_id, identity)

    # --- out of the store ---

    def held(self) -> Answer | None:
        """The range, where the store holds all of it; read without a lock, and nothing is written."""
        days = self.days
        if days.slots and days.slots[-1] > days.final:
            return None
        head = self.store.head(self.key)
        if head is None:
            return None if days.slots else self.served()
        facts = _FACTS.decode(head.more)
        typed = self._typed(head)
        if typed is None:
            self.block = self._load()
            return self._held_block()
        held = typed[self.walk.column]
        if held.dtype != pl.Date:
            held = held.dt.date()
        if head.first < days.since or head.last > days.until:
            # Some ten looks at single days; search_sorted() takes ten times as long.
            begin = bisect_left(held, self.question.since)
            size = bisect_right(held, self.question.until) - begin
            typed, held = typed.slice(begin, size), held.slice(begin, size)
        as_asked = held.equals(days.dates) and not facts.lacking
        if not as_asked and days.missing(held.dt.strftime("%Y%m%d"), facts):
            return None
        self.store.used(self.key)
        return Answer(
            _beside(facts),
            replace(ALL_STORED, ends=as_day(facts.over)) if facts.over else ALL_STORED,
            typed,
            cached_rows=typed.height,
            as_of=as_day(head.as_of),
            fetched_at=head.fetched,
        )

    def _held_block(self) -> Answer | None:
        """The range out of a block that holds all of it, and, where all texts can be read, a typed copy."""
        if self.block is None or self.days.missing(self.block.good(self.column), self.block.facts):
            return None
        self.before = set(self.block.days(self.column))
        self._write_typed(self.block, later=True)
        self.store.used(self.key)
        return self.served()

    def _load(self, *, sure: bool = False) -> _Block | None:
        loaded = self.store.load(self.key, "rows", sure=sure)
        if loaded is None:
            return None
        head, payload = loaded
        facts = _FACTS.decode(head.more)
        return _Block(pl.read_ipc_stream(payload), facts, head.as_of, head.fetched, head.digest)

    def _typed(self, head: Head) -> pl.DataFrame | None:
        """The typed copy of a block, if it was made of this very text by today's entry."""
        loaded = self.store.load(self.key, "typed")
        if loaded is None or loaded[0].more != self._stamp(head.digest):
            return None
        return pl.read_ipc_stream(loaded[1])

    def _stamp(self, digest: str) -> msgspec.Raw:
        return msgspec.Raw(msgspec.json.encode([digest, VERSION, self.part.meaning]))

    def _write_typed(self, block: _Block, *, later: bool = False) -> None:
        texts = complete(self.part, _without_old(block.rows))
        frame, troubles = frames.decoded(self.question.endpoint, self.part, texts, self.body)
        absent = any(texts[key].null_count() for key in self.part.by_key)
        if troubles or absent or block.facts.old:  # they are told each time
            self.store.remove(self.key, "typed") if not later else None
            return
        head = Head("", more=self._stamp(block.digest))
        payload = _ipc(frame, "uncompressed")
        self.store.owe(self.key, head, payload) if later else self.store.write(
            self.key, "typed", head, payload
        )

    # --- from the server ---

    def extended(self, ask: Ask) -> Answer:
        """Fetch what is missing, keep what is final of it, and serve the range."""
        q, self.ask = self.question, ask
        if q.offline and not self.store.pages(self.key):
            raise self._not_cached()
        with self.store.lock(self.key, stop=q.stopped) as self.mine:
            try:
                self.block = self._load(sure=True)
            except OSError as error:
                self.store.warn(f"{self.key}: it cannot be opened now, and nothing is stored ({error})")
                self.mine = False
            if self.mine:
                self._resume()
            if q.offline or not q.refresh:
                found = self._held_block()  # somebody else may have asked meanwhile
                if found is not None:
                    return found
            if q.offline:
                raise self._not_cached()
            self.agreed = self.agreed or not self._comparable().height
            if self.block and not q.refresh:
                good = self.block.good(self.column)
                lacking = set(self.days.missing(good, self.block.facts))
                self.before = {day for day in good if self.days.slot(day) not in lacking}
            self._fill()
            if self.agreed:
                self._settle()
                return self.served()
            self.store.remove(self.key, "pages")
            return self._past_the_store() if self._must_agree() else self.served()

    def _fill(self) -> None:
        """Walk what is missing, once more if it shows that the stored days are of another basis."""
        again = True
        while again:
            again = False
            for first, last in self._plan():
                span = self._walk(first, last)
                if not self._same_basis(span):
                    again = True
                    break
                if span.stop.truncated:
                    return
        if not self.agreed and self._must_agree():
            known = self._comparable()[self.column][-1][:8]
            if not self._same_basis(self._walk(known, known)):
                self._fill()

    def _must_agree(self) -> bool:
        """Whether anything came that is to be kept, or stands beside stored rows."""
        came, inside = (
            self._came(),
            pl.col("_day").is_between(pl.lit(self.days.since), pl.lit(self.days.until)),
        )
        stored = self.block.days(self.column) if self.block and not self.question.refresh else []
        beside = any(self.days.since <= day <= self.days.until for day in stored)
        return not came.filter(inside, pl.lit(beside) | pl.col("_fits")).is_empty()

    def _plan(self) -> list[tuple[str, str]]:
        """The runs of days to walk, newest first; one of them with a held day to compare."""
        block, walk = self.block, self.walk
        facts = block.facts if block else Facts()
        held = block.good(self.column) if block and not self.question.refresh else []
        missing = set(self.days.missing(held, replace_empty(facts) if self.question.refresh else facts))
        missing.update(map(self.days.slot, block.stale(self.column) if block else ()))
        missing -= self.asked
        runs: list[tuple[str, str]] = []
        for slot in sorted(missing):
            if runs and self._one_walk_is_better(runs[-1], slot):
                runs[-1] = runs[-1][0], slot
            else:
                runs.append((slot, slot))
        if not runs:
            return []
        if walk.until is None or walk.anchor == "today":
            runs = [(runs[0][0], self.days.today)]
        elif runs[-1][1] == (self.days.slots or ("",))[-1]:
            runs[-1] = runs[-1][0], max(runs[-1][1], self.days.until)  # rows of closed days stand there too
        if facts.closes and runs[-1][1] > facts.closes and facts.closed[-1] != self.days.today:
            first, _ = runs[-1]
            runs[-1] = min(first, facts.closes), self.days.today  # is there still nothing newer?
        if facts.begins and runs[0][1] < facts.begins:
            runs[0] = runs[0][0], facts.begins  # does the history begin with this day?
        if not self.agreed:
            self._widen(runs)
        return runs[::-1]

    def _widen(self, runs: list[tuple[str, str]]) -> None:
        """Let one run reach a held day, where that costs no more than to ask for one by itself."""
        known = [text[:8] for text in self._comparable()[self.column]]
        stored = any(self.days.since <= day <= self.days.until for day in known)
        if not stored and all(first > self.days.final for first, _ in runs):
            return  # nothing of it will be kept
        wider = []
        for n, (first, last) in enumerate(runs):
            above, below = [day for day in known if day > last], [day for day in known if day < first]
            reaches = [(first, last)] if any(first <= day <= last for day in known) else []
            reaches += [(first, min(above))] if above else []
            reaches += [(max(below), last)] if below else []
            wider += [(self.days.pages(*reach) - self.days.pages(first, last), n, reach) for reach in reaches]
        if wider and min(wider)[0] <= 1:
            _, n, reach = min(wider)
            runs[n] = reach

    def _one_walk_is_better(self, run: tuple[str, str], slot: str) -> bool:
        first, last = run
        apart = self.days.count(last, slot) - 2
        return apart <= 0 or self.days.pages(first, slot) < self.days.pages(first, last) + 1

    def _walk(self, first: str, last: str) -> _Span:
        """Walk one run of days, each page safe as soon as it came."""
        walk, endpoint = self.walk, self.question.endpoint
        since = period_start(as_day(first) or date.min, endpoint.period)
        body = dict(self.body)
        if walk.until is not None:
            body[walk.until] = min(last, self.days.today)
        if walk.since is not None:
            body[walk.since] = as_text(since)
        pages: list[Page] = []
        came = self.ask(body, since)
        for page in came:
            pages.append(page)
            if self.mine:
                self.store.append(
                    self.key, [len(self.spans), first, last, self.days.final, self.days.today], page.content
                )
        self.requests += came.requests
        return self._span(first, last, pages, came.stop, self.days.final)

    def _span(
        self, first: str, last: str, pages: Sequence[Page], stop: Stop, final: str, *, left: bool = False
    ) -> _Span:
        endpoint, part = self.question.endpoint, self.part
        texts, dropped = frames.text_parts(endpoint, pages)
        self.pages += len(pages)
        self.duplicates += dropped
        served = texts.pop(part.name).with_columns(pl.col(self.column).str.strip_chars())
        _, days, fits = read(endpoint, part, served, self.body)
        oldest = min(days.drop_nulls(), default="")
        reached = bool(oldest) and oldest <= first
        whole = bool(oldest) and not (left or stop.truncated)
        whole = whole and not ended_oddly(endpoint, part, pages, reached=reached)
        ended = whole and not reached
        limit = min(final, last if last < self.days.today else self.days.today)
        final_day = pl.Series([d is not None and self.days.slot(d) <= limit for d in days], dtype=pl.Boolean)
        fits &= final_day
        if part.by_key[self.column].kind.name == "datetime" and not ended:
            fits &= (days != oldest).fill_null(value=False)  # a page may cut a day in two
        came = served.with_columns(days, fits)
        span = _Span(first, last, came, stop, whole, oldest if ended else "")
        if not left:
            self.beside = {name: frame.to_dicts() for name, frame in texts.items()}
            self.asked.update(
                s for s in (*self.days.slots, *map(self.days.slot, days.drop_nulls())) if first <= s <= last
            )
        self.spans.append(span)
        return span

    def _comparable(self, texts: pl.DataFrame | None = None) -> pl.DataFrame:
        """Prices as magnitudes, of served rows or of the stored ones of today's basis; null where there is
        none (on a halted day it is 0).
        """
        if texts is None:
            block = self.block
            if block is None or not self.question.endpoint.rebased or not block.rows.width:
                return pl.DataFrame(schema={self.column: pl.String()})
            texts = block.rows.filter(pl.col("_old").is_null()) if block.facts.old else block.rows
        names = price_keys(self.part, texts)
        bare = (pl.col(name).str.strip_chars(" +-") for name in names)
        told = texts.select(self.column, *(pl.when(~text.is_in(["", "0"])).then(text) for text in bare))
        told = told.unique(self.column, keep="first", maintain_order=True)
        return told.filter(pl.any_horizontal(pl.col(names).is_not_null())) if names else told.clear()

    def _same_basis(self, span: _Span) -> bool:
        """Whether the rows may stand beside the stored ones; if not, these are of an older basis."""
        block = self.block
        if self.agreed or block is None:
            return True
        verdict = _agree(self._comparable(), self._comparable(span.rows), self.column)
        self.agreed = verdict is not None
        if verdict is False:
            named = pl.lit(block.as_of).alias("_old")
            block.rows = block.rows.with_columns(pl.coalesce("_old", named) if block.facts.old else named)
            block.facts.old = True
        return verdict is not False

    def _resume(self) -> None:
        """Fold what a walk left behind that was killed, or failed: compared like any other."""
        walks: dict[int, tuple[list[str], list[Page]]] = {}
        for raw, content in self.store.pages(self.key):
            number, *note = msgspec.json.decode(raw)
            page = protocol.read(self.key.api_id, 200, {}, content)
            walks.setdefault(number, (note, []))[1].append(page)
        if not walks:
            return
        for (first, last, final, _), pages in walks.values():
            self._span(first, last, pages, ALL_STORED, min(final, self.days.final), left=True)
        (_, _, _, as_of), _ = next(iter(walks.values()))
        left = self.spans[:]
        self.agreed = not self._comparable().height
        for span in left:
            self._same_basis(span)
        if not self.agreed and not self.question.offline:
            self._probe(left)
        if self.agreed:
            self._settle(as_of)
        elif not self.question.offline:
            self.store.remove(self.key, "pages")
        self.agreed, self.spans, self.pages, self.duplicates = False, [], 0, 0

    def _probe(self, left: list[_Span]) -> None:
        """Ask for a day of what was left and for a stored one: do both read the same now?"""
        mine = self._comparable(pl.concat((span.rows for span in left), how="diagonal"))
        if mine.height:
            day = min(mine[self.column])[:8]
            came = self._walk(day, day)
            if _agree(mine, self._comparable(came.rows), self.column) is False:
                self.spans = [came]
            self._same_basis(came)
        if not self.agreed:
            known = self._comparable()[self.column][-1][:8]
            self._same_basis(self._walk(known, known))

    # --- what is kept, and what is served ---

    def _came(self) -> pl.DataFrame:
        """The rows of all walks, each day of one: of the first that has rows of it that may be kept."""
        every = [span.rows.with_columns(pl.lit(n).alias("_walk")) for n, span in enumerate(self.spans)]
        if not every:
            return pl.DataFrame(schema={self.column: pl.String(), "_day": pl.String(), "_fits": pl.Boolean()})
        frame = pl.concat(every, how="diagonal")
        rank = pl.col("_walk") + pl.when(pl.col("_fits")).then(0).otherwise(len(every))
        best = (
            frame.filter(pl.col("_day").is_null() | (rank == rank.min().over("_day")))
            if len(every) > 1
            else frame
        )
        return best.drop("_walk")

    def _settle(self, as_of: str | None = None) -> None:
        """Fold what may be kept into the block, and write it."""
        endpoint = self.question.endpoint
        came = self._came()
        fresh = came.filter("_fits")
        block = self.block or _Block(pl.DataFrame(), Facts())
        facts = msgspec.structs.replace(block.facts)
        if self.mine and (fresh.height or any(span.begins for span in self.spans)):
            days = set(fresh["_day"])
            old = block.rows
            if old.width:
                day = pl.col(self.column).str.slice(0, 8)
                old = old.filter(~day.is_in(days))
                # Kept by a clock that was ahead, or walked again and not there any more.
                gone = {d for d in block.days(self.column) if self.days.slot(d) > self.days.final}
                for span in self.spans:
                    if span.whole:
                        first = span.begins or span.first
                        gone.update(d for d in block.stale(self.column) if first <= d <= span.last)
                old = old.filter(~day.is_in(gone))
            new = fresh.drop("_day", "_fits")
            merged = pl.concat([old, new], how="diagonal") if old.width else new
            merged = merged.sort(self.column, maintain_order=True)
            facts.old = "_old" in merged.columns and merged["_old"].null_count() < merged.height
            merged = merged if facts.old else _without_old(merged)
            self._learn(facts, merged, days)
            self.block = _Block(
                merged,
                facts,
                (as_of or self.days.today) if endpoint.rebased else "",
                self.question.now.timestamp(),
            )
            if not self._write(self.block):
                return
        if self.mine:
            self.store.remove(self.key, "pages")

    def _learn(self, facts: Facts, merged: pl.DataFrame, fresh: set[str]) -> None:
        """What the walks say beside their rows."""
        endpoint, q = self.question.endpoint, self.question
        facts.beside = self.beside or facts.beside
        if endpoint.every_day:
            ends = [span.begins for span in self.spans if span.begins]
            now = merged.filter(pl.col("_old").is_null()) if facts.old else merged
            current = now[self.column].str.slice(0, 8).to_list()
            if ends and not (current and current[0] < min(ends)):
                facts.ends = facts.ends + 1 if facts.begins == min(ends) else 1
                facts.begins = min(ends)
            elif current and current[0] < facts.begins:
                facts.begins, facts.ends = "", 0
            self._learn_the_end(facts, current[-1] if current else "")
        else:
            late = min(self.days.final, as_text(q.now.date() - _LATE))
            came = set(self._came()["_day"].drop_nulls())  # also those whose row may not be kept
            for span in self.spans:
                if span.whole:
                    quiet = [s for s in self.days.slots if span.first <= s <= min(span.last, late)]
                    facts.empty = sorted({*facts.empty, *quiet} - came)
            facts.empty = sorted(set(facts.empty) - set(merged[self.column].str.slice(0, 8)))
        keys = [key for key in self.part.by_key if key in merged.columns and merged.height]
        gaps = [key for key in keys if 0 < merged[key].null_count() < merged.height]
        lacking = merged.filter(pl.any_horizontal(pl.col(gaps).is_null())) if gaps else merged.clear()
        tries = facts.lacking
        facts.lacking = {
            day: tries.get(day, -1) + 1 if day in fresh else tries.get(day, 0)
            for day in lacking[self.column].str.slice(0, 8).to_list()
        }

    def _learn_the_end(self, facts: Facts, newest: str) -> None:
        """Whether the series ends: the walks of two days went past its newest row, the second to today."""
        came = self._came()["_day"].drop_nulls()
        seen = max(came, default="")
        if max(newest, seen) != facts.closes:
            facts.closes, facts.closed = "", []
        reached = max((span.last for span in self.spans if span.whole), default="")
        if seen != newest or newest >= min(reached, as_text(self.question.now.date() - _GONE)):
            return
        if not facts.closes:
            facts.closes, facts.closed = newest, [self.days.today]
        elif reached >= self.days.final and self.days.today > facts.closed[0]:
            facts.closed = [facts.closed[0], self.days.today]

    def _write(self, block: _Block) -> bool:
        days = block.days(self.column)
        head = Head(
            "", first=days[0] if days else "", last=days[-1] if days else "", count=block.rows.height,
            as_of=block.as_of, fetched=block.fetched, more=msgspec.Raw(msgspec.json.encode(block.facts)),
        )  # fmt: skip
        if not self.store.write(self.key, "rows", head, _ipc(block.rows, "zstd")):
            return False
        block.digest = head.digest
        self._write_typed(block)
        return True

    def served(self) -> Answer:
        """Stored and fresh rows of the range, oldest first."""
        q, block, came = self.question, self.block, self._came()
        inside = (
            pl.col("_day").is_between(pl.lit(self.days.since), pl.lit(self.days.until))
            | pl.col("_day").is_null()
        )
        fresh = came.filter(inside)
        day = pl.col(self.column).str.slice(0, 8)
        stored = pl.DataFrame(schema={self.column: pl.String()})
        if block is not None and block.rows.width and not (q.refresh and not q.offline):
            stale = block.stale(self.column) | {
                d for d in block.days(self.column) if self.days.slot(d) > self.days.final
            }
            stored = block.rows.filter(
                day.is_between(pl.lit(self.days.since), pl.lit(self.days.until)), ~day.is_in(stale)
            )
            # A page may cut a day in two, or spoil it: what is held of such a day is better.
            known = stored.select(day).to_series().implode()
            fresh = fresh.filter(pl.col("_fits") | pl.col("_day").is_null() | ~pl.col("_day").is_in(known))
            stored = stored.filter(~day.is_in(fresh["_day"].drop_nulls().implode()))
            self._tell_old(stored)
            stored = _without_old(stored)
        texts = pl.concat([fresh.drop("_day", "_fits"), stored], how="diagonal") if fresh.height else stored
        texts = complete(self.part, texts.sort(self.column, maintain_order=True))
        beside = _beside(block.facts) if block else {}
        if self.spans:
            beside = {name: _frame(found) for name, found in self.beside.items()}
        for part in q.endpoint.parts:
            if part is not self.part:
                beside.setdefault(part.name, pl.DataFrame(schema=dict.fromkeys(part.by_key, pl.String())))
        return Answer(
            {**beside, self.part.name: texts},
            self._stop(),
            pages=self.pages,
            requests=self.requests,
            cached_rows=sum(day in self.before for day in texts[self.column].str.slice(0, 8)),
            duplicates=self.duplicates,
            as_of=as_day(block.as_of) if block else None,
            fetched_at=block.fetched if block and not self.spans else None,
        )

    def _stop(self) -> Stop:
        stops = [s.stop for s in self.spans if s.first <= self.days.until and s.last >= self.days.since] or [
            ALL_STORED
        ]
        stop = next((s for s in stops if s.truncated), next((s for s in stops if s.doubtful), stops[-1]))
        if self.block is None:
            return stop
        facts = self.block.facts
        return replace(stop, doubtful=stop.doubtful and not facts.sure, ends=as_day(facts.over))

    def _past_the_store(self) -> Answer:
        """The range as the server has it, with nothing from the store."""
        known = self._comparable()[self.column][-1][:8]
        warn(
            f"{self.key.api_id} {dict(self.key.identity)}: the server gave no price of {as_day(known)} to "
            "compare with the stored one, so what is new is not kept",
            KiwoomDataWarning,
        )
        q = self.question
        if not any(
            self.days.since <= day <= self.days.until
            for day in (self.block.days(self.column) if self.block else [])
        ):
            self.block = None
            return self.served()
        found = as_it_came(q.endpoint, self.ask(self.body, q.since))
        rows = found.texts[self.part.name].with_columns(pl.col(self.column).str.strip_chars())
        _, days, _ = read(q.endpoint, self.part, rows, self.body)
        rows = rows.filter(days.is_between(self.days.since, self.days.until) | days.is_null())
        return replace(
            found,
            texts={**found.texts, self.part.name: rows.sort(self.column, maintain_order=True)},
            pages=found.pages + self.pages,
            requests=found.requests + self.requests,
        )

    # --- what is told ---

    def _tell_old(self, stored: pl.DataFrame) -> None:
        old = stored.filter(pl.col("_old").is_not_null()) if "_old" in stored.columns else stored.clear()
        if old.height:
            day, as_of = old.select(self.column, "_old").row(-1)
            warn(
                f"{self.key}: rows up to {as_day(day)} are as of {as_day(as_of)}, before past prices were "
                "changed; the server has them no more",
                IncompleteFrame,
            )

    def _not_cached(self) -> NotCached:
        head = self.store.head(self.key)
        block = self._load() if head else None
        missing = self.days.missing(
            block.days(self.column) if block else [], block.facts if block else Facts()
        )
        runs: list[list[str]] = []
        for slot in missing:
            if runs and self.days.count(runs[-1][-1], slot) == 2:
                runs[-1].append(slot)
            else:
                runs.append([slot])
        listed = ", ".join(f"{as_day(run[0])} to {as_day(run[-1])}" for run in runs)
        return NotCached(
            f"offline: {self.key.api_id} {dict(sorted(self.key.identity))} lacks {listed} in the store; "
            "ask once without offline=True"
        )


def _without_old(rows: pl.DataFrame) -> pl.DataFrame:
    return rows.drop("_old", strict=False)


def replace_empty(facts: Facts) -> Facts:
    return msgspec.structs.replace(facts, empty=[], lacking={}, ends=0, closes="", closed=[])


def _agree(stored: pl.DataFrame, came: pl.DataFrame, column: str) -> bool | None:
    """Whether days that stand in both have the same prices; None where no price can be compared."""
    both = came.join(stored, on=column, suffix="_stored")
    names = [name for name in came.columns if f"{name}_stored" in both.columns]
    same = [pl.col(name) == pl.col(f"{name}_stored") for name in names]
    verdicts = both.select(same).unpivot()["value"].drop_nulls() if same else pl.Series([], dtype=pl.Boolean)
    return None if verdicts.is_empty() else bool(verdicts.all())


def _beside(facts: Facts) -> dict[str, pl.DataFrame]:
    return {name: _frame(found) for name, found in facts.beside.items()}


def _frame(found: list[dict[str, str | None]]) -> pl.DataFrame:
    return pl.DataFrame(found, dict.fromkeys(found[0] if found else (), pl.String))


def _ipc(frame: pl.DataFrame, compression: Literal["uncompressed", "zstd"]) -> bytes:
    packed = io.BytesIO()
    frame.write_ipc_stream(packed, compression=compression)
    return packed.getvalue()
