"""Stocks at a high, a low, a limit or a band (신고저가, 상하한가). Sources as in :mod:`.quote`."""

from __future__ import annotations

from kiwoomdata.entries.common import VENUE_PARAM, choice, code_and_name, moved, price, quantity
from kiwoomdata.entries.entry import KRW, PERCENT, Column, Endpoint, Param, Part
from kiwoomdata.entries.filters import CREDIT, PRICE_A, STOCKS, VOL5, picked
from kiwoomdata.kinds import CHANGE, CODE, COUNT, DIRECTION, NAME, RATE, RATIO, SHARE, TEXT

VOL4_ALL = ("0000",)
"""How the guide prints "all", though its table says five digits."""

NEW_EXTREMES = Endpoint(
    "ka10016",
    ko="신고저가요청",
    en="Stocks at a new high or low",
    path="/api/dostk/stkinfo",
    category="stock",
    function="extremes",
    example='kd.extremes("new_high", "kospi")',
    params=(
        choice("mrkt_tp", "market", "시장구분", "all", all="000", kospi="001", kosdaq="101"),
        choice("ntl_tp", "kind", "신고저구분", None, high="1", low="2"),
        choice("high_low_close_tp", "basis", "고저종구분", None, intraday="1", close="2"),
        Param("stk_cnd", "stocks", "종목조건", TEXT, picked(STOCKS, "0 1 3 5 6 7 8"), default="all"),
        Param("trde_qty_tp", "min_volume", "거래량구분", TEXT, VOL5, default="all", also=VOL4_ALL),
        Param("crd_cnd", "credit", "신용조건", TEXT, picked(CREDIT, "0 1 2 3 4 7 9"), default="all"),
        choice("updown_incls", "limits", "상하한포함", "include", exclude="0", include="1"),
        Param("dt", "days", "기간", TEXT, {"5": "5", "10": "10", "20": "20", "60": "60", "250": "250"}),
        VENUE_PARAM,
    ),
    note=("At most 45 rows came at 250 days (live, 2026)."),
    parts=(
        Part(
            "stocks",
            "ntl_pric",
            "신고저가",
            (
                *code_and_name(),
                price("cur_prc", "price", "현재가"),
                *moved("pred_pre_sig", "pred_pre", "flu_rt"),
                quantity("trde_qty", "volume", "거래량"),
                Column(
                    "pred_trde_qty_pre_rt",
                    "volume_ratio_pct",
                    SHARE,
                    "전일거래량대비율",
                    PERCENT,
                    style="plus",
                ),
                price("sel_bid", "ask", "매도호가"),
                price("buy_bid", "bid", "매수호가"),
                price("high_pric", "high", "고가"),
                price("low_pric", "low", "저가"),
            ),
        ),
    ),
    page_rows=45,
)

LIMIT_MOVES = Endpoint(
    "ka10017",
    ko="상하한가요청",
    en="Stocks at their daily limit",
    path="/api/dostk/stkinfo",
    category="stock",
    function="limit_moves",
    example='kd.limit_moves(state="up")',
    params=(
        choice("mrkt_tp", "market", "시장구분", "all", all="000", kospi="001", kosdaq="101"),
        Param(
            "updown_tp",
            "state",
            "상하한구분",
            TEXT,
            {
                "limit_up": "1",
                "up": "2",
                "flat": "3",
                "limit_down": "4",
                "down": "5",
                "previous_limit_up": "6",
                "previous_limit_down": "7",
            },
            example="up",  # on most days no stock stands at its limit
        ),
        choice("sort_tp", "sort", "정렬구분", "code", code="1", streak="2", change_pct="3"),
        Param("stk_cnd", "stocks", "종목조건", TEXT, picked(STOCKS, "0 1 3 4 5 6 7 8 9 10"), default="all"),
        Param("trde_qty_tp", "min_volume", "거래량구분", TEXT, VOL5, default="all", also=VOL4_ALL),
        Param("crd_cnd", "credit", "신용조건", TEXT, picked(CREDIT, "0 1 2 3 4 7 9"), default="all"),
        Param("trde_gold_tp", "price", "매매금구분", TEXT, PRICE_A, default="all"),
        VENUE_PARAM,
    ),
    note=("Sorted by streak the server gives 100 rows."),
    parts=(
        Part(
            "stocks",
            "updown_pric",
            "상하한가",
            (
                Column("stk_cd", "code", CODE, "종목코드"),
                Column("stk_infr", "stock_info", TEXT, "종목정보"),
                Column("stk_nm", "name", NAME, "종목명"),
                price("cur_prc", "price", "현재가"),
                *moved("pred_pre_sig", "pred_pre", "flu_rt"),
                quantity("trde_qty", "volume", "거래량"),
                quantity("pred_trde_qty", "previous_volume", "전일거래량"),
                quantity("sel_req", "ask_quantity", "매도잔량"),
                price("sel_bid", "ask", "매도호가"),
                price("buy_bid", "bid", "매수호가"),
                quantity("buy_req", "bid_quantity", "매수잔량"),
                Column("cnt", "count", COUNT, "횟수"),
            ),
        ),
    ),
)

