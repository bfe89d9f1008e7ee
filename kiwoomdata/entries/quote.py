"""Prices, order books, trade strength and investors: the market-condition TRs (시세).

Sources: the vendor's guide (keys, Korean names, codes, the units it states), its printed
examples (keys that the guide's tables leave out), and public measurements of the live
server. A unit that no arithmetic and no source proves is UNKNOWN: nothing is scaled, and the
column's name ends in ``_as_served``. In all TRs, a price of a code with ``_AL`` is the last trade
anywhere, while its change and rate may be those of KRX's close: nothing is derived from the two.
"""

from __future__ import annotations

from kiwoomdata.entries.common import (
    BROKER,
    END,
    START,
    SYMBOL,
    SYMBOL_KRX,
    VENUE_PARAM,
    choice,
    code_and_name,
    flow,
    ladder,
    moved,
    price,
    quantity,
    sold,
)
from kiwoomdata.entries.entry import (
    HUNDRED_SHARES,
    KRW,
    MILLION_KRW,
    NO_UNIT,
    PERCENT,
    SHARES,
    THOUSAND_SHARES,
    UNDERLYING,
    UNKNOWN,
    UNKNOWN_MILLION,
    Column,
    Endpoint,
    Param,
    Part,
    Unit,
    Walk,
)
from kiwoomdata.kinds import (
    AMOUNT,
    CHANGE,
    CHANGE_DECIMAL,
    CODE,
    COUNT,
    DATE,
    DIRECTION,
    FLOW,
    MAGNITUDE,
    NAME,
    PRICE,
    PRICE_DECIMAL,
    QUANTITY,
    RATE,
    RATIO,
    TIME,
    VENUE,
    Style,
)

ORDERBOOK = Endpoint(
    "ka10004",
    ko="주식호가요청",
    en="Order book, ten levels",
    function="orderbook_snapshot",
    example='kd.orderbook_snapshot("005930")',
    params=(SYMBOL,),
    note="The live server answers KRX's book for a code with _AL too (2026-08-04): ka10007 adds both venues.",
    instead_for_all="kd.orderbook_snapshot(..., venue='all')",
    parts=(
        Part(
            "book",
            None,
            "주식호가",
            (
                Column("bid_req_base_tm", "time", TIME, "호가잔량기준시간"),
                *ladder(
                    10,
                    {"ask": ("sel", "매도"), "bid": ("buy", "매수")},
                    {
                        "price": (PRICE, "{side}_{n}th_pre_bid", KRW, "{side}{n}차선호가"),
                        "quantity": (QUANTITY, "{side}_{n}th_pre_req", SHARES, "{side}{n}차선잔량"),
                        "quantity_change": (
                            CHANGE,
                            "{side}_{n}th_pre_req_pre",
                            SHARES,
                            "{side}{n}차선잔량대비",
                        ),
                    },
                    best={
                        "sel_1th_pre_bid": ("sel_fpr_bid", "매도최우선호가"),
                        "sel_1th_pre_req": ("sel_fpr_req", "매도최우선잔량"),
                        "buy_1th_pre_bid": ("buy_fpr_bid", "매수최우선호가"),
                        "buy_1th_pre_req": ("buy_fpr_req", "매수최우선잔량"),
                    },
                ),
                quantity("tot_sel_req", "ask_total_quantity", "총매도잔량"),
                Column(
                    "tot_sel_req_jub_pre", "ask_total_quantity_change", CHANGE, "총매도잔량직전대비", SHARES
                ),
                quantity("tot_buy_req", "bid_total_quantity", "총매수잔량"),
                Column(
                    "tot_buy_req_jub_pre", "bid_total_quantity_change", CHANGE, "총매수잔량직전대비", SHARES
                ),
                quantity("ovt_sel_req", "ask_after_hours_quantity", "시간외매도잔량"),
                Column(
                    "ovt_sel_req_pre", "ask_after_hours_quantity_change", CHANGE, "시간외매도잔량대비", SHARES
                ),
                quantity("ovt_buy_req", "bid_after_hours_quantity", "시간외매수잔량"),
                Column(
                    "ovt_buy_req_pre", "bid_after_hours_quantity_change", CHANGE, "시간외매수잔량대비", SHARES
                ),
            ),
        ),
    ),
)

