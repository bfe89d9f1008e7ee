"""The notebooks run from top to bottom on the simulator, without keys, and are kept without outputs."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

NOTEBOOKS = sorted((Path(__file__).parents[1] / "notebooks").glob("*.ipynb"))
SWITCH = 'kd.use("simulator"'

# IPython itself with the backend that Jupyter draws with; what a cell shows is counted.
RUN = """
import json, sys, warnings
from IPython.core.interactiveshell import InteractiveShell
from IPython.utils.capture import capture_output

shell, images = InteractiveShell.instance(), []
warnings.simplefilter("error")
for source in json.load(sys.stdin):
    with capture_output() as shown:
        done = shell.run_cell(source)
    if not done.success:
        sys.exit(f"{source}\\n{shown.stdout}{shown.stderr}")
    images.append(sum("image/png" in output.data for output in shown.outputs))
print(json.dumps(images))
"""
DRAWS = re.compile(r"kd\.plot\.|plt\.subplots")


def load(path: Path) -> list[dict[str, Any]]:
    cells: list[dict[str, Any]] = json.loads(path.read_text(encoding="utf-8"))["cells"]
    return cells


def code(path: Path) -> list[str]:
    return ["".join(cell["source"]) for cell in load(path) if cell["cell_type"] == "code"]


Running = dict[Path, "Future[subprocess.CompletedProcess[str]]"]


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """All notebooks at once, each in a process and a folder of its own; most of their time is waiting."""
    environ = {name: value for name, value in os.environ.items() if not name.startswith("KIWOOM_")}
    environ["MPLBACKEND"] = "module://matplotlib_inline.backend_inline"

    folders = {path: str(tmp_path_factory.mktemp(path.stem)) for path in NOTEBOOKS}

    def run(path: Path) -> subprocess.CompletedProcess[str]:
        folder = folders[path]
        return subprocess.run(
            [sys.executable, "-c", RUN], input=json.dumps(code(path)),
            capture_output=True, text=True, cwd=folder, timeout=110,
            env=environ | dict.fromkeys(("KIWOOMDATA_STATE", "KIWOOMDATA_CACHE", "IPYTHONDIR"), folder),
        )  # fmt: skip

    with ThreadPoolExecutor(3) as pool:
        yield {path: pool.submit(run, path) for path in reversed(NOTEBOOKS)}  # the longest first


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_runs_from_top_to_bottom(path: Path, running: Running) -> None:
    done = running[path].result()
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_each_cell_that_draws_shows_one_picture_and_no_other_does(path: Path, running: Running) -> None:
    shown = json.loads(running[path].result().stdout)
    assert shown == [1 if DRAWS.search(source) else 0 for source in code(path)]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_one_line_of_the_first_cell_chooses_the_server(path: Path) -> None:
    first, *rest = code(path)
    (line,) = [line for line in first.splitlines() if line.startswith("kd.use(")]
    assert line.startswith(SWITCH)
    assert line.endswith('# kd.use("real")')
    assert not any("kd.use(" in cell for cell in rest)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_holds_no_output(path: Path) -> None:
    assert all(cell.get("outputs", []) == [] for cell in load(path))
    assert all(cell.get("execution_count") is None for cell in load(path))


def test_there_are_five() -> None:
    assert [path.stem[:2] for path in NOTEBOOKS] == ["01", "02", "03", "04", "05"]
