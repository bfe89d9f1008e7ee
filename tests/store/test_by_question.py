"""Answers that depend on the question: kept as they came, and extended at their newest end."""

from __future__ import annotations

import random
import subprocess
import sys
import warnings
from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta
from functools import partial
from itertools import accumulate
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from polars.testing import assert_frame_equal

import kiwoomdata as kd
from kiwoomdata.calendar import trading_days
from kiwoomdata.entries import ENDPOINTS
from kiwoomdata.kinds import KST
from tests.envelopes import Answer, Asked, Envelopes, row
from tests.store.history import OK, MakeClient, source

YEAR = timedelta(days=365)
SATURDAY, MONDAY, TUESDAY = (2026, 11, 21, 10, 0), (2026, 11, 23, 18, 30), (2026, 11, 24, 8, 0)


class Market:
    """A server of the four TRs, 20 rows a page; which days it has goes by a clock that the client shares."""

    def __init__(self, *moment: int) -> None:
        self.moment = moment
        self.factor = 1
        self.last_page = 1000
        self.halted: set[date] = set()
        self.missing: set[date] = set()
        self.credit: dict[date, str] = {}
        self.heeds_end = False
        """Whether ka90007 takes its date for the newest day, and not for the one to cumulate from."""

    def clock(self) -> datetime:
        return datetime(*self.moment, tzinfo=KST)  # type: ignore[misc,arg-type]

    def __call__(self, number: int, asked: Asked) -> Answer:
        api_id, body, today = asked.headers["api-id"], asked.body, self.clock().date()
        first, last = {
            "ka10045": lambda: (day(body["strt_dt"]), day(body["end_dt"])),
            "ka10005": lambda: (today - YEAR, today),
            "ka10078": lambda: (day(body["strt_dt"]), day(body["end_dt"])),
            "ka10086": lambda: (date(2025, 1, 2), day(body["qry_dt"])),
            "ka10047": lambda: (today - YEAR, today),
            "ka90006": lambda: (day(body["date"]) - YEAR, day(body["date"])),
            "ka90007": lambda: (
                (day(body["date"]) - YEAR, day(body["date"]))
                if self.heeds_end
                else (day(body["date"]), today)
            ),
        }[api_id]()
        days = [d for d in trading_days(first, min(last, today)) if d not in self.missing]
        rows = [self.row(api_id, *each) for each in zip(days, accumulate(map(net, days)), strict=True)][::-1]
        at = int(asked.headers.get("next-key") or 0)
        more = at + 20 < min(len(rows), self.last_page)
        beside = {"orgn_prsm_avg_pric": str(len(days)), "for_prsm_avg_pric": "0"}
        return Answer(
            {**(beside if api_id == "ka10045" else {}), LISTS[api_id]: rows[at : at + 20], **OK},
            {"cont-yn": "Y" if more else "N", "next-key": str(at + 20) if more else ""},
        )

    def row(self, api_id: str, d: date, total: int) -> dict[str, str]:
        close = "0" if d in self.halted else f"-{(50_000 + d.toordinal() % 1000) // self.factor}"
        return {
            **row(api_id),
            "date" if api_id in ("ka10005", "ka10086") else "dt": f"{d:%Y%m%d}",
            **{
                "ka10005": {"close_pric": close, "crd_remn_rt": self.credit.get(d, "")},
                "ka10045": {
                    "close_pric": close,
                    "orgn_daly_nettrde_qty": str(net(d)),
                    "orgn_dt_acc": str(total),
                },
                "ka10047": {"cur_prc": close, "cntr_str": "100.25"},
                "ka10078": {"cur_prc": close, "netprps_qty": f"{net(d):+}"},
                "ka10086": {"close_pric": close, "ind": f"{net(d):+}"},
                "ka90006": {"buy_dfrt_trde_amt": str(d.toordinal())},
                "ka90007": {"all_tdy": f"{net(d):+}", "all_acc": f"{total:+}"},
            }[api_id],
        }


