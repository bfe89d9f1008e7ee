"""Bringing a lake up to date: needs side by side, written step by step, so that a kill costs one step."""

from __future__ import annotations

import queue
import threading
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from operator import itemgetter

import msgspec
import polars as pl

from kiwoomdata.client import Client
from kiwoomdata.errors import CacheError, EmptyAnswer, IncompleteFrame
from kiwoomdata.kinds import split_code
from kiwoomdata.lake import factors
from kiwoomdata.lake.asking import Got, Need, answered, bare, edges, needs_of, ripe, with_answer
from kiwoomdata.lake.files import Files, Held, Manifest
from kiwoomdata.lake.keys import Keys
from kiwoomdata.lake.tables import STOCKS, STOCKS_ENDPOINT, TABLES, LakeTable, about_of
from kiwoomdata.origin import Provenance, provenance
from kiwoomdata.parquet import with_source
from kiwoomdata.prefetch import Report
from kiwoomdata.query import bar
from kiwoomdata.questions.stocks import stocks
from kiwoomdata.telling import Told, gathered, give, listed, warn

__all__ = ["update"]

_MOST_ROWS = 2_000_000
"""Rows that wait in memory before a step is written."""
SHORTEST_STEP = 30.0
SHARE = 20
"""A step lasts at least so many times as long as writing the one before: writing takes a twentieth."""


def update(
    files: Files, codes: Sequence[str], names: Sequence[str], start: date | None, keys: Keys
) -> Report:
    """Ask for what the tables lack of these codes, and write it."""
    files.make()
    report = Report(keys={name: 0 for name, _ in keys if name}, failed_keys=keys.failed)
    if STOCKS in names:
        keys.ask(lambda client: _list_stocks(files, client, report))
    needs = _needed(files, codes, [TABLES[name] for name in names if name != STOCKS], start, keys.any)
    report.series = len({(need.table.name, need.code) for need in needs})
    warned: dict[str, Told] = defaultdict(dict)
    doubtful: dict[str, str] = {}
    step = _Step(files, report)
    try:
        for key, need, got, told in _side_by_side(keys, needs, _rows_at_the_edges(files, needs)):
            kept = {each: None for each in told if not issubclass(each[1], EmptyAnswer | IncompleteFrame)}
            warned[need.code] |= kept
            if key and isinstance(got, Got):
                report.keys[key] += got.requests
            if isinstance(got, Got) and got.source.doubtful:
                doubtful[f"{need.code} {need.table.name}"] = got.source.why
            step.take(need, got)
    except KeyboardInterrupt:
        step.write()
        raise
    finally:
        give(warned)
    step.write()
    if report.failures:
        warn(
            f"{len(report.failures)} of {report.series} series failed and the next update tries them again: "
            f"{listed(f'{name} ({why})' for name, why in report.failures.items())}",
            IncompleteFrame,
        )
    if doubtful:
        warn(
            "the paging of these ended as a history that begins there does, and as a server in trouble does; "
            f"the next update asks again: {listed(f'{name} ({why})' for name, why in doubtful.items())}",
            IncompleteFrame,
        )
    return report


def _needed(
    files: Files, codes: Sequence[str], tables: Sequence[LakeTable], start: date | None, client: Client
) -> list[Need]:
    """The needs, symbol by symbol: each TR has a quota of its own, so tables are filled side by side."""
    needs: list[Need] = []
    plans = []
    for table in tables:
        manifest = files.manifest(table.name)
        first = start or (manifest.start if manifest else None)
        if first is None:
            raise ValueError(f"start: the lake holds nothing of {table.name}; give the first day wanted")
        plans.append((table, manifest.held if manifest else {}, first, ripe(table, client)))
    for code in codes or sorted({code for _, held, _, _ in plans for code in held}):
        for table, held, first, last in plans:
            parts = split_code(code)
            if table.krx_alone and parts is not None and parts[1] != "krx":
                raise ValueError(
                    f"symbols: {table.name} are KRX's in a lake, got {code!r}; leave the suffix out"
                )
            needs += needs_of(table, code, held.get(code), first, last)
    return needs


def _rows_at_the_edges(
    files: Files, needs: Iterable[Need]
) -> dict[str, Mapping[tuple[str, date], pl.DataFrame]]:
    """By table, the rows that what comes is compared with."""
    wanted: dict[str, list[Need]] = defaultdict(list)
    for need in needs:
        if need.edge is not None:
            wanted[need.table.name].append(need)
    found = {}
    for name, some in wanted.items():
        table = TABLES[name]
        days = sorted({need.edge for need in some if need.edge})
        rows = files.scan(name).filter(
            pl.col("symbol").is_in(bare([need.code for need in some])) & table.day.is_in(days)
        )
        found[name] = edges(rows.collect(), table)
    return found


