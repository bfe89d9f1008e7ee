"""Spot gold (금현물): grams for shares. Sources as in :mod:`.quote`."""

from __future__ import annotations

from kiwoomdata.entries.common import TICKS, choice, moved, price, quantity
from kiwoomdata.entries.entry import (
    GRAMS,
    HUNDRED_MILLION_KRW,
    KILOGRAMS,
    KRW,
    MILLION_KRW,
    PERCENT,
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
    DATE,
    DATETIME,
    DIRECTION,
    FLOW,
    MAGNITUDE,
    NAME,
    PRICE_DECIMAL,
    RATE,
    RATIO,
    SHARE,
    SIDE,
    TEXT,
    TIME,
    VENUE,
)

_PRODUCT = Param(
    "stk_cd", "product", "종목코드", TEXT, {"1kg": "M04020000", "100g": "M04020100"}, default="1kg"
)
_UNTIL = Param("base_dt", "until", "기준일자", DATE)
_ADJUSTED = choice("upd_stkpc_tp", "adjusted", "수정주가구분", "adjusted", raw="0", adjusted="1")
_OPEN_HIGH_LOW = (
    price("open_pric", "open", "시가"),
    price("high_pric", "high", "고가"),
    price("low_pric", "low", "저가"),
)

GOLD_TRADES = Endpoint(
    "ka50010",
    ko="금현물체결추이",
    en="Trades of spot gold",
    path="/api/dostk/mrkcond",
    category="quote",
    params=(_PRODUCT,),
    page_rows=100,
    note=("The value is in won."),
    parts=(
        Part(
            "trades",
            "gold_cntr",
            "금현물체결추이",
            (
                price("cntr_pric", "price", "체결가"),
                Column("pred_pre", "change", CHANGE, "전일 대비", KRW, style="plus"),
                Column("flu_rt", "change_pct", RATE, "등락율", PERCENT, style="plus"),
                quantity("trde_qty", "cumulative_volume_grams", "누적 거래량", GRAMS),
                Column("acc_trde_prica", "cumulative_value", AMOUNT, "누적 거래대금", KRW),
                Column(
                    "cntr_trde_qty",
                    "side",
                    SIDE,
                    "거래량(체결량)부호",
                    note="sign of the quantity: + buy, - sell",
                ),
                Column("cntr_trde_qty", "quantity_grams", MAGNITUDE, "거래량(체결량)", GRAMS, style="plus"),
                Column("tm", "time", TIME, "체결시간"),
                Column("pre_sig", "direction", DIRECTION, "전일대비기호"),
                price("pri_sel_bid_unit", "ask", "매도호가"),
                price("pri_buy_bid_unit", "bid", "매수호가"),
                Column("trde_pre", "volume_ratio_pct", SHARE, "전일 거래량 대비 비율", PERCENT, style="plus"),
                Column(
                    "trde_tern_rt",
                    "tick_ratio_pct",
                    SHARE,
                    "전일 거래량 대비 순간 거래량 비율",
                    PERCENT,
                    style="plus",
                ),
                Column("cntr_str", "strength", RATIO, "체결강도", PERCENT),
            ),
        ),
    ),
)

GOLD_DAILY = Endpoint(
    "ka50012",
    ko="금현물일별추이",
    en="Spot gold by day",
    path="/api/dostk/mrkcond",
    category="quote",
    params=(
        _PRODUCT,
        _UNTIL,
    ),
    walk=Walk("date", until="base_dt"),
    key=("date",),
    page_rows=30,
    order="newest first",
    final="next morning",
    every_day=True,
    note=(
        "Whether the day asked is heeded is not proven: asked for 2025-08-20, the rows began on "
        "2025-08-26. No unit of a flow is proven."
    ),
    parts=(
        Part(
            "days",
            "gold_daly_trnsn",
            "금현물일별추이",
            (
                price("cur_prc", "close", "종가"),
                Column("pred_pre", "change", CHANGE, "전일 대비", KRW, style="plus"),
                Column("flu_rt", "change_pct", RATE, "등락율", PERCENT, style="plus"),
                quantity("trde_qty", "volume_grams", "누적 거래량", GRAMS),
                Column("acc_trde_prica", "value", AMOUNT, "누적 거래대금(백만)", MILLION_KRW),
                *_OPEN_HIGH_LOW,
                Column("dt", "date", DATE, "일자"),
                Column("pre_sig", "direction", DIRECTION, "전일대비기호"),
                Column(
                    "orgn_netprps",
                    "institution_net_buy_as_served",
                    FLOW,
                    "기관 순매수 수량",
                    UNKNOWN,
                    style="plus",
                ),
                Column(
                    "for_netprps",
                    "foreign_net_buy_as_served",
                    FLOW,
                    "외국인 순매수 수량",
                    UNKNOWN,
                    style="plus",
                ),
                Column(
                    "ind_netprps",
                    "individual_net_buy_as_served",
                    FLOW,
                    "순매매량(개인)",
                    UNKNOWN,
                    style="plus",
                ),
            ),
        ),
    ),
)

