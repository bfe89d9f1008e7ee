"""What the store keeps, shows, lets go of, and heals: texts as served, and nothing secret."""

from __future__ import annotations

import json
import warnings
from dataclasses import replace
from datetime import date, datetime, time
from functools import partial
from pathlib import Path

import polars as pl
import pytest
from polars.testing import assert_frame_equal

import kiwoomdata as kd
from kiwoomdata.arguments import body_of
from kiwoomdata.calendar import trading_days
from kiwoomdata.entries import ENDPOINTS
from kiwoomdata.entries.entry import Unit
from tests.envelopes import Answer, Asked, Envelopes, row
from tests.store.history import OK, Clock, History, MakeClient, source


def test_a_column_that_the_catalogue_learnt_later_is_null(make_client: MakeClient, store: Path) -> None:
    prices = ENDPOINTS["ka10086"]
    body = body_of(prices, {"symbol": "005930", "until": "2024-11-22"})
    span = {"since": date(2024, 11, 18), "until": date(2024, 11, 22)}
    learnt = replace(prices.parts[0].columns[-1], key="new", name="new")
    newer = replace(prices, parts=(replace(prices.parts[0], columns=(*prices.parts[0].columns, learnt)),))
    with Envelopes(History()) as server:
        client = make_client(server, cache=store)
        for endpoint in (prices, newer):
            (frame,) = client.frames(endpoint, body, **span)[0].values()
        assert len(server.asked) == 1
    assert frame["new"].to_list() == [None] * 5


def test_any_tr_by_name_shares_the_days_that_are_held(make_client: MakeClient, store: Path) -> None:
    with Envelopes(History()) as server:
        client, bare = make_client(server, cache=store), make_client(server, cache=False)
        kd.daily_prices("005930", "2024-11-04", "2024-11-22", client=client)
        server.asked.clear()
        asked = {"stk_cd": "005930", "qry_dt": "20241122", "indc_tp": "0"}
        frame = client.request("ka10086", asked, since=date(2024, 11, 6))
        assert server.asked == []
        assert_frame_equal(frame, bare.request("ka10086", asked, since=date(2024, 11, 6)))
        assert frame["date"].to_list() == trading_days(date(2024, 11, 6), date(2024, 11, 22))[::-1]
        assert source(frame).rows == source(frame).cached_rows == frame.height
        server.asked.clear()
        client.request("ka10086", asked, since=date(2024, 11, 6), refresh=True)
        assert len(server.asked) == 1
        with pytest.raises(kd.NotCached, match="lacks 2024-10-02 to 2024-10-25"):
            client.request("ka10086", asked, since=date(2024, 10, 1), offline=True)
        with pytest.raises(kd.NotCached, match="not kept"):
            client.request("ka10086", asked, offline=True)
        with pytest.raises(ValueError, match="^since: 2024-11-25 is after 2024-11-22"):
            client.request("ka10086", asked, since="2024-11-25")


def test_shares_and_value_are_two_series(make_client: MakeClient, store: Path) -> None:
    with Envelopes(History()) as server:
        client = make_client(server, cache=store)
        shares = kd.investor_flows("005930", "2024-11-18", "2024-11-22", client=client)
        value = kd.investor_flows("005930", "2024-11-18", "2024-11-22", client=client, measure="value")
        assert len(server.asked) == 2
    assert shares["individual"].to_list() == [-7] * 5
    assert value["individual"].to_list() == [-7_000_000] * 5


def test_prices_and_flows_share_what_they_ask_for(make_client: MakeClient, store: Path) -> None:
    with Envelopes(History()) as server:
        client = make_client(server, cache=store)
        kd.daily_prices("005930", "2024-11-18", "2024-11-22", client=client)
        kd.investor_flows("005930", "2024-11-18", "2024-11-22", client=client)
        assert len(server.asked) == 1


def test_a_refusal_is_never_kept(make_client: MakeClient, store: Path) -> None:
    history = History()
    limited = Answer({"return_code": 5, "return_msg": "[1700:허용된 요청 개수를 초과하였습니다.]"})
    with Envelopes(history) as server:
        client = make_client(server, cache=store)
        history.fault = lambda number, asked: limited
        with pytest.raises(kd.RateLimited):
            kd.daily_prices("005930", "2024-11-18", "2024-11-22", client=client)
        history.fault = lambda number, asked: None
        assert kd.daily_prices("005930", "2024-11-18", "2024-11-22", client=client).height == 5


