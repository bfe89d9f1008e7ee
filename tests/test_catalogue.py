"""Every entry against everything that follows from it: guide, request, decoding, simulator, store, docs."""

from __future__ import annotations

import json
import re
import warnings
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Any

import msgspec
import polars as pl
import pytest
from polars.testing import assert_frame_equal

import kiwoomdata as kd
from kiwoomdata import frames
from kiwoomdata.arguments import body_of
from kiwoomdata.entries import ENDPOINTS, FILES
from kiwoomdata.entries.entry import Endpoint
from kiwoomdata.kinds import DATE, DATETIME
from kiwoomdata.rest import protocol
from kiwoomdata.simulator import Server
from kiwoomdata.simulator.rest import service
from tests.conftest import market_of_today
from tests.simulator.rest.market import GOOD
from tests.talk import Talk, good

DATA = Path(__file__).parent / "data"
GUIDE: dict[str, Any] = json.loads((DATA / "guide.json").read_text(encoding="utf-8"))["trs"]
PRINTED: dict[str, Any] = json.loads((DATA / "vendor_examples.json").read_text(encoding="utf-8"))["examples"]
RECORDED: dict[str, Any] = json.loads((DATA / "recorded.json").read_text(encoding="utf-8"))["bodies"]

every = pytest.mark.parametrize("endpoint", ENDPOINTS.values(), ids=ENDPOINTS.keys())
printed = pytest.mark.parametrize("api_id", sorted(PRINTED.keys() & ENDPOINTS.keys()))
recorded = pytest.mark.parametrize(
    ("api_id", "body"),
    [(api_id, body) for api_id in sorted(RECORDED.keys() & ENDPOINTS.keys()) for body in RECORDED[api_id]],
)

# --- the entry itself, and the guide -----------------------------------------------------------


def test_the_table_of_files_names_every_tr_of_the_guide_once() -> None:
    listed = [api_id for ids in FILES.values() for api_id in ids.split()]
    assert sorted(listed) == sorted(GUIDE)


def test_a_tr_that_has_no_entry_is_not_in_the_catalogue() -> None:
    assert "ka99999" not in ENDPOINTS
    assert ENDPOINTS.get("ka99999") is None
    assert list(ENDPOINTS) == sorted(ENDPOINTS)


@every
def test_the_catalogue_holds_every_key_of_the_guide(endpoint: Endpoint) -> None:
    guide = GUIDE[endpoint.api_id]
    assert (endpoint.ko, endpoint.path) == (guide["name"], guide["url"])
    assert {p.key: p.ko for p in endpoint.params} == {key: ko for key, (ko, _, _) in guide["request"].items()}
    ours = {part.key: {c.key: c.ko for c in part.columns} for part in endpoint.parts}
    assert guide["flat"].items() <= ours.get(None, {}).items()
    assert guide["lists"].keys() <= ours.keys()
    for listed, theirs in guide["lists"].items():
        # A key that gives two columns stands twice, the second time under its own Korean name.
        assert theirs.items() <= ours[listed].items()


def test_a_key_that_the_guide_lacks_is_not_missed() -> None:
    unlisted = {
        (endpoint.api_id, column.key)
        for endpoint in ENDPOINTS.values()
        for part in endpoint.parts
        for column in part.columns
        if column.unlisted
    }
    assert unlisted == {
        *(("ka10005", "cntr_str"), ("ka10080", "acc_trde_qty"), ("ka10099", "kind"), ("ka10100", "kind")),
    }
    for api_id, key in unlisted:
        (part,) = (part for part in ENDPOINTS[api_id].parts if key in part.by_key)
        assert key not in {**GUIDE[api_id]["flat"], **GUIDE[api_id]["lists"].get(part.key, {})}
        first = next(iter(part.by_key))
        for missed, told in (({key}, ()), ({key, first}, (first,))):
            texts = {k: None if k in missed else "1" for k in part.by_key}
            rows = pl.DataFrame([texts], schema=dict.fromkeys(texts, pl.String))
            assert frames.absent(ENDPOINTS[api_id], {part.name: rows}) == told


