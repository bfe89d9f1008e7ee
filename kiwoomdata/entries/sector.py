"""Sectors: their flows, indices and stocks (업종). Sources as in :mod:`.quote`."""

from __future__ import annotations

from collections.abc import Mapping

from kiwoomdata.entries.common import SECTOR, VENUE_PARAM, choice, code_and_name, moved, price, quantity
from kiwoomdata.entries.entry import (
    HUNDRED_MILLION_KRW,
    HUNDREDTH_PERCENT,
    MILLION_KRW,
    PERCENT,
    POINTS,
    POINTS_X100,
    THOUSAND_SHARES,
    UNKNOWN,
    Column,
    Endpoint,
    Param,
    Part,
    Unit,
    Walk,
)
from kiwoomdata.kinds import (
    AMOUNT,
    CHANGE_DECIMAL,
    CODE,
    COUNT,
    DATE,
    DIRECTION,
    FLOW,
    INDEX,
    NAME,
    RATE,
    SHARE,
    TIME,
)

# Value: the market's 55,317 beside 58,675 hundred million of two of its stocks in ka10066 (live, 2026). Of
# shares one author says thousands, and nobody has shown a body.
_BY_MEASURE: Mapping[str | tuple[str, ...], Unit] = {"0": HUNDRED_MILLION_KRW, "1": UNKNOWN}
_CLASSES = {
    "sc_netprps": ("securities", "증권순매수"),
    "insrnc_netprps": ("insurance", "보험순매수"),
    "invtrt_netprps": ("investment_trust", "투신순매수"),
    "bank_netprps": ("bank", "은행순매수"),
    "jnsinkm_netprps": ("merchant_bank", "종신금순매수"),
    "endw_netprps": ("pension", "기금순매수"),
    "etc_corp_netprps": ("other_corporation", "기타법인순매수"),
    "ind_netprps": ("individual", "개인순매수"),
    "frgnr_netprps": ("foreign", "외국인순매수"),
    "native_trmt_frgnr_netprps": ("domestic_foreigner", "내국인대우외국인순매수"),
    "natn_netprps": ("nation", "국가순매수"),
    "samo_fund_netprps": ("private_fund", "사모펀드순매수"),
    "orgn_netprps": ("institution", "기관계순매수"),
}

SECTOR_FLOWS = Endpoint(
    "ka10051",
    ko="업종별투자자순매수요청",
    en="Thirteen investor classes by sector on one day",
    path="/api/dostk/sect",
    category="sector",
    function="sector_flows",
    example='kd.sector_flows("2024-01-31", market="kospi")',
    params=(
        choice("mrkt_tp", "market", "시장구분", None, kospi="0", kosdaq="1"),
        choice("amt_qty_tp", "measure", "금액수량구분", "value", value="0", shares="1"),
        Param("base_dt", "date", "기준일자", DATE, required=False),
        VENUE_PARAM,
    ),
    unit_flag="amt_qty_tp",
    key=("sector",),
    as_of="base_dt",
    final="next morning",
    note="A day without a session answers nothing. A sector's code carries the venue: 001_AL.",
    parts=(
        Part(
            "flows",
            "inds_netprps",
            "업종별순매수",
            (
                Column("inds_cd", "sector", CODE, "업종코드"),
                Column("inds_nm", "name", NAME, "업종명"),
                Column("cur_prc", "index", INDEX, "현재가", POINTS_X100, style="plus"),
                Column("pre_smbol", "direction", DIRECTION, "대비부호"),
                Column("pred_pre", "change", CHANGE_DECIMAL, "전일대비", POINTS_X100, style="plus"),
                Column("flu_rt", "change_pct", RATE, "등락율", HUNDREDTH_PERCENT),
                quantity("trde_qty", "volume", "거래량", THOUSAND_SHARES),
                *(
                    Column(key, name, FLOW, ko, UNKNOWN, _BY_MEASURE, style="plus")
                    for key, (name, ko) in _CLASSES.items()
                ),
            ),
        ),
    ),
)

