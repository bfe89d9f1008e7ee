"""Live messages to typed frames. Pure.

A batch of JSON objects is joined with newlines and read by one flat ``pl.read_ndjson`` with a
schema of texts, which costs less than building one dict per message. That reader drops keys
that its schema lacks. So every colon of the batch is counted: a JSON pair has exactly one
outside its texts, so as many colons as cells prove that no key was dropped.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from datetime import time as clock_time
from functools import lru_cache
from typing import Any

import msgspec
import polars as pl

from kiwoomdata.calendar import previous_trading_day
from kiwoomdata.entries.feeds import Feed
from kiwoomdata.kinds import (
    AMOUNT,
    CHANGE,
    COUNT,
    EVENT_TIME,
    FLOW,
    KST,
    QUANTITY,
    TEXT,
    VENUES,
    Kind,
    Trouble,
    decode,
    split_code,
)
from kiwoomdata.telling import listed

__all__ = ["LEADING", "left_out", "read_ticks", "schema"]

KST_TIME = pl.Datetime("us", "Asia/Seoul")
LEADING: dict[str, pl.DataType] = {
    "symbol": pl.String(),
    "venue": pl.Enum(VENUES),
    "time": KST_TIME,
    "received_at": KST_TIME,
}
"""The columns that every live frame starts with."""

_VENUE = pl.Series("venue", VENUES, dtype=LEADING["venue"])
_PAST_MIDNIGHT = 18 * 3_600_000_000, 24 * 3_600_000_000
"""Microseconds: a time of day that lies so far ahead of its coming is of the session before. It was sent just
before midnight, and no two clocks differ so much."""
MESSAGE = replace(TEXT, name="message", expected="a JSON object")

Plan = list[tuple[str, str, Kind, float]]


@dataclass(frozen=True)
class _Layout:
    """What of a feed is read: the keys, and what becomes of them."""

    keys: tuple[str, ...]
    absent: list[pl.Expr]
    plan: Plan
    quick: list[pl.Expr]
    """The quick way of the plan: building forty takes longer than reading a hundred messages."""
    schema: dict[str, pl.DataType]
    whole: bool
    always: dict[str, tuple[str, Kind]]
    """The keys that stand in every message."""


@lru_cache(maxsize=256)
def _layout(feed: Feed, columns: tuple[str, ...] | None) -> _Layout:
    wanted = set(columns or ()) - LEADING.keys()
    chosen = [column for column in feed.columns if columns is None or column.name in {*wanted, "time"}]
    plan = [(c.key, c.name, c.kind, c.unit.scale) for c in chosen]
    unknown = sorted(wanted - {name for _, name, _, _ in plan})
    if any(not name.isdigit() for name in unknown):
        names = ", ".join((*LEADING, *(column.name for column in feed.columns if column.name != "time")))
        raise ValueError(f"columns: {feed.name} has no {unknown[0]!r}. There are: {names}")
    plan += [(name, name, TEXT, 1) for name in unknown]
    types = {name: kind.dtype for _, name, kind, _ in plan if name != "time"}
    keys = tuple(dict.fromkeys(key for key, _, _, _ in plan))
    absent = {
        key: _absent(key, kind) for key, _, kind, _ in plan if kind.dtype == pl.String() or kind == EVENT_TIME
    }
    quick = [_quick(kind, key).alias(name) for key, name, kind, _ in plan]
    always = {key: (name, kind) for key, name, kind, _ in reversed(plan) if key in feed.always}
    return _Layout(keys, list(absent.values()), plan, quick, LEADING | types, columns is None, always)


def _absent(key: str, kind: Kind) -> pl.Expr:
    """Null for the text of nothing, which would else be looked up as one that the quick way failed on."""
    text = pl.col(key)
    return pl.when(text != ("000000" if kind == EVENT_TIME else "")).then(text).alias(key)


def _quick(kind: Kind, key: str) -> pl.Expr:
    """The quick way of a column.

    No live number was ever seen with two signs, so none is looked for before the cast. One that
    has two is left null by it, and so read by the kind's own rule.
    """
    text = pl.col(key)
    whole = kind in (AMOUNT, CHANGE, COUNT, FLOW, QUANTITY)
    return text.cast(pl.Int64, strict=False) if whole else kind.fast(text)


def schema(feed: Feed, columns: Iterable[str] | None = None) -> dict[str, pl.DataType]:
    """Say which columns a frame of a feed has, an empty one too.

    A FID that the catalogue lacks comes after these, as text named by its number.

    >>> from kiwoomdata.entries.feeds import find_feed
    >>> list(schema(find_feed("best_quote")))
    ['symbol', 'venue', 'time', 'received_at', 'ask', 'bid']
    """
    return dict(_layout(feed, _chosen(columns)).schema)


def _chosen(columns: Iterable[str] | None) -> tuple[str, ...] | None:
    if isinstance(columns, str):
        raise ValueError(f"columns: expected several names such as ('price', 'quantity'), got {columns!r}")
    return None if columns is None else tuple(columns)


def read_ticks(
    feed: Feed,
    items: Sequence[str],
    values: Sequence[bytes],
    received: Sequence[int],
    day: date,
    *,
    columns: Iterable[str] | None = None,
) -> tuple[pl.DataFrame, list[Trouble]]:
    """Read a batch of one feed's messages, in the order in which they came.

    Parameters
    ----------
    feed
        Whose messages they are.
    items
        What each message is about, with its venue suffix: ``"005930_NX"``.
    values
        Each message's FIDs and texts: the bytes of a JSON object.
    received
        When each arrived: microseconds since 1970 in UTC.
    day
        The trading day in Korea; the messages say only the time. What was sent just before midnight and
        came after it is of the trading day before.
    columns
        The columns to keep beside the four leading ones; None keeps all, also FIDs that the
        catalogue lacks. A FID that it lacks can be asked for by its number.

    Returns
    -------
    frame, troubles
        One row per message, with the columns of :func:`schema`. A text that fits no rule is null
        and told as a trouble; so is a message that is no JSON object, whose row is left out (its
        trouble has no column), and a FID of :attr:`Feed.always` that none of the messages has.
    """
    if not len(items) == len(values) == len(received):
        raise ValueError(
            f"items, values, received: expected one of each per message, got {len(items)}, {len(values)} "
            f"and {len(received)}"
        )
    layout = _layout(feed, _chosen(columns))
    if not values:
        return pl.DataFrame(schema=layout.schema), []
    troubles: list[Trouble] = []
    try:
        texts = _read(values, layout)
    except (pl.exceptions.PolarsError, _Misread):
        texts, good = _read_one_by_one(values, layout, troubles)
        items, received = [items[n] for n in good], [received[n] for n in good]
    unknown = [key for key in texts.columns if key not in layout.keys]
    troubles += _left_out(texts, layout.always)
    frame, misfits = decode(texts.with_columns_seq(layout.absent), layout.plan, layout.quick)
    leading = _leading(items, received, frame, day)
    rest = [series for series in frame if series.name != "time"]
    extra = [texts[key].alias(f"{key}_" if key in layout.schema else key) for key in unknown]
    return pl.DataFrame([*leading, *rest, *extra]), [*troubles, *misfits]


def _left_out(texts: pl.DataFrame, always: Mapping[str, tuple[str, Kind]]) -> Iterator[Trouble]:
    """The keys that stand in every message and in none of these; a blank text is there."""
    rows = texts.height
    short = rows > 0 and None in texts.row(0)  # measured 2026-11-28: 6 us, each of 45 columns takes 30
    for series in texts if short else ():
        if series.null_count() == rows and series.name in always:
            name, kind = always[series.name]
            yield Trouble(name, series.name, kind, unproven=False, rows=rows, absent=True)


def left_out(feed: Feed, absent: Iterable[tuple[str, str]]) -> str:
    """What is said of FIDs that did not come, each with its column."""
    fids = listed([f"{fid} ({column})" for fid, column in absent])
    return f"{feed.name}: the server left out FID {fids}; the cells are null"


# --- JSON to texts ---------------------------------------------------------------------------


class _Misread(Exception):
    """The batch's lines are not its messages."""


