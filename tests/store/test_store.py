"""The store on disk: what it keeps, whom it refuses, and what it survives."""

from __future__ import annotations

import dataclasses
import inspect
import json
import os
import pickle
import random
import shutil
import signal
import sqlite3
import stat
import subprocess
import sys
import tempfile
import threading
import time
import warnings
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from pathlib import Path

import diskcache
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kiwoomdata.errors import CacheError, KiwoomDataWarning
from kiwoomdata.store.intervals import Days
from kiwoomdata.store.rawdisk import RawDisk
from kiwoomdata.store.series import Block, Header, SeriesKey, Store

ROOT = Path(__file__).parents[2]
DAY = date(2024, 3, 4)
KEY = SeriesKey("prod", "ka10086", (("stk_cd", "005930"), ("indc_tp", "0")))


class Clock:
    now = 1_709_845_200.0  # 2024-03-08 06:00 in Seoul

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "store"


@pytest.fixture
def store(folder: Path, clock: Clock) -> Iterator[Store]:
    store = Store(folder, clock=clock, busy_timeout=0.2)
    yield store
    store.close()


def key(symbol: str) -> SeriesKey:
    return SeriesKey("prod", "ka10086", (("stk_cd", symbol),))


def days(first: int, last: int) -> Days:
    return Days.between(DAY + timedelta(days=first), DAY + timedelta(days=last))


def rows(first: int, last: int, word: str = "a", size: int = 1) -> pl.DataFrame:
    numbers = range(last, first - 1, -1)  # newest first, as served
    dates = [f"{DAY + timedelta(days=n):%Y%m%d}" for n in numbers]
    noise = [f"{word}{n}" + random.Random(n).randbytes(size // 2).hex() for n in numbers]
    return pl.DataFrame({"date": dates, "text": noise})


def put(store: Store, who: SeriesKey, first: int, last: int, word: str = "a", **more: object) -> Block:
    size = more.pop("size", 1)
    new = rows(first, last, word, size)  # type: ignore[arg-type]
    return store.merge(who, new, days(first, last), date_column="date", version="1", **more)  # type: ignore[arg-type]


def texts(block: Block | None) -> list[str]:
    assert block is not None
    return block.rows["text"].to_list()


def block_files(folder: Path) -> list[Path]:
    return sorted(folder.glob("??/*.block"))


def sql(folder: Path, statement: str, *values: object) -> list[tuple[object, ...]]:
    connection = sqlite3.connect(folder / "cache.db")
    try:
        with connection:
            return connection.execute(statement, values).fetchall()
    finally:
        connection.close()


PRELUDE = """
from __future__ import annotations
import json, os, random, resource, sys, time, warnings
from datetime import date, timedelta
import polars as pl
from kiwoomdata.errors import CacheError, KiwoomDataWarning
from kiwoomdata.store.intervals import Days
from kiwoomdata.store.series import Block, SeriesKey, Store
DAY = date(2024, 3, 4)
"""


def python(code: str, *args: object, **more: object) -> subprocess.Popen[str]:
    """Another process, which knows the helpers above without importing the test tools."""
    helpers = map(inspect.getsource, (key, days, rows, put, texts))
    prelude = PRELUDE + "\n".join(helpers) + f"\nKEY = {KEY!r}\n"
    return subprocess.Popen(
        [sys.executable, "-c", prelude + code, *map(str, args)],
        cwd=ROOT,
        env={
            **os.environ,
            "PYTHONPATH": os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")]),
            "PYTHONDONTWRITEBYTECODE": "1",
        },
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        **more,  # type: ignore[call-overload]
    )


# In a folder that is not pytest's own, which another user may not enter; root is stopped by no permission.
AS_NOBODY = """
put(Store(sys.argv[2]), KEY, 0, 1)  # so that all is imported while it may be
if os.getuid() == 0:
    os.setgroups([]); os.setgid(65534); os.setuid(65534)
"""


def finished(process: subprocess.Popen[str]) -> str:
    out, err = process.communicate(timeout=60)
    assert process.returncode == 0, err
    return out


# what it keeps


def test_a_store_gives_back_what_was_merged_oldest_first(store: Store) -> None:
    returned = put(store, KEY, 0, 2, as_of=DAY)
    block = store.read(KEY)
    assert block is not None
    assert block.rows.equals(rows(0, 2).reverse())
    assert (block.key, block.coverage, block.version, block.as_of) == (KEY, days(0, 2), "1", DAY)
    assert (block.row_count, block.fetched_at) == (3, Clock.now)
    assert returned.rows.equals(block.rows)
    names = [one.name for one in dataclasses.fields(Header)]
    assert store.header(KEY) == Header(**{name: getattr(block, name) for name in names})


def test_another_process_reads_what_one_has_stored(store: Store, folder: Path) -> None:
    put(store, KEY, 0, 2)
    other = python("print(Store(sys.argv[1]).read(KEY).rows['text'].to_list())", folder)
    assert finished(other).strip() == "['a0', 'a1', 'a2']"


def test_the_covered_days_are_replaced_and_all_others_kept(store: Store) -> None:
    put(store, KEY, 0, 4)
    put(store, KEY, 2, 6, "b")
    assert texts(store.read(KEY)) == ["a0", "a1", "b2", "b3", "b4", "b5", "b6"]
    assert store.read(KEY).coverage == days(0, 6)  # type: ignore[union-attr]


def test_a_covered_day_for_which_nothing_came_has_no_rows_any_more(store: Store) -> None:
    put(store, KEY, 0, 2)
    store.merge(KEY, pl.DataFrame(), days(1, 5), date_column="date", version="1")
    assert texts(store.read(KEY)) == ["a0"]
    assert store.read(KEY).coverage == days(0, 5)  # type: ignore[union-attr]


def test_a_series_without_any_rows_is_remembered_as_such(store: Store) -> None:
    store.merge(KEY, pl.DataFrame(), days(0, 5), date_column="date", version="1")
    block = store.read(KEY)
    assert block is not None
    assert (block.coverage, block.rows.shape) == (days(0, 5), (0, 0))
    put(store, KEY, 2, 2)
    assert texts(store.read(KEY)) == ["a2"]


def test_rows_of_days_that_are_not_covered_are_not_taken(store: Store) -> None:
    store.merge(KEY, rows(0, 5), days(1, 2), date_column="date", version="1")
    assert texts(store.read(KEY)) == ["a1", "a2"]


def test_replace_lets_go_of_the_stored_block(store: Store) -> None:
    put(store, KEY, 0, 4, as_of=DAY)
    put(store, KEY, 3, 5, "b", replace=True)
    block = store.read(KEY)
    assert texts(block) == ["b3", "b4", "b5"]
    assert block is not None
    assert (block.coverage, block.as_of) == (days(3, 5), None)


def test_the_as_of_day_and_version_are_the_newest_that_were_given(store: Store) -> None:
    put(store, KEY, 0, 0, as_of=DAY)
    assert put(store, KEY, 1, 1).as_of == DAY
    later = store.merge(KEY, rows(2, 2), days(2, 2), date_column="date", version="2", as_of=date(2024, 5, 1))
    assert (later.as_of, later.version) == (date(2024, 5, 1), "2")


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.integers(0, 20), st.integers(0, 6)), min_size=1, max_size=6))
def test_any_sequence_of_merges_leaves_of_each_day_what_came_last(
    store: Store, spans: list[tuple[int, int]]
) -> None:
    wanted: dict[int, str] = {}
    store.discard(KEY.__eq__)
    for n, (first, length) in enumerate(spans):
        put(store, KEY, first, first + length, f"{n}/")
        wanted |= {day: f"{n}/{day}" for day in range(first, first + length + 1)}
    block = store.read(KEY)
    assert texts(block) == [wanted[day] for day in sorted(wanted)]
    assert block is not None
    assert block.coverage.count == len(wanted)


