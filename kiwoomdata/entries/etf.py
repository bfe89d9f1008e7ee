"""Exchange-traded funds (ETF). Sources as in :mod:`.quote`."""

from __future__ import annotations

from kiwoomdata.entries.common import SYMBOL_KRX, VENUE_PARAM, choice, moved, price, quantity
from kiwoomdata.entries.entry import (
    HUNDREDTH_PERCENT,
    KRW,
    MILLION_KRW,
    PERCENT,
    POINTS_X100,
    SHARES,
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
    CHANGE_DECIMAL,
    CODE,
    DATE,
    DIRECTION,
    FLOW,
    INDEX,
    NAME,
    PRICE_DECIMAL,
    RATE,
    RATIO,
    TEXT,
    TIME,
    VENUE,
)

ETF_RETURN = Endpoint(
    "ka40001",
    ko="ETF수익율요청",
    en="Return of an ETF beside an index",
    path="/api/dostk/etf",
    category="etf",
    function="etf_return",
    example='kd.etf_return("005930", "207")',
    params=(
        SYMBOL_KRX,
        Param(
            "etfobjt_idex_cd",
            "index",
            "ETF대상지수코드",
            CODE,
            pattern="[0-9]{3}",
            help="three digits such as '207'",
            example="207",
        ),
        choice("dt", "period", "기간", None, week="0", month="1", six_months="2", year="3"),
    ),
    final="by the day",
    note=("The index is a free choice and is not checked. A venue's suffix empties the answer."),
    parts=(
        Part(
            "returns",
            "etfprft_rt_lst",
            "ETF수익율",
            (
                Column("etfprft_rt", "etf_return_pct", RATE, "ETF수익률", PERCENT, style="plus"),
                Column("cntr_prft_rt", "traded_return_pct", RATE, "체결수익률", PERCENT, style="plus"),
                Column("for_netprps_qty", "foreign_net_buy", FLOW, "외인순매수수량", SHARES, style="plus"),
                Column(
                    "orgn_netprps_qty", "institution_net_buy", FLOW, "기관순매수수량", SHARES, style="plus"
                ),
            ),
        ),
    ),
)

ETF_INFO = Endpoint(
    "ka40002",
    ko="ETF종목정보요청",
    en="What an ETF is",
    path="/api/dostk/etf",
    category="etf",
    function="etf_info",
    example='kd.etf_info("005930")',
    params=(SYMBOL_KRX,),
    final="by the day",
    parts=(
        Part(
            "info",
            None,
            "ETF종목정보",
            (
                Column("stk_nm", "name", NAME, "종목명"),
                Column("etfobjt_idex_nm", "index_name", NAME, "ETF대상지수명"),
                Column(
                    "wonju_pric", "original_share_price_as_served", CHANGE, "원주가격", UNKNOWN, style="plus"
                ),
                Column("etftxon_type", "etf_tax", TEXT, "ETF과세유형"),
                Column("etntxon_type", "etn_tax", TEXT, "ETN과세유형"),
            ),
        ),
    ),
)

ETF_DAILY = Endpoint(
    "ka40003",
    ko="ETF일별추이요청",
    en="Price, NAV and tracking of an ETF by day",
    path="/api/dostk/etf",
    category="etf",
    function="etf_daily",
    example='kd.etf_daily("005930")',
    params=(SYMBOL_KRX,),
    walk=Walk("date", whole=True),
    key=("date",),
    order="newest first",
    final="next morning",
    every_day=True,
    note=(
        "The index comes times 100, as does the tracking error. nav_index_gap_pct is against the index, "
        "nav_price_gap_pct the price against the NAV."
    ),
    parts=(
        Part(
            "days",
            "etfdaly_trnsn",
            "ETF일별추이",
            (
                Column("cntr_dt", "date", DATE, "체결일자"),
                price("cur_prc", "close", "현재가"),
                *moved("pre_sig", "pred_pre", "pre_rt", "대비율"),
                quantity("trde_qty", "volume", "거래량"),
                Column("nav", "nav", PRICE_DECIMAL, "NAV", KRW, style="plus"),
                Column("acc_trde_prica", "value", AMOUNT, "누적거래대금", MILLION_KRW),
                Column(
                    "navidex_dispty_rt", "nav_index_gap_pct", RATE, "NAV/지수괴리율", PERCENT, style="plus"
                ),
                Column("navetfdispty_rt", "nav_price_gap_pct", RATE, "NAV/ETF괴리율", PERCENT, style="plus"),
                Column(
                    "trace_eor_rt", "tracking_error_pct", RATE, "추적오차율", HUNDREDTH_PERCENT, style="plus"
                ),
                Column("trace_cur_prc", "index", INDEX, "추적현재가", POINTS_X100, style="plus"),
                Column(
                    "trace_pred_pre",
                    "index_change",
                    CHANGE_DECIMAL,
                    "추적전일대비",
                    POINTS_X100,
                    style="plus",
                ),
                Column("trace_pre_sig", "index_direction", DIRECTION, "추적대비기호"),
            ),
        ),
    ),
)

