"""What was missed while a connection was down: a gap is data, not a log line."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from itertools import repeat

import polars as pl

from kiwoomdata.entries.feeds import find_feed
from kiwoomdata.kinds import KST, VENUES, split_code
from kiwoomdata.stream.lanes import Key

__all__ = ["SCHEMA", "STRETCH", "TRADE", "Gap", "Hole", "Ledger", "gap_frame", "moment"]

TRADE = find_feed("trade")
STRETCH = "_stretch"
"""The hidden column of trades that numbers the stretches between interruptions: see :class:`Ledger`."""
_MOMENT = pl.Datetime("us", "Asia/Seoul")
_UNSEEN = pl.Struct({"symbol": pl.String(), "venue": pl.Enum(VENUES), "shares": pl.Int64()})
SCHEMA: dict[str, pl.DataType] = {
    "since": _MOMENT,
    "until": _MOMENT,
    "reason": pl.String(),
    "feeds": pl.List(pl.String()),
    "symbols": pl.List(pl.String()),
    "unseen_shares": pl.Int64(),
    "filled_shares": pl.Int64(),
    "unseen": pl.List(_UNSEEN),
}
_MIXED = "_AL"
"""Items of both venues together. Whose volume of the day their trades tell is not proven, so that
nothing is counted by it."""
_NEVER = -1
FEW = 1000
"""So many trades are gone through one by one sooner than they are grouped."""


@dataclass(frozen=True)
class Gap:
    """An interruption: messages that came meanwhile were not heard, and the server does not repeat them."""

    since: datetime
    """When something was last heard before it."""
    until: datetime | None
    """When everything was registered again; None if it never was, or is not yet."""
    reason: str
    feeds: tuple[str, ...]
    symbols: tuple[str, ...]
    """The items concerned, with their venue suffix."""


def moment(microseconds: int) -> datetime:
    return datetime.fromtimestamp(microseconds / 1_000_000, KST)


@dataclass
class Hole:
    """A gap in the making, and the trades that passed unseen in it."""

    link: int
    """Which connection was down."""
    since: int
    reason: str
    feeds: tuple[str, ...]
    items: tuple[str, ...]
    marks: dict[str, int] | None = None
    """How many rows of each type had come before it; None until all that was heard before is decoded."""
    until: int | None = None
    volumes: dict[str, tuple[int, int]] = field(default_factory=dict)
    """Of each item that has traded since: the day's volume before the gap, and just before that trade."""
    filled: dict[str, int] = field(default_factory=dict)
    """Of each item: shares of trades that were fetched afterwards."""
    keys: frozenset[Key] = frozenset()
    """What was not heard; the gap ends when all of it that is still wanted is registered."""
    going_on: bool = False
    """Whether other messages come on its connection meanwhile: the server refused a part."""

    @property
    def unseen(self) -> dict[str, int]:
        """Shares that were traded in the gap, by item, in the order of registration."""
        volumes = self.volumes
        return {item: volumes[item][1] - volumes[item][0] for item in self.items if item in volumes}

    @property
    def gap(self) -> Gap:
        until = None if self.until is None else moment(self.until)
        return Gap(moment(self.since), until, self.reason, self.feeds, self.items)


