"""The TRs about the prices, the book and the investors of one stock: values by the API's keys."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date, time, timedelta
from itertools import accumulate
from typing import Any, NamedTuple

from kiwoomdata.calendar import OPEN, nth_trading_day_before, previous_trading_day
from kiwoomdata.kinds import VENUE, encode
from kiwoomdata.simulator.market.daily import Day, Venue
from kiwoomdata.simulator.market.flows import Sides
from kiwoomdata.simulator.market.numbers import direction, rate
from kiwoomdata.simulator.market.orderbook import BookSide, Level
from kiwoomdata.simulator.market.universe import FOREIGN_BROKERS
from kiwoomdata.simulator.rest.asking import DAY, Ask, Content
from kiwoomdata.simulator.rest.writing import MILLION, Coloured, rounded

__all__ = ["ANSWERS", "YEAR", "flag", "net_millions"]

Row = dict[str, Any]

YEAR = timedelta(days=365)
"""How far back those TRs reach that are asked without a first day. Nobody has reported it."""
AFTER_HOURS = time(16)
"""When trading at single prices begins."""


def flag(day: Day) -> str:
    """The direction's digit; 0 stands on rows without trading (the vendor's ka10045 and ka90013 examples)."""
    return str(day.sign) if day.volume else "0"


def net_millions(sides: Sides) -> int:
    """The net of the two amounts as they are written, in won."""
    return rounded(sides.buy_amount, MILLION) - rounded(sides.sell_amount, MILLION)


def _order_book(ask: Ask) -> Content:
    # The live server answers the first venue's book when all are asked for (2026-08-04).
    venue: Venue = "krx" if ask.venue == "all" else ask.venue
    book, before = ask.market.orderbook(ask.symbol, venue=venue), _previous_close(ask)
    if book is None or before is None:
        return Content()
    row: Row = {"bid_req_base_tm": book.time}
    for prefix, side in (("sel", book.asks), ("buy", book.bids)):
        for n, level in enumerate(side.levels, 1):
            first = n == 1
            row[f"{prefix}_fpr_bid" if first else f"{prefix}_{n}th_pre_bid"] = _level(level.price, before)
            row[f"{prefix}_fpr_req" if first else f"{prefix}_{n}th_pre_req"] = level.quantity
            row[f"{prefix}_{n}th_pre_req_pre"] = level.change
        row[f"tot_{prefix}_req"] = side.total
        row[f"tot_{prefix}_req_jub_pre"] = side.total_change
        row[f"ovt_{prefix}_req"] = side.after_hours
        row[f"ovt_{prefix}_req_pre"] = side.after_hours_change
    return Content(flat=row)


def _level(price: int, before: int) -> Coloured | str:
    return Coloured(price, before) if price else "0"


def _previous_close(ask: Ask) -> int | None:
    """The close that the session's prices are compared with."""
    session = ask.market.session_day
    rows = ask.market.days(ask.symbol, nth_trading_day_before(session, 1), session)
    if not rows:
        return None
    return rows[-1].previous_close if rows[-1].date == session else rows[-1].close


def _price_table(ask: Ask) -> Content:
    days, key = _days(ask, ask.market.session_day, oldest=ask.market.session_day - YEAR)
    lags, rows = _credit_lags(ask), [_bare_row(day) for day in days]
    if rows and not ask.next_key:
        rows[0] = _table_row(days[0], lags)  # all others are bare at the live server (2026)
    return Content(rows, next_key=key)


def _bare_row(day: Day) -> Row:
    return {"date": day.date, **_candle(day), "trde_qty": day.volume}


def _table_row(day: Day, lags: date) -> Row:
    return {
        **_bare_row(day),
        "pre": day.change,
        "flu_rt": day.change_rate,
        "trde_prica": day.value,
        "cntr_str": day.strength,
        "for_poss": day.foreign_ratio,
        "for_wght": day.foreign_ratio,
        "for_netprps": day.flows.foreign.net,
        "orgn_netprps": day.flows.institution.net,
        "ind_netprps": day.flows.individual.net,
        "crd_remn_rt": None if day.date >= lags else day.credit_ratio,
        "frgn": day.foreign_brokers,
        "prm": day.program.net,
    }


