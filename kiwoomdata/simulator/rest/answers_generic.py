"""The answer to any TR from its entry alone: what its columns are called decides what stands in them.

A column by a name that the market knows (open, close, volume, change, net buying of a class …) says what
the market says, so that TRs agree with each other; any other is drawn by its kind, the same for the same
question always. What has no stock behind it (a sector, a theme, a product) moves as one that stands for it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time
from itertools import groupby
from random import Random
from typing import Any

from kiwoomdata import kinds
from kiwoomdata.calendar import period_end, period_start, trading_days
from kiwoomdata.entries.entry import Column, Endpoint, Part
from kiwoomdata.simulator.market import universe
from kiwoomdata.simulator.market.daily import Day, Venue
from kiwoomdata.simulator.market.flows import INVESTORS, Sides
from kiwoomdata.simulator.market.intraday import Trade
from kiwoomdata.simulator.market.numbers import direction, price_limits, rate
from kiwoomdata.simulator.market.universe import Board, Stock
from kiwoomdata.simulator.rest.asking import DAY, Ask, Page
from kiwoomdata.simulator.rest.writing import Coloured

__all__ = ["answer"]

Values = dict[str, Any]
"""What stands in a row, by our names of the columns."""

_LONGEST = {"day": 1, "week": 7, "month": 31, "year": 366}
_REACH = {True: 365, False: 10}
"""Days that bars of minutes (about a year, live 2026) and of trades reach back."""
_DAYS_A_PAGE = 15
"""A page of long bars ends early: the trades of each of its days are drawn one by one."""
_SUFFIX: Mapping[Venue, str] = {"krx": "", "nxt": "_NX", "all": "_AL"}
_SECTORS: Mapping[str, tuple[tuple[str, str], ...]] = {
    "kospi": (
        ("001", "종합(KOSPI)"),
        ("002", "대형주"),
        ("003", "중형주"),
        ("004", "소형주"),
        ("013", "전기·전자"),
    ),
    "kosdaq": (("101", "종합(KOSDAQ)"), ("138", "KOSDAQ 100"), ("142", "KOSDAQ 벤처")),
}
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
_CLASSES = {*INVESTORS, "institution"} - {"other_corporation"}


def answer(ask: Ask) -> Page:
    """The page that the entry, the market and the request make."""
    part = ask.endpoint.rows
    flat = next((each for each in ask.endpoint.parts if each.key is None), None)
    values = {} if flat is None else _row(ask, flat, _Subject.of(ask), 0)
    if part is None:
        return Page(flat=values)
    rows, key = _rows(ask, part)
    return Page(rows, values if rows or ask.stock else {}, key)


@dataclass(frozen=True)
class _Subject:
    """What a row is about: a stock, or what a stock stands for."""

    code: str
    name: str
    stock: Stock | None
    venue: Venue
    day: Day | None = None
    more: Mapping[str, Any] = field(default_factory=dict)
    """Values of this row that go before those of the day: a bar's, a trade's."""

    @classmethod
    def of(cls, ask: Ask) -> _Subject:
        """What the request names: its stock, or the one that stands for its code."""
        if ask.symbol:
            return cls.listed(ask, ask.stock) if ask.stock else cls(ask.symbol, "", None, ask.venue)
        code = next((ask.body[p.key] for p in ask.endpoint.params if p.pattern and p.key in ask.body), "")
        return cls.standing_for(ask, code, code)

    @classmethod
    def listed(cls, ask: Ask, stock: Stock) -> _Subject:
        day = ask.market.snapshot(stock.symbol, venue=ask.venue)
        return cls(stock.symbol, stock.name, stock, ask.venue, day)

    @classmethod
    def standing_for(cls, ask: Ask, code: str, name: str) -> _Subject:
        known = [
            stock for stock in ask.market.stocks() if stock.listed_from.year < 2000 and not stock.halted_from
        ]
        stock = known[Random(f"{ask.market.seed}:{code}").randrange(len(known))]
        return replace(cls.listed(ask, stock), code=code, name=name)


# --- which rows ----------------------------------------------------------------------------------


def _rows(ask: Ask, part: Part) -> tuple[list[Values], str]:
    dated = ask.endpoint.dated_by
    if dated is not None:
        subject = _Subject.of(ask)
        if subject.stock is None:
            return [], ""
        if dated.kind is kinds.DATETIME:
            return _moments(ask, part, subject)
        return _days(ask, part, subject)
    names = {column.name for column in part.columns}
    if ask.symbol and ask.stock is None and not any(p.join for p in ask.endpoint.params):
        return [], ""
    joined = next((p for p in ask.endpoint.params if p.join), None)
    if joined is not None and joined.join is not None:
        return _written(ask, part, _asked(ask, ask.body[joined.key].split(joined.join)))
    if names & {"time", "trigger_time"} and ask.stock:
        return _written(ask, part, _trades(ask))
    if "code" in names and not ask.symbol:
        few = 5 if "trigger_time" in names else None  # not every stock is interrupted every day
        return _written(ask, part, _listing(ask, few))
    if "sector" in names:
        return _written(ask, part, _sectors(ask))
    for name, listed in (("theme", _THEMES), ("broker", universe.BROKERS)):
        if name in names and not ask.symbol and ask.endpoint.param(name) is None:
            return _written(ask, part, [_Subject.standing_for(ask, *each) for each in listed.items()])
    return _written(ask, part, [_Subject.of(ask)])


def _written(ask: Ask, part: Part, subjects: Sequence[_Subject]) -> tuple[list[Values], str]:
    numbered = list(enumerate(subjects))
    page, key = ask.page_by_count(numbered)
    return [_row(ask, part, subject, number) for number, subject in page], key


def _asked(ask: Ask, codes: Sequence[str]) -> list[_Subject]:
    found = []
    for code in codes:
        one = replace(ask, body={**ask.body, "stk_cd": code})
        found.append(replace(_Subject.of(one), code=code))
    return found


def _listing(ask: Ask, most: int | None = None) -> list[_Subject]:
    """The stocks of the market asked for, those of both where it names none."""
    param = ask.endpoint.param("market")
    word = (
        next((w for w, code in param.choices.items() if code == ask.body.get(param.key)), "") if param else ""
    )
    boards: Mapping[str, Board] = {"kospi": "kospi", "kosdaq": "kosdaq"}
    etf = word == "etf"
    known = word in (*boards, "all", "", "etf")
    stocks = ask.market.stocks(boards.get(word)) if known else []
    asked = ask.endpoint.as_of and ask.body.get(ask.endpoint.as_of)
    day = ask.day(ask.endpoint.as_of or "")
    found = []
    for stock in stocks[:most]:
        if not etf or stock.etf:
            subject = _Subject.listed(ask, stock)
            row = ask.market.day(stock.symbol, day, ask.venue) if asked else subject.day
            found.append(replace(subject, day=row))
    return [subject for subject in found if subject.day is not None]


def _sectors(ask: Ask) -> list[_Subject]:
    asked = ask.endpoint.as_of and ask.body.get(ask.endpoint.as_of)
    day = ask.day(ask.endpoint.as_of or "")
    if asked and not trading_days(day, day):
        return []
    param = ask.endpoint.param("market")
    word = (
        next((w for w, code in param.choices.items() if code == ask.body.get(param.key)), "") if param else ""
    )
    found = []
    for code, name in _SECTORS.get(word, _SECTORS["kospi"]):
        subject = _Subject.standing_for(ask, code, name)
        assert subject.stock is not None
        row = ask.market.day(subject.stock.symbol, day)
        if row is not None:
            found.append(replace(subject, code=code + _SUFFIX[ask.venue], day=row))
    return found


def _trades(ask: Ask) -> list[_Subject]:
    """A stock's trades of today, the newest first."""
    subject = _Subject.of(ask)
    return [
        replace(subject, more=_of_trade(ask, subject, each))
        for each in ask.market.ticks(ask.symbol, venue=ask.venue)
    ][::-1]


