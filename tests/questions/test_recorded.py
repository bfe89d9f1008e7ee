"""Answers recorded from the live server, read by the named functions: the numbers that are right."""

from __future__ import annotations

import csv
import json
import warnings
from collections.abc import Callable
from datetime import date, datetime, time
from pathlib import Path
from typing import Any

import polars as pl
import pytest

import kiwoomdata as kd
from kiwoomdata.entries import ENDPOINTS
from kiwoomdata.kinds import KST
from tests import envelopes
from tests.envelopes import Answer, Envelopes, serving

FOLDER = Path(__file__).parents[1] / "data" / "recorded"
RECORDED = {
    file.stem: json.loads(file.read_text(encoding="utf-8"))["bodies"] for file in FOLDER.glob("*.json")
}
CASES = [(api_id, number) for api_id, bodies in sorted(RECORDED.items()) for number in range(len(bodies))]
# What was asked for, where it decides the units: the second row of 2026-07-01 is in millions.
ASKED = {("ka10086", 1): {"measure": "value"}}
OK = {"return_code": 0, "return_msg": "정상적으로 처리되었습니다"}
MakeClient = Callable[..., kd.Client]


def body(api_id: str, number: int = 0) -> dict[str, Any]:
    found: dict[str, Any] = RECORDED[api_id][number]["body"]
    return found


def at(*moment: int) -> Callable[[], datetime]:
    return lambda: datetime(*moment, tzinfo=KST)  # type: ignore[arg-type,misc]


@pytest.mark.parametrize(("api_id", "number"), CASES)
def test_a_recorded_body_is_read_as_it_means(make_client: MakeClient, api_id: str, number: int) -> None:
    endpoint, asked = ENDPOINTS[api_id], {**ENDPOINTS[api_id].shown, **ASKED.get((api_id, number), {})}
    # A list that the excerpt left out was empty.
    lists = {part.key: [] for part in endpoint.parts if part.key}
    with serving(Answer({**lists, **body(api_id, number)})) as server, warnings.catch_warnings():
        warnings.simplefilter("ignore", kd.KiwoomDataWarning)  # most bodies are excerpts
        parts = make_client(server, cache=False).request_parts(api_id, **asked)
        flag = endpoint.flag_of(server.asked[-1].body)
    seen = 0
    for part in endpoint.parts:
        rows = parts[part.name].to_dicts()
        for row, expected in zip(rows, RECORDED[api_id][number]["expected"], strict=part.key is not None):
            for column in part.columns:
                if column.key in expected:
                    seen += 1
                    value = expected[column.key]
                    if isinstance(value, int | float):
                        scale = column.unit_for(flag).scale * (-1 if column.negated else 1)
                        value = None if column.kind.above_zero and value == 0 else value * scale
                    elif isinstance(row[column.name_for(flag)], date | time):
                        value = type(row[column.name_for(flag)]).fromisoformat(value)
                    assert row[column.name_for(flag)] == pytest.approx(value), column.key
    assert seen >= len(RECORDED[api_id][number]["expected"][0]) - 1


@pytest.mark.filterwarnings("ignore::kiwoomdata.KiwoomDataWarning")
def test_program_trading_of_a_stock_is_in_won(make_client: MakeClient) -> None:
    with serving(Answer(body("ka90013"))) as server:
        client = make_client(server, clock=at(2026, 7, 25, 12))
        frame = kd.program_trend("005930", date="2026-07-24", client=client)
        other = client.request("ka90013", symbol="005930", until="20260724", measure="shares")
    row = frame.row(0, named=True)
    assert (row["sell_value"], row["buy_value"]) == (452_674_000_000, 253_203_000_000)
    assert row["net_buy_value"] == row["buy_value"] - row["sell_value"] == -199_471_000_000
    assert row["net_buy_volume"] == row["buy_volume"] - row["sell_volume"] == -762_591
    assert 250_000 < row["sell_value"] / row["sell_volume"] < 270_000  # the price was 259,500
    # What the amounts are when shares are asked for, nobody has shown.
    assert "sell_value" not in other.columns
    assert other["sell_value_as_served"].to_list() == [452_674]
    assert kd.provenance(other).units["sell_value_as_served"] == "unknown"  # type: ignore[union-attr]


