"""Kiwoom's REST protocol without I/O: build a request, read an envelope, walk the pages.

Whoever drives :func:`pages` sends the requests it yields and hands back what
:func:`read` makes of the answers. Continuation travels in HTTP *headers*, both ways
(observed 2026-07-09: a client that looked in the body never got past page one).
"""

from __future__ import annotations

import codecs
import html
import re
from collections.abc import Generator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal

import msgspec

from kiwoomdata.entries.entry import Endpoint
from kiwoomdata.entries.guide import PATHS
from kiwoomdata.errors import ApiError, AuthError, RateLimited, TransportError, Unsupported
from kiwoomdata.kinds import DATE
from kiwoomdata.masking import brief
from kiwoomdata.rest.page import Page, contradictions

__all__ = [
    "Fetched",
    "Page",
    "Refusal",
    "Request",
    "Stop",
    "classify",
    "error",
    "is_full",
    "pages",
    "read",
    "refusal",
]

_ASKED = PATHS | {"/oauth2/token", "/oauth2/revoke"}
_ENVELOPE = msgspec.json.Decoder(dict[str, msgspec.Raw])
_SECRET = ("appkey", "secretkey", "token")


@dataclass(frozen=True)
class Request:
    """One request, without address and token."""

    api_id: str
    path: str
    body: Mapping[str, str]
    cont_yn: str = ""
    next_key: str = ""

    def __post_init__(self) -> None:
        if self.path not in _ASKED:
            raise ValueError(f"path: {self.path!r} is not for market data, and is never asked")

    def __repr__(self) -> str:
        body = {key: "***" if key in _SECRET else value for key, value in self.body.items()}
        more = f", next_key={self.next_key!r}" if self.cont_yn else ""
        return f"Request({self.api_id!r}, {self.path!r}, {body!r}{more})"

    @property
    def headers(self) -> dict[str, str]:
        more = {"cont-yn": self.cont_yn, "next-key": self.next_key} if self.cont_yn else {}
        return {"api-id": self.api_id, **more}


# --- reading an answer ---------------------------------------------------------------------

_BRACKET = re.compile(r"\[(?:CODE=)?([A-Z]*\d+)\s*[:,\]]")
_TAGS = re.compile(r"<(script|style)\b.*?</\1>|<[^>]+>", re.DOTALL | re.IGNORECASE)

Refusal = Literal["none", "no data", "renew", "auth", "rate", "unsupported", "refused"]

_RENEW = {"8005", "8031", "8103"}
_RATE = {"1700", "1701", "1702"}
_UNSUPPORTED = {"1504", "1505", "8104"}
ABOUT_TOKENS = ("au10001", "au10002")
_TOKEN = ("인증", "token", "토큰")
_NO_DATA = ("데이터가 없", "자료가 없", "내역이 없", "결과가 없", "데이터가 존재하지")
_NOT_OFFERED = ("지원하지", "지원되지", "미지원", "제공하지", "제공되지")

_REMEDIES = {
    "8001": "The server does not know this app key and secret: check both, and that they are of this server.",
    "8002": "The server does not know this app key and secret: check both, and that they are of this server.",
    "8005": "The token was refused twice. Another program may be issuing tokens with this key: use one key "
    "per program, or let them share the token folder.",
    "8010": "The token was issued to another IP address: revoke it with Client.revoke() and try again.",
    "8020": "The app key or the secret is empty.",
    "8030": "The key belongs to the other server: mode='mock' takes a mock key, mode='real' a real one.",
    "8031": "The token belongs to the other server: mode='mock' takes a mock key, mode='real' a real one.",
    "8040": "This IP address is not registered: register it for the key on the vendor's API site.",
    "8050": "This IP address is not registered: register it for the key on the vendor's API site.",
    "8103": "The token or this IP address was refused: check the IP addresses registered for the key.",
    "1504": "This TR is not offered at this address any more, or not yet.",
    "1505": "The server does not know this TR.",
    "1902": "The server does not know this stock code.",
}