def _read(values: Sequence[bytes], layout: _Layout) -> pl.DataFrame:
    lines = b"\n".join(values)
    if not layout.whole:
        return _read_lines(lines, layout.keys, values)
    # A FID that the catalogue lacks stands in every message once it stands in one.
    keys = _all_keys(layout.keys, values[:1])
    frame = _read_lines(lines, keys, values)
    cells = frame.height * frame.width - sum(series.null_count() for series in frame)
    if lines.count(b":") != cells and len(more := _all_keys(keys, values)) > len(keys):
        frame = _read_lines(lines, more, values)
    return frame


def _read_lines(lines: bytes, keys: Sequence[str], values: Sequence[bytes]) -> pl.DataFrame:
    frame = pl.read_ndjson(lines, schema=dict.fromkeys(keys, pl.String())).rechunk()
    if frame.height != len(values) or lines.count(b"\n") != len(values) - 1:
        raise _Misread
    return frame


def _all_keys(keys: Sequence[str], values: Sequence[bytes]) -> tuple[str, ...]:
    seen = dict.fromkeys(keys)
    for value in values:
        try:
            seen |= dict.fromkeys(_decode_object(value))
        except _NO_OBJECT as error:
            raise _Misread from error
    return tuple(seen)


_decode_object = msgspec.json.Decoder(dict[str, Any]).decode
_READ_TO_SHOW = 1_000  # bytes of a broken message; what a warning shows of it is less
_NO_OBJECT = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)


