"""Files of the store: whole or not there, private, no pickle, and safe with several at work."""

from __future__ import annotations

import json
import os
import pickle
import signal
import stat
import subprocess
import sys
import threading
import warnings
from datetime import date
from pathlib import Path
from time import monotonic

import pytest

import kiwoomdata as kd
from kiwoomdata.store import disk
from kiwoomdata.store.disk import Store
from kiwoomdata.store.files import Head, SeriesKey

KEY = SeriesKey("https://server", "ka10086", (("stk_cd", "005930"), ("indc_tp", "0")))


def key(number: int) -> SeriesKey:
    return SeriesKey("https://server", "ka10086", (("stk_cd", f"{number:06}"),))


def head(**more: object) -> Head:
    return Head("", first="20240102", last="20240131", count=22, **more)  # type: ignore[arg-type]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "store"


def everything(folder: Path) -> dict[str, tuple[int, int]]:
    paths = (folder, *folder.rglob("*")) if folder.exists() else ()
    return {str(path): (path.stat().st_mtime_ns, path.stat().st_size) for path in paths}


def test_what_was_written_is_read_by_another(folder: Path) -> None:
    assert Store(folder).write(KEY, "rows", head(as_of="20240201"), b"text")
    found = Store(folder).load(KEY, "rows")
    assert found is not None
    assert (found[0].as_of, found[0].count, found[1]) == ("20240201", 22, b"text")
    assert Store(folder).load(key(1), "rows") is None


def test_the_order_of_the_parameters_makes_no_other_series(folder: Path) -> None:
    Store(folder).write(KEY, "rows", head(), b"text")
    same = SeriesKey("https://server", "ka10086", (("indc_tp", "0"), ("stk_cd", "005930")))
    assert Store(folder).load(same, "rows") is not None


def test_opening_and_reading_write_nothing(folder: Path) -> None:
    store = Store(folder)
    assert store.head(KEY) is None
    assert store.info().height == 0
    assert not folder.exists()
    store.write(KEY, "rows", head(), b"text")
    before = everything(folder)
    reader = Store(folder)
    assert reader.load(KEY, "rows") is not None
    reader.used(KEY)
    assert reader.info().height == 1
    assert everything(folder) == before


def test_what_was_used_is_noted_when_the_store_is_closed(folder: Path) -> None:
    Store(folder, clock=lambda: 1000.0).write(KEY, "rows", head(), b"text")
    reader = Store(folder, clock=lambda: 2_000_000_000.0)
    reader.used(KEY)
    reader.close()
    assert Store(folder).info()["last_used"][0].timestamp() == 2_000_000_000


def test_a_typed_copy_that_a_reader_made_is_written_with_what_comes_next(folder: Path) -> None:
    store = Store(folder)
    store.write(KEY, "rows", head(), b"text")
    store.owe(KEY, head(), b"typed")
    assert Store(folder).load(KEY, "typed") is None
    assert store.load(KEY, "typed")[1] == b"typed"  # type: ignore[index]
    store.write(key(1), "rows", head(), b"text")
    found = Store(folder).load(KEY, "typed")
    assert found is not None
    assert found[1] == b"typed"


@pytest.mark.parametrize("at", [0, 9, 40, -1])
def test_a_file_in_which_a_byte_changed_is_told_and_not_there(folder: Path, at: int) -> None:
    Store(folder).write(KEY, "rows", head(), b"text")
    (file,) = folder.rglob("*.rows")
    content = bytearray(file.read_bytes())
    content[at] ^= 1
    file.write_bytes(content)
    with pytest.warns(kd.KiwoomDataWarning, match="ka10086 005930: what was stored cannot be read"):
        assert Store(folder).load(KEY, "rows") is None


def test_a_file_of_another_series_is_not_taken(folder: Path) -> None:
    store = Store(folder)
    store.write(KEY, "rows", head(), b"text")
    store.write(key(1), "rows", head(), b"other")
    one, two = sorted(folder.rglob("*.rows"), key=lambda path: b"005930" in path.read_bytes())
    two.write_bytes(one.read_bytes())
    with pytest.warns(kd.KiwoomDataWarning, match="another series"):
        assert store.load(KEY, "rows") is None


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="root may open everything")
def test_a_file_that_cannot_be_opened_now_is_no_file_that_is_not_there(folder: Path) -> None:
    store = Store(folder)
    store.write(KEY, "rows", head(), b"text")
    (file,) = folder.rglob("*.rows")
    file.chmod(0)
    with pytest.raises(PermissionError):
        store.load(KEY, "rows", sure=True)


