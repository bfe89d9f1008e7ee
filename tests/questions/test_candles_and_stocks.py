"""Candles, investors by class, quotes, listings and brokers: what the named functions make of their TRs."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import date, datetime
from typing import Any

import polars as pl
import pytest

import kiwoomdata as kd
from kiwoomdata.kinds import KST
from tests.conftest import simulated
from tests.envelopes import Answer, row, serving

RANGE = ("2026-10-01", "2026-10-30")
OHLC = ("open", "high", "low", "close")


@pytest.fixture(scope="module")
def shared() -> Iterator[kd.Client]:
    with simulated() as client:
        yield client


def requests(server: kd.simulator.Server, api_id: str) -> list[dict[str, Any]]:
    return [dict(record.body) for record in server.log if record.api_id == api_id]


# --- candles -----------------------------------------------------------------------------------


def test_a_days_candle_is_the_day_that_other_trs_tell(shared: kd.Client) -> None:
    bars = kd.candles("005930", *RANGE, client=shared)
    days = kd.daily_prices("005930", *RANGE, client=shared)
    for name in ("date", *OHLC, "change", "volume", "value"):
        assert bars[name].to_list() == days[name].to_list(), name


@pytest.mark.parametrize(
    ("interval", "every", "end"),
    [("week", "1w", "2025-12-26"), ("month", "1mo", "2025"), ("year", "1y", "2025")],
)
def test_longer_candles_hold_the_days_of_their_period(
    shared: kd.Client, interval: Any, every: str, end: str
) -> None:
    days = kd.candles("005930", "2024", end, client=shared)
    bars = kd.candles("005930", "2024", end, interval=interval, client=shared).tail(-1)
    periods = (
        days.group_by_dynamic("date", every=every, start_by="window")
        .agg(
            pl.col("date").first().alias("begun"),
            pl.col("open").first(),
            pl.col("high").max(),
            pl.col("low").min(),
            pl.col("close").last(),
            pl.col("volume", "value").sum(),
        )
        .tail(bars.height)
    )
    assert bars["date"].to_list() == periods["begun"].to_list()
    for name in (*OHLC, "volume"):
        assert bars[name].to_list() == periods[name].to_list(), name
    assert bars.height == {"week": 103, "month": 23, "year": 1}[interval]


def test_a_range_in_the_middle_of_a_period_gives_the_whole_bar(shared: kd.Client) -> None:
    (bar,) = kd.candles("005930", "2025-03-12", "2025-03-13", interval="year", client=shared).rows(named=True)
    assert bar["date"] == date(2025, 1, 2)


def test_minutes_of_a_day_add_up_to_it(shared: kd.Client) -> None:
    minutes = kd.candles("005930", "2026-11-18", "2026-11-19", interval="5m", client=shared)
    days = kd.candles("005930", "2026-11-18", "2026-11-19", client=shared)
    summed = minutes.group_by(pl.col("time").dt.date().alias("date"), maintain_order=True).agg(
        pl.col("open").first(), pl.col("high").max(), pl.col("low").min(), pl.col("volume").sum()
    )
    for name in ("date", "open", "high", "low", "volume"):
        assert summed[name].to_list() == days[name].to_list(), name
    assert minutes["time"][0] == datetime(2026, 11, 18, 9, 0, tzinfo=KST)
    assert minutes["time"].is_sorted()
    assert minutes.columns[:3] == ["time", "symbol", "venue"]


def test_a_page_that_ends_inside_a_held_day_takes_nothing_from_it(
    server: kd.simulator.Server, make_client: Callable[..., kd.Client]
) -> None:
    client, span = make_client(server), ("2026-11-18", "2026-11-20")
    cold = kd.candles("005930", *span, interval="1m", client=client)
    warm = kd.candles("005930", *span, interval="1m", client=client)  # today is asked for again
    assert cold.height > 900
    assert warm.equals(cold)
    assert kd.provenance(warm).cached_rows > 0


def test_a_change_of_trades_has_the_sign_of_its_direction(shared: kd.Client) -> None:
    trades = kd.candles("005930", "2026-11-20", interval="30tick", client=shared)
    before = kd.candles("005930", "2026-11-19", "2026-11-19", client=shared)["close"][0]
    assert (trades["change"] == trades["close"] - before).all()
    assert trades["change"].min() < 0 or trades["direction"].unique().to_list() == ["up"]


@pytest.mark.parametrize("cache", [False, True], ids=["bare", "stored"])
@pytest.mark.parametrize("interval", ["week", "month", "year"])
def test_a_bar_is_given_for_a_closed_day_before_its_first_trading_day(
    server: kd.simulator.Server, make_client: Any, tmp_path: Any, interval: Any, cache: bool
) -> None:
    new_year = date(2025, 1, 1)  # a Wednesday
    client = make_client(server, cache=cache and tmp_path / "store")
    first = date(2024, 12, 30) if interval == "week" else date(2025, 1, 2)
    for ask in (kd.candles, kd.index_candles):
        whose = "005930" if ask is kd.candles else "kospi"
        for _ in range(2):
            frame = ask(whose, new_year, new_year, interval=interval, client=client)
            assert frame["date"].to_list() == [first]
    later = kd.candles("005930", "2026-01-01", "2026-01-01", interval=interval, client=client)
    assert later["date"].to_list() == [date(2025, 12, 29) if interval == "week" else date(2026, 1, 2)]
    with pytest.warns(kd.EmptyAnswer, match="and of days without a session"):
        assert kd.candles("005930", new_year, new_year, client=client).is_empty()


def test_a_range_before_all_hours_that_are_known_has_no_rows(shared: kd.Client) -> None:
    with pytest.warns(kd.EmptyAnswer, match="005930"):
        assert kd.candles("005930", "1990-01-01", "1990-12-31", client=shared).is_empty()


def test_minutes_before_the_servers_first_are_told(shared: kd.Client) -> None:
    why = r"no row for \d+ trading day\(s\) of 005930: 2025-10-01 to .* oldest row of 005930 is of 2025-11-20"
    with pytest.warns(kd.IncompleteFrame, match=why):
        frame = kd.candles("005930", "2025-10-01", "2025-12-01", interval="60m", client=shared)
    assert frame["time"].min().date() == date(2025, 11, 20)


@pytest.mark.parametrize(
    ("given", "word"),
    [("1d", "day"), ("W", "week"), ("1mo", "month"), ("5min", "5m"), ("1h", "60m"), ("5분", "5m")],
)
def test_an_interval_may_be_written_as_elsewhere(shared: kd.Client, given: Any, word: Any) -> None:
    span = {"period": "2d"} if word.endswith("m") else {"start": "2026-10"}
    assert kd.candles("005930", **span, interval=given, client=shared).equals(
        kd.candles("005930", **span, interval=word, client=shared)
    )


def test_adjusted_candles_are_always_seen_from_today(
    server: kd.simulator.Server, make_client: Callable[..., kd.Client]
) -> None:
    server.market.split("005930", date(2026, 10, 15), 5)
    client = make_client(server, cache=False)
    raw = kd.candles("005930", *RANGE, adjusted=False, client=client)
    seen = kd.candles("005930", *RANGE, client=client)
    early = kd.candles("005930", "2026-10-01", "2026-10-08", client=client)
    before = pl.col("date") < date(2026, 10, 15)
    assert (seen.filter(before)["close"] == (raw.filter(before)["close"] / 5).round().cast(pl.Int64)).all()
    assert seen.filter(~before)["close"].equals(raw.filter(~before)["close"])
    assert early.equals(seen.head(early.height))
    assert {body["base_dt"] for body in requests(server, "ka10081")} == {"20261120"}


def test_an_index_is_asked_by_name_or_code_and_is_in_points(shared: kd.Client) -> None:
    named = kd.index_candles("KOSPI", *RANGE, client=shared)
    assert named.equals(kd.index_candles("001", *RANGE, client=shared))
    both = kd.index_candles(["kospi", "101"], *RANGE, client=shared)
    assert both.equals(kd.index_candles("코스피, 101", *RANGE, client=shared))
    assert both["sector"].to_list()[:2] == ["001", "101"]
    assert both.select("close").equals(both.select(pl.col("close").round(2)))


def test_a_week_of_an_index_is_in_shares_and_won_as_its_days_are(
    shared: kd.Client, make_client: Callable[..., kd.Client]
) -> None:
    prices = dict.fromkeys(("cur_prc", "open_pric", "high_pric", "low_pric"), "252127")
    bar = {"dt": "20250210", "trde_qty": "393564", "trde_prica": "10582466", **prices}  # of its Monday, live
    answer = {"inds_cd": "001", "inds_stk_pole_qry": [bar], "return_code": 0, "return_msg": ""}
    with serving(Answer(answer)) as server:
        client = make_client(server, clock=lambda: datetime(2025, 2, 10, 18, tzinfo=KST))
        (row,) = kd.index_candles("kospi", "2025-02-10", interval="week", client=client).rows(named=True)
    assert (row["close"], row["volume"], row["value"]) == (2_521.27, 393_564_000, 10_582_466_000_000)
    days = kd.index_candles("kospi", "2026-10-12", "2026-10-16", client=shared)
    week = kd.index_candles("kospi", "2026-10-12", "2026-10-16", interval="week", client=shared)
    assert week["volume"][0] == pytest.approx(days["volume"].sum(), abs=5_000)  # each day is rounded
    assert week["value"][0] == pytest.approx(days["value"].sum(), abs=5_000_000)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: kd.candles("005930", "2026", interval="2m"), "interval: expected one of 'day', 'week'"),
        (lambda: kd.candles("005930", "2026", interval=5), "interval: expected one of"),
        (lambda: kd.candles("005930", "2026", adjusted="yes"), "adjusted: expected True or False, got 'yes'"),
        (lambda: kd.index_candles("kosdak", "2026"), "sector: expected three digits such as '001'"),
        (lambda: kd.index_candles([], "2026"), "sector: the list is empty"),
        (lambda: kd.vi_events(exclude="ets"), "exclude: expected a list of 'preferred'"),
        (lambda: kd.vi_events(min_value=1_500_000), "min_value: the server takes whole millions of KRW, got"),
        (lambda: kd.sector_flows("2026-10-30", market="nyse"), "market: expected one of 'kospi', 'kosdaq'"),
        (lambda: kd.stocks("nasdaq"), "market: expected one of 'kospi', 'kosdaq', 'konex'"),
        (lambda: kd.investor_breakdown("005930", "2026", side="long"), "side: expected one of 'net', 'buy'"),
    ],
)
def test_a_wrong_word_is_refused_before_any_request(
    server: kd.simulator.Server, make_client: Callable[..., kd.Client], call: Callable[[], Any], message: str
) -> None:
    kd.use(make_client(server))
    with pytest.raises((ValueError, TypeError), match=f"^{re.escape(message)}"):
        call()
    assert server.log.count() == 0


# --- investors -----------------------------------------------------------------------------------


def test_all_investor_classes_add_up_to_nothing(shared: kd.Client) -> None:
    shares = kd.investor_breakdown("005930", *RANGE, client=shared)
    classes = shares.columns[shares.columns.index("individual") : shares.columns.index("flow_unit")]
    ends = ("individual", "foreign", "institution", "other_corporation", "domestic_foreigner")
    assert len(classes) == 13
    assert shares.select(pl.sum_horizontal(ends)).to_series().unique().to_list() == [0]
    parts = [name for name in classes if name not in ends]
    assert (shares.select(pl.sum_horizontal(parts)).to_series() == shares["institution"]).all()
    value = kd.investor_breakdown("005930", *RANGE, measure="value", client=shared)
    assert value["flow_unit"].unique().to_list() == ["KRW"]
    assert kd.provenance(value).units["individual"] == "KRW"
    assert (value["individual"] % 1_000_000 == 0).all()
    assert value["individual"].abs().max() > 10**9


def test_bought_less_sold_is_the_net(shared: kd.Client) -> None:
    sides = {
        side: kd.investor_breakdown("005930", *RANGE, side=side, client=shared)
        for side in ("net", "buy", "sell")
    }
    assert (sides["buy"]["foreign"] - sides["sell"]["foreign"]).equals(sides["net"]["foreign"])


def test_the_flows_of_a_sector_are_those_of_the_day_asked(shared: kd.Client) -> None:
    day = kd.sector_flows("2026-10-30", client=shared)
    assert day["date"].unique().to_list() == [date(2026, 10, 30)]
    assert day["sector"][0] == "001"
    assert day.drop("date").equals(kd.sector_flows("2026-10-30", client=shared).drop("date"))
    assert not day.drop("date").equals(kd.sector_flows("2026-10-29", client=shared).drop("date"))
    everywhere = kd.sector_flows("2026-10-30", venue="all", client=shared)
    assert everywhere["sector"].to_list() == day["sector"].to_list(), (
        "the venue is no part of a sector's code"
    )


def test_shares_of_a_sector_are_given_as_they_are_and_said_to_be_of_no_known_unit(shared: kd.Client) -> None:
    shares = kd.sector_flows("2026-10-30", measure="shares", client=shared)
    assert shares["flow_unit"].unique().to_list() == ["unknown"]
    assert len(shares.columns) == len(kd.sector_flows("2026-10-30", client=shared).columns)


def test_a_day_without_a_session_has_no_sector_flows_and_says_so(shared: kd.Client) -> None:
    with pytest.warns(kd.EmptyAnswer, match="ka10051"):
        assert kd.sector_flows("2026-10-31", client=shared).is_empty()


# --- stocks --------------------------------------------------------------------------------------


def test_many_stocks_are_quoted_by_the_hundred(
    server: kd.simulator.Server, make_client: Callable[..., kd.Client]
) -> None:
    codes = [f"{number}" for number in range(900_001, 900_111)]  # nobody has them: no time is lost on prices
    with pytest.warns(kd.EmptyAnswer, match="ka10095: the server answered nothing for 900001, 900002"):
        frame = kd.quotes(codes, client=make_client(server))
    assert frame["symbol"].to_list() == codes
    asked = sorted(len(body["stk_cd"].split("|")) for body in requests(server, "ka10095"))
    assert asked == [10, 100]


def test_a_code_that_nobody_has_keeps_its_place_and_is_told(shared: kd.Client) -> None:
    with pytest.warns(kd.EmptyAnswer, match="ka10095: the server answered nothing for 999990"):
        frame = kd.quotes(["005930", "999990", "000660"], client=shared)
    assert frame["symbol"].to_list() == ["005930", "999990", "000660"]
    assert frame["price"].is_null().to_list() == [False, True, False]
    assert kd.provenance(frame).empty == ("999990",)


def test_a_quote_is_of_the_code_that_its_row_says(make_client: Callable[..., kd.Client]) -> None:
    said = {"000660": "+2", "005930": "-1", "": "3"}
    rows = [row("ka10095", stk_cd=code, cur_prc=price) for code, price in said.items()]
    answer = {"atn_stk_infr": rows, "return_code": 0, "return_msg": ""}
    with (
        serving(Answer(answer)) as server,
        pytest.warns(kd.EmptyAnswer, match="ka10095: the server answered nothing for 035720"),
    ):
        frame = kd.quotes(["005930", "035720", "000660_AL"], client=make_client(server))
    told = frame.select("symbol", "venue", "price").rows()
    assert told == [("000660", "all", 2), ("005930", "krx", 1)]


def test_codes_that_nobody_has_are_named_one_by_one_where_the_answer_has_no_row(
    make_client: Callable[..., kd.Client],
) -> None:
    answer = {"atn_stk_infr": [], "return_code": 0, "return_msg": ""}
    with (
        serving(Answer(answer)) as server,
        pytest.warns(kd.EmptyAnswer, match="the server had no rows of 999990, 999991_NX"),
    ):
        frame = kd.quotes(["999990", "999991_NX"], client=make_client(server))
    assert kd.provenance(frame).empty == ("999990", "999991_NX")


def test_a_quote_is_what_the_session_says(shared: kd.Client) -> None:
    quote = kd.quotes("005930", client=shared).row(0, named=True)
    session = kd.session_summary("005930", client=shared).row(0, named=True)
    for name in ("date", *OHLC, "change", "change_pct", "volume"):
        assert quote[name] == session[name], name
    assert quote["market_cap"] == pytest.approx(quote["listed_shares"] * quote["price"], rel=1e-6)


def test_a_market_lists_its_own_stocks(shared: kd.Client) -> None:
    kospi, kosdaq = kd.stocks("kospi", client=shared), kd.stocks("kosdaq", client=shared)
    assert "005930" in kospi["symbol"].to_list()
    assert not set(kospi["symbol"]) & set(kosdaq["symbol"])
    assert kospi.schema["on_nxt"] == pl.Boolean
    assert kospi.schema["listing_date"] == pl.Date


def test_a_market_lists_its_funds_and_reits_by_their_codes(shared: kd.Client) -> None:
    """As live: ETFs 8, ETNs 60 and 90 without their Q, REITs 6; whether one is on NXT is blank for some."""
    kospi = kd.stocks("kospi", client=shared)
    kinds = kospi.group_by("market_code").agg(pl.col("kind").unique()).sort("market_code")
    assert kinds.rows() == [("0", ["A"]), ("6", ["A"]), ("60", ["Q"]), ("8", ["A"]), ("90", ["Q"])]
    assert kospi.filter(pl.col("symbol").str.starts_with("Q")).height == 0
    assert {*kospi["on_nxt"]} == {True, False, None}
    for market, code in (("reit", "6"), ("etf", "8")):
        listed = kd.stocks(market, client=shared)
        assert listed.height == kospi.filter(market_code=code).height > 0
        assert {*listed["market_code"]} == {code}


def test_limits_of_interruptions_switch_themselves_on(
    server: kd.simulator.Server, make_client: Callable[..., kd.Client]
) -> None:
    client = make_client(server)
    kd.vi_events(client=client)
    kd.vi_events(min_value=5_000_000_000, exclude=["etf", "etn"], client=client)
    bodies = requests(server, "ka10054")  # a page or more each
    plain, limited = bodies[0], bodies[-1]
    assert (plain["trde_prica_tp"], plain["stk_cd"], plain["skip_stk"]) == ("0", "", "000000000")
    assert (limited["trde_prica_tp"], limited["min_trde_prica"], limited["trde_qty_tp"]) == ("1", "5000", "0")
    assert limited["skip_stk"] == "000000011"


def test_sold_and_bought_shares_of_brokers_are_both_positive(shared: kd.Client) -> None:
    board = kd.broker_board(["005930", "000660"], client=shared)
    assert board.height == 20
    assert board["quantity"].min() > 0
    assert board.head(5)["quantity"].is_sorted(descending=True)
    assert board["side"].to_list()[:10] == ["sell"] * 5 + ["buy"] * 5
    assert board["rank"].to_list()[:5] == [1, 2, 3, 4, 5]
    assert kd.provenance(board).units["quantity"] == "shares"  # type: ignore[union-attr]


@pytest.mark.parametrize("interval", ["1t", "30T", "5t"])
def test_what_is_a_minute_to_one_and_a_trade_to_another_is_refused(shared: kd.Client, interval: Any) -> None:
    with pytest.raises(ValueError, match=r"^interval: .* say '[0-9]+m' or '[0-9]+tick'"):
        kd.candles("005930", "2026-11-20", interval=interval, client=shared)


@pytest.mark.parametrize("interval", ["1M", "3M"])
def test_what_is_a_minute_to_one_and_a_month_to_another_is_refused(shared: kd.Client, interval: Any) -> None:
    for ask, code in ((kd.candles, "005930"), (kd.index_candles, "kospi")):
        with pytest.raises(ValueError, match=r"^interval: .* say '[0-9]m' or 'month'"):
            ask(code, "2026-11-20", interval=interval, client=shared)


@pytest.mark.parametrize(
    ("interval", "finished"),
    [("day", "2026-11-19"), ("week", "2026-11-13"), ("month", "2026-10-31"), ("year", "2025-12-31")],
)
def test_bars_of_the_running_session_or_period_are_not_finished(
    shared: kd.Client, interval: Any, finished: str
) -> None:
    last = date.fromisoformat(finished)
    frame = kd.candles("005930", "2024-06-03", interval=interval, client=shared)
    assert frame["finished"].to_list() == [day <= last for day in frame["date"]]
    index = kd.index_candles("kospi", "2024-06-03", interval=interval, client=shared)
    assert index["finished"].to_list() == [day <= last for day in index["date"]]
    assert {*frame["finished"]} == {True, False}


def test_minutes_of_the_running_session_are_not_finished(shared: kd.Client) -> None:
    minutes = kd.candles("005930", "2026-11-19", interval="60m", client=shared)
    assert minutes["finished"].to_list() == [time.date() < date(2026, 11, 20) for time in minutes["time"]]


def test_the_stocks_of_an_index_are_those_of_its_sector(shared: kd.Client) -> None:
    with pytest.raises(ValueError, match=r"^market: 'kospi200' is an index.*kd\.sector_stocks\('kospi200'\)"):
        kd.stocks("kospi200", client=shared)  # type: ignore[arg-type]
    members = kd.sector_stocks("kospi200", client=shared)
    bars = kd.candles(members.head(3), "2026-11-20", client=shared)
    assert sorted(bars["symbol"]) == sorted(members["symbol"].head(3))