def test_an_empty_answer_for_a_series_never_seen_is_asked_again(make_client: MakeClient, store: Path) -> None:
    history = History()
    with Envelopes(history) as server:
        client = make_client(server, cache=store)
        history.fault = lambda number, asked: Answer({"daly_stkpc": [], **OK})
        with pytest.warns(kd.EmptyAnswer):
            assert kd.daily_prices("005930", "2024-11-18", "2024-11-22", client=client).height == 0
        history.fault = lambda number, asked: None
        assert kd.daily_prices("005930", "2024-11-18", "2024-11-22", client=client).height == 5


def test_what_was_fetched_before_the_paging_broke_is_kept(make_client: MakeClient, store: Path) -> None:
    history = History()
    stuck = {"count": 0}

    def repeat_the_key(number: int, asked: Asked) -> Answer | None:
        history.fault = lambda number, asked: None
        found = history(number, asked)
        history.fault = repeat_the_key
        stuck["count"] += 1
        if stuck["count"] >= 3:
            found.headers["next-key"] = asked.headers["next-key"]
        return found

    history.fault = repeat_the_key
    with Envelopes(history) as server:
        client = make_client(server, cache=store)
        with pytest.raises(kd.Truncated, match="repeated the key") as caught:
            kd.daily_prices("005930", "2024-01-02", "2024-12-30", client=client)
        assert caught.value.frame.height == 60
        history.fault = lambda number, asked: None
        server.asked.clear()
        frame = kd.daily_prices("005930", "2024-01-02", "2024-12-30", client=client)
        assert server.asked[0].body["qry_dt"] < "20241101"
    assert frame["date"].to_list() == trading_days(date(2024, 1, 2), date(2024, 12, 30))


def test_offline_serves_what_a_walk_that_broke_off_left(make_client: MakeClient, store: Path) -> None:
    history = History()
    history.fault = lambda number, asked: Answer({}, status=500) if number > 2 else None
    with Envelopes(history) as server:
        client = make_client(server, cache=store)
        with pytest.raises(kd.TransportError):
            kd.daily_prices("005930", "2026-01-02", "2026-11-20", client=client)
        server.asked.clear()
        held = kd.daily_prices("005930", "2026-11-02", "2026-11-06", client=client, offline=True)
        assert held.height == 5
        with pytest.raises(kd.NotCached, match="lacks 2026-06-01 to "):
            kd.daily_prices("005930", "2026-06-01", "2026-11-06", client=client, offline=True)
        assert not server.asked


def test_refresh_goes_to_the_server_and_replaces(make_client: MakeClient, store: Path) -> None:
    history = History()
    with Envelopes(history) as server:
        client = make_client(server, cache=store)
        kd.daily_prices("005930", "2024-11-18", "2024-11-22", client=client)
        history.row = lambda day: row("ka10086", date=f"{day:%Y%m%d}", close_pric="1", trde_qty="1")  # type: ignore[method-assign]
        stale = kd.daily_prices("005930", "2024-11-18", "2024-11-22", client=client)
        fresh = kd.daily_prices("005930", "2024-11-18", "2024-11-22", client=client, refresh=True)
        after = kd.daily_prices("005930", "2024-11-18", "2024-11-22", client=client)
    assert stale["close"][0] > 1
    assert fresh["close"].to_list() == after["close"].to_list() == [1] * 5


def test_offline_serves_what_is_there_and_names_what_is_missing(make_client: MakeClient, store: Path) -> None:
    with Envelopes(History()) as server:
        client = make_client(server, cache=store)
        kd.daily_prices("005930", "2024-11-18", "2024-11-22", client=client)
        sent = len(server.asked)
        inside = kd.daily_prices("005930", "2024-11-18", "2024-11-20", client=client, offline=True)
        with pytest.raises(kd.NotCached, match="lacks 2024-10-21 to 2024-10-25"):
            kd.daily_prices("005930", "2024-10-21", "2024-11-22", client=client, offline=True)
        with pytest.raises(kd.NotCached, match="ka10004 .*is not kept"):
            kd.orderbook_snapshot("005930", client=client, offline=True)
        assert len(server.asked) == sent
    assert inside.height == 3


def test_without_a_store_nothing_is_written(make_client: MakeClient, tmp_path: Path) -> None:
    with Envelopes(History()) as server:
        client = make_client(server, cache=False, state=False)
        for _ in range(2):
            kd.daily_prices("005930", "2024-11-18", "2024-11-22", client=client)
        assert len(server.asked) == 2
    assert not list(tmp_path.iterdir())


