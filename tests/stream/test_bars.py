"""Bars from trades."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable, Mapping
from datetime import date, datetime, timedelta
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from kiwoomdata.kinds import KST
from kiwoomdata.stream.bars import ITEMS, SCHEMA, STRETCHES, trade_bars
from kiwoomdata.stream.gaps import Ledger

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
    "_stretch": pl.Int64(),
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
        "_stretch": more.pop("stretch", 0),
        **more,
    }


def trades(*given: Mapping[str, Any]) -> pl.DataFrame:
    return pl.DataFrame(list(given), schema=TRADES)


def bars(*given: Mapping[str, Any], **options: Any) -> pl.DataFrame:
    return trade_bars(trades(*given), options.pop("every", MINUTE), **options)


def micros(text: str | None) -> int | None:
    return None if text is None else int(at(text).timestamp() * 1_000_000)


def known(clock: str | None = None, stretch: int = 0, *symbols: str, venue: str = "krx") -> pl.DataFrame:
    """What a stream knows of its items: the server's clock where they are, and their stretch now."""
    rows = [(symbol, venue, stretch, micros(clock)) for symbol in symbols or ("005930",)]
    return pl.DataFrame(rows, schema=ITEMS, orient="row")


def stretches(*given: tuple[str | None, str | None]) -> pl.DataFrame:
    """The stretches from 1 on: what the server's clock had reached before each, and when it began."""
    rows = [(None, None, True), *((micros(heard), micros(began), False) for heard, began in given)]
    return pl.DataFrame(rows, schema=STRETCHES, orient="row")


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
        "off_feed_volume": None,
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


# --- finished ------------------------------------------------------------------------------------------


def test_the_next_trade_of_a_symbol_finishes_its_bar() -> None:
    frame = bars(trade("09:00:58"), trade("09:01:00"), items=known("09:01:00"))
    assert frame["finished"].to_list() == [True, False]


def test_the_servers_clock_finishes_a_bar_two_seconds_after_its_end_and_no_other_clock_does() -> None:
    for clock, finished in ((None, False), ("09:01:01", False), ("09:01:02", True)):
        late = trade("09:00:58", received="23:00:00")
        assert bars(late, items=known(clock)).item(0, "finished") is finished


def test_without_a_stream_the_latest_trade_of_all_is_the_clock() -> None:
    frame = bars(trade("09:00:10"), trade("09:01:02", symbol="000660"), trade("09:01:01", symbol="000270"))
    assert frame.sort("symbol")["finished"].to_list() == [False, False, True]


# --- what is missing ----------------------------------------------------------------------------------

CUT = stretches(("09:02:30", None), ("09:02:30", "09:02:40"))
"""Cut off when 09:02:30 was last heard, and registered again."""


def volumes(frame: pl.DataFrame) -> list[tuple[int, int, bool]]:
    return frame.select("volume", "off_feed_volume", "gap").rows()


def test_bars_of_a_day_heard_from_its_first_trade_on_lack_nothing() -> None:
    frame = bars(
        trade("09:00:00", quantity=7, cumulative_volume=7),
        trade("09:00:30", quantity=3, cumulative_volume=10),
        trade("09:05:30", quantity=5, cumulative_volume=15),
        items=known("09:05:30"),
    )
    assert volumes(frame) == [(10, 0, False), (5, 0, False)]


def test_volume_that_the_feed_never_carries_is_told_apart_and_is_no_gap() -> None:
    frame = bars(
        trade("09:00:10", quantity=1, cumulative_volume=1),
        trade("09:00:20", quantity=1, cumulative_volume=1002),  # a block of 1000 before it
        trade("09:03:10", quantity=2, cumulative_volume=1504),  # and one of 500
        trade("09:03:11", quantity=1, cumulative_volume=1505),
        items=known("09:05:00"),
    )
    assert volumes(frame) == [(2, 1000, False), (3, 500, False)]


def test_an_interruption_in_which_the_day_went_on_marks_the_bars_it_may_have_taken_from() -> None:
    frame = bars(
        trade("09:01:59", quantity=1, cumulative_volume=1),
        trade("09:02:20", quantity=1, cumulative_volume=2),
        trade("09:05:10", quantity=1, cumulative_volume=5000, stretch=2),
        trade("09:06:10", quantity=1, cumulative_volume=5001, stretch=2),
        items=known("09:06:10", 2),
        stretches=CUT,
    )
    assert volumes(frame) == [(1, 0, False), (1, 0, True), (1, 0, True), (1, 0, False)]


def test_an_interruption_in_which_a_symbol_was_not_traded_marks_none_of_its_bars() -> None:
    frame = bars(
        trade("09:02:20", quantity=1, cumulative_volume=2, stretch=1),
        trade("09:05:10", quantity=3, cumulative_volume=5, stretch=2),
        items=known("09:06:10", 2),
        stretches=CUT,
    )
    assert frame["gap"].to_list() == [True, False]  # the first for what came before it


