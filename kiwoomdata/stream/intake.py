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
from itertools import compress, repeat
from operator import itemgetter
from typing import Literal, NamedTuple

import msgspec

from kiwoomdata.stream.events import UNREADABLE, Items, RealFrame, Stats, read_entries, read_real

__all__ = ["Intake", "Messages", "OnFull", "is_real", "open_frames"]

OnFull = Literal["block", "drop_oldest", "raise"]

_AT_ONCE = 500  # frames opened in one step, which holds Python's lock for half a millisecond
_STARTS = (b'{"trnm":"REAL"', b'{"trnm": "REAL"')
_BRACE = ord("{")
_ENDS = (b'"trnm":"REAL"}', b'"trnm": "REAL"}')


def is_real(frame: bytes) -> bool:
    """Whether a frame is plainly one of live values; a hidden one takes the longer way."""
    return frame.startswith(_STARTS) or frame.endswith(_ENDS)


class Intake:
    """The frames that wait, at most ``limit``, each with its time of arrival.

    ``drop_oldest`` counts what it lets go in ``dropped``; with ``raise``, ``on_raise`` is called for a
    frame that finds no room, and the frame is let go; with ``block`` the putting thread waits, so that
    the socket is not read and the server has to hold back.
    """

    def __init__(self, limit: int, on_full: OnFull, on_raise: Callable[[], None]) -> None:
        self.limit = limit
        self.on_full = on_full
        self.dropped = 0
        self.blocked = False
        """Whether a thread waits for room: silence is not the server's then."""
        self.closed = False
        self.offset = 0
        """Microseconds to add to this computer's clock."""
        self.wake = threading.Event()
        """Set once ``alarm`` frames wait."""
        self.alarm = limit
        self._on_raise = on_raise
        self._frames: deque[tuple[int, bytes | Items]] = deque()
        self._room = threading.Event()
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._frames)

    @property
    def oldest(self) -> int | None:
        """When the frame that waits longest arrived, in microseconds since 1970."""
        try:
            return self._frames[0][0]
        except IndexError:
            return None

    def now(self) -> int:
        return time.time_ns() // 1000 + self.offset

    def put(self, frame: bytes | Items) -> None:
        """Take a frame, or the values of one that was opened already."""
        waiting = len(self._frames)
        if waiting >= self.limit and not self._make_room():
            return
        self._frames.append((time.time_ns() // 1000 + self.offset, frame))
        if waiting >= self.alarm:
            self.alarm = self.limit
            self.wake.set()

    def _make_room(self) -> bool:
        if self.on_full == "raise":
            self.dropped += 1
            self._on_raise()
            return False
        if self.on_full == "drop_oldest":
            with self._lock:
                while len(self._frames) >= self.limit:
                    try:
                        self.dropped += _messages(self._frames.popleft()[1])
                    except IndexError:
                        break
            return True
        self.blocked = True
        try:
            while len(self._frames) >= self.limit and not self.closed:
                self.wake.set()
                self._room.clear()
                if len(self._frames) >= self.limit:
                    self._room.wait(0.05)
        finally:
            self.blocked = False
        return not self.closed

    def take(self, most: int) -> list[tuple[int, bytes | Items]]:
        """Up to ``most`` frames, oldest first."""
        taken: list[tuple[int, bytes | Items]] = []
        pop, keep = self._frames.popleft, taken.append
        try:
            for _ in repeat(None, most):
                keep(pop())
        except IndexError:
            pass
        if self.blocked:
            self._room.set()
        return taken

    def close(self) -> None:
        """Let nobody wait for room any more."""
        self.closed = True
        self._room.set()
        self.wake.set()


def _messages(frame: bytes | Items) -> int:
    return max(1, frame.count(b'"values"')) if isinstance(frame, bytes) else len(frame)


# --- opening -------------------------------------------------------------------------------------


class Messages(NamedTuple):
    """Messages in the order of arrival: what each is of, about, says, and when it came."""

    types: list[str]
    items: list[str]
    values: list[bytes]
    received: list[int]

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


def open_frames(taken: Sequence[tuple[int, bytes | Items]], stats: Stats) -> Messages:
    """The messages of frames that are REAL; what cannot be read of them is counted and left out."""
    messages = Messages([], [], [], [])
    for at in range(0, len(taken), _AT_ONCE):
        chunk = taken[at : at + _AT_ONCE]
        if not _open_together(chunk, messages, stats):
            _open_one_by_one(chunk, messages, stats)
    return messages


def _open_together(chunk: Sequence[tuple[int, bytes | Items]], messages: Messages, stats: Stats) -> bool:
    """Open frames that are all sound; False, with nothing done, where one is not."""
    try:
        frames = _decode_frames(b"[%b]" % b",".join([frame for _, frame in chunk]))  # type: ignore[misc]
    except UNREADABLE:
        return False
    entries = [entry for frame in frames for entry in frame.data]
    values = [bytes(entry.values) for entry in entries]
    if len(frames) != len(chunk) or {frame.trnm for frame in frames} != {"REAL"}:
        return False
    if not set(map(itemgetter(0), values)) <= {_BRACE} or not _is_text(values):
        return False
    sizes = [len(frame.data) for frame in frames]
    if sizes.count(1) == len(sizes):
        messages.received.extend([stamp for stamp, _ in chunk])
    else:
        for (stamp, _), size in zip(chunk, sizes, strict=True):
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


def _open_one_by_one(chunk: Sequence[tuple[int, bytes | Items]], messages: Messages, stats: Stats) -> None:
    for stamp, frame in chunk:
        if isinstance(frame, bytes):
            stats.frames += 1
            found = read_real(frame, stats)
            if found is None:
                found = read_entries(frame, stats)
        else:
            found = frame
        for type_, item, values in found:
            messages.types.append(type_)
            messages.items.append(item)
            messages.values.append(values)
            messages.received.append(stamp)