def _side_by_side(
    keys: Keys, needs: Sequence[Need], rows: Mapping[str, Mapping[tuple[str, date], pl.DataFrame]]
) -> Iterator[tuple[str, Need, Got | Exception, Told]]:
    """Answer the needs in the clients' threads, as they come; what a refused key had is taken by another."""
    waiting: queue.SimpleQueue[Need | None] = queue.SimpleQueue()
    done: queue.SimpleQueue[tuple[str, Need, Got | Exception, Told]] = queue.SimpleQueue()
    stop = threading.Event()
    for need in needs:
        waiting.put(need)

    def work(key: str, client: Client) -> None:
        while (need := waiting.get()) is not None and not stop.is_set():
            if key not in keys:
                waiting.put(need)
                return
            told: Told = {}
            result: Got | Exception
            try:
                with gathered(told):
                    edge = rows.get(need.table.name, {}).get((need.code, need.edge)) if need.edge else None
                    result = answered(need, client, edge)
            except Exception as error:
                result = error
            done.put((key, need, result, told))

    threads = [(key, client) for key, client in keys for _ in range(min(client.workers, max(1, len(needs))))]
    pool = ThreadPoolExecutor(len(threads), thread_name_prefix="kiwoomdata")
    clients = [client for _, client in keys]
    try:
        for key, client in threads:
            pool.submit(work, key, client)
        left = len(needs)
        with bar(clients[0], left, "series") as tick:
            while left:
                try:
                    key, need, result, told = done.get(timeout=1)
                except queue.Empty:
                    tick(0)
                    continue
                if keys.judge(key, result):
                    waiting.put(need)
                    continue
                yield key, need, result, told
                tick(1)
                left -= 1
    except BaseException:
        stop.set()
        for client in clients:
            client.transport.abort()
        raise
    finally:
        for _ in threads:
            waiting.put(None)
        try:
            pool.shutdown(wait=True, cancel_futures=True)
        finally:
            for client in clients if stop.is_set() else ():
                client.transport.resume()


class _Step:
    """What has come and is not written yet."""

    def __init__(self, files: Files, report: Report) -> None:
        self._files, self._report = files, report
        self._got: dict[str, list[Got]] = defaultdict(list)
        self._failed: dict[str, dict[str, str]] = defaultdict(dict)
        self._rows = 0
        self._begun, self._took = time.monotonic(), 0.0

    def take(self, need: Need, result: Got | Exception) -> None:
        name = f"{need.code} {need.table.name}"
        why = "" if isinstance(result, Got) else f"{type(result).__name__}: {result}"
        if isinstance(result, Got) and result.source.truncated:  # what came is kept
            why = f"Truncated: {result.source.why}"
        if why:
            self._report.failures[name] = self._failed[need.table.name][need.code] = why
        if isinstance(result, Got):
            self._got[need.table.name].append(result)
            self._rows += result.rows.height
            self._report.rows += result.rows.height
            self._report.requests += result.requests
            self._report.cached_rows += result.source.cached_rows
        lasted = time.monotonic() - self._begun
        if self._rows > _MOST_ROWS or lasted > max(SHORTEST_STEP, SHARE * self._took):
            self.write()

    def write(self) -> None:
        begun = time.monotonic()
        for name in dict.fromkeys([*self._got, *self._failed]):
            write(self._files, TABLES[name], self._got.pop(name, []), self._failed.pop(name, {}))
        self._rows = 0
        self._begun = time.monotonic()
        self._took = self._begun - begun


def write(
    files: Files, table: LakeTable, answers: Iterable[Got], failed: Mapping[str, str] | None = None
) -> None:
    """Put answers into a table: the factors first, so that no row is ever there without them."""
    with files.lock():
        manifest = files.manifest(table.name) or Manifest(table=table.name, api_id=table.endpoint.api_id)
        kept = [got for got in answers if with_answer(manifest, got)]
        for code, why in (failed or {}).items():
            manifest.held.setdefault(code, Held()).failed = why
        for got in kept:
            _note_source(manifest, got.source)
            manifest.units |= {
                name: unit for name, unit in got.source.units.items() if name in got.rows.columns
            }
            manifest.start = min(got.need.first, manifest.start or got.need.first)
        if table.name == "candles":
            _write_factors(files, kept)
        rows = [got.rows for got in kept if got.rows.height]
        put_rows(files, manifest, table, pl.concat(rows, how="diagonal_relaxed") if rows else pl.DataFrame())


def _note_source(manifest: Manifest, source: Provenance) -> None:
    manifest.server = source.server
    manifest.fetched_at = max(source.fetched_at, manifest.fetched_at or source.fetched_at)


def put_rows(files: Files, manifest: Manifest, table: LakeTable, rows: pl.DataFrame) -> None:
    """Merge rows into the parts that they belong to, in the place of rows of the same symbol and day."""

    def parts() -> Iterator[tuple[str, pl.DataFrame, Mapping[str, str]]]:
        for name, piece in _by_part(rows, table):
            old = files.read(files.folder / table.name / name, manifest.parts.get(name))
            whole = merged(old, piece, table)
            yield name, whole, metadata(manifest, whole)

    files.write(manifest, parts())


