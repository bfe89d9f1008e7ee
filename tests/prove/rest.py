"""A schedule over REST: what is asked, which answers go wrong, and whether anything wrong comes of it.

Four asks: of the sick server; offline, of what that left in the store; of the server in health; and offline
again. Each frame is held against the truth, cell by cell. What lacks has to be told.
"""

from __future__ import annotations

import random
import signal
import tempfile
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl

import kiwoomdata as kd
from kiwoomdata.rest.transport import Retry
from tests.prove.draft import OK, Draft, Fault
from tests.prove.faults import FAULTS, TOKEN_FAULTS
from tests.prove.market import KST, WAYS, sessions
from tests.prove.peer import Asked, Peer, Step
from tests.prove.verdict import Hang, Verdict

__all__ = ["planned", "run", "smaller"]

ATTEMPTS = 3
EMPTY = frozenset(("code 20, no data", "early_and_empty", "the list null", "the list blank",
                   "the list of nothing", "no_list"))  # fmt: skip
"""Faults by which the server says that there are no rows."""
_MOST_REQUESTS = 400
_SECONDS = 20
"""Beyond which an ask hangs: the slowest schedule waits for three near deadlines."""
_EVENINGS = (datetime(2020, 6, 28, 12, tzinfo=KST), datetime(2020, 6, 29, 18, 30, tzinfo=KST))
"""A Sunday, when all is final, and a Monday evening, when its day is not."""


def planned(rng: random.Random) -> dict[str, Any]:
    """A schedule, as plain data."""
    way = WAYS[rng.choice(list(WAYS))]
    evening = rng.choice(_EVENINGS)
    latest = max(day for day in sessions() if day <= evening.date())
    last = (
        latest if rng.random() < 0.5 or way.keeping == "by moment" else latest - timedelta(rng.randrange(60))
    )
    span = 15 if way.keeping == "by moment" else 110
    faults: list[dict[str, Any]] = []
    for _ in range(rng.choices([1, 2, 3], [70, 20, 10])[0]):
        for_token = rng.random() < 0.08
        table = TOKEN_FAULTS if for_token else FAULTS
        fit = [f for f in table.values() if (for_token or f.fits(way)) and (not f.slow or rng.random() < 0.1)]
        family = rng.choice(sorted({f.family for f in fit}))
        chosen = rng.choice([f for f in fit if f.family == family])
        times = rng.choices([1, 2, 3, 4], [64, 18, 9, 9])[0] if chosen.right == "again" else 1
        faults.append(
            {
                "at": 1 if for_token else rng.choices([1, 2, 3, 4, 6], [40, 30, 15, 10, 5])[0],
                "times": min(times, 2) if chosen.slow else times,
                "name": chosen.name,
                "token": for_token,
                "draw": rng.randrange(2**32),
            }
        )
    return {
        "side": "rest",
        "way": way.name,
        "now": evening.isoformat(),
        "first": (last - timedelta(rng.randrange(span))).isoformat(),
        "last": last.isoformat(),
        "on_bad": rng.choice(["raise", "null"]),
        "on_truncated": rng.choice(["raise", "mark"]),
        "refresh": rng.random() < 0.1,
        "held": rng.choice([0, 0, 0, 10, 40]) if way.keeping.startswith("by date") else 0,
        "split": way.rebased and way.every_day and rng.random() < 0.15,
        "faults": faults,
    }


