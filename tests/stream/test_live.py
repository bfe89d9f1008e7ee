"""The live stream against a server that is true to the protocol."""

from __future__ import annotations

import asyncio
import gc
import json
import logging
import threading
import time
import warnings
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

import kiwoomdata as kd
import kiwoomdata.pandas as kdp
from kiwoomdata import errors
from kiwoomdata.entries.feeds import find_feed, write_values
from kiwoomdata.kinds import KST
from kiwoomdata.stream.decode import schema
from kiwoomdata.stream.events import Counts
from kiwoomdata.stream.intake import Intake, open_frames
from kiwoomdata.stream.link import CLEARING, FIRST_TRIES, Link
from kiwoomdata.stream.session import Session
from kiwoomdata.stream.spread import spread_items
from kiwoomdata.stream.start import Batch, Gap, Live, stream_to_frame
from tests.disks import small_disk
from tests.ws_server import WsServer, left_over, real, say

NOON = datetime(2026, 11, 20, 12, 0, 0, tzinfo=KST)
TRADE, PROGRAM, ORDERBOOK = (find_feed(name) for name in ("trade", "program", "orderbook"))
Stream = Callable[..., Live]


@pytest.fixture
def ws() -> Iterator[WsServer]:
    with WsServer() as server:
        yield server


@pytest.fixture
def clients(ws: WsServer) -> Iterator[Callable[..., kd.Client]]:
    """Clients of the server whose clock stands at noon of a fixed day when the test begins, and goes on."""
    began, made = time.monotonic(), list[kd.Client]()

    def make(**settings: Any) -> kd.Client:
        client = kd.Client(
            **{
                "base_url": ws.base_url,
                "ws_url": ws.ws_url,
                "app_key": ws.app_key,
                "app_secret": ws.app_secret,
                "quota": None,
                "state": False,
                "cache": False,
                "clock": lambda: NOON + timedelta(seconds=time.monotonic() - began),
                **settings,
            }
        )
        made.append(client)
        return client

    yield make
    for client in made:
        client.close()


@pytest.fixture
def client(clients: Callable[..., kd.Client]) -> kd.Client:
    return clients()


@pytest.fixture
def stream(ws: WsServer, client: kd.Client) -> Iterator[Stream]:
    """Open streams, registered already; they are stopped at the end."""
    opened: list[Live] = []

    def start(symbols: Any = "005930", feeds: Any = ("trade",), **options: Any) -> Live:
        if "window" not in options:
            options.setdefault("rows", 1000)
        live = stream_to_frame(symbols, feeds, client=options.pop("client", client), **options)
        opened.append(live)
        ws.until(lambda: ws.requests("REG"))
        until(lambda: live.stats.connected)
        return live

    yield start
    for live in opened:
        live.stop()
    assert not left_over()


def until(check: Callable[[], Any], seconds: float = 10.0) -> None:
    deadline = time.monotonic() + seconds
    while not check():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.005)


def trade_values(volume: int = 1000, quantity: int = 1, **row: Any) -> dict[str, str]:
    told = {"price": 60_000, "side": "buy", "quantity": quantity, "cumulative_volume": volume, **row}
    return write_values(TRADE, told) | {"20": row.get("clock", "115958"), "567": "000000", "568": "000000"}


def trade(volume: int = 1000, quantity: int = 1, item: str = "005930", **row: Any) -> str:
    return real(("0B", item, trade_values(volume, quantity, **row)))


def volumes(frame: pl.DataFrame) -> list[int]:
    return frame["cumulative_volume"].to_list()


# --- frames ----------------------------------------------------------------------------------------


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


# --- arguments -------------------------------------------------------------------------------------


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


# --- the connection --------------------------------------------------------------------------------


def test_pings_are_echoed_also_before_the_login_is_answered(ws: WsServer, stream: Stream) -> None:
    def login(message: dict[str, Any]) -> list[str]:
        return ['{"trnm":"PING"}', say(trnm="LOGIN", return_code=0, return_msg="")]

    ws.answers["LOGIN"] = login
    live = stream()
    ws.push('{"trnm": "PING" }', trade(1))
    ws.until(lambda: len(ws.echoes) == 2)
    assert ws.echoes == ['{"trnm":"PING"}', '{"trnm": "PING" }']
    assert live.wait(rows=1, seconds=10)


