"""The TRs about the brokers of a stock: what each bought and sold, as ka10078 and the feed 0F tell."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from kiwoomdata.calendar import nth_trading_day_before
from kiwoomdata.simulator.market.daily import Day
from kiwoomdata.simulator.market.flows import Sides
from kiwoomdata.simulator.market.universe import BROKERS, FOREIGN_BROKERS
from kiwoomdata.simulator.rest import answers_generic
from kiwoomdata.simulator.rest.answers_stock import flag
from kiwoomdata.simulator.rest.asking import Ask, Content
from kiwoomdata.simulator.rest.cells import word_of
from kiwoomdata.simulator.rest.writing import Coloured

__all__ = ["ANSWERS"]

Row = dict[str, Any]
_SIDES = (("sel", "sell"), ("buy", "buy"))


def _of_day(ask: Ask, day: Day) -> dict[str, Sides]:
    """As far as the day has come: the firms' parts come in as its volume does."""
    return ask.market.brokers(ask.symbol, day.date, ask.venue)


def _leading(ask: Ask, day: Day, side: str) -> list[tuple[str, int]]:
    parts = {code: getattr(sides, side) for code, sides in _of_day(ask, day).items()}
    return sorted(parts.items(), key=lambda part: -part[1])[:5]


def _board(ask: Ask) -> Content:
    day = ask.market.snapshot(ask.symbol, venue=ask.venue)
    if day is None or ask.stock is None:
        return Content()
    row: Row = {
        "stk_cd": ask.body["stk_cd"],
        "stk_nm": ask.stock.name,
        "cur_prc": Coloured(day.close, day.previous_close),
        "flu_smbol": flag(day),
        "base_pric": day.previous_close,
        "pred_pre": day.change,
        "flu_rt": day.change_rate,
    }
    for key, side in _SIDES:
        for n, (code, quantity) in enumerate(_leading(ask, day, side), 1):
            row |= {
                f"{key}_trde_ori_nm_{n}": BROKERS[code] if quantity else "",
                f"{key}_trde_ori_{n}": code if quantity else "000",
                f"{key}_trde_qty_{n}": quantity,
            }
    return Content(flat=row)


def _board_changes(ask: Ask) -> Content:
    """The leading five and the foreign firms; nothing is known to compare with, so each is its own change.

    Who left the five is made up, as in ka10053.
    """
    drawn, day = answers_generic.answer(ask), ask.market.snapshot(ask.symbol)
    if day is None:
        return drawn
    row: Row = {}
    abroad = [sides for code, sides in _of_day(ask, day).items() if code in FOREIGN_BROKERS]
    for key, side in _SIDES:
        for n, (code, quantity) in enumerate(_leading(ask, day, side), 1):
            row |= {
                f"{key}_trde_ori_{n}": BROKERS[code],
                f"{key}_trde_ori_cd_{n}": code,
                f"{key}_trde_ori_qty_{n}": quantity,
                f"{key}_trde_ori_irds_{n}": quantity,
            }
        total = sum(getattr(sides, side) for sides in abroad)
        row |= {f"frgn_{key}_prsm_sum": total, f"frgn_{key}_prsm_sum_chang": total}
    return drawn._replace(flat=row)


def _days(ask: Ask) -> list[Day]:
    """Of the range that is asked for by dates, or of so many sessions up to the latest or the one before."""
    end = ask.market.session_day
    by_dates = (
        "strt_dt" in ask.body if ask.endpoint.param("range") is None else word_of(ask, "range") == "dates"
    )
    if by_dates or "dt" not in ask.body:
        return ask.days(ask.day("strt_dt"), ask.day("end_dt"))
    end = nth_trading_day_before(end, 1) if word_of(ask, "from_day") == "yesterday" else end
    count = int(word_of(ask, "days"))
    return ask.days(nth_trading_day_before(end, count - 1) if count > 1 else end, end)


def _summed(ask: Ask, days: Iterable[Day]) -> dict[str, Sides]:
    found = dict.fromkeys(BROKERS, Sides())
    for day in days:
        for code, sides in _of_day(ask, day).items():
            found[code] = found[code].plus(sides)
    return found


def _ranking(ask: Ask) -> Content:
    """Net sellers or net buyers, the biggest first, and the sums of these firms (live, 2026-08-07)."""
    if not ask.stock:
        return Content()
    days = _days(ask)
    sign = 1 if word_of(ask, "side") == "buy" else -1
    firms = [(code, sides) for code, sides in _summed(ask, days).items() if sides.net * sign > 0]
    firms.sort(key=lambda firm: -sign * firm[1].net)
    rows = [
        {
            "rank": rank,
            "mmcm_nm": BROKERS[code],
            "buy_qty": sides.buy,
            "sell_qty": sides.sell,
            "acc_netprps_qty": sides.net,
        }
        for rank, (code, sides) in enumerate(firms, 1)
    ]
    totals = [sum(part) for part in zip(*((s.buy, s.sell, s.net) for _, s in firms), strict=True)] or [0] * 3
    flat: Row = dict(zip(("rank_1", "rank_2", "rank_3"), totals, strict=True))
    return _one_page(ask, rows, {**flat, "prid_trde_qty": sum(day.volume for day in days)})


def _net_ranking(ask: Ask) -> Content:
    firms = [(code, sides.net) for code, sides in _summed(ask, _days(ask)).items() if sides.net > 0]
    firms.sort(key=lambda firm: -firm[1])
    return _one_page(
        ask,
        [
            {"rank": rank, "mmcm_cd": code, "mmcm_nm": BROKERS[code]}
            for rank, (code, _) in enumerate(firms, 1)
        ],
    )


def _by_day(ask: Ask) -> Content:
    """A day's sum in percent of the volume of them all together: of one fixed volume, as is printed."""
    days, code = _days(ask), ask.body["mmcm_cd"].zfill(3)
    if code not in BROKERS:
        return Content()
    whole, rows = sum(day.volume for day in days), []
    for day in reversed(days):
        sides = _of_day(ask, day).get(code, Sides())
        rows.append(
            {
                "dt": day.date,
                "close_pric": day.close,
                "pre_sig": flag(day),
                "pred_pre": day.change,
                "sel_qty": sides.sell,
                "buy_qty": sides.buy,
                "netprps_qty": sides.net,
                "trde_qty_sum": sides.buy + sides.sell,
                "trde_wght": 100 * (sides.buy + sides.sell) / whole if whole else 0.0,
            }
        )
    return _one_page(ask, rows)


def _one_page(ask: Ask, rows: Sequence[Row], flat: Mapping[str, Any] | None = None) -> Content:
    page, key = ask.page_by_count(rows)
    return Content(list(page), flat or {}, key)


ANSWERS: Mapping[str, Callable[[Ask], Content]] = {
    "ka10002": _board,
    "ka10038": _ranking,
    "ka10040": _board_changes,
    "ka10042": _net_ranking,
    "ka10043": _by_day,
}
