"""Program trading of a market and of a stock (프로그램매매). Sources as in :mod:`.quote`."""

from __future__ import annotations

from kiwoomdata.entries.common import (
    DAY,
    SYMBOL,
    VENUE_PARAM,
    choice,
    code_and_name,
    flow,
    moved,
    price,
    quantity,
)
from kiwoomdata.entries.entry import (
    KRW,
    MILLION_KRW,
    PERCENT,
    POINTS,
    POINTS_X100,
    SHARES,
    THOUSAND_SHARES,
    UNKNOWN,
    UNKNOWN_MILLION,
    UNKNOWN_THOUSAND,
    Column,
    Endpoint,
    Param,
    Part,
    Unit,
    Walk,
)
from kiwoomdata.kinds import (
    AMOUNT,
    BASIS,
    CHANGE,
    COUNT,
    DATE,
    DIRECTION,
    FLOW,
    INDEX,
    QUANTITY,
    RATE,
    TEXT,
    TIME,
    VENUE,
    Kind,
    Style,
)

# The seed document prints P001_AL02 for KOSDAQ at all venues, the newer guide P101_AL02. The
# other five codes name the market in their first four letters, and P001 is KOSPI: P101 it is.
_MARKETS = {
    "kospi": "P00101",
    "kospi_nxt": "P001_NX01",
    "kospi_all": "P001_AL01",
    "kosdaq": "P10102",
    "kosdaq_nxt": "P101_NX02",
    "kosdaq_all": "P101_AL02",
}

_MARKET_PARAMS = (
    DAY,
    choice("amt_qty_tp", "measure", "금액수량구분", "value", value="1", shares="2"),
    Param("mrkt_tp", "market", "시장구분", TEXT, _MARKETS, also=("P001_AL02",)),
    choice("min_tic_tp", "interval", "분틱구분", "minute", tick="0", minute="1"),
    VENUE_PARAM,
)


def _market_columns(when: Column, index: Unit, style: Style, total: Style) -> tuple[Column, ...]:
    """Million won and thousand shares; both are answered whatever ``amt_qty_tp`` asks (live, August 2026)."""

    def flow(key: str, name: str, ko: str, unit: Unit) -> Column:
        return Column(key, name, FLOW, ko, unit, style=total if key == "all_netprps" else style)

    def amount(key: str, name: str, ko: str) -> Column:
        return Column(key, name, AMOUNT, ko, MILLION_KRW)

    def volume(key: str, name: str, ko: str) -> Column:
        return Column(key, name, QUANTITY, ko, THOUSAND_SHARES)

    return (
        when,
        amount("dfrt_trde_sel", "arbitrage_sell_value", "차익거래매도"),
        amount("dfrt_trde_buy", "arbitrage_buy_value", "차익거래매수"),
        flow("dfrt_trde_netprps", "arbitrage_net_buy_value", "차익거래순매수", MILLION_KRW),
        amount("ndiffpro_trde_sel", "non_arbitrage_sell_value", "비차익거래매도"),
        amount("ndiffpro_trde_buy", "non_arbitrage_buy_value", "비차익거래매수"),
        flow("ndiffpro_trde_netprps", "non_arbitrage_net_buy_value", "비차익거래순매수", MILLION_KRW),
        volume("dfrt_trde_sell_qty", "arbitrage_sell_volume", "차익거래매도수량"),
        volume("dfrt_trde_buy_qty", "arbitrage_buy_volume", "차익거래매수수량"),
        flow("dfrt_trde_netprps_qty", "arbitrage_net_buy_volume", "차익거래순매수수량", THOUSAND_SHARES),
        volume("ndiffpro_trde_sell_qty", "non_arbitrage_sell_volume", "비차익거래매도수량"),
        volume("ndiffpro_trde_buy_qty", "non_arbitrage_buy_volume", "비차익거래매수수량"),
        flow(
            "ndiffpro_trde_netprps_qty",
            "non_arbitrage_net_buy_volume",
            "비차익거래순매수수량",
            THOUSAND_SHARES,
        ),
        amount("all_sel", "total_sell_value", "전체매도"),
        amount("all_buy", "total_buy_value", "전체매수"),
        flow("all_netprps", "total_net_buy_value", "전체순매수", MILLION_KRW),
        Column("kospi200", "kospi200", INDEX, "KOSPI200", index, style="plus"),
        Column("basis", "basis", BASIS, "BASIS", POINTS),
    )


