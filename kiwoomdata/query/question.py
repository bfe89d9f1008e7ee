"""A named function of one that plans: names become codes, and its help shows every option."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping
from functools import cache, partial, wraps
from itertools import chain, repeat
from types import UnionType
from typing import Any, Literal, ParamSpec, Union, get_args, get_origin, get_type_hints

import polars as pl

from kiwoomdata.arguments import meant_by
from kiwoomdata.names import with_codes
from kiwoomdata.query.plan import KNOWN, Options, Plan, client_of
from kiwoomdata.query.run import run

__all__ = ["question"]


P = ParamSpec("P")
_DEFAULTS = {"errors": "raise", "refresh": False, "offline": False}


def question(function: Callable[P, Plan]) -> Callable[P, pl.DataFrame]:
    """Make a named function of one that plans: it runs the plan, and its signature and help show all options.

    Its ``symbol`` may be a name, and words may be in upper case or in Korean: the function gets those of its
    annotations. The plan alone is what ``plan`` of the named function gives.
    """
    own = inspect.signature(function)
    names = list(own.parameters)
    place = names.index("symbol") if "symbol" in names else None
    words_of = cache(partial(_words, function))

    @wraps(function)
    def plan(*args: P.args, **kwargs: P.kwargs) -> Plan:
        known = words_of()
        args = tuple(map(_spelled, args, chain((known.get(name, ()) for name in names), repeat(()))))  # type: ignore[assignment]
        for name, words in known.items():
            if name in kwargs:
                kwargs[name] = _spelled(kwargs[name], words)
        if place is not None and place < len(args):
            said = _with_codes(args[place], kwargs)
            return function(*args[:place], said, *args[place + 1 :], **kwargs)  # type: ignore[arg-type]
        if "symbol" in kwargs:
            kwargs["symbol"] = _with_codes(kwargs["symbol"], kwargs)
        return function(*args, **kwargs)

    @wraps(function)
    def asked(*args: P.args, **kwargs: P.kwargs) -> pl.DataFrame:
        return run(plan(*args, **kwargs))

    parameters = [p for p in own.parameters.values() if p.kind is not inspect.Parameter.VAR_KEYWORD]
    for name, annotation in Options.__annotations__.items():
        parameters.append(
            inspect.Parameter(
                name,
                inspect.Parameter.KEYWORD_ONLY,
                default=_DEFAULTS.get(name),
                annotation=annotation.__forward_arg__,
            )
        )
    shown = own.replace(parameters=parameters, return_annotation="pl.DataFrame")
    asked.__signature__ = shown  # type: ignore[attr-defined]
    asked.__annotations__ = {**function.__annotations__, "return": pl.DataFrame}
    asked.plan = plan  # type: ignore[attr-defined]
    asked.__doc__ = _with_options(function.__doc__ or "")
    return asked


def _words(function: Callable[..., Plan]) -> Mapping[str, tuple[str, ...]]:
    """By parameter the words that it may be, as its annotation lists them."""
    return {
        name: words for name, hint in get_type_hints(function).items() if (words := tuple(_literals(hint)))
    }


def _literals(hint: Any) -> Iterator[str]:
    for part in get_args(hint):
        if get_origin(hint) is Literal and isinstance(part, str):
            yield part
        elif get_origin(hint) in (Union, UnionType):
            yield from _literals(part)


def _spelled(value: Any, words: tuple[str, ...]) -> Any:
    """The word that was meant; what is none of them stays, for the function to refuse."""
    meant = meant_by(value, words)
    return value if meant is None else meant


def _with_codes(value: Any, said: Mapping[str, Any]) -> Any:
    options = {name: each for name, each in said.items() if name in KNOWN}
    venue: Any = said.get("venue")
    return with_codes(value, partial(client_of, options), venue, offline=bool(options.get("offline", False)))


def _with_options(text: str) -> str:
    """The docstring with a section of the shared options, before what is returned."""
    shared = (Options.__doc__ or "").partition("\n\n")[2].rstrip()
    inset = "    " if "\n    Returns\n" in text else ""  # from Python 3.13 on, docstrings come without it
    section = f"{inset}Other Parameters\n{inset}----------------\n{shared}\n\n"
    before, returns, after = text.partition(f"{inset}Returns\n{inset}-------\n")
    return before + section + returns + after
