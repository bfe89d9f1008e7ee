"""What the live server sends: 19 feeds, and the events of a condition search.

A meaning belongs to *(feed type, FID)*: FID 10 is won in ``0B`` and index points in ``0J``.

Sources: the vendor's guide (FIDs, Korean names, the codes and units it states), its printed
examples, and public captures of the live server (2026-07-20 for trades, brokers and program
trading, 2026-07-21 for VI). A unit stands here when a source states it or when the numbers of
those messages leave no other; a column's note then says which. Otherwise it is UNKNOWN and
nothing is scaled. A code without a proven table stays text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Literal

from kiwoomdata.entries.common import flow, moved, price, quantity
from kiwoomdata.entries.entry import (
    HUNDRED_MILLION_KRW,
    KRW,
    MILLION_KRW,
    NO_UNIT,
    PERCENT,
    POINTS,
    SHARES,
    THOUSAND_KRW,
    UNKNOWN,
    Column,
    Unit,
    meaning,
)
from kiwoomdata.kinds import (
    AMOUNT,
    CHANGE,
    CHANGE_DECIMAL,
    CODE,
    COUNT,
    DATE,
    DIRECTION,
    EVENT_TIME,
    INDEX,
    MAGNITUDE,
    NAME,
    PRICE,
    PRICE_DECIMAL,
    QUANTITY,
    RATE,
    RATIO,
    SHARE,
    SIDE,
    TEXT,
    TIME,
    VENUE,
    Kind,
    Style,
    encode,
    labels,
    words,
)

__all__ = ["CONDITION_EVENT", "FEEDS", "Feed", "find_feed", "write_values"]

# --- kinds that only the live feeds have -----------------------------------------------------

_CODE = re.compile(r"A?([0-9][0-9A-Z]{5}(?:_NX|_AL)?)")


def _parse_code(text: str) -> str:
    match = _CODE.fullmatch(text)
    return text if match is None else match[1]


STOCK_CODE = replace(CODE, parse=_parse_code, fast=lambda c: c.str.extract(f"^{_CODE.pattern}$"))
"""A stock code without the ``A`` that account and condition messages put before it."""

PADDED = replace(MAGNITUDE, fast=lambda c: MAGNITUDE.fast(c.str.strip_chars()))
"""A magnitude that the live server pads: FID 1315 was ``" 0"`` in every trade of a buyer (2026-07-20)."""

_TABLES: dict[str, dict[str, str]] = {
    "order side": {"1": "sell", "2": "buy"},
    "membership": {"I": "enter", "D": "leave"},
    "order venue": {"0": "all", "1": "krx", "2": "nxt"},
    "vi event": {"1": "static", "2": "dynamic", "3": "both"},
    "vi direction": {"1": "up", "2": "down"},
    "vi session": {"1": "regular"},
}
ORDER_SIDE = words("order side", ("buy", "sell"), {**_TABLES["order side"]})
MEMBERSHIP = words("membership", ("enter", "leave"), {**_TABLES["membership"]})
ORDER_VENUE = words("order venue", ("krx", "nxt", "all"), {**_TABLES["order venue"]})
VI_EVENT = words("vi event", ("static", "dynamic", "both"), {**_TABLES["vi event"]}, "[0-9]+")
VI_DIRECTION = words("vi direction", ("up", "down"), {**_TABLES["vi direction"]}, "[0-9]+")
# As the guide lists them.
MARKET_STATE = labels(
    "market state name",
    {
        "0": "before_krx",
        "3": "krx_open",
        "P": "nxt_pre_market_open",
        "Q": "nxt_pre_market_close",
        "R": "nxt_main_market_open",
        "S": "nxt_main_market_close",
        "T": "nxt_after_market_auction_open",
        "U": "nxt_after_market_open",
        "V": "nxt_closing_price_trading_close",
        "W": "nxt_after_market_close",
    },
)
SESSION_NAME = labels("session name", {"1": "before", "2": "regular", "3": "after"})
VI_SESSION = words("vi session", ("regular",), {**_TABLES["vi session"]}, "[0-9]+")

# --- what a feed is --------------------------------------------------------------------------

ItemKind = Literal["stock", "sector", "gold", "none"]


@dataclass(frozen=True, eq=False)
class Feed:
    """One type of live message: what it is called and what its values mean."""

    type: str
    """The server's code, whose case counts: ``0G`` and ``0g`` are two feeds."""
    name: str
    ko: str
    en: str
    columns: tuple[Column, ...]
    needs_items: bool = True
    """Whether it must be registered for certain items; the others come for the account or the market."""
    item_kind: ItemKind = "stock"
    time_fid: str | None = "20"
    """The FID of the column ``time``; None where a message says no time of its own."""
    volume_fid: str | None = None
    """The FID of the day's cumulative volume, by which missed trades can be counted."""
    unsent: tuple[str, ...] | None = None
    """The FIDs of the guide's table that the whole messages seen (live ones, or else the printed one) lack;
    each of the others stands in every message. None: no whole message was seen, so any may be left out."""
    note: str = ""

    @cached_property
    def always(self) -> frozenset[str]:
        """The FIDs without which a message is short of something."""
        return frozenset(() if self.unsent is None else set(self.fids) - set(self.unsent))

    @cached_property
    def meaning(self) -> str:
        """A digest of what its columns mean."""
        return meaning(self.columns)

    @property
    def fids(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(column.key for column in self.columns))


