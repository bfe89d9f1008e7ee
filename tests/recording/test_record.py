"""Recording live messages to Parquet, and reading them back."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import textwrap
import threading
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from random import Random
from typing import Any

import polars as pl
import pyarrow.dataset
import pyarrow.parquet
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from kiwoomdata.entries.feeds import CONDITION_EVENT, FEEDS, Feed, find_feed
from kiwoomdata.errors import KiwoomDataWarning, MissingKey, StreamError, UnknownKey
from kiwoomdata.kinds import KST
from kiwoomdata.recording.record import SCHEMA, Recorder, _bench
from kiwoomdata.recording.ticks import Selection, read_raw, recording_info, ticks
from kiwoomdata.stream.decode import read_ticks, schema
from tests.disks import small_disk

EXAMPLES = json.loads((Path(__file__).parents[1] / "data" / "feed_examples.json").read_text(encoding="utf-8"))
VALUES = {example["type"]: example["values"] for example in EXAMPLES["feeds"]}
ITEMS = {example["type"]: example["item"] for example in EXAMPLES["feeds"]}
ALL_FEEDS = [*FEEDS.values(), CONDITION_EVENT]
TRADE = find_feed("trade")
DAY = date(2026, 11, 20)

Row = tuple[str, str, bytes, int]


def at(text: str) -> int:
    """Microseconds of a moment in Korea."""
    return int(datetime.fromisoformat(text).replace(tzinfo=KST).timestamp() * 1_000_000)


NINE = at("2026-11-20 09:00:00")


def message(values: dict[str, Any]) -> bytes:
    return json.dumps(values, ensure_ascii=False).encode()


def trade(n: int, item: str = "005930", received: int | None = None, **values: str) -> Row:
    known = {"10": f"+{70_000 + n}", "13": str(n), "15": "+5", "20": "090000"}
    values = {**dict.fromkeys(TRADE.fids, ""), **known, **values}
    return ("0B", item, message(values), NINE + n if received is None else received)


def record(folder: Path, rows: Sequence[Row], **settings: Any) -> Path:
    with Recorder(folder, **settings) as recorder:
        for row in rows:
            recorder.add(*row)
    return folder


def raw(folder: Path, **what: Any) -> pl.DataFrame:
    return ticks(folder, typed=False, **what).collect()


def raw_rows(folder: Path, files_at_once: int = 256) -> list[Row]:
    """Everything that was recorded, in order."""
    rows: list[Row] = []
    for frame in read_raw(Selection(folder), files_at_once=files_at_once):
        columns = (frame["type"], frame["item"], frame["values"].cast(pl.Binary))
        rows += zip(*columns, frame["received_at"].to_physical(), strict=True)
    return rows


def until(true: Callable[[], object], seconds: float = 10.0) -> None:
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it did not come about"
        time.sleep(0.002)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "ticks"


# --- what is kept --------------------------------------------------------------------------------


def test_every_message_is_kept_byte_for_byte_in_the_order_of_arrival(folder: Path) -> None:
    rows: list[Row] = [
        trade(0),
        ("0D", "005930_NX", '{"41": "-70100","302":"삼  성"}'.encode(), NINE + 1),
        ("0g", "000660", b'{ "10":" 0" , "x":null}', NINE + 1),
        ("0G", "069500", b'{"36":"+36254.27"}', NINE + 1),
        ("0Z", "", b'{"1":"\\u0000\\n"}', NINE - 5),
        trade(1),
    ]
    assert raw_rows(record(folder, rows)) == rows


@given(
    batches=st.lists(
        st.lists(
            st.tuples(
                st.sampled_from(["0B", "0D", "00", "0g", "0G", "9Z"]),
                st.sampled_from(["005930", "0000D0_AL", "001", ""]),
                st.dictionaries(st.sampled_from(["10", "20", "9081"]), st.text(max_size=5)).map(message),
                st.integers(NINE - 2, NINE + 30_000_000),
            ),
            max_size=8,
        ),
        max_size=4,
    )
)
@settings(max_examples=25, deadline=None)
def test_what_was_added_is_read_back_whatever_the_clock_did(
    tmp_path_factory: pytest.TempPathFactory, batches: list[list[Row]]
) -> None:
    folder = tmp_path_factory.mktemp("recording")
    with Recorder(folder) as recorder:
        for batch in batches:
            for row in batch:
                recorder.add(*row)
            recorder.flush()
    assert raw_rows(folder) == [row for batch in batches for row in batch]


@pytest.mark.parametrize("feed", ALL_FEEDS, ids=lambda feed: feed.name)
def test_typed_ticks_equal_the_live_frame_of_the_same_messages(feed: Feed, folder: Path) -> None:
    items = [ITEMS.get(feed.type, ""), "000660_NX", "005930_AL"]
    bare = {feed.time_fid: "153000"} if feed.time_fid else {}
    values = [message(VALUES.get(feed.type, dict.fromkeys(feed.fids, "") | bare)), b"{}", message(bare)]
    received = [NINE, NINE + 1, NINE + 10]
    rows = [(feed.type, *row) for row in zip(items, values, received, strict=True)]
    others = [("0Z", "", b"{}", NINE + 5), ("1h" if feed.type != "1h" else "0B", "", b"{}", NINE + 2)]
    record(folder, [*rows, *others])
    live, troubles = read_ticks(feed, items, values, received, DAY)
    assert not troubles
    read = ticks(folder, feed=feed.name)
    assert_frame_equal(read.collect(), live)
    assert read.collect_schema() == live.schema == schema(feed)


def test_a_symbol_is_a_text_and_never_a_number(folder: Path) -> None:
    record(folder, [trade(0), trade(1, "0000D0_NX"), ("0J", "001", b"{}", NINE), ("1h", "", b"{}", NINE)])
    frame = pl.concat([raw(folder, feed=feed) for feed in ("trade", "sector_index", "vi")])
    assert frame["symbol"].to_list() == ["005930", "0000D0", "001", None]
    assert frame["item"].to_list() == ["005930", "0000D0_NX", "001", ""]


def test_the_day_is_the_one_in_korea(folder: Path) -> None:
    late, early = at("2026-11-19 23:59:59.999999"), at("2026-11-20 00:00:00")
    record(folder, [trade(0, received=late), trade(1, received=early)])
    assert recording_info(folder).select("date", "rows").rows() == [(date(2026, 11, 19), 1), (DAY, 1)]
    assert ticks(folder).collect()["received_at"].dt.date().to_list() == [date(2026, 11, 19), DAY]


def test_the_order_of_arrival_spans_feeds_and_survives_a_clock_that_steps_back(folder: Path) -> None:
    jumps = [0, 5, 5, 5, 1_000, -2_000, -2_000, 3]
    with Recorder(folder) as recorder:
        for n, jump in enumerate(jumps):
            recorder.add(("0B", "0D")[n % 2], "005930", message({"13": str(n)}), NINE + jump)
            recorder.flush()
    frames = list(read_raw(Selection(folder), files_at_once=1))
    seq = pl.concat(frames)["seq"]
    assert seq.to_list() == [NINE + after for after in (0, 5, 6, 7, 1_000, 1_001, 1_002, 1_003)]
    assert [json.loads(text)["13"] for text in pl.concat(frames)["values"]] == [str(n) for n in range(8)]


@pytest.mark.parametrize("files_at_once", [1, 2, 256])
def test_recorders_that_share_a_folder_are_read_in_one_order(folder: Path, files_at_once: int) -> None:
    with Recorder(folder) as one, Recorder(folder) as other:
        for n in range(60):
            recorder = other if n % 3 == 0 else one
            recorder.add(*trade(n))
            if n % 7 == 0:
                one.flush()
            if n % 11 == 0:
                other.flush()
    frame = pl.concat(read_raw(Selection(folder), files_at_once=files_at_once))
    assert [json.loads(text)["13"] for text in frame["values"]] == [str(n) for n in range(60)]


def test_a_message_that_is_no_utf_8_stops_nothing(folder: Path) -> None:
    record(folder, [("0B", "005930", b'{"302":"\xff"}', NINE), trade(1)])
    assert raw(folder)["values"].to_list() == ['{"302":"\\xff"}', trade(1)[2].decode()]


# --- when it is on the disk ----------------------------------------------------------------------


def test_messages_reach_the_disk_by_themselves(folder: Path) -> None:
    with Recorder(folder, flush_seconds=0.01) as recorder:
        recorder.add(*trade(0))
        until(lambda: recorder.stats.rows == 1)
        assert len(raw(folder)) == 1


def test_many_messages_reach_the_disk_before_the_time_is_up(folder: Path) -> None:
    with Recorder(folder, flush_seconds=3600, flush_rows=100) as recorder:
        for n in range(100):
            recorder.add(*trade(n))
        assert recorder.stats.rows == 0
        recorder.add(*trade(100))
        until(lambda: recorder.stats.rows == 101)


def test_the_counters_tell_what_was_done(folder: Path) -> None:
    with Recorder(folder, flush_seconds=3600) as recorder:
        for row in (trade(0), trade(1), ("0D", "005930", b"{}", NINE)):
            recorder.add(*row)
        assert (recorder.stats.rows, recorder.stats.waiting) == (0, 3)
        recorder.flush()
        stats = recorder.stats
    files = list(folder.rglob("*.parquet"))
    assert (stats.rows, stats.files, stats.waiting, stats.dropped) == (3, 2, 0, 0)
    assert stats.files == len(files)
    assert stats.bytes == sum(file.stat().st_size for file in files)


def test_a_flush_without_messages_writes_nothing(folder: Path) -> None:
    with Recorder(folder) as recorder:
        recorder.flush()
    assert list(folder.iterdir()) == []
    assert list(folder.parent.iterdir()) == [folder]


def test_nothing_is_lost_between_threads_that_add_and_one_that_flushes(folder: Path) -> None:
    with Recorder(folder, flush_seconds=0.001, flush_rows=64) as recorder:

        def add(item: str) -> None:
            for n in range(10_000):
                recorder.add("0B", item, b'{"13":"%d"}' % n, NINE + n)

        threads = [threading.Thread(target=add, args=(item,)) for item in ("005930", "000660")]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    frame = raw(folder)
    assert frame["seq"].is_unique().all()
    for _, part in frame.group_by("item"):
        assert [json.loads(text)["13"] for text in part["values"]] == [str(n) for n in range(10_000)]


def test_a_closed_recorder_takes_nothing_more(folder: Path) -> None:
    recorder = Recorder(folder)
    recorder.close()
    with pytest.raises(StreamError, match="is closed"):
        recorder.add(*trade(0))
    recorder.close()


# --- kills ---------------------------------------------------------------------------------------

KILLED = """
    import sys
    from kiwoomdata.recording.record import Recorder
    recorder, first = Recorder(sys.argv[1], flush_seconds=0.003), int(sys.argv[2])
    for n in range(first, first + 10_000_000):
        recorder.add("0B" if n % 3 else "0D", "005930", b'{"13":"%d"}' % n, 1_795_132_800_000_000 + n)
        if n % 50 == 49:
            recorder.flush()
            print(n, flush=True)
