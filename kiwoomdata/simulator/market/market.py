"""One synthetic stock market: every answer follows from the seed, and all answers agree.

>>> from datetime import date
>>> market = Market(seed=1, today=date(2026, 11, 20))
>>> row = market.days("005930", date(2026, 11, 19), date(2026, 11, 20))[-1]
>>> row.low <= row.open <= row.high
True
>>> sum(sides.net for sides in row.flows)
0
>>> sum(trade.quantity for trade in market.ticks("005930")) == row.volume
True

Nothing here knows the API: numbers are plain (won, shares, percent, points), rows are ascending, and
whoever serves them turns them into text.
"""

from __future__ import annotations

from datetime import date, time
from typing import cast

from kiwoomdata.simulator.market import intraday, program, rankings, universe
from kiwoomdata.simulator.market.daily import Day, Venue
from kiwoomdata.simulator.market.flows import NO_FLOWS, Sides
from kiwoomdata.simulator.market.trading import DayStrength, Trading
from kiwoomdata.simulator.market.universe import Board

__all__ = ["TALLIES", "DayStrength", "Market"]

# The moments that a running session's investor figures are compared with.
TALLIES = (time(9, 30), time(10), time(11, 30), time(13, 20), time(14, 30))


class Market(Trading):
    """A market as it stands at ``now`` (time of day) of ``today``; with ``now=None`` after all trading.

    ``now`` may be set later, to let a day go by. If ``today`` is no trading day, the market stands
    after the session before. History begins with ``first_day``. Days are the same for every ``today``
    and in whatever order they are asked for; only the stock listed a few sessions ago moves along.
    """

    # Investors and brokers

    def average_price(
        self, symbol: str, start: date, end: date, investor: str, side: rankings.NetSide = "buy"
    ) -> int | None:
        """The estimated price at which an investor class net bought (or net sold) over a range."""
        return rankings.average_price(self.days(symbol, start, end), investor, side)

    def institution_ranking(
        self, start: date, end: date, side: rankings.NetSide, board: Board, venue: Venue = "krx"
    ) -> list[rankings.InstitutionRank]:
        """The stocks that institutions net bought (or sold) over a range, by amount, the biggest first."""
        ranks = []
        for stock in self.stocks(board):
            rows = self.days(stock.symbol, start, end, venue)
            rank = rankings.institution_rank(stock, rows, side) if rows else None
            if rank:
                ranks.append(rank)
        return sorted(ranks, key=lambda rank: abs(rank.net_amount), reverse=True)

    def intraday_investors(
        self,
        investor: str,
        measure: rankings.Measure = "shares",
        board: Board | None = None,
        at: time | None = None,
        venue: Venue = "krx",
    ) -> list[rankings.IntradayInvestors]:
        """What one investor class does in every stock today, against the last of ``TALLIES``; by code."""
        moment = self._moment(at)
        earlier = [tally for tally in TALLIES if moment is None or tally < moment]
        rows = []
        for stock in self._by_code(board):
            now = self.snapshot(stock.symbol, moment, venue)
            before = self.snapshot(stock.symbol, earlier[-1], venue) if earlier else None
            if now:
                rows.append(rankings.intraday_investors(stock, now, before, investor, measure))
        return rows

    def closing_investors(
        self,
        side: rankings.Side = "net",
        measure: rankings.Measure = "shares",
        board: Board | None = None,
        day: date | None = None,
        venue: Venue = "krx",
    ) -> list[rankings.ClosingInvestors]:
        """Every stock and every investor class on one day; without one, of the last completed session,
        beside the prices of now (observed 2026-08).
        """
        told = day or self.session_day
        flows = day or self.completed_day
        rows = []
        for stock in self._by_code(board):
            now, then = self.day(stock.symbol, told, venue), self.day(stock.symbol, flows, venue)
            if now or then:
                row = cast(Day, now or then)
                rows.append(
                    rankings.closing_investors(stock, row, then.flows if then else NO_FLOWS, side, measure)
                )
        return rows

    def brokers(self, symbol: str, day: date, venue: Venue = "krx") -> dict[str, Sides]:
        """What each member firm bought and sold of a stock on a day, by its code.

        KRX and NXT make that of all venues (live, 2026: for 32 of 32 firms).
        """
        if venue == "all":
            krx, nxt = self.brokers(symbol, day), self.brokers(symbol, day, "nxt")
            return {code: sides.plus(nxt.get(code, Sides())) for code, sides in krx.items()}
        row = self.day(symbol, day, venue)
        place = ("nxt",) if venue == "nxt" else ()
        return rankings.broker_sides(self._rng(symbol, day, *place, "brokers"), row) if row else {}

    def rights(self, kind: str = "00") -> list[rankings.RightQuote]:
        """The subscription rights of kind 05 or 07, or of both for 00."""
        return [
            rankings.right_quote(self._rng(right.symbol, self.session_day), right)
            for right in universe.RIGHTS
            if kind in ("00", right.kind)
        ]

    # The whole market

    def index_days(self, start: date, end: date) -> list[program.IndexDay]:
        """The KOSPI 200 day by day; the running day stands where its last minute is."""
        rows = self.indices.kospi200(start, end)
        if rows and rows[-1].date == self.session_day:
            minutes = self.index_minutes(self.session_day)
            if not minutes:
                return rows[:-1]
            rows[-1] = rows[-1]._replace(close=minutes[-1].kospi200, basis=minutes[-1].basis or 0.0)
        return rows

    def index_minutes(self, day: date | None = None) -> list[program.IndexMinute]:
        """The KOSPI 200 and its basis for each minute so far, ascending."""
        day = day or self.session_day
        return [minute for minute in self.indices.kospi200_minutes(day) if self._has_been(day, minute.time)]

    def program_days(
        self, board: Board, start: date, end: date, venue: Venue = "krx"
    ) -> list[program.MarketProgram]:
        """Program trading of a board day by day: the row of each day's last minute (so far)."""
        found = []
        for row in self.indices.kospi200(start, end):
            if row.date == self.session_day and self._moment(None):
                found += self.program_day_minutes(board, row.date, venue)[-1:]
            elif courses := self._whole.courses(board, row.date, venue):
                last = program.IndexMinute(program.last_row(courses), row.close, row.basis)
                found.append(program.at_minute(row.date, courses, last))
        return found

    def program_day_minutes(
        self, board: Board, day: date | None = None, venue: Venue = "krx"
    ) -> list[program.MarketProgram]:
        """Program trading of a board since the day began, for each minute so far, ascending."""
        day = day or self.session_day
        courses, index = self._whole.courses(board, day, venue), self.indices.kospi200_minutes(day)
        if not (courses and index):
            return []
        minutes = program.spread(index, min(each.opens for each in courses), program.last_row(courses))
        return [program.at_minute(day, courses, at) for at in minutes if self._has_been(day, at.time)]

    def arbitrage_balances(self, start: date, end: date) -> list[program.ArbitrageBalance]:
        """What arbitrage held open at the end of each day; a running day has none yet."""
        closes = intraday.clock(intraday.sessions(self.session_day, "krx")[-1][1])
        rows = (row for row in self._whole.balances if start <= row.date <= end)
        return [row for row in rows if self._has_been(row.date, closes)]
