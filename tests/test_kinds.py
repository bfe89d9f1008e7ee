"""Kinds: what a text means, read the quick way and the sure way."""

from __future__ import annotations

from datetime import date, datetime, time
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiwoomdata import kinds
from kiwoomdata.kinds import (
    AMOUNT,
    BLANK,
    CHANGE,
    CODE,
    COUNT,
    DATE,
    DATETIME,
    DIRECTION,
    DIRECTIONS,
    FLOW,
    INDEX,
    KST,
    MAGNITUDE,
    NAME,
    PRICE,
    PRICE_DECIMAL,
    QUANTITY,
    RATE,
    SHARE,
    SIDE,
    TIME,
    VENUE,
    VENUES,
    Kind,
    Trouble,
    decode,
    encode,
    split_code,
)


def read(kind: Kind, *texts: str | None, scale: float = 1) -> tuple[list[object], list[Trouble]]:
    frame, troubles = decode(pl.DataFrame({"t": texts}, schema={"t": pl.String}), [("t", "v", kind, scale)])
    assert frame.schema["v"] == kind.dtype
    return frame["v"].to_list(), troubles


@pytest.mark.parametrize(
    ("text", "price", "flow"),
    [
        ("+86800", 86800, 86800),
        ("-54500", 54500, -54500),
        ("--714", 714, -714),
        (" 67300", 67300, 67300),
        ("67300 ", 67300, 67300),
        ("- 714", 714, -714),
        ("", None, None),
        ("   ", None, None),
        (None, None, None),
        ("0", None, 0),
        ("-0", None, 0),
        ("+0", None, 0),
        ("000000", None, 0),
        ("+-121", 121, -121),
        ("005930", 5930, 5930),
        ("1,234", 1234, 1234),
        ("-1,234,567", 1234567, -1234567),
        ("+0.00", None, 0),
        ("12.00", 12, 12),
        ("---5", 5, -5),
        ("++5", 5, 5),
        ("000021850", 21850, 21850),
        ("-00000100", 100, -100),
    ],
)
def test_a_price_is_a_magnitude_and_a_flow_keeps_its_sign(
    text: str | None, price: int | None, flow: int | None
) -> None:
    assert read(PRICE, text) == ([price], [])
    assert read(FLOW, text) == ([flow], [])
    assert read(CHANGE, text) == ([flow], [])


@pytest.mark.parametrize(
    "text", ["x", "-", "+", "12.5", "1e5", "nan", "inf", "１２", "0x10", "1_000", "5%", "1-2"]
)
def test_a_text_that_fits_no_rule_is_told_and_never_guessed(text: str) -> None:
    values, (trouble,) = read(FLOW, "1", text, "2")
    assert values == [1, None, 2]
    assert (trouble.text, trouble.unproven, trouble.rows) == (text, False, 1)


def test_a_plus_before_a_minus_is_a_minus() -> None:
    # ka10038 on 2026-08-07: 8,928,222,154 bought less 8,930,298,714 sold.
    assert read(FLOW, "+-2076560") == ([8_928_222_154 - 8_930_298_714], [])


@pytest.mark.parametrize("kind", [PRICE, PRICE_DECIMAL, INDEX])
def test_a_price_of_zero_is_no_price(kind: Kind) -> None:
    assert read(kind, "0", "-0", "0.00", "-259500", " 0") == ([None, None, None, 259500, None], [])


def test_zero_of_everything_else_is_zero() -> None:
    for kind in (FLOW, CHANGE, QUANTITY, AMOUNT, COUNT, MAGNITUDE, RATE, SHARE):
        assert read(kind, "0", "-0") == ([0, 0], []), kind


NUMBERS = [PRICE, PRICE_DECIMAL, FLOW, CHANGE, QUANTITY, MAGNITUDE, AMOUNT, COUNT]


@pytest.mark.parametrize("kind", NUMBERS)
@pytest.mark.parametrize("text", ["4294967295", "2147483647", "-2147483", "+2147483647", "-2147483648"])
def test_a_field_that_has_overflowed_is_null_and_told(kind: Kind, text: str) -> None:
    values, (trouble,) = read(kind, "12", text, "7", text)
    assert [abs(value) if value else value for value in values] == [12, None, 7, None]  # type: ignore[arg-type]
    assert (trouble.text, trouble.unproven, trouble.rows) == (text, True, 2)


