"""What people call things, and what answers it: functions, TRs and feeds, the best first."""

from __future__ import annotations

__all__ = ["SYNONYMS"]

_CANDLES = "candles index_candles"
_FLOWS = (
    "investor_flows investor_breakdown investor_totals intraday_investor_flow sector_flows buying_streaks"
)
_BOOK = "orderbook_snapshot orderbook price_table volume_walls"
_TRADES = "trades trade stream_to_frame"
_NOW = "quotes session_summary quote_board stock_info"
_MOVERS = "movers surges limit_moves"
_LIVE = "stream_to_frame condition_stream"
_BROKERS = "broker_board broker_trend brokers broker_stocks broker_ranking"
_INDICES = "index_candles sector_indices sector_quote"
_CONDITIONS = "condition_search conditions condition_stream"

_TABLE = {
    "수급, 투자자별매매, 매매동향, 순매수, supply and demand, investor flow, net buying, money flow": _FLOWS,
    "외국인, 외인, foreigners, foreign ownership": "foreign_holdings investor_flows foreign_ranking",
    "기관, institutions, institutional": "institution_trend institution_trades investor_flows",
    "연기금, 투신, 사모, pension, pension fund": "investor_breakdown investor_ranking",
    "공매도, short selling, short sale, short interest, shorting": "short_selling",
    "대차, 대차거래, 대차잔고, lending, stock loan, borrow": "lending lending_by_stock lending_top",
    "신용, 신용잔고, 융자, credit, margin loan, leverage": "credit_trend credit_ranking credit_eligible",
    "수정주가, adjusted, adjusted price, split, 액면분할, 권리락": "candles",
    "분봉, 1분봉, minute, minutes, minute bars, intraday bars, intraday": "candles ka10080 ka20005",
    "틱봉, 틱차트, tick bars": "candles ka10079",
    "일봉, 일별주가, daily, daily bars, ohlcv, candlestick, eod": "candles daily_prices index_candles",
    "주봉, 월봉, 년봉, 연봉, weekly, monthly, yearly, week, month, resample, ohlc": _CANDLES,
    "캔들, 차트, 봉, candle, bars, chart": _CANDLES,
    "지수, 코스피, 코스닥, index, indices, market index, kospi, kosdaq": _INDICES,
    "업종, 섹터, sector, industry": "sectors sector_indices sector_stocks sector_flows",
    "테마, theme": "themes theme_stocks",
    "호가, 호가창, 잔량, order book, orderbook, book, depth, level 2, bid ask": _BOOK,
    "시간외, 시간외단일가, after hours": "after_hours_quote after_hours_book",
    "체결강도, strength, trade strength, volume power": "trade_strength",
    "체결, 틱, 체결내역, ticks, tick, trades, time and sales": _TRADES,
    "현재가, 시세, price now, snapshot, quote, last price": _NOW,
    "종목, 종목리스트, 종목코드, 상장, universe, tickers, symbols, listing, listed": "stocks sector_stocks",
    "시가총액, 재무, fundamentals, market cap, per, pbr, eps": "stock_info quotes valuation_ranking",
    "프로그램, 프로그램매매, 차익, program trading, program, arbitrage": "program_trend program_by_stock "
    "program_ranking arbitrage_balance program",
    "거래원, 회원사, 창구, broker, brokers, member": _BROKERS,
    "등락률, 등락율, 급등, 급락, gainers, losers, top movers, ranking": _MOVERS,
    "거래량상위, 거래대금상위, most active, volume leaders, turnover": "most_traded",
    "거래량급증, volume spike": "surges volume_records",
    "상한가, 하한가, limit up, limit down": "limit_moves",
    "신고가, 신저가, 52주 신고가, 52주 신저가, 52 week high, new high, new low": "extremes",
    "vi, 변동성완화장치, volatility interruption, halt": "vi_events vi",
    "조건검색, 조건식, screener, screening, condition search, filter": _CONDITIONS,
    "실시간, realtime, real time, live, streaming, websocket": _LIVE,
    "장운영, 장시작, market state, session state": "market_status",
    "검색순위, 인기종목, trending, popular": "search_ranking",
    "상장지수펀드, etf, nav": "etf_info etf_daily etf_quotes etf_intraday etf_nav",
    "금, 금현물, gold": "gold ka50081 ka50080 ka50100",
    "elw, 워런트, warrant": "ka30001 ka30012 elw_theory elw_indicator",
    "그릭스, 민감도, greeks": "ka10048 ka10050 elw_theory",
    "잔고, balance": "balance",
    "휴장일, 거래일, trading days, calendar, holidays": "trading_days is_trading_day last_trading_day",
    "녹화, 저장, record, recording, replay": "ticks replay recording_info stream_to_frame",
    "피벗, pivot, wide, matrix": "wide",
}


def _each() -> dict[str, tuple[str, ...]]:
    found: dict[str, dict[str, None]] = {}
    for said, names in _TABLE.items():
        for word in said.split(", "):
            found.setdefault(word, {}).update(dict.fromkeys(names.split()))
    return {word: tuple(names) for word, names in found.items()}


SYNONYMS = _each()
"""A word or phrase, in lower case, to the names of what answers it."""
