"""Finding what answers a question: functions, TRs, feeds and columns, in Korean and in English."""

from __future__ import annotations

import difflib
import inspect
import re
from collections.abc import Iterator
from functools import cache
from importlib import import_module
from typing import Any, NamedTuple

import polars as pl

from kiwoomdata._public import HOME_OF
from kiwoomdata.entries import ENDPOINTS
from kiwoomdata.entries.condition import CONDITIONS
from kiwoomdata.entries.feeds import FEEDS
from kiwoomdata.entries.synonyms import SYNONYMS
from kiwoomdata.telling import listed

__all__ = ["find"]

_SCHEMA = {**{name: pl.String() for name in ("kind", "name", "korean", "english")}, "score": pl.Float64()}
_KINDS = ("function", "tr", "feed", "condition", "column")
_ALIKE = 0.75
_ALIKE_WORD = 0.66  # words are short: one wrong syllable of three


class _Thing(NamedTuple):
    """Something that can be found, and the words it is found by."""

    kind: str
    name: str
    korean: str
    english: str
    names: tuple[str, ...]
    """What it is called, in full: the words of the user may be one of them."""


def find(text: str) -> pl.DataFrame:
    """Functions, TRs, feeds and columns by words in Korean or English, or by the API's own names.

    One row is one of them, the best first.

    Parameters
    ----------
    text
        Such as ``"수급"``, ``"공매도"``, ``"minute bars"``, ``"weekly"`` or ``"netprps_qty"``: words that
        people use are known beside those that the catalogue prints.

    Returns
    -------
    DataFrame
        ``kind`` (String: function, tr, feed, condition or column), ``name`` (String: what :func:`describe`
        or Python takes), ``korean english`` (String; of a column: its key and the TRs or feeds that have
        it), ``score`` (Float64, 0 to 1; to 0.5 only the spelling is alike). Without rows where nothing is
        like the text.

    Raises
    ------
    ValueError, TypeError
        A text that is blank, or none.

    See Also
    --------
    catalogue : all TRs and feeds.
    describe : one TR or feed: its parameters and columns.

    Examples
    --------
    >>> import kiwoomdata as kd
    >>> kd.find("공매도").select("kind", "name").row(0)
    ('function', 'short_selling')
    >>> kd.find("minute bars").select("kind", "name").row(0)
    ('function', 'candles')
    """
    if not isinstance(text, str):
        raise TypeError(f"text: expected words such as '수급' or 'short selling', got {text!r}")
    wanted = _plain(text)
    if not wanted:
        raise ValueError(f"text: expected words such as '수급' or 'short selling', got {text!r}")
    answers = SYNONYMS.get(wanted, ())
    scored = [(_score(thing, wanted, answers), thing) for thing in _things()]
    found = [(score, thing) for score, thing in scored if score > 0]
    if not found:
        near = next(iter(difflib.get_close_matches(wanted, SYNONYMS, n=1, cutoff=_ALIKE_WORD)), "")
        found = [(score, thing) for thing in _things() if (score := _likeness(thing, wanted, near)) > 0]
    found.sort(key=lambda each: (-each[0], _KINDS.index(each[1].kind), each[1].name))
    rows = [(*thing[:4], round(score, 3)) for score, thing in found]
    return pl.DataFrame(rows, schema=_SCHEMA, orient="row")


def _score(thing: _Thing, wanted: str, answers: tuple[str, ...]) -> float:
    """How well a thing fits: it answers the word, is called so, has it in its name, or has all its words."""
    rank = float(_KINDS.index(thing.kind))
    called, words = _plainly(thing)
    if _answers(thing, answers):
        return 1 - 0.01 * answers.index(thing.name)
    if wanted in called:
        return 0.9 - 0.01 * rank
    if any(wanted in name for name in called):
        return 0.8 - 0.02 * rank
    if all(word in words for word in wanted.split()):
        return 0.6 - 0.02 * rank
    return 0.0


def _likeness(thing: _Thing, wanted: str, near: str) -> float:
    """For a text that nothing holds: how nearly a name, or the word that the thing answers, is spelled so."""
    answers = SYNONYMS.get(near, ())
    told = _score(thing, near, answers) * _ratio(wanted, near) if _answers(thing, answers) else 0.0
    called = max(_ratio(wanted, name) for name in _plainly(thing)[0])
    return max(told, called if called >= _ALIKE else 0.0) / 2


def _ratio(one: str, other: str) -> float:
    return difflib.SequenceMatcher(None, one, other).ratio()


def _answers(thing: _Thing, answers: tuple[str, ...]) -> bool:
    """Whether it is one of them; where a feed and a function have one name, the function is meant."""
    hidden = thing.kind == "column" or (thing.kind == "feed" and thing.name in HOME_OF)
    return thing.name in answers and not hidden


def _plain(text: str) -> str:
    """In lower case, with single blanks for whatever divides words."""
    return " ".join(re.split(r"[\s_\-/·()]+", text.casefold())).strip()


@cache
def _plainly(thing: _Thing) -> tuple[tuple[str, ...], str]:
    """What it is called, and all its words, as :func:`_plain` writes them."""
    return tuple(map(_plain, thing.names)), _plain(" ".join((*thing.names, thing.english)))


@cache
def _things() -> tuple[_Thing, ...]:
    return (*_functions(), *_entries(), *_columns())


def _functions() -> Iterator[_Thing]:
    for name, home in HOME_OF.items():
        value = getattr(import_module(f"kiwoomdata.{home}"), name)
        if not inspect.isroutine(value):
            continue
        entries: list[Any] = [*ENDPOINTS.values(), *CONDITIONS.values()]
        korean = [each.ko for each in entries if name in re.split(r"[,\s]+", each.function)]
        told = (inspect.getdoc(value) or "").partition("\n")[0]
        yield _Thing("function", name, listed(korean), told, (name, *korean))


def _entries() -> Iterator[_Thing]:
    for tr in ENDPOINTS.values():
        yield _Thing("tr", tr.api_id, tr.ko, tr.en, (tr.api_id, tr.ko))
    for feed in FEEDS.values():
        yield _Thing("feed", feed.name, feed.ko, f"{feed.type}: {feed.en}", (feed.name, feed.type, feed.ko))
    for call in CONDITIONS.values():
        yield _Thing("condition", call.api_id, call.ko, call.en, (call.api_id, call.trnm, call.ko))


def _columns() -> Iterator[_Thing]:
    """Each name of a column once, with the keys that give it and where they stand."""
    keys: dict[tuple[str, str], dict[str, None]] = {}
    homes: dict[tuple[str, str], dict[str, None]] = {}
    every = [(tr.api_id, c) for tr in ENDPOINTS.values() for part in tr.parts for c in part.columns]
    every += [(feed.name, c) for feed in FEEDS.values() for c in feed.columns]
    for home, column in every:
        one = column.name, column.ko
        keys.setdefault(one, {})[column.key] = None
        homes.setdefault(one, {})[home] = None
    for (name, korean), its in keys.items():
        where = f"{listed(its)} of {listed(homes[name, korean])}"
        yield _Thing("column", name, korean, where, (name, korean, *its))
