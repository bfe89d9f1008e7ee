"""The named functions against the simulator: shapes, words, agreement between TRs, and wrong arguments."""

from __future__ import annotations

import json
import warnings
from collections.abc import Callable
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import pandas as pd
import polars as pl
import pytest

import kiwoomdata as kd
import kiwoomdata.pandas as kdp
from kiwoomdata.entries import ENDPOINTS
from kiwoomdata.kinds import DATE
from kiwoomdata.pandas import in_pandas, to_pandas
from tests.conftest import simulated
from tests.envelopes import Answer, Asked, Envelopes, row

Call = Callable[..., Any]
RANGE = ("2026-10-01", "2026-10-30")

EVERY: dict[str, Call] = {
    "daily_prices": lambda **o: kd.daily_prices("005930", *RANGE, **o),
    "investor_flows": lambda **o: kd.investor_flows("005930", *RANGE, **o),
    "orderbook_snapshot": lambda **o: kd.orderbook_snapshot("005930", **o),
    "price_table": lambda **o: kd.price_table("005930", **o),
    "session_summary": lambda **o: kd.session_summary("005930", **o),
    "quote_board": lambda **o: kd.quote_board("005930", **o),
    "rights_quotes": lambda **o: kd.rights_quotes(**o),
    "institution_trades": lambda **o: kd.institution_trades(*RANGE, **o),
    "institution_trend": lambda **o: kd.institution_trend("005930", *RANGE, **o),
    "trade_strength by time": lambda **o: kd.trade_strength("005930", **o),
    "trade_strength by day": lambda **o: kd.trade_strength("005930", by="day", **o),
    "intraday_investor_trades": lambda **o: kd.intraday_investor_trades(**o),
    "closing_investor_trades": lambda **o: kd.closing_investor_trades(**o),
    "broker_trend": lambda **o: kd.broker_trend("001", "005930", *RANGE, **o),
    "after_hours_quote": lambda **o: kd.after_hours_quote("00088K", **o),
    "program_trend of a market by time": lambda **o: kd.program_trend(market="kospi", by="time", **o),
    "program_trend of a market by day": lambda **o: kd.program_trend(None, *RANGE, market="kospi", **o),
    "program_trend of a stock by time": lambda **o: kd.program_trend("005930", by="time", **o),
    "program_trend of a stock by day": lambda **o: kd.program_trend("005930", *RANGE, **o),
    "candles by day": lambda **o: kd.candles("005930", *RANGE, **o),
    "candles by week": lambda **o: kd.candles("005930", *RANGE, interval="week", **o),
    "candles by month": lambda **o: kd.candles("005930", "2026-01", "2026-10", interval="month", **o),
    "candles by year": lambda **o: kd.candles("005930", "2020", "2025", interval="year", **o),
    "candles by minutes": lambda **o: kd.candles("005930", period="10d", interval="10m", **o),
    "candles by trades": lambda **o: kd.candles("005930", period="10d", interval="30tick", **o),
    "index_candles": lambda **o: kd.index_candles("kospi", *RANGE, **o),
    "index_candles by week": lambda **o: kd.index_candles("kospi", *RANGE, interval="week", **o),
    "index_candles by month": lambda **o: kd.index_candles(
        "101", "2026-01", "2026-10", interval="month", **o
    ),
    "index_candles by year": lambda **o: kd.index_candles("kospi", "2020", "2025", interval="year", **o),
    "index_candles by minutes": lambda **o: kd.index_candles("kospi", period="10d", interval="10m", **o),
    "investor_breakdown": lambda **o: kd.investor_breakdown("005930", *RANGE, **o),
    "sector_flows": lambda **o: kd.sector_flows("2026-10-30", **o),
    "stocks": lambda **o: kd.stocks(**o),
    "quotes": lambda **o: kd.quotes("005930", **o),
    "vi_events": lambda **o: kd.vi_events(**o),
    "broker_board": lambda **o: kd.broker_board("005930", **o),
    "arbitrage_balance": lambda **o: kd.arbitrage_balance(**o),
    "program_cumulative": lambda **o: kd.program_cumulative(**o),
}


