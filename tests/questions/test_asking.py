"""How people ask, word for word, against the simulator: ranges, words and symbols as they come."""

from __future__ import annotations

import inspect
import re
import unicodedata
from collections.abc import Iterator
from datetime import date, timedelta
from functools import partial
from typing import Any, Literal, get_args, get_origin, get_type_hints

import polars as pl
import pytest

import kiwoomdata as kd
import kiwoomdata.pandas as kdp
from kiwoomdata._public import FRAMES
from kiwoomdata.entries import ENDPOINTS
from kiwoomdata.entries.condition import CONDITIONS
from kiwoomdata.entries.feeds import FEEDS
from kiwoomdata.entries.synonyms import SYNONYMS
from kiwoomdata.names import code_of
from tests.conftest import TODAY, simulated

RANGE = ("2026-10-01", "2026-10-30")
OCTOBER = [date(2026, 10, 1), date(2026, 10, 30)]
RANGED = {
    "daily_prices": lambda *days, **o: kd.daily_prices("005930", *days, **o),
    "investor_flows": lambda *days, **o: kd.investor_flows("005930", *days, **o),
    "institution_trend": lambda *days, **o: kd.institution_trend("005930", *days, **o),
    "broker_trend": lambda *days, **o: kd.broker_trend("001", "005930", *days, **o),
    "program_trend of a stock": lambda *days, **o: kd.program_trend("005930", *days, **o),
    "program_trend of a market": lambda *days, **o: kd.program_trend(None, *days, market="KOSPI", **o),
}


@pytest.fixture(scope="module")
def shared() -> Iterator[kd.Client]:
    with simulated() as client:
        yield client


def ends(frame: Any) -> list[date]:
    return [frame["date"].min(), frame["date"].max()]


@pytest.mark.parametrize("call", RANGED.values(), ids=RANGED.keys())
def test_a_range_is_a_month_or_a_period_wherever_there_is_one(shared: kd.Client, call: Any) -> None:
    assert ends(call("2026-10", "2026-10", client=shared)) == OCTOBER
    assert ends(call(period="29d", end="2026.10.30", client=shared)) == OCTOBER


@pytest.mark.parametrize("call", RANGED.values(), ids=RANGED.keys())
def test_an_end_in_the_future_is_today_and_the_provenance_says_so(shared: kd.Client, call: Any) -> None:
    frame = call("2026-11-02", "2026", client=shared)
    assert ends(frame) == [date(2026, 11, 2), TODAY]
    source = kd.provenance(frame)
    assert source is not None
    assert source.notes == ("end: 2026-12-31 is in the future, so 2026-11-20 was taken",)
    past = kd.provenance(call(*RANGE, client=shared))
    assert past is not None
    assert past.notes == ()


def test_what_the_provenance_says_reaches_pandas(shared: kd.Client) -> None:
    frame = kdp.daily_prices("005930", "2026-11", "2026", client=shared)
    assert frame.attrs["kiwoomdata"]["notes"] == ["end: 2026-12-31 is in the future, so 2026-11-20 was taken"]
    source = kd.provenance(frame)
    assert source is not None
    assert source.notes == ("end: 2026-12-31 is in the future, so 2026-11-20 was taken",)


def test_a_list_of_stocks_over_a_range_takes_a_period_too(shared: kd.Client) -> None:
    frame = kd.institution_trades(period="1mo", client=shared)
    source = kd.provenance(frame)
    assert source is not None
    assert (source.params["strt_dt"], source.params["end_dt"]) == ("20261020", "20261120")


