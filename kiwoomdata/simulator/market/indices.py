"""Indices as the weighted market: what their members are worth, against what they were worth at a base.

A level is the base's level times the members' listed shares at their prices, through what those were worth
when the year began. A stock enters with the first session of the year after its listing, so that no year's
base changes inside it, and the level of each year's end is the next one's base.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable
from datetime import date, time, timedelta
from functools import cached_property, lru_cache
from itertools import accumulate
from random import Random
from typing import TYPE_CHECKING, NamedTuple

import polars as pl

from kiwoomdata.calendar import trading_days
from kiwoomdata.simulator.market.history import table
from kiwoomdata.simulator.market.intraday import clock, sessions
from kiwoomdata.simulator.market.program import IndexDay, IndexMinute, basis, index_minutes
from kiwoomdata.simulator.market.sectors import KOSPI200, SECTORS, is_member
from kiwoomdata.simulator.market.universe import Stock

if TYPE_CHECKING:
    from kiwoomdata.simulator.market.trading import Trading

__all__ = ["IndexBar", "Indices", "Minute"]

_BASES = {"001": 1_950.0, "101": 550.0, KOSPI200: 245.0}
_BASE = 1_000.0  # of all others
_LEVELS = ("previous_close", "open", "close")
_STANDS_FOR = {KOSPI200: "002", "150": "138", "701": "002"}
"""Whose stocks are counted for an index that has no list of its own here."""


class IndexBar(NamedTuple):
    """An index over a day. Levels in points, volume in shares, value in won."""

    date: date
    previous_close: float
    open: float
    high: float
    low: float
    close: float
    volume: int
    value: int

    @property
    def change(self) -> float:
        return round(self.close - self.previous_close, 2)


class Minute(NamedTuple):
    """An index at the end of a minute, and what its members had traded by then."""

    time: time
    level: float
    volume: int
    value: int


class Indices:
    """The indices of a market."""

    def __init__(self, market: Trading, rng: Callable[..., Random]) -> None:
        self._market, self._rng = market, rng
        self.kospi200_minutes = lru_cache(maxsize=64)(self._find_kospi200_minutes)
        self._year = lru_cache(maxsize=512)(self._find_year)
        self._kospi200 = lru_cache(maxsize=4_000)(self._find_kospi200)
        self._base = lru_cache(maxsize=512)(self._find_base)
        self._members = lru_cache(maxsize=512)(self._find_members)

    def members(self, code: str, day: date) -> list[Stock]:
        """The stocks that an index holds on a day, by code."""
        return self._members(_STANDS_FOR.get(code, code), day.year)

    def bars(self, code: str, start: date, end: date) -> list[IndexBar]:
        """The days of an index, both inclusive and ascending; the running one as far as it has come."""
        if code not in SECTORS and code not in _STANDS_FOR:
            return []
        market, found = self._market, []
        for day in trading_days(max(start, market.first_day), min(end, market.session_day)):
            bar = self._whole(code, day)
            if day == market.session_day and (at := market.moment) is not None:  # as far as it has come
                minutes = [minute for minute in self.minutes(code, day) if minute.time <= at]
                if not minutes:
                    continue
                levels = [minute.level for minute in minutes]
                last = minutes[-1]
                bar = bar._replace(
                    high=max(levels), low=min(levels), close=last.level, volume=last.volume, value=last.value
                )
            found.append(bar)
        return found

    def minutes(self, code: str, day: date) -> list[Minute]:
        """A day from open to close by minutes: from the day's open over both extremes to its close."""
        bar = self._whole(code, day)
        rng = self._rng("index", code, day, "minutes")
        (opens, last), (_, closes) = sessions(day, "krx")
        moments = [*range(opens, last, 60), closes]
        count = len(moments)
        turns = sorted(rng.sample(range(1, count - 1), 2))
        extremes = [bar.low, bar.high] if rng.random() < 0.5 else [bar.high, bar.low]
        marks = [0, *turns, count - 1]
        levels = [bar.open, *extremes, bar.close]
        weights = list(
            accumulate(0.3 + rng.random() + (4 if n in (0, count - 1) else 0) for n in range(count))
        )
        found = []
        for n, second in enumerate(moments):
            place = min(bisect_right(marks, n), len(marks) - 1)
            begin, end = marks[place - 1], marks[place]
            part = (n - begin) / (end - begin)
            level = levels[place - 1] + (levels[place] - levels[place - 1]) * part
            if code == KOSPI200:
                level = self.kospi200_minutes(day)[(second - opens) // 60].kospi200
            elif n not in marks:
                level += rng.gauss(0, 0.05) * (bar.high - bar.low)
            level = round(min(bar.high, max(bar.low, level)), 2)
            done = weights[n] / weights[-1]
            found.append(Minute(clock(second), level, int(bar.volume * done), int(bar.value * done)))
        return found

    def kospi200(self, start: date, end: date) -> list[IndexDay]:
        """The KOSPI 200 as each day ends, and the basis."""
        market = self._market
        days = trading_days(max(start, market.first_day), min(end, market.session_day))
        bars = (self._year(KOSPI200, day.year)[day] for day in days)
        return [IndexDay(b.date, b.open, b.close, b.previous_close, self._basis[b.date]) for b in bars]

    @cached_property
    def _basis(self) -> dict[date, float]:
        days = trading_days(self._market.first_day, self._market.session_day)
        return basis(self._rng("KOSPI200"), days)

    # How it is put together

    def _find_members(self, code: str, year: int) -> list[Stock]:
        begins = date(year, 1, 1)
        stocks = [stock for stock in self._market.stocks() if is_member(stock, code)]
        listed = [stock for stock in stocks if max(stock.listed_from, self._market.first_day) < begins]
        if year == self._market.first_day.year:  # the first year has those of its first day
            listed = [stock for stock in stocks if stock.listed_from <= self._market.first_day]
        return sorted(listed, key=lambda stock: stock.symbol)

    def _find_base(self, code: str, year: int) -> tuple[float, int]:
        """The level when a year began, and what the year's members were worth then."""
        first = self._market.first_day.year
        stocks = self._members(_STANDS_FOR.get(code, code), year)
        worth = sum(self._market.worth_at_turn(stock.symbol, year) for stock in stocks)
        if year <= first:
            return _BASES.get(code, _BASE), worth
        level, before = self._base(code, year - 1)
        members = self._members(_STANDS_FOR.get(code, code), year - 1)
        after = sum(self._market.worth_at_turn(stock.symbol, year) for stock in members)
        return (level * after / before if before else level), worth

    def _whole(self, code: str, day: date) -> IndexBar:
        """A day as it ends."""
        bar = self._year(code, day.year)[day]
        return self._kospi200(bar) if code == KOSPI200 else bar

    def _find_year(self, code: str, year: int) -> dict[date, IndexBar]:
        """The days of a year as they end."""
        level, worth = self._base(code, year)
        begin, end = date(year, 1, 1), date(year, 12, 31)
        ways = (self._market.year_of(stock.symbol, year) for stock in self.members(code, begin))
        rows = table(ways, begin, end + timedelta(days=1))
        worths = ((pl.col(name) * pl.col("listed_shares")).sum() for name in _LEVELS)
        sums = (
            rows.group_by("date")
            .agg(*worths, pl.col("volume", "value").sum())
            .rows_by_key("date", unique=True)
        )
        found = {}
        for day in trading_days(begin, end):
            *whole, volume, value = sums.get(day, (0, 0, 0, 0, 0))
            before, open_, close = (round(level * each / worth, 2) if worth else level for each in whole)
            rng = self._rng("index", code, day)
            high = round(max(open_, close) * (1 + abs(rng.gauss(0, 0.002))), 2)
            low = round(min(open_, close) * (1 - abs(rng.gauss(0, 0.002))), 2)
            found[day] = IndexBar(day, before, open_, high, low, close, volume, value)
        return found

    def _find_kospi200(self, bar: IndexBar) -> IndexBar:
        """With the extremes of the minutes that the basis is told beside."""
        levels = [bar.open, bar.close, *(minute.kospi200 for minute in self.kospi200_minutes(bar.date))]
        return bar._replace(high=max(levels), low=min(levels))

    def _find_kospi200_minutes(self, day: date) -> list[IndexMinute]:
        rows = self.kospi200(day, day)
        (opens, _), (_, closes) = sessions(day, "krx") or ((0, 0), (0, 0))
        return index_minutes(self._rng("KOSPI200", day), rows[0], opens, closes) if rows else []
