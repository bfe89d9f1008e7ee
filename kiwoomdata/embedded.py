"""The process's own simulator, for those who have no keys."""

from __future__ import annotations

import os
import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from kiwoomdata.simulator import Server

__all__ = ["shared_simulator"]

_lock = threading.Lock()
_server: Server | None = None


def shared_simulator() -> Server:
    """Start it when it is first needed; all clients of ``mode="simulator"`` use the same one."""
    global _server
    with _lock:
        if _server is None or not _server.running:
            from kiwoomdata import simulator

            _server = simulator.start(seed=1, rate=None)
        return _server


def _after_fork() -> None:
    """The parent's server is not the child's, and somebody may have held the lock."""
    global _lock, _server
    _lock, _server = threading.Lock(), None


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