def test_words_in_upper_case_and_in_korean_ask_for_the_same(shared: kd.Client) -> None:
    plain = kd.program_trend(market="kosdaq", start=RANGE[0], end=RANGE[1], venue="all", client=shared)
    for market, venue in (("KOSDAQ", "ALL"), ("코스닥", "통합")):
        told: Any = {"market": market, "venue": venue}
        assert kd.program_trend(start=RANGE[0], end=RANGE[1], client=shared, **told).equals(plain)
    foreign = kd.intraday_investor_trades("foreign", market="kospi", client=shared)
    korean: Any = {"investor": "외국인", "market": "코스피"}
    assert kd.intraday_investor_trades(client=shared, **korean).equals(foreign)
    value = kd.investor_flows("005930", *RANGE, measure="value", client=shared)
    said: Any = "금액"
    assert kd.investor_flows("005930", *RANGE, measure=said, client=shared).equals(value)


NEEDED: dict[str, dict[str, Any]] = {
    "broker_stocks": {"broker": "001"},
    "broker_ticks": {"broker": "001"},
    "broker_trend": {"broker": "001"},
    "etf_return": {"index": "201"},
    "index_candles": {"sector": "kospi"},
    "sector_quote": {"sector": "kospi"},
    "sector_stocks": {"sector": "kospi"},
    "theme_stocks": {"theme": "100"},
}


def _spellings() -> list[tuple[str, str, str, dict[str, Any]]]:
    """Each word that an annotation of a function lists, with what else the function needs."""
    found = []
    for name in FRAMES:
        plan = getattr(getattr(kd, name), "plan", None)
        if plan is None:
            continue
        needs = inspect.signature(plan).parameters
        said = dict(NEEDED.get(name, {}))
        if "symbol" in needs and (
            needs["symbol"].default is inspect.Parameter.empty or name == "program_trend"
        ):
            said["symbol"] = "005930"
        if "start" in needs:
            said["start"] = RANGE[0]
        for param, hint in get_type_hints(inspect.unwrap(plan)).items():
            parts = [hint, *get_args(hint)]
            words = [word for each in parts if get_origin(each) is Literal for word in get_args(each)]
            found += [(name, param, word, said) for word in words if isinstance(word, str)]
    return found


def test_every_word_of_every_function_asks_for_the_same_in_upper_case(shared: kd.Client) -> None:
    def asks(name: str, said: dict[str, Any]) -> Any:
        plan = getattr(kd, name).plan(client=shared, **said)
        return [(job.endpoint.api_id, job.body, job.extra, job.days_back) for job in plan.jobs.values()]

    compared = set()
    for name, param, word, said in _spellings():
        try:
            meant = asks(name, said | {param: word})
        except ValueError:
            continue  # what another argument rules out
        spelled = word if re.fullmatch("[0-9]+m", word) else word.upper()  # 1M is a month to some
        assert asks(name, said | {param: f" {spelled} "}) == meant, (name, param, word)
        compared.add((name, param))
    assert len(compared) > 130


def test_words_in_upper_case_choose_the_tr_and_the_venue(shared: kd.Client) -> None:
    said: Any = "PREVIOUS"
    before = kd.most_traded(day="previous", top=3, client=shared).drop("fetched_at")
    assert kd.most_traded(day=said, top=3, client=shared).drop("fetched_at").equals(before)
    venue: Any = "한국거래소"
    assert kd.movers("kospi", top=3, venue=venue, client=shared)["venue"].unique().to_list() == ["krx"]


@pytest.mark.parametrize("spelled", ["KOSDAQ", "코스닥", " kosdaq "])
def test_an_index_is_named_in_any_spelling(shared: kd.Client, spelled: str) -> None:
    bars = kd.index_candles(spelled, *RANGE, client=shared)
    assert bars["sector"].unique().to_list() == ["101"]
    assert kd.sector_stocks(spelled, top=1, client=shared).height == 1
    day = kd.sector_quote(spelled, by="day", client=shared)
    assert day.equals(kd.sector_quote("101", by="day", client=shared))


