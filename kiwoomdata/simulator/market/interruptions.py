"""Volatility interruptions of a session day, found in its trades."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Literal, NamedTuple, Protocol

from kiwoomdata.calendar import session_hours
from kiwoomdata.simulator.market.daily import Day
from kiwoomdata.simulator.market.intraday import Trade, seconds
from kiwoomdata.simulator.market.numbers import rate
from kiwoomdata.simulator.market.universe import Stock

__all__ = ["Interruption", "Traded", "interruptions"]

_EVERY = 300  # seconds
_LASTS = 120


class Traded(Protocol):
    """A stock's day and its trades, with the second of the day of each."""

    @property
    def stock(self) -> Stock: ...
    @property
    def day(self) -> Day: ...
    @property
    def trades(self) -> Sequence[Trade]: ...
    @property
    def seconds(self) -> Sequence[int]: ...


class Interruption(NamedTuple):
    """The trade that set it off, and the price before that trade."""

    part: float
    stock: Stock
    day: Day
    trade: Trade
    begin: int
    before: int
    number: int = 1
    """Which of the stock's own it is, from 1."""

    @property
    def end(self) -> int:
        return self.begin + _LASTS

    @property
    def static(self) -> bool:
        """A tenth from the open is what really sets off the static kind."""
        return abs(self.trade.price - self.day.open) * 10 >= self.day.open

    @property
    def direction(self) -> Literal["up", "down"]:
        return "up" if self.trade.price >= self.before else "down"

    @property
    def reference_prices(self) -> tuple[int, int]:
        """The static and the dynamic one; of the other kind there is none."""
        return (self.day.open, 0) if self.static else (0, self.before)

    @property
    def gaps(self) -> tuple[float, float]:
        """How far the trade lies from each, in percent."""
        static, dynamic = (
            rate(self.trade.price - price, price) if price else 0.0 for price in self.reference_prices
        )
        return static, dynamic


def interruptions(stocks: Iterable[Traded]) -> list[Interruption]:
    """Every five minutes, of the stock that moved furthest, in the order of time.

    Real ones are set off by fixed parts of a price, which seldom happens here.
    """
    traded = [each for each in stocks if each.trades]
    hours = session_hours(traded[0].day.date) if traded else None
    if hours is None:
        return []
    opens, closes = map(seconds, hours)
    found = []
    counts: Counter[str] = Counter()
    for slot in range(opens, closes - 2 * _EVERY, _EVERY):
        moves = [move for each in traded if (move := _furthest(each, slot, slot + _EVERY))]
        if moves:
            move = max(moves, key=lambda move: move.part)
            counts[move.stock.symbol] += 1
            found.append(move._replace(number=counts[move.stock.symbol]))
    return found


def _furthest(each: Traded, begin: int, end: int) -> Interruption | None:
    trades, first, last = each.trades, bisect_left(each.seconds, begin), bisect_left(each.seconds, end)
    before = trades[first - 1].price if first else each.day.previous_close
    parts = [(abs(trades[n].price - before) / before, -n) for n in range(first, last)]
    part, n = max(parts, default=(0.0, 0))
    return Interruption(part, each.stock, each.day, trades[-n], each.seconds[-n], before) if part else None
