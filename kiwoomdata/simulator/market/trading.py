"""Stocks, their days, and what happens within a day: each follows from the seed alone."""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Sequence
from datetime import date, time, timedelta
from functools import lru_cache
from math import prod
from random import Random
from typing import NamedTuple, Self

from kiwoomdata.calendar import (
    NXT_SINCE,
    last_trading_day,
    nth_trading_day_before,
    session_hours,
    trading_days,
)
from kiwoomdata.simulator.market import intraday, program, universe
from kiwoomdata.simulator.market.daily import (
    Day,
    Venue,
    adjusted,
    both_venues,
    krx_days,
    mirrored,
    nxt_days,
    split_ratio,
)
from kiwoomdata.simulator.market.history import NO_HISTORY, History, Path, history
from kiwoomdata.simulator.market.indices import Indices
from kiwoomdata.simulator.market.intraday import Trade
from kiwoomdata.simulator.market.numbers import price_limits
from kiwoomdata.simulator.market.orderbook import (
    AfterHours,
    OrderBook,
    after_hours_of,
    combined,
    order_book,
)
from kiwoomdata.simulator.market.universe import Board, Stock
from kiwoomdata.simulator.market.yearly import Years

__all__ = ["FIRST_ORDERS", "DayStrength", "Trading"]

FIRST_ORDERS = time(8, 30)  # from then on an opening price is expected
PART, PAIR = 20, 2  # how many days are drawn together, of many and of few; even, as ``krx_days`` wants it
Pair = tuple[Day, Day | None]  # a day at the first venue and at the second


@lru_cache(maxsize=64)
def _end(day: date, venue: Venue) -> time:
    """When the venue's last trade of a day is over."""
    return intraday.clock(intraday.sessions(day, venue)[-1][1])


class DayStrength(NamedTuple):
    """A day and its trade strength averaged over the last sessions."""

    day: Day
    average_5: float
    average_20: float
    average_60: float


