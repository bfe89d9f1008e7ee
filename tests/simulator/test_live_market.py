"""The live stream against the simulator's market: its ticks add up, whatever goes wrong on their way."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from datetime import date, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest

import kiwoomdata as kd
from kiwoomdata import errors
from kiwoomdata.calendar import is_trading_day
from kiwoomdata.kinds import KST
from kiwoomdata.simulator import Server
from tests.conftest import TODAY

Make = Callable[..., kd.Client]


@pytest.fixture(scope="module")
def market() -> Iterator[Server]:
    """A server that plays the whole day at once, to whoever registers."""
    with kd.simulator.start(seed=1, today=TODAY, rate=None, pace="max", ping_interval=None) as running:
        assert running.ws_url
        yield running


@pytest.fixture
def day(market: Server) -> Iterator[Server]:
    """The same at the beginning of the day, without faults."""
    yield market
    market.live.clear_faults()
    deadline = time.monotonic() + 10
    while market.live.sessions:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    market.live.rewind()


def until(check: Callable[[], Any], seconds: float = 20.0) -> None:
    deadline = time.monotonic() + seconds
    while not check():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.01)


def listen(live: kd.Live, server: Server, at_least: int = 1) -> None:
    """Until the day is over and all of it has been heard."""
    assert live.wait(rows=at_least, seconds=20)
    assert server.live.wait(20)
    quiet = -1
    while (heard := live.stats.received) != quiet:
        quiet = heard
        live.wait(seconds=0.15)


def whole(trades: pl.DataFrame) -> bool:
    """Whether each trade takes the day's volume on from where the one before it left it."""
    steps = trades.sort("cumulative_volume").select(
        pl.col("cumulative_volume").diff().drop_nulls().alias("step"),
        pl.col("quantity").slice(1).alias("quantity"),
    )
    return bool((steps["step"] == steps["quantity"]).all())


def test_the_days_ticks_make_the_days_bar_as_rest_tells_it(day: Server, make_client: Make) -> None:
    client = make_client(day)
    with kd.stream_to_frame("005930", rows=100_000, client=client) as live:
        listen(live, day, at_least=len(day.live.frames("0B", "005930")))
        trades, bar = live.frame(), live.bars("24h")
    told = kd.daily_prices("005930", TODAY, TODAY, client=client)
    assert whole(trades)
    names = ["open", "high", "low", "close", "volume"]
    assert bar.select(names).rows() == told.select(names).rows()
    assert bar.item(0, "volume") == bar.item(0, "buy_volume") + bar.item(0, "sell_volume")
    assert trades["cumulative_volume"].max() == told.item(0, "volume")


def test_every_feed_of_the_market_is_read_without_a_bad_value(day: Server, make_client: Make) -> None:
    feeds = ("trade", "orderbook", "program", "brokers", "expected", "after_hours_book", "best_quote")
    asked = (*feeds, "vi", "market_status")
    with kd.stream_to_frame("005930", asked, rows=100_000, client=make_client(day)) as live:
        listen(live, day)
        stats = live.stats
        heights = {feed: live.frame(feed).height for feed in (*feeds, "market_status")}
        assert live.book("005930").height == 20
    assert all(heights.values()), heights
    assert (stats.broken, stats.unknown, stats.bad_cells, stats.dropped) == (0, 0, 0, 0)


