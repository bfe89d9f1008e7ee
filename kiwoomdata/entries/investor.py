"""Investors and foreigners, by stock and by day (투자자, 기관/외국인). Sources as in :mod:`.quote`."""

from __future__ import annotations

from collections.abc import Mapping

from kiwoomdata.entries.common import SYMBOL, VENUE_PARAM, choice, code_and_name, moved, price, quantity
from kiwoomdata.entries.entry import (
    HUNDRED_SHARES,
    KRW,
    MILLION_KRW,
    PERCENT,
    SHARES,
    TEN_MILLION_KRW,
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
    CHANGE,
    CHANGE_DECIMAL,
    CODE,
    COUNT,
    DATE,
    DIRECTION,
    FLOW,
    NAME,
    PRICE_DECIMAL,
    RATE,
    RATE_BY_POINT,
    TEXT,
    TIME,
    Style,
)

# Live: 805,003 million / 4,304,042 shares = 187,034 won (2026-03-12), with one share as the unit. On
# thousands nobody agrees: one author found the unit ignored for shares, another found thousands.
_BY_MEASURE: Mapping[str | tuple[str, ...], Unit] = {
    ("1", "1"): MILLION_KRW,
    ("1", "1000"): MILLION_KRW,
    ("2", "1"): SHARES,
    ("2", "1000"): UNKNOWN,
}
MEASURE_AND_UNIT = ("amt_qty_tp", "unit_tp")


SOLD = ("trde_tp", "2")
"""What is asked where each class of investor is told with what it sold."""


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
        Column(key, name, FLOW, ko, UNKNOWN, _BY_MEASURE, style=style, sold_if=SOLD)
        for key, (name, ko) in names.items()
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

FOREIGN_HOLDINGS = Endpoint(
    "ka10008",
    ko="주식외국인종목별매매동향",
    en="Foreign holdings and limit of a stock by day",
    path="/api/dostk/frgnistt",
    category="investor",
    function="foreign_holdings",
    example='kd.foreign_holdings("005930")',
    params=(SYMBOL,),
    walk=Walk("date", whole=True),
    key=("date",),
    page_rows=50,
    order="newest first",
    final="next morning",
    every_day=True,
    rebased=True,
    parts=(
        Part(
            "days",
            "stk_frgnr",
            "주식외국인",
            (
                Column("dt", "date", DATE, "일자"),
                price("close_pric", "close", "종가"),
                Column("pred_pre", "change", CHANGE, "전일대비", KRW, style="plus"),
                quantity("trde_qty", "volume", "거래량"),
                Column("chg_qty", "change_in_shares", FLOW, "변동수량", SHARES, style="plus"),
                quantity("poss_stkcnt", "foreign_shares", "보유주식수"),
                Column("wght", "foreign_weight_pct", RATE, "비중", PERCENT, style="plus"),
                quantity("gain_pos_stkcnt", "foreign_available_shares", "취득가능주식수"),
                quantity("frgnr_limit", "foreign_limit", "외국인한도"),
                Column(
                    "frgnr_limit_irds", "foreign_limit_change", FLOW, "외국인한도증감", SHARES, style="plus"
                ),
                Column("limit_exh_rt", "foreign_limit_used_pct", RATE, "한도소진률", PERCENT, style="plus"),
            ),
        ),
    ),
)

INSTITUTIONS = Endpoint(
    "ka10009",
    ko="주식기관요청",
    en="Institutions and foreigners in a stock",
    path="/api/dostk/frgnistt",
    category="investor",
    params=(SYMBOL,),
    note=("Printed blank throughout: no unit is proven."),
    parts=(
        Part(
            "day",
            None,
            "주식기관",
            (
                Column("date", "date", DATE, "날짜"),
                price("close_pric", "close", "종가"),
                Column("pre", "change", CHANGE, "대비", KRW, style="plus"),
                Column(
                    "orgn_dt_acc",
                    "institution_cumulative_as_served",
                    FLOW,
                    "기관기간누적",
                    UNKNOWN,
                    style="plus",
                ),
                Column(
                    "orgn_daly_nettrde",
                    "institution_net_buy_as_served",
                    FLOW,
                    "기관일별순매매",
                    UNKNOWN,
                    style="plus",
                ),
                Column(
                    "frgnr_daly_nettrde",
                    "foreign_net_buy_as_served",
                    FLOW,
                    "외국인일별순매매",
                    UNKNOWN,
                    style="plus",
                ),
                Column("frgnr_qota_rt", "foreign_holding_pct", RATE, "외국인지분율", PERCENT, style="plus"),
            ),
        ),
    ),
)

