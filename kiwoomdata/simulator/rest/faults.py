"""What can go wrong at the server, by name.

A fault is turned on with :meth:`kiwoomdata.simulator.Server.inject` and strikes a bounded number of
requests: after ``after`` of them, ``times`` times. Some answer in the server's place, some change its
answer, some break the way it is sent.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from kiwoomdata.entries import ENDPOINTS
from kiwoomdata.entries.entry import Column
from kiwoomdata.simulator.rest.refusals import Refused

__all__ = ["FAULTS", "Fault", "Faults", "Response", "Spec"]

Delivery = Literal["whole", "reset", "drop", "half_body", "drip"]
Options = Mapping[str, Any]


@dataclass(frozen=True)
class Response:
    """What goes back for one request, and how it goes."""

    body: Mapping[str, Any] | bytes
    status: int = 200
    api_id: str = ""
    next_key: str = ""
    more: bool = False
    content_type: str = "application/json;charset=UTF-8"
    headers: Mapping[str, str] = field(default_factory=dict)
    capitals: bool = False
    """Header names with capitals, ``Cont-Yn``."""
    delivery: Delivery = "whole"
    wait: float = 0.0
    """Seconds before the answer."""
    pace: float = 0.0
    """Seconds between the bytes of a ``drip``."""

    @property
    def rows_key(self) -> str | None:
        endpoint = ENDPOINTS.get(self.api_id)
        rows = endpoint.rows if endpoint else None
        return rows.key if rows else None

    @property
    def rows(self) -> list[dict[str, str]]:
        """The rows of the answer's list; for an answer without one, its own texts as the only row."""
        if isinstance(self.body, bytes):
            return []
        if self.rows_key is None:
            return [{key: text for key, text in self.body.items() if not key.startswith("return_")}]
        return list(self.body.get(self.rows_key, ()))

    @property
    def good(self) -> bool:
        return not isinstance(self.body, bytes) and self.body.get("return_code") == 0

    def with_rows(self, rows: list[dict[str, str]]) -> Response:
        if isinstance(self.body, bytes):
            return self
        if self.rows_key is not None:
            return replace(self, body={**self.body, self.rows_key: rows})
        verdict = {key: value for key, value in self.body.items() if key.startswith("return_")}
        return replace(self, body={**(rows[0] if rows else {}), **verdict})


@dataclass(frozen=True)
class Struck:
    """The request that a fault strikes: what the faults may need to know of it."""

    api_id: str
    next_key: str
    key_again: str
    """A next-key that starts again at page one."""
    previous: list[dict[str, str]]
    """The rows of the page sent before this one in the same walk."""
    end_token: Callable[[], object]
    too_many: Callable[[int], Refused]


@dataclass(frozen=True)
class Spec:
    """One kind of fault."""

    about: str
    options: Options = field(default_factory=dict)
    """The names of its options with what they are when left out."""
    instead: Callable[[Struck, Options], Response | None] | None = None
    """Answers in the server's place; None lets the request go on."""
    change: Callable[[Struck, Response, Options], Response] | None = None
    """Changes what a good answer says; a refusal is left as it is."""
    wire: Callable[[Response, Options], Response] | None = None
    """Changes how any answer is sent."""


# --- in the server's place -----------------------------------------------------------------


def _refuse(refused: Refused) -> Response:
    return Response(refused.body(), refused.status)


def _page(status: int, text: str) -> Response:
    return Response(text.encode(), status, content_type="text/html;charset=UTF-8")


def _end_token(struck: Struck, options: Options) -> None:
    struck.end_token()


_MAINTENANCE = """<!DOCTYPE html>
<html lang="ko"><head><meta charset="utf-8"><title>서비스 점검 안내</title></head><body>
<h1>서비스 점검 안내</h1>
<p>중단 일시: 11/21(토) 02:00 ~ 06:00</p><p>중단 사유: 정기 점검</p>
</body></html>"""
_FIREWALL = """<html><head><title>Request Blocked</title></head>
<body><h1>Request Blocked</h1><p>Support ID: 0000000000</p></body></html>"""
_UNAVAILABLE = "<html><body><h1>503 Service Unavailable</h1></body></html>"


# --- changes of its answer -----------------------------------------------------------------


def _empty_page(struck: Struck, answer: Response, options: Options) -> Response:
    return replace(answer.with_rows([]), more=True, next_key=struck.key_again)


