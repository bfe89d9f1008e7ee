"""Bars from trades."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from kiwoomdata.kinds import KST
from kiwoomdata.stream.bars import SCHEMA, market_gap, market_since, trade_bars
from kiwoomdata.stream.gaps import Gap

MINUTE = timedelta(minutes=1)
TRADES = {
    "symbol": pl.String(),
    "venue": pl.Enum(("krx", "nxt", "all")),
    "time": pl.Datetime("us", "Asia/Seoul"),
    "received_at": pl.Datetime("us", "Asia/Seoul"),
    "price": pl.Int64(),
    "side": pl.Enum(("buy", "sell")),
    "quantity": pl.Int64(),
    "cumulative_volume": pl.Int64(),
}


def at(text: str) -> datetime:
    return datetime.combine(date(2026, 11, 20), datetime.strptime(text, "%H:%M:%S").time(), KST)


def trade(
    when: str | None, price: int = 100, quantity: int = 1, side: str | None = "buy", **more: Any
) -> Any:
    received = at(more.pop("received", when or "09:00:00"))
    return {
        "symbol": "005930",
        "venue": "krx",
        "time": None if when is None else at(when),
        "received_at": received,
        "price": price,
        "side": side,
        "quantity": quantity,
        "cumulative_volume": None,
        **more,
    }


def trades(*given: Mapping[str, Any]) -> pl.DataFrame:
    return pl.DataFrame(list(given), schema=TRADES)


def bars(*given: Mapping[str, Any], now: str = "15:00:00", **options: Any) -> pl.DataFrame:
    return trade_bars(trades(*given), options.pop("every", MINUTE), at(now), **options)


def gap(since: str, until: str | None, *symbols: str, feeds: tuple[str, ...] = ("trade",)) -> Gap:
    return Gap(at(since), None if until is None else at(until), "cut", feeds, symbols or ("005930",))


def test_a_bar_has_open_high_low_close_and_volumes_by_aggressor() -> None:
    frame = bars(
        trade("09:00:01", 100, 10, "buy"),
        trade("09:00:20", 120, 5, "sell"),
        trade("09:00:40", 90, 2, "sell"),
        trade("09:00:59", 110, 3, None),
        trade("09:01:00", 111, 1, "buy"),
    )
    assert frame.schema == SCHEMA
    assert frame.row(0, named=True) == {
        "time": at("09:00:00"),
        "symbol": "005930",
        "venue": "krx",
        "open": 100,
        "high": 120,
        "low": 90,
        "close": 110,
        "volume": 20,
        "buy_volume": 10,
        "sell_volume": 7,
        "value": 1000 + 600 + 180 + 330,
        "trades": 4,
        "finished": True,
        "gap": False,
    }
    assert frame["time"].to_list() == [at("09:00:00"), at("09:01:00")]


def test_no_trades_make_an_empty_typed_frame() -> None:
    assert bars().schema == SCHEMA
    assert bars().is_empty()


def test_each_symbol_and_venue_has_bars_of_its_own() -> None:
    frame = bars(
        trade("09:00:01", 1),
        trade("09:00:02", 2, venue="nxt"),
        trade("09:00:03", 3, symbol="000660"),
    )
    assert frame.select("symbol", "venue", "close").rows() == [
        ("000660", "krx", 3),
        ("005930", "krx", 1),
        ("005930", "nxt", 2),
    ]


def test_a_late_trade_goes_into_the_bar_of_its_own_time_in_its_place() -> None:
    frame = bars(
        trade("09:00:10", 100),
        trade("09:01:05", 200),
        trade("09:00:50", 150, received="09:01:06"),
        trade("09:00:05", 90, received="09:01:07"),
    )
    assert frame.select("open", "close", "trades").rows() == [(90, 150, 3), (200, 200, 1)]


def test_trades_of_one_second_stay_in_the_order_of_arrival() -> None:
    frame = bars(*(trade("09:00:10", price) for price in (5, 9, 1, 7)))
    assert frame.select("open", "close").row(0) == (5, 7)


def test_a_trade_told_twice_counts_once() -> None:
    told = trade("09:00:10", 100, 4, cumulative_volume=1000)
    other = trade("09:00:10", 100, 4, cumulative_volume=1004)
    assert bars(told, other, told).select("volume", "trades").row(0) == (8, 2)


def test_without_cumulative_volumes_equal_trades_all_count() -> None:
    assert bars(trade("09:00:10"), trade("09:00:10")).item(0, "trades") == 2
    frame = trade_bars(
        trades(trade("09:00:10"), trade("09:00:10")).drop("cumulative_volume"), MINUTE, at("10:00:00")
    )
    assert frame.item(0, "trades") == 2


def test_of_a_day_that_is_played_its_own_times_tell_what_is_finished() -> None:
    played = [trade("09:00:10", received="18:30:00"), trade("09:01:02", received="18:30:01")]
    assert bars(*played, now="18:30:02")["finished"].to_list() == [True, False]


def test_trades_are_whole_from_when_the_stream_began_or_a_played_day_did() -> None:
    late = trades(trade("10:00:31"), trade("10:00:29"))
    assert market_since(late, at("10:00:30")) == at("10:00:30")
    assert market_since(late, at("18:30:00")) == at("10:00:31")
    assert market_since(trades(), at("10:00:30")) == at("10:00:30")


@pytest.mark.parametrize(
    ("since", "until", "before", "after", "found"),
    [
        ("10:05:00", "10:05:10", "10:00:31", "10:09:00", ("10:05:00", "10:05:10")),
        ("10:05:00", "10:05:10", "10:04:59", "10:05:04", ("10:05:00", "10:05:04")),
        ("10:05:00", None, "10:04:59", None, ("10:04:59", None)),
        ("10:05:00", "10:05:10", "10:04:59", None, ("10:04:59", None)),
        ("10:05:00", "10:05:10", None, "10:05:04", ("10:05:00", "10:05:04")),
        ("18:30:00", "18:30:01", "09:10:00", "09:20:00", ("09:10:00", "09:20:00")),
    ],
)
def test_a_gap_lies_between_the_trades_around_it_and_by_the_clock_where_that_is_the_markets(
    since: str, until: str | None, before: str | None, after: str | None, found: tuple[str, str | None]
) -> None:
    sides = [trades(*([trade(when)] if when else [])) for when in (before, after)]
    told = market_gap(gap(since, until), *sides)
    assert (told.since, told.until) == (at(found[0]), found[1] and at(found[1]))


def test_a_bar_is_finished_two_seconds_after_its_end() -> None:
    for now, finished in (("09:00:59", False), ("09:01:01", False), ("09:01:02", True)):
        assert bars(trade("09:00:10"), now=now).item(0, "finished") is finished


def test_trades_of_a_later_time_finish_a_bar_where_the_clock_is_behind() -> None:
    frame = bars(trade("09:00:10"), trade("09:01:02", symbol="000660"), now="08:00:00")
    assert frame["finished"].to_list() == [True, False]


@pytest.mark.parametrize(
    ("since", "until", "marked"),
    [
        ("08:59:00", "08:59:59", [False, False, False]),
        ("08:59:00", "09:00:00", [True, False, False]),
        ("09:00:10", "09:00:20", [True, False, False]),
        ("09:00:59", "09:01:00", [True, True, False]),
        ("09:01:00", "09:01:59", [False, True, False]),
        ("09:01:30", None, [False, True, True]),
    ],
)
def test_bars_into_which_a_gap_falls_are_marked(since: str, until: str | None, marked: list[bool]) -> None:
    given = [trade("09:00:30"), trade("09:01:30"), trade("09:02:30")]
    assert bars(*given, gaps=[gap(since, until)])["gap"].to_list() == marked


def test_a_gap_of_other_symbols_venues_or_feeds_marks_nothing() -> None:
    for other in (
        gap("09:00:00", "09:01:00", "000660"),
        gap("09:00:00", "09:01:00", "005930_NX"),
        gap("09:00:00", "09:01:00", feeds=("orderbook",)),
    ):
        assert bars(trade("09:00:30"), gaps=[other])["gap"].to_list() == [False]
    assert (
        bars(trade("09:00:30", venue="nxt"), gaps=[gap("09:00:00", None, "005930_NX")]).item(0, "gap") is True
    )


def test_a_bar_that_began_before_the_trades_given_is_marked() -> None:
    frame = bars(trade("09:00:30"), trade("09:01:30"), since=at("09:00:20"))
    assert frame["gap"].to_list() == [True, False]


def test_a_trade_without_a_time_counts_from_its_arrival() -> None:
    assert bars(trade(None, received="09:03:10")).item(0, "time") == at("09:03:00")


def test_a_price_that_could_not_be_read_is_left_out() -> None:
    assert bars(trade("09:00:01", 7), trade("09:00:02") | {"price": None}).item(0, "trades") == 1


def test_missing_columns_and_odd_spans_are_named() -> None:
    with pytest.raises(ValueError, match="made of price, quantity, side, and side is not kept"):
        trade_bars(trades().drop("side"), MINUTE, at("09:00:00"))
    for every in (timedelta(seconds=7), timedelta(days=2), timedelta(0)):
        with pytest.raises(ValueError, match="every: expected a span that divides a day"):
            trade_bars(trades(), every, at("09:00:00"))


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.integers(0, 600), st.integers(1, 50), st.integers(1, 9), st.sampled_from(["buy", "sell"])
        ),
        min_size=1,
        max_size=60,
    ),
    st.sampled_from([10, 30, 60, 300]),
    st.randoms(use_true_random=False),
)
def test_bars_are_the_same_in_whatever_order_seconds_arrive_and_add_up(
    given: list[tuple[int, int, int, str]], seconds: int, random: Any
) -> None:
    nine = at("09:00:00")
    rows = [
        trade((nine + timedelta(seconds=second)).strftime("%H:%M:%S"), price, quantity, side)
        for second, price, quantity, side in sorted(given, key=lambda row: row[0])
    ]
    every = timedelta(seconds=seconds)
    ordered = trade_bars(trades(*rows), every, at("15:00:00"))
    by_second: dict[Any, list[Any]] = {}
    for row in rows:
        by_second.setdefault(row["time"], []).append(row)
    mixed = list(by_second.values())
    random.shuffle(mixed)
    shuffled = trade_bars(trades(*(row for second in mixed for row in second)), every, at("15:00:00"))
    assert_frame_equal(ordered, shuffled)
    assert ordered["volume"].sum() == sum(row["quantity"] for row in rows)
    assert (ordered["buy_volume"] + ordered["sell_volume"]).to_list() == ordered["volume"].to_list()
    assert ordered["time"].is_sorted()