def _of_trade(ask: Ask, subject: _Subject, trade: Trade) -> Values:
    before = subject.day.previous_close if subject.day else trade.price
    return {
        "time": trade.time,
        **_against(trade.price, before),
        "quantity": trade.quantity * trade.aggressor,
        "volume": trade.volume,
        "cumulative_volume": trade.volume,
        "cumulative_value": trade.value,
        "venue": trade.venue,
    }


# --- bars ----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Bar:
    """What traded in a period; dated by its first trading day."""

    date: date
    days: tuple[Day, ...]

    @property
    def values(self) -> Values:
        first, last = self.days[0], self.days[-1]
        volume = sum(day.volume for day in self.days)
        return {
            **_against(last.close, first.previous_close),
            "date": self.date,
            "open": Coloured(first.open, first.previous_close),
            "high": Coloured(max(day.high for day in self.days), first.previous_close),
            "low": Coloured(min(day.low for day in self.days), first.previous_close),
            "volume": volume,
            "value": sum(day.value for day in self.days),
            "turnover_pct": rate(volume, last.listed_shares),
        }


def _days(ask: Ask, part: Part, subject: _Subject) -> tuple[list[Values], str]:
    endpoint, stock = ask.endpoint, subject.stock
    assert endpoint.walk is not None
    assert stock is not None
    until = ask.day(endpoint.walk.until or "")
    oldest = ask.day(endpoint.walk.since) if endpoint.walk.since else None
    as_of = _as_of(ask, until)

    def bars(since: date, last: date) -> list[_Bar]:
        first = period_start(since, endpoint.period)
        # A bar is whole even where the day asked lies inside it.
        end = min(period_end(last, endpoint.period), ask.market.today) if endpoint.period != "day" else last
        days = ask.market.days(stock.symbol, max(first, ask.market.first_day), end, ask.venue, as_of)
        return [_Bar(rows[0].date, tuple(rows)) for rows in _periods(endpoint, days) if rows[0].date <= last]

    page, key = ask.page_by_date(bars, until, oldest=oldest, span=_LONGEST[endpoint.period])
    rows = []
    for bar in page:
        one = replace(subject, day=bar.days[-1], more=bar.values)
        rows.append(_row(ask, part, one, bar.date.toordinal()))
    return rows, key