@pytest.mark.parametrize("names", ["en", "ko"])
def test_shares_that_programs_traded_are_never_called_a_value(make_client: MakeClient, names: Any) -> None:
    cells = {"stk_cd": "109610", "cur_prc": "+2375", "acc_trde_qty": "458552"}
    cells |= {"prm_sell_amt": "53243", "prm_buy_amt": "184503", "prm_netprps_amt": "+131260"}
    with serving(Answer({"prm_netprps_upper_50": [envelopes.row("ka90003", **cells)], **OK})) as server:
        client = make_client(server)
        shares = kd.program_ranking("kosdaq", measure="shares", client=client, names=names)
        value = kd.program_ranking("kosdaq", client=client)
        asked = client.request("ka90003", side="buy", market="kosdaq", measure="shares")
    assert [each.body["amt_qty_tp"] for each in server.asked] == ["2", "1", "2"]
    assert (value["buy_value"][0], "buy" in value.columns) == (184_503_000_000, False)
    for frame in (asked, *([shares] if names == "en" else [])):
        assert frame.select("sell", "buy", "net_buy").row(0) == (53_243, 184_503, 131_260)
        assert not [name for name in frame.columns if "value" in name]
        assert kd.provenance(frame).units["net_buy"] == "shares"  # type: ignore[union-attr]
    assert names == "en" or shares["프로그램순매수수량"].to_list() == [131_260]


@pytest.mark.filterwarnings("ignore::kiwoomdata.KiwoomDataWarning")
def test_sold_amounts_are_positive_and_the_net_is_bought_less_sold(make_client: MakeClient) -> None:
    with serving(Answer(body("ka10063"))) as server:
        frame = kd.intraday_investor_trades(venue="all", client=make_client(server))
    assert server.asked[-1].body["amt_qty_tp"] == "1"
    assert server.asked[-1].body["invsr"] == "6"
    row = frame.row(0, named=True)
    assert (row["symbol"], row["buy"], row["sell"], row["net_buy"]) == ("005930", 381_000, 471_000, -90_000)
    assert (row["buy_value"], row["sell_value"]) == (90_773_000_000, 112_569_000_000)
    assert row["net_buy_value"] == -21_796_000_000
    for unit in ("", "_value"):
        buy, sell, net = (frame[f"{name}{unit}"] for name in ("buy", "sell", "net_buy"))
        assert (buy - sell).to_list() == net.to_list()
        bought, sold, moved = (frame[f"{name}{unit}_change"] for name in ("buy", "sell", "net_buy"))
        assert (bought - sold).to_list() == moved.to_list()


@pytest.mark.parametrize("investor", ["pension", "institution"])
def test_an_empty_intraday_answer_says_who_has_rows(make_client: MakeClient, investor: Any) -> None:
    with (
        serving(Answer({"opmr_invsr_trde": [], **OK})) as server,
        pytest.warns(kd.EmptyAnswer, match="'foreign' alone.*09:00 to 15:30"),
    ):
        frame = kd.intraday_investor_trades(investor, client=make_client(server))
    assert frame.height == 0


def test_a_rate_against_the_estimate_is_no_change_of_the_day(
    make_client: MakeClient, client: kd.Client
) -> None:
    cells = {
        "stk_cd": "005930",
        "cur_prc": "+61300",
        "pred_pre": "+4000",
        "pre_sig": "2",
        "netslmt_qty": "+4464",
    }
    cells |= {"netslmt_amt": "+25467", "prsm_avg_pric": "57056", "avg_pric_pre": "+4244", "pre_rt": "+7.43"}
    with serving(Answer({"invsr_daly_trde_stk": [envelopes.row("ka10058", **cells)], **OK})) as server:
        frame = kd.investor_ranking(
            "financial_investment", "2024-11-06", "2024-11-07", client=make_client(server)
        )
    assert frame["vs_estimate"][0] / frame["estimated_price"][0] * 100 == pytest.approx(7.43, abs=0.01)
    assert frame["vs_estimate_pct"].to_list() == [7.43]
    assert "change_pct" not in frame.columns  # 4,000 / 57,300 is 6.98 %, and nobody sends it
    ranked = kd.investor_ranking("foreign", "2026-11-02", "2026-11-13", client=client)
    rate = ranked["vs_estimate"] / ranked["estimated_price"] * 100
    assert ((rate - ranked["vs_estimate_pct"]).abs() < 0.01).all()


