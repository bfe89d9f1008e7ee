"""Codes of stocks and their venues, from what a caller wrote. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, Protocol, TypeAlias

from kiwoomdata.arguments.words import INDICES, KOREAN, LISTINGS, MARKETS, one_of
from kiwoomdata.kinds import split_code

__all__ = ["SUFFIXES", "Frame", "Symbols", "as_symbol", "as_symbols", "hint", "listed_codes", "no_stock"]


class Frame(Protocol):
    """A polars or pandas frame; neither library is loaded to tell."""

    @property
    def columns(self) -> Any: ...
    def __getitem__(self, key: Any, /) -> Any: ...


Symbols: TypeAlias = str | Iterable[str] | Frame
"""A code, codes in a list or a Series, or a polars or pandas frame with a column ``symbol``."""
SUFFIXES = {"krx": "", "nxt": "_NX", "all": "_AL"}
_SYMBOL_HELP = "expected six characters such as '005930', or with a venue '005930_NX' or '005930_AL'"


def as_symbol(value: str, venue: str | None = None, *, name: str = "symbol", suffix: bool = True) -> str:
    """Check a stock code and give it as the API takes it.

    >>> as_symbol("005930"), as_symbol("A005930"), as_symbol("005930", "nxt")
    ('005930', '005930', '005930_NX')
    """
    if not isinstance(value, str):
        raise TypeError(f"{name}: {_SYMBOL_HELP} (text, so that zeros stay), got {value!r}")
    parts = split_code(value.strip())
    if parts is None:
        raise ValueError(no_stock(value, name) or f"{name}: {_SYMBOL_HELP}, got {value!r}{hint(value)}")
    code, own = parts
    venue = None if venue is None else one_of("venue", venue, SUFFIXES)
    has_suffix = "_" in value
    if venue is not None and has_suffix and venue != own:
        raise ValueError(f"venue: {venue!r} contradicts {name} {value!r}; say it once")
    wanted = own if has_suffix or venue is None else venue
    if wanted != "krx" and not suffix:
        raise ValueError(
            f"{name}: this TR is for KRX alone and takes no venue, got {value!r}, venue {wanted!r}"
        )
    return code + SUFFIXES[wanted]


def hint(value: str) -> str:
    """What was probably meant by a code in another spelling: KRX:005930, 005930.KS, 0000d0, 5930, Q530031."""
    text = value.strip().upper().rpartition(":")[2].partition(".")[0].strip()
    text = text[1:] if text[:1] in ("A", "Q") and len(text) == 7 else text  # an ETN's code has no Q here
    text = text.zfill(6) if text.isdigit() else text
    return f"; did you mean {text!r}?" if split_code(text) else ""


def no_stock(value: str, name: str = "symbol") -> str:
    """What to ask instead where a market or an index stands for a stock; blank where neither does.

    >>> no_stock("001")
    "symbol: '001' is an index, not a stock; ask kd.index_candles('001')"
    >>> no_stock("005930")
    ''
    """
    text = value.strip()
    word = KOREAN.get(text, (text.lower(),))[0]
    if word in MARKETS:
        index = f"kd.index_candles({word!r}) for its index" if word in INDICES else ""
        lists = "stocks" if word in LISTINGS else "sector_stocks" if word in INDICES else ""
        stocks = f"kd.{lists}({word!r}) for its stocks" if lists else ""
        asked = ", ".join(text for text in (index, stocks or "kd.stocks('kospi') for stocks") if text)
        return f"{name}: {value!r} is a market, not a stock; pass {asked}"
    if re.fullmatch("[0-9]{3}", text):
        return f"{name}: {value!r} is an index, not a stock; ask kd.index_candles({text!r})"
    return ""


def listed_codes(value: Symbols, venue: str | None = None, *, name: str = "symbol") -> list[Any]:
    """What stands for symbols in a text, a list, a Series or a frame, unchecked and in its order.

    A frame's ``venue`` column says where each is asked for, as a suffix does.
    """
    if isinstance(value, str):
        return value.split(",")
    if hasattr(type(value), "columns"):  # of its type: that of a lazy frame costs a warning
        frame: Any = value
        return _of_frame(frame, venue, name)
    if not isinstance(value, Iterable) or isinstance(value, bytes | Mapping):
        raise TypeError(f"{name}: {_SYMBOL_HELP}, a list or a Series of such, or a frame, got {value!r}")
    return list(value)


def _of_frame(frame: Frame, venue: str | None, name: str) -> list[Any]:
    """The symbols of a polars or pandas frame: of its columns, or of the index of a pandas frame."""
    if hasattr(type(frame), "collect"):
        raise TypeError(f"{name}: got a lazy frame; collect() it first")
    index: Any = getattr(frame, "index", None)
    levels = list(getattr(index, "names", ()))

    def column(*headings: str) -> list[Any] | None:
        for heading in headings:
            if heading in frame.columns:
                return list(frame[heading])
            if heading in levels:
                return list(index.get_level_values(heading))
        return None

    symbols, venues = column("symbol", "종목코드"), column("venue", "거래소")
    if symbols is None:
        there = ", ".join(map(str, frame.columns))
        raise ValueError(f"{name}: a frame needs a column 'symbol', this one has {there}; pass one column")
    if venues is None:
        return list(dict.fromkeys(symbols))
    wanted = None if venue is None else one_of("venue", venue, SUFFIXES)
    found = []
    for code, own in dict.fromkeys(zip(symbols, venues, strict=True)):
        if own in SUFFIXES and wanted not in (None, own):
            raise ValueError(
                f"venue: {wanted!r} contradicts the frame's column venue, which says {own!r} of {code}; "
                "pass the frame's column symbol alone"
            )
        bare = isinstance(code, str) and "_" not in code
        found.append(code + SUFFIXES.get(own, "") if bare else code)
    return found


def as_symbols(value: Symbols, venue: str | None = None, *, suffix: bool = True) -> list[str]:
    """Check codes: one, several as ``"005930,000660"``, a list, a Series or a frame with a column ``symbol``.

    Each is taken once, in their order.
    """
    codes = [as_symbol(one, venue, suffix=suffix) for one in listed_codes(value, venue)]
    if not codes:
        raise ValueError("symbol: the list is empty; give at least one code")
    return list(dict.fromkeys(codes))
