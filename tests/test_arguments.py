"""Arguments: what is wrong ends before any request, with parameter, value and remedy."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from kiwoomdata.arguments import as_date, as_symbol, as_symbols, body_of, date_range
from kiwoomdata.entries import ENDPOINTS

TODAY = date(2026, 11, 20)


@pytest.mark.parametrize(
    "value",
    [
        date(2024, 1, 2),
        datetime(2024, 1, 2, 23, 59),
        "2024-01-02",
        "20240102",
        " 2024-01-02 ",
        datetime(2024, 1, 1, 20, tzinfo=ZoneInfo("UTC")),
    ],
)
def test_a_day_may_be_written_in_many_ways(value: Any) -> None:
    assert as_date(value, "start") == date(2024, 1, 2)


@pytest.mark.parametrize(
    "value", ["2024-1-2", "2024/01/02", "yesterday", "20240230", "", "2024010", "202401021"]
)
def test_a_day_that_is_none_is_refused_by_name_value_and_remedy(value: str) -> None:
    with pytest.raises(ValueError, match=r"^start: expected .*'20240102', got "):
        as_date(value, "start")


@pytest.mark.parametrize("value", [20240102, 1.5, None, b"20240102"])
def test_a_day_of_the_wrong_type_is_a_type_error(value: Any) -> None:
    with pytest.raises(TypeError, match="^start: expected "):
        as_date(value, "start")


def test_a_range_is_inclusive_and_ends_today_unless_told() -> None:
    assert date_range("2024-01-02", None, TODAY) == (date(2024, 1, 2), TODAY)
    assert date_range("2024-01-02", "2024-01-02", TODAY) == (date(2024, 1, 2), date(2024, 1, 2))


def test_a_range_backwards_or_in_the_future_is_refused() -> None:
    with pytest.raises(ValueError, match=r"^start: 2024-01-03 is after end 2024-01-02"):
        date_range("2024-01-03", "2024-01-02", TODAY)
    with pytest.raises(ValueError, match=r"^end: 2026-11-21 is in the future"):
        date_range("2024-01-03", "2026-11-21", TODAY)
    with pytest.raises(ValueError, match=r"^start: 2026-11-21 is in the future"):
        date_range("2026-11-21", None, TODAY)


@pytest.mark.parametrize(
    "value", ["KRX:005930", "Samsung", "5930", "", "005930_XX", "005930 000660", "００５９３０"]
)
def test_a_symbol_of_the_wrong_form_is_refused(value: str) -> None:
    with pytest.raises(ValueError, match=r"^symbol: expected six characters such as '005930'.*got "):
        as_symbol(value)


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
