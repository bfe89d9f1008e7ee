"""Candles of sector indices (업종 차트). Sources as in :mod:`.quote`."""

from __future__ import annotations

from kiwoomdata.entries.chart import UNTIL
from kiwoomdata.entries.common import SECTOR, TICKS, quantity
from kiwoomdata.entries.entry import (
    MILLION_KRW,
    POINTS_X100,
    THOUSAND_SHARES,
    UNKNOWN,
    Column,
    Endpoint,
    Param,
    Part,
    Walk,
)
from kiwoomdata.kinds import (
    AMOUNT,
    CHANGE_DECIMAL,
    CODE,
    DATE,
    DATETIME,
    INDEX,
    INDEX_DIRECTION,
    QUANTITY,
    TEXT,
)

# Hundredths of a point, as the guide states; 558325 beside 5,583.25 of ka20001 on 2026-03-12.
_OPEN_HIGH_LOW = (
    Column("open_pric", "open", INDEX, "시가", POINTS_X100, style="plus"),
    Column("high_pric", "high", INDEX, "고가", POINTS_X100, style="plus"),
    Column("low_pric", "low", INDEX, "저가", POINTS_X100, style="plus"),
)

INDEX_DAILY_BARS = Endpoint(
    "ka20006",
    ko="업종일봉조회요청",
    en="Candles of an index by day",
    path="/api/dostk/chart",
    category="chart",
    function="index_candles",
    example='kd.index_candles("kospi", "2024-01-02", "2024-01-31")',
    params=(SECTOR, UNTIL),
    key=("date",),
    walk=Walk("date", until="base_dt"),
    every_day=True,
    page_rows=600,
    order="newest first",
    final="next morning",
    parts=(
        Part("index", None, "업종", (Column("inds_cd", "sector", CODE, "업종코드"),)),
        Part(
            "bars",
            "inds_dt_pole_qry",
            "업종일봉조회",
            (
                Column("cur_prc", "close", INDEX, "현재가", POINTS_X100),
                Column("trde_qty", "volume", QUANTITY, "거래량", THOUSAND_SHARES),
                Column("dt", "date", DATE, "일자"),
                Column("open_pric", "open", INDEX, "시가", POINTS_X100),
                Column("high_pric", "high", INDEX, "고가", POINTS_X100),
                Column("low_pric", "low", INDEX, "저가", POINTS_X100),
                Column("trde_prica", "value", AMOUNT, "거래대금", MILLION_KRW),
            ),
        ),
    ),
)

INDEX_TICK_BARS = Endpoint(
    "ka20004",
    ko="업종틱차트조회요청",
    en="Candles of an index by ticks",
    path="/api/dostk/chart",
    category="chart",
    params=(
        SECTOR,
        TICKS,
    ),
    page_rows=900,
    note=(
        "Prices come times 100. The direction is the character code of the sign: 43 up, 45 down; the "
        "change has none of its own."
    ),
    parts=(
        Part("index", None, "업종틱차트조회", (Column("inds_cd", "sector", CODE, "업종코드"),)),
        Part(
            "bars",
            "inds_tic_chart_qry",
            "업종틱차트조회",
            (
                Column("cur_prc", "close", INDEX, "현재가", POINTS_X100, style="plus"),
                quantity("trde_qty", "volume_as_served", "거래량", UNKNOWN),
                Column("cntr_tm", "time", DATETIME, "체결시간"),
                *_OPEN_HIGH_LOW,
                Column(
                    "pred_pre", "change", CHANGE_DECIMAL, "전일대비", POINTS_X100, signed_by="pred_pre_sig"
                ),
                Column("pred_pre_sig", "direction", INDEX_DIRECTION, "전일대비 기호"),
            ),
        ),
    ),
)

INDEX_MINUTE_BARS = Endpoint(
    "ka20005",
    ko="업종분봉조회요청",
    en="Candles of an index by minutes",
    path="/api/dostk/chart",
    category="chart",
    function="index_candles",
    example='kd.index_candles("kospi", period="10d", interval="10m")',
    params=(
        SECTOR,
        Param(
            "tic_scope",
            "interval",
            "틱범위",
            TEXT,
            {"1m": "1", "3m": "3", "5m": "5", "10m": "10", "30m": "30"},
            default="1m",
        ),
    ),
    walk=Walk("time", minutes="tic_scope"),
    key=("time",),
    page_rows=900,
    order="newest first",
    final="next morning",
    note=("Prices come times 100."),
    parts=(
        Part("index", None, "업종분봉조회", (Column("inds_cd", "sector", CODE, "업종코드"),)),
        Part(
            "bars",
            "inds_min_pole_qry",
            "업종분봉조회",
            (
                Column("cur_prc", "close", INDEX, "현재가", POINTS_X100, style="plus"),
                quantity("trde_qty", "volume", "거래량", THOUSAND_SHARES),
                Column("cntr_tm", "time", DATETIME, "체결시간"),
                *_OPEN_HIGH_LOW,
                quantity("acc_trde_qty", "cumulative_volume", "누적거래량", THOUSAND_SHARES),
                Column("pred_pre", "change", CHANGE_DECIMAL, "전일대비", POINTS_X100, style="double"),
                Column("pred_pre_sig", "direction", INDEX_DIRECTION, "전일대비 기호"),
            ),
        ),
    ),
)

