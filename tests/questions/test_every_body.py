"""Every printed and recorded body over a real socket, by ``kd.request`` and by its function, with and without
the store: each cell against a reading of its own, by a table that nobody made from the catalogue."""

from __future__ import annotations

import json
import re
import warnings
from collections.abc import Callable, Mapping, Sequence, Set
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest

import kiwoomdata as kd
from kiwoomdata.entries import ENDPOINTS
from kiwoomdata.entries.entry import Endpoint, Part
from kiwoomdata.kinds import DATE, KST
from tests.envelopes import Answer, serving

DATA = Path(__file__).parents[1] / "data"
PRINTED = json.loads((DATA / "vendor_examples.json").read_text(encoding="utf-8"))["examples"]
RECORDED = json.loads((DATA / "recorded.json").read_text(encoding="utf-8"))["bodies"]
MEANINGS: dict[str, dict[str, str]] = json.loads((DATA / "meanings.json").read_text(encoding="utf-8"))["trs"]
CASES = [
    *(
        (api_id, "printed", 0) for api_id in PRINTED if api_id in MEANINGS and api_id != "ka90003"
    ),  # another's
    *((api_id, "recorded", n) for api_id, bodies in RECORDED.items() for n in range(len(bodies))),
]
Rows = list[dict[str, Any]]
MakeClient = Callable[..., kd.Client]

# --- a reading of its own ------------------------------------------------------------------------

WORDS: dict[str, dict[str, Any]] = {
    "direction": {"1": "limit_up", "2": "up", "3": "flat", "4": "limit_down", "5": "down"},
    "move": {"+": "up", "-": "down"},
    "venue": {"KRX": "krx", "NXT": "nxt", "통합": "all"},
    "warning": {"0": "none", "1": "etf_caution", "2": "liquidation", "3": "overheated", "4": "risk"},
    "yes-no": {"Y": True, "N": False},
}
OVERFLOWN = {4294967295, 2147483647, -2147483648, -2147483}
# In which unit the classes of investors are, by what the request asks for; ka10086 has shares of foreigners.
BY_REQUEST: dict[str, tuple[str, dict[str, float | None]]] = {
    "ka10051": ("amt_qty_tp", {"0": 100_000_000, "1": None}),
    "ka10059": ("amt_qty_tp", {"1": 1_000_000, "2": 1}),
    "ka10060": ("amt_qty_tp", {"1": 1_000_000, "2": 1}),
    "ka10062": ("stex_tp", {}),  # by row, in thousands or not: nobody knows
    "ka10086": ("indc_tp", {"0": 1, "1": 1_000_000}),
    "ka90003": ("amt_qty_tp", {"1": 1_000_000, "2": 1}),
    "ka90007": ("amt_qty_tp", {}),
}
SIZES_ALONE = {"ka50080": "pred_pre"}  # the sign stands in the direction, which is blank there
SOLD = re.compile(r"(?!.*irds)sell|sel_|rank_2")  # ka10038: bought, sold, net
NEGATIVE = {"ka10002", "ka10037", "ka10038", "ka10039", "ka10063", "ka10065", "ka30002"}
"""Those that write what was sold as negative; ours is positive in every frame."""


def number(text: str) -> float | None:
    signs, digits = re.fullmatch(r"([+-]*)([0-9.]+)", text.strip()).groups()  # type: ignore[union-attr]
    value = float(digits) * (-1 if "-" in signs else 1) or 0.0
    return None if value in OVERFLOWN else value


