"""From what a caller wrote to what the API takes; wrong arguments end here, before any request."""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Iterable, Mapping
from datetime import date, datetime, timedelta
from operator import index
from typing import Any, Literal, NamedTuple, Protocol, TypeAlias

from kiwoomdata.entries.entry import Endpoint, Param
from kiwoomdata.kinds import CODE, DATE, KST, encode, split_code

__all__ = [
    "SUFFIXES",
    "DateLike",
    "DateRange",
    "Symbols",
    "as_date",
    "as_symbol",
    "as_symbols",
    "before",
    "body_of",
    "chosen",
    "date_range",
    "hint",
    "left_out",
    "listed_codes",
    "no_stock",
    "one_of",
    "word",
    "words",
]

DateLike: TypeAlias = date | datetime | str | int


class Frame(Protocol):
    """A polars or pandas frame; neither library is loaded to tell."""

    @property
    def columns(self) -> Any: ...
    def __getitem__(self, key: Any, /) -> Any: ...


Symbols: TypeAlias = str | Iterable[str] | Frame
"""A code, codes in a list or a Series, or a polars or pandas frame with a column ``symbol``."""

SUFFIXES = {"krx": "", "nxt": "_NX", "all": "_AL"}
_KOREAN = {
    "코스피": ("kospi",),
    "코스닥": ("kosdaq",),
    "전체": ("all",),
    "통합": ("all",),
    "한국거래소": ("krx",),
    "넥스트레이드": ("nxt",),
    "외국인": ("foreign",),
    "기관": ("institution",),
    "기관계": ("institution",),
    "투신": ("investment_trust",),
    "보험": ("insurance",),
    "은행": ("bank",),
    "연기금": ("pension",),
    "국가": ("nation",),
    "기타법인": ("other_corporation",),
    "순매수": ("net", "buy"),  # some TRs offer net purchases beside purchases, others net ones alone
    "순매도": ("net", "sell"),
    "매수": ("buy",),
    "매도": ("sell",),
    "금액": ("value",),
    "수량": ("shares",),
    "틱": ("tick",),
    "분": ("minute",),
    "일": ("day",),
    "시간": ("time",),
    "신주인수권증권": ("warrants",),
    "신주인수권증서": ("certificates",),
}
"""Korean words to the words that they can stand for, the one that is asked for first."""

_INDICES = ("kospi", "kosdaq", "kospi200", "krx100")
_LISTINGS = ("kospi", "kosdaq", "konex", "k_otc", "etf", "elw", "reit")
_MARKETS = {*_INDICES, *_LISTINGS, "all"}
_DATE_FORM = re.compile(
    r"(?P<year>[0-9]{4})((?P<sep>[-/.]?)(?P<month>[0-9]{2})((?P=sep)(?P<day>[0-9]{2}))?)?"
)
_PERIOD = re.compile("([1-9][0-9]{0,5})(d|w|mo|y)")
_DATE_HELP = "expected a date, a datetime, '2024-01-02' or '20240102'"
_SPAN_HELP = f"{_DATE_HELP}, or a whole month or year as '2024-01' or '2024'"
_SYMBOL_HELP = "expected six characters such as '005930', or with a venue '005930_NX' or '005930_AL'"


def as_date(value: DateLike, name: str, *, whole: Literal["first", "last"] | None = None) -> date:
    """Read a date argument; an aware datetime is taken to the day it is in Seoul.

    A month or a year is its first or its last day where ``whole`` says which, and refused otherwise.

    >>> as_date("20240102", "start"), as_date("2024/01/02", "start")
    (datetime.date(2024, 1, 2), datetime.date(2024, 1, 2))
    >>> as_date("2024-02", "end", whole="last")
    datetime.date(2024, 2, 29)
    """
    expected = f"{name}: {_DATE_HELP if whole is None else _SPAN_HELP}, got {value!r}"
    if value != value:  # pandas' and numpy's NaT equal nothing
        raise ValueError(expected)
    if isinstance(value, datetime):
        return (value.astimezone(KST) if value.tzinfo else value).date()
    if isinstance(value, date):
        return value
    if type(value).__name__ == "datetime64":  # numpy's, without asking for numpy
        text = str(value).partition("T")[0]
    elif isinstance(value, str):
        text = value.strip()
    elif hasattr(value, "__index__") and not isinstance(value, bool):
        text = str(index(value))
    else:
        raise TypeError(expected)
    found = _DATE_FORM.fullmatch(text)
    if not found or (whole is None and not found["day"]):
        raise ValueError(expected)
    year, month, day = (int(found[part] or 0) for part in ("year", "month", "day"))
    last_of = whole == "last"
    month = month or (12 if last_of else 1)
    try:
        return date(year, month, day or (monthrange(year, month)[1] if last_of else 1))
    except ValueError:
        raise ValueError(expected) from None


