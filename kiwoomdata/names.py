"""From the name of a stock to its code, by the server's list of the day. A code never costs a request."""

from __future__ import annotations

import difflib
import re
import threading
import unicodedata
import weakref
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from datetime import date
from typing import TYPE_CHECKING, Any, TypeAlias

from kiwoomdata.arguments import SUFFIXES, hint, listed_codes, no_stock
from kiwoomdata.entries import ENDPOINTS
from kiwoomdata.errors import KiwoomDataError
from kiwoomdata.kinds import split_code
from kiwoomdata.store.finality import business_day
from kiwoomdata.telling import gathered

if TYPE_CHECKING:
    from kiwoomdata.client import Client

__all__ = ["by_code", "code_of", "entitled", "learn", "name_of", "with_codes"]

Listed: TypeAlias = Mapping[str, tuple[str, ...]]
"""Name to the codes that have it."""

_MARKETS = ("kospi", "kosdaq")
_NEAR = 3
_PATIENCE = 5.0
"""Seconds that a chart waits for names. Where nobody answers, the tries of a client took 11 on 2026-11-28."""
_NO_NAMES = ("MGD", "MGU")  # gold, which the live feeds take beside stocks
_kept: weakref.WeakKeyDictionary[Client, tuple[date, Listed]] = weakref.WeakKeyDictionary()
_refused: weakref.WeakKeyDictionary[Client, date] = weakref.WeakKeyDictionary()
_known: dict[str, set[str]] = {}


def learn(names: Iterable[tuple[str | None, str | None]]) -> None:
    """Remember codes with their names, as an answer told them."""
    for code, name in names:
        if code and name and name not in _known.get(code, ()) and name.strip():
            _known.setdefault(code, set()).add(unicodedata.normalize("NFC", name.strip()))


def name_of(code: str) -> str | None:
    """The name of a stock, as far as an answer of this process told it; None where two tell different ones.

    It costs no request, and is meant for titles.

    >>> learn([("005930", "삼성전자")])
    >>> name_of("005930")
    '삼성전자'
    """
    names = _known.get(code, ())
    return next(iter(names)) if len(names) == 1 else None


def with_codes(
    value: Any,
    client: Callable[[], Client],
    venue: str | None = None,
    *,
    offline: bool = False,
    name: str = "symbol",
) -> Any:
    """The same symbols with codes in the place of names; what is neither is left for whoever checks it.

    The lists of KOSPI and KOSDAQ (ka10099) are asked for only where there is a name, and kept for the day.
    """
    if value is None or (isinstance(value, str) and not any(map(_is_name, value.split(",")))):
        return value
    texts = listed_codes(value, venue, name=name)
    if not any(map(_is_name, texts)):
        return texts
    listed = _listed(client(), offline=offline)
    codes = [code_of(text, listed, name=name) if _is_name(text) else text for text in texts]
    return codes[0] if isinstance(value, str) and len(codes) == 1 else codes


def by_code(client: Client, *, offline: bool = False) -> dict[str, str]:
    """The name of each stock of KOSPI and KOSDAQ today, by its code; the lists are asked for once a day."""
    listed = _listed(client, offline=offline)
    return {code: name for name, codes in listed.items() for code in codes}


def entitled(codes: Iterable[str], client: Client, *, wait: float | None = None) -> None:
    """Have the names of stocks at hand for titles, which do without where they cannot be had.

    Where one is unknown, the lists of KOSPI and KOSDAQ (ka10099) are asked for, once a day, by a thread that
    is waited for a while: a chart of a recording may be drawn where there is no network.
    """
    day = business_day(client.now())
    asked = day in (_refused.get(client), _kept.get(client, (None,))[0])
    if asked or all(map(name_of, codes)):
        return
    _refused[client] = day

    def ask() -> None:
        with suppress(KiwoomDataError), gathered({}):
            _listed(client, offline=False)  # which learns
            del _refused[client]

    asking = threading.Thread(target=ask, name="kiwoomdata-names", daemon=True)
    asking.start()
    asking.join(_PATIENCE if wait is None else wait)


def code_of(text: str, listed: Listed, *, name: str = "symbol") -> str:
    """The code of the one stock that has this very name, which may have a venue's suffix as a code has.

    >>> code_of("삼성전자_NX", {"삼성전자": ("005930",), "삼성전기": ("009150",)})
    '005930_NX'
    """
    bare, suffix = _parts(text)
    codes = listed.get(bare, ())
    if len(codes) == 1:
        return codes[0] + suffix
    if codes:
        raise ValueError(f"{name}: {len(codes)} stocks are named {bare!r}: {', '.join(codes)}; pass a code")
    near = [f"{each!r} ({', '.join(listed[each])})" for each in _nearest(bare, listed)]
    told = f"; the nearest are {', '.join(near)}" if near else "; pass a code such as '005930'"
    raise ValueError(f"{name}: none of the {len(listed):,} names on KOSPI and KOSDAQ is {bare!r}{told}")


def _nearest(text: str, listed: Listed) -> list[str]:
    """The names that hold the text, shortest first, then those that are spelled nearly so."""
    folded = text.casefold()
    holding = sorted((name for name in listed if folded in name.casefold()), key=len)
    alike = difflib.get_close_matches(text, listed, n=_NEAR)
    return list(dict.fromkeys([*holding, *alike]))[:_NEAR]


def _parts(text: str) -> tuple[str, str]:
    bare = unicodedata.normalize("NFC", text.strip())  # file names of some systems take syllables apart
    suffix = next((each for each in SUFFIXES.values() if each and bare.endswith(each)), "")
    return bare.removesuffix(suffix), suffix


def _is_name(value: Any) -> bool:
    """Whether a text is meant as a name: it has letters, and is no code, market or index, however written."""
    text = value.strip() if isinstance(value, str) else ""
    if split_code(text) or text in _NO_NAMES:
        return False
    codelike = re.match("A?[0-9]{4}", text) or hint(text) or no_stock(text)
    return not codelike and any(map(str.isalpha, text))


def _listed(client: Client, *, offline: bool) -> Listed:
    day = business_day(client.now())
    if (kept := _kept.get(client)) is not None and kept[0] == day:
        return kept[1]
    endpoint = ENDPOINTS["ka10099"]
    found: dict[str, dict[str, None]] = {}
    for market in _MARKETS:
        param = endpoint.param("market")
        assert param is not None
        body = {param.key: param.choices[market]}
        with gathered({}):  # what is amiss in other columns is not for whoever asks for a name
            parts, _ = client.frames(endpoint, body, offline=offline, on_bad="null", on_truncated="raise")
        rows = parts["stocks"].select("name", "code").drop_nulls()
        for name, code in rows.iter_rows():
            found.setdefault(unicodedata.normalize("NFC", name.strip()), {})[code] = None
    listed = {name: tuple(codes) for name, codes in found.items()}
    learn((code, name) for name, codes in listed.items() for code in codes)
    if listed:
        _kept[client] = day, listed
    return listed
