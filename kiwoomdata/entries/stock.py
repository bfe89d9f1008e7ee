"""Stocks: what is listed, quotes of many, interruptions (종목정보). Sources as in :mod:`.quote`."""

from __future__ import annotations

from dataclasses import replace

from kiwoomdata.entries.common import (
    SYMBOL,
    SYMBOL_KRX,
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
    Walk,
)
from kiwoomdata.kinds import (
    AMOUNT,
    CHANGE,
    CODE,
    COUNT,
    DATE,
    DIRECTION,
    EVENT_TIME,
    FLOW,
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
    function="quotes",
    example='kd.quotes(["005930", "000660"])',
    params=(replace(SYMBOL, join="|", at_most=100),),
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
                Column("base_pric", "base_price", PRICE, "기준가", KRW),
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
                Column("elwexec_pric", "strike", PRICE_DECIMAL, "ELW행사가", UNDERLYING),
                Column("cnvt_rt", "conversion_ratio", RATIO, "전환비율"),
                Column("elwexpr_dt", "expiry_date", DATE, "ELW만기일"),
                Column("cntr_engg", "open_interest_as_served", QUANTITY, "미결제약정", UNKNOWN),
                Column("cntr_pred_pre", "open_interest_change_as_served", CHANGE, "미결제전일대비", UNKNOWN),
                Column("theory_pric", "theoretical_price_as_served", PRICE_DECIMAL, "이론가", UNKNOWN),
                Column("innr_vltl", "implied_volatility_as_served", RATIO, "내재변동성", UNKNOWN),
                Column("delta", "delta_as_served", RATIO, "델타", UNKNOWN),
                Column("gam", "gamma_as_served", RATIO, "감마", UNKNOWN),
                Column("theta", "theta_as_served", RATIO, "쎄타", UNKNOWN),
                Column("vega", "vega_as_served", RATIO, "베가", UNKNOWN),
                Column("law", "rho_as_served", RATIO, "로", UNKNOWN),
            ),
        ),
    ),
)

_LISTED = (
    Column("code", "code", CODE, "종목코드"),
    Column("name", "name", NAME, "종목명"),
    Column("listCount", "listed_shares", QUANTITY, "상장주식수", SHARES, filled=16),
    Column("auditInfo", "audit_state", TEXT, "감리구분"),
    Column("regDay", "listing_date", DATE, "상장일"),
    Column("lastPrice", "previous_close", PRICE, "전일종가", KRW, filled=8),
    Column("state", "state", TEXT, "종목상태", note="several words, joined by a bar"),
    Column("marketCode", "market_code", CODE, "시장구분코드"),
    Column("marketName", "market", NAME, "시장명"),
    Column("upName", "sector", NAME, "업종명"),
    Column("upSizeName", "size_class", NAME, "회사크기분류"),
    Column("companyClassName", "company_class", NAME, "회사분류", note="of KOSDAQ alone"),
    Column("orderWarning", "warning", WARNING, "투자유의종목여부"),
    Column("nxtEnable", "on_nxt", YES_NO, "NXT가능여부", note="blank for some, live: null"),
    Column(*("kind", "kind", TEXT, "구분"), unlisted=True, note="A stock, Q ETN: seen live"),
)
"""What ka10099 says of every code, and ka10100 of one."""

STOCKS = Endpoint(
    "ka10099",
    ko="종목정보 리스트",
    en="What is listed on a market",
    path="/api/dostk/stkinfo",
    category="stock",
    function="stocks",
    example='kd.stocks("kospi")',
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
    note="ETFs (market_code 8), ETNs (60 and 90, their codes without the Q) and REITs (6) come with KOSPI as "
    "well; a whole market is one answer (2,474 and 1,821 rows, live 2026).",
    parts=(
        Part(
            "stocks",
            "list",
            "종목리스트",
            _LISTED,
        ),
    ),
)

