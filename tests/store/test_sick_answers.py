"""A server that answers badly once, and what is left of it in the store."""

from __future__ import annotations

import json
import warnings
from collections.abc import Callable
from datetime import date, datetime
from functools import partial
from pathlib import Path
from typing import Any

import polars as pl
import pytest

import kiwoomdata as kd
from kiwoomdata.kinds import KST
from kiwoomdata.store.disk import Store
from kiwoomdata.store.files import SeriesKey
from tests.envelopes import Answer, Asked, Envelopes, row

MakeClient = Callable[..., kd.Client]
OK = {"return_code": 0, "return_msg": ""}
SUNDAY = datetime(2024, 6, 30, 12, tzinfo=KST)
DAYS = [date(2024, 6, day) for day in (28, 27, 26, 25, 24)]


def prices(**changes: Any) -> Answer:
    return Answer({"daly_stkpc": [row("ka10086", date=f"{d:%Y%m%d}", close_pric="5") for d in DAYS], **OK})


def minutes(change: Callable[[list[dict[str, Any]]], None] = lambda rows: None) -> Answer:
    """Three minutes a day of gold, newest first."""
    times = [f"{day:%Y%m%d}{clock}" for day in DAYS for clock in ("100200", "100100", "100000")]
    rows = [row("ka50080", cntr_tm=at, dt=at, cur_prc="+9", trde_qty="1") for at in times]
    change(rows)
    return Answer({"gds_min_chart_qry": rows, **OK})


def serve(healthy: Answer, sick: list[Answer]) -> Envelopes:
    """The sick answers in turn, then the healthy one for good."""
    return Envelopes(lambda number, asked: sick[number] if number < len(sick) else healthy)


@pytest.mark.parametrize("bad", [None, ["x"], "x", 5])
def test_a_page_with_a_row_that_is_none_is_refused_and_not_left_in_the_store(
    make_client: MakeClient, tmp_path: Path, bad: Any
) -> None:
    sick = prices()
    sick.body["daly_stkpc"][2] = bad
    with serve(prices(), [sick]) as server:
        client = make_client(server, cache=tmp_path, clock=lambda: SUNDAY)
        ask = partial(kd.daily_prices, "005930", DAYS[-1], DAYS[0], client=client)
        with pytest.raises(kd.TransportError, match="daly_stkpc is not a list of rows"):
            ask()
        assert ask()["close"].to_list() == [5] * 5


def test_pages_that_were_left_behind_and_cannot_be_read_are_asked_for_again(
    make_client: MakeClient, tmp_path: Path
) -> None:
    with serve(prices(), []) as server:
        client = make_client(server, cache=tmp_path, clock=lambda: SUNDAY)
        key = SeriesKey(client.base_url, "ka10086", (("stk_cd", "005930"), ("indc_tp", "0")))
        content = json.dumps({"daly_stkpc": [None], **OK}).encode()
        Store(tmp_path).append(key, [0, "20240624", "20240628", "20240629", "20240630"], content)
        with pytest.warns(kd.KiwoomDataWarning, match="left behind cannot be read, and is asked for again"):
            frame = kd.daily_prices("005930", DAYS[-1], DAYS[0], client=client)
    assert frame["close"].to_list() == [5] * 5


def spoil(key: str, text: str) -> Callable[[list[dict[str, Any]]], None]:
    def change(rows: list[dict[str, Any]]) -> None:
        rows[7][key] = text  # 10:01 of the 26th

    return change