@pytest.mark.parametrize("kind", [PRICE, PRICE_DECIMAL, INDEX, MAGNITUDE, SHARE])
@pytest.mark.parametrize("text", ["-4294967295", "--2147483647", "-2147483"])
def test_a_full_field_is_full_in_either_colour(kind: Kind, text: str) -> None:
    values, (trouble,) = read(kind, text, "+2147483")
    assert values == [None, 2147483]
    assert (trouble.text, trouble.unproven) == (text, True)
    assert read(FLOW, "-4294967295")[0] == [-4294967295]  # there the sign is the number's own


@pytest.mark.parametrize("text", ["2147483", "2147483646", "4294967296", "-2147482", "-2147484"])
def test_a_number_beside_the_end_of_a_field_is_a_number(text: str) -> None:
    assert read(FLOW, text) == ([int(text)], [])
    assert read(PRICE, text) == ([abs(int(text))], [])


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("+28.68", 28.68),
        ("-0.45", -0.45),
        ("--0.45", -0.45),
        ("-0.00", 0.0),
        ("12.5%", 12.5),
        (".5", 0.5),
        ("3", 3.0),
    ],
)
def test_a_rate_is_a_signed_decimal(text: str, value: float) -> None:
    (found,), troubles = read(RATE, text)
    assert found == value
    assert str(found) == str(value)  # no -0.0
    assert not troubles


@pytest.mark.parametrize("text", ["nan", "inf", "-inf", "1e5", "1E5", "NaN", "1.2.3", "."])
def test_a_decimal_that_only_a_computer_would_write_is_refused(text: str) -> None:
    values, troubles = read(RATE, text)
    assert values == [None]
    assert [trouble.text for trouble in troubles] == [text]


def test_an_index_drops_its_colour_and_takes_the_scale_of_its_tr() -> None:
    assert read(INDEX, "+47839", "-103645", scale=0.01)[0] == [478.39, 1036.45]
    assert read(INDEX, "-6241.91")[0] == [6241.91]


@pytest.mark.parametrize(("scale", "parts"), [(0.01, 100), (0.001, 1_000)])
def test_a_scaled_number_is_the_float_that_is_nearest(scale: float, parts: int) -> None:
    numbers = range(187_000, 189_000)
    assert read(INDEX, *map(str, numbers), scale=scale)[0] == [number / parts for number in numbers]


def test_an_amount_is_scaled_to_won_and_refused_where_it_would_overflow() -> None:
    assert read(AMOUNT, "1179", "-3", scale=1_000_000)[0] == [1_179_000_000, -3_000_000]
    values, (trouble,) = read(AMOUNT, "9223372036855", "5", scale=1_000_000)
    assert values == [None, 5_000_000]
    assert trouble.text == "9223372036855"


def test_a_number_too_large_for_64_bits_is_refused() -> None:
    assert read(QUANTITY, "9223372036854775807")[0] == [2**63 - 1]
    assert [t.text for t in read(QUANTITY, "9223372036854775808")[1]] == ["9223372036854775808"]


def test_the_number_without_a_magnitude_is_refused() -> None:
    for kind in (PRICE, FLOW, QUANTITY):
        assert [t.text for t in read(kind, "-9223372036854775808", "1")[1]] == ["-9223372036854775808"]


def test_hundredths_with_a_point_are_not_divided() -> None:
    values, (trouble,) = read(INDEX, "+47839", "103645.5", scale=0.01)
    assert values == [478.39, None]
    assert (trouble.text, trouble.unproven) == ("103645.5", True)


def test_nothing_is_nothing_in_any_parts() -> None:
    assert read(RATE, "0.00", "352", "+0.00", scale=0.01) == ([0, 3.52, 0], [])


def test_codes_and_names_stay_text() -> None:
    assert read(CODE, "005930", "A005930", "004490_AL", "", "0000D0")[0] == [
        *("005930", "A005930", "004490_AL", None, "0000D0"),
    ]
    assert read(NAME, " 삼  성 ")[0] == ["삼  성"]