def test_institutions_trade_hundreds_of_shares(make_client: MakeClient) -> None:
    with serving(Answer(body("ka10044"))) as server:
        frame = kd.institution_trades(
            "2026-02-12", "2026-03-12", client=make_client(server, clock=at(2026, 3, 12, 19))
        )
    row = frame.row(0, named=True)
    assert (row["net_buy"], row["net_buy_value"]) == (10_885_500, 2_230_468_000_000)
    assert row["net_buy_value"] / row["net_buy"] == pytest.approx(row["estimated_price"], rel=1e-5)


@pytest.mark.filterwarnings("ignore::kiwoomdata.KiwoomDataWarning")
def test_the_days_volume_of_trade_strength_is_what_was_cumulated(make_client: MakeClient) -> None:
    with serving(Answer(body("ka10047"))) as server:
        frame = kd.trade_strength("005930", by="day", client=make_client(server, clock=at(2026, 7, 30, 12)))
    row = frame.row(0, named=True)
    assert (row["volume"], row["value"]) == (65_555_523, 13_726_155_000_000)
    assert row["value"] / row["volume"] == pytest.approx(209_382, abs=1)  # the close was 208,500
    assert (row["halted"], "quantity" in frame.columns) == (False, False)


@pytest.mark.filterwarnings("ignore::kiwoomdata.KiwoomDataWarning")
def test_flows_of_today_are_null_while_the_server_writes_zero(make_client: MakeClient) -> None:
    with serving(Answer(body("ka10045"))) as server:
        running, over = (
            kd.institution_trend(
                "005930", "2026-07-01", "2026-08-03", client=make_client(server, clock=clock)
            )
            for clock in (at(2026, 8, 3, 11), at(2026, 8, 4, 11))
        )
    names = ["institution_net_buy", "institution_cumulative", "foreign_net_buy", "foreign_cumulative"]
    assert running.select(names).row(-1) == (None,) * 4
    assert running.select(names).row(-2) == (2_726_228, 5_312_819, 9_897_241, -15_250_209)
    assert over["institution_net_buy"][-1] == 0
    assert running["halted"].to_list() == [False, False, False, None]  # the day is not over
    # 46.53 to 46.70 % of 5,846,278,608 shares: the change of what foreigners hold.
    held = running["foreign_limit_used_pct"]
    assert (held[-2] - held[-3]) / 100 * 5_846_278_608 == pytest.approx(9_897_241, rel=0.01)


@pytest.mark.parametrize(("api_id", "symbol"), [("ka10068", None), ("ka20068", "005930")])
def test_lending_of_today_is_null_until_it_is_counted(
    make_client: MakeClient, api_id: str, symbol: str | None
) -> None:
    zeros = {c.key: "0" for c in ENDPOINTS[api_id].parts[0].columns}
    rows = [{**zeros, "dt": day} for day in ("20260804", "20260803")]
    rows.append({**zeros, "dt": "20260731", "dbrt_trde_cntrcnt": "7", "rmnd": "50", "remn_amt": "3"})
    with serving(Answer({"dbrt_trde_trnsn": rows, **OK})) as server:
        client = make_client(server, clock=at(2026, 8, 4, 16))
        frame = kd.lending(symbol, "2026-07-31", "2026-08-04", client=client)
    names = ["date", "lent", "repaid", "balance", "net_lent", "balance_value"]
    assert frame.select(names).rows() == [
        (date(2026, 7, 31), 7, 0, 50, 0, 3_000_000),
        (date(2026, 8, 3), 0, 0, 0, 0, 0),  # a day that is over, on which nothing was lent
        (date(2026, 8, 4), None, None, None, None, None),
    ]


def test_zeros_after_hours_are_null_and_told(make_client: MakeClient) -> None:
    traded, silent = (body("ka10087", number) for number in (0, 1))
    none = {**dict.fromkeys(traded, "0"), **silent}
    with serving(Answer(none), Answer(traded)) as server:
        client = make_client(server)
        with pytest.warns(kd.EmptyAnswer, match="005930: the server wrote zeros.*NXT"):
            empty = kd.after_hours_quote("005930", client=client)
        full = kd.after_hours_quote("069500", client=client)
    names = ["last_price", "last_change", "volume", "price", "quantity", "quantity_change", "total_quantity"]
    assert {value for name in names for value in empty[name]} == {None}
    assert empty.filter(side="ask", level=1)["regular_quantity"].to_list() == [362_425]
    assert full.filter(side="bid", level=2).select(names).row(0) == (
        *(106_755, 390, 34_069, 106_750, 2_745, 0, 6_775),
    )


