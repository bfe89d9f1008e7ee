"""What an entry of the catalogue is: data that says what a TR asks for and answers.

From one :class:`Endpoint` follow the argument checks, the request, the paging and where it
may stop, the quota's scope, the store's rule, the schema (also of an empty answer), the
simulator's answer, the page in the docs and the contract tests.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from hashlib import blake2b
from typing import Literal, TypeAlias

import polars as pl

from kiwoomdata.kinds import Kind, Style

__all__ = [
    "AS_SERVED",
    "GRAMS",
    "HUNDREDTH_KRW",
    "HUNDREDTH_PERCENT",
    "HUNDRED_MILLION_KRW",
    "HUNDRED_SHARES",
    "KILOGRAMS",
    "KRW",
    "MILLIONTHS",
    "MILLION_KRW",
    "NO_UNIT",
    "PERCENT",
    "POINTS",
    "POINTS_X100",
    "SHARES",
    "TEN_MILLION_KRW",
    "THOUSAND_KRW",
    "THOUSAND_SHARES",
    "UNDERLYING",
    "UNKNOWN",
    "UNKNOWN_MILLION",
    "UNKNOWN_THOUSAND",
    "Column",
    "Endpoint",
    "Final",
    "Flag",
    "Param",
    "Part",
    "Period",
    "Unit",
    "Walk",
    "meaning",
]


@dataclass(frozen=True)
class Unit:
    """The unit of a column's values, and how many of it one unit of the server's is."""

    name: str
    scale: float = 1
    written: float | None = None
    """How many won or shares one unit of the simulator's is, where nobody knows the server's."""


KRW = Unit("KRW")
THOUSAND_KRW = Unit("KRW", 1_000)
MILLION_KRW = Unit("KRW", 1_000_000)
TEN_MILLION_KRW = Unit("KRW", 10_000_000)
HUNDRED_MILLION_KRW = Unit("KRW", 100_000_000)
"""One eok (억)."""
HUNDREDTH_KRW = Unit("KRW", 0.01)
SHARES = Unit("shares")
HUNDRED_SHARES = Unit("shares", 100)
THOUSAND_SHARES = Unit("shares", 1_000)
GRAMS = Unit("g")
KILOGRAMS = Unit("g", 1_000)
PERCENT = Unit("%")
HUNDREDTH_PERCENT = Unit("%", 0.01)
POINTS = Unit("points")
POINTS_X100 = Unit("points", 0.01)
MILLIONTHS = Unit("", 0.000_001)
UNDERLYING = Unit("of the underlying")
"""Points where the underlying is an index, won where it is a stock."""
UNKNOWN = Unit("unknown")
"""No source proves the unit: nothing is scaled, and the column's name ends in ``_as_served``."""
UNKNOWN_THOUSAND = Unit("unknown", written=1_000)
UNKNOWN_MILLION = Unit("unknown", written=1_000_000)
NO_UNIT = Unit("")

AS_SERVED = "_as_served"
VALUE = "_value"

Flag: TypeAlias = str | tuple[str, ...] | None
"""What a request says of the units of its answer: the code of one key, or of several in their order."""


@dataclass(frozen=True)
class Column:
    """One key of a response: how the API spells it, what it is called here, what it means."""

    key: str
    name: str
    kind: Kind
    ko: str
    unit: Unit = NO_UNIT
    units: Mapping[str | tuple[str, ...], Unit] = field(default_factory=dict)
    """The unit by the code of the request's flag (the endpoint's ``unit_flag``), where it depends on it.
    Where the flag is of several keys: by a tuple of their codes, in the flag's order."""
    style: Style = "plain"
    """How the server writes the sign; for the simulator."""
    filled: int = 0
    """To how many digits the server fills it with zeros; for the simulator."""
    signed_by: str | None = None
    """The response key (of kind direction) that tells the sign, where the server writes the size alone:
    down and limit down are negative; null where the direction is null and the size is not 0."""
    negated: bool = False
    """The server writes what was sold, gross, as negative (``-1725746``): the frame holds how much, whatever
    the sign, so that net is bought minus sold in every frame."""
    sold_if: tuple[str, str] | None = None
    """The request key and its code under which it is what was sold, gross: the frame holds how much, whatever
    sign the server writes. In a row of both signs it is null: those are no gross amounts."""
    broken: tuple[str, ...] = ()
    """Texts that the server writes where its own computing failed (``-21474836.00``): null and a warning."""
    or_unit: Unit | None = None
    """Another unit that the server is said to write it in: a value of bars, whose own volume and prices tell
    which it is; null where neither gives a price."""
    unlisted: bool = False
    """The guide's table lacks it, and some answers do: one without it is not told to be short of it."""
    note: str = ""
    heading: str = ""
    """Our own Korean name in frames, where the vendor's says something else than what stands there."""

    def __post_init__(self) -> None:
        parts = any(unit.scale < 1 for unit in (self.unit, *self.units.values()))
        if parts and self.kind.dtype == pl.Int64:
            raise ValueError(f"{self.key}: a part of a unit needs a kind with decimals, not {self.kind.name}")

    def unit_for(self, flag: Flag) -> Unit:
        """The unit in the answer to a request with this flag (:meth:`Endpoint.flag_of`)."""
        return self.units.get(flag, self.unit) if flag is not None else self.unit

    def name_for(self, flag: Flag) -> str:
        """The column's name in an answer to this flag: it says where the unit is not known, and calls no
        shares a value."""
        unit = self.unit_for(flag).name
        name = self.name.removesuffix(VALUE) if unit == SHARES.name else self.name
        return name + AS_SERVED if unit == UNKNOWN.name and not name.endswith(AS_SERVED) else name

    def korean_for(self, name: str) -> str:
        """The Korean heading of the column where it has this name: no shares are called an amount either."""
        text = self.heading or self.ko
        return text if name.startswith(self.name) else text.replace("금액", "수량")

    @property
    def explained(self) -> str:
        """The words of its codes where it has such, and the note."""
        codes = ", ".join(f"{code}={word}" for code, word in self.kind.codes.items())
        return "; ".join(text for text in (codes, self.note) if text)

    @property
    def unit_text(self) -> str:
        names = dict.fromkeys(unit.name for unit in self.units.values())
        return " or ".join(names) if names else self.unit.name


