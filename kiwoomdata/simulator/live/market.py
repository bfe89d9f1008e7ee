"""The live feeds that are not of one stock: indices, breadth, gold, a warrant, VI, status, the account.

Indices and breadth follow from the market's own index and stocks. Gold, the warrant and the account's
orders are made up: the market knows none of them.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date
from itertools import accumulate
from math import erf, exp, log, pi, sqrt
from random import Random
from typing import NamedTuple, Protocol

from kiwoomdata.calendar import NXT_SINCE, previous_trading_day, session_hours
from kiwoomdata.kinds import DIRECTIONS
from kiwoomdata.simulator.live.stocks import NEVER, Row, StockDay, coloured, hhmmss, millions
from kiwoomdata.simulator.market.interruptions import Interruption, interruptions
from kiwoomdata.simulator.market.intraday import seconds, sessions
from kiwoomdata.simulator.market.market import Market
from kiwoomdata.simulator.market.numbers import rate
from kiwoomdata.simulator.market.universe import Board

__all__ = ["ACCOUNT", "ELW", "GOLD", "MARKET_FEEDS", "SECTORS", "Source", "status"]

Told = Iterator[tuple[int, str, Row]]
"""The second, the item and the row of each message."""


class Source(Protocol):
    """Where the feeds of the market take their numbers from."""

    @property
    def market(self) -> Market: ...
    @property
    def krx_only(self) -> bool: ...
    def stocks(self, board: Board | None = None) -> Sequence[StockDay]: ...


SECTORS: Mapping[str, Board] = {"001": "kospi", "101": "kosdaq", "201": "kospi"}
"""KOSPI, KOSDAQ and KOSPI 200, and whose stocks are counted for the breadth of each."""
GOLD = {"MGD": 4_120.0, "MGU": 196_000.0}
"""The items of the gold feed, and where their prices start."""
ELW = "57JBHH"
"""The only warrant there is: a call on the KOSPI 200."""
ACCOUNT = "0000000000"
"""The account whose orders are told; nobody's."""
_TRADED = "005930"  # by that account


def _hours(day: date) -> tuple[int, int]:
    hours = session_hours(day)
    assert hours is not None  # a session day has them
    return seconds(hours[0]), seconds(hours[1])


def _rng(source: Source, *what: object) -> Random:
    return Random(":".join(map(str, (source.market.seed, source.market.session_day, "live", *what))))


def _moved(value: float, before: float, change: str = "change") -> Row:
    sign = 3 if value == before else 2 if value > before else 5
    return {
        "direction": DIRECTIONS[sign - 1],
        change: round(value - before, 2),
        "change_pct": rate(value - before, before),
    }


# --- indices ---------------------------------------------------------------------------------


class _FeedMinute(NamedTuple):
    second: int
    level: float
    before: float
    volume: int
    """In thousand shares, which is a choice: no source states the unit."""
    value: int
    """In million won, which is a choice as well."""


def _minutes(source: Source, item: str) -> Iterator[_FeedMinute]:
    """The index of the market by minutes, as REST tells it."""
    indices, day = source.market.indices, source.market.session_day
    for bar in indices.bars(item, day, day):
        for minute in indices.minutes(item, day):
            volume, value = minute.volume // 1_000, millions(minute.value)
            yield _FeedMinute(seconds(minute.time), minute.level, bar.previous_close, volume, value)


def _sector_index(source: Source, item: str) -> Told:
    yesterday = previous_trading_day(source.market.session_day)
    before_volume = sum(bar.volume for bar in source.market.indices.bars(item, yesterday, yesterday)) // 1_000
    seen: list[float] = []
    told = 0
    for minute in _minutes(source, item):
        seen.append(minute.level)
        volume, before = minute.volume, minute.before
        rising = len(seen) < 2 or seen[-1] >= seen[-2]
        row = {
            "time": hhmmss(minute.second),
            "index": coloured(minute.level, before),
            **_moved(minute.level, before),
            "signed_quantity_as_served": volume - told if rising else told - volume,
            "cumulative_volume_as_served": volume,
            "cumulative_value_as_served": minute.value,
            "open": coloured(seen[0], before),
            "high": coloured(max(seen), before),
            "low": coloured(min(seen), before),
            "volume_vs_previous_as_served": volume - before_volume,
        }
        told = volume
        yield minute.second, item, row


