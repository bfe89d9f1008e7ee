"""Folders that cannot be used: told, refused, and never changed behind the user's back."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import kiwoomdata as kd
from kiwoomdata.folders import private_folder
from tests.envelopes import Answer, Envelopes, serving

GOOD = {"return_code": 0, "return_msg": "", "daly_stkpc": []}

posix = pytest.mark.skipif(os.name != "posix", reason="links and modes are POSIX")


def client_of(server: Envelopes, **settings: Any) -> kd.Client:
    keys = {"base_url": server.base_url, "app_key": server.app_key, "app_secret": server.app_secret}
    return kd.Client(**{"clock": server.now, "progress": False, **keys, **settings})


@posix
def test_a_private_folder_is_made_private_and_a_link_is_refused_and_left_alone(tmp_path: Path) -> None:
    folder, link = tmp_path / "folder", tmp_path / "link"
    folder.mkdir(0o755)
    link.symlink_to(folder)
    with pytest.raises(OSError, match=r"link is a link; put a folder in its place"):
        private_folder(link)
    assert folder.stat().st_mode & 0o777 == 0o755
    assert private_folder(folder).stat().st_mode & 0o777 == 0o700


@pytest.mark.skipif(sys.platform != "linux", reason="other systems name the user's folder otherwise")
def test_a_linked_state_folder_is_told_once_each_and_nothing_is_written_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "elsewhere").mkdir(mode=0o755)
    (tmp_path / "kiwoomdata").symlink_to(tmp_path / "elsewhere")
    monkeypatch.delenv("KIWOOMDATA_STATE")
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    with serving(Answer(GOOD)) as server, client_of(server, cache=False) as client:
        with pytest.warns(kd.KiwoomDataWarning, match="is a link") as caught:
            client.raw("ka10086", stk_cd="005930", qry_dt="20261120", indc_tp="0")
        client.raw("ka10086", stk_cd="005930", qry_dt="20261120", indc_tp="0")  # and says no more
        assert sorted("quota" in str(warning.message) for warning in caught) == [False, True]
    assert (tmp_path / "elsewhere").stat().st_mode & 0o777 == 0o755
    assert list((tmp_path / "elsewhere").iterdir()) == []


@posix
def test_the_folder_for_locks_is_refused_where_it_is_a_link(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir(mode=0o755)
    store = tmp_path / "store"
    store.mkdir()
    (store / "locks").symlink_to(tmp_path / "elsewhere")
    with kd.Client("simulator", cache=store, progress=False) as client:
        with pytest.warns(kd.KiwoomDataWarning, match="is a link"):
            frame = kd.daily_prices("005930", "2024-01-02", "2024-01-05", client=client)
        assert frame.height == 4
    assert (tmp_path / "elsewhere").stat().st_mode & 0o777 == 0o755
    assert list((tmp_path / "elsewhere").iterdir()) == []


@posix
def test_a_cache_folder_that_the_user_has_linked_to_another_disk_is_used(tmp_path: Path) -> None:
    (tmp_path / "disk").mkdir()
    (tmp_path / "cache").symlink_to(tmp_path / "disk")
    with kd.Client("simulator", cache=tmp_path / "cache", progress=False) as client:
        kd.daily_prices("005930", "2024-01-02", "2024-01-05", client=client)
    assert list((tmp_path / "disk").iterdir())


@pytest.mark.skipif(sys.platform != "linux", reason="other systems name the user's folder otherwise")
def test_a_default_cache_folder_that_cannot_be_made_costs_one_warning(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "in the way").write_text("a file")
    monkeypatch.delenv("KIWOOMDATA_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "in the way"))
    with serving(Answer(GOOD)) as server:
        with pytest.warns(kd.KiwoomDataWarning, match=r"KIWOOMDATA_CACHE.*keeps nothing") as caught:
            client = client_of(server)
        assert len(caught) == 1
        assert client.store is None
        with client:
            assert client.raw("ka10086", stk_cd="005930", qry_dt="20261120", indc_tp="0")
        monkeypatch.setenv("KIWOOMDATA_CACHE", str(tmp_path / "in the way" / "cache"))
        with pytest.raises(kd.CacheError, match="in the way"):  # it was named
            client_of(server)


@pytest.mark.parametrize("url", ["http://[::1]evil.com", "http://example.com", "ftp://127.0.0.1"])
def test_a_bad_address_is_refused_before_a_folder_is_made(tmp_path: Path, url: str) -> None:
    with pytest.raises(kd.ConfigError, match="^base_url: "):
        kd.Client(
            base_url=url, app_key="k", app_secret="s", cache=tmp_path / "cache", state=tmp_path / "state"
        )
    assert list(tmp_path.iterdir()) == []


def test_a_half_made_client_has_a_repr() -> None:
    assert repr(kd.Client.__new__(kd.Client)) == "Client(not made)"
    with pytest.raises(kd.ConfigError) as caught:
        kd.Client(base_url="http://example.com", app_key="k", app_secret="s")
    frames = [entry.frame for entry in caught.traceback]
    assert any("Client(not made)" in repr(frame.f_locals) for frame in frames)


@pytest.mark.skipif(sys.platform != "linux", reason="other systems have no /proc")
def test_a_named_cache_folder_that_nobody_can_make_is_an_error_to_root_too() -> None:
    with pytest.raises(kd.CacheError, match=r"^cache: '/proc/nope/rows' .*none can be made in it"):
        kd.Client(base_url="http://127.0.0.1:1", app_key="k", app_secret="s", cache="/proc/nope/rows")


@pytest.mark.skipif(sys.platform != "linux", reason="other systems have no /proc")
@pytest.mark.parametrize("by_variable", [False, True])
@pytest.mark.parametrize("kind", ["proc", "file", "link", "dangling link"])
def test_a_named_state_folder_that_cannot_be_used_is_an_error_and_left_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, by_variable: bool, kind: str
) -> None:
    named = tmp_path / "state"
    (tmp_path / "elsewhere").mkdir(mode=0o755)
    folder = named / "kiwoomdata" if by_variable else named
    if kind == "proc":
        named = folder = Path("/proc/nope")
    elif kind == "file":
        named.write_text("a file")
    else:
        folder.parent.mkdir(exist_ok=True)
        folder.symlink_to(tmp_path / ("elsewhere" if kind == "link" else "nowhere"))
    monkeypatch.setenv("KIWOOMDATA_STATE", str(named))
    settings = {} if by_variable else {"state": named}
    keys = {"base_url": "http://127.0.0.1:1", "app_key": "k", "app_secret": "s"}
    with pytest.raises(kd.ConfigError, match=r"^state: '.*(nope|state|kiwoomdata)' cannot be the folder"):
        kd.Client(cache=False, **keys, **settings)  # type: ignore[arg-type]
    assert (tmp_path / "elsewhere").stat().st_mode & 0o777 == 0o755
    assert list((tmp_path / "elsewhere").iterdir()) == []
    kd.Client(cache=False, state=False, **keys).close()  # type: ignore[arg-type]
    kd.Client("simulator", cache=False, **settings).close()  # type: ignore[arg-type]  # keeps no token


@pytest.mark.parametrize("state", [True, "", 5])
def test_what_names_no_state_folder_is_refused(state: Any) -> None:
    with pytest.raises(kd.ConfigError, match=f"^state: expected a folder, or False for none, got {state!r}"):
        kd.Client(base_url="http://127.0.0.1:1", app_key="k", app_secret="s", cache=False, state=state)


@posix
@pytest.mark.parametrize("name", [300 * "a", "nul\0"])
@pytest.mark.parametrize("kind", ["cache", "state"])
def test_a_folder_whose_name_cannot_be_is_refused_at_once(tmp_path: Path, kind: str, name: str) -> None:
    named: dict[str, Any] = {"cache": False, "state": False, kind: tmp_path / name}
    with pytest.raises(kd.KiwoomDataError, match=rf"^{kind}: .* cannot be the "):
        kd.Client(base_url="http://127.0.0.1:1", app_key="k", app_secret="s", **named)


AS_SOMEBODY_ELSE = """
import os, sys
from kiwoomdata.errors import ConfigError
from kiwoomdata.folders import state_folder
if os.getuid() == 0:  # who may look anywhere
    os.setuid(65534)