def test_until_a_symbol_trades_again_its_bar_at_the_interruption_is_in_doubt() -> None:
    given = [trade("09:00:10", cumulative_volume=1), trade("09:02:10", cumulative_volume=2)]
    frame = bars(*given, items=known("09:06:10", 2), stretches=CUT)
    assert frame["gap"].to_list() == [False, True]
    again = trade("09:05:00", cumulative_volume=3, stretch=2)
    assert bars(*given, again, items=known(None, 2), stretches=CUT)["gap"].to_list() == [False] * 3


def test_a_first_trade_that_may_be_of_before_the_registration_settles_nothing() -> None:
    given = [trade("09:02:10", cumulative_volume=1), trade("09:02:42", cumulative_volume=2, stretch=2)]
    running = bars(*given, items=known("09:02:59", 2), stretches=CUT)
    assert running.select("finished", "gap").row(0) == (False, False)
    ended = bars(*given, items=known("09:03:02", 2), stretches=CUT)
    assert ended.select("finished", "gap").row(0) == (True, True)
    sure = trade("09:02:43", cumulative_volume=2, stretch=2)
    whole = bars(given[0], sure, items=known("09:03:02", 2), stretches=CUT)
    assert whole.select("finished", "gap").row(0) == (True, False)


def test_a_bar_that_had_ended_before_an_interruption_stays_whole() -> None:
    given = [trade("09:00:10", cumulative_volume=1), trade("09:05:00", cumulative_volume=9, stretch=1)]
    for heard, gaps in (("09:01:02", [False, True]), ("09:01:01", [True, True]), (None, [True, True])):
        found = bars(*given, items=known(None, 1), stretches=stretches((heard, None)))
        assert found["gap"].to_list() == gaps


def test_a_late_trade_after_an_interruption_does_not_hide_what_is_missing() -> None:
    frame = bars(
        trade("09:02:20", cumulative_volume=1),
        trade("09:02:25", cumulative_volume=3, stretch=2),  # of before the cut, told after it
        trade("09:05:50", cumulative_volume=5001, stretch=2),
        trade("09:06:10", cumulative_volume=5002, stretch=2),
        items=known("09:06:10", 2),
        stretches=CUT,
    )
    assert volumes(frame) == [(2, 0, True), (1, 0, True), (1, 0, False)]


@pytest.mark.parametrize("clock", ["09:02:25", "09:02:36"])
def test_a_late_trade_does_not_hide_what_is_missing_from_its_own_bar(clock: str) -> None:
    frame = bars(
        trade("09:01:20", cumulative_volume=1),
        trade(clock, cumulative_volume=2, stretch=2),  # of before the cut or while it lasted, told after it
        trade("09:02:50", cumulative_volume=50, stretch=2),
        items=known("09:06:10", 2),
        stretches=CUT,
    )
    assert volumes(frame) == [(1, 0, False), (2, 0, True)]


def test_a_late_trade_that_fills_what_was_missing_takes_the_mark_away() -> None:
    before, after = trade("09:02:20", cumulative_volume=1), trade("09:05:50", cumulative_volume=3, stretch=2)
    late = trade("09:02:26", cumulative_volume=2, stretch=2)
    options = {"items": known("09:06:00", 2), "stretches": CUT}
    assert bars(before, after, **options)["gap"].to_list() == [True, True]
    assert volumes(bars(before, after, late, **options)) == [(2, 0, False), (1, 0, False)]


def test_a_trade_told_again_after_an_interruption_counts_once_and_hides_nothing() -> None:
    told = trade("09:02:20", quantity=4, cumulative_volume=4)
    frame = bars(
        told,
        told | {"_stretch": 2},
        trade("09:05:50", quantity=1, cumulative_volume=9, stretch=2),
        items=known("09:06:00", 2),
        stretches=CUT,
    )
    assert volumes(frame) == [(4, 0, True), (1, 0, True)]


def test_the_first_bar_of_a_symbol_is_marked_unless_it_was_registered_before_it_began() -> None:
    first = trade("09:02:20", cumulative_volume=500, received="09:02:20")
    for began, gap in (("09:01:57", False), ("09:01:58", True), ("09:02:10", True), (None, True)):
        frame = bars(first | {"_stretch": 1}, items=known(None, 1), stretches=stretches((None, began)))
        assert frame["gap"].to_list() == [gap], began


def test_how_far_the_computers_clock_is_off_does_not_matter_for_the_first_bar() -> None:
    first = trade("09:02:20", cumulative_volume=500, received="18:32:20", stretch=1)
    for began, gap in (("18:31:57", False), ("18:31:58", True)):
        frame = bars(first, items=known(None, 1), stretches=stretches((None, began)))
        assert frame["gap"].to_list() == [gap], began