ETF_QUOTES = Endpoint(
    "ka40004",
    ko="ETF전체시세요청",
    en="All ETFs at the moment",
    path="/api/dostk/etf",
    category="etf",
    function="etf_quotes",
    example="kd.etf_quotes()",
    params=(
        choice(
            "txon_type",
            "tax",
            "과세유형",
            "all",
            all="0",
            exempt="1",
            holding="2",
            company="3",
            foreign="4",
            foreign_exempt="5",
        ),
        choice("navpre", "nav", "NAV대비", "all", all="0", above_close="1", below_close="2"),
        choice(
            "mngmcomp",
            "manager",
            "운용사",
            "all",
            all="0000",
            samsung="3020",
            kiwoom="3027",
            mirae="3191",
            korea_investment="3228",
            kb="3023",
            hanwha="3022",
            other="9999",
        ),
        choice("txon_yn", "taxed", "과세여부", "all", all="0", taxed="1", exempt="2"),
        choice("trace_idex", "close_repeated", "추적지수", "all", all="0"),
        VENUE_PARAM,
    ),
    key=("code",),
    page_rows=100,
    note=(
        "index and index_change_pct repeat the close and its change on every live row; five more columns "
        "are blank on all."
    ),
    parts=(
        Part(
            "etfs",
            "etfall_mrpr",
            "ETF전체시세",
            (
                Column("stk_cd", "code", CODE, "종목코드"),
                Column("stk_cls", "stock_class", TEXT, "종목분류"),
                Column("stk_nm", "name", NAME, "종목명"),
                price("close_pric", "close", "종가"),
                *moved("pre_sig", "pred_pre", "pre_rt", "대비율"),
                quantity("trde_qty", "volume", "거래량"),
                Column("nav", "nav", PRICE_DECIMAL, "NAV", KRW, style="plus"),
                Column("trace_eor_rt", "tracking_error_pct", RATE, "추적오차율", PERCENT, style="plus"),
                Column("txbs", "tax_base_as_served", PRICE_DECIMAL, "과표기준", UNKNOWN, style="plus"),
                Column(
                    "dvid_bf_base",
                    "before_dividend_base_as_served",
                    PRICE_DECIMAL,
                    "배당전기준",
                    UNKNOWN,
                    style="plus",
                ),
                Column(
                    "pred_dvida",
                    "previous_dividend_as_served",
                    PRICE_DECIMAL,
                    "전일배당금",
                    UNKNOWN,
                    style="plus",
                ),
                Column("trace_idex_nm", "index_name", NAME, "추적지수명"),
                Column("drng", "multiple", RATIO, "배수"),
                Column("trace_idex_cd", "index_code", CODE, "추적지수코드"),
                Column("trace_idex", "close_repeated", INDEX, "추적지수", KRW, style="plus"),
                Column("trace_flu_rt", "change_pct_repeated", RATE, "추적등락율", PERCENT, style="plus"),
            ),
        ),
    ),
)

