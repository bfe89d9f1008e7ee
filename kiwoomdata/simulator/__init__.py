"""A server on this machine that answers as the real one does, from one synthetic market.

>>> import http.client, json
>>> from datetime import date
>>> from kiwoomdata import simulator
>>> with simulator.start(seed=1, today=date(2026, 11, 20)) as server:
...     connection = http.client.HTTPConnection(server.base_url.removeprefix("http://"))
...     keys = {"appkey": server.app_key, "secretkey": server.app_secret}
...     connection.request(
...         "POST",
...         "/oauth2/token",
...         json.dumps({"grant_type": "client_credentials", **keys}),
...         {"content-type": "application/json;charset=UTF-8"},
...     )
...     answer = json.load(connection.getresponse())
...     connection.close()
>>> answer["token_type"], answer["expires_dt"], answer["return_code"]
('Bearer', '20261121183000', 0)

The live side is a WebSocket server of its own at ``server.ws_url``: it plays the market's day to whoever
registers, see :func:`start`.

It knows the catalogue and the kinds, and nothing of the client: what judges it are the vendor's printed
examples and what was observed of the live server. What was never observed it chooses, and says so where
it does.
"""

from __future__ import annotations

from kiwoomdata.simulator.live.faults import LIVE_FAULTS, LiveSpec
from kiwoomdata.simulator.market.market import Market
from kiwoomdata.simulator.rest.faults import FAULTS, Fault
from kiwoomdata.simulator.rest.service import Log, Record
from kiwoomdata.simulator.server import Server, start
from kiwoomdata.simulator.switches import Switches

__all__ = [
    "FAULTS",
    "LIVE_FAULTS",
    "Fault",
    "LiveSpec",
    "Log",
    "Market",
    "Record",
    "Server",
    "Switches",
    "start",
]


def __dir__() -> list[str]:
    return list(__all__)