def before(day: date, period: str) -> date:
    """The day that lies a period such as ``"30d"``, ``"2w"``, ``"6mo"`` or ``"1y"`` before ``day``.

    >>> before(date(2024, 3, 31), "1mo")
    datetime.date(2024, 2, 29)
    """
    found = _PERIOD.fullmatch(period.strip().lower()) if isinstance(period, str) else None
    if not found:
        wrong = ValueError if isinstance(period, str) else TypeError
        raise wrong(f"period: expected a text such as '30d', '2w', '6mo' or '1y', got {period!r}")
    count, unit = int(found[1]), found[2]
    try:
        if unit in "dw":
            return day - timedelta(days=count * (7 if unit == "w" else 1))
        months = 12 * day.year + day.month - 1 - count * (12 if unit == "y" else 1)
        year, month = divmod(months, 12)
        return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))
    except (ValueError, OverflowError):  # also the error of monthrange
        raise ValueError(f"period: {period!r} before {day} is before the year 1") from None


class DateRange(NamedTuple):
    """A range of days, both ends inclusive, and what was done otherwise than asked."""

    first: date
    last: date
    notes: tuple[str, ...] = ()


def date_range(
    start: DateLike | None, end: DateLike | None, today: date, period: str | None = None
) -> DateRange:
    """Check a range with both ends inclusive; no end is today, and so is one that lies in the future.

    A period in place of the start is counted back from the end.
    """
    if (start is None) == (period is None):
        said = "neither was given" if start is None else "both were given"
        raise ValueError(f"start, period: {said}; give one of them, start='2024-01-02' or period='1y'")
    last = today if end is None else as_date(end, "end", whole="last")
    notes = (f"end: {last} is in the future, so {today} was taken",) if last > today else ()
    last = min(last, today)
    if start is None:
        assert period is not None
        return DateRange(before(last, period), last, notes)
    first = as_date(start, "start", whole="first")
    if first > today:
        raise ValueError(f"start: {first} is in the future (today in Seoul is {today})")
    if first > last:
        raise ValueError(f"start: {first} is after end {last}; give the earlier day first")
    return DateRange(first, last, notes)


def past_day(value: DateLike | None, name: str, today: date) -> date:
    """Check a single day; none is today."""
    day = today if value is None else as_date(value, name)
    if day > today:
        raise ValueError(f"{name}: {day} is in the future (today in Seoul is {today})")
    return day


def not_both(refresh: bool, offline: bool) -> None:
    """Check the two options of the store against each other."""
    if refresh and offline:
        raise ValueError("refresh, offline: one asks the server, the other never does; say one of them")


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
    """What was probably meant by a code in another spelling: KRX:005930, 005930.KS, 0000d0, 5930."""
    text = value.strip().upper().rpartition(":")[2].partition(".")[0].strip()
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
    word = _KOREAN.get(text, (text.lower(),))[0]
    if word in _MARKETS:
        index = f"kd.index_candles({word!r}) for its index" if word in _INDICES else ""
        lists = "stocks" if word in _LISTINGS else "sector_stocks" if word in _INDICES else ""
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


def one_of(name: str, value: Any, words: Iterable[str]) -> str:
    """The one of ``words`` that was given, as it stands, in upper case or in Korean.

    >>> one_of("market", "코스피", ("kospi", "kosdaq")), one_of("market", "KOSDAQ", ("kospi", "kosdaq"))
    ('kospi', 'kosdaq')
    """
    known = list(words)
    if isinstance(value, str):
        text = value.strip()
        for meant in (value, text.lower(), *_KOREAN.get(text, ())):
            if meant in known:
                return meant
    wrong = ValueError if isinstance(value, str) else TypeError
    raise wrong(f"{name}: expected one of {', '.join(map(repr, known))}, got {value!r}")


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


def left_out(endpoint: Endpoint, given: Mapping[str, Any]) -> dict[str, Any]:
    """What was given without the blanks: the vendor's own requests write ``""`` for what they leave out."""
    said = {}
    for name, value in given.items():
        param = endpoint.param(name)
        blank = isinstance(value, str) and not value.strip()
        if not blank or param is None or param.blank:
            said[name] = value
    return said


