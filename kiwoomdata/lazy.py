"""``kd.scan``: a named function as a lazy frame, whose filters narrow what is asked for."""

from __future__ import annotations

import inspect
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import date, timedelta
from typing import Any, NamedTuple

import polars as pl
from polars.io.plugins import register_io_source

from kiwoomdata.calendar import FIRST_SESSION, trading_days
from kiwoomdata.kinds import split_code
from kiwoomdata.pushdown import Wanted, passing
from kiwoomdata.query import Plan, client_of, empty_of, run

__all__ = ["scanned"]

_SAME = 5.0
"""Seconds in which what is asked again is taken to be of the same plan: a join of a scan with itself reads it
twice, at once or one after the other (observed 2026-11-27, polars 2.1)."""
_CHUNK = 20
"""Trading days that a head begins with."""


class _Key(NamedTuple):
    codes: tuple[str, ...]
    first: date
    last: date


class _Scan:
    """One question, asked as far as a query needs it."""

    def __init__(self, plan_of: Callable[..., Plan], args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        for name in ("names", "style"):
            if name in kwargs:
                raise ValueError(f"{name}: not for a scan; rename the columns of the collected frame")
        bound = inspect.signature(plan_of).bind(*args, **kwargs)
        options = bound.arguments.pop("options", {})
        self.given = {**bound.arguments, **options, "names": "en", "style": "plain"}
        self.plan_of, self.open = plan_of, not {"start", "period"} & {*self.given}
        if self.open:
            self.given["start"] = FIRST_SESSION
        self.plan = plan_of(**self.given)
        self.client = client_of(self.plan.options)
        self.schema = empty_of(self.plan, self.client).schema
        if not {"symbol", "date"} <= {*self.schema}:
            raise ValueError(
                "symbol, interval: a scan is of the days of symbols; call the function for others"
            )
        jobs = self.plan.jobs.values()
        self.first = max(job.since for job in jobs if job.since is not None)
        self.last = min(job.until for job in jobs if job.until is not None)
        walks = [job.endpoint.walk for job in jobs]
        self.counted = not self.open and any(walk and walk.whole and walk.since for walk in walks)
        """Rows may count from the first day asked (ka10014): that day is never a later one."""
        self._lock = threading.Lock()
        self._kept: list[tuple[float, _Key, pl.DataFrame]] = []

    def read(
        self, columns: list[str] | None, predicate: pl.Expr | None, n_rows: int | None, batch_size: int | None
    ) -> Iterator[pl.DataFrame]:
        wanted = Wanted(self.schema, columns, predicate, n_rows)
        key = self._narrowed(wanted.early)
        if key is None:
            yield wanted.of(pl.DataFrame(schema=self.schema))
            return
        for frame in [self._asked(key)] if n_rows is None else self._pieces(key, n_rows):
            yield wanted.of(frame)

    def _narrowed(self, predicate: pl.Expr | None) -> _Key | None:
        """The symbols and the days that pass the filters over them; None where nothing does."""
        codes = [*self.plan.jobs]
        bare = pl.Series("symbol", [(split_code(code) or (code,))[0] for code in codes])
        left = set(passing(predicate, bare.unique()))
        days = pl.date_range(self.first, self.last, eager=True).alias("date")
        inside = passing(predicate, days)
        if self.open and inside.len() and inside[0] == self.first:
            raise ValueError(
                "start: neither given nor narrowed by a filter on date; pass start='2024-01-02', or "
                "filter(pl.col('date') >= date(2024, 1, 2))"
            )
        chosen = tuple(code for code, symbol in zip(codes, bare, strict=True) if symbol in left)
        if not chosen or inside.is_empty():
            return None
        return _Key(chosen, self.first if self.counted else inside[0], inside[-1])

    def _pieces(self, key: _Key, rows: int) -> Iterator[pl.DataFrame]:
        """The first rows, by few requests: some days at a time, and of some symbols where they suffice."""
        first, size = key.first, _CHUNK
        while rows and first <= key.last:
            last = key.last if self.counted else _after(first, size, key.last)
            frame = self._first(_Key(key.codes, first, last), rows)
            yield frame
            rows -= frame.height
            first, size = last + timedelta(days=1), 4 * size

    def _first(self, key: _Key, rows: int) -> pl.DataFrame:
        """The first rows of some days: those of the first day, where enough symbols have one there."""
        day, count = next(iter(trading_days(key.first, key.last)), None), rows
        while day is not None and count < len(key.codes):
            # Who was listed later has none, though others have.
            of_first = self._asked(key._replace(codes=key.codes[:count])).filter(date=day)
            if of_first.height >= rows:
                return of_first.head(rows)
            count *= 2
        return self._asked(key).head(rows)

    def _asked(self, key: _Key) -> pl.DataFrame:
        """The eager frame of some symbols and days; of the same plan, no symbol is asked for twice."""
        with self._lock:
            now = time.monotonic()
            self._kept = [each for each in self._kept if now - each[0] < _SAME]
            left, pieces = list(key.codes), []
            for _, kept, frame in self._kept:
                held = {*kept.codes} if kept.first <= key.first and key.last <= kept.last else set()
                if mine := tuple(code for code in left if code in held):
                    pieces.append(_cut(frame, key._replace(codes=mine)))
                    left = [code for code in left if code not in held]
            if left:
                given = {name: value for name, value in self.given.items() if name not in ("period", "venue")}
                frame = run(self.plan_of(**{**given, "symbol": left, "start": key.first, "end": key.last}))
                self._kept.append((time.monotonic(), key._replace(codes=tuple(left)), frame))
                pieces.append(frame)
            return pieces[0] if len(pieces) == 1 else _joined(pieces, key)


def _after(first: date, days: int, last: date) -> date:
    """The last of so many trading days from the first on, or the last of all."""
    ahead = trading_days(first, last)
    return ahead[days - 1] if len(ahead) > days else last


def _cut(frame: pl.DataFrame, key: _Key) -> pl.DataFrame:
    whose = [split_code(code) or (code, None) for code in key.codes]
    pairs = pl.DataFrame(whose, schema={"symbol": pl.String, "venue": frame.schema["venue"]}, orient="row")
    inside = frame.filter(pl.col("date").is_between(key.first, key.last))
    return inside.join(pairs, on=["symbol", "venue"], how="semi", maintain_order="left")


def _joined(pieces: list[pl.DataFrame], key: _Key) -> pl.DataFrame:
    """One frame by day, and within a day in the order of the symbols."""
    rank = {split_code(code) or (code, None): n for n, code in enumerate(key.codes)}
    frame = pl.concat(pieces)
    ranks = [rank[pair] for pair in frame.select("symbol", "venue").iter_rows()]
    order = pl.DataFrame({"date": frame["date"], "rank": ranks})
    return frame[order.select(pl.arg_sort_by("date", "rank", maintain_order=True)).to_series()]


def scanned(plan_of: Callable[..., Plan], args: tuple[Any, ...], kwargs: dict[str, Any]) -> pl.LazyFrame:
    columns: Sequence[str] | None = kwargs.pop("columns", None)
    scan = _Scan(plan_of, args, kwargs)
    frame = register_io_source(scan.read, schema=scan.schema)
    return frame if columns is None else frame.select(columns)
