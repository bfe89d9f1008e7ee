"""Whether a request is answered by the store, by the server, or by both.

The catalogue's entry decides (``walk``):

* Rows that depend on their day alone are kept by coverage (:mod:`kiwoomdata.store.coverage`): of a range,
  only the days that the store lacks are asked for.
* An answer whose rows or whose reach depend on the question is kept as it came
  (:mod:`kiwoomdata.store.whole`): only what is newer is asked for.

Rows that the server can still change are never kept; they are asked for again.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from kiwoomdata.entries.entry import Endpoint
from kiwoomdata.errors import NotCached
from kiwoomdata.kinds import DATE
from kiwoomdata.store.coverage import series
from kiwoomdata.store.served import Answer, Context, Fetch, plain
from kiwoomdata.store.whole import whole

__all__ = ["answer", "by_days"]


def answer(
    context: Context | None,
    endpoint: Endpoint,
    body: Mapping[str, str],
    since: date | None,
    until: date | None,
    fetch: Fetch,
) -> Answer:
    """Ask the store, the server, or both; without a context there is no store."""
    if context is None:
        return plain(endpoint, fetch(body, since))
    if by_days(endpoint) and since is not None and until is not None:
        return series(context, endpoint, body, since, until, fetch)
    if endpoint.walk is not None and endpoint.walk.whole and (since is None or until is not None):
        return whole(context, endpoint, body, since, fetch)
    if context.offline:
        raise NotCached(f"offline: {endpoint.api_id} of {dict(body)} is not kept; ask without offline=True")
    return plain(endpoint, fetch(body, since))


def by_days(endpoint: Endpoint) -> bool:
    """Whether the TR's rows depend on their day alone, so that days can be kept one by one.

    Not those of a longer period, of moments, or relative to the day asked, nor with keys beside the list:
    nothing here keeps them yet.
    """
    walk, dated = endpoint.walk, endpoint.dated_by
    if walk is None or dated is None or walk.whole or endpoint.final != "next morning":
        return False
    if len(endpoint.parts) > 1:
        return False
    return endpoint.period == "day" and walk.anchor == "asked" and dated.kind is DATE