@pytest.mark.parametrize(("key", "text"), [("trde_qty", "many"), ("cntr_tm", ""), ("cntr_tm", "x")])
def test_a_day_of_moments_is_kept_with_all_of_its_rows_or_not_at_all(
    make_client: MakeClient, tmp_path: Path, key: str, text: str
) -> None:
    with serve(minutes(), [minutes(spoil(key, text))]) as server:
        client = make_client(server, cache=tmp_path, clock=lambda: SUNDAY, on_bad="null")

        def ask(first: date, **more: Any) -> pl.DataFrame:
            return kd.request("ka50080", since=first, client=client, **more)

        with pytest.warns(kd.KiwoomDataWarning):
            assert ask(DAYS[-1]).height == 15  # the bad row is served, and told
        with pytest.raises(kd.NotCached, match="lacks 2024-06-26 to 2024-06-26"):
            ask(DAYS[3], offline=True)
        assert ask(DAYS[1], offline=True).height == 6
        healed = ask(DAYS[3])
    assert healed.height == 12
    assert healed["volume_grams"].to_list() == [1] * 12


def trend(change: Callable[[list[dict[str, Any]]], None] = lambda rows: None, last: int = 5) -> Answer:
    rows = [row("ka10078", dt=f"{d:%Y%m%d}", cur_prc="5", netprps_qty="+1") for d in DAYS[:last]]
    change(rows)
    return Answer({"sec_stk_trde_trend": rows, **OK})


def test_a_row_without_a_day_settles_no_day_as_one_without_a_row(
    make_client: MakeClient, tmp_path: Path
) -> None:
    def clock() -> datetime:
        return datetime(2024, 7, 30, 12, tzinfo=KST)  # when a row of June is late no more

    with serve(trend(), [trend(lambda rows: rows[2].update(dt=""))]) as server:
        client = make_client(server, cache=tmp_path, clock=clock)
        ask = partial(kd.broker_trend, "001", "005930", DAYS[-1], DAYS[0], client=client)
        with pytest.warns(kd.IncompleteFrame, match="have values and no day"):
            ask()
        assert ask()["date"].to_list() == DAYS[::-1]


def test_a_last_page_that_is_full_settles_no_day_before_it(make_client: MakeClient, tmp_path: Path) -> None:
    days = list(kd.trading_days("2024-05-02", "2024-06-28"))[::-1]
    rows = [row("ka10078", dt=f"{d:%Y%m%d}", cur_prc="5", netprps_qty="+1") for d in days]

    def answer(number: int, asked: Asked) -> Answer:
        at = int(asked.headers.get("next-key") or 0)
        more = number > 0 and at + 20 < len(rows)
        paging = {"cont-yn": "Y" if more else "N", "next-key": str(at + 20) if more else ""}
        return Answer({"sec_stk_trde_trend": rows[at : at + 20], **OK}, paging)

    with Envelopes(answer) as server:
        client = make_client(server, cache=tmp_path, clock=lambda: datetime(2024, 7, 30, 12, tzinfo=KST))
        ask = partial(kd.broker_trend, "001", "005930", days[-1], days[0], client=client)
        with pytest.warns(kd.IncompleteFrame, match="this was the last page, which is full"):
            assert ask().height == 20
        assert ask()["date"].to_list() == days[::-1]


def test_a_bar_that_stands_twice_on_a_page_is_one_bar(make_client: MakeClient, tmp_path: Path) -> None:
    def double(rows: list[dict[str, Any]]) -> None:
        rows.insert(7, dict(rows[7]))

    with serve(minutes(double), []) as server:
        client = make_client(server, cache=False, clock=lambda: SUNDAY)
        assert kd.request("ka50080", since=DAYS[-1], client=client).height == 15


def test_two_different_bars_of_one_moment_are_kept_and_told(make_client: MakeClient) -> None:
    def double(rows: list[dict[str, Any]]) -> None:
        rows.insert(7, {**rows[7], "cur_prc": "+8"})

    with serve(minutes(double), []) as server:
        client = make_client(server, cache=False, clock=lambda: SUNDAY)
        with pytest.warns(kd.KiwoomDataWarning, match="different rows of one moment, 20240626100100"):
            assert kd.request("ka50080", since=DAYS[-1], client=client).height == 16


