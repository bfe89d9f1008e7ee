"""The functions for language models, over stdio: five tools of the Model Context Protocol, read-only."""

from __future__ import annotations

import functools
import inspect
import json
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Literal

import click

import kiwoomdata as kd
from kiwoomdata._version import __version__
from kiwoomdata.cli.asking import FUNCTIONS
from kiwoomdata.cli.groups import nearest
from kiwoomdata.cli.output import MODE, one_line_each, plain
from kiwoomdata.origin import attached

if TYPE_CHECKING:
    import polars as pl

    from kiwoomdata.client import Client

__all__ = ["mcp"]

_MOST_ROWS, _MOST_SECONDS = 500, 30.0
_INSTRUCTIONS = (
    "Korean stock market data of Kiwoom Securities, read-only. Look with find, read what a function takes "
    "with describe, then ask. Amounts are in won (KRW), volumes in shares, times in Asia/Seoul; a unit that "
    "is not told is unknown. Null is missing, never zero. Warnings say what an answer lacks."
)


@click.command()
@MODE
def mcp(mode: str | None) -> None:
    """Serve the functions to language models over stdio; the simulator where there is no key.

    \b
    In the settings of whatever runs the model:
      {"mcpServers": {"kiwoomdata": {"command": "kiwoomdata", "args": ["mcp"]}}}
    """
    from kiwoomdata.client import NO_CHOICE

    try:
        client = kd.Client(mode, progress=False)  # type: ignore[arg-type]
    except kd.ConfigError as error:
        if str(error) != NO_CHOICE:
            raise
        client = kd.Client("simulator", progress=False)
    with client:
        _server(_Tools(client)).run("stdio")


def _server(tools: _Tools) -> Any:
    """Serves the tools; an error of ours reaches the model in its own words."""
    try:
        from mcp.server.mcpserver import MCPServer
        from mcp.server.mcpserver.exceptions import ToolError
        from mcp_types import ToolAnnotations
    except ImportError:
        raise ImportError("mcp needs its SDK: pip install 'kiwoomdata[mcp]'") from None

    def in_words(tool: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(tool)
        def call(**arguments: Any) -> Any:
            try:
                return tool(**arguments)
            except (ValueError, TypeError) as error:
                raise ToolError(plain(error)) from error
            except kd.KiwoomDataError as error:
                raise ToolError(plain(f"{type(error).__name__}: {error}")) from error

        return call

    market = " The market of this server is made up: it is the simulator." if tools.made_up else ""
    served = MCPServer(
        "kiwoomdata", version=__version__, instructions=_INSTRUCTIONS + market, log_level="WARNING"
    )
    for tool in (tools.find, tools.describe, tools.estimate, tools.ask, tools.live):
        served.add_tool(in_words(tool), annotations=ToolAnnotations(read_only_hint=True))
    return served


class _Tools:
    """What a model may call. The docstrings are what it reads."""

    def __init__(self, client: Client) -> None:
        self._client, self.made_up = client, client.mode == "simulator"
        self._one_at_a_time = threading.Lock()  # they run in threads, and warnings are the process's

    def find(self, text: str) -> dict[str, Any]:
        """Find functions, TRs, live feeds and columns by Korean or English words: 수급, short selling."""
        return _told(kd.find(text), 30)

    def describe(self, name: str) -> dict[str, Any]:
        """What a function takes and gives, with examples; or the keys, columns and units of a TR or feed."""
        found = _told(kd.describe(name), _MOST_ROWS)
        if name in FUNCTIONS:
            asked = getattr(kd, name)
            found["help"] = f"{name}{inspect.signature(asked)}\n\n{inspect.getdoc(asked)}"
        return found

    def estimate(self, function: str, arguments: dict[str, Any]) -> str:
        """What a call of a function would cost: requests, seconds, rows. No market data is asked for."""
        named = self._checked(function, arguments)
        if not hasattr(kd.estimate, function):
            raise ValueError(f"function: {function} asks for no frame of the market's")
        return str(getattr(kd.estimate, function)(**named))

    def ask(
        self, function: str, arguments: dict[str, Any], rows: int = 50, last: bool = False
    ) -> dict[str, Any]:
        """Call a function: columns with units, provenance, warnings, and its first rows (or its last)."""
        named = self._checked(function, arguments)
        _within("rows", rows, _MOST_ROWS)
        with self._warned() as lines:
            frame = getattr(kd, function)(**named)
        return {**_told(frame, rows, last=last), "server": self._client.mode, "warnings": lines}

    def live(
        self,
        symbols: list[str],
        feed: Literal["trade", "orderbook", "best_quote", "expected", "program"] = "trade",
        seconds: float = 5,
        rows: int = 50,
    ) -> dict[str, Any]:
        """Listen to a live feed for some seconds: its newest rows, and the gaps in which it heard nothing."""
        _within("seconds", seconds, _MOST_SECONDS)
        _within("rows", rows, _MOST_ROWS)
        with (
            self._warned() as lines,
            kd.stream_to_frame(symbols, feeds=feed, rows=rows, client=self._client) as stream,
        ):
            stream.wait(seconds=seconds)
            heard = _told(stream.frame(feed), rows, units=_units(feed), last=True)
            found = {**heard, "gaps": _rows(stream.gaps)}
        return {**found, "server": self._client.mode, "warnings": lines}

    def _checked(self, function: str, arguments: Mapping[str, Any]) -> dict[str, Any]:
        if function not in FUNCTIONS:
            raise ValueError(
                f"function: no {function!r}.{nearest(function, FUNCTIONS) or ' Look with find.'}"
            )
        if "client" in arguments:
            raise ValueError("client: chosen when the server was started; leave it out")
        return {**arguments, "client": self._client}

    @contextmanager
    def _warned(self) -> Iterator[list[str]]:
        lines: list[str] = []
        with self._one_at_a_time, one_line_each(lines):
            yield lines


def _within(name: str, number: float, most: float) -> None:
    if not 0 < number <= most:
        raise ValueError(f"{name}: expected more than 0 and at most {most:g}, got {number!r}")


def _units(feed: str) -> dict[str, str]:
    """The units of the columns of a feed, whose frames carry none."""
    keys = kd.describe(feed)
    return {column: unit for column, unit in zip(keys["column"], keys["unit"], strict=True) if unit}


def _told(
    frame: pl.DataFrame, most: int, *, units: Mapping[str, str] | None = None, last: bool = False
) -> dict[str, Any]:
    """A frame as JSON: its columns, so many of its rows, how many there are, and where they come from."""
    source = attached(frame)
    origin = source.as_dict() if source else {}
    units = units or origin.pop("units", {})
    columns = {
        name: {"dtype": str(dtype).partition("(")[0], "unit": units.get(name)}
        for name, dtype in frame.schema.items()
    }
    rows = _rows(frame.tail(most) if last else frame.head(most))
    return {"columns": columns, "rows": rows, "rows_in_all": len(frame), "provenance": origin}


def _rows(frame: pl.DataFrame) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = json.loads(frame.write_json())
    return rows
