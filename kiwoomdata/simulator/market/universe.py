"""Who is traded: stocks, member firms and subscription rights. Data, and the stocks made up on demand.

The leading stocks stand in a table, each with a history of its own from the first day on. Hundreds of others
(see ``listings``) are listed beside them, whose years are walked one by one.
"""

from __future__ import annotations

from datetime import date
from functools import cache
from random import Random
from typing import Literal, NamedTuple

from kiwoomdata.simulator.market.listings import Board, Stock, made
from kiwoomdata.simulator.market.numbers import floor_to_tick

__all__ = [
    "BROKERS",
    "FOREIGN_BROKERS",
    "RIGHTS",
    "STOCKS",
    "Board",
    "Right",
    "Stock",
    "by_symbol",
    "listed",
    "made_up",
    "universe",
]

NEW_LISTING_SESSIONS = 4  # how many sessions the newly listed stock has, today included

STOCKS: tuple[Stock, ...] = (
    Stock("005930", "삼성전자", "kospi", 62_000, 5_969_782_550, 52.0, volatility=0.016),
    Stock("000660", "SK하이닉스", "kospi", 120_000, 728_002_365, 51.0, turnover=0.005),
    Stock("373220", "LG에너지솔루션", "kospi", 450_000, 234_000_000, 5.0, listed_from=date(2022, 1, 27)),
    Stock("207940", "삼성바이오로직스", "kospi", 780_000, 71_174_000, 12.0, listed_from=date(2016, 11, 10)),
    Stock("005380", "현대차", "kospi", 210_000, 209_416_191, 36.0),
    Stock("000270", "기아", "kospi", 95_000, 397_672_632, 39.0),
    Stock("068270", "셀트리온", "kospi", 180_000, 217_026_351, 22.0),
    Stock("105560", "KB금융", "kospi", 78_000, 393_528_423, 75.0, 0.014),
    Stock("055550", "신한지주", "kospi", 46_000, 502_934_400, 59.0, 0.014),
    Stock("035420", "NAVER", "kospi", 185_000, 158_437_008, 46.0),
    Stock("035720", "카카오", "kospi", 43_000, 443_572_311, 27.0, turnover=0.005),
    Stock("005490", "POSCO홀딩스", "kospi", 330_000, 82_624_377, 29.0),
    Stock("012330", "현대모비스", "kospi", 240_000, 92_990_394, 41.0, 0.014),
    Stock("028260", "삼성물산", "kospi", 140_000, 177_734_218, 25.0),
    Stock("066570", "LG전자", "kospi", 96_000, 163_647_814, 31.0),
    Stock("015760", "한국전력", "kospi", 21_000, 641_964_077, 14.0, 0.014),
    Stock("017670", "SK텔레콤", "kospi", 52_000, 214_790_053, 43.0, 0.014),
    Stock("096770", "SK이노베이션", "kospi", 115_000, 151_096_711, 19.0),
    Stock("323410", "카카오뱅크", "kospi", 27_000, 477_002_692, 16.0, listed_from=date(2021, 8, 6)),
    Stock("012450", "한화에어로스페이스", "kospi", 290_000, 45_581_161, 42.0, turnover=0.008),
    Stock("003280", "흥아해운", "kospi", 1_990, 240_424_899, 3.0, 0.034, 0.009),
    Stock("00088K", "한화3우B", "kospi", 18_900, 22_472_000, 12.0, turnover=0.002, on_nxt=False),
    Stock("0000D0", "TIGER 엔비디아미국채커버드콜밸런스(합성)", "kospi", 10_050, 32_000_000, 1.0,
          volatility=0.008, turnover=0.02, on_nxt=False, security="etf", listed_from=date(2024, 12, 17)),
    Stock("247540", "에코프로비엠", "kosdaq", 130_000, 97_801_344, 12.0, 0.034, 0.009,
          listed_from=date(2019, 3, 5)),
    Stock("086520", "에코프로", "kosdaq", 72_000, 133_138_340, 18.0, 0.034, 0.009),
    Stock("196170", "알테오젠", "kosdaq", 290_000, 53_316_935, 14.0, 0.034, 0.009),
    Stock("028300", "HLB", "kosdaq", 68_000, 131_392_209, 17.0, 0.034, 0.009),
    Stock("263750", "펄어비스", "kosdaq", 36_000, 64_247_855, 9.0, listed_from=date(2017, 9, 14)),
    Stock("293490", "카카오게임즈", "kosdaq", 17_500, 82_665_119, 8.0, listed_from=date(2020, 9, 10)),
    Stock("041510", "에스엠", "kosdaq", 82_000, 22_917_396, 17.0),
    Stock("499990", "신규상장예시", "kosdaq", 24_000, 11_540_000, 2.0, 0.034, 0.009, on_nxt=False),
    Stock("499980", "거래정지예시", "kosdaq", 4_870, 38_115_000, 1.5, on_nxt=False,
          halted_from=date(2019, 4, 8)),
    Stock("091990", "셀트리온헬스케어", "kosdaq", 75_000, 164_500_000, 20.0, delisted=True),
)  # fmt: skip