def body_of(endpoint: Endpoint, given: Mapping[str, Any]) -> dict[str, str]:
    """The request's body, from our parameter names or the API's own keys.

    Every parameter is checked, defaults are filled in, and an unknown one is refused.
    """
    values: dict[str, Any] = {}
    for name, value in given.items():
        param = endpoint.param(name)
        if param is None:
            known = ", ".join(f"{p.name} ({p.key})" for p in endpoint.params) or "none"
            raise ValueError(f"{name}: {endpoint.api_id} has no such parameter; it takes {known}")
        if param.key in values:
            raise ValueError(f"{name}: given twice, as {param.name} and as {param.key}")
        values[param.key] = value
    body: dict[str, str] = {}
    for param in endpoint.params:
        value = values.get(param.key)
        if value is None:
            value = "" if param.default is None and param.blank else param.default
        if value is None:
            if param.required:
                raise ValueError(f"{param.name}: {endpoint.api_id} needs it ({_expected(param)})")
            continue
        body[param.key] = _text(param, value)
    return body


def _text(param: Param, value: Any) -> str:
    """What the API takes for a value, checked."""
    if param.blank and value == "":
        return ""
    if param.flags:
        return _flags(param, value)
    if param.join is None:
        return _one(param, value)
    many = value.split(param.join) if isinstance(value, str) else value
    if not isinstance(many, Iterable) or isinstance(many, bytes | Mapping):
        raise TypeError(f"{param.name}: expected {_expected(param)}, or a list of such, got {value!r}")
    texts = list(dict.fromkeys(_one(param, one) for one in many))
    if not texts:
        raise ValueError(f"{param.name}: the list is empty; give at least one")
    if param.at_most is not None and len(texts) > param.at_most:
        raise ValueError(
            f"{param.name}: one request takes at most {param.at_most}, got {len(texts)}; "
            "ask for the others in another request"
        )
    return param.join.join(texts)


def _one(param: Param, value: Any) -> str:
    if param.choices:
        return word(param, value)
    if param.kind is DATE:
        return encode(DATE, as_date(value, param.name))
    if param.between is not None:
        return _number(param, value)
    if param.kind is CODE and not param.pattern:
        return as_symbol(value, name=param.name, suffix=param.suffix)
    if not isinstance(value, str):
        raise TypeError(f"{param.name}: expected {_expected(param)}, got {value!r}")
    text = value.strip()
    if not (re.fullmatch(param.pattern, text) if param.pattern else text):
        stock = param.name == "sector" and split_code(text) is not None
        instead = f", which is a stock; ask kd.candles({text!r}) for its bars" if stock else ""
        raise ValueError(f"{param.name}: expected {_expected(param)}, got {value!r}{instead}")
    return text


def _number(param: Param, value: Any) -> str:
    assert param.between is not None
    if isinstance(value, bool) or not isinstance(value, int | str):
        raise TypeError(f"{param.name}: expected {_expected(param)}, got {value!r}")
    text = str(value).strip()
    least, most = param.between
    if not re.fullmatch("[0-9]{1,18}", text) or not least <= int(text) <= most:
        raise ValueError(f"{param.name}: expected {_expected(param)}, got {value!r}")
    return str(int(text)).zfill(param.digits)


def _flags(param: Param, value: Any) -> str:
    if isinstance(value, str) and re.fullmatch(f"[01]{{{len(param.flags)}}}", value):
        return value
    words = [value] if isinstance(value, str) and value else value or ()
    if not isinstance(words, Iterable) or isinstance(words, bytes | Mapping):
        raise TypeError(f"{param.name}: expected {_expected(param)}, got {value!r}")
    words = list(words)
    for one in words:
        if one not in param.flags:
            raise ValueError(f"{param.name}: expected {_expected(param)}, got {one!r}")
    return "".join("1" if flag in words else "0" for flag in param.flags)


def _expected(param: Param) -> str:
    if param.flags:
        return "a list of " + ", ".join(repr(flag) for flag in param.flags)
    if param.choices:
        return "one of " + ", ".join(repr(choice) for choice in param.choices)
    if param.help:
        return param.help
    if param.between is not None:
        least, most = param.between
        return f"a whole number from {least} to {most}"
    return {"date": _DATE_HELP, "code": _SYMBOL_HELP}.get(param.kind.name, f"a text, {param.ko}")
