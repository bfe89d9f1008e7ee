"""Charts that move with a stream, in a window and in a notebook."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from typing import Any

import polars as pl
import pytest
from matplotlib import pyplot as plt
from matplotlib.backend_bases import CloseEvent

import kiwoomdata as kd
import kiwoomdata.pandas as kdp
from kiwoomdata import names, plot
from kiwoomdata.plot.moving import Notebook
from tests.plot.drawn import book, check_texts, labelled, minute_bars, polygons, rungs


class Stream:
    """What a chart needs of a live stream."""

    def __init__(self, frame: pl.DataFrame) -> None:
        self.rows, self.running, self.asked = frame, True, list[str]()

    def bars(self, length: str) -> pl.DataFrame:
        self.asked.append(length)
        return self.rows

    def frame(self, feed: str) -> pl.DataFrame:
        self.asked.append(feed)
        return self.rows


class Clock:
    """A clockwork that ticks when it is told to, and counts the pictures."""

    def __init__(self) -> None:
        self.pictures, self.stopped = 0, False
        self.tick: Callable[[], bool] = lambda: True

    def start(self, figure: Any, step: Callable[[], bool], seconds: float) -> None:
        self.tick, self.seconds = step, seconds

    def show(self, figure: Any) -> None:
        figure.canvas.draw()
        self.pictures += 1

    def stop(self) -> None:
        self.stopped = True


def test_prices_of_a_live_chart_may_be_logarithmic() -> None:
    for bars in ("1m", None):
        frame = minute_bars(9).with_columns(price=pl.col("close"))
        chart = plot.live(Stream(frame), bars=bars, clockwork=Clock(), log=True)
        assert chart.ax.get_yscale() == "log"
    with pytest.raises(ValueError, match="log: not for an order book"):
        plot.live(Stream(book([101], [100])), "orderbook", clockwork=Clock(), log=True)


def test_a_live_chart_draws_what_arrives_and_nothing_twice() -> None:
    stream, clock = Stream(minute_bars(3)), Clock()
    chart = plot.live(stream, bars="1m", clockwork=clock)
    assert (clock.pictures, len(polygons(chart.ax))) == (1, 3)
    assert clock.tick()
    assert clock.pictures == 1
    stream.rows = minute_bars(5)
    assert clock.tick()
    assert (clock.pictures, len(polygons(chart.ax))) == (2, 5)
    assert len(chart.figure.axes) == 2
    assert stream.asked[0] == "1m"
    check_texts(chart.figure)


def test_a_live_chart_stops_with_its_stream_and_draws_the_last_rows() -> None:
    stream, clock = Stream(minute_bars(3)), Clock()
    chart = plot.live(stream, clockwork=clock)
    stream.rows, stream.running = minute_bars(4), False
    assert clock.tick() is False
    assert (chart.running, clock.stopped, len(polygons(chart.ax))) == (False, True, 4)
    assert chart.ax.get_title("left") == "005930 · 끝남"
    assert repr(chart) == "<live plot of trade, ended>"
    assert clock.tick() is False


def test_a_live_chart_waits_for_the_first_row() -> None:
    stream, clock = Stream(minute_bars(2).clear()), Clock()
    chart = plot.live(stream, clockwork=clock)
    assert [text.get_text() for text in chart.ax.texts] == ["데이터를 기다리는 중"]
    stream.rows = minute_bars(2)
    clock.tick()
    assert len(polygons(chart.ax)) == 2


def test_a_live_book_that_is_still_empty_is_waited_for() -> None:
    stream, clock = Stream(book([0], [0])), Clock()
    chart = plot.live(stream, "orderbook", clockwork=clock)
    assert [text.get_text() for text in chart.ax.texts] == ["데이터를 기다리는 중"]
    stream.rows = book([101], [100])
    assert clock.tick()
    assert len(rungs(chart.ax)) == 2


def test_an_error_stops_a_live_chart_and_is_raised() -> None:
    stream, clock = Stream(minute_bars(2)), Clock()
    chart = plot.live(stream, clockwork=clock)
    stream.rows = minute_bars(3).drop("close")
    with pytest.raises(ValueError, match="the frame lacks close"):
        clock.tick()
    assert (chart.running, clock.stopped) == (False, True)


def test_one_of_several_symbols_of_a_stream_is_chosen() -> None:
    both = pl.concat([minute_bars(3), minute_bars(3, "000660")])
    with pytest.raises(ValueError, match="symbol: the stream carries 000660, 005930; say which one to draw"):
        plot.live(Stream(both), clockwork=Clock())
    chart = plot.live(Stream(both), symbol="000660", clockwork=Clock())
    assert chart.ax.get_title("left") == "000660"


def test_a_live_chart_keeps_to_the_axes_that_it_was_given() -> None:
    figure, (left, right) = plt.subplots(1, 2)
    before, stream, clock = left.get_position(), Stream(minute_bars(3)), Clock()
    plot.live(stream, ax=left, clockwork=clock)
    for count in (4, 5, 6):
        stream.rows = minute_bars(count)
        clock.tick()
    assert len(figure.axes) == 3
    assert right in figure.axes
    assert left.get_position().y1 == pytest.approx(before.y1)
    assert labelled(left, "volume").get_position().y0 == pytest.approx(before.y0)


@pytest.mark.parametrize("feed", ["orderbook", "program"])
def test_other_feeds_are_drawn_from_their_frames(feed: str) -> None:
    rows = {
        "orderbook": book([101, 102], [100]),
        "program": minute_bars(4).select("time", "symbol", price="close", net_buy_volume="volume"),
    }
    stream, clock = Stream(rows[feed]), Clock()
    chart = plot.live(stream, feed, clockwork=clock)
    assert set(stream.asked) == {feed}
    assert chart.ax.lines or chart.ax.collections


def test_a_stream_of_pandas_frames_is_drawn_the_same() -> None:
    stream: Any = Stream(minute_bars(3))
    stream.rows = kdp.to_pandas(stream.rows)
    chart = plot.live(stream, clockwork=Clock())
    assert len(polygons(chart.ax)) == 3
    assert chart.ax.get_title("left") == "005930"


def test_trades_are_drawn_one_by_one_where_no_bars_are_wanted() -> None:
    stream = Stream(minute_bars(4).select("time", "symbol", price="close"))
    chart = plot.live(stream, bars=None, last=3, clockwork=Clock())
    assert len(chart.ax.lines[0].get_ydata()) == 3
    assert set(stream.asked) == {"trade"}


def test_a_window_follows_by_its_timer_and_closing_it_ends_the_chart() -> None:
    stream = Stream(minute_bars(3))
    made: list[Any] = []

    class Canvas(type(plt.figure().canvas)):  # type: ignore[misc]
        def new_timer(self, interval: int | None = None, callbacks: Any = None) -> Any:
            made.append(super().new_timer(interval=interval, callbacks=callbacks))
            return made[-1]

    figure = plt.figure()
    Canvas(figure)
    chart = plot.live(stream, interval=0.2, ax=figure.add_subplot())
    (timer,) = made
    assert timer.interval == 200
    stream.rows = minute_bars(6)
    timer._on_timer()  # what the event loop of a window calls
    assert len(polygons(chart.ax)) == 6
    figure.canvas.callbacks.process("close_event", CloseEvent("close_event", figure.canvas))
    assert chart.running is False
    timer._on_timer()
    assert timer.callbacks == []


def test_a_notebook_gets_one_output_whose_picture_is_replaced() -> None:
    stream, events = Stream(minute_bars(3)), list[str]()
    ended = asyncio.Event()

    class Handle:
        def update(self, figure: Any) -> None:
            events.append(f"update {len(polygons(figure.axes[0]))}")
            if not stream.running:
                ended.set()

    def display(figure: Any, *, display_id: bool) -> Handle:
        assert display_id
        events.append(f"display {len(polygons(figure.axes[0]))}")
        return Handle()

    async def cell() -> Any:
        chart = plot.live(stream, interval=0.005, clockwork=Notebook(display))
        stream.rows, stream.running = minute_bars(5), False
        await asyncio.wait_for(ended.wait(), 10)
        return chart

    chart = asyncio.run(cell())
    assert events[0] == "display 3"
    assert set(events[1:]) == {"update 5"}
    assert chart.running is False
    assert plt.get_fignums() == []


def test_a_live_chart_has_a_size_of_its_own_and_is_not_saved_with_each_picture() -> None:
    chart = plot.live(Stream(minute_bars(3)), clockwork=Clock(), figsize=(6, 3))
    assert chart.figure.get_size_inches().tolist() == [6, 3]
    with pytest.raises(ValueError, match=r"save: not for a chart that moves; call \.figure\.savefig"):
        plot.live(Stream(minute_bars(3)), save="a.png")


def test_wrong_arguments_of_a_live_chart_are_refused() -> None:
    with pytest.raises(ValueError, match="feed: expected 'trade', 'orderbook', 'program', got 'vi'"):
        plot.live(Stream(minute_bars(1)), "vi")
    with pytest.raises(ValueError, match="last, interval: expected numbers above zero"):
        plot.live(Stream(minute_bars(1)), interval=0)


def named(chart: plot.LivePlot, clock: Clock) -> str:
    """The title once the names have come."""
    for thread in threading.enumerate():
        if thread.name == "kiwoomdata-names":
            thread.join(30)
    clock.tick()
    return chart.ax.get_title("left")


@pytest.mark.parametrize("face", [kd, kdp])
def test_a_live_chart_asks_the_client_of_its_stream_for_the_name(
    face: Any, server: kd.simulator.Server, client: kd.Client
) -> None:
    with face.stream_to_frame("005930", "orderbook", rows=100, client=client) as stream:
        assert stream.wait(rows=3, seconds=60)
        clock = Clock()
        chart = stream.plot("orderbook", clockwork=clock)
        assert named(chart, clock).startswith("삼성전자 005930")
        assert named(chart, clock).startswith("삼성전자 005930")
    assert server.log.count("ka10099") == 2


def test_a_live_chart_draws_on_while_names_are_awaited_and_without_them(
    server: kd.simulator.Server, client: kd.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    refused, asked = threading.Event(), list[kd.Client]()

    def late(client: kd.Client, *, offline: bool) -> names.Listed:
        asked.append(client)
        assert refused.wait(30)
        raise kd.ApiError("not now", code="1", api_id="ka10099")

    monkeypatch.setattr(names, "_listed", late)
    kd.use(client)
    stream, clock = Stream(minute_bars(3)), Clock()
    chart = plot.live(stream, clockwork=clock)
    stream.rows = minute_bars(4)
    assert clock.tick()
    assert (len(polygons(chart.ax)), chart.ax.get_title("left")) == (4, "005930")
    refused.set()
    assert named(chart, clock) == "005930"
    stream.rows = minute_bars(5)
    assert clock.tick()
    assert (len(polygons(chart.ax)), len(asked)) == (5, 1)