def meant(api_id: str, key: str, text: str, asked: Mapping[str, str]) -> Any:
    kind, _, unit = MEANINGS[api_id][key].partition(" ")
    text = text.strip()
    if not text or (kind == "date" and set(text) == {"0"}):
        return None
    if kind in ("price", "signed", "size"):
        value = number(text)
        if value is None or (kind == "price" and not value) or SIZES_ALONE.get(api_id) == key:
            return None
        if unit == "by request":
            flag, units = BY_REQUEST[api_id]
            factor = units.get(asked[flag])
        else:
            factor = None if unit == "?" else float(unit or 1)
        if api_id == "ka10059" and key == "flu_rt" and "." not in text:
            factor = 0.01
        sold = api_id in NEGATIVE and kind == "signed" and SOLD.match(key)
        return (abs(value) if kind != "signed" else -value if sold else value) * (factor or 1)
    if kind == "date":
        return date.fromisoformat(text[:8])
    if kind == "time":
        return time.fromisoformat(text)
    if kind == "moment":
        return datetime.strptime(text, "%Y%m%d%H%M%S").replace(tzinfo=KST)
    return WORDS[kind].get(text) if kind in WORDS else text


def expected(part: Part, api_id: str, row: Mapping[str, str], asked: Mapping[str, str]) -> dict[str, Any]:
    """The cells by the names of their columns."""
    flag, cells = ENDPOINTS[api_id].flag_of(asked), {}
    for column in part.columns:
        if (text := row.get(column.key)) is None or column.key not in MEANINGS[api_id]:
            continue
        if MEANINGS[api_id][column.key] == "size and side":
            signed = number(text) or 0
            side = "sell" if signed < 0 else "buy" if text.startswith("+") else None
            cells[column.name] = side if column.kind.name == "side" else abs(signed)
        else:
            cells[column.name_for(flag)] = meant(api_id, column.key, text, asked)
    return cells


# --- what is asked -------------------------------------------------------------------------------