@pytest.mark.filterwarnings("ignore::kiwoomdata.KiwoomDataWarning")
def test_an_index_of_zero_before_the_open_is_null(make_client: MakeClient) -> None:
    with serving(Answer(body("ka90005", 1))) as server:
        frame = kd.program_trend(market="kospi", by="time", client=make_client(server))
    row = frame.row(0, named=True)
    assert (row["kospi200"], row["basis"], row["total_net_buy_value"]) == (None, None, -111_000_000)


def test_the_book_of_all_venues_is_that_of_the_board_that_adds_them(make_client: MakeClient) -> None:
    board = {
        "tm": "101500",
        **{
            f"{side}_{n}bid": str(100 + n * way)
            for side, way in (("sel", 1), ("buy", -1))
            for n in range(1, 11)
        },
        **{f"{side}_{n}bid_req": str(n) for side in ("sel", "buy") for n in range(1, 11)},
        "tot_sel_req": "355859",
        "tot_buy_req": "55",
    }
    complete = {c.key: "" for c in ENDPOINTS["ka10007"].parts[0].columns}
    with serving(Answer({**complete, **board, **OK})) as server:
        book = kd.orderbook_snapshot("005930", venue="all", client=make_client(server))
    (asked,) = server.asked
    assert (asked.headers["api-id"], asked.body) == ("ka10007", {"stk_cd": "005930_AL"})
    assert book["venue"].unique().to_list() == ["all"]
    best = book.filter(side="ask", level=1).row(0, named=True)
    assert (best["time"].time(), best["price"], best["quantity"]) == (time(10, 15), 101, 1)
    assert best["total_quantity"] == 355_859
    assert best["after_hours_quantity"] is None


def test_a_book_asked_of_all_venues_by_its_tr_is_told_to_be_krxs(client: kd.Client) -> None:
    with pytest.warns(
        kd.KiwoomDataWarning, match=r"KRX alone.*005930_AL; ask kd.orderbook_snapshot\(.*'all'"
    ):
        book = client.request("ka10004", symbol="005930_AL")
    assert book.drop("time").equals(client.request("ka10004", symbol="005930").drop("time"))


def test_the_combined_book_is_the_sum_of_both_venues(server: kd.simulator.Server, client: kd.Client) -> None:
    krx, nxt, both = (kd.orderbook_snapshot("005930", venue=v, client=client) for v in ("krx", "nxt", "all"))  # type: ignore[arg-type]
    keys = ("side", "level", "price")
    assert krx.select(keys).equals(nxt.select(keys))
    assert both.select(keys).equals(krx.select(keys))
    assert (krx["quantity"] + nxt["quantity"]).to_list() == both["quantity"].to_list()
    mixed = kd.orderbook_snapshot(["005930", "000660_AL"], client=client)
    assert mixed.select("symbol", "venue").unique(maintain_order=True).rows() == [
        *(("005930", "krx"), ("000660", "all")),
    ]


