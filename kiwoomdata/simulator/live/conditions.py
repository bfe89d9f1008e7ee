"""Condition search: the saved conditions, who meets them, and who enters and leaves through a day."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from kiwoomdata.entries.condition import SEARCH
from kiwoomdata.simulator.live.market import Source
from kiwoomdata.simulator.live.stocks import Row, StockDay, hhmmss
from kiwoomdata.simulator.market.numbers import rate

__all__ = ["CARRIED", "CONDITIONS", "SavedCondition", "answer_row", "changes", "meeting", "members"]


class Standing(NamedTuple):
    """Where a stock stands, which is what conditions judge."""

    price: int
    before: int
    volume: int
    volume_before: int


class SavedCondition(NamedTuple):
    seq: str
    name: str
    holds: Callable[[Standing], bool]


def _up(percent: int) -> Callable[[Standing], bool]:
    return lambda now: now.price * 100 >= now.before * (100 + percent)


def _down(percent: int) -> Callable[[Standing], bool]:
    return lambda now: now.price * 100 <= now.before * (100 - percent)


CONDITIONS = {
    condition.seq: condition
    for condition in (
        SavedCondition("0", "상승 종목", lambda now: now.price > now.before),
        SavedCondition("1", "2% 이상 상승", _up(2)),
        SavedCondition("2", "전일 거래량 돌파", lambda now: now.volume > now.volume_before > 0),
        SavedCondition("3", "거래된 종목", lambda now: now.volume > 0),
        SavedCondition("4", "전일보다 적은 거래량", lambda now: 0 < now.volume < now.volume_before),
        SavedCondition("5", "하락 종목", lambda now: now.price < now.before),
        SavedCondition("6", "1% 이상 상승", _up(1)),
        SavedCondition("7", "3% 이상 상승", _up(3)),
        SavedCondition("8", "5% 이상 상승", _up(5)),
        SavedCondition("9", "1% 이상 하락", _down(1)),
        SavedCondition("10", "2% 이상 하락", _down(2)),
        SavedCondition("11", "3% 이상 하락", _down(3)),
        SavedCondition("12", "해당 없음", lambda now: False),
    )
}
"""The account's saved conditions. Number 12 is never met; 4 is what the vendor's documents ask for."""
CARRIED = -2
"""In place of a second of the day: live since the day before, whose members are still in."""


def meeting(source: Source, condition: SavedCondition) -> list[StockDay]:
    """Who meets a condition at the market's moment."""
    return [stock for stock in source.stocks() if _holds(stock, len(stock.trades), condition)]


def members(source: Source, condition: SavedCondition, second: int) -> list[str]:
    """Who met a condition at a second of the day, as far as its minutes were over."""
    inside: dict[str, None] = {}
    for at, symbol, row in changes(source, condition, -1):
        if at > second:
            break
        if row["event"] == "enter":
            inside[symbol] = None
        else:
            del inside[symbol]
    return list(inside)


def changes(source: Source, condition: SavedCondition, since: int) -> Iterator[tuple[int, str, Row]]:
    """Who enters (I) and who leaves (D) after a second of the day, judged at the end of each minute.

    How the server goes from one day to the next nobody has told. Here a member of the day before stays one
    until its first minute of the new day says otherwise.
    """
    found: list[tuple[int, str, bool]] = []
    for stock in source.stocks():
        was = since == CARRIED and _held_before(stock, condition)
        for second, count in stock.minutes:
            holds = _holds(stock, count, condition)
            if holds != was and second > since:
                found.append((second, stock.stock.symbol, holds))
            was = holds
    for second, symbol, holds in sorted(found):
        row: Row = {
            "time": hhmmss(second),
            "seq": condition.seq,
            "code": symbol,
            "event": "enter" if holds else "leave",
            "side": "buy" if holds else "sell",
            "venue_code": "KRX",
        }
        yield second, symbol, row


def _holds(stock: StockDay, count: int, condition: SavedCondition) -> bool:
    last = stock.last(count)
    before = stock.before.volume if stock.before else 0
    return condition.holds(Standing(last.price, stock.day.previous_close, last.volume, before))


def _held_before(stock: StockDay, condition: SavedCondition) -> bool:
    """Whether a stock met a condition at the end of the day before."""
    before, earlier = stock.before, stock.earlier
    if before is None:
        return False
    volume = earlier.volume if earlier else 0
    return condition.holds(Standing(before.close, before.previous_close, before.volume, volume))


def answer_row(stock: StockDay) -> dict[str, str]:
    """A row of a search: numbers padded with zeros to nine characters, the rate in thousandths."""
    day = stock.day
    values: dict[str, Any] = {
        "9001": f"A{stock.stock.symbol}",
        "302": stock.stock.name,
        "10": day.close,
        "25": str(day.sign),
        "11": day.change,
        "12": round(rate(day.change, day.previous_close) * 1_000),
        "13": day.volume,
        "16": day.open,
        "17": day.high,
        "18": day.low,
    }
    return {
        column.key: f"{values[column.key]:09d}" if isinstance(values[column.key], int) else values[column.key]
        for column in SEARCH.columns
    }