def test_a_clock_that_steps_back_takes_no_coverage_away(store: Store, clock: Clock) -> None:
    put(store, KEY, 0, 4)
    clock.now -= 30 * 86_400
    assert store.read(KEY).coverage == days(0, 4)  # type: ignore[union-attr]
    assert put(store, KEY, 5, 5).coverage == days(0, 5)


def test_raw_and_adjusted_prices_are_two_series(store: Store) -> None:
    raw, adjusted = (
        SeriesKey("prod", "ka10081", (("stk_cd", "005930"), ("upd_stkpc_tp", tp))) for tp in "01"
    )
    put(store, raw, 0, 1, "raw")
    put(store, adjusted, 1, 2, "adjusted")
    assert texts(store.read(raw)) == ["raw0", "raw1"]
    assert texts(store.read(adjusted)) == ["adjusted1", "adjusted2"]


def test_the_order_of_the_parameters_makes_no_other_series() -> None:
    again = SeriesKey("prod", "ka10086", tuple(reversed(KEY.identity)))
    assert again == KEY
    assert again.text() == KEY.text()
    assert SeriesKey.parse(KEY.text()) == ("rows", KEY)
    assert KEY.symbol == "005930"


@pytest.mark.parametrize(
    "text", ["", "5", "[]", "{}", '["rows", "prod", "ka1", [1]]', '["rows","prod","ka1",[]]']
)
def test_a_key_of_another_kind_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        SeriesKey.parse(text)


def test_only_text_is_stored(store: Store) -> None:
    with pytest.raises(
        TypeError, match=r"new_rows: expected text columns as served, got \{'date': 'Int64'\}"
    ):
        store.merge(KEY, pl.DataFrame({"date": [20240304]}), days(0, 0), date_column="date", version="1")


def test_a_row_whose_day_is_no_date_is_refused_and_nothing_changes(store: Store) -> None:
    put(store, KEY, 0, 1)
    with pytest.raises(ValueError, match="date: expected a day as YYYYMMDD, got 'soon'"):
        store.merge(KEY, pl.DataFrame({"date": ["soon"]}), days(0, 5), date_column="date", version="1")
    assert texts(store.read(KEY)) == ["a0", "a1"]


# short-lived answers