PRICE_TABLE = Endpoint(
    "ka10005",
    ko="주식일주월시분요청",
    en="Recent days with holdings and credit",
    function="price_table",
    example='kd.price_table("005930")',
    params=(SYMBOL,),
    note="On all but the newest row everything but open, high, low, close and volume is blank live (2026).",
    key=("date",),
    walk=Walk("date", whole=True),
    rebased=True,
    every_day=True,
    order="newest first",
    final="next morning",
    credit_columns=("credit_balance_ratio",),
    parts=(
        Part(
            "prices",
            "stk_ddwkmm",
            "주식일주월시분",
            (
                Column("date", "date", DATE, "날짜"),
                price("open_pric", "open", "시가"),
                price("high_pric", "high", "고가"),
                price("low_pric", "low", "저가"),
                price("close_pric", "close", "종가"),
                Column("pre", "change", CHANGE, "대비", KRW, style="plus"),
                Column("flu_rt", "change_pct", RATE, "등락률", PERCENT, style="plus"),
                quantity("trde_qty", "volume", "거래량"),
                Column("trde_prica", "value_as_served", AMOUNT, "거래대금", UNKNOWN_MILLION),
                Column(
                    "cntr_str",
                    "strength",
                    RATIO,
                    "체결강도",
                    PERCENT,
                    unlisted=True,
                    note="printed in the vendor's example, absent from its table",
                ),
                Column(
                    "for_poss",
                    "foreign_holding_pct",
                    RATE,
                    "외인보유",
                    PERCENT,
                    style="plus",
                    note="a percentage in spite of its Korean name",
                ),
                Column("for_wght", "foreign_weight_pct", RATE, "외인비중", PERCENT, style="plus"),
                flow("for_netprps", "foreign_net_buy_as_served", "외인순매수", UNKNOWN),
                flow("orgn_netprps", "institution_net_buy_as_served", "기관순매수", UNKNOWN),
                flow("ind_netprps", "individual_net_buy_as_served", "개인순매수", UNKNOWN),
                Column("crd_remn_rt", "credit_balance_ratio", RATE, "신용잔고율", PERCENT),
                flow("frgn", "foreign_brokers_net_buy_as_served", "외국계", UNKNOWN),
                flow("prm", "program_net_buy_as_served", "프로그램", UNKNOWN),
            ),
        ),
    ),
)

SESSION_SUMMARY = Endpoint(
    "ka10006",
    ko="주식시분요청",
    en="The session so far",
    function="session_summary",
    example='kd.session_summary(["005930", "000660"])',
    params=(SYMBOL,),
    parts=(
        Part(
            "session",
            None,
            "주식시분",
            (
                Column("date", "date", DATE, "날짜"),
                price("open_pric", "open", "시가"),
                price("high_pric", "high", "고가"),
                price("low_pric", "low", "저가"),
                price("close_pric", "close", "종가"),
                Column("pre", "change", CHANGE, "대비", KRW, style="plus"),
                Column("flu_rt", "change_pct", RATE, "등락률", PERCENT, style="plus"),
                quantity("trde_qty", "volume", "거래량"),
                Column("trde_prica", "value_as_served", AMOUNT, "거래대금", UNKNOWN_MILLION),
                Column("cntr_str", "strength", RATIO, "체결강도", PERCENT),
            ),
        ),
    ),
)

