"""The synthetic market agrees with itself."""

from __future__ import annotations

import doctest
import re
from datetime import date, time, timedelta
from itertools import pairwise
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kiwoomdata.calendar import NXT_SINCE, nth_trading_day_before, session_hours, trading_days
from kiwoomdata.simulator.market import market as market_module
from kiwoomdata.simulator.market import numbers, orderbook, yearly
from kiwoomdata.simulator.market.daily import Day, Venue, krx_days, nxt_days
from kiwoomdata.simulator.market.flows import INSTITUTION_PARTS, INVESTORS
from kiwoomdata.simulator.market.history import Path, history, table
from kiwoomdata.simulator.market.market import Market
from kiwoomdata.simulator.market.rankings import INVESTOR_COLUMNS
from kiwoomdata.simulator.market.universe import BROKERS, FOREIGN_BROKERS, RIGHTS, STOCKS, made_up, universe

FIRST, TODAY = date(2023, 1, 2), date(2026, 11, 20)
MARKET = Market(7, today=TODAY, first_day=FIRST)
RUNNING = Market(7, today=TODAY, first_day=FIRST)
HALTED, DELISTED, NEW, ETF = "499980", "091990", "499990", "0000D0"

symbols = st.sampled_from([stock.symbol for stock in MARKET.stocks()] + [s.symbol for s in universe(4)])
venues: st.SearchStrategy[Venue] = st.sampled_from(["krx", "nxt", "all"])
times = st.times().map(lambda at: at.replace(microsecond=0))
market_days = st.sampled_from(trading_days(FIRST, TODAY))
ends = st.sampled_from(trading_days(date(2024, 6, 3), TODAY))
several = settings(max_examples=20, deadline=None)


def rows_up_to(symbol: str, end: date, venue: Venue = "krx") -> list[Day]:
    return MARKET.days(symbol, end - timedelta(days=60), end, venue)


def running(at: time) -> Market:
    """The same market in the middle of its last day; one clock for all, as building one takes time."""
    RUNNING.now = at
    return RUNNING


# Price steps and limits


@pytest.mark.parametrize(
    ("price", "step"),
    [
        *[(1, 1), (1_999, 1), (2_000, 5), (4_995, 5), (5_000, 10), (19_990, 10), (20_000, 50)],
        *[(49_950, 50), (50_000, 100), (199_900, 100), (200_000, 500), (499_500, 500), (500_000, 1_000)],
    ],
)
def test_the_price_step_depends_on_the_price(price: int, step: int) -> None:
    assert numbers.tick_size(price) == step


@given(st.integers(10, 3_000_000).map(numbers.floor_to_tick) | st.sampled_from([1_999, 4_995, 199_900]))
def test_stepping_up_and_down_comes_back(price: int) -> None:
    assert numbers.step_down(numbers.step_up(price)) == price
    assert numbers.nearest_tick(price) == numbers.ceil_to_tick(price) == price
    assert numbers.floor_to_tick(numbers.step_up(price) - 1) == price
    assert numbers.ceil_to_tick(price + 1) == numbers.step_up(price)


@given(st.integers(10, 2_000_000).map(numbers.floor_to_tick))
def test_the_limits_are_the_outermost_valid_prices_within_thirty_percent(close: int) -> None:
    up, down = numbers.price_limits(close)
    assert up * 10 <= close * 13 < numbers.step_up(up) * 10
    assert numbers.step_down(down) * 10 < close * 7 <= down * 10


def test_the_sign_tells_the_limits_from_other_moves() -> None:
    up, down = numbers.price_limits(10_000)
    signs = [numbers.direction(price, 10_000) for price in (up, 10_010, 10_000, down, 9_990)]
    assert signs == [1, 2, 3, 4, 5]


# Days


@several
@given(symbols, ends)
def test_prices_are_valid_ordered_and_within_the_limits(symbol: str, end: date) -> None:
    for row in rows_up_to(symbol, end):
        prices = row.low, row.open, row.close, row.high
        assert all(price == numbers.floor_to_tick(price) for price in prices)
        assert row.limit_down <= row.low <= min(prices)
        assert max(prices) <= row.high <= row.limit_up


@several
@given(symbols, ends)
def test_each_day_starts_from_the_close_before(symbol: str, end: date) -> None:
    rows = rows_up_to(symbol, end)
    assert all(b.previous_close == a.close for a, b in pairwise(rows))
    for row in rows:
        assert row.change == row.close - row.previous_close
        assert row.change_rate == round(100 * row.change / row.previous_close, 2)
        assert (row.sign in (1, 2), row.sign in (4, 5)) == (row.change > 0, row.change < 0)


@several
@given(symbols, ends, venues)
def test_the_value_lies_between_the_volume_at_the_low_and_at_the_high(
    symbol: str, end: date, venue: Venue
) -> None:
    for row in rows_up_to(symbol, end, venue):
        assert row.low * row.volume <= row.value <= row.high * row.volume
        assert 0 <= row.buy_volume <= row.volume


@several
@given(symbols, ends, st.sampled_from(["krx", "all"]))
def test_every_share_and_every_won_has_a_buyer_and_a_seller(symbol: str, end: date, venue: Venue) -> None:
    for row in rows_up_to(symbol, end, venue):
        assert sum(sides.net for sides in row.flows) == sum(sides.net_amount for sides in row.flows) == 0
        assert sum(sides.buy for sides in row.flows) == sum(sides.sell for sides in row.flows) == row.volume
        assert sum(sides.buy_amount for sides in row.flows) == row.value
        assert sum(sides.sell_amount for sides in row.flows) == row.value


@several
@given(symbols, ends, venues)
def test_no_party_pays_more_than_the_high_or_less_than_the_low(symbol: str, end: date, venue: Venue) -> None:
    for row in rows_up_to(symbol, end, venue):
        parties = [row.program, *row.flows]
        if venue == "nxt":
            parties.remove(row.flows.foreign)
        for party in parties:
            assert min(party) >= 0
            assert row.low * party.buy - 1 <= party.buy_amount <= row.high * party.buy
            assert row.low * party.sell - 1 <= party.sell_amount <= row.high * party.sell


