"""Looking a lake over, and mending what can be mended without a request."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import polars as pl

from kiwoomdata.errors import CacheError
from kiwoomdata.lake import factors
from kiwoomdata.lake.files import Files, Manifest, schema_of
from kiwoomdata.lake.recorded import FEED_TABLES, part_of, stale
from kiwoomdata.lake.tables import TABLES, LakeTable
from kiwoomdata.lake.updating import metadata

__all__ = ["check", "compact"]

_FOUND: dict[str, Any] = {
    "table": pl.String(),
    "file": pl.String(),
    "symbol": pl.String(),
    "what": pl.String(),
    "from": pl.Date(),
    "to": pl.Date(),
    "rows": pl.Int64(),
    "told": pl.String(),
}
_REWRITTEN: dict[str, Any] = {
    "table": pl.String(),
    "file": pl.String(),
    "done": pl.String(),
    "rows": pl.Int64(),
    "bytes_before": pl.Int64(),
    "bytes": pl.Int64(),
}


def check(files: Files) -> pl.DataFrame:
    """What is wrong with a lake, a row each; no row where nothing is."""
    lines: list[dict[str, Any]] = []
    for name in files.tables():
        manifest, schema = files.manifest(name), _schema(files, name)
        assert manifest is not None
        parts = files.parts(name)
        there = {_below(files, name, part) for part in parts}
        lost = [path for path in manifest.parts if path not in there]
        lines += [{"table": name, "file": path, "what": "broken file", "told": "it is gone"} for path in lost]
        for part in parts:
            lines += _of_part(files, manifest, part, schema)
        if name in TABLES:
            lines += _of_symbols(TABLES[name], manifest)
        if name in FEED_TABLES:
            again = "it was recorded, or is read, otherwise: the next update takes it anew"
            lines += [
                {"table": name, "what": "outdated", "from": day, "to": day, "told": again}
                for day in stale(files, manifest)
            ]
        lines += _strange(files, name)
    if (told := _of_factors(files)) is not None:
        lines.append({"table": "factors", "file": "part-0.parquet", "what": "broken file", "told": told})
    lines += [
        {"file": f"_broken/{path.name}", "what": "broken file", "told": "set aside by compact; remove it"}
        for path in sorted((files.folder / "_broken").glob("*"))
    ]
    return pl.DataFrame(lines, _FOUND)


def _of_factors(files: Files) -> str | None:
    """What is wrong with the factors of adjustment: None where nothing is, or where there need be none."""
    try:
        found = files.factors()
    except pl.exceptions.PolarsError as error:
        return str(error)
    candles = files.manifest("candles")
    return "it is gone" if found is None and candles is not None and candles.parts else None


def _schema(files: Files, name: str) -> pl.Schema | None:
    """The columns of the newest part that can be read."""
    for part in reversed(files.parts(name)):
        try:
            return schema_of(part)
        except (pl.exceptions.PolarsError, OSError):
            continue
    return None


def _below(files: Files, name: str, part: Path) -> str:
    return part.relative_to(files.folder / name).as_posix()


def _of_part(
    files: Files, manifest: Manifest, part: Path, schema: pl.Schema | None
) -> Iterator[dict[str, Any]]:
    name = manifest.table
    about = {"table": name, "file": _below(files, name, part)}
    try:
        rows = files.read(part, manifest.parts.get(about["file"]))
        assert rows is not None
    except (CacheError, pl.exceptions.PolarsError, OSError) as error:
        yield {**about, "what": "broken file", "told": str(error)}
        return
    drift = [
        f"{column} {rows.schema.get(column, 'is missing')}, elsewhere {(schema or {}).get(column, 'missing')}"
        for column in dict.fromkeys([*rows.columns, *(schema or {})])
        if rows.schema.get(column) != (schema or {}).get(column)
    ]
    if drift:
        yield {**about, "what": "schema drift", "rows": rows.height, "told": "; ".join(drift)}
    key = _key(name)
    if not key:
        return
    twice = rows.filter(pl.struct(key).is_duplicated())
    for symbol, count in twice.group_by("symbol", maintain_order=True).len().iter_rows():
        yield {**about, "symbol": symbol, "what": "duplicate key", "rows": count}
    if not rows.select(key).equals(rows.select(key).sort(key)):
        yield {**about, "what": "not sorted", "rows": rows.height}


def _key(name: str) -> list[str]:
    """What tells a row from others, and by which it is sorted: nothing does of messages."""
    if name in FEED_TABLES:
        return []
    return list(TABLES[name].key) if name in TABLES else ["symbol", "date"]


def _of_symbols(table: LakeTable, manifest: Manifest) -> Iterator[dict[str, Any]]:
    for code, held in sorted(manifest.held.items()):
        about = {"table": table.name, "symbol": code}
        for first, last in held.holes:
            yield {**about, "what": "hole", "from": first, "to": last, "told": "the next update asks again"}
        if held.failed:
            yield {**about, "what": "failed", "told": held.failed}
        if held.first is not None and held.version != table.meaning:
            yield {**about, "what": "earlier catalogue", "told": "the next update asks for it anew"}
        elif held.outdated is not None:
            told = "the server gives these days no more: they stay as that catalogue read them"
            last = held.outdated - timedelta(days=1)
            yield {**about, "what": "earlier catalogue", "from": held.oldest, "to": last, "told": told}


def _strange(files: Files, name: str) -> Iterator[dict[str, Any]]:
    """Files that are no parts: engines would take them for some."""
    for path in sorted((files.folder / name).rglob("*")):
        if path.is_file() and path.suffix != ".parquet":
            yield {"table": name, "file": _below(files, name, path), "what": "no part", "told": "remove it"}


def compact(files: Files) -> pl.DataFrame:
    """Rewrite parts that are not as an update writes them, and set broken ones aside; what was done."""
    lines = []
    for name in files.tables():
        schema, manifest = _schema(files, name), files.manifest(name)
        paths = {_below(files, name, part) for part in files.parts(name)}
        for path in sorted(paths | set(manifest.parts if manifest else ())):
            with files.lock():  # part by part, so that an update need not wait for all of them
                done = _compacted(files, name, path, schema)
            if done is not None:
                lines.append({"table": name, "file": path, **done})
    with files.lock():
        if _of_factors(files) is not None:
            lines.append({"table": "factors", "file": "part-0.parquet", "done": _without_factors(files)})
    return pl.DataFrame(lines, _REWRITTEN)


def _without_factors(files: Files) -> str:
    """Let the next update ask for all candles anew: until then nothing of them is adjusted."""
    manifest, path = files.manifest("candles"), files.folder / "factors/part-0.parquet"
    assert manifest is not None
    for held in manifest.held.values():
        held.version = ""
    files.write_manifest(manifest)
    if path.exists():
        files.set_aside(path)
    files.write_alone("factors/part-0.parquet", factors.nothing(), {})
    return "set aside"


def _compacted(files: Files, name: str, path: str, schema: pl.Schema | None) -> dict[str, Any] | None:
    manifest, part = files.manifest(name), files.folder / name / path
    assert manifest is not None
    size = part.stat().st_size if part.exists() else 0
    try:
        rows = files.read(part, manifest.parts.get(path))
    except (CacheError, pl.exceptions.PolarsError):
        rows = None
    if rows is None:
        # Known to be lacking first, gone second: a kill in between costs a few requests.
        _ask_again(manifest, path)
        manifest.parts.pop(path, None)
        files.write_manifest(manifest)
        if part.exists():
            files.set_aside(part)
        return {"done": "set aside" if size else "it was gone", "bytes_before": size}
    key = _key(name)
    whole = rows.unique(key, keep="last").sort(key) if key else rows
    if schema is not None and whole.schema != schema:
        lacking = {each: pl.lit(None, dtype) for each, dtype in schema.items() if each not in rows.columns}
        whole = whole.with_columns(**lacking).select(list(schema)).cast(schema)
    if whole.schema == rows.schema and whole.equals(rows):
        return None
    files.write(manifest, [(path, whole, metadata(manifest, whole))])
    return {"done": "rewritten", "rows": whole.height, "bytes_before": size, "bytes": part.stat().st_size}


def _ask_again(manifest: Manifest, path: str) -> None:
    """Note that no symbol has the days of a part any more."""
    if manifest.table in FEED_TABLES:
        lost = [day for day, held in manifest.held.items() if held.first and part_of(held.first) == path]
        for day in lost:
            del manifest.held[day]
        return
    year, _, month = path.removeprefix("year=").removesuffix(".parquet").partition("/part-")
    first, last = date(int(year), 1, 1), date(int(year), 12, 31)
    if month != "0":
        first = date(int(year), int(month), 1)
        last = date(int(year), int(month), monthrange(int(year), int(month))[1])
    for held in manifest.held.values():
        if held.first is not None and held.last is not None:
            low, high = max(first, held.first), min(last, held.last)
            if low <= high:
                held.holes = sorted({*held.holes, (low, high)})
