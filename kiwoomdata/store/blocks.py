"""What the store keeps of one series: a header and its rows as one checked value of bytes. Pure."""

from __future__ import annotations

import dataclasses
import io
import json
import struct
import zlib
from dataclasses import dataclass, field
from datetime import date
from typing import Any, NamedTuple

import polars as pl

from kiwoomdata.store.intervals import Days, replace_days

__all__ = ["Block", "Damaged", "Header", "Refused", "SeriesKey"]

PREFIX = struct.Struct(">4sII")  # magic, crc32 of all that follows the crc, length of the header
_MAGIC = b"KWD1"


class Damaged(Exception):
    """A file that is not as this package wrote it."""


class Refused(Damaged):
    """An entry of the index that this package did not write."""


UNREADABLE = (
    Damaged,
    AttributeError,
    KeyError,
    OverflowError,
    RecursionError,
    TypeError,
    ValueError,
    struct.error,
    pl.exceptions.PolarsError,
    pl.exceptions.PanicException,
)
"""What reading foreign or damaged content raises."""


@dataclass(frozen=True, slots=True)
class SeriesKey:
    """One series: a TR, on one server, with the request parameters that make it another series.

    Parameters that only choose a range of days do not belong in ``identity``; neither do secrets.
    """

    server: str
    api_id: str
    identity: tuple[tuple[str, str], ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "identity", tuple(sorted((str(k), str(v)) for k, v in self.identity)))

    @property
    def symbol(self) -> str | None:
        """The stock code in ``identity``, under the API's own name or ours."""
        named = dict(self.identity)
        return named.get("stk_cd", named.get("symbol"))

    def text(self, kind: str = "rows") -> str:
        """The key as it stands in the index: the same for the same series, everywhere."""
        return json.dumps([kind, self.server, self.api_id, self.identity])

    @classmethod
    def parse(cls, text: str) -> tuple[str, SeriesKey]:
        """The kind and the series of a :meth:`text`; anything else is a ValueError."""
        try:
            kind, server, api_id, identity = json.loads(text)
            key = cls(server, api_id, tuple((name, value) for name, value in identity))
        except TypeError:
            key = None
        if key is None or key.text(kind) != text:
            raise ValueError(f"not a key of this store: {text!r}")
        return kind, key


@dataclass(frozen=True, kw_only=True)
class Header:
    """What a block says of its rows."""

    key: SeriesKey
    coverage: Days
    """The days whose rows are all here; days without rows (holidays) count too."""
    version: str
    as_of: date | None
    """The day relative to which prices are adjusted, where they are."""
    fetched_at: float
    """When rows were last added, in seconds since 1970."""
    row_count: int

    def to_json(self) -> dict[str, Any]:
        as_of = self.as_of.isoformat() if self.as_of else None
        return {
            "coverage": self.coverage.to_json(),
            "version": self.version,
            "as_of": as_of,
            "fetched_at": self.fetched_at,
            "row_count": self.row_count,
        }


@dataclass(frozen=True, kw_only=True, eq=False)
class Block(Header):
    """One series as it is stored: text columns, oldest day first."""

    rows: pl.DataFrame = field(repr=False)


def pack(text: str, header: dict[str, Any], payload: bytes) -> bytes:
    head = json.dumps({"key": text, **header}).encode()
    crc = zlib.crc32(payload, zlib.crc32(head, zlib.crc32(len(head).to_bytes(4, "big"))))
    return b"".join((PREFIX.pack(_MAGIC, crc, len(head)), head, payload))


def unpack(text: str, data: bytes) -> tuple[dict[str, Any], bytes]:
    if len(data) < PREFIX.size:
        raise Damaged("too short")
    magic, crc, length = PREFIX.unpack_from(data)
    if magic != _MAGIC or crc != zlib.crc32(memoryview(data)[8:]):
        raise Damaged("the checksum does not match")
    end = PREFIX.size + length
    header = json.loads(data[PREFIX.size : end])
    if header["key"] != text:
        raise Damaged("it belongs to another series")
    return header, data[end:]


def read_head(file: io.FileIO) -> dict[str, Any]:
    """The header alone, unchecked: for lists, not for answers."""
    _, _, length = PREFIX.unpack(file.read(PREFIX.size))
    return dict(json.loads(file.read(length)))


def header_fields(text: str, raw: dict[str, Any]) -> dict[str, Any]:
    return {
        "key": SeriesKey.parse(text)[1],
        "coverage": Days.from_json(raw["coverage"]),
        "version": str(raw["version"]),
        "as_of": date.fromisoformat(raw["as_of"]) if raw["as_of"] else None,
        "fetched_at": float(raw["fetched_at"]),
        "row_count": int(raw["row_count"]),
    }


def to_header(text: str, data: bytes) -> Header:
    return Header(**header_fields(text, unpack(text, data)[0]))


def to_block(text: str, data: bytes) -> Block:
    raw, payload = unpack(text, data)
    rows = pl.read_parquet(payload) if payload else pl.DataFrame()
    block = Block(**header_fields(text, raw), rows=rows)
    if rows.height != block.row_count or any(dtype != pl.String for dtype in rows.dtypes):
        raise Damaged("the rows are not the ones that were stored")
    return block


class Snapshot(NamedTuple):
    since: float
    until: float
    payload: bytes


def to_snapshot(text: str, data: bytes) -> Snapshot:
    raw, payload = unpack(text, data)
    return Snapshot(float(raw["from"]), float(raw["until"]), payload)


def to_bytes(block: Block) -> bytes:
    payload = io.BytesIO()
    if block.rows.width:
        block.rows.write_parquet(payload, compression="zstd", statistics=False)
    return pack(block.key.text(), block.to_json(), payload.getvalue())


def merged(old: Block | None, new: Block, date_column: str) -> Block:
    """Every day of ``new.coverage`` as in ``new``, every other day as in ``old``."""
    if old is not None and old.rows.height and date_column not in old.rows.columns:
        old = None
    rows = replace_days(old.rows if old else pl.DataFrame(), new.rows, new.coverage, date_column)
    return dataclasses.replace(
        new,
        rows=rows,
        row_count=rows.height,
        coverage=new.coverage | old.coverage if old else new.coverage,
        as_of=new.as_of or (old.as_of if old else None),
    )


def without(block: Block, days: Days, date_column: str) -> Block:
    """The block without some days."""
    rows = block.rows
    if rows.height and date_column in rows.columns:
        rows = replace_days(rows, rows.clear(), days, date_column)
    return dataclasses.replace(block, rows=rows, row_count=rows.height, coverage=block.coverage - days)
