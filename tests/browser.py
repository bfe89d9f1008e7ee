"""A headless Chromium, driven over its own protocol: pages opened, what they say, whether they fit."""

from __future__ import annotations

import base64
import json
import os
import re
import shutil
import subprocess
import threading
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import IO, Any

from websockets.sync.client import ClientConnection, connect

__all__ = ["CHROMIUM", "Browser", "browsing", "serving"]

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


class Browser:
    """One tab."""

    def __init__(self, wire: ClientConnection) -> None:
        self._wire, self._last, self._loaded = wire, 0, False
        self.said: list[str] = []
        """What the console said as an error, and what was not found, since the page was opened."""
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.call(f"{domain}.enable")
        self.call("Emulation.setFocusEmulationEnabled", enabled=True)  # a page in front, as people have it

    def call(self, method: str, **params: Any) -> dict[str, Any]:
        self._last += 1
        self._wire.send(json.dumps({"id": self._last, "method": method, "params": params}))
        while True:
            heard = self._hear()
            if heard.get("id") == self._last:
                assert "error" not in heard, heard
                result: dict[str, Any] = heard["result"]
                return result

    def _hear(self) -> dict[str, Any]:
        heard: dict[str, Any] = json.loads(self._wire.recv(60))
        method, params = heard.get("method"), heard.get("params", {})
        self._loaded |= method == "Page.loadEventFired"
        if method == "Runtime.exceptionThrown":
            details = params["exceptionDetails"]
            self.said.append(str(details.get("exception", details).get("description", details["text"])))
        elif method == "Runtime.consoleAPICalled" and params["type"] in ("error", "warning"):
            self.said.append(str([argument.get("value") for argument in params["args"]]))
        elif method == "Log.entryAdded" and params["entry"]["level"] in ("error", "warning"):
            self.said.append(f"{params['entry']['text']} {params['entry'].get('url', '')}")
        return heard

    def size(self, width: int, height: int, *, phone: bool = False) -> None:
        self.call(
            "Emulation.setDeviceMetricsOverride",
            width=width, height=height, deviceScaleFactor=1, mobile=phone,
        )  # fmt: skip

    def scheme(self, name: str) -> None:
        """``light`` or ``dark``, as the system would say it."""
        self.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": name}])

    def open(self, address: str) -> None:
        self.said.clear()
        self._loaded = False
        self.call("Page.navigate", url=address)
        while not self._loaded:
            self._hear()

    def ask(self, script: str) -> Any:
        """The value of an expression of JavaScript, awaited."""
        done = self.call("Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True)
        assert "exceptionDetails" not in done, done
        return done["result"].get("value")

    def until(self, script: str) -> Any:
        """The value of an expression of JavaScript, once it is true, which takes at most a minute."""
        look = f"const look = () => {{ const value = {script}; value ? done(value) : setTimeout(look, 20) }}"
        late = "setTimeout(() => failed(Error('not true within a minute')), 60_000)"
        return self.ask(f"new Promise((done, failed) => {{ {look}; look(); {late} }})")

    def shot(self, file: Path) -> None:
        file.write_bytes(base64.b64decode(self.call("Page.captureScreenshot")["data"]))


@contextmanager
def browsing(profile: Path) -> Iterator[Browser]:
    """A browser of its own, which ends with the block."""
    assert CHROMIUM is not None
    command = [
        *(CHROMIUM, "--headless=new", "--disable-gpu", "--no-first-run", "--hide-scrollbars"),
        *(["--no-sandbox"] if os.geteuid() == 0 else []),
        *(f"--user-data-dir={profile}", "--remote-debugging-port=0", "about:blank"),
    ]
    with subprocess.Popen(command, stderr=subprocess.PIPE) as running:
        assert running.stderr is not None
        try:
            port = _port(running.stderr)
            threading.Thread(target=running.stderr.read, daemon=True).start()
            with connect(f"ws://127.0.0.1:{port}{_tab(port)}", max_size=None, proxy=None) as wire:
                yield Browser(wire)
        finally:
            running.terminate()


def _port(told: IO[bytes]) -> str:
    """Where it listens, which it says once it does."""
    heard = b""
    for line in told:
        if match := re.search(rb"listening on ws://127\.0\.0\.1:(\d+)/", line):
            return match[1].decode()
        heard += line
    raise RuntimeError(f"{CHROMIUM} ended: {heard.decode(errors='replace')}")


def _tab(port: str) -> str:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/json/list", timeout=30) as answer:
        tabs = json.load(answer)
    address: str = next(tab["webSocketDebuggerUrl"] for tab in tabs if tab["type"] == "page")
    return "/" + address.split("/", 3)[3]


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None: ...

    def do_GET(self) -> None:
        """A browser asks for an icon of its own accord, and the site names none."""
        if self.path == "/favicon.ico":
            self.send_response(204)
            self.end_headers()
        else:
            super().do_GET()


@contextmanager
def serving(folder: Path) -> Iterator[str]:
    """The address of a folder on this machine."""
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=str(folder))) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
