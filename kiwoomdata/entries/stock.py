"""Stocks: what is listed, quotes of many, interruptions (종목정보). Sources as in :mod:`.quote`."""

from __future__ import annotations

from dataclasses import replace

from kiwoomdata.entries.common import (
    SYMBOL,
    VENUE_PARAM,
    choice,
    code_and_name,
    ladder,
    moved,
    price,
    quantity,
)
from kiwoomdata.entries.entry import (
    HUNDRED_MILLION_KRW,
    KRW,
    MILLION_KRW,
    PERCENT,
    SHARES,
    THOUSAND_SHARES,
    UNDERLYING,
    UNKNOWN,
    Column,
    Endpoint,
    Param,
    Part,
)
from kiwoomdata.kinds import (
    AMOUNT,
    CHANGE,
    CODE,
    COUNT,
    DATE,
    EVENT_TIME,
    MAGNITUDE,
    NAME,
    PRICE,
    PRICE_DECIMAL,
    QUANTITY,
    RATE,
    RATIO,
    SHARE,
    SIDE,
    TEXT,
    TIME,
    VENUE,
    WARNING,
    YES_NO,
)

QUOTES = Endpoint(
    "ka10095",
    ko="관심종목정보요청",
    en="Quotes of many stocks at once",
    path="/api/dostk/stkinfo",
    category="stock",
    params=(replace(SYMBOL, name="symbols", join="|", at_most=100),),
    note="A code that the server does not know is a blank row in its place. The columns from parity on are "
    "of ELWs. expected_price keeps the closing auction's (live, 2026).",
    parts=(
        Part(
            "quotes",
            "atn_stk_infr",
            "관심종목정보",
            (
                *code_and_name(),
                price("cur_prc", "price", "현재가"),
                price("base_pric", "base_price", "기준가"),
                *moved("pred_pre_sig", "pred_pre", "flu_rt", "등락율"),
                quantity("trde_qty", "volume", "거래량"),
                Column("trde_prica", "value", AMOUNT, "거래대금", MILLION_KRW),
                Column("cntr_qty", "side", SIDE, "체결량부호", note="sign of the quantity: + buy, - sell"),
                Column(
                    "cntr_qty", "quantity", MAGNITUDE, "체결량", SHARES, note="the last trade's; see side"
                ),
                Column("cntr_str", "strength", RATIO, "체결강도", PERCENT),
                Column(
                    *("pred_trde_qty_pre", "volume_ratio_pct", SHARE, "전일거래량대비", PERCENT),
                    style="plus",
                    note="of the whole volume of the day before",
                ),
                price("sel_bid", "ask", "매도호가"),
                price("buy_bid", "bid", "매수호가"),
                *ladder(
                    5,
                    {"ask": ("sel", "매도"), "bid": ("buy", "매수")},
                    {"price": (PRICE, "{side}_{n}th_bid", KRW, "{side}{n}차호가")},
                ),
                price("upl_pric", "upper_limit", "상한가"),
                price("lst_pric", "lower_limit", "하한가"),
                price("open_pric", "open", "시가"),
                price("high_pric", "high", "고가"),
                price("low_pric", "low", "저가"),
                price("close_pric", "close", "종가"),
                Column("cntr_tm", "time", TIME, "체결시간"),
                price("exp_cntr_pric", "expected_price", "예상체결가"),
                quantity("exp_cntr_qty", "expected_quantity", "예상체결량"),
                Column("cap", "capital", AMOUNT, "자본금", HUNDRED_MILLION_KRW),
                Column("fav", "par_value", PRICE, "액면가", KRW),
                Column("mac", "market_cap", AMOUNT, "시가총액", HUNDRED_MILLION_KRW),
                Column("stkcnt", "listed_shares", QUANTITY, "주식수", THOUSAND_SHARES),
                Column("bid_tm", "quote_time", TIME, "호가시간"),
                Column("dt", "date", DATE, "일자"),
                quantity("pri_sel_req", "ask_quantity_1", "우선매도잔량"),
                quantity("pri_buy_req", "bid_quantity_1", "우선매수잔량"),
                Column("pri_sel_cnt", "ask_count_1", COUNT, "우선매도건수"),
                Column("pri_buy_cnt", "bid_count_1", COUNT, "우선매수건수"),
                quantity("tot_sel_req", "ask_total_quantity", "총매도잔량"),
                quantity("tot_buy_req", "bid_total_quantity", "총매수잔량"),
                Column("tot_sel_cnt", "ask_total_count", COUNT, "총매도건수", note="printed as -11: kept"),
                Column("tot_buy_cnt", "bid_total_count", COUNT, "총매수건수"),
                Column("prty", "parity", RATIO, "패리티"),
                Column("gear", "gearing", RATIO, "기어링"),
                Column("pl_qutr", "break_even_pct", RATE, "손익분기", PERCENT),
                Column("cap_support", "capital_support_point", RATIO, "자본지지"),
                Column("elwexec_pric", "exercise_price", PRICE_DECIMAL, "ELW행사가", UNDERLYING),
                Column("cnvt_rt", "conversion_ratio", RATIO, "전환비율"),
                Column("elwexpr_dt", "expiry_date", DATE, "ELW만기일"),
                Column("cntr_engg", "open_interest", QUANTITY, "미결제약정", UNKNOWN),
                Column("cntr_pred_pre", "open_interest_change", CHANGE, "미결제전일대비", UNKNOWN),
                Column("theory_pric", "theoretical_price", PRICE_DECIMAL, "이론가", UNKNOWN),
                Column("innr_vltl", "implied_volatility", RATIO, "내재변동성", UNKNOWN),
                Column("delta", "delta", RATIO, "델타", UNKNOWN),
                Column("gam", "gamma", RATIO, "감마", UNKNOWN),
                Column("theta", "theta", RATIO, "쎄타", UNKNOWN),
                Column("vega", "vega", RATIO, "베가", UNKNOWN),
                Column("law", "rho", RATIO, "로", UNKNOWN),
            ),
        ),
    ),
)

