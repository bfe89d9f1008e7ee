"""What was interrupted, on which connection and for which items, and what that means for their trades."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from datetime import time as time_of_day
from functools import partial
from typing import TYPE_CHECKING, Any

import polars as pl

from kiwoomdata.calendar import HOURS_SINCE, session_hours
from kiwoomdata.entries.feeds import FEEDS
from kiwoomdata.kinds import split_code
from kiwoomdata.stream import bars, events
from kiwoomdata.stream.gaps import TRADE, Hole, Ledger, moment
from kiwoomdata.stream.lanes import Key
from kiwoomdata.stream.link import Link

if TYPE_CHECKING:
    from kiwoomdata.stream.engine import Engine

__all__ = ["Interruptions"]


class Interruptions:
    """The gaps of a stream. Noted at their place between the messages, so that what was heard before one
    is decoded before it, however long that waits."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self.holes: list[Hole] = []
        self.ledger = Ledger()
        self._homes: dict[str, int] = {}
        self._clocks: dict[int, int] = {}
        self._recorded_day: date | None = None

    def ask(self, items: Sequence[str], link: int) -> None:
        """These are asked for on a connection."""
        self._homes.update(dict.fromkeys(items, link))

    def answer(self, event: events.Registered | events.Removed) -> None:
        if TRADE.type in event.types:
            granted = partial(self.ledger.begin, event.items, self._engine.intake.now())
            dropped = partial(self.interrupt, event.items)
            self._engine.intake.note(granted if isinstance(event, events.Registered) else dropped)
        self.end()

    def open(self, link: Link, since: int, reason: str, keys: Iterable[Key]) -> Hole:
        feeds = dict.fromkeys(FEEDS[type_].name for _, _, type_ in keys if type_ in FEEDS)
        items = dict.fromkeys(item for _, item, _ in keys if item)
        hole = Hole(id(link), since, reason, tuple(feeds), tuple(items), keys=frozenset(keys))
        self.holes.append(hole)
        self._engine.intake.note(partial(self._place, hole))
        return hole

    def _place(self, hole: Hole) -> None:
        """All that was heard before a gap has been decoded."""
        hole.marks = {type_: store.total for type_, store in self._engine.stores.items()}
        if len(self._engine.links) == 1:
            hole.since = max(hole.since, *self._engine.came.values(), 0)
        traded = list(dict.fromkeys(item for _, item, type_ in hole.keys if type_ == TRADE.type))
        self.interrupt(traded)
        self.ledger.owe(hole, traded)
        self._engine.notify()

    def go_on_without(self, event: events.RegistrationRefused) -> None:
        """What was refused is a gap, which ends when it is granted after all; the rest is heard meanwhile."""
        if TRADE.type in event.types:
            self._engine.intake.note(partial(self.interrupt, event.items))
        keys = {*event.keys}
        reason = f"the registration was refused with {event.code}"
        wanted: list[tuple[Link, list[Key]]] = []
        for link in self._engine.links:
            with link.lock:
                wanted.append((link, link.session.wanted))
        with self._engine.lock:
            for hole in self.holes:
                if hole.until is None and hole.keys & keys:
                    hole.going_on, hole.reason = True, f"{hole.reason}; {reason}"
                    keys = keys - hole.keys
            for link, each in wanted:
                if mine := [key for key in each if key in keys]:
                    self.open(link, self._engine.intake.now(), reason, mine).going_on = True
            self._engine.notify()

    def end(self) -> None:
        """Gaps end when all that they are about is registered, or no longer wanted."""
        up, missing = set(), set[Key]()
        for link in self._engine.links:
            with link.lock:
                if link.up:
                    up.add(id(link))
                    missing |= set(link.session.wanted) - set(link.session.registered)
        with self._engine.lock:
            now = self._engine.intake.now()
            for hole in self.holes:
                if hole.until is None and hole.link in up and not hole.keys & missing:
                    hole.until = now
            self._engine.notify()

    def interrupt(self, items: Sequence[str]) -> None:
        """Trades of these may be missing between those that came and those that will."""
        for link in {self._homes.get(item, 0) for item in items}:
            here = [item for item in items if self._homes.get(item, 0) == link]
            self.ledger.interrupt(here, self._clocks.get(link))

    def lost(self) -> None:
        """Messages were let go, or could not be read, of whatever item."""
        heard = min((self._clocks.get(n, -1) for n in range(len(self._engine.links))), default=-1)
        self.ledger.interrupt(None, None if heard < 0 else heard, self._engine.intake.now())

    def turn(self, day: date) -> None:
        """A day of a recording may end before its close, and the next one begin after its open."""
        before, self._recorded_day = self._recorded_day, day
        if before in (None, day):
            return
        heard = min((self._clocks.get(n, -1) for n in range(len(self._engine.links))), default=-1)
        late = any(item.endswith(("_NX", "_AL")) for item in self._homes)
        hours = session_hours(before) if before is not None and before >= HOURS_SINCE else None
        close = time_of_day(20) if late else hours[1] if hours else time_of_day.max
        if heard >= 0 and moment(heard).time() >= close:
            heard += 86_400_000_000  # it was heard to its end
        self.ledger.interrupt(None, None if heard < 0 else heard, self._engine.intake.now())

    # --- for bars ---

    def tell_time(self, items: Sequence[str], told: pl.Series) -> None:
        """Note what the server's clock has reached, as each connection tells it."""
        latest: Iterable[tuple[int, Any]] = [(0, told.max())]
        if len(self._engine.links) > 1:
            homes = [self._homes.get(item, 0) for item in items]
            latest = (
                pl.DataFrame({"home": homes, "told": told}).group_by("home").agg(pl.col("told").max()).rows()
            )
        for link, clock in latest:
            if clock is not None:
                self._clocks[link] = max(clock, self._clocks.get(link, clock))

    def items(self) -> pl.DataFrame:
        """Of each item that was asked for: in which stretch its trades are now, and what the server's clock
        was last told to be where it is registered."""
        rows = [
            (*(split_code(item) or (item or None, None)), self.ledger.stretch(item), self._clocks.get(home))
            for item, home in self._homes.items()
        ]
        return pl.DataFrame(rows, schema=bars.ITEMS, orient="row")