INDEX_WEEKLY_BARS = Endpoint(
    "ka20007",
    ko="업종주봉조회요청",
    en="Candles of an index by week",
    path="/api/dostk/chart",
    category="chart",
    function="index_candles",
    example='kd.index_candles("kospi", "2024", "2024", interval="week")',
    params=(SECTOR, Param("base_dt", "until", "기준일자", DATE)),
    walk=Walk("date", until="base_dt"),
    every_day=True,
    key=("date",),
    page_rows=300,
    order="newest first",
    final="next morning",
    period="week",
    note=("Prices come times 100."),
    parts=(
        Part("index", None, "업종주봉조회", (Column("inds_cd", "sector", CODE, "업종코드"),)),
        Part(
            "bars",
            "inds_stk_pole_qry",
            "업종주봉조회",
            (
                Column("cur_prc", "close", INDEX, "현재가", POINTS_X100, style="plus"),
                # 393,564 and 10,582,466 of the week from 2025-02-10 are what ka20006 prints of that Monday.
                quantity("trde_qty", "volume", "거래량", THOUSAND_SHARES),
                Column("dt", "date", DATE, "일자"),
                *_OPEN_HIGH_LOW,
                Column("trde_prica", "value", AMOUNT, "거래대금", MILLION_KRW),
            ),
        ),
    ),
)

INDEX_MONTHLY_BARS = Endpoint(
    "ka20008",
    ko="업종월봉조회요청",
    en="Candles of an index by month",
    path="/api/dostk/chart",
    category="chart",
    function="index_candles",
    example='kd.index_candles("kospi", "2024", "2024", interval="month")',
    params=(SECTOR, Param("base_dt", "until", "기준일자", DATE)),
    walk=Walk("date", until="base_dt"),
    every_day=True,
    key=("date",),
    page_rows=240,
    order="newest first",
    final="next morning",
    period="month",
    note=("Prices come times 100."),
    parts=(
        Part("index", None, "업종월봉조회", (Column("inds_cd", "sector", CODE, "업종코드"),)),
        Part(
            "bars",
            "inds_mth_pole_qry",
            "업종월봉조회",
            (
                Column("cur_prc", "close", INDEX, "현재가", POINTS_X100, style="plus"),
                quantity("trde_qty", "volume_as_served", "거래량", UNKNOWN),
                Column("dt", "date", DATE, "일자"),
                *_OPEN_HIGH_LOW,
                Column("trde_prica", "value_as_served", AMOUNT, "거래대금", UNKNOWN),
            ),
        ),
    ),
)

INDEX_YEARLY_BARS = Endpoint(
    "ka20019",
    ko="업종년봉조회요청",
    en="Candles of an index by year",
    path="/api/dostk/chart",
    category="chart",
    function="index_candles",
    example='kd.index_candles("kospi", "2020", "2024", interval="year")',
    params=(SECTOR, Param("base_dt", "until", "기준일자", DATE)),
    walk=Walk("date", until="base_dt"),
    every_day=True,
    key=("date",),
    order="newest first",
    final="next morning",
    period="year",
    note=("Prices come times 100."),
    parts=(
        Part("index", None, "업종년봉조회", (Column("inds_cd", "sector", CODE, "업종코드"),)),
        Part(
            "bars",
            "inds_yr_pole_qry",
            "업종년봉조회",
            (
                Column("cur_prc", "close", INDEX, "현재가", POINTS_X100, style="plus"),
                quantity("trde_qty", "volume", "거래량", THOUSAND_SHARES),
                Column("dt", "date", DATE, "일자"),
                *_OPEN_HIGH_LOW,
                Column("trde_prica", "value", AMOUNT, "거래대금", MILLION_KRW),
            ),
        ),
    ),
)

ENDPOINTS = (
    INDEX_DAILY_BARS,
    INDEX_TICK_BARS,
    INDEX_MINUTE_BARS,
    INDEX_WEEKLY_BARS,
    INDEX_MONTHLY_BARS,
    INDEX_YEARLY_BARS,
)
