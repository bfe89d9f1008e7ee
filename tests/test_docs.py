"""The documentation is true: its snippets run, its outputs are those of a run, and it builds."""

from __future__ import annotations

import contextlib
import doctest
import importlib
import importlib.util
import io
import os
import re
import subprocess
import sys
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import matplotlib.pyplot as plt
import pytest
from click.testing import CliRunner

import kiwoomdata as kd
from kiwoomdata import errors
from kiwoomdata._public import FRAMES
from kiwoomdata.cli import main
from kiwoomdata.entries import ENDPOINTS
from kiwoomdata.entries.condition import CONDITIONS
from kiwoomdata.entries.feeds import FEEDS

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
FLAGS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
NOT_RUN = "# not run here: "


def _load(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"docs_{name}", DOCS / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


generate = _load("generate")
samples = _load("samples")


# --- snippets --------------------------------------------------------------------------------


@dataclass(frozen=True)
class Block:
    """One fenced block of a page, and where it stands."""

    language: str
    words: tuple[str, ...]
    text: str
    line: int
    follows: bool
    """Whether nothing but blanks stands between it and the block before."""

    @property
    def runs(self) -> bool:
        """Whether it is run: not if it says ``no-run``, nor without the package that it ``needs=``."""
        needed = [word.removeprefix("needs=") for word in self.words if word.startswith("needs=")]
        if self.language == "console":
            return "$ kiwoomdata" in self.text
        return self.language == "python" and "no-run" not in self.words and all(map(_there, needed))


def _there(package: str) -> bool:
    return importlib.util.find_spec(package) is not None


def blocks(page: str) -> Iterator[Block]:
    end = 0
    for match in re.finditer(r"^```([a-z]+)([^\n]*)\n(.*?)^```$", page, re.M | re.S):
        yield Block(
            match[1],
            tuple(match[2].split()),
            match[3],
            page.count("\n", 0, match.start()) + 2,
            not page[end : match.start()].strip(),
        )
        end = match.end()


def run_page(page: str, name: str, folder: Path) -> int:
    """Run a page's snippets from top to bottom in one namespace, and compare what it says they print."""
    namespace: dict[str, Any] = {"__name__": "__main__"}
    printed, ran = "", 0
    with contextlib.chdir(folder):
        for block in blocks(page):
            if block.language == "text" and block.follows and printed:
                _same(block.text, printed, f"{name}:{block.line}")
            elif block.runs and block.language == "python":
                printed, ran = _run_python(block, namespace, name), ran + 1
            elif block.runs:
                _run_console(block, name, folder)
                ran += 1
    return ran


def _run_python(block: Block, namespace: dict[str, Any], name: str) -> str:
    place = f"{name}:{block.line}"
    if ">>>" in block.text:
        test = doctest.DocTestParser().get_doctest(block.text, namespace, place, name, block.line)
        told = io.StringIO()
        runner = doctest.DocTestRunner(optionflags=FLAGS)
        runner.run(test, out=told.write, clear_globs=False)
        assert runner.summarize(verbose=False).failed == 0, told.getvalue()
        namespace.update(test.globs)
        return ""
    out = io.StringIO()
    with contextlib.redirect_stdout(out), warnings.catch_warnings():
        if any(word.startswith("needs=") for word in block.words):
            warnings.simplefilter("ignore")  # what other packages warn of is theirs
        # Padded with empty lines, so that an error names the line of the page.
        exec(compile("\n" * (block.line - 1) + block.text, name, "exec"), namespace)
    return out.getvalue()


def _run_console(block: Block, name: str, folder: Path) -> None:
    """Run the lines that begin with ``$ kiwoomdata``; what follows one is what it prints."""
    for match in re.finditer(r"^\$ (kiwoomdata[^\n]*)\n((?:(?!\$ )[^\n]*\n)*)", block.text, re.M):
        command, expected = match[1], match[2]
        place = f"{name}:{block.line}: {command}"
        if "serves" in block.words:
            _same(expected, _serve(command, len(expected.splitlines()), folder), place)
            continue
        printed, code = _command(command, folder)
        assert code == 0, f"{place}\n{printed}"
        if expected.strip():
            _same(expected, printed, place)


def _serve(command: str, lines: int, folder: Path) -> str:
    """The first lines of a command that goes on until it is ended."""
    program = [sys.executable, "-m", "kiwoomdata", *command.split()[1:]]
    with subprocess.Popen(program, stdout=subprocess.PIPE, text=True, cwd=folder) as running:
        assert running.stdout is not None
        try:
            return "".join(running.stdout.readline() for _ in range(lines))
        finally:
            running.terminate()


def _command(command: str, folder: Path) -> tuple[str, int]:
    if re.search(r"[|>&;*$]", command):
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        environ = {**os.environ, "PATH": path, "PYTHONWARNINGS": "error"}
        done = subprocess.run(
            ["bash", "-c", f"set -o pipefail; {command}"],
            capture_output=True, text=True, cwd=folder, env=environ, timeout=60,
        )  # fmt: skip
        return done.stdout + done.stderr, done.returncode
    with contextlib.chdir(folder):
        result = CliRunner().invoke(main, command.split()[1:], prog_name="kiwoomdata", catch_exceptions=False)
    return result.output, result.exit_code


@pytest.fixture(autouse=True)
def closed_figures() -> Iterator[None]:
    """An example leaves its figures open, and more than twenty are a warning of matplotlib's."""
    yield
    plt.close("all")


def _same(expected: str, printed: str, place: str) -> None:
    checker = doctest.OutputChecker()
    tidy = re.sub(r"[ \t]+$", "", printed.strip() + "\n", flags=re.M)
    wanted = re.sub(r"[ \t]+$", "", expected.strip() + "\n", flags=re.M)
    assert checker.check_output(wanted, tidy, doctest.ELLIPSIS), f"{place} prints otherwise:\n{printed}"


WRITTEN = sorted(
    path
    for path in [ROOT / "README.md", *DOCS.rglob("*.md")]
    if not {"_build", "tr", "feed", "notebooks"} & set(path.relative_to(ROOT).parts)
)
GENERATED = generate.pages()


def _has_snippets(path: Path) -> bool:
    return any(block.runs for block in blocks(path.read_text(encoding="utf-8")))


@pytest.mark.parametrize(
    "path", [*filter(_has_snippets, WRITTEN)], ids=lambda path: str(path.relative_to(ROOT))
)
def test_every_snippet_of_a_page_runs_and_prints_what_the_page_says(path: Path, tmp_path: Path) -> None:
    page = path.read_text(encoding="utf-8")
    ran = run_page(page, str(path.relative_to(ROOT)), tmp_path)
    assert ran == sum(block.runs for block in blocks(page))


def test_every_call_of_the_migration_page_gives_something() -> None:
    page = (DOCS / "migration.md").read_text(encoding="utf-8")
    last = re.findall(r"^\| .* \| ([^|]+) \|$", page, re.M)
    calls = [call for cell in last for call in re.findall(r"`(kdp?\.\w+\([^`]*\))`", cell)]
    namespace: dict[str, Any] = {}
    exec(next(blocks(page)).text, namespace)
    assert len(calls) > 30
    for call in calls:
        assert len(eval(call, namespace)) > 0, call


@pytest.mark.parametrize("api_id", ENDPOINTS)
def test_the_example_of_a_tr_page_runs(api_id: str, tmp_path: Path) -> None:
    assert run_page(GENERATED[f"tr/{api_id}.md"], api_id, tmp_path) == (2 if ENDPOINTS[api_id].example else 1)


@pytest.mark.parametrize("path", WRITTEN, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_snippet_that_does_not_run_says_why(path: Path) -> None:
    for block in blocks(path.read_text(encoding="utf-8")):
        if "no-run" in block.words:
            assert block.text.startswith(NOT_RUN), f"{path.name}:{block.line}"


def test_every_tr_has_a_page() -> None:
    assert kd.catalogue().filter(url="/api/dostk/websocket").height == 23
    assert kd.catalogue()["api_id"].to_list()[:-23] == list(ENDPOINTS)
    assert {f"tr/{api_id}.md" for api_id in ENDPOINTS} <= set(GENERATED)


def test_few_snippets_are_left_out() -> None:
    every = [block for path in WRITTEN for block in blocks(path.read_text(encoding="utf-8"))]
    python = [block for block in every if block.language == "python"]
    assert sum("no-run" in block.words for block in python) <= len(python) // 10


PACKAGE = Path(kd.__file__).parent
WITH_EXAMPLES = sorted(
    ".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts).removesuffix(".__init__")
    for path in PACKAGE.rglob("*.py")
    if ">>> " in path.read_text(encoding="utf-8")
)


@pytest.mark.parametrize("name", WITH_EXAMPLES)
def test_the_examples_of_a_module_run(name: str) -> None:
    told = io.StringIO()
    runner = doctest.DocTestRunner(optionflags=FLAGS)
    for test in doctest.DocTestFinder().find(importlib.import_module(name), name):
        runner.run(test, out=told.write)
    assert runner.summarize(verbose=False).failed == 0, told.getvalue()
    assert runner.tries > 0


# --- the generated reference -----------------------------------------------------------------


def table_rows(page: str) -> list[tuple[str, ...]]:
    lines = [line for line in page.splitlines() if line.startswith("| ")]
    return [tuple(cell.strip().strip("`") for cell in line[1:-1].split("|")) for line in lines]


@pytest.mark.parametrize("api_id", ENDPOINTS)
def test_a_tr_page_holds_every_key_with_its_column_and_meaning(api_id: str) -> None:
    page = GENERATED[f"tr/{api_id}.md"]
    found = {row[:4] for row in table_rows(page)} | {row[:5] for row in table_rows(page)}
    for row in kd.describe(api_id).iter_rows(named=True):
        meaning = (row["key"], row["column"], row["korean"], row["kind"])
        if row["part"] == "request":
            assert meaning in found
        else:
            assert f"## Frame `{row['part']}`" in page
            assert (*meaning, row["dtype"].partition("(")[0]) in found
            assert row["note"] in page
    assert all(
        f"kiwoomdata.{name.strip()}" in page for name in (ENDPOINTS[api_id].function or "request").split(",")
    )


@pytest.mark.parametrize("feed", FEEDS.values(), ids=lambda feed: feed.name)
def test_a_feed_page_holds_every_fid_with_its_column(feed: Any) -> None:
    found = {row[:3] for row in table_rows(GENERATED[f"feed/{feed.name}.md"])}
    assert {(column.key, column.name, column.ko) for column in feed.columns} <= found


def test_the_condition_page_holds_every_request() -> None:
    page = GENERATED["feed/condition.md"]
    found = {row[:3] for row in table_rows(page)}
    for call in CONDITIONS.values():
        assert f"## {call.api_id} {call.ko}" in page
        assert {(column.key, column.name, column.ko) for column in call.columns} <= found


def test_units_that_the_server_scales_are_told() -> None:
    rows = {row[1]: row for row in table_rows(GENERATED["tr/ka10086.md"])}
    assert rows["value"][5] == "KRW, sent in millions"
    assert rows["individual"][5] == 'shares; KRW, sent in millions, with `measure="value"'
    assert rows["foreign"][5] == "shares"


def test_pages_are_written_once_and_old_ones_go(tmp_path: Path) -> None:
    generate.write(tmp_path)
    file, old = tmp_path / "tr" / "ka10086.md", tmp_path / "tr" / "ka00000.md"
    old.write_text("gone")
    os.utime(file, (0, 0))
    generate.write(tmp_path)
    assert not old.exists()
    assert file.stat().st_mtime == 0
    assert {path.stem for path in (tmp_path / "tr").glob("*.md")} == {*ENDPOINTS, "index", "which", "costs"}


def test_every_public_name_stands_in_the_reference() -> None:
    pages = "\n".join(path.read_text(encoding="utf-8") for path in (DOCS / "reference/api").glob("*.md"))
    documented = set(re.findall(r"^\.\. auto\w+:: (?:kiwoomdata\.)?([\w.]+)$", pages, re.M))
    shown_whole = {*errors.__all__, "cache", "estimate", "scan", "simulator", "plot"}
    missing = {name for name in kd.__all__ if name not in documented and not name.startswith("_")}
    assert missing - shown_whole == set()
    assert set(kd.plot.__all__) <= documented  # each by itself, so that no class of theirs leads the page


TAKE_ANY_TR_OR_A_STREAM = {"catalogue", "condition_search", "conditions", "describe", "find", "request"}


def test_each_function_shows_its_columns_and_rows_the_same_on_every_day() -> None:
    assert set(FRAMES) - set(samples.CALLS) == TAKE_ANY_TR_OR_A_STREAM
    with samples._market() as client:
        for name in ("investor_flows", "quote_board", "stocks", "orderbook_snapshot"):
            frame = samples._ask(samples.CALLS[name], client)
            lines = samples._shown(samples.CALLS[name], frame)
            assert lines == samples.sample(name)
            rows = "\n".join(lines).split("   * - ")[1:]
            assert [row.split("``")[1] for row in rows[1:]] == frame.columns
            assert {row.count("     -") for row in rows} == {3 + min(2, len(frame))}
    flows = "\n".join(samples.sample("investor_flows"))
    assert "   * - ``individual``\n     - 개인\n     - Int64\n     - shares\n" in flows
    empty = [name for name in samples.CALLS if "row 1" not in "\n".join(samples.sample(name))]
    assert empty == []


def test_each_function_says_what_to_see_also() -> None:
    for name in (*FRAMES, "request_parts", "raw"):
        _, found, rest = (getattr(kd, name).__doc__ or "").partition("    See Also\n    --------\n")
        lines = rest.partition("\n\n")[0].splitlines()
        others = [other for line in lines for other in line.partition(" : ")[0].strip().split(", ")]
        assert found, name
        assert all(hasattr(kd, other) and other != name for other in others), name


def test_what_a_year_costs_is_what_an_estimate_says(tmp_path: Path) -> None:
    rows = {row[0]: row[1:] for row in table_rows(GENERATED["tr/costs.md"])}
    assert rows["{func}`kiwoomdata.daily_prices"] == ("13", "2.6", "8.7", "39.0")
    assert rows['{func}`kiwoomdata.candles` `interval="day"'] == ("2", "0.4", "1.3", "6.0")
    assert run_page(GENERATED["tr/costs.md"], "costs", tmp_path) == 1


def test_each_named_function_answers_a_question() -> None:
    page = GENERATED["tr/which.md"]
    planning = [name for name in FRAMES if hasattr(getattr(kd, name), "plan")]
    assert [name for name in planning if f"{{func}}`kiwoomdata.{name}`" not in page] == []


def test_the_gallery_shows_every_chart_in_both_themes_and_small() -> None:
    page = (DOCS / "gallery.md").read_text(encoding="utf-8")
    drawn = set(re.findall(r"^kd\.plot\.(\w+)\(", page, re.M))
    assert drawn == set(kd.plot.__all__) - {"CHART_OF", "LivePlot", "live"}
    pictures = re.findall(r"^```\{image\} (images/\w+\.png)$", page, re.M)
    for picture in pictures:
        assert (DOCS / picture).exists()
        assert f"images/{Path(picture).stem}-dark.png" in page
        assert (DOCS / "images" / f"{Path(picture).stem}-dark.png").exists()
    assert re.findall(r'src="_(images/\w+\.png)"', page) == pictures
    assert len(re.findall(r"^\(chart-[\w-]+\)=$", page, re.M)) == len(pictures)
