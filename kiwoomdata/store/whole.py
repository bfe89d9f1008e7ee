"""Answers that depend on the question: kept as they came, and extended at their newest end.

What the server cumulates, and how far back it goes, is its own. So an answer is kept under the
question, its rows in one block with those of the same question for other days. Asked for a later day,
the server is asked for pages until one overlaps what is kept and reads the same, cell by cell; the rest
comes from the store. Anything that reads otherwise is asked for anew.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

import msgspec
import polars as pl

from kiwoomdata.calendar import last_trading_day, trading_days
from kiwoomdata.entries import VERSION
from kiwoomdata.entries.entry import Endpoint
from kiwoomdata.errors import IncompleteFrame, NotCached
from kiwoomdata.kinds import DATE, encode
from kiwoomdata.rest.protocol import Fetched
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
    named_day,
    plain,
    prices,
    rule_of,
    trusted,
)

__all__ = ["whole"]

_DAY = timedelta(days=1)
_ANSWER = ("answer", "")
"""What the key of a question has beside the request's body."""


def whole(
    context: Context, endpoint: Endpoint, body: Mapping[str, str], since: date | None, fetch: Fetch
) -> Answer:
    """The answer to a question: from the store, from the server, or the newest of it from there."""
    job = _Whole(context, endpoint, body, since)
    found = None if context.refresh else job.kept()
    if found is not None:
        return found
    if context.offline:
        raise job.not_cached()
    with context.store.lock(job.key, stop=context.stop):
        found = None if context.refresh else job.kept()  # somebody else may have asked meanwhile
        return found or job.asked(fetch)


class _Question(msgspec.Struct):
    """What is remembered of one question: the days of its answer, and what stood beside the rows."""

    first: date
    last: date
    beside: dict[str, list[dict[str, str | None]]]