@pytest.mark.parametrize("end", ["drop", "close"])
def test_an_interruption_is_a_gap_and_everything_is_registered_again(
    ws: WsServer, stream: Stream, end: str
) -> None:
    live = stream(["005930", "000660"], ("trade", "program"))
    ws.push(trade(100, 10, price=1), trade(500, 5, "000660"))
    assert live.wait(rows=2, seconds=10)
    getattr(ws, end)()
    ws.until(lambda: ws.connections == 2)
    ws.until_registered(("005930", "0B"), ("000660", "0w"))
    until(lambda: live.stats.connected)
    # 100 were traded before; of the 180 now, 7 are this trade's own: 73 went unseen.
    ws.push(trade(180, 7), trade(190, 10), trade(505, 5, "000660"))
    assert live.wait(rows=5, seconds=10)
    assert volumes(live.frame()) == [100, 500, 180, 190, 505]
    (gap,) = live.gaps.to_dicts()
    assert gap["feeds"] == ["trade", "program"]
    assert gap["symbols"] == ["005930", "000660"]
    received = live.frame()["received_at"]
    assert NOON < received[1] <= gap["since"] < gap["until"] < received[2] < NOON + timedelta(seconds=60)
    assert (
        gap["reason"]
        == {
            "drop": "the connection broke without a goodbye",
            "close": "the server ended the session without giving a reason",
        }[end]
    )
    assert gap["unseen_shares"] == 73
    assert gap["unseen"] == [
        {"symbol": "005930", "venue": "krx", "shares": 73},
        {"symbol": "000660", "venue": "krx", "shares": 0},
    ]
    assert (live.stats.reconnects, live.stats.gaps) == (1, 1)
    sent = [[message for message in one if message["trnm"] == "REG"] for one in ws.received]
    assert sent[0] == sent[1]


def test_trades_told_late_or_twice_after_a_gap_do_not_count_as_the_first_after_it(
    ws: WsServer, stream: Stream
) -> None:
    live = stream()
    ws.push(trade(100, 10))
    assert live.wait(rows=1, seconds=10)
    ws.drop()
    ws.until(lambda: ws.connections == 2 and ws.book["005930", "0B"])
    ws.push(trade(100, 10), trade(90, 5), trade(140, 10))
    assert live.wait(rows=4, seconds=10)
    assert live.gaps["unseen_shares"].to_list() == [30]


def cut(ws: WsServer, live: Live) -> None:
    """Cut the connection, and wait until everything is registered again."""
    connections, gaps = ws.connections, live.gaps.height
    ws.drop()
    ws.until(lambda: ws.connections > connections)
    until(lambda: live.gaps.height > gaps and live.gaps["until"].null_count() == 0)


def test_shares_unseen_over_several_gaps_are_told_once_with_the_last_of_them(
    ws: WsServer, stream: Stream
) -> None:
    live = stream(["005930", "000660"])
    ws.push(trade(100, 10), trade(100, 10, "000660"))
    assert live.wait(rows=2, seconds=10)
    cut(ws, live)
    ws.push(trade(150, 30, "000660"))
    assert live.wait(rows=3, seconds=10)
    cut(ws, live)
    cut(ws, live)
    ws.push(trade(161, 1))
    assert live.wait(rows=4, seconds=10)
    assert live.gaps["unseen_shares"].to_list() == [20, None, 60]


def test_what_unseen_shares_are_counted_from_is_the_most_that_was_told(ws: WsServer, stream: Stream) -> None:
    live = stream(rows=1)
    ws.push(trade(100, 10), trade(90, 5))
    assert live.wait(rows=2, seconds=10)
    cut(ws, live)
    ws.push(trade(140, 10))
    assert live.wait(rows=3, seconds=10)
    assert live.gaps["unseen_shares"].to_list() == [30]


def test_of_both_venues_together_no_unseen_shares_are_told(ws: WsServer, stream: Stream) -> None:
    live = stream("005930_AL")
    ws.push(trade(100, 10, "005930_AL"))
    assert live.wait(rows=1, seconds=10)
    cut(ws, live)
    ws.push(trade(140, 10, "005930_AL"))
    assert live.wait(rows=2, seconds=10)
    assert live.gaps["unseen_shares"].to_list() == [None]