FOREIGN_BY_PERIOD = Endpoint(
    "ka10034",
    ko="외인기간별매매상위요청",
    en="Stocks by foreign net buying of a period",
    path="/api/dostk/rkinfo",
    category="ranking",
    function="foreign_ranking",
    example='kd.foreign_ranking("kospi", days=5)',
    params=(
        choice("mrkt_tp", "market", "시장구분", "all", all="000", kospi="001", kosdaq="101"),
        choice("trde_tp", "side", "매매구분", None, sell="1", buy="2", both="3"),
        Param(
            "dt",
            "days",
            "기간",
            TEXT,
            {"today": "0", "previous_day": "1", "5": "5", "10": "10", "20": "20", "60": "60"},
        ),
        VENUE_PARAM,
    ),
    final="by the day",
    note=(
        "Changes of holdings, not the investor flow of ka10059: the two may have opposite signs. Day 1 "
        "is yesterday."
    ),
    parts=(
        Part(
            "stocks",
            "for_dt_trde_upper",
            "외인기간별매매상위",
            (
                Column("rank", "rank", COUNT, "순위"),
                *code_and_name(),
                price("cur_prc", "price", "현재가"),
                Column("pred_pre_sig", "direction", DIRECTION, "전일대비기호"),
                Column("pred_pre", "change", CHANGE, "전일대비", KRW, style="plus"),
                price("sel_bid", "ask", "매도호가"),
                price("buy_bid", "bid", "매수호가"),
                quantity("trde_qty", "volume", "거래량"),
                Column("netprps_qty", "net_buy", FLOW, "순매수량", SHARES, style="double"),
                quantity("gain_pos_stkcnt", "foreign_available_shares", "취득가능주식수"),
            ),
        ),
    ),
    page_rows=100,
)

FOREIGN_STREAKS = Endpoint(
    "ka10035",
    ko="외인연속순매매상위요청",
    en="Stocks that foreigners bought or sold day after day",
    path="/api/dostk/rkinfo",
    category="ranking",
    function="foreign_ranking",
    example='kd.foreign_ranking("kospi", by="streak")',
    params=(
        choice("mrkt_tp", "market", "시장구분", "all", all="000", kospi="001", kosdaq="101"),
        choice("trde_tp", "side", "매매구분", None, sell="1", buy="2"),
        choice("base_dt_tp", "from_day", "기준일구분", "today", today="0", yesterday="1"),
        VENUE_PARAM,
    ),
    final="by the day",
    note=(
        "net_buy_1 to net_buy_3 are the last three days, and net_buy their sum; the rows are sorted by "
        "its size, without the sign."
    ),
    parts=(
        Part(
            "stocks",
            "for_cont_nettrde_upper",
            "외인연속순매매상위",
            (
                *code_and_name(),
                price("cur_prc", "price", "현재가"),
                Column("pred_pre_sig", "direction", DIRECTION, "전일대비기호"),
                Column("pred_pre", "change", CHANGE, "전일대비", KRW, style="plus"),
                Column("dm1", "net_buy_1", FLOW, "D-1", SHARES, style="plus"),
                Column("dm2", "net_buy_2", FLOW, "D-2", SHARES, style="plus"),
                Column("dm3", "net_buy_3", FLOW, "D-3", SHARES, style="plus"),
                Column("tot", "net_buy", FLOW, "합계", SHARES, style="plus"),
                Column("limit_exh_rt", "foreign_limit_used_pct", RATE, "한도소진율", PERCENT, style="plus"),
                Column("pred_pre_1", "change_1_as_served", CHANGE, "전일대비1", UNKNOWN, style="plus"),
                Column("pred_pre_2", "change_2_as_served", CHANGE, "전일대비2", UNKNOWN, style="plus"),
                Column("pred_pre_3", "change_3_as_served", CHANGE, "전일대비3", UNKNOWN, style="plus"),
            ),
        ),
    ),
    page_rows=100,
)

