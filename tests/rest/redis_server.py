"""A Redis of the tests' own: a process on this machine, at a port of its own, that keeps nothing."""

from __future__ import annotations

import shutil
import signal
import socket
import subprocess
import time
from pathlib import Path

import redis

PROGRAM = shutil.which("redis-server")


class RedisServer:
    def __init__(self, folder: Path, door: str = "port", *options: str) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port: int = free.getsockname()[1]
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self._folder, self._door, self._options = folder, door, options
        self._process: subprocess.Popen[bytes] | None = None
        self.start()

    @classmethod
    def with_tls(cls, folder: Path, cert: Path, key: Path) -> RedisServer:
        files = ["--tls-cert-file", str(cert), "--tls-key-file", str(key), "--tls-ca-cert-file", str(cert)]
        return cls(folder, "tls-port", "--port", "0", "--tls-auth-clients", "no", *files)

    def start(self) -> None:
        assert PROGRAM is not None
        command = [PROGRAM, "--bind", "127.0.0.1", "--dir", str(self._folder), "--save", ""]
        command += [f"--{self._door}", str(self.port), *self._options]
        self._process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        deadline = time.monotonic() + 20
        while True:
            assert self._process.poll() is None, "redis-server did not start"
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                return
            except OSError:
                assert time.monotonic() < deadline
                time.sleep(0.01)

    def client(self) -> redis.Redis:
        return redis.Redis(port=self.port, protocol=2)

    def signal(self, number: signal.Signals) -> None:
        assert self._process is not None
        self._process.send_signal(number)

    def kill(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait(10)
            self._process = None
