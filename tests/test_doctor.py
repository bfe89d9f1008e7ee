"""What the doctor finds, at a server over a real socket."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from kiwoomdata.cli.doctor import Finding, examine
from tests.envelopes import Answer, Envelopes, serving

ROWS = {"return_code": 0, "return_msg": "", "daly_stkpc": [{"date": "20240102", "close_pric": "+54300"}]}


@pytest.fixture
def server() -> Iterator[Envelopes]:
    with serving(Answer(ROWS)) as running:
        yield running


def findings(server: Envelopes) -> dict[str, Finding]:
    told = examine(
        "real", base_url=server.base_url, app_key=server.app_key, app_secret=server.app_secret, quota=None
    )
    return {finding.name: finding for finding in told}


@pytest.mark.parametrize(
    "stamp",
    [
        *("", "yesterday", "Fri, 27 Nov 2026 25:00:00 GMT", "Fri, 27 Nov 2026 18:00:00 +9999"),
        *("Fri, 27 Nov 99999999999999999999 18:00:00 GMT", "2026-11-27T18:00:00Z", ", ", "Fri, Nov"),
    ],
)
def test_a_time_that_cannot_be_read_is_a_finding_and_no_end(server: Envelopes, stamp: str) -> None:
    server.date = stamp
    found = findings(server)
    assert found["clock"].well
    assert "not compared" in found["clock"].told
    assert found["token"].well
    assert found["calendar"].well


def test_what_the_answer_lacks_stands_below_its_finding(server: Envelopes) -> None:
    request = findings(server)["request"]
    assert (request.well, request.told) == (True, "ka10086 answered 1 rows, the newest of 2024-01-02")
    assert "the server left out open_pric" in request.remedy


def test_an_answer_without_rows_is_not_well() -> None:
    with serving(Answer({"return_code": 0, "return_msg": "", "daly_stkpc": []})) as server:
        request = findings(server)["request"]
    assert not request.well
    assert "no rows" in request.told


@pytest.mark.parametrize("zone", ["GMT", "-0000", "+0000"])
def test_a_clock_that_is_off_is_told(server: Envelopes, zone: str) -> None:
    server.date = f"Fri, 27 Nov 1998 18:00:00 {zone}"
    found = findings(server)["clock"]
    assert not found.well
    assert found.told.startswith("+")
    assert "Set the clock" in found.remedy


def test_the_doctor_sends_no_netrc_and_uses_no_proxy_on_this_machine(
    server: Envelopes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "netrc").write_text("default login someone password other\n")
    (tmp_path / "netrc").chmod(0o600)
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    assert findings(server)["server"].well
    (sent,) = server.heads
    assert "authorization" not in sent


def test_a_state_folder_that_is_a_link_is_told(
    server: Envelopes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, told: list[object]
) -> None:
    (tmp_path / "elsewhere").mkdir(mode=0o755)
    (tmp_path / "state").mkdir()
    (tmp_path / "state" / "kiwoomdata").symlink_to(tmp_path / "elsewhere")
    monkeypatch.delenv("KIWOOMDATA_STATE")
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    found = findings(server)["state folder"]
    assert not found.well
    assert "is a link" in found.told
    monkeypatch.setenv("KIWOOMDATA_STATE", str(tmp_path / "state"))  # it was named
    found = findings(server)["setup"]
    assert not found.well
    assert "is a link" in found.told
    assert (tmp_path / "elsewhere").stat().st_mode & 0o777 == 0o755
    assert list((tmp_path / "elsewhere").iterdir()) == []