SECTORS = Endpoint(
    "ka10101",
    ko="업종코드 리스트",
    en="Sector codes",
    path="/api/dostk/stkinfo",
    category="stock",
    function="sectors",
    example="kd.sectors()",
    params=(
        choice(
            "mrkt_tp",
            "market",
            "시장구분",
            None,
            kospi="0",
            kosdaq="1",
            kospi200="2",
            kospi100="4",
            krx100="7",
        ),
    ),
    final="by the day",
    parts=(
        Part(
            "sectors",
            "list",
            "업종코드리스트",
            (
                Column("marketCode", "market_code", CODE, "시장구분코드"),
                Column("code", "sector", CODE, "코드"),
                Column("name", "name", NAME, "업종명"),
                Column("group", "group", CODE, "그룹"),
            ),
        ),
    ),
)

_QUOTE = (
    Column("cur_prc", "index", INDEX, "현재가", POINTS, style="plus"),
    Column("pred_pre_sig", "direction", DIRECTION, "전일대비기호"),
    Column("pred_pre", "change", CHANGE_DECIMAL, "전일대비", POINTS, style="plus"),
    Column("flu_rt", "change_pct", RATE, "등락률", PERCENT, style="plus"),
    quantity("trde_qty", "volume", "거래량", THOUSAND_SHARES),
    Column("trde_prica", "value", AMOUNT, "거래대금", MILLION_KRW),
    Column("trde_frmatn_stk_num", "traded", COUNT, "거래형성종목수"),
    Column("trde_frmatn_rt", "traded_pct", SHARE, "거래형성비율", PERCENT, style="plus"),
    Column("open_pric", "open", INDEX, "시가", POINTS, style="plus"),
    Column("high_pric", "high", INDEX, "고가", POINTS, style="plus"),
    Column("low_pric", "low", INDEX, "저가", POINTS, style="plus"),
    Column("upl", "limit_up", COUNT, "상한"),
    Column("rising", "rising", COUNT, "상승"),
    Column("stdns", "unchanged", COUNT, "보합"),
    Column("fall", "falling", COUNT, "하락"),
    Column("lst", "limit_down", COUNT, "하한"),
    Column("52wk_hgst_pric", "high_52w", INDEX, "52주최고가", POINTS, style="plus"),
    Column("52wk_hgst_pric_dt", "high_52w_date", DATE, "52주최고가일"),
    Column(
        "52wk_hgst_pric_pre_rt",
        "vs_high_52w_pct",
        RATE,
        "52주최고가대비율",
        PERCENT,
        style="plus",
    ),
    Column("52wk_lwst_pric", "low_52w", INDEX, "52주최저가", POINTS, style="plus"),
    Column("52wk_lwst_pric_dt", "low_52w_date", DATE, "52주최저가일"),
    Column("52wk_lwst_pric_pre_rt", "vs_low_52w_pct", RATE, "52주최저가대비율", PERCENT, style="plus"),
)
"""An index at the moment, as ka20001 and ka20009 tell it beside their lists."""

SECTOR_QUOTE = Endpoint(
    "ka20001",
    ko="업종현재가요청",
    en="A sector index through the day",
    path="/api/dostk/sect",
    category="sector",
    function="sector_quote",
    example='kd.sector_quote("kospi")',
    params=(choice("mrkt_tp", "market", "시장구분", None, kospi="0", kosdaq="1", kospi200="2"), SECTOR),
    note=(
        "Values, volumes: millions of won and thousands of shares. The times 888888 and 999999 carry "
        "what was traded after the close. The market asked is ignored."
    ),
    parts=(
        Part(
            "quote",
            None,
            "업종현재가",
            _QUOTE,
        ),
        Part(
            "times",
            "inds_cur_prc_tm",
            "업종현재가_시간별",
            (
                Column("tm_n", "time", TIME, "시간n"),
                Column("cur_prc_n", "index", INDEX, "현재가n", POINTS, style="plus"),
                Column("pred_pre_sig_n", "direction", DIRECTION, "전일대비기호n"),
                Column("pred_pre_n", "change", CHANGE_DECIMAL, "전일대비n", POINTS, style="plus"),
                Column("flu_rt_n", "change_pct", RATE, "등락률n", PERCENT, style="plus"),
                quantity("trde_qty_n", "volume", "거래량n", THOUSAND_SHARES),
                quantity("acc_trde_qty_n", "cumulative_volume", "누적거래량n", THOUSAND_SHARES),
            ),
        ),
    ),
)

