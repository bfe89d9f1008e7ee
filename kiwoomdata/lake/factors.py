"""Factors of adjustment: what a split did to prices, out of prices as they were traded. Pure.

The exchange gives each day a base price, the close of the day before in the shares of today: it is the close
less its change. Where it differs from the close of the last traded day, their ratio is the factor. It is held
against the adjusted series that the server gives, row by row; where the two disagree, the factor is null, and
so is whatever would be adjusted by it.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import Any

import polars as pl

__all__ = ["ADJUSTED", "SCHEMA", "TRADED", "adjusted", "checked", "events", "merged", "nothing", "unknown"]

SCHEMA: dict[str, Any] = {
    "symbol": pl.String(),
    "date": pl.Date(),  # the first day in the new shares
    "price_factor": pl.Float64(),  # times the prices before that day
    "volume_factor": pl.Float64(),  # times the volumes before that day
    "close_before": pl.Int64(),
    "base_price": pl.Int64(),
    "source": pl.String(),
}
CHECKED = "base price, as the adjusted series"
UNCHECKED = "base price alone"
CONTRADICTED = "base price, against the adjusted series"
UNEXPLAINED = "adjusted series alone"

TRADED = (pl.col("volume") > 0) & pl.col("close").is_not_null()
_PRICES = ("open", "high", "low", "close", "change")
ADJUSTED = (*_PRICES, "volume")
"""The columns that an adjustment alters."""

# The exchange's steps of price until 2023-01-24, which are nowhere finer than today's: a base price is
# rounded to one, the adjusted series to the won.
_TICKS = ((1_000, 1), (5_000, 5), (10_000, 10), (50_000, 50), (100_000, 100), (500_000, 500))


def nothing() -> pl.DataFrame:
    return pl.DataFrame(schema=SCHEMA)


def events(rows: pl.DataFrame) -> pl.DataFrame:
    """The days of one symbol on which the base price is another than the last traded close before it."""
    traded = rows.filter(TRADED).sort("date")
    found = traded.select(
        "symbol",
        "date",
        close_before=pl.col("close").shift(1),
        base_price=pl.col("close") - pl.col("change"),
    )
    # Where no change is served, nobody can say that there was none.
    moved = (pl.col("base_price") != pl.col("close_before")) | pl.col("base_price").is_null()
    found = found.filter(pl.col("close_before").is_not_null() & moved)
    factor = pl.when(pl.col("base_price") > 0).then(pl.col("base_price") / pl.col("close_before"))
    return found.with_columns(price_factor=factor, volume_factor=1 / factor, source=pl.lit(UNCHECKED)).select(
        list(SCHEMA)
    )


def checked(found: pl.DataFrame, raw: pl.DataFrame, served: pl.DataFrame) -> pl.DataFrame:
    """The events of one symbol, held against the adjusted series, newest first."""
    both = (
        raw.filter(TRADED)
        .select("symbol", "date", "close", "volume")
        .join(served.select("date", a="close", av="volume"), on="date")
        .filter(pl.col("a") > 0)
        .sort("date")
    )
    if both.is_empty():
        return found
    # A split that the adjusted series knows and the last row as traded does not: all of it is further on.
    newest = both.row(-1, named=True)
    price, volume, doubt = newest["a"] / newest["close"], 1.0, 0.0
    if abs(newest["a"] - newest["close"]) <= 1:
        price = 1.0
    else:
        volume, doubt = newest["av"] / newest["volume"], 1 / min(newest["a"], newest["close"])
    told: list[dict[str, Any]] = []
    waiting = found.sort("date").rows(named=True)
    until = both
    while True:
        event = waiting.pop() if waiting else None
        since = both["date"][0] if event is None else event["date"]
        piece, until = until.filter(pl.col("date") >= since), until.filter(pl.col("date") < since)
        bad = _first_bad(piece, price, doubt)
        if bad is not None:  # the rows up to it are adjusted by what no base price tells
            told.append(_unexplained(piece, both, bad, told))
            told += [{**each, "source": UNCHECKED} for each in ([event] if event else []) + waiting]
            break
        if event is None:
            break
        if event["price_factor"] is None:
            known = not until.is_empty() and _first_bad(until.tail(1), price, doubt) is None
            if known:  # no change was served, and the adjusted series goes on as before
                continue
            told.append({**event, "source": UNCHECKED})
            told += [{**each, "source": UNCHECKED} for each in waiting]
            break
        price *= event["price_factor"]
        doubt += _tick(event["base_price"]) / event["base_price"]
        if not until.is_empty() and _first_bad(until.tail(1), price, doubt) is not None:
            told.append({**event, "price_factor": None, "volume_factor": None, "source": CONTRADICTED})
            told += [{**each, "source": UNCHECKED} for each in waiting]
            break
        factor = _volume_factor(until.tail(1), event["volume_factor"], volume, doubt)
        volume = volume * factor if factor is not None else float("nan")
        told.append({**event, "volume_factor": factor, "source": UNCHECKED if until.is_empty() else CHECKED})
    return pl.DataFrame(told, SCHEMA).sort("date")


def _first_bad(rows: pl.DataFrame, price: float, doubt: float) -> date | None:
    """The newest day whose adjusted close is another than the close times the factor, within the rounding."""
    expected = pl.col("close") * price
    far = (expected - pl.col("a")).abs() > 1 + expected * doubt
    day = rows.filter(far)["date"].max()
    assert day is None or isinstance(day, date)
    return day


def _volume_factor(row: pl.DataFrame, scaled: float, volume: float, doubt: float) -> float | None:
    """How volumes before an event are adjusted: as prices are, the other way; not at all; or unknown.

    Whole shares tell a ratio such as 5 exactly, which the base price tells to its tick.
    """
    if row.is_empty():
        return scaled
    before, served = row["volume"][0] * volume, row["av"][0]
    whole = float(round(scaled)) if scaled > 1 else 1 / round(1 / scaled)
    for factor, rounding in ((whole, 1e-9), (scaled, doubt + 1e-9), (1.0, 1e-9)):
        if served is not None and abs(before * factor - served) <= 1 + before * factor * rounding:
            return factor
    return None


def _unexplained(
    piece: pl.DataFrame, both: pl.DataFrame, bad: date, told: Sequence[dict[str, Any]]
) -> dict[str, Any]:
    """An event of which no base price tells, on the day after the newest row that shows it."""
    after = both.filter(pl.col("date") > bad)
    day = after["date"][0] if after.height else bad
    blank = dict.fromkeys(SCHEMA)
    return {**blank, "symbol": piece["symbol"][0], "date": day, "source": UNEXPLAINED}


def _tick(price: int) -> int:
    return next((tick for below, tick in _TICKS if price < below), 1_000)


def merged(old: pl.DataFrame, new: pl.DataFrame, asked: Mapping[str, tuple[date, date]]) -> pl.DataFrame:
    """All factors, where those of the days asked of some symbols take the place of what was known of them.

    The first day asked has nothing before it: what is known of it stays.
    """
    spans = pl.DataFrame(
        [(symbol, first, last) for symbol, (first, last) in asked.items()],
        {"symbol": pl.String(), "_first": pl.Date(), "_last": pl.Date()},
        orient="row",
    )
    inside = (pl.col("date") > pl.col("_first")) & (pl.col("date") <= pl.col("_last"))
    kept = (
        old.join(spans, on="symbol", how="left").filter(~inside.fill_null(value=False)).select(list(SCHEMA))
    )
    return (
        pl.concat([kept, new.select(list(SCHEMA))])
        .unique(["symbol", "date"], keep="last")
        .sort("symbol", "date")
    )


def unknown(spans: Mapping[str, tuple[date, date]], known: Mapping[str, tuple[date, date]]) -> pl.DataFrame:
    """Factors that are null, for rows of which nobody can say how they are adjusted.

    ``spans`` are the days of each symbol that a table holds, ``known`` those in which splits are known. Where
    rows go on after those, the newest basis is not known, and none of the symbol's rows can be adjusted.
    """
    lines = []
    for symbol, (first, last) in spans.items():
        begun, ended = known.get(symbol, (date.max, date.min))
        if last > ended:
            lines.append((symbol, date.max))
        elif first < begun:
            lines.append((symbol, begun))
    found = pl.DataFrame(lines, {"symbol": pl.String(), "date": pl.Date()}, orient="row")
    return pl.concat([nothing(), found], how="diagonal")


Value = tuple[float | None, float | None]
"""What a row's prices and its volume are multiplied by."""