@given(ends)
@several
def test_institutions_are_the_sum_of_their_parts(end: date) -> None:
    flows = rows_up_to("035420", end)[-1].flows
    assert len(INVESTORS) == 11
    assert len(INSTITUTION_PARTS) == 8
    assert flows.of("institution") == flows.institution
    assert flows.institution.net == sum(flows.of(part).net for part in INSTITUTION_PARTS)
    assert flows.individual.net + flows.foreign.net + flows.institution.net == -flows.other_corporation.net


@several
@given(symbols, ends)
def test_foreign_ownership_moves_by_what_foreigners_net_buy(symbol: str, end: date) -> None:
    rows = rows_up_to(symbol, end)
    for before, row in pairwise(rows):
        assert row.foreign_holding - before.foreign_holding == row.flows.foreign.net
        assert row.foreign_ratio == round(100 * row.foreign_holding / row.listed_shares, 2)
        assert 0 <= row.foreign_ratio <= 100
        assert abs(row.credit_ratio - before.credit_ratio) < 0.5


@several
@given(symbols, ends)
def test_programs_trade_a_part_of_the_volume(symbol: str, end: date) -> None:
    for row in rows_up_to(symbol, end):
        assert 0 <= row.program.buy <= row.volume
        assert 0 <= row.program.sell <= row.volume
        assert row.program.net == row.program.buy - row.program.sell


def test_the_foreign_brokers_are_an_estimate_and_not_the_foreigners() -> None:
    rows = MARKET.days("005930", date(2026, 1, 1), TODAY)
    same = [row for row in rows if row.foreign_brokers == row.flows.foreign.net]
    assert len(same) < len(rows) // 20
    agree = [row for row in rows if row.foreign_brokers * row.flows.foreign.net > 0]
    assert len(agree) > len(rows) // 2


def test_strength_is_bought_in_percent_of_sold() -> None:
    row = MARKET.day("005930", TODAY)
    assert row is not None
    assert row.strength == round(100 * row.buy_volume / (row.volume - row.buy_volume), 2)


def test_daily_strength_is_averaged_over_sessions() -> None:
    start = nth_trading_day_before(TODAY, 10)
    rows = MARKET.days("005930", nth_trading_day_before(TODAY, 80), TODAY)
    found = MARKET.strengths("005930", start, TODAY)
    assert [each.day for each in found] == rows[-11:]
    assert found[-1].average_5 == pytest.approx(sum(row.strength for row in rows[-5:]) / 5, abs=0.005)
    assert found[-1].average_60 == pytest.approx(sum(row.strength for row in rows[-60:]) / 60, abs=0.005)


# One market, whatever is asked and in which order


def test_the_same_seed_gives_the_same_market_and_another_seed_another() -> None:
    other = Market(8, today=TODAY, first_day=FIRST)
    same = Market(7, today=TODAY, first_day=FIRST)
    span = date(2026, 1, 1), TODAY
    assert same.days("035420", *span) == MARKET.days("035420", *span)
    assert same.ticks("035420") == MARKET.ticks("035420")
    assert same.orderbook("035420") == MARKET.orderbook("035420")
    assert other.days("035420", *span) != MARKET.days("035420", *span)


def test_what_was_asked_before_changes_nothing() -> None:
    one, two = (Market(3, today=TODAY, first_day=FIRST) for _ in range(2))
    two.days("000660", date(2024, 1, 1), TODAY, "all")
    two.ticks("005380", date(2025, 5, 8))
    two.program_days("kospi", date(2026, 1, 1), TODAY)
    assert one.ticks("005380") == two.ticks("005380")
    assert one.days("005380", date(2026, 1, 1), TODAY) == two.days("005380", date(2026, 1, 1), TODAY)


@several
@given(symbols, venues, market_days, market_days)
def test_a_short_range_gives_the_rows_of_a_long_one(symbol: str, venue: Venue, a: date, b: date) -> None:
    start, end = min(a, b), max(a, b)
    long = MARKET.days(symbol, FIRST, TODAY, venue)
    short = MARKET.days(symbol, start, end, venue)
    assert short == [row for row in long if start <= row.date <= end]
    assert [row.date for row in short] == sorted({row.date for row in short})


def test_the_past_does_not_depend_on_today() -> None:
    earlier = Market(7, today=date(2025, 7, 11), first_day=FIRST)
    span = date(2024, 12, 1), date(2025, 7, 11)
    for symbol in ("005930", "086520", ETF):
        for venue in ("krx", "nxt", "all"):
            assert earlier.days(symbol, *span, venue) == MARKET.days(symbol, *span, venue)
    assert earlier.ticks("005930") == MARKET.ticks("005930", date(2025, 7, 11))
    assert earlier.index_days(*span) == MARKET.index_days(*span)


@pytest.mark.parametrize(
    ("symbol", "day", "venue", "numbers"),
    [
        ("005930", FIRST, "krx",
         (62_500, 63_900, 62_200, 63_700, 37_996_861, 2_386_862_531_100, 30_756, 3.09)),
        ("005930", TODAY, "krx",
         (61_700, 61_800, 61_600, 61_700, 18_651_117, 1_150_564_623_000, 285_082, 4.07)),
        ("005930", TODAY, "nxt",
         (61_800, 61_800, 61_700, 61_700, 1_641_214, 101_332_563_700, -77_801, 4.07)),
        ("086520", date(2024, 7, 15), "krx",
         (57_100, 59_000, 56_200, 57_700, 1_181_834, 68_313_446_900, -93_136, 1.83)),
    ],
)  # fmt: skip
def test_the_numbers_of_a_seed_stay(symbol: str, day: date, venue: Venue, numbers: tuple[float, ...]) -> None:
    row = MARKET.day(symbol, day, venue)
    assert row is not None
    assert (*row[3:9], row.flows.individual.net, row.credit_ratio) == numbers


