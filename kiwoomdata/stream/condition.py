"""Asking about conditions over a live connection, and the stream of who meets one."""

from __future__ import annotations

import os
import threading
import time
import warnings
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from types import TracebackType
from typing import TYPE_CHECKING, Generic, Self

import polars as pl

from kiwoomdata import forks
from kiwoomdata.entries.condition import LIST, STREAM, ConditionCall
from kiwoomdata.entries.feeds import CONDITION_EVENT
from kiwoomdata.errors import ApiError, KiwoomDataWarning, NoAnswer, StreamError
from kiwoomdata.frames import F
from kiwoomdata.kinds import VENUES, split_code
from kiwoomdata.stream.decode import read_ticks
from kiwoomdata.stream.events import (
    ConditionBusy,
    ConditionCleared,
    ConditionList,
    ConditionPage,
    ConditionRefused,
    ConditionUnreadable,
    Event,
    Real,
    Silence,
)
from kiwoomdata.stream.gaps import Hole, gap_frame, moment
from kiwoomdata.stream.link import CLEARING, Link, Listener, attach, detach

if TYPE_CHECKING:
    from kiwoomdata.client import Client

__all__ = ["Asker", "ConditionStream", "as_text", "not_live_here", "which"]

MOST_TRIES = 3
"""How often a condition that is live elsewhere is cleared and asked for again."""
SETTLE = 2.0
"""Seconds between clearing a condition a second time and asking again: others found it too soon before."""
GOODBYE = 1.0
"""Seconds that clearing may take when a stream is stopped."""

_MOMENT = pl.Datetime("us", "Asia/Seoul")
_WHICH: dict[str, pl.DataType] = {"symbol": pl.String(), "venue": pl.Enum(VENUES)}
_EVENT_KINDS = {column.name: column.kind.dtype for column in CONDITION_EVENT.columns}
EVENTS: dict[str, pl.DataType] = {
    "time": _MOMENT,
    "received_at": _MOMENT,
    "seq": pl.String(),
    **_WHICH,
    "action": _EVENT_KINDS["event"],
    "side": _EVENT_KINDS["side"],
}
"""The columns of a frame of events."""
MEMBERS: dict[str, pl.DataType] = {**_WHICH, "since": _MOMENT}

_WHY = (
    "Conditions are made in the vendor's program 영웅문4 and seen from the next login on; kd.conditions() "
    "lists those of this account. The server keeps silent about one that it does not know."
)


