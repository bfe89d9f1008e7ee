"""The folder of a lake: its parts, its manifests, its lock. The only module of the lake that writes.

::

    lake/
      _lake.json                      what this folder is
      _lock                           held by whoever writes
      _manifest/candles.json          what is held of each symbol; units, TR, digests of the parts
      _writing/                       files that are being written; renamed into place when they are whole
      candles/year=2026/part-0.parquet
      candles_1m/year=2026/part-11.parquet
      factors/part-0.parquet
      trade/year=2026/part-1120.parquet   what was recorded of a day, typed
      _recording/feed=trade/…         the messages of it, as :mod:`kiwoomdata.recording.record` writes them

Engines take every file below a table's folder for a part of it, whatever its name is (polars and DuckDB were
tried), so nothing else ever lies there. A part is replaced by renaming another over it: who reads the folder
at any moment sees each row once.
"""

from __future__ import annotations

import io
import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import date, datetime
from hashlib import blake2b
from itertools import count
from pathlib import Path
from typing import Any

import filelock
import msgspec
import polars as pl

from kiwoomdata import forks
from kiwoomdata._version import __version__
from kiwoomdata.errors import CacheError
from kiwoomdata.folders import sync_folder
from kiwoomdata.lake.reading import lazy

__all__ = ["RECORDING", "ROW_GROUP", "Files", "Held", "Manifest", "schema_of"]

LAYOUT = 1
RECORDING = "_recording"
ROW_GROUP = 65_536
"""Rows. Of a year of 2,700 stocks that is 270 of them: one symbol costs a tenth of the year."""
_LOCK_SECONDS = 300.0
_serial = count()


class Held(msgspec.Struct, omit_defaults=True, kw_only=True):
    """What a table holds of one code (with its venue's suffix)."""

    first: date | None = None
    """The days that were asked for, both inclusive: a day of them without a row has none."""
    last: date | None = None
    oldest: date | None = None
    """The days of the first and the last row (of candles: that was traded)."""
    newest: date | None = None
    holes: list[tuple[date, date]] = []
    """Days that have no row and should have one: they are asked for again."""
    as_of: date | None = None
    """The day in whose shares the rows are, where the server gives them so."""
    version: str = ""
    outdated: date | None = None
    """The first day whose rows were read by ``version``: older ones the server gives no more, and they stay
    as an earlier catalogue read them."""
    failed: str = ""
    """Why the last try failed; it is tried again."""


class Manifest(msgspec.Struct, kw_only=True):
    """What a table is and holds."""

    layout: int = LAYOUT
    table: str
    api_id: str
    written_by: str = __version__
    start: date | None = None
    """The earliest first day that was asked for."""
    server: str = ""
    fetched_at: datetime | None = None
    units: dict[str, str] = {}
    parts: dict[str, list[str]] = {}
    """By the part's path below the table, its digest; while it is being replaced, the old one and the new."""
    held: dict[str, Held] = {}


class _Mark(msgspec.Struct):
    layout: int = LAYOUT
    written_by: str = __version__


