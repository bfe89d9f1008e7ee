"""Live messages to Parquet, as they came.

::

    ticks/feed=trade/date=2026-11-20/part-1795136400000000-4711-000000.parquet

A part is written beside the recording, synced and renamed into it, and never touched again, so a
kill at any moment leaves whole files and costs the rows of the last unflushed seconds. Parts are not
merged or grown: observed 2026-11-20, polars 2.1 and DuckDB 2.0 fail on, or misread, a file that is
replaced while they read it. Nothing but parts is ever inside: polars 2.1 refuses to scan a folder
that holds any other file, hidden or not.

The keys are the feed's name and the day in Korea, which every engine reads as a text and a date (a
feed's code would not do: ``00`` is read as the number 0, and ``0G`` and ``0g`` are one folder on some
file systems). They are not repeated in the files. ``received_at`` is an instant, shown in Korean time.
"""

from __future__ import annotations

import io
import os
import threading
import time
import warnings
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import date
from glob import escape
from itertools import count
from pathlib import Path
from types import TracebackType

import polars as pl

from kiwoomdata import forks
from kiwoomdata.entries.feeds import CONDITION_EVENT, FEEDS
from kiwoomdata.errors import KiwoomDataWarning, StreamError
from kiwoomdata.folders import sync_folder
from kiwoomdata.kinds import split_code

__all__ = ["OTHER", "SCHEMA", "Recorder", "RecorderStats", "recording_folder"]

SCHEMA: dict[str, pl.DataType] = {
    "seq": pl.Int64(),
    "received_at": pl.Datetime("us", "Asia/Seoul"),
    "type": pl.String(),
    "item": pl.String(),
    "symbol": pl.String(),
    "values": pl.String(),
}
"""The columns of a part. ``seq`` is the order of arrival over all feeds: the microsecond of arrival,
moved on where need be so that it only grows. ``values`` is the message's JSON object, untouched."""

OTHER = "other"
"""The feed of the types that the catalogue lacks."""

_NAMES = {CONDITION_EVENT.type: CONDITION_EVENT.name} | {feed.type: feed.name for feed in FEEDS.values()}
_ABANDONED = 3600.0
"""Seconds after which an unfinished file has no writer any more: one is written in milliseconds."""
_numbers = count()

Row = tuple[str, str, bytes, int]
Key = tuple[str, date]


@dataclass(frozen=True, slots=True)
class RecorderStats:
    """What a recorder has done so far."""

    rows: int = 0
    """Messages that are safe on the disk."""
    files: int = 0
    bytes: int = 0
    waiting: int = 0
    """Messages that are not on the disk yet."""
    dropped: int = 0
    """Messages that were let go of because the disk took nothing for too long."""


def recording_folder(folder: str | os.PathLike[str]) -> Path:
    """Check that a folder is a recording, or nothing yet; ValueError if it is something else."""
    path = Path(os.path.abspath(Path(folder).expanduser()))
    if path.exists() and not path.is_dir():
        raise ValueError(f"folder: {str(folder)!r} is a file; name a new folder, an empty one or a recording")
    names = [name for name in os.listdir(path) if not name.startswith(".")] if path.is_dir() else []
    if names and not any(name.startswith("feed=") for name in names):
        raise ValueError(
            f"folder: {str(folder)!r} is not a recording: it holds {min(names)!r} and no feed=... folders; "
            "name a new folder, an empty one or a recording"
        )
    return path


