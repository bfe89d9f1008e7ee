"""Inside a day: its trades, and everything that is counted up from them while it is not over.

The trades of a day reproduce its row exactly: first and last price, extremes, volume, value and
bought volume. A day that is still running is the sum of the trades so far.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from datetime import date, time
from itertools import pairwise
from math import cos, pi
from random import Random
from typing import NamedTuple

from kiwoomdata.calendar import session_hours
from kiwoomdata.simulator.market.daily import Day, Venue
from kiwoomdata.simulator.market.flows import Flows, Sides, flows_of
from kiwoomdata.simulator.market.numbers import floor_to_tick, ladder, rate, step_up

__all__ = [
    "MinuteProgram",
    "MinuteStrength",
    "Pace",
    "Trade",
    "averages",
    "clock",
    "merged",
    "merged_minutes",
    "pace_of",
    "program_minutes",
    "seconds",
    "sessions",
    "so_far",
    "strength_minutes",
    "trades_of",
    "trades_until",
]

Session = tuple[int, int]  # first and last second of trading, counted from midnight


class Trade(NamedTuple):
    """One trade, and the day's volume and value with it. ``aggressor`` is +1 for a buyer, -1 for a seller."""

    time: time
    price: int
    quantity: int
    aggressor: int
    volume: int
    value: int
    venue: Venue


class MinuteStrength(NamedTuple):
    """The last trade of a minute, and the trade strength by then with its averages over minutes."""

    time: time
    price: int
    quantity: int  # negative when a seller took it
    volume: int
    value: int
    strength: float
    average_5: float
    average_20: float
    average_60: float
    venue: Venue


class MinuteProgram(NamedTuple):
    """Program trading of one stock by the end of a minute, since the day began."""

    time: time
    price: int
    volume: int
    program: Sides


