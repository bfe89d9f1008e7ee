"""The notebooks run from top to bottom on the simulator, without keys, and hold what a run shows."""

from __future__ import annotations

import importlib.util
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

DOCS = Path(__file__).parents[1] / "docs"
SWITCH = 'kd.use("simulator"'
DRAWS = re.compile(r"kd\.plot\.|plt\.subplots")


def _load_pages() -> ModuleType:
    spec = importlib.util.spec_from_file_location("docs_notebook_pages", DOCS / "notebook_pages.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


pages = _load_pages()
NOTEBOOKS: list[Path] = sorted(pages.NOTEBOOKS.glob("*.ipynb"))
INTEROP = [path for path in NOTEBOOKS if "backtesting" in "".join(pages.code(path))]
"""They need what the extra of this name brings, and are run by tests/interop."""

each = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)


def load(path: Path) -> list[dict[str, Any]]:
    cells: list[dict[str, Any]] = json.loads(path.read_text(encoding="utf-8"))["cells"]
    return cells


def kinds(shown: list[list[dict[str, Any]]]) -> list[list[str]]:
    """What each cell shows: text, a table or a picture."""
    return [
        [
            next((kind for kind in ("image/png", "text/html") if kind in output.get("data", ())), "text")
            for output in outputs
        ]
        for outputs in shown
    ]


def held(path: Path) -> list[list[str]]:
    return kinds([cell["outputs"] for cell in load(path) if cell["cell_type"] == "code"])


def run_and_compare(path: Path, folder: Path) -> None:
    environ = {name: value for name, value in os.environ.items() if not name.startswith("KIWOOM_")}
    assert kinds(pages.run(pages.code(path), folder, environ)) == held(path)


@pytest.mark.parametrize(
    "path", [path for path in NOTEBOOKS if path not in INTEROP], ids=lambda path: path.stem
)
@pytest.mark.timeout(250)
def test_a_notebook_runs_and_shows_what_it_holds(path: Path, tmp_path: Path) -> None:
    run_and_compare(path, tmp_path)


@each
def test_each_cell_that_draws_holds_one_picture(path: Path) -> None:
    pictures = [shown.count("image/png") for shown in held(path)]
    assert pictures == [1 if DRAWS.search(source) else 0 for source in pages.code(path)]
    assert sum(pictures) > 0


@each
def test_a_notebook_holds_nothing_of_the_machine_that_ran_it(path: Path) -> None:
    cells = [cell for cell in load(path) if cell["cell_type"] == "code"]
    assert {cell["execution_count"] for cell in cells} == {None}
    assert not re.search(
        r"0x[0-9a-f]{6}|/tmp/|/home/|Traceback", json.dumps([cell["outputs"] for cell in cells])
    )


@each
def test_one_line_of_the_first_cell_chooses_the_server(path: Path) -> None:
    first, *rest = pages.code(path)
    (line,) = [line for line in first.splitlines() if line.startswith("kd.use(")]
    assert line.startswith(SWITCH)
    assert line.endswith('# kd.use("real")')
    assert not any("kd.use(" in cell for cell in rest)


@each
def test_a_page_of_the_site_shows_all_that_a_notebook_holds(path: Path) -> None:
    text, pictures = pages.page(path)
    shown = [kind for kinds_of in held(path) for kind in kinds_of]
    assert len(pictures) == text.count("```{image}") == shown.count("image/png")
    assert text.count("```{raw} html") == shown.count("text/html")
    assert text.count("```text") == shown.count("text")


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


def test_there_are_seven_and_one_runs_with_interop() -> None:
    assert [path.stem[:2] for path in NOTEBOOKS] == ["01", "02", "03", "04", "05", "06", "07"]
    assert [path.stem[:2] for path in INTEROP] == ["07"]