FOREIGN_LIMIT_RANKING = Endpoint(
    "ka10036",
    ko="외인한도소진율증가상위",
    en="Stocks by growth of the foreign limit used",
    path="/api/dostk/rkinfo",
    category="ranking",
    function="foreign_ranking",
    example='kd.foreign_ranking("kospi", by="limit")',
    params=(
        choice("mrkt_tp", "market", "시장구분", "all", all="000", kospi="001", kosdaq="101"),
        Param(
            "dt", "days", "기간", TEXT, {"today": "0", "1": "1", "5": "5", "10": "10", "20": "20", "60": "60"}
        ),
        VENUE_PARAM,
    ),
    key=("code",),
    page_rows=100,
    final="by the day",
    parts=(
        Part(
            "stocks",
            "for_limit_exh_rt_incrs_upper",
            "외인한도소진율증가상위",
            (
                Column("rank", "rank", COUNT, "순위"),
                *code_and_name(),
                price("cur_prc", "price", "현재가"),
                Column("pred_pre_sig", "direction", DIRECTION, "전일대비기호"),
                Column("pred_pre", "change", CHANGE, "전일대비", KRW, style="plus"),
                quantity("trde_qty", "volume", "거래량"),
                quantity("poss_stkcnt", "foreign_shares", "보유주식수"),
                quantity("gain_pos_stkcnt", "foreign_available_shares", "취득가능주식수"),
                Column(
                    "base_limit_exh_rt",
                    "reference_limit_used_pct",
                    RATE,
                    "기준한도소진율",
                    PERCENT,
                    style="plus",
                ),
                Column("limit_exh_rt", "foreign_limit_used_pct", RATE, "한도소진율", PERCENT, style="plus"),
                Column("exh_rt_incrs", "limit_used_change_pct", RATE, "소진율증가", PERCENT, style="plus"),
            ),
        ),
    ),
)

FOREIGN_BROKERS_RANKING = Endpoint(
    "ka10037",
    ko="외국계창구매매상위요청",
    en="Stocks by net buying through foreign brokers",
    path="/api/dostk/rkinfo",
    category="ranking",
    function="foreign_ranking",
    example='kd.foreign_ranking("kospi", by="brokers")',
    params=(
        choice("mrkt_tp", "market", "시장구분", "all", all="000", kospi="001", kosdaq="101"),
        Param(
            "dt", "days", "기간", TEXT, {"today": "0", "1": "1", "5": "5", "10": "10", "20": "20", "60": "60"}
        ),
        choice("trde_tp", "side", "매매구분", None, net_buy="1", net_sell="2", buy="3", sell="4"),
        choice("sort_tp", "sort", "정렬구분", "value", value="1", shares="2"),
        VENUE_PARAM,
    ),
    final="by the day",
    note=(
        "The codes of side are the opposite of those of ka10034. What was sold is written as a negative "
        "number."
    ),
    parts=(
        Part(
            "stocks",
            "frgn_wicket_trde_upper",
            "외국계창구매매상위",
            (
                Column("rank", "rank", COUNT, "순위"),
                *code_and_name(),
                price("cur_prc", "price", "현재가"),
                *moved("pred_pre_sig", "pred_pre", "flu_rt", "등락율"),
                Column("sel_trde_qty", "sell", FLOW, "매도거래량", SHARES, style="double", negated=True),
                Column("buy_trde_qty", "buy", FLOW, "매수거래량", SHARES, style="double"),
                Column("netprps_trde_qty", "net_buy", FLOW, "순매수거래량", SHARES, style="double"),
                Column("netprps_prica", "net_buy_value", FLOW, "순매수대금", MILLION_KRW, style="double"),
                quantity("trde_qty", "volume", "거래량"),
                Column("trde_prica", "value", AMOUNT, "거래대금", MILLION_KRW),
            ),
        ),
    ),
    page_rows=100,
)

