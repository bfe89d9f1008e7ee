"""The errors as one tree, and that they survive the way to another process."""

from __future__ import annotations

import copy
import pickle
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

import polars as pl
import pytest

from kiwoomdata import errors

EVERY = [
    errors.KiwoomDataError("something"),
    errors.ConfigError("no key"),
    errors.TransportError("HTTP 503", status=503),
    errors.ApiError("no such stock", code="1902", api_id="ka10086", remedy="Check it."),
    errors.AuthError("refused", code="8005", api_id="ka10086"),
    errors.RateLimited("too many", code="1700", api_id="ka10086", remedy="Wait."),
    errors.Unsupported("no", code="1504", api_id="ka10086"),
    errors.DecodeError("ka10086", "volume", "many", "a number"),
    errors.Truncated("ka10086", "the ceiling", pages=3, frame=pl.DataFrame({"close": [1]})),
    errors.CacheError("no folder"),
    errors.NotCached("offline"),
    errors.StreamError("over"),
    errors.LoginRefused("refused"),
    errors.Kicked("elsewhere"),
    errors.ConnectionLost("lost"),
    errors.BufferFull("slow"),
    errors.NoAnswer("silent"),
]


def fail(number: int) -> None:
    raise EVERY[number]


def attributes(error: errors.KiwoomDataError) -> dict[str, object]:
    return {name: value for name, value in vars(error).items() if name != "frame"}


def test_every_error_class_is_tried_here() -> None:
    classes = {kind for name in errors.__all__ if issubclass(kind := getattr(errors, name), Exception)}
    assert {type(error) for error in EVERY} == {kind for kind in classes if not issubclass(kind, Warning)}


@pytest.mark.parametrize("error", EVERY, ids=lambda error: type(error).__name__)
def test_an_error_survives_pickling_with_all_but_its_frame(error: errors.KiwoomDataError) -> None:
    error.add_note("a note")
    for again in (pickle.loads(pickle.dumps(error)), copy.copy(error)):
        assert type(again) is type(error)
        assert (str(again), again.args, attributes(again)) == (str(error), error.args, attributes(error))
        assert again.frame is None


def test_an_error_comes_out_of_a_process_pool() -> None:
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        futures = [pool.submit(fail, number) for number in range(len(EVERY))]
        for future, error in zip(futures, EVERY, strict=True):
            again = future.exception(timeout=60)
            assert (type(again), str(again)) == (type(error), str(error))


def test_control_characters_of_the_server_reach_no_terminal_by_a_traceback_or_a_warning() -> None:
    said = "gone\x1b[2J\x07\u202eback\nnext line"
    shown = "gone\ufffd[2J\ufffd\ufffdback\nnext line"
    assert str(errors.ApiError(said, code="3", api_id="ka10086")).endswith(f"refused with 3: {shown}")
    assert str(errors.UnknownKey(said)) == shown
