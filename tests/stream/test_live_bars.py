"""Books, bars and recordings of a stream."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest

import kiwoomdata as kd
from kiwoomdata import errors
from kiwoomdata.entries.feeds import write_values
from kiwoomdata.stream.decode import schema
from kiwoomdata.stream.start import Batch, Live, stream_to_frame
from tests.disks import small_disk
from tests.stream.talking import (
    NOON,
    ORDERBOOK,
    TRADE,
    Stream,
    cut,
    program,
    trade,
    trade_values,
    until,
    volumes,
)
from tests.ws_server import WsServer, real, say


def test_the_latest_book_is_long_and_stays_when_it_has_left_the_window(ws: WsServer, stream: Stream) -> None:
    live = stream(["005930", "000660"], "orderbook", rows=1)
    assert live.book("005930").shape == (0, 11)
    levels = {
        f"{side}_{what}_{n}": n
        for side in ("ask", "bid")
        for what in ("price", "quantity")
        for n in range(1, 11)
    }
    told = levels | {"ask_total_quantity": 55, "bid_total_quantity": 44}
    ws.push(
        real(("0D", "005930", write_values(ORDERBOOK, {**told, "ask_price_1": 9}))),
        real(("0D", "005930", write_values(ORDERBOOK, told))),
        real(("0D", "000660", write_values(ORDERBOOK, told))),
    )
    assert live.wait(rows=3, seconds=10)
    assert live.frame("orderbook")["symbol"].to_list() == ["000660"]
    book = live.book("005930")
    assert book.schema == live.book("000270").schema
    assert book.filter(side="ask")["price"].to_list() == list(range(1, 11))
    assert book.filter(side="bid")["total_quantity"].to_list() == [44] * 10
    assert book["symbol"].unique().to_list() == ["005930"]


def told_bars(live: Live, symbol: str = "005930", every: str = "1m") -> list[tuple[Any, ...]]:
    frame = live.bars(every).filter(symbol=symbol)
    return frame.select(pl.col("time").dt.strftime("%H:%M"), "volume", "finished", "gap").rows()


def test_bars_of_an_undisturbed_stream_have_no_gap_whatever_the_feed_leaves_out(
    ws: WsServer, stream: Stream
) -> None:
    live = stream()
    ws.push(trade(5, 5, clock="090000"), trade(8, 3, clock="090030"), trade(508, 1, clock="090130"))
    ws.push(trade(510, 2, clock="090410"))
    assert live.wait(rows=4, seconds=10)
    assert live.bars().select("volume", "off_feed_volume", "finished", "gap").rows() == [
        (8, 0, True, False),
        (1, 499, True, False),
        (2, 0, False, False),
    ]


def test_a_late_trade_after_a_reconnect_hides_no_gap_of_another_symbol(ws: WsServer, stream: Stream) -> None:
    live = stream(["005930", "000660"])
    ws.push(trade(2, 2, clock="100110"), trade(1, 1, "000660", clock="100112"))
    assert live.wait(rows=2, seconds=10)
    cut(ws, live)
    ws.push(trade(2, 1, "000660", clock="100111"))
    ws.push(trade(5001, 1, clock="100550"), trade(5002, 1, clock="100610"))
    assert live.wait(rows=5, seconds=10)
    assert told_bars(live) == [
        ("10:01", 2, True, True),
        ("10:05", 1, True, True),
        ("10:06", 1, False, False),
    ]


def test_symbols_of_a_connection_that_stood_have_no_gap_and_those_of_one_that_fell_have(
    ws: WsServer, client: kd.Client
) -> None:
    symbols = [f"{n:06d}" for n in range(1, 202)]
    with stream_to_frame(symbols, rows=1000, connections=2, client=client) as live:
        until(lambda: live.stats.connected)
        first, second = ws._sockets
        if not any("000201" in str(message) for message in ws.received[1]):
            first, second = second, first
        first.send(trade(1, 1, "000001", clock="100001"))
        second.send(trade(1, 1, "000201", clock="100002"))
        assert live.wait(rows=2, seconds=10)
        second.socket.shutdown(2)
        ws.until(lambda: ws.connections == 3)
        first.send(trade(2, 1, "000001", clock="100501"))
        until(lambda: live.stats.connected)
        assert live.wait(rows=3, seconds=10)
        # What the first connection tells is no clock for what the second may have missed.
        assert told_bars(live, "000201") == [("10:00", 1, False, True)]
        ws._sockets[-1].send(trade(9, 1, "000201", clock="100502"))
        assert live.wait(rows=4, seconds=10)
        assert told_bars(live, "000001") == [("10:00", 1, True, False), ("10:05", 1, False, False)]
        assert told_bars(live, "000201") == [("10:00", 1, True, True), ("10:05", 1, False, True)]


def test_symbols_whose_registration_waits_have_the_longer_gap(ws: WsServer, stream: Stream) -> None:
    symbols = [f"{n:06d}" for n in range(1, 151)]
    live = stream(symbols)
    ws.push(trade(1, 1, "000001", clock="100000"), trade(1, 1, "000150", clock="100000"))
    assert live.wait(rows=2, seconds=10)
    gate = threading.Event()

    def answer(message: dict[str, Any]) -> list[str]:
        if "000150" in message["data"][0]["item"]:
            assert gate.wait(10)
        return [say(trnm="REG", return_code=0, return_msg="")]

    ws.answers["REG"] = answer
    ws.drop()
    ws.until(lambda: len(ws.requests("REG")) == 3)
    ws.push(trade(2, 1, "000001", clock="100110"))
    assert live.wait(rows=3, seconds=10)
    gate.set()
    until(lambda: live.stats.connected)
    ws.push(trade(3, 1, "000001", clock="100210"), trade(7, 1, "000150", clock="100211"))
    assert live.wait(rows=5, seconds=10)
    assert [gap for *_, gap in told_bars(live, "000001")] == [False, False, False]
    assert [gap for *_, gap in told_bars(live, "000150")] == [True, True]


def test_a_bar_in_which_a_symbol_was_subscribed_or_dropped_is_marked(ws: WsServer, stream: Stream) -> None:
    live = stream()
    ws.push(trade(1, clock="100000"), trade(2, clock="100200"))
    assert live.wait(rows=2, seconds=10)
    live.subscribe("000660")
    ws.until_registered(("000660", "0B"))
    ws.push(trade(5000, 3, "000660", clock="100250"), trade(5001, 1, "000660", clock="100310"))
    assert live.wait(rows=4, seconds=10)
    live.unsubscribe("000660")
    ws.until(lambda: not ws.book["000660", "0B"])
    live.subscribe("000660")
    ws.until_registered(("000660", "0B"))
    ws.push(trade(9001, 1, "000660", clock="100350"), trade(9002, 1, "000660", clock="100500"))
    assert live.wait(rows=6, seconds=10)
    assert told_bars(live, "000660") == [
        ("10:02", 3, True, True),
        ("10:03", 2, True, True),
        ("10:05", 1, False, False),
    ]
    assert live.gaps.is_empty()


def test_bars_of_trades_that_were_let_go_are_marked(ws: WsServer, stream: Stream) -> None:
    live = stream(buffer=5, on_full="drop_oldest")
    ws.push(trade(1, clock="100000"))
    assert live.wait(rows=1, seconds=10)
    with live._engine.lock:  # decoding stands still, as on a busy machine
        ws.push(*(trade(n, clock="100100") for n in range(2, 22)))
        until(lambda: live._engine.intake.dropped == 15)
    assert live.wait(rows=6, seconds=10)
    ws.push(trade(22, clock="100200"))
    assert live.wait(rows=7, seconds=10)
    assert told_bars(live) == [
        ("10:00", 1, True, True),
        ("10:01", 5, True, True),
        ("10:02", 1, False, False),
    ]


def test_a_frame_that_cannot_be_read_marks_the_bars_around_it(ws: WsServer, stream: Stream) -> None:
    live = stream()
    ws.push(trade(1, clock="100000"), trade(2, clock="100100"))
    assert live.wait(rows=2, seconds=10)
    ws.push('{"trnm":"REAL","data":[{"type":"0B","item":"005930","values":{"13":"2"')
    ws.push(trade(4, clock="100300"), trade(5, clock="100400"))
    assert live.wait(rows=4, seconds=10)
    assert [gap for *_, gap in told_bars(live)] == [False, True, True, False]


def test_a_feed_whose_registration_is_refused_takes_nothing_from_bars(ws: WsServer, stream: Stream) -> None:
    live = stream()
    ws.push(trade(1, clock="100000"))
    assert live.wait(rows=1, seconds=10)
    ws.answers["REG"] = lambda message: [say(trnm="REG", return_code=105118, return_msg="no")]
    live.subscribe("005930", "orderbook")
    with pytest.raises(kd.StreamError, match="no"):
        live.wait(rows=9, seconds=10)
    until(lambda: live.gaps.height == 1)
    ws.push(trade(9, clock="100100"), trade(10, clock="100200"))
    assert live.wait(rows=3, seconds=10)
    assert live.bars().select("off_feed_volume", "gap").rows() == [(0, False), (7, False), (0, False)]
    assert live.gaps.select("feeds", "unseen_shares").row(0) == (["orderbook"], None)


@pytest.mark.parametrize("off", [timedelta(hours=-3), timedelta(minutes=5)])
def test_a_clock_of_this_computer_that_is_off_finishes_no_bar_and_hides_no_gap(
    ws: WsServer, clients: Callable[..., kd.Client], stream: Stream, off: timedelta
) -> None:
    began = time.monotonic()
    client = clients(clock=lambda: NOON + off + timedelta(seconds=time.monotonic() - began))
    live = stream(client=client)
    ws.push(trade(2, 2, clock="115958"))
    assert live.wait(rows=1, seconds=10)
    assert told_bars(live) == [("11:59", 2, False, False)]
    cut(ws, live)
    ws.push(trade(9, 1, clock="120001"))
    assert live.wait(rows=2, seconds=10)
    assert told_bars(live) == [("11:59", 2, True, True), ("12:00", 1, False, True)]


def test_the_servers_clock_is_told_by_whatever_feed(ws: WsServer, stream: Stream) -> None:
    live = stream("005930", ("trade", "program"))
    ws.push(trade(1, clock="100030"))
    ws.push(real(program("100101")))
    assert live.wait(rows=2, seconds=10)
    assert told_bars(live) == [("10:00", 1, False, False)]
    ws.push(real(program("100102")))
    assert live.wait(rows=3, seconds=10)
    assert told_bars(live) == [("10:00", 1, True, False)]


@pytest.mark.parametrize("columns", [("price", "quantity", "side"), ("price",), ()])
def test_bars_count_a_trade_told_twice_once_whatever_columns_are_kept(
    ws: WsServer, stream: Stream, columns: tuple[str, ...]
) -> None:
    live = stream(columns=columns, batch=1)
    ws.push(trade(4, 4, clock="100000"), trade(4, 4, clock="100000"), trade(8, 4, clock="100000"))
    assert live.wait(rows=3, seconds=10)
    assert live.bars().select("volume", "trades", "buy_volume").row(0) == (8, 2, 8)
    shown = ["symbol", "venue", "time", "received_at", *sorted(columns, key=list(schema(TRADE)).index)]
    assert live.frame().columns == shown
    event = next(iter(live))
    assert isinstance(event, Batch)
    assert event.frame.columns == shown


def test_bars_are_made_of_the_trades_in_the_window(ws: WsServer, stream: Stream) -> None:
    live = stream(rows=3)
    for n, clock in enumerate(("115701", "115801", "115830", "120101")):
        ws.push(real(("0B", "005930", trade_values(10 + n, price=100 + n, clock=clock))))
    assert live.wait(rows=4, seconds=10)
    bars = live.bars("1m")
    assert bars.select("open", "close", "volume").rows() == [(101, 102, 2), (103, 103, 1)]
    assert bars["gap"].to_list() == [True, False]  # the stream began at noon
    assert bars["finished"].to_list() == [True, False]
    live.stop()
    with pytest.raises(ValueError, match="feed: 'trade' is not streamed"):
        stream("005930", "program").bars("1m")


def test_a_stream_is_recorded_as_it_came(ws: WsServer, stream: Stream, tmp_path: Path) -> None:
    live = stream("005930", ("trade", "program"), record=tmp_path / "ticks")
    ws.push(
        real(("0B", "005930", trade_values(1)), program("", cumulative_volume=2), ("9Z", "x", {})), trade(3)
    )
    assert live.wait(rows=3, seconds=10)
    live.stop()
    files = sorted((tmp_path / "ticks").glob("feed=*/date=*/*.parquet"))
    rows = pl.concat([pl.read_parquet(file, hive_partitioning=False) for file in files]).sort("seq")
    assert rows["type"].to_list() == ["0B", "0w", "9Z", "0B"]
    assert json.loads(rows["values"][3]) == trade_values(3)


def test_a_recorder_that_fails_is_told_and_the_stream_goes_on(ws: WsServer, stream: Stream) -> None:
    class Broken:
        def add(self, type: str, item: str, values: bytes, received: int, /) -> None:
            raise kd.StreamError("the disk is full")

    live = stream(record=Broken())
    ws.push(trade(1))
    with pytest.raises(kd.StreamError, match="the disk is full"):
        live.wait(rows=99, seconds=10)
    assert volumes(live.frame()) == [1]


def test_a_sink_that_refuses_some_messages_is_given_the_others(ws: WsServer, stream: Stream) -> None:
    refused: list[bytes] = []
    taken: list[bytes] = []

    class Picky:
        def add(self, type: str, item: str, values: bytes, received: int, /) -> None:
            if len(taken) == 1 and not refused:
                refused.append(values)
                raise kd.StreamError("not this one")
            taken.append(values)

    live = stream(record=Picky())
    ws.push(real(*(("0B", "005930", trade_values(n)) for n in range(4))))
    with pytest.raises(kd.StreamError, match="not this one"):
        live.wait(rows=99, seconds=10)
    assert [json.loads(values)["13"] for values in taken] == ["0", "2", "3"]


def test_stopping_tells_how_many_messages_are_not_on_a_full_disk_and_may_be_tried_again(
    ws: WsServer, stream: Stream, tmp_path: Path
) -> None:
    with small_disk(tmp_path / "disk") as fill:
        folder = tmp_path / "disk" / "ticks"
        live = stream(record=folder)
        fill(True)
        ws.push(*(trade(n) for n in range(5)))
        assert live.wait(rows=5, seconds=10)
        with pytest.raises(kd.StreamError, match="No space left on device.*: 5 messages are not on the disk"):
            live.stop()
        with pytest.raises(kd.StreamError, match="5 messages are not on the disk"):
            live.stop()
        fill(False)
        live.stop()
        assert kd.ticks(folder).collect().height == 5


def test_leaving_the_block_tells_of_a_full_disk_beside_what_ended_it(
    ws: WsServer, client: kd.Client, tmp_path: Path
) -> None:
    def run(end: Callable[[], None], fill: Callable[[bool], None]) -> None:
        fill(False)
        with stream_to_frame("005930", rows=9, record=tmp_path / "disk" / "ticks", client=client) as live:
            until(lambda: live.stats.connected)
            fill(True)
            ws.push(trade(1))
            assert live.wait(rows=1, seconds=10)
            end()
            if end == ws.kick:
                until(lambda: live.error is not None)

    def fail() -> None:
        raise ZeroDivisionError("mine")

    with small_disk(tmp_path / "disk") as fill:
        with pytest.raises(kd.StreamError, match="1 messages are not on the disk"):
            run(lambda: None, fill)
        for end, error in ((fail, ZeroDivisionError), (ws.kick, errors.Kicked)):
            with pytest.raises(error) as told:
                run(end, fill)
            assert any("1 messages are not on the disk" in note for note in told.value.__notes__)
