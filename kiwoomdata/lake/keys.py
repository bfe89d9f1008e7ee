"""The keys that fill a lake side by side, each with a quota of its own."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TypeVar

from kiwoomdata.client import Client, current, default_client
from kiwoomdata.errors import AuthError, ConfigError, KiwoomDataWarning, TransportError
from kiwoomdata.telling import warn

__all__ = ["Keys", "clients_of"]

_IN_A_ROW = 20
"""Requests that the server may fail to answer a key, one after the other, before it is left out."""
T = TypeVar("T")


@contextmanager
def clients_of(names: Sequence[str] | None, client: Client | None) -> Iterator[Mapping[str, Client]]:
    """A client for each named key, like ``client`` or the one of ``kd.use``; that one alone without names."""
    if names is None:
        yield {"": client or default_client()}
        return
    if isinstance(names, str) or not isinstance(names, Sequence) or not names:
        raise ValueError(f"keys: expected a list of names of keys, got {names!r}")
    like = client or current() or Client(key=names[0])
    made = {name: like.with_key(name) for name in names}
    digests = [each.transport.key_digest for each in made.values()]
    for name, digest in zip(made, digests, strict=True):
        if digests.count(digest) > 1:
            raise ValueError(f"keys: {name!r} and another name are one key, which has one quota")
    try:
        yield made
    finally:
        for each in made.values():
            each.transport.close()


class Keys:
    """Clients by the name of their key, without those that failed. The last one's failure is raised."""

    def __init__(self, clients: Mapping[str, Client]) -> None:
        self._clients = dict(clients)
        self.failed: dict[str, str] = {}
        self._silent: Counter[str] = Counter()

    def __iter__(self) -> Iterator[tuple[str, Client]]:
        return iter(list(self._clients.items()))

    def __contains__(self, name: str) -> bool:
        return name in self._clients

    @property
    def any(self) -> Client:
        """One of them, for what needs no request."""
        return next(iter(self._clients.values()))

    def ask(self, work: Callable[[Client], T]) -> T:
        """What the first key that is not refused answers."""
        while True:
            name, client = next(iter(self))
            try:
                return work(client)
            except (AuthError, ConfigError) as error:
                self.drop(name, error)

    def judge(self, name: str, result: object) -> bool:
        """Leave a key out that was refused, or that nobody answers; whether its job is another's now."""
        refused = isinstance(result, AuthError | ConfigError)
        if name not in self:
            return refused
        self._silent[name] = self._silent[name] + 1 if isinstance(result, TransportError) else 0
        if refused or self._silent[name] == _IN_A_ROW:
            assert isinstance(result, Exception)
            self.drop(name, result)
        return refused

    def drop(self, name: str, error: Exception) -> None:
        if len(self._clients) == 1:
            raise error
        del self._clients[name]
        self.failed[name] = f"{type(error).__name__}: {error}"
        warn(f"key {name!r} is left out, and the others go on: {self.failed[name]}", KiwoomDataWarning)