@pytest.mark.parametrize(
    "fault",
    [
        ("ws_close_login", {}),
        ("ws_early_ping", {}),
        ("ws_105110", {}),
        ("ws_unknown_trnm", {"after": 40, "times": 3}),
        ("ws_bad_json", {"after": 40, "times": 3}),
        ("ws_unknown_fid", {"after": 40, "times": 3}),
        ("ws_duplicate", {"after": 40, "times": 3}),
        ("ws_late", {"after": 40, "times": 3}),
        ("ws_fragment", {"after": 40, "times": 50, "size": 100}),
        ("ws_mixed", {"times": 20}),
        ("ws_burst", {"times": 5}),
    ],
    ids=lambda fault: fault[0],
)
def test_what_goes_wrong_on_the_way_costs_no_trade(
    day: Server, make_client: Make, fault: tuple[str, dict[str, Any]]
) -> None:
    day.inject(fault[0], **fault[1])
    with kd.stream_to_frame(["005930", "000660"], rows=100_000, client=make_client(day)) as live:
        listen(live, day)
        trades, bars, stats = live.frame(), live.bars("24h"), live.stats
    for symbol in ("005930", "000660"):
        mine = trades.filter(symbol=symbol).unique("cumulative_volume")
        assert whole(mine)
        assert bars.filter(symbol=symbol).item(0, "volume") == mine["cumulative_volume"].max()
    assert (stats.gaps, stats.dropped, stats.bad_cells) == (0, 0, 0)
    assert stats.broken == (3 if fault[0] == "ws_bad_json" else 0)
    assert ("99999" in trades.columns) is (fault[0] == "ws_unknown_fid")


def test_a_word_of_the_server_that_is_no_end_is_a_warning(day: Server, make_client: Make) -> None:
    day.inject("ws_system", after=40)
    with kd.stream_to_frame("005930", rows=100_000, client=make_client(day)) as live:
        with pytest.warns(kd.KiwoomDataWarning, match="the server says R10009: 안내 메시지"):
            listen(live, day)
        assert whole(live.frame())


@pytest.mark.parametrize("fault", ["ws_abort", "ws_close", "ws_no_heartbeat"])
def test_of_every_share_is_known_whether_it_was_seen(day: Server, make_client: Make, fault: str) -> None:
    day.inject(fault, after=100)
    with kd.stream_to_frame("005930", rows=100_000, client=make_client(day)) as live:
        until(lambda: live.stats.reconnects == 1)
        listen(live, day)
        trades, (gap,) = live.frame(), live.gaps.to_dicts()
    seen = trades["quantity"].sum()
    assert seen + (gap["unseen_shares"] or 0) == trades["cumulative_volume"].max()


def test_a_kick_ends_the_stream_with_what_was_seen(day: Server, make_client: Make) -> None:
    day.inject("ws_kick", after=30)
    with kd.stream_to_frame("005930", rows=100_000, client=make_client(day)) as live:
        with pytest.raises(errors.Kicked):
            live.wait(rows=10_000, seconds=20)
        assert 30 <= live.frame().height < 100


def test_a_connection_that_falls_silent_is_given_up(day: Server, make_client: Make) -> None:
    day.inject("ws_silence", after=30)
    with kd.stream_to_frame("005930", rows=100_000, idle=0.5, client=make_client(day)) as live:
        until(lambda: live.stats.reconnects == 1)
        assert live.gaps["reason"].to_list() == ["nothing was heard for too long (TimeoutError)"]


def lose_half_an_hour(live: kd.Live, server: Server) -> None:
    """Cut the connection after some trades, and let the market go on meanwhile."""
    assert live.wait(rows=30, seconds=20)
    server.live.pace = 0
    server.inject("ws_abort")
    server.live.skip(1800)
    until(lambda: live.stats.reconnects == 1)
    server.live.pace = 600.0


def test_trades_that_went_unseen_are_fetched_and_bars_are_whole_again(make_client: Make) -> None:
    with kd.simulator.start(seed=1, today=TODAY, rate=None, pace=600.0, ping_interval=None) as server:
        client = make_client(server)
        with kd.stream_to_frame("005930", rows=100_000, backfill=True, client=client) as live:
            lose_half_an_hour(live, server)
            until(lambda: live.gaps["filled_shares"].sum() > 0)
            live.stop()
            trades, missed, bars = live.frame(), live.backfilled, live.bars("24h")
            (gap,) = live.gaps.to_dicts()
    assert gap["filled_shares"] == gap["unseen_shares"] == missed["quantity"].sum()
    assert missed["received_at"].null_count() == missed.height
    together = pl.concat([trades, missed], how="diagonal")
    assert whole(together)
    assert bars.item(0, "volume") == together["quantity"].sum()
    assert together["cumulative_volume"].n_unique() == together.height


