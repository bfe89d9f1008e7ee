"""The server without its sockets: a request in, an answer out, and a line in the log."""

from __future__ import annotations

import json
import logging
import threading
from collections import Counter, deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, overload

from kiwoomdata.entries import ENDPOINTS
from kiwoomdata.simulator.market.market import Market
from kiwoomdata.simulator.rest import answers_brokers as broker_answers
from kiwoomdata.simulator.rest import answers_generic
from kiwoomdata.simulator.rest import answers_index as index_answers
from kiwoomdata.simulator.rest import answers_interruptions as interruption_answers
from kiwoomdata.simulator.rest import answers_program as program_answers
from kiwoomdata.simulator.rest import answers_ranking as ranking_answers
from kiwoomdata.simulator.rest import answers_stock as stock_answers
from kiwoomdata.simulator.rest.asking import Ask, check_body
from kiwoomdata.simulator.rest.faults import FAULTS, Fault, Faults, Response, Struck
from kiwoomdata.simulator.rest.gatekeeper import Meter, Tokens
from kiwoomdata.simulator.rest.refusals import GOOD, Refused, too_many
from kiwoomdata.simulator.rest.writing import envelope
from kiwoomdata.simulator.switches import Switches

__all__ = ["HttpRequest", "Log", "Record", "Service"]

_log = logging.getLogger(__name__)

# Where TRs must agree with each other beyond their columns' names; any other is answered by its entry.
_ANSWERS = {
    **stock_answers.ANSWERS,
    **ranking_answers.ANSWERS,
    **program_answers.ANSWERS,
    **interruption_answers.ANSWERS,
    **broker_answers.ANSWERS,
    **index_answers.ANSWERS,
}
_OAUTH = {"/oauth2/token": "au10001", "/oauth2/revoke": "au10002"}
_SECRETS = ("appkey", "secretkey", "token")
_LONGEST_LOG = 100_000
_MOST_WALKS = 200


@dataclass(frozen=True)
class HttpRequest:
    """What arrived: header names in lower case."""

    path: str
    headers: Mapping[str, str]
    content: bytes
    method: str = "POST"

    @property
    def next_key(self) -> str:
        return self.headers.get("next-key", "") if self.continued else ""

    @property
    def continued(self) -> bool:
        return self.headers.get("cont-yn", "").strip().upper() == "Y"


@dataclass(frozen=True)
class Record:
    """One request as the log keeps it. Keys and tokens are left out."""

    api_id: str
    path: str
    body: Mapping[str, Any]
    cont_yn: str
    next_key: str
    status: int
    return_code: int | None
    """None where the answer is no envelope."""
    time: datetime
    rows: int = 0
    faults: tuple[str, ...] = ()
    key: int | None = None
    """Which of the server's keys asked: 0 is its first, None one that it does not know."""


