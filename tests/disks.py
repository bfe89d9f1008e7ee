"""A disk that is full: a small file system in memory, where the system lets one be mounted."""

from __future__ import annotations

import errno
import io
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest


def _has_room(file: io.FileIO, size: int) -> bool:
    try:
        return file.write(bytes(size)) > 0
    except OSError as error:
        if error.errno != errno.ENOSPC:
            raise
        return False


@contextmanager
def small_disk(place: Path, size: int = 65_536) -> Iterator[Callable[[bool], None]]:
    """A disk of so many bytes at ``place``; what it gives fills it (True) or makes room again (False)."""
    if sys.platform != "linux":
        pytest.skip("a small disk is mounted by the means of Linux")
    place.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", place], capture_output=True, text=True
    )
    if mounted.returncode:
        pytest.skip(f"no disk may be mounted here: {mounted.stderr.strip()}")
    filler = place / ".filler"

    def fill(full: bool) -> None:
        filler.unlink(missing_ok=True)
        if full:
            with open(filler, "wb", buffering=0) as file:
                while _has_room(file, size):
                    pass

    try:
        yield fill
    finally:
        subprocess.run(["umount", place], check=True)
