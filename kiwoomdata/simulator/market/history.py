"""What of a stock's days depends on the days before them: walked once, and kept for all markets.

Every question about today needs the whole way there, so the way is kept short: of each day it counts what
the next one stands on, and leaves open, extremes and money to those who ask for that day.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left
from datetime import date
from functools import lru_cache
from itertools import repeat
from math import cos, log, pi, sin, sqrt
from random import Random
from typing import NamedTuple

from kiwoomdata.simulator.market.numbers import direction, nearest_tick, price_limits, tick_size
from kiwoomdata.simulator.market.universe import Stock

__all__ = [
    "DRAWS",
    "NO_HISTORY",
    "SMALLEST_VOLUME",
    "History",
    "Path",
    "Splits",
    "between",
    "history",
    "money",
]

SMALLEST_VOLUME = 500  # so that a day always has enough trades to show its open, high, low and close

Splits = tuple[tuple[date, int], ...]

DRAWS = 10
"""Random numbers of a day."""
_TURN = 2 * pi


class Path(NamedTuple):
    """What of a day depends on the days before it."""

    date: date
    previous_close: int
    open: int
    high: int
    low: int
    close: int
    volume: int
    value: int
    foreign_buy: int
    foreign_sell: int
    foreign_holding: int
    listed_shares: int
    credit_ratio: float

    @property
    def sign(self) -> int:
        """1 limit up, 2 up, 3 flat, 4 limit down, 5 down."""
        return direction(self.close, self.previous_close)


class History:
    """A stock's way through its days. Columns of plain numbers, as there are thousands of days."""

    def __init__(self, days: tuple[date, ...], deviation: float, draws: array[float]) -> None:
        self.days = days
        self._deviation = deviation
        self._draws = draws
        self.counts = array("q")  # seven a day: as in ``path``
        self.parts = array("d")  # two a day: the move of the price, and the credit ratio

    def position(self, day: date) -> int:
        """How many days come before ``day``."""
        return bisect_left(self.days, day)

    def path(self, index: int) -> Path:
        day = self.days[index]
        before, close, volume, buy, sell, holding, listed = self.counts[7 * index : 7 * index + 7]
        move, credit = self.parts[2 * index : 2 * index + 2]
        if not volume:  # halted
            return Path(day, close, close, close, close, close, 0, 0, 0, 0, holding, listed, credit)
        draws = self._draws[DRAWS * index : DRAWS * (index + 1)]
        (ceiling, floor), deviation = price_limits(before), self._deviation
        _, opening = _normal(draws[0], draws[1])
        rise, fall = _normal(draws[3], draws[4])
        open_ = between(floor, before * (1 + 0.3 * move + opening * (deviation / 4)), ceiling)
        top, bottom = max(open_, close), min(open_, close)
        high = between(top, top * (1 + abs(rise * (deviation / 3))), ceiling)
        low = between(floor, bottom * (1 - abs(fall * (deviation / 3))), bottom)
        value = money(low, high, volume, draws[6])
        return Path(day, before, open_, high, low, close, volume, value, buy, sell, holding, listed, credit)


NO_HISTORY = History((), 0.0, array("d"))


@lru_cache(maxsize=256)
def history(source: str, stock: Stock, days: tuple[date, ...], splits: Splits) -> History:
    """The stock's way through ``days``, from the random source of that name.

    A split divides the price from its day on; days before stay as they were.
    """
    rng, ratios = Random(source), dict(splits)
    credit, draw = 0.5 + 4 * rng.random(), rng.random
    traded = len(days) if stock.halted_from is None else bisect_left(days, stock.halted_from)
    draws = [draw() for _ in range(DRAWS * traded)]
    found = History(days, stock.volatility, array("d", draws))
    count, tell = found.counts.extend, found.parts.extend

    close, anchor = stock.price, float(stock.price)
    listed, holding = stock.listed_shares, int(stock.listed_shares * stock.foreign_percent / 100)
    home, lean = stock.foreign_percent / 100, 0.0
    deviation, usual = stock.volatility, stock.listed_shares * stock.turnover
    each = iter(draws)
    for day, a, b, jump, _, _, crowd, _, c, d, part in zip(days, *repeat(each, DRAWS), strict=False):
        if day in ratios:
            ratio = ratios[day]
            close, anchor, usual = max(1, nearest_tick(close / ratio)), anchor / ratio, usual * ratio
            listed, holding = listed * ratio, holding * ratio
        before = close
        # The first of two normal numbers; the other one is the open's.
        move = cos(a * _TURN) * sqrt(-2.0 * log(1.0 - b)) * deviation
        move = move * (5 if jump < 0.004 else 1) + 0.004 * (anchor / close - 1)
        close = nearest_tick(close * (1 + move))
        if not -0.25 < move < 0.25 or before < 100:  # the limits may be near
            ceiling, floor = price_limits(before)
            close = min(ceiling, max(floor, close))
        volume = int(usual * (0.4 + 1.2 * crowd**2) * (1 + 20 * abs(move)))
        if volume < SMALLEST_VOLUME:
            volume = SMALLEST_VOLUME

        turn, far = c * _TURN, sqrt(-2.0 * log(1.0 - d))
        lean = 0.6 * lean + cos(turn) * far * 0.15 + home - holding / listed
        lean = -0.5 if lean < -0.5 else 0.5 if lean > 0.5 else lean
        size = volume * 0.2 * (0.7 + 0.6 * part)
        buy, sell = int(size * (1 + lean)), int(size * (1 - lean))
        if not 0 <= holding + buy - sell <= listed:
            buy, sell = sell, buy
        holding += buy - sell
        credit = round(credit + sin(turn) * far * 0.03, 2)
        credit = 0.0 if credit <= 0.0 else 12.0 if credit > 12.0 else credit
        count((before, close, volume, buy, sell, holding, listed))
        tell((move, credit))
    for day in days[traded:]:
        if day in ratios:
            ratio = ratios[day]
            close, listed, holding = max(1, nearest_tick(close / ratio)), listed * ratio, holding * ratio
        count((close, close, 0, 0, 0, holding, listed))
        tell((0.0, credit))
    return found


def _normal(a: float, b: float) -> tuple[float, float]:
    """Two normal numbers of two even ones, as ``Random.gauss`` makes them."""
    turn, far = a * _TURN, sqrt(-2.0 * log(1.0 - b))
    return cos(turn) * far, sin(turn) * far


def between(low: int, price: float, high: int) -> int:
    """The valid price nearest to ``price``, kept between two valid prices."""
    return min(high, max(low, nearest_tick(price)))


def money(low: int, high: int, volume: int, part: float) -> int:
    """What the volume cost, its average well inside low … high, and possible with whole steps."""
    step = tick_size(low)
    return low * volume + int((high - low) * volume * (0.35 + 0.3 * part)) // step * step