INVESTOR_RANKING = Endpoint(
    "ka10058",
    ko="투자자별일별매매종목요청",
    en="Stocks that an investor class bought or sold in a period",
    path="/api/dostk/stkinfo",
    category="stock",
    function="investor_ranking",
    example='kd.investor_ranking("foreign", "2024-01-02", "2024-01-31")',
    params=(
        Param("strt_dt", "start", "시작일자", DATE, example="2024-01-02"),
        Param("end_dt", "end", "종료일자", DATE),
        choice("trde_tp", "side", "매매구분", None, sell="1", buy="2"),
        choice("mrkt_tp", "market", "시장구분", None, kospi="001", kosdaq="101"),
        choice(
            "invsr_tp",
            "investor",
            "투자자구분",
            None,
            individual="8000",
            foreign="9000",
            financial_investment="1000",
            investment_trust="3000",
            other_financial="5000",
            bank="4000",
            insurance="2000",
            pension="6000",
            nation="7000",
            other_corporation="7100",
            institution="9999",
        ),
        VENUE_PARAM,
    ),
    final="next morning",
    as_of="end_dt",
    note=(
        "The keys say net selling and hold net buying, in hundreds of shares. It answered nothing for "
        "all eleven investors in 2026."
    ),
    parts=(
        Part(
            "stocks",
            "invsr_daly_trde_stk",
            "투자자별일별매매종목",
            (
                *code_and_name(),
                Column("netslmt_qty", "net_buy", FLOW, "순매도수량", HUNDRED_SHARES, style="plus"),
                Column("netslmt_amt", "net_buy_value", FLOW, "순매도금액", MILLION_KRW, style="plus"),
                Column("prsm_avg_pric", "estimated_price", PRICE_DECIMAL, "추정평균가", KRW, style="plus"),
                price("cur_prc", "price", "현재가"),
                Column("pre_sig", "direction", DIRECTION, "대비기호"),
                Column("pred_pre", "change", CHANGE, "전일대비", KRW, style="plus"),
                Column("avg_pric_pre", "vs_estimate", CHANGE_DECIMAL, "평균가대비", KRW, style="plus"),
                # 4,244 / 57,056 is the printed 7.43 %; the change of the day is 4,000 / 57,300 = 6.98 %.
                Column("pre_rt", "vs_estimate_pct", RATE, "대비율", PERCENT, style="plus"),
                quantity("dt_trde_qty", "period_volume", "기간거래량"),
            ),
        ),
    ),
)

INVESTORS_CHART = Endpoint(
    "ka10060",
    ko="종목별투자자기관별차트요청",
    en="Thirteen investor classes of a stock by day, for charts",
    path="/api/dostk/chart",
    category="chart",
    params=(
        Param("dt", "until", "일자", DATE),
        SYMBOL,
        choice("amt_qty_tp", "measure", "금액수량구분", "value", value="1", shares="2"),
        choice("trde_tp", "side", "매매구분", None, net="0", buy="1", sell="2"),
        choice("unit_tp", "unit", "단위구분", "one", thousand="1000", one="1"),
    ),
    walk=Walk("date", until="dt"),
    every_day=True,
    key=("date",),
    unit_flag=MEASURE_AND_UNIT,
    order="newest first",
    final="next morning",
    note=("The key of the volume says value. ka10059 tells more of the same rows."),
    parts=(
        Part(
            "days",
            "stk_invsr_orgn_chart",
            "종목별투자자기관별차트",
            (
                Column("dt", "date", DATE, "일자"),
                price("cur_prc", "close", "현재가"),
                Column("pred_pre", "change", CHANGE, "전일대비", KRW, style="plus"),
                quantity("acc_trde_prica", "volume", "누적거래대금"),
                *classes("plus"),
            ),
        ),
    ),
)

