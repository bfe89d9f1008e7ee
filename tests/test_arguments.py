"""Arguments: what is wrong ends before any request, with parameter, value and remedy."""

from __future__ import annotations

import inspect
import re
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import polars as pl
import pytest

import kiwoomdata as kd
from kiwoomdata.arguments import (
    as_date,
    as_symbol,
    as_symbols,
    before,
    body_of,
    date_range,
    one_of,
    word,
)
from kiwoomdata.entries import ENDPOINTS
from tests.conftest import TODAY


@pytest.mark.parametrize(
    "value",
    [
        date(2024, 1, 2),
        datetime(2024, 1, 2, 23, 59),
        "2024-01-02",
        "20240102",
        " 2024-01-02 ",
        "2024/01/02",
        "2024.01.02",
        20240102,
        np.int64(20240102),
        np.datetime64("2024-01-02"),
        np.datetime64("2024-01-02T15:30:00.000000000"),
        pd.Timestamp("2024-01-02 15:30"),
        pd.Timestamp("2024-01-02 08:00", tz="Asia/Seoul"),
        pd.Timestamp("2024-01-01 20:00", tz="UTC"),
        datetime(2024, 1, 1, 20, tzinfo=ZoneInfo("UTC")),
    ],
)
def test_a_day_may_be_written_in_many_ways(value: Any) -> None:
    assert as_date(value, "start") == date(2024, 1, 2)


@pytest.mark.parametrize(
    "value",
    [
        *(
            "2024-1-2",
            "2024-01/02",
            "2024/0102",
            "yesterday",
            "20240230",
            "",
            "2024010",
            "202401021",
            2024010,
        ),
        *("2024", "2024-01", 2024, "0000-01-01", "２０２４-01-02", np.datetime64("NaT", "D"), pd.NaT),
    ],
)
def test_a_day_that_is_none_is_refused_by_name_value_and_remedy(value: Any) -> None:
    with pytest.raises(ValueError, match=r"^start: expected .*'20240102', got "):
        as_date(value, "start")


@pytest.mark.parametrize("value", [20240102.0, 1.5, None, True, b"20240102"])
def test_a_day_of_the_wrong_type_is_a_type_error(value: Any) -> None:
    with pytest.raises(TypeError, match="^start: expected "):
        as_date(value, "start")


@pytest.mark.parametrize(
    ("value", "first", "last"),
    [
        ("2024", date(2024, 1, 1), date(2024, 12, 31)),
        (2024, date(2024, 1, 1), date(2024, 12, 31)),
        ("2024-02", date(2024, 2, 1), date(2024, 2, 29)),
        ("2023.02", date(2023, 2, 1), date(2023, 2, 28)),
        (np.datetime64("2024-12"), date(2024, 12, 1), date(2024, 12, 31)),
        ("2024-12-26", date(2024, 12, 26), date(2024, 12, 26)),
    ],
)
def test_a_whole_month_or_year_begins_and_ends_a_range(value: Any, first: date, last: date) -> None:
    assert as_date(value, "start", whole="first") == first
    assert as_date(value, "end", whole="last") == last


@pytest.mark.parametrize(
    ("period", "day"),
    [
        ("30d", date(2026, 10, 21)),
        ("2w", date(2026, 11, 6)),
        ("6mo", date(2026, 5, 20)),
        ("1y", date(2025, 11, 20)),
        ("10Y", date(2016, 11, 20)),
    ],
)
def test_a_period_is_counted_back_by_the_calendar(period: str, day: date) -> None:
    assert before(TODAY, period) == day


def test_a_period_that_begins_on_no_day_begins_on_the_last_one_of_its_month() -> None:
    assert before(date(2024, 3, 31), "1mo") == date(2024, 2, 29)
    assert before(date(2024, 2, 29), "1y") == date(2023, 2, 28)


@pytest.mark.parametrize("period", ["", "0d", "1h", "1", "y", "-1y", "1.5y", "9999y", "6m"])
def test_a_period_that_is_none_is_refused(period: str) -> None:
    with pytest.raises(ValueError, match="^period: "):
        before(TODAY, period)


def test_a_range_is_inclusive_and_ends_today_unless_told() -> None:
    assert date_range("2024-01-02", None, TODAY) == (date(2024, 1, 2), TODAY, ())
    assert date_range("2024-01-02", "2024-01-02", TODAY) == (date(2024, 1, 2), date(2024, 1, 2), ())


