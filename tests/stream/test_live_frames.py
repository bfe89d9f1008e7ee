"""From live messages to frames, and what a stream refuses to be asked for."""

from __future__ import annotations

import asyncio
import json
import warnings
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import kiwoomdata as kd
from kiwoomdata import errors
from kiwoomdata.entries.feeds import write_values
from kiwoomdata.stream.decode import schema
from kiwoomdata.stream.events import Counts
from kiwoomdata.stream.intake import Intake, open_frames
from kiwoomdata.stream.start import stream_to_frame
from tests.stream.talking import (
    NOON,
    ORDERBOOK,
    PROGRAM,
    TRADE,
    Stream,
    program,
    trade,
    trade_values,
    until,
    volumes,
)
from tests.ws_server import WsServer, real, say

# --- frames -----------------------------------------------------------------------------------------


def test_trades_become_rows_in_the_order_of_arrival_with_one_schema(ws: WsServer, stream: Stream) -> None:
    live = stream()
    assert live.frame("trade").schema == schema(TRADE)
    ws.push(*(trade(n, price=60_000 + n) for n in (5, 3, 4)))
    assert live.wait(rows=3, seconds=10)
    frame = live.frame()
    assert frame.schema == schema(TRADE)
    assert volumes(frame) == [5, 3, 4]
    assert frame["received_at"].is_sorted()
    row = frame.row(0, named=True)
    assert (row["symbol"], row["venue"], row["price"], row["side"]) == ("005930", "krx", 60_005, "buy")
    assert row["time"] == NOON.replace(hour=11, minute=59, second=58)
    assert timedelta(0) <= row["received_at"] - NOON < timedelta(seconds=30)


def test_types_are_registered_verbatim_and_mixed_frames_go_apart(ws: WsServer, stream: Stream) -> None:
    live = stream(["005930", "000660_NX"], ("trade", "0w", "orderbook"))
    book = write_values(ORDERBOOK, {"ask_price_1": 100})
    program = write_values(PROGRAM, {"net_buy_volume": -7})
    ws.push(
        real(
            ("0B", "005930", trade_values(1)),
            ("0D", "005930", book),
            ("0w", "000660_NX", program),
            ("0D", "000660_NX", book),
        )
    )
    assert live.wait(rows=4, seconds=10)
    assert live.wait(rows=2, feed="0D", seconds=10)
    assert live.frame("orderbook")["venue"].to_list() == ["krx", "nxt"]
    assert live.frame("program").select("symbol", "venue", "net_buy_volume").rows() == [("000660", "nxt", -7)]
    assert live.frame("program").schema == schema(PROGRAM)
    (request,) = ws.requests("REG")
    assert request["data"] == [{"item": ["005930", "000660_NX"], "type": ["0B", "0w", "0D"]}]
    assert request["refresh"] == "1"


def test_a_fid_that_the_catalogue_lacks_is_a_text_column_from_then_on(ws: WsServer, stream: Stream) -> None:
    live = stream()
    for n, more in enumerate(({}, {"9999": "new"}, {}), 1):
        ws.push(real(("0B", "005930", trade_values() | more)))
        assert live.wait(rows=n, seconds=10)
    assert live.frame()["9999"].to_list() == [None, "new", None]


def test_only_the_columns_asked_for_are_kept(ws: WsServer, stream: Stream) -> None:
    live = stream("005930", ("trade", "program"), columns={"trade": ["price"]})
    ws.push(trade(price=7))
    assert live.wait(rows=1, seconds=10)
    assert live.frame("trade").columns == ["symbol", "venue", "time", "received_at", "price"]
    assert live.frame("program").schema == schema(PROGRAM)
    assert live.frame("trade", columns=["price"]).to_dict(as_series=False) == {"price": [7]}