_IGNORES_DATE = (
    "Observers disagree whether the server heeds the date of a past weekday (both 2026); a weekend or "
    "holiday is answered with the rows of the session before it (2026-07-26)."
)

PROGRAM_BY_TIME = Endpoint(
    "ka90005",
    ko="프로그램매매추이요청 시간대별",
    en="Program trading of a market through the day",
    function="program_trend",
    example='kd.program_trend(market="kospi", by="time")',
    params=_MARKET_PARAMS,
    page_rows=100,
    unheeded="date",
    order="newest first",
    note=_IGNORES_DATE
    + " Rows run to 18:05, the newest is ka90010's row of the day; just after the open there is no basis, "
    "before it no index. Each number is rounded by itself: in 28 of 100 rows the total was one off.",
    parts=(
        Part(
            "trend",
            "prm_trde_trnsn",
            "프로그램매매추이",
            _market_columns(Column("cntr_tm", "time", TIME, "체결시간"), POINTS_X100, "double", "double"),
        ),
    ),
)

PROGRAM_BY_DAY = Endpoint(
    "ka90010",
    ko="프로그램매매추이요청 일자별",
    en="Program trading of a market by day",
    function="program_trend",
    example='kd.program_trend(market="kospi", start="2024-01-02", end="2024-01-31")',
    params=_MARKET_PARAMS,
    key=("date",),
    walk=Walk("date", until="date", heeded=False),
    every_day=True,
    page_rows=100,
    order="newest first",
    final="next morning",
    note=_IGNORES_DATE
    + " For KOSDAQ observers disagree whose index stands in kospi200 on past days, KOSPI's "
    "or its own (both 2026).",
    parts=(
        Part(
            "trend",
            "prm_trde_trnsn",
            "프로그램매매추이",
            _market_columns(Column("cntr_tm", "date", DATE, "체결시간"), POINTS, "plus", "plain"),
        ),
    ),
)

ARBITRAGE_BALANCE = Endpoint(
    "ka90006",
    ko="프로그램매매차익잔고추이요청",
    en="Arbitrage balance by day",
    function="arbitrage_balance",
    example='kd.arbitrage_balance("2024-01-31")',
    params=(DAY, VENUE_PARAM),
    key=("date",),
    walk=Walk("date", until="date", whole=True),
    every_day=True,
    order="newest first",
    final="next morning",
    note="One series for the whole of KOSPI. 488,644 million beside 2,735 thousand shares, and 488,644 less "
    "the 596,602 of the day before is the change (live, 2026-08-07).",
    parts=(
        Part(
            "balance",
            "prm_trde_dfrt_remn_trnsn",
            "프로그램매매차익잔고추이",
            (
                Column("dt", "date", DATE, "일자"),
                Column("buy_dfrt_trde_qty", "buy_volume", QUANTITY, "매수차익거래수량", THOUSAND_SHARES),
                Column("buy_dfrt_trde_amt", "buy_value", AMOUNT, "매수차익거래금액", MILLION_KRW),
                flow(
                    "buy_dfrt_trde_irds_amt", "buy_value_change", "매수차익거래증감액", MILLION_KRW, "plain"
                ),
                Column("sel_dfrt_trde_qty", "sell_volume", QUANTITY, "매도차익거래수량", THOUSAND_SHARES),
                Column("sel_dfrt_trde_amt", "sell_value", AMOUNT, "매도차익거래금액", MILLION_KRW),
                flow(
                    "sel_dfrt_trde_irds_amt", "sell_value_change", "매도차익거래증감액", MILLION_KRW, "plain"
                ),
            ),
        ),
    ),
)