ETF_INTRADAY = Endpoint(
    "ka40006",
    ko="ETF시간대별추이요청",
    en="Price, NAV and tracking of an ETF today",
    path="/api/dostk/etf",
    category="etf",
    function="etf_intraday",
    example='kd.etf_intraday("005930")',
    params=(SYMBOL_KRX,),
    note=("navidex and navetf are gaps in percent. The scale of the index is not proven."),
    parts=(
        Part(
            "info",
            None,
            "ETF시간대별추이",
            (
                Column("stk_nm", "name", NAME, "종목명"),
                Column("etfobjt_idex_nm", "index_name", NAME, "ETF대상지수명"),
                Column(
                    "wonju_pric", "original_share_price_as_served", CHANGE, "원주가격", UNKNOWN, style="plus"
                ),
                Column("etftxon_type", "etf_tax", TEXT, "ETF과세유형"),
                Column("etntxon_type", "etn_tax", TEXT, "ETN과세유형"),
            ),
        ),
        Part(
            "times",
            "etftisl_trnsn",
            "ETF시간대별추이",
            (
                Column("tm", "time", TIME, "시간"),
                price("close_pric", "price", "종가"),
                *moved("pre_sig", "pred_pre", "flu_rt", "등락율"),
                quantity("trde_qty", "volume", "거래량"),
                Column("nav", "nav", PRICE_DECIMAL, "NAV", KRW, style="plus"),
                Column("trde_prica", "value_as_served", AMOUNT, "거래대금", UNKNOWN),
                Column("navidex", "nav_index_gap_pct", RATE, "NAV지수", PERCENT, style="plus"),
                Column("navetf", "nav_price_gap_pct", RATE, "NAVETF", PERCENT, style="plus"),
                Column("trace", "tracking_error_pct", RATE, "추적", PERCENT, style="plus"),
                Column("trace_idex", "index_as_served", INDEX, "추적지수", UNKNOWN, style="plus"),
                Column(
                    "trace_idex_pred_pre",
                    "index_change_as_served",
                    CHANGE_DECIMAL,
                    "추적지수전일대비",
                    UNKNOWN,
                    style="plus",
                ),
                Column("trace_idex_pred_pre_sig", "index_direction", DIRECTION, "추적지수전일대비기호"),
            ),
        ),
    ),
)

ETF_TRADES = Endpoint(
    "ka40007",
    ko="ETF시간대별체결요청",
    en="Trades of an ETF today",
    path="/api/dostk/etf",
    category="etf",
    function="etf_trades",
    example='kd.etf_trades("005930")',
    params=(SYMBOL_KRX,),
    parts=(
        Part(
            "info",
            None,
            "ETF시간대별체결",
            (
                Column("stk_cls", "stock_class", TEXT, "종목분류"),
                Column("stk_nm", "name", NAME, "종목명"),
                Column("etfobjt_idex_nm", "index_name", NAME, "ETF대상지수명"),
                Column("etfobjt_idex_cd", "index_code", CODE, "ETF대상지수코드"),
                Column("objt_idex_pre_rt", "index_change_pct", RATE, "대상지수대비율", PERCENT, style="plus"),
                Column(
                    "wonju_pric", "original_share_price_as_served", CHANGE, "원주가격", UNKNOWN, style="plus"
                ),
            ),
        ),
        Part(
            "trades",
            "etftisl_cntr_array",
            "ETF시간대별체결배열",
            (
                Column("cntr_tm", "time", TIME, "체결시간"),
                price("cur_prc", "price", "현재가"),
                Column("pre_sig", "direction", DIRECTION, "대비기호"),
                Column("pred_pre", "change", CHANGE, "전일대비", KRW, style="plus"),
                quantity("trde_qty", "volume", "거래량"),
                Column("stex_tp", "venue", VENUE, "거래소구분"),
            ),
        ),
    ),
)