def test_a_bar_that_began_before_trades_left_the_window_is_marked() -> None:
    given = [trade(f"09:0{n}:30", cumulative_volume=11 + n, stretch=1) for n in range(3)]
    options = {"items": known("09:05:00", 1), "stretches": stretches((None, "08:00:00"))}
    assert bars(*given, **options)["gap"].to_list() == [False] * 3
    assert bars(*given, left=at("09:00:59"), **options)["gap"].to_list() == [True, False, False]
    assert bars(*given, left=at("09:01:00"), **options)["gap"].to_list() == [True, True, False]


def test_each_symbol_and_venue_has_marks_of_its_own() -> None:
    frame = bars(
        trade("09:02:20", cumulative_volume=1),
        trade("09:02:20", cumulative_volume=1, venue="nxt"),
        trade("09:05:00", cumulative_volume=2, stretch=2),
        trade("09:05:00", cumulative_volume=9, stretch=2, venue="nxt"),
        items=pl.concat([known("09:06:00", 2), known("09:06:00", 2, venue="nxt")]),
        stretches=CUT,
    )
    assert frame.select("venue", "gap").sort("venue").rows() == [
        ("krx", False),
        ("krx", False),
        ("nxt", True),
        ("nxt", True),
    ]


def test_of_both_venues_together_nothing_is_counted_and_each_interruption_is_doubt() -> None:
    frame = bars(
        trade("09:00:20", cumulative_volume=1, venue="all"),
        trade("09:02:20", cumulative_volume=900, venue="all"),
        trade("09:05:00", cumulative_volume=901, stretch=2, venue="all"),
        trade("09:06:00", cumulative_volume=990, stretch=2, venue="all"),
        items=known("09:07:00", 2, venue="all"),
        stretches=CUT,
    )
    assert frame["off_feed_volume"].to_list() == [None] * 4
    assert frame["gap"].to_list() == [True, True, True, False]


def test_the_day_before_is_not_counted_into_a_day() -> None:
    yesterday = trade("15:20:00", cumulative_volume=9_000) | {"time": at("15:20:00") - timedelta(days=1)}
    frame = bars(yesterday, trade("09:00:00", quantity=5, cumulative_volume=5), items=known("09:00:00"))
    assert frame.select("off_feed_volume", "gap").rows() == [(0, True), (0, False)]


def test_a_trade_that_could_not_be_read_marks_its_bar() -> None:
    for lost in ({"price": None}, {"quantity": None}):
        frame = bars(
            trade("09:00:01", cumulative_volume=1),
            trade("09:00:02", cumulative_volume=2) | lost,
            trade("09:01:02", cumulative_volume=3),
        )
        assert frame.select("trades", "gap", "off_feed_volume").rows() == [(1, True, None), (1, False, None)]