QUOTE_BOARD = Endpoint(
    "ka10007",
    ko="시세표성정보요청",
    en="Quote board",
    function="quote_board",
    example='kd.quote_board("005930")',
    params=(SYMBOL,),
    note="With _AL the book is KRX's and NXT's added up, and the row mixes venues: the price of the last "
    "trade anywhere beside the change of KRX's close (2026-08-04). last_quantity, highest, lowest and the "
    "counts are blank live, and the expected price stands still after the close. The day before's 11,963 "
    "million beside 88,862 shares are 134,624 won each, at a close of 135,300; the value of today stands "
    "beside it in the same unit.",
    parts=(
        Part(
            "board",
            None,
            "시세표성정보",
            (
                Column("stk_cd", "code", CODE, "종목코드"),
                Column("stk_nm", "name", NAME, "종목명"),
                Column("date", "date", DATE, "날짜"),
                Column("tm", "time", TIME, "시간"),
                price("pred_close_pric", "previous_close", "전일종가"),
                quantity("pred_trde_qty", "previous_volume", "전일거래량"),
                price("upl_pric", "upper_limit", "상한가"),
                price("lst_pric", "lower_limit", "하한가"),
                Column("pred_trde_prica", "previous_value", AMOUNT, "전일거래대금", MILLION_KRW),
                Column("flo_stkcnt", "listed_shares", QUANTITY, "상장주식수", THOUSAND_SHARES),
                price("cur_prc", "price", "현재가"),
                Column("smbol", "direction", DIRECTION, "부호"),
                Column("flu_rt", "change_pct", RATE, "등락률", PERCENT, style="plus"),
                Column(
                    "pred_rt",
                    "change_as_served",
                    CHANGE_DECIMAL,
                    "전일비",
                    UNKNOWN,
                    style="plus",
                    note="the same key is won in ka10086; here the vendor prints it with two decimals",
                ),
                price("open_pric", "open", "시가"),
                price("high_pric", "high", "고가"),
                price("low_pric", "low", "저가"),
                quantity("cntr_qty", "last_quantity", "체결량"),
                quantity("trde_qty", "volume", "거래량"),
                Column("trde_prica", "value", AMOUNT, "거래대금", MILLION_KRW),
                price("exp_cntr_pric", "expected_price", "예상체결가"),
                quantity("exp_cntr_qty", "expected_quantity", "예상체결량"),
                price("exp_sel_pri_bid", "expected_ask", "예상매도우선호가"),
                price("exp_buy_pri_bid", "expected_bid", "예상매수우선호가"),
                Column("trde_strt_dt", "trading_start", DATE, "거래시작일"),
                Column("exec_pric", "exercise_price", PRICE_DECIMAL, "행사가격", UNDERLYING),
                price("hgst_pric", "highest", "최고가"),
                price("lwst_pric", "lowest", "최저가"),
                Column("hgst_pric_dt", "highest_date", DATE, "최고가일"),
                Column("lwst_pric_dt", "lowest_date", DATE, "최저가일"),
                *ladder(
                    10,
                    {"ask": ("sel", "매도"), "bid": ("buy", "매수")},
                    {
                        "price": (PRICE, "{side}_{n}bid", KRW, "{side}{n}호가"),
                        "quantity": (QUANTITY, "{side}_{n}bid_req", SHARES, "{side}{n}호가잔량"),
                        "quantity_change": (CHANGE, "{side}_{n}bid_jub_pre", SHARES, "{side}{n}호가직전대비"),
                    },
                ),
                *ladder(
                    5,
                    {"ask": ("sel", "매도"), "bid": ("buy", "매수")},
                    {"count": (COUNT, "{side}_{n}bid_cnt", NO_UNIT, "{side}{n}호가건수")},
                ),
                *ladder(
                    10,
                    {"lp_ask": ("lpsel", "LP매도"), "lp_bid": ("lpbuy", "LP매수")},
                    {"quantity": (QUANTITY, "{side}_{n}bid_req", SHARES, "{side}{n}호가잔량")},
                ),
                quantity("tot_buy_req", "bid_total_quantity", "총매수잔량"),
                quantity("tot_sel_req", "ask_total_quantity", "총매도잔량"),
                Column("tot_buy_cnt", "bid_total_count", COUNT, "총매수건수"),
                Column("tot_sel_cnt", "ask_total_count", COUNT, "총매도건수"),
            ),
        ),
    ),
)

RIGHTS_QUOTES = Endpoint(
    "ka10011",
    ko="신주인수권전체시세요청",
    en="Quotes of subscription rights",
    function="rights_quotes",
    example='kd.rights_quotes("warrants")',
    params=(
        Param(
            "newstk_recvrht_tp",
            "kind",
            "신주인수권구분",
            NAME,
            {"all": "00", "warrants": "05", "certificates": "07"},
            "all",
        ),
    ),
    key=("code",),
    parts=(
        Part(
            "quotes",
            "newstk_recvrht_mrpr",
            "신주인수권시세",
            (
                *code_and_name(),
                price("cur_prc", "price", "현재가"),
                *moved("pred_pre_sig", "pred_pre", "flu_rt", "등락율"),
                price("fpr_sel_bid", "ask", "최우선매도호가"),
                price("fpr_buy_bid", "bid", "최우선매수호가"),
                quantity("acc_trde_qty", "volume", "누적거래량"),
                price("open_pric", "open", "시가"),
                price("high_pric", "high", "고가"),
                price("low_pric", "low", "저가"),
            ),
        ),
    ),
)

