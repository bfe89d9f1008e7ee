"""How warnings reach whoever asked: at the line that called the package, once a call, from any thread."""

from __future__ import annotations

import inspect
import os
import warnings
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TypeAlias

from kiwoomdata.errors import KiwoomDataWarning, UnknownKey
from kiwoomdata.masking import brief

__all__ = ["SHOWN", "Told", "gathered", "give", "listed", "warn"]

Told: TypeAlias = dict[tuple[str, type[KiwoomDataWarning]], None]
"""Warnings that wait to be given, each once."""

SHOWN = 5
"""How many of many a message names."""
_LONGEST_NAME = 100

_HOME = os.path.dirname(os.path.abspath(__file__)) + os.sep
_waiting: ContextVar[Told | None] = ContextVar("waiting", default=None)


def warn(text: str, category: type[KiwoomDataWarning]) -> None:
    """Warn at the line outside this package that led here, or leave it to :func:`gathered`."""
    waiting = _waiting.get()
    if waiting is not None:
        waiting.setdefault((text, category))
        return
    level, frame = 1, inspect.currentframe()
    while frame is not None and frame.f_code.co_filename.startswith(_HOME):
        level, frame = level + 1, frame.f_back
    warnings.warn(text, category, stacklevel=level)


@contextmanager
def gathered(into: Told) -> Iterator[None]:
    """Keep the warnings of this thread instead of giving them; :func:`give` gives them later.

    Jobs in threads have no line of the caller's above them, and say the same of each symbol.
    """
    token = _waiting.set(into)
    try:
        yield
    finally:
        _waiting.reset(token)


def give(told: Mapping[str, Told]) -> None:
    """Give what was gathered, each once, with the names of those that it is about.

    A key that the catalogue lacks is about a TR: where one symbol is asked for it goes without its name, so
    that Python shows it once in a loop over symbols. What is about rows is shown for each symbol.
    """
    about: dict[tuple[str, type[KiwoomDataWarning]], list[str]] = {}
    for name, notes in told.items():
        for note in notes:
            about.setdefault(note, []).append(name)
    for (text, category), names in about.items():
        said = len(told) == 1 and (category is UnknownKey or names[0] in text)
        warn(text if said else f"{text} ({listed(names)})", category)


def listed(names: Iterable[str]) -> str:
    """The names, or the first of many and how many more there are.

    >>> listed(["a", "b"]), listed("abcdefg")
    ('a, b', 'a, b, c, d, e and 2 more')
    """
    every = [brief(name, _LONGEST_NAME) for name in names]
    more = f" and {len(every) - SHOWN} more" if len(every) > SHOWN else ""
    return ", ".join(every[:SHOWN]) + more