def test_what_went_unseen_over_several_gaps_is_asked_for_once(make_client: Make) -> None:
    with (
        kd.simulator.start(seed=1, today=TODAY, rate=None, pace=600.0, ping_interval=None) as server,
        kd.stream_to_frame("005930", rows=100_000, backfill=True, client=make_client(server)) as live,
    ):
        assert live.wait(rows=30, seconds=20)
        server.live.pace = 0
        for cuts in (1, 2, 3):
            server.inject("ws_abort")
            server.live.skip(600)
            until(lambda cuts=cuts: live.stats.reconnects == cuts)  # type: ignore[misc]
        server.live.pace = 600.0
        until(lambda: live.gaps["filled_shares"].sum() > 0)
        live.stop()
        gaps, bars = live.gaps, live.bars("24h")
        together = pl.concat([live.frame(), live.backfilled], how="diagonal")
    assert gaps["filled_shares"].to_list() == [None, None, live.backfilled["quantity"].sum()]
    assert gaps["unseen_shares"].to_list() == gaps["filled_shares"].to_list()
    assert together["cumulative_volume"].n_unique() == together.height
    assert bars.item(0, "volume") == together["quantity"].sum()


def test_what_cannot_be_fetched_afterwards_is_a_warning(make_client: Make) -> None:
    with kd.simulator.start(seed=1, today=TODAY, rate=None, pace=600.0, ping_interval=None) as server:
        server.inject("refusal", api_id="ka10046", times=None, code="1504")
        with kd.stream_to_frame("005930", rows=100_000, backfill=True, client=make_client(server)) as live:
            lose_half_an_hour(live, server)
            with pytest.warns(kd.IncompleteFrame, match="trades of 005930 in the gap .*1504") as told:
                until(lambda: live.wait(seconds=0.05) and len(told))
            assert live.gaps["filled_shares"].to_list() == [None]
            assert live.backfilled.is_empty()


@pytest.mark.parametrize("fault", [None, "ws_900003"])
def test_who_enters_and_leaves_makes_the_members_that_a_search_finds(
    day: Server, make_client: Make, fault: str | None
) -> None:
    client = make_client(day)
    listed = kd.conditions(client=client)
    assert listed.schema == {"seq": pl.String(), "name": pl.String()}
    seq = listed["seq"][1]
    if fault is not None:
        day.inject(fault)
    with kd.condition_stream(seq, client=client) as live:
        assert day.live.wait(20)
        found = set(kd.condition_search(listed["seq"][0], client=client)["symbol"])
        assert found
        live.wait(rows=60, seconds=20)
        live.stop()
        events, members = live.events, live.members
    assert set(members["symbol"]) == set(kd.condition_search(seq, client=client)["symbol"])
    assert events["time"].is_sorted()
    for (_,), mine in events.group_by("symbol"):
        actions = mine["action"].to_list()
        assert actions == (["enter", "leave"] * len(actions))[: len(actions)]


def test_the_embedded_simulators_ticks_carry_the_day_of_its_session() -> None:
    """It plays its latest session at any hour of any day; the messages tell a time and no day."""
    with kd.Client("simulator") as client, kd.stream_to_frame("005930", rows=100, client=client) as live:
        assert live.wait(rows=1, seconds=30)
        days = live.frame("trade")["time"].dt.date().unique().to_list()
        assert days == [client.session_day(client.now())]
        assert is_trading_day(days[0])


def test_a_live_message_belongs_to_the_latest_trading_day(tmp_path: Path) -> None:
    real = kd.Client("real", app_key="k", app_secret="s", state=tmp_path, cache=False)
    saturday = datetime(2026, 11, 21, 0, 19, tzinfo=KST)
    assert real.session_day(saturday) == date(2026, 11, 20)
    assert real.session_day(datetime(2026, 11, 20, 9, 0, tzinfo=KST)) == date(2026, 11, 20)
