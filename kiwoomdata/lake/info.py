"""What a lake holds."""

from __future__ import annotations

from typing import Any

import polars as pl

from kiwoomdata.lake.files import Files
from kiwoomdata.lake.recorded import FEED_TABLES
from kiwoomdata.lake.tables import TABLES

__all__ = ["info"]

_INFO: dict[str, Any] = {
    "table": pl.String(),
    "api_id": pl.String(),
    "symbols": pl.Int64(),
    "rows": pl.Int64(),
    "files": pl.Int64(),
    "bytes": pl.Int64(),
    "from": pl.Date(),
    "to": pl.Date(),
    "basis": pl.String(),
    "as_of": pl.Date(),
    "failed": pl.Int64(),
    "outdated": pl.Int64(),
}


def info(files: Files) -> pl.DataFrame:
    lines = []
    for name in ("factors", *files.tables()):
        parts, manifest, table = files.parts(name), files.manifest(name), TABLES.get(name)
        held = manifest.held.values() if manifest else ()
        day = (
            table.day if table else pl.col("received_at").dt.date() if name in FEED_TABLES else pl.col("date")
        )
        told = pl.col("symbol").n_unique(), pl.len(), day.min().alias("from"), day.max().alias("to")
        found = files.scan(name).select(told).collect().row(0) if parts else (0, 0, None, None)
        asked = [each for each in held if each.first is not None]
        lines.append(
            {
                "table": name,
                "api_id": manifest and manifest.api_id,
                **dict(zip(("symbols", "rows", "from", "to"), found, strict=True)),
                "files": len(parts),
                "bytes": sum(part.stat().st_size for part in parts),
                "basis": table and table.basis,
                "as_of": min((each.as_of for each in held if each.as_of), default=None),
                "failed": sum(bool(each.failed) for each in held),
                "outdated": sum(bool(each.version != table.meaning or each.outdated) for each in asked)
                if table
                else 0,
            }
        )
    return pl.DataFrame(lines, _INFO)