def test_an_early_end_is_told_where_the_request_itself_names_its_first_day(make_client: MakeClient) -> None:
    days = list(kd.trading_days("2024-05-02", "2024-06-28"))[::-1]
    rows = [row("ka10045", dt=f"{d:%Y%m%d}", close_pric="5") for d in days[:20]]
    averages = {"orgn_prsm_avg_pric": "1", "for_prsm_avg_pric": "1"}
    with serve(Answer({**averages, "stk_orgn_trde_trnsn": rows, **OK}), []) as server:
        client = make_client(server, cache=False, clock=lambda: SUNDAY)
        with pytest.warns(kd.IncompleteFrame, match=r"no row for 19 trading day\(s\) of 005930: 2024-05-02"):
            kd.request("ka10045", symbol="005930", start="2024-05-02", end="2024-06-28", client=client)


def twice(answer: Answer, key: str, first: str, then: str) -> Answer:
    """The first row of an answer tells a key two times."""
    text = answer.content.replace(f'"{key}": "{first}"'.encode(), f'"{key}": "@"'.encode(), 1)
    return Answer(text.replace(b'"@"', f'"{first}", "{key}": "{then}"'.encode()))


def test_a_cell_that_is_told_twice_and_differently_is_no_number(
    make_client: MakeClient, tmp_path: Path
) -> None:
    sick = twice(prices(), "close_pric", "5", "7")
    with serve(prices(), [sick, twice(prices(), "close_pric", "5", "5")]) as server:
        client = make_client(server, cache=tmp_path, clock=lambda: SUNDAY)
        ask = partial(kd.daily_prices, "005930", DAYS[-1], DAYS[0], client=client)
        with pytest.raises(kd.DecodeError, match=r'close: \'\["5","7"\]\' is not'):
            ask()
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            assert ask()["close"].to_list() == [5] * 5


def test_an_answer_that_tells_a_key_twice_and_differently_is_none(make_client: MakeClient) -> None:
    sick = twice(Answer({**FLAT, **OK}), "wonju_pric", "5", "7")
    with serve(Answer({**FLAT, **OK}), [sick]) as server:
        client = make_client(server, cache=False)
        frame = kd.request("ka40002", symbol="069500", client=client)
        assert len(server.asked) == 2  # it was asked for again
    assert frame["original_share_price_as_served"].to_list() == [5]


FLAT = {"stk_nm": "x", "etfobjt_idex_nm": "y", "wonju_pric": "5", "etftxon_type": "", "etntxon_type": ""}


def test_a_number_beyond_all_numbers_is_no_answer(make_client: MakeClient, tmp_path: Path) -> None:
    sick = Answer(Answer({**FLAT, **OK}).content.replace(b'"5"', b"1e999"))
    with serve(Answer({**FLAT, **OK}), [sick]) as server:
        client = make_client(server, cache=False)
        with pytest.raises(kd.TransportError, match="wonju_pric holds a number that is out of range"):
            kd.request("ka40002", symbol="069500", client=client)
    sick = Answer(prices().content.replace(b'"close_pric": "5"', b'"close_pric": 1e999', 1))
    with serve(prices(), [sick]) as server:
        client = make_client(server, cache=tmp_path, clock=lambda: SUNDAY)
        ask = partial(kd.daily_prices, "005930", DAYS[-1], DAYS[0], client=client)
        with pytest.raises(kd.TransportError, match="daly_stkpc holds a number that is out of range"):
            ask()
        assert ask()["close"].to_list() == [5] * 5  # the sick page was not kept


def test_a_token_with_a_number_beyond_all_numbers_is_refused_in_words(make_client: MakeClient) -> None:
    token = Answer(
        b'{"token": 1e999, "token_type": "bearer", "expires_dt": "20991231235959", "return_code": 0}'
    )
    with Envelopes(lambda number, asked: prices(), token=lambda number: token) as server:
        client = make_client(server, cache=False)
        with pytest.raises(kd.TransportError, match="au10001: token holds a number that is out of range"):
            kd.daily_prices("005930", DAYS[-1], DAYS[0], client=client)


