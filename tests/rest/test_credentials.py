"""Keys are found where they should be, and never show."""

from __future__ import annotations

import copy
import hashlib
import importlib.util
import json
import logging
import pickle
import string
import traceback
from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import kiwoomdata as kd
from kiwoomdata.errors import ConfigError, KiwoomDataWarning
from kiwoomdata.kinds import KST
from kiwoomdata.masking import brief, redact
from kiwoomdata.rest.credentials import Credentials, find_credentials
from kiwoomdata.rest.token import Token

KEY = "Kq3-appkey-wXyZ0123456789"
SECRET = "sS9_secretkey-aBcDeF987654"

visible = st.text(st.sampled_from(string.ascii_letters + string.digits + "-_"), min_size=12, max_size=60)


class Store:
    """A keyring that holds what it is told to."""

    def __init__(self, **held: str) -> None:
        self.held = held

    def get_password(self, service_name: str, username: str, /) -> str | None:
        return (
            self.held.get(username.partition(":")[2])
            if (service_name, username[:5]) == ("kiwoomdata", "real:")
            else None
        )


class BrokenStore:
    def get_password(self, service_name: str, username: str, /) -> str | None:
        raise RuntimeError("no recommended backend was available")


# --- secrets stay in --------------------------------------------------------------------------------


@given(key=visible, secret=visible)
def test_no_way_of_printing_credentials_shows_them(key: str, secret: str) -> None:
    found = Credentials(key, secret)
    for text in (repr(found), str(found), f"{found}", f"{found!r:>80}", "%s %r" % (found, [found])):  # noqa: UP031
        assert key not in text
        assert secret not in text


def test_a_log_line_and_an_error_about_credentials_do_not_show_them(caplog: pytest.LogCaptureFixture) -> None:
    found = Credentials(KEY, SECRET)
    with caplog.at_level(logging.DEBUG, logger="kiwoomdata"):
        logging.getLogger("kiwoomdata").debug("using %s", found)
    with pytest.raises(AttributeError) as caught:
        found.app_key = "another"  # type: ignore[misc]
    assert found.digest in caplog.text
    for text in (caplog.text, str(caught.value)):
        assert KEY not in text
        assert SECRET not in text


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_credentials_cannot_be_pickled(protocol: int) -> None:
    with pytest.raises(TypeError, match="not pickled"):
        pickle.dumps(Credentials(KEY, SECRET), protocol)
    with pytest.raises(TypeError, match="not pickled"):
        copy.copy(Credentials(KEY, SECRET))


def test_the_digest_names_the_app_key_without_giving_it_away() -> None:
    digest = Credentials(KEY, SECRET).digest
    assert hashlib.sha256(KEY.encode()).hexdigest().startswith(digest)
    assert len(digest) == 16
    assert digest == Credentials(KEY, "another-secret").digest != Credentials(SECRET, SECRET).digest


# --- what is a key ----------------------------------------------------------------------------------


def test_white_space_around_a_key_is_dropped() -> None:
    assert Credentials(f"  {KEY}\n", f"\t{SECRET} ") == Credentials(KEY, SECRET)


@pytest.mark.parametrize(
    "bad", ["", "   ", "half a key", "half\tkey", "null\0key", "line\nbreak", "zero\u200bwidth", "키"]
)
@pytest.mark.parametrize("name", ["app_key", "app_secret"])
def test_a_malformed_key_is_refused_by_name_and_not_shown(name: str, bad: str) -> None:
    values = {"app_key": KEY, "app_secret": SECRET} | {name: bad}
    with pytest.raises(ConfigError, match=f"^{name}: expected") as caught:
        find_credentials(**values, mode="real", environ={}, keyring=None)
    assert not bad.strip() or bad not in str(caught.value)
    with pytest.raises(ConfigError, match=f"^{name}: expected"):
        Credentials(**values)


def test_a_malformed_key_in_the_environment_is_refused_by_the_variables_name() -> None:
    with pytest.raises(ConfigError, match=r"^KIWOOM_APP_SECRET: expected"):
        find_credentials(
            mode="real", environ={"KIWOOM_APP_KEY": KEY, "KIWOOM_APP_SECRET": "in two"}, keyring=None
        )


# --- where keys come from ---------------------------------------------------------------------------

ENVIRON = {"KIWOOM_APP_KEY": "env-key", "KIWOOM_APP_SECRET": "env-secret"}
STORE = Store(app_key="ring-key", app_secret="ring-secret")


