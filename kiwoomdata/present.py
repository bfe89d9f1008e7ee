"""How a finished frame is handed over: English or Korean names, OHLCV titles, chosen columns, wide."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal, TypeAlias, TypeVar

import polars as pl

from kiwoomdata import forks
from kiwoomdata.arguments import SUFFIXES
from kiwoomdata.entries import ENDPOINTS
from kiwoomdata.entries.entry import Endpoint
from kiwoomdata.origin import Provenance, attach, attached

__all__ = ["Names", "Style", "choose", "korean_names", "present", "wide"]

Names: TypeAlias = Literal["en", "ko"]
Style: TypeAlias = Literal["plain", "ohlcv"]
Frame = TypeVar("Frame")

# Columns that named functions add, and those of books turned long.
_OURS = {
    "date": "일자",
    "fetched_at": "조회시각",
    "market": "시장구분",
    "investor": "투자자",
    "start": "시작일자",
    "end": "종료일자",
    "kind": "구분",
    "measure": "금액수량구분",
    "symbol": "종목코드",
    "name": "종목명",
    "venue": "거래소",
    "sector": "업종코드",
    "side": "매매구분",
    "rank": "순위",
    "broker": "거래원",
    "broker_name": "거래원명",
    "level": "호가순위",
    "price": "호가",
    "quantity": "잔량",
    "quantity_change": "잔량대비",
    "total_quantity": "총잔량",
    "total_quantity_change": "총잔량대비",
    "regular_quantity": "정규장총잔량",
    "regular_quantity_change": "정규장총잔량대비",
    "after_hours_quantity": "시간외총잔량",
    "after_hours_quantity_change": "시간외총잔량대비",
    "halted": "거래정지",
    "rebased": "기준가변경",
    "finished": "확정",
    "investors_date": "투자자기준일",
    "flow_unit": "수급단위",
    "foreign_unit": "외인수급단위",
}
_OHLCV = {
    "date": "Date",
    "time": "Time",
    "open": "Open",
    "high": "High",
    "low": "Low",
    "close": "Close",
    "volume": "Volume",
}


def korean_names(api_id: str, part: str | None = None) -> dict[str, str]:
    """English column name to Korean, for the columns of a TR and those that we add.

    Where two parts call different things by one name, the part's own goes first: by default the list's.
    """
    return headings(ENDPOINTS[api_id], part)


def headings(endpoint: Endpoint, part: str | None = None) -> dict[str, str]:
    """The same of an entry."""
    first = part or (endpoint.rows.name if endpoint.rows else "")
    names = {
        name: column.korean_for(name)
        for each in sorted(endpoint.parts, key=lambda each: each.name == first)
        for column in each.columns
        for name in (column.name, *map(column.name_for, (None, *column.units)))
    }
    return {**_OURS, **names}


def choose(name: str, value: Any, words: tuple[str, ...]) -> Any:
    if value not in words:
        raise ValueError(f"{name}: expected one of {', '.join(map(repr, words))}, got {value!r}")
    return value


def present(
    frame: pl.DataFrame,
    source: Provenance,
    *,
    names: Names = "en",
    style: Style = "plain",
    columns: Sequence[str] | None = None,
    part: str | None = None,
) -> pl.DataFrame:
    """Give the frame the columns and headings that were asked for, and hang its provenance on it."""
    choose("names", names, ("en", "ko"))
    choose("style", style, ("plain", "ohlcv"))
    if style == "ohlcv" and names == "ko":
        raise ValueError("names, style: 'ko' and 'ohlcv' are two sets of headings; choose one")
    if columns is not None:
        frame = frame.select(chosen_columns(frame, columns))
    titles: dict[str, str] = {}
    if style == "ohlcv":
        missing = [name for name in ("open", "high", "low", "close", "volume") if name not in frame.columns]
        if missing:
            raise ValueError(f"style: 'ohlcv' needs the columns {', '.join(missing)}, which this frame lacks")
        titles = _OHLCV
    elif names == "ko":
        titles = korean_names(source.api_id, part)
    taken = {name: titles[name] for name in frame.columns if name in titles}
    # A key that the catalogue lacks may have the very name that a column gets: it steps aside.
    aside = {name: f"{name}_as_served" for name in set(taken.values()) & set(frame.columns) - set(taken)}
    renamed: pl.DataFrame = attach(frame.rename({**taken, **aside}), source)
    return renamed


class BesideIndex(list[str]):
    """Columns to keep beside what tells the rows apart, which comes first: the day or moment that begins a
    row, symbol, venue, sector."""

    asked: int | None = None
    """How many of the chosen columns, the last ones, were asked for; None until they are chosen."""

    def choose(self, frame: pl.DataFrame) -> list[str]:
        kept, first = list(dict.fromkeys(self)), frame.columns[0]
        telling: list[str] = []
        if frame.schema[first] in (pl.Date, pl.Datetime):
            kept = [name for name in kept if name != first]
            beside = (name for name in ("symbol", "venue", "sector") if name in frame.columns)
            telling = [first, *(name for name in beside if name not in kept)]
        self.asked = len(kept)
        return telling + kept


def chosen_columns(frame: pl.DataFrame, columns: Sequence[str]) -> list[str]:
    """The columns to keep, in the order of the caller; each must be one of the frame's."""
    if columns in ("en", "ko"):
        raise TypeError(
            f"columns: takes names of columns; for Korean or English headings pass names={columns!r}"
        )
    if isinstance(columns, str):
        columns = [columns]
    for name in columns:
        if name not in frame.columns:
            raise ValueError(f"columns: {name!r} is not one of {', '.join(frame.columns)}")
    return columns.choose(frame) if isinstance(columns, BesideIndex) else list(dict.fromkeys(columns))


