"""Where files are kept: the store of rows, and the small state (tokens, quotas)."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

import platformdirs

__all__ = ["cache_folder", "private_folder", "state_folder", "sync_folder"]


def cache_folder() -> Path:
    """The folder of the row store: ``KIWOOMDATA_CACHE``, or the user's cache folder."""
    named = os.environ.get("KIWOOMDATA_CACHE")
    return Path(named).expanduser() if named else Path(platformdirs.user_cache_dir("kiwoomdata", False))


def state_folder() -> Path:
    """The folder of tokens and quotas, in ``KIWOOMDATA_STATE`` or in the user's state folder.

    It is one of our own below the one that was named, because it is made private.
    """
    named = os.environ.get("KIWOOMDATA_STATE")
    return (
        Path(named).expanduser() / "kiwoomdata"
        if named
        else Path(platformdirs.user_state_dir("kiwoomdata", False))
    )


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
