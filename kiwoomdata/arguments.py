"""From what a caller wrote to what the API takes; wrong arguments end here, before any request."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import Any, TypeAlias

from kiwoomdata.entries.entry import Endpoint, Param
from kiwoomdata.kinds import CODE, DATE, KST, encode, split_code

__all__ = [
    "DateLike",
    "Symbols",
    "as_date",
    "as_symbol",
    "as_symbols",
    "body_of",
    "chosen",
    "date_range",
    "word",
]

DateLike: TypeAlias = date | datetime | str
Symbols: TypeAlias = str | Iterable[str]

_SUFFIXES = {"krx": "", "nxt": "_NX", "all": "_AL"}
_DATE_HELP = "expected a date, a datetime, '2024-01-02' or '20240102'"
_SYMBOL_HELP = "expected six characters such as '005930', or with a venue '005930_NX' or '005930_AL'"


def as_date(value: DateLike, name: str) -> date:
    """Read a date argument; an aware datetime is taken to the day it is in Seoul.

    >>> as_date("20240102", "start"), as_date("2024-01-02", "start")
    (datetime.date(2024, 1, 2), datetime.date(2024, 1, 2))
    """
    if value != value:  # pandas' NaT is a datetime that equals nothing
        raise ValueError(f"{name}: {_DATE_HELP}, got {value!r}")
    if isinstance(value, datetime):
        return (value.astimezone(KST) if value.tzinfo else value).date()
    if isinstance(value, date):
        return value
    if not isinstance(value, str):
        raise TypeError(f"{name}: {_DATE_HELP}, got {value!r}")
    text = value.strip()
    for form in ("%Y-%m-%d", "%Y%m%d"):
        try:
            found = datetime.strptime(text, form)  # noqa: DTZ007 - only its day is taken
        except ValueError:
            continue
        if len(text) == len(found.strftime(form)):
            return found.date()
    raise ValueError(f"{name}: {_DATE_HELP}, got {value!r}")


def date_range(start: DateLike, end: DateLike | None, today: date) -> tuple[date, date]:
    """Check a range with both ends inclusive; no end is today."""
    first, last = as_date(start, "start"), today if end is None else as_date(end, "end")
    if first > today:
        raise ValueError(f"start: {first} is in the future (today in Seoul is {today})")
    if last > today:
        raise ValueError(f"end: {last} is in the future (today in Seoul is {today}); leave it out for today")
    if first > last:
        raise ValueError(f"start: {first} is after end {last}; give the earlier day first")
    return first, last


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
        raise ValueError(f"{name}: {_SYMBOL_HELP}, got {value!r}")
    code, own = parts
    if venue is not None and venue not in _SUFFIXES:
        raise ValueError(f"venue: expected one of 'krx', 'nxt', 'all', got {venue!r}")
    has_suffix = "_" in value
    if venue is not None and has_suffix and venue != own:
        raise ValueError(f"venue: {venue!r} contradicts {name} {value!r}; say it once")
    wanted = own if has_suffix or venue is None else venue
    if wanted != "krx" and not suffix:
        raise ValueError(
            f"{name}: this TR is for KRX alone and takes no venue, got {value!r}, venue {wanted!r}"
        )
    return code + _SUFFIXES[wanted]


def as_symbols(value: Symbols, venue: str | None = None, *, suffix: bool = True) -> list[str]:
    """Check one code or several; repeated ones are taken once, in the order given."""
    if isinstance(value, str):
        return [as_symbol(value, venue, suffix=suffix)]
    if not isinstance(value, Iterable) or isinstance(value, bytes | Mapping):
        raise TypeError(f"symbol: {_SYMBOL_HELP}, or a list of such, got {value!r}")
    codes = [as_symbol(one, venue, suffix=suffix) for one in value]
    if not codes:
        raise ValueError("symbol: the list is empty; give at least one code")
    return list(dict.fromkeys(codes))


def word(param: Param, value: Any, *, name: str | None = None) -> str:
    """The code for a word (or the code itself) of a two-way or more-way choice."""
    if isinstance(value, str):
        if value in param.choices:
            return param.choices[value]
        if value in param.choices.values():
            return value
    words = ", ".join(repr(choice) for choice in param.choices)
    kind = ValueError if isinstance(value, str) else TypeError
    raise kind(f"{name or param.name}: expected one of {words}, got {value!r}")


def chosen(endpoint: Endpoint, name: str, value: Any) -> str:
    """The word for what was given as a word or as the API's code."""
    param = endpoint.param(name)
    assert param is not None
    code = word(param, value)
    return next(known for known, its in param.choices.items() if its == code)


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
            value = param.default
        if value is None:
            if param.required:
                raise ValueError(f"{param.name}: {endpoint.api_id} needs it ({_expected(param)})")
            continue
        body[param.key] = _text(param, value)
    return body


def _text(param: Param, value: Any) -> str:
    if param.choices:
        return word(param, value)
    if param.kind is DATE:
        return encode(DATE, as_date(value, param.name))
    if param.kind is CODE:
        return as_symbol(value, name=param.name, suffix=param.suffix)
    if not isinstance(value, str) or not value.strip():
        raise (ValueError if isinstance(value, str) else TypeError)(
            f"{param.name}: expected {_expected(param)}, got {value!r}"
        )
    return value.strip()


def _expected(param: Param) -> str:
    if param.choices:
        return "one of " + ", ".join(repr(choice) for choice in param.choices)
    return {"date": _DATE_HELP, "code": _SYMBOL_HELP}.get(param.kind.name, f"a text, {param.ko}")