LISTS = {
    "ka10005": "stk_ddwkmm",
    "ka10078": "sec_stk_trde_trend",
    "ka10086": "daly_stkpc",
    "ka10045": "stk_orgn_trde_trnsn",
    "ka10047": "cntr_str_daly",
    "ka90006": "prm_trde_dfrt_remn_trnsn",
    "ka90007": "prm_trde_acc_trnsn",
}

ASK: dict[str, Callable[..., Any]] = {
    "ka10045": lambda **o: kd.institution_trend("005930", "2026-01-02", **o),
    "ka10047": lambda **o: kd.trade_strength("005930", by="day", **o),
    "ka90006": lambda **o: kd.arbitrage_balance(**o),
    "ka90007": lambda **o: kd.program_cumulative("2026-01-02", **o),
}
every_one = pytest.mark.parametrize("api_id", ASK)


def day(text: str) -> date:
    return datetime.strptime(text, "%Y%m%d").date()


def net(d: date) -> int:
    return d.toordinal() % 23 - 11


@pytest.fixture
def market() -> Market:
    return Market(*SATURDAY)


@pytest.fixture
def server(market: Market) -> Iterator[Envelopes]:
    with Envelopes(market) as server:
        yield server


@pytest.fixture
def client(server: Envelopes, market: Market, make_client: MakeClient, store: Path) -> kd.Client:
    return make_client(server, cache=store, clock=market.clock)


@pytest.fixture
def bare(server: Envelopes, market: Market, make_client: MakeClient) -> kd.Client:
    """A client that keeps nothing: what the server says now."""
    return make_client(server, cache=False, clock=market.clock)


