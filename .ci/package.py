"""Build what users install and try it as they would: ``python .ci/package.py``.

It needs build, twine and pip-licenses. The wheel and the sdist are built twice, and must be the same to the
byte; ``twine check`` reads what the registry will show; each is installed into an empty environment, where
the demo runs. The licences of all that came with it are listed last.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import tempfile
import venv
from pathlib import Path

ROOT = Path(__file__).parents[1]


def run(*command: str | Path, cwd: Path = ROOT) -> str:
    words = [*map(str, command)]
    done = subprocess.run(words, cwd=cwd, check=False, text=True, stdout=subprocess.PIPE)  # noqa: S603 - ours
    if done.returncode:
        raise SystemExit(f"{' '.join(map(str, command))}\n{done.stdout}")
    return done.stdout


def build(folder: Path) -> dict[str, Path]:
    run(sys.executable, "-m", "build", "--outdir", folder)
    return {path.name: path for path in sorted(folder.iterdir())}


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def tried(place: Path, package: Path) -> Path:
    """The interpreter of an empty environment where the package is installed and its demo ran."""
    folder = place / package.name.replace(".", "-")
    venv.create(folder, with_pip=True)
    python = folder / ("Scripts" if os.name == "nt" else "bin") / "python"
    run(python, "-m", "pip", "--disable-pip-version-check", "-q", "install", f"{package}[plot]", cwd=place)
    run(python, "-m", "kiwoomdata", "demo", cwd=place)
    return python


def main() -> None:
    # Times in an archive are those of the commit, not of the build.
    os.environ["SOURCE_DATE_EPOCH"] = run("git", "log", "-1", "--format=%ct").strip()
    with tempfile.TemporaryDirectory() as name:
        place = Path(name)
        first, second = build(place / "first"), build(place / "second")
        assert first.keys() == second.keys()
        for file in first:
            if digest(first[file]) != digest(second[file]):
                raise SystemExit(f"{file}: two builds of one commit differ")
            print(f"{digest(first[file])}  {file}  {first[file].stat().st_size:,} bytes, the same twice")
        print(run(sys.executable, "-m", "twine", "check", "--strict", *first.values()), end="")
        for package in first.values():
            python = tried(place, package)
            print(f"{package.name}: installed into an empty environment, and the demo ran")
        print(run(sys.executable, "-m", "piplicenses", "--python", python, "--order", "license"))


if __name__ == "__main__":
    main()
