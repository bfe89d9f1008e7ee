"""Reading a recording: typed ticks as a lazy frame, or the raw messages in their order of arrival."""

from __future__ import annotations

import os
import re
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date
from itertools import accumulate, takewhile
from pathlib import Path
from typing import NamedTuple

import polars as pl
from polars.io.plugins import register_io_source

from kiwoomdata import forks
from kiwoomdata.arguments import DateLike, as_date
from kiwoomdata.calendar import last_trading_day
from kiwoomdata.entries.feeds import CONDITION_EVENT, Feed, find_feed
from kiwoomdata.errors import KiwoomDataWarning, UnknownKey, UnprovenValue
from kiwoomdata.kinds import split_code
from kiwoomdata.recording.record import OTHER, SCHEMA, recording_folder
from kiwoomdata.stream.decode import read_ticks
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
    days, symbols and columns that are asked for are read and decoded, also where they are asked for
    later on the lazy frame (of filters, those on ``symbol`` and ``received_at``). What a live recorder
    has flushed is there at the next ``collect``.

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
        return _source(selection, SCHEMA, None)
    if selection.feeds == [OTHER]:
        raise ValueError("feed: 'other' holds types that the catalogue lacks; read it with typed=False")
    entry = _entry(feed)
    names = None if columns is None or isinstance(columns, str) else list(columns)
    schema = schema_of(entry, columns if isinstance(columns, str) else names)
    return _source(selection, schema, lambda: _Typist(entry, names, list(schema)))


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
        self.first = date.min if start is None else as_date(start, "start")
        self.last = date.max if end is None else as_date(end, "end")
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

    def filter(self) -> pl.Expr:
        """Which messages of a part are wanted."""
        if self.symbols is None:
            return pl.lit(True)
        venues = [text for text in self.symbols if "_" in text]
        return pl.col("symbol").is_in([text for text in self.symbols if "_" not in text]) | pl.col(
            "item"
        ).is_in(venues)


def _symbols(symbols: str | Iterable[str]) -> list[str]:
    texts = [symbols] if isinstance(symbols, str) else list(symbols)
    for text in texts:
        if not isinstance(text, str):
            raise TypeError(f"symbols: expected texts such as '005930' (so that zeros stay), got {text!r}")
    if not texts or "" in texts:
        raise ValueError("symbols: expected at least one, such as '005930', or None for all, got none")
    return [text.removeprefix("A") if split_code(text) else text for text in texts]


def _entry(feed: str) -> Feed:
    return CONDITION_EVENT if feed in (CONDITION_EVENT.name, CONDITION_EVENT.type) else find_feed(feed)


# --- raw messages ----------------------------------------------------------------------------


class _Part(NamedTuple):
    first_seq: int
    path: Path


def read_raw(
    selection: Selection,
    keep: pl.Expr | None = None,
    columns: Sequence[str] = tuple(SCHEMA),
    *,
    files_at_once: int = 256,
) -> Iterator[pl.DataFrame]:
    """Read the messages in the order of their ``seq`` over all feeds and writers, a batch at a time.

    Parts of several feeds or recorders overlap. A row is given out once no part that is still to be
    read can hold an earlier one, so memory is bounded by the overlap and not by the recording.
    """
    wanted = selection.filter() if keep is None else selection.filter() & keep
    paths = [path for partition in selection.partitions() for path in partition.path.glob("*.parquet")]
    parts = sorted(_Part(_first_seq(path), path) for path in paths)
    columns = list(dict.fromkeys(("seq", *columns)))
    rest = pl.DataFrame(schema={name: SCHEMA[name] for name in columns})
    while parts:
        taken = _how_many(parts, files_at_once)
        files, parts = [part.path for part in parts[:taken]], parts[taken:]
        scan = pl.scan_parquet(files, glob=False, hive_partitioning=False)
        frame = pl.concat([rest, scan.filter(wanted).select(columns).collect()])
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


def _how_many(parts: Sequence[_Part], most: int) -> int:
    sizes = accumulate(part.path.stat().st_size for part in parts[: most - 1])
    return 1 + sum(1 for size in takewhile(lambda size: size < _AT_ONCE, sizes))


# --- raw messages to a lazy frame ------------------------------------------------------------

_TO_DECODE = ("item", "values", "received_at")

Decode = Callable[[pl.DataFrame, Sequence[str] | None], pl.DataFrame]


def _source(
    selection: Selection, schema: dict[str, pl.DataType], decoder: Callable[[], Decode] | None
) -> pl.LazyFrame:
    def read(
        wanted: list[str] | None, predicate: pl.Expr | None, n_rows: int | None, batch_size: int | None
    ) -> Iterator[pl.DataFrame]:
        if n_rows == 0:
            return
        decode = None if decoder is None else decoder()
        needed, early = wanted, None
        if predicate is not None:
            roots = predicate.meta.root_names()
            needed = None if wanted is None else list(dict.fromkeys([*wanted, *roots]))
            if n_rows is None and {*roots} <= {"symbol", "received_at"}:
                early = predicate
        for raw in read_raw(selection, early, (needed or list(schema)) if decode is None else _TO_DECODE):
            # observed 2026-11-20, polars 2.1: a head before a filter arrives as both, and comes first
            if n_rows is not None:
                raw = raw.head(n_rows)
                n_rows -= raw.height
            frame = raw if decode is None else decode(raw, needed)
            if predicate is not None:
                frame = frame.filter(predicate)
            yield frame.select(wanted or list(schema))
            if n_rows == 0:
                return

    return register_io_source(read, schema=schema)


class _Typist:
    """From raw messages of one feed to typed columns. It tells of one oddity of a column, not of each."""

    def __init__(self, feed: Feed, columns: list[str] | None, names: list[str]) -> None:
        self._feed, self._columns, self._names = feed, columns, names
        self._told: set[str] = set()

    def __call__(self, raw: pl.DataFrame, needed: Sequence[str] | None) -> pl.DataFrame:
        columns = self._columns if needed is None else needed
        days = raw["received_at"].dt.date()
        parts = [raw.filter(days == day) for day in days.unique(maintain_order=True)]
        return pl.concat([self._read(part, columns) for part in parts])

    def _read(self, raw: pl.DataFrame, columns: Sequence[str] | None) -> pl.DataFrame:
        frame, troubles = read_ticks(
            self._feed,
            raw["item"].to_list(),
            raw["values"].cast(pl.Binary).to_list(),
            raw["received_at"].to_physical().to_list(),
            last_trading_day(raw["received_at"][0].date()),
            columns=columns,
        )
        for trouble in troubles:
            self._tell(
                trouble.column,
                f"{self._feed.name}.{trouble.column or 'message'}: {trouble.text!r} is not "
                f"{trouble.kind.expected} and is {'null' if trouble.column else 'left out'}; so is whatever "
                "else there fits no rule. typed=False gives the messages as they came",
                UnprovenValue if trouble.unproven else KiwoomDataWarning,
            )
        if extra := [name for name in frame.columns if name not in self._names]:
            self._tell(
                "FIDs",
                f"{self._feed.name}: the recording holds FIDs that the catalogue lacks: {', '.join(extra)}. "
                f"Ask for them with columns=(..., {extra[0]!r}), or read them with typed=False",
                UnknownKey,
            )
        return frame.drop(extra)

    def _tell(self, what: str, text: str, kind: type[Warning]) -> None:
        if what not in self._told:
            self._told.add(what)
            warnings.warn(text, kind, stacklevel=2)