@every_one
def test_asking_again_costs_no_request_and_gives_the_same_frame(
    market: Market,
    server: Envelopes,
    client: kd.Client,
    make_client: MakeClient,
    store: Path,
    api_id: str,
) -> None:
    first = ASK[api_id](client=client)
    sent = len(server.asked)
    again = ASK[api_id](client=make_client(server, cache=store, clock=market.clock))
    assert len(server.asked) == sent == -(-first.height // 20)
    assert_frame_equal(first, again)
    assert again["date"][-1] == date(2026, 11, 20)
    assert (source(again).cached_rows, source(again).requests) == (again.height, 0)


@every_one
def test_the_next_day_the_answer_is_asked_for_anew_and_held_again(
    market: Market, server: Envelopes, client: kd.Client, bare: kd.Client, api_id: str
) -> None:
    ASK[api_id](client=client)
    market.moment = TUESDAY  # Monday is final, Tuesday has begun
    market.missing = {date(2026, 11, 24)}
    server.asked.clear()
    frame = ASK[api_id](client=client)
    assert frame["date"][-1] == date(2026, 11, 23)
    assert_frame_equal(frame, ASK[api_id](client=bare))


@every_one
def test_todays_row_is_asked_for_each_time(
    market: Market, server: Envelopes, client: kd.Client, api_id: str
) -> None:
    ASK[api_id](client=client)
    market.moment = MONDAY
    for _ in range(2):
        server.asked.clear()
        assert ASK[api_id](client=client)["date"][-1] == date(2026, 11, 23)
        assert server.asked
    market.moment = (2026, 11, 24, 5, 59)
    with pytest.raises(kd.NotCached, match="no answer .* that still holds"):
        ASK[api_id](client=client, offline=True)


def test_days_whose_credit_may_still_come_are_asked_for_again(
    market: Market, server: Envelopes, client: kd.Client
) -> None:
    thursday, friday = date(2026, 11, 19), date(2026, 11, 20)
    kd.price_table("005930", client=client)
    market.credit = {thursday: "1.25", friday: "1.50"}
    frame = kd.price_table("005930", client=client)
    assert frame["credit_balance_ratio"].to_list()[-3:] == [None, 1.25, 1.50]


@pytest.mark.parametrize("last", [0, 20, 7])
def test_an_answer_that_ended_early_is_never_kept(
    market: Market, server: Envelopes, client: kd.Client, bare: kd.Client, last: int
) -> None:
    """Page 2 of many is empty, full or short, and called the last; the server is well again afterwards."""
    ask = partial(kd.institution_trend, "005930", "2026-01-02", "2026-07-31")

    def sick(number: int, asked: Asked) -> Answer:
        found = market(number, asked)
        if "next-key" in asked.headers:
            found.body[LISTS["ka10045"]] = found.body[LISTS["ka10045"]][:last]
            found.headers.update({"cont-yn": "N", "next-key": ""})
        return found

    server.answer = sick
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", kd.KiwoomDataWarning)
        assert ask(client=client).height == 20 + last
    server.answer = market
    whole = ask(client=client)
    assert_frame_equal(whole, ask(client=bare))
    assert source(ask(client=client)).requests == 0


def test_an_answer_of_the_past_is_as_of_the_day_it_came(market: Market, client: kd.Client) -> None:
    ask = partial(kd.institution_trend, "005930", "2026-01-02", "2026-06-30", client=client)
    ask()
    market.factor = 50
    assert ask()["close"].min() > 2000
    assert source(ask()).as_of == date(2026, 11, 21)
    assert ask(refresh=True)["close"].max() < 2000
    assert ask()["close"].max() < 2000


def test_a_running_total_is_that_of_the_first_day_asked_for(client: kd.Client) -> None:
    for start in ("2026-01-02", "2026-03-03", "2026-02-02", "2026-03-03"):
        trend = kd.institution_trend("005930", start, "2026-06-30", client=client)
        total = kd.program_cumulative(start, client=client)
        assert trend["institution_cumulative"].equals(
            trend["institution_net_buy"].cum_sum(), check_names=False
        )
        assert total["total_cumulative_as_served"].equals(
            total["total_as_served"].cum_sum(), check_names=False
        )


def test_an_older_day_reaches_as_far_back_as_the_server_goes(
    server: Envelopes, client: kd.Client, bare: kd.Client
) -> None:
    newest = kd.arbitrage_balance("2026-11-20", client=client)
    for older in ("2026-10-30", "2025-11-25", "2026-10-30"):
        assert_frame_equal(
            kd.arbitrage_balance(older, client=client), kd.arbitrage_balance(older, client=bare)
        )
    server.asked.clear()
    assert_frame_equal(kd.arbitrage_balance("2026-11-20", client=client), newest)
    assert server.asked == []


def test_how_far_back_an_answer_goes_is_not_taken_for_that_of_an_older_day(
    market: Market, client: kd.Client, bare: kd.Client
) -> None:
    late = set(trading_days(date(2026, 11, 11), date(2026, 11, 20)))
    market.missing = late
    with pytest.warns(kd.IncompleteFrame, match="8 trading.*2026-11-11 to 2026-11-20"):
        kd.arbitrage_balance("2026-11-20", client=client)  # begins a year before the 20th
    market.missing = set()
    assert_frame_equal(
        kd.arbitrage_balance("2026-11-12", client=client), kd.arbitrage_balance("2026-11-12", client=bare)
    )


def test_how_far_back_was_asked_for_is_part_of_the_question(client: kd.Client, bare: kd.Client) -> None:
    asked = {"stk_cd": "005930", "strt_dt": "20260102", "end_dt": "20260630"}
    kd.institution_trend("005930", "2026-01-02", "2026-06-30", client=client)
    mine, theirs = (each.request_parts("ka10045", asked) for each in (client, bare))
    assert_frame_equal(mine["trend"], theirs["trend"])
    assert_frame_equal(mine["averages"], theirs["averages"])
    assert mine["averages"].height == 1


def test_what_a_clock_took_for_final_too_soon_is_not_served(market: Market, client: kd.Client) -> None:
    market.moment = (2026, 11, 25, 9, 0)
    market.missing = {date(2026, 11, 24), date(2026, 11, 25)}
    plain_row = Market.row
    market.row = lambda *each: {**plain_row(market, *each), "cntr_str": "1"}  # type: ignore[method-assign]
    with pytest.warns(kd.IncompleteFrame, match="1 trading.*2026-11-24"):
        kd.trade_strength("005930", by="day", client=client)
    market.moment = MONDAY  # the clock was two days ahead
    kd.trade_strength("005930", by="day", client=client)
    market.row = lambda *each: plain_row(market, *each)  # type: ignore[method-assign]
    market.moment = (2026, 11, 24, 9, 0)
    assert kd.trade_strength("005930", by="day", client=client)["strength"][-1] == 100.25


def test_averages_that_were_not_final_are_asked_for_again(
    market: Market, server: Envelopes, client: kd.Client
) -> None:
    market.moment = MONDAY
    kd.institution_trend("005930", "2026-11-02", "2026-11-23", client=client)
    market.moment = (2026, 11, 25, 8, 0)
    kd.institution_trend("005930", "2026-11-02", "2026-11-24", client=client)
    server.asked.clear()
    kd.institution_trend("005930", "2026-11-02", "2026-11-23", client=client)
    assert len(server.asked) == 1


def test_an_answer_that_a_ceiling_cut_short_is_not_kept(
    market: Market, server: Envelopes, client: kd.Client, make_client: MakeClient, store: Path
) -> None:
    hasty = make_client(server, cache=store, clock=market.clock, max_pages=2, on_truncated="mark")
    assert kd.arbitrage_balance(client=hasty).height == 40
    assert kd.arbitrage_balance(client=client)["date"][0] < date(2025, 12, 1)


def test_two_years_apart_lose_nothing_of_each_other(server: Envelopes, client: kd.Client) -> None:
    frames = {end: kd.arbitrage_balance(end, client=client) for end in ("2026-11-20", "2023-11-20")}
    server.asked.clear()
    for end, frame in frames.items():
        assert_frame_equal(kd.arbitrage_balance(end, client=client), frame)
    assert server.asked == []


@pytest.mark.filterwarnings("ignore::kiwoomdata.errors.IncompleteFrame")  # nothing after the day asked for
def test_a_server_that_takes_the_date_for_the_newest_day_is_believed(
    market: Market, client: kd.Client, bare: kd.Client
) -> None:
    """Nobody has said what the date of ka90007 is: whatever comes is given, and nothing else is mixed in."""
    market.heeds_end = True
    for asked in ("2026-11-19", "2026-11-20", "2026-11-19"):
        assert_frame_equal(
            kd.program_cumulative(asked, client=client), kd.program_cumulative(asked, client=bare)
        )


def test_a_history_that_grew_at_its_old_end_is_asked_for_anew(market: Market, client: kd.Client) -> None:
    market.missing = set(trading_days(date(2025, 1, 1), date(2026, 11, 17)))
    assert kd.trade_strength("005930", by="day", client=client).height == 3
    market.missing, market.moment = set(), MONDAY
    assert kd.trade_strength("005930", by="day", client=client)["date"][0] < date(2025, 12, 1)


def test_an_answer_with_a_hole_is_told_and_not_kept(market: Market, client: kd.Client) -> None:
    market.missing = {date(2026, 11, 12)}
    with pytest.warns(kd.IncompleteFrame, match="no row for 1 trading day.*2026-11-12"):
        kd.arbitrage_balance(client=client)
    market.missing = set()
    assert date(2026, 11, 12) in kd.arbitrage_balance(client=client)["date"].to_list()


@every_one
def test_refresh_goes_to_the_server_and_replaces(
    market: Market, server: Envelopes, client: kd.Client, api_id: str
) -> None:
    plain_row = Market.row
    before = ASK[api_id](client=client)
    market.row = lambda *each: {  # type: ignore[method-assign]
        key: text if key == "dt" or each[1] > date(2026, 6, 30) else "1"
        for key, text in plain_row(market, *each).items()
    }
    assert_frame_equal(ASK[api_id](client=client), before)
    fresh = ASK[api_id](client=client, refresh=True)
    server.asked.clear()
    assert_frame_equal(ASK[api_id](client=client), fresh)
    assert server.asked == []
    assert not fresh.equals(before)


QUESTIONS: dict[str, Callable[..., Any]] = {
    "ka10005": lambda start, end, **o: kd.price_table("005930", **o),
    "ka10045": lambda start, end, **o: kd.institution_trend("005930", start, end, **o),
    "ka10047": lambda start, end, **o: kd.trade_strength("005930", by="day", **o),
    "ka10078": lambda start, end, **o: kd.broker_trend("001", "005930", start, end, **o),
    "ka10086": lambda start, end, **o: kd.daily_prices("005930", start, end, **o),
    "ka90006": lambda start, end, **o: kd.arbitrage_balance(end, **o),
    "ka90007": lambda start, end, **o: kd.program_cumulative(start, **o),
}


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.filterwarnings("ignore::kiwoomdata.errors.EmptyAnswer")  # a start of today
def test_whatever_is_asked_in_whatever_order_reads_as_the_server_says_it(
    market: Market, client: kd.Client, bare: kd.Client, seed: int
) -> None:
    """Days go by and a stock is split now and then. Only what is held whole may stay of an older basis."""
    chance = random.Random(seed)
    moment = datetime(2026, 3, 2, 10, 0)
    market.clock = lambda: moment.replace(tzinfo=KST)  # type: ignore[method-assign]
    client._clock = bare._clock = market.clock
    for _ in range(40):
        if chance.random() < 0.5:
            moment += timedelta(hours=chance.choice([1, 9, 24, 24, 72]))
        if chance.random() < 0.1:
            market.factor = chance.choice([1, 2, 5])
        today = moment.date()
        end = chance.choice([today, today, today - timedelta(chance.randrange(60))])
        start = chance.choice([date(2025, 10, 1), date(2026, 1, 2), end - timedelta(chance.randrange(40))])
        ask, refresh = QUESTIONS[chance.choice(list(QUESTIONS))], chance.random() < 0.1
        got, told = ask(start, end, client=client, refresh=refresh), ask(start, end, client=bare)
        requests = source(got).requests
        # The store may reach further back than the server does by then.
        got = got.filter(pl.col("date") >= told["date"].min()) if told.height else got.clear()
        prices = [name for name in ("close", "institution_average") if name in got.columns]
        if prices and requests == 0 and got.height:
            assert (told["close"] / got["close"]).round(1).n_unique() == 1, "two bases in one frame"
            got, told = got.drop(prices), told.drop(prices)
        assert_frame_equal(got, told)


WORKER = """
import sys, kiwoomdata as kd
keys = dict(app_key="k", app_secret="s", quota=None, state=False)
client = kd.Client(base_url=sys.argv[1], cache=sys.argv[2], **keys)
frame = kd.arbitrage_balance("2024-12-30", client=client)
print(frame.height, kd.provenance(frame).requests)
"""


def test_processes_that_ask_at_once_ask_the_server_once(store: Path) -> None:
    with Envelopes(Market(*SATURDAY)) as server:
        command = [sys.executable, "-c", WORKER, server.base_url, str(store)]
        running = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(3)]
        told = [process.communicate(timeout=60)[0].split() for process in running]
        sent = sum(asked.headers["api-id"] == "ka90006" for asked in server.asked)
    assert [process.returncode for process in running] == [0, 0, 0]
    assert {rows for rows, _ in told} == {str(len(trading_days(date(2023, 12, 31), date(2024, 12, 30))))}
    assert sorted(int(requests) for _, requests in told) == [0, 0, sent]