# --- columns that several feeds share --------------------------------------------------------

_TRADE_TIME = Column("20", "time", TIME, "체결시간")
_QUOTE_TIME = Column("21", "time", TIME, "호가시간")
_CODE_COLUMN = Column("9001", "code", STOCK_CODE, "종목코드")
_NAME_COLUMN = Column("302", "name", NAME, "종목명")
_VOLUME = quantity("13", "cumulative_volume", "누적거래량")
_PRICE = price("10", "price", "현재가")
_MOVED = moved("25", "11", "12", "등락율")
_BEST = (price("27", "ask", "(최우선)매도호가"), price("28", "bid", "(최우선)매수호가"))
_SESSION = (price("16", "open", "시가"), price("17", "high", "고가"), price("18", "low", "저가"))
_SIGNED = "the sign is kept: in the guide + is a buyer's trade, - a seller's"
_GUIDE_STATES = (
    "guide: 0 before the KRX session, 3 KRX open, P and Q NXT pre-market, R and S main market, "
    "T, U, V and W after-market. Its own example holds a letter that is not among them"
)
_REMAINING = Column(
    "214", "remaining", TIME, "장시작예상잔여시간", note="hours, minutes and seconds until the session starts"
)
_STATE = (
    Column("215", "market_state", TEXT, "장운영구분", note=_GUIDE_STATES),
    Column("215", "market_state_name", MARKET_STATE, "장운영구분명"),
)
_TICKER = Column("216", "investor_ticker", TEXT, "투자자별ticker")
_VENUE_CODE = Column(
    "9081", "venue_code", TEXT, "거래소구분", note="printed as 1, seen live as KRX: see the column venue"
)


def _decimal_moved(change: str, unit: Unit) -> tuple[Column, ...]:
    return (
        Column("25", "direction", DIRECTION, "전일대비기호"),
        Column("11", change, CHANGE_DECIMAL, "전일대비", unit, style="plus"),
        Column("12", "change_pct", RATE, "등락율", PERCENT, style="plus"),
    )


def _index(key: str, name: str, ko: str) -> Column:
    return Column(key, name, INDEX, ko, POINTS, style="plus")


def _greek(key: str, name: str, ko: str, unit: Unit = NO_UNIT) -> Column:
    return Column(key, name, RATIO, ko, unit)


def _levels(levels: int, *fields: tuple[int, str, Kind, str, Unit, Style]) -> Iterator[Column]:
    """Numbered columns whose FIDs are numbered too: each field gives the FID before its first."""
    for n in range(1, levels + 1):
        for before, name, kind, ko, unit, style in fields:
            yield Column(str(before + n), f"{name}_{n}", kind, f"{ko}{n}", unit, style=style)


def _day_so_far(value_note: str) -> tuple[Column, ...]:
    """What a trade and a price without a trade both tell about the day."""
    return (
        _VOLUME,
        Column("14", "cumulative_value", AMOUNT, "누적거래대금", MILLION_KRW, note=value_note),
        *_SESSION,
        Column("26", "volume_vs_previous", CHANGE, "전일거래량대비(계약,주)", SHARES, style="plus"),
        Column("29", "value_vs_previous", CHANGE, "거래대금증감", KRW, style="plus", note=value_note),
        Column(
            "30",
            "volume_ratio_pct",
            SHARE,
            "전일거래량대비(비율)",
            PERCENT,
            style="plus",
            note="of yesterday's whole volume; the sign, dropped, only says above or below 100",
        ),
        Column("31", "turnover_pct", RATE, "거래회전율", PERCENT, note="of the listed shares"),
        Column("32", "transaction_cost_as_served", AMOUNT, "거래비용", UNKNOWN),
        Column("311", "market_cap", AMOUNT, "시가총액(억)", HUNDRED_MILLION_KRW),
        Column("567", "limit_up_time", EVENT_TIME, "상한가발생시간"),
        Column("568", "limit_down_time", EVENT_TIME, "하한가발생시간"),
    )


# --- prices and trades -----------------------------------------------------------------------

