"""A chart that moves, in JupyterLab in a real browser: one picture, which changes until the stream ends.

``make site`` runs it; it needs Chromium, and JupyterLab, which the extra ``site`` brings.
``python -m tests.site.lab_checks FOLDER`` takes pictures of it while it moves and once it has ended.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from tests.browser import CHROMIUM, Browser, browsing

pytestmark = pytest.mark.skipif(
    CHROMIUM is None and not os.environ.get("CI"),
    reason="no chromium on this machine: JupyterLab was not opened",
)

CELLS = (
    """\
import kiwoomdata as kd

kd.use("simulator")
live = kd.stream_to_frame("005930", window="10m")
live.wait(rows=1, seconds=30)
chart = kd.plot.live(live, interval=0.1)""",
    """\
import asyncio

live.stop()
while chart.running:
    await asyncio.sleep(0.01)
print(chart, chart.ax.get_title("left"))""",
)
"""Two cells: a chart of a stream that stays open, and the end of both."""

IDLE = "window.jupyterapp?.shell.currentWidget?.sessionContext?.session?.kernel?.status === 'idle'"
RUN = "jupyterapp.commands.execute('notebook:run-cell-and-select-next')"
PICTURES = "[...document.querySelectorAll('.jp-OutputArea-output img')].map(picture => picture.src)"
WIDE = "document.querySelector('.jp-OutputArea-output img').naturalWidth"
TOLD = "[...document.querySelectorAll('.jp-OutputArea-output pre')].map(text => text.innerText)"


@contextmanager
def lab(folder: Path) -> Iterator[str]:
    """The address of a notebook in a JupyterLab that keeps its files in a folder, and ends with the block."""
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    book = {"cells": [*map(_cell, CELLS)], "metadata": kernel, "nbformat": 4, "nbformat_minor": 4}
    (folder / "live.ipynb").write_text(json.dumps(book), encoding="utf-8")
    environ = {name: value for name, value in os.environ.items() if not name.startswith(("KIWOOM", "MPL"))}
    for name in ("CONFIG_DIR", "DATA_DIR", "RUNTIME_DIR"):
        environ[f"JUPYTER_{name}"] = str(folder / name)
    environ |= dict.fromkeys(("IPYTHONDIR", "KIWOOMDATA_STATE", "KIWOOMDATA_CACHE"), str(folder))
    command = [
        *(sys.executable, "-m", "jupyterlab", "--no-browser", "--expose-app-in-browser"),
        *(["--allow-root"] if os.geteuid() == 0 else []),
        *("--ip=127.0.0.1", "--port=0", f"--ServerApp.root_dir={folder}", "--IdentityProvider.token="),
        "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
    ]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, cwd=folder, env=environ) as running:
        assert running.stderr is not None
        try:
            told = ""
            for line in running.stderr:
                told += line
                if match := re.search(r"http://127\.0\.0\.1:\d+/lab", line):
                    break
            else:
                raise RuntimeError(f"JupyterLab ended: {told}")
            threading.Thread(target=running.stderr.read, daemon=True).start()
            yield f"{match[0]}/tree/live.ipynb"
        finally:
            running.terminate()


def _cell(source: str) -> dict[str, object]:
    return {"cell_type": "code", "metadata": {}, "outputs": [], "execution_count": None, "source": source}


def drawn(browser: Browser, notebook: str) -> str:
    """Run the first cell; the first picture of it."""
    browser.size(1280, 1000)
    browser.open(notebook)
    browser.until(IDLE)
    browser.ask(RUN)
    browser.until(f"{PICTURES}.length || {TOLD}.length")
    assert browser.ask(TOLD) == []
    (first,) = browser.ask(PICTURES)
    return str(first)


@pytest.mark.timeout(240)
def test_a_live_chart_moves_in_jupyterlab_and_ends_with_its_stream(tmp_path: Path) -> None:
    with lab(tmp_path) as notebook, browsing(tmp_path / "profile") as browser:
        seen = [drawn(browser, notebook)]
        for _ in range(3):
            browser.until(f"{PICTURES}[0] !== {json.dumps(seen[-1])}")
            seen += browser.ask(PICTURES)
        assert len(set(seen)) == len(seen) == 4  # always one picture, and another one each time
        assert browser.ask(WIDE) > 600
        browser.ask(RUN)
        browser.until(f"{TOLD}.length")
        assert browser.ask(TOLD) == ["<live plot of trade, ended> 삼성전자 005930 · 끝남\n"]
        (last,) = browser.ask(PICTURES)
        assert last not in seen
        assert browser.said == []


def pictures(folder: Path) -> None:
    """What a user sees, where people want to look."""
    folder.mkdir(exist_ok=True)
    with TemporaryDirectory() as own, lab(Path(own)) as notebook, browsing(Path(own, "profile")) as browser:
        first = drawn(browser, notebook)
        browser.until(f"{PICTURES}[0] !== {json.dumps(first)}")
        browser.shot(folder / "lab-moving.png")
        browser.ask(RUN)
        browser.until(f"{TOLD}.length")
        browser.shot(folder / "lab-ended.png")


if __name__ == "__main__":
    pictures(Path(sys.argv[1]))
