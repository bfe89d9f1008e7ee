"""The pages of one walk, asked for one by one."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Mapping
from datetime import date

from kiwoomdata.entries.entry import Endpoint
from kiwoomdata.rest import protocol
from kiwoomdata.rest.protocol import Page, Request, Stop
from kiwoomdata.rest.transport import Counter

__all__ = ["Pages"]


class Pages:
    """Iterate once, and each page is one request. :attr:`stop` says why they ended."""

    def __init__(
        self,
        send: Callable[[Request, Counter], Page],
        endpoint: Endpoint,
        body: Mapping[str, str],
        *,
        since: date | None = None,
        max_pages: int = 2_000,
        tick: Callable[[], object] | None = None,
    ) -> None:
        self.stop = Stop("whoever asked wanted no more")
        self._counter = Counter()
        self._send, self._tick = send, tick
        self._walk = protocol.pages(endpoint, body, since=since, max_pages=max_pages)

    @property
    def requests(self) -> int:
        """Requests sent so far, those that were tried again included."""
        return self._counter.value

    def __iter__(self) -> Iterator[Page]:
        request: Request | None = next(self._walk)
        while request is not None:
            page = self._send(request, self._counter)
            if self._tick is not None:
                self._tick()
            request = self._after(self._walk, page)
            yield page

    def _after(self, walk: Generator[Request, Page, Stop], page: Page) -> Request | None:
        try:
            return walk.send(page)
        except StopIteration as end:
            self.stop = end.value
            return None
