"""What a call would cost, held against what it then costs."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date
from typing import Any, TypeAlias

import pytest
from click.testing import CliRunner

import kiwoomdata as kd
from kiwoomdata._public import FRAMES
from kiwoomdata.cli import main
from kiwoomdata.entries import ENDPOINTS
from kiwoomdata.faces import Functions

MakeClient: TypeAlias = Callable[..., kd.Client]
EXAMPLES = [e.example for e in ENDPOINTS.values() if e.example and not e.example.startswith("kd.request")]


def pages_of(frame: Any) -> int:
    source = kd.provenance(frame)
    assert source is not None
    return source.pages  # without the tries of a busy machine


def test_the_face_has_every_function_that_plans() -> None:
    planning = {name for name in FRAMES if hasattr(getattr(kd, name), "plan")}
    assert {name for name in dir(Functions) if name in kd.__all__} == planning
    assert len(planning) > 70


@pytest.mark.parametrize("example", EXAMPLES)
def test_what_is_exact_is_what_is_sent(
    server: kd.simulator.Server, make_client: MakeClient, example: str
) -> None:
    with make_client(server, quota="5/s") as client:
        call = f"{example[:-1]}{', ' if example[-2] != '(' else ''}client=client)"
        ask = call.replace("kd.", "kd.estimate.", 1)
        before = server.log.count()
        told = eval(ask, {"kd": kd, "client": client})
        assert server.log.count() == before
        assert isinstance(told, kd.Estimate)
        frame = eval(call, {"kd": kd, "client": client})
        sent = pages_of(frame)
        if told.exact:
            assert told.requests == sent
        else:
            assert told.requests >= 1
        assert told.seconds == pytest.approx(told.requests / 5)
        again = eval(ask, {"kd": kd, "client": client})
        if again.exact:
            assert again.requests == pages_of(eval(call, {"kd": kd, "client": client}))


@pytest.mark.parametrize("ask", [kd.daily_prices, kd.candles, kd.investor_flows])
def test_of_a_history_only_what_the_store_lacks_is_counted(
    server: kd.simulator.Server, make_client: MakeClient, ask: Any
) -> None:
    estimate = getattr(kd.estimate, ask.__name__)
    with make_client(server) as client:
        for first, last in (
            ("2024-05-02", "2024-05-31"),
            ("2024-05-02", "2024-06-28"),
            ("2024-03-04", "2024-06-28"),
            ("2024-04-01", "2024-04-30"),
            ("2023-06-01", "2026-11-20"),
        ):
            told = estimate(["005930", "000660"], first, last, client=client)
            frame = ask(["005930", "000660"], first, last, client=client)
            assert told.exact
            assert (told.requests, told.rows) == (pages_of(frame), frame.height)
        told = estimate("005930", "2024-04-01", "2024-04-30", client=client)
        assert (told.requests, told.seconds) == (0, 0.0)
        assert told.held == told.rows == 21
        assert estimate("005930", "2024-04-01", "2024-04-30", refresh=True, client=client).requests > 0


def test_an_estimate_of_names_sends_nothing_either(
    server: kd.simulator.Server, make_client: MakeClient
) -> None:
    with make_client(server) as client:
        before = server.log.count()
        with pytest.raises(kd.NotCached, match="symbol: the list of names is not stored"):
            kd.estimate.candles("삼성전자", "2024-01-02", client=client)
        assert server.log.count() == before
        kd.candles("삼성전자", "2024-01-02", client=client)
        assert kd.estimate.candles("삼성전자", "2024-01-02", client=client).held > 700


@pytest.mark.parametrize("ask", [kd.daily_prices, kd.program_trend, kd.foreign_holdings])
@pytest.mark.parametrize("start", ["2024-06-03", "2025-01-13"])
@pytest.mark.filterwarnings("ignore::kiwoomdata.EmptyAnswer")
def test_nxt_has_no_rows_from_before_it_opened(
    server: kd.simulator.Server, make_client: MakeClient, ask: Any, start: str
) -> None:
    client, asked = make_client(server, cache=False), ("005930_NX", start, "2025-03-10")
    told = getattr(kd.estimate, ask.__name__)(*asked, client=client)
    sent = len(server.log)
    frame = ask(*asked, client=client)
    assert (told.exact, told.rows, frame.height) == (False, 5, 5)
    assert 0 <= sum(entry.api_id.startswith("ka") for entry in server.log[sent:]) - told.requests <= 1


def test_a_walk_back_to_a_closed_day_may_take_a_page_more(
    server: kd.simulator.Server, make_client: MakeClient
) -> None:
    client = make_client(server, cache=False)
    told = [
        kd.estimate.investor_flows("005930", start, "2024-06-24", client=client)
        for start in ("2024-05-24", "2024-05-25", "2024-05-27")  # 20 rows from Monday on
    ]
    assert [(each.requests, each.rows, each.exact) for each in told] == [
        (2, 21, True),
        (2, 20, True),
        (1, 20, True),
    ]
    for start, cost in zip(("2024-05-24", "2024-05-25", "2024-05-27"), told, strict=True):
        sent = server.log.count("ka10086")
        kd.investor_flows("005930", start, "2024-06-24", client=client)
        assert server.log.count("ka10086") - sent == cost.requests


def test_minutes_and_lists_say_that_they_are_not_exact(
    server: kd.simulator.Server, make_client: MakeClient
) -> None:
    with make_client(server) as client:
        minutes = kd.estimate.candles("005930", "2026-11-02", interval="1m", client=client)
        assert not minutes.exact
        assert minutes.requests == 7  # 380 minutes on 15 days, 900 a page
        listing = kd.estimate.movers("kospi", client=client)
        assert (listing.requests, listing.rows, listing.exact) == (1, None, False)
        assert re.match("about 1 requests in", str(listing))


def test_wrong_arguments_are_wrong_here_too(server: kd.simulator.Server, make_client: MakeClient) -> None:
    with make_client(server) as client:
        with pytest.raises(ValueError, match="^start: "):
            kd.estimate.daily_prices("005930", date(2030, 1, 1), client=client)
        with pytest.raises(AttributeError, match="stream_to_frame"):
            kd.estimate.stream_to_frame  # type: ignore[attr-defined]  # noqa: B018


def test_the_command_line_tells_the_cost(server: kd.simulator.Server) -> None:
    words = ["get", "daily_prices", "005930", "2024-01-02", "2024-12-30", "--estimate", "--mode", "simulator"]
    done = CliRunner().invoke(main, words)
    assert done.exit_code == 0, done.output
    assert done.output.startswith("13 requests in ")
    refused = CliRunner().invoke(main, ["get", "request", "ka10004", "--estimate", "--mode", "simulator"])
    assert "--estimate: request asks for no frame" in refused.output
