"""Lists of many stocks rank the simulator's own, and say of each what its own days say."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any

import polars as pl
import pytest

import kiwoomdata as kd
from kiwoomdata.entries import ENDPOINTS
from kiwoomdata.simulator.market.universe import BROKERS
from kiwoomdata.simulator.rest.rankings import RANKINGS
from tests.conftest import TODAY, simulated

RANGE = {"start": date(2026, 11, 2), "end": TODAY}


@pytest.fixture(scope="module")
def shared() -> Iterator[kd.Client]:
    with simulated() as client:
        yield client


def asked(client: kd.Client, api_id: str, **given: Any) -> pl.DataFrame:
    """All pages of a list."""
    endpoint = ENDPOINTS[api_id]
    assert endpoint.rows is not None
    names = {param.name for param in endpoint.params}
    dates = {name: day for name, day in {**RANGE, "date": TODAY}.items() if name in names}
    return client.request_parts(api_id, {**endpoint.shown, **dates, **given})[endpoint.rows.name]


@pytest.mark.parametrize(
    ("api_id", "given", "column", "falling"),
    [
        ("ka10017", {"sort": "change_pct", "state": "up"}, "change_pct", True),
        ("ka10019", {"kind": "up", "unit": "days"}, "jump_pct", True),
        ("ka10019", {"kind": "down", "unit": "minutes"}, "jump_pct", False),
        ("ka10020", {"by": "net_bid"}, "net_bid_quantity", True),
        ("ka10020", {"by": "net_ask"}, "net_bid_quantity", False),
        ("ka10020", {"by": "bid_ratio"}, "bid_to_ask_pct", True),
        ("ka10021", {"by": "quantity"}, "surge", True),
        ("ka10021", {"by": "pct"}, "surge_pct", True),
        ("ka10022", {}, "surge_points", True),
        ("ka10023", {"by": "gain", "against": "previous_day"}, "surge", True),
        ("ka10023", {"by": "drop_pct", "against": "previous_day"}, "surge_pct", False),
        ("ka10026", {"by": "low_per"}, "per", False),
        ("ka10026", {"by": "high_pbr"}, "per", True),
        ("ka10027", {"by": "gain_pct"}, "change_pct", True),
        ("ka10027", {"by": "loss"}, "change", False),
        ("ka10029", {"by": "gain_pct"}, "change_pct", True),
        ("ka10030", {"by": "volume"}, "volume", True),
        ("ka10030", {"by": "value"}, "value", True),
        ("ka10031", {"by": "volume"}, "volume", True),
        ("ka10032", {}, "value", True),
        ("ka10033", {}, "credit_ratio", True),
        ("ka10034", {"side": "buy", "days": "5"}, "net_buy", True),
        ("ka10034", {"side": "sell", "days": "5"}, "net_buy", False),
        ("ka10035", {"side": "buy"}, "net_buy", True),
        ("ka10036", {"days": "20"}, "limit_used_change_pct", True),
        ("ka10037", {"side": "net_buy", "sort": "shares"}, "net_buy", True),
        ("ka10058", {"side": "buy", "investor": "institution"}, "net_buy_value", True),
        ("ka10062", {"side": "buy", "sort": "value"}, "net_buy_value", True),
        ("ka10065", {"side": "buy"}, "net_buy", True),
        ("ka10098", {"by": "gain_pct"}, "change_pct", True),
        ("ka10131", {}, "net_buy_value", True),
        ("ka30001", {"kind": "up", "unit": "days"}, "jump_pct", True),
        ("ka30001", {"kind": "down", "unit": "days"}, "jump_pct", False),
        ("ka30005", {"sort": "gain_pct"}, "change_pct", True),
        ("ka30005", {"sort": "volume"}, "volume", True),
        ("ka30009", {"by": "gain_pct"}, "change_pct", True),
        ("ka30009", {"by": "loss"}, "change", False),
        ("ka30010", {"by": "net_bid"}, "net_bid_quantity", True),
        ("ka30010", {"by": "net_ask"}, "net_bid_quantity", False),
        ("ka90002", {}, "change_pct", True),
        ("ka90003", {"side": "buy"}, "net_buy_value", True),
    ],
)
def test_a_ranking_is_sorted_by_what_it_ranks(
    shared: kd.Client, api_id: str, given: dict[str, str], column: str, falling: bool
) -> None:
    frame = asked(shared, api_id, **given)
    assert frame.height > 1
    assert frame[column].is_sorted(descending=falling)
    if "rank" in frame.columns:
        assert frame["rank"].to_list() == list(range(1, frame.height + 1))


@pytest.mark.parametrize(
    "api_id", ["ka10024", "ka10028", "ka10063", "ka10066", "ka20002", "ka40004", "ka90004"]
)
def test_some_lists_come_in_the_order_of_codes(shared: kd.Client, api_id: str) -> None:
    given = {"investor": "6"} if api_id == "ka10063" else {}
    frame = asked(shared, api_id, **given)
    assert frame.height > 5
    assert frame["code"].is_sorted()


def test_what_a_list_says_of_a_stock_is_what_its_own_days_say(shared: kd.Client) -> None:
    daily: dict[str, dict[str, Any]] = {}
    for api_id in sorted(RANKINGS.keys() - {"ka10098", "ka10029", "ka10031"}):  # other prices, another day
        frame = asked(shared, api_id)
        names = {"price": "close", "close": "close", "high": "high", "low": "low", "open": "open"}
        names |= {"volume": "volume", "change": "change", "value": "value"}
        for row in frame.sample(min(2, frame.height), seed=3).iter_rows(named=True):
            symbol = row["code"].removesuffix("_AL")
            if symbol not in daily:
                days = kd.candles(symbol, TODAY, TODAY, adjusted=False, client=shared)
                daily[symbol] = days.row(0, named=True)
            for name in names.keys() & row.keys():
                assert row[name] == daily[symbol][names[name]], (api_id, symbol, name)


def test_filters_leave_out_what_they_say(shared: kd.Client) -> None:
    def traded(**given: str) -> pl.DataFrame:
        return asked(shared, "ka10030", by="volume", **given)

    everything, busy, cheap = traded(), traded(min_volume="1m"), traded(price="1k_2k")
    assert 0 < busy.height < everything.height
    assert busy["volume"].min() >= 1_000_000  # type: ignore[operator]
    assert cheap["price"].is_between(1_000, 1_999).all()
    codes = set(everything["code"])
    preferred = codes - set(traded(stocks="no_preferred")["code"])
    assert preferred
    assert all(code[-1] != "0" for code in preferred)
    kospi, kosdaq = (set(traded(market=market)["code"]) for market in ("kospi", "kosdaq"))
    assert kospi | kosdaq == codes
    assert not kospi & kosdaq


def test_extremes_and_records_are_such_among_the_days_before(shared: kd.Client) -> None:
    highs = asked(shared, "ka10016", kind="high", days="20")
    volumes = asked(shared, "ka10024", days="20")
    for frame, column in ((highs, "high"), (volumes, "volume")):
        for symbol in frame["code"].head(3):
            days = kd.candles(symbol, "2026-10-01", TODAY, adjusted=False, client=shared)
            before = days[column][-21:-1]
            assert days[column][-1] > before.max()
    limits = asked(shared, "ka10017", state="limit_up")
    assert limits.height >= 1
    assert limits["change_pct"].min() > 28  # type: ignore[operator]


def test_a_theme_moves_as_its_stocks_do(shared: kd.Client) -> None:
    for row in asked(shared, "ka90001").iter_rows(named=True):
        stocks = asked(shared, "ka90002", theme=row["theme"])
        assert row["stocks"] == stocks.height
        assert row["rising"] == (stocks["change"] > 0).sum()
        assert row["falling"] == (stocks["change"] < 0).sum()
        assert row["change_pct"] == pytest.approx(stocks["change_pct"].mean(), abs=0.006)


def test_the_sides_of_foreigners_and_institutions_stand_beside_each_other(shared: kd.Client) -> None:
    frame = asked(shared, "ka90009")
    for who in ("foreign", "institution"):
        assert frame[f"{who}_buy_net_buy_value"].is_sorted(descending=True)
        assert frame[f"{who}_sell_net_buy_value"].is_sorted()


def test_brokers_of_a_stock_bought_and_sold_what_their_own_days_say(shared: kd.Client) -> None:
    dates = {"start": "2026-11-02", "end": "2026-11-20"}
    told = {}
    for code, name in BROKERS.items():
        days = asked(shared, "ka10078", broker=code, symbol="005930", **dates)
        told[name] = days.select("buy", "sell", "net_buy").sum().row(0)
        by_day = asked(shared, "ka10043", broker=code, symbol="005930", range="dates", **dates)
        assert by_day.sort("date")["buy"].to_list() == days.sort("date")["buy"].to_list()
    ranks = {}
    for side in ("buy", "sell"):
        parts = shared.request_parts("ka10038", symbol="005930", side=side, days="1", **dates)
        ranks[side] = parts["brokers"]
        sums = parts["brokers"].select("buy", "sell", "net_buy").sum().row(0)
        assert parts["totals"].select("buy_total", "sell_total", "net_buy_total").row(0) == sums
    for row in pl.concat(ranks.values()).iter_rows(named=True):
        assert (row["buy"], row["sell"], row["net_buy"]) == told[row["broker"]]
    assert ranks["buy"]["net_buy"].is_sorted(descending=True)
    assert ranks["sell"]["net_buy"].is_sorted()
    assert {row["broker"] for row in ranks["buy"].rows(named=True)} == {
        n for n, t in told.items() if t[2] > 0
    }
    order = asked(shared, "ka10042", symbol="005930", range="dates", **dates)
    assert order["broker"].to_list() == ranks["buy"]["broker"].to_list()


@pytest.mark.parametrize("venue", ["", "_NX", "_AL"])
def test_the_leading_brokers_are_those_that_traded_most(shared: kd.Client, venue: str) -> None:
    board = shared.request("ka10002", symbol="005930" + venue).row(0, named=True)
    for side in ("buy", "sell"):
        firms = asked(
            shared, "ka10038", symbol="005930" + venue, start=TODAY, end=TODAY, side="buy", days="1"
        ).vstack(
            asked(shared, "ka10038", symbol="005930" + venue, start=TODAY, end=TODAY, side="sell", days="1")
        )
        best = firms.sort(side, descending=True).head(5)
        assert [board[f"{side}_quantity_{n}"] for n in range(1, 6)] == best[side].to_list()
        assert [board[f"{side}_broker_name_{n}"] for n in range(1, 6)] == best["broker"].to_list()


def test_bands_hold_the_share_of_the_volume_that_was_traded_in_them(shared: kd.Client) -> None:
    params = {"market": "kospi", "share": 30, "include_current": "yes", "bands": 5, "days": 50}
    walls = asked(shared, "ka10025", **params)
    assert walls.height > 20
    assert walls["traded_in_band_pct"].is_sorted()
    assert walls["traded_in_band_pct"].min() >= 30
    for row in walls.sample(4, seed=1).iter_rows(named=True):
        days = kd.daily_prices(row["code"], "2026-08-01", "2026-11-19", client=shared).tail(50)
        low, high = row["price_from"], row["price_to"]
        inside = days.filter(pl.col("close").is_between(low, high))["volume"].sum()
        assert row["traded_in_band"] == inside
        assert row["traded_in_band_pct"] == pytest.approx(100 * inside / days["volume"].sum(), abs=0.006)
    outside = asked(shared, "ka10025", **params | {"include_current": "no"})
    assert not outside.filter(pl.col("price").is_between(pl.col("price_from"), pl.col("price_to"))).height
    with pytest.warns(kd.EmptyAnswer, match="below 20"):
        assert asked(shared, "ka10025", **params | {"share": 10}).is_empty()
