"""What is wrong with a lake is found, and mended by compact and the next update."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest
from click.testing import CliRunner
from polars.testing import assert_frame_equal

import kiwoomdata as kd
from kiwoomdata.cli import main
from tests.lake.kills import content
from tests.lake.test_lake import CODES, rows_of

START = "2025-11-03"
PART = "candles/year=2026/part-0.parquet"


@pytest.fixture
def lake(tmp_path: Path, client: kd.Client) -> kd.Lake:
    lake = kd.Lake(tmp_path / "lake")
    lake.update(CODES, what="candles", start=START, client=client)
    return lake


def found(lake: kd.Lake) -> list[tuple[str, str]]:
    return lake.check().select("file", "what").rows()


def test_a_lake_as_it_was_written_has_no_fault_and_nothing_to_compact(lake: kd.Lake) -> None:
    assert lake.check().is_empty()
    assert lake.compact().is_empty()


def test_a_folder_whose_name_looks_like_a_pattern_is_read_as_any_other(
    tmp_path: Path, client: kd.Client
) -> None:
    lake = kd.Lake(tmp_path / "market [1] *?")
    lake.update("005930", what=("candles", "short_selling"), start=START, client=client)
    assert lake.check().is_empty()
    assert lake.compact().is_empty()
    assert lake.info()["rows"].to_list()[1] == lake.scan("candles", adjusted=True).collect().height > 0


def flipped(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


@pytest.mark.parametrize(
    "spoil",
    [flipped, lambda path: path.write_bytes(path.read_bytes()[:1000]), lambda path: path.unlink()],
    ids=["one bit", "cut off", "gone"],
)
def test_a_broken_part_is_found_and_fetched_again(
    lake: kd.Lake, client: kd.Client, spoil: Callable[[Path], object]
) -> None:
    before = rows_of(lake, "candles")
    spoil(lake.path / PART)
    assert found(lake)[0] == ("year=2026/part-0.parquet", "broken file")
    assert lake.compact().height == 1
    assert not (lake.path / PART).exists()
    lake.update(what="candles", client=client)
    assert_frame_equal(rows_of(lake, "candles"), before)
    assert {what for file, what in found(lake) if not file.startswith("_broken")} == set()


def test_an_update_never_takes_over_a_part_that_is_broken(lake: kd.Lake, client: kd.Client) -> None:
    flipped(lake.path / PART)
    content = (lake.path / PART).read_bytes()
    with pytest.raises(kd.CacheError, match="is not what was written there.*compact"):
        lake.update("035420", what="candles", start=START, client=client)
    assert (lake.path / PART).read_bytes() == content


def test_duplicates_drift_and_strange_files_are_found_and_compacted(lake: kd.Lake) -> None:
    before = rows_of(lake, "candles")
    rows = pl.read_parquet(lake.path / PART, hive_partitioning=False)
    note_digest_of(lake, pl.concat([rows, rows.head(2)]))
    older = lake.path / "candles/year=2025/part-0.parquet"
    rows = pl.read_parquet(older, hive_partitioning=False)
    note_digest_of(lake, rows.drop("turnover_pct").with_columns(pl.col("volume").cast(pl.Int32)), 2025)
    (lake.path / "candles/notes.txt").write_text("mine")
    assert {what for _, what in found(lake)} == {"duplicate key", "not sorted", "schema drift", "no part"}
    assert lake.compact().select("file", "done").rows() == [
        ("year=2025/part-0.parquet", "rewritten"),
        ("year=2026/part-0.parquet", "rewritten"),
    ]
    assert {what for _, what in found(lake)} == {"no part"}
    after = rows_of(lake, "candles")
    assert_frame_equal(after.drop("turnover_pct"), before.drop("turnover_pct"))
    assert after.filter(pl.col("date").dt.year() == 2025)["turnover_pct"].null_count() == rows.height


def note_digest_of(lake: kd.Lake, rows: pl.DataFrame, year: int = 2026) -> None:
    """Put rows in the place of a part, as another writer of lakes would."""
    rows.write_parquet(lake.path / f"candles/year={year}/part-0.parquet")
    manifest = lake.path / "_manifest/candles.json"
    told = json.loads(manifest.read_text())
    del told["parts"][f"year={year}/part-0.parquet"]
    manifest.write_text(json.dumps(told))


def test_rows_of_an_earlier_catalogue_are_told_and_asked_for_anew(lake: kd.Lake, client: kd.Client) -> None:
    before, written = rows_of(lake, "candles"), content(lake.path)
    rows = pl.read_parquet(lake.path / PART, hive_partitioning=False)
    # As if it had read the value in thousands, and had not known the turnover.
    note_digest_of(lake, rows.with_columns(pl.col("value") // 1000).drop("turnover_pct"))
    manifest = lake.path / "_manifest/candles.json"
    told = json.loads(manifest.read_text())
    for held in told["held"].values():
        held["version"] = "0123456789abcdef"
    manifest.write_text(json.dumps(told))
    assert lake.info().filter(table="candles")["outdated"].to_list() == [3]
    assert lake.check()["what"].to_list().count("earlier catalogue") == 3
    report = lake.update(what="candles", client=client)
    assert (report.series, report.requests) == (3, 6)  # of today's rows, as traded and adjusted
    assert_frame_equal(rows_of(lake, "candles"), before)
    assert content(lake.path) == written
    assert lake.check().is_empty()


@pytest.mark.parametrize("gone", [True, False])
def test_without_factors_nothing_is_adjusted(lake: kd.Lake, client: kd.Client, gone: bool) -> None:
    path = lake.path / "factors/part-0.parquet"
    before = lake.scan("candles", adjusted=True).collect()
    path.unlink() if gone else path.write_bytes(b"PAR1")
    assert ("part-0.parquet", "broken file") in found(lake)
    lake.compact()
    assert lake.scan("candles", adjusted=True).collect()["close"].null_count() == before.height
    lake.update(what="candles", client=client)
    assert_frame_equal(lake.scan("candles", adjusted=True).collect(), before)


def test_minutes_whose_days_are_not_known_are_not_adjusted(tmp_path: Path, client: kd.Client) -> None:
    lake = kd.Lake(tmp_path / "minutes")
    lake.update(CODES[:2], what="candles_60m", start="2026-11-02", client=client)
    with pytest.raises(ValueError, match="adjusted: the lake has no factors; update\\(what='candles'\\)"):
        lake.scan("candles_60m", adjusted=True)
    lake.update(CODES[0], what="candles", start="2026-11-09", client=client)
    rows = lake.scan("candles_60m", adjusted=True)
    known = rows.filter(pl.col("close").is_not_null()).select(pl.col("symbol").unique(), pl.col("time").min())
    assert known.collect().row(0)[0] == CODES[0]
    assert f"{known.collect()['time'][0]:%m-%d}" == "11-09"
    assert rows.filter(symbol=CODES[1]).collect()["close"].null_count() > 0


def test_the_command_line_updates_and_looks_over(tmp_path: Path) -> None:
    folder = str(tmp_path / "lake")

    def run(*words: str) -> tuple[int, str]:
        result = CliRunner().invoke(main, ["lake", *words])
        return result.exit_code, result.output

    tables = ("--what", "candles", "--mode", "simulator")
    code, said = run("update", folder, "005930", "--from", "2024-01-02", *tables)
    assert (code, "1 series" in said) == (0, True)
    assert run("check", folder) == (0, "nothing is wrong\n")
    assert run("compact", folder) == (0, "nothing to do\n")
    assert "ka10081" in run("info", folder)[1]
    flipped(next(Path(folder).glob("candles/year=2024/*")))
    assert run("check", folder)[0] == 1
    assert "set aside" in run("compact", folder)[1]
    assert run("update", folder, "--what", "bars", "--mode", "simulator")[0] == 2


def test_rows_of_an_earlier_catalogue_that_nobody_gives_any_more_are_told(
    tmp_path: Path, client: kd.Client, server: kd.simulator.Server
) -> None:
    """Short selling goes back 336 trading days: what was kept before stays, as it was read."""
    lake = kd.Lake(tmp_path / "short")
    lake.update(CODES[0], what="short_selling", start="2025-11-03", client=client)
    part = lake.path / "short_selling/year=2025/part-0.parquet"
    rows = pl.read_parquet(part, hive_partitioning=False)
    older = rows.with_columns(pl.col("date").dt.offset_by("-1y")).with_columns(pl.col("volume") // 1000)
    manifest = lake.path / "_manifest/short_selling.json"
    told = json.loads(manifest.read_text())
    held = told["held"][CODES[0]]
    held |= {"first": "2024-11-03", "oldest": str(older["date"].min()), "version": "0123456789abcdef"}
    (lake.path / "short_selling/year=2024").mkdir()
    older.filter(pl.col("date").dt.year() == 2024).write_parquet(
        lake.path / "short_selling/year=2024/part-0.parquet"
    )
    manifest.write_text(json.dumps(told))
    assert lake.check()["what"].to_list() == ["earlier catalogue"]
    lake.update(what="short_selling", client=client)
    (found,) = lake.check().rows(named=True)
    assert (found["what"], found["from"], found["told"]) == (
        "earlier catalogue",
        older["date"].min(),
        "the server gives these days no more: they stay as that catalogue read them",
    )
    assert (
        found["to"] < lake.scan("short_selling").filter(pl.col("date") > found["to"]).collect()["date"].min()
    )
    assert lake.info().filter(table="short_selling")["outdated"].to_list() == [1]