def test_a_gap_begins_when_something_was_last_heard_though_it_is_decoded_later(
    ws: WsServer, stream: Stream
) -> None:
    live = stream()
    ws.push(trade(1))
    assert live.wait(rows=1, seconds=10)
    engine = live._engine
    with engine.lock:  # decoding stands still, as on a busy machine
        ws.push(trade(2))
        until(lambda: engine.intake.oldest is not None)
        arrived = engine.intake.oldest
        assert arrived is not None
        ws.drop()
        until(lambda: engine.gaps.holes)
        until(lambda: engine.intake.now() > arrived + 2_000_000)
    assert live.wait(rows=2, seconds=10)
    assert live.frame()["received_at"].to_physical()[-1] == arrived
    until(lambda: engine.gaps.holes[0].marks is not None)
    assert arrived <= live.gaps["since"].to_physical().item() < arrived + 1_000_000


def test_a_close_before_the_login_is_answered_is_tried_again(ws: WsServer, stream: Stream) -> None:
    ws.on_open.append(lambda socket: socket.close(1000))
    live = stream()
    assert ws.connections == 2
    assert live.gaps.is_empty()


def test_a_server_that_clears_a_session_before_is_tried_for_longer_than_other_failures(
    ws: WsServer, client: kd.Client
) -> None:
    ws.on_open += [lambda socket: socket.close(1000)] * (2 * FIRST_TRIES)
    tried = Link(ws.ws_url, client.transport.tokens, pause=lambda attempt, rng: 0.0)
    tried.start()
    until(lambda: tried.up)
    tried.stop()
    assert ws.connections == 2 * FIRST_TRIES + 1


