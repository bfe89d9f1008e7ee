"""How a stream ends."""

from __future__ import annotations

import gc
import sys
import threading
from collections.abc import Callable
from typing import Any

import pytest
from polars.testing import assert_frame_equal

import kiwoomdata as kd
from kiwoomdata import errors
from kiwoomdata.entries.feeds import write_values
from kiwoomdata.stream.start import Batch, stream_to_frame
from tests.stream.talking import (
    ORDERBOOK,
    PROGRAM,
    Stream,
    trade,
    until,
    volumes,
)
from tests.ws_server import WsServer, left_over, real


def test_stats_add_up(ws: WsServer, stream: Stream) -> None:
    live = stream()
    ws.push(*(trade(n) for n in range(50)))
    assert live.wait(rows=50, seconds=10)
    stats = live.stats
    assert (stats.connected, stats.received, stats.decoded, stats.waiting) == (True, 50, 50, 0)
    assert (stats.dropped, stats.unknown, stats.broken, stats.gaps, stats.reconnects) == (0, 0, 0, 0, 0)
    assert stats.rate > 0
    assert stats.lag == 0.0


class Clock:
    """A clockwork of a chart that strikes when it is told to."""

    stopped = False

    def start(self, figure: Any, step: Callable[[], bool], seconds: float) -> None:
        self.strike = step

    def show(self, figure: Any) -> None:
        figure.canvas.draw()

    def stop(self) -> None:
        self.stopped = True


@pytest.mark.parametrize("feed", ["trade", "orderbook", "program"])
def test_a_chart_ends_with_its_stream(ws: WsServer, stream: Stream, feed: str) -> None:
    pytest.importorskip("matplotlib").use("Agg")
    live, clock = stream("005930", feed), Clock()
    chart = live.plot(feed, clockwork=clock)
    assert clock.strike()
    program = write_values(PROGRAM, {"net_buy_volume": -7, "price": 100})
    messages = {
        "trade": trade(1),
        "orderbook": real(
            ("0D", "005930", write_values(ORDERBOOK, {"ask_price_1": 101, "ask_quantity_1": 5}))
        ),
        "program": real(("0w", "005930", program | {"20": "115958"})),
    }
    ws.push(messages[feed])
    assert live.wait(rows=1, seconds=10)
    live.stop()
    assert clock.strike() is False
    assert (chart.running, clock.stopped) == (False, True)
    assert "005930" in chart.ax.get_title("left")
    assert chart.ax.get_title("left").endswith(" · 끝남")


def test_a_chart_ends_with_a_stream_that_was_ended(ws: WsServer, stream: Stream) -> None:
    pytest.importorskip("matplotlib").use("Agg")
    live, clock = stream(), Clock()
    chart = live.plot(clockwork=clock)
    ws.kick()
    until(lambda: not live.running)
    with pytest.raises(errors.Kicked):
        clock.strike()
    assert (chart.running, clock.stopped, clock.strike()) == (False, True, False)


def test_a_chart_ends_with_a_stream_whose_callback_left_the_program(ws: WsServer, stream: Stream) -> None:
    pytest.importorskip("matplotlib").use("Agg")
    clock = Clock()
    live = stream(on_batch=lambda event: sys.exit(3), every="0.05s")
    chart = live.plot(clockwork=clock)
    ws.push(trade(1))
    until(lambda: not live.running)
    with pytest.raises(SystemExit):
        clock.strike()
    assert (chart.running, clock.stopped, clock.strike()) == (False, True, False)
    assert chart.ax.get_title("left").endswith(" · 끝남")


def test_the_age_of_the_last_value_shows_a_subscription_that_went_silent(
    ws: WsServer, stream: Stream
) -> None:
    live = stream("005930", ("trade", "program"))
    assert live.stats.age == {"trade": None, "program": None}
    ws.push(trade(1))
    assert live.wait(rows=1, seconds=10)
    first = live.stats.age["trade"]
    assert first is not None
    ws.push('{"trnm":"PING"}')
    ws.until(lambda: ws.echoes)
    later = live.stats.age
    assert later["program"] is None
    assert later["trade"] is not None
    assert later["trade"] > first
    arrived = live.frame()["received_at"].to_physical().item()
    assert later["trade"] <= (live._engine.intake.now() - arrived) / 1_000_000


def test_a_loop_keeps_its_stream_alive(ws: WsServer, client: kd.Client) -> None:
    pushed = threading.Thread(target=lambda: (ws.until_registered(("005930", "0B")), ws.push(trade(1))))
    pushed.start()
    for event in stream_to_frame("005930", rows=1, batch=1, client=client):
        assert isinstance(event, Batch)
        assert volumes(event.frame) == [1]
        break
    pushed.join()
    del event
    gc.collect()
    until(lambda: not left_over())


def test_a_stream_that_is_dropped_unstopped_ends_by_itself(ws: WsServer, client: kd.Client) -> None:
    live = stream_to_frame("005930", rows=1, client=client)
    ws.until_registered(("005930", "0B"))
    del live
    gc.collect()
    until(lambda: not left_over())


def test_a_frame_asked_for_twice_is_the_same_and_reprs_are_short(ws: WsServer, stream: Stream) -> None:
    live = stream()
    ws.push(trade(1))
    assert live.wait(rows=1, seconds=10)
    assert_frame_equal(live.frame(), live.frame())
    assert repr(live) == "<Live trade: running, 1 rows>"
    live.stop()
    assert repr(live) == "<Live trade: ended, 1 rows>"
    assert not live.stats.connected
