"""Columns and parameters that several TRs share, letter for letter and meaning for meaning."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

from kiwoomdata.entries.entry import KRW, PERCENT, SHARES, Column, Param, Unit
from kiwoomdata.kinds import (
    CHANGE,
    CODE,
    DATE,
    DIRECTION,
    FLOW,
    NAME,
    PRICE,
    QUANTITY,
    RATE,
    TEXT,
    Kind,
    Style,
)

VENUE_CODES = {"krx": "1", "nxt": "2", "all": "3"}

SYMBOL = Param("stk_cd", "symbol", "종목코드", CODE)
SYMBOL_KRX = Param("stk_cd", "symbol", "종목코드", CODE, suffix=False)
VENUE_PARAM = Param("stex_tp", "venue", "거래소구분", TEXT, VENUE_CODES, default="krx")
START = Param("strt_dt", "start", "시작일자", DATE, example="2024-01-02")
END = Param("end_dt", "end", "종료일자", DATE)
BROKER = Param(
    *("mmcm_cd", "broker", "회원사코드", CODE),
    # Three characters in the list of brokers, two in ka10043's printed example, 0000 for the foreign ones.
    pattern="[0-9A-Z]{1,3}|0000",
    help="a broker's code such as '001', from kd.brokers()",
    example="001",
)
TICKS = Param(
    *("tic_scope", "interval", "틱범위", TEXT),
    {f"{n}tick": str(n) for n in (1, 3, 5, 10, 30)},
    default="1tick",
)
SECTOR = Param(
    *("inds_cd", "sector", "업종코드", CODE),
    pattern="[0-9]{3}",
    help="three digits such as '001' (KOSPI) or '101' (KOSDAQ)",
    example="001",
)
DAY = Param("date", "date", "날짜", DATE)


def choice(key: str, name: str, ko: str, default: str | None, /, **codes: str) -> Param:
    return Param(key, name, ko, TEXT, codes, default)


def code_and_name() -> tuple[Column, ...]:
    return (
        Column("stk_cd", "code", CODE, "종목코드"),
        Column("stk_nm", "name", NAME, "종목명"),
    )


def price(key: str, name: str, ko: str, note: str = "") -> Column:
    return Column(key, name, PRICE, ko, KRW, style="plus", note=note)


def quantity(key: str, name: str, ko: str, unit: Unit = SHARES) -> Column:
    return Column(key, name, QUANTITY, ko, unit)


def moved(direction: str, change: str, rate: str, rate_ko: str = "등락률") -> tuple[Column, ...]:
    """How far the price is from yesterday's close: the flag, the won, the percent."""
    return (
        Column(direction, "direction", DIRECTION, "대비기호" if direction == "pre_sig" else "전일대비기호"),
        Column(change, "change", CHANGE, "전일대비", KRW, style="plus"),
        Column(rate, "change_pct", RATE, rate_ko, PERCENT, style="plus"),
    )


def flow(
    key: str, name: str, ko: str, unit: Unit, style: Style = "double", note: str = "", heading: str = ""
) -> Column:
    return Column(key, name, FLOW, ko, unit, style=style, note=note, heading=heading)


def sold(key: str, name: str, ko: str, unit: Unit, style: Style = "double", note: str = "") -> Column:
    """A sold amount that the server writes negative, and the frame positive."""
    return Column(key, name, FLOW, ko, unit, style=style, negated=True, note=note)


def ladder(
    levels: int,
    sides: dict[str, tuple[str, str]],
    fields: dict[str, tuple[Kind, str, Unit, str]],
    best: dict[str, tuple[str, str]] | None = None,
) -> Iterator[Column]:
    """The columns of an order book.

    ``sides`` maps our side to the API's prefix and Korean word; ``fields`` maps our field to
    (kind, key pattern, unit, Korean pattern), where ``{side}`` and ``{n}`` are filled in; ``best``
    holds the keys and names that break the pattern.
    """
    for side, (prefix, word) in sides.items():
        for n in range(1, levels + 1):
            for name, (kind, pattern, unit, ko) in fields.items():
                key, korean = pattern.format(side=prefix, n=n), ko.format(side=word, n=n)
                key, korean = (best or {}).get(key, (key, korean))
                style: Style = "plus" if kind is PRICE else "plain"
                yield Column(key, f"{side}_{name}_{n}", kind, korean, unit, style=style)


def places(
    count: int,
    sides: Mapping[str, tuple[str, str]],
    fields: Mapping[str, tuple[Kind, str, Unit, str]],
    *,
    negated: Collection[str] = (),
) -> Iterator[Column]:
    """The columns of a board of places: first to last seller and buyer, each with its fields.

    As :func:`ladder`, place by place as the guide lists them; of the sides in ``negated`` the server writes
    numbers as negative.
    """
    for n in range(1, count + 1):
        for side, (prefix, word) in sides.items():
            for name, (kind, pattern, unit, ko) in fields.items():
                key, korean = pattern.format(side=prefix, n=n), ko.format(side=word, n=n)
                number = kind.dtype.is_numeric()
                yield Column(
                    *(key, f"{side}_{name}_{n}", kind, korean, unit),
                    style="plus" if number else "plain",
                    negated=number and side in negated,
                )