STOCKS = Endpoint(
    "ka10099",
    ko="종목정보 리스트",
    en="What is listed on a market",
    path="/api/dostk/stkinfo",
    category="stock",
    params=(
        choice(
            *("mrkt_tp", "market", "시장구분", "kospi"),
            kospi="0",
            kosdaq="10",
            konex="50",
            k_otc="30",
            etf="8",
            elw="3",
            reit="6",
            rights="5",
            mutual_fund="4",
            high_yield="9",
        ),
    ),
    key=("code",),
    final="by the day",
    note="ETFs (market_code 8) and ETNs (60 and 90) come with KOSPI as well; a whole market is one answer "
    "(2,474 and 1,821 rows, live 2026).",
    parts=(
        Part(
            "stocks",
            "list",
            "종목리스트",
            (
                Column("code", "code", CODE, "종목코드"),
                Column("name", "name", NAME, "종목명"),
                Column("listCount", "listed_shares", QUANTITY, "상장주식수", SHARES),
                Column("auditInfo", "audit_state", TEXT, "감리구분"),
                Column("regDay", "listing_date", DATE, "상장일"),
                Column("lastPrice", "previous_close", PRICE, "전일종가", KRW),
                Column("state", "state", TEXT, "종목상태", note="several words, joined by a bar"),
                Column("marketCode", "market_code", CODE, "시장구분코드"),
                Column("marketName", "market", NAME, "시장명"),
                Column("upName", "sector", NAME, "업종명"),
                Column("upSizeName", "size_class", NAME, "회사크기분류"),
                Column("companyClassName", "company_class", NAME, "회사분류", note="of KOSDAQ alone"),
                Column("orderWarning", "warning", WARNING, "투자유의종목여부"),
                Column("nxtEnable", "on_nxt", YES_NO, "NXT가능여부"),
                Column(
                    *("kind", "kind", TEXT, "구분"), note="A stock, Q ETN: seen live, absent from the guide"
                ),
            ),
        ),
    ),
)

VI_EVENTS = Endpoint(
    "ka10054",
    ko="변동성완화장치발동종목요청",
    en="Volatility interruptions of today",
    path="/api/dostk/stkinfo",
    category="stock",
    params=(
        choice("mrkt_tp", "market", "시장구분", "all", all="000", kospi="001", kosdaq="101"),
        choice("bf_mkrt_tp", "session", "장전구분", "all", all="0", regular="1", after_hours="2"),
        replace(SYMBOL, required=False, blank=True),
        choice("motn_tp", "kind", "발동구분", "all", all="0", static="1", dynamic="2", both="3"),
        Param(
            *("skip_stk", "exclude", "제외종목", TEXT),
            default="",
            flags=(
                *("preferred", "administrative", "warning_or_risk", "caution", "attention", "overheated"),
                *("margin100", "etf", "etn"),
            ),
        ),
        choice("trde_qty_tp", "by_volume", "거래량구분", "off", off="0", on="1"),
        Param(
            "min_trde_qty", "min_volume", "최소거래량", TEXT, default="0", between=(0, 10**12 - 1), blank=True
        ),
        Param(
            "max_trde_qty", "max_volume", "최대거래량", TEXT, default="0", between=(0, 10**12 - 1), blank=True
        ),
        choice("trde_prica_tp", "by_value", "거래대금구분", "off", off="0", on="1"),
        Param(
            "min_trde_prica",
            "min_value",
            "최소거래대금",
            TEXT,
            default="0",
            between=(0, 10**10 - 1),
            blank=True,
        ),
        Param(
            "max_trde_prica",
            "max_value",
            "최대거래대금",
            TEXT,
            default="0",
            between=(0, 10**10 - 1),
            blank=True,
        ),
        choice("motn_drc", "direction", "발동방향", "all", all="0", up="1", down="2"),
        VENUE_PARAM,
    ),
    note="A static interruption has zeros in the dynamic columns, and the other way round. A release repeats "
    "the row with its time. The value limits are in millions of won.",
    parts=(
        Part(
            "events",
            "motn_stk",
            "발동종목",
            (
                *code_and_name(),
                quantity("acc_trde_qty", "volume", "누적거래량"),
                Column(
                    *("motn_pric", "trigger_price", PRICE, "발동가격", KRW),
                    note="of the trade that triggered it, not the threshold",
                ),
                Column("dynm_dispty_rt", "dynamic_gap_pct", RATE, "동적괴리율", PERCENT, style="plus"),
                Column("trde_cntr_proc_time", "trigger_time", EVENT_TIME, "매매체결처리시각"),
                Column("virelis_time", "release_time", EVENT_TIME, "VI해제시각"),
                Column("viaplc_tp", "vi_type", TEXT, "VI적용구분", note="정적, 동적 or 동적+정적"),
                Column("dynm_stdpc", "dynamic_reference_price", PRICE, "동적기준가격", KRW),
                Column("static_stdpc", "static_reference_price", PRICE, "정적기준가격", KRW),
                Column("static_dispty_rt", "static_gap_pct", RATE, "정적괴리율", PERCENT, style="plus"),
                Column("open_pric_pre_flu_rt", "vs_open_pct", RATE, "시가대비등락률", PERCENT, style="plus"),
                Column("vimotn_cnt", "vi_count", COUNT, "VI발동횟수"),
                Column("stex_tp", "venue", VENUE, "거래소구분"),
            ),
        ),
    ),
)

ENDPOINTS = (QUOTES, STOCKS, VI_EVENTS)
