"""How keys, secrets and tokens are kept from showing, and how long a text of the server may show. Pure."""

from __future__ import annotations

import re
from typing import TypeVar

__all__ = ["CONTROL", "SHORTEST", "brief", "hide", "keep_out", "plain", "redact"]

T = TypeVar("T")


class _Hidden(str):
    """A text that is not shown by a traceback with locals, whichever frame holds it."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "'***'"


class _HiddenBytes(bytes):
    __slots__ = ()
    __repr__ = _Hidden.__repr__


def hide(value: T) -> T:
    """The same value; a text, or bytes that were given for one, are not shown any more."""
    if isinstance(value, bytes):
        return _HiddenBytes(value)  # type: ignore[return-value]
    return _Hidden(value) if isinstance(value, str) else value  # type: ignore[return-value]


# A header's value, up to a blank or the quote that ends it.
_BEARER = re.compile(r"(?i)\b(bearer)\s+[^\s\"',;}\]]+")

# "token": "..." as JSON or as Python prints it, quotes escaped or not (JSON within a text), whole or cut
# off in the middle, as an excerpt of half a body is.
_FIELD = re.compile(
    r"""(?isx)
    ( (?:\\*["']) (?:token|appkey|secretkey) (?:\\*["']) \s* : \s* )
    (?: "(?:\\.|[^"\\])*(?:"|\\?$) | '(?:\\.|[^'\\])*(?:'|\\?$) | \\+["'][^"'\\]*(?:\\+["'])? | [\d.+-]+ )
    """
)


_TELLING = 4  # characters of a secret that are more than chance
SHORTEST = 8  # of a secret that is looked for in every message: a shorter one would be found in words
_kept_out: set[str] = set()


def keep_out(*secrets: str) -> None:
    """Take these out of whatever error or warning this process makes from now on."""
    _kept_out.update(secret for secret in secrets if len(secret) >= SHORTEST)


def redact(text: str, *secrets: str) -> str:
    """``text`` with ``***`` for each secret, each bearer token and each key field of a JSON body.

    Secrets are those of :func:`keep_out`, and ``secrets``. Of one that an excerpt cut off (``…``) its
    beginning goes too.
    """
    for secret in sorted({*_kept_out, *secrets} - {""}, key=len, reverse=True):
        text = text.replace(secret, "***")
        if "…" not in text:
            continue
        for end in range(len(secret) - 1, _TELLING - 1, -1):
            text = text.replace(secret[:end] + "…", "***…")
    return _FIELD.sub(r'\1"***"', _BEARER.sub(r"\1 ***", text))


CONTROL = "[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]"
"""What a terminal obeys instead of showing it, and what reorders a line."""


def plain(text: object) -> str:
    """A text as it may be shown on a terminal, whoever wrote it."""
    return re.sub(CONTROL, "\ufffd", str(text))


def brief(text: str, longest: int = 300) -> str:
    """A text of the server as a message may hold it: not too long, and without secrets."""
    # A little more is looked at, so that the secret at the cut is seen whole or known by its beginning.
    more = longest + max(map(len, _kept_out), default=0)
    text = redact(text[:more] + "…" if len(text) > more else text)
    return text if len(text) <= longest else text[:longest] + "…"