def of_the_catalogue(example: str) -> Call:
    """The call that an entry shows, with options."""
    open_call = example.removesuffix(")")
    text = f"{open_call}{'' if open_call.endswith('(') else ', '}**o)"
    code = compile(text, __file__, "eval")  # so that warnings name this file, as a user's own
    return lambda **o: eval(code, {"kd": kd, "o": o})


EVERY |= {
    f"{endpoint.function}, {endpoint.api_id}": of_the_catalogue(endpoint.example)
    for endpoint in ENDPOINTS.values()
    if endpoint.example and not any(name.startswith(endpoint.function) for name in EVERY)
}


@pytest.fixture(scope="module")
def shared() -> Any:
    with simulated() as client:
        yield client


@pytest.fixture(scope="module")
def asked(shared: kd.Client) -> Callable[[Call], pl.DataFrame]:
    """What a call gives, asked for once."""
    return cache(lambda call: call(client=shared))


@pytest.mark.parametrize("call", EVERY.values(), ids=EVERY.keys())
def test_every_function_gives_a_typed_frame_with_provenance(
    asked: Callable[[Call], pl.DataFrame], call: Call
) -> None:
    frame = asked(call)
    source = kd.provenance(frame)
    assert isinstance(frame, pl.DataFrame)
    assert frame.height > 0
    assert source is not None
    assert source.rows == frame.height
    assert source.requests >= source.pages >= 1
    assert not source.truncated
    assert pl.Null not in frame.dtypes
    assert pl.Object not in frame.dtypes
    for name in ("date", "time"):
        if name in frame.columns and frame.columns.index(name) == 0:
            assert frame[name].is_sorted()
    if frame.columns[:3] == ["date", "symbol", "venue"]:
        assert not frame.select("date", "symbol").is_duplicated().any()


@pytest.mark.parametrize("call", EVERY.values(), ids=EVERY.keys())
def test_every_function_gives_pandas_with_numpy_dtypes(
    shared: kd.Client, asked: Callable[[Call], pl.DataFrame], call: Call
) -> None:
    frame, polars = in_pandas(call)(client=shared), asked(call)
    assert isinstance(frame, pd.DataFrame)
    assert len(frame) == polars.height
    kinds = dict(frame.dtypes)
    for name, dtype in polars.schema.items():
        if name in kinds and dtype.is_numeric():
            assert str(kinds[name]) in ("int64", "float64", "int8"), name
    if polars.columns[0] == "date":
        assert isinstance(frame.index.get_level_values(0), pd.DatetimeIndex)
        assert frame.index.names[0] == "date"
        assert frame.index.is_unique
    assert frame.attrs["kiwoomdata"]["rows"] == len(frame)
    source = kd.provenance(frame)
    assert source is not None
    assert source.api_id == frame.attrs["kiwoomdata"]["api_id"]


@pytest.mark.parametrize("call", EVERY.values(), ids=EVERY.keys())
def test_korean_names_lose_no_column(
    shared: kd.Client, asked: Callable[[Call], pl.DataFrame], call: Call
) -> None:
    english, korean = asked(call), call(client=shared, names="ko")
    assert korean.shape == english.shape
    assert len(set(korean.columns)) == korean.width
    assert not set(korean.columns) & set(english.columns) - {"kospi200", "basis"}


def test_ohlcv_titles_are_what_the_charting_libraries_want(shared: kd.Client) -> None:
    frame = kdp.daily_prices("005930", *RANGE, client=shared, style="ohlcv")
    assert list(frame[["Open", "High", "Low", "Close", "Volume"]].dtypes.astype(str)) == ["int64"] * 5
    assert isinstance(frame.index, pd.DatetimeIndex)
    assert frame.index.name == "Date"
    with pytest.raises(ValueError, match="^style: 'ohlcv' needs the columns"):
        kd.investor_flows("005930", *RANGE, client=shared, style="ohlcv")


