"""What every value means: data, one file per subject of the vendor's guide. No behaviour.

A file is loaded when a TR of it is asked for the first time.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from importlib import import_module

from kiwoomdata.entries.entry import Endpoint

__all__ = ["ENDPOINTS", "FILES", "VERSION", "Catalogue"]

VERSION = "2"
"""Raised when a kind reads texts otherwise, so that stored rows are read again by the new rule."""

FILES: Mapping[str, str] = {
    "broker": "ka10002 ka10038 ka10039 ka10040 ka10042 ka10043 ka10052 ka10053",
    "chart": "ka10079 ka10080 ka10081 ka10082 ka10083 ka10094",
    "elw": "ka10048 ka10050 ka30001 ka30002 ka30003 ka30004 ka30005 ka30009 ka30010 ka30011 ka30012",
    "etf": "ka40001 ka40002 ka40003 ka40004 ka40006 ka40007 ka40008 ka40009 ka40010",
    "extremes": "ka10016 ka10017 ka10018 ka10019 ka10024 ka10025 ka10026",
    "gold": "ka50010 ka50012 ka50079 ka50080 ka50081 ka50082 ka50083 ka50087 ka50091 ka50092 ka50100 "
    "ka50101 ka52301",
    "index": "ka20004 ka20005 ka20006 ka20007 ka20008 ka20019",
    "investor": "ka10008 ka10009 ka10034 ka10035 ka10036 ka10037 ka10058 ka10059 ka10060 ka10061 "
    "ka10062 ka10064 ka10065 ka10131 ka90009",
    "lending": "ka10013 ka10033 ka10068 ka10069 ka20068 ka90012 kt20016 kt20017",
    "program": "ka10010 ka90003 ka90004 ka90005 ka90006 ka90007 ka90008 ka90010 ka90013",
    "quote": "ka10004 ka10005 ka10006 ka10007 ka10011 ka10044 ka10045 ka10046 ka10047 ka10063 ka10066 "
    "ka10078 ka10086 ka10087",
    "ranking": "ka00198 ka10020 ka10021 ka10022 ka10023 ka10027 ka10028 ka10029 ka10030 ka10031 ka10032 "
    "ka10098",
    "sector": "ka10051 ka10101 ka20001 ka20002 ka20003 ka20009",
    "short": "ka10014",
    "stock": "ka10001 ka10003 ka10015 ka10054 ka10055 ka10084 ka10095 ka10099 ka10100 ka10102",
    "theme": "ka90001 ka90002",
}
"""In which file the entry of each of the guide's market-data TRs stands."""

_FILE_OF = {api_id: file for file, listed in FILES.items() for api_id in listed.split()}


class Catalogue(Mapping[str, Endpoint]):
    """The TRs by their id, in the order of the ids."""

    def __getitem__(self, api_id: str) -> Endpoint:
        return _entries(_FILE_OF[api_id])[api_id]

    def __iter__(self) -> Iterator[str]:
        return iter(sorted(_FILE_OF))

    def __len__(self) -> int:
        return len(_FILE_OF)

    def __repr__(self) -> str:
        return f"<catalogue of {len(self)} TRs>"


@cache
def _entries(file: str) -> dict[str, Endpoint]:
    module = import_module(f"{__name__}.{file}")
    return {endpoint.api_id: endpoint for endpoint in module.ENDPOINTS}


ENDPOINTS = Catalogue()
