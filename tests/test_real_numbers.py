"""The exchange's own numbers, written as the server writes them, through a socket: the frames say the same.

``data/krx`` holds a stock's year 2020, the week of a 50:1 split, who bought and sold a stock in
a week of 2021, by class and by day. Beside it stands every session from 1980 to August 2020.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest

import kiwoomdata as kd
from kiwoomdata.entries import ENDPOINTS
from kiwoomdata.kinds import KST
from tests.prove.market import sessions_since
from tests.prove.peer import Asked, Peer, Step

DATA = Path(__file__).parent / "data" / "krx"
OK = {"return_code": 0, "return_msg": "정상적으로 처리되었습니다"}
TOKEN = {"token": "a-token", "token_type": "Bearer", "expires_dt": "20991231235959", **OK}
MILLION = 1_000_000
Row = dict[str, str]


def table(name: str, **wanted: str) -> list[Row]:
    with (DATA / name).open(encoding="utf-8", newline="") as file:
        return [row for row in csv.DictReader(file) if all(row[key] == told for key, told in wanted.items())]


def answer(body: dict[str, Any], more: str = "N", key: str = "") -> list[Step]:
    content = json.dumps({**body, **OK}, ensure_ascii=False).encode()
    head = f"content-length: {len(content)}\r\ncont-yn: {more}\r\nnext-key: {key}\r\n"
    kind = "content-type: application/json;charset=UTF-8\r\n"
    return [f"HTTP/1.1 200 OK\r\n{kind}{head}\r\n".encode() + content]


@contextmanager
def serving(page: Callable[[Asked], list[Step]], now: datetime) -> Iterator[kd.Client]:
    """A client of a server of raw bytes, in the evening of a day."""
    peer = Peer(lambda asked: answer(TOKEN) if asked.path == "/oauth2/token" else page(asked))
    client = kd.Client(
        base_url=peer.url, app_key="a-key", app_secret="a-secret", quota=None, state=False, cache=False,
        clock=lambda: now, progress=False,
    )  # fmt: skip
    try:
        with client:
            yield client
    finally:
        peer.close()


def paged(
    list_key: str, rows: list[Row], size: int, until: str, column: str, **beside: str
) -> Callable[[Asked], list[Step]]:
    """Rows that are served newest first, so many a page, from the day that is asked for."""
    newest_first = sorted(rows, key=lambda row: row[column], reverse=True)

    def page(asked: Asked) -> list[Step]:
        found = [row for row in newest_first if row[column] <= asked.body[until]]
        at = int(asked.headers.get("next-key") or 0)
        body = {**beside, list_key: found[at : at + size]}
        return answer(body, "Y", f"{at + size}") if at + size < len(found) else answer(body)

    return page


def signed(number: str | int) -> str:
    """As the server writes a change: with a sign, zero without."""
    return f"{int(number):+}" if int(number) else "0"


def double(number: str | int) -> str:
    """As ka10086 writes a flow: what was sold with two minus signs."""
    return f"-{number}" if int(number) < 0 else f"+{number}"


def as_ka10086(row: Row) -> Row:
    """A day of the exchange in the server's words: prices bear the day's colour, value is in millions."""
    colour = "-" if int(row["change"]) < 0 else "+" if int(row["change"]) > 0 else ""
    blank = ("crd_rt", "ind", "orgn", "for_qty", "frgn", "prm", "for_rt", "for_poss", "for_wght")
    return {
        **dict.fromkeys((*blank, "for_netprps", "orgn_netprps", "ind_netprps", "crd_remn_rt"), ""),
        "date": row["date"].replace("-", ""),
        "open_pric": colour + row["open"],
        "high_pric": colour + row["high"],
        "low_pric": colour + row["low"],
        "close_pric": colour + row["close"],
        "pred_rt": signed(row["change"]),
        "flu_rt": f"{float(row['change_pct']):+.2f}",
        "trde_qty": row["volume"],
        "amt_mn": str(int(row["value"]) // MILLION),
    }


def exchange(rows: list[Row]) -> pl.DataFrame:
    """The exchange's rows as a frame; a price of 0 is none."""
    names = ("open", "high", "low", "close", "change", "volume")
    return pl.DataFrame(
        [
            {
                "date": date.fromisoformat(row["date"]),
                **{name: int(row[name]) or (None if name in names[:4] else 0) for name in names},
                "change_pct": float(row["change_pct"]),
                "value": int(row["value"]) // MILLION * MILLION,
            }
            for row in rows
        ],
        schema_overrides=dict.fromkeys(names, pl.Int64),
    )


def test_a_stocks_year_is_the_exchanges() -> None:
    rows = table("prices.csv", symbol="000020")
    page = paged("daly_stkpc", [as_ka10086(row) for row in rows], 20, "qry_dt", "date")
    with serving(page, datetime(2020, 12, 31, 18, tzinfo=KST)) as client:
        frame = kd.daily_prices("000020", "2020-01-02", "2020-12-30", client=client)
    expected = exchange(rows)
    assert frame.height == 248
    assert frame.select(expected.columns).equals(expected)
    assert not frame["halted"].any()
    assert not frame["rebased"].any()
    source = kd.provenance(frame)
    assert source is not None
    assert (source.pages, source.missing, source.truncated) == (13, {}, False)