def test_two_trs_tell_the_same_of_the_same_day(shared: kd.Client) -> None:
    daily = kd.daily_prices("005930", *RANGE, client=shared)
    table = kd.price_table("005930", client=shared).filter(
        pl.col("date").is_between(*map(date.fromisoformat, RANGE))
    )
    for name in ("date", "open", "high", "low", "close", "volume", "halted"):
        assert daily[name].to_list() == table[name].to_list(), name
    program = kd.program_trend("005930", *RANGE, client=shared)
    assert daily["program"].to_list() == program["net_buy_volume"].to_list()
    assert daily["close"].to_list() == program["close"].to_list()
    trend = kd.institution_trend("005930", *RANGE, client=shared)
    assert daily["institution"].to_list() == trend["institution_net_buy"].to_list()
    assert trend["institution_net_buy"].cum_sum().to_list() == trend["institution_cumulative"].to_list()


def test_what_was_bought_less_what_was_sold_is_the_net(shared: kd.Client) -> None:
    stock = kd.program_trend("005930", *RANGE, client=shared)
    assert (stock["buy_volume"] - stock["sell_volume"]).to_list() == stock["net_buy_volume"].to_list()
    market = kd.program_trend(None, *RANGE, market="kosdaq", client=shared)
    for kind in ("arbitrage", "non_arbitrage", "total"):
        off = market[f"{kind}_buy_value"] - market[f"{kind}_sell_value"] - market[f"{kind}_net_buy_value"]
        assert off.abs().max() <= 1_000_000  # each is rounded to the million by itself
    assert market["total_net_buy_value"].abs().max() > 10**9
    session = kd.intraday_investor_trades(client=shared)
    for unit in ("", "_value"):
        buy, sell, net = (session[f"{name}{unit}"] for name in ("buy", "sell", "net_buy"))
        assert (buy - sell).to_list() == net.to_list()
        assert (sell >= 0).all()
        assert sell.max() > 0
        bought, sold, moved = (session[f"{name}{unit}_change"] for name in ("buy", "sell", "net_buy"))
        assert (bought - sold).to_list() == moved.to_list()
    broker = kd.broker_trend("001", "005930", *RANGE, client=shared)
    assert (broker["buy"] - broker["sell"]).to_list() == broker["net_buy"].to_list()


def test_value_says_in_which_unit_each_flow_stands(shared: kd.Client) -> None:
    shares = kd.investor_flows("005930", *RANGE, client=shared)
    value = kd.investor_flows("005930", *RANGE, measure="value", client=shared)
    # Nobody has shown in which unit the foreign brokers stand when value is asked.
    assert value.rename({"foreign_brokers_as_served": "foreign_brokers"}).schema == shares.schema
    assert shares["flow_unit"].unique().to_list() == ["shares"]
    assert value["flow_unit"].unique().to_list() == ["KRW"]
    assert value["foreign_unit"].unique().to_list() == ["shares"]
    assert value["foreign"].to_list() == shares["foreign"].to_list()
    assert value["individual"].abs().min() % 1_000_000 == 0
    source = kd.provenance(value)
    assert source is not None
    assert (source.units["individual"], source.units["foreign"]) == ("KRW", "shares")
    assert source.units["foreign_brokers_as_served"] == "unknown"


def test_one_symbol_and_many_have_one_shape(shared: kd.Client) -> None:
    one = kd.daily_prices("005930", *RANGE, client=shared)
    many = kd.daily_prices(["000660", "005930"], *RANGE, client=shared)
    assert one.schema == many.schema
    assert many.filter(symbol="005930").equals(one)
    assert many["symbol"].to_list()[:2] == ["000660", "005930"]


def test_an_empty_answer_is_typed_and_says_what_it_may_mean(shared: kd.Client) -> None:
    with pytest.warns(kd.EmptyAnswer, match="delisted"):
        frame = kd.daily_prices("091990", *RANGE, client=shared)
    assert frame.height == 0
    assert frame.schema == kd.daily_prices("005930", *RANGE, client=shared).schema
    with pytest.warns(kd.EmptyAnswer, match="of days without a session"):
        weekend = kd.daily_prices("005930", "2026-10-31", "2026-11-01", client=shared)
    assert weekend.height == 0


