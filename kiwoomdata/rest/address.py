"""Which addresses keys may be sent to."""

from __future__ import annotations

import ipaddress
import re
from urllib.parse import urlsplit

from kiwoomdata.errors import ConfigError
from kiwoomdata.masking import hide

__all__ = ["check_address", "is_loopback"]


def is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


# A name, an IPv4 address, or an IPv6 address in brackets; then a port and a plain path.
_LABEL = "[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?"
_ADDRESS = re.compile(
    rf"[a-z]+://({_LABEL}(\.{_LABEL})*\.?|\[[0-9a-f:.]+\])(:[0-9]+)?(/[\w.~/-]*)?",
    re.ASCII | re.IGNORECASE,
)


def check_address(url: str, name: str, schemes: tuple[str, str]) -> str:
    """Check a server's address: encrypted, or plain to this machine alone."""
    plain, encrypted = schemes
    wanted = f"{name}: expected an address such as '{encrypted}://api.kiwoom.com'"
    url = hide(url)
    if not isinstance(url, str):
        raise ConfigError(f"{wanted}, got {type(url).__name__}")
    if any(sign in url for sign in "@?#"):
        raise ConfigError(f"{name}: an address with a user, a query or a fragment is not taken")
    url = str(url)
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname or "", parts.port
    except ValueError:  # a port of 70000, or brackets around what is no IPv6 address
        host = ""
    if not host or parts.scheme not in schemes or _ADDRESS.fullmatch(url) is None:
        raise ConfigError(f"{wanted}, got {url!r}")
    if parts.scheme == plain and not is_loopback(host):
        raise ConfigError(
            f"{name}: {url!r} would send keys unencrypted; use {encrypted}:// ({plain}:// only to 127.0.0.1)"
        )
    return url.rstrip("/")
