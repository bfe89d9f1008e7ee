"""One connection of the live side without its socket: a message in, what goes out.

Codes and words follow public reports of the live and the mock server; where there is none, a comment
says that it is a choice.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from kiwoomdata.entries.feeds import FEEDS
from kiwoomdata.simulator.live.conditions import CARRIED, CONDITIONS, answer_row, meeting, members
from kiwoomdata.simulator.live.faults import LiveFault, LiveFaults
from kiwoomdata.simulator.live.feeds import Channel, Feeds
from kiwoomdata.simulator.live.frames import (
    Close,
    Cut,
    Late,
    Outgoing,
    frame,
    kicked,
    no_heartbeat,
    real_frame,
    system,
)
from kiwoomdata.simulator.rest.gatekeeper import Meter, Tokens
from kiwoomdata.simulator.switches import Switches

__all__ = ["WHOLE_MARKET", "Visitor"]

WHOLE_MARKET = ("00", "04", "0s", "1h")
"""The feeds that are registered without an item."""
_OF_THE_ACCOUNT = ("00", "04", "0s")  # an item makes no difference to these
_LIVE_CONDITIONS = 10

_WORDS = {
    100002: "필수 파라미터가 누락되어 있습니다. 필수 파라미터={words}",
    100013: "로그인 인증이 들어오기 전에 다른 전문이 들어왔습니다. 해당 전문은 무시됩니다. (TRNM={trnm})",
    105108: "정의되어 있지 않는 TRNM입니다. (TRNM={trnm})",
    105110: "해당 TRNM 으로 허용된 요청 건수를 초과하였습니다 (TRNM={trnm})",
    105115: "등록 종목이 허용 개수({limit})를 초과하였습니다",
    105118: "그룹의 등록 종목이 허용 개수({limit})를 초과하였습니다",
    805002: "인증을 체크하기 위한 Token 값이 없습니다",
    805004: "토큰 인증에 실패했습니다. 접속을 종료합니다 [CODE=8005, MESSAGE=Token이 유효하지 않습니다]",
    900003: "이미 등록된 조건검색 일련번호입니다.(seq={seq})",
}
_NO_LOGIN = "접속허용요청(토큰)이 들어오지 않았습니다"

Message = Mapping[str, Any]


class _Refusal(Exception):
    def __init__(self, code: int, **words: object) -> None:
        super().__init__(code)
        self.code, self.words = code, words


class Visitor:
    """What the server knows of one connection."""

    def __init__(
        self,
        number: int,
        switches: Switches,
        tokens: Tokens,
        feeds: Feeds,
        *,
        meter: Meter,
        faults: LiveFaults,
        position: Callable[[], int],
        now: float,
    ) -> None:
        self.number = number
        """Sessions are counted from 1."""
        self.key: str | None = None
        """The app key that has logged in."""
        self.registered: dict[str, set[tuple[str, str]]] = {}
        """Pairs of item and type, by group."""
        self.conditions: dict[str, int] = {}
        """The live conditions, with the second of the day since when."""
        self.channels: frozenset[Channel] = frozenset()
        """What it hears."""
        self.frames = 0
        """The frames of ticks so far."""
        self.ended = False
        """Whether the server has ended it."""
        self.mute = False
        """Whether it is half open: nothing more is sent."""
        self._switches, self._tokens, self._feeds = switches, tokens, feeds
        self._meter, self._faults, self._position = meter, faults, position
        self._listed = False
        self._unanswered = 0
        self._opened = self._pinged = now
        self._held: list[list[Any]] = []  # how many frames go first, and the late one
        self._requests: dict[str, Callable[[Message], dict[str, Any] | None]] = {
            "REG": self._register,
            "REMOVE": self._remove,
            "CNSRLST": self._list,
            "CNSRREQ": self._search,
            "CNSRCLR": self._clear,
        }

    def __repr__(self) -> str:
        pairs = sum(map(len, self.registered.values()))
        return f"<session {self.number}{'' if self.key else ', not logged in'}, {pairs} registered>"

    @property
    def logged_in(self) -> bool:
        return self.key is not None

    @property
    def listening(self) -> bool:
        """Whether it is logged in and will hear more."""
        return self.logged_in and not (self.ended or self.mute)

    # --- what comes in -----------------------------------------------------------------------

    def receive(self, message: Message | None) -> list[Outgoing]:
        """The answer to a message; None stands for one that is no JSON object."""
        if self.ended or self.mute:
            return []
        trnm = str((message or {}).get("trnm") or "")
        if message is None or not trnm:
            return [_refusal("", _Refusal(100002, words="trnm"))]
        if trnm == "PING":
            self._unanswered = 0
            return []
        if trnm == "SYSTEM":  # told of the live server: to send one back breaks its rules
            return self._out([Close(1008)])
        if trnm == "LOGIN":
            return self._out(_struck(self._faults.striking("login", (trnm,)), self._login(message)))
        if not self.logged_in:  # observed 2026-09-10 at the mock server: ignored, and the login may follow
            return [_refusal(trnm, _Refusal(100013))]
        if trnm not in self._requests:
            return [_refusal(trnm, _Refusal(105108))]
        return self._request(trnm, message)

    def _request(self, trnm: str, message: Message) -> list[Outgoing]:
        struck = self._faults.striking("request", (trnm,))
        try:
            for fault in struck:
                if fault.spec.refusal is not None:
                    raise _Refusal(fault.spec.refusal, **self._words_of(message))
            if not self._meter.admit(str(self.key), trnm):
                raise _Refusal(105110)
            answer = self._requests[trnm](message)
        except _Refusal as refused:
            return [_refusal(trnm, refused)]
        return self._out(_struck(struck, [] if answer is None else [frame(trnm=trnm, **answer)]))

    def _words_of(self, message: Message) -> dict[str, object]:
        return {"limit": self._switches.ws_item_limit, "seq": str(message.get("seq", "")).strip()}

    def _login(self, message: Message) -> list[Outgoing]:
        token = message.get("token")
        if not token:
            return [_refusal("LOGIN", _Refusal(805002)), Close(1000, "Bye")]
        owner = self._tokens.owner(str(token))
        if owner is None:
            # Recorded at both servers in 2026; the mock server goes without the second frame.
            more = [system("R10004", _NO_LOGIN)] if self._switches.mode == "real" else []
            return [_refusal("LOGIN", _Refusal(805004)), *more, Close(1000, "Bye")]
        self.key = owner
        return [frame(trnm="LOGIN", return_code=0, return_msg="", sor_yn="Y")]

    # --- registrations -----------------------------------------------------------------------

    def _register(self, message: Message) -> dict[str, Any]:
        """All items of an entry for all its types. Nothing is checked but how many there are."""
        group, pairs = str(message.get("grp_no", "")), _pairs(message)
        kept = set() if str(message.get("refresh", "1")) == "0" else self.registered.get(group, set())
        wanted = {**self.registered, group: kept | pairs}
        group_limit = self._switches.ws_group_limit
        if group_limit is not None and _items({group: wanted[group]}) > group_limit:
            raise _Refusal(105118, limit=group_limit)
        if _items(wanted) > self._switches.ws_item_limit:
            raise _Refusal(105115, limit=self._switches.ws_item_limit)
        self._hear(wanted)
        return _GOOD

    def _remove(self, message: Message) -> dict[str, Any]:
        """What is not registered is acknowledged as well: a choice, for nobody has tried it."""
        group = str(message.get("grp_no", ""))
        self._hear({**self.registered, group: self.registered.get(group, set()) - _pairs(message)})
        return _GOOD

    def _hear(self, registered: dict[str, set[tuple[str, str]]] | None = None) -> None:
        if registered is not None:
            self.registered = {group: pairs for group, pairs in registered.items() if pairs}
        pairs = set[tuple[str, str]]().union(*self.registered.values())
        heard = {
            Channel(type_, "" if type_ in _OF_THE_ACCOUNT else item)
            for item, type_ in pairs
            if type_ in FEEDS and (item or type_ in WHOLE_MARKET)
        }
        self.channels = frozenset(heard | {Channel("02", seq) for seq in self.conditions})

    def hears(self, channel: Channel, item: str) -> bool:
        return channel in self.channels or Channel(channel.type, item) in self.channels

    # --- conditions --------------------------------------------------------------------------

    def _list(self, message: Message) -> dict[str, Any]:
        self._listed = True
        return {**_GOOD, "data": [[each.seq, each.name] for each in CONDITIONS.values()]}

    def _search(self, message: Message) -> dict[str, Any] | None:
        seq, kind = str(message.get("seq", "")).strip(), str(message.get("search_type", ""))
        if not self._listed:  # reported by many: no answer at all
            return None
        if not seq or kind not in ("0", "1"):
            raise _Refusal(100002, words="search_type" if seq else "seq")
        if seq not in CONDITIONS:  # a choice: 900003 is the only refusal that anybody has seen
            return None
        return self._search_once(seq, message) if kind == "0" else self._search_live(seq)

    def _search_once(self, seq: str, message: Message) -> dict[str, Any]:
        found, size = meeting(self._feeds, CONDITIONS[seq]), self._switches.page_rows
        begin = str(message.get("next_key") or "") if message.get("cont_yn") == "Y" else "0"
        if not begin.isdecimal():
            raise _Refusal(100002, words="next_key")
        end = int(begin) + size
        more = end < len(found)
        return {
            "seq": f"{seq:<2}",  # padded, as it is printed
            "cont_yn": "Y" if more else "N",
            "next_key": f"{end:010d}" if more else "",
            "return_code": 0,
            **self._data([answer_row(stock) for stock in found[int(begin) : end]]),
        }

    def _search_live(self, seq: str) -> dict[str, Any] | None:
        if seq in self.conditions:
            raise _Refusal(900003, seq=seq)
        if len(self.conditions) >= _LIVE_CONDITIONS:
            return None  # silence is a choice here too
        since = self.conditions[seq] = self._position()
        self._hear()
        found = members(self._feeds, CONDITIONS[seq], since)
        # Observed 2026: some codes came without the letter.
        rows = [{"jmcode": symbol if n % 3 == 2 else f"A{symbol}"} for n, symbol in enumerate(found)]
        return {"seq": f"{seq:<2}", **_GOOD, **self._data(rows)}

    def _clear(self, message: Message) -> dict[str, Any]:
        """What is not live is acknowledged as well: a choice."""
        seq = str(message.get("seq", "")).strip()
        self.conditions.pop(seq, None)
        self._hear()
        return {**_GOOD, "seq": f"{seq:<2}"}

    def _data(self, rows: Sequence[Mapping[str, str]]) -> dict[str, Any]:
        if rows or self._switches.empty_conditions == "list":
            return {"data": list(rows)}
        return {"data": None} if self._switches.empty_conditions == "null" else {}

    # --- what goes out by itself -------------------------------------------------------------

    def next_day(self) -> None:
        """The market has gone on: what is live goes on with the members of the day before."""
        self.conditions = dict.fromkeys(self.conditions, CARRIED)

    def tick(self, now: float) -> list[Outgoing]:
        """What is due by the server's own timer: a PING, or the end of who does not answer."""
        if self.ended or self.mute:
            return []
        if not self.logged_in and now - self._opened >= self._switches.login_wait:
            return self._out([system("R10004", _NO_LOGIN), Close(1000, "Bye")])
        interval = self._switches.ping_interval
        if interval is None or now - self._pinged < interval:
            return []
        self._pinged = now
        if self._unanswered >= self._switches.ping_miss_limit:
            return self._out(no_heartbeat())
        self._unanswered += 1
        return [frame(trnm="PING")]

    def real(self, entries: Sequence[tuple[str, bytes]]) -> list[Outgoing]:
        """A frame of ticks, each a type and a text; and the late ones whose turn it is."""
        self.frames += 1
        sent: list[Outgoing] = [real_frame([text for _, text in entries])]
        if self._held:
            for held in self._held:
                held[0] -= 1
            sent += [late for left, late in self._held if left <= 0]
            self._held = [held for held in self._held if held[0] > 0]
        sent = _struck(self._faults.striking("frame", {type_ for type_, _ in entries}), sent)
        self._held += [[one.by, one.frame] for one in sent if isinstance(one, Late)]
        return self._out([one for one in sent if not isinstance(one, Late)])

    def rest(self) -> list[Outgoing]:
        """The late frames that nothing newer will come before."""
        held, self._held = self._held, []
        return [late for _, late in held]

    def kick(self) -> list[Outgoing]:
        """The same key has logged in elsewhere."""
        return self._out(kicked())

    def strike(self, fault: LiveFault) -> list[Outgoing]:
        """A fault that strikes at once."""
        return self._out(_struck([fault], []))

    def _out(self, sent: list[Outgoing]) -> list[Outgoing]:
        """What goes out, and what that makes of the session."""
        self.ended = self.ended or any(isinstance(one, Close) or one is Cut.ABORT for one in sent)
        self.mute = self.mute or Cut.MUTE in sent
        return sent