@pytest.mark.parametrize("written", ["{}", "-{}", "--{}"])
@pytest.mark.parametrize(
    ("api_id", "key", "ask"),
    [
        ("ka10066", "ind_invsr", lambda **o: kd.closing_investor_trades(side="sell", measure="shares", **o)),
        ("ka10059", "ind_invsr", lambda **o: kd.investor_breakdown("005930", period="1w", side="sell", **o)),
        ("ka10064", "orgn", lambda **o: kd.intraday_investor_flow("005930", side="sell", **o)),
    ],
)
def test_what_classes_sold_is_positive_whatever_sign_the_server_writes(
    make_client: MakeClient, told: Any, api_id: str, key: str, ask: Callable[..., pl.DataFrame], written: str
) -> None:
    part = ENDPOINTS[api_id].rows
    assert part is not None
    day = {c.key: t for c in part.columns for t in {"dt": ["20261120"], "tm": ["100000"]}.get(c.key, [])}
    sold = {c.key: written.format(714) for c in part.columns if c.sold_if}
    first = {**dict.fromkeys(part.by_key, ""), "stk_cd": "005930", **sold, **day}
    rows = [first, {**first, "stk_cd": "000660", key: "+5", "dt": "20261119", "tm": "095900"}]
    rows = [{k: t for k, t in each.items() if k in part.by_key} for each in rows]
    beside = {c.key: "" for p in ENDPOINTS[api_id].parts if p.key is None for c in p.columns}
    with serving(Answer({**beside, part.key: rows, **OK})) as server:
        frame = ask(client=make_client(server, cache=False))
    assert server.asked[-1].body["trde_tp"] == "2"
    name = next(
        name for name in (part.by_key[key].name, f"{part.by_key[key].name}_as_served") if name in frame
    )
    mixed = written != "{}"  # a row of both signs is not gross
    assert sorted(frame[name].to_list(), key=str) == sorted([714, None if mixed else 5], key=str)
    assert {one.category for one in told if one.category is kd.UnprovenValue} == (
        {kd.UnprovenValue} if mixed else set()
    )


@pytest.mark.parametrize("cache", [False, True], ids=["bare", "stored"])
@pytest.mark.parametrize(
    ("api_id", "interval", "right", "odd"),
    [
        ("ka10080", "1m", "20240131090000", "202401011200"),
        ("ka10082", "week", "20240129", "2024W01"),
        ("ka10083", "month", "20240102", "202401"),
    ],
)
def test_a_bar_that_names_no_day_costs_no_other_bar(
    make_client: MakeClient, told: Any, tmp_path: Path, api_id: str, interval: Any, right: str, odd: str,
    cache: bool,
) -> None:  # fmt: skip
    part = ENDPOINTS[api_id].rows
    assert part is not None
    when = next(column.key for column in part.columns if column.name in ("date", "time"))
    blank = dict.fromkeys(part.by_key, "")
    rows = [{**blank, when: day, "cur_prc": price} for day, price in ((right, "5"), (odd, "100000"))]
    with serving(Answer({"stk_cd": "005930", part.key: rows, **OK})) as server:
        client = make_client(server, cache=tmp_path / "store" if cache else False, clock=at(2024, 3, 4, 12))
        frame = kd.candles("005930", "2024-01-29", "2024-01-31", interval=interval, client=client)
        assert frame["close"].to_list() == [5]
        assert kd.provenance(frame).dateless == {"005930": 1}  # type: ignore[union-attr]
        assert {each.category for each in told if repr(odd) in str(each.message)} == {kd.UnprovenValue}
        again = kd.candles("005930", "2024-01-29", "2024-01-31", interval=interval, client=client)
        assert again["close"].to_list() == [5]
        day = {} if api_id == "ka10080" else {"until": "2024-01-31"}
        served = client.request(api_id, symbol="005930", **day)
        assert served["close"].to_list() == [5, 100_000]
        assert served[part.by_key[when].name].is_null().to_list() == [False, True]


# --- which day it is -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("moment", "day"),
    [
        ((2026, 8, 4, 8, 0), date(2026, 8, 3)),  # before the open of a Tuesday
        ((2026, 8, 4, 11, 0), date(2026, 8, 3)),
        ((2026, 8, 3, 11, 0), date(2026, 7, 31)),  # on a Monday it is Friday's
        ((2026, 8, 4, 16, 0), None),  # some time of the evening it turns, and nobody has said when
        ((2026, 8, 8, 12, 0), date(2026, 8, 7)),  # a Saturday
    ],
)
def test_the_investors_after_the_close_have_a_day_where_it_is_known(
    make_client: MakeClient, moment: tuple[int, ...], day: date | None
) -> None:
    row = {c.key: "1" for c in ENDPOINTS["ka10066"].parts[0].columns} | {"stk_cd": "005930", "stk_nm": "x"}
    with serving(Answer({"opaf_invsr_trde": [row], **OK})) as server:
        client = make_client(server, clock=at(*moment))
        value, shares = (
            kd.closing_investor_trades(measure=m, client=client)  # type: ignore[arg-type]
            for m in ("value", "shares")
        )
    assert value["investors_date"].to_list() == [day]
    assert (value["individual"][0], shares["individual"][0]) == (1_000_000, 1)
    assert kd.provenance(value).units["individual"] == "KRW"  # type: ignore[union-attr]
    assert kd.provenance(shares).units["individual"] == "shares"  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("api_id", "about"), [("ka90008", {"symbol": "005930"}), ("ka90005", {"market": "kospi"})]
)
def test_another_day_than_the_latest_session_by_time_is_refused_before_any_request(
    make_client: MakeClient, api_id: str, about: Any
) -> None:
    rows = {"stk_tm_prm_trde_trnsn": [], "prm_trde_trnsn": [], **OK}
    with serving(Answer(rows)) as server:
        client = make_client(server, clock=at(2026, 8, 8, 12))  # a Saturday
        for day in ("2026-08-06", "2026-08-08"):
            with pytest.raises(
                ValueError, match=f"date: {api_id} answers for the latest session, 2026-08-07"
            ):
                kd.program_trend(by="time", date=day, client=client, **about)
        assert server.asked == []
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", kd.KiwoomDataWarning)
            kd.program_trend(by="time", date="2026-08-07", client=client, **about)
        assert [asked.body["date"] for asked in server.asked] == ["20260807"]


