"""The filters of the ranking TRs: word to code. The vendor's codes mean other things in other TRs, so each
entry picks those that its own table lists."""

from __future__ import annotations

from collections.abc import Mapping

__all__ = [
    "CREDIT",
    "PRICE_A",
    "PRICE_B",
    "PRICE_C",
    "STOCKS",
    "STOCKS_AH",
    "STOCKS_NEW",
    "VALUE",
    "VOL4",
    "VOL5",
    "picked",
]

Words = Mapping[str, str]

STOCKS: Words = {
    "all": "0",
    "no_administrative": "1",
    "no_preferred": "3",
    "no_preferred_or_administrative": "4",
    "no_margin100": "5",
    "margin100": "6",
    "margin40": "7",
    "margin30": "8",
    "margin20": "9",
    "clean": "10",
    "no_liquidation": "11",
    "margin50": "12",
    "margin60": "13",
    "no_etf": "14",
    "no_spac": "15",
    "no_etf_etn": "16",
}
"""Which stocks (종목조건)."""
STOCKS_NEW: Words = {
    **{word: code for word, code in STOCKS.items() if code != "16"},
    "no_etn": "17",
    "no_etf_etn": "18",
    "no_funds_or_spac": "20",
}
"""As ka10023 lists them: 18 is what 16 is elsewhere."""
STOCKS_AH: Words = {
    **{word: code for word, code in STOCKS.items() if code not in ("10", "11")},
    "no_liquidation": "2",
    "no_etn": "17",
}
"""As ka10098 lists them: liquidation is 2, and 11 elsewhere."""
CREDIT: Words = {
    "all": "0",
    "a": "1",
    "b": "2",
    "c": "3",
    "d": "4",
    "within_limit": "5",
    "e": "7",
    "short": "8",
    "any": "9",
}
"""Which stocks may be bought on credit (신용조건)."""
VOL5: Words = {
    "all": "00000",
    "10k": "00010",
    "50k": "00050",
    "100k": "00100",
    "150k": "00150",
    "200k": "00200",
    "300k": "00300",
    "500k": "00500",
    "1m": "01000",
}
"""The least volume, in five digits of a thousand shares."""
VOL4: Words = {word: code[1:] for word, code in VOL5.items()}
"""The same in four digits."""
PRICE_A: Words = {
    "all": "0",
    "below_1k": "1",
    "1k_2k": "2",
    "2k_3k": "3",
    "5k_10k": "4",
    "from_10k": "5",
    "from_1k": "8",
}
"""Ranges of prices. Nothing covers 3,000 to 5,000 won: 2k_3k may be a misprint of the guide's."""
PRICE_B: Words = {
    "all": "0",
    "below_1k": "1",
    "1k_2k": "2",
    "2k_5k": "3",
    "5k_10k": "4",
    "from_10k": "5",
    "from_1k": "8",
    "below_10k": "10",
}
PRICE_C: Words = {
    "all": "0",
    "below_1k": "1",
    "from_1k": "2",
    "1k_2k": "3",
    "2k_5k": "4",
    "from_5k": "5",
    "5k_10k": "6",
    "from_10k": "7",
    "from_50k": "8",
    "from_100k": "9",
    "below_10k": "10",
}
VALUE: Words = {
    "all": "0",
    "30m": "3",
    "50m": "5",
    "100m": "10",
    "300m": "30",
    "500m": "50",
    "1b": "100",
    "3b": "300",
    "5b": "500",
    "10b": "1000",
    "30b": "3000",
    "50b": "5000",
}
"""The least traded value in won."""


def picked(table: Words, codes: str) -> dict[str, str]:
    """The words of a table whose codes a TR takes: ``picked(STOCKS, "0 1 3")``.

    >>> picked(CREDIT, "0 9")
    {'all': '0', 'any': '9'}
    """
    word_of = {code: word for word, code in table.items()}
    return {word_of[code]: code for code in codes.split()}
