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

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from itertools import count, groupby

import msgspec
import polars as pl

from kiwoomdata import frames
from kiwoomdata.calendar import period_start
from kiwoomdata.errors import IncompleteFrame, KiwoomDataWarning, NotCached, TransportError
from kiwoomdata.rest import protocol
from kiwoomdata.rest.protocol import Page, Stop
from kiwoomdata.store.block import OURS, Block, Series, agree, prices
from kiwoomdata.store.disk import Store
from kiwoomdata.store.files import SeriesKey, as_day, as_text
from kiwoomdata.store.learn import Span, learned
from kiwoomdata.store.plan import Days, Run
from kiwoomdata.store.question import (
    ALL_STORED,
    Answer,
    Ask,
    Needs,
    Question,
    another,
    complete,
    ended_oddly,
    read,
)
from kiwoomdata.telling import warn

__all__ = ["held", "held_together", "needs", "rows"]


def held(store: Store, question: Question) -> Answer | None:
    """The rows of a range out of the store alone; None where it lacks some, or holds them not as final."""
    return (
        None if question.refresh else _Answering.of(store, question, question.body, Days.of(question)).held()
    )


def held_together(
    store: Store, question: Question, bodies: Mapping[str, Mapping[str, str]]
) -> dict[str, Answer]:
    """The same of many series that are asked alike but for their bodies; of those that are held."""
    days = Days.of(question)
    every = {name: _Answering.of(store, question, body, days).held() for name, body in bodies.items()}
    return {name: found for name, found in every.items() if found is not None}


def rows(store: Store, question: Question) -> Callable[[Ask], Answer]:
    """The rows of a range, oldest first: from the store what is final there, from the server the rest."""
    return _Answering.of(store, question, question.body, Days.of(question)).answer


def needs(store: Store, question: Question) -> Needs:
    """The walks that :func:`rows` would send now, and how many rows of the range are held."""
    return _Answering.of(store, question, question.body, Days.of(question)).needs()