def _sum(key: str, name: str, ko: str) -> Column:
    # -1,570,009 on a day on which KOSPI turned over 23,698,184 million (live, 2026-03-12): likely
    # millions, which is not enough to scale by.
    return Column(key, name, FLOW, ko, UNKNOWN, {"1": UNKNOWN_MILLION, "2": UNKNOWN_THOUSAND}, style="double")


PROGRAM_CUMULATIVE = Endpoint(
    "ka90007",
    ko="프로그램매매누적추이요청",
    en="Program trading of a market, day by day and cumulated",
    function="program_cumulative",
    example='kd.program_cumulative(market="kospi")',
    unit_flag="amt_qty_tp",
    params=(
        DAY,
        choice("amt_qty_tp", "measure", "금액수량구분", "value", value="1", shares="2"),
        choice("mrkt_tp", "market", "시장구분", None, kospi="0", kosdaq="1"),
        VENUE_PARAM,
    ),
    key=("date",),
    walk=Walk("date", since="date", whole=True),  # the date asked is where the sums begin
    every_day=True,
    order="newest first",
    final="next morning",
    note="The date is the day to cumulate from: asked for 2026-03-12, that day's row had each sum equal to "
    "the day's number, and in the guide's example the rows are half a year newer than the date.",
    parts=(
        Part(
            "trend",
            "prm_trde_acc_trnsn",
            "프로그램매매누적추이",
            (
                Column("dt", "date", DATE, "일자"),
                Column("kospi200", "kospi200", INDEX, "KOSPI200", POINTS, style="plus"),
                Column("basis", "basis", BASIS, "BASIS", POINTS),
                _sum("dfrt_trde_tdy", "arbitrage_as_served", "차익거래당일"),
                _sum("dfrt_trde_acc", "arbitrage_cumulative_as_served", "차익거래누적"),
                _sum("ndiffpro_trde_tdy", "non_arbitrage_as_served", "비차익거래당일"),
                _sum("ndiffpro_trde_acc", "non_arbitrage_cumulative_as_served", "비차익거래누적"),
                _sum("all_tdy", "total_as_served", "전체당일"),
                _sum("all_acc", "total_cumulative_as_served", "전체누적"),
            ),
        ),
    ),
)


_BLANK = "blank live (2026)"


def _stock_columns(when: Column, price_name: str) -> tuple[Column, ...]:
    def amount(key: str, name: str, ko: str, kind: Kind, style: Style) -> Column:
        # 2,134,888 beside 9,175,980 shares is 232,660 won (ka90008, live 2026-08-07), 452,674 beside
        # 1,731,277 is 261,468 won (ka90013, live 2026-07-24). What stands there when shares are asked
        # for, nobody has shown; the quantities below come in any case.
        return Column(key, name, kind, ko, MILLION_KRW, {"1": MILLION_KRW, "2": UNKNOWN_MILLION}, style=style)

    return (
        when,
        price("cur_prc", price_name, "현재가"),
        *moved("pre_sig", "pred_pre", "flu_rt", "등락율"),
        quantity("trde_qty", "volume", "거래량"),
        amount("prm_sell_amt", "sell_value", "프로그램매도금액", AMOUNT, "plain"),
        amount("prm_buy_amt", "buy_value", "프로그램매수금액", AMOUNT, "plain"),
        amount("prm_netprps_amt", "net_buy_value", "프로그램순매수금액", FLOW, "double"),
        amount("prm_netprps_amt_irds", "net_buy_value_change", "프로그램순매수금액증감", FLOW, "double"),
        quantity("prm_sell_qty", "sell_volume", "프로그램매도수량"),
        quantity("prm_buy_qty", "buy_volume", "프로그램매수수량"),
        flow("prm_netprps_qty", "net_buy_volume", "프로그램순매수수량", SHARES),
        flow("prm_netprps_qty_irds", "net_buy_volume_change", "프로그램순매수수량증감", SHARES),
        Column(
            "base_pric_tm", "base_price_time", TEXT, "기준가시간", note="free text, 기준가(11/21); blank live"
        ),
        Column(
            "dbrt_trde_rpy_sum",
            "lending_repaid_as_served",
            QUANTITY,
            "대차거래상환주수합",
            UNKNOWN,
            note=_BLANK,
        ),
        Column("remn_rcvord_sum", "balance_sum_as_served", QUANTITY, "잔고수주합", UNKNOWN, note=_BLANK),
        Column("stex_tp", "venue", VENUE, "거래소구분"),
    )


