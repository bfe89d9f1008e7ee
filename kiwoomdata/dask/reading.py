"""A table of a lake as a Dask DataFrame."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import date
from os import PathLike
from pathlib import Path
from typing import Any

import dask.dataframe as dd
import pandas as pd
import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.parquet as pq

from kiwoomdata.arguments import as_date
from kiwoomdata.lake import Lake
from kiwoomdata.lake.files import Files

__all__ = ["read"]

MOST_ROWS = 1_500_000
"""Rows of a partition, unless one file has more. Dask shuffles what it groups of more than 15 partitions."""

Filter = tuple[str, str, Any]


def read(
    lake: Lake | str | PathLike[str],
    table: str,
    columns: Sequence[str] | None = None,
    filters: Sequence[Filter] | Sequence[Sequence[Filter]] | None = None,
) -> dd.DataFrame:
    """Read a table of a lake as a Dask DataFrame; a partition is a file or some in a row.

    Parameters
    ----------
    lake
        The :class:`kiwoomdata.Lake`, or its folder.
    table
        ``"candles"`` and the others of :meth:`kiwoomdata.Lake.update`, ``"stocks"`` or ``"factors"``.
    columns
        Left out: all. Columns that are chosen later, ``frame[["date", "close"]]``, are pushed down as well.
    filters
        As of ``pyarrow.parquet.read_table``: ``[("symbol", "==", "005930"), ("date", ">=", "2024-01-02")]``,
        or a list of such lists, of which any is to hold. Files and row groups that cannot hold such a row are
        not read. A filter that is an expression of Dask comes after reading.

    Returns
    -------
    dask.dataframe.DataFrame
        Every dtype is one of pyarrow: integers stay integers beside nulls, symbols are text, words of an Enum
        are text, moments are in Asia/Seoul. The rows are those of the moment of ``compute``, in files that
        were there when this was called.

    Raises
    ------
    ValueError, TypeError
        A wrong argument, or a table that the lake does not hold.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> import kiwoomdata as kd
    >>> import kiwoomdata.dask
    >>> kd.use("simulator")
    >>> folder = TemporaryDirectory()
    >>> lake = kd.Lake(folder.name)
    >>> report = lake.update(["005930", "000660"], what="candles", start="2024-01-02")
    >>> frame = kd.dask.read(lake, "candles", filters=[("date", "<=", "2024-01-05")])
    >>> frame.groupby("symbol")["close"].count().compute().to_dict()
    {'000660': 4, '005930': 4}
    >>> folder.cleanup()
    """
    files = Files(lake.path if isinstance(lake, Lake) else lake)
    Lake(files.folder).scan(table)  # which refuses what is no lake, or no table of it
    schema = _schema(files, table)
    names = schema.names if columns is None else list(columns)
    for name in names:
        _known("columns", name, schema)
    condition = None if filters is None else pq.filters_to_expression(_checked(filters, schema))
    parts = _partitions(files.parts(table), schema, condition)
    meta = _in_pandas(pa.schema([schema.field(name) for name in names]).empty_table())
    frame: dd.DataFrame = (
        dd.from_map(
            _part, parts, columns=names, schema=schema, condition=condition, meta=meta, label=f"lake-{table}"
        )
        if parts
        else dd.from_pandas(meta, npartitions=1)
    )
    return frame


def _partitions(parts: Sequence[Path], schema: pa.Schema, condition: Any) -> list[list[str]]:
    """The files that may hold wanted rows, by what stands at their ends; some in a row are one partition."""
    found: list[list[str]] = []
    filled = MOST_ROWS
    for part in parts:
        (fragment,) = _dataset([str(part)], schema).get_fragments()
        pieces = fragment.split_by_row_group(condition, schema)
        rows = sum(group.num_rows for piece in pieces for group in piece.row_groups)
        if not rows:
            continue
        if filled + rows > MOST_ROWS:
            found.append([])
            filled = 0
        found[-1].append(str(part))
        filled += rows
    return found


def _part(
    parts: list[str], *, schema: pa.Schema, condition: Any, columns: Sequence[str] | None = None
) -> pd.DataFrame:
    """The rows of some files as they are now. Columns that one lacks are null."""
    wanted = schema.names if columns is None else list(columns)
    return _in_pandas(_dataset(parts, schema).to_table(columns=wanted, filter=condition, use_threads=False))


def _dataset(parts: list[str], schema: pa.Schema) -> ds.Dataset:
    return ds.dataset(parts, schema=schema, format="parquet")


def _schema(files: Files, table: str) -> pa.Schema:
    """The columns of a table as pyarrow has them: text, and no dictionary, which Dask takes for ordered."""
    found = files.schema(table)
    assert found is not None
    text = (pa.types.is_dictionary, pa.types.is_large_string, pa.types.is_string_view)
    return pa.schema(
        [
            field.with_type(pa.string()) if any(is_so(field.type) for is_so in text) else field
            for field in found.to_frame().to_arrow().schema
        ]
    )


def _in_pandas(rows: pa.Table) -> pd.DataFrame:
    frame: pd.DataFrame = rows.to_pandas(types_mapper=pd.ArrowDtype)
    return frame


def _known(what: str, name: object, schema: pa.Schema) -> None:
    if name not in schema.names:
        raise ValueError(f"{what}: expected any of {', '.join(schema.names)}, got {name!r}")


def _checked(filters: Any, schema: pa.Schema) -> list[list[Filter]]:
    """The filters as a list of lists, with dates for what says a day."""
    several = isinstance(filters, Sequence) and not isinstance(filters, str) and len(filters) > 0
    groups = [filters] if several and isinstance(filters[0], tuple) else filters
    if not several or not all(
        isinstance(group, Sequence)
        and group
        and all(isinstance(one, tuple) and len(one) == 3 for one in group)
        for group in groups
    ):
        raise TypeError(
            "filters: expected a list as [('symbol', '==', '005930')], or a list of such lists, "
            f"got {filters!r}"
        )
    return [[_one(name, sign, value, schema) for name, sign, value in group] for group in groups]


def _one(name: str, sign: str, value: Any, schema: pa.Schema) -> Filter:
    _known("filters", name, schema)
    if pa.types.is_date(schema.field(name).type):
        several = isinstance(value, Collection) and not isinstance(value, str)
        return name, sign, [_day(each) for each in value] if several else _day(value)
    return name, sign, value


def _day(value: Any) -> date:
    return as_date(value, "filters")
