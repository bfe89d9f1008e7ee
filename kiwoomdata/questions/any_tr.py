"""The catalogue as frames, and the doors to any TR."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import chain
from typing import Any

import polars as pl

from kiwoomdata._public import HOME_OF
from kiwoomdata.arguments import DateLike
from kiwoomdata.client import Client, default_client
from kiwoomdata.client.checks import near
from kiwoomdata.entries import ENDPOINTS
from kiwoomdata.entries.condition import CONDITIONS, ConditionCall
from kiwoomdata.entries.entry import AS_SERVED, UNKNOWN, Column, Endpoint, Param
from kiwoomdata.entries.feeds import FEEDS, Feed
from kiwoomdata.questions.finding import find
from kiwoomdata.rest.protocol import Page

__all__ = ["catalogue", "describe", "raw", "request", "request_parts"]

_LIVE = "/api/dostk/websocket"
_CALLS = {
    "conditions": "kd.conditions()",
    "condition_search": 'kd.condition_search("0")',
    "condition_stream": 'kd.condition_stream("0")',
}
_CATALOGUE = {
    "api_id": pl.String(),
    "korean": pl.String(),
    "english": pl.String(),
    "category": pl.String(),
    "url": pl.String(),
    "function": pl.String(),
    "page_rows": pl.Int64(),
    "final": pl.String(),
    "example": pl.String(),
}
_DESCRIBE = {
    name: pl.String()
    for name in ("api_id", "part", "key", "column", "korean", "kind", "dtype", "unit", "note")
}


def catalogue() -> pl.DataFrame:
    """All TRs, live feeds and condition calls that this package knows.

    One row is one of them.

    Returns
    -------
    DataFrame
        ``api_id`` (String: what :func:`describe` takes; of a feed the server's code), ``korean english``
        (String), ``category`` (String; ``"live"`` of feeds, ``"condition"`` of condition calls), ``url
        function`` (String), ``page_rows`` (Int64, null where nobody has measured it), ``final`` (String:
        when a row can no longer change), ``example`` (String: a call).

    See Also
    --------
    find : what answers a question, in Korean or English words.
    describe : one TR or feed: its parameters and columns.

    Examples
    --------
    >>> import kiwoomdata as kd
    >>> kd.catalogue().filter(api_id="ka10086").select("function", "page_rows", "final").row(0)
    ('daily_prices, investor_flows', 20, 'next morning')
    >>> kd.catalogue().filter(api_id="0B").select("english", "category").row(0)
    ('Trades of a stock', 'live')
    """
    rows = [
        *((e.api_id, e.ko, e.en, e.category, e.path, e.function, e.page_rows, e.final, e.call) for e in
          ENDPOINTS.values()),
        *((f.type, f.ko, f.en, "live", _LIVE, "stream_to_frame", None, "never", _stream_call(f)) for f in
          FEEDS.values()),
        *((c.api_id, c.ko, c.en, "condition", _LIVE, c.function, None, "never", _CALLS[c.function]) for c in
          CONDITIONS.values()),
    ]  # fmt: skip
    return pl.DataFrame(rows, schema=_CATALOGUE, orient="row")


def describe(api_id: str) -> pl.DataFrame:
    """The keys of a TR, a live feed, a condition call or a function, and what they mean here; or one key.

    One row is one key; a key that gives two columns stands twice.

    Parameters
    ----------
    api_id
        A TR (``"ka10086"``), a feed by its code or name (``"0B"``, ``"trade"``), a condition call
        (``"ka10172"``), a function of this package (``"candles"``: of all TRs and calls that it asks), or one
        of these by its Korean name. Else a key or column wherever it stands: a key of the API (``"9068"``,
        ``"netprps_qty"``), our name (``"change_pct"``) or its Korean name (``"거래량"``).
        :func:`catalogue` lists all, and :func:`find` finds them by words.

    Returns
    -------
    DataFrame
        ``api_id`` (String: as in :func:`catalogue`), ``part`` (``"request"``, the name of the response's
        frame, or the feed's name), ``key`` (as the API spells it; of a feed the FID), ``column`` (ours),
        ``korean kind dtype unit note`` (String). A unit that depends on the request is told as such, one
        that no source states is ``"unknown"``. A note holds the words of codes where they are known.

    Raises
    ------
    ValueError, TypeError
        A text that nothing is called, with what is nearest; or no text.

    See Also
    --------
    catalogue : all TRs and feeds.
    find : what answers a question, in Korean or English words.
    request : ask any TR by its id.

    Examples
    --------
    >>> import kiwoomdata as kd
    >>> kd.describe("ka10086").filter(key="amt_mn").select("part", "column", "kind", "unit").row(0)
    ('prices', 'value', 'amount', 'KRW')
    >>> kd.describe("trade").equals(kd.describe("0B"))
    True
    >>> kd.describe("290").select("api_id", "column", "note").row(1)
    ('0B', 'session_name', '1=before, 2=regular, 3=after')
    """
    if not isinstance(api_id, str):
        raise TypeError(f"api_id: expected a text such as 'ka10086', '0B' or '9068', got {api_id!r}")
    rows = [*_described(api_id)] if api_id else []
    if not rows and api_id in HOME_OF:
        raise ValueError(f"api_id: kd.{api_id} has no TR of its own; help(kd.{api_id}) tells what it does")
    rows = rows or ([*_keys(api_id)] if api_id else [])
    if not rows:
        alike = near(api_id)
        if not alike and api_id.strip() and (names := [*dict.fromkeys(find(api_id)["name"])][:3]):
            alike = f"; did you mean {' or '.join(map(repr, names))}?"
        raise ValueError(f"api_id: {api_id!r} is not in the catalogue{alike}; kd.catalogue() lists what is")
    return pl.DataFrame(rows, schema=_DESCRIBE)


def _described(word: str) -> Iterator[dict[str, str]]:
    """The rows of whatever is called so: by its id, its name, its function or its Korean name."""
    for tr in [ENDPOINTS[word]] if word in ENDPOINTS else ENDPOINTS.values():
        if word in (tr.api_id, tr.ko, *tr.function.split(", ")):
            yield from _tr_rows(tr)
    for feed in FEEDS.values():
        if word in (feed.type, feed.name, feed.ko):
            yield from _feed_rows(feed)
    for call in CONDITIONS.values():
        if word in (call.api_id, call.trnm, call.function, call.ko):
            yield from _call_rows(call)


def _keys(word: str) -> Iterator[dict[str, str]]:
    """The rows of every key or column that is called so, wherever it stands."""
    every = (*map(_tr_rows, ENDPOINTS.values()), *map(_feed_rows, FEEDS.values()))
    for row in chain(*every, *map(_call_rows, CONDITIONS.values())):
        also = row["column"] + AS_SERVED if UNKNOWN.name in row["unit"] else ""
        if word in (row["key"], row["column"], also, row["korean"]):
            yield row


def _tr_rows(tr: Endpoint) -> Iterator[dict[str, str]]:
    yield from (_param_row(tr.api_id, param) for param in tr.params)
    for part in tr.parts:
        yield from (_column_row(tr.api_id, part.name, column) for column in part.columns)


def _feed_rows(feed: Feed) -> Iterator[dict[str, str]]:
    yield from (_column_row(feed.type, feed.name, column) for column in feed.columns)


def _call_rows(call: ConditionCall) -> Iterator[dict[str, str]]:
    yield from (_param_row(call.api_id, param) for param in call.params)
    yield from (_column_row(call.api_id, "data", column) for column in call.columns)


def _stream_call(feed: Feed) -> str:
    symbols = {"stock": '"005930"', "sector": '"001"', "gold": '"MGD"'}
    item = symbols.get(feed.item_kind, "[]") if feed.needs_items else "[]"
    return f'kd.stream_to_frame({item}, "{feed.name}", window="5m")'


def _param_row(api_id: str, param: Param) -> dict[str, str]:
    choices = ", ".join(f"{name}={code}" for name, code in param.choices.items())
    default = f"default {param.default}" if param.default else "" if param.required else "optional"
    return {
        "api_id": api_id,
        "part": "request",
        "key": param.key,
        "column": param.name,
        "korean": param.ko,
        "kind": param.form,
        "dtype": str(param.kind.dtype),
        "unit": "",
        "note": "; ".join(text for text in (choices, param.accepts, default) if text),
    }


def _column_row(api_id: str, part: str, column: Column) -> dict[str, str]:
    return {
        "api_id": api_id,
        "part": part,
        "key": column.key,
        "column": column.name,
        "korean": column.ko,
        "kind": column.kind.name,
        "dtype": str(column.kind.dtype),
        "unit": column.unit_text,
        "note": column.explained,
    }


def request(
    api_id: str,
    params: Mapping[str, Any] | None = None,
    *,
    client: Client | None = None,
    since: DateLike | None = None,
    max_pages: int | None = None,
    **named: Any,
) -> pl.DataFrame:
    """The typed frame of any TR of the catalogue, with every key that the server sends.

    Parameters
    ----------
    api_id
        Such as ``"ka10086"``; :func:`catalogue` lists them.
    params, **named
        The request's parameters, by our names or by the API's own keys (:func:`describe` lists both);
        words and the API's codes are both taken, also codes that only one of the vendor's documents prints.
        A blank text is what is left out.
    since
        For a series by date: the oldest day wanted. Days that the store holds as final are not asked for
        again. Without it every page is fetched.
    max_pages
        The ceiling; reaching it raises Truncated, or marks the frame with ``on_truncated="mark"``.
    names, refresh, offline, on_bad, on_truncated, max_requests
        As for every named function.

    Returns
    -------
    DataFrame
        The TR's list in the server's order, or the one row of a TR that has none. A key that the catalogue
        lacks is kept as text under its own name. What stands beside a list is in :func:`request_parts`.

    Raises
    ------
    ValueError, TypeError
        A wrong argument, before any request.
    ApiError, TransportError, DecodeError, Truncated
        See :mod:`kiwoomdata.errors`.

    See Also
    --------
    request_parts : every frame of an answer that has several.
    raw : the server's answer as it came.
    describe : the parameters and columns of a TR.

    Examples
    --------
    >>> import kiwoomdata as kd
    >>> kd.use("simulator")
    >>> kd.request("ka10045", stk_cd="005930", strt_dt="20240102", end_dt="20240131").height
    22
    """
    return (client or default_client()).request(api_id, params, since=since, max_pages=max_pages, **named)


def request_parts(
    api_id: str,
    params: Mapping[str, Any] | None = None,
    *,
    client: Client | None = None,
    since: DateLike | None = None,
    max_pages: int | None = None,
    **named: Any,
) -> dict[str, pl.DataFrame]:
    """All frames of any TR: its list, and what the answer holds beside it.

    Parameters and errors as in :func:`request`.

    Returns
    -------
    dict of DataFrame
        By the names that :func:`describe` gives the parts.

    See Also
    --------
    request : the main frame of an answer.
    raw : the server's answer as it came.

    Examples
    --------
    >>> import kiwoomdata as kd
    >>> kd.use("simulator")
    >>> list(kd.request_parts("ka10045", stk_cd="005930", strt_dt="20240102", end_dt="20240131"))
    ['averages', 'trend']
    """
    client = client or default_client()
    return client.request_parts(api_id, params, since=since, max_pages=max_pages, **named)


def raw(
    api_id: str,
    params: Mapping[str, Any] | None = None,
    *,
    client: Client | None = None,
    since: DateLike | None = None,
    max_pages: int | None = None,
    **named: Any,
) -> list[Page]:
    """The pages as served: ``.headers`` (lower case), ``.json`` and ``.content`` (bytes) of each.

    Parameters as in :func:`request`; ``since`` stops at the page that reaches this day. The store plays no
    part. Refusals raise, and pages that may not be all are a warning (IncompleteFrame) unless ``max_pages``
    ended them; nothing else is interpreted.

    ``api_id`` may also be a TR of market data that the vendor's guide has and the catalogue lacks: its
    parameters are the API's own keys with texts, sent as they are. What orders or shows an account is never
    asked.

    See Also
    --------
    request : the same answer as a typed frame.
    describe : the parameters and columns of a TR.

    Examples
    --------
    >>> import kiwoomdata as kd
    >>> kd.use("simulator")
    >>> pages = kd.raw("ka10086", {"stk_cd": "005930", "qry_dt": "20240131"}, max_pages=2)
    >>> len(pages), pages[0].headers["cont-yn"], len(pages[0].json["daly_stkpc"])
    (2, 'Y', 20)
    """
    return (client or default_client()).raw(api_id, params, since=since, max_pages=max_pages, **named)