GOLD_TICK_BARS = Endpoint(
    "ka50079",
    ko="금현물틱차트조회요청",
    en="Candles of spot gold by ticks",
    path="/api/dostk/chart",
    category="chart",
    params=(
        _PRODUCT,
        TICKS,
        _ADJUSTED,
    ),
    note=("The change is printed without a sign; the direction tells it."),
    parts=(
        Part(
            "bars",
            "gds_tic_chart_qry",
            "금현물틱차트조회",
            (
                price("cur_prc", "close", "현재가"),
                Column("pred_pre", "change", CHANGE, "전일대비", KRW, signed_by="pred_pre_sig"),
                quantity("trde_qty", "volume_grams", "거래량", GRAMS),
                *_OPEN_HIGH_LOW,
                Column("cntr_tm", "time", DATETIME, "체결시간"),
                Column("dt", "time_again", DATETIME, "일자"),
                Column("pred_pre_sig", "direction", DIRECTION, "전일대비기호"),
            ),
        ),
    ),
)

GOLD_MINUTE_BARS = Endpoint(
    "ka50080",
    ko="금현물분봉차트조회요청",
    en="Candles of spot gold by minutes",
    path="/api/dostk/chart",
    category="chart",
    params=(
        _PRODUCT,
        Param(
            "tic_scope",
            "interval",
            "틱범위",
            TEXT,
            {
                "1m": "1",
                "3m": "3",
                "5m": "5",
                "10m": "10",
                "15m": "15",
                "30m": "30",
                "45m": "45",
                "60m": "60",
            },
            default="1m",
            blank=True,  # as the guide prints it
        ),
        Param(
            "upd_stkpc_tp", "adjusted", "수정주가구분", TEXT, {"raw": "0", "adjusted": "1"}, required=False
        ),
    ),
    walk=Walk("time"),
    key=("time",),
    order="newest first",
    final="next morning",
    note=("The direction is printed blank and the change without a sign: it is null then."),
    parts=(
        Part(
            "bars",
            "gds_min_chart_qry",
            "금현물분봉차트조회",
            (
                price("cur_prc", "close", "현재가"),
                Column("pred_pre", "change", CHANGE, "전일대비", KRW, signed_by="pred_pre_sig"),
                quantity("acc_trde_qty", "cumulative_volume_grams", "누적거래량", GRAMS),
                quantity("trde_qty", "volume_grams", "거래량", GRAMS),
                *_OPEN_HIGH_LOW,
                Column("cntr_tm", "time", DATETIME, "체결시간"),
                Column("dt", "time_again", DATETIME, "일자"),
                Column("pred_pre_sig", "direction", DIRECTION, "전일대비기호"),
            ),
        ),
    ),
)

GOLD_DAILY_BARS = Endpoint(
    "ka50081",
    ko="금현물일봉차트조회요청",
    en="Candles of spot gold by day",
    path="/api/dostk/chart",
    category="chart",
    params=(
        _PRODUCT,
        _UNTIL,
        _ADJUSTED,
    ),
    walk=Walk("date", until="base_dt"),
    every_day=True,
    key=("date",),
    order="newest first",
    final="next morning",
    note=("There is no change, only its direction."),
    parts=(
        Part(
            "bars",
            "gds_day_chart_qry",
            "금현물일봉차트조회",
            (
                price("cur_prc", "close", "현재가"),
                quantity("acc_trde_qty", "volume_grams", "누적 거래량", GRAMS),
                Column("acc_trde_prica", "value", AMOUNT, "누적 거래대금", MILLION_KRW),
                *_OPEN_HIGH_LOW,
                Column("dt", "date", DATE, "일자"),
                Column("pred_pre_sig", "direction", DIRECTION, "전일대비기호"),
            ),
        ),
    ),
)

