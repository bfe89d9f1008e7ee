"""Order books, long: one row for each side and level."""

from __future__ import annotations

from typing import Unpack

import polars as pl

from kiwoomdata.arguments import Symbols
from kiwoomdata.entries import quote
from kiwoomdata.frames import long_book
from kiwoomdata.query import Options, Parts, for_symbols, question, run
from kiwoomdata.questions.prices import Venue

__all__ = ["after_hours_quote", "orderbook_snapshot"]


@question
def orderbook_snapshot(
    symbol: Symbols,
    *,
    venue: Venue | None = None,
    **options: Unpack[Options],
) -> pl.DataFrame:
    """The order book of this moment, ten levels a side, long, with its totals.

    One row is one level of one side of one symbol: 20 rows a symbol, asks first, best level first.

    Returns
    -------
    DataFrame
        ``symbol venue``, ``time`` (Datetime, Asia/Seoul), ``side`` (Enum ask, bid), ``level`` (Int8, 1 is
        the best), ``price`` (Int64, KRW; 0 is an empty level), ``quantity change`` (Int64, shares), and the
        same on each row of a side, ``total_quantity total_change after_hours_quantity after_hours_change``
        (Int64, shares), and last ``date`` (Date) and ``fetched_at`` (Datetime, Asia/Seoul).

    Notes
    -----
    Source: ka10004 (주식호가요청). One request for each symbol. Never final. Errors as in
    :func:`kiwoomdata.daily_prices`.

    Examples
    --------
    >>> import kiwoomdata as kd
    >>> kd.use("simulator")
    >>> book = kd.orderbook_snapshot("005930")
    >>> book.height, book.columns[3:8]
    (20, ['side', 'level', 'price', 'quantity', 'change'])
    """
    totals = ("total_quantity", "total_change", "after_hours_quantity", "after_hours_change")

    def shape(parts: Parts) -> pl.DataFrame:
        return long_book(parts["book"], 10, totals, ("time",))

    jobs = for_symbols(quote.ORDERBOOK, symbol, venue, {})
    return run(jobs, shape, order=(), options=options)


@question
def after_hours_quote(
    symbol: Symbols,
    **options: Unpack[Options],
) -> pl.DataFrame:
    """The book of the after-hours single-price session (시간외단일가), five levels a side, long.

    One row is one level of one side of one symbol: 10 rows a symbol, asks first, best level first.
    KRX only.

    Returns
    -------
    DataFrame
        ``symbol venue``, ``regular_time`` (Datetime, of the regular session), ``last_price last_change``
        (Int64, KRW; the change is against today's close), ``direction``, ``change_pct`` (Float64, %),
        ``volume`` (Int64, shares), ``side`` (Enum ask, bid), ``level`` (Int8), ``price`` (Int64, KRW),
        ``quantity change`` (Int64, shares), and the same on each row of a side, ``total_quantity
        regular_quantity regular_change after_hours_quantity after_hours_change`` (Int64, shares), and last
        ``date`` (Date) and ``fetched_at`` (Datetime, Asia/Seoul).

    Notes
    -----
    Source: ka10087 (시간외단일가요청). One request for each symbol. Never final. Errors as in
    :func:`kiwoomdata.daily_prices`.

    Examples
    --------
    >>> import kiwoomdata as kd
    >>> kd.use("simulator")
    >>> kd.after_hours_quote("005930").height
    10
    """
    totals = (
        "total_quantity",
        "regular_quantity",
        "regular_change",
        "after_hours_quantity",
        "after_hours_change",
    )
    keep = ("regular_time", "last_price", "last_change", "direction", "change_pct", "volume")

    def shape(parts: Parts) -> pl.DataFrame:
        return long_book(parts["book"], 5, totals, keep)

    jobs = for_symbols(quote.AFTER_HOURS_QUOTE, symbol, None, {})
    return run(jobs, shape, order=(), options=options)
