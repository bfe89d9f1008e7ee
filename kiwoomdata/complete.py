"""What an answer lacks of what was asked, found and told in one place for every function.

======================  =====================================================================
no row of a symbol      :class:`EmptyAnswer`, ``provenance.empty``
days or periods, none   :class:`IncompleteFrame`, ``provenance.missing``
what the server forgot  :class:`IncompleteFrame`, ``provenance.begins``
rows without a day      :class:`IncompleteFrame`, ``provenance.dateless``
an end in doubt         :class:`IncompleteFrame`, ``provenance.doubtful``
another's answer        :class:`KiwoomDataWarning`, ``provenance.mistaken``
keys that did not come  :class:`MissingKey`, ``provenance.absent``
an end that is none     :class:`Truncated` (raised by the client), ``provenance.truncated``
======================  =====================================================================

Each is one warning a call: how many, and the first five by name. All of it stands in the provenance.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta

import polars as pl

from kiwoomdata.calendar import period_start, session_hours, trading_days
from kiwoomdata.entries import ENDPOINTS
from kiwoomdata.entries.entry import Endpoint, Period
from kiwoomdata.errors import EmptyAnswer, IncompleteFrame, KiwoomDataWarning, MissingKey
from kiwoomdata.kinds import DATE
from kiwoomdata.origin import Provenance
from kiwoomdata.rest.protocol import Stop
from kiwoomdata.store.finality import business_day
from kiwoomdata.telling import SHOWN, listed, warn

__all__ = ["examined", "subject", "tell"]

_DAY = timedelta(days=1)
_OF_SYMBOLS = (
    "It answers so for a code that does not exist or was delisted, at a venue where the stock is not traded, "
    "before it was listed, before the first trade of a day, and of days without a session."
)
_OF_MARKETS = (
    "It answers so before the open, on holidays, and for a market, venue or investor of which it has nothing."
)


def examined(
    source: Provenance,
    endpoint: Endpoint,
    body: Mapping[str, str],
    parts: Mapping[str, pl.DataFrame],
    stop: Stop,
    *,
    since: date | None,
    until: date | None,
    now: datetime,
    oldest: date | None = None,
    absent: Sequence[str] = (),
) -> Provenance:
    """The provenance of one job's frames, with what they lack.

    ``since`` and ``until`` are the days that were asked for, where a range was; ``oldest`` is the day of the
    oldest row that the server had, where rows out of the range are not among the parts; ``absent`` are the
    keys that did not come.
    """
    source = replace(source, absent=tuple(absent))
    name = subject(endpoint, body)
    if endpoint.rows is None:
        return (
            replace(source, empty=_subjects(endpoint, name))
            if all(map(_is_blank, parts.values()))
            else source
        )
    rows, walk = parts[endpoint.rows.name], endpoint.walk
    since = since or _named(body, walk.since if walk else None)
    last = min(until or _named(body, walk.until if walk else None) or now.date(), now.date())
    last = min(last, business_day(now) - _DAY) if endpoint.no_today else _last_over(last, now)
    # A bar is dated by the first trading day of its period.
    due = since is not None and since <= period_start(last, endpoint.period)
    if since is not None and endpoint.period == "day":  # else the session that there is goes on
        due = bool(trading_days(since, last)) or not trading_days(since, until or now.date())
    expected = since is None or due
    come: set[date] = set()
    found, dateless = rows.height > 0, 0
    if walk is not None:
        days = rows[walk.column]
        days = days if days.dtype == pl.Date else days.dt.date().unique()
        come = set(days.drop_nulls().to_list() if days.null_count() else days.to_list())
        dateless = _without_a_day(rows, walk.column) if days.null_count() else 0
        found = dateless > 0 or any((since or date.min) <= day <= (until or date.max) for day in come)
    by_moment = walk is not None and isinstance(rows.schema[walk.column], pl.Datetime)
    oldest = min(come, default=oldest)
    if by_moment and since is not None and oldest is not None and not stop.truncated:
        older = trading_days(since, min(oldest - _DAY, last))  # minutes and trades are kept for a while only
        source = replace(source, begins={name: oldest} if older else {})
    if not found:
        doubtful = (name,) if stop.doubtful and source.pages > 1 else ()  # it had begun with newer rows
        return replace(source, empty=_subjects(endpoint, name), doubtful=doubtful) if expected else source
    if dateless:
        source = replace(source, dateless={name: dateless})
    if walk is not None and (endpoint.every_day or (by_moment and since is not None)):
        # What is older than the server's first minute or trade is missing too.
        first = since if by_moment and since is not None else _first_expected(come, since, stop)
        lacking = _without_a_row(come, first, min(stop.ends or last, last), endpoint.period)
        if lacking:
            source = replace(source, missing={name: lacking})
        if since is not None and not any(day < min(come, default=date.max) for day in lacking):
            return source  # nothing is missing before the oldest row, however the walk came to its end
    return replace(source, doubtful=(name,)) if stop.doubtful else source


def _without_a_day(rows: pl.DataFrame, column: str) -> int:
    return rows.filter(pl.col(column).is_null() & pl.any_horizontal(pl.all().is_not_null())).height


def _without_a_row(come: set[date], first: date, last: date, period: Period) -> tuple[date, ...]:
    """The trading days without a row; of longer bars, the first day of each period that begins here."""
    if period == "day":
        return tuple(day for day in trading_days(first, last) if day not in come)
    told = {period_start(day, period) for day in come}
    begun: dict[date, date] = {}
    for day in trading_days(period_start(first, period), last):
        begun.setdefault(period_start(day, period), day)
    return tuple(day for start, day in begun.items() if start not in told and day >= first)


def _first_expected(come: set[date], since: date | None, stop: Stop) -> date:
    """The oldest day that should have a row: none is missing before a history that plainly begins."""
    oldest = min(come, default=since or date.max)
    return since if since is not None and (stop.doubtful or stop.begun) else max(oldest, since or oldest)


def _last_over(day: date, now: datetime) -> date:
    """The day, or the one before while today's session has not ended."""
    hours = session_hours(day) if day == now.date() else None
    return day - _DAY if hours is not None and now.time() < hours[1] else day