class Recorder:
    """Keep live messages in a folder, made if need be, from a thread of its own.

    Messages reach the disk after ``flush_seconds``, or once ``flush_rows`` have come. While the disk
    takes nothing, up to ``buffer_rows`` are kept for later, and those beyond are dropped and counted;
    the next ``add`` warns, and ``flush`` and ``close`` raise :class:`StreamError`, which says how many
    are not on the disk.

    Several threads may add, and recorders of several processes may share a folder.
    """

    def __init__(
        self,
        folder: str | os.PathLike[str],
        *,
        flush_seconds: float = 2.0,
        flush_rows: int = 50_000,
        buffer_rows: int = 500_000,
        clock: Callable[[], float] = time.time,
    ) -> None:
        if flush_seconds <= 0 or not 0 < flush_rows <= buffer_rows:
            raise ValueError(
                "flush_seconds, flush_rows: expected numbers above 0, and flush_rows at most buffer_rows, "
                f"got {flush_seconds}, {flush_rows} and {buffer_rows}"
            )
        forks.check()
        self.folder = recording_folder(folder)
        self._flush_seconds, self._flush_rows, self._buffer_rows = flush_seconds, flush_rows, buffer_rows
        self._bench = _bench(self.folder)
        self._sweep(clock() - _ABANDONED)
        self._buffer: list[Row] = []
        self._waiting: dict[Key, pl.DataFrame] = {}
        self._last_seq = -1
        self._stats = RecorderStats()
        self._dropped = 0
        self._dropping = threading.Lock()  # not the one below, which is held while the disk is waited for
        self._pid = os.getpid()
        self._mark = flush_rows  # where `add` leaves its fast lane; 0 once something is wrong
        self._failing = False
        self._news = ""
        self._lock = threading.RLock()
        self._wake = threading.Event()
        self._closed = threading.Event()
        forks.renew(self, _dropping=threading.Lock, _lock=threading.RLock, _mark=int)
        self._mark = flush_rows
        self._thread = threading.Thread(target=self._run, name="kiwoomdata-recorder", daemon=True)
        self._thread.start()

    @property
    def stats(self) -> RecorderStats:
        """What has been done so far."""
        done = self._stats
        return replace(done, waiting=done.waiting + len(self._buffer), dropped=self._dropped)

    def add(self, type: str, item: str, values: bytes, received: int) -> None:
        """Take one message, in the order of arrival. Neither waits nor touches the disk.

        ``values`` are the bytes of its JSON object, ``received`` the microseconds since 1970 in UTC.
        """
        if len(self._buffer) < self._mark:
            self._buffer.append((type, item, values, received))
        else:
            self._add_with_care((type, item, values, received))

    def _own(self) -> None:
        if os.getpid() != self._pid:
            raise StreamError(
                f"the recorder of {self.folder} belongs to the process that this one was forked from; make "
                "one here: recorders of several processes may share a folder"
            )

    def flush(self) -> None:
        """Put all that was added on the disk; StreamError where that cannot be done."""
        self._own()
        with self._lock:
            self._sort_in()
            failure = None
            for key in list(self._waiting):
                try:
                    self._write(key)
                except OSError as error:  # a smaller part may find room yet
                    failure = failure or error
            if failure is not None:
                text = self._lacking(failure)
                if not self._failing:
                    self._failing, self._news = True, text
                self._mark = 0
                raise StreamError(text) from failure
            self._failing = False
            self._mark = 0 if self._closed.is_set() else self._flush_rows

    def _lacking(self, error: OSError) -> str:
        lost = f", and {self._dropped} were let go before" if self._dropped else ""
        remedy = "close or stop it again" if self._closed.is_set() else "they are written then"
        return (
            f"the recording in {self.folder} cannot be written ({error.strerror or error}): "
            f"{self.stats.waiting} messages are not on the disk; they wait in memory, where "
            f"{self._buffer_rows} have room{lost}. Make space or give back the right to write, and {remedy}"
        )

    def close(self) -> None:
        """Write what is left and end; StreamError where that cannot be done, and it may be tried again.

        In a forked child it does nothing: what is left is the parent's to write.
        """
        if os.getpid() != self._pid:
            return
        self._closed.set()
        self._mark = 0
        self._wake.set()
        self._thread.join()
        self.flush()
        if self._dropped:
            told = f"{self._dropped} messages are missing from the recording in {self.folder}"
            warnings.warn(f"{told}: the disk took nothing for too long", KiwoomDataWarning, stacklevel=2)

    def __enter__(self) -> Recorder:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<Recorder {self.folder} {self.stats.rows} rows>"

    # --- the adding thread -------------------------------------------------------------------

    def _add_with_care(self, row: Row) -> None:
        self._own()
        if self._closed.is_set():
            raise StreamError(f"the recorder of {self.folder} is closed; make a new one")
        waiting = self._stats.waiting + len(self._buffer)
        if waiting < self._buffer_rows:
            self._buffer.append(row)
        else:
            with self._dropping:
                self._dropped += 1
            if self._dropped == 1:
                self._news = (
                    f"the recording in {self.folder} loses messages: {waiting} wait for the disk, and no "
                    "more are kept; stats.dropped counts those that are lost"
                )
        if len(self._buffer) >= self._flush_rows:
            self._wake.set()
        if self._news:
            news, self._news = self._news, ""
            warnings.warn(news, KiwoomDataWarning, stacklevel=3)

    # --- the writing thread ------------------------------------------------------------------

    def _run(self) -> None:
        while not self._closed.is_set():
            self._wake.wait(self._flush_seconds)
            self._wake.clear()
            try:
                self.flush()
            except StreamError:
                self._closed.wait(self._flush_seconds)

    def _sort_in(self) -> None:
        """Move what was added to the partitions where it belongs."""
        rows = self._buffer[:]
        if not rows:
            return
        frame = _to_frame(rows, self._last_seq)
        self._last_seq = frame["seq"][-1]
        parts = frame.partition_by("feed", "date", as_dict=True, include_key=False, maintain_order=True)
        for (feed, day), part in parts.items():
            old = self._waiting.get((feed, day))
            self._waiting[feed, day] = part if old is None else pl.concat([old, part])
        self._stats = replace(self._stats, waiting=self._stats.waiting + len(rows))
        del self._buffer[: len(rows)]  # one step: what is added meanwhile stands behind

    def _write(self, key: Key) -> None:
        frame = self._waiting[key]
        content = io.BytesIO()
        frame.write_parquet(content, compression="zstd")
        name = f"part-{frame['seq'][0]:016}-{os.getpid()}-{next(_numbers):06}.parquet"
        unfinished = self._bench / f".{self.folder.name}.{name}.tmp"
        place = self.folder / f"feed={key[0]}" / f"date={key[1]}"
        try:
            with open(unfinished, "wb") as file:
                file.write(content.getbuffer())
                file.flush()
                os.fsync(file.fileno())
            place.mkdir(parents=True, exist_ok=True)
            os.replace(unfinished, place / name)
        except OSError:
            with suppress(OSError):
                unfinished.unlink()
            raise
        sync_folder(place)
        del self._waiting[key]
        done = self._stats
        self._stats = replace(
            done,
            rows=done.rows + frame.height,
            files=done.files + 1,
            bytes=done.bytes + content.getbuffer().nbytes,
            waiting=done.waiting - frame.height,
        )

    def _sweep(self, before: float) -> None:
        """Remove the unfinished files of writers that were killed."""
        for place in (self.folder.parent, self.folder):
            for path in place.glob(f".{escape(self.folder.name)}.part-*.tmp"):
                with suppress(OSError):
                    if path.stat().st_mtime < before:
                        path.rmdir() if path.is_dir() else path.unlink()


