"""Condition search: the stocks that meet a condition saved in the vendor's trading program."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal, Never

import polars as pl

from kiwoomdata.arguments import word
from kiwoomdata.client import default_client, refuse_gone
from kiwoomdata.entries.condition import LIST, SEARCH, ConditionCall
from kiwoomdata.errors import IncompleteFrame, KiwoomDataWarning, MissingKey, Truncated, UnknownKey
from kiwoomdata.frames import complain
from kiwoomdata.kinds import decode
from kiwoomdata.masking import brief
from kiwoomdata.origin import Provenance
from kiwoomdata.present import present
from kiwoomdata.stream.condition import Asker, as_text, not_live_here, which
from kiwoomdata.stream.events import ConditionList, ConditionPage
from kiwoomdata.stream.lanes import seq_argument
from kiwoomdata.telling import listed

if TYPE_CHECKING:
    from kiwoomdata.client import Client

__all__ = ["condition_search", "conditions"]

MOST_PAGES = 500


def conditions(*, timeout: float = 10.0, client: Client | None = None, **gone: Never) -> pl.DataFrame:
    """The account's saved conditions.

    One row is one condition, in the server's order.

    Parameters
    ----------
    timeout
        Seconds to wait for the answer.
    client
        The :class:`kiwoomdata.Client` to use; left out: the one of :func:`kiwoomdata.use`.

    Returns
    -------
    DataFrame
        ``seq`` (String, what :func:`condition_search` takes), ``name`` (String).

    Raises
    ------
    NoAnswer
        The server kept silent.
    ApiError, LoginRefused, Kicked, ConnectionLost
        See :mod:`kiwoomdata.errors`.

    Notes
    -----
    Source: ka10171 (조건검색 목록조회), over the live connection: the one that is open in this process for
    the key, else one opened for this call.

    See Also
    --------
    condition_search : the stocks that meet one.
    condition_stream : what enters and leaves one, live.

    Examples
    --------
    >>> import kiwoomdata as kd
    >>> kd.use("simulator")
    >>> kd.conditions().columns
    ['seq', 'name']
    """
    refuse_gone("conditions", gone)
    client = client or default_client()
    with Asker.asking(client, timeout) as asker:
        asker.link.ask(lambda session: session.ask_conditions())
        found = asker.answer(LIST)
    assert isinstance(found, ConditionList)
    if found.unreadable:
        all_of_them = len(found.conditions) + found.unreadable
        told = f"{found.unreadable} of the list's {all_of_them} entries could not be read and are left out"
        warnings.warn(f"{LIST.api_id}: {told}", KiwoomDataWarning, stacklevel=2)
    schema = {column.name: column.kind.dtype for column in LIST.columns}
    return _shown(pl.DataFrame(found.conditions, schema=schema, orient="row"), LIST, {}, 1, client)


def condition_search(
    seq: str | int,
    *,
    venue: Literal["krx"] = "krx",
    timeout: float = 10.0,
    client: Client | None = None,
    **gone: Never,
) -> pl.DataFrame:
    """The stocks that meet a condition now.

    One row is one stock, in the server's order, all pages together.

    Parameters
    ----------
    seq
        The condition's number, from :func:`conditions`.
    venue
        ``"krx"``; the server knows no other.
    timeout
        Seconds to wait for each answer.
    client
        The :class:`kiwoomdata.Client` to use; left out: the one of :func:`kiwoomdata.use`.

    Returns
    -------
    DataFrame
        ``symbol`` (String), ``venue`` (Enum), ``name`` (String), ``price`` (Int64, KRW), ``direction``
        (Enum), ``change`` (Int64, KRW), ``change_pct`` (Float64, %), ``cumulative_volume`` (Int64, shares),
        ``open high low`` (Int64, KRW). No rows where nothing meets it.

    Raises
    ------
    NoAnswer
        The server kept silent, as it does about a condition that it does not know.
    StreamError
        The condition is live: in this process, or elsewhere and could not be cleared.
    ApiError, DecodeError, Truncated, LoginRefused, Kicked, ConnectionLost
        See :mod:`kiwoomdata.errors`.

    Notes
    -----
    Source: ka10172 (조건검색 요청 일반), over the live connection. The list is asked for first on every
    connection, because the server answers no search before.

    See Also
    --------
    conditions : the conditions that the account keeps.
    condition_stream : what enters and leaves one, live.

    Examples
    --------
    >>> import kiwoomdata as kd
    >>> kd.use("simulator")
    >>> found = kd.condition_search(kd.conditions()["seq"][0])
    >>> found.schema["price"]
    Int64
    """
    refuse_gone("condition_search", gone)
    client, seq, exchange = client or default_client(), seq_argument(str(seq)), word(SEARCH.params[1], venue)
    keys: list[str] = []
    rows: list[Mapping[str, Any]] = []
    told: set[str] = set()
    with Asker.asking(client, timeout) as asker:
        not_live_here(asker.link, seq)
        page = asker.page(SEARCH, seq, exchange)
        while True:
            why = _wrong_with(page, keys, told)
            rows += [row for row in page.rows if _code(row) not in told]
            told |= set(map(_code, page.rows))
            if why:
                frame = _members(rows, client)
                raise Truncated(SEARCH.api_id, why, pages=len(keys) + 1, frame=frame, remedy="")
            if page.cont_yn != "Y":
                break
            keys.append(page.next_key)
            page = asker.page(SEARCH, seq, exchange, "Y", page.next_key)
    if keys and not page.rows:
        what = f"page {len(keys)} said that there is more, and page {len(keys) + 1} has nothing"
        warnings.warn(f"{SEARCH.api_id}: {what}", IncompleteFrame, stacklevel=2)
    return _shown(_members(rows, client), SEARCH, {"seq": seq}, len(keys) + 1, client)


def _wrong_with(page: ConditionPage, keys: Sequence[str], told: set[str]) -> str:
    """Why it is not known what comes after a page; ``keys`` led to it, and ``told`` are the stocks before."""
    if page.rows and told.issuperset(map(_code, page.rows)):
        return "a page told again the stocks of those before"
    if page.cont_yn == "Y":
        if page.next_key in keys or not page.rows:
            return "a page made no progress"
        return "too many pages" if len(keys) + 1 >= MOST_PAGES else ""
    if page.cont_yn == "N" and page.next_key:
        return "the server called this the last page and sent a key to the next"
    if page.cont_yn != "N" and (page.rows or page.cont_yn or page.next_key):
        return f"the server did not say plainly whether there is more (cont_yn {brief(page.cont_yn)!r})"
    return ""


def _code(row: Mapping[str, Any]) -> str:
    return str(row.get("9001"))


def _members(rows: Sequence[Mapping[str, Any]], client: Client) -> pl.DataFrame:
    """The rows of an answer as a typed frame; keys that the catalogue lacks stay text."""
    known = {column.key: None for column in SEARCH.columns}
    lacking = [key for key in known if any(key not in row for row in rows)]
    if lacking:
        told = f"{SEARCH.api_id}: the server left out {listed(lacking)}; the cells are null"
        warnings.warn(told, MissingKey, stacklevel=3)
    coded = [row for row in rows if (as_text(row.get("9001")) or "").strip()]
    if len(coded) < len(rows):
        told = f"{SEARCH.api_id}: {len(rows) - len(coded)} row(s) without a code were left out"
        warnings.warn(told, KiwoomDataWarning, stacklevel=3)
        rows = coded
    extra = list(dict.fromkeys(key for row in rows for key in row if key not in known))
    if extra:
        told = f"{SEARCH.api_id}: the server sent {listed(extra)}, which the catalogue lacks; kept as text"
        warnings.warn(told, UnknownKey, stacklevel=3)
    texts = pl.DataFrame(
        {
            key: pl.Series([as_text(row.get(key)) for row in rows], dtype=pl.String())
            for key in dict.fromkeys((*(column.key for column in SEARCH.columns), *extra))
        }
    )
    plan = [(column.key, column.name, column.kind, column.unit.scale) for column in SEARCH.columns]
    frame, troubles = decode(texts, plan)
    complain(SEARCH.api_id, troubles, client.on_bad)
    return pl.DataFrame([*which(frame["code"]), *frame.drop("code"), *map(texts.get_column, extra)])


def _shown(
    frame: pl.DataFrame,
    call: ConditionCall,
    params: dict[str, str],
    pages: int,
    client: Client,
) -> pl.DataFrame:
    server = client.ws_url or ""
    source = Provenance(
        call.api_id, params, server, client.now(), pages=pages, rows=frame.height, requests=pages
    )
    return present(frame, source)