@pytest.mark.parametrize("name", ["etf_daily", "etf_daily_flows", "foreign_holdings"])
def test_days_without_a_parameter_of_the_server_take_a_period_and_tell_of_the_future(
    shared: kd.Client, name: str
) -> None:
    ask: Any = getattr(kd, name)
    frame = ask("069500", period="1mo", client=shared)
    assert (frame["date"].min(), frame["date"].max()) == (date(2026, 10, 20), date(2026, 11, 20))
    future = kd.provenance(ask("069500", "2026-11", "2027", client=shared))
    assert future is not None
    assert future.notes == ("end: 2027-12-31 is in the future, so 2026-11-20 was taken",)
    with pytest.raises(ValueError, match="^start: 2027-01-01 is in the future"):
        ask("069500", "2027", client=shared)


def test_symbols_in_one_text_are_several(shared: kd.Client) -> None:
    several = kd.daily_prices(["005930", "000660"], *RANGE, client=shared)
    assert kd.daily_prices("005930,000660", *RANGE, client=shared).equals(several)
    assert several["symbol"].n_unique() == 2


def test_a_frame_with_symbols_is_asked_for_as_its_list_is(shared: kd.Client) -> None:
    listed = kd.stocks("kospi", client=shared).head(3)
    asked = kd.candles(listed, *RANGE, client=shared)
    assert asked.equals(kd.candles(listed["symbol"].to_list(), *RANGE, client=shared))
    assert asked["symbol"].n_unique() == 3
    assert kd.candles(listed["symbol"], *RANGE, client=shared).equals(asked)
    pandas = kdp.stocks("kospi", client=shared).head(3)
    assert kd.candles(pandas, *RANGE, client=shared).equals(asked)
    assert kd.quotes(listed, client=shared)["symbol"].to_list() == listed["symbol"].to_list()


def test_a_frame_of_a_venue_asks_for_that_venue(shared: kd.Client) -> None:
    at_nxt = kdp.daily_prices(["005930", "000660"], *RANGE, venue="nxt", client=shared)
    again = kd.daily_prices(at_nxt, *RANGE, client=shared)
    assert again.equals(kd.daily_prices(["005930", "000660"], *RANGE, venue="nxt", client=shared))
    assert again["venue"].unique().to_list() == ["nxt"]


def test_a_market_and_an_index_are_refused_before_any_request(
    server: kd.simulator.Server, client: kd.Client
) -> None:
    with pytest.raises(ValueError, match=r"pass kd.index_candles\('kospi'\) .*kd.stocks\('kospi'\)"):
        kd.candles("kospi", *RANGE, client=client)
    with pytest.raises(ValueError, match=r"ask kd.index_candles\('001'\)"):
        kd.investor_flows("001", *RANGE, client=client)
    assert server.log.count() == 0


def test_a_name_is_taken_wherever_a_symbol_is(shared: kd.Client) -> None:
    by_code = kd.candles(["005930", "196170_NX"], *RANGE, client=shared)
    assert kd.candles(["삼성전자", "알테오젠_NX"], *RANGE, client=shared).equals(by_code)
    assert kd.candles("삼성전자,196170_NX", *RANGE, client=shared).equals(by_code)
    one = kd.orderbook_snapshot(symbol="삼성전자", client=shared)
    assert one["symbol"].unique().to_list() == ["005930"]
    assert kdp.quotes(pl.Series(["NAVER", "005930"]), client=shared)["symbol"].to_list() == [
        "035420",
        "005930",
    ]
    assert kd.request(
        "ka10086", symbol="삼성전자", until="2026-10-30", since="2026-10", client=shared
    ).equals(kd.request("ka10086", stk_cd="005930", until="2026-10-30", since="2026-10", client=shared))


