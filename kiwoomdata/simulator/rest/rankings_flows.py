"""What the lists of foreigners, institutions, brokers and programs say of a stock; see ``rankings``."""

from __future__ import annotations

from collections.abc import Sequence

from kiwoomdata.simulator.market.daily import Day
from kiwoomdata.simulator.market.flows import Sides
from kiwoomdata.simulator.market.numbers import rate
from kiwoomdata.simulator.market.rankings import average_price, net_price
from kiwoomdata.simulator.market.universe import FOREIGN_BROKERS
from kiwoomdata.simulator.rest.cells import Values
from kiwoomdata.simulator.rest.ranked import Line

__all__ = [
    "broker",
    "foreign",
    "foreign_brokers",
    "foreign_streak",
    "investor",
    "investor_today",
    "limit_used",
    "over",
    "program",
    "program_all",
    "same_side",
    "streaks",
]


def _holdings(line: Line) -> Values:
    day = line.day
    return {
        "foreign_shares": day.foreign_holding,
        "foreign_available_shares": day.listed_shares - day.foreign_holding,
    }


def foreign(line: Line) -> Values | None:
    net = sum(day.flows.foreign.net for day in line.asked_days)
    side = line.word("side")
    on_it = net != 0 if side == "both" else (net > 0) == (side == "buy") and net != 0
    return {"net_buy": net, "size": abs(net), **_holdings(line)} if on_it else None


def foreign_streak(line: Line) -> Values | None:
    days = line.last(4)
    days = (days if line.word("from_day") == "today" else days[:-1])[-3:]
    nets = [day.flows.foreign.net for day in reversed(days)]
    net = sum(nets)
    if len(nets) < 3 or not net or (net > 0) != (line.word("side") == "buy"):
        return None
    return {"net_buy": net, "size": abs(net), **{f"net_buy_{n}": each for n, each in enumerate(nets, 1)}}


def limit_used(line: Line) -> Values | None:
    past = line.past(max(1, line.number("days", 1)))
    if not past:
        return None
    before, now = rate(past[0].foreign_holding, past[0].listed_shares), line.day.foreign_ratio
    values = {"reference_limit_used_pct": before, "limit_used_change_pct": round(now - before, 2)}
    return values | _holdings(line)


def foreign_brokers(line: Line) -> Values | None:
    sides = Sides()
    for day in line.asked_days:
        told = line.ask.market.brokers(line.stock.symbol, day.date)
        for code in FOREIGN_BROKERS:
            sides = sides.plus(told.get(code, Sides()))
    word = line.word("side")
    if word in ("net_buy", "net_sell") and ((sides.net > 0) != (word == "net_buy") or not sides.net):
        return None
    return _sided(sides)


def _sided(sides: Sides) -> Values:
    return {
        "buy": sides.buy,
        "sell": sides.sell,
        "net_buy": sides.net,
        "buy_value": sides.buy_amount,
        "sell_value": sides.sell_amount,
        "net_buy_value": sides.net_amount,
        "size": abs(sides.net),
        "value_size": abs(sides.net_amount),
    }


def broker(line: Line) -> Values | None:
    days, sides = line.last(max(1, line.number("days", 1))), Sides()
    for day in days:
        told = line.ask.market.brokers(line.stock.symbol, day.date)
        sides = sides.plus(told.get(line.ask.body["mmcm_cd"].zfill(3), Sides()))
    if not sides.net or (sides.net > 0) != (line.word("side") == "buy"):
        return None
    moved = over(days)
    return _sided(sides) | moved | {"change_pct": moved["period_change_pct"]}


def over(days: Sequence[Day]) -> dict[str, float]:
    first, last = days[0], days[-1]
    change = last.close - first.previous_close
    return {
        "period_change": change,
        "period_change_pct": rate(change, first.previous_close),
        "period_volume": sum(day.volume for day in days),
    }


def _class_of(day: Day, investor: str) -> Sides:
    if investor == "foreign_brokers":
        net = day.foreign_brokers
        sold = int(0.15 * day.volume) + max(0, -net)
        return Sides(sold + net, sold, 0, 0)
    return day.flows.of(investor)