@dataclass(frozen=True)
class Param:
    """One key of a request.

    At most one of ``choices``, ``flags``, ``between`` and ``pattern`` says what may be given; without any,
    the kind does.
    """

    key: str
    name: str
    ko: str
    kind: Kind
    choices: Mapping[str, str] = field(default_factory=dict)
    """Word to code: ``{"shares": "0", "value": "1"}``."""
    default: str | None = None
    """The word (or text) taken when the caller says nothing; None: it must be given."""
    required: bool = True
    """The server refuses a request without it. A parameter that is not required and not given is not sent."""
    suffix: bool = True
    """For stock codes: whether the venue suffix ``_NX``/``_AL`` may be sent."""
    also: tuple[str, ...] = ()
    """Other codes that a document prints: sent when they are said, no word stands for them."""
    blank: bool = False
    """A blank is a value: ``""`` may be given, and is sent when the caller says nothing and there is no
    default."""
    join: str | None = None
    """The sign between several values in one text: a list may be given."""
    at_most: int | None = None
    """How many values one request may join."""
    flags: tuple[str, ...] = ()
    """The words of a text of yes/no flags, one digit each in this order: a list of words may be given, and
    ``1`` is sent for each of them."""
    between: tuple[int, int] | None = None
    """A whole number, both ends allowed; ints and texts are taken."""
    digits: int = 0
    """To how many digits a number is filled with zeros before it is sent; 0: as it is."""
    pattern: str = ""
    """What a code that is no stock's looks like (a regular expression for the whole text), with ``help``."""
    help: str = ""
    """What to give, as an error message says it after "expected": ``three digits such as '001'``."""
    example: str = ""
    """What the example request gives (a word, a date, a code); without it the first choice, or what is
    usual for the kind."""

    @property
    def form(self) -> str:
        """What it is: a choice of words, flags, or what its kind is called."""
        return "choice" if self.choices else "flags" if self.flags else self.kind.name

    @property
    def accepts(self) -> str:
        """What may be given where it is no choice of words."""
        if self.flags:
            return "a list of " + ", ".join(self.flags)
        if self.between:
            return "{:,} to {:,}".format(*self.between)
        joined = f"up to {self.at_most} in a list" if self.join and self.at_most else ""
        return "; ".join(text for text in (self.help, joined) if text)

    @property
    def shown(self) -> str:
        """What an example gives for it."""
        usual = {"code": "005930", "date": "2024-01-31"}
        return (
            self.example
            or next(iter(self.choices), "")
            or (str(self.between[0]) if self.between else usual.get(self.kind.name, ""))
        )


def meaning(columns: Iterable[Column]) -> str:
    """A digest of what columns mean: rows that were read by another rule are read again."""
    rules = [
        (
            *(c.key, c.name, c.kind.name, c.unit, sorted(map(repr, c.units.items()))),
            *(c.signed_by, c.negated, c.sold_if, c.broken, c.or_unit, sorted(c.kind.codes.items())),
        )
        for c in columns
    ]
    return blake2b(repr(rules).encode(), digest_size=8).hexdigest()


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
        return meaning(self.columns)

    def named(self, name: str) -> Column:
        """The column of this English name."""
        return next(column for column in self.columns if column.name == name)