def test_a_snapshot_is_served_within_its_life_only(store: Store, clock: Clock) -> None:
    store.snapshot_put(KEY, b"\x80\x04payload", life=5)
    assert store.snapshot_get(KEY) == b"\x80\x04payload"
    assert store.snapshot_get(KEY, clock.now + 4.9) == b"\x80\x04payload"
    assert store.snapshot_get(KEY, clock.now + 5) is None
    assert store.snapshot_get(KEY, clock.now - 1) is None  # the clock stepped back
    assert store.read(KEY) is None


def test_a_snapshot_without_a_life_is_not_kept(store: Store, folder: Path) -> None:
    store.snapshot_put(KEY, b"payload", life=0)
    assert store.snapshot_get(KEY) is None
    assert not block_files(folder)


def test_snapshots_that_are_over_make_room(store: Store, folder: Path, clock: Clock) -> None:
    for n in range(3):
        store.snapshot_put(key(str(n)), b"payload", life=5)
    clock.now += 10
    store.snapshot_put(KEY, b"payload", life=5)
    assert len(block_files(folder)) == 1


# size and sight


def test_the_blocks_used_longest_ago_go_first_and_go_whole(folder: Path, clock: Clock) -> None:
    store = Store(folder, size_limit=2**20, clock=clock)
    for n in range(4):
        put(store, key(str(n)), 0, 9, size=45_000)
        clock.now += 100
    assert store.read(key("0")) is not None  # and so it is used
    put(store, key("4"), 0, 9, size=45_000)
    left = {n for n in range(5) if store.read(key(str(n))) is not None}
    assert 1 not in left
    assert {0, 4} <= left
    assert sum(file.stat().st_size for file in block_files(folder)) <= 2**20
    assert sorted(store.info()["symbol"]) == [str(n) for n in sorted(left)]
    store.close()


def test_no_block_goes_for_a_short_lived_answer(folder: Path, clock: Clock) -> None:
    store = Store(folder, size_limit=2**20, clock=clock)
    for n in range(2):
        put(store, key(str(n)), 0, 9, size=45_000)
        store.snapshot_put(key(str(n)), os.urandom(90_000), life=1e9)
        clock.now += 100
    store.snapshot_put(key("2"), os.urandom(600_000), life=1e9)
    assert store.snapshot_get(key("2")) is None
    put(store, key("3"), 0, 1, size=45_000)
    assert sorted(store.info()["symbol"]) == ["0", "1", "3"]  # the answers made room for it
    store.close()


def test_a_block_above_the_limit_is_served_but_not_stored(folder: Path) -> None:
    store = Store(folder, size_limit=2**20)
    put(store, KEY, 0, 1)
    with pytest.warns(
        KiwoomDataWarning, match=r"ka10086 005930: a block of \d+ bytes exceeds the size_limit"
    ):
        block = put(store, KEY, 2, 21, size=200_000)
    assert len(texts(block)) == 22
    assert texts(store.read(KEY)) == ["a0", "a1"]
    store.close()


def test_a_limit_below_one_block_is_refused(folder: Path) -> None:
    with pytest.raises(ValueError, match="size_limit: expected at least 1048576 bytes"):
        Store(folder, size_limit=2**20 - 1)


def test_info_has_one_schema_with_and_without_blocks(store: Store, clock: Clock) -> None:
    empty = store.info()
    put(store, KEY, 0, 2, as_of=DAY)
    clock.now += 100
    put(store, SeriesKey("mock", "ka90007", (("mrkt_tp", "0"),)), 1, 1)
    store.snapshot_put(KEY, b"payload", 5)
    info = store.info()
    assert empty.schema == info.schema
    assert info.columns == ["api_id", "symbol", "server", "from", "to", "rows", "bytes", "as_of", "last_used"]
    assert info.drop("bytes", "last_used").rows() == [
        ("ka90007", None, "mock", DAY + timedelta(days=1), DAY + timedelta(days=1), 1, None),
        ("ka10086", "005930", "prod", DAY, DAY + timedelta(days=2), 3, DAY),
    ]
    assert str(info["last_used"][1]) == "2024-03-08 06:00:00+09:00"
    assert info["bytes"].min() > 100  # type: ignore[operator]


@pytest.mark.parametrize(
    ("filters", "left"),
    [
        ({"symbol": "A"}, {"ka2 A", "ka1 B"} - {"ka2 A"}),
        ({"api_id": "ka1"}, {"ka2 A"}),
        ({"symbol": "A", "api_id": "ka1"}, {"ka2 A", "ka1 B"}),
        ({"before": date(2024, 3, 9)}, {"ka1 B"}),
        ({"symbol": "none"}, {"ka1 A", "ka2 A", "ka1 B"}),
        ({"everything": True}, set()),
    ],
)
def test_clear_lets_go_of_what_fits_all_filters(
    store: Store, folder: Path, clock: Clock, filters: dict[str, object], left: set[str]
) -> None:
    for n, (api_id, symbol) in enumerate([("ka1", "A"), ("ka2", "A"), ("ka1", "B")]):
        clock.now = Clock.now + n // 2 * 86_400
        put(store, SeriesKey("prod", api_id, (("stk_cd", symbol),)), 0, 1)
    assert store.clear(**filters) == 3 - len(left)  # type: ignore[arg-type]
    assert {f"{api_id} {symbol}" for api_id, symbol, *_ in store.info().rows()} == left
    assert len(block_files(folder)) == len(left)


