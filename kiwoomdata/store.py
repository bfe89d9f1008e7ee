"""The on-disk store: one block of rows per series, on diskcache, without pickle.

A block is one file: a header (which series, which days, as of when) and the rows as the server
wrote them, text columns as Parquet. Header and rows are one value, so that a header can never
speak of other rows than its own; a checksum covers both. Files are written beside the old one and
renamed, the index (``cache.db``) follows in one transaction, the old file goes last. So a kill at
any moment leaves whole blocks, and the index can be rebuilt from the files.

diskcache 5.6.3 unpickles what its database tells it to (CVE-2025-69872), and takes file names,
attributes and PRAGMAs from it. :class:`RawDisk` and :class:`Index` take nothing of that kind:
keys are str, values are bytes in files of our own naming, settings are the ones below.

Folders that cannot be used are a :class:`CacheError` when the store is made. Whatever goes wrong
later is a :class:`KiwoomDataWarning`: the store is then as good as empty, and never wrong.
"""

from __future__ import annotations

import os
import re
import sqlite3
import threading
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext, suppress
from datetime import date, datetime
from itertools import count
from pathlib import Path
from typing import TypeVar
from zoneinfo import ZoneInfo

import filelock
import polars as pl
from diskcache.core import DBNAME, MODE_BINARY

from kiwoomdata.blocks import (
    UNREADABLE,
    Block,
    Header,
    Refused,
    SeriesKey,
    header_fields,
    merged,
    pack,
    read_head,
    to_block,
    to_bytes,
    to_header,
    to_snapshot,
    without,
)
from kiwoomdata.errors import CacheError, KiwoomDataWarning
from kiwoomdata.folders import private_folder
from kiwoomdata.intervals import Days
from kiwoomdata.rawdisk import Index, RawDisk, Row, digest_of, is_broken

__all__ = ["Block", "Header", "RawDisk", "SeriesKey", "Store"]

T = TypeVar("T")

SMALLEST_LIMIT = 2**20
_OURS = re.compile(r"cache\.db(-wal|-shm)?|open\.lock|locks|[0-9a-f]{2}|.*\.broken-\d+")
_BROKEN_KEPT = 16
_SAME_USE = 60.0
"""Seconds within which a second read is no new use: the index is not written for it."""
_LOOK_UP = 0.5
"""Seconds between two looks, while waiting for a lock, whether to stop."""
_TRIES = 5
"""How often a file that others replace under our hands is looked for."""
_SHUT = 10.0
"""Seconds for which an index that could not be opened is not tried again; reads go to the files."""
_SEOUL = ZoneInfo("Asia/Seoul")
_INFO: dict[str, pl.DataType | type[pl.DataType]] = {
    "api_id": pl.String,
    "symbol": pl.String,
    "server": pl.String,
    "from": pl.Date,
    "to": pl.Date,
    "rows": pl.Int64,
    "bytes": pl.Int64,
    "as_of": pl.Date,
    "last_used": pl.Datetime("us", "Asia/Seoul"),
}


def _name(key: SeriesKey) -> str:
    return f"{key.api_id} {key.symbol or ''}".strip()


def _own_folder(path: Path) -> None:
    made = not path.exists()
    private_folder(path)
    if made:
        path.chmod(0o700)  # whatever the umask