INVESTOR_TOTALS = Endpoint(
    "ka10061",
    ko="종목별투자자기관별합계요청",
    en="Thirteen investor classes of a stock over a period",
    path="/api/dostk/stkinfo",
    category="stock",
    function="investor_totals",
    example='kd.investor_totals("005930", "2024-01-02", "2024-01-31")',
    params=(
        SYMBOL,
        Param("strt_dt", "start", "시작일자", DATE, example="2024-01-02"),
        Param("end_dt", "end", "종료일자", DATE),
        choice("amt_qty_tp", "measure", "금액수량구분", "value", value="1", shares="2"),
        choice("trde_tp", "side", "매매구분", None, net="0"),
        choice("unit_tp", "unit", "단위구분", "one", thousand="1000", one="1"),
    ),
    unit_flag=MEASURE_AND_UNIT,
    final="next morning",
    as_of="end_dt",
    parts=(Part("totals", "stk_invsr_orgn_tot", "종목별투자자기관별합계", (*classes("double"),)),),
)

SAME_SIDE_RANKING = Endpoint(
    "ka10062",
    ko="동일순매매순위요청",
    en="Stocks that foreigners and institutions both bought or both sold",
    path="/api/dostk/rkinfo",
    category="ranking",
    function="same_side_ranking",
    example='kd.same_side_ranking("2024-01-02", "2024-01-31")',
    params=(
        Param("strt_dt", "start", "시작일자", DATE, example="2024-01-02"),
        Param("end_dt", "end", "종료일자", DATE, required=False),
        choice("mrkt_tp", "market", "시장구분", "all", all="000", kospi="001", kosdaq="101"),
        choice("trde_tp", "side", "매매구분", None, buy="1", sell="2"),
        choice("sort_cnd", "sort", "정렬조건", "shares", shares="1", value="2"),
        choice("unit_tp", "unit", "단위구분", "one", one="1", thousand="1000"),
        VENUE_PARAM,
    ),
    final="next morning",
    as_of="end_dt",
    note=(
        "Quantities come in shares or thousands, whatever the request says: only a row's own value and "
        "average tell. An average sticks at 2,147,483: null and a warning."
    ),
    parts=(
        Part(
            "stocks",
            "eql_nettrde_rank",
            "동일순매매순위",
            (
                Column("stk_cd", "code", CODE, "종목코드"),
                Column("rank", "rank", COUNT, "순위"),
                Column("stk_nm", "name", NAME, "종목명"),
                price("cur_prc", "price", "현재가"),
                *moved("pre_sig", "pred_pre", "flu_rt", "등락율"),
                quantity("acc_trde_qty", "volume", "누적거래량"),
                Column(
                    "orgn_nettrde_qty",
                    "institution_net_buy_as_served",
                    FLOW,
                    "기관순매매수량",
                    UNKNOWN,
                    style="plus",
                ),
                Column(
                    "orgn_nettrde_amt",
                    "institution_net_buy_value",
                    FLOW,
                    "기관순매매금액",
                    MILLION_KRW,
                    style="plus",
                ),
                Column(
                    "orgn_nettrde_avg_pric",
                    "institution_average",
                    PRICE_DECIMAL,
                    "기관순매매평균가",
                    KRW,
                    broken=("-2147483",),
                ),
                Column(
                    "for_nettrde_qty",
                    "foreign_net_buy_as_served",
                    FLOW,
                    "외인순매매수량",
                    UNKNOWN,
                    style="plus",
                ),
                Column(
                    "for_nettrde_amt",
                    "foreign_net_buy_value",
                    FLOW,
                    "외인순매매금액",
                    MILLION_KRW,
                    style="plus",
                ),
                Column(
                    "for_nettrde_avg_pric",
                    "foreign_average",
                    PRICE_DECIMAL,
                    "외인순매매평균가",
                    KRW,
                    broken=("-2147483",),
                ),
                Column("nettrde_qty", "net_buy_as_served", FLOW, "순매매수량", UNKNOWN, style="plus"),
                Column("nettrde_amt", "net_buy_value", FLOW, "순매매금액", MILLION_KRW, style="plus"),
            ),
        ),
    ),
    page_rows=100,
)