def test_arguments_come_before_the_environment_and_that_before_the_keyring() -> None:
    assert find_credentials(KEY, SECRET, mode="real", environ=ENVIRON, keyring=STORE) == Credentials(
        KEY, SECRET
    )
    assert find_credentials(mode="real", environ=ENVIRON, keyring=STORE) == Credentials(
        "env-key", "env-secret"
    )
    assert find_credentials(mode="real", environ={}, keyring=STORE) == Credentials("ring-key", "ring-secret")


def test_a_named_key_is_found_by_its_name_alone() -> None:
    environ = {**ENVIRON, "KIWOOM_APP_KEY_DESK": "desk-key", "KIWOOM_APP_SECRET_DESK": "desk-secret"}
    found = find_credentials(mode="real", name="desk", environ=environ, keyring=None)
    assert found == Credentials("desk-key", "desk-secret")
    ring = Store(**{"desk:app_key": "ring-key", "desk:app_secret": "ring-secret"})
    assert find_credentials(mode="real", name="desk", environ=ENVIRON, keyring=ring) == Credentials(
        "ring-key", "ring-secret"
    )
    with pytest.raises(ConfigError, match="no key named 'desk' was found. Set KIWOOM_APP_KEY_DESK and"):
        find_credentials(mode="real", name="desk", environ=ENVIRON, keyring=STORE)
    with pytest.raises(ConfigError, match="KIWOOM_APP_SECRET_DESK is missing"):
        find_credentials(mode="real", name="desk", environ={"KIWOOM_APP_KEY_DESK": "desk-key"}, keyring=None)
    with pytest.raises(ConfigError, match="key: names a key that is found elsewhere; give it or app_key"):
        find_credentials(KEY, SECRET, mode="real", name="desk", environ=environ, keyring=None)


@pytest.mark.parametrize("name", ["", "1a", "a-b", "가", "a" * 25, 5, KEY + "\n"])
def test_what_is_no_name_of_a_key_may_be_one_and_is_not_shown(name: object) -> None:
    with pytest.raises(ConfigError, match="key: expected a key's name") as caught:
        find_credentials(mode="real", name=name, environ=ENVIRON, keyring=STORE)  # type: ignore[arg-type]
    assert KEY not in str(caught.value)


def test_no_source_with_keys_is_none() -> None:
    blank = {"KIWOOM_APP_KEY": "", "KIWOOM_APP_SECRET": " "}
    assert find_credentials(mode="real", environ=blank, keyring=Store()) is None
    assert find_credentials(mode="real", environ={}, keyring=None) is None


def test_the_keyring_keeps_the_keys_of_each_mode_apart() -> None:
    assert find_credentials(mode="mock", environ={}, keyring=STORE) is None


def test_a_keyring_that_fails_counts_as_absent() -> None:
    assert find_credentials(mode="real", environ={}, keyring=BrokenStore()) is None


@pytest.mark.skipif(
    importlib.util.find_spec("keyring") is not None, reason="the keyring package is installed here"
)
def test_a_keyring_package_that_is_not_installed_counts_as_absent() -> None:
    assert find_credentials(mode="real", environ={}) is None


@pytest.mark.parametrize(
    ("arguments", "environ", "store", "missing"),
    [
        ({"app_key": KEY}, ENVIRON, STORE, "app_secret is missing beside app_key"),
        ({"app_secret": SECRET}, ENVIRON, STORE, "app_key is missing beside app_secret"),
        ({}, {"KIWOOM_APP_KEY": KEY}, STORE, "KIWOOM_APP_SECRET is missing beside KIWOOM_APP_KEY"),
        ({}, {"KIWOOM_APP_SECRET": SECRET, "KIWOOM_APP_KEY": " "}, STORE, "KIWOOM_APP_KEY is missing"),
        ({}, {}, Store(app_key=KEY), "real:app_secret is missing beside real:app_key"),
        ({}, {}, Store(app_secret=SECRET), "real:app_key is missing beside real:app_secret"),
    ],
)
def test_half_a_pair_is_an_error_that_names_the_missing_half(
    arguments: dict[str, str], environ: dict[str, str], store: Store, missing: str
) -> None:
    with pytest.raises(ConfigError, match=missing) as caught:
        find_credentials(**arguments, mode="real", environ=environ, keyring=store)
    assert KEY not in str(caught.value)
    assert SECRET not in str(caught.value)


