"""Volatility interruptions (ka10054): values by the API's keys."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from operator import itemgetter
from typing import Any, NamedTuple

from kiwoomdata.simulator.market.daily import Day
from kiwoomdata.simulator.market.interruptions import Interruption, interruptions
from kiwoomdata.simulator.market.intraday import Trade, clock, seconds
from kiwoomdata.simulator.market.numbers import rate
from kiwoomdata.simulator.market.universe import Stock
from kiwoomdata.simulator.rest.asking import Ask, Content
from kiwoomdata.simulator.rest.cells import word_of
from kiwoomdata.simulator.rest.writing import MILLION, Coloured

__all__ = ["ANSWERS"]

Row = dict[str, Any]


class _TradedDay(NamedTuple):
    stock: Stock
    day: Day
    trades: Sequence[Trade]
    seconds: Sequence[int]


def _interruptions(ask: Ask) -> Content:
    """Those that the live feed 1h tells, the newest first; a release repeats the row with its time (2026)."""
    market = ask.market
    if word_of(ask, "venue") == "nxt" or word_of(ask, "session") == "after_hours":
        return Content()
    found = []
    for stock in market.leading():
        day = market.snapshot(stock.symbol)
        if day is not None:
            trades = market.ticks(stock.symbol)
            found.append(_TradedDay(stock, day, trades, [seconds(trade.time) for trade in trades]))
    now = 86_400 if market.moment is None else seconds(market.moment)
    rows = [
        (second, _interruption(each, released))
        for each in interruptions(found)
        if _is_asked(ask, each)
        for second, released in ((each.begin, False), (each.end, True))
        if second <= now
    ]
    rows.sort(key=itemgetter(0), reverse=True)
    page, key = ask.page_by_count([row for _, row in rows])
    return Content(list(page), next_key=key)


def _is_asked(ask: Ask, each: Interruption) -> bool:
    wanted = {
        "market": each.stock.board,
        "kind": "static" if each.static else "dynamic",
        "direction": each.direction,
    }
    if any(word_of(ask, name) not in ("all", word) for name, word in wanted.items()):
        return False
    if ask.body.get("stk_cd") and ask.symbol != each.stock.symbol:
        return False
    flags = ask.endpoint.param("exclude").flags  # type: ignore[union-attr]
    left_out = {name for name, on in zip(flags, ask.body.get("skip_stk", ""), strict=False) if on == "1"}
    if each.stock.security in left_out:
        return False
    limits = (("trde_qty", each.day.volume, 1), ("trde_prica", each.day.value, MILLION))
    return all(
        word_of(ask, f"by_{name}") == "off" or _within(ask, key, value // unit)
        for name, (key, value, unit) in zip(("volume", "value"), limits, strict=True)
    )


def _within(ask: Ask, key: str, value: int) -> bool:
    least, most = (int(ask.body.get(f"{end}_{key}") or 0) for end in ("min", "max"))
    return least <= value <= (most or value)


def _interruption(each: Interruption, released: bool) -> Row:
    day, trade = each.day, each.trade
    static, dynamic = each.reference_prices
    return {
        "stk_cd": each.stock.symbol,
        "stk_nm": each.stock.name,
        "acc_trde_qty": day.volume,
        "motn_pric": Coloured(trade.price, day.previous_close),
        "dynm_dispty_rt": each.gaps[1],
        "trde_cntr_proc_time": clock(each.begin),
        "virelis_time": clock(each.end) if released else "000000",
        "viaplc_tp": "정적" if each.static else "동적",
        "dynm_stdpc": dynamic,
        "static_stdpc": static,
        "static_dispty_rt": each.gaps[0],
        "open_pric_pre_flu_rt": rate(trade.price - day.open, day.open),
        "vimotn_cnt": each.number,
        "stex_tp": "KRX",
    }


ANSWERS: Mapping[str, Callable[[Ask], Content]] = {"ka10054": _interruptions}
