"""The TRs about program trading, of a market and of a stock: values by the API's keys."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date, datetime, time
from itertools import accumulate, pairwise
from typing import Any, NamedTuple

from kiwoomdata.calendar import last_trading_day, nth_trading_day_before
from kiwoomdata.kinds import VENUE, encode
from kiwoomdata.simulator.market.daily import Day, Venue
from kiwoomdata.simulator.market.flows import Sides
from kiwoomdata.simulator.market.numbers import direction, rate
from kiwoomdata.simulator.market.program import MarketProgram
from kiwoomdata.simulator.market.universe import Board
from kiwoomdata.simulator.rest.answers_stock import YEAR, flag, net_millions
from kiwoomdata.simulator.rest.asking import Ask, Content
from kiwoomdata.simulator.rest.writing import MILLION, THOUSAND, Coloured, rounded

__all__ = ["ANSWERS"]

Row = dict[str, Any]

# Program trading of a market


def _market_by_time(ask: Ask) -> Content:
    board, venue = _market_of(ask.body["mrkt_tp"])
    day = _day_asked(ask)
    rows = ask.market.program_day_minutes(board, day, venue)
    before = _index_before(ask, day, day)
    page, key = ask.page_by_count(rows[::-1])
    return Content([{"cntr_tm": row.time, **_market_program(row, before)} for row in page], next_key=key)


def _market_by_day(ask: Ask) -> Content:
    board, venue = _market_of(ask.body["mrkt_tp"])
    page, key = ask.page_by_date(
        lambda since, until: ask.market.program_days(board, since, until, venue), _day_asked(ask)
    )
    if not page:
        return Content()
    before = _index_before(ask, page[-1].date, page[0].date)
    midnight = time()
    rows = [{"cntr_tm": datetime.combine(row.date, midnight), **_market_program(row, before)} for row in page]
    return Content(rows, next_key=key)


def _day_asked(ask: Ask) -> date:
    """A weekend or holiday is answered with the session before it, as ka90013 does (observed 2026-07-26)."""
    asked = ask.day("date")
    ignored = ask.switches.ignore_program_date and asked == last_trading_day(asked)
    return ask.market.session_day if ignored else last_trading_day(asked)


def _market_of(code: str) -> tuple[Board, Venue]:
    """``P00101`` is KOSPI at KRX, ``P101_NX02`` KOSDAQ at NXT: the last digit and the middle say it."""
    venue: Venue = "nxt" if "_NX" in code else "all" if "_AL" in code else "krx"
    return "kosdaq" if code.endswith("2") else "kospi", venue


def _index_before(ask: Ask, since: date, until: date) -> dict[date, float]:
    return {row.date: row.previous_close for row in ask.market.index_days(since, until)}


def _market_program(row: MarketProgram, before: Mapping[date, float]) -> Row:
    """Each number is rounded by itself, so that nets and totals may differ by one from what they are of.

    Observed 2026-07: they do in 28 of 100 rows; 404,333 less 447,085 is written as -42,751.
    """
    values: Row = {
        "kospi200": Coloured(row.kospi200, before.get(row.date, row.kospi200)) if row.kospi200 else 0,
        "basis": row.basis,
    }
    for prefix, sides in (("dfrt_trde", row.arbitrage), ("ndiffpro_trde", row.non_arbitrage)):
        values |= _three(sides, prefix)
        values |= {
            f"{prefix}_sell_qty": rounded(sides.sell, THOUSAND),
            f"{prefix}_buy_qty": rounded(sides.buy, THOUSAND),
            f"{prefix}_netprps_qty": rounded(sides.net, THOUSAND),
        }
    return values | _three(row.total, "all")


def _three(sides: Sides, prefix: str) -> Row:
    return {
        f"{prefix}_sel": rounded(sides.sell_amount, MILLION),
        f"{prefix}_buy": rounded(sides.buy_amount, MILLION),
        f"{prefix}_netprps": rounded(sides.net_amount, MILLION),
    }


def _arbitrage_balance(ask: Ask) -> Content:
    until = ask.day("date")
    page, key = ask.page_by_date(ask.market.arbitrage_balances, until, oldest=until - YEAR)
    rows = [
        {
            "dt": row.date,
            "buy_dfrt_trde_qty": row.buy_quantity,
            "buy_dfrt_trde_amt": row.buy_amount,
            "buy_dfrt_trde_irds_amt": row.buy_change,
            "sel_dfrt_trde_qty": row.sell_quantity,
            "sel_dfrt_trde_amt": row.sell_amount,
            "sel_dfrt_trde_irds_amt": row.sell_change,
        }
        for row in page
    ]
    return Content(rows, next_key=key)


def _cumulative(ask: Ask) -> Content:
    """From the day asked for to the latest one, a year at most, summed up from the first.

    In the printed example the rows are half a year newer than the date asked, and the guide allows a date
    of up to one year before the end: it is where the sums begin. Each of the three is rounded by itself and
    summed as written: 8,444 and 36,403 make 44,846 there, and all sums are exact.
    """
    board: Board = "kosdaq" if ask.body["mrkt_tp"] == "1" else "kospi"
    amounts, until = ask.body["amt_qty_tp"] == "1", ask.market.session_day
    begin = max(ask.day("date"), until - YEAR)
    days = ask.market.program_days(board, begin, until, ask.venue)
    nets = [
        tuple(_net(sides, amounts) for sides in (day.arbitrage, day.non_arbitrage, day.total)) for day in days
    ]
    sums = accumulate(nets, lambda old, new: tuple(a + b for a, b in zip(old, new, strict=True)))
    everything = [_Cumulative(*each) for each in zip(days, nets, sums, strict=True)]
    page, key = ask.page_by_date(
        lambda since, last: [each for each in everything if since <= each.date <= last],
        until,
        oldest=begin,
    )
    before = _index_before(ask, page[-1].date, page[0].date) if page else {}
    rows = []
    for each in page:
        row: Row = {
            "dt": each.date,
            "kospi200": Coloured(each.day.kospi200, before[each.date]),
            "basis": each.day.basis,
        }
        for prefix, today, total in zip(
            ("dfrt_trde", "ndiffpro_trde", "all"), each.net, each.total, strict=True
        ):
            row |= {f"{prefix}_tdy": today, f"{prefix}_acc": total}
        rows.append(row)
    return Content(rows, next_key=key)


def _net(sides: Sides, amounts: bool) -> int:
    return rounded(sides.net_amount, MILLION) if amounts else rounded(sides.net, THOUSAND)


class _Cumulative(NamedTuple):
    day: MarketProgram
    net: tuple[int, ...]
    total: tuple[int, ...]

    @property
    def date(self) -> date:
        return self.day.date


# Program trading of a stock


def _stock_by_time(ask: Ask) -> Content:
    """Of the latest session, whatever day is asked for (observed 2026-08: three dates gave the same)."""
    day = ask.market.day(ask.symbol, ask.market.session_day, ask.venue)
    if day is None:
        return Content()
    before = day.previous_close
    minutes = ask.market.program_minutes(ask.symbol, day.date, ask.venue)
    programs = _stock_program([minute.program for minute in minutes], Sides())
    rows = [
        {
            "tm": minute.time,
            "cur_prc": Coloured(minute.price, before),
            "pre_sig": str(direction(minute.price, before)),
            "pred_pre": minute.price - before,
            "flu_rt": rate(minute.price - before, before),
            "trde_qty": minute.volume,
            **program,
            "stex_tp": encode(VENUE, ask.venue),
        }
        for minute, program in zip(minutes, programs, strict=True)
    ]
    page, key = ask.page_by_count(rows[::-1])
    return Content(list(page), next_key=key)


def _stock_by_day(ask: Ask) -> Content:
    def fetch(since: date, until: date) -> list[_DayAndBefore]:
        days = ask.days(nth_trading_day_before(since, 1), until)
        pairs = map(_DayAndBefore, days, [None, *days])
        return [pair for pair in pairs if since <= pair.date]

    page, key = ask.page_by_date(fetch, ask.day("date"))
    rows = []
    for day, before in page:
        (program,) = _stock_program([day.program], before.program if before else Sides())
        traded = day.volume > 0
        rows.append(
            {
                "dt": day.date,
                # A day without trading holds zeros (the vendor's example, 2024-11-22).
                "cur_prc": Coloured(day.close, day.previous_close) if traded else "0",
                "pre_sig": flag(day),
                "pred_pre": day.change,
                "flu_rt": day.change_rate,
                "trde_qty": day.volume,
                **program,
                "stex_tp": encode(VENUE, ask.venue),
            }
        )
    return Content(rows, next_key=key)


class _DayAndBefore(NamedTuple):
    day: Day
    before: Day | None

    @property
    def date(self) -> date:
        return self.day.date


def _stock_program(sides: Sequence[Sides], before: Sides) -> Iterator[Row]:
    """The program columns of each, ascending, with the change against the one before.

    Nets and changes are those of the numbers as written, so that they add up on the page as they do in
    the vendor's ka90008 example (10,773 less 14,245 is -3,472, which is +771 against -4,243).
    """
    for old, new in pairwise([before, *sides]):
        yield {
            "prm_sell_amt": rounded(new.sell_amount, MILLION),
            "prm_buy_amt": rounded(new.buy_amount, MILLION),
            "prm_netprps_amt": net_millions(new),
            "prm_netprps_amt_irds": net_millions(new) - net_millions(old),
            "prm_sell_qty": new.sell,
            "prm_buy_qty": new.buy,
            "prm_netprps_qty": new.net,
            "prm_netprps_qty_irds": new.net - old.net,
        }


ANSWERS: Mapping[str, Callable[[Ask], Content]] = {
    "ka90005": _market_by_time,
    "ka90006": _arbitrage_balance,
    "ka90007": _cumulative,
    "ka90008": _stock_by_time,
    "ka90010": _market_by_day,
    "ka90013": _stock_by_day,
}
