"""What of a stock's days depends on the days before them: walked once, and kept for all markets.

Every question about today needs the whole way there, so the way is kept short: of each day it counts what
the next one stands on, and leaves open, extremes and money to those who ask for that day.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Callable, Iterable, Mapping
from datetime import date
from functools import cached_property, lru_cache, partial
from math import cos, log, pi, sin, sqrt
from random import Random
from typing import Any, NamedTuple

import polars as pl

from kiwoomdata.simulator.market.numbers import (
    direction,
    limits_of_prices,
    nearest_tick,
    nearest_ticks,
    price_limits,
    tick_size,
    tick_sizes,
)
from kiwoomdata.simulator.market.universe import Stock

__all__ = [
    "DRAWS",
    "NO_HISTORY",
    "SMALLEST_VOLUME",
    "Counts",
    "History",
    "Path",
    "Splits",
    "between",
    "history",
    "money",
    "table",
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
    """A stock's way through its days. Columns of plain numbers, as there are thousands of days.

    Prices are walked at once; what else a day counts is walked when somebody asks for a day, as most of those
    who list a market want to know its prices only.
    """

    def __init__(self, days: tuple[date, ...], deviation: float, draws: array[float], rest: Rest) -> None:
        self.days = days
        self.prices = array("q")  # two a day: the close before, and the close
        self.moves = array("d")
        self._deviation = deviation
        self._draws = draws
        self._rest = rest

    def position(self, day: date) -> int:
        """How many days come before ``day``."""
        return bisect_left(self.days, day)

    def previous_close(self, index: int) -> int:
        return self.prices[2 * index]

    def path(self, index: int) -> Path:
        day, (before, close) = self.days[index], self.prices[2 * index : 2 * index + 2]
        volume, buy, sell, holding, listed = self._counts[0][5 * index : 5 * index + 5]
        credit = self._counts[1][index]
        if not volume:  # halted
            return Path(day, close, close, close, close, close, 0, 0, 0, 0, holding, listed, credit)
        draws = self._draws[DRAWS * index : DRAWS * (index + 1)]
        (ceiling, floor), deviation = price_limits(before), self._deviation
        _, opening = _normal(draws[0], draws[1])
        rise, fall = _normal(draws[3], draws[4])
        open_ = between(floor, before * (1 + 0.3 * self.moves[index] + opening * (deviation / 4)), ceiling)
        top, bottom = max(open_, close), min(open_, close)
        high = between(top, top * (1 + abs(rise * (deviation / 3))), ceiling)
        low = between(floor, bottom * (1 - abs(fall * (deviation / 3))), bottom)
        value = money(low, high, volume, draws[6])
        return Path(day, before, open_, high, low, close, volume, value, buy, sell, holding, listed, credit)

    def columns(self, begin: date, end: date) -> dict[str, list[Any]]:
        """What ``path`` makes the days before ``end`` of, from ``begin`` on."""
        first, last = self.position(begin), self.position(end)
        prices, counts = self.prices[2 * first : 2 * last], self._counts[0][5 * first : 5 * last]
        draws = self._draws[DRAWS * first : DRAWS * last]
        draws.extend([0.0] * (DRAWS * (last - first) - len(draws)))  # a halted day has none
        found: dict[str, list[Any]] = {name: prices[n::2].tolist() for n, name in enumerate(_PRICES)}
        found |= {name: counts[n::5].tolist() for n, name in enumerate(_COUNTS)}
        found |= {f"draw_{n}": draws[n::DRAWS].tolist() for n in _DRAWN}
        deviation = [self._deviation] * (last - first)
        return found | {"move": self.moves[first:last].tolist(), "deviation": deviation}

    @cached_property
    def _counts(self) -> Counts:
        return self._rest(self)


Counts = tuple["array[int]", "array[float]"]
"""Of each day its volume, what foreigners bought, sold and hold, and the listed shares; and credit ratios."""
Rest = Callable[[History], Counts]

_PRICES = ("previous_close", "close")
_COUNTS = ("volume", "foreign_buy", "foreign_sell", "foreign_holding", "listed_shares")
_DRAWN = (0, 1, 3, 4, 6)
NO_HISTORY = History((), 0.0, array("d"), lambda way: (array("q"), array("d")))


@lru_cache(maxsize=256)
def history(source: str, stock: Stock, days: tuple[date, ...], splits: Splits) -> History:
    """The stock's way through ``days``, from the random source of that name.

    A split divides the price from its day on; days before stay as they were.
    """
    rng, ratios = Random(source), dict(splits)
    credit, draw = 0.5 + 4 * rng.random(), rng.random
    traded = len(days) if stock.halted_from is None else bisect_left(days, stock.halted_from)
    draws = [draw() for _ in range(DRAWS * traded)]
    kept = array("d", draws)
    found = History(days, stock.volatility, kept, partial(_rest, stock, ratios, credit, kept))
    tell, deviation = found.prices.extend, stock.volatility
    close, anchor = stock.price, float(stock.price)
    # The first of two normal numbers; the other one is the open's.
    drawn = [
        cos(a * _TURN) * sqrt(-2.0 * log(1.0 - b)) * deviation * (5 if jump < 0.004 else 1)
        for a, b, jump in zip(draws[0::DRAWS], draws[1::DRAWS], draws[2::DRAWS], strict=True)
    ]
    for day, own in zip(days, drawn, strict=False):
        if day in ratios:
            close, anchor = max(1, nearest_tick(close / ratios[day])), anchor / ratios[day]
        before, move = close, own + 0.004 * (anchor / close - 1)
        close = nearest_tick(close * (1 + move))
        if not -0.25 < move < 0.25 or before < 100:  # the limits may be near
            ceiling, floor = price_limits(before)
            close = min(ceiling, max(floor, close))
        tell((before, close))
        found.moves.append(move)
    for day in days[traded:]:
        if day in ratios:
            close = max(1, nearest_tick(close / ratios[day]))
        tell((close, close))
        found.moves.append(0.0)
    return found


def _rest(
    stock: Stock, ratios: Mapping[date, int], credit: float, draws: array[float], way: History
) -> Counts:
    """Volumes, foreigners and credit."""
    counts, credits = array("q"), array("d")
    listed, holding = stock.listed_shares, int(stock.listed_shares * stock.foreign_percent / 100)
    home, lean, usual = stock.foreign_percent / 100, 0.0, stock.listed_shares * stock.turnover
    drawn = (draws[n::DRAWS] for n in (5, 7, 8, 9))
    for day, move, crowd, c, d, part in zip(way.days, way.moves, *drawn, strict=False):
        if day in ratios:
            ratio = ratios[day]
            usual, listed, holding = usual * ratio, listed * ratio, holding * ratio
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
        counts.extend((volume, buy, sell, holding, listed))
        credits.append(credit)
    for day in way.days[len(credits) :]:  # halted
        ratio = ratios.get(day, 1)
        listed, holding = listed * ratio, holding * ratio
        counts.extend((0, 0, 0, holding, listed))
        credits.append(credit)
    return counts, credits


def table(ways: Iterable[History], begin: date, end: date) -> pl.DataFrame:
    """The days of many stocks from ``begin`` until before ``end``, with what ``path`` gives of each."""
    days: list[date] = []
    columns = NO_HISTORY.columns(begin, end)
    for way in ways:
        days += way.days[way.position(begin) : way.position(end)]
        for name, values in way.columns(begin, end).items():
            columns[name] += values
    ints = {name: pl.Series(name, columns.pop(name), pl.Int64) for name in (*_PRICES, *_COUNTS)}
    drawn = {name: pl.Series(name, values, pl.Float64) for name, values in columns.items()}
    before, close, volume = (ints[name] for name in ("previous_close", "close", "volume"))
    (ceiling, floor), deviation = limits_of_prices(before), drawn["deviation"]
    opening = _normals(drawn["draw_0"], drawn["draw_1"])[1]
    rise, fall = _normals(drawn["draw_3"], drawn["draw_4"])

    def kept(low: pl.Series, prices: pl.Series, high: pl.Series) -> pl.Series:
        return _lower(high, _higher(low, nearest_ticks(prices)))

    open_ = kept(floor, before * (1 + 0.3 * drawn["move"] + opening * (deviation / 4)), ceiling)
    top, bottom = _higher(open_, close), _lower(open_, close)
    high = kept(top, top * (1 + (rise * (deviation / 3)).abs()), ceiling)
    low = kept(floor, bottom * (1 - (fall * (deviation / 3)).abs()), bottom)
    step, range_ = tick_sizes(low), (high - low) * volume * (0.35 + 0.3 * drawn["draw_6"])
    value = low * volume + range_.cast(pl.Int64) // step * step
    traded = volume > 0
    return pl.DataFrame({"date": pl.Series(days, dtype=pl.Date), **ints}).with_columns(
        open=open_.zip_with(traded, close),
        high=high.zip_with(traded, close),
        low=low.zip_with(traded, close),
        value=value * traded,
    )


def _normals(a: pl.Series, b: pl.Series) -> tuple[pl.Series, pl.Series]:
    turn, far = a * _TURN, (-2.0 * (1.0 - b).log()).sqrt()
    return turn.cos() * far, turn.sin() * far


def _higher(one: pl.Series, other: pl.Series) -> pl.Series:
    return one.zip_with(one > other, other)


def _lower(one: pl.Series, other: pl.Series) -> pl.Series:
    return one.zip_with(one < other, other)


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
