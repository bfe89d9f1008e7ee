"""What is not asked for twice. The catalogue's entry says which rule answers a question:

* rows that depend on their day alone are kept day by day (:mod:`~kiwoomdata.store.by_day`);
* an answer that depends on its question is kept as it came (:mod:`~kiwoomdata.store.by_question`);
* what the server can still change is never kept.

What is promised, by day:

==================  ===========================  ==================  =====================  ==================
held                came                         served              kept                   told
==================  ===========================  ==================  =====================  ==================
all days asked for  (nothing is asked)           what is held        -                      as_of
some days           the others, and a held day   held and new, each  the days that are      as_of
                    that reads the same          day once            final
some days           the others; the held day     the new ones: the   the new ones; of the   the old days left,
                    reads otherwise (a split)    whole series is     old, days that the     and their as_of
                                                 walked again        server has no more
some days           the others, and nothing to   the server's alone  nothing                that nothing is
                    compare with                                                           kept
any                 no row for a trading day     the others          the others             the missing days,
                    where each has one                                                      each time
any                 no row newer than one that   what came           what came; the last    until it is known
                    is a month old                                   day, when on a second
                                                                     day nothing is newer
any                 no row, where days may be    the others          the day as empty,      -
                    empty (ka10078)                                  after a week
any                 a row of a closed day        it too              it too, if it is       -
                                                                     final
any                 a cell that no rule reads    DecodeError, or     not this row           each time
                                                 null by on_bad
any                 no day in a row, or no price DecodeError, or     not this row           each time
                    where the basis is compared  null
any                 two rows of one day,         both, or the first  not this day           each time
                    which differ                 page's
any                 rows that name another       them                none of them           each time
                    stock than was asked for
any                 another key left out         null                with null; asked for   each time
                                                                     twice more if other
                                                                     rows have the key
any                 an end before the day asked  what came           what came; the end,    until it is known
                                                                     when a second walk
                                                                     ends there too
any                 an error, Ctrl-C, a kill     -                   each page that came    the error
a damaged file      -                            it is as good as    the file is written    that it cannot be
                                                 not there           anew                   read
==================  ===========================  ==================  =====================  ==================

And by question:

==================  ===========================  ==================  =====================  ==================
held                came                         served              kept                   told
==================  ===========================  ==================  =====================  ==================
the answer, and no  (nothing is asked)           what is held        -                      as_of
newer day can be
older, or nothing   an answer whose days are     it                  it, in the place of    -
                    all final                                        the older
older, or nothing   one without a key of         it, null            it, and asked for      each time
                    the catalogue                                    anew once a day
older, or nothing   one with a day that is not   it                  nothing                what is missing
                    final, a hole, a bad cell,
                    a day told in two ways,
                    another stock's code,
                    an end that is early or odd
==================  ===========================  ==================  =====================  ==================

``refresh`` goes to the server for all that is asked for; ``offline`` sends nothing, and what is not held is
:class:`~kiwoomdata.NotCached`. One thread of one process fetches a series at a time; the others wait, and
find it. Served text is the truth: typed copies are made of it, and are made anew where the text or the TR's
entry has changed since.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

from kiwoomdata.entries.entry import Endpoint
from kiwoomdata.errors import NotCached
from kiwoomdata.store import by_day, by_question
from kiwoomdata.store.disk import Store
from kiwoomdata.store.question import Answer, Ask, Needs, Question, as_it_came

__all__ = ["Answer", "Needs", "Question", "Store", "by_days", "held", "held_together", "needs", "rule"]


def by_days(endpoint: Endpoint) -> bool:
    """Whether the TR's rows depend on their day alone, so that days can be kept one by one."""
    return endpoint.walk is not None and not endpoint.walk.whole and endpoint.final == "next morning"


def held(store: Store, question: Question) -> Answer | None:
    """The answer out of the store alone, where that holds all of it."""
    since, until = question.since, question.until
    if by_days(question.endpoint) and since is not None and until is not None:
        return by_day.held(store, question)
    if (since is None or until is not None) and by_question.keeps(question.endpoint):
        return by_question.held(store, question)
    return None


def held_together(
    store: Store, question: Question, bodies: Mapping[str, Mapping[str, str]]
) -> dict[str, Answer]:
    """The same for rows by day of many bodies, by name: those that the store holds."""
    if not by_days(question.endpoint) or question.since is None or question.until is None:
        return {}
    return by_day.held_together(store, question, bodies)


def needs(store: Store | None, question: Question) -> Needs:
    """What would be asked of the server now; nothing is asked or written."""
    if store is not None and by_days(question.endpoint) and question.since and question.until:
        return by_day.needs(store, question)
    found = store and held(store, question)
    return Needs((), found.cached_rows) if found else Needs(None)


def rule(store: Store | None, question: Question) -> Callable[[Ask], Answer]:
    """The rule that answers a question, once it is given the way to ask the server."""
    endpoint, since, until = question.endpoint, question.since, question.until
    if store is not None and by_days(endpoint) and since is not None and until is not None:
        return by_day.rows(store, question)
    if store is not None and by_question.keeps(endpoint) and (since is None or until is not None):
        return partial(by_question.answer, store, question)
    if question.offline:
        raise NotCached(
            f"offline: {endpoint.api_id} of {dict(question.body)} is not kept; ask without offline=True"
            if store is not None
            else "offline: this client keeps nothing (cache=False)"
        )
    return partial(_not_kept, question)


def _not_kept(question: Question, ask: Ask) -> Answer:
    walk = ask(question.body, question.since)
    return as_it_came(question.endpoint, walk, list(walk))