@pytest.mark.filterwarnings("ignore::kiwoomdata.KiwoomDataWarning")
@pytest.mark.parametrize(
    ("number", "moment", "day"),
    [
        (1, (2026, 8, 4, 8, 52), date(2026, 8, 4)),  # 08:51: at NXT the day has begun
        (0, (2026, 8, 4, 8, 52), date(2026, 8, 3)),  # 10:01: of the day before, whatever was asked
        (0, (2026, 8, 4, 12, 0), date(2026, 8, 4)),
    ],
)
def test_the_rows_of_a_market_by_time_have_their_true_day(
    make_client: MakeClient, number: int, moment: tuple[int, ...], day: date
) -> None:
    with serving(Answer(body("ka90005", number))) as server:
        client = make_client(server, clock=at(*moment))
        frame = kd.program_trend(market="kospi", by="time", venue="all", date="2026-08-04", client=client)
    assert frame["date"].unique().to_list() == frame["time"].dt.date().unique().to_list() == [day]


@pytest.mark.parametrize("asked", [{"market": "kospi"}, {"symbol": "005930"}], ids=["ka90010", "ka90013"])
def test_a_loop_over_a_weekend_stores_friday_once(client: kd.Client, asked: Any) -> None:
    days = [
        "2026-11-13",
        "2026-11-14",
        "2026-11-15",
        "2026-11-16",
    ]  # the server answers the weekend with Friday
    with pytest.warns(kd.EmptyAnswer, match="of days without a session|on holidays"):
        frames = [kd.program_trend(date=day, client=client, **asked) for day in days]
    assert pl.concat(frames)["date"].to_list() == [date(2026, 11, 13), date(2026, 11, 16)]


# --- days without trading, and days on another basis -----------------------------------------

# The exchange's own numbers of the week in which a share became fifty (May 2018).
SPLIT = """\
20180426,2521000,2613000,2515000,2607000,87000,377650
20180427,2669000,2682000,2622000,2650000,43000,606216
20180430,0,0,0,2650000,0,0
20180502,0,0,0,2650000,0,0
20180503,0,0,0,2650000,0,0
20180504,53000,53900,51800,51900,-1100,39565391
20180508,52600,53200,51900,52600,700,23104720
"""


def split_week(asked: Any) -> Answer:
    """One row a page, newest first, up to the day asked for."""
    key = asked.headers.get("next-key") or ""
    until = key or asked.body["qry_dt"]
    rows = [row for row in csv.reader(SPLIT.splitlines()) if row[0] <= until][::-1]
    names = ("date", "open_pric", "high_pric", "low_pric", "close_pric", "pred_rt", "trde_qty")
    blank = {c.key: "" for c in ENDPOINTS["ka10086"].parts[0].columns}
    shown = [{**blank, **dict(zip(names, row, strict=True))} for row in rows[:1]]
    more = len(rows) > 1
    return Answer(
        {"daly_stkpc": shown, **OK},
        {"cont-yn": "Y" if more else "N", "next-key": rows[1][0] if more else ""},
    )