@every
def test_a_parameter_is_required_where_the_guide_says_so(endpoint: Endpoint) -> None:
    theirs = {key: required == "Y" for key, (_, required, _) in GUIDE[endpoint.api_id]["request"].items()}
    assert {p.key: p.required for p in endpoint.params} == theirs


# The guide states a length and lists longer codes beside it.
LONGER_CODES = {
    *(("ka10017", "stk_cnd"), ("ka10019", "trde_qty_tp"), ("ka10020", "trde_qty_tp")),
    *(("ka10022", "trde_qty_tp"), ("ka10023", "trde_qty_tp"), ("ka10023", "stk_cnd")),
    *(("ka10024", "cycle_tp"), ("ka10024", "trde_qty_tp"), ("ka10025", "cycle_tp")),
    *(("ka10030", "mang_stk_incls"), ("ka10030", "trde_qty_tp"), ("ka10030", "pric_tp")),
    *(("ka10030", "trde_prica_tp"), ("ka10033", "trde_qty_tp"), ("ka10038", "dt"), ("ka10062", "unit_tp")),
}


@every
def test_a_code_is_no_longer_than_the_guide_allows(endpoint: Endpoint) -> None:
    for param in endpoint.params:
        longest = int(GUIDE[endpoint.api_id]["request"][param.key][2])
        if (endpoint.api_id, param.key) not in LONGER_CODES:
            assert all(len(code) <= longest for code in param.choices.values())
        assert param.digits <= longest
        assert len(param.flags) in (0, longest)


@every
def test_an_entry_is_sound(endpoint: Endpoint) -> None:
    for part in endpoint.parts:
        names = [column.name for column in part.columns]
        korean = [column.ko for column in part.columns]
        assert len(names) == len(set(names))
        assert len(korean) == len(set(korean)), "Korean names would lose a column"
        assert all(name.isidentifier() and name.islower() for name in names)
        signs = {column.signed_by for column in part.columns} - {None}
        assert all(part.by_key[key].kind.name == "direction" for key in signs if key)
    rows = [column.name for column in endpoint.rows.columns] if endpoint.rows else []
    assert sum(part.key is not None for part in endpoint.parts) <= 1
    assert set(endpoint.key) <= set(rows)
    assert set(endpoint.credit_columns) <= set(rows)


@every
def test_what_the_store_goes_by_is_there(endpoint: Endpoint) -> None:
    keys = {param.key for param in endpoint.params}
    walk, dated = endpoint.walk, endpoint.dated_by
    assert endpoint.as_of is None or endpoint.as_of in keys
    if endpoint.as_of_if:
        heeds = endpoint.param(endpoint.as_of_if[0])
        assert endpoint.as_of
        assert heeds
        assert endpoint.as_of_if[1] in heeds.choices.values()
    if walk is None:
        assert endpoint.period == "day"
        assert endpoint.final != "next morning" or endpoint.as_of
        return
    assert dated is not None
    assert dated.kind in (DATE, DATETIME)
    assert endpoint.final != "by the day"
    assert walk.until is None or walk.until in keys
    assert walk.since is None or walk.since in keys
    assert walk.until or walk.whole or dated.kind is DATETIME
    assert not walk.whole or walk.anchor == "asked"


@every
def test_a_unit_is_known_for_each_code_of_the_flag(endpoint: Endpoint) -> None:
    dependent = [column for part in endpoint.parts for column in part.columns if column.units]
    if endpoint.unit_flag is None:
        assert not dependent
        return
    alone = isinstance(endpoint.unit_flag, str)
    keys = (endpoint.unit_flag,) if isinstance(endpoint.unit_flag, str) else endpoint.unit_flag
    codes: list[tuple[str, ...]] = [()]
    for key in keys:
        param = endpoint.param(key)
        assert param is not None
        codes = [(*before, code) for before in codes for code in param.choices.values()]
    assert dependent
    for column in dependent:
        assert set(column.units) == {found[0] if alone else found for found in codes}