def _candle(day: Day) -> Row:
    """A day without trading is written in two ways: with zeros beside the close, or with the close in all."""
    before = day.previous_close
    if not day.volume and day.date.toordinal() % 2:
        return {**dict.fromkeys(("open_pric", "high_pric", "low_pric"), "0"), "close_pric": str(day.close)}
    return {
        "open_pric": Coloured(day.open, before),
        "high_pric": Coloured(day.high, before),
        "low_pric": Coloured(day.low, before),
        "close_pric": Coloured(day.close, before),
    }


def _credit_lags(ask: Ask) -> date:
    """The first day whose credit is not known yet: it comes a day or two late (reported 2026)."""
    return previous_trading_day(ask.market.session_day)


def _days(ask: Ask, until: date, *, oldest: date | None = None) -> tuple[list[Day], str]:
    return ask.page_by_date(ask.days, until, oldest=oldest)


def _session(ask: Ask) -> Content:
    day = ask.market.snapshot(ask.symbol, venue=ask.venue)
    if day is None:
        return Content()
    row = {
        "date": day.date,
        **_candle(day),
        "pre": day.change,
        "flu_rt": day.change_rate,
        "trde_qty": day.volume,
        "trde_prica": day.value,
        "cntr_str": day.strength,
    }
    return Content(flat=row)


def _quote_board(ask: Ask) -> Content:
    market, stock, venue = ask.market, ask.stock, ask.venue
    days = market.days(ask.symbol, nth_trading_day_before(market.session_day, 1), market.session_day, venue)
    book = market.orderbook(ask.symbol, venue=venue)
    if stock is None or book is None or not days or days[-1].date != market.session_day:
        return Content()
    day, trades = days[-1], market.ticks(ask.symbol, venue=venue)
    yesterday = days[-2] if len(days) > 1 else None
    before = day.previous_close
    row: Row = {
        "stk_cd": ask.body["stk_cd"],
        "stk_nm": stock.name,
        "date": day.date,
        "tm": trades[-1].time if trades else book.time,
        # Of both venues, the last trade of the day before, while the rate is on KRX's close (2026-08-04).
        "pred_close_pric": str(yesterday.close if yesterday and venue == "all" else before),
        "pred_trde_qty": yesterday.volume if yesterday else 0,
        "upl_pric": Coloured(day.limit_up, before),
        "lst_pric": Coloured(day.limit_down, before),
        "pred_trde_prica": yesterday.value if yesterday else 0,
        "flo_stkcnt": day.listed_shares,
        "cur_prc": Coloured(day.close, before),
        "smbol": flag(day),
        "flu_rt": day.change_rate,
        "pred_rt": float(day.change),  # printed with two decimals, although it is won
        "open_pric": Coloured(day.open, before),
        "high_pric": Coloured(day.high, before),
        "low_pric": Coloured(day.low, before),
        # The last quantity, the highest, the lowest and all counts are blank at the live server (2026-08).
        "trde_qty": day.volume,
        "trde_prica": day.value,
        "exp_cntr_pric": _level(book.expected_price, before),
        "exp_cntr_qty": book.expected_quantity,
        "exp_sel_pri_bid": _level(book.asks.levels[0].price, before),
        "exp_buy_pri_bid": _level(book.bids.levels[0].price, before),
        "trde_strt_dt": stock.listed_from,
        "exec_pric": 0.0,
        "tot_buy_req": book.bids.total,
        "tot_sel_req": book.asks.total,
    }
    return Content(flat={**row, **_board("sel", book.asks, before), **_board("buy", book.bids, before)})


def _board(prefix: str, side: BookSide, before: int) -> Row:
    row: Row = {}
    for n, level in enumerate(side.levels, 1):
        row[f"{prefix}_{n}bid"] = _level(level.price, before)
        row[f"{prefix}_{n}bid_req"] = level.quantity
        row[f"{prefix}_{n}bid_jub_pre"] = level.change
        row[f"lp{prefix}_{n}bid_req"] = level.lp_quantity
    return row


def _institution_trend(ask: Ask) -> Content:
    market, since, until = ask.market, ask.day("strt_dt"), ask.day("end_dt")
    days = ask.days(since, until)
    nets = [(day.flows.institution.net, day.flows.foreign.net) for day in days]
    if days and days[-1].date == market.session_day and market.running:
        nets[-1] = 0, 0  # until the session has ended (observed 2026-08-03)
    institution, foreign = (accumulate(net) for net in zip(*nets, strict=True)) if nets else ((), ())
    rows = [_Trend(*each) for each in zip(days, nets, institution, foreign, strict=True)]
    page, key = ask.page_by_date(_among(rows), until, oldest=since)
    averages: Mapping[str, Any] = {}
    if ask.stock:
        sides = ("orgn_prsm", "institution"), ("for_prsm", "foreign")
        averages = {
            # The two flags change nothing at the live server (2026).
            f"{prefix}_avg_pric": market.average_price(ask.symbol, since, until, investor) or 0
            for prefix, investor in sides
        }
    return Content([_trend_row(each) for each in page], averages, key)