def test_a_table_of_many_stocks_holds_the_paths_of_each() -> None:
    begin, end = date(2024, 4, 1), date(2025, 2, 1)
    market = Market(7, today=TODAY, first_day=FIRST)
    market.split("005930", date(2024, 7, 1), 5)
    halted = made_up("100010")
    assert halted is not None
    days = tuple(trading_days(date(2024, 1, 1), date(2024, 12, 31)))
    whole = [
        market.year_of("005930", 2024),
        history("7:100010", halted._replace(halted_from=date(2024, 6, 3)), days, ()),
        market.year_of("100010", 2024),
    ]
    rows = table(whole, begin, end)
    paths = [way.path(n) for way in whole for n in range(way.position(begin), way.position(end))]
    assert rows.select(path_names := [name for name in Path._fields if name != "credit_ratio"]).rows() == [
        tuple(getattr(path, name) for name in path_names) for path in paths
    ]


@pytest.mark.parametrize("earlier", [20, 120, 240])
def test_rows_drawn_from_the_middle_of_a_year_are_those_of_the_whole_year(earlier: int) -> None:
    stock = made_up("100010")
    assert stock is not None
    way = history("7:100010", stock, tuple(trading_days(date(2024, 1, 1), date(2024, 12, 31))), ())
    paths = [way.path(index) for index in range(len(way.days))]
    whole = krx_days(Random("a year"), paths)
    assert krx_days(Random("a year"), paths[earlier:], earlier) == whole[earlier:]
    there = nxt_days(Random("a year"), whole)
    assert nxt_days(Random("a year"), whole[earlier:], earlier) == there[earlier:]


def test_the_next_day_and_another_market_of_the_seed_walk_no_history_again() -> None:
    market = Market(7, today=TODAY, now=time(10), first_day=FIRST)
    ordinary = [stock.symbol for stock in market.stocks() if stock.symbol != NEW]
    for symbol in ordinary:
        market.snapshot(symbol)
    before = history.cache_info().misses
    for later in (market.next_session(), Market(7, today=date(2026, 2, 3), first_day=FIRST)):
        assert all(later.snapshot(symbol) for symbol in ordinary)
    assert history.cache_info().misses == before


def test_a_day_without_a_session_stands_after_the_session_before() -> None:
    sunday = Market(7, today=date(2026, 11, 22), now=time(10), first_day=FIRST)
    assert sunday.session_day == TODAY
    assert sunday.snapshot("005930") == MARKET.day("005930", TODAY)
    assert sunday.day("005930", date(2026, 11, 22)) is None


def test_a_history_that_would_be_empty_is_refused() -> None:
    with pytest.raises(ValueError, match="first_day: expected a trading day"):
        Market(today=date(2026, 11, 22), first_day=date(2026, 11, 21))


# The many


def test_a_few_hundred_codes_of_every_kind_are_listed() -> None:
    stocks = MARKET.stocks()
    assert (
        len({stock.symbol for stock in stocks}) == len({stock.name for stock in stocks}) == len(stocks) > 300
    )
    assert all(re.fullmatch("[0-9][0-9A-Z]{5}", stock.symbol) for stock in stocks)
    assert {stock.security for stock in stocks} == {"stock", "preferred", "etf", "etn", "reit", "spac"}
    assert {stock.board for stock in stocks} == {"kospi", "kosdaq"}
    assert sum(not stock.symbol.isdigit() for stock in stocks) > 10
    assert {HALTED, NEW, ETF} < {stock.symbol for stock in stocks}
    assert MARKET.leading() == [stock for stock in stocks if stock in STOCKS or stock.symbol == NEW]


def test_a_day_of_all_stocks_walks_a_year_of_each_and_not_decades() -> None:
    market = Market(11, today=TODAY)
    before = yearly._year.cache_info().misses
    assert all(market.snapshot(stock.symbol) for stock in market.stocks())
    many = sum(stock.by_year for stock in market.stocks())
    assert yearly._year.cache_info().misses - before == many


def test_what_a_list_says_of_a_stock_is_what_its_day_begins_with() -> None:
    market = Market(7, today=TODAY, now=time(18, 30), first_day=FIRST)
    many = next(stock.symbol for stock in market.stocks() if stock.by_year)
    for symbol in ("005930", many):
        market.split(symbol, date(2026, 3, 4), 5)
        market.split(symbol, TODAY, 2)
    for stock in market.stocks():
        day = market.snapshot(stock.symbol)
        assert day is not None
        assert market.reference(stock.symbol) == (day.previous_close, day.listed_shares)
    assert market.reference("091990") is market.reference("999999") is None  # delisted, unknown


def test_years_that_are_walked_by_themselves_follow_on_each_other() -> None:
    for stock in MARKET.stocks()[40::20]:
        rows = MARKET.days(stock.symbol, date(2024, 12, 20), date(2025, 1, 10))
        assert {row.date.year for row in rows} <= {2024, 2025}
        for before, row in pairwise(rows):
            assert row.previous_close == before.close
            assert row.foreign_holding - before.foreign_holding == row.flows.foreign.net
            assert abs(row.credit_ratio - before.credit_ratio) < 0.5


def test_a_split_of_one_of_the_many_rebases_its_days_as_any_other() -> None:
    market, day = Market(7, today=TODAY, first_day=FIRST), date(2026, 4, 15)
    symbol = next(stock.symbol for stock in market.stocks() if stock.by_year)
    before = market.days(symbol, date(2026, 4, 1), date(2026, 4, 14))
    market.split(symbol, day, 5)
    assert market.days(symbol, date(2026, 4, 1), date(2026, 4, 14)) == before
    rows = market.days(symbol, day, TODAY)
    assert rows[0].previous_close == numbers.nearest_tick(before[-1].close / 5)
    assert rows[0].listed_shares == 5 * before[-1].listed_shares
    assert all(b.previous_close == a.close for a, b in pairwise(rows))
    assert all(row.limit_down <= row.low <= row.high <= row.limit_up for row in rows)


# Unusual stocks


def test_symbols_are_unique_and_made_up_ones_do_not_collide() -> None:
    codes = [stock.symbol for stock in STOCKS] + [stock.symbol for stock in universe(1_000)]
    assert len(set(codes)) == len(codes)
    assert universe(1_000)[:10] == universe(10)
    assert "105560" not in {stock.symbol for stock in universe(1_000)}


def test_a_made_up_stock_is_traded_like_any_other() -> None:
    stock = universe(3)[2]
    assert MARKET.stock(stock.symbol) == stock == made_up(stock.symbol)
    assert len(MARKET.days(stock.symbol, FIRST, TODAY)) == len(trading_days(FIRST, TODAY))


