"""Whatever bytes come: envelopes, live frames, a session's answers and stored files are read, or refused.

``python -m tests.prove.fuzz`` runs each target for some seconds, guided by coverage where atheris is there,
and else at random from the same beginnings. What is read is held against the plain reader of JSON: no cell
may say something else than the text did.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import random
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable
from contextlib import suppress
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import polars as pl

from kiwoomdata import frames
from kiwoomdata.entries import ENDPOINTS
from kiwoomdata.entries.feeds import find_feed
from kiwoomdata.errors import KiwoomDataWarning, TransportError
from kiwoomdata.rest import protocol
from kiwoomdata.store.disk import Store
from kiwoomdata.store.files import UNREADABLE, Head, SeriesKey, packed, unpacked
from kiwoomdata.stream.decode import read_ticks
from kiwoomdata.stream.events import Counts
from kiwoomdata.stream.intake import open_frames
from kiwoomdata.stream.session import Session

__all__ = ["TARGETS", "beginnings", "fuzzed"]

DATA = Path(__file__).parents[1] / "data"
KEY = SeriesKey("https://server", "ka10086", (("indc_tp", "0"), ("stk_cd", "005930")))
_PRICES, _ETF = ENDPOINTS["ka10086"], ENDPOINTS["ka40002"]
_DAY = date(2024, 6, 28)
_PIECES = (b"null", b'"', b"{}", b"[", b"]", b"1e999", b"-", b"\\u0000", b":", b",")
_HEADERS = {"cont-yn": "N", "next-key": "", "content-type": "application/json;charset=UTF-8"}


def envelope(data: bytes) -> None:
    """An answer to a request, from its bytes to typed cells."""
    for endpoint in (_PRICES, _ETF):
        try:
            page = protocol.read(endpoint.api_id, 200, _HEADERS, data)
            protocol.refusal(page)
            walk = protocol.pages(endpoint, {})
            next(walk)
            with suppress(StopIteration):
                walk.send(page)
            texts, *_ = frames.text_parts(endpoint, [page])
        except TransportError:
            continue
        for part in endpoint.parts:
            frames.decoded(endpoint, part, texts[part.name], {"indc_tp": "0"})
        if endpoint is _PRICES:
            _same_texts(page.content, texts["prices"])


def _same_texts(content: bytes, texts: pl.DataFrame) -> None:
    """Each row of texts is one of the rows that the plain reader reads."""
    try:
        rows = json.loads(content).get("daly_stkpc") or []
    except (ValueError, RecursionError):
        return
    told = [row for row in rows if isinstance(row, dict)]
    keys = [key for key in texts.columns if key in _PRICES.rows.by_key]  # type: ignore[union-attr]
    for row in texts.select(keys).iter_rows(named=True):
        assert any(all(_says(other.get(key), text) for key, text in row.items()) for other in told), row


def _says(value: Any, text: str | None) -> bool:
    """Whether a text is what a JSON value says; of numbers and of what came twice, that it says something."""
    if value is None:
        return not text
    return value == text if isinstance(value, str) and not (text or "").startswith("[") else text is not None


def frame(data: bytes) -> None:
    """A live message, from its bytes to a row."""
    stats = Counts()
    messages, unread = open_frames([(1, data), (2, b'{"trnm":"REAL","data":[]}')], stats)
    sizes = {len(messages.types), len(messages.items), len(messages.values), len(messages.received)}
    assert len(sizes) == 1
    assert not unread or stats.broken
    for type_, mine in messages.by_type().items():
        try:
            feed = find_feed(type_)
        except ValueError:
            continue
        rows, troubles = read_ticks(feed, mine.items, mine.values, mine.received, _DAY)
        assert rows.height + sum(not each.column for each in troubles) == len(mine.items)


def session(data: bytes) -> None:
    """What a live server says, line by line, to a session that asks for all kinds of things."""
    ours = Session("a-token")
    ours.subscribe(["005930", "000660"], ["0B", "0D"])
    ours.ask_conditions()
    ours.search("1", 1)
    now = 0.0
    for line in [b'{"trnm":"LOGIN","return_code":0}', *data.split(b"\n")[:20]]:
        now += 0.5
        for text in ours.due(now):
            assert isinstance(text, str)
        assert isinstance(ours.receive(line), list)
        wait = ours.wait(now)
        assert wait is None or (wait >= 0 and math.isfinite(wait))
    ours.overdue(now + 60)
    ours.reset("another-token")
    assert {key[1] for key in ours.wanted} <= {"005930", "000660"}


def block(data: bytes) -> None:
    """A file of the store, and pages that a walk left behind."""
    try:
        head, payload = unpacked(data, KEY, "rows")
        assert packed(KEY, "rows", head, payload).partition(b"\n")[2] == payload
    except UNREADABLE:
        pass
    store = _store()
    path = Path(store._file(KEY, "pages"))
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    for note, content in store.pages(KEY):
        assert bytes(note)
        assert isinstance(content, bytes)
    path.write_bytes(data)
    path.with_suffix(".rows").write_bytes(data)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", KiwoomDataWarning)
        store.load(KEY, "rows")
        store.head(KEY)
        store.info()


@cache
def _store() -> Store:
    folder = tempfile.mkdtemp(prefix="prove-fuzz-", dir="/dev/shm" if os.path.isdir("/dev/shm") else None)
    return Store(folder)


TARGETS: dict[str, Callable[[bytes], None]] = {
    "envelope": envelope,
    "frame": frame,
    "session": session,
    "block": block,
}


def beginnings(target: str) -> list[bytes]:
    """What the fuzzing of a target begins with: printed answers, and what was found once."""
    found = [path.read_bytes() for path in sorted((DATA / "fuzz" / target).glob("*"))]
    if target == "envelope":
        recorded = [path.read_bytes() for path in sorted((DATA / "recorded").glob("ka10086*"))]
        row = dict.fromkeys(_PRICES.rows.by_key, "+1") | {"date": "20240628"}  # type: ignore[union-attr]
        good = {"daly_stkpc": [row, row], "return_code": 0, "return_msg": "정상"}
        return [*found, *recorded, json.dumps(good).encode(), json.dumps(good, ensure_ascii=False).encode()]
    if target == "block":
        return [*found, packed(KEY, "rows", Head("", first="20240102", count=3), b"rows" * 20)]
    examples = json.loads((DATA / "ws_examples.json").read_text(encoding="utf-8"))["examples"].values()
    answers = [each["response"] for each in examples if each["response"]]
    said = [json.dumps(each, ensure_ascii=False).encode() for each in answers]
    return [*found, *said, b"\n".join(said)] if target == "session" else [*found, *said]


def changed(text: bytes, rng: random.Random) -> bytes:
    """A text with a few changes, without a guide."""
    out = bytearray(text)
    for _ in range(rng.randrange(1, 6)):
        at = rng.randrange(len(out) + 1)
        match rng.randrange(6):
            case 0:
                out[at:at] = bytes([rng.randrange(256)])
            case 1:
                del out[at : at + rng.randrange(1, 30)]
            case 2:
                out[at:at] = out[rng.randrange(len(out) + 1) :][: rng.randrange(1, 60)]
            case 3:
                out[at:at] = rng.choice(_PIECES)
            case 4 if at < len(out):
                out[at] ^= 1 << rng.randrange(8)
            case 5:
                del out[at:]
    return bytes(out)


def fuzzed(target: str, seconds: float, seed: int = 0) -> int:
    """Fuzz at random; how many texts were tried. An error of a target comes out as it is."""
    rng, begin, tried = random.Random(seed), beginnings(target), 0
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", KiwoomDataWarning)
        for text in begin:
            TARGETS[target](text)
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            TARGETS[target](changed(rng.choice(begin), rng))
            tried += 1
    return tried


def _guided(target: str, seconds: int, corpus: Path) -> None:
    """Fuzz with atheris, which ends the process."""
    import atheris  # type: ignore[import-not-found, unused-ignore]

    corpus.mkdir(parents=True, exist_ok=True)
    for n, text in enumerate(beginnings(target)):
        (corpus / f"begin-{n}").write_bytes(text)
    for module in (protocol, frames, sys.modules["kiwoomdata.kinds"], *_of(target)):
        _instrument(atheris, module)
    limits = [f"-max_total_time={seconds}", "-max_len=20000", "-timeout=20", "-rss_limit_mb=4000"]
    crashes = f"-artifact_prefix={corpus.parent}/crash-{target}-"
    atheris.Setup(
        [sys.argv[0], *limits, crashes, "-verbosity=0", "-print_final_stats=1", str(corpus)], TARGETS[target]
    )
    atheris.Fuzz()


def _of(target: str) -> list[Any]:
    rooms = {
        "frame": ("stream.intake", "stream.events", "stream.decode"),
        "session": ("stream.session", "stream.events", "stream.lanes"),
        "block": ("store.files", "store.disk"),
    }
    return [sys.modules[f"kiwoomdata.{name}"] for name in rooms.get(target, ())]


def _instrument(atheris: Any, module: Any) -> None:
    for thing in list(vars(module).values()):
        if getattr(thing, "__module__", "") != module.__name__:
            continue
        if isinstance(thing, type):
            for inner, method in list(vars(thing).items()):
                if callable(method) and hasattr(method, "__code__"):
                    setattr(thing, inner, atheris.instrument_func(method))
        elif hasattr(thing, "__code__"):
            atheris.instrument_func(thing)


def report(seconds: int, out: Path) -> dict[str, str]:
    """Fuzz each target in a process of its own; what came of it, by target."""
    told = {}
    for target in TARGETS:
        words = [sys.executable, "-m", "tests.prove.fuzz", target, "--seconds", str(seconds)]
        words += ["--out", str(out)]
        done = subprocess.run(words, capture_output=True, text=True, errors="replace")
        lines = (done.stdout + done.stderr).splitlines()
        counts = [line.split()[-1] for line in lines if "number_of_executed_units" in line]
        tried = counts[0] + " texts, guided by coverage" if counts else (lines or ["nothing"])[-1]
        told[target] = tried if done.returncode == 0 else f"FAILED: {' | '.join(lines[-12:])}"
    return told


def main() -> None:
    ask = argparse.ArgumentParser(prog="python -m tests.prove.fuzz", description=__doc__)
    ask.add_argument("target", nargs="?", choices=[*TARGETS])
    ask.add_argument("--seconds", type=int, default=30)
    ask.add_argument("--out", type=Path, default=Path("build/prove"))
    given = ask.parse_args()
    if given.target is None:
        for target, told in report(given.seconds, given.out).items():
            print(target, told)
        return
    warnings.simplefilter("ignore", KiwoomDataWarning)
    try:
        import atheris  # type: ignore[import-not-found, unused-ignore] # noqa: F401
    except ImportError:
        print(f"{fuzzed(given.target, given.seconds):,} texts, at random")
    else:
        _guided(given.target, given.seconds, given.out / f"corpus-{given.target}")


if __name__ == "__main__":
    main()
