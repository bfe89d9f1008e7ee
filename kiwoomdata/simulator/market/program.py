"""Program trading of the whole market, the minutes and the basis of the KOSPI 200, arbitrage balances."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import date, time
from functools import cached_property
from random import Random
from typing import NamedTuple

from kiwoomdata.calendar import NXT_SINCE
from kiwoomdata.simulator.market.daily import Venue
from kiwoomdata.simulator.market.flows import Sides
from kiwoomdata.simulator.market.intraday import clock, seconds, sessions
from kiwoomdata.simulator.market.universe import Board

__all__ = [
    "ArbitrageBalance",
    "Course",
    "IndexDay",
    "IndexMinute",
    "MarketProgram",
    "WholeMarket",
    "at_minute",
    "balances",
    "basis",
    "course",
    "index_minutes",
    "last_row",
    "spread",
]

# Usual money a day in won, by board: arbitrage and non-arbitrage, one side.
_USUAL: dict[Board, tuple[float, float]] = {"kospi": (0.9e11, 2.6e12), "kosdaq": (2e9, 3.2e11)}
_NXT_PART = 0.12
_AVERAGE_PRICE: dict[Board, int] = {"kospi": 48_000, "kosdaq": 21_000}


class IndexDay(NamedTuple):
    """The KOSPI 200 of one day in points, and the basis: the nearest future less the index."""

    date: date
    open: float
    close: float
    previous_close: float
    basis: float

    @property
    def change(self) -> float:
        return round(self.close - self.previous_close, 2)


class IndexMinute(NamedTuple):
    """The index and the basis at the end of a minute; 0 and None where there is none yet."""

    time: time
    kospi200: float
    basis: float | None


class MarketProgram(NamedTuple):
    """Program trading since the day began, at ``time``. The day's row is the one of its last minute."""

    date: date
    time: time
    arbitrage: Sides
    non_arbitrage: Sides
    kospi200: float
    basis: float | None

    @property
    def total(self) -> Sides:
        return self.arbitrage.plus(self.non_arbitrage)


class ArbitrageBalance(NamedTuple):
    """What arbitrage holds open at the end of a day; the changes are against the day before, in won."""

    date: date
    buy_quantity: int
    buy_amount: int
    buy_change: int
    sell_quantity: int
    sell_amount: int
    sell_change: int


def basis(rng: Random, days: Iterable[date]) -> dict[date, float]:
    """The basis at the close of each day."""
    found, last = {}, 0.3
    for day in days:
        found[day] = last = round(0.8 * last + rng.gauss(0.05, 0.5), 2)
    return found


def index_minutes(rng: Random, day: IndexDay, opens: int, closes: int) -> list[IndexMinute]:
    """Minute by minute from the open to the close (seconds of the day), ending on the day's values."""
    moments = range(opens, closes + 1, 60)
    last = len(moments) - 1
    rows, index_off, basis_off = [], 0.0, 0.0
    for number, second in enumerate(moments):
        done = number / last
        tied = min(done, 1 - done) ** 0.5  # nothing is off at either end
        index_off = 0.97 * index_off + rng.gauss(0, 0.0004 * day.close)
        basis_off = 0.9 * basis_off + rng.gauss(0, 0.06)
        index = day.open + (day.close - day.open) * done + tied * index_off
        rows.append(IndexMinute(clock(second), round(index, 2), round(day.basis + tied * basis_off, 2)))
    return rows


class Course(NamedTuple):
    """A day's totals at one venue, and the powers of the elapsed part of it with which they come in."""

    opens: int  # seconds of the day
    closes: int
    arbitrage: Sides
    non_arbitrage: Sides
    powers: tuple[float, float, float, float]

    def by(self, second: int) -> tuple[Sides, Sides]:
        """Arbitrage and non-arbitrage since the day began."""
        done = min(1.0, max(0.0, (second - self.opens) / (self.closes - self.opens)))
        a, b, c, d = (done**power for power in self.powers)
        return _part(self.arbitrage, a, b), _part(self.non_arbitrage, c, d)


