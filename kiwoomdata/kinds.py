"""What a text from the server can mean, and how it is read and written. Pure.

The server sends nothing but text. A *kind* says what a text means: which dtype it becomes,
what its sign says, and which texts stand for "missing". The kind belongs to the catalogue's
*(TR, key)* and is looked up there; nothing here looks at a column's values to decide what
they are.

========== ======================== ======================================================
kind       dtype                    sign
========== ======================== ======================================================
price      Int64 or Float64         a colour (above or below yesterday's close): dropped; 0 is null
index      Float64                  a colour: dropped; 0 is null
share      Float64, percent         a colour: dropped
change     Int64 or Float64         true: a fall is negative
flow       Int64                    true: net selling is negative
quantity   Int64                    kept where the server writes one
magnitude  Int64                    dropped: it tells the aggressor, see ``side``
amount     Int64                    kept where the server writes one
count      Int64                    kept
rate       Float64, percent         true
share      Float64, percent         a colour: dropped
ratio      Float64                  true
basis      Float64, index points    true: future minus spot
side       Enum(buy, sell)          is the value (as a sign, or as a word); without a sign unknown
direction  Enum(limit_up … )        codes 1 to 5, 0 is none
venue      Enum(krx, nxt, all)
rank_move  Enum(up, down)           is the value
warning    Enum(none, … warning)    codes 0 to 5
yes_no     Boolean                  Y and N
code       String                   text untouched
name, text String                   outer blanks stripped
date       Date
time       Time
datetime   Datetime(us, Asia/Seoul)
========== ======================== ======================================================

A run of signs that holds a ``-`` is negative: ``--714`` is -714, ``+-121`` is -121. Sums prove
both: 1,200 live ka10086 rows of May 2026 hold 4,454 of the first, and on 2026-08-07 a live
``+-2076560`` stood for buys of 8,928,222,154 less sells of 8,930,298,714.

A price of 0 is no price: a halted day, a level of a book without an order, an auction without
an expected price are written so. A number at the end of a 32-bit field (4294967295, 2147483647,
or the price -2147483 of a field that wrapped at a thousandth of it; all three seen live) has
lost its value: null, and told.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time
from typing import Any, Literal, TypeVar, cast
from zoneinfo import ZoneInfo

import polars as pl

__all__ = [
    "AMOUNT",
    "BASIS",
    "BLANK",
    "BROKER_SIDE",
    "BY_NAME",
    "CHANGE",
    "CHANGE_DECIMAL",
    "CODE",
    "COUNT",
    "DATE",
    "DATETIME",
    "DIRECTION",
    "DIRECTIONS",
    "EVENT_TIME",
    "FLOW",
    "INDEX",
    "INDEX_DIRECTION",
    "KST",
    "MAGNITUDE",
    "NAME",
    "PRICE",
    "PRICE_DECIMAL",
    "QUANTITY",
    "RANK_MOVE",
    "RATE",
    "RATE_BY_POINT",
    "RATIO",
    "SHARE",
    "SIDE",
    "TEXT",
    "TIME",
    "VENUE",
    "VENUES",
    "WARNING",
    "YES_NO",
    "Kind",
    "Style",
    "Trouble",
    "decode",
    "encode",
    "labels",
    "split_code",
    "words",
]

KST = ZoneInfo("Asia/Seoul")
DIRECTIONS = ("limit_up", "up", "flat", "limit_down", "down")
VENUES = ("krx", "nxt", "all")
SIDES = ("buy", "sell")

Style = Literal["plain", "plus", "double", "both"]
"""How the server writes a signed number: ``-5``/``5``, ``-5``/``+5``, ``--5``/``+5`` or ``+-5``/``+5``."""


class Unproven(ValueError):
    """A text whose value nobody can tell: its meaning is unproven, or the server's field has overflowed."""