def smaller(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Schedules that are a little simpler, the simplest first."""
    faults: list[dict[str, Any]] = plan["faults"]
    for n in range(len(faults)):
        if len(faults) > 1:
            yield {**plan, "faults": faults[:n] + faults[n + 1 :]}
    for n, each in enumerate(faults):
        if each["times"] > 1:
            yield {**plan, "faults": [*faults[:n], {**each, "times": each["times"] - 1}, *faults[n + 1 :]]}
        if each["at"] > 1:
            yield {**plan, "faults": [*faults[:n], {**each, "at": each["at"] - 1}, *faults[n + 1 :]]}
    for name in ("split", "held", "refresh"):
        if plan[name]:
            yield {**plan, name: type(plan[name])()}
    first, last = date.fromisoformat(plan["first"]), date.fromisoformat(plan["last"])
    if last - first > timedelta(2):
        yield {**plan, "first": (first + (last - first) / 2).isoformat()}


class Server:
    """The market behind a peer: sick while a schedule says so."""

    def __init__(self) -> None:
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

    def heal(self) -> None:
        self.faults = {"token": {}, "tr": {}}

    def answer(self, asked: Asked) -> list[Step]:
        self.sent += 1
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

    now: datetime = _EVENINGS[0]


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


class _Run:
    """One schedule, ask by ask."""

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

    def run(self) -> Verdict:
        with self.client() as client:
            if self.plan["held"]:
                self.ask(client, max(self.first, self.last - timedelta(self.plan["held"])))
            if self.plan["split"]:
                self.server.factor = 50
                self.factors.append(50)
            factor = self.server.factor
            self.server.begin(self.plan["faults"])
            self.server.factor = factor
            more = {"refresh": True} if self.plan["refresh"] else {}
            frame, error, told = self.ask(client, **more)
            fired, spoilt = list(self.server.fired), set(self.server.spoilt)
            self._judge_sick(frame, error, told, fired, spoilt)
            if self.server.sent > _MOST_REQUESTS:
                self.verdict.problem("hang", f"{self.server.sent} requests")
            if self.server.elsewhere.connections:
                self.verdict.problem("wrong", "a redirect was followed")
                self.server.elsewhere.connections = 0
            self.server.heal()
            if self.way.keeping != "not kept":
                self._offline(client, spoilt, after="the sick server")
        with self.client() as client:
            frame, error, told = self.ask(client)
            self._judge("healthy", frame, error, told, spoilt, kept=True)
            if self.way.keeping != "not kept":
                self._offline(client, spoilt, after="the server in health")
            if self.plan["refresh"] or (frame is not None and self._lacks(frame, set())):
                frame, error, told = self.ask(client, refresh=True)
                self._judge("refreshed", frame, error, told, set(), kept=False, whole=True)
        return self.verdict

    def _offline(self, client: kd.Client, spoilt: set[tuple[str, str]], *, after: str) -> None:
        sent = self.server.sent
        frame, error, told = self.ask(client, offline=True)
        if self.server.sent != sent:
            self.verdict.problem("kept", f"offline after {after} sent a request")
        if error is not None and not isinstance(error, kd.NotCached | kd.DecodeError):
            self.verdict.problem("kept", f"offline after {after}: {type(error).__name__}: {error}")
        if frame is not None:
            self._judge(f"offline after {after}", frame, error, told, spoilt, kept=True)

    # --- judging -----------------------------------------------------------------------------

    def _judge_sick(
        self,
        frame: pl.DataFrame | None,
        error: BaseException | None,
        told: list[type[Warning]],
        fired: list[Fault],
        spoilt: set[tuple[str, str]],
    ) -> None:
        self.verdict.fired = [fault.name for fault in fired]
        before = len(self.verdict.problems)
        self._judge("sick", frame, error, told, spoilt, kept=False)
        kinds = {fault.name for fault in fired}
        if len(self.verdict.problems) > before or self.plan["split"]:
            return
        got = "right" if error is None else type(error).__name__
        if error is None and frame is not None and self._lacks(frame, set()):
            got = "told"
        self.verdict.outcome = "error" if error is not None else got
        expected = ""
        if not kinds or all(fault.right == "same" for fault in fired):
            expected = "right"
        elif len(kinds) == 1 and fired[0].right == "error":
            expected = fired[0].error
        elif len(kinds) == 1 and fired[0].right == "again":
            tries = ATTEMPTS if fired[0].name != "code 3 of a token" else 2
            expected = fired[0].error if len(fired) >= tries else "right"
        if expected and got != expected:
            self.verdict.problem(
                "table", f"{[f.name for f in fired]}: {got}, and {expected} is right ({error})"
            )

    def _judge(
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
        lacks = self._lacks(frame, spoilt)
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

    def _lacks(self, frame: pl.DataFrame, spoilt: set[tuple[str, str]]) -> str:
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


def run(plan: Mapping[str, Any]) -> Verdict:
    with tempfile.TemporaryDirectory(prefix="prove-", dir=_memory()) as folder:
        return _Run(plan, folder).run()


def _memory() -> str | None:
    """A folder in memory, where there is one: the disk is not what is tried here."""
    return "/dev/shm" if Path("/dev/shm").is_dir() else None
