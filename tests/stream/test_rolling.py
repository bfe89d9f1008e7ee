"""The rolling frame of one feed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from kiwoomdata.stream import rolling
from kiwoomdata.stream.rolling import Rolling, Window

SCHEMA: dict[str, pl.DataType] = {
    "symbol": pl.String(),
    "time": pl.Datetime("us", "Asia/Seoul"),
    "received_at": pl.Datetime("us", "Asia/Seoul"),
    "price": pl.Int64(),
}


def rows(*received: int, first: int = 0, **more: object) -> pl.DataFrame:
    """Rows that arrived at these microseconds, with prices that count up."""
    frame = pl.DataFrame(
        {
            "symbol": ["005930"] * len(received),
            "time": pl.Series([None] * len(received), dtype=SCHEMA["time"]),
            "received_at": pl.Series(received, dtype=pl.Int64())
            .cast(pl.Datetime("us", "UTC"))
            .dt.convert_time_zone("Asia/Seoul"),
            "price": range(first, first + len(received)),
        },
        schema_overrides={"price": pl.Int64()},
    )
    return frame.with_columns(pl.lit(value).alias(name) for name, value in more.items())


def prices(frame: pl.DataFrame) -> list[int]:
    return frame["price"].to_list()


def test_an_empty_store_gives_a_typed_frame_without_rows() -> None:
    assert Rolling(SCHEMA, Window(rows=3)).window_frame(0).schema == SCHEMA


def test_a_window_of_rows_is_exactly_the_last_ones() -> None:
    store = Rolling(SCHEMA, Window(rows=3))
    store.add(rows(1, 2, first=0))
    assert prices(store.window_frame(9)) == [0, 1]
    store.add(rows(3, 4, first=2))
    assert prices(store.window_frame(9)) == [1, 2, 3]
    assert store.total == 4


def test_a_window_of_time_counts_from_the_moment_of_asking() -> None:
    store = Rolling(SCHEMA, Window(span=timedelta(microseconds=10)))
    store.add(rows(1, 5, 9))
    assert prices(store.window_frame(11)) == [0, 1, 2]
    assert prices(store.window_frame(15)) == [1, 2]
    assert prices(store.window_frame(16)) == [2]
    assert store.window_frame(100).height == 0


def test_what_has_left_the_window_leaves_the_memory_too() -> None:
    store = Rolling(SCHEMA, Window(rows=100))
    for n in range(2_000):
        store.add(rows(n, first=n))
        store.tidy(n)
    assert prices(store.window_frame(0)) == list(range(1_900, 2_000))
    assert store.held <= 100 + 256  # the piece in which the window begins


def test_rows_that_somebody_still_has_to_take_are_kept_beyond_the_window() -> None:
    store = Rolling(SCHEMA, Window(rows=2))
    for n in range(50):
        store.add(rows(n, first=n))
        store.tidy(n, keep=10)
    assert prices(store.between(10, 50)) == list(range(10, 50))
    assert prices(store.window_frame(0)) == [48, 49]


def test_small_pieces_are_merged_so_that_reading_stays_cheap() -> None:
    store = Rolling(SCHEMA, Window(rows=10_000))
    for n in range(5_000):
        store.add(rows(n, first=n))
        store.tidy(n)
    frame = store.window_frame(0)
    assert prices(frame) == list(range(5_000))
    assert frame.n_chunks() <= 4 * rolling.MERGED_AT_ONCE


def test_large_pieces_are_not_copied_again_and_again() -> None:
    store = Rolling(SCHEMA, Window(rows=10_000_000))
    large = rows(*[1] * rolling.FINAL_ROWS)
    for _ in range(3 * rolling.MERGED_AT_ONCE):
        store.add(large)
        store.tidy(1)
    assert store.window_frame(0).n_chunks() >= rolling.MERGED_AT_ONCE


def test_a_column_that_comes_later_is_null_before_and_stays() -> None:
    store = Rolling(SCHEMA, Window(rows=10))
    store.add(rows(1, first=0))
    store.add(rows(2, first=1, **{"9999": "x"}))
    store.add(rows(3, first=2))
    frame = store.window_frame(0)
    assert frame.columns == [*SCHEMA, "9999"]
    assert frame["9999"].to_list() == [None, "x", None]
    assert store.schema == frame.schema


def test_arrival_never_goes_back_when_the_computers_clock_does() -> None:
    store = Rolling(SCHEMA, Window(rows=10))
    store.add(rows(5, 3, 7))
    store.add(rows(6, 8, first=3))
    arrived = store.window_frame(0)["received_at"].to_physical().to_list()
    assert arrived == [5, 5, 7, 7, 8]
    assert prices(store.window_frame(0)) == [0, 1, 2, 3, 4]


@settings(max_examples=100, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 5), st.booleans()), max_size=60),
    st.one_of(st.integers(1, 30).map(lambda n: Window(rows=n)), st.integers(1, 40).map(lambda n: n)),
    st.integers(0, 60),
)
def test_the_window_is_what_a_plain_list_would_give(
    steps: list[tuple[int, bool]], window: Window | int, keep: int
) -> None:
    chosen = window if isinstance(window, Window) else Window(span=timedelta(microseconds=window))
    store, said, now = Rolling(SCHEMA, chosen), list[tuple[int, int]](), 0
    for count, tidy in steps:
        arrived = [now + n for n in range(count)]
        store.add(rows(*arrived, first=len(said)))
        said += zip(arrived, range(len(said), len(said) + count), strict=True)
        now += 3
        if tidy:
            store.tidy(now, keep)
        if chosen.rows is not None:
            expected = said[-chosen.rows :]
        else:
            # Arrival never goes back, as the store sees to.
            latest, kept = 0, []
            for at, price in said:
                latest = max(latest, at)
                if latest >= now - window:  # type: ignore[operator]
                    kept.append((latest, price))
            expected = kept
        assert prices(store.window_frame(now)) == [price for _, price in expected]
        assert prices(store.between(keep, store.total)) == [price for _, price in said[keep:]]


def test_a_frame_handed_out_does_not_change_when_more_comes() -> None:
    store = Rolling(SCHEMA, Window(rows=2))
    store.add(rows(1, 2))
    before = store.window_frame(0)
    copy = before.clone()
    store.add(rows(3, 4, first=2))
    store.tidy(4)
    assert_frame_equal(before, copy)


@pytest.mark.parametrize("count", [1, 17, 300])
def test_moments_are_seoul_time(count: int) -> None:
    store = Rolling(SCHEMA, Window(rows=1000))
    moment = int(datetime(2026, 11, 20, 1, tzinfo=UTC).timestamp() * 1_000_000)
    for _ in range(count):
        store.add(rows(moment))
        store.tidy(moment)
    assert store.window_frame(moment)["received_at"][-1].hour == 10
