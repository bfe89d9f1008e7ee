"""A stock's way year by year, so that one day of hundreds of stocks costs a year's walk each, not decades.

Where a stock stands at the turn of each year is drawn by itself. The walk through a year goes from one such
place to the next, so that years follow on each other to the won, whichever is asked for first.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Sequence
from datetime import date
from functools import lru_cache, partial
from itertools import accumulate
from math import cos, exp, log, pi, prod, sqrt
from random import Random
from typing import NamedTuple

from kiwoomdata.calendar import trading_days
from kiwoomdata.simulator.market.history import (
    DRAWS,
    NO_HISTORY,
    SMALLEST_VOLUME,
    Counts,
    History,
    Path,
    Splits,
)
from kiwoomdata.simulator.market.listings import TURNS
from kiwoomdata.simulator.market.numbers import nearest_tick, price_limits
from kiwoomdata.simulator.market.universe import Stock

__all__ = ["Years"]

_FURTHEST = 0.2  # of one day, before the year's drift: the daily limits are never near
_APART = 0.5  # how far two turns of a year lie from each other at most, in logarithms


class _Turn(NamedTuple):
    """Where a stock stands when a year begins, in the shares of its first day."""

    close: int
    holding: int  # of foreigners
    credit: float


class Years:
    """As :class:`History`, for a stock whose years are walked one by one."""

    def __init__(self, source: str, stock: Stock, days: tuple[date, ...], splits: Splits) -> None:
        self.days = days
        self._asked = source, stock, splits
        self._latest = 0, NO_HISTORY  # the year that was asked for last

    def position(self, day: date) -> int:
        """How many days come before ``day``."""
        return bisect_left(self.days, day)

    def previous_close(self, index: int) -> int:
        way = self._of(self.days[index])
        return way.previous_close(way.position(self.days[index]))

    def path(self, index: int) -> Path:
        way = self._of(self.days[index])
        return way.path(way.position(self.days[index]))

    def _of(self, day: date) -> History:
        year, way = self._latest
        if year != day.year:
            way = self.year(day.year)
            self._latest = day.year, way
        return way

    def year(self, year: int) -> History:
        """The way through a calendar year, from its first session on."""
        source, stock, splits = self._asked
        return _year(source, stock, year, splits)

    def worth_at_turn(self, year: int) -> int:
        """What all shares were worth when a year began."""
        source, stock, _ = self._asked
        return _turn(source, stock, year).close * stock.listed_shares


@lru_cache(maxsize=4_096)
def _turn(source: str, stock: Stock, year: int) -> _Turn:
    rng = Random(f"{source}:{year}")
    close = nearest_tick(stock.price * exp(rng.uniform(-_APART / 2, _APART / 2)))
    holding = int(stock.listed_shares * stock.foreign_percent / 100 * rng.uniform(0.93, 1.07))
    return _Turn(close, holding, round(rng.uniform(0.2, 4.5), 2))


@lru_cache(maxsize=2_048)
def _year(source: str, stock: Stock, year: int, splits: Splits) -> History:
    """The walk through a calendar year, in the shares of each day."""
    days = _days(year)
    begins, ends = _turn(source, stock, year), _turn(source, stock, year + 1)
    rng = Random(f"{source}:{year}:walk")
    draws = [rng.random() for _ in range(DRAWS * len(days))]
    moves = [
        cos(2 * pi * a) * sqrt(-2.0 * log(1.0 - b)) * stock.volatility * (5 if jump < 0.004 else 1)
        for a, b, jump in zip(draws[0::DRAWS], draws[1::DRAWS], draws[2::DRAWS], strict=True)
    ]
    moves = [max(-_FURTHEST, min(_FURTHEST, move)) for move in moves]
    limits = _limits(stock, days[:-1])
    moves = [log((1.3, 0.7)[limits[n]]) if n in limits else move for n, move in enumerate(moves)]
    drift = (log(ends.close / begins.close) - sum(moves)) / (len(days) - len(limits))
    moves = [move if n in limits else move + drift for n, move in enumerate(moves)]
    closes, level = [begins.close], log(begins.close)
    for n, move in enumerate(moves):
        level += move
        closes.append(price_limits(closes[-1])[limits[n]] if n in limits else nearest_tick(exp(level)))
    kept = array("d", draws)
    found = History(days, stock.volatility, kept, partial(_rest, stock, splits, begins, ends, kept))
    ratio, close = 0, 0
    for index, split in enumerate(_ratios(days, splits)):
        before = close if split == ratio else _divided(closes[index], split)
        ratio, close = split, _divided(closes[index + 1], split)
        if ratio > 1:
            ceiling, floor = price_limits(before)
            close = min(ceiling, max(floor, close))
        found.prices.extend((before, close))
    found.moves.extend(moves)
    return found


def _rest(
    stock: Stock, splits: Splits, begins: _Turn, ends: _Turn, draws: array[float], way: History
) -> Counts:
    """Volumes, foreigners and credit, in the shares of each day."""
    usual = stock.listed_shares * stock.turnover
    volumes = [
        max(SMALLEST_VOLUME, int(usual * (0.4 + 1.2 * crowd**2) * (1 + 20 * abs(move))))
        for crowd, move in zip(draws[6::DRAWS], way.moves, strict=True)
    ]
    nets = [int(volume * 0.2 * (c - 0.5)) for volume, c in zip(volumes, draws[7::DRAWS], strict=True)]
    nets = _ending_at(nets, volumes, ends.holding - begins.holding)
    steps = ((0.5 - d) * 0.06 for d in draws[8::DRAWS])
    credits = [begins.credit + sum_ for sum_ in accumulate(steps)]
    off = (ends.credit - credits[-1]) / len(way.days)
    counts, holding = array("q"), begins.holding
    ratios = _ratios(way.days, splits)
    for ratio, volume, net, drawn in zip(ratios, volumes, nets, draws[9::DRAWS], strict=True):
        part = int(volume * (0.05 + 0.1 * drawn))
        holding += net
        each = volume, part + max(0, net), part + max(0, -net), holding, stock.listed_shares
        counts.extend([number * ratio for number in each])
    return counts, array("d", (max(0.0, round(credit + off * n, 2)) for n, credit in enumerate(credits, 1)))


def _ratios(days: Sequence[date], splits: Splits) -> list[int]:
    """By how much the shares of each day are more than those of the first."""
    if not splits:
        return [1] * len(days)
    return [prod(times for when, times in splits if when <= day) for day in days]


@lru_cache(maxsize=64)
def _days(year: int) -> tuple[date, ...]:
    return tuple(trading_days(date(year, 1, 1), date(year, 12, 31)))


def _limits(stock: Stock, days: Sequence[date]) -> dict[int, int]:
    """On which days the stock closes at its upper limit (0) or its lower one (1)."""
    if stock.turn is None:
        return {}
    places = ((day.toordinal() - stock.turn) % TURNS for day in days)
    return {n: place // (TURNS // 2) for n, place in enumerate(places) if place in (0, TURNS // 2)}


def _divided(price: int, ratio: int) -> int:
    return price if ratio == 1 else max(1, nearest_tick(price / ratio))


def _ending_at(nets: list[int], volumes: list[int], whole: int) -> list[int]:
    """Nets that add up to ``whole``: what they lack is spread over the days by volume."""
    lack, traded = whole - sum(nets), sum(volumes)
    told = [0, *(lack * volume // traded for volume in accumulate(volumes))]
    return [net + told[n + 1] - told[n] for n, net in enumerate(nets)]
