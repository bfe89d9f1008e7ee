"""What people type into the search, and the section that answers it, in both editions of the site.

Sphinx' own index does it: each word becomes a main entry of its section, which the search puts first, and
stands in the general index. Beside that, parts of Korean words are found: 공매 in 공매도추이.
"""

from __future__ import annotations

import re

from sphinx.application import Sphinx
from sphinx.search.en import SearchEnglish

__all__ = ["WORDS", "setup"]

WORDS: dict[str, dict[str, str]] = {
    "concepts/adjusted": {
        "What is adjusted": "수정주가, 액면분할, 유상증자, 무상증자, adjusted prices, split"
    },
    "concepts/finality": {"Finality and coverage": "확정, 장마감, final"},
    "concepts/gaps": {"Gaps": "끊김, 누락, gap, missed trades"},
    "concepts/not-here": {
        "What is not here": "배당, 선물, 옵션, 재무제표, 주문, dividends, futures, options, orders"
    },
    "concepts/quotas": {"Quotas": "호출 제한, 초당 5건, 429, quota, rate limit"},
    "concepts/signs-and-units": {"Signs and units": "단위, 부호, 백만원, sign, unit, signs, units"},
    "examples/index": {
        "Examples": "예제, examples, script",
        "Collect the day after the close": "매일 수집, cron",
        "Flows to Excel": "엑셀, excel, xlsx",
        "DuckDB over the lake": "duckdb, sql",
    },
    "faq": {"Questions that are asked": "자주 묻는 질문, faq"},
    "gallery": {"Gallery": "갤러리, gallery, pictures"},
    "howto/backtesting": {
        "backtesting.py, vectorbt, mplfinance and others": "백테스트, 백테스팅, backtest, vectorbt"
    },
    "howto/cache": {"Cache": "캐시, 오프라인, cache, offline"},
    "howto/charts": {"Charts": "차트, 그래프, 그림, chart, plot"},
    "howto/command-line": {"Command line": "명령줄, 터미널, command line, cli, mcp"},
    "howto/dates-symbols-venues": {
        "Dates, symbols and venues": "종목코드, 종목명, 넥스트레이드, 대체거래소, nxt, ticker"
    },
    "howto/errors": {"Errors and what to do": "오류, 에러, error, exception"},
    "howto/flows": {
        "Flows": "수급, 순매수, 투자자별 매매동향, 외국인, 기관, 연기금, flows, net buying, pension"
    },
    "howto/keys": {"Keys and servers": "앱키, 모의투자, 토큰, app key, token, mock"},
    "howto/lake": {"A lake: the market over years": "전종목, 데이터레이크, lake, parquet, whole market"},
    "howto/live": {
        "Live": "실시간, 웹소켓, live, websocket, real time, stream",
        "Condition search": "조건검색, 조건식, condition search",
    },
    "howto/orderbook": {"Order books": "호가, 호가창, 잔량, 매도호가, order book, bid ask, depth"},
    "howto/pandas": {"pandas": "판다스, 데이터프레임, pandas, dataframe"},
    "howto/prices": {
        "Prices": "주가, 시세, 일별주가, ohlcv, price",
        "Candles": "분봉, 일봉, 주봉, 월봉, 봉차트, candles, minute bars, weekly, monthly, resample",
    },
    "howto/program": {
        "Program trading": "프로그램매매, 차익거래, 비차익, 베이시스, program trading, arbitrage, basis"
    },
    "howto/record-replay": {"Record and replay": "녹화, 틱데이터, 리플레이, tick data, record, replay"},
    "migration": {
        "From pykrx": "pykrx",
        "From FinanceDataReader": "financedatareader, fdr",
        "From yfinance": "yfinance",
    },
    "notebooks/index": {"Notebooks": "노트북, 주피터, jupyter, notebook"},
    "quickstart": {"Quick start": "설치, 시작하기, 빠른 시작, install, getting started"},
    "reference/api/brokers": {"Brokers": "거래원, 증권사, brokers"},
    "reference/api/etf": {"ETFs": "괴리율, 순자산가치, etf, nav"},
    "reference/api/lending": {
        "Lending, credit, short selling": "공매도, 대차, 대차거래, 신용잔고, short selling, short, lending"
    },
    "reference/api/prices": {"Prices": "체결강도, strength"},
    "reference/api/rankings": {
        "Rankings": "순위, 급등, 급락, 상한가, 하한가, 신고가, 거래대금 상위, rankings, movers, top gainers"
    },
    "reference/api/sectors": {"Sectors": "업종, 업종지수, 지수, sectors, index"},
    "reference/api/stocks": {"Stocks": "종목리스트, 상장종목, 종목 목록, vi, listed stocks"},
    "reference/api/themes": {"Themes": "테마, 테마주, themes"},
    "reference/tr/costs": {"What a year costs": "요청 수, 소요 시간, cost, how long"},
    "reference/api/trades": {"Trades and fundamentals": "체결, per, pbr, 시가총액, fundamentals, market cap"},
}
"""By page and heading, the words that lead there; no word leads to two."""

_HANGUL = re.compile(r"[가-힣]{3,12}")


class _English(SearchEnglish):
    """Words as Sphinx splits them, and the parts of Korean ones, which particles and compounds hide."""

    def split(self, input: str) -> list[str]:
        words = super().split(input)
        for word in _HANGUL.findall(input):
            words += {word[a:b] for a in range(len(word)) for b in range(a + 2, len(word) + 1)}
        return words


class _Korean(_English):
    lang = "ko"  # the name of the language stays: it is that of the stemmer in the page's script


def _index(app: Sphinx, page: str, source: list[str]) -> None:
    for heading, words in WORDS.get(page, {}).items():
        entries = ", ".join(f"!{word.strip()}" for word in words.split(","))
        head, found, rest = source[0].partition(f"# {heading}\n")
        if not found:
            raise LookupError(f"search_words.py: {page} has no heading {heading!r}")
        source[0] = f"{head}{found}\n```{{index}} {entries}\n```\n{rest}"


def setup(app: Sphinx) -> None:
    app.add_search_language(_English)
    app.add_search_language(_Korean)
    app.connect("source-read", _index)