NEAR_EXTREMES = Endpoint(
    "ka10018",
    ko="고저가근접요청",
    en="Stocks near the day's high or low",
    path="/api/dostk/stkinfo",
    category="stock",
    function="extremes",
    example='kd.extremes("near_high", "kospi")',
    params=(
        choice("high_low_tp", "kind", "고저구분", None, high="1", low="2"),
        Param(
            "alacc_rt",
            "within",
            "근접율",
            TEXT,
            {"0.5": "05", "1.0": "10", "1.5": "15", "2.0": "20", "2.5": "25", "3.0": "30"},
        ),
        choice("mrkt_tp", "market", "시장구분", "all", all="000", kospi="001", kosdaq="101"),
        Param("trde_qty_tp", "min_volume", "거래량구분", TEXT, VOL5, default="all", also=VOL4_ALL),
        Param("stk_cnd", "stocks", "종목조건", TEXT, picked(STOCKS, "0 1 3 5 6 7 8"), default="all"),
        Param("crd_cnd", "credit", "신용조건", TEXT, picked(CREDIT, "0 1 2 3 4 7 9"), default="all"),
        VENUE_PARAM,
    ),
    note=("The direction is printed as 60 and 114, which mean nothing known: null and a warning."),
    parts=(
        Part(
            "stocks",
            "high_low_pric_alacc",
            "고저가근접",
            (
                *code_and_name(),
                price("cur_prc", "price", "현재가"),
                Column("pred_pre_sig", "direction", DIRECTION, "전일대비기호", broken=("60", "114")),
                Column("pred_pre", "change", CHANGE, "전일대비", KRW, style="plus"),
                Column("flu_rt", "change_pct", RATE, "등락률", PERCENT, style="plus"),
                quantity("trde_qty", "volume", "거래량"),
                price("sel_bid", "ask", "매도호가"),
                price("buy_bid", "bid", "매수호가"),
                price("tdy_high_pric", "high", "당일고가"),
                price("tdy_low_pric", "low", "당일저가"),
            ),
        ),
    ),
)

PRICE_SURGES = Endpoint(
    "ka10019",
    ko="가격급등락요청",
    en="Stocks whose price jumped or fell",
    path="/api/dostk/stkinfo",
    category="stock",
    function="surges",
    example='kd.surges("kospi", of="price")',
    params=(
        choice("mrkt_tp", "market", "시장구분", "all", all="000", kospi="001", kosdaq="101", kospi200="201"),
        choice("flu_tp", "kind", "등락구분", None, up="1", down="2"),
        choice("tm_tp", "unit", "시간구분", "minutes", minutes="1", days="2"),
        Param("tm", "span", "시간", TEXT, between=(1, 99)),
        Param("trde_qty_tp", "min_volume", "거래량구분", TEXT, VOL5, default="all", also=VOL4_ALL),
        Param("stk_cnd", "stocks", "종목조건", TEXT, picked(STOCKS, "0 1 3 5 6 7 8"), default="all"),
        Param("crd_cnd", "credit", "신용조건", TEXT, picked(CREDIT, "0 1 2 3 4 7 9"), default="all"),
        Param("pric_cnd", "price", "가격조건", TEXT, PRICE_A, default="all"),
        choice("updown_incls", "limits", "상하한포함", "include", exclude="0", include="1"),
        VENUE_PARAM,
    ),
    key=("code",),
    page_rows=200,
    note=(
        "vs_base is printed without a sign for a rise. jump_pct is the change from base_price in percent "
        "of it."
    ),
    parts=(
        Part(
            "stocks",
            "pric_jmpflu",
            "가격급등락",
            (
                Column("stk_cd", "code", CODE, "종목코드"),
                Column("stk_cls", "stock_class", TEXT, "종목분류"),
                Column("stk_nm", "name", NAME, "종목명"),
                *moved("pred_pre_sig", "pred_pre", "flu_rt"),
                price("base_pric", "base_price", "기준가"),
                price("cur_prc", "price", "현재가"),
                Column("base_pre", "vs_base", CHANGE, "기준대비", KRW, style="plus"),
                quantity("trde_qty", "volume", "거래량"),
                Column("jmp_rt", "jump_pct", RATE, "급등률", PERCENT, style="plus"),
            ),
        ),
    ),
)

