"""Which index holds which stocks: a market's whole, its sizes and its industries. Data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from itertools import groupby
from typing import NamedTuple

from kiwoomdata.simulator.market.listings import Board, Stock
from kiwoomdata.simulator.market.universe import listed

__all__ = ["KOSPI200", "SECTORS", "Sector", "is_member", "sectors", "size_of"]

KOSPI200 = "201"
"""The index that futures and programs follow."""


class Sector(NamedTuple):
    """An index. Of a size or an industry, or of all of a board."""

    code: str
    name: str
    board: Board


# The exchange's codes, as ka10101 lists them.
# fmt: off
_NAMES: Mapping[Board, Mapping[str, str]] = {
    "kospi": {
        "001": "종합(KOSPI)", "002": "대형주", "003": "중형주", "004": "소형주", "005": "음식료·담배",
        "008": "화학", "009": "제약", "011": "금속", "012": "기계·장비", "013": "전기·전자",
        "015": "운송장비·부품", "016": "유통", "017": "전기·가스", "018": "건설", "019": "운송·창고",
        "020": "통신", "021": "금융", "024": "증권", "029": "IT 서비스",
    },
    "kosdaq": {
        "101": "종합(KOSDAQ)", "138": "KOSDAQ 100", "139": "KOSDAQ MID 300", "140": "KOSDAQ SMALL",
        "103": "일반서비스", "108": "유통", "118": "출판·매체복제", "119": "화학", "120": "제약",
        "123": "기계·장비", "125": "의료·정밀기기", "131": "디지털컨텐츠", "132": "소프트웨어",
        "134": "통신장비", "136": "반도체", "137": "IT부품",
    },
}
# fmt: on
SECTORS = {code: Sector(code, name, board) for board, names in _NAMES.items() for code, name in names.items()}
_SIZES: Mapping[Board, tuple[str, str, str]] = {
    "kospi": ("002", "003", "004"),
    "kosdaq": ("138", "139", "140"),
}
_WHOLE = ("001", "101")
_LARGE, _MIDDLE = 30, 60  # how many: the exchange's are 100 and 200 of 900


def sectors(board: Board) -> list[Sector]:
    """The indices of a board, the whole first."""
    return [sector for sector in SECTORS.values() if sector.board == board]


def is_member(stock: Stock, code: str) -> bool:
    """Whether the index holds the stock. No index holds funds."""
    sector = SECTORS.get(code)
    if sector is None or sector.board != stock.board or stock.security in ("etf", "etn"):
        return False
    return code in _WHOLE or stock.sector == code or size_of(stock) == code


def size_of(stock: Stock) -> str:
    """The code of the stock's size index; blank for funds."""
    return _sizes().get(stock.symbol, "")


@cache
def _sizes() -> dict[str, str]:
    def board(stock: Stock) -> str:
        return stock.board

    found: dict[str, str] = {}
    companies = sorted((each for each in listed() if each.security not in ("etf", "etn")), key=board)
    for _, stocks in groupby(companies, board):
        ranked: Sequence[Stock] = sorted(stocks, key=lambda each: -each.price * each.listed_shares)
        for place, stock in enumerate(ranked):
            large, middle, small = _SIZES[stock.board]
            found[stock.symbol] = large if place < _LARGE else middle if place < _LARGE + _MIDDLE else small
    return found
