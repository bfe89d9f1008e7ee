"""Run the tests on another day: ``python -m tests.shifted 2027-02-06T23:59:50 [pytest's words]``.

The moment is Seoul's; ``+365d`` is the machine's own time a number of days ahead. The clock goes on from
there, in pytest and in every process that a test starts.
"""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import datetime, timedelta
from pathlib import Path

from kiwoomdata.calendar import KST, now_kst

FOLDER = Path(__file__).parent


def shift(moment: str, now: datetime) -> timedelta:
    """How far the moment is from ``now``."""
    if moment.startswith("+"):
        return timedelta(days=int(moment[1:].removesuffix("d")))
    return datetime.fromisoformat(moment).replace(tzinfo=KST) - now


def main(moment: str, *words: str) -> int:
    seconds = shift(moment, now_kst()).total_seconds()
    paths = [str(FOLDER / "clock"), os.environ.get("PYTHONPATH", "")]
    environ = {
        **os.environ,
        "SHIFTED_CLOCK": str(seconds),
        "PYTHONPATH": os.pathsep.join(filter(None, paths)),
    }
    # The clock is shifted before pytest looks at the plugin that comes with time-machine.
    command = [sys.executable, "-m", "pytest", "-W", "ignore::pytest.PytestAssertRewriteWarning", *words]
    return subprocess.run(command, env=environ, check=False).returncode


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
