"""From values to the texts that the server sends, by the catalogue's entry of each key.

Values come in base units (won, shares, percent, points). A price is written with the colour of its
direction against yesterday's close: ``+`` above, ``-`` below, nothing when equal.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any, NamedTuple

from kiwoomdata.entries import ENDPOINTS
from kiwoomdata.entries.entry import Column, Flag
from kiwoomdata.kinds import Kind, Style, encode
from kiwoomdata.simulator.rest.asking import Content

__all__ = ["MILLION", "THOUSAND", "Coloured", "envelope", "rounded"]

MILLION = 1_000_000
THOUSAND = 1_000


class Coloured(NamedTuple):
    """A price or an index whose sign shows where it stands against another."""

    value: float
    against: float


class _CellRule(NamedTuple):
    key: str
    kind: Kind
    style: Style
    scale: float
    unsigned: bool = False
    negated: bool = False
    filled: int = 0


def rounded(value: int, unit: int) -> int:
    """The nearest multiple of ``unit``, half of it away from zero.

    A day's total of 44,846 million beside parts of 8,444 and 36,403 in the example of ka90007 shows
    that the server rounds, and does not cut off.
    """
    whole = (2 * abs(value) + unit) // (2 * unit) * unit
    return whole if value >= 0 else -whole


def envelope(api_id: str, body: Mapping[str, str], page: Content) -> dict[str, Any]:
    """The answer without return_code and return_msg: the keys of the entry, all of them, and no other."""
    endpoint = ENDPOINTS[api_id]
    flag = endpoint.flag_of(body)
    answer: dict[str, Any] = {}
    for part, specs in zip(endpoint.parts, _specs(api_id, flag), strict=True):
        if part.key is None:
            answer.update(_row(specs, page.flat))
        else:
            answer[part.key] = [_row(specs, row) for row in page.rows]
    return answer


def _row(specs: Iterable[_CellRule], values: Mapping[str, Any]) -> dict[str, str]:
    return {spec.key: _filled(spec, _text(spec, values.get(spec.key))) for spec in specs}


def _filled(spec: _CellRule, text: str) -> str:
    return text.zfill(spec.filled) if text else text  # a blank stays one


@lru_cache(maxsize=128)
def _specs(api_id: str, flag: Flag) -> list[list[_CellRule]]:
    def spec(column: Column) -> _CellRule:
        unit = column.unit_for(flag)
        scale = unit.written or unit.scale
        unsigned = column.signed_by is not None
        return _CellRule(
            column.key, column.kind, column.style, scale, unsigned, column.negated, column.filled
        )

    return [
        # A key that gives two columns (a quantity and its aggressor) is written once.
        [spec(column) for column in {column.key: column for column in part.columns}.values()]
        for part in ENDPOINTS[api_id].parts
    ]


def _text(spec: _CellRule, value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    kind, style, scale = spec.kind, spec.style, spec.scale
    if isinstance(value, Coloured):
        if style == "plain":  # a TR that writes no colours
            value = value.value
        else:
            style = "plus" if value.value != value.against else "plain"
            value = value.value if value.value >= value.against else -value.value
    if spec.unsigned:
        value = abs(value)
    elif spec.negated:
        value = -value
    if scale == 1:
        return encode(kind, value, style)
    if scale < 1:
        return encode(kind, round(value / scale), style)
    scaled = rounded(value, int(scale)) // int(scale)
    if scaled or not value or style == "plain":
        return encode(kind, scaled, style)
    # What is too small for the unit keeps its sign: "-0" and "+0" stand in several printed examples.
    return "+0" if value > 0 else "-0"
