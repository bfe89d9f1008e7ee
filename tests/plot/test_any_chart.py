"""What holds for every chart: it changes nothing of others, draws every form of a frame, and is saved."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
import pandas as pd
import polars as pl
import pytest
from matplotlib import font_manager
from matplotlib import pyplot as plt
from matplotlib.collections import PolyCollection
from matplotlib.colors import to_hex, to_rgb
from matplotlib.testing.compare import compare_images

import kiwoomdata as kd
import kiwoomdata.pandas as kdp
from kiwoomdata import plot
from kiwoomdata.plot.font import FAMILY
from tests.plot.drawn import BLUE, CHARTS, OHLC, RED, Fetch, bars_of, check_texts, colours, polygons

# --- what may not happen to others ------------------------------------------------------


@pytest.mark.parametrize("name", CHARTS)
def test_drawing_changes_no_setting_of_matplotlib(name: str, frames: dict[str, pl.DataFrame]) -> None:
    before, families = dict(mpl.rcParams), {e.name for e in font_manager.fontManager.ttflist}
    CHARTS[name][1](frames[name], theme="dark")
    assert dict(mpl.rcParams) == before
    assert {e.name for e in font_manager.fontManager.ttflist} - families <= {FAMILY}
    assert font_manager.findfont(font_manager.FontProperties(family=["sans-serif"])).endswith(
        "DejaVuSans.ttf"
    )


def test_importing_the_charts_changes_nothing_and_opens_no_figure() -> None:
    code = (
        "import matplotlib as mpl, matplotlib.font_manager as f; mpl.use('Agg');"
        "before, fonts = dict(mpl.rcParams), len(f.fontManager.ttflist);"
        "import kiwoomdata.plot, matplotlib.pyplot as plt;"
        "assert dict(mpl.rcParams) == before and len(f.fontManager.ttflist) == fonts;"
        "print(plt.get_fignums())"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.strip() == "[]"


def test_settings_of_the_user_do_not_change_the_picture(tmp_path: Path) -> None:
    frame = bars_of(30)
    plot.candles(frame).figure.savefig(tmp_path / "plain.png", dpi=50)
    with mpl.rc_context(
        {"font.family": "serif", "font.size": 20, "axes.grid": True, "lines.linewidth": 9, "text.color": "y"}
    ):
        plot.candles(frame).figure.savefig(tmp_path / "other.png", dpi=50)
    assert compare_images(str(tmp_path / "plain.png"), str(tmp_path / "other.png"), tol=0.1) is None


# --- frames -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "face", "form"),
    [
        *((name, kdp.in_pandas, {"names": "ko"}) for name in CHARTS),
        ("candles", kdp.in_pandas, {}),
        ("strength by time", lambda fetch: fetch, {"names": "ko"}),
    ],
)
def test_every_form_of_a_frame_is_drawn_alike(
    name: str,
    face: Callable[[Fetch], Fetch],
    form: dict[str, Any],
    frames: dict[str, pl.DataFrame],
    market: kd.Client,
) -> None:
    fetch, draw = CHARTS[name]
    one, other = draw(frames[name]).figure, draw(face(fetch)(client=market, **form)).figure
    assert [ax.get_label() for ax in one.axes] == [ax.get_label() for ax in other.axes]
    for a, b in zip(one.axes, other.axes, strict=True):
        assert (a.get_ylabel(), a.get_ylim(), a.get_xlim()) == (b.get_ylabel(), b.get_ylim(), b.get_xlim())
        for x, y in zip(a.lines, b.lines, strict=True):
            np.testing.assert_array_equal(x.get_xydata(), y.get_xydata())


def test_title_case_columns_of_backtesting_packages_are_understood(market: kd.Client) -> None:
    frame = kdp.daily_prices("005930", "2026-10-01", "2026-10-30", style="ohlcv", client=market)
    assert {"Open", "High", "Low", "Close", "Volume"} <= set(frame.columns)
    assert len(polygons(plot.candles(frame))) == len(frame)


def test_a_pandas_frame_with_an_index_of_days_and_no_name_is_understood() -> None:
    frame = bars_of(5).to_pandas().set_index("date")
    frame.index = pd.DatetimeIndex(frame.index, name=None)
    assert len(polygons(plot.candles(frame))) == 5


def test_rows_that_run_backwards_are_put_in_order() -> None:
    frame = bars_of(9)
    forwards, backwards = plot.candles(frame), plot.candles(frame.reverse())
    np.testing.assert_array_equal(polygons(forwards), polygons(backwards))


@pytest.mark.parametrize(
    ("draw", "frame", "told"),
    [
        (
            plot.candles,
            pl.DataFrame({"date": [date(2026, 1, 2)], "close": [1]}),
            (
                "candles: the frame lacks open, high, low; it has date, close. "
                "It needs the columns date (or time), open, high, low, close"
            ),
        ),
        (plot.candles, bars_of(3).drop("date"), "the frame lacks date or time"),
        (plot.candles, bars_of(3).clear(), "candles: the frame has no rows. It needs the columns date"),
        (
            plot.candles,
            bars_of(3).with_columns(
                pl.lit(None, pl.Int64).alias(n) for n in ("open", "high", "low", "close")
            ),
            "there is no value on any of the 3 rows",
        ),
        (
            plot.candles,
            bars_of(3).with_columns(pl.lit(0).alias(name) for name in OHLC),
            "candles: every price is zero or missing",
        ),
        (
            plot.candles,
            bars_of(3).with_columns(pl.lit("70,000").alias("close")),
            "candles: close: expected numbers, got String",
        ),
        (
            plot.candles,
            bars_of(3).with_columns(pl.lit("20260102").alias("date")),
            "candles: date: expected dates or times, got String",
        ),
        (
            plot.candles,
            bars_of(2).with_columns(symbol=pl.Series(["005930", "000660"])),
            (
                "candles: the frame holds 2 symbols (005930, 000660); draw one of them: "
                "frame.filter(pl.col('symbol') == '005930')"
            ),
        ),
        (
            plot.candles,
            bars_of(2).with_columns(venue=pl.Series(["krx", "nxt"])),
            "candles: the frame holds 2 venues (krx, nxt)",
        ),
        (
            plot.investor_flows,
            bars_of(3),
            (
                "investor_flows: the frame lacks individual or institution or foreign or program or "
                "foreign_brokers; it has date, open"
            ),
        ),
        (plot.program, bars_of(3), "program: the frame lacks arbitrage_net_buy_value or"),
        (plot.strength, bars_of(3), "strength: the frame lacks strength"),
        (
            plot.orderbook,
            bars_of(3),
            (
                "orderbook: the frame lacks side, level, price, quantity; it has date, open, high, low, "
                "close, volume. It needs the columns side, level, price, quantity, or ask_price_1"
            ),
        ),
        (plot.breakdown, bars_of(3), "breakdown: the frame lacks individual or foreign"),
        (
            plot.breakdown,
            pl.DataFrame({"foreign": [1]}),
            "breakdown: no stock is named. It needs the columns symbol or name",
        ),
    ],
)
def test_a_frame_that_cannot_be_drawn_says_why(
    draw: Callable[..., Any], frame: pl.DataFrame, told: str
) -> None:
    with pytest.raises(ValueError) as error:  # noqa: PT011 - the whole message is compared below
        draw(frame)
    assert told in str(error.value)
    assert plt.get_fignums() == []


def test_what_is_no_frame_is_refused() -> None:
    with pytest.raises(TypeError, match="expected a polars or pandas frame, got list"):
        plot.candles([1, 2])
    with pytest.raises(TypeError, match=r"got a lazy frame: call \.collect\(\) first"):
        plot.candles(bars_of(3).lazy())


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"ma": (5, 0)}, "ma: expected whole numbers of at least 1"),
        ({"palette": "german"}, "palette: expected one of 'korean', 'western', got 'german'"),
        ({"theme": "grey"}, "theme: expected one of 'light', 'dark', got 'grey'"),
        ({"locale": "kr"}, "locale: expected one of 'ko', 'en', got 'kr'"),
        ({"up": "rot"}, "up: expected a colour such as '#148a63' or 'green', got 'rot'"),
        ({"figsize": 7}, "figsize: expected width and height in inches, such as .*, got 7"),
        ({"figsize": (10, 0)}, "figsize: expected width and height in inches"),
        ({"save": "candles.gif"}, "save: expected a name ending in .png, .svg, .pdf, got 'candles.gif'"),
        ({"save": "nowhere/candles.png"}, "save: there is no folder 'nowhere'; make it first"),
    ],
)
def test_wrong_options_are_refused(options: dict[str, Any], told: str) -> None:
    with pytest.raises(ValueError, match=told):
        plot.candles(bars_of(3), **options)
    assert plt.get_fignums() == []


def test_an_option_that_no_chart_has_is_refused() -> None:
    told = "expected palette, theme, locale, title, up, down, figsize, save, got 'colour'"
    with pytest.raises(TypeError, match=told):
        plot.candles(bars_of(3), colour="red")  # type: ignore[call-arg]


@pytest.mark.parametrize("name", CHARTS)
def test_every_chart_takes_a_size_and_colours(name: str, frames: dict[str, pl.DataFrame]) -> None:
    ax = CHARTS[name][1](frames[name], figsize=(7, 4), up="#010203", down="#a0b0c0")
    assert ax.figure.get_size_inches().tolist() == [7, 4]
    used = {to_hex(colour) for each in ax.figure.findobj(PolyCollection) for colour in each.get_facecolors()}
    assert not used & {to_hex(RED), to_hex(BLUE)}


PRICED = {
    "candles": "",
    "flows": "close",
    "flows by day": "close",
    "program": "kospi200",
    "program of a stock": "close",
    "strength by time": "price",
    "strength by day": "close",
    "classes": "close",
    "classes stacked": "close",
    "short selling": "",
    "foreign holdings": "",
    "etf": "",
}
"""Charts with an axis of prices, and its label; nothing for the axes that are given back."""


@pytest.mark.parametrize("name", PRICED)
def test_prices_of_every_chart_may_be_logarithmic(name: str, frames: dict[str, pl.DataFrame]) -> None:
    ax = CHARTS[name][1](frames[name], log=True)
    scales = {each.get_label(): each.get_yscale() for each in ax.figure.axes}
    if PRICED[name]:
        assert scales.pop(PRICED[name]) == "log"
    else:
        assert ax.get_yscale() == "log"
        del scales[ax.get_label()]
    assert "log" not in scales.values()
    check_texts(ax.figure)


@pytest.mark.parametrize("name", ["short selling", "foreign holdings", "etf"])
def test_others_take_the_place_of_the_price(
    name: str, frames: dict[str, pl.DataFrame], market: kd.Client
) -> None:
    others = kd.candles(["000660", "035420"], "2026-06-01", "2026-11-19", client=market)
    ax = CHARTS[name][1](frames[name], compare=others)
    plain = CHARTS[name][1](frames[name])
    assert ax.get_ylabel() == "2026-06-01 = 100"
    assert [line.get_ydata()[0] for line in ax.lines if line.get_label() != "_base"] == [100, 100, 100]
    assert [each.get_label() for each in ax.figure.axes] == [each.get_label() for each in plain.figure.axes]
    check_texts(ax.figure)


@pytest.mark.parametrize("name", ["book", "movers", "sectors"])
def test_charts_without_an_axis_of_prices_say_that_they_have_no_such_option(
    name: str, frames: dict[str, pl.DataFrame]
) -> None:
    for option in ("log", "compare"):
        with pytest.raises(TypeError, match=f"got '{option}'"):
            CHARTS[name][1](frames[name], **{option: True})


@pytest.mark.parametrize("name", CHARTS)
def test_texts_of_a_small_chart_cover_no_other(name: str, frames: dict[str, pl.DataFrame]) -> None:
    check_texts(CHARTS[name][1](frames[name], figsize=(4.6, 4.2)).figure)


def test_a_long_title_stands_over_its_legend_and_a_wide_legend_is_folded() -> None:
    main = bars_of(9).with_columns(symbol=pl.lit("005930"), name=pl.lit("아주 긴 이름의 보통주식회사"))
    others = pl.concat([bars_of(9).with_columns(symbol=pl.lit(f"00000{n}")) for n in range(6)])
    ax = plot.candles(main, compare=others, figsize=(4.6, 4.2))
    check_texts(ax.figure)
    assert len({round(text.get_window_extent().x0) for text in ax.get_legend().get_texts()}) == 2


def test_days_of_flows_that_pixels_cannot_show_are_weeks_and_said_to_be() -> None:
    frame = bars_of(700).with_columns(
        individual=pl.lit(2), flow_unit=pl.lit("shares"), foreign_unit=pl.lit("shares")
    )
    ax = plot.investor_flows(frame, cumulative=False)
    assert ax.get_title("left") == "순매수 · 주별 합"
    tops = [corners[:, 1].max() for corners in polygons(ax)]
    weeks = frame.group_by_dynamic("date", every="1w").agg(pl.col("individual").sum())
    assert tops == weeks["individual"].to_list()


def test_colours_of_your_own_are_those_of_up_and_down() -> None:
    frame = bars_of(2).with_columns(open=pl.Series([100.0, 120.0]), close=pl.Series([110.0, 90.0]))
    ax = plot.candles(frame, up="#010203", palette="western")
    assert [to_hex(colour) for colour in colours(ax)] == ["#010203", to_hex(RED)]


def test_axes_that_are_given_have_the_size_of_their_figure() -> None:
    _, ax = plt.subplots()
    with pytest.raises(ValueError, match="figsize: not with ax, whose figure has a size"):
        plot.candles(bars_of(3), ax=ax, figsize=(4, 4))


@pytest.mark.parametrize("name", ["candles", "book", "breakdown", "flows by day"])
def test_a_saved_chart_fits_a_slide(name: str, frames: dict[str, pl.DataFrame], tmp_path: Path) -> None:
    file = tmp_path / "chart.png"
    CHARTS[name][1](frames[name], save=file, theme="dark")
    seen = plt.imread(file)
    assert seen.shape[:2] == (1080, 1920)
    np.testing.assert_allclose(seen[0, 0, :3], to_rgb("#14181e"), atol=0.01)


def test_a_saved_chart_has_the_size_that_was_asked_for(tmp_path: Path) -> None:
    with mpl.rc_context({"savefig.bbox": "tight", "savefig.transparent": True}):
        plot.candles(bars_of(9), figsize=(5, 3), save=str(tmp_path / "a.png"))
    seen = plt.imread(tmp_path / "a.png")
    assert (seen.shape[:2], seen[0, 0, 3]) == ((576, 960), 1.0)
    figure, ax = plt.subplots(figsize=(4, 4))
    plot.candles(bars_of(9), ax=ax, save=tmp_path / "b.png")
    assert plt.imread(tmp_path / "b.png").shape[:2] == (768, 768)
    assert figure.get_size_inches().tolist() == [4, 4]


@pytest.mark.parametrize("kind", ["svg", "pdf"])
def test_documents_are_written_alike_each_time(kind: str, tmp_path: Path) -> None:
    for name in "ab":
        plot.candles(bars_of(9), title="삼성전자", save=tmp_path / f"{name}.{kind}")
    one, other = ((tmp_path / f"{name}.{kind}").read_bytes() for name in "ab")
    assert one == other
    assert len(one) > 5_000
