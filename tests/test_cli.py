"""The command line: what it prints, where it writes, and how it ends."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
import time
import zipfile
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

import polars as pl
import pytest
from click.testing import CliRunner, Result

import kiwoomdata as kd
from kiwoomdata.cli import main
from kiwoomdata.entries.feeds import find_feed
from kiwoomdata.recording.record import Recorder
from tests.disks import small_disk
from tests.envelopes import Answer, Envelopes, serving


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, list(arguments))


@pytest.fixture
def server() -> Iterator[kd.simulator.Server]:
    """A simulator that goes by the machine's clock, as the command line does."""
    with kd.simulator.start(seed=1, rate=None) as running:
        yield running


def use(server: kd.simulator.Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KIWOOM_BASE_URL", server.base_url)
    monkeypatch.setenv("KIWOOM_APP_KEY", server.app_key)
    monkeypatch.setenv("KIWOOM_APP_SECRET", server.app_secret)


def test_the_demo_shows_the_main_job_and_what_it_cost() -> None:
    done = run("demo")
    assert done.exit_code == 0, done.output
    for word in ("삼성전자", "adjusted", "pension", "change_pct", "ask", "requests in"):
        assert word in done.output
    (picture,) = re.findall(r"\[(\S+kiwoomdata-\w+\.png)\]", done.output)
    assert Path(picture).read_bytes().startswith(b"\x89PNG")
    Path(picture).unlink()


@pytest.mark.parametrize("suffix", ["png", "svg", "pdf"])
def test_get_draws_the_chart_of_a_function(tmp_path: Path, suffix: str) -> None:
    picture = tmp_path / f"out.{suffix}"
    done = run(*f"get candles 삼성전자 --period 1mo --mode simulator --plot {picture}".split())
    assert done.exit_code == 0, done.output
    assert done.output == f"a chart to {picture}\n"
    assert picture.stat().st_size > 5_000


def test_get_draws_and_writes_at_once(tmp_path: Path) -> None:
    picture, out = tmp_path / "out.png", tmp_path / "out.csv"
    done = run(*f"get index_candles kospi --period 1mo --mode simulator --plot {picture} --out {out}".split())
    assert done.exit_code == 0, done.output
    assert picture.exists()
    assert pl.read_csv(out).columns[:3] == ["date", "sector", "open"]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ("get stocks kospi --plot a.png", "--plot: no chart of stocks; there is one of candles, "),
        (
            "get candles 005930 --plot a.gif",
            "--plot: expected a name ending in .png, .svg, .pdf, got 'a.gif'",
        ),
        ("get candles 005930 --plot nowhere/a.png", "--plot: there is no folder 'nowhere'; make it first"),
    ],
)
def test_what_cannot_be_drawn_is_refused_before_any_request(arguments: str, says: str) -> None:
    done = run(*arguments.split())  # without --mode there is no server that could be asked
    assert (done.exit_code, says in done.output) == (2, True), done.output


# --- recordings into files -----------------------------------------------------------------------


@pytest.fixture
def recorded(tmp_path: Path) -> Path:
    """Three trades of two stocks, and a best quote."""
    folder = tmp_path / "ticks"
    with Recorder(folder) as recorder:
        for n, (code, price) in enumerate(
            (("005930", "-70100"), ("000660", "+140000"), ("005930", "+70200"))
        ):
            told = {"20": f"09000{n}", "10": price, "15": "+10", "13": f"{10 * n + 10}"}
            values = {**dict.fromkeys(find_feed("trade").fids, ""), **told}
            recorder.add("0B", code, json.dumps(values).encode(), 1795132800000000 + n)
        recorder.add("0C", "005930", b'{"27":"-70100","28":"-70000"}', 1795132800000009)
    return folder


