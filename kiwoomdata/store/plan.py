"""Which days a question asks for, what of them is missing, and which walks fetch that. Pure.

Days are texts, YYYYMMDD. A *slot* is the day that stands for a row: of a week, month or year its last
trading day, else the day itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from itertools import pairwise
from typing import TypeAlias

import msgspec
import polars as pl

from kiwoomdata.calendar import period_end, trading_days
from kiwoomdata.entries.entry import Endpoint, Period
from kiwoomdata.store.files import as_day, as_text
from kiwoomdata.store.finality import last_final_day
from kiwoomdata.store.question import Question

__all__ = ["Days", "Facts", "Run"]

Run: TypeAlias = tuple[str, str]
"""The first and the last day of a walk."""
_PAGE_ROWS = 20
"""Rows of a page where nobody has said how many there are: of those known, the fewest."""
_TRIES = 2
"""How often a row is asked for again that lacks a key which other rows have."""
_ENDS = 2
"""Walks that have to end with the same day, before a history is taken to begin with it."""


class Facts(msgspec.Struct, omit_defaults=True):
    """What a block says of its rows."""

    begins: str = ""
    """The oldest day that the server had when a walk ended before the day it was sent for."""
    ends: int = 0
    """How many walks ended with it."""
    closes: str = ""
    """The newest day that the server had, where it lies behind the days that were asked for."""
    closed: list[str] = []
    """The first and the last day on which it had none newer."""
    empty: list[str] = []
    """Days that were settled without a row."""
    lacking: dict[str, int] = {}
    """Days whose rows lack a key that other rows have, and how often they were asked for again."""
    beside: dict[str, list[dict[str, str | None]]] = {}
    """What stood beside the rows, by part."""

    @property
    def sure(self) -> str:
        """The day with which the history surely begins."""
        return self.begins if self.ends >= _ENDS else ""

    @property
    def over(self) -> str:
        """The day with which the series surely ends, of a delisted stock: on two days nothing was newer."""
        return self.closes if len(self.closed) > 1 else ""

    def for_a_refresh(self) -> Facts:
        """What still holds for who asks for everything again."""
        return msgspec.structs.replace(self, empty=[], lacking={}, ends=0, closes="", closed=[])


@dataclass(frozen=True)
class Days:
    """The days that are asked for, and those that are final by now: the same for all series of a question."""

    endpoint: Endpoint
    since: str
    until: str
    today: str
    final: str
    """The last day that is final."""
    offline: bool
    slots: tuple[str, ...]
    dates: pl.Series
    """The slots, as they stand in a frame."""
    following: Mapping[str, str]
    """By slot the next one."""
    closed: bool = False
    """By the calendar no slot is a trading day: the range holds nothing else, so the server is asked."""

    @classmethod
    def of(cls, question: Question) -> Days:
        endpoint, since, until = question.endpoint, question.since, question.until
        assert since is not None
        assert until is not None
        now = as_text(question.now.date())
        final = as_text(last_final_day(endpoint, question.now))
        slots = _slots(tuple(trading_days(since, until)), endpoint.period)
        walk, closed = endpoint.walk, False
        if not slots[0] and endpoint.period == "day" and walk and walk.until and not question.offline:
            span = (until - since).days + 1
            slots, closed = _slots(tuple(since + timedelta(n) for n in range(span)), "day"), True
        return cls(endpoint, as_text(since), as_text(until), now, final, question.offline, *slots, closed)

    def slot(self, day: str) -> str:
        period = self.endpoint.period
        return day if period == "day" else as_text(period_end(as_day(day) or date.min, period))

    def missing(self, held: Iterable[str], facts: Facts) -> list[str]:
        """The slots to ask for: those not held, and those not final by now (a clock was ahead)."""
        have = set(map(self.slot, held))
        if self.closed or not self.endpoint.every_day:
            have.update(facts.empty)
        again = {self.slot(day) for day, tries in facts.lacking.items() if tries < _TRIES}
        if facts.over and (self.offline or facts.closed[-1] == self.today):
            have.update(s for s in self.slots if s > self.slot(facts.closes))
        sure = self.slot(facts.sure) if facts.sure else ""
        return [s for s in self.slots if (s not in have or s > self.final or s in again) and s >= sure]

    def runs(self, missing: Iterable[str], facts: Facts) -> list[Run]:
        """The walks that fetch missing slots with the fewest pages, oldest first."""
        walk, runs = self.endpoint.walk, list[Run]()
        assert walk is not None
        for slot in sorted(missing):
            if runs and (self.following.get(runs[-1][1]) == slot or self._one_walk_is_better(runs[-1], slot)):
                runs[-1] = runs[-1][0], slot
            else:
                runs.append((slot, slot))
        if not runs:
            return []
        if walk.until is None or walk.anchor == "today":
            runs = [(runs[0][0], self.today)]
        elif runs[-1][1] == (self.slots or ("",))[-1]:
            runs[-1] = runs[-1][0], max(runs[-1][1], self.until)  # rows of closed days stand there too
        if self.closed:
            return runs
        if facts.closes and runs[-1][1] > facts.closes and facts.closed[-1] != self.today:
            runs[-1] = min(runs[-1][0], facts.closes), self.today  # is there still nothing newer?
        if facts.begins and runs[0][1] < facts.begins:
            runs[0] = runs[0][0], facts.begins  # does the history begin with this day?
        return runs

    def _one_walk_is_better(self, run: Run, slot: str) -> bool:
        first, last = run
        apart = self.count(last, slot) - 2
        return apart <= 0 or self.pages(first, slot) < self.pages(first, last) + 1

    def widened(self, runs: list[Run], known: Sequence[str]) -> list[Run]:
        """The same, one of them with a known day, where that costs no more than to ask for one by itself."""
        if all(first > self.final for first, _ in runs) and not any(map(self.shown, known)):
            return runs  # nothing of it will be kept
        wider = []
        for n, (first, last) in enumerate(runs):
            above, below = [day for day in known if day > last], [day for day in known if day < first]
            reaches = [(first, last)] if any(first <= day <= last for day in known) else []
            reaches += [(first, min(above))] if above else []
            reaches += [(max(below), last)] if below else []
            wider += [(self.pages(*reach) - self.pages(first, last), n, reach) for reach in reaches]
        more, n, reach = min(wider, default=(2, 0, ("", "")))
        return [*runs[:n], reach, *runs[n + 1 :]] if more <= 1 else runs

    def shown(self, day: str) -> bool:
        return self.since <= day <= self.until

    @property
    def inside(self) -> pl.Expr:
        """The same of rows."""
        return pl.col("_day").is_between(pl.lit(self.since), pl.lit(self.until))

    def count(self, first: str, last: str) -> int:
        """How many rows these days can have."""
        days = trading_days(as_day(first) or date.min, as_day(last) or date.min)
        period = self.endpoint.period
        return len(days) if period == "day" else len({period_end(day, period) for day in days})

    def pages(self, first: str, last: str) -> int:
        return max(1, -(-self.count(first, last) // (self.endpoint.page_rows or _PAGE_ROWS)))


@lru_cache(maxsize=64)
def _slots(days: tuple[date, ...], period: Period) -> tuple[tuple[str, ...], pl.Series, Mapping[str, str]]:
    ends = dict.fromkeys(period_end(day, period) for day in days)
    slots = tuple(map(as_text, ends))
    return slots, pl.Series(list(ends), dtype=pl.Date), dict(pairwise(slots))
