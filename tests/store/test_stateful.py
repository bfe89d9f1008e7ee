"""The store against a bare server: days pass, stocks are split, rows are late, pages fail, processes die."""

from __future__ import annotations

import tempfile
import warnings
from datetime import date, datetime, timedelta
from typing import Any

import polars as pl
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test
from polars.testing import assert_frame_equal

import kiwoomdata as kd
from kiwoomdata.calendar import trading_days
from kiwoomdata.kinds import KST
from kiwoomdata.rest.transport import Retry
from kiwoomdata.store.disk import Store
from kiwoomdata.store.files import Head, SeriesKey
from tests.envelopes import Answer, Asked, Envelopes, row
from tests.store.history import OK

FIRST = date(2023, 11, 1)
SIZE = 20


class Killed(BaseException):
    """The process ends here: what was written is written, and nothing else happens."""


class Mortal(Store):
    """A store whose process dies between a page and the fold, when it is told to."""

    dies = False

    def write(self, key: SeriesKey, kind: Any, head: Head, payload: bytes) -> bool:
        if self.dies and kind == "rows":
            raise Killed
        return super().write(key, kind, head, payload)


class Market:
    """Each day has a row in ka10086, two of three in ka10078; prices are relative to the last split."""

    def __init__(self) -> None:
        self.now = datetime(2024, 4, 15, 18, 30, tzinfo=KST)
        self.factor = 1
        self.hidden: set[date] = set()
        self.fault: tuple[str, int] | None = None
        self.page = 0

    def __call__(self, number: int, asked: Asked) -> Answer:
        prices = asked.headers["api-id"] == "ka10086"
        days = [d for d in trading_days(FIRST, self.now.date()) if d not in self.hidden]
        if prices:
            last = asked.body["qry_dt"]
            listed = [d for d in days if f"{d:%Y%m%d}" <= last][::-1]
        else:
            first, last = asked.body["strt_dt"], asked.body["end_dt"]
            listed = [d for d in days if d.toordinal() % 3 and first <= f"{d:%Y%m%d}" <= last][::-1]
        at = int(asked.headers.get("next-key") or 0)
        rows = [self.row(d, prices=prices) for d in listed[at : at + SIZE]]
        more = at + SIZE < len(listed)
        self.page += 1
        what, page = self.fault or ("", 0)
        if what and self.page == page:
            if what == "down":
                return Answer(b"<html>down</html>")
            if what == "sick":
                rows = [{**each, "close_pric" if prices else "cur_prc": "x"} for each in rows]
            elif at:  # called the last page, and empty or full
                rows, more = (rows if what == "full" and len(rows) == SIZE else []), False
        key = {"cont-yn": "Y" if more else "N", "next-key": str(at + SIZE) if more else ""}
        return Answer({"daly_stkpc" if prices else "sec_stk_trde_trend": rows, **OK}, key)

    def row(self, day: date, *, prices: bool) -> dict[str, str]:
        close = str((100_000 + day.toordinal() % 1000) // self.factor)
        if prices:
            return row("ka10086", date=f"{day:%Y%m%d}", close_pric=close, trde_qty="7")
        return row("ka10078", dt=f"{day:%Y%m%d}", cur_prc=close, netprps_qty="+3")


spans = st.tuples(st.sampled_from([0, 2, 5, 12, 40]), st.sampled_from([4, 30, 75, 130]))
"""How long ago a range ends, and how long it is, in days: one to five pages."""
trs = st.sampled_from(["ka10086", "ka10078"])


class StoreAgainstServer(RuleBasedStateMachine):
    @initialize()
    def begin(self) -> None:
        self.market = Market()
        self.server = Envelopes(self.market)
        self.server.__enter__()
        self.folder = tempfile.TemporaryDirectory()
        self.clients = [self.client(self.folder.name), self.client(self.folder.name)]
        self.bare = self.client(False)

    def client(self, cache: Any) -> kd.Client:
        client = kd.Client(
            base_url=self.server.base_url,
            app_key="k",
            app_secret="s",
            quota=None,
            state=False,
            cache=cache,
            clock=lambda: self.market.now,
            retry=Retry(attempts=1, base=0.01, longest=0.01, timeout=5),
            progress=False,
        )
        if cache:
            client.store = Mortal(cache)
        return client

    def teardown(self) -> None:
        if hasattr(self, "server"):
            for client in (*self.clients, self.bare):
                client.close()
            self.server.__exit__()
            self.folder.cleanup()

    def ask(self, client: kd.Client, tr: str, span: tuple[int, int], **options: Any) -> pl.DataFrame:
        ago, length = span
        last = self.market.now.date() - timedelta(ago)
        first = max(FIRST, last - timedelta(length))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", kd.KiwoomDataWarning)
            if tr == "ka10086":
                return kd.daily_prices("005930", first, max(first, last), client=client, **options)
            return kd.broker_trend("001", "005930", first, max(first, last), client=client, **options)

    @rule(tr=trs, span=spans)
    def somebody_asks_plainly(self, tr: str, span: tuple[int, int]) -> None:
        self.somebody_asks(tr=tr, span=span, who=0, refresh=False)

    @rule(days=st.integers(1, 4))
    def days_pass(self, days: int) -> None:
        if self.market.now.date() < date(2024, 6, 1):
            self.market.now += timedelta(days)

    @rule()
    def the_stock_is_split(self) -> None:
        if self.market.factor < 32:
            self.market.factor *= 2

    @rule(tr=trs, span=spans)
    def a_row_is_late(self, tr: str, span: tuple[int, int]) -> None:
        if self.market.now.date() < date(2024, 6, 1):
            self.market.hidden.add(self.market.now.date() + timedelta(1))
            self.market.now += timedelta(3)
        self.somebody_asks(tr=tr, span=(0, span[1]), who=0, refresh=False)

    @rule(tr=trs, span=spans)
    def late_rows_come(self, tr: str, span: tuple[int, int]) -> None:
        self.market.hidden.clear()
        self.somebody_asks(tr=tr, span=(0, span[1]), who=1, refresh=False)

    @rule(tr=trs, span=spans, who=st.integers(0, 1), refresh=st.booleans())
    def somebody_asks(self, tr: str, span: tuple[int, int], who: int, refresh: bool) -> None:
        # Rows are at most a week late: so says the promise.
        self.market.hidden = {d for d in self.market.hidden if d > self.market.now.date() - timedelta(6)}
        kept = self.ask(self.clients[who], tr, span, refresh=refresh)
        source = kd.provenance(kept)
        assert source is not None
        now = self.ask(self.bare, tr, span)
        if source.requests:
            assert_frame_equal(kept, now)
            return
        # What is held whole is as it was kept: of one basis, and of no other day than the server has.
        assert kept["date"].to_list() == now["date"].to_list()
        factors = [
            factor
            for factor in (1, 2, 4, 8, 16, 32)
            if kept["close"].to_list() == [(100_000 + d.toordinal() % 1000) // factor for d in kept["date"]]
        ]
        assert factors or kept.is_empty()

    @rule(tr=trs, span=spans, who=st.integers(0, 1), page=st.integers(1, 3), what=st.sampled_from(
        ["down", "sick", "empty", "full"]
    ))  # fmt: skip
    def the_server_is_in_trouble(
        self, tr: str, span: tuple[int, int], who: int, page: int, what: str
    ) -> None:
        self.market.fault, self.market.page = (what, page), 0
        try:
            self.ask(self.clients[who], tr, span, on_truncated="mark")
        except kd.KiwoomDataError:
            pass  # told; what counts is what is served afterwards
        finally:
            self.market.fault = None
        self.somebody_asks(tr=tr, span=span, who=1 - who, refresh=False)

    @rule(tr=trs, span=spans, who=st.integers(0, 1))
    def somebody_is_killed_between_page_and_fold(self, tr: str, span: tuple[int, int], who: int) -> None:
        self.clients[who].store.dies = True  # type: ignore[union-attr]
        try:
            self.ask(self.clients[who], tr, span)
        except Killed:
            pass
        finally:
            self.clients[who] = self.client(self.folder.name)
        self.somebody_asks(tr=tr, span=span, who=who, refresh=False)


def test_whatever_happens_the_store_says_what_the_server_said() -> None:
    run_state_machine_as_test(  # type: ignore[no-untyped-call]
        StoreAgainstServer,
        settings=settings(
            max_examples=12,
            stateful_step_count=18,
            deadline=None,
            phases=[Phase.explicit, Phase.generate],  # shrinking takes minutes of requests
            suppress_health_check=list(HealthCheck),
            derandomize=True,
            database=None,
        ),
    )