@dataclass
class _Whole:
    context: Context
    endpoint: Endpoint
    body: Mapping[str, str]
    since: date | None

    def __post_init__(self) -> None:
        walk, part = self.endpoint.walk, self.endpoint.rows
        assert walk is not None
        assert part is not None
        self.walk, self.part, self.column = walk, part, key_of(part, walk.column)
        server, api_id = self.context.server, self.endpoint.api_id
        asked = dict(self.body) | ({"since": encode(DATE, self.since)} if self.since else {})
        self.key = SeriesKey(server, api_id, tuple((k, v) for k, v in asked.items() if k != walk.until))
        self.question = SeriesKey(server, api_id, (*asked.items(), _ANSWER))
        self.final = last_final_day(rule_of(self.endpoint), self.context.now)

    def kept(self) -> Answer | None:
        """The answer out of the store, where it could not read otherwise today."""
        store = self.context.store
        remembered = store.snapshot_get(self.question)
        block = store.read(self.key) if remembered is not None else None
        if remembered is None or block is None:
            return None
        try:
            question = msgspec.json.decode(remembered, type=_Question)
        except msgspec.DecodeError:
            return None  # remembered by another version of this package
        current = question.last == self._newest_possible(question.last) and question.last <= self.final
        if not current or not block.coverage.covers(question.first, question.last):
            return None
        rows = self._stored(block, question.first, question.last)
        beside = {
            part.name: pl.DataFrame(found, dict.fromkeys(found[0] if found else part.by_key, pl.String))
            for part in self.endpoint.parts
            if (found := question.beside.get(part.name)) is not None
        }
        return Answer(
            {**beside, self.part.name: complete(self.part, rows)},
            ALL_STORED,
            cached_rows=rows.height,
            as_of=block.as_of,
            fetched_at=block.fetched_at,
        )

    def not_cached(self) -> NotCached:
        held = self.context.store.header(self.key)
        days = f"holds {held.coverage.first} to {held.coverage.last}" if held else "holds nothing"
        return NotCached(
            f"offline: of {self.key.api_id} {dict(self.key.identity)} the store {days}, which is not the "
            f"whole answer up to {self._newest_possible(date.min)}; ask once without offline=True"
        )

    def asked(self, fetch: Fetch) -> Answer:
        """Ask for what is newer than the stored rows and goes on into them, or else for everything."""
        early = Days.between(self.final + _DAY, self.context.now.date())
        block = trusted(self.context, self.key, early, self.column)
        span = None if self.context.refresh else self._span(block)
        requests = 0
        if block is not None and span is not None:
            fetched = fetch(self.body, max(span[1], self.since or span[1]))
            found = plain(self.endpoint, fetched)
            oldest = min(self._days(found), default=date.max)
            if span[0] <= oldest <= span[1] and self._agrees(found, block):
                older = self._stored(block, span[0], oldest - _DAY)
                return self._remember(found, block, older)
            if fetched.stop.truncated or self._is_complete(fetched, found):
                return self._remember(found, block)
            requests = fetched.requests
        found = plain(self.endpoint, fetch(self.body, self.since))
        return self._remember(replace(found, requests=found.requests + requests), block)

    def _remember(self, found: Answer, block: Block | None, older: pl.DataFrame | None = None) -> Answer:
        """Keep what is final of an answer; give it, with the ``older`` rows that the store had already."""
        rows = found.texts[self.part.name]
        whole = rows if older is None else pl.concat([rows, older], how="diagonal")
        answer = replace(
            found,
            texts={**found.texts, self.part.name: whole},
            cached_rows=whole.height - rows.height,
            as_of=block.as_of if block and older is not None else None,
        )
        if self._may_be_kept(found, block, extended=older is not None):
            # An answer was extended because it agrees.
            agrees = True if older is not None else self._agrees(found, block) if block else None
            self._keep(found, agrees, self._days(answer))
        return answer

    def _may_be_kept(self, found: Answer, block: Block | None, *, extended: bool) -> bool:
        """Whether nothing about an answer is in doubt: cut short, days that are none, holes, late days."""
        days = self._days(found)
        if found.stop.truncated or not days or len(days) < found.texts[self.part.name].height:
            return False
        if self._has_holes(days) or (block and not extended and self._lacks_held_days(block, min(days))):
            return False
        # Where days are late, how far back the answer goes is the matter of a day that it does not have.
        expected = last_trading_day(min(self._wanted, self.final))
        return self.walk.until is None or self.walk.since is not None or max(days) >= expected

    def _keep(self, found: Answer, agrees: bool | None, all_days: Sequence[date]) -> None:
        """Merge what is final, and remember the question if all of its answer is."""
        days = self._days(found)
        final = min(max(days), self.final)
        if min(days) > final:
            return
        anew = agrees is False or (agrees is None and self.endpoint.rebased)
        if anew:
            self.context.store.discard(self._is_question)  # what stood beside those rows is of their basis
        self.context.store.merge(
            self.key,
            found.texts[self.part.name].with_columns(pl.col(self.column).str.strip_chars()),
            Days.between(min(days), final),
            date_column=self.column,
            version=VERSION,
            as_of=self.context.now.date() if self.endpoint.rebased else None,
            replace=anew,
        )
        if max(days) == final:
            others = (part.name for part in self.endpoint.parts if part is not self.part)
            parts = {name: found.texts[name].rows(named=True) for name in others}
            question = msgspec.json.encode(_Question(min(all_days), final, parts))
            self.context.store.snapshot_put(self.question, question, YEARS)

    def _is_question(self, key: SeriesKey) -> bool:
        """Whether a key is of what is remembered of a question to these rows, for whatever newest day."""
        identity = tuple((k, v) for k, v in key.identity if k != self.walk.until)
        ours = SeriesKey(self.key.server, self.key.api_id, (*self.key.identity, _ANSWER))
        return SeriesKey(key.server, key.api_id, identity) == ours

    def _newest_possible(self, newest: date) -> date:
        """The newest day that an answer could hold today; the one that we have goes up to ``newest``.

        A request may name the newest day wanted; rows beyond it show a server that does not heed it.
        """
        today = self.context.now.date()
        return last_trading_day(today if newest > self._wanted else min(today, self._wanted))

    @property
    def _wanted(self) -> date:
        """The newest day that the question names; where it names none, today."""
        return named_day(self.body, self.walk.until) or self.context.now.date()

    def _span(self, block: Block | None) -> tuple[date, date] | None:
        """The run of stored days that the answer goes on from, where it surely reaches no further back.

        It does not if the oldest day is part of the question. Else it may reach back a fixed time from
        the newest day wanted, so that only a later one begins no earlier.
        """
        told = self.walk.since is not None
        runs = [run for run in (block.coverage if block else ()) if run[0 if told else 1] <= self._wanted]
        return runs[-1] if runs else None

    def _is_complete(self, fetched: Fetched, found: Answer) -> bool:
        """Whether the pages are all that there are, as far back as was asked for."""
        reached = self.since is not None and min(self._days(found), default=date.max) <= self.since
        return reached or not fetched.pages[-1].more

    def _agrees(self, found: Answer, block: Block) -> bool | None:
        """Whether days that are stored read the same now, cell by cell; None where there is none to compare.

        Days without trading are all zeros whatever the basis: they tell nothing of prices.
        """
        rows = found.texts[self.part.name].with_columns(pl.col(self.column).str.strip_chars())
        days = self._days(found)
        if not days:
            return None
        known = {day for day in days if day in block.coverage}
        names = [name for name in rows.columns if name in block.rows.columns]
        held = pl.Series([day_of(text or "") in known for text in rows[self.column]], dtype=pl.Boolean)
        again = rows.filter(held).select(names).sort(self.column)
        before = between(block.rows, self.column, min(days), max(days)).select(names).sort(self.column)
        if self.endpoint.rebased and prices(self.part, again, self.column).is_empty():
            return None
        return again.equals(before) if again.height else None

    def _has_holes(self, days: Sequence[date]) -> bool:
        if not self.endpoint.every_day or not days:
            return False
        newest = min(max(days), self.context.now.date())
        holes = sorted(set(trading_days(min(days), newest)) - set(days))
        if holes:
            warnings.warn(
                f"{self.key.api_id} {dict(self.body)}: the server had no row for {len(holes)} trading "
                f"day(s), the first {holes[0]}; the answer is not kept",
                IncompleteFrame,
                stacklevel=2,
            )
        return bool(holes)

    def _lacks_held_days(self, block: Block, first: date) -> bool:
        """Whether an answer that names its first day begins later than it did before."""
        held = block.coverage.first
        if self.walk.since is None or held is None or first <= held:
            return False
        warnings.warn(
            f"{self.key.api_id} {dict(self.body)}: the server's answer begins with {first}, although it had "
            f"rows from {held} on; the answer is not kept",
            IncompleteFrame,
            stacklevel=2,
        )
        return True

    def _days(self, answer: Answer) -> list[date]:
        return days_of(answer.texts[self.part.name][self.column])

    def _stored(self, block: Block, first: date, last: date) -> pl.DataFrame:
        """The stored rows of some days, newest first, as the server writes them."""
        return between(block.rows, self.column, first, last).reverse()