def test_pages_that_came_are_read_up_to_one_that_is_torn(folder: Path) -> None:
    store = Store(folder)
    for number in range(3):
        store.append(KEY, [number], b"page %d\n" % number)
    assert [content for _, content in store.pages(KEY)] == [b"page 0\n", b"page 1\n", b"page 2\n"]
    (file,) = folder.rglob("*.pages")
    file.write_bytes(file.read_bytes()[:-3])
    assert [json.loads(bytes(note)) for note, _ in store.pages(KEY)] == [[0], [1]]


class Bomb:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.mkdir, (os.environ["BOMB"],)


@pytest.mark.parametrize("kind", ["rows", "typed", "pages", "answer"])
def test_a_planted_pickle_is_never_read(
    folder: Path, tmp_path: Path, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BOMB", str(tmp_path / "exploded"))
    store = Store(folder)
    store.write(KEY, "rows", head(), b"text")
    (file,) = folder.rglob("*.rows")
    file.with_suffix(f".{kind}").write_bytes(pickle.dumps(Bomb()))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", kd.KiwoomDataWarning)
        assert store.load(KEY, kind) is None  # type: ignore[arg-type]
        assert store.pages(KEY) == []
        store.info()
    assert not (tmp_path / "exploded").exists()


def test_no_module_of_the_store_knows_of_pickles() -> None:
    for file in Path(disk.__file__).parent.glob("*.py"):
        lines = [line for line in file.read_text("utf-8").splitlines() if "import" in line]
        assert not [line for line in lines if "pickle" in line or "shelve" in line or "diskcache" in line]


@pytest.mark.skipif(os.name != "posix", reason="modes are POSIX's")
@pytest.mark.parametrize("umask", [0o000, 0o022, 0o077])
def test_files_are_for_their_owner_alone_whatever_the_umask(folder: Path, umask: int) -> None:
    before = os.umask(umask)
    try:
        store = Store(folder)
        with store.lock(KEY):
            store.append(KEY, [0], b"page")
            store.write(KEY, "rows", head(), b"text")
    finally:
        os.umask(before)
    modes = {path: stat.S_IMODE(path.stat().st_mode) for path in (folder, *folder.rglob("*"))}
    assert {mode for path, mode in modes.items() if path.is_dir()} == {0o700}
    assert {mode for path, mode in modes.items() if path.is_file()} == {0o600}


@pytest.mark.parametrize("below", ["", "deeper"])
def test_a_path_that_is_a_file_is_an_error_with_a_remedy(tmp_path: Path, below: str) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(kd.CacheError, match="cache=False"):
        Store(tmp_path / "file" / below)


def test_a_limit_below_a_mebibyte_is_refused(folder: Path) -> None:
    with pytest.raises(ValueError, match="size_limit: expected at least 1048576"):
        Store(folder, size_limit=1000)


def test_a_store_from_before_is_set_aside_and_said_so_once(folder: Path) -> None:
    (folder / "3f").mkdir(parents=True)
    (folder / "3f" / "x.block").write_bytes(b"old")
    (folder / "cache.db").write_bytes(b"old")
    store = Store(folder)
    assert store.head(KEY) is None
    with pytest.warns(kd.KiwoomDataWarning, match=r"set aside in '.*before-0.2'"):
        store.write(KEY, "rows", head(), b"text")
    assert (folder / "before-0.2" / "3f" / "x.block").read_bytes() == b"old"
    again = Store(folder)
    again.write(key(1), "rows", head(), b"text")  # a warning would fail the test
    assert again.clear(everything=True) == 2
    assert not (folder / "before-0.2").exists()


def test_typed_copies_go_first_and_then_the_series_used_longest_ago(folder: Path) -> None:
    now = [1_000_000_000.0]
    store = Store(folder, size_limit=2**20, clock=lambda: now[0])
    for number in range(4):
        now[0] += 10
        store.write(key(number), "rows", head(), b"r" * 150_000)
        store.write(key(number), "typed", head(), b"t" * 100_000)
        store.used(key(number))
        store.close()
    store.used(key(0))  # the oldest, but used last
    now[0] += 10
    store.used(key(0))
    store.write(key(4), "rows", head(), b"r" * 150_000)
    assert [number for number in range(5) if store.head(key(number))] == [0, 1, 2, 3, 4]
    assert [n for n in range(5) if store.head(key(n), "typed")] in ([0], [3, 0], [0, 3])
    for number in (5, 6):
        now[0] += 10
        store.write(key(number), "rows", head(), b"r" * 150_000)
    assert store.head(key(0)) is not None
    assert store.head(key(1)) is None
    assert sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) <= 2**20


