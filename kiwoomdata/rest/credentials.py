"""Where keys come from, and how they are kept from showing."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Literal, NoReturn, Protocol

from kiwoomdata.errors import ConfigError
from kiwoomdata.masking import hide, keep_out

__all__ = ["Credentials", "PasswordStore", "find_credentials", "key_name"]

SERVICE = "kiwoomdata"  # the service name in the system's keyring
_NAME = re.compile(r"[A-Za-z]\w{0,23}", re.ASCII)  # an app key is longer


class PasswordStore(Protocol):
    """What is asked of the ``keyring`` package, or of anything put in its place."""

    def get_password(self, service_name: str, username: str, /) -> str | None: ...


@dataclass(frozen=True, slots=True, repr=False)
class Credentials:
    """An app key and its secret. Neither is ever shown; ``digest`` is the name that may be."""

    app_key: str
    app_secret: str

    def __post_init__(self) -> None:
        object.__setattr__(self, "app_key", _clean("app_key", self.app_key))
        object.__setattr__(self, "app_secret", _clean("app_secret", self.app_secret))
        keep_out(self.app_key, self.app_secret)

    @property
    def digest(self) -> str:
        """A short digest of the app key: safe to print, to log and to use in a file name."""
        return hashlib.sha256(self.app_key.encode()).hexdigest()[:16]

    def __repr__(self) -> str:
        return f"Credentials(digest={self.digest!r})"

    def __reduce__(self) -> NoReturn:
        raise TypeError("Credentials are not pickled; pass the keys to the other process by its environment")


def find_credentials(
    app_key: str | None = None,
    app_secret: str | None = None,
    *,
    mode: str,
    name: str | None = None,
    environ: Mapping[str, str] = os.environ,
    keyring: PasswordStore | Literal["auto"] | None = "auto",
) -> Credentials | None:
    """The keys from the first source that has any, or None when none has.

    1. The arguments.
    2. The environment: ``KIWOOM_APP_KEY`` and ``KIWOOM_APP_SECRET``.
    3. The system's keyring, when the ``keyring`` package is installed: service ``kiwoomdata``, user
       names ``<mode>:app_key`` and ``<mode>:app_secret``. ``keyring=None`` leaves it out.

    The keys of a ``name`` are ``KIWOOM_APP_KEY_<NAME>`` and ``KIWOOM_APP_SECRET_<NAME>`` (in capitals), or
    ``<mode>:<name>:app_key`` and ``<mode>:<name>:app_secret``; without any there is a :class:`ConfigError`.

    Sources are not mixed: half a pair is a :class:`ConfigError` that names the missing half.
    """
    app_key, app_secret = hide(app_key), hide(app_secret)
    name = hide(name)
    if name is not None:
        name = key_name(name)
        if app_key is not None or app_secret is not None:
            raise ConfigError("key: names a key that is found elsewhere; give it or app_key, not both")
    if app_key is not None or app_secret is not None:
        return _pair(("app_key", app_key), ("app_secret", app_secret), "pass both arguments, or neither")

    ending = f"_{name.upper()}" if name else ""
    names = (f"KIWOOM_APP_KEY{ending}", f"KIWOOM_APP_SECRET{ending}")
    found = [hide(environ.get(name, "").strip()) or None for name in names]
    del environ  # it would show itself whole
    if any(found):
        return _pair((names[0], found[0]), (names[1], found[1]), "set both variables, or neither")

    variables = " and ".join(names)
    whose = f"{mode}:{name}" if name else mode
    names = (f"{whose}:app_key", f"{whose}:app_secret")
    found = [value and (hide(value.strip()) or None) for value in _from_keyring(keyring, names)]
    if any(found):
        return _pair((names[0], found[0]), (names[1], found[1]), f"store both in keyring service {SERVICE!r}")
    if name is not None:
        raise ConfigError(
            f"key: no key named {name!r} was found. Set {variables}, or store {names[0]} and {names[1]} in "
            f"keyring service {SERVICE!r}"
        )
    return None


def key_name(name: object) -> str:
    """The name of one of several keys. What is no name may be a key, and is not shown."""
    if not isinstance(name, str) or _NAME.fullmatch(name) is None:
        del name
        raise ConfigError(
            "key: expected a key's name, at most 24 letters, digits and _ that begin with a letter; what was "
            "given (not shown) is none. A key itself goes into the environment or the keyring"
        )
    return str(name)


def _pair(key: tuple[str, str | None], secret: tuple[str, str | None], remedy: str) -> Credentials:
    for (name, value), (other, _) in ((key, secret), (secret, key)):
        if value is None:
            raise ConfigError(f"{name} is missing beside {other}: {remedy}.")
    return Credentials(_clean(*key), _clean(*secret))


def _clean(name: str, value: object) -> str:
    text = hide(value.strip() if isinstance(value, str) else "")
    del value
    if re.fullmatch(r"[!-~]+", text) is None:
        raise ConfigError(
            f"{name}: expected printable ASCII characters without white space; what was given (not shown) "
            "is empty or holds something else. Copy it again from the API portal."
        )
    return str(text)


def _from_keyring(
    keyring: PasswordStore | Literal["auto"] | None, names: tuple[str, str]
) -> list[str | None]:
    # Every failure counts as absent. A Linux without a desktop has the package and no keyring behind it
    # (NoKeyringError); a locked or broken one raises whatever its backend likes.
    try:
        store = import_module("keyring") if isinstance(keyring, str) else keyring
        return [] if store is None else [store.get_password(SERVICE, name) for name in names]
    except Exception:
        return []
