"""Words that a caller may say for what the API names otherwise, Korean ones too. Pure."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from typing import Any

from kiwoomdata.entries.entry import Endpoint, Param

__all__ = [
    "INDICES",
    "KOREAN",
    "LISTINGS",
    "MARKETS",
    "chosen",
    "index_code",
    "meant_by",
    "one_of",
    "small",
    "word",
    "words",
]


KOREAN = {
    "코스피": ("kospi",),
    "코스닥": ("kosdaq",),
    "전체": ("all",),
    "통합": ("all",),
    "한국거래소": ("krx",),
    "넥스트레이드": ("nxt",),
    "유가증권": ("kospi",),
    "코스피200": ("kospi200",),
    "코넥스": ("konex",),
    "리츠": ("reit",),
    "개인": ("individual",),
    "외국인": ("foreign",),
    "외인": ("foreign",),
    "기관": ("institution",),
    "기관계": ("institution",),
    "투신": ("investment_trust",),
    "보험": ("insurance",),
    "은행": ("bank",),
    "연기금": ("pension",),
    "연기금등": ("pension",),
    "금융투자": ("financial_investment",),
    "기타금융": ("other_financial",),
    "국가": ("nation",),
    "기타법인": ("other_corporation",),
    # Some TRs offer net purchases beside purchases, others net ones alone.
    "순매수": ("net_buy", "net", "buy"),
    "순매도": ("net_sell", "sell"),
    "매수": ("buy",),
    "매도": ("sell",),
    "금액": ("value",),
    "수량": ("shares",),
    "거래량": ("volume",),
    "거래대금": ("value",),
    "틱": ("tick",),
    "분": ("minute",),
    "일": ("day",),
    "주": ("week",),
    "월": ("month",),
    "년": ("year",),
    "일봉": ("day",),
    "주봉": ("week",),
    "월봉": ("month",),
    "년봉": ("year",),
    "시간": ("time",),
    "당일": ("today",),
    "전일": ("yesterday", "previous", "previous_day"),
    "신고가": ("new_high",),
    "신저가": ("new_low",),
    "상한가": ("limit_up",),
    "하한가": ("limit_down",),
    "상승": ("up",),
    "하락": ("down",),
    "보합": ("flat",),
    "전일상한가": ("previous_limit_up",),
    "전일하한가": ("previous_limit_down",),
    "정적": ("static",),
    "동적": ("dynamic",),
    "융자": ("loan",),
    "대주": ("short",),
    "정규장": ("regular",),
    "포함": ("include",),
    "제외": ("exclude",),
    "신주인수권증권": ("warrants",),
    "신주인수권증서": ("certificates",),
}
"""Korean words to the words that they can stand for, the one that is asked for first."""
_GROSS_BESIDE = {"순매도": "net"}
"""Korean words that stand for none where this one is offered: "sell" is what was sold, gross, beside it."""
INDICES = {"kospi": "001", "kosdaq": "101", "kospi200": "201", "krx100": "701"}
LISTINGS = ("kospi", "kosdaq", "konex", "k_otc", "etf", "elw", "reit")
MARKETS = {*INDICES, *LISTINGS, "all"}


def one_of(name: str, value: Any, words: Iterable[str]) -> str:
    """The one of ``words`` that was given, as it stands, in upper case or in Korean.

    >>> one_of("market", "코스피", ("kospi", "kosdaq")), one_of("market", "KOSDAQ", ("kospi", "kosdaq"))
    ('kospi', 'kosdaq')
    """
    known = list(words)
    if (meant := meant_by(value, known)) is not None:
        return meant
    wrong = ValueError if isinstance(value, str) else TypeError
    raise wrong(f"{name}: expected one of {', '.join(map(repr, known))}, got {value!r}")


def meant_by(value: Any, words: Collection[str]) -> str | None:
    """The one of ``words`` that was given, in any spelling; None where it is none of them."""
    if not isinstance(value, str):
        return None
    text = value.strip()
    korean = () if _GROSS_BESIDE.get(text) in words else KOREAN.get(text, ())
    return next((each for each in (value, text, small(text), *korean) if each in words), None)


def small(text: str) -> str:
    """In small letters; ``"1M"`` stays, which is a month to some and a minute to others."""
    return text if re.fullmatch("[0-9]+M", text) else text.lower()


def index_code(value: Any) -> Any:
    """The code of an index that was named in any spelling; anything else as it was given.

    >>> index_code("코스피"), index_code("KOSPI200"), index_code("013")
    ('001', '201', '013')
    """
    named = meant_by(value, INDICES)
    return INDICES[named] if named else value


def word(param: Param, value: Any, *, name: str | None = None) -> str:
    """The code for a word (or the code itself) of a two-way or more-way choice; ``5`` is read as ``"5"``."""
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    codes = (*param.choices.values(), *param.also)
    if isinstance(value, str) and value in codes and value not in param.choices:
        return value
    return param.choices[one_of(name or param.name, value, param.choices)]


def chosen(endpoint: Endpoint, name: str, value: Any) -> str:
    """The word for what was given as a word or as the API's code."""
    param = endpoint.param(name)
    assert param is not None
    code = word(param, value)
    words = [known for known, its in param.choices.items() if its == code]
    return words[0] if words else one_of(name, value, param.choices)  # a code without a word is refused


def words(endpoint: Endpoint, **given: Any) -> dict[str, str]:
    """The words of several parameters."""
    return {name: chosen(endpoint, name, value) for name, value in given.items()}
