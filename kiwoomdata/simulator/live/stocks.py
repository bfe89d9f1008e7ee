"""One stock's session day, as the live feeds tell it.

Everything comes from the market's own trades of the day, so that the ticks add up to what the REST side
answers about it. Prices carry their colour; amounts are in the unit that the server writes, not in won.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property, lru_cache
from random import Random
from typing import Any, NamedTuple

from kiwoomdata.calendar import nth_trading_day_before, session_hours
from kiwoomdata.kinds import DIRECTIONS
from kiwoomdata.simulator.market.daily import Day, Venue
from kiwoomdata.simulator.market.flows import Sides
from kiwoomdata.simulator.market.intraday import Trade, clock, seconds
from kiwoomdata.simulator.market.market import Market
from kiwoomdata.simulator.market.numbers import direction, price_limits, rate, step_down, step_up
from kiwoomdata.simulator.market.universe import Stock
from kiwoomdata.simulator.rest.writing import MILLION, rounded

__all__ = [
    "NEVER",
    "NOBODY_KNOWS",
    "Last",
    "Row",
    "Rows",
    "StockDay",
    "Tally",
    "coloured",
    "hhmmss",
    "millions",
    "stock_day",
]

Row = dict[str, Any]
"""One message's values, by the catalogue's names."""
Rows = Iterator[tuple[int, Row]]
"""Messages with the second of the day at which they come, ascending."""

NEVER = "000000"
"""How a time is written that has not come."""
NOBODY_KNOWS = "0"
"""For a FID of which no source says what it holds."""


@lru_cache(maxsize=100_000)
def hhmmss(second: int) -> str:
    return clock(second).strftime("%H%M%S")


def coloured(price: float, against: float) -> Any:
    """A price with the colour of its direction; nothing before it when equal, ``-0`` where there is none.

    The empty levels of a live book were seen to hold ``-0``.
    """
    if not price:
        return "-0"
    if price == against:
        return str(price) if isinstance(price, int) else f"{price:.2f}"
    return price if price > against else -price


def millions(value: int) -> int:
    return rounded(value, MILLION) // MILLION


class Last(NamedTuple):
    """Where a stock stands after a trade."""

    price: int
    aggressor: int
    volume: int


class Tally:
    """A day counted up from its trades."""

    def __init__(self, limits: tuple[int, int]) -> None:
        self.open = self.high = self.low = self.price = self.volume = self.value = 0
        self.bought = self.sold = self.buys = self.sells = 0
        self.open_time = self.high_time = self.low_time = self.up_time = self.down_time = NEVER
        self._limits = limits

    def add(self, trade: Trade, at: str) -> None:
        price, quantity = trade.price, trade.quantity
        if not self.volume:
            self.open, self.open_time = price, at
        if price > self.high:
            self.high, self.high_time = price, at
        if not self.low or price < self.low:
            self.low, self.low_time = price, at
        if price >= self._limits[0] and self.up_time == NEVER:
            self.up_time = at
        if price <= self._limits[1] and self.down_time == NEVER:
            self.down_time = at
        self.price, self.volume, self.value = price, trade.volume, trade.value
        if trade.aggressor > 0:
            self.bought, self.buys = self.bought + quantity, self.buys + 1
        else:
            self.sold, self.sells = self.sold + quantity, self.sells + 1


class StockDay:
    """One stock's session day at one venue, as far as it has come."""

    def __init__(
        self,
        market: Market,
        stock: Stock,
        venue: Venue,
        day: Day,
        before: Day | None,
        earlier: Day | None,
        trades: Sequence[Trade],
    ) -> None:
        self.stock, self.venue, self.day, self.trades = stock, venue, day, trades
        self.before, self.earlier = before, earlier
        """The day before, and the one before that."""
        self._market = market
        self.limits = price_limits(day.previous_close)
        hours = session_hours(day.date)
        assert hours is not None  # a row is of a trading day
        self.opens, self.closes = map(seconds, hours)
        self.seconds = [seconds(trade.time) for trade in trades]

    def rng(self, *what: object) -> Random:
        parts = (self._market.seed, self.stock.symbol, self.venue, self.day.date, "live", *what)
        return Random(":".join(map(str, parts)))

    def state(self, second: int) -> str:
        """FID 215: before, during and after the first venue's session."""
        return "0" if second < self.opens else "3" if second <= self.closes else "8"

    @cached_property
    def moments(self) -> list[tuple[int, int]]:
        """Each second that has trades, with how many there have been by its end."""
        return list({second: n for n, second in enumerate(self.seconds, 1)}.items())

    @cached_property
    def minutes(self) -> list[tuple[int, int]]:
        """The last such second of each minute."""
        return list({second // 60: (second, count) for second, count in self.moments}.values())

    @cached_property
    def trades_before(self) -> Sequence[Trade]:
        """The trades of the session before."""
        if self.before is None:
            return ()
        return self._market.ticks(self.stock.symbol, self.before.date, self.venue)

    @cached_property
    def programs(self) -> list[tuple[int, int, Sides]]:
        """Program trading since the day began: (second, trades so far, sides), minute by minute."""
        ends = {second // 60: (second, count) for second, count in self.minutes}
        told = self._market.program_minutes(self.stock.symbol, self.day.date, self.venue)
        return [(*ends[seconds(minute.time) // 60], minute.program) for minute in told]

    @cached_property
    def brokers(self) -> Mapping[str, Sides]:
        """What each firm bought and sold in the day so far."""
        return self._market.brokers(self.stock.symbol, self.day.date, self.venue)

    def last(self, count: int) -> Last:
        """Where the stock stands after so many trades: at the close before, if there were none."""
        if not count:
            return Last(self.day.previous_close, -1, 0)
        trade = self.trades[count - 1]
        return Last(trade.price, trade.aggressor, trade.volume)

    # Pieces of rows

    def quoted(self, count: int) -> Row:
        """The best ask and bid after so many trades, by the rule of the market's order book."""
        (up, down), last = self.limits, self.last(count)
        ask = last.price
        if ask < up and (last.aggressor < 0 or ask <= down):
            ask = step_up(ask)
        return {"ask": self.colour(ask), "bid": self.colour(step_down(ask))}

    def colour(self, price: int) -> Any:
        return coloured(price, self.day.previous_close)

    def moved(self, price: int) -> Row:
        before = self.day.previous_close
        return {
            "direction": DIRECTIONS[direction(price, before) - 1],
            "change": price - before,
            "change_pct": rate(price - before, before),
        }

    def priced(self, price: int) -> Row:
        return {"price": self.colour(price), **self.moved(price)}

    def so_far(self, tally: Tally) -> Row:
        """What a trade and a price without a trade both tell about the day."""
        volume, value = (self.before.volume, self.before.value) if self.before else (0, 0)
        part = rate(tally.volume, volume)
        return {
            **self.priced(tally.price),
            "cumulative_volume": tally.volume,
            "cumulative_value": millions(tally.value),
            "open": self.colour(tally.open),
            "high": self.colour(tally.high),
            "low": self.colour(tally.low),
            "volume_vs_previous": tally.volume - volume,
            "value_vs_previous": tally.value - value,
            "volume_ratio_pct": part if part >= 100 else -part,
            "turnover_pct": rate(tally.volume, self.day.listed_shares),
            "transaction_cost_as_served": round(tally.price * 0.002),
            "market_cap": tally.price * self.day.listed_shares // 100_000_000,
            "limit_up_time": tally.up_time,
            "limit_down_time": tally.down_time,
        }


def stock_day(market: Market, symbol: str, venue: Venue) -> StockDay | None:
    """The session day of a stock at a venue; None where it has none, or has not begun."""
    stock, today = market.stock(symbol), market.session_day
    rows = market.days(symbol, nth_trading_day_before(today, 2), today, venue)
    if stock is None or not rows or rows[-1].date != today:
        return None
    earlier, before = [None, None, *rows][-3:-1]
    return StockDay(market, stock, venue, rows[-1], before, earlier, market.ticks(symbol, venue=venue))