def test_a_range_may_be_a_month_a_year_or_a_period() -> None:
    assert date_range("2024-03", "2024-03", TODAY) == (date(2024, 3, 1), date(2024, 3, 31), ())
    assert date_range("2023", "2024", TODAY) == (date(2023, 1, 1), date(2024, 12, 31), ())
    assert date_range(None, None, TODAY, "1y") == (date(2025, 11, 20), TODAY, ())
    assert date_range(None, "2024-03", TODAY, "1mo") == (date(2024, 2, 29), date(2024, 3, 31), ())


def test_an_end_in_the_future_is_today_and_said() -> None:
    days = date_range("2024-01-02", "2026", TODAY)
    assert days[:2] == (date(2024, 1, 2), TODAY)
    assert days.notes == ("end: 2026-12-31 is in the future, so 2026-11-20 was taken",)


def test_a_range_needs_a_start_or_a_period_and_not_both() -> None:
    with pytest.raises(ValueError, match=r"^start, period: neither was given; give one of them, start='2024"):
        date_range(None, None, TODAY)
    with pytest.raises(ValueError, match=r"^start, period: both were given"):
        date_range("2024", None, TODAY, "1y")


def test_a_range_backwards_or_that_begins_in_the_future_is_refused() -> None:
    with pytest.raises(ValueError, match=r"^start: 2024-01-03 is after end 2024-01-02"):
        date_range("2024-01-03", "2024-01-02", TODAY)
    with pytest.raises(ValueError, match=r"^start: 2026-11-21 is in the future"):
        date_range("2026-11-21", None, TODAY)
    with pytest.raises(ValueError, match=r"^start: 2026-12-01 is in the future"):
        date_range("2026-12", "2026-12", TODAY)


@pytest.mark.parametrize(
    "value", ["KRX:005930", "Samsung", "5930", "", "005930_XX", "005930 000660", "００５９３０"]
)
def test_a_symbol_of_the_wrong_form_is_refused(value: str) -> None:
    with pytest.raises(ValueError, match=r"^symbol: expected six characters such as '005930'.*got "):
        as_symbol(value)


@pytest.mark.parametrize(
    ("value", "meant"),
    [
        ("KRX:005930", "005930"),
        ("krx:0000d0", "0000D0"),
        ("0000d0", "0000D0"),
        ("00088k", "00088K"),
        ("005930.KS", "005930"),
        ("005930_nx", "005930_NX"),
        ("5930", "005930"),
        ("Q530031", "530031"),
    ],
)
def test_a_symbol_in_another_spelling_gets_a_hint(value: str, meant: str) -> None:
    with pytest.raises(ValueError, match=rf"^symbol: .*got '{value}'; did you mean '{meant}'\?$"):
        as_symbol(value)


def test_a_symbol_that_resembles_none_gets_no_hint() -> None:
    with pytest.raises(ValueError, match="got 'Samsung'$"):
        as_symbol("Samsung")


def test_several_symbols_may_stand_in_one_text() -> None:
    assert as_symbols("005930,000660") == ["005930", "000660"]
    assert as_symbols(" 005930 , 000660_NX,005930") == ["005930", "000660_NX"]
    with pytest.raises(ValueError, match="^symbol: .*got ''"):
        as_symbols("005930,")


@pytest.mark.parametrize(
    ("value", "words", "meant"),
    [
        ("kospi", ("kospi", "kosdaq"), "kospi"),
        ("KOSPI", ("kospi", "kosdaq"), "kospi"),
        ("코스닥", ("kospi", "kosdaq"), "kosdaq"),
        ("외국인", ("foreign", "institution"), "foreign"),
        ("기관", ("foreign", "institution"), "institution"),
        ("순매수", ("net", "buy", "sell"), "net"),
        ("순매수", ("buy", "sell"), "buy"),
        ("매수", ("net", "buy", "sell"), "buy"),
        ("순매수", ("net_buy", "net_sell", "buy", "sell"), "net_buy"),
        ("순매도", ("net_buy", "net_sell", "buy", "sell"), "net_sell"),
        ("주봉", ("day", "week"), "week"),
        ("KRX", ("krx", "nxt", "all"), "krx"),
    ],
)
def test_upper_case_and_korean_words_are_words(value: str, words: tuple[str, ...], meant: str) -> None:
    assert one_of("word", value, words) == meant


def test_each_choice_that_a_document_words_in_korean_is_taken_in_korean() -> None:
    for api_id, name, text, code in [
        ("ka10063", "market", "코스피", "001"),
        ("ka10063", "investor", "외국인", "6"),
        ("ka10063", "investor", "연기금", "3"),
        ("ka10063", "investor", "기관계", "7"),
        ("ka10063", "venue", "통합", "3"),
        ("ka10063", "measure", "금액", "1"),
        ("ka10044", "side", "순매도", "1"),
        ("ka10044", "side", "순매수", "2"),
        ("ka10066", "side", "순매수", "0"),
        ("ka10037", "side", "순매수", "1"),
        ("ka10037", "side", "순매도", "2"),
        ("ka10017", "state", "전일하한가", "7"),
        ("ka10054", "kind", "동적", "2"),
        ("ka10058", "investor", "개인", "8000"),
        ("ka10011", "kind", "신주인수권증서", "07"),
        ("ka90005", "interval", "틱", "0"),
    ]:
        param = ENDPOINTS[api_id].param(name)
        assert param is not None
        assert word(param, text) == code


