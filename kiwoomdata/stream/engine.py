"""Between the connections and the frames: what arrived is decoded, kept, and handed on in order.

Decoding has a thread of its own, so that reading the socket never waits for it. Whoever asks for a
frame decodes what waits at that moment himself, so that a row is seen as soon as it is asked for.
"""

from __future__ import annotations

import logging
import threading
import time
from asyncio import CancelledError
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack, suppress
from datetime import date, datetime
from functools import partial
from itertools import pairwise
from typing import Any, Protocol

import polars as pl

from kiwoomdata import errors
from kiwoomdata.entries.feeds import CONDITION_EVENT, FEEDS, Feed
from kiwoomdata.kinds import Trouble
from kiwoomdata.masking import brief
from kiwoomdata.stream import bars, events
from kiwoomdata.stream.backfill import Backfill
from kiwoomdata.stream.decode import left_out, read_ticks, schema
from kiwoomdata.stream.failures import ENDING
from kiwoomdata.stream.gaps import STRETCH, TRADE, moment
from kiwoomdata.stream.handing import Handing
from kiwoomdata.stream.intake import Intake, Messages, OnFull, open_frames
from kiwoomdata.stream.interruptions import Interruptions
from kiwoomdata.stream.link import Link, Listener, detach
from kiwoomdata.stream.memory import give_back
from kiwoomdata.stream.rolling import Rolling, Window
from kiwoomdata.stream.session import LIMITS
from kiwoomdata.stream.spread import overfull, spread_items
from kiwoomdata.stream.stats import Stats

__all__ = ["Engine", "Sink"]

DECODED_AT_ONCE = 10_000
FLUSH = 0.25
"""Seconds after which rows are decoded though nobody asked. Measured 2026-11-27: a batch of forty columns
takes 2 ms however few its rows are."""
_RATED = 10.0  # seconds over which the rate is told
BOOK = "0D"
"""The type whose last message of each item is kept."""
_SUFFIXES = {"krx": "", "nxt": "_NX", "all": "_AL"}

log = logging.getLogger(__name__)


class Sink(Protocol):
    """Where messages are recorded: :class:`kiwoomdata.recording.record.Recorder`, or the like."""

    def add(self, type: str, item: str, values: bytes, received: int, /) -> None: ...