def test_a_process_killed_while_it_asks_leaves_no_half_answer(make_client: MakeClient, store: Path) -> None:
    market = Market(*SATURDAY)
    with Envelopes(market) as server:
        process = subprocess.Popen([sys.executable, "-c", WORKER, server.base_url, str(store)])
        while len(server.asked) < 4:
            assert process.poll() is None
        process.kill()
        process.wait(10)
        client = make_client(server, cache=store, clock=market.clock)
        frame = kd.arbitrage_balance("2024-12-30", client=client)
    assert frame["date"].to_list() == trading_days(date(2023, 12, 31), date(2024, 12, 30))


def test_an_answer_that_was_cut_short_by_since_is_not_taken_for_the_whole(client: kd.Client) -> None:
    recent = client.request("ka10047", {"symbol": "005930"}, since=date(2026, 11, 16))
    whole = client.request("ka10047", {"symbol": "005930"})
    assert recent.height < whole.height
    assert whole["date"][-1] < date(2025, 12, 1)


@pytest.mark.parametrize(
    ("api_id", "newest", "heeded"),
    [
        ("ka90009", {"dated": "no", "date": "2026-11-10"}, {"dated": "yes", "date": "2026-11-10"}),
        ("ka10131", {"days": "5", "end": "2026-11-10"}, {"days": "range", "end": "2026-11-10"}),
    ],
)
def test_a_day_that_the_request_says_not_to_heed_settles_nothing(
    make_client: MakeClient, tmp_path: Path, api_id: str, newest: dict[str, str], heeded: dict[str, str]
) -> None:
    market, endpoint = Market(*SATURDAY), ENDPOINTS[api_id]
    (part,) = endpoint.parts
    answer = Answer({part.key: [row(api_id, **dict.fromkeys(list(part.by_key)[:2], "1"))], **OK})
    with Envelopes(lambda number, asked: answer) as server:
        client = make_client(server, cache=tmp_path / "store", clock=market.clock)
        for day, requests in ((newest, 2), (heeded, 1)):
            for _ in range(2):
                client.request(api_id, {**endpoint.shown, **day})
            assert len(server.asked) == requests
            server.asked.clear()


