"""Asks of a client: each ends in time, and its frame is held against the truth, cell by cell."""

from __future__ import annotations

import random
import signal
import subprocess
import threading
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import date, datetime
from pathlib import Path
from typing import Any

import polars as pl

import kiwoomdata as kd
from kiwoomdata.rest.transport import Retry
from tests.prove.draft import OK, Draft, Fault
from tests.prove.faults import FAULTS, TOKEN_FAULTS
from tests.prove.market import KST, WAYS
from tests.prove.peer import Asked, Peer, Step
from tests.prove.verdict import Hang, Verdict

__all__ = ["ATTEMPTS", "EVENINGS", "MOST_REQUESTS", "Asks", "Server", "deadline", "memory", "server"]

ATTEMPTS = 3
EMPTY = frozenset(("code 20, no data", "early_and_empty", "the list null", "the list blank",
                   "the list of nothing", "no_list"))  # fmt: skip
"""Faults by which the server says that there are no rows."""
MOST_REQUESTS = 400
_SECONDS = 20
"""Beyond which an ask hangs: the slowest schedule waits for three near deadlines."""
EVENINGS = (datetime(2020, 6, 28, 12, tzinfo=KST), datetime(2020, 6, 29, 18, 30, tzinfo=KST))
"""A Sunday, when all is final, and a Monday evening, when its day is not."""


class Server:
    """The market behind a peer: sick while a schedule says so."""

    def __init__(self) -> None:
        self.changed = threading.Condition()
        self.elsewhere = Peer(lambda asked: [])
        self.peer = Peer(self.answer)
        self.begin([])

    def close(self) -> None:
        self.peer.close()
        self.elsewhere.close()

    def begin(self, faults: list[dict[str, Any]]) -> None:
        self.factor = 1
        self.count = {"token": 0, "tr": 0}
        self.fired: list[Fault] = []
        self.spoilt: set[tuple[str, str]] = set()
        self.sent = 0
        self.faults = {"token": dict[int, dict[str, Any]](), "tr": dict[int, dict[str, Any]]()}
        for each in reversed(faults):
            for n in range(each["at"], each["at"] + each["times"]):
                self.faults["token" if each["token"] else "tr"][n] = each

    def until(self, sent: int, running: subprocess.Popen[bytes]) -> None:
        """Wait until so many requests were sent, or the process that sends them has ended."""
        with self.changed:
            while self.sent < sent and running.poll() is None:
                self.changed.wait(0.05)

    def heal(self) -> None:
        self.faults = {"token": {}, "tr": {}}

    def answer(self, asked: Asked) -> list[Step]:
        with self.changed:
            self.sent += 1
            self.changed.notify_all()
        kind = "token" if asked.path == "/oauth2/token" else "tr"
        draft = self._token() if kind == "token" else self._page(asked)
        self.count[kind] += 1
        sick = self.faults[kind].get(self.count[kind])
        if sick is not None:
            fault = (TOKEN_FAULTS if sick["token"] else FAULTS)[sick["name"]]
            fault.change(draft, random.Random(sick["draw"]))
            self.fired.append(fault)
            self.spoilt |= draft.spoilt
        return list(draft.wire())

    def _token(self) -> Draft:
        envelope = {
            "token": "a-token-of-no-worth",
            "token_type": "Bearer",
            "expires_dt": "20991231235959",
            **OK,
        }
        return Draft(None, envelope, cont=None, key=None, elsewhere=self.elsewhere.url)

    def _page(self, asked: Asked) -> Draft:
        way = next(way for way in WAYS.values() if way.api_id == asked.headers["api-id"])
        until = asked.body.get(way.until, "")
        last = date(int(until[:4]), int(until[4:6]), int(until[6:])) if until else self.now.date()
        since = asked.body.get("strt_dt", "20190701")
        ids = way.ids(date(int(since[:4]), int(since[4:6]), int(since[6:])), last)
        at = int(asked.headers.get("next-key", "0").partition("-")[0] or 0)
        rows = [way.row(one, self.factor) for one in ids[at : at + way.page]]
        more = at + way.page < len(ids)
        envelope = {**way.flat(), way.list_key: rows, **OK} if way.list_key else {**rows[0], **OK}
        key = f"{at + way.page}" if more else ""
        return Draft(way, envelope, "Y" if more else "N", key, at, elsewhere=self.elsewhere.url)

    now: datetime = EVENINGS[0]


_server: Server | None = None


def server() -> Server:
    """The one of this process."""
    global _server
    _server = _server or Server()
    return _server


@contextmanager
def deadline(seconds: float) -> Iterator[None]:
    """Raise Hang in the main thread when it takes longer."""

    def late(*args: object) -> None:
        raise Hang

    before = signal.signal(signal.SIGALRM, late)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


