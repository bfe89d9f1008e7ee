"""Kinds of days, times and moments. Pure."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date, datetime, time
from zoneinfo import ZoneInfo

import polars as pl

from kiwoomdata.kinds.kind import Kind, Unproven

__all__ = ["DATE", "DATETIME", "EVENT_TIME", "KST", "TIME"]


KST = ZoneInfo("Asia/Seoul")
_AFTER_CLOSE = {"888888", "999999"}
"""Seen in sector TRs after the close (August 2026). No time of day; which one it means is unproven."""

_PERIOD = re.compile(r"[0-9]{4}(W?[0-9]{2})?")
"""Recorded in the place of the day of a bar of weeks and of months (``2024W01``, ``202401``). Which day is
meant is unproven: the first of the period, the last, or the last that has come."""
_MINUTE = re.compile(r"[0-9]{12}")
"""Recorded in the place of the moment of a bar of minutes (``202401011200``); by two digits of the year, or
without the seconds, nobody has said."""


def _parse_date(text: str) -> date | None:
    if text == "000000":  # ka10048 prints it on rows without a day
        return None
    if _PERIOD.fullmatch(text):
        raise Unproven(text)
    # The daily program TR writes its days as 14 digits with a time of zeros.
    if not re.fullmatch(r"[0-9]{8}(000000)?", text):
        raise ValueError(text)
    if text.startswith("00000000"):
        return None
    return date(int(text[:4]), int(text[4:6]), int(text[6:8]))


def _parse_time(text: str) -> time:
    if text in _AFTER_CLOSE:
        raise Unproven(text)
    if not re.fullmatch(r"[0-9]{6}", text):
        raise ValueError(text)
    return time(int(text[:2]), int(text[2:4]), int(text[4:]))


def _parse_datetime(text: str) -> datetime | None:
    if _MINUTE.fullmatch(text):
        raise Unproven(text)
    if not re.fullmatch(r"[0-9]{14}", text):
        raise ValueError(text)
    if text == "0" * 14:
        return None
    parts = (text[:4], text[4:6], text[6:8], text[8:10], text[10:12], text[12:])
    return datetime(*map(int, parts), tzinfo=KST)  # type: ignore[misc,arg-type]


DATE = Kind(
    "date",
    pl.Date(),
    "a date of eight digits",
    _parse_date,
    lambda c: pl.when(c.str.contains("^[0-9]{8}$")).then(c).str.to_date("%Y%m%d", strict=False),
)
TIME = Kind(
    "time",
    pl.Time(),
    "a time of six digits",
    _parse_time,
    # polars takes a second of 60 for the next minute.
    lambda c: pl.when(c.str.contains("^[0-9]{4}[0-5][0-9]$")).then(c).str.to_time("%H%M%S", strict=False),
)
EVENT_TIME = replace(
    TIME,
    name="event_time",
    parse=lambda text: None if text == "000000" else _parse_time(text),
    fast=lambda c: TIME.fast(pl.when(c != "000000").then(c)),
)
"""A time of day; ``000000`` says that it has not happened."""
DATETIME = Kind(
    "datetime",
    pl.Datetime("us", "Asia/Seoul"),
    "a date and time of fourteen digits",
    _parse_datetime,
    lambda c: (
        pl.when(c.str.contains("^[0-9]{12}[0-5][0-9]$"))
        .then(c)
        .str.to_datetime("%Y%m%d%H%M%S", strict=False, time_unit="us", cache=False)
        .dt.replace_time_zone("Asia/Seoul", ambiguous="null", non_existent="null")
    ),
)
