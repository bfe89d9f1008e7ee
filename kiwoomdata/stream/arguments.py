"""What a caller asked of a stream: checked before anything is sent. Pure."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from typing import Any, TypeAlias

from kiwoomdata.arguments import Symbols, as_symbol, hint, listed_codes, small
from kiwoomdata.entries.feeds import Feed, find_feed
from kiwoomdata.kinds import split_code
from kiwoomdata.stream.decode import LEADING
from kiwoomdata.stream.rolling import Window

__all__ = [
    "Columns",
    "callback",
    "chosen_columns",
    "chosen_window",
    "count",
    "feed_items",
    "feed_list",
    "span",
]

Columns: TypeAlias = Iterable[str] | Mapping[str, Iterable[str]] | None

_UNITS = {
    "ms": "milliseconds",
    "s": "seconds",
    "sec": "seconds",
    "m": "minutes",
    "min": "minutes",
    "h": "hours",
    "초": "seconds",
    "분": "minutes",
    "시간": "hours",
}
_SPAN = re.compile(rf"([0-9]+(?:\.[0-9]+)?)({'|'.join(_UNITS)})")
_SECTOR = re.compile(r"[0-9]{3}(_AL|_NX)?")
_GOLD = ("MGD", "MGU")
_FORMS = {
    "stock": "a stock code such as '005930' or '005930_NX'",
    "sector": "a sector code such as '001'",
    "gold": "'MGD' or 'MGU'",
}


def span(value: Any, name: str) -> timedelta:
    """A length of time, from ``"500ms"``, ``"1s"``, ``"5m"`` (or ``"5min"``), ``"1h"`` or a timedelta.

    >>> span("5m", "window")
    datetime.timedelta(seconds=300)
    """
    if isinstance(value, timedelta):
        found = value
    elif isinstance(value, str) and (match := _SPAN.fullmatch(small(value.strip()))):
        found = timedelta(**{_UNITS[match[2]]: float(match[1])})
    else:
        wrong = ValueError if isinstance(value, str) else TypeError
        raise wrong(f"{name}: expected a span of time such as '500ms', '1s', '5m' or '1h', got {value!r}")
    if found <= timedelta(0):
        raise ValueError(f"{name}: expected a span of time longer than none, got {value!r}")
    return found


def count(value: Any, name: str) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError(f"{name}: expected a whole number, got {value!r}")
    if value < 1:
        raise ValueError(f"{name}: expected a whole number of at least 1, got {value!r}")
    return value


def chosen_window(window: Any, rows: Any) -> Window:
    """The one of ``window`` and ``rows`` that was given."""
    if (window is None) == (rows is None):
        said = "neither was given" if window is None else "both were given"
        raise ValueError(
            f"window, rows: {said}; pass exactly one, window='5m' to keep the last five minutes, or "
            "rows=10_000 to keep the last rows of each feed"
        )
    return Window(rows=count(rows, "rows")) if window is None else Window(span=span(window, "window"))


def callback(value: Any, name: str) -> None:
    """Refuse what cannot be called, and what gives a coroutine, which nobody would await."""
    if value is None:
        return
    if not callable(value):
        raise TypeError(f"{name}: expected a function of a batch or a gap, got {value!r}")
    if inspect.iscoroutinefunction(value) or inspect.iscoroutinefunction(type(value).__call__):
        raise TypeError(f"{name}: {value!r} is async and would never run; loop with 'async for' instead")


def feed_list(feeds: str | Iterable[str]) -> list[Feed]:
    """The feeds that names or codes stand for, each once."""
    names = [feeds] if isinstance(feeds, str) else list(feeds)
    if not names:
        raise ValueError("feeds: expected at least one, such as 'trade', got none")
    for name in names:
        if not isinstance(name, str):
            raise TypeError(f"feeds: expected names or codes such as 'trade' or '0B', got {name!r}")
    return list(dict.fromkeys(find_feed(name) for name in names))


def feed_items(symbols: Symbols, feeds: Sequence[Feed], venue: str | None) -> dict[str, list[str]]:
    """What to register for each type. A code goes to the feeds that are about its kind of thing."""
    codes: dict[str, list[str]] = {kind: [] for kind in _FORMS}
    wanted = {feed.item_kind for feed in feeds if feed.needs_items}
    forms = " or ".join(_FORMS[kind] for kind in _FORMS if kind in wanted)
    for symbol in _texts(symbols, venue):
        kind = _kind(symbol)
        if not wanted:
            raise ValueError(
                f"symbols: {', '.join(feed.name for feed in feeds)} is not about certain symbols, got "
                f"{symbol!r}; pass an empty list"
            )
        if kind not in wanted:
            meant = hint(symbol) if "stock" in wanted else ""
            raise ValueError(f"symbols: expected {forms}, got {symbol!r}{meant}")
        code = as_symbol(symbol, venue, name="symbols") if kind == "stock" else symbol.strip()
        codes[kind].append(code)
    found: dict[str, list[str]] = {}
    for feed in feeds:
        items = list(dict.fromkeys(codes[feed.item_kind])) if feed.needs_items else [""]
        if not items:
            raise ValueError(
                f"symbols: the feed {feed.name} needs at least one, {_FORMS[feed.item_kind]}, got none"
            )
        found[feed.type] = items
    return found


def _texts(symbols: Symbols, venue: str | None) -> list[str]:
    found = listed_codes(symbols, venue, name="symbols")
    for symbol in found:
        if not isinstance(symbol, str):
            raise TypeError(f"symbols: expected texts such as '005930', so that zeros stay, got {symbol!r}")
    return found


def _kind(symbol: str) -> str:
    text = symbol.strip()
    if text in _GOLD:
        return "gold"
    if _SECTOR.fullmatch(text):
        return "sector"
    return "stock" if split_code(text) else ""


def chosen_columns(columns: Columns, feeds: Sequence[Feed]) -> dict[str, tuple[str, ...] | None]:
    """The columns to keep of each type; None keeps all.

    A list is for all feeds, and each keeps those of it that it has; a mapping is for each feed by name.
    """
    if columns is None:
        return {feed.type: None for feed in feeds}
    if isinstance(columns, str):
        raise TypeError(f"columns: expected several names such as ('price', 'quantity'), got {columns!r}")
    if isinstance(columns, Mapping):
        named = {find_feed(name).type: tuple(names) for name, names in columns.items()}
        for type_ in named:
            if type_ not in {feed.type for feed in feeds}:
                raise ValueError(f"columns: {find_feed(type_).name} is not one of the feeds asked for")
        chosen = {feed.type: named.get(feed.type) for feed in feeds}
    else:
        names = tuple(columns)
        known = {feed.type: {*LEADING, *(column.name for column in feed.columns)} for feed in feeds}
        for name in names:
            if not name.isdigit() and not any(name in mine for mine in known.values()):
                there = ", ".join(dict.fromkeys(column.name for feed in feeds for column in feed.columns))
                raise ValueError(f"columns: no feed asked for has {name!r}. There are: {there}")
        chosen = {
            feed.type: tuple(name for name in names if name in known[feed.type] or name.isdigit())
            for feed in feeds
        }
    return chosen