class Asker(Listener):
    """Someone who asks about conditions over the connection of his key, shared or of his own."""

    @classmethod
    @contextmanager
    def asking(cls, client: Client, timeout: float) -> Iterator[Asker]:
        asker = cls(client, timeout)
        try:
            asker.link.start()
            yield asker
        finally:
            detach(asker.link, asker)

    def __init__(self, client: Client, timeout: float) -> None:
        forks.check()
        if not timeout > 0:
            raise ValueError(f"timeout: expected seconds above 0, got {timeout!r}")
        self.client = client
        self.timeout = timeout
        self.error: Exception | None = None
        self.changed = threading.Condition()
        self.heard: list[Event] = []
        self.link: Link = attach(client, self)

    def on_event(self, event: Event) -> None:
        with self.changed:
            self.heard.append(event)
            self.changed.notify_all()

    def on_failed(self, link: Link, error: Exception) -> None:
        with self.changed:
            self.error = error
            self.changed.notify_all()

    def answer(self, call: ConditionCall, seq: str = "") -> Event:
        """The next event that answers, or is a reason not to expect an answer.

        The time in which the server clears the session before is not counted, up to ``CLEARING`` seconds.
        """
        first = began = time.monotonic()
        with self.changed:
            while True:
                while self.heard:
                    event = self.heard.pop(0)
                    if isinstance(event, ConditionRefused) and event.seq == seq:
                        raise refused(call, event)
                    if isinstance(event, Silence) and (event.trnm, event.seq) == (call.trnm, seq):
                        raise self.silence(call, event.seconds)
                    if isinstance(event, ConditionUnreadable) and (event.trnm, event.seq) == (call.trnm, seq):
                        raise unreadable(call)
                    if _answers(event, call, seq):
                        return event
                if self.error is not None:
                    raise self.error.with_traceback(None)
                now = time.monotonic()
                if self.link.clearing and now - first < CLEARING:
                    began = now
                if now - began >= self.timeout:
                    raise self.silence(call, self.timeout)
                self.changed.wait(min(1.0, began + self.timeout - now))

    def page(
        self, call: ConditionCall, seq: str, exchange: str, cont_yn: str = "N", next_key: str = ""
    ) -> ConditionPage:
        """Search, and again after clearing where the condition is live already (900003)."""
        kind = int(call.fixed["search_type"])
        for attempt in range(MOST_TRIES):
            self.link.ask(lambda session: session.search(seq, kind, exchange, cont_yn, next_key))
            event = self.answer(call, seq)
            if isinstance(event, ConditionPage):
                return event
            self.link.ask(lambda session: session.clear(seq))
            while not isinstance(event, ConditionCleared):
                event = self.answer(call, seq)
            time.sleep(SETTLE if attempt else 0.0)
        raise StreamError(
            f"condition {seq} is live already, and clearing it did not help (900003); another program with "
            "this key may hold it"
        )

    def silence(self, call: ConditionCall, seconds: float) -> NoAnswer:
        if not self.link.up:
            return NoAnswer(f"{call.api_id}: not connected and logged in within {seconds:g} s ({self.link})")
        return NoAnswer(f"{call.api_id}: the server did not answer {call.trnm} for {seconds:g} s. {_WHY}")


def _answers(event: Event, call: ConditionCall, seq: str) -> bool:
    if call is LIST:
        return isinstance(event, ConditionList)
    if isinstance(event, ConditionPage):
        return (event.seq, str(event.kind)) == (seq, call.fixed["search_type"])
    return isinstance(event, ConditionBusy | ConditionCleared) and event.seq == seq


def refused(call: ConditionCall, event: ConditionRefused) -> ApiError:
    return ApiError(event.message, code=str(event.code), api_id=call.api_id, remedy=_WHY)


def unreadable(call: ConditionCall) -> StreamError:
    return StreamError(
        f"{call.api_id}: the server answered {call.trnm} in a form that is not understood; nothing was read "
        "of it. Please report it"
    )


def not_live_here(link: Link, seq: str, me: Listener | None = None) -> None:
    others = (one for one in link.listeners if one is not me)
    if any(isinstance(one, ConditionStream) and one.seq == seq for one in others):
        raise StreamError(
            f"seq: condition {seq} is live in this process; see .members of its stream, or stop it first"
        )


def as_text(value: object) -> str | None:
    return value if value is None or isinstance(value, str) else str(value)


def which(codes: pl.Series) -> list[pl.Series]:
    parts = [split_code(code or "") or (code, None) for code in codes]
    return [pl.Series(name, [p[n] for p in parts], dtype=t) for n, (name, t) in enumerate(_WHICH.items())]