def _breadth(source: Source, item: str) -> Told:
    stocks = [stock for stock in source.stocks(SECTORS[item]) if not stock.stock.etf]
    for minute in _minutes(source, item):
        counts = [(stock, bisect_right(stock.seconds, minute.second)) for stock in stocks]
        signs = [
            DIRECTIONS.index(stock.moved(stock.last(count).price)["direction"]) + 1 for stock, count in counts
        ]
        traded = sum(count > 0 for _, count in counts)
        row = {
            "time": hhmmss(minute.second),
            # Whether those at their limit count as rising and falling too nobody says; here they do.
            "rising": signs.count(1) + signs.count(2),
            "limit_up": signs.count(1),
            "unchanged": signs.count(3),
            "falling": signs.count(4) + signs.count(5),
            "limit_down": signs.count(4),
            "cumulative_volume_as_served": minute.volume,
            "cumulative_value_as_served": minute.value,
            "index": coloured(minute.level, minute.before),
            **_moved(minute.level, minute.before),
            "traded": traded,
            "traded_ratio_as_served": rate(traded, len(signs)),
        }
        yield minute.second, item, row


# --- gold and the warrant --------------------------------------------------------------------


def _gold(source: Source, item: str) -> Told:
    rng, (opens, closes) = _rng(source, item), _hours(source.market.session_day)
    before = price = round(GOLD[item] * rng.uniform(0.97, 1.03), 2)
    for second in range(opens, closes + 1, 60):
        price = round(price * (1 + rng.gauss(0, 0.0004)), 2)
        told = {"price_as_served": coloured(price, before), **_moved(price, before, "change_as_served")}
        yield second, item, told


def _warrant(spot: float, strike: float) -> dict[str, float]:
    """Value and sensitivities of a call for a hundredth of the difference, by the usual formula."""
    years, volatility, interest = 0.25, 0.2, 0.03
    spread = volatility * sqrt(years)
    d1 = (log(spot / strike) + (interest + volatility**2 / 2) * years) / spread
    d2 = d1 - spread
    below, under = (0.5 * (1 + erf(d / sqrt(2))) for d in (d1, d2))
    density, worth = exp(-(d1**2) / 2) / sqrt(2 * pi), strike * exp(-interest * years)
    return {
        "price": 100 * (spot * below - worth * under),
        "delta": below,
        "gamma": density / (spot * spread),
        "theta": -(spot * density * volatility / (2 * sqrt(years)) + interest * worth * under) / 365,
        "vega": spot * density * sqrt(years) / 100,
        "rho": worth * years * under / 100,
    }


def _warrants(source: Source, item: str) -> Iterator[tuple[int, float, float, dict[str, float]]]:
    """(second, spot, strike, value and sensitivities) minute by minute."""
    strike = 0.0
    for minute in source.market.index_minutes():
        strike = strike or round(minute.kospi200 * 1.01 / 2.5) * 2.5
        yield seconds(minute.time), minute.kospi200, strike, _warrant(minute.kospi200, strike)


def _elw_theory(source: Source, item: str) -> Told:
    first = 0.0
    rng = _rng(source, item)
    for second, _, _, worth in _warrants(source, item):
        price = 5.0 * round(worth["price"] * (1 + rng.gauss(0, 0.01)) / 5)
        first = first or price
        row = {
            "time": hhmmss(second),
            "price": coloured(price, first),
            "theoretical_price": worth["price"],
            "implied_volatility_as_served": 20 + rng.gauss(0, 0.2),
            **{name: f"{worth[name]:.6f}" for name in ("delta", "gamma", "theta", "vega", "rho")},
            "lp_implied_volatility_as_served": 20 + rng.gauss(0, 0.2),
        }
        yield second, item, row


