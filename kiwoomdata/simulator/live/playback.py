"""When what is sent: the market's day played to whoever listens. Pure: the time is an argument."""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from itertools import count
from typing import NamedTuple

from kiwoomdata.simulator.live.feeds import Channel, Feeds, Occurrence
from kiwoomdata.simulator.market.market import Market
from kiwoomdata.simulator.switches import Pace, check_pace

__all__ = ["Playback"]

_BEFORE, _AFTER = 1_860, 60
"""Seconds before the open at which a day begins that follows another, at the earliest; and after the close
for which a day goes on, at least."""
_TOGETHER = 10  # entries of a frame at most, of those that fall into the same second


class _Next(NamedTuple):
    """The next event of a channel; sorts by what comes first."""

    second: int
    rank: int
    order: int
    event: Occurrence
    later: Iterator[Occurrence]


class Playback:
    """The day, from when somebody listens.

    At a number as pace it begins at the open and goes on by the clock, whatever is listened to, also while
    nobody listens: who comes late, or again, has missed what was. At ``"max"`` it begins with the first
    event of all, goes on as it is taken, and waits while nobody listens. At 0 it stands still; whoever
    listens before it goes on hears all of it.
    """

    def __init__(self, feeds: Feeds, pace: Pace) -> None:
        check_pace(pace)
        self._feeds, self._pace = feeds, pace
        self._now = feeds.market.now
        self._opens = self._begin = feeds.hours[0]
        self._wanted: dict[Channel, int | None] = {}
        self._queue: list[_Next] = []
        self._work: deque[Channel | Callable[[], object]] = deque()
        self._order = count()
        self._sent = -1  # the last second of the day that was taken
        self._base: tuple[float, float] | None = None  # a second of the day, and when it was
        self._burst = 0

    # --- what it is --------------------------------------------------------------------------

    @property
    def pace(self) -> Pace:
        return self._pace

    def set_pace(self, pace: Pace, now: float) -> None:
        check_pace(pace)
        if self._base is not None:
            self._base = self.moment(now), now
        elif self._queue and not (isinstance(pace, str) or not pace):
            self._base = self._queue[0].second, now
        self._pace = pace

    @property
    def begun(self) -> bool:
        return self._base is not None

    @property
    def position(self) -> int:
        """The second since which what begins now has to be told; at first, the end of the first minute."""
        return self._sent if self.begun else self._opens + 60

    @property
    def finished(self) -> bool:
        """Whether nothing is left of what is listened to."""
        return not self._queue and not self._work and self._now == self._feeds.market.now

    def moment(self, now: float) -> float:
        """Where the day stands."""
        if self._base is None:
            return self._sent if self._stands else max(self._sent, self._begin - 1)
        second, since = self._base
        passed = 0.0 if isinstance(self._pace, str) else (now - since) * self._pace
        return max(self._sent, second + passed)

    @property
    def _stands(self) -> bool:
        """Whether the clock moves nothing."""
        return isinstance(self._pace, str) or not self._pace

    def over(self, now: float) -> bool:
        """Whether the day has been told to those who listen, and to all others who might have."""
        if self._queue or self._work or not self._wanted or not self._feeds.closed:
            return False  # a market that stands still before the close waits to be moved on
        if self._pace == "max":
            return self._sent >= 0
        return self.begun and self.moment(now) > self._feeds.hours[1] + _AFTER

    # --- who listens -------------------------------------------------------------------------

    def listen(self, wanted: Mapping[Channel, int | None]) -> None:
        """From now on these channels are listened to, each since a second of the day (None: this one)."""
        new = [channel for channel in wanted if channel not in self._wanted]
        self._wanted = dict(wanted)
        self._queue = [each for each in self._queue if each.event.channel in self._wanted]
        heapq.heapify(self._queue)
        self._prepare(new)

    def _prepare(self, channels: list[Channel]) -> None:
        for channel in channels:
            self._work.extend(self._feeds.drawing(channel))
        self._work.extend(channels)

    def drawing(self, now: float) -> Callable[[], object] | None:
        """Work that takes time and is to be done before more is told. Channels that need no more begin."""
        while self._work:
            one = self._work.popleft()
            if not isinstance(one, Channel):
                return one
            self._add(one, now)
        if self._base is None and self._wanted and not self._stands:
            first = self._queue[0].second if self._queue else self._opens
            self._base = max(self._sent, min(first, self._opens)), now
        return None

    def _add(self, channel: Channel, now: float) -> None:
        if channel in self._wanted and all(each.event.channel != channel for each in self._queue):
            since = self._wanted[channel]
            self._push(self._feeds.events(channel, int(self.moment(now)) if since is None else since))

    def _push(self, events: Iterator[Occurrence], order: int | None = None) -> None:
        event = next(events, None)
        if event is not None:
            order = next(self._order) if order is None else order
            heapq.heappush(self._queue, _Next(event.second, event.rank, order, event, events))

    def _again(self) -> None:
        self._queue, self._wanted, self._burst = [], dict.fromkeys(self._wanted), 0
        self._work.clear()
        self._prepare(list(self._wanted))

    def rewind(self) -> None:
        """The day begins again."""
        self._sent, self._base, self._begin = -1, None, self._opens
        self._again()

    def turn(self, market: Market) -> None:
        """Go on with another day."""
        self._feeds.turn(market)
        self._now = market.now
        self._opens = self._feeds.hours[0]
        self.rewind()
        self._begin = self._opens - _BEFORE

    def skip(self, passed: float, now: float) -> None:
        """Let time go by unseen; before the day has begun, from the open on."""
        self._sent = int((self.moment(now) if self.begun else self._opens) + passed)
        self._base = self._sent, now
        self._again()

    def follow(self) -> None:
        """Take in that the market's moment was moved."""
        if self._now != self._feeds.market.now:
            self._now = self._feeds.market.now
            self._feeds.forget()
            self._again()

    # --- what is next ------------------------------------------------------------------------

    @property
    def waits_for_work(self) -> bool:
        """Whether all work goes before any event: what is registered together begins together."""
        return bool(self._work) and (self._pace == "max" or not self.begun)

    def burst(self, frames: int) -> None:
        """Let so many frames come at once."""
        self._burst += frames

    def wait(self, now: float) -> float | None:
        """Seconds until something is due; None where that cannot be said."""
        if not self._queue or self.waits_for_work:
            return None
        if self._burst or isinstance(self._pace, str):
            return 0.0
        if not self._pace:
            return None
        second, since = self._base or (self._queue[0].second, now)
        return max(0.0, since + (self._queue[0].second - second) / self._pace - now)

    def take(self, now: float) -> list[list[Occurrence]]:
        """The events of the next second, as they go into frames."""
        second = self._queue[0].second
        ahead = second > self.moment(now)
        events = []
        while self._queue and self._queue[0].second == second:
            events.append(self._pop())
        self._sent = second
        if self._base is None or ahead:
            self._base = second, now
        frames = [events[at : at + _TOGETHER] for at in range(0, len(events), _TOGETHER)]
        self._burst = max(0, self._burst - len(frames))
        return frames

    def more(self, entries: int) -> list[Occurrence]:
        """So many of the next events, whenever they are due."""
        events: list[Occurrence] = []
        while self._queue and len(events) < entries:
            events.append(self._pop())
        self._sent = max([self._sent, *(event.second for event in events)])
        return events

    def _pop(self) -> Occurrence:
        first = heapq.heappop(self._queue)
        self._push(first.later, first.order)
        return first.event