"""


def child(code: str, *arguments: object) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(code), *map(str, arguments)],
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[2],
    )


def test_a_kill_at_any_moment_costs_at_most_what_was_not_flushed(folder: Path) -> None:
    rng = Random(11)
    sessions = []
    for first in range(0, 40_000_000, 10_000_000):
        process = child(KILLED, folder, first)
        assert process.stdout is not None
        for _ in range(rng.randint(1, 30)):
            process.stdout.readline()
        time.sleep(rng.uniform(0, 0.01))  # somewhere within what comes next
        process.kill()
        told = process.stdout.read().split()
        process.stdout.close()
        process.wait()
        sessions.append((first, int(told[-1]) if told else first))
    numbers = [int(json.loads(text)["13"]) for _, _, text, _ in raw_rows(folder)]
    assert numbers == sorted(set(numbers))
    for first, flushed in sessions:
        kept = [n for n in numbers if first <= n < first + 10_000_000]
        assert set(kept) >= set(range(first, flushed + 1))
        for feed in ([n for n in kept if n % 3], [n for n in kept if n % 3 == 0]):  # of each feed, no holes
            assert feed == [n for n in range(first, feed[-1] + 1) if (n % 3 == 0) == (feed[0] % 3 == 0)]
    for file in folder.rglob("*"):
        assert file.is_dir() or pl.read_parquet(file).height > 0
    everything = pl.scan_parquet(folder).select(pl.len(), pl.col("seq").n_unique()).collect().row(0)
    assert everything == (len(numbers), len(numbers))


def test_what_killed_writers_left_is_not_read_and_goes_once_it_is_old(folder: Path) -> None:
    record(folder, [trade(0)])
    name = ".ticks.part-1795132800000000-4711-000001.parquet.tmp"
    left = [folder.parent / name, folder / name]
    young = folder.parent / name.replace("4711", "4712")
    foreign = folder.parent / ".ticks.txt"
    for path in (*left, young, foreign):
        path.write_bytes(b"PAR1 half a file")
    now = at("2026-11-20 18:30:00") / 1_000_000
    for path in (*left, foreign):
        os.utime(path, (now - 7200, now - 7200))
    os.utime(young, (now, now))  # the file system does not go by the clock of the tests
    assert len(raw(folder)) == 1
    record(folder, [trade(1)], clock=lambda: now)
    assert not any(path.exists() for path in left)
    assert young.exists()
    assert foreign.exists()
    assert len(raw(folder)) == 2


def test_files_are_written_inside_where_beside_is_another_file_system() -> None:
    memory = Path("/dev/shm")
    if not os.path.ismount(memory):
        pytest.skip("no second file system at /dev/shm")
    before = set(memory.iterdir())
    assert _bench(memory) == memory
    assert set(memory.iterdir()) == before


def test_engines_can_read_the_folder_while_it_is_recorded(folder: Path) -> None:
    stop = threading.Event()
    with Recorder(folder, flush_seconds=0.001) as recorder:
        recorder.add(*trade(0))
        recorder.flush()

        def go_on() -> None:
            n = 0
            while not stop.wait(0.0005):
                n += 1
                recorder.add(("0B", "0D", "1h")[n % 3], "005930", b"{}", NINE + n * 40_000_000)

        thread = threading.Thread(target=go_on)
        thread.start()
        try:
            rows, end = 0, time.monotonic() + 30
            while recorder.stats.files < 60:
                assert time.monotonic() < end
                found = pl.scan_parquet(folder).select("seq", "feed").collect()
                assert found.height >= rows
                rows = found.height
        finally:
            stop.set()
            thread.join()


# --- a disk that takes nothing -------------------------------------------------------------------

FULL = """
    import json, os, resource, signal, sys, warnings
    from pathlib import Path
    from kiwoomdata.errors import StreamError
    from kiwoomdata.recording.record import Recorder

    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    folder, told = Path(sys.argv[1]), {}
    recorder = Recorder(folder, flush_seconds=3600, flush_rows=40, buffer_rows=60)

    def add(first, last):
        for n in range(first, last):
            recorder.add("0B", "005930", b'{"13":"%d","x":"%s"}' % (n, os.urandom(500).hex().encode()), n)

    add(0, 10)
    recorder.flush()
    before = {path: path.read_bytes() for path in folder.rglob("*.parquet")}
    hard = resource.getrlimit(resource.RLIMIT_FSIZE)[1]
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, hard))
    add(10, 40)
    try:
        recorder.flush()
    except StreamError as error:
        told["raised"] = str(error)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        add(40, 80)
    told["warned"] = [str(warning.message) for warning in caught]
    told["stats"] = [recorder.stats.rows, recorder.stats.waiting, recorder.stats.dropped]
    told["untouched"] = before == {path: path.read_bytes() for path in folder.rglob("*.parquet")}
    told["beside"] = [path.name for path in folder.parent.iterdir()]
    resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
    add(80, 81)
    recorder.close()
    told["end"] = [recorder.stats.rows, recorder.stats.waiting, recorder.stats.dropped]
    print(json.dumps(told))
