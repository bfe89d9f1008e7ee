"""Where kept answers lie: plain files in one private folder, a few for each series.

=============  ==============================================================================================
``.rows``      a block: a header, and the rows of a series as served (text columns, Arrow IPC stream, zstd)
``.typed``     a copy of them, decoded (Arrow IPC stream); stamped with what it was made of, and disposable
``.pages``     the pages of a walk that is under way, one after the other; gone when they are in the block
``.answer``    the pages of an answer that is kept as it came
=============  ==============================================================================================

Why files and no database: writing beside and renaming is safe against a kill, a reader needs no lock and
writes nothing, damage costs one series, there is no index to be damaged or to be summed, a forked child
inherits no connection, and nothing here can read a pickle. Every file begins with a line that holds its
key, a digest of what follows and a checksum of the line itself: what is not whole is as good as not there.

Reading and opening write nothing. When a file was used is remembered, and noted (as its time of change)
when the store next writes, is closed or is let go of; so are typed copies that a reader had to make.

A folder that cannot be used is a :class:`CacheError` when the store is made. Whatever goes wrong later is
a :class:`KiwoomDataWarning`: the store is then as good as empty, and never wrong.
"""

from __future__ import annotations

import os
import shutil
import threading
import time
import weakref
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import date, datetime
from pathlib import Path

import filelock
import msgspec
import polars as pl

from kiwoomdata import forks
from kiwoomdata.errors import CacheError, KiwoomDataWarning
from kiwoomdata.folders import in_the_way, private_folder
from kiwoomdata.kinds import KST
from kiwoomdata.store.files import (
    UNREADABLE,
    Head,
    Kind,
    SeriesKey,
    as_day,
    head_of,
    make_folder_of,
    packed,
    replace,
    unpacked,
)
from kiwoomdata.telling import warn

__all__ = ["SMALLEST_LIMIT", "Store"]

SMALLEST_LIMIT = 2**20
_LOOK_UP = 0.5
"""Seconds between two looks, while waiting for a lock, whether to stop."""
_OWED = 64 * 2**20
"""Bytes of typed copies that may wait to be written."""
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


