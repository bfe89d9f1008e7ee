"""Candles: which day stands where, in which colour, and what is told of days that lack something."""

from __future__ import annotations

from datetime import date
from typing import Any

import numpy as np
import polars as pl
import pytest
from matplotlib import pyplot as plt
from matplotlib.collections import LineCollection
from matplotlib.colors import to_rgb

import kiwoomdata as kd
from kiwoomdata import plot
from tests.plot.drawn import (
    BLUE,
    GREEN,
    GREY,
    OHLC,
    RED,
    bars_of,
    check_texts,
    colours,
    labelled,
    minute_bars,
    minutes,
    near,
    polygons,
)


def test_up_is_red_and_down_is_blue_and_in_the_west_green_and_red() -> None:
    frame = bars_of(2).with_columns(open=pl.Series([100.0, 120.0]), close=pl.Series([110.0, 90.0]))
    frame = frame.with_columns(high=pl.lit(130.0), low=pl.lit(80.0))
    assert colours(plot.candles(frame)) == [near(RED), near(BLUE)]
    assert colours(plot.candles(frame, palette="western")) == [near(GREEN), near(RED)]


def test_a_candle_that_closes_where_it_opened_has_the_colour_of_its_move() -> None:
    frame = bars_of(3).with_columns(
        open=pl.Series([100.0, 110.0, 90.0]), close=pl.Series([100.0, 110.0, 90.0])
    )
    frame = frame.with_columns(high=pl.lit(130.0), low=pl.lit(80.0))
    assert colours(plot.candles(frame)) == [near(GREY), near(RED), near(BLUE)]


def test_weekends_and_holidays_take_no_room() -> None:
    frame = bars_of(40)  # over Lunar New Year of 2024
    ax = plot.candles(frame)
    centres = [corners[:, 0].min() / 2 + corners[:, 0].max() / 2 for corners in polygons(ax)]
    np.testing.assert_allclose(centres, np.arange(40))
    days = frame["date"].to_list()
    for place in (0, 17, 39):
        assert ax.format_xdata(place) == f"{days[place]:%Y-%m-%d}"


def test_a_body_reaches_from_open_to_close_and_a_wick_from_low_to_high() -> None:
    frame = bars_of(4)
    ax = plot.candles(frame, ma=())
    body = polygons(ax)[2]
    assert (body[:, 1].min(), body[:, 1].max()) == (frame["open"][2], frame["close"][2])
    wicks = next(each for each in ax.collections if isinstance(each, LineCollection))
    assert wicks.get_segments()[2][:, 1].tolist() == [frame["low"][2], frame["high"][2]]


@pytest.mark.parametrize("missing", [0.0, None])
def test_a_halted_day_is_a_grey_dash_at_its_close_and_never_a_spike_to_zero(missing: float | None) -> None:
    frame = bars_of(5).with_row_index()
    halted = pl.col("index") == 2
    frame = frame.with_columns(
        pl.when(halted).then(pl.lit(missing)).otherwise(pl.col(name)).alias(name)
        for name in ("open", "high", "low")
    ).with_columns(volume=pl.when(halted).then(0).otherwise(pl.col("volume")))
    ax = plot.candles(frame)
    dash = polygons(ax)[2]
    assert set(dash[:, 1]) == {frame["close"][2]}
    assert colours(ax)[2] == near(GREY)
    assert ax.get_ylim()[0] > 49_000
    assert len(polygons(labelled(ax, "volume"))) == 5


def test_days_without_any_price_stay_empty_and_keep_their_place() -> None:
    frame = bars_of(6).with_row_index()
    columns = ("open", "high", "low", "close", "volume")
    for hole in (3, 5):  # within, and the last
        frame = frame.with_columns(
            pl.when(pl.col("index") == hole).then(None).otherwise(pl.col(name)).alias(name)
            for name in columns
        )
    ax = plot.candles(frame, ma=(2,))
    centres = [round(float(corners[:, 0].mean()), 3) for corners in polygons(ax)]
    assert len(centres) == 4
    assert ax.get_xlim()[1] > 5
    (average,) = ax.lines
    np.testing.assert_allclose(
        average.get_xydata(), [[1, 50_150], [2, 50_250], [4, (50_300 + 50_500) / 2]], rtol=1e-9
    )


