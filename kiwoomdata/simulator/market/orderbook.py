"""What waits to be traded: the ten-level book of a session and the five-level book after hours."""

from __future__ import annotations

from collections.abc import Callable
from datetime import time
from random import Random
from typing import NamedTuple

from kiwoomdata.simulator.market.daily import Day
from kiwoomdata.simulator.market.numbers import (
    ceil_to_tick,
    floor_to_tick,
    nearest_tick,
    rate,
    step_down,
    step_up,
)

__all__ = ["AfterHours", "BookSide", "Level", "OrderBook", "after_hours_of", "combined", "order_book"]

LEVELS_WITH_ORDERS = 5  # the exchange counts the orders of the best five levels only
AFTER_HOURS_LEVELS = 5
AFTER_HOURS_AUCTIONS = [time(16 + slot // 6, slot % 6 * 10) for slot in range(1, 13)]  # 16:10 … 18:00


class Level(NamedTuple):
    """One price level. ``change`` is against the moment before; all is 0 where no price is possible."""

    price: int = 0
    quantity: int = 0
    change: int = 0
    orders: int = 0
    lp_quantity: int = 0


class BookSide(NamedTuple):
    """One side, best price first. The totals hold what waits behind the levels shown as well."""

    levels: tuple[Level, ...]
    total: int
    total_change: int
    orders: int
    after_hours: int = 0  # waiting for the closing price, after the session
    after_hours_change: int = 0

    def plus(self, other: BookSide) -> BookSide:
        """Both sides added up, of books that stand around one price."""
        levels = tuple(
            Level(mine.price, *(a + b for a, b in zip(mine[1:], its[1:], strict=True)))
            for mine, its in zip(self.levels, other.levels, strict=True)
        )
        return BookSide(levels, *(a + b for a, b in zip(self[1:], other[1:], strict=True)))


class OrderBook(NamedTuple):
    """The book of one stock at one moment."""

    time: time
    price: int
    asks: BookSide
    bids: BookSide
    expected_price: int  # of the auction that is running, or of the last one
    expected_quantity: int


def combined(krx: OrderBook, nxt: OrderBook) -> OrderBook:
    """The book of both venues."""
    return krx._replace(
        time=max(krx.time, nxt.time), asks=krx.asks.plus(nxt.asks), bids=krx.bids.plus(nxt.bids)
    )


class AfterHours(NamedTuple):
    """The single-price session after hours: auctions every ten minutes, within 10 % of the close."""

    time: time
    price: int
    change: int  # against today's close
    sign: int
    change_rate: float
    volume: int
    asks: BookSide
    bids: BookSide


def order_book(
    rng: Random,
    at: time,
    price: int,
    aggressor: int,
    limits: tuple[int, int],
    *,
    usual: int,
    levels: int = 10,
    lp: bool = False,
    closed: bool = False,
    expected: tuple[int, int] = (0, 0),
) -> OrderBook:
    """A book around ``price``: after a buyer's trade it is the best ask, after a seller's the best bid.

    ``usual`` is the quantity a level holds on average, ``limits`` the day's highest and lowest price;
    ``lp`` adds a liquidity provider, ``closed`` what waits for the closing price.
    """
    asks, bids = _sides(rng, price, aggressor, limits, usual, levels, lp)
    if closed:
        asks, bids = _with_after_hours(rng, asks, usual), _with_after_hours(rng, bids, usual)
    return OrderBook(at, price, asks, bids, *expected)


def _sides(
    rng: Random,
    price: int,
    aggressor: int,
    limits: tuple[int, int],
    usual: int,
    count: int,
    lp: bool = False,
) -> tuple[BookSide, BookSide]:
    up, down = limits
    best_ask = price if price >= up or (aggressor > 0 and price > down) else step_up(price)
    return (
        _side(rng, best_ask, step_up, limits, usual, count, lp),
        _side(rng, step_down(best_ask), step_down, limits, usual, count, lp),
    )


def _side(
    rng: Random,
    best: int,
    step: Callable[[int], int],
    limits: tuple[int, int],
    usual: int,
    count: int,
    lp: bool,
) -> BookSide:
    up, down = limits
    levels, price = [], best
    for number in range(count):
        if not down <= price <= up:
            levels.append(Level())
            continue
        quantity = 1 + int(usual * rng.expovariate(1.0) * (0.6 + 0.1 * number))
        before = max(0, quantity + int(usual * rng.gauss(0, 0.1))) if rng.random() < 0.5 else quantity
        orders = 1 + int(quantity ** rng.uniform(0.4, 0.6)) if number < LEVELS_WITH_ORDERS else 0
        made = rng.randrange(quantity) if lp else 0
        levels.append(Level(price, quantity, quantity - before, min(orders, quantity), made))
        price = step(price)
    behind = int(usual * rng.uniform(2, 8))
    return BookSide(
        tuple(levels),
        total=sum(level.quantity for level in levels) + behind,
        total_change=sum(level.change for level in levels),
        orders=sum(level.orders for level in levels) + 1 + behind // 50,
    )


def _with_after_hours(rng: Random, side: BookSide, usual: int) -> BookSide:
    waiting = int(usual * rng.uniform(0.1, 2))
    return side._replace(after_hours=waiting, after_hours_change=rng.randint(-waiting, waiting))


def after_hours_of(rng: Random, day: Day, at: time | None) -> AfterHours:
    """The single-price session of a finished ``day`` as it stands at ``at``, or at its end for None.

    Before its first auction (16:10) the price is the close and nothing has been traded.
    """
    up = min(floor_to_tick(day.close * 11 // 10), day.limit_up)
    down = max(ceil_to_tick(-(-day.close * 9 // 10)), day.limit_down)
    shown = AFTER_HOURS_AUCTIONS[-1] if at is None else min(at, AFTER_HOURS_AUCTIONS[-1])
    price, volume, done = day.close, 0, 0
    for auction in AFTER_HOURS_AUCTIONS:
        move, quantity = rng.gauss(0, 0.004), int(day.volume * 0.0004 * rng.expovariate(1.0))
        if day.volume and auction <= shown:
            price = min(up, max(down, nearest_tick(price * (1 + move))))
            volume, done = volume + quantity, done + 1
    asks, bids = _sides(
        Random(f"{rng.random()}:{done}"),
        price,
        1,
        (up, down),
        max(1, day.volume // 5_000),
        AFTER_HOURS_LEVELS,
    )
    change = price - day.close
    sign = 2 if change > 0 else 5 if change < 0 else 3
    return AfterHours(shown, price, change, sign, rate(change, day.close), volume, asks, bids)
