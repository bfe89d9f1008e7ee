"""Pictures that are kept, and what is drawn today."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from matplotlib import pyplot as plt
from matplotlib.testing.compare import compare_images

from kiwoomdata import plot
from tests.plot.drawn import bars_of, book

DATA = Path(__file__).parents[1] / "data" / "plots"


def a_quarter() -> pl.DataFrame:
    """Sixty days with ups, downs, a halt and a flow, the same everywhere."""
    n = np.arange(60)
    close = np.round(70_000 + 6_000 * np.sin(n / 7) + 900 * np.cos(n * 1.7), -2)
    opens = np.round(close - 1_500 * np.sin(n * 2.1), -2)
    return bars_of(60).with_columns(
        open=pl.Series(opens),
        close=pl.Series(close),
        high=pl.Series(np.maximum(opens, close) + 600),
        low=pl.Series(np.minimum(opens, close) - 500),
        volume=pl.Series(np.where((n > 29) & (n < 33), 0, 1e6 + 8e5 * np.sin(n))),
        individual=pl.Series((4e5 * np.sin(n / 5)).astype(int)),
        institution=pl.Series((3e5 * np.cos(n / 9)).astype(int)),
        foreign=pl.Series((-2e5 * np.sin(n / 3)).astype(int)),
        flow_unit=pl.lit("shares"),
        foreign_unit=pl.lit("shares"),
    )


PICTURES: dict[str, Callable[[Any], Any]] = {
    "candles": lambda ax: plot.candles(a_quarter(), ax=ax),
    "flows_dark": lambda ax: plot.investor_flows(a_quarter(), ax=ax, theme="dark", palette="western"),
    "orderbook": lambda ax: plot.orderbook(
        book([101, 102, 103, 104, 105], [100, 99, 98, 97, 96]), ax=ax, locale="en"
    ),
}


def test_the_picture_of_the_readme_is_made_by_the_call_beneath_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = Path(__file__).parents[2]
    readme = (root / "README.md").read_text(encoding="utf-8")
    picture, code = readme.index("docs/images/dashboard.png"), readme.index("```python")
    assert 0 < code - picture < 100
    monkeypatch.chdir(tmp_path)
    exec(readme[code:].removeprefix("```python").partition("```")[0], {})
    shown = root / "docs" / "images" / "dashboard.png"
    assert compare_images(str(shown), str(tmp_path / "dashboard.png"), tol=8) is None


@pytest.mark.parametrize("name", PICTURES)
def test_pictures_look_as_they_looked(name: str, tmp_path: Path) -> None:
    """Fixed axes, so that only the shapes of letters may differ between releases of matplotlib.

    The distance of candles without their averages is 12, with western colours 28, in English 6.
    """
    figure = plt.figure(figsize=(6, 3.6), dpi=80)
    PICTURES[name](figure.add_axes((0.1, 0.12, 0.76, 0.76)))
    seen = tmp_path / f"{name}.png"
    figure.savefig(seen, dpi=80)
    assert compare_images(str(DATA / f"{name}.png"), str(seen), tol=8) is None