OK = {"return_code": 0, "return_msg": "정상적으로 처리되었습니다"}


def nothing(form: str) -> Callable[[int, Asked], Answer]:
    def answer(number: int, asked: Asked) -> Answer:
        endpoint = ENDPOINTS[asked.headers["api-id"]]
        if form == "rc 20":
            return Answer({"return_code": 20, "return_msg": "조회된 데이터가 없습니다"})
        if endpoint.rows is None:
            return Answer({**row(endpoint.api_id), **OK})
        return Answer({endpoint.rows.key: [] if form == "no rows" else [row(endpoint.api_id)], **OK})

    return answer


@pytest.mark.parametrize("form", ["no rows", "rc 20", "a blank row"])
@pytest.mark.parametrize(
    "call",
    [*EVERY.values(), lambda **o: kd.request("ka10086", symbol="005930", until="2026-10-30", **o)],
    ids=[*EVERY, "request"],
)
def test_every_function_tells_of_an_empty_answer_once(
    make_client: Call, told: list[warnings.WarningMessage], call: Call, form: str
) -> None:
    with Envelopes(nothing(form)) as server:
        frame = call(client=make_client(server, cache=False))
    source = kd.provenance(frame)
    assert source is not None
    (said,) = told
    assert said.category is kd.EmptyAnswer
    assert said.filename == __file__
    subject = source.params.get("stk_cd") or source.api_id
    assert source.empty == (subject,)
    assert str(said.message).startswith(f"{source.api_id}: the server had ")
    assert subject in str(said.message)


DEAD = ["123450", "123460", "123470"]


def dead_or_alive(number: int, asked: Asked) -> Answer:
    endpoint = ENDPOINTS[asked.headers["api-id"]]
    assert endpoint.rows is not None
    moments = {"date": "20261030", "time": "090000"}
    cells = {column.key: moments[column.name] for column in endpoint.rows.columns if column.name in moments}
    rows = [row(endpoint.api_id, **cells)] if asked.body["stk_cd"] == "005930" else []
    beside = {key: "" for part in endpoint.parts if part.key is None for key in part.by_key}
    return Answer({**beside, endpoint.rows.key: rows, **OK})


OF_ONE_DAY: dict[str, Call] = {
    "daily_prices": lambda s, **o: kd.daily_prices(s, "2026-10-30", "2026-10-30", **o),
    "investor_flows": lambda s, **o: kd.investor_flows(s, "2026-10-30", "2026-10-30", **o),
    "institution_trend": lambda s, **o: kd.institution_trend(s, "2026-10-30", "2026-10-30", **o),
    "program_trend": lambda s, **o: kd.program_trend(s, "2026-10-30", "2026-10-30", **o),
    "broker_trend": lambda s, **o: kd.broker_trend("001", s, "2026-10-30", "2026-10-30", **o),
    "trade_strength": lambda s, **o: kd.trade_strength(s, **o),
}


@pytest.mark.parametrize("cache", [False, True])
@pytest.mark.parametrize("call", OF_ONE_DAY.values(), ids=OF_ONE_DAY.keys())
def test_dead_codes_in_a_list_are_told_by_name(
    make_client: Call, told: list[warnings.WarningMessage], call: Call, tmp_path: Path, cache: bool
) -> None:
    with Envelopes(dead_or_alive) as server:
        client = make_client(server, cache=tmp_path if cache else False)
        frame = call(["005930", *DEAD], client=client)
    source = kd.provenance(frame)
    assert source is not None
    assert frame["symbol"].to_list() == ["005930"]
    assert source.empty == tuple(DEAD)
    assert source.failures == {}
    (said,) = told
    assert said.category is kd.EmptyAnswer
    assert f"no rows of {', '.join(DEAD)}." in str(said.message)


