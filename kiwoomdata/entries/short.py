"""Short selling (공매도). Sources as in :mod:`.quote`."""

from __future__ import annotations

from kiwoomdata.entries.common import SYMBOL, moved, price, quantity
from kiwoomdata.entries.entry import PERCENT, THOUSAND_KRW, Column, Endpoint, Param, Part, Walk
from kiwoomdata.kinds import AMOUNT, DATE, RATE, TEXT

SHORT_SELLING = Endpoint(
    "ka10014",
    ko="공매도추이요청",
    en="Short selling of a stock by day",
    path="/api/dostk/shsa",
    category="short",
    function="short_selling",
    example='kd.short_selling("005930", "2024-01-02", "2024-01-31")',
    params=(
        SYMBOL,
        Param(
            "tm_tp", "mode", "시간구분", TEXT, {"start": "0", "range": "1"}, default="start", required=False
        ),
        Param("strt_dt", "start", "시작일자", DATE, example="2024-01-02"),
        Param("end_dt", "end", "종료일자", DATE),
    ),
    walk=Walk("date", until="end_dt", since="strt_dt", whole=True),
    key=("date",),
    order="newest first",
    final="next morning",
    every_day=True,
    rebased=True,
    note=("short_cumulative counts from the first day asked. The server reaches about 336 days back."),
    parts=(
        Part(
            "days",
            "shrts_trnsn",
            "공매도추이",
            (
                Column("dt", "date", DATE, "일자"),
                price("close_pric", "close", "종가"),
                *moved("pred_pre_sig", "pred_pre", "flu_rt", "등락율"),
                quantity("trde_qty", "volume", "거래량"),
                quantity("shrts_qty", "short_volume", "공매도량"),
                quantity("ovr_shrts_qty", "short_cumulative", "누적공매도량"),
                Column("trde_wght", "share_pct", RATE, "매매비중", PERCENT, style="plus"),
                Column("shrts_trde_prica", "short_value", AMOUNT, "공매도거래대금", THOUSAND_KRW),
                price("shrts_avg_pric", "short_average_price", "공매도평균가"),
            ),
        ),
    ),
)

ENDPOINTS = (SHORT_SELLING,)
