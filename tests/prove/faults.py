"""The ways in which an answer can go wrong, and what is right for each: those of envelopes, and all."""

from __future__ import annotations

import random

from tests.prove import row_faults, wire_faults
from tests.prove.draft import FAULTS, TOKEN_FAULTS, Change, Draft, Right, fault

__all__ = ["FAULTS", "TOKEN_FAULTS", "row_faults", "wire_faults"]

# --- statuses --------------------------------------------------------------------------------


def _status(status: str, body: str) -> Change:
    def change(d: Draft, rng: random.Random) -> None:
        d.status = status
        if body == "json":
            d.envelope = {"return_code": 1, "return_msg": "일시적인 오류"}
        else:
            d.kind = "text/html" if body == "html" else d.kind
            d.content = b"<html><body>503</body></html>" if body == "html" else b""

    return change


for _code in ("429 Too Many", "500 Error", "501 No", "502 Bad Gateway", "503 Service", "504 Timeout"):
    for _body in ("json", "html", "empty"):
        _wrong = "RateLimited" if _code.startswith("429") else "TransportError"
        fault("status", "again", _wrong, name=f"{_code[:3]} {_body}")(_status(_code, _body))
fault("status", "again", "TransportError", name="200 empty")(_status("200 OK", "empty"))
fault("status", "again", "TransportError", name="204")(_status("204 No Content", "empty"))
for _code in ("200 OK", "400 Bad", "403 No", "404 Not Found"):
    fault("status", "error", "TransportError", name=f"{_code[:3]} html")(_status(_code, "html"))

# --- refusals --------------------------------------------------------------------------------


def _refused(code: object, message: str = "", *, rows: bool = False) -> Change:
    def change(d: Draft, rng: random.Random) -> None:
        told = {"return_code": code, "return_msg": message}
        d.envelope = {**(d.envelope if rows else {}), **told}
        d.cont, d.key = "N", ""

    return change


_RATE = "허용된 요청 개수를 초과하였습니다[1700:허용된 API 요청 개수를 초과하였습니다. 유량=5]"
_TOKEN = "인증에 실패했습니다[8005:Token이 유효하지 않습니다]"
for _name, _right, _error, _change in (
    ("code 1", "error", "ApiError", _refused(1, "잘못된 요청입니다")),
    ("code 1 [1504]", "error", "Unsupported", _refused(1, "지원하지 않습니다[1504:해당 URI]")),
    ("code 3 of a token", "again", "AuthError", _refused(3, _TOKEN)),
    ("code 3 of a stock", "error", "ApiError", _refused(3, "종목코드가 없습니다[1902:종목 정보가 없습니다]")),
    ("code 3 [8050]", "error", "AuthError", _refused(3, "인증에 실패했습니다[8050:지정단말기 인증에 실패]")),
    ("code 5", "again", "RateLimited", _refused(5, _RATE)),
    ("code 5 as a text", "again", "RateLimited", _refused("5", _RATE)),
    ("code 20, no data", "told", "", _refused(20, "조회된 데이터가 없습니다")),
    ("code 20, not offered", "error", "Unsupported", _refused(20, "모의투자에서 지원하지 않는 서비스입니다")),
    ("code 0 as a text", "same", "", None),
    ("code null", "again", "TransportError", _refused(None, "", rows=True)),
    ("code 0.0", "again", "TransportError", _refused(0.0, "", rows=True)),
    ("code true", "again", "TransportError", _refused(True, "", rows=True)),
    ("code false", "again", "TransportError", _refused(False, "", rows=True)),
    ("code a list", "again", "TransportError", _refused([0], "", rows=True)),
    ("code blank", "again", "TransportError", _refused(" ", "", rows=True)),
):
    fault("refusal", _right, _error, name=_name)(  # type: ignore[arg-type]
        _change or (lambda d, rng: d.envelope.update(return_code="0"))
    )


@fault("refusal", "again", "TransportError")
def code_absent(d: Draft, rng: random.Random) -> None:
    del d.envelope["return_code"]


# --- redirects -------------------------------------------------------------------------------


def _redirect(status: str) -> Change:
    def change(d: Draft, rng: random.Random) -> None:
        d.status = status
        d.headers.append(("location", f"{d.elsewhere}/api/dostk/mrkcond"))
        d.content = b""

    return change


for _code in ("301 Moved", "302 Found", "303 See", "307 Again", "308 Moved"):
    fault("redirect", "error", "TransportError", name=_code[:3])(_redirect(_code))
    fault("redirect", "error", "TransportError", name=f"token {_code[:3]}", into=TOKEN_FAULTS)(
        _redirect(_code)
    )

# --- tokens ----------------------------------------------------------------------------------


def _token(name: str, right: Right, error: str, **changes: object) -> None:
    def change(d: Draft, rng: random.Random) -> None:
        d.envelope |= changes

    fault("token", right, error, name=name, into=TOKEN_FAULTS)(change)


for _name, _value in (("null", None), ("a number", 5), ("a list", ["x"]), ("blank", ""),
                      ("of two words", "a b"), ("with a line end", "a\r\nx: y")):  # fmt: skip
    _token(f"token {_name}", "error", "TransportError", token=_value)
for _name, _value in (("null", None), ("a number", 20991231235959), ("blank", ""),
                      ("that is none", "20200230000000"), ("too short", "20991231")):  # fmt: skip
    _token(f"end {_name}", "error", "TransportError", expires_dt=_value)
_token("end past", "told", "", expires_dt="20200101000000")
_token("type other", "error", "TransportError", token_type="mac")
_token("type null", "error", "TransportError", token_type=None)
_token("token refused", "error", "AuthError", return_code=3, return_msg="인증에 실패했습니다[8001:App Key]")
TOKEN_FAULTS |= {
    name: fault
    for name, fault in FAULTS.items()
    if fault.family in ("status", "body", "transfer") and fault.right in ("again", "error")
}
