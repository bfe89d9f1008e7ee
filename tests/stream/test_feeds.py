"""The live feeds' catalogue, and reading their messages into typed frames."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import msgspec
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kiwoomdata.entries.condition import CONDITIONS, LIST, SEARCH, STREAM
from kiwoomdata.entries.entry import MILLION_KRW, SHARES, UNKNOWN, Column
from kiwoomdata.entries.feeds import CONDITION_EVENT, FEEDS, Feed, find_feed, write_values
from kiwoomdata.kinds import KST, Trouble, decode
from kiwoomdata.stream.decode import LEADING, read_ticks, schema

HERE = Path(__file__).parents[1]
EXAMPLES = json.loads((HERE / "data" / "feed_examples.json").read_text(encoding="utf-8"))
SPEC = HERE.parent.parent / "shared" / "reference" / "spec"
DAY = date(2026, 11, 20)
ALL_FEEDS = [*FEEDS.values(), CONDITION_EVENT]
TRADE, QUOTE, ORDERBOOK, PROGRAM = (find_feed(name) for name in ("trade", "quote", "orderbook", "program"))

# How many FIDs the guide lists for each type.
FIDS = {"00": 35, "04": 27, "0A": 19, "0B": 43, "0C": 2, "0D": 163, "0E": 5, "0F": 57, "0G": 15, "0H": 7} | {
    "0I": 4,
    "0J": 12,
    "0U": 14,
    "0g": 10,
    "0m": 10,
    "0s": 3,
    "0u": 6,
    "0w": 17,
    "1h": 19,
}


def microseconds(moment: datetime) -> int:
    return int(moment.timestamp() * 1_000_000)


def packed(*rows: dict[str, Any]) -> list[bytes]:
    return [json.dumps(row, ensure_ascii=False).encode() for row in rows]


def read(
    feed: Feed, *values: bytes, item: str = "005930", columns: Any = None
) -> tuple[pl.DataFrame, list[Trouble]]:
    received = [microseconds(datetime(2026, 11, 20, 1, 0, 0, n, tzinfo=UTC)) for n in range(len(values))]
    frame, troubles = read_ticks(feed, [item] * len(values), values, received, DAY, columns=columns)
    return frame, [trouble for trouble in troubles if not trouble.absent]  # these messages are excerpts


def column(feed: Feed, name: str) -> Column:
    return next(column for column in feed.columns if column.name == name)


# --- the catalogue -------------------------------------------------------------------------------


def test_every_fid_of_the_guide_is_in_the_catalogue() -> None:
    assert {feed.type: len(feed.fids) for feed in FEEDS.values()} == FIDS


def test_the_catalogue_agrees_with_the_shared_specification_fid_by_fid() -> None:
    path = SPEC / "realtime.json"
    if not path.exists():
        pytest.skip("the shared reference folder is not beside this repository")
    told = {
        entry["type"]: {(f["fid"], f.get("name_ko_guide", f["name_ko"])) for f in entry["fields"]}
        for entry in json.loads(path.read_text(encoding="utf-8"))
    }
    ours = {"거래량부호", "장운영구분명", "장구분명"}  # what a FID says beside its own column
    known = {feed.type: {(c.key, c.ko) for c in feed.columns if c.ko not in ours} for feed in FEEDS.values()}
    assert known == told


def test_the_condition_calls_agree_with_the_shared_specification_key_by_key() -> None:
    path = SPEC / "condition.json"
    if not path.exists():
        pytest.skip("the shared reference folder is not beside this repository")
    for entry in json.loads(path.read_text(encoding="utf-8")):
        call = CONDITIONS[entry["api_id"]]
        asked = {"trnm", *call.fixed, *(p.key for p in call.params)}
        assert {field["key"] for field in entry["request"]} - {"cont_yn", "next_key"} == asked
        rows = [f["key"] for part in entry["responses"][:1] for lst in part["lists"] for f in lst["fields"]]
        assert sorted(c.key for c in call.columns) == sorted(rows)
        assert call.pages == any(field["key"] == "next_key" for field in entry["request"])


@pytest.mark.parametrize("feed", ALL_FEEDS, ids=lambda feed: feed.name)
def test_a_feed_names_its_columns_once_and_leaves_the_leading_names_free(feed: Feed) -> None:
    names = [column.name for column in feed.columns]
    assert len(set(names)) == len(names)
    assert not set(names) & (LEADING.keys() - {"time"})
    assert ("time" in names) == (feed.time_fid is not None)
    assert all(name.isidentifier() and name.islower() for name in names)


@pytest.mark.parametrize("feed", ALL_FEEDS, ids=lambda feed: feed.name)
def test_the_fids_that_a_feed_points_at_are_its_own(feed: Feed) -> None:
    by_name = {column.name: column.key for column in feed.columns}
    assert by_name.get("time") == feed.time_fid
    assert by_name.get("cumulative_volume") == feed.volume_fid


# How many FIDs each whole message has that was seen live, or is printed.
WHOLE = {"0A": 19, "0B": 43, "0F": 57, "0w": 14} | {"00": 35, "0D": 163, "0J": 12}


def test_what_stands_in_every_message_is_what_whole_messages_have() -> None:
    assert {feed.type: len(feed.always) for feed in ALL_FEEDS if feed.always} == WHOLE
    for example in EXAMPLES["feeds"]:
        assert FEEDS[example["type"]].always == example["values"].keys()


def test_a_fid_that_no_message_of_a_batch_has_is_told() -> None:
    whole = write_values(TRADE, {"price": 60_000})
    short = {fid: text for fid, text in whole.items() if fid not in ("15", "228")}

    def absent(*messages: dict[str, Any], columns: Any = None) -> list[tuple[str, str, int]]:
        values, received = packed(*messages), [0] * len(messages)
        _, troubles = read_ticks(TRADE, ["005930"] * len(values), values, received, DAY, columns=columns)
        return [(trouble.text, trouble.column, trouble.rows) for trouble in troubles if trouble.absent]

    assert absent(whole) == absent(whole, short) == []
    assert absent(short, short) == [("15", "side", 2), ("228", "strength", 2)]
    assert absent(short, columns=["price", "strength"]) == [("228", "strength", 1)]
    assert absent(short, columns=["price"]) == []
    assert read_ticks(TRADE, ["005930"], [b"[1]"], [0], DAY)[0].height == 0


def test_one_fid_is_two_columns_where_it_has_a_side_or_a_label() -> None:
    twice = {feed.type: len(feed.columns) - len(feed.fids) for feed in ALL_FEEDS}
    assert {type_: extra for type_, extra in twice.items() if extra} == {"0B": 2, "0D": 1, "0w": 1, "0s": 1}


def test_a_unit_is_what_a_source_states() -> None:
    scale = {
        name: column(TRADE, name).unit.scale for name in ("cumulative_value", "value_vs_previous", "value")
    }
    assert scale == {"cumulative_value": 1_000_000, "value_vs_previous": 1, "value": 1_000}
    assert {column(PROGRAM, f"{side}_value").unit for side in ("sell", "buy", "net_buy")} == {MILLION_KRW}
    assert column(ORDERBOOK, "ask_quantity_10").unit == SHARES
    assert column(TRADE, "market_cap").unit.scale == 100_000_000


def test_an_amount_whose_unit_nobody_states_is_not_scaled() -> None:
    for feed, name in (("sector_index", "cumulative_value"), ("order", "filled_value"), ("gold", "price")):
        assert column(find_feed(feed), f"{name}_as_served").unit == UNKNOWN


def test_the_same_fid_means_won_in_one_feed_and_points_in_another() -> None:
    assert (column(TRADE, "price").key, column(TRADE, "price").unit.name) == ("10", "KRW")
    index = column(find_feed("sector_index"), "index")
    assert (index.key, index.unit.name, index.kind.dtype) == ("10", "points", pl.Float64())


def test_a_feed_is_found_by_name_and_by_code_whose_case_counts() -> None:
    assert find_feed("program") is find_feed("0w")
    assert find_feed("0G").name == "etf_nav"
    assert find_feed("0g").name == "stock_info"


@pytest.mark.parametrize("word", ["TRADE", "Trade", " trade", "주식체결"])
def test_a_feed_is_found_by_its_name_in_any_case_and_in_korean(word: str) -> None:
    assert find_feed(word) is TRADE
    assert find_feed("etf nav") is find_feed("ETF NAV") is find_feed("0G")


@pytest.mark.parametrize("word", ["0W", "trades", "", "02"])
def test_an_unknown_feed_is_refused_with_the_names_there_are(word: str) -> None:
    with pytest.raises(ValueError, match=f"^feeds: .*got '{word}'.*trade \\(0B\\).*vi \\(1h\\)"):
        find_feed(word)


def test_feeds_of_the_account_and_the_market_need_no_items() -> None:
    assert {feed.type for feed in FEEDS.values() if not feed.needs_items} == {"00", "04", "0s", "1h"}


# --- printed examples ----------------------------------------------------------------------------


def cell(value: Any) -> Any:
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    return value


@pytest.mark.parametrize("example", EXAMPLES["feeds"], ids=lambda example: example["type"])
def test_a_printed_message_reads_cell_by_cell_as_it_means(example: dict[str, Any]) -> None:
    feed = FEEDS[example["type"]]
    frame, troubles = read(feed, *packed(example["values"]), item=example["item"])
    row = {name: cell(value) for name, value in frame.row(0, named=True).items()}
    leading = {name: row.pop(name) for name in ("symbol", "venue", "received_at")}
    assert row == example["cells"]
    assert leading == {
        "symbol": example["symbol"],
        "venue": example["venue"],
        "received_at": "2026-11-20T10:00:00+09:00",
    }
    assert troubles == []
    assert frame.schema == schema(feed)


def test_printed_results_of_a_condition_search_read_cell_by_cell_as_they_mean() -> None:
    example = EXAMPLES["condition_search"]
    plan = [(c.key, c.name, c.kind, c.unit.scale) for c in SEARCH.columns]
    frame, troubles = decode(pl.DataFrame(example["rows"]), plan)
    assert frame.select(sorted(frame.columns)).to_dicts() == [
        dict(sorted(r.items())) for r in example["cells"]
    ]
    assert troubles == []


def test_printed_conditions_come_as_pairs_in_the_order_of_the_columns() -> None:
    names = [c.name for c in LIST.columns]
    rows = [dict(zip(names, pair, strict=True)) for pair in EXAMPLES["conditions"]["rows"]]
    assert rows[0] == {"seq": "0", "name": "조건1"}


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("A005930", "005930"),
        ("005930", "005930"),
        ("109610_AL", "109610_AL"),
        ("A0000D0", "0000D0"),
        ("K1", "K1"),
    ],
)
def test_the_letter_before_a_code_goes_and_nothing_else(text: str, code: str) -> None:
    frame, troubles = decode(
        pl.DataFrame({"jmcode": [text]}), [("jmcode", "code", STREAM.columns[0].kind, 1)]
    )
    assert (frame["code"].to_list(), troubles) == ([code], [])


# --- what the live server was seen to write ------------------------------------------------------


@pytest.mark.parametrize(
    ("feed", "fid", "text", "name", "value"),
    [
        ("trade", "15", "-20", "side", "sell"),
        ("trade", "15", "-20", "quantity", 20),
        ("trade", "15", "+20", "side", "buy"),
        ("trade", "15", "20", "side", None),
        ("trade", "1315", " 0", "sell_quantity", 0),
        ("trade", "1316", "+8", "buy_quantity", 8),
        ("trade", "1314", "-8", "net_buy_quantity", -8),
        ("trade", "1313", "-2008", "value", 2_008_000),
        ("trade", "1032", "-48.56", "buy_volume_pct", 48.56),
        ("trade", "1890", "090015", "open_time", time(9, 0, 15)),
        ("trade", "1891", "022506", "high_time", "022506"),
        ("trade", "567", "000000", "limit_up_time", None),
        ("trade", "568", "101530", "limit_down_time", time(10, 15, 30)),
        ("trade", "620", "1828376", "average_price", 1_828_376),
        ("trade", "9081", "KRX", "venue_code", "KRX"),
        ("quote", "18", " 67300", "low", 67_300),
        ("orderbook", "50", "-0", "ask_price_10", None),
        ("orderbook", "23", "0", "expected_price", None),
        ("orderbook", "238", "0", "expected_direction", None),
        ("orderbook", "6107", "-70025.5", "nxt_mid_price", 70_025.5),
        ("brokers", "144", "삼  성", "sell_broker_4", "삼  성"),
        ("brokers", "271", "!!!!", "sell_broker_color_1", "!!!!"),
        ("brokers", "268", "-102547", "foreign_brokers_net_buy_change", -102_547),
        ("program", "212", "-3383", "net_buy_value", -3_383_000_000),
        ("program", "212", "--3383", "net_buy_value", -3_383_000_000),
        ("market_status", "215", "b", "market_state", "b"),
        ("market_status", "215", "b", "market_state_name", None),
        ("market_status", "215", "W", "market_state_name", "nxt_after_market_close"),
        ("trade", "290", "2", "session_name", "regular"),
        ("trade", "290", "4", "session_name", None),
        ("market_status", "214", "001000", "remaining", time(0, 10)),
        ("vi", "1224", "000000", "release_time", None),
        ("vi", "1239", "-6.09", "dynamic_gap_pct", -6.09),
        ("vi", "1236", "0", "static_reference_price", None),
        ("vi", "9069", "1", "vi_direction", "up"),
        ("vi", "9069", "2", "vi_direction", "down"),
        ("vi", "9068", "1", "vi_event", "static"),
        ("vi", "9068", "2", "vi_event", "dynamic"),
        ("vi", "9068", "3", "vi_event", "both"),
        ("vi", "9075", "1", "session", "regular"),
        ("order", "907", "1", "side", "sell"),
        ("order", "2134", "0", "order_venue", "all"),
        ("order", "9001", "A005930", "code", "005930"),
        ("order", "923", "00000000", "loan_date", None),
        ("balance", "916", "20261102", "loan_date", date(2026, 11, 2)),
        ("gold", "10", "-191234.56", "price_as_served", 191_234.56),
        ("etf_nav", "36", "+36254.27", "nav", 36_254.27),
        ("etf_nav", "37", "-12.30", "nav_change", -12.3),
    ],
)
def test_a_live_text_means(feed: str, fid: str, text: str, name: str, value: Any) -> None:
    frame, troubles = read(find_feed(feed), *packed({fid: text}))
    assert (frame[name].to_list(), troubles) == ([value], [])


def test_a_code_that_nobody_has_proven_is_null_and_told() -> None:
    for fid, name in (("9068", "vi_event"), ("9069", "vi_direction"), ("9075", "session")):
        frame, (trouble,) = read(find_feed("vi"), *packed({fid: "7"}))
        assert (frame[name].to_list(), trouble.unproven) == ([None], True)


def test_a_condition_event_tells_who_entered_and_who_left() -> None:
    values = packed(
        {"841": "4 ", "9001": "005930", "843": "I", "20": "091000", "907": "2", "9081": "KRX"},
        {"841": "4", "9001": "A0000D0", "843": "D", "20": "091001", "907": "1"},
    )
    frame, troubles = read(CONDITION_EVENT, *values, item="")
    assert frame["event"].to_list() == ["enter", "leave"]
    assert frame["side"].to_list() == ["buy", "sell"]
    assert frame["code"].to_list() == ["005930", "0000D0"]
    assert frame["seq"].to_list() == ["4", "4"]
    assert frame["time"][0] == datetime(2026, 11, 20, 9, 10, tzinfo=KST)
    assert troubles == []


@pytest.mark.parametrize(
    ("item", "symbol", "venue"),
    [
        ("005930", "005930", "krx"),
        ("005930_NX", "005930", "nxt"),
        ("A0000D0_AL", "0000D0", "all"),
        ("001", "001", None),
        ("MGD", "MGD", None),
        ("", None, None),
    ],
)
def test_an_item_is_taken_apart_into_symbol_and_venue(
    item: str, symbol: str | None, venue: str | None
) -> None:
    frame, _ = read(find_feed("best_quote"), *packed({"27": "+100"}), item=item)
    assert frame.select("symbol", "venue").row(0) == (symbol, venue)


def test_a_text_that_fits_no_rule_is_null_and_told() -> None:
    frame, troubles = read(TRADE, *packed({"10": "n/a", "20": "250000"}, {"10": "-100", "20": "090000"}))
    assert frame["price"].to_list() == [None, 100]
    assert frame["time"].null_count() == 1
    assert {(t.column, t.text, t.rows) for t in troubles} == {("price", "n/a", 1), ("time", "250000", 1)}


# --- the frame -----------------------------------------------------------------------------------


@pytest.mark.parametrize("feed", ALL_FEEDS, ids=lambda feed: feed.name)
def test_an_empty_batch_and_an_empty_message_have_the_feeds_one_schema(feed: Feed) -> None:
    nothing, _ = read(feed)
    blank, troubles = read(feed, b"{}")
    assert nothing.schema == blank.schema == schema(feed)
    assert (nothing.height, blank.height, troubles) == (0, 1, [])
    assert list(schema(feed))[:4] == ["symbol", "venue", "time", "received_at"]


def test_missing_fids_are_null_columns() -> None:
    frame, troubles = read(TRADE, *packed({"10": "100"}, {"15": "-3"}))
    assert frame["price"].to_list() == [100, None]
    assert frame["quantity"].to_list() == [None, 3]
    assert frame["strength"].to_list() == [None, None]
    assert troubles == []


def test_arrival_is_told_in_korean_time_to_the_microsecond() -> None:
    arrived = datetime(2026, 11, 19, 23, 59, 59, 999_999, tzinfo=UTC)
    frame, _ = read_ticks(TRADE, ["005930"], packed({"20": "085959"}), [microseconds(arrived)], DAY)
    assert frame["received_at"][0] == arrived
    assert frame["received_at"][0].isoformat() == "2026-11-20T08:59:59.999999+09:00"
    assert frame["time"][0].isoformat() == "2026-11-20T08:59:59+09:00"


@pytest.mark.parametrize(
    ("day", "before"), [("2026-11-20", "2026-11-19"), ("2026-11-23", "2026-11-20")], ids=["Friday", "Monday"]
)
def test_what_was_sent_before_midnight_and_came_after_it_is_of_the_session_before(
    day: str, before: str
) -> None:
    midnight = datetime.fromisoformat(f"{day}T00:00:00+09:00")
    arrived = [midnight + timedelta(seconds=late) for late in (0.1, 0.2, 1, 36_000)]
    clocks = ("235959", "180000", "000000", "095955")  # the clock of a machine may be hours behind
    values = packed(*({"20": clock} for clock in clocks))
    frame, _ = read_ticks(
        TRADE, ["005930"] * 4, values, [*map(microseconds, arrived)], date.fromisoformat(day)
    )
    assert [moment.isoformat() for moment in frame["time"]] == [
        *(f"{before}T23:59:59+09:00", f"{day}T18:00:00+09:00"),
        *(f"{day}T00:00:00+09:00", f"{day}T09:59:55+09:00"),
    ]


def test_rows_keep_the_order_of_arrival() -> None:
    values = packed(*({"13": str(n)} for n in (5, 3, 9, 1)))
    assert read(TRADE, *values)[0]["cumulative_volume"].to_list() == [5, 3, 9, 1]


def test_only_the_columns_asked_for_are_kept_beside_the_leading_ones() -> None:
    values = packed({"10": "-100", "15": "+3", "20": "090000", "14": "12"})
    frame, _ = read(TRADE, *values, columns=("price", "side", "time"))
    whole, _ = read(TRADE, *values)
    assert frame.columns == [*LEADING, "price", "side"]
    assert frame.equals(whole.select(frame.columns))
    assert frame.schema == schema(TRADE, ("price", "side"))


def test_a_fid_that_the_catalogue_lacks_can_be_asked_for_by_its_number() -> None:
    frame, _ = read(TRADE, *packed({"10": "1", "99999": "x"}), columns=["price", "99999"])
    assert frame["99999"].to_list() == ["x"]


def test_a_fid_can_be_asked_for_raw_beside_its_column() -> None:
    frame, _ = read(TRADE, *packed({"15": "-3", "290": "2"}), columns=("quantity", "15", "session", "290"))
    assert frame.select("quantity", "15", "session", "290").row(0) == (3, "-3", "2", "2")


@pytest.mark.parametrize("columns", [("price", "prcie"), "price"])
def test_wrong_columns_are_refused_with_the_ones_there_are(columns: Any) -> None:
    with pytest.raises(ValueError, match=r"^columns: .*price"):
        schema(TRADE, columns)


def test_lists_of_different_lengths_are_refused() -> None:
    with pytest.raises(ValueError, match="got 1, 2 and 1"):
        read_ticks(TRADE, ["005930"], packed({}, {}), [0], DAY)


# --- nothing is lost in silence ------------------------------------------------------------------


def test_a_fid_that_comes_with_one_late_message_is_kept_as_text() -> None:
    values = packed(*[{"10": "100"}] * 500, {"10": "101", "9999": "+007", "9998": "ㄱ"}, {"10": "102"})
    frame, troubles = read(TRADE, *values)
    assert frame.columns == [*schema(TRADE), "9999", "9998"]
    assert frame["9999"].to_list() == [None] * 500 + ["+007", None]
    assert frame["9998"][500] == "ㄱ"
    assert frame["price"].to_list() == [100] * 500 + [101, 102]
    assert troubles == []


def test_an_unknown_key_that_has_the_name_of_a_column_is_kept_beside_it() -> None:
    frame, _ = read(TRADE, *packed({"10": "100", "price": "x", "time": "y"}))
    assert frame.select("price", "price_", "time_").row(0) == (100, "x", "y")


def test_an_unknown_key_is_not_hidden_by_numbers_that_are_not_texts() -> None:
    frame, _ = read(TRADE, b'{"10":100}', b'{"10":100,"13":7,"9999":"z"}')
    assert frame["9999"].to_list() == [None, "z"]
    assert frame["cumulative_volume"].to_list() == [None, 7]


BROKEN = [
    b"",
    b" ",
    b"{",
    b'{"10":"1"',
    b"[]",
    b"null",
    b'{"10":"1"}{"10":"2"}',
    b'{"10":"\xff"}',
    b"\x00",
    b"5",
]


@pytest.mark.parametrize("broken", BROKEN)
@pytest.mark.parametrize("columns", [None, ("price",)])
def test_one_broken_message_costs_no_other(broken: bytes, columns: Any) -> None:
    first, last = packed({"10": "100", "9999": "a"}, {"10": "-200"})
    frame, troubles = read(TRADE, first, broken, last, columns=columns)
    assert frame["price"].to_list() == [100, 200]
    assert frame["received_at"].dt.microsecond().to_list() == [0, 2]
    assert [(t.column, t.rows, t.kind.expected) for t in troubles] == [("", 1, "a JSON object")]
    if columns is None:
        assert frame["9999"].to_list() == ["a", None]


def test_two_messages_that_only_together_make_two_lines_are_not_read_as_each_other() -> None:
    frame, troubles = read(TRADE, b'{"10":"1"}\n{"10":"2"}', b"")
    assert (frame.height, len(troubles)) == (0, 2)


def test_a_batch_of_broken_messages_is_an_empty_frame_and_as_many_troubles() -> None:
    frame, troubles = read(TRADE, b"{", b"}")
    assert (frame.schema, frame.height, len(troubles)) == (schema(TRADE), 0, 2)


def test_a_message_over_several_lines_is_one_message() -> None:
    pretty = json.dumps({"10": "-100", "15": "+2"}, indent=1).encode()
    frame, troubles = read(TRADE, pretty, *packed({"10": "101"}))
    assert (frame["price"].to_list(), troubles) == ([100, 101], [])


CELL = st.one_of(
    st.text(st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"]), max_size=6),
    st.integers(-(10**6), 10**6),
    st.booleans(),
    st.none(),
)
MESSAGES = st.lists(
    st.dictionaries(
        st.sampled_from(["10", "15", "302", "9001", "77777", "x:y", 'q"q', "\n"]), CELL, max_size=6
    ),
    min_size=1,
    max_size=8,
)


@settings(max_examples=150, deadline=None)
@given(messages=MESSAGES, ascii_only=st.booleans(), spaced=st.booleans(), broken=st.sets(st.integers(0, 7)))
def test_whatever_comes_no_message_and_no_text_is_lost(
    messages: list[dict[str, Any]], ascii_only: bool, spaced: bool, broken: set[int]
) -> None:
    separators = (", ", ": ") if spaced else (",", ":")
    values = [json.dumps(m, ensure_ascii=ascii_only, separators=separators).encode() for m in messages]
    values = [value[:-1] if n in broken else value for n, value in enumerate(values)]
    whole = [message for n, message in enumerate(messages) if n not in broken]
    frame, troubles = read(VI_LIKE, *values)
    assert frame.height == len(whole)
    assert sum(t.rows for t in troubles if not t.column) == len(messages) - len(whole)
    for key in dict.fromkeys(key for message in whole for key in message):
        texts = [as_text(message.get(key)) for message in whole]
        if key in VI_LIKE.fids:
            stripped = [None if text is None else text.strip() or None for text in texts]
            assert frame[next(c.name for c in VI_LIKE.columns if c.key == key)].to_list() == stripped
        else:
            assert frame[key].to_list() == texts


VI_LIKE = Feed(
    "zz",
    "texts",
    "",
    "A feed of nothing but texts",
    tuple(column(find_feed("vi"), name) for name in ("name", "vi_type")),
    time_fid=None,
)


def as_text(value: Any) -> str | None:
    return value if value is None or isinstance(value, str) else msgspec.json.encode(value).decode()


# --- writing and reading back --------------------------------------------------------------------


def values_of(column: Column) -> st.SearchStrategy[Any]:
    match column.kind.dtype:
        case pl.Int64():
            low = 1 if column.kind.name == "price" else 0 if column.kind.name == "magnitude" else -(10**9)
            return st.integers(low, 10**9).filter(lambda n: n != -2_147_483)
        case pl.Float64():
            low = 1 if column.kind.above_zero else 0 if column.kind.name == "share" else -(10**8)
            return st.integers(low, 10**8).map(lambda n: n / 100)
        case pl.Enum() as enum:
            return st.sampled_from(enum.categories.to_list())
        case pl.Time():
            return st.times(min_value=time(0, 0, 1)).map(lambda t: t.replace(microsecond=0))
        case pl.Date():
            return st.dates(date(1990, 1, 1), date(2090, 1, 1))
        case _:
            return st.text("가나A1 :\"\\+-'", min_size=1, max_size=8).filter(lambda t: t == t.strip())


ROWS = {
    feed.type: st.lists(
        st.fixed_dictionaries({}, optional={c.name: values_of(c) for c in feed.columns}),
        min_size=1,
        max_size=4,
    )
    for feed in ALL_FEEDS
}


@pytest.mark.parametrize("feed", ALL_FEEDS, ids=lambda feed: feed.name)
@settings(max_examples=15, deadline=None)
@given(data=st.data())
def test_what_is_written_as_the_server_would_is_read_back(feed: Feed, data: st.DataObject) -> None:
    rows = data.draw(ROWS[feed.type])
    for row in rows:
        if feed is TRADE:  # the side of a trade is the sign of its quantity
            has = bool(row.get("quantity")) and row.get("side") is not None
            row.update({} if has else {"quantity": None, "side": None})
    frame, troubles = read(feed, *packed(*(write_values(feed, row) for row in rows)))
    assert troubles == []
    for column in feed.columns:
        if column.name in ("market_state_name", "session_name"):
            continue  # they say what the code beside them does
        wanted = [row.get(column.name) for row in rows]
        if column.name == "time":
            wanted = [None if t is None else datetime.combine(DAY, t, KST) for t in wanted]
        elif column.unit.scale != 1:
            wanted = [None if n is None else n * int(column.unit.scale) for n in wanted]
        got = frame[column.name].to_list()
        assert got == pytest.approx(wanted) if column.kind.dtype == pl.Float64() else got == wanted, (
            column.name
        )