@dataclass(frozen=True)
class Kind:
    """What a text can mean."""

    name: str
    dtype: Any
    expected: str
    parse: Callable[[str], Any]
    """One stripped, non-blank text to its value; ValueError if it fits no rule."""
    fast: Callable[[pl.Expr], pl.Expr]
    """The same for a whole column; null wherever the quick way is not sure."""
    above_zero: bool = False
    """Whether 0 says that there is none."""
    codes: Mapping[str, str] = field(default_factory=dict, compare=False, repr=False)
    """The server's codes and the words that they are, of a kind of words."""

    def __repr__(self) -> str:
        return f"<kind {self.name}>"


BLANK = "\t\n\x0b\x0c\r \x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a"
BLANK += "\u2028\u2029\u202f\u205f\u3000"
"""What counts as blank, for the quick way and for the sure way alike."""

# --- numbers -------------------------------------------------------------------------------

_NUMBER = re.compile(r"([+-]*)([0-9]+(?:\.[0-9]*)?|\.[0-9]+)(%?)")
_PLAIN_DECIMAL = r"^[+-]?[0-9]+(?:\.[0-9]+)?$"
_ZERO = pl.lit(pl.Series([0.0]))
_FILLING = str.maketrans("", "", ", \t\u00a0\u3000")
_INT64_MAX = 2**63 - 1
_INT64_MIN = -(2**63)
_SATURATED = (2**32 - 1, 2**31 - 1, -(2**31), -2_147_483)
"""What a field that is too small holds in place of its value."""
_SUSPICIOUS = sorted({*_SATURATED, *(-value for value in _SATURATED)})
_SMALLEST_SUSPICIOUS = min(map(abs, _SATURATED))
_N = TypeVar("_N", int, float)


def _split_number(text: str) -> tuple[bool, str, bool]:
    match = _NUMBER.fullmatch(text.translate(_FILLING))
    if match is None:
        raise ValueError(text)
    signs, digits, percent = match.groups()
    return "-" in signs, digits, bool(percent)


def _parse_int(text: str) -> int:
    negative, digits, percent = _split_number(text)
    whole, _, fraction = digits.partition(".")
    # The vendor's own ka10007 example writes a change of nothing as "0.00".
    if percent or fraction.strip("0"):
        raise ValueError(text)
    value = int(whole or "0")
    if value > _INT64_MAX:
        raise ValueError(text)
    return _sound(-value if negative else value)


def _sound(value: _N) -> _N:
    if value in _SATURATED:
        raise Unproven(value)
    return value


def _parse_float(text: str) -> float:
    negative, digits, _ = _split_number(text)
    value = float(digits)
    return _sound(-value if negative and value else value)


def _fast_int(column: pl.Expr) -> pl.Expr:
    return column.cast(pl.Int64, strict=False)


def _fast_flow(column: pl.Expr) -> pl.Expr:
    """Where half of the cells may be written ``--714``, they are worth a look in the quick way too."""
    return column.str.replace("--", "-", literal=True).cast(pl.Int64, strict=False)


def _fast_float(column: pl.Expr) -> pl.Expr:
    # The cast alone would also take "nan", "inf" and "1e5".
    plain = column.str.contains(_PLAIN_DECIMAL)
    return pl.when(plain).then(column.cast(pl.Float64, strict=False)) + _ZERO  # "-0.00" is 0, not -0.0


def _number(name: str, *, whole: bool) -> Kind:
    vector = (_fast_flow if name == "flow" else _fast_int) if whole else _fast_float
    return Kind(
        name,
        pl.Int64() if whole else pl.Float64(),
        "a whole number" if whole else "a decimal number",
        _parse_int if whole else _parse_float,
        vector,
    )


def _magnitude(kind: Kind) -> Kind:
    """The kind without its sign."""
    return replace(kind, parse=lambda text: abs(kind.parse(text)), fast=lambda c: kind.fast(c).abs())


def _above_zero(kind: Kind) -> Kind:
    """The kind without its sign, where 0 is the server's way of writing that there is none."""
    bare = _magnitude(kind)
    return replace(bare, parse=lambda text: bare.parse(text) or None, above_zero=True)


