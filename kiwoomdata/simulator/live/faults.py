"""What can go wrong on the live side, by name. Turned on at the same door as the faults of the REST side."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from kiwoomdata.simulator.live.frames import (
    Close,
    Cut,
    Late,
    Outgoing,
    Pieces,
    frame,
    kicked,
    no_heartbeat,
)
from kiwoomdata.simulator.rest.faults import Fault, check_injection

__all__ = ["LIVE_FAULTS", "LiveFault", "LiveFaults", "LiveSpec"]

Options = Mapping[str, Any]
Strikes = Literal["login", "request", "frame", "round"]

# --- the faults ------------------------------------------------------------------------------

Change = Callable[[list[Outgoing], Options], list[Outgoing]]


@dataclass(frozen=True)
class LiveSpec:
    """One kind of fault."""

    about: str
    strikes: Strikes
    """What it strikes and counts: logins, other requests, frames of ticks; or what the market sends next."""
    options: Options = field(default_factory=dict)
    change: Change | None = None
    """From what would be sent to what is sent."""
    refusal: int | None = None
    """The code with which a request is refused, and has no effect."""
    requests: tuple[str, ...] = ()
    """The requests it strikes where none is named; () for all."""
    at_once: bool = False
    """Whether it needs no frame to strike: it strikes at once whoever is logged in."""


def _fragments(sent: list[Outgoing], options: Options) -> list[Outgoing]:
    def pieces(one: Outgoing) -> Outgoing:
        if not isinstance(one, bytes):
            return one
        size = options["size"] if len(one) > options["size"] else -(-len(one) // 2)  # two at least
        return Pieces(tuple(one[at : at + size] for at in range(0, len(one), size)))

    return [pieces(one) for one in sent]


def _unknown_fid(sent: list[Outgoing], options: Options) -> list[Outgoing]:
    more = frame(**{options["fid"]: options["text"]})[:-1] + b","
    begin = b'"values":{'
    return [
        one.replace(begin, begin[:-1] + more) if isinstance(one, bytes) else one  # the brace is in both
        for one in sent
    ]


def _bad_json(sent: list[Outgoing], options: Options) -> list[Outgoing]:
    whole = next((one for one in sent if isinstance(one, bytes)), b'{"trnm":"REAL","data":[')
    return [whole[: 2 * len(whole) // 3], *sent]


def _other_system(sent: list[Outgoing], options: Options) -> list[Outgoing]:
    words = {"return_code": options["code"], "return_msg": options["message"]}
    return [frame(trnm="SYSTEM", **words), *sent]


def _late(sent: list[Outgoing], options: Options) -> list[Outgoing]:
    return [Late(one, options["by"]) if isinstance(one, bytes) else one for one in sent]


_REGISTRATIONS = ("REG",)
_ONE_SEARCH = ("CNSRREQ",)

LIVE_FAULTS: Mapping[str, LiveSpec] = {
    "ws_close_login": LiveSpec(
        "The connection is closed with 1000 before the login is answered.",
        "login",
        {"code": 1000},
        lambda sent, options: [Close(options["code"])],
    ),
    "ws_no_login_answer": LiveSpec(
        "A login counts, and has no answer.", "login", change=lambda sent, options: []
    ),
    "ws_early_ping": LiveSpec(
        "A PING comes before the login's answer.",
        "login",
        change=lambda sent, options: [frame(trnm="PING"), *sent],
    ),
    "ws_no_answer": LiveSpec(
        "A request has its effect and no answer.", "request", change=lambda sent, options: []
    ),
    "ws_105110": LiveSpec("Too many requests.", "request", refusal=105110, requests=_REGISTRATIONS),
    "ws_105115": LiveSpec("Too many items.", "request", refusal=105115, requests=_REGISTRATIONS),
    "ws_105118": LiveSpec("Too many items in a group.", "request", refusal=105118, requests=_REGISTRATIONS),
    "ws_900003": LiveSpec(
        "The condition is live already, as after a connection that was lost.",
        "request",
        refusal=900003,
        requests=_ONE_SEARCH,
    ),
    "ws_abort": LiveSpec(
        "The connection is reset without a goodbye.",
        "frame",
        change=lambda sent, options: [Cut.ABORT],
        at_once=True,
    ),
    "ws_close": LiveSpec(
        "The server says goodbye.",
        "frame",
        {"code": 1001, "reason": ""},
        lambda sent, options: [Close(options["code"], options["reason"])],
        at_once=True,
    ),
    "ws_silence": LiveSpec(
        "Half open: the connection stays, and nothing more is sent, no PING and no answer.",
        "frame",
        change=lambda sent, options: [Cut.MUTE],
        at_once=True,
    ),
    "ws_kick": LiveSpec(
        "R10001: the same key has logged in elsewhere.",
        "frame",
        change=lambda sent, options: kicked(),
        at_once=True,
    ),
    "ws_no_heartbeat": LiveSpec(
        "R10002: the PINGs were not answered.",
        "frame",
        change=lambda sent, options: no_heartbeat(),
        at_once=True,
    ),
    "ws_system": LiveSpec(
        "A SYSTEM frame in its other shape, return_code and return_msg.",
        "frame",
        {"code": "R10009", "message": "안내 메시지입니다"},
        _other_system,
        at_once=True,
    ),
    "ws_unknown_trnm": LiveSpec(
        "A frame of a kind that no document has.",
        "frame",
        {"trnm": "NOTICE"},
        lambda sent, options: [frame(trnm=options["trnm"], data=[]), *sent],
        at_once=True,
    ),
    "ws_bad_json": LiveSpec(
        "A frame cut short, before the whole one.", "frame", change=_bad_json, at_once=True
    ),
    "ws_unknown_fid": LiveSpec(
        "Values with a FID that no document has.", "frame", {"fid": "99999", "text": "1"}, _unknown_fid
    ),
    "ws_duplicate": LiveSpec(
        "A frame comes again.", "frame", {"copies": 1}, lambda sent, options: sent * (1 + options["copies"])
    ),
    "ws_late": LiveSpec("A frame comes after newer ones.", "frame", {"by": 5}, _late),
    "ws_fragment": LiveSpec(
        "A frame comes in fragments, which may part a letter's bytes.", "frame", {"size": 4096}, _fragments
    ),
    "ws_mixed": LiveSpec("So many ticks come in one frame, whatever their feeds.", "round", {"entries": 5}),
    "ws_burst": LiveSpec("So many frames come at once, whatever the pace.", "round", {"frames": 1_000}),
}


# --- turned on -------------------------------------------------------------------------------


class LiveFault(Fault):
    """A fault of the live side that is turned on."""

    def __init__(self, name: str, only: str | None, times: int | None, after: int, options: Options) -> None:
        super().__init__(name, only, times, after, options)
        self.spec = LIVE_FAULTS[name]

    def strikes_any(self, what: Collection[str]) -> bool:
        """Whether it strikes a request of this ``trnm``, or a frame with ticks of these feeds."""
        wanted = (self.api_id,) if self.api_id is not None else self.spec.requests
        if self.spent or (wanted and not set(wanted) & set(what)):
            return False
        if self._after:
            self._after -= 1
            return False
        self.fired += 1
        return True

    def strike_at_once(self) -> bool:
        """The same for a fault that needs nothing to strike at, nor waits for anything to pass first."""
        return self.spec.at_once and self.api_id is None and not self._after and self.strikes_any(())


class LiveFaults:
    """The faults that are turned on, in the order of their injection."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._on: list[LiveFault] = []

    def inject(
        self, name: str, only: str | None, times: int | None, after: int, options: Options
    ) -> LiveFault:
        if name not in LIVE_FAULTS:
            raise ValueError(f"name: expected one of {', '.join(sorted(LIVE_FAULTS))}, got {name!r}")
        spec = LIVE_FAULTS[name]
        check_injection(name, times, after, options, spec.options)
        fault = LiveFault(name, only, times, after, {**spec.options, **options})
        with self._lock:
            self._on.append(fault)
        return fault

    def clear(self) -> None:
        with self._lock:
            self._on.clear()

    def striking(self, strikes: Strikes, what: Collection[str]) -> list[LiveFault]:
        """The faults that strike a login, a request, a frame or what the market sends next."""
        if not self._on:
            return []
        with self._lock:
            struck = [
                fault for fault in self._on if fault.spec.strikes == strikes and fault.strikes_any(what)
            ]
            self._on = [fault for fault in self._on if not fault.spent]
        return struck
