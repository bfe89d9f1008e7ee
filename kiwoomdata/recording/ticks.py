"""Reading a recording: typed ticks as a lazy frame, or the raw messages in their order of arrival."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from itertools import accumulate, takewhile
from pathlib import Path
from typing import NamedTuple

import polars as pl
from polars.io.plugins import register_io_source

from kiwoomdata import forks
from kiwoomdata.arguments import DateLike, as_date
from kiwoomdata.calendar import today
from kiwoomdata.entries.feeds import CONDITION_EVENT, Feed, find_feed
from kiwoomdata.kinds import split_code
from kiwoomdata.pushdown import Wanted
from kiwoomdata.recording.record import OTHER, SCHEMA, recording_folder
from kiwoomdata.recording.typed import TO_DECODE, Copy, Teller, copy_of, typed
from kiwoomdata.stream.decode import LEADING
from kiwoomdata.stream.decode import schema as schema_of

__all__ = ["Selection", "read_raw", "recording_info", "ticks"]

_NAME = re.compile(r"part-([0-9]{16})-.*")
_AT_ONCE = 2**21
"""Bytes of parts that are read together: some 10,000 to 70,000 messages."""
_INFO: dict[str, pl.DataType] = {
    "feed": pl.String(),
    "date": pl.Date(),
    "symbols": pl.Int64(),
    "rows": pl.Int64(),
    "files": pl.Int64(),
    "bytes": pl.Int64(),
}


def ticks(
    folder: str | os.PathLike[str],
    *,
    feed: str = "trade",
    symbols: str | Iterable[str] | None = None,
    start: DateLike | None = None,
    end: DateLike | None = None,
    columns: Iterable[str] | None = None,
    typed: bool = True,
) -> pl.LazyFrame:
    """Read what was recorded of one feed, lazily, in the order of arrival.

    One row is one message. The columns and dtypes are those of the live frame of the feed. Only the
    days, symbols and columns that are asked for are read, also where they are asked for later on the
    lazy frame. What a live recorder has flushed is there at the next ``collect``.

    The first read of a day that is over decodes all of it, and keeps the typed rows beside the recording
    (in ``.ticks.typed`` for ``ticks``), where they are found from then on, as fast as in any Parquet file.
    They may be deleted at any time; they are made anew where messages were added or columns have come to
    mean something else, and are not made where nothing can be written, and by a ``head``.

    Parameters
    ----------
    folder
        The recording.
    feed
        Its name or code: ``"trade"``, ``"0B"``. ``"other"`` holds the types that the catalogue lacks,
        and is there for ``typed=False`` alone.
    symbols
        One or several; None takes all. ``"005930"`` takes every venue, ``"005930_NX"`` that one.
    start, end
        The first and the last day in Korea, both inclusive; None is the first or last there is.
    columns
        Those to have beside ``symbol``, ``venue``, ``time`` and ``received_at``; None takes all that
        the catalogue knows. A FID that it lacks can be asked for by its number, as ``"9999"``.
    typed
        False gives the messages as they came: ``seq``, ``received_at``, ``type``, ``item``,
        ``symbol`` and ``values``, the text of a JSON object.

    Raises
    ------
    ValueError
        For a folder that is no recording, a feed that does not exist or is not in it, a column that
        the feed does not have, or a range that ends before it starts.

    Notes
    -----
    A text that fits no rule of its column is null with a :class:`KiwoomDataWarning`. FIDs that the
    catalogue lacks are left out with an :class:`UnknownKey` warning, because a lazy frame has to know
    its columns beforehand.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> from kiwoomdata.recording.record import Recorder
    >>> folder = TemporaryDirectory()
    >>> with Recorder(folder.name) as recorder:
    ...     recorder.add("0C", "005930", b'{"27":"-70100","28":"-70000"}', 1795136400000000)
    >>> ticks(folder.name, feed="best_quote").select("symbol", "ask", "bid").collect().rows()
    [('005930', 70100, 70000)]
    >>> folder.cleanup()
    """
    selection = Selection(folder, feeds=(feed,), symbols=symbols, start=start, end=end)
    if not typed:
        if columns is not None:
            raise ValueError("columns: typed=False has columns of its own; select from the lazy frame")
        return _raw_source(selection)
    if selection.feeds == [OTHER]:
        raise ValueError("feed: 'other' holds types that the catalogue lacks; read it with typed=False")
    entry = _entry(feed)
    names = None if columns is None or isinstance(columns, str) else list(columns)
    schema = schema_of(entry, columns if isinstance(columns, str) else names)
    return _typed_source(selection, schema, entry, names)


def recording_info(folder: str | os.PathLike[str]) -> pl.DataFrame:
    """Tell what a recording holds.

    One row is one feed on one day.

    Returns
    -------
    DataFrame
        ``feed`` (String), ``date`` (Date), ``symbols rows files bytes`` (Int64).

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> from kiwoomdata.recording.record import Recorder
    >>> folder = TemporaryDirectory()
    >>> with Recorder(folder.name) as recorder:
    ...     recorder.add("0C", "005930", b'{"27":"-70100","28":"-70000"}', 1795136400000000)
    >>> recording_info(folder.name).select("feed", "date", "symbols", "rows").row(0)
    ('best_quote', datetime.date(2026, 11, 20), 1, 1)
    >>> folder.cleanup()
    """
    lines = []
    for part in Selection(folder).partitions():
        files = list(part.path.glob("*.parquet"))
        if files:
            read = pl.scan_parquet(files, glob=False, hive_partitioning=False)
            symbols, rows = read.select(pl.col("symbol").drop_nulls().n_unique(), pl.len()).collect().row(0)
            size = sum(file.stat().st_size for file in files)
            lines.append((part.feed, part.date, symbols, rows, len(files), size))
    return pl.DataFrame(lines, schema=_INFO, orient="row")


# --- what of a recording is wanted -----------------------------------------------------------


class Partition(NamedTuple):
    """The folder of one feed and day."""

    feed: str
    date: date
    path: Path


class Selection:
    """A part of a recording: some feeds, symbols and days, all of them where None is given.

    ValueError where there can be no such part. Files are looked for when it is read.
    """

    def __init__(
        self,
        folder: str | os.PathLike[str],
        *,
        feeds: Iterable[str] | None = None,
        symbols: str | Iterable[str] | None = None,
        start: DateLike | None = None,
        end: DateLike | None = None,
    ) -> None:
        forks.check()
        self.folder = recording_folder(folder)
        if not self.folder.is_dir():
            raise ValueError(
                f"folder: there is no {str(folder)!r}; record into it first, or name another one"
            )
        self.first = date.min if start is None else as_date(start, "start", whole="first")
        self.last = date.max if end is None else as_date(end, "end", whole="last")
        if self.first > self.last:
            raise ValueError(f"start: {self.first} is after end {self.last}; give the earlier day first")
        self.symbols = None if symbols is None else _symbols(symbols)
        self.feeds: list[str] | None = None
        if feeds is not None:
            wanted = [feeds] if isinstance(feeds, str) else list(feeds)
            self.feeds = list(dict.fromkeys(name if name == OTHER else _entry(name).name for name in wanted))
            here = sorted({path.name.removeprefix("feed=") for path in self.folder.glob("feed=*")})
            for name in self.feeds if here else ():
                if name not in here:
                    raise ValueError(
                        f"feed: {name!r} was not recorded in {str(folder)!r}. There are: {', '.join(here)}"
                    )

    def partitions(self) -> list[Partition]:
        """The folders there are now, by feed and day."""
        found = []
        for path in self.folder.glob("feed=*/date=*"):
            feed = path.parent.name.removeprefix("feed=")
            try:
                day = date.fromisoformat(path.name.removeprefix("date="))
            except ValueError:
                continue  # not one of ours
            if self.first <= day <= self.last and (self.feeds is None or feed in self.feeds):
                found.append(Partition(feed, day, path))
        return sorted(found)

    def filter(self) -> pl.Expr | None:
        """Which messages of a part are wanted; None where all are."""
        if self.symbols is None:
            return None
        stocks, items = self._stocks_and_items()
        return pl.col("symbol").is_in(stocks) | pl.col("item").is_in(items)

    def filter_rows(self) -> pl.Expr | None:
        """The same for typed rows, whose item is a symbol and a venue."""
        if self.symbols is None:
            return None
        stocks, items = self._stocks_and_items()
        symbol, venue = pl.col("symbol"), pl.col("venue")
        codes = [split_code(item) or (item, None) for item in items]
        return pl.any_horizontal(
            symbol.is_in(stocks),
            *((symbol == code) & venue.eq_missing(pl.lit(where)) for code, where in codes),
        )

    def _stocks_and_items(self) -> tuple[list[str], list[str]]:
        texts = self.symbols or []
        return [text for text in texts if "_" not in text], [text for text in texts if "_" in text]


def _symbols(symbols: str | Iterable[str]) -> list[str]:
    texts = [text.strip() for text in symbols.split(",")] if isinstance(symbols, str) else list(symbols)
    for text in texts:
        if not isinstance(text, str):
            raise TypeError(f"symbols: expected texts such as '005930' (so that zeros stay), got {text!r}")
    if not texts or "" in texts:
        raise ValueError("symbols: expected at least one, such as '005930', or None for all, got none")
    return [text.removeprefix("A") if split_code(text) else text for text in texts]


def _entry(feed: str) -> Feed:
    return CONDITION_EVENT if feed in (CONDITION_EVENT.name, CONDITION_EVENT.type) else find_feed(feed)


# --- raw messages ----------------------------------------------------------------------------


class _RawFile(NamedTuple):
    first_seq: int
    path: Path


def read_raw(
    selection: Selection,
    keep: pl.Expr | None = None,
    columns: Sequence[str] = tuple(SCHEMA),
    *,
    partitions: Sequence[Partition] | None = None,
    files_at_once: int = 256,
) -> Iterator[pl.DataFrame]:
    """Read the messages in the order of their ``seq`` over all feeds and writers, a batch at a time.

    Parts of several feeds or recorders overlap. A row is given out once no part that is still to be
    read can hold an earlier one, so memory is bounded by the overlap and not by the recording.
    """
    filters = [each for each in (selection.filter(), keep) if each is not None]
    wanted = pl.all_horizontal(filters) if filters else None
    places = selection.partitions() if partitions is None else partitions
    paths = [path for place in places for path in place.path.glob("*.parquet")]
    return _in_order(paths, wanted, columns, files_at_once)


def _in_order(
    paths: Iterable[Path], wanted: pl.Expr | None, columns: Sequence[str], files_at_once: int = 256
) -> Iterator[pl.DataFrame]:
    parts = sorted(_RawFile(_first_seq(path), path) for path in paths)
    columns = list(dict.fromkeys(("seq", *columns)))
    rest = pl.DataFrame(schema={name: SCHEMA[name] for name in columns})
    while parts:
        taken = _how_many(parts, files_at_once)
        files, parts = [part.path for part in parts[:taken]], parts[taken:]
        scan = pl.scan_parquet(files, glob=False, hive_partitioning=False)
        scan = scan if wanted is None else scan.filter(wanted)
        frame = pl.concat([rest, scan.select(columns).collect()])
        if not frame["seq"].is_sorted():
            frame = frame.sort("seq", maintain_order=True)
        sure = int(frame["seq"].search_sorted(parts[0].first_seq, side="left")) if parts else frame.height
        rest = frame[sure:]
        if sure:
            yield frame[:sure]


def _first_seq(path: Path) -> int:
    """The name tells it; the content does for a file that was written by somebody else."""
    if match := _NAME.fullmatch(path.name):
        return int(match[1])
    return int(pl.scan_parquet(path, glob=False).select(pl.col("seq").min().fill_null(0)).collect().item())


def _how_many(parts: Sequence[_RawFile], most: int) -> int:
    sizes = accumulate(part.path.stat().st_size for part in parts[: most - 1])
    return 1 + sum(1 for size in takewhile(lambda size: size < _AT_ONCE, sizes))


# --- lazy frames -----------------------------------------------------------------------------


class _WantedTicks(Wanted):
    """What a query asks of a recording."""

    def __init__(
        self, schema: Iterable[str], columns: list[str] | None, predicate: pl.Expr | None, rows: int | None
    ) -> None:
        super().__init__(schema, columns, predicate, rows)
        roots = [] if predicate is None else predicate.meta.root_names()
        self.needed = None if columns is None else list(dict.fromkeys([*columns, *roots]))
        """The columns to read; None for all."""
        self.of_messages = self.early if {*roots} <= {"symbol", "received_at"} else None
        """What can be asked of the messages themselves."""


def _raw_source(selection: Selection) -> pl.LazyFrame:
    def read(
        columns: list[str] | None, predicate: pl.Expr | None, n_rows: int | None, batch_size: int | None
    ) -> Iterator[pl.DataFrame]:
        wanted = _WantedTicks(SCHEMA, columns, predicate, n_rows)
        for raw in (
            () if wanted.satisfied else read_raw(selection, wanted.of_messages, wanted.needed or [*SCHEMA])
        ):
            yield wanted.of(raw)
            if wanted.satisfied:
                return

    return register_io_source(read, schema=SCHEMA)


def _typed_source(
    selection: Selection, schema: dict[str, pl.DataType], feed: Feed, names: list[str] | None
) -> pl.LazyFrame:
    def read(
        columns: list[str] | None, predicate: pl.Expr | None, n_rows: int | None, batch_size: int | None
    ) -> Iterator[pl.DataFrame]:
        wanted = _WantedTicks(schema, columns, predicate, n_rows)
        for frame in () if wanted.satisfied else _rows(selection, feed, names, wanted):
            yield frame
            if wanted.satisfied:
                return

    return register_io_source(read, schema=schema)


def _rows(
    selection: Selection, feed: Feed, names: list[str] | None, wanted: _WantedTicks
) -> Iterator[pl.DataFrame]:
    """The rows that are wanted: day by day out of copies, and out of the messages where there is none."""
    needed = names if wanted.needed is None else wanted.needed
    tell = Teller(feed)
    days = selection.partitions()
    narrow = selection.symbols is not None or wanted.of_messages is not None or wanted.rows is not None
    known = {*LEADING, *(column.name for column in feed.columns)}
    while days:
        day, rest = days[0], days[1:]
        copy = _copy(selection, feed, day, make=wanted.rows is None) if known >= {*(needed or ())} else None
        oddities = [] if copy is None else copy.oddities(needed)
        if copy is None or not copy.in_order:
            together, days = days, []  # a later day may hold an earlier message
        else:
            together, days = [day], rest
            if not (oddities and narrow):  # else what is odd may be in other rows
                tell(oddities)
                yield from _of_copy(copy, selection.filter_rows(), needed or list(schema_of(feed)), wanted)
                continue
        for raw in read_raw(selection, wanted.of_messages, TO_DECODE, partitions=together):
            while raw.height and not wanted.satisfied:
                some = raw.height if wanted.rows is None else wanted.rows
                frame, found = typed(feed, raw[:some], needed)
                raw = raw[some:]
                tell(found)
                yield wanted.of(frame)


def _of_copy(
    copy: Copy, chosen: pl.Expr | None, needed: list[str], wanted: _WantedTicks
) -> Iterator[pl.DataFrame]:
    for scan in copy.scans():
        scan = scan if chosen is None else scan.filter(chosen)
        if wanted.rows is None:
            scan = scan if wanted.predicate is None else scan.filter(wanted.predicate)
            yield scan.select(wanted.columns).collect()
        elif not wanted.satisfied:
            yield wanted.of(scan.select(needed).head(wanted.rows).collect())


def _copy(selection: Selection, feed: Feed, day: Partition, *, make: bool) -> Copy | None:
    """The copy of a day that is over; today's would be made again and again."""
    if day.date >= today():
        return None
    files = sorted(day.path.glob("*.parquet"))
    columns = ("seq", *TO_DECODE)
    return copy_of(
        selection.folder,
        feed,
        day.date,
        files,
        (lambda: _in_order(files, None, columns)) if make else None,
    )
