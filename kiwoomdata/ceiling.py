"""How many requests a call would send, told before it sends the first."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import date
from functools import cache
from typing import TYPE_CHECKING, Protocol

from kiwoomdata.calendar import trading_days
from kiwoomdata.entries.entry import Endpoint
from kiwoomdata.store.question import day_of

if TYPE_CHECKING:
    from kiwoomdata.client import Client

__all__ = ["check", "pages_of"]

_MINUTES = 380
"""One-minute bars of a regular session in which each minute trades: 09:00 to 15:20."""


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


def pages_of(job: Asked, today: date, days: Callable[[date, date], int]) -> int:
    """The pages of a walk from its newest day back, where it is known how many rows a page has; else one.

    ``days`` counts trading days: rows are counted as if the stock traded on each and, of minute bars, in
    each minute.
    """
    endpoint, walk = job.endpoint, job.endpoint.walk
    if walk is None or job.since is None or not endpoint.page_rows or endpoint.period != "day":
        return 1
    asked = day_of(job.body.get(walk.until or ""))
    newest = today if asked is None or walk.anchor == "today" else min(asked, today)
    rows = days(job.since, newest) if job.since <= newest else 0
    if walk.minutes is not None:
        rows *= max(1, _MINUTES // int(job.body[walk.minutes]))
    return max(1, -(-rows // endpoint.page_rows))


def check(client: Client, jobs: Iterable[Asked], most: int, *, refresh: bool = False) -> None:
    """Refuse jobs that would send more requests than ``most``, before the first is sent.

    What the store holds whole is not counted; of what it holds in part, all is.
    """
    left = list(jobs)
    today = client.today()
    days = cache(lambda first, last: len(trading_days(first, last)))
    counts = [pages_of(job, today, days) for job in left]
    if sum(counts) > most and not refresh:  # only then is the store asked
        counts = [
            count
            for count, job in zip(counts, left, strict=True)
            if not client.holds(job.endpoint, job.body, job.since, job.until)
        ]
    total = sum(counts)
    if total <= most:
        return
    quota = client.quota
    seconds = f", which take {total * quota.per / quota.count:,.0f} s at its quota" if quota else ""
    raise ValueError(
        f"max_requests: this call would send about {total:,} requests for {len(counts):,} series{seconds}, "
        f"and {most:,} are the most; pass max_requests={total}, a shorter range, or fewer symbols"
    )
