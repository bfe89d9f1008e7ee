"""What a chart reads of a frame: polars or pandas, English, Title-case or Korean names, one symbol."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import time
from typing import Any

import narwhals as nw
import numpy as np
from numpy.typing import NDArray

from kiwoomdata import forks
from kiwoomdata.client import current
from kiwoomdata.entries import ENDPOINTS
from kiwoomdata.kinds import split_code
from kiwoomdata.names import entitled, name_of
from kiwoomdata.origin import attached
from kiwoomdata.present import korean_names

__all__ = ["Floats", "Moments", "NothingToDraw", "Table", "read", "undrawable"]

Floats = NDArray[np.float64]
Moments = NDArray[np.datetime64]

INDICES = {"001": "KOSPI", "101": "KOSDAQ", "201": "KOSPI 200"}
_MOMENTS = ("date", "time", "datetime")
_KST = "Asia/Seoul"


@dataclass(frozen=True)
class Table:
    """Columns under their English names, in the order of time."""

    numbers: dict[str, Floats]
    """Null is NaN."""
    texts: dict[str, list[str | None]] = field(default_factory=dict)
    moments: Moments | None = None
    """In Seoul, to the microsecond."""
    dated: bool = True
    """Whether the moments name a day, or only a time of day."""
    columns: Sequence[str] = ()
    """What the frame has, by its English names; for messages."""

    def __getitem__(self, name: str) -> Floats:
        return self.numbers[name]

    def __contains__(self, name: str) -> bool:
        return name in self.numbers

    @property
    def rows(self) -> int:
        return len(next(iter(self.numbers.values())))

    @property
    def when(self) -> Moments:
        assert self.moments is not None
        return self.moments

    @property
    def symbol(self) -> str:
        symbols = self.texts.get("symbol")
        return symbols[0] or "" if symbols else ""

    @property
    def heading(self) -> str:
        """Name and code, as far as they are known, and the venue where it is not KRX alone."""
        if not self.symbol:  # an index, or nothing that is named
            sector = self.shared("sector")
            return INDICES.get(sector, sector)
        venues = {"nxt": "NXT", "all": "KRX+NXT"}
        venue = venues.get((self.texts.get("venue") or [""])[0] or "", "")
        return " ".join(filter(None, (self.named(0), venue)))

    @property
    def price_unit(self) -> str:
        """Points of an index, won of all else."""
        return "points" if "sector" in self.texts and "symbol" not in self.texts else "KRW"

    def named(self, row: int) -> str:
        """Name and code of the stock of a row, or the name of its index."""
        symbol, name, sector = (
            (self.texts.get(column) or {row: None})[row] for column in ("symbol", "name", "sector")
        )
        if not symbol and sector:
            return name or INDICES.get(sector, sector)
        return " ".join(dict.fromkeys(filter(None, (name or name_of(symbol or ""), symbol))))

    def since(self, moment: np.datetime64) -> Table:
        """The rows from a moment on."""
        kept = np.flatnonzero(self.when >= moment)
        return replace(
            self,
            numbers={name: column[kept] for name, column in self.numbers.items()},
            texts={name: [column[i] for i in kept] for name, column in self.texts.items()},
            moments=self.when[kept],
        )

    def shared(self, name: str) -> str:
        """The text that all rows have, for titles; nothing where there is none, or another on some row."""
        found = set(self.texts.get(name, ()))
        return (found.pop() or "") if len(found) == 1 else ""

    def only(self, name: str) -> str | None:
        """The one text of a column that is the same on every row; None where it is missing."""
        found = {text for text in self.texts.get(name, ()) if text is not None}
        if len(found) > 1:
            raise ValueError(f"{name}: expected one value on all rows, got {', '.join(sorted(found))}")
        return found.pop() if found else None


class NothingToDraw(ValueError):
    """The columns are right, but there is no value in them yet."""


def undrawable(chart: str, needs: str, why: str, kind: type[ValueError] = ValueError) -> ValueError:
    return kind(f"{chart}: {why}. It needs the columns {needs}")


def read(
    frame: Any,
    chart: str,
    *,
    needs: Sequence[str] = (),
    any_of: Sequence[str] = (),
    may: Sequence[str] = (),
    texts: Sequence[str] = (),
    sources: Sequence[str] = (),
    timed: bool = True,
    one_symbol: bool = True,
    moment: str | None = None,
) -> Table:
    """Take the columns of a chart from a frame, or say which are missing.

    ``needs`` must all be there, of ``any_of`` at least one, ``may`` and ``texts`` as they come.
    ``sources`` are the TRs whose Korean names are understood, beside that of the frame's provenance.
    ``moment`` is a column of time that goes before ``date`` and ``time``, where it is there.
    """
    forks.check()
    table, wording = as_narwhals(frame, chart), _wording(needs, any_of, timed)
    source = attached(frame)
    table = table.rename(
        _english(table.columns, [*([source.api_id] if source else []), *sources], {*needs, *any_of, *may})
    )
    if moment not in table.columns:
        moment = _moment_of(table) if timed else None
    lacking = [name for name in needs if name not in table.columns]
    if any_of and not any(name in table.columns for name in any_of):
        lacking.append(" or ".join(any_of))
    if timed and moment is None:
        lacking.insert(0, "date or time")
    if lacking:
        raise undrawable(
            chart,
            wording,
            f"the frame lacks {', '.join(lacking)}; it has {', '.join(table.columns) or 'none'}",
        )
    if not len(table):
        raise undrawable(chart, wording, "the frame has no rows", NothingToDraw)
    if moment is not None:
        table = table.filter(~nw.col(moment).is_null())
        if not len(table):
            raise undrawable(chart, wording, f"{moment} is null on all rows", NothingToDraw)
    moments, dated = _moments(table[moment], chart) if moment else (None, True)
    wanted = [name for name in dict.fromkeys((*needs, *any_of, *may)) if name in table.columns]
    numbers = {name: _floats(table[name], chart) for name in wanted}
    told = {
        name: [None if t is None else str(t) for t in table[name].to_list()]
        for name in ("symbol", "venue", "name", *texts)
        if name in table.columns
    }
    if one_symbol:
        _check_one_symbol(told, chart)
    drawn = [numbers[name] for name in (*needs, *any_of) if name in numbers]
    if drawn and all(np.isnan(column).all() for column in drawn):
        why = f"there is no value on any of the {len(table)} rows"
        raise undrawable(chart, wording, why, NothingToDraw)
    client = current()
    # A recording and a filtered frame do not say whose they are; a code is the same stock at every server.
    if client is not None and "name" not in told and (source is None or source.server == client.base_url):
        entitled((code for code in set(told.get("symbol", ())) if code and split_code(code)), client)
    found = Table(numbers, told, moments, dated, table.columns)
    return _sorted(found)


def _moment_of(table: nw.DataFrame[Any]) -> str | None:
    """The column of time: a day, unless there is a day and its time in one."""
    found = [name for name in _MOMENTS if name in table.columns]
    whole = [name for name in found if isinstance(table.schema[name], nw.Datetime)]
    return whole[-1] if len(found) > 1 and whole else next(iter(found), None)


def _wording(needs: Sequence[str], any_of: Sequence[str], timed: bool) -> str:
    names = [*(["date (or time)"] if timed else []), *needs]
    return ", ".join([*names, *([f"and one or more of {', '.join(any_of)}"] if any_of else [])])


def as_narwhals(frame: Any, chart: str) -> nw.DataFrame[Any]:
    if isinstance(frame, nw.DataFrame):
        return frame
    index: Any = getattr(frame, "index", None)
    if nw.dependencies.is_pandas_dataframe(frame):
        if str(index.dtype).startswith("datetime64") and index.name is None:
            frame = frame.rename_axis(index="date")
        if any(name is not None for name in frame.index.names):
            frame = frame.reset_index()
    try:
        return nw.from_native(frame, eager_only=True)
    except TypeError:
        lazy = ", got a lazy frame: call .collect() first" if hasattr(frame, "collect") else ""
        raise TypeError(
            f"{chart}: frame: expected a polars or pandas frame{lazy or f', got {type(frame).__name__}'}"
        ) from None


def _english(columns: Sequence[str], api_ids: Sequence[str], wanted: set[str]) -> dict[str, str]:
    """What to call columns: Korean names by the TRs, Title-case ones in small letters."""
    names: dict[str, str] = {}
    for api_id in dict.fromkeys(api_ids):
        known = korean_names(api_id) if api_id in ENDPOINTS else {}  # a frame may come from what is no TR
        # Where two columns share a Korean name, the one that the chart asks for is meant.
        for name in sorted(known, key=lambda name: name not in {*wanted, *_MOMENTS}):
            names.setdefault(known[name], name)
    taken, found = set(columns), {}
    for column in columns:
        name = names.get(column, column.lower())
        if name != column and name not in taken:
            taken.add(name)
            found[column] = name
    return found


def _moments(series: nw.Series[Any], chart: str) -> tuple[Moments, bool]:
    if isinstance(series.dtype, nw.Datetime) and series.dtype.time_zone is not None:
        series = series.dt.convert_time_zone(_KST).dt.replace_time_zone(None)
    if isinstance(series.dtype, nw.Date | nw.Datetime):
        return series.to_numpy().astype("datetime64[us]"), True
    values = series.to_list()
    if all(isinstance(value, time) for value in values):
        clock = [((t.hour * 60 + t.minute) * 60 + t.second) * 1_000_000 + t.microsecond for t in values]
        return np.array(clock, dtype="datetime64[us]"), False
    raise ValueError(f"{chart}: {series.name}: expected dates or times, got {series.dtype}")


def _floats(series: nw.Series[Any], chart: str) -> Floats:
    # A column of nulls alone has no numeric dtype.
    if series.dtype.is_numeric() or series.dtype == nw.Boolean or series.is_null().all():
        return series.cast(nw.Float64).to_numpy().astype(np.float64)
    raise ValueError(f"{chart}: {series.name}: expected numbers, got {series.dtype}")


def _check_one_symbol(told: dict[str, list[str | None]], chart: str) -> None:
    for name in ("symbol", "venue"):
        found = list(dict.fromkeys(told.get(name, ())))
        if len(found) > 1:
            some = ", ".join(map(str, found[:4])) + (", …" if len(found) > 4 else "")
            raise ValueError(
                f"{chart}: the frame holds {len(found)} {name}s ({some}); draw one of them: "
                f"frame.filter(pl.col({name!r}) == {found[0]!r}), or frame[frame[{name!r}] == {found[0]!r}] "
                "of a pandas frame"
            )


def _sorted(table: Table) -> Table:
    moments = table.moments
    if moments is None or (moments[1:] >= moments[:-1]).all():
        return table
    order = np.argsort(moments, kind="stable")
    return Table(
        {name: column[order] for name, column in table.numbers.items()},
        {name: [column[i] for i in order] for name, column in table.texts.items()},
        moments[order],
        table.dated,
        table.columns,
    )
