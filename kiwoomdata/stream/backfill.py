"""Trades that went unseen in a gap, asked for afterwards over REST."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from datetime import date
from typing import TYPE_CHECKING

import polars as pl

from kiwoomdata import frames
from kiwoomdata.arguments import body_of
from kiwoomdata.entries.quote import TRADE_STRENGTH_BY_TIME
from kiwoomdata.errors import IncompleteFrame
from kiwoomdata.kinds import split_code
from kiwoomdata.stream.decode import LEADING
from kiwoomdata.stream.gaps import TRADE, Hole

if TYPE_CHECKING:
    from kiwoomdata.client import Client

__all__ = ["SCHEMA", "Backfill", "missed_trades"]

MOST_PAGES = 200
_PART = TRADE_STRENGTH_BY_TIME.parts[0]
_SHARED = ("price", "direction", "change", "change_pct", "side", "quantity", "cumulative_volume", "strength")
SCHEMA: dict[str, pl.DataType] = LEADING | {
    column.name: column.kind.dtype for column in TRADE.columns if column.name in _SHARED
}
"""The columns that both a trade's message and the answer over REST have, and ``side``, which is null as
``received_at`` is."""


def missed_trades(client: Client, item: str, above: int, upto: int, day: date) -> pl.DataFrame:
    """The trades of today after which the day's volume was more than ``above``, and at most ``upto``.

    Source: ka10046 (체결강도추이시간별요청), newest first, from now back to the gap.
    """
    endpoint = TRADE_STRENGTH_BY_TIME
    body = body_of(endpoint, {"symbol": item})
    pages = []
    for page in client.pages(endpoint, body, max_pages=MOST_PAGES):
        pages.append(page)
        texts, *_ = frames.text_parts(endpoint, [page])
        oldest = frames.typed(endpoint, _PART, texts[_PART.name], body)["cumulative_volume"].min()
        if isinstance(oldest, int) and oldest <= above:
            break
    texts, *_ = frames.text_parts(endpoint, pages)
    found = frames.typed(endpoint, _PART, texts[_PART.name], body)
    symbol, venue = split_code(item) or (item, None)
    return (
        found.with_columns(
            (pl.col("cumulative_volume") - pl.col("volume")).clip(lower_bound=above).alias("_before"),
            pl.col("cumulative_volume").clip(upper_bound=upto),
        )
        # A live row is a minute's, which a hole may begin or end in: of those only what went unseen.
        .with_columns((pl.col("cumulative_volume") - pl.col("_before")).alias("quantity"))
        .filter(pl.col("quantity") > 0)
        .reverse()
        .with_columns(
            pl.lit(symbol).alias("symbol"),
            pl.lit(venue, dtype=SCHEMA["venue"]).alias("venue"),
            pl.lit(day).dt.combine(pl.col("time")).dt.replace_time_zone("Asia/Seoul").alias("time"),
            pl.lit(None, dtype=SCHEMA["received_at"]).alias("received_at"),
            pl.lit(None, dtype=SCHEMA["side"]).alias("side"),  # live rows carry no sign
        )
        .select(pl.col(name).cast(dtype) for name, dtype in SCHEMA.items())
    )


class Backfill:
    """Fetches what holes lack, from a thread of its own. ``tell`` is given what went wrong."""

    def __init__(self, client: Client, tell: Callable[[Exception], None]) -> None:
        self._client = client
        self._tell = tell
        self._found: list[pl.DataFrame] = []
        self._jobs: queue.SimpleQueue[tuple[Hole, str] | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="kiwoomdata-backfill", daemon=True)
        self._thread.start()

    def ask(self, hole: Hole, item: str) -> None:
        """Fetch what went unseen of an item, which is known by now."""
        self._jobs.put((hole, item))

    def frame(self) -> pl.DataFrame:
        return pl.concat([pl.DataFrame(schema=SCHEMA), *self._found])

    def close(self) -> None:
        """Fetch nothing more."""
        self._jobs.put(None)
        self._thread.join(10)

    def _run(self) -> None:
        while (job := self._jobs.get()) is not None:
            hole, item = job
            try:
                above, upto = hole.volumes[item]
                found = missed_trades(self._client, item, above, upto, self._client.today())
                self._found.append(found)
                hole.filled[item] = int(found["quantity"].sum())
            except Exception as error:
                self._tell(
                    IncompleteFrame(
                        f"the trades of {item} in the gap of {hole.gap.since} stay missing: {error}"
                    )
                )