def test_a_universe_above_the_limit_is_told_with_the_limit_that_would_hold_it(folder: Path) -> None:
    store = Store(folder, size_limit=2**20)
    for number in range(20):
        store.write(key(number), "rows", head(), b"r" * 100_000)
    with pytest.warns(kd.KiwoomDataWarning, match="cache_size=2") as told:
        store.tell_if_full()
    size = int(str(told[0].message).split("cache_size=")[1].split()[0])
    bigger = Store(folder / "bigger", size_limit=size)
    for number in range(20):
        bigger.write(key(number), "rows", head(), b"r" * 100_000)
    bigger.tell_if_full()  # a warning would fail the test
    assert bigger.info().height == 20


def test_a_block_above_the_limit_is_told_and_not_stored(folder: Path) -> None:
    with pytest.warns(kd.KiwoomDataWarning, match="exceed the limit of 1,048,576.*cache_size="):
        assert not Store(folder, size_limit=2**20).write(KEY, "rows", head(), bytes(2**20))


@pytest.mark.parametrize(
    ("filters", "left"),
    [
        ({"symbol": "000001"}, [0, 2]),
        ({"api_id": "ka10086"}, []),
        ({"api_id": "ka10005"}, [0, 1, 2]),
        ({"symbol": "000001", "api_id": "ka10005"}, [0, 1, 2]),
        ({"before": date(2001, 9, 9)}, [1, 2]),
        ({"everything": True}, []),
    ],
)
def test_clear_lets_go_of_what_fits_all_filters(
    folder: Path, filters: dict[str, object], left: list[int]
) -> None:
    store = Store(folder, clock=lambda: 1_100_000_000.0)
    for number in range(3):
        store.write(key(number), "rows", head(), b"text")
        store.used(key(number))
    store.close()
    for path in folder.rglob("*.rows"):
        if b"000000" in path.read_bytes():
            os.utime(path, (1_000_000_000 - 86_400, 1_000_000_000 - 86_400))
    assert store.clear(**filters) == 3 - len(left)  # type: ignore[arg-type]
    assert [number for number in range(3) if store.head(key(number))] == left


@pytest.mark.parametrize("filters", [{}, {"everything": True, "symbol": "005930"}])
def test_clear_wants_to_know_what(folder: Path, filters: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="everything=True alone"):
        Store(folder).clear(**filters)  # type: ignore[arg-type]


def test_a_series_is_fetched_by_one_thread_at_a_time(folder: Path) -> None:
    store, inside, most = Store(folder), [0], [0]

    def work() -> None:
        with store.lock(KEY) as mine:
            assert mine
            inside[0] += 1
            most[0] = max(most[0], inside[0])
            store.load(KEY, "rows")
            inside[0] -= 1

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert most == [1]


def test_waiting_for_a_series_ends_with_a_warning_or_when_told_to_stop(folder: Path) -> None:
    with Store(folder).lock(KEY):
        with (
            pytest.warns(kd.KiwoomDataWarning, match="fetching it for over 0.2 s"),
            Store(folder, lock_timeout=0.2).lock(KEY) as mine,
        ):
            assert not mine
        began = monotonic()
        with pytest.raises(InterruptedError), Store(folder).lock(KEY, stop=lambda: True):
            pass
        assert monotonic() - began < 5
        with Store(folder).lock(key(1)) as mine:  # another series is not locked
            assert mine


HOLDER = """
import sys
from kiwoomdata.store.disk import Store
from kiwoomdata.store.files import SeriesKey
key = SeriesKey("https://server", "ka10086", (("stk_cd", "005930"), ("indc_tp", "0")))
with Store(sys.argv[1]).lock(key):
    print("held", flush=True)
    sys.stdin.read()
"""