def read(api_id: str, status: int, headers: Mapping[str, str], content: bytes) -> Page:
    """Make a page of an answer, or raise TransportError if it is no envelope.

    A body in another charset, told by its header or its BOM, becomes UTF-8.

    Whether the server refused is for :func:`refusal` to say.
    """
    body: Mapping[str, msgspec.Raw] = {}
    headers = {name.lower(): value for name, value in headers.items()}
    content = _in_utf8(content, headers.get("content-type", ""))
    try:
        content.decode()  # msgspec leaves values alone that it does not read yet
        body = _ENVELOPE.decode(content)
        wrong = "" if _verdict(body)[0] else "no return_code"
        if not _each_once(content, body):
            wrong = wrong or ", ".join(contradictions(content))
    except msgspec.ValidationError as error:
        wrong = str(error)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise TransportError(_not_json(api_id, status, content), status=status) from None
    if wrong:
        raise TransportError(
            f"{api_id}: HTTP {status} with JSON that is no envelope: {_shown(api_id, content)}", status=status
        )
    return Page(api_id, headers, content, body)


_KEY = re.compile(rb'[\s{,]*"(?:[^"\\]|\\.)*"\s*:\s*')


def _each_once(content: bytes, body: Mapping[str, msgspec.Raw]) -> bool:
    """Whether the values, each behind a key, are all that a body holds: no key came again."""
    end = 0
    for raw in body.values():
        key = _KEY.match(content, end)
        end = key.end() + len(memoryview(raw)) if key else end
    return content[end:].strip() == b"}"


_BOMS = {
    codecs.BOM_UTF8: "utf-8",
    codecs.BOM_UTF32_LE: "utf-32-le",  # before UTF-16's, with which it begins
    codecs.BOM_UTF32_BE: "utf-32-be",
    codecs.BOM_UTF16_LE: "utf-16-le",
    codecs.BOM_UTF16_BE: "utf-16-be",
}
_HANGUL = re.compile("[가-힣]")
_KOREAN = re.compile(
    r"""(?i);\s*charset\s*=\s*["']?(euc[-_]?kr|ks_c_5601-1987|ksc5601|cp949|ms949|uhc)\b""",
)


def _in_utf8(content: bytes, content_type: str) -> bytes:
    """The body in UTF-8, where its BOM or its header tells what it is in; else as it came.

    A label of Latin-1 says nothing: it is what servers send that were not told. Nor does a Korean one of
    what reads as Hangul in UTF-8: some of that reads as other characters in CP949 too.
    """
    bom = next((bom for bom in _BOMS if content.startswith(bom)), b"")
    # Who says EUC-KR sends its superset, as Windows does.
    charset = _BOMS.get(bom) or ("cp949" if _KOREAN.search(content_type) else "utf-8")
    with suppress(UnicodeError):
        if charset == "utf-8" or (charset == "cp949" and _HANGUL.search(content.decode())):
            return content[len(bom) :]
    with suppress(UnicodeError):
        return content[len(bom) :].decode(charset).encode()
    return content


def refusal(page: Page, status: int = 200) -> tuple[Refusal, str, str]:
    """What kind of refusal the page is, the code that says so, and the server's words."""
    return_code, message = _verdict(page.envelope)
    found = _BRACKET.search(message)
    bracket = found[1] if found else ""
    return classify(return_code, bracket, message, status), bracket or return_code, message


def _verdict(body: Mapping[str, msgspec.Raw]) -> tuple[str, str]:
    # The vendor's ka10030 example spells them returnCode and returnMsg.
    code = body.get("return_code", body.get("returnCode"))
    message = body.get("return_msg", body.get("returnMsg"))
    return (
        "" if code is None else str(msgspec.json.decode(code, type=int | str)).strip(),
        "" if message is None else brief((msgspec.json.decode(message, type=str | None) or "").strip()),
    )