def test_a_store_that_is_a_file_is_refused_with_a_remedy(make_client: MakeClient, tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("x")
    with pytest.raises(kd.CacheError, match=r"KIWOOMDATA_CACHE or cache=.*cache=False"):
        kd.Client(base_url="http://127.0.0.1:1", app_key="k", app_secret="s", cache=file)
    keys = {"base_url": "http://127.0.0.1:1", "app_key": "k", "app_secret": "s"}
    for size in (10, "1GB", None, float("nan"), True):
        with pytest.raises(ValueError, match="^cache_size: "):
            kd.Client(**keys, cache=tmp_path / "s", cache_size=size)  # type: ignore[arg-type]
    for where in (None, 0, 1.5, ""):
        with pytest.raises(kd.ConfigError, match="^cache: expected a folder"):
            kd.Client(**keys, cache=where)  # type: ignore[arg-type]


def test_what_is_held_can_be_seen_and_let_go_of(make_client: MakeClient, store: Path) -> None:
    with Envelopes(History()) as server:
        client = make_client(server, cache=store)
        kd.use(client)
        try:
            kd.daily_prices(["005930", "000660"], "2024-11-18", "2024-11-22")
            held = kd.cache.info()
            assert set(held["symbol"]) == {"005930", "000660"}
            assert held.filter(symbol="005930").select("api_id", "from", "to", "rows").row(0) == (
                *("ka10086", date(2024, 10, 28), date(2024, 11, 22), 20),  # what came on the page
            )
            assert kd.cache.path == store
            with pytest.raises(ValueError, match="everything=True"):
                kd.cache.clear()
            kd.daily_prices("005930_NX", "2024-11-18", "2024-11-22")
            for wrong in (
                {"symbol": "Samsung"},
                {"symbol": 5930},
                {"api_id": "ka99999"},
                {"everything": "no"},
            ):
                with pytest.raises((ValueError, TypeError), match=next(iter(wrong))):
                    kd.cache.clear(**wrong)  # type: ignore[arg-type]
            assert kd.cache.clear(symbol="005930_NX") == 1
            kd.daily_prices("005930_NX", "2024-11-18", "2024-11-22")
            assert kd.cache.clear(symbol="A005930") == 2  # at all venues
            assert kd.cache.info()["symbol"].to_list() == ["000660"]
        finally:
            kd.use("simulator")


@pytest.mark.parametrize("kind", ["rows", "typed"])
@pytest.mark.parametrize("damage", ["half", "zeros", "header", "gone"])
def test_a_damaged_store_answers_right_and_is_repaired(
    make_client: MakeClient, store: Path, damage: str, kind: str
) -> None:
    with Envelopes(History()) as server:
        both = ["005930", "000660"]
        whole = kd.daily_prices(both, "2024-11-18", "2024-11-22", client=make_client(server, cache=store))
        path = next(path for path in store.rglob(f"*.{kind}") if b"005930" in path.read_bytes()[:300])
        content = path.read_bytes()
        if kind == "rows":  # or else the typed copy, which is of this very text, answers in its place
            path.with_suffix(".typed").unlink()
        if damage == "gone":
            path.unlink()
        else:
            path.write_bytes(
                {
                    "half": content[: len(content) // 2],
                    "zeros": content[:-200] + bytes(200),
                    "header": content.replace(b"2024", b"2023", 1),
                }[damage]
            )
        with warnings.catch_warnings(record=True) as told:
            warnings.simplefilter("always")
            again = kd.daily_prices(both, "2024-11-18", "2024-11-22", client=make_client(server, cache=store))
            assert_frame_equal(again, whole)
        texts = [str(one.message) for one in told if "ka10086 005930: what was stored" in str(one.message)]
        assert bool(texts) == (kind == "rows" and damage != "gone")
        asked = [asked.body["stk_cd"] for asked in server.asked]
        assert sorted(asked) == (["000660", "005930", "005930"] if kind == "rows" else ["000660", "005930"])
        sent = len(server.asked)
        again = kd.daily_prices(both, "2024-11-18", "2024-11-22", client=make_client(server, cache=store))
        assert_frame_equal(again, whole)
        assert len(server.asked) == sent


def test_neither_key_nor_token_is_in_the_store(make_client: MakeClient, store: Path) -> None:
    with Envelopes(History()) as server:
        kd.daily_prices("005930", "2024-11-18", "2024-11-22", client=make_client(server, cache=store))
    for path in store.rglob("*"):
        if path.is_file():
            content = path.read_bytes()
            assert not any(s in content for s in (b"envelope-key", b"envelope-secret", b"envelope-token")), (
                path
            )


def test_what_is_stored_is_text_as_served(make_client: MakeClient, store: Path) -> None:
    with Envelopes(History()) as server:
        kd.daily_prices("005930", "2024-11-18", "2024-11-22", client=make_client(server, cache=store))
    (file,) = store.rglob("*.rows")
    texts = pl.read_ipc_stream(file.read_bytes().partition(b"\n")[2])
    assert set(texts.dtypes) == {pl.String}
    assert texts["ind"].to_list() == ["--7"] * 20


def test_a_corrected_unit_heals_what_was_stored_without_a_request(
    make_client: MakeClient, store: Path
) -> None:
    prices = ENDPOINTS["ka10086"]
    body = body_of(prices, {"symbol": "005930", "until": "2024-11-22"})
    span = {"since": date(2024, 11, 18), "until": date(2024, 11, 22)}
    columns = [
        replace(column, unit=Unit("lots", 100)) if column.name == "volume" else column
        for column in prices.parts[0].columns
    ]
    corrected = replace(prices, parts=(replace(prices.parts[0], columns=tuple(columns)),))
    with Envelopes(History()) as server:
        client = make_client(server, cache=store)
        for endpoint, volume in ((prices, 10), (prices, 10), (corrected, 1000), (prices, 10)):
            (frame,) = client.frames(endpoint, body, **span)[0].values()
            assert frame["volume"].to_list() == [volume] * 5
        assert len(server.asked) == 1


def test_a_row_with_a_text_that_cannot_be_read_is_never_settled(make_client: MakeClient, store: Path) -> None:
    history, plain_row = History(), History().row
    sick = date(2024, 11, 20)
    history.row = lambda day: {**plain_row(day), **({"trde_qty": "many"} if day == sick else {})}  # type: ignore[method-assign]
    with Envelopes(history) as server:
        ask = partial(
            kd.daily_prices, "005930", "2024-11-18", "2024-11-22", client=make_client(server, cache=store)
        )
        for _ in range(2):
            with pytest.raises(kd.DecodeError, match="volume: 'many'"):
                ask()
            with pytest.warns(kd.KiwoomDataWarning, match="volume: 'many'"):
                assert ask(on_bad="null")["volume"].to_list() == [10, 10, None, 10, 10]
        with pytest.raises(kd.NotCached, match="lacks 2024-11-20 to 2024-11-20"):
            ask(offline=True)
        history.row = plain_row  # type: ignore[method-assign]
        assert ask()["volume"].to_list() == [10] * 5
        assert source(ask()).requests == 0


def test_the_shortcut_beside_a_block_is_never_older_than_the_block(
    make_client: MakeClient, store: Path
) -> None:
    history = History()
    with Envelopes(history) as server:
        client = make_client(server, cache=store)
        for _ in range(3):
            kd.daily_prices("005930", "2024-11-18", "2024-11-20", client=client)
        history.row = lambda day: row("ka10086", date=f"{day:%Y%m%d}", close_pric="1", trde_qty="1")  # type: ignore[method-assign]
        kd.daily_prices("005930", "2024-11-18", "2024-11-20", client=client, refresh=True)
        again = kd.daily_prices("005930", "2024-11-18", "2024-11-20", client=client)
    assert again["close"].to_list() == [1, 1, 1]


def test_the_machines_time_zone_plays_no_part(make_client: MakeClient, store: Path) -> None:
    from zoneinfo import ZoneInfo

    clock = Clock()
    clock.moment = datetime.combine(
        date(2026, 11, 20), time(16, 0), ZoneInfo("America/New_York")
    )  # 21st, 06:00
    with Envelopes(History(today=date(2026, 11, 20))) as server:
        client = make_client(server, cache=store, clock=clock)
        for _ in range(2):
            kd.daily_prices("005930", "2026-11-02", "2026-11-18", client=client)
        assert len(server.asked) == 1


def test_provenance_survives_json(make_client: MakeClient, store: Path) -> None:
    with Envelopes(History()) as server:
        frame = kd.daily_prices("005930", "2024-11-18", "2024-11-22", client=make_client(server, cache=store))
    plain = json.loads(json.dumps(source(frame).as_dict(), ensure_ascii=False))
    assert plain["api_id"] == "ka10086"
    assert plain["rows"] == 5