VOLUME_RECORDS = Endpoint(
    "ka10024",
    ko="거래량갱신요청",
    en="Stocks whose volume is above that of the days before",
    path="/api/dostk/stkinfo",
    category="stock",
    function="volume_records",
    example="kd.volume_records()",
    params=(
        choice("mrkt_tp", "market", "시장구분", "all", all="000", kospi="001", kosdaq="101"),
        Param(
            "cycle_tp", "days", "주기구분", TEXT, {"5": "5", "10": "10", "20": "20", "60": "60", "250": "250"}
        ),
        Param(
            "trde_qty_tp",
            "min_volume",
            "거래량구분",
            TEXT,
            {
                "5k": "5",
                "10k": "10",
                "50k": "50",
                "100k": "100",
                "200k": "200",
                "300k": "300",
                "500k": "500",
                "1m": "1000",
            },
            default="5k",
        ),
        VENUE_PARAM,
    ),
    key=("code",),
    page_rows=200,
    note=(
        "previous_high_volume is the highest of the days before. The rows come in the order of codes, at "
        "most 397."
    ),
    parts=(
        Part(
            "stocks",
            "trde_qty_updt",
            "거래량갱신",
            (
                *code_and_name(),
                price("cur_prc", "price", "현재가"),
                *moved("pred_pre_sig", "pred_pre", "flu_rt"),
                quantity("prev_trde_qty", "previous_high_volume", "이전거래량"),
                quantity("now_trde_qty", "volume", "현재거래량"),
                price("sel_bid", "ask", "매도호가"),
                price("buy_bid", "bid", "매수호가"),
            ),
        ),
    ),
)

VOLUME_WALLS = Endpoint(
    "ka10025",
    ko="매물대집중요청",
    en="Stocks with much volume in one band of prices",
    path="/api/dostk/stkinfo",
    category="stock",
    function="volume_walls",
    example="kd.volume_walls()",
    params=(
        choice("mrkt_tp", "market", "시장구분", "all", all="000", kospi="001", kosdaq="101"),
        Param("prps_cnctr_rt", "share", "매물집중비율", TEXT, between=(0, 100), example="30"),
        choice("cur_prc_entry", "include_current", "현재가진입", "no", no="0", yes="1"),
        Param("prpscnt", "bands", "매물대수", TEXT, between=(1, 99), example="10"),
        Param(
            "cycle_tp",
            "days",
            "주기구분",
            TEXT,
            {"50": "50", "100": "100", "150": "150", "200": "200", "250": "250", "300": "300"},
        ),
        VENUE_PARAM,
    ),
    key=("code",),
    page_rows=200,
    note=(
        "One stock stands once for each band. The rows ascend by the share in the band; below 20 the "
        "server answers nothing."
    ),
    when_empty="It answers nothing for a share below 20.",
    parts=(
        Part(
            "bands",
            "prps_cnctr",
            "매물대집중",
            (
                *code_and_name(),
                price("cur_prc", "price", "현재가"),
                *moved("pred_pre_sig", "pred_pre", "flu_rt"),
                quantity("now_trde_qty", "volume", "현재거래량"),
                price("pric_strt", "price_from", "가격대시작"),
                price("pric_end", "price_to", "가격대끝"),
                quantity("prps_qty", "traded_in_band", "매물량"),
                Column("prps_rt", "traded_in_band_pct", RATE, "매물비", PERCENT, style="plus"),
            ),
        ),
    ),
)

VALUATIONS = Endpoint(
    "ka10026",
    ko="고저PER요청",
    en="Stocks by PER, PBR or ROE",
    path="/api/dostk/stkinfo",
    category="stock",
    function="valuation_ranking",
    example="kd.valuation_ranking()",
    params=(
        choice(
            "pertp",
            "by",
            "PER구분",
            None,
            low_pbr="1",
            high_pbr="2",
            low_per="3",
            high_per="4",
            low_roe="5",
            high_roe="6",
        ),
        VENUE_PARAM,
    ),
    key=("code",),
    page_rows=100,
    note=("ratio is the PER, PBR or ROE that was asked for."),
    parts=(
        Part(
            "stocks",
            "high_low_per",
            "고저PER",
            (
                *code_and_name(),
                Column("per", "per", RATIO, "PER"),
                price("cur_prc", "price", "현재가"),
                *moved("pred_pre_sig", "pred_pre", "flu_rt"),
                quantity("now_trde_qty", "volume", "현재거래량"),
                price("sel_bid", "ask", "매도호가"),
            ),
        ),
    ),
)

ENDPOINTS = (
    NEW_EXTREMES,
    LIMIT_MOVES,
    NEAR_EXTREMES,
    PRICE_SURGES,
    VOLUME_RECORDS,
    VOLUME_WALLS,
    VALUATIONS,
)