class Files:
    """The files of one lake."""

    def __init__(self, folder: str | os.PathLike[str]) -> None:
        self.folder = Path(os.path.expandvars(folder)).expanduser().absolute()

    def exists(self) -> bool:
        """Whether the folder is a lake. One of a later layout than this package knows is an error."""
        try:
            mark = msgspec.json.decode((self.folder / "_lake.json").read_bytes(), type=_Mark)
        except (FileNotFoundError, NotADirectoryError):
            return False
        except msgspec.MsgspecError as error:
            raise CacheError(f"lake: {str(self.folder / '_lake.json')!r} is damaged ({error})") from error
        if mark.layout > LAYOUT:
            raise CacheError(
                f"lake: {str(self.folder)!r} was written by kiwoomdata {mark.written_by}, whose layout this "
                f"version ({__version__}) does not know; install that one or a later one"
            )
        return True

    def need(self) -> None:
        forks.check()
        if not self.exists():
            raise ValueError(f"path: {str(self.folder)!r} is no lake; Lake(path).update(...) makes one")

    def make(self) -> None:
        """Make the folder a lake, unless it is one; a folder that holds anything else is refused."""
        if self.folder.is_file():
            raise ValueError(f"path: {str(self.folder)!r} is a file; name a folder, which may be a new one")
        # Of another who is making it, and of who records into it beforehand.
        ours = ("_lock", "_writing", RECORDING, f".{RECORDING}.typed")
        # Looked at before the mark, which is the first that another writes: what is seen later is a lake's.
        strange = self.folder.exists() and any(path.name not in ours for path in self.folder.iterdir())
        if self.exists():
            return
        if strange:
            raise ValueError(
                f"path: {str(self.folder)!r} holds files and is no lake; name an empty or a new folder"
            )
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            with self.lock():
                self._replace(self.folder / "_lake.json", msgspec.json.encode(_Mark()))
        except OSError as error:
            raise CacheError(f"lake: {str(self.folder)!r} cannot be written ({error})") from error

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Be the only one who writes, over threads and processes; a dead holder lets go."""
        lock = filelock.FileLock(self.folder / "_lock", thread_local=False)
        try:
            lock.acquire(timeout=_LOCK_SECONDS)
        except filelock.Timeout:
            raise CacheError(
                f"lake: somebody else has been writing to {str(self.folder)!r} for {_LOCK_SECONDS:.0f} s; "
                "what was fetched is in the client's store: update again"
            ) from None
        try:
            for left in (self.folder / "_writing").glob("*"):  # of a writer that was killed
                left.unlink(missing_ok=True)
            yield
        finally:
            lock.release()

    # tables

    def tables(self) -> list[str]:
        return sorted(path.stem for path in (self.folder / "_manifest").glob("*.json"))

    def manifest(self, table: str) -> Manifest | None:
        path = self.folder / "_manifest" / f"{table}.json"
        try:
            return msgspec.json.decode(path.read_bytes(), type=Manifest)
        except FileNotFoundError:
            return None
        except msgspec.MsgspecError as error:
            raise CacheError(
                f"lake: {str(path)!r} is damaged ({error}). Remove it and update again: rows that are there "
                "are asked for anew and take the place of the same"
            ) from error

    def write_manifest(self, manifest: Manifest) -> None:
        manifest.written_by = __version__
        content = msgspec.json.format(msgspec.json.encode(manifest), indent=1)
        self._replace(self.folder / "_manifest" / f"{manifest.table}.json", content)

    def parts(self, table: str) -> list[Path]:
        """The files of a table, oldest first."""
        return sorted((self.folder / table).rglob("*.parquet"), key=_in_time)

    def schema(self, table: str) -> pl.Schema | None:
        """The columns of a table: those of its newest part. None where it has no part."""
        parts = self.parts(table)
        return schema_of(parts[-1]) if parts else None

    def scan(self, table: str, **options: Any) -> pl.LazyFrame:
        """The rows of a table as they are when they are collected."""
        schema = self.schema(table)
        if schema is None:
            raise ValueError(
                f"table: the lake holds no {table!r}; it holds {', '.join(self.tables()) or 'nothing yet'}"
            )
        return lazy(lambda: self.parts(table), schema, **options)

    def factors(self) -> pl.DataFrame | None:
        """The factors of adjustment, None where there are none yet."""
        path = self.folder / "factors" / "part-0.parquet"
        return pl.read_parquet(path, glob=False, hive_partitioning=False) if path.exists() else None

    def read(self, part: Path, digests: Iterable[str] | None) -> pl.DataFrame | None:
        """A part's rows; None where there is none. One that is not what was written is an error."""
        try:
            content = part.read_bytes()
        except FileNotFoundError:
            return None
        if digests is not None and digest(content) not in digests:
            raise CacheError(
                f"lake: {str(part)!r} is not what was written there. Lake.check() looks at all parts, and "
                "Lake.compact() sets broken ones aside, so that the next update asks for their rows"
            )
        return pl.read_parquet(content, hive_partitioning=False)

    def write(
        self,
        manifest: Manifest,
        parts: Iterable[tuple[str, pl.DataFrame | pl.LazyFrame, Mapping[str, str]]],
    ) -> None:
        """Replace parts, with what stands in their metadata, and then the manifest by one that knows of them.

        All of them are whole on the disk before the first is renamed, and the manifest there takes both
        digests of each: a full disk changes nothing, and a kill between two renames leaves parts that are
        known, and rows that the next update fetches once more.
        """
        waiting: list[tuple[Path, Path]] = []
        new: dict[str, list[str]] = {}
        try:
            for name, frame, about in parts:
                content = _encoded(frame, about)
                new[name] = [digest(content)]
                path = self.folder / manifest.table / name
                waiting.append((self._beside(path, content), path))
            there = self.manifest(manifest.table)
            if there is not None and new:
                there.parts |= {name: there.parts.get(name, []) + new[name] for name in new}
                self.write_manifest(there)
            for beside, path in waiting:
                _rename(beside, path)
        except BaseException:
            for beside, _ in waiting:
                beside.unlink(missing_ok=True)
            raise
        manifest.parts |= new
        self.write_manifest(manifest)

    def write_alone(self, name: str, frame: pl.DataFrame, about: Mapping[str, str]) -> None:
        """Replace a file that is small and made of the others: the factors."""
        self._replace(self.folder / name, _encoded(frame, about))

    def set_aside(self, part: Path) -> Path:
        """Put a broken part where no engine reads it."""
        place = self.folder / "_broken" / f"{part.parent.parent.name}-{part.parent.name}-{part.name}"
        place.parent.mkdir(exist_ok=True)
        os.replace(part, place)
        return place

    def _replace(self, path: Path, content: bytes) -> None:
        _rename(self._beside(path, content), path)

    def _beside(self, path: Path, content: bytes) -> Path:
        """Write a file whole, under a name that no engine reads."""
        beside = self.folder / "_writing" / f"{path.name}.{os.getpid()}-{next(_serial)}"
        beside.parent.mkdir(exist_ok=True)
        try:
            with open(beside, "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
        except BaseException:
            with suppress(OSError):
                beside.unlink()
            raise
        return beside


def _rename(beside: Path, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    os.replace(beside, path)
    sync_folder(path.parent)


def schema_of(part: Path) -> pl.Schema:
    """The columns of a part; its folder may have any name, such as ``market[1]``."""
    return pl.scan_parquet(part, glob=False, hive_partitioning=False).collect_schema()


def digest(content: bytes) -> str:
    return blake2b(content, digest_size=16).hexdigest()


def _encoded(frame: pl.DataFrame | pl.LazyFrame, about: Mapping[str, str]) -> bytes:
    found = io.BytesIO()
    metadata: Any = dict(about)
    # Level 1: 0.6 x the time of the default for 1.05 x the bytes (candles at random, 2026-11-28).
    how: Any = {"compression": "zstd", "compression_level": 1, "row_group_size": ROW_GROUP}
    if isinstance(frame, pl.LazyFrame):  # what is more than memory may hold at once
        frame.sink_parquet(found, metadata=metadata, **how)
    else:
        frame.rechunk().write_parquet(found, metadata=metadata, **how)
    return found.getvalue()


def _in_time(path: Path) -> tuple[str, int, str]:
    number = path.stem.removeprefix("part-")
    return path.parent.name, int(number) if number.isdecimal() else 0, path.name
