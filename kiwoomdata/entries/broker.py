"""Member firms: who trades a stock (거래원). Sources as in :mod:`.quote`."""

from __future__ import annotations

from dataclasses import replace

from kiwoomdata.entries.common import (
    BROKER,
    SYMBOL,
    SYMBOL_KRX,
    VENUE_PARAM,
    choice,
    code_and_name,
    places,
    price,
    quantity,
)
from kiwoomdata.entries.entry import (
    KRW,
    NO_UNIT,
    PERCENT,
    SHARES,
    THOUSAND_KRW,
    Column,
    Endpoint,
    Param,
    Part,
    Walk,
)
from kiwoomdata.kinds import (
    BROKER_SIDE,
    CHANGE,
    CODE,
    COUNT,
    DATE,
    DIRECTION,
    FLOW,
    MAGNITUDE,
    NAME,
    PRICE,
    RATE,
    TEXT,
    TIME,
)

BROKER_BOARD = Endpoint(
    "ka10002",
    ko="주식거래원요청",
    en="The five brokers that sold and bought a stock most",
    path="/api/dostk/stkinfo",
    category="stock",
    function="broker_board",
    example='kd.broker_board("005930")',
    params=(SYMBOL,),
    note="The server writes what was sold as a negative number (-1725746, live 2026). A place that nobody "
    "takes has a blank name, the code 000 and 0 shares.",
    parts=(
        Part(
            "board",
            None,
            "주식거래원",
            (
                *code_and_name(),
                price("cur_prc", "price", "현재가"),
                Column("flu_smbol", "direction", DIRECTION, "등락부호"),
                price("base_pric", "base_price", "기준가"),
                Column("pred_pre", "change", CHANGE, "전일대비", KRW, style="plus"),
                Column("flu_rt", "change_pct", RATE, "등락율", PERCENT, style="plus"),
                *places(
                    5,
                    {"sell": ("sel", "매도"), "buy": ("buy", "매수")},
                    {
                        "broker_name": (NAME, "{side}_trde_ori_nm_{n}", NO_UNIT, "{side}거래원명{n}"),
                        "broker": (CODE, "{side}_trde_ori_{n}", NO_UNIT, "{side}거래원{n}"),
                        "quantity": (FLOW, "{side}_trde_qty_{n}", SHARES, "{side}거래량{n}"),
                    },
                    negated=("sell",),
                ),
            ),
        ),
    ),
)

BROKER_RANKING = Endpoint(
    "ka10038",
    ko="종목별증권사순위요청",
    en="Brokers of a stock by what they bought or sold",
    path="/api/dostk/rkinfo",
    category="ranking",
    function="broker_ranking",
    example='kd.broker_ranking("005930", "2024-01-02", "2024-01-31")',
    params=(
        SYMBOL,
        Param("strt_dt", "start", "시작일자", DATE, example="2024-01-02"),
        Param("end_dt", "end", "종료일자", DATE),
        choice("qry_tp", "side", "조회구분", None, sell="1", buy="2"),
        Param(
            "dt",
            "days",
            "기간",
            TEXT,
            {"1": "1", "5": "4", "10": "9", "20": "19", "40": "39", "60": "59", "120": "119"},
        ),
    ),
    final="next morning",
    as_of="end_dt",
    note=(
        # Live, 2026-08-07: a net of -2,076,560 was +-2076560, that of one broker --34274015.
        "The keys rank_1 to rank_3 are sums of shares: bought, sold, net. The request's side picks the "
        "brokers that were net sellers or net buyers."
    ),
    parts=(
        Part(
            "totals",
            None,
            "종목별증권사순위",
            (
                Column("rank_1", "buy_total", FLOW, "순위1", SHARES, style="plus"),
                Column("rank_2", "sell_total", FLOW, "순위2", SHARES, style="plus", negated=True),
                Column("rank_3", "net_buy_total", FLOW, "순위3", SHARES, style="both"),
                quantity("prid_trde_qty", "period_volume", "기간중거래량"),
            ),
        ),
        Part(
            "brokers",
            "stk_sec_rank",
            "종목별증권사순위",
            (
                Column("rank", "rank", COUNT, "순위"),
                Column("mmcm_nm", "broker", NAME, "회원사명"),
                Column("buy_qty", "buy", FLOW, "매수수량", SHARES, style="plus"),
                Column("sell_qty", "sell", FLOW, "매도수량", SHARES, style="plus", negated=True),
                Column("acc_netprps_qty", "net_buy", FLOW, "누적순매수수량", SHARES, style="double"),
            ),
        ),
    ),
)