try:
    state_folder(sys.argv[1])
except ConfigError as error:
    print(error)
"""


@posix
def test_a_folder_that_may_not_be_looked_at_is_refused_in_words(tmp_path: Path) -> None:
    (tmp_path / "closed").mkdir()
    (tmp_path / "closed").chmod(0)
    named = str(tmp_path / "closed" / "state")
    done = subprocess.run(
        [sys.executable, "-c", AS_SOMEBODY_ELSE, named], capture_output=True, text=True, timeout=100
    )
    (tmp_path / "closed").chmod(0o700)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith(f"state: '{named}' cannot be the folder of tokens")


@posix
def test_a_cache_folder_that_is_a_link_to_nowhere_is_refused_at_once(tmp_path: Path) -> None:
    (tmp_path / "cache").symlink_to(tmp_path / "nowhere")
    with pytest.raises(kd.CacheError, match="cannot be the store's folder"):
        kd.Client(base_url="http://127.0.0.1:1", app_key="k", app_secret="s", cache=tmp_path / "cache")


def test_asking_whether_a_folder_can_be_made_leaves_nothing(tmp_path: Path) -> None:
    kd.Client(base_url="http://127.0.0.1:1", app_key="k", app_secret="s", cache=tmp_path / "a" / "b").close()
    assert list(tmp_path.iterdir()) == []


def test_no_secret_that_the_server_writes_into_an_answer_is_stored_or_handed_out(tmp_path: Path) -> None:
    ours = {"app_key": "canary-key/0123", "app_secret": "canary-secret-0123"}
    canaries = [*ours.values(), "canary-token-0123"]
    token = {"token": canaries[2], "token_type": "bearer", "expires_dt": "20991231235959", "return_code": 0}
    row = {"date": "20240102", "close_pric": "+10000", "note": " ".join(canaries)}
    said = {"return_code": 0, "return_msg": "", "daly_stkpc": [row], "echo": " ".join(canaries)}
    escaped = json.dumps(said).replace("/", "\\/").encode()
    answer = Answer(escaped, {"cont-yn": "N", "next-key": "", "x-echo": canaries[2]})
    with (
        serving(answer, token=lambda number: Answer(token)) as server,
        client_of(server, cache=tmp_path / "cache", **ours) as client,
    ):
        (page,) = client.raw("ka10086", stk_cd="005930", qry_dt="20240102", indc_tp="0")
        with pytest.warns(kd.KiwoomDataWarning):
            kd.daily_prices("005930", "2024-01-02", "2024-01-02", client=client)
    kept = [file.read_bytes() for file in (tmp_path / "cache").rglob("*") if file.is_file()]
    assert b"***" in page.content
    assert any(b"***" in each for each in kept)
    shown = [page.content.replace(b"\\/", b"/"), repr(page.headers).encode(), *kept]
    assert [canary for canary in canaries for each in shown if canary.encode() in each] == []
