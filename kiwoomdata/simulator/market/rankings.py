"""Questions across stocks or days: who net bought most, at what average price, through which broker."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from random import Random
from typing import Literal, NamedTuple

from kiwoomdata.simulator.market.daily import Day
from kiwoomdata.simulator.market.flows import Flows, Sides
from kiwoomdata.simulator.market.numbers import direction, nearest_tick, rate, step_down, step_up
from kiwoomdata.simulator.market.universe import BROKERS, FOREIGN_BROKERS, Right, Stock

__all__ = [
    "INVESTOR_COLUMNS",
    "ClosingInvestors",
    "InstitutionRank",
    "IntradayInvestors",
    "Measure",
    "NetSide",
    "RightQuote",
    "Side",
    "average_price",
    "broker_sides",
    "closing_investors",
    "institution_rank",
    "intraday_investors",
    "net_price",
    "right_quote",
]

Measure = Literal["shares", "amount"]
Side = Literal["net", "buy", "sell"]
NetSide = Literal["buy", "sell"]

# The twelve columns of the closing table: the institutions' total, then its parts.
INVESTOR_COLUMNS = (
    "individual",
    "foreign",
    "institution",
    "financial_investment",
    "insurance",
    "investment_trust",
    "other_financial",
    "bank",
    "pension",
    "private_fund",
    "nation",
    "other_corporation",
)


class InstitutionRank(NamedTuple):
    """What institutions net bought of a stock over some days; ``price`` is the last close of them."""

    stock: Stock
    net: int
    net_amount: int
    average_price: int | None
    price: int
    sign: int

    @property
    def difference(self) -> int | None:
        """The price less the average price."""
        return None if self.average_price is None else self.price - self.average_price

    @property
    def difference_rate(self) -> float | None:
        """The difference in percent of the average price."""
        return None if self.difference is None else rate(self.difference, self.average_price or 0)


class IntradayInvestors(NamedTuple):
    """One investor class in one stock, now and at the tally before. Sold is negative: net = buy + sell."""

    stock: Stock
    day: Day
    net: int
    previous_net: int
    buy: int
    buy_change: int
    sell: int
    sell_change: int

    @property
    def net_change(self) -> int:
        return self.net - self.previous_net


class ClosingInvestors(NamedTuple):
    """One stock as it stands, and a value for each of ``INVESTOR_COLUMNS`` of the last completed session."""

    stock: Stock
    day: Day
    values: dict[str, int]


class RightQuote(NamedTuple):
    """The day of one subscription right."""

    right: Right
    previous_close: int
    open: int
    high: int
    low: int
    price: int
    ask: int
    bid: int
    volume: int

    @property
    def change(self) -> int:
        return self.price - self.previous_close

    @property
    def change_rate(self) -> float:
        return rate(self.change, self.previous_close)

    @property
    def sign(self) -> int:
        return direction(self.price, self.previous_close)


def average_price(days: Iterable[Day], investor: str, side: NetSide) -> int | None:
    """What ``investor`` paid on average over the days of net buying (or got, over those of net selling)."""
    which = 1 if side == "buy" else -1
    sides = [day.flows.of(investor) for day in days]
    counted = [each for each in sides if each.net * which > 0]
    shares = sum(each.net for each in counted)
    return round(sum(each.net_amount for each in counted) / shares) if shares else None


def institution_rank(stock: Stock, days: Sequence[Day], side: NetSide) -> InstitutionRank | None:
    """The stock's line in the ranking of ``side``, or None if it has none."""
    sides = [day.flows.institution for day in days]
    net = sum(each.net for each in sides)
    if net == 0 or (net > 0) != (side == "buy"):
        return None
    amount = sum(each.net_amount for each in sides)
    last = days[-1]
    average = net_price(net, amount) or average_price(days, "institution", side)
    return InstitutionRank(stock, net, amount, average, last.close, last.sign)


def net_price(net: int, amount: int) -> int | None:
    """The average price in rankings of net buying: recorded and printed rows divide one by the other.

    None where shares were bought and money came in.
    """
    return round(amount / net) if net and amount / net >= 1 else None


def intraday_investors(
    stock: Stock, now: Day, before: Day | None, investor: str, measure: Measure
) -> IntradayInvestors:
    buy, sell = _both(now.flows.of(investor), measure)
    old_buy, old_sell = _both(before.flows.of(investor), measure) if before else (0, 0)
    return IntradayInvestors(
        stock, now, buy - sell, old_buy - old_sell, buy, buy - old_buy, -sell, old_sell - sell
    )


def closing_investors(stock: Stock, day: Day, flows: Flows, side: Side, measure: Measure) -> ClosingInvestors:
    values = {}
    for investor in INVESTOR_COLUMNS:
        buy, sell = _both(flows.of(investor), measure)
        values[investor] = {"net": buy - sell, "buy": buy, "sell": sell}[side]
    return ClosingInvestors(stock, day, values)


def _both(sides: Sides, measure: Measure) -> tuple[int, int]:
    return (sides.buy, sides.sell) if measure == "shares" else (sides.buy_amount, sides.sell_amount)


def broker_sides(rng: Random, day: Day) -> dict[str, Sides]:
    """Every member firm's part of a day. All together they bought and sold the volume, and the foreign
    firms together net bought the day's ``foreign_brokers``.
    """
    sold_abroad = int(0.15 * day.volume) + max(0, -day.foreign_brokers)
    bought_abroad = sold_abroad + day.foreign_brokers
    domestic = [code for code in BROKERS if code not in FOREIGN_BROKERS]
    buys = {
        **_shared(rng, bought_abroad, FOREIGN_BROKERS),
        **_shared(rng, day.volume - bought_abroad, domestic),
    }
    sells = {
        **_shared(rng, sold_abroad, FOREIGN_BROKERS),
        **_shared(rng, day.volume - sold_abroad, domestic),
    }
    money = day.value / day.volume if day.volume else 0
    return {
        code: Sides(buys[code], sells[code], int(buys[code] * money), int(sells[code] * money))
        for code in BROKERS
    }


def _shared(rng: Random, total: int, codes: Sequence[str]) -> dict[str, int]:
    weights = [rng.expovariate(1.0) for _ in codes]
    whole = sum(weights)
    parts = [int(total * weight / whole) for weight in weights]
    parts[-1] += total - sum(parts)
    return dict(zip(codes, parts, strict=True))


def right_quote(rng: Random, right: Right) -> RightQuote:
    """The right's day: rights may move more than stocks do, and have the stocks' price steps."""
    before = nearest_tick(right.price)
    open_, price = (max(2, nearest_tick(before * (1 + rng.gauss(0, 0.04)))) for _ in range(2))
    high, low = max(open_, price), min(open_, price)
    for _ in range(rng.randrange(3)):
        high = step_up(high)
    for _ in range(rng.randrange(3)):
        low = max(1, step_down(low))
    return RightQuote(
        right,
        before,
        open_,
        high,
        low,
        price,
        step_up(price),
        step_down(price),
        int(right.volume * rng.uniform(0.2, 2)),
    )