def test_the_list_of_names_is_asked_for_once_a_day_and_never_for_codes(
    server: kd.simulator.Server, client: kd.Client, make_client: Any
) -> None:
    kd.candles("005930", *RANGE, client=client)
    assert server.log.count("ka10099") == 0
    kd.candles("삼성전자", *RANGE, client=client)
    kd.candles("카카오", *RANGE, client=client)
    once = server.log.count("ka10099")  # the pages of KOSPI and KOSDAQ
    assert once >= 2  # an answer that is late is asked for again
    with make_client(server) as another:  # the store holds them
        kd.candles("카카오", *RANGE, client=another)
        kd.candles("카카오", *RANGE, client=another, offline=True)
    assert server.log.count("ka10099") == once
    now = server.now()
    with make_client(server, clock=lambda: now + timedelta(hours=12)) as tomorrow:
        kd.candles("카카오", *RANGE, client=tomorrow)
    assert server.log.count("ka10099") >= once + 2


def test_the_name_is_a_column_where_it_is_asked_for(shared: kd.Client) -> None:
    symbols = ["005930", "196170_NX", "005930_NX"]
    wanted = ["date", "symbol", "name", "close"]
    named = kd.candles(symbols, *RANGE, columns=wanted, client=shared)
    names = {"005930": "삼성전자", "196170": "알테오젠"}
    assert named["name"].to_list() == [names[symbol] for symbol in named["symbol"]]
    assert named.drop("name").equals(
        kd.candles(symbols, *RANGE, client=shared)[[*named.drop("name").columns]]
    )
    korean = kd.daily_prices("005930", *RANGE, columns="name", names="ko", client=shared)
    assert korean.unique().to_dicts() == [{"종목명": "삼성전자"}]
    indexed = kdp.investor_flows(["005930", "196170"], *RANGE, columns=["name", "foreign"], client=shared)
    assert set(indexed["name"]) == set(names.values())
    listed = kd.stocks("kospi", columns=["symbol", "name"], client=shared)  # an answer's own name stays
    assert listed.filter(symbol="005930")["name"].to_list() == ["삼성전자"]
    with pytest.raises(ValueError, match="^columns: 'name' is not one of date, sector"):
        kd.index_candles("kospi", *RANGE, columns=["date", "name"], client=shared)


def test_a_name_that_no_list_has_is_null_and_nothing_is_asked_before_columns_are_checked(
    server: kd.simulator.Server, client: kd.Client
) -> None:
    with pytest.raises(ValueError, match="^columns: 'nam' is not one of .*, name$"):
        kd.candles("005930", *RANGE, columns=["name", "nam"], client=client)
    assert server.log.count() == 0
    unlisted = kd.candles("123450", *RANGE, columns=["date", "name"], client=client)
    assert unlisted.height > 0
    assert unlisted["name"].null_count() == unlisted.height


def test_an_unknown_name_lists_the_nearest_and_asks_for_nothing_else(
    server: kd.simulator.Server, client: kd.Client
) -> None:
    with pytest.raises(
        ValueError, match=r"^symbol: none of the 308 names .* is '삼성전지'.*'삼성전자' \(005930\)"
    ):
        kd.candles(["005930", "삼성전지"], *RANGE, client=client)
    with pytest.raises(
        ValueError, match=r"^symbols: none of .* is 'naver'; the nearest are 'NAVER' \(035420\)"
    ):
        kd.stream_to_frame("naver", rows=10, client=client)
    assert server.log.count("ka10099") >= 2
    assert server.log.count("ka10081") == 0


def test_a_name_of_two_stocks_lists_both() -> None:
    listed = {"동명": ("000010", "000020"), "동명이인": ("000030",)}
    with pytest.raises(ValueError, match="^symbol: 2 stocks are named '동명': 000010, 000020; pass a code"):
        code_of("동명", listed)
    assert code_of(" 동명이인_AL ", listed) == "000030_AL"
    assert code_of(unicodedata.normalize("NFD", "동명이인"), listed) == "000030"


def test_a_stream_takes_names(client: kd.Client) -> None:
    with kd.stream_to_frame(["삼성전자"], rows=10, client=client) as live:
        live.subscribe("카카오")
        assert live.wait(rows=3, seconds=60)
        assert set(live.frame()["symbol"]) <= {"005930", "035720"}