def _bench(folder: Path) -> Path:
    """Where files are written before they are renamed into ``folder``.

    That is beside it. Where its parent is another file system, or may not be written, it is the folder
    itself, and then polars cannot scan the folder as a whole while a file is being written.
    """
    name = f".{folder.name}.part-{os.getpid()}-{next(_numbers):06}.tmp"
    inside, beside = folder / name, folder.parent / name
    try:
        folder.mkdir(parents=True, exist_ok=True)
        inside.mkdir()
    except OSError as error:
        raise StreamError(
            f"the folder {folder} cannot be written ({error.strerror or error}); "
            "name another one, or give the right to write"
        ) from error
    try:
        inside.rename(beside)
    except OSError:
        inside.rmdir()
        return folder
    beside.rmdir()
    return folder.parent


# --- rows to columns -------------------------------------------------------------------------


def _to_frame(rows: Sequence[Row], last_seq: int) -> pl.DataFrame:
    types, items, values, received = zip(*rows, strict=True)
    symbols = {item: (split_code(item) or (item or None,))[0] for item in set(items)}
    arrived = pl.Series("received_at", received, dtype=pl.Int64())
    order = pl.int_range(len(rows), eager=True)
    frame = pl.DataFrame(
        [
            ((arrived - order).cum_max().clip(lower_bound=last_seq + 1) + order).alias("seq"),
            arrived.cast(pl.Datetime("us", "UTC")).dt.convert_time_zone("Asia/Seoul"),
            pl.Series("type", types, dtype=pl.String()),
            pl.Series("item", items, dtype=pl.String()),
            pl.Series("symbol", map(symbols.__getitem__, items), dtype=pl.String()),
            _texts(values),
            pl.Series("feed", [_NAMES.get(type_, OTHER) for type_ in types], dtype=pl.String()),
        ]
    )
    return frame.with_columns(date=pl.col("received_at").dt.date())


def _texts(values: Sequence[bytes]) -> pl.Series:
    series = pl.Series("values", values, dtype=pl.Binary())
    try:
        return series.cast(pl.String())
    except pl.exceptions.PolarsError:  # no UTF-8 and so no JSON: kept readable, and it stops nothing
        return pl.Series("values", [value.decode(errors="backslashreplace") for value in values])
