"""When a snapshot or a list was so: an archive needs it, and no answer says it."""

from __future__ import annotations

from datetime import datetime, time
from typing import TYPE_CHECKING

import polars as pl

from kiwoomdata.calendar import nth_trading_day_before
from kiwoomdata.kinds import KST

if TYPE_CHECKING:
    from kiwoomdata.client import Client

__all__ = ["MOMENT", "stamped"]

MOMENT = pl.Datetime("us", KST.key)


def stamped(
    frame: pl.DataFrame, client: Client, moment: datetime, dated: bool = True, back: int = 0
) -> pl.DataFrame:
    """Join times of day with their day, and put ``date`` and ``fetched_at`` at the end.

    The day is the one that the rows tell, else the session that they are of, or ``back`` trading days before
    it. Where nobody can know it (``dated`` False) there is none, and times of day stay what they are.
    """
    if dated:
        times = [name for name, dtype in frame.schema.items() if dtype == pl.Time()]
        if "date" not in frame.columns:
            day = client.session_of(moment, None if back else _latest(frame, times))
            if back and day is None:
                times = []  # before an open nobody knows whose times they are
            elif back and day is not None:
                day = nth_trading_day_before(day, back)
            frame = frame.with_columns(date=pl.lit(day, dtype=pl.Date))
        frame = frame.with_columns(
            pl.col("date").dt.combine(pl.col(name)).dt.replace_time_zone(KST.key).cast(MOMENT).alias(name)
            for name in times
        )
    return frame.with_columns(fetched_at=pl.lit(moment.astimezone(KST), dtype=MOMENT))


def _latest(frame: pl.DataFrame, times: list[str]) -> time | None:
    found = [latest for name in times if isinstance(latest := frame[name].max(), time)]
    return max(found, default=None)