GOLD_WEEKLY_BARS = Endpoint(
    "ka50082",
    ko="금현물주봉차트조회요청",
    en="Candles of spot gold by week",
    path="/api/dostk/chart",
    category="chart",
    params=(
        _PRODUCT,
        _UNTIL,
        _ADJUSTED,
    ),
    walk=Walk("date", until="base_dt"),
    every_day=True,
    key=("date",),
    order="newest first",
    final="next morning",
    period="week",
    note=("The value is cut to seven digits by the server: no factor holds for all rows."),
    parts=(
        Part(
            "bars",
            "gds_week_chart_qry",
            "금현물일봉차트조회",
            (
                price("cur_prc", "close", "현재가"),
                quantity("acc_trde_qty", "volume_grams", "누적 거래량", GRAMS),
                Column("acc_trde_prica", "value_as_served", AMOUNT, "누적 거래대금", UNKNOWN),
                *_OPEN_HIGH_LOW,
                Column("dt", "date", DATE, "일자"),
            ),
        ),
    ),
)

GOLD_MONTHLY_BARS = Endpoint(
    "ka50083",
    ko="금현물월봉차트조회요청",
    en="Candles of spot gold by month",
    path="/api/dostk/chart",
    category="chart",
    params=(
        _PRODUCT,
        _UNTIL,
        _ADJUSTED,
    ),
    walk=Walk("date", until="base_dt"),
    every_day=True,
    key=("date",),
    order="newest first",
    final="next morning",
    period="month",
    parts=(
        Part(
            "bars",
            "gds_month_chart_qry",
            "금현물일봉차트조회",
            (
                price("cur_prc", "close", "현재가"),
                quantity("acc_trde_qty", "volume_grams", "누적 거래량", GRAMS),
                Column("acc_trde_prica", "value", AMOUNT, "누적 거래대금", KRW),
                *_OPEN_HIGH_LOW,
                Column("dt", "date", DATE, "일자"),
            ),
        ),
    ),
)

GOLD_EXPECTED = Endpoint(
    "ka50087",
    ko="금현물예상체결",
    en="Expected trades of spot gold",
    path="/api/dostk/mrkcond",
    category="quote",
    params=(_PRODUCT,),
    parts=(
        Part(
            "trades",
            "gold_expt_exec",
            "금현물예상체결",
            (
                price("exp_cntr_pric", "expected_price", "예상 체결가"),
                Column("exp_pred_pre", "expected_change", CHANGE, "예상 체결가 전일대비", KRW, style="plus"),
                Column(
                    "exp_flu_rt", "expected_change_pct", RATE, "예상 체결가 등락율", PERCENT, style="plus"
                ),
                quantity("exp_acc_trde_qty", "expected_cumulative_grams", "예상 체결 수량(누적)", GRAMS),
                Column(
                    "exp_cntr_trde_qty",
                    "side",
                    SIDE,
                    "예상 체결 수량부호",
                    note="sign of the quantity: + buy, - sell",
                ),
                Column("exp_cntr_trde_qty", "expected_quantity_grams", MAGNITUDE, "예상 체결 수량", GRAMS),
                Column("exp_tm", "time", TIME, "예상 체결 시간"),
                Column("exp_pre_sig", "direction", DIRECTION, "예상 체결가 전일대비기호"),
                Column("stex_tp", "venue", VENUE, "거래소 구분"),
            ),
        ),
    ),
)

GOLD_TICK_BARS_TODAY = Endpoint(
    "ka50091",
    ko="금현물당일틱차트조회요청",
    en="Candles of spot gold by ticks, today",
    path="/api/dostk/chart",
    category="chart",
    params=(
        _PRODUCT,
        TICKS,
    ),
    note=("The change is printed without a sign; the direction tells it."),
    parts=(
        Part(
            "bars",
            "gds_tic_chart_qry",
            "금현물일봉차트조회",
            (
                price("cntr_pric", "close", "체결가"),
                Column("pred_pre", "change", CHANGE, "전일 대비(원)", KRW, signed_by="pred_pre_sig"),
                quantity("trde_qty", "volume_grams", "거래량(체결량)", GRAMS),
                *_OPEN_HIGH_LOW,
                Column("cntr_tm", "time", DATETIME, "체결시간"),
                Column("dt", "time_again", DATETIME, "일자"),
                Column("pred_pre_sig", "direction", DIRECTION, "전일대비기호"),
            ),
        ),
    ),
)

