"""What walks tell beside their rows: where a series begins and ends, which days have no row. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import msgspec
import polars as pl

from kiwoomdata.entries.entry import Part
from kiwoomdata.rest.protocol import Stop
from kiwoomdata.store.files import as_day, as_text
from kiwoomdata.store.plan import Days, Facts

__all__ = ["Span", "learned"]

_LATE = timedelta(days=7)
"""For how long a row may be late of a TR that has none for days on which nothing was traded."""
_GONE = timedelta(days=30)
"""For how long nothing newer must be there, before a series may have ended."""


@dataclass(frozen=True)
class Span:
    """One walk, and what came of it."""

    first: str
    last: str
    rows: pl.DataFrame
    """Its columns besides the keys: ``_day``, ``_fits``."""
    stop: Stop
    whole: bool
    """Whether it came to its end, and not oddly: then days without a row are days without a row."""
    begins: str
    """The day with which the history seems to begin, where the walk was whole and did not reach its start."""
    ours: bool = True
    """Whether the answer does not name another stock than was asked for."""


def learned(
    facts: Facts, rows: pl.DataFrame, spans: Sequence[Span], came: pl.DataFrame, days: Days, part: Part
) -> Facts:
    """The facts of a block that now has these rows; ``came``: all that the walks brought, kept or not."""
    facts = msgspec.structs.replace(facts)
    seen, fresh = set(came["_day"].drop_nulls()), set(came.filter("_fits")["_day"])
    if days.endpoint.every_day and not days.closed:
        current = rows.filter(pl.col("_old").is_null())["_day"]
        _begin(facts, min(current, default=""), spans)
        _end(facts, max(current, default=""), max(seen, default=""), spans, days)
    else:
        late = min(days.final, _before(days.today, _LATE))
        walked = [(span.first, min(span.last, late)) for span in spans if span.whole]
        quiet = {slot for slot in days.slots if any(first <= slot <= last for first, last in walked)}
        facts.empty = sorted({*facts.empty, *quiet} - seen - set(rows["_day"]))
    texts = rows.select(key for key in part.by_key if key in rows.columns)
    gaps = [cells.name for cells in texts if 0 < cells.null_count() < rows.height]
    lacking = rows.filter(pl.any_horizontal(pl.col(gaps).is_null())) if gaps else rows.clear()
    tries = facts.lacking
    facts.lacking = {
        day: tries.get(day, -1) + 1 if day in fresh else tries.get(day, 0) for day in lacking["_day"]
    }
    return facts


def _begin(facts: Facts, oldest: str, spans: Sequence[Span]) -> None:
    """A history begins where two walks end."""
    begins = min((span.begins for span in spans if span.begins), default="")
    if begins and not "" < oldest < begins:
        facts.ends = facts.ends + 1 if facts.begins == begins else 1
        facts.begins = begins
    elif "" < oldest < facts.begins:
        facts.begins, facts.ends = "", 0


def _end(facts: Facts, newest: str, seen: str, spans: Sequence[Span], days: Days) -> None:
    """A series has ended where the walks of two days went past its newest row, the second to today."""
    if max(newest, seen) != facts.closes:
        facts.closes, facts.closed = "", []
    reached = max((span.last for span in spans if span.whole), default="")
    if seen != newest or newest >= min(reached, _before(days.today, _GONE)):
        return
    if not facts.closes:
        facts.closes, facts.closed = newest, [days.today]
    elif reached >= days.final and days.today > facts.closed[0]:
        facts.closed = [facts.closed[0], days.today]


def _before(day: str, span: timedelta) -> str:
    return as_text((as_day(day) or date.min) - span)