class Ledger:
    """What the trades of each item tell of the trades that were not heard.

    The day's volume is told with every trade. The first trade of a stock after a gap tells, less its
    own quantity, how much was traded before it; what exceeds the volume told before went unseen. That
    is told once, of the last of several gaps that the stock did not trade between.

    An item's trades fall into *stretches*: within one nothing was lost on the way. Stretches are numbered
    over all items, and each trade keeps its number. Of each stretch is noted what the server's clock
    was known to have reached when the one before it ended, and when, by this computer's clock, the last of
    its items was registered.
    """

    def __init__(self) -> None:
        self.volumes: dict[str, int] = {}
        """The most that was told of each item's volume of the day."""
        self._day: date | None = None
        self._owed: dict[str, tuple[int, Hole]] = {}
        """Items that have not traded since a gap, and the day's volume before it."""
        self._stretches: dict[str, int] = {}
        self._base = 0
        """The stretch of the items that have none of their own."""
        self._asked: set[str] = set()
        self._heard = array("q", [_NEVER])
        self._began = array("q", [_NEVER])
        self._first = array("b", [True])

    # --- what was lost -------------------------------------------------------------------------

    def interrupt(self, items: Sequence[str] | None, heard: int | None, began: int | None = None) -> None:
        """Let a new stretch begin for ``items``, or for all: trades may be missing before it."""
        if items is None:
            self._base = self._new(heard, began, first=False)
            self._stretches.clear()
            return
        old = [item for item in items if item in self._asked]
        for some, first in ((old, False), ([item for item in items if item not in self._asked], True)):
            if some:
                self._stretches.update(zip(some, repeat(self._new(heard, began, first=first))))
                self._asked.update(some)

    def _new(self, heard: int | None, began: int | None, *, first: bool) -> int:
        self._heard.append(_NEVER if heard is None else heard)
        self._began.append(_NEVER if began is None else began)
        self._first.append(first)
        return len(self._heard) - 1

    def begin(self, items: Iterable[str], now: int) -> None:
        """These have been registered, for the stretch that they are in."""
        for number in {self.stretch(item) for item in items}:
            self._began[number] = max(self._began[number], now)

    def owe(self, hole: Hole, items: Iterable[str]) -> None:
        """Let the next trade of each of these that traded before tell what passed unseen."""
        for item in items:
            before = self._owed[item][0] if item in self._owed else self.volumes.get(item)
            if before is not None and not item.endswith(_MIXED):
                self._owed[item] = before, hole

    # --- what was told -------------------------------------------------------------------------

    def add(self, day: date, items: Sequence[str], trades: pl.DataFrame) -> list[tuple[Hole, str]]:
        """Take note of trades; the items of holes of which it is known by them what went unseen."""
        if day != self._day:
            self._day = day
            self.volumes.clear()
            self._owed.clear()
        settled = self._settle(items, trades) if self._owed else []
        known, volumes = self.volumes, trades["cumulative_volume"]
        latest: Iterable[tuple[str, int | None]]
        if len(items) < FEW:
            latest = zip(items, volumes.to_list(), strict=True)
        else:
            told = pl.DataFrame({"item": pl.Series(items, dtype=pl.String()), "volume": volumes})
            latest = told.group_by("item").agg(pl.col("volume").max()).rows()
        for item, volume in latest:
            if volume is not None and volume > known.get(item, -1):
                known[item] = volume
        return settled

    def _settle(self, items: Sequence[str], trades: pl.DataFrame) -> list[tuple[Hole, str]]:
        settled = []
        told = (trades[name].to_list() for name in ("cumulative_volume", "quantity"))
        for item, volume, quantity in zip(items, *told, strict=True):
            if item not in self._owed or volume is None or quantity is None:
                continue
            before, hole = self._owed[item]
            # A trade told twice, or late, is not the first of those after the gap.
            if volume - quantity >= before:
                hole.volumes[item] = (before, volume - quantity)
                settled.append((hole, item))
                del self._owed[item]
        return settled

    # --- for bars ------------------------------------------------------------------------------

    def stretch(self, item: str) -> int:
        return self._stretches.get(item, self._base)

    def numbers(self, items: Sequence[str]) -> pl.Series:
        """The stretch of each trade that comes now."""
        each = {item: self.stretch(item) for item in set(items)}
        if len(set(each.values())) == 1:
            return pl.Series(STRETCH, [each[items[0]]], dtype=pl.Int64()).new_from_index(0, len(items))
        return pl.Series(STRETCH, map(each.__getitem__, items), dtype=pl.Int64())

    def stretches(self) -> pl.DataFrame:
        """By number: ``heard``, what the server's clock had reached before it; ``began``; and whether it is
        the ``first`` of its items."""
        columns = {"heard": self._heard, "began": self._began, "first": self._first}
        told = pl.col("heard", "began")
        return pl.DataFrame({name: pl.Series(values) for name, values in columns.items()}).select(
            pl.when(told != _NEVER).then(told), pl.col("first").cast(pl.Boolean)
        )


def gap_frame(holes: Iterable[Hole]) -> pl.DataFrame:
    """One row for each gap, oldest first."""
    rows = []
    for hole in holes:
        unseen = [
            dict(zip(("symbol", "venue"), split_code(item) or (item, None), strict=True), shares=shares)
            for item, shares in hole.unseen.items()
        ]
        rows.append(
            {
                "since": moment(hole.since),
                "until": None if hole.until is None else moment(hole.until),
                "reason": hole.reason,
                "feeds": hole.feeds,
                "symbols": hole.items,
                "unseen_shares": sum(hole.unseen.values()) if hole.unseen else None,
                "filled_shares": sum(hole.filled.values()) if hole.filled else None,
                "unseen": unseen,
            }
        )
    return pl.DataFrame(rows, schema=SCHEMA, orient="row")