STOCK_PROGRAM_BY_TIME = Endpoint(
    "ka90008",
    ko="종목시간별프로그램매매추이요청",
    en="Program trading of a stock through the day",
    function="program_trend",
    example='kd.program_trend("005930", by="time")',
    params=(choice("amt_qty_tp", "measure", "금액수량구분", "value", value="1", shares="2"), SYMBOL, DAY),
    unit_flag="amt_qty_tp",
    page_rows=200,
    unheeded="date",
    order="newest first",
    note="The server demands a date and ignores it: three dates gave the identical latest session (2026-08). "
    "Store each venue for itself: KRX's net and that of all venues may differ in sign (2026-08-06).",
    parts=(
        Part(
            "trend",
            "stk_tm_prm_trde_trnsn",
            "종목시간별프로그램매매추이",
            _stock_columns(Column("tm", "time", TIME, "시간"), "price"),
        ),
    ),
)

STOCK_PROGRAM_BY_DAY = Endpoint(
    "ka90013",
    ko="종목일별프로그램매매추이요청",
    en="Program trading of a stock by day",
    function="program_trend",
    example='kd.program_trend("005930", "2024-01-02", "2024-01-31")',
    unit_flag="amt_qty_tp",
    note="A date without a session is answered with the last session's rows (2026-07-26). Store each venue "
    "for itself: KRX's net and that of all venues may differ in sign (2026-08-06).",
    params=(
        Param(
            *("amt_qty_tp", "measure", "금액수량구분", TEXT, {"value": "1", "shares": "2"}, "value"),
            required=False,
            blank=True,  # the printed request leaves it blank
        ),
        SYMBOL,
        Param("date", "until", "날짜", DATE, required=False, blank=True),
    ),
    key=("date",),
    walk=Walk("date", until="date"),
    rebased=True,
    every_day=True,
    page_rows=20,
    order="newest first",
    final="next morning",
    parts=(
        Part(
            "trend",
            "stk_daly_prm_trde_trnsn",
            "종목일별프로그램매매추이",
            _stock_columns(Column("dt", "date", DATE, "일자"), "close"),
        ),
    ),
)

