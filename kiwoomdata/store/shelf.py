"""The store's files and their index, which serve and repair themselves whatever goes wrong.

Whatever fails here is a :class:`KiwoomDataWarning`: what cannot be read is as good as not there, what
is broken is set aside, and an index that is lost is made anew from the files.
"""

from __future__ import annotations

import os
import re
import sqlite3
import threading
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import suppress
from itertools import count
from pathlib import Path
from typing import TypeVar

import filelock
from diskcache.core import DBNAME, MODE_BINARY

from kiwoomdata.errors import CacheError, KiwoomDataWarning
from kiwoomdata.folders import private_folder
from kiwoomdata.store.blocks import UNREADABLE, Refused, SeriesKey, read_head
from kiwoomdata.store.rawdisk import Index, RawDisk, Row, is_broken

__all__ = ["Shelf", "own_folder"]

T = TypeVar("T")

_OURS = re.compile(r"cache\.db(-wal|-shm)?|open\.lock|locks|[0-9a-f]{2}|.*\.broken-\d+")
_BROKEN_KEPT = 16
_SAME_USE = 60.0
"""Seconds within which a second read is no new use: the index is not written for it."""
_TRIES = 5
"""How often a file that others replace under our hands is looked for."""
_SHUT = 10.0
"""Seconds for which an index that could not be opened is not tried again; reads go to the files."""


def own_folder(path: Path) -> None:
    made = not path.exists()
    private_folder(path)
    if made:
        path.chmod(0o700)  # whatever the umask


class Shelf:
    """Files of values and their index in one folder. The clock gives seconds since 1970."""

    def __init__(self, folder: str | os.PathLike[str], clock: Callable[[], float], busy: float) -> None:
        # diskcache expands its folder once more, so that both must mean the same.
        self.path = Path(os.path.expandvars(folder)).expanduser().absolute()
        self.disk = RawDisk(str(self.path))
        self._clock, self._busy = clock, busy
        self._index: Index | None = None
        self._parents: Index | None = None
        self._inode: int | None = None
        self._mutex, self._pid = threading.RLock(), os.getpid()
        self._shut_until, self._shut_why = 0.0, ""
        try:
            # A folder that holds other things too keeps its permissions: it may be somebody's home.
            if not self.path.exists() or all(map(_OURS.fullmatch, os.listdir(self.path))):
                own_folder(self.path.resolve())  # a link to another disk is the user's own choice
        except (OSError, ValueError) as error:
            raise CacheError(
                f"cache: {str(self.path)!r} cannot be the store's folder ({error}). Name a folder that you "
                "may write to with KIWOOMDATA_CACHE or cache=..., or pass cache=False to do without."
            ) from error

    def close(self) -> None:
        """Close the index. The next use opens it again."""
        with self._guard():
            if self._index is not None:
                self._index.close()
                self._index = None

    def load(
        self, text: str, decode: Callable[[str, bytes], T], index: Index | None = None, *, sure: bool = False
    ) -> T | None:
        """The value of a key from the file that the index names, or else from any intact file of the key.

        Given an ``index`` (in a transaction) its rows are left alone. ``sure``: a file that is there but
        cannot be opened now is an OSError, so that nobody writes over it.
        """
        for _ in range(_TRIES):
            row = index.find(text) if index else self.run(lambda index: index.find(text), "read")
            name = None
            if row is not None:
                try:
                    name = self.disk.check(*row[:3], text)
                except Refused as error:
                    if index is None:
                        self.run(lambda index: index.forget(text), "repaired")
                    self.warn(f"an entry that this package did not write was refused ({error})")
                    row = None
            found, where, moved = self.try_files(text, decode, name, sure=sure)
            if found is not None:
                if index is None and self._index is not None:
                    self._note_use(text, where, row)
                return found
            if not moved:
                break
        if row is not None and index is None:
            self.run(lambda index: index.forget(text, row.filename), "repaired")
        return None

    def try_files(
        self, text: str, decode: Callable[[str, bytes], T], first: str | None = None, *, sure: bool = False
    ) -> tuple[T | None, str, bool]:
        """A value, its file, and whether a file was gone: replaced a moment ago, or lost."""

        def names() -> Iterator[str]:
            if first is not None:
                yield first
            yield from self.disk.siblings(text)

        moved = False
        for name in names():
            try:
                return decode(text, self.disk.fetch(MODE_BINARY, name, None, False)), name, moved
            except FileNotFoundError:
                moved = True
            except (Refused, OSError) as error:
                if sure and isinstance(error, OSError):
                    raise
                self.warn(f"a block could not be read ({error})")
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

            self.run(adopt, "repaired")
        elif not isinstance(row.used, float) or abs(now - row.used) > _SAME_USE:
            self.run(lambda index: index.touch(text, now), "written")

    def entries(self) -> list[tuple[str, str, int, float]]:
        ours, foreign = self.run(lambda index: index.entries(), "read") or ([], 0)
        if foreign:
            self.warn(f"{foreign} entries that this package did not write were refused")
        return ours

    def remove(self, fits: Callable[[SeriesKey, float], bool]) -> int:
        doomed = [text for text, _, _, used in self.entries() if fits(SeriesKey.parse(text)[1], used)]

        def remove(index: Index) -> int:
            with index.write():
                for text in doomed:
                    for name in self.disk.siblings(text):  # the files first: a kill must not bring them back
                        self.disk.remove(name)
                    index.forget(text)
            return sum(SeriesKey.parse(text)[0] == "rows" for text in doomed)

        return self.run(remove, "written") or 0

    def _guard(self) -> threading.RLock:
        if self._pid != os.getpid():
            # After a fork: nobody may hold the mutex, and the connection is the parent's; kept, never used.
            self._parents, self._index = self._index, None
            self._mutex, self._pid = threading.RLock(), os.getpid()
        return self._mutex

    def run(self, action: Callable[[Index], T], what: str) -> T | None:
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
        self.warn(f"it could not be {what} ({type(failure).__name__}: {failure})")
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
                own_folder(self.path)
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
            for path in self.disk.files():  # of one key, the newest last
                name = path.relative_to(self.path).as_posix()
                try:
                    with self.disk.open(self.disk.check(MODE_BINARY, name, None)) as file:
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
            self.warn(f"{what} could not be set aside ({error})")
            return
        if names:
            self.warn(f"{what} was set aside as {targets[0].name}.broken-{number}")

    def warn(self, what: str) -> None:
        warnings.warn(f"the store in {self.path}: {what}", KiwoomDataWarning, stacklevel=3)
