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
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext, suppress
from datetime import date, datetime
from zoneinfo import ZoneInfo

import filelock
import polars as pl

from kiwoomdata.store.blocks import (
    UNREADABLE,
    Block,
    Header,
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
from kiwoomdata.store.intervals import Days
from kiwoomdata.store.rawdisk import Index, digest_of
from kiwoomdata.store.shelf import Shelf, own_folder

__all__ = ["Block", "Header", "SeriesKey", "Store"]

SMALLEST_LIMIT = 2**20
_LOOK_UP = 0.5
"""Seconds between two looks, while waiting for a lock, whether to stop."""
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
        self._shelf = Shelf(folder, clock, busy_timeout)
        self.path = self._shelf.path
        self.size_limit = size_limit
        self._clock, self._lock_timeout = clock, lock_timeout

    # blocks

    def read(self, key: SeriesKey) -> Block | None:
        """The block of a series, or None where there is none that is intact."""
        return self._shelf.load(key.text(), to_block)

    def header(self, key: SeriesKey) -> Header | None:
        """What the store holds of a series, without decoding its rows."""
        return self._shelf.load(key.text(), to_header)

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
                block = change(self._shelf.load(text, to_block, index, sure=True))
                data = to_bytes(block) if block else b""
                if 0 < len(data) <= self.size_limit:
                    index.put(text, data, self._clock(), self.size_limit)
            if len(data) > self.size_limit:
                self._shelf.warn(
                    f"{_name(key)}: a block of {len(data)} bytes exceeds the size_limit, and is not stored"
                )
            return (block,)

        stored = self._shelf.run(rewrite, "written")
        return stored[0] if stored is not None else change(self._shelf.try_files(text, to_block)[0])

    def discard(self, fits: Callable[[SeriesKey], bool]) -> int:
        """Let go of whatever has a key that fits; how many series went."""
        return self._shelf.remove(lambda found, used: fits(found))

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
            own_folder(file.parent)
            while not lock.is_locked:
                if stop():
                    raise InterruptedError("stopped while somebody else was fetching the series")
                left = until - time.monotonic()
                with suppress(filelock.Timeout):
                    lock.acquire(timeout=max(0, min(left, _LOOK_UP)))
                if left <= 0 and not lock.is_locked:
                    self._shelf.warn(f"{_name(key)}: somebody else has been fetching it for over {wait:g} s")
                    break
        except InterruptedError:
            raise
        except OSError as error:
            self._shelf.warn(f"no lock could be taken ({error})")
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
            self._shelf.run(keep, "written")

    def snapshot_get(self, key: SeriesKey, now: float | None = None) -> bytes | None:
        """An answer within its life. One from the future (the clock stepped back) has none."""
        found = self._shelf.load(key.text("snapshot"), to_snapshot)
        now = self._clock() if now is None else now
        return found.payload if found and found.since <= now < found.until else None

    # size and sight

    def info(self) -> pl.DataFrame:
        """One row per block, most recently used first."""
        lines = []
        for text, filename, size, used in self._shelf.entries():
            kind, key = SeriesKey.parse(text)
            if kind != "rows":
                continue
            with suppress(OSError, *UNREADABLE), self._shelf.disk.open(filename) as file:
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
        gone = self._shelf.remove(
            lambda key, used: (
                (symbol is None or symbol in (key.symbol, (key.symbol or "").partition("_")[0]))
                and (api_id is None or key.api_id == api_id)
                and used < until
            )
        )
        if everything:
            with suppress(OSError):
                for left in (*self._shelf.disk.files(), *self.path.glob("*.broken-*")):
                    left.unlink(missing_ok=True)
        return gone

    def close(self) -> None:
        """Close the index. The next use opens it again."""
        self._shelf.close()
