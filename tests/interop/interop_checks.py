"""The frames in the hands of the libraries that people use next, really run.

These need what the extra ``interop`` installs. The file is not named like a test, so that the ordinary
run leaves it out; ``make interop`` names it.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from pathlib import Path

import matplotlib as mpl
import numpy as np
import pandas as pd
import polars as pl
import pytest

import kiwoomdata as kd
import kiwoomdata.pandas as kdp
from tests.conftest import simulated
from tests.test_notebooks import INTEROP, run_and_compare

mpl.use("Agg")
RANGE = ("2025-11-20", "2026-11-19")
SYMBOLS = ["005930", "000660", "035420", "005380"]


@pytest.fixture(scope="module")
def client() -> Iterator[kd.Client]:
    with simulated() as client:
        yield client


def ohlcv(client: kd.Client) -> pd.DataFrame:
    return kdp.daily_prices("005930", *RANGE, client=client, style="ohlcv")


def test_backtesting_runs_a_strategy(client: kd.Client) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from backtesting import Backtest, Strategy
        from backtesting.lib import crossover

        class Cross(Strategy):  # type: ignore[misc]
            def init(self) -> None:
                self.fast = self.I(lambda x: pd.Series(x).rolling(5).mean(), self.data.Close)
                self.slow = self.I(lambda x: pd.Series(x).rolling(20).mean(), self.data.Close)

            def next(self) -> None:
                if crossover(self.fast, self.slow):
                    self.buy()
                elif crossover(self.slow, self.fast):
                    self.position.close()

        stats = Backtest(
            ohlcv(client), Cross, cash=100_000_000, commission=0.0015, finalize_trades=True
        ).run()
    assert stats["# Trades"] > 0
    assert stats["End"] == pd.Timestamp(RANGE[1])


def test_mplfinance_draws_candles(client: kd.Client, tmp_path: Path) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import mplfinance as mpf

        mpf.plot(ohlcv(client).tail(60), type="candle", volume=True, savefig=str(tmp_path / "candles.png"))
    assert (tmp_path / "candles.png").stat().st_size > 5_000


def test_vectorbt_takes_the_closes_side_by_side(client: kd.Client) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import vectorbt as vbt

        prices = kd.daily_prices(SYMBOLS, *RANGE, client=client)
        wide = prices.pivot("symbol", index="date", values="close").sort("date")
        closes = wide.to_pandas().set_index("date").astype("float64")
        fast, slow = vbt.MA.run(closes, 5), vbt.MA.run(closes, 20)
        held = vbt.Portfolio.from_signals(
            closes, fast.ma_crossed_above(slow), fast.ma_crossed_below(slow), freq="1D"
        )
        total = held.total_return()
    assert total.shape == (len(SYMBOLS),)
    assert np.isfinite(total).all()


def test_scikit_learn_fits_returns_on_flows(client: kd.Client) -> None:
    from sklearn.linear_model import LinearRegression

    names = ["individual", "institution", "foreign", "program"]
    prices = kd.daily_prices("005930", *RANGE, client=client)
    flows = prices.select(names).to_numpy()
    assert flows.dtype == np.int64
    fitted = LinearRegression().fit(flows, prices["change_pct"].to_numpy())
    assert fitted.coef_.shape == (len(names),)
    assert np.isfinite(fitted.coef_).all()


def test_duckdb_queries_a_frame_where_it_is(client: kd.Client) -> None:
    import duckdb

    prices = kd.daily_prices(SYMBOLS, *RANGE, client=client)
    found = duckdb.sql(
        "select symbol, count(*) as days, sum(value) as value from prices group by symbol order by symbol"
    ).pl()
    expected = prices.group_by("symbol").agg(pl.len().alias("days"), pl.col("value").sum()).sort("symbol")
    assert found["symbol"].to_list() == expected["symbol"].to_list()
    assert found["days"].to_list() == expected["days"].to_list()
    assert [int(value) for value in found["value"]] == expected["value"].to_list()


def test_excel_gets_numbers_and_codes_with_their_zeros(client: kd.Client, tmp_path: Path) -> None:
    prices = kd.daily_prices(SYMBOLS, "2026-11-02", "2026-11-19", client=client)
    file = tmp_path / "prices.xlsx"
    prices.write_excel(file)
    back = pd.read_excel(file, dtype={"symbol": str})
    assert back["symbol"].tolist() == prices["symbol"].to_list()
    assert back["close"].tolist() == prices["close"].to_list()
    assert back["date"].dt.date.tolist() == prices["date"].to_list()


def test_parquet_and_arrow_keep_every_dtype(client: kd.Client, tmp_path: Path) -> None:
    prices = kd.daily_prices(SYMBOLS, "2026-11-02", "2026-11-19", client=client)
    prices.write_parquet(tmp_path / "prices.parquet")
    assert pl.read_parquet(tmp_path / "prices.parquet").schema == prices.schema
    table = prices.to_arrow()
    assert pl.DataFrame(table)["close"].to_list() == prices["close"].to_list()


@pytest.mark.parametrize("path", INTEROP, ids=lambda path: path.stem)
@pytest.mark.timeout(250)
def test_a_notebook_runs_and_shows_what_it_holds(path: Path, tmp_path: Path) -> None:
    run_and_compare(path, tmp_path)