@pytest.mark.parametrize("symbol", ["", "5930", "999999", "100001", "Samsung", "005930_NX", "１００００0"])
def test_an_unknown_code_has_no_rows(symbol: str) -> None:
    assert MARKET.stock(symbol) is None
    assert MARKET.days(symbol, FIRST, TODAY) == MARKET.ticks(symbol) == MARKET.program_minutes(symbol) == []
    assert MARKET.orderbook(symbol) is MARKET.after_hours(symbol) is MARKET.snapshot(symbol) is None
    assert MARKET.brokers(symbol, TODAY) == {}


def test_a_delisted_stock_is_known_and_has_no_rows() -> None:
    stock = MARKET.stock(DELISTED)
    assert stock is not None
    assert stock.delisted
    assert MARKET.days(DELISTED, FIRST, TODAY) == []
    assert stock not in MARKET.stocks()


def test_a_halted_stock_keeps_its_price_and_is_not_traded() -> None:
    rows = MARKET.days(HALTED, date(2026, 1, 1), TODAY)
    assert len({row.close for row in rows}) == 1
    for row in rows:
        assert row.open == row.high == row.low == row.close == row.previous_close
        assert (row.volume, row.value, row.change, row.strength, row.foreign_brokers) == (0, 0, 0, 0.0, 0)
    assert MARKET.ticks(HALTED) == MARKET.minute_strength(HALTED) == MARKET.program_minutes(HALTED) == []


def test_a_halt_begins_on_its_day() -> None:
    market = Market(7, today=date(2019, 4, 30), first_day=date(2019, 1, 2))
    volumes = {row.date: row.volume for row in market.days(HALTED, date(2019, 4, 1), date(2019, 4, 30))}
    assert volumes[date(2019, 4, 5)] > 0
    assert volumes[date(2019, 4, 8)] == volumes[date(2019, 4, 30)] == 0


def test_a_new_stock_has_a_history_of_a_few_days() -> None:
    rows = MARKET.days(NEW, FIRST, TODAY)
    assert [row.date for row in rows] == trading_days(nth_trading_day_before(TODAY, 3), TODAY)
    stock = MARKET.stock(NEW)
    assert stock is not None
    assert stock.listed_from == rows[0].date


def test_a_stock_has_no_rows_before_its_listing() -> None:
    assert MARKET.days(ETF, FIRST, TODAY)[0].date == date(2024, 12, 17)


# The second venue


@several
@given(symbols, ends)
def test_the_second_venue_has_its_own_trades_near_the_first_ones_prices(symbol: str, end: date) -> None:
    stock = MARKET.stock(symbol)
    krx = {row.date: row for row in rows_up_to(symbol, end)}
    for row in rows_up_to(symbol, end, "nxt"):
        assert stock is not None
        assert stock.on_nxt
        assert row.date >= NXT_SINCE
        first = krx[row.date]
        assert row.previous_close == first.previous_close
        assert first.limit_down <= row.low <= min(row.open, row.close)
        assert max(row.open, row.close) <= row.high <= first.limit_up
        assert 0 < row.volume < first.volume
        assert abs(row.close / first.close - 1) < 0.03


def test_the_second_venue_begins_on_its_first_day() -> None:
    assert MARKET.days("005930", FIRST, TODAY, "nxt")[0].date == NXT_SINCE
    assert MARKET.days("00088K", FIRST, TODAY, "nxt") == []
    assert MARKET.ticks("005930", date(2025, 2, 28), "nxt") == []


@several
@given(symbols, ends)
def test_the_second_venue_mirrors_the_first_ones_foreigners(symbol: str, end: date) -> None:
    krx = {row.date: row for row in rows_up_to(symbol, end)}
    for row in rows_up_to(symbol, end, "nxt"):
        assert row.flows.foreign == krx[row.date].flows.foreign
        assert row.foreign_ratio == krx[row.date].foreign_ratio
        assert row.flows.individual != krx[row.date].flows.individual
        own = row.flows._replace(foreign=row.flows.foreign._make((0, 0, 0, 0)))
        assert sum(sides.net for sides in own) == 0
        assert sum(sides.buy for sides in own) == row.volume


@several
@given(symbols, ends)
def test_both_venues_together_are_the_sum_of_the_two(symbol: str, end: date) -> None:
    krx = {row.date: row for row in rows_up_to(symbol, end)}
    nxt = {row.date: row for row in rows_up_to(symbol, end, "nxt")}
    for row in rows_up_to(symbol, end, "all"):
        parts = [venue[row.date] for venue in (nxt, krx) if row.date in venue]
        assert row.volume == sum(part.volume for part in parts)
        assert row.value == sum(part.value for part in parts)
        assert row.program.net_amount == sum(part.program.net_amount for part in parts)
        assert row.flows.individual.net == sum(part.flows.individual.net for part in parts)
        assert (row.high, row.low) == (max(p.high for p in parts), min(p.low for p in parts))
        assert (row.open, row.close) == (parts[0].open, parts[0].close or krx[row.date].close)
        of_krx = krx[row.date]  # live, the last trade anywhere stands beside the change of KRX's close
        assert (row.change, row.change_rate, row.sign) == (of_krx.change, of_krx.change_rate, of_krx.sign)


# Splits


def test_a_split_leaves_the_days_before_it_as_they_were() -> None:
    market, day = Market(7, today=TODAY, first_day=FIRST), date(2026, 4, 15)
    before = market.days("000660", date(2026, 1, 1), date(2026, 4, 14), "all")
    trades, listed = market.ticks("000660", day), market.prices("000660", 1)[-1].listed_shares
    market.split("000660", day, 5)
    assert market.prices("000660", 1)[-1].listed_shares == 5 * listed
    assert market.days("000660", date(2026, 1, 1), date(2026, 4, 14), "all") == before
    assert market.ticks("000660", day)[0].price == pytest.approx(trades[0].price / 5, rel=0.02)
    first = market.day("000660", day)
    assert first is not None
    assert first.previous_close == numbers.nearest_tick(before[-1].close / 5)
    assert first.listed_shares == 5 * before[-1].listed_shares
    assert first.foreign_ratio == pytest.approx(before[-1].foreign_ratio, abs=0.1)


