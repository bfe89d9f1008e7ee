"""Whatever goes wrong on the way: the answer is right, or it is an error. Never anything between."""

from __future__ import annotations

import warnings
from collections.abc import Callable

import pytest
from polars.testing import assert_frame_equal

import kiwoomdata as kd
from kiwoomdata.rest.transport import Retry
from kiwoomdata.simulator import FAULTS

MakeClient = Callable[..., kd.Client]
RANGE = ("2026-03-02", "2026-10-30")
OPTIONS = {
    "refusal": {"code": "1902"},
    "bad_value": {"key": "trde_qty", "text": "many"},
    "slow": {"seconds": 1.2},
    "missing_key": {"key": "trde_qty"},
}
SURVIVED = {
    "429",
    "token_expired",
    "reset",
    "drop",
    "half_body",
    "5xx",
    "header_case",
    "overlap",
    "rate_once_200",
}
ERRORS = {
    "maintenance_html": kd.TransportError,
    "waf_html": kd.TransportError,
    "redirect": kd.TransportError,
    "empty_page_loop": kd.Truncated,
    "repeated_key": kd.Truncated,
    "repeated_page": kd.Truncated,
    "more_without_key": kd.Truncated,
    "refusal": kd.ApiError,
    "bad_value": kd.DecodeError,
}


@pytest.mark.parametrize("fault", sorted(FAULTS))
@pytest.mark.parametrize("after", [0, 3])
def test_the_answer_is_right_or_an_error(
    make_client: MakeClient, server: kd.simulator.Server, fault: str, after: int
) -> None:
    settings = {"cache": False, "retry": Retry(attempts=4, base=0.01, longest=0.05, timeout=1)}
    clean = kd.daily_prices("005930", *RANGE, client=make_client(server, **settings))
    server.inject(fault, "ka10086", times=1, after=after, **OPTIONS.get(fault, {}))
    client = make_client(server, **settings)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", kd.KiwoomDataWarning)
        try:
            frame = kd.daily_prices("005930", *RANGE, client=client)
        except kd.KiwoomDataError as caught:
            error: kd.KiwoomDataError | None = caught
        else:
            error = None
    if error is not None:
        assert fault not in SURVIVED
        assert isinstance(error, ERRORS.get(fault, kd.KiwoomDataError))
        if isinstance(error, kd.Truncated):
            # What came before the break is right as far as it goes.
            derived = ["halted", "rebased"]  # told by the day before and by the volume
            assert_frame_equal(error.frame.drop(derived), clean.tail(error.frame.height).drop(derived))
        return
    if fault in ("repeated_key", "repeated_page") and after == 0:
        return  # there is nothing before the first page to repeat
    assert fault not in ERRORS
    if fault == "unknown_key":
        frame = frame.select(clean.columns)
    if fault == "missing_key":
        assert frame["volume"].null_count() == 20
        lost = ["volume", "halted", "rebased"]  # whether a stock was halted is told by its volume
        frame, clean = frame.drop(lost), clean.drop(lost)
    if fault == "all_blank_row":
        # The server's word for "nothing": its page is empty, and the walk ends where it said so.
        assert frame.height in (0, 20 * after)
        return
    assert_frame_equal(frame, clean)


@pytest.mark.parametrize("fault", ["empty_page_loop", "repeated_key", "repeated_page"])
def test_a_loop_ends(make_client: MakeClient, server: kd.simulator.Server, fault: str) -> None:
    server.inject(fault, "ka10086", times=None)
    before = server.log.count("ka10086")
    with pytest.raises(kd.Truncated):
        kd.daily_prices("005930", *RANGE, client=make_client(server, cache=False))
    assert server.log.count("ka10086") - before <= 4


@pytest.mark.parametrize("reissue", ["same", "invalidate_old"])
def test_both_ways_of_issuing_a_token_again_are_survived(make_client: MakeClient, reissue: str) -> None:
    from datetime import time

    from tests.conftest import TODAY

    with kd.simulator.start(
        seed=1,
        today=TODAY,
        now=time(18, 30),
        rate=None,
        token_reissue=reissue,  # type: ignore[arg-type]
    ) as server:
        first, second = (
            make_client(server, state=False, cache=False),
            make_client(server, state=False, cache=False),
        )
        for client in (first, second, first, second):
            assert kd.session_summary("005930", client=client).height == 1


@pytest.mark.parametrize(("rate", "quota"), [("5/s", "5/s"), ("1/s burst 2", "1/s burst 2")])
def test_the_servers_quota_is_kept_to_without_a_refusal(
    make_client: MakeClient, rate: str, quota: str
) -> None:
    from datetime import time

    from tests.conftest import TODAY

    with kd.simulator.start(seed=1, today=TODAY, now=time(18, 30), rate=rate) as server:
        client = make_client(server, quota=quota, cache=False)
        symbols = (
            ["005930", "000660", "035420", "005380"] if rate == "1/s burst 2" else ["005930", "000660"] * 4
        )
        kd.session_summary(symbols, client=client)
        assert [record.status for record in server.log if record.api_id == "ka10006"] == [200] * len(
            set(symbols)
        )


def test_a_wrong_key_is_told_with_the_servers_words(
    make_client: MakeClient, server: kd.simulator.Server
) -> None:
    with pytest.raises(kd.AuthError, match="check both"):
        kd.session_summary("005930", client=make_client(server, app_secret="wrong", state=False))
