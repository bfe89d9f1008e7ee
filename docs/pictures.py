"""Draw the pictures of the pages, light and dark: ``python docs/pictures.py``."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import matplotlib as mpl

mpl.use("Agg")

from PIL import Image

import kiwoomdata as kd

IMAGES = Path(__file__).parent / "images"
RANGE = ("2024-01-02", "2024-12-30")


def draw() -> None:
    """Each as its page says it is drawn; numbers of 2024 are the same on every day."""
    kd.use("simulator", progress=False)
    classes = kd.investor_breakdown("005930", "2024-10-02", "2024-12-30")
    program = kd.program_trend(market="kospi", start="2024-07-01", end="2024-12-30")
    charts: dict[str, tuple[Any, tuple[float, float]]] = {
        "dashboard": (partial(kd.plot.dashboard, "005930", *RANGE), (9, 6.6)),
        "orderbook": (partial(kd.plot.orderbook, kd.orderbook_snapshot("005930")), (4.6, 5.4)),
        "classes": (partial(kd.plot.breakdown, classes), (8, 5)),
        "program": (partial(kd.plot.program, program), (8, 5)),
    }
    for theme, ending in (("light", ""), ("dark", "-dark")):
        for name, (chart, size) in charts.items():
            file = IMAGES / f"{name}{ending}.png"
            chart(figsize=size, theme=theme, save=file)
            picture = Image.open(file).convert("RGB")
            few = picture.quantize(128, dither=Image.Dither.NONE)  # a quarter of the bytes
            few.save(file, optimize=True)


if __name__ == "__main__":
    draw()