class ConditionStream(Asker, Generic[F]):
    """A running condition search. Made by :func:`kiwoomdata.condition_stream`.

    Iterating gives frames of new events as they come, with the columns ``time`` (Datetime[us, Asia/Seoul],
    the server's), ``received_at``, ``seq symbol`` (String), ``venue`` (Enum), ``action`` (Enum enter, leave)
    and ``side`` (Enum buy, sell, as the condition says). After an interruption the server tells the members
    anew; who entered or left meanwhile is an event whose ``time`` is null.
    """

    follows_conditions = True

    def __init__(
        self, client: Client, seq: str, exchange: str, timeout: float, hand: Callable[[pl.DataFrame], F]
    ) -> None:
        self._hand = hand
        self.seq = seq
        self._exchange = exchange
        self._events: list[pl.DataFrame] = []
        self._given = 0
        self._current: dict[tuple[str, str | None], datetime | None] = {}
        self._holes: list[Hole] = []
        self._news: deque[Warning] = deque(maxlen=100)
        self._asking = True
        self._begun = self._told = self._stopped = False
        self._again: threading.Thread | None = None
        self._pid = os.getpid()
        super().__init__(client, timeout)
        try:
            not_live_here(self.link, seq, self)
            self.link.start()
            self.page(STREAM, seq, exchange)
        except BaseException:
            self._stopped = True
            detach(self.link, self)
            raise
        self._asking = False
        client.streams.add(self)

    def __repr__(self) -> str:
        return f"<ConditionStream {self.seq}: {len(self._current)} members>"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
        if kind is None:
            self._check()

    def stop(self) -> None:
        """End the search at the server, and the connection unless others use it. Twice does nothing."""
        if os.getpid() != self._pid:  # a forked child has no say in its parent's search
            return
        with self.changed:
            first, self._stopped, self._asking = not self._stopped, True, True
            self.changed.notify_all()
        if not first:
            return
        if self._again is not None:
            self._again.join(GOODBYE)  # or its answer would be taken for the one that is waited for here
        if self.link.running and self.link.up:
            self.timeout = min(self.timeout, GOODBYE)
            self.link.ask(lambda session: session.clear(self.seq))
            with suppress(StreamError, ApiError):
                self.answer(STREAM, self.seq)
        detach(self.link, self)

    # --- what the user asks ----------------------------------------------------------------------

    @property
    def members(self) -> F:
        """Who meets the condition now: ``symbol`` (String), ``venue`` (Enum), ``since`` (Datetime, when it
        entered; null for those who met it from the start, or entered unseen).

        A member is a stock at a venue, as the server's code tells it. Searches are of KRX alone, and no code
        with ``_AL`` or ``_NX`` has been seen in one: should one come, it is a member beside KRX's."""
        self._check()
        with self.changed:
            rows = [(symbol, venue, since) for (symbol, venue), since in self._current.items()]
        return self._hand(pl.DataFrame(rows, schema=MEMBERS, orient="row"))

    @property
    def events(self) -> F:
        """Every event so far, in the order of arrival."""
        self._check()
        with self.changed:
            events = pl.concat([pl.DataFrame(schema=EVENTS), *self._events])
        return self._hand(events)

    @property
    def gaps(self) -> F:
        """The interruptions so far, as :attr:`kiwoomdata.Live.gaps` has them."""
        with self.changed:
            gaps = gap_frame(self._holes)
        return self._hand(gaps)

    def wait(self, *, rows: int = 1, seconds: float | None = None) -> bool:
        """Wait until there have been ``rows`` events in all; False where ``seconds`` passed before."""
        with self.changed:
            self.changed.wait_for(lambda: self._over or self._count >= rows, seconds)
            enough = self._count >= rows
        if not enough:
            self._check(always=True)
        return enough

    def __iter__(self) -> Iterator[F]:
        while True:
            with self.changed:
                self.changed.wait_for(lambda: self._over or self._news or len(self._events) > self._given)
                new, self._given = self._events[self._given :], len(self._events)
            self._hear()
            if new:
                yield self._hand(pl.concat(new))
            elif self._over:
                self._check(always=True)
                return

    @property
    def running(self) -> bool:
        """Whether more may come: not stopped, and ended by nothing else."""
        return not self._over

    @property
    def _over(self) -> bool:
        return self._stopped or self.error is not None

    @property
    def _count(self) -> int:
        return sum(frame.height for frame in self._events)

    def _hear(self) -> None:
        while self._news:
            warnings.warn(self._news.popleft(), stacklevel=4)

    def _check(self, *, always: bool = False) -> None:
        if os.getpid() != self._pid:
            raise StreamError(
                "this search belongs to the process that this one was forked from: use spawn, as in "
                "multiprocessing.get_context('spawn'), and begin one in the new process"
            )
        self._hear()
        if self.error is not None and (always or not self._told):
            self._told = True
            raise self.error.with_traceback(None)

    # --- what the link tells ---------------------------------------------------------------------

    def on_event(self, event: Event) -> None:
        if isinstance(event, Real):
            self._take(
                [(item, values) for type_, item, values in event.items if type_ == CONDITION_EVENT.type]
            )
            return
        if isinstance(event, ConditionPage) and (event.seq, event.kind) == (self.seq, 1):
            self._become(event)  # before any event that follows it is heard
        if self._asking:
            super().on_event(event)
        elif getattr(event, "seq", None) == self.seq:
            if isinstance(event, ConditionBusy):
                self._asking = True
                self._again = threading.Thread(
                    target=self._ask_again, name="kiwoomdata-condition", daemon=True
                )
                self._again.start()
            elif isinstance(event, ConditionRefused):
                self.on_failed(self.link, refused(STREAM, event))
            elif isinstance(event, ConditionUnreadable):
                self.on_failed(self.link, unreadable(STREAM))
            elif isinstance(event, Silence):
                self.on_failed(self.link, self.silence(STREAM, event.seconds))

    def on_down(self, link: Link, reason: str, heard: float) -> None:
        since = self._now() - round(heard * 1_000_000)
        self._holes.append(Hole(id(link), since, reason, (CONDITION_EVENT.name,), (), {}))

    def on_up(self, link: Link) -> None:
        for hole in self._holes:
            hole.until = hole.until or self._now()

    def _now(self) -> int:
        return round(self.client.now().timestamp() * 1_000_000)

    def _ask_again(self) -> None:
        """After a connection that the server has not yet let go of: clear the condition, and search."""
        try:
            self.page(STREAM, self.seq, self._exchange)
        except Exception as error:
            self.on_failed(self.link, error)
        finally:
            self._asking = self._stopped

    def _become(self, page: ConditionPage) -> None:
        """Take the members that the server tells; those who changed unseen since the first time are events
        without a time."""
        codes = [code for row in page.rows if (code := (as_text(row.get("jmcode")) or "").strip())]
        self._left_out(len(page.rows) - len(codes), "member(s) without a code")
        told = dict.fromkeys(zip(*which(pl.Series(codes, dtype=pl.String())), strict=True))
        with self.changed:
            entered = [who for who in told if who not in self._current]
            left = [who for who in self._current if who not in told]
            self._current = {who: self._current.get(who) for who in told}
            begun, self._begun = self._begun, True
            if begun and (entered or left):
                came = moment(self._now())
                rows = [(None, came, self.seq, *who, "leave", None) for who in left]
                rows += [(None, came, self.seq, *who, "enter", None) for who in entered]
                self._events.append(pl.DataFrame(rows, schema=EVENTS, orient="row"))
            self.changed.notify_all()

    def _left_out(self, count: int, what: str) -> None:
        if count:
            with self.changed:
                told = f"{STREAM.api_id}: {count} {what} of condition {self.seq} were left out"
                self._news.append(KiwoomDataWarning(told))
                self.changed.notify_all()

    def _take(self, said: list[tuple[str, bytes]]) -> None:
        if not said:
            return
        now = self._now()
        items, values = [item for item, _ in said], [value for _, value in said]
        day = self.client.session_day(moment(now))
        frame, _ = read_ticks(CONDITION_EVENT, items, values, [now] * len(said), day)
        mine = frame.filter(pl.col("seq").str.strip_chars() == self.seq)
        frame = mine.filter(pl.col("event").is_not_null(), pl.col("code").str.strip_chars() != "")
        self._left_out(mine.height - frame.height, "event(s) without a code, or neither entering nor leaving")
        frame = frame.with_columns(*which(frame["code"]), pl.col("event").alias("action"))
        frame = frame.select(pl.col(name).cast(dtype) for name, dtype in EVENTS.items())
        if frame.is_empty():
            return
        with self.changed:
            for row in frame.iter_rows(named=True):
                who = (row["symbol"], row["venue"])
                if row["action"] == "enter":
                    self._current[who] = row["time"] or row["received_at"]
                else:
                    self._current.pop(who, None)
            self._events.append(frame)
            self.changed.notify_all()
