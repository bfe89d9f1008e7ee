"""What the simulator's answers must add up to, from whichever TR it is asked."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, time
from itertools import pairwise
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import kiwoomdata as kd
from kiwoomdata.calendar import trading_days
from kiwoomdata.simulator.market import sectors
from kiwoomdata.simulator.market.market import Market
from tests.conftest import TODAY, simulated

FIRST = date(2024, 1, 2)
MARKET = Market(7, today=TODAY, first_day=FIRST)
codes = st.sampled_from([*sectors.SECTORS, "201"])
days_ = st.sampled_from(trading_days(FIRST, TODAY))
several = settings(max_examples=12, deadline=None)


@pytest.fixture(scope="module")
def shared() -> Iterator[kd.Client]:
    """A client of a market with a short history, so that pages are short."""
    with simulated(Market(1, today=TODAY, now=time(18, 30), first_day=date(2025, 1, 2))) as client:
        yield client


# Indices


@several
@given(codes, st.sampled_from(trading_days(date(2026, 1, 2), TODAY)), days_)
def test_an_index_moves_as_what_its_members_are_worth(code: str, day: date, other: date) -> None:
    members = MARKET.indices.members(code, day)
    assert members
    if other.year != day.year:
        other = date(2026, 1, 2)

    def worth(at: date) -> int:
        rows = [MARKET.day(stock.symbol, at) for stock in members]
        return sum(row.close * row.listed_shares for row in rows if row)

    (one,), (two,) = (MARKET.indices.bars(code, at, at) for at in (day, other))
    assert one.close / two.close == pytest.approx(worth(day) / worth(other), rel=2e-5)
    assert one.volume == sum(row.volume for stock in members if (row := MARKET.day(stock.symbol, day)))
    assert one.value == sum(row.value for stock in members if (row := MARKET.day(stock.symbol, day)))


@several
@given(codes, st.sampled_from([2024, 2025]))
def test_an_index_goes_on_where_it_was_also_over_the_turn_of_a_year(code: str, year: int) -> None:
    bars = MARKET.indices.bars(code, date(year, 12, 15), date(year + 1, 1, 15))
    assert {bar.date.year for bar in bars} == {year, year + 1}
    for before, bar in pairwise(bars):
        assert bar.previous_close == pytest.approx(before.close, abs=0.011)
        assert bar.low <= min(bar.open, bar.close) <= max(bar.open, bar.close) <= bar.high


@several
@given(codes, days_)
def test_the_minutes_of_an_index_make_its_day(code: str, day: date) -> None:
    (bar,), minutes = MARKET.indices.bars(code, day, day), MARKET.indices.minutes(code, day)
    levels = [minute.level for minute in minutes]
    assert (levels[0], max(levels), min(levels), levels[-1]) == (bar.open, bar.high, bar.low, bar.close)
    assert (minutes[-1].volume, minutes[-1].value) == (bar.volume, bar.value)
    assert all(a.volume <= b.volume and a.time < b.time for a, b in pairwise(minutes))


def test_a_stock_enters_its_indices_with_the_year_after_its_listing() -> None:
    new = next(stock for stock in MARKET.stocks() if stock.symbol == "499990")
    assert new not in MARKET.indices.members("101", TODAY)
    whole = {stock.symbol for stock in MARKET.indices.members("001", TODAY)}
    sizes = [
        {stock.symbol for stock in MARKET.indices.members(size, TODAY)} for size in ("002", "003", "004")
    ]
    assert set.union(*sizes) == whole
    assert sum(map(len, sizes)) == len(whole)
    assert not any(stock.etf for stock in MARKET.indices.members("001", TODAY))


@pytest.mark.parametrize(("market", "code"), [("kospi", "001"), ("kosdaq", "101")])
def test_all_trs_of_indices_say_the_same(shared: kd.Client, market: Any, code: str) -> None:
    daily = kd.index_candles(market, "2026-11-02", TODAY, client=shared)
    last = daily.row(-1, named=True)
    (row,) = kd.sector_indices(market, client=shared).filter(sector=code).to_dicts()
    assert row["index"] == pytest.approx(last["close"])
    assert (row["volume"], row["value"]) == (last["volume"], last["value"])
    quote = kd.sector_quote(market, by="day", client=shared).tail(daily.height)
    assert quote["index"].to_list() == pytest.approx(daily["close"].to_list())
    flows = kd.sector_flows(TODAY, market=market, client=shared)
    assert flows["index"][0] == pytest.approx(last["close"])
    members = shared.request_parts("ka20002", {"market": market, "sector": code})["stocks"]
    assert row["listed_stocks"] == members.height
    assert row["rising"] == (members["change"] > 0).sum()
    assert row["falling"] == (members["change"] < 0).sum()
    program = kd.program_trend(None, "2026-11-16", TODAY, market=market, client=shared)
    kospi200 = kd.index_candles("kospi200", "2026-11-16", TODAY, client=shared)
    assert program["kospi200"].to_list() == pytest.approx(kospi200["close"].to_list())


@pytest.mark.parametrize(("interval", "every"), [("week", "1w"), ("month", "1mo"), ("year", "1y")])
def test_longer_bars_of_an_index_are_made_of_its_days(shared: kd.Client, interval: str, every: str) -> None:
    start, end = ("2025-01-06", "2025-12-26") if interval == "week" else ("2025-01-02", "2025-12-30")
    daily = kd.index_candles("kosdaq", start, end, client=shared)
    made = aggregated(daily, every)
    bars = kd.index_candles("kosdaq", start, end, interval=interval, client=shared)  # type: ignore[arg-type]
    names = ["date", "open", "high", "low", "close"]
    assert bars.select(names).rows() == made.select(names).rows()


def aggregated(daily: pl.DataFrame, every: str) -> pl.DataFrame:
    """Longer bars of daily ones, dated by their first day."""
    return (
        daily.sort("date")
        .group_by(pl.col("date").dt.truncate(every).alias("period"), maintain_order=True)
        .agg(
            pl.col("date", "open").first(),
            pl.col("high").max(),
            pl.col("low").min(),
            pl.col("close").last(),
            pl.col("volume").sum(),
        )
    )


# Stocks


@pytest.mark.parametrize("symbol", ["005930", "002000", "0000D0"])
def test_bars_of_all_intervals_make_each_other_and_the_daily_prices(shared: kd.Client, symbol: str) -> None:
    start, end = date(2026, 10, 5), date(2026, 11, 20)
    daily = kd.candles(symbol, start, end, adjusted=False, client=shared)
    prices = kd.daily_prices(symbol, start, end, client=shared)
    ohlcv = ["date", "open", "high", "low", "close", "volume"]
    assert daily.select(ohlcv).rows() == prices.select(ohlcv).rows()
    weekly = kd.candles(symbol, start, end, interval="week", adjusted=False, client=shared)
    assert weekly.select(ohlcv).rows() == aggregated(daily, "1w").select(ohlcv).rows()
    minutes = kd.candles(symbol, "2026-11-18", end, interval="1m", adjusted=False, client=shared)
    made = aggregated(minutes.with_columns(pl.col("time").dt.date().alias("date")), "1d")
    assert made.select(ohlcv).rows() == daily.tail(3).select(ohlcv).rows()
    for interval in ("5m", "30m", "60m"):
        coarse = kd.candles(symbol, "2026-11-18", end, interval=interval, adjusted=False, client=shared)  # type: ignore[arg-type]
        again = aggregated(coarse.with_columns(pl.col("time").dt.date().alias("date")), "1d")
        assert again.select(ohlcv).rows() == made.select(ohlcv).rows()


def test_the_list_of_stocks_names_the_universe(shared: kd.Client) -> None:
    listed = pl.concat([kd.stocks(market, client=shared) for market in ("kospi", "kosdaq")])  # type: ignore[arg-type]
    market = MARKET
    assert set(listed["symbol"]) == {stock.symbol for stock in market.stocks()}
    quotes = kd.quotes(listed["symbol"], client=shared)
    assert quotes["name"].to_list() == listed["name"].to_list()
    assert quotes["listed_shares"].null_count() == 0
    assert listed.filter(pl.col("state").str.contains("거래정지"))["symbol"].to_list() == ["499980"]
    assert set(kd.stocks("etf", client=shared)["symbol"]) == {s.symbol for s in market.stocks() if s.etf}


def test_lists_are_the_same_before_the_session_as_after_it() -> None:
    market, told = Market(1, today=TODAY, first_day=date(2025, 1, 2)), []
    with simulated(market) as client:
        for market.now in (time(8), time(18, 30)):
            told.append(
                [
                    kd.stocks("kosdaq", client=client),
                    kd.request("ka10100", symbol="005930", client=client),
                    kd.sectors("kospi", client=client),
                    kd.credit_eligible(client=client),
                ]
            )
    for early, late in zip(*told, strict=True):
        assert early.height > 0
        lasting = [name for name in early.columns if name not in ("date", "fetched_at")]
        assert early.select(lasting).equals(late.select(lasting))


def test_investor_classes_add_up_to_nothing(shared: kd.Client) -> None:
    for market in ("kospi", "kosdaq"):
        flows = kd.sector_flows(TODAY, market=market, client=shared)  # type: ignore[arg-type]
        classes = ["individual", "foreign", "institution", "other_corporation", "domestic_foreigner"]
        assert (flows.select(pl.sum_horizontal(classes)).to_series() == 0).all()
    stock = kd.investor_breakdown("002000", "2026-10-01", TODAY, client=shared)
    classes = ["individual", "foreign", "institution", "other_corporation", "domestic_foreigner"]
    assert (stock.select(pl.sum_horizontal(classes)).to_series() == 0).all()


def test_investor_totals_are_the_sum_of_the_days(shared: kd.Client) -> None:
    span = "2026-11-02", TODAY
    days = kd.investor_breakdown("005930", *span, client=shared)
    total = kd.investor_totals("005930", *span, measure="shares", client=shared)
    for name in ("individual", "foreign", "institution", "pension", "domestic_foreigner"):
        assert total[name][0] == days[name].sum(), name


def test_short_selling_is_a_part_of_the_volume(shared: kd.Client) -> None:
    for symbol in ("005930", "002000"):
        frame = kd.short_selling(symbol, "2026-10-01", TODAY, client=shared)
        daily = kd.daily_prices(symbol, "2026-10-01", TODAY, client=shared)
        assert frame["volume"].to_list() == daily["volume"].to_list()
        assert (frame["short_volume"] <= frame["volume"]).all()
        assert frame["short_average_price"].is_between(daily["low"], daily["high"]).all()
        off = frame["short_value"] - frame["short_volume"] * frame["short_average_price"]
        assert off.abs().max() <= 1_000  # type: ignore[operator]  # written in thousands
        assert frame["short_cumulative"].to_list() == frame["short_volume"].cum_sum().to_list()


def test_lending_is_what_was_lent_less_what_was_given_back(shared: kd.Client) -> None:
    frame = kd.lending("005930", "2026-10-01", TODAY, client=shared)
    assert (frame["lent"] - frame["repaid"] == frame["net_lent"]).all()
    assert frame["balance"].diff().drop_nulls().to_list() == frame["net_lent"][1:].to_list()
    market = kd.lending(start="2026-11-19", end=TODAY, client=shared)
    assert (market["lent"] - market["repaid"] == market["net_lent"]).all()
    assert market["balance"].diff().drop_nulls().to_list() == market["net_lent"][1:].to_list()
    assert market["balance"][-1] > frame["balance"][-1]


def test_foreign_holdings_move_by_what_foreigners_net_bought(shared: kd.Client) -> None:
    frame = kd.foreign_holdings("005930", "2026-10-01", TODAY, client=shared)
    flows = kd.investor_flows("005930", "2026-10-01", TODAY, client=shared)
    assert frame["foreign_shares"].diff().drop_nulls().to_list() == frame["change_in_shares"][1:].to_list()
    assert frame["change_in_shares"].to_list() == flows["foreign"].to_list()
    assert (frame["foreign_shares"] + frame["foreign_available_shares"] == frame["foreign_limit"]).all()


def test_credit_is_what_is_new_less_what_was_repaid(shared: kd.Client) -> None:
    frame = kd.credit_trend("005930", "2026-10-01", "2026-11-13", client=shared)
    assert (frame["new"] - frame["repaid"] == frame["balance_change"]).all()
    assert frame["balance"].diff().drop_nulls().to_list() == frame["balance_change"][1:].to_list()


def test_a_split_shows_in_adjusted_candles_of_all_intervals() -> None:
    market, day = Market(7, today=TODAY, now=time(18, 30), first_day=date(2026, 1, 2)), date(2026, 11, 18)
    market.split("002000", day, 5)
    with simulated(market) as client:
        raw, adjusted = (
            kd.candles("002000", "2026-11-02", TODAY, adjusted=each, client=client) for each in (False, True)
        )
        before = pl.col("date") < day
        assert raw.filter(~before)["close"].to_list() == adjusted.filter(~before)["close"].to_list()
        assert raw.filter(before)["volume"].to_list() == (adjusted.filter(before)["volume"] // 5).to_list()
        ratios = (raw["close"] / adjusted["close"]).round(1)
        assert ratios.to_list() == [5.0 if at < day else 1.0 for at in raw["date"]]
        assert (adjusted["close"].pct_change().abs().drop_nulls() <= 0.31).all()
        minutes = kd.candles("002000", "2026-11-16", TODAY, interval="60m", client=client)
        made = aggregated(minutes.with_columns(pl.col("time").dt.date().alias("date")), "1d")
        names, since = ["date", "open", "high", "low", "close"], pl.col("date") >= date(2026, 11, 16)
        assert made.select(names).rows() == adjusted.filter(since).select(names).rows()
        # Of minutes, volumes are those that were traded, adjusted or not (live, 2026).
        assert made["volume"].to_list() == raw.filter(since)["volume"].to_list()