class _Trend(NamedTuple):
    day: Day
    nets: tuple[int, int]
    institution: int
    foreign: int

    @property
    def date(self) -> date:
        return self.day.date


def _trend_row(each: _Trend) -> Row:
    day = each.day
    return {
        "dt": day.date,
        "close_pric": Coloured(day.close, day.previous_close),
        "pre_sig": flag(day),
        "pred_pre": day.change,
        "flu_rt": day.change_rate,
        "trde_qty": day.volume,
        "orgn_dt_acc": each.institution,
        "orgn_daly_nettrde_qty": each.nets[0],
        "for_dt_acc": each.foreign,
        "for_daly_nettrde_qty": each.nets[1],
        "limit_exh_rt": day.foreign_ratio,
    }


def _among(rows: Sequence[_Trend]) -> Callable[[date, date], list[_Trend]]:
    return lambda since, until: [row for row in rows if since <= row.date <= until]


def _strength_by_time(ask: Ask) -> Content:
    """A row for each minute, and without signs (live, 2026-07-29: 61,720,290 less 61,720,237 is its 53)."""
    before = _previous_close(ask) or 0
    minutes = ask.market.minute_strength(ask.symbol, venue=ask.venue)
    rows = [
        {
            "cntr_tm": minute.time,
            "cur_prc": Coloured(minute.price, before),
            "pred_pre": minute.price - before,
            "pred_pre_sig": str(direction(minute.price, before)),
            "flu_rt": rate(minute.price - before, before),
            "trde_qty": minute.volume - told,
            "acc_trde_prica": minute.value,
            "acc_trde_qty": minute.volume,
            "cntr_str": minute.strength,
            "cntr_str_5min": minute.average_5,
            "cntr_str_20min": minute.average_20,
            "cntr_str_60min": minute.average_60,
            "stex_tp": encode(VENUE, minute.venue),
        }
        for told, minute in zip((0, *(each.volume for each in minutes)), minutes, strict=False)
    ]
    page, key = ask.page_by_count(rows[::-1])
    return Content(list(page), next_key=key)


def _strength_by_day(ask: Ask) -> Content:
    days, key = _days(ask, ask.market.session_day, oldest=ask.market.session_day - YEAR)
    if not days:
        return Content()
    rows = ask.market.strengths(ask.symbol, days[-1].date, days[0].date, ask.venue)
    return Content(
        [
            {
                "dt": day.date,
                "cur_prc": Coloured(day.close, day.previous_close),
                "pred_pre_sig": flag(day),
                "pred_pre": day.change,
                "flu_rt": day.change_rate,
                # trde_qty is blank on every live row.
                "acc_trde_prica": day.value,
                "acc_trde_qty": day.volume,
                "cntr_str": day.strength,
                "cntr_str_5min": average_5,
                "cntr_str_20min": average_20,
                "cntr_str_60min": average_60,
            }
            for day, (_, average_5, average_20, average_60) in zip(days, rows[::-1], strict=True)
        ],
        next_key=key,
    )


def _broker_trend(ask: Ask) -> Content:
    days, key = _days(ask, ask.day("end_dt"), oldest=ask.day("strt_dt"))
    rows = []
    for day in days:
        brokers, code = ask.market.brokers(ask.symbol, day.date, ask.venue), ask.body["mmcm_cd"]
        abroad = [sides for each, sides in brokers.items() if each in FOREIGN_BROKERS]
        sides = Sides(*map(sum, zip(*abroad, strict=True))) if code == "0000" else brokers.get(code)
        if sides is None:
            return Content()  # no such member firm
        rows.append(
            {
                "dt": day.date,
                "cur_prc": Coloured(day.close, day.previous_close),
                "pre_sig": flag(day),
                "pred_pre": day.change,
                "flu_rt": day.change_rate,
                "acc_trde_qty": day.volume,
                "netprps_qty": sides.net,
                "buy_qty": sides.buy,
                "sell_qty": sides.sell,
            }
        )
    return Content(rows, next_key=key)


