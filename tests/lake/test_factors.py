"""Adjusting a piece of rows, held against every row times every factor."""

from __future__ import annotations

from datetime import date, timedelta
from math import prod

import polars as pl
from hypothesis import given
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from kiwoomdata.lake import factors

FIRST = date(2026, 1, 1)
days = st.integers(0, 9).map(lambda number: FIRST + timedelta(number))
events = st.dictionaries(st.tuples(st.sampled_from("ABC"), days), st.sampled_from([0.2, 0.5, 2.0, None]))
held = st.dictionaries(st.sampled_from("ABC"), st.sets(days, min_size=1), min_size=1)


@given(events, held)
def test_each_row_is_multiplied_by_all_factors_of_later_days(
    events: dict[tuple[str, date], float | None], held: dict[str, set[date]]
) -> None:
    rows = pl.DataFrame(
        [(symbol, day, 1000 + day.day, 77) for symbol in sorted(held) for day in sorted(held[symbol])],
        {"symbol": pl.String, "date": pl.Date, "close": pl.Int64, "volume": pl.Int64},
        orient="row",
    )
    found = [
        (symbol, day, factor, factor and 1 / factor, 1, 1, "") for (symbol, day), factor in events.items()
    ]

    def times(value: int, symbol: str, day: date, up: bool) -> int | None:
        later = [factor for (code, on), factor in events.items() if code == symbol and on > day]
        if None in later:
            return None
        whole = prod(1 / factor if up else factor for factor in later if factor)
        return pl.select(pl.lit(value * whole).round().cast(pl.Int64)).item()  # type: ignore[no-any-return]

    keys = [(row["symbol"], row["date"]) for row in rows.rows(named=True)]
    expected = rows.with_columns(
        pl.Series("close", [times(1000 + day.day, code, day, False) for code, day in keys], pl.Int64),
        pl.Series("volume", [times(77, code, day, True) for code, day in keys], pl.Int64),
    )
    change = factors.adjusted(pl.DataFrame(found, factors.SCHEMA, orient="row"), "date")
    assert_frame_equal(change(rows), expected)
    # Rows come in pieces, which may begin anywhere.
    for at in range(1, rows.height):
        assert_frame_equal(pl.concat([change(rows[:at]), change(rows[at:])]), expected)
