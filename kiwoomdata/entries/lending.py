"""Lending and credit (대차거래, 신용). Sources as in :mod:`.quote`."""

from __future__ import annotations

from dataclasses import replace

from kiwoomdata.entries.common import (
    SYMBOL,
    SYMBOL_KRX,
    VENUE_PARAM,
    choice,
    code_and_name,
    moved,
    price,
    quantity,
)
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
    Walk,
)
from kiwoomdata.entries.filters import CREDIT, STOCKS, picked
from kiwoomdata.kinds import AMOUNT, CHANGE, CODE, DATE, DIRECTION, FLOW, NAME, RATE, TEXT, YES_NO

CREDIT_TREND = Endpoint(
    "ka10013",
    ko="신용매매동향요청",
    en="Margin loans or short credit of a stock by day",
    path="/api/dostk/stkinfo",
    category="stock",
    function="credit_trend",
    example='kd.credit_trend("005930", "2024-01-02", "2024-01-31")',
    params=(
        SYMBOL,
        Param("dt", "until", "일자", DATE),
        choice("qry_tp", "kind", "조회구분", None, loan="1", short="2"),
    ),
    walk=Walk("date", until="dt"),
    key=("date",),
    page_rows=100,
    order="newest first",
    final="next morning",
    # Printed: a row of a day without a trade and without a credit cell. Live: 2026-07-30 and -31, asked on
    # the next session, and a hundred rows that reach back a hundred days.
    every_day=True,
    no_today=True,
    credit_columns=(
        "new",
        "repaid",
        "balance",
        "balance_value",
        "balance_change",
        "lending_ratio_pct",
        "balance_ratio_pct",
    ),
    note=(
        "balance_change is new minus repaid. There is no row for today; the loans of a day come two "
        "trading days later. At all venues only price, change and volume differ."
    ),
    parts=(
        Part(
            "days",
            "crd_trde_trend",
            "신용매매동향",
            (
                Column("dt", "date", DATE, "일자"),
                price("cur_prc", "close", "현재가"),
                Column("pred_pre_sig", "direction", DIRECTION, "전일대비기호"),
                Column("pred_pre", "change", CHANGE, "전일대비", KRW, style="plus"),
                quantity("trde_qty", "volume", "거래량"),
                quantity("new", "new", "신규"),
                quantity("rpya", "repaid", "상환"),
                quantity("remn", "balance", "잔고"),
                Column("amt", "balance_value", AMOUNT, "금액", MILLION_KRW),
                Column("pre", "balance_change", FLOW, "대비", SHARES, style="plus"),
                Column("shr_rt", "lending_ratio_pct", RATE, "공여율", PERCENT, style="plus"),
                Column("remn_rt", "balance_ratio_pct", RATE, "잔고율", PERCENT, style="plus"),
            ),
        ),
    ),
)

CREDIT_RANKING = Endpoint(
    "ka10033",
    ko="신용비율상위요청",
    en="Stocks by credit ratio",
    path="/api/dostk/rkinfo",
    category="ranking",
    function="credit_ranking",
    example="kd.credit_ranking()",
    params=(
        choice("mrkt_tp", "market", "시장구분", "all", all="000", kospi="001", kosdaq="101"),
        Param(
            "trde_qty_tp",
            "min_volume",
            "거래량구분",
            TEXT,
            {
                "all": "0",
                "10k": "10",
                "50k": "50",
                "100k": "100",
                "200k": "200",
                "300k": "300",
                "500k": "500",
                "1m": "1000",
            },
            default="all",
        ),
        Param("stk_cnd", "stocks", "종목조건", TEXT, picked(STOCKS, "0 1 5 6 7 8 9"), default="all"),
        choice("updown_incls", "limits", "상하한포함", "include", exclude="0", include="1"),
        Param("crd_cnd", "credit", "신용조건", TEXT, picked(CREDIT, "0 1 2 3 4 7 9"), default="all"),
        VENUE_PARAM,
    ),
    final="by the day",
    note=("Of the filters only the least volume acts (live, 2026)."),
    parts=(
        Part(
            "stocks",
            "crd_rt_upper",
            "신용비율상위",
            (
                Column("stk_infr", "stock_info", TEXT, "종목정보"),
                *code_and_name(),
                price("cur_prc", "price", "현재가"),
                *moved("pred_pre_sig", "pred_pre", "flu_rt"),
                Column("crd_rt", "credit_ratio", RATE, "신용비율", PERCENT, style="plus"),
                quantity("sel_req", "ask_quantity", "매도잔량"),
                quantity("buy_req", "bid_quantity", "매수잔량"),
                quantity("now_trde_qty", "volume", "현재거래량"),
            ),
        ),
    ),
    page_rows=100,
)