@pytest.mark.parametrize("filters", [{}, {"everything": True, "symbol": "A"}])
def test_clear_wants_to_know_what(store: Store, filters: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"clear: give symbol=, api_id= or before=; or.*everything=True"):
        store.clear(**filters)  # type: ignore[arg-type]


def test_delete_lets_go_of_one_series(store: Store) -> None:
    put(store, KEY, 0, 1)
    put(store, key("000660"), 0, 1)
    assert store.discard(KEY.__eq__) == 1
    assert store.discard(KEY.__eq__) == 0
    assert store.read(KEY) is None
    assert store.read(key("000660")) is not None


# whom it refuses


class Evil:
    """Unpickled, it makes the file that its class names."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> tuple[Callable[..., object], tuple[str]]:
        return os.mkdir, (str(self.mark),)


@pytest.mark.parametrize("place", ["inline", "file", "both"])
@pytest.mark.parametrize("mode", [1, 2, 3, 4])
def test_a_pickle_planted_as_a_value_is_refused(
    store: Store, folder: Path, tmp_path: Path, place: str, mode: int
) -> None:
    put(store, KEY, 0, 1)
    put(store, key("000660"), 0, 1)
    evil, mark = pickle.dumps(Evil(tmp_path / "executed")), tmp_path / "executed"
    ((name,),) = sql(folder, "SELECT filename FROM Cache WHERE key = ?", KEY.text())
    (folder / str(name)).write_bytes(evil)
    value, file = (None if place == "file" else evil), (None if place == "inline" else name)
    sql(
        folder,
        "UPDATE Cache SET mode = ?, value = ?, filename = ? WHERE key = ?",
        mode,
        value,
        file,
        KEY.text(),
    )
    with pytest.warns(KiwoomDataWarning, match=r"was refused|set aside"):
        assert store.read(KEY) is None
    assert sql(folder, "SELECT key FROM Cache") == [(key("000660").text(),)]
    assert texts(put(store, KEY, 0, 1, "b")) == texts(store.read(KEY)) == ["b0", "b1"]
    assert texts(store.read(key("000660"))) == ["a0", "a1"]
    assert not mark.exists()


def test_an_entry_that_was_tampered_with_does_not_cost_an_intact_block(store: Store, folder: Path) -> None:
    put(store, KEY, 0, 1)
    sql(folder, "UPDATE Cache SET mode = 4")
    with pytest.warns(KiwoomDataWarning, match="a value of mode 4"):
        assert texts(store.read(KEY)) == ["a0", "a1"]
    assert texts(store.read(KEY)) == ["a0", "a1"]


def test_a_pickle_planted_as_a_key_is_refused(store: Store, folder: Path, tmp_path: Path) -> None:
    put(store, KEY, 0, 1)
    evil, mark = pickle.dumps(Evil(tmp_path / "executed")), tmp_path / "executed"
    for raw in (0, 1):
        sql(folder, "INSERT INTO Cache (key, raw, mode, filename, size) VALUES (?, ?, 2, 'x', 1)", evil, raw)
    with pytest.warns(KiwoomDataWarning, match="2 entries that this package did not write were refused"):
        assert store.info().height == 1
    assert len(sql(folder, "SELECT * FROM Cache")) == 1
    assert not mark.exists()


@pytest.mark.parametrize("kind", ["absolute", "parent", "link", "linked folder", "pipe", "no text"])
def test_a_crafted_file_name_reaches_nothing_outside(
    store: Store, folder: Path, tmp_path: Path, kind: str
) -> None:
    put(store, KEY, 0, 1)
    block = block_files(folder)[0]
    inside = block.relative_to(folder).as_posix()
    victim = tmp_path / "victim"
    victim.mkdir()
    secret = victim / block.name
    shutil.copy(block, secret)
    shutil.copy(block, tmp_path / block.name)
    names = {"absolute": str(secret), "parent": f"../{block.name}", "no text": b"\x00"}
    block.unlink()
    if kind == "link":
        block.symlink_to(secret)
    elif kind == "linked folder":
        block.parent.rmdir()
        block.parent.symlink_to(victim)
    elif kind == "pipe":
        os.mkfifo(block)
    sql(folder, "UPDATE Cache SET filename = ?", names.get(kind, inside))
    with pytest.warns(KiwoomDataWarning):
        assert store.read(KEY) is None
    with warnings.catch_warnings(record=True):
        warnings.simplefilter("always")
        sql(
            folder, "INSERT OR IGNORE INTO Cache (key, raw, mode, filename) VALUES (?, 1, 2, 'x')", KEY.text()
        )
        sql(folder, "UPDATE Cache SET filename = ?", names.get(kind, inside))
        assert texts(put(store, KEY, 0, 1, "b")) == ["b0", "b1"]
        store.clear(everything=True)
    assert secret.read_bytes() == (tmp_path / block.name).read_bytes()
    assert os.listdir(victim) == [block.name]


def test_making_room_removes_no_file_that_a_planted_entry_names(
    store: Store, folder: Path, tmp_path: Path
) -> None:
    put(store, KEY, 0, 1)
    victim = tmp_path / "victim"
    victim.touch()
    for name in (str(victim), "../victim", b"../victim"):
        planted = (str(name), name, 2**40)
        sql(
            folder,
            "INSERT INTO Cache (key, raw, mode, filename, size, access_time) VALUES (?, 1, 2, ?, ?, 0)",
            *planted,
        )
    put(store, KEY, 2, 2)
    assert len(sql(folder, "SELECT * FROM Cache")) == 1
    assert victim.exists()


def test_no_road_of_diskcache_itself_leads_to_a_pickle(store: Store, folder: Path, tmp_path: Path) -> None:
    put(store, KEY, 0, 1)
    evil, mark = pickle.dumps(Evil(tmp_path / "executed")), tmp_path / "executed"
    sql(folder, "UPDATE Cache SET mode = 4, value = ?", evil)
    sql(folder, "INSERT INTO Cache (key, raw, mode, value) VALUES (?, 0, 4, ?)", evil, evil)
    with diskcache.Cache(str(folder), disk=RawDisk) as cache:
        with pytest.raises(Exception, match="a value of mode 4"):
            cache.get(KEY.text())
        with pytest.raises(Exception, match="a value of mode 4"):
            cache.pop(KEY.text())
        with pytest.raises(Exception, match="a key that is not text"):
            list(cache)
        with pytest.raises(Exception, match="a key that is not text"):
            cache.peekitem()
    assert not mark.exists()


def test_planted_settings_become_neither_attributes_nor_pragmas(folder: Path, tmp_path: Path) -> None:
    with_block = Store(folder)
    put(with_block, KEY, 0, 1)
    with_block.close()
    planted = {
        "disk__directory": str(tmp_path),
        "_directory": str(tmp_path),
        "find": "x",
        "sqlite_journal_mode": "off",
        "sqlite_query_only = 1; --": "1",
        "eviction_policy": "none'",
        "disk_min_file_size": 10**9,
        "size": pickle.dumps(Evil(tmp_path / "executed")),
    }
    for name, value in planted.items():
        sql(folder, "INSERT OR REPLACE INTO Settings VALUES (?, ?)", name, value)
    store = Store(folder)
    assert texts(put(store, KEY, 2, 2)) == ["a0", "a1", "a2"]
    assert sql(folder, "PRAGMA journal_mode") == [("wal",)]
    assert len(block_files(folder)) == 1
    assert not (tmp_path / "executed").exists()
    store.close()


def test_settings_of_no_text_make_the_index_anew(store: Store, folder: Path) -> None:
    put(store, KEY, 0, 1)
    store.close()
    sql(folder, "INSERT INTO Settings VALUES (?, 1)", b"\xff")
    with pytest.warns(KiwoomDataWarning, match=r"the damaged index .* was set aside as cache.db.broken-1"):
        assert texts(store.read(KEY)) == ["a0", "a1"]


def test_nothing_but_text_keys_and_files_is_ever_written(store: Store, folder: Path) -> None:
    put(store, KEY, 0, 1)
    store.snapshot_put(KEY, b"payload", 5)
    kinds = sql(folder, "SELECT DISTINCT typeof(key), raw, mode, typeof(value), tag FROM Cache")
    assert kinds == [("text", 1, 2, "null", None)]
    disk = RawDisk(str(folder))
    with pytest.raises(TypeError, match="key: expected str, got tuple"):
        disk.put(("a", "b"))
    with pytest.raises(TypeError, match="value: expected bytes, got dict"):
        disk.store({}, False, "key")


@pytest.mark.parametrize("umask", [0, 0o277])
def test_files_are_for_their_owner_alone_whatever_the_umask(tmp_path: Path, umask: int) -> None:
    before = os.umask(umask)
    try:
        store = Store(tmp_path / "store")
        with store.lock(KEY):
            put(store, KEY, 0, 1)
        modes = {path.relative_to(tmp_path): path.stat() for path in tmp_path.rglob("*")}
    finally:
        os.umask(before)
    store.close()
    assert {"store/cache.db", "store/cache.db-wal", "store/open.lock"} <= set(map(str, modes))
    for path, found in modes.items():
        assert stat.S_IMODE(found.st_mode) == (0o700 if stat.S_ISDIR(found.st_mode) else 0o600), path


def test_a_folder_that_holds_other_things_keeps_its_permissions(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").touch()
    tmp_path.chmod(0o755)
    for _ in range(2):
        store = Store(tmp_path)
        put(store, KEY, 0, 1)
        store.close()
    store.clear(everything=True)
    store.close()
    assert stat.S_IMODE(tmp_path.stat().st_mode) == 0o755
    assert (tmp_path / "thesis.txt").exists()


# what it survives


@pytest.mark.parametrize("below", ["", "deeper"])
def test_a_path_that_is_a_file_is_an_error_with_a_remedy(tmp_path: Path, below: str) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(CacheError, match=r"cannot be the store's folder.*KIWOOMDATA_CACHE.*cache=False"):
        Store(tmp_path / "file" / below)


@pytest.mark.parametrize("damage", ["flipped", "cut", "empty", "foreign", "of another series"])
def test_a_damaged_block_is_set_aside_and_costs_no_other(store: Store, folder: Path, damage: str) -> None:
    put(store, key("other"), 0, 1)
    (other,) = block_files(folder)
    put(store, KEY, 0, 1)
    (file,) = set(block_files(folder)) - {other}
    whole = file.read_bytes()
    for at in range(0, len(whole), 41 if damage in ("flipped", "cut") else len(whole)):
        flipped = whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :]
        foreign = {
            "cut": whole[:at],
            "empty": b"",
            "foreign": b"PAR1" * 99,
            "of another series": other.read_bytes(),
        }
        file.write_bytes(foreign.get(damage, flipped))
        with pytest.warns(
            KiwoomDataWarning, match=rf"a damaged block .* was set aside as {file.name}.broken-"
        ):
            assert store.read(KEY) is None
        put(store, KEY, 0, 1)
        (file,) = set(block_files(folder)) - {other}
    assert 1 <= len(list(folder.glob("*.broken-*"))) <= 16
    assert texts(store.read(key("other"))) == texts(store.read(KEY)) == ["a0", "a1"]


def test_a_merge_over_a_damaged_block_stores_what_came(store: Store, folder: Path) -> None:
    put(store, KEY, 0, 1)
    block_files(folder)[0].write_bytes(b"damage")
    with pytest.warns(KiwoomDataWarning, match="set aside"):
        assert put(store, KEY, 1, 2).coverage == days(1, 2)
    assert texts(store.read(KEY)) == ["a1", "a2"]


def test_no_damage_to_the_index_loses_a_block(store: Store, folder: Path, tmp_path: Path) -> None:
    symbols = [f"{n:06d}" for n in range(20)]
    for symbol in symbols:
        put(store, key(symbol), 0, 1)
    store.close()
    whole = (folder / "cache.db").read_bytes()
    pages = range(0, len(whole), 4096)
    damages = [whole[:at] for at in (1, 100, 4096, len(whole) // 2, len(whole) - 1)] + [
        b"",
        b"no database" * 500,
    ]
    damages += [whole[:at] + random.Random(at).randbytes(4096) + whole[at + 4096 :] for at in pages]
    damages += [whole[:at] + bytes(4096) + whole[at + 4096 :] for at in pages]
    for n, damaged in enumerate(damages):
        copy = tmp_path / str(n)
        shutil.copytree(folder, copy)
        (copy / "cache.db").write_bytes(damaged)
        again = Store(copy)
        with warnings.catch_warnings(record=True) as seen:
            warnings.simplefilter("always")
            assert [texts(again.read(key(symbol))) for symbol in symbols] == [["a0", "a1"]] * 20, n
            put(again, KEY, 0, 1)
            assert again.info().height == 21, n
        again.close()
        assert {warning.category for warning in seen} <= {KiwoomDataWarning}


def test_an_index_that_breaks_while_it_is_open_is_made_anew(store: Store, folder: Path) -> None:
    put(store, KEY, 0, 1)
    sql(folder, "DROP TABLE Cache")
    with pytest.warns(KiwoomDataWarning, match=r"no such table.* was set aside as cache.db.broken-1"):
        assert texts(store.read(KEY)) == ["a0", "a1"]
    assert texts(put(store, KEY, 2, 2)) == ["a0", "a1", "a2"]
    assert store.info().height == 1


def test_a_folder_that_vanishes_is_made_again(store: Store, folder: Path) -> None:
    put(store, KEY, 0, 1)
    shutil.rmtree(folder)
    assert store.read(KEY) is None
    put(store, KEY, 0, 1)
    assert texts(store.read(KEY)) == ["a0", "a1"]


def test_an_index_held_by_somebody_else_costs_storing_but_no_answer(store: Store, folder: Path) -> None:
    put(store, KEY, 0, 1)
    holder = python(
        """
