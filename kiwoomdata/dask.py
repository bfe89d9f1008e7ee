"""A lake on Dask: read as a Dask DataFrame, and filled by the workers of a cluster.

``pip install 'kiwoomdata[dask]'``. All workers see the lake's folder, as does who asks. What goes
to them is names: of tables, symbols and keys. The keys themselves each finds in its environment or keyring.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Mapping, Sequence
from datetime import date
from itertools import count
from math import ceil
from os import PathLike
from pathlib import Path
from typing import Any, Never
from uuid import uuid4

from kiwoomdata.arguments import DateLike, Symbols, as_date, as_symbols
from kiwoomdata.client import Client
from kiwoomdata.errors import AuthError, ConfigError, IncompleteFrame, KiwoomDataWarning, TransportError
from kiwoomdata.lake import Lake
from kiwoomdata.lake.files import Files
from kiwoomdata.lake.tables import STOCKS, chosen_tables
from kiwoomdata.names import with_codes
from kiwoomdata.prefetch import Report
from kiwoomdata.rest.credentials import key_name
from kiwoomdata.telling import Told, gathered, give, listed, warn

try:
    import dask.dataframe as dd
    import distributed
    import pandas as pd
    import pyarrow as pa
    import pyarrow.dataset as ds
    import pyarrow.parquet as pq
except ImportError as error:
    raise ImportError(f"kiwoomdata.dask needs {error.name}: pip install 'kiwoomdata[dask]'") from error

__all__ = ["fetch", "read"]

MOST_ROWS = 1_500_000
"""Rows of a partition, unless one file has more. Dask shuffles what it groups of more than 15 partitions."""
SHARD = 100
"""Symbols of one task: an update writes in steps, and the larger it is, the less it rewrites."""
_SHARDS_OF_A_KEY = 4
"""At least so many tasks for each key, so that one that is slow does not hold up the end."""

Filter = tuple[str, str, Any]


# --- reading --------------------------------------------------------------------------------------


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


# --- filling --------------------------------------------------------------------------------------


def fetch(
    dask_client: distributed.Client,
    symbols: Symbols | None = None,
    what: str | Sequence[str] = ("candles", "daily_prices"),
    *,
    lake: Lake | str | PathLike[str],
    keys: Sequence[str],
    start: DateLike | None = None,
    **settings: Any,
) -> Report:
    """Fill a lake by the workers of a cluster: for each key one task at a time, of some of the symbols.

    The quota is a key's, so more keys are faster and more workers are not. A worker that dies costs what it
    had not written, and another takes its symbols over. Called again, it goes on where it was.

    Parameters
    ----------
    dask_client
        A ``distributed.Client``. Each worker sees the folder of the lake, and finds each of the keys.
    symbols
        Codes, as in :meth:`kiwoomdata.Lake.update`; ``kd.stocks("kospi")`` is a list. Left out: all symbols
        that the lake's tables hold.
    what
        Tables, as in :meth:`kiwoomdata.Lake.update`.
    lake
        The :class:`kiwoomdata.Lake`, or its folder.
    keys
        Names of keys, which a worker finds as ``kd.Client(key="a")`` does: ``KIWOOM_APP_KEY_A`` and
        ``KIWOOM_APP_SECRET_A``, or in keyring.
    start
        The first day wanted, as in :meth:`kiwoomdata.Lake.update`.
    **settings
        Of :class:`kiwoomdata.Client` in each worker, such as ``mode="real"`` or ``quota="4/s"``. What holds a
        secret is refused: it would stand in the graph.

    Returns
    -------
    Report
        As of :meth:`kiwoomdata.Lake.update`.

    Raises
    ------
    ValueError, TypeError
        A wrong argument.
    AuthError, ConfigError, TransportError
        The last key is refused or not found, or nobody answers it. What had come is written.
    CacheError, OSError
        The folder cannot be written, is damaged, or its disk is full.

    Warns
    -----
    IncompleteFrame
        Series that failed; the next call tries them again.
    KiwoomDataWarning
        A key that is left out, because it is refused or not found.

    Notes
    -----
    A key may move to another worker when its own has died. Workers on several hosts count together with
    ``KIWOOMDATA_QUOTA_STORE`` in their environment; see :class:`kiwoomdata.Client`.
    """
    _no_secret(settings)
    files = Files(lake.path if isinstance(lake, Lake) else lake)
    tables = [name for name in chosen_tables(what) if name != STOCKS]
    first = None if start is None else as_date(start, "start", whole="first")
    codes = _held(files, tables) if symbols is None else as_symbols(with_codes(symbols, _no_names))
    fetchers = _Fetchers(dask_client, keys, str(files.folder), first, settings)
    size = min(SHARD, ceil(len(codes) / len(fetchers.names) / _SHARDS_OF_A_KEY)) or 1
    if STOCKS in chosen_tables(what):
        fetchers.add(None, [STOCKS])
    for begin in range(0, len(codes) if tables else 0, size):
        fetchers.add(codes[begin : begin + size], tables)
    report = fetchers.run()
    if report.failures:
        warn(
            f"{len(report.failures)} of {report.series} series failed and the next call tries them again: "
            f"{listed(f'{name} ({why})' for name, why in report.failures.items())}",
            IncompleteFrame,
        )
    return report


Shard = tuple[list[str] | None, list[str]]
"""Symbols and tables."""


class _Fetchers:
    """One task at a time for each key, at the worker that had it before."""

    def __init__(
        self,
        dask_client: distributed.Client,
        keys: Sequence[str],
        folder: str,
        start: date | None,
        settings: Mapping[str, Any],
    ) -> None:
        if isinstance(keys, str) or not isinstance(keys, Sequence) or not keys:
            raise ValueError(f"keys: expected a list of names of keys, got {keys!r}")
        self.names = [key_name(key) for key in dict.fromkeys(keys)]
        if not isinstance(dask_client, distributed.Client):
            raise TypeError(f"dask_client: expected a distributed.Client, got {dask_client!r}")
        workers = sorted(dask_client.nthreads())
        if not workers:
            raise ValueError(f"dask_client: {dask_client!r} has no worker; start one")
        self._dask, self._folder, self._start, self._settings = dask_client, folder, start, settings
        self._home = {name: workers[place % len(workers)] for place, name in enumerate(self.names)}
        self._shards: deque[Shard] = deque()
        self._running: dict[distributed.Future[Any], tuple[str, Shard]] = {}
        self._label, self._number = f"kiwoomdata-fetch-{uuid4().hex}", count()
        self._report = Report(keys=dict.fromkeys(self.names, 0))
        self._told: dict[str, Told] = {}

    def add(self, codes: list[str] | None, tables: list[str]) -> None:
        self._shards.append((codes, tables))

    def run(self) -> Report:
        done = distributed.as_completed([], raise_errors=False)
        try:
            self._give_out(done)
            while self._running:
                future = next(done)
                name, shard = self._running.pop(future)
                error = future.exception()
                if error is None:
                    self._take(name, *future.result())
                elif isinstance(error, AuthError | ConfigError | TransportError):
                    self._shards.append(shard)
                    self._leave_out(name, error)
                else:
                    raise error
                self._give_out(done)
        finally:
            self._dask.cancel(list(self._running))
            give(self._told)
        return self._report

    def _give_out(self, done: distributed.as_completed) -> None:
        """A shard for each key that has none."""
        busy = {name for name, _ in self._running.values()}
        for name in self.names:
            if name not in busy and self._shards:
                shard = self._shards.popleft()
                future = self._dask.submit(
                    *(_fetch, self._folder, shard, self._start, name, dict(self._settings)),
                    key=f"{self._label}-{next(self._number)}",
                    workers=[self._home[name]],
                    allow_other_workers=True,
                    pure=False,
                )
                self._running[future] = name, shard
                done.add(future)

    def _take(self, name: str, found: Report, told: Told) -> None:
        whole = self._report
        whole.series += found.series
        whole.rows += found.rows
        whole.cached_rows += found.cached_rows
        whole.requests += found.requests
        whole.keys[name] += found.requests
        whole.failures |= found.failures
        self._told.setdefault(name, {}).update(told)

    def _leave_out(self, name: str, error: Exception) -> None:
        self.names.remove(name)
        if not self.names:
            raise error
        self._report.failed_keys[name] = f"{type(error).__name__}: {error}"
        warn(
            f"key {name!r} is left out, and the others go on: {self._report.failed_keys[name]}",
            KiwoomDataWarning,
        )


def _fetch(
    folder: str, shard: Shard, start: date | None, name: str, settings: Mapping[str, Any]
) -> tuple[Report, Told]:
    """In a worker: one update of some symbols, by a client of the worker's own."""
    codes, tables = shard
    told: Told = {}
    with gathered(told), Client(key=name, **{"progress": False, **settings}) as client:
        report = Lake(folder).update(codes, what=tables, start=start, client=client)
    return report, {note: None for note in told if not issubclass(note[1], IncompleteFrame)}


def _held(files: Files, tables: Sequence[str]) -> list[str]:
    """All codes that the tables hold."""
    manifests = [files.manifest(name) for name in tables]
    codes = sorted({code for manifest in manifests if manifest for code in manifest.held})
    if tables and not codes:
        raise ValueError(f"symbols: the lake holds nothing of {', '.join(tables)}; give the symbols wanted")
    return codes


def _no_names() -> Never:
    raise ValueError(
        "symbols: expected codes, because no key is used here to look names up; kd.stocks() is a list"
    )


def _no_secret(settings: dict[str, Any]) -> None:
    for name in settings:
        if name.startswith("app_") or name in ("key", "quota_store"):
            settings.clear()
            raise ConfigError(
                f"{name}: is not passed to workers, because it would show. Each finds what keys= names, and "
                "KIWOOMDATA_QUOTA_STORE, in its environment or keyring"
            )
