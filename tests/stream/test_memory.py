"""Memory after a burst."""

from __future__ import annotations

import resource
import sys
from pathlib import Path

import pytest

from kiwoomdata.stream.memory import give_back


def resident() -> int:
    """Bytes of this process that are in memory."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()


@pytest.mark.skipif(sys.platform != "linux", reason="it is glibc that keeps it")
def test_what_is_free_between_pieces_in_use_is_given_back() -> None:
    frames = [bytes(700) for _ in range(200_000)]
    in_use = frames[::1000]
    del frames
    before = resident()
    give_back()
    assert before - resident() > 50_000_000
    assert len(in_use) == 200
