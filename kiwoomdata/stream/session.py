"""The live server's WebSocket protocol without a socket: received text in, events and texts to send out.

::

    session = Session(token)
    session.subscribe(["005930"], ["0B"])
    for text in session.due(now): send(text)        # LOGIN first, alone until it is answered
    for event in session.receive(frame): ...        # never raises, whatever the frame
    session.reset(new_token)                        # a new connection wants what the old one wanted

The clock is an argument, never read. Requests of one kind (registrations; condition searches) are
sent in order and one at a time, because acknowledgements of REG and REMOVE carry no id: with one
in flight an answer cannot be given to the wrong request, and a request that must be sent again
keeps its place. A driver calls ``due`` after every frame that gave no ``Real``, after every request and
whenever ``wait`` has passed, and ``overdue`` now and then; it locks where several threads call.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any, Literal

from kiwoomdata.masking import brief
from kiwoomdata.stream.events import (
    CONDITION_BUSY,
    TOO_MANY_REQUESTS,
    UNREADABLE,
    ConditionBusy,
    ConditionCleared,
    ConditionList,
    ConditionPage,
    ConditionRefused,
    ConditionUnreadable,
    Counts,
    Event,
    LoggedIn,
    LoginDenied,
    Real,
    Registered,
    RegistrationRefused,
    Removed,
    Silence,
    SlowDown,
    System,
    code_of,
    pair_of,
    read_entries,
    read_message,
    read_real,
    seq_in,
    seq_text,
)
from kiwoomdata.stream.failures import Failure
from kiwoomdata.stream.lanes import (
    Condition,
    Key,
    Lane,
    Registration,
    frame_text,
    keys_of,
    registrations,
    seq_argument,
)

__all__ = ["LIMITS", "Session"]

LIMITS = (105115, 105118)
"""Too many items, on the connection or in the group: logs of 2025 say 100 in the text, those of 2026 200."""
AGAIN, SLOWEST_AGAIN = 1.0, 60.0
"""Seconds after which a refused registration is asked for again: at first, doubled each time, at most."""
_SILENCE = {
    "LOGIN": "the server did not answer the login, as happens when one connection follows another too soon",
    "CNSRLST": "the server did not answer with the list of conditions; the account may have none saved",
    "CNSRREQ": "the server did not answer the search; the condition may not exist in the list of this login",
    "CNSRCLR": "the server did not answer; the condition may not be live",
}


class Session:
    """One key's live session, over as many connections as it takes.

    ``max_items`` counts pairs of group and item, whatever their types, as the server does per
    connection (observed 2026: 200, a REG above it is refused whole); a refusal that names another number
    sets it. ``reg_per_second`` stays below the five REG frames per second that the server lets through;
    condition requests keep the same pace in a line of their own. ``slow_down`` is the first pause after
    "too many requests"; it doubles while the refusals go on.

    What the server refuses to register stays wanted: it is told once, and asked for again until it is
    registered or no longer wanted.
    """

    def __init__(
        self, token: str, *, max_items: int = 200, reg_per_second: float = 4.0, slow_down: float = 1.0
    ) -> None:
        self.max_items = max_items
        self.stats = Counts()
        self._token = _bare(token)
        self._registered: dict[Key, None] = {}
        self._refused: dict[Key, None] = {}
        self._told: set[Key] = set()  # refused, and told; not registered since
        self._denials = 0
        self._again_at: float | None = None  # set when the clock is next seen
        self._live: dict[str, str] = {}  # live conditions: seq -> exchange
        self._registrations: Lane[Registration] = Lane(1.0 / reg_per_second, slow_down)
        self._conditions: Lane[Condition] = Lane(1.0 / reg_per_second, slow_down)
        self._connect()
        self._handlers: dict[str, Callable[[dict[str, Any]], list[Event]]] = {
            "LOGIN": self._on_login,
            "SYSTEM": self._on_system,
            "REG": self._on_registration,
            "REMOVE": self._on_registration,
            "CNSRLST": self._on_condition,
            "CNSRREQ": self._on_condition,
            "CNSRCLR": self._on_condition,
        }

    def _connect(self) -> None:
        self._login: Literal["unsent", "sent", "in", "refused"] = "unsent"
        self._login_at = 0.0
        self._refusal: LoginDenied | None = None
        self._system = ""
        self._listed = False
        self._echoes: list[str] = []

    # ------------------------------------------------------------------------------- what is wanted

    @property
    def logged_in(self) -> bool:
        return self._login == "in"

    @property
    def registered(self) -> list[Key]:
        """``(group, item, type)`` that the server acknowledged on this connection."""
        return list(self._registered)

    @property
    def refused(self) -> list[Key]:
        """``(group, item, type)`` that the server refused, and that are asked for again and again."""
        return [key for key in self.wanted if key in self._told] if self._told else []

    @property
    def settled(self) -> bool:
        """Logged in, and every registration is answered, though some may have been refused."""
        return self._login == "in" and next(self._registrations.pending(), None) is None

    @property
    def wanted(self) -> list[Key]:
        """``(group, item, type)`` that will be registered once everything that was asked for is granted."""
        return list(dict.fromkeys([*self._book(), *self._refused]))

    def _book(self) -> dict[Key, None]:
        book = dict(self._registered)
        for request in self._registrations.pending():
            request.apply(book)
        return book

    def subscribe(self, items: Sequence[str], types: Sequence[str], group: str = "1") -> None:
        """Register every item for every type; types verbatim (``0w`` is not ``0W``).

        Types that belong to no item (``0s``, ``1h``, ``00``, ``04``) take the item ``""``.
        What is wanted already is not asked for again.
        """
        book = self.wanted
        asked = dict.fromkeys(keys_of(group, items, types))
        pairs = {key[:2] for key in book}
        more = {key[:2] for key in asked} - pairs
        if len(pairs) + len(more) > self.max_items:
            raise ValueError(
                f"items: {len(more)} more on top of {len(pairs)} would exceed the {self.max_items} items "
                "that one connection may hold (all groups together, whatever the types); nothing was sent. "
                "Unsubscribe some first, or spread them over several connections."
            )
        known = set(book)
        new = [key for key in asked if key not in known]
        self._registrations.queue.extend(registrations("REG", new))

    def unsubscribe(self, items: Sequence[str], types: Sequence[str], group: str = "1") -> None:
        """Drop every item for every type. What is not wanted anyway is left out."""
        asked = dict.fromkeys(keys_of(group, items, types))
        for key in asked:
            self._refused.pop(key, None)
        self._told.difference_update(asked)
        known = self._book()
        self._registrations.queue.extend(registrations("REMOVE", [key for key in asked if key in known]))

    def ask_conditions(self) -> None:
        """Ask for the list of saved conditions."""
        self._conditions.queue.append(Condition("CNSRLST"))

    def search(
        self, seq: str, kind: int = 0, exchange: str = "K", cont_yn: str = "N", next_key: str = ""
    ) -> None:
        """Search once (kind 0, page by page) or live (kind 1). A live search is taken up again by ``reset``.

        The server answers no search before it was asked for the list on the same connection, so the
        list is asked for first where that has not happened.
        """
        if kind not in (0, 1):
            raise ValueError(f"kind: expected 0 (once) or 1 (live), got {kind!r}")
        if cont_yn not in ("Y", "N"):
            raise ValueError(f"cont_yn: expected 'Y' or 'N' as the page before gave it, got {cont_yn!r}")
        if kind == 1 and cont_yn == "Y":
            raise ValueError(
                "cont_yn: a live search has no further pages; use kind 0 to page, or cont_yn='N'"
            )
        request = Condition("CNSRREQ", seq_argument(seq), kind, exchange, cont_yn, next_key)
        self._conditions.queue.append(request)

    def clear(self, seq: str) -> None:
        """End a live search."""
        seq = seq_argument(seq)
        self._live.pop(seq, None)
        self._conditions.queue.append(Condition("CNSRCLR", seq))

    def reset(self, token: str | None = None) -> list[Event]:
        """Start a new connection: LOGIN (with a new token, if given), then everything that is wanted.

        Requests without an answer, and those refused, are folded into the book. Live searches and pending
        condition requests are sent again; only a request for a further page cannot be (its key belongs to
        the lost connection) and is reported as refused.
        """
        if token is not None:
            self._token = _bare(token)
        wanted, pending = self.wanted, list(self._conditions.pending())
        carried = [request for request in pending if request.cont_yn == "N"]
        lists = [Condition("CNSRLST")] if any(request.trnm == "CNSRLST" for request in carried) else []
        asked = {request.seq for request in carried if request.kind == 1}
        again = [Condition("CNSRREQ", seq, 1, place) for seq, place in self._live.items() if seq not in asked]
        self._conditions.restart([*lists, *again, *(r for r in carried if r.trnm != "CNSRLST")])
        self._registrations.restart(registrations("REG", wanted))
        self._live.clear()
        self._registered.clear()
        self._refused.clear()
        self._connect()
        why = "the connection was lost between two pages; search again from the first"
        return [ConditionRefused(request.seq, 0, why) for request in pending if request.cont_yn == "Y"]

    # ------------------------------------------------------------------------------- what to send when

    def due(self, now: float) -> list[str]:
        """The texts to send now, in order. Each is handed out once."""
        texts: list[str] = []
        if self._login == "unsent":
            texts.append(frame_text({"trnm": "LOGIN", "token": self._token}))
            self._login, self._login_at = "sent", now
        texts += self._echoes
        self._echoes = []
        if self._login == "in":
            if self._wait_again(now) == 0:
                self._registrations.queue.extend(registrations("REG", self._refused))
                self._refused.clear()
            if self._registrations.wait(now) == 0:
                texts.append(self._registrations.take(now))
            if self._conditions.wait(now) == 0:
                if self._conditions.queue[0].trnm == "CNSRREQ" and not self._listed:
                    self._conditions.queue.appendleft(Condition("CNSRLST"))
                texts.append(self._conditions.take(now))
        return texts

    def wait(self, now: float) -> float | None:
        """Seconds until ``due`` has something; None: nothing before a frame arrives."""
        if self._login == "unsent" or self._echoes:
            return 0.0
        if self._login != "in":
            return None
        waits = (self._registrations.wait(now), self._conditions.wait(now), self._wait_again(now))
        return min((seconds for seconds in waits if seconds is not None), default=None)

    def _wait_again(self, now: float) -> float | None:
        """Seconds until what was refused is asked for again; None: nothing was."""
        if not self._refused:
            return None
        if self._again_at is None:
            self._again_at = now + min(SLOWEST_AGAIN, AGAIN * 2.0 ** min(self._denials - 1, 16))
        return max(0.0, self._again_at - now)

    def overdue(self, now: float, after: float = 10.0) -> list[Event]:
        """Which requests have had no answer for ``after`` seconds. Each is told again after as long."""
        events: list[Event] = []
        if self._login == "sent" and now - self._login_at >= after:
            events.append(Silence("LOGIN", "", now - self._login_at, _SILENCE["LOGIN"]))
            self._login_at = now
        if (registration := self._registrations.overdue(now, after)) is not None:
            waited, self._registrations.sent_at = now - self._registrations.sent_at, now
            events.append(Silence(registration.trnm, "", waited, "the server did not answer a registration"))
        if (condition := self._conditions.overdue(now, after)) is not None:
            waited = now - self._conditions.sent_at
            self._conditions.answered()
            given_up = (condition, *self._unlisted_searches(condition))
            events += [Silence(r.trnm, r.seq, waited, _SILENCE[condition.trnm]) for r in given_up]
        return events

    # ------------------------------------------------------------------------------- what was received

    def receive(self, frame: str | bytes) -> list[Event]:
        """The meaning of one frame. What cannot be read is counted in ``stats``; nothing is raised."""
        self.stats.frames += 1
        items = read_real(frame, self.stats)
        if items is None:
            return self._receive_other(frame)
        return [Real(items)] if items else []

    def _receive_other(self, frame: str | bytes) -> list[Event]:
        try:
            message = read_message(frame)
            text = frame if isinstance(frame, str) else bytes(frame).decode()
        except UNREADABLE:
            return self._broken()
        trnm = message.get("trnm")
        if trnm == "PING":  # observed 2026-08-15: no other field; the server wants the same text back
            self.stats.pings += 1
            self._echoes.append(text)
            return []
        if trnm == "REAL":
            items = read_entries(frame, self.stats)
            return [Real(items)] if items else []
        if not isinstance(trnm, str):
            return self._broken()
        if trnm not in self._handlers:
            self.stats.unknown += 1
            return []
        return self._handlers[trnm](message)

    def _broken(self) -> list[Event]:
        self.stats.broken += 1
        return []

    def _stray(self) -> list[Event]:
        self.stats.stray += 1
        return []

    def _words(self, message: dict[str, Any], *keys: str) -> str:
        """The server's own words, without the token should they quote it."""
        for key in keys or ("return_msg",):
            if message.get(key):
                return brief(str(message[key]).replace(self._token, "***"))
        return ""

    def _on_login(self, message: dict[str, Any]) -> list[Event]:
        code = code_of(message)
        if code is None:
            return self._broken()
        if self._login != "sent":
            return self._stray()
        if code == 0:
            self._login = "in"
            self.stats.logins += 1
            recorded_at = message.get("recorded_at")
            return [LoggedIn(recorded_at if isinstance(recorded_at, int) else 0)]
        self._login = "refused"
        self._refusal = LoginDenied(code, self._words(message))
        return [self._refusal]

    def _on_system(self, message: dict[str, Any]) -> list[Event]:
        # two shapes are told of: code/message (recorded by several) and return_code/return_msg
        self.stats.system += 1
        code = self._words(message, "code", "return_code").strip()
        self._system = code
        return [System(code, self._words(message, "message", "return_msg"))]

    def _on_registration(self, message: dict[str, Any]) -> list[Event]:
        code, lane = code_of(message), self._registrations
        if code is None:
            return self._broken()
        request = lane.flight
        if request is None or request.trnm != message["trnm"]:
            return self._stray()
        if code == TOO_MANY_REQUESTS:
            return self._slow_down(lane)
        wanted = self._book()
        lane.answered()
        if code == 0:
            request.apply(self._registered)
            self._told.difference_update(request.each())
            self._denials = self._denials if self._refused or self._told else 0
            kind = Registered if request.trnm == "REG" else Removed
            return [kind(request.group, request.items, request.types)]
        return self._on_refusal(request, code, self._words(message), wanted)

    def _on_refusal(
        self, request: Registration, code: int, words: str, wanted: dict[Key, None]
    ) -> list[Event]:
        told = f"{request.trnm} of {len(request.items)} item(s) in group {request.group} was refused"
        told += f" with {code}: {words}"
        if code in LIMITS:
            if (limit := re.search(r"\((\d{1,6})\)", words)) and int(limit[1]):
                self.max_items = int(limit[1])
            told += " (unsubscribe some, or pass connections= where the server allows several for one key)"
        if request.trnm == "REG":
            still = self._book()  # what was dropped meanwhile, or asked for anew, is not in question
            again = [key for key in request.each() if key in wanted and key not in still]
            if again and not self._refused:
                self._denials, self._again_at = self._denials + 1, None
            self._refused |= dict.fromkeys(again)
            if set(again) <= self._told:
                self.stats.denied += 1
                return []
            self._told.update(again)
            told += ". It is asked for again until it is granted or unsubscribed"
        return [RegistrationRefused(request.trnm, request.group, request.items, request.types, code, told)]

    def _slow_down(self, lane: Lane[Any]) -> list[Event]:
        self.stats.resent += 1
        trnm = lane.flight.trnm if lane.flight is not None else ""
        return [SlowDown(lane.put_back(), trnm)]

    def _on_condition(self, message: dict[str, Any]) -> list[Event]:
        trnm, lane = message["trnm"], self._conditions
        code = code_of(message) if "return_code" in message else 0
        asked = lane.flight if lane.flight is not None and lane.flight.trnm == trnm else None
        seq = seq_text(message.get("seq")) or seq_in(self._words(message))
        if asked is not None and seq in ("", asked.seq):
            seq = asked.seq
        elif trnm != "CNSRLST":
            asked = None
        if code == TOO_MANY_REQUESTS and asked is not None:
            return self._slow_down(lane)
        event = None if code is None else self._condition_event(message, trnm, code, seq, asked)
        if event is None:
            self.stats.broken += 1
            if asked is None:
                return []
            lane.answered()
            return [ConditionUnreadable(r.trnm, r.seq) for r in (asked, *self._unlisted_searches(asked))]
        if isinstance(event, ConditionList):
            self._listed = True
        elif isinstance(event, ConditionCleared):
            self._live.pop(seq, None)
        if asked is None:
            self.stats.stray += 1
            return [event] if seq or isinstance(event, ConditionList) else []
        lane.answered()
        if isinstance(event, ConditionPage) and asked.kind == 1:
            self._live[seq] = asked.exchange
        if isinstance(event, ConditionRefused):
            in_vain = self._unlisted_searches(asked)
            return [event, *(ConditionRefused(r.seq, event.code, event.message) for r in in_vain)]
        return [event]

    def _condition_event(
        self, message: dict[str, Any], trnm: str, code: int, seq: str, asked: Condition | None
    ) -> Event | None:
        """What the answer says; None where its data have a shape that is not understood."""
        if code == CONDITION_BUSY:
            return ConditionBusy(seq, self._words(message))
        if code != 0:
            return ConditionRefused(seq, code, self._words(message))
        if trnm == "CNSRCLR":
            return ConditionCleared(seq)
        data = message.get("data") or []  # null, absent and empty all mean no rows
        if not isinstance(data, list):
            return None
        if trnm == "CNSRLST":
            pairs = [pair for entry in data if (pair := pair_of(entry)) is not None]
            return ConditionList(pairs, len(data) - len(pairs))
        if not all(isinstance(row, dict) for row in data):
            return None
        cont_yn, next_key = (str(message.get(key) or "").strip() for key in ("cont_yn", "next_key"))
        kind = None if asked is None else asked.kind
        return ConditionPage(seq, data, cont_yn.upper(), next_key, kind)

    def _unlisted_searches(self, asked: Condition) -> list[Condition]:
        """Without the list no search is answered: take those that waited for it out of the line."""
        if asked.trnm != "CNSRLST" or self._listed:
            return []
        dropped = [request for request in self._conditions.queue if request.trnm == "CNSRREQ"]
        self._conditions.queue = deque(r for r in self._conditions.queue if r.trnm != "CNSRREQ")
        return dropped

    def failure(
        self, error: BaseException | None = None, *, close_code: int | None = None, renewed: bool = False
    ) -> Failure:
        """The end of this connection as ``classify`` wants it told."""
        return Failure(error, close_code, self._system, self._refusal, self._login == "in", renewed)


def _bare(token: str) -> str:
    bare = token.removeprefix("Bearer ").strip()
    if not bare:
        raise ValueError("token: expected the access token, got an empty text")
    return bare
