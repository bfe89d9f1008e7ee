"""What the store is strict about: keys left out, what the server has no more, clocks, closed days."""

from __future__ import annotations

import warnings
from datetime import date, timedelta
from pathlib import Path

import pytest
from polars.testing import assert_frame_equal

import kiwoomdata as kd
from kiwoomdata.calendar import trading_days
from tests.envelopes import Answer, Envelopes, row, serving
from tests.store.history import OK, Clock, History, MakeClient, fewest, source

Told = list[warnings.WarningMessage]


def test_a_clock_that_stands_still_serves_all_rows(make_client: MakeClient, store: Path) -> None:
    with Envelopes(History()) as server:
        client = make_client(server, cache=store, clock=Clock())
        for start in ("2024-11-04", "2024-09-02"):
            for _ in range(2):
                frame = kd.daily_prices("005930", start, "2024-12-30", client=client)
                assert frame["date"].to_list() == trading_days(date.fromisoformat(start), date(2024, 12, 30))
        assert source(frame).requests == 0


def test_an_older_start_costs_no_request_just_to_compare(make_client: MakeClient, store: Path) -> None:
    with Envelopes(History()) as server:
        client = make_client(server, cache=store)
        held = trading_days(date(2024, 6, 1), date(2024, 6, 28))
        kd.daily_prices("005930", held[0], held[-1], client=client)  # a page, and a day of the month before
        server.asked.clear()
        frame = kd.daily_prices("005930", "2024-05-13", "2024-06-28", client=client)
        assert len(server.asked) == 1
    assert frame["date"].to_list() == trading_days(date(2024, 5, 13), date(2024, 6, 28))


def test_a_key_that_some_rows_lack_is_told_and_heals(make_client: MakeClient, store: Path) -> None:
    history, plain_row = History(), History().row
    sick = set(trading_days(date(2024, 11, 4), date(2024, 11, 15)))

    def lacking(day: date) -> dict[str, str]:
        cells = plain_row(day)
        return {key: text for key, text in cells.items() if day not in sick or key != "trde_qty"}

    history.row = lacking  # type: ignore[method-assign]
    with Envelopes(history) as server:
        client = make_client(server, cache=store)
        with pytest.warns(kd.MissingKey, match="trde_qty"):
            frame = kd.daily_prices("005930", "2024-11-04", "2024-11-29", client=client)
        assert frame["volume"].null_count() == len(sick)
        history.row = plain_row  # type: ignore[method-assign]
        healed = kd.daily_prices("005930", "2024-11-04", "2024-11-29", client=client)
        assert healed["volume"].to_list() == [10] * healed.height
        assert source(kd.daily_prices("005930", "2024-11-04", "2024-11-29", client=client)).requests == 0


def test_a_key_that_never_comes_back_is_asked_for_twice_more_and_told_each_time(
    make_client: MakeClient, store: Path
) -> None:
    history, plain_row = History(), History().row
    sick = set(trading_days(date(2024, 11, 4), date(2024, 11, 15)))
    history.row = lambda day: {k: v for k, v in plain_row(day).items() if day not in sick or k != "trde_qty"}  # type: ignore[method-assign]
    with Envelopes(history) as server:
        client, requests = make_client(server, cache=store), []
        for _ in range(5):
            with pytest.warns(kd.MissingKey, match="trde_qty"):
                frame = kd.daily_prices("005930", "2024-11-04", "2024-11-29", client=client)
            requests.append(source(frame).requests)
    assert [bool(sent) for sent in requests] == [True, True, True, False, False]


def test_a_key_that_no_row_has_does_not_switch_the_store_off(make_client: MakeClient, store: Path) -> None:
    history, plain_row = History(), History().row
    history.row = lambda day: {k: v for k, v in plain_row(day).items() if k != "trde_qty"}  # type: ignore[method-assign]
    with Envelopes(history) as server:
        client = make_client(server, cache=store)
        for requests in (1, 0, 0):
            with pytest.warns(kd.MissingKey, match="trde_qty"):
                frame = kd.daily_prices("005930", "2024-11-18", "2024-11-29", client=client)
            assert source(frame).requests == requests


def test_rows_without_any_price_settle_nothing(make_client: MakeClient, store: Path) -> None:
    history, plain_row = History(), History().row
    history.row = lambda day: {k: v for k, v in plain_row(day).items() if not k.endswith("_pric")}  # type: ignore[method-assign]
    with Envelopes(history) as server:
        client = make_client(server, cache=store)
        for _ in range(2):
            with pytest.warns(kd.MissingKey):
                frame = kd.daily_prices("005930", "2024-11-18", "2024-11-29", client=client)
            assert source(frame).requests == 1