# --- the redacting door -----------------------------------------------------------------------------


@given(
    before=st.text(max_size=20), after=st.text(max_size=20), secrets=st.lists(visible, min_size=1, max_size=3)
)
def test_named_secrets_are_gone_wherever_they_stand(before: str, after: str, secrets: list[str]) -> None:
    text = before + after.join(secrets) + after
    cleaned = redact(text, *secrets)
    assert not [secret for secret in secrets if secret in cleaned]


def test_a_secret_that_holds_another_is_replaced_whole() -> None:
    assert redact("abcdef-and-more abcdef", "abcdef", "abcdef-and-more") == "*** ***"


@pytest.mark.parametrize("shown", range(4, len(SECRET) + 1))
def test_a_secret_that_an_excerpt_cuts_off_gives_no_part_of_it_away(shown: int) -> None:
    other = SECRET[::-1]  # of no Credentials, so that brief() does not know it
    said = brief("x" * (300 - shown) + other + " and more of the page")
    assert said.endswith(other[:shown] + "…")
    assert redact(said, KEY, other) == "x" * (300 - shown) + "***…"


@pytest.mark.parametrize("room", [0, 5, 297, 300 - len(SECRET), 300])
def test_a_brief_text_shows_no_part_of_a_known_secret(room: int) -> None:
    Credentials(KEY, SECRET)
    said = brief("x" * room + SECRET * 3 + "y" * 400)
    assert len(said) <= 301
    assert said[-1] == "…"
    assert said.startswith(("x" * room + "******")[:300])  # or more, by the longest secret known
    assert SECRET[:4] not in said


def test_a_short_secret_is_not_looked_for_in_words() -> None:
    Credentials("a", "server")
    assert str(ConfigError("a server")) == "a server"


@pytest.mark.parametrize("kind", [ConfigError, KiwoomDataWarning])
def test_no_error_and_no_warning_shows_a_secret_that_is_known(kind: type[Exception]) -> None:
    Credentials(KEY, SECRET)
    token = Token("a-token-that-was-issued", datetime(2026, 11, 21, tzinfo=KST))
    told = kind(f"the server sent {KEY!r}, {SECRET!r} and {token.value!r}")
    for shown in (str(told), repr(told), *map(str, told.args)):
        assert shown.count("***") == 3, shown


def test_an_empty_secret_replaces_nothing() -> None:
    assert redact("as it was", "") == "as it was"


@given(token=visible)
def test_a_bearer_token_is_gone_without_being_named(token: str) -> None:
    headers = {"authorization": f"Bearer {token}", "api-id": "ka10086"}
    assert redact(f"bearer  {token}\n") == "bearer ***\n"
    assert redact(str(headers)) == "{'authorization': 'Bearer ***', 'api-id': 'ka10086'}"
    assert redact(json.dumps(headers)) == '{"authorization": "Bearer ***", "api-id": "ka10086"}'


@pytest.mark.parametrize("field", ["token", "appkey", "secretkey"])
@given(value=st.text(max_size=30))
def test_key_fields_of_a_json_body_are_gone_whatever_they_hold(field: str, value: str) -> None:
    body = {"grant_type": "client_credentials", field: value, "return_code": 0}
    for ascii_only in (True, False):
        cleaned = json.loads(redact(json.dumps(body, ensure_ascii=ascii_only)))
        assert cleaned == body | {field: "***"}


@given(token=visible, data=st.data())
def test_a_body_that_was_cut_off_gives_no_part_of_its_token_away(token: str, data: st.DataObject) -> None:
    body = json.dumps({"token": token})
    cut = data.draw(st.integers(len('{"token": "') + 8, len(body)))
    assert redact(body[:cut]).removesuffix("}") == '{"token": "***"'


def test_key_fields_are_gone_from_a_body_within_a_text() -> None:
    body = json.dumps({"appkey": KEY, "secretkey": SECRET, "note": "kept"})
    for text in (
        json.dumps({"body": body}),
        repr({"body": body}),
        str(json.loads(body)),
        repr(body.encode()),
    ):
        cleaned = redact(text)
        assert KEY not in cleaned
        assert SECRET not in cleaned
        assert "kept" in cleaned


def test_ordinary_text_passes_as_it_is() -> None:
    text = (
        '{"token_type":"bearer","expires_dt":"20261121104500","return_msg":"Token is invalid","token":null}'
    )
    assert redact(text, KEY) == text