PRICE = _above_zero(_number("price", whole=True))
PRICE_DECIMAL = _above_zero(_number("price", whole=False))
INDEX = _above_zero(_number("index", whole=False))
CHANGE = _number("change", whole=True)
CHANGE_DECIMAL = _number("change", whole=False)
FLOW = _number("flow", whole=True)
QUANTITY = _number("quantity", whole=True)
MAGNITUDE = _magnitude(_number("magnitude", whole=True))
AMOUNT = _number("amount", whole=True)
COUNT = _number("count", whole=True)
RATE = _number("rate", whole=False)
RATIO = _number("ratio", whole=False)
BASIS = _number("basis", whole=False)
SHARE = _magnitude(_number("share", whole=False))
"""A percentage of a whole whose sign is a colour: printed for the feed 0B, a volume of 30,379,732 after
31,436,854 the day before is ``-96.64``."""


def _parse_rate_by_point(text: str) -> float:
    return _parse_float(text) if "." in text else _parse_int(text) / 100


RATE_BY_POINT = Kind(
    "rate_by_point",
    pl.Float64(),
    "a decimal number, or a whole number of hundredths",
    _parse_rate_by_point,
    lambda c: pl.when(c.str.contains(".", literal=True)).then(_fast_float(c)),
)
"""A percentage that comes as ``-1.11`` (live, ka10059) or in hundredths as ``+698`` (the same TR's printed
example of a rise by 6.98 %): the point tells which."""

# --- words ---------------------------------------------------------------------------------


def words(name: str, categories: tuple[str, ...], texts: dict[str, str | None], codes: str = "") -> Kind:
    """A kind of words, by their texts. A text like ``codes`` (a pattern) is one that is not known yet."""
    dtype = pl.Enum(categories)

    def parse(text: str) -> str | None:
        if text in texts:
            return texts[text]
        if codes and re.fullmatch(codes, text):
            raise Unproven(text)
        raise ValueError(text)

    return Kind(
        name,
        dtype,
        "one of " + ", ".join(sorted(texts)),
        parse,
        lambda c: c.replace_strict(texts, default=None, return_dtype=pl.String).cast(dtype),
        codes={text: word for text, word in texts.items() if word is not None},
    )


def labels(name: str, texts: dict[str, str]) -> Kind:
    """Words beside a column that keeps the codes as they came; a code that is not listed has none."""
    dtype = pl.Enum(list(texts.values()))
    return Kind(
        name,
        dtype,
        "a code",
        texts.get,
        lambda c: c.replace_strict(texts, default=None, return_dtype=pl.String).cast(dtype),
        codes=texts,
    )


# "0" stands on rows without trading (vendor's ka10045 example of 2024-11-07): no direction. 6 to 9,
# 43, 45, 60 and 114 were seen, and nobody knows what they say.
_DIRECTIONS: dict[str, str | None] = {"0": None, **{str(n): d for n, d in enumerate(DIRECTIONS, 1)}}
DIRECTION = words("direction", DIRECTIONS, _DIRECTIONS, "[0-9]+")
INDEX_DIRECTION = words(  # ka20004 prints 43: the character code of "+" (45 is that of "-")
    "direction", DIRECTIONS, {**_DIRECTIONS, "43": "up", "45": "down"}, "[0-9]+"
)
VENUE = words("venue", VENUES, {"KRX": "krx", "NXT": "nxt", "통합": "all", "SOR": "all"})


def _parse_side(text: str) -> str | None:
    """A quantity without a sign is an auction's or a block's: nobody took it from the book (live, 2026)."""
    value = _parse_int(text)
    signed = text.startswith(("+", "-"))
    return None if value == 0 or not signed else "sell" if value < 0 else "buy"


def _fast_side(column: pl.Expr) -> pl.Expr:
    value = _fast_flow(column)
    bought = (value > 0) & column.str.starts_with("+")
    return pl.when(value < 0).then(pl.lit("sell")).when(bought).then(pl.lit("buy")).cast(pl.Enum(SIDES))