@pytest.mark.filterwarnings("ignore::kiwoomdata.KiwoomDataWarning")
@pytest.mark.parametrize("cache", [True, False])
@pytest.mark.parametrize("start", ["2018-04-27", "2018-05-02", "2018-05-04"])
def test_a_split_is_told_whatever_range_is_asked_for(
    make_client: MakeClient, tmp_path: Path, start: str, cache: bool
) -> None:
    with Envelopes(lambda _, asked: split_week(asked)) as server:
        kept = {"cache": tmp_path / "store"} if cache else {"cache": False}
        client = make_client(server, clock=at(2018, 5, 9, 12), **kept)
        frame = kd.daily_prices("005930", start, "2018-05-08", client=client)
        again = kd.daily_prices("005930", start, "2018-05-08", client=client)
    assert frame.equals(again)
    assert frame["date"][0] == date.fromisoformat(start)
    told = {row["date"]: row for row in frame.to_dicts()}
    assert told[date(2018, 5, 4)]["rebased"] is True
    assert told[date(2018, 5, 8)]["rebased"] is False
    for day, row in told.items():
        halted = date(2018, 4, 30) <= day <= date(2018, 5, 3)
        assert row["halted"] is halted
        if halted:
            assert (row["open"], row["high"], row["low"], row["close"]) == (None, None, None, 2_650_000)
            assert row["rebased"] is None
    if start == "2018-04-27":
        assert told[date(2018, 4, 27)]["rebased"] is False  # 2,650,000 less 43,000 is the day before's close


@pytest.mark.filterwarnings("ignore::kiwoomdata.KiwoomDataWarning")
@pytest.mark.parametrize("cache", [True, False])
@pytest.mark.parametrize("start", ["2018-05-02", "2018-05-04"])
@pytest.mark.parametrize("mixed", [False, True], ids=["krx", "krx and nxt"])
def test_a_split_of_one_of_several_symbols_is_told_of_that_one(
    make_client: MakeClient, tmp_path: Path, start: str, cache: bool, mixed: bool
) -> None:
    """Fetched, out of the store, and in part out of the store; no symbol's close is taken for another's."""

    def answer(_: int, asked: Any) -> Answer:
        found = split_week(asked)
        if asked.body["stk_cd"][:6] != "005930":  # no split: the same prices after it as before
            for row in found.body["daly_stkpc"]:
                for key in ("open_pric", "high_pric", "low_pric", "close_pric", "pred_rt"):
                    late = row["date"] >= "20180504"
                    row[key] = str(int(row[key]) * 50) if late else row[key]
                if row["date"] == "20180504":
                    row["pred_rt"] = str(int(row["close_pric"]) - 2_650_000)
        return found

    other = "005930_NX" if mixed else "035720"
    symbols = ["000660", "005930", other]
    with Envelopes(answer) as server:
        kept = {"cache": tmp_path / "store"} if cache else {"cache": False}
        client = make_client(server, clock=at(2018, 5, 9, 12), **kept)
        kd.daily_prices("000660", "2018-05-04", "2018-05-08", client=client)
        frames = [kd.daily_prices(symbols, start, "2018-05-08", client=client) for _ in range(2)]
        frames.append(kd.daily_prices(symbols[::-1], start, "2018-05-08", client=client))
        alone = kd.daily_prices("005930", start, "2018-05-08", client=client)
    day = date(2018, 5, 4)
    for frame in frames:
        told = {(r["symbol"], r["venue"]): r["rebased"] for r in frame.filter(date=day).to_dicts()}
        assert told == {
            ("000660", "krx"): False,
            ("005930", "krx"): True,
            (other[:6], "nxt" if mixed else "krx"): None if mixed else False,
        }
        own = frame.filter((pl.col("symbol") == "005930") & (pl.col("venue") == "krx"))
        assert own.equals(alone)
    assert frames[0].equals(frames[1])


def test_other_venues_mix_venues_and_say_nothing_of_their_basis(client: kd.Client) -> None:
    for venue in ("nxt", "all"):
        frame = kd.daily_prices("005930", "2026-10-01", "2026-10-30", venue=venue, client=client)  # type: ignore[arg-type]
        assert frame["rebased"].null_count() == frame.height
        assert frame["halted"].to_list() == [False] * frame.height