import sqlite3
index = sqlite3.connect(sys.argv[1], isolation_level=None)
index.execute("BEGIN EXCLUSIVE")
print("held", flush=True)
sys.stdin.read()
""",
        folder / "cache.db",
        stdin=subprocess.PIPE,
    )
    assert holder.stdout is not None
    assert holder.stdout.readline() == "held\n"
    assert texts(store.read(KEY)) == ["a0", "a1"]
    store.snapshot_put(KEY, b"a shortcut", life=60, spare=True)  # no wait and no warning
    with pytest.warns(KiwoomDataWarning, match=r"could not be written .*database is locked"):
        assert texts(put(store, KEY, 2, 2)) == ["a0", "a1", "a2"]
    late = Store(folder, busy_timeout=0.1)
    with pytest.warns(KiwoomDataWarning, match="could not be read .*database is locked"):
        assert texts(late.read(KEY)) == ["a0", "a1"]
    finished(holder)
    assert texts(put(store, KEY, 3, 3)) == ["a0", "a1", "a3"]
    late.close()


def test_a_folder_that_cannot_be_written_to_is_still_read() -> None:
    top = Path(tempfile.mkdtemp())
    top.chmod(0o755)
    code = (
        AS_NOBODY
        + """
store = Store(sys.argv[1])
with warnings.catch_warnings(record=True) as seen:
    warnings.simplefilter("always")
    before = texts(store.read(KEY))
    with store.lock(KEY) as held:
        merged = texts(put(store, KEY, 2, 2))
