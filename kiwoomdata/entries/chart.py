"""Candles of stocks: by ticks, minutes, days, weeks, months and years (차트). Sources as in :mod:`.quote`.

Prices of days and of longer bars come without the sign that is a colour, those of minutes and ticks with
it (live, 2026). Adjusted prices are relative to the day asked for, so that they are always asked from today.
"""

from __future__ import annotations

from kiwoomdata.entries.common import SYMBOL, TICKS, choice, price, quantity
from kiwoomdata.entries.entry import (
    KRW,
    MILLION_KRW,
    PERCENT,
    SHARES,
    Column,
    Endpoint,
    Param,
    Part,
    Period,
    Unit,
    Walk,
)
from kiwoomdata.kinds import AMOUNT, CHANGE, CODE, DATE, DATETIME, DIRECTION, PRICE, QUANTITY, RATE, TEXT

UNTIL = Param("base_dt", "until", "기준일자", DATE)
ADJUSTED = choice("upd_stkpc_tp", "adjusted", "수정주가구분", "adjusted", adjusted="1", raw="0")

_CODE = Column("stk_cd", "code", CODE, "종목코드")
_CHANGE = (
    Column("pred_pre", "change", CHANGE, "전일대비", KRW, style="plus"),
    Column("pred_pre_sig", "direction", DIRECTION, "전일대비기호"),
    Column("trde_tern_rt", "turnover_pct", RATE, "거래회전율", PERCENT, style="plus"),
)


def _bars(value: Unit, or_unit: Unit | None) -> tuple[Column, ...]:
    return (
        Column("cur_prc", "close", PRICE, "현재가", KRW),
        Column("trde_qty", "volume", QUANTITY, "거래량", SHARES),
        Column("trde_prica", "value", AMOUNT, "거래대금", value, or_unit=or_unit),
        Column("dt", "date", DATE, "일자"),
        Column("open_pric", "open", PRICE, "시가", KRW),
        Column("high_pric", "high", PRICE, "고가", KRW),
        Column("low_pric", "low", PRICE, "저가", KRW),
    )


def _daily(
    api_id: str,
    ko: str,
    en: str,
    period: Period,
    rows: str,
    value: Unit,
    or_unit: Unit | None = None,
    page_rows: int | None = None,
) -> Endpoint:
    """A TR of bars by date. A bar of more than a day is dated by its period's first trading day."""
    listed = {"day": "일봉", "week": "주봉", "month": "월봉", "year": "년봉"}[period]
    moved = () if period == "year" else _CHANGE  # the year's bars have none
    return Endpoint(
        api_id,
        ko=ko,
        en=en,
        path="/api/dostk/chart",
        category="chart",
        function="candles",
        example=f'kd.candles("005930", "2023-10-02", "2024-01-31", interval="{period}")',
        params=(SYMBOL, UNTIL, ADJUSTED),
        key=("date",),
        walk=Walk("date", until="base_dt", anchor="today"),
        every_day=True,
        rebased=True,
        order="newest first",
        final="next morning",
        period=period,
        page_rows=page_rows,
        parts=(
            Part("stock", None, "종목", (_CODE,)),
            Part("bars", rows, f"주식{listed}차트조회", (*_bars(value, or_unit), *moved)),
        ),
    )


DAILY_BARS = _daily(
    *("ka10081", "주식일봉차트조회요청", "Candles of a stock by day", "day", "stk_dt_pole_chart_qry"),
    MILLION_KRW,  # 7,013,216 million / 19,860,223 shares = 353,129 between 342,000 and 363,000 (live, 2026)
    page_rows=600,
)
WEEKLY_BARS = _daily(
    *("ka10082", "주식주봉차트조회요청", "Candles of a stock by week", "week", "stk_stk_pole_chart_qry"),
    KRW,  # 3.92e12 / 56.7 million shares = 69,171, in the guide's example
    MILLION_KRW,  # as observers have it of the live server, who show no row (2026)
)
MONTHLY_BARS = _daily(
    *("ka10083", "주식월봉차트조회요청", "Candles of a stock by month", "month", "stk_mth_pole_chart_qry"),
    KRW,  # 15,774,571,011,618 / 215,040,968 shares = 73,356 between 67,500 and 79,500, in the guide's example
    MILLION_KRW,  # as of weeks
)
YEARLY_BARS = _daily(
    *("ka10094", "주식년봉차트조회요청", "Candles of a stock by year", "year", "stk_yr_pole_chart_qry"),
    KRW,  # 907,701,444,915,103 / 3,954,801,551 shares = 229,519 (live, 2026)
    page_rows=30,  # live, 2026. Nobody has counted those of weeks and months.
)

