"""Themes and their stocks."""

from __future__ import annotations

from typing import Literal, Unpack

from kiwoomdata.entries import theme as theme_
from kiwoomdata.query import Options, Plan, question, single
from kiwoomdata.questions.prices import Venue
from kiwoomdata.questions.shapes import given, listing

__all__ = ["theme_stocks", "themes"]


@question
def themes(
    *,
    days: int = 1,
    name: str | None = None,
    by: Literal["best_period", "worst_period", "best_day", "worst_day"] = "best_period",
    venue: Venue = "krx",
    symbol: str | None = None,
    **options: Unpack[Options],
) -> Plan:
    """Themes by what their stocks returned (테마그룹별).

    One row is one theme.

    Parameters
    ----------
    days
        How many days back. 1 to 99.
    name
        A part of a theme's Korean name such as '반도체'; left out, all.
    by
        What to sort by.
    venue
        ``"krx"`` (default), ``"nxt"`` or ``"all"``.
    symbol
        One stock; left out, all.

    Returns
    -------
    DataFrame
        In the server's order: ``theme name`` (String), ``stocks`` (Int64), ``direction``
        (Enum), ``change_pct`` (Float64, %), ``rising falling`` (Int64), ``period_return_pct``
        (Float64, %), ``main_stocks`` (String).

    Notes
    -----
    Source: ka90001 (테마그룹별요청). 100 rows a request. Changes by the day; kept until 06:00. Errors as
    in :func:`kiwoomdata.daily_prices`.

    See Also
    --------
    theme_stocks
    sector_indices

    Examples
    --------
    >>> import kiwoomdata as kd
    >>> kd.use("simulator")
    >>> frame = kd.themes()
    >>> frame.height > 0
    True
    """
    return Plan(
        single(
            theme_.THEMES, given({"days": days, "name": name, "by": by, "venue": venue, "symbol": symbol})
        ),
        lambda parts: parts["themes"],
        order=(),
        options=options,
    )


@question
def theme_stocks(
    theme: str,
    *,
    days: int | None = None,
    venue: Venue = "krx",
    **options: Unpack[Options],
) -> Plan:
    """The stocks of a theme (테마구성종목).

    One row is one stock.

    Parameters
    ----------
    days
        How many days back. 1 to 99.
    theme
        A theme's code such as '100', from kd.themes().
    venue
        ``"krx"`` (default), ``"nxt"`` or ``"all"``.

    Returns
    -------
    DataFrame
        In the server's order: ``symbol`` (String), ``venue`` (Enum), ``name`` (String),
        ``price`` (Int64, KRW), ``direction`` (Enum), ``change`` (Int64, KRW), ``change_pct``
        (Float64, %), ``volume`` (Int64, shares), ``ask`` (Int64, KRW), ``ask_quantity`` (Int64,
        shares), ``bid`` (Int64, KRW), ``bid_quantity`` (Int64, shares), ``period_return_pct``
        (Float64, %).

    Notes
    -----
    Source: ka90002 (테마구성종목요청). One request or few. Changes by the day; kept until 06:00. Errors as
    in :func:`kiwoomdata.daily_prices`.

    See Also
    --------
    themes

    Examples
    --------
    >>> import kiwoomdata as kd
    >>> kd.use("simulator")
    >>> frame = kd.theme_stocks("100")
    >>> frame.height > 0
    True
    """
    return listing(
        theme_.THEME_STOCKS, given({"days": days, "theme": theme, "venue": venue}), options, venue=venue
    )