INTRADAY_INVESTORS = Endpoint(
    "ka10064",
    ko="장중투자자별매매차트요청",
    en="Investor classes of a stock through the day",
    path="/api/dostk/chart",
    category="chart",
    function="intraday_investor_flow",
    example='kd.intraday_investor_flow("005930")',
    params=(
        choice("mrkt_tp", "market", "시장구분", "all", all="000", kospi="001", kosdaq="101"),
        choice("amt_qty_tp", "measure", "금액수량구분", "value", value="1", shares="2"),
        choice("trde_tp", "side", "매매구분", None, net="0", buy="1", sell="2"),
        SYMBOL,
    ),
    note=("Cumulative through the day and rounded to 1,000 shares; individuals are not told."),
    parts=(
        Part(
            "times",
            "opmr_invsr_trde_chart",
            "장중투자자별매매차트",
            (
                Column("tm", "time", TIME, "시간"),
                Column(
                    "frgnr_invsr",
                    "foreign_as_served",
                    FLOW,
                    "외국인투자자",
                    UNKNOWN,
                    style="plus",
                    sold_if=SOLD,
                ),
                Column("orgn", "institution_as_served", FLOW, "기관계", UNKNOWN, style="plus", sold_if=SOLD),
                Column(
                    "invtrt", "investment_trust_as_served", FLOW, "투신", UNKNOWN, style="plus", sold_if=SOLD
                ),
                Column("insrnc", "insurance_as_served", FLOW, "보험", UNKNOWN, style="plus", sold_if=SOLD),
                Column("bank", "bank_as_served", FLOW, "은행", UNKNOWN, style="plus", sold_if=SOLD),
                Column(
                    "penfnd_etc", "pension_as_served", FLOW, "연기금등", UNKNOWN, style="plus", sold_if=SOLD
                ),
                Column(
                    "etc_corp",
                    "other_corporation_as_served",
                    FLOW,
                    "기타법인",
                    UNKNOWN,
                    style="plus",
                    sold_if=SOLD,
                ),
                Column("natn", "nation_as_served", FLOW, "국가", UNKNOWN, style="plus", sold_if=SOLD),
            ),
        ),
    ),
)

INTRADAY_INVESTOR_RANKING = Endpoint(
    "ka10065",
    ko="장중투자자별매매상위요청",
    en="Stocks that an investor class bought or sold today",
    path="/api/dostk/rkinfo",
    category="ranking",
    function="investor_ranking",
    example='kd.investor_ranking("foreign")',
    params=(
        choice("trde_tp", "side", "매매구분", None, buy="1", sell="2"),
        choice("mrkt_tp", "market", "시장구분", "all", all="000", kospi="001", kosdaq="101"),
        choice(
            "orgn_tp",
            "investor",
            "기관구분",
            None,
            foreign="9000",
            financial_investment="1000",
            investment_trust="3000",
            other_financial="5000",
            bank="4000",
            insurance="2000",
            pension="6000",
            nation="7000",
            other_corporation="7100",
            institution="9999",
            foreign_brokers="9100",
        ),
    ),
    note=(
        "Rounded to 1,000 shares and provisional: the final figure may have the other sign. Venues are "
        "added up. Only foreign, institution, insurance, investment_trust, pension and other_corporation "
        "answered (live, 2026)."
    ),
    parts=(
        Part(
            "stocks",
            "opmr_invsr_trde_upper",
            "장중투자자별매매상위",
            (
                *code_and_name(),
                Column("sel_qty", "sell", FLOW, "매도량", SHARES, style="plus", negated=True),
                Column("buy_qty", "buy", FLOW, "매수량", SHARES, style="plus"),
                Column("netslmt", "net_buy", FLOW, "순매도", SHARES, style="plus"),
            ),
        ),
    ),
)