def test_an_adjusted_day_has_smaller_prices_more_shares_and_the_same_money() -> None:
    market, day = Market(7, today=TODAY, first_day=FIRST), date(2026, 4, 15)
    span = date(2026, 4, 1), date(2026, 5, 1)
    market.split("000660", day, 5)
    raw, seen = market.days("000660", *span), market.days("000660", *span, adjusted_as_of=TODAY)
    assert market.days("000660", *span, adjusted_as_of=date(2026, 4, 14)) == raw
    for was, now in zip(raw, seen, strict=True):
        times_ = 5 if was.date < day else 1
        assert now.close == round(was.close / times_)
        assert now.volume == was.volume * times_
        assert now.value == was.value
        assert now.flows.foreign.net == was.flows.foreign.net * times_
        assert now.flows.foreign.net_amount == was.flows.foreign.net_amount
        assert sum(sides.net for sides in now.flows) == 0
    assert max(abs(b.close / a.close - 1) for a, b in pairwise(seen)) < 0.31


@pytest.mark.parametrize(("day", "ratio"), [(date(2026, 4, 15), 1), (date(2026, 4, 18), 5), (FIRST, 0)])
def test_a_split_that_cannot_be_is_refused(day: date, ratio: int) -> None:
    with pytest.raises(ValueError, match="split: expected a ratio of 2 or more on a trading day"):
        Market(7, today=TODAY, first_day=FIRST).split("000660", day, ratio)


# Trades


@settings(max_examples=30, deadline=None)
@given(symbols, market_days, venues)
def test_the_trades_of_a_day_add_up_to_its_row(symbol: str, day: date, venue: Venue) -> None:
    row, trades = MARKET.day(symbol, day, venue), MARKET.ticks(symbol, day, venue)
    assert bool(trades) == bool(row and row.volume)
    if not (row and trades):
        return
    assert trades[0].price == row.open
    assert trades[-1].price == row.close
    of_krx = [trade.price for trade in trades if venue != "all" or trade.venue == "krx"]
    assert of_krx[-1] == (row.close if row.krx_close is None else row.krx_close)
    assert (max(t.price for t in trades), min(t.price for t in trades)) == (row.high, row.low)
    assert sum(trade.quantity for trade in trades) == trades[-1].volume == row.volume
    assert sum(trade.price * trade.quantity for trade in trades) == trades[-1].value == row.value
    assert sum(trade.quantity for trade in trades if trade.aggressor == 1) == row.buy_volume
    assert {trade.aggressor for trade in trades} <= {1, -1}
    assert all(trade.quantity > 0 for trade in trades)
    assert all(a.time <= b.time and a.volume < b.volume for a, b in pairwise(trades))
    assert all(trade.price == numbers.floor_to_tick(trade.price) for trade in trades)


@pytest.mark.parametrize(
    "at", [time(8, 30), time(9, 0, 20), time(9, 45), time(13, 1), time(15, 31), time(17)]
)
def test_a_running_day_of_both_venues_closes_with_the_last_trade_anywhere(at: time) -> None:
    market, last = running(at), set[str]()
    for symbol in [stock.symbol for stock in market.stocks() if stock.on_nxt][:12]:
        row, trades = market.day(symbol, TODAY, "all"), market.ticks(symbol, TODAY, "all")
        assert row is not None
        assert (row.close, row.volume, row.value) == (trades[-1].price, trades[-1].volume, trades[-1].value)
        last.add(trades[-1].venue)
    assert "krx" in last if time(9) < at < time(15, 40) else last == {"nxt"}


def test_the_trades_of_the_smallest_day_add_up_too() -> None:
    tiny = Market(7, today=date(2016, 12, 29), first_day=date(2016, 1, 4))
    symbol = min(universe(300), key=lambda stock: stock.listed_shares * stock.turnover).symbol
    for row in tiny.days(symbol, date(2016, 1, 1), date(2016, 12, 29)):
        trades = tiny.ticks(symbol, row.date)
        assert trades[-1].value == row.value
        assert sum(trade.quantity for trade in trades) == row.volume


def test_a_usual_day_has_hundreds_of_trades() -> None:
    assert 300 <= len(MARKET.ticks("005930")) <= 2_000


@pytest.mark.parametrize("day", [date(2026, 1, 2), date(2025, 11, 13), date(2026, 3, 5)])
def test_the_first_venue_trades_from_its_open_to_its_close(day: date) -> None:
    trades, hours = MARKET.ticks("005930", day), session_hours(day)
    assert hours == (trades[0].time, trades[-1].time)
    assert hours is not None
    ended = time(hours[1].hour, hours[1].minute - 10)
    assert [trade.time for trade in trades if trade.time >= ended] == [hours[1]] * (
        2 if trades[-2].time == hours[1] else 1
    )


def test_the_second_venue_trades_before_and_after_the_first() -> None:
    spent = [trade.time for trade in MARKET.ticks("005930", venue="nxt")]
    assert time(8) <= spent[0] < time(8, 1)
    assert not [at for at in spent if time(8, 50) <= at < time(9, 0, 30) or time(15, 20) <= at < time(15, 40)]
    assert time(15, 40) <= spent[-1] < time(20)


# A day that is not over


@settings(max_examples=30, deadline=None)
@given(symbols, times, venues)
def test_a_running_day_is_the_sum_of_its_trades_so_far(symbol: str, at: time, venue: Venue) -> None:
    market = running(at)
    row, trades = market.day(symbol, TODAY, venue), market.ticks(symbol, venue=venue)
    assert trades == [trade for trade in MARKET.ticks(symbol, venue=venue) if trade.time <= at]
    assert row == market.snapshot(symbol, venue=venue) == MARKET.snapshot(symbol, at, venue)
    assert bool(trades) == bool(row and row.volume)
    if not (row and trades):
        return
    assert row.open == trades[0].price
    assert (row.high, row.low) == (max(t.price for t in trades), min(t.price for t in trades))
    assert (row.volume, row.value) == (trades[-1].volume, trades[-1].value)
    assert row.buy_volume == sum(trade.quantity for trade in trades if trade.aggressor == 1)
    assert all(min(sides) >= 0 for sides in row.flows)
    assert row.program.buy <= row.volume
    assert row.program.buy_amount <= row.value
    assert row.foreign_brokers * MARKET.days(symbol, TODAY, TODAY, venue)[0].foreign_brokers >= 0
    if venue == "krx":
        before = MARKET.days(symbol, FIRST, nth_trading_day_before(TODAY, 1))[-1]
        assert row.foreign_holding == before.foreign_holding + row.flows.foreign.net
    if venue != "nxt":
        assert sum(sides.net for sides in row.flows) == sum(sides.net_amount for sides in row.flows) == 0
        assert sum(sides.buy for sides in row.flows) == row.volume