class Log(Sequence[Record]):
    """The requests in the order of their answers; the latest 100,000 are kept, all are counted."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._records: deque[Record] = deque(maxlen=_LONGEST_LOG)
        self._counts: Counter[str] = Counter()

    def add(self, record: Record) -> None:
        with self._lock:
            self._records.append(record)
            self._counts[record.api_id] += 1

    def count(self, api_id: Any = None) -> int:
        """How many requests there were, of one TR or of all."""
        with self._lock:
            return self._counts[api_id] if api_id is not None else self._counts.total()

    def clear(self) -> None:
        with self._lock:
            self._records.clear()
            self._counts.clear()

    def __len__(self) -> int:
        return len(self._records)

    def __iter__(self) -> Iterator[Record]:
        with self._lock:
            return iter(tuple(self._records))

    @overload
    def __getitem__(self, index: int) -> Record: ...
    @overload
    def __getitem__(self, index: slice) -> list[Record]: ...
    def __getitem__(self, index: int | slice) -> Record | list[Record]:
        with self._lock:
            return list(self._records)[index]

    def __repr__(self) -> str:
        return f"<log of {len(self)} requests>"


@dataclass
class _Call:
    """One request on its way through the service."""

    request: HttpRequest
    api_id: str
    body: Mapping[str, Any]
    token: str
    faults: list[Fault] = field(default_factory=list)


class Service:
    """Answers requests from a market."""

    def __init__(
        self,
        market: Market,
        switches: Switches,
        tokens: Tokens,
        *,
        now: Callable[[], datetime],
        timer: Callable[[], float],
    ) -> None:
        self.market, self.switches, self.tokens = market, switches, tokens
        self.log, self.faults = Log(), Faults()
        self._now = now
        self._meter = Meter(switches.limit(), timer)
        self._lock = threading.Lock()
        self._sent: dict[tuple[str, str], list[dict[str, str]]] = {}  # the latest page of the latest walks

    def answer(self, request: HttpRequest) -> Response:
        """The answer to a request, faults and all."""
        call = _Call(
            request,
            _OAUTH.get(request.path) or request.headers.get("api-id", "").strip(),
            body=_read(request) or {},
            token=_bearer(request.headers, strict=False),
        )
        call.faults = self.faults.striking(call.api_id)
        answer = self._with_faults(call) if call.faults else self._without(call)
        self._record(call, answer)
        return answer

    def _with_faults(self, call: _Call) -> Response:
        struck = self._struck(call)
        kinds = [(FAULTS[fault.name], fault.options) for fault in call.faults]
        answer = None
        for spec, options in kinds:
            if answer is None and spec.instead:
                answer = spec.instead(struck, options)
        answer = self._without(call) if answer is None else replace(answer, api_id=call.api_id)
        for spec, options in kinds:
            if spec.change and answer.good:
                answer = spec.change(struck, answer, options)
            if spec.wire:
                answer = spec.wire(answer, options)
        return answer

    def _without(self, call: _Call) -> Response:
        try:
            answer = self._plain(call)
        except Refused as refused:
            answer = Response(refused.body(), refused.status)
        except Exception:
            _log.exception("the simulator failed at %s", call.api_id)
            # No status of 500: another try would fail the same way, after all the pauses between tries.
            answer = Response(Refused("1999", reason="simulator").body())
        return replace(answer, api_id=call.api_id)

    def _plain(self, call: _Call) -> Response:
        request = call.request
        if request.method != "POST":
            return _not_here(405, "Method Not Allowed", request)
        if request.path in _OAUTH:
            return self._oauth(call)
        if not request.path.startswith("/api/"):
            return _not_here(404, "Not Found", request)
        return self._market_data(call)

    # Tokens

    def _oauth(self, call: _Call) -> Response:
        _check_json(call.request)
        app_key = str(call.body.get("appkey") or "")
        if not self._meter.admit(app_key, call.api_id):
            raise self._too_many(call.api_id, 429)
        work = self.tokens.issue if call.api_id == "au10001" else self.tokens.revoke
        return Response({**work(call.body), "return_code": 0, "return_msg": GOOD})

    # Market data

    def _market_data(self, call: _Call) -> Response:
        request, api_id = call.request, call.api_id
        if not api_id:
            raise Refused("1501")
        endpoint = ENDPOINTS.get(api_id)
        if endpoint is None:
            raise Refused("1505", api_id=api_id)
        if request.path != endpoint.path:
            raise Refused("1504", api_id=api_id, uri=request.path)
        owner = self.tokens.owner(_bearer(request.headers))
        if owner is None:
            raise Refused("8005")
        if not self._meter.admit(owner, api_id):
            raise self._too_many(api_id, 429)
        _check_json(request)
        body = check_body(endpoint, call.body, self.switches)
        if request.continued and not request.next_key:
            raise Refused("1517", parameter="next-key", reason="값 없음")
        ask = Ask(endpoint, body, self.market, self.switches, request.next_key)
        with self._lock:  # the market's caches are shared, and two threads would draw the same days twice
            page = _ANSWERS.get(api_id, answers_generic.answer)(ask)
        content = {**envelope(api_id, body, page), "return_code": 0, "return_msg": GOOD}
        return Response(content, api_id=api_id, next_key=page.next_key, more=page.more)

    def _too_many(self, api_id: str, status: int) -> Refused:
        rate = self._meter.rate
        wording = self.switches.message_1700
        return too_many(api_id, rate.per_second if rate else 5, wording, status=status)

    # Faults and the log

    def _struck(self, call: _Call) -> Struck:
        endpoint, again = ENDPOINTS.get(call.api_id), ""
        if endpoint:
            subject = {key: str(call.body[key]) for key in ("stk_cd", "mrkt_tp") if key in call.body}
            again = Ask(endpoint, subject, self.market, self.switches).key_again(self.market.session_day)
        return Struck(
            call.api_id,
            call.request.next_key,
            again,
            self._sent.get(_walk(call), []) if call.request.next_key else [],
            lambda: self.tokens.end(call.token),
            lambda status: self._too_many(call.api_id, status),
        )

    def _remember(self, walk: tuple[str, str], rows: list[dict[str, str]]) -> None:
        with self._lock:
            self._sent.pop(walk, None)
            self._sent[walk] = rows
            if len(self._sent) > _MOST_WALKS:
                del self._sent[next(iter(self._sent))]

    def _record(self, call: _Call, answer: Response) -> None:
        body = answer.body if isinstance(answer.body, Mapping) else {}
        rows = answer.rows if answer.rows_key else []
        if rows:
            self._remember(_walk(call), rows)
        self.log.add(
            Record(
                call.api_id,
                call.request.path,
                {k: "(not kept)" if k in _SECRETS else v for k, v in call.body.items()},
                call.request.headers.get("cont-yn", ""),
                call.request.headers.get("next-key", ""),
                answer.status,
                body.get("return_code"),
                self._now(),
                len(rows),
                tuple(fault.name for fault in call.faults),
                self._key(call),
            )
        )

    def _key(self, call: _Call) -> int | None:
        asked = call.body.get("appkey") or self.tokens.owner(call.token)
        return next((at for at, key in enumerate(list(self.tokens.secrets)) if key == asked), None)


def _walk(call: _Call) -> tuple[str, str]:
    return call.api_id, json.dumps(call.body, sort_keys=True, default=str)


def _bearer(headers: Mapping[str, str], *, strict: bool = True) -> str:
    text = headers.get("authorization", "").strip()
    words = text.split()
    if len(words) == 2 and words[0].lower() == "bearer":
        return words[1]
    if not strict:
        return ""
    if not words:
        raise Refused("1513")
    if len(words) == 1:
        raise Refused("1516" if words[0].lower() == "bearer" else "1514")
    raise Refused("1514" if len(words) > 2 else "1515")


def _read(request: HttpRequest) -> dict[str, Any] | None:
    if not request.content:
        return {}  # live (2026): no body at all is answered with the first parameter that is missing
    try:
        body = json.loads(request.content)
    except (ValueError, RecursionError):
        return None
    return body if isinstance(body, dict) else None


def _check_json(request: HttpRequest) -> None:
    if "json" not in request.headers.get("content-type", "").lower():
        raise Refused("1512")
    if _read(request) is None:
        raise Refused("1517", parameter="body", reason="JSON 형식이 아닙니다")


def _not_here(status: int, error: str, request: HttpRequest) -> Response:
    return Response({"status": status, "error": error, "path": request.path}, status)