def test_averages_longer_than_the_frame_are_left_out() -> None:
    ax = plot.candles(bars_of(10), ma=(3, 20))
    assert [line.get_label() for line in ax.lines] == ["MA3"]
    expected = bars_of(10)["close"].rolling_mean(3).drop_nulls()
    np.testing.assert_allclose(ax.lines[0].get_ydata(), expected)


def test_one_average_may_be_a_number() -> None:
    assert [line.get_label() for line in plot.candles(bars_of(10), ma=5).lines] == ["MA5"]
    for wrong in (0, 2.5, None, True, "5", [5, 0]):
        with pytest.raises(ValueError, match="^ma: expected whole numbers of at least 1"):
            plot.candles(bars_of(10), ma=wrong)


def test_an_average_of_one_point_is_a_dot() -> None:
    (average,) = plot.candles(bars_of(5), ma=5).lines
    assert (average.get_marker(), len(average.get_xdata())) == ("o", 1)


def test_one_row_is_drawn() -> None:
    ax = plot.candles(bars_of(1))
    ((left, right),) = [(corners[:, 0].min(), corners[:, 0].max()) for corners in polygons(ax)]
    low, high = ax.get_xlim()
    assert low < left < right < high
    assert plot.investor_flows(bars_of(1).with_columns(individual=pl.lit(5))).lines[1].get_marker() == "o"


def test_more_days_than_pixels_can_show_are_weeks_and_said_to_be(market: kd.Client) -> None:
    frame = bars_of(700)
    ax = plot.candles(frame)
    weeks = frame.group_by_dynamic("date", every="1w").agg(
        pl.col("open").first(), pl.col("close").last(), pl.col("volume").sum()
    )
    assert ax.get_title("left") == "주봉"
    assert len(polygons(ax)) == weeks.height
    body = polygons(ax)[7]
    assert (body[:, 1].min(), body[:, 1].max()) == (weeks["open"][7], weeks["close"][7])
    heights = [corners[:, 1].max() for corners in polygons(labelled(ax, "volume"))]
    np.testing.assert_array_equal(heights, weeks["volume"])
    assert ax.format_xdata(ax.get_xlim()[1]) == str(frame["date"][-1])


@pytest.mark.parametrize(
    ("days", "options", "told"),
    [
        (250, {}, ""),
        (700, {"locale": "en"}, "weekly bars"),
        (700, {"figsize": (30, 6)}, ""),
        (250, {"figsize": (2, 2)}, "주봉"),
        (700, {"figsize": (2, 2)}, "월봉"),
    ],
)
def test_how_long_bars_are_depends_on_the_room(days: int, options: dict[str, Any], told: str) -> None:
    assert plot.candles(bars_of(days), **options).get_title("left") == told


def test_averages_over_weeks_are_those_of_days() -> None:
    frame = bars_of(700)
    ax = plot.candles(frame, ma=(5, 20))
    (line,) = ax.lines  # five days are a week
    assert line.get_label() == "MA20 (일)"
    days = frame.select("date", average=pl.col("close").rolling_mean(20))
    ends = days.group_by_dynamic("date", every="1w").agg(pl.col("average").last()).drop_nulls()
    np.testing.assert_allclose(line.get_ydata(), ends["average"])


def test_a_week_without_a_price_stays_empty_and_the_halted_days_of_others_count() -> None:
    frame = bars_of(700).with_row_index()
    week = pl.col("date").is_between(date(2024, 3, 4), date(2024, 3, 8))
    halted = pl.col("date") == date(2024, 3, 12)
    frame = frame.with_columns(
        pl.when(week).then(None).when(halted & (pl.lit(name) != "close")).then(0).otherwise(name).alias(name)
        for name in (*OHLC, "volume")
    )
    ax = plot.candles(frame)
    lows = frame.select("date", low=pl.when(pl.col("low") > 0).then("low").otherwise("close"))
    expected = lows.group_by_dynamic("date", every="1w").agg(pl.col("low").min()).drop_nulls()
    wicks = next(each for each in ax.collections if isinstance(each, LineCollection))
    assert [segment[:, 1].min() for segment in wicks.get_segments()] == expected["low"].to_list()
    assert len(polygons(ax)) == expected.height


