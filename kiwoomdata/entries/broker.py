"""Member firms: who trades a stock (거래원). Sources as in :mod:`.quote`."""

from __future__ import annotations

from kiwoomdata.entries.common import SYMBOL, code_and_name, places, price
from kiwoomdata.entries.entry import KRW, NO_UNIT, PERCENT, SHARES, Column, Endpoint, Part
from kiwoomdata.kinds import CHANGE, CODE, DIRECTION, FLOW, NAME, RATE

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

ENDPOINTS = (BROKER_BOARD,)
