"""The notebooks run from top to bottom on the simulator, without keys, and are kept without outputs."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
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


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_runs_and_each_cell_that_draws_shows_one_picture(path: Path, tmp_path: Path) -> None:
    environ = {name: value for name, value in os.environ.items() if not name.startswith("KIWOOM_")}
    environ["MPLBACKEND"] = "module://matplotlib_inline.backend_inline"
    environ |= dict.fromkeys(("KIWOOMDATA_STATE", "KIWOOMDATA_CACHE", "IPYTHONDIR"), str(tmp_path))
    done = subprocess.run(
        [sys.executable, "-c", RUN], input=json.dumps(code(path)),
        capture_output=True, text=True, cwd=tmp_path, timeout=110, env=environ,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == [1 if DRAWS.search(source) else 0 for source in code(path)]


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


WITHOUT_WIDGETS = """
import sys
from IPython.core.interactiveshell import InteractiveShell
from traitlets.config import Config
from types import ModuleType

shell = InteractiveShell.instance()
# by which releases of tqdm know a notebook's kernel
shell.config.IPKernelApp = Config()
sys.modules["ipykernel.zmqshell"] = ModuleType("ipykernel.zmqshell")
sys.modules["ipywidgets"] = None
asked = "kd.daily_prices('005930', '2024-01-02', '2024-03-29')"
at_once = "kiwoomdata.query.pool.BAR_AFTER = 0"
done = shell.run_cell(f"import kiwoomdata as kd, kiwoomdata.query; {at_once}; kd.use('simulator'); {asked}")
sys.exit(not done.success)
"""


def test_a_notebook_without_ipywidgets_prints_nothing_to_stderr(tmp_path: Path) -> None:
    environ = {name: value for name, value in os.environ.items() if not name.startswith("KIWOOM_")}
    environ |= dict.fromkeys(("KIWOOMDATA_STATE", "KIWOOMDATA_CACHE", "IPYTHONDIR"), str(tmp_path))
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT_WIDGETS],
        capture_output=True, text=True, cwd=tmp_path, timeout=110, env=environ,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, ""), done.stdout


def test_there_are_five() -> None:
    assert [path.stem[:2] for path in NOTEBOOKS] == ["01", "02", "03", "04", "05"]