def _named(body: Mapping[str, str], key: str | None) -> date | None:
    try:
        day: date | None = DATE.parse(body.get(key or "", "").strip())
    except ValueError:
        return None
    return day


def subject(endpoint: Endpoint, body: Mapping[str, str]) -> str:
    """What an answer is about, as warnings name it: the symbol, or the TR where it takes none."""
    symbol = endpoint.param("symbol")
    return (body.get(symbol.key) if symbol is not None else None) or endpoint.api_id


def _subjects(endpoint: Endpoint, name: str) -> tuple[str, ...]:
    """What an answer is about, one by one, where a request joins several symbols."""
    symbol = endpoint.param("symbol")
    return tuple(name.split(symbol.join)) if symbol is not None and symbol.join else (name,)


def _is_blank(frame: pl.DataFrame) -> bool:
    return bool(frame.select(pl.all_horizontal(pl.all().is_null().all())).item())


def tell(source: Provenance) -> None:
    """Warn of what a call's frame lacks."""
    endpoint = ENDPOINTS[source.api_id]
    if source.absent:
        warn(
            f"{source.api_id}: the server left out {listed(source.absent)}; the cells are null",
            MissingKey,
        )
    if source.mistaken:
        whose = listed(f"{name} names {code}" for name, code in source.mistaken.items())
        warn(
            f"{source.api_id}: the answer to {whose}: its rows may be another's, and none is stored",
            KiwoomDataWarning,
        )
    if source.empty:
        of = f" of {listed(source.empty)}" if source.empty != (source.api_id,) else ""
        what = f"no rows{of}" if endpoint.rows else f"an answer in which every value is blank{of}"
        why = endpoint.when_empty or (_OF_SYMBOLS if endpoint.param("symbol") else _OF_MARKETS)
        warn(f"{source.api_id}: the server had {what}. {why}", EmptyAnswer)
    lacks = [
        *_holes(source.missing, "trading day" if endpoint.period == "day" else endpoint.period),
        *(f"the oldest row of {name} is of {day}" for name, day in list(source.begins.items())[:SHOWN]),
        *(
            f"{count} row(s) of {name} have values and no day"
            for name, count in list(source.dateless.items())[:SHOWN]
        ),
    ]
    if source.doubtful:
        lacks.append(
            f"the paging of {listed(source.doubtful)} ended as a history that begins there does, and as a "
            f"server in trouble does ({source.why})"
        )
    if lacks:
        warn(f"{source.api_id}: {'; '.join(lacks)}", IncompleteFrame)


def _holes(missing: Mapping[str, Sequence[date]], what: str) -> Iterator[str]:
    for name, days in list(missing.items())[:SHOWN]:
        span = f"{days[0]} to {days[-1]}" if len(days) > 1 else f"{days[0]}"
        yield f"no row for {len(days)} {what}(s) of {name}: {span}"
    if len(missing) > SHOWN:
        days_left = sum(len(days) for days in list(missing.values())[SHOWN:])
        yield f"{days_left} more of {len(missing) - SHOWN} more symbols; provenance(frame).missing lists all"