BROKER_STOCKS = Endpoint(
    "ka10039",
    ko="증권사별매매상위요청",
    en="Stocks that a broker trades most",
    path="/api/dostk/rkinfo",
    category="ranking",
    function="broker_stocks",
    example='kd.broker_stocks("001")',
    params=(
        BROKER,
        Param(
            "trde_qty_tp",
            "min_volume",
            "거래량구분",
            TEXT,
            {"all": "0", "5k": "5", "10k": "10", "50k": "50", "100k": "100", "500k": "500", "1m": "1000"},
            default="all",
        ),
        choice("trde_tp", "side", "매매구분", None, buy="1", sell="2"),
        Param("dt", "days", "기간", TEXT, {"1": "1", "5": "5", "10": "10", "60": "60"}),
        VENUE_PARAM,
    ),
    final="by the day",
    note=(
        "Values are in thousands of won; what was sold is written as a negative number. The codes carry "
        "the venue."
    ),
    parts=(
        Part(
            "stocks",
            "sec_trde_upper",
            "증권사별매매상위",
            (
                Column("rank", "rank", COUNT, "순위"),
                *code_and_name(),
                Column("prid_stkpc_flu", "period_change", CHANGE, "기간중주가등락", KRW, style="plus"),
                Column("flu_rt", "change_pct", RATE, "등락율", PERCENT, style="plus"),
                quantity("prid_trde_qty", "period_volume", "기간중거래량"),
                Column("netprps", "net_buy", FLOW, "순매수", SHARES, style="plus"),
                Column("buy_trde_qty", "buy", FLOW, "매수거래량", SHARES, style="plus"),
                Column("sel_trde_qty", "sell", FLOW, "매도거래량", SHARES, style="plus", negated=True),
                Column("netprps_amt", "net_buy_value", FLOW, "순매수금액", THOUSAND_KRW, style="plus"),
                Column("buy_amt", "buy_value", FLOW, "매수금액", THOUSAND_KRW, style="plus"),
                Column("sell_amt", "sell_value", FLOW, "매도금액", THOUSAND_KRW, style="plus", negated=True),
            ),
        ),
    ),
)

BROKER_BOARD_CHANGES = Endpoint(
    "ka10040",
    ko="당일주요거래원요청",
    en="Today's leading brokers of a stock, with changes",
    path="/api/dostk/rkinfo",
    category="ranking",
    params=(SYMBOL_KRX,),
    note=("What was sold is written as a negative number. qry_dt and qry_tm hold codes of brokers."),
    parts=(
        Part(
            "board",
            None,
            "당일주요거래원",
            (
                *places(
                    5,
                    {"sell": ("sel", "매도"), "buy": ("buy", "매수")},
                    {
                        "quantity": (FLOW, "{side}_trde_ori_qty_{n}", SHARES, "{side}거래원수량{n}"),
                        "broker_name": (NAME, "{side}_trde_ori_{n}", NO_UNIT, "{side}거래원{n}"),
                        "broker": (CODE, "{side}_trde_ori_cd_{n}", NO_UNIT, "{side}거래원코드{n}"),
                    },
                    negated=("sell",),
                ),
                *places(
                    5,
                    {"sell": ("sel", "매도"), "buy": ("buy", "매수")},
                    {"quantity_change": (FLOW, "{side}_trde_ori_irds_{n}", SHARES, "{side}거래원별증감{n}")},
                ),
                Column(
                    "frgn_sel_prsm_sum_chang",
                    "foreign_brokers_sell_change",
                    FLOW,
                    "외국계매도추정합변동",
                    SHARES,
                    style="plus",
                ),
                Column(
                    "frgn_sel_prsm_sum",
                    "foreign_brokers_sell",
                    FLOW,
                    "외국계매도추정합",
                    SHARES,
                    style="plus",
                ),
                Column(
                    "frgn_buy_prsm_sum", "foreign_brokers_buy", FLOW, "외국계매수추정합", SHARES, style="plus"
                ),
                Column(
                    "frgn_buy_prsm_sum_chang",
                    "foreign_brokers_buy_change",
                    FLOW,
                    "외국계매수추정합변동",
                    SHARES,
                    style="plus",
                ),
            ),
        ),
        Part(
            "exits",
            "tdy_main_trde_ori",
            "당일주요거래원",
            (
                Column("sel_scesn_tm", "sell_left_time", TIME, "매도이탈시간"),
                quantity("sell_qty", "sell", "매도수량"),
                Column("sel_upper_scesn_ori", "sell_left_broker", NAME, "매도상위이탈원"),
                Column("buy_scesn_tm", "buy_left_time", TIME, "매수이탈시간"),
                quantity("buy_qty", "buy", "매수수량"),
                Column("buy_upper_scesn_ori", "buy_left_broker", NAME, "매수상위이탈원"),
                Column("qry_dt", "sell_left_broker_code", CODE, "조회일자"),
                Column("qry_tm", "buy_left_broker_code", CODE, "조회시간"),
            ),
        ),
    ),
)

