"""What a lake lacks of one symbol, and the answer to it. No files."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta

import polars as pl

from kiwoomdata.arguments import SUFFIXES
from kiwoomdata.client import Client
from kiwoomdata.errors import EmptyAnswer, KiwoomDataError
from kiwoomdata.kinds import split_code
from kiwoomdata.lake import factors
from kiwoomdata.lake.files import Held, Manifest
from kiwoomdata.lake.tables import LakeTable
from kiwoomdata.origin import Provenance, provenance
from kiwoomdata.questions.candles import candles
from kiwoomdata.store.finality import last_final_day

__all__ = ["Got", "Need", "answered", "bare", "edges", "needs_of", "ripe", "with_answer"]

_DAY = timedelta(days=1)


@dataclass(frozen=True)
class Need:
    """Days of one symbol that a table lacks, with a day at the edge that it has, to compare the basis."""

    table: LakeTable
    code: str
    first: date
    last: date
    edge: date | None = None
    """The day of the table's own row to compare with."""
    as_of: date | None = None
    whole: date | None = None
    """From where all is asked anew if the row at the edge reads otherwise."""
    anew: bool = False
    """Rows that are there are asked for again, and nothing is compared."""


@dataclass(frozen=True)
class Got:
    """What came of a need: final rows, and what the table then holds."""

    need: Need
    rows: pl.DataFrame
    held: Held
    source: Provenance
    requests: int
    rewritten: bool = False
    """The past read otherwise than before, and all of it was asked for anew."""
    events: pl.DataFrame = field(default_factory=factors.nothing)


def ripe(table: LakeTable, client: Client) -> date:
    """The last day whose rows can no longer change."""
    return last_final_day(table.endpoint, client.now())


def needs_of(table: LakeTable, code: str, held: Held | None, start: date, last: date) -> list[Need]:
    """What is asked for one symbol, so that the table holds it from ``start`` to ``last``."""
    if held is None or held.first is None or held.last is None:
        return [Need(table, code, start, last)] if start <= last else []
    first = min(start, held.first)
    if held.version != table.meaning:
        return [Need(table, code, first, max(last, held.last), anew=True)]
    needs = []
    if last > held.last or held.holes:
        begin = min([held.newest or held.last, *(low for low, _ in held.holes)])
        needs.append(Need(table, code, begin, max(last, held.last), held.newest, held.as_of, first))
    if start < held.first:
        needs.append(Need(table, code, start, held.oldest or held.first, held.oldest, held.as_of, first))
    return needs


def answered(need: Need, client: Client, edge: pl.DataFrame | None) -> Got:
    """Ask the server, or the client's store; where the row at the edge reads otherwise, ask for all."""
    table, last = need.table, ripe(need.table, client)
    rows, seen, source = _asked(need, client)
    requests = source.requests
    rewritten = need.edge is not None and not _same(rows, edge, table)
    if rewritten:
        assert need.whole is not None
        need = replace(need, first=need.whole, last=last, anew=True)
        rows, seen, source = _asked(need, client)
        requests += source.requests
    if source.mistaken:
        raise KiwoomDataError(
            f"{table.endpoint.api_id}: the answer to {need.code} names {source.mistaken[need.code]}"
        )
    if need.code in source.empty:
        raise EmptyAnswer(f"{table.endpoint.api_id}: the server had no rows of {need.code}")
    events = factors.nothing()
    if table.name == "candles":
        check = need.anew or edge is None or need.last == need.edge
        events, more = _events(need, seen, client, check=check)
        events, requests = events.filter(pl.col("date") <= last), requests + more
    as_of = client.today() if need.anew or need.as_of is None else need.as_of
    held = _held(need, min(need.last, last), rows, source)
    if table.basis == "as of":
        rows = rows.with_columns(as_of=pl.lit(as_of))
    if table.basis == "as of" or rewritten:
        held.as_of = as_of
    return Got(need, rows, held, source, requests, rewritten, events)


def _asked(need: Need, client: Client) -> tuple[pl.DataFrame, pl.DataFrame, Provenance]:
    """The final rows, all rows that came, and their provenance."""
    table, last = need.table, min(need.last, ripe(need.table, client))
    # Of candles also today's, which may tell of a split that their adjusted prices know already.
    end = client.today() if table.name == "candles" else need.last
    seen = table.ask(
        need.code, need.first, end, client=client, names="en", style="plain", on_truncated="mark"
    )
    source = provenance(seen)
    assert source is not None
    rows = seen.filter(table.day.is_between(need.first, last)).drop(table.left_out)
    return rows, seen, source