GOLD_MINUTE_BARS_TODAY = Endpoint(
    "ka50092",
    ko="금현물당일분봉차트조회요청",
    en="Candles of spot gold by minutes, today",
    path="/api/dostk/chart",
    category="chart",
    params=(
        _PRODUCT,
        Param(
            "tic_scope",
            "interval",
            "틱범위",
            TEXT,
            {"1": "1", "3": "3", "5": "5", "10": "10", "30": "30"},
            default="1",
        ),
    ),
    note=("The change has its sign here."),
    parts=(
        Part(
            "bars",
            "gds_min_chart_qry",
            "금현물일봉차트조회",
            (
                price("cntr_pric", "close", "체결가"),
                Column("pred_pre", "change", CHANGE, "전일 대비(원)", KRW, style="plus"),
                quantity("acc_trde_qty", "cumulative_volume_grams", "누적 거래량", GRAMS),
                Column("acc_trde_prica", "cumulative_value_as_served", AMOUNT, "누적 거래대금", UNKNOWN),
                quantity("trde_qty", "volume_grams", "거래량(체결량)", GRAMS),
                *_OPEN_HIGH_LOW,
                Column("cntr_tm", "time", DATETIME, "체결시간"),
                Column("dt", "time_again", DATETIME, "일자"),
                Column("pred_pre_sig", "direction", DIRECTION, "전일대비기호"),
            ),
        ),
    ),
)

GOLD_QUOTE = Endpoint(
    "ka50100",
    ko="금현물 시세정보",
    en="Spot gold at the moment",
    path="/api/dostk/mrkcond",
    category="quote",
    params=(_PRODUCT,),
    note=("There is no price: it is previous_close plus change."),
    parts=(
        Part(
            "quote",
            None,
            "금현물 시세정보",
            (
                *moved("pred_pre_sig", "pred_pre", "flu_rt", "등락율"),
                quantity("trde_qty", "volume_grams", "거래량", GRAMS),
                *_OPEN_HIGH_LOW,
                Column("pred_rt", "volume_ratio_pct", SHARE, "전일비", PERCENT, style="plus"),
                price("upl_pric", "upper_limit", "상한가"),
                price("lst_pric", "lower_limit", "하한가"),
                price("pred_close_pric", "previous_close", "전일종가"),
            ),
        ),
    ),
)

GOLD_TICKS = Endpoint(
    "ka50101",
    ko="금현물 호가",
    en="Trades of spot gold by ticks",
    path="/api/dostk/mrkcond",
    category="quote",
    params=(
        _PRODUCT,
        TICKS,
    ),
    note=("The title says order book; the rows are trades."),
    parts=(
        Part(
            "trades",
            "gold_bid",
            "금현물호가",
            (
                price("cntr_pric", "price", "체결가"),
                Column("pred_pre", "change", CHANGE, "전일 대비(원)", KRW, style="plus"),
                Column("flu_rt", "change_pct", RATE, "등락율", PERCENT, style="plus"),
                quantity("trde_qty", "cumulative_volume_grams", "누적 거래량", GRAMS),
                Column("acc_trde_prica", "cumulative_value_as_served", AMOUNT, "누적 거래대금", UNKNOWN),
                Column(
                    "cntr_trde_qty",
                    "side",
                    SIDE,
                    "거래량(체결량)부호",
                    note="sign of the quantity: + buy, - sell",
                ),
                Column("cntr_trde_qty", "quantity_grams", MAGNITUDE, "거래량(체결량)", GRAMS, style="plus"),
                Column("tm", "time", TIME, "체결시간"),
                Column("pre_sig", "direction", DIRECTION, "전일대비기호"),
                price("pri_sel_bid_unit", "ask", "매도호가"),
                price("pri_buy_bid_unit", "bid", "매수호가"),
                Column("trde_pre", "volume_ratio_pct", SHARE, "전일 거래량 대비 비율", PERCENT, style="plus"),
                Column(
                    "trde_tern_rt",
                    "tick_ratio_pct",
                    SHARE,
                    "전일 거래량 대비 순간 거래량 비율",
                    PERCENT,
                    style="plus",
                ),
                Column("cntr_str", "strength", RATIO, "체결강도", PERCENT),
                Column("lpmmcm_nm_1", "knock_out_nearness_as_served", RATIO, "K.O 접근도", UNKNOWN),
                Column("stex_tp", "venue", VENUE, "거래소구분"),
            ),
        ),
    ),
)