def wide(frame: Frame, values: str) -> Frame:
    """One column for each symbol, and one row for each day: dates × symbols of one column.

    Parameters
    ----------
    frame
        Of several symbols with one row a day (or moment) and symbol, as the named functions give it; polars
        or pandas.
    values
        The column to spread, such as ``"close"``.

    Returns
    -------
    DataFrame
        Of the same library: polars with the day and one column for each symbol in the order of the frame,
        pandas with the day as index. A symbol without a row on a day is null there. In a frame of several
        venues the columns are ``005930``, ``005930_NX``, ``005930_AL``.

    Raises
    ------
    ValueError, TypeError
        A frame without day or symbol, an unknown column, or two rows of one day and symbol.

    Examples
    --------
    >>> import kiwoomdata as kd
    >>> kd.use("simulator")
    >>> frame = kd.daily_prices("005930,000660", "2024-01-02", "2024-01-05")
    >>> kd.wide(frame, "close").columns
    ['date', '005930', '000660']
    """
    forks.check()
    result: Any
    if isinstance(frame, pl.DataFrame):
        result = _wide(frame, values)
    elif hasattr(frame, "reset_index"):
        spread = _wide(pl.from_pandas(frame.reset_index()), values)
        result = spread.to_pandas().set_index(spread.columns[0]).rename_axis(columns="symbol")
    else:
        raise TypeError(f"frame: expected a polars or pandas frame, got {type(frame).__name__}")
    source = attached(frame)
    return result if source is None else attach(result, source)  # type: ignore[no-any-return]


def _wide(frame: pl.DataFrame, values: str) -> pl.DataFrame:
    if values not in frame.columns:
        raise ValueError(f"values: {values!r} is not one of {', '.join(frame.columns)}")
    when = next((name for name, dtype in frame.schema.items() if dtype in (pl.Date, pl.Datetime)), None)
    symbol = next((name for name in ("symbol", _OURS["symbol"]) if name in frame.columns), None)
    if when is None or symbol is None:
        raise ValueError(f"frame: expected a day (or moment) and symbol, got {', '.join(frame.columns)}")
    venue = next((name for name in ("venue", _OURS["venue"]) if name in frame.columns), None)
    code = pl.col(symbol)
    if venue is not None and frame[venue].n_unique() > 1:
        code += pl.col(venue).cast(pl.String).replace_strict(SUFFIXES, default="")
    cells = frame.select(when, code.alias(" "), pl.col(values).alias("  "))
    twice = cells.filter(cells.select(when, " ").is_duplicated())
    if twice.height:
        raise ValueError(f"frame: {twice[0, 1]} has more than one row of {twice[0, 0]}; expected one")
    return cells.pivot(on=" ", index=when, values="  ").sort(when)
