"""The same functions, giving pandas frames: ``import kiwoomdata.pandas as kd``.

>>> import kiwoomdata.pandas as kd
>>> kd.use("simulator")
>>> frame = kd.daily_prices("005930", "2024-01-02", "2024-01-05")
>>> type(frame).__module__.partition(".")[0], frame.index.name, len(frame)
('pandas', 'date', 4)

Frames have numpy dtypes (int64, or float64 where values are missing), a DatetimeIndex where rows have a
day, a MultiIndex of day and symbol where several symbols were asked for, whatever ``columns=`` keeps beside
it, and their provenance in ``frame.attrs["kiwoomdata"]``. All else is as in :mod:`kiwoomdata`.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from functools import wraps
from typing import TYPE_CHECKING, Any, ParamSpec, TypeAlias, TypeVar

import polars as pl

import kiwoomdata as _kd
from kiwoomdata import forks
from kiwoomdata._public import FRAMES, HOME_OF, MODULES
from kiwoomdata.entries import ENDPOINTS
from kiwoomdata.kinds import split_code
from kiwoomdata.origin import attach, attached
from kiwoomdata.present import BesideIndex, korean_names
from kiwoomdata.stream.start import Streams

try:
    import pandas as pd
    import pyarrow  # noqa: F401 - polars asks for it only when it converts
except ImportError as error:
    raise ImportError(
        f"kiwoomdata.pandas could not load pandas and pyarrow ({error}): pip install 'kiwoomdata[pandas]'"
    ) from error

__all__ = sorted({"__version__", "to_pandas", *HOME_OF, *MODULES})

P = ParamSpec("P")
G = TypeVar("G")
H = TypeVar("H")


def to_pandas(frame: pl.DataFrame) -> pd.DataFrame:
    """A polars frame of this package as a pandas frame, with its index and its provenance.

    The index is the day (or moment) that begins a row; where several symbols were asked for, day and symbol.
    """
    forks.check()
    source = attached(frame)
    index = _index(frame, source)
    enums = [name for name, dtype in frame.schema.items() if dtype == pl.Enum]
    days = [name for name, dtype in frame.schema.items() if dtype == pl.Date()]
    plain = frame.with_columns(pl.col(enums).cast(pl.String), pl.col(days).cast(pl.Datetime("us")))
    result: pd.DataFrame = plain.to_pandas()
    if index:
        result = result.set_index(index)
    if source is not None:
        attach(result, source)
    return result


def _index(frame: pl.DataFrame, source: _kd.Provenance | None) -> list[str]:
    """The columns that become the index: so many that ``.loc`` and ``pct_change`` never mix two symbols.

    What was asked for decides, not what came, so that a code without rows does not change the shape.
    """
    names = korean_names(source.api_id) if source is not None and source.api_id in ENDPOINTS else {}

    def heading(*words: str) -> str | None:
        forms = (form for word in words for form in (word, word.title(), names.get(word, word)))
        return next((form for form in forms if form in frame.columns), None)

    when = heading("date", "time") if source is None else next(iter(frame.columns), None)
    if when is None or frame[when].dtype not in (pl.Date, pl.Datetime):
        return []
    asked = [split_code(code) for code in str((source and source.params.get("stk_cd")) or "").split(",")]
    levels = [when]
    sector = heading("sector")
    several = len(asked) > 1 and not any(asked)
    if sector is not None and (several or frame[sector].n_unique() > 1):  # a list of a day's sectors, too
        levels.append(sector)
    for place, word in enumerate(("symbol", "venue")):
        column = heading(word)
        several = len({parts[place] for parts in asked if parts}) > 1
        if source is None and column is not None:  # put together of several, say
            several = frame[when].dtype == pl.Date and frame[column].n_unique() > 1
        if column is not None and several:
            levels.append(column)
    return levels


def in_pandas(function: Callable[P, pl.DataFrame]) -> Callable[P, pd.DataFrame]:
    """The same function, giving a pandas frame; also the ``.frame`` of an error is one."""
    return _handing(function, _handed, "pandas.DataFrame")


def _handed(frame: pl.DataFrame, columns: object = None) -> pd.DataFrame:
    """The pandas frame, with the ``columns`` that were asked for beside its index."""
    result = to_pandas(frame)
    if not isinstance(columns, BesideIndex) or columns.asked is None:
        return result
    asked = frame.columns[frame.width - columns.asked :]
    return result[[name for name in asked if name not in result.index.names]]


def _handing(function: Callable[P, G], hand: Callable[[G, object], H], given: str) -> Callable[P, H]:
    """The same function, with what it gives handed over, as its help says by the word ``given``."""

    @wraps(function)
    def handing(*args: P.args, **kwargs: P.kwargs) -> H:
        columns = kwargs.get("columns")
        if isinstance(columns, Sequence) and columns not in ("en", "ko"):
            columns = kwargs["columns"] = BesideIndex([columns] if isinstance(columns, str) else columns)
        try:
            return hand(function(*args, **kwargs), columns)
        except Exception as error:
            rows = getattr(error, "frame", None)
            if isinstance(rows, pl.DataFrame):
                error.frame = _handed(rows, columns)  # type: ignore[attr-defined]  # our errors have the place
            raise

    handing.__signature__ = inspect.signature(function).replace(return_annotation=given)  # type: ignore[attr-defined]
    handing.__doc__ = _doc(function)
    return handing


def _doc(function: Callable[..., object]) -> str:
    """The text of the polars function, saying that the frame is one of pandas; its examples show polars."""
    text, _, _ = inspect.cleandoc(function.__doc__ or "").partition("\nExamples\n--------\n")
    text = text.replace("Returns\n-------\nDataFrame\n", "Returns\n-------\npandas.DataFrame\n")
    return f"{text.rstrip()}\n\nThe frame is a pandas frame; columns of days and times are datetime64.\n"


recording_info = in_pandas(_kd.recording_info)
read_parquet = in_pandas(_kd.read_parquet)


request_parts = _handing(
    _kd.request_parts,
    lambda parts, _: {name: to_pandas(frame) for name, frame in parts.items()},
    "dict[str, pandas.DataFrame]",
)
ticks = _handing(_kd.ticks, lambda lazy, _: to_pandas(lazy.collect()), "pandas.DataFrame")


class cache:
    """The store: :func:`info` as a pandas frame, :func:`clear`, and ``path``."""

    info = staticmethod(in_pandas(_kd.cache.info))
    clear = staticmethod(_kd.cache.clear)


_PANDAS = Streams(to_pandas)
stream_to_frame, condition_stream = _PANDAS.stream_to_frame, _PANDAS.condition_stream


if TYPE_CHECKING:
    Batch: TypeAlias = _kd.Batch[pd.DataFrame]
    Live: TypeAlias = _kd.Live[pd.DataFrame]

    # One line a function; a test holds them and the table of public names together.
    from kiwoomdata import ApiError as ApiError
    from kiwoomdata import AuthError as AuthError
    from kiwoomdata import BufferFull as BufferFull
    from kiwoomdata import CacheError as CacheError
    from kiwoomdata import Client as Client
    from kiwoomdata import ConfigError as ConfigError
    from kiwoomdata import ConnectionLost as ConnectionLost
    from kiwoomdata import DecodeError as DecodeError
    from kiwoomdata import EmptyAnswer as EmptyAnswer
    from kiwoomdata import Estimate as Estimate
    from kiwoomdata import Gap as Gap
    from kiwoomdata import IncompleteFrame as IncompleteFrame
    from kiwoomdata import Kicked as Kicked
    from kiwoomdata import KiwoomDataError as KiwoomDataError
    from kiwoomdata import KiwoomDataWarning as KiwoomDataWarning
    from kiwoomdata import Lake as Lake
    from kiwoomdata import LoginRefused as LoginRefused
    from kiwoomdata import MissingKey as MissingKey
    from kiwoomdata import NoAnswer as NoAnswer
    from kiwoomdata import NotCached as NotCached
    from kiwoomdata import Provenance as Provenance
    from kiwoomdata import Quota as Quota
    from kiwoomdata import RateLimited as RateLimited
    from kiwoomdata import StreamError as StreamError
    from kiwoomdata import TransportError as TransportError
    from kiwoomdata import Truncated as Truncated
    from kiwoomdata import UnknownKey as UnknownKey
    from kiwoomdata import UnprovenValue as UnprovenValue
    from kiwoomdata import Unsupported as Unsupported
    from kiwoomdata import estimate as estimate
    from kiwoomdata import is_trading_day as is_trading_day
    from kiwoomdata import last_trading_day as last_trading_day
    from kiwoomdata import plot as plot
    from kiwoomdata import provenance as provenance
    from kiwoomdata import raw as raw
    from kiwoomdata import replay as replay
    from kiwoomdata import scan as scan
    from kiwoomdata import simulator as simulator
    from kiwoomdata import trading_days as trading_days
    from kiwoomdata import use as use
    from kiwoomdata import wide as wide
    from kiwoomdata import write_parquet as write_parquet

    after_hours_quote = in_pandas(_kd.after_hours_quote)
    arbitrage_balance = in_pandas(_kd.arbitrage_balance)
    broker_board = in_pandas(_kd.broker_board)
    broker_exits = in_pandas(_kd.broker_exits)
    broker_ranking = in_pandas(_kd.broker_ranking)
    broker_stocks = in_pandas(_kd.broker_stocks)
    broker_ticks = in_pandas(_kd.broker_ticks)
    broker_trend = in_pandas(_kd.broker_trend)
    brokers = in_pandas(_kd.brokers)
    buying_streaks = in_pandas(_kd.buying_streaks)
    candles = in_pandas(_kd.candles)
    catalogue = in_pandas(_kd.catalogue)
    closing_investor_trades = in_pandas(_kd.closing_investor_trades)
    condition_search = in_pandas(_kd.condition_search)
    conditions = in_pandas(_kd.conditions)
    credit_eligible = in_pandas(_kd.credit_eligible)
    credit_ranking = in_pandas(_kd.credit_ranking)
    credit_trend = in_pandas(_kd.credit_trend)
    daily_detail = in_pandas(_kd.daily_detail)
    daily_prices = in_pandas(_kd.daily_prices)
    describe = in_pandas(_kd.describe)
    etf_daily = in_pandas(_kd.etf_daily)
    etf_daily_flows = in_pandas(_kd.etf_daily_flows)
    etf_info = in_pandas(_kd.etf_info)
    etf_intraday = in_pandas(_kd.etf_intraday)
    etf_quotes = in_pandas(_kd.etf_quotes)
    etf_return = in_pandas(_kd.etf_return)
    etf_trades = in_pandas(_kd.etf_trades)
    extremes = in_pandas(_kd.extremes)
    find = in_pandas(_kd.find)
    foreign_holdings = in_pandas(_kd.foreign_holdings)
    foreign_institution_ranking = in_pandas(_kd.foreign_institution_ranking)
    foreign_ranking = in_pandas(_kd.foreign_ranking)
    index_candles = in_pandas(_kd.index_candles)
    institution_trades = in_pandas(_kd.institution_trades)
    institution_trend = in_pandas(_kd.institution_trend)
    intraday_investor_flow = in_pandas(_kd.intraday_investor_flow)
    intraday_investor_trades = in_pandas(_kd.intraday_investor_trades)
    investor_breakdown = in_pandas(_kd.investor_breakdown)
    investor_flows = in_pandas(_kd.investor_flows)
    investor_ranking = in_pandas(_kd.investor_ranking)
    investor_totals = in_pandas(_kd.investor_totals)
    lending = in_pandas(_kd.lending)
    lending_by_stock = in_pandas(_kd.lending_by_stock)
    lending_top = in_pandas(_kd.lending_top)
    limit_moves = in_pandas(_kd.limit_moves)
    most_traded = in_pandas(_kd.most_traded)
    movers = in_pandas(_kd.movers)
    order_imbalance = in_pandas(_kd.order_imbalance)
    orderbook_snapshot = in_pandas(_kd.orderbook_snapshot)
    price_table = in_pandas(_kd.price_table)
    program_by_stock = in_pandas(_kd.program_by_stock)
    program_cumulative = in_pandas(_kd.program_cumulative)
    program_ranking = in_pandas(_kd.program_ranking)
    program_trend = in_pandas(_kd.program_trend)
    quote_board = in_pandas(_kd.quote_board)
    quotes = in_pandas(_kd.quotes)
    request = in_pandas(_kd.request)
    rights_quotes = in_pandas(_kd.rights_quotes)
    same_side_ranking = in_pandas(_kd.same_side_ranking)
    search_ranking = in_pandas(_kd.search_ranking)
    sector_flows = in_pandas(_kd.sector_flows)
    sector_indices = in_pandas(_kd.sector_indices)
    sector_quote = in_pandas(_kd.sector_quote)
    sector_stocks = in_pandas(_kd.sector_stocks)
    sectors = in_pandas(_kd.sectors)
    session_summary = in_pandas(_kd.session_summary)
    short_selling = in_pandas(_kd.short_selling)
    stock_info = in_pandas(_kd.stock_info)
    stocks = in_pandas(_kd.stocks)
    surges = in_pandas(_kd.surges)
    theme_stocks = in_pandas(_kd.theme_stocks)
    themes = in_pandas(_kd.themes)
    trade_strength = in_pandas(_kd.trade_strength)
    trades = in_pandas(_kd.trades)
    valuation_ranking = in_pandas(_kd.valuation_ranking)
    vi_events = in_pandas(_kd.vi_events)
    volume_records = in_pandas(_kd.volume_records)
    volume_walls = in_pandas(_kd.volume_walls)
else:

    def __getattr__(name: str) -> Any:
        from importlib import import_module

        if name not in HOME_OF and name not in MODULES and name != "__version__":
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        value = getattr(import_module("kiwoomdata"), name)
        globals()[name] = value = in_pandas(value) if name in FRAMES else value
        return value


def __dir__() -> list[str]:
    return list(__all__)