print(before, merged, texts(store.read(KEY)), held, store.clear(everything=True))
print({warning.category.__name__ for warning in seen})
try:
    Store(sys.argv[1] + "/deeper")
except CacheError as error:
    print("cannot be the store's folder" in str(error))
"""
    )
    try:
        store = Store(top / "store")
        put(store, KEY, 0, 1)
        store.close()
        for path in (top / "store", *(top / "store").rglob("*")):
            if os.getuid() == 0:
                os.chown(path, 65534, 65534)
            path.chmod(0o500 if path.is_dir() else 0o600)
        out = finished(python(code, top / "store", top / "other")).splitlines()
        assert out == [
            "['a0', 'a1'] ['a0', 'a1', 'a2'] ['a0', 'a1'] False 0",
            "{'KiwoomDataWarning'}",
            "True",
        ]
    finally:
        subprocess.run(["chmod", "-R", "u+w", top], check=True)
        shutil.rmtree(top)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows knows no such permissions")
def test_a_block_that_cannot_be_opened_for_a_moment_is_not_written_over() -> None:
    top = Path(tempfile.mkdtemp())
    top.chmod(0o777)
    code = (
        AS_NOBODY
        + """
import glob
store = Store(sys.argv[1])
put(store, KEY, 0, 1)
(file,) = glob.glob(sys.argv[1] + "/??/*.block")
os.chmod(file, 0)
with warnings.catch_warnings(record=True) as seen:
    warnings.simplefilter("always")
    put(store, KEY, 5, 5)