"""


@pytest.mark.skipif(sys.platform == "win32", reason="a limit on file sizes is set by POSIX means")
def test_a_full_disk_is_told_spoils_nothing_and_is_made_up_for(folder: Path) -> None:
    process = child(FULL, folder)
    told = json.loads(process.communicate(timeout=60)[0])
    assert "File too large" in told["raised"]
    assert "30 messages are not on the disk; they wait in memory, where 60 have room" in told["raised"]
    full, losing = told["warned"]
    assert "cannot be written" in full
    assert "60 wait for the disk, and no more are kept" in losing
    assert told["stats"] == [10, 60, 10]
    assert told["untouched"]
    assert told["beside"] == ["ticks"]
    assert told["end"] == [70, 0, 11]
    assert [json.loads(text)["13"] for text in raw(folder)["values"]] == [str(n) for n in range(70)]


def test_a_disk_that_is_full_at_the_end_is_told_with_the_number_of_messages_that_are_not_on_it(
    tmp_path: Path,
) -> None:
    with small_disk(tmp_path / "disk") as fill:
        recorder = Recorder(tmp_path / "disk" / "ticks", flush_seconds=3600)
        recorder.add(*trade(0))
        recorder.flush()
        fill(True)
        for n in range(1, 8):
            recorder.add(*trade(n))
        recorder.add("0D", "005930", b"{}", NINE)
        with pytest.raises(StreamError, match="No space left on device.*: 8 messages are not on the disk"):
            recorder.close()
        assert len(raw(tmp_path / "disk" / "ticks")) == 1
        fill(False)
        recorder.close()
        assert (recorder.stats.rows, recorder.stats.waiting) == (9, 0)
        assert len(raw(tmp_path / "disk" / "ticks")) == 8


def test_a_part_that_finds_no_room_does_not_keep_others_from_the_disk(folder: Path) -> None:
    recorder = Recorder(folder, flush_seconds=3600)
    recorder.add(*trade(0))
    recorder.add("0D", "005930", b"{}", NINE)
    (folder / "feed=trade").write_text("in the way")
    with pytest.raises(StreamError, match="1 messages are not on the disk"):
        recorder.flush()
    assert len(raw(folder, feed="orderbook")) == 1
    (folder / "feed=trade").unlink()
    recorder.close()


def test_messages_that_were_let_go_are_told_at_the_end(folder: Path) -> None:
    recorder = Recorder(folder, flush_seconds=3600, flush_rows=2, buffer_rows=2)
    (folder / "feed=trade").write_text("in the way")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for n in range(5):
            recorder.add(*trade(n))
    with pytest.raises(StreamError, match="2 messages are not on the disk.* and 3 were let go before"):
        recorder.close()
    (folder / "feed=trade").unlink()
    with pytest.warns(KiwoomDataWarning, match="3 messages are missing from the recording"):
        recorder.close()


def test_a_folder_that_becomes_unwritable_is_told_at_the_next_call_and_heals(folder: Path) -> None:
    with Recorder(folder, flush_seconds=0.01) as recorder:
        block = folder / "feed=trade"
        block.write_text("in the way")
        recorder.add(*trade(0))
        recorder.add("0D", "005930", b"{}", NINE)
        with pytest.raises(StreamError, match="cannot be written"):
            recorder.flush()
        with pytest.warns(KiwoomDataWarning, match="cannot be written"):
            recorder.add(*trade(1))
        recorder.add(*trade(2))
        assert recorder.stats.waiting >= 3
        block.unlink()
        until(lambda: recorder.stats.rows == 4)
        recorder.add(*trade(3))
    assert [json.loads(text)["13"] for text in raw(folder)["values"]] == ["0", "1", "2", "3"]
    assert len(raw(folder, feed="orderbook")) == 1


def test_closing_says_what_could_not_be_kept_and_may_be_tried_again(folder: Path) -> None:
    recorder = Recorder(folder, flush_seconds=3600)
    recorder.add(*trade(0))
    (folder / "feed=trade").write_text("in the way")
    with pytest.raises(StreamError, match="1 messages are not on the disk.* close or stop it again"):
        recorder.close()
    (folder / "feed=trade").unlink()
    recorder.close()
    assert len(raw(folder)) == 1


# --- folders that will not do --------------------------------------------------------------------


def test_a_file_is_no_folder_to_record_into(tmp_path: Path) -> None:
    file = tmp_path / "ticks.parquet"
    file.write_bytes(b"")
    for use in (Recorder, ticks, recording_info):
        with pytest.raises(ValueError, match=r"folder: .*ticks\.parquet' is a file"):
            use(file)


def test_a_folder_of_other_things_is_no_recording(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("")
    for use in (Recorder, ticks, recording_info):
        with pytest.raises(ValueError, match=r"is not a recording: it holds 'thesis.txt'"):
            use(tmp_path)


def test_a_folder_that_cannot_be_made_is_told_at_once(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StreamError, match="cannot be written"):
        Recorder(tmp_path / "file" / "ticks")


def test_a_folder_with_hidden_files_will_do(folder: Path) -> None:
    folder.mkdir()
    (folder / ".DS_Store").write_bytes(b"")
    record(folder, [trade(0)])
    assert ticks(folder).collect().height == 1


@pytest.mark.parametrize("wrong", [{"flush_seconds": 0}, {"flush_rows": 0}, {"buffer_rows": 10}])
def test_settings_that_make_no_sense_are_refused(folder: Path, wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="flush_seconds, flush_rows"):
        Recorder(folder, **wrong)
    assert not folder.exists()


def test_a_recording_that_is_not_there_is_told(folder: Path) -> None:
    with pytest.raises(ValueError, match="folder: there is no"):
        ticks(folder)


# --- choosing ------------------------------------------------------------------------------------


@pytest.fixture
def three_days(folder: Path) -> Path:
    days = [at(f"2026-11-{day} 09:00:00") for day in (18, 19, 20)]
    rows = [
        trade(n, item, moment + n)
        for moment in days
        for n, item in enumerate(("005930", "005930_NX", "000660", "0000D0"))
    ]
    return record(folder, rows)


@pytest.mark.parametrize(
    ("start", "end", "days"),
    [
        (None, None, [18, 19, 20]),
        ("2026-11-19", None, [19, 20]),
        (None, date(2026, 11, 18), [18]),
        ("20261119", datetime(2026, 11, 19, 1, tzinfo=UTC), [19]),
        ("2026-11-21", None, []),
        ("2026", "2026-11", [18, 19, 20]),
    ],
)
def test_both_ends_of_a_range_are_inclusive(three_days: Path, start: Any, end: Any, days: list[int]) -> None:
    frame = ticks(three_days, start=start, end=end).collect()
    assert frame["received_at"].dt.day().unique().sort().to_list() == days
    assert frame.schema == schema(TRADE)


@pytest.mark.parametrize(
    ("symbols", "found"),
    [
        ("005930", [("005930", "krx"), ("005930", "nxt")]),
        (["005930_NX"], [("005930", "nxt")]),
        (["A000660", "0000D0"], [("000660", "krx"), ("0000D0", "krx")]),
        (["035420"], []),
        ("000660, 0000D0", [("000660", "krx"), ("0000D0", "krx")]),
    ],
)
def test_symbols_are_chosen_with_or_without_their_venue(
    three_days: Path, symbols: Any, found: list[tuple[str, str]]
) -> None:
    frame = ticks(three_days, symbols=symbols, end="2026-11-18").collect()
    assert frame.select("symbol", "venue").rows() == found


def test_wrong_choices_are_refused_with_what_there_is(three_days: Path) -> None:
    with pytest.raises(ValueError, match=r"feed: 'orderbook' was not recorded .* There are: trade"):
        ticks(three_days, feed="orderbook")
    with pytest.raises(ValueError, match="expected a feed's name or code, got 'trades'"):
        ticks(three_days, feed="trades")
    with pytest.raises(ValueError, match="symbols: expected at least one"):
        ticks(three_days, symbols=[])
    with pytest.raises(TypeError, match="symbols: expected texts .* got 5930"):
        ticks(three_days, symbols=[5930])  # type: ignore[list-item]
    with pytest.raises(ValueError, match="start: 2026-11-20 is after end 2026-11-19"):
        ticks(three_days, start="2026-11-20", end="2026-11-19")
    with pytest.raises(ValueError, match="trade has no 'prize'"):
        ticks(three_days, columns=["prize"])
    with pytest.raises(ValueError, match="columns: typed=False"):
        ticks(three_days, columns=["price"], typed=False)


def test_an_empty_recording_has_the_schema_of_the_feed(folder: Path) -> None:
    record(folder, [])
    for feed in ALL_FEEDS:
        assert_frame_equal(ticks(folder, feed=feed.name).collect(), pl.DataFrame(schema=schema(feed)))
    assert raw(folder).schema == SCHEMA
    assert recording_info(folder).height == 0


def test_types_that_the_catalogue_lacks_are_there_as_raw_messages(folder: Path) -> None:
    record(folder, [("0Z", "005930", b'{"1":"2"}', NINE), ("0z", "005930", b"{}", NINE)])
    assert raw(folder, feed="other")["type"].to_list() == ["0Z", "0z"]
    with pytest.raises(ValueError, match="feed: 'other' .* typed=False"):
        ticks(folder, feed="other")


def test_a_feed_can_be_named_by_its_code_whose_case_counts(folder: Path) -> None:
    record(folder, [("0G", "069500", b"{}", NINE), ("0g", "005930", b"{}", NINE)])
    assert ticks(folder, feed="0g").collect()["symbol"].to_list() == ["005930"]
    assert ticks(folder, feed="0G").collect()["symbol"].to_list() == ["069500"]


def test_only_the_days_that_are_wanted_are_read(three_days: Path) -> None:
    next(three_days.glob("feed=trade/date=2026-11-18/*")).write_bytes(b"PAR1 broken")
    assert ticks(three_days, start="2026-11-19").collect().height == 8
    with pytest.raises(pl.exceptions.ComputeError, match="parquet"):
        ticks(three_days).collect()


def test_only_the_symbols_and_columns_that_are_wanted_are_decoded(folder: Path) -> None:
    record(folder, [trade(0), trade(1, "000660", **{"10": "n/a"})])  # a warning is an error here
    assert ticks(folder, symbols="005930").collect().height == 1
    assert ticks(folder).filter(pl.col("symbol") == "005930").collect().height == 1
    assert ticks(folder).select("symbol", "quantity").collect().rows() == [("005930", 5), ("000660", 5)]
    assert ticks(folder, columns=["quantity"]).collect().columns[4:] == ["quantity"]


def test_what_is_asked_later_on_equals_what_is_asked_of_the_whole_frame(three_days: Path) -> None:
    lazy, whole = ticks(three_days), ticks(three_days).collect()
    dear, samsung = pl.col("price") > 70_001, pl.col("symbol") == "005930"
    for ask in (
        lambda frame: frame.filter(dear),
        lambda frame: frame.filter(samsung).select("price"),
        lambda frame: frame.head(6).filter(samsung),
        lambda frame: frame.filter(samsung).head(3),
        lambda frame: frame.filter(samsung & dear).head(1),
        lambda frame: frame.filter(pl.col("price").shift(1) > 70_001),
        lambda frame: frame.head(0),
        lambda frame: frame.tail(2),
        lambda frame: frame.slice(3, 4),
        lambda frame: frame.select(pl.len()),
        lambda frame: frame.group_by("symbol", maintain_order=True).agg(pl.col("price").sum()),
    ):
        assert_frame_equal(ask(lazy).collect(), ask(whole.lazy()).collect())
        assert_frame_equal(ask(lazy).collect(engine="streaming"), ask(whole.lazy()).collect())


def test_raw_messages_can_be_asked_later_on_too(three_days: Path) -> None:
    lazy, whole = ticks(three_days, typed=False), raw(three_days)
    few = lazy.filter(pl.col("item") == "005930_NX").select("values").head(2)
    assert_frame_equal(few.collect(), whole.filter(pl.col("item") == "005930_NX").select("values").head(2))
    assert lazy.select(pl.len()).collect().item() == 12


def test_a_recording_of_many_batches_is_read_as_one(folder: Path) -> None:
    rng = Random(1)
    with Recorder(folder, flush_seconds=3600) as recorder:
        for n in range(3_000):
            recorder.add("0B", "005930", b'{"13":"%d","x":"%s"}' % (n, rng.randbytes(800).hex().encode()), n)
            if n % 500 == 499:
                recorder.flush()
    assert len(list(read_raw(Selection(folder)))) > 1
    lazy, odd = ticks(folder, typed=False), pl.col("seq") % 2 == 1
    assert lazy.head(2_600).select("seq").collect()["seq"].to_list() == list(range(2_600))
    assert lazy.head(2_600).filter(odd).select("seq").collect()["seq"].to_list() == list(range(1, 2_600, 2))
    assert lazy.filter(odd).head(1_400).select("seq").collect()["seq"].to_list() == list(range(1, 2_800, 2))


def test_a_lazy_frame_finds_what_was_recorded_after_it_was_made(folder: Path) -> None:
    record(folder, [trade(0)])
    lazy = ticks(folder)
    assert lazy.collect().height == 1
    record(folder, [trade(1), trade(2)])
    assert lazy.collect()["cumulative_volume"].to_list() == [0, 1, 2]


def test_texts_that_fit_no_rule_are_null_and_told_once_for_a_column(folder: Path) -> None:
    odd = [trade(n, **{"10": f"n/a {n}"}) for n in range(3)]
    record(folder, [*odd, trade(3, received=NINE + 24 * 3_600_000_000, **{"10": "?", "15": "?"}), trade(4)])
    for _ in range(2):
        with pytest.warns(KiwoomDataWarning) as told:
            assert ticks(folder).collect()["price"].null_count() == 4
        texts = sorted(str(warning.message) for warning in told)
        assert [text.split(":")[0] for text in texts] == ["trade.price", "trade.quantity", "trade.side"]
        assert "'n/a 0' is not a whole number and is null" in texts[0]


def test_a_fid_that_no_message_has_is_told(folder: Path) -> None:
    record(folder, [("0B", "005930", message({"20": "090000", "10": "+1"}), NINE)])
    with pytest.warns(MissingKey, match=r"trade: the server left out FID 228 \(strength\); the cells are"):
        assert ticks(folder, columns=("price", "strength")).collect()["strength"].to_list() == [None]


def test_fids_that_the_catalogue_lacks_are_told_and_can_be_asked_for(folder: Path) -> None:
    record(folder, [trade(0, **{"9999": "new"}), trade(1, received=NINE + 24 * 3_600_000_000)])
    with pytest.warns(UnknownKey, match="FIDs that the catalogue lacks: 9999"):
        assert ticks(folder).collect().schema == schema(TRADE)
    frame = ticks(folder, columns=("price", "9999")).collect()
    assert frame.select("price", "9999").rows() == [(70_000, "new"), (70_001, None)]


def test_a_recording_tells_what_it_holds(folder: Path) -> None:
    record(folder, [trade(0), trade(1, "005930_NX"), trade(2, "000660"), ("1h", "", b"{}", NINE)])
    info = recording_info(folder)
    assert info.select("feed", "date", "symbols", "rows", "files").rows() == [
        ("trade", DAY, 2, 3, 1),
        ("vi", DAY, 0, 1, 1),
    ]
    assert info["bytes"].sum() == sum(file.stat().st_size for file in folder.rglob("*.parquet"))


# --- other engines -------------------------------------------------------------------------------


@pytest.fixture
def mixed(folder: Path) -> Path:
    items = ("005930", "000660_NX", "0000D0_AL", "035420")
    rows = [
        (type_, items[n % 4], message({"10": f"-{n}", "302": "삼성"}), at(f"2026-11-{day} 09:00:00") + n)
        for day in (19, 20)
        for n, type_ in enumerate(("0B", "0D", "00", "04", "1h", "0g", "0G", "0w") * 5)
    ]
    with Recorder(folder) as recorder:
        for n, row in enumerate(rows):
            recorder.add(*row)
            if n % 30 == 29:
                recorder.flush()
    return folder


@pytest.fixture
def truth(mixed: Path) -> dict[str, Any]:
    frames = list(read_raw(Selection(mixed)))
    frame = pl.concat(frames)
    return {
        "rows": 80,
        "seq": frame["seq"].sum(),
        "characters": frame["values"].str.len_chars().sum(),
        "symbols": ["0000D0", "000660", "005930", "035420"],
        "feeds": ["balance", "etf_nav", "order", "orderbook", "program", "stock_info", "trade", "vi"],
        "dates": [date(2026, 11, 19), date(2026, 11, 20)],
        "first": datetime(2026, 11, 19, 9, tzinfo=KST),
    }


def facts(frame: pl.DataFrame) -> dict[str, Any]:
    return {
        "rows": frame.height,
        "seq": frame["seq"].sum(),
        "characters": frame["values"].str.len_chars().sum(),
        "symbols": frame["symbol"].unique().sort().to_list(),
        "feeds": frame["feed"].cast(pl.String).unique().sort().to_list(),
        "dates": frame["date"].cast(pl.String).str.to_date().unique().sort().to_list(),
        "first": frame["received_at"].min(),
    }


def test_polars_reads_the_folder_right_by_default(mixed: Path, truth: dict[str, Any]) -> None:
    frame = pl.scan_parquet(mixed).collect()
    assert facts(frame) == truth
    assert frame.schema == {**SCHEMA, "feed": pl.String(), "date": pl.Date()}


def test_pyarrow_reads_the_folder_right_by_default(mixed: Path, truth: dict[str, Any]) -> None:
    assert facts(pl.DataFrame(pyarrow.parquet.read_table(mixed))) == truth
    hive = pyarrow.dataset.dataset(mixed, partitioning="hive")
    assert facts(pl.DataFrame(hive.to_table())) == truth


def test_pandas_reads_the_folder_right_by_default(mixed: Path, truth: dict[str, Any]) -> None:
    import pandas as pd

    frame = pd.read_parquet(mixed)
    assert facts(pl.from_pandas(frame)) == truth
    assert str(frame["received_at"].dtype) == "datetime64[us, Asia/Seoul]"


def test_duckdb_reads_the_folder_right_by_default(mixed: Path, truth: dict[str, Any]) -> None:
    duckdb = pytest.importorskip("duckdb")
    with duckdb.connect() as connection:
        relation = connection.sql(f"SELECT * FROM '{mixed}/**/*.parquet'")
        types = dict(zip(relation.columns, map(str, relation.types), strict=True))
        assert facts(relation.pl()) == truth
        samsung = connection.sql(
            f"SELECT count(*) FROM '{mixed}/**/*.parquet' WHERE symbol = '005930' AND date = '2026-11-20'"
        ).fetchall()
    assert samsung == [(10,)]
    assert (types["symbol"], types["feed"], types["date"]) == ("VARCHAR", "VARCHAR", "DATE")


def test_the_keys_are_not_repeated_in_the_files(mixed: Path) -> None:
    for file in mixed.rglob("*.parquet"):
        assert pl.read_parquet_schema(file) == SCHEMA


def test_a_recording_that_another_tool_rewrote_is_read_as_before(mixed: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    pl.scan_parquet(mixed).sink_parquet(
        pl.PartitionBy(copy, key=["feed", "date"], include_key=False), mkdir=True
    )
    assert list(copy.rglob("*.parquet"))
    assert raw_rows(copy, files_at_once=1) == raw_rows(mixed)


@pytest.fixture(autouse=True)
def no_thread_is_left() -> Iterator[None]:
    yield
    names = [thread.name for thread in threading.enumerate() if thread.name == "kiwoomdata-recorder"]
    assert names == [], "a recorder was not closed"
