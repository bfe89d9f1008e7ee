"""Investors and foreigners, by stock and by day (투자자, 기관/외국인). Sources as in :mod:`.quote`."""

from __future__ import annotations

from collections.abc import Mapping

from kiwoomdata.entries.common import SYMBOL, choice, price, quantity
from kiwoomdata.entries.entry import (
    KRW,
    MILLION_KRW,
    PERCENT,
    SHARES,
    UNKNOWN,
    Column,
    Endpoint,
    Param,
    Part,
    Unit,
    Walk,
)
from kiwoomdata.kinds import AMOUNT, CHANGE, DATE, DIRECTION, FLOW, RATE_BY_POINT, Style

# Live: 805,003 million / 4,304,042 shares = 187,034 won (2026-03-12), with one share as the unit. On
# thousands nobody agrees: one author found the unit ignored for shares, another found thousands.
_BY_MEASURE: Mapping[str | tuple[str, ...], Unit] = {
    ("1", "1"): MILLION_KRW,
    ("1", "1000"): MILLION_KRW,
    ("2", "1"): SHARES,
    ("2", "1000"): UNKNOWN,
}
MEASURE_AND_UNIT = ("amt_qty_tp", "unit_tp")


def classes(style: Style = "plain") -> tuple[Column, ...]:
    """The thirteen investor classes of a stock; all of them add up to 0."""
    names = {
        "ind_invsr": ("individual", "개인투자자"),
        "frgnr_invsr": ("foreign", "외국인투자자"),
        "orgn": ("institution", "기관계"),
        "fnnc_invt": ("financial_investment", "금융투자"),
        "insrnc": ("insurance", "보험"),
        "invtrt": ("investment_trust", "투신"),
        "etc_fnnc": ("other_financial", "기타금융"),
        "bank": ("bank", "은행"),
        "penfnd_etc": ("pension", "연기금등"),
        "samo_fund": ("private_fund", "사모펀드"),
        "natn": ("nation", "국가"),
        "etc_corp": ("other_corporation", "기타법인"),
        "natfor": ("domestic_foreigner", "내외국인"),
    }
    return tuple(
        Column(key, name, FLOW, ko, UNKNOWN, _BY_MEASURE, style=style) for key, (name, ko) in names.items()
    )


INVESTORS_BY_DAY = Endpoint(
    "ka10059",
    ko="종목별투자자기관별요청",
    en="Thirteen investor classes of a stock by day",
    path="/api/dostk/stkinfo",
    category="stock",
    function="investor_breakdown",
    example='kd.investor_breakdown("005930", "2024-01-02", "2024-01-31")',
    params=(
        Param("dt", "until", "일자", DATE),
        SYMBOL,
        choice("amt_qty_tp", "measure", "금액수량구분", "shares", value="1", shares="2"),
        choice("trde_tp", "side", "매매구분", "net", net="0", buy="1", sell="2"),
        choice("unit_tp", "unit", "단위구분", "one", one="1", thousand="1000"),
    ),
    unit_flag=MEASURE_AND_UNIT,
    key=("date",),
    walk=Walk("date", until="dt"),
    every_day=True,
    rebased=True,
    page_rows=100,
    order="newest first",
    final="next morning",
    note="Foreigners here are not those of ka10086: 2,113,789 million / 9,897,241 shares = 213,574 on a day "
    "between 243,000 and 267,000 (live, July 2026).",
    parts=(
        Part(
            "investors",
            "stk_invsr_orgn",
            "종목별투자자기관별",
            (
                Column("dt", "date", DATE, "일자"),
                price("cur_prc", "close", "현재가"),
                Column("pre_sig", "direction", DIRECTION, "대비기호"),
                Column("pred_pre", "change", CHANGE, "전일대비", KRW, style="plus"),
                Column(
                    *("flu_rt", "change_pct", RATE_BY_POINT, "등락율", PERCENT),
                    style="plus",
                    note="printed in hundredths (+698), live in percent (-1.11): the point tells which",
                ),
                quantity("acc_trde_qty", "volume", "누적거래량"),
                Column("acc_trde_prica", "value", AMOUNT, "누적거래대금", MILLION_KRW),
                *classes(),
            ),
        ),
    ),
)

ENDPOINTS = (INVESTORS_BY_DAY,)