SECTOR_PROGRAM = Endpoint(
    "ka10010",
    ko="업종프로그램요청",
    en="Program trading of a stock's sector",
    path="/api/dostk/sect",
    category="sector",
    params=(SYMBOL,),
    note=("It is asked with a stock's code and answers about the stock's sector."),
    parts=(
        Part(
            "program",
            None,
            "업종프로그램",
            (
                quantity("dfrt_trst_sell_qty", "arbitrage_sell_as_served", "차익위탁매도수량", UNKNOWN),
                Column(
                    "dfrt_trst_sell_amt",
                    "arbitrage_sell_value_as_served",
                    AMOUNT,
                    "차익위탁매도금액",
                    UNKNOWN,
                ),
                quantity("dfrt_trst_buy_qty", "arbitrage_buy_as_served", "차익위탁매수수량", UNKNOWN),
                Column(
                    "dfrt_trst_buy_amt", "arbitrage_buy_value_as_served", AMOUNT, "차익위탁매수금액", UNKNOWN
                ),
                Column(
                    "dfrt_trst_netprps_qty",
                    "arbitrage_net_buy_as_served",
                    FLOW,
                    "차익위탁순매수수량",
                    UNKNOWN,
                    style="plus",
                ),
                Column(
                    "dfrt_trst_netprps_amt",
                    "arbitrage_net_buy_value_as_served",
                    FLOW,
                    "차익위탁순매수금액",
                    UNKNOWN,
                    style="plus",
                ),
                quantity(
                    "ndiffpro_trst_sell_qty", "non_arbitrage_sell_as_served", "비차익위탁매도수량", UNKNOWN
                ),
                Column(
                    "ndiffpro_trst_sell_amt",
                    "non_arbitrage_sell_value_as_served",
                    AMOUNT,
                    "비차익위탁매도금액",
                    UNKNOWN,
                ),
                quantity(
                    "ndiffpro_trst_buy_qty", "non_arbitrage_buy_as_served", "비차익위탁매수수량", UNKNOWN
                ),
                Column(
                    "ndiffpro_trst_buy_amt",
                    "non_arbitrage_buy_value_as_served",
                    AMOUNT,
                    "비차익위탁매수금액",
                    UNKNOWN,
                ),
                Column(
                    "ndiffpro_trst_netprps_qty",
                    "non_arbitrage_net_buy_as_served",
                    FLOW,
                    "비차익위탁순매수수량",
                    UNKNOWN,
                    style="plus",
                ),
                Column(
                    "ndiffpro_trst_netprps_amt",
                    "non_arbitrage_net_buy_value_as_served",
                    FLOW,
                    "비차익위탁순매수금액",
                    UNKNOWN,
                    style="plus",
                ),
                quantity("all_dfrt_trst_sell_qty", "total_sell_as_served", "전체차익위탁매도수량", UNKNOWN),
                Column(
                    "all_dfrt_trst_sell_amt",
                    "total_sell_value_as_served",
                    AMOUNT,
                    "전체차익위탁매도금액",
                    UNKNOWN,
                ),
                quantity("all_dfrt_trst_buy_qty", "total_buy_as_served", "전체차익위탁매수수량", UNKNOWN),
                Column(
                    "all_dfrt_trst_buy_amt",
                    "total_buy_value_as_served",
                    AMOUNT,
                    "전체차익위탁매수금액",
                    UNKNOWN,
                ),
                Column(
                    "all_dfrt_trst_netprps_qty",
                    "total_net_buy_as_served",
                    FLOW,
                    "전체차익위탁순매수수량",
                    UNKNOWN,
                    style="plus",
                ),
                Column(
                    "all_dfrt_trst_netprps_amt",
                    "total_net_buy_value_as_served",
                    FLOW,
                    "전체차익위탁순매수금액",
                    UNKNOWN,
                    style="plus",
                ),
            ),
        ),
    ),
)

_AS_SHARES = "called {} where shares are asked for, which the server writes under the same key"

PROGRAM_RANKING = Endpoint(
    "ka90003",
    ko="프로그램순매수상위50요청",
    en="Stocks that programs bought or sold most",
    path="/api/dostk/stkinfo",
    category="stock",
    function="program_ranking",
    example="kd.program_ranking()",
    params=(
        choice("trde_upper_tp", "side", "매매상위구분", None, sell="1", buy="2"),
        choice("amt_qty_tp", "measure", "금액수량구분", "value", value="1", shares="2"),
        choice("mrkt_tp", "market", "시장구분", None, kospi="P00101", kosdaq="P10102"),
        VENUE_PARAM,
    ),
    unit_flag="amt_qty_tp",
    note=(
        "15 rows came, not 50 (live, 2026); before the open there are none. The keys say amounts also "
        "where shares are asked."
    ),
    parts=(
        Part(
            "stocks",
            "prm_netprps_upper_50",
            "프로그램순매수상위50",
            (
                Column("rank", "rank", COUNT, "순위"),
                *code_and_name(),
                price("cur_prc", "price", "현재가"),
                Column("flu_sig", "direction", DIRECTION, "등락기호"),
                Column("pred_pre", "change", CHANGE, "전일대비", KRW, style="plus"),
                Column("flu_rt", "change_pct", RATE, "등락율", PERCENT, style="plus"),
                quantity("acc_trde_qty", "volume", "누적거래량"),
                Column(
                    "prm_sell_amt",
                    "sell_value",
                    AMOUNT,
                    "프로그램매도금액",
                    UNKNOWN,
                    {"1": MILLION_KRW, "2": SHARES},
                    note=_AS_SHARES.format("sell"),
                ),
                Column(
                    "prm_buy_amt",
                    "buy_value",
                    AMOUNT,
                    "프로그램매수금액",
                    UNKNOWN,
                    {"1": MILLION_KRW, "2": SHARES},
                    note=_AS_SHARES.format("buy"),
                ),
                Column(
                    "prm_netprps_amt",
                    "net_buy_value",
                    FLOW,
                    "프로그램순매수금액",
                    UNKNOWN,
                    {"1": MILLION_KRW, "2": SHARES},
                    note=_AS_SHARES.format("net_buy"),
                    style="plus",
                ),
            ),
        ),
    ),
)

