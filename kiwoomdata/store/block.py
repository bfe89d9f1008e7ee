"""One series as it is stored: its rows as served, what is known of them, and the typed copy beside them.

Rows are text columns, oldest day first, and two more: ``_day`` (YYYYMMDD), and ``_old``, as of when a row of
an older basis is. A series of which nothing is stored has a block too, without rows.
"""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Literal

import msgspec
import polars as pl

from kiwoomdata import frames
from kiwoomdata.entries import VERSION
from kiwoomdata.entries.entry import Endpoint, Part
from kiwoomdata.store.disk import Store
from kiwoomdata.store.files import Head, SeriesKey
from kiwoomdata.store.plan import Facts
from kiwoomdata.store.question import complete, price_keys

__all__ = ["OURS", "Block", "Series", "agree", "prices"]

OURS = ("_day", "_old", "_fits")
"""Columns of rows beside the server's own; ``_fits``: whether a fresh row may be kept."""
_FACTS = msgspec.json.Decoder(Facts)


@dataclass(frozen=True)
class Block:
    """The rows of a series, and what is known of them."""

    rows: pl.DataFrame
    facts: Facts
    as_of: str = ""
    fetched: float = 0.0
    digest: str = ""

    @cached_property
    def current(self) -> pl.DataFrame:
        """The rows of today's basis."""
        return self.rows.filter(pl.col("_old").is_null())

    @cached_property
    def stale(self) -> set[str]:
        """Days whose rows are of an older basis, which the server may still have."""
        old = self.rows.filter(pl.col("_old").is_not_null(), pl.col("_day") >= self.facts.sure)
        return set(old["_day"])

    @cached_property
    def good(self) -> list[str]:
        stale = self.stale
        return [day for day in self.rows["_day"] if day not in stale]

    def of_an_older_basis(self) -> Block:
        """The same, with each row as of its own day."""
        return replace(self, rows=self.rows.with_columns(_old=pl.coalesce("_old", pl.lit(self.as_of))))


@dataclass(frozen=True)
class Series:
    """Where the block of a series lies, and its typed copy."""

    store: Store
    key: SeriesKey
    endpoint: Endpoint
    part: Part
    column: str
    """The key of the day, or the moment, of a row."""
    body: Mapping[str, str]

    def load(self, *, sure: bool = False) -> Block:
        """The block, empty where there is none; see :meth:`Store.load` for ``sure``."""
        loaded = self.store.load(self.key, "rows", sure=sure)
        if loaded is None:
            return self.nothing()
        head, payload = loaded
        rows = pl.read_ipc_stream(payload)
        old = "_old" if "_old" in rows.columns else pl.lit(None, pl.String())
        rows = rows.with_columns(pl.col(self.column).str.slice(0, 8).alias("_day"), _old=old)
        return Block(rows, _FACTS.decode(head.more), head.as_of, head.fetched, head.digest)

    def nothing(self) -> Block:
        columns = (self.column, "_day", "_old")
        return Block(pl.DataFrame(schema=dict.fromkeys(columns, pl.String())), Facts())

    def write(self, block: Block) -> bool:
        days = block.rows["_day"]
        head = Head(
            "", first=min(days, default=""), last=max(days, default=""), count=len(days),
            as_of=block.as_of, fetched=block.fetched, more=msgspec.Raw(msgspec.json.encode(block.facts)),
        )  # fmt: skip
        plain = block.rows.drop("_day" if block.rows["_old"].count() else ("_day", "_old"))
        if not self.store.write(self.key, "rows", head, _ipc(plain, "zstd")):
            return False
        self.write_typed(replace(block, digest=head.digest))
        return True

    def typed(self) -> tuple[pl.DataFrame, Head, Facts] | None:
        """The rows decoded, where all can be, and what is known of them.

        A copy that was made of this very text by today's entry is read; else one is made.
        """
        head = self.store.head(self.key)
        if head is None:
            return None
        loaded = self.store.load(self.key, "typed")
        if loaded is not None and loaded[0].more == self._stamp(head.digest):
            return pl.read_ipc_stream(loaded[1]), head, _FACTS.decode(head.more)
        block = self.load()
        frame = self.write_typed(block, later=True)
        return None if frame is None or block.digest != head.digest else (frame, head, block.facts)

    def write_typed(self, block: Block, *, later: bool = False) -> pl.DataFrame | None:
        """Make the typed copy, where nothing about the rows has to be told each time."""
        texts = complete(self.part, block.rows.drop(OURS, strict=False))
        frame, troubles = frames.decoded(self.endpoint, self.part, texts, self.body)
        if troubles or block.rows["_old"].count() or any(texts[key].null_count() for key in self.part.by_key):
            self.store.remove(self.key, "typed") if not later else None
            return None
        head, payload = Head("", more=self._stamp(block.digest)), _ipc(frame, "uncompressed")
        if later:
            self.store.owe(self.key, head, payload)
        else:
            self.store.write(self.key, "typed", head, payload)
        return frame

    def _stamp(self, digest: str) -> msgspec.Raw:
        return msgspec.Raw(msgspec.json.encode([digest, VERSION, self.part.meaning]))


def prices(part: Part, column: str, rows: pl.DataFrame) -> pl.DataFrame:
    """What two bases differ in: prices as magnitudes, null where there is none (on a halted day it is 0)."""
    names = price_keys(part, rows)
    bare = (pl.col(name).str.strip_chars(" +-") for name in names)
    told = rows.select(column, "_day", *(pl.when(~text.is_in(["", "0"])).then(text) for text in bare))
    told = told.unique(column, keep="first", maintain_order=True)
    return told.filter(pl.any_horizontal(pl.col(names).is_not_null())) if names else told.clear()


def agree(stored: pl.DataFrame, came: pl.DataFrame, column: str) -> bool | None:
    """Whether rows that stand in both have the same prices; None where no price can be compared."""
    both = came.drop("_day").join(stored.drop("_day"), on=column, suffix="_stored")
    names = [name for name in came.columns if f"{name}_stored" in both.columns]
    same = [pl.col(name) == pl.col(f"{name}_stored") for name in names]
    verdicts = both.select(same).unpivot()["value"].drop_nulls() if same else pl.Series([], dtype=pl.Boolean)
    return None if verdicts.is_empty() else bool(verdicts.all())


def _ipc(frame: pl.DataFrame, compression: Literal["uncompressed", "zstd"]) -> bytes:
    packed = io.BytesIO()
    frame.write_ipc_stream(packed, compression=compression)
    return packed.getvalue()
