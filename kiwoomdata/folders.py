"""Where files are kept: the store of rows, and the small state (tokens, quotas)."""

from __future__ import annotations

import os
import tempfile
from contextlib import suppress
from pathlib import Path

import platformdirs

from kiwoomdata.errors import ConfigError

__all__ = ["cache_folder", "in_the_way", "private_folder", "state_folder", "sync_folder"]


def cache_folder() -> Path:
    """The folder of the row store: ``KIWOOMDATA_CACHE``, or the user's cache folder."""
    named = os.environ.get("KIWOOMDATA_CACHE")
    return Path(named).expanduser() if named else Path(platformdirs.user_cache_dir("kiwoomdata", False))


def state_folder(named: str | os.PathLike[str] | None = None) -> Path:
    """The folder of tokens and quotas: the one that was named, else in ``KIWOOMDATA_STATE``, else the user's.

    It is one of our own below ``KIWOOMDATA_STATE``, because it is made private. One that was named, here or
    there, and that cannot be used is a ConfigError: without it, each process would get a token of its own.
    """
    variable = os.environ.get("KIWOOMDATA_STATE")
    if named is None and not variable:
        return Path(platformdirs.user_state_dir("kiwoomdata", False))
    folder = _absolute(named) if named is not None else _absolute(variable or "") / "kiwoomdata"
    found = folder if os.path.islink(folder) else in_the_way(folder)
    if found is not None:
        raise ConfigError(
            f"state: {str(folder)!r} cannot be the folder of tokens and quotas ({str(found)!r} is a link, no "
            "folder, or none can be made in it). Name a folder of your own with KIWOOMDATA_STATE or "
            "state=..., or pass state=False to do without."
        )
    return folder


def _absolute(named: str | os.PathLike[str]) -> Path:
    return Path(os.path.expandvars(named)).expanduser().absolute()


def in_the_way(path: Path, *, read_only: bool = False) -> Path | None:
    """What keeps ``path`` from being a folder to write to (or only to read, if it is there); None: nothing.

    Nothing is left behind. To an owner or root, permissions do not tell: nobody makes a folder in /proc.
    """
    try:
        os.lstat(path)
    except (FileNotFoundError, NotADirectoryError):
        pass
    except (OSError, ValueError):  # it may not be looked at, or its name is too long, or is none
        return path
    existing = next(place for place in (path, *path.parents) if os.path.lexists(place))
    there = existing == path
    needed = os.R_OK | os.X_OK | (0 if there and read_only else os.W_OK)
    if not existing.is_dir() or not os.access(existing, needed):
        return existing
    if not (there and read_only):
        try:
            os.rmdir(tempfile.mkdtemp(prefix=".kiwoomdata-", dir=existing))
        except OSError:
            return existing
    return None


def private_folder(path: Path) -> Path:
    """Make ``path`` if need be, readable by its owner alone, and return it.

    A link is an OSError: whoever made it would have us change the permissions of another folder.
    """
    if path.is_symlink():
        raise OSError(f"{path} is a link; put a folder in its place")
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    if os.name == "posix" and path.stat().st_uid == os.getuid() and path.stat().st_mode & 0o077:
        path.chmod(0o700)
    return path


def sync_folder(folder: Path) -> None:
    """Make a new name last over a power cut, where the system can; the file itself is synced already."""
    with suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