def test_a_list_of_columns_is_for_every_feed_that_has_them(ws: WsServer, stream: Stream) -> None:
    live = stream("005930", ("trade", "program"), columns=["price", "side"])
    assert live.frame("trade").columns[4:] == ["price", "side"]
    assert live.frame("program").columns[4:] == ["price"]


def test_messages_in_fragments_keep_their_place(ws: WsServer, stream: Stream) -> None:
    live = stream()
    long = trade(2)
    ws.push(trade(1), [long[:50], long[50:51], long[51:]], trade(3))
    assert live.wait(rows=3, seconds=10)
    assert volumes(live.frame()) == [1, 2, 3]


def test_binary_messages_in_fragments_are_read_as_text(ws: WsServer, stream: Stream) -> None:
    live = stream()
    frame = trade(1).encode()
    ws.push([frame[:7], frame[7:99], frame[99:]], trade(2).encode(), b'{"trnm":"PING"}')
    ws.until(lambda: ws.echoes)
    assert live.wait(rows=2, seconds=10)
    assert volumes(live.frame()) == [1, 2]
    assert live.running


def test_frames_written_in_other_ways_keep_their_place(ws: WsServer, stream: Stream) -> None:
    live = stream()
    other = [
        lambda text: json.dumps(json.loads(text), indent=1),
        lambda text: json.dumps({"data": json.loads(text)["data"], "trnm": "REAL", "n": 1}),
        lambda text: f" {text} ",
        str,
    ]
    ws.push(*(other[n % 4](trade(n)) for n in range(1, 400)))
    assert live.wait(rows=399, seconds=10)
    assert volumes(live.frame()) == list(range(1, 400))


def test_frames_that_cannot_be_read_are_counted_and_the_others_come_through(
    ws: WsServer, stream: Stream
) -> None:
    live = stream()
    ws.push(
        trade(1),
        "{",
        '{"trnm":"REAL","data":[{"type":"0B","item":"005930","values":{"13":"2"',
        say(trnm="NEWS", data=[]),
        say(trnm="REAL", data=[{"type": "0B", "item": "005930", "values": None}]),
        say(data=[{"type": "0B", "item": "005930", "values": trade_values(2)}], trnm="REAL"),
        real(("9Z", "005930", {"1": "2"})),
        trade(3),
    )
    assert live.wait(rows=3, seconds=10)
    assert volumes(live.frame()) == [1, 2, 3]
    assert live.stats.broken == 3
    assert live.stats.unknown == 2


def test_a_value_that_fits_no_rule_is_null_and_warned_of_once(ws: WsServer, stream: Stream) -> None:
    live = stream()
    for _ in range(3):
        ws.push(real(("0B", "005930", trade_values() | {"10": "n/a"})))
    with pytest.warns(kd.KiwoomDataWarning, match=r"trade.price: 'n/a' is not a whole number and"):
        assert live.wait(rows=3, seconds=10)
    assert live.frame()["price"].to_list() == [None] * 3
    assert live.stats.bad_cells == 3


def test_a_fid_that_the_server_stops_sending_is_told_once(ws: WsServer, stream: Stream) -> None:
    live = stream("005930", ("trade", "program", "best_quote"))
    without = {fid: text for fid, text in trade_values(2).items() if fid not in ("14", "228")}
    lacks = {fid: text for fid, text in program("100000")[2].items() if fid not in ("214", "215", "216")}
    ws.push(trade(1))
    assert live.wait(rows=1, seconds=10)  # a blank strength is none that is absent
    ws.push(real(("0w", "005930", lacks), ("0C", "005930", {"27": "+20800"})))
    assert live.wait(rows=3, seconds=10)  # nobody has seen those of 0w, nor a whole message of 0C
    for seen in (4, 5):
        ws.push(real(("0B", "005930", without)))
        with warnings.catch_warnings(record=True) as told:
            warnings.simplefilter("always")
            assert live.wait(rows=seen, seconds=10)
        lost = "trade: the server left out FID 14 (cumulative_value), 228 (strength); the cells are null"
        assert [(w.category, str(w.message)) for w in told] == [(kd.MissingKey, lost)] * (seen == 4)
    assert live.frame()["cumulative_value"].to_list() == [None] * 3


