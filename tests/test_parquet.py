"""Provenance survives a file, and its loss is told."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path

import duckdb
import pandas as pd
import polars as pl
import pytest
from polars.testing import assert_frame_equal

import kiwoomdata as kd
import kiwoomdata.pandas as kdp


@pytest.fixture
def prices(client: kd.Client) -> pl.DataFrame:
    return kd.daily_prices(["005930", "0000D0"], "2026-01-02", "2026-01-30", client=client)


def test_a_file_gives_back_rows_and_provenance(prices: pl.DataFrame, tmp_path: Path) -> None:
    kd.write_parquet(prices, tmp_path / "prices.parquet")
    again = kd.read_parquet(tmp_path / "prices.parquet")
    assert_frame_equal(again, prices)
    assert kd.provenance(again) == kd.provenance(prices)


def test_all_that_a_provenance_may_say_survives(prices: pl.DataFrame, tmp_path: Path) -> None:
    source = kd.provenance(prices)
    assert source is not None
    said = replace(
        source, as_of=date(2026, 1, 2), missing={"005930": (date(2026, 1, 5),)}, dateless={"005930": 2},
        mistaken={"005930": "000660"}, begins={"005930": date(2026, 1, 6)}, empty=("0000D0",),
        absent=("for_rt",), notes=("a",), failures={"x": "y"}, truncated=True, why="z",
    )  # fmt: skip
    kd.write_parquet(prices, tmp_path / "prices.parquet", source=said)
    assert kd.provenance(kd.read_parquet(tmp_path / "prices.parquet")) == said


def test_other_engines_read_the_file_and_files_of_others_are_read(
    prices: pl.DataFrame, tmp_path: Path
) -> None:
    file = tmp_path / "prices.parquet"
    kd.write_parquet(prices, file)
    assert duckdb.sql(f"select count(*) from '{file}'").fetchall() == [(prices.height,)]
    pd.read_parquet(file).to_parquet(tmp_path / "theirs.parquet")
    theirs = kd.read_parquet(tmp_path / "theirs.parquet")
    assert theirs.height == prices.height
    with pytest.warns(kd.KiwoomDataWarning, match="carries none"):
        assert kd.provenance(theirs) is None


def test_a_filtered_frame_says_why_it_has_no_provenance(prices: pl.DataFrame) -> None:
    with pytest.warns(kd.KiwoomDataWarning, match="first operation on a frame. Ask before you filter"):
        assert kd.provenance(prices.filter(pl.col("change") > 0)) is None
    assert kd.provenance("no frame") is None


def test_a_pandas_frame_keeps_its_index_and_provenance(client: kd.Client, tmp_path: Path) -> None:
    frame = kdp.daily_prices(["005930", "000660"], "2026-01-02", "2026-01-30", client=client)
    kd.write_parquet(frame, tmp_path / "prices.parquet")
    again = kdp.read_parquet(tmp_path / "prices.parquet")
    assert again.index.equals(frame.index)
    assert again["close"].tolist() == frame["close"].tolist()
    assert kd.provenance(again) == kd.provenance(frame)
    assert kd.provenance(again[again["close"] > 0]) == kd.provenance(frame)


def test_what_is_no_frame_is_refused(prices: pl.DataFrame, tmp_path: Path) -> None:
    with pytest.raises(TypeError, match="frame: expected a polars or pandas frame, got LazyFrame; collect"):
        kd.write_parquet(prices.lazy(), tmp_path / "prices.parquet")
    with pytest.raises(FileNotFoundError):
        kd.read_parquet(tmp_path / "nothing.parquet")
