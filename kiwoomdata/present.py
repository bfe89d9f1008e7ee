"""How a finished frame is handed over: polars or pandas, English or Korean names, OHLCV titles."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, TypeAlias

import polars as pl

from kiwoomdata.entries import ENDPOINTS
from kiwoomdata.origin import Provenance, attach

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["As", "Columns", "Style", "korean_names", "present", "to_pandas"]

As: TypeAlias = Literal["polars", "pandas"]
Columns: TypeAlias = Literal["en", "ko"]
Style: TypeAlias = Literal["plain", "ohlcv"]

# Columns that named functions add, and those of books turned long.
_OURS = {
    "symbol": "종목코드",
    "venue": "거래소",
    "side": "매매구분",
    "level": "호가순위",
    "price": "호가",
    "quantity": "잔량",
    "change": "잔량대비",
    "total_quantity": "총잔량",
    "total_change": "총잔량대비",
    "regular_quantity": "정규장총잔량",
    "regular_change": "정규장총잔량대비",
    "after_hours_quantity": "시간외총잔량",
    "after_hours_change": "시간외총잔량대비",
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


def korean_names(api_id: str) -> dict[str, str]:
    """English column name to Korean, for the columns of a TR and those that we add."""
    # The API's own name of the value says millions; ours are won.
    names = {
        column.name: column.ko.removesuffix("(백만)")
        for part in ENDPOINTS[api_id].parts
        for column in part.columns
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
    as_: As = "polars",
    columns: Columns = "en",
    style: Style = "plain",
) -> Any:
    """Give the frame the form that was asked for, and hang its provenance on it."""
    choose("as_", as_, ("polars", "pandas"))
    choose("columns", columns, ("en", "ko"))
    choose("style", style, ("plain", "ohlcv"))
    names: dict[str, str] = {}
    if style == "ohlcv" and columns == "ko":
        raise ValueError("columns, style: 'ko' and 'ohlcv' are two sets of names; choose one")
    if style == "ohlcv":
        missing = [name for name in ("open", "high", "low", "close", "volume") if name not in frame.columns]
        if missing:
            raise ValueError(f"style: 'ohlcv' needs the columns {', '.join(missing)}, which this frame lacks")
        names = _OHLCV
    elif columns == "ko":
        names = korean_names(source.api_id)
    chosen = {name: names[name] for name in frame.columns if name in names}
    # A key that the catalogue lacks may have the very name that a column gets: it steps aside.
    aside = {name: f"{name}_as_served" for name in set(chosen.values()) & set(frame.columns) - set(chosen)}
    renamed = frame.rename({**chosen, **aside})
    if as_ == "pandas":
        index = next(
            (n for n in ("date", "time") if n in frame.columns and frame[n].dtype != pl.Time()), None
        )
        return attach(to_pandas(renamed, names.get(index, index) if index else None), source)
    return attach(renamed, source)


def to_pandas(frame: pl.DataFrame, index: str | None) -> pd.DataFrame:
    """A pandas frame with numpy dtypes (int64, or float64 where values are missing) and a DatetimeIndex."""
    try:
        import pandas  # noqa: F401 - polars asks for both only when it converts
        import pyarrow  # noqa: F401
    except ImportError as error:
        raise ImportError(
            "as_='pandas' needs pandas and pyarrow: pip install 'kiwoomdata[pandas]'"
        ) from error
    plain = frame.with_columns(
        pl.col(name).cast(pl.String) for name, dtype in frame.schema.items() if dtype == pl.Enum
    )
    days = [name for name, dtype in plain.schema.items() if dtype == pl.Date()]
    result = plain.with_columns(pl.col(days).cast(pl.Datetime("us"))).to_pandas()
    return result.set_index(index) if index is not None else result