TRADE = Feed(
    "0B",
    "trade",
    "주식체결",
    "Trades of a stock",
    volume_fid="13",
    unsent=(),  # two live messages of 2026-07-20 have all 43
    columns=(
        _TRADE_TIME,
        _PRICE,
        *_MOVED,
        *_BEST,
        Column(
            "15",
            "side",
            SIDE,
            "거래량부호",
            note="the aggressor: + a buyer, - a seller; none for the print of an auction",
        ),
        Column("15", "quantity", MAGNITUDE, "거래량", SHARES, note="the sign tells the aggressor: see side"),
        *_day_so_far("measured live in 2026: FID 14 in million won, FID 29 in won"),
        Column("228", "strength", RATIO, "체결강도", PERCENT),
        Column("290", "session", TEXT, "장구분", note="guide: 1 before, 2 during, 3 after the session"),
        Column("290", "session_name", SESSION_NAME, "장구분명"),
        Column("691", "knock_out_distance_as_served", RATIO, "K.O 접근도", UNKNOWN),
        Column(
            "851",
            "volume_ratio_same_time_as_served",
            RATIO,
            "전일 동시간 거래량 비율",
            UNKNOWN,
            note="seen live as 13878, 11690, 9395: perhaps hundredths of a percent, unproven",
        ),
        Column("1890", "open_time", EVENT_TIME, "시가시간"),
        Column(
            "1891",
            "high_time",
            TEXT,
            "고가시간",
            note="not a time of day: live at 10:27 on 2026-07-20 it was 022506, 051740 and 052356",
        ),
        Column("1892", "low_time", EVENT_TIME, "저가시간"),
        quantity("1030", "sell_volume", "매도체결량"),
        quantity("1031", "buy_volume", "매수체결량"),
        Column(
            "1032",
            "buy_volume_pct",
            SHARE,
            "매수비율",
            PERCENT,
            style="plus",
            note="FID 1031 of 1030 and 1031; the sign, dropped, only says above or below half",
        ),
        Column("1071", "sell_count", COUNT, "매도체결건수"),
        Column("1072", "buy_count", COUNT, "매수체결건수"),
        Column(
            "1313",
            "value",
            MAGNITUDE,
            "순간거래대금",
            THOUSAND_KRW,
            note="of this trade; the sign tells the aggressor: see side",
        ),
        Column("1315", "sell_quantity", PADDED, "매도체결량_단건", SHARES),
        Column("1316", "buy_quantity", PADDED, "매수체결량_단건", SHARES),
        flow("1314", "net_buy_quantity", "순매수체결량", SHARES, "plus"),
        Column(
            "1497",
            "cfd_margin",
            AMOUNT,
            "CFD증거금",
            KRW,
            note="won a share: live, 40 % of the price exactly",
        ),
        Column(
            "1498",
            "maintenance_margin",
            AMOUNT,
            "유지증거금",
            KRW,
            note="won a share: live, 32 % of the price exactly",
        ),
        price("620", "average_price", "당일거래평균가", "live, it is FID 14 divided by FID 13"),
        Column("732", "cfd_cost_as_served", AMOUNT, "CFD거래비용", UNKNOWN),
        Column("852", "lending_cost_as_served", AMOUNT, "대주거래비용", UNKNOWN),
        _VENUE_CODE,
    ),
)

QUOTE = Feed(
    "0A",
    "quote",
    "주식기세",
    "A stock's price that moves without a trade",
    time_fid=None,
    volume_fid="13",
    unsent=(),  # two live messages have all 19
    columns=(
        _PRICE,
        *_MOVED,
        *_BEST,
        *_day_so_far("so in 0B; the printed example fits: 367,090 shares below 87,400 won for 31642"),
    ),
)

EXPECTED = Feed(
    "0H",
    "expected",
    "주식예상체결",
    "What an auction would trade at",
    volume_fid="13",
    columns=(
        _TRADE_TIME,
        _PRICE,
        *_MOVED,
        Column("15", "signed_quantity", QUANTITY, "거래량", SHARES, style="plus", note=_SIGNED),
        _VOLUME,
    ),
)

# --- order books -----------------------------------------------------------------------------

BEST_QUOTE = Feed("0C", "best_quote", "주식우선호가", "Best ask and bid", _BEST, time_fid=None)


def _venue_book(venue: str, first: int) -> tuple[Column, ...]:
    """The quantities that one venue adds to the book of all."""
    label = venue.upper()
    return (
        *(
            quantity(str(first + n), f"{venue}_ask_quantity_{n + 1}", f"{label} 매도호가잔량{n + 1}")
            for n in range(10)
        ),
        *(
            quantity(str(first + 10 + n), f"{venue}_bid_quantity_{n + 1}", f"{label} 매수호가잔량{n + 1}")
            for n in range(10)
        ),
        quantity(str(first + 20), f"{venue}_ask_total_quantity", f"{label} 매도호가총잔량"),
        quantity(str(first + 21), f"{venue}_bid_total_quantity", f"{label} 매수호가총잔량"),
    )