SYMBOL, SPAN = "{symbol}", ("{first}", "{last}")
OF_A_SYMBOL = {
    "ka10001": "stock_info",
    "ka10002": "broker_board",
    "ka10004": "orderbook_snapshot",
    "ka10005": "price_table",
    "ka10007": "quote_board",
    "ka10046": "trade_strength",
    "ka10087": "after_hours_quote",
    "ka10095": "quotes",
}
OF_A_SPAN = {
    "ka10008": "foreign_holdings",
    "ka10013": "credit_trend",
    "ka10015": "daily_detail",
    "ka10038": "broker_ranking",
    "ka10045": "institution_trend",
    "ka10081": "candles",
    "ka10086": "daily_prices",
    "ka20068": "lending",
    "ka40008": "etf_daily_flows",
    "ka90013": "program_trend",
}
ASKS: dict[str, tuple[str, tuple[Any, ...], dict[str, Any]]] = {
    **{api_id: (name, (SYMBOL,), {}) for api_id, name in OF_A_SYMBOL.items()},
    **{api_id: (name, (SYMBOL, *SPAN), {}) for api_id, name in OF_A_SPAN.items()},
    "ka10059": ("investor_breakdown", (SYMBOL, *SPAN), {"measure": "value"}),
    "ka10080": ("candles", (SYMBOL, *SPAN), {"interval": "1m"}),
    "ka10083": ("candles", (SYMBOL, *SPAN), {"interval": "month"}),
    "ka00198": ("search_ranking", (), {"window": "1m"}),
    "ka10018": ("extremes", ("near_high", "all"), {"within": 0.5}),
    "ka10020": ("order_imbalance", (), {}),
    "ka10021": ("surges", ("kospi",), {"of": "orders", "venue": "all"}),
    "ka10022": ("surges", ("kospi",), {"of": "order_ratio"}),
    "ka10023": ("surges", ("kospi",), {}),
    "ka10024": ("volume_records", (), {"venue": "all"}),
    "ka10027": ("movers", ("all",), {"venue": "all"}),
    "ka10028": ("movers", ("kospi",), {"basis": "open"}),
    "ka10030": ("most_traded", ("all",), {"venue": "all"}),
    "ka10032": ("most_traded", ("all",), {"by": "value"}),
    "ka10033": ("credit_ranking", (), {}),
    "ka10034": ("foreign_ranking", ("kospi",), {"days": 5}),
    "ka10036": ("foreign_ranking", ("all",), {"by": "limit", "days": 1}),
    "ka10039": ("broker_stocks", ("001",), {"venue": "all"}),
    "ka10044": ("institution_trades", SPAN, {}),
    "ka10047": ("trade_strength", (SYMBOL,), {"by": "day"}),
    "ka10051": ("sector_flows", SPAN[:1], {"venue": "all"}),
    "ka10054": ("vi_events", (), {}),
    "ka10062": ("same_side_ranking", SPAN, {}),
    "ka10063": ("intraday_investor_trades", ("foreign",), {"venue": "all"}),
    "ka10065": ("investor_ranking", ("foreign",), {}),
    "ka10068": ("lending", (None, *SPAN), {}),
    "ka10098": ("movers", ("kospi",), {"basis": "after_hours"}),
    "ka10099": ("stocks", ("kospi",), {}),
    "ka10102": ("brokers", (), {}),
    "ka10131": ("buying_streaks", SPAN, {}),
    "ka20001": ("sector_quote", ("kospi",), {}),
    "ka20002": ("sector_stocks", ("kospi",), {}),
    "ka20003": ("sector_indices", ("kospi",), {}),
    "ka20006": ("index_candles", ("kospi", *SPAN), {}),
    "ka20009": ("sector_quote", ("kospi",), {"by": "day"}),
    "ka40001": ("etf_return", ("069500", "207"), {"period": "year"}),
    "ka40004": ("etf_quotes", (), {}),
    "ka90001": ("themes", (), {}),
    "ka90003": ("program_ranking", (), {}),
    "ka90005": ("program_trend", (), {"market": "kospi", "by": "time"}),
    "ka90007": ("program_cumulative", SPAN[:1], {"venue": "all"}),
    "ka90010": ("program_trend", (None, *SPAN), {"market": "kospi"}),
    "ka90012": ("lending_by_stock", SPAN[:1], {"market": "kosdaq"}),
}
VALUES = {("ka10086", 1): {"measure": "value"}}
"""What was asked for, where it is not what the example asks for."""
ZEROS = {("ka10087", 1)}
"""Zeros of a session without meaning, null in the function: test_zeros_after_hours_are_null_and_told."""
# Columns that a function names otherwise, or gives a day: each is held by the tests of that function.
OWN = {"code", "sector", "time", "quote_time", "regular_time", "trigger_time", "release_time"}
# What functions leave out, as the same column stands there under another name, or is held elsewhere.
LEFT_OUT = {
    "ka10051": {"direction"},
    "ka10059": {"direction"},
    "ka10086": {"individual_net", "institution_net", "foreign_net_buy", "foreign_holding_pct"}
    | {"foreign_weight_pct", "credit_balance_ratio"},
    "ka10047": {"quantity"},
    "ka10002": {"name", "price", "change_pct"},
}


def whole(api_id: str, kind: str, number: int) -> tuple[dict[str, Any], dict[str, str], Rows]:
    """The envelope as it is served, its own flat cells, and its rows; an excerpt is one row of the list."""
    body = PRINTED[api_id]["response"] if kind == "printed" else RECORDED[api_id][number]
    listed = ENDPOINTS[api_id].rows
    key = listed.key if listed is not None else None
    if key and key not in body:
        body = {key: [body]}
    body = {"return_code": 0, "return_msg": "정상적으로 처리되었습니다", **body}
    return body, {k: v for k, v in body.items() if isinstance(v, str)}, body.get(key, []) if key else []


def days_of(rows: Rows) -> tuple[datetime, datetime]:
    """The evenings of the first and last day that rows name, or of a day where they name none."""
    texts = (row.get(key, "") for row in rows for key in ("dt", "date", "cntr_tm", "dt_n"))
    days = sorted(text[:8] for text in texts if text.startswith("20")) or ["20260803"]
    return tuple(datetime.strptime(f"{days[n]}18+0900", "%Y%m%d%H%z").astimezone(KST) for n in (0, -1))  # type: ignore[return-value]


