"""What a kind is. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import polars as pl

__all__ = ["BLANK", "Kind", "Style"]


Style = Literal["plain", "plus", "double", "both"]
"""How the server writes a signed number: ``-5``/``5``, ``-5``/``+5``, ``--5``/``+5`` or ``+-5``/``+5``."""


class Unproven(ValueError):
    """A text whose value nobody can tell: its meaning is unproven, or the server's field has overflowed."""


@dataclass(frozen=True, eq=False)
class Kind:
    """What a text can mean. Each kind is itself alone, however alike two of them may be."""

    name: str
    dtype: Any
    expected: str
    parse: Callable[[str], Any]
    """One stripped, non-blank text to its value; ValueError if it fits no rule."""
    fast: Callable[[pl.Expr], pl.Expr]
    """The same for a whole column; null wherever the quick way is not sure."""
    above_zero: bool = False
    """Whether 0 says that there is none."""
    codes: Mapping[str, str] = field(default_factory=dict)
    """The server's codes and the words that they are, of a kind of words."""

    def __repr__(self) -> str:
        return f"<kind {self.name}>"


BLANK = "\t\n\x0b\x0c\r \x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a"
BLANK += "\u2028\u2029\u202f\u205f\u3000"
"""What counts as blank, for the quick way and for the sure way alike."""
