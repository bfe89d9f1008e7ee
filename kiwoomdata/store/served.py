"""What the rules of the store speak of: the question, the answer, and what text rows say of their days."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Protocol

import polars as pl

from kiwoomdata import frames
from kiwoomdata.entries.entry import Endpoint, Part
from kiwoomdata.kinds import DATE, encode
from kiwoomdata.rest.protocol import Fetched, Page, Stop
from kiwoomdata.store.finality import Final
from kiwoomdata.store.intervals import Days
from kiwoomdata.store.series import Block, SeriesKey, Store

__all__ = [
    "ALL_STORED",
    "YEARS",
    "Answer",
    "Context",
    "Fetch",
    "Seen",
    "between",
    "complete",
    "day_of",
    "days_of",
    "key_of",
    "named_day",
    "plain",
    "prices",
    "rule_of",
    "trusted",
]

ALL_STORED = Stop("everything came from the store")
YEARS = 10 * 365 * 86_400.0
"""Seconds: the life of what stands beside a block and is as final as it."""


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
    fetched_at: float | None = None
    """When stored rows were last added to, in seconds since 1970; None for what came just now."""


@dataclass(frozen=True)
class Context:
    """What every question to the store needs to know."""

    store: Store
    server: str
    now: datetime
    refresh: bool = False
    offline: bool = False
    stop: Callable[[], bool] = lambda: False
    """Whether the client was told to stop; by default it never is."""


def rule_of(endpoint: Endpoint) -> Final:
    return Final(
        "never" if endpoint.final == "by the day" else endpoint.final,
        credit_days=2 if endpoint.credit_columns else 0,
    )


def plain(endpoint: Endpoint, fetched: Fetched) -> Answer:
    """What the server answered, with nothing from the store."""
    texts, dropped = frames.text_parts(endpoint, fetched.pages)
    return Answer(
        texts, fetched.stop, pages=len(fetched.pages), requests=fetched.requests, duplicates=dropped
    )


def key_of(part: Part, name: str) -> str:
    return next(column.key for column in part.columns if column.name == name)


def day_of(text: str) -> date | None:
    try:
        day: date | None = DATE.parse(text.strip())
    except ValueError:
        return None
    return day


def days_of(texts: Iterable[str | None]) -> list[date]:
    """The days of a column, without the texts that are none."""
    return [day for text in texts if (day := day_of(text or ""))]


def named_day(body: Mapping[str, str], key: str | None) -> date | None:
    """The day that a request names under a key; None where it names none."""
    return day_of(body.get(key or "", ""))


def trusted(context: Context, key: SeriesKey, early: Days, column: str) -> Block | None:
    """The block of a series, without days that are not final by now: a clock was ahead when it kept them."""
    block = context.store.read(key)
    if block is not None and block.coverage & early:
        return context.store.let_go(key, early, date_column=column)
    return block


def between(
    rows: pl.DataFrame, column: str, first: date, last: date, *, keep_odd: bool = False
) -> pl.DataFrame:
    """The rows of a range; ``keep_odd`` keeps those whose day is none, for decoding to complain about."""
    day = pl.col(column).str.strip_chars().str.slice(0, 8)
    inside = day.is_between(pl.lit(encode(DATE, first)), pl.lit(encode(DATE, last)))
    odd = day.str.to_date("%Y%m%d", strict=False).is_null() | (day.str.len_chars() != 8)
    return rows.filter(inside | odd if keep_odd else inside)


def prices(part: Part, rows: pl.DataFrame, column: str) -> pl.DataFrame:
    """Each day's prices as magnitudes; null where there is none (on a halted day it is 0)."""
    names = [c.key for c in part.columns if c.kind.name == "price" and c.key in rows.columns]
    bare = (pl.col(name).str.strip_chars(" +-") for name in names)
    told = rows.select(column, *(pl.when(~text.is_in(["", "0"])).then(text) for text in bare))
    told = told.unique(column, keep="first", maintain_order=True)
    return told.filter(pl.any_horizontal(pl.col(names).is_not_null())) if names else told.clear()


def complete(part: Part, rows: pl.DataFrame) -> pl.DataFrame:
    """Stored rows with all columns of today's catalogue: a key that came into it later is null."""
    lacking = [key for key in part.by_key if key not in rows.columns]
    return rows.with_columns(pl.lit(None, pl.String()).alias(key) for key in lacking) if lacking else rows