SECTOR_STOCKS = Endpoint(
    "ka20002",
    ko="업종별주가요청",
    en="The stocks of a sector",
    path="/api/dostk/sect",
    category="sector",
    function="sector_stocks",
    example='kd.sector_stocks("kospi")',
    params=(
        choice("mrkt_tp", "market", "시장구분", None, kospi="0", kosdaq="1", kospi200="2"),
        SECTOR,
        VENUE_PARAM,
    ),
    key=("code",),
    page_rows=100,
    note=("The rows come in the order of codes; the market asked is ignored."),
    parts=(
        Part(
            "stocks",
            "inds_stkpc",
            "업종별주가",
            (
                *code_and_name(),
                price("cur_prc", "price", "현재가"),
                *moved("pred_pre_sig", "pred_pre", "flu_rt"),
                quantity("now_trde_qty", "volume", "현재거래량"),
                price("sel_bid", "ask", "매도호가"),
                price("buy_bid", "bid", "매수호가"),
                price("open_pric", "open", "시가"),
                price("high_pric", "high", "고가"),
                price("low_pric", "low", "저가"),
            ),
        ),
    ),
)

SECTOR_INDICES = Endpoint(
    "ka20003",
    ko="전업종지수요청",
    en="All sector indices of a market",
    path="/api/dostk/sect",
    category="sector",
    function="sector_indices",
    example='kd.sector_indices("kospi")',
    params=(SECTOR,),
    note=("The code is a sector's."),
    parts=(
        Part(
            "indices",
            "all_inds_idex",
            "전업종지수",
            (
                Column("stk_cd", "sector", CODE, "종목코드"),
                Column("stk_nm", "name", NAME, "종목명"),
                Column("cur_prc", "index", INDEX, "현재가", POINTS, style="plus"),
                Column("pre_sig", "direction", DIRECTION, "대비기호"),
                Column("pred_pre", "change", CHANGE_DECIMAL, "전일대비", POINTS, style="plus"),
                Column("flu_rt", "change_pct", RATE, "등락률", PERCENT, style="plus"),
                quantity("trde_qty", "volume", "거래량", THOUSAND_SHARES),
                Column("wght", "weight_pct", RATE, "비중", PERCENT, style="plus"),
                Column("trde_prica", "value", AMOUNT, "거래대금", MILLION_KRW),
                Column("upl", "limit_up", COUNT, "상한"),
                Column("rising", "rising", COUNT, "상승"),
                Column("stdns", "unchanged", COUNT, "보합"),
                Column("fall", "falling", COUNT, "하락"),
                Column("lst", "limit_down", COUNT, "하한"),
                Column("flo_stk_num", "listed_stocks", COUNT, "상장종목수"),
            ),
        ),
    ),
)

SECTOR_QUOTE_BY_DAY = Endpoint(
    "ka20009",
    ko="업종현재가일별요청",
    en="A sector index by day",
    path="/api/dostk/sect",
    category="sector",
    function="sector_quote",
    example='kd.sector_quote("kospi", by="day")',
    params=(choice("mrkt_tp", "market", "시장구분", None, kospi="0", kosdaq="1", kospi200="2"), SECTOR),
    walk=Walk("date", whole=True),
    every_day=True,
    key=("date",),
    order="newest first",
    final="next morning",
    note=("As ka20001, by day."),
    parts=(
        Part(
            "quote",
            None,
            "업종현재가일별",
            _QUOTE,
        ),
        Part(
            "days",
            "inds_cur_prc_daly_rept",
            "업종현재가_일별반복",
            (
                Column("dt_n", "date", DATE, "일자n"),
                Column("cur_prc_n", "index", INDEX, "현재가n", POINTS, style="plus"),
                Column("pred_pre_sig_n", "direction", DIRECTION, "전일대비기호n"),
                Column("pred_pre_n", "change", CHANGE_DECIMAL, "전일대비n", POINTS, style="plus"),
                Column("flu_rt_n", "change_pct", RATE, "등락률n", PERCENT, style="plus"),
                quantity("acc_trde_qty_n", "cumulative_volume", "누적거래량n", THOUSAND_SHARES),
            ),
        ),
    ),
)

ENDPOINTS = (
    SECTOR_FLOWS,
    SECTORS,
    SECTOR_QUOTE,
    SECTOR_STOCKS,
    SECTOR_INDICES,
    SECTOR_QUOTE_BY_DAY,
)
