"""What stands in a row: values by the API's keys, from the entry's columns and what the row is about.

A column by a name that the market knows (open, close, volume, change, net buying of a class …) says what
the market says, so that TRs agree with each other; any other is drawn by its kind, the same for the same
question always.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, time
from random import Random
from typing import Any

from kiwoomdata import kinds
from kiwoomdata.entries.entry import Column, Part
from kiwoomdata.simulator.market import sectors, universe
from kiwoomdata.simulator.market.daily import Day, Venue
from kiwoomdata.simulator.market.flows import INVESTORS, Sides, apart
from kiwoomdata.simulator.market.market import Market
from kiwoomdata.simulator.market.numbers import direction, price_limits, rate
from kiwoomdata.simulator.market.universe import Board, Stock
from kiwoomdata.simulator.rest.asking import Ask
from kiwoomdata.simulator.rest.writing import Coloured

__all__ = ["SUFFIXES", "Subject", "Values", "against", "fundamentals", "of_day", "row_of", "word_of"]

Values = dict[str, Any]
"""What stands in a row, by our names of the columns."""

SUFFIXES: Mapping[Venue, str] = {"krx": "", "nxt": "_NX", "all": "_AL"}
_CLASSES = {*INVESTORS, "institution"} - {"other_corporation"}


@dataclass(frozen=True)
class Subject:
    """What a row is about: a stock, or what a stock stands for."""

    code: str
    name: str
    stock: Stock | None
    venue: Venue
    day: Day | None = None
    more: Mapping[str, Any] = field(default_factory=dict)
    """Values of this row that go before those of the day: a bar's, a trade's."""

    @classmethod
    def of(cls, ask: Ask) -> Subject:
        """What the request names: its stock, or the one that stands for its code."""
        if ask.symbol:
            return cls.listed(ask, ask.stock) if ask.stock else cls(ask.symbol, "", None, ask.venue)
        code = next((ask.body[p.key] for p in ask.endpoint.params if p.pattern and p.key in ask.body), "")
        return cls.standing_for(ask, code, code)

    @classmethod
    def listed(cls, ask: Ask, stock: Stock) -> Subject:
        day = ask.market.snapshot(stock.symbol, venue=ask.venue)
        return cls(stock.symbol, stock.name, stock, ask.venue, day)

    @classmethod
    def standing_for(cls, ask: Ask, code: str, name: str) -> Subject:
        known = [
            stock for stock in ask.market.leading() if stock.listed_from.year < 2000 and not stock.halted_from
        ]
        stock = known[Random(f"{ask.market.seed}:{code}").randrange(len(known))]
        return replace(cls.listed(ask, stock), code=code, name=name)


def row_of(ask: Ask, part: Part, subject: Subject, number: int) -> Values:
    """The values of a row by the API's keys."""
    if subject.stock is None or (subject.day is None and not subject.more):
        return {}  # a code that nobody has keeps its place as a blank row
    known = _known(ask, subject, number)
    columns = {column.key: column for column in part.columns}.values()
    if any(column.name in _OF_BOOKS and column.name not in known for column in columns):
        known = _of_book(ask, subject) | known
    values = {
        column.name: _in_points(known[column.name], column)
        if column.name in known
        else _drawn(ask, subject, column, number)
        for column in columns
    }
    for name in values:
        buy, sell = name.replace("net_buy", "buy"), name.replace("net_buy", "sell")
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


def _known(ask: Ask, subject: Subject, number: int) -> Values:
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
    if stock is not None and subject.code.partition("_")[0] == stock.symbol:
        values |= _listed_as(stock)
    elif subject.code in sectors.SECTORS:
        values["market_code"] = _BOARDS[sectors.SECTORS[subject.code].board][0]
    if day is not None:
        values |= of_day(day) | flows_as_asked(ask, day)
        if stock is not None:
            told = fundamentals(ask.market, stock, day)
            values |= {"roe_pct" if name == "roe" else name: value for name, value in told.items()}
    if subject.code in universe.BROKERS:
        values["broker"] = subject.code
    if subject.more:
        values |= subject.more
    for name in ("close", "index", "price"):
        values.setdefault(name, values.get("price"))
    if values.get("venue") in SUFFIXES:
        values["venue"] = kinds.encode(kinds.VENUE, values["venue"])
    return {name: value for name, value in values.items() if value is not None}


_MARKETS = {"etf": ("8", "ETF"), "etn": ("60", "ETN"), "reit": ("6", "리츠")}
_BOARDS: Mapping[Board, tuple[str, str]] = {"kospi": ("0", "거래소"), "kosdaq": ("10", "코스닥")}
_CLASSES_OF_COMPANIES = ("우량기업부", "벤처기업부", "중견기업부")


