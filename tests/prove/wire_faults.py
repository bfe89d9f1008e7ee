"""Bodies that are no JSON, and answers that are not sent as they should be."""

from __future__ import annotations

import gzip
import random
import zlib
from collections.abc import Callable, Sequence
from typing import Any

from tests.prove.draft import Draft, Right, fault
from tests.prove.peer import Step

# --- bodies ----------------------------------------------------------------------------------


def _body(name: str, right: Right, error: str, make: Callable[[bytes, random.Random], bytes]) -> None:
    def change(d: Draft, rng: random.Random) -> None:
        d.content = make(d.text, rng)

    fault("body", right, error, name=name)(change)


def _in(text: bytes, rng: random.Random, what: bytes) -> bytes:
    """The body with something in the middle of one of its texts."""
    places = [n for n in range(len(text)) if text[n : n + 3] == b'": ' and n > 1]
    at = rng.choice(places)
    begin = text.find(b'"', at + 3) + 1
    return text[:begin] + what + text[begin:] if begin else what


_GONE = ("again", "TransportError")
_body("cut", *_GONE, lambda text, rng: text[: rng.randrange(1, len(text))])
_body("BOM", "same", "", lambda text, rng: b"\xef\xbb\xbf" + text)
_body("UTF-16 with BOM", "same", "", lambda text, rng: text.decode().encode("utf-16"))
_body("UTF-16 without BOM", *_GONE, lambda text, rng: text.decode().encode("utf-16-le"))
_body("UTF-32 with BOM", "same", "", lambda text, rng: text.decode().encode("utf-32"))
_body("CP949 unlabelled", *_GONE, lambda text, rng: text.decode().encode("cp949"))
_body("bad UTF-8", *_GONE, lambda text, rng: _in(text, rng, b"\xff\xfe"))
_body("NUL", *_GONE, lambda text, rng: _in(text, rng, b"\x00"))
_body("half a pair", "told", "", lambda text, rng: _in(text, rng, rb"\ud800"))
_body("escaped NUL", "told", "", lambda text, rng: text.replace(
    b'"return_msg": "', rb'"return_msg": "\u0000', 1
))  # fmt: skip
_body("an array", *_GONE, lambda text, rng: b"[" + text + b"]")
_body("a text", *_GONE, lambda text, rng: b'"OK"')
_body("a number", *_GONE, lambda text, rng: b"0")
_body("null", *_GONE, lambda text, rng: b"null")
_body("two documents", *_GONE, lambda text, rng: text + text)
_body("a tail", *_GONE, lambda text, rng: text + rng.choice([b"}", b"x", b"<html>", b"\x00"]))
_body("blanks around", "same", "", lambda text, rng: b"\r\n\t  " + text + b" \n\n")
_body("deep", "told", "", lambda text, rng: b'{"x":' + b"[" * 100_000 + b"]" * 100_000 + b"," + text[1:])
_body("deep and open", *_GONE, lambda text, rng: b'{"x":' + b"[" * 100_000 + b"," + text[1:])
_body("a deep cell", "told", "", lambda text, rng: text.replace(
    b'"return_code"', b'"x": [{"y": ' + b"[" * 5_000 + b"]" * 5_000 + b'}], "return_code"'
))  # fmt: skip
_body("10 MB of blanks", "same", "", lambda text, rng: b" " * 10_000_000 + text)
_body("10 MB of text", "told", "", lambda text, rng: b'{"x":"' + b"y" * 10_000_000 + b'",' + text[1:])


@fault("body", "same", name="CP949 labelled")
def _cp949(d: Draft, rng: random.Random) -> None:
    d.kind = f"application/json;charset={rng.choice(['EUC-KR', 'cp949', 'ks_c_5601-1987'])}"
    d.content = d.text.decode().encode("cp949")


# --- transfer --------------------------------------------------------------------------------


def _chunks(text: bytes, rng: random.Random) -> list[bytes]:
    cuts = sorted(rng.randrange(len(text) + 1) for _ in range(rng.randrange(1, 6)))
    parts = [text[a:b] for a, b in zip([0, *cuts], [*cuts, len(text)], strict=True)]
    return [b"%x\r\n%b\r\n" % (len(part), part) for part in parts if part]


def _transfer(
    name: str, right: Right, make: Callable[[Draft, random.Random], Sequence[Step]], *, slow: bool = False
) -> None:
    def change(d: Draft, rng: random.Random) -> None:
        d.steps = list(make(d, rng))

    fault("transfer", right, "TransportError" if right == "again" else "", name=name, slow=slow)(change)


def _with(d: Draft, name: str, value: str) -> Draft:
    d.headers.append((name, value))
    return d


def _zipped(d: Draft, packed: bytes, how: str = "gzip") -> list[Step]:
    return [_with(d, "content-encoding", how).head(str(len(packed))) + packed]


def _chunked(d: Draft, *parts: bytes) -> list[Step]:
    return [_with(d, "transfer-encoding", "chunked").head() + b"".join(parts), "close"]


def _part(content: bytes, rng: random.Random) -> bytes:
    return content[: rng.randrange(len(content))]