class Engine(Listener):
    """Takes from its links, and keeps a rolling frame for each feed."""

    def __init__(
        self,
        feeds: Mapping[str, tuple[str, ...] | None],
        window: Window,
        *,
        now: Callable[[], datetime],
        day: Callable[[datetime], date],
        limit: int,
        on_full: OnFull,
        sink: Sink | None = None,
    ) -> None:
        self.session_day = day
        self.gaps = Interruptions(self)
        self.intake = Intake(limit, on_full, self.no_room, self.gaps.lost)
        self.columns = dict(feeds)
        self.window = window
        self.stores: dict[str, Rolling] = {}
        self.books: dict[str, tuple[bytes, int]] = {}
        """The latest order book of each item, and when it came."""
        self.links: tuple[Link, ...] = ()
        self.backfill: Backfill | None = None
        self.error: BaseException | None = None
        self.ended = False
        self.version = 0
        """Grows with whatever happens."""
        self.rings: set[Callable[[], None]] = set()
        """Called at whatever happens."""
        self.news: deque[tuple[int, Exception]] = deque(maxlen=100)
        """Refused registrations, and warnings, numbered from 1: who consumes is told each once."""
        self._told = 0
        self.lock = threading.RLock()
        self.changed = threading.Condition(self.lock)
        self._seen = events.Counts()
        self._unasked = self._skipped = self._bad_cells = 0
        self._complained: set[tuple[str, str]] = set()
        self.handing = Handing(self)
        self.came: dict[str, int] = {}
        self._replayed = False
        """Whether a recording is served, whose time it is then."""
        self._rates: deque[tuple[float, int]] = deque([(time.monotonic(), 0)], maxlen=int(_RATED / FLUSH))
        self._now = now
        self._sink = sink
        self._anchor()
        for type_ in feeds:
            self.add_feed(FEEDS[type_])
        self._thread = threading.Thread(target=self._run, name="kiwoomdata-decode", daemon=True)
        self._thread.start()

    def add_feed(self, feed: Feed) -> None:
        with self.lock:
            if feed.type in self.stores:
                return
            shown, hidden = self.columns.get(feed.type), dict[str, pl.DataType]()
            if feed is TRADE:  # bars are made whatever is shown
                every = schema(feed)
                kept = every if shown is None else shown
                hidden = {name: every[name] for name in bars.NEEDED if name not in kept}
                if shown is not None:
                    self.columns[feed.type] = (*shown, *hidden)
                hidden[STRETCH] = bars.STRETCH
            self.stores[feed.type] = Rolling(schema(feed, shown) | hidden, self.window, hidden)

    # --- what the links tell -------------------------------------------------------------------

    def on_event(self, event: events.Event) -> None:
        if isinstance(event, events.RegistrationRefused):
            if event.trnm == "REG":
                self.gaps.go_on_without(event)
            moved = self._move(event)
            self.tell(errors.KiwoomDataWarning(moved) if moved else errors.StreamError(event.message))
        elif isinstance(event, events.LoggedIn):
            if event.recorded_at:
                self._follow(event.recorded_at)
        elif isinstance(event, events.Registered | events.Removed):
            self.gaps.answer(event)
        elif isinstance(event, events.System) and event.code not in ENDING:
            self.tell(errors.KiwoomDataWarning(f"the server says {event.code}: {event.message}"))

    def on_up(self, link: Link) -> None:
        self.gaps.end()

    def on_down(self, link: Link, reason: str, heard: float) -> None:
        since = self.intake.now() - round(heard * 1_000_000)
        with link.lock:
            keys = link.session.wanted
        self.gaps.open(link, since, reason, keys)

    def on_failed(self, link: Link, error: Exception) -> None:
        self.fail(error)

    def no_room(self) -> None:
        limit = self.intake.limit
        self.fail(
            errors.BufferFull(
                f"buffer: {limit:,} messages wait to be read, and on_full='raise' asked to be told. Read "
                "faster, give a larger buffer=, ask for fewer columns=, or choose another on_full"
            )
        )

    def fail(self, error: BaseException) -> None:
        """End for good; the user is told at the next call."""
        if isinstance(error, CancelledError | GeneratorExit):  # raised elsewhere they would say another thing
            cause, error = error, errors.StreamError(f"the stream was ended by {type(error).__name__}")
            error.__cause__ = cause
        with self.lock:
            self.error = self.error or error
            self.ended = True
            self.intake.close()
            self.notify()
        self.release(wait=False)

    def release(self, *, wait: bool) -> None:
        """Leave the links, and end those that nobody else listens to."""
        for link in self.links:
            detach(link, self, self.intake.put, wait=wait)

    def tell(self, news: Exception) -> None:
        with self.lock:
            self._told += 1
            self.news.append((self._told, news))
            self.notify()

    def notify(self) -> None:
        self.version += 1
        self.changed.notify_all()
        for ring in tuple(self.rings):
            with suppress(RuntimeError):  # its event loop has been closed
                ring()

    # --- what is registered ----------------------------------------------------------------------

    def subscribe(self, items: Mapping[str, Sequence[str]]) -> None:
        """Register items for each type, all of them or, where there is no room, none."""
        with ExitStack() as locked:
            for link in self.links:
                locked.enter_context(link.lock)
            spread = spread_items([link.session for link in self.links], items)
            for n, (link, mine) in enumerate(zip(self.links, spread, strict=True)):
                traded = {item for _, item, type_ in link.session.wanted if type_ == TRADE.type}
                for types, some in mine:
                    self.gaps.ask(some, n)
                    link.session.subscribe(some, types)
                    new = [item for item in some if item not in traded]
                    if new and TRADE.type in types:
                        self.intake.note(partial(self.gaps.interrupt, new))
        for link in self.links:
            link.send()

    def _move(self, refused: events.RegistrationRefused) -> str:
        """Register on another connection what the server has no room for on its own, where all of it fits."""
        if refused.code not in LIMITS:
            return ""
        with ExitStack() as locked:
            for link in self.links:
                locked.enter_context(link.lock)
            sessions = [link.session for link in self.links]
            home = next((each for each in sessions if {*each.refused} & {*refused.keys}), sessions[0])
            for each in sessions:  # the server's limit is that of any connection
                each.max_items = min(each.max_items, home.max_items)
            keys = overfull(sessions, home)
            if not keys:
                return ""
            for group, item, type_ in keys:
                home.unsubscribe([item], [type_], group)
            items: dict[str, list[str]] = {}
            for _, item, type_ in keys:
                items.setdefault(type_, []).append(item)
            self.subscribe(items)
        many = len({item for _, item, _ in keys})
        return f"the server takes {home.max_items} items on a connection: {many} went to another one"

    def unsubscribe(self, items: Mapping[str, Sequence[str]]) -> None:
        for link in self.links:
            with link.lock:
                for type_, some in items.items():
                    link.session.unsubscribe(some, [type_])
            link.send()
        self.gaps.end()

    # --- decoding ------------------------------------------------------------------------------

    def _run(self) -> None:
        intake, burst = self.intake, False
        while not self.ended:
            intake.wake.wait(FLUSH)
            intake.wake.clear()
            burst = burst or len(intake) >= DECODED_AT_ONCE
            intake.alarm = min(DECODED_AT_ONCE, intake.limit) - 1
            try:
                self._anchor()
                self.handing.make_room()
                self.flush()
                with self.lock:
                    for type_, store in self.stores.items():
                        store.tidy(intake.now(), self.handing.first_wanted(type_))
                    self._rates.append((time.monotonic(), self._received))
                    self.notify()
                if burst and len(intake) < DECODED_AT_ONCE:
                    burst = False
                    give_back()
            except BaseException as error:  # a recorder of the user's own may raise anything
                log.exception("the decoding thread ends")
                self.fail(error)
        with self.lock:
            self.flush()
            self.notify()

    def _anchor(self) -> None:
        """Keep to the clock that the client was given, which may be a simulated one."""
        if self._replayed:
            return
        drift = round(self._now().timestamp() * 1_000_000) - time.time_ns() // 1000
        if abs(drift - self.intake.offset) > 50_000:
            self.intake.offset = 0 if abs(drift) < 50_000 else drift

    def _follow(self, recorded_at: int) -> None:
        """Let it be the time at which what is served was recorded."""
        self._replayed = True
        self.intake.offset = recorded_at - time.time_ns() // 1000

    def expect(self, rows: int) -> None:
        """Let the next ``rows`` be decoded as soon as they are there."""
        self.intake.alarm = min(self.intake.alarm, max(0, rows - 1))
        if len(self.intake) > self.intake.alarm:
            self.intake.wake.set()

    def flush(self) -> None:
        """Decode what waits at this moment, as far as there is room for the rows."""
        most = len(self.intake)
        while most > 0:
            with self.lock:
                some = min(most, DECODED_AT_ONCE, self._room())
                taken = self.intake.take(some) if some > 0 else []
                if not taken:
                    return
                most -= some
                frames: list[tuple[int, Any]] = []
                for entry in taken:
                    if callable(entry[1]):
                        self._open_and_keep(frames)
                        frames = []
                        entry[1]()
                    else:
                        frames.append(entry)
                self._open_and_keep(frames)

    def _room(self) -> int:
        """How many messages may be decoded now: while a consumer is behind, a stream that is to block waits
        for him, whoever asks."""
        if self.intake.on_full != "block" or self.ended:
            return DECODED_AT_ONCE
        return self.intake.limit - self.handing.undelivered if self.handing.wanted else DECODED_AT_ONCE

    def _open_and_keep(self, frames: Sequence[tuple[int, Any]]) -> None:
        messages, unread = open_frames(frames, self._seen)
        if self._seen.recorded_at:
            self._follow(self._seen.recorded_at)
        places = sorted({0, *unread, len(messages.types)})
        for start, end in pairwise(places):
            if start in unread:
                self.gaps.lost()
            part = messages.part(start, end)
            for each in part.by_day() if self._replayed else [part]:
                if self._replayed and each.received:
                    self.gaps.turn(moment(each.received[0]).date())
                self._keep(each)
        if places[-1] in unread:
            self.gaps.lost()

    def _keep(self, messages: Messages) -> None:
        if self._sink is not None:
            failure = None
            for message in zip(*messages, strict=True):
                try:
                    self._sink.add(*message)
                except Exception as error:  # a disk that is full is no reason to stop listening
                    failure = failure or error
            if failure is not None:
                self.tell(failure)
        for type_, part in messages.by_type().items():
            if type_ in self.stores:
                self._add(FEEDS[type_], part)
            elif type_ != CONDITION_EVENT.type:  # its events go to those who follow them: see Link.heard
                self._unasked += len(part.types)

    def _add(self, feed: Feed, part: Messages) -> None:
        day = self.session_day(moment(part.received[0]))
        columns = self.columns.get(feed.type)
        frame, troubles = read_ticks(feed, part.items, part.values, part.received, day, columns=columns)
        items: Sequence[str] = part.items
        if frame.height < len(items):
            suffix = pl.col("venue").cast(pl.String).replace(_SUFFIXES).fill_null("")
            items = frame.select(pl.col("symbol").fill_null("") + suffix).to_series().to_list()
            self._skipped += len(part.types) - frame.height
        self.came[feed.type] = part.received[-1]
        if feed.type == BOOK:
            self.books.update(zip(part.items, zip(part.values, part.received, strict=True), strict=True))
        if feed is TRADE and frame.height:
            frame = frame.with_columns(self.gaps.ledger.numbers(items))
            for hole, item in self.gaps.ledger.add(day, items, frame):
                if self.backfill is not None and hole.unseen[item]:
                    self.backfill.ask(hole, item)
        self.stores[feed.type].add(frame)
        self.gaps.tell_time(items, frame["time"].to_physical())
        self._miss(feed, [trouble for trouble in troubles if trouble.absent])
        for trouble in troubles:
            if not trouble.absent:
                self._complain(feed, trouble)

    def _miss(self, feed: Feed, absent: Sequence[Trouble]) -> None:
        """Tell each FID that the server stopped sending once."""
        new = [trouble for trouble in absent if (feed.name, trouble.text) not in self._complained]
        if new:
            self._complained.update((feed.name, trouble.text) for trouble in new)
            self.tell(errors.MissingKey(left_out(feed, [(each.text, each.column) for each in new])))

    def _complain(self, feed: Feed, trouble: Trouble) -> None:
        self._bad_cells += trouble.rows if trouble.column else 0
        where = (feed.name, trouble.column)
        if where in self._complained:
            return
        self._complained.add(where)
        kind = errors.UnprovenValue if trouble.unproven else errors.KiwoomDataWarning
        column = f"{feed.name}.{trouble.column}" if trouble.column else feed.name
        became = "became null" if trouble.column else "was left out"
        shown = brief(trouble.text)
        text = f"{column}: {shown!r} is not {trouble.kind.expected} and {became}; others are counted"
        self.tell(kind(text))

    # --- the end, and what it was like ---------------------------------------------------------

    @property
    def _received(self) -> int:
        return self._seen.items + self.intake.dropped

    def close(self) -> None:
        """Stop decoding, after what has arrived."""
        self.intake.close()
        with self.lock:
            self.ended = True
            self.flush()
            self.notify()
        if self.backfill is not None:
            self.backfill.close()
        if self._thread is not threading.current_thread():
            self._thread.join(10)

    def stats(self) -> Stats:
        unregistered = 0
        for link in self.links:
            with link.lock:
                unregistered += len(
                    set(link.session.wanted) - set(link.session.registered if link.up else ())
                )
        with self.lock:
            began, before = self._rates[0]
            passed = time.monotonic() - began
            oldest, now = self.intake.oldest, self.intake.now()
            sessions = [link.session.stats for link in self.links]
            return Stats(
                connected=bool(self.links)
                and all(link.up and not link.session.refused for link in self.links),
                unregistered=unregistered,
                received=self._received,
                decoded=sum(store.total for store in self.stores.values()),
                waiting=len(self.intake),
                dropped=self.intake.dropped,
                unknown=self._unasked + sum(stats.unknown + stats.stray for stats in sessions),
                broken=self._seen.broken + self._skipped + sum(stats.broken for stats in sessions),
                bad_cells=self._bad_cells,
                reconnects=sum(link.reconnects for link in self.links),
                gaps=len(self.gaps.holes),
                rate=(self._received - before) / passed if passed > 0 else 0.0,
                lag=0.0 if oldest is None else max(0.0, (now - oldest) / 1_000_000),
                age={
                    FEEDS[type_].name: max(0.0, (now - self.came[type_]) / 1_000_000)
                    if type_ in self.came
                    else None
                    for type_ in self.stores
                },
            )
