"""Everything that can go wrong, as one tree.

::

    KiwoomDataError
      ConfigError        no key, bad address, no choice made
      TransportError     network, timeout, 5xx, HTML or half a body
      ApiError           the server answered return_code != 0: .code .message .api_id
        AuthError        refused after one renewal; says what to do
        RateLimited      still refused after backing off
        Unsupported      this server does not have this TR
      DecodeError        a text fits no rule of its kind: .api_id .column .value
      Truncated          a guard or ceiling stopped the paging: .frame .pages .why
      CacheError         unusable folder
        NotCached        offline, and the store does not hold it
      StreamError
        LoginRefused     the live server refused the token
        Kicked           the same key logged in elsewhere (R10001)
        ConnectionLost   the stream ended and may not be resumed
        BufferFull       the consumer was too slow and asked to be told
        NoAnswer         the server kept silent

    KiwoomDataWarning (a UserWarning)
      UnknownKey         the server sent a key that the catalogue lacks
      MissingKey         the server left out a key that the catalogue has
      UnprovenValue      a text whose meaning nobody has proven became null
      EmptyAnswer        the server had no rows where there should be some
      IncompleteFrame    part of what was asked for is missing, and why

A wrong argument is a plain ``ValueError`` or ``TypeError``, raised before any request.
"No data" is not an error but an empty typed frame.
"""

from __future__ import annotations

from typing import Any

from kiwoomdata.masking import brief, plain, redact

__all__ = [
    "ApiError",
    "AuthError",
    "BufferFull",
    "CacheError",
    "ConfigError",
    "ConnectionLost",
    "DecodeError",
    "EmptyAnswer",
    "IncompleteFrame",
    "Kicked",
    "KiwoomDataError",
    "KiwoomDataWarning",
    "LoginRefused",
    "MissingKey",
    "NoAnswer",
    "NotCached",
    "RateLimited",
    "StreamError",
    "TransportError",
    "Truncated",
    "UnknownKey",
    "UnprovenValue",
    "Unsupported",
]


class KiwoomDataError(Exception):
    """The root of every error that this package raises on its own account.

    ``frame`` holds the rows that were fetched before the error, where there were any. An error goes to
    another process (``pickle``, a process pool) with all its attributes but this one. No message shows a
    key, a secret or a token, whoever wrote it into its texts.
    """

    frame: Any = None

    def __init__(self, message: object = "") -> None:
        super().__init__(plain(redact(str(message))))

    def __reduce__(self) -> tuple[Any, ...]:
        # Exceptions are pickled as a call with their args, which here is the message alone.
        state = {name: value for name, value in vars(self).items() if name != "frame"}
        return _again, (type(self), self.args, state)


def _again(kind: type[KiwoomDataError], args: tuple[Any, ...], state: dict[str, Any]) -> KiwoomDataError:
    error = kind.__new__(kind, *args)
    error.__dict__.update(state)
    return error


class ConfigError(KiwoomDataError):
    """No key, no choice of server, or an address that may not be used."""


class TransportError(KiwoomDataError):
    """The network, a timeout, a 5xx, or a body that is not the JSON that was promised."""

    def __init__(self, message: str, *, status: int | None = None) -> None:
        super().__init__(message)
        self.status = status


class ApiError(KiwoomDataError):
    """The server answered, and the answer was a refusal.

    ``code`` is the code in the brackets of the server's message (``8005``, ``1700``,
    ``RC4010``) or, where there are none, the coarse ``return_code``.
    """

    def __init__(self, message: str, *, code: str, api_id: str, remedy: str = "") -> None:
        text = f"{api_id}: the server refused with {code}: {message}"
        super().__init__(f"{text}\n{remedy}" if remedy else text)
        self.code = redact(code)
        self.message = redact(message)
        self.api_id = api_id
        self.remedy = remedy


class AuthError(ApiError):
    """The key or token was refused, and a new token did not help."""


class RateLimited(ApiError):
    """Too many requests, still refused after backing off as often as allowed."""


class Unsupported(ApiError):
    """This server does not offer this TR (1504, 1505, or the mock's own refusal)."""


class DecodeError(KiwoomDataError):
    """A text that fits no rule of its column's kind. Nothing was guessed."""

    def __init__(self, api_id: str, column: str, value: str, expected: str) -> None:
        super().__init__(
            f"{api_id}.{column}: {brief(value)!r} is not {expected}. "
            "Pass on_bad='null' to take such cells as null with a warning, and please report the value."
        )
        self.api_id = api_id
        self.column = column
        self.value = redact(value)


class Truncated(KiwoomDataError):
    """Paging stopped before the data ended. ``frame`` holds what was fetched."""

    def __init__(
        self,
        api_id: str,
        why: str,
        *,
        pages: int,
        frame: Any = None,
        remedy: str = "pass on_truncated='mark' to get it as a frame whose provenance says so.",
    ) -> None:
        told = f"{api_id}: stopped after {pages} page(s): {why}. What was fetched is in this error's .frame"
        super().__init__(f"{told}; {remedy}" if remedy else f"{told}.")
        self.why = redact(why)
        self.pages = pages
        self.frame = frame


class CacheError(KiwoomDataError):
    """The folder of the store, or of a lake, cannot be used."""


class NotCached(CacheError):
    """Offline, and the store does not hold what was asked for."""


class StreamError(KiwoomDataError):
    """The root of what can go wrong with a live stream."""


class LoginRefused(StreamError):
    """The live server refused the token."""


class Kicked(StreamError):
    """Another session logged in with the same key, and this one was ended (R10001)."""


class ConnectionLost(StreamError):
    """The connection ended and may not be, or could not be, resumed."""


class BufferFull(StreamError):
    """The consumer was too slow, and ``on_full='raise'`` asked to be told."""


class NoAnswer(StreamError):
    """The server kept silent for longer than the timeout."""


class KiwoomDataWarning(UserWarning):
    """The root of this package's warnings; like errors, none shows a key, a secret or a token."""

    def __init__(self, message: object = "") -> None:
        super().__init__(plain(redact(str(message))))


class UnknownKey(KiwoomDataWarning):
    """The server sent a key that the catalogue lacks; it is kept as text under its own name."""


class MissingKey(KiwoomDataWarning):
    """The server left out a key that the catalogue has; its cells are null."""


class UnprovenValue(KiwoomDataWarning):
    """A text whose meaning is not proven became null."""


class EmptyAnswer(KiwoomDataWarning):
    """The server had no rows where rows were to be expected."""


class IncompleteFrame(KiwoomDataWarning):
    """A frame lacks part of what was asked for."""
