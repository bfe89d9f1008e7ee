"""Fill the store for many symbols, within the quota and in an order that can be taken up again."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from kiwoomdata.arguments import DateLike, Symbols, as_symbols, date_range
from kiwoomdata.client import Client
from kiwoomdata.errors import ConfigError
from kiwoomdata.names import with_codes
from kiwoomdata.origin import Provenance, provenance
from kiwoomdata.query import side_by_side
from kiwoomdata.questions.flows import investor_flows
from kiwoomdata.questions.prices import daily_prices
from kiwoomdata.questions.program import program_trend

__all__ = ["Report", "prefetch"]

WHAT: dict[str, Callable[..., Any]] = {
    "prices": daily_prices,
    "flows": lambda *args, **options: investor_flows(*args, measure="value", **options),
    "program": program_trend,
}
"""Flows in shares come with the prices; ``flows`` adds those in KRW."""


@dataclass
class Report:
    """What was done."""

    series: int = 0
    rows: int = 0
    cached_rows: int = 0
    requests: int = 0
    failures: dict[str, str] = field(default_factory=dict)
    keys: dict[str, int] = field(default_factory=dict)
    """Requests by the name of the key, where several were named."""
    failed_keys: dict[str, str] = field(default_factory=dict)


def prefetch(
    symbols: Symbols,
    start: DateLike,
    end: DateLike | None = None,
    *,
    what: Sequence[str] = ("prices",),
    venue: Any = "krx",
    client: Client,
) -> Report:
    """Fetch series by series what the store lacks; a failure is told and the others go on."""
    unknown = [name for name in what if name not in WHAT]
    if unknown:
        raise ValueError(f"what: expected any of {', '.join(WHAT)}, got {unknown[0]!r}")
    if client.store is None:
        raise ConfigError("prefetch: this client keeps nothing; leave out cache=False")
    codes = as_symbols(with_codes(symbols, lambda: client))
    first, last, _ = date_range(start, end, client.today())
    report = Report(series=len(codes) * len(what))

    def job(name: str, code: str) -> Callable[[], Provenance | None]:
        return lambda: provenance(
            WHAT[name](code, first, last, venue=venue, client=client, names="en", style="plain")
        )

    jobs = {f"{code} {name}": job(name, code) for code in codes for name in what}
    failed: dict[str, Exception] = {}
    for name, source in side_by_side(client, jobs, "series", failed.__setitem__).items():
        if source is not None:
            if source.truncated:  # where the client marks it, nobody sees the frame
                report.failures[name] = f"Truncated: {source.why}"
            report.rows += source.rows
            report.cached_rows += source.cached_rows
            report.requests += source.requests
    report.failures |= {name: f"{type(error).__name__}: {error}" for name, error in failed.items()}
    return report