# fmt: off
_INDUSTRY = {
    "005930": "013", "000660": "013", "373220": "013", "207940": "009", "005380": "015", "000270": "015",
    "068270": "009", "105560": "021", "055550": "021", "035420": "029", "035720": "029", "005490": "011",
    "012330": "015", "028260": "016", "066570": "013", "015760": "017", "017670": "020", "096770": "008",
    "323410": "021", "012450": "015", "003280": "019", "00088K": "021", "247540": "119", "086520": "119",
    "196170": "120", "028300": "120", "263750": "131", "293490": "131", "041510": "118", "499990": "136",
    "499980": "123", "091990": "120",
}
# fmt: on
STOCKS = tuple(
    stock._replace(
        sector=_INDUSTRY.get(stock.symbol, ""),
        security="preferred" if stock.symbol == "00088K" else stock.security,
    )
    for stock in STOCKS
)

NEWLY_LISTED = "499990"

FUND = Stock("069500", "KODEX 200", "kospi", 35_000, 190_000_000, 3.0, 0.012, 0.04, security="etf")
"""Known by its code alone: the fund that the vendor's documents register for its value (0G)."""

_LEADING = {stock.symbol: stock for stock in (*STOCKS, FUND)}
_MADE_UP_SINCE, _MADE_UP_BEFORE = 100_000, 200_000


def made_up(symbol: str) -> Stock | None:
    """The stock behind a made-up code (100000, 100010 … 199990), or None for any other code."""
    if symbol in _LEADING or not (symbol.isascii() and symbol.isdigit() and len(symbol) == 6):
        return None
    number = int(symbol)
    if number % 10 or not _MADE_UP_SINCE <= number < _MADE_UP_BEFORE:
        return None
    rng = Random(f"listing:{symbol}")
    return Stock(
        symbol,
        f"가상종목{(number - _MADE_UP_SINCE) // 10:04d}",
        "kospi" if rng.random() < 0.35 else "kosdaq",
        floor_to_tick(10 ** rng.uniform(3.2, 5.3)),
        rng.randrange(8_000_000, 120_000_000),
        round(rng.uniform(1, 30), 1),
        round(rng.uniform(0.015, 0.035), 4),
        round(rng.uniform(0.002, 0.012), 4),
        on_nxt=rng.random() < 0.3,
    )


@cache
def _others() -> dict[str, Stock]:
    return {stock.symbol: stock for stock in made()}


def listed() -> tuple[Stock, ...]:
    """Every stock that is or was on the two boards: the leading ones first."""
    return (*_LEADING.values(), *_others().values())


def by_symbol(symbol: str) -> Stock | None:
    """The stock of a code, of the lists or made up."""
    return _LEADING.get(symbol) or made_up(symbol) or _others().get(symbol)


def universe(n: int) -> tuple[Stock, ...]:
    """The first ``n`` made-up stocks, for tests that need many; the same ones always."""
    codes = (str(number) for number in range(_MADE_UP_SINCE, _MADE_UP_BEFORE, 10))
    stocks = (stock for stock in map(made_up, codes) if stock)
    return tuple(stock for stock, _ in zip(stocks, range(n), strict=False))


# The numbering of member firms on this market; it is not the exchange's own.
# fmt: off
_DOMESTIC = [
    "교보", "신한투자증권", "한국투자증권", "대신", "미래에셋증권", "신영", "유진투자",
    "한양", "메리츠", "NH투자증권", "부국", "KB증권", "한화투자증권", "LS증권",
    "유안타증권", "SK", "케이프", "다올투자증권", "IBK투자증권", "삼성", "DB금융투자",
    "현대차증권", "하나증권", "상상인증권", "BNK투자증권", "iM증권", "우리투자증권", "카카오페이증권",
    "토스증권", "흥국", "리딩투자증권", "코리아에셋", "유화", "한국증권금융", "넥스트증권",
]
_FOREIGN = [
    "JP모간", "모간스탠리", "골드만삭스", "UBS", "메릴린치", "씨티그룹", "노무라",
    "맥쿼리", "CLSA", "HSBC", "BNP", "다이와", "크레디아그리콜", "미즈호",
]
# fmt: on

BROKERS: dict[str, str] = {
    f"{number:03d}": name for number, name in enumerate([*_DOMESTIC, *_FOREIGN, "키움증권"], start=1)
}
FOREIGN_BROKERS = tuple(code for code, name in BROKERS.items() if name in _FOREIGN)


class Right(NamedTuple):
    """A right to subscribe: kind 05 is a warrant on new shares, 07 the right of a capital increase."""

    symbol: str
    name: str
    kind: Literal["05", "07"]
    price: int
    volume: int


RIGHTS: tuple[Right, ...] = (
    Right("J0036221D", "KG모빌리티 122WR", "05", 1_240, 18_400),
    Right("J0369001A", "다원시스 12WR", "05", 2_115, 6_730),
    Right("J0786501C", "코렌 15WR", "05", 438, 52_118),
    Right("J09834012", "에스퓨얼셀 3R", "07", 3_650, 141_200),
    Right("J20713011", "금양 5R", "07", 12_450, 88_014),
)
