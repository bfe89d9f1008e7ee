"""What a stream has seen so far."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

__all__ = ["Stats"]


@dataclass(frozen=True, slots=True)
class Stats:
    """What a stream has seen so far."""

    connected: bool
    """Logged in on every connection, and nothing that was asked for stands refused."""
    unregistered: int
    """How many pairs of item and feed are asked for and not registered: not yet, or refused so far."""
    received: int
    """Messages that arrived."""
    decoded: int
    """Rows that were made of them."""
    waiting: int
    """Messages that are not decoded yet."""
    dropped: int
    """Messages and rows let go because the buffer was full."""
    unknown: int
    """Messages of types that nobody asked for, and frames of no known kind."""
    broken: int
    """Frames and messages that could not be read."""
    bad_cells: int
    """Values that fit no rule of their column, and are null."""
    reconnects: int
    gaps: int
    rate: float
    """Messages a second, over the last ten seconds."""
    lag: float
    """Seconds that the oldest message which is not decoded has waited."""
    age: Mapping[str, float | None]
    """Of each feed, seconds since its last message came; None before the first. The server was seen to
    go on with PING for hours while it sent no values: then this grows, and no gap is told."""
