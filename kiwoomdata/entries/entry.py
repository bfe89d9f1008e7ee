"""What an entry of the catalogue is: data that says what a TR asks for and answers.

From one :class:`Endpoint` follow the argument checks, the request, the paging and where it
may stop, the quota's scope, the store's rule, the schema (also of an empty answer), the
simulator's answer, the page in the docs and the contract tests.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from hashlib import blake2b
from typing import Literal

from kiwoomdata.kinds import Kind, Style

__all__ = [
    "KRW",
    "MILLION_KRW",
    "NO_UNIT",
    "PERCENT",
    "POINTS",
    "POINTS_X100",
    "SHARES",
    "THOUSAND_SHARES",
    "UNKNOWN",
    "Column",
    "Endpoint",
    "Param",
    "Part",
    "Unit",
    "Walk",
]


@dataclass(frozen=True)
class Unit:
    """The unit of a column's values, and how many of it one unit of the server's is."""

    name: str
    scale: float = 1


KRW = Unit("KRW")
MILLION_KRW = Unit("KRW", 1_000_000)
SHARES = Unit("shares")
THOUSAND_SHARES = Unit("shares", 1_000)
PERCENT = Unit("%")
POINTS = Unit("points")
POINTS_X100 = Unit("points", 0.01)
UNKNOWN = Unit("unknown")
"""No source states the unit: nothing is scaled."""
NO_UNIT = Unit("")


@dataclass(frozen=True)
class Column:
    """One key of a response: how the API spells it, what it is called here, what it means."""

    key: str
    name: str
    kind: Kind
    ko: str
    unit: Unit = NO_UNIT
    units: Mapping[str, Unit] = field(default_factory=dict)
    """The unit by the value of the request's flag (the endpoint's ``unit_flag``), where it depends on it."""
    style: Style = "plain"
    """How the server writes the sign; for the simulator."""
    note: str = ""

    def unit_for(self, flag: str | None) -> Unit:
        return self.units.get(flag, self.unit) if flag is not None else self.unit

    @property
    def unit_text(self) -> str:
        names = dict.fromkeys(unit.name for unit in self.units.values())
        return " or ".join(names) if names else self.unit.name


@dataclass(frozen=True)
class Param:
    """One key of a request."""

    key: str
    name: str
    ko: str
    kind: Kind
    choices: Mapping[str, str] = field(default_factory=dict)
    """Word to code: ``{"shares": "0", "value": "1"}``."""
    default: str | None = None
    """The word (or text) taken when the caller says nothing; None: it must be given."""
    required: bool = True
    suffix: bool = True
    """For stock codes: whether the venue suffix ``_NX``/``_AL`` may be sent."""


@dataclass(frozen=True)
class Part:
    """One frame of a response: the flat keys beside the envelope (``key`` None) or one list."""

    name: str
    key: str | None
    ko: str
    columns: tuple[Column, ...]

    def __post_init__(self) -> None:
        object.__setattr__(self, "by_key", {column.key: column for column in self.columns})

    by_key: Mapping[str, Column] = field(init=False, repr=False, compare=False)

    @cached_property
    def meaning(self) -> str:
        """A digest of what the columns mean: rows that were read by another rule are read again."""
        columns = [
            (c.key, c.name, c.kind.name, c.unit, sorted(c.units.items(), key=lambda unit: unit[0]))
            for c in self.columns
        ]
        return blake2b(repr(columns).encode(), digest_size=8).hexdigest()


@dataclass(frozen=True)
class Walk:
    """How a TR that is a series by date is walked back in time."""

    column: str
    """The response key that holds the row's day."""
    until: str | None = None
    """The request key that takes the newest day wanted; None: the answer begins with the latest day."""
    since: str | None = None
    """The request key that takes the oldest day, where the TR has one."""
    whole: bool = False
    """Rows, or how far back they reach, depend on the question: its answer is kept as it came."""


Final = Literal["next morning", "never"]


@dataclass(frozen=True)
class Endpoint:
    """One TR."""

    api_id: str
    ko: str
    en: str
    params: tuple[Param, ...]
    parts: tuple[Part, ...]
    path: str = "/api/dostk/mrkcond"
    category: str = "quote"
    function: str = ""
    key: tuple[str, ...] = ()
    """Columns that name a row: pages that overlap are made unique by them."""
    walk: Walk | None = None
    unit_flag: str | None = None
    """The request key on which some columns' units depend."""
    page_rows: int | None = None
    """Rows per page where it is known; None: nobody has said."""
    order: Literal["newest first", "as served"] = "as served"
    final: Final = "never"
    every_day: bool = False
    """There is a row for each trading day, so that a day without one is missing, not empty."""
    rebased: bool = False
    """Past prices may change when a stock is split; nobody has said that they do not."""
    nxt_ends_empty: bool = False
    """Past a stock's first day on NXT the TR answers an empty page that says "more"."""
    credit_columns: tuple[str, ...] = ()
    """Columns that the server fills in a day or two later."""
    note: str = ""

    @property
    def rows(self) -> Part | None:
        """The part that is a list and so may go on for pages."""
        return next((part for part in self.parts if part.key is not None), None)

    def param(self, word: str) -> Param | None:
        """Find a parameter by our name or by the API's own key."""
        return next((p for p in self.params if word in (p.name, p.key)), None)
