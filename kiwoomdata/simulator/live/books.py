"""The live feeds of what waits to be traded: best quotes, ten levels, auctions, after hours.

Observed 2026-08, for a stock's plain code: the book moves from ten minutes before the open to the close,
the orders for the closing price from ten minutes after it.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from kiwoomdata.kinds import DIRECTIONS
from kiwoomdata.simulator.live.stocks import NOBODY_KNOWS, Row, Rows, StockDay, coloured, hhmmss
from kiwoomdata.simulator.market.intraday import Trade, clock, seconds
from kiwoomdata.simulator.market.numbers import rate
from kiwoomdata.simulator.market.orderbook import BookSide, OrderBook, order_book

__all__ = ["Auction", "after_hours", "auctions", "best_quotes", "books"]

_AUCTION = 600  # seconds of an auction at the first venue, whose expected result is told every ten
_KRX_PART = 0.75  # of the orders that wait, where a book is made up of both venues'


class Auction(NamedTuple):
    """What an auction would trade at one of its moments."""

    price: int
    quantity: int
    aggressor: int


def auctions(day: StockDay) -> dict[int, Auction]:
    """The first venue's two auctions, second by second: orders come in, the price is the one it will be."""
    found: dict[int, Auction] = {}
    ours = [trade for trade in day.trades if trade.venue == "krx"]
    for end, trade in ((day.opens, ours[0]), (day.closes, ours[-1])) if ours else ():
        if seconds(trade.time) == end:
            found |= {
                second: _at(trade, second - end + _AUCTION) for second in range(end - _AUCTION, end, 10)
            }
    return found


def _at(trade: Trade, elapsed: int) -> Auction:
    return Auction(trade.price, 1 + trade.quantity * elapsed // _AUCTION, trade.aggressor)


def best_quotes(day: StockDay, since: int) -> Rows:
    for second, count in day.moments:
        if second > since:
            yield second, day.quoted(count)


def books(day: StockDay, since: int) -> Rows:
    running, traded = auctions(day), set(day.seconds)
    told: Mapping[int, int] = {}
    totals: tuple[int, int] | None = None
    for second in sorted(traded | running.keys()):
        if second <= since:
            continue
        count = bisect_right(day.seconds, second)
        auction = running.get(second)
        book = _book(day, second, count, auction)
        row = {"time": hhmmss(second), "cumulative_volume": day.last(count).volume}
        for n, (name, side) in enumerate((("ask", book.asks), ("bid", book.bids))):
            row |= _levels(name, side, day, told)
            row[f"{name}_total_quantity"] = side.total
            row[f"{name}_total_quantity_change"] = side.total - totals[n] if totals else 0
        row |= _sums(book) | _expected(day, auction) | _midpoints(day, book)
        row |= {"market_state": day.state(second), "investor_ticker": NOBODY_KNOWS}
        told = {level.price: level.quantity for side in (book.asks, book.bids) for level in side.levels}
        totals = book.asks.total, book.bids.total
        yield second, row


def _book(day: StockDay, second: int, count: int, auction: Auction | None) -> OrderBook:
    last = day.last(count)
    return order_book(
        day.rng("book", second),
        clock(second),
        last.price,
        last.aggressor,
        day.limits,
        usual=max(1, day.day.volume // 2_000),
        lp=day.stock.etf,
        expected=(auction.price, auction.quantity) if auction else (0, 0),
    )


def _levels(name: str, side: BookSide, day: StockDay, told: Mapping[int, int]) -> Row:
    """One side, and what each venue has of it. A book of one venue holds zeros there, as it is printed."""
    row: Row = {}
    for n, level in enumerate(side.levels, 1):
        row[f"{name}_price_{n}"] = day.colour(level.price)
        row[f"{name}_quantity_{n}"] = level.quantity
        row[f"{name}_quantity_change_{n}"] = level.quantity - told.get(level.price, level.quantity)
        row[f"lp_{name}_quantity_{n}"] = level.lp_quantity
    quantities = {f"quantity_{n}": level.quantity for n, level in enumerate(side.levels, 1)}
    for what, quantity in {**quantities, "total_quantity": side.total}.items():
        krx = int(quantity * _KRX_PART)
        row[f"krx_{name}_{what}"] = krx if day.venue == "all" else 0
        row[f"nxt_{name}_{what}"] = quantity - krx if day.venue == "all" else 0
    return row


def _sums(book: OrderBook) -> Row:
    asks, bids = book.asks.total, book.bids.total
    return {
        "net_bid_quantity": bids - asks,
        "bid_to_ask_pct": rate(bids, asks),
        "net_ask_quantity": asks - bids,
        "ask_to_bid_pct": rate(asks, bids),
    }


def _expected(day: StockDay, auction: Auction | None) -> Row:
    """What the auction would trade at; zeros while none runs."""
    if auction is None:
        price, quantity, moved = 0, 0, {"direction": "flat", "change": 0, "change_pct": 0.0}
    else:
        price, quantity, moved = day.colour(auction.price), auction.quantity, day.moved(auction.price)
    part = rate(quantity, day.before.volume) if day.before else 0.0
    row: Row = {"expected_volume_ratio_pct": part if part >= 100 else -part}
    for name in ("expected", "auction"):
        row |= {f"{name}_{what}": value for what, value in moved.items()}
        row |= {f"{name}_price": price, f"{name}_quantity": quantity}
    return row


def _midpoints(day: StockDay, book: OrderBook) -> Row:
    """The middle of the best prices, without orders at it."""
    before, middle = day.day.previous_close, (book.asks.levels[0].price + book.bids.levels[0].price) / 2
    sign = 3 if middle == before else 2 if middle > before else 5
    row: Row = {}
    for venue in ("krx", "nxt"):
        for side in ("ask", "bid"):
            row |= {f"{venue}_mid_{side}_quantity": 0, f"{venue}_mid_{side}_quantity_change": 0}
        row |= {
            f"{venue}_mid_price": coloured(middle, before),
            f"{venue}_mid_change": middle - before,
            f"{venue}_mid_direction": DIRECTIONS[sign - 1],
            f"{venue}_mid_change_pct": rate(middle - before, before),
        }
    return row


def after_hours(day: StockDay, since: int) -> Rows:
    """What waits for a closing price, which only grows: that of the day before until 20 minutes before the
    open, that of the day from ten minutes after the close."""
    if not day.trades or day.venue == "nxt":
        return
    yield from _waiting(day, "before hours", range(day.opens - 1_800, day.opens - 1_200, 60), since)
    yield from _waiting(day, "after hours", range(day.closes + 600, day.closes + 1_800, 60), since)


def _waiting(day: StockDay, name: str, moments: Iterable[int], since: int) -> Rows:
    rng, usual = day.rng(name), max(20, day.day.volume // 2_000)
    asks = bids = 0
    for second in moments:
        more_asks, more_bids = (int(usual * rng.expovariate(4)) for _ in range(2))
        asks, bids = asks + more_asks, bids + more_bids
        row = {
            "time": hhmmss(second),
            "ask_after_hours_quantity": asks,
            "ask_after_hours_quantity_change": more_asks,
            "bid_after_hours_quantity": bids,
            "bid_after_hours_quantity_change": more_bids,
        }
        if second > since:
            yield second, row