def test_a_call_of_too_many_requests_is_refused_before_the_first(
    server: kd.simulator.Server, make_client: Any
) -> None:
    codes = [f"{n:06}" for n in range(10, 23_010, 10)]
    with make_client(server, quota="5/s") as client:
        with pytest.raises(ValueError, match="^max_requests: .* 2,300 requests for 2,300 series.* 460 s at"):
            kd.candles(codes, *RANGE, client=client)
        with pytest.raises(ValueError, match="about 3 requests for 3 series, .*; pass max_requests=3, "):
            kd.orderbook_snapshot(["005930", "000660", "035420"], client=client, max_requests=2)
        with pytest.raises(ValueError, match=r"^max_requests: expected a whole number of at least 1, got 0"):
            kd.quotes("005930", client=client, max_requests=0)
        with pytest.warns(kd.EmptyAnswer):
            kd.quotes(codes[:100], client=client, max_requests=1)  # one request for a hundred
    assert server.log.count() == server.log.count("ka10095") + 1  # the token


def test_the_pages_of_a_range_count(server: kd.simulator.Server, make_client: Any) -> None:
    with make_client(server, max_requests=12) as client:
        ten_years: Any = ("005930", "2016-11-21", "2026-11-20")
        with pytest.raises(ValueError, match="about 123 requests for 1 series"):  # 2,458 days, 20 a page
            kd.daily_prices(*ten_years, client=client)
        with pytest.raises(ValueError, match="about 123 requests for 1 series"):
            kd.request("ka10086", symbol="005930", until="2026-11-20", since="2016-11-21", client=client)
        with pytest.raises(ValueError, match="about 5 requests"):  # 600 a page, from today back
            kd.candles("005930", "2016-11-21", "2016-12-01", max_requests=4, client=client)
        with pytest.raises(ValueError, match="about 104 requests"):  # 380 minutes on 246 days, 900 a page
            kd.candles("005930", "2025-11-21", interval="1m", client=client)
        with pytest.raises(ValueError, match="about 21 requests"):
            kd.candles("005930", "2025-11-21", interval="5m", client=client)
    assert server.log.count() == 0


def test_what_the_store_holds_is_not_counted(server: kd.simulator.Server, make_client: Any) -> None:
    symbols = ["005930", "000660", "035420"]
    ask: Any
    with make_client(server) as client:
        for ask in (kd.candles, kd.daily_prices, kd.short_selling):
            held = ask(symbols, *RANGE, client=client)
            assert ask(symbols, *RANGE, client=client, max_requests=1).equals(held)
            assert ask(symbols, *RANGE, client=client, max_requests=1, offline=True).equals(held)
            with pytest.raises(ValueError, match=r"^max_requests: "):
                ask(symbols, *RANGE, client=client, max_requests=1, refresh=True)
            with pytest.raises(ValueError, match="for 2 series"):
                ask([*symbols, "035720", "196170"], *RANGE, client=client, max_requests=1)


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("수급", "investor_flows"),
        ("공매도", "short_selling"),
        ("short selling", "short_selling"),
        ("Short-Selling", "short_selling"),
        ("수정주가", "candles"),
        ("분봉", "candles"),
        ("minute bars", "candles"),
        ("weekly", "candles"),
        ("resample", "candles"),
        ("호가", "orderbook_snapshot"),
        ("체결강도", "trade_strength"),
        ("PER", "stock_info"),
        ("종목", "stocks"),
        ("실시간", "stream_to_frame"),
        ("조건검색", "condition_search"),
        ("daily_prices", "daily_prices"),
        ("ka10086", "ka10086"),
        ("0B", "trade"),
        ("주식체결", "trade"),
        ("amt_mn", "value"),
    ],
)
def test_find_knows_the_words_that_people_use(text: str, first: str) -> None:
    found = kd.find(text)
    assert found["name"][0] == first
    assert found["score"].is_sorted(descending=True)
    assert found["score"].min() > 0.5
    assert found["score"].max() <= 1


