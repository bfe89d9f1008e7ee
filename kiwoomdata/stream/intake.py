"""Where received frames wait until they are decoded: bounded, in the order of arrival.

One thread puts a frame at a time and must not be slowed: putting is one append. Opening the
frames is done many at a time, which costs half of opening each (measured 2026-11-20: 0.9 against
1.6 microseconds), and leaves nothing for the garbage collector to walk through meanwhile.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from itertools import compress, pairwise, repeat
from operator import itemgetter
from typing import Literal, NamedTuple

import msgspec

from kiwoomdata.stream.events import UNREADABLE, Counts, RealFrame, read_entries, read_real

__all__ = ["Intake", "Messages", "Note", "OnFull", "is_real", "open_frames"]

OnFull = Literal["block", "drop_oldest", "raise"]

_AT_ONCE = 500  # frames opened in one step, which holds Python's lock for half a millisecond
_STARTS = (b'{"trnm":"REAL"', b'{"trnm": "REAL"')
_BRACE = ord("{")
_ENDS = (b'"trnm":"REAL"}', b'"trnm": "REAL"}')
_MESSAGE = b'"values"'
_LEAST = len(',{"type":"0B","values":{}}')
_DAY, _SEOUL = 86_400_000_000, 9 * 3_600_000_000

Note = Callable[[], None]
"""Something that happened between two frames, to be done when those before it have been decoded."""


def is_real(frame: bytes) -> bool:
    """Whether a frame is plainly one of live values; a hidden one takes the longer way."""
    return frame.startswith(_STARTS) or frame.endswith(_ENDS)


class Intake:
    """The frames that wait, of at most ``limit`` messages, each with its time of arrival.

    ``drop_oldest`` counts what it lets go in ``dropped``, and notes ``on_lost`` in its place; with
    ``raise``, ``on_raise`` is called for a frame that finds no room, and the frame is let go; with
    ``block`` the putting thread waits, so that the socket is not read and the server has to hold back.
    A frame of more messages than the limit finds room where nothing else waits.
    """

    def __init__(
        self,
        limit: int,
        on_full: OnFull,
        on_raise: Callable[[], None],
        on_lost: Note = lambda: None,
    ) -> None:
        self.limit = limit
        self.on_full = on_full
        self.dropped = 0
        self.blocked = False
        """Whether a thread waits for room: silence is not the server's then."""
        self.closed = False
        self.offset = 0
        """Microseconds to add to this computer's clock."""
        self.wake = threading.Event()
        """Set once ``alarm`` messages wait."""
        self.alarm = limit
        self._on_raise = on_raise
        self._on_lost = on_lost
        # One entry for each message, so that the length tells how many wait: a frame of several is
        # followed by as many None as it has more.
        self._waiting: deque[tuple[int, bytes | Note] | None] = deque()
        self._first: list[Note] = []
        """What comes before all that waits: it stood among what was let go."""
        self._room = threading.Event()
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._waiting)

    @property
    def oldest(self) -> int | None:
        """When the frame that waits longest arrived, in microseconds since 1970."""
        try:
            entry = self._waiting[0]
        except IndexError:
            return None
        return None if entry is None else entry[0]

    def now(self) -> int:
        return time.time_ns() // 1000 + self.offset

    def put(self, frame: bytes) -> None:
        """Take a frame."""
        # Behind the values of the only message there is no room for another. Measured 2026-11-27: looking
        # for one brace takes a fifth of the time of counting the messages.
        only = len(frame) - frame.find(b"}") < _LEAST
        size = 1 if only else frame.count(_MESSAGE) or 1
        waiting = len(self._waiting)
        if waiting + size > self.limit and not self._make_room(size):
            return
        self._waiting.append((time.time_ns() // 1000 + self.offset, frame))
        if size > 1:
            self._waiting.extend(repeat(None, size - 1))
        if waiting >= self.alarm:
            self.alarm = self.limit
            self.wake.set()

    def note(self, note: Note) -> None:
        """Have something done between the frames before it and those after it. It always finds room."""
        self._waiting.append((self.now(), note))
        self.wake.set()

    def _make_room(self, size: int) -> bool:
        if self.on_full == "raise" and self._is_full(size):
            self.dropped += size
            self._on_raise()
            self.limit = -1  # what comes later has no place behind what is missing
            return False
        if self.on_full == "drop_oldest":
            with self._lock:
                while self._is_full(size):
                    self._let_go()
        if self.on_full != "block":
            return True
        self.blocked = True
        try:
            while self._is_full(size) and not self.closed:
                self.wake.set()
                self._room.clear()
                if self._is_full(size):
                    self._room.wait(0.05)
        finally:
            self.blocked = False
        return not self.closed

    def _is_full(self, size: int) -> bool:
        waiting = len(self._waiting)
        return self.limit < 0 or (waiting > 0 and waiting + size > self.limit)

    def _let_go(self) -> None:
        """Drop the frame that waits longest, and keep a note. With the lock held."""
        entry = self._waiting.popleft()
        if entry is not None and callable(entry[1]):
            note = entry[1]
        else:
            note = self._on_lost
            self.dropped += 1 + self._trim()
        if self._first[-1:] != [note]:
            self._first.append(note)

    def _trim(self) -> int:
        """Take away what belongs to a frame that is gone; how many messages. With the lock held."""
        gone = 0
        while self._waiting and self._waiting[0] is None:
            self._waiting.popleft()
            gone += 1
        return gone

    def take(self, most: int) -> list[tuple[int, bytes | Note]]:
        """What waits longest: frames of at least ``most`` messages, or all, and the notes between them."""
        with self._lock:
            taken: list[tuple[int, bytes | Note]] = [(0, note) for note in self._first]
            self._first.clear()
            pop, keep = self._waiting.popleft, taken.append
            try:
                for _ in repeat(None, most):
                    if (entry := pop()) is not None:
                        keep(entry)
            except IndexError:
                pass
            self._trim()
        if self.blocked:
            self._room.set()
        return taken

    def close(self) -> None:
        """Let nobody wait for room any more."""
        self.closed = True
        self._room.set()
        self.wake.set()


# --- opening -------------------------------------------------------------------------------------


class Messages(NamedTuple):
    """Messages in the order of arrival: what each is of, about, says, and when it came."""

    types: list[str]
    items: list[str]
    values: list[bytes]
    received: list[int]

    def part(self, start: int, end: int) -> Messages:
        if end - start == len(self.types):
            return self
        at = slice(start, end)
        return Messages(self.types[at], self.items[at], self.values[at], self.received[at])

    def by_day(self) -> list[Messages]:
        """The same apart where another day begins in Seoul, as in a recording of several."""
        days = [(stamp + _SEOUL) // _DAY for stamp in self.received]
        starts = [n for n in range(1, len(days)) if days[n] != days[n - 1]]
        return [self.part(start, end) for start, end in pairwise([0, *starts, len(days)])]

    def by_type(self) -> dict[str, Messages]:
        """The same apart by type, each in its order."""
        kinds = dict.fromkeys(self.types)
        if len(kinds) < 2:
            return dict.fromkeys(kinds, self)
        parts = {}
        for kind in kinds:
            chosen = [type_ == kind for type_ in self.types]
            parts[kind] = Messages(
                list(compress(self.types, chosen)),
                list(compress(self.items, chosen)),
                list(compress(self.values, chosen)),
                list(compress(self.received, chosen)),
            )
        return parts


_decode_frames = msgspec.json.Decoder(list[RealFrame]).decode


def open_frames(taken: Sequence[tuple[int, bytes]], stats: Counts) -> tuple[Messages, list[int]]:
    """The messages of frames that are REAL. What cannot be read of them is counted and left out, and told
    by its places: before how many messages it stood."""
    messages, unread = Messages([], [], [], []), list[int]()
    for at in range(0, len(taken), _AT_ONCE):
        chunk = taken[at : at + _AT_ONCE]
        if not _open_together(chunk, messages, stats):
            _open_one_by_one(chunk, messages, stats, unread)
    return messages, unread


def _open_together(chunk: Sequence[tuple[int, bytes]], messages: Messages, stats: Counts) -> bool:
    """Open frames that are all sound; False, with nothing done, where one is not."""
    try:
        frames = _decode_frames(b"[%b]" % b",".join([frame for _, frame in chunk]))
    except UNREADABLE:
        return False
    entries = [entry for frame in frames for entry in frame.data]
    values = [bytes(entry.values) for entry in entries]
    if len(frames) != len(chunk) or {frame.trnm for frame in frames} != {"REAL"}:
        return False
    if not set(map(itemgetter(0), values)) <= {_BRACE} or not _is_text(values):
        return False
    sizes = [len(frame.data) for frame in frames]
    stamps = [frame.recorded_at or stamp for frame, (stamp, _) in zip(frames, chunk, strict=True)]
    stats.recorded_at = frames[-1].recorded_at
    if sizes.count(1) == len(sizes):
        messages.received.extend(stamps)
    else:
        for stamp, size in zip(stamps, sizes, strict=True):
            messages.received.extend(repeat(stamp, size))
    messages.types.extend([entry.type for entry in entries])
    messages.items.extend([entry.item or "" for entry in entries])
    messages.values.extend(values)
    stats.frames += len(frames)
    stats.real_frames += len(frames)
    stats.items += len(entries)
    return True


def _is_text(values: list[bytes]) -> bool:
    """Whether all are UTF-8: the reader of values would not notice, and make other text of it."""
    if all(map(bytes.isascii, values)):
        return True
    try:
        b"".join(values).decode()
    except UnicodeDecodeError:
        return False
    return True


def _open_one_by_one(
    chunk: Sequence[tuple[int, bytes]], messages: Messages, stats: Counts, unread: list[int]
) -> None:
    for stamp, frame in chunk:
        broken = stats.broken
        stats.frames += 1
        found = read_real(frame, stats)
        if found is None:
            found = read_entries(frame, stats)
        for type_, item, values in found:
            messages.types.append(type_)
            messages.items.append(item)
            messages.values.append(values)
            messages.received.append(stats.recorded_at or stamp)
        if stats.broken > broken:
            unread += range(len(messages.types) - len(found), len(messages.types) + 1)