def as_shown(endpoint: Endpoint, first: datetime, last: datetime) -> dict[str, str]:
    """What the example asks for, of these days."""
    days = {
        param.name: first if param.name == "start" else last
        for param in endpoint.params
        if param.kind is DATE
    }
    return {**endpoint.shown, **{name: f"{day:%Y%m%d}" for name, day in days.items()}}


def differing(cells: Sequence[Mapping[str, Any]], rows: Rows, without: Set[str] = frozenset()) -> list[str]:
    """What differs, row by row, each held against the one most like it: a function may put them in order."""

    def of(each: Mapping[str, Any], row: Mapping[str, Any]) -> list[str]:
        return [
            f"{name}: {row.get(name, 'no such column')!r} for {value!r}"
            for name, value in each.items()
            if name not in without
            and (name not in row or row[name] != (pytest.approx(value) if type(value) is float else value))
        ]

    left, found = list(rows), list[str]()
    assert len(left) == len(cells)
    for each in cells:
        told = {n: of(each, left[n]) for n in (0, len(left) - 1)}
        if all(told.values()):
            told = {n: of(each, row) for n, row in enumerate(left)}
        best = min(told, key=lambda n: len(told[n]))
        found += told[best]
        left.pop(best)
    return found


def wide(frame: pl.DataFrame, endpoint: Endpoint) -> Rows:
    """A book or a board as the one row that it was served as."""
    if endpoint.rows is not None or "side" not in frame.columns:
        return frame.to_dicts()
    place = "level" if "level" in frame.columns else "rank"
    cells: dict[str, Any] = {}
    for row in frame.to_dicts():
        for name, value in row.items():
            cells |= {
                name: value,
                f"{row['side']}_{name}": value,
                f"{row['side']}_{name}_{row[place]}": value,
            }
    return [cells]


@pytest.mark.parametrize(("api_id", "kind", "number"), CASES)
def test_every_cell_of_a_body_is_right_by_every_way(
    make_client: MakeClient, tmp_path: Path, api_id: str, kind: str, number: int
) -> None:
    endpoint, (body, flat, rows) = ENDPOINTS[api_id], whole(api_id, kind, number)
    first, last = days_of(rows)
    given = PRINTED[api_id]["request"] if kind == "printed" else as_shown(endpoint, first, last)
    more = VALUES.get((api_id, number), {})
    of = rows[0] if rows and api_id == "ka10095" else flat
    words = {
        "{symbol}": of.get("stk_cd") or given.get("stk_cd") or "005930",
        "{first}": first.date(),
        "{last}": last.date(),
    }
    bodies: dict[str, dict[str, str]] = {}

    def agrees(way: str, parts: Mapping[str, pl.DataFrame], without: Set[str] = frozenset()) -> None:
        for asked in server.asked[:]:
            assert asked.headers["api-id"] == api_id
            bodies[way] = asked.body
        server.asked.clear()  # what comes out of the store is held against what was asked before
        for part in endpoint.parts:
            cells = [expected(part, api_id, row, bodies[way]) for row in (rows if part.key else [flat])]
            if part.name in parts and any(any(each.values()) for each in cells):  # not a blank: nobody has it
                assert not differing(cells, wide(parts[part.name], endpoint), without)

    with serving(Answer(body)) as server, warnings.catch_warnings():
        warnings.simplefilter("ignore", kd.KiwoomDataWarning)  # most bodies are excerpts
        for cache in (False, tmp_path / "store", tmp_path / "store"):  # bare, cold, warm
            client = make_client(server, cache=cache, clock=lambda: last + timedelta(days=7))
            agrees("request", client.request_parts(api_id, {**given, **more}))
            if api_id in ASKS and (api_id, number) not in ZEROS:
                name, positional, options = ASKS[api_id]
                positional = tuple(words.get(word, word) for word in positional)
                frame = getattr(kd, name)(*positional, **options, **more, client=client)
                main = endpoint.rows or endpoint.parts[0]
                agrees("function", {main.name: frame}, OWN | LEFT_OUT.get(api_id, set()))