MINUTE_BARS = Endpoint(
    "ka10080",
    ko="주식분봉차트조회요청",
    en="Candles of a stock by minutes",
    path="/api/dostk/chart",
    category="chart",
    function="candles",
    example='kd.candles("005930", period="10d", interval="5m")',
    params=(
        SYMBOL,
        Param(
            *("tic_scope", "interval", "틱범위", TEXT),
            {f"{n}m": str(n) for n in (1, 3, 5, 10, 15, 30, 45, 60)},
            default="1m",
        ),
        ADJUSTED,
    ),
    key=("time",),
    walk=Walk("time", minutes="tic_scope", anchor="today"),
    rebased=True,
    page_rows=900,
    order="newest first",
    final="next morning",
    when_empty="It answers so for a code that does not exist or was delisted, at a venue where the stock is "
    "not traded, and before the first bar that it still has: it reaches about a year back.",
    note="The time is the bar's start; a minute without trades has no bar. The server reaches about a year "
    "back. Prices are adjusted, volumes are not (seen 2026).",
    parts=(
        Part("stock", None, "종목", (_CODE,)),
        Part(
            "bars",
            "stk_min_pole_chart_qry",
            "주식분봉차트조회",
            (
                price("cur_prc", "close", "현재가"),
                quantity("trde_qty", "volume", "거래량"),
                Column("cntr_tm", "time", DATETIME, "체결시간"),
                price("open_pric", "open", "시가"),
                price("high_pric", "high", "고가"),
                price("low_pric", "low", "저가"),
                Column(
                    *("acc_trde_qty", "cumulative_volume", QUANTITY, "누적거래량", SHARES),
                    unlisted=True,
                    note="printed in the vendor's example, absent from its table",
                ),
                Column("pred_pre", "change", CHANGE, "전일대비", KRW, style="plus"),
                Column("pred_pre_sig", "direction", DIRECTION, "전일대비 기호"),
            ),
        ),
    ),
)

TICK_BARS = Endpoint(
    "ka10079",
    ko="주식틱차트조회요청",
    en="Candles of a stock by a number of trades",
    path="/api/dostk/chart",
    category="chart",
    function="candles",
    example='kd.candles("005930", period="10d", interval="30tick")',
    params=(
        SYMBOL,
        TICKS,
        ADJUSTED,
    ),
    walk=Walk("time", anchor="today"),
    page_rows=900,
    order="newest first",
    note="The server writes the size of the change alone: its sign is the direction's (printed 500 beside a "
    "fall for which ka10080 prints -500; live, July 2026).",
    parts=(
        Part("stock", None, "종목", (_CODE, Column("last_tic_cnt", "last_tick_count", TEXT, "마지막틱갯수"))),
        Part(
            "bars",
            "stk_tic_chart_qry",
            "주식틱차트조회",
            (
                price("cur_prc", "close", "현재가"),
                quantity("trde_qty", "volume", "거래량"),
                Column("cntr_tm", "time", DATETIME, "체결시간"),
                price("open_pric", "open", "시가"),
                price("high_pric", "high", "고가"),
                price("low_pric", "low", "저가"),
                Column("pred_pre", "change", CHANGE, "전일대비", KRW, signed_by="pred_pre_sig"),
                Column("pred_pre_sig", "direction", DIRECTION, "전일대비 기호"),
            ),
        ),
    ),
)

ENDPOINTS = (TICK_BARS, MINUTE_BARS, DAILY_BARS, WEEKLY_BARS, MONTHLY_BARS, YEARLY_BARS)
