"""An answer on its way to go wrong, and the table of the ways.

A fault changes a :class:`Draft` of a good answer: its rows and keys, its bytes, or how it is sent. What
is ``right`` has to come of a schedule that holds it alone:

``same``       the rows, as if nothing had been
``again``      the rows, when it goes by within the tries; else the error that is named
``error``      the error that is named, at once
``told``       an error, or rows of which each cell is true or null, and whatever lacks is told
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from tests.prove.market import Row, Way
from tests.prove.peer import Step

__all__ = ["FAULTS", "OK", "TOKEN_FAULTS", "Change", "Draft", "Fault", "Right", "fault"]

OK = {"return_code": 0, "return_msg": "정상적으로 처리되었습니다"}
Right = Literal["same", "again", "error", "told"]


@dataclass
class Draft:
    """A good answer on its way to become a bad one."""

    way: Way | None
    envelope: dict[str, Any]
    cont: str | None = "N"
    """The headers of paging, None where they are not sent."""
    key: str | None = ""
    at: int = 0
    """The number of the page's first row."""
    status: str = "200 OK"
    version: str = "HTTP/1.1"
    kind: str = "application/json;charset=UTF-8"
    headers: list[tuple[str, str]] = field(default_factory=list)
    content: bytes | None = None
    steps: list[Step] | None = None
    spoilt: set[tuple[str, str]] = field(default_factory=set)
    """Cells that the server itself says are blank: the row's own text, and the key."""
    elsewhere: str = ""
    """An address that nobody may be sent to."""

    @property
    def rows(self) -> list[Row]:
        if self.way is None or self.way.list_key is None:
            return [self.envelope]
        rows: list[Row] = self.envelope[self.way.list_key]
        return rows

    @rows.setter
    def rows(self, rows: Any) -> None:
        assert self.way is not None
        self.envelope[self.way.list_key or ""] = rows

    @property
    def text(self) -> bytes:
        if self.content is None:
            return json.dumps(self.envelope, ensure_ascii=False).encode()
        return self.content

    def head(self, length: str | None = None) -> bytes:
        lines = [f"{self.version} {self.status}", f"content-type: {self.kind}"]
        lines += [f"cont-yn: {self.cont}"] if self.cont is not None else []
        lines += [f"next-key: {self.key}"] if self.key is not None else []
        lines += [f"{name}: {value}" for name, value in self.headers]
        lines += [f"content-length: {length}"] if length is not None else []
        return "\r\n".join([*lines, "", ""]).encode()

    def wire(self) -> Sequence[Step]:
        return self.steps if self.steps is not None else [self.head(str(len(self.text))) + self.text]


@dataclass(frozen=True)
class Fault:
    """One way to go wrong."""

    name: str
    family: str
    right: Right
    error: str
    """The error's class, where it is one."""
    change: Callable[[Draft, random.Random], None]
    fits: Callable[[Way], bool]
    slow: bool
    """Waits for a deadline: such schedules are rare, and their deadline is near."""


FAULTS: dict[str, Fault] = {}
TOKEN_FAULTS: dict[str, Fault] = {}
Change = Callable[[Draft, random.Random], None]


def _any(way: Way) -> bool:
    return True


def fault(
    family: str,
    right: Right,
    error: str = "",
    *,
    fits: Callable[[Way], bool] = _any,
    slow: bool = False,
    name: str = "",
    into: dict[str, Fault] = FAULTS,
) -> Callable[[Change], Change]:
    def enter(change: Change) -> Change:
        called = name or change.__name__
        assert called not in into
        into[called] = Fault(called, family, right, error, change, fits, slow)
        return change

    return enter