@every
def test_a_parameter_can_be_given_as_its_example_and_refuses_what_is_none(endpoint: Endpoint) -> None:
    body = body_of(endpoint, endpoint.shown)
    for param in endpoint.params:
        assert param.default is None or not param.choices or param.default in param.choices
        assert param.key in body or not (param.required or param.blank)
        assert not param.pattern or (
            param.help and param.example and re.fullmatch(param.pattern, param.example)
        )
        assert sum(map(bool, (param.choices, param.flags, param.between, param.pattern))) <= 1
        for wrong in ("no such thing", 1.5, b"1"):
            with pytest.raises((ValueError, TypeError), match=f"^{param.name}: "):
                body_of(endpoint, {**endpoint.shown, param.name: wrong})


@every
def test_every_code_can_be_given_as_it_is_and_as_its_word(endpoint: Endpoint) -> None:
    for param in endpoint.params:
        for word, code in param.choices.items():
            for given in (word, code):
                assert body_of(endpoint, {**endpoint.shown, param.name: given})[param.key] == code


# --- decoding ----------------------------------------------------------------------------------


def envelope(endpoint: Endpoint, body: dict[str, Any]) -> protocol.Page:
    """A page of a body, or of an excerpt that is one row of the list."""
    lists = {part.key for part in endpoint.parts if part.key}
    if lists and not lists & body.keys():
        (key,) = lists
        body = {key: [body]}
    content = msgspec.json.encode({"return_code": 0, "return_msg": "", **body})
    return protocol.read(endpoint.api_id, 200, {}, content)


def read(endpoint: Endpoint, page: protocol.Page, body: dict[str, str]) -> dict[str, pl.DataFrame]:
    texts, *_ = frames.text_parts(endpoint, [page])
    return {part.name: frames.typed(endpoint, part, texts[part.name], body) for part in endpoint.parts}


@every
def test_an_empty_answer_has_the_same_schema(endpoint: Endpoint) -> None:
    page = envelope(endpoint, {part.key: [] for part in endpoint.parts if part.key})
    parts = read(endpoint, page, {})
    for part in endpoint.parts:
        frame = parts[part.name]
        assert dict(frame.schema) == frames.schema(part)
        assert frame.height == (0 if part.key else 1)
        assert part.key or all(values == [None] for values in frame.to_dict(as_series=False).values())


@printed
def test_a_printed_request_is_taken_and_sent_as_it_is_printed(api_id: str) -> None:
    asked = {key: text for key, text in PRINTED[api_id]["request"].items() if key in GUIDE[api_id]["request"]}
    body = body_of(ENDPOINTS[api_id], asked)
    assert {key: body[key] for key in asked} == asked


# What no rule can read in a printed answer, or in a recorded one: told, and null.
SATURATED = ("ka10020", "ka10021", "ka10030")  # 4294967295 and 2147483647: fields that have overflowed
DOUBTS: dict[str, type[Warning]] = {
    "ka00198": kd.UnprovenValue,  # rank_chg_sign N
    "ka10018": kd.UnprovenValue,  # directions 60 and 114
    "ka10020": kd.UnknownKey,  # one author's own extra_field
    "ka10062": kd.UnprovenValue,  # an average that sticks at -2147483
    "ka50080": kd.UnprovenValue,  # a change without a sign beside a blank direction
    "ka52301": kd.UnknownKey,  # its third row carries two keys more
}
NO_EXAMPLE = {"ka90003"}  # the guide prints another TR's answer