SIDE = Kind("side", pl.Enum(SIDES), "a whole number whose sign tells the aggressor", _parse_side, _fast_side)

BROKER_SIDE = words("broker_side", SIDES, {"-매도": "sell", "+매수": "buy", "매도": "sell", "매수": "buy"})
"""The side that a broker took, in words."""

WARNINGS = ("none", "etf_caution", "liquidation", "overheated", "risk", "warning")
WARNING = words("warning", WARNINGS, {str(code): name for code, name in enumerate(WARNINGS)})
"""What the exchange warns of before one orders a stock."""


def _parse_rank_move(text: str) -> str | None:
    if text == "N":  # printed beside a change of 0: "not moved" and "new" both fit
        raise Unproven(text)
    return {"+": "up", "-": "down"}.get(text) or _refuse(text)


def _refuse(text: str) -> str:
    raise ValueError(text)


RANK_MOVE = replace(words("rank_move", ("up", "down"), {"+": "up", "-": "down"}), parse=_parse_rank_move)
"""Where a rank went since the last one."""


def _parse_yes_no(text: str) -> bool:
    if text not in ("Y", "N"):
        raise ValueError(text)
    return text == "Y"


YES_NO = Kind(
    "yes_no",
    pl.Boolean(),
    "Y or N",
    _parse_yes_no,
    lambda c: pl.when(c.is_in(["Y", "N"])).then(c == "Y"),
)

# --- texts ---------------------------------------------------------------------------------


def _text(name: str) -> Kind:
    return Kind(
        name,
        pl.String(),
        "text",
        lambda text: text,
        lambda c: pl.when(c.str.strip_chars(BLANK) != "").then(c.str.strip_chars(BLANK)),
    )


CODE = _text("code")
NAME = _text("name")
TEXT = _text("text")

_CODE = re.compile(r"A?([0-9][0-9A-Z]{5})(_NX|_AL)?")
_SUFFIX = {None: "krx", "_NX": "nxt", "_AL": "all"}


def split_code(text: str) -> tuple[str, str] | None:
    """Take a stock code apart: ``"A005930_NX"`` is ``("005930", "nxt")``; None if it is not one.

    >>> split_code("A005930_NX")
    ('005930', 'nxt')
    >>> split_code("0000D0")
    ('0000D0', 'krx')
    >>> split_code("KRX:005930")
    """
    match = _CODE.fullmatch(text)
    return None if match is None else (match[1], _SUFFIX[match[2]])


# --- times ---------------------------------------------------------------------------------

_AFTER_CLOSE = {"888888", "999999"}
"""Seen in sector TRs after the close (August 2026). No time of day; which one it means is unproven."""


def _parse_date(text: str) -> date | None:
    if text == "000000":  # ka10048 prints it on rows without a day
        return None
    # The daily program TR writes its days as 14 digits with a time of zeros.
    if not re.fullmatch(r"[0-9]{8}(000000)?", text):
        raise ValueError(text)
    if text.startswith("00000000"):
        return None
    return date(int(text[:4]), int(text[4:6]), int(text[6:8]))


def _parse_time(text: str) -> time:
    if text in _AFTER_CLOSE:
        raise Unproven(text)
    if not re.fullmatch(r"[0-9]{6}", text):
        raise ValueError(text)
    return time(int(text[:2]), int(text[2:4]), int(text[4:]))


def _parse_datetime(text: str) -> datetime | None:
    if not re.fullmatch(r"[0-9]{14}", text):
        raise ValueError(text)
    if text == "0" * 14:
        return None
    parts = (text[:4], text[4:6], text[6:8], text[8:10], text[10:12], text[12:])
    return datetime(*map(int, parts), tzinfo=KST)  # type: ignore[misc,arg-type]


