"""What came of a schedule."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

__all__ = ["KINDS", "Hang", "Kind", "Verdict"]

Kind = Literal["wrong", "silent", "hang", "kept", "untyped", "table"]
KINDS: dict[Kind, str] = {
    "wrong": "a cell or a row that is not true",
    "silent": "something lacks, and nothing tells it",
    "hang": "no end",
    "kept": "something wrong or lacking is kept, and stays",
    "untyped": "an error or a warning that is none of the package's own",
    "table": "safe, and not what the table of faults says",
}


class Hang(BaseException):
    """An ask that does not end; no handler of the package's takes it."""


@dataclass
class Verdict:
    """The outcome of the sick ask, the faults that went off, and what is wrong."""

    outcome: str = ""
    """``right`` (all cells), ``told`` (something lacks, and is told), ``error`` (one of the package's)."""
    fired: list[str] = field(default_factory=list)
    problems: list[tuple[Kind, str]] = field(default_factory=list)

    def problem(self, kind: Kind, text: str) -> None:
        self.problems.append((kind, text))
