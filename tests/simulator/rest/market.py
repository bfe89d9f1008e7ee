"""What the tests of the simulator's REST side share: one market, days and texts."""

from __future__ import annotations

from datetime import date, time

from kiwoomdata.entries import ENDPOINTS
from kiwoomdata.simulator import Market
from tests.conftest import TODAY
from tests.talk import BODIES

GOOD = {"return_code": 0, "return_msg": "정상적으로 처리되었습니다"}
HALTED, DELISTED, KRX_ONLY, ETF = "499980", "091990", "00088K", "0000D0"
STOCK_TRS = [
    api_id
    for api_id, body in BODIES.items()
    if "stk_cd" in body and not ENDPOINTS[api_id].param("stk_cd").choices  # gold is no stock
]
MARKET = Market(1, today=TODAY, now=time(18, 30), first_day=date(2019, 1, 2))


def text_of(day: date) -> str:
    return f"{day:%Y%m%d}"
