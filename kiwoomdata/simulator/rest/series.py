"""What series of one stock say beside its prices, where the parts must add up: by our names, of one day.

Short selling is a part of the volume, holdings move by what foreigners net bought, loans and lending by what
is new less what was given back.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from datetime import date
from functools import lru_cache
from math import pi, sin
from random import Random

from kiwoomdata.calendar import previous_trading_day
from kiwoomdata.simulator.market.daily import Day
from kiwoomdata.simulator.market.history import Path
from kiwoomdata.simulator.market.numbers import rate
from kiwoomdata.simulator.market.universe import Stock
from kiwoomdata.simulator.rest.asking import Ask
from kiwoomdata.simulator.rest.cells import Values, flows_as_asked

__all__ = ["SERIES", "lending", "of_range"]


def _short(ask: Ask, stock: Stock, day: Day) -> Values:
    since = ask.day("strt_dt") if ask.body.get("strt_dt") else day.date
    days = ask.market.days(stock.symbol, since, day.date)
    sold = [int(each.volume * _part(ask, stock, each)) for each in days] or [0]
    average = day.value // day.volume if day.volume else 0
    return {
        "short_volume": sold[-1],
        "short_cumulative": sum(sold),
        "share_pct": rate(sold[-1], day.volume),
        "short_value": sold[-1] * average,
        "short_average_price": average,
    }


def _part(ask: Ask, stock: Stock, day: Day) -> float:
    return Random(f"{ask.market.seed}:{stock.symbol}:{day.date}:short").uniform(0.002, 0.12)


def _holdings(ask: Ask, stock: Stock, day: Day) -> Values:
    return {
        "foreign_shares": day.foreign_holding,
        "change_in_shares": day.flows.foreign.net,
        "foreign_weight_pct": day.foreign_ratio,
        "foreign_limit": day.listed_shares,
        "foreign_limit_change": 0,
        "foreign_available_shares": day.listed_shares - day.foreign_holding,
        "foreign_limit_used_pct": day.foreign_ratio,
    }


def _credit(ask: Ask, stock: Stock, day: Day) -> Values:
    before = ask.market.path(stock.symbol, previous_trading_day(day.date))
    balance = int(day.listed_shares * day.credit_ratio / 100)
    change = balance - (int(before.listed_shares * before.credit_ratio / 100) if before else 0)
    repaid = day.volume // 100 + max(0, -change)
    return {
        "new": repaid + change,
        "repaid": repaid,
        "balance": balance,
        "balance_change": change,
        "balance_value": balance * day.close,
        "lending_ratio_pct": rate(repaid + change, day.volume),
        "balance_ratio_pct": day.credit_ratio,
    }


def _detail(ask: Ask, stock: Stock, day: Day) -> Values:
    values: Values = {"session_volume": day.volume, "session_value_as_served": day.value // 1_000_000}
    values |= {"session_pct": 100.0, "session_value_pct": 100.0}
    for part in ("pre", "post"):
        values |= {f"{part}_market_volume": 0, f"{part}_market_value_as_served": 0}
        values |= {f"{part}_market_pct": 0.0, f"{part}_market_value_pct": 0.0}
    flows = {name: day.flows.of(name).net for name in ("foreign", "institution", "individual")}
    flows |= {"foreign_brokers": day.foreign_brokers, "program": day.program.net}
    values |= {f"{name}_net_buy_as_served": net for name, net in flows.items()}
    return values | {"foreign_weight_pct": day.foreign_ratio, "credit_balance_ratio": day.credit_ratio}


@lru_cache(maxsize=1_024)
def _wave(seed: int, symbol: str) -> tuple[float, float, float]:
    rng = Random(f"{seed}:{symbol}:lending")
    return rng.uniform(0.002, 0.03), rng.uniform(0, 2 * pi), rng.uniform(70, 200)


def lending(ask: Ask, stock: Stock, day: Day | Path) -> Values:
    """Lent less given back is the change of the balance, which comes and goes in waves.

    Of a session that goes on all is 0: not yet (observed 2026).
    """
    part, phase, days = _wave(ask.market.seed, stock.symbol)

    def lent_by(at: date) -> int:
        return int(day.listed_shares * part * (1 + 0.4 * sin(phase + 2 * pi * at.toordinal() / days)))

    if day.date == ask.market.session_day and ask.market.running:
        return dict.fromkeys(("lent", "repaid", "balance", "net_lent", "balance_value"), 0)
    balance = lent_by(day.date)
    change = balance - lent_by(previous_trading_day(day.date))
    repaid = day.volume // 50 + max(0, -change)
    values = {"lent": repaid + change, "repaid": repaid, "balance": balance}
    return {**values, "net_lent": change, "balance_value": balance * day.close}


def _all_lending(ask: Ask, stock: Stock, day: Day) -> Values:
    """What was lent of all stocks together."""
    market = ask.market
    whole: Counter[str] = Counter()
    for each in market.stocks():
        path = market.path(each.symbol, day.date)
        if path is not None:
            whole.update(lending(ask, each, path))
    return dict(whole)


def of_range(ask: Ask, stock: Stock) -> Values:
    """The investor classes over the range that a request asks for."""
    days = ask.market.days(stock.symbol, ask.day("strt_dt"), ask.day("end_dt"), ask.venue)
    whole: Counter[str] = Counter()
    for day in days:
        whole.update(flows_as_asked(ask, day))
    return dict(whole)


SERIES: Mapping[str, Callable[[Ask, Stock, Day], Values]] = {
    "ka10008": _holdings,
    "ka10013": _credit,
    "ka10014": _short,
    "ka10015": _detail,
    "ka20068": lending,
    "ka10068": _all_lending,
}
"""By TR what it says of a stock on a day."""
