"""diskcache without pickle: a Disk of bytes in files of our own naming, and its index under our settings."""

from __future__ import annotations

import errno
import hashlib
import io
import os
import re
import sqlite3
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

import diskcache
from diskcache.core import DBNAME, METADATA, MODE_BINARY

from kiwoomdata.store.blocks import UNREADABLE, Damaged, Refused, SeriesKey

__all__ = ["Index", "RawDisk"]

_SETTINGS = {
    "statistics": 0,
    "tag_index": 0,
    "eviction_policy": "none",  # diskcache's own LRU takes the write lock on every read; see Index.put
    "size_limit": 2**62,
    "cull_limit": 0,
    "sqlite_auto_vacuum": 1,
    "sqlite_cache_size": 2**11,
    "sqlite_journal_mode": "wal",
    "sqlite_mmap_size": 0,  # a mapped file that somebody truncates ends the process with SIGBUS
    "sqlite_synchronous": 1,
    "disk_min_file_size": 0,
    "disk_pickle_protocol": 0,
}
_NAME = re.compile(r"[0-9a-f]{2}/[0-9a-f]{32}-[0-9a-f]{16}\.block")
_READ = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
_WRITE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)
# SQLite's PERM BUSY LOCKED NOMEM READONLY INTERRUPT IOERR FULL CANTOPEN PROTOCOL NOLFS AUTH: not the
# fault of the file's content. Any other error says that the index is not what we wrote.
_NOT_NOW = {3, 5, 6, 7, 8, 9, 10, 13, 14, 15, 22, 23}


class RawDisk(diskcache.Disk):  # type: ignore[misc]
    """str keys, bytes values, each value in a file of our own naming. Everything else is refused."""

    def __init__(self, directory: str, **_: object) -> None:
        super().__init__(directory)

    def put(self, key: object) -> tuple[str, bool]:
        if type(key) is not str:
            raise TypeError(f"key: expected str, got {type(key).__name__}")
        return key, True

    def get(self, key: object, raw: object) -> str:
        if raw != 1 or type(key) is not str:
            raise Refused("a key that is not text")
        return key

    def filename(self, key: object = None, value: object = None) -> tuple[str, str]:
        """A new name for the next revision of ``key``: names of one key sort by age."""
        digest = digest_of(str(key))
        newest = self.siblings(str(key))[:1]
        revision = int(newest[0][36:44], 16) + 1 if newest else 1
        name = f"{digest[:2]}/{digest}-{revision:08x}{os.urandom(4).hex()}.block"
        return name, os.path.join(self._directory, name)

    def store(self, value: object, read: bool, key: object = None) -> tuple[int, int, str, None]:
        if type(value) is not bytes or read:
            raise TypeError(f"value: expected bytes, got {type(value).__name__}")
        name, path = self.filename(key)
        parent = os.path.dirname(path)
        if os.path.islink(parent):
            raise NotADirectoryError(errno.ENOTDIR, "a link in place of a folder", parent)
        with suppress(FileExistsError):
            os.mkdir(parent)
            os.chmod(parent, 0o700)
        for left in os.listdir(parent):  # by a kill; stores follow each other, under the index's write lock
            if left.startswith(os.path.basename(name)[:33]) and left.endswith(".tmp"):
                os.unlink(os.path.join(parent, left))
        unfinished = path + ".tmp"
        try:
            with os.fdopen(os.open(unfinished, _WRITE, 0o600), "wb", buffering=0) as file:
                os.chmod(unfinished, 0o600)
                view = memoryview(value)
                while view:
                    view = view[file.write(view) :]
            os.rename(unfinished, path)
        except BaseException:
            with suppress(OSError):
                os.unlink(unfinished)
            raise
        return len(value), MODE_BINARY, name, None

    def fetch(self, mode: object, filename: object, value: object, read: bool) -> bytes:
        with self.open(self.check(mode, filename, value)) as file:
            if read:
                raise TypeError("read: values are bytes, not file handles")
            return file.readall()

    def check(self, mode: object, filename: object, value: object, key: str | None = None) -> str:
        """The file name of an entry, provided that it is one that :meth:`store` could have made."""
        if mode != MODE_BINARY or value is not None:
            raise Refused(f"a value of mode {mode!r}")
        if type(filename) is not str or not _NAME.fullmatch(filename):
            raise Refused(f"a file name of another kind, {filename!r}")
        if key is not None and filename[3:35] != digest_of(key):
            raise Refused(f"the file of another key, {filename!r}")
        return filename

    def open(self, filename: str) -> io.FileIO:
        path = os.path.join(self._directory, filename)
        if os.path.islink(os.path.dirname(path)):
            raise Refused(f"a link in place of a folder, {filename!r}")
        if os.path.islink(path):
            raise Damaged(f"a link in place of a file, {filename!r}")
        file = io.FileIO(os.open(path, _READ))
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            file.close()
            raise Damaged(f"no plain file, {filename!r}")
        return file

    def remove(self, file_path: object) -> None:
        with suppress(OSError, Refused):
            path = os.path.join(self._directory, self.check(MODE_BINARY, file_path, None))
            if not os.path.islink(os.path.dirname(path)):
                os.unlink(path)

    def siblings(self, key: str) -> list[str]:
        """The files of one key, newest first. More than one only after a kill."""
        digest = digest_of(key)
        with suppress(OSError):
            names = (f"{digest[:2]}/{name}" for name in os.listdir(os.path.join(self._directory, digest[:2])))
            return sorted((n for n in names if n[3:35] == digest and _NAME.fullmatch(n)), reverse=True)
        return []

    def files(self) -> list[Path]:
        """Everything in the folders of values, also what is unfinished."""
        folders = [path for path in Path(self._directory).glob("[0-9a-f][0-9a-f]") if not path.is_symlink()]
        return sorted(file for folder in folders for file in folder.iterdir())