os.chmod(file, 0o600)
print(any("could not be written" in str(warning.message) for warning in seen), texts(store.read(KEY)))
print(texts(put(store, KEY, 5, 5)))
"""
    )
    try:
        out = finished(python(code, top / "store", top / "other"))
        assert out.splitlines() == ["True ['a0', 'a1']", "['a0', 'a1', 'a5']"]
    finally:
        shutil.rmtree(top)


@pytest.mark.parametrize("limit", [6_000, 30_000, 70_000, 200_000])
def test_a_full_disk_costs_storing_but_neither_an_answer_nor_what_is_stored(folder: Path, limit: int) -> None:
    # No file may grow beyond the limit: first the index meets it, or its log, or only the block.
    code = """
store = Store(sys.argv[1])
put(store, KEY, 0, 1)
put(store, key("other"), 0, 1)
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[2]), resource.RLIM_INFINITY))
with warnings.catch_warnings(record=True) as seen:
    warnings.simplefilter("always")
    for n in range(20):
        print(len(texts(put(store, KEY, 2, 9, f"b{n}", size=80_000))), texts(store.read(KEY))[:2])
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
assert not [name for _, _, names in os.walk(sys.argv[1]) for name in names if name.endswith(".tmp")]
assert seen, "nothing was too large"
assert {warning.category for warning in seen} == {KiwoomDataWarning}
assert all("could not be" in str(warning.message) for warning in seen), [str(w.message) for w in seen]
assert texts(store.read(key("other"))) == ["a0", "a1"]
store = Store(sys.argv[1])
assert len(texts(put(store, KEY, 2, 9, "c", size=80_000))) == 10
assert store.read(KEY).row_count == 10
"""
    out = finished(python(code, folder, limit))
    assert out.splitlines() == ["10 ['a0', 'a1']"] * 20
    assert len(block_files(folder)) == 2
    assert not list(folder.glob("??/*.tmp"))
    assert sql(folder, "PRAGMA integrity_check") == [("ok",)]


def test_a_kill_at_any_moment_leaves_whole_blocks_and_loses_nothing_that_was_stored(folder: Path) -> None:
    code = """
store = Store(sys.argv[1])
for n in range(int(sys.argv[2]), 10_000):
    put(store, key(str(n % 3)), n, n, size=20_000)
    print(n, flush=True)
