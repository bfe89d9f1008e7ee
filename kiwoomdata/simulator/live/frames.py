"""What goes out on a connection of the live side: frames, and the ways in which it ends."""

from __future__ import annotations

import json
from collections.abc import Sequence
from enum import Enum
from typing import Any, NamedTuple

__all__ = [
    "Close",
    "Cut",
    "Late",
    "Outgoing",
    "Pieces",
    "frame",
    "kicked",
    "no_heartbeat",
    "real_frame",
    "system",
]


def frame(**message: Any) -> bytes:
    return json.dumps(message, ensure_ascii=False, separators=(",", ":")).encode()


def real_frame(entries: Sequence[bytes]) -> bytes:
    return b'{"trnm":"REAL","data":[' + b",".join(entries) + b"]}"


class Pieces(NamedTuple):
    """A text in several fragments."""

    parts: tuple[bytes, ...]


class Late(NamedTuple):
    """A frame that is held back until so many later ones have gone."""

    frame: bytes
    by: int


class Close(NamedTuple):
    """A goodbye."""

    code: int
    reason: str = ""


class Cut(Enum):
    """The end of a connection without a goodbye: ``ABORT`` resets it, ``MUTE`` leaves it half open."""

    ABORT = "abort"
    MUTE = "mute"


Outgoing = bytes | Pieces | Late | Close | Cut


def system(code: str, message: str) -> bytes:
    return frame(trnm="SYSTEM", code=code, message=message)


def kicked() -> list[Outgoing]:
    """Observed 2026: the same key has logged in elsewhere."""
    words = "동일한 App key로 접속이 되었습니다. 기존 세션은 종료가 됩니다"
    return [system("R10001", words), Close(1000, "Bye")]


def no_heartbeat() -> list[Outgoing]:
    words = "사용자 프로그램으로부터 Heartbeat(연결유지) 메시지가 오지않아서 접속을 종료합니다"
    return [system("R10002", words), Close(1000, "Bye")]