LENDING = Endpoint(
    "ka10068",
    ko="대차거래추이요청",
    en="Securities lending of the market by day",
    path="/api/dostk/slb",
    category="lending",
    function="lending",
    example='kd.lending(start="2024-01-02", end="2024-01-31")',
    params=(
        Param("strt_dt", "start", "시작일자", DATE, required=False, example="2024-01-02"),
        Param("end_dt", "end", "종료일자", DATE, required=False),
        Param("all_tp", "all", "전체구분", TEXT, {"1": "1"}, default="1"),
    ),
    walk=Walk("date", until="end_dt", since="strt_dt"),
    every_day=True,
    key=("date",),
    order="newest first",
    final="next morning",
    note=("The latest 100 days without dates. Today's row is zeros until it is counted."),
    parts=(
        Part(
            "days",
            "dbrt_trde_trnsn",
            "대차거래추이",
            (
                Column("dt", "date", DATE, "일자"),
                quantity("dbrt_trde_cntrcnt", "lent", "대차거래체결주수"),
                quantity("dbrt_trde_rpy", "repaid", "대차거래상환주수"),
                quantity("rmnd", "balance", "잔고주수"),
                Column("dbrt_trde_irds", "net_lent", FLOW, "대차거래증감", SHARES),
                Column("remn_amt", "balance_value", AMOUNT, "잔고금액", MILLION_KRW),
            ),
        ),
    ),
)

LENDING_TOP = Endpoint(
    "ka10069",
    ko="대차거래상위10종목요청",
    en="Stocks lent most",
    path="/api/dostk/slb",
    category="lending",
    function="lending_top",
    example='kd.lending_top("2024-01-02", "2024-01-31")',
    params=(
        Param("strt_dt", "start", "시작일자", DATE, example="2024-01-02"),
        Param("end_dt", "end", "종료일자", DATE, required=False),
        choice("mrkt_tp", "market", "시장구분", None, kospi="001", kosdaq="101"),
    ),
    final="next morning",
    as_of="end_dt",
    parts=(
        Part(
            "totals",
            None,
            "대차거래상위10종목",
            (
                quantity("dbrt_trde_cntrcnt_sum", "lent_total", "대차거래체결주수합"),
                quantity("dbrt_trde_rpy_sum", "repaid_total", "대차거래상환주수합"),
                quantity("rmnd_sum", "balance_total", "잔고주수합"),
                Column("remn_amt_sum", "balance_value_total", AMOUNT, "잔고금액합", MILLION_KRW),
                Column(
                    "dbrt_trde_cntrcnt_rt",
                    "lent_share_pct_as_served",
                    RATE,
                    "대차거래체결주수비율",
                    UNKNOWN,
                    style="plus",
                ),
                Column(
                    "dbrt_trde_rpy_rt",
                    "repaid_share_pct_as_served",
                    RATE,
                    "대차거래상환주수비율",
                    UNKNOWN,
                    style="plus",
                ),
                Column("rmnd_rt", "balance_share_pct_as_served", RATE, "잔고주수비율", UNKNOWN, style="plus"),
                Column(
                    "remn_amt_rt",
                    "balance_value_share_pct_as_served",
                    RATE,
                    "잔고금액비율",
                    UNKNOWN,
                    style="plus",
                ),
            ),
        ),
        Part(
            "stocks",
            "dbrt_trde_upper_10stk",
            "대차거래상위10종목",
            (
                Column("stk_nm", "name", NAME, "종목명"),
                Column("stk_cd", "code", CODE, "종목코드"),
                quantity("dbrt_trde_cntrcnt", "lent", "대차거래체결주수"),
                quantity("dbrt_trde_rpy", "repaid", "대차거래상환주수"),
                quantity("rmnd", "balance", "잔고주수"),
                Column("remn_amt", "balance_value", AMOUNT, "잔고금액", MILLION_KRW),
            ),
        ),
    ),
)

