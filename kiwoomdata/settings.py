"""The client that functions use when they are given none."""

from __future__ import annotations

from typing import Any

from kiwoomdata.client import Client, Mode

__all__ = ["current", "default_client", "use"]

_default: Client | None = None
_settings: dict[str, Any] = {}


def use(mode: Mode | Client | None = None, /, **settings: Any) -> None:
    """Choose the server, or other settings, for every call that is given no ``client=``.

    Parameters
    ----------
    mode
        ``"simulator"``, ``"mock"``, ``"real"``, or a :class:`Client`. Left out: the settings are
        changed and the choice of server stays.
    **settings
        Any of :class:`Client`'s parameters.

    Examples
    --------
    >>> import kiwoomdata as kd
    >>> kd.use("simulator")
    >>> kd.use(as_="polars", progress=False)
    """
    global _default, _settings
    if isinstance(mode, Client):
        if settings:
            raise ValueError("use: a Client brings its own settings; give it them when you make it")
        _default, _settings = mode, {}
        return
    merged = {**_settings, **settings} if mode is None else {**settings, "mode": mode}
    client = Client(**merged)
    _default, _settings = client, merged


def current() -> Client | None:
    """The client of :func:`use`, if one was chosen or made already."""
    return _default


def default_client() -> Client:
    """The client of :func:`use`, or one made of the environment."""
    global _default
    if _default is None:
        _default = Client(**_settings)
    return _default
