"""The live feeds of one stock but its books: prices, trades, who trades, funds and notices.

A feed is a generator of rows that begins after the second ``since``; what it takes to make a row is
spent only on those that are asked for.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from kiwoomdata.simulator.live.books import after_hours, auctions, best_quotes, books
from kiwoomdata.simulator.live.stocks import (
    NEVER,
    NOBODY_KNOWS,
    Row,
    Rows,
    StockDay,
    Tally,
    coloured,
    hhmmss,
    millions,
)
from kiwoomdata.simulator.market.intraday import Trade
from kiwoomdata.simulator.market.numbers import rate
from kiwoomdata.simulator.market.universe import BROKERS, FOREIGN_BROKERS

__all__ = ["STOCK_FEEDS"]

# --- prices and trades -----------------------------------------------------------------------


def _trades(day: StockDay, since: int) -> Rows:
    tally, earlier, then = Tally(day.limits), 0, 0
    before = day.trades_before
    for number, (second, trade) in enumerate(zip(day.seconds, day.trades, strict=True), 1):
        tally.add(trade, hhmmss(second))
        if second <= since:
            continue
        while then < len(before) and before[then].time <= trade.time:
            earlier, then = before[then].volume, then + 1
        yield second, {**day.so_far(tally), **_trade(day, tally, trade, second, number, earlier)}


def _trade(day: StockDay, tally: Tally, trade: Trade, second: int, number: int, earlier: int) -> Row:
    buyer, traded = trade.aggressor > 0, tally.volume
    bought = rate(tally.bought, traded)
    value = trade.price * trade.quantity // 1_000
    return {
        "time": hhmmss(second),
        **day.quoted(number),
        "side": "buy" if buyer else "sell",
        "quantity": trade.quantity,
        "strength": rate(tally.bought, tally.sold),
        "session": "1" if second < day.opens else "2" if second <= day.closes else "3",
        "knock_out_distance_as_served": NOBODY_KNOWS,
        # Seen live (2026-07-20) as 13878 and the like: taken for hundredths of a percent.
        "volume_ratio_same_time_as_served": str(round(10_000 * traded / earlier)) if earlier else "0",
        "open_time": tally.open_time,
        # Seen live (2026-07-20) as six digits that are no time of the day so far.
        "high_time": tally.high_time[::-1],
        "low_time": tally.low_time,
        "sell_volume": tally.sold,
        "buy_volume": tally.bought,
        "buy_volume_pct": bought if bought >= 50 else -bought,
        "sell_count": tally.sells,
        "buy_count": tally.buys,
        "value": value if buyer else -value,
        # The blank stood there in every trade of a buyer (2026-07-20).
        "sell_quantity": " 0" if buyer else trade.quantity,
        "buy_quantity": trade.quantity if buyer else 0,
        "net_buy_quantity": tally.bought - tally.sold,
        "cfd_margin": round(trade.price * 0.4),
        "maintenance_margin": round(trade.price * 0.32),
        "average_price": day.colour(round(tally.value / traded)),
        "cfd_cost_as_served": NOBODY_KNOWS,
        "lending_cost_as_served": NOBODY_KNOWS,
        "venue_code": trade.venue.upper(),
    }


def _quotes(day: StockDay, since: int) -> Rows:
    """Every five minutes and after the close. No price moves without a trade here: each repeats the last."""
    tally, done = Tally(day.limits), 0
    for second in [*range(day.opens + 300, day.closes, 300), day.closes + 30]:
        while done < len(day.trades) and day.seconds[done] <= second:
            tally.add(day.trades[done], hhmmss(day.seconds[done]))
            done += 1
        if done and second > since:
            yield second, {**day.so_far(tally), **day.quoted(done)}


def _expected(day: StockDay, since: int) -> Rows:
    ends = [*day.moments, (86_400, 0)]
    count = at = 0
    for second, auction in sorted(auctions(day).items()):
        while ends[at][0] <= second:
            count, at = ends[at][1], at + 1
        row = {
            "time": hhmmss(second),
            **day.priced(auction.price),
            "signed_quantity": auction.quantity * auction.aggressor,
            "cumulative_volume": day.last(count).volume,
        }
        if second > since:
            yield second, row


# --- who trades ------------------------------------------------------------------------------


def _brokers(day: StockDay, since: int) -> Rows:
    """The firms' parts of the day come in as its volume does; the last row is what they are."""
    whole = day.brokers if day.trades else {}
    told: Row = {}
    for second, count in day.minutes:
        row: Row = {"venue_code": {"krx": "1", "nxt": "2", "all": "0"}[day.venue]}
        for side in ("sell", "buy"):
            parts = {
                code: getattr(sides, side) * day.trades[count - 1].volume // day.trades[-1].volume
                for code, sides in whole.items()
            }
            row |= _top(side, parts, told)
        for end in ("", "_change"):
            bought, sold = row[f"foreign_brokers_buy{end}"], row[f"foreign_brokers_sell{end}"]
            row[f"foreign_brokers_net_buy{end}"] = bought - sold
        if second > since:
            yield second, row