def _midpoint(venue: str, label: str, first: int, moved_first: int) -> tuple[Column, ...]:
    """Orders at the middle of the best prices; half a tick is not always a whole won."""
    label_moved = label.strip()
    return (
        Column(
            str(first), f"{venue}_mid_ask_quantity_change", CHANGE, f"{label}중간가 매도 총잔량 증감", SHARES
        ),
        quantity(str(first + 1), f"{venue}_mid_ask_quantity", f"{label}중간가 매도 총잔량"),
        Column(str(first + 2), f"{venue}_mid_price", PRICE_DECIMAL, f"{label}중간가", KRW, style="plus"),
        quantity(str(first + 3), f"{venue}_mid_bid_quantity", f"{label}중간가 매수 총잔량"),
        Column(
            str(first + 4),
            f"{venue}_mid_bid_quantity_change",
            CHANGE,
            f"{label}중간가 매수 총잔량 증감",
            SHARES,
        ),
        Column(
            str(moved_first),
            f"{venue}_mid_change",
            CHANGE_DECIMAL,
            f"{label_moved}중간가대비",
            KRW,
            style="plus",
        ),
        Column(str(moved_first + 1), f"{venue}_mid_direction", DIRECTION, f"{label_moved}중간가대비 기호"),
        Column(
            str(moved_first + 2),
            f"{venue}_mid_change_pct",
            RATE,
            f"{label_moved}중간가대비등락율",
            PERCENT,
            style="plus",
        ),
    )


_AUCTION_NOTE = "valid only while an auction runs"

ORDERBOOK = Feed(
    "0D",
    "orderbook",
    "주식호가잔량",
    "Order book, ten levels",
    time_fid="21",
    volume_fid="13",
    unsent=(),  # the printed message has all 163
    note="The changes are against books that the server did not send: added to the last quantities received, "
    "they gave the next ones in 0.2 to 1.1 % of live messages. Take the quantities.",
    columns=(
        _QUOTE_TIME,
        *_levels(
            10,
            (40, "ask_price", PRICE, "매도호가", KRW, "plus"),
            (60, "ask_quantity", QUANTITY, "매도호가수량", SHARES, "plain"),
            (80, "ask_quantity_change", CHANGE, "매도호가직전대비", SHARES, "plus"),
            (50, "bid_price", PRICE, "매수호가", KRW, "plus"),
            (70, "bid_quantity", QUANTITY, "매수호가수량", SHARES, "plain"),
            (90, "bid_quantity_change", CHANGE, "매수호가직전대비", SHARES, "plus"),
        ),
        quantity("121", "ask_total_quantity", "매도호가총잔량"),
        Column("122", "ask_total_quantity_change", CHANGE, "매도호가총잔량직전대비", SHARES, style="plus"),
        quantity("125", "bid_total_quantity", "매수호가총잔량"),
        Column("126", "bid_total_quantity_change", CHANGE, "매수호가총잔량직전대비", SHARES, style="plus"),
        price("23", "expected_price", "예상체결가"),
        quantity("24", "expected_quantity", "예상체결수량"),
        flow("128", "net_bid_quantity", "순매수잔량", SHARES, "plus"),
        Column("129", "bid_to_ask_pct", RATIO, "매수비율", PERCENT, note="FID 125 of FID 121"),
        flow("138", "net_ask_quantity", "순매도잔량", SHARES, "plus"),
        Column("139", "ask_to_bid_pct", RATIO, "매도비율", PERCENT, note="FID 121 of FID 125"),
        Column("200", "expected_change", CHANGE, "예상체결가전일종가대비", KRW, style="plus"),
        Column("201", "expected_change_pct", RATE, "예상체결가전일종가대비등락율", PERCENT, style="plus"),
        Column("238", "expected_direction", DIRECTION, "예상체결가전일종가대비기호"),
        price("291", "auction_price", "예상체결가", _AUCTION_NOTE),
        quantity("292", "auction_quantity", "예상체결량"),
        Column("293", "auction_direction", DIRECTION, "예상체결가전일대비기호"),
        Column("294", "auction_change", CHANGE, "예상체결가전일대비", KRW, style="plus"),
        Column("295", "auction_change_pct", RATE, "예상체결가전일대비등락율", PERCENT, style="plus"),
        *_levels(
            10,
            (620, "lp_ask_quantity", QUANTITY, "LP매도호가수량", SHARES, "plain"),
            (630, "lp_bid_quantity", QUANTITY, "LP매수호가수량", SHARES, "plain"),
        ),
        _VOLUME,
        Column(
            "299",
            "expected_volume_ratio_pct",
            SHARE,
            "전일거래량대비예상체결율",
            PERCENT,
            style="plus",
            note="FID 24 of yesterday's whole volume; the sign, dropped, is a colour",
        ),
        *_STATE,
        _TICKER,
        *_venue_book("krx", 6044),
        *_venue_book("nxt", 6066),
        *_midpoint("krx", "KRX ", 6100, 6110),
        *_midpoint("nxt", "NXT", 6105, 6113),
    ),
)