def test_find_searches_functions_trs_feeds_conditions_and_columns() -> None:
    assert set(kd.find("체결")["kind"]) == {"function", "tr", "feed", "column"}
    assert set(kd.find("조건검색")["kind"]) >= {"function", "condition"}
    (row,) = kd.find("amt_mn").filter(name="value").rows(named=True)
    assert (row["kind"], row["korean"]) == ("column", "금액(백만)")
    assert row["english"] == "amt_mn of ka10086"


def test_a_text_that_nothing_holds_finds_what_is_spelled_alike() -> None:
    for text, meant in (("공메도", "short_selling"), ("daily_prics", "daily_prices")):
        found = kd.find(text)
        assert found["name"][0] == meant
        assert found["score"].max() <= 0.5
    assert kd.find("qqqqqq").is_empty()
    assert kd.find("qqqqqq").schema == kd.find("수급").schema
    with pytest.raises(ValueError, match="^text: expected words"):
        kd.find("  ")
    wrong: Any = 215
    with pytest.raises(TypeError, match="^text: expected words"):
        kd.find(wrong)


def test_whatever_a_synonym_names_is_there() -> None:
    described = {*kd.catalogue()["api_id"], *(feed.name for feed in FEEDS.values())}
    for word, names in SYNONYMS.items():
        assert word == word.casefold().strip()
        assert set(names) <= {*kd.__all__, *described}, word
        assert kd.find(word)["name"].to_list()[: len(names)] == list(names)


def test_describe_tells_every_key_of_feeds_and_condition_calls() -> None:
    for feed in FEEDS.values():
        assert set(kd.describe(feed.type)["key"]) == set(feed.fids)
    for call in CONDITIONS.values():
        keys = {param.key for param in call.params} | {column.key for column in call.columns}
        assert set(kd.describe(call.api_id)["key"]) == keys


def test_describe_tells_a_feed_by_its_code_and_by_its_name_with_its_codes() -> None:
    trade = kd.describe("0B")
    assert trade.equals(kd.describe("trade"))
    assert trade.filter(key="290").select("part", "column", "note").row(0) == (
        *("trade", "session", "guide: 1 before, 2 during, 3 after the session"),
    )
    assert "1=limit_up, 2=up, 3=flat" in trade.filter(key="25")["note"][0]
    assert kd.describe("0g").height != kd.describe("0G").height  # the case counts
    assert kd.describe("ka10172").filter(part="request")["key"].to_list() == ["seq", "stex_tp"]
    with pytest.raises(ValueError, match="^api_id: 'traid' is not in the catalogue"):
        kd.describe("traid")


def test_describe_tells_a_function_by_all_that_it_asks() -> None:
    for name in FRAMES:
        entries = [
            each for each in (*ENDPOINTS.values(), *CONDITIONS.values()) if name in each.function.split(", ")
        ]
        if entries:
            told = kd.describe(name)
            feeds = [feed.type for feed in FEEDS.values() if feed.name == name]
            assert set(told["api_id"]) == {*(each.api_id for each in entries), *feeds}
            assert told.filter(api_id=entries[0].api_id).equals(kd.describe(entries[0].api_id))
        else:
            assert name in {"catalogue", "describe", "find", "request"}
            with pytest.raises(ValueError, match=rf"kd\.{name} has no TR of its own; help\(kd\.{name}\)"):
                kd.describe(name)