BUYING_STREAKS = Endpoint(
    "ka10131",
    ko="기관외국인연속매매현황요청",
    en="Days in a row that institutions and foreigners bought",
    path="/api/dostk/frgnistt",
    category="investor",
    function="buying_streaks",
    example='kd.buying_streaks("2024-01-02", "2024-01-31")',
    params=(
        Param(
            "dt",
            "days",
            "기간",
            TEXT,
            {"latest": "1", "3": "3", "5": "5", "10": "10", "20": "20", "120": "120", "range": "0"},
            default="latest",
        ),
        Param("strt_dt", "start", "시작일자", DATE, required=False, blank=True),
        Param("end_dt", "end", "종료일자", DATE, required=False, blank=True),
        choice("mrkt_tp", "market", "장구분", None, kospi="001", kosdaq="101"),
        choice("netslmt_tp", "side", "순매도수구분", "buy", buy="2"),
        choice("stk_inds_tp", "of", "종목업종구분", None, stocks="0", sectors="1"),
        choice("amt_qty_tp", "measure", "금액수량구분", "value", value="0", shares="1"),
        VENUE_PARAM,
    ),
    key=("code",),
    page_rows=100,
    final="next morning",
    as_of="end_dt",
    as_of_if=("dt", "0"),
    note=(
        "Values are in millions and quantities in shares, whatever measure was asked. A streak of "
        "selling has negative days. An unknown market is answered with KOSPI."
    ),
    parts=(
        Part(
            "stocks",
            "orgn_frgnr_cont_trde_prst",
            "기관외국인연속매매현황",
            (
                Column("rank", "rank", COUNT, "순위"),
                *code_and_name(),
                Column(
                    "prid_stkpc_flu_rt", "period_change_pct", RATE, "기간중주가등락률", PERCENT, style="plus"
                ),
                Column(
                    "orgn_nettrde_amt",
                    "institution_net_buy_value",
                    FLOW,
                    "기관순매매금액",
                    MILLION_KRW,
                    style="double",
                ),
                Column(
                    "orgn_nettrde_qty", "institution_net_buy", FLOW, "기관순매매량", SHARES, style="double"
                ),
                Column(
                    "orgn_cont_netprps_dys",
                    "institution_streak_days",
                    FLOW,
                    "기관계연속순매수일수",
                    style="double",
                ),
                Column(
                    "orgn_cont_netprps_qty",
                    "institution_streak",
                    FLOW,
                    "기관계연속순매수량",
                    SHARES,
                    style="double",
                ),
                Column(
                    "orgn_cont_netprps_amt",
                    "institution_streak_value",
                    FLOW,
                    "기관계연속순매수금액",
                    MILLION_KRW,
                    style="double",
                ),
                Column(
                    "frgnr_nettrde_qty", "foreign_net_buy", FLOW, "외국인순매매량", SHARES, style="double"
                ),
                Column(
                    "frgnr_nettrde_amt",
                    "foreign_net_buy_value",
                    FLOW,
                    "외국인순매매액",
                    MILLION_KRW,
                    style="double",
                ),
                Column(
                    "frgnr_cont_netprps_dys",
                    "foreign_streak_days",
                    FLOW,
                    "외국인연속순매수일수",
                    style="double",
                ),
                Column(
                    "frgnr_cont_netprps_qty",
                    "foreign_streak",
                    FLOW,
                    "외국인연속순매수량",
                    SHARES,
                    style="double",
                ),
                Column(
                    "frgnr_cont_netprps_amt",
                    "foreign_streak_value",
                    FLOW,
                    "외국인연속순매수금액",
                    MILLION_KRW,
                    style="double",
                ),
                Column("nettrde_qty", "net_buy", FLOW, "순매매량", SHARES, style="double"),
                Column("nettrde_amt", "net_buy_value", FLOW, "순매매액", MILLION_KRW, style="double"),
                Column(
                    "tot_cont_netprps_dys", "both_streak_days", FLOW, "합계연속순매수일수", style="double"
                ),
                Column(
                    "tot_cont_nettrde_qty", "both_streak", FLOW, "합계연속순매매수량", SHARES, style="double"
                ),
                Column(
                    "tot_cont_netprps_amt",
                    "both_streak_value",
                    FLOW,
                    "합계연속순매수금액",
                    MILLION_KRW,
                    style="double",
                ),
            ),
        ),
    ),
)