INSTITUTION_TRADES = Endpoint(
    "ka10044",
    ko="일별기관매매종목요청",
    en="Stocks that institutions bought or sold",
    function="institution_trades",
    example='kd.institution_trades("2024-01-02", "2024-01-31", side="buy", market="kospi")',
    params=(
        START,
        END,
        choice("trde_tp", "side", "매매구분", "buy", sell="1", buy="2"),
        choice("mrkt_tp", "market", "시장구분", None, kospi="001", kosdaq="101"),
        VENUE_PARAM,
    ),
    key=("code",),
    note="108,855 hundred shares at 204,903 won are the 2,230,468 million beside them (live, a month to "
    "2026-03-12). Shares one by one, or by the thousand, would be 0.1 or 109 million in a month, beside 5 "
    "million that ka10045 tells; and ka10058, with the same columns, is proven so: 25,467 million / 57,056 "
    "won = 446,351 shares beside 4,464.",
    parts=(
        Part(
            "trades",
            "daly_orgn_trde_stk",
            "일별기관매매종목",
            (
                *code_and_name(),
                flow("netprps_qty", "net_buy", "순매수수량", HUNDRED_SHARES, "plus"),
                flow("netprps_amt", "net_buy_value", "순매수금액", MILLION_KRW, "plus"),
                # The four below are printed in the vendor's example and absent from its table.
                Column("prsm_avg_pric", "estimated_price", PRICE_DECIMAL, "추정평균가", KRW),
                price("cur_prc", "price", "현재가"),
                Column("avg_pric_pre", "vs_estimate", CHANGE_DECIMAL, "평균가대비", KRW, style="double"),
                Column("pre_rt", "vs_estimate_pct", RATE, "대비율", PERCENT, style="plus"),
            ),
        ),
    ),
)

_HOLDINGS = (
    "the day's change of what foreigners hold, in shares even when value is asked: not the investor flow "
    "of the same name in other TRs, from which it may differ in size and in sign"
)


def _holdings(key: str, name: str, ko: str, style: Style) -> Column:
    # 9,897,241 is 46.53 to 46.70 % of the 5,846,278,608 shares (live, 2026-07-31).
    return flow(key, name, ko, SHARES, style, _HOLDINGS, heading=f"{ko}(보유증감)")


INSTITUTION_TREND = Endpoint(
    "ka10045",
    ko="종목별기관매매추이요청",
    en="Institutions and foreigners in one stock, by day",
    function="institution_trend",
    example='kd.institution_trend("005930", "2024-01-02", "2024-01-31")',
    params=(
        SYMBOL,
        START,
        END,
        choice("orgn_prsm_unp_tp", "institution_price", "기관추정단가구분", "buy", buy="1", sell="2"),
        choice("for_prsm_unp_tp", "foreign_price", "외인추정단가구분", "buy", buy="1", sell="2"),
    ),
    key=("date",),
    walk=Walk("date", until="end_dt", since="strt_dt", whole=True),  # cumulated from strt_dt
    rebased=True,
    every_day=True,
    order="newest first",
    final="next morning",
    note="The two price flags change nothing live and must be there. Today's flows read 0 until the session "
    "has ended. With _AL the price is the last trade anywhere, its change and rate are those of KRX's close: "
    "259,000 beside +55,500 and +26.81 % (all 2026).",
    parts=(
        Part(
            "averages",
            None,
            "추정평균가",
            (
                Column("orgn_prsm_avg_pric", "institution_average", PRICE_DECIMAL, "기관추정평균가", KRW),
                Column("for_prsm_avg_pric", "foreign_average", PRICE_DECIMAL, "외인추정평균가", KRW),
            ),
        ),
        Part(
            "trend",
            "stk_orgn_trde_trnsn",
            "종목별기관매매추이",
            (
                Column("dt", "date", DATE, "일자"),
                price("close_pric", "close", "종가"),
                *moved("pre_sig", "pred_pre", "flu_rt", "등락율"),
                quantity("trde_qty", "volume", "거래량"),
                flow("orgn_dt_acc", "institution_cumulative", "기관기간누적", SHARES, "plain"),
                flow("orgn_daly_nettrde_qty", "institution_net_buy", "기관일별순매매수량", SHARES, "plain"),
                _holdings("for_dt_acc", "foreign_cumulative", "외인기간누적", "plain"),
                _holdings("for_daly_nettrde_qty", "foreign_net_buy", "외인일별순매매수량", "plain"),
                Column("limit_exh_rt", "foreign_limit_used_pct", RATE, "한도소진율", PERCENT, style="plus"),
            ),
        ),
    ),
)

_STRENGTH_NOTE = (
    "what the row adds to cumulative_volume. Live rows are one a minute and unsigned (2026-07-29); the sign "
    "that the guide prints before some is dropped"
)