VI_EVENTS = Endpoint(
    "ka10054",
    ko="변동성완화장치발동종목요청",
    en="Volatility interruptions of today",
    path="/api/dostk/stkinfo",
    category="stock",
    function="vi_events",
    example='kd.vi_events(market="kospi")',
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

STOCK_INFO = Endpoint(
    "ka10001",
    ko="주식기본정보요청",
    en="Fundamentals and prices of a stock",
    path="/api/dostk/stkinfo",
    category="stock",
    function="stock_info",
    example='kd.stock_info("005930")',
    params=(SYMBOL,),
    note=(
        "Listed shares come in thousands and market cap in eok; PER, ROE and their like come weekly from "
        "a third party. expected_price is alive from 16:00 to 18:00."
    ),
    parts=(
        Part(
            "info",
            None,
            "주식기본정보",
            (
                *code_and_name(),
                Column("setl_mm", "settlement_month", TEXT, "결산월"),
                price("fav", "par_value", "액면가"),
                Column("cap", "capital", AMOUNT, "자본금", HUNDRED_MILLION_KRW),
                quantity("flo_stk", "listed_shares", "상장주식", THOUSAND_SHARES),
                Column("crd_rt", "credit_ratio", RATE, "신용비율", PERCENT, style="plus"),
                price("oyr_hgst", "year_high", "연중최고"),
                price("oyr_lwst", "year_low", "연중최저"),
                Column("mac", "market_cap", AMOUNT, "시가총액", HUNDRED_MILLION_KRW),
                Column("mac_wght", "market_cap_weight_pct", RATE, "시가총액비중", PERCENT, style="plus"),
                Column("for_exh_rt", "foreign_limit_used_pct", RATE, "외인소진률", PERCENT, style="plus"),
                price("repl_pric", "substitute_price", "대용가"),
                Column("per", "per", RATIO, "PER"),
                Column("eps", "eps", CHANGE, "EPS", KRW, style="plus"),
                Column("roe", "roe_pct", RATE, "ROE", PERCENT, style="plus"),
                Column("pbr", "pbr", RATIO, "PBR"),
                Column("ev", "ev_multiple", RATIO, "EV"),
                Column("bps", "bps", CHANGE, "BPS", KRW, style="plus"),
                Column("sale_amt", "sales_as_served", AMOUNT, "매출액", UNKNOWN),
                Column("bus_pro", "operating_profit_as_served", FLOW, "영업이익", UNKNOWN, style="plus"),
                Column("cup_nga", "net_income", FLOW, "당기순이익", HUNDRED_MILLION_KRW, style="plus"),
                price("250hgst", "high_250d", "250최고"),
                price("250lwst", "low_250d", "250최저"),
                price("open_pric", "open", "시가"),
                price("high_pric", "high", "고가"),
                price("low_pric", "low", "저가"),
                price("upl_pric", "upper_limit", "상한가"),
                price("lst_pric", "lower_limit", "하한가"),
                price("base_pric", "base_price", "기준가"),
                price("exp_cntr_pric", "expected_price", "예상체결가"),
                quantity("exp_cntr_qty", "expected_quantity", "예상체결수량"),
                Column("250hgst_pric_dt", "high_250d_date", DATE, "250최고가일"),
                Column(
                    "250hgst_pric_pre_rt", "vs_high_250d_pct", RATE, "250최고가대비율", PERCENT, style="plus"
                ),
                Column("250lwst_pric_dt", "low_250d_date", DATE, "250최저가일"),
                Column(
                    "250lwst_pric_pre_rt", "vs_low_250d_pct", RATE, "250최저가대비율", PERCENT, style="plus"
                ),
                price("cur_prc", "price", "현재가"),
                *moved("pre_sig", "pred_pre", "flu_rt", "등락율"),
                quantity("trde_qty", "volume", "거래량"),
                Column("trde_pre", "volume_ratio_pct", SHARE, "거래대비", PERCENT, style="plus"),
                Column("fav_unit", "par_unit", TEXT, "액면가단위"),
                quantity("dstr_stk", "floating_shares", "유통주식", THOUSAND_SHARES),
                Column("dstr_rt", "floating_pct", RATE, "유통비율", PERCENT, style="plus"),
            ),
        ),
    ),
)

TRADES_IN_WON = Endpoint(
    "ka10003",
    ko="체결정보요청",
    en="Trades of a stock today, values in won",
    path="/api/dostk/stkinfo",
    category="stock",
    params=(SYMBOL,),
    page_rows=30,
    note=(
        "The value is in won here, in millions in ka10084 and ka10055. A quantity without a sign is an "
        "auction's: it has no side."
    ),
    parts=(
        Part(
            "trades",
            "cntr_infr",
            "체결정보",
            (
                Column("tm", "time", TIME, "시간"),
                price("cur_prc", "price", "현재가"),
                Column("pred_pre", "change", CHANGE, "전일대비", KRW, style="plus"),
                Column("pre_rt", "change_pct", RATE, "대비율", PERCENT, style="plus"),
                price("pri_sel_bid_unit", "ask", "우선매도호가단위"),
                price("pri_buy_bid_unit", "bid", "우선매수호가단위"),
                Column(
                    "cntr_trde_qty",
                    "side",
                    SIDE,
                    "체결거래량부호",
                    note="sign of the quantity: + buy, - sell",
                ),
                Column("cntr_trde_qty", "quantity", MAGNITUDE, "체결거래량", SHARES),
                Column("sign", "direction", DIRECTION, "sign"),
                quantity("acc_trde_qty", "cumulative_volume", "누적거래량"),
                Column("acc_trde_prica", "cumulative_value", AMOUNT, "누적거래대금", KRW),
                Column("cntr_str", "strength", RATIO, "체결강도", PERCENT),
                Column("stex_tp", "venue", VENUE, "거래소구분"),
            ),
        ),
    ),
)

DAILY_DETAIL = Endpoint(
    "ka10015",
    ko="일별거래상세요청",
    en="A stock by day, by part of the session",
    path="/api/dostk/stkinfo",
    category="stock",
    function="daily_detail",
    example='kd.daily_detail("005930", "2024-01-02", "2024-01-31")',
    params=(SYMBOL, Param("strt_dt", "until", "시작일자", DATE)),
    walk=Walk("date", until="strt_dt"),
    key=("date",),
    page_rows=100,
    order="newest first",
    final="next morning",
    every_day=True,
    rebased=True,
    note=(
        "The request key is named start, and the rows run back from it. Pre-market, session and post- "
        "market volumes add up to the volume. The flow and credit cells are blank on every live row: see "
        "ka10086."
    ),
    parts=(
        Part(
            "days",
            "daly_trde_dtl",
            "일별거래상세",
            (
                Column("dt", "date", DATE, "일자"),
                price("close_pric", "close", "종가"),
                *moved("pred_pre_sig", "pred_pre", "flu_rt", "등락율"),
                quantity("trde_qty", "volume", "거래량"),
                Column("trde_prica", "value", AMOUNT, "거래대금", MILLION_KRW),
                quantity("bf_mkrt_trde_qty", "pre_market_volume", "장전거래량"),
                Column("bf_mkrt_trde_wght", "pre_market_pct", RATE, "장전거래비중", PERCENT, style="plus"),
                quantity("opmr_trde_qty", "session_volume", "장중거래량"),
                Column("opmr_trde_wght", "session_pct", RATE, "장중거래비중", PERCENT, style="plus"),
                quantity("af_mkrt_trde_qty", "post_market_volume", "장후거래량"),
                Column("af_mkrt_trde_wght", "post_market_pct", RATE, "장후거래비중", PERCENT, style="plus"),
                quantity("tot_3", "total_3_as_served", "합계3", UNKNOWN),
                quantity("prid_trde_qty", "period_volume", "기간중거래량"),
                Column("cntr_str", "strength", RATIO, "체결강도", PERCENT),
                Column("for_poss", "foreign_holding_pct", RATE, "외인보유", PERCENT, style="plus"),
                Column("for_wght", "foreign_weight_pct", RATE, "외인비중", PERCENT, style="plus"),
                Column("for_netprps", "foreign_net_buy_as_served", FLOW, "외인순매수", UNKNOWN, style="plus"),
                Column(
                    "orgn_netprps", "institution_net_buy_as_served", FLOW, "기관순매수", UNKNOWN, style="plus"
                ),
                Column(
                    "ind_netprps", "individual_net_buy_as_served", FLOW, "개인순매수", UNKNOWN, style="plus"
                ),
                Column("frgn", "foreign_brokers_net_buy_as_served", FLOW, "외국계", UNKNOWN, style="plus"),
                Column("crd_remn_rt", "credit_balance_ratio", RATE, "신용잔고율", PERCENT, style="plus"),
                Column("prm", "program_net_buy_as_served", FLOW, "프로그램", UNKNOWN, style="plus"),
                Column("bf_mkrt_trde_prica", "pre_market_value_as_served", AMOUNT, "장전거래대금", UNKNOWN),
                Column(
                    "bf_mkrt_trde_prica_wght",
                    "pre_market_value_pct",
                    RATE,
                    "장전거래대금비중",
                    PERCENT,
                    style="plus",
                ),
                Column("opmr_trde_prica", "session_value_as_served", AMOUNT, "장중거래대금", UNKNOWN),
                Column(
                    "opmr_trde_prica_wght",
                    "session_value_pct",
                    RATE,
                    "장중거래대금비중",
                    PERCENT,
                    style="plus",
                ),
                Column("af_mkrt_trde_prica", "post_market_value_as_served", AMOUNT, "장후거래대금", UNKNOWN),
                Column(
                    "af_mkrt_trde_prica_wght",
                    "post_market_value_pct",
                    RATE,
                    "장후거래대금비중",
                    PERCENT,
                    style="plus",
                ),
            ),
        ),
    ),
)

TRADES_BY_DAY = Endpoint(
    "ka10055",
    ko="당일전일체결량요청",
    en="Trades of a stock today or the day before",
    path="/api/dostk/stkinfo",
    category="stock",
    params=(SYMBOL, choice("tdy_pred", "day", "당일전일", None, today="1", previous="2")),
    final="by the day",
    parts=(
        Part(
            "trades",
            "tdy_pred_cntr_qty",
            "당일전일체결량",
            (
                Column("cntr_tm", "time", TIME, "체결시간"),
                price("cntr_pric", "price", "체결가"),
                *moved("pred_pre_sig", "pred_pre", "flu_rt", "등락율"),
                Column("cntr_qty", "side", SIDE, "체결량부호", note="sign of the quantity: + buy, - sell"),
                Column("cntr_qty", "quantity", MAGNITUDE, "체결량", SHARES),
                quantity("acc_trde_qty", "cumulative_volume", "누적거래량"),
                Column("acc_trde_prica", "cumulative_value", AMOUNT, "누적거래대금", MILLION_KRW),
            ),
        ),
    ),
)

TRADES = Endpoint(
    "ka10084",
    ko="당일전일체결요청",
    en="Trades of a stock today or the day before, by tick or minute",
    path="/api/dostk/stkinfo",
    category="stock",
    function="trades",
    example='kd.trades("005930")',
    params=(
        SYMBOL,
        choice("tdy_pred", "day", "당일전일", None, today="1", previous="2"),
        choice("tic_min", "interval", "틱분", "tick", tick="0", minute="1"),
        Param(
            "tm",
            "at",
            "시간",
            TEXT,
            required=False,
            blank=True,
            pattern="[0-9]{4}",
            help="hour and minute such as '0930'",
            example="0930",
        ),
    ),
    page_rows=100,
    final="by the day",
    note=("A quantity without a sign is an auction's: it has no side."),
    parts=(
        Part(
            "trades",
            "tdy_pred_cntr",
            "당일전일체결",
            (
                Column("tm", "time", TIME, "시간"),
                price("cur_prc", "price", "현재가"),
                Column("pred_pre", "change", CHANGE, "전일대비", KRW, style="plus"),
                Column("pre_rt", "change_pct", RATE, "대비율", PERCENT, style="plus"),
                price("pri_sel_bid_unit", "ask", "우선매도호가단위"),
                price("pri_buy_bid_unit", "bid", "우선매수호가단위"),
                Column(
                    "cntr_trde_qty",
                    "side",
                    SIDE,
                    "체결거래량부호",
                    note="sign of the quantity: + buy, - sell",
                ),
                Column("cntr_trde_qty", "quantity", MAGNITUDE, "체결거래량", SHARES),
                Column("sign", "direction", DIRECTION, "전일대비기호"),
                quantity("acc_trde_qty", "cumulative_volume", "누적거래량"),
                Column("acc_trde_prica", "cumulative_value", AMOUNT, "누적거래대금", MILLION_KRW),
                Column("cntr_str", "strength", RATIO, "체결강도", PERCENT),
                Column("stex_tp", "venue", VENUE, "거래소구분"),
            ),
        ),
    ),
)

STOCK = Endpoint(
    "ka10100",
    ko="종목정보 조회",
    en="What one code is",
    path="/api/dostk/stkinfo",
    category="stock",
    params=(SYMBOL_KRX,),
    final="by the day",
    parts=(
        Part(
            "stock",
            None,
            "종목정보 조회",
            _LISTED,
        ),
    ),
)

BROKERS = Endpoint(
    "ka10102",
    ko="회원사 리스트",
    en="Member firms and their codes",
    path="/api/dostk/stkinfo",
    category="stock",
    function="brokers",
    example="kd.brokers()",
    params=(),
    final="by the day",
    note=(
        "One name may stand twice with two codes. kind_code 0 is domestic and 1 foreign; what 2 is "
        "nobody has said."
    ),
    parts=(
        Part(
            "brokers",
            "list",
            "회원사코드리스트",
            (
                Column("code", "broker", CODE, "코드"),
                Column("name", "name", NAME, "업종명"),
                Column("gb", "kind_code", CODE, "구분"),
            ),
        ),
    ),
)

ENDPOINTS = (
    QUOTES,
    STOCKS,
    VI_EVENTS,
    STOCK_INFO,
    TRADES_IN_WON,
    DAILY_DETAIL,
    TRADES_BY_DAY,
    TRADES,
    STOCK,
    BROKERS,
)