DATE = Kind(
    "date",
    pl.Date(),
    "a date of eight digits",
    _parse_date,
    lambda c: pl.when(c.str.contains("^[0-9]{8}$")).then(c).str.to_date("%Y%m%d", strict=False),
)
TIME = Kind(
    "time",
    pl.Time(),
    "a time of six digits",
    _parse_time,
    lambda c: pl.when(c.str.contains("^[0-9]{6}$")).then(c).str.to_time("%H%M%S", strict=False),
)
EVENT_TIME = replace(
    TIME,
    name="event_time",
    parse=lambda text: None if text == "000000" else _parse_time(text),
    fast=lambda c: TIME.fast(pl.when(c != "000000").then(c)),
)
"""A time of day; ``000000`` says that it has not happened."""
DATETIME = Kind(
    "datetime",
    pl.Datetime("us", "Asia/Seoul"),
    "a date and time of fourteen digits",
    _parse_datetime,
    lambda c: (
        pl.when(c.str.contains("^[0-9]{14}$"))
        .then(c)
        .str.to_datetime("%Y%m%d%H%M%S", strict=False, time_unit="us")
        .dt.replace_time_zone("Asia/Seoul", ambiguous="null", non_existent="null")
    ),
)

BY_NAME = {
    kind.name: kind
    for kind in (
        *(PRICE, CHANGE, FLOW, QUANTITY, MAGNITUDE, AMOUNT, COUNT, RATE, RATIO, INDEX, BASIS),
        *(SHARE, RATE_BY_POINT, DIRECTION, VENUE, SIDE, BROKER_SIDE, WARNING, RANK_MOVE, YES_NO),
        *(CODE, NAME, TEXT, DATE, TIME, EVENT_TIME, DATETIME),
    )
}

# --- reading -------------------------------------------------------------------------------


@dataclass(frozen=True)
class Trouble:
    """A text of a column that became null although it was not blank."""

    column: str
    text: str
    kind: Kind
    unproven: bool
    rows: int


def decode(
    frame: pl.DataFrame,
    plan: Iterable[tuple[str, str, Kind, float]],
    quick: Sequence[pl.Expr] | None = None,
) -> tuple[pl.DataFrame, list[Trouble]]:
    """Read text columns: ``plan`` lists (source column, new name, kind, scale).

    Every text is read by its kind's rule. What fits no rule, or is known and unproven, is
    null in the frame and told in the second value, so that the caller decides. Who reads often
    builds the expressions of the ``quick`` way once.

    >>> texts = pl.DataFrame({"ind": ["--714", "+-121", "4294967295", ""]})
    >>> frame, troubles = decode(texts, [("ind", "net", FLOW, 1)])
    >>> frame["net"].to_list(), [t.text for t in troubles]
    ([-714, -121, None, None], ['4294967295'])
    """
    plan = list(plan)
    if quick is None:
        quick = [kind.fast(pl.col(source)).alias(name) for source, name, kind, _ in plan]
    read = frame.select(quick).get_columns()
    columns: list[pl.Series] = []
    troubles: list[Trouble] = []
    for values, (source, _, kind, scale) in zip(read, plan, strict=True):
        texts = frame[source]
        if values.dtype.is_numeric():
            values = _without_suspects(values)
        if values.null_count() > texts.null_count():
            values = _read_slowly(values, texts, kind, troubles)
        if kind.above_zero and values.min() == 0:
            values = values.set(values == 0, None)
        if scale != 1:
            values = _scaled(values, texts, kind, scale, troubles)
        columns.append(values)
    return pl.DataFrame(columns), troubles


def _without_suspects(values: pl.Series) -> pl.Series:
    """Null where a field may have overflowed, so that its text decides, and where a number has no magnitude.

    Compared one by one: measured 2026-11-27, ``is_in`` costs a small batch ten times as much.
    """
    least, most = cast("tuple[float | None, float | None]", (values.min(), values.max()))
    if least is None or most is None or max(-least, most) < _SMALLEST_SUSPICIOUS:
        return values
    for suspect in (_INT64_MIN, *_SUSPICIOUS) if values.dtype.is_integer() else _SUSPICIOUS:
        if least <= suspect <= most and (found := values == suspect).any():
            values = values.set(found, None)
    return values


