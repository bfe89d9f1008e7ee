"""Frames in Parquet files that keep where they come from."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import msgspec
import polars as pl

from kiwoomdata import forks
from kiwoomdata.origin import Provenance, attach, attached

__all__ = ["read_parquet", "source_of", "with_source", "write_parquet"]

_KEY = "kiwoomdata"
"""The key of the file's metadata; engines that do not know it leave it alone."""


def write_parquet(frame: Any, path: str | os.PathLike[str], *, source: Provenance | None = None) -> None:
    """Write a frame and its provenance to a Parquet file, which any engine reads.

    Parameters
    ----------
    frame
        A polars frame, or a pandas frame of :mod:`kiwoomdata.pandas`, whose index becomes columns.
    path
        The file; one that is there is replaced.
    source
        The provenance to write; left out, the frame's own. A polars frame that was filtered carries none:
        ask :func:`kiwoomdata.provenance` before, and give it here.

    Raises
    ------
    TypeError
        Neither a polars nor a pandas frame.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> import kiwoomdata as kd
    >>> kd.use("simulator")
    >>> folder = TemporaryDirectory()
    >>> frame = kd.daily_prices("005930", "2024-01-02", "2024-01-31")
    >>> rose = frame.filter(frame["change"] > 0)
    >>> kd.write_parquet(rose, f"{folder.name}/rose.parquet", source=kd.provenance(frame))
    >>> kd.provenance(kd.read_parquet(f"{folder.name}/rose.parquet")).api_id
    'ka10086'
    >>> folder.cleanup()
    """
    forks.check()
    source = source or attached(frame)
    if hasattr(frame, "attrs"):
        frame = pl.from_pandas(frame, include_index=any(name is not None for name in frame.index.names))
    if not isinstance(frame, pl.DataFrame):
        raise TypeError(
            f"frame: expected a polars or pandas frame, got {type(frame).__name__}; collect() first"
        )
    frame.write_parquet(Path(path), metadata={} if source is None else with_source(source))


def read_parquet(path: str | os.PathLike[str]) -> pl.DataFrame:
    """Read a Parquet file with its provenance: one of :func:`write_parquet`, or a part of a lake.

    One row is one row of the frame that was written.

    Parameters
    ----------
    path
        One file; what any engine wrote is read, and carries no provenance.

    Raises
    ------
    FileNotFoundError
        There is no such file.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> import kiwoomdata as kd
    >>> kd.use("simulator")
    >>> folder = TemporaryDirectory()
    >>> frame = kd.daily_prices("005930", "2024-01-02", "2024-01-31")
    >>> kd.write_parquet(frame, f"{folder.name}/prices.parquet")
    >>> again = kd.read_parquet(f"{folder.name}/prices.parquet")
    >>> again.equals(frame), kd.provenance(again) == kd.provenance(frame)
    (True, True)
    >>> folder.cleanup()
    """
    forks.check()
    file = Path(path)
    frame = pl.read_parquet(file, glob=False, hive_partitioning=False)
    source = source_of(pl.read_parquet_metadata(file))
    if source is not None:
        attach(frame, source)
    return frame


def with_source(source: Provenance) -> dict[str, str]:
    """The metadata of a file whose rows come from there."""
    return {_KEY: msgspec.json.encode(source.as_dict(), order="sorted").decode()}


def source_of(metadata: dict[str, str]) -> Provenance | None:
    """What the metadata of a file says of its rows; None where it says nothing that can be read."""
    try:
        return Provenance.from_dict(msgspec.json.decode(metadata[_KEY]))
    except (KeyError, TypeError, ValueError):  # none, or of another version
        return None