def test_a_holder_that_is_killed_lets_go_of_its_lock(folder: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(folder)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    process.kill()
    process.communicate(timeout=20)
    with Store(folder, lock_timeout=20).lock(KEY) as mine:
        assert mine


WRITER = """
import sys
from kiwoomdata.store import disk
from kiwoomdata.store.disk import Store
from kiwoomdata.store.files import Head, SeriesKey
store, number = Store(sys.argv[1]), 0
while True:
    number += 1
    series = SeriesKey("s", "ka10086", (("stk_cd", f"{number % 5:06}"),))
    store.append(series, [number], b"p" * 5000)
    store.write(series, "rows", Head("", count=number), b"%d " % number * 20000)
    print(number, flush=True)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows sends no signals to one process")
def test_a_kill_at_any_moment_leaves_whole_files_and_loses_nothing_that_was_written(folder: Path) -> None:
    for written in (3, 11, 27, 40, 64):
        process = subprocess.Popen(
            [sys.executable, "-c", WRITER, str(folder)], stdout=subprocess.PIPE, text=True
        )
        assert process.stdout is not None
        for line in process.stdout:
            if int(line) >= written:
                break
        process.send_signal(signal.SIGKILL)
        last = max([written, *(int(line) for line in process.communicate(timeout=20)[0].split())])
        for number in range(max(1, last - 4), last + 1):
            series = SeriesKey("s", "ka10086", (("stk_cd", f"{number % 5:06}"),))
            found = Store(folder).load(series, "rows")
            assert found is not None
            assert found[0].count >= number
            assert found[1] == b"%d " % found[0].count * 20000
            assert any(json.loads(bytes(note)) == [number] for note, _ in Store(folder).pages(series))


def test_a_forked_child_uses_the_store_even_while_a_thread_of_its_parent_is_inside(folder: Path) -> None:
    program = f"""
import os, threading
from kiwoomdata.store import disk
from kiwoomdata.store.disk import Store
from kiwoomdata.store.files import Head, SeriesKey
store = Store({str(folder)!r})
key = lambda n: SeriesKey("s", "ka10086", (("stk_cd", str(n)),))
ended = threading.Event()
def work():
    while not ended.is_set():
        store.write(key(0), "rows", Head(""), b"text" * 1000)
thread = threading.Thread(target=work)
thread.start()
child = os.fork()
if child == 0:
    os._exit(0 if Store({str(folder)!r}).write(key(1), "rows", Head(""), b"text") else 1)
status = os.waitpid(child, 0)[1]
ended.set()
thread.join()
raise SystemExit(os.waitstatus_to_exitcode(status))
"""
    if hasattr(os, "fork"):
        assert subprocess.run([sys.executable, "-c", program], timeout=60).returncode == 0


@pytest.mark.skipif(sys.platform == "win32", reason="a limit on file sizes is POSIX's")
def test_a_full_disk_costs_storing_but_nothing_that_is_stored(folder: Path) -> None:
    program = f"""
import resource, signal, warnings
from kiwoomdata.store import disk
from kiwoomdata.store.disk import Store
from kiwoomdata.store.files import Head, SeriesKey
store, key = Store({str(folder)!r}), SeriesKey("s", "ka10086", ())
assert store.write(key, "rows", Head("", count=1), b"text")
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (5000, 5000))
with warnings.catch_warnings(record=True) as told:
    warnings.simplefilter("always")
    assert not store.write(key, "rows", Head("", count=2), bytes(100_000))
    store.append(key, [1], bytes(100_000))
assert len(told) == 2 and all("could not be written" in str(t.message) for t in told), told
assert store.load(key, "rows")[1] == b"text" and store.pages(key) == []
"""
    done = subprocess.run([sys.executable, "-c", program], timeout=60, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert not list(folder.rglob("*.new"))


def test_a_file_with_a_damaged_first_line_is_passed_over(folder: Path) -> None:
    store = Store(folder)
    store.write(KEY, "rows", head(), b"text")
    store.write(key(1), "rows", head(), b"text")
    one, _ = folder.rglob("*.rows")
    one.write_bytes(one.read_bytes().replace(b"20240102", b"2024"))
    assert Store(folder).info().height == 1


@pytest.mark.parametrize("left", [b"5\nx", b"a b c\nx", b"-1 2 00000000\nx", b"1 2 3 4\n"])
def test_pages_whose_sizes_cannot_be_read_are_none(folder: Path, left: bytes) -> None:
    store = Store(folder)
    store.append(KEY, [0], b"page")
    (file,) = folder.rglob("*.pages")
    file.write_bytes(left + file.read_bytes())
    assert store.pages(KEY) == []
    file.write_bytes(left)
    assert store.pages(KEY) == []