def bars(code: str, price: str) -> Answer:
    rows = [row("ka10081", dt=f"{d:%Y%m%d}", cur_prc=price, open_pric=price, trde_qty="1") for d in DAYS]
    return Answer({"stk_cd": code, "stk_dt_pole_chart_qry": rows, **OK})


@pytest.mark.parametrize("held", [False, True], ids=["cold", "some held"])
def test_rows_that_name_another_stock_are_told_and_never_held(
    make_client: MakeClient, tmp_path: Path, told: list[Any], held: bool
) -> None:
    one = bars("005930", "5")
    one.body["stk_dt_pole_chart_qry"] = one.body["stk_dt_pole_chart_qry"][:1]
    sick = [*([one] * held), bars("000660", "7"), bars("000660", "7")]
    with serve(bars("005930", "5"), sick) as server:
        client = make_client(server, cache=tmp_path, clock=lambda: SUNDAY)
        if held:
            kd.candles("005930", DAYS[0], DAYS[0], client=client)
        ask = partial(kd.candles, "005930", DAYS[-1], DAYS[0], client=client)
        frame = ask()
        source = kd.provenance(frame)
        assert source is not None
        # Never rows of both, side by side.
        assert (frame["close"].to_list(), source.mistaken) == ([7] * 5, {"005930": "000660"})
        why = "the answer to 005930 names 000660: its rows may be another's, and none is stored"
        assert [why in str(each.message) for each in told].count(True) == 1
        told.clear()
        while len(server.asked) < len(sick):
            ask()
        told.clear()
        assert ask()["close"].to_list() == [5] * 5
        asked = len(server.asked)
        assert (ask()["close"].to_list(), len(server.asked)) == ([5] * 5, asked)
        assert not told


@pytest.mark.parametrize("code", ["A005930", " 005930_NX", "", "005930_AL"])
def test_the_same_stock_may_be_written_in_another_way(
    make_client: MakeClient, tmp_path: Path, code: str
) -> None:
    with serve(bars(code, "5"), []) as server:
        client = make_client(server, cache=tmp_path, clock=lambda: SUNDAY)
        for requests in (1, 0):
            frame = kd.candles("005930", DAYS[-1], DAYS[0], client=client)
            source = kd.provenance(frame)
            assert source is not None
            assert (source.requests, source.mistaken) == (requests, {})


def test_an_answer_about_another_stock_is_asked_for_again(
    make_client: MakeClient, tmp_path: Path, told: list[Any]
) -> None:
    answers = [Answer({**row("ka10001", stk_cd=code, cur_prc="5"), **OK}) for code in ("000660", "005930")]
    with serve(answers[1], answers[:1]) as server:
        client = make_client(server, cache=tmp_path, clock=lambda: SUNDAY)
        for count, mistaken in ((1, {"005930": "000660"}), (2, {})):
            frame = kd.stock_info("005930", client=client)
            source = kd.provenance(frame)
            assert source is not None
            assert (len(server.asked), source.mistaken) == (count, mistaken)
    assert ["names 000660" in str(each.message) for each in told].count(True) == 1


def test_a_lake_takes_no_rows_that_name_another_stock(
    make_client: MakeClient, tmp_path: Path, told: list[Any]
) -> None:
    with serve(bars("005930", "5"), [bars("000660", "7")]) as server:
        lake, client = kd.Lake(tmp_path), make_client(server, cache=False, clock=lambda: SUNDAY)
        ask = partial(lake.update, "005930", what="candles", start=DAYS[-1], client=client)
        assert "the answer to 005930 names 000660" in ask().failures["005930 candles"]
        assert ask().failures == {}
        assert lake.scan("candles").collect()["close"].to_list() == [5] * 5