def _top(side: str, parts: Mapping[str, int], told: Row) -> Row:
    """The five biggest of one side and the foreign firms' sum, with the changes against what was told."""
    row: Row = {}
    for n, code in enumerate(sorted(parts, key=parts.__getitem__, reverse=True)[:5], 1):
        row |= {
            f"{side}_broker_{n}": BROKERS[code],
            f"{side}_broker_code_{n}": code,
            f"{side}_broker_color_{n}": "1" if code in FOREIGN_BROKERS else "0",
            f"{side}_broker_quantity_{n}": parts[code],
            f"{side}_broker_quantity_change_{n}": parts[code] - told.get(side + code, 0),
        }
    abroad = sum(parts[code] for code in FOREIGN_BROKERS)
    row[f"foreign_brokers_{side}"] = abroad
    row[f"foreign_brokers_{side}_change"] = abroad - told.get(side, 0)
    told |= {side: abroad, **{side + code: quantity for code, quantity in parts.items()}}
    return row


def _programs(day: StockDay, since: int) -> Rows:
    """Nets and changes are those of the numbers as written, as on the REST side."""
    volume = value = 0
    for second, count, sides in day.programs:
        last = day.last(count)
        sold, bought = millions(sides.sell_amount), millions(sides.buy_amount)
        row = {
            "time": hhmmss(second),
            **day.priced(last.price),
            "cumulative_volume": last.volume,
            "sell_volume": sides.sell,
            "sell_value": sold,
            "buy_volume": sides.buy,
            "buy_value": bought,
            "net_buy_volume": sides.net,
            "net_buy_volume_change": sides.net - volume,
            "net_buy_value": bought - sold,
            "net_buy_value_change": bought - sold - value,
            "remaining": NEVER,
            "market_state": day.state(second),
            "investor_ticker": NOBODY_KNOWS,
        }
        volume, value = sides.net, bought - sold
        if second > since:
            yield second, row


# --- funds and notices -----------------------------------------------------------------------


def _navs(day: StockDay, since: int) -> Rows:
    """A fund's value stays close to its price. What belongs to warrants is zero."""
    rng, before = day.rng("nav"), float(day.day.previous_close)
    for second, count in day.minutes if day.stock.etf else ():
        last = day.last(count)
        nav = round(last.price * (1 + rng.gauss(0, 0.0008)), 2)
        row = {
            "time": hhmmss(second),
            "nav": coloured(nav, before),
            "nav_change": nav - before,
            "nav_change_pct": rate(nav - before, before),
            "tracking_error_pct": abs(rng.gauss(0, 0.1)),
            **day.priced(last.price),
            "cumulative_volume": last.volume,
            **dict.fromkeys(("gearing_as_served", "break_even_pct", "capital_support_point_as_served"), 0.0),
            "nav_index_gap_pct": rng.gauss(0, 0.05),
            "nav_price_gap_pct": rate(last.price - nav, nav),
        }
        if second > since:
            yield second, row


def _notices(day: StockDay, since: int) -> Rows:
    """Before the session and after it: the day's limits."""
    up, down = day.limits
    row = {
        **dict.fromkeys(("extension", "pre_open_extension", "after_close_extension"), "0"),
        "upper_limit": day.colour(up),
        "lower_limit": day.colour(down),
        "base_price": day.colour(day.day.previous_close),
        "early_terminated_elw": "0",
        "currency_unit": "원",
        "margin_rate_label": "40%",
        "stock_notice": "거래정지" if not day.trades and day.stock.halted_from else "정상",
    }
    for second in (day.opens - 1_200, day.closes + 60):
        if second > since:
            yield second, row


STOCK_FEEDS: Mapping[str, Callable[[StockDay, int], Rows]] = {
    "0A": _quotes,
    "0B": _trades,
    "0C": best_quotes,
    "0D": books,
    "0E": after_hours,
    "0F": _brokers,
    "0G": _navs,
    "0H": _expected,
    "0g": _notices,
    "0w": _programs,
}
"""The feeds whose items are stocks."""