def _repeated_key(struck: Struck, answer: Response, options: Options) -> Response:
    return replace(answer, more=True, next_key=struck.next_key or answer.next_key)


def _repeated_page(struck: Struck, answer: Response, options: Options) -> Response:
    return answer.with_rows(struck.previous) if struck.previous else answer


def _overlap(struck: Struck, answer: Response, options: Options) -> Response:
    return answer.with_rows(struck.previous[-options["rows"] :] + answer.rows)


def _blank_row(struck: Struck, answer: Response, options: Options) -> Response:
    return replace(answer.with_rows([dict.fromkeys(_keys(answer), "")]), more=False, next_key="")


def _cut(struck: Struck, answer: Response, options: Options) -> Response:
    return replace(answer, body=b'{"return_code":0,"return_msg":')


def _bare(struck: Struck, answer: Response, options: Options) -> Response:
    if isinstance(answer.body, bytes):
        return answer
    kept = {key: value for key, value in answer.body.items() if not key.startswith("return_")}
    return replace(answer, body=kept)


def _more_key(struck: Struck, answer: Response, options: Options) -> Response:
    return answer.with_rows([{**row, options["key"]: options["text"]} for row in answer.rows])


def _less_key(struck: Struck, answer: Response, options: Options) -> Response:
    gone = options["key"] or _keys(answer)[-1]
    return answer.with_rows([{k: text for k, text in row.items() if k != gone} for row in answer.rows])


def _bad_value(struck: Struck, answer: Response, options: Options) -> Response:
    rows, at = answer.rows, options["row"]
    if not rows:
        return answer
    key = options["key"] or _number_key(answer)
    rows[at] = {**rows[at], key: options["text"]}
    return answer.with_rows(rows)


def _columns(answer: Response) -> Mapping[str, Column]:
    endpoint = ENDPOINTS.get(answer.api_id)
    if endpoint is None:
        return {}
    return (endpoint.rows or endpoint.parts[0]).by_key


def _keys(answer: Response) -> list[str]:
    return list(_columns(answer) or answer.rows[0])


def _number_key(answer: Response) -> str:
    """The first key that not any text fits."""
    takes_any = ("code", "name", "text", "date", "time", "datetime", "venue")
    numbers = (key for key, column in _columns(answer).items() if column.kind.name not in takes_any)
    return next(numbers, _keys(answer)[0])


FAULTS: Mapping[str, Spec] = {
    "429": Spec(
        "HTTP 429: more requests than the limit allows.",
        instead=lambda struck, options: _refuse(struck.too_many(429)),
    ),
    "rate_once_200": Spec(
        "The same refusal as HTTP 200.", instead=lambda struck, options: _refuse(struck.too_many(200))
    ),
    "token_expired": Spec("The request's token ends; a new one has to be asked for.", instead=_end_token),
    "maintenance_html": Spec(
        "HTTP 200 with a web page: the notice of a maintenance window.",
        instead=lambda struck, options: _page(200, _MAINTENANCE),
    ),
    "waf_html": Spec(
        "HTTP 400 with a firewall's web page.", instead=lambda struck, options: _page(400, _FIREWALL)
    ),
    "5xx": Spec(
        "A server error with a web page.",
        {"status": 503},
        instead=lambda struck, options: _page(options["status"], _UNAVAILABLE),
    ),
    "redirect": Spec(
        "HTTP 302 to another host.",
        {"to": "http://elsewhere.invalid/"},
        instead=lambda struck, options: Response(b"", 302, headers={"location": options["to"]}),
    ),
    "refusal": Spec(
        "Any refusal, by its code or with a message of your own.",
        {"code": "1902", "message": None, "return_code": None, "status": 200},
        instead=lambda struck, options: _refuse(Refused(**options)),
    ),
    "empty_page_loop": Spec(
        "No rows, more to come, and a key that starts again at page one.", change=_empty_page
    ),
    "repeated_key": Spec("The next-key is the one that was asked with.", change=_repeated_key),
    "repeated_page": Spec("The rows of the page before, under a new key.", change=_repeated_page),
    "overlap": Spec("The page begins with the last rows of the page before.", {"rows": 3}, change=_overlap),
    "more_without_key": Spec(
        "More to come, and no key to ask for it.",
        change=lambda struck, answer, options: replace(answer, more=True, next_key=""),
    ),
    "all_blank_row": Spec("One row of blanks in place of none.", change=_blank_row),
    "not_json": Spec("A body that is not JSON.", change=_cut),
    "no_envelope": Spec("The rows without return_code and return_msg.", change=_bare),
    "unknown_key": Spec(
        "Rows with a key that no document has.", {"key": "pipe1", "text": "1"}, change=_more_key
    ),
    "missing_key": Spec("Rows that lack a key; the last one by default.", {"key": None}, change=_less_key),
    "bad_value": Spec(
        "A text that fits no rule; in the first row's first number by default.",
        {"key": None, "text": "1.2.3", "row": 0},
        change=_bad_value,
    ),
    "header_case": Spec(
        "Header names with capitals.",
        wire=lambda answer, options: replace(answer, capitals=True),
    ),
    "reset": Spec(
        "The connection is reset in the middle of the body.",
        wire=lambda answer, options: replace(answer, delivery="reset"),
    ),
    "drop": Spec(
        "The connection is closed before any byte.",
        wire=lambda answer, options: replace(answer, delivery="drop"),
    ),
    "half_body": Spec(
        "Half of the announced body, then the end.",
        wire=lambda answer, options: replace(answer, delivery="half_body"),
    ),
    "slow": Spec(
        "The answer takes long to come.",
        {"seconds": 1.0},
        wire=lambda answer, options: replace(answer, wait=answer.wait + options["seconds"]),
    ),
    "drip": Spec(
        "The answer comes byte by byte.",
        {"seconds": 0.001},
        wire=lambda answer, options: replace(answer, delivery="drip", pace=options["seconds"]),
    ),
}