@pytest.mark.parametrize("suffix", ["parquet", "csv", "xlsx"])
def test_a_recording_is_written_to_a_file(tmp_path: Path, recorded: Path, suffix: str) -> None:
    out = tmp_path / "day [1]" / f"trades.{suffix}"
    out.parent.mkdir()
    done = run("ticks", str(recorded), "--out", str(out))
    assert (done.exit_code, done.output) == (0, f"3 rows to {out}\n")
    if suffix == "xlsx":
        with zipfile.ZipFile(out) as book:
            assert book.read("xl/worksheets/sheet1.xml").count(b"<row ") == 4
        return
    frame = (
        pl.read_parquet(out, glob=False)
        if suffix == "parquet"
        else pl.read_csv(out, glob=False, infer_schema=False)
    )
    expected = kd.ticks(recorded).collect()
    assert frame.columns == expected.columns
    assert [int(price) for price in frame["price"]] == [70100, 140000, 70200]
    if suffix == "parquet":
        assert frame.equals(expected)
    else:
        assert out.read_bytes().startswith(b"\xef\xbb\xbf")
    assert not list(out.parent.glob(".trades*"))


def test_feeds_of_a_recording_are_tables_of_one_database(tmp_path: Path, recorded: Path) -> None:
    out = tmp_path / "day.sqlite"
    for arguments in ("", "--feed best_quote", "--symbols 005930"):
        done = run(*f"ticks {recorded} --out {out} {arguments}".split())
        assert done.exit_code == 0, done.output
    with closing(sqlite3.connect(out)) as database:
        trades = database.execute("SELECT symbol, price, received_at FROM trade ORDER BY rowid").fetchall()
        assert database.execute("SELECT ask, bid FROM best_quote").fetchall() == [(70100, 70000)]
    assert [row[:2] for row in trades] == [
        ("005930", 70100),
        ("005930", 70200),
    ]  # in place of the first three
    assert trades[0][2] == "2026-11-20T09:00:00.000000+09:00"


def test_columns_and_days_of_a_recording_can_be_chosen(tmp_path: Path, recorded: Path) -> None:
    out = tmp_path / "trades.parquet"
    assert run(*f"ticks {recorded} --out {out} --columns price --from 2026-11-20".split()).exit_code == 0
    assert pl.read_parquet(out).columns == ["symbol", "venue", "time", "received_at", "price"]
    done = run(*f"ticks {recorded} --out {out} --from 2026-11-21 --to 2026-11-20".split())
    assert done.exit_code == 2
    assert pl.read_parquet(out).height == 3  # what was there stays


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ("--out a.txt", "--out: expected a name ending in .parquet, .csv, .xlsx, .sqlite, got 'a.txt'"),
        ("--out -", "--out: expected a name ending in .parquet, .csv, .xlsx, .sqlite, got '-'"),
        ("--out nowhere/a.csv", "--out: there is no folder 'nowhere'; make it first"),
        ("--out a.csv --feed vi", "feed"),
    ],
)
def test_an_export_that_cannot_be_made_says_why(recorded: Path, arguments: str, says: str) -> None:
    done = run("ticks", str(recorded), *arguments.split())
    assert (done.exit_code, says in done.output) == (2, True), done.output
    assert not list(Path().glob(".a-*"))


