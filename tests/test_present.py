"""Several symbols in pandas and side by side: an index that never mixes two of them, and dates × symbols."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from datetime import date
from typing import Any

import pandas as pd
import polars as pl
import pytest

import kiwoomdata as kd
import kiwoomdata.pandas as kdp
from tests.conftest import simulated

TWO = ["005930", "000660"]
RANGE = ("2026-10-01", "2026-10-30")


@pytest.fixture(scope="module")
def shared() -> Iterator[kd.Client]:
    with simulated() as client:
        yield client


def closes(client: kd.Client, symbol: str) -> list[int]:
    return kd.daily_prices(symbol, *RANGE, client=client)["close"].to_list()


def test_several_symbols_are_an_index_of_day_and_symbol(shared: kd.Client) -> None:
    frame = kdp.daily_prices(TWO, *RANGE, client=shared)
    assert frame.index.names == ["date", "symbol"]
    assert frame.index.is_unique
    assert frame.xs("005930", level="symbol")["close"].tolist() == closes(shared, "005930")
    assert frame.loc[(pd.Timestamp("2026-10-30"), "000660"), "close"] == closes(shared, "000660")[-1]
    changes = frame.groupby("symbol")["close"].pct_change().xs("000660", level="symbol").dropna()
    own = pd.Series(closes(shared, "000660")).pct_change().dropna()
    assert changes.tolist() == own.tolist()


def test_one_symbol_is_an_index_of_days(shared: kd.Client) -> None:
    for symbol in ("005930", ["005930"]):
        frame = kdp.daily_prices(symbol, *RANGE, client=shared)
        assert isinstance(frame.index, pd.DatetimeIndex)
        assert frame.index.is_unique


def test_a_code_without_rows_does_not_change_the_shape(shared: kd.Client) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", kd.KiwoomDataWarning)  # of the code without rows
        frame = kdp.daily_prices(["005930", "123456"], *RANGE, client=shared)
    assert frame.index.names == ["date", "symbol"]


@pytest.mark.parametrize(
    ("options", "names"),
    [({"names": "ko"}, ["날짜", "종목코드"]), ({"style": "ohlcv"}, ["Date", "symbol"])],
)
def test_the_index_keeps_its_headings(shared: kd.Client, options: Any, names: list[str]) -> None:
    frame = kdp.daily_prices(TWO, *RANGE, client=shared, **options)
    assert frame.index.names == names
    assert frame.index.is_unique


def test_several_sectors_are_told_apart_too(shared: kd.Client) -> None:
    frame = kdp.index_candles(["kospi", "kosdaq"], *RANGE, client=shared)
    assert frame.index.names == ["date", "sector"]
    assert frame.index.is_unique
    assert isinstance(kdp.index_candles("kospi", *RANGE, client=shared).index, pd.DatetimeIndex)
    flows = kdp.sector_flows("2024-01-31", client=shared)
    assert flows.index.names == ["date", "sector"]
    assert flows.index.is_unique


def test_candles_of_several_symbols_are_told_apart_too(shared: kd.Client) -> None:
    frame = kdp.candles(TWO, "2026-11-19", interval="30m", client=shared)
    assert frame.index.names == ["time", "symbol"]
    assert frame.index.is_unique


def test_several_venues_are_a_level_of_their_own(shared: kd.Client) -> None:
    frame = kdp.daily_prices(["005930", "005930_NX", "000660"], *RANGE, client=shared)
    assert frame.index.names == ["date", "symbol", "venue"]
    assert frame.index.is_unique


@pytest.mark.parametrize(
    ("columns", "left"),
    [
        (["close"], ["close"]),
        ("close", ["close"]),
        (["date", "close"], ["close"]),
        (["close", "date", "volume"], ["close", "volume"]),
        (["volume", "symbol", "close"], ["volume", "close"]),
        (["venue", "close"], ["venue", "close"]),
        (["date"], []),
    ],
)
@pytest.mark.parametrize("options", [{}, {"names": "ko"}])
def test_chosen_columns_stand_beside_the_whole_index(
    shared: kd.Client, options: Any, columns: Any, left: list[str]
) -> None:
    whole = kdp.daily_prices(TWO, *RANGE, client=shared)
    frame = kdp.daily_prices(TWO, *RANGE, client=shared, columns=columns, **options)
    assert frame.index.equals(whole.index)
    source = kd.provenance(frame)
    assert source
    assert source.api_id == "ka10086"
    headings = kdp.daily_prices(TWO, *RANGE, client=shared, **options)[[]]
    assert frame.index.names == headings.index.names
    if not options:
        assert list(frame.columns) == left
    for heading, name in zip(frame.columns, left, strict=True):
        assert frame[heading].to_list() == whole[name].to_list()


def test_chosen_columns_of_one_symbol_and_of_a_list(shared: kd.Client) -> None:
    one = kdp.daily_prices("005930", *RANGE, client=shared, columns=["close", "symbol"])
    assert isinstance(one.index, pd.DatetimeIndex)
    assert list(one.columns) == ["close", "symbol"]
    minutes = kdp.candles(TWO, "2026-11-19", interval="30m", client=shared, columns=["close"])
    assert minutes.index.names == ["time", "symbol"]
    listed = kdp.rights_quotes(client=shared, columns=["name", "price"])
    assert (type(listed.index), list(listed.columns)) == (pd.RangeIndex, ["name", "price"])
    with pytest.raises(ValueError, match="^columns: 'clos' is not one of date, symbol"):
        kdp.daily_prices(TWO, *RANGE, client=shared, columns=["clos"])
    with pytest.raises(TypeError, match="names='ko'"):
        kdp.daily_prices(TWO, *RANGE, client=shared, columns="ko")


def test_frames_put_together_of_several_symbols_are_told_apart_too(shared: kd.Client) -> None:
    one, other = (kd.daily_prices(symbol, *RANGE, client=shared) for symbol in TWO)
    assert kdp.to_pandas(pl.concat([one, other])).index.names == ["date", "symbol"]


def test_wide_makes_dates_by_symbols(shared: kd.Client) -> None:
    frame = kd.wide(kd.daily_prices(TWO, *RANGE, client=shared), "close")
    assert frame.schema == {"date": pl.Date(), "005930": pl.Int64(), "000660": pl.Int64()}
    assert frame["date"].to_list() == kd.trading_days(*RANGE)
    assert frame["005930"].to_list() == closes(shared, "005930")
    assert frame["000660"].to_list() == closes(shared, "000660")
    source = kd.provenance(frame)
    assert source is not None
    assert source.api_id == "ka10086"


def test_wide_in_pandas_has_the_days_as_index(shared: kd.Client) -> None:
    for face, options in ((kdp.wide, {}), (kd.wide, {"names": "ko"})):
        values = "종가" if options else "close"
        long = kdp.daily_prices(TWO, *RANGE, client=shared, **options)  # type: ignore[arg-type]
        frame = face(long, values)
        assert isinstance(frame, pd.DataFrame)
        assert isinstance(frame.index, pd.DatetimeIndex)
        assert list(frame.columns) == TWO
        assert frame["005930"].tolist() == closes(shared, "005930")
        assert frame.pct_change()["000660"].iloc[1] == pytest.approx(
            closes(shared, "000660")[1] / closes(shared, "000660")[0] - 1
        )
        assert frame.attrs["kiwoomdata"]["api_id"] == "ka10086"


def test_a_day_that_one_symbol_lacks_is_null_in_wide(shared: kd.Client) -> None:
    long = kd.daily_prices(TWO, *RANGE, client=shared)
    day = date(2026, 10, 14)
    frame = kd.wide(long.filter((pl.col("date") != day) | (pl.col("symbol") == "005930")), "close")
    assert frame.filter(date=day).row(0)[1:] == (long.filter(date=day, symbol="005930")["close"][0], None)


def test_wide_keeps_venues_apart_in_the_headings(shared: kd.Client) -> None:
    frame = kd.wide(kd.daily_prices(["005930", "005930_NX"], *RANGE, client=shared), "volume")
    assert frame.columns == ["date", "005930", "005930_NX"]
    both = kd.wide(kd.daily_prices(TWO, *RANGE, venue="nxt", client=shared), "volume")
    assert both.columns == ["date", *TWO]


def test_wide_of_one_symbol_and_of_no_row(shared: kd.Client) -> None:
    frame = kd.daily_prices("005930", *RANGE, client=shared)
    assert kd.wide(frame, "close").columns == ["date", "005930"]
    assert kd.wide(frame.clear(), "close").columns == ["date"]


def test_what_wide_cannot_spread_is_refused(shared: kd.Client) -> None:
    frame = kd.daily_prices(TWO, *RANGE, client=shared)
    with pytest.raises(ValueError, match="^values: 'price' is not one of date, symbol"):
        kd.wide(frame, "price")
    with pytest.raises(ValueError, match="^frame: 005930 has more than one row of 2026-10-01"):
        kd.wide(pl.concat([frame, frame]), "close")
    with pytest.raises(ValueError, match="^frame: expected a day"):
        kd.wide(frame.drop("date"), "close")
    with pytest.raises(TypeError, match="^frame: expected a polars or pandas frame, got list"):
        kd.wide([1], "close")


def test_charts_read_one_symbol_out_of_several(shared: kd.Client) -> None:
    frame = kdp.daily_prices(TWO, *RANGE, client=shared)
    one = frame[frame.index.get_level_values("symbol") == "005930"]
    axes = kd.plot.candles(one, volume=False, ma=())
    assert len(axes.patches) + len(axes.collections) > 0


def test_trading_days_are_asked_for_as_people_write_dates() -> None:
    assert [f"{day:%m%d}" for day in kd.trading_days("2024-12-23", "2024/12/31")] == [
        *("1223", "1224", "1226", "1227", "1230")
    ]
    assert len(kd.trading_days("2020", "2020")) == 248
    assert kd.trading_days(period="1mo", end="2024-12-31")[0] == date(2024, 12, 2)
    assert kd.trading_days("2099-12", "2099")[-1].year == 2099
    assert kd.trading_days("1998-12-05", 19981205) == [date(1998, 12, 5)]
    assert not kd.is_trading_day("2000-01-03")
    assert kd.is_trading_day("2000.01.04")
    assert kd.last_trading_day("2026-02-18") == date(2026, 2, 13)


def test_the_last_trading_day_is_of_today_unless_told() -> None:
    last = kd.last_trading_day()
    assert last == kd.trading_days(period="1mo")[-1]
    assert kd.is_trading_day(last)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: kd.trading_days(), "^start, period: neither"),
        (lambda: kd.trading_days("2024", period="1y"), "^start, period: both"),
        (lambda: kd.trading_days("2024-02", "2024-01"), "^start: 2024-02-01 is after end 2024-01-31"),
        (lambda: kd.is_trading_day("2024-02"), "^day: expected a date"),
        (lambda: kd.last_trading_day("soon"), "^day: expected a date"),
        (lambda: kd.trading_days(period=""), "^period: "),
    ],
)
def test_a_wrong_day_is_told_by_its_name(call: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        call()