BROKER_NET_RANKING = Endpoint(
    "ka10042",
    ko="순매수거래원순위요청",
    en="Brokers by net buying of a stock",
    path="/api/dostk/rkinfo",
    category="ranking",
    params=(
        SYMBOL,
        Param("strt_dt", "start", "시작일자", DATE, required=False, example="2024-01-02"),
        Param("end_dt", "end", "종료일자", DATE, required=False),
        choice("qry_dt_tp", "range", "조회기간구분", "days", days="0", dates="1"),
        choice("pot_tp", "from_day", "시점구분", "today", today="0", yesterday="1"),
        Param(
            "dt",
            "days",
            "기간",
            TEXT,
            {"5": "5", "10": "10", "20": "20", "40": "40", "60": "60", "120": "120"},
            required=False,
        ),
        choice("sort_base", "sort", "정렬기준", "close", close="1", date="2"),
    ),
    note=("ka10038 tells the shares too."),
    parts=(
        Part(
            "brokers",
            "netprps_trde_ori_rank",
            "순매수거래원순위",
            (
                Column("rank", "rank", COUNT, "순위"),
                Column("mmcm_cd", "broker_code", CODE, "회원사코드"),
                Column("mmcm_nm", "broker", NAME, "회원사명"),
            ),
        ),
    ),
)

BROKER_BY_DAY = Endpoint(
    "ka10043",
    ko="거래원매물대분석요청",
    en="What a broker traded of a stock by day",
    path="/api/dostk/stkinfo",
    category="stock",
    params=(
        SYMBOL,
        Param("strt_dt", "start", "시작일자", DATE, example="2024-01-02"),
        Param("end_dt", "end", "종료일자", DATE),
        choice("qry_dt_tp", "range", "조회기간구분", "days", days="0", dates="1"),
        choice("pot_tp", "from_day", "시점구분", "today", today="0", yesterday="1"),
        Param(
            "dt",
            "days",
            "기간",
            TEXT,
            {"5": "5", "10": "10", "20": "20", "40": "40", "60": "60", "120": "120"},
        ),
        choice("sort_base", "sort", "정렬기준", "close", close="1", date="2"),
        BROKER,
        VENUE_PARAM,
    ),
    walk=Walk("date", until="end_dt", since="strt_dt", whole=True),
    key=("date",),
    order="newest first",
    final="next morning",
    note=("trade_ratio is the day's sum in percent of one fixed volume, not a share of the day."),
    parts=(
        Part(
            "days",
            "trde_ori_prps_anly",
            "거래원매물대분석",
            (
                Column("dt", "date", DATE, "일자"),
                Column("close_pric", "close", PRICE, "종가", KRW),
                Column("pre_sig", "direction", DIRECTION, "대비기호"),
                Column("pred_pre", "change", CHANGE, "전일대비", KRW, style="double"),
                quantity("sel_qty", "sell", "매도량"),
                quantity("buy_qty", "buy", "매수량"),
                Column("netprps_qty", "net_buy", FLOW, "순매수수량", SHARES),
                quantity("trde_qty_sum", "volume", "거래량합"),
                Column("trde_wght", "share_pct", RATE, "거래비중", PERCENT, style="plus"),
            ),
        ),
    ),
)

