"""What the server has: rows as texts, and the cells that a frame of them must hold, both from one number.

The days are the exchange's own sessions of 2019 and 2020. Nothing here knows the catalogue: keys, signs and
units stand here once more, so that a slip there is a wrong cell here.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import cache, lru_cache
from pathlib import Path
from typing import Any, Literal, TypeAlias
from zoneinfo import ZoneInfo

import polars as pl

import kiwoomdata as kd

__all__ = ["KST", "WAYS", "Cell", "Row", "Way", "sessions", "sessions_since"]

KST = ZoneInfo("Asia/Seoul")
Row: TypeAlias = dict[str, Any]
Cell: TypeAlias = tuple[str, object]
"""A text of the server, and the value that it means."""
Id: TypeAlias = date | datetime | str
Keeping = Literal["by date", "by moment", "by question", "for a day", "whole", "not kept"]


@cache
def sessions_since(first: date) -> tuple[date, ...]:
    """The exchange's own sessions, up to August 2020."""
    lines = (Path(__file__).parents[1] / "data" / "krx_sessions.txt").read_text().splitlines()
    days = [
        date(int(year), 1, 1) + timedelta(n)
        for year, _, marks in (line.partition(" ") for line in lines)
        for n, mark in enumerate(marks)
        if mark == "x"
    ]
    return tuple(day for day in days if first <= day <= date(2020, 8, 31))


def sessions() -> tuple[date, ...]:
    return sessions_since(date(2019, 7, 1))


def _number(row: Id, key: str, most: int) -> int:
    return 1 + zlib.crc32(f"{row}/{key}".encode()) % most


def price(row: Id, key: str) -> Cell:
    value = 10_000 + _number(row, key, 80_000)
    return f"{'+-'[value % 2]}{value}", value  # the sign is a colour


def change(row: Id, key: str) -> Cell:
    value = _number(row, key, 900)
    return (f"+{value}", value) if value % 2 else (f"-{value}", -value)


def flow(row: Id, key: str) -> Cell:
    value = _number(row, key, 900_000)
    return (f"+{value}", value) if value % 2 else (f"--{value}", -value)


def quantity(row: Id, key: str) -> Cell:
    value = _number(row, key, 9_000_000)
    return str(value), value


def million(row: Id, key: str) -> Cell:
    value = _number(row, key, 9_000_000)
    return str(value), value * 1_000_000


def rate(row: Id, key: str) -> Cell:
    value = _number(row, key, 2_000)
    text = f"{'+-'[value % 2]}{value // 100}.{value % 100:02}"
    return text, float(Decimal(text))


def ratio(row: Id, key: str) -> Cell:
    text = rate(row, key)[0].strip("+-")
    return text, float(Decimal(text))


def direction(row: Id, key: str) -> Cell:
    return ("2", "up") if _number(row, key, 2) == 1 else ("5", "down")


def name(row: Id, key: str) -> Cell:
    text = f"가나다 {_number(row, key, 9_000)}"
    return text, text


def day(row: Id, key: str) -> Cell:
    return f"{row:%Y%m%d}", row


def moment(row: Id, key: str) -> Cell:
    return f"{row:%Y%m%d%H%M%S}", row


def code(row: Id, key: str) -> Cell:
    return str(row), row


def signed_by(other: str) -> Callable[[Id, str], Cell]:
    """A size whose sign stands in another key."""

    def write(row: Id, key: str) -> Cell:
        value = _number(row, key, 900)
        return str(value), value if direction(row, other)[1] == "up" else -value

    return write


def blank(row: Id, key: str) -> Cell:
    return "", None


Column: TypeAlias = tuple[str, str, Callable[[Id, str], Cell]]