@several
@given(symbols, times, times)
def test_what_has_been_traded_only_grows(symbol: str, a: time, b: time) -> None:
    early, late = (MARKET.snapshot(symbol, at) for at in sorted((a, b)))
    if early and late:
        assert early.volume <= late.volume
        for one, two in zip(early.flows, late.flows, strict=True):
            assert one.buy <= two.buy
            assert one.sell <= two.sell
    else:
        assert early is None


def test_before_the_open_there_is_no_row_and_the_second_venue_stands_alone() -> None:
    market = running(time(8, 30))
    assert market.day("005930", TODAY) is None
    assert market.days("005930", date(2026, 11, 19), TODAY) == [MARKET.day("005930", date(2026, 11, 19))]
    nxt, both = market.day("005930", TODAY, "nxt"), market.day("005930", TODAY, "all")
    assert nxt is not None
    assert both == nxt._replace(venue="all")
    assert market.day(HALTED, TODAY) is None
    assert running(time(9)).day(HALTED, TODAY) == MARKET.day(HALTED, TODAY)


def test_the_clock_may_be_moved() -> None:
    market = Market(7, today=TODAY, now=time(10), first_day=FIRST)
    early = market.day("005930", TODAY)
    market.now = time(11)
    late = market.day("005930", TODAY)
    assert early is not None
    assert late is not None
    assert early.volume < late.volume
    market.now = time(20)
    assert market.day("005930", TODAY, "all") == MARKET.day("005930", TODAY, "all")


# Minutes


@several
@given(symbols, market_days, venues)
def test_minute_strength_ends_on_the_days_strength(symbol: str, day: date, venue: Venue) -> None:
    row, minutes = MARKET.day(symbol, day, venue), MARKET.minute_strength(symbol, day, venue)
    assert bool(minutes) == bool(row and row.volume)
    if row and minutes:
        assert minutes[-1].strength == row.strength
        assert (minutes[-1].volume, minutes[-1].value) == (row.volume, row.value)
        assert all(a.time < b.time and a.volume < b.volume for a, b in pairwise(minutes))
        recent = [minute.strength for minute in minutes[-5:]]
        assert minutes[-1].average_5 == pytest.approx(sum(recent) / len(recent), abs=0.005)


@several
@given(symbols, market_days, venues)
def test_program_minutes_add_up_to_the_day(symbol: str, day: date, venue: Venue) -> None:
    row, minutes = MARKET.day(symbol, day, venue), MARKET.program_minutes(symbol, day, venue)
    assert bool(minutes) == bool(row and row.volume)
    if row and minutes:
        assert minutes[-1].program == row.program
        assert minutes[-1].volume == row.volume
        assert all(minute.program.buy <= minute.volume for minute in minutes)
        assert all(minute.program.sell <= minute.volume for minute in minutes)
        for a, b in pairwise(minutes):
            assert a.time < b.time
            assert all(one <= two for one, two in zip(a.program, b.program, strict=True))


@several
@given(times, venues)
def test_program_minutes_of_a_running_day_are_its_row(at: time, venue: Venue) -> None:
    market = running(at)
    row, minutes = market.day("035720", TODAY, venue), market.program_minutes("035720", venue=venue)
    assert [minute.program for minute in minutes][-1:] == ([row.program] if row else [])


# The book


@settings(max_examples=40, deadline=None)
@given(symbols, times, st.sampled_from([5, 10]))
def test_the_book_lies_around_the_price(symbol: str, at: time, levels: int) -> None:
    book, stock = MARKET.orderbook(symbol, at, levels), MARKET.stock(symbol)
    assert book is not None
    assert stock is not None
    asks, bids = book.asks.levels, book.bids.levels
    assert len(asks) == len(bids) == levels
    assert numbers.step_up(bids[0].price) == asks[0].price
    assert bids[0].price <= book.price <= asks[0].price
    assert all(numbers.step_up(a.price) == b.price for a, b in pairwise(asks) if b.price)
    assert all(numbers.step_down(a.price) == b.price for a, b in pairwise(bids) if b.price)
    for side in (book.asks, book.bids):
        assert side.total >= sum(level.quantity for level in side.levels)
        assert side.orders > sum(level.orders for level in side.levels)
        for number, level in enumerate(side.levels):
            assert (level.quantity > 0) == (level.price > 0)
            assert level.quantity >= level.change
            assert (level.orders > 0) == (number < 5 and level.price > 0)
            assert 0 <= level.lp_quantity <= (level.quantity if stock.etf else 0)


def test_only_a_fund_has_a_liquidity_provider_in_its_book() -> None:
    book = MARKET.orderbook(ETF, time(10))
    assert book is not None
    assert any(level.lp_quantity for level in book.asks.levels)


def test_the_book_follows_the_last_trade() -> None:
    for at in (time(9, 0, 30), time(11), time(14, 59, 59)):
        trade = [trade for trade in MARKET.ticks("005930") if trade.time <= at][-1]
        book = MARKET.orderbook("005930", at)
        assert book is not None
        assert book.price == trade.price == (book.asks if trade.aggressor == 1 else book.bids).levels[0].price


@pytest.mark.parametrize("aggressor", [1, -1])
def test_at_a_limit_the_book_ends_with_it(aggressor: int) -> None:
    up, down = numbers.price_limits(10_000)
    high = orderbook.order_book(Random(1), time(10), up, aggressor, (up, down), usual=100)
    low = orderbook.order_book(Random(1), time(10), down, aggressor, (up, down), usual=100)
    assert [level.price for level in high.asks.levels] == [up] + [0] * 9
    assert [level.price for level in low.bids.levels] == [down] + [0] * 9
    assert high.bids.levels[0].price == numbers.step_down(up)
    assert low.asks.levels[0].price == numbers.step_up(down)