TRADE_STRENGTH_BY_TIME = Endpoint(
    "ka10046",
    ko="체결강도추이시간별요청",
    en="Trade strength through the day",
    function="trade_strength",
    example='kd.trade_strength("005930", by="time")',
    params=(SYMBOL,),
    page_rows=60,
    order="newest first",
    parts=(
        Part(
            "strength",
            "cntr_str_tm",
            "체결강도시간별",
            (
                Column("cntr_tm", "time", TIME, "체결시간"),
                price("cur_prc", "price", "현재가"),
                *moved("pred_pre_sig", "pred_pre", "flu_rt", "등락율"),
                Column("trde_qty", "volume", MAGNITUDE, "거래량", SHARES, note=_STRENGTH_NOTE),
                Column("acc_trde_prica", "cumulative_value", AMOUNT, "누적거래대금", MILLION_KRW),
                quantity("acc_trde_qty", "cumulative_volume", "누적거래량"),
                Column("cntr_str", "strength", RATIO, "체결강도", PERCENT),
                Column("cntr_str_5min", "strength_5m", RATIO, "체결강도5분", PERCENT),
                Column("cntr_str_20min", "strength_20m", RATIO, "체결강도20분", PERCENT),
                Column("cntr_str_60min", "strength_60m", RATIO, "체결강도60분", PERCENT),
                Column("stex_tp", "venue", VENUE, "거래소구분"),
            ),
        ),
    ),
)

TRADE_STRENGTH_BY_DAY = Endpoint(
    "ka10047",
    ko="체결강도추이일별요청",
    en="Trade strength by day",
    function="trade_strength",
    example='kd.trade_strength("005930", by="day")',
    params=(SYMBOL,),
    page_rows=60,
    key=("date",),
    walk=Walk("date", whole=True),
    rebased=True,
    every_day=True,
    order="newest first",
    final="next morning",
    parts=(
        Part(
            "strength",
            "cntr_str_daly",
            "체결강도일별",
            (
                Column("dt", "date", DATE, "일자"),
                price("cur_prc", "close", "현재가"),
                *moved("pred_pre_sig", "pred_pre", "flu_rt", "등락율"),
                Column("trde_qty", "quantity", MAGNITUDE, "거래량", SHARES, note="blank on every live row"),
                Column("acc_trde_prica", "value", AMOUNT, "누적거래대금", MILLION_KRW),
                quantity("acc_trde_qty", "volume", "누적거래량"),
                Column("cntr_str", "strength", RATIO, "체결강도", PERCENT),
                # The keys say minutes; their Korean names and the TR say days.
                Column("cntr_str_5min", "strength_5d", RATIO, "체결강도5일", PERCENT),
                Column("cntr_str_20min", "strength_20d", RATIO, "체결강도20일", PERCENT),
                Column("cntr_str_60min", "strength_60d", RATIO, "체결강도60일", PERCENT),
            ),
        ),
    ),
)

_SOLD_NOTE = "the server writes it negative; here it is positive: net_buy = buy - sell"
_MORE_SOLD_NOTE = (
    "positive where more was sold, as the server writes it: net_buy_change = buy_change - sell_change"
)

