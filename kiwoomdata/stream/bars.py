"""Trades to bars of open, high, low, close and volume. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta

import polars as pl

from kiwoomdata.kinds import VENUES
from kiwoomdata.stream.gaps import Gap

__all__ = ["NEEDED", "SCHEMA", "market_gap", "market_since", "trade_bars"]

NEEDED = ("price", "quantity", "side")
"""The columns of trades, beside the leading ones, that bars are made of."""
_SUFFIXES = {"krx": "", "nxt": "_NX", "all": "_AL"}
LATEST = timedelta(seconds=2)
"""How long after its end a bar may still be given a trade: live trades were seen 0.04 to 1.09 seconds
late (July 2026)."""
PLAYED = timedelta(minutes=1)
"""Trades that are told so much off the clock are not of now, but of a day that is simulated or replayed."""
SCHEMA: dict[str, pl.DataType] = {
    "time": pl.Datetime("us", "Asia/Seoul"),
    "symbol": pl.String(),
    "venue": pl.Enum(VENUES),
    **dict.fromkeys(("open", "high", "low", "close"), pl.Int64()),
    **dict.fromkeys(("volume", "buy_volume", "sell_volume", "value"), pl.Int64()),
    "trades": pl.UInt32(),
    "finished": pl.Boolean(),
    "gap": pl.Boolean(),
}


def _market_clock(told: pl.DataFrame, now: datetime) -> datetime:
    """What time it is in the trades' own time, which is not the clock's where a day is played or replayed."""
    newest = told.filter(pl.col("received_at").is_not_null()).tail(1)
    if newest.is_empty():
        return now
    latest = told["_at"].max()
    assert isinstance(latest, datetime)
    real = abs(newest.item(0, "received_at") - newest.item(0, "_at")) < PLAYED
    return max(now, latest) if real else latest


def market_since(trades: pl.DataFrame, began: datetime) -> datetime:
    """Since when trades are whole: ``began`` by the clock, or where that is another, by the first trade."""
    first = trades.head(1).select(pl.coalesce("time", "received_at")).to_series()
    return min(began, first[0]) if len(first) else began


def market_gap(gap: Gap, before: pl.DataFrame, after: pl.DataFrame) -> Gap:
    """A gap in the trades' own time, of those ``before`` and ``after`` it.

    It lies between the last of the first and the first of the second; where the clock is the market's,
    it lies between ``since`` and ``until`` too.
    """
    last, first = (part.select(pl.coalesce("time", "received_at")).to_series() for part in (before, after))
    low, high = last.max(), first.min()
    low = low if isinstance(low, datetime) else gap.since
    if not isinstance(high, datetime):
        return replace(gap, since=min(low, gap.since), until=None)
    if gap.since <= high and (gap.until or high) >= low:
        return replace(gap, since=max(low, gap.since), until=min(high, gap.until or high))
    return replace(gap, since=low, until=high)


def trade_bars(
    trades: pl.DataFrame,
    every: timedelta,
    now: datetime,
    *,
    since: datetime | None = None,
    gaps: Iterable[Gap] = (),
) -> pl.DataFrame:
    """Bars of the trades given, ascending by time, then symbol and venue.

    A trade belongs to the bar of its own ``time``, however late it arrived. ``since`` is when the
    trades given begin: a bar that starts before it may lack trades, and is marked as one in a gap is.

    Raises
    ------
    ValueError
        For trades without a column that bars need, and for an ``every`` that no day is a multiple of.
    """
    missing = [name for name in NEEDED if name not in trades.columns]
    if missing:
        raise ValueError(
            f"columns: bars are made of {', '.join(NEEDED)}, and {missing[0]} is not kept; "
            "name it in columns=, or leave columns= out"
        )
    if every <= timedelta(0) or timedelta(days=1) % every:
        raise ValueError(f"every: expected a span that divides a day, such as '1m', got {every}")
    # Without a time of its own, a trade counts from when it came.
    happened = pl.coalesce("time", "received_at")
    told = trades.with_columns(happened.alias("_at")).filter(pl.col("price").is_not_null())
    if "cumulative_volume" in trades.columns:
        # The day's volume grows with every trade: the same volume is the same trade, told twice.
        again = pl.struct("symbol", "venue", "_at", "cumulative_volume", "quantity").is_first_distinct()
        told = told.filter(again | pl.col("cumulative_volume").is_null())
    quantity, price = pl.col("quantity"), pl.col("price")
    bars = (
        told.sort("_at", maintain_order=True)
        .group_by(pl.col("_at").dt.truncate(every).alias("time"), "symbol", "venue", maintain_order=True)
        .agg(
            price.first().alias("open"),
            price.max().alias("high"),
            price.min().alias("low"),
            price.last().alias("close"),
            quantity.sum().alias("volume"),
            quantity.filter(pl.col("side") == "buy").sum().alias("buy_volume"),
            quantity.filter(pl.col("side") == "sell").sum().alias("sell_volume"),
            (quantity * price).sum().alias("value"),
            pl.len().cast(pl.UInt32).alias("trades"),
        )
    )
    start, end = pl.col("time"), pl.col("time") + every
    clock = _market_clock(told, now)
    codes = pl.col("symbol") + pl.col("venue").cast(pl.String).replace(_SUFFIXES)
    marked = pl.lit(False) if since is None else start < since
    for gap in gaps:
        if "trade" in gap.feeds:
            inside = (end > gap.since) & codes.is_in(list(gap.symbols)).fill_null(False)
            marked = marked | (inside if gap.until is None else inside & (start <= gap.until))
    finished = (end + LATEST <= clock).alias("finished")
    return (
        bars.with_columns(finished, marked.alias("gap"))
        .sort("time", "symbol", "venue")
        .select(pl.col(name).cast(dtype) for name, dtype in SCHEMA.items())
    )