FOREIGN_INSTITUTION_RANKING = Endpoint(
    "ka90009",
    ko="외국인기관매매상위요청",
    en="What foreigners and institutions bought and sold most",
    path="/api/dostk/rkinfo",
    category="ranking",
    function="foreign_institution_ranking",
    example='kd.foreign_institution_ranking("2024-01-31")',
    params=(
        choice("mrkt_tp", "market", "시장구분", "all", all="000", kospi="001", kosdaq="101"),
        choice("amt_qty_tp", "measure", "금액수량구분", "value", value="1", shares="2"),
        choice("qry_dt_tp", "dated", "조회일자구분", "yes", no="0", yes="1"),
        Param("date", "date", "날짜", DATE, required=False),
        VENUE_PARAM,
    ),
    final="next morning",
    as_of="date",
    as_of_if=("qry_dt_tp", "1"),
    note=("A row holds four places of the same rank. The server adds pipe1 to pipe3, which nobody explains."),
    parts=(
        Part(
            "places",
            "frgnr_orgn_trde_upper",
            "외국인기관매매상위",
            (
                Column("for_netslmt_stk_cd", "foreign_sell_code", CODE, "외인순매도종목코드"),
                Column("for_netslmt_stk_nm", "foreign_sell_name", NAME, "외인순매도종목명"),
                Column(
                    "for_netslmt_amt",
                    "foreign_sell_net_buy_value",
                    FLOW,
                    "외인순매도금액",
                    TEN_MILLION_KRW,
                    style="plus",
                ),
                Column(
                    "for_netslmt_qty",
                    "foreign_sell_net_buy",
                    FLOW,
                    "외인순매도수량",
                    THOUSAND_SHARES,
                    style="plus",
                ),
                Column("for_netprps_stk_cd", "foreign_buy_code", CODE, "외인순매수종목코드"),
                Column("for_netprps_stk_nm", "foreign_buy_name", NAME, "외인순매수종목명"),
                Column(
                    "for_netprps_amt",
                    "foreign_buy_net_buy_value",
                    FLOW,
                    "외인순매수금액",
                    TEN_MILLION_KRW,
                    style="plus",
                ),
                Column(
                    "for_netprps_qty",
                    "foreign_buy_net_buy",
                    FLOW,
                    "외인순매수수량",
                    THOUSAND_SHARES,
                    style="plus",
                ),
                Column("orgn_netslmt_stk_cd", "institution_sell_code", CODE, "기관순매도종목코드"),
                Column("orgn_netslmt_stk_nm", "institution_sell_name", NAME, "기관순매도종목명"),
                Column(
                    "orgn_netslmt_amt",
                    "institution_sell_net_buy_value",
                    FLOW,
                    "기관순매도금액",
                    TEN_MILLION_KRW,
                    style="plus",
                ),
                Column(
                    "orgn_netslmt_qty",
                    "institution_sell_net_buy",
                    FLOW,
                    "기관순매도수량",
                    THOUSAND_SHARES,
                    style="plus",
                ),
                Column("orgn_netprps_stk_cd", "institution_buy_code", CODE, "기관순매수종목코드"),
                Column("orgn_netprps_stk_nm", "institution_buy_name", NAME, "기관순매수종목명"),
                Column(
                    "orgn_netprps_amt",
                    "institution_buy_net_buy_value",
                    FLOW,
                    "기관순매수금액",
                    TEN_MILLION_KRW,
                    style="plus",
                ),
                Column(
                    "orgn_netprps_qty",
                    "institution_buy_net_buy",
                    FLOW,
                    "기관순매수수량",
                    THOUSAND_SHARES,
                    style="plus",
                ),
            ),
        ),
    ),
)

ENDPOINTS = (
    INVESTORS_BY_DAY,
    FOREIGN_HOLDINGS,
    INSTITUTIONS,
    FOREIGN_BY_PERIOD,
    FOREIGN_STREAKS,
    FOREIGN_LIMIT_RANKING,
    FOREIGN_BROKERS_RANKING,
    INVESTOR_RANKING,
    INVESTORS_CHART,
    INVESTOR_TOTALS,
    SAME_SIDE_RANKING,
    INTRADAY_INVESTORS,
    INTRADAY_INVESTOR_RANKING,
    BUYING_STREAKS,
    FOREIGN_INSTITUTION_RANKING,
)