INTRADAY_INVESTOR_TRADES = Endpoint(
    "ka10063",
    ko="장중투자자별매매요청",
    en="What one class of investor trades during the session",
    function="intraday_investor_trades",
    example='kd.intraday_investor_trades("foreign", market="kospi")',
    note="Live, only foreigners (6) have rows, only from 09:00 to 15:30, and amt_qty_tp and "
    "smtm_netprps_tp change nothing: shares and amounts come side by side; frgn_all 1 is another "
    "aggregate, of whom nobody has said (August 2026). Rows come in the order of codes: 1,420 of both "
    "markets in two pages.",
    when_empty="Live it has rows for investor='foreign' alone, and only during the session (09:00 to 15:30); "
    "ask kd.closing_investor_trades() after it.",
    params=(
        choice("mrkt_tp", "market", "시장구분", "all", all="000", kospi="001", kosdaq="101"),
        choice("amt_qty_tp", "measure", "금액수량구분", "value", value="1", shares="2"),
        choice(
            "invsr",
            "investor",
            "투자자별",
            "foreign",
            foreign="6",
            institution="7",
            investment_trust="1",
            insurance="0",
            bank="2",
            pension="3",
            nation="4",
            other_corporation="5",
        ),
        choice("frgn_all", "foreign_brokers", "외국계전체", "exclude", include="1", exclude="0"),
        choice("smtm_netprps_tp", "simultaneous", "동시순매수구분", "any", only="1", any="0"),
        VENUE_PARAM,
    ),
    page_rows=800,
    key=("code",),
    parts=(
        Part(
            "trades",
            "opmr_invsr_trde",
            "장중투자자별매매",
            (
                *code_and_name(),
                price("cur_prc", "price", "현재가"),
                *moved("pre_sig", "pred_pre", "flu_rt", "등락율"),
                quantity("acc_trde_qty", "volume", "누적거래량"),
                # The server rounds quantities to a thousand shares (live, August 2026).
                flow("netprps_qty", "net_buy", "순매수수량", SHARES),
                flow("prev_pot_netprps_qty", "previous_net_buy", "이전시점순매수수량", SHARES),
                flow("netprps_irds", "net_buy_change", "순매수증감", SHARES),
                flow("buy_qty", "buy", "매수수량", SHARES),
                flow("buy_qty_irds", "buy_change", "매수수량증감", SHARES),
                sold("sell_qty", "sell", "매도수량", SHARES, note=_SOLD_NOTE),
                flow("sell_qty_irds", "sell_change", "매도수량증감", SHARES, note=_MORE_SOLD_NOTE),
                # The seven below stand in the newer guide only.
                flow("netprps_amt", "net_buy_value", "순매수금액", MILLION_KRW),
                flow("prev_netprps_amt", "previous_net_buy_value", "이전순매수금액", MILLION_KRW),
                flow("netprps_amt_irds", "net_buy_value_change", "순매수금액증감", MILLION_KRW),
                flow("buy_amt", "buy_value", "매수금액", MILLION_KRW),
                flow("buy_amt_irds", "buy_value_change", "매수금액증감", MILLION_KRW),
                sold("sell_amt", "sell_value", "매도금액", MILLION_KRW, note=_SOLD_NOTE),
                flow("sell_amt_irds", "sell_value_change", "매도금액증감", MILLION_KRW, note=_MORE_SOLD_NOTE),
            ),
        ),
    ),
)


def _class(key: str, name: str, ko: str) -> Column:
    # 3,091,558 beside 12,731,078 shares of some 242,836 won (live, 2026-08-04).
    return Column(key, name, FLOW, ko, MILLION_KRW, {"1": MILLION_KRW, "2": SHARES}, sold_if=("trde_tp", "2"))


CLOSING_INVESTOR_TRADES = Endpoint(
    "ka10066",
    ko="장마감후투자자별매매요청",
    en="Twelve classes of investor per stock, after the close",
    function="closing_investor_trades",
    example='kd.closing_investor_trades("kospi", side="net", measure="value")',
    params=(
        choice("mrkt_tp", "market", "시장구분", "all", all="000", kospi="001", kosdaq="101"),
        choice("amt_qty_tp", "measure", "금액수량구분", "value", value="1", shares="2"),
        choice("trde_tp", "side", "매매구분", "net", net="0", buy="1", sell="2"),
        VENUE_PARAM,
    ),
    unit_flag="amt_qty_tp",
    page_rows=100,
    key=("code",),
    note="Price and volume are of now; the investors are the last completed session's until the evening "
    "(live, August 2026). The twelve classes lack the domestic foreigners, so they need not add up to 0. "
    "The rows come in the order of codes: who stops early lacks stocks, not the least of them. KOSPI came "
    "in 14 pages, KOSDAQ in 19, both in 32.",
    parts=(
        Part(
            "trades",
            "opaf_invsr_trde",
            "장마감후투자자별매매",
            (
                *code_and_name(),
                price("cur_prc", "price", "현재가"),
                *moved("pre_sig", "pred_pre", "flu_rt"),
                quantity("trde_qty", "volume", "거래량"),
                _class("ind_invsr", "individual", "개인투자자"),
                _class("frgnr_invsr", "foreign", "외국인투자자"),
                _class("orgn", "institution", "기관계"),
                _class("fnnc_invt", "financial_investment", "금융투자"),
                _class("insrnc", "insurance", "보험"),
                _class("invtrt", "investment_trust", "투신"),
                _class("etc_fnnc", "other_financial", "기타금융"),
                _class("bank", "bank", "은행"),
                _class("penfnd_etc", "pension", "연기금등"),
                _class("samo_fund", "private_fund", "사모펀드"),
                _class("natn", "nation", "국가"),
                _class("etc_corp", "other_corporation", "기타법인"),
            ),
        ),
    ),
)

