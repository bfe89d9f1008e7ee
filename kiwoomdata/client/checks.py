"""What the names in a request stand for, and what is told of those that are gone or wrong."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from typing import TYPE_CHECKING

from kiwoomdata.entries import ENDPOINTS
from kiwoomdata.entries.entry import Endpoint, Part

if TYPE_CHECKING:
    pass

__all__ = ["NO_AS", "endpoint_of", "main_part", "near", "positive", "refuse_gone"]


NO_AS = "as_: gone; frames are polars frames. For pandas frames: import kiwoomdata.pandas as kd"
_GONE = {
    "as_": NO_AS,
    "columns": "columns: names the columns of a call; for headings pass names='ko' or 'en'",
}


def refuse_gone(function: str, named: Iterable[str]) -> None:
    """Refuse names that a function does not take, and name what stands in the place of an old one."""
    for name in named:
        raise TypeError(_GONE.get(name, f"{function}() got an unexpected keyword argument {name!r}"))


def endpoint_of(api_id: str) -> Endpoint:
    endpoint = ENDPOINTS.get(api_id)
    if endpoint is None:
        raise ValueError(
            f"api_id: {api_id!r} is not in the catalogue{near(api_id)}; kd.catalogue() lists what is"
        )
    return endpoint


def near(api_id: object) -> str:
    near = difflib.get_close_matches(str(api_id).strip().lower(), ENDPOINTS, n=1, cutoff=0.9)
    return f"; did you mean {near[0]!r}?" if near else ""


def main_part(endpoint: Endpoint) -> Part:
    """The part that a TR is asked for: its list, or its flat keys where it has none."""
    return endpoint.rows or endpoint.parts[0]


def positive(name: str, value: int) -> int:
    if not isinstance(value, int) or value < 1:
        raise ValueError(f"{name}: expected a whole number of at least 1, got {value!r}")
    return value