AFTER_HOURS_BOOK = Feed(
    "0E",
    "after_hours_book",
    "주식시간외호가",
    "After-hours order quantities",
    time_fid="21",
    columns=(
        _QUOTE_TIME,
        quantity("131", "ask_after_hours_quantity", "시간외매도호가총잔량"),
        Column(
            "132",
            "ask_after_hours_quantity_change",
            CHANGE,
            "시간외매도호가총잔량직전대비",
            SHARES,
            style="plus",
        ),
        quantity("135", "bid_after_hours_quantity", "시간외매수호가총잔량"),
        Column(
            "136",
            "bid_after_hours_quantity_change",
            CHANGE,
            "시간외매수호가총잔량직전대비",
            SHARES,
            style="plus",
        ),
    ),
)

# --- who trades ------------------------------------------------------------------------------

BROKERS = Feed(
    "0F",
    "brokers",
    "주식당일거래원",
    "The five brokers that sold and bought most today",
    time_fid=None,
    unsent=(),  # a live message of 2026-07-20 has all 57
    columns=(
        *_levels(
            5,
            (140, "sell_broker", NAME, "매도거래원", NO_UNIT, "plain"),
            (160, "sell_broker_quantity", QUANTITY, "매도거래원수량", SHARES, "plain"),
            (165, "sell_broker_quantity_change", CHANGE, "매도거래원별증감", SHARES, "plus"),
            (145, "sell_broker_code", CODE, "매도거래원코드", NO_UNIT, "plain"),
            (270, "sell_broker_color", TEXT, "매도거래원색깔", NO_UNIT, "plain"),
            (150, "buy_broker", NAME, "매수거래원", NO_UNIT, "plain"),
            (170, "buy_broker_quantity", QUANTITY, "매수거래원수량", SHARES, "plain"),
            (175, "buy_broker_quantity_change", CHANGE, "매수거래원별증감", SHARES, "plus"),
            (155, "buy_broker_code", CODE, "매수거래원코드", NO_UNIT, "plain"),
            (280, "buy_broker_color", TEXT, "매수거래원색깔", NO_UNIT, "plain"),
        ),
        quantity("261", "foreign_brokers_sell", "외국계매도추정합"),
        Column("262", "foreign_brokers_sell_change", CHANGE, "외국계매도추정합변동", SHARES, style="plus"),
        quantity("263", "foreign_brokers_buy", "외국계매수추정합"),
        Column("264", "foreign_brokers_buy_change", CHANGE, "외국계매수추정합변동", SHARES, style="plus"),
        flow("267", "foreign_brokers_net_buy", "외국계순매수추정합", SHARES, "plus"),
        flow("268", "foreign_brokers_net_buy_change", "외국계순매수변동", SHARES, "plus"),
        Column("337", "venue_code", TEXT, "거래소구분", note="seen live as 1 for KRX: see the column venue"),
    ),
)

PROGRAM = Feed(
    "0w",
    "program",
    "종목프로그램매매",
    "Program trading of a stock, cumulated over the day",
    volume_fid="13",
    unsent=("214", "215", "216"),  # in no live message (2026-07-20), nor in the printed one
    columns=(
        _TRADE_TIME,
        _PRICE,
        *_MOVED,
        _VOLUME,
        quantity("202", "sell_volume", "매도수량"),
        Column("204", "sell_value", AMOUNT, "매도금액", MILLION_KRW),
        quantity("206", "buy_volume", "매수수량"),
        Column("208", "buy_value", AMOUNT, "매수금액", MILLION_KRW),
        flow("210", "net_buy_volume", "순매수수량", SHARES, "plain"),
        flow("211", "net_buy_volume_change", "순매수수량증감", SHARES, "plain"),
        flow("212", "net_buy_value", "순매수금액", MILLION_KRW, "plain"),
        flow(
            "213",
            "net_buy_value_change",
            "순매수금액증감",
            MILLION_KRW,
            "plain",
            note="live on 2026-07-20: 37 shares at 1,850,000 won were 68",
        ),
        _REMAINING,
        *_STATE,
        _TICKER,
    ),
)

_VI_PROVEN = "proven by 60 live events with their prices (2026); a code beside these is null"

VI = Feed(
    "1h",
    "vi",
    "VI발동/해제",
    "Volatility interruptions: started and released",
    needs_items=False,
    time_fid=None,
    volume_fid="13",
    note="A release repeats the start's message with release_time filled in (seen live in July 2026). The "
    "same event comes twice where a code is registered with _AL too.",
    columns=(
        _CODE_COLUMN,
        _NAME_COLUMN,
        _VOLUME,
        Column(
            "14",
            "cumulative_value",
            AMOUNT,
            "누적거래대금",
            MILLION_KRW,
            note="live on 2026-07-21: 5,063 shares below 3,860 won were 19",
        ),
        Column("9068", "vi_event", VI_EVENT, "VI발동구분", note=_VI_PROVEN),
        Column("9008", "market", TEXT, "KOSPI,KOSDAQ,전체구분"),
        Column("9075", "session", VI_SESSION, "장전구분", note=_VI_PROVEN),
        price("1221", "trigger_price", "VI발동가격"),
        Column("1223", "trigger_time", EVENT_TIME, "매매체결처리시각", note="a release repeats the start's"),
        Column("1224", "release_time", EVENT_TIME, "VI해제시각"),
        Column("1225", "vi_type", TEXT, "VI적용구분", note="정적, 동적 or 동적+정적"),
        price("1236", "static_reference_price", "기준가격 정적", "null where it does not apply"),
        price("1237", "dynamic_reference_price", "기준가격 동적", "null where it does not apply"),
        Column("1238", "static_gap_pct", RATE, "괴리율 정적", PERCENT, style="plus"),
        Column("1239", "dynamic_gap_pct", RATE, "괴리율 동적", PERCENT, style="plus"),
        Column("1489", "trigger_change_pct", RATE, "VI발동가 등락율", PERCENT, style="plus"),
        Column("1490", "vi_count", COUNT, "VI발동횟수"),
        Column("9069", "vi_direction", VI_DIRECTION, "발동방향구분", note=_VI_PROVEN),
        Column("1279", "extra_1279", TEXT, "Extra Item", note="seen live: a sign and the type, +정적"),
    ),
)

