"""Run every benchmark: ``python -m benchmarks``, or some: ``python -m benchmarks decode cache``."""

from __future__ import annotations

import sys
from importlib import import_module
from pathlib import Path

from benchmarks.timing import verdict

HELPERS = {"__init__", "__main__", "asking", "timing"}


def main() -> None:
    every = sorted(path.stem for path in Path(__file__).parent.glob("*.py") if path.stem not in HELPERS)
    for name in sys.argv[1:] or every:
        print(f"\n=== {name} ===", flush=True)
        import_module(f"benchmarks.{name}").main()
    print(f"\n{verdict()}")


if __name__ == "__main__":
    main()
