"""What the texts of an answer say: they agree with each other, with the market and with the live server."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, time
from itertools import pairwise

import pytest

from kiwoomdata.calendar import nth_trading_day_before, trading_days
from tests.conftest import TODAY
from tests.simulator.rest.market import DELISTED, GOOD, HALTED, KRX_ONLY, STOCK_TRS, text_of
from tests.talk import Talk, number

# --- what the texts say -----------------------------------------------------------------


def test_the_trs_about_days_agree_on_the_same_days(talk: Talk) -> None:
    prices = {row["date"]: row for row in talk.ask("ka10086").rows}
    table = {row["date"]: row for row in talk.ask("ka10005").rows}
    programs = {row["dt"]: row for row in talk.ask("ka90013").rows}
    trend = {row["dt"]: row for row in talk.ask("ka10045").rows}
    brokers = {row["dt"]: row for row in talk.ask("ka10078").rows}
    strength = {row["dt"]: row for row in talk.ask("ka10047").rows}
    assert len(prices) == 20
    for day, row in prices.items():
        others = table[day], programs[day], trend[day], brokers[day], strength[day]
        closes = [other.get("close_pric") or other["cur_prc"] for other in others]
        changes = [other["pred_pre"] for other in others[1:]]
        volumes = [other.get("acc_trde_qty") or other["trde_qty"] for other in others]
        assert closes == [row["close_pric"]] * 5
        assert changes == [row["pred_rt"]] * 4
        assert volumes == [row["trde_qty"]] * 5
        assert [other["flu_rt"] for other in others[1:]] == [row["flu_rt"]] * 4
        for key in ("open_pric", "high_pric", "low_pric"):
            assert table[day][key] == row[key]
        assert row["amt_mn"] == strength[day]["acc_trde_prica"]
        assert programs[day]["prm_netprps_qty"] == row["prm"]
        assert number(trend[day]["orgn_daly_nettrde_qty"]) == number(row["orgn"])
        assert number(trend[day]["for_daly_nettrde_qty"]) == number(row["for_qty"])
        assert trend[day]["limit_exh_rt"] == row["for_rt"]
        assert strength[day]["trde_qty"] == ""  # on every live row
    newest, *older = table.values()
    row = prices[newest["date"]]
    assert (newest["pre"], newest["flu_rt"], newest["trde_prica"]) == (
        *(row["pred_rt"], row["flu_rt"], row["amt_mn"]),
    )
    assert newest["cntr_str"] == strength[newest["date"]]["cntr_str"]
    for key in ("for_poss", "for_wght", "crd_remn_rt", "frgn", "prm"):
        assert newest[key] == row[key]
    for key in ("for_netprps", "orgn_netprps", "ind_netprps"):
        assert number(newest[key]) == number(row[key])
    # Beside prices and volume, the live server fills in the newest row alone.
    kept = {"date", "open_pric", "high_pric", "low_pric", "close_pric", "trde_qty"}
    assert {text for each in older for key, text in each.items() if key not in kept} == {""}


@pytest.mark.parametrize("venue", ["", "_NX", "_AL"])
def test_the_session_is_the_newest_row(talk: Talk, venue: str) -> None:
    code = f"005930{venue}"
    row = talk.ask("ka10086", stk_cd=code).rows[0]
    session, board = talk.ask("ka10006", stk_cd=code).json, talk.ask("ka10007", stk_cd=code).json
    for key in ("open_pric", "high_pric", "low_pric", "trde_qty", "flu_rt"):
        assert session[key] == board[key] == row[key]
    assert session["close_pric"] == board["cur_prc"] == row["close_pric"]
    assert session["date"] == board["date"] == row["date"] == "20261120"
    assert session["trde_prica"] == board["trde_prica"] == row["amt_mn"]
    assert number(board["pred_rt"]) == number(row["pred_rt"])
    assert board["stk_cd"] == code


@pytest.mark.parametrize("symbol", ["005930", "086520", "041510_NX", "000660_AL"])
def test_the_sign_of_a_price_is_its_colour_against_the_close_before(talk: Talk, symbol: str) -> None:
    signs = set()
    venue = symbol.removesuffix("_AL")  # whose change an _AL row holds
    for page, judged in zip(
        talk.walk("ka10086", pages=4, stk_cd=symbol),
        talk.walk("ka10086", pages=4, stk_cd=venue),
        strict=True,
    ):
        for row, of_venue in zip(page.rows, judged.rows, strict=True):
            before = abs(number(of_venue["close_pric"])) - number(row["pred_rt"])
            for key in ("open_pric", "high_pric", "low_pric", "close_pric"):
                price = abs(number(row[key]))
                sign = row[key][0] if row[key][0] in "+-" else ""
                assert sign == ("+" if price > before else "-" if price < before else "")
                signs.add(sign)
    assert signs == {"+", "-", ""}


def test_a_brokers_part_is_that_of_the_venue_whose_volume_stands_beside_it(talk: Talk) -> None:
    krx, nxt, both = (talk.ask("ka10078", stk_cd=f"005930{suffix}").rows for suffix in ("", "_NX", "_AL"))
    for rows in zip(krx, nxt, both, strict=True):
        for key in ("acc_trde_qty", "buy_qty", "sell_qty", "netprps_qty"):
            first, second, sum_of_both = (number(row[key]) for row in rows)
            assert first + second == sum_of_both
    assert all(number(row["buy_qty"]) <= number(row["acc_trde_qty"]) for row in nxt)


def test_a_row_of_all_venues_mixes_them_as_live(talk: Talk) -> None:
    def ask(api_id: str, code: str) -> dict[str, str]:
        reply = talk.ask(api_id, stk_cd=code)
        return reply.json if api_id == "ka10007" else reply.rows[0]

    for api_id, price, change in (
        ("ka10086", "close_pric", "pred_rt"),
        ("ka10045", "close_pric", "pred_pre"),
        ("ka10007", "cur_prc", "pred_rt"),
    ):
        krx, nxt, both = (ask(api_id, f"005930{suffix}") for suffix in ("", "_NX", "_AL"))
        assert abs(number(both[price])) == abs(number(nxt[price])) != abs(number(krx[price]))
        assert (both[change], both["flu_rt"]) == (krx[change], krx["flu_rt"])
        assert number(both["trde_qty"]) == number(krx["trde_qty"]) + number(nxt["trde_qty"])
    before = talk.ask("ka10086", stk_cd="005930_AL").rows[1]
    assert abs(number(before["close_pric"])) == number(both["pred_close_pric"])


def test_a_days_change_leads_from_close_to_close(talk: Talk) -> None:
    rows = [row for page in talk.walk("ka10086", pages=3) for row in page.rows]
    for new, old in pairwise(rows):
        change = number(new["pred_rt"])
        before = abs(number(old["close_pric"]))
        assert abs(number(new["close_pric"])) - change == before
        assert number(new["flu_rt"]) == pytest.approx(100 * change / before, abs=0.006)


def test_flows_carry_two_minuses_or_one_plus(talk: Talk) -> None:
    rows = [row for page in talk.walk("ka10086", pages=3) for row in page.rows]
    texts = {row[key] for row in rows for key in ("ind", "orgn", "for_qty", "frgn", "prm")}
    assert {text.rstrip("0123456789") for text in texts if number(text)} == {"--", "+"}


def test_values_are_asked_in_millions_and_foreigners_stay_in_shares(talk: Talk) -> None:
    shares, values = talk.ask("ka10086").rows, talk.ask("ka10086", indc_tp="1").rows
    for by_share, by_value in zip(shares, values, strict=True):
        price = number(by_value["amt_mn"]) / number(by_value["trde_qty"])
        for key in ("ind", "orgn", "prm", "frgn"):
            assert number(by_value[key]) == pytest.approx(number(by_share[key]) * price, abs=2)
        for key in ("for_qty", "for_netprps", "close_pric", "trde_qty", "amt_mn"):
            assert by_value[key] == by_share[key]


def test_the_repeated_columns_of_daily_prices_are_equal(talk: Talk) -> None:
    for row in talk.ask("ka10086", indc_tp="1").rows:
        assert (row["ind"], row["orgn"], row["for_qty"]) == (
            row["ind_netprps"],
            row["orgn_netprps"],
            row["for_netprps"],
        )
        assert row["for_rt"] == row["for_poss"] == row["for_wght"]
        assert row["crd_rt"] == row["crd_remn_rt"]


def test_nxt_rows_mirror_the_foreigners_of_krx(talk: Talk) -> None:
    nxt, krx = talk.ask("ka10086", stk_cd="005930_NX").rows, talk.ask("ka10086").rows
    assert [row["for_qty"] for row in nxt] == [row["for_qty"] for row in krx]
    assert [row["ind"] for row in nxt] != [row["ind"] for row in krx]


def test_both_venues_together_have_the_volume_of_both(talk: Talk) -> None:
    volumes = [
        [number(row["trde_qty"]) for row in talk.ask("ka10086", stk_cd=f"005930{venue}").rows]
        for venue in ("", "_NX", "_AL")
    ]
    assert [krx + nxt for krx, nxt in zip(*volumes[:2], strict=True)] == volumes[2]


def test_credit_of_the_latest_two_days_is_blank(talk: Talk) -> None:
    rows = talk.ask("ka10086").rows
    assert [row["crd_rt"] for row in rows[:2]] == ["", ""]
    assert all(0 <= number(row["crd_rt"]) < 100 for row in rows[2:])


def test_a_halted_stock_has_rows_without_trading(talk: Talk) -> None:
    row, program = talk.ask("ka10086", stk_cd=HALTED).rows[0], talk.ask("ka90013", stk_cd=HALTED).rows[0]
    assert {row[key][0].isdigit() for key in ("open_pric", "high_pric", "low_pric", "close_pric")} == {True}
    assert (row["trde_qty"], row["flu_rt"], row["pred_rt"]) == ("0", "0.00", "0")
    assert (program["cur_prc"], program["trde_qty"], program["pre_sig"]) == ("0", "0", "0")
    assert talk.ask("ka10045", stk_cd=HALTED).rows[0]["pre_sig"] == "0"


def test_the_direction_flag_says_what_the_change_says(talk: Talk) -> None:
    rows = [row for code in ("086520", "028300") for row in talk.ask("ka10047", stk_cd=code).rows]
    flags = {"1": 1, "2": 1, "3": 0, "4": -1, "5": -1}
    for row in rows:
        change = number(row["pred_pre"])
        assert flags[row["pred_pre_sig"]] == (change > 0) - (change < 0)


def test_a_blank_stands_where_a_value_is_missing(talk: Talk) -> None:
    row = talk.ask("ka90013").rows[0]
    assert (row["base_pric_tm"], row["dbrt_trde_rpy_sum"], row["remn_rcvord_sum"]) == ("", "", "")


def test_running_totals_start_on_the_first_day_asked_for(talk: Talk) -> None:
    rows = talk.ask("ka10045").rows[::-1]
    for daily, total in (
        ("orgn_daly_nettrde_qty", "orgn_dt_acc"),
        ("for_daly_nettrde_qty", "for_dt_acc"),
    ):
        sums = 0.0
        for row in rows:
            sums += number(row[daily])
            assert number(row[total]) == sums


def test_the_price_flags_of_institutions_change_nothing(talk: Talk) -> None:
    buy = talk.ask("ka10045").json
    assert talk.ask("ka10045", orgn_prsm_unp_tp="2", for_prsm_unp_tp="2").json == buy
    low = min(abs(number(row["close_pric"])) for row in buy["stk_orgn_trde_trnsn"]) * 0.7
    assert number(buy["orgn_prsm_avg_pric"]) > low
    assert number(buy["for_prsm_avg_pric"]) > low


def test_flows_of_a_running_day_read_zero(serve: Callable[..., Talk]) -> None:
    talk = serve(today=TODAY, now=time(11), seed=1)
    today, before, *_ = talk.ask("ka10045").rows
    assert (today["dt"], today["orgn_daly_nettrde_qty"], today["for_daly_nettrde_qty"]) == (
        *(text_of(TODAY), "0", "0"),
    )
    assert (today["orgn_dt_acc"], today["for_dt_acc"]) == (before["orgn_dt_acc"], before["for_dt_acc"])
    assert before["orgn_daly_nettrde_qty"] != "0"


def test_what_a_broker_buys_less_what_it_sells_is_its_net(talk: Talk) -> None:
    rows = talk.ask("ka10078").rows
    for row in rows:
        assert number(row["netprps_qty"]) == number(row["buy_qty"]) - number(row["sell_qty"])
    assert {row["netprps_qty"][0] for row in rows} <= {"+", "-", "0"}
    assert talk.ask("ka10078", mmcm_cd="999").rows == []
    # All foreign brokers together, as in ka10086 (live, 2026-03-12).
    abroad = {row["dt"]: row for row in talk.ask("ka10078", mmcm_cd="0000").rows}
    for row in talk.ask("ka10086").rows:
        assert number(abroad[row["date"]]["netprps_qty"]) == number(row["frgn"])


def test_the_minutes_of_a_session_add_up_to_its_volume(talk: Talk) -> None:
    rows = [row for page in talk.walk("ka10046") for row in page.rows]
    assert rows[0]["acc_trde_qty"] == talk.ask("ka10006").json["trde_qty"]
    assert rows[0]["cntr_str"] == talk.ask("ka10006").json["cntr_str"]
    minutes = [row["cntr_tm"][:4] for row in rows]
    assert minutes == sorted(set(minutes), reverse=True)
    for new, old in pairwise(rows):
        assert number(new["acc_trde_qty"]) - number(old["acc_trde_qty"]) == number(new["trde_qty"])
    assert all(row["trde_qty"].isdecimal() for row in rows)
    assert {row["stex_tp"] for row in rows} == {"KRX"}


def test_the_trades_of_both_venues_name_their_own(talk: Talk) -> None:
    rows = [row for page in talk.walk("ka10046", stk_cd="005930_AL") for row in page.rows]
    assert {row["stex_tp"] for row in rows} == {"KRX", "NXT"}
    assert talk.ask("ka90013", stk_cd="005930_AL").rows[0]["stex_tp"] == "통합"


def test_the_order_book_stands_around_the_price(talk: Talk) -> None:
    book, board = talk.ask("ka10004").json, talk.ask("ka10007").json
    asks = [book["sel_fpr_bid"], *(book[f"sel_{n}th_pre_bid"] for n in range(2, 11))]
    bids = [book["buy_fpr_bid"], *(book[f"buy_{n}th_pre_bid"] for n in range(2, 11))]
    prices = [abs(number(text)) for text in asks[::-1] + bids]
    assert prices == sorted(prices, reverse=True)
    assert len(set(prices)) == 20
    assert asks == [board[f"sel_{n}bid"] for n in range(1, 11)]
    assert bids == [board[f"buy_{n}bid"] for n in range(1, 11)]
    assert book["sel_fpr_req"] == board["sel_1bid_req"]
    assert book["tot_buy_req"] == board["tot_buy_req"]
    assert board["cur_prc"] in (asks[0], bids[0])


def test_the_after_hours_book_is_coloured_against_todays_close(talk: Talk) -> None:
    book = talk.ask("ka10087", stk_cd=KRX_ONLY).json
    close = abs(number(talk.ask("ka10006", stk_cd=KRX_ONLY).json["close_pric"]))
    price = number(book["ovt_sigpric_cur_prc"])
    assert abs(price) - close == number(book["ovt_sigpric_pred_pre"])
    assert (abs(price) < close) == book["ovt_sigpric_cur_prc"].startswith("-")
    assert book["bid_req_base_tm"] == "160000"
    levels = [abs(number(book[f"ovt_sigpric_sel_bid_{n}"])) for n in range(1, 6)]
    assert levels == sorted(levels)


def test_after_hours_quotes_are_zeros_for_what_nxt_trades_too(talk: Talk) -> None:
    book = talk.ask("ka10087").json
    assert {number(text) for key, text in book.items() if "_bid_" in key and key.startswith("ovt_sig")} == {0}
    assert (book["ovt_sigpric_acc_trde_qty"], book["ovt_sigpric_pred_pre_sig"]) == ("0", "0")
    assert number(book["ovt_sigpric_cur_prc"]) == abs(number(talk.ask("ka10006").json["close_pric"]))
    assert number(book["sel_bid_tot_req"]) > 0  # of the regular session


def test_the_book_of_all_venues_is_the_sum_of_both(talk: Talk) -> None:
    krx, nxt, both = (talk.ask("ka10007", stk_cd=f"005930{suffix}").json for suffix in ("", "_NX", "_AL"))
    summed = 0
    for side in ("sel", "buy"):
        for n in range(1, 11):
            assert krx[f"{side}_{n}bid"] == nxt[f"{side}_{n}bid"] == both[f"{side}_{n}bid"]
            for key in (f"{side}_{n}bid_req", f"{side}_{n}bid_jub_pre"):
                assert number(both[key]) == number(krx[key]) + number(nxt[key])
            summed += number(nxt[f"{side}_{n}bid_req"]) > 0
        assert number(both[f"tot_{side}_req"]) == number(krx[f"tot_{side}_req"]) + number(
            nxt[f"tot_{side}_req"]
        )
    assert summed == 20


def test_ka10004_answers_the_first_venues_book_for_all_of_them(talk: Talk) -> None:
    krx, nxt, both = (talk.ask("ka10004", stk_cd=f"005930{suffix}").json for suffix in ("", "_NX", "_AL"))
    assert both == krx != nxt


def test_rights_are_told_by_their_kind(talk: Talk) -> None:
    both, warrants, certificates = (
        [row["stk_cd"] for row in talk.ask("ka10011", newstk_recvrht_tp=kind).rows]
        for kind in ("00", "05", "07")
    )
    assert sorted(both) == sorted(warrants + certificates)
    assert warrants
    assert certificates


def test_institutions_rank_by_the_side_asked_for(talk: Talk) -> None:
    sold, bought = (talk.ask("ka10044", trde_tp=side).rows for side in "12")
    assert {row["netprps_qty"][0] for row in sold} == {"-"}
    assert {row["netprps_qty"][0] for row in bought} == {"+"}
    for row in sold + bought:
        difference = abs(number(row["cur_prc"])) - number(row["prsm_avg_pric"])
        assert number(row["avg_pric_pre"]) == difference
        assert row["avg_pric_pre"].startswith("--" if difference < 0 else "+" if difference else "0")


@pytest.mark.parametrize(("tr", "names"), [("ka10044", "netprps"), ("ka10058", "netslmt")])
def test_the_average_price_of_a_ranking_is_its_value_by_its_quantity(talk: Talk, tr: str, names: str) -> None:
    """Recorded of ka10044 over a month: 2,230,468 million by 10,885,500 shares at 204,903."""
    tried = 0
    for row in [row for side in "12" for row in talk.ask(tr, trde_tp=side).rows]:
        quantity, amount = (number(row[f"{names}_{key}"]) for key in ("qty", "amt"))
        if quantity * amount > 0:
            average = number(row["prsm_avg_pric"])
            rounded = 0.5 / abs(quantity) + 0.5 / abs(amount) + 0.5 / average
            assert amount * 10_000 / quantity == pytest.approx(average, rel=1.01 * rounded)
            tried += 1
    assert tried > 20


def test_a_quantity_too_small_for_its_unit_keeps_its_sign(talk: Talk) -> None:
    days = trading_days(date(2026, 9, 1), TODAY)
    texts = set()
    for day in days:
        for side in "12":
            rows = talk.ask("ka10044", strt_dt=text_of(day), end_dt=text_of(day), trde_tp=side).rows
            texts |= {row["netprps_qty"] for row in rows}
    assert {"-0", "+0"} <= texts


def test_intraday_sellers_are_negative_and_the_net_is_the_sum(talk: Talk) -> None:
    rows = talk.ask("ka10063", mrkt_tp="000").rows
    assert len(rows) > 20
    for row in rows:
        for buy, sell, net, change, before in (
            ("buy_qty", "sell_qty", "netprps_qty", "netprps_irds", "prev_pot_netprps_qty"),
            ("buy_amt", "sell_amt", "netprps_amt", "netprps_amt_irds", "prev_netprps_amt"),
        ):
            assert number(row[buy]) + number(row[sell]) == number(row[net])
            assert number(row[net]) - number(row[before]) == number(row[change])
            # But the change is positive where more was sold (live, 2026-08-04).
            assert number(row[f"{buy}_irds"]) - number(row[f"{sell}_irds"]) == number(row[change])
            assert row[sell] == "0" or row[sell].startswith("--")
        assert number(row["buy_qty"]) % 1000 == 0


@pytest.mark.parametrize("suffix", ["_NX", "_AL"])
def test_the_single_price_session_is_blank_at_another_venue(talk: Talk, suffix: str) -> None:
    asked = talk.ask("ka10087", stk_cd=f"00088K{suffix}")
    assert asked.json.pop("return_code") == 0
    assert {text for key, text in asked.json.items() if key not in ("return_code", "return_msg")} == {""}


def test_stocks_of_all_venues_carry_the_suffix_in_intraday_tables(talk: Talk) -> None:
    codes = [row["stk_cd"] for row in talk.ask("ka10063", stex_tp="3").rows]
    assert codes
    assert all(code.endswith("_AL") for code in codes)


def test_only_foreigners_have_rows_and_two_flags_change_nothing(talk: Talk) -> None:
    rows = talk.ask("ka10063").rows
    assert talk.ask("ka10063", smtm_netprps_tp="1", amt_qty_tp="2").rows == rows
    for investor in "0123457":
        assert talk.ask("ka10063", invsr=investor).rows == []


@pytest.mark.parametrize(
    ("now", "seen"),
    [((8, 59), False), ((9, 0), True), ((15, 29), True), ((15, 30), False), ((18, 30), False)],
)
def test_foreigners_have_rows_during_the_session_alone_as_live(
    serve: Callable[..., Talk], now: tuple[int, int], seen: bool
) -> None:
    day = {"seed": 1, "today": TODAY, "now": time(*now)}
    assert bool(serve(**day).ask("ka10063").rows) is seen
    assert bool(serve(**day, intraday_at_any_hour=True).ask("ka10063").rows) is (now >= (9, 0))


@pytest.mark.parametrize("api_id", ["ka10063", "ka10066"])
def test_lists_of_investors_come_in_the_order_of_codes(talk: Talk, api_id: str) -> None:
    codes = [row["stk_cd"] for row in talk.ask(api_id).rows]
    assert codes == sorted(codes)
    assert len(codes) > 20


def test_all_investors_but_the_domestic_foreigners_are_told_at_the_close(talk: Talk) -> None:
    parts = ["fnnc_invt", "insrnc", "invtrt", "etc_fnnc", "bank", "penfnd_etc", "samo_fund", "natn"]
    for measure, slack in (("1", 6), ("2", 0)):
        for row in talk.ask("ka10066", amt_qty_tp=measure).rows:
            total = sum(number(row[key]) for key in ("ind_invsr", "frgnr_invsr", "orgn", "etc_corp"))
            unlisted = number(row["etc_corp"]) / 2  # the domestic foreigners, who have no key
            assert abs(total + unlisted) <= slack + 1
            assert abs(number(row["orgn"]) - sum(number(row[key]) for key in parts)) <= slack


def test_closing_tables_tell_the_investors_of_the_session_before_until_the_close(
    serve: Callable[..., Talk],
) -> None:
    talk = serve(today=TODAY, now=time(11), seed=1)
    closing = {row["stk_cd"]: row for row in talk.ask("ka10066", mrkt_tp="001").rows}["005930"]
    today, before, *_ = talk.ask("ka10086", indc_tp="1").rows
    assert closing["cur_prc"] == today["close_pric"]
    assert number(closing["ind_invsr"]) == number(before["ind"]) != number(today["ind"])


def test_closing_tables_agree_with_daily_prices(talk: Talk) -> None:
    closing = {row["stk_cd"]: row for row in talk.ask("ka10066", mrkt_tp="001").rows}["005930"]
    daily = talk.ask("ka10086", indc_tp="1").rows[0]
    assert number(closing["ind_invsr"]) == number(daily["ind"])
    assert number(closing["orgn"]) == number(daily["orgn"])
    bought, sold, net = (
        {row["stk_cd"]: row for row in talk.ask("ka10066", trde_tp=side, amt_qty_tp="2").rows}
        for side in ("1", "2", "0")
    )
    for code, row in net.items():
        assert number(bought[code]["ind_invsr"]) - number(sold[code]["ind_invsr"]) == number(row["ind_invsr"])


@pytest.mark.parametrize("api_id", ["ka90005", "ka90010"])
def test_each_number_of_market_programs_is_rounded_by_itself(talk: Talk, api_id: str) -> None:
    off = []
    for row in [row for page in talk.walk(api_id, pages=4) for row in page.rows]:
        nets = []
        for kind in ("dfrt_trde", "ndiffpro_trde", "all"):
            nets.append(number(row[f"{kind}_netprps"]))
            off.append(nets[-1] - number(row[f"{kind}_buy"]) + number(row[f"{kind}_sel"]))
        off.append(nets[2] - nets[1] - nets[0])
    assert set(off) == {-1, 0, 1}  # 28 of 100 live totals are (2026-07)


def test_a_day_of_market_programs_runs_to_five_past_six_and_has_no_basis_at_first(talk: Talk) -> None:
    rows = [row for page in talk.walk("ka90005") for row in page.rows]
    assert (rows[0]["cntr_tm"], rows[-1]["cntr_tm"]) == ("180500", "090000")
    assert {row["basis"] for row in rows if row["cntr_tm"] >= "153000"} == {rows[0]["basis"]}
    assert [row["cntr_tm"] for row in rows if not row["basis"]] == ["090000"]
    both = [row for page in talk.walk("ka90005", mrkt_tp="P001_AL01", stex_tp="3") for row in page.rows]
    assert (both[0]["cntr_tm"], both[-1]["cntr_tm"]) == ("183000", "080000")
    early = [row for row in both if row["cntr_tm"] < "090000"]
    assert {(row["kospi200"], row["basis"]) for row in early} == {("0", "")}
    assert len(early) == 60


def test_the_index_is_a_hundredfold_through_the_day_and_decimal_by_day(talk: Talk) -> None:
    last, day = talk.ask("ka90005").rows[0], talk.ask("ka90010").rows[0]
    assert "." not in last["kospi200"]
    assert abs(number(last["kospi200"])) == pytest.approx(100 * abs(number(day["kospi200"])))
    assert last["kospi200"][0] == day["kospi200"][0]
    assert last["basis"] == day["basis"]
    assert number(last["all_netprps"]) == pytest.approx(number(day["all_netprps"]), abs=2)


def test_days_of_market_programs_are_written_with_a_midnight(talk: Talk) -> None:
    days = [row["cntr_tm"] for page in talk.walk("ka90010", pages=2) for row in page.rows]
    assert days == [
        f"{day:%Y%m%d}000000" for day in trading_days(nth_trading_day_before(TODAY, 199), TODAY)[::-1]
    ]


@pytest.mark.parametrize("api_id", ["ka90005", "ka90010"])
def test_market_programs_ignore_the_day_unless_told_not_to(
    talk: Talk, serve: Callable[..., Talk], api_id: str
) -> None:
    assert talk.ask(api_id, date="20260105").rows == talk.ask(api_id).rows
    heeding = serve(ignore_program_date=False)
    assert heeding.ask(api_id, date="20260105").rows != heeding.ask(api_id).rows


def test_kosdaq_at_all_venues_has_two_spellings(talk: Talk) -> None:
    guide, older = (talk.ask("ka90005", mrkt_tp=code, stex_tp="3") for code in ("P101_AL02", "P001_AL02"))
    assert guide.rows == older.rows
    assert guide.rows != talk.ask("ka90005", mrkt_tp="P001_AL01", stex_tp="3").rows


def test_cumulated_programs_sum_what_is_written(talk: Talk) -> None:
    rows = [row for page in talk.walk("ka90007") for row in page.rows]
    for new, old in pairwise(rows):
        for kind in ("dfrt_trde", "ndiffpro_trde", "all"):
            assert number(new[f"{kind}_acc"]) == number(old[f"{kind}_acc"]) + number(new[f"{kind}_tdy"])
    by_day = {row["cntr_tm"][:8]: row for page in talk.walk("ka90010", pages=3) for row in page.rows}
    for row in rows:
        assert number(row["all_tdy"]) == pytest.approx(number(by_day[row["dt"]]["all_netprps"]), abs=3)
        assert row["kospi200"] == by_day[row["dt"]]["kospi200"]
    # As in the vendor's example, the rows go from the date asked to the latest day.
    assert (rows[0]["dt"], rows[-1]["dt"]) == ("20261120", "20260105")
    assert all(rows[-1][f"{kind}_acc"] == rows[-1][f"{kind}_tdy"] for kind in ("dfrt_trde", "all"))


def test_programs_are_cumulated_over_a_year_at_most(talk: Talk) -> None:
    (page, *_) = talk.walk("ka90007", pages=1, date="20100104")
    rows = [row for page in talk.walk("ka90007", date="20100104") for row in page.rows]
    assert page.rows == rows[: len(page.rows)]
    assert rows[-1]["dt"] == "20251120"


def test_arbitrage_balances_move_by_their_changes(talk: Talk) -> None:
    rows = talk.ask("ka90006").rows
    for new, old in pairwise(rows):
        for side in ("buy", "sel"):
            change = number(new[f"{side}_dfrt_trde_amt"]) - number(old[f"{side}_dfrt_trde_amt"])
            assert number(new[f"{side}_dfrt_trde_irds_amt"]) == pytest.approx(change, abs=1)


def test_a_stocks_programs_through_the_day_end_at_the_days_row(talk: Talk) -> None:
    rows, day = [row for page in talk.walk("ka90008") for row in page.rows], talk.ask("ka90013").rows[0]
    for key in ("cur_prc", "trde_qty", "prm_sell_amt", "prm_buy_qty", "prm_netprps_amt", "stex_tp"):
        assert rows[0][key] == day[key]
    for new, old in pairwise(rows):
        for unit in ("amt", "qty"):
            net = number(new[f"prm_netprps_{unit}"])
            assert net == number(new[f"prm_buy_{unit}"]) - number(new[f"prm_sell_{unit}"])
            assert number(new[f"prm_netprps_{unit}_irds"]) == net - number(old[f"prm_netprps_{unit}"])


def test_a_stocks_programs_change_from_day_to_day(talk: Talk) -> None:
    rows = [row for page in talk.walk("ka90013", pages=2) for row in page.rows]
    for new, old in pairwise(rows):
        for unit in ("amt", "qty"):
            change = number(new[f"prm_netprps_{unit}"]) - number(old[f"prm_netprps_{unit}"])
            assert number(new[f"prm_netprps_{unit}_irds"]) == change


# --- who is asked about -----------------------------------------------------------------


@pytest.mark.parametrize("api_id", STOCK_TRS)
def test_an_unknown_stock_is_answered_with_nothing(talk: Talk, api_id: str) -> None:
    body = talk.ask(api_id, stk_cd="999990").json
    assert {key: body.pop(key) for key in GOOD} == GOOD
    # The TR of many codes keeps the place of each.
    assert all(
        value in ("", []) or not any(row for one in value for row in one.values()) for value in body.values()
    )


@pytest.mark.parametrize("api_id", ["ka10005", "ka10086", "ka10047", "ka90013"])
def test_a_delisted_stock_has_no_rows(talk: Talk, api_id: str) -> None:
    assert talk.ask(api_id, stk_cd=DELISTED).rows == []


def test_a_code_with_letters_is_a_stock(talk: Talk) -> None:
    assert len(talk.ask("ka10086", stk_cd=KRX_ONLY).rows) == 20


def test_a_day_in_the_future_is_answered_up_to_today(talk: Talk) -> None:
    assert talk.ask("ka10086", qry_dt="20301231").rows == talk.ask("ka10086").rows


def test_a_stocks_programs_are_those_of_the_latest_session_whatever_day_is_asked_for(talk: Talk) -> None:
    rows = talk.ask("ka90008").rows
    assert rows
    for day in ("20261115", "20240102", text_of(TODAY)):
        assert talk.ask("ka90008", date=day).rows == rows


@pytest.mark.parametrize("ignored", [False, True])
def test_a_weekend_or_holiday_is_answered_with_the_session_before_it(
    serve: Callable[..., Talk], ignored: bool
) -> None:
    asking, heeding = serve(ignore_program_date=ignored), serve(ignore_program_date=False)
    for closed, before in (("20261115", "20261113"), ("20260925", "20260923")):  # a Sunday, Chuseok
        for api_id in ("ka90005", "ka90010", "ka90013"):
            rows = heeding.ask(api_id, date=before).rows
            assert asking.ask(api_id, date=closed).rows == rows != []
        for api_id in ("ka90010", "ka90013"):
            (newest, *_) = asking.ask(api_id, date=closed).rows
            assert (newest.get("dt") or newest["cntr_tm"])[:8] == before


def test_a_day_without_trading_is_written_in_two_ways(talk: Talk) -> None:
    rows = talk.ask("ka10086", stk_cd=HALTED).rows
    forms = {tuple(row[key] for key in ("open_pric", "high_pric", "low_pric")) == ("0",) * 3 for row in rows}
    assert forms == {True, False}
    assert {number(row["close_pric"]) > 0 for row in rows} == {True}
    for row in rows:
        if row["open_pric"] != "0":
            assert len({row[key] for key in ("open_pric", "high_pric", "low_pric", "close_pric")}) == 1
