"""Waiting for rows, loops and callbacks over them, and consumers that are too slow."""

from __future__ import annotations

import asyncio
import gc
import threading
import time
from collections.abc import Callable
from typing import Any

import pandas as pd
import pytest

import kiwoomdata as kd
import kiwoomdata.pandas as kdp
from kiwoomdata import errors
from kiwoomdata.stream.intake import Intake
from kiwoomdata.stream.start import Batch, Gap, stream_to_frame
from tests.stream.talking import (
    Stream,
    program,
    trade,
    trade_values,
    until,
    volumes,
)
from tests.ws_server import WsServer, left_over, real, say

# --- waiting and iterating --------------------------------------------------------------------------


def test_waiting_counts_rows_since_the_stream_began_and_gives_up_in_time(
    ws: WsServer, stream: Stream
) -> None:
    live = stream("005930", ("trade", "program"))
    began = time.monotonic()
    assert live.wait(rows=1, seconds=0.2) is False
    assert live.wait(seconds=0.1) is True
    assert time.monotonic() - began < 5
    ws.push(trade(1), trade(2), real(program("", price=1)))
    assert live.wait(rows=3, seconds=10)
    assert live.wait(rows=2, feed="trade", seconds=10)
    assert live.wait(rows=2, feed="program", seconds=0.1) is False


def test_stopping_ends_a_wait_and_what_was_received_stays(ws: WsServer, stream: Stream) -> None:
    live = stream()
    ws.push(trade(1))
    assert live.wait(rows=1, seconds=10)
    timer = threading.Timer(0.2, live.stop)
    timer.start()
    assert live.wait(rows=2, seconds=10) is False
    timer.join()
    live.stop()
    assert volumes(live.frame()) == [1]
    assert [volumes(batch.frame) for batch in live] == [[1]]  # type: ignore[union-attr]


def test_batches_of_rows_are_exact_and_the_rest_comes_at_the_end(ws: WsServer, stream: Stream) -> None:
    live = stream(batch=3)
    ws.push(*(trade(n) for n in range(1, 9)))
    sizes, seen = [], []
    for event in live:
        assert isinstance(event, Batch)
        sizes.append(event.frame.height)
        seen += volumes(event.frame)
        if len(seen) == 6:
            assert live.wait(rows=8, seconds=10)
            live.stop()
    assert sizes == [3, 3, 2]
    assert seen == list(range(1, 9))


def test_a_gap_stands_between_what_came_before_and_after_it(ws: WsServer, stream: Stream) -> None:
    live = stream(batch=2)
    ws.push(*(trade(n) for n in (1, 2, 3)))
    assert live.wait(rows=3, seconds=10)
    ws.drop()
    ws.until(lambda: ws.connections == 2 and ws.book["005930", "0B"])
    ws.push(trade(4), trade(5))
    found: list[Any] = []
    for event in live:
        found.append(event if isinstance(event, Gap) else volumes(event.frame))
        if len(found) == 4:
            break
    gap = found.pop(2)
    assert found == [[1, 2], [3], [4, 5]]
    assert isinstance(gap, Gap)
    assert (gap.feeds, gap.symbols) == (("trade",), ("005930",))
    assert gap.until is not None


def test_a_later_loop_goes_on_where_the_last_one_ended(ws: WsServer, stream: Stream) -> None:
    live = stream(every="20ms")
    seen: list[int] = []
    for n in (1, 2, 3):
        ws.push(trade(n))
        assert live.wait(rows=n, seconds=10)
        for event in live:
            assert isinstance(event, Batch)
            seen += volumes(event.frame)
            break
    assert seen == [1, 2, 3]


def test_iterating_by_time_gives_each_feed_its_new_rows(ws: WsServer, stream: Stream) -> None:
    live = stream("005930", ("trade", "program"), every="100ms")
    ws.push(real(("0B", "005930", trade_values(1)), program("", cumulative_volume=7)), trade(2))
    assert live.wait(rows=3, seconds=10)
    found = {}
    for event in live:
        assert isinstance(event, Batch)
        found[event.feed] = volumes(event.frame)
        if len(found) == 2:
            break
    assert found == {"trade": [1, 2], "program": [7]}


def test_a_stream_that_dies_gives_what_it_has_before_the_error(ws: WsServer, stream: Stream) -> None:
    live = stream(batch=10)
    ws.push(trade(1), trade(2))
    ws.kick()
    found: list[Any] = []
    with pytest.raises(errors.Kicked):
        found.extend(live)
    assert volumes(found[0].frame) == [1, 2]
    assert isinstance(found[1], Gap)
    assert found[1].until is None