PROGRAM_BY_STOCK = Endpoint(
    "ka90004",
    ko="종목별프로그램매매현황요청",
    en="Program trading by stock on one day",
    path="/api/dostk/stkinfo",
    category="stock",
    function="program_by_stock",
    example='kd.program_by_stock("2024-01-31")',
    params=(
        Param("dt", "date", "일자", DATE),
        choice("mrkt_tp", "market", "시장구분", None, kospi="P00101", kosdaq="P10102"),
        VENUE_PARAM,
    ),
    final="next morning",
    as_of="dt",
    note=(
        "The rows come in the order of codes. An unknown market is answered with one blank row. What "
        "total_6 is nobody has said."
    ),
    parts=(
        Part(
            "totals",
            None,
            "종목별프로그램매매현황",
            (
                quantity("tot_1", "total_buy_quantity_as_served", "매수체결수량합계", UNKNOWN),
                Column("tot_2", "total_buy_value_as_served", AMOUNT, "매수체결금액합계", UNKNOWN),
                quantity("tot_3", "total_sell_quantity_as_served", "매도체결수량합계", UNKNOWN),
                Column("tot_4", "total_sell_value_as_served", AMOUNT, "매도체결금액합계", UNKNOWN),
                Column(
                    "tot_5", "total_net_buy_value_as_served", FLOW, "순매수대금합계", UNKNOWN, style="plus"
                ),
                Column("tot_6", "total_6", TEXT, "합계6"),
            ),
        ),
        Part(
            "stocks",
            "stk_prm_trde_prst",
            "종목별프로그램매매현황",
            (
                *code_and_name(),
                price("cur_prc", "price", "현재가"),
                Column("flu_sig", "direction", DIRECTION, "등락기호"),
                Column("pred_pre", "change", CHANGE, "전일대비", KRW, style="plus"),
                quantity("buy_cntr_qty", "buy", "매수체결수량", THOUSAND_SHARES),
                Column("buy_cntr_amt", "buy_value", AMOUNT, "매수체결금액", MILLION_KRW),
                quantity("sel_cntr_qty", "sell", "매도체결수량", THOUSAND_SHARES),
                Column("sel_cntr_amt", "sell_value", AMOUNT, "매도체결금액", MILLION_KRW),
                Column("netprps_prica", "net_buy_value", FLOW, "순매수대금", MILLION_KRW, style="plus"),
                Column("all_trde_rt", "share_of_all_pct", RATE, "전체거래비율", PERCENT, style="plus"),
            ),
        ),
    ),
)

ENDPOINTS = (
    PROGRAM_BY_TIME,
    ARBITRAGE_BALANCE,
    PROGRAM_CUMULATIVE,
    STOCK_PROGRAM_BY_TIME,
    PROGRAM_BY_DAY,
    STOCK_PROGRAM_BY_DAY,
    SECTOR_PROGRAM,
    PROGRAM_RANKING,
    PROGRAM_BY_STOCK,
)
