"""The core tests on every Python that this machine has: ``python .ci/versions.py TEST ... [-- PYTHON ...]``.

Named interpreters are used, else each of 3.11 to 3.14 that is on the path; those that are not there are told.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[1]
MINORS = ("3.11", "3.12", "3.13", "3.14")
TOOLS = ("pytest", "pytest-timeout", "pytest-xdist", "hypothesis")


def works(python: str) -> bool:
    """A shim of a version manager may be on the path for an interpreter that is not there."""
    found = shutil.which(python)
    return found is not None and not run(found, "--version")


def run(*command: str | Path) -> int:
    return subprocess.run([*map(str, command)], cwd=ROOT, check=False).returncode  # noqa: S603 - ours


def tested(python: str, tests: list[str]) -> bool:
    with tempfile.TemporaryDirectory() as place:
        here = Path(place) / "bin" / "python"
        install = (here, "-m", "pip", "--disable-pip-version-check", "-q", "install")
        return (
            not run(python, "-m", "venv", place)
            and not run(*install, f"{ROOT}[pandas,plot,excel,redis]", *TOOLS)
            and not run(here, "-m", "pytest", "-n", "2", *tests)
        )


def main(words: list[str]) -> int:
    tests, _, named = " ".join(words).partition(" -- ")
    asked = named.split() or [f"python{minor}" for minor in MINORS]
    verdicts = {}
    for python in asked:
        verdicts[python] = (
            "not here" if not works(python) else "ok" if tested(python, tests.split()) else "FAILED"
        )
    for python, verdict in verdicts.items():
        print(f"{python:12} {verdict}")
    return "FAILED" in verdicts.values()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
