"""Text columns to typed ones, and values to texts. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any, cast

import polars as pl

from kiwoomdata.kinds.kind import BLANK, Kind, Style, Unproven
from kiwoomdata.kinds.numbers import INT64_MAX, INT64_MIN, SMALLEST_SUSPICIOUS, SUSPICIOUS
from kiwoomdata.kinds.words import BROKER_SIDE, DIRECTION, DIRECTIONS, RANK_MOVE, VENUE, WARNING, WARNINGS

__all__ = ["Trouble", "decode", "encode"]


@dataclass(frozen=True)
class Trouble:
    """A text of a column that became null although it was not blank."""

    column: str
    text: str
    kind: Kind
    unproven: bool
    rows: int
    absent: bool = False
    """Not a text: the key (in ``text``) that no row had."""


def decode(
    frame: pl.DataFrame,
    plan: Iterable[tuple[str, str, Kind, float]],
    quick: Sequence[pl.Expr] | None = None,
) -> tuple[pl.DataFrame, list[Trouble]]:
    """Read text columns: ``plan`` lists (source column, new name, kind, scale).

    Every text is read by its kind's rule. What fits no rule, or is known and unproven, is
    null in the frame and told in the second value, so that the caller decides. Who reads often
    builds the expressions of the ``quick`` way once.

    >>> from kiwoomdata.kinds import FLOW
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
    if least is None or most is None or max(-least, most) < SMALLEST_SUSPICIOUS:
        return values
    for suspect in (INT64_MIN, *SUSPICIOUS) if values.dtype.is_integer() else SUSPICIOUS:
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
        pointed = texts.str.contains(".", literal=True) & (values != 0)
        if pointed.any():
            # Hundredths written as a whole number have no point; which of the two it is, nobody knows.
            troubles.extend(
                Trouble(values.name, text, kind, True, 1) for text in texts.filter(pointed).unique()
            )
            values = values.set(pointed, None)
        # polars divides by one number as it multiplies by its inverse: 187562 / 100 is 1875.6200000000001
        # (2.1.0; a seventh of all hundredths). Rounded, each is the float that is nearest.
        parts = round(1 / scale)
        return (values / parts).round(len(str(parts)) - 1)
    factor = int(scale)
    limit = INT64_MAX // factor
    fits = (values >= -limit) & (values <= limit)
    if not fits.all():
        troubles.extend(Trouble(values.name, text, kind, False, 1) for text in texts.filter(~fits).unique())
        values = values.set(~fits, None)
    return values * factor


def encode(kind: Kind, value: Any, style: Style = "plain") -> str:
    """Write a value as the server would; None is a blank.

    >>> from kiwoomdata.kinds import DATE, FLOW
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