@pytest.mark.parametrize("api_id", ["ka10059", "ka10060", "ka10061", "ka10064", "ka10066"])
def test_net_sales_are_neither_net_purchases_nor_sales(api_id: str) -> None:
    param = ENDPOINTS[api_id].param("side")
    assert param is not None
    with pytest.raises(ValueError, match="^side: expected one of 'net'.*, got '순매도'"):
        word(param, "순매도")


def test_a_word_of_no_choice_is_refused() -> None:
    with pytest.raises(ValueError, match="^market: expected one of 'kospi', 'kosdaq', got '코넥스'"):
        one_of("market", "코넥스", ("kospi", "kosdaq"))
    with pytest.raises(TypeError, match="^market: expected one of 'kospi', 'kosdaq', got 1"):
        one_of("market", 1, ("kospi", "kosdaq"))


FRAME = {"symbol": ["000660", "005930", "000660"], "venue": ["krx", "nxt", "krx"], "close": [1, 2, 3]}


@pytest.mark.parametrize(
    "given",
    [
        pl.DataFrame(FRAME),
        pd.DataFrame(FRAME),
        pd.DataFrame(FRAME).set_index(["close", "symbol"]),
        pl.DataFrame(FRAME).rename({"symbol": "종목코드", "venue": "거래소"}),
        pl.DataFrame(FRAME).cast({"venue": pl.Enum(["krx", "nxt", "all"])}),
    ],
    ids=["polars", "pandas", "index of pandas", "Korean", "Enum"],
)
def test_symbols_of_a_frame_are_taken_once_each_at_its_venues(given: Any) -> None:
    assert as_symbols(given) == ["000660", "005930_NX"]
    with pytest.raises(ValueError, match="^venue: 'nxt' contradicts the frame's column venue, .*'krx' of"):
        as_symbols(given, "nxt")
    with pytest.raises(ValueError, match="^symbol: this TR is for KRX alone.*got '005930_NX'"):
        as_symbols(given, suffix=False)


@pytest.mark.parametrize("make", [pl.Series, pd.Series])
def test_a_series_is_a_list_of_symbols(make: Any) -> None:
    assert as_symbols(make(["000660", "005930_AL", "000660"])) == ["000660", "005930_AL"]
    with pytest.raises(TypeError, match="so that zeros stay"):
        as_symbols(make([660, 5930]))


def test_a_frame_without_symbols_and_a_lazy_one_are_refused() -> None:
    with pytest.raises(
        ValueError, match="^symbol: a frame needs a column 'symbol', this one has date, close"
    ):
        as_symbols(pl.DataFrame({"date": [], "close": []}))
    with pytest.raises(TypeError, match=r"^symbol: got a lazy frame; collect\(\) it"):
        as_symbols(pl.LazyFrame(FRAME))  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="^symbol: the list is empty"):
        as_symbols(pl.DataFrame({"symbol": []}))
    with pytest.raises(TypeError, match="so that zeros stay.*got None"):
        as_symbols(pl.DataFrame({"symbol": ["005930", None]}))


@pytest.mark.parametrize(
    ("value", "index", "stocks"),
    [
        ("kospi", "kospi", "stocks('kospi')"),
        ("KOSDAQ", "kosdaq", "stocks('kosdaq')"),
        ("코스피", "kospi", "stocks('kospi')"),
        ("kospi200", "kospi200", "sector_stocks('kospi200')"),
        ("krx100", "krx100", "sector_stocks('krx100')"),
        ("etf", None, "stocks('etf')"),
        ("all", None, "stocks('kospi')"),
    ],
)
def test_a_market_is_no_symbol_and_the_error_names_what_to_ask(
    value: str, index: str | None, stocks: str
) -> None:
    with pytest.raises(ValueError, match=rf"^symbol: '{value}' is a market, not a stock; ") as caught:
        as_symbols(value)
    told = str(caught.value)
    assert (f"kd.index_candles('{index}')" in told) == (index is not None)
    assert f"kd.{stocks}" in told


def test_an_index_is_no_symbol_and_the_error_names_what_to_ask() -> None:
    with pytest.raises(ValueError, match=r"^symbol: '001' is an index, not a stock; ask kd.index_candles"):
        as_symbols(["005930", "001"])