class Trading:
    """The stocks of a market, their days, and what happens within one."""

    def __init__(
        self, seed: int = 1, *, today: date, now: time | None = None, first_day: date = date(2015, 1, 2)
    ) -> None:
        self.seed = seed
        self.today = today
        self.now = now
        self.first_day = first_day
        self.session_day = last_trading_day(today)
        self._sessions = trading_days(first_day, today)
        if not self._sessions:
            raise ValueError(f"first_day: expected a trading day on or after it by {today}, got {first_day}")
        # To the end of the year, so that the next day's market is on the same way.
        self._calendar = tuple(trading_days(first_day, date(today.year, 12, 31)))
        self._splits: dict[str, dict[date, int]] = defaultdict(dict)
        # Trades and rows are cached as of the end of a day, so that ``now`` may move.
        self._history = lru_cache(maxsize=512)(self._find_history)
        self._path = lru_cache(maxsize=32_000)(self._find_path)
        self._part = lru_cache(maxsize=2_400)(self._draw_part)
        self._trades = lru_cache(maxsize=512)(self._draw_trades)
        self._book = lru_cache(maxsize=1_000)(self._draw_book)
        self._snapshot = lru_cache(maxsize=4_000)(self._find_snapshot)
        self._whole = program.WholeMarket(self._rng, self._sessions)
        self.indices = Indices(self, self._rng)
        """The indices of its boards, sizes and industries."""

    def next_session(self) -> Self:
        """The same market at the same time of its next session."""
        first = self.session_day + timedelta(days=1)
        later = trading_days(first, first + timedelta(days=30))  # longer than any row of holidays
        market = type(self)(self.seed, today=later[0], now=self.now, first_day=self.first_day)
        market._splits.update(self._splits)
        return market

    # Who there is

    def stocks(self, board: Board | None = None) -> list[Stock]:
        """The listed stocks of one board or both, without the made-up ones of ``universe``."""
        return self._there(universe.listed(), board)

    def leading(self, board: Board | None = None) -> list[Stock]:
        """Those that are followed trade by trade: the table's."""
        return self._there(universe.STOCKS, board)

    def _by_code(self, board: Board | None) -> list[Stock]:
        return sorted(self.stocks(board), key=lambda stock: stock.symbol)

    def _there(self, stocks: Sequence[Stock], board: Board | None) -> list[Stock]:
        found = (self._dated(stock) for stock in stocks if board in (None, stock.board))
        return [stock for stock in found if not stock.delisted and stock.listed_from <= self.today]

    def stock(self, symbol: str) -> Stock | None:
        """The stock of a code: listed, delisted or made up. None for a code that nobody has."""
        known = universe.by_symbol(symbol)
        return known and self._dated(known)

    def split(self, symbol: str, day: date, ratio: int) -> None:
        """From ``day`` on, one share of before is ``ratio`` shares; the days before keep their numbers."""
        if ratio < 2 or day not in self._sessions:
            raise ValueError(
                f"split: expected a ratio of 2 or more on a trading day of the market's history "
                f"({self.first_day} to {self.session_day}), got ratio {ratio} on {day}"
            )
        self._splits[symbol][day] = ratio
        self.indices = Indices(self, self._rng)
        for cache in (self._history, self._path, self._part, self._trades, self._book, self._snapshot):
            cache.cache_clear()

    # Days

    def days(
        self,
        symbol: str,
        start: date,
        end: date,
        venue: Venue = "krx",
        adjusted_as_of: date | None = None,
    ) -> list[Day]:
        """The rows from ``start`` to ``end``, inclusive and ascending; none for an unknown code.

        Raw by default; with ``adjusted_as_of`` in the shares of that day, as far as splits go.
        """
        found, way = [], self._history(symbol)
        asked = range(way.position(start), way.position(min(end, self.session_day) + timedelta(days=1)))
        size = PART if len(asked) > PAIR else PAIR
        for index in asked:
            if way.days[index] == self.session_day:
                row = self.snapshot(symbol, None, venue)
            else:
                row = self._at(symbol, self._pair_at(symbol, index, size), None, venue)
            if row:
                found.append(row)
        splits = self._splits.get(symbol)
        if splits:
            return [adjusted(row, split_ratio(row.date, adjusted_as_of, splits)) for row in found]
        return found

    def prices(self, symbol: str, days: int) -> list[Path]:
        """The last sessions before the session day, ascending: prices and volumes of the first venue."""
        way = self._history(symbol)
        end = way.position(self.session_day)
        return [self._path(symbol, index) for index in range(max(0, end - days), end)]

    def path(self, symbol: str, day: date) -> Path | None:
        """A day at the first venue as it ends: prices and volumes alone."""
        way = self._history(symbol)
        index = way.position(day)
        return self._path(symbol, index) if index < len(way.days) and way.days[index] == day else None

    def year_of(self, symbol: str, year: int) -> History:
        """A stock's way with the days of a year; if walked by years, with those before its listing too."""
        way = self._history(symbol)
        return way.year(year) if isinstance(way, Years) else way

    def reference(self, symbol: str) -> tuple[int, int] | None:
        """What is known of a stock before the session day begins: its last close, and its listed shares."""
        stock, way = self.stock(symbol), self._history(symbol)
        index = way.position(self.session_day)
        if stock is None or index >= len(way.days):
            return None
        splits = [ratio for day, ratio in self._splits.get(symbol, {}).items() if day <= self.session_day]
        return way.previous_close(index), stock.listed_shares * prod(splits)

    def worth_at_turn(self, symbol: str, year: int) -> int:
        """What all shares of a stock were worth when a year began; 0 where it was not listed."""
        way, begins = self._history(symbol), date(year, 1, 1)
        if isinstance(way, Years):
            return way.worth_at_turn(year)
        index = way.position(begins)
        path = way.path(index) if index < len(way.days) else None
        return path.previous_close * path.listed_shares if path else 0

    def day(self, symbol: str, day: date, venue: Venue = "krx") -> Day | None:
        """The row of one day, or None."""
        rows = self.days(symbol, day, day, venue)
        return rows[0] if rows else None

    def snapshot(self, symbol: str, at: time | None = None, venue: Venue = "krx") -> Day | None:
        """The row of the session day as it stood at ``at``, or as it stands now."""
        return self._snapshot(symbol, self._moment(at), venue)

    def strengths(self, symbol: str, start: date, end: date, venue: Venue = "krx") -> list[DayStrength]:
        """Trade strength day by day, averaged over up to 5, 20 and 60 sessions."""
        before = self._sessions[max(0, self._position(start) - 60)]
        rows = self.days(symbol, min(before, start), end, venue)
        found = []
        for index, row in enumerate(rows):
            if row.date >= start:
                strengths = [each.strength for each in rows[max(0, index - 59) : index + 1]]
                found.append(DayStrength(row, *intraday.averages(strengths)))
        return found

    # Inside a day; the session day where none is named

    def ticks(self, symbol: str, day: date | None = None, venue: Venue = "krx") -> list[Trade]:
        """The trades so far, ascending; they add up to the day's row.

        With both venues together the last trade is the second one's, the day's close the first one's.
        """
        day = day or self.session_day
        until = self._moment(None) if day == self.session_day else None
        return list(self._trades_until(symbol, day, venue, until))

    def minute_strength(
        self, symbol: str, day: date | None = None, venue: Venue = "krx"
    ) -> list[intraday.MinuteStrength]:
        """Trade strength of each minute that had a trade, with averages over 5, 20 and 60 of them."""
        return intraday.strength_minutes(self.ticks(symbol, day, venue))

    def program_minutes(
        self, symbol: str, day: date | None = None, venue: Venue = "krx"
    ) -> list[intraday.MinuteProgram]:
        """The stock's program trading since the day began, for each minute that had a trade."""
        day = day or self.session_day
        if venue == "all":
            return intraday.merged_minutes(
                self.program_minutes(symbol, day, "krx"), self.program_minutes(symbol, day, "nxt")
            )
        krx, nxt = self._pair(symbol, day) or (None, None)
        full = krx if venue == "krx" else nxt
        if full is None:
            return []
        pace = self._pace(symbol, day, venue)
        return intraday.program_minutes(full, self.ticks(symbol, day, venue), pace)

    def orderbook(
        self, symbol: str, at: time | None = None, levels: int = 10, venue: Venue = "krx"
    ) -> OrderBook | None:
        """The book of the session day at ``at`` (now by default; the close's after hours).

        Both venues' books stand around the first one's price, level by level, so that nobody bids more at
        one than is asked at the other; that of all venues is their sum.
        """
        if venue == "all":
            krx, nxt = (self.orderbook(symbol, at, levels, one) for one in ("krx", "nxt"))
            return krx and (combined(krx, nxt) if nxt else krx)
        return self._book(symbol, self._moment(at), levels, venue)

    def _draw_book(self, symbol: str, moment: time | None, levels: int, venue: Venue) -> OrderBook | None:
        day = self.session_day
        stock, pair, hours = self.stock(symbol), self._pair(symbol, day), session_hours(day)
        if not (stock and pair and hours) or (venue == "nxt" and pair[1] is None):
            return None
        closes, last_auction = hours[1], intraday.clock(intraday.seconds(hours[1]) - 600)
        moment = moment or time(18 if venue == "krx" else 20)
        limits, trades = price_limits(pair[0].previous_close), self._trades_until(symbol, day, "krx", moment)
        price, aggressor = pair[0].previous_close, -1
        if trades:
            price, aggressor = trades[-1].price, trades[-1].aggressor
        expected, auctions = (0, 0), self._trades(symbol, day, "krx")
        if auctions and moment >= FIRST_ORDERS:
            auction = auctions[-1 if moment >= last_auction else 0]
            expected = auction.price, auction.quantity
        return order_book(
            self._rng(symbol, day, venue, moment, "book"),
            min(moment, closes) if venue == "krx" else moment,
            price,
            aggressor,
            limits,
            usual=max(1, pair[0].volume // 2_000),
            levels=levels,
            lp=stock.etf,
            closed=moment > closes,
            expected=expected,
        )

    def after_hours(self, symbol: str, at: time | None = None) -> AfterHours | None:
        """The single-price session after hours (16:00 to 18:00) of the session day."""
        moment = self._moment(at)
        row = self.snapshot(symbol, moment)
        return row and after_hours_of(self._rng(symbol, row.date, "after hours"), row, moment)

    # How it is put together

    def _rng(self, *parts: object) -> Random:
        """A source of its own for each thing, so that no question disturbs another."""
        return Random(":".join(map(str, (self.seed, *parts))))

    def _moment(self, at: time | None) -> time | None:
        """The moment that a question about the session day is answered for; None is the day's end."""
        now = self.now if self.today == self.session_day else None
        return min((moment for moment in (at, now) if moment is not None), default=None)

    @property
    def moment(self) -> time | None:
        """The time of the session day that it is; None where the day is over."""
        return self._moment(None)

    @property
    def running(self) -> bool:
        """Whether the first venue's session goes on."""
        hours, now = session_hours(self.session_day), self._moment(None)
        return hours is not None and now is not None and hours[0] <= now < hours[1]

    @property
    def completed_day(self) -> date:
        """The latest session that has ended at the first venue."""
        hours, now = session_hours(self.session_day), self._moment(None)
        over = hours is None or now is None or now >= hours[1]
        return self.session_day if over else nth_trading_day_before(self.session_day, 1)

    def _has_been(self, day: date, at: time) -> bool:
        now = self._moment(None)
        return day < self.session_day or now is None or at <= now

    def _position(self, day: date) -> int:
        return bisect_left(self._sessions, day)

    def _dated(self, stock: Stock) -> Stock:
        if stock.symbol != universe.NEWLY_LISTED:
            return stock
        return stock._replace(listed_from=self._sessions[-universe.NEW_LISTING_SESSIONS :][0])

    def _find_history(self, symbol: str) -> History | Years:
        stock = self.stock(symbol)
        if stock is None or stock.delisted:
            return NO_HISTORY
        days = self._calendar[bisect_left(self._calendar, stock.listed_from) :]
        splits = tuple(sorted(self._splits.get(symbol, {}).items()))
        walk = Years if stock.by_year else history
        return walk(f"{self.seed}:{symbol}", stock, days, splits)

    def _find_path(self, symbol: str, index: int) -> Path:
        return self._history(symbol).path(index)

    def _draw_part(self, symbol: str, year: int, number: int, size: int) -> list[Pair]:
        """The full rows of some days of a year, first venue and second."""
        stock, way = self.stock(symbol), self._history(symbol)
        begin, end = way.position(date(year, 1, 1)), way.position(date(year + 1, 1, 1))
        first = begin + number * size
        paths = map(way.path, range(first, min(first + size, end)))
        krx = krx_days(self._rng(symbol, year), paths, first - begin)
        since = max(begin, way.position(NXT_SINCE))  # where the year's days at the second venue begin
        there = krx[max(0, since - first) :] if stock and stock.on_nxt else []
        nxt = nxt_days(self._rng(symbol, year, "nxt"), there, max(0, first - since))
        return list(zip(krx, [*[None] * (len(krx) - len(nxt)), *nxt], strict=True))

    def _pair_at(self, symbol: str, index: int, size: int) -> Pair:
        way = self._history(symbol)
        year = way.days[index].year
        number, place = divmod(index - way.position(date(year, 1, 1)), size)
        return self._part(symbol, year, number, size)[place]

    def _pair(self, symbol: str, day: date) -> Pair | None:
        days = self._history(symbol).days
        index = bisect_left(days, day)
        there = index < len(days) and days[index] == day <= self.session_day
        return self._pair_at(symbol, index, PAIR) if there else None

    def _draw_trades(self, symbol: str, day: date, venue: Venue) -> tuple[Trade, ...]:
        krx, nxt = self._pair(symbol, day) or (None, None)
        row = krx if venue == "krx" else nxt
        stock = self.stock(symbol)
        if row is None or stock is None:
            return ()
        fewest = 60 if stock.by_year else 300
        return tuple(intraday.trades_of(self._rng(symbol, day, venue, "trades"), row, fewest))

    def _trades_until(self, symbol: str, day: date, venue: Venue, until: time | None) -> Sequence[Trade]:
        if venue == "all":
            krx, nxt = (self._trades_until(symbol, day, one, until) for one in ("krx", "nxt"))
            return intraday.merged(krx, nxt)
        return intraday.trades_until(self._trades(symbol, day, venue), until)

    def _pace(self, symbol: str, day: date, venue: Venue) -> intraday.Pace:
        return intraday.pace_of(self._rng(symbol, day, venue, "pace"))

    def _find_snapshot(self, symbol: str, moment: time | None, venue: Venue) -> Day | None:
        pair = self._pair(symbol, self.session_day)
        return self._at(symbol, pair, moment, venue) if pair else None

    def _at(self, symbol: str, pair: Pair, moment: time | None, venue: Venue) -> Day | None:
        """A venue's row of a day, as far as it has come by ``moment``."""
        krx = self._one_at(symbol, pair[0], moment)
        if venue == "krx":
            return krx
        nxt = self._one_at(symbol, pair[1], moment)
        if venue == "nxt":
            return nxt and mirrored(nxt, krx)
        row = both_venues(krx, nxt)
        if row is None or moment is None or not (krx and krx.volume and nxt and nxt.volume):
            return row
        last = [self._trades_until(symbol, row.date, one, moment)[-1] for one in (krx.venue, nxt.venue)]
        return row._replace(close=max(last, key=lambda trade: trade.time).price)

    def _one_at(self, symbol: str, row: Day | None, moment: time | None) -> Day | None:
        if row is None or moment is None or moment >= _end(row.date, row.venue):
            return row
        if not row.volume:  # halted: the row is there once the market has opened
            return row if moment >= intraday.clock(intraday.sessions(row.date, "krx")[0][0]) else None
        trades = self._trades_until(symbol, row.date, row.venue, moment)
        return intraday.so_far(row, trades, self._pace(symbol, row.date, row.venue))
