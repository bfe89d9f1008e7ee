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
    "faces": ("Estimate", "estimate", "scan"),
    "lake": ("Lake",),
    "origin": ("Provenance", "provenance"),
    "parquet": ("read_parquet", "write_parquet"),
    "present": ("wide",),
    "questions.brokers": ("broker_exits", "broker_ranking", "broker_stocks", "broker_ticks", "brokers"),
    "questions.etf": (
        *("etf_daily", "etf_daily_flows", "etf_info", "etf_intraday", "etf_quotes", "etf_return"),
        *("etf_trades",),
    ),
    "questions.extremes": (
        *("extremes", "limit_moves", "search_ranking", "valuation_ranking", "volume_records"),
        "volume_walls",
    ),
    "questions.foreigners": (
        "foreign_holdings",
        "foreign_institution_ranking",
        "foreign_ranking",
        "same_side_ranking",
    ),
    "questions.investor_rankings": (
        "buying_streaks",
        "intraday_investor_flow",
        "investor_ranking",
        "investor_totals",
    ),
    "questions.lending": (
        *("credit_eligible", "credit_trend", "lending", "lending_by_stock", "lending_top"),
        *("short_selling",),
    ),
    "questions.program_rankings": ("program_by_stock", "program_ranking"),
    "questions.rankings": ("credit_ranking", "most_traded", "movers", "order_imbalance", "surges"),
    "questions.sectors": ("sector_indices", "sector_quote", "sector_stocks", "sectors"),
    "questions.themes": ("theme_stocks", "themes"),
    "questions.trades": ("daily_detail", "stock_info", "trades"),
    "questions.any_tr": ("catalogue", "describe", "raw", "request", "request_parts"),
    "questions.candles": ("candles", "index_candles"),
    "questions.conditions": ("condition_search", "conditions"),
    "questions.finding": ("find",),
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
    "stream.start": ("Batch", "Gap", "Live", "condition_stream", "stream_to_frame"),
}
MODULES = ("cache", "plot", "simulator")

HOME_OF = {name: home for home, names in HOMES.items() for name in names}
FRAMES = tuple(
    name
    for home in HOMES
    for name in HOMES[home]
    if home.startswith("questions.") and name not in ("raw", "request_parts")
)
"""The functions that give one frame."""