def _elw_indicator(source: Source, item: str) -> Told:
    for second, spot, strike, worth in _warrants(source, item):
        price = worth["price"] / 100
        row = {
            "time": hhmmss(second),
            "parity_as_served": rate(spot, strike),
            "premium_as_served": rate(strike + price - spot, spot),
            "gearing_as_served": spot / price,
            "break_even_pct": rate(strike + price - spot, spot),
            "capital_support_point_as_served": rate(strike, spot),
        }
        yield second, item, row


# --- status, VI, the account -----------------------------------------------------------------


def status(source: Source, item: str) -> Told:
    """When sessions start and end.

    The guide names letters for the second venue, 0 and 3 for the first. That 2, 8 and 9 are the last ten
    minutes, the close and the end of all is told of the vendor's older interface.
    """
    day = source.market.session_day
    opens, closes = _hours(day)
    moments = [(opens - before, "0", before) for before in (1_800, 1_200, 600, 300, 60, 10)]
    moments += [(opens, "3", 0), (closes - 600, "2", 600), (closes, "8", 0), (closes + 9_000, "9", 0)]
    if day >= NXT_SINCE and not source.krx_only:
        (begin, pause), (main, end), (after, last) = sessions(day, "nxt")
        letters = zip("PQRSTUW", (begin, pause, main, end, closes, after, last), strict=True)
        moments += [(second, letter, 0) for letter, second in letters] + [(closes + 1_800, "V", 0)]
    for second, state, left in sorted(moments):
        yield second, "", {"time": hhmmss(second), "market_state": state, "remaining": hhmmss(left)}


def _interruptions(source: Source, item: str) -> Told:
    """Each at the trade that set it off, and again when it is released."""
    found = [
        (second, each.stock.symbol, _interruption(each, released))
        for each in interruptions(source.stocks())
        for second, released in ((each.begin, False), (each.end, True))
    ]
    yield from sorted(found, key=lambda message: message[0])


def _interruption(each: Interruption, released: bool) -> Row:
    day, trade = each.day, each.trade
    static, dynamic = each.reference_prices
    kind = "정적" if each.static else "동적"
    return {
        "code": each.stock.symbol,
        "name": each.stock.name,
        "cumulative_volume": trade.volume,
        "cumulative_value": millions(trade.value),
        "vi_event": "static" if each.static else "dynamic",
        "market": "001" if each.stock.board == "kospi" else "101",
        "session": "regular",
        "trigger_price": coloured(trade.price, day.previous_close),
        "trigger_time": hhmmss(each.begin),
        "release_time": hhmmss(each.end) if released else NEVER,
        "vi_type": kind,
        "static_reference_price": coloured(static, day.previous_close) if static else 0,
        "dynamic_reference_price": coloured(dynamic, day.previous_close) if dynamic else 0,
        "static_gap_pct": each.gaps[0],
        "dynamic_gap_pct": each.gaps[1],
        "trigger_change_pct": rate(trade.price - day.previous_close, day.previous_close),
        "vi_count": each.number,
        "vi_direction": each.direction,
        "extra_1279": ("+" if each.direction == "up" else "-") + kind,
    }


class _Fill(NamedTuple):
    """An order of the account and the trade that filled it."""

    number: int
    side: int
    ordered: int  # seconds of the day
    filled: int
    price: int
    trades: int  # of the stock by then


_LOT = 10


def _fills(source: Source) -> Iterator[tuple[StockDay, _Fill]]:
    """An order every five minutes: a lot is bought, then sold, and so on."""
    stock = next((each for each in source.stocks() if each.stock.symbol == _TRADED), None)
    if stock is None:
        return
    for number, ordered in enumerate(range(stock.opens + 60, stock.closes - 600, 300), 1):
        n = bisect_right(stock.seconds, ordered)
        if n < len(stock.trades):
            trade, side = stock.trades[n], 1 if number % 2 else -1
            yield stock, _Fill(number, side, ordered, stock.seconds[n], trade.price, n + 1)