def classify(return_code: str, bracket: str, message: str, status: int) -> Refusal:
    """Decide on the code in the brackets; ``return_code`` is only the coarse class."""
    if status == 429 or bracket in _RATE:
        return "rate"
    if return_code == "0" and status < 400:
        return "none"
    if bracket in _RENEW or status == 401:
        return "renew"
    if bracket in _UNSUPPORTED:
        return "unsupported"
    if return_code == "20":
        # Two libraries disagree what 20 is: "nothing found" and "not on this server". The message decides.
        if any(words in message for words in _NO_DATA):
            return "no data"
        return "unsupported" if any(words in message for words in _NOT_OFFERED) else "refused"
    if bracket.startswith("8") and len(bracket) == 4:
        return "auth"
    if bracket:
        return "refused"
    if return_code == "3":
        # The coarse class of a refused token, and of much else ("no such stock code").
        about_token = not message or any(words in message.lower() for words in _TOKEN)
        return "renew" if about_token else "refused"
    return "rate" if return_code == "5" else "refused"


def error(kind: Refusal, api_id: str, code: str, message: str) -> ApiError:
    """The exception for a refusal that is final."""
    tree: dict[str, type[ApiError]] = {
        "renew": AuthError,
        "auth": AuthError,
        "rate": RateLimited,
        "unsupported": Unsupported,
    }
    return tree.get(kind, ApiError)(message, code=code, api_id=api_id, remedy=_REMEDIES.get(code, ""))


def _not_json(api_id: str, status: int, content: bytes) -> str:
    if not content.strip():
        return f"{api_id}: HTTP {status} with an empty body"
    if content.lstrip()[:1] == b"<":
        return (
            f"{api_id}: HTTP {status} with a web page instead of JSON (maintenance, or a firewall). "
            f"It says: {_excerpt(content)!r}"
        )
    return f"{api_id}: HTTP {status} with a body that is not JSON or ends too soon: {_shown(api_id, content)}"


def _shown(api_id: str, content: bytes) -> str:
    """What a body says; of one about tokens nothing, as nobody knows yet what is secret in it."""
    return f"{len(content):,} bytes, not shown" if api_id in ABOUT_TOKENS else repr(_excerpt(content))


def _excerpt(content: bytes) -> str:
    read = content[:20_000].decode("utf-8", "replace") + "…" * (len(content) > 20_000)
    return brief(" ".join(html.unescape(_TAGS.sub(" ", read)).split()))


# --- walking the pages ---------------------------------------------------------------------


@dataclass(frozen=True)
class Stop:
    """Why the paging ended."""

    why: str
    truncated: bool = False
    """Before the data did: the server contradicted itself, or a ceiling was reached."""
    doubtful: bool = False
    """Before the day that was asked for, as a history that begins there ends and a server in trouble does.

    A store that knows that the history begins there clears it.
    """
    begun: bool = False
    """Whether a row is known of the day asked for or before; a store's to fill in, whose rows begin later."""
    ends: date | None = None
    """The last day that can have a row, where that is known (of a delisted stock); a store's to fill in."""


@dataclass(frozen=True)
class Fetched:
    """The pages of one job, and how they came."""

    pages: Sequence[Page]
    stop: Stop
    requests: int


