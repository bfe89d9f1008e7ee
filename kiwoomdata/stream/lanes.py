"""What a session asks the live server for: requests as frames, and the lanes in which they wait.

Requests of one kind go one at a time and in order, so that an answer without an id belongs to the
request in flight, and one that must be sent again keeps its place.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any, Generic, TypeVar

import msgspec

from kiwoomdata.stream.events import seq_text

__all__ = [
    "Condition",
    "Key",
    "Lane",
    "Registration",
    "frame_text",
    "keys_of",
    "registrations",
    "seq_argument",
]

ITEMS_PER_FRAME = 100
SLOWEST = 30.0

Key = tuple[str, str, str]  # group, item, type


def frame_text(body: dict[str, Any]) -> str:
    return msgspec.json.encode(body).decode()


@dataclass(frozen=True, slots=True)
class Registration:
    trnm: str
    group: str
    items: tuple[str, ...]
    types: tuple[str, ...]

    def text(self) -> str:
        refresh = "1" if self.trnm == "REG" else ""  # always "keep": "0" would drop what others asked for
        data = [{"item": self.items, "type": self.types}]
        return frame_text({"trnm": self.trnm, "grp_no": self.group, "refresh": refresh, "data": data})

    def each(self) -> list[Key]:
        return [(self.group, item, type_) for item in self.items for type_ in self.types]

    def apply(self, book: dict[Key, None]) -> None:
        for key in self.each():
            if self.trnm == "REG":
                book[key] = None
            else:
                book.pop(key, None)


def registrations(trnm: str, keys: Iterable[Key]) -> list[Registration]:
    """The keys as frames, in exactly their order: neighbours of one group with the same types go together."""
    of_item = (
        (group, item, tuple(type_ for _, _, type_ in same))
        for (group, item), same in groupby(keys, key=lambda key: key[:2])
    )
    frames: list[Registration] = []
    for (group, types), same in groupby(of_item, key=lambda entry: (entry[0], entry[2])):
        items = tuple(item for _, item, _ in same)
        chunks = (items[at : at + ITEMS_PER_FRAME] for at in range(0, len(items), ITEMS_PER_FRAME))
        frames += [Registration(trnm, group, chunk, types) for chunk in chunks]
    return frames


@dataclass(frozen=True, slots=True)
class Condition:
    trnm: str
    seq: str = ""
    kind: int = 0
    exchange: str = "K"
    cont_yn: str = "N"
    next_key: str = ""

    def text(self) -> str:
        body: dict[str, Any] = {"trnm": self.trnm}
        if self.trnm != "CNSRLST":
            body["seq"] = self.seq
        if self.trnm == "CNSRREQ":
            body |= {"search_type": str(self.kind), "stex_tp": self.exchange}
            if self.kind == 0:
                body |= {"cont_yn": self.cont_yn, "next_key": self.next_key}
        return frame_text(body)


R = TypeVar("R", Registration, Condition)


class Lane(Generic[R]):
    """Requests of one kind: in order, one in flight, at most one per ``gap`` seconds."""

    def __init__(self, gap: float, slow_down: float) -> None:
        self.gap = gap
        self.slow_down = slow_down
        self.queue: deque[R] = deque()
        self.flight: R | None = None
        self.sent_at = 0.0
        self._ready_at = float("-inf")
        self._pause = 0.0  # starts when the clock is next seen
        self._refusals = 0

    def pending(self) -> Iterator[R]:
        if self.flight is not None:
            yield self.flight
        yield from self.queue

    def wait(self, now: float) -> float | None:
        """Seconds until the next request may go; None: nothing to send before an answer arrives."""
        if self._pause:
            self._ready_at, self._pause = max(self._ready_at, now + self._pause), 0.0
        if self.flight is not None or not self.queue:
            return None
        return max(0.0, self._ready_at - now)

    def take(self, now: float) -> str:
        self.flight = self.queue.popleft()
        self.sent_at, self._ready_at = now, now + self.gap
        return self.flight.text()

    def answered(self) -> None:
        self.flight, self._refusals = None, 0

    def put_back(self) -> float:
        """The request in flight keeps its place; say after how many seconds it is sent again."""
        if self.flight is not None:
            self.queue.appendleft(self.flight)
            self.flight = None
        self._pause = min(SLOWEST, self.slow_down * 2 ** min(self._refusals, 16))
        self._refusals += 1
        return self._pause

    def restart(self, requests: Iterable[R]) -> None:
        self.queue = deque(requests)
        self.answered()

    def overdue(self, now: float, after: float) -> R | None:
        return self.flight if now - self.sent_at >= after else None


def keys_of(group: str, items: Sequence[str], types: Sequence[str]) -> Iterator[Key]:
    for name, given, example in (("items", items, "['005930']"), ("types", types, "['0B']")):
        if isinstance(given, str) or not all(isinstance(one, str) for one in given):
            raise TypeError(f"{name}: expected a list of texts such as {example}, got {given!r}")
        if len(given) == 0:
            raise ValueError(f"{name}: expected at least one, such as {example}, got none")
    return ((group, item, type_) for item in items for type_ in types)


def seq_argument(value: str) -> str:
    seq = seq_text(value)
    if not seq:
        raise ValueError(f"seq: expected a condition's number from the list, such as '0', got {value!r}")
    return seq