def _same(rows: pl.DataFrame, edge: pl.DataFrame | None, table: LakeTable) -> bool:
    """Whether the rows of the edge's day read as the table has them."""
    days = [] if edge is None else edge.select(table.day).to_series().to_list()
    again = rows.filter(table.day.is_in(days))
    if edge is None or again.is_empty():
        return table.basis == "as traded"  # nothing to compare, and nothing that a split changes
    names = [name for name in edge.columns if name in rows.columns]
    return again.select(names).sort(table.when).equals(edge.select(names).sort(table.when))


def _held(need: Need, last: date, rows: pl.DataFrame, source: Provenance) -> Held:
    table, first = need.table, need.first
    traded = rows.filter(factors.TRADED) if table.name == "candles" else rows
    days = traded.select(table.day.alias("day"))["day"]
    oldest, newest = days.min(), days.max()
    assert oldest is None or isinstance(oldest, date)
    assert newest is None or isinstance(newest, date)
    if oldest is not None and (source.truncated or need.code in source.doubtful):
        first = max(first, oldest)
    missing: Iterable[date] = () if table.when == "time" else source.missing.get(need.code, ())
    return Held(
        first=first, last=last, oldest=oldest, newest=newest, version=table.meaning,
        holes=[(day, day) for day in missing if first <= day <= last],
    )  # fmt: skip


def _events(need: Need, seen: pl.DataFrame, client: Client, *, check: bool) -> tuple[pl.DataFrame, int]:
    """Splits and the like among the rows, held against the adjusted series where that is worth a request.

    With them the requests that it took.
    """
    found = factors.events(seen)
    if not check and found.is_empty():
        return found, 0
    adjusted = candles(need.code, need.first, client.today(), client=client, names="en", style="plain")
    source = provenance(adjusted)
    assert source is not None
    return factors.checked(found, seen, adjusted), source.requests


def with_answer(manifest: Manifest, got: Got) -> bool:
    """Note in the manifest what is held now; whether the rows are to be kept.

    Another update may have been quicker: rows of an older basis than those that are there are not taken.
    """
    code, new, old = got.need.code, got.held, manifest.held.get(got.need.code)
    if old is None or old.first is None or old.last is None:
        manifest.held[code] = new
        return True
    if new.as_of and old.as_of and new.as_of < old.as_of:
        return False
    assert new.first is not None
    assert new.last is not None
    holes = [
        span
        for low, high in old.holes
        for span in ((low, min(high, new.first - _DAY)), (max(low, new.last + _DAY), high))
    ]
    if new.first > old.last + _DAY:
        holes.append((old.last + _DAY, new.first - _DAY))
    if new.last < old.first - _DAY:
        holes.append((new.last + _DAY, old.first - _DAY))
    days = [day for day in (old.oldest, new.oldest, old.newest, new.newest) if day is not None]
    manifest.held[code] = Held(
        first=min(old.first, new.first),
        last=max(old.last, new.last),
        oldest=min(days, default=None),
        newest=max(days, default=None),
        holes=sorted({(low, high) for low, high in [*holes, *new.holes] if low <= high}),
        as_of=new.as_of or old.as_of,
        version=new.version,
        outdated=_outdated(old, new),
    )
    return True


def _outdated(old: Held, new: Held) -> date | None:
    """From when on rows are of the new catalogue, where older ones are there and not given any more."""
    if old.version == new.version:
        return old.outdated
    if old.oldest is None or old.newest is None:
        return None
    read = new.oldest or old.newest + _DAY
    return read if old.oldest < read else None


def edges(rows: pl.DataFrame, table: LakeTable) -> Mapping[tuple[str, date], pl.DataFrame]:
    """Rows of a table by code and day."""
    keyed = rows.with_columns(_day=table.day)
    parts = keyed.partition_by("symbol", "venue", "_day", as_dict=True)
    return {
        (_code(symbol, venue), day): part.drop("_day", "as_of", strict=False)
        for (symbol, venue, day), part in parts.items()
    }


def _code(symbol: str, venue: str) -> str:
    return symbol + SUFFIXES[venue]


def bare(codes: Sequence[str]) -> list[str]:
    """The symbols of codes, without the suffix of a venue."""
    found = (split_code(code) for code in codes)
    return [parts[0] for parts in found if parts]