def _read_one_by_one(
    values: Sequence[bytes], layout: _Layout, troubles: list[Trouble]
) -> tuple[pl.DataFrame, list[int]]:
    """Read a batch that holds a broken message: keep what can be read, and where it stood."""
    rows: list[dict[str, str | None]] = []
    good: list[int] = []
    for n, value in enumerate(values):
        try:
            row = _decode_object(value)
        except _NO_OBJECT:
            shown = bytes(value[:_READ_TO_SHOW]).decode(errors="replace")
            troubles.append(Trouble("", shown, MESSAGE, unproven=False, rows=1))
            continue
        rows.append({key: _as_text(cell) for key, cell in row.items()})
        good.append(n)
    keys = layout.keys
    if layout.whole:
        keys = tuple(dict.fromkeys((*keys, *(key for row in rows for key in row))))
    return pl.DataFrame(
        {key: pl.Series([row.get(key) for row in rows], dtype=pl.String()) for key in keys}
    ), good


def _as_text(cell: Any) -> str | None:
    return cell if cell is None or isinstance(cell, str) else msgspec.json.encode(cell).decode()


# --- the leading columns ---------------------------------------------------------------------


def _midnight(day: date) -> int:
    return int(datetime.combine(day, clock_time(), KST).timestamp()) * 1_000_000


def _leading(
    items: Sequence[str], received: Sequence[int], frame: pl.DataFrame, day: date
) -> list[pl.Series]:
    different = list(dict.fromkeys(items))
    parts = [split_code(item) or (item or None, None) for item in different]
    places = {item: n for n, item in enumerate(different)}
    markets = {
        item: None if venue is None else VENUES.index(venue)
        for item, (_, venue) in zip(different, parts, strict=True)
    }
    symbols = pl.Series("symbol", [symbol for symbol, _ in parts], dtype=pl.String())
    came = pl.Series("received_at", received, dtype=pl.Int64())
    if "time" in frame.columns:  # a day in Korea has had 24 hours since 1988
        clock = frame["time"].cast(pl.Duration("us")).cast(pl.Int64)
        time = clock + _midnight(day)
        ahead = time - came
        if (ahead.max() or 0) >= _PAST_MIDNIGHT[0]:  # type: ignore[operator]
            before = clock + _midnight(previous_trading_day(day))
            time = before.zip_with(ahead.is_between(*_PAST_MIDNIGHT).fill_null(value=False), time)
    else:
        time = pl.Series("time", [None], dtype=pl.Int64()).new_from_index(0, len(items))
    return [
        symbols[pl.Series([places[item] for item in items], dtype=pl.UInt32())],
        _VENUE[pl.Series([markets[item] for item in items], dtype=pl.UInt32())],
        time.cast(KST_TIME),
        came.cast(KST_TIME),
    ]
