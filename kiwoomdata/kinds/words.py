"""Kinds of words and texts, and the code of a stock taken apart. Pure."""

from __future__ import annotations

import re
from dataclasses import replace

import polars as pl

from kiwoomdata.kinds.kind import BLANK, Kind, Unproven
from kiwoomdata.kinds.numbers import fast_flow, parse_int

__all__ = [
    "BROKER_SIDE",
    "CODE",
    "DIRECTION",
    "DIRECTIONS",
    "INDEX_DIRECTION",
    "NAME",
    "RANK_MOVE",
    "SIDE",
    "TEXT",
    "VENUE",
    "VENUES",
    "WARNING",
    "YES_NO",
    "labels",
    "split_code",
    "words",
]


DIRECTIONS = ("limit_up", "up", "flat", "limit_down", "down")
VENUES = ("krx", "nxt", "all")
SIDES = ("buy", "sell")


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
    value = parse_int(text)
    signed = text.startswith(("+", "-"))
    return None if value == 0 or not signed else "sell" if value < 0 else "buy"


def _fast_side(column: pl.Expr) -> pl.Expr:
    value = fast_flow(column)
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