def test_more_rows_than_a_sheet_holds_are_refused(
    tmp_path: Path, recorded: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kiwoomdata.cli.export._EXCEL", 2)
    done = run("ticks", str(recorded), "--out", str(tmp_path / "a.xlsx"))
    assert done.exit_code == 2
    assert "a sheet of Excel holds 2 rows and there are more" in done.output
    assert not [*tmp_path.glob("a.xlsx"), *tmp_path.glob(".a-*")]


@pytest.mark.parametrize("suffix", ["parquet", "csv", "json", "ndjson", "xlsx", "sqlite"])
def test_get_writes_a_frame_to_a_file(tmp_path: Path, suffix: str) -> None:
    out = tmp_path / f"prices.{suffix}"
    done = run(*f"get daily_prices 005930,000660 2024-01-02 2024-01-05 --mode simulator --out {out}".split())
    assert done.exit_code == 0, done.output
    if suffix == "xlsx":
        assert len(re.findall("<row ", sheet(out))) == 9
        return
    if suffix == "sqlite":
        with closing(sqlite3.connect(out)) as database:
            rows = database.execute("SELECT date, symbol, halted FROM daily_prices").fetchall()
        assert (len(rows), rows[0]) == (8, ("2024-01-02", "005930", 0))
        return
    read = {"parquet": pl.read_parquet, "csv": pl.read_csv, "json": pl.read_json, "ndjson": pl.read_ndjson}[
        suffix
    ]
    assert read(out).height == 8


def sheet(path: Path) -> str:
    """The first sheet of a workbook, as XML."""
    with zipfile.ZipFile(path) as book:
        return book.read("xl/worksheets/sheet1.xml").decode()


# --- what the server says, on a terminal and in a spreadsheet -----------------------------------

BAD = "\x1b[31m\x9b2J\u202e"
ROW = {
    "date": "20240102",
    "close_pric": "+54300",
    "trde_qty": "100",
    "memo": "=HYPERLINK(1)",
    "하이": f"-x{BAD}",
}


def serve(monkeypatch: pytest.MonkeyPatch, body: dict[str, object]) -> ExitStack:
    """A server with one answer, chosen by the environment."""
    stack = ExitStack()
    running = stack.enter_context(serving(Answer({"return_code": 0, "return_msg": "", **body})))
    for name in ("BASE_URL", "APP_KEY", "APP_SECRET"):
        monkeypatch.setenv(f"KIWOOM_{name}", getattr(running, name.lower()))
    return stack


GET = ["get", "request", "ka10086", "--stk_cd", "005930", "--qry_dt", "20240102", "--indc_tp", "0"]


def test_an_answer_without_rows_is_one_line_and_exit_code_3(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    out = tmp_path / "prices.csv"
    with serve(monkeypatch, {"daly_stkpc": []}):
        for words in (
            GET,
            [*GET, "--out", str(out)],
            ["get", "daily_prices", "005930", "2024-01-02", "2024-01-05"],
        ):
            done = run(*words)
            assert done.exit_code == 3, done.output
            assert done.stdout == ""
            (line,) = done.stderr.splitlines()
            assert line.startswith("no rows: ")
            assert ".py" not in line
    assert not out.exists()


def test_what_the_server_says_cannot_steer_the_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    with serve(monkeypatch, {"daly_stkpc": [ROW]}):
        done = run(*GET)
    assert done.exit_code == 0, done.output
    assert "-x\ufffd[31m\ufffd2J\ufffd" in done.stdout
    with serve(monkeypatch, {"return_code": 2, "return_msg": f"[1511:{BAD}]"}):
        refused, doctored = run(*GET), run("doctor")
    assert (refused.exit_code, doctored.exit_code) == (1, 1)
    for output in (done.output, refused.output, doctored.output):
        assert re.findall("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202e]", output) == []
    assert "Traceback" not in refused.output


def test_a_text_is_no_formula_in_a_spreadsheet_and_korean_is_read_right(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with serve(monkeypatch, {"daly_stkpc": [ROW]}):
        for suffix in ("csv", "xlsx", "parquet"):
            done = run(*GET, "--out", str(tmp_path / f"x.{suffix}"))
            assert done.exit_code == 0, done.output
    written = (tmp_path / "x.csv").read_bytes()
    assert written.startswith(b"\xef\xbb\xbf")
    table = pl.read_csv(tmp_path / "x.csv")
    assert table.select("memo", "하이", "close").row(0) == ("'=HYPERLINK(1)", f"'-x{BAD}", 54300)
    assert "<f>" not in sheet(tmp_path / "x.xlsx")
    assert pl.read_parquet(tmp_path / "x.parquet").select("memo", "하이").row(0) == (ROW["memo"], ROW["하이"])


def test_a_text_is_no_link_in_a_sheet_and_stays_as_it_was(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    texts = ["http://a.test/b", "mailto:a@b.test", "internal:Sheet1!A1", "file:///etc/hosts", "\t=1"]
    with serve(monkeypatch, {"daly_stkpc": [ROW | {"memo": text} for text in texts]}):
        done = run(*GET, "--out", str(tmp_path / "x.xlsx"))
    assert done.exit_code == 0, done.output
    with zipfile.ZipFile(tmp_path / "x.xlsx") as book:
        written = book.read("xl/sharedStrings.xml").decode()
    assert "hyperlink" not in sheet(tmp_path / "x.xlsx")
    assert [text for text in texts[:4] if f">{text}<" not in written] == []


def test_a_blank_may_be_given_as_the_vendors_own_requests_give_it(monkeypatch: pytest.MonkeyPatch) -> None:
    row = {"dt": "20240102", "cur_prc": "+54300", "prm_buy_qty": "7"}
    with serve(monkeypatch, {"stk_daly_prm_trde_trnsn": [row]}):
        done = run("get", "request", "ka90013", "--stk_cd", "005930", "--amt_qty_tp", "", "--date", "")
    assert done.exit_code == 0, done.output
    (line,) = done.stdout.splitlines()[1:]
    assert line.startswith("2024-01-02,54300,")


def test_a_warning_is_one_line_without_a_file_name(monkeypatch: pytest.MonkeyPatch) -> None:
    with serve(monkeypatch, {"daly_stkpc": [ROW]}):
        lines = run(*GET).stderr.splitlines()
    assert lines
    assert all(line.startswith("warning: ") and ".py" not in line for line in lines)
    assert any("memo" in line for line in lines)


@pytest.mark.parametrize("suffix", ["csv", "parquet", "json", "sqlite"])
def test_a_file_that_a_full_disk_cuts_short_leaves_the_one_before(tmp_path: Path, suffix: str) -> None:
    asked = "get daily_prices 005930 2023-01-02 2024-12-30 --mode simulator --columns date,close,volume --out"
    with small_disk(tmp_path / "disk") as fill:
        out = tmp_path / "disk" / f"prices.{suffix}"
        assert run(*asked.replace("2023", "2024").split(), str(out)).exit_code == 0
        before = out.read_bytes()
        fill(True)
        done = run(*asked.split(), str(out))
        assert done.exit_code != 0
        assert out.read_bytes() == before
        fill(False)
        assert [path.name for path in out.parent.iterdir()] == [out.name]


# --- names and arguments ------------------------------------------------------------------------


def test_get_pipes_csv() -> None:
    flows = "get investor_flows 005930 --start 2024-01-02 --end 2024-01-05 --measure value"
    done = run(*flows.split(), "--mode", "simulator")
    assert done.exit_code == 0, done.output
    lines = done.stdout.splitlines()
    assert lines[0].startswith("date,symbol,venue,individual")
    assert len(lines) == 5


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ("get daily_price 005930 2024-01-02", "function: no 'daily_price'. Did you mean 'daily_prices'?"),
        ("get daily_prices 005930 --colums close", "--colums: no such option. Did you mean 'columns'?"),
        ("get daily_prices 005930 --mod simulator", "--mod: no such option. Did you mean 'mode'?"),
        ("describe ka1086", "api_id: 'ka1086' is not in the catalogue; did you mean 'ka10086'"),
        ("get zzz", "function: no 'zzz'. There are "),
        ("gett daily_prices", "no command 'gett'. Did you mean 'get'?"),
        ("cache inof", "no command 'inof'. Did you mean 'info'?"),
        ("get daily_prices", "symbol: missing. Usage: kiwoomdata get daily_prices SYMBOL [START]"),
        ("get daily_prices --start 2024-01-02", "symbol: missing."),
        ("get broker_trend 003", "symbol: missing."),
        ("get orderbook_snapshot 005930 --symbol 000660", "symbol: given twice"),
        ("prefetch - --from 2024-01-02", "symbols: missing; standard input holds no code"),
        ("get daily_prices 005930x 2024-01-02 --mode simulator", "symbol: expected six characters"),
        ("get daily_prices 005930 2024-01-02 --measure --mode simulator", "--measure"),
        (
            "get daily_prices 005930 2024-01-02 --out x.xyz --mode simulator",
            "--out: expected a name ending in",
        ),
        ("get daily_prices 005930 2024-01-02 --color red --mode simulator", "color: no such option"),
        ("get daily_prices 005930 2024-01-02 --mode simulator --as_ pandas", "as_: "),
        (
            "get daily_prices 005930 2024-01-02 --mode simulator --refresh maybe",
            "'maybe' is not a valid boolean",
        ),
        ("get daily_prices 005930 2024-01-02 --mode simulator --out no/such/x.csv", "no folder 'no/such'"),
        (
            "get daily_prices 005930 2024-01-02 2024-12-30 --max_requests 3 --mode simulator",
            "max_requests: this call would send about ",
        ),
        (
            "get daily_prices 005930 --max_requests many",
            "--max_requests: expected a whole number, got 'many'",
        ),
        ("simulate --port 80000", "80000 is not in the range"),
        ("simulate --pace fast", "--pace: expected a number of 0 or more, or 'max', got 'fast'"),
        ("simulate --pace nan", "--pace: expected a number of 0 or more, or 'max', got 'nan'"),
        ("simulate --day 20-11-2026", "does not match the format"),
        ("replay . --port 80000", "80000 is not in the range"),
        ("describe ka99999", "api_id: 'ka99999'"),
    ],
)
def test_wrong_arguments_end_with_code_2_and_say_what_is_wrong(arguments: str, says: str) -> None:
    done = run(*arguments.split())
    assert done.exit_code == 2
    assert says in done.output
    assert "Traceback" not in done.output


def test_what_the_server_or_the_setup_refuses_ends_with_code_1() -> None:
    done = run("get", "daily_prices", "005930", "2024-01-02")
    assert done.exit_code == 1
    assert "try it without keys:       add --mode simulator" in done.output
    assert "kd.use" not in done.output


@pytest.mark.parametrize("shell", ["bash", "zsh"])
def test_names_of_functions_complete(shell: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert f"_KIWOOMDATA_COMPLETE={shell}_source" in run("--help").output
    ask = {
        "_KIWOOMDATA_COMPLETE": f"{shell}_complete",
        "COMP_WORDS": "kiwoomdata get daily",
        "COMP_CWORD": "2",
    }
    done = CliRunner().invoke(main, [], prog_name="kiwoomdata", env=ask)
    assert "daily_prices" in done.output
    assert "orderbook" not in done.output


def test_describe_and_find_show_the_catalogue() -> None:
    assert "ka90013" in run("describe").output
    assert "amt_mn" in run("describe", "ka10086").output
    assert "vi_event" in run("describe", "9068").output
    assert "ka10094" in run("describe", "candles").output
    found = run("find", "순매수")
    assert found.exit_code == 0
    assert "netprps_qty" in found.output
    assert run("find", "qqq").exit_code == 1


def test_help_has_examples_and_exit_codes() -> None:
    assert "Exit codes" in run("--help").output
    for command in ("get", "simulate", "describe", "find"):
        assert "Example" in run(command, "--help").output


def test_a_simulator_serves_until_it_is_stopped() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    command = [sys.executable, "-m", "kiwoomdata", "simulate", "--rate", "none", "--ws-port", port]
    command += ["--day", "2026-11-20", "--pace", "600"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    guard = threading.Timer(60, process.kill)
    guard.start()
    try:
        told: dict[str, str] = {}
        while "KIWOOM_APP_SECRET" not in told:
            line = process.stdout.readline()
            assert line, "the simulator ended"
            name, _, value = line.strip().partition("=")
            told[name] = value
        assert told["KIWOOM_WS_URL"].startswith(f"ws://127.0.0.1:{port}/")
        code = (
            "import kiwoomdata as kd; f = kd.daily_prices('005930', '2024-01-02', '2024-01-05');"
            "print(f.height, kd.provenance(f).server)"
        )
        environ = {**os.environ, **told}
        seen = subprocess.run(
            [sys.executable, "-c", code], env=environ, capture_output=True, text=True, timeout=60
        )
        assert seen.stdout.split() == ["4", told["KIWOOM_BASE_URL"]], seen.stderr
    finally:
        guard.cancel()
        process.terminate()
        process.wait(10)
        process.stdout.close()


def test_prefetch_fills_the_store_and_costs_nothing_the_second_time(
    server: kd.simulator.Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KIWOOM_BASE_URL", server.base_url)
    monkeypatch.setenv("KIWOOM_APP_KEY", server.app_key)
    monkeypatch.setenv("KIWOOM_APP_SECRET", server.app_secret)
    words = [
        "prefetch",
        "005930",
        "000660",
        "--from",
        "2024-01-02",
        "--to",
        "2024-03-29",
        "--what",
        "prices,program",
    ]
    first, second = run(*words), run(*words)
    assert first.exit_code == 0, first.output
    assert "of 4 series: 0 were in the store, 16 requests sent" in first.output
    assert "0 requests sent" in second.output
    assert "005930" in run("cache", "info").output
    let_go = run("cache", "clear", "--symbol", "005930", "--api-id", "ka10086").output
    assert let_go == "1 series let go of\n"
    assert run("cache", "clear").exit_code == 2
    assert run("prefetch", "005930", "--from", "2024-01-02", "--what", "gold").exit_code == 2


def test_prefetch_reads_codes_with_comments_from_standard_input(
    server: kd.simulator.Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    use(server, monkeypatch)
    universe = "\ufeff# my list\n005930  # Samsung\n\n000660, 035420 # 005380\n#105560\n"
    words = ["prefetch", "-", "--from", "2024-01-02", "--to", "2024-01-05"]
    done = CliRunner().invoke(main, words, input=universe)
    assert done.exit_code == 0, done.output
    assert "of 3 series" in done.output


def test_the_doctor_finds_what_is_wrong_and_prints_no_secret(
    server: kd.simulator.Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    well = run("doctor", "--mode", "simulator")
    assert well.exit_code == 0, well.output
    for word in ("setup", "server", "token", "request", "quota", "folder", "store", "calendar"):
        assert word in well.output
    none = run("doctor")
    assert none.exit_code == 1
    assert "add --mode simulator" in none.output
    monkeypatch.setenv("KIWOOM_BASE_URL", server.base_url)
    monkeypatch.setenv("KIWOOM_APP_KEY", server.app_key)
    monkeypatch.setenv("KIWOOM_APP_SECRET", "no-such-secret")
    wrong = run("doctor")
    assert wrong.exit_code == 1
    assert "check both" in wrong.output
    for told in (well.output, wrong.output):
        assert server.app_key not in told
        assert "no-such-secret" not in told


@pytest.mark.parametrize("out", ["x.foo", "x", "no/such/folder/x.csv"])
def test_a_place_that_cannot_be_written_is_refused_before_any_request(
    server: kd.simulator.Server, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, out: str
) -> None:
    use(server, monkeypatch)
    monkeypatch.chdir(tmp_path)
    assert run("get", "daily_prices", "005930", "2024-01-02", "--out", out).exit_code == 2
    assert server.log.count() == 0


def test_yes_and_no_are_understood_as_such(
    server: kd.simulator.Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    use(server, monkeypatch)
    words = ["get", "daily_prices", "005930", "2024-01-02", "2024-01-05"]
    asked = []
    for option in (["--offline", "false"], ["--refresh", "False"], ["--refresh=true"], ["--offline", "true"]):
        done = run(*words, *option)
        assert done.exit_code == 0, done.output
        asked.append(server.log.count("ka10086"))
        server.log.clear()
    assert asked[0] == asked[2] > 0
    assert asked[1] == asked[3] == 0


def test_a_tr_without_a_function_is_written_too() -> None:
    done = run(*["get", "request", "ka10004", "--stk_cd", "005930", "--mode", "simulator"])
    assert done.exit_code == 0, done.output
    assert done.stdout.count("\n") == 2


def test_a_port_that_is_taken_is_one_line(server: kd.simulator.Server) -> None:
    done = run("simulate", "--port", server.base_url.rpartition(":")[2])
    assert done.exit_code == 1
    assert "in use" in done.output
    assert "Traceback" not in done.output


@contextmanager
def running(*arguments: str, **environ: str) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-m", "kiwoomdata", *arguments]
    process = subprocess.Popen(
        command, env={**os.environ, **environ}, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    guard = threading.Timer(60, process.kill)
    guard.start()
    try:
        yield process
    finally:
        guard.cancel()
        process.kill()
        process.communicate()


@pytest.mark.alone  # it has five seconds to hear the first message
def test_recording_onto_a_full_disk_ends_with_the_number_of_messages_that_are_not_on_it(
    tmp_path: Path,
) -> None:
    with small_disk(tmp_path / "disk") as fill:
        fill(True)
        words = [
            "record",
            "005930",
            "--mode",
            "simulator",
            "--seconds",
            "5",
            "--out",
            str(tmp_path / "disk/t"),
        ]
        with running(*words) as process:
            _, told = process.communicate(timeout=60)
    assert process.returncode == 1
    assert re.search(r"No space left on device.*: [0-9]+ messages are not on the disk", told), told


@pytest.mark.skipif(sys.platform == "win32", reason="signals are sent otherwise there")
@pytest.mark.parametrize("command", ["simulate", "replay"])
def test_what_serves_until_ctrl_c_ends_well_with_it(tmp_path: Path, command: str) -> None:
    if command == "replay":
        with Recorder(tmp_path / "ticks") as recorder:
            recorder.add("0B", "005930", b'{"10":"+70000","20":"090000"}', 1_795_132_800_000_000)
    words = ["simulate"] if command == "simulate" else ["replay", str(tmp_path / "ticks")]
    last = {"simulate": "KIWOOM_APP_SECRET=", "replay": "KIWOOM_WS_URL="}[command]
    with running(*words) as process:
        assert process.stdout is not None
        assert any(line.startswith(last) for line in process.stdout)
        process.send_signal(signal.SIGINT)
        told = process.communicate(timeout=10)
    assert process.returncode == 0, told


@pytest.mark.skipif(sys.platform == "win32", reason="signals are sent otherwise there")
@pytest.mark.parametrize("symbols", ["005930", "005930,000660,035420,005380,035720"])
def test_work_that_ctrl_c_cuts_short_ends_soon_with_code_130(symbols: str) -> None:
    asked, over = threading.Event(), threading.Event()

    def hang(number: int, request: object) -> Answer:
        asked.set()
        over.wait(60)
        return Answer({"return_code": 0, "return_msg": ""})

    with Envelopes(hang) as server:
        keys = {"KIWOOM_APP_KEY": server.app_key, "KIWOOM_APP_SECRET": server.app_secret}
        words = ["get", "daily_prices", symbols, "2024-01-02", "2024-01-05"]
        try:
            with running(*words, KIWOOM_BASE_URL=server.base_url, **keys) as process:
                assert asked.wait(30)
                process.send_signal(signal.SIGINT)
                started = time.monotonic()
                told = process.communicate(timeout=50)
        finally:
            over.set()
    assert process.returncode == 130, told
    assert "Traceback" not in told[1]
    assert time.monotonic() - started < 10


def test_numbers_and_yes_or_no_are_read_as_the_function_takes_them() -> None:
    ranked = run("get", "most_traded", "--top", "2", "--day", "PREVIOUS", "--mode", "simulator")
    assert ranked.exit_code == 0, ranked.output
    assert len(ranked.stdout.splitlines()) == 3
    asked = ("get", "candles", "005930", "2024-01-02", "2024-01-05", "--mode", "simulator", "--adjusted")
    assert run(*asked, "no").exit_code == 0
    wrong = run("get", "most_traded", "--top", "two", "--mode", "simulator")
    assert (wrong.exit_code, "--top: expected a whole number, got 'two'" in wrong.output) == (2, True)
