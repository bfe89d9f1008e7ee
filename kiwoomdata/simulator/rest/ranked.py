"""How a list ranks the market's stocks: who may be on it, what is known of each, in which order they come.

A ranking is data (see ``rankings``): what it says of a stock beside its day, and by which of these names it
sorts for each word of the request.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, time
from functools import cached_property
from typing import Any, NamedTuple

from kiwoomdata.calendar import nth_trading_day_before
from kiwoomdata.simulator.market.daily import Day
from kiwoomdata.simulator.market.history import Path
from kiwoomdata.simulator.market.intraday import clock, seconds, sessions
from kiwoomdata.simulator.market.orderbook import OrderBook
from kiwoomdata.simulator.market.universe import Board, Stock
from kiwoomdata.simulator.rest.asking import Ask
from kiwoomdata.simulator.rest.cells import SUFFIXES, Subject, Values, of_day, word_of
from kiwoomdata.simulator.rest.writing import Coloured

__all__ = ["Facts", "Line", "Ranking", "ranked"]

_BOARDS: Mapping[str, Board] = {"kospi": "kospi", "kosdaq": "kosdaq"}


@dataclass(frozen=True)
class Line:
    """One stock that may be on the list, and what is known of it when somebody looks."""

    ask: Ask
    stock: Stock
    day: Day

    def word(self, name: str) -> str:
        return word_of(self.ask, name)

    def number(self, name: str, default: int) -> int:
        text = self.word(name) or _text(self.ask, name)
        return int(text) if text.isdigit() else default

    def past(self, days: int) -> list[Path]:
        """Prices and volumes of the sessions before."""
        return self.ask.market.prices(self.stock.symbol, days)

    @cached_property
    def yesterday(self) -> Path | None:
        return next(iter(self.past(1)), None)

    @cached_property
    def book(self) -> OrderBook | None:
        return self.ask.market.orderbook(self.stock.symbol, venue=self.ask.venue)

    def book_at(self, minutes: int) -> OrderBook | None:
        """The book so many minutes ago, or before the closing auction where the session is over."""
        return self.ask.market.orderbook(self.stock.symbol, self._ago(minutes), venue=self.ask.venue)

    def before(self, minutes: int) -> Day | None:
        """How the day stood so many minutes ago, or before its close."""
        return self.ask.market.snapshot(self.stock.symbol, self._ago(minutes), self.ask.venue)

    def _ago(self, minutes: int) -> time:
        market = self.ask.market
        opens, closes = sessions(market.session_day, "krx")[0]
        now = closes if market.now is None or market.today != market.session_day else seconds(market.now)
        return clock(max(opens, min(now, closes) - 60 * minutes))

    def days(self, start: date, end: date) -> list[Day]:
        return self.ask.market.days(self.stock.symbol, start, end, self.ask.venue)

    def last(self, days: int) -> list[Day]:
        """The last sessions, today's with them."""
        today = self.ask.market.session_day
        return self.days(nth_trading_day_before(today, days - 1) if days > 1 else today, today)

    @property
    def asked_days(self) -> list[Day]:
        """The days that ``days`` asks for: today, the day before, or the last so many."""
        return _of_span(self.word("days"), self.last(2), self.last)

    @property
    def range_days(self) -> list[Day]:
        return self.days(self.ask.day("strt_dt"), self.ask.day("end_dt"))


def _text(ask: Ask, name: str) -> str:
    param = ask.endpoint.param(name)
    return ask.body.get(param.key, "") if param else ""


def _of_span(word: str, two: list[Day], last: Callable[[int], list[Day]]) -> list[Day]:
    if word in ("today", "latest", "0", ""):
        return two[-1:]
    if word in ("previous_day", "1"):
        return two[:1]
    return last(int(word))


Facts = Callable[[Line], Values | None]
"""What a list says of a stock beside its day; None where it is not on the list."""


