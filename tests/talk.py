"""Talking to the simulator over a plain connection, without anything of the client."""

from __future__ import annotations

import http.client
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Any

from kiwoomdata.arguments import body_of
from kiwoomdata.entries import ENDPOINTS
from kiwoomdata.simulator import Server

MARKET_DATA = "/api/dostk/mrkcond"

# Instead of the dates of the entries' examples, so that what is asked for lies close to 2026-11-20.
_DATES = {"start": "20261001", "end": "20261120", "until": "20261120", "date": "20261120"}


def good(api_id: str, **given: object) -> dict[str, str]:
    """A good request of a TR, as of 2026-11-20: the example of its entry."""
    endpoint = ENDPOINTS[api_id]
    names = {param.name for param in endpoint.params}
    dates = {name: day for name, day in _DATES.items() if name in names}
    return body_of(endpoint, {**endpoint.shown, **dates, **given})


BODIES: dict[str, dict[str, str]] = {api_id: good(api_id) for api_id in ENDPOINTS} | {
    "ka10044": good("ka10044", start="20261102", side="sell", market="kosdaq"),
    "ka10063": good("ka10063", market="kosdaq", measure="value", investor="6"),
    "ka10066": good("ka10066", market="kosdaq", measure="value"),
    "ka90007": good("ka90007", date="20260105"),
}


@dataclass(frozen=True)
class Reply:
    status: int
    spelled: Mapping[str, str]
    """The headers with their names as sent."""
    content: bytes

    @property
    def headers(self) -> dict[str, str]:
        return {name.lower(): value for name, value in self.spelled.items()}

    @property
    def json(self) -> dict[str, Any]:
        found = json.loads(self.content)
        assert isinstance(found, dict)
        return found

    @property
    def more(self) -> str:
        return self.headers["cont-yn"]

    @property
    def next_key(self) -> str:
        return self.headers["next-key"]

    @property
    def rows(self) -> list[dict[str, str]]:
        """The rows of the only list."""
        (rows,) = [value for value in self.json.values() if isinstance(value, list)]
        return rows

    @property
    def verdict(self) -> tuple[int, str]:
        """return_code, and the code in the brackets of return_msg."""
        message = self.json["return_msg"]
        inside = message.partition("[")[2]
        return self.json["return_code"], inside.partition(":")[0]


class Talk:
    """One keep-alive connection to a server."""

    def __init__(self, server: Server, *, timeout: float = 60) -> None:
        self.server = server
        self.connection = http.client.HTTPConnection(server.base_url.removeprefix("http://"), timeout=timeout)
        self._token = ""

    def __enter__(self) -> Talk:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.connection.close()

    def post(self, path: str, body: object, headers: Mapping[str, str] | None = None) -> Reply:
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        sent = {"content-type": "application/json;charset=UTF-8", **(headers or {})}
        try:
            self.connection.request("POST", path, content, {k: v for k, v in sent.items() if v is not None})
            response = self.connection.getresponse()
            return Reply(response.status, dict(response.getheaders()), response.read())
        except Exception:
            self.connection.close()
            raise

    def issue(self, **changes: object) -> Reply:
        body = {
            "grant_type": "client_credentials",
            "appkey": self.server.app_key,
            "secretkey": self.server.app_secret,
            **changes,
        }
        return self.post("/oauth2/token", {k: v for k, v in body.items() if v is not None})

    def revoke(self, token: str | None, **changes: object) -> Reply:
        body = {"appkey": self.server.app_key, "secretkey": self.server.app_secret, "token": token, **changes}
        return self.post("/oauth2/revoke", {k: v for k, v in body.items() if v is not None})

    @property
    def token(self) -> str:
        if not self._token:
            self._token = self.issue().json["token"]
        return self._token

    @token.setter
    def token(self, token: str) -> None:
        self._token = token

    def ask(self, api_id: str, *, next_key: str | None = None, **changes: str | None) -> Reply:
        """A good request of the TR with some of its keys changed, or left out when None."""
        body = {key: text for key, text in {**BODIES[api_id], **changes}.items() if text is not None}
        headers = {"api-id": api_id, "authorization": f"Bearer {self.token}"}
        if next_key is not None:
            headers |= {"cont-yn": "Y", "next-key": next_key}
        return self.post(ENDPOINTS[api_id].path, body, headers)

    def walk(self, api_id: str, pages: int = 100, **changes: str | None) -> Iterator[Reply]:
        """Page after page, as long as the server says that there is more."""
        reply = self.ask(api_id, **changes)
        yield reply
        for _ in range(pages - 1):
            if reply.more != "Y":
                return
            reply = self.ask(api_id, next_key=reply.next_key, **changes)
            yield reply


def number(text: str) -> float:
    """What a text with any signs means: a run of signs that holds a minus is negative."""
    digits = text.lstrip("+-")
    value = float(digits)
    return -value if "-" in text[: len(text) - len(digits)] else value