def test_the_aggressor_is_the_sign_of_the_quantity() -> None:
    assert read(SIDE, "-1", "--1", "+5", "0", "")[0] == ["sell", "sell", "buy", None, None]
    assert read(MAGNITUDE, "-1", "+5", "7", "0", "")[0] == [1, 5, 7, 0, None]


def test_a_quantity_without_a_sign_has_no_aggressor() -> None:
    # Live in August 2026: the prints of auctions and blocks have none.
    assert read(SIDE, "7", "348000") == ([None, None], [])


def test_dates_and_times() -> None:
    assert read(DATE, "20241125", "00000000", "", " 20240102", "20241122000000")[0] == [
        *(date(2024, 11, 25), None, None, date(2024, 1, 2), date(2024, 11, 22)),
    ]
    assert read(TIME, "163713", "090000", "000000", "")[0] == [time(16, 37, 13), time(9), time(0), None]
    assert read(DATETIME, "20241125163713")[0] == [datetime(2024, 11, 25, 16, 37, 13, tzinfo=KST)]


@pytest.mark.parametrize(
    "text", ["2024 115", "-021 106", "20240230", "2024112", "202411251", "2024-1-1", "20241122000001"]
)
def test_a_date_that_is_none_is_refused(text: str) -> None:
    assert [trouble.text for trouble in read(DATE, text)[1]] == [text]


@pytest.mark.parametrize(
    ("kind", "text"), [(DATE, "2024W01"), (DATE, "202401"), (DATE, "2024"), (DATETIME, "202401011200")]
)
def test_a_period_is_no_day_and_a_minute_of_twelve_digits_no_moment(kind: Kind, text: str) -> None:
    values, (trouble,) = read(kind, text)
    assert (values, trouble.text, trouble.unproven) == ([None], text, True)


@pytest.mark.parametrize(
    "text", ["9 1500", "09 500", "250000", "93000", "240000", "096000", "091560", "9:00"]
)
def test_a_time_that_is_none_is_refused(text: str) -> None:
    assert [(t.text, t.unproven) for t in read(TIME, text)[1]] == [(text, False)]
    assert [t.text for t in read(DATETIME, f"20241125{text}")[1]] == [f"20241125{text}"]


@pytest.mark.parametrize("text", ["888888", "999999"])
def test_the_marker_for_after_the_close_is_no_time(text: str) -> None:
    values, (trouble,) = read(TIME, "100000", text)
    assert values == [time(10), None]
    assert trouble.unproven


def test_flags_are_enumerations() -> None:
    assert read(DIRECTION, "1", "2", "3", "4", "5", "0", "", " 5")[0] == [*DIRECTIONS, None, None, "down"]
    for code in ("6", "9", "43", "45", "60", "114"):
        values, (trouble,) = read(DIRECTION, "2", code)
        assert (values, trouble.unproven) == (["up", None], True)
    assert [(t.text, t.unproven) for t in read(DIRECTION, "up")[1]] == [("up", False)]
    assert read(VENUE, "KRX", "NXT", "통합", "")[0] == ["krx", "nxt", "all", None]


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("005930", ("005930", "krx")),
        ("A005930", ("005930", "krx")),
        ("005930_NX", ("005930", "nxt")),
        ("A004490_AL", ("004490", "all")),
        ("0000D0", ("0000D0", "krx")),
        ("03473K_NX", ("03473K", "nxt")),
        ("KRX:005930", None),
        ("Samsung", None),
        ("SAMSUN", None),
        ("5930", None),
        ("005930_XX", None),
        ("005930\n", None),
        ("００５９３０", None),
    ],
)
def test_a_code_is_taken_apart(text: str, parts: tuple[str, str] | None) -> None:
    assert split_code(text) == parts


OVERFLOWN = (2**32 - 1, 2**31 - 1, -(2**31), -2_147_483)
STYLES = st.sampled_from(["plain", "plus", "double"])


@given(st.lists(st.integers(-(2**53), 2**53)), STYLES)
def test_whole_numbers_survive_being_written_and_read(values: list[int], style: str) -> None:
    values = [value for value in values if value not in OVERFLOWN]
    texts = [encode(FLOW, value, style) for value in values]  # type: ignore[arg-type]
    assert read(FLOW, *texts) == (values, [])
    assert read(PRICE, *texts) == ([abs(value) or None for value in values], [])


