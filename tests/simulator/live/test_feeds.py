"""Every feed of the simulator's live side, value by value."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date, time
from itertools import pairwise
from typing import Any

import polars as pl
import pytest

from kiwoomdata import simulator
from kiwoomdata.entries.feeds import FEEDS, Feed
from kiwoomdata.kinds import decode
from kiwoomdata.simulator import Market, Server
from kiwoomdata.simulator.live.feeds import Channel, Feeds
from tests.conftest import TODAY
from tests.simulator.live.listening import FEEDS_OF_A_DAY, HISTORY, MARKET, of, open_wire, seconds
from tests.talk import Talk, number

ITEMS = {"0G": "0000D0", "0I": "MGD", "0J": "001", "0U": "001", "0m": "57JBHH", "0u": "57JBHH"}
ITEMS |= dict.fromkeys(("00", "04", "0s", "1h"), "")
ALL_FEEDS = list(FEEDS.values())


@pytest.fixture(scope="module")
def whole_day() -> dict[str, list[Any]]:
    """All messages of one item of each feed."""
    with (
        simulator.start(market=MARKET, pace=0, rate=None, ws_rate=None, ping_interval=None) as server,
        open_wire(server) as wire,
    ):
        for feed in ALL_FEEDS:
            wire.register([ITEMS.get(feed.type, "005930")], [feed.type])
        server.live.pace = "max"
        entries = wire.day()
    return {feed.type: [entry for entry in entries if entry["type"] == feed.type] for feed in ALL_FEEDS}


@pytest.mark.parametrize("feed", ALL_FEEDS, ids=lambda feed: feed.name)
def test_a_feed_comes_with_every_fid_and_each_text_fits_its_kind(
    whole_day: dict[str, list[Any]], feed: Feed
) -> None:
    entries = whole_day[feed.type]
    assert entries
    for entry in entries:
        assert list(entry) == ["type", "name", "item", "values"]
        assert entry["values"].keys() == set(feed.fids)
        if feed.name != "order":  # an order that is not filled has no fill
            assert all(entry["values"].values())
    table = pl.DataFrame([entry["values"] for entry in entries], dict.fromkeys(feed.fids, pl.String))
    typed, troubles = decode(table, [(column.key, column.name, column.kind, 1) for column in feed.columns])
    assert troubles == []
    if feed.time_fid is not None:
        times = typed["time"].to_list()
        assert times == sorted(times)


@pytest.mark.parametrize(
    ("type_", "item", "name"),
    [
        ("0B", "005930", "주식체결"),
        ("0w", "005930", "종목별프로그램매매"),
        ("0s", "", "장시작시간"),
        ("00", "005930", "주문체결"),
        ("0J", "001", "업종지수"),
    ],
)
def test_an_entry_names_its_feed_and_item(
    whole_day: dict[str, list[Any]], type_: str, item: str, name: str
) -> None:
    assert {(entry["item"], entry["name"]) for entry in whole_day[type_]} == {(item, name)}


def test_prices_carry_the_colour_of_their_direction(whole_day: dict[str, list[Any]]) -> None:
    before = MARKET.days("005930", HISTORY, TODAY)[-1].previous_close
    for values in of(whole_day["0B"], "0B"):
        for fid in ("10", "16", "17", "18", "27", "28"):
            price, text = abs(number(values[fid])), values[fid]
            assert text[0] == ("+" if price > before else "-" if price < before else text.lstrip("+-")[0])


@pytest.mark.parametrize(("item", "stex"), [("005930", ""), ("005930_NX", "_NX"), ("005930_AL", "_AL")])
def test_the_days_trades_add_up_to_what_rest_says(serve: Callable[..., Server], item: str, stex: str) -> None:
    server = serve(pace="max")
    with open_wire(server) as wire:
        wire.register([item], ["0B"])
        entries = wire.day()
    with Talk(server) as talk:
        row = talk.ask("ka10086", stk_cd=f"005930{stex}").rows[0]
    assert {entry["item"] for entry in entries} == {item}
    trades = of(entries, "0B")
    prices = [abs(number(values["10"])) for values in trades]
    quantities = [number(values["15"]) for values in trades]
    assert row["date"] == "20261120"
    assert sum(map(abs, quantities)) == number(row["trde_qty"]) == number(trades[-1]["13"])
    assert prices[-1] == abs(number(row["close_pric"]))
    assert prices[0] == abs(number(row["open_pric"]))
    assert (max(prices), min(prices)) == (abs(number(row["high_pric"])), abs(number(row["low_pric"])))
    assert number(trades[-1]["14"]) == number(row["amt_mn"])
    bought = sum(quantity for quantity in quantities if quantity > 0)
    assert (bought, bought - sum(map(abs, quantities))) == (
        number(trades[-1]["1031"]),
        -number(trades[-1]["1030"]),
    )


def test_volumes_so_far_rise_by_the_trades_one_by_one(whole_day: dict[str, list[Any]]) -> None:
    trades = of(whole_day["0B"], "0B")
    for before, after in pairwise(trades):
        assert number(after["13"]) - number(before["13"]) == abs(number(after["15"]))
        assert seconds(before["20"]) <= seconds(after["20"])
    assert any(values["1315"] == " 0" for values in trades)


def test_program_trading_adds_up_to_what_rest_says(serve: Callable[..., Server]) -> None:
    server = serve(pace="max")
    with open_wire(server) as wire, Talk(server) as talk:
        wire.register(["000660"], ["0w"])
        told = of(wire.day(), "0w")
        by_day = talk.ask("ka90013", stk_cd="000660").rows[0]
        by_time = talk.ask("ka90008", stk_cd="000660").rows
    keys = {
        "202": "prm_sell_qty",
        "204": "prm_sell_amt",
        "206": "prm_buy_qty",
        "208": "prm_buy_amt",
        "210": "prm_netprps_qty",
        "212": "prm_netprps_amt",
    }
    for fid, key in keys.items():
        assert number(told[-1][fid]) == number(by_day[key])
        latest = [number(values[fid]) for values in told[::-1][: len(by_time)]]
        assert latest == [number(row[key]) for row in by_time]
    assert sum(number(values["211"]) for values in told) == number(by_day["prm_netprps_qty"])


def test_books_are_books(whole_day: dict[str, list[Any]]) -> None:
    books = of(whole_day["0D"], "0D")
    assert len(books) > 300
    for book in books:
        asks = [abs(number(book[str(fid)])) for fid in range(41, 51)]
        bids = [abs(number(book[str(fid)])) for fid in range(51, 61)]
        assert bids[0] < asks[0]
        assert [a for a in asks if a] == sorted({a for a in asks if a})
        assert [b for b in bids if b] == sorted({b for b in bids if b}, reverse=True)
        assert sum(number(book[str(fid)]) for fid in range(61, 71)) <= number(book["121"])
        assert number(book["128"]) == number(book["125"]) - number(book["121"]) == -number(book["138"])
    auction = [book for book in books if number(book["291"])]
    assert {book["21"][:4] for book in auction} >= {"0850", "0859", "1520", "1529"}


SOME_CHANNELS = [
    *(Channel(feed.type, ITEMS.get(feed.type, "005930")) for feed in ALL_FEEDS),
    *(Channel(type_, "00088K_AL") for type_ in ("0A", "0B", "0C", "0D", "0E", "0F", "0H", "0g", "0w")),
    *(Channel("02", seq) for seq in ("0", "3", "11")),
]


@pytest.mark.parametrize("now", [time(7), time(8, 55), time(9, 0, 30), time(15, 25)])
def test_a_day_that_is_not_over_is_told_as_far_as_it_has_come(now: time) -> None:
    feeds = Feeds(Market(1, today=TODAY, now=now, first_day=HISTORY), krx_only=False)
    until_now = seconds(now.strftime("%H%M%S"))
    for channel in SOME_CHANNELS:
        told = [event.second for event in feeds.events(channel)]
        assert told == sorted(told)
        assert all(second <= until_now for second in told)
    trades = [event.second for event in feeds.events(Channel("0B", "005930"))]
    whole = [event.second for event in FEEDS_OF_A_DAY.events(Channel("0B", "005930"))]
    assert trades == [second for second in whole if second <= until_now]


@pytest.mark.parametrize("channel", [c for c in SOME_CHANNELS if c.type != "0D"], ids="-".join)
def test_who_comes_later_is_told_the_same_from_there_on(channel: Channel) -> None:
    whole = [(event.second, event.row) for event in FEEDS_OF_A_DAY.events(channel)]
    assert whole
    for since in {second for second, _ in whole[:: max(1, len(whole) // 3)]}:
        later = [(event.second, event.row) for event in FEEDS_OF_A_DAY.events(channel, since)]
        assert later == [told for told in whole if told[0] > since]


def test_the_book_of_a_second_is_the_one_that_its_last_trade_left(whole_day: dict[str, list[Any]]) -> None:
    trades = {values["20"]: values for values in of(whole_day["0B"], "0B")}
    for book in of(whole_day["0D"], "0D"):
        if book["21"] in trades:
            trade = trades[book["21"]]
            assert (book["41"], book["51"], book["13"]) == (trade["27"], trade["28"], trade["13"])


def test_a_book_of_both_venues_is_made_up_of_theirs() -> None:
    event = next(FEEDS_OF_A_DAY.events(Channel("0D", "005930_AL"), 36_000))
    values = json.loads(event.text())["values"]
    for n, fid in enumerate([*range(61, 81), 121, 125]):
        assert number(values[str(6044 + n)]) + number(values[str(6066 + n)]) == number(values[str(fid)])


def test_the_last_word_on_brokers_is_what_rest_knows(whole_day: dict[str, list[Any]]) -> None:
    last = of(whole_day["0F"], "0F")[-1]
    firms = MARKET.brokers("005930", TODAY)
    assert number(last["161"]) == max(sides.sell for sides in firms.values())
    assert number(last["171"]) == max(sides.buy for sides in firms.values())
    day = MARKET.day("005930", TODAY)
    assert day is not None
    assert number(last["267"]) == day.foreign_brokers


@pytest.mark.parametrize(("code", "market"), [("001", "0"), ("101", "1"), ("201", "2")])
def test_the_index_is_the_one_that_rest_tells(server: Server, code: str, market: str) -> None:
    last = [event.row for event in FEEDS_OF_A_DAY.events(Channel("0J", code))][-1]
    with Talk(server) as talk:
        told = talk.ask("ka20001", mrkt_tp=market, inds_cd=code).json
    for name, key in {
        "index": "cur_prc",
        "open": "open_pric",
        "high": "high_pric",
        "low": "low_pric",
    }.items():
        assert abs(float(last[name])) == abs(number(told[key])), name
    assert last["change"] == number(told["pred_pre"])
    assert last["cumulative_volume_as_served"] == number(told["trde_qty"])
    assert last["cumulative_value_as_served"] == number(told["trde_prica"])


def test_breadth_counts_every_stock_that_is_followed(whole_day: dict[str, list[Any]]) -> None:
    stocks = [stock for stock in MARKET.leading("kospi") if not stock.etf]
    rows = [MARKET.day(stock.symbol, TODAY) for stock in stocks]
    last = of(whole_day["0U"], "0U")[-1]
    assert sum(number(last[fid]) for fid in ("252", "253", "255")) == len(stocks)
    assert number(last["252"]) == sum(row.change > 0 for row in rows if row)
    (whole,) = MARKET.indices.bars("001", TODAY, TODAY)
    assert number(last["13"]) == whole.volume // 1_000
    index = of(whole_day["0J"], "0J")
    assert index[-1]["13"] == last["13"]
    assert sum(abs(number(values["15"])) for values in index) == number(last["13"])


def test_the_list_of_interruptions_holds_what_the_feed_tells(server: Server) -> None:
    told = [event.row for event in FEEDS_OF_A_DAY.events(Channel("1h", ""))]
    with Talk(server) as talk:
        rows = [row for page in talk.walk("ka10054", mrkt_tp="000") for row in page.rows]
        stock = talk.ask("ka10054", mrkt_tp="000", stk_cd=rows[0]["stk_cd"]).rows
        some = [row for page in talk.walk("ka10054", mrkt_tp="101", motn_drc="1") for row in page.rows]
    assert {(row["stk_cd"], row["trde_cntr_proc_time"], row["virelis_time"]) for row in rows} == {
        (row["code"], row["trigger_time"], row["release_time"]) for row in told
    }
    assert len(rows) == len(told) > 20
    assert stock == [row for row in rows if row["stk_cd"] == rows[0]["stk_cd"]]
    ups = {(row["code"], row["trigger_time"]) for row in told if row["vi_direction"] == "up"}
    kosdaq = {row["code"] for row in told if row["market"] == "101"}
    assert {(row["stk_cd"], row["trde_cntr_proc_time"]) for row in some} == {
        (code, at) for code, at in ups if code in kosdaq
    }


def test_an_interruption_is_released_by_the_same_message_with_a_time(whole_day: dict[str, list[Any]]) -> None:
    messages = of(whole_day["1h"], "1h")
    names = {values["9001"]: values for values in messages}
    started = {(v["9001"], v["1223"]): v for v in messages if v["1224"] == "000000"}
    released = [values for values in messages if values["1224"] != "000000"]
    assert len(started) == len(released) == 76
    assert len(names) > 10
    for values in released:
        start = started[values["9001"], values["1223"]]
        assert seconds(values["1224"]) - seconds(values["1223"]) == 120
        assert {**values, "1224": "000000"} == start
    for event in FEEDS_OF_A_DAY.events(Channel("1h", "")):
        stands = {event.row["trigger_time"], event.row["release_time"]}
        assert event.second == max(map(seconds, stands))


def test_the_accounts_events_are_nobodys(whole_day: dict[str, list[Any]]) -> None:
    orders, balances = of(whole_day["00"], "00"), of(whole_day["04"], "04")
    assert {values["9201"] for values in [*orders, *balances]} == {"0000000000"}
    assert {values["9001"] for values in [*orders, *balances]} == {"A005930"}
    trades = of(whole_day["0B"], "0B")
    for order in orders:
        if order["913"] == "체결":
            trade = next(values for values in trades if values["20"] == order["908"])
            assert (
                number(trade["10"])
                == number(order["10"])
                == number(order["910"]) * (1 if number(trade["10"]) > 0 else -1)
            )
    assert [values["930"] for values in balances] == ["10", "0"] * 38


def test_the_market_says_when_it_is_closed_and_then_there_is_silence(
    whole_day: dict[str, list[Any]],
) -> None:
    states = [values["215"] for values in of(whole_day["0s"], "0s")]
    assert states.index("0") < states.index("3") < states.index("8")
    assert states[-1] == "9"


def test_sessions_are_told_with_the_hours_of_the_day() -> None:
    late = Market(1, today=date(2026, 11, 19), now=time(20), first_day=HISTORY)  # an exam is held
    feeds = Feeds(late, krx_only=True)
    moments = {event.row["market_state"]: event.row["time"] for event in feeds.events(Channel("0s", ""))}
    assert (moments["3"], moments["8"]) == ("100000", "163000")
    assert not set(moments) & set("PQRSTUVW")
