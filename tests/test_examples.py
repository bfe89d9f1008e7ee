"""The scripts of docs/examples run as people start them, on the simulator, and do what they say."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import openpyxl
import polars as pl
import pytest

import kiwoomdata as kd

EXAMPLES = Path(__file__).parents[1] / "docs" / "examples"
SCRIPTS = sorted(EXAMPLES.glob("*.py"))


def start(folder: Path, script: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    environ = {**os.environ, "PYTHONPATH": str(EXAMPLES.parents[1]), "PYTHONUTF8": "1"}
    return subprocess.run(
        [sys.executable, "-W", "error", str(EXAMPLES / script), *arguments],
        capture_output=True, text=True, cwd=folder, timeout=110, env=environ,
    )  # fmt: skip


def run(folder: Path, script: str, *arguments: str) -> str:
    done = start(folder, script, *arguments)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def test_each_is_short_chooses_the_server_in_one_line_and_stands_on_the_page() -> None:
    page = (EXAMPLES / "index.md").read_text(encoding="utf-8")
    assert len(SCRIPTS) == 5
    for script in SCRIPTS:
        text = script.read_text(encoding="utf-8")
        assert len(text.splitlines()) <= 40
        assert text.count("kd.use(") == 2
        assert 'kd.use("simulator")  # kd.use("real")\n' in text
        assert page.count(f"{{literalinclude}} {script.name}\n") == 1


def test_the_day_is_collected_after_the_close(tmp_path: Path) -> None:
    told = run(tmp_path, "after_close.py")
    assert told.splitlines()[-1].startswith("lake: 6 series, ")
    assert told.endswith(" 0 failed\n")
    for name in ("movers", "most_traded", "investors", "themes"):
        (file,) = (tmp_path / "collected" / name).iterdir()
        frame = kd.read_parquet(file)
        assert frame["date"].unique().cast(pl.String).to_list() == [file.stem]
    days = kd.Lake(tmp_path / "collected" / "lake").scan("investor_breakdown").collect()
    assert days["symbol"].n_unique() == 3
    # A second run asks the lake for nothing that it holds.
    assert run(tmp_path, "after_close.py").splitlines()[-1] == "lake: 0 series, 0 rows, 0 failed"


def test_a_condition_is_told(tmp_path: Path) -> None:
    first, *alerts = run(tmp_path, "alert.py", "상승 종목", "3").splitlines()
    assert re.fullmatch(r"상승 종목: \d+ stocks", first)
    assert len(alerts) == 3
    assert all(re.fullmatch(r"\d\d:\d\d:\d\d \w{6} \S.* (enter|leave)", alert) for alert in alerts)


def test_a_condition_that_is_not_saved_is_told_with_those_that_are(tmp_path: Path) -> None:
    done = start(tmp_path, "alert.py", "없는 조건")
    assert done.returncode == 1
    assert done.stderr.startswith("no condition '없는 조건'; there are: 상승 종목, ")


def test_the_open_is_recorded(tmp_path: Path) -> None:
    run(tmp_path, "record_open.py", "09:03")
    trades = kd.ticks(tmp_path / "open", feed="trade").collect()
    assert trades["symbol"].n_unique() == 3
    assert set(kd.recording_info(tmp_path / "open")["feed"]) == {"trade", "orderbook"}


def test_flows_come_to_excel_as_numbers(tmp_path: Path) -> None:
    run(tmp_path, "flows_to_excel.py")
    book = openpyxl.load_workbook(tmp_path / "flows.xlsx", read_only=True, data_only=True)
    sheets = {sheet.title: list(sheet.values) for sheet in book}
    book.close()
    assert list(sheets) == ["합계", "삼성전자", "SK하이닉스", "NAVER"]
    head, *rows = sheets["합계"]
    for name, *sums in rows:
        days = sheets[name][1:]
        assert sheets[name][0] == ("일자", *head[1:])
        assert sums == pytest.approx([sum(day) for day in [*zip(*days, strict=True)][1:]])
    kd.use("simulator", progress=False)
    asked = kd.investor_breakdown("NAVER", "2024-10-02", "2024-12-30", measure="value")
    assert rows[-1][1] == pytest.approx(asked["individual"].sum() / 100_000_000)


def test_duckdb_reads_what_the_lake_holds(tmp_path: Path) -> None:
    told = run(tmp_path, "lake_in_duckdb.py")
    days = kd.Lake(tmp_path / "market").scan("investor_breakdown").collect()
    last = days.sort("date").group_by("symbol").tail(20).group_by("symbol")
    shares = pl.col("foreign", "pension").sum()
    wanted = last.agg(pct=100 * pl.sum_horizontal(shares) / pl.col("volume").sum())
    assert wanted.height == 5
    for symbol, pct in wanted.iter_rows():
        assert re.search(rf"{symbol} .* 20 │ +{round(pct, 2)} │", told), told