def test_a_stream_of_the_market_needs_no_symbols(ws: WsServer, stream: Stream) -> None:
    live = stream([], ("market_status", "vi"))
    (request,) = ws.requests("REG")
    assert request["data"] == [{"item": [""], "type": ["0s", "1h"]}]
    ws.push(real(("0s", "", {"215": "3", "20": "090000", "214": "000000"})))
    assert live.wait(rows=1, seconds=10)
    assert live.frame("market_status").select("symbol", "market_state").rows() == [(None, "3")]


def test_codes_of_stocks_and_sectors_go_to_the_feeds_that_are_about_them(
    ws: WsServer, stream: Stream
) -> None:
    stream(["005930", "001"], ("trade", "sector_index"), venue="all")
    ws.until(lambda: len(ws.requests("REG")) == 2)
    sent = [request["data"][0] for request in ws.requests("REG")]
    assert sent == [{"item": ["005930_AL"], "type": ["0B"]}, {"item": ["001"], "type": ["0J"]}]


def test_a_window_of_time_lets_rows_go(ws: WsServer, stream: Stream) -> None:
    live = stream(window="300ms")
    ws.push(trade(1))
    assert live.wait(rows=1, seconds=10)
    until(lambda: live.frame().is_empty())
    assert live.stats.decoded == 1


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.tuples(st.sampled_from(["0B", "0w", "9Z"]), st.integers(1, 99)), min_size=1, max_size=40),
    st.lists(st.integers(1, 6), min_size=1),
    st.sampled_from(["first", "last", "odd"]),
)
def test_however_messages_are_put_into_frames_they_come_out_in_order(
    messages: list[tuple[str, int]], sizes: list[int], shape: str
) -> None:
    intake, at, turn = Intake(1000, "block", lambda: None), 0, 0
    while at < len(messages):
        size = sizes[turn % len(sizes)]
        entries = [
            {"type": type_, "item": f"{n:06d}", "values": {"1": "한" if n % 2 else "a"}}
            for type_, n in messages[at : at + size]
        ]
        if shape == "odd":
            entries.insert(0, {"type": "0B"})
        body = {"data": entries, "trnm": "REAL"} if shape == "last" else {"trnm": "REAL", "data": entries}
        intake.put(say(**body).encode())
        at, turn = at + size, turn + 1
    stats = Counts()
    opened, unread = open_frames(intake.take(1000), stats)
    assert list(zip(opened.types, opened.items, strict=True)) == [(t, f"{n:06d}") for t, n in messages]
    assert [json.loads(v)["1"] for v in opened.values] == ["한" if n % 2 else "a" for _, n in messages]
    assert stats.items == len(messages)
    assert stats.broken == (turn if shape == "odd" else 0)
    assert bool(unread) is (shape == "odd")
    for type_, part in opened.by_type().items():
        assert part.items == [f"{n:06d}" for t, n in messages if t == type_]


