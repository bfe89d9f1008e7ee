"""Candles of sector indices (업종 차트). Sources as in :mod:`.quote`."""

from __future__ import annotations

from kiwoomdata.entries.chart import UNTIL
from kiwoomdata.entries.common import SECTOR
from kiwoomdata.entries.entry import MILLION_KRW, POINTS_X100, THOUSAND_SHARES, Column, Endpoint, Part, Walk
from kiwoomdata.kinds import AMOUNT, CODE, DATE, INDEX, QUANTITY

# Hundredths of a point, as the guide states; 558325 beside 5,583.25 of ka20001 on 2026-03-12.
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

ENDPOINTS = (INDEX_DAILY_BARS,)
