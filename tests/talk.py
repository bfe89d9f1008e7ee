"""Talking to the simulator over a plain connection, without anything of the client."""

from __future__ import annotations

import http.client
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Any

from kiwoomdata.simulator import Server

MARKET_DATA = "/api/dostk/mrkcond"

# A good request of each TR, as of 2026-11-20.
BODIES: dict[str, dict[str, str]] = {
    "ka10004": {"stk_cd": "005930"},
    "ka10005": {"stk_cd": "005930"},
    "ka10006": {"stk_cd": "005930"},
    "ka10007": {"stk_cd": "005930"},
    "ka10011": {"newstk_recvrht_tp": "00"},
    "ka10044": {
        "strt_dt": "20261102",
        "end_dt": "20261120",
        "trde_tp": "1",
        "mrkt_tp": "101",
        "stex_tp": "1",
    },
    "ka10045": {
        "stk_cd": "005930",
        "strt_dt": "20261001",
        "end_dt": "20261120",
        "orgn_prsm_unp_tp": "1",
        "for_prsm_unp_tp": "1",
    },
    "ka10046": {"stk_cd": "005930"},
    "ka10047": {"stk_cd": "005930"},
    "ka10063": {
        "mrkt_tp": "101",
        "amt_qty_tp": "1",
        "invsr": "6",
        "frgn_all": "0",
        "smtm_netprps_tp": "0",
        "stex_tp": "1",
    },
    "ka10066": {"mrkt_tp": "101", "amt_qty_tp": "1", "trde_tp": "0", "stex_tp": "1"},
    "ka10078": {"mmcm_cd": "001", "stk_cd": "005930", "strt_dt": "20261001", "end_dt": "20261120"},
    "ka10086": {"stk_cd": "005930", "qry_dt": "20261120", "indc_tp": "0"},
    "ka10087": {"stk_cd": "005930"},
    "ka90005": {
        "date": "20261120",
        "amt_qty_tp": "1",
        "mrkt_tp": "P00101",
        "min_tic_tp": "1",
        "stex_tp": "1",
    },
    "ka90006": {"date": "20261120", "stex_tp": "1"},
    "ka90007": {"date": "20260105", "amt_qty_tp": "1", "mrkt_tp": "0", "stex_tp": "1"},
    "ka90008": {"amt_qty_tp": "1", "stk_cd": "005930", "date": "20261120"},
    "ka90010": {
        "date": "20261120",
        "amt_qty_tp": "1",
        "mrkt_tp": "P00101",
        "min_tic_tp": "1",
        "stex_tp": "1",
    },
    "ka90013": {"amt_qty_tp": "1", "stk_cd": "005930", "date": "20261120"},
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

    def __init__(self, server: Server, *, timeout: float = 10) -> None:
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
        return self.post(MARKET_DATA, body, headers)

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