BROKER_TICKS = Endpoint(
    "ka10052",
    ko="거래원순간거래량요청",
    en="A broker's trades of the moment",
    path="/api/dostk/stkinfo",
    category="stock",
    function="broker_ticks",
    example='kd.broker_ticks("001")',
    params=(
        BROKER,
        replace(SYMBOL, required=False, blank=True),
        choice("mrkt_tp", "market", "시장구분", "all", all="0", kospi="1", kosdaq="2", stock="3"),
        Param(
            "qty_tp",
            "min_quantity",
            "수량구분",
            TEXT,
            {
                "all": "0",
                "1k": "1",
                "2k": "2",
                "3k": "3",
                "5k": "5",
                "10k": "10",
                "30k": "30",
                "50k": "50",
                "100k": "100",
            },
            default="all",
        ),
        Param(
            "pric_tp",
            "price",
            "가격구분",
            TEXT,
            {
                "all": "0",
                "below_1k": "1",
                "from_1k": "8",
                "1k_2k": "2",
                "2k_5k": "3",
                "5k_10k": "4",
                "from_10k": "5",
            },
            default="all",
        ),
        VENUE_PARAM,
    ),
    note=("The change is printed without a sign; the direction tells it."),
    parts=(
        Part(
            "trades",
            "trde_ori_mont_trde_qty",
            "거래원순간거래량",
            (
                Column("tm", "time", TIME, "시간"),
                *code_and_name(),
                Column("trde_ori_nm", "broker", NAME, "거래원명"),
                Column("tp", "side", BROKER_SIDE, "구분"),
                Column("mont_trde_qty", "quantity", MAGNITUDE, "순간거래량", SHARES),
                Column("acc_netprps", "cumulative_net_buy", FLOW, "누적순매수", SHARES, style="plus"),
                price("cur_prc", "price", "현재가"),
                Column("pred_pre_sig", "direction", DIRECTION, "전일대비기호"),
                Column("pred_pre", "change", CHANGE, "전일대비", KRW, signed_by="pred_pre_sig"),
                Column("flu_rt", "change_pct", RATE, "등락율", PERCENT, style="plus"),
            ),
        ),
    ),
)

BROKER_EXITS = Endpoint(
    "ka10053",
    ko="당일상위이탈원요청",
    en="Brokers that left today's first places of a stock",
    path="/api/dostk/rkinfo",
    category="ranking",
    function="broker_exits",
    example='kd.broker_exits("005930")',
    params=(SYMBOL,),
    note=(
        "qry_dt and qry_tm hold codes of brokers. The sellers and the buyers of a row are two "
        "independent lists."
    ),
    parts=(
        Part(
            "exits",
            "tdy_upper_scesn_ori",
            "당일상위이탈원",
            (
                Column("sel_scesn_tm", "sell_left_time", TIME, "매도이탈시간"),
                quantity("sell_qty", "sell", "매도수량"),
                Column("sel_upper_scesn_ori", "sell_left_broker", NAME, "매도상위이탈원"),
                Column("buy_scesn_tm", "buy_left_time", TIME, "매수이탈시간"),
                quantity("buy_qty", "buy", "매수수량"),
                Column("buy_upper_scesn_ori", "buy_left_broker", NAME, "매수상위이탈원"),
                Column("qry_dt", "sell_left_broker_code", CODE, "조회일자"),
                Column("qry_tm", "buy_left_broker_code", CODE, "조회시간"),
            ),
        ),
    ),
)

ENDPOINTS = (
    BROKER_BOARD,
    BROKER_RANKING,
    BROKER_STOCKS,
    BROKER_BOARD_CHANGES,
    BROKER_NET_RANKING,
    BROKER_BY_DAY,
    BROKER_TICKS,
    BROKER_EXITS,
)
