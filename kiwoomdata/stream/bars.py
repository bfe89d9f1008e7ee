"""Trades to bars of open, high, low, close and volume, and what is known of how whole they are. Pure."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import polars as pl

from kiwoomdata.kinds import VENUES
from kiwoomdata.stream.gaps import STRETCH as NUMBER

__all__ = ["ITEMS", "NEEDED", "SCHEMA", "STRETCH", "STRETCHES", "trade_bars"]

NEEDED = ("price", "quantity", "side", "cumulative_volume")
"""The columns of trades, beside the leading ones, that bars are made of."""
STRETCH = pl.Int64()
"""Of the number of the stretch that a trade belongs to: see :class:`kiwoomdata.stream.gaps.Ledger`."""
ITEMS: dict[str, pl.DataType] = {
    "symbol": pl.String(),
    "venue": pl.Enum(VENUES),
    NUMBER: STRETCH,
    "clock": pl.Int64(),
}
STRETCHES: dict[str, pl.DataType] = {"heard": pl.Int64(), "began": pl.Int64(), "first": pl.Boolean()}
LATE = timedelta(seconds=2) // timedelta(microseconds=1)
"""How long after another stock's trade one of the same moment may still come: live trades were seen
0.04 to 1.09 seconds late (July 2026)."""
SECOND = 1_000_000
"""What a time that is told to the second may be behind."""
_HOURS = 9 * 3600 * SECOND  # of Korea before UTC, on every day since 1988
_DAY = timedelta(days=1)
SCHEMA: dict[str, pl.DataType] = {
    "time": pl.Datetime("us", "Asia/Seoul"),
    "symbol": pl.String(),
    "venue": pl.Enum(VENUES),
    **dict.fromkeys(("open", "high", "low", "close"), pl.Int64()),
    **dict.fromkeys(("volume", "buy_volume", "sell_volume", "value"), pl.Int64()),
    "trades": pl.UInt32(),
    "off_feed_volume": pl.Int64(),
    "finished": pl.Boolean(),
    "gap": pl.Boolean(),
}


def trade_bars(
    trades: pl.DataFrame,
    every: timedelta,
    *,
    items: pl.DataFrame | None = None,
    stretches: pl.DataFrame | None = None,
    left: datetime | None = None,
) -> pl.DataFrame:
    """Bars of the trades given, ascending by time, then symbol and venue.

    A trade belongs to the bar of its own ``time``, however late it arrived, and counts once, however
    often it was told. The clock is the server's: the latest time that it told.

    Where the day's volume grew by more than the trades that tell it, some were not told. If all of it
    lies in one stretch of the stream, without an interruption, the feed does not carry them, and their
    shares are ``off_feed_volume`` of the bar of the trade after them; else trades may have been lost,
    and the bars into which they may belong are marked with ``gap``.

    Parameters
    ----------
    trades
        Live trades; ``_stretch`` numbers the stretch of each, and is 0 for all where there is no such column.
    items
        As :data:`ITEMS` says: of each item the stretch that its trades are in now, and the server's clock.
        None where the trades given are all that there is to know.
    stretches
        As :data:`STRETCHES` says, by number: what the server's clock was known to have reached before a
        stretch, when its items were registered by this computer's clock, and whether it is their first.
    left
        The latest time of trades that are not given any more.

    Raises
    ------
    ValueError
        For trades without a column that bars need, and for an ``every`` that no day is a multiple of.
    """
    for name in NEEDED:
        if name not in trades.columns:
            raise ValueError(f"columns: bars are made of {', '.join(NEEDED)}, and {name} is not there")
    if every <= timedelta(0) or _DAY % every:
        raise ValueError(f"every: expected a span that divides a day, such as '1m', got {every}")
    if stretches is None:
        stretches = pl.DataFrame([(None, None, True)], schema=STRETCHES, orient="row")
    length = every // timedelta(microseconds=1)
    told, unread = _told(trades, length)
    bars = _aggregate(_in_order(told)).sort("code", "bar")
    bars = _judge(bars, told, length, items, stretches, left)
    if unread.height:
        bars = bars.with_columns(
            gap=pl.col("gap") | pl.struct("bar", "code").is_in(unread.to_struct().implode()),
            off_feed_volume=pl.when(~pl.col("code").is_in(unread["code"].implode())).then("off_feed_volume"),
        )
    return (
        bars.with_columns(
            time=(pl.col("bar") * length - _HOURS)
            .cast(pl.Datetime("us", "UTC"))
            .dt.convert_time_zone("Asia/Seoul")
        )
        .sort("time", "symbol", "venue")
        .select(pl.col(name).cast(dtype) for name, dtype in SCHEMA.items())
    )


def _told(trades: pl.DataFrame, length: int) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The trades as numbers, which are quick to group; and the bars of those that could not be read."""
    # Without a time of its own, a trade counts from when it came.
    at = pl.coalesce("time", "received_at").to_physical() + _HOURS
    buy = pl.col("side") == "buy"
    code = pl.col("symbol").fill_null("").cast(pl.Categorical).to_physical().cast(pl.Int64) * len(VENUES)
    number = pl.col(NUMBER).fill_null(-1) if NUMBER in trades.columns else pl.lit(0, pl.Int64)
    told = trades.select(
        "symbol",
        "venue",
        "price",
        "quantity",
        (code + pl.col("venue").to_physical().fill_null(0)).alias("code"),
        at.alias("at"),
        (at // length).alias("bar"),
        pl.col("cumulative_volume").alias("volume"),
        number.alias("stretch"),
        (pl.col("received_at").to_physical() - pl.col("time").to_physical()).alias("behind"),
        (pl.col("quantity") * buy).fill_null(0).alias("bought"),
        (pl.col("quantity") * (pl.col("side") == "sell")).fill_null(0).alias("sold"),
    )
    if told["price"].null_count() or told["quantity"].null_count():
        lacking = pl.any_horizontal(pl.col("price", "quantity").is_null())
        return told.filter(~lacking), told.filter(lacking).select("bar", "code").unique()
    return told, told.select("bar", "code").clear()


def _in_order(told: pl.DataFrame) -> pl.DataFrame:
    """The trades of each item in the order in which they were made, each once."""
    before = pl.col("volume").shift(1).over("code")
    odd = told.filter((pl.col("volume") - pl.col("quantity") < before) | pl.col("volume").is_null())
    if odd.is_empty():
        return told
    strange = pl.col("code").is_in(odd["code"].unique().implode())
    mended = told.filter(strange).sort("at", "volume", maintain_order=True)
    # The day's volume grows with every trade: the same volume is the same trade, told twice.
    first = pl.struct("code", "at", "volume", "quantity").is_first_distinct()
    return pl.concat([told.filter(~strange), mended.filter(first | pl.col("volume").is_null())])


def _aggregate(told: pl.DataFrame) -> pl.DataFrame:
    """One row for each item and bar. One number to group by takes two thirds of the time of two."""
    price, quantity, number = pl.col("price"), pl.col("quantity"), pl.col("stretch")
    room = pl.lit(told["code"].max(), pl.Int64) + 1
    least = pl.lit(told["bar"].min(), pl.Int64)
    stretches = {
        "low_stretch": number.min(),
        "high_stretch": number.max(),
        "first_stretch": number.first(),
        "last_stretch": number.last(),
    }
    only = told["stretch"].min() if told["stretch"].min() == told["stretch"].max() else None
    bars = told.group_by(
        ((pl.col("bar") - least) * room + pl.col("code")).alias("key"), maintain_order=True
    ).agg(
        pl.col("symbol", "venue").first(),
        price.first().alias("open"),
        price.max().alias("high"),
        price.min().alias("low"),
        price.last().alias("close"),
        quantity.sum().alias("volume"),
        pl.col("bought").sum().alias("buy_volume"),
        pl.col("sold").sum().alias("sell_volume"),
        (quantity * price).sum().alias("value"),
        pl.len().alias("trades"),
        (pl.col("volume") - quantity).min().alias("before"),
        pl.col("volume").max().alias("after"),
        pl.col("volume").null_count().alias("unknown"),
        pl.col("at").min().alias("first_at"),
        pl.col("at").last().alias("last_at"),
        **({} if only is not None else stretches),
    )
    if only is not None:
        bars = bars.with_columns(pl.lit(only, pl.Int64).alias(name) for name in stretches)
    return bars.with_columns(bar=pl.col("key") // room + least, code=pl.col("key") % room)


def _judge(
    bars: pl.DataFrame,
    told: pl.DataFrame,
    length: int,
    items: pl.DataFrame | None,
    stretches: pl.DataFrame,
    left: datetime | None,
) -> pl.DataFrame:
    """Tell of each bar whether it is finished, whether trades may be missing, and what the feed left out.

    ``bars`` are sorted by item, then time.
    """
    start, end = pl.col("bar") * length, (pl.col("bar") + 1) * length
    day = start // (_DAY // timedelta(microseconds=1))
    follows = (pl.col("code") == pl.col("code").shift(1)).fill_null(False)
    joins = follows & (day == day.shift(1)).fill_null(False)
    known = pl.DataFrame(schema=ITEMS) if items is None else items
    heard, began, first = (_looked_up(stretches[name]) for name in STRETCHES)

    behind = told["behind"].min()  # this computer's clock, less the server's, at the quickest message
    offset = (behind if isinstance(behind, int) else 0) - LATE - SECOND - _HOURS

    def perhaps_before(at: str, number: str) -> pl.Expr:
        """Whether a trade may have been made before its stretch began, and been told late."""
        return (~first(number) & (began(number) - offset > pl.col(at)).fill_null(True)).fill_null(True)

    last_before = ~first("last_stretch") & (heard("last_stretch") + _HOURS >= pl.col("last_at"))
    bars = bars.join(known, on=["symbol", "venue"], how="left", maintain_order="left").with_columns(
        follows=follows,
        joins=joins,
        earliest=pl.col("low_stretch") - perhaps_before("first_at", "low_stretch"),
        latest=pl.col("last_stretch") - perhaps_before("last_at", "last_stretch"),
        surely=pl.col("last_stretch") - last_before.fill_null(False),
        # Whose volume a trade of both venues tells is not proven, so that nothing is counted by it.
        counted=(pl.col("venue") != "all").fill_null(False) & (pl.col("unknown") == 0),
        clock=pl.lit(told["at"].max()) if items is None else pl.col("clock") + _HOURS,
    )
    counted, joins = pl.col("counted"), pl.col("joins")
    next_follows, next_joins = (pl.col(name).shift(-1, fill_value=False) for name in ("follows", "joins"))
    timed_out = (end + LATE <= pl.col("clock")).fill_null(False)
    inside = pl.when(counted).then(pl.col("after") - pl.col("before") - pl.col("volume"))
    between = pl.when(counted & counted.shift(1)).then(pl.col("before") - pl.col("after").shift(1))
    whole_inside = pl.col("earliest") == pl.col("high_stretch")
    whole_between = pl.col("latest").shift(1) == pl.col("first_stretch")
    lost_between = joins & ~whole_between & (between.fill_null(1) > 0)
    # Whatever was lost after a bar's last trade was lost when the bar had ended, by the server's clock.
    passed = (end + LATE <= heard(pl.col("latest") + 1) + _HOURS).fill_null(False)
    stretch_now = pl.when(next_follows).then(pl.col("first_stretch").shift(-1)).otherwise(NUMBER)
    in_doubt = (pl.col("surely") != stretch_now) | (timed_out & (pl.col("latest") != stretch_now))
    lost_after = ~next_joins & in_doubt.fill_null(False)
    lost_before = pl.lit(False)
    if items is not None:
        in_it = (began("first_stretch") - offset > start).fill_null(True)
        lost_before = ~joins & ~(counted & (pl.col("before") == 0)) & in_it
    cut = pl.lit(False) if left is None else start <= _microseconds(left)
    return bars.with_columns(
        finished=next_follows | timed_out,
        gap=lost_before
        | (~whole_inside & (inside.fill_null(1) > 0))
        | lost_between
        | ((lost_between.shift(-1, fill_value=False) | lost_after) & ~passed)
        | cut,
        off_feed_volume=pl.when(counted).then(
            pl.when(whole_inside & ~cut).then(inside.clip(0)).otherwise(0)
            + pl.when(joins & whole_between & ~cut.shift(1, fill_value=False))
            .then(between.clip(0))
            .otherwise(0)
        ),
    )


def _looked_up(values: pl.Series) -> Callable[[str | pl.Expr], pl.Expr]:
    """What stands at a number; null below the first and beyond the last."""
    padded = values.extend(pl.Series(values.name, [None], dtype=values.dtype))

    def of(number: str | pl.Expr) -> pl.Expr:
        place = pl.col(number) if isinstance(number, str) else number
        inside = place.is_between(0, len(padded) - 1)
        return pl.lit(padded).gather(pl.when(inside).then(place).otherwise(len(padded) - 1).cast(pl.UInt32))

    return of


def _microseconds(moment: datetime) -> int:
    return int(pl.Series([moment]).dt.epoch("us").item()) + _HOURS
