"""What an answer lacks of what was asked is told: over a real socket, with the store and without."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest

import kiwoomdata as kd
import kiwoomdata.pandas as kdp
from kiwoomdata.calendar import period_start, trading_days
from kiwoomdata.complete import examined
from kiwoomdata.entries import ENDPOINTS
from kiwoomdata.kinds import KST
from kiwoomdata.origin import Provenance
from kiwoomdata.rest.protocol import Stop
from tests.envelopes import Answer, Asked, Envelopes, row

OK = {"return_code": 0, "return_msg": "정상적으로 처리되었습니다"}
MakeClient = Callable[..., kd.Client]
Told = list[warnings.WarningMessage]

WHOLE = trading_days(date(2023, 6, 1), date(2026, 11, 20))


class Days:
    """A server that has a row for each of some days, twenty on a page, newest first, and heeds the range."""

    def __init__(self, days: Sequence[date], *, fault: Callable[[Asked, Answer], Answer] | None = None):
        self.days, self.fault = list(days), fault

    def __call__(self, number: int, asked: Asked) -> Answer:
        endpoint = ENDPOINTS[asked.headers["api-id"]]
        part, walk = endpoint.rows, endpoint.walk
        assert part is not None
        assert walk is not None
        last = asked.body.get(walk.until or "") or "99999999"
        first = asked.body.get(walk.since or "", "0")
        texts = [text for day in self.days if first <= (text := f"{day:%Y%m%d}") <= last][::-1]
        at = int(asked.headers.get("next-key") or 0)
        key = part.named(walk.column).key
        noon = "120000" if part.by_key[key].kind.name == "datetime" else ""
        rows = [
            row(endpoint.api_id, **{key: text + noon}, **self.cells(part)) for text in texts[at : at + 20]
        ]
        more = at + 20 < len(texts)
        beside = {key: "" for other in endpoint.parts if other.key is None for key in other.by_key}
        answer = Answer(
            {**beside, str(part.key): rows, **OK},
            {"cont-yn": "Y" if more else "N", "next-key": str(at + 20) if more else ""},
        )
        return self.fault(asked, answer) if self.fault else answer

    def cells(self, part: Any) -> dict[str, str]:
        return {column.key: "100" for column in part.columns if column.kind.name == "price"}


def said(told: Told) -> str:
    (one,) = told
    assert one.category is kd.IncompleteFrame
    assert one.filename == __file__
    return str(one.message)


def missing(frame: pl.DataFrame) -> dict[str, tuple[date, ...]]:
    source = kd.provenance(frame)
    assert source is not None
    return dict(source.missing)


NAMED = {
    "daily_prices": lambda a, b, **o: kd.daily_prices("005930", a, b, **o),
    "request": lambda a, b, **o: kd.request("ka10086", symbol="005930", until=b, since=a, **o),
}


@pytest.fixture(params=[False, True], ids=["without the store", "with the store"])
def cache(request: pytest.FixtureRequest, tmp_path: Path) -> Path | bool:
    return tmp_path / "store" if request.param else False


@pytest.mark.parametrize("ask", NAMED.values(), ids=NAMED)
def test_a_range_without_its_end_names_the_days(
    make_client: MakeClient, told: Told, cache: Any, ask: Callable[..., pl.DataFrame]
) -> None:
    with Envelopes(Days([day for day in WHOLE if day <= date(2024, 2, 29)])) as server:
        frame = ask("2024-01-02", "2024-06-28", client=make_client(server, cache=cache))
    assert frame.height == 41
    assert "no row for 80 trading day(s) of 005930: 2024-03-04 to 2024-06-28" in said(told)
    assert missing(frame) == {"005930": tuple(trading_days(date(2024, 3, 4), date(2024, 6, 28)))}


@pytest.mark.parametrize("ask", NAMED.values(), ids=NAMED)
def test_a_first_day_that_the_server_skips_on_the_way_below_it_is_named(
    make_client: MakeClient, told: Told, cache: Any, ask: Callable[..., pl.DataFrame]
) -> None:
    first = date(2024, 3, 11)
    with Envelopes(Days([day for day in WHOLE if day != first])) as server:
        client = make_client(server, cache=cache)
        for _ in range(2):
            frame = ask("2024-03-09", "2024-06-28", client=client)  # a Saturday
            assert frame["date"].min() == date(2024, 3, 12)
            assert missing(frame) == {"005930": (first,)}
    assert any("no row for 1 trading day(s) of 005930: 2024-03-11" in str(one.message) for one in told)


@pytest.mark.parametrize("ask", NAMED.values(), ids=NAMED)
def test_a_hole_in_a_range_names_the_days(
    make_client: MakeClient, told: Told, cache: Any, ask: Callable[..., pl.DataFrame]
) -> None:
    hole = (date(2024, 3, 11), date(2024, 3, 12), date(2024, 5, 2))
    with Envelopes(Days([day for day in WHOLE if day not in hole])) as server:
        frame = ask("2024-01-02", "2024-06-28", client=make_client(server, cache=cache))
    assert frame.height == 118
    assert missing(frame) == {"005930": hole}
    texts = [str(one.message) for one in told]
    assert any("no row for 3 trading day(s) of 005930: 2024-03-11 to 2024-05-02" in text for text in texts)


EVERY_DAY = {
    "price_table": lambda **o: kd.price_table("005930", **o),
    "trade_strength": lambda **o: kd.trade_strength("005930", by="day", **o),
    "institution_trend": lambda **o: kd.institution_trend("005930", "2026-10-01", "2026-11-20", **o),
    "investor_flows": lambda **o: kd.investor_flows("005930", "2026-10-01", "2026-11-20", **o),
    "program_trend": lambda **o: kd.program_trend("005930", "2026-10-01", "2026-11-20", **o),
    "program_trend of a market": lambda **o: kd.program_trend(
        None, "2026-10-01", "2026-11-20", market="kospi", **o
    ),
    "arbitrage_balance": lambda **o: kd.arbitrage_balance("2026-11-20", **o),
    "program_cumulative": lambda **o: kd.program_cumulative(**o),
    **{
        api_id: lambda api_id=api_id, **o: kd.request(api_id, ENDPOINTS[api_id].shown, **o)
        for api_id, endpoint in ENDPOINTS.items()
        if endpoint.every_day and endpoint.period == "day"
    },
}


@pytest.mark.parametrize("ask", EVERY_DAY.values(), ids=EVERY_DAY)
def test_whatever_has_a_row_for_each_day_tells_of_those_without(
    make_client: MakeClient, told: Told, ask: Callable[..., pl.DataFrame]
) -> None:
    hole = {date(2026, 11, 11), date(2026, 11, 12), date(2024, 1, 17)}
    with Envelopes(Days([day for day in WHOLE if day not in hole])) as server:
        frame = ask(client=make_client(server, cache=False))
    ((name, days),) = missing(frame).items()
    source = kd.provenance(frame)
    assert source is not None
    assert name in (source.params.get("stk_cd"), source.api_id)
    assert set(days) <= hole
    assert {day for day in hole if frame["date"].min() <= day <= frame["date"].max()} == set(days)
    assert f"no row for {len(days)} trading day(s) of {name}" in said(told)


def test_credit_has_no_row_for_today_and_one_for_each_day_before(
    make_client: MakeClient, told: Told, cache: Any
) -> None:
    served = Days(WHOLE[:-1])
    with Envelopes(served) as server:
        client = make_client(server, cache=cache)
        frame = kd.credit_trend("005930", "2026-11-02", "2026-11-20", client=client)
        assert (frame.height, missing(frame), told) == (14, {}, [])
        served.days = WHOLE[:-2]
        frame = kd.credit_trend("005930", "2026-11-02", "2026-11-20", client=client, refresh=bool(cache))
    assert missing(frame) == {"005930": (date(2026, 11, 19),)}
    assert "no row for 1 trading day(s) of 005930: 2026-11-19" in said(told)


@pytest.mark.parametrize("interval", ["day", "week", "month", "year"])
@pytest.mark.parametrize(
    "ask",
    [lambda *a, **o: kd.candles("005930", *a, **o), lambda *a, **o: kd.index_candles("kospi", *a, **o)],
    ids=["candles", "index_candles"],
)
def test_bars_that_are_missing_in_the_middle_and_at_the_end_are_told(
    make_client: MakeClient, told: Told, cache: Any, ask: Callable[..., pl.DataFrame], interval: Any
) -> None:
    begun = {period_start(day, interval): day for day in reversed(WHOLE)}  # the first session of each
    bars = sorted(begun.values())
    lacks = begun[period_start(date(2025, 3, 12), interval)], bars[-1]
    with Envelopes(Days([day for day in bars if day not in lacks])) as server:
        client = make_client(server, cache=cache)
        first, again = (ask("2023-06-01", "2026-11-20", interval=interval, client=client) for _ in range(2))
    assert missing(first) == missing(again) == {next(iter(missing(first))): lacks}
    assert first.height == len(bars) - 2
    what = "trading day" if interval == "day" else interval
    assert f"no row for 2 {what}(s) of" in str(told[0].message)
    assert f": {lacks[0]} to {lacks[1]}" in str(told[-1].message)


@pytest.mark.parametrize(
    "ask",
    [
        lambda *a, **o: kd.candles("005930", *a, interval="60m", **o),
        lambda *a, **o: kd.candles("005930", *a, interval="30tick", **o),
        lambda *a, **o: kd.index_candles("kospi", *a, interval="30m", **o),
    ],
    ids=["minutes", "trades", "index"],
)
def test_a_day_without_minutes_is_told_wherever_it_stands(
    make_client: MakeClient, told: Told, cache: Any, ask: Callable[..., pl.DataFrame]
) -> None:
    lacks = date(2026, 11, 11), date(2026, 11, 20)
    with Envelopes(Days([day for day in WHOLE if day not in lacks and day.year == 2026])) as server:
        frame = ask("2026-11-02", "2026-11-20", client=make_client(server, cache=cache))
    assert frame["time"].dt.date().n_unique() == 13
    assert missing(frame) == {next(iter(missing(frame))): lacks}
    assert "no row for 2 trading day(s) of" in said(told)


def test_of_many_symbols_one_warning_names_the_first_five_and_the_provenance_all(
    make_client: MakeClient, told: Told, cache: Any
) -> None:
    symbols = [f"{100000 + n * 10}" for n in range(7)]
    with Envelopes(Days([day for day in WHOLE if day <= date(2024, 2, 28)])) as server:
        client = make_client(server, cache=cache)
        frame = kd.daily_prices(symbols, "2024-02-01", "2024-03-04", client=client)
    text = said(told)
    span = "no row for 2 trading day(s) of {}: 2024-02-29 to 2024-03-04"
    assert [span.format(symbol) in text for symbol in symbols] == [True] * 5 + [False] * 2
    assert "4 more of 2 more symbols" in text
    assert missing(frame) == dict.fromkeys(symbols, (date(2024, 2, 29), date(2024, 3, 4)))


@pytest.mark.parametrize(
    ("clock", "lacks"), [((15, 29), ()), ((15, 30), (date(2026, 11, 20),)), ((23, 59), (date(2026, 11, 20),))]
)
def test_today_is_missing_only_after_its_session_has_ended(
    make_client: MakeClient, told: Told, clock: tuple[int, int], lacks: tuple[date, ...]
) -> None:
    with Envelopes(Days(WHOLE[:-1])) as server:
        now = datetime(2026, 11, 20, *clock, tzinfo=KST)
        client = make_client(server, cache=False, clock=lambda: now)
        frame = kd.daily_prices("005930", "2026-11-16", client=client)
    assert missing(frame) == ({"005930": lacks} if lacks else {})
    assert len(told) == len(lacks)


def test_a_history_that_begins_in_the_range_is_no_hole(
    make_client: MakeClient, told: Told, cache: Any
) -> None:
    with Envelopes(Days([day for day in WHOLE if day >= date(2024, 3, 5)])) as server:
        frame = kd.daily_prices("005930", "2024-01-02", "2024-06-28", client=make_client(server, cache=cache))
    assert frame["date"][0] == date(2024, 3, 5)
    assert missing(frame) == {}
    assert told == []


def early(rows: int, headers: dict[str, str] | None = None) -> Callable[[Asked, Answer], Answer]:
    """The second page is called the last, with some of its rows or with none."""

    def fault(asked: Asked, answer: Answer) -> Answer:
        if asked.headers.get("next-key") != "20":
            return answer
        body = {**answer.body, "daly_stkpc": answer.body["daly_stkpc"][:rows]}
        return Answer(body, {"cont-yn": "N", "next-key": ""} if headers is None else headers)

    return fault


@pytest.mark.parametrize(("rows", "lacks", "last"), [(0, 101, "2024-05-30"), (20, 81, "2024-04-29")])
@pytest.mark.parametrize("ask", NAMED.values(), ids=NAMED)
def test_an_end_that_may_be_the_start_of_a_history_is_told(
    make_client: MakeClient,
    told: Told,
    cache: Any,
    ask: Callable[..., pl.DataFrame],
    rows: int,
    lacks: int,
    last: str,
) -> None:
    with Envelopes(Days(WHOLE, fault=early(rows))) as server:
        frame = ask("2024-01-02", "2024-06-28", client=make_client(server, cache=cache))
    source = kd.provenance(frame)
    assert source is not None
    assert frame.height == 20 + rows
    assert not source.truncated
    assert source.doubtful == ("005930",)
    text = said(told)
    assert f"no row for {lacks} trading day(s) of 005930: 2024-01-02 to {last}" in text
    assert "as a history that begins there does" in text


def test_days_that_are_held_do_not_hide_that_nothing_came_before_them(
    make_client: MakeClient, told: Told, tmp_path: Path
) -> None:
    served = Days(WHOLE)
    with Envelopes(served) as server:
        client = make_client(server, cache=tmp_path / "store")
        kd.daily_prices("005930", "2024-06-03", "2024-06-28", client=client)
        served.days = []
        frame = kd.daily_prices("005930", "2024-05-27", "2024-06-28", client=client)
    assert frame.height == 20  # the first page brought 2024-05-31 too
    assert "no row for 4 trading day(s) of 005930: 2024-05-27 to 2024-05-30" in said(told)
    source = kd.provenance(frame)
    assert source is not None
    assert source.doubtful == ("005930",)


@pytest.mark.parametrize(("rows", "told_of"), [(20, True), (19, False)])
def test_a_full_page_called_the_last_before_the_day_that_sums_begin_is_told(
    make_client: MakeClient, told: Told, cache: Any, rows: int, told_of: bool
) -> None:
    """ka90007 takes the day to cumulate from; 19 rows are all that it has."""
    with Envelopes(Days(WHOLE[-rows:])) as server:
        frame = kd.program_cumulative("2026-10-01", client=make_client(server, cache=cache))
    assert frame.height == rows
    if told_of:
        assert "no row for 15 trading day(s) of ka90007: 2026-10-01 to 2026-10-23" in said(told)
    else:
        assert not told


def test_nothing_found_in_the_middle_of_a_walk_is_told(
    make_client: MakeClient, told: Told, cache: Any
) -> None:
    def fault(asked: Asked, answer: Answer) -> Answer:
        found = {"return_code": 20, "return_msg": "조회된 데이터가 없습니다"}
        return Answer(found) if asked.headers.get("next-key") else answer

    with Envelopes(Days(WHOLE, fault=fault)) as server:
        client = make_client(server, cache=cache)
        kd.daily_prices("005930", "2024-01-02", "2024-06-28", client=client)
        assert "the server said that nothing was found" in said(told)
        told.clear()
        frame = kd.trade_strength("005930", by="day", client=client)  # nobody said how far back
        assert "the server said that nothing was found" in said(told)
    source = kd.provenance(frame)
    assert source is not None
    assert (source.doubtful, source.missing) == (("005930",), {})


def test_an_early_end_among_days_that_are_newer_than_the_range_is_told(
    make_client: MakeClient, told: Told, cache: Any
) -> None:
    """ka90010 begins with the latest day, whatever is asked."""

    def answer(number: int, asked: Asked) -> Answer:
        if number:
            return Answer({"return_code": 20, "return_msg": "조회된 데이터가 없습니다"})
        rows = [row("ka90010", cntr_tm=f"{day:%Y%m%d}000000") for day in WHOLE[:-21:-1]]
        return Answer({"prm_trde_trnsn": rows, **OK}, {"cont-yn": "Y", "next-key": "20"})

    with Envelopes(answer) as server:
        client = make_client(server, cache=cache)
        frame = kd.program_trend(market="kospi", start="2024-01-02", end="2024-06-28", client=client)
    assert [warning.category for warning in told] == [kd.EmptyAnswer, kd.IncompleteFrame]
    assert "the paging of ka90010 ended as a history that begins there does" in str(told[1].message)
    source = kd.provenance(frame)
    assert source is not None
    assert (frame.height, source.empty, source.doubtful) == (0, ("ka90010",), ("ka90010",))


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"cont-yn": "true", "next-key": "40"},
        {"cont-yn": "Y, Y", "next-key": "40, 40"},
        {"cont-yn": "N", "next-key": "40"},
        {"cont-yn": "Y", "next-key": ""},
    ],
)
@pytest.mark.parametrize("ask", NAMED.values(), ids=NAMED)
def test_an_end_that_contradicts_itself_is_truncated(
    make_client: MakeClient, cache: Any, ask: Callable[..., pl.DataFrame], headers: dict[str, str]
) -> None:
    with Envelopes(Days(WHOLE, fault=early(20, headers))) as server:
        client = make_client(server, cache=cache)
        with pytest.raises(kd.Truncated, match="after 2 page"):
            ask("2024-01-02", "2024-06-28", client=client)
        server.answer = Days(WHOLE)
        assert ask("2024-01-02", "2024-06-28", client=client).height == 121


def test_a_known_last_day_is_no_hole() -> None:
    endpoint = ENDPOINTS["ka10086"]
    now = datetime(2026, 11, 20, 18, 30, tzinfo=KST)
    rows = pl.DataFrame({"date": [date(2024, 2, 28), date(2024, 2, 29)]})

    def ask(stop: Stop) -> Provenance:
        return examined(
            Provenance("ka10086", {}, "", now),
            endpoint,
            {"stk_cd": "005930"},
            {"prices": rows},
            stop,
            since=date(2024, 2, 28),
            until=date(2024, 3, 5),
            now=now,
        )

    assert ask(Stop("reached")).missing == {"005930": (date(2024, 3, 4), date(2024, 3, 5))}
    assert ask(Stop("reached", ends=date(2024, 2, 29))).missing == {}


# --- keys ---


def without(*keys: str, page: str | None = None) -> Callable[[Asked, Answer], Answer]:
    def fault(asked: Asked, answer: Answer) -> Answer:
        if page is None or asked.headers.get("next-key", "") == page:
            for one in answer.body["daly_stkpc"]:
                for key in keys:
                    del one[key]
        return answer

    return fault


@pytest.mark.parametrize("page", [None, "20"])
def test_a_key_that_stops_coming_is_told_once_and_its_cells_are_null(
    make_client: MakeClient, told: Told, cache: Any, page: str | None
) -> None:
    with Envelopes(Days(WHOLE, fault=without("low_pric", "trde_qty", page=page))) as server:
        client = make_client(server, cache=cache)
        frame = kd.daily_prices(["005930", "000660"], "2024-04-30", "2024-06-28", client=client)
    (one,) = told
    assert one.category is kd.MissingKey
    assert one.filename == __file__
    assert "ka10086: the server left out low_pric, trde_qty; the cells are null" in str(one.message)
    source = kd.provenance(frame)
    assert source is not None
    assert source.absent == ("low_pric", "trde_qty")
    assert frame.height == 80
    assert frame["low"].null_count() == (80 if page is None else 40)
    assert frame["high"].to_list() == [100] * 80


@pytest.mark.parametrize("nothing", [None, "", " "])
def test_a_key_that_came_with_nothing_is_not_missing(make_client: MakeClient, nothing: Any) -> None:
    def fault(asked: Asked, answer: Answer) -> Answer:
        for one in answer.body["daly_stkpc"]:
            one["low_pric"] = nothing
        return answer

    with Envelopes(Days(WHOLE, fault=fault)) as server:
        client = make_client(server, cache=False)
        frame = kd.daily_prices("005930", "2024-06-03", "2024-06-28", client=client)
    assert frame["low"].to_list() == [None] * 19


def test_a_key_that_comes_in_some_rows_with_nothing_and_in_others_not_is_missing(
    make_client: MakeClient, told: Told
) -> None:
    def fault(asked: Asked, answer: Answer) -> Answer:
        first, *others = answer.body["daly_stkpc"]
        first["low_pric"] = None
        del others[0]["low_pric"]
        return answer

    with Envelopes(Days(WHOLE, fault=fault)) as server:
        client = make_client(server, cache=False)
        frame = kd.daily_prices("005930", "2024-06-03", "2024-06-28", client=client)
    assert [one.category for one in told] == [kd.MissingKey]
    assert frame["low"].to_list() == [100] * 17 + [None] * 2


def test_a_key_of_a_snapshot_and_the_keys_beside_a_list_are_missed_too(
    make_client: MakeClient, told: Told
) -> None:
    def answer(number: int, asked: Asked) -> Answer:
        found = {**row("ka10006"), "date": "20261120", "close_pric": "100"}
        return Answer({**{key: text for key, text in found.items() if key != "cntr_str"}, **OK})

    with Envelopes(answer) as server:
        kd.session_summary("005930", client=make_client(server, cache=False))
    with Envelopes(Days(WHOLE, fault=lambda asked, answer: strip(answer, "orgn_prsm_avg_pric"))) as server:
        client = make_client(server, cache=False)
        kd.institution_trend("005930", "2026-11-16", "2026-11-20", client=client)
    assert [one.category for one in told] == [kd.MissingKey] * 2
    assert "left out cntr_str" in str(told[0].message)
    assert "left out orgn_prsm_avg_pric" in str(told[1].message)


def strip(answer: Answer, key: str) -> Answer:
    answer.body.pop(key)
    return answer


# --- days ---


@pytest.mark.parametrize("text", ["00000000", ""])
def test_a_row_without_a_day_is_told(make_client: MakeClient, told: Told, cache: Any, text: str) -> None:
    def fault(asked: Asked, answer: Answer) -> Answer:
        answer.body["daly_stkpc"][4] |= {"date": text, "close_pric": "77"}
        return answer

    days = trading_days(date(2024, 6, 3), date(2024, 6, 28))
    with Envelopes(Days(days, fault=fault)) as server:
        frame = kd.daily_prices("005930", "2024-06-03", "2024-06-28", client=make_client(server, cache=cache))
    source = kd.provenance(frame)
    assert source is not None
    assert source.dateless == {"005930": 1}
    assert source.missing == {"005930": (days[-5],)}
    assert frame["date"].to_list() == [day for day in days if day != days[-5]]
    texts = [str(one.message) for one in told if one.category is kd.IncompleteFrame]
    assert any("1 row(s) of 005930 have values and no day" in text for text in texts)


def test_a_request_keeps_the_row_without_a_day(make_client: MakeClient, told: Told) -> None:
    def fault(asked: Asked, answer: Answer) -> Answer:
        answer.body["daly_stkpc"][4] |= {"date": "00000000", "close_pric": "77"}
        return answer

    with Envelopes(Days(WHOLE[-15:], fault=fault)) as server:
        client = make_client(server, cache=False)
        frame = kd.request("ka10086", symbol="005930", until="2026-11-20", client=client)
    assert frame.filter(pl.col("date").is_null())["close"].to_list() == [77]
    assert "1 row(s) of 005930 have values and no day" in said(told)


@pytest.mark.parametrize(
    "ask",
    [
        lambda **o: kd.daily_prices("005930", "2024-05-02", "2024-06-28", **o),
        lambda **o: kd.daily_prices(["005930"], "2024-05-02", "2024-06-28", **o),
        lambda **o: kd.daily_prices(["005930", "000660"], "2024-05-02", "2024-06-28", **o),
        lambda **o: kd.candles("005930", "2024-05-02", "2024-06-28", **o),
        lambda **o: kd.candles("005930", "2024-05-02", "2024-06-28", interval="60m", **o),
        lambda **o: kd.request("ka10086", symbol="005930", until="2024-06-28", since="2024-05-02", **o),
        lambda **o: kdp.daily_prices("005930", "2024-05-02", "2024-06-28", **o),
    ],
    ids=["one symbol", "a list of one", "two symbols", "candles", "minutes", "request", "pandas"],
)
def test_two_pages_that_tell_a_day_differently_are_told_with_the_symbol(
    make_client: MakeClient, told: Told, cache: Any, ask: Callable[..., Any]
) -> None:
    def fault(asked: Asked, answer: Answer) -> Answer:
        symbol = asked.body["stk_cd"]
        if asked.headers.get("next-key") == "20" and symbol == "005930":
            (part,) = (part for part in ENDPOINTS[asked.headers["api-id"]].parts if part.key)
            rows = answer.body[part.key]
            walk = ENDPOINTS[asked.headers["api-id"]].walk
            assert walk is not None
            key, close = part.named(walk.column).key, part.named("close").key
            day = "20240531" + rows[0][key][8:]
            rows.insert(0, {**rows[0], key: day, close: "77"})
        return answer

    with Envelopes(Days([day for day in WHOLE if day <= date(2024, 6, 28)], fault=fault)) as server:
        client = make_client(server, cache=cache)
        frame = ask(client=client)
        (text,) = (str(one.message) for one in told if "two pages differ" in str(one.message))
        assert "two pages differ in the row of 20240531" in text
        assert text.endswith("(005930)")
        assert 77 not in list(frame["close"])
        asked = len(server.asked)
        ask(client=client)
        assert len(server.asked) > asked  # such a day is not held as if it were sure


def test_two_rows_of_one_day_on_a_page_are_told_with_day_and_symbol(
    make_client: MakeClient, told: Told, cache: Any
) -> None:
    def fault(asked: Asked, answer: Answer) -> Answer:
        rows = answer.body["daly_stkpc"]
        rows.insert(1, {**rows[0], "close_pric": "77"})
        return answer

    with Envelopes(Days(WHOLE, fault=fault)) as server:
        client = make_client(server, cache=cache)
        for _ in range(2):  # such a day is not held as if it were sure
            frame = kd.daily_prices("005930", "2024-06-17", "2024-06-28", client=client)
            assert frame.filter(date=date(2024, 6, 28))["close"].to_list() == [100, 77]
            assert "different rows of one day, 20240628; all of them are kept (005930)" in str(
                told[0].message
            )
            told.clear()
        server.answer = Days(WHOLE)
        frame = kd.daily_prices("005930", "2024-06-17", "2024-06-28", client=client)
        assert frame.filter(date=date(2024, 6, 28))["close"].to_list() == [100]
    assert not told


def test_what_is_null_for_each_symbol_of_a_loop_is_told_for_each(make_client: MakeClient) -> None:
    def fault(asked: Asked, answer: Answer) -> Answer:
        answer.body["daly_stkpc"][3]["trde_qty"] = "4294967295"
        answer.body["daly_stkpc"][3]["novel"] = "1"
        return answer

    with Envelopes(Days(WHOLE, fault=fault)) as server, warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("default", kd.KiwoomDataWarning)
        client = make_client(server, cache=False)
        for symbol in ("005930", "000660", "035720"):
            frame = kd.daily_prices(symbol, "2024-06-17", "2024-06-28", client=client)
            assert frame["volume"].to_list() == [None] * 10  # blank, but for one
    unproven = [str(one.message) for one in told if one.category is kd.UnprovenValue]
    assert [text[-8:] for text in unproven] == ["(005930)", "(000660)", "(035720)"]
    assert [one.category for one in told].count(kd.UnknownKey) == 1  # about the TR, whoever is asked for


# --- what stands beside a list ---


@pytest.mark.parametrize("api_id", ["ka10046", "ka10045"])
def test_a_long_unknown_text_is_not_copied_into_each_row(
    make_client: MakeClient, told: Told, api_id: str
) -> None:
    endpoint, text = ENDPOINTS[api_id], "x" * 10_000_000
    assert endpoint.rows is not None
    cells = {"dt": "20261120"} if api_id == "ka10045" else {"cntr_tm": "090000"}
    beside = {key: "" for part in endpoint.parts if part.key is None for key in part.by_key}
    body = {**beside, endpoint.rows.key: [row(api_id, **cells)] * 81, "novel": text, **OK}
    with Envelopes(lambda number, asked: Answer(body)) as server:
        client = make_client(server, cache=False)
        parts = client.request_parts(api_id, endpoint.shown)
        if api_id == "ka10045":
            kd.institution_trend("005930", "2026-11-20", "2026-11-20", client=client)
    assert sum(frame.estimated_size() for frame in parts.values()) < 11_000_000
    assert "novel" in str(told[0].message)


@pytest.mark.parametrize("keep", [False, True])
def test_a_key_beside_the_list_fills_no_cell_of_a_row_that_lacks_it(
    make_client: MakeClient, told: Told, tmp_path: Path, keep: bool
) -> None:
    """Found by fuzzing: a list's own key beside the list gave each row that lacked it a value of nobody's."""
    served = row("ka10086", date="20261120", trde_qty="7")
    lacking = row("ka10086", date="20261119")
    del lacking["trde_qty"]
    body = {"daly_stkpc": [served, lacking], "trde_qty": "1234", **OK}
    with Envelopes(lambda number, asked: Answer(body)) as server:
        client = make_client(server, cache=tmp_path if keep else False)
        for _ in range(2):
            frame = kd.daily_prices("005930", "2026-11-19", "2026-11-20", client=client)
            assert frame["volume"].to_list() == [None, 7]
    said = [(one.category, str(one.message)) for one in told]
    assert any(category is kd.MissingKey and "trde_qty" in text for category, text in said)
    assert any(category is kd.UnknownKey and "trde_qty, for which" in text for category, text in said)


@pytest.mark.parametrize("key", ["^date$", "^.*$", "^(close|trde)_.*$"])
def test_a_key_that_polars_takes_for_a_pattern_stands_in_no_frame_and_is_told(
    make_client: MakeClient, told: Told, tmp_path: Path, key: str
) -> None:
    body = {**OK, "daly_stkpc": [row("ka10086", date="20261120", trde_qty="7") | {key: "1"}]}
    with Envelopes(lambda number, asked: Answer(body)) as server:
        client = make_client(server, cache=tmp_path)
        for _ in range(2):
            frame = kd.daily_prices("005930", "2026-11-20", "2026-11-20", client=client)
            assert key not in frame.columns
            assert frame["volume"].to_list() == [7]
    (said,) = {str(one.message) for one in told if one.category is kd.UnknownKey}
    assert f"the server sent {key}, for which no frame has a place" in said


@pytest.mark.parametrize(
    ("body", "told_of"),
    [
        (
            {"return_code": 2, "return_msg": "[1902:" + "x" * 1_000_000},
            "the server refused with 1902: [1902:xxx",
        ),
        (
            {**OK, "daly_stkpc": [row("ka10086", date="20261120", trde_qty="9x" * 500_000)]},
            ".volume: '9x9x9x",
        ),
        (
            {**OK, "daly_stkpc": [row("ka10086", date="20261120") | {"k" * 500_000: "1"}]},
            "the server sent kkk",
        ),
        (
            {**OK, "daly_stkpc": [row("ka10086", date="20261120") | {f"k{n}": "1" for n in range(5_000)}]},
            "the server sent k0, k1, k2, k3, k4 and 4995 more, which",
        ),
    ],
)
def test_messages_stay_short_whatever_the_server_says(
    make_client: MakeClient, told: Told, body: dict[str, Any], told_of: str
) -> None:
    said: list[str] = []
    with Envelopes(lambda number, asked: Answer(body)) as server:
        try:
            kd.daily_prices("005930", "2026-11-20", client=make_client(server, cache=False))
        except kd.KiwoomDataError as error:
            said.append(str(error))
    said += [str(one.message) for one in told]
    assert any(told_of in one for one in said)
    assert max(map(len, said)) < 600
