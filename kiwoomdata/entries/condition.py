"""Condition search: stocks that meet a condition saved in the vendor's trading program.

Four requests over the live connection, told apart by ``trnm``. The list must be asked for
before any search on a connection, else the search stays without an answer.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from kiwoomdata.entries.common import moved, price, quantity
from kiwoomdata.entries.entry import PERCENT, Column, Param, Unit
from kiwoomdata.entries.feeds import STOCK_CODE
from kiwoomdata.kinds import CODE, NAME, RATE, TEXT

__all__ = ["CLEAR", "CONDITIONS", "LIST", "SEARCH", "STREAM", "ConditionCall"]


@dataclass(frozen=True, eq=False)
class ConditionCall:
    """One request about conditions and what its answer's ``data`` holds."""

    api_id: str
    trnm: str
    function: str
    ko: str
    en: str
    fixed: Mapping[str, str]
    """What the request always says beside ``trnm``."""
    params: tuple[Param, ...] = ()
    columns: tuple[Column, ...] = ()
    """The keys of a row of ``data``; none: the answer has no rows."""
    pages: bool = False
    """Whether the answer goes on by ``cont_yn`` and ``next_key``, which stand in the body."""
    note: str = ""


_SEQ = Param("seq", "seq", "조건검색식 일련번호", TEXT)
_VENUE = Param("stex_tp", "venue", "거래소구분", TEXT, {"krx": "K"}, default="krx")
_NAMED_SEQ = Column("seq", "seq", CODE, "조건검색식 일련번호")

LIST = ConditionCall(
    "ka10171",
    "CNSRLST",
    "conditions",
    "조건검색 목록조회",
    "The account's saved conditions",
    {},
    columns=(_NAMED_SEQ, Column("name", "name", NAME, "조건검색식 명")),
    note="A row is a list of these two, in this order, not an object.",
)

# A change of -100 won to 75,000 is printed with a rate of -130: thousandths of a percent.
_direction, _change, _ = moved("25", "11", "12")

SEARCH = ConditionCall(
    "ka10172",
    "CNSRREQ",
    "condition_search",
    "조건검색 요청 일반",
    "Stocks that meet a condition now",
    {"search_type": "0"},
    params=(_SEQ, _VENUE),
    columns=(
        Column("9001", "code", STOCK_CODE, "종목코드"),
        Column("302", "name", NAME, "종목명"),
        price("10", "price", "현재가"),
        _direction,
        _change,
        Column("12", "change_pct", RATE, "등락율", Unit(PERCENT.name, 0.001), style="plus"),
        quantity("13", "cumulative_volume", "누적거래량"),
        price("16", "open", "시가"),
        price("17", "high", "고가"),
        price("18", "low", "저가"),
    ),
    pages=True,
    note="Numbers are padded with zeros to nine characters; the answer's seq may be padded with blanks.",
)

STREAM = ConditionCall(
    "ka10173",
    "CNSRREQ",
    "condition_stream",
    "조건검색 요청 실시간",
    "Stocks that meet a condition, and then every one that enters or leaves",
    {"search_type": "1"},
    params=(_SEQ, _VENUE),
    columns=(Column("jmcode", "code", STOCK_CODE, "종목코드"),),
    note="Events follow as live messages of type 02 until the condition is cleared.",
)

CLEAR = ConditionCall(
    "ka10174",
    "CNSRCLR",
    "condition_stream",
    "조건검색 실시간 해제",
    "End the events of a condition",
    {},
    params=(_SEQ,),
)

CONDITIONS: dict[str, ConditionCall] = {call.api_id: call for call in (LIST, SEARCH, STREAM, CLEAR)}
