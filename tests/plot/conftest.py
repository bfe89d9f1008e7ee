"""A market for all tests of charts, and no figure left open."""

from __future__ import annotations

import weakref
from collections.abc import Iterator

import matplotlib as mpl
import polars as pl
import pytest
from matplotlib import pyplot as plt

import kiwoomdata as kd
from kiwoomdata import names
from tests.conftest import simulated
from tests.plot.drawn import CHARTS

mpl.use("Agg")


@pytest.fixture(scope="package")
def market() -> Iterator[kd.Client]:
    """A client of a simulator that all tests of charts share; nothing of it is kept."""
    with simulated() as client:
        yield client


@pytest.fixture(scope="package")
def frames(market: kd.Client) -> dict[str, pl.DataFrame]:
    return {name: fetch(client=market) for name, (fetch, _) in CHARTS.items()}


@pytest.fixture(autouse=True)
def closed(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """No figure is left, and no name is known but those that the test itself asks for."""
    monkeypatch.setattr(names, "_known", {})
    monkeypatch.setattr(names, "_kept", weakref.WeakKeyDictionary())
    yield
    plt.close("all")
