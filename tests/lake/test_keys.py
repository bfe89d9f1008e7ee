"""Several keys fill one lake side by side; one that is refused is told, and no secret shows anywhere."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import date, time
from pathlib import Path

import pytest
from click.testing import CliRunner
from polars.testing import assert_frame_equal

import kiwoomdata as kd
from kiwoomdata.cli import main
from kiwoomdata.lake.keys import Keys
from tests.lake.test_lake import rows_of

MakeClient = Callable[..., kd.Client]


@pytest.fixture
def client(server: kd.simulator.Server, make_client: MakeClient) -> kd.Client:
    """One that waits for a market that draws many stocks."""
    return make_client(server, retry=None)


@pytest.fixture
def codes(client: kd.Client) -> list[str]:
    return kd.stocks("kospi", client=client)["symbol"].head(8).to_list()


@pytest.fixture
def named(server: kd.simulator.Server, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """Two keys of the server, in the environment: what must not show."""
    secrets = []
    for name in ("a", "b"):
        for what, value in zip(("KEY", "SECRET"), server.add_key(name), strict=True):
            monkeypatch.setenv(f"KIWOOM_APP_{what}_{name.upper()}", value)
            secrets.append(value)
    return secrets


def asked_by(server: kd.simulator.Server) -> Counter[int | None]:
    return Counter(record.key for record in server.log if record.api_id == "ka10081")


def test_each_key_asks_within_its_own_quota(
    tmp_path: Path, make_client: MakeClient, named: list[str], codes: list[str]
) -> None:
    with kd.simulator.start(seed=1, today=date(2026, 11, 20), now=time(18, 30), rate="5/s") as limited:
        for name in ("a", "b"):
            limited.add_key(name)
        lake = kd.Lake(tmp_path / "lake")
        client = make_client(limited, quota="5/s", cache=False, retry=None)
        report = lake.update(codes, what="candles", start="2026-11-02", keys=["a", "b"], client=client)
        counts = asked_by(limited)
        assert {record.status for record in limited.log} == {200}  # none was refused
    assert report.keys == {"a": counts[1], "b": counts[2]}
    assert sum(report.keys.values()) == report.requests == counts.total() >= 16
    # Within one second each key may send five, and none has to wait for the other.
    assert min(report.keys.values()) >= report.requests // 3
    assert lake.info().filter(table="candles")["symbols"].to_list() == [8]


def test_a_key_that_is_refused_is_told_and_the_others_do_its_work(
    tmp_path: Path,
    server: kd.simulator.Server,
    make_client: MakeClient,
    named: list[str],
    codes: list[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    lake, calm = kd.Lake(tmp_path / "lake"), kd.Lake(tmp_path / "calm")
    client = make_client(server, state=False, retry=None)  # no key has a token already
    monkeypatch.setenv("KIWOOM_APP_SECRET_A", "another-secret")
    with pytest.warns(kd.KiwoomDataWarning, match="key 'a' is left out, and the others go on: AuthError"):
        report = lake.update(
            codes, what=("stocks", "candles"), start="2026-06-01", keys=["a", "b"], client=client
        )
    assert (list(report.failed_keys), report.failures) == (["a"], {})
    calm.update(codes, what="candles", start="2026-06-01", client=client)
    assert_frame_equal(rows_of(lake, "candles"), rows_of(calm, "candles"))
    monkeypatch.setenv("KIWOOM_APP_SECRET_B", "another-secret")
    with (
        pytest.warns(kd.KiwoomDataWarning, match="key '[ab]' is left out"),  # whichever asked first
        pytest.raises(kd.AuthError, match="8002"),
    ):
        lake.update(codes, what="candles", start="2025-10-01", keys=["a", "b"], client=client)


def test_a_key_whose_token_is_refused_on_the_way_leaves_its_jobs_to_the_others(
    tmp_path: Path, server: kd.simulator.Server, client: kd.Client, named: list[str], codes: list[str]
) -> None:
    first = client.with_key("a")
    first.transport.tokens.get()  # it has one, and gets no other
    del server.service.tokens.secrets[named[0]]
    server.service.tokens.end(first.transport.tokens.get().value)
    lake = kd.Lake(tmp_path / "lake")
    with pytest.warns(kd.KiwoomDataWarning, match="key 'a' is left out"):
        report = lake.update(codes, what="candles", start="2026-06-01", keys=["a", "b"], client=client)
    assert (list(report.failed_keys), report.failures, report.keys["a"]) == (["a"], {}, 0)
    assert lake.info().filter(table="candles")["symbols"].to_list() == [len(codes)]


@pytest.mark.parametrize(
    ("keys", "error", "message"),
    [
        (
            ["a", "c"],
            kd.ConfigError,
            "key: no key named 'c' was found. Set KIWOOM_APP_KEY_C and KIWOOM_APP_SE",
        ),
        (["a", "A"], ValueError, "keys: 'a' and another name are one key, which has one quota"),
        ([], ValueError, "keys: expected a list of names of keys"),
        ("a", ValueError, "keys: expected a list of names of keys, got 'a'"),
        (
            ["aSecretOfFortyThreeLettersOrSo0123456789abc"],
            kd.ConfigError,
            "key: expected a key's name, at most",
        ),
    ],
)
def test_a_wrong_name_is_told_before_any_request(
    tmp_path: Path, server: kd.simulator.Server, client: kd.Client, named: list[str],
    keys: list[str], error: type[Exception], message: str,
) -> None:  # fmt: skip
    with pytest.raises(error, match=message) as caught:
        kd.Lake(tmp_path / "lake").update(
            "005930", what="candles", start="2026-06-01", keys=keys, client=client
        )
    assert "aSecretOf" not in str(caught.value)
    assert server.log.count() == 0


def test_no_secret_shows(
    tmp_path: Path, client: kd.Client, named: list[str], caplog: pytest.LogCaptureFixture
) -> None:
    lake = kd.Lake(tmp_path / "lake")
    with caplog.at_level(logging.DEBUG):
        report = lake.update("005930", what="candles", start="2026-06-01", keys=["a", "b"], client=client)
    written = [path.read_bytes() for path in lake.path.rglob("*") if path.is_file()]
    shown = [repr(report), repr(client.with_key("a")), repr(client.with_key("a").transport), caplog.text]
    assert written
    for secret in named:
        assert not any(secret.encode() in content for content in written)
        assert not any(secret in text for text in shown)


def test_the_command_line_takes_names_of_keys(
    tmp_path: Path, server: kd.simulator.Server, named: list[str], codes: list[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setenv("KIWOOM_BASE_URL", server.base_url)
    server.log.clear()
    words = ["lake", "update", str(tmp_path / "lake"), *codes, "--what", "candles", "--from", "2026-11-02"]
    result = CliRunner().invoke(main, [*words, "--key", "a", "--key", "b"])
    assert result.exit_code == 0, result.output
    assert set(asked_by(server)) == {1, 2}
    result = CliRunner().invoke(main, [*words, "--key", "c"])
    assert result.exit_code == 1
    assert "no key named 'c' was found" in result.output


def test_a_key_that_nobody_answers_is_left_out(client: kd.Client, named: list[str]) -> None:
    keys = Keys({"a": client.with_key("a"), "b": client.with_key("b")})
    lost = kd.TransportError("nobody is there")
    for _ in range(19):
        assert not keys.judge("a", lost)
    keys.judge("a", object())  # an answer between
    for _ in range(19):
        assert not keys.judge("a", lost)
    with pytest.warns(kd.KiwoomDataWarning, match="key 'a' is left out.*nobody is there"):
        assert not keys.judge("a", lost)  # its job has failed, and is not another's
    assert [name for name, _ in keys] == ["b"]
    for _ in range(19):
        assert not keys.judge("b", lost)
    with pytest.raises(kd.TransportError, match="nobody is there"):
        keys.judge("b", lost)