# --- indices, funds, gold, warrants ----------------------------------------------------------

SECTOR_INDEX = Feed(
    "0J",
    "sector_index",
    "업종지수",
    "Index of a market or sector",
    item_kind="sector",
    unsent=(),  # the printed message has all 12
    columns=(
        _TRADE_TIME,
        _index("10", "index", "현재가"),
        *_decimal_moved("change", POINTS),
        Column("15", "signed_quantity_as_served", QUANTITY, "거래량", UNKNOWN, style="plus", note=_SIGNED),
        quantity("13", "cumulative_volume_as_served", "누적거래량", UNKNOWN),
        Column("14", "cumulative_value_as_served", AMOUNT, "누적거래대금", UNKNOWN),
        _index("16", "open", "시가"),
        _index("17", "high", "고가"),
        _index("18", "low", "저가"),
        Column("26", "volume_vs_previous_as_served", CHANGE, "전일거래량대비", UNKNOWN, style="plus"),
    ),
)

SECTOR_BREADTH = Feed(
    "0U",
    "sector_breadth",
    "업종등락",
    "How many stocks of a market or sector rise and fall",
    item_kind="sector",
    columns=(
        _TRADE_TIME,
        Column("252", "rising", COUNT, "상승종목수"),
        Column("251", "limit_up", COUNT, "상한종목수"),
        Column("253", "unchanged", COUNT, "보합종목수"),
        Column("255", "falling", COUNT, "하락종목수"),
        Column("254", "limit_down", COUNT, "하한종목수"),
        quantity("13", "cumulative_volume_as_served", "누적거래량", UNKNOWN),
        Column("14", "cumulative_value_as_served", AMOUNT, "누적거래대금", UNKNOWN),
        _index("10", "index", "현재가"),
        *_decimal_moved("change", POINTS),
        Column("256", "traded", COUNT, "거래형성종목수"),
        Column("257", "traded_ratio_as_served", RATIO, "거래형성비율", UNKNOWN),
    ),
)

ETF_NAV = Feed(
    "0G",
    "etf_nav",
    "ETF NAV",
    "Net asset value of an ETF",
    volume_fid="13",
    columns=(
        _TRADE_TIME,
        Column("36", "nav", PRICE_DECIMAL, "NAV", KRW, style="plus"),
        Column("37", "nav_change", CHANGE_DECIMAL, "NAV전일대비", KRW, style="plus"),
        Column("38", "nav_change_pct", RATE, "NAV등락율", PERCENT, style="plus"),
        Column("39", "tracking_error_pct", RATE, "추적오차율", PERCENT),
        _PRICE,
        *_MOVED,
        _VOLUME,
        _greek("667", "gearing_as_served", "ELW기어링비율", UNKNOWN),
        Column("668", "break_even_pct", RATE, "ELW손익분기율", PERCENT, style="plus"),
        _greek("669", "capital_support_point_as_served", "ELW자본지지점", UNKNOWN),
        Column("265", "nav_index_gap_pct", RATE, "NAV/지수괴리율", PERCENT, style="plus"),
        Column("266", "nav_price_gap_pct", RATE, "NAV/ETF괴리율", PERCENT, style="plus"),
    ),
)

GOLD = Feed(
    "0I",
    "gold",
    "국제금환산가격",
    "International gold price, converted",
    item_kind="gold",
    time_fid=None,
    note="Items are MGD and MGU.",
    columns=(
        Column("10", "price_as_served", PRICE_DECIMAL, "현재가", UNKNOWN, style="plus"),
        *_decimal_moved("change_as_served", UNKNOWN),
    ),
)

