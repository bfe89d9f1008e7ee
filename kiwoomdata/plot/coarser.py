"""As many rows as pixels can hold: days to weeks and months, minutes to longer ones."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from kiwoomdata.plot.table import Table
from kiwoomdata.plot.timeline import Spacing, Timeline

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from kiwoomdata.plot.style import Look

__all__ = ["coarser", "fitted", "on", "period", "said"]

LEAST = 2.0
"""Pixels that a bar and its gap need. With less, the raster of the screen makes a pattern of its own."""

_RULES = {"open": "first", "high": "max", "low": "min", "volume": "sum", "gap": "max"}


def fitted(ax: Axes, table: Table, rules: Mapping[str, str] | None = None) -> tuple[Table, Spacing | None]:
    """The table with as many rows as ``ax`` has room for, and the period of a row where it is not its own."""
    line = Timeline(table.when, dated=table.dated)
    most = ax.get_window_extent().width / LEAST
    if len(line.places) <= most or line.clock:
        return table, None
    for spacing in _spacings(line):
        if len(np.unique(spacing.period(table.when))) <= most:
            break
    return coarser(table, spacing, rules), spacing


def _spacings(line: Timeline) -> list[Spacing]:
    """From fine to coarse."""
    days = [Spacing("W", 1), Spacing("M", 1), Spacing("M", 3), Spacing("Y", 1)]
    if line.daily:
        return days
    return [*(Spacing("m", minutes) for minutes in (3, 5, 10, 15, 30, 60)), Spacing("D", 1), *days]


def coarser(table: Table, spacing: Spacing, rules: Mapping[str, str] | None = None) -> Table:
    """One row for each period that has any: its columns by ``rules``, of others the last value."""
    rules = _RULES | dict(rules or {})
    frame = pl.DataFrame({"": spacing.period(table.when), **table.numbers}).fill_nan(None)
    found = frame.group_by("", maintain_order=True).agg(
        *(_taken(pl.col(name), rules.get(name, "last")) for name in table.numbers),
        pl.int_range(pl.len()).last().alias(" rows") + 1,
    )
    last = found[" rows"].cum_sum().to_numpy() - 1
    moments = table.when[last]
    if spacing.unit == "m":  # minutes are named after their start, days and longer after their last one
        step = np.timedelta64(spacing.every, "m").astype("timedelta64[us]")
        moments = moments - (moments - moments.astype("datetime64[D]")) % step
    return replace(
        table,
        numbers={name: found[name].cast(pl.Float64).to_numpy() for name in table.numbers},
        texts={name: [texts[i] for i in last] for name, texts in table.texts.items()},
        moments=moments,
    )


def _taken(column: pl.Expr, rule: str) -> pl.Expr:
    """A missing value is none of the period's; of a period without any there is none."""
    there = column.drop_nulls()
    if rule == "sum":
        return pl.when(column.count() > 0).then(column.sum())
    return {"first": there.first, "last": there.last, "max": there.max, "min": there.min}[rule]()


_NAMES = {("D", 1): "day", ("W", 1): "week", ("M", 1): "month", ("M", 3): "quarter", ("Y", 1): "year"}


def said(spacing: Spacing | None, look: Look) -> str:
    """What a candle of a coarser table is: ``주봉``; nothing of a table that is as it was."""
    if spacing is None:
        return ""
    if spacing.unit == "m":
        return f"{spacing.every}{'' if look.locale == 'ko' else ' '}{look.say('minute_bars')}"
    return look.say(f"{_NAMES[spacing]}s")


def on(line: Timeline, shown: Table, spacing: Spacing | None) -> Timeline:
    """The axis of days for a coarser table, whose rows stand over all days of their periods."""
    return line if spacing is None else line.every(spacing, shown.when)


def period(spacing: Spacing | None) -> str:
    """The word for what a bar of flows adds up, where it was a day before."""
    return f"by_{_NAMES[spacing or ('D', 1)]}"
