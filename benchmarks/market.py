"""A market's data in bulk: pages of minute bars to one typed frame, and the list of all stocks.

The bars against ``orjson.loads`` of the same bytes and nothing else; the list, of 4,000 codes in one answer,
in milliseconds from the call to the frame, once everything has been used before.
"""

from __future__ import annotations

import json
import random
import statistics
from datetime import date, datetime, timedelta

import orjson
import polars as pl

import kiwoomdata as kd
from benchmarks.asking import client_at
from benchmarks.timing import hold, in_turn, ratio, table, verdict
from kiwoomdata import frames
from kiwoomdata.entries import ENDPOINTS
from kiwoomdata.kinds import DATE, KST, YES_NO
from kiwoomdata.rest import protocol
from tests.envelopes import Answer, serving

BARS = ENDPOINTS["ka10080"]
BODY = {"stk_cd": "005930", "tic_scope": "1", "upd_stkpc_tp": "1"}
CODES = 4_000


def minute_pages(pages: int, rows: int) -> list[bytes]:
    rng, at, contents = random.Random(1), datetime(2024, 11, 25, 15, 30, tzinfo=KST), []
    volume = 0
    for _ in range(pages):
        page = []
        for _ in range(rows):
            price, sign = rng.randint(50_000, 90_000), rng.choice("+-")
            volume += rng.randint(1, 40_000)
            page.append(
                {
                    "cur_prc": f"{sign}{price}",
                    "trde_qty": str(rng.randint(1, 40_000)),
                    "cntr_tm": f"{at:%Y%m%d%H%M%S}",
                    "open_pric": f"{sign}{price - 100}",
                    "high_pric": f"{sign}{price + 200}",
                    "low_pric": f"{sign}{price - 300}",
                    "acc_trde_qty": str(volume),
                    "pred_pre": f"{sign}{rng.randint(100, 900)}",
                    "pred_pre_sig": "2" if sign == "+" else "5",
                }
            )
            at -= timedelta(minutes=1)
        body = {"stk_cd": "005930", BARS.parts[1].key: page, "return_code": 0, "return_msg": ""}
        contents.append(json.dumps(body).encode())
    return contents


def typed_bars(contents: list[bytes]) -> pl.DataFrame:
    walk = protocol.pages(BARS, BODY, since=date(1, 1, 1))
    pages = []
    next(walk)
    for number, content in enumerate(contents):
        page = protocol.read("ka10080", 200, {"cont-yn": "Y", "next-key": f"k{number}"}, content)
        assert protocol.refusal(page)[0] == "none"
        pages.append(page)
        walk.send(page)
    texts, *_ = frames.text_parts(BARS, pages)
    return frames.typed(BARS, BARS.parts[1], texts["bars"], BODY)


def minute_bars() -> None:
    contents = minute_pages(100, 900)
    frame = typed_bars(contents)
    last = orjson.loads(contents[-1])[BARS.parts[1].key][-1]
    assert frame.height == 90_000
    assert frame["close"][-1] == abs(int(last["cur_prc"]))
    assert f"{frame['time'][-1]:%Y%m%d%H%M%S}" == last["cntr_tm"]
    times = in_turn(
        {
            "orjson.loads": lambda: [orjson.loads(content) for content in contents],
            "kiwoomdata": lambda: typed_bars(contents),
        }
    )
    print("100 pages x 900 rows of ka10080, bytes to one typed frame")
    print(table(times, "orjson.loads"))
    print(hold("minute bars, x orjson.loads", ratio(times, "kiwoomdata", "orjson.loads"), most=2.0))


def listed() -> bytes:
    """The answer of ka10099 with a row for each of many codes."""
    part = ENDPOINTS["ka10099"].parts[0]
    texts = {c.key: "20000104" if c.kind is DATE else "Y" if c.kind is YES_NO else "0" for c in part.columns}
    rows = [{**texts, "code": f"{n:06}", "name": f"종목 {n}", "lastPrice": f"{n:08}"} for n in range(CODES)]
    body = {part.key or "": rows, "return_code": 0, "return_msg": ""}
    return json.dumps(body, ensure_ascii=False).encode()


def stock_list() -> None:
    with serving(Answer(listed())) as server, client_at(server) as client:
        assert kd.stocks(client=client).height == CODES
        times = in_turn({"kd.stocks": lambda: kd.stocks(client=client)})
    median = 1000 * statistics.median(times["kd.stocks"])
    print(f"the list of {CODES:,} stocks, asked for over loopback")
    print(hold("stock list, ms", median, most=50))


def main() -> None:
    minute_bars()
    stock_list()


if __name__ == "__main__":
    main()
    print(verdict())
