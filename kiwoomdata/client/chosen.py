"""The client of whoever gives none."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kiwoomdata import forks
from kiwoomdata.masking import hide

if TYPE_CHECKING:
    pass
from kiwoomdata.client.client import Client
from kiwoomdata.client.connection import Mode

__all__ = ["current", "default_client", "use"]


_SECRET = ("app_", "quota_store", "key", "base_url", "ws_url", "mode")
"""How the parameters begin that hold a secret, or that one is put into by mistake."""
# --- the client of whoever gives none ---
_chosen_client: Client | None = None
_chosen_settings: dict[str, Any] = {}


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
    >>> kd.use(progress=False)
    """
    global _chosen_client, _chosen_settings
    mode = hide(mode)
    settings = {name: hide(value) if name.startswith(_SECRET) else value for name, value in settings.items()}
    if isinstance(mode, Client):
        if settings:
            raise ValueError("use: a Client brings its own settings; give it them when you make it")
        _chosen_client, _chosen_settings = mode, {}
        return
    merged = {**_chosen_settings, **settings} if mode is None else {**settings, "mode": mode}
    client = Client(**merged)
    _chosen_client, _chosen_settings = client, merged


def current() -> Client | None:
    """The client of :func:`use`, if one was chosen or made already."""
    return _chosen_client


def default_client() -> Client:
    """The client of :func:`use`, or one made of the environment."""
    global _chosen_client
    forks.check()
    if _chosen_client is None:
        _chosen_client = Client(**_chosen_settings)
    return _chosen_client