def as_read(endpoint: Endpoint, response: dict[str, Any], body: dict[str, str]) -> dict[str, pl.DataFrame]:
    """The parts of an answer, whose doubts are those that are expected of its TR and no others."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        if doubt := DOUBTS.get(endpoint.api_id):
            warnings.simplefilter("ignore", doubt)
        if endpoint.api_id in SATURATED:
            warnings.simplefilter("ignore", kd.UnprovenValue)
        return read(endpoint, envelope(endpoint, response), body)


@printed
def test_a_printed_answer_is_read_without_a_doubt(api_id: str) -> None:
    if api_id in NO_EXAMPLE:
        with pytest.warns(kd.UnknownKey, match="prm_trde_trnsn"):
            read(ENDPOINTS[api_id], envelope(ENDPOINTS[api_id], PRINTED[api_id]["response"]), {})
        return
    endpoint, example = ENDPOINTS[api_id], PRINTED[api_id]
    body = body_of(endpoint, example["request"])
    parts = as_read(endpoint, example["response"], body)
    for part in endpoint.parts:
        if DOUBTS.get(api_id) is not kd.UnknownKey:
            schema = frames.schema(part, endpoint.flag_of(body))
            assert dict(parts[part.name].schema) == schema, "a key that the entry lacks"
        if part.key:
            assert parts[part.name].height == len(example["response"][part.key])


@recorded
def test_a_recorded_answer_is_read_without_a_doubt(api_id: str, body: dict[str, Any]) -> None:
    endpoint = ENDPOINTS[api_id]
    asked = body_of(endpoint, endpoint.shown)
    parts = as_read(endpoint, body, asked)
    for part in endpoint.parts:
        if DOUBTS.get(api_id) is kd.UnknownKey:
            continue
        schema = frames.schema(part, endpoint.flag_of(asked))
        assert dict(parts[part.name].schema) == schema, "a key that the entry lacks"


# --- the simulator -----------------------------------------------------------------------------


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    market = market_of_today()
    with kd.simulator.start(market=market, rate=None, page_rows=10, intraday_at_any_hour=True) as started:
        yield started


@pytest.fixture(scope="module")
def talk(server: Server) -> Iterator[Talk]:
    with Talk(server, timeout=60) as talking:
        yield talking


@every
def test_the_simulator_answers_with_every_key_and_no_other(talk: Talk, endpoint: Endpoint) -> None:
    reply = talk.ask(endpoint.api_id)
    answer = dict(reply.json)
    assert (reply.status, {key: answer.pop(key) for key in GOOD}) == (200, GOOD)
    for part in endpoint.parts:
        if part.key is None:
            assert set(part.by_key) <= answer.keys()
            assert all(type(answer[key]) is str for key in part.by_key)
            answer = {key: value for key, value in answer.items() if key not in part.by_key}
        else:
            rows = answer.pop(part.key)
            assert rows, "an example has rows"
            assert all(row.keys() == part.by_key.keys() for row in rows)
            assert all(type(text) is str for row in rows for text in row.values())
    assert not answer


@every
def test_what_the_simulator_writes_is_read_without_a_doubt(talk: Talk, endpoint: Endpoint) -> None:
    body = good(endpoint.api_id)
    reply = talk.ask(endpoint.api_id)
    page = protocol.read(endpoint.api_id, 200, {}, reply.content)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        parts = read(endpoint, page, body)
    for frame in parts.values():
        agree(frame)


def agree(frame: pl.DataFrame) -> None:
    """What the names of columns promise of each other."""
    names = set(frame.columns)
    if names >= {"open", "high", "low", "close"}:
        assert frame.filter(pl.col("high") < pl.max_horizontal("open", "low", "close")).is_empty()
        assert frame.filter(pl.col("low") > pl.min_horizontal("open", "high", "close")).is_empty()
    if names >= {"change", "direction"}:
        down = pl.col("direction").cast(pl.String).is_in(["down", "limit_down"])
        assert frame.filter(down & (pl.col("change") >= 0)).is_empty()
        up = pl.col("direction").cast(pl.String).is_in(["up", "limit_up"])
        assert frame.filter(up & (pl.col("change") <= 0)).is_empty()
    if names >= {"change", "change_pct"}:
        assert frame.filter(pl.col("change") * pl.col("change_pct") < 0).is_empty()


@every
def test_the_same_question_has_the_same_answer(talk: Talk, endpoint: Endpoint) -> None:
    assert talk.ask(endpoint.api_id).content == talk.ask(endpoint.api_id).content


@every
def test_pages_do_not_overlap(talk: Talk, endpoint: Endpoint) -> None:
    if endpoint.rows is not None and not endpoint.page_rows:  # others are long
        rows = [json.dumps(row) for reply in talk.walk(endpoint.api_id, pages=2) for row in reply.rows]
        assert len(rows) == len(set(rows))


@every
def test_a_wrong_address_is_refused_at_once(talk: Talk, endpoint: Endpoint) -> None:
    headers = {"api-id": endpoint.api_id, "authorization": f"Bearer {talk.token}"}
    assert talk.post("/api/dostk/nowhere", good(endpoint.api_id), headers).verdict == (1, "1504")


@every
def test_a_key_that_the_guide_requires_is_missed_and_no_other(talk: Talk, endpoint: Endpoint) -> None:
    for param in endpoint.params:
        if param.blank and param.required:
            continue  # the guide requires it and prints a blank
        verdict = talk.ask(endpoint.api_id, **{param.key: None}).verdict
        assert verdict == ((2, "1511") if param.required and not param.blank else (0, "")), param.key


SEEN = {
    30: "ka10003 ka50012 ka10094",
    45: "ka10016",
    50: "ka10008 ka90012",
    60: "ka10046 ka10047",
    100: "ka10084 ka10013 ka10015 ka10026 ka10028 ka10033 ka10034 ka10035 ka10036 ka10037 ka10062 ka10098 "
    "ka10131 ka10066 ka20002 ka40004 ka50010",
    200: "ka10019 ka10020 ka10023 ka10024 ka10025 ka10027 ka90008",
    240: "ka20008",
    300: "ka20007",
    600: "ka20006",
    800: "ka10063",
    900: "ka20004 ka20005 ka10079 ka10080",
}
"""Rows of a full page of the live server. The lending TRs page without dates only."""


@pytest.mark.parametrize(("size", "ids"), SEEN.items())
def test_a_page_is_as_long_as_the_servers(size: int, ids: str) -> None:
    assert {api_id: ENDPOINTS[api_id].page_rows for api_id in ids.split()} == dict.fromkeys(ids.split(), size)


# --- the store, and the docs ---------------------------------------------------------------------


def asked(client: kd.Client, endpoint: Endpoint) -> dict[str, pl.DataFrame]:
    """Every part of the example's answer, days from the middle of October 2026 on where the TR has days."""
    dates = {"start": "20261001", "end": "20261120", "until": "20261120", "date": "20261120"}
    names = {param.name for param in endpoint.params}
    given = {**endpoint.shown, **{name: day for name, day in dates.items() if name in names}}
    dated = endpoint.dated_by
    more: dict[str, Any] = {"max_pages": 2, "on_truncated": "mark"}
    if dated is not None:
        kept = endpoint.final != "never"
        by_day = date(2026, 11, 10) if endpoint.period == "day" else date(2026, 1, 1)
        more = {"since": by_day if dated.kind is DATE else date(2026, 11, 18 if kept else 20)}
    return client.request_parts(endpoint.api_id, given, **more)


