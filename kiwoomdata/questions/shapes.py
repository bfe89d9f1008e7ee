"""What functions over rankings and short lists share: filters that only some TRs have, and frames of many
stocks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import Any, Literal

import polars as pl

from kiwoomdata.arguments import DateLike, Symbols, date_range
from kiwoomdata.client import main_part
from kiwoomdata.entries.entry import Endpoint
from kiwoomdata.kinds import VENUES
from kiwoomdata.query import Plan, client_of, for_symbols, single

__all__ = ["Market", "day_before", "days_of", "filtered", "given", "listing", "with_symbol"]

Market = Literal["all", "kospi", "kosdaq"]


def given(params: Mapping[str, Any]) -> dict[str, Any]:
    """The parameters that were given; None means left out."""
    return {name: value for name, value in params.items() if value is not None}


def filtered(endpoint: Endpoint, filters: Mapping[str, Any]) -> dict[str, Any]:
    """The filters that were given, each one that this TR has."""
    chosen = given(filters)
    for name in chosen:
        if endpoint.param(name) is None:
            has = ", ".join(p.name for p in endpoint.params if p.name in filters) or "none of them"
            raise ValueError(f"{name}: {endpoint.api_id} has no such filter; it has {has}")
    return chosen


def with_symbol(frame: pl.DataFrame, venue: str = "krx") -> pl.DataFrame:
    """Take the codes of a ranking apart: ``symbol`` and ``venue`` in front (codes may carry _NX, _AL)."""
    code = pl.col("code")
    symbol = code.str.extract(r"^A?([0-9][0-9A-Z]{5})(?:_NX|_AL)?$").fill_null(code)
    suffix = code.str.extract(r"(_NX|_AL)$").replace({"_NX": "nxt", "_AL": "all"}).fill_null(venue)
    return frame.select(
        symbol.alias("symbol"), suffix.cast(pl.Enum(VENUES)).alias("venue"), pl.exclude("code", "venue")
    )


def listing(
    endpoint: Endpoint,
    params: Mapping[str, Any],
    options: Mapping[str, Any],
    *,
    venue: str = "krx",
    top: int | None = None,
    by: tuple[str, bool] | None = None,
    notes: Sequence[str] = (),
) -> Plan:
    """All pages of a list of stocks, as one frame; then its first rows, where only those are wanted.

    ``by`` is the column to rank by and whether it descends, where the server sends the rows in another order.
    """
    if top is not None and (not isinstance(top, int) or top < 1):
        raise ValueError(f"top: expected a whole number of at least 1, got {top!r}")
    part = main_part(endpoint).name

    def shape(parts: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
        frame = with_symbol(parts[part], venue)
        if by is not None:
            name, descending = by
            frame = frame.sort(name, descending=descending, nulls_last=True, maintain_order=True)
        return frame if top is None else frame.head(top)

    return Plan(single(endpoint, params), shape, order=(), notes=notes, options=options)


def days_of(
    endpoint: Endpoint,
    symbol: Symbols,
    venue: str | None,
    span: tuple[DateLike | None, DateLike | None, str | None],
    options: Mapping[str, Any],
) -> Plan:
    """Days of symbols by a TR that takes no day: pages from the newest back to the first day of ``span``
    (start, end, period), or all of them where it has none."""
    start, end, period = span
    today = client_of(options).today()
    dated = start is not None or period is not None
    first, last, notes = date_range(start if dated else date.min, end, today, period)
    since, newest = (first, last) if dated else (None, None)
    jobs = for_symbols(endpoint, symbol, venue, {}, since=since, until=newest)
    inside = pl.col("date").is_between(first, last)
    return Plan(jobs, lambda parts: parts["days"].filter(inside), notes=notes, options=options)


def day_before(plan: Plan) -> Plan:
    """The same of a question about the trading day before the latest session."""
    return replace(plan, jobs={name: replace(job, days_back=1) for name, job in plan.jobs.items()})