ELW_THEORY = Feed(
    "0m",
    "elw_theory",
    "ELW 이론가",
    "Theoretical value and sensitivities of a warrant",
    columns=(
        _TRADE_TIME,
        Column("10", "price", PRICE_DECIMAL, "현재가", KRW, style="plus"),
        Column("670", "theoretical_price", PRICE_DECIMAL, "ELW이론가", KRW),
        _greek("671", "implied_volatility_as_served", "ELW내재변동성", UNKNOWN),
        _greek("672", "delta", "ELW델타"),
        _greek("673", "gamma", "ELW감마"),
        _greek("674", "theta", "ELW쎄타"),
        _greek("675", "vega", "ELW베가"),
        _greek("676", "rho", "ELW로"),
        _greek("706", "lp_implied_volatility_as_served", "LP호가내재변동성", UNKNOWN),
    ),
)

ELW_INDICATOR = Feed(
    "0u",
    "elw_indicator",
    "ELW 지표",
    "Indicators of a warrant",
    columns=(
        _TRADE_TIME,
        _greek("666", "parity_as_served", "ELW패리티", UNKNOWN),
        _greek("1211", "premium_as_served", "ELW프리미엄", UNKNOWN),
        _greek("667", "gearing_as_served", "ELW기어링비율", UNKNOWN),
        Column("668", "break_even_pct", RATE, "ELW손익분기율", PERCENT, style="plus"),
        _greek("669", "capital_support_point_as_served", "ELW자본지지점", UNKNOWN),
    ),
)

# --- the market and its stocks ---------------------------------------------------------------

STOCK_INFO = Feed(
    "0g",
    "stock_info",
    "주식종목정보",
    "What changed about a stock",
    time_fid=None,
    columns=(
        Column("297", "extension", TEXT, "임의연장"),
        Column("592", "pre_open_extension", TEXT, "장전임의연장"),
        Column("593", "after_close_extension", TEXT, "장후임의연장"),
        price("305", "upper_limit", "상한가"),
        price("306", "lower_limit", "하한가"),
        price("307", "base_price", "기준가"),
        Column("689", "early_terminated_elw", TEXT, "조기종료ELW발생"),
        Column("594", "currency_unit", TEXT, "통화단위"),
        Column("382", "margin_rate_label", TEXT, "증거금율표시"),
        Column("370", "stock_notice", TEXT, "종목정보"),
    ),
)

MARKET_STATUS = Feed(
    "0s",
    "market_status",
    "장시작시간",
    "When sessions start and end",
    needs_items=False,
    item_kind="none",
    columns=(_TRADE_TIME, *_STATE, _REMAINING),
)

# --- the account's own events ----------------------------------------------------------------

_ACCOUNT = Column("9201", "account", CODE, "계좌번호")
_ACCOUNT_CODE = replace(_CODE_COLUMN, ko="종목코드,업종코드")

ORDER = Feed(
    "00",
    "order",
    "주문체결",
    "The account's orders and fills",
    needs_items=False,
    item_kind="none",
    unsent=(),  # the printed message has all 35
    time_fid="908",
    columns=(
        Column("908", "time", TIME, "주문/체결시간"),
        _ACCOUNT,
        Column("9203", "order_id", CODE, "주문번호"),
        Column("9205", "manager_id", TEXT, "관리자사번"),
        _ACCOUNT_CODE,
        Column("912", "order_class", TEXT, "주문업무분류"),
        Column("913", "order_state", TEXT, "주문상태"),
        _NAME_COLUMN,
        quantity("900", "order_quantity", "주문수량"),
        price("901", "order_price", "주문가격"),
        quantity("902", "unfilled_quantity", "미체결수량"),
        Column("903", "filled_value_as_served", AMOUNT, "체결누계금액", UNKNOWN),
        Column("904", "original_order_id", CODE, "원주문번호"),
        Column("905", "order_action", TEXT, "주문구분"),
        Column("906", "order_type", TEXT, "매매구분"),
        Column("907", "side", ORDER_SIDE, "매도수구분"),
        Column("909", "fill_id", CODE, "체결번호"),
        price("910", "fill_price", "체결가"),
        quantity("911", "fill_quantity", "체결량"),
        _PRICE,
        *_BEST,
        price("914", "unit_fill_price", "단위체결가"),
        quantity("915", "unit_fill_quantity", "단위체결량"),
        Column("938", "commission_today_as_served", AMOUNT, "당일매매수수료", UNKNOWN),
        Column("939", "tax_today_as_served", AMOUNT, "당일매매세금", UNKNOWN),
        Column("919", "rejection", TEXT, "거부사유"),
        Column("920", "screen", TEXT, "화면번호"),
        Column("921", "terminal", TEXT, "터미널번호"),
        Column("922", "credit_type", TEXT, "신용구분"),
        Column("923", "loan_date", DATE, "대출일"),
        price("10010", "after_hours_price", "시간외단일가_현재가"),
        Column("2134", "order_venue", ORDER_VENUE, "거래소구분"),
        Column("2135", "order_venue_name", VENUE, "거래소구분명"),
        Column("2136", "sor", TEXT, "SOR여부", note="Y or N: whether the order was routed"),
    ),
)