def test_auctions_have_an_expected_price() -> None:
    row, trades = MARKET.day("005930", TODAY), MARKET.ticks("005930")
    assert row is not None
    books = [MARKET.orderbook("005930", at) for at in (time(8), time(8, 59), time(11), time(15, 25))]
    prices = [(book.expected_price, book.expected_quantity) for book in books if book]
    opening, closing = (row.open, trades[0].quantity), (row.close, trades[-1].quantity)
    assert prices == [(0, 0), opening, opening, closing]


def test_orders_for_the_closing_price_wait_after_the_close_only() -> None:
    during, after = MARKET.orderbook("005930", time(11)), MARKET.orderbook("005930", time(15, 50))
    assert during is not None
    assert after is not None
    assert during.asks.after_hours == during.bids.after_hours == 0
    assert after.asks.after_hours > 0
    assert after.time == time(15, 30)


@settings(max_examples=30, deadline=None)
@given(symbols, times)
def test_the_single_price_session_stays_within_ten_percent(symbol: str, at: time) -> None:
    row, after = MARKET.snapshot(symbol, at), MARKET.after_hours(symbol, at)
    assert (row is None) == (after is None)
    if row and after:
        assert row.close * 9 <= after.price * 10 <= row.close * 11
        assert row.limit_down <= after.price <= row.limit_up
        assert after.change == after.price - row.close
        assert after.sign == (2 if after.change > 0 else 5 if after.change < 0 else 3)
        assert len(after.asks.levels) == len(after.bids.levels) == 5
        assert after.bids.levels[0].price < after.asks.levels[0].price
        if at < time(16, 10):
            assert (after.price, after.volume) == (row.close, 0)


class Rising(Random):
    """A source of moves that all go up by a twentieth."""

    def gauss(self, mu: float = 0.0, sigma: float = 1.0) -> float:
        return 0.05


@pytest.mark.parametrize(("close", "top"), [(10_000, 11_000), (12_350, 13_000)])
def test_the_single_price_session_ends_at_its_own_limit_or_the_days(close: int, top: int) -> None:
    row = MARKET.day("005930", TODAY)
    assert row is not None
    after = orderbook.after_hours_of(Rising(1), row._replace(previous_close=10_000, close=close), None)
    assert after.price == after.asks.levels[0].price == top


def test_the_single_price_session_trades_until_six() -> None:
    found = [
        MARKET.after_hours("005930", at) for at in (time(16), time(16, 10), time(17), time(18), time(19))
    ]
    volumes = [after.volume for after in found if after]
    assert volumes == sorted(volumes)
    assert volumes[0] == 0 < volumes[1]
    assert found[-1] == found[-2] == MARKET.after_hours("005930")


# Investors and brokers across the market


@pytest.mark.parametrize("side", ["buy", "sell"])
@pytest.mark.parametrize("board", ["kospi", "kosdaq"])
def test_the_institution_ranking_sums_a_range(side: str, board: str) -> None:
    span = date(2026, 11, 2), TODAY
    ranks = MARKET.institution_ranking(*span, side, board)  # type: ignore[arg-type]
    assert ranks
    assert sorted(ranks, key=lambda rank: -abs(rank.net_amount)) == ranks
    for rank in ranks:
        rows = MARKET.days(rank.stock.symbol, *span)
        assert rank.stock.board == board
        assert rank.net == sum(row.flows.institution.net for row in rows)
        assert rank.net_amount == sum(row.flows.institution.net_amount for row in rows)
        assert (rank.net > 0) == (side == "buy")
        assert rank.price == rows[-1].close
        assert rank.average_price is not None
        assert rank.difference == rank.price - rank.average_price


def test_a_stock_is_a_buy_or_a_sell_in_the_institution_ranking() -> None:
    span = date(2026, 11, 2), TODAY
    bought, sold = (MARKET.institution_ranking(*span, side, "kospi") for side in ("buy", "sell"))
    ranked = [rank.stock.symbol for rank in [*bought, *sold]]
    assert len(ranked) == len(set(ranked))
    assert set(ranked) == {stock.symbol for stock in MARKET.stocks("kospi")}


@several
@given(symbols, ends, st.sampled_from(["foreign", "institution"]), st.sampled_from(["buy", "sell"]))
def test_the_average_price_weighs_the_days_of_net_buying(
    symbol: str, end: date, investor: str, side: str
) -> None:
    rows = rows_up_to(symbol, end)
    start = end - timedelta(days=60)
    price = MARKET.average_price(symbol, start, end, investor, side)  # type: ignore[arg-type]
    sign = 1 if side == "buy" else -1
    counted = [row for row in rows if row.flows.of(investor).net * sign > 0]
    if not counted:
        assert price is None
        return
    shares = sum(row.flows.of(investor).net for row in counted)
    expected = sum(row.flows.of(investor).net * row.value / row.volume for row in counted) / shares
    assert price == pytest.approx(expected, rel=1e-3, abs=2)


@pytest.mark.parametrize("measure", ["shares", "amount"])
@pytest.mark.parametrize("investor", ["foreign", "institution", "pension"])
def test_intraday_net_is_bought_plus_sold(measure: str, investor: str) -> None:
    market = running(time(11, 45))
    rows = market.intraday_investors(investor, measure)  # type: ignore[arg-type]
    assert len(rows) == len(market.stocks())
    assert [row.stock.symbol for row in rows] == sorted(row.stock.symbol for row in rows)
    for row in rows:
        before = market.snapshot(row.stock.symbol, time(11, 30))
        assert before is not None
        sides = before.flows.of(investor)
        assert row.net == row.buy + row.sell
        assert row.sell <= 0 <= row.buy
        assert row.previous_net == (sides.net if measure == "shares" else sides.net_amount)
        assert row.net_change == row.net - row.previous_net == row.buy_change + row.sell_change


def test_at_the_moment_of_a_tally_the_one_before_is_compared_with() -> None:
    row = running(time(11, 30)).intraday_investors("foreign")[0]
    before = MARKET.snapshot(row.stock.symbol, time(10))
    assert before is not None
    assert row.previous_net == before.flows.foreign.net


