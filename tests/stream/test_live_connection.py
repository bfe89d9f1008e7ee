"""A stream whose connection breaks, is refused or is shared."""

from __future__ import annotations

import asyncio
import logging
import traceback
import warnings
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import kiwoomdata as kd
from kiwoomdata import errors
from kiwoomdata.stream.link import CLEARING, FIRST_TRIES, Link
from kiwoomdata.stream.session import Session
from kiwoomdata.stream.spread import spread_items
from kiwoomdata.stream.start import Batch, Gap, stream_to_frame
from tests.stream.talking import (
    NOON,
    Stream,
    cut,
    trade,
    until,
    volumes,
)
from tests.ws_server import WsServer, say


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


def test_no_frame_of_a_connection_that_ended_holds_the_token(ws: WsServer, client: kd.Client) -> None:
    ws.on_open = [lambda socket: socket.close(1008)]  # before the login is sent, or after
    live = stream_to_frame("005930", rows=1, client=client)
    with pytest.raises(errors.ConnectionLost, match="violation of its policy") as caught:
        live.wait(rows=1, seconds=10)
    live.stop()
    shown = "".join(traceback.TracebackException.from_exception(caught.value, capture_locals=True).format())
    assert "not-a-real-one" not in shown
    cause = caught.value.__cause__
    assert (type(cause).__name__, cause and cause.__traceback__) == ("ConnectionClosedError", None)


@pytest.mark.parametrize(
    ("proxy", "why"),
    [
        ("http://me:canary-password@", "the proxy's address is not valid"),
        ("http://me:canary-password#1@127.0.0.1:1", "the proxy's address is not valid"),
        (
            "socks5://me:canary-password@127.0.0.1:1",
            "a SOCKS proxy needs a package: pip install python-socks",
        ),
    ],
)
def test_a_proxy_that_cannot_be_used_is_told_without_its_password(
    client: kd.Client, monkeypatch: pytest.MonkeyPatch, proxy: str, why: str
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", proxy)
    monkeypatch.setenv("NO_PROXY", "")
    link = Link("wss://api.invalid", client.transport.tokens, pause=lambda attempt, rng: 0.0)
    link.start()
    until(lambda: not link.running)
    assert isinstance(link.error, errors.ConnectionLost)
    shown = "".join(traceback.TracebackException.from_exception(link.error, capture_locals=True).format())
    assert why in shown
    assert "canary" not in shown
    link.stop()


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


def per_connection(ws: WsServer, limit: int) -> None:
    """Grant no connection more items, and name the limit."""

    def answer(message: dict[str, Any]) -> list[str]:
        mine = next(sent for sent in ws.received if any(one is message for one in sent))
        book = set[str]()
        for one in (each for each in mine if each["trnm"] in ("REG", "REMOVE") and each not in refused):
            items = one["data"][0]["item"]
            book = book | {*items} if one["trnm"] == "REG" else book - {*items}
        if len(book) > limit:
            refused.append(message)
            return [say(trnm="REG", return_code=105115, return_msg=f"등록 종목이 ({limit})를 초과하였습니다")]
        return ws.grant(message)

    refused: list[dict[str, Any]] = []
    ws.answers["REG"] = answer


def test_what_one_connection_has_no_room_for_goes_to_the_other(
    ws: WsServer, client: kd.Client, impatient: None
) -> None:
    per_connection(ws, 3)
    symbols = [f"{n:06d}" for n in range(5)]
    with stream_to_frame(symbols, rows=10, connections=2, client=client) as live:
        with pytest.warns(kd.KiwoomDataWarning, match=r"takes 3 items on a connection: 2 went to another"):
            live.wait(rows=1, seconds=0.5)
        ws.until_registered(*((symbol, "0B") for symbol in symbols))
        until(lambda: live.stats.connected and live.gaps["until"].null_count() == 0)
        assert live.stats.unregistered == 0
        live.subscribe("000009")
        ws.until_registered(("000009", "0B"))
        with pytest.raises(ValueError, match="6 items that 2 connections may hold"):
            live.subscribe("000010")


def test_what_no_connection_has_room_for_is_told_and_stays(
    ws: WsServer, client: kd.Client, impatient: None
) -> None:
    per_connection(ws, 2)
    with stream_to_frame([f"{n:06d}" for n in range(5)], rows=10, connections=2, client=client) as live:
        with pytest.raises(kd.StreamError, match="refused with 105115"):
            live.wait(rows=1, seconds=10)
        assert live.stats.unregistered == 5


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
