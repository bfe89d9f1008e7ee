"""Shift the clock of this process and of all that it starts, for tests on another day.

With this folder on ``PYTHONPATH``, ``SHIFTED_CLOCK`` is the number of seconds to add to the machine's
time. ``python -m tests.shifted`` sets both. Nothing of the suite imports this.
"""

import os
from datetime import timedelta

_seconds = os.environ.get("SHIFTED_CLOCK")
if _seconds:
    import time_machine

    time_machine.travel(timedelta(seconds=float(_seconds)), tick=True).start()