@given(st.lists(st.decimals(-(10**9), 10**9, places=2).map(float)), STYLES)
def test_decimals_survive_being_written_and_read(values: list[float], style: str) -> None:
    values = [value for value in values if value not in OVERFLOWN]
    texts = [encode(RATE, value, style) for value in values]  # type: ignore[arg-type]
    assert read(RATE, *texts) == (values, [])


@given(
    st.lists(st.dates(date(1956, 3, 3), date(2999, 12, 31))),
    st.lists(st.times().map(lambda t: t.replace(microsecond=0))),
)
def test_dates_and_times_survive_being_written_and_read(days: list[date], times: list[time]) -> None:
    assert read(DATE, *(encode(DATE, day) for day in days)) == (days, [])
    assert read(TIME, *(encode(TIME, moment) for moment in times)) == (times, [])


@given(st.lists(st.sampled_from([None, *DIRECTIONS])), st.lists(st.sampled_from([None, *VENUES])))
def test_words_survive_being_written_and_read(directions: list[str | None], venues: list[str | None]) -> None:
    assert read(DIRECTION, *(encode(DIRECTION, word) for word in directions)) == (directions, [])
    assert read(VENUE, *(encode(VENUE, word) for word in venues)) == (venues, [])


@pytest.mark.parametrize(
    ("kind", "value", "style", "text"),
    [
        (FLOW, 0, "plus", "0"),
        (FLOW, 0, "plain", "0"),
        (FLOW, 7, "plain", "7"),
        (FLOW, -7, "both", "+-7"),
        (RATE, 0.0, "double", "0.00"),
        (kinds.YES_NO, True, "plain", "Y"),
        (kinds.YES_NO, False, "plain", "N"),
    ],
)
def test_a_value_is_written_as_the_server_writes_it(kind: Kind, value: Any, style: Any, text: str) -> None:
    assert encode(kind, value, style) == text


TEXTS = (
    st.text("+-0123456789., %", max_size=12)
    | st.text(max_size=8)
    | st.datetimes().map(lambda moment: f"{moment:%Y%m%d%H%M%S}")
    | st.times().map(lambda moment: f"{moment:%H%M%S}")
    | st.sampled_from(["000000", "0" * 14])
)


KINDS = {name: kind for name, kind in vars(kinds).items() if isinstance(kind, Kind)}


@given(st.lists(TEXTS), st.sampled_from(sorted(KINDS)))
def test_the_quick_way_and_the_sure_way_agree_on_any_text(texts: list[str], name: str) -> None:
    kind = KINDS[name]
    values, troubles = read(kind, *texts)
    told = {trouble.text for trouble in troubles}
    for text, value in zip(texts, values, strict=True):
        if not text.strip(BLANK):
            assert value is None
            continue
        try:
            expected = kind.parse(text.strip(BLANK))
        except ValueError:
            assert value is None
            assert text in told
        else:
            assert value == expected
            assert text not in told


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        (kinds.PRICE, "-60", 60),
        (kinds.PRICE_DECIMAL, "-60.5", 60.5),
        (kinds.INDEX, "-60.5", 60.5),
        (kinds.CHANGE, "-60", -60),
        (kinds.CHANGE_DECIMAL, "-60.5", -60.5),
        (kinds.FLOW, "--60", -60),
        (kinds.QUANTITY, "-60", -60),
        (kinds.MAGNITUDE, "-60", 60),
        (kinds.AMOUNT, "-60", -60),
        (kinds.COUNT, "-60", -60),
        (kinds.RATE, "-60.5", -60.5),
        (kinds.RATIO, "-60.5", -60.5),
        (kinds.BASIS, "-60.5", -60.5),
        (kinds.SHARE, "-60.5", 60.5),
        (kinds.RATE_BY_POINT, "-60.5", -60.5),
        (kinds.RATE_BY_POINT, "-60", -0.6),
    ],
)
def test_each_kind_of_number_has_its_dtype_and_its_sign(kind: Kind, text: str, value: float) -> None:
    whole = isinstance(value, int)
    assert kind.dtype == (pl.Int64 if whole else pl.Float64)
    assert kind.parse(text) == value
    assert read(kind, text)[0] == [value]
    if whole:  # what has decimals is no whole number
        with pytest.raises(ValueError, match="60.5"):
            kind.parse("60.5")
