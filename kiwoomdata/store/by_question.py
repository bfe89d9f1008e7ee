"""Answers that depend on their question: kept as they came, and never merged with another.

What the server cumulates, and how far back it goes, is its own; so the pages are kept under the request that
they answer, and serve until a newer day could stand in them. Three kinds:

* a series whose rows or reach depend on the question (``Walk.whole``): while its newest day is the newest
  that there can be, and final. A question that names its last day is answered for good; the others cost
  their pages anew when a day has passed. (Until 0.2 such answers were extended at their newest end, which
  saved a page or two a day and cost three hundred lines, and bases that could mix.)
* an answer about the day or range that the request names (``Endpoint.as_of``): when that day is final.
* an answer that changes with the day (``final="by the day"``): until the next 06:00 in Seoul.

An answer is kept only if nothing about it is in doubt: it came to its end, each row can be read and has a
day that no other row tells differently, each trading day has its row, and it goes back to the first day that
the request names. One that lacks a key is kept for its business day.
"""

from __future__ import annotations

import zlib
from dataclasses import replace
from datetime import date

import msgspec

from kiwoomdata import frames
from kiwoomdata.calendar import last_trading_day, trading_days
from kiwoomdata.entries.entry import Endpoint
from kiwoomdata.errors import NotCached
from kiwoomdata.rest import protocol
from kiwoomdata.rest.protocol import Page
from kiwoomdata.store.disk import Store
from kiwoomdata.store.files import Head, SeriesKey, as_day, as_text
from kiwoomdata.store.finality import business_day, last_final_day
from kiwoomdata.store.question import (
    ALL_STORED,
    Answer,
    Ask,
    Question,
    another,
    as_it_came,
    day_of,
    ended_oddly,
    read,
)

__all__ = ["answer", "held", "keeps"]


def keeps(endpoint: Endpoint) -> bool:
    """Whether the answers of this TR are kept by their question."""
    whole = endpoint.walk is not None and endpoint.walk.whole
    settles = endpoint.final == "next morning" and (whole or endpoint.as_of is not None)
    return settles or endpoint.final == "by the day"


def answer(store: Store, question: Question, ask: Ask) -> Answer:
    """The answer to a question: from the store while it holds, or from the server."""
    found = held(store, question)
    if found is not None:
        return found
    if question.offline:
        raise NotCached(
            f"offline: the store has no answer of {question.endpoint.api_id} to {dict(question.body)} that "
            "still holds; ask once without offline=True"
        )
    with store.lock(_key(question), stop=question.stopped) as mine:
        found = held(store, question)  # somebody else may have asked meanwhile
        if found is None:
            walk = ask(question.body, question.since)
            pages = list(walk)
            found = as_it_came(question.endpoint, walk, pages)
            if mine:
                _keep(store, question, found, pages)
        return found


def held(store: Store, question: Question) -> Answer | None:
    """The answer out of the store alone, where it could not read otherwise today."""
    key = _key(question)
    head = None if question.refresh else store.head(key, "answer")
    if head is None or not _holds(question, head.last, msgspec.json.decode(head.more)):
        return None
    loaded = store.load(key, "answer")
    if loaded is None:
        return None
    contents = msgspec.msgpack.decode(zlib.decompress(loaded[1]), type=list[bytes])
    pages = [protocol.read(key.api_id, 200, {}, content) for content in contents]
    texts, dropped, _ = frames.text_parts(question.endpoint, pages)
    old = msgspec.json.decode(head.more) != as_text(business_day(question.now))
    if old and not question.offline and frames.absent(question.endpoint, texts):
        return None  # a later answer may have the key that this one lacks
    store.used(key)
    return Answer(
        texts, ALL_STORED, cached_rows=head.count, duplicates=dropped, fetched_at=head.fetched,
        as_of=as_day(head.as_of),
    )  # fmt: skip


def _key(question: Question) -> SeriesKey:
    since = {"since": as_text(question.since)} if question.since else {}
    body = {**question.body, **since, "": "as asked"}
    return SeriesKey(question.server, question.endpoint.api_id, tuple(body.items()))


def _holds(question: Question, last: str, kept: str) -> bool:
    """Whether an answer up to ``last`` still holds; it was kept on the business day ``kept``."""
    endpoint = question.endpoint
    if endpoint.final == "by the day":
        return kept == as_text(business_day(question.now))
    final, newest = last_final_day(endpoint, question.now), day_of(last)
    if endpoint.as_of is not None:
        named, heeded = day_of(question.body.get(endpoint.as_of)), endpoint.as_of_if
        return (
            named is not None and named <= final and (not heeded or question.body.get(heeded[0]) == heeded[1])
        )
    if newest is None or newest > final:
        return False
    wanted, today = _wanted(question), question.now.date()
    # Rows beyond the newest day that the request names show a server that does not heed it.
    return newest == last_trading_day(today if newest > wanted else min(today, wanted))


def _wanted(question: Question) -> date:
    """The newest day that the question names; where it names none, today."""
    walk = question.endpoint.walk
    named = walk and day_of(question.body.get(walk.until or ""))
    return named or question.now.date()


def _keep(store: Store, question: Question, found: Answer, pages: list[Page]) -> None:
    days, kept = _days(question, found, pages), as_text(business_day(question.now))
    if days is None or not _holds(question, last := max(days, default=""), kept):
        return
    head = Head(
        "", first=min(days, default=""), last=last, count=max(texts.height for texts in found.texts.values()),
        as_of=as_text(question.now.date()) if question.endpoint.rebased else "",
        fetched=question.now.timestamp(), more=msgspec.Raw(msgspec.json.encode(kept)),
    )  # fmt: skip
    packed = zlib.compress(msgspec.msgpack.encode([page.content for page in pages]), 1)
    store.write(_key(question), "answer", head, packed)


def _days(question: Question, found: Answer, pages: list[Page]) -> list[str] | None:
    """The days of an answer about which nothing is in doubt; None where something is."""
    endpoint, part = question.endpoint, question.endpoint.rows
    days: list[str] = []
    if another(endpoint, question.body, found.texts) is not None:
        return None
    for each in endpoint.parts:
        of_part = endpoint if each is part else replace(endpoint, walk=None, rebased=False)
        _, dated, fits = read(of_part, each, found.texts[each.name], question.body)
        if not fits.all():
            return None
        days += dated.drop_nulls().to_list()
    walk, reached = endpoint.walk, False
    if walk is not None:
        first = day_of(question.body.get(walk.since or "")) or question.since
        expected = trading_days(first, _wanted(question))[:1] if first else []
        reached = bool(days and expected) and min(days) <= as_text(expected[0])
        if not days or (expected and not reached) or _has_holes(question, days):
            return None
    blank = all(sum(t.null_count().row(0)) == t.height * t.width for t in found.texts.values())
    if (
        found.stop.truncated
        or found.differing
        or blank
        or (part and ended_oddly(endpoint, part, pages, reached=reached))
    ):
        return None
    return days


def _has_holes(question: Question, days: list[str]) -> bool:
    first, last = day_of(min(days)), day_of(max(days))
    if not question.endpoint.every_day or first is None or last is None:
        return False
    return any(as_text(day) not in days for day in trading_days(first, min(last, question.now.date())))