BROKER_TREND = Endpoint(
    "ka10078",
    ko="증권사별종목매매동향요청",
    en="What one broker trades in one stock, by day",
    function="broker_trend",
    example='kd.broker_trend("001", "005930", "2024-01-02", "2024-01-31")',
    params=(BROKER, SYMBOL, START, END),
    key=("date",),
    walk=Walk("date", until="end_dt", since="strt_dt"),
    rebased=True,
    order="newest first",
    final="next morning",
    note="Broker 0000 seems to be all foreign brokers together: -4,324,306 on 2026-03-12, as in ka10086.",
    parts=(
        Part(
            "trend",
            "sec_stk_trde_trend",
            "증권사별종목매매동향",
            (
                Column("dt", "date", DATE, "일자"),
                price("cur_prc", "close", "현재가"),
                *moved("pre_sig", "pred_pre", "flu_rt", "등락율"),
                quantity("acc_trde_qty", "volume", "누적거래량"),
                flow("netprps_qty", "net_buy", "순매수수량", SHARES, "plus"),
                quantity("buy_qty", "buy", "매수수량"),
                quantity("sell_qty", "sell", "매도수량"),
            ),
        ),
    ),
)

_BY_MEASURE: dict[str | tuple[str, ...], Unit] = {"0": SHARES, "1": MILLION_KRW}
_ALWAYS_SHARES = "shares even when value is asked: the exchange gives no amount"


def _investor(key: str, name: str, ko: str) -> Column:
    return Column(key, name, FLOW, ko, SHARES, {"0": SHARES, "1": MILLION_KRW}, style="double")


DAILY_PRICES = Endpoint(
    "ka10086",
    ko="일별주가요청",
    en="Daily prices, credit, foreign holding and investor flows",
    function="daily_prices, investor_flows",
    example='kd.daily_prices("005930", "2024-01-02", "2024-01-31")',
    params=(
        SYMBOL,
        Param("qry_dt", "until", "조회일자", DATE),
        choice("indc_tp", "measure", "표시구분", "shares", shares="0", value="1"),
    ),
    unit_flag="indc_tp",
    key=("date",),
    walk=Walk("date", until="qry_dt"),
    every_day=True,
    page_rows=20,
    order="newest first",
    final="next morning",
    rebased=True,
    nxt_ends_empty=True,
    credit_columns=("credit_ratio", "credit_balance_ratio"),
    note="Venue NXT: individual and institution are NXT's own, foreign mirrors KRX (seen May 2026). With "
    "_AL the volume is KRX's and NXT's to the share (27,825,493 + 25,198,903 = 53,024,396), and the close "
    "the last trade anywhere (233,500 beside KRX's 239,500); a change may be that of KRX's close.",
    parts=(
        Part(
            "prices",
            "daly_stkpc",
            "일별주가",
            (
                Column("date", "date", DATE, "날짜"),
                price("open_pric", "open", "시가"),
                price("high_pric", "high", "고가"),
                price("low_pric", "low", "저가"),
                price("close_pric", "close", "종가"),
                Column("pred_rt", "change", CHANGE, "전일비", KRW, style="plus", note="won, not a rate"),
                Column("flu_rt", "change_pct", RATE, "등락률", PERCENT, style="plus"),
                quantity("trde_qty", "volume", "거래량"),
                Column("amt_mn", "value", AMOUNT, "금액(백만)", MILLION_KRW, heading="금액"),
                Column("crd_rt", "credit_ratio", RATE, "신용비", PERCENT),
                _investor("ind", "individual", "개인"),
                _investor("orgn", "institution", "기관"),
                _holdings("for_qty", "foreign", "외인수량", "double"),
                Column(
                    "frgn",
                    "foreign_brokers",
                    FLOW,
                    "외국계",
                    SHARES,
                    {"0": SHARES, "1": UNKNOWN_MILLION},
                    style="double",
                    note="no body shows it when value is asked: its unit is unknown then",
                ),
                _investor("prm", "program", "프로그램"),
                Column("for_rt", "foreign_ratio", RATE, "외인비", PERCENT, style="plus"),
                # The rest repeats what stands above: equal in 1,200 (flows) and 2,879,500 (ratios)
                # live rows of May 2026.
                Column("for_poss", "foreign_holding_pct", RATE, "외인보유", PERCENT, style="plus"),
                Column("for_wght", "foreign_weight_pct", RATE, "외인비중", PERCENT, style="plus"),
                _holdings("for_netprps", "foreign_net_buy", "외인순매수", "double"),
                _investor("orgn_netprps", "institution_net", "기관순매수"),
                _investor("ind_netprps", "individual_net", "개인순매수"),
                Column("crd_remn_rt", "credit_balance_ratio", RATE, "신용잔고율", PERCENT),
            ),
        ),
    ),
)

