"""The TRs that list many stocks: values by the API's keys."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from operator import itemgetter
from typing import Any, cast

from kiwoomdata.simulator.market.daily import Venue
from kiwoomdata.simulator.market.flows import apart
from kiwoomdata.simulator.market.numbers import rate
from kiwoomdata.simulator.market.rankings import IntradayInvestors, Measure, NetSide, Side
from kiwoomdata.simulator.market.universe import Board
from kiwoomdata.simulator.rest.answers_stock import flag
from kiwoomdata.simulator.rest.asking import Ask, Content
from kiwoomdata.simulator.rest.cells import word_of
from kiwoomdata.simulator.rest.writing import MILLION, THOUSAND, Coloured, rounded

__all__ = ["ANSWERS"]

Row = dict[str, Any]

_BOARDS: Mapping[str, Board | None] = {"000": None, "001": "kospi", "101": "kosdaq"}
_INVESTORS = {
    "6": "foreign",
    "7": "institution",
    "1": "investment_trust",
    "0": "insurance",
    "2": "bank",
    "3": "pension",
    "4": "nation",
    "5": "other_corporation",
}
_SUFFIX: Mapping[Venue, str] = {"krx": "", "nxt": "_NX", "all": "_AL"}
_CLASSES = {
    "ind_invsr": "individual",
    "frgnr_invsr": "foreign",
    "orgn": "institution",
    "fnnc_invt": "financial_investment",
    "insrnc": "insurance",
    "invtrt": "investment_trust",
    "etc_fnnc": "other_financial",
    "bank": "bank",
    "penfnd_etc": "pension",
    "samo_fund": "private_fund",
    "natn": "nation",
}


def _by_code(ask: Ask, rows: list[Row]) -> Content:
    """As the live server orders these lists (August 2026)."""
    return _one_page(ask, sorted(rows, key=itemgetter("stk_cd")))


def _one_page(ask: Ask, rows: list[Row]) -> Content:
    page, key = ask.page_by_count(rows)
    return Content(list(page), next_key=key)


def _rights(ask: Ask) -> Content:
    rows = []
    for quote in ask.market.rights(ask.body["newstk_recvrht_tp"]):
        before = quote.previous_close
        rows.append(
            {
                "stk_cd": quote.right.symbol,
                "stk_nm": quote.right.name,
                "cur_prc": Coloured(quote.price, before),
                "pred_pre_sig": str(quote.sign),
                "pred_pre": quote.change,
                "flu_rt": quote.change_rate,
                "fpr_sel_bid": Coloured(quote.ask, before),
                "fpr_buy_bid": Coloured(quote.bid, before),
                "acc_trde_qty": quote.volume,
                "open_pric": Coloured(quote.open, before),
                "high_pric": Coloured(quote.high, before),
                "low_pric": Coloured(quote.low, before),
            }
        )
    return _one_page(ask, rows)


def _institution_trades(ask: Ask) -> Content:
    board = _BOARDS[ask.body["mrkt_tp"]]
    assert board is not None
    side: NetSide = "sell" if ask.body["trde_tp"] == "1" else "buy"
    rows = []
    for rank in ask.market.institution_ranking(ask.day("strt_dt"), ask.day("end_dt"), side, board, ask.venue):
        colour = {1: -1, 2: -1, 4: 1, 5: 1}.get(rank.sign, 0)  # where the close before was
        rows.append(
            {
                "stk_cd": rank.stock.symbol,
                "stk_nm": rank.stock.name,
                "netprps_qty": rank.net,
                "netprps_amt": rank.net_amount,
                "prsm_avg_pric": rank.average_price,
                "cur_prc": Coloured(rank.price, rank.price + colour),
                "avg_pric_pre": rank.difference,
                "pre_rt": rank.difference_rate,
            }
        )
    return _one_page(ask, rows)


def _intraday_investors(ask: Ask) -> Content:
    """Only foreigners had rows at the live server (August 2026), and only during the session."""
    board, investor = _BOARDS[ask.body["mrkt_tp"]], _INVESTORS[ask.body["invsr"]]
    if investor != "foreign" or not (ask.switches.intraday_at_any_hour or ask.market.running):
        return Content()

    def table(measure: Measure) -> dict[str, IntradayInvestors]:
        found = ask.market.intraday_investors(investor, measure, board, venue=ask.venue)
        return {each.stock.symbol: each for each in found}

    amounts, rows = table("amount"), []
    for symbol, shares in table("shares").items():
        day = shares.day
        rows.append(
            {
                "stk_cd": symbol + _SUFFIX[ask.venue],
                "stk_nm": shares.stock.name,
                "cur_prc": Coloured(day.close, day.previous_close),
                "pre_sig": flag(day),
                "pred_pre": day.change,
                "flu_rt": day.change_rate,
                "acc_trde_qty": day.volume,
                # Whole thousands of shares in the printed example.
                **_intraday(shares, THOUSAND, _QUANTITIES),
                **_intraday(amounts[symbol], MILLION, _AMOUNTS),
            }
        )
    return _by_code(ask, rows)


_QUANTITIES = (
    *("netprps_qty", "prev_pot_netprps_qty", "netprps_irds", "buy_qty", "buy_qty_irds"),
    *("sell_qty", "sell_qty_irds"),
)
_AMOUNTS = (
    *("netprps_amt", "prev_netprps_amt", "netprps_amt_irds", "buy_amt", "buy_amt_irds"),
    *("sell_amt", "sell_amt_irds"),
)


def _intraday(each: IntradayInvestors, unit: int, keys: tuple[str, ...]) -> Row:
    buy, sell = rounded(each.buy, unit), rounded(-each.sell, unit)
    old_buy = rounded(each.buy - each.buy_change, unit)
    old_sell = rounded(each.sell_change - each.sell, unit)
    net, old_net = buy - sell, old_buy - old_sell
    return dict(
        zip(keys, (net, old_net, net - old_net, buy, buy - old_buy, sell, sell - old_sell), strict=True)
    )


def _closing_investors(ask: Ask) -> Content:
    side = cast(Side, {"0": "net", "1": "buy", "2": "sell"}[ask.body["trde_tp"]])
    measure: Measure = "amount" if ask.body["amt_qty_tp"] == "1" else "shares"
    rows = []
    for each in ask.market.closing_investors(side, measure, _BOARDS[ask.body["mrkt_tp"]], venue=ask.venue):
        day = each.day
        rows.append(
            {
                "stk_cd": each.stock.symbol + _SUFFIX[ask.venue],
                "stk_nm": each.stock.name,
                "cur_prc": Coloured(day.close, day.previous_close),
                "pre_sig": flag(day),
                "pred_pre": day.change,
                "flu_rt": day.change_rate,
                "trde_qty": day.volume,
                **{key: each.values[name] for key, name in _CLASSES.items()},
                # The domestic foreigners have no key, so the classes add up to 0 without them only (live).
                "etc_corp": apart(each.values["other_corporation"])[0],
            }
        )
    return _by_code(ask, rows)


_LEAST_SHARE = 20
"""Concentrations of 0 and 10 were answered with nothing (live, 2026)."""


def _walls(ask: Ask) -> Content:
    """The bands of a stock's prices in which most was traded, each day in that of its close."""
    least, count = int(ask.body["prps_cnctr_rt"]), int(ask.body["prpscnt"])
    days, current = int(ask.body["cycle_tp"]), word_of(ask, "include_current") == "yes"
    found: list[tuple[float, Row]] = []
    for stock in ask.market.stocks(_BOARDS[ask.body["mrkt_tp"]]) if least >= _LEAST_SHARE else ():
        now, past = ask.market.snapshot(stock.symbol, venue=ask.venue), ask.market.prices(stock.symbol, days)
        closes = [day.close for day in past if day.volume]
        if now is None or not closes:
            continue
        low, wide = min(closes), max(1, -(-(max(closes) + 1 - min(closes)) // count))
        bands = [0] * count
        for day in past:
            if day.volume:
                bands[(day.close - low) // wide] += day.volume
        for n, traded in enumerate(bands):
            first, last, share = low + n * wide, low + (n + 1) * wide - 1, rate(traded, sum(bands))
            if share >= least and (current or not first <= now.close <= last):
                row: Row = {
                    "stk_cd": stock.symbol + _SUFFIX[ask.venue],
                    "stk_nm": stock.name,
                    "cur_prc": Coloured(now.close, now.previous_close),
                    "pred_pre_sig": flag(now),
                    "pred_pre": now.change,
                    "flu_rt": now.change_rate,
                    "now_trde_qty": now.volume,
                    "pric_strt": first,
                    "pric_end": last,
                    "prps_qty": traded,
                    "prps_rt": share,
                }
                found.append((share, row))
    return _one_page(ask, [row for _, row in sorted(found, key=itemgetter(0))])


ANSWERS: Mapping[str, Callable[[Ask], Content]] = {
    "ka10011": _rights,
    "ka10044": _institution_trades,
    "ka10025": _walls,
    "ka10063": _intraday_investors,
    "ka10066": _closing_investors,
}
