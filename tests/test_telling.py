"""How warnings reach whoever asked: at his line, once a call, from any thread."""

from __future__ import annotations

import threading
import warnings

import pytest

from kiwoomdata.errors import MissingKey, UnknownKey
from kiwoomdata.telling import Told, gathered, warn


def test_a_warning_points_at_the_line_that_called_the_package() -> None:
    with pytest.warns(UnknownKey, match="odd") as caught:
        warn("odd", UnknownKey)
    assert caught[0].filename == __file__


def test_what_is_gathered_in_a_thread_is_given_once_by_whoever_asks() -> None:
    told: Told = {}

    def job() -> None:
        with gathered(told):
            warn("odd", UnknownKey)
            warn("gone", MissingKey)

    threads = [threading.Thread(target=job) for _ in range(3)]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(10)
    assert set(told) == {("odd", UnknownKey), ("gone", MissingKey)}
