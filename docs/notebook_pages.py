"""The notebooks: ``python docs/notebook_pages.py`` runs them, and keeps what they show in their files.

``conf.py`` calls :func:`write` at every build. It makes a page of each as it is kept: a build runs none.
"""

from __future__ import annotations

import base64
import io
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

__all__ = ["NOTEBOOKS", "code", "keep", "page", "run", "write"]

NOTEBOOKS = Path(__file__).parents[1] / "notebooks"
Cell = dict[str, Any]
Output = dict[str, Any]

# IPython itself with the backend that Jupyter draws with.
_RUN = """
import json, sys, warnings
from IPython.core.displayhook import DisplayHook
from IPython.core.interactiveshell import InteractiveShell
from IPython.utils.capture import capture_output
from traitlets import Type

class Hook(DisplayHook):
    def write_output_prompt(self): ...
    def write_format_data(self, data, metadata=None):
        self.shell.display_pub.publish(data, metadata)

class Shell(InteractiveShell):
    displayhook_class = Type(Hook)

shell, shown = Shell.instance(), []
warnings.simplefilter("error")
for source in json.load(sys.stdin):
    with capture_output() as cell:
        done = shell.run_cell(source, store_history=True)
    if not done.success:
        sys.exit(f"{source}\\n{cell.stdout}{cell.stderr}")
    shown.append({"stdout": cell.stdout, "data": [output.data for output in cell.outputs]})
print(json.dumps(shown))
"""


def code(notebook: Path) -> list[str]:
    """The sources of the cells of code."""
    return ["".join(cell["source"]) for cell in _cells(notebook) if cell["cell_type"] == "code"]


def run(sources: list[str], folder: Path, environ: dict[str, str] | None = None) -> list[list[Output]]:
    """What each cell shows, as notebooks hold it; a cell that fails or warns is an error."""
    environ = {**(environ or {}), "MPLBACKEND": "module://matplotlib_inline.backend_inline"}
    environ |= dict.fromkeys(("KIWOOMDATA_STATE", "KIWOOMDATA_CACHE", "IPYTHONDIR"), str(folder))
    done = subprocess.run(  # noqa: S603 - the notebooks that stand here
        [sys.executable, "-c", _RUN], input=json.dumps(sources),
        capture_output=True, text=True, cwd=folder, timeout=240, env=environ,
    )  # fmt: skip
    if done.returncode:
        raise RuntimeError(done.stderr)
    return [[*map(_output, _said(cell))] for cell in json.loads(done.stdout)]


def keep(notebook: Path, shown: list[list[Output]]) -> None:
    """Write what the cells showed into the file, pictures as small as they can be."""
    whole = json.loads(notebook.read_text(encoding="utf-8"))
    cells = [cell for cell in whole["cells"] if cell["cell_type"] == "code"]
    for cell, outputs in zip(cells, shown, strict=True):
        for output in outputs:
            if "image/png" in output.get("data", ()):
                output["data"] = {"image/png": _smaller(output["data"]["image/png"])}
        cell["outputs"] = outputs
    notebook.write_text(json.dumps(whole, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


def page(notebook: Path) -> tuple[str, dict[str, bytes]]:
    """A notebook as a page, and the pictures beside it by name."""
    lines: list[str] = []
    pictures: dict[str, bytes] = {}
    for cell in _cells(notebook):
        source = "".join(cell["source"])
        if cell["cell_type"] == "markdown":
            lines += [source, ""]
            continue
        lines += ["```python", source, "```", ""]
        for output in cell["outputs"]:
            data = output.get("data", {})
            if "image/png" in data:
                name = f"{notebook.stem}-{len(pictures) + 1}.png"
                pictures[name] = base64.b64decode(data["image/png"])
                lines += [f"```{{image}} {name}", ":class: shown", f":alt: {_alt(source)}", "```", ""]
            elif "text/html" in data:
                lines += [
                    "```{raw} html",
                    '<div class="shown">',
                    _joined(data["text/html"]),
                    "</div>",
                    "```",
                    "",
                ]
            else:
                text = _joined(output.get("text") or data["text/plain"]).rstrip()
                lines += ["```text", text, "```", ""]
    return "\n".join(lines), pictures


def write(folder: Path) -> None:
    """Write a page of each notebook and their index, and only what changed."""
    folder.mkdir(exist_ok=True)
    made: dict[str, bytes] = {}
    listed, entries = [], []
    for notebook in sorted(NOTEBOOKS.glob("*.ipynb")):
        text, pictures = page(notebook)
        made |= {f"{notebook.stem}.md": text.encode(), **pictures}
        title, _, about, *_ = text.splitlines()
        title = title.removeprefix("# ")
        listed.append(f"- [{title}]({notebook.stem}.md): {about}")
        entries.append(f"{title} <{notebook.stem}>")  # written out, so that the Korean menu has it in Korean
    tree = ["```{toctree}", ":hidden:", "", *entries, "```"]
    made["index.md"] = "\n".join(["# Notebooks", "", *listed, "", *tree, ""]).encode()
    for name, content in made.items():
        file = folder / name
        if not file.exists() or file.read_bytes() != content:
            file.write_bytes(content)
    for old in folder.iterdir():
        if old.name not in made:
            old.unlink()


def _cells(notebook: Path) -> list[Cell]:
    cells: list[Cell] = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
    return cells


def _said(cell: dict[str, Any]) -> Iterator[Any]:
    if cell["stdout"]:
        yield cell["stdout"]
    yield from cell["data"]


def _output(said: str | dict[str, str]) -> Output:
    if isinstance(said, str):
        return {"output_type": "stream", "name": "stdout", "text": said.splitlines(keepends=True)}
    return {"output_type": "display_data", "metadata": {}, "data": said}


def _joined(text: str | list[str]) -> str:
    return text if isinstance(text, str) else "".join(text)


def _alt(source: str) -> str:
    """What a picture shows: the call that draws it."""
    call = re.search(r"kd\.plot\.\w+\([^\n]*|plt\.subplots\([^\n]*", source)
    return call[0].rstrip(";") if call else "a chart"


def _smaller(png: str) -> str:
    """The same picture in at most 128 colours, a quarter of the bytes."""
    from PIL import Image

    out = io.BytesIO()
    picture = Image.open(io.BytesIO(base64.b64decode(png))).convert("RGB")
    picture.quantize(128, dither=Image.Dither.NONE).save(out, "PNG", optimize=True)
    return base64.b64encode(out.getvalue()).decode()


if __name__ == "__main__":
    chosen = [NOTEBOOKS / name for name in sys.argv[1:]] or sorted(NOTEBOOKS.glob("*.ipynb"))
    for one in chosen:
        with TemporaryDirectory() as out:
            keep(one, run(code(one), Path(out), dict(os.environ)))
        print(one.name)