@dataclass(frozen=True)
class Walk:
    """How a TR that is a series by date is walked back in time."""

    column: str
    """Our name of the column that holds the row's day (kind date), or its moment (kind datetime). Pages of
    moments may cut a day in two: a walk goes on until a page reaches below the day wanted, days are covered
    whole, and the oldest day of a walk that did not end is never settled."""
    until: str | None = None
    """The request key that takes the newest day wanted; None: the answer begins with the latest day."""
    since: str | None = None
    """The request key that takes the oldest day, where the TR has one."""
    whole: bool = False
    """Rows, or how far back they reach, depend on the question: its answer is kept as it came."""
    minutes: str | None = None
    """The request key that says how many minutes a row covers; None: a row is no bar of minutes."""
    anchor: Literal["asked", "today"] = "asked"
    """``"today"``: the rows are relative to the day asked (prices adjusted as seen from ``until``). Then
    they are always asked from today and cut afterwards, and rows of another anchor are never mixed with
    them."""
    heeded: bool = True
    """Whether the server is known to heed ``until``: an estimate of pages is exact only then."""


Final = Literal["next morning", "by the day", "never"]
"""When an answer can no longer change: at 06:00 after its day (and period); "by the day": it may change with
each day, and holds until the next 06:00; never: a snapshot, or rows of a running session."""

Period = Literal["day", "week", "month", "year"]


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
    """The named functions that ask it, joined by commas; blank: only :func:`kiwoomdata.request` does."""
    example: str = ""
    """The call of the named function that docs and ``describe`` show: ``kd.price_table("005930")``."""
    key: tuple[str, ...] = ()
    """Columns that name a row: pages that overlap are made unique by them."""
    walk: Walk | None = None
    unit_flag: str | tuple[str, ...] | None = None
    """The request key, or keys, on which some columns' units depend."""
    page_rows: int | None = None
    """Rows per page where it is known; None: nobody has said."""
    order: Literal["newest first", "as served"] = "as served"
    final: Final = "never"
    period: Period = "day"
    """What a row of a walk covers. Its date is a day of the period (the first trading day of it), and it is
    final on the morning after the period's last trading day (:func:`kiwoomdata.calendar.period_end`)."""
    as_of: str | None = None
    """The request key that names the day, or the last day of the range, that the whole answer is about: the
    answer is final when that day is, and is kept by its question."""
    as_of_if: tuple[str, str] | None = None
    """The request key and its code under which the server heeds that day; otherwise it answers of its newest,
    whatever day stands beside."""
    every_day: bool = False
    """There is a row for each trading day (for each period, of longer bars), so that a day without one is
    missing, not empty. Of minutes and trades, a day without a row is told in any case."""
    no_today: bool = False
    """There is no row for today, until 06:00 of the next day."""
    rebased: bool = False
    """Past prices may change when a stock is split; nobody has said that they do not."""
    unheeded: str | None = None
    """The request key of a day that the server may ignore, to answer for the latest session in rows that name
    no day."""
    instead_for_all: str = ""
    """What to ask for all venues, where the server answers for KRX whatever venue a code names."""
    nxt_ends_empty: bool = False
    """Past a stock's first day on NXT the TR answers an empty page that says "more"."""
    credit_columns: tuple[str, ...] = ()
    """Columns that the server fills in a day or two later."""
    note: str = ""
    when_empty: str = ""
    """When it answers without rows, where that is known of this TR."""

    @cached_property
    def rows(self) -> Part | None:
        """The part that is a list and so may go on for pages."""
        return next((part for part in self.parts if part.key is not None), None)

    def param(self, word: str) -> Param | None:
        """Find a parameter by our name or by the API's own key."""
        return next((p for p in self.params if word in (p.name, p.key)), None)

    @cached_property
    def dated_by(self) -> Column | None:
        """The column that the walk goes by."""
        return self.rows.named(self.walk.column) if self.walk and self.rows else None

    def flag_of(self, body: Mapping[str, str]) -> Flag:
        """What a request says of units; None where they do not depend on it, or where it does not say."""
        if self.unit_flag is None or isinstance(self.unit_flag, str):
            return body.get(self.unit_flag or "")
        codes = tuple(body.get(key, "") for key in self.unit_flag)
        return codes if all(codes) else None

    @property
    def call(self) -> str:
        """An example call: of the named function, or else of :func:`kiwoomdata.request`."""
        given = "".join(f', {name}="{value}"' for name, value in self.shown.items())
        return self.example or f'kd.request("{self.api_id}"{given})'

    @property
    def shown(self) -> dict[str, str]:
        """The parameters of an example request, by our names: those that have no default.

        A range that must begin also ends, or the example would ask for more with each year.
        """
        asked = {param.name for param in self.params if param.required and not param.blank}
        if "start" in asked:
            asked.add("end")
        return {
            param.name: param.shown for param in self.params if param.default is None and param.name in asked
        }
