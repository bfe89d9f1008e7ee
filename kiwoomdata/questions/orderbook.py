"""Order books, long: one row for each side and level."""

from __future__ import annotations

from functools import partial
from typing import Unpack

import polars as pl

from kiwoomdata.arguments import Symbols
from kiwoomdata.entries import quote
from kiwoomdata.errors import EmptyAnswer
from kiwoomdata.frames import beyond, long_book
from kiwoomdata.query import Options, Parts, Plan, for_symbols, question
from kiwoomdata.questions.prices import Venue
from kiwoomdata.telling import warn

__all__ = ["after_hours_quote", "orderbook_snapshot"]


@question
def orderbook_snapshot(
    symbol: Symbols,
    *,
    venue: Venue | None = None,
    **options: Unpack[Options],
) -> Plan:
    """The order book of this moment, ten levels a side, long, with its totals.

    One row is one level of one side of one symbol: 20 rows a symbol, asks first, best level first.

    Returns
    -------
    DataFrame
        ``symbol venue``, ``time`` (Datetime, Asia/Seoul), ``side`` (Enum ask, bid), ``level`` (Int8, 1 is
        the best), ``price`` (Int64, KRW; null: no order), ``quantity quantity_change`` (Int64, shares), and
        the same on each row of a side, ``total_quantity total_quantity_change after_hours_quantity
        after_hours_quantity_change`` (Int64, shares; of the book of all venues only the first is known),
        and last ``date`` (Date) and ``fetched_at`` (Datetime, Asia/Seoul).

    Notes
    -----
    Source: ka10004 (주식호가요청); the book of all venues is that of ka10007 (시세표성정보요청), which adds
    KRX and NXT, for ka10004 answers KRX's book whatever venues are asked for. One request for each
    symbol. Never final. Errors as in :func:`kiwoomdata.daily_prices`.

    See Also
    --------
    quote_board : the book with the rest of the board, in one row.
    after_hours_quote : the book after hours.
    order_imbalance : stocks by what waits on either side of the book.

    Examples
    --------
    >>> import kiwoomdata as kd
    >>> kd.use("simulator")
    >>> book = kd.orderbook_snapshot("005930")
    >>> book.height, book.columns[3:8]
    (20, ['side', 'level', 'price', 'quantity', 'quantity_change'])
    """
    jobs = for_symbols(quote.ORDERBOOK, symbol, venue, {})
    of_all = [code for code in jobs if code.endswith("_AL")]
    if of_all:
        jobs |= for_symbols(quote.QUOTE_BOARD, of_all, None, {})
    shapes = {code: _combined if code in of_all else _book for code in jobs}
    return Plan(jobs, shapes, order=(), options=options)


_TOTALS = (
    *("total_quantity", "total_quantity_change"),
    *("after_hours_quantity", "after_hours_quantity_change"),
)


def _book(parts: Parts) -> pl.DataFrame:
    book = parts["book"]
    return long_book(book, 10, _TOTALS, ("time",), beyond(quote.ORDERBOOK, book))


def _combined(parts: Parts) -> pl.DataFrame:
    unknown = (f"{side}_{name}" for side in ("ask", "bid") for name in _TOTALS[1:])
    more = beyond(quote.QUOTE_BOARD, parts["board"])
    board = parts["board"].with_columns(pl.lit(None, dtype=pl.Int64).alias(name) for name in unknown)
    return long_book(board, 10, _TOTALS, ("time",), more)


@question
def after_hours_quote(
    symbol: Symbols,
    **options: Unpack[Options],
) -> Plan:
    """The book of the after-hours single-price session (시간외단일가), five levels a side, long.

    One row is one level of one side of one symbol: 10 rows a symbol, asks first, best level first.
    KRX only.

    Returns
    -------
    DataFrame
        ``symbol venue``, ``regular_time`` (Datetime, of the regular session), ``last_price last_change``
        (Int64, KRW; the change is against today's close), ``direction``, ``change_pct`` (Float64, %),
        ``volume`` (Int64, shares), ``side`` (Enum ask, bid), ``level`` (Int8), ``price`` (Int64, KRW),
        ``quantity quantity_change`` (Int64, shares), and the same on each row of a side,
        ``total_quantity regular_quantity regular_quantity_change after_hours_quantity
        after_hours_quantity_change`` (Int64, shares), and last ``date`` (Date) and ``fetched_at`` (Datetime,
        Asia/Seoul).

    Warns
    -----
    EmptyAnswer
        The server wrote zeros. It does so for every stock that is traded on NXT, whatever it trades after
        hours: zero is not "no trade", and what belongs to the single-price session is null.

    Notes
    -----
    Source: ka10087 (시간외단일가요청). One request for each symbol. Never final. Errors as in
    :func:`kiwoomdata.daily_prices`.

    See Also
    --------
    orderbook_snapshot : the book of the regular session.

    Examples
    --------
    >>> import kiwoomdata as kd
    >>> kd.use("simulator")
    >>> kd.after_hours_quote("00088K").height
    10
    """
    jobs = for_symbols(quote.AFTER_HOURS_QUOTE, symbol, None, {})
    return Plan(jobs, {code: partial(_after_hours, code) for code in jobs}, order=(), options=options)


_SESSION = ("last_price", "last_change", "direction", "change_pct", "volume")
_REGULAR = ("regular_quantity", "regular_quantity_change")


def _after_hours(code: str, parts: Parts) -> pl.DataFrame:
    wide = parts["book"]
    totals = (_TOTALS[0], *_REGULAR, *_TOTALS[2:])
    book = long_book(wide, 5, totals, ("regular_time", *_SESSION), beyond(quote.AFTER_HOURS_QUOTE, wide))
    if book["price"].count() or wide["volume"].to_list() != [0]:
        return book
    warn(
        f"{code}: the server wrote zeros for the single-price session. It does so for every stock that is "
        "traded on NXT, whatever it trades after hours, so they are null",
        EmptyAnswer,
    )
    silent = (*_SESSION, "quantity", "quantity_change", "total_quantity")
    return book.with_columns(pl.lit(None, dtype=book.schema[name]).alias(name) for name in silent)
