"""Kiwoom Securities market data as polars and pandas frames that can be trusted.

>>> import kiwoomdata as kd
>>> kd.use("simulator")
>>> kd.daily_prices("005930", "2024-01-02", "2024-01-31").height
22

Importing the package imports next to nothing: each name is loaded when it is first used.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from kiwoomdata._version import __version__

if TYPE_CHECKING:
    from kiwoomdata import cache as cache
    from kiwoomdata import plot as plot
    from kiwoomdata import simulator as simulator
    from kiwoomdata.client import Client as Client
    from kiwoomdata.errors import ApiError as ApiError
    from kiwoomdata.errors import AuthError as AuthError
    from kiwoomdata.errors import BufferFull as BufferFull
    from kiwoomdata.errors import CacheError as CacheError
    from kiwoomdata.errors import ConfigError as ConfigError
    from kiwoomdata.errors import ConnectionLost as ConnectionLost
    from kiwoomdata.errors import DecodeError as DecodeError
    from kiwoomdata.errors import EmptyAnswer as EmptyAnswer
    from kiwoomdata.errors import IncompleteFrame as IncompleteFrame
    from kiwoomdata.errors import Kicked as Kicked
    from kiwoomdata.errors import KiwoomDataError as KiwoomDataError
    from kiwoomdata.errors import KiwoomDataWarning as KiwoomDataWarning
    from kiwoomdata.errors import LoginRefused as LoginRefused
    from kiwoomdata.errors import NoAnswer as NoAnswer
    from kiwoomdata.errors import NotCached as NotCached
    from kiwoomdata.errors import RateLimited as RateLimited
    from kiwoomdata.errors import StreamError as StreamError
    from kiwoomdata.errors import TransportError as TransportError
    from kiwoomdata.errors import Truncated as Truncated
    from kiwoomdata.errors import UnknownKey as UnknownKey
    from kiwoomdata.errors import UnprovenValue as UnprovenValue
    from kiwoomdata.errors import Unsupported as Unsupported
    from kiwoomdata.flows import closing_investor_trades as closing_investor_trades
    from kiwoomdata.flows import intraday_investor_trades as intraday_investor_trades
    from kiwoomdata.flows import investor_flows as investor_flows
    from kiwoomdata.institutions import broker_trend as broker_trend
    from kiwoomdata.institutions import institution_trades as institution_trades
    from kiwoomdata.institutions import institution_trend as institution_trend
    from kiwoomdata.limits import Quota as Quota
    from kiwoomdata.orderbook import after_hours_quote as after_hours_quote
    from kiwoomdata.orderbook import orderbook_snapshot as orderbook_snapshot
    from kiwoomdata.origin import Provenance as Provenance
    from kiwoomdata.origin import provenance as provenance
    from kiwoomdata.prices import daily_prices as daily_prices
    from kiwoomdata.prices import price_table as price_table
    from kiwoomdata.prices import quote_board as quote_board
    from kiwoomdata.prices import rights_quotes as rights_quotes
    from kiwoomdata.prices import session_summary as session_summary
    from kiwoomdata.prices import trade_strength as trade_strength
    from kiwoomdata.program import arbitrage_balance as arbitrage_balance
    from kiwoomdata.program import program_cumulative as program_cumulative
    from kiwoomdata.program import program_trend as program_trend
    from kiwoomdata.reference import catalogue as catalogue
    from kiwoomdata.reference import describe as describe
    from kiwoomdata.reference import raw as raw
    from kiwoomdata.reference import request as request
    from kiwoomdata.searches import condition_search as condition_search
    from kiwoomdata.searches import condition_stream as condition_stream
    from kiwoomdata.searches import conditions as conditions
    from kiwoomdata.settings import use as use
    from kiwoomdata.simulator.replay import replay as replay
    from kiwoomdata.stream.lake import recording_info as recording_info
    from kiwoomdata.stream.lake import ticks as ticks
    from kiwoomdata.stream.live import Batch as Batch
    from kiwoomdata.stream.live import Gap as Gap
    from kiwoomdata.stream.live import Live as Live
    from kiwoomdata.stream.live import stream_to_frame as stream_to_frame

# Which module each public name lives in. A test holds this and the block above together.
_HOMES = {
    "client": ("Client",),
    "settings": ("use",),
    "simulator.replay": ("replay",),
    "searches": ("condition_search", "condition_stream", "conditions"),
    "stream.lake": ("recording_info", "ticks"),
    "stream.live": ("Batch", "Gap", "Live", "stream_to_frame"),
    "errors": (
        *("ApiError", "AuthError", "BufferFull", "CacheError", "ConfigError", "ConnectionLost"),
        *("DecodeError", "EmptyAnswer", "IncompleteFrame", "Kicked", "KiwoomDataError"),
        *("KiwoomDataWarning", "LoginRefused", "NoAnswer", "NotCached", "RateLimited", "StreamError"),
        *("TransportError", "Truncated", "UnknownKey", "UnprovenValue", "Unsupported"),
    ),
    "flows": ("closing_investor_trades", "intraday_investor_trades", "investor_flows"),
    "institutions": ("broker_trend", "institution_trades", "institution_trend"),
    "limits": ("Quota",),
    "orderbook": ("after_hours_quote", "orderbook_snapshot"),
    "prices": (
        *("daily_prices", "price_table", "quote_board", "rights_quotes", "session_summary"),
        "trade_strength",
    ),
    "program": ("arbitrage_balance", "program_cumulative", "program_trend"),
    "origin": ("Provenance", "provenance"),
    "reference": ("catalogue", "describe", "raw", "request"),
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}
_MODULES = ("cache", "plot", "simulator")

__all__ = ["__version__", *sorted(_HOME_OF), *_MODULES]

logging.getLogger(__name__).addHandler(logging.NullHandler())


def __getattr__(name: str) -> Any:
    from importlib import import_module

    if name in _MODULES:
        return import_module(f"{__name__}.{name}")
    if name not in _HOME_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"{__name__}.{_HOME_OF[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