def adjusted(factors: pl.DataFrame, when: str) -> Callable[[pl.DataFrame], pl.DataFrame]:
    """A function that puts rows, sorted by symbol and time, into the shares of after the last factor.

    Only the rows of symbols that have factors are looked at: a join takes several times as long as the scan.
    """
    steps: dict[str, tuple[deque[date], deque[Value]]] = {}
    newest_first = factors.sort("date", descending=True)
    for symbol, day, price, volume in newest_first.select(list(SCHEMA)[:4]).iter_rows():
        days, values = steps.setdefault(symbol, (deque(), deque([(1.0, 1.0)])))
        p, v = values[0]
        days.appendleft(day)
        values.appendleft((_times(p, price), _times(v, volume)))
    symbols = pl.Series("symbol", list(steps), pl.String())

    def change(rows: pl.DataFrame) -> pl.DataFrame:
        if rows.is_empty():
            return rows
        runs = rows["symbol"].rle().struct.unnest().with_columns(end=pl.col("len").cum_sum())
        runs = runs.filter(pl.col("value").is_in(symbols.implode()))
        days = rows[when] if when == "date" else rows[when].dt.date()
        oldest = days.gather(runs["end"] - runs["len"]).to_list()
        newest = days.gather(runs["end"] - 1).to_list()
        begins: dict[int, Value] = {0: (1.0, 1.0)}  # the value of the rows from there on
        for (length, symbol, end), first, last in zip(runs.iter_rows(), oldest, newest, strict=True):
            dates, values = steps[symbol]
            before, upto = bisect_right(dates, first), bisect_right(dates, last)
            if before == len(dates):
                continue
            begins[end - length] = values[before]
            for step in range(before, upto):  # most symbols have none in a piece
                begins[bisect_left(days, dates[step], end - length, end)] = values[step + 1]
            begins[end] = 1.0, 1.0
        begins.pop(rows.height, None)
        if len(begins) == 1 and begins[0] == (1.0, 1.0):
            return rows
        which = pl.zeros(rows.height, pl.UInt32, eager=True).scatter(list(begins)[1:], 1).cum_sum()
        names = [name for name in ADJUSTED if name in rows.columns]
        by = {
            kind: pl.Series([value[kind] for value in begins.values()], dtype=pl.Float64).gather(which)
            for kind in {name == "volume" for name in names}
        }
        # Wrapped, as no adjusted number comes near the ends of an integer: that is not looked at row by row.
        return rows.with_columns(
            (pl.col(name) * by[name == "volume"]).round().cast(pl.Int64, wrap_numerical=True)
            for name in names
        )

    return change


def _times(one: float | None, other: float | None) -> float | None:
    return None if one is None or other is None else one * other
