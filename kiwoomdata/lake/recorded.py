"""What was recorded live as tables of a lake: a part a day, made of the messages once the day is over.

The messages are the recording below ``_recording``, which engines skip. The typed rows of a part stand as
they came, but symbol by symbol in each million, so that row groups prune.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from hashlib import blake2b
from typing import Any

import polars as pl
from polars.io.plugins import register_io_source

from kiwoomdata.entries.feeds import CONDITION_EVENT, FEEDS, Feed
from kiwoomdata.lake.files import RECORDING, Files, Held, Manifest
from kiwoomdata.prefetch import Report
from kiwoomdata.recording.ticks import Partition, Selection, read_raw
from kiwoomdata.recording.typed import TO_DECODE, Oddity, Teller, typed
from kiwoomdata.stream.decode import schema

__all__ = ["FEED_TABLES", "part_of", "stale", "take"]

FEED_TABLES: dict[str, Feed] = {feed.name: feed for feed in (*FEEDS.values(), CONDITION_EVENT)}
_ROWS = 2**20
"""So many are sorted by symbol together, so that memory is bounded by them and not by the day."""


def take(files: Files, names: Sequence[str], start: date | None, today: date, report: Report) -> None:
    """Put the days that are over, and are not in the lake as they were recorded, into the tables of feeds."""
    if not (files.folder / RECORDING).is_dir():
        raise ValueError(f"what: nothing was recorded for {', '.join(names)}; record=Lake.recording does it")
    files.make()
    tell = {name: Teller(feed) for name, feed in FEED_TABLES.items()}
    for day in _recorded(files, names, start):
        feed = FEED_TABLES[day.feed]
        with files.lock():
            manifest = files.manifest(feed.name) or Manifest(table=feed.name, api_id=feed.type)
            stamp = _stamp(feed, day)
            held = manifest.held.get(str(day.date))
            if day.date >= today or not stamp or (held is not None and held.version == stamp):
                continue
            manifest.held[str(day.date)] = Held(first=day.date, last=day.date, version=stamp)
            manifest.units = {column.name: column.unit.name for column in feed.columns if column.unit.name}
            counted: list[int] = []
            odd: list[Oddity] = []
            about = {"kiwoomdata.lake": f'{{"table":"{feed.name}","catalogue":"{feed.meaning}"}}'}
            files.write(manifest, [(part_of(day.date), _rows(files, feed, day, counted, odd), about)])
        tell[day.feed](odd)
        report.series += 1
        report.rows += sum(counted)


def stale(files: Files, manifest: Manifest) -> Iterator[date]:
    """The days of a feed that were recorded, or would be read, otherwise than when they were taken."""
    for day in _recorded(files, [manifest.table], None) if (files.folder / RECORDING).is_dir() else ():
        held, stamp = manifest.held.get(str(day.date)), _stamp(FEED_TABLES[day.feed], day)
        if held is not None and stamp and held.version != stamp:
            yield day.date


def part_of(day: date) -> str:
    return f"year={day.year}/part-{day.month}{day.day:02}.parquet"


def _recorded(files: Files, names: Sequence[str], start: date | None) -> list[Partition]:
    days = Selection(files.folder / RECORDING, start=start).partitions()
    return [day for day in days if day.feed in names]


def _stamp(feed: Feed, day: Partition) -> str:
    """What a day's rows are made of; nothing where there are no messages. Files are never touched again."""
    parts = sorted((file.name, file.stat().st_size) for file in day.path.glob("*.parquet"))
    return blake2b(repr((feed.meaning, parts)).encode(), digest_size=16).hexdigest() if parts else ""


def _rows(files: Files, feed: Feed, day: Partition, counted: list[int], odd: list[Oddity]) -> pl.LazyFrame:
    selection = Selection(files.folder / RECORDING)

    def read(*_: Any) -> Iterator[pl.DataFrame]:
        waiting: list[pl.DataFrame] = []
        for raw in read_raw(selection, None, TO_DECODE, partitions=[day]):
            frame, oddities = typed(feed, raw, None)
            odd.extend(oddities)
            counted.append(frame.height)
            waiting.append(frame)
            if sum(each.height for each in waiting) >= _ROWS:
                yield _by_symbol(waiting)
                waiting = []
        if waiting:
            yield _by_symbol(waiting)

    return register_io_source(read, schema=schema(feed))


def _by_symbol(frames: Sequence[pl.DataFrame]) -> pl.DataFrame:
    return pl.concat(frames).sort("symbol", "venue", maintain_order=True)
