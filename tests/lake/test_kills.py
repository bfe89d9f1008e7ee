"""Whatever happens to a lake while it is written, nothing that was in it is lost, and no half is seen."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest
from polars.testing import assert_frame_equal

import kiwoomdata as kd
from kiwoomdata.lake import updating
from tests.disks import small_disk
from tests.lake.kills import CODES, START, WHAT, child, content, disorder, kill, killed
from tests.lake.test_lake import next_day, rows_of

MakeClient = Callable[..., kd.Client]


def test_killed_updates_go_on_to_the_same_bytes(tmp_path: Path) -> None:
    assert kill(4, 1, tmp_path) > 0


def test_two_updates_at_once_fill_one_lake(tmp_path: Path, server: kd.simulator.Server) -> None:
    lake, calm = tmp_path / "lake", tmp_path / "calm"
    halves = (",".join(CODES[:5]), ",".join(CODES[3:]))  # two symbols are asked for by both
    running = [child(server, lake, tmp_path / "store", "update", half) for half in halves]
    assert [killed(each, 100) for each in running] == [False, False]
    assert not killed(child(server, calm, tmp_path / "store", "update", ",".join(CODES)), 100)
    assert content(lake) == content(calm)
    assert kd.Lake(lake).check().is_empty()


def test_who_reads_while_it_is_written_sees_each_year_of_a_symbol_whole(
    tmp_path: Path, client: kd.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(updating, "SHORTEST_STEP", 0)
    monkeypatch.setattr(updating, "SHARE", 0)
    lake = kd.Lake(tmp_path / "lake")
    lake.update(CODES[:1], what="candles", start=START, client=client)
    writer = threading.Thread(target=lake.update, args=(CODES,), kwargs={"what": "candles", "client": client})
    rows = lake.scan("candles").group_by("symbol", pl.col("date").dt.year()).len()
    seen: list[set[tuple[object, ...]]] = []
    writer.start()
    while writer.is_alive():
        seen.append(set(rows.collect().rows()))
    writer.join()
    end = set(rows.collect().rows())
    assert len(end) == 2 * len(CODES)
    assert len(seen) > 1
    assert all(each <= end for each in seen)


def test_a_full_disk_leaves_the_lake_as_it_was(
    tmp_path: Path, client: kd.Client, make_client: MakeClient
) -> None:
    with small_disk(tmp_path / "disk", 4 * 2**20) as fill:
        lake = kd.Lake(tmp_path / "disk/lake")
        lake.update(CODES[:3], what=WHAT, start=START, client=client)
        before, told = content(lake.path), lake.info()
        with next_day() as later:
            again = make_client(later, cache=False)
            fill(True)
            with pytest.raises(OSError, match="No space left"):
                lake.update(what=WHAT, client=again)
            assert content(lake.path) == before
            assert_frame_equal(lake.info(), told)
            assert lake.check().is_empty()
            fill(False)
            disorder(lake, 1)
            disordered = content(lake.path)
            fill(True)
            with pytest.raises(OSError, match="No space left"):
                lake.compact()
            assert content(lake.path) == disordered
            fill(False)
            assert lake.compact()["done"].to_list() == ["rewritten"]
            assert content(lake.path) == before
            lake.update(what=WHAT, client=again)
        assert (
            rows_of(lake, "candles").height
            == 3 + kd.candles(CODES[:3], START, "2026-11-19", adjusted=False, client=client).height
        )
        assert lake.check().is_empty()
