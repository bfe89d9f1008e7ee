"""The functions in the hands of a language model's client, which is the SDK's own, over stdio.

It needs what the extra ``mcp`` installs. The file is not named like a test, so that the ordinary run leaves
it out; ``make interop`` names it.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import anyio
import pytest
from mcp import Client, StdioServerParameters
from mcp.client.stdio import stdio_client

ROOT = Path(__file__).parents[2]
SERVE = "from kiwoomdata.cli import main; main(prog_name='kiwoomdata')"
CANDLES = {"symbol": "삼성전자", "start": "2024-01-02", "end": "2024-12-30"}


def talk(folder: Path, said: Callable[[Client], Awaitable[None]]) -> None:
    """Start the server as a model's program does, without a key, and say something to it."""
    environ = {name: value for name, value in os.environ.items() if not name.startswith("KIWOOM")}
    environ |= dict.fromkeys(("KIWOOMDATA_STATE", "KIWOOMDATA_CACHE"), str(folder))
    environ["PYTHONPATH"] = os.pathsep.join(sys.path)
    started = StdioServerParameters(
        command=sys.executable, args=["-W", "error", "-c", SERVE, "mcp"], env=environ, cwd=ROOT
    )

    async def run() -> None:
        with anyio.fail_after(100):
            async with Client(stdio_client(started)) as client:
                await said(client)

    anyio.run(run)


async def called(client: Client, tool: str, **arguments: Any) -> dict[str, Any]:
    answer = await client.call_tool(tool, arguments)
    assert not answer.is_error, answer.content
    found: dict[str, Any] = answer.structured_content
    return found


def test_five_tools_that_only_read_give_numbers_with_units_and_where_they_come_from(tmp_path: Path) -> None:
    async def said(client: Client) -> None:
        tools = (await client.list_tools()).tools
        assert [tool.name for tool in tools] == ["find", "describe", "estimate", "ask", "live"]
        assert all(tool.annotations is not None and tool.annotations.read_only_hint for tool in tools)
        assert all(tool.description for tool in tools)
        assert "made up" in (client.instructions or "")

        found = await called(client, "find", text="수급")
        assert "investor_flows" in [row["name"] for row in found["rows"]]
        taken = await called(client, "describe", name="candles")
        assert taken["help"].startswith("candles(")
        assert "Examples" in taken["help"]
        by_code = {**CANDLES, "symbol": "005930"}
        cost = await called(client, "estimate", function="candles", arguments=by_code)
        assert "requests" in cost["result"]

        first = await called(client, "ask", function="candles", arguments=CANDLES, rows=3)
        last = await called(client, "ask", function="candles", arguments=CANDLES, rows=3, last=True)
        assert [row["date"] for row in first["rows"]] == ["2024-01-02", "2024-01-03", "2024-01-04"]
        assert [row["date"] for row in last["rows"]] == ["2024-12-26", "2024-12-27", "2024-12-30"]
        assert first["rows_in_all"] == last["rows_in_all"] == 244
        assert first["columns"]["close"] == {"dtype": "Int64", "unit": "KRW"}
        assert first["columns"]["volume"]["unit"] == "shares"
        assert first["provenance"]["api_id"] == "ka10081"
        assert (first["server"], first["warnings"]) == ("simulator", [])

        heard = await called(client, "live", symbols=["005930", "000660"], seconds=2, rows=10)
        assert 0 < len(heard["rows"]) <= 10
        assert {row["symbol"] for row in heard["rows"]} <= {"005930", "000660"}
        assert heard["columns"]["price"] == {"dtype": "Int64", "unit": "KRW"}
        assert heard["gaps"] == []

    talk(tmp_path, said)


@pytest.mark.parametrize(
    ("tool", "arguments", "words"),
    [
        ("ask", {"function": "candels", "arguments": {}}, "function: no 'candels'. Did you mean 'candles'?"),
        ("ask", {"function": "raw", "arguments": {}}, "function: no 'raw'"),
        (
            "ask",
            {"function": "candles", "arguments": {"symbol": "005930", "period": "1x"}},
            "period: expected",
        ),
        ("ask", {"function": "candles", "arguments": {"symbol": "삼송전자", "period": "1y"}}, "삼성전자"),
        ("ask", {"function": "stocks", "arguments": {"client": None}}, "client: chosen when"),
        ("ask", {"function": "request", "arguments": {"api_id": "kt10000"}}, "is not in the catalogue"),
        (
            "ask",
            {"function": "stocks", "arguments": {}, "rows": 501},
            "rows: expected more than 0 and at most 500",
        ),
        ("estimate", {"function": "conditions", "arguments": {}}, "function: conditions asks for no frame"),
        ("live", {"symbols": ["005930"], "seconds": 31}, "seconds: expected more than 0 and at most 30"),
        ("describe", {"name": "nothing of the kind"}, "nothing"),
    ],
)
def test_an_error_is_told_in_its_own_words(
    tmp_path: Path, tool: str, arguments: dict[str, Any], words: str
) -> None:
    async def said(client: Client) -> None:
        answer = await client.call_tool(tool, arguments)
        assert answer.is_error
        assert words in str(answer.content)

    talk(tmp_path, said)


def test_what_an_answer_lacks_is_told_with_it(tmp_path: Path) -> None:
    async def said(client: Client) -> None:
        found = await called(client, "ask", function="candles", arguments={**CANDLES, "symbol": "999990"})
        assert found["rows"] == []
        (line,) = found["warnings"]
        assert "999990" in line

    talk(tmp_path, said)