@dataclass
class _Answering:
    question: Question
    days: Days
    series: Series
    block: Block = field(init=False)
    spans: list[Span] = field(default_factory=list)
    beside: dict[str, list[dict[str, str | None]]] = field(default_factory=dict)
    """What the latest walk had beside its rows, by part."""
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

    @classmethod
    def of(cls, store: Store, question: Question, body: Mapping[str, str], days: Days) -> _Answering:
        endpoint = question.endpoint
        walk, part, dated = endpoint.walk, endpoint.rows, endpoint.dated_by
        assert walk is not None
        assert part is not None
        assert dated is not None
        identity = tuple((k, v) for k, v in body.items() if k not in (walk.until, walk.since))
        key = SeriesKey(question.server, endpoint.api_id, identity)
        return cls(question, days, Series(store, key, endpoint, part, dated.key, body))

    # --- out of the store ---

    def held(self) -> Answer | None:
        """The range, where the store holds all of it; read without a lock, and nothing is written."""
        days, series = self.days, self.series
        if days.slots and days.slots[-1] > days.final:
            return None
        stored = series.typed()
        if stored is None:
            self.block = series.load()
            return self._served() if self._holds_all() else None
        typed, head, facts = stored
        held = typed[series.part.by_key[series.column].name]
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
        series.store.used(series.key)
        return Answer(
            {name: _frame(told) for name, told in facts.beside.items()},
            replace(ALL_STORED, ends=as_day(facts.over)) if facts.over else ALL_STORED,
            typed,
            cached_rows=typed.height,
            oldest=as_day(head.first),
            as_of=as_day(head.as_of),
            fetched_at=head.fetched,
        )

    def _holds_all(self) -> bool:
        """Whether the block holds all of the range."""
        if self._missing():
            return False
        self.before = set(self.block.good)
        self.series.store.used(self.series.key)
        return True

    @property
    def _kept(self) -> list[str]:
        """The days that are held, and count as held."""
        return [] if self.question.refresh else self.block.good

    def _missing(self) -> list[str]:
        facts = self.block.facts
        return self.days.missing(self._kept, facts.for_a_refresh() if self.question.refresh else facts)

    # --- from the server ---

    def needs(self) -> Needs:
        found = None if self.question.refresh else self.held()
        if found is not None:
            return Needs((), found.cached_rows)
        self.block = self.series.load()
        known = self._known()["_day"].to_list()
        self.agreed = not known
        runs = self._plan()
        met = any(first <= day <= last for first, last in runs for day in known)
        if known and not met and any(first <= self.days.final for first, _ in runs):
            runs.append((known[-1], known[-1]))  # a walk of its own, to compare
        walks = tuple((as_day(first) or date.min, as_day(last) or date.min) for first, last in runs)
        return Needs(walks, sum(map(self.days.shown, self._kept)))

    def answer(self, ask: Ask) -> Answer:
        """Serve the range: out of the store, or fetch what is missing, and keep what is final of it."""
        q, store, key = self.question, self.series.store, self.series.key
        found = None if q.refresh else self.held()
        if found is not None:
            return found
        if q.offline and not store.pages(key):
            raise self._not_cached()
        with store.lock(key, stop=q.stopped) as self.mine:
            try:
                self.block = self.series.load(sure=True)
            except OSError as error:
                store.warn(f"{key}: it cannot be opened now, and nothing is stored ({error})")
                self.mine, self.block = False, self.series.nothing()
            for first, last in self._runs():
                note = [len(self.spans), first, last, self.days.final, self.days.today]
                came: list[Page] = []
                pages = ask(*self._asking_for(first, last))
                for page in pages:
                    came.append(page)
                    if self.mine:
                        store.append(key, note, page.content)  # safe at once
                self.requests += pages.requests
                self._span(first, last, came, pages.stop, self.days.final)
            return self._served()

    def _runs(self) -> Iterator[Run]:
        """The runs of days to walk, one by one: when the next is asked for, the last of ``spans`` is the one
        before. At the end, what may be kept is kept."""
        if self.mine:
            yield from self._left_behind()
        if not self.question.refresh and self._holds_all():
            return  # somebody else asked meanwhile
        if self.question.offline:
            raise self._not_cached()
        self.agreed = self._known().is_empty()
        missing = set(self._missing())
        self.before = {day for day in self._kept if self.days.slot(day) not in missing}
        yield from self._gaps()
        if self.agreed:
            self._settle()
            return
        self.series.store.remove(self.series.key, "pages")
        if self._must_agree():
            self._go_past_the_store()
            yield from self._gaps()

    def _gaps(self) -> Iterator[Run]:
        """What is missing, once more if it shows that the stored days are of another basis."""
        runs = self._plan()
        while runs:
            yield runs.pop()
            if not self._same_basis(self.spans[-1]):
                runs = self._plan()
            elif self.spans[-1].stop.truncated:
                return
        if not self.agreed and self._must_agree():
            yield self._known_day()
            if not self._same_basis(self.spans[-1]):
                yield from self._gaps()

    def _plan(self) -> list[Run]:
        """The runs of days to walk, oldest first; one of them with a held day to compare."""
        missing = {*self._missing(), *map(self.days.slot, self.block.stale)} - self.asked
        runs = self.days.runs(missing, self.block.facts)
        return runs if self.agreed else self.days.widened(runs, self._known()["_day"].to_list())

    def _must_agree(self) -> bool:
        """Whether anything came that is to be kept, or stands beside stored rows."""
        came = self._came().filter(self.days.inside)
        return came.height > 0 if any(map(self.days.shown, self._kept)) else bool(came["_fits"].any())

    def _asking_for(self, first: str, last: str) -> tuple[dict[str, str], date]:
        """The body that asks for a run of days, and the day to go back to."""
        walk = self.series.endpoint.walk
        assert walk is not None
        since = period_start(as_day(first) or date.min, self.days.endpoint.period)
        body = dict(self.series.body)
        if walk.until is not None:
            body[walk.until] = min(last, self.days.today)
        if walk.since is not None:
            body[walk.since] = as_text(since)
        return body, since

    def _known_day(self) -> Run:
        known = self._known()["_day"][-1]
        return known, known

    def _span(
        self, first: str, last: str, pages: Sequence[Page], stop: Stop, final: str, *, left: bool = False
    ) -> None:
        endpoint, part, column = self.series.endpoint, self.series.part, self.series.column
        texts, dropped, differing = frames.text_parts(endpoint, pages)
        self.pages += len(pages)
        self.duplicates += dropped
        served = texts.pop(part.name).with_columns(pl.col(column).str.strip_chars())
        _, days, fits = read(endpoint, part, served, self.series.body)
        ours = another(endpoint, self.series.body, texts) is None
        fits &= ~served[column].is_in([day.strip() for day in differing]) & ours
        by_moment = part.by_key[column].kind.name == "datetime"
        if by_moment and not fits.all():
            fits &= ~days.is_in(_spoilt(days, fits)).fill_null(value=True)
        oldest = min(days.drop_nulls(), default="")
        reached = bool(oldest) and oldest <= first
        # A row without a day may be of any day that has none.
        whole = bool(oldest) and not (left or stop.truncated or stop.doubtful or days.null_count())
        whole = whole and ours and not ended_oddly(endpoint, part, pages, reached=reached)
        ended = whole and not reached
        limit = min(final, last, self.days.today)
        fits &= pl.Series([d is not None and self.days.slot(d) <= limit for d in days], dtype=pl.Boolean)
        if by_moment and not ended:
            fits &= (days != oldest).fill_null(value=False)  # a page may cut a day in two
        rows = served.with_columns(days, fits)
        span = Span(first, last, rows, stop, whole, oldest if ended else "", ours)
        if not left:
            self.beside = {name: frame.to_dicts() for name, frame in texts.items()}
            slots = (*self.days.slots, *map(self.days.slot, days.drop_nulls()))
            self.asked.update(slot for slot in slots if first <= slot <= last)
        self.spans.append(span)

    # --- the basis ---

    def _prices(self, rows: pl.DataFrame) -> pl.DataFrame:
        return prices(self.series.part, self.series.column, rows)

    def _known(self) -> pl.DataFrame:
        """The stored prices to compare with: none where past prices do not change."""
        current = self.block.current
        return self._prices(current if self.series.endpoint.rebased else current.clear())

    def _same_basis(self, span: Span) -> bool:
        """Whether the rows may stand beside the stored ones; if not, these are of an older basis."""
        if self.agreed or not span.ours:
            return True
        verdict = agree(self._known(), self._prices(span.rows), self.series.column)
        self.agreed = verdict is not None
        if verdict is False:
            self.block = self.block.of_an_older_basis()
        return verdict is not False

    def _left_behind(self) -> Iterator[Run]:
        """Fold what a walk left behind that was killed, or failed: compared like any other."""
        store, key = self.series.store, self.series.key
        walks: dict[int, tuple[list[str], list[Page]]] = {}
        try:
            for raw, content in store.pages(key):
                number, *note = msgspec.json.decode(raw)
                page = protocol.read(key.api_id, 200, {}, content)
                walks.setdefault(number, (note, []))[1].append(page)
            if not walks:
                return
            for note, pages in walks.values():
                first, last, final, as_of = note
                self._span(first, last, pages, ALL_STORED, min(final, self.days.final), left=True)
        except TransportError as error:  # kept by a version that looked less closely
            store.warn(f"{key}: what a walk left behind cannot be read, and is asked for again ({error})")
            store.remove(key, "pages")
            self.spans, self.pages, self.duplicates = [], 0, 0
            return
        self.agreed = self._known().is_empty()
        for span in self.spans:
            self._same_basis(span)
        if not self.agreed and not self.question.offline:
            yield from self._probes()
        if self.agreed:
            self._settle(as_of)
        elif not self.question.offline:
            store.remove(key, "pages")
        self.agreed, self.spans, self.pages, self.duplicates = False, [], 0, 0
        self.asked.clear()  # what came of it is folded, but for the days that are not final

    def _probes(self) -> Iterator[Run]:
        """A day of what was left, and a stored one: do both read the same now?"""
        left = self._prices(pl.concat((span.rows for span in self.spans), how="diagonal"))
        if left.height:
            day = min(left["_day"])
            yield day, day
            came = self.spans[-1]
            if agree(left, self._prices(came.rows), self.series.column) is False:
                self.spans = [came]
            self._same_basis(came)
        if not self.agreed:
            yield self._known_day()
            self._same_basis(self.spans[-1])

    # --- what is kept ---

    def _came(self) -> pl.DataFrame:
        """The rows of all walks, each day of one: of the first that has rows of it that may be kept."""
        schema = dict.fromkeys((self.series.column, "_day"), pl.String()) | {"_fits": pl.Boolean()}
        every = [span.rows.with_columns(_walk=pl.lit(n)) for n, span in enumerate(self.spans)]
        frame = pl.concat([pl.DataFrame(schema={**schema, "_walk": pl.Int32()}), *every], how="diagonal")
        rank = pl.col("_walk") + pl.when("_fits").then(0).otherwise(len(every))
        best = pl.col("_day").is_null() | (rank == rank.min().over("_day"))
        return (frame.filter(best) if len(every) > 1 else frame).drop("_walk")

    def _settle(self, as_of: str | None = None) -> None:
        """Fold what may be kept into the block, and write it."""
        came = self._came()
        fresh = came.filter("_fits")
        days, block, column = set(fresh["_day"]), self.block, self.series.column
        if self.mine and (days or any(span.begins for span in self.spans)):
            # Kept by a clock that was ahead, or walked again and not there any more.
            gone = {day for day in block.rows["_day"] if self.days.slot(day) > self.days.final}
            for span in self.spans:
                if span.whole:
                    first = span.begins or span.first
                    gone.update(day for day in block.stale if first <= day <= span.last)
            old = block.rows.filter(~pl.col("_day").is_in(days | gone))
            rows = pl.concat([fresh.drop("_fits"), old], how="diagonal").sort(column, maintain_order=True)
            as_of = (as_of or self.days.today) if self.series.endpoint.rebased else ""
            facts = learned(block.facts, rows, self.spans, came, self.days, self.series.part)
            facts.beside = self.beside or facts.beside
            self.block = Block(rows, facts, as_of, self.question.now.timestamp())
            if not self.series.write(self.block):
                return
        if self.mine:
            self.series.store.remove(self.series.key, "pages")

    # --- what is served, and told ---

    def _served(self) -> Answer:
        """Stored and fresh rows of the range, oldest first."""
        block, days, column, part = self.block, self.days, self.series.column, self.series.part
        day, came = pl.col("_day"), self._came()
        good = [d for d in self._kept if days.shown(d) and days.slot(d) <= days.final]
        fresh = came.filter(day.is_null() | days.inside)
        # A page may cut a day in two, or spoil it: what is held of such a day is better.
        fresh = fresh.filter(pl.col("_fits") | day.is_null() | ~day.is_in(set(good)))
        stored = block.rows.filter(day.is_in(set(good) - set(fresh["_day"])))
        self._tell_old(stored)
        texts = pl.concat([each for each in (fresh, stored) if each.height] or [stored], how="diagonal")
        texts = complete(part, texts.drop(OURS, strict=False).sort(column, maintain_order=True))
        told = self.beside if self.spans else block.facts.beside
        known = [*block.rows["_day"].head(1), *came["_day"].drop_nulls()]
        beside = {
            each.name: _frame(told.get(each.name, []), each.by_key)
            for each in self.series.endpoint.parts
            if each is not part
        }
        return Answer(
            {**beside, part.name: texts},
            self._stop(),
            pages=self.pages,
            requests=self.requests,
            cached_rows=sum(d in self.before for d in texts[column].str.slice(0, 8)),
            duplicates=self.duplicates,
            oldest=as_day(min(known, default="")),
            as_of=as_day(block.as_of),
            fetched_at=None if self.spans else block.fetched or None,
        )

    def _stop(self) -> Stop:
        inside = [s.stop for s in self.spans if s.first <= self.days.until and s.last >= self.days.since]
        stops = inside or [ALL_STORED]
        stop = next((s for s in stops if s.truncated), next((s for s in stops if s.doubtful), stops[-1]))
        facts, days = self.block.facts, self.block.rows["_day"]
        return replace(
            stop,
            doubtful=stop.doubtful and not facts.sure,
            begun=len(days) > 0 and days[0] <= self.days.since,
            ends=as_day(facts.over),
        )

    def _go_past_the_store(self) -> None:
        """Go on as if nothing were held, and keep nothing."""
        key, known = self.series.key, self._known()["_day"][-1]
        warn(
            f"{key.api_id} {dict(key.identity)}: the server gave no price of {as_day(known)} to compare with "
            "the stored one, so what is new is not kept",
            KiwoomDataWarning,
        )
        self.block, self.before, self.mine, self.agreed = self.series.nothing(), set(), False, True

    def _tell_old(self, stored: pl.DataFrame) -> None:
        old = stored.filter(pl.col("_old").is_not_null())
        if old.height:
            day, as_of = old.select("_day", "_old").row(-1)
            warn(
                f"{self.series.key}: rows up to {as_day(day)} are as of {as_day(as_of)}, before past prices "
                "were changed; the server has them no more",
                IncompleteFrame,
            )

    def _not_cached(self) -> NotCached:
        key, block = self.series.key, self.series.load()
        place = {slot: n for n, slot in enumerate(self.days.slots)}
        missing, number = self.days.missing(block.rows["_day"], block.facts), count()
        runs = [list(run) for _, run in groupby(missing, lambda slot: place[slot] - next(number))]
        listed = ", ".join(f"{as_day(run[0])} to {as_day(run[-1])}" for run in runs)
        return NotCached(
            f"offline: {key.api_id} {dict(sorted(key.identity))} lacks {listed} in the store; "
            "ask once without offline=True"
        )


def _spoilt(days: pl.Series, fits: pl.Series) -> list[str]:
    """The days of which a row may not be kept: a day of moments is kept with all of its rows, or not at all.

    A row without a day is taken for one of the days of its neighbours.
    """
    near = (days, days.fill_null(strategy="forward"), days.fill_null(strategy="backward"))
    return pl.concat([each.filter(~fits) for each in near]).drop_nulls().unique().to_list()


def _frame(told: list[dict[str, str | None]], keys: Iterable[str] = ()) -> pl.DataFrame:
    """What stood beside the rows of a part; without any, its columns."""
    return pl.DataFrame(told, dict.fromkeys(told[0] if told else keys, pl.String))