@every
def test_the_store_serves_what_the_server_would_say_of_every_part(
    server: Server, make_client: Callable[..., kd.Client], endpoint: Endpoint, tmp_path: Path
) -> None:
    bare, kept = make_client(server, cache=False), make_client(server, cache=tmp_path / "store")
    expected = asked(bare, endpoint)
    assert set(expected) == {part.name for part in endpoint.parts}
    cold, warm = asked(kept, endpoint), asked(kept, endpoint)
    for name, frame in expected.items():
        assert_frame_equal(cold[name], frame)
        assert_frame_equal(warm[name], frame)


@every
def test_describe_tells_every_key(endpoint: Endpoint) -> None:
    told = kd.describe(endpoint.api_id)
    keys = {param.key for param in endpoint.params} | {c.key for part in endpoint.parts for c in part.columns}
    assert set(told["key"]) == keys


def test_the_catalogue_shows_a_call_of_each_tr() -> None:
    calls = dict(kd.catalogue().select("api_id", "example").iter_rows())
    assert calls["ka10081"] == 'kd.candles("005930", "2023-10-02", "2024-01-31", interval="day")'
    assert all(call.startswith("kd.") for call in calls.values())


def test_a_fault_of_the_simulator_itself_is_refused_at_once(
    server: Server, client: kd.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It would come again at each try, so that tries would only cost their pauses."""
    monkeypatch.setitem(service._ANSWERS, "ka10086", lambda ask: {}["no such key"])
    before = server.log.count("ka10086")
    with pytest.raises(kd.ApiError, match="1999"):
        kd.request("ka10086", symbol="005930", until="2026-11-20", client=client)
    assert server.log.count("ka10086") == before + 1
