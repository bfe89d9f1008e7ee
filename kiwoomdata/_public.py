"""The public names, each with the module it lives in. The faces of the package are made from this table."""

from __future__ import annotations

HOMES = {
    "client": ("Client", "use"),
    "days": ("is_trading_day", "last_trading_day", "trading_days"),
    "errors": (
        *("ApiError", "AuthError", "BufferFull", "CacheError", "ConfigError", "ConnectionLost"),
        *("DecodeError", "EmptyAnswer", "IncompleteFrame", "Kicked", "KiwoomDataError"),
        *("KiwoomDataWarning", "LoginRefused", "MissingKey", "NoAnswer", "NotCached", "RateLimited"),
        *("StreamError", "TransportError", "Truncated", "UnknownKey", "UnprovenValue", "Unsupported"),
    ),
    "origin": ("Provenance", "provenance"),
    "present": ("wide",),
    "questions.any_tr": ("catalogue", "describe", "raw", "request", "request_parts"),
    "questions.candles": ("candles", "index_candles"),
    "questions.conditions": ("condition_search", "condition_stream", "conditions"),
    "questions.flows": ("closing_investor_trades", "intraday_investor_trades", "investor_flows"),
    "questions.institutions": ("broker_trend", "institution_trades", "institution_trend"),
    "questions.investors": ("investor_breakdown", "sector_flows"),
    "questions.orderbook": ("after_hours_quote", "orderbook_snapshot"),
    "questions.prices": (
        *("daily_prices", "price_table", "quote_board", "rights_quotes", "session_summary"),
        "trade_strength",
    ),
    "questions.program": ("arbitrage_balance", "program_cumulative", "program_trend"),
    "questions.stocks": ("broker_board", "quotes", "stocks", "vi_events"),
    "recording.replay": ("replay",),
    "recording.ticks": ("recording_info", "ticks"),
    "rest.limits": ("Quota",),
    "stream.start": ("Batch", "Gap", "Live", "stream_to_frame"),
}
MODULES = ("cache", "plot", "simulator")

HOME_OF = {name: home for home, names in HOMES.items() for name in names}
FRAMES = tuple(
    name
    for home in HOMES
    for name in HOMES[home]
    if home.startswith("questions.") and name not in ("raw", "request_parts", "condition_stream")
)
"""The functions that give one frame."""
