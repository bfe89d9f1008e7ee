"""Fixtures of the tests of quotas."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.rest.redis_server import PROGRAM, RedisServer


@pytest.fixture(scope="session")
def one_redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    """A Redis for the tests that do not hurt it."""
    if PROGRAM is None:
        pytest.skip("no redis-server here; on Debian: apt install redis-server")
    server = RedisServer(tmp_path_factory.mktemp("redis"))
    yield server
    server.kill()


@pytest.fixture
def redis_server(tmp_path: Path) -> Iterator[RedisServer]:
    """A Redis of the test's own."""
    if PROGRAM is None:
        pytest.skip("no redis-server here; on Debian: apt install redis-server")
    server = RedisServer(tmp_path)
    yield server
    server.kill()