@pytest.mark.parametrize(
    ("word", "one"),
    [
        ("9068", ("1h", "vi", "9068", "vi_event")),
        ("290", ("0B", "trade", "290", "session_name")),
        ("215", ("0s", "market_status", "215", "market_state_name")),
        ("netprps_qty", ("ka10078", "trend", "netprps_qty", "net_buy")),
        ("close", ("ka10086", "prices", "close_pric", "close")),
        ("value_as_served", ("ka10006", "session", "trde_prica", "value_as_served")),
        ("공매도량", ("ka10014", "days", "shrts_qty", "short_volume")),
    ],
)
def test_describe_tells_a_key_or_a_column_wherever_it_stands(word: str, one: tuple[str, ...]) -> None:
    told = kd.describe(word)
    assert one in told.select("api_id", "part", "key", "column").rows()
    for api_id in told["api_id"].unique():
        rows = told.filter(api_id=api_id).rows()
        assert set(rows) < set(kd.describe(api_id).rows())


@pytest.mark.parametrize(
    ("wrong", "near"), [("candels", "candles"), ("일봉", "candles"), ("change_pc", "change_pct")]
)
def test_describe_tells_what_is_nearest(wrong: str, near: str) -> None:
    with pytest.raises(
        ValueError, match=f"^api_id: '{wrong}' is not in the catalogue; did you mean .*'{near}'"
    ):
        kd.describe(wrong)
    for nothing in ("", "qqq"):
        with pytest.raises(ValueError, match=f"^api_id: '{nothing}' is not in the catalogue; kd.catalogue"):
            kd.describe(nothing)


@pytest.mark.parametrize(
    "ask",
    [
        kd.investor_ranking,
        partial(kd.investor_ranking, "individual", "2026-11-12", "2026-11-19"),
        partial(kd.same_side_ranking, "2026-11-12", "2026-11-19"),
    ],
)
def test_the_top_of_a_ranking_is_its_first_rows(shared: kd.Client, ask: Any) -> None:
    whole, top = ask(client=shared).drop("fetched_at"), ask(top=3, client=shared).drop("fetched_at")
    assert top.equals(whole.head(3))
    assert whole.height > 3
    with pytest.raises(ValueError, match="top: expected a whole number of at least 1, got 0"):
        ask(top=0, client=shared)


def test_a_brokers_name_is_refused_with_where_its_code_stands(shared: kd.Client) -> None:
    with pytest.raises(ValueError, match=r"such as '001', from kd.brokers\(\), got '키움증권'"):
        kd.broker_stocks("키움증권", client=shared)


@pytest.mark.parametrize("cache", [False, True], ids=["bare", "stored"])
def test_minutes_of_years_ago_are_told_to_be_beyond_the_servers_first_day(
    server: kd.simulator.Server, make_client: Any, told: list[Any], tmp_path: Any, cache: bool
) -> None:
    client = make_client(server, cache=cache and tmp_path / "store")
    first = date(2025, 11, 20)  # a year back
    for requests in (True, not cache):
        frame = kd.candles("005930", "2016-01-04", "2016-01-08", interval="60m", client=client)
        source = kd.provenance(frame)
        assert source is not None
        assert (frame.height, source.requests > 0, source.begins) == (0, requests, {"005930": first})
        assert [each.category for each in told] == [kd.EmptyAnswer, kd.IncompleteFrame]
        assert "the first bar that it still has: it reaches about a year back" in str(told[0].message)
        assert f"the oldest row of 005930 is of {first}" in str(told[1].message)
        told.clear()


def test_a_warning_of_a_function_names_the_line_that_called_it(shared: kd.Client, told: list[Any]) -> None:
    kd.quotes(["005930", "999990"], client=shared)
    assert "999990" in str(told[0].message)
    assert told[0].filename == __file__


@pytest.mark.parametrize("symbols", ["005930", ["005930", "000660"]])
def test_rows_that_name_their_venue_are_served_again_as_they_came(
    server: kd.simulator.Server, make_client: Any, symbols: Any
) -> None:
    with make_client(server) as client:
        came = kd.program_trend(symbols, *RANGE, client=client)
        assert kd.program_trend(symbols, *RANGE, client=client).equals(came)
        assert kd.program_trend(symbols, *RANGE, offline=True, client=client).equals(came)