GOLD_INVESTORS = Endpoint(
    "ka52301",
    ko="금현물투자자현황",
    en="Investors in spot gold",
    path="/api/dostk/frgnistt",
    category="investor",
    params=(),
    note=("code and name are an investor's. Quantities come in kilograms and values in eok."),
    parts=(
        Part(
            "investors",
            "inve_trad_stat",
            "금현물투자자현황",
            (
                quantity("all_dfrt_trst_sell_qty", "sell_grams", "투자자별 매도 수량(천)", KILOGRAMS),
                Column(
                    "sell_qty_irds",
                    "sell_change_grams",
                    FLOW,
                    "투자자별 매도 수량 증감(천)",
                    KILOGRAMS,
                ),
                Column(
                    "all_dfrt_trst_sell_amt",
                    "sell_value",
                    AMOUNT,
                    "투자자별 매도 금액(억)",
                    HUNDRED_MILLION_KRW,
                ),
                Column(
                    "sell_amt_irds",
                    "sell_value_change",
                    FLOW,
                    "투자자별 매도 금액 증감(억)",
                    HUNDRED_MILLION_KRW,
                ),
                quantity("all_dfrt_trst_buy_qty", "buy_grams", "투자자별 매수 수량(천)", KILOGRAMS),
                Column(
                    "buy_qty_irds",
                    "buy_change_grams",
                    FLOW,
                    "투자자별 매수 수량 증감(천)",
                    KILOGRAMS,
                ),
                Column(
                    "all_dfrt_trst_buy_amt",
                    "buy_value",
                    AMOUNT,
                    "투자자별 매수 금액(억)",
                    HUNDRED_MILLION_KRW,
                ),
                Column(
                    "buy_amt_irds",
                    "buy_value_change",
                    FLOW,
                    "투자자별 매수 금액 증감(억)",
                    HUNDRED_MILLION_KRW,
                ),
                Column(
                    "all_dfrt_trst_netprps_qty",
                    "net_buy_grams",
                    FLOW,
                    "투자자별 순매수 수량(천)",
                    KILOGRAMS,
                ),
                Column(
                    "netprps_qty_irds",
                    "net_buy_change_grams",
                    FLOW,
                    "투자자별 순매수 수량 증감(천)",
                    KILOGRAMS,
                ),
                Column(
                    "all_dfrt_trst_netprps_amt",
                    "net_buy_value",
                    FLOW,
                    "투자자별 순매수 금액(억)",
                    HUNDRED_MILLION_KRW,
                ),
                Column(
                    "netprps_amt_irds",
                    "net_buy_value_change",
                    FLOW,
                    "투자자별 순매수 금액 증감(억)",
                    HUNDRED_MILLION_KRW,
                ),
                Column(
                    "sell_uv",
                    "sell_unit_price_as_served",
                    PRICE_DECIMAL,
                    "투자자별 매도 단가",
                    UNKNOWN,
                ),
                Column(
                    "buy_uv",
                    "buy_unit_price_as_served",
                    PRICE_DECIMAL,
                    "투자자별 매수 단가",
                    UNKNOWN,
                ),
                Column("stk_nm", "investor", NAME, "투자자 구분명"),
                Column(
                    "acc_netprps_amt",
                    "cumulative_net_buy_value",
                    FLOW,
                    "누적 순매수 금액(억)",
                    HUNDRED_MILLION_KRW,
                ),
                Column(
                    "acc_netprps_qty",
                    "cumulative_net_buy_grams",
                    FLOW,
                    "누적 순매수 수량(천)",
                    KILOGRAMS,
                ),
                Column("stk_cd", "investor_code", CODE, "투자자 코드"),
            ),
        ),
    ),
)

ENDPOINTS = (
    GOLD_TRADES,
    GOLD_DAILY,
    GOLD_TICK_BARS,
    GOLD_MINUTE_BARS,
    GOLD_DAILY_BARS,
    GOLD_WEEKLY_BARS,
    GOLD_MONTHLY_BARS,
    GOLD_EXPECTED,
    GOLD_TICK_BARS_TODAY,
    GOLD_MINUTE_BARS_TODAY,
    GOLD_QUOTE,
    GOLD_TICKS,
    GOLD_INVESTORS,
)
