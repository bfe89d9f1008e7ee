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
    from kiwoomdata.faces import Estimate as Estimate
    from kiwoomdata.faces import estimate as estimate
    from kiwoomdata.faces import scan as scan
    from kiwoomdata.lake import Lake as Lake
    from kiwoomdata.origin import Provenance as Provenance
    from kiwoomdata.origin import provenance as provenance
    from kiwoomdata.parquet import read_parquet as read_parquet
    from kiwoomdata.parquet import write_parquet as write_parquet
    from kiwoomdata.present import wide as wide
    from kiwoomdata.questions.any_tr import catalogue as catalogue
    from kiwoomdata.questions.any_tr import describe as describe
    from kiwoomdata.questions.any_tr import raw as raw
    from kiwoomdata.questions.any_tr import request as request
    from kiwoomdata.questions.any_tr import request_parts as request_parts
    from kiwoomdata.questions.brokers import broker_exits as broker_exits
    from kiwoomdata.questions.brokers import broker_ranking as broker_ranking
    from kiwoomdata.questions.brokers import broker_stocks as broker_stocks
    from kiwoomdata.questions.brokers import broker_ticks as broker_ticks
    from kiwoomdata.questions.brokers import brokers as brokers
    from kiwoomdata.questions.candles import candles as candles
    from kiwoomdata.questions.candles import index_candles as index_candles
    from kiwoomdata.questions.conditions import condition_search as condition_search
    from kiwoomdata.questions.conditions import conditions as conditions
    from kiwoomdata.questions.etf import etf_daily as etf_daily
    from kiwoomdata.questions.etf import etf_daily_flows as etf_daily_flows
    from kiwoomdata.questions.etf import etf_info as etf_info
    from kiwoomdata.questions.etf import etf_intraday as etf_intraday
    from kiwoomdata.questions.etf import etf_quotes as etf_quotes
    from kiwoomdata.questions.etf import etf_return as etf_return
    from kiwoomdata.questions.etf import etf_trades as etf_trades
    from kiwoomdata.questions.extremes import extremes as extremes
    from kiwoomdata.questions.extremes import limit_moves as limit_moves
    from kiwoomdata.questions.extremes import search_ranking as search_ranking
    from kiwoomdata.questions.extremes import valuation_ranking as valuation_ranking
    from kiwoomdata.questions.extremes import volume_records as volume_records
    from kiwoomdata.questions.extremes import volume_walls as volume_walls
    from kiwoomdata.questions.finding import find as find
    from kiwoomdata.questions.flows import closing_investor_trades as closing_investor_trades
    from kiwoomdata.questions.flows import intraday_investor_trades as intraday_investor_trades
    from kiwoomdata.questions.flows import investor_flows as investor_flows
    from kiwoomdata.questions.foreigners import foreign_holdings as foreign_holdings
    from kiwoomdata.questions.foreigners import (
        foreign_institution_ranking as foreign_institution_ranking,
    )
    from kiwoomdata.questions.foreigners import foreign_ranking as foreign_ranking
    from kiwoomdata.questions.foreigners import same_side_ranking as same_side_ranking
    from kiwoomdata.questions.institutions import broker_trend as broker_trend
    from kiwoomdata.questions.institutions import institution_trades as institution_trades
    from kiwoomdata.questions.institutions import institution_trend as institution_trend
    from kiwoomdata.questions.investor_rankings import buying_streaks as buying_streaks
    from kiwoomdata.questions.investor_rankings import intraday_investor_flow as intraday_investor_flow
    from kiwoomdata.questions.investor_rankings import investor_ranking as investor_ranking
    from kiwoomdata.questions.investor_rankings import investor_totals as investor_totals
    from kiwoomdata.questions.investors import investor_breakdown as investor_breakdown
    from kiwoomdata.questions.investors import sector_flows as sector_flows
    from kiwoomdata.questions.lending import credit_eligible as credit_eligible
    from kiwoomdata.questions.lending import credit_trend as credit_trend
    from kiwoomdata.questions.lending import lending as lending
    from kiwoomdata.questions.lending import lending_by_stock as lending_by_stock
    from kiwoomdata.questions.lending import lending_top as lending_top
    from kiwoomdata.questions.lending import short_selling as short_selling
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
    from kiwoomdata.questions.program_rankings import program_by_stock as program_by_stock
    from kiwoomdata.questions.program_rankings import program_ranking as program_ranking
    from kiwoomdata.questions.rankings import credit_ranking as credit_ranking
    from kiwoomdata.questions.rankings import most_traded as most_traded
    from kiwoomdata.questions.rankings import movers as movers
    from kiwoomdata.questions.rankings import order_imbalance as order_imbalance
    from kiwoomdata.questions.rankings import surges as surges
    from kiwoomdata.questions.sectors import sector_indices as sector_indices
    from kiwoomdata.questions.sectors import sector_quote as sector_quote
    from kiwoomdata.questions.sectors import sector_stocks as sector_stocks
    from kiwoomdata.questions.sectors import sectors as sectors
    from kiwoomdata.questions.stocks import broker_board as broker_board
    from kiwoomdata.questions.stocks import quotes as quotes
    from kiwoomdata.questions.stocks import stocks as stocks
    from kiwoomdata.questions.stocks import vi_events as vi_events
    from kiwoomdata.questions.themes import theme_stocks as theme_stocks
    from kiwoomdata.questions.themes import themes as themes
    from kiwoomdata.questions.trades import daily_detail as daily_detail
    from kiwoomdata.questions.trades import stock_info as stock_info
    from kiwoomdata.questions.trades import trades as trades
    from kiwoomdata.recording.replay import replay as replay
    from kiwoomdata.recording.ticks import recording_info as recording_info
    from kiwoomdata.recording.ticks import ticks as ticks
    from kiwoomdata.rest.limits import Quota as Quota
    from kiwoomdata.stream.start import Batch as Batch
    from kiwoomdata.stream.start import Gap as Gap
    from kiwoomdata.stream.start import Live as Live
    from kiwoomdata.stream.start import condition_stream as condition_stream
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
