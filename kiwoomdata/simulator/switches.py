"""How the server behaves where reports of the real one differ, or where nobody has measured it.

Every field is a switch of :func:`kiwoomdata.simulator.start`; wrong settings end here.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal, NamedTuple, get_args

__all__ = ["Mode", "Pace", "Rate", "Switches", "check_pace"]

Mode = Literal["real", "mock"]
Reissue = Literal["same", "invalidate_old"]
TokenType = Literal["Bearer", "bearer"]
Wording = Literal["new", "old"]
Duplicate = Literal["kick", "coexist"]
Empty = Literal["list", "null", "absent"]
AfterDay = Literal["default", "next", "again", "stop"]
Pace = float | Literal["max"]

_RATES = {"real": "5/s", "mock": "1/s"}


class Rate(NamedTuple):
    """How many requests per second one app key may send for one TR.

    Without ``burst`` any rolling second holds at most ``per_second``; with it, up to ``burst`` come at
    once and the allowance refills at ``per_second``.
    """

    per_second: int
    burst: int | None = None

    @classmethod
    def parse(cls, text: str) -> Rate:
        """Read ``"5/s"`` or ``"1/s burst 2"``."""
        found = re.fullmatch(r"([1-9][0-9]*)/s(?: burst ([1-9][0-9]*))?", text)
        if found is None:
            raise ValueError(f"rate: expected '5/s', '1/s', '1/s burst 2' or None for no limit, got {text!r}")
        return cls(int(found[1]), int(found[2]) if found[2] else None)


@dataclass(frozen=True)
class Switches:
    """All the switches, checked."""

    mode: Mode = "real"
    rate: str | None = "default"
    """``"default"`` is 5/s, and 1/s for the mock server; ``None`` is no limit."""
    token_reissue: Reissue = "same"  # noqa: S105
    """Whether asking again gives the running token, or a new one that ends the old. Both were reported."""
    token_type: TokenType = "Bearer"  # noqa: S105
    """The vendor's guide prints it in lower case, the live server with a capital."""
    message_1700: Wording = "new"
    """The words for too many requests changed between March and summer 2026."""
    token_life: float = 86_400.0
    """Seconds from a token's first issue to its end."""
    ignore_program_date: bool = True
    """Market program trading (ka90005, ka90010) answers for the latest session, whatever trading day is
    asked. Of any other day it answers for the session before."""
    intraday_at_any_hour: bool = False
    """Whether what foreigners trade in each stock (ka10063) can be seen at any hour. The live server has rows
    from 09:00 to 15:30 alone (August 2026). The simulator of ``kd.use("simulator")`` stands after the close,
    and shows them all the same."""
    rebased: bool = False
    """Whether the days before a split are given in the shares of today. Nobody has said which."""
    page_rows: int = 100
    """Rows on a page of those TRs for which nobody has reported a number."""
    latency: float = 0.0
    """Seconds that every answer takes."""
    pace: Pace = 60.0
    """How fast the live side plays the day: 1 as it was, ``"max"`` as fast as it is read, 0 not at all."""
    after_day: AfterDay = "default"
    """What follows the day's last word: the ``"next"`` day, on which the whole market stands then, the same
    day ``"again"``, or silence, ``"stop"``. ``"default"`` is the next day, and at ``"max"`` silence."""
    last_word: bool = True
    """Whether who registers a feed that seldom comes and tells a state (0E, 0H, 0g, 0s) is told the last word
    at once, while the day goes by the clock. Nobody has reported it of the live server; it lets every
    program of the vendor's documents hear something."""
    frame_rate: float | None = None
    """The most frames per second that a connection of the live side gets."""
    duplicate_ws: Duplicate = "kick"
    """What a second login of a key does to the first: most saw it end, some saw both go on (2026)."""
    ping_interval: float | None = 10.0
    """Seconds between two PINGs, about ten at the mock server (2026-09-10); ``None`` for none."""
    ping_miss_limit: int = 5
    """How many PINGs in a row may stay without an echo."""
    login_wait: float = 30.0
    """Seconds that a connection may stay without a login; nobody has measured them."""
    ws_item_limit: int = 200
    """Items of a connection, in all groups."""
    ws_group_limit: int | None = None
    """Items of a group; an older report says 100."""
    ws_rate: str | None = "5/s"
    """The limit for each app key and each kind of live request."""
    empty_conditions: Empty = "list"
    """How a search that finds nothing says so, which nobody has reported: ``[]``, ``null``, no ``data``."""

    def __post_init__(self) -> None:
        _one_of("mode", self.mode, Mode)
        _one_of("token_reissue", self.token_reissue, Reissue)
        _one_of("token_type", self.token_type, TokenType)
        _one_of("message_1700", self.message_1700, Wording)
        if self.rate is not None:
            self.limit()
        if not self.token_life > 0:
            raise ValueError(f"token_life: expected more than 0 seconds, got {self.token_life!r}")
        if not 0 <= self.latency < float("inf"):
            raise ValueError(f"latency: expected 0 or more seconds, got {self.latency!r}")
        for name, at_least_one in (
            ("page_rows", self.page_rows),
            ("ping_miss_limit", self.ping_miss_limit),
            ("ws_item_limit", self.ws_item_limit),
            ("ws_group_limit", 1 if self.ws_group_limit is None else self.ws_group_limit),
        ):
            if at_least_one < 1:
                raise ValueError(f"{name}: expected 1 or more, got {at_least_one!r}")
        for name, positive in (
            ("frame_rate", 1 if self.frame_rate is None else self.frame_rate),
            ("ping_interval", 1 if self.ping_interval is None else self.ping_interval),
            ("login_wait", self.login_wait),
        ):
            if not positive > 0:
                raise ValueError(f"{name}: expected more than 0, got {positive!r}")
        _one_of("duplicate_ws", self.duplicate_ws, Duplicate)
        _one_of("empty_conditions", self.empty_conditions, Empty)
        _one_of("after_day", self.after_day, AfterDay)
        check_pace(self.pace)
        if self.ws_rate is not None:
            Rate.parse(self.ws_rate)

    def limit(self) -> Rate | None:
        """The limit in force, or None."""
        if self.rate is None:
            return None
        return Rate.parse(_RATES[self.mode] if self.rate == "default" else self.rate)


def check_pace(pace: object) -> None:
    known = pace == "max" or (isinstance(pace, int | float) and not isinstance(pace, bool))
    if not known or (isinstance(pace, int | float) and not 0 <= pace < float("inf")):
        raise ValueError(f"pace: expected a number of 0 or more, or 'max', got {pace!r}")


def _one_of(name: str, value: object, choices: object) -> None:
    known = get_args(choices)
    if value not in known:
        raise ValueError(f"{name}: expected one of {', '.join(map(repr, known))}, got {value!r}")
