"""A schedule over WebSocket: trades in all kinds of frames, and connections that end in all kinds of ways.

Every trade that was sent whole to a connection that went on afterwards is a row, in its order and with its
cells; one that was sent shortly before an end may be lost, and then a gap tells of it.
"""

from __future__ import annotations

import json
import random
import time
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

import kiwoomdata as kd
from kiwoomdata.stream.start import Live
from tests.prove.asks import deadline
from tests.prove.market import KST
from tests.prove.peer import Asked, Peer, Step
from tests.prove.verdict import Hang, Verdict
from tests.prove.ws_peer import BINARY, CLOSE, PING, PONG, TEXT, Connection, WsPeer, frame

__all__ = ["planned", "run", "smaller"]

NOON = datetime(2020, 6, 26, 12, tzinfo=KST)
SYMBOLS = ("005930", "000660")
_SECONDS = 40
IDLE = 0.4

ODD: dict[str, bytes] = {
    "no JSON": b"hello",
    "half of a JSON": b'{"trnm":"REAL","data":[{"ty',
    "empty": b"",
    "an array": b"[]",
    "a number": b"5",
    "null": b"null",
    "an unknown trnm": b'{"trnm":"NEWS"}',
    "no trnm": b'{"data":[]}',
    "a trnm of a number": b'{"trnm":5}',
    "no data": b'{"trnm":"REAL"}',
    "data null": b'{"trnm":"REAL","data":null}',
    "data a dict": b'{"trnm":"REAL","data":{}}',
    "an entry of a number": b'{"trnm":"REAL","data":[5]}',
    "an entry without values": b'{"trnm":"REAL","data":[{"type":"0B","item":"005930","name":"x"}]}',
    "values of a list": b'{"trnm":"REAL","data":[{"type":"0B","item":"005930","name":"x","values":[1]}]}',
    "an unknown type": b'{"trnm":"REAL","data":[{"type":"9Z","item":"005930","values":{"10":"1"}}]}',
    "a type of a number": b'{"trnm":"REAL","data":[{"type":7,"item":"005930","values":{"10":"1"}}]}',
    "words of the system": '{"trnm":"SYSTEM","code":"R99999","message":"점검 예정"}'.encode(),
    "an ack that nobody waits for": b'{"trnm":"REG","return_code":0,"return_msg":""}',
    "a login that nobody waits for": b'{"trnm":"LOGIN","return_code":0,"return_msg":""}',
    "a deep one": b'{"trnm":"REAL","data":' + b"[" * 50_000 + b"]" * 50_000 + b"}",
    "bad UTF-8": b'{"trnm":"REAL","data":[{"type":"0B","item":"\xff\xfe","values":{}}]}',
}
ENDS = ("reset", "close", "1000", "1001", "1011", "1012", "1013")
BROKEN: dict[str, bytes] = {
    "a masked frame": frame(b'{"trnm":"NEWS"}', masked=True),
    "an opcode of the future": frame(b"x", 11),
    "a reserved bit": frame(b"x", rsv=2),
    "a long control frame": frame(b"x" * 200, PING),
    "a cut control frame": frame(b"x", PING, fin=False),
    "a short close": frame(b"\x03", CLOSE),
    "a frame beyond all size": b"\x81\x7f" + (2**40).to_bytes(8, "big"),
    "a size of 64 bits": b"\x81\x7f" + b"\xff" * 8,
    "a rest without a beginning": frame(b"x", 0),
}


def planned(rng: random.Random) -> dict[str, Any]:
    steps: list[list[Any]] = []
    for _ in range(rng.randrange(2, 7)):
        steps.append(["send", rng.randrange(1, 12), rng.randrange(2**32)])
        what = rng.choices(
            ["odd", "end", "broken", "half", "ping", "control", "repeat", "silence", "refuse", "none"],
            [30, 12, 8, 6, 10, 10, 10, 2, 2, 10],
        )[0]
        if what in ("silence", "refuse") and any(step[0] in ("silence", "refuse") for step in steps):
            what = "none"  # what was refused is asked for again after longer than the silence
        choice = {"odd": list(ODD), "end": list(ENDS), "broken": list(BROKEN)}.get(what, [""])
        steps.append([what, rng.choice(choice), rng.randrange(2**32)])
    return {"side": "live", "steps": steps, "late_ack": rng.random() < 0.1, "token": rng.random() < 0.05}