def _orders(source: Source, item: str) -> Told:
    for stock, fill in _fills(source):
        for second, state in ((fill.ordered, "접수"), (fill.filled, "체결")):
            yield second, _TRADED, _order(stock, fill, second, state)


def _order(stock: StockDay, fill: _Fill, second: int, state: str) -> Row:
    count = bisect_right(stock.seconds, second)
    done = state == "체결"
    price, quantity = (fill.price, _LOT) if done else ("", "")
    return {
        "time": hhmmss(second),
        "account": ACCOUNT,
        "order_id": f"{fill.number:07d}",
        "manager_id": "",
        "code": f"A{_TRADED}",
        "order_class": "JJ",
        "order_state": state,
        "name": stock.stock.name,
        "order_quantity": _LOT,
        "order_price": 0,
        "unfilled_quantity": 0 if done else _LOT,
        "filled_value_as_served": fill.price * _LOT if done else 0,
        "original_order_id": "0000000",
        "order_action": "+매수" if fill.side > 0 else "-매도",
        "order_type": "시장가",
        "side": "buy" if fill.side > 0 else "sell",
        "fill_id": str(fill.number) if done else "",
        "fill_price": price,
        "fill_quantity": quantity,
        "price": stock.colour(stock.last(count).price),
        **stock.quoted(count),
        "unit_fill_price": price,
        "unit_fill_quantity": quantity,
        **dict.fromkeys(("commission_today_as_served", "tax_today_as_served"), 0),
        "rejection": "0",
        "screen": "",
        "terminal": "0000000",
        "credit_type": "00",
        "loan_date": "00000000",
        "after_hours_price": "",
        "order_venue": "krx",
        "order_venue_name": "krx",
        "sor": "N",
    }


def _balances(source: Source, item: str) -> Told:
    fills = list(_fills(source))
    holdings = accumulate(fill.side * _LOT for _, fill in fills)
    bought = 0
    for (stock, fill), holding in zip(fills, holdings, strict=True):
        bought = fill.price if fill.side > 0 else bought
        gain = (fill.price - bought) * _LOT if fill.side < 0 else 0
        row: Row = {
            "account": ACCOUNT,
            "code": f"A{_TRADED}",
            "credit_type": "00",
            "loan_date": "00000000",
            "name": stock.stock.name,
            "price": stock.colour(fill.price),
            **stock.quoted(fill.trades),
            "holding_quantity": holding,
            "purchase_price": float(bought),
            "purchase_value": bought * holding,
            "orderable_quantity": holding,
            "net_buy_quantity_today": holding,
            "position_side": "2" if fill.side > 0 else "1",
            "sell_profit_today_as_served": gain,
            **dict.fromkeys(("extra_951", "extra_924"), "0"),
            "base_price": stock.colour(stock.day.previous_close),
            "profit_pct": rate(gain, bought * _LOT),
            **dict.fromkeys(
                ("credit_value_as_served", "credit_interest_as_served", "collateral_quantity"), 0
            ),
            "maturity_date": "00000000",
            "cash_profit_today_as_served": gain,
            "cash_profit_today_pct": rate(gain, bought * _LOT),
            "credit_profit_today_as_served": 0,
            "credit_profit_today_pct": 0.0,
        }
        yield fill.filled, _TRADED, row


MARKET_FEEDS: Mapping[str, Callable[[Source, str], Told]] = {
    "00": _orders,
    "04": _balances,
    "0I": _gold,
    "0J": _sector_index,
    "0U": _breadth,
    "0m": _elw_theory,
    "0s": status,
    "0u": _elw_indicator,
    "1h": _interruptions,
}
"""The feeds whose items are no stocks."""
