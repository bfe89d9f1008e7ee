"""One TR request as the answers see it, checked, and the pages that it may be answered with.

A ``next-key`` names the subject and where to go on: a day for series by date, a count of rows for the
others. To the client it is opaque.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple, Protocol, TypeVar

from kiwoomdata.calendar import nth_trading_day_before
from kiwoomdata.entries.entry import Endpoint, Param
from kiwoomdata.kinds import CODE, DATE, encode
from kiwoomdata.simulator.market.daily import Day, Venue
from kiwoomdata.simulator.market.market import Market
from kiwoomdata.simulator.market.universe import Stock
from kiwoomdata.simulator.rest.refusals import MOCK_ONLY_KRX, Refused
from kiwoomdata.simulator.switches import Switches

__all__ = ["DAY", "Ask", "Content", "check_body"]

DAY = timedelta(days=1)
# Observed 2026-05-11: a stock's NXT days end with an empty page, "more", and a key with this ending,
# which starts again at page one.
_AGAIN = "000000-1"

_VENUES: Mapping[str, Venue] = {"1": "krx", "2": "nxt", "3": "all"}
_SUFFIXES: Mapping[str | None, Venue] = {None: "krx", "_NX": "nxt", "_AL": "all"}
_STOCK = re.compile(r"([0-9][0-9A-Z]{5})(_NX|_AL)?")
_BLANK_WITH_SUFFIX = {"ka10087"}
"""TRs of KRX alone that answer a suffix with blanks, and do not refuse it (live, August 2026)."""


class _Dated(Protocol):
    @property
    def date(self) -> date: ...


T = TypeVar("T")
D = TypeVar("D", bound=_Dated)


class Content(NamedTuple):
    """Values of one answer by the API's keys: the list's rows, and those beside the envelope."""

    rows: list[dict[str, Any]] = []  # noqa: RUF012 - never changed
    flat: Mapping[str, Any] = {}
    next_key: str = ""

    @property
    def more(self) -> bool:
        return bool(self.next_key)


@dataclass(frozen=True)
class Ask:
    """A request of one TR whose body has been checked."""

    endpoint: Endpoint
    body: Mapping[str, str]
    market: Market
    switches: Switches
    next_key: str = ""
    stock: Stock | None = field(init=False, default=None)
    symbol: str = field(init=False, default="")
    venue: Venue = field(init=False, default="krx")

    def __post_init__(self) -> None:
        code = _STOCK.fullmatch(self.body.get("stk_cd", ""))
        if code:
            object.__setattr__(self, "symbol", code[1])
            object.__setattr__(self, "venue", _SUFFIXES[code[2]])
            object.__setattr__(self, "stock", self.market.stock(code[1]))
        elif "stex_tp" in self.body:
            object.__setattr__(self, "venue", _VENUES.get(self.body["stex_tp"], "krx"))

    def day(self, key: str) -> date:
        """A day of the body; without it the latest session's."""
        text = self.body.get(key)
        return _as_date(text) if text else self.market.session_day

    @property
    def page_rows(self) -> int:
        return self.endpoint.page_rows or self.switches.page_rows

    def days(self, since: date, until: date) -> list[Day]:
        """The stock's rows of some days, both inclusive, ascending."""
        as_of = self.market.today if self.switches.rebased else None
        return self.market.days(self.symbol, since, until, self.venue, adjusted_as_of=as_of)

    # Pages

    def page_by_date(
        self,
        fetch: Callable[[date, date], Sequence[D]],
        until: date,
        *,
        oldest: date | None = None,
        span: int = 1,
    ) -> tuple[list[D], str]:
        """The newest of the dated things up to ``until``, newest first, and the next page's key.

        ``fetch`` gives them for a range of days, both inclusive, ascending; ``span`` is how many days each of
        them covers at most, where it is more than a trading day. The next key ends in the day
        before the oldest row (by arithmetic on seven logged keys of May 2026).
        """
        until = min(self._day_of_key() or until, until, self.market.today)
        if until < self.market.first_day:
            return [], ""
        enough = self.page_rows + 2  # two more tell that there are older
        if span > 1:
            since = until - min(enough * span, (until - self.market.first_day).days) * DAY
        else:
            since = nth_trading_day_before(until + DAY, enough)
        found = fetch(since if oldest is None else max(since, oldest), until)
        rows = list(found[-self.page_rows :])[::-1]
        return rows, self.key_of(rows[-1].date - DAY) if len(found) > self.page_rows else ""

    def page_by_count(self, items: Sequence[T]) -> tuple[Sequence[T], str]:
        """The next items in their order, and the key of the page after them."""
        begin = self._count_of_key()
        end = begin + self.page_rows
        return items[begin:end], f"{self._subject}{end:010d}" if end < len(items) else ""

    def key_of(self, day: date) -> str:
        return self._subject + encode(DATE, day)

    def key_of_count(self, day: date, count: int) -> str:
        """The key of a page that goes on inside a day, after ``count`` of its rows."""
        return f"{self.key_of(day)}{count:06d}"

    def day_and_count_of_key(self) -> tuple[date, int] | None:
        rest = self._rest_of_key()
        if not rest:
            return None
        if not re.fullmatch("[0-9]{14}", rest) or not _is_date(rest[:8]):
            raise _unknown_key(self.next_key)
        return _as_date(rest[:8]), int(rest[8:])

    def key_again(self, day: date) -> str:
        return self.key_of(day) + _AGAIN

    @property
    def _subject(self) -> str:
        code = self.body.get("stk_cd")
        return f"A{code}" if code else self.body.get("mrkt_tp", "")

    def _rest_of_key(self) -> str:
        rest = self.next_key.removeprefix(self._subject)
        if self.next_key and rest == self.next_key and self._subject:
            raise _unknown_key(self.next_key)
        return "" if rest.endswith(_AGAIN) else rest

    def _day_of_key(self) -> date | None:
        rest = self._rest_of_key()
        if not rest:
            return None
        if not _is_date(rest):
            raise _unknown_key(self.next_key)
        return _as_date(rest)

    def _count_of_key(self) -> int:
        rest = self._rest_of_key()
        if rest and not re.fullmatch(r"[0-9]{10}", rest):
            raise _unknown_key(self.next_key)
        return int(rest or "0")


