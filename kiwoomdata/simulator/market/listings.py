"""The many stocks beside those of the table: data, from which codes, names and sizes are made up once.

Names are put together and are nobody's; codes are of the exchange's forms: a company's common stock ends in
0, its preferred ones in 5, 7, K or L, and funds since 2024 have letters in the middle.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from random import Random
from typing import Literal, NamedTuple

from kiwoomdata.simulator.market.numbers import floor_to_tick

__all__ = ["TURNS", "Board", "Security", "Stock", "made"]

Board = Literal["kospi", "kosdaq"]
Security = Literal["stock", "preferred", "etf", "etn", "reit", "spac"]


class Stock(NamedTuple):
    """One listing. ``price`` and ``listed_shares`` are those of its first session."""

    symbol: str
    name: str
    board: Board
    price: int
    listed_shares: int
    foreign_percent: float = 15.0  # where foreign ownership keeps returning to
    volatility: float = 0.022  # of daily returns
    turnover: float = 0.003  # volume of a usual day as a part of the listed shares
    on_nxt: bool = True
    listed_from: date = date(1985, 1, 4)
    halted_from: date | None = None
    delisted: bool = False
    security: Security = "stock"
    sector: str = ""  # the code of its industry; none for funds
    administrative: bool = False
    by_year: bool = False  # whether its years are walked one by one (see ``yearly``)
    turn: int | None = None  # its place among those that reach a daily limit in turn, for there to be some

    @property
    def etf(self) -> bool:
        return self.security == "etf"


# fmt: off
_STEMS = (
    "가람", "나래", "다온", "라온", "마루", "바른", "새론", "아라", "하람", "한결", "해솔", "미르",
    "누리", "도담", "벼리", "소담", "온새", "윤슬", "찬솔", "푸름", "가온", "늘봄", "다솜", "두레",
    "들찬", "로운", "모아", "보람", "산들", "서림", "세움", "여울", "예담",
)
_INDUSTRIES: dict[Board, dict[str, str]] = {
    "kospi": {
        "005": "식품", "008": "케미칼", "009": "제약", "011": "제강", "012": "기계", "013": "전자",
        "015": "모터스", "016": "유통", "018": "건설", "019": "해운", "021": "홀딩스", "024": "증권",
        "029": "시스템즈",
    },
    "kosdaq": {
        "120": "바이오", "119": "머티리얼즈", "123": "로보틱스", "125": "메디칼", "132": "소프트",
        "131": "게임즈", "136": "반도체", "137": "디스플레이", "134": "네트웍스", "118": "미디어",
        "103": "솔루션", "108": "커머스",
    },
}
_FUNDS = (
    "200", "200TR", "코스닥150", "코스닥150레버리지", "200선물인버스2X", "미국S&P500",
    "미국나스닥100", "미국배당다우존스", "반도체", "2차전지산업", "은행", "고배당", "국고채10년",
    "국고채30년액티브", "단기채권", "골드선물(H)", "일본니케이225", "차이나항셍테크", "인도니프티50",
    "리츠부동산인프라",
)
_NOTES = ("코스닥150 선물", "WTI원유 선물(H)", "인버스 2X 천연가스 선물 C", "은 선물(H)")
# fmt: on
_PER_INDUSTRY = 9
TURNS = 112
"""On a day two companies rise to their limit and two fall to it; the next ones on the next day."""
_WITH_LETTERS = "ABDFHJKNPS"


def made() -> Iterator[Stock]:
    """All of them, in the order of their kinds; the same ones always."""
    commons = [*_commons("kospi", 200), *_commons("kosdaq", 3_000)]
    yield from (stock._replace(turn=place % TURNS) for place, stock in enumerate(commons))
    yield from _preferred([stock for stock in commons if stock.board == "kospi"][::6])
    for number, what in enumerate(_FUNDS):
        letters = number % 2
        code = f"00{40 + number}{_WITH_LETTERS[number // 2]}0" if letters else f"{3_601 + 17 * number:05d}0"
        name = f"{('가온', '누리', '다온')[number % 3]} {what}"
        year = 2025 if letters else 2010 + number // 4
        yield _sized(code, name, "kospi", (8_000, 60_000), (5e10, 2e12), "etf", year=year)
    for number, what in enumerate(_NOTES):
        code, name = f"{5_300 + 31 * number:05d}0", f"누리 {what} ETN"
        yield _sized(code, name, "kospi", (6_000, 15_000), (3e10, 1e11), "etn", year=2019)
    for number, what in enumerate(("오피스", "물류", "글로벌")):
        code, name = f"{3_301 + 29 * number:05d}0", f"가온{what}리츠"
        yield _sized(code, name, "kospi", (3_000, 7_000), (1e11, 6e11), "reit", year=2013)
    for number in range(1, 4):
        code, name = f"{4_700 + 13 * number:05d}0", f"다온제{number}호스팩"
        yield _sized(code, name, "kosdaq", (2_000, 2_200), (8e9, 2e10), "spac", year=2024)


def _commons(board: Board, first: int) -> Iterator[Stock]:
    for number, (sector, industry) in enumerate(_INDUSTRIES[board].items()):
        for place in range(_PER_INDUSTRY):
            stem = _STEMS[(number * 5 + place * 3) % len(_STEMS)]
            code = f"{first + 53 * (number * _PER_INDUSTRY + place) + 7 * number:05d}0"
            stock = _sized(code, stem + industry, board, (1_200, 240_000), (4e10, 4e12), "stock", sector)
            yield stock._replace(administrative=board == "kosdaq" and number == 5 and place == 8)


def _preferred(commons: list[Stock]) -> Iterator[Stock]:
    for number, stock in enumerate(commons):
        last, suffix = (("5", "우"), ("7", "2우B"), ("K", "3우C"))[number % 5 % 3]
        yield stock._replace(
            symbol=stock.symbol[:5] + last,
            name=stock.name + suffix,
            price=floor_to_tick(stock.price * 0.62),
            listed_shares=stock.listed_shares // 9,
            turnover=0.002,
            on_nxt=False,
            security="preferred",
        )


def _sized(
    symbol: str,
    name: str,
    board: Board,
    prices: tuple[int, int],
    caps: tuple[float, float],
    security: Security,
    sector: str = "",
    year: int | None = None,
) -> Stock:
    """A stock whose price and market value lie between two bounds each."""
    rng = Random(f"listing:{symbol}")
    price = floor_to_tick(_between(rng, *prices))
    shares = max(1_000_000, int(_between(rng, *caps) / price) // 1_000 * 1_000)
    fund = security in ("etf", "etn")
    return Stock(
        symbol,
        name,
        board,
        price,
        shares,
        round(rng.uniform(0.5, 4) if fund else rng.uniform(1, 28), 1),
        round(rng.uniform(0.006, 0.016) if fund else rng.uniform(0.015, 0.034), 4),
        round(rng.uniform(0.004, 0.03) if fund else rng.uniform(0.002, 0.01), 4),
        on_nxt=security == "stock" and rng.random() < 0.4,
        listed_from=date(year or rng.randrange(1988, 2014), rng.randrange(1, 13), rng.randrange(1, 29)),
        security=security,
        sector=sector,
        by_year=True,
    )


def _between(rng: Random, low: float, high: float) -> float:
    """Evenly by size: as many from 1,000 to 2,000 as from 10,000 to 20,000."""
    return float(low * (high / low) ** rng.random())
