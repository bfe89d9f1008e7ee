"""Frames from whole envelopes: the vendor's printed examples, cell by cell."""

from __future__ import annotations

import json
from datetime import date, time
from pathlib import Path
from typing import Any

import msgspec
import polars as pl
import pytest

from kiwoomdata import frames
from kiwoomdata.arguments import body_of
from kiwoomdata.entries import ENDPOINTS
from kiwoomdata.entries.entry import Endpoint
from kiwoomdata.rest import protocol

DATA = Path(__file__).parent / "data"
EXAMPLES = json.loads((DATA / "vendor_examples.json").read_text(encoding="utf-8"))["examples"]


def example(api_id: str, **request: str) -> tuple[Endpoint, dict[str, pl.DataFrame], dict[str, str]]:
    endpoint, printed = ENDPOINTS[api_id], EXAMPLES[api_id]
    body = body_of(endpoint, {**printed["request"], **request})
    page = protocol.read(api_id, 200, {"cont-yn": "N"}, msgspec.json.encode(printed["response"]))
    texts, dropped, _ = frames.text_parts(endpoint, [page])
    assert dropped == 0
    return endpoint, {p.name: frames.typed(endpoint, p, texts[p.name], body) for p in endpoint.parts}, body


# What each printed cell means, worked out by hand from the vendor's texts.
EXPECTED: dict[str, dict[str, list[dict[str, Any]]]] = {
    "ka10005": {
        "prices": [
            {
                "date": date(2024, 10, 28),
                **dict.fromkeys(("open", "high", "low", "close"), 95400),
                "change": 0,
                "change_pct": 0.0,
                "volume": 0,
                "value_as_served": 0,
                "strength": 0.0,
                "foreign_holding_pct": 26.07,
                "foreign_weight_pct": 26.07,
                "foreign_net_buy_as_served": 0,
                **dict.fromkeys(("institution_net_buy_as_served", "individual_net_buy_as_served")),
                **dict.fromkeys(("foreign_brokers_net_buy_as_served", "program_net_buy_as_served")),
                "credit_balance_ratio": None,
            },
            {
                "date": date(2024, 10, 25),
                "close": 95400,
                "change": None,
                "volume": 0,
                "value_as_served": None,
            },
            {
                "date": date(2024, 10, 24),
                "open": 94300,
                "high": 95400,
                "low": 94300,
                "close": 95400,
                "volume": 70,
            },
        ]
    },
    "ka10044": {
        "trades": [
            {
                "code": "005930",
                "name": "삼성전자",
                "net_buy": 0,
                "net_buy_value": -1_000_000,
                "estimated_price": 140000.0,
                "price": 95100,
                "vs_estimate": -44900.0,
                "vs_estimate_pct": -32.07,
            },
            {"code": "005930", "net_buy": 0, "net_buy_value": 0, "price": 9920, "vs_estimate": -2080.0},
        ]
    },
    "ka10045": {
        "averages": [{"institution_average": 117052.0, "foreign_average": None}],
        "trend": [
            {
                "date": date(2024, 11, 7),
                "close": 133600,
                "direction": None,
                "change": 0,
                "change_pct": 0.0,
                "volume": 0,
                "institution_cumulative": 158,
                "institution_net_buy": 0,
                "foreign_cumulative": 28315,
                "foreign_net_buy": 0,
                "foreign_limit_used_pct": 26.14,
            },
            {
                "date": date(2024, 11, 6),
                "close": 132500,
                "direction": "down",
                "change": -600,
                "change_pct": -0.45,
                "volume": 43,
                "foreign_net_buy": 11243,
            },
        ],
    },
    "ka10046": {
        "strength": [
            {
                "time": time(16, 37, 13),
                "price": 156600,
                "direction": "up",
                "change": 34900,
                "change_pct": 28.68,
                "volume": 1,
                "cumulative_value": 14_449_000_000,
                "cumulative_volume": 113636,
                "strength": 172.01,
                "strength_60m": 170.67,
                "venue": "krx",
            },
            {"time": time(16, 35), "volume": 2},
            {"time": time(16, 30, 16), "volume": 823, "strength_20m": 171.02},
        ]
    },
    "ka10086": {
        "prices": [
            {
                "date": date(2024, 11, 25),
                "open": 78800,
                "high": 101100,
                "low": 54500,
                "close": 55000,
                "change": -22800,
                "change_pct": -29.31,
                "volume": 20278,
                "value": 1_179_000_000,
                "credit_ratio": 0.0,
                "individual": -714,
                "institution": 693,
                "foreign": -266783,
                "foreign_brokers": 0,
                "program": 0,
                "foreign_ratio": 51.56,
                "foreign_holding_pct": 51.56,
                "foreign_weight_pct": 51.56,
                "foreign_net_buy": -266783,
                "institution_net": 693,
                "individual_net": -714,
                "credit_balance_ratio": 0.0,
            },
            {
                "date": date(2024, 11, 22),
                "open": 54500,
                "high": 77800,
                "low": 54500,
                "close": 77800,
                "change": 0,
                "value": 11_447_000_000,
                "program": -6,
                "individual": -196415,
            },
        ]
    },
    "ka90005": {
        "trend": [
            {
                "time": time(17, 5),
                "arbitrage_net_buy_value": 0,
                "non_arbitrage_sell_value": 1_000_000,
                "non_arbitrage_buy_value": 17_000_000,
                "non_arbitrage_net_buy_value": 17_000_000,
                "non_arbitrage_net_buy_volume": 0,
                "total_net_buy_value": 17_000_000,
                "kospi200": 478.39,
                "basis": -146.59,
            },
            {"time": time(17, 4)},
        ]
    },
    "ka90007": {
        "trend": [
            {
                "date": date(2024, 11, 25),
                "kospi200": None,
                "basis": 0.0,
                "arbitrage_as_served": 0,
                "arbitrage_cumulative_as_served": 353665,
                "total_cumulative_as_served": 1024884,
            },
            {
                "date": date(2024, 11, 22),
                "kospi200": 341.13,
                "basis": -8.48,
                "arbitrage_as_served": 8444,
                "total_as_served": 44846,
            },
            {"date": date(2024, 11, 21), "non_arbitrage_as_served": 46164},
            {"date": date(2024, 11, 20), "non_arbitrage_cumulative_as_served": 588652},
        ]
    },
    "ka90010": {
        "trend": [
            {"date": date(2024, 11, 25), "kospi200": None, "basis": None},
            {
                "date": date(2024, 11, 22),
                "arbitrage_net_buy_value": 0,
                "arbitrage_net_buy_volume": 0,
                "non_arbitrage_sell_value": 96_000_000,
                "non_arbitrage_net_buy_value": 512_000_000,
                "non_arbitrage_sell_volume": 1_000,
                "non_arbitrage_buy_volume": 7_000,
                "non_arbitrage_net_buy_volume": 6_000,
                "total_net_buy_value": 512_000_000,
                "kospi200": 341.13,
                "basis": -8.48,
            },
        ]
    },
}


