"""The lists that rank stocks: what each says of a stock, by what it sorts.

What is said of prices, volumes and flows is what the stock's own days say. Those lists without an order come
in that of codes (observed 2026: ka10024, ka10028, ka20002, ka40004, ka90004).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import time

from kiwoomdata.simulator.market.numbers import rate
from kiwoomdata.simulator.market.universe import Stock
from kiwoomdata.simulator.rest import rankings_flows as flows
from kiwoomdata.simulator.rest.cells import Values, fundamentals
from kiwoomdata.simulator.rest.ranked import Line, Ranking
from kiwoomdata.simulator.rest.series import lending
from kiwoomdata.simulator.rest.writing import Coloured

__all__ = ["RANKINGS", "theme_members"]


def _extreme(line: Line) -> Values | None:
    past, day = line.past(line.number("days", 5)), line.day
    high, close = line.word("kind") == "high", line.word("basis") == "close"
    if not past or not day.volume:
        return None
    now = day.close if close else day.high if high else day.low
    before = [each.close if close else each.high if high else each.low for each in past]
    on_it = now > max(before) if high else now < min(before)
    volume = line.yesterday.volume if line.yesterday else 0
    return {"volume_ratio_pct": rate(day.volume, volume)} if on_it else None


def _near(line: Line) -> Values | None:
    high, day = line.word("kind") == "high", line.day
    away = (day.high - day.close) if high else (day.close - day.low)
    return {} if day.volume and 100 * away <= float(line.word("within")) * day.close else None


_STATES = {"limit_up": (1,), "up": (1, 2), "flat": (3,), "limit_down": (4,), "down": (4, 5)}


def _state(line: Line) -> Values | None:
    state, yesterday = line.word("state"), line.yesterday
    signs = [each.sign for each in reversed(line.past(20))]
    if not state.startswith("previous_"):
        signs = [line.day.sign, *signs]
    wanted = _STATES[state.removeprefix("previous_")]
    streak = next((n for n, sign in enumerate(signs) if sign not in wanted), len(signs))
    if not streak:
        return None
    return {"count": streak, "previous_volume": yesterday.volume if yesterday else 0}


def _jump(line: Line) -> Values | None:
    span, day = line.number("span", 1), line.day
    if line.word("unit") == "minutes":
        then = line.before(span)
        base = then.close if then else day.open
    else:
        past = line.past(span)
        base = past[0].close if past else day.previous_close
    jump = day.close - base
    if not jump or (jump > 0) != (line.word("kind") == "up"):
        return None
    return {"base_price": base, "vs_base": jump, "jump_pct": rate(jump, base)}


def _imbalance(line: Line) -> Values | None:
    if line.book is None:
        return None
    bids, asks = line.book.bids.total, line.book.asks.total
    values = {"net_bid_quantity": bids - asks, "bid_to_ask_pct": rate(bids, asks)}
    return values | {"ask_to_bid_pct": rate(asks, bids)}


def _order_surge(line: Line) -> Values | None:
    minutes = line.number("minutes", 1)
    now, then = line.book_at(0), line.book_at(minutes)
    if now is None or then is None:
        return None
    before, after = (
        each.bids.total if line.word("side") == "bid" else each.asks.total for each in (then, now)
    )
    values = {"reference": before, "current": after, "surge": after - before, "total_quantity": after}
    return values | {"surge_pct": rate(after - before, before)} if after > before else None


def _ratio_surge(line: Line) -> Values | None:
    now, then = line.book_at(0), line.book_at(line.number("minutes", 1))
    if now is None or then is None:
        return None
    before, after = (
        rate(*sides) if line.word("ratio") == "bid_to_ask" else rate(*sides[::-1])
        for sides in ((each.bids.total, each.asks.total) for each in (then, now))
    )
    values = {"reference_ratio": before, "current_ratio": after, "surge_points": round(after - before, 2)}
    totals = {"ask_total_quantity": now.asks.total, "bid_total_quantity": now.bids.total}
    return values | totals if after > before else None


def _volume_surge(line: Line) -> Values | None:
    then = line.before(line.number("minutes", 1)) if line.word("against") == "minutes" else line.yesterday
    volume = then.volume if then else 0
    surge = line.day.volume - volume
    if not volume or (surge > 0) != line.word("by").startswith("gain") or not surge:
        return None
    return {"previous_volume": volume, "surge": surge, "surge_pct": rate(surge, volume)}


def _record(line: Line) -> Values | None:
    highest = max((each.volume for each in line.past(line.number("days", 5))), default=0)
    return {"previous_high_volume": highest} if line.day.volume > highest > 0 else None


def _mover(line: Line) -> Values | None:
    change, word = line.day.change, line.word("by")
    on_it = change == 0 if word == "flat" else change > 0 if word.startswith("gain") else change < 0
    return {} if on_it else None


def _from_open(line: Line) -> Values | None:
    day = line.day
    return {"vs_reference_pct": rate(day.close - day.open, day.open)}


def _expected(line: Line) -> Values | None:
    book, before, word = line.book, line.day.previous_close, line.word("by")
    if book is None or not book.expected_price:
        return None
    change = book.expected_price - before
    limits = {"limit_up": line.day.limit_up, "limit_down": line.day.limit_down}
    if word in limits and book.expected_price != limits[word]:
        return None
    if word in ("gain", "gain_pct", "loss", "loss_pct") and (change > 0) != word.startswith("gain"):
        return None
    if word == "flat" and change:
        return None
    return {
        "expected_price": Coloured(book.expected_price, before),
        "expected_quantity": book.expected_quantity,
        "change": change,
        "change_pct": rate(change, before),
        "direction": "3" if not change else "2" if change > 0 else "5",
    }


def _traded(line: Line) -> Values | None:
    day = line.day
    none: Values = {"volume": 0, "volume_ratio_pct": 0.0, "turnover_pct": 0.0, "value_as_served": 0}
    values = {
        "volume_ratio_pct": rate(day.volume, line.yesterday.volume if line.yesterday else 0),
        "turnover_pct": rate(day.volume, day.listed_shares),
    }
    session: Values = {"session_volume": day.volume, "session_value_as_served": day.value}
    session |= {f"session_{name}": value for name, value in values.items()}
    others = {f"{part}_market_{name}": value for part in ("pre", "post") for name, value in none.items()}
    return values | session | others if day.volume else None


def _traded_yesterday(line: Line) -> Values | None:
    then = line.yesterday
    return {"volume": then.volume, "value": then.value} if then and then.volume else None


def _by_value(line: Line) -> Values | None:
    then = line.yesterday
    volume, value = (then.volume, then.value) if then else (0, 0)
    return {"previous_volume": volume, "previous_value": value} if line.day.volume else None


def _after_hours(line: Line) -> Values | None:
    """Stocks that trade on NXT are absent (live, 2026)."""
    if line.stock.on_nxt:
        return None
    told, close, word = line.ask.market.after_hours(line.stock.symbol), line.day.close, line.word("by")
    if told is None:
        return None
    on_it = told.change == 0 if word == "flat" else (told.change > 0) == word.startswith("gain")
    if not on_it or (told.change == 0 and word != "flat"):
        return None
    return {
        "price": Coloured(told.price, close),
        "change": told.change,
        "change_pct": told.change_rate,
        "direction": str(told.sign),
        "volume": told.volume,
        "value": told.volume * told.price,
        "ask_total_quantity": told.asks.total,
        "bid_total_quantity": told.bids.total,
        "regular_close": Coloured(close, line.day.previous_close),
        "regular_change_pct": line.day.change_rate,
    }


def _member(line: Line) -> Values | None:
    market = line.ask.market
    return {} if line.stock in market.indices.members(line.ask.body["inds_cd"], market.session_day) else None


def theme_members(theme: str, stocks: Sequence[Stock]) -> list[Stock]:
    """The stocks of a theme: a few companies, the same ones always."""
    number = int(theme)
    return [s for n, s in enumerate(stocks) if s.security == "stock" and (n * 7 + number) % 23 == 0]


def _of_theme(line: Line) -> Values | None:
    theme = line.ask.body["thema_grp_cd"]
    if line.stock not in theme_members(theme, line.ask.market.stocks()):
        return None
    days = line.last(max(1, line.number("days", 1)))
    return {"period_return_pct": flows.over(days)["period_change_pct"]}


def _valued(line: Line) -> Values | None:
    name = line.word("by").rpartition("_")[2]
    told = fundamentals(line.ask.market, line.stock, line.day)
    if not told or told[name] <= 0:
        return None
    return {"per": told[name]}


def _credit(line: Line) -> Values | None:
    return {"credit_ratio": line.day.credit_ratio} if line.day.credit_ratio else None


def _searched(line: Line) -> Values | None:
    return {"time": (line.ask.market.now or time(15, 30)).replace(second=0)}


def _etf(line: Line) -> Values | None:
    return (
        {"close_repeated": line.day.close, "change_pct_repeated": line.day.change_rate}
        if line.stock.etf
        else None
    )


def _lending(line: Line) -> Values | None:
    told = lending(line.ask, line.stock, line.day)
    return told if told["balance"] else None


_MOVES = {"gain_pct": "-change_pct", "gain": "-change", "loss_pct": "change_pct", "loss": "change"}
_BY_SIZE = {"": "-size"}

RANKINGS: Mapping[str, Ranking] = {
    "ka00198": Ranking(_searched, order={"": "-value"}, most=20),
    "ka10016": Ranking(_extreme),
    "ka10017": Ranking(_state, "sort", {"streak": "-count", "change_pct": "-change_pct"}),
    "ka10018": Ranking(_near),
    "ka10019": Ranking(_jump, "kind", {"up": "-jump_pct", "down": "jump_pct"}),
    "ka10020": Ranking(
        _imbalance,
        order={
            "net_bid": "-net_bid_quantity",
            "net_ask": "net_bid_quantity",
            "bid_ratio": "-bid_to_ask_pct",
            "ask_ratio": "-ask_to_bid_pct",
        },
    ),
    "ka10021": Ranking(_order_surge, order={"quantity": "-surge", "pct": "-surge_pct"}),
    "ka10022": Ranking(_ratio_surge, order={"": "-surge_points"}),
    "ka10023": Ranking(
        _volume_surge,
        order={"gain": "-surge", "gain_pct": "-surge_pct", "drop": "surge", "drop_pct": "surge_pct"},
    ),
    "ka10024": Ranking(_record),
    "ka10026": Ranking(
        _valued,
        order={
            f"{side}_{what}": f"{sign}per"
            for side, sign in (("low", ""), ("high", "-"))
            for what in ("per", "pbr", "roe")
        },
    ),
    "ka10027": Ranking(_mover, order=_MOVES),
    "ka10028": Ranking(_from_open),
    "ka10029": Ranking(_expected, order={**_MOVES, "quantity": "-expected_quantity"}),
    "ka10030": Ranking(_traded, order={"volume": "-volume", "turnover": "-turnover_pct", "value": "-value"}),
    "ka10031": Ranking(_traded_yesterday, order={"volume": "-volume", "value": "-value"}),
    "ka10032": Ranking(_by_value, order={"": "-value"}),
    "ka10033": Ranking(_credit, order={"": "-credit_ratio"}),
    "ka10034": Ranking(flows.foreign, "side", _BY_SIZE),
    "ka10035": Ranking(flows.foreign_streak, "side", _BY_SIZE),
    "ka10036": Ranking(flows.limit_used, order={"": "-limit_used_change_pct"}),
    "ka10037": Ranking(flows.foreign_brokers, "sort", {"value": "-value_size", "shares": "-size"}),
    "ka10039": Ranking(flows.broker, "side", _BY_SIZE),
    "ka10058": Ranking(flows.investor, "side", {"": "-value_size"}),
    "ka10062": Ranking(flows.same_side, "sort", {"shares": "-size", "value": "-value_size"}),
    "ka10065": Ranking(flows.investor_today, "side", _BY_SIZE),
    "ka10069": Ranking(_lending, order={"": "-lent"}, most=10),
    "ka10098": Ranking(_after_hours, order=_MOVES),
    "ka10131": Ranking(flows.streaks, order={"": "-net_buy_value"}),
    "ka20002": Ranking(_member),
    # Of warrants, for which stocks stand.
    "ka30001": Ranking(_jump, "kind", {"up": "-jump_pct", "down": "jump_pct"}),
    "ka30005": Ranking(by="sort", order={**_MOVES, "volume": "-volume", "value": "-value"}),
    "ka30009": Ranking(_mover, order=_MOVES),
    "ka30010": Ranking(_imbalance, order={"net_bid": "-net_bid_quantity", "net_ask": "net_bid_quantity"}),
    "ka40004": Ranking(_etf),
    "ka90002": Ranking(_of_theme, order={"": "-change_pct"}),
    "ka90003": Ranking(flows.program, "side", _BY_SIZE, most=15),
    "ka90012": Ranking(_lending, order={"": "-balance"}),
    "ka90004": Ranking(flows.program_all),
}
