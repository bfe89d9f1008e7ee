"""What was missed while a connection was down: a gap is data, not a log line."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

import msgspec
import polars as pl

from kiwoomdata.entries.feeds import find_feed
from kiwoomdata.kinds import KST, MAGNITUDE, QUANTITY, VENUES, split_code
from kiwoomdata.stream.events import UNREADABLE
from kiwoomdata.stream.lanes import Key

__all__ = ["SCHEMA", "Gap", "Hole", "gap_frame"]

TRADE = find_feed("trade")
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
    """A gap in the making, and the trades that passed unseen in it.

    The day's volume is told with every trade. The first trade of a stock after the gap tells, less its
    own quantity, how much was traded before it; what exceeds the volume told before the gap went unseen.
    """

    link: int
    """Which connection was down."""
    since: int
    reason: str
    feeds: tuple[str, ...]
    items: tuple[str, ...]
    marks: dict[str, int]
    """How many rows of each type had come before it."""
    before: dict[str, tuple[int, int]] = field(default_factory=dict)
    """Of each item that traded before: the day's volume, and when it was told."""
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
    def doubt(self) -> Gap:
        """The gap of those items alone of which trades are missing, for all that is known."""
        whole = {item for item, shares in self.unseen.items() if shares == self.filled.get(item, 0)}
        return replace(self.gap, symbols=tuple(item for item in self.items if item not in whole))

    @property
    def gap(self) -> Gap:
        until = None if self.until is None else moment(self.until)
        return Gap(moment(self.since), until, self.reason, self.feeds, self.items)

    def remember(self, latest: Mapping[str, tuple[bytes, int]]) -> None:
        """Note the volumes told before, of ``latest`` trades by item."""
        for item in self.items:
            if item in latest:
                values, received = latest[item]
                volume, _ = _volumes(values)
                if volume is not None:
                    self.before[item] = (volume, received)

    def look(self, items: Sequence[str], values: Sequence[bytes], received: Sequence[int]) -> list[str]:
        """Settle the items whose first trades after the gap are among these, and name them."""
        settled: list[str] = []
        if not self.before:
            return settled
        for item in self.before.keys() & set(items):
            volume_before, told = self.before[item]
            for at, name in enumerate(items):
                if name != item:
                    continue
                if moment(received[at]).date() != moment(told).date():
                    del self.before[item]
                    break
                volume, quantity = _volumes(values[at])
                # A trade told twice, or late, is not the first of those after the gap.
                if volume is None or quantity is None or volume - quantity < volume_before:
                    continue
                self.volumes[item] = (volume_before, volume - quantity)
                settled.append(item)
                del self.before[item]
                break
        return settled


_FIDS = {column.name: column.key for column in TRADE.columns}


class _Trade(msgspec.Struct):
    volume: str | None = msgspec.field(name=_FIDS["cumulative_volume"], default=None)
    quantity: str | None = msgspec.field(name=_FIDS["quantity"], default=None)


_decode = msgspec.json.Decoder(_Trade).decode


def _volumes(values: bytes) -> tuple[int | None, int | None]:
    """The day's volume and the trade's own, as a trade's message tells them."""
    try:
        trade = _decode(values)
        if trade.volume is None or trade.quantity is None:
            return None, None
        return QUANTITY.parse(trade.volume.strip()), MAGNITUDE.parse(trade.quantity.strip())
    except (*UNREADABLE, ValueError):
        return None, None


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
