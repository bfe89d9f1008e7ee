"""What was recorded live becomes tables of the lake, a part a day, once the day is over."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import duckdb
import polars as pl
import pytest
from click.testing import CliRunner
from polars.testing import assert_frame_equal

import kiwoomdata as kd
from kiwoomdata.cli import main
from kiwoomdata.lake import recorded
from tests.recording.test_record import at, record, trade

ITEMS = ("005930", "005930_NX", "000660", "0000D0", "X_Y")


@pytest.fixture
def lake(tmp_path: Path) -> kd.Lake:
    """A lake whose recording has two days that are over, and today (2026-11-20)."""
    lake = kd.Lake(tmp_path / "lake")
    for day in (18, 19, 20):
        for part in range(3):
            moment = at(f"2026-11-{day} 09:0{part}:00")
            record(lake.recording, [trade(n, item, moment + n) for n, item in enumerate(ITEMS)])
    return lake


def by_symbol(frame: pl.DataFrame) -> pl.DataFrame:
    return frame.sort("symbol", "venue", "received_at")


@pytest.mark.parametrize("rows", [2**20, 7])
def test_days_that_are_over_become_parts_that_every_engine_reads(
    lake: kd.Lake, client: kd.Client, rows: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recorded, "_ROWS", rows)
    report = lake.update(what="trade", client=client)
    assert (report.series, report.rows, report.requests) == (2, 30, 0)
    seen = kd.ticks(lake.recording, end="2026-11-19").collect()
    assert_frame_equal(by_symbol(lake.scan("trade").collect()), by_symbol(seen))
    parts = sorted(path.relative_to(lake.path).as_posix() for path in (lake.path / "trade").rglob("*.*"))
    assert parts == ["trade/year=2026/part-1118.parquet", "trade/year=2026/part-1119.parquet"]
    query = f"select symbol, count(*), sum(price) from '{lake.path}/trade/**/*.parquet' group by 1 order by 1"
    ours = lake.scan("trade").group_by("symbol").agg(pl.len(), pl.col("price").sum()).sort("symbol")
    assert duckdb.sql(query).fetchall() == ours.collect().rows()
    told = lake.info().filter(table="trade").row(0, named=True)
    assert (told["api_id"], told["rows"], told["to"]) == ("0B", 30, date(2026, 11, 19))
    assert lake.check().is_empty()
    assert lake.compact().is_empty()
    assert lake.update(what="trade", client=client).rows == 0
    about = pl.read_parquet_metadata(lake.path / parts[0])["kiwoomdata.lake"]
    assert json.loads(about) == {"table": "trade", "catalogue": recorded.FEED_TABLES["trade"].meaning}


def test_a_message_that_comes_later_and_a_part_that_breaks_are_taken_anew(
    lake: kd.Lake, client: kd.Client
) -> None:
    lake.update(what=["trade"], client=client)
    record(lake.recording, [trade(7, "035420", at("2026-11-19 15:00:00"))])
    assert lake.check().select("what", "from").rows() == [("outdated", date(2026, 11, 19))]
    assert lake.update(what="trade", client=client).rows == 16
    whole = lake.scan("trade").collect()
    part = lake.path / "trade/year=2026/part-1118.parquet"
    part.write_bytes(part.read_bytes()[:-100])
    assert lake.check()["what"].to_list() == ["broken file"]
    assert lake.compact()["done"].to_list() == ["set aside"]
    assert lake.update(what="trade", client=client).rows == 15
    assert_frame_equal(lake.scan("trade").collect(), whole)


def test_feeds_and_tables_are_filled_by_one_update(lake: kd.Lake, client: kd.Client) -> None:
    report = lake.update("005930", what=("trade", "candles"), start="2026-11-19", client=client)
    assert (report.series, report.failures) == (2, {})  # the trades of one day, the candles of one symbol
    days = lake.scan("trade").select(pl.col("received_at").dt.date().unique()).collect()
    assert days["received_at"].to_list() == [date(2026, 11, 19)]
    assert lake.check().is_empty()


def test_what_nobody_recorded_is_told(tmp_path: Path, client: kd.Client) -> None:
    lake = kd.Lake(tmp_path / "lake")
    with pytest.raises(ValueError, match="what: nothing was recorded for trade; record=Lake.recording does"):
        lake.update(what="trade", client=client)
    assert not lake.path.exists()


def test_the_command_line_needs_no_key_for_what_was_recorded(tmp_path: Path) -> None:
    lake = kd.Lake(tmp_path / "lake")
    words = ["lake", "update", str(lake.path), "--what"]
    told = CliRunner().invoke(main, [*words, "trade"])
    assert told.output == "Error: what: nothing was recorded for trade; record=Lake.recording does it\n"
    record(lake.recording, [trade(1, "005930", at("2024-11-18 09:00:00"))])
    done = CliRunner().invoke(main, [*words, "trade"])
    assert (done.exit_code, lake.scan("trade").collect().height) == (0, 1), done.output
    assert "no key was found" in CliRunner().invoke(main, [*words, "trade,candles"]).output
    assert "what: expected any of" in CliRunner().invoke(main, [*words, "trades"]).output


def test_a_text_that_fits_no_rule_is_told_once(lake: kd.Lake, client: kd.Client) -> None:
    record(lake.recording, [trade(1, "005930", at("2026-11-18 15:00:00"), **{"10": "x7"})] * 2)
    with pytest.warns(kd.KiwoomDataWarning, match="trade.price: 'x") as told:
        lake.update(what="trade", client=client)
    assert len(told) == 1
    assert lake.scan("trade").collect()["price"].null_count() == 2
