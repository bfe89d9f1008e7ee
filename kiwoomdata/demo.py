"""The main job, shown on the embedded simulator: what ``kiwoomdata demo`` runs."""

from __future__ import annotations

import time
from datetime import timedelta

import polars as pl

import kiwoomdata as kd

__all__ = ["demo"]

SYMBOLS = {"005930": "삼성전자", "000660": "SK하이닉스", "035420": "NAVER"}


def _show(title: str, source: str, frame: pl.DataFrame, rows: int = 6) -> None:
    origin = kd.provenance(frame)
    cost = f", {origin.requests} requests, {origin.pages} pages" if origin else ""
    print(f"\n{title}\n{source}   [{frame.height:,} rows x {frame.width} columns{cost}]")
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
    """Fetch a year of three symbols, their flows, program trading and an order book, and print them."""
    started = time.perf_counter()
    with kd.Client("simulator", progress=False) as client:
        today = client.today()
        year = today - timedelta(days=365)
        names = ", ".join(f"{code} {name}" for code, name in SYMBOLS.items())
        print(f"kiwoomdata {kd.__version__}: an embedded simulator at {client.base_url}, no keys needed.")
        print(f"A year of {names}, {year} to {today}.")

        prices = kd.daily_prices(list(SYMBOLS), year, today, client=client)
        _show(
            "Daily prices",
            f"kd.daily_prices({list(SYMBOLS)}, '{year}', '{today}')",
            prices.select(
                "date", "symbol", "open", "high", "low", "close", "change_pct", "volume", "value"
            ).pipe(_keep, prices),
        )
        flows = kd.investor_flows("005930", year, today, measure="value", client=client)
        _show(
            "Who bought and who sold 005930, in KRW (foreigners in shares: the exchange gives no amount)",
            f"kd.investor_flows('005930', '{year}', '{today}', measure='value')",
            flows.drop("symbol", "venue", "flow_unit", "foreign_unit").pipe(_keep, flows),
        )
        program = kd.program_trend(market="kospi", start=year, end=today, client=client)
        shown = [name for name in program.columns if name.endswith("net_buy_value")]
        _show(
            "Program trading of KOSPI, net, in KRW",
            f"kd.program_trend(market='kospi', start='{year}', end='{today}')",
            program.select("date", *shown, "kospi200", "basis").pipe(_keep, program),
        )
        book = kd.orderbook_snapshot("005930", client=client)
        best = book.filter(pl.col("level") <= 3).sort("price", descending=True)
        _show(
            "The order book of 005930, three of ten levels a side",
            "kd.orderbook_snapshot('005930')",
            best.select(
                "time", "side", "level", "price", "quantity", "quantity_change", "total_quantity"
            ).pipe(_keep, book),
        )
        seconds = time.perf_counter() - started
        print(f"\n{client.transport.requests_sent} requests in {seconds:.1f} s.")
    print("Next: kiwoomdata --help, or in Python: import kiwoomdata as kd; kd.use('simulator')")


def _keep(shown: pl.DataFrame, whole: pl.DataFrame) -> pl.DataFrame:
    """Let a selection keep the provenance of the frame that it was taken from."""
    from kiwoomdata.origin import attach

    origin = kd.provenance(whole)
    return attach(shown, origin) if origin else shown