def test_a_symbol_as_a_number_is_a_type_error_that_says_why() -> None:
    with pytest.raises(TypeError, match=r"^symbol: .*so that zeros stay.*got 5930"):
        as_symbol(5930)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="^symbol: "):
        as_symbols(5930)  # type: ignore[arg-type]


def test_the_venue_becomes_a_suffix_and_may_not_contradict_one() -> None:
    assert as_symbol("005930", "nxt") == "005930_NX"
    assert as_symbol("005930_AL") == "005930_AL"
    assert as_symbol("005930_AL", "all") == "005930_AL"
    assert as_symbol("A005930", "krx") == "005930"
    with pytest.raises(ValueError, match="^venue: 'nxt' contradicts symbol '005930_AL'"):
        as_symbol("005930_AL", "nxt")
    with pytest.raises(ValueError, match="^venue: expected one of 'krx', 'nxt', 'all', got 'nasdaq'"):
        as_symbol("005930", "nasdaq")
    with pytest.raises(ValueError, match="KRX alone"):
        as_symbol("005930", "nxt", suffix=False)


def test_a_list_of_symbols_keeps_its_order_and_takes_each_once() -> None:
    assert as_symbols(["000660", "005930", "000660"]) == ["000660", "005930"]
    assert as_symbols(code for code in ("000660",)) == ["000660"]
    with pytest.raises(ValueError, match="^symbol: the list is empty"):
        as_symbols([])


def test_a_body_is_made_of_our_names_or_of_the_apis_keys() -> None:
    prices = ENDPOINTS["ka10086"]
    expected = {"stk_cd": "005930", "qry_dt": "20241125", "indc_tp": "1"}
    assert body_of(prices, {"symbol": "005930", "until": "2024-11-25", "measure": "value"}) == expected
    assert body_of(prices, {"stk_cd": "005930", "qry_dt": "20241125", "indc_tp": "1"}) == expected


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"symbol": "005930"}, "until: ka10086 needs it"),
        ({"until": "20240102"}, "symbol: ka10086 needs it"),
        ({"symbol": "005930", "stk_cd": "000660"}, "stk_cd: given twice"),
        (
            {"symbol": "005930", "until": "20240102", "measure": "won"},
            "measure: expected one of 'shares', 'value', got 'won'",
        ),
        (
            {"symbol": "005930", "until": "20240102", "color": "red"},
            "color: ka10086 has no such parameter; it takes symbol",
        ),
    ],
)
def test_a_body_that_is_wrong_is_refused(given: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        body_of(ENDPOINTS["ka10086"], given)


def test_kosdaq_at_all_venues_is_the_code_that_names_kosdaq() -> None:
    for api_id in ("ka90005", "ka90010"):
        market = ENDPOINTS[api_id].param("market")
        assert market is not None
        assert market.choices["kosdaq_all"] == "P101_AL02"
        assert market.choices["kospi"] == "P00101"
        assert word(market, "P001_AL02") == "P001_AL02"  # both tables print it; no word stands for it


def test_a_stock_in_the_place_of_an_index_names_what_to_ask() -> None:
    told = "got '005930', which is a stock; ask kd.candles\\('005930'\\) for its bars"
    with pytest.raises(ValueError, match=told):
        body_of(ENDPOINTS["ka20006"], {"sector": "005930", "until": TODAY})


NEAR = (
    *("investor_breakdown", "investor_flows", "investor_totals", "intraday_investor_flow"),
    *("intraday_investor_trades", "closing_investor_trades", "institution_trend", "institution_trades"),
    "program_trend",
)


@pytest.mark.parametrize("name", NEAR)
def test_each_of_nine_near_names_says_what_the_others_are_for(name: str) -> None:
    text = inspect.getdoc(getattr(kd, name)) or ""
    told = dict(re.findall(r"^(\w+) : (.{20,})$", text.partition("See Also")[2], re.MULTILINE))
    assert sorted([*told, name]) == sorted(NEAR)


def test_the_options_of_every_call_stand_before_what_it_gives() -> None:
    text = inspect.getdoc(kd.daily_prices) or ""
    sections = re.findall(r"^(\w[\w ]+)\n-+$", text, re.MULTILINE)
    assert sections.index("Other Parameters") + 1 == sections.index("Returns")
    assert "\nclient\n" in text


@pytest.mark.parametrize("given", ["005930|000660", "005930,000660", "005930, 000660", ["005930", "000660"]])
def test_several_symbols_of_one_request_may_be_told_by_commas(given: Any) -> None:
    assert body_of(ENDPOINTS["ka10095"], {"symbol": given}) == {"stk_cd": "005930|000660"}
