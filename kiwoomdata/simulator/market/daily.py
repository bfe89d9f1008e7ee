"""The days of one stock: prices that walk, volumes, flows, and the second venue.

Everything follows from the seed and the symbol. What depends on the day before is walked once (see
``history``); the rest of a day comes from a source of its calendar year, in which every day has its place,
so that a row costs the few days drawn with it and not a year.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from random import Random
from typing import Literal, NamedTuple

from kiwoomdata.simulator.market.flows import Flows, Sides, flows_of, split_volume
from kiwoomdata.simulator.market.history import SMALLEST_VOLUME, Path, between, money
from kiwoomdata.simulator.market.numbers import direction, price_limits, rate

__all__ = ["Day", "Venue", "adjusted", "both_venues", "krx_days", "nxt_days"]

Venue = Literal["krx", "nxt", "all"]

# How many numbers of its year's source the rows before one have used up. Normal numbers come in pairs: a
# row at the first venue uses one of them, at the second four.
_KRX_DRAWS_OF_TWO, _NXT_DRAWS = 46, 27


class Day(NamedTuple):
    """One day of one stock at one venue. Prices in won, quantities in shares, amounts in won.

    ``foreign_holding`` and ``listed_shares`` are those at the end of the day; ``foreign_brokers`` is
    what the foreign member firms net bought, an estimate that is not the foreigners' net.
    """

    date: date
    venue: Venue
    previous_close: int
    open: int
    high: int
    low: int
    close: int
    volume: int
    value: int
    buy_volume: int  # what buyers took from the book; the rest of the volume was sold into it
    credit_ratio: float
    foreign_holding: int
    listed_shares: int
    foreign_brokers: int
    program: Sides
    flows: Flows
    krx_close: int | None = None
    """Of both venues: KRX's close, which the change is of, where the last trade was at the other venue."""

    @property
    def change(self) -> int:
        return self._judged - self.previous_close

    @property
    def _judged(self) -> int:
        return self.close if self.krx_close is None else self.krx_close

    @property
    def change_rate(self) -> float:
        """In percent of the close before."""
        return rate(self.change, self.previous_close)

    @property
    def sign(self) -> int:
        """1 limit up, 2 up, 3 flat, 4 limit down, 5 down."""
        return direction(self._judged, self.previous_close)

    @property
    def limit_up(self) -> int:
        return price_limits(self.previous_close)[0]

    @property
    def limit_down(self) -> int:
        return price_limits(self.previous_close)[1]

    @property
    def strength(self) -> float:
        """Bought volume in percent of sold volume."""
        return rate(self.buy_volume, self.volume - self.buy_volume)

    @property
    def foreign_ratio(self) -> float:
        """What foreigners hold, in percent of the listed shares."""
        return rate(self.foreign_holding, self.listed_shares)

    @property
    def foreign_brokers_amount(self) -> int:
        return self.foreign_brokers * self.value // self.volume if self.volume else 0