class Asks:
    """Asks of a client, each held against the truth."""

    def __init__(self, plan: Mapping[str, Any], folder: str) -> None:
        self.plan, self.folder = plan, folder
        self.way = WAYS[plan["way"]]
        self.first, self.last = date.fromisoformat(plan["first"]), date.fromisoformat(plan["last"])
        self.verdict = Verdict()
        self.server = server()
        self.server.begin([])
        self.server.now = datetime.fromisoformat(plan["now"])
        self.slow = any((TOKEN_FAULTS if f["token"] else FAULTS)[f["name"]].slow for f in plan["faults"])
        self.factors = [1]
        """The bases that the server has had."""

    def client(self) -> kd.Client:
        return kd.Client(
            base_url=self.server.peer.url,
            app_key="a-key",
            app_secret="a-secret",
            quota=None,
            state=False,
            cache=self.folder,
            clock=lambda: self.server.now,
            retry=Retry(
                ATTEMPTS, base=0.0005, longest=0.001, timeout=0.3 if self.slow else 15, connect_timeout=5
            ),
            on_bad=self.plan["on_bad"],
            on_truncated=self.plan["on_truncated"],
            progress=False,
        )

    def ask(
        self, client: kd.Client, first: date | None = None, **more: Any
    ) -> tuple[pl.DataFrame | None, BaseException | None, list[type[Warning]]]:
        with warnings.catch_warnings(record=True) as told:
            warnings.simplefilter("always")
            try:
                with deadline(_SECONDS):
                    frame = self.way.ask(client, first or self.first, self.last, **more)
            except Hang as error:
                self.verdict.problem("hang", f"no end after {_SECONDS} s")
                return None, error, []
            except kd.KiwoomDataError as error:
                return None, error, []
            except Exception as error:
                self.verdict.problem("untyped", f"{type(error).__name__}: {error}")
                return None, error, []
        return frame, None, [warning.category for warning in told]

    # --- judging -----------------------------------------------------------------------------

    def judge(
        self,
        when: str,
        frame: pl.DataFrame | None,
        error: BaseException | None,
        told: list[type[Warning]],
        spoilt: set[tuple[str, str]],
        *,
        kept: bool,
        whole: bool = False,
    ) -> None:
        for category in told:
            if not issubclass(category, kd.KiwoomDataWarning):
                self.verdict.problem("untyped", f"{when}: a {category.__name__}")
        if frame is None:
            if when in ("healthy", "refreshed") and not isinstance(error, Hang):
                self.verdict.problem("kept", f"{when}: {type(error).__name__}: {error}")
            return
        wrong = self._wrong(frame)
        if wrong:
            self.verdict.problem("kept" if kept else "wrong", f"{when}: {wrong}")
            return
        source = kd.provenance(frame)
        assert source is not None
        said = bool(told) or source.truncated
        lacks = self.lacks(frame, spoilt)
        if lacks and when == "sick" and not self.way.every_day and EMPTY.intersection(self.verdict.fired):
            return  # who has no row for some days may well say that there is none
        if lacks and not said:
            self.verdict.problem("silent", f"{when}: {lacks}")
        elif lacks and (whole or (when == "healthy" and not spoilt and kd.MissingKey not in told)):
            self.verdict.problem("kept", f"{when}: {lacks} (told: {[t.__name__ for t in told]})")

    def _ids(self) -> list[Any]:
        return self.way.ids(self.first, self.last)

    def _wrong(self, frame: pl.DataFrame) -> str:
        """The first cell that is neither true nor null, or a row that is none; blank where there is none."""
        verdicts = [self._wrong_by(frame, factor) for factor in self.factors]
        return "" if "" in verdicts else verdicts[-1]

    def _wrong_by(self, frame: pl.DataFrame, factor: int) -> str:
        expected = {one: self.way.truth(one, factor) for one in self._ids()}
        seen: set[Any] = set()
        for row in frame.iter_rows(named=True):
            one = row[self.way.id_column]
            if one is None:  # a row without a name stands where the server put it, and is told
                continue
            truth = expected.get(one)
            if truth is None:
                return f"a row of {one}, which was not asked for"
            if one in seen and self.way.by_day:
                return f"{one} twice"
            seen.add(one)
            for name, value in truth.items():
                if name in row and row[name] is not None and row[name] != value:
                    return f"{name} of {one} is {row[name]!r}, and {value!r} is right"
        if self.way.name.endswith("named") and not frame[self.way.id_column].drop_nulls().is_sorted():
            return "the rows are in no order"
        return ""

    def lacks(self, frame: pl.DataFrame, spoilt: set[tuple[str, str]]) -> str:
        """What of the truth is not there, but for the cells that the server itself called blank."""
        rows = {row[self.way.id_column]: row for row in frame.iter_rows(named=True)}
        for one in self._ids():
            if one not in rows:
                return f"no row of {one}"
            row, own = rows[one], self.way.row(one)[self.way.columns[0][0]]
            truth = self.way.truth(one)
            for key, name, _ in self.way.columns:
                if row.get(name, 0) is None and truth[name] is not None and (own, key) not in spoilt:
                    return f"no {name} of {one}"
        return ""


def memory() -> str | None:
    """A folder in memory, where there is one: the disk is not what is tried here."""
    return "/dev/shm" if Path("/dev/shm").is_dir() else None
