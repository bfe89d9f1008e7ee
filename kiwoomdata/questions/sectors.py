"""Sectors and their indices."""

from __future__ import annotations

from typing import Literal, Unpack

from kiwoomdata.arguments import INDICES, index_code, one_of
from kiwoomdata.entries import sector as sector_
from kiwoomdata.query import Options, Plan, question, single
from kiwoomdata.questions.prices import Venue
from kiwoomdata.questions.shapes import listing

__all__ = ["sector_indices", "sector_quote", "sector_stocks", "sectors"]


@question
def sectors(
    market: Literal["kospi", "kosdaq", "kospi200", "kospi100", "krx100"] = "kospi",
    **options: Unpack[Options],
) -> Plan:
    """The sector codes of a market (업종코드 리스트).

    One row is one sector.

    Parameters
    ----------
    market
        The market.

    Returns
    -------
    DataFrame
        In the server's order: ``market_code sector name group`` (String).

    Notes
    -----
    Source: ka10101 (업종코드 리스트). One request or few. Changes by the day; kept until 06:00. Errors as
    in :func:`kiwoomdata.daily_prices`.

    See Also
    --------
    sector_indices
    sector_stocks

    Examples
    --------
    >>> import kiwoomdata as kd
    >>> kd.use("simulator")
    >>> frame = kd.sectors()
    >>> frame.height > 0
    True
    """
    jobs = single(sector_.SECTORS, {"market": market})
    return Plan(jobs, lambda parts: parts["sectors"], order=(), options=options)


@question
def sector_indices(
    market: Literal["kospi", "kosdaq"] = "kospi",
    **options: Unpack[Options],
) -> Plan:
    """All sector indices of a market at the moment (전업종지수).

    One row is one index.

    Parameters
    ----------
    market
        ``"kospi"`` or ``"kosdaq"``.

    Returns
    -------
    DataFrame
        In the server's order: ``sector name`` (String), ``index`` (Float64, points),
        ``direction`` (Enum), ``change`` (Float64, points), ``change_pct`` (Float64, %),
        ``volume`` (Int64, shares), ``weight_pct`` (Float64, %), ``value`` (Int64, KRW),
        ``limit_up rising unchanged falling limit_down listed_stocks`` (Int64).

    Notes
    -----
    Source: ka20003 (전업종지수요청). One request or few. Never final. The code is a sector's. Errors as in
    :func:`kiwoomdata.daily_prices`.

    See Also
    --------
    sector_quote
    index_candles

    Examples
    --------
    >>> import kiwoomdata as kd
    >>> kd.use("simulator")
    >>> frame = kd.sector_indices("kospi")
    >>> frame.height > 0
    True
    """
    return Plan(
        single(sector_.SECTOR_INDICES, {"sector": INDICES[one_of("market", market, ("kospi", "kosdaq"))]}),
        lambda parts: parts["indices"],
        order=(),
        options=options,
    )


@question
def sector_stocks(
    sector: str = "kospi",
    *,
    venue: Venue = "krx",
    top: int | None = None,
    **options: Unpack[Options],
) -> Plan:
    """The stocks of a sector (업종별주가).

    One row is one stock.

    Parameters
    ----------
    sector
        ``"kospi"``, ``"kosdaq"``, ``"kospi200"``, or three digits such as ``"013"``;
        :func:`kiwoomdata.sectors` lists them.
    venue
        ``"krx"`` (default), ``"nxt"`` or ``"all"``.
    top
        How many rows to keep, after all pages were fetched.

    Returns
    -------
    DataFrame
        In the server's order: ``symbol`` (String), ``venue`` (Enum), ``name`` (String),
        ``price`` (Int64, KRW), ``direction`` (Enum), ``change`` (Int64, KRW), ``change_pct``
        (Float64, %), ``volume`` (Int64, shares), ``ask bid open high low`` (Int64, KRW).

    Notes
    -----
    Source: ka20002 (업종별주가요청). 100 rows a request. Never final. The rows come in the order of codes;
    the market asked is ignored. Errors as in :func:`kiwoomdata.daily_prices`.

    See Also
    --------
    stocks
    sectors

    Examples
    --------
    >>> import kiwoomdata as kd
    >>> kd.use("simulator")
    >>> frame = kd.sector_stocks("001")
    >>> frame.height > 0
    True
    """
    asked = {**_index(sector), "venue": venue}
    return listing(sector_.SECTOR_STOCKS, asked, options, venue=venue, top=top)


@question
def sector_quote(
    sector: str = "kospi",
    *,
    by: Literal["time", "day"] = "time",
    **options: Unpack[Options],
) -> Plan:
    """A sector index through the day, or by day (업종현재가).

    One row is one moment of today, or one trading day; oldest first.

    Parameters
    ----------
    sector
        ``"kospi"``, ``"kosdaq"``, ``"kospi200"``, or three digits such as ``"013"``;
        :func:`kiwoomdata.sectors` lists them.
    by
        ``"time"`` or ``"day"``.

    Returns
    -------
    DataFrame
        ``time`` (Time) or ``date`` (Date), ``index`` (Float64, points), ``direction`` (Enum), ``change``
        (Float64, points), ``change_pct`` (Float64, %), ``volume cumulative_volume`` (Int64, shares; by day
        the cumulative one alone). What stands beside the list is in :func:`kiwoomdata.request_parts`.

    Notes
    -----
    Sources: ka20001 (업종현재가요청) and ka20009 (업종현재가일별요청), 20 rows a request. Of today never
    final; a day is final the next morning. The times 888888 and 999999 carry what was traded after the
    close: null and a warning. Errors as in :func:`kiwoomdata.daily_prices`.

    See Also
    --------
    sector_indices
    index_candles

    Examples
    --------
    >>> import kiwoomdata as kd
    >>> kd.use("simulator")
    >>> kd.sector_quote("kospi", by="day").columns[:2]
    ['date', 'index']
    """
    asked = _index(sector)
    endpoint, rows, first = (
        (sector_.SECTOR_QUOTE, "times", "time")
        if one_of("by", by, ("time", "day")) == "time"
        else (sector_.SECTOR_QUOTE_BY_DAY, "days", "date")
    )
    return Plan(single(endpoint, asked), lambda parts: parts[rows], order=(first,), options=options)


def _index(sector: str) -> dict[str, str]:
    """The request's keys of an index; the server heeds the code alone and ignores the market."""
    code = index_code(sector)
    return {"market": {"1": "kosdaq", "2": "kospi200"}.get(code[:1], "kospi"), "sector": code}