def test_a_single_page_that_may_be_full_is_not_kept(make_client: MakeClient, tmp_path: Path) -> None:
    market = Market(*SATURDAY)
    with Envelopes(market) as server:
        client = make_client(server, cache=tmp_path / "store", clock=market.clock)
        whole = kd.program_cumulative("2026-01-02", client=client)
        market.last_page = 20
        with pytest.warns(kd.IncompleteFrame, match="this was the last page, which is full"):
            short = kd.program_cumulative("2026-02-02", client=client)
        assert short.height == 20
        market.last_page = 1000
        healed = kd.program_cumulative("2026-02-02", client=client)
    assert healed.height == whole.filter(pl.col("date") >= date(2026, 2, 2)).height


def test_an_answer_without_a_key_is_kept_for_its_day_and_healed_by_a_later_one(
    make_client: MakeClient, tmp_path: Path
) -> None:
    market, lacking = Market(*SATURDAY), [True]

    def answer(number: int, asked: Asked) -> Answer:
        given = market(number, asked)
        if lacking[0]:
            for each in given.body["stk_orgn_trde_trnsn"]:
                del each["orgn_dt_acc"]
        return given

    with Envelopes(answer) as server:
        client = make_client(server, cache=tmp_path / "store", clock=market.clock)
        ask = partial(kd.institution_trend, "005930", "2026-11-02", "2026-11-20", client=client)
        for _ in range(2):
            with pytest.warns(kd.MissingKey, match="orgn_dt_acc"):
                assert ask()["institution_cumulative"].null_count() == 15
        assert len(server.asked) == 1
        lacking[0], market.moment = False, TUESDAY
        with pytest.warns(kd.MissingKey, match="orgn_dt_acc"):
            ask(offline=True)
        assert len(server.asked) == 1
        for _ in range(2):
            assert ask()["institution_cumulative"].null_count() == 0
        assert len(server.asked) == 2