@given(text=st.text(max_size=60), token=visible)
def test_redacting_twice_is_redacting_once(text: str, token: str) -> None:
    once = redact(f'{text} Bearer {token} {{"token": "{token}"}}', token)
    assert redact(once, token) == once


# --- frames -----------------------------------------------------------------------------------------

CANARIES = ("canary-key-0123", "canary secret 0123", "canary-secret-0123")


@pytest.mark.parametrize(
    "settings",
    [
        {"base_url": "http://example.com", "app_secret": "canary-secret-0123"},
        {"mode": "moon", "app_secret": "canary-secret-0123"},
        {"mode": "real"},
        {"mode": "real", "app_secret": "canary secret 0123"},
        {"mode": "real", "app_secret": "canary-secret-0123", "quota": "many"},
    ],
)
@pytest.mark.parametrize("where", ["arguments", "environment", "use"])
def test_no_frame_of_a_client_that_cannot_be_made_shows_a_key(
    settings: dict[str, str], where: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = {"app_key": "canary-key-0123", **settings}
    if where == "environment":
        for name in ("app_key", "app_secret"):
            monkeypatch.setenv(f"KIWOOM_{name.upper()}", given.pop(name, ""))
    make = kd.Client if where != "use" else kd.use
    with pytest.raises((kd.ConfigError, ValueError)) as caught:
        make(given.pop("mode", "real"), **given)
    frames = [frame for frame, _ in traceback.walk_tb(caught.value.__traceback__)]
    shown = [repr(frame.f_locals) for frame in frames if frame.f_code.co_filename != __file__]
    assert shown
    assert [canary for canary in CANARIES for text in (*shown, str(caught.value)) if canary in text] == []


@pytest.mark.parametrize(
    "settings",
    [
        {"app_key": "canary-key-0123", "app_secret": b"canary-secret-0123"},
        {"app_key": b"canary-key-0123", "app_secret": "canary-secret-0123"},
        {"key": "canary-secret-0123"},
        {"base_url": "http://me:canary-secret-0123@127.0.0.1", "app_key": "k", "app_secret": "s"},
        {"ws_url": "ws://127.0.0.1/?token=canary-secret-0123", "app_key": "k", "app_secret": "s"},
    ],
)
@pytest.mark.parametrize("make", [kd.Client, kd.use])
def test_no_frame_shows_what_is_refused_and_may_be_a_secret(settings: dict[str, Any], make: Any) -> None:
    with pytest.raises(kd.ConfigError) as caught:
        make("real", **settings)
    frames = [frame for frame, _ in traceback.walk_tb(caught.value.__traceback__)]
    shown = [repr(frame.f_locals) for frame in frames if frame.f_code.co_filename != __file__]
    assert shown
    assert [canary for canary in CANARIES for text in (*shown, str(caught.value)) if canary in text] == []


@pytest.mark.parametrize(
    "make",
    [
        lambda key: kd.Client(key),
        lambda key: kd.Client(mode=key),
        lambda key: kd.use(key),
        lambda key: kd.use(mode=key),
        lambda _: kd.Client(),  # of the environment
    ],
)
def test_a_key_in_the_place_of_the_mode_is_not_shown(
    make: Callable[[Any], Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KIWOOM_MODE", "canary-key-0123")
    with pytest.raises(kd.ConfigError, match=r"expected 'simulator', 'mock' or 'real'.*app_key=") as caught:
        make("canary-key-0123")
    frames = [frame for frame, _ in traceback.walk_tb(caught.value.__traceback__)]
    shown = [repr(frame.f_locals) for frame in frames if frame.f_code.co_filename != __file__]
    assert shown
    assert [text for text in (*shown, str(caught.value)) if "canary" in text] == []


def test_a_misspelt_mode_is_shown() -> None:
    with pytest.raises(kd.ConfigError, match="got 'simlator'"):
        kd.use("simlator")  # type: ignore[arg-type]


def test_with_key_shows_nothing_that_is_no_name() -> None:
    client = kd.Client("simulator", cache=False)
    with pytest.raises(kd.ConfigError) as caught:
        client.with_key("canary-secret-0123")
    frames = [frame for frame, _ in traceback.walk_tb(caught.value.__traceback__)]
    shown = [repr(frame.f_locals) for frame in frames if frame.f_code.co_filename != __file__]
    assert shown
    assert [text for text in (*shown, str(caught.value)) if "canary" in text] == []