def test_a_callback_is_given_the_batches_in_a_thread_of_its_own(ws: WsServer, stream: Stream) -> None:
    seen: list[tuple[str, list[int]]] = []
    live = stream(batch=2, on_batch=lambda event: seen.append((event.feed, volumes(event.frame))))
    ws.push(*(trade(n) for n in (1, 2, 3)))
    until(lambda: seen)
    live.stop()
    until(lambda: len(seen) == 2)
    assert seen == [("trade", [1, 2]), ("trade", [3])]


def test_a_stream_of_the_pandas_face_gives_pandas_frames_wherever_it_gives_one(
    ws: WsServer, client: kd.Client
) -> None:
    with kdp.stream_to_frame("005930", ("trade", "orderbook"), rows=9, batch=2, client=client) as live:
        ws.until(lambda: ws.requests("REG"))
        ws.push(trade(1), trade(2))
        batch = next(iter(live))
        frames = [live.frame("trade"), live.bars("1m"), live.book("005930"), live.gaps, live.backfilled]
    assert isinstance(live, kdp.Live)
    assert isinstance(batch, kdp.Batch)
    assert [type(frame) for frame in (batch.frame, *frames)] == [pd.DataFrame] * 6
    assert volumes(batch.frame) == volumes(frames[0]) == [1, 2]


def test_a_callback_is_given_pandas_frames_too(ws: WsServer, client: kd.Client) -> None:
    seen: list[Any] = []
    with kdp.stream_to_frame("005930", rows=9, batch=1, on_batch=seen.append, client=client):
        ws.until(lambda: ws.requests("REG"))
        ws.push(trade(1))
        until(lambda: seen)
    assert isinstance(seen[0].frame, pd.DataFrame)


def test_coroutines_are_given_pandas_frames_too(ws: WsServer, client: kd.Client) -> None:
    async def first() -> Any:
        async with kdp.stream_to_frame("005930", rows=9, batch=1, client=client) as live:
            await asyncio.to_thread(ws.until, lambda: ws.requests("REG"))
            ws.push(trade(1))
            return (await anext(aiter(live))).frame

    assert isinstance(asyncio.run(asyncio.wait_for(first(), 20)), pd.DataFrame)


def test_an_error_in_a_callback_ends_the_stream_and_is_told(ws: WsServer, stream: Stream) -> None:
    def fail(event: object) -> None:
        raise ZeroDivisionError("mine")

    live = stream(batch=1, on_batch=fail)
    ws.push(trade(1))
    with pytest.raises(ZeroDivisionError, match="mine"):
        live.wait(rows=99, seconds=10)


def test_a_callback_that_gives_a_coroutine_ends_the_stream(ws: WsServer, stream: Stream) -> None:
    coroutine = asyncio.sleep(0)
    live = stream(batch=1, on_batch=lambda event: coroutine)
    ws.push(trade(1))
    with pytest.raises(TypeError, match="on_batch: .* gave a coroutine, which nobody awaits"):
        live.wait(rows=99, seconds=10)
    coroutine.close()


@pytest.mark.parametrize(
    ("raised", "heard"),
    [
        (SystemExit("mine"), SystemExit),
        (pytest.fail.Exception("mine"), pytest.fail.Exception),
        (asyncio.CancelledError("mine"), errors.StreamError),
    ],
)
def test_what_is_no_exception_in_a_callback_ends_the_stream_too(
    ws: WsServer, stream: Stream, raised: BaseException, heard: type[BaseException]
) -> None:
    def leave(event: object) -> None:
        raise raised

    live = stream(batch=1, on_batch=leave)
    ws.push(trade(1))
    until(lambda: not live.running)
    assert "ended" in repr(live)
    with pytest.raises(heard, match=r"mine|ended by CancelledError"):
        live.frame()


def test_a_recorder_that_leaves_ends_the_stream(ws: WsServer, stream: Stream) -> None:
    class Leaving:
        def add(self, *message: object) -> None:
            raise SystemExit("mine")

    live = stream(record=Leaving())
    ws.push(trade(1))
    until(lambda: not live.running)
    with pytest.raises(SystemExit):
        live.wait(rows=1, seconds=10)


def test_a_stream_that_nobody_holds_ends_with_its_client(
    ws: WsServer, clients: Callable[..., kd.Client]
) -> None:
    client, seen = clients(), list[Any]()
    stream_to_frame("005930", rows=9, client=client, batch=1, on_batch=seen.append)
    ws.until_registered(("005930", "0B"))
    gc.collect()
    ws.push(trade(1))
    until(lambda: seen)
    client.close()
    assert not left_over()


