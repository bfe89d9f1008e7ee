"""How the server behaves where reports of the real one differ, or where nobody has measured it.

Every field is a switch of :func:`kiwoomdata.simulator.start`; wrong settings end here.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal, NamedTuple, get_args

__all__ = ["Mode", "Rate", "Switches"]

Mode = Literal["real", "mock"]
Reissue = Literal["same", "invalidate_old"]
TokenType = Literal["Bearer", "bearer"]
Wording = Literal["new", "old"]

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
    """Market program trading (ka90005, ka90010) answers for the latest session, whatever day is asked."""
    page_rows: int = 100
    """Rows on a page of those TRs for which nobody has reported a number."""
    latency: float = 0.0
    """Seconds that every answer takes."""

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
        if self.page_rows < 1:
            raise ValueError(f"page_rows: expected 1 or more, got {self.page_rows!r}")

    def limit(self) -> Rate | None:
        """The limit in force, or None."""
        if self.rate is None:
            return None
        return Rate.parse(_RATES[self.mode] if self.rate == "default" else self.rate)


def _one_of(name: str, value: object, choices: object) -> None:
    known = get_args(choices)
    if value not in known:
        raise ValueError(f"{name}: expected one of {', '.join(map(repr, known))}, got {value!r}")
