"""Reading a lake: a lazy frame of a table that sees the lake as it is when it is collected.

A lazy frame of polars keeps what it has read of a file's end: collected again after the file was replaced it
fails (seen with polars 2.1). So the parts are looked up at each collect, and they are opened before anything
of them is read: whoever replaces one meanwhile replaces a name, and not what is open.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path

import polars as pl
from polars.io.plugins import register_io_source

from kiwoomdata import forks
from kiwoomdata.pushdown import conjuncts

__all__ = ["Change", "lazy", "parts_now"]

Change = Callable[[pl.DataFrame], pl.DataFrame]
_AT_ONCE = 131_072
"""Rows that are read before they are passed on. Adjusting half a million at once took a third longer."""
_OPEN = Path("/dev/fd")  # of Linux and macOS; elsewhere a file that is open cannot be replaced


def lazy(
    parts: Callable[[], Sequence[Path]],
    schema: pl.Schema,
    *,
    only: pl.Expr | None = None,
    change: Change | None = None,
    changed: Sequence[str] = (),
    needs: Sequence[str] = (),
) -> pl.LazyFrame:
    """The rows of the parts, in their order.

    ``only`` keeps some rows. ``change`` alters the columns ``changed`` of a piece of rows, and needs the
    columns ``needs`` for it: filters on what it leaves alone are pushed into the files, others come after.
    """

    def read(
        with_columns: list[str] | None, predicate: pl.Expr | None, n_rows: int | None, batch_size: int | None
    ) -> Iterator[pl.DataFrame]:
        forks.check()
        wanted = list(schema) if with_columns is None else with_columns
        altered = change is not None and not set(changed).isdisjoint([*wanted, *_roots(predicate)])
        before, after = _split(predicate, changed) if altered else (predicate, None)
        with ExitStack() as held:
            rows = parts_now(parts(), schema, held)
            if only is not None:
                rows = rows.filter(only)
            if n_rows is not None:  # of a head before the filter; one after it does not come here
                rows = rows.head(n_rows)
            if before is not None:
                rows = rows.filter(before)
            read = list(dict.fromkeys([*wanted, *needs, *_roots(after)])) if altered else wanted
            for piece in rows.select(read).collect_batches(maintain_order=True, chunk_size=_AT_ONCE):
                if altered:
                    assert change is not None
                    piece = change(piece)
                    piece = (piece if after is None else piece.filter(after)).select(wanted)
                yield piece

    return register_io_source(read, schema=schema)


def parts_now(parts: Sequence[Path], schema: pl.Schema, held: ExitStack) -> pl.LazyFrame:
    """The rows of parts as they are now, for as long as ``held`` is open. Columns that one lacks are null."""
    if not parts:
        return pl.LazyFrame(schema=schema)
    files = [str(part) for part in parts]
    if _OPEN.is_dir():
        files = []
        for part in parts:
            handle = os.open(part, os.O_RDONLY)
            held.callback(os.close, handle)
            files.append(str(_OPEN / str(handle)))
    return pl.scan_parquet(
        files, schema=dict(schema), missing_columns="insert", extra_columns="ignore", glob=False,
        hive_partitioning=False,
    )  # fmt: skip


def _roots(expression: pl.Expr | None) -> list[str]:
    return [] if expression is None else expression.meta.root_names()


def _split(predicate: pl.Expr | None, changed: Sequence[str]) -> tuple[pl.Expr | None, pl.Expr | None]:
    """What of a filter does not look at the columns, and what does."""
    if predicate is None:
        return None, None
    sides: tuple[list[pl.Expr], list[pl.Expr]] = ([], [])
    for each in conjuncts(predicate):
        sides[not set(changed).isdisjoint(_roots(each))].append(each)
    before, after = (pl.all_horizontal(side) if side else None for side in sides)
    return before, after