"""
    chance, stored = random.Random(7), -1
    for _ in range(5):
        process = python(code, folder, stored + 1)
        assert process.stdout is not None
        for _ in range(chance.randint(1, 12)):
            stored = int(process.stdout.readline())
        time.sleep(chance.random() * 0.01)  # somewhere within the next merge
        process.kill()
        stored = max([stored, *map(int, process.communicate(timeout=60)[0].split())])
        assert process.returncode == -signal.SIGKILL
        store = Store(folder)
        for remainder in range(min(3, stored + 1)):
            wanted = {rows(n, n, size=20_000)["text"][0] for n in range(remainder, stored + 1, 3)}
            assert wanted <= set(texts(store.read(key(str(remainder)))))
        assert sql(folder, "PRAGMA integrity_check") == [("ok",)]
        store.close()


def test_a_block_whose_writer_was_killed_before_entering_it_is_found(store: Store, folder: Path) -> None:
    put(store, KEY, 0, 1)
    (old,) = block_files(folder)
    before = old.read_bytes()
    put(store, KEY, 2, 2)
    old.write_bytes(before)  # nor had it come to remove the one before
    sql(folder, "DELETE FROM Cache")
    assert texts(store.read(KEY)) == ["a0", "a1", "a2"]
    assert store.info().height == 1
    put(store, KEY, 3, 3)
    assert len(block_files(folder)) == 1


def test_what_a_killed_writer_left_unfinished_goes_with_the_next_block(store: Store, folder: Path) -> None:
    put(store, KEY, 0, 1)
    (block,) = block_files(folder)
    block.with_name(block.name + ".tmp").write_bytes(b"half a blo")
    put(store, KEY, 2, 2)
    assert not list(folder.glob("??/*.tmp"))


def test_processes_that_share_series_lose_and_tear_nothing(folder: Path) -> None:
    code = """
warnings.simplefilter("error")
store, me = Store(sys.argv[1], busy_timeout=60), int(sys.argv[2])
done = {"shared": [], f"own {me}": []}
for _ in range(15):
    for name, numbers in done.items():
        day = 4 * len(numbers) + me
        put(store, key(name), day, day, size=5_000)
        numbers.append(day)
        block = store.read(key(name))
        assert set(numbers) <= {(start + timedelta(days=n) - DAY).days
                                for start, end in block.coverage for n in range((end - start).days + 1)}
        assert block.rows.height == block.row_count == block.coverage.count
print(json.dumps(done))
"""
    wanted: dict[str, set[int]] = {}
    for process in [python(code, folder, n) for n in range(4)]:
        for name, numbers in json.loads(finished(process)).items():
            wanted[name] = wanted.get(name, set()) | set(numbers)
    store = Store(folder)
    for name, numbers in wanted.items():
        assert len(numbers) in (15, 60)
        assert texts(store.read(key(name))) == [rows(n, n, size=5_000)["text"][0] for n in sorted(numbers)]
    assert store.info().height == len(block_files(folder)) == 5
    store.close()


def test_threads_share_one_store(store: Store) -> None:
    def work(me: int) -> None:
        for n in range(10):
            put(store, KEY, 4 * n + me, 4 * n + me)
            assert store.read(KEY) is not None

    threads = [threading.Thread(target=work, args=(me,)) for me in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert texts(store.read(KEY)) == [f"a{n}" for n in range(40)]


def test_a_forked_child_uses_the_store_even_when_a_thread_of_its_parent_was_inside(folder: Path) -> None:
    code = """
import signal, threading
store, held, done = Store(sys.argv[1]), threading.Event(), threading.Event()
store.snapshot_put(KEY, b"parent", 60)
def inside():
    with store._shelf._mutex:
        held.set()
        done.wait(30)
threading.Thread(target=inside).start()
held.wait(30)
child = os.fork()
if not child:
    signal.alarm(20)
    ok = store.snapshot_get(KEY) == b"parent"
    store.snapshot_put(key("child"), b"child", 60)
    os._exit(0 if ok else 1)
status = os.waitpid(child, 0)[1]
done.set()
print(status, store.snapshot_get(key("child")), store.snapshot_get(KEY))
"""
    assert finished(python(code, folder)).strip() == "0 b'child' b'parent'"


# one fetcher per series


def test_a_series_is_fetched_by_one_thread_at_a_time(store: Store) -> None:
    inside, most = 0, 0

    def work() -> None:
        nonlocal inside, most
        with store.lock(KEY) as held:
            assert held
            inside += 1
            most = max(most, inside)
            time.sleep(0.01)  # long enough for another to come in, if it could
            inside -= 1

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert most == 1


def test_another_series_is_not_locked(store: Store) -> None:
    with store.lock(KEY), store.lock(key("other"), timeout=0) as held:
        assert held


HOLD = """
with Store(sys.argv[1]).lock(KEY) as held:
    print(held, flush=True)
    sys.stdin.read()
"""


def test_a_holder_that_is_killed_lets_go_of_its_lock(store: Store, folder: Path) -> None:
    holder = python(HOLD, folder, stdin=subprocess.PIPE)
    assert holder.stdout is not None
    assert holder.stdout.readline() == "True\n"
    said = "ka10086 005930: somebody else has been fetching it for over 0 s"
    with pytest.warns(KiwoomDataWarning, match=said), store.lock(KEY, timeout=0) as held:
        assert not held  # and goes on, with a warning, rather than waiting without end
    holder.kill()
    holder.communicate(timeout=60)
    with store.lock(KEY, timeout=10) as held:
        assert held