@dataclass(frozen=True)
class Way:
    """One question to one TR, and how what is answered is kept."""

    name: str
    keeping: Keeping
    api_id: str
    list_key: str | None
    columns: tuple[Column, ...]
    """Key, the frame's name of it, and how it is written. The first names the row."""
    page: int
    ask: Callable[..., pl.DataFrame]
    """Ask by client, first and last day, and options."""
    until: str = ""
    """The request key of the newest day."""
    beside: tuple[Column, ...] = ()
    every_day: bool = False
    rebased: bool = False
    """Past prices change with a split."""
    dense: bool = False
    """A row that was skipped is noticed."""

    @property
    def by_day(self) -> bool:
        return self.keeping in ("by date", "by moment", "whole")

    @property
    def id_column(self) -> str:
        return self.columns[0][1]

    def ids(self, first: date, last: date) -> list[Id]:
        """The rows of a range, newest first."""
        if not self.by_day:
            return [f"{n:06}" for n in range(1, 1 + int(self.page * 2.4) if self.list_key else 2)]
        days = [d for d in sessions() if first <= d <= last]
        if not self.every_day and self.keeping == "by date":
            days = [d for d in days if d.toordinal() % 3]
        if self.keeping == "by moment":
            opens = datetime(2000, 1, 1, 9)
            minutes = [(opens + timedelta(minutes=10 * n)).time() for n in range(12)]
            return [datetime.combine(d, m, KST) for d in reversed(days) for m in reversed(minutes)]
        return list(reversed(days))

    def row(self, one: Id, factor: int = 1) -> Row:
        """The row as the server writes it; prices by the shares of today."""
        return dict(_written(self.columns, one, factor)[0])

    def truth(self, one: Id, factor: int = 1) -> Mapping[str, object]:
        return _written(self.columns, one, factor)[1]

    def flat(self) -> Row:
        """What stands beside the list."""
        return {key: write("beside", key)[0] for key, _, write in self.beside}


@lru_cache(maxsize=20_000)
def _written(columns: tuple[Column, ...], one: Id, factor: int) -> tuple[Row, Row]:
    """The texts of a row by key, and its values by name."""
    row, truth = Row(), Row()
    for key, name, write in columns:
        text, value = write(one, key)
        if write is price and factor > 1:
            assert isinstance(value, int)
            text, value = f"{text[0]}{value // factor}", value // factor
        row[key], truth[name] = text, value
    return row, truth


def _daily(client: kd.Client, first: date, last: date, **more: Any) -> pl.DataFrame:
    return kd.daily_prices("005930", first, last, client=client, **more)


def _any_prices(client: kd.Client, first: date, last: date, **more: Any) -> pl.DataFrame:
    return kd.request("ka10086", symbol="005930", until=last, since=first, client=client, **more)


def _broker(client: kd.Client, first: date, last: date, **more: Any) -> pl.DataFrame:
    return kd.broker_trend("001", "005930", first, last, client=client, **more)


def _minutes(client: kd.Client, first: date, last: date, **more: Any) -> pl.DataFrame:
    return kd.request("ka50080", since=first, client=client, **more)


def _institutions(client: kd.Client, first: date, last: date, **more: Any) -> pl.DataFrame:
    return kd.institution_trend("005930", first, last, client=client, **more)


def _any_institutions(client: kd.Client, first: date, last: date, **more: Any) -> pl.DataFrame:
    return kd.request("ka10045", symbol="005930", start=first, end=last, client=client, **more)


def _breakdown(client: kd.Client, first: date, last: date, **more: Any) -> pl.DataFrame:
    return kd.investor_breakdown("005930", first, last, client=client, **more)


def _lending(client: kd.Client, first: date, last: date, **more: Any) -> pl.DataFrame:
    return kd.request("ka90012", date=last, market="kospi", client=client, **more)


def _sectors(client: kd.Client, first: date, last: date, **more: Any) -> pl.DataFrame:
    return kd.request("ka10101", market="kospi", client=client, **more)


def _themes(client: kd.Client, first: date, last: date, **more: Any) -> pl.DataFrame:
    return kd.request("ka90001", days=10, by="best_day", client=client, **more)