def pages(
    endpoint: Endpoint, body: Mapping[str, str], *, since: date | None = None, max_pages: int = 2_000
) -> Generator[Request, Page, Stop]:
    """Yield requests, receive pages, return why it ended.

    Ends when the server says so, when a page reaches ``since`` (for rows that are moments: reaches below
    it), or at a guard: headers that do not tell whether there is more, a repeated key, an empty page that
    says there is more, a page without progress, ``max_pages``. An end before ``since`` is in doubt where the
    last page is empty or full.
    """
    request, part = Request(endpoint.api_id, endpoint.path, dict(body)), endpoint.rows
    keys: set[str] = set()
    before: Page | None = None
    oldest: date | None = None  # or a moment, which is a date as well
    for number in range(1, max_pages + 1):
        page = yield request
        if part is None or part.key is None:
            return Stop("the answer is one page")
        rows = page.height(part)
        oldest_here, downwards = _oldest(endpoint, page)
        reached = oldest_here if downwards else None
        if since is not None and reached is not None and _is_enough(reached, since):
            return Stop(f"reached {since}")
        nothing = not rows and refusal(page)[0] == "no data"
        if page.unsaid and not nothing:
            return Stop(page.unsaid, truncated=True)
        if nothing or not page.more:
            if not rows:
                what = "nothing was found" if nothing else "this was the last page, which is empty"
                return Stop(f"the server said that {what}", doubtful=number > 1 or endpoint.every_day)
            wanted = since or _first_named(endpoint, body)
            early = wanted is not None and not (oldest_here and _is_enough(oldest_here, wanted))
            doubtful = early and is_full(endpoint, rows, before.height(part) if before else None)
            full = ", which is full" if doubtful else ""
            return Stop(f"the server said that this was the last page{full}", doubtful=doubtful)
        if not rows:
            return _empty_page(endpoint, body, page)
        if not page.next_key:
            return Stop("the server said that there is more but sent no key to ask with", truncated=True)
        if page.next_key in keys:
            return Stop(f"the server repeated the key {brief(page.next_key)!r}", truncated=True)
        again = before is not None and before.envelope.get(part.key) == page.envelope[part.key]
        if again or (reached is not None and oldest is not None and _stands(reached, oldest)):
            return Stop(f"page {number} brought nothing older than the page before", truncated=True)
        keys.add(page.next_key)
        before, oldest = page, reached or oldest
        request = Request(endpoint.api_id, endpoint.path, dict(body), "Y", page.next_key)
    return Stop(f"the ceiling of {max_pages} pages", truncated=True)


def _first_named(endpoint: Endpoint, body: Mapping[str, str]) -> date | None:
    """The oldest day that the request itself names."""
    try:
        day: date | None = DATE.parse(body.get(endpoint.walk.since or "", "")) if endpoint.walk else None
    except ValueError:
        return None
    return day


def _empty_page(endpoint: Endpoint, body: Mapping[str, str], page: Page) -> Stop:
    # Measured 2026-05-11: past its first day on NXT a stock answers no rows, "more", and a key that
    # ends in -1 and starts again at page one. That is how this TR says "the end" for NXT.
    on_nxt = endpoint.nxt_ends_empty and body.get("stk_cd", "").endswith("_NX")
    if on_nxt and page.next_key.endswith("-1"):
        return Stop("an empty page, which is how this TR ends for NXT")
    return Stop("an empty page said that there is more", truncated=True)


def _is_enough(reached: date, since: date) -> bool:
    # A page of moments may end in the middle of a day: the rest of it stands on the next.
    return reached.date() < since if isinstance(reached, datetime) else reached <= since


def _stands(reached: date, before: date) -> bool:
    """No way back in time. A second may hold more trades than a page."""
    return reached > before if isinstance(reached, datetime) else reached >= before


_LIKELY_SIZES = (20, 100)
"""Rows of a full page where nobody has counted them: those that TRs of this kind were seen to have."""


def is_full(endpoint: Endpoint, rows: int, before: int | None) -> bool:
    """Whether a page holds as many rows as a page can, so that "the last page" may be one too early.

    ``before`` are the rows of the page before it; None where it is the first.
    """
    if endpoint.page_rows is not None or before is not None:
        return rows >= (endpoint.page_rows or before or 0)
    return endpoint.walk is not None and rows in _LIKELY_SIZES


def _oldest(endpoint: Endpoint, page: Page) -> tuple[date | None, bool]:
    """The oldest day of a page (or moment, where the TR walks by moments), and whether it runs downwards."""
    part, dated = endpoint.rows, endpoint.dated_by
    if dated is None or part is None:
        return None, True
    try:
        texts = page.texts(part, dated.key)
        oldest = min(texts, default="")
        if oldest.startswith("00000000"):
            texts = [text for text in texts if not text.startswith("00000000")]
            oldest = min(texts, default="")
        return (dated.kind.parse(oldest), texts[0] >= texts[-1]) if texts else (None, True)
    except ValueError:
        return None, True  # for decoding to complain about