# --- turned on -----------------------------------------------------------------------------


class Fault:
    """A fault that is turned on. ``fired`` counts the requests it has struck."""

    def __init__(
        self, name: str, api_id: str | None, times: int | None, after: int, options: Options
    ) -> None:
        self.name, self.api_id, self.options = name, api_id, options
        self.fired = 0
        self._times, self._after = times, after

    def __repr__(self) -> str:
        return f"Fault({self.name!r}, api_id={self.api_id!r}, fired={self.fired})"

    @property
    def spent(self) -> bool:
        """Whether it has struck as often as it was told to."""
        return self._times is not None and self.fired >= self._times

    def strikes(self, api_id: str) -> bool:
        """Whether it strikes this request, which is counted."""
        if self.spent or not (self.api_id == api_id or (self.api_id is None and api_id in ENDPOINTS)):
            return False
        if self._after:
            self._after -= 1
            return False
        self.fired += 1
        return True


def check_injection(
    name: str, times: int | None, after: int, options: Collection[str], known: Collection[str]
) -> None:
    """Check what is said of a fault that is turned on, of either side."""
    if (times is not None and times < 1) or after < 0:
        raise ValueError(
            f"times, after: expected times of 1 or more (None: always) and after of 0 or more, "
            f"got {times!r} and {after!r}"
        )
    for option in options:
        if option not in known:
            takes = ", ".join(known) or "no options"
            raise TypeError(f"{option}: the fault {name!r} has no such option; it takes {takes}")


class Faults:
    """The faults that are turned on, in the order of their injection."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._on: list[Fault] = []

    def inject(
        self, name: str, api_id: str | None, times: int | None, after: int, options: Mapping[str, Any]
    ) -> Fault:
        if name not in FAULTS:
            raise ValueError(f"name: expected one of {', '.join(sorted(FAULTS))}, got {name!r}")
        if api_id is not None and api_id not in (*ENDPOINTS, "au10001", "au10002"):
            raise ValueError(
                f"api_id: expected a TR of the catalogue, 'au10001' or 'au10002', got {api_id!r}"
            )
        known = FAULTS[name].options
        check_injection(name, times, after, options, known)
        fault = Fault(name, api_id, times, after, {**known, **options})
        if name == "refusal":
            Refused(**fault.options)  # an unknown code is refused here, not in the middle of an answer
        with self._lock:
            self._on.append(fault)
        return fault

    def clear(self) -> None:
        with self._lock:
            self._on.clear()

    def striking(self, api_id: str) -> list[Fault]:
        """The faults that strike this request."""
        if not self._on:
            return []
        with self._lock:
            struck = [fault for fault in self._on if fault.strikes(api_id)]
            self._on = [fault for fault in self._on if not fault.spent]
        return struck
