"""REST without I/O: envelopes, refusals, and where the paging ends."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiwoomdata.entries import ENDPOINTS
from kiwoomdata.errors import TransportError
from kiwoomdata.rest import protocol
from kiwoomdata.rest.protocol import Page, Request, Stop

PRICES = ENDPOINTS["ka10086"]
BODY = {"stk_cd": "005930", "qry_dt": "20241125", "indc_tp": "0"}


def envelope(body: Any, more: str = "N", key: str = "", status: int = 200, **headers: str) -> Page:
    content = json.dumps(body, ensure_ascii=False).encode()
    return protocol.read("ka10086", status, {"cont-yn": more, "next-key": key, **headers}, content)


def days(*texts: str) -> list[dict[str, str]]:
    return [{"date": text, "close_pric": "1"} for text in texts]


def page(rows: list[dict[str, str]], more: str = "N", key: str = "") -> Page:
    return envelope({"daly_stkpc": rows, "return_code": 0, "return_msg": ""}, more, key)


def walk(
    answer: Callable[[int, Request], Page],
    since: date | None = None,
    max_pages: int = 50,
    body: dict[str, str] = BODY,
) -> tuple[list[Request], list[Page], Stop]:
    walking = protocol.pages(PRICES, body, since=since, max_pages=max_pages)
    requests, found = [next(walking)], []
    while True:
        found.append(answer(len(found), requests[-1]))
        try:
            requests.append(walking.send(found[-1]))
        except StopIteration as done:
            return requests, found, done.value


def test_the_continuation_travels_in_headers_and_the_body_is_repeated() -> None:
    pages = [page(days("20241125"), "Y", "k1"), page(days("20241122"))]
    requests, _, stop = walk(lambda n, _: pages[n])
    assert [request.headers for request in requests] == [
        {"api-id": "ka10086"},
        {"api-id": "ka10086", "cont-yn": "Y", "next-key": "k1"},
    ]
    assert all(request.body == BODY for request in requests)
    assert not stop.truncated


def test_header_names_may_be_written_in_any_case() -> None:
    content = json.dumps({"daly_stkpc": days("20241125"), "return_code": 0}).encode()
    read = protocol.read("ka10086", 200, {"Cont-Yn": " y ", "Next-Key": "k"}, content)
    assert read.more
    assert read.next_key == "k"


def test_paging_stops_at_the_page_that_reaches_the_first_day() -> None:
    requests, _, stop = walk(
        lambda n, _: page(days(f"202411{25 - n:02d}"), "Y", f"k{n}"), since=date(2024, 11, 23)
    )
    assert len(requests) == 3
    assert stop == Stop("reached 2024-11-23")


def test_paging_stops_when_the_key_repeats() -> None:
    requests, _, stop = walk(lambda n, _: page(days(f"202411{25 - n:02d}"), "Y", "same"))
    assert len(requests) == 2
    assert stop.truncated
    assert "repeated the key 'same'" in stop.why


def test_paging_stops_at_an_empty_page_that_says_more() -> None:
    pages = [page(days("20241125"), "Y", "k1"), page([], "Y", "k2")]
    _, found, stop = walk(lambda n, _: pages[n])
    assert len(found) == 2
    assert stop.truncated
    assert "empty page" in stop.why


def test_on_nxt_the_empty_page_is_how_the_history_ends() -> None:
    pages = [page(days("20250304"), "Y", "k1"), page([], "Y", "A005930_NX20260511000000-1")]
    _, _, stop = walk(lambda n, _: pages[n], body={**BODY, "stk_cd": "005930_NX"})
    assert not stop.truncated


def test_an_all_blank_row_is_no_row() -> None:
    blank = [{"date": "", "close_pric": " "}]
    assert page(blank).height(PRICES.parts[0]) == 0


def test_paging_stops_at_a_page_without_progress() -> None:
    same = days("20241125", "20241122")
    _, found, stop = walk(lambda n, _: page(same, "Y", f"k{n}"))
    assert len(found) == 2
    assert stop.truncated
    assert "nothing older" in stop.why


def test_paging_stops_when_more_is_said_without_a_key() -> None:
    _, found, stop = walk(lambda n, _: page(days("20241125"), "Y", " "))
    assert len(found) == 1
    assert stop.truncated


@pytest.mark.parametrize(
    ("headers", "says"),
    [
        ({}, "no cont-yn"),
        ({"cont-yn": " "}, "no cont-yn"),
        ({"cont-yn": "true", "next-key": "k1"}, "cont-yn 'true'"),
        ({"cont-yn": "Y, Y", "next-key": "k1, k1"}, "cont-yn 'Y, Y'"),
        ({"cont-yn": "N", "next-key": "k1"}, "called this the last page and sent the key 'k1'"),
    ],
)
def test_headers_that_do_not_say_whether_there_is_more_are_not_the_end(
    headers: dict[str, str], says: str
) -> None:
    content = json.dumps({"daly_stkpc": days("20241125"), "return_code": 0}).encode()
    _, found, stop = walk(lambda n, _: protocol.read("ka10086", 200, headers, content))
    assert len(found) == 1
    assert stop.truncated
    assert says in stop.why


def test_headers_that_say_nothing_do_not_matter_once_the_first_day_is_reached() -> None:
    content = json.dumps({"daly_stkpc": days("20241125"), "return_code": 0}).encode()
    _, _, stop = walk(lambda n, _: protocol.read("ka10086", 200, {}, content), since=date(2024, 11, 25))
    assert stop == Stop("reached 2024-11-25")


NOTHING = {"return_code": 20, "return_msg": "조회된 데이터가 없습니다"}


@pytest.mark.parametrize(
    "last", [page([]), page([{"date": ""}]), envelope(NOTHING), envelope(NOTHING, "Y", "k2")]
)
def test_an_empty_end_after_a_page_that_promised_more_is_in_doubt(last: Page) -> None:
    pages = [page(days("20241125"), "Y", "k1"), last]
    _, found, stop = walk(lambda n, _: pages[n])
    assert len(found) == 2
    assert (stop.truncated, stop.doubtful) == (False, True)


@pytest.mark.parametrize("first", [page([]), envelope(NOTHING)])
def test_nothing_on_the_first_page_is_an_answer_where_days_may_have_no_row(first: Page) -> None:
    _, _, stop = walk(lambda n, _: first, since=date(2024, 1, 2))
    assert (stop.truncated, stop.doubtful) == (False, True)  # rows of other days may be held
    walking = protocol.pages(ENDPOINTS["ka10078"], {}, since=date(2024, 1, 2))
    next(walking)
    with pytest.raises(StopIteration) as done:
        walking.send(first)
    assert not done.value.value.doubtful


@pytest.mark.parametrize(("rows", "doubtful"), [(19, False), (20, True)])
def test_a_full_page_that_is_called_the_last_before_the_first_day_is_in_doubt(
    rows: int, doubtful: bool
) -> None:
    last = page(days(*(f"202411{25 - n:02d}" for n in range(rows))))
    assert walk(lambda n, _: last, since=date(2024, 11, 1))[2].doubtful is doubtful
    assert not walk(lambda n, _: last, since=date(2024, 11, 8))[2].doubtful  # reached
    assert not walk(lambda n, _: last)[2].doubtful  # nobody said how far back


def test_one_row_without_a_day_does_not_hide_how_far_back_a_page_goes() -> None:
    rows = days("20241125", "00000000", "20241122")
    requests, _, stop = walk(lambda n, _: page(rows, "Y", f"k{n}"), since=date(2024, 11, 22))
    assert len(requests) == 1
    assert stop == Stop("reached 2024-11-22")


def test_the_ceiling_says_that_it_was_reached() -> None:
    start = date(2024, 11, 25)
    _, found, stop = walk(
        lambda n, _: page(days(f"{start - timedelta(n):%Y%m%d}"), "Y", f"k{n}"), max_pages=7
    )
    assert len(found) == 7
    assert stop == Stop("the ceiling of 7 pages", truncated=True)


@given(
    st.integers(1, 60),
    st.integers(1, 25),
    st.integers(0, 80),
    st.sampled_from(["honest", "repeat_key", "empty", "stuck", "no_key"]),
)
def test_paging_always_ends_and_is_whole_or_says_so(total: int, size: int, back: int, server: str) -> None:
    newest = date(2024, 11, 25)
    history = [newest - timedelta(n) for n in range(total)]
    since = newest - timedelta(back)

    def answer(number: int, request: Request) -> Page:
        at = 0 if server == "stuck" and number else number * size
        rows = days(*(f"{day:%Y%m%d}" for day in history[at : at + size]))
        more = at + size < total
        if server == "empty" and number == 2:
            return page([], "Y", "again")
        key = {"repeat_key": "same", "no_key": ""}.get(server, f"k{number}")
        return page(rows, "Y" if more else "N", key if more else "")

    _, found, stop = walk(answer, since)
    got = {row["date"] for one in found for row in one.json["daly_stkpc"]}
    wanted = {f"{day:%Y%m%d}" for day in history if day >= since}
    assert len(found) <= total // size + 2
    assert stop.truncated or wanted <= got


@pytest.mark.parametrize(
    ("status", "return_code", "message", "kind", "code"),
    [
        (200, 0, "정상적으로 처리되었습니다", "none", "0"),
        (200, "0", " 조회가 완료되었습니다.", "none", "0"),
        (200, 3, "인증에 실패했습니다[8005:Token이 유효하지 않습니다]", "renew", "8005"),
        (200, 3, "[8031:투자구분(실전/모의)이 달라서 Token를 사용할수가 없습니다]", "renew", "8031"),
        (401, 3, "", "renew", "3"),
        (200, 3, "인증에 실패했습니다[8050:지정단말기 인증에 실패했습니다]", "auth", "8050"),
        (
            200,
            2,
            "입력 값 오류입니다[8030:투자구분(실전/모의)이 달라서 Appkey를 사용할수가 없습니다]",
            "auth",
            "8030",
        ),
        (429, 5, "[1700:허용된 API 요청 개수를 초과하였습니다. 유량=5, API ID=ka10080]", "rate", "1700"),
        (200, 5, "[1700:허용된 요청 개수를 초과하였습니다. API ID=ka10001]", "rate", "1700"),
        (200, 5, "[1701:허용된 전체 요청 개수를 초과하였습니다.]", "rate", "1701"),
        (200, 5, "", "rate", "5"),
        (200, 5, "[1517:입력 값 형식이 올바르지 않습니다]", "refused", "1517"),
        (
            200,
            2,
            "[1511:필수 입력 값에 값이 존재하지 않습니다. 필수입력 파라미터=mrkt_tp]",
            "refused",
            "1511",
        ),
        (200, 2, "[1504:해당 URI에서는 지원하는 API ID가 아닙니다]", "unsupported", "1504"),
        (200, 20, "모의투자에서는 지원하지 않습니다", "unsupported", "20"),
        (200, 20, "조회된 데이터가 없습니다", "no data", "20"),
        (200, 20, "[2000](무엇인가)", "refused", "2000"),
        (200, 7, "[RC4010]", "refused", "RC4010"),
        (200, 1, "[CODE=8005, MESSAGE=Token이 유효하지 않습니다]", "renew", "8005"),
        (500, 0, "", "refused", "0"),
    ],
)
def test_a_refusal_is_told_by_the_code_in_the_brackets(
    status: int, return_code: Any, message: str, kind: str, code: str
) -> None:
    read = envelope({"return_code": return_code, "return_msg": message}, status=status)
    assert protocol.refusal(read, status)[:2] == (kind, code)


def test_the_spelling_of_one_printed_example_is_understood() -> None:
    read = envelope({"returnCode": 0, "returnMsg": "정상적으로 처리되었습니다"})
    assert protocol.refusal(read)[0] == "none"


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (
            b"<html><head><title>x</title></head><body><h1>Request  Blocked</h1></body></html>",
            "Request Blocked",
        ),
        ("<html>중단 일시: 11/20(금) 02:00 ~ 04:00</html>".encode(), "중단 일시: 11/20(금) 02:00 ~ 04:00"),
        (b'{"return_code":0,"daly_st', "ends too soon"),
        (b"", "empty body"),
        (b"[]", "no envelope"),
        (b'{"x": 1}', "no envelope"),
        (b"\xff\xfd", "not JSON"),
    ],
)
def test_what_is_no_envelope_is_an_error_that_quotes_it(content: bytes, says: str) -> None:
    with pytest.raises(TransportError, match="ka10086: HTTP 200") as caught:
        protocol.read("ka10086", 200, {}, content)
    assert says in str(caught.value)
    assert len(str(caught.value)) < 600


@pytest.mark.parametrize("odd", ["text", {"a": 1}, ["text"], [[]], 5])
def test_rows_that_are_no_rows_are_an_error(odd: Any) -> None:
    with pytest.raises(TransportError, match="not a list of rows"):
        envelope({"return_code": 0, "daly_stkpc": odd}).dicts(PRICES.parts[0])


@pytest.mark.parametrize("nothing", [None, "", [], [{"date": "", "close_pric": " "}], [{"date": None}]])
def test_nothing_is_said_in_several_ways(nothing: Any) -> None:
    assert envelope({"return_code": 0, "daly_stkpc": nothing}).height(PRICES.parts[0]) == 0
    assert envelope({"return_code": 0}).height(PRICES.parts[0]) == 0


# --- charsets -----------------------------------------------------------------------------

KOREAN = {"return_code": 0, "return_msg": "정상적으로 처리되었습니다", "stk_nm": "삼성전자 뷁"}


@pytest.mark.parametrize(
    ("encoding", "bom", "content_type"),
    [
        ("utf-8", b"", "application/json"),
        ("utf-8", b"\xef\xbb\xbf", "application/json;charset=UTF-8"),
        ("utf-16-le", b"\xff\xfe", "application/json"),
        ("utf-16-be", b"\xfe\xff", "application/json;charset=UTF-8"),
        ("utf-32-le", b"\xff\xfe\x00\x00", "application/json"),
        ("cp949", b"", "application/json; charset=EUC-KR"),
        ("cp949", b"", 'application/json;charset="ks_c_5601-1987"'),
        ("utf-8", b"", "application/json;charset=ISO-8859-1"),
        ("utf-8", b"", "application/json;charset=EUC-KR"),  # a label that is wrong
    ],
)
def test_an_answer_is_read_by_its_charset(encoding: str, bom: bytes, content_type: str) -> None:
    text = json.dumps(KOREAN, ensure_ascii=False)
    page = protocol.read("ka10001", 200, {"Content-Type": content_type}, bom + text.encode(encoding))
    assert page.json == KOREAN
    assert page.content == text.encode()


@pytest.mark.parametrize("name", ["갇괷", "크"])
def test_a_name_that_reads_in_two_charsets_is_read_as_hangul(name: str) -> None:
    """The first is other characters in CP949 too; the second, in CP949, is a letter in UTF-8."""
    encoding = "cp949" if name == "크" else "utf-8"
    assert name.encode(encoding).decode("utf-8" if name == "크" else "cp949") != name
    content = f'{{"stk_nm":"{name}","return_code":0}}'.encode(encoding)
    page = protocol.read("ka10001", 200, {"content-type": "application/json;charset=EUC-KR"}, content)
    assert page.json["stk_nm"] == name


@pytest.mark.parametrize("content_type", ["application/json", "application/json;charset=UTF-8"])
def test_a_charset_that_nobody_told_is_not_guessed(content_type: str) -> None:
    text = json.dumps(KOREAN, ensure_ascii=False)
    with pytest.raises(TransportError, match="not JSON"):
        protocol.read("ka10001", 200, {"content-type": content_type}, text.encode("cp949"))


@pytest.mark.parametrize(
    ("sizes", "doubtful"),
    [((7,), False), ((20,), True), ((7, 7), True), ((7, 3), False), ((50, 20), False), ((50, 50), True)],
)
def test_a_last_page_is_full_by_the_page_before_where_nobody_has_counted(
    sizes: tuple[int, ...], doubtful: bool
) -> None:
    """A first page by the sizes that pages were seen to have: 20 and 100."""
    trend = ENDPOINTS["ka10078"]
    assert trend.page_rows is None
    walking = protocol.pages(trend, {}, since=date(2020, 1, 2))
    next(walking)
    newest, found = date(2024, 11, 25), list[Page]()
    for number, size in enumerate(sizes):
        rows = [{"dt": f"{newest - timedelta(n):%Y%m%d}"} for n in range(size)]
        newest -= timedelta(size)
        more = number < len(sizes) - 1
        answer = {"sec_stk_trde_trend": rows, "return_code": 0}
        found.append(envelope(answer, "Y" if more else "N", f"k{number}" if more else ""))
    for each in found[:-1]:
        walking.send(each)
    with pytest.raises(StopIteration) as end:
        walking.send(found[-1])
    assert (end.value.value.truncated, end.value.value.doubtful) == (False, doubtful)