def test_a_session_that_is_not_cleared_in_twenty_seconds_is_told(
    ws: WsServer, client: kd.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert CLEARING >= 15
    monkeypatch.setattr("kiwoomdata.stream.link.CLEARING", 0.0)
    ws.on_open += [lambda socket: socket.close(1000)] * FIRST_TRIES
    tried = Link(ws.ws_url, client.transport.tokens, pause=lambda attempt, rng: 0.0)
    tried.start()
    until(lambda: not tried.running)
    assert "closed before it answered the login" in str(tried.error)
    tried.stop()


def test_a_token_that_cannot_be_renewed_for_now_is_tried_for_again(ws: WsServer, stream: Stream) -> None:
    live = stream()
    ws.maintenance = True
    ws.logins = [(805004, "[CODE=8005, MESSAGE=Token이 유효하지 않습니다]")]
    ws.close()
    until(lambda: ws.tokens >= 3)
    assert live.error is None
    ws.maintenance = False
    until(lambda: live.stats.connected)
    assert [message["token"] for message in ws.requests("LOGIN")] == [
        "token-1-not-a-real-one",
        "token-1-not-a-real-one",
        f"token-{ws.tokens}-not-a-real-one",
    ]


def test_a_refused_token_is_renewed_once(ws: WsServer, stream: Stream) -> None:
    ws.logins = [(805004, "토큰 인증에 실패했습니다 [CODE=8005, MESSAGE=Token이 유효하지 않습니다]")]
    stream()
    tokens = [message["token"] for message in ws.requests("LOGIN")]
    assert tokens == ["token-1-not-a-real-one", "token-2-not-a-real-one"]


def test_a_token_refused_twice_is_told_with_the_servers_words_and_a_remedy(
    ws: WsServer, client: kd.Client
) -> None:
    ws.logins = [(805004, "[CODE=8005, MESSAGE=Token이 유효하지 않습니다]")] * 2
    with stream_to_frame("005930", rows=10, client=client) as live:
        with pytest.raises(
            errors.LoginRefused, match=r"805004: .*Token이 유효하지.*a new token did not help.* key"
        ):
            live.wait(seconds=10)
        assert live.frame().is_empty()
        assert isinstance(live.error, errors.LoginRefused)
    assert ws.tokens == 2


def test_a_key_that_gets_no_token_is_told_as_by_any_other_call(ws: WsServer, client: kd.Client) -> None:
    ws.refuse_tokens = True
    live = stream_to_frame("005930", rows=10, client=client)
    with pytest.raises(errors.AuthError, match="au10001: the server refused with 8001"):
        live.wait(seconds=10)
    live.stop()
    assert ws.connections == 0


def test_the_same_key_elsewhere_ends_the_stream_and_keeps_what_was_received(
    ws: WsServer, stream: Stream
) -> None:
    live = stream()
    ws.push(trade(1))
    ws.kick()
    until(lambda: live.error is not None)
    with pytest.raises(errors.Kicked, match="same key logged in elsewhere.* give it a key of its own"):
        live.frame()
    assert volumes(live.frame()) == [1]
    assert live.gaps["until"].to_list() == [None]
    with pytest.raises(errors.Kicked):
        live.wait(seconds=1)
    with pytest.raises(errors.Kicked):
        live.subscribe("000660")
    assert ws.connections == 1


def test_an_error_that_nobody_was_told_of_is_raised_at_the_end_of_the_block(
    ws: WsServer, client: kd.Client
) -> None:
    live = stream_to_frame("005930", rows=1, client=client)
    ws.until_registered(("005930", "0B"))
    ws.kick()
    until(lambda: live.error is not None)
    with pytest.raises(errors.Kicked):
        live.__exit__(None, None, None)


def test_without_reconnecting_any_interruption_is_told(ws: WsServer, stream: Stream) -> None:
    live = stream(reconnect=False)
    ws.drop()
    with pytest.raises(errors.ConnectionLost, match="broke without a goodbye"):
        live.wait(rows=1, seconds=10)


def test_silence_is_taken_for_a_dead_connection(ws: WsServer, stream: Stream) -> None:
    stream(idle=0.3)
    ws.until(lambda: ws.connections == 2)


def test_pings_alone_keep_a_connection_alive(ws: WsServer, stream: Stream) -> None:
    live = stream(idle=0.4)
    for _ in range(12):
        ws.push('{"trnm":"PING"}')
        assert live.wait(seconds=0.1)
    assert ws.connections == 1


def test_a_server_that_is_not_there_is_told_after_a_few_tries(ws: WsServer, client: kd.Client) -> None:
    link = Link("ws://127.0.0.1:9", client.transport.tokens, pause=lambda attempt, rng: 0.0)
    link.start()
    until(lambda: not link.running)
    assert isinstance(link.error, errors.ConnectionLost)
    assert "ws://127.0.0.1:9/api/dostk/websocket: the network failed (ConnectionRefusedError)" in str(
        link.error
    )
    link.stop()


def refusing(ws: WsServer, symbol: str = "") -> None:
    """Refuse registrations, of one symbol or of all, until ``ws.answers`` is cleared."""

    def answer(message: dict[str, Any]) -> list[str]:
        code = 105118 if symbol in message["data"][0]["item"] or not symbol else 0
        return [say(trnm="REG", return_code=code, return_msg="초과" if code else "")]

    ws.answers["REG"] = answer


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """What was refused is asked for again soon."""
    monkeypatch.setattr("kiwoomdata.stream.session.AGAIN", 0.05)
    monkeypatch.setattr("kiwoomdata.stream.session.SLOWEST_AGAIN", 0.2)


def test_a_registration_that_is_refused_is_told_once_and_the_rest_goes_on(
    ws: WsServer, stream: Stream
) -> None:
    live = stream()
    refusing(ws)
    live.subscribe("000660")
    with pytest.raises(kd.StreamError, match=r"REG of 1 item.* 105118: 초과 \(.*It is asked for again"):
        live.wait(rows=1, seconds=10)
    ws.push(trade(1))
    assert live.wait(rows=1, seconds=10)
    stats = live.stats
    assert (stats.connected, stats.unregistered) == (False, 1)
    live.unsubscribe("000660")
    stats = live.stats
    assert (stats.connected, stats.unregistered) == (True, 0)
    assert live.gaps["until"].null_count() == 0


def test_a_registration_refused_after_an_interruption_is_asked_for_until_it_is_granted(
    ws: WsServer, stream: Stream, impatient: None
) -> None:
    live = stream()
    ws.push(trade(100, 10))
    assert live.wait(rows=1, seconds=10)
    refusing(ws)
    ws.drop()
    with pytest.raises(kd.StreamError, match="refused with 105118"):
        live.wait(rows=2, seconds=10)
    ws.until(lambda: len(ws.requests("REG")) >= 4)
    assert (live.stats.connected, live.stats.unregistered) == (False, 1)
    assert live.gaps["until"].to_list() == [None]
    assert "broke without a goodbye; the registration was refused with 105118" in live.gaps["reason"][0]
    ws.answers.clear()
    ws.until_registered(("005930", "0B"))
    until(lambda: live.stats.connected)
    assert (live.stats.unregistered, live.gaps["until"].null_count()) == (0, 0)
    ws.push(trade(150, 10))
    assert live.wait(rows=2, seconds=10)
    assert live.gaps["unseen_shares"].to_list() == [40]


def test_a_loop_hears_of_a_refused_registration_and_may_be_entered_again(
    ws: WsServer, stream: Stream, impatient: None
) -> None:
    live = stream(batch=1)
    refusing(ws)
    live.subscribe("000660")
    ws.until(lambda: len(ws.requests("REG")) >= 2)
    with pytest.raises(kd.StreamError, match="refused with 105118"):
        next(iter(live))
    ws.push(trade(1))
    events = iter(live)
    gap, batch = next(events), next(events)
    assert isinstance(gap, Gap)
    assert (gap.symbols, gap.until) == (("000660",), None)
    assert isinstance(batch, Batch)
    ws.answers.clear()
    ended = next(events)
    assert isinstance(ended, Gap)
    assert (ended.since, ended.symbols) == (gap.since, ("000660",))
    assert ended.until is not None


def test_coroutines_hear_of_a_refused_registration(ws: WsServer, stream: Stream) -> None:
    live = stream(batch=1)
    refusing(ws)
    live.subscribe("000660")

    async def listen() -> None:
        async for _ in live:
            pass

    with pytest.raises(kd.StreamError, match="refused with 105118"):
        asyncio.run(asyncio.wait_for(listen(), 10))


def test_a_callback_is_given_the_gap_of_what_was_refused_and_a_warning_is_given(
    ws: WsServer, client: kd.Client, told: list[warnings.WarningMessage]
) -> None:
    seen: list[Any] = []
    refusing(ws)
    live = stream_to_frame("005930", rows=9, client=client, on_batch=seen.append, every="50ms")
    until(lambda: seen and told)
    assert (seen[0].symbols, seen[0].until, seen[0].reason) == (
        ("005930",),
        None,
        "the registration was refused with 105118",
    )
    assert "REG of 1 item(s) in group 1 was refused with 105118" in str(told[0].message)
    assert not live.stats.connected
    with pytest.raises(kd.StreamError, match="105118"):
        live.frame()
    live.stop()


def test_warnings_reach_a_loop(ws: WsServer, stream: Stream, told: list[warnings.WarningMessage]) -> None:
    live = stream(batch=1)
    ws.push(trade(1, price="abc"))
    next(iter(live))
    ws.push(trade(2))
    next(iter(live))
    assert ["'abc'" in str(one.message) for one in told] == [True]


def test_more_symbols_and_feeds_can_be_added_and_dropped(ws: WsServer, stream: Stream) -> None:
    live = stream()
    live.subscribe("000660")
    ws.until_registered(("000660", "0B"))
    live.subscribe(["005930"], "program")
    ws.until_registered(("005930", "0w"))
    live.unsubscribe("005930", "trade")
    ws.until(lambda: not ws.book["005930", "0B"])
    assert live.frame("program").is_empty()
    with pytest.raises(ValueError, match="symbols: 199 more on top of 2 are more than the 200"):
        live.subscribe([f"{n:06d}" for n in range(199)])
    ws.drop()
    ws.until(lambda: ws.connections == 2)
    ws.until_registered(("000660", "0B"), ("005930", "0w"))
    assert not ws.book["005930", "0B"]


def test_a_second_stream_with_the_key_is_refused_until_the_first_has_ended(
    ws: WsServer, clients: Callable[..., kd.Client], stream: Stream
) -> None:
    live = stream()
    with pytest.raises(kd.StreamError, match=r"a live stream with this key is open .*live.subscribe"):
        stream_to_frame("000660", rows=1, client=clients())
    live.stop()
    stream("000660", client=clients())
    assert ws.connections == 2


def test_items_are_spread_over_several_connections(ws: WsServer, client: kd.Client) -> None:
    symbols = [f"{n:06d}" for n in range(250)]
    with stream_to_frame(symbols, ("trade", "program"), rows=10, connections=2, client=client) as live:
        until(lambda: live.stats.connected)
        registered = [
            [item for message in one if message["trnm"] == "REG" for item in message["data"][0]["item"]]
            for one in ws.received
        ]
        assert sorted(map(len, registered)) == [50, 200]
        assert sorted(item for one in registered for item in one) == symbols
        live.subscribe("000001", "orderbook")  # where its item is already
        ws.until_registered(("000001", "0D"))


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.lists(st.integers(0, 30), max_size=12), min_size=1, max_size=6),
    st.integers(1, 3),
    st.integers(1, 9),
)
def test_spreading_never_overfills_a_connection_and_never_registers_an_item_twice(
    calls: list[list[int]], count: int, room: int
) -> None:
    sessions = [Session("token", max_items=room) for _ in range(count)]
    asked: set[str] = set()
    for call in calls:
        items = [str(n) for n in dict.fromkeys(call)]
        before = [session.wanted for session in sessions]
        try:
            shares = spread_items(sessions, {"0B": items, "0w": items[::2]})
        except ValueError:
            assert len(asked | set(items)) > count * room
            assert [session.wanted for session in sessions] == before
            continue
        asked |= set(items)
        for session, share in zip(sessions, shares, strict=True):
            for types, some in share:
                session.subscribe(some, types)
    held = [{item for _, item, _ in session.wanted} for session in sessions]
    assert all(len(one) <= room for one in held)
    assert sum(map(len, held)) == len(asked) == len(set().union(*held))