def test_coroutines_wait_and_iterate_in_a_loop_that_runs_already(ws: WsServer, client: kd.Client) -> None:
    async def work() -> tuple[bool, bool, list[int]]:
        async with stream_to_frame("005930", rows=10, batch=2, client=client) as live:
            ticks = asyncio.create_task(count_ticks())
            await asyncio.to_thread(ws.until_registered, ("005930", "0B"))
            nothing = await live.wait_async(rows=1, seconds=0.1)
            ws.push(*(trade(n) for n in range(1, 5)))
            arrived = await live.wait_async(rows=4, seconds=10)
            seen: list[int] = []
            async for event in live:
                assert isinstance(event, Batch)
                seen += volumes(event.frame)
                if len(seen) == 4:
                    break
            ticks.cancel()
            return nothing, arrived, seen

    async def count_ticks() -> None:
        while True:
            await asyncio.sleep(0.01)

    assert asyncio.run(work()) == (False, True, [1, 2, 3, 4])


def test_a_cancelled_coroutine_loses_no_rows(ws: WsServer, client: kd.Client) -> None:
    async def work() -> list[int]:
        async with stream_to_frame("005930", rows=100, batch=1, client=client) as live:
            await asyncio.to_thread(ws.until_registered, ("005930", "0B"))
            seen: list[int] = []

            async def take() -> None:
                async for event in live:
                    assert isinstance(event, Batch)
                    seen.extend(volumes(event.frame))

            for n in range(1, 6):
                task = asyncio.create_task(take())
                await asyncio.sleep(0.01)
                ws.push(trade(n))
                await live.wait_async(rows=n, seconds=10)
                task.cancel()
                await asyncio.gather(task, return_exceptions=True)
            live.stop()
            await take()
            return seen

    async def main() -> list[int]:
        return await asyncio.wait_for(work(), 20)

    assert asyncio.run(main()) == [1, 2, 3, 4, 5]


# --- a consumer that is too slow --------------------------------------------------------------------


def test_blocking_stops_reading_and_loses_nothing(ws: WsServer, stream: Stream) -> None:
    live = stream(buffer=20, every="10ms")
    events = iter(live)
    ws.push(trade(1))
    seen = volumes(next(events).frame)  # type: ignore[union-attr]
    ws.push(*(trade(n) for n in range(2, 301)))
    until(lambda: live.stats.decoded + live.stats.waiting >= 40)
    time.sleep(0.3)
    assert live.stats.decoded + live.stats.waiting < 120
    while len(seen) < 300:
        event = next(events)
        assert isinstance(event, Batch)
        seen += volumes(event.frame)
    assert seen == list(range(1, 301))
    assert (live.stats.received, live.stats.dropped) == (300, 0)


def test_dropping_the_oldest_is_counted_and_the_newest_come_through(ws: WsServer, stream: Stream) -> None:
    live = stream(buffer=20, batch=5, on_full="drop_oldest")
    events = iter(live)
    ws.push(*(trade(n) for n in range(1, 6)))
    seen = volumes(next(events).frame)  # type: ignore[union-attr]
    for n in range(6, 106):
        ws.push(trade(n))
    until(lambda: live.stats.received >= 105)
    until(lambda: live.stats.dropped > 0)
    until(lambda: live.stats.waiting == 0)
    assert live.wait(seconds=0.3)
    live.stop()
    for event in events:
        assert isinstance(event, Batch)
        seen += volumes(event.frame)
    assert seen[:5] == [1, 2, 3, 4, 5]
    assert seen[-1] == 105
    assert seen == sorted(set(seen))
    assert len(seen) + live.stats.dropped == 105
    assert live.frame().height <= 105


def test_a_full_buffer_ends_the_stream_where_that_was_asked_for(ws: WsServer, stream: Stream) -> None:
    live = stream(buffer=20, batch=5, on_full="raise")
    events = iter(live)
    ws.push(*(trade(n) for n in range(1, 6)))
    next(events)
    ws.push(*(trade(n) for n in range(6, 106)))
    with pytest.raises(errors.BufferFull, match="buffer: 20 messages wait .* give a larger buffer="):
        live.wait(rows=1000, seconds=10)


def test_without_a_consumer_the_buffer_is_only_for_what_is_not_decoded(ws: WsServer, stream: Stream) -> None:
    live = stream(buffer=10, on_full="raise")
    for n in range(1, 60):
        ws.push(trade(n))
        assert live.wait(rows=n, seconds=10)
    assert live.frame().height == 59