def _unknown_key(key: str) -> Refused:
    return Refused("1517", parameter="next-key", reason=f"알 수 없는 연속조회키 {key}")


def check_body(endpoint: Endpoint, body: Mapping[str, Any], switches: Switches) -> dict[str, str]:
    """The body's known keys as text, or the refusal that the server would give.

    Keys that the TR does not have are ignored.
    """
    texts = {}
    for param in endpoint.params:
        value = body.get(param.key)
        text = "" if value is None else str(value)
        if text:
            for one in text.split(param.join) if param.join else (text,):
                _check(param, one, switches, param.suffix or endpoint.api_id in _BLANK_WITH_SUFFIX)
            texts[param.key] = text
        elif param.required and not param.blank:
            raise Refused("1511", parameter=param.key)
    return texts


def _check(param: Param, text: str, switches: Switches, suffix: bool) -> None:
    if param.kind is CODE and not param.pattern:
        code = _STOCK.fullmatch(text)
        if code is None or (code[2] and not suffix):
            # Class 5 is what the mock server answered to "KRX:005930" (August 2026).
            raise Refused("1517", return_code=5, parameter=param.key, reason=f"종목코드 {text}")
        if switches.mode == "mock" and code[2]:
            raise Refused(return_code=20, message=MOCK_ONLY_KRX)
    elif param.kind is DATE:
        if not _is_date(text):
            raise Refused("1517", parameter=param.key, reason=f"날짜 형식 {text}")
    elif param.choices:
        if text not in param.choices.values() and text not in param.also:
            raise Refused("1517", parameter=param.key, reason=f"허용되지 않는 값 {text}")
        if switches.mode == "mock" and param.key == "stex_tp" and text != "1":
            raise Refused(return_code=20, message=MOCK_ONLY_KRX)
    elif _is_wrong(param, text):
        raise Refused("1517", parameter=param.key, reason=f"허용되지 않는 값 {text}")


def _is_wrong(param: Param, text: str) -> bool:
    if param.between is not None:
        return not text.isdecimal()
    return re.fullmatch(f"[01]{{{len(param.flags)}}}" if param.flags else param.pattern or ".*", text) is None


def _is_date(text: str) -> bool:
    if not re.fullmatch(r"[0-9]{8}", text):
        return False
    try:
        return _as_date(text).year >= 1900
    except ValueError:
        return False


def _as_date(text: str) -> date:
    return datetime.strptime(text, "%Y%m%d").date()  # noqa: DTZ007 - only its day is taken
