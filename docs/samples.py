"""A sample of what each function gives, under its entry in the reference: its columns, and two rows of them.

``conf.py`` has it made at every build, on a simulator whose clock stands still: the same on every day.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date, datetime, time
from functools import cache
from typing import Any

import polars as pl
from sphinx.application import Sphinx

import kiwoomdata as kd
from kiwoomdata._public import FRAMES
from kiwoomdata.entries import ENDPOINTS
from kiwoomdata.present import korean_names

__all__ = ["CALLS", "sample", "setup"]

_DAY, _HOUR = date(2024, 12, 30), time(15, 40)
_YEAR = '"2024-01-02", "2024-01-31"'
_OWN = {
    "limit_moves": 'kd.limit_moves(state="previous_limit_up")',  # none stands at its limit on that day
    "candles": f'kd.candles("005930", {_YEAR})',
    "index_candles": f'kd.index_candles("kospi", {_YEAR})',
    "investor_flows": f'kd.investor_flows("005930", {_YEAR})',
    "program_trend": 'kd.program_trend(market="kospi", start="2024-01-02", end="2024-01-31")',
    "sector_quote": 'kd.sector_quote("kospi")',
}


def _calls() -> dict[str, str]:
    """The first example of each function: those of the catalogue, whose dates and codes the tests run."""
    found = dict(_OWN)
    for endpoint in ENDPOINTS.values():
        name = endpoint.example.removeprefix("kd.").partition("(")[0]
        if name in FRAMES:
            call = endpoint.example
            found.setdefault(name, call.replace("005930", "069500") if name.startswith("etf_") else call)
    return found


CALLS = _calls()
"""By function, the call whose frame is shown. Those that are not here take any TR, or a running stream."""


@contextmanager
def _market() -> Iterator[kd.Client]:
    with (
        kd.simulator.start(today=_DAY, now=_HOUR, rate=None, intraday_at_any_hour=True) as server,
        kd.Client(
            base_url=server.base_url,
            app_key=server.app_key,
            app_secret=server.app_secret,
            quota=None,
            cache=False,
            state=False,
            clock=server.now,
            progress=False,
        ) as client,
    ):
        yield client


@cache
def _all() -> dict[str, list[str]]:
    with _market() as client, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of gaps in a list, say, which are no matter of a sample
        return {name: _shown(call, _ask(call, client)) for name, call in CALLS.items()}


def _ask(call: str, client: kd.Client) -> pl.DataFrame:
    asked = call[:-1] + ("" if call.endswith("()") else ", ") + "client=client)"
    frame: pl.DataFrame = eval(asked, {"kd": kd, "client": client})  # noqa: S307 - the catalogue's own words
    return frame


def sample(name: str) -> list[str]:
    """The lines of a function's sample, as a docstring has them; none where there is no call of it."""
    return _all().get(name, [])


def _shown(call: str, frame: pl.DataFrame) -> list[str]:
    source = kd.provenance(frame)
    korean = korean_names(source.api_id)
    heads = ["column", "Korean", "dtype", "unit", *(f"row {n + 1}" for n in range(min(2, len(frame))))]
    rows = [
        [
            f"``{name}``",
            korean.get(name, ""),
            str(dtype).partition("(")[0],
            source.units.get(name, ""),
            *(_cell(value) for value in frame[name].head(2).to_list()),
        ]
        for name, dtype in frame.schema.items()
    ]
    return [
        ".. rubric:: Columns",
        "",
        f"Of ``{call}``{', with its first rows' if len(frame) else ''}:",
        "",
        ".. list-table::",
        "   :header-rows: 1",
        "",
        *_lines([heads, *rows]),
        "",
    ]


def _lines(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    for row in rows:
        for number, cell in enumerate(row):
            yield f"   {'* -' if number == 0 else '  -'} {cell}".rstrip()


def _cell(value: Any) -> str:
    """A value as a frame prints it, in a literal, so that no letter of it is markup."""
    if value is None or value == "":
        return "null" if value is None else '``""``'
    return f"``{value:%Y-%m-%d %H:%M:%S}``" if isinstance(value, datetime) else f"``{value}``"


def setup(app: Sphinx) -> None:
    def append(_app: Sphinx, what: str, name: str, _obj: Any, _options: Any, lines: list[str]) -> None:
        if what == "function" and name.startswith("kiwoomdata.") and name.count(".") == 1:
            lines += ["", *sample(name.removeprefix("kiwoomdata."))]

    if "sphinx.ext.autodoc" in app.extensions:  # catalogs are written without it
        app.connect("autodoc-process-docstring", append, priority=900)  # after napoleon, which reads headings
