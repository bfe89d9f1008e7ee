"""Draw the pictures of the gallery from the code that its page shows: ``python docs/pictures.py``.

Numbers of 2024 are the same on every day; those of the latest session are the simulator's of the day.
"""

from __future__ import annotations

import ast
import contextlib
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import matplotlib as mpl

mpl.use("Agg")

import matplotlib.pyplot as plt
from PIL import Image

import kiwoomdata as kd

__all__ = ["draw", "shown"]

DOCS = Path(__file__).parent
SIZE = (8, 4.5)
"""Inches of a chart whose call names none."""


def shown() -> Iterator[tuple[str, str]]:
    """The picture of each section of the gallery, by name, and the code above it."""
    page = (DOCS / "gallery.md").read_text(encoding="utf-8")
    for match in re.finditer(r"```python\n((?:(?!```).)*)```\s+```\{image\} images/(\w+)\.png", page, re.S):
        yield match[2], match[1]


def draw(*names: str) -> None:
    """Draw these, or all: the last line of a section's code is the call that draws."""
    kd.use("simulator", progress=False)
    known: dict[str, Any] = {"kd": kd}
    for name, code in shown():
        if names and name not in names:
            continue
        *before, last = ast.parse(code).body
        exec(compile(ast.Module(before, []), name, "exec"), known)  # noqa: S102 - the page's own code
        assert isinstance(last, ast.Expr)
        assert isinstance(last.value, ast.Call)
        call = last.value
        if not any(keyword.arg == "figsize" for keyword in call.keywords):
            call.keywords.append(ast.keyword("figsize", ast.Name("SIZE", ast.Load())))
        call.keywords += [ast.keyword(word, ast.Name(word, ast.Load())) for word in ("theme", "save")]
        drawn = compile(ast.fix_missing_locations(ast.Expression(call)), name, "eval")
        for theme, ending in (("light", ""), ("dark", "-dark")):
            file = DOCS / "images" / f"{name}{ending}.png"
            eval(drawn, {**known, "SIZE": SIZE, "theme": theme, "save": file})  # noqa: S307
            plt.close("all")
            picture = Image.open(file).convert("RGB")
            few = picture.quantize(128, dither=Image.Dither.NONE)  # a quarter of the bytes
            few.save(file, optimize=True)


if __name__ == "__main__":
    with TemporaryDirectory() as folder, contextlib.chdir(folder):
        draw(*sys.argv[1:])