class Ranking(NamedTuple):
    """A list of stocks."""

    facts: Facts = lambda line: {}
    by: str = "by"
    """The request's word that says what it is sorted by."""
    order: Mapping[str, str] = {}
    """By that word the value that it sorts by, ``-`` before it where the greatest comes first; the word
    ``""`` for all others. Without any it comes in the order of codes."""
    most: int | None = None


def ranked(ask: Ask, ranking: Ranking) -> list[Subject]:
    """The stocks of a list in its order."""
    rows = []
    for line in _lines(ask):
        facts = ranking.facts(line)
        if facts is not None:
            rows.append((line, of_day(line.day) | facts))
    rows.sort(key=lambda row: row[0].stock.symbol)
    name = ranking.order.get(word_of(ask, ranking.by), ranking.order.get("", ""))
    if name:
        falls, name = name.startswith("-"), name.removeprefix("-")
        rows.sort(key=lambda row: _size(row[1][name]), reverse=falls)
    _rank(rows, "previous_value", "previous_rank")
    suffix = SUFFIXES[ask.venue]
    return [
        Subject(line.stock.symbol + suffix, line.stock.name, line.stock, ask.venue, line.day, values)
        for line, values in rows[: ranking.most]
    ]


def _rank(rows: Sequence[tuple[Line, Values]], by: str, name: str) -> None:
    """Say each row's place by another value than the list is sorted by."""
    placed = sorted((values for _, values in rows if by in values), key=lambda values: -values[by])
    for place, values in enumerate(placed, 1):
        values[name] = place


def _size(value: Any) -> float:
    return float(value.value if isinstance(value, Coloured) else value)


def _lines(ask: Ask) -> Iterable[Line]:
    market = ask.market
    day = ask.day(ask.endpoint.as_of or "") if ask.endpoint.param("date") else market.session_day
    for stock in market.stocks(_BOARDS.get(word_of(ask, "market"))):
        row = market.day(stock.symbol, day, ask.venue)
        if row is not None and _kept(ask, stock, row):
            yield Line(ask, stock, row)


_AMOUNT = re.compile(r"(?:from_)?([0-9]+)([kmb]?)")
_TIMES = {"": 1, "k": 1_000, "m": 1_000_000, "b": 1_000_000_000}


def _amount(word: str) -> int:
    found = _AMOUNT.fullmatch(word)
    return int(found[1]) * _TIMES[found[2]] if found else 0


def _kept(ask: Ask, stock: Stock, day: Day) -> bool:
    """Whether a stock passes the filters that many lists share."""
    if day.volume < _amount(word_of(ask, "min_volume")) or day.value < _amount(word_of(ask, "min_value")):
        return False
    if word_of(ask, "limits") == "exclude" and day.sign in (1, 4):
        return False
    low, high = _prices(word_of(ask, "price"))
    barred = stock.administrative or stock.halted_from is not None
    if not low <= day.close < high or (barred and word_of(ask, "administrative") == "exclude"):
        return False
    if barred and word_of(ask, "credit") not in ("", "all"):
        return False
    return _is_of_kind(stock, barred, word_of(ask, "stocks"))


def _prices(word: str) -> tuple[int, int]:
    below, between = word.removeprefix("below_"), word.split("_")
    if word.startswith("below_"):
        return 0, _amount(below)
    if word.startswith("from_"):
        return _amount(word), 10**9
    return (_amount(between[0]), _amount(between[1])) if len(between) == 2 else (0, 10**9)


def _is_of_kind(stock: Stock, barred: bool, word: str) -> bool:
    if word in ("", "all"):
        return True
    if word == "clean":
        return not barred
    margin = "100" if barred or stock.security == "spac" else "20" if stock.on_nxt else "40"
    if "margin" in word:
        return (margin == word[-len(margin) :]) != word.startswith("no_")
    kinds = {"preferred": stock.security == "preferred", "etf": stock.etf, "etn": stock.security == "etn"}
    kinds |= {"spac": stock.security == "spac", "administrative": barred, "liquidation": False}
    kinds["funds"] = stock.security in ("etf", "etn")
    return not any(kinds.get(each, False) for each in word.removeprefix("no_").split("_"))