OVER_DAYS: dict[str, Call] = {
    "daily_prices": kd.daily_prices,
    "investor_flows": kd.investor_flows,
    "institution_trend": kd.institution_trend,
    "program_trend": kd.program_trend,
    "broker_trend": lambda *a, **o: kd.broker_trend("001", *a, **o),
    "candles": kd.candles,
    "candles by minutes": lambda *a, **o: kd.candles(*a, interval="60m", **o),
    "investor_breakdown": kd.investor_breakdown,
    "short_selling": kd.short_selling,
}


@pytest.mark.parametrize("symbols", [["005930"], ["005930", "000660"], ["005930_NX", "005930", "000660_AL"]])
@pytest.mark.parametrize("call", OVER_DAYS.values(), ids=OVER_DAYS)
def test_what_the_store_gives_of_several_symbols_is_what_the_server_gave(
    server: kd.simulator.Server, make_client: Call, tmp_path: Path, call: Call, symbols: list[str]
) -> None:
    client = make_client(server, cache=tmp_path / "store")
    bare = call(symbols, *RANGE, client=make_client(server, cache=False))
    part = call(symbols[:1], *RANGE, client=client)
    frames = [call(symbols, *RANGE, client=client) for _ in range(2)]  # in part from the store, and all of it
    assert part.height
    assert [frame.schema == bare.schema and frame.equals(bare) for frame in frames] == [True, True]
    source = kd.provenance(frames[1])
    assert source is not None
    assert source.requests == 0


def test_of_many_dead_codes_the_first_five_are_named(
    make_client: Call, told: list[warnings.WarningMessage]
) -> None:
    codes = [f"{100000 + n * 10}" for n in range(8)]
    with Envelopes(dead_or_alive) as server:
        frame = kd.daily_prices(codes, "2026-10-30", client=make_client(server, cache=False))
    source = kd.provenance(frame)
    assert source is not None
    assert source.empty == tuple(codes)
    assert "of 100000, 100010, 100020, 100030, 100040 and 3 more." in str(told[0].message)


def test_a_loop_over_dead_codes_tells_of_each_by_pythons_own_rule(make_client: Call) -> None:
    with Envelopes(dead_or_alive) as server, warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("default")
        client = make_client(server, cache=False)
        for symbol in DEAD:
            kd.daily_prices(symbol, "2026-10-30", "2026-10-30", client=client)
    assert [symbol in str(said.message) for symbol, said in zip(DEAD, told, strict=True)] == [True] * 3


def test_an_empty_answer_stands_in_the_attributes_of_a_pandas_frame(
    make_client: Call, told: list[warnings.WarningMessage]
) -> None:
    with Envelopes(dead_or_alive) as server:
        client = make_client(server, cache=False)
        frame = kd.daily_prices(["005930", DEAD[0]], "2026-10-30", "2026-11-02", client=client)
    source = kd.provenance(frame)
    assert source is not None
    assert source.missing == {"005930": (date(2026, 11, 2),)}
    frame = to_pandas(frame)
    json.dumps(frame.attrs["kiwoomdata"])
    assert kd.provenance(frame) == source


def test_a_long_history_on_nxt_begins_where_nxt_began(shared: kd.Client) -> None:
    frame = kd.daily_prices("005930", "2024-06-03", "2025-06-30", venue="nxt", client=shared)
    assert frame["date"][0] >= date(2025, 3, 4)
    assert frame["venue"].unique().to_list() == ["nxt"]
    assert not frame["date"].is_duplicated().any()


def test_an_order_book_is_long_and_in_order(shared: kd.Client) -> None:
    book = kd.orderbook_snapshot("005930", client=shared)
    asks, bids = book.filter(side="ask"), book.filter(side="bid")
    assert asks["level"].to_list() == bids["level"].to_list() == list(range(1, 11))
    assert asks["price"].is_sorted()
    assert bids["price"].is_sorted(descending=True)
    assert bids["price"][0] < asks["price"][0]
    assert asks["total_quantity"].n_unique() == bids["total_quantity"].n_unique() == 1