@pytest.mark.parametrize("api_id", EXPECTED)
def test_every_cell_of_a_printed_example_is_right(api_id: str) -> None:
    endpoint, parts, body = example(api_id)
    for part in endpoint.parts:
        frame, rows = parts[part.name], EXPECTED[api_id][part.name]
        assert dict(frame.schema) == frames.schema(part, endpoint.flag_of(body))
        assert frame.height == len(rows)
        for found, expected in zip(frame.iter_rows(named=True), rows, strict=True):
            assert {name: found[name] for name in expected} == expected


def test_an_order_book_without_orders_has_no_prices() -> None:
    _, parts, _ = example("ka10004")
    (row,) = parts["book"].iter_rows(named=True)
    assert row.pop("time") == time(16, 20)
    prices = {name: value for name, value in row.items() if "price" in name}
    assert (len(prices), set(prices.values())) == (20, {None})
    assert {value for name, value in row.items() if name not in prices} == {0}
    assert len(row) == 68


def test_value_is_in_won_but_foreigners_stay_in_shares() -> None:
    endpoint, parts, body = example("ka10086", indc_tp="1")
    first = parts["prices"].row(0, named=True)
    assert first["individual"] == -714_000_000
    assert first["institution_net"] == 693_000_000
    assert first["foreign"] == first["foreign_net_buy"] == -266783
    units = frames.units(endpoint, body)
    assert (units["individual"], units["foreign"], units["volume"]) == ("KRW", "shares", "shares")
    # Nobody has shown in which unit the foreign brokers stand when value is asked.
    assert "foreign_brokers" not in first
    assert (first["foreign_brokers_as_served"], units["foreign_brokers_as_served"]) == (0, "unknown")


@pytest.mark.parametrize("text", ["},{", "a},{b", '"},{"', "}\\n{", "{", "x, {"])
@pytest.mark.parametrize("apart", [",", ", ", ",\n", " ,"])
def test_rows_are_told_apart_whatever_stands_between_and_in_them(text: str, apart: str) -> None:
    endpoint = ENDPOINTS["ka10102"]
    (part,) = endpoint.parts
    rows = [{key: f"{key}{n}" for key in part.by_key} for n in range(4)]
    rows[1][next(iter(part.by_key))] = text
    for some in (rows[:1], rows[:2], rows):
        listed = apart.join(json.dumps(row) for row in some)
        content = f'{{"{part.key}":[{listed}],"return_code":0,"return_msg":""}}'.encode()
        page = protocol.read(endpoint.api_id, 200, {"cont-yn": "N", "next-key": ""}, content)
        assert frames.text_frame(endpoint, part, [page, page]).drop("_page").rows(named=True) == some * 2


@pytest.mark.parametrize("api_id", ["ka10082", "ka10083"])
def test_a_value_of_bars_is_in_won_or_in_millions_as_its_own_prices_tell(api_id: str) -> None:
    endpoint = ENDPOINTS[api_id]
    part = endpoint.parts[1]
    printed = {"trde_qty": "215040968", "open_pric": "68400", "high_pric": "79500", "low_pric": "67500"}
    rows = [
        {**printed, "trde_prica": "15774571011618"},  # the guide's row
        {**printed, "trde_prica": "15774571"},
        {**printed, "trde_prica": "15774571012"},  # thousands: nobody has said so
        {**printed, "trde_prica": "0"},
        {**printed, "trde_prica": "0", "trde_qty": "0", "high_pric": "0", "low_pric": "0"},  # a halted stock
        {"trde_prica": "15774571011618"},  # an excerpt without prices
        {**printed, "low_pric": "1350", "high_pric": "1590", "trde_prica": "15774571"},  # before a split
    ]
    texts = pl.DataFrame(rows, schema=dict.fromkeys(part.by_key, pl.String))
    frame, troubles = frames.decoded(endpoint, part, texts, {})
    won, millions = 15_774_571_011_618, 15_774_571_000_000
    assert frame["value"].to_list() == [won, millions, None, 0, 0, won, millions]
    assert frame.schema == frames.schema(part)
    assert [(trouble.text, trouble.unproven) for trouble in troubles] == [("15774571012", True)]
