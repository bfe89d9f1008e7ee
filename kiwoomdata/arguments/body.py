"""Words, numbers and the body of a request, from what a caller wrote. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, Literal

from kiwoomdata.arguments.dates import _DATE_HELP, as_date
from kiwoomdata.arguments.symbols import _SYMBOL_HELP, as_symbol
from kiwoomdata.arguments.words import word
from kiwoomdata.entries.entry import Endpoint, Param
from kiwoomdata.kinds import CODE, DATE, encode, split_code

__all__ = ["body_of", "left_out", "not_both"]

_WHOLE: dict[str, Literal["first", "last"]] = {"start": "first", "end": "last"}
"""Which day of a month or a year a parameter means."""


def not_both(refresh: bool, offline: bool) -> None:
    """Check the two options of the store against each other."""
    if refresh and offline:
        raise ValueError("refresh, offline: one asks the server, the other never does; say one of them")


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
    many = value.replace(",", param.join).split(param.join) if isinstance(value, str) else value
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
        return encode(DATE, as_date(value, param.name, whole=_WHOLE.get(param.name)))
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
