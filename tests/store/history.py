"""A server of daily prices whose history a test may change, and a clock that it sets."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any

import kiwoomdata as kd
from kiwoomdata.calendar import trading_days
from kiwoomdata.kinds import KST
from tests.envelopes import Answer, Asked, row

MakeClient = Callable[..., kd.Client]
OK = {"return_code": 0, "return_msg": "정상적으로 처리되었습니다"}


class History:
    """A server of daily prices that pages as measured: 20 rows, key of the oldest day less one."""

    def __init__(self, first: date = date(2015, 1, 2), today: date = date(2026, 11, 20)) -> None:
        self.days = trading_days(first, today)
        self.factor = 1
        self.fault: Callable[[int, Asked], Answer | None] = lambda number, asked: None

    def __call__(self, number: int, asked: Asked) -> Answer:
        faulty = self.fault(number, asked)
        if faulty is not None:
            return faulty
        text = asked.headers.get("next-key") or asked.body["qry_dt"]
        newest = datetime.strptime(text[-8:], "%Y%m%d").date()
        found = [day for day in self.days if day <= newest][-20:][::-1]
        rows = [self.row(day) for day in found]
        more = bool(found) and found[-1] > self.days[0]
        key = f"A005930{found[-1] - timedelta(1):%Y%m%d}" if more else ""
        return Answer({"daly_stkpc": rows, **OK}, {"cont-yn": "Y" if more else "N", "next-key": key})

    def row(self, day: date) -> dict[str, str]:
        price = 50_000 + day.toordinal() % 1000
        close = f"-{price // self.factor}"
        return row("ka10086", date=f"{day:%Y%m%d}", close_pric=close, trde_qty="10", ind="--7")


class Clock:
    def __init__(self, *moment: int) -> None:
        self.moment = datetime(*(moment or (2026, 11, 20, 18, 30)), tzinfo=KST)  # type: ignore[arg-type,misc]

    def __call__(self) -> datetime:
        return self.moment


def source(frame: Any) -> kd.Provenance:
    found = kd.provenance(frame)
    assert found is not None
    return found


def fewest(start: str, end: str, size: int = 20) -> int:
    days = trading_days(date.fromisoformat(start), date.fromisoformat(end))
    return -(-len(days) // size)


def closes(frame: Any, factor: int) -> bool:
    expected = [(50_000 + day.toordinal() % 1000) // factor for day in frame["date"]]
    return bool(frame["close"].to_list() == expected)


class Broker:
    """A server of what a broker traded, day by day, between the two days of the request."""

    def __init__(self) -> None:
        self.days = trading_days(date(2024, 1, 2), date(2024, 6, 28))
        self.factor = 1

    def __call__(self, number: int, asked: Asked) -> Answer:
        first, last = asked.body["strt_dt"], asked.body["end_dt"]
        days = [day for day in self.days if first <= f"{day:%Y%m%d}" <= last][::-1]
        at = int(asked.headers.get("next-key") or 0)
        rows = [row("ka10078", dt=f"{d:%Y%m%d}", cur_prc=str(500 // self.factor)) for d in days[at : at + 20]]
        more = at + 20 < len(days)
        key = {"cont-yn": "Y" if more else "N", "next-key": str(at + 20) if more else ""}
        return Answer({"sec_stk_trde_trend": rows, **OK}, key)
