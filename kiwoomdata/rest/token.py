"""The access token: read from the server's answer, kept, shared between processes, renewed once.

What re-issuing does is reported both ways. Observed 2026-08-15: within its validity the running token is
given again, with the time it has left. Observed 2026-08-04 on other keys: the token before stops working.
Hence a token is issued as seldom as possible, by one process for all, and a refused one is replaced once.
"""

from __future__ import annotations

import hashlib
import logging
import os
import re
import stat
import tempfile
import threading
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any, NoReturn
from zoneinfo import ZoneInfo

import msgspec

from kiwoomdata.errors import KiwoomDataWarning, TransportError
from kiwoomdata.folders import private_folder
from kiwoomdata.masking import keep_out
from kiwoomdata.rest.credentials import Credentials

__all__ = ["Token", "TokenKeeper"]

_log = logging.getLogger(__name__)

RENEW_BEFORE = timedelta(minutes=1)  # a token is replaced this long before it ends
SAME_AGAIN = timedelta(minutes=1)  # a token that was given again on a renewal is not asked for sooner
LOCK_WAIT = 120.0  # seconds to wait for another process's issue before going on without it


@dataclass(frozen=True, slots=True)
class Token:
    """A bearer token and when it ends. Its value is never shown."""

    value: str
    expires_at: datetime
    kind: str = "bearer"

    def __post_init__(self) -> None:
        if self.expires_at.tzinfo is None:
            raise ValueError(f"expires_at: expected a time with a time zone, got {self.expires_at}")
        keep_out(self.value)

    @classmethod
    def from_answer(cls, answer: Mapping[str, Any]) -> Token:
        """Read the answer of a successful issue. Whether it was successful is for the caller to know."""
        if wrong := _unusable(answer):
            del answer  # a traceback that shows locals would show the token
            raise TransportError(
                f"the token request was answered without a usable {wrong[0]!r}: expected {wrong[1]}, "
                "got something else (not shown)"
            )
        return cls(answer["token"], _time(answer["expires_dt"]))

    def __repr__(self) -> str:
        return f"Token(expires_at={self.expires_at.isoformat()!r}, kind={self.kind!r})"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a Token is not pickled; each process gets it from its own TokenKeeper")


def _time(text: str) -> datetime:
    return datetime.strptime(text, "%Y%m%d%H%M%S").replace(tzinfo=ZoneInfo("Asia/Seoul"))


def _unusable(answer: Mapping[str, Any]) -> tuple[str, str] | None:
    """The first field that cannot be used, and what was expected there."""
    value, kind, ends = (answer.get(key) for key in ("token", "token_type", "expires_dt"))
    if not isinstance(value, str) or re.fullmatch(r"[!-~]+", value) is None:
        return "token", "a text without white space"
    if not isinstance(kind, str) or kind.lower() != "bearer":
        return "token_type", "'bearer'"
    if not isinstance(ends, str) or re.fullmatch(r"[0-9]{14}", ends) is None:
        return "expires_dt", "YYYYMMDDHHMMSS"
    try:
        _time(ends)
    except ValueError:
        return "expires_dt", "a date and time that exist"
    return None