def test_a_known_last_day_is_no_hole(make_client: MakeClient, store: Path, told: Told) -> None:
    """A delisted stock is told until the server had nothing newer on two days; then its end is an end."""
    history, clock, calls = History(today=date(2024, 2, 29)), Clock(2024, 7, 10, 18), []
    with Envelopes(history) as server:
        client = make_client(server, cache=store, clock=clock)

        def ask(**options: object) -> tuple[int, bool]:
            told.clear()
            server.asked.clear()
            frame = kd.daily_prices("005930", "2024-02-01", "2024-06-28", client=client, **options)  # type: ignore[arg-type]
            assert frame["date"].to_list() == trading_days(date(2024, 2, 1), date(2024, 2, 29))
            assert len(told) == bool(source(frame).missing)
            return len(server.asked), bool(told)

        assert [ask(), ask()] == [(1, True), (1, True)]
        with pytest.raises(kd.NotCached, match="2024-03-04 to 2024-06-28"):
            ask(offline=True)
        clock.moment += timedelta(days=1)
        calls = [ask(), ask(), ask(offline=True)]
        assert calls == [(1, False), (0, False), (0, False)]
        clock.moment += timedelta(days=1)
        assert [ask(), ask()] == [(1, False), (0, False)]
        assert server.asked == []
        kd.daily_prices(["005930", "005930_NX"], "2024-02-01", "2024-02-29", client=client)
        assert told == []
        # It is listed again, and what it lacked meanwhile is told.
        history.days += trading_days(date(2024, 6, 24), date(2024, 7, 12))
        clock.moment += timedelta(days=1)
        frame = kd.daily_prices("005930", "2024-02-01", "2024-06-28", client=client)
        assert frame["date"][-1] == date(2024, 6, 28)
        assert source(frame).missing == {"005930": tuple(trading_days(date(2024, 3, 4), date(2024, 6, 21)))}


def test_days_that_the_server_does_not_have_yet_are_no_end(
    make_client: MakeClient, store: Path, told: Told
) -> None:
    """Rows that are late by days, and a hole with rows behind it, are told each time."""
    history, clock = History(today=date(2024, 7, 5)), Clock(2024, 7, 10, 18)
    history.days = [day for day in history.days if not date(2024, 3, 1) < day < date(2024, 6, 1)]
    with Envelopes(history) as server:
        client = make_client(server, cache=store, clock=clock)
        for _ in range(4):
            clock.moment += timedelta(days=1)
            late = kd.daily_prices("005930", "2024-06-10", "2024-07-09", client=client)
            assert source(late).missing == {"005930": (date(2024, 7, 8), date(2024, 7, 9))}
            hole = kd.daily_prices("000660", "2024-02-01", "2024-05-31", client=client)
            assert source(hole).missing == {
                "000660": tuple(trading_days(date(2024, 3, 4), date(2024, 5, 31)))
            }
    assert {one.category for one in told} == {kd.IncompleteFrame}
    assert len(told) == 8


SATURDAY = date(2024, 11, 16)


def with_saturday() -> History:
    """A server that has a row of a day which the calendar takes for closed."""
    history = History()
    history.days = sorted([*history.days, SATURDAY])
    return history


def test_a_row_of_a_closed_day_at_the_end_of_a_range_is_served_again(
    make_client: MakeClient, store: Path
) -> None:
    with Envelopes(with_saturday()) as server:
        client = make_client(server, cache=store)
        for requests in (1, 0):
            frame = kd.daily_prices("005930", "2024-11-11", SATURDAY, client=client)
            assert source(frame).requests == requests
            assert frame["date"][-1] == SATURDAY


def test_a_row_of_a_closed_day_is_given_where_the_range_holds_nothing_else(
    make_client: MakeClient, store: Path
) -> None:
    with Envelopes(with_saturday()) as server:
        client = make_client(server, cache=store)
        kd.daily_prices("005930", "2024-11-11", "2024-11-15", client=client)
        for requests in (1, 0):
            frame = kd.daily_prices("005930", SATURDAY, "2024-11-17", client=client)
            assert (source(frame).requests, frame["date"].to_list()) == (requests, [SATURDAY])
        bare = kd.daily_prices("005930", SATURDAY, "2024-11-17", client=make_client(server, cache=False))
    assert_frame_equal(frame, bare)