def _daily_prices(ask: Ask) -> Content:
    asked = ask.day("qry_dt")
    days, key = _days(ask, asked)
    if ask.venue == "nxt" and ask.stock and ask.stock.on_nxt and not key:
        # Past a stock's first day on NXT (observed 2026-05-11, 166 of 626 codes).
        key = ask.key_of(days[-1].date - DAY) if days else ask.key_again(asked)
    lags, amounts = _credit_lags(ask), ask.body["indc_tp"] == "1"
    return Content([_price_row(day, lags, amounts) for day in days], next_key=key)


def _price_row(day: Day, lags: date, amounts: bool) -> Row:
    def net(sides: Sides) -> int:
        return sides.net_amount if amounts else sides.net

    individual, institution = net(day.flows.individual), net(day.flows.institution)
    foreign = day.flows.foreign.net  # in shares whatever was asked: the exchange gives no amount
    credit = None if day.date >= lags else day.credit_ratio
    return {
        "date": day.date,
        **_candle(day),
        "pred_rt": day.change,
        "flu_rt": day.change_rate,
        "trde_qty": day.volume,
        "amt_mn": day.value,
        "crd_rt": credit,
        "ind": individual,
        "orgn": institution,
        "for_qty": foreign,
        "frgn": day.foreign_brokers_amount if amounts else day.foreign_brokers,
        "prm": net_millions(day.program) if amounts else day.program.net,
        "for_rt": day.foreign_ratio,
        "for_poss": day.foreign_ratio,
        "for_wght": day.foreign_ratio,
        "for_netprps": foreign,
        "orgn_netprps": institution,
        "ind_netprps": individual,
        "crd_remn_rt": credit,
    }


def _after_hours(ask: Ask) -> Content:
    session, book = ask.market.after_hours(ask.symbol), ask.market.orderbook(ask.symbol)
    today = ask.market.snapshot(ask.symbol)
    if session is None or book is None or today is None or ask.venue != "krx":
        return Content()
    silent = ask.stock is not None and ask.stock.on_nxt
    if silent:  # zeros for what NXT trades too, whatever it trades (live, August 2026: 606 of 606)
        none = BookSide((Level(),) * len(session.asks.levels), 0, 0, 0)
        session = session._replace(
            price=today.close, change=0, sign=0, change_rate=0.0, volume=0, asks=none, bids=none
        )
    now = ask.market.now
    before = now is not None and OPEN <= now < AFTER_HOURS
    row: Row = {
        "bid_req_base_tm": book.time if before else AFTER_HOURS,  # there it stays (live, August 2026)
        "ovt_sigpric_cur_prc": Coloured(session.price, today.close),
        "ovt_sigpric_pred_pre_sig": str(session.sign),
        "ovt_sigpric_pred_pre": session.change,
        "ovt_sigpric_flu_rt": session.change_rate,
        "ovt_sigpric_acc_trde_qty": session.volume,
    }
    for prefix, side, regular in (("sel", session.asks, book.asks), ("buy", session.bids, book.bids)):
        for n, level in enumerate(side.levels, 1):
            row[f"ovt_sigpric_{prefix}_bid_{n}"] = _level(level.price, today.close)
            row[f"ovt_sigpric_{prefix}_bid_qty_{n}"] = level.quantity
            row[f"ovt_sigpric_{prefix}_bid_jub_pre_{n}"] = level.change
        row[f"ovt_sigpric_{prefix}_bid_tot_req"] = side.total
        row[f"{prefix}_bid_tot_req"] = regular.total
        row[f"{prefix}_bid_tot_req_jub_pre"] = regular.total_change
        row[f"ovt_{prefix}_bid_tot_req"] = regular.after_hours
        row[f"ovt_{prefix}_bid_tot_req_jub_pre"] = regular.after_hours_change
    return Content(flat=row)


ANSWERS: Mapping[str, Callable[[Ask], Content]] = {
    "ka10004": _order_book,
    "ka10005": _price_table,
    "ka10006": _session,
    "ka10007": _quote_board,
    "ka10045": _institution_trend,
    "ka10046": _strength_by_time,
    "ka10047": _strength_by_day,
    "ka10078": _broker_trend,
    "ka10086": _daily_prices,
    "ka10087": _after_hours,
}