def investor(line: Line) -> Values | None:
    days, investor = line.range_days, line.word("investor")
    sides = Sides()
    for day in days:
        sides = sides.plus(_class_of(day, investor))
    buys = line.word("side") == "buy"
    if not sides.net or (sides.net > 0) != buys:
        return None
    paid = net_price(sides.net, sides.net_amount) or average_price(days, investor, "buy" if buys else "sell")
    average = paid or line.day.close
    off = line.day.close - average
    estimate = {"estimated_price": paid or 0, "vs_estimate": off, "vs_estimate_pct": rate(off, average)}
    return _sided(sides) | over(days) | estimate


def investor_today(line: Line) -> Values | None:
    sides = _class_of(line.day, line.word("investor"))
    on_it = sides.net and (sides.net > 0) == (line.word("side") == "buy")
    return _sided(sides) if on_it else None


def same_side(line: Line) -> Values | None:
    values: Values = {}
    nets = []
    for investor in ("institution", "foreign"):
        sides = Sides()
        for day in line.range_days:
            sides = sides.plus(day.flows.of(investor))
        values |= {
            f"{investor}_net_buy_as_served": sides.net,
            f"{investor}_net_buy_value": sides.net_amount,
            f"{investor}_average": sides.net_amount // sides.net if sides.net else 0,
        }
        nets.append(sides)
    both = nets[0].plus(nets[1])
    buys = line.word("side") == "buy"
    if not all(sides.net and (sides.net > 0) == buys for sides in nets):
        return None
    values |= {"net_buy_as_served": both.net, "net_buy_value": both.net_amount}
    return values | {"size": abs(both.net), "value_size": abs(both.net_amount)}


def streaks(line: Line) -> Values | None:
    word = line.word("days")
    days = line.range_days if word == "range" else line.last(1 if word == "latest" else int(word))
    longer = line.last(20)  # a streak is told whole, however few days were asked for
    values: Values = {}
    for prefix, classes in (("institution", 1), ("foreign", 2), ("both", 3)):
        nets = [_net(day, classes) for day in days]
        name = "" if prefix == "both" else f"{prefix}_"
        values[f"{name}net_buy"] = sum(shares for shares, _ in nets)
        values[f"{name}net_buy_value"] = sum(value for _, value in nets)
        streak = _streak([_net(day, classes) for day in longer])
        bought = 1 if streak and streak[0][0] > 0 else -1
        values[f"{prefix}_streak_days"] = bought * len(streak)
        values[f"{prefix}_streak"] = sum(shares for shares, _ in streak)
        values[f"{prefix}_streak_value"] = sum(value for _, value in streak)
    on_it = days and values["net_buy_value"] > 0
    return values | {"period_change_pct": over(days)["period_change_pct"]} if on_it else None


def _net(day: Day, classes: int) -> tuple[int, int]:
    """What institutions (1), foreigners (2) or both (3) net bought, in shares and won."""
    both = [(1, day.flows.institution), (2, day.flows.foreign)]
    sides = [each for bit, each in both if classes & bit]
    return sum(each.net for each in sides), sum(each.net_amount for each in sides)


def _streak(nets: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """The latest days whose nets have the sign of the last one's."""
    found: list[tuple[int, int]] = []
    for net in reversed(nets):
        if not net[0] or (found and (net[0] > 0) != (found[0][0] > 0)):
            break
        found.append(net)
    return found


def program(line: Line) -> Values | None:
    program, shares = line.day.program, line.word("measure") == "shares"
    net = program.net if shares else program.net_amount
    if not net or (net > 0) != (line.word("side") == "buy"):
        return None
    buy, sell = (program.buy, program.sell) if shares else (program.buy_amount, program.sell_amount)
    return {"buy_value": buy, "sell_value": sell, "net_buy_value": net, "size": abs(net)}


def program_all(line: Line) -> Values | None:
    return _sided(line.day.program) if line.day.volume else None