def digest_of(text: str) -> str:
    return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()


class Row(NamedTuple):
    mode: object
    filename: object
    value: object
    used: object


class Index(diskcache.Cache):  # type: ignore[misc]
    """diskcache's table of what lies where, under our settings whatever its own table says."""

    def __init__(self, folder: Path, busy: float) -> None:
        self._file, self._busy = folder / DBNAME, busy
        self._one: sqlite3.Connection | None = None
        self._written: list[str] = []
        self._gone: list[object] = []
        if self._file.is_symlink():
            raise Damaged("the index is a link")
        with suppress(FileExistsError):
            os.close(os.open(self._file, _WRITE, 0o600))
        with suppress(OSError):
            self._file.chmod(0o600)  # whatever the umask; SQLite gives its -wal and -shm the same mode
        try:
            super().__init__(str(folder), disk=RawDisk, **_SETTINGS)
            self.inode = self._file.stat().st_ino
        except BaseException:
            self.close()
            raise

    @property
    def _con(self) -> sqlite3.Connection:
        """One connection for all threads, used under the store's mutex."""
        if self._one is None:
            self._one = sqlite3.connect(
                self._file, timeout=self._busy, isolation_level=None, check_same_thread=False
            )
            # Here, and not first in diskcache, which tries for a minute when the file is locked.
            self._one.execute("PRAGMA journal_mode = wal")
            self._one.execute("PRAGMA synchronous = normal")
        return self._one

    @property
    def _sql_retry(self) -> Callable[..., sqlite3.Cursor]:
        return self._con.execute

    def reset(self, key: str, value: object = None, update: bool = True) -> object:
        """Only our settings, with our values: a planted one would become an attribute or a PRAGMA."""
        if key in METADATA:
            return super().reset(key)
        return super().reset(key, _SETTINGS[key], update) if key in _SETTINGS else None

    def close(self) -> None:
        if self._one is not None:
            self._one.close()
            self._one = None

    def __del__(self) -> None:
        self.close()

    @contextmanager
    def write(self) -> Iterator[None]:
        """A transaction. New files come before their rows, old ones go after them."""
        con, self._written, self._gone = self._con, [], []
        con.execute("BEGIN IMMEDIATE")
        try:
            yield
            con.execute("COMMIT")
        except BaseException as error:
            if con.in_transaction:
                con.execute("ROLLBACK")
            if isinstance(error, Exception):  # after Ctrl-C nobody knows; a whole file does no harm
                for name in self._written:
                    self._disk.remove(name)
            raise
        for gone in self._gone:
            self._disk.remove(gone)

    def find(self, text: str) -> Row | None:
        sql = "SELECT mode, filename, value, access_time FROM Cache WHERE key = ? AND raw = 1"
        row = self._con.execute(sql, (text,)).fetchone()
        return row and Row(*row)

    def forget(self, text: str, filename: object = None) -> None:
        """Drop the row of a key; given a file, only as long as it names that one."""
        sql = "DELETE FROM Cache WHERE key = ? AND raw = 1 AND (? IS NULL OR filename IS ?)"
        self._con.execute(sql, (text, filename, filename))

    def point(self, text: str, filename: str, size: int, now: float, until: float | None = None) -> None:
        """Let the row of a key name a file."""
        self.forget(text)
        self._row_insert(text, True, now, (until, None, size, MODE_BINARY, filename, None))

    def put(self, text: str, data: bytes, now: float, limit: int, until: float | None = None) -> None:
        """Store a value in place of the key's old one, and make room. In a :meth:`write`.

        A short-lived value for which a block would have to go is not stored.
        """
        if until is not None:
            lasting = "SELECT TOTAL(size) FROM Cache WHERE expire_time IS NULL AND key != ?"
            ((blocks,),) = self._con.execute(lasting, (text,)).fetchall()
            if blocks + len(data) > limit:
                return
        self._gone += self._disk.siblings(text)
        size, _, filename, _ = self._disk.store(data, False, text)
        self._written.append(filename)
        self.point(text, filename, size, now, until)
        sql = self._con.execute
        ((total, expired),) = sql("SELECT TOTAL(size), TOTAL(expire_time < ?) FROM Cache", (now,)).fetchall()
        if total <= limit and not expired:
            return
        # What is over first, then short-lived answers, then blocks.
        others = "SELECT rowid, size, filename, expire_time < ? FROM Cache WHERE key != ?"
        oldest = f"{others} ORDER BY 4 DESC, access_time"
        for rowid, size, filename, over in sql(oldest, (now, text)).fetchall():
            if total > limit or over:
                sql("DELETE FROM Cache WHERE rowid = ?", (rowid,))
                self._gone.append(filename)
                total -= size

    def touch(self, text: str, now: float) -> None:
        """Note the use, unless somebody is writing."""
        with self.unless_busy():
            self._con.execute("UPDATE Cache SET access_time = ? WHERE key = ? AND raw = 1", (now, text))

    @contextmanager
    def unless_busy(self) -> Iterator[None]:
        """Do without what fails because somebody is writing: a read never waits for that."""
        con = self._con
        with suppress(sqlite3.Error):
            con.execute("PRAGMA busy_timeout = 0")
            yield
        con.execute(f"PRAGMA busy_timeout = {int(self._busy * 1000)}")

    def entries(self) -> tuple[list[tuple[str, str, int, float]], int]:
        """Key, file, size and last use of every row of ours, and how many others were dropped."""
        ours, foreign = [], []
        sql = "SELECT rowid, key, raw, mode, filename, value, size, access_time FROM Cache"
        for rowid, key, raw, mode, filename, value, size, used in self._con.execute(sql).fetchall():
            try:
                text = self._disk.get(key, raw)
                SeriesKey.parse(text)
                self._disk.check(mode, filename, value)
                ours.append((text, filename, int(size), float(used)))
            except UNREADABLE:
                foreign.append((rowid,))
        if foreign:
            self._con.executemany("DELETE FROM Cache WHERE rowid = ?", foreign)
        return ours, len(foreign)


def is_broken(error: Exception) -> bool:
    """Whether an error of the index is in its content, and not in the disk, a lock or a permission."""
    if isinstance(error, sqlite3.Error):
        code = getattr(error, "sqlite_errorcode", None)
        return code is None or code == sqlite3.SQLITE_IOERR_SHORT_READ or code & 0xFF not in _NOT_NOW
    return not isinstance(error, OSError)