@pytest.mark.parametrize(
    ("clock", "told"),
    [((15, 0), [None, None, None]), ((16, 0), [True, None, None]), ((20, 0), [True, True, True])],
)
def test_a_day_without_a_trade_is_halted_when_it_is_over_at_its_venue(
    make_client: MakeClient, clock: tuple[int, int], told: list[bool | None]
) -> None:
    codes = ["005930", "005930_NX", "005930_AL"]
    lists = {
        "daly_stkpc": envelopes.row("ka10086", date="20260803", trde_qty="0"),
        "stk_ddwkmm": envelopes.row("ka10005", date="20260803", trde_qty="0"),
        "cntr_str_daly": envelopes.row("ka10047", dt="20260803", acc_trde_qty="0"),
        "stk_daly_prm_trde_trnsn": envelopes.row("ka90013", dt="20260803", trde_qty="0"),
        "stk_orgn_trde_trnsn": envelopes.row("ka10045", dt="20260803", trde_qty="0"),
    }
    day = ("2026-08-03", "2026-08-03")
    asks: list[Callable[..., pl.DataFrame]] = [
        lambda **o: kd.daily_prices(codes, *day, **o),
        lambda **o: kd.price_table(codes, **o),
        lambda **o: kd.trade_strength(codes, by="day", **o),
        lambda **o: kd.program_trend(codes, *day, **o),
        lambda **o: kd.institution_trend(codes, *day, **o),
    ]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", kd.KiwoomDataWarning)
        for (key, row), ask in zip(lists.items(), asks, strict=True):
            averages = (
                {"orgn_prsm_avg_pric": "", "for_prsm_avg_pric": ""} if key.startswith("stk_orgn") else {}
            )
            with serving(Answer({**averages, key: [row], **OK})) as server:
                frame = ask(client=make_client(server, clock=at(2026, 8, 3, *clock), cache=False))
            assert frame["halted"].to_list() == told, key


@pytest.mark.filterwarnings("ignore::kiwoomdata.KiwoomDataWarning")
def test_kept_days_of_several_venues_are_halted_as_those_that_were_fetched(make_client: MakeClient) -> None:
    rows = [
        envelopes.row("ka10086", date=day, trde_qty=volume, close_pric="+100", pred_rt="0")
        for day, volume in (("20260803", "0"), ("20260731", "5"))
    ]
    with serving(Answer({"daly_stkpc": rows, **OK})) as server:
        client = make_client(server, clock=at(2026, 8, 10, 12))
        fetched, kept = (
            kd.daily_prices(["005930", "005930_NX"], "2026-08-03", "2026-08-03", client=client)
            for _ in range(2)
        )
    assert len(server.asked) == 2
    assert kept.equals(fetched)
    assert fetched["halted"].to_list() == [True, True]


def test_both_forms_of_a_halted_day_have_no_price_but_the_close(client: kd.Client) -> None:
    frame = kd.daily_prices("499980", "2026-10-01", "2026-10-30", client=client)
    assert frame["halted"].to_list() == [True] * frame.height
    assert frame["rebased"].null_count() == frame.height
    assert frame["close"].n_unique() == 1
    assert (frame.select(pl.col("open", "high", "low").fill_null(1)).min_horizontal() > 0).all()
    assert 0 < frame["open"].null_count() < frame.height
    for other in (
        kd.price_table("499980", client=client),
        kd.trade_strength("499980", by="day", client=client),
        kd.program_trend("499980", "2026-10-01", "2026-10-30", client=client),
        kd.institution_trend("499980", "2026-10-01", "2026-10-30", client=client),
    ):
        assert other["halted"].to_list() == [True] * other.height


@pytest.mark.filterwarnings("ignore::kiwoomdata.KiwoomDataWarning")
def test_a_day_that_goes_on_is_not_halted_yet(make_client: MakeClient) -> None:
    row = {"date": "20180508", "close_pric": "52600", "trde_qty": "0", "pred_rt": "0"}
    with serving(Answer({"daly_stkpc": [row], **OK})) as server:
        early, late = (
            kd.daily_prices(
                "005930", "2018-05-08", "2018-05-08", client=make_client(server, cache=False, clock=clock)
            )
            for clock in (at(2018, 5, 8, 8, 30), at(2018, 5, 8, 16))
        )
    assert (early["halted"].to_list(), late["halted"].to_list()) == ([None], [True])