def test_minutes_of_several_days_are_longer_ones_and_a_line_marks_the_nights() -> None:
    times = [moment for day in (18, 19, 20) for moment in minutes(date(2026, 11, day), 380)]
    frame = bars_of(700).head(380)
    frame = pl.concat([frame] * 3).drop("date").with_columns(time=pl.Series(times))
    ax = plot.candles(frame)
    assert ax.get_title("left") == "3분봉"
    assert plot.candles(frame, locale="en").get_title("left") == "3 min bars"
    assert ax.format_xdata(1) == "2026-11-18 09:03:00"
    nights = next(each for each in ax.collections if each.get_label() == "night")
    first, second = (segment[0, 0] for segment in nights.get_segments())
    assert ax.format_xdata(first + 0.5) == "2026-11-19 09:00:00"
    assert ax.format_xdata(second + 0.5) == "2026-11-20 09:00:00"
    check_texts(ax.figure)


def test_every_function_that_the_command_line_draws_has_its_chart(market: kd.Client) -> None:
    asked: dict[str, tuple[Any, ...]] = {"closing_investor_trades": ("kospi",), "program_cumulative": ()}
    asked |= dict.fromkeys(("sector_flows", "sector_indices"), ())
    asked |= {"movers": ("kospi",), "etf_daily": ("069500",), "after_hours_quote": ("00088K",)}
    short: dict[str, Any] = {"start": "2026-11-02", "end": "2026-11-20"}
    ranged = (
        "daily_prices",
        "investor_flows",
        "investor_breakdown",
        "candles",
        "index_candles",
        "short_selling",
    )
    for function, chart in plot.CHART_OF.items():
        subject = "kospi" if function == "index_candles" else "005930"
        options = short if function in ranged else {"by": "time"} if function == "program_trend" else {}
        ax = chart(getattr(kd, function)(*asked.get(function, (subject,)), **options, client=market))
        check_texts(ax.figure)
        plt.close("all")


def test_an_index_is_in_points_and_titled_by_its_name(market: kd.Client) -> None:
    ax = plot.candles(kd.index_candles("kospi", "2026-10-01", "2026-10-30", client=market))
    assert (ax.get_title("left"), ax.get_ylabel()) == ("KOSPI", "가격 (포인트)")


def test_a_logarithmic_price_is_one(frames: dict[str, pl.DataFrame]) -> None:
    ax = plot.candles(bars_of(250, start=1_000, step=100), log=True)
    assert (ax.get_yscale(), labelled(ax, "volume").get_yscale()) == ("log", "linear")
    low, high = ax.get_ylim()
    assert 0 < low < 900
    assert high > 26_000
    check_texts(ax.figure)
    near = plot.candles(bars_of(20), log=True)
    check_texts(near.figure)
    assert len([text for text in near.get_yticklabels() if text.get_text()]) > 2


def test_bars_that_lack_trades_are_hatched_and_the_legend_says_why() -> None:
    frame = minute_bars(20).with_columns(gap=pl.arange(20).is_in([3, 7]))
    ax = plot.candles(frame, ma=())
    for axes in (ax, labelled(ax, "volume")):
        bands = next(each for each in axes.collections if each.get_label() == "gap")
        assert bands.get_hatch() == "////"
        assert [path.vertices[:, 0].mean().round() for path in bands.get_paths()] == [543, 547]
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["수신 공백: 빠진 체결 있음"]
    whole = plot.candles(frame.with_columns(gap=False), ma=())
    assert whole.get_legend() is None
    check_texts(ax.figure)