def test_a_ranking_takes_codes_apart(shared: kd.Client) -> None:
    for venue in ("krx", "all"):
        frame = kd.closing_investor_trades("kospi", venue=venue, client=shared)  # type: ignore[arg-type]
        assert frame["symbol"].str.contains(r"^[0-9][0-9A-Z]{5}$").all()
        assert frame["venue"].unique().to_list() == [venue]


def test_days_of_a_market_carry_their_own_day_though_the_server_ignores_the_one_asked(
    shared: kd.Client,
) -> None:
    frame = kd.program_trend(market="kospi", date="2026-10-15", client=shared)
    assert frame["date"].to_list() == [date(2026, 10, 15)]


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: kd.daily_prices("KRX:005930", "2024-01-02"), ValueError, "^symbol: "),
        (lambda: kd.daily_prices("005930_XX", "2024-01-02"), ValueError, "^symbol: "),
        (lambda: kd.daily_prices(5930, "2024-01-02"), TypeError, "^symbol: "),  # type: ignore[arg-type]
        (lambda: kd.daily_prices("005930", "2024-01-03", "2024-01-02"), ValueError, "^start: "),
        (lambda: kd.daily_prices("005930", "2999-01-02"), ValueError, "^start: .*future"),
        (lambda: kd.daily_prices("005930"), ValueError, "^start, period: neither was given"),
        (lambda: kd.daily_prices("005930", "2024", period="1y"), ValueError, "^start, period: both"),
        (lambda: kd.daily_prices("005930", period="1 year"), ValueError, "^period: "),
        (lambda: kd.program_trend("005930", by="time", period="1y"), ValueError, "^start, end, period: "),
        (lambda: kd.program_trend("005930", date="2024-03"), ValueError, "^date: expected a date"),
        (lambda: kd.daily_prices("005930", "2024-01-02", measure="won"), ValueError, "^measure: "),  # type: ignore[arg-type]
        (lambda: kd.daily_prices("005930", "2024-01-02", venue="nasdaq"), ValueError, "^venue: "),  # type: ignore[arg-type]
        (
            lambda: kd.daily_prices("005930", "2024-01-02", as_="pandas"),
            TypeError,
            "^as_: .*kiwoomdata.pandas",
        ),  # type: ignore[arg-type]
        (lambda: kd.request("ka10086", as_="pandas"), TypeError, r"^as_: .*kiwoomdata\.pandas"),
        (lambda: kd.conditions(as_="pandas"), TypeError, r"^as_: .*kiwoomdata\.pandas"),  # type: ignore[arg-type]
        (lambda: kd.condition_search("0", as_="pandas"), TypeError, r"^as_: .*kiwoomdata\.pandas"),  # type: ignore[arg-type]
        (lambda: kd.Client("simulator", as_="pandas"), TypeError, r"^as_: .*kiwoomdata\.pandas"),  # type: ignore[arg-type]
        (lambda: kd.Client("simulator", columns="ko"), TypeError, "^columns: .*names='ko'"),  # type: ignore[arg-type]
        (lambda: kd.Client("simulator", color=1), TypeError, r"^Client\(\) got an unexpected .* 'color'"),  # type: ignore[arg-type]
        (lambda: kd.daily_prices("005930", "2024-01-02", columns="ko"), TypeError, "^columns: .*names='ko'"),
        (lambda: kd.daily_prices("005930", "2024-01-02", color="red"), TypeError, "^color: no such option"),  # type: ignore[arg-type]
        (lambda: kd.daily_prices("005930", "2024-01-02", client="x"), TypeError, "^client: "),  # type: ignore[arg-type]
        (lambda: kd.daily_prices(["005930"], "2024-01-02", errors="ignore"), ValueError, "^errors: "),  # type: ignore[arg-type]
        (lambda: kd.trade_strength("005930", by="week"), ValueError, "^by: "),  # type: ignore[arg-type]
        (lambda: kd.after_hours_quote("005930_NX"), ValueError, "KRX alone"),
        (lambda: kd.institution_trades("2024-01-02", market="nyse"), ValueError, "^market: "),  # type: ignore[arg-type]
        (lambda: kd.institution_trades("2024-01-02", side="both"), ValueError, "^side: "),  # type: ignore[arg-type]
        (lambda: kd.intraday_investor_trades("martian"), ValueError, "^investor: "),  # type: ignore[arg-type]
        (lambda: kd.broker_trend("1", "005930", "2024-01-02"), ValueError, "^broker: "),
        (lambda: kd.broker_trend(1, "005930", "2024-01-02"), TypeError, "^broker: "),  # type: ignore[arg-type]
        (lambda: kd.rights_quotes("puts"), ValueError, "^kind: "),  # type: ignore[arg-type]
        (lambda: kd.program_trend(), ValueError, "^symbol, market: "),
        (lambda: kd.program_trend("005930", "2024-01-02", market="kospi"), ValueError, "^symbol, market: "),
        (lambda: kd.program_trend(market="kospi"), ValueError, "^start, period: "),
        (lambda: kd.program_trend("005930", "2024-01-02", by="time"), ValueError, "^start, end, period: "),
        (lambda: kd.program_trend("005930", "2024-01-02", date="2024-01-02"), ValueError, "^date: "),
        (lambda: kd.arbitrage_balance("2999-01-02"), ValueError, "^date: .*future"),
        (lambda: kd.request("ka99999"), ValueError, "^api_id: "),
        (lambda: kd.request("ka10086", symbol="005930"), ValueError, "^until: "),
    ],
)
def test_a_wrong_argument_is_refused_before_any_request(
    shared: kd.Client, call: Callable[[], object], error: type[Exception], message: str
) -> None:
    kd.use(shared)
    try:
        sent = shared.transport.requests_sent
        with pytest.raises(error, match=message):
            call()
        assert shared.transport.requests_sent == sent
    finally:
        kd.use("simulator")


