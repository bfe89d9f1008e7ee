"""Sets of days as a few intervals: which dates of a series are held, and which are missing.

Both ends of an interval are inclusive. A :class:`Days` is immutable and always in its one
shortest form (sorted, disjoint, adjacent days merged), so two of them are equal exactly when
they hold the same days. :func:`replace_days` does the same for the rows of those days. Nothing
here knows about trading days, clocks or files.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import polars as pl

__all__ = ["Days", "replace_days"]

_Span = tuple[int, int]


def _ordinal(name: str, day: date) -> int:
    # A datetime is a date too, and its time of day would vanish in silence.
    if type(day) is not date:
        raise TypeError(f"{name}: expected a datetime.date, got {day!r}; for a datetime pass its .date()")
    return day.toordinal()


def _normal(spans: Iterable[_Span]) -> tuple[_Span, ...]:
    merged: list[_Span] = []
    for low, high in sorted(spans):
        if merged and low <= merged[-1][1] + 1:
            merged[-1] = (merged[-1][0], max(merged[-1][1], high))
        else:
            merged.append((low, high))
    return tuple(merged)


class Days:
    """An immutable set of days. ``Days()`` is empty; see :meth:`between` and :meth:`from_pairs`."""

    __slots__ = ("_spans",)
    _spans: tuple[_Span, ...]

    def __init__(self) -> None:
        self._spans = ()

    @classmethod
    def _of(cls, spans: tuple[_Span, ...]) -> Days:
        days = cls()
        days._spans = spans
        return days

    @classmethod
    def between(cls, start: date, end: date) -> Days:
        """The days from ``start`` to ``end``, both inclusive; none when ``start`` is after ``end``."""
        low, high = _ordinal("start", start), _ordinal("end", end)
        return cls._of(((low, high),) if low <= high else ())

    @classmethod
    def from_pairs(cls, pairs: Iterable[tuple[date, date]]) -> Days:
        """The union of inclusive intervals in any order. A reversed one is a ValueError."""
        spans = []
        for start, end in pairs:
            low, high = _ordinal("start", start), _ordinal("end", end)
            if low > high:
                raise ValueError(
                    f"pairs: the interval {start}..{end} is reversed; give the earlier day first"
                )
            spans.append((low, high))
        return cls._of(_normal(spans))

    @classmethod
    def from_json(cls, value: object) -> Days:
        """Read what :meth:`to_json` wrote. Anything else is a ValueError."""
        if not isinstance(value, list):
            raise ValueError(f"days: expected a list of [from, to] pairs, got {value!r}")
        pairs = []
        for pair in value:
            if not (
                isinstance(pair, list) and len(pair) == 2 and all(isinstance(text, str) for text in pair)
            ):
                raise ValueError(f"days: expected a pair of ISO dates, got {pair!r}")
            pairs.append((date.fromisoformat(pair[0]), date.fromisoformat(pair[1])))
        return cls.from_pairs(pairs)

    def to_json(self) -> list[list[str]]:
        """The intervals as ``[["2024-01-02", "2024-03-29"], ...]``, oldest first."""
        return [[start.isoformat(), end.isoformat()] for start, end in self]

    def __iter__(self) -> Iterator[tuple[date, date]]:
        """The intervals, oldest first, as inclusive ``(start, end)`` pairs."""
        return ((date.fromordinal(low), date.fromordinal(high)) for low, high in self._spans)

    def __contains__(self, day: date) -> bool:
        ordinal = _ordinal("day", day)
        return any(low <= ordinal <= high for low, high in self._spans)

    def __or__(self, other: Days) -> Days:
        return Days._of(_normal(self._spans + other._spans))

    def __and__(self, other: Days) -> Days:
        both = ((max(a, c), min(b, d)) for a, b in self._spans for c, d in other._spans)
        return Days._of(tuple((low, high) for low, high in both if low <= high))

    def __sub__(self, other: Days) -> Days:
        left = []
        for low, high in self._spans:
            for cut_low, cut_high in other._spans:
                if cut_high < low or cut_low > high:
                    continue
                if cut_low > low:
                    left.append((low, cut_low - 1))
                low = cut_high + 1
            if low <= high:
                left.append((low, high))
        return Days._of(tuple(left))

    def gaps(self, start: date, end: date) -> Days:
        """The days from ``start`` to ``end``, both inclusive, that are not in this set."""
        return Days.between(start, end) - self

    def covers(self, start: date, end: date) -> bool:
        """Whether every day from ``start`` to ``end``, both inclusive, is in this set."""
        return not self.gaps(start, end)

    @property
    def first(self) -> date | None:
        """The earliest day, or None when there is none."""
        return date.fromordinal(self._spans[0][0]) if self._spans else None

    @property
    def last(self) -> date | None:
        """The latest day, or None when there is none."""
        return date.fromordinal(self._spans[-1][1]) if self._spans else None

    @property
    def count(self) -> int:
        """How many days there are."""
        return sum(high - low + 1 for low, high in self._spans)

    def __bool__(self) -> bool:
        return bool(self._spans)

    def __eq__(self, other: object) -> bool:
        return self._spans == other._spans if isinstance(other, Days) else NotImplemented

    def __hash__(self) -> int:
        return hash(self._spans)

    def __repr__(self) -> str:
        return f"Days({', '.join(f'{start}..{end}' for start, end in self)})"


def replace_days(old: pl.DataFrame, new: pl.DataFrame, days: Days, column: str) -> pl.DataFrame:
    """The rows of ``days`` from ``new`` and those of all other days from ``old``, oldest first.

    Both are text frames as served, with the day as YYYYMMDD at the start of ``column``. A day is
    never a mixture of the two; within a day the order stays. Rows without a day are left out. A
    column that one of them lacks is null in its rows. A day that is no date is a ValueError.
    """
    import polars as pl

    # Some TRs write the day as YYYYMMDD000000.
    day = pl.col(column).str.strip_chars().str.slice(0, 8)
    spans = [day.is_between(pl.lit(f"{start:%Y%m%d}"), pl.lit(f"{end:%Y%m%d}")) for start, end in days]
    inside = pl.any_horizontal(spans) if spans else pl.lit(False)
    if new.height:
        if column not in new.columns:
            raise ValueError(f"column: expected one of {new.columns}, got {column!r}")
        new = new.filter(day.str.len_chars() > 0)
        wrong = new.filter(day.str.to_date("%Y%m%d", strict=False).is_null())
        if wrong.height:
            raise ValueError(
                f"{column}: expected a day as YYYYMMDD, got {wrong[column][0]!r}; leave such rows out"
            )
        new = new.filter(inside)
    if old.height:
        old = old.filter(~inside)
    rows = pl.concat([old, new], how="diagonal")
    return rows.sort(column, maintain_order=True) if rows.height else rows
