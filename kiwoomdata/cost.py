"""What a call would cost, told before it sends anything."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from typing import TYPE_CHECKING, Protocol

import polars as pl

from kiwoomdata.calendar import NXT_SINCE, period_end, trading_days
from kiwoomdata.entries.entry import Endpoint
from kiwoomdata.kinds import split_code
from kiwoomdata.store.question import day_of

if TYPE_CHECKING:
    from kiwoomdata.client import Client

__all__ = ["Asked", "Estimate", "check", "of"]

_MINUTES = 380
"""One-minute bars of a regular session in which each minute trades: 09:00 to 15:20."""

Days = Callable[[date, date], list[date]]


class Asked(Protocol):
    """One series or snapshot, as :class:`kiwoomdata.query.Job` says it."""

    @property
    def endpoint(self) -> Endpoint: ...
    @property
    def body(self) -> Mapping[str, str]: ...
    @property
    def since(self) -> date | None: ...
    @property
    def until(self) -> date | None: ...


@dataclass(frozen=True)
class Estimate:
    """What a call would cost; :data:`kiwoomdata.estimate` gives it, and sends nothing.

    >>> import kiwoomdata as kd
    >>> kd.use("simulator", quota="5/s", cache=False)
    >>> print(kd.estimate.daily_prices("005930", "2024-01-02", "2024-12-30"))
    13 requests in 2.6 s, 244 rows, about 31 KB; 0 rows are held
    """

    requests: int
    """How many requests would be sent. Where the server decides (not ``exact``) it is what a stock takes that
    trades on each day and in each minute; a list, and a history of which nobody has said how many rows a page
    has, count as one page."""
    seconds: float
    """How long they take at the quota of one key; 0.0 where nothing is sent, or no quota is kept."""
    rows: int | None
    """The rows of the frame; None where only the server knows."""
    held: int
    """Rows of the range that the store holds already."""
    bytes: int | None
    """About what the frame takes in memory, its texts not counted; None where only the server knows."""
    exact: bool
    """Whether the requests are known: of histories with a row for each trading day, as long as the stock was
    listed on all of them, and of answers that have one page."""

    def __str__(self) -> str:
        about = "" if self.exact else "about "
        size = "" if self.rows is None else f", {self.rows:,} rows, about {_size(self.bytes or 0)}"
        return (
            f"{about}{self.requests:,} requests in {self.seconds:,.1f} s{size}; {self.held:,} rows are held"
        )


def _size(size: float) -> str:
    for unit in ("B", "KB", "MB"):
        if size < 1000:
            return f"{size:.0f} {unit}"
        size /= 1000
    return f"{size:.1f} GB"


@dataclass(frozen=True)
class _Count:
    """What one series or snapshot takes."""

    requests: int
    rows: int | None = None
    held: int = 0
    exact: bool = False


def _pages(job: Asked, first: date, last: date, days: Days) -> int:
    """The pages of a walk from ``last`` back to ``first``; one where nobody has said how long a page is."""
    endpoint, walk = job.endpoint, job.endpoint.walk
    if endpoint.page_rows is None:
        return 1
    rows = _rows(job, first, last, days)
    if walk is not None and walk.since is None and endpoint.period == "day" and not days(first, first):
        rows += 1  # a walk back to a closed day ends where a row is older
    return max(1, -(-rows // endpoint.page_rows))


def _rows(job: Asked, first: date, last: date, days: Days) -> int:
    """The rows of a range of days: as if a stock traded on each and, of minute bars, in each minute."""
    endpoint, walk = job.endpoint, job.endpoint.walk
    if _at_nxt(job):
        first = max(first, NXT_SINCE)
    every = days(first, last) if first <= last else []
    if endpoint.period != "day":
        return len({period_end(day, endpoint.period) for day in every})
    bars = max(1, _MINUTES // int(job.body[walk.minutes])) if walk and walk.minutes else 1
    return bars * len(every)


def _at_nxt(job: Asked) -> bool:
    return any(code[1] == "nxt" for code in map(split_code, job.body.values()) if code)


def _as_asked(job: Asked, today: date, days: Days) -> int:
    """The pages of the question as it stands, with nothing of it stored."""
    walk = job.endpoint.walk
    if walk is None or job.since is None:
        return 1
    asked = day_of(job.body.get(walk.until or ""))
    newest = today if asked is None or walk.anchor == "today" else min(asked, today)
    return _pages(job, job.since, newest, days)


def _count(client: Client, job: Asked, asked: Asked, *, refresh: bool, days: Days) -> _Count:
    """What would be sent for one series or snapshot now, and what the store holds of it."""
    endpoint, walk, today = job.endpoint, job.endpoint.walk, client.today()
    needs = client.needs(endpoint, asked.body, asked.since, asked.until, refresh=refresh)
    rows = None
    if walk is not None and job.since is not None:
        rows = _rows(job, job.since, min(job.until or today, today), days)
    if needs.walks is None:
        pages = _as_asked(asked, today, days)
    else:
        pages = sum(_pages(job, first, last, days) for first, last in needs.walks)
    held = needs.held if rows is None else min(rows, needs.held)
    return _Count(pages, rows, held, exact=not pages or _is_exact(job))


def _is_exact(job: Asked) -> bool:
    """Whether the pages of a job are known before they come."""
    endpoint, walk = job.endpoint, job.endpoint.walk
    if walk is None:
        return endpoint.rows is None
    known = endpoint.every_day and endpoint.page_rows is not None and walk.heeded and walk.minutes is None
    if not known or job.since is None:
        return False
    # Where a history begins, some walks take one page more to find it.
    return job.since >= NXT_SINCE or not _at_nxt(job)


def _seconds(client: Client, requests: Mapping[str, int]) -> float:
    """How long requests take at the quota, which counts each TR by itself; several TRs go side by side."""
    quota = client.quota
    return max(requests.values(), default=0) * quota.per / quota.count if quota else 0.0


def of(
    client: Client, jobs: Iterable[tuple[Asked, Asked]], frame: pl.DataFrame, *, refresh: bool
) -> Estimate:
    """What jobs would cost whose rows make such a frame: each as it is shown, and as it is asked for."""
    days, by_tr, counts = cache(trading_days), Counter[str](), []
    for job, asked in jobs:
        counts.append(count := _count(client, job, asked, refresh=refresh, days=days))
        by_tr[job.endpoint.api_id] += count.requests
    rows = [count.rows for count in counts]
    known = None if None in rows else sum(row or 0 for row in rows)
    size = None if known is None else round(known * frame.clear(1000).estimated_size() / 1000)
    return Estimate(
        *(by_tr.total(), _seconds(client, by_tr), known, sum(count.held for count in counts), size),
        exact=all(count.exact for count in counts),
    )


def check(client: Client, jobs: Iterable[Asked], most: int, *, refresh: bool = False) -> None:
    """Refuse jobs that would send more requests than ``most``, before the first is sent."""
    left, today, days = list(jobs), client.today(), cache(trading_days)
    counts = [_as_asked(job, today, days) for job in left]
    if sum(counts) > most and not refresh:  # only then is the store asked
        counts = [_count(client, job, job, refresh=False, days=days).requests for job in left]
        left, counts = [job for job, n in zip(left, counts, strict=True) if n], [n for n in counts if n]
    total = sum(counts)
    if total <= most:
        return
    by_tr = Counter[str]()
    for job, count in zip(left, counts, strict=True):
        by_tr[job.endpoint.api_id] += count
    seconds = _seconds(client, by_tr)
    told = f", which take {seconds:,.0f} s at its quota" if seconds else ""
    raise ValueError(
        f"max_requests: this call would send about {total:,} requests for {len(counts):,} series{told}, "
        f"and {most:,} are the most; pass max_requests={total}, a shorter range, or fewer symbols"
    )
