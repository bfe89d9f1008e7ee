"""Kinds of numbers, and how their signs are written. Pure."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TypeVar

import polars as pl

from kiwoomdata.kinds.kind import Kind, Unproven

__all__ = [
    "AMOUNT",
    "BASIS",
    "CHANGE",
    "CHANGE_DECIMAL",
    "COUNT",
    "FLOW",
    "INDEX",
    "INT64_MAX",
    "INT64_MIN",
    "MAGNITUDE",
    "PRICE",
    "PRICE_DECIMAL",
    "QUANTITY",
    "RATE",
    "RATE_BY_POINT",
    "RATIO",
    "SHARE",
    "SMALLEST_SUSPICIOUS",
    "SUSPICIOUS",
    "fast_flow",
    "parse_int",
]


_NUMBER = re.compile(r"([+-]*)([0-9]+(?:\.[0-9]*)?|\.[0-9]+)(%?)")
_PLAIN_DECIMAL = r"^[+-]?[0-9]+(?:\.[0-9]+)?$"
_ZERO = pl.lit(pl.Series([0.0]))
_FILLING = str.maketrans("", "", ", \t\u00a0\u3000")
INT64_MAX = 2**63 - 1
INT64_MIN = -(2**63)
_SATURATED = (2**32 - 1, 2**31 - 1, -(2**31), -2_147_483)
"""What a field that is too small holds in place of its value."""
SUSPICIOUS = sorted({*_SATURATED, *(-value for value in _SATURATED)})
SMALLEST_SUSPICIOUS = min(map(abs, _SATURATED))
_N = TypeVar("_N", int, float)


def _split_number(text: str) -> tuple[bool, str, bool]:
    match = _NUMBER.fullmatch(text.translate(_FILLING))
    if match is None:
        raise ValueError(text)
    signs, digits, percent = match.groups()
    return "-" in signs, digits, bool(percent)


def parse_int(text: str) -> int:
    negative, digits, percent = _split_number(text)
    whole, _, fraction = digits.partition(".")
    # The vendor's own ka10007 example writes a change of nothing as "0.00".
    if percent or fraction.strip("0"):
        raise ValueError(text)
    value = int(whole or "0")
    if value > INT64_MAX:
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


def fast_flow(column: pl.Expr) -> pl.Expr:
    """Where half of the cells may be written ``--714``, they are worth a look in the quick way too."""
    return column.str.replace("--", "-", literal=True).cast(pl.Int64, strict=False)


def _fast_float(column: pl.Expr) -> pl.Expr:
    # The cast alone would also take "nan", "inf" and "1e5".
    plain = column.str.contains(_PLAIN_DECIMAL)
    return pl.when(plain).then(column.cast(pl.Float64, strict=False)) + _ZERO  # "-0.00" is 0, not -0.0


def _number(name: str, *, whole: bool) -> Kind:
    vector = (fast_flow if name == "flow" else _fast_int) if whole else _fast_float
    return Kind(
        name,
        pl.Int64() if whole else pl.Float64(),
        "a whole number" if whole else "a decimal number",
        parse_int if whole else _parse_float,
        vector,
    )


def _magnitude(kind: Kind) -> Kind:
    """The kind without its sign, which is a colour: a full field is full in either."""
    return replace(kind, parse=lambda text: _sound(abs(kind.parse(text))), fast=lambda c: kind.fast(c).abs())


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
    return _parse_float(text) if "." in text else parse_int(text) / 100


RATE_BY_POINT = Kind(
    "rate_by_point",
    pl.Float64(),
    "a decimal number, or a whole number of hundredths",
    _parse_rate_by_point,
    lambda c: pl.when(c.str.contains(".", literal=True)).then(_fast_float(c)),
)
"""A percentage that comes as ``-1.11`` (live, ka10059) or in hundredths as ``+698`` (the same TR's printed
example of a rise by 6.98 %): the point tells which."""
