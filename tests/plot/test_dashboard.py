"""The dashboard: several charts of a stock on one page, over days and within one."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
import pytest

import kiwoomdata as kd
from kiwoomdata import plot
from tests.plot.drawn import YEAR, check_texts, labelled, polygons


def test_a_dashboard_has_price_volume_flows_and_program(market: kd.Client) -> None:
    figure = plot.dashboard("005930", *YEAR, market)
    assert [ax.get_label() for ax in figure.axes] == ["price", "volume", "flows", "program"]
    assert len({ax.get_xlim() for ax in figure.axes}) == 1
    check_texts(figure)


def test_a_dashboard_in_won_shows_foreigners_apart(market: kd.Client) -> None:
    figure = plot.dashboard("005930", *YEAR, market, measure="value", theme="dark", locale="en")
    units = {ax.get_label(): ax.get_ylabel().replace("\n", " ") for ax in figure.axes}
    assert units["flows"] == "Cum. net buying (KRW)"
    assert units["foreign"] == "Cum. net buying (shares)"
    assert units["program"].endswith("(KRW)")
    check_texts(figure)


def test_a_dashboard_takes_no_notice_of_the_form_that_the_client_gives() -> None:
    figures = []
    for form in ({}, {"names": "ko"}):
        with kd.Client("simulator", cache=False, progress=False, **form) as client:
            figures.append(plot.dashboard("005930", "2024-10-01", "2024-10-30", client))
    one, other = (figure.axes[0].get_title("left") for figure in figures)
    assert one == other == "삼성전자 005930"


def test_averages_of_a_dashboard_are_whole_from_its_first_day_on(market: kd.Client) -> None:
    figure = plot.dashboard("005930", "2026-11-16", "2026-11-20", market, ma=(5, 60))
    ax = figure.axes[0]
    days = kd.daily_prices("005930", "2026-06-01", "2026-11-20", client=market)
    assert len(polygons(ax)) == 5
    for line, window in zip(ax.lines, (5, 60), strict=True):
        assert line.get_label() == f"MA{window}"
        np.testing.assert_allclose(line.get_ydata(), days["close"].rolling_mean(window).tail(5))
    flows = labelled(ax, "flows").lines[1]
    assert flows.get_ydata()[0] == days["individual"][-5]  # sums begin with the range


def test_three_years_of_a_dashboard_are_weeks_on_one_axis_of_days(market: kd.Client) -> None:
    figure = plot.dashboard("005930", "2023-11-20", "2026-11-20", market)
    ax = figure.axes[0]
    assert ax.get_title("left") == "삼성전자 005930 · 주봉"
    weeks = len(polygons(ax))
    assert 140 < weeks < 160
    for name in ("volume", "program"):
        bars = np.array(polygons(labelled(ax, name)))[:, :, 0]
        assert len(bars) == weeks
        assert (bars.min(axis=1)[1:] > bars.max(axis=1)[:-1]).all()  # a short week's is slim, and covers none
    assert len(labelled(ax, "flows").lines[1].get_ydata()) > 700
    assert labelled(ax, "program").get_ylabel() == "프로그램\n순매수 (주, 주별 합)"
    assert [line.get_color() for line in ax.lines] == [
        line.get_color()
        for line in plot.dashboard("005930", "2026-11-02", "2026-11-20", market).axes[0].lines[1:]
    ]


@pytest.mark.parametrize("locale", ["ko", "en"])
def test_a_page_shows_classes_shorts_and_what_foreigners_hold_too(market: kd.Client, locale: Any) -> None:
    figure = plot.dashboard("000660", "2026-06-01", "2026-11-19", market, page=True, locale=locale, log=True)
    assert [ax.get_label() for ax in figure.axes] == [
        *("price", "volume", "flows", "program", "classes", "short_volume", "share_pct", "held"),
        "change_in_shares",
    ]
    assert len({ax.get_xlim() for ax in figure.axes}) == 1
    assert figure.axes[0].get_yscale() == "log"
    shorts = kd.short_selling("000660", "2026-06-01", "2026-11-19", client=market)
    heights = [corners[:, 1].max() for corners in polygons(labelled(figure.axes[0], "short_volume"))]
    np.testing.assert_array_equal(heights, shorts["short_volume"])
    check_texts(figure)


def test_a_dashboard_whose_name_cannot_be_asked_for_is_titled_by_its_code(
    market: kd.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(client: kd.Client, *, offline: bool) -> None:
        raise kd.ApiError("not now", code="1", api_id="ka10099")

    monkeypatch.setattr("kiwoomdata.names._listed", refused)
    figure = plot.dashboard("035420", "2026-11-16", "2026-11-20", market)
    assert figure.axes[0].get_title("left") == "035420"


@pytest.mark.parametrize("locale", ["ko", "en"])
def test_a_day_shows_price_volume_strength_and_program(market: kd.Client, locale: Any) -> None:
    figure = plot.intraday("삼성전자", market, locale=locale)
    ax = figure.axes[0]
    assert [each.get_label() for each in figure.axes] == ["price", "volume", "strength", "program"]
    assert len({each.get_xlim() for each in figure.axes}) == 1
    day = kd.candles("005930", "2026-11-20", "2026-11-20", interval="1m", client=market)
    assert len(polygons(ax)) == day.height
    assert ax.get_title("left") == "삼성전자 005930 · 2026-11-20"
    last, change = day["close"][-1], day["change"][-1]
    assert ax.texts[-1].get_text().startswith(f"{last:,} {'▲' if change > 0 else '▼'}{abs(change):,} (")
    program = kd.program_trend("005930", by="time", client=market)
    assert labelled(ax, "program").lines[-1].get_ydata()[-1] == program["net_buy_volume"][-1]
    check_texts(figure)


@pytest.mark.parametrize("locale", ["ko", "en"])
@pytest.mark.parametrize("size", [(4.6, 4.2), (4.6, 7), (9, 4.2)])
def test_names_of_axes_that_lie_close_keep_to_their_own(
    market: kd.Client, size: tuple[float, float], locale: Any
) -> None:
    week = "005930", "2026-11-16", "2026-11-20", market
    five_panels = size[0], size[1] + 1.4
    for figure in (
        plot.dashboard(*week, figsize=size, locale=locale),
        plot.dashboard(*week, measure="value", figsize=five_panels, locale=locale),
        plot.intraday("005930", market, figsize=size, locale=locale),
    ):
        check_texts(figure)
        for ax in figure.axes:
            high = ax.get_window_extent().height
            assert ax.yaxis.label.get_window_extent().height < 1.2 * high, ax.get_ylabel()


@pytest.mark.parametrize(
    ("panels", "asked"),
    [(4, {}), (5, {"measure": "value"}), (9, {"page": True}), (10, {"page": True, "measure": "value"})],
)
def test_a_figure_that_is_too_low_for_its_panels_is_refused_before_any_request(
    server: kd.simulator.Server, client: kd.Client, panels: int, asked: dict[str, Any]
) -> None:
    refusal = f"figsize: {panels} panels need a height of {panels} inches, got "
    with pytest.raises(ValueError, match=refusal):
        plot.dashboard("005930", client=client, figsize=(4.6, panels - 0.1), **asked)
    with pytest.raises(ValueError, match="figsize: 4 panels need"):
        plot.intraday("005930", client, figsize=(4.6, 3.9))
    assert not server.log
    days = "2026-11-16", "2026-11-20"
    figure = plot.dashboard("005930", *days, client, figsize=(4.6, panels), locale="en", **asked)
    assert len(figure.axes) == panels
    check_texts(figure)


def test_what_is_told_of_another_session_is_left_out_of_a_day(
    market: kd.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = kd.program_trend("005930", by="time", client=market)
    older = asked.with_columns(pl.col("time").dt.offset_by("-1d"))
    monkeypatch.setattr("kiwoomdata.questions.program.program_trend", lambda *given, **options: older)
    figure = plot.intraday("005930", market)
    assert [each.get_label() for each in figure.axes] == ["price", "volume", "strength"]


def test_a_dashboard_is_of_one_symbol() -> None:
    with pytest.raises(TypeError, match="symbol: expected one code such as '005930', got"):
        plot.dashboard(["005930", "000660"], *YEAR)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="symbol: expected one code such as '005930', got"):
        plot.intraday(5930)  # type: ignore[arg-type]


def test_a_dashboard_without_rows_says_what_it_lacks(market: kd.Client) -> None:
    without = pytest.raises(ValueError, match="dashboard: the frame has no rows")
    with without, pytest.warns(kd.EmptyAnswer):
        plot.dashboard("005930", "2026-11-14", "2026-11-15", market)  # a weekend


def test_a_dashboard_shows_others_in_place_of_candles(market: kd.Client) -> None:
    days = ("2026-10-01", "2026-10-30")
    figure = plot.dashboard(
        "005930", *days, market, compare=kd.candles("000660", *days, client=market), log=True
    )
    ax = figure.axes[0]
    assert (ax.get_label(), ax.get_ylabel(), ax.get_yscale()) == ("price", "2026-10-01 = 100", "log")
    assert [line.get_ydata()[0] for line in ax.lines if line.get_label() != "_base"] == [100, 100]
    assert [each.get_label() for each in figure.axes] == ["price", "volume", "flows", "program"]
    with pytest.raises(ValueError, match="compare: the frame lacks close"):
        plot.dashboard("005930", *days, market, compare=pl.DataFrame({"date": []}))


def test_the_price_of_a_day_may_be_logarithmic(market: kd.Client) -> None:
    scales = {ax.get_label(): ax.get_yscale() for ax in plot.intraday("005930", market, log=True).figure.axes}
    assert [label for label, scale in scales.items() if scale == "log"] == ["price"]