class Store:
    """Kept answers in one folder, shared by threads and processes.

    ``size_limit`` is in bytes of files; beyond it typed copies go first, then series, whole, those used
    longest ago first. ``lock_timeout`` is how long :meth:`lock` waits for another holder. The clock gives
    seconds since 1970; it tells what was used last, and nothing else.
    """

    def __init__(
        self,
        folder: str | os.PathLike[str],
        *,
        size_limit: int = 2 * 2**30,
        clock: Callable[[], float] = time.time,
        lock_timeout: float = 300.0,
    ) -> None:
        if size_limit < SMALLEST_LIMIT:
            raise ValueError(
                f"size_limit: expected at least {SMALLEST_LIMIT} bytes (1 MiB), got {size_limit}"
            )
        self.path = Path(os.path.expandvars(folder)).expanduser().absolute()
        self.size_limit, self._clock, self._lock_timeout = size_limit, clock, lock_timeout
        self._series = self.path / "series"
        self._mutex = threading.Lock()
        forks.renew(self, _mutex=threading.Lock)
        self._ready = False
        self._size: int | None = None
        """Bytes in the folder by the last count and what was written since; None before the first count."""
        self._made_room: dict[str, int] = {}
        """Series of this session that had to go, and their bytes."""
        self._session: set[str] = set()
        self._used: dict[str, float] = {}
        self._owed: dict[str, bytes] = {}
        self._finalizer = weakref.finalize(self, _note, self._used, self._owed, os.getpid())
        if (found := in_the_way(self.path, read_only=True)) is not None:
            raise CacheError(
                f"cache: {str(self.path)!r} cannot be the store's folder ({str(found)!r} is no folder, or "
                "none can be made in it). Name a folder that you may write to with KIWOOMDATA_CACHE or "
                "cache=..., or pass cache=False to do without."
            )

    # --- reading: no lock, nothing written ---

    def head(self, key: SeriesKey, kind: Kind = "rows") -> Head | None:
        """The header of a file, without what follows; None where there is none that is intact."""
        found = self._read(key, kind, whole=False, sure=False)
        return found and found[0]

    def load(self, key: SeriesKey, kind: Kind, *, sure: bool = False) -> tuple[Head, bytes] | None:
        """A file, whole; None where there is none that is intact.

        ``sure``: a file that cannot be opened for the moment is an OSError, so that nobody writes over it.
        """
        return self._read(key, kind, whole=True, sure=sure)

    def _read(self, key: SeriesKey, kind: Kind, *, whole: bool, sure: bool) -> tuple[Head, bytes] | None:
        file = self._file(key, kind)
        try:
            content = self._owed.get(file, b"") if kind == "typed" else b""
            if not content:
                with open(file, "rb", buffering=0) as stream:
                    content = stream.readall() if whole else stream.read(4096)
                    while not whole and b"\n" not in content and (more := stream.read(2**20)):
                        content += more
            return unpacked(content, key, kind, whole=whole)
        except FileNotFoundError:
            return None
        except (OSError, *UNREADABLE) as error:
            if sure and isinstance(error, OSError):
                raise
            if kind != "typed" or isinstance(error, OSError):
                self.warn(f"{key}: what was stored cannot be read, and is asked for again ({error})")
            return None

    def used(self, key: SeriesKey) -> None:
        """Remember that a series was used just now."""
        self._used[self._stem(key)] = self._clock()

    # --- writing: whole files, renamed into place ---

    def write(self, key: SeriesKey, kind: Kind, head: Head, payload: bytes) -> bool:
        """Put a file in the place of another; False, with a warning, where that cannot be done."""
        content = packed(key, kind, head, payload)
        if len(content) > self.size_limit:
            self.warn(
                f"{key}: {len(content):,} bytes exceed the limit of {self.size_limit:,}, and are not stored; "
                f"cache_size={_round(2 * len(content))} would hold them"
            )
            return False
        try:
            self._prepare()
            replace(self._file(key, kind), content)
        except OSError as error:
            self.warn(f"{key}: it could not be written ({error})")
            return False
        with self._mutex:
            self._session.add(self._stem(key))
        self._grown(len(content))
        return True

    def owe(self, key: SeriesKey, head: Head, payload: bytes) -> None:
        """Write a typed copy later, when something else is written or the store is closed."""
        content = packed(key, "typed", head, payload)
        with self._mutex:
            if sum(map(len, self._owed.values())) + len(content) < min(_OWED, self.size_limit):
                self._owed[self._file(key, "typed")] = content

    def append(self, key: SeriesKey, note: object, content: bytes) -> None:
        """Put a page behind those of the walk that is under way, safe at once."""
        text = msgspec.json.encode([key.text, note])
        check = zlib.crc32(content, zlib.crc32(text))
        record = b"%d %d %08x\n%b%b" % (len(text), len(content), check, text, content)
        try:
            self._prepare()
            file = self._file(key, "pages")
            make_folder_of(file)
            descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
            try:
                whole = os.fstat(descriptor).st_size
                if os.write(descriptor, record) < len(record):
                    os.ftruncate(descriptor, whole)
                    raise OSError("the disk is full")
            finally:
                os.close(descriptor)
        except OSError as error:
            self.warn(f"{key}: a page could not be written ({error})")

    def pages(self, key: SeriesKey) -> list[tuple[msgspec.Raw, bytes]]:
        """The pages that a walk left behind, up to one that is not whole."""
        found = []
        try:
            with open(self._file(key, "pages"), "rb") as file:
                left = file.read()
        except OSError:
            return []
        with suppress(*UNREADABLE):
            while left:
                line, _, left = left.partition(b"\n")
                noted, size, check = line.split()
                middle, end = int(noted), int(noted) + int(size)
                if f"{zlib.crc32(left[:end]):08x}".encode() != check or len(left) < end:
                    break
                whose, note = msgspec.json.decode(left[:middle], type=tuple[str, msgspec.Raw])
                if whose != key.text:
                    break
                found.append((note, left[middle:end]))
                left = left[end:]
        return found

    def remove(self, key: SeriesKey, kind: Kind) -> None:
        with suppress(OSError):
            os.unlink(self._file(key, kind))

    @contextmanager
    def lock(
        self, key: SeriesKey, timeout: float | None = None, stop: Callable[[], bool] = lambda: False
    ) -> Iterator[bool]:
        """Be the only one, over threads and processes, who fetches this series.

        Not re-entrant. A holder that dies lets go. After ``timeout`` seconds, or where no lock can be had,
        a warning is given and the value is False: fetch, and write nothing. Waiting ends with
        InterruptedError as soon as ``stop`` says so.
        """
        wait = self._lock_timeout if timeout is None else timeout
        until = time.monotonic() + wait
        file = self.path / "locks" / f"{key.name}.lock"
        lock = filelock.FileLock(file, mode=0o600, thread_local=False)
        stopped = False
        try:
            self._prepare()
            while not lock.is_locked and not (stopped := stop()):
                left = until - time.monotonic()
                with suppress(filelock.Timeout):
                    lock.acquire(timeout=max(0, min(left, _LOOK_UP)))
                if left <= 0 and not lock.is_locked:
                    self.warn(f"{key}: somebody else has been fetching it for over {wait:g} s")
                    break
        except OSError as error:
            self.warn(f"no lock could be taken, so nothing is stored ({error})")
        if stopped:
            raise InterruptedError("stopped while somebody else was fetching the series")
        try:
            yield lock.is_locked
        finally:
            lock.release()

    def _prepare(self) -> None:
        """Make the folder at the first write, and set aside what a version before 0.2 left there."""
        self.close()
        if self._ready and self._series.exists():
            return
        self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
        old = [*self.path.glob("cache.db*"), *self.path.glob("[0-9a-f][0-9a-f]")]
        ours = {*(path.name for path in old), "series", "locks", "before-0.2"}
        if ours.issuperset(os.listdir(self.path)):  # with other things in it, it may be somebody's home
            private_folder(self.path.resolve())
        if old and not self._series.exists():
            aside = self.path / "before-0.2"
            aside.mkdir(mode=0o700, exist_ok=True)
            for path in old:
                with suppress(OSError):  # another process is at it too
                    path.rename(aside / path.name)
            self.warn(
                f"what a version before 0.2 kept there is set aside in {str(aside)!r} and is fetched anew "
                "when it is asked for. That folder may be deleted."
            )
        for folder in (self._series, self.path / "locks"):
            private_folder(folder)
        self._ready = True

    # --- room ---

    def _grown(self, size: int) -> None:
        """Count what was written, and make room where it is too much."""
        with self._mutex:
            if self._size is not None:
                self._size += size
            if self._size is not None and self._size <= self.size_limit:
                return
            files = self._files()
            self._size = sum(size for sizes, _ in files.values() for size in sizes.values())
            if self._size <= self.size_limit:
                return
            aim = self.size_limit * 9 // 10
            by_use = sorted(files.items(), key=lambda item: item[1][1])
            for stem, (sizes, _) in by_use:
                if self._size > aim and "typed" in sizes:
                    self._size -= self._drop(stem, "typed", sizes.pop("typed"))
            for stem, (sizes, _) in by_use:
                if self._size <= aim:
                    break
                if stem in self._session:
                    self._made_room[stem] = sum(sizes.values())
                for kind, bytes_ in sizes.items():
                    self._size -= self._drop(stem, kind, bytes_)

    def _drop(self, stem: str, kind: str, size: int) -> int:
        with suppress(OSError):
            os.unlink(f"{stem}.{kind}")
        return size

    def _files(self) -> dict[str, tuple[dict[str, int], float]]:
        """Of each series the sizes of its files, and when it was used last."""
        found: dict[str, tuple[dict[str, int], float]] = {}
        for folder in self._series.glob("[0-9a-f][0-9a-f]"):
            with suppress(OSError), os.scandir(folder) as entries:
                for entry in entries:
                    stem, _, kind = entry.path.rpartition(".")
                    with suppress(OSError):
                        status = entry.stat()
                        sizes, used = found.get(stem, ({}, 0.0))
                        sizes[kind] = status.st_size
                        at = self._used.get(stem, 0.0) if kind == "typed" else status.st_mtime
                        found[stem] = sizes, max(used, at, self._used.get(stem, 0.0))
        return found

    def tell_if_full(self) -> None:
        """Say that the limit is too small for what was just fetched, where series of it had to go."""
        with self._mutex:
            gone, size = dict(self._made_room), self._size or 0
            self._made_room.clear()
        if gone:
            needed = _round(int((size + sum(gone.values())) * 1.3))
            self.warn(
                f"its limit of {self.size_limit:,} bytes is too small for what is asked for: {len(gone)} "
                f"series had to go again. cache_size={needed} would hold them"
            )

    # --- sight ---

    def _held(self) -> Iterator[tuple[str, SeriesKey, Head, int, float]]:
        for stem, (sizes, used) in self._files().items():
            for kind in ("rows", "answer"):
                if kind in sizes:
                    with suppress(OSError, *UNREADABLE), open(f"{stem}.{kind}", "rb") as file:
                        head = head_of(file.readline())
                        yield stem, SeriesKey.parse(head.key), head, sum(sizes.values()), used

    def info(self) -> pl.DataFrame:
        """One row per series, most recently used first."""
        lines = [
            (
                *(key.api_id, key.symbol, key.server, as_day(head.first), as_day(head.last), head.count),
                *(size, as_day(head.as_of), datetime.fromtimestamp(used, KST)),
            )
            for _, key, head, size, used in self._held()
        ]
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
        before a day in Seoul. Several filters all have to fit. Returns how many series went.
        """
        if everything == (symbol is not None or api_id is not None or before is not None):
            raise ValueError(
                "clear: give symbol=, api_id= or before=; or, to empty the store, everything=True alone"
            )
        until = datetime(before.year, before.month, before.day, tzinfo=KST).timestamp() if before else None
        gone = 0
        for stem, key, _, _, used in list(self._held()):
            if (
                (symbol is None or symbol in (key.symbol, (key.symbol or "").partition("_")[0]))
                and (api_id is None or key.api_id == api_id)
                and (until is None or used < until)
            ):
                gone += 1
                for kind in ("typed", "rows", "answer", "pages"):
                    self._drop(stem, kind, 0)
        if everything:
            for folder in (self._series, self.path / "before-0.2"):
                shutil.rmtree(folder, ignore_errors=True)
        with self._mutex:
            self._size = None
        return gone

    def close(self) -> None:
        """Note what was used, and write the typed copies that readers made. The store may be used again."""
        _note(self._used, self._owed, os.getpid())

    def warn(self, what: str) -> None:
        warn(f"the store in {str(self.path)!r}: {what}", KiwoomDataWarning)

    def _stem(self, key: SeriesKey) -> str:
        return f"{self._series}{os.sep}{key.name[:2]}{os.sep}{key.name[2:]}"

    def _file(self, key: SeriesKey, kind: Kind) -> str:
        return f"{self._stem(key)}.{kind}"


def _note(used: dict[str, float], owed: dict[str, bytes], pid: int) -> None:
    if os.getpid() != pid:  # a forked child has no say in what its parent remembers
        return
    while used or owed:
        with suppress(OSError, KeyError):
            file, content = owed.popitem()
            if os.path.exists(os.path.dirname(file)):
                replace(file, content)
        with suppress(OSError, KeyError):
            stem, at = used.popitem()
            for kind in ("rows", "answer"):
                if os.path.exists(f"{stem}.{kind}"):
                    os.utime(f"{stem}.{kind}", (at, at))


def _round(size: int) -> int:
    """Two digits and zeros, upwards."""
    unit = int(10 ** max(0, len(str(size)) - 2))
    return -(-size // unit) * unit