def _by_part(rows: pl.DataFrame, table: LakeTable) -> Iterator[tuple[str, pl.DataFrame]]:
    """Rows by the name of the part that they belong to, oldest first."""
    if rows.is_empty():
        return
    month = table.day.dt.month() if table.by_month else pl.lit(0)
    number = (table.day.dt.year().cast(pl.Int32) * 100 + month).alias("_part")
    numbers = rows.select(number)["_part"]
    if numbers.min() == numbers.max():  # a year at a time need not be taken apart
        pieces = {(numbers[0],): rows}
    else:
        pieces = rows.with_columns(numbers).partition_by("_part", as_dict=True, include_key=False)
    for (each,), piece in sorted(pieces.items(), key=itemgetter(0)):
        yield f"year={each // 100}/part-{each % 100}.parquet", piece


def merged(old: pl.DataFrame | None, new: pl.DataFrame, table: LakeTable) -> pl.DataFrame:
    """The rows of a part with new ones, sorted by symbol, venue and time."""
    if old is not None:
        touched = pl.col("symbol").is_in(new["symbol"].unique().implode())
        others, same = old.filter(~touched), old.filter(touched)
        day = table.day.alias("_day")
        same = (
            same.with_columns(day)
            .join(new.select("symbol", "venue", day).unique(), on=["symbol", "venue", "_day"], how="anti")
            .drop("_day")
        )
        new = pl.concat([new, same, others], how="diagonal_relaxed").select(new.columns)
    return new.sort(table.key)


def metadata(manifest: Manifest, rows: pl.DataFrame) -> dict[str, str]:
    """What stands in a part: where its rows come from, and what they are."""
    told: dict[str, object] = {
        "table": manifest.table,
        **about_of(manifest.table),
        "written_by": manifest.written_by,
    }
    days = rows["as_of"].unique().sort().to_list() if "as_of" in rows.columns else []
    if days:  # of the oldest rows and of the newest; the column says it of each
        told["as_of"] = [days[0].isoformat(), days[-1].isoformat()]
    found = {"kiwoomdata.lake": msgspec.json.encode(told).decode()}
    if manifest.fetched_at is None:
        return found
    asked = {"table": manifest.table}
    as_of = days[0] if len(days) == 1 else None
    source = Provenance(
        manifest.api_id, asked, manifest.server, manifest.fetched_at, units=manifest.units, as_of=as_of
    )
    return found | with_source(source)


def _write_factors(files: Files, answers: Sequence[Got]) -> None:
    asked: dict[str, tuple[date, date]] = {}
    for got in answers:
        assert got.held.first is not None
        assert got.held.last is not None
        symbol = bare([got.need.code])[0]
        first = got.need.whole if got.rewritten and got.need.whole else got.held.first
        asked[symbol] = (first, got.held.last)
    old = files.factors()
    if old is None and files.parts("candles"):
        raise CacheError(
            f"lake: {str(files.folder / 'factors')!r} is gone, without which nobody can tell a split; "
            "Lake.compact() lets the next update ask for the candles anew"
        )
    new = pl.concat([factors.nothing(), *(got.events for got in answers)])
    found = factors.merged(old if old is not None else factors.nothing(), new, asked)
    if old is None or not found.equals(old):
        files.write_alone("factors/part-0.parquet", found, {"kiwoomdata.lake": '{"table":"factors"}'})


def _list_stocks(files: Files, client: Client, report: Report) -> None:
    """Keep the list of stocks of the day, once a day: nobody gives it later."""
    manifest = files.manifest(STOCKS) or Manifest(table=STOCKS, api_id=STOCKS_ENDPOINT.api_id)
    held = manifest.held.get("")
    if held is not None and held.last == client.today():
        return
    lists = [stocks(market, client=client, names="en", style="plain") for market in ("kospi", "kosdaq")]
    rows = pl.concat(lists, how="diagonal_relaxed").unique("symbol", maintain_order=True)
    rows = rows.with_columns(date=pl.col("fetched_at").dt.date())
    days = rows["date"].unique().to_list()
    sources = [source for source in map(provenance, lists) if source is not None]
    source = sources[0]
    report.requests += sum(each.requests for each in sources)
    report.rows += rows.height
    with files.lock():
        manifest = files.manifest(STOCKS) or manifest
        held = manifest.held.setdefault("", Held(first=min(days)))
        held.last = max([*days, *([held.last] if held.last else [])])
        year = f"year={max(days).year}/part-0.parquet"
        old = files.read(files.folder / STOCKS / year, manifest.parts.get(year))
        if old is not None:
            rows = pl.concat([old.filter(~pl.col("date").is_in(days)), rows], how="diagonal_relaxed").select(
                rows.columns
            )
        _note_source(manifest, source)
        manifest.units |= {name: unit for name, unit in source.units.items() if name in rows.columns}
        files.write(manifest, [(year, rows.sort("symbol", "date"), metadata(manifest, rows))])