def krx_days(rng: Random, paths: Iterable[Path], earlier: int = 0) -> list[Day]:
    """Full rows of one calendar year, from its source; an even number of days came ``earlier`` in it."""
    rng.getrandbits(64 * (earlier // 2 * _KRX_DRAWS_OF_TWO))
    return [_krx_day(rng, path) for path in paths]


def _krx_day(rng: Random, path: Path) -> Day:
    volume, value = path.volume, path.value
    bought, sold = split_volume(rng, volume, path.foreign_buy, path.foreign_sell)
    part = 0.5 + 3 * (path.close / path.previous_close - 1) + rng.uniform(-0.15, 0.15)
    estimate = (path.foreign_buy - path.foreign_sell) * rng.uniform(0.4, 0.9) + volume * rng.gauss(0, 0.02)
    return Day(
        path.date,
        "krx",
        path.previous_close,
        path.open,
        path.high,
        path.low,
        path.close,
        volume,
        value,
        buy_volume=int(volume * min(0.8, max(0.2, part))),
        credit_ratio=path.credit_ratio,
        foreign_holding=path.foreign_holding,
        listed_shares=path.listed_shares,
        foreign_brokers=int(max(-0.3 * volume, min(0.3 * volume, estimate))),
        program=_program(rng, volume, value),
        flows=flows_of(bought, sold, volume, value),
    )


def _program(rng: Random, volume: int, value: int) -> Sides:
    buy, sell = int(volume * rng.uniform(0.03, 0.3)), int(volume * rng.uniform(0.03, 0.3))
    if not volume:
        return Sides()
    return Sides(buy, sell, buy * value // volume, sell * value // volume)


def nxt_days(rng: Random, rows: Iterable[Day], earlier: int = 0) -> list[Day]:
    """The same days at the second venue, of which ``earlier`` days of the year came before."""
    rng.getrandbits(64 * (earlier * _NXT_DRAWS))
    return [_nxt_day(rng, krx) for krx in rows]


def _nxt_day(rng: Random, krx: Day) -> Day:
    """The same stock and day at the second venue: its own trades, close to the first venue's prices.

    Foreigners are not told apart by venue: they have no part in the flows drawn here, and a row as
    served shows those of the first venue instead (observed 2026-05: the foreign columns of the two
    venues' rows are the same).
    """
    ceiling, floor = price_limits(krx.previous_close)
    close = between(floor, krx.close * (1 + rng.gauss(0, 0.002)), ceiling)
    open_ = between(floor, (krx.open + krx.previous_close) / 2 * (1 + rng.gauss(0, 0.002)), ceiling)
    top, bottom = max(open_, close), min(open_, close)
    high = between(top, krx.high * (1 + rng.gauss(-0.003, 0.002)), ceiling)
    low = between(floor, krx.low * (1 + rng.gauss(0.003, 0.002)), bottom)
    volume = max(SMALLEST_VOLUME // 4, int(krx.volume * rng.uniform(0.05, 0.35)))
    value = money(low, high, volume, rng.random())
    bought, sold = split_volume(rng, volume, 0, 0)
    return krx._replace(
        venue="nxt",
        open=open_,
        high=high,
        low=low,
        close=close,
        volume=volume,
        value=value,
        buy_volume=int(volume * rng.uniform(0.3, 0.7)),
        program=_program(rng, volume, value),
        flows=flows_of(bought, sold, volume, value),
    )


def both_venues(krx: Day | None, nxt: Day | None) -> Day | None:
    """The two venues as one: the second opens first and closes last.

    Live (2026-08), the close is the last trade anywhere, and stands beside the change of KRX's.
    """
    if krx is None or nxt is None:
        one = krx or nxt
        return one and one._replace(venue="all")
    return krx._replace(
        venue="all",
        close=nxt.close if nxt.volume else krx.close,
        krx_close=krx.close,
        open=nxt.open,
        high=max(krx.high, nxt.high),
        low=min(krx.low, nxt.low),
        volume=krx.volume + nxt.volume,
        value=krx.value + nxt.value,
        buy_volume=krx.buy_volume + nxt.buy_volume,
        program=krx.program.plus(nxt.program),
        flows=krx.flows.plus(nxt.flows),
    )


def adjusted(day: Day, ratio: int) -> Day:
    """The day in the shares of after a split: prices divided, quantities multiplied, money unchanged."""
    if ratio == 1:
        return day
    return day._replace(
        previous_close=round(day.previous_close / ratio),
        open=round(day.open / ratio),
        high=round(day.high / ratio),
        low=round(day.low / ratio),
        close=round(day.close / ratio),
        krx_close=None if day.krx_close is None else round(day.krx_close / ratio),
        volume=day.volume * ratio,
        buy_volume=day.buy_volume * ratio,
        foreign_holding=day.foreign_holding * ratio,
        listed_shares=day.listed_shares * ratio,
        foreign_brokers=day.foreign_brokers * ratio,
        program=day.program.shares_times(ratio),
        flows=Flows(*(sides.shares_times(ratio) for sides in day.flows)),
    )


def split_ratio(day: date, as_of: date | None, splits: Mapping[date, int]) -> int:
    """By how much ``day`` is adjusted when seen from ``as_of``."""
    ratio = 1
    for when, times in splits.items():
        if as_of is not None and day < when <= as_of:
            ratio *= times
    return ratio


def mirrored(nxt: Day, krx: Day | None) -> Day:
    """A row of the second venue as served, with the first venue's foreigners."""
    foreign = krx.flows.foreign if krx else Sides()
    return nxt._replace(flows=nxt.flows._replace(foreign=foreign))
