"""What happens through the market's day, feed by feed, and how a message about it is written."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from itertools import takewhile
from typing import NamedTuple, cast

from kiwoomdata.calendar import session_hours
from kiwoomdata.entries.feeds import CONDITION_EVENT, FEEDS, write_values
from kiwoomdata.kinds import split_code
from kiwoomdata.simulator.live.conditions import CONDITIONS, changes
from kiwoomdata.simulator.live.frames import frame
from kiwoomdata.simulator.live.market import ELW, GOLD, MARKET_FEEDS, SECTORS
from kiwoomdata.simulator.live.stocks import Row, StockDay, stock_day
from kiwoomdata.simulator.live.trades import STOCK_FEEDS
from kiwoomdata.simulator.market.daily import Venue
from kiwoomdata.simulator.market.intraday import seconds
from kiwoomdata.simulator.market.market import Market
from kiwoomdata.simulator.market.universe import Board

__all__ = ["STATES", "Channel", "Feeds", "Occurrence", "entry_text"]

_ALL = {**FEEDS, CONDITION_EVENT.type: CONDITION_EVENT}
# The order within a second: trades before the books that they leave, both before what sums them up.
_RANKS = {type_: rank for rank, type_ in enumerate(["0s", "1h", "0H", "0B", "0C", "0D"])}
# As the live server names them (2026); the others go by their names in the guide.
_NAMES = {"0w": "종목별프로그램매매", "04": "현물잔고"}
_CODES: Mapping[str, Sequence[str]] = {
    **dict.fromkeys(("00", "04", "0s", "1h"), ("",)),
    **dict.fromkeys(("0J", "0U"), tuple(SECTORS)),
    **dict.fromkeys(("0m", "0u"), (ELW,)),
    "0I": tuple(GOLD),
}
STATES = ("0E", "0H", "0g", "0s")
"""Feeds that seldom come and tell a state: whoever registers may be told the last word at once."""
_OF_ALL_STOCKS = ("00", "04", "02", "0J", "0U", "1h")


class Channel(NamedTuple):
    """What can be listened to: a feed of an item, or the events of a condition (``02`` and its number)."""

    type: str
    key: str


class Occurrence(NamedTuple):
    """One message to be."""

    second: int
    channel: Channel
    item: str
    row: Row

    @property
    def rank(self) -> int:
        return _RANKS.get(self.channel.type, len(_RANKS))

    def text(self) -> bytes:
        """The message as an entry of a frame."""
        type_ = self.channel.type
        values = write_values(_ALL[type_], self.row)
        return entry_text(type_, self.item, values)


def entry_text(type_: str, item: str, values: Mapping[str, str]) -> bytes:
    name = _NAMES.get(type_) or (_ALL[type_].ko if type_ in _ALL else "")
    return frame(type=type_, name=name, item=item, values=values)


class Feeds:
    """The day of a market. What it has drawn it keeps until :meth:`forget`."""

    def __init__(self, market: Market, *, krx_only: bool) -> None:
        self._market, self._krx_only = market, krx_only
        self._stocks: dict[tuple[str, Venue], StockDay | None] = {}

    @property
    def market(self) -> Market:
        return self._market

    @property
    def krx_only(self) -> bool:
        return self._krx_only

    def turn(self, market: Market) -> None:
        """Go on with another day."""
        self._market = market
        self.forget()

    def forget(self) -> None:
        """Draw all again: the market's moment has moved."""
        self._stocks = {}

    @property
    def hours(self) -> tuple[int, int]:
        """The seconds at which the first venue opens and closes."""
        hours = session_hours(self._market.session_day)
        assert hours is not None  # a session day has them
        return seconds(hours[0]), seconds(hours[1])

    @property
    def closed(self) -> bool:
        """Whether the first venue has closed, for all that the market's moment says."""
        now = self._market.now
        return now is None or seconds(now) >= self.hours[1]

    def last(self, channel: Channel, until: int) -> Occurrence | None:
        """The last word of a channel by a second of the day."""
        told = takewhile(lambda event: event.second <= until, self.events(channel))
        return next(iter(deque(told, maxlen=1)), None)

    def stock(self, symbol: str, venue: Venue = "krx") -> StockDay | None:
        key = symbol, venue
        if key not in self._stocks:
            self._stocks[key] = stock_day(self._market, symbol, venue)
        return self._stocks[key]

    def stocks(self, board: Board | None = None) -> list[StockDay]:
        """The leading stocks that have a session day."""
        found = (self.stock(stock.symbol) for stock in self._market.leading(board))
        return [stock for stock in found if stock is not None]

    def drawing(self, channel: Channel) -> list[Callable[[], object]]:
        """The work to be done before the channel's events come quickly: a stock at a time, then its first."""
        stocks = self._market.leading() if channel.type in _OF_ALL_STOCKS else []
        return [
            *(partial(self.stock, stock.symbol) for stock in stocks),
            partial(next, self.events(channel), None),
        ]

    def events(self, channel: Channel, since: int = -1) -> Iterator[Occurrence]:
        """What a channel tells after a second of the day, up to the market's moment.

        Nothing for items that nobody has, and on a day without a session (observed 2026-08-15, a
        Saturday: all is acknowledged, nothing comes).
        """
        market = self._market
        if market.today != market.session_day:
            return
        until = 86_400 if market.now is None else seconds(market.now)
        for second, item, row in self._told(channel, since):
            if second > until:
                return
            if second > since:
                yield Occurrence(second, channel, item, row)

    def _told(self, channel: Channel, since: int) -> Iterator[tuple[int, str, Row]]:
        type_, key = channel
        if type_ == CONDITION_EVENT.type:
            if key in CONDITIONS:
                yield from changes(self, CONDITIONS[key], since)
        elif type_ in MARKET_FEEDS:
            if key in _CODES[type_]:
                yield from MARKET_FEEDS[type_](self, key)
        elif type_ in STOCK_FEEDS:
            stock = self._stock_of(key)
            if stock is not None:
                yield from ((second, key, row) for second, row in STOCK_FEEDS[type_](stock, since))

    def _stock_of(self, item: str) -> StockDay | None:
        """The stock of an item, whose suffix tells the venue."""
        symbol, venue = split_code(item) or ("", "krx")
        if item.startswith("A") or (venue != "krx" and self._krx_only):
            return None
        return self.stock(symbol, cast(Venue, venue))