STOCK_LENDING = Endpoint(
    "ka20068",
    ko="대차거래추이요청(종목별)",
    en="Securities lending of a stock by day",
    path="/api/dostk/slb",
    category="lending",
    function="lending",
    example='kd.lending("005930", "2024-01-02", "2024-01-31")',
    params=(
        Param("strt_dt", "start", "시작일자", DATE, required=False, example="2024-01-02"),
        Param("end_dt", "end", "종료일자", DATE, required=False),
        Param("all_tp", "all", "전체구분", TEXT, {"0": "0"}, default="0", required=False),
        SYMBOL_KRX,
    ),
    walk=Walk("date", until="end_dt", since="strt_dt"),
    key=("date",),
    order="newest first",
    final="next morning",
    every_day=True,
    note=("Today's row is zeros until it is counted."),
    parts=(
        Part(
            "days",
            "dbrt_trde_trnsn",
            "대차거래추이",
            (
                Column("dt", "date", DATE, "일자"),
                quantity("dbrt_trde_cntrcnt", "lent", "대차거래체결주수"),
                quantity("dbrt_trde_rpy", "repaid", "대차거래상환주수"),
                Column("dbrt_trde_irds", "net_lent", FLOW, "대차거래증감", SHARES, style="plus"),
                quantity("rmnd", "balance", "잔고주수"),
                Column("remn_amt", "balance_value", AMOUNT, "잔고금액", MILLION_KRW),
            ),
        ),
    ),
)

LENDING_BY_STOCK = Endpoint(
    "ka90012",
    ko="대차거래내역요청",
    en="Securities lending by stock on one day",
    path="/api/dostk/slb",
    category="lending",
    function="lending_by_stock",
    example='kd.lending_by_stock("2024-01-31")',
    params=(
        Param("dt", "date", "일자", DATE),
        choice("mrkt_tp", "market", "시장구분", None, kospi="001", kosdaq="101"),
    ),
    key=("code",),
    page_rows=50,
    final="next morning",
    as_of="dt",
    note=("The market must be given and changes nothing. Nothing is told of today during the session."),
    parts=(
        Part(
            "stocks",
            "dbrt_trde_prps",
            "대차거래내역",
            (
                Column("stk_nm", "name", NAME, "종목명"),
                Column("stk_cd", "code", CODE, "종목코드"),
                quantity("dbrt_trde_cntrcnt", "lent", "대차거래체결주수"),
                quantity("dbrt_trde_rpy", "repaid", "대차거래상환주수"),
                quantity("rmnd", "balance", "잔고주수"),
                Column("remn_amt", "balance_value", AMOUNT, "잔고금액", MILLION_KRW),
            ),
        ),
    ),
)

CREDIT_ELIGIBLE = Endpoint(
    "kt20016",
    ko="신용융자 가능종목요청",
    en="Stocks that may be bought on credit",
    path="/api/dostk/stkinfo",
    category="stock",
    function="credit_eligible",
    example="kd.credit_eligible()",
    params=(
        Param(
            "crd_stk_grde_tp",
            "grade",
            "신용종목등급구분",
            TEXT,
            {"all": "%", "A": "A", "B": "B", "C": "C", "D": "D", "E": "E"},
            default="all",
            required=False,
        ),
        choice("mrkt_deal_tp", "market", "시장거래구분", "all", all="%", kospi="1", kosdaq="0"),
        replace(SYMBOL, required=False),
    ),
    final="by the day",
    note=("The codes carry an A in front. The codes of market are the other way round than elsewhere."),
    parts=(
        Part(
            "answer",
            None,
            "신용융자 가능종목",
            (Column("crd_loan_able", "loan_possible", TEXT, "신용융자가능여부"),),
        ),
        Part(
            "stocks",
            "crd_loan_pos_stk",
            "신용융자가능종목",
            (
                *code_and_name(),
                Column("crd_assr_rt", "deposit_pct", RATE, "신용보증금율", PERCENT, style="plus"),
                price("repl_pric", "substitute_price", "대용가"),
                price("pred_close_pric", "previous_close", "전일종가"),
                Column("crd_limit_over_yn", "over_limit", YES_NO, "신용한도초과여부"),
                Column("crd_limit_over_txt", "over_limit_note", TEXT, "신용한도초과"),
            ),
        ),
    ),
)

CREDIT_ELIGIBLE_STOCK = Endpoint(
    "kt20017",
    ko="신용융자 가능문의",
    en="Whether a stock may be bought on credit",
    path="/api/dostk/stkinfo",
    category="stock",
    params=(SYMBOL_KRX,),
    note=("The answer is a sentence."),
    parts=(
        Part("answer", None, "신용융자 가능문의", (Column("crd_alow_yn", "answer", TEXT, "신용가능여부"),)),
    ),
)

ENDPOINTS = (
    CREDIT_TREND,
    CREDIT_RANKING,
    LENDING,
    LENDING_TOP,
    STOCK_LENDING,
    LENDING_BY_STOCK,
    CREDIT_ELIGIBLE,
    CREDIT_ELIGIBLE_STOCK,
)
