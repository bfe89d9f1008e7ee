"""Both sides of a session without a socket: what the client asks, and what a server says."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from hypothesis import strategies as st

from kiwoomdata.stream.events import (
    ConditionList,
    LoggedIn,
)
from kiwoomdata.stream.session import Session

TOKEN = "tk-5f1c9a7e2b-not-a-real-token"


EXAMPLES: dict[str, Any] = json.loads(
    (Path(__file__).parents[1] / "data" / "ws_examples.json").read_text(encoding="utf-8")
)["examples"]


def say(**body: Any) -> str:
    return json.dumps(body, ensure_ascii=False)


def ack(trnm: str, code: int = 0, words: str = "", **more: Any) -> str:
    return say(trnm=trnm, return_code=code, return_msg=words, **more)


def real(*entries: tuple[str, str, dict[str, str]]) -> str:
    return say(trnm="REAL", data=[{"type": t, "name": "이름", "item": i, "values": v} for t, i, v in entries])


def sent(session: Session, now: float) -> list[dict[str, Any]]:
    return [json.loads(text) for text in session.due(now)]


def opened(now: float = 0.0, **options: Any) -> Session:
    session = Session(TOKEN, **options)
    assert sent(session, now) == [{"trnm": "LOGIN", "token": TOKEN}]
    assert session.receive(ack("LOGIN", sor_yn="Y")) == [LoggedIn()]
    return session


def registered(session: Session, now: float) -> float:
    """Send and acknowledge whatever registrations are pending; the time when it is done."""
    while session.wait(now) is not None:
        now += session.wait(now) or 0.0
        for request in sent(session, now):
            session.receive(ack(request["trnm"]))
    return now


# --- conditions -------------------------------------------------------------------------------------


def listed(session: Session) -> Session:
    session.ask_conditions()
    assert sent(session, 0.0) == [EXAMPLES["ka10171"]["request"]]
    (event,) = session.receive(json.dumps(EXAMPLES["ka10171"]["response"], ensure_ascii=False))
    assert event == ConditionList([(str(n), f"조건{n + 1}") for n in range(5)])
    return session


# --- any interleaving, against a model --------------------------------------------------------------


types = st.lists(st.sampled_from(["0B", "0b", "0w"]), min_size=1, max_size=2)