@pytest.mark.parametrize("cached", [True, False])
def test_a_range_without_a_session_is_asked_for_once_and_told_to_be_empty(
    make_client: MakeClient, store: Path, cached: bool
) -> None:
    with Envelopes(History()) as server:
        client = make_client(server, cache=store if cached else False)
        for requests in (1, 0 if cached else 1):
            with pytest.warns(kd.EmptyAnswer, match="no rows of 005930.* of days without a session"):
                frame = kd.daily_prices("005930", "2024-11-16", "2024-11-17", client=client)
            assert (source(frame).requests, frame.height) == (requests, 0)
            assert source(frame).empty == ("005930",)
        if cached:
            with pytest.warns(kd.EmptyAnswer):
                kd.daily_prices("005930", "2024-11-16", "2024-11-17", client=client, offline=True)
        for _ in range(2):  # nor does the series seem to end there
            whole = kd.daily_prices("005930", "2024-11-11", "2024-11-29", client=client)
    assert whole["date"].to_list() == trading_days(date(2024, 11, 11), date(2024, 11, 29))


@pytest.mark.parametrize(
    ("start", "end"),
    [
        ("2024-01-01", "2024-01-01"),
        ("2024-01-01", "2024-01-03"),
        ("2023-12-28", "2024-01-01"),
        ("2023-12-28", "2024-01-03"),
    ],
)
def test_a_bar_of_new_years_day_is_kept_and_served_again(
    make_client: MakeClient, store: Path, start: str, end: str
) -> None:
    days = ("20240103", "20240102", "20240101", "20231228")
    rows = [row("ka10081", dt=day, cur_prc=day[2:], open_pric="5") for day in days]
    with serving(Answer({"stk_cd": "005930", "stk_dt_pole_chart_qry": rows, **OK})) as server:
        client = make_client(server, cache=store, clock=Clock(2024, 3, 4, 12, 0))
        for requests in (1, 0):
            frame = kd.candles("005930", start, end, client=client)
            assert source(frame).requests == requests
            closes = {int(day[2:]) for day in days if start.replace("-", "") <= day <= end.replace("-", "")}
            assert frame["close"].to_list() == sorted(closes)


def test_days_that_the_server_has_no_more_outlive_a_split_as_of_their_day(
    make_client: MakeClient, store: Path
) -> None:
    history, clock = History(), Clock(2024, 6, 3, 12, 0)
    with Envelopes(history) as server:
        client = make_client(server, cache=store, clock=clock)
        before = kd.daily_prices("005930", "2024-01-02", "2024-05-24", client=client)
        history.factor = 5
        history.days = [day for day in history.days if day >= date(2024, 3, 11)]  # it reaches no further now
        clock.moment += timedelta(days=1)
        new = kd.daily_prices("005930", "2024-05-20", "2024-05-28", client=client)
        for _ in range(2):  # the end of the walk is believed when another ends there too
            kd.daily_prices("005930", "2024-05-20", "2024-05-29", client=client, refresh=True)
            with pytest.warns(kd.KiwoomDataWarning):
                old = kd.daily_prices("005930", "2024-01-02", "2024-03-29", client=client)
        with pytest.warns(kd.IncompleteFrame, match="rows up to 2024-03-08 are as of 2024-06-03"):
            again = kd.daily_prices("005930", "2024-01-02", "2024-03-29", client=client)
    assert [price // 5 for price in before["close"].tail(5)] == new["close"].head(5).to_list()
    assert_frame_equal(old, again)
    early = again.filter(again["date"] < date(2024, 3, 11))
    assert early["close"].to_list() == before["close"].head(early.height).to_list()
    late = again.filter(again["date"] >= date(2024, 3, 11))
    assert late["close"].to_list() == [(50_000 + day.toordinal() % 1000) // 5 for day in late["date"]]


def test_a_walk_that_failed_goes_on_and_a_walk_forward_too(make_client: MakeClient, store: Path) -> None:
    history = History()
    with Envelopes(history) as server:
        client = make_client(server, cache=store)
        kd.daily_prices("005930", "2024-01-02", "2024-01-31", client=client)
        began = len(server.asked)
        history.fault = lambda number, asked: Answer(b"<html>down</html>") if number >= began + 8 else None
        with pytest.raises(kd.TransportError):
            kd.daily_prices("005930", "2024-01-02", "2024-12-30", client=client)
        history.fault = lambda number, asked: None
        server.asked.clear()
        frame = kd.daily_prices("005930", "2024-01-02", "2024-12-30", client=client)
        # What came is compared by two requests, for it did not reach what was held.
        assert len(server.asked) <= fewest("2024-01-02", "2024-12-30") - 1 - 8 + 2
    assert frame["date"].to_list() == trading_days(date(2024, 1, 2), date(2024, 12, 30))
