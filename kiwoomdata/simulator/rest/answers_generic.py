"""The answer to any TR from its entry alone: which rows there are; see ``cells`` for what stands in them.

What has no stock behind it (a theme, a product) moves as one that stands for it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from kiwoomdata import kinds
from kiwoomdata.calendar import nth_trading_day_before, trading_days
from kiwoomdata.entries.entry import Part
from kiwoomdata.simulator.market import sectors, universe
from kiwoomdata.simulator.market.intraday import Trade
from kiwoomdata.simulator.market.market import TALLIES
from kiwoomdata.simulator.market.universe import Board, Stock
from kiwoomdata.simulator.rest import bars
from kiwoomdata.simulator.rest.asking import Ask, Content
from kiwoomdata.simulator.rest.cells import (
    SUFFIXES,
    Subject,
    Values,
    against,
    flows_as_asked,
    row_of,
    word_of,
)
from kiwoomdata.simulator.rest.ranked import ranked
from kiwoomdata.simulator.rest.rankings import RANKINGS, theme_members
from kiwoomdata.simulator.rest.series import of_range

__all__ = ["answer"]

_THEMES = {
    "100": "반도체 장비",
    "141": "2차전지 소재",
    "152": "원자력",
    "161": "조선 기자재",
    "174": "방위산업",
    "205": "로봇",
    "231": "바이오시밀러",
    "310": "지주사",
}


def answer(ask: Ask) -> Content:
    """The page that the entry, the market and the request make."""
    part = ask.endpoint.rows
    flat = next((each for each in ask.endpoint.parts if each.key is None), None)
    listed = ask.stock if ask.endpoint.api_id in _OF_LISTS else None
    subject = _by_reference(ask, listed) if listed else Subject.of(ask)
    values = {} if flat is None else row_of(ask, flat, subject, 0)
    if part is None:
        return Content(flat=values)
    rows, key = _rows(ask, part)
    return Content(rows, values if rows or ask.stock else {}, key)


def _rows(ask: Ask, part: Part) -> tuple[list[Values], str]:
    dated = ask.endpoint.dated_by
    if dated is not None:
        subject = Subject.of(ask)
        if subject.stock is None:
            return [], ""
        if dated.kind is kinds.DATETIME:
            return bars.moments(ask, part, subject)
        return bars.days(ask, part, subject)
    names = {column.name for column in part.columns}
    if ask.symbol and ask.stock is None and not any(p.join for p in ask.endpoint.params):
        return [], ""
    joined = next((p for p in ask.endpoint.params if p.join), None)
    if joined is not None and joined.join is not None:
        return _written(ask, part, _asked(ask, ask.body[joined.key].split(joined.join)))
    if ask.endpoint.api_id == "ka10061" and ask.stock:
        return _written(ask, part, [replace(Subject.of(ask), more=of_range(ask, ask.stock))])
    if ask.endpoint.api_id == "ka10064" and ask.stock:
        return _written(ask, part, _tallies(ask))
    if "time" in names and ask.stock:
        return _written(ask, part, _trades(ask))
    if ask.endpoint.api_id in RANKINGS:
        return _written(ask, part, ranked(ask, RANKINGS[ask.endpoint.api_id]))
    if "code" in names and not ask.symbol:
        return _written(ask, part, _listing(ask))
    if "sector" in names:
        return _written(ask, part, _sectors(ask))
    if "theme" in names:
        return _written(ask, part, _themes(ask))
    if "foreign_sell_code" in names:
        return _written(ask, part, _places(ask))
    if "broker" in names and not ask.symbol and ask.endpoint.param("broker") is None:
        each = universe.BROKERS.items()
        return _written(ask, part, [Subject.standing_for(ask, *broker) for broker in each])
    return _written(ask, part, [Subject.of(ask)])


_OF_LISTS = ("ka10099", "ka10100", "kt20016")  # what stocks there are, at any hour of a day
_IN_ONE_PAGE = ("ka10099", "ka10101", "ka10102")  # 2,474 stocks in one answer (live, 2026)


def _written(ask: Ask, part: Part, subjects: Sequence[Subject]) -> tuple[list[Values], str]:
    numbered = list(enumerate(subjects))
    page, key = (numbered, "") if ask.endpoint.api_id in _IN_ONE_PAGE else ask.page_by_count(numbered)
    return [row_of(ask, part, subject, number) for number, subject in page], key


def _asked(ask: Ask, codes: Sequence[str]) -> list[Subject]:
    found = []
    for code in codes:
        one = replace(ask, body={**ask.body, "stk_cd": code})
        found.append(replace(Subject.of(one), code=code))
    return found


def _listing(ask: Ask) -> list[Subject]:
    """The stocks of the market asked for, those of both where it names none."""
    word = word_of(ask, "market")
    boards: Mapping[str, Board] = {"kospi": "kospi", "kosdaq": "kosdaq"}
    listed = _by_reference if ask.endpoint.api_id in _OF_LISTS else Subject.listed
    known = word in (*boards, "all", "", "etf", "reit")
    stocks = ask.market.stocks(boards.get(word)) if known else []
    asked = ask.endpoint.as_of and ask.body.get(ask.endpoint.as_of) and word_of(ask, "dated") != "no"
    day = ask.day(ask.endpoint.as_of or "")
    found = []
    for stock in stocks:
        if word not in ("etf", "reit") or stock.security == word:
            subject = listed(ask, stock)
            row = ask.market.day(stock.symbol, day, ask.venue) if asked else subject.day
            found.append(replace(subject, day=row))
    return [subject for subject in found if subject.day is not None or subject.more]


def _by_reference(ask: Ask, stock: Stock) -> Subject:
    """A stock as a list knows it at any hour of the day: nothing of the session is drawn for it."""
    close, shares = ask.market.reference(stock.symbol) or (None, None)
    if close is None:
        return Subject(stock.symbol, stock.name, stock, ask.venue)
    more = {"previous_close": close, "listed_shares": shares, "substitute_price": close * 8 // 10}
    return Subject(stock.symbol, stock.name, stock, ask.venue, None, more)


def _tallies(ask: Ask) -> list[Subject]:
    """What investor classes had done by each moment at which they are counted."""
    subject, market, found = Subject.of(ask), ask.market, []
    for at in TALLIES:
        day = market.snapshot(ask.symbol, at, ask.venue)
        if day is not None and (market.moment is None or at <= market.moment):
            told = {f"{name}_as_served": net for name, net in flows_as_asked(ask, day).items()}
            found.append(replace(subject, day=day, more={"time": at, **told}))
    return found


def _themes(ask: Ask) -> list[Subject]:
    """The themes, or those of a stock; each moves as its stocks do on average, the best first."""
    listed, found = ask.market.stocks(), []
    for code, name in _THEMES.items():
        members = theme_members(code, listed)
        days = [day for stock in members if (day := ask.market.snapshot(stock.symbol, venue=ask.venue))]
        if not days or (ask.stock and ask.stock not in members):
            continue
        moved = round(sum(day.change_rate for day in days) / len(days), 2)
        more = {
            "stocks": len(members),
            "change_pct": moved,
            "direction": "3" if not moved else "2" if moved > 0 else "5",
            "rising": sum(day.change > 0 for day in days),
            "falling": sum(day.change < 0 for day in days),
            "main_stocks": ", ".join(stock.name for stock in members[:2]),
        }
        found.append(Subject(code, name, members[0], ask.venue, None, more))
    return sorted(found, key=lambda theme: -theme.more["change_pct"])


def _places(ask: Ask) -> list[Subject]:
    """The biggest net sellers and buyers among foreigners and institutions, side by side."""
    shares = word_of(ask, "measure") == "shares"
    rows: list[Values] = [{} for _ in range(25)]  # live, 2026
    listing = [subject for subject in _listing(ask) if subject.day]
    for who in ("foreign", "institution"):
        nets = [(each, each.day.flows.of(who)) for each in listing if each.day]
        nets.sort(key=lambda each: each[1].net if shares else each[1].net_amount)
        for side, ranked_ in (("sell", nets), ("buy", nets[::-1])):
            for row, (each, sides) in zip(rows, ranked_, strict=False):
                row |= {
                    f"{who}_{side}_code": each.code,
                    f"{who}_{side}_name": each.name,
                    f"{who}_{side}_net_buy_value": sides.net_amount,
                    f"{who}_{side}_net_buy": sides.net,
                }
    return [replace(each, more=row) for each, row in zip(listing, rows, strict=False)]


def _sectors(ask: Ask) -> list[Subject]:
    asked = ask.endpoint.as_of and ask.body.get(ask.endpoint.as_of)
    day = ask.day(ask.endpoint.as_of or "")
    if asked and not trading_days(day, day):
        return []
    word = word_of(ask, "market")
    found = []
    board: Board = "kosdaq" if word == "kosdaq" else "kospi"
    for code, name, _ in sectors.sectors(board):
        subject = Subject.standing_for(ask, code, name)
        assert subject.stock is not None
        row = ask.market.day(subject.stock.symbol, day)
        if row is not None or not asked:
            told = code + SUFFIXES[ask.venue]
            found.append(replace(subject, code=told, day=row, more={"sector": told}))
    return found


def _trades(ask: Ask) -> list[Subject]:
    """A stock's trades of today, or of the trading day before, the newest first."""
    subject, day = Subject.of(ask), ask.market.session_day
    if word_of(ask, "day") == "previous":
        day = nth_trading_day_before(day, 1)
        subject = replace(subject, day=ask.market.day(ask.symbol, day, ask.venue))
    return [
        replace(subject, more=_of_trade(ask, subject, each))
        for each in ask.market.ticks(ask.symbol, day, ask.venue)
    ][::-1]


def _of_trade(ask: Ask, subject: Subject, trade: Trade) -> Values:
    before = subject.day.previous_close if subject.day else trade.price
    return {
        "time": trade.time,
        **against(trade.price, before),
        "quantity": trade.quantity * trade.aggressor,
        "volume": trade.volume,
        "cumulative_volume": trade.volume,
        "cumulative_value": trade.value,
        "venue": trade.venue,
    }
