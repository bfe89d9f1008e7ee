"""What the live server's frames mean, as plain values, and reading them. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import msgspec

__all__ = [
    "CONDITION_BUSY",
    "TOO_MANY_REQUESTS",
    "UNREADABLE",
    "ConditionBusy",
    "ConditionCleared",
    "ConditionList",
    "ConditionPage",
    "ConditionRefused",
    "ConditionUnreadable",
    "Counts",
    "Event",
    "Items",
    "LoggedIn",
    "LoginDenied",
    "Real",
    "RealFrame",
    "Registered",
    "RegistrationRefused",
    "Removed",
    "Silence",
    "SlowDown",
    "System",
    "code_of",
    "pair_of",
    "read_entries",
    "read_message",
    "read_real",
    "seq_in",
    "seq_text",
    "trnm_of",
]

TOO_MANY_REQUESTS = 105110  # observed 2026: about five REG frames a second are let through
CONDITION_BUSY = 900003  # observed 2026-08-06: the answer names the condition only inside its message


class Event(msgspec.Struct, frozen=True):
    """What a received frame meant."""


class Real(Event, frozen=True, gc=False):
    """Live values in arrival order: ``(type, item, values)``, values being the bytes of a JSON object."""

    items: list[tuple[str, str, bytes]]


class LoggedIn(Event, frozen=True):
    """The token was taken; requests may go out. ``recorded_at``: see :class:`RealFrame`."""

    recorded_at: int = 0


class LoginDenied(Event, frozen=True):
    """The token was not taken. The server closes next."""

    code: int
    message: str


class System(Event, frozen=True):
    """A word from the server about the connection: R10001, R10002, R10004 or one not known yet."""

    code: str
    message: str


class Registered(Event, frozen=True):
    """The server took a registration."""

    group: str
    items: tuple[str, ...]
    types: tuple[str, ...]


class Removed(Event, frozen=True):
    """The server dropped a registration."""

    group: str
    items: tuple[str, ...]
    types: tuple[str, ...]


class RegistrationRefused(Event, frozen=True):
    """The server refused a REG or REMOVE whole; what it was to register is asked for again."""

    trnm: str
    group: str
    items: tuple[str, ...]
    types: tuple[str, ...]
    code: int
    message: str

    @property
    def keys(self) -> list[tuple[str, str, str]]:
        return [(self.group, item, type_) for item in self.items for type_ in self.types]


class SlowDown(Event, frozen=True):
    """Too many requests: the refused one keeps its place and is sent again after ``seconds``."""

    seconds: float
    trnm: str


class Silence(Event, frozen=True):
    """A request stayed without an answer for ``seconds``. A condition request is given up;
    for LOGIN, REG and REMOVE only a new connection helps."""

    trnm: str
    seq: str
    seconds: float
    message: str


class ConditionList(Event, frozen=True):
    """The saved conditions: ``(seq, name)``; and how many entries more could not be read."""

    conditions: list[tuple[str, str]]
    unreadable: int = 0


class ConditionPage(Event, frozen=True):
    """Rows of one answer to a search; ``kind`` 1 is the first answer of a live search, None unasked."""

    seq: str
    rows: list[dict[str, Any]]
    cont_yn: str
    next_key: str
    kind: int | None


class ConditionBusy(Event, frozen=True):
    """The condition is live already; clear it before searching live again."""

    seq: str
    message: str


class ConditionRefused(Event, frozen=True):
    """A condition request was refused, or could not be carried to a new connection (code 0).
    ``seq`` is "" for the list."""

    seq: str
    code: int
    message: str


class ConditionUnreadable(Event, frozen=True):
    """A condition request was answered in a form that is not understood."""

    trnm: str
    seq: str


class ConditionCleared(Event, frozen=True):
    """A live search has ended."""

    seq: str


@dataclass(slots=True)
class Counts:
    """What has been seen since the session was made, over all its connections."""

    frames: int = 0
    real_frames: int = 0
    items: int = 0
    pings: int = 0
    system: int = 0
    logins: int = 0
    resent: int = 0  # requests put back after 105110
    denied: int = 0  # registrations refused once more
    unknown: int = 0  # frames with a trnm that this module does not know
    stray: int = 0  # answers to nothing that was asked
    broken: int = 0  # frames, or entries of one, that could not be read
    recorded_at: int = 0  # of the newest frame, where a recording is served


# --- reading frames ---------------------------------------------------------------------------


class _Entry(msgspec.Struct, gc=False):
    type: str
    values: msgspec.Raw
    item: str | None = ""


class RealFrame(msgspec.Struct, gc=False):
    """A frame of live values, their JSON left as it is.

    A replay says in each when it was recorded, in microseconds since 1970: the messages tell only a time
    of day. The live server sends no such key.
    """

    trnm: str
    data: list[_Entry]
    recorded_at: int = 0


class _Named(msgspec.Struct):
    trnm: str


class _LooseFrame(msgspec.Struct):
    data: list[msgspec.Raw]


_decode_real = msgspec.json.Decoder(RealFrame).decode
_decode_name = msgspec.json.Decoder(_Named).decode
_decode_loose = msgspec.json.Decoder(_LooseFrame).decode
_decode_entry = msgspec.json.Decoder(_Entry).decode
_decode_list = msgspec.json.Decoder(list[msgspec.Raw]).decode
read_message = msgspec.json.Decoder(dict[str, Any]).decode
UNREADABLE = (msgspec.MsgspecError, UnicodeError, RecursionError, TypeError)
_BRACE, _BRACKET = ord("{"), ord("[")

Items = list[tuple[str, str, bytes]]
"""``(type, item, values)`` in the order of arrival."""


def read_real(frame: str | bytes, stats: Counts) -> Items | None:
    """The values of a REAL frame; None for any other frame, and for one with something wrong in it."""
    try:
        real = _decode_real(frame)
    except UNREADABLE:
        return None
    if real.trnm != "REAL":
        return None
    stats.recorded_at = real.recorded_at
    items: Items = []
    for entry in real.data:
        values = bytes(entry.values)
        if values[0] == _BRACE and values.isascii():
            items.append((entry.type, entry.item or "", values))
        else:
            items += _unusual(entry, values, stats)
    return _counted(items, stats)


def read_entries(frame: str | bytes, stats: Counts) -> Items:
    """A REAL frame with something wrong in it: the entries that can be read are kept."""
    items: Items = []
    try:
        entries = _decode_loose(frame).data
    except UNREADABLE:
        stats.broken += 1
        return items
    for raw in entries:
        try:
            entry = _decode_entry(raw)
        except UNREADABLE:
            stats.broken += 1
        else:
            items += _unusual(entry, bytes(entry.values), stats)
    return _counted(items, stats)


def _counted(items: Items, stats: Counts) -> Items:
    if items:
        stats.real_frames += 1
        stats.items += len(items)
    return items


def _unusual(entry: _Entry, values: bytes, stats: Counts) -> Items:
    """Values that are not plain ASCII, or a list of objects (one table of the vendor's guide says so)."""
    try:
        values.decode()
        found = [bytes(value) for value in _decode_list(values)] if values[0] == _BRACKET else [values]
    except UNREADABLE:
        found = []
    sound = [value for value in found if value[0] == _BRACE]
    if len(sound) < max(1, len(found)):
        stats.broken += 1
    return [(entry.type, entry.item or "", value) for value in sound]


def trnm_of(frame: bytes) -> str | None:
    """What kind of frame it says it is; None where that cannot be read."""
    try:
        return _decode_name(frame).trnm
    except UNREADABLE:
        return None


def seq_text(value: object) -> str:
    """A condition's number as the server or the caller may write it: ``'2 '`` and 2 are both ``'2'``."""
    return str(value).strip() if isinstance(value, str | int) else ""


def seq_in(words: str) -> str:
    found = re.search(r"\(seq=\s*(\w+)\s*\)", words)
    return found[1] if found else ""


def code_of(message: dict[str, Any]) -> int | None:
    code = message.get("return_code")  # a number live; one edition of the guide calls it a text
    if isinstance(code, str) and re.fullmatch(r"\s*-?\d{1,9}\s*", code):
        return int(code)
    return code if isinstance(code, int) else None


def pair_of(entry: object) -> tuple[str, str] | None:
    """One line of the list: a pair as recorded, or an object as the guide's table has it."""
    if isinstance(entry, dict):
        entry = [entry.get("seq"), entry.get("name")]
    if isinstance(entry, list) and len(entry) >= 2 and seq_text(entry[0]) and isinstance(entry[1], str):
        return seq_text(entry[0]), entry[1]
    return None
