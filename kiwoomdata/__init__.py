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

from kiwoomdata._public import HOME_OF, MODULES
from kiwoomdata._version import __version__

if TYPE_CHECKING:
    from kiwoomdata import cache as cache
    from kiwoomdata import plot as plot
    from kiwoomdata import simulator as simulator
    from kiwoomdata.client import Client as Client
    from kiwoomdata.client import use as use
    from kiwoomdata.days import is_trading_day as is_trading_day
    from kiwoomdata.days import last_trading_day as last_trading_day
    from kiwoomdata.days import trading_days as trading_days
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
    from kiwoomdata.errors import MissingKey as MissingKey
    from kiwoomdata.errors import NoAnswer as NoAnswer
    from kiwoomdata.errors import NotCached as NotCached
    from kiwoomdata.errors import RateLimited as RateLimited
    from kiwoomdata.errors import StreamError as StreamError
    from kiwoomdata.errors import TransportError as TransportError
    from kiwoomdata.errors import Truncated as Truncated
    from kiwoomdata.errors import UnknownKey as UnknownKey
    from kiwoomdata.errors import UnprovenValue as UnprovenValue
    from kiwoomdata.errors import Unsupported as Unsupported
    from kiwoomdata.origin import Provenance as Provenance
    from kiwoomdata.origin import provenance as provenance
    from kiwoomdata.present import wide as wide
    from kiwoomdata.questions.any_tr import catalogue as catalogue
    from kiwoomdata.questions.any_tr import describe as describe
    from kiwoomdata.questions.any_tr import raw as raw
    from kiwoomdata.questions.any_tr import request as request
    from kiwoomdata.questions.any_tr import request_parts as request_parts
    from kiwoomdata.questions.candles import candles as candles
    from kiwoomdata.questions.candles import index_candles as index_candles
    from kiwoomdata.questions.conditions import condition_search as condition_search
    from kiwoomdata.questions.conditions import condition_stream as condition_stream
    from kiwoomdata.questions.conditions import conditions as conditions
    from kiwoomdata.questions.flows import closing_investor_trades as closing_investor_trades
    from kiwoomdata.questions.flows import intraday_investor_trades as intraday_investor_trades
    from kiwoomdata.questions.flows import investor_flows as investor_flows
    from kiwoomdata.questions.institutions import broker_trend as broker_trend
    from kiwoomdata.questions.institutions import institution_trades as institution_trades
    from kiwoomdata.questions.institutions import institution_trend as institution_trend
    from kiwoomdata.questions.investors import investor_breakdown as investor_breakdown
    from kiwoomdata.questions.investors import sector_flows as sector_flows
    from kiwoomdata.questions.orderbook import after_hours_quote as after_hours_quote
    from kiwoomdata.questions.orderbook import orderbook_snapshot as orderbook_snapshot
    from kiwoomdata.questions.prices import daily_prices as daily_prices
    from kiwoomdata.questions.prices import price_table as price_table
    from kiwoomdata.questions.prices import quote_board as quote_board
    from kiwoomdata.questions.prices import rights_quotes as rights_quotes
    from kiwoomdata.questions.prices import session_summary as session_summary
    from kiwoomdata.questions.prices import trade_strength as trade_strength
    from kiwoomdata.questions.program import arbitrage_balance as arbitrage_balance
    from kiwoomdata.questions.program import program_cumulative as program_cumulative
    from kiwoomdata.questions.program import program_trend as program_trend
    from kiwoomdata.questions.stocks import broker_board as broker_board
    from kiwoomdata.questions.stocks import quotes as quotes
    from kiwoomdata.questions.stocks import stocks as stocks
    from kiwoomdata.questions.stocks import vi_events as vi_events
    from kiwoomdata.recording.replay import replay as replay
    from kiwoomdata.recording.ticks import recording_info as recording_info
    from kiwoomdata.recording.ticks import ticks as ticks
    from kiwoomdata.rest.limits import Quota as Quota
    from kiwoomdata.stream.start import Batch as Batch
    from kiwoomdata.stream.start import Gap as Gap
    from kiwoomdata.stream.start import Live as Live
    from kiwoomdata.stream.start import stream_to_frame as stream_to_frame

__all__ = ["__version__", *sorted(HOME_OF), *MODULES]  # a test holds this and the block above together

logging.getLogger(__name__).addHandler(logging.NullHandler())


if not TYPE_CHECKING:  # so that checkers find a misspelt name

    def __getattr__(name: str) -> Any:
        from importlib import import_module

        if name in MODULES:
            return import_module(f"{__name__}.{name}")
        if name not in HOME_OF:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        value = getattr(import_module(f"{__name__}.{HOME_OF[name]}"), name)
        globals()[name] = value
        return value


def __dir__() -> list[str]:
    return list(__all__)
