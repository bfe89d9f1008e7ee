"""What each field of the entry language does, with the smallest entry that uses it."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date, datetime, time
from typing import Any

import msgspec
import polars as pl
import pytest

from kiwoomdata import calendar, frames
from kiwoomdata.arguments import body_of
from kiwoomdata.entries import ENDPOINTS
from kiwoomdata.entries.entry import (
    HUNDREDTH_PERCENT,
    KRW,
    MILLION_KRW,
    SHARES,
    THOUSAND_SHARES,
    Column,
    Endpoint,
    Param,
    Part,
    Walk,
)
from kiwoomdata.errors import UnprovenValue
from kiwoomdata.kinds import (
    BROKER_SIDE,
    CHANGE,
    CODE,
    DATE,
    DATETIME,
    DIRECTION,
    EVENT_TIME,
    FLOW,
    KST,
    RANK_MOVE,
    RATE,
    RATE_BY_POINT,
    SHARE,
    TEXT,
    WARNING,
    YES_NO,
    Kind,
    decode,
    encode,
)
from kiwoomdata.present import headings
from kiwoomdata.rest import protocol


def entry(*columns: Column, params: tuple[Param, ...] = (), **fields: Any) -> Endpoint:
    return Endpoint("ka99999", "시험", "A test", params, (Part("rows", "rows", "시험", columns),), **fields)


def read(endpoint: Endpoint, *rows: dict[str, str], body: dict[str, str] | None = None) -> pl.DataFrame:
    (part,) = endpoint.parts
    page = protocol.read("ka99999", 200, {}, msgspec.json.encode({"rows": rows, "return_code": 0}))
    texts, *_ = frames.text_parts(endpoint, [page])
    return frames.typed(endpoint, part, texts["rows"], body or {})


def body(param: Param, **given: Any) -> dict[str, str]:
    return body_of(entry(params=(param,)), given)


# --- parameters --------------------------------------------------------------------------------

CODES = Param("stk_cd", "symbols", "종목코드", CODE, join="|", at_most=3)
FLAGS = Param("skip", "exclude", "제외", TEXT, default="", flags=("preferred", "etf", "etn"))
DAYS = Param("dt", "days", "일수", TEXT, between=(1, 99), digits=2)
SECTOR = Param(
    "inds_cd", "sector", "업종", CODE, pattern="[0-9]{3}", help="three digits such as '001'", example="101"
)
MAYBE = Param("stk_cd", "symbol", "종목코드", CODE, required=False, blank=True)


def test_several_codes_go_into_one_text() -> None:
    assert body(CODES, symbols=["005930", "A000660"]) == {"stk_cd": "005930|000660"}
    assert body(CODES, symbols="005930|000660") == {"stk_cd": "005930|000660"}
    assert body(CODES, symbols="005930") == {"stk_cd": "005930"}


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ([], "symbols: the list is empty; give at least one"),
        (["005930", "5930"], "symbols: expected six characters"),
        (["000001", "000002", "000003", "000004"], "symbols: one request takes at most 3, got 4; ask for"),
    ],
)
def test_a_list_of_codes_is_refused_with_the_reason(given: list[str], message: str) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(message)}"):
        body(CODES, symbols=given)


def test_flags_are_words_in_any_order_and_one_digit_each() -> None:
    assert body(FLAGS) == {"skip": "000"}
    assert body(FLAGS, exclude="etf") == {"skip": "010"}
    assert body(FLAGS, exclude=["etn", "preferred"]) == {"skip": "101"}
    assert body(FLAGS, exclude="011") == {"skip": "011"}
    assert body(FLAGS, exclude=[]) == {"skip": "000"}
    with pytest.raises(
        ValueError, match=r"^exclude: expected a list of 'preferred', 'etf', 'etn', got 'elw'"
    ):
        body(FLAGS, exclude=["etf", "elw"])


def test_a_number_is_taken_as_a_number_or_a_text_and_filled_with_zeros() -> None:
    assert body(DAYS, days=5) == body(DAYS, days="5") == body(DAYS, days="05") == {"dt": "05"}
    for wrong in (0, 100, "-1", "five", ""):
        with pytest.raises(ValueError, match=r"^days: expected a whole number from 1 to 99, got"):
            body(DAYS, days=wrong)
    for strange in (True, 1.5):
        with pytest.raises(TypeError, match=r"^days: expected a whole number from 1 to 99, got"):
            body(DAYS, days=strange)


def test_a_code_that_is_no_stocks_is_checked_by_its_own_pattern() -> None:
    assert body(SECTOR, sector="001") == {"inds_cd": "001"}
    with pytest.raises(ValueError, match=r"^sector: expected three digits such as '001', got '005930'"):
        body(SECTOR, sector="005930")
    with pytest.raises(TypeError, match=r"^sector: expected three digits such as '001', got 1"):
        body(SECTOR, sector=1)


def test_a_blank_may_be_given_and_is_sent_where_nothing_was_said() -> None:
    assert body(MAYBE) == body(MAYBE, symbol="") == {"stk_cd": ""}
    assert body(MAYBE, symbol="005930") == {"stk_cd": "005930"}
    with pytest.raises(ValueError, match="six characters"):
        body(replace(MAYBE, blank=False), symbol="")


def test_a_word_may_be_given_as_the_number_that_it_is() -> None:
    days = Param("dt", "days", "일수", TEXT, {"5": "05", "10": "10"})
    assert body(days, days=5) == body(days, days="5") == {"dt": "05"}


def test_the_printed_request_with_blanks_is_taken() -> None:
    asked = body_of(ENDPOINTS["ka90013"], {"amt_qty_tp": "", "stk_cd": "005930", "date": ""})
    assert asked == {"amt_qty_tp": "", "stk_cd": "005930", "date": ""}


# --- columns -----------------------------------------------------------------------------------

SIGNED = entry(
    Column("pred_pre_sig", "direction", DIRECTION, "대비기호"),
    Column("pred_pre", "change", CHANGE, "전일대비", KRW, signed_by="pred_pre_sig"),
)


def test_a_change_without_a_sign_takes_it_from_the_direction() -> None:
    texts = [("500", "5"), ("500", "2"), ("500", "1"), ("-500", "5"), ("500", "4"), ("0", "3"), ("0", "")]
    frame = read(SIGNED, *({"pred_pre": change, "pred_pre_sig": way} for change, way in texts))
    assert frame["change"].to_list() == [-500, 500, 500, -500, -500, 0, 0]


@pytest.mark.parametrize("way", ["", "0", "3"])
def test_a_size_whose_direction_is_not_known_is_null_and_told(way: str) -> None:
    with pytest.warns(UnprovenValue, match="'500' became null in 1 row"):
        frame = read(SIGNED, {"pred_pre": "500", "pred_pre_sig": way})
    assert frame["change"].to_list() == [None]


def test_what_was_sold_is_positive_though_the_server_writes_it_negative() -> None:
    sold = entry(Column("sel", "sell", FLOW, "매도", SHARES, negated=True))
    frame = read(sold, *({"sel": text} for text in ("-1725746", "", "--471", "+471", "471")))
    assert frame["sell"].to_list() == [1725746, None, 471, 471, 471]


def test_a_text_that_means_broken_is_null_and_told() -> None:
    endpoint = entry(Column("sdnin_rt", "surge_pct", RATE, "급증률", broken=("-21474836.00",)))
    with pytest.warns(UnprovenValue, match="'-21474836.00' became null in 2 row"):
        frame = read(endpoint, *({"sdnin_rt": text} for text in ("-21474836.00", "+1.50", "-21474836.00")))
    assert frame["surge_pct"].to_list() == [None, 1.5, None]


TWO_FLAGS = entry(
    Column(
        *("ind", "individual", FLOW, "개인"),
        units={
            ("1", "1"): MILLION_KRW,
            ("1", "1000"): MILLION_KRW,
            ("2", "1"): SHARES,
            ("2", "1000"): THOUSAND_SHARES,
        },
    ),
    unit_flag=("amt_qty_tp", "unit_tp"),
)


@pytest.mark.parametrize(
    ("measure", "unit", "value", "name"),
    [("1", "1", 5_000_000, "KRW"), ("2", "1", 5, "shares"), ("2", "1000", 5_000, "shares")],
)
def test_a_unit_may_depend_on_two_keys_of_the_request(measure: str, unit: str, value: int, name: str) -> None:
    asked = {"amt_qty_tp": measure, "unit_tp": unit}
    assert read(TWO_FLAGS, {"ind": "5"}, body=asked)["individual"].to_list() == [value]
    assert frames.units(TWO_FLAGS, asked) == {"individual": name}


def test_hundredths_need_a_kind_with_decimals() -> None:
    with pytest.raises(ValueError, match="pred_pre: a part of a unit needs a kind with decimals, not change"):
        Column("pred_pre", "change", CHANGE, "전일대비", HUNDREDTH_PERCENT)


def test_rows_that_are_read_by_another_rule_have_another_meaning() -> None:
    column = Column("pred_pre", "change", CHANGE, "전일대비", KRW)
    others = (
        replace(column, negated=True),
        replace(column, signed_by="sig"),
        replace(column, broken=("-1",)),
    )
    assert len({Part("p", "p", "", (each,)).meaning for each in (column, *others)}) == 4


TWO_PARTS = Endpoint(
    *("ka99999", "시험", "A test", ()),
    (
        Part("total", None, "합계", (Column("cur_prc", "close", FLOW, "지수", SHARES),)),
        Part("rows", "rows", "시험", (Column("cur_prc_n", "close", FLOW, "현재가", KRW),)),
    ),
)


def test_one_name_in_two_parts_has_the_heading_and_the_unit_of_its_part() -> None:
    named = {part: headings(TWO_PARTS, part)["close"] for part in ("total", "rows", None)}
    assert named == {"total": "지수", "rows": "현재가", None: "현재가"}
    told = {part: frames.units(TWO_PARTS, {}, part) for part in ("total", "rows", None)}
    assert told == {"total": {"close": "shares"}, "rows": {"close": "KRW"}, None: {"close": "KRW"}}


# --- kinds -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        (SHARE, "-96.64", 96.64),
        (EVENT_TIME, "000000", None),
        (EVENT_TIME, "091500", time(9, 15)),
        (DATE, "000000", None),
        (RATE_BY_POINT, "+698", 6.98),
        (RATE_BY_POINT, "-1.11", -1.11),
        (RATE_BY_POINT, "0", 0.0),
        (BROKER_SIDE, "-매도", "sell"),
        (BROKER_SIDE, "+매수", "buy"),
        (WARNING, "0", "none"),
        (WARNING, "5", "warning"),
        (RANK_MOVE, "+", "up"),
        (RANK_MOVE, "-", "down"),
        (YES_NO, "Y", True),
        (YES_NO, "N", False),
        (YES_NO, "", None),
    ],
)
def test_a_new_kind_reads_what_it_stands_for(kind: Kind, text: str, value: object) -> None:
    frame, troubles = decode(pl.DataFrame({"text": [text, None]}), [("text", "value", kind, 1)])
    assert (frame["value"].to_list(), troubles) == ([value, None], [])
    assert frame.schema["value"] == kind.dtype


@pytest.mark.parametrize(
    ("kind", "value", "text"),
    [(BROKER_SIDE, "sell", "-매도"), (WARNING, "risk", "4"), (RANK_MOVE, "up", "+"), (YES_NO, True, "Y")],
)
def test_a_new_kind_is_written_as_the_server_writes_it(kind: Kind, value: object, text: str) -> None:
    assert encode(kind, value) == text
    assert kind.parse(text) == value


def test_a_rank_that_neither_rose_nor_fell_is_unproven() -> None:
    _, (trouble,) = decode(pl.DataFrame({"text": ["N"]}), [("text", "value", RANK_MOVE, 1)])
    assert (trouble.text, trouble.unproven) == ("N", True)


# --- days and moments --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("day", "period", "last"),
    [
        (date(2024, 12, 2), "day", date(2024, 12, 2)),
        (date(2024, 12, 23), "week", date(2024, 12, 27)),
        (date(2024, 12, 30), "week", date(2025, 1, 3)),
        (date(2024, 9, 13), "week", date(2024, 9, 13)),
        (date(2024, 2, 1), "month", date(2024, 2, 29)),
        (date(2024, 12, 2), "month", date(2024, 12, 30)),
        (date(2024, 1, 2), "year", date(2024, 12, 30)),
    ],
)
def test_a_period_ends_with_its_last_trading_day(day: date, period: Any, last: date) -> None:
    assert calendar.period_end(day, period) == last


@pytest.mark.parametrize(
    ("period", "first"),
    [("day", 12), ("week", 9), ("month", 1)],
)
def test_a_period_begins_on_monday_or_the_first(period: Any, first: int) -> None:
    assert calendar.period_start(date(2024, 12, 12), period) == date(2024, 12, first)
    assert calendar.period_start(date(2024, 12, 12), "year") == date(2024, 1, 1)


def test_a_period_of_another_name_is_refused() -> None:
    with pytest.raises(ValueError, match="^period: expected 'day', 'week', 'month' or 'year', got 'hour'"):
        calendar.period_end(date(2024, 1, 2), "hour")  # type: ignore[arg-type]


MINUTES = entry(
    Column("cntr_tm", "time", DATETIME, "체결시간"),
    walk=Walk("time"),
    order="newest first",
)


def walked(*pages: list[str], since: date) -> protocol.Stop:
    """Drive the walk over pages of moments, each of which says that there is more."""
    walk = protocol.pages(MINUTES, {}, since=since)
    next(walk)
    for number, moments in enumerate(pages):
        content = msgspec.json.encode({"rows": [{"cntr_tm": m} for m in moments], "return_code": 0})
        headers = {"cont-yn": "Y", "next-key": str(number)}
        try:
            walk.send(protocol.read("ka99999", 200, headers, content))
        except StopIteration as done:
            assert number == len(pages) - 1, "it ended early"
            stop: protocol.Stop = done.value
            return stop
    raise AssertionError("it went on")


def test_a_walk_by_moments_goes_on_until_a_page_reaches_below_the_day_wanted() -> None:
    stop = walked(
        ["20240103153000", "20240103090000"],
        ["20240102153000", "20240102120000"],  # in the middle of the day wanted
        ["20240102115900", "20231228153000"],
        since=date(2024, 1, 2),
    )
    assert stop == protocol.Stop("reached 2024-01-02")


def test_two_pages_of_one_second_are_no_standstill_but_a_later_one_is() -> None:
    stop = walked(
        ["20240103090001", "20240103090000"],
        ["20240103090000", "20240103090000"],
        ["20240103090002", "20240103090001"],
        since=date(2024, 1, 2),
    )
    assert stop.truncated
    assert "nothing older" in stop.why


def test_a_moment_is_in_seoul() -> None:
    frame = read(MINUTES, {"cntr_tm": "20240103153000"})
    assert frame["time"].to_list() == [datetime(2024, 1, 3, 15, 30, tzinfo=KST)]


def test_an_example_request_gives_what_has_no_default() -> None:
    endpoint = entry(params=(SECTOR, DAYS, FLAGS, MAYBE, Param("base_dt", "until", "기준일자", DATE)))
    assert endpoint.shown == {"sector": "101", "days": "1", "until": "2024-01-31"}