def _listed_as(stock: Stock) -> Values:
    """What the list of a market says of a stock."""
    code, market = _MARKETS.get(stock.security) or _BOARDS[stock.board]
    code = "90" if code == "60" and int(stock.symbol[-2], 36) % 2 else code  # live, ETNs have either
    barred = "거래정지" if stock.halted_from else "관리종목" if stock.administrative else ""
    margin = (
        "증거금100%" if barred or stock.security == "spac" else "증거금20%" if stock.on_nxt else "증거금40%"
    )
    size, industry = sectors.SECTORS.get(sectors.size_of(stock)), sectors.SECTORS.get(stock.sector)
    of_kosdaq = stock.board == "kosdaq"
    return {
        "listing_date": stock.listed_from,
        "market": market,
        "market_code": code,
        "sector": industry.name if industry else "",
        "size_class": size.name if size and not of_kosdaq else "",
        "company_class": _CLASSES_OF_COMPANIES[int(stock.symbol[3], 36) % 3] if of_kosdaq else "",
        "state": "|".join([margin, barred] if barred else [margin, "담보대출", "신용가능"]),
        "on_nxt": stock.on_nxt or ("" if stock.security == "etn" else False),  # live, it is blank for some
        "warning": "none",
        "kind": "Q" if stock.security == "etn" else "A",
        "audit_state": "정상",
    }


def of_day(day: Day) -> Values:
    up, down = price_limits(day.previous_close)
    return {
        "date": day.date,
        **against(day.close, day.previous_close),
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


_OF_BOOKS = {f"{side}{what}" for side in ("ask", "bid") for what in ("", "_quantity", "_total_quantity")}


def _of_book(ask: Ask, subject: Subject) -> Values:
    """The prices of a stock's book, and what waits there."""
    stock, day = subject.stock, subject.day
    if stock is None or day is None or not subject.code.startswith(stock.symbol):
        return {}
    book = ask.market.orderbook(stock.symbol, venue=subject.venue)
    if book is None:
        return {}
    values: Values = {}
    for side, half in (("ask", book.asks), ("bid", book.bids)):
        for n, level in enumerate(half.levels, 1):
            price = Coloured(level.price, day.previous_close) if level.price else "0"
            values |= {f"{side}_price_{n}": price, f"{side}_quantity_{n}": level.quantity}
        values |= {side: values[f"{side}_price_1"], f"{side}_quantity": values[f"{side}_quantity_1"]}
        values[f"{side}_total_quantity"] = half.total
    return values


def against(price: int, before: int) -> Values:
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


def flows_as_asked(ask: Ask, day: Day) -> Values:
    """The investor classes, as the request measures them and of the side that it asks for."""
    wanted = _measured(ask)
    values: Values = {}
    for name in _CLASSES:
        sides = day.flows.of(name)
        values[name] = wanted(sides)
        values |= {f"{name}_net_buy": sides.net, f"{name}_net_buy_value": sides.net_amount}
    values["securities"], values["merchant_bank"] = values["financial_investment"], values["other_financial"]
    both = wanted(day.flows.of("other_corporation"))
    values["other_corporation"], values["domestic_foreigner"] = apart(both)
    return values


def _measured(ask: Ask) -> Callable[[Sides], int]:
    side, value = word_of(ask, "side"), word_of(ask, "measure") == "value"
    if side == "buy":
        return lambda sides: sides.buy_amount if value else sides.buy
    if side == "sell":
        return lambda sides: sides.sell_amount if value else sides.sell
    return lambda sides: sides.net_amount if value else sides.net


def word_of(ask: Ask, name: str) -> str:
    """The word that a request says for one of its choices; blank where it has no such choice."""
    param = ask.endpoint.param(name)
    if param is None:
        return ""
    return next((word for word, code in param.choices.items() if code == ask.body.get(param.key)), "")


def fundamentals(market: Market, stock: Stock, day: Day) -> dict[str, float]:
    """Earnings and worth of a share, and the ratios that follow from the price; none for funds."""
    if stock.security in ("etf", "etn", "spac"):
        return {}
    rng = Random(f"{market.seed}:{stock.symbol}:{day.date.year}:earnings")
    shares = stock.listed_shares / day.listed_shares  # after a split a share earns less
    worth = max(1, round(stock.price * rng.uniform(0.4, 2.2) * shares))
    earned = round(worth * rng.gauss(0.07, 0.06))
    return {
        "eps": earned,
        "bps": worth,
        "per": round(day.close / earned, 2) if earned > 0 else 0.0,
        "pbr": round(day.close / worth, 2),
        "roe": round(100 * earned / worth, 2),
    }


def _drawn(ask: Ask, subject: Subject, column: Column, number: int) -> Any:
    """A value of the column's kind, drawn by the market's seed and what the row is about."""
    market, kind, day = ask.market, column.kind, subject.day
    rng = Random(
        f"{market.seed}:{ask.endpoint.api_id}:{subject.code}:{market.session_day}:{number}:{column.key}"
    )
    price = day.close if day else 10_000
    volume = max(day.volume, 1_000) if day else 100_000
    if kind in (kinds.PRICE, kinds.PRICE_DECIMAL):
        drawn = price * rng.uniform(0.98, 1.02)
        whole = kind is kinds.PRICE
        return Coloured(
            max(1, round(drawn) if whole else round(drawn, 2)), day.previous_close if day else price
        )
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
