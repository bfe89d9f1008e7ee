"""The import of the package, over the bare interpreter, and the first call of a cold process on the
simulator, against the import of polars alone.

``python -m benchmarks.start``
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.timing import hold, verdict

FIRST_CALL = """
import kiwoomdata as kd
kd.use("simulator")
assert kd.daily_prices("005930", "2026-11-16", "2026-11-19").height
"""
RUNS = {
    "python": "pass",
    "import kiwoomdata": "import kiwoomdata",
    "import polars": "import polars",
    "a first call": FIRST_CALL,
}


def main(rounds: int = 9) -> None:
    with tempfile.TemporaryDirectory() as compiled:
        found = [{name: seconds(code, compiled) for name, code in RUNS.items()} for _ in range(rounds + 1)][
            1:
        ]
    print(f"a cold process, {rounds} rounds")
    for name in RUNS:
        print(f"  {name:17} median {1000 * statistics.median(each[name] for each in found):6.0f} ms")
    bare = statistics.median(1000 * (each["import kiwoomdata"] - each["python"]) for each in found)
    print(hold("import kiwoomdata, ms over the bare interpreter", bare, most=25))
    # 526 ms were 3.3 times the import of polars on the machine where 380 were asked for.
    ratio = statistics.median(each["a first call"] / each["import polars"] for each in found)
    print(hold("a first call, x import polars", ratio, most=2.4))


def seconds(code: str, compiled: str) -> float:
    """The bytecode is kept in ``compiled``, as pip leaves it for whoever installs: with
    PYTHONDONTWRITEBYTECODE each process would compile this package, but not polars."""
    env = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    with tempfile.TemporaryDirectory() as folder:
        own = {"KIWOOMDATA_CACHE": folder, "KIWOOMDATA_STATE": folder, "PYTHONPYCACHEPREFIX": compiled}
        started = time.perf_counter()
        subprocess.run(
            [sys.executable, "-c", code], check=True, env=env | own, cwd=Path(__file__).resolve().parents[1]
        )
        return time.perf_counter() - started


if __name__ == "__main__":
    main()
    print(verdict())