def _part(sides: Sides, bought: float, sold: float) -> Sides:
    buy, sell, buy_amount, sell_amount = sides
    return Sides(int(buy * bought), int(sell * sold), int(buy_amount * bought), int(sell_amount * sold))


def course(rng: Random, board: Board, venue: Venue, opens: int, closes: int) -> Course:
    """What programs will have traded on one board by the end of a day, at one venue."""
    arbitrage, others = _USUAL[board]
    scale = _NXT_PART if venue == "nxt" else 1.0
    powers = 1 + rng.random(), 1 + rng.random(), 1 + rng.random(), 1 + rng.random()
    totals = _totals(rng, arbitrage * scale, board), _totals(rng, others * scale, board)
    return Course(opens, closes, *totals, powers)


def at_minute(day: date, courses: Sequence[Course], minute: IndexMinute) -> MarketProgram:
    """All courses together, by one minute of the day."""
    arbitrage = others = Sides()
    for each in courses:
        of_arbitrage, of_others = each.by(seconds(minute.time))
        arbitrage, others = arbitrage.plus(of_arbitrage), others.plus(of_others)
    return MarketProgram(day, minute.time, arbitrage, others, minute.kospi200, minute.basis)


def last_row(courses: Iterable[Course]) -> time:
    """When a day's rows end: at 18:05 (live, 2026), unless a venue trades longer."""
    return max(time(18, 5), *(clock(each.closes) for each in courses))


def spread(minutes: Sequence[IndexMinute], opens: int, until: time) -> list[IndexMinute]:
    """The index over longer hours than its own: after it closes it stands still.

    Live (2026), a row of 08:51 has an index of 0 and no basis, and just after the open there is none yet.
    """
    first, last = seconds(minutes[0].time), seconds(minutes[-1].time)
    before = [IndexMinute(clock(second), 0, None) for second in range(opens, first, 60)]
    after = [minutes[-1]._replace(time=clock(second)) for second in range(last + 60, seconds(until) + 1, 60)]
    return [*before, minutes[0]._replace(basis=None), *minutes[1:], *after]


def _totals(rng: Random, usual: float, board: Board) -> Sides:
    bought, sold = (int(usual * rng.uniform(0.5, 1.6)) for _ in range(2))
    price = int(_AVERAGE_PRICE[board] * rng.uniform(0.8, 1.2))
    return Sides(bought // price, sold // price, bought, sold)


def balances(rng: Random, days: Iterable[date]) -> list[ArbitrageBalance]:
    rows = []
    buy, sell = 2_000_000_000_000, 7_000_000_000_000
    for day in days:
        bought = int(rng.gauss(0, 6e10) + 0.02 * (2e12 - buy))
        sold = int(rng.gauss(0, 6e10) + 0.02 * (7e12 - sell))
        buy, sell = buy + bought, sell + sold
        buy_price, sell_price = rng.randrange(44_000, 52_000), rng.randrange(44_000, 52_000)
        rows.append(ArbitrageBalance(day, buy // buy_price, buy, bought, sell // sell_price, sell, sold))
    return rows


class WholeMarket:
    """The market's own numbers for all its sessions, as of the end of each day."""

    def __init__(self, rng: Callable[..., Random], sessions_: Sequence[date]) -> None:
        self._rng = rng
        self._sessions = sessions_

    @cached_property
    def balances(self) -> list[ArbitrageBalance]:
        return balances(self._rng("arbitrage"), self._sessions)

    def courses(self, board: Board, day: date, venue: Venue) -> list[Course]:
        """The day's program trading, one course for each venue asked for; none on a day without a session."""
        venues: list[Venue] = ["krx", "nxt"] if venue == "all" else [venue]
        spans = {each: sessions(day, each) for each in venues if each == "krx" or day >= NXT_SINCE}
        return [
            course(self._rng("program", board, day, each), board, each, span[0][0], span[-1][1])
            for each, span in spans.items()
            if span
        ]
