"""The latest order book of one stock, long. Pure."""

from __future__ import annotations

from datetime import date

import polars as pl

from kiwoomdata.entries.feeds import find_feed
from kiwoomdata.kinds import Trouble
from kiwoomdata.questions.orderbook import long_book
from kiwoomdata.stream.decode import read_ticks

__all__ = ["ORDERBOOK", "latest_book"]

ORDERBOOK = find_feed("orderbook")
_LEVELS = 10
_TOTALS = ("total_quantity", "total_change")
_LEADING = ("symbol", "venue", "time", "received_at")


def latest_book(
    item: str, values: bytes | None, received: int, day: date
) -> tuple[pl.DataFrame, list[Trouble]]:
    """The book that a message tells, one row for each side and level; no rows without a message."""
    told = ([], [], []) if values is None else ([item], [values], [received])
    wide, troubles = read_ticks(ORDERBOOK, *told, day)
    return long_book(wide, _LEVELS, _TOTALS, _LEADING), troubles