@pytest.mark.parametrize("policy", ["block", "drop_oldest", "raise"])
def test_the_intake_is_bounded_and_keeps_the_order(policy: Any) -> None:
    full: list[int] = []
    intake = Intake(10, policy, lambda: full.append(1))
    frames = [trade(n).encode() for n in range(30)]
    taken: list[Any] = []
    if policy == "block":
        writer = threading.Thread(target=lambda: [intake.put(frame) for frame in frames])
        writer.start()
        until(lambda: intake.blocked)
        assert len(intake) == 10
        while len(taken) < 30:
            taken += intake.take(3)
        writer.join(10)
        assert not writer.is_alive()
    else:
        for frame in frames:
            intake.put(frame)
        assert len(intake) == 10
        taken += intake.take(99)
    notes = [n for n, (_, entry) in enumerate(taken) if callable(entry)]
    assert notes == ([0] if policy == "drop_oldest" else [])  # what is let go is noted in its place
    kept = [entry for _, entry in taken if not callable(entry)]
    assert kept == {"block": frames, "drop_oldest": frames[20:], "raise": frames[:10]}[policy]
    assert intake.dropped == 30 - len(kept)
    assert len(full) == (20 if policy == "raise" else 0)


def test_a_blocked_writer_is_let_go_when_the_stream_ends() -> None:
    intake = Intake(1, "block", lambda: None)
    writer = threading.Thread(target=lambda: [intake.put(b"{}") for _ in range(5)])
    writer.start()
    until(lambda: intake.blocked)
    intake.close()
    writer.join(10)
    assert not writer.is_alive()


def test_whoever_asks_for_a_frame_does_not_let_a_blocked_stream_go_on(ws: WsServer, stream: Stream) -> None:
    taken, go_on = threading.Event(), threading.Event()

    def slow(event: object) -> None:
        taken.set()
        assert go_on.wait(30)

    live = stream(buffer=20, rows=5, every="10ms", on_batch=slow)
    ws.push(trade(0))
    assert taken.wait(10)
    frames = [real(*(("0B", "005930", trade_values(4 * n + m)) for m in range(4))) for n in range(50)]
    sender = threading.Thread(target=lambda: ws.push(*frames))
    sender.start()
    until(lambda: live._engine.intake.blocked)
    for _ in range(20):
        live.frame()
        live.bars()
    assert live._engine.stores["0B"].held <= 1 + 20 + 4
    assert live.stats.waiting <= 20
    assert live.stats.decoded + live.stats.waiting <= 1 + 20 + 4 + 20
    go_on.set()
    assert live.wait(rows=201, seconds=20)
    sender.join(10)
    assert live.stats.dropped == 0


@pytest.mark.parametrize("policy", ["drop_oldest", "raise"])
def test_the_buffer_counts_messages_and_not_frames(policy: Any) -> None:
    intake = Intake(10, policy, lambda: None)
    frames = [real(*(("0B", f"{n}{m}", {"1": "2"}) for m in range(4))).encode() for n in range(5)]
    for frame in frames:
        intake.put(frame)
    assert len(intake) == 8
    kept = [entry for _, entry in intake.take(99) if not callable(entry)]
    assert kept == {"drop_oldest": frames[3:], "raise": frames[:2]}[policy]
    assert intake.dropped == 12
    assert len(intake) == 0


@pytest.mark.parametrize("many", [1, 2, 3])
@pytest.mark.parametrize("values", [{}, {"1": "2"}, {"1": "}"}, {"1": "x" * 300}])
@pytest.mark.parametrize("first", ["trnm", "data"])
def test_the_messages_of_a_frame_are_counted_however_it_is_written(
    many: int, values: dict[str, str], first: str
) -> None:
    intake = Intake(100, "block", lambda: None)
    entries = [{"type": "0B", "values": values} for _ in range(many)]
    body = {"trnm": "REAL", "data": entries}
    intake.put(say(**{key: body[key] for key in sorted(body, key=first.__ne__)}).encode())
    assert len(intake) == many


def test_a_frame_of_more_messages_than_the_buffer_holds_comes_through_alone() -> None:
    intake = Intake(3, "drop_oldest", lambda: None)
    big = real(*(("0B", f"{m}", {"1": "2"}) for m in range(7))).encode()
    intake.put(trade(1).encode())
    intake.put(big)
    assert [entry for _, entry in intake.take(1) if not callable(entry)] == [big]
    assert (intake.dropped, len(intake)) == (1, 0)


def test_batches_of_several_feeds_that_fill_the_buffer_together_are_given_smaller(
    ws: WsServer, stream: Stream
) -> None:
    live = stream("005930", ("trade", "program"), batch=4, buffer=4)
    traded = ("0B", "005930", trade_values(1))
    told = real(*(each for each in (traded, program("100000")) for _ in range(3)))
    ws.push(told, told)
    rows = 0
    for event in live:
        assert isinstance(event, Batch)
        rows += event.frame.height
        if rows == 12:
            break
    assert rows == 12
