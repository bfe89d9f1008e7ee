"""What consumers have not been given yet: new rows of each feed, and gaps where they were."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Generic, NamedTuple

from kiwoomdata.entries.feeds import FEEDS
from kiwoomdata.frames import F
from kiwoomdata.stream.gaps import Gap, Hole

if TYPE_CHECKING:
    from kiwoomdata.stream.engine import Engine

__all__ = ["Batch", "Handing"]


class Batch(NamedTuple, Generic[F]):
    """New rows of one feed."""

    feed: str
    frame: F


class Handing:
    """Remembers what was handed on of an engine's rows; its lock is the engine's."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._cursor: dict[str, int] = {}
        self._next_hole = 0
        self._going_on: list[Hole] = []  # given to the consumer before their end
        self._consumers = 0

    @contextmanager
    def consuming(self) -> Iterator[None]:
        """While this lasts, rows are kept until they are collected."""
        with self._engine.lock:
            if not self._consumers:
                for type_, store in self._engine.stores.items():
                    self._cursor[type_] = max(self._cursor.get(type_, 0), store.first_held())
            self._consumers += 1
        try:
            yield
        finally:
            with self._engine.lock:
                self._consumers -= 1

    @property
    def wanted(self) -> bool:
        """Whether anybody takes rows."""
        return self._consumers > 0

    def first_wanted(self, type_: str) -> int | None:
        """The first row of a feed that is still to be handed on; None where nobody takes any."""
        return self._cursor[type_] if self._consumers else None

    @property
    def undelivered(self) -> int:
        """Rows that an iteration has not been given yet."""
        if not self._consumers:
            return 0
        return sum(
            store.total - self._cursor.setdefault(type_, 0) for type_, store in self._engine.stores.items()
        )

    def make_room(self) -> None:
        """Leave out what a consumer who is slower than the stream does not take, where that was agreed."""
        intake = self._engine.intake
        with self._engine.lock:
            too_many = self.undelivered - intake.limit
            if too_many > 0 and intake.on_full == "drop_oldest":
                self._let_go(too_many)
        if too_many > 0 and intake.on_full == "raise":
            self._engine.no_room()

    def _let_go(self, rows: int) -> None:
        """Leave out the oldest undelivered rows, of the feed first that has most of them."""
        intake, stores = self._engine.intake, self._engine.stores.items()
        for type_, store in sorted(stores, key=lambda s: self._cursor[s[0]] - s[1].total):
            some = min(rows, store.total - self._cursor[type_])
            self._cursor[type_] += some
            intake.dropped += some
            rows -= some

    def collect(self, size: int | None, *, rest: bool) -> list[Batch | Gap]:
        """What has come since the last time: rows of each feed, and gaps where they were.

        ``size`` gives rows so many at a time, and leaves fewer for later, unless it is the ``rest``.
        """
        found: list[Batch | Gap] = []
        with self._engine.lock:
            # Of several feeds none may have so many rows, while together they leave no room for more.
            rest = rest or self.undelivered >= self._engine.intake.limit
            while self._next_hole < len(self._engine.gaps.holes):
                hole = self._engine.gaps.holes[self._next_hole]
                if hole.marks is None:
                    break  # what is decoded so far came before it
                self._collect_rows(hole.marks, size, True, found)
                if hole.until is None and not rest and not hole.going_on:
                    return found  # what came after belongs behind the gap, whose end is not known yet
                found.append(hole.gap)
                self._next_hole += 1
                if hole.until is None:
                    self._going_on.append(hole)
            over = [hole for hole in self._going_on if hole.until is not None]
            found += [hole.gap for hole in over]
            self._going_on = [hole for hole in self._going_on if hole.until is None]
            totals = {type_: store.total for type_, store in self._engine.stores.items()}
            self._collect_rows(totals, size, rest, found)
            self._engine.changed.notify_all()
        return found

    def _collect_rows(
        self, upto: Mapping[str, int], size: int | None, rest: bool, found: list[Batch | Gap]
    ) -> None:
        for type_, end in upto.items():
            store, start = self._engine.stores[type_], self._cursor.setdefault(type_, 0)
            while start < end:
                stop = end if size is None else min(end, start + size)
                if size is not None and stop - start < size and not rest:
                    break
                frame = store.between(start, stop)
                if frame.height:
                    found.append(Batch(FEEDS[type_].name, frame))
                start = stop
            self._cursor[type_] = max(start, self._cursor[type_])