def test_several_stocks_are_compared_from_the_first_day_that_all_have() -> None:
    main = bars_of(30).with_columns(symbol=pl.lit("005930"), name=pl.lit("삼성전자"))
    late = bars_of(30, start=1_000).slice(4).with_columns(symbol=pl.lit("000660"), name=pl.lit("SK하이닉스"))
    fall = bars_of(30).with_columns(symbol=pl.lit("035420"), name=pl.lit("NAVER"), close=pl.lit(100))
    ax = plot.candles(main, compare=pl.concat([late, fall], how="diagonal_relaxed"))
    lines = [line for line in ax.lines if line.get_label() != "_base"]
    start = main["date"][4]
    for line, frame in zip(lines, (main, fall, late), strict=True):
        close = frame.filter(pl.col("date") >= start)["close"]
        np.testing.assert_allclose(line.get_ydata(), close / close[0] * 100)
    assert ax.get_ylabel() == f"{start} = 100"
    names = [text.get_text().rsplit(" ", 1)[0] for text in ax.get_legend().get_texts()]
    assert names == ["삼성전자 005930", "NAVER 035420", "SK하이닉스 000660"]
    assert len(polygons(labelled(ax, "volume"))) == 30
    check_texts(ax.figure)
    assert plot.candles(main, compare=late, log=True, volume=False).get_yscale() == "log"
    with pytest.raises(ValueError, match="compare: no day on which all of the stocks have a price"):
        plot.candles(main.head(3), compare=late)
    with pytest.raises(ValueError, match="compare: the frame lacks close"):
        plot.candles(main, compare=late.drop("close"))
    both = pl.concat([late.with_columns(venue=pl.lit(venue)) for venue in ("krx", "nxt")])
    with pytest.raises(ValueError, match="compare: SK하이닉스 000660 has two prices at one time; give one"):
        plot.candles(main, compare=both)


def test_lines_of_days_over_bars_of_weeks_are_no_candles_of_weeks() -> None:
    ax = plot.candles(
        bars_of(700), compare=bars_of(700, start=80_000.0).with_columns(symbol=pl.lit("000660"))
    )
    assert len(ax.lines[1].get_ydata()) == 700
    assert ax.get_title("left") == ""
    assert labelled(ax, "volume").get_ylabel() == "거래량 · 주봉\n(주)"
    check_texts(ax.figure)


def test_a_stock_is_compared_with_an_index_by_its_name(market: kd.Client) -> None:
    days = ("2026-10-01", "2026-10-30")
    stock, index = (
        kd.candles("005930", *days, client=market),
        kd.index_candles("kospi", *days, client=market),
    )
    others = pl.concat([kd.candles("000660", *days, client=market), index], how="diagonal_relaxed")
    ax = plot.candles(stock, compare=others)
    assert [text.get_text().rsplit(" ", 1)[0] for text in ax.get_legend().get_texts()] == [
        "005930",
        "000660",
        "KOSPI",
    ]
    close = index["close"]
    np.testing.assert_allclose(ax.lines[-1].get_ydata(), close / close[0] * 100)


@pytest.mark.parametrize("last", range(50_000, 50_600, 50))
def test_the_tag_of_the_last_price_covers_no_label(last: int) -> None:
    frame = bars_of(3, step=300).with_columns(close=pl.Series([50_300, 50_600, last]))
    for size in ((10, 5.8), (3.4, 2.2)):
        check_texts(plot.candles(frame, ma=(), figsize=size).figure)


def test_a_frame_without_volume_has_no_panel_for_it() -> None:
    assert len(plot.candles(bars_of(5).drop("volume")).figure.axes) == 1
    assert len(plot.candles(bars_of(5), volume=False).figure.axes) == 1


def test_a_year_costs_few_artists() -> None:
    assert len(plot.candles(bars_of(250)).findobj()) < 250


def test_candles_fill_the_place_of_the_axes_that_are_given() -> None:
    figure, (left, right) = plt.subplots(1, 2)
    before = left.get_position()
    assert plot.candles(bars_of(30), ax=left) is left
    lower = labelled(left, "volume")
    assert left.get_position().x1 == pytest.approx(before.x1)
    assert lower.get_position().y0 == pytest.approx(before.y0)
    assert left.get_position().y0 > lower.get_position().y1
    assert right.get_position().x0 > before.x1
    free = figure.add_axes((0.1, 0.1, 0.3, 0.3))
    plot.candles(bars_of(30), ax=free)
    assert free.get_position().y1 == pytest.approx(0.4)


def test_a_dark_figure_that_is_given_is_drawn_in_light_ink() -> None:
    _, ax = plt.subplots(facecolor="#101010")
    plot.candles(bars_of(5), ax=ax)
    assert sum(to_rgb(ax.get_facecolor())) < 0.5
    assert sum(to_rgb(ax.yaxis.label.get_color())) > 1.5