ETF_DAILY_FLOWS = Endpoint(
    "ka40008",
    ko="ETF일자별체결요청",
    en="Net buying of an ETF by day",
    path="/api/dostk/etf",
    category="etf",
    function="etf_daily_flows",
    example='kd.etf_daily_flows("005930")',
    params=(SYMBOL_KRX,),
    walk=Walk("date", whole=True),
    key=("date",),
    order="newest first",
    final="next morning",
    every_day=True,
    parts=(
        Part(
            "now",
            None,
            "ETF일자별체결",
            (
                Column("cntr_tm", "time", TIME, "체결시간"),
                price("cur_prc", "price", "현재가"),
                Column("pre_sig", "direction", DIRECTION, "대비기호"),
                Column("pred_pre", "change", CHANGE, "전일대비", KRW, style="plus"),
                quantity("trde_qty", "volume", "거래량"),
            ),
        ),
        Part(
            "days",
            "etfnetprps_qty_array",
            "ETF순매수수량배열",
            (
                Column("dt", "date", DATE, "일자"),
                price("cur_prc_n", "close", "현재가n"),
                Column("pre_sig_n", "direction", DIRECTION, "대비기호n"),
                Column("pred_pre_n", "change", CHANGE, "전일대비n", KRW, style="plus"),
                quantity("acc_trde_qty", "volume", "누적거래량"),
                Column("for_netprps_qty", "foreign_net_buy", FLOW, "외인순매수수량", SHARES, style="double"),
                Column(
                    "orgn_netprps_qty", "institution_net_buy", FLOW, "기관순매수수량", SHARES, style="double"
                ),
            ),
        ),
    ),
)

ETF_NAV = Endpoint(
    "ka40009",
    ko="ETF시간대별체결요청",
    en="NAV of an ETF, rows without a time",
    path="/api/dostk/etf",
    category="etf",
    params=(SYMBOL_KRX,),
    note=("The rows carry neither date nor time, and most cells are blank."),
    parts=(
        Part(
            "rows",
            "etfnavarray",
            "ETFNAV배열",
            (
                Column("nav", "nav", PRICE_DECIMAL, "NAV", KRW, style="plus"),
                Column("navpred_pre", "nav_change", CHANGE_DECIMAL, "NAV전일대비", KRW, style="plus"),
                Column("navflu_rt", "nav_change_pct", RATE, "NAV등락율", PERCENT, style="plus"),
                Column("trace_eor_rt", "tracking_error_pct", RATE, "추적오차율", PERCENT, style="plus"),
                Column("dispty_rt", "gap_pct", RATE, "괴리율", PERCENT, style="plus"),
                quantity("stkcnt", "listed_shares_as_served", "주식수", UNKNOWN),
                price("base_pric", "base_price", "기준가"),
                quantity("for_rmnd_qty", "foreign_holding", "외인보유수량"),
                price("repl_pric", "substitute_price", "대용가"),
                Column(
                    "conv_pric", "converted_price_as_served", PRICE_DECIMAL, "환산가격", UNKNOWN, style="plus"
                ),
                Column("drstk", "depositary_ratio", RATIO, "DR/주"),
                Column(
                    "wonju_pric", "original_share_price_as_served", CHANGE, "원주가격", UNKNOWN, style="plus"
                ),
            ),
        ),
    ),
)

ETF_FLOWS = Endpoint(
    "ka40010",
    ko="ETF시간대별추이요청",
    en="Price and foreign net buying of an ETF, rows without a time",
    path="/api/dostk/etf",
    category="etf",
    params=(SYMBOL_KRX,),
    note=("The rows carry no time."),
    parts=(
        Part(
            "rows",
            "etftisl_trnsn",
            "ETF시간대별추이",
            (
                price("cur_prc", "price", "현재가"),
                Column("pre_sig", "direction", DIRECTION, "대비기호"),
                Column("pred_pre", "change", CHANGE, "전일대비", KRW, style="plus"),
                quantity("trde_qty", "volume", "거래량"),
                Column("for_netprps", "foreign_net_buy", FLOW, "외인순매수", SHARES, style="plus"),
            ),
        ),
    ),
)

ENDPOINTS = (
    ETF_RETURN,
    ETF_INFO,
    ETF_DAILY,
    ETF_QUOTES,
    ETF_INTRADAY,
    ETF_TRADES,
    ETF_DAILY_FLOWS,
    ETF_NAV,
    ETF_FLOWS,
)
