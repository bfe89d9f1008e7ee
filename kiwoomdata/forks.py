"""What holds in a forked child: our locks are new, and a call that would wait for ever fails at once.

A child has one thread, the one that forked. A lock that another thread held stays locked in it, and the
threads of polars, once they run, are missing in it for good: its next query waits for them for ever.
"""

from __future__ import annotations

import os
import re
import weakref
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from kiwoomdata.errors import ConfigError

__all__ = ["check", "renew"]

_POOL = re.compile(r"polars-\d+\s*")
_hopeless = _at_fork = False
_renewed: weakref.WeakKeyDictionary[Any, dict[str, Callable[[], Any]]] = weakref.WeakKeyDictionary()


def renew(owner: Any, **made: Callable[[], Any]) -> None:
    """Set attributes of ``owner`` to what these make, such as a lock, and in a forked child anew."""
    _renewed[owner] = made
    for name, make in made.items():
        setattr(owner, name, make())


def check() -> None:
    """ConfigError in a child that was forked after polars had been used."""
    if _hopeless:
        raise ConfigError(
            "this process was forked after polars had begun to work in its parent, and a call would wait for "
            "ever: use spawn, as in multiprocessing.get_context('spawn') or "
            "ProcessPoolExecutor(mp_context=get_context('spawn')), or fork before the first call"
        )


def _polars_works() -> bool:
    """Whether the threads of polars run. Where that cannot be seen, they are taken to."""
    tasks = Path("/proc/self/task")
    if not tasks.is_dir():
        return True
    for task in tasks.iterdir():
        with suppress(OSError):  # a thread that has ended meanwhile
            if _POOL.fullmatch((task / "comm").read_text()):
                return True
    return False


def _before() -> None:
    global _at_fork
    _at_fork = _polars_works()


def _in_child() -> None:
    global _hopeless
    _hopeless = _hopeless or _at_fork
    for owner, made in list(_renewed.items()):
        for name, make in made.items():
            setattr(owner, name, make())


if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_before, after_in_child=_in_child)