def test_each_of_hundreds_of_interruptions_marks_the_bars_around_it_alone() -> None:
    """One bar a minute and a cut between each two, in which something is missing every third time."""
    clocks = [f"{9 + n // 60:02}:{n % 60:02}:30" for n in range(600)]
    given = [
        trade(clock, cumulative_volume=2 + 2 * n + n // 3, quantity=2, stretch=n)
        for n, clock in enumerate(clocks)
    ]
    cuts = stretches(*((clock, clock[:-2] + "40") for clock in clocks[:-1]))
    frame = bars(*given, items=known(None, 599), stretches=cuts)
    jumps = [n > 0 and n % 3 == 0 for n in range(601)]
    assert frame["gap"].to_list() == [jumps[n] or (n < 599 and jumps[n + 1]) for n in range(600)]


def test_a_trade_without_a_time_counts_from_its_arrival() -> None:
    assert bars(trade(None, received="09:03:10")).item(0, "time") == at("09:03:00")


def test_missing_columns_and_odd_spans_are_named() -> None:
    with pytest.raises(ValueError, match="made of price, quantity, side, .*, and side is not there"):
        trade_bars(trades().drop("side"), MINUTE)
    for every in (timedelta(seconds=7), timedelta(days=2), timedelta(0)):
        with pytest.raises(ValueError, match="every: expected a span that divides a day"):
            trade_bars(trades(), every)


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
    ordered = trade_bars(trades(*rows), every)
    by_second: dict[Any, list[Any]] = {}
    for row in rows:
        by_second.setdefault(row["time"], []).append(row)
    mixed = list(by_second.values())
    random.shuffle(mixed)
    shuffled = trade_bars(trades(*(row for second in mixed for row in second)), every)
    assert_frame_equal(ordered, shuffled)
    assert ordered["volume"].sum() == sum(row["quantity"] for row in rows)
    assert (ordered["buy_volume"] + ordered["sell_volume"]).to_list() == ordered["volume"].to_list()
    assert ordered["time"].is_sorted()


STEPS = st.one_of(
    st.tuples(st.just("trade"), st.sampled_from("AB"), st.integers(1, 5)),
    st.tuples(st.just("block"), st.sampled_from("AB"), st.integers(1, 5)),  # that the feed does not carry
    st.tuples(st.just("unheard"), st.sampled_from("AB"), st.integers(1, 5)),  # while the connection is down
    st.tuples(st.just("slow"), st.sampled_from("AB"), st.integers(1, 5)),  # told after a cut, or again
    st.tuples(st.just("cut"), st.just(""), st.just(0)),
    st.tuples(st.just("again"), st.just(""), st.just(0)),
    st.tuples(st.just("wait"), st.just(""), st.integers(1, 90)),
)


@settings(max_examples=200, deadline=None)
@given(st.lists(STEPS, max_size=50), st.integers(0, 3), st.sampled_from([10, 60]))
def test_a_finished_bar_without_a_mark_has_all_of_its_trades(
    steps: list[tuple[str, str, int]], already: int, seconds: int
) -> None:
    """Whatever is cut, lost, late, told twice or never carried. The computer's clock is 4 hours off."""
    ledger, every, off = Ledger(), timedelta(seconds=seconds), timedelta(hours=4)
    now, volumes = at("10:00:05"), dict.fromkeys("AB", already)
    clock: datetime | None = None
    told: list[dict[str, Any]] = []
    waiting: list[dict[str, Any]] = []
    made: dict[tuple[datetime, str], int] = {}
    down = False

    def micro(moment: datetime) -> int:
        return int(moment.timestamp() * 1_000_000)

    def tell(row: dict[str, Any]) -> None:
        nonlocal clock
        told.append(row | {"received_at": now + off, "_stretch": ledger.stretch(row["symbol"])})
        clock = row["time"] if clock is None else max(clock, row["time"])

    ledger.interrupt("AB", None)
    ledger.begin("AB", micro(now + off))
    for step, symbol, number in steps:
        now += timedelta(seconds=number if step == "wait" else 1)
        if step in ("trade", "block", "slow", "unheard"):
            volumes[symbol] += number
        if step == "block":
            continue
        if step in ("trade", "slow", "unheard"):
            row = trade(None, 100, number, symbol=symbol, cumulative_volume=volumes[symbol]) | {"time": now}
            place = (now - timedelta(seconds=(now.minute * 60 + now.second) % seconds), symbol)
            made[place] = made.get(place, 0) + number
            if step == "slow":
                waiting.append(row)
            if not down and (step == "trade" or (step == "slow" and number % 2)):
                tell(row)
        if step in ("cut", "unheard", "slow") and not down and not (step == "slow" and number % 2):
            down = True
            ledger.interrupt("AB", None if clock is None else micro(clock))
        if step == "again" and down:
            down = False
            ledger.begin("AB", micro(now + off))
            for row in waiting:
                tell(row)
            waiting.clear()
    items = pl.concat([known(None, ledger.stretch(symbol), symbol) for symbol in "AB"])
    items = items.with_columns(clock=pl.lit(None if clock is None else micro(clock), pl.Int64))
    frame = trade_bars(trades(*told), every, items=items, stretches=ledger.stretches())
    for bar in frame.filter(pl.col("finished") & ~pl.col("gap")).iter_rows(named=True):
        assert bar["volume"] == made[bar["time"], bar["symbol"]], bar


def calls_of(work: Callable[[], object]) -> int:
    """How many calls Python makes for it, of functions in Python and below it."""
    seen = Counter[str]()
    before = sys.getprofile()
    sys.setprofile(lambda frame, event, arg: seen.update([event]))
    try:
        work()
    finally:
        sys.setprofile(before)
    return seen["call"] + seen["c_call"]


def test_a_thousand_interruptions_take_no_step_more_than_ten() -> None:
    steps = {}
    for count in (10, 1_000):
        clock = [f"{9 + n // 3_600:02}:{n // 60 % 60:02}:{n % 60:02}" for n in range(0, 18 * count, 18)]
        given = trades(*(trade(when, cumulative_volume=n, stretch=n) for n, when in enumerate(clock, 1)))
        told = stretches(*((when, when) for when in clock))
        items = known(clock[-1], count)
        frame = trade_bars(given, MINUTE, items=items, stretches=told)  # what is imported is there now
        assert frame["trades"].sum() == count
        steps[count] = calls_of(lambda: trade_bars(given, MINUTE, items=items, stretches=told))  # noqa: B023
    assert steps[1_000] == steps[10]