def _etf(client: kd.Client, first: date, last: date, **more: Any) -> pl.DataFrame:
    return kd.request("ka40002", symbol="069500", client=client, **more)


def _surges(client: kd.Client, first: date, last: date, **more: Any) -> pl.DataFrame:
    return kd.request("ka10023", by="gain", against="minutes", minutes=5, client=client, **more)


_PRICES: tuple[Column, ...] = (
    ("date", "date", day),
    ("open_pric", "open", price),
    ("high_pric", "high", price),
    ("low_pric", "low", price),
    ("close_pric", "close", price),
    ("pred_rt", "change", change),
    ("flu_rt", "change_pct", rate),
    ("trde_qty", "volume", quantity),
    ("amt_mn", "value", million),
    ("crd_rt", "credit_ratio", rate),
    ("ind", "individual", flow),
    ("orgn", "institution", flow),
    ("for_qty", "foreign", flow),
    ("frgn", "foreign_brokers", flow),
    ("prm", "program", flow),
    ("for_rt", "foreign_ratio", rate),
    ("for_poss", "foreign_holding_pct", rate),
    ("for_wght", "foreign_weight_pct", rate),
    ("for_netprps", "foreign_net_buy", flow),
    ("orgn_netprps", "institution_net", flow),
    ("ind_netprps", "individual_net", flow),
    ("crd_remn_rt", "credit_balance_ratio", rate),
)
_BROKER: tuple[Column, ...] = (
    ("dt", "date", day),
    ("cur_prc", "close", price),
    ("pre_sig", "direction", direction),
    ("pred_pre", "change", change),
    ("flu_rt", "change_pct", rate),
    ("acc_trde_qty", "volume", quantity),
    ("netprps_qty", "net_buy", flow),
    ("buy_qty", "buy", quantity),
    ("sell_qty", "sell", quantity),
)
_MINUTES: tuple[Column, ...] = (
    ("cntr_tm", "time", moment),
    ("cur_prc", "close", price),
    ("pred_pre", "change", signed_by("pred_pre_sig")),
    ("acc_trde_qty", "cumulative_volume_grams", quantity),
    ("trde_qty", "volume_grams", quantity),
    ("open_pric", "open", price),
    ("high_pric", "high", price),
    ("low_pric", "low", price),
    ("dt", "time_again", moment),
    ("pred_pre_sig", "direction", direction),
)
_INSTITUTIONS: tuple[Column, ...] = (
    ("dt", "date", day),
    ("close_pric", "close", price),
    ("pre_sig", "direction", direction),
    ("pred_pre", "change", change),
    ("flu_rt", "change_pct", rate),
    ("trde_qty", "volume", quantity),
    ("orgn_dt_acc", "institution_cumulative", flow),
    ("orgn_daly_nettrde_qty", "institution_net_buy", flow),
    ("for_dt_acc", "foreign_cumulative", flow),
    ("for_daly_nettrde_qty", "foreign_net_buy", flow),
    ("limit_exh_rt", "foreign_limit_used_pct", rate),
)
_BREAKDOWN: tuple[Column, ...] = (
    ("dt", "date", day),
    ("cur_prc", "close", price),
    ("pre_sig", "direction", direction),
    ("pred_pre", "change", change),
    ("flu_rt", "change_pct", rate),
    ("acc_trde_qty", "volume", quantity),
    ("acc_trde_prica", "value", million),
    ("ind_invsr", "individual", flow),
    ("frgnr_invsr", "foreign", flow),
    ("orgn", "institution", flow),
    ("fnnc_invt", "financial_investment", flow),
    ("insrnc", "insurance", flow),
    ("invtrt", "investment_trust", flow),
    ("etc_fnnc", "other_financial", flow),
    ("bank", "bank", flow),
    ("penfnd_etc", "pension", flow),
    ("samo_fund", "private_fund", flow),
    ("natn", "nation", flow),
    ("etc_corp", "other_corporation", flow),
    ("natfor", "domestic_foreigner", flow),
)
_AVERAGES: tuple[Column, ...] = (
    ("orgn_prsm_avg_pric", "institution_average", price),
    ("for_prsm_avg_pric", "foreign_average", price),
)
_LENDING: tuple[Column, ...] = (
    ("stk_cd", "code", code),
    ("stk_nm", "name", name),
    ("dbrt_trde_cntrcnt", "lent", quantity),
    ("dbrt_trde_rpy", "repaid", quantity),
    ("rmnd", "balance", quantity),
    ("remn_amt", "balance_value", million),
)
_SECTORS: tuple[Column, ...] = (
    ("code", "sector", code),
    ("marketCode", "market_code", blank),
    ("name", "name", name),
    ("group", "group", blank),
)
_SURGES: tuple[Column, ...] = (
    ("stk_cd", "code", code),
    ("stk_nm", "name", name),
    ("cur_prc", "price", price),
    ("pred_pre_sig", "direction", direction),
    ("pred_pre", "change", change),
    ("flu_rt", "change_pct", rate),
    ("prev_trde_qty", "previous_volume", quantity),
    ("now_trde_qty", "volume", quantity),
    ("sdnin_qty", "surge", flow),
    ("sdnin_rt", "surge_pct", rate),
)
_THEMES: tuple[Column, ...] = (
    ("thema_grp_cd", "theme", code),
    ("thema_nm", "name", name),
    ("stk_num", "stocks", quantity),
    ("flu_sig", "direction", direction),
    ("flu_rt", "change_pct", rate),
    ("rising_stk_num", "rising", quantity),
    ("fall_stk_num", "falling", quantity),
    ("dt_prft_rt", "period_return_pct", rate),
    ("main_stk", "main_stocks", name),
)
_ETF: tuple[Column, ...] = (
    ("stk_nm", "name", code),
    ("etfobjt_idex_nm", "index_name", name),
    ("wonju_pric", "original_share_price_as_served", change),
    ("etftxon_type", "etf_tax", name),
    ("etntxon_type", "etn_tax", name),
)

