"""The main job, shown on the embedded simulator: what ``kiwoomdata demo`` runs."""

from __future__ import annotations

import os
import tempfile
import time
from importlib.util import find_spec

import polars as pl

import kiwoomdata as kd
from kiwoomdata.origin import Provenance

__all__ = ["demo"]

NAME = "삼성전자"


def _show(title: str, call: str, frame: pl.DataFrame, origin: Provenance | None, rows: int = 6) -> None:
    cost = f", {origin.requests} requests, {origin.pages} pages" if origin else ""
    print(f"\n{title}\n{call}   [{frame.height:,} rows x {frame.width} columns{cost}]")
    with pl.Config(
        tbl_rows=rows,
        tbl_cols=-1,
        tbl_hide_dataframe_shape=True,
        tbl_formatting="UTF8_FULL_CONDENSED",
        tbl_cell_numeric_alignment="RIGHT",
        tbl_width_chars=150,
        thousands_separator=",",
    ):
        print(frame)


def demo() -> None:
    """Fetch a year of a stock, who bought it, what moved and an order book, print them, and draw it."""
    started = time.perf_counter()
    with kd.Client("simulator", progress=False) as client:
        print(f"kiwoomdata {kd.__version__}: an embedded simulator at {client.base_url}, no keys needed.")

        candles = kd.candles(NAME, period="1y", client=client)
        _show(
            f"A year of {NAME} by day, adjusted as seen from today",
            f"kd.candles('{NAME}', period='1y')",
            candles.drop("venue", "direction"),
            kd.provenance(candles),
        )
        flows = kd.investor_breakdown(NAME, period="1y", measure="value", client=client)
        classes = (
            "individual",
            "foreign",
            "institution",
            "financial_investment",
            "investment_trust",
            "pension",
        )
        _show(
            "Who bought and who sold it, in KRW: six of thirteen classes",
            f"kd.investor_breakdown('{NAME}', period='1y', measure='value')",
            flows.select("date", "close", *classes),
            kd.provenance(flows),
        )
        movers = kd.movers("kospi", top=20, client=client)
        _show(
            "What moved on KOSPI",
            "kd.movers('kospi', top=20)",
            movers.select("symbol", "name", "price", "change", "change_pct", "volume"),
            kd.provenance(movers),
        )
        book = kd.orderbook_snapshot(NAME, client=client)
        _show(
            "Its order book, three of ten levels a side",
            f"kd.orderbook_snapshot('{NAME}')",
            book.filter(pl.col("level") <= 3)
            .sort("price", descending=True)
            .select("time", "side", "level", "price", "quantity", "quantity_change", "total_quantity"),
            kd.provenance(book),
        )
        print(f"\n{_picture(candles)}")
        seconds = time.perf_counter() - started
        print(f"\n{client.transport.requests_sent} requests in {seconds:.1f} s.")
    print("Next: kiwoomdata --help, or in Python: import kiwoomdata as kd; kd.use('simulator')")


def _picture(candles: pl.DataFrame) -> str:
    """A chart in a file of its own, and where that is."""
    if find_spec("matplotlib") is None or find_spec("narwhals") is None:
        return "Charts come with: pip install 'kiwoomdata[plot]'"
    import matplotlib as mpl

    mpl.use("Agg")  # a file, whatever screen there is
    handle, file = tempfile.mkstemp(prefix="kiwoomdata-", suffix=".png")
    os.close(handle)
    kd.plot.candles(candles, save=file)
    return f"A chart\nkd.plot.candles(candles, save=...)   [{file}]"