AFTER_HOURS_QUOTE = Endpoint(
    "ka10087",
    ko="시간외단일가요청",
    en="After-hours single-price book, five levels",
    function="after_hours_quote",
    example='kd.after_hours_quote("00088K")',
    params=(SYMBOL_KRX,),
    note="The time is the regular session's. The change is against today's close. A stock that is traded "
    "on NXT is answered with zeros whatever it trades: 0 of 606 had a row on any list. A code with _NX or "
    "_AL is answered with blanks (all live, August 2026).",
    parts=(
        Part(
            "book",
            None,
            "시간외단일가",
            (
                Column("bid_req_base_tm", "regular_time", TIME, "호가잔량기준시간"),
                *ladder(
                    5,
                    {"ask": ("sel", "매도"), "bid": ("buy", "매수")},
                    {
                        "price": (PRICE, "ovt_sigpric_{side}_bid_{n}", KRW, "시간외단일가_{side}호가{n}"),
                        "quantity": (
                            QUANTITY,
                            "ovt_sigpric_{side}_bid_qty_{n}",
                            SHARES,
                            "시간외단일가_{side}호가수량{n}",
                        ),
                        "quantity_change": (
                            CHANGE,
                            "ovt_sigpric_{side}_bid_jub_pre_{n}",
                            SHARES,
                            "시간외단일가_{side}호가직전대비{n}",
                        ),
                    },
                ),
                quantity("ovt_sigpric_sel_bid_tot_req", "ask_total_quantity", "시간외단일가_매도호가총잔량"),
                quantity("ovt_sigpric_buy_bid_tot_req", "bid_total_quantity", "시간외단일가_매수호가총잔량"),
                quantity("sel_bid_tot_req", "ask_regular_quantity", "매도호가총잔량"),
                Column(
                    "sel_bid_tot_req_jub_pre",
                    "ask_regular_quantity_change",
                    CHANGE,
                    "매도호가총잔량직전대비",
                    SHARES,
                ),
                quantity("buy_bid_tot_req", "bid_regular_quantity", "매수호가총잔량"),
                Column(
                    "buy_bid_tot_req_jub_pre",
                    "bid_regular_quantity_change",
                    CHANGE,
                    "매수호가총잔량직전대비",
                    SHARES,
                ),
                quantity("ovt_sel_bid_tot_req", "ask_after_hours_quantity", "시간외매도호가총잔량"),
                Column(
                    "ovt_sel_bid_tot_req_jub_pre",
                    "ask_after_hours_quantity_change",
                    CHANGE,
                    "시간외매도호가총잔량직전대비",
                    SHARES,
                ),
                quantity("ovt_buy_bid_tot_req", "bid_after_hours_quantity", "시간외매수호가총잔량"),
                Column(
                    "ovt_buy_bid_tot_req_jub_pre",
                    "bid_after_hours_quantity_change",
                    CHANGE,
                    "시간외매수호가총잔량직전대비",
                    SHARES,
                ),
                price("ovt_sigpric_cur_prc", "last_price", "시간외단일가_현재가"),
                Column("ovt_sigpric_pred_pre_sig", "direction", DIRECTION, "시간외단일가_전일대비기호"),
                Column(
                    "ovt_sigpric_pred_pre", "last_change", CHANGE, "시간외단일가_전일대비", KRW, style="plus"
                ),
                Column(
                    "ovt_sigpric_flu_rt", "change_pct", RATE, "시간외단일가_등락률", PERCENT, style="plus"
                ),
                quantity("ovt_sigpric_acc_trde_qty", "volume", "시간외단일가_누적거래량"),
            ),
        ),
    ),
)

ENDPOINTS = (
    ORDERBOOK,
    PRICE_TABLE,
    SESSION_SUMMARY,
    QUOTE_BOARD,
    RIGHTS_QUOTES,
    INSTITUTION_TRADES,
    INSTITUTION_TREND,
    TRADE_STRENGTH_BY_TIME,
    TRADE_STRENGTH_BY_DAY,
    INTRADAY_INVESTOR_TRADES,
    CLOSING_INVESTOR_TRADES,
    BROKER_TREND,
    DAILY_PRICES,
    AFTER_HOURS_QUOTE,
)