def test_the_token_is_in_no_log_and_no_message(
    ws: WsServer, stream: Stream, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    live = stream()
    ws.drop()
    ws.until(lambda: ws.connections == 2)
    ws.kick()
    until(lambda: live.error is not None)
    told = [record.getMessage() for record in caplog.records if record.name != "websockets.server"]
    assert any("broke without a goodbye" in message for message in told)
    assert "not-a-real-one" not in "".join(told) + repr(live) + str(live.error) + repr(live.stats)


# --- waiting and iterating -------------------------------------------------------------------------


def test_waiting_counts_rows_since_the_stream_began_and_gives_up_in_time(
    ws: WsServer, stream: Stream
) -> None:
    live = stream("005930", ("trade", "program"))
    began = time.monotonic()
    assert live.wait(rows=1, seconds=0.2) is False
    assert live.wait(seconds=0.1) is True
    assert time.monotonic() - began < 5
    ws.push(trade(1), trade(2), real(("0w", "005930", {"10": "1"})))
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
    ws.push(real(("0B", "005930", trade_values(1)), ("0w", "005930", {"13": "7"})), trade(2))
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


# --- a consumer that is too slow -------------------------------------------------------------------


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
    told = real(*((type_, "005930", {"13": "1", "20": "100000"}) for type_ in ("0B", "0w") for _ in range(3)))
    ws.push(told, told)
    rows = 0
    for event in live:
        assert isinstance(event, Batch)
        rows += event.frame.height
        if rows == 12:
            break
    assert rows == 12


# --- books, bars, recordings -----------------------------------------------------------------------


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
    ws.push(real(("0w", "005930", {"20": "100101"})))
    assert live.wait(rows=2, seconds=10)
    assert told_bars(live) == [("10:00", 1, False, False)]
    ws.push(real(("0w", "005930", {"20": "100102"})))
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
    ws.push(real(("0B", "005930", trade_values(1)), ("0w", "005930", {"13": "2"}), ("9Z", "x", {})), trade(3))
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


# --- the end ---------------------------------------------------------------------------------------


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
