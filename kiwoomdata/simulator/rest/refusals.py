"""The server's refusals: four-digit codes, their words, and the envelope they come in.

The four digits stand only inside the brackets of ``return_msg``; ``return_code`` is a coarse class,
and the HTTP status is 200 for all of them but too many requests (reported by many, 2026).
"""

from __future__ import annotations

__all__ = ["GOOD", "MOCK_ONLY_KRX", "Refused", "too_many"]

GOOD = "정상적으로 처리되었습니다"

_WORDS = {
    "1501": "API ID가 Null이거나 값이 없습니다",
    "1504": "해당 URI에서는 지원하는 API ID가 아닙니다. API ID={api_id}, URI={uri}",
    "1505": "해당 API ID는 존재하지 않습니다. API ID={api_id}",
    "1511": "필수 입력 값에 값이 존재하지 않습니다. 필수입력 파라미터={parameter}",
    "1512": "Http header에 값이 설정되지 않았거나 읽을 수 없습니다",
    "1513": "Http Header에 authorization 필드가 설정되어 있어야 합니다",
    "1514": "입력으로 들어온 Http Header의 authorization 필드 형식이 맞지 않습니다",
    "1515": "Http Header의 authorization 필드 내 Grant Type이 미리 정의된 형식이 아닙니다",
    "1516": "Http Header의 authorization 필드 내 Token이 정의되어 있지 않습니다",
    "1517": "입력 값 형식이 올바르지 않습니다. 파라미터={parameter} 실패사유={reason}",
    "1687": "재귀 호출이 발생하여 API 호출을 제한합니다, API ID={api_id}",
    "1701": "허용된 전체 요청 개수를 초과하였습니다. 총유량={flow}",
    "1702": "허용된 그룹 요청 개수를 초과하였습니다. 총유량={flow}, API_ID={api_id}",
    "1901": "시장 코드값이 존재하지 않습니다. 종목코드={code}",
    "1902": "종목 정보가 없습니다. 입력한 종목코드 값을 확인바랍니다. 종목코드={code}",
    "1999": "예기치 못한 에러가 발생했습니다. 실패사유={reason}",
    "8001": "App Key와 Secret Key 검증에 실패했습니다",
    "8002": "App Key와 Secret Key 검증에 실패했습니다. 실패사유={reason}",
    "8005": "Token이 유효하지 않습니다",
    "8010": "Token을 발급받은 IP와 서비스를 요청한 IP가 동일하지 않습니다",
    "8011": "Access Token을 발급하는데 실패했습니다. 입력값에 grant_type이 들어오지 않았습니다",
    "8012": "Access Token을 발급하는데 실패했습니다. grant_type의 값이 맞지 않습니다",
    "8015": "Access Token을 폐기하는데 실패했습니다. 실패사유={reason}",
    "8016": "Access Token을 폐기하는데 실패했습니다. 입력값에 Token이 들어오지 않았습니다",
    "8020": "입력파라미터로 appkey 또는 secretkey가 들어오지 않았습니다.",
    "8030": "투자구분(실전/모의)이 달라서 Appkey를 사용할수가 없습니다",
    "8031": "투자구분(실전/모의)이 달라서 Token를 사용할수가 없습니다",
    "8040": "단말기 인증에 실패했습니다",
    "8050": "지정단말기 인증에 실패했습니다",
    "8103": "토큰 인증 또는 단말기인증에 실패했습니다. 실패사유={reason}",
    "8104": "모의투자에서 지원하지 않는 API 입니다.",
}

# Seen live: 1504 in class 1; 1511, 8020 and 8030 in class 2; 8001, 8005 and 8050 in class 3. The others
# follow them.
_ELSEWHERE = 1
_AUTH = 3
_INPUT = 2
_OPENING = {
    _INPUT: "입력 값 오류입니다",
    _AUTH: "인증에 실패했습니다",
    5: "허용된 요청 개수를 초과하였습니다",
}
_INPUT_THOUGH_8 = {"8011", "8012", "8016", "8020", "8030", "8104"}

# The same words came from the mock server for other requests that it does not serve (2026).
MOCK_ONLY_KRX = "[2000](RC9000:모의투자에서는 해당업무가 제공되지 않습니다.)"


class Refused(Exception):
    """A request that the server answers with a refusal."""

    def __init__(
        self,
        code: str = "",
        *,
        return_code: int | None = None,
        message: str | None = None,
        status: int = 200,
        **words: str,
    ) -> None:
        if return_code is None:
            return_code = _AUTH if code.startswith("8") and code not in _INPUT_THOUGH_8 else _INPUT
            return_code = _ELSEWHERE if code == "1504" else return_code
        if message is None:
            if code not in _WORDS:
                raise ValueError(f"code: expected one of {', '.join(_WORDS)}, or a message=, got {code!r}")
            opening = "입력 값 오류입니다" if code == "1517" else _OPENING.get(return_code, _OPENING[_INPUT])
            message = f"{opening}[{code}:{_WORDS[code].format_map(_Blank(words))}]"
        super().__init__(message)
        self.code, self.return_code, self.message, self.status = code, return_code, message, status

    def body(self) -> dict[str, object]:
        return {"return_code": self.return_code, "return_msg": self.message}


class _Blank(dict[str, str]):
    def __missing__(self, key: str) -> str:
        return ""


def too_many(api_id: str, per_second: int, wording: str, *, status: int = 429) -> Refused:
    """More requests than the limit allows, in the words of before or after spring 2026."""
    if wording == "old":
        inside = f"허용된 요청 개수를 초과하였습니다. API ID={api_id}"
    elif api_id == "au10001":
        # The server's own unfilled placeholder (mock server, 2026-09-01).
        inside = "허용된 API 요청 개수를 초과하였습니다. 유량=au10001, API ID={1}"
    else:
        inside = f"허용된 API 요청 개수를 초과하였습니다. 유량={per_second}, API ID={api_id}"
    return Refused("1700", return_code=5, message=f"{_OPENING[5]}[1700:{inside}]", status=status)
