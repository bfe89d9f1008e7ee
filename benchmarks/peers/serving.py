"""The server of the comparison, in a process of its own: REST pages and live frames that were made before.

``python -m benchmarks.peers.serving`` prints its two ports. It shares nothing with the package's simulator,
checks nothing, and answers at once: what is left to measure is the client.
"""

from __future__ import annotations

import asyncio
import random
import threading
from datetime import date

from websockets.sync.server import ServerConnection, serve

from benchmarks.decode import make_pages
from benchmarks.stream import send, trade_frame
from kiwoomdata.calendar import trading_days

FIRST, LAST = date(2016, 9, 22), date(2026, 11, 13)
PAGE = 20
"""Rows of a page of ka10086."""
LIVE = 50_000
"""Messages that follow a registration."""

TOKEN = b'{"expires_dt":"20991231235959","token_type":"bearer","token":"t","return_code":0,"return_msg":""}'


def pages() -> list[bytes]:
    """Ten years of ka10086, the newest day first."""
    days = list(reversed(trading_days(FIRST, LAST)))
    return make_pages(-(-len(days) // PAGE), PAGE, days)


async def answer(contents: list[bytes], reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answer one connection's requests, each as soon as it is read."""
    try:
        while True:
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
            fields = dict(line.split(": ", 1) for line in head.split("\r\n")[1:] if ": " in line)
            await reader.readexactly(int(fields.get("content-length", 0)))
            if "/oauth2/token" in head:
                body, more, key = TOKEN, "N", ""
            else:
                page = int(fields.get("next-key") or 0)
                body = contents[page]
                more, key = ("Y", str(page + 1)) if page + 1 < len(contents) else ("N", "")
            writer.write(
                b"HTTP/1.1 200 OK\r\ncontent-type: application/json;charset=UTF-8\r\n"
                + f"cont-yn: {more}\r\nnext-key: {key}\r\napi-id: ka10086\r\n".encode()
                + f"content-length: {len(body)}\r\n\r\n".encode()
                + body
            )
    except asyncio.IncompleteReadError:
        writer.close()


def live(socket: ServerConnection) -> None:
    """Log in, register, and send: the frames follow the first registration at once."""
    for text in socket:
        if "LOGIN" in str(text)[:20]:
            socket.send('{"trnm":"LOGIN","return_code":0,"return_msg":""}')
        elif '"REG"' in str(text)[:20].replace(" ", ""):
            socket.send('{"trnm":"REG","return_code":0,"return_msg":""}')
            send(socket.socket, FRAMES, LIVE, 100, 0.0)


async def main() -> None:
    contents = pages()
    rest = await asyncio.start_server(lambda r, w: answer(contents, r, w), "127.0.0.1", 0, limit=2**20)
    with serve(live, "127.0.0.1", 0, ping_interval=None, compression=None) as sockets:
        threading.Thread(target=sockets.serve_forever, daemon=True).start()
        print(rest.sockets[0].getsockname()[1], sockets.socket.getsockname()[1], flush=True)
        await rest.serve_forever()


if __name__ == "__main__":
    volumes: dict[str, int] = {}
    rng = random.Random(1)
    FRAMES = [trade_frame(rng, volumes) for _ in range(20_000)]
    asyncio.run(main())