def _read_slowly(values: pl.Series, texts: pl.Series, kind: Kind, troubles: list[Trouble]) -> pl.Series:
    """Read one by one, each different text once, what the quick way left null."""
    left = texts.filter(values.is_null() & texts.is_not_null())
    counts = left.value_counts(sort=True, name="count")
    known: dict[str, Any] = {}
    for text, count in zip(counts[left.name], counts["count"], strict=True):
        stripped = text.strip(BLANK)
        if not stripped:
            continue
        try:
            known[text] = kind.parse(stripped)
        except ValueError as error:
            troubles.append(Trouble(values.name, text, kind, isinstance(error, Unproven), count))
    known = {text: value for text, value in known.items() if value is not None}
    if not known:
        return values
    found = texts.replace_strict(
        pl.Series(list(known), dtype=pl.String),
        pl.Series(list(known.values()), dtype=kind.dtype),
        default=None,
        return_dtype=kind.dtype,
    )
    return values.fill_null(found).alias(values.name)


def _scaled(
    values: pl.Series, texts: pl.Series, kind: Kind, scale: float, troubles: list[Trouble]
) -> pl.Series:
    if kind.dtype != pl.Int64():
        if scale >= 1:
            return values * scale
        pointed = texts.str.contains(".", literal=True) & values.is_not_null()
        if pointed.any():
            # Hundredths written as a whole number have no point; which of the two it is, nobody knows.
            troubles.extend(
                Trouble(values.name, text, kind, False, 1) for text in texts.filter(pointed).unique()
            )
            values = values.set(pointed, None)
        # polars divides by one number as it multiplies by its inverse: 187562 / 100 is 1875.6200000000001
        # (2.1.0; a seventh of all hundredths). Rounded, each is the float that is nearest.
        parts = round(1 / scale)
        return (values / parts).round(len(str(parts)) - 1)
    factor = int(scale)
    limit = _INT64_MAX // factor
    fits = (values >= -limit) & (values <= limit)
    if not fits.all():
        troubles.extend(Trouble(values.name, text, kind, False, 1) for text in texts.filter(~fits).unique())
        values = values.set(~fits, None)
    return values * factor


# --- writing -------------------------------------------------------------------------------


def encode(kind: Kind, value: Any, style: Style = "plain") -> str:
    """Write a value as the server would; None is a blank.

    >>> encode(FLOW, -714, "double"), encode(FLOW, 693, "double"), encode(DATE, date(2024, 11, 25))
    ('--714', '+693', '20241125')
    """
    if value is None:
        return ""
    if kind is DIRECTION:
        return str(DIRECTIONS.index(value) + 1)
    if kind is VENUE:
        return {"krx": "KRX", "nxt": "NXT", "all": "통합"}[value]
    if kind is WARNING:
        return str(WARNINGS.index(value))
    if kind is BROKER_SIDE:
        return {"sell": "-매도", "buy": "+매수"}[value]
    if kind is RANK_MOVE:
        return {"up": "+", "down": "-"}[value]
    if isinstance(value, bool):
        return "Y" if value else "N"
    if isinstance(value, datetime):
        return value.strftime("%Y%m%d%H%M%S")
    if isinstance(value, date):
        return value.strftime("%Y%m%d")
    if isinstance(value, time):
        return value.strftime("%H%M%S")
    if isinstance(value, int | float):
        return _encode_number(value, style)
    return str(value)


def _encode_number(value: int | float, style: Style) -> str:
    digits = str(abs(value)) if isinstance(value, int) else f"{abs(value):.2f}"
    if value < 0:
        return {"double": "--", "both": "+-"}.get(style, "-") + digits
    return "+" + digits if value > 0 and style != "plain" else digits