class _Kept(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A token as it is kept, in memory and as the JSON of the token file."""

    server: str
    token: str
    kind: str
    expires_at: Annotated[datetime, msgspec.Meta(tz=True)]
    issued_at: Annotated[datetime, msgspec.Meta(tz=True)]  # when it was last asked for, by our clock
    again: bool  # the renewal of a refused token brought the same one

    def __repr__(self) -> str:
        return f"_Kept(expires_at={self.expires_at.isoformat()!r})"

    def as_token(self) -> Token:
        return Token(self.token, self.expires_at, self.kind)

    def is_good(self, now: datetime) -> bool:
        if self.issued_at < self.expires_at - RENEW_BEFORE:
            return now < self.expires_at - RENEW_BEFORE
        if self.issued_at < self.expires_at:  # issued in the last minute of a running token
            return now < self.expires_at
        return now < self.issued_at + RENEW_BEFORE  # over before it began: our clock is wrong

    def replaces(self, refused: Token, now: datetime) -> bool:
        """Whether this is the outcome of a renewal of ``refused``, so that none is needed any more."""
        if not self.is_good(now):
            return False
        return self.token != refused.value or (self.again and abs(now - self.issued_at) < SAME_AGAIN)


class TokenKeeper:
    """Holds the one token of a (server, app key) for all threads and processes.

    ``issue`` asks the server for a token. ``folder`` is where the token file lies, readable by its owner
    alone; with None, or a folder that cannot be used, the token is kept in memory.
    """

    def __init__(
        self,
        issue: Callable[[], Token],
        *,
        server: str,
        credentials: Credentials,
        folder: Path | None,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        lock_wait: float = LOCK_WAIT,
    ) -> None:
        self._issue = issue
        self._server = server
        self._digest = credentials.digest
        self._clock = clock
        self._lock_wait = lock_wait
        self.begin()
        self._kept: _Kept | None = None
        self._path: Path | None = None
        if folder is not None:
            name = hashlib.sha256(f"{server}\n{credentials.app_key}".encode()).hexdigest()[:32]
            self._path = Path(folder) / f"token-{name}.json"

    def begin(self) -> None:
        """Start without anybody who holds the token up: at first, and in a forked child."""
        self._lock = threading.Lock()

    def __repr__(self) -> str:
        return f"TokenKeeper(server={self._server!r}, key={self._digest!r})"

    def get(self) -> Token:
        """The token in force: from memory, else from the file, else a new one."""
        with self._lock:
            if self._kept is None or not self._kept.is_good(self._clock()):
                self._kept = self._file_or_issue(None)
            return self._kept.as_token()

    def renew(self, refused: Token) -> Token:
        """A token to use after the server refused ``refused``.

        One that somebody else got since is taken; otherwise one is issued, once for all who hold the
        refused one. When the server gives the very same token again, that is what everybody gets for
        the next minute.
        """
        with self._lock:
            if self._kept is None or not self._kept.replaces(refused, self._clock()):
                self._kept = self._file_or_issue(refused)
            return self._kept.as_token()

    def forget(self) -> None:
        """Drop the token from memory and file, after it was revoked. A newer one in the file stays."""
        with self._lock:
            held, self._kept = self._kept, None
            with self._alone():
                filed = self._read()
                if self._path and (filed is None or held is None or filed.token == held.token):
                    try:
                        self._path.unlink(missing_ok=True)
                    except OSError as error:
                        self._memory_only(error)

    def _file_or_issue(self, refused: Token | None) -> _Kept:
        with self._alone():
            filed, now = self._read(), self._clock()
            if filed and (filed.is_good(now) if refused is None else filed.replaces(refused, now)):
                return filed
            token = self._issue()
            now = self._clock()
            _log.info("%s: new token for key %s, ends %s", self._server, self._digest, token.expires_at)
            again = refused is not None and token.value == refused.value
            kept = _Kept(self._server, token.value, token.kind, token.expires_at, now, again)
            self._write(kept)
            if token.expires_at <= now:
                _warn(
                    f"{self._server} issued a token that ends {token.expires_at}, which is past by "
                    f"the clock of this computer ({now}). Set the clock right."
                )
            return kept

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Hold the lock that the processes share, one that the system drops when its holder dies."""
        with ExitStack() as stack:
            if self._path is not None:
                from filelock import FileLock, Timeout  # 45 ms to import, of use only here

                try:
                    _require_private(private_folder(self._path.parent))
                    lock = FileLock(self._path.with_suffix(".lock"), timeout=self._lock_wait, mode=0o600)
                    stack.enter_context(lock)
                except Timeout:
                    _warn(
                        f"{self._path}: another process holds its lock for more than {self._lock_wait:g} s; "
                        "going on without it."
                    )
                except OSError as error:
                    self._memory_only(error)
            yield

    def _read(self) -> _Kept | None:
        if self._path is None:
            return None
        try:
            kept = msgspec.json.decode(_read_private(self._path), type=_Kept)
            if kept.server != self._server:
                raise OSError("it belongs to another server")
        except FileNotFoundError:
            return None
        except (OSError, msgspec.MsgspecError, UnicodeDecodeError) as error:
            _warn(f"{self._path} is not trusted and will be written anew: {error}")
            return None
        return kept

    def _write(self, kept: _Kept) -> None:
        if self._path is None:
            return
        try:
            descriptor, temporary = tempfile.mkstemp(prefix=f"{self._path.stem}.", dir=self._path.parent)
            try:
                with os.fdopen(descriptor, "wb") as file:
                    file.write(msgspec.json.encode(kept))
                    file.flush()
                    os.fsync(file.fileno())
                os.replace(temporary, self._path)
            except BaseException:
                with suppress(OSError):
                    os.unlink(temporary)
                raise
        except OSError as error:
            self._memory_only(error)

    def _memory_only(self, error: OSError) -> None:
        path, self._path = self._path, None
        _warn(
            f"the token file {path} cannot be used ({error}); the token is kept in memory only, and each "
            "process issues its own. Name a folder of your own with KIWOOMDATA_STATE."
        )


def _warn(message: str) -> None:
    warnings.warn(message, KiwoomDataWarning, stacklevel=2)


def _require_private(folder: Path) -> None:
    """Raise OSError unless the folder is ours alone: whoever can write there can swap the token file."""
    if os.name == "posix":
        found = folder.stat()
        if found.st_uid != os.getuid() or found.st_mode & 0o077:
            raise PermissionError(f"{folder} is not a folder of this user alone")


def _read_private(path: Path) -> bytes:
    """The bytes of a regular file that only its owner, who is this user, can read; else OSError."""
    flags = (
        os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    )
    with os.fdopen(os.open(path, flags), "rb") as file:
        found = os.fstat(file.fileno())
        if not stat.S_ISREG(found.st_mode):
            raise OSError("it is not a regular file")
        if os.name == "posix" and found.st_uid != os.getuid():
            raise OSError("it belongs to another user")
        if os.name == "posix" and found.st_mode & 0o077:
            raise OSError(f"others may read it (mode {stat.S_IMODE(found.st_mode):o})")
        return file.read(65536)