def test_a_setting_stands_until_it_is_changed(shared: kd.Client) -> None:
    try:
        kd.use("simulator", names="ko", progress=False)
        assert "종목코드" in kd.session_summary("005930").columns
        kd.use(names="en")
        assert "symbol" in kd.session_summary("005930").columns
        with pytest.raises(TypeError, match=r"^as_: .*kiwoomdata\.pandas"):
            kd.use(as_="pandas")
        with pytest.raises(TypeError, match="^columns: .*names='ko'"):
            kd.use("simulator", columns="ko")
    finally:
        kd.use("simulator")


@pytest.mark.parametrize(
    ("call", "keys"),
    [
        (lambda **o: kd.orderbook_snapshot("005930", **o), ["beside"]),
        (lambda **o: kd.orderbook_snapshot("005930", venue="all", **o), ["beside"]),
        (lambda **o: kd.after_hours_quote("005930", **o), ["beside"]),
        (lambda **o: kd.broker_board("005930", **o), ["beside"]),
        (lambda **o: kd.daily_prices("005930", *RANGE, **o), ["beside", "within"]),
        (lambda **o: kd.investor_flows("005930", *RANGE, **o), ["beside", "within"]),
        (lambda **o: kd.institution_trend("005930", *RANGE, **o), ["within", "beside"]),
    ],
)
def test_a_key_that_the_catalogue_lacks_is_kept_as_the_warning_says(
    make_client: Call, told: list[warnings.WarningMessage], call: Call, keys: list[str]
) -> None:
    def answer(number: int, asked: Asked) -> Answer:
        body: dict[str, Any] = {"beside": "+5", "return_code": 0, "return_msg": ""}
        for part in ENDPOINTS[asked.headers["api-id"]].parts:
            cells = {c.key: "20261030" if c.kind is DATE else "1" for c in part.columns if not c.kind.codes}
            body |= cells if part.key is None else {part.key: [cells | {"within": "+7"}]}
        return Answer(body)

    with Envelopes(answer) as server:
        frame = call(client=make_client(server, cache=False, on_bad="null", on_truncated="mark"))
    assert any(said.category is kd.UnknownKey and "kept as text" in str(said.message) for said in told)
    assert frame.height > 0
    for key in keys:
        assert frame[key].unique().to_list() == [{"beside": "+5", "within": "+7"}[key]]
