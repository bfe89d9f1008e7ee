"""Rows of any number to a file of another program: Parquet, CSV, Excel, SQLite."""

from __future__ import annotations

import os
import re
import sqlite3
from collections.abc import Iterable, Mapping
from contextlib import closing
from pathlib import Path
from typing import TypeVar

import polars as pl
from polars import selectors as cs

__all__ = ["SUFFIXES", "export", "unquoted"]

_Frame = TypeVar("_Frame", pl.DataFrame, pl.LazyFrame)

SUFFIXES = (".parquet", ".csv", ".xlsx", ".sqlite")
_EXCEL = 1_048_575  # rows of a sheet, but for the heading
_BATCH = 50_000


def export(rows: pl.LazyFrame, out: str, name: str) -> int:
    """Write rows to a file by its ending, without holding them all but for Excel; tell how many they were.

    The file is there once it is whole: an export that is cut short leaves the one that was there before.
    """
    path, schema = Path(out), rows.collect_schema()
    part = path.with_name(f".{path.stem}-{os.getpid()}{path.suffix}")
    try:
        if path.suffix == ".parquet":
            rows.sink_parquet(part)
            count = pl.scan_parquet(part, glob=False).select(pl.len()).collect().item()
        elif path.suffix == ".csv":
            unquoted(rows).sink_csv(part, include_bom=True)  # without which Excel misreads Korean
            count = pl.scan_csv(part, glob=False, infer_schema=False).select(pl.len()).collect().item()
        elif path.suffix in (".json", ".ndjson"):
            frame = rows.collect()
            count = frame.height
            getattr(frame, f"write_{path.suffix[1:]}")(part)
        elif path.suffix == ".sqlite":
            if path.exists():  # other tables of it stay
                part.write_bytes(path.read_bytes())
            count = _to_sqlite(
                rows.collect_batches(chunk_size=_BATCH, maintain_order=True), schema, part, name
            )
        else:
            frame = rows.head(_EXCEL + 1).collect()
            count = frame.height
            if count > _EXCEL:
                raise ValueError(
                    f"--out: a sheet of Excel holds {_EXCEL:,} rows and there are more; write .parquet, or "
                    "take fewer with --symbols, --from and --to"
                )
            _to_excel(frame, part)
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
    return int(count)


def unquoted(frame: _Frame) -> _Frame:
    """Texts and names that a spreadsheet would take for a formula, with a ' before them."""
    signs = r"^([=+\-@\t\r])"
    names = frame.collect_schema().names()
    quoted = frame.with_columns(pl.col(pl.String).str.replace(signs, "'$1"))
    return quoted.rename({name: re.sub(r"^(?=[=+\-@\t\r])", "'", name) for name in names})


def _to_excel(frame: pl.DataFrame, path: Path) -> None:
    """Write a sheet, which knows no time zones. Texts stay as they are: neither formulas nor links."""
    from xlsxwriter import Workbook

    plain = frame.with_columns(cs.datetime(time_zone="*").dt.replace_time_zone(None))
    options = {"strings_to_formulas": False, "strings_to_urls": False, "nan_inf_to_errors": True}
    with Workbook(path, options) as book:
        plain.write_excel(book)


def _to_sqlite(
    frames: Iterable[pl.DataFrame], schema: Mapping[str, pl.DataType], path: Path, name: str
) -> int:
    """Put frames into one table of a database, in place of the table of that name; tell how many rows.

    SQLite has no dates: days, times and moments are texts as ISO 8601 writes them, moments with +09:00.
    """

    def quoted(text: str) -> str:
        return '"' + text.replace('"', '""') + '"'

    columns = ", ".join(f"{quoted(column)} {_affinity(dtype)}" for column, dtype in schema.items())
    marks, count = ", ".join("?" * len(schema)), 0
    with closing(sqlite3.connect(path)) as database, database:
        database.execute(f"DROP TABLE IF EXISTS {quoted(name)}")
        database.execute(f"CREATE TABLE {quoted(name)} ({columns})")
        for frame in frames:
            plain = frame.with_columns(
                cs.date().dt.to_string("iso:strict"),
                cs.time().cast(pl.String),
                cs.datetime().dt.to_string("%Y-%m-%dT%H:%M:%S%.6f%:z"),
                (cs.enum() | cs.categorical()).cast(pl.String),
            )
            database.executemany(f"INSERT INTO {quoted(name)} VALUES ({marks})", plain.iter_rows())  # noqa: S608
            count += frame.height
    return count


def _affinity(dtype: pl.DataType) -> str:
    if dtype.is_integer() or dtype == pl.Boolean:
        return "INTEGER"
    return "REAL" if dtype.is_float() else "TEXT"