_GOOD: dict[str, Any] = {"return_code": 0, "return_msg": ""}


def _struck(faults: Iterable[LiveFault], sent: list[Outgoing]) -> list[Outgoing]:
    for fault in faults:
        if fault.spec.change is not None:
            sent = fault.spec.change(sent, fault.options)
    return sent


def _refusal(trnm: str, refused: _Refusal) -> bytes:
    words = _WORDS[refused.code].format_map({"trnm": trnm, **refused.words})
    return frame(trnm=trnm, return_code=refused.code, return_msg=words)


def _pairs(message: Message) -> set[tuple[str, str]]:
    data = message.get("data")
    entries = [entry for entry in data if isinstance(entry, Mapping)] if isinstance(data, list) else []
    if not entries:
        raise _Refusal(100002, words="data")
    return {
        (item, type_)
        for entry in entries
        for item in _texts(entry.get("item")) or [""]
        for type_ in _texts(entry.get("type"))
    }


def _texts(value: object) -> list[str]:
    """The guide prints lists, and its tables call one of them a text."""
    if isinstance(value, str):
        return [value]
    return [str(one) for one in value] if isinstance(value, list) else []


def _items(registered: Mapping[str, set[tuple[str, str]]]) -> int:
    """How many items there are, whatever their types; one in two groups counts twice, which is a choice."""
    return len({(group, item) for group, pairs in registered.items() for item, _ in pairs if item})
