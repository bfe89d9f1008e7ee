"""How warnings reach whoever asked: at the line that called the package, once a call, from any thread."""

from __future__ import annotations

import inspect
import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TypeAlias

from kiwoomdata.errors import KiwoomDataWarning

__all__ = ["Told", "gathered", "warn"]

Told: TypeAlias = dict[tuple[str, type[KiwoomDataWarning]], None]
"""Warnings that wait to be given, each once."""

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
    """Keep the warnings of this thread instead of giving them; :func:`warn` gives them later.

    Jobs in threads have no line of the caller's above them, and say the same of each symbol.
    """
    token = _waiting.set(into)
    try:
        yield
    finally:
        _waiting.reset(token)