# --- arguments --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("symbols", "options", "wrong", "words"),
    [
        ("005930", {"rows": None}, ValueError, "window, rows: neither was given; pass exactly one"),
        ("005930", {"window": "5m"}, ValueError, "window, rows: both were given"),
        ("005930", {"rows": 0}, ValueError, "rows: expected a whole number of at least 1, got 0"),
        ("005930", {"rows": "10"}, TypeError, "rows: expected a whole number, got '10'"),
        ("005930", {"rows": None, "window": "5 min"}, ValueError, "window: expected a span of time such as"),
        ("005930", {"rows": None, "window": 5}, TypeError, "window: expected a span of time such as"),
        ("005930", {"rows": None, "window": "0s"}, ValueError, "window: expected a span .* longer than none"),
        ("005930", {"every": "1s", "batch": 3}, ValueError, "every, batch: both were given"),
        (
            "005930",
            {"batch": 3, "buffer": 2},
            ValueError,
            "batch: 3 rows never come together in a buffer of 2",
        ),
        (
            "005930",
            {"on_full": "wait"},
            ValueError,
            "on_full: expected one of 'block', 'drop_oldest', 'raise'",
        ),
        (
            "005930",
            {"feeds": "0W"},
            ValueError,
            r"feeds: expected a feed's name or code, got '0W'.*program \(0w\)",
        ),
        ("005930", {"feeds": []}, ValueError, "feeds: expected at least one"),
        ("005930", {"feeds": [7]}, TypeError, "feeds: expected names or codes"),
        ([], {}, ValueError, "symbols: the feed trade needs at least one, a stock code such as '005930'"),
        ("00593", {}, ValueError, "symbols: expected a stock code such as '005930' .*, got '00593'"),
        ("001", {}, ValueError, "symbols: expected a stock code"),
        ([5930], {}, TypeError, "symbols: expected texts such as '005930', so that zeros stay, got 5930"),
        (5930, {}, TypeError, "symbols: expected .*'005930'.*, got 5930"),
        ("005930", {"feeds": "sector_index"}, ValueError, "symbols: expected a sector code such as '001'"),
        (
            "005930",
            {"feeds": "market_status"},
            ValueError,
            "symbols: market_status is not about certain symbols",
        ),
        ("005930_NX", {"venue": "krx"}, ValueError, "venue: 'krx' contradicts"),
        ("005930", {"columns": "price"}, TypeError, "columns: expected several names"),
        (
            "005930",
            {"columns": ["prize"]},
            ValueError,
            "columns: no feed asked for has 'prize'. There are: ",
        ),
        ("005930", {"columns": {"trade": ["prize"]}}, ValueError, "columns: trade has no 'prize'"),
        (
            "005930",
            {"columns": {"program": ["price"]}},
            ValueError,
            "columns: program is not one of the feeds",
        ),
        ("005930", {"on_batch": 7}, TypeError, "on_batch: expected a function of a batch or a gap, got 7"),
        ("005930", {"on_batch": asyncio.sleep}, TypeError, "on_batch: .* would never run; .*'async for'"),
        ("005930", {"idle": 0}, ValueError, "idle: expected seconds above 0"),
        ("005930", {"connections": 0}, ValueError, "connections: expected a whole number of at least 1"),
        ("005930", {"record": 7}, TypeError, "record: expected a folder"),
        ([f"{n:06d}" for n in range(201)], {}, ValueError, "symbols: 201 more on top of 0 .* 200 items"),
    ],
)
def test_wrong_arguments_are_named_before_anything_is_sent(
    ws: WsServer, client: kd.Client, symbols: Any, options: Any, wrong: type[Exception], words: str
) -> None:
    options = {"rows": 10, **options}
    with pytest.raises(wrong, match=words):
        stream_to_frame(symbols, options.pop("feeds", ("trade",)), client=client, **options)
    assert ws.connections == ws.tokens == 0


def test_a_client_without_a_live_address_says_so(ws: WsServer, clients: Callable[..., kd.Client]) -> None:
    with pytest.raises(errors.ConfigError, match="ws_url: this client has no address for live data"):
        stream_to_frame("005930", rows=1, client=clients(ws_url=None))


def test_wrong_feeds_and_waits_are_named_while_running(ws: WsServer, stream: Stream) -> None:
    live = stream()
    with pytest.raises(ValueError, match="feed: 'orderbook' is not streamed; there are trade"):
        live.frame("orderbook")
    with pytest.raises(ValueError, match="feeds: expected a feed's name"):
        live.frame("trades")
    with pytest.raises(ValueError, match="rows, seconds: neither was given"):
        live.wait()
    with pytest.raises(ValueError, match="every: expected a span"):
        live.bars("7")
