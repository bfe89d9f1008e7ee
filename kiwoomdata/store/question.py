"""What both rules of the store speak of: the question, the answer, and what served rows say."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import TypeAlias

import polars as pl

from kiwoomdata import frames
from kiwoomdata.entries.entry import Endpoint, Part
from kiwoomdata.kinds import BLANK, DATE, split_code
from kiwoomdata.rest.pages import Pages
from kiwoomdata.rest.protocol import Page, Stop, is_full

__all__ = [
    "ALL_STORED",
    "Answer",
    "Ask",
    "Needs",
    "Question",
    "another",
    "as_it_came",
    "day_of",
    "ended_oddly",
    "read",
]

ALL_STORED = Stop("everything came from the store")
Ask: TypeAlias = Callable[[Mapping[str, str], date | None], Pages]
"""Ask the server for one body, back to a day: ``Client.pages`` of an endpoint."""


@dataclass(frozen=True)
class Question:
    """What is asked, of which server, and when."""

    endpoint: Endpoint
    body: Mapping[str, str]
    since: date | None
    until: date | None
    server: str
    now: datetime
    refresh: bool = False
    offline: bool = False
    stopped: Callable[[], bool] = lambda: False
    """Whether the client was told to stop; by default it never is."""


@dataclass(frozen=True)
class Answer:
    """The text frames of a job, by part, and where they came from."""

    texts: Mapping[str, pl.DataFrame]
    stop: Stop
    typed: pl.DataFrame | None = None
    """The rows decoded already, in the place of their texts."""
    pages: int = 0
    requests: int = 0
    cached_rows: int = 0
    duplicates: int = 0
    differing: frozenset[str] = frozenset()
    """Days that two of the rows tell differently."""
    oldest: date | None = None
    """The day of the oldest row that the server had, in the range or before or after it."""
    as_of: date | None = None
    fetched_at: float | None = None
    """When stored rows came, in seconds since 1970; None for what came just now."""


@dataclass(frozen=True)
class Needs:
    """What a question would ask of the server."""

    walks: tuple[tuple[date, date], ...] | None
    """The first and the last day of each walk; None: the question itself, as it stands."""
    held: int = 0
    """How many rows of the range the store holds."""


def as_it_came(endpoint: Endpoint, walk: Pages, pages: Sequence[Page]) -> Answer:
    """The answer that the pages of a walk make, with nothing from the store."""
    texts, dropped, differing = frames.text_parts(endpoint, pages)
    return Answer(
        texts,
        walk.stop,
        pages=len(pages),
        requests=walk.requests,
        duplicates=dropped,
        differing=differing,
    )


def day_of(text: str | None) -> date | None:
    """The day that a text names; None for one that names none."""
    try:
        day: date | None = DATE.parse((text or "").strip())
    except ValueError:
        return None
    return day


_SAID = {"symbol": "code", "sector": "sector"}
"""What a request may ask for, and the column in which an answer says whose it is."""


def another(endpoint: Endpoint, body: Mapping[str, str], texts: Mapping[str, pl.DataFrame]) -> str | None:
    """The code that an answer names beside its rows, where that is another than was asked for."""
    asked = {
        _SAID[param.name]: body.get(param.key, "")
        for param in endpoint.params
        if param.name in _SAID and not param.join
    }
    for part in endpoint.parts:
        for column in part.columns if part.key is None and part.name in texts else ():
            if column.name in asked and column.key in texts[part.name].columns:
                for code in texts[part.name][column.key].drop_nulls().str.strip_chars(BLANK):
                    if code and _bare(code) != _bare(asked[column.name]):
                        return str(code)
    return None


def _bare(code: str) -> str:
    return (split_code(code) or (code,))[0]


def ended_oddly(endpoint: Endpoint, part: Part, pages: Sequence[Page], *, reached: bool) -> bool:
    """Whether the last page was empty or full, no more were to come, and the day asked for was not reached.

    A history may begin so; a server in trouble may also answer so. Nothing is settled by it.
    """
    if reached or pages[-1].more:
        return False
    *before, last = (page.height(part) for page in pages)
    return not last or is_full(endpoint, last, max(before, default=None))


def read(
    endpoint: Endpoint, part: Part, texts: pl.DataFrame, body: Mapping[str, str]
) -> tuple[pl.DataFrame, pl.Series, pl.Series]:
    """Served rows, decoded; the day of each (YYYYMMDD, null where there is none); and whether it may be kept.

    A row is not kept if it has a cell that fits no rule, no day, or no price where past prices may change.
    """
    frame, troubles = frames.decoded(endpoint, part, complete(part, texts), body)
    dated = endpoint.dated_by
    days = (
        frame[dated.name].dt.strftime("%Y%m%d")
        if dated
        else pl.Series([None] * texts.height, dtype=pl.String)
    )
    fits = days.is_not_null() if dated else pl.Series([True] * texts.height, dtype=pl.Boolean)
    for trouble in troubles:
        if not trouble.unproven:
            cells = texts[part.named(trouble.column).key].str.strip_chars(BLANK)
            fits &= (cells != trouble.text.strip(BLANK)).fill_null(value=True)
    names = price_keys(part, texts)
    if endpoint.rebased and texts.height:
        fits &= texts.select(
            pl.any_horizontal(pl.col(names).is_not_null()) if names else pl.lit(False)
        ).to_series()
    return frame, days.rename("_day"), fits.rename("_fits")


def price_keys(part: Part, texts: pl.DataFrame) -> list[str]:
    return [c.key for c in part.columns if c.kind.name == "price" and c.key in texts.columns]


def complete(part: Part, texts: pl.DataFrame) -> pl.DataFrame:
    """Rows with all columns of today's catalogue: a key that came into it later is null."""
    lacking = [key for key in part.by_key if key not in texts.columns]
    return texts.with_columns(pl.lit(None, pl.String()).alias(key) for key in lacking) if lacking else texts