class Store:
    """Blocks of rows and short-lived answers in one folder, shared by threads and processes.

    ``size_limit`` is in bytes of blocks; beyond it, blocks go whole, those used longest ago first.
    ``busy_timeout`` is how many seconds the index may be locked by others, ``lock_timeout`` how
    long :meth:`lock` waits for another holder. The clock gives seconds since 1970.
    """

    def __init__(
        self,
        folder: str | os.PathLike[str],
        *,
        size_limit: int = 2 * 2**30,
        clock: Callable[[], float] = time.time,
        busy_timeout: float = 5.0,
        lock_timeout: float = 300.0,
    ) -> None:
        if size_limit < SMALLEST_LIMIT:
            raise ValueError(
                f"size_limit: expected at least {SMALLEST_LIMIT} bytes (1 MiB), got {size_limit}"
            )
        # diskcache expands its folder once more, so that both must mean the same.
        self.path = Path(os.path.expandvars(folder)).expanduser().absolute()
        self.size_limit = size_limit
        self._clock, self._busy, self._lock_timeout = clock, busy_timeout, lock_timeout
        self._disk = RawDisk(str(self.path))
        self._index: Index | None = None
        self._parents: Index | None = None
        self._inode: int | None = None
        self._mutex, self._pid = threading.RLock(), os.getpid()
        self._shut_until, self._shut_why = 0.0, ""
        try:
            # A folder that holds other things too keeps its permissions: it may be somebody's home.
            if not self.path.exists() or all(map(_OURS.fullmatch, os.listdir(self.path))):
                _own_folder(self.path)
        except (OSError, ValueError) as error:
            raise CacheError(
                f"cache: {str(self.path)!r} cannot be the store's folder ({error}). Name a folder that you "
                "may write to with KIWOOMDATA_CACHE or cache=..., or pass cache=False to do without."
            ) from error

    # blocks

    def read(self, key: SeriesKey) -> Block | None:
        """The block of a series, or None where there is none that is intact."""
        return self._load(key.text(), to_block)

    def header(self, key: SeriesKey) -> Header | None:
        """What the store holds of a series, without decoding its rows."""
        return self._load(key.text(), to_header)

    def merge(
        self,
        key: SeriesKey,
        new_rows: pl.DataFrame,
        covered: Days,
        *,
        date_column: str,
        version: str,
        as_of: date | None = None,
        replace: bool = False,
    ) -> Block:
        """Take the days of ``covered`` from ``new_rows``, keep all others; return the whole block.

        ``new_rows`` are text columns as served. Of the covered days every stored row is replaced,
        also by nothing; rows of other days are not taken. Without an ``as_of`` the stored one stays.
        ``replace`` lets go of the stored block. What could not be stored is in the block that is
        returned all the same, and a warning says why.
        """
        new_rows = new_rows.cast({pl.Null: pl.String})
        if wrong := {name: str(dtype) for name, dtype in new_rows.schema.items() if dtype != pl.String}:
            raise TypeError(f"new_rows: expected text columns as served, got {wrong}; store before decoding")
        new = Block(
            key=key,
            coverage=covered,
            version=version,
            as_of=as_of,
            fetched_at=self._clock(),
            row_count=new_rows.height,
            rows=new_rows,
        )
        block = self._rewrite(key, lambda old: merged(None if replace else old, new, date_column))
        assert block is not None
        return block

    def let_go(self, key: SeriesKey, days: Days, *, date_column: str) -> Block | None:
        """Forget some days of a series; return the block without them."""
        return self._rewrite(key, lambda old: old and without(old, days, date_column))

    def _rewrite(self, key: SeriesKey, change: Callable[[Block | None], Block | None]) -> Block | None:
        """Put a changed block in the place of the one that is stored; return it even where that fails."""
        text = key.text()

        def rewrite(index: Index) -> tuple[Block | None]:
            with index.write():
                block = change(self._load(text, to_block, index, sure=True))
                data = to_bytes(block) if block else b""
                if 0 < len(data) <= self.size_limit:
                    index.put(text, data, self._clock(), self.size_limit)
            if len(data) > self.size_limit:
                self._warn(
                    f"{_name(key)}: a block of {len(data)} bytes exceeds the size_limit, and is not stored"
                )
            return (block,)

        stored = self._run(rewrite, "written")
        return stored[0] if stored is not None else change(self._try_files(text, to_block)[0])

    def discard(self, fits: Callable[[SeriesKey], bool]) -> int:
        """Let go of whatever has a key that fits; how many series went."""
        return self._remove(lambda found, used: fits(found))

    @contextmanager
    def lock(
        self, key: SeriesKey, timeout: float | None = None, stop: Callable[[], bool] = lambda: False
    ) -> Iterator[bool]:
        """Be the only one, over threads and processes, who fetches this series.

        Not re-entrant. A holder that dies lets go. After ``timeout`` seconds, or where no lock can
        be had, a warning is given and the body runs without it: fetched twice is not wrong. Waiting
        ends with InterruptedError as soon as ``stop`` says so.
        """
        wait = self._lock_timeout if timeout is None else timeout
        file = self.path / "locks" / f"{digest_of(key.text())}.lock"
        lock = filelock.FileLock(file, mode=0o600, thread_local=False)
        until = time.monotonic() + wait
        try:
            _own_folder(file.parent)
            while not lock.is_locked:
                if stop():
                    raise InterruptedError("stopped while somebody else was fetching the series")
                left = until - time.monotonic()
                with suppress(filelock.Timeout):
                    lock.acquire(timeout=max(0, min(left, _LOOK_UP)))
                if left <= 0 and not lock.is_locked:
                    self._warn(f"{_name(key)}: somebody else has been fetching it for over {wait:g} s")
                    break
        except InterruptedError:
            raise
        except OSError as error:
            self._warn(f"no lock could be taken ({error})")
        try:
            yield lock.is_locked
        finally:
            lock.release()

    # short-lived answers

    def snapshot_put(self, key: SeriesKey, payload: bytes, life: float, *, spare: bool = False) -> None:
        """Keep an answer for ``life`` seconds. One that is ``spare`` is not kept while others write."""
        text, now = key.text("snapshot"), self._clock()
        data = pack(text, {"from": now, "until": now + life}, payload)

        def keep(index: Index) -> None:
            with index.unless_busy() if spare else nullcontext(), index.write():
                index.put(text, data, now, self.size_limit, now + life)

        if life > 0 and len(data) <= self.size_limit:
            self._run(keep, "written")

    def snapshot_get(self, key: SeriesKey, now: float | None = None) -> bytes | None:
        """An answer within its life. One from the future (the clock stepped back) has none."""
        found = self._load(key.text("snapshot"), to_snapshot)
        now = self._clock() if now is None else now
        return found.payload if found and found.since <= now < found.until else None

    # size and sight

    def info(self) -> pl.DataFrame:
        """One row per block, most recently used first."""
        lines = []
        for text, filename, size, used in self._entries():
            kind, key = SeriesKey.parse(text)
            if kind != "rows":
                continue
            with suppress(OSError, *UNREADABLE), self._disk.open(filename) as file:
                held = Header(**header_fields(text, read_head(file)))
                when = datetime.fromtimestamp(used, _SEOUL)
                whose = (key.api_id, key.symbol, key.server, held.coverage.first, held.coverage.last)
                lines.append((*whose, held.row_count, size, held.as_of, when))
        frame = pl.DataFrame(lines, _INFO, orient="row")
        return frame.sort("last_used", descending=True, maintain_order=True)

    def clear(
        self,
        symbol: str | None = None,
        api_id: str | None = None,
        before: date | None = None,
        *,
        everything: bool = False,
    ) -> int:
        """Let go of what is stored of a symbol (at all venues if it names none), of a TR, or was last used
        before a day in Seoul.

        Several filters all have to fit. Short-lived answers go too. Returns how many blocks went.
        """
        if everything == (symbol is not None or api_id is not None or before is not None):
            raise ValueError(
                "clear: give symbol=, api_id= or before=; or, to empty the store, everything=True alone"
            )
        until = float("inf")
        if before is not None:
            until = datetime(before.year, before.month, before.day, tzinfo=_SEOUL).timestamp()
        gone = self._remove(
            lambda key, used: (
                (symbol is None or symbol in (key.symbol, (key.symbol or "").partition("_")[0]))
                and (api_id is None or key.api_id == api_id)
                and used < until
            )
        )
        if everything:
            with suppress(OSError):
                for left in (*self._disk.files(), *self.path.glob("*.broken-*")):
                    left.unlink(missing_ok=True)
        return gone

    def close(self) -> None:
        """Close the index. The next use opens it again."""
        with self._guard():
            if self._index is not None:
                self._index.close()
                self._index = None

    # below: what goes wrong

    def _load(
        self, text: str, decode: Callable[[str, bytes], T], index: Index | None = None, *, sure: bool = False
    ) -> T | None:
        """The value of a key from the file that the index names, or else from any intact file of the key.

        Given an ``index`` (in a transaction) its rows are left alone. ``sure``: a file that is there but
        cannot be opened now is an OSError, so that nobody writes over it.
        """
        for _ in range(_TRIES):
            row = index.find(text) if index else self._run(lambda index: index.find(text), "read")
            name = None
            if row is not None:
                try:
                    name = self._disk.check(*row[:3], text)
                except Refused as error:
                    if index is None:
                        self._run(lambda index: index.forget(text), "repaired")
                    self._warn(f"an entry that this package did not write was refused ({error})")
                    row = None
            found, where, moved = self._try_files(text, decode, name, sure=sure)
            if found is not None:
                if index is None and self._index is not None:
                    self._note_use(text, where, row)
                return found
            if not moved:
                break
        if row is not None and index is None:
            self._run(lambda index: index.forget(text, row.filename), "repaired")
        return None

    def _try_files(
        self, text: str, decode: Callable[[str, bytes], T], first: str | None = None, *, sure: bool = False
    ) -> tuple[T | None, str, bool]:
        """A value, its file, and whether a file was gone: replaced a moment ago, or lost."""

        def names() -> Iterator[str]:
            if first is not None:
                yield first
            yield from self._disk.siblings(text)

        moved = False
        for name in names():
            try:
                return decode(text, self._disk.fetch(MODE_BINARY, name, None, False)), name, moved
            except FileNotFoundError:
                moved = True
            except (Refused, OSError) as error:
                if sure and isinstance(error, OSError):
                    raise
                self._warn(f"a block could not be read ({error})")
            except UNREADABLE as error:
                self._set_aside(f"a damaged block ({error})", name)
        return None, "", moved

    def _note_use(self, text: str, name: str, row: Row | None) -> None:
        now = self._clock()
        if row is None or row.filename != name:

            def adopt(index: Index) -> None:
                with index.write():
                    file = self.path / name
                    if index.find(text) == row and file.exists():
                        index.point(text, name, file.stat().st_size, now)

            self._run(adopt, "repaired")
        elif not isinstance(row.used, float) or abs(now - row.used) > _SAME_USE:
            self._run(lambda index: index.touch(text, now), "written")

    def _entries(self) -> list[tuple[str, str, int, float]]:
        ours, foreign = self._run(lambda index: index.entries(), "read") or ([], 0)
        if foreign:
            self._warn(f"{foreign} entries that this package did not write were refused")
        return ours

    def _remove(self, fits: Callable[[SeriesKey, float], bool]) -> int:
        doomed = [text for text, _, _, used in self._entries() if fits(SeriesKey.parse(text)[1], used)]

        def remove(index: Index) -> int:
            with index.write():
                for text in doomed:
                    for name in self._disk.siblings(text):  # the files first: a kill must not bring them back
                        self._disk.remove(name)
                    index.forget(text)
            return sum(SeriesKey.parse(text)[0] == "rows" for text in doomed)

        return self._run(remove, "written") or 0

    def _guard(self) -> threading.RLock:
        if self._pid != os.getpid():
            # After a fork: nobody may hold the mutex, and the connection is the parent's; kept, never used.
            self._parents, self._index = self._index, None
            self._mutex, self._pid = threading.RLock(), os.getpid()
        return self._mutex

    def _run(self, action: Callable[[Index], T], what: str) -> T | None:
        """Do something with the index. None, and a warning, where that cannot be done.

        An index that is broken is set aside once, and made anew from the blocks.
        """
        with self._guard():
            for attempt in (1, 2):
                try:
                    index = self._opened()
                except Exception as error:
                    failure: Exception = error
                else:
                    try:
                        return action(index)
                    except (sqlite3.Error, OSError) as error:
                        failure = error
                self.close()
                if attempt == 2 or not is_broken(failure) or not self._index_set_aside(failure):
                    break
        self._warn(f"it could not be {what} ({type(failure).__name__}: {failure})")
        return None

    def _opened(self) -> Index:
        file = self.path / DBNAME
        with suppress(FileNotFoundError):
            if self._index is not None and self._index.inode == file.stat().st_ino:
                return self._index
        self.close()
        if time.monotonic() < self._shut_until:
            raise OSError(f"not tried again yet after: {self._shut_why}")
        self._inode = file.lstat().st_ino if file.exists() or file.is_symlink() else None
        try:
            if not self.path.exists():
                _own_folder(self.path)
            with self._opening():
                self._index = Index(self.path, self._busy)
                self._inode = self._index.inode
                self._rebuild(self._index)
        except Exception as error:
            if not is_broken(error):
                self._shut_until, self._shut_why = time.monotonic() + _SHUT, str(error)
            raise
        return self._index

    def _opening(self) -> filelock.BaseFileLock:
        return filelock.FileLock(self.path / "open.lock", timeout=self._busy, mode=0o600, thread_local=False)

    def _rebuild(self, index: Index) -> None:
        """Fill an index that is empty from the files, if there are any."""
        if index._con.execute("SELECT 1 FROM Cache LIMIT 1").fetchone():
            return
        with index.write():
            for path in self._disk.files():  # of one key, the newest last
                name = path.relative_to(self.path).as_posix()
                try:
                    with self._disk.open(self._disk.check(MODE_BINARY, name, None)) as file:
                        head = read_head(file)
                    if SeriesKey.parse(head["key"])[0] == "rows":
                        index.point(head["key"], name, path.stat().st_size, float(head["fetched_at"]))
                except (OSError, Refused):
                    continue
                except UNREADABLE as error:
                    self._set_aside(f"a damaged block ({error})", name)

    def _index_set_aside(self, why: Exception) -> bool:
        """Move the index that was found broken away; False when that cannot be done."""
        try:
            with self._opening():
                file = self.path / DBNAME
                if file.lstat().st_ino == self._inode:  # else somebody has done it already
                    self._set_aside(f"the damaged index ({why})", DBNAME, f"{DBNAME}-wal", f"{DBNAME}-shm")
        except FileNotFoundError:
            return True
        except OSError:
            return False
        return True

    def _set_aside(self, what: str, *names: str) -> None:
        names = tuple(name for name in names if os.path.lexists(self.path / name))
        targets = [self.path / Path(name).name for name in names]
        number = next(n for n in count(1) if not any(os.path.lexists(f"{to}.broken-{n}") for to in targets))
        try:
            for name, to in zip(names, targets, strict=True):
                os.rename(self.path / name, f"{to}.broken-{number}")
            kept = sorted(self.path.glob("*.broken-*"), key=lambda path: path.lstat().st_mtime)
            for path in kept[:-_BROKEN_KEPT]:
                path.unlink()
        except FileNotFoundError:
            pass  # somebody else was faster
        except OSError as error:
            self._warn(f"{what} could not be set aside ({error})")
            return
        if names:
            self._warn(f"{what} was set aside as {targets[0].name}.broken-{number}")

    def _warn(self, what: str) -> None:
        warnings.warn(f"the store in {self.path}: {what}", KiwoomDataWarning, stacklevel=3)
