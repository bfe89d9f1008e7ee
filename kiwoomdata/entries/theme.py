"""Themes (테마). Sources as in :mod:`.quote`."""

from __future__ import annotations

from dataclasses import replace

from kiwoomdata.entries.common import SYMBOL, VENUE_PARAM, choice, code_and_name, price, quantity
from kiwoomdata.entries.entry import KRW, PERCENT, Column, Endpoint, Param, Part
from kiwoomdata.kinds import CHANGE, CODE, COUNT, DIRECTION, NAME, RATE, TEXT

THEMES = Endpoint(
    "ka90001",
    ko="테마그룹별요청",
    en="Themes by return",
    path="/api/dostk/thme",
    category="theme",
    function="themes",
    example="kd.themes()",
    params=(
        choice("qry_tp", "search", "검색구분", "all", all="0", name="1", stock="2"),
        replace(SYMBOL, required=False, blank=True),
        Param("date_tp", "days", "날짜구분", TEXT, between=(1, 99)),
        Param(
            *("thema_nm", "name", "테마명", TEXT),
            required=False,
            blank=True,
            pattern="[^a-z]{1,40}",
            help="a part of a theme's Korean name such as '반도체'",
            example="반도체",
        ),
        choice(
            "flu_pl_amt_tp",
            "by",
            "등락수익구분",
            None,
            best_period="1",
            worst_period="2",
            best_day="3",
            worst_day="4",
        ),
        VENUE_PARAM,
    ),
    page_rows=100,
    final="by the day",
    parts=(
        Part(
            "themes",
            "thema_grp",
            "테마그룹별",
            (
                Column("thema_grp_cd", "theme", CODE, "테마그룹코드"),
                Column("thema_nm", "name", NAME, "테마명"),
                Column("stk_num", "stocks", COUNT, "종목수"),
                Column("flu_sig", "direction", DIRECTION, "등락기호"),
                Column("flu_rt", "change_pct", RATE, "등락율", PERCENT, style="plus"),
                Column("rising_stk_num", "rising", COUNT, "상승종목수"),
                Column("fall_stk_num", "falling", COUNT, "하락종목수"),
                Column("dt_prft_rt", "period_return_pct", RATE, "기간수익률", PERCENT, style="plus"),
                Column("main_stk", "main_stocks", TEXT, "주요종목"),
            ),
        ),
    ),
)

THEME_STOCKS = Endpoint(
    "ka90002",
    ko="테마구성종목요청",
    en="The stocks of a theme",
    path="/api/dostk/thme",
    category="theme",
    function="theme_stocks",
    example='kd.theme_stocks("100")',
    params=(
        Param("date_tp", "days", "날짜구분", TEXT, between=(1, 99), required=False),
        Param(
            "thema_grp_cd",
            "theme",
            "테마그룹코드",
            CODE,
            pattern="[0-9]{1,6}",
            help="a theme's code such as '100', from kd.themes()",
            example="100",
        ),
        VENUE_PARAM,
    ),
    final="by the day",
    parts=(
        Part(
            "theme",
            None,
            "테마구성종목",
            (
                Column("flu_rt", "change_pct", RATE, "등락률", PERCENT, style="plus"),
                Column("dt_prft_rt", "period_return_pct", RATE, "기간수익률", PERCENT, style="plus"),
            ),
        ),
        Part(
            "stocks",
            "thema_comp_stk",
            "테마구성종목",
            (
                *code_and_name(),
                price("cur_prc", "price", "현재가"),
                Column("flu_sig", "direction", DIRECTION, "등락기호"),
                Column("pred_pre", "change", CHANGE, "전일대비", KRW, style="plus"),
                Column("flu_rt", "change_pct", RATE, "등락율", PERCENT, style="plus"),
                quantity("acc_trde_qty", "volume", "누적거래량"),
                price("sel_bid", "ask", "매도호가"),
                quantity("sel_req", "ask_quantity", "매도잔량"),
                price("buy_bid", "bid", "매수호가"),
                quantity("buy_req", "bid_quantity", "매수잔량"),
                Column("dt_prft_rt_n", "period_return_pct", RATE, "기간수익률n", PERCENT, style="plus"),
            ),
        ),
    ),
)

ENDPOINTS = (
    THEMES,
    THEME_STOCKS,
)