def test_bars_of_a_stocks_year_are_the_exchanges() -> None:
    rows = table("prices.csv", symbol="000020")
    bars = [
        {
            "dt": row["date"].replace("-", ""),
            "cur_prc": row["close"],
            "trde_qty": row["volume"],
            "open_pric": row["open"],
            "high_pric": row["high"],
            "low_pric": row["low"],
            "trde_prica": str(int(row["value"]) // MILLION),
            "pred_pre": signed(row["change"]),
            "pred_pre_sig": "3253"[(int(row["change"]) > 0) + 2 * (int(row["change"]) < 0)],
            "trde_tern_rt": f"{100 * int(row['volume']) / int(row['listed_shares']):+.2f}",
        }
        for row in rows
    ]

    def page(asked: Asked) -> list[Step]:
        return answer({"stk_cd": "000020", "stk_dt_pole_chart_qry": bars[::-1]})

    with serving(page, datetime(2020, 12, 31, 18, tzinfo=KST)) as client:
        frame = kd.candles("000020", "2020-01-02", "2020-12-30", client=client)
    expected = exchange(rows).select("date", "open", "high", "low", "close", "volume", "value", "change")
    assert frame.select(expected.columns).equals(expected)
    ways = frame.filter(pl.col("change") != 0).select((pl.col("change") > 0) == (pl.col("direction") == "up"))
    assert ways.to_series().all()


def test_the_week_of_a_split_is_the_exchanges() -> None:
    rows = table("prices.csv", symbol="005930")
    page = paged("daly_stkpc", [as_ka10086(row) for row in rows], 20, "qry_dt", "date")
    with serving(page, datetime(2018, 5, 4, 18, tzinfo=KST)) as client:
        frame = kd.daily_prices("005930", "2018-04-27", "2018-05-04", client=client)
    expected = exchange(rows)
    assert frame.select(expected.columns).equals(expected)
    assert frame["halted"].to_list() == [False, True, True, True, False]
    assert frame["rebased"].to_list()[1:] == [None, None, None, True]  # a halted day has none
    after = frame.row(-1, named=True)
    assert (after["close"] - after["change"]) * 50 == 2_650_000  # the close before, in the shares of after


CLASSES = {
    "fnnc_invt": "금융투자", "insrnc": "보험", "invtrt": "투신", "samo_fund": "사모", "bank": "은행",
    "etc_fnnc": "기타금융", "penfnd_etc": "연기금 등", "orgn": "기관합계", "etc_corp": "기타법인",
    "ind_invsr": "개인", "frgnr_invsr": "외국인", "natfor": "기타외국인",
}  # fmt: skip
OF_INSTITUTIONS = (
    *("financial_investment", "insurance", "investment_trust", "private_fund", "bank", "other_financial"),
    *("pension", "nation"),
)
NAMES = {
    "fnnc_invt": "financial_investment",
    "insrnc": "insurance",
    "invtrt": "investment_trust",
    "samo_fund": "private_fund",
    "bank": "bank",
    "etc_fnnc": "other_financial",
    "penfnd_etc": "pension",
    "orgn": "institution",
    "etc_corp": "other_corporation",
    "ind_invsr": "individual",
    "frgnr_invsr": "foreign",
    "natfor": "domestic_foreigner",
}


def test_who_bought_in_a_week_by_class_is_the_exchanges_and_sums_to_nothing() -> None:
    told = {row["investor"]: row for row in table("investors_by_class.csv", scope="KR7005930003")}
    flows = {key: double(told[korean]["net_volume"]) for key, korean in CLASSES.items()}

    def page(asked: Asked) -> list[Step]:
        return answer({"stk_invsr_orgn_tot": [{**flows, "natn": "0"}]})

    with serving(page, datetime(2021, 1, 23, 12, tzinfo=KST)) as client:
        frame = kd.investor_totals("005930", "2021-01-15", "2021-01-22", measure="shares", client=client)
    row = frame.row(0, named=True)
    assert {key: row[name] for key, name in NAMES.items()} == {
        key: int(told[korean]["net_volume"]) for key, korean in CLASSES.items()
    }
    assert sum(row[name] for name in OF_INSTITUTIONS) == row["institution"]
    groups = ("institution", "other_corporation", "individual", "foreign", "domestic_foreigner")
    assert sum(row[name] for name in groups) == 0


@pytest.mark.parametrize("measure", ["shares", "krw"])
def test_who_bought_by_day_is_the_exchanges_and_adds_up(measure: str) -> None:
    told = table("investors_by_day.csv", scope="KR7005930003", measure=measure)
    unit = MILLION if measure == "krw" else 1
    nothing = dict.fromkeys(
        ("cur_prc", "pre_sig", "pred_pre", "flu_rt", "acc_trde_qty", "acc_trde_prica", "fnnc_invt", "insrnc",
         "invtrt", "etc_fnnc", "bank", "penfnd_etc", "samo_fund", "natn"), ""
    )  # fmt: skip
    groups = {"orgn": "institution", "etc_corp": "other_corp", "ind_invsr": "individual",
              "frgnr_invsr": "foreign_total"}  # fmt: skip
    rows = [
        {
            **nothing,
            **{key: str(round(int(day[theirs]) / unit)) for key, theirs in groups.items()},
            "dt": day["date"].replace("-", ""),
            "cur_prc": "+80000",
            "natfor": "0",
        }
        for day in told
    ]
    page = paged("stk_invsr_orgn", rows, 100, "dt", "dt")
    with serving(page, datetime(2021, 1, 23, 12, tzinfo=KST)) as client:
        frame = kd.investor_breakdown(
            *("005930", "2021-01-15", "2021-01-22"),
            measure="shares" if measure == "shares" else "value",
            client=client,
        )
    for day in told:
        row = frame.row(by_predicate=pl.col("date") == date.fromisoformat(day["date"]), named=True)
        for key, theirs in groups.items():
            assert row[NAMES[key]] == round(int(day[theirs]) / unit) * unit
        of_all = sum(row[NAMES[key]] for key in groups)
        assert abs(of_all) <= (2 * MILLION if measure == "krw" else 0)  # four numbers, each to a million
    if measure == "shares":
        week = {
            row["investor"]: int(row["net_volume"])
            for row in table("investors_by_class.csv", scope="KR7005930003")
        }
        assert frame["institution"].sum() == week["기관합계"]
        assert frame["individual"].sum() == week["개인"]
        assert frame["foreign"].sum() == week["외국인"] + week["기타외국인"]


def test_who_bought_kospi_as_a_whole_is_the_exchanges_and_adds_up() -> None:
    unit = 100 * MILLION
    told = {
        row["date"]: row
        for row in table("investors_by_day.csv", scope="STK", etf_incl="false", measure="krw")
    }
    groups = {"orgn_netprps": "institution", "etc_corp_netprps": "other_corp", "ind_netprps": "individual",
              "frgnr_netprps": "foreign_total"}  # fmt: skip
    (part,) = ENDPOINTS["ka10051"].parts

    def page(asked: Asked) -> list[Step]:
        row = told[f"{asked.body['base_dt']:.4}-{asked.body['base_dt'][4:6]}-{asked.body['base_dt'][6:]}"]
        flows = {key: signed(round(int(row[theirs]) / unit)) for key, theirs in groups.items()}
        market = {**dict.fromkeys((column.key for column in part.columns), ""), **flows}
        return answer({"inds_netprps": [{**market, "inds_cd": "001_AL", "inds_nm": "종합(KOSPI)"}]})

    sums = dict.fromkeys(("institution", "other_corporation", "individual", "foreign"), 0)
    with serving(page, datetime(2021, 1, 23, 12, tzinfo=KST)) as client:
        for day, exchange_says in told.items():
            row = kd.sector_flows(day, client=client).row(0, named=True)
            assert (row["sector"], row["date"], row["flow_unit"]) == ("001", date.fromisoformat(day), "KRW")
            for name, theirs in zip(sums, groups.values(), strict=True):
                assert row[name] == round(int(exchange_says[theirs]) / unit) * unit
                sums[name] += row[name]
            assert abs(sum(row[name] for name in sums)) <= 2 * unit  # four numbers, each to a hundred million
    week = {
        row["investor"]: int(row["net_value"])
        for row in table("investors_by_class.csv", scope="STK", etf_incl="false")
    }
    of_the_week = (week["기관합계"], week["기타법인"], week["개인"], week["외국인"] + week["기타외국인"])
    for name, net in zip(sums, of_the_week, strict=True):
        assert abs(sums[name] - net) <= len(told) * unit / 2


def test_an_index_has_a_bar_for_each_session_since_1980_and_for_no_other_day() -> None:
    days = sessions_since(date(1980, 1, 4))
    assert len(days) == 10_916
    bars = [
        {
            "dt": f"{day:%Y%m%d}",
            "cur_prc": str(10_000 + n),
            "open_pric": "1",
            "high_pric": "1",
            "low_pric": "1",
            "trde_qty": "1",
            "trde_prica": "1",
        }
        for n, day in enumerate(days)
    ]
    page = paged("inds_dt_pole_qry", bars, 600, "base_dt", "dt", inds_cd="001")
    with serving(page, datetime(2020, 9, 1, 7, tzinfo=KST)) as client:
        frame = kd.index_candles("kospi", days[0], days[-1], client=client)
    assert frame["date"].to_list() == list(days)
    assert frame["close"].to_list() == [(10_000 + n) / 100 for n in range(len(days))]
    source = kd.provenance(frame)
    assert source is not None
    assert (source.pages, source.missing) == (19, {})
    assert kd.trading_days(days[0], date(2020, 8, 31)) == list(days)
