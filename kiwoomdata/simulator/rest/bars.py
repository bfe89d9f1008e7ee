"""Series of one stock: bars of days and longer, of minutes and of trades, the newest first."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time
from itertools import groupby

from kiwoomdata.calendar import period_end, period_start, trading_days
from kiwoomdata.entries.entry import Endpoint, Part
from kiwoomdata.simulator.market.daily import Day
from kiwoomdata.simulator.market.numbers import rate
from kiwoomdata.simulator.rest.asking import DAY, Ask
from kiwoomdata.simulator.rest.cells import Subject, Values, against, row_of
from kiwoomdata.simulator.rest.series import SERIES
from kiwoomdata.simulator.rest.writing import Coloured

__all__ = ["LONGEST", "days", "moments", "paged_moments"]

LONGEST = {"day": 1, "week": 7, "month": 31, "year": 366}
"""Days that a bar covers at most, by its period."""
_REACH = {True: 365, False: 10}
"""Days that bars of minutes (about a year, live 2026) and of trades reach back."""
_DAYS_A_PAGE = 15
"""A page of long bars ends early: the trades of each of its days are drawn one by one."""


@dataclass(frozen=True)
class _Bar:
    """What traded in a period; dated by its first trading day."""

    date: date
    days: tuple[Day, ...]

    @property
    def values(self) -> Values:
        first, last = self.days[0], self.days[-1]
        volume = sum(day.volume for day in self.days)
        return {
            **against(last.close, first.previous_close),
            "date": self.date,
            "open": Coloured(first.open, first.previous_close),
            "high": Coloured(max(day.high for day in self.days), first.previous_close),
            "low": Coloured(min(day.low for day in self.days), first.previous_close),
            "volume": volume,
            "value": sum(day.value for day in self.days),
            "turnover_pct": rate(volume, last.listed_shares),
        }


def days(ask: Ask, part: Part, subject: Subject) -> tuple[list[Values], str]:
    endpoint, stock = ask.endpoint, subject.stock
    assert endpoint.walk is not None
    assert stock is not None
    until = ask.day(endpoint.walk.until or "")
    oldest = ask.day(endpoint.walk.since) if endpoint.walk.since else None
    as_of = _as_of(ask, until)

    def bars(since: date, last: date) -> list[_Bar]:
        first = period_start(since, endpoint.period)
        # A bar is whole even where the day asked lies inside it.
        end = min(period_end(last, endpoint.period), ask.market.today) if endpoint.period != "day" else last
        days = ask.market.days(stock.symbol, max(first, ask.market.first_day), end, ask.venue, as_of)
        return [_Bar(rows[0].date, tuple(rows)) for rows in _periods(endpoint, days) if rows[0].date <= last]

    page, key = ask.page_by_date(bars, until, oldest=oldest, span=LONGEST[endpoint.period])
    rows, told = [], SERIES.get(endpoint.api_id)
    for bar in page:
        more = bar.values | (told(ask, stock, bar.days[-1]) if told else {})
        one = replace(subject, day=bar.days[-1], more=more)
        rows.append(row_of(ask, part, one, bar.date.toordinal()))
    return rows, key


def _periods(endpoint: Endpoint, days: Sequence[Day]) -> Iterator[list[Day]]:
    for _, rows in groupby(days, lambda day: period_start(day.date, endpoint.period)):
        yield list(rows)


def _as_of(ask: Ask, until: date) -> date | None:
    """In the shares of which day prices are: of the day asked, where adjusted ones are asked for."""
    param = ask.endpoint.param("adjusted")
    if param is not None:
        return until if ask.body.get(param.key) == param.choices["adjusted"] else None
    return ask.market.today if ask.switches.rebased else None


def moments(ask: Ask, part: Part, subject: Subject) -> tuple[list[Values], str]:
    """Bars of a stock's minutes or trades."""

    def bars_of(day: date, size: int, by_time: bool) -> list[Values]:
        return _bars_of(ask, subject, day, size, by_time)

    def write(values: Values, number: int) -> Values:
        return row_of(ask, part, replace(subject, day=None, more=values), number)

    return paged_moments(ask, bars_of, write)


def paged_moments(
    ask: Ask,
    bars_of: Callable[[date, int, bool], list[Values]],
    write: Callable[[Values, int], Values],
) -> tuple[list[Values], str]:
    """Bars inside days, the newest first. The key says which day, and how many of it went.

    ``bars_of`` gives those of a day ascending, of so many minutes or ticks each.
    """
    day, sent = ask.day_and_count_of_key() or (ask.market.session_day, 0)
    interval = next((ask.body.get(p.key) for p in ask.endpoint.params if p.name == "interval"), None) or "1"
    param = ask.endpoint.param("interval")
    by_time = param is None or next(iter(param.choices)).endswith("m")
    floor = max(ask.market.first_day, ask.market.today - _REACH[by_time] * DAY)
    rows: list[Values] = []
    days = trading_days(floor, day)[::-1]
    for at, each in enumerate(days):
        bars = bars_of(each, int(interval), by_time)[::-1]
        for number, values in list(enumerate(bars, 1))[sent:]:
            rows.append(write(values, each.toordinal() * 100_000 + number))
            if len(rows) == ask.page_rows:
                last = number == len(bars) and at == len(days) - 1
                return rows, "" if last else ask.key_of_count(each, number)
        sent = 0
        if rows and at == _DAYS_A_PAGE and at < len(days) - 1:
            return rows, ask.key_of_count(each, len(bars))
    return rows, ""


def _bars_of(ask: Ask, subject: Subject, day: date, size: int, by_time: bool) -> list[Values]:
    assert subject.stock is not None
    market, symbol = ask.market, subject.stock.symbol
    adjusted = market.days(symbol, day, day, ask.venue, _as_of(ask, market.today))
    raw = market.day(symbol, day, ask.venue)
    trades = market.ticks(symbol, day, ask.venue)
    if not adjusted or raw is None or not trades:
        return []
    row = adjusted[0]
    ratio = row.listed_shares // raw.listed_shares  # of the splits since then
    # Volumes of minutes stay as traded (live, 2026).
    shares = 1 if ask.endpoint.api_id == "ka10080" else ratio

    def start(at: time) -> time:
        minutes = (at.hour * 60 + at.minute) // size * size
        return time(minutes // 60, minutes % 60)

    if by_time:
        groups = [(when, list(each)) for when, each in groupby(trades, lambda trade: start(trade.time))]
    else:
        cut = [trades[n : n + size] for n in range(0, len(trades), size)]
        groups = [(each[-1].time, each) for each in cut]
    found = []
    for when, each in groups:
        prices = [round(trade.price / ratio) for trade in each]
        found.append(
            {
                **against(prices[-1], row.previous_close),
                "time": datetime.combine(day, when),
                "open": Coloured(prices[0], row.previous_close),
                "high": Coloured(max(prices), row.previous_close),
                "low": Coloured(min(prices), row.previous_close),
                "volume": sum(trade.quantity for trade in each) * shares,
                "cumulative_volume": each[-1].volume * shares,
                "value": sum(trade.quantity * trade.price for trade in each),
                "last_tick_count": str(len(each)),
            }
        )
    return found
