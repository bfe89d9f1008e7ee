"""How files of the store look: first a line with key, digest and checksum. How they are put in place."""

from __future__ import annotations

import itertools
import os
import zlib
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from hashlib import blake2b
from typing import Literal

import msgspec
import polars as pl

__all__ = [
    "UNREADABLE",
    "Head",
    "Kind",
    "SeriesKey",
    "as_day",
    "as_text",
    "head_of",
    "make_folder_of",
    "packed",
    "replace",
    "unpacked",
]

Kind = Literal["rows", "typed", "pages", "answer"]
UNREADABLE = (ValueError, msgspec.MsgspecError, pl.exceptions.PolarsError)
"""What reading a damaged file raises."""
_serial = itertools.count()


@dataclass(frozen=True)
class SeriesKey:
    """One series: a TR, on one server, with the request parameters that make it another series."""

    server: str
    api_id: str
    identity: tuple[tuple[str, str], ...] = ()

    @cached_property
    def text(self) -> str:
        return msgspec.json.encode([self.server, self.api_id, sorted(self.identity)]).decode()

    @cached_property
    def name(self) -> str:
        return blake2b(self.text.encode(), digest_size=16).hexdigest()

    @property
    def symbol(self) -> str | None:
        return dict(self.identity).get("stk_cd")

    def __str__(self) -> str:
        return f"{self.api_id} {self.symbol or ''}".strip()

    @classmethod
    def parse(cls, text: str) -> SeriesKey:
        server, api_id, identity = msgspec.json.decode(text, type=tuple[str, str, list[tuple[str, str]]])
        return cls(server, api_id, tuple(identity))


class Head(msgspec.Struct, omit_defaults=True):
    """The first line of a file."""

    key: str
    digest: str = ""
    """Of what follows the line."""
    first: str = ""
    last: str = ""
    """The days of the rows, YYYYMMDD."""
    count: int = 0
    as_of: str = ""
    """The day to which rebased rows are relative, YYYYMMDD."""
    fetched: float = 0.0
    """When the rows came, in seconds since 1970. Told, and nothing is decided by it."""
    more: msgspec.Raw = msgspec.Raw(b"null")
    """What the rule that wrote the file has to say."""


_HEAD = msgspec.json.Decoder(Head)


def packed(key: SeriesKey, kind: Kind, head: Head, payload: bytes) -> bytes:
    """A file, whole; the header learns what it is of."""
    head.key, head.digest = key.text, _digest(kind, payload)
    text = msgspec.json.encode(head)
    return b"%08x %b\n%b" % (zlib.crc32(text), text, payload)


def unpacked(content: bytes, key: SeriesKey, kind: Kind, *, whole: bool = True) -> tuple[Head, bytes]:
    """The header, and what follows; ValueError where a file is not what was written."""
    line, _, payload = content.partition(b"\n")
    head = head_of(line)
    if head.key != key.text:
        raise ValueError("it is of another series")
    if whole and _digest(kind, payload) != head.digest:
        raise ValueError("its digest does not match")
    return head, payload


def head_of(line: bytes) -> Head:
    """The header out of the first line; ValueError where that is not what was written."""
    check, _, text = line.rstrip(b"\n").partition(b" ")
    if f"{zlib.crc32(text):08x}".encode() != check:
        raise ValueError("its header is damaged")
    return _HEAD.decode(text)


def _digest(kind: Kind, payload: bytes) -> str:
    """Of a text, by which its typed copy knows it, or (six times faster) a checksum."""
    if kind == "rows":
        return blake2b(payload, digest_size=16).hexdigest()
    return f"{zlib.crc32(payload):08x}"


def make_folder_of(file: str) -> None:
    with suppress(FileExistsError):
        os.mkdir(os.path.dirname(file), 0o700)


def replace(file: str, content: bytes) -> None:
    make_folder_of(file)
    beside = f"{file}.{os.getpid()}-{next(_serial)}.new"
    try:
        descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with open(descriptor, "wb") as stream:
            stream.write(content)
        os.replace(beside, file)
    except BaseException:
        with suppress(OSError):
            os.unlink(beside)
        raise


def as_text(day: date) -> str:
    """A day as it stands in files and requests: YYYYMMDD."""
    return f"{day.year:04}{day.month:02}{day.day:02}"


def as_day(text: str) -> date | None:
    return date(int(text[:4]), int(text[4:6]), int(text[6:8])) if text else None
