"""Charts of who buys: investors, their classes, and programs."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from matplotlib.collections import PolyCollection

import kiwoomdata as kd
from kiwoomdata import plot
from kiwoomdata.plot.breakdown import CLASSES
from tests.plot.drawn import BLUE, RED, YEAR, bars_of, check_texts, colours, labelled, near, polygons

# --- who buys ---------------------------------------------------------------------------


def test_flows_are_running_sums_of_the_rows(frames: dict[str, pl.DataFrame]) -> None:
    ax = plot.investor_flows(frames["flows"])
    for line, name in zip(ax.lines[1:], ("individual", "institution", "foreign", "program"), strict=True):
        assert line.get_ydata()[-1] == frames["flows"][name].sum()
    assert ax.get_ylabel() == "누적 순매수 (주)"
    assert labelled(ax, "close").lines[0].get_ydata()[-1] == frames["flows"]["close"][-1]


def test_won_and_shares_never_share_an_axis(frames: dict[str, pl.DataFrame]) -> None:
    ax = plot.investor_flows(frames["flows in won"])
    lower = labelled(ax, "foreign")
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["개인", "기관", "프로그램"]
    assert [text.get_text() for text in lower.get_legend().get_texts()] == ["외국인"]
    assert (ax.get_ylabel(), lower.get_ylabel()) == ("누적 순매수 (원)", "누적 순매수 (주)")
    assert lower.lines[1].get_ydata()[-1] == frames["flows in won"]["foreign"].sum()


def test_flows_whose_unit_is_not_told_keep_foreigners_apart() -> None:
    frame = bars_of(3).with_columns(individual=pl.lit(5), foreign=pl.lit(-5))
    ax = plot.investor_flows(frame)
    assert [axes.get_ylabel() for axes in ax.figure.axes[:2]] == ["누적 순매수 (단위 미상)"] * 2


def test_flows_of_two_units_in_one_column_are_refused() -> None:
    frame = bars_of(2).with_columns(individual=pl.lit(5), flow_unit=pl.Series(["KRW", "shares"]))
    with pytest.raises(ValueError, match="flow_unit: expected one value on all rows, got KRW, shares"):
        plot.investor_flows(frame)


def test_a_missing_flow_is_a_hole_and_not_a_zero() -> None:
    frame = bars_of(4).with_columns(individual=pl.Series([1, None, 3, None], dtype=pl.Int64))
    values = plot.investor_flows(frame).lines[1].get_ydata()
    np.testing.assert_array_equal(values, [1, np.nan, 4, np.nan])


def test_bars_of_flows_have_a_panel_for_each_class_on_one_scale(frames: dict[str, pl.DataFrame]) -> None:
    ax = plot.investor_flows(frames["flows"], cumulative=False)
    panels = [each for each in ax.figure.axes if each.get_label() != "close"]
    assert [each.get_ylabel() for each in panels] == [
        "개인 (주)",
        "기관 (주)",
        "외국인 (주)",
        "프로그램 (주)",
    ]
    assert len({each.get_ylim() for each in panels}) == 1
    heights = [corners[:, 1].max() for corners in polygons(panels[0])]
    np.testing.assert_array_equal(heights, frames["flows"]["individual"].clip(0))
    signs = [near(RED) if value > 0 else near(BLUE) for value in frames["flows"]["individual"]]
    assert colours(panels[0]) == signs


def test_the_price_behind_the_flows_may_be_given_or_left_out(frames: dict[str, pl.DataFrame]) -> None:
    flows = frames["flows in won"]
    assert "close" not in [ax.get_label() for ax in plot.investor_flows(flows).figure.axes]
    drawn = plot.investor_flows(flows, price=frames["flows"].tail(50))
    assert len(labelled(drawn, "close").lines[0].get_ydata()) == 50
    assert len(plot.investor_flows(frames["flows"], price=False).figure.axes) == 1
    with pytest.raises(ValueError, match="price: none of its days is a day of the flows"):
        plot.investor_flows(flows, price=bars_of(3))
    with pytest.raises(ValueError, match="price: the frame has no close"):
        plot.investor_flows(flows, price=True)


def test_the_classes_that_are_drawn_can_be_chosen(frames: dict[str, pl.DataFrame]) -> None:
    ax = plot.investor_flows(frames["flows"], investors=("foreign", "foreign_brokers"), price=False)
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["외국인", "외국계"]
    with pytest.raises(ValueError, match="investors: expected some of individual, .*, got 'pension'"):
        plot.investor_flows(frames["flows"], investors=["pension"])


def test_the_breakdown_shows_the_numbers_of_the_largest_stocks(frames: dict[str, pl.DataFrame]) -> None:
    frame = frames["breakdown"]
    ax = plot.breakdown(frame, top=3)
    assert len(ax.get_yticks()) == 4
    most = frame.select(pl.max_horizontal(pl.col(n).abs() for n in CLASSES if n in frame.columns)).to_series()
    first = min(most.arg_sort(descending=True)[:3])
    assert ax.get_yticklabels()[0].get_text() == f"{frame['name'][first]} {frame['symbol'][first]}"
    written = {text.get_text().replace(",", "").replace("−", "-") for text in ax.texts}
    assert any(text.endswith(("억", "만", "조")) for text in written)
    assert ax.get_title("left") == "종목별 투자자 순매수 (원) · KOSPI · 2026-11-20"
    check_texts(ax.figure)


def test_the_breakdown_ends_with_the_total_of_all_stocks(frames: dict[str, pl.DataFrame]) -> None:
    frame = frames["breakdown"].with_columns(foreign=pl.lit(3 * 10**8))
    ax = plot.breakdown(frame, top=2)
    assert ax.get_yticklabels()[-1].get_text() == f"합계 ({frame.height}종목)"
    last = {text.get_position(): text.get_text() for text in ax.texts}
    assert last[(1, 2)] == f"{3 * frame.height}억"
    in_shares = plot.breakdown(frame.with_columns(measure=pl.lit("shares")), top=2)
    assert len(in_shares.get_yticks()) == 2  # shares of different stocks have no sum


def test_the_breakdown_tells_buying_from_net_buying(market: kd.Client) -> None:
    frame = kd.closing_investor_trades("kospi", side="buy", measure="shares", client=market)
    ax = plot.breakdown(frame, top=2, locale="en")
    assert ax.get_title("left") == "Investors by stock: Buying (shares) · KOSPI · 2026-11-20"
    bare = frame.drop("side", "measure", "market", "date", "investors_date")
    assert (
        plot.breakdown(bare, top=2, locale="en").get_title("left") == "Investors by stock: (unit not stated)"
    )


def by_class(days: int) -> pl.DataFrame:
    """One stock whose individuals sell what others buy."""
    parts = dict.fromkeys(("financial_investment", "insurance", "pension"), 100)
    return bars_of(days).select(
        "date",
        "close",
        symbol=pl.lit("005930"),
        flow_unit=pl.lit("shares"),
        individual=-400 - pl.int_range(pl.len()),
        foreign=100 + pl.int_range(pl.len()),
        institution=pl.lit(300),
        **{name: pl.lit(value) for name, value in parts.items()},
    )


def test_the_breakdown_of_one_stock_is_a_map_of_its_classes_by_day() -> None:
    frame = by_class(30)
    ax = plot.breakdown(frame)
    names = [label.get_text() for label in ax.get_yticklabels()]
    assert names == ["개인", "외국인", "기관", "· 금융투자", "· 보험", "· 연기금"]
    cells = np.asarray(ax.collections[0].get_array())
    np.testing.assert_array_equal(cells[0], frame["individual"])
    np.testing.assert_array_equal(cells[4], frame["insurance"])
    sums = [text.get_text() for text in ax.texts]
    assert sums == ["기간 합계", "−1.2만", "3,435", "9,000", "3,000", "3,000", "3,000"]
    close = labelled(ax, "close")
    assert close.get_title("left") == "005930 투자자별 (주)"
    assert close.lines[0].get_ydata()[-1] == frame["close"][-1]
    assert labelled(ax, "scale").get_ylabel() == "주"
    check_texts(ax.figure)


def test_the_map_of_three_years_has_a_column_for_each_week() -> None:
    frame = by_class(700)
    ax = plot.breakdown(frame, theme="dark")
    weeks = frame.group_by_dynamic("date", every="1w").agg(pl.col("individual").sum())
    np.testing.assert_array_equal(np.asarray(ax.collections[0].get_array())[0], weeks["individual"])
    assert labelled(ax, "close").get_title("left").endswith(" · 주별 합")


def test_stacked_classes_count_the_parts_of_institutions_once() -> None:
    frame = by_class(20)
    ax = plot.breakdown(frame, kind="stacked")
    names = [text.get_text() for text in ax.get_legend().get_texts()]
    assert names == ["개인", "외국인", "금융투자", "보험", "연기금"]
    ends = [np.array([path.vertices[:, 1] for path in each.get_paths()]) for each in ax.collections]
    np.testing.assert_array_equal(ends[-1].max(axis=1), frame["foreign"] + 300)
    np.testing.assert_array_equal(ends[0].min(axis=1), frame["individual"])
    assert len({tuple(each.get_facecolors()[0]) for each in ax.collections}) == 5
    with pytest.raises(ValueError, match="kind: expected one of 'heat', 'stacked', got 'pie'"):
        plot.breakdown(frame, kind="pie")  # type: ignore[arg-type]


def test_the_server_s_own_breakdown_says_which_way_it_counts(market: kd.Client) -> None:
    ax = plot.breakdown(kd.investor_breakdown("000660", *YEAR, measure="value", client=market), locale="en")
    assert labelled(ax, "close").get_title("left") == "000660 Investors: Net buying (KRW)"
    assert len(ax.get_yticks()) == 13
    check_texts(ax.figure)


# --- program trading --------------------------------------------------------------------


def test_program_trading_is_cumulated_by_day_but_not_by_time(frames: dict[str, pl.DataFrame]) -> None:
    by_day, by_time = plot.program(frames["program"]), plot.program(frames["program by time"])
    column = "total_net_buy_value"
    assert by_day.lines[-1].get_ydata()[-1] == frames["program"][column].sum()
    assert by_time.lines[-1].get_ydata()[-1] == frames["program by time"][column][-1]
    assert by_day.get_ylabel() == "누적 순매수 (원)"
    assert labelled(by_day, "kospi200").get_ylabel() == "KOSPI 200 (포인트)"


def test_bars_of_arbitrage_and_the_rest_end_at_the_total(frames: dict[str, pl.DataFrame]) -> None:
    ax = plot.program(frames["program"], cumulative=False)
    arbitrage, others = (
        np.array([path.vertices[:, 1] for path in each.get_paths()])
        for each in ax.collections
        if isinstance(each, PolyCollection)
    )
    signs = [np.sign(frames["program"][f"{name}arbitrage_net_buy_value"].to_numpy()) for name in ("", "non_")]
    total = frames["program"]["total_net_buy_value"].to_numpy()
    ends = np.where(total > 0, others.max(axis=1), others.min(axis=1))
    same_way = signs[0] == signs[1]
    np.testing.assert_allclose(ends[same_way], total[same_way], atol=1_000_000)
    assert 20 < same_way.sum() < len(total) == len(arbitrage)


def test_program_trading_names_its_market_and_shows_each_day_and_the_basis(
    frames: dict[str, pl.DataFrame],
) -> None:
    frame = frames["program"]
    ax = plot.program(frame)
    assert ax.get_title("left") == "KOSPI 프로그램매매"
    other = plot.program(frame.with_columns(market=pl.lit("kosdaq")), locale="en")
    assert other.get_title("left") == "KOSDAQ Program trading"
    daily, basis = labelled(ax, "by_day"), labelled(ax, "basis")
    assert (daily.get_ylabel(), basis.get_ylabel()) == ("일별\n(원)", "베이시스\n(포인트)")
    heights = np.array([corners[:, 1] for corners in polygons(daily)])
    total = frame["total_net_buy_value"].to_numpy()
    np.testing.assert_array_equal(heights.max(axis=1) + heights.min(axis=1), total)
    drawn = next(line for line in basis.lines if line.get_label() == "basis")
    np.testing.assert_array_equal(drawn.get_ydata(), frame["basis"])


def test_the_total_of_program_trading_does_not_hide_what_is_near_to_it(
    frames: dict[str, pl.DataFrame],
) -> None:
    lines = {line.get_label(): line for line in plot.program(frames["program"]).lines}
    assert lines["전체"].get_linewidth() > 2 * lines["비차익"].get_linewidth()
    assert lines["전체"].get_zorder() < lines["비차익"].get_zorder()
    assert lines["전체"].get_alpha() < 0.5


@pytest.mark.parametrize("cumulative", [True, False])
def test_bars_of_three_years_of_program_trading_are_sums_of_weeks(cumulative: bool) -> None:
    days = bars_of(700)["date"]
    total = np.arange(700) * 10**9 - 3 * 10**11
    frame = pl.DataFrame({"date": days, "market": "kospi", "total_net_buy_value": total})
    frame = frame.with_columns(non_arbitrage_net_buy_value="total_net_buy_value")
    ax = plot.program(frame, cumulative)
    bars = labelled(ax, "by_day") if cumulative else ax
    assert bars.get_ylabel() == ("주별 합\n(원)" if cumulative else "순매수, 주별 합 (원)")
    weeks = frame.group_by_dynamic("date", every="1w").agg(pl.col("total_net_buy_value").sum())
    heights = np.array([corners[:, 1] for corners in polygons(bars)])
    np.testing.assert_array_equal(heights.max(axis=1) + heights.min(axis=1), weeks["total_net_buy_value"])


def test_program_trading_of_a_stock_is_in_shares(frames: dict[str, pl.DataFrame]) -> None:
    ax = plot.program(frames["program of a stock"])
    assert ax.get_ylabel() == "누적 순매수 (주)"
    assert ax.lines[-1].get_ydata()[-1] == frames["program of a stock"]["net_buy_volume"].sum()


def test_numbers_without_a_stated_unit_say_so(frames: dict[str, pl.DataFrame]) -> None:
    assert plot.program(frames["program as cumulated"]).get_ylabel() == "누적 순매수 (단위 미상)"