def _periods(endpoint: Endpoint, days: Sequence[Day]) -> Iterator[list[Day]]:
    for _, rows in groupby(days, lambda day: period_start(day.date, endpoint.period)):
        yield list(rows)


def _as_of(ask: Ask, until: date) -> date | None:
    """In the shares of which day prices are: of the day asked, where adjusted ones are asked for."""
    param = ask.endpoint.param("adjusted")
    if param is not None:
        return until if ask.body.get(param.key) == param.choices["adjusted"] else None
    return ask.market.today if ask.switches.rebased else None


def _moments(ask: Ask, part: Part, subject: _Subject) -> tuple[list[Values], str]:
    """Bars of minutes or of trades, the newest first. The key says which day, and how many of it went."""
    assert subject.stock is not None
    day, sent = ask.day_and_count_of_key() or (ask.market.session_day, 0)
    interval = next((ask.body.get(p.key) for p in ask.endpoint.params if p.name == "interval"), None) or "1"
    param = ask.endpoint.param("interval")
    by_time = param is None or next(iter(param.choices)).endswith("m")
    floor = max(ask.market.first_day, ask.market.today - _REACH[by_time] * DAY)
    rows: list[Values] = []
    days = trading_days(floor, day)[::-1]
    for at, each in enumerate(days):
        bars = _bars_of(ask, subject, each, int(interval), by_time)[::-1]
        for number, values in list(enumerate(bars, 1))[sent:]:
            one = replace(subject, day=None, more=values)
            rows.append(_row(ask, part, one, each.toordinal() * 100_000 + number))
            if len(rows) == ask.page_rows:
                last = number == len(bars) and at == len(days) - 1
                return rows, "" if last else ask.key_of_count(each, number)
        sent = 0
        if rows and at == _DAYS_A_PAGE and at < len(days) - 1:
            return rows, ask.key_of_count(each, len(bars))
    return rows, ""


