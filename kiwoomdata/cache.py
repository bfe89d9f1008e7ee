"""The store, as users see it: ``kd.cache`` is this module.

:func:`info` tells what is stored, :func:`clear` lets go of it, and ``kd.cache.path`` is its folder.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import polars as pl

from kiwoomdata import client as clients
from kiwoomdata import forks
from kiwoomdata.arguments import DateLike, as_date, as_symbol
from kiwoomdata.client import endpoint_of
from kiwoomdata.folders import cache_folder
from kiwoomdata.store.disk import Store

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["clear", "info", "path"]


@contextmanager
def _store() -> Iterator[Store]:
    """The store of the client that functions use, or the one that a client would use."""
    forks.check()
    current = clients.current()
    if current is not None and current.store is not None:
        yield current.store
        return
    store = Store(cache_folder())
    try:
        yield store
    finally:
        store.close()


def info() -> pl.DataFrame:
    """What the store holds.

    One row is one series, the most recently used first.

    Returns
    -------
    DataFrame
        ``api_id symbol server`` (String), ``from to`` (Date), ``rows bytes`` (Int64), ``as_of`` (Date, the
        day to which rebased prices are relative), ``last_used`` (Datetime, Asia/Seoul).

    Examples
    --------
    >>> import kiwoomdata as kd
    >>> kd.use("simulator")
    >>> _ = kd.daily_prices("005930", "2024-01-02", "2024-01-31")
    >>> kd.cache.info().filter(symbol="005930", api_id="ka10086").height
    1
    """
    with _store() as store:
        return store.info()


def clear(
    *,
    symbol: str | None = None,
    api_id: str | None = None,
    before: DateLike | None = None,
    everything: bool = False,
) -> int:
    """Let go of what is stored of a symbol, of a TR, or was last used before a day.

    Several filters all have to fit; without any, ``everything=True`` must be said. A symbol without a
    venue's suffix means it at all venues. Returns how many series went.

    Examples
    --------
    >>> import kiwoomdata as kd
    >>> kd.use("simulator")
    >>> _ = kd.daily_prices("005930", "2024-01-02", "2024-01-31")
    >>> kd.cache.clear(symbol="005930") >= 1
    True
    """
    if not isinstance(everything, bool):
        raise TypeError(f"everything: expected True or False, got {everything!r}")
    code = None if symbol is None else as_symbol(symbol)
    tr = None if api_id is None else endpoint_of(api_id).api_id
    day = None if before is None else as_date(before, "before", whole="first")
    with _store() as store:
        return store.clear(code, tr, day, everything=everything)


def __dir__() -> list[str]:
    return list(__all__)


def __getattr__(name: str) -> Any:
    if name == "path":
        with _store() as store:
            return store.path
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


if TYPE_CHECKING:
    path: Path