_transfer("gzip", "same", lambda d, rng: _zipped(d, gzip.compress(d.text)))
_transfer("deflate", "same", lambda d, rng: _zipped(d, zlib.compress(d.text), "deflate"))
_transfer("gzip that is none", "again", lambda d, rng: _zipped(d, d.text))
_transfer("gzip cut", "again", lambda d, rng: _zipped(d, _part(gzip.compress(d.text), rng)))
_transfer("gzip with a bad sum", "again", lambda d, rng: _zipped(d, gzip.compress(d.text)[:-8] + b"\x00" * 8))
_transfer("gzip with a tail", "told", lambda d, rng: _zipped(d, gzip.compress(d.text) + b"tail"))
_transfer("chunks", "same", lambda d, rng: _chunked(d, *_chunks(d.text, rng), b"0\r\n\r\n"))
_transfer("chunks cut", "again", lambda d, rng: _chunked(d, *_chunks(d.text, rng)[:-1], b"ff\r\nshort"))
_transfer("chunks without an end", "told", lambda d, rng: _chunked(d, *_chunks(d.text, rng)))
_transfer("a chunk of no number", "again", lambda d, rng: _chunked(d, b"zz\r\n", d.text))
_transfer("a chunk of a huge number", "again", lambda d, rng: _chunked(d, b"f" * 40 + b"\r\n", d.text))
_transfer("a length too short", "again", lambda d, rng: [d.head(str(rng.randrange(1, len(d.text)))) + d.text])
_transfer("a length too long", "again", lambda d, rng: [d.head(str(len(d.text) + 9)) + d.text, "close"])
_transfer("a negative length", "told", lambda d, rng: [d.head("-5") + d.text, "close"])
_transfer("a length of no number", "told", lambda d, rng: [d.head("many") + d.text, "close"])
_transfer("two lengths", "told", lambda d, rng: [
    _with(d, "content-length", "7").head(str(len(d.text))) + d.text, "close"
])  # fmt: skip
_transfer("no length", "same", lambda d, rng: [d.head() + d.text, "close"])
_transfer("no length and cut", "again", lambda d, rng: [d.head() + _part(d.text, rng), "close"])
_transfer("idle, then closed", "same", lambda d, rng: [d.head(str(len(d.text))) + d.text, "close"])
_transfer("idle, then reset", "same", lambda d, rng: [
    _with(d, "connection", "keep-alive").head(str(len(d.text))) + d.text, "close"
])  # fmt: skip
_transfer("many headers", "again", lambda d, rng: [
    d.head()[:-2] + b"".join(b"x-%d: y\r\n" % n for n in range(300)) + b"\r\n" + d.text, "close"
])  # fmt: skip
_transfer("a long header", "again", lambda d, rng: [
    d.head()[:-2] + b"x: " + b"y" * 100_000 + b"\r\n\r\n" + d.text, "close"
])  # fmt: skip
for _line in ("", "garbage", "HTTP/1.1", "HTTP/1.1 abc OK", "HTTP/9.9 200 OK", "ICY 200 OK", "HTTP/1.1 99 No",
              "HTTP/1.1 2000 OK", "\x00\x01\x02"):  # fmt: skip
    _transfer(f"status line {_line!r}", "told", lambda d, rng, line=_line: [  # type: ignore[misc]
        line.encode() + b"\r\n" + d.head(str(len(d.text))).partition(b"\r\n")[2] + d.text, "close"
    ])  # fmt: skip
for _end in ("close", "reset", "hang"):
    for _where in ("before the head", "in the head", "after the head", "in the body"):

        def _ended(d: Draft, rng: random.Random, end: Any = _end, where: str = _where) -> list[Step]:
            head, text = d.head(str(len(d.text))), d.text
            sent = {
                "before the head": b"",
                "in the head": head[: rng.randrange(1, len(head) - 1)],
                "after the head": head,
                "in the body": head + text[: rng.randrange(1, len(text))],
            }
            return [sent[where], end]

        _transfer(f"{_end} {_where}", "again", _ended, slow=_end == "hang")
_transfer("a dripping head", "again", lambda d, rng: ["drip", d.head(str(len(d.text)))], slow=True)
_transfer("a dripping body", "again", lambda d, rng: [d.head(str(len(d.text))), "drip", d.text], slow=True)


@fault("transfer", "same", name="HTTP/1.0")
def _old(d: Draft, rng: random.Random) -> None:
    d.version = "HTTP/1.0"
    d.steps = [d.head() + d.text, "close"]


@fault("body", "same", name="UTF-8 labelled CP949")
def _mislabelled(d: Draft, rng: random.Random) -> None:
    d.kind = "application/json;charset=EUC-KR"


_FIRST = b"HTTP/1.1 %b\r\n\r\n"
_transfer("100 first", "same", lambda d, rng: [_FIRST % b"100 Continue" + d.head(str(len(d.text))) + d.text])
_transfer("103 first", "told", lambda d, rng: [_FIRST % b"103 Early" + d.head(str(len(d.text))) + d.text])
_transfer("an answer twice", "told", lambda d, rng: [(d.head(str(len(d.text))) + d.text) * 2])
_transfer("an answer of before", "told", lambda d, rng: [
    (d.head(str(len(d.text))) + d.text) + b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}"
])  # fmt: skip
