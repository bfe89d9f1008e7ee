"""What a named function asks for: a job for each symbol, and the options that all of them take."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import KW_ONLY, dataclass, field, replace
from datetime import date
from typing import Any, Literal, TypedDict

import polars as pl

from kiwoomdata import forks
from kiwoomdata.arguments import as_symbols, body_of
from kiwoomdata.calendar import nth_trading_day_before, trading_days
from kiwoomdata.client import NO_AS, Client, OnTruncated, default_client
from kiwoomdata.entries.entry import Endpoint
from kiwoomdata.frames import OnBad
from kiwoomdata.kinds import VENUES, split_code
from kiwoomdata.present import Names, Style

__all__ = ["Job", "Options", "Parts", "Plan", "Shape", "client_of", "for_symbols", "joined", "single"]


Parts = Mapping[str, pl.DataFrame]
Shape = Callable[[Parts], pl.DataFrame]


class Options(TypedDict, total=False):
    """Options that every named function takes, by keyword.

    client
        The :class:`kiwoomdata.Client` to use; left out: the one of :func:`kiwoomdata.use`.
    columns
        Names of the columns to keep, in this order; left out, all of them. ``"name"`` is taken of whatever
        has a ``symbol``: the stock's name in today's lists of KOSPI and KOSDAQ (two requests a day), null
        where neither has it.
    names
        Headings: ``"en"``, or ``"ko"`` for the Korean names.
    style
        ``"plain"``, or ``"ohlcv"`` for Title-case Open, High, Low, Close, Volume.
    errors
        With several symbols: ``"raise"`` the first failure (its ``.frame`` holds the others' rows), or
        ``"collect"`` the rows of those that did not fail, with a warning.
    refresh
        True: go to the server, and replace what is stored.
    offline
        True: serve from the store alone; what is missing there is :class:`kiwoomdata.NotCached`.
    on_bad
        A text that fits no rule of its kind: ``"raise"`` DecodeError, or ``"null"`` with a warning.
    on_truncated
        Paging that a guard or ceiling stopped: ``"raise"`` Truncated, or ``"mark"`` it in the provenance.
    max_requests
        A call that would send more is a ValueError before the first request; left out: the client's 2,000.
    """

    client: Client
    columns: Sequence[str]
    names: Names
    style: Style
    errors: Literal["raise", "collect"]
    refresh: bool
    offline: bool
    on_bad: OnBad
    on_truncated: OnTruncated
    max_requests: int


KNOWN = tuple(Options.__annotations__)
WHOSE = {"symbol": pl.String(), "venue": pl.Enum(VENUES)}


@dataclass(frozen=True)
class Job:
    """One series or snapshot to fetch."""

    endpoint: Endpoint
    body: Mapping[str, str]
    since: date | None = None
    until: date | None = None
    extra: Mapping[str, Any] = field(default_factory=dict)
    """Columns that say what was asked for, such as symbol and venue, and the value of each."""
    dated: bool = True
    """Whether the day can be known that a snapshot or a list is of."""
    days_back: int = 0
    """How many trading days before the latest session a snapshot or a list is of, as the request says."""
    enough: Callable[[Parts], bool] | None = None
    """Whether the rows tell all that the frame says. It is asked for one trading day more than is shown, and
    for older ones until they do. Left out: the rows shown are enough."""

    @property
    def with_older(self) -> Job:
        """The same with the trading day before it, where that is asked for too; not before a range that holds
        no session."""
        if self.enough is None or self.since is None:
            return self
        if self.until is not None and not trading_days(self.since, self.until):
            return self
        return replace(self, since=nth_trading_day_before(self.since, 1))


@dataclass(frozen=True)
class Plan:
    """What a named function asks for, and how one frame is made of it; nothing has been sent yet."""

    jobs: Mapping[str, Job]
    shape: Shape | Mapping[str, Shape]
    """Makes the frame of one job of its parts; in a mapping each job has its own."""
    _: KW_ONLY
    order: Sequence[str] = ("date",)
    """The columns to sort by, ascending; without any the server's order stays."""
    notes: Sequence[str] = ()
    """What goes into the provenance."""
    together: Shape | None = None
    """Does the same as ``shape`` for the rows of one or many symbols at once, each symbol's ascending, with
    its ``symbol`` and ``venue``: what the store holds is then read, joined and shaped in one go."""
    told: Callable[[], tuple[str, ...]] | None = None
    """Warns of symbols of which only all answers together show that there is nothing, and names them."""
    options: Mapping[str, Any]


def client_of(options: Mapping[str, Any]) -> Client:
    forks.check()
    unknown = [name for name in options if name not in KNOWN]
    if "as_" in unknown:
        raise TypeError(NO_AS)
    if unknown:
        raise TypeError(f"{unknown[0]}: no such option; there are {', '.join(KNOWN)}")
    client = options.get("client")
    if client is None:
        return default_client()
    if not isinstance(client, Client):
        raise TypeError(f"client: expected a kiwoomdata.Client, got {type(client).__name__}")
    return client


def for_symbols(
    endpoint: Endpoint,
    symbol: Any,
    venue: str | None,
    params: Mapping[str, Any],
    *,
    since: date | None = None,
    until: date | None = None,
    enough: Callable[[Parts], bool] | None = None,
) -> dict[str, Job]:
    """One job for each symbol, with ``symbol`` and ``venue`` columns in front."""
    param = endpoint.param("symbol")
    assert param is not None
    codes = as_symbols(symbol, venue, suffix=param.suffix)
    body = body_of(endpoint, {**params, "symbol": codes[0]})
    jobs = {}
    for code in codes:
        extra = dict(zip(WHOSE, split_code(code) or (), strict=True))
        jobs[code] = Job(endpoint, {**body, param.key: code}, since, until, extra, enough=enough)
    return jobs


def joined(
    endpoint: Endpoint, symbol: Any, venue: str | None, params: Mapping[str, Any]
) -> dict[str, tuple[list[str], Job]]:
    """The codes of each request and its job, for a TR that takes many codes at once: as few as may be."""
    param = next(each for each in endpoint.params if each.join)
    codes, most = as_symbols(symbol, venue, suffix=param.suffix), param.at_most or 1
    jobs = {}
    for begin in range(0, len(codes), most):
        some = codes[begin : begin + most]
        name = some[0] if len(some) == 1 else f"{some[0]} to {some[-1]}"
        jobs[name] = some, Job(endpoint, body_of(endpoint, {**params, param.name: some}))
    return jobs


def single(
    endpoint: Endpoint,
    params: Mapping[str, Any],
    *,
    since: date | None = None,
    until: date | None = None,
    asked: Mapping[str, Any] | None = None,
    dated: bool = True,
) -> dict[str, Job]:
    """The one job of a TR that is not about one symbol; what was ``asked`` becomes columns."""
    return {endpoint.api_id: Job(endpoint, body_of(endpoint, params), since, until, asked or {}, dated)}
