"""What may be wrong with a setup, and what to do about it. Prints no secret."""

from __future__ import annotations

import email.utils
import os
import tempfile
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from kiwoomdata.calendar import is_trading_day, last_trading_day
from kiwoomdata.client import Client
from kiwoomdata.errors import KiwoomDataError, KiwoomDataWarning
from kiwoomdata.folders import cache_folder, state_folder
from kiwoomdata.kinds import KST

__all__ = ["Finding", "examine"]

_CLOCK_OFF = 30.0
"""Seconds. More, and a token's end and the day's finality are judged wrongly."""


@dataclass(frozen=True)
class Finding:
    name: str
    well: bool
    told: str
    remedy: str = ""


def examine(mode: str | None = None, **settings: Any) -> list[Finding]:
    """Look at everything that a call needs, one after the other; stop where nothing further can work."""
    findings: list[Finding] = []
    try:
        client = Client(mode, progress=False, **settings)  # type: ignore[arg-type]
    except (KiwoomDataError, ValueError) as error:
        first, _, rest = str(error).partition("\n")
        return [Finding("setup", False, first, rest.replace("\n", "\n       "))]
    with client:
        findings.append(Finding("setup", True, f"{client.mode} server at {client.base_url}, key found"))
        findings += list(_checks(client))
    return findings


def _checks(client: Client) -> Iterator[Finding]:
    stamps: list[str | None] = []
    reached = _try(
        "server",
        lambda: _reach(client, stamps),
        "Check the network, a proxy, or the vendor's notice of maintenance.",
    )
    yield reached
    if reached.well:
        yield _clock(stamps[0])
        token = _try(
            "token", lambda: f"good until {client.transport.tokens.get().expires_at.astimezone(KST):%F %T}"
        )
        yield token
        if token.well:
            day = last_trading_day(client.today())
            yield _try("request", lambda: _ask(client, f"{day:%Y%m%d}"))
    quota = client.quota
    yield Finding(
        "quota", True, f"{quota.count} per {quota.per:g} s for each TR" if quota else "none is kept to"
    )
    for name, folder in (("state folder", state_folder()), ("cache folder", cache_folder())):
        yield _folder(name, folder)
    if client.store is not None:
        held = client.store.info()
        yield Finding(
            "store", True, f"{held.height} series, {held['bytes'].sum():,} bytes at {client.store.path}"
        )
    today = client.today()
    yield Finding("calendar", True, f"{today} is {'a' if is_trading_day(today) else 'no'} trading day")


def _try(name: str, check: Callable[[], str], remedy: str = "") -> Finding:
    """What a check tells; warnings on its way stand below it."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", KiwoomDataWarning)
        try:
            well, told, remedy = True, check(), ""
        except (KiwoomDataError, OSError) as error:
            told, _, rest = str(error).partition("\n")
            well, remedy = False, rest or remedy
    lines = [" ".join(str(each.message).split()) for each in caught]
    return Finding(name, well, told, "\n       ".join(filter(None, [*lines, remedy])))


def _reach(client: Client, stamps: list[str | None]) -> str:
    """Ask for the headers alone, and note the server's time that they tell."""
    status, headers = client.transport.reach()
    stamps.append(headers.get("date"))
    return f"answers (HTTP {status})"


def _ask(client: Client, day: str) -> str:
    frame = client.request("ka10086", symbol="005930", until=day, max_pages=1, on_truncated="mark")
    if frame.is_empty():
        raise KiwoomDataError("ka10086 answered no rows of 005930")
    return f"ka10086 answered {frame.height} rows, the newest of {frame['date'].max()!s}"


def _clock(stamp: str | None) -> Finding:
    if not stamp:
        return Finding("clock", True, "the server does not tell the time; not compared")
    try:
        served = email.utils.parsedate_to_datetime(stamp)
    except (ValueError, TypeError, OverflowError, IndexError):  # a header may hold anything
        return Finding("clock", True, f"the server's time cannot be read ({stamp[:60]!r}); not compared")
    if served.tzinfo is None:  # "-0000" says that the time is UTC and of no known place
        served = served.replace(tzinfo=UTC)
    off = (datetime.now(UTC) - served).total_seconds()
    well = abs(off) < _CLOCK_OFF
    return Finding(
        "clock",
        well,
        f"{off:+.0f} s from the server's",
        "" if well else "Set the clock of this computer; tokens and final days are judged by it.",
    )


def _folder(name: str, folder: Path) -> Finding:
    try:
        if name.startswith("state") and folder.is_symlink():
            raise OSError(f"{folder} is a link; put a folder in its place")
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=folder):
            pass
    except OSError as error:
        variable = "KIWOOMDATA_STATE" if name.startswith("state") else "KIWOOMDATA_CACHE"
        return Finding(name, False, str(error), f"Name a folder that you may write to in {variable}.")
    if os.name == "posix" and name.startswith("state") and folder.stat().st_mode & 0o077:
        return Finding(name, True, f"{folder} (others may look into it; it is made private when it is used)")
    return Finding(name, True, str(folder))
