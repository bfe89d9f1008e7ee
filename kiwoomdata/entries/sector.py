"""Sectors: their flows, indices and stocks (업종). Sources as in :mod:`.quote`."""

from __future__ import annotations

from collections.abc import Mapping

from kiwoomdata.entries.common import VENUE_PARAM, choice, quantity
from kiwoomdata.entries.entry import (
    HUNDRED_MILLION_KRW,
    HUNDREDTH_PERCENT,
    POINTS_X100,
    THOUSAND_SHARES,
    UNKNOWN,
    Column,
    Endpoint,
    Param,
    Part,
    Unit,
)
from kiwoomdata.kinds import CHANGE_DECIMAL, CODE, DATE, DIRECTION, FLOW, INDEX, NAME, RATE

# Value: the market's 55,317 beside 58,675 hundred million of two of its stocks in ka10066 (live, 2026). Of
# shares one author says thousands, and nobody has shown a body.
_BY_MEASURE: Mapping[str | tuple[str, ...], Unit] = {"0": HUNDRED_MILLION_KRW, "1": UNKNOWN}
_CLASSES = {
    "sc_netprps": ("securities", "증권순매수"),
    "insrnc_netprps": ("insurance", "보험순매수"),
    "invtrt_netprps": ("investment_trust", "투신순매수"),
    "bank_netprps": ("bank", "은행순매수"),
    "jnsinkm_netprps": ("merchant_bank", "종신금순매수"),
    "endw_netprps": ("pension", "기금순매수"),
    "etc_corp_netprps": ("other_corporation", "기타법인순매수"),
    "ind_netprps": ("individual", "개인순매수"),
    "frgnr_netprps": ("foreign", "외국인순매수"),
    "native_trmt_frgnr_netprps": ("domestic_foreigner", "내국인대우외국인순매수"),
    "natn_netprps": ("nation", "국가순매수"),
    "samo_fund_netprps": ("private_fund", "사모펀드순매수"),
    "orgn_netprps": ("institution", "기관계순매수"),
}

SECTOR_FLOWS = Endpoint(
    "ka10051",
    ko="업종별투자자순매수요청",
    en="Thirteen investor classes by sector on one day",
    path="/api/dostk/sect",
    category="sector",
    function="sector_flows",
    example='kd.sector_flows("2024-01-31", market="kospi")',
    params=(
        choice("mrkt_tp", "market", "시장구분", None, kospi="0", kosdaq="1"),
        choice("amt_qty_tp", "measure", "금액수량구분", "value", value="0", shares="1"),
        Param("base_dt", "date", "기준일자", DATE, required=False),
        VENUE_PARAM,
    ),
    unit_flag="amt_qty_tp",
    key=("sector",),
    as_of="base_dt",
    final="next morning",
    note="A day without a session answers nothing. A sector's code carries the venue: 001_AL.",
    parts=(
        Part(
            "flows",
            "inds_netprps",
            "업종별순매수",
            (
                Column("inds_cd", "sector", CODE, "업종코드"),
                Column("inds_nm", "name", NAME, "업종명"),
                Column("cur_prc", "index", INDEX, "현재가", POINTS_X100, style="plus"),
                Column("pre_smbol", "direction", DIRECTION, "대비부호"),
                Column("pred_pre", "change", CHANGE_DECIMAL, "전일대비", POINTS_X100, style="plus"),
                Column("flu_rt", "change_pct", RATE, "등락율", HUNDREDTH_PERCENT),
                quantity("trde_qty", "volume", "거래량", THOUSAND_SHARES),
                *(
                    Column(key, name, FLOW, ko, UNKNOWN, _BY_MEASURE, style="plus")
                    for key, (name, ko) in _CLASSES.items()
                ),
            ),
        ),
    ),
)

ENDPOINTS = (SECTOR_FLOWS,)