BALANCE = Feed(
    "04",
    "balance",
    "잔고",
    "The account's holdings",
    needs_items=False,
    item_kind="none",
    time_fid=None,
    columns=(
        _ACCOUNT,
        _ACCOUNT_CODE,
        Column("917", "credit_type", TEXT, "신용구분"),
        Column("916", "loan_date", DATE, "대출일"),
        _NAME_COLUMN,
        _PRICE,
        quantity("930", "holding_quantity", "보유수량"),
        Column("931", "purchase_price", PRICE_DECIMAL, "매입단가", KRW),
        Column("932", "purchase_value", AMOUNT, "총매입가(당일누적)", KRW),
        quantity("933", "orderable_quantity", "주문가능수량"),
        flow("945", "net_buy_quantity_today", "당일순매수량", SHARES, "plain"),
        Column("946", "position_side", TEXT, "매도/매수구분"),
        flow("950", "sell_profit_today_as_served", "당일총매도손익", UNKNOWN, "plain"),
        Column("951", "extra_951", TEXT, "Extra Item"),
        *_BEST,
        price("307", "base_price", "기준가"),
        Column("8019", "profit_pct", RATE, "손익률(실현손익)", PERCENT),
        Column("957", "credit_value_as_served", AMOUNT, "신용금액", UNKNOWN),
        Column("958", "credit_interest_as_served", AMOUNT, "신용이자", UNKNOWN),
        Column("918", "maturity_date", DATE, "만기일"),
        flow("990", "cash_profit_today_as_served", "당일실현손익(유가)", UNKNOWN, "plain"),
        Column("991", "cash_profit_today_pct", RATE, "당일실현손익율(유가)", PERCENT),
        flow("992", "credit_profit_today_as_served", "당일실현손익(신용)", UNKNOWN, "plain"),
        Column("993", "credit_profit_today_pct", RATE, "당일실현손익율(신용)", PERCENT),
        quantity("959", "collateral_quantity", "담보대출수량"),
        Column("924", "extra_924", TEXT, "Extra Item"),
    ),
)

# --- condition search ------------------------------------------------------------------------

CONDITION_EVENT = Feed(
    "02",
    "condition",
    "조건검색",
    "Stocks that enter and leave a condition search",
    needs_items=False,
    item_kind="none",
    columns=(
        _TRADE_TIME,
        Column("841", "seq", CODE, "일련번호"),
        _CODE_COLUMN,
        Column("843", "event", MEMBERSHIP, "삽입삭제 구분"),
        Column("907", "side", ORDER_SIDE, "매도/수 구분"),
        _VENUE_CODE,
    ),
    note="Not registered for: the server sends it for a condition that was asked for with type 1.",
)

FEEDS: dict[str, Feed] = {
    feed.type: feed
    for feed in (
        *(TRADE, QUOTE, BEST_QUOTE, ORDERBOOK, AFTER_HOURS_BOOK, BROKERS, ETF_NAV, EXPECTED, GOLD),
        *(SECTOR_INDEX, SECTOR_BREADTH, STOCK_INFO, ELW_THEORY, MARKET_STATUS, ELW_INDICATOR, PROGRAM),
        *(VI, ORDER, BALANCE),
    )
}
_BY_NAME = {name.lower(): feed for feed in FEEDS.values() for name in (feed.name, feed.ko)}


def find_feed(name_or_code: str) -> Feed:
    """Find a feed by its name, its Korean name or the server's code, whose case counts.

    >>> find_feed("trade").type, find_feed("주식호가잔량").type, find_feed("0w").name
    ('0B', '0D', 'program')
    """
    feed = FEEDS.get(name_or_code) or _BY_NAME.get(str(name_or_code).strip().lower())
    if feed is None:
        known = ", ".join(f"{feed.name} ({feed.type})" for feed in FEEDS.values())
        raise ValueError(f"feeds: expected a feed's name or code, got {name_or_code!r}. There are: {known}")
    return feed


def write_values(feed: Feed, row: Mapping[str, Any]) -> dict[str, str]:
    """Write a row of a feed as the server would: a text for every FID, blank where the row has none.

    Values are in the server's unit, not in the frame's. Of a trade, ``side`` is the sign of
    ``quantity``; a price may be given a sign, its colour.

    >>> write_values(BEST_QUOTE, {"ask": 20800, "bid": 20700})
    {'27': '+20800', '28': '+20700'}
    >>> write_values(TRADE, {"side": "sell", "quantity": 82})["15"]
    '-82'
    """
    texts: dict[str, str] = {}
    for column in feed.columns:
        if column.kind in (MARKET_STATE, SESSION_NAME):
            continue  # the server writes the code alone
        value = row.get(column.name)
        if column.kind is SIDE:
            texts[column.key] = {"buy": "+", "sell": "-"}.get(value or "", "")
        elif column.kind.name in _TABLES:
            codes = {word: code for code, word in _TABLES[column.kind.name].items()}
            texts[column.key] = "" if value is None else codes[value]
        else:
            texts[column.key] = texts.get(column.key, "") + encode(column.kind, value, column.style)
    return texts