def clock(second: int) -> time:
    return time(second // 3600, second // 60 % 60, second % 60)


def seconds(at: time) -> int:
    return at.hour * 3600 + at.minute * 60 + at.second


def sessions(day: date, venue: Venue) -> list[Session]:
    """The stretches of trading at one venue. The first venue's day ends with one auction at its close."""
    hours = session_hours(day)
    if hours is None:
        return []
    opens, closes = map(seconds, hours)
    if venue == "krx":
        return [(opens, closes - 600), (closes, closes)]
    # Observed 2026-07: before the market, beside it from half a minute after its open, and after it.
    pause = opens - 600
    return [(8 * 3600, min(pause, 8 * 3600 + 3000)), (opens + 30, closes - 600), (closes + 600, 20 * 3600)]


def trades_of(rng: Random, day: Day, fewest: int = 300) -> list[Trade]:
    """All trades of a finished day, in order: from ``fewest`` to four times as many."""
    if not day.volume:
        return []
    count = min(fewest + int(3 * fewest * rng.random()), day.volume // 12)
    prices = _price_path(rng, day, count)
    lots = _lots(rng, day, prices)
    times = _times(rng, sessions(day.date, day.venue), len(lots), day.venue)
    trades, volume, value = [], 0, 0
    for at, price, quantity, aggressor in _aggressors(rng, day.buy_volume, lots, times):
        volume += quantity
        value += price * quantity
        trades.append(Trade(at, price, quantity, aggressor, volume, value, day.venue))
    return trades


def _price_path(rng: Random, day: Day, count: int) -> list[int]:
    """From the open over both extremes to the close, on valid prices."""
    steps = ladder(day.low, day.high)
    place = {price: index for index, price in enumerate(steps)}
    top = len(steps) - 1
    turns = sorted(rng.sample(range(1, count - 1), 2))
    extremes = [0, top] if (day.close >= day.open) == (rng.random() < 0.75) else [top, 0]
    marks = [(0, place[day.open]), *zip(turns, extremes, strict=True), (count - 1, place[day.close])]
    path, jitter = [day.open], 0.0
    for (begin, here), (end, there) in pairwise(marks):
        for at in range(begin + 1, end):
            jitter = 0.85 * jitter + rng.gauss(0, 0.4 + 0.02 * top)
            level = round(here + (there - here) * (at - begin) / (end - begin) + jitter)
            path.append(steps[min(top, max(0, level))])
        path.append(steps[there])
    return path


def _lots(rng: Random, day: Day, prices: list[int]) -> list[tuple[int, int]]:
    """(price, quantity) of each trade, such that quantities and money add up to the day's."""
    count, low, mean = len(prices), day.low, day.value / day.volume
    weights = [rng.expovariate(1.0) ** 1.5 + 0.02 for _ in prices]
    weights[0], weights[-1] = weights[0] + count / 20, weights[-1] + count / 12  # the auctions
    if low < day.high:
        # Weigh the dear trades so that the average price comes out right.
        below = sum(w * (mean - p) for w, p in zip(weights, prices, strict=True) if p < mean)
        above = sum(w * (p - mean) for w, p in zip(weights, prices, strict=True) if p > mean)
        weights = [w * below / above if p > mean else w for w, p in zip(weights, prices, strict=True)]
    shares = day.volume - 7 * count - 5  # one each for all, and six each kept back to settle the rest
    total = sum(weights)
    lots = [(p, 1 + int(shares * w / total)) for p, w in zip(prices, weights, strict=True)]
    _put(lots, low, 5)  # to lift some of them, if need be
    left = day.volume - sum(quantity for _, quantity in lots)
    owed = day.value - sum(price * quantity for price, quantity in lots)
    for price, quantity in _settlement(low, left, owed):
        _put(lots, price, quantity)
    return lots


def _settlement(low: int, shares: int, amount: int) -> list[tuple[int, int]]:
    """Lots of exactly ``shares`` and ``amount``: two neighbouring prices, and a few shares at the bottom."""
    price = floor_to_tick(amount // shares)
    dearer = step_up(price)
    many, rest = divmod(amount - price * shares, dearer - price)
    lots = [(price, shares - many), (dearer, many)]
    if rest:  # the steps up here are multiples of those at the bottom, so a few shares lifted there settle it
        lift = rest // (step_up(low) - low)
        lots += [(low, -lift), (step_up(low), lift)]
    return [(price, quantity) for price, quantity in lots if quantity]


def _put(lots: list[tuple[int, int]], price: int, quantity: int) -> None:
    """Add a quantity to the biggest trade at its price, or beside the nearest one as a trade of its own."""
    there = [index for index, lot in enumerate(lots) if lot[0] == price]
    if there:
        index = max(there, key=lambda index: lots[index][1])
        lots[index] = price, lots[index][1] + quantity
    else:
        index = min(range(len(lots) - 1), key=lambda index: abs(lots[index][0] - price))
        lots.insert(index + 1, (price, quantity))


def _times(rng: Random, stretches: list[Session], count: int, venue: Venue) -> list[time]:
    """Times in order, busy at both ends of a stretch; the first venue opens and closes with an auction."""
    (first, _), (_, last) = stretches[0], stretches[-1]
    fixed = [first, last] if venue == "krx" else [first + rng.randrange(60)]
    spans = stretches[:1] if venue == "krx" else stretches
    moments = fixed
    for _ in range(count - len(fixed)):
        begin, end = spans[0] if len(spans) == 1 else rng.choices(spans, (2, 6, 2))[0]
        where = rng.random()
        if rng.random() < 0.5:
            where = 0.5 - 0.5 * cos(pi * where)
        moments.append(max(fixed[0], begin + int((end - begin) * where)))
    return [clock(second) for second in sorted(moments)]


def _aggressors(
    rng: Random, bought: int, lots: list[tuple[int, int]], times: list[time]
) -> list[tuple[time, int, int, int]]:
    """Say who took each trade: rises rather buyers, falls rather sellers, ``bought`` shares in all.

    One trade may have to be told as two, at the same time and price.
    """
    moves = [0] + [(b > a) - (b < a) for (a, _), (b, _) in pairwise(lots)]
    order = sorted(range(len(lots)), key=lambda index: rng.random() - 0.4 * moves[index])
    buys = dict.fromkeys(order, 0)
    for index in order:
        buys[index] = min(bought, lots[index][1])
        bought -= buys[index]
    told = []
    for index, ((price, quantity), at) in enumerate(zip(lots, times, strict=True)):
        for part, aggressor in ((buys[index], 1), (quantity - buys[index], -1)):
            if part:
                told.append((at, price, part, aggressor))
    return told


def merged(krx: Sequence[Trade], nxt: Sequence[Trade]) -> list[Trade]:
    """Both venues' trades as one stream, counted together."""
    together, volume, value = [], 0, 0
    for trade in sorted([*nxt, *krx], key=lambda trade: trade.time):
        volume += trade.quantity
        value += trade.price * trade.quantity
        together.append(trade._replace(volume=volume, value=value))
    return together


def trades_until(trades: Sequence[Trade], at: time | None) -> Sequence[Trade]:
    """The trades up to and including ``at``; all of them for None."""
    return trades if at is None else trades[: bisect_right(trades, at, key=lambda trade: trade.time)]


class Pace(NamedTuple):
    """How the parts of a day's totals have come in, as powers of the part of the volume traded so far."""

    buy: list[float]
    sell: list[float]
    program: tuple[float, float]


def pace_of(rng: Random) -> Pace:
    """Powers from 1 on: nobody has traded more than there was, and all come out at the day's totals."""
    draw = rng.random
    return Pace(
        [1 + 0.3 * draw() for _ in Flows._fields],
        [1 + 0.3 * draw() for _ in Flows._fields],
        (1 + 0.6 * draw(), 1 + 0.6 * draw()),
    )


def so_far(day: Day, trades: Sequence[Trade], pace: Pace) -> Day | None:
    """The row of a running day: ``trades`` are its first ones. None before the first trade."""
    if not trades:
        return None
    last = trades[-1]
    if last.volume == day.volume:
        return day
    prices = [trade.price for trade in trades]
    done = last.volume / day.volume
    flows = _flows_so_far(day, last, pace)
    return day._replace(
        open=prices[0],
        high=max(prices),
        low=min(prices),
        close=prices[-1],
        volume=last.volume,
        value=last.value,
        buy_volume=sum(trade.quantity for trade in trades if trade.aggressor > 0),
        foreign_holding=day.foreign_holding - day.flows.foreign.net + flows.foreign.net,
        foreign_brokers=int(day.foreign_brokers * done),
        program=_program_so_far(day, last, pace),
        flows=flows,
    )


def _flows_so_far(day: Day, last: Trade, pace: Pace) -> Flows:
    done = last.volume / day.volume
    bought = [int(sides.buy * done**power) for sides, power in zip(day.flows, pace.buy, strict=True)]
    sold = [int(sides.sell * done**power) for sides, power in zip(day.flows, pace.sell, strict=True)]
    bought[0] = last.volume - sum(bought[1:])
    sold[0] = last.volume - sum(sold[1:])
    return flows_of(bought, sold, last.volume, last.value)


def _program_so_far(day: Day, last: Trade, pace: Pace) -> Sides:
    shares, money, (buying, selling) = last.volume / day.volume, last.value / day.value, pace.program
    return Sides(
        int(day.program.buy * shares**buying),
        int(day.program.sell * shares**selling),
        int(day.program.buy_amount * money**buying),
        int(day.program.sell_amount * money**selling),
    )


def _minute_ends(trades: Sequence[Trade]) -> list[int]:
    """The index of the last trade of every minute that has one."""
    minutes = [(trade.time.hour, trade.time.minute) for trade in trades]
    return [i for i, minute in enumerate(minutes) if i + 1 == len(minutes) or minutes[i + 1] != minute]


def program_minutes(day: Day, trades: Sequence[Trade], pace: Pace) -> list[MinuteProgram]:
    """Program trading of a stock minute by minute, ascending; the last row is the day's (so far).

    ``day`` is the full day; ``trades`` are those of it that have happened.
    """
    lasts = [trades[index] for index in _minute_ends(trades)]
    return [
        MinuteProgram(last.time.replace(second=0), last.price, last.volume, _program_so_far(day, last, pace))
        for last in lasts
    ]


def merged_minutes(krx: Sequence[MinuteProgram], nxt: Sequence[MinuteProgram]) -> list[MinuteProgram]:
    """Both venues' minutes as one stream: each row adds what either venue last said."""
    latest = {"krx": MinuteProgram(time(), 0, 0, Sides()), "nxt": MinuteProgram(time(), 0, 0, Sides())}
    rows: dict[time, MinuteProgram] = {}
    stream = [*((row.time, "nxt", row) for row in nxt), *((row.time, "krx", row) for row in krx)]
    for at, venue, row in sorted(stream, key=lambda item: item[0]):
        latest[venue] = row
        volume = latest["krx"].volume + latest["nxt"].volume
        program = latest["krx"].program.plus(latest["nxt"].program)
        rows[at] = MinuteProgram(at, row.price, volume, program)
    return list(rows.values())


def averages(values: Sequence[float]) -> tuple[float, float, float]:
    """The means of the last 5, 20 and 60 values, or of as many as there are."""
    five, twenty, sixty = (
        round(sum(part) / len(part), 2) for part in (values[-5:], values[-20:], values[-60:])
    )
    return five, twenty, sixty


def strength_minutes(trades: Sequence[Trade]) -> list[MinuteStrength]:
    """Trade strength minute by minute, ascending; averages over as many minutes as there have been."""
    rows: list[MinuteStrength] = []
    strengths: list[float] = []
    bought = begin = 0
    for end in _minute_ends(trades):
        bought += sum(trade.quantity for trade in trades[begin : end + 1] if trade.aggressor > 0)
        begin, last = end + 1, trades[end]
        strengths.append(rate(bought, last.volume - bought))
        rows.append(
            MinuteStrength(
                last.time,
                last.price,
                last.quantity * last.aggressor,
                last.volume,
                last.value,
                strengths[-1],
                *averages(strengths[-60:]),
                last.venue,
            )
        )
    return rows