def _bars_of(ask: Ask, subject: _Subject, day: date, size: int, by_time: bool) -> list[Values]:
    assert subject.stock is not None
    market, symbol = ask.market, subject.stock.symbol
    adjusted = market.days(symbol, day, day, ask.venue, _as_of(ask, market.today))
    raw = market.day(symbol, day, ask.venue)
    trades = market.ticks(symbol, day, ask.venue)
    if not adjusted or raw is None or not trades:
        return []
    row = adjusted[0]
    ratio = row.listed_shares // raw.listed_shares  # of the splits since then

    def start(at: time) -> time:
        minutes = (at.hour * 60 + at.minute) // size * size
        return time(minutes // 60, minutes % 60)

    if by_time:
        groups = [(when, list(each)) for when, each in groupby(trades, lambda trade: start(trade.time))]
    else:
        cut = [trades[n : n + size] for n in range(0, len(trades), size)]
        groups = [(each[-1].time, each) for each in cut]
    found = []
    for when, each in groups:
        prices = [round(trade.price / ratio) for trade in each]
        found.append(
            {
                **_against(prices[-1], row.previous_close),
                "time": datetime.combine(day, when),
                "open": Coloured(prices[0], row.previous_close),
                "high": Coloured(max(prices), row.previous_close),
                "low": Coloured(min(prices), row.previous_close),
                "volume": sum(trade.quantity for trade in each),
                "cumulative_volume": each[-1].volume,
                "value": sum(trade.quantity * trade.price for trade in each),
                "last_tick_count": str(len(each)),
            }
        )
    return found


# --- what stands in a row --------------------------------------------------------------------------


def _row(ask: Ask, part: Part, subject: _Subject, number: int) -> Values:
    """The values of a row by the API's keys."""
    if subject.stock is None or (subject.day is None and not subject.more):
        return {}  # a code that nobody has keeps its place as a blank row
    known = _known(ask, subject, number)
    columns = {column.key: column for column in part.columns}.values()
    values = {
        column.name: _in_points(known[column.name], column)
        if column.name in known
        else _drawn(ask, subject, column, number)
        for column in columns
    }
    for name in values:
        buy, sell = name.replace("net_buy", "buy"), name.replace("net_buy", "sell")
        if name == "release_time" and values.get("trigger_time"):
            begun = values["trigger_time"]
            values[name] = begun.replace(
                minute=(begun.minute + 2) % 60, hour=begun.hour + (begun.minute + 2) // 60
            )
        if "net_buy" in name and name not in known and {buy, sell} <= values.keys():
            values[name] = values[buy] - values[sell]
    return {column.key: _as_code(ask, values[column.name], column) for column in columns}


def _as_code(ask: Ask, value: Any, column: Column) -> Any:
    if column.kind is kinds.DATETIME and isinstance(value, time):
        return datetime.combine(ask.market.session_day, value, kinds.KST)
    coded = (kinds.WARNING, kinds.BROKER_SIDE, kinds.RANK_MOVE)
    return kinds.encode(column.kind, value) if column.kind in coded else value


def _in_points(value: Any, column: Column) -> Any:
    """What stands for an index has a price: a point is a hundred won."""
    if column.unit.name != "points" or not isinstance(value, Coloured | int):
        return value
    return Coloured(*(each / 100 for each in value)) if isinstance(value, Coloured) else value / 100


def _known(ask: Ask, subject: _Subject, number: int) -> Values:
    """All that the market says of a subject, by our names."""
    values: Values = {
        "code": subject.code,
        "symbol": subject.code,
        "sector": subject.code,
        "theme": subject.code,
        "name": subject.name,
        "rank": number + 1,
        "venue": subject.venue,
        "time": ask.market.now or time(15, 30),
        "answer": "신용융자가 가능한 종목입니다",
    }
    day, stock = subject.day, subject.stock
    if stock is not None:
        values |= {
            "listing_date": stock.listed_from,
            "market": "거래소" if stock.board == "kospi" else "코스닥",
            "market_code": "8" if stock.etf else "0" if stock.board == "kospi" else "10",
            "on_nxt": stock.on_nxt,
            "warning": "none",
            "kind": "A",
            "audit_state": "정상",
        }
    if day is not None:
        values |= _of_day(day) | _flows(ask, day)
    if subject.code in universe.BROKERS:
        values["broker"] = subject.code
    if subject.more:
        values |= subject.more
    for name in ("close", "index", "price"):
        values.setdefault(name, values.get("price"))
    if values.get("venue") in _SUFFIX:
        values["venue"] = kinds.encode(kinds.VENUE, values["venue"])
    return {name: value for name, value in values.items() if value is not None}


def _of_day(day: Day) -> Values:
    up, down = price_limits(day.previous_close)
    return {
        "date": day.date,
        **_against(day.close, day.previous_close),
        "open": Coloured(day.open, day.previous_close),
        "high": Coloured(day.high, day.previous_close),
        "low": Coloured(day.low, day.previous_close),
        "base_price": day.previous_close,
        "previous_close": day.previous_close,
        "upper_limit": Coloured(up, day.previous_close),
        "lower_limit": Coloured(down, day.previous_close),
        "volume": day.volume,
        "value": day.value,
        "strength": day.strength,
        "turnover_pct": rate(day.volume, day.listed_shares),
        "listed_shares": day.listed_shares,
        "market_cap": day.listed_shares * day.close,
        "foreign_holding_pct": day.foreign_ratio,
        "foreign_limit_used_pct": day.foreign_ratio,
    }


def _against(price: int, before: int) -> Values:
    """A price and how it stands to the close before; ``0`` stands where nothing is known to compare with."""
    coloured = Coloured(price, before)
    return {
        "price": coloured,
        "close": coloured,
        "index": coloured,
        "change": price - before,
        "change_pct": rate(price - before, before),
        "direction": str(direction(price, before)),
    }


def _flows(ask: Ask, day: Day) -> Values:
    """The investor classes, as the request measures them and of the side that it asks for."""
    wanted = _measured(ask)
    values: Values = {}
    for name in _CLASSES:
        sides = day.flows.of(name)
        values[name] = wanted(sides)
        values |= {f"{name}_net_buy": sides.net, f"{name}_net_buy_value": sides.net_amount}
    values["securities"], values["merchant_bank"] = values["financial_investment"], values["other_financial"]
    # The market's other corporations hold the domestic foreigners as well: a third of them here.
    both = wanted(day.flows.of("other_corporation"))
    values["domestic_foreigner"] = both // 3
    values["other_corporation"] = both - both // 3
    return values


def _measured(ask: Ask) -> Callable[[Sides], int]:
    def word(name: str) -> str:
        param = ask.endpoint.param(name)
        if param is None:
            return ""
        return next((w for w, code in param.choices.items() if code == ask.body.get(param.key)), "")

    side, value = word("side"), word("measure") == "value"
    if side == "buy":
        return lambda sides: sides.buy_amount if value else sides.buy
    if side == "sell":
        return lambda sides: sides.sell_amount if value else sides.sell
    return lambda sides: sides.net_amount if value else sides.net


def _drawn(ask: Ask, subject: _Subject, column: Column, number: int) -> Any:
    """A value of the column's kind, drawn by the market's seed and what the row is about."""
    market, kind, day = ask.market, column.kind, subject.day
    rng = Random(
        f"{market.seed}:{ask.endpoint.api_id}:{subject.code}:{market.session_day}:{number}:{column.key}"
    )
    price = day.close if day else 10_000
    volume = max(day.volume, 1_000) if day else 100_000
    if kind in (kinds.PRICE, kinds.PRICE_DECIMAL):
        return Coloured(max(1, round(price * rng.uniform(0.98, 1.02))), day.previous_close if day else price)
    if kind is kinds.INDEX:
        return round(price / 100 * rng.uniform(0.98, 1.02), 2)
    place = re.fullmatch("(?:buy|sell)_.*?([0-9])", column.name)
    if place and kind is kinds.FLOW:  # what was bought or sold; the first place has most
        return volume // 200 * (11 - int(place[1])) + rng.randint(1, max(1, volume // 1_000))
    if kind in (kinds.CHANGE, kinds.CHANGE_DECIMAL, kinds.FLOW):
        in_won = column.unit_for(ask.endpoint.flag_of(ask.body)).name == "KRW" and kind is kinds.FLOW
        return rng.randint(-volume // 100, volume // 100) * (price if in_won else 1)
    if kind in (kinds.SIDE, kinds.MAGNITUDE, kinds.QUANTITY):
        size = rng.randint(1, max(1, volume // 200))
        signed = any(
            c.key == column.key and c.kind is kinds.SIDE for p in ask.endpoint.parts for c in p.columns
        )
        return -size if signed and rng.random() < 0.5 else size
    if kind is kinds.AMOUNT:
        return rng.randint(1, max(1, volume // 200)) * price
    if kind is kinds.COUNT:
        return rng.randint(1, 30)
    if kind in (kinds.RATE, kinds.RATE_BY_POINT, kinds.BASIS):
        return round(rng.uniform(-5, 5), 2)
    if kind in (kinds.RATIO, kinds.SHARE):
        return round(rng.uniform(0, 100), 2)
    if kind is kinds.DATE:
        return market.session_day
    if kind in (kinds.TIME, kinds.EVENT_TIME):
        return time(9, rng.randint(0, 59), rng.randint(0, 59))
    if kind is kinds.DATETIME:
        return datetime.combine(market.session_day, time(9, rng.randint(0, 59)), kinds.KST)
    if kind.name == "direction":
        return str(rng.choice((2, 3, 5)))
    if kind is kinds.YES_NO:
        return rng.random() < 0.5
    if kind.dtype == kinds.WARNING.dtype or hasattr(kind.dtype, "categories"):
        return rng.choice(kind.dtype.categories.to_list())
    if kind is kinds.CODE and "broker" in column.name:
        return rng.choice(list(universe.BROKERS))
    if kind is kinds.NAME and "broker" in column.name:
        return rng.choice(list(universe.BROKERS.values()))
    return ""