def smaller(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    steps = plan["steps"]
    for n in range(len(steps)):
        yield {**plan, "steps": steps[:n] + steps[n + 1 :]}
    for name in ("late_ack", "token"):
        if plan[name]:
            yield {**plan, name: False}


class _Run:
    def __init__(self, plan: Mapping[str, Any]) -> None:
        self.plan = plan
        self.verdict = Verdict()
        self.refusals = 0
        self.denied = plan["token"]
        self.volume = dict.fromkeys(SYMBOLS, 0)
        self.sent: list[tuple[str, int, int, int]] = []
        """Symbol, the day's volume, price, quantity: the rows that must come."""
        self.risky: set[tuple[str, int]] = set()
        """Trades that were sent shortly before an end."""
        self.began = time.monotonic()
        self.tokens = Peer(self.token)
        self.peer = WsPeer(self.answer)

    def token(self, asked: Asked) -> list[Step]:
        body = json.dumps(
            {"token": f"token-{time.monotonic_ns()}", "token_type": "Bearer", "expires_dt": "20991231235959",
             "return_code": 0, "return_msg": ""}
        ).encode()  # fmt: skip
        return [b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n%b" % (len(body), body)]

    def answer(self, connection: Connection, message: dict[str, Any]) -> Iterable[bytes]:
        trnm = message["trnm"]
        if trnm == "PING":
            return []
        code = 0
        if trnm == "LOGIN" and self.denied:
            self.denied, code = False, 805004
        if trnm == "REG" and self.refusals:
            self.refusals, code = self.refusals - 1, 105108
        text = json.dumps({"trnm": trnm, "return_code": code, "return_msg": "[CODE=8005]" if code else ""})
        ack = frame(text.encode())
        early = (
            self.trades(2, random.Random(1)) if self.plan["late_ack"] and trnm == "REG" and not code else []
        )
        return [*early, ack]

    # --- what is sent ------------------------------------------------------------------------

    def trades(self, count: int, rng: random.Random, *, risky: bool = False) -> list[bytes]:
        """Frames that hold so many trades between them."""
        entries = []
        for _ in range(count):
            symbol, quantity = rng.choice(SYMBOLS), rng.randrange(1, 500)
            self.volume[symbol] += quantity
            price, signed = rng.randrange(10_000, 90_000), rng.choice((quantity, -quantity))
            row = symbol, self.volume[symbol], price, signed
            self.sent.append(row)
            if risky:
                self.risky.add(row[:2])
            values = {
                "20": "115959",
                "10": f"{rng.choice('+-')}{price}",
                "11": "+100",
                "12": "+0.14",
                "27": "+50100",
                "28": "+50000",
                "15": f"{signed:+}",
                "13": str(row[1]),
                "14": "1",
                "16": "+50000",
                "17": "+50000",
                "18": "+50000",
                "25": "2",
                "26": "1",
                "29": "1",
                "30": "1.0",
                "31": "0.1",
                "32": "1",
                "228": "100.00",
                "311": "1",
                "290": "2",
                "691": "0",
                "567": "000000",
                "568": "000000",
                "851": "",
                "1890": "",
                "1891": "",
                "1892": "",
                "1030": "1",
                "1031": "1",
                "1032": "50.00",
                "1071": "",
                "1072": "",
                "1313": "",
                "1315": "0",
                "1316": "",
                "1314": "",
                "1497": "",
                "1498": "",
                "620": "",
                "732": "",
                "852": "",
                "9081": "1",
            }
            entries.append({"type": "0B", "name": "주식체결", "item": symbol, "values": values})
        frames, at = [], 0
        while at < count:
            part = entries[at : at + rng.randrange(1, 5)]
            at += len(part)
            spaces = rng.choice([(",", ":"), (", ", ": ")])
            body = {"trnm": "REAL", "data": part} if rng.random() < 0.8 else {"data": part, "trnm": "REAL"}
            text = json.dumps(body, ensure_ascii=rng.random() < 0.2, separators=spaces).encode()
            frames.append(self.framed(text, rng))
        return frames

    def framed(self, text: bytes, rng: random.Random) -> bytes:
        """A message as one frame, as a binary one, or in fragments with other frames between them."""
        how = rng.random()
        opcode = BINARY if how < 0.2 else TEXT
        if how < 0.7:
            return frame(text, opcode)
        cuts = sorted(rng.randrange(len(text) + 1) for _ in range(rng.randrange(1, 4)))
        parts = [text[a:b] for a, b in zip([0, *cuts], [*cuts, len(text)], strict=True)]
        out = b""
        for n, part in enumerate(parts):
            out += frame(part, opcode if n == 0 else 0, fin=n == len(parts) - 1)
            out += frame(b"beat", PING) if n < len(parts) - 1 and rng.random() < 0.5 else b""
        return out

    # --- the schedule ------------------------------------------------------------------------

    @property
    def connection(self) -> Connection:
        return self.peer.connections[-1]

    def registered(self, live: Live[Any], before: int) -> None:
        """Wait until a connection after the first ``before`` is registered."""
        came = self.peer.until(
            lambda: (
                len(self.peer.connections) > before
                and any(asked["trnm"] == "REG" for asked in self.connection.asked)
            )
        )
        if not came:
            raise Hang
        self.wait(lambda: self.told(lambda: live.stats.connected))

    def wait(self, check: Any, seconds: float = 15.0) -> None:
        end = time.monotonic() + seconds
        while not check():
            if time.monotonic() > end:
                raise Hang
            time.sleep(0.002)

    def come(self, live: Live[Any]) -> None:
        """Wait until the last trade is there, and with it all before it."""
        if self.sent:
            symbol, volume = self.sent[-1][:2]
            end = time.monotonic() + 10
            while time.monotonic() < end:
                rows = self.told(lambda: live.frame("trade")).filter(symbol=symbol)["cumulative_volume"]
                if rows.len() and rows[-1] >= volume:
                    return
                time.sleep(0.002)

    def told(self, ask: Callable[[], Any]) -> Any:
        """Ask again where a refused registration was told, as it is once."""
        try:
            return ask()
        except kd.StreamError:
            if "refuse" not in self.verdict.fired:
                raise
            return ask()

    def step(self, live: Live[Any], what: str, choice: Any, draw: int) -> None:
        rng = random.Random(draw)
        now = len(self.peer.connections)
        if what == "send":
            for each in self.trades(choice, rng):
                self.connection.send(each)
            return
        self.verdict.fired.append(f"{what} {choice}".strip())
        if what == "odd":
            self.connection.send(self.framed(ODD[choice], rng))
        elif what == "ping":
            asked = len(self.connection.asked)
            self.connection.say(trnm="PING")
            if not self.peer.until(lambda: len(self.connection.asked) > asked):
                raise Hang
        elif what == "control":
            pongs = self.connection.pongs
            self.connection.send(frame(b"x", PONG) + frame(b"beat", PING))
            if not self.peer.until(lambda: self.connection.pongs > pongs):
                raise Hang
        elif what == "repeat":
            sent = len(self.sent)
            (text,) = self.trades(1, rng)
            self.sent.append(self.sent[sent])
            self.connection.send(text + text)
        elif what in ("end", "broken", "half", "silence", "refuse"):
            self.come(live)
            risky = self.trades(rng.randrange(0, 4), rng, risky=True)
            for each in risky:
                self.connection.send(each)
            if what == "refuse":
                self.refusals = 1
            if what in ("end", "refuse"):
                self.connection.drop(choice or "1001")
            elif what == "broken":
                self.connection.send(BROKEN[choice])
            elif what == "half":
                for each in self.trades(1, rng, risky=True):
                    self.connection.send(each[: rng.randrange(1, len(each))])
                self.connection.drop("close")
            self.registered(live, now)
            if what == "refuse":
                self.peer.until(lambda: sum(a["trnm"] == "REG" for a in self.connection.asked) > 1)
                self.wait(lambda: self.told(lambda: live.gaps)["until"].null_count() == 0)

    def run(self) -> Verdict:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", kd.KiwoomDataWarning)
                with deadline(_SECONDS):
                    self._stream()
        except Hang:
            self.verdict.problem("hang", f"no end ({self.verdict.fired[-3:]})")
        except Exception as error:
            self.verdict.problem("untyped", f"{type(error).__name__}: {error}")
        finally:
            self.peer.close()
            self.tokens.close()
        return self.verdict

    def _stream(self) -> None:
        silent = any(step[0] == "silence" for step in self.plan["steps"])
        client = kd.Client(
            base_url=self.tokens.url, ws_url=self.peer.url, app_key="a-key", app_secret="a-secret",
            quota=None, state=False, cache=False,
            clock=lambda: NOON + timedelta(seconds=time.monotonic() - self.began),
        )  # fmt: skip
        with (
            client,
            kd.stream_to_frame(SYMBOLS, rows=10_000, idle=IDLE if silent else 60, client=client) as live,
        ):
            self.registered(live, 0)
            for what, choice, draw in self.plan["steps"]:
                self.step(live, what, choice, draw)
            for each in self.trades(1, random.Random(7)):
                self.connection.send(each)
            self.come(live)
            rows = self.told(lambda: live.frame("trade"))
            self._judge(rows.select("symbol", "cumulative_volume", "price", "side", "quantity").rows(), live)

    def _judge(self, rows: list[tuple[Any, ...]], live: Live[Any]) -> None:
        expected = [(s, v, p, "buy" if q > 0 else "sell", abs(q)) for s, v, p, q in self.sent]
        left = iter(expected)
        missed: list[tuple[Any, ...]] = []
        for row in rows:
            for one in left:
                if one == row:
                    break
                missed.append(one)
            else:
                self.verdict.problem("wrong", f"a row {row} that was not sent so, or not at this place")
                return
        missed += list(left)
        lost = [one for one in missed if (one[0], one[1]) not in self.risky]
        if lost:
            self.verdict.problem("silent", f"{len(lost)} trades did not come, the first {lost[0]}")
        if missed and not live.gaps.height:
            self.verdict.problem("silent", f"{len(missed)} trades were lost, and no gap tells it")
        self.verdict.outcome = "told" if missed else "right"


def run(plan: Mapping[str, Any]) -> Verdict:
    return _Run(plan).run()