WAYS = {
    way.name: way
    for way in (
        Way("ka10086 any", "by date", "ka10086", "daly_stkpc", _PRICES, 20, _any_prices, "qry_dt",
            every_day=True, rebased=True, dense=True),
        Way("ka10086 named", "by date", "ka10086", "daly_stkpc", _PRICES, 20, _daily, "qry_dt",
            every_day=True, rebased=True, dense=True),
        Way("ka10078 named", "by date", "ka10078", "sec_stk_trde_trend", _BROKER, 20, _broker, "end_dt",
            rebased=True),
        Way("ka10059 named", "by date", "ka10059", "stk_invsr_orgn", _BREAKDOWN, 100, _breakdown, "dt",
            every_day=True, rebased=True, dense=True),
        Way("ka50080 any", "by moment", "ka50080", "gds_min_chart_qry", _MINUTES, 100, _minutes),
        Way("ka10045 named", "whole", "ka10045", "stk_orgn_trde_trnsn", _INSTITUTIONS, 20, _institutions,
            "end_dt", _AVERAGES, every_day=True, dense=True),
        Way("ka10045 any", "whole", "ka10045", "stk_orgn_trde_trnsn", _INSTITUTIONS, 20, _any_institutions,
            "end_dt", _AVERAGES, every_day=True, dense=True),
        Way("ka90012 any", "for a day", "ka90012", "dbrt_trde_prps", _LENDING, 50, _lending),
        Way("ka10101 any", "by question", "ka10101", "list", _SECTORS, 40, _sectors),
        Way("ka90001 any", "by question", "ka90001", "thema_grp", _THEMES, 100, _themes),
        Way("ka10023 any", "not kept", "ka10023", "trde_qty_sdnin", _SURGES, 100, _surges),
        Way("ka40002 any", "by question", "ka40002", None, _ETF, 1, _etf),
    )
}  # fmt: skip
