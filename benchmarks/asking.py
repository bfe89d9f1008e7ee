"""A client of a server of one's own: nothing slows it down, and nothing is kept but what is asked for."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import kiwoomdata as kd


def client_at(server: Any, cache: bool | Path | str = False) -> kd.Client:
    return kd.Client(
        base_url=server.base_url,
        app_key=server.app_key,
        app_secret=server.app_secret,
        quota=None,
        state=False,
        cache=cache,
        clock=server.now,
        progress=False,
    )
