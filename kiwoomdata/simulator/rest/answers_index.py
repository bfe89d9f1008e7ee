"""The TRs of indices: bars, the moment, and what the stocks of an index did. Values by the API's keys."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from itertools import groupby

from kiwoomdata.calendar import period_end, period_start, trading_days
from kiwoomdata.entries.entry import Part
from kiwoomdata.simulator.market import sectors
from kiwoomdata.simulator.market.daily import Day
from kiwoomdata.simulator.market.flows import INVESTORS
from kiwoomdata.simulator.market.indices import IndexBar
from kiwoomdata.simulator.market.numbers import rate
from kiwoomdata.simulator.market.sectors import Sector
from kiwoomdata.simulator.market.universe import Board
from kiwoomdata.simulator.rest.asking import Ask, Content
from kiwoomdata.simulator.rest.bars import LONGEST, paged_moments
from kiwoomdata.simulator.rest.cells import SUFFIXES, Values, word_of
from kiwoomdata.simulator.rest.writing import THOUSAND, Coloured, rounded

__all__ = ["ANSWERS"]

_YEAR = timedelta(days=365)


def _keyed(part: Part, values: Values) -> Values:
    return {column.key: values[column.name] for column in part.columns if column.name in values}


def _level(name: str, level: float, before: float) -> Values:
    """A level and how it stands to the close before."""
    change = round(level - before, 2)
    return {
        name: Coloured(level, before),
        "change": change,
        "change_pct": rate(change, before),
        "direction": "3" if not change else "2" if change > 0 else "5",
    }


def _bar(rows: Sequence[IndexBar], name: str = "close") -> Values:
    first, last = rows[0], rows[-1]
    before = first.previous_close
    volume, value = sum(row.volume for row in rows), sum(row.value for row in rows)
    return {
        "date": first.date,
        **_level(name, last.close, before),
        "open": Coloured(first.open, before),
        "high": Coloured(max(row.high for row in rows), before),
        "low": Coloured(min(row.low for row in rows), before),
        "volume": volume,
        "value": value,
        "cumulative_volume": volume,
        "volume_as_served": volume // THOUSAND,
        "value_as_served": value // 1_000_000,
    }


def _bars(ask: Ask) -> Content:
    """Bars of days and longer, dated by their first trading day."""
    endpoint, (flat, part) = ask.endpoint, ask.endpoint.parts
    assert endpoint.walk is not None

    def fetch(since: date, last: date) -> list[IndexBar]:
        period = endpoint.period
        first = period_start(since, period)
        end = last if period == "day" else min(period_end(last, period), ask.market.today)
        rows = ask.market.indices.bars(ask.body["inds_cd"], first, end)
        whole = [list(each) for _, each in groupby(rows, lambda row: period_start(row.date, period))]
        wholes.update({each[0].date: _bar(each) for each in whole})
        return [each[0] for each in whole if each[0].date <= last]

    wholes: dict[date, Values] = {}
    page, key = ask.page_by_date(fetch, ask.day(endpoint.walk.until or ""), span=LONGEST[endpoint.period])
    rows = [_keyed(part, wholes[row.date]) for row in page]
    return Content(rows, _keyed(flat, {"sector": ask.body["inds_cd"]}), key)


def _moments(ask: Ask) -> Content:
    """Bars of minutes, or of ticks, of which there is one each minute."""
    flat, part = ask.endpoint.parts
    code, indices = ask.body["inds_cd"], ask.market.indices

    def bars_of(day: date, size: int, by_time: bool) -> list[Values]:
        whole = indices.bars(code, day, day)
        if not whole:
            return []
        until = ask.market.moment if day == ask.market.session_day else None
        minutes = [each for each in indices.minutes(code, day) if until is None or each.time <= until]

        def place(n: int) -> int:
            at = minutes[n].time
            return (at.hour * 60 + at.minute) // size if by_time else n // size

        found, told = [], 0
        for _, numbers in groupby(range(len(minutes)), place):
            each = [minutes[n] for n in numbers]
            first, before, levels = each[0], whole[0].previous_close, [one.level for one in each]
            start = first.time.hour * 60 + first.time.minute
            start = start // size * size if by_time else each[-1].time.hour * 60 + each[-1].time.minute
            total = rounded(each[-1].volume, THOUSAND)
            found.append(
                {
                    **_level("close", levels[-1], before),
                    "time": datetime.combine(day, time(start // 60, start % 60)),
                    "open": Coloured(levels[0], before),
                    "high": Coloured(max(levels), before),
                    "low": Coloured(min(levels), before),
                    "volume": total - told,
                    "volume_as_served": (total - told) // THOUSAND,
                    "cumulative_volume": total,
                }
            )
            told = total
        return found

    rows, key = paged_moments(ask, bars_of, lambda values, number: _keyed(part, values))
    return Content(rows, _keyed(flat, {"sector": code}), key)


# --- the moment, and what the stocks did -------------------------------------------------------


def _stocks(ask: Ask, code: str, day: date) -> list[Day]:
    """The day of each stock of an index that has one."""
    market = ask.market
    rows = (market.day(stock.symbol, day, ask.venue) for stock in market.indices.members(code, day))
    return [row for row in rows if row is not None]


def _breadth(rows: Sequence[Day]) -> Values:
    signs = [row.sign for row in rows]
    traded = sum(row.volume > 0 for row in rows)
    return {
        # Those at their limit count as rising and falling too, as in the live feed.
        "limit_up": signs.count(1),
        "rising": signs.count(1) + signs.count(2),
        "unchanged": signs.count(3),
        "falling": signs.count(4) + signs.count(5),
        "limit_down": signs.count(4),
        "listed_stocks": len(rows),
        "traded": traded,
        "traded_pct": rate(traded, len(rows)),
    }


def _quote(ask: Ask, code: str) -> Values | None:
    market = ask.market
    today = market.session_day
    bars = market.indices.bars(code, today - _YEAR, today)
    if not bars or bars[-1].date != today:
        return None
    bar = bars[-1]
    high, low = max(bars, key=lambda each: each.high), min(bars, key=lambda each: each.low)
    return {
        **_bar([bar], "index"),
        **_breadth(_stocks(ask, code, today)),
        "high_52w": Coloured(high.high, bar.previous_close),
        "high_52w_date": high.date,
        "vs_high_52w_pct": rate(bar.close - high.high, high.high),
        "low_52w": Coloured(low.low, bar.previous_close),
        "low_52w_date": low.date,
        "vs_low_52w_pct": rate(bar.close - low.low, low.low),
    }


def _by_time(ask: Ask) -> Content:
    flat, part = ask.endpoint.parts
    code = ask.body["inds_cd"]
    quote = _quote(ask, code)
    if quote is None:
        return Content()
    before, until = quote["index"].against, ask.market.moment
    rows, told = [], 0
    for minute in ask.market.indices.minutes(code, ask.market.session_day):
        if until is not None and minute.time > until:
            break
        total = rounded(minute.volume, THOUSAND)
        values = {"time": minute.time, "volume": total - told, "cumulative_volume": total}
        rows.append(_keyed(part, {**values, **_level("index", minute.level, before)}))
        told = total
    page, key = ask.page_by_count(rows[::-1])
    return Content(list(page), _keyed(flat, quote), key)


def _by_day(ask: Ask) -> Content:
    flat, part = ask.endpoint.parts
    code = ask.body["inds_cd"]
    quote = _quote(ask, code)

    def fetch(since: date, until: date) -> list[IndexBar]:
        return ask.market.indices.bars(code, since, until)

    page, key = ask.page_by_date(fetch, ask.market.session_day)
    return Content([_keyed(part, _bar([bar], "index")) for bar in page], _keyed(flat, quote or {}), key)


def _listed(ask: Ask, board: Board, day: date) -> list[tuple[Sector, IndexBar, list[Day]]]:
    found = []
    for sector in sectors.sectors(board):
        bars, rows = ask.market.indices.bars(sector.code, day, day), _stocks(ask, sector.code, day)
        if bars and rows:
            found.append((sector, bars[-1], rows))
    return found


def _all(ask: Ask) -> Content:
    sector = sectors.SECTORS.get(ask.body["inds_cd"])
    rows, (part,), whole = [], ask.endpoint.parts, 0
    for each, bar, days in _listed(ask, sector.board if sector else "kospi", ask.market.session_day):
        whole = whole or bar.value  # the whole market comes first
        values = {"sector": each.code, "name": each.name, "weight_pct": rate(bar.value, whole)}
        rows.append(_keyed(part, {**_bar([bar], "index"), **_breadth(days), **values}))
    page, key = ask.page_by_count(rows)
    return Content(list(page), next_key=key)


def _flows(ask: Ask) -> Content:
    """Thirteen classes whose nets are zero together, also where each is rounded."""
    day, (part,), rows = ask.day("base_dt"), ask.endpoint.parts, []
    if not trading_days(day, day):
        return Content()
    value, board = word_of(ask, "measure") == "value", word_of(ask, "market")
    unit = int(part.named("individual").unit_for(ask.endpoint.flag_of(ask.body)).scale)
    for sector, bar, days in _listed(ask, "kosdaq" if board == "kosdaq" else "kospi", day):
        nets = {
            name: sum(
                sides.net_amount if value else sides.net for sides in (row.flows.of(name) for row in days)
            )
            for name in INVESTORS
        }
        nets["securities"], nets["merchant_bank"] = nets["financial_investment"], nets["other_financial"]
        parts = "securities insurance investment_trust bank merchant_bank pension private_fund nation"
        nets["domestic_foreigner"] = nets["other_corporation"] // 3
        nets["other_corporation"] -= nets["domestic_foreigner"]
        told = {name: rounded(net, unit) for name, net in nets.items()}
        told["institution"] = sum(told[name] for name in parts.split())
        others = ("institution", "foreign", "other_corporation", "domestic_foreigner")
        told["individual"] = -sum(told[name] for name in others)
        values = {"sector": sector.code + SUFFIXES[ask.venue], "name": sector.name}
        rows.append(_keyed(part, {**_bar([bar], "index"), **told, **values}))
    return Content(rows)


ANSWERS: Mapping[str, Callable[[Ask], Content]] = {
    "ka10051": _flows,
    "ka20001": _by_time,
    "ka20003": _all,
    "ka20004": _moments,
    "ka20005": _moments,
    "ka20006": _bars,
    "ka20007": _bars,
    "ka20008": _bars,
    "ka20009": _by_day,
    "ka20019": _bars,
}