def test_before_the_first_tally_everything_is_new() -> None:
    rows = running(time(9, 20)).intraday_investors("foreign", board="kosdaq")
    assert rows
    assert all(row.previous_net == 0 and row.buy_change == row.buy for row in rows)


@pytest.mark.parametrize("measure", ["shares", "amount"])
def test_the_closing_table_has_twelve_columns_that_agree(measure: str) -> None:
    tables = [MARKET.closing_investors(side, measure) for side in ("net", "buy", "sell")]  # type: ignore[arg-type]
    assert len(INVESTOR_COLUMNS) == 12
    assert len(tables[0]) == len(MARKET.stocks())
    for net, bought, sold in zip(*tables, strict=True):
        assert tuple(net.values) == INVESTOR_COLUMNS
        assert all(net.values[key] == bought.values[key] - sold.values[key] for key in INVESTOR_COLUMNS)
        assert sum(net.values.values()) == net.values["institution"]
        whole = bought.day.volume if measure == "shares" else bought.day.value
        assert sum(bought.values.values()) - bought.values["institution"] == whole


@several
@given(symbols, market_days)
def test_all_brokers_together_trade_the_volume(symbol: str, day: date) -> None:
    row, brokers = MARKET.day(symbol, day), MARKET.brokers(symbol, day)
    assert bool(brokers) == bool(row)
    if row:
        assert list(brokers) == list(BROKERS) == [f"{number:03d}" for number in range(1, 51)]
        assert all(min(sides) >= 0 for sides in brokers.values())
        assert sum(sides.buy for sides in brokers.values()) == row.volume
        assert sum(sides.sell for sides in brokers.values()) == row.volume
        assert sum(brokers[code].net for code in FOREIGN_BROKERS) == row.foreign_brokers


def test_rights_are_quoted_by_kind() -> None:
    every = MARKET.rights()
    assert len(every) == len(RIGHTS) == len(MARKET.rights("05")) + len(MARKET.rights("07"))
    assert MARKET.rights("06") == []
    assert {quote.right.kind for quote in MARKET.rights("07")} == {"07"}
    for quote in every:
        assert quote.low <= min(quote.open, quote.price) <= max(quote.open, quote.price) <= quote.high
        assert quote.bid < quote.price < quote.ask
        assert quote.change == quote.price - quote.previous_close
        assert (quote.sign in (1, 2)) == (quote.change > 0)


# The whole market


def test_the_index_continues_from_day_to_day() -> None:
    rows = MARKET.index_days(FIRST, TODAY)
    assert [row.date for row in rows] == trading_days(FIRST, TODAY)
    assert all(b.previous_close == a.close for a, b in pairwise(rows))
    assert all(100 < row.close < 1_000 and round(row.close, 2) == row.close for row in rows)
    assert all(row.change == round(row.close - row.previous_close, 2) for row in rows)


@several
@given(market_days)
def test_the_index_minutes_lead_from_the_open_to_the_close(day: date) -> None:
    minutes, row = MARKET.index_minutes(day), MARKET.index_days(day, day)[0]
    assert (minutes[0].time, minutes[-1].time) == session_hours(day)
    assert minutes[0].kospi200 == row.open
    assert (minutes[-1].kospi200, minutes[-1].basis) == (row.close, row.basis)


@several
@given(market_days, venues, st.sampled_from(["kospi", "kosdaq"]))
def test_a_days_program_trading_is_its_last_minute(day: date, venue: Venue, board: str) -> None:
    minutes = MARKET.program_day_minutes(board, day, venue)  # type: ignore[arg-type]
    rows = MARKET.program_days(board, day, day, venue)  # type: ignore[arg-type]
    assert rows == minutes[-1:]
    assert bool(rows) == (venue != "nxt" or day >= NXT_SINCE)
    for a, b in pairwise(minutes):
        assert a.time < b.time
        for earlier, later in ((a.arbitrage, b.arbitrage), (a.non_arbitrage, b.non_arbitrage)):
            assert all(0 <= one <= two for one, two in zip(earlier, later, strict=True))
    for minute in minutes[-3:]:
        assert minute.total.net == minute.arbitrage.net + minute.non_arbitrage.net
        assert minute.total.buy_amount == minute.arbitrage.buy_amount + minute.non_arbitrage.buy_amount


def test_program_trading_of_both_venues_is_the_sum_of_the_two() -> None:
    span = date(2026, 11, 2), TODAY
    krx, nxt, both = (MARKET.program_days("kospi", *span, venue) for venue in ("krx", "nxt", "all"))
    for one, two, sum_ in zip(krx, nxt, both, strict=True):
        assert sum_.total == one.total.plus(two.total)
        assert sum_.kospi200 == one.kospi200
    assert both[0].time == time(20)


def test_a_running_market_shows_the_minutes_so_far() -> None:
    market = running(time(13, 7, 30))
    minutes = market.program_day_minutes("kospi")
    assert minutes == MARKET.program_day_minutes("kospi")[: len(minutes)]
    assert minutes[-1].time == time(13, 7)
    assert market.program_days("kospi", date(2026, 11, 19), TODAY)[-1] == minutes[-1]
    index = market.index_days(date(2026, 11, 19), TODAY)
    assert index[-1].close == minutes[-1].kospi200
    assert running(time(8, 59)).index_days(date(2026, 11, 19), TODAY) == index[:1]
    assert running(time(8, 59)).program_days("kospi", TODAY, TODAY) == []


def test_the_arbitrage_balance_changes_by_what_it_says() -> None:
    rows = MARKET.arbitrage_balances(FIRST, TODAY)
    assert [row.date for row in rows] == trading_days(FIRST, TODAY)
    for a, b in pairwise(rows):
        assert b.buy_amount - a.buy_amount == b.buy_change
        assert b.sell_amount - a.sell_amount == b.sell_change
    assert all(min(row.buy_quantity, row.buy_amount, row.sell_quantity, row.sell_amount) > 0 for row in rows)
    assert running(time(15, 29)).arbitrage_balances(FIRST, TODAY) == rows[:-1]


def test_the_examples_in_the_documentation_run() -> None:
    assert doctest.testmod(market_module).failed == 0
