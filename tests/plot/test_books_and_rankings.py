"""Charts of order books, strength, rankings, sectors, short selling, foreigners, ETFs and recordings."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

import numpy as np
import polars as pl
import pytest
from matplotlib import pyplot as plt
from matplotlib.colors import to_rgb

import kiwoomdata as kd
from kiwoomdata import plot
from tests.plot.drawn import (
    BLUE,
    GREEN,
    GREY,
    RED,
    bars_of,
    book,
    check_texts,
    colours,
    labelled,
    minutes,
    near,
    polygons,
    rungs,
)

# --- the book and the strength ----------------------------------------------------------


def test_the_ladder_runs_from_the_highest_ask_to_the_lowest_bid() -> None:
    ax = plot.orderbook(book([101, 102, 103], [100, 99]))
    assert rungs(ax) == [("103", 30), ("102", 20), ("101", 10), ("100", 10), ("99", 20)]
    assert any("스프레드 1원" in text.get_text() for text in ax.texts)


def test_depth_adds_up_from_the_best_price() -> None:
    ax = plot.orderbook(book([101, 102, 103], [100, 99]), cumulative=True)
    assert rungs(ax) == [("103", 60), ("102", 30), ("101", 10), ("100", 10), ("99", 30)]


def test_empty_levels_are_left_out_also_a_whole_side() -> None:
    ax = plot.orderbook(book([0, 0], [100, 99, 0]))
    assert [price for price, _ in rungs(ax)] == ["100", "99"]
    assert not any("스프레드" in text.get_text() for text in ax.texts)
    with pytest.raises(ValueError, match="orderbook: every level is empty"):
        plot.orderbook(book([0], [0]))


def test_two_books_in_one_frame_are_refused() -> None:
    one = book([101], [100])
    with pytest.raises(ValueError, match="several ask levels of one number; draw one book"):
        plot.orderbook(pl.concat([one, one]))


def test_a_wide_book_and_a_long_one_are_drawn_alike(market: kd.Client) -> None:
    long = plot.orderbook(kd.orderbook_snapshot("000660", client=market))
    wide = plot.orderbook(kd.quote_board("000660", client=market))
    assert rungs(long) == rungs(wide)


def test_asks_have_the_colour_of_down_and_bids_that_of_up() -> None:
    ax = plot.orderbook(book([101], [100]))
    west = plot.orderbook(book([101], [100]), palette="western")
    for axes, expected in ((ax, (BLUE, RED)), (west, (RED, GREEN))):
        drawn = [each.get_facecolors()[0][:3] for each in axes.collections[:2]]
        assert [int(np.argmax(colour)) for colour in drawn] == [int(np.argmax(e)) for e in expected]


def test_strength_is_drawn_with_its_averages_and_the_price(frames: dict[str, pl.DataFrame]) -> None:
    ax = plot.strength(frames["strength by time"])
    names = [text.get_text() for text in ax.get_legend().get_texts()]
    assert names == ["체결강도", "5분 평균", "20분 평균", "60분 평균", "가격"]
    english = plot.strength(frames["strength by day"], locale="en")
    names = [text.get_text() for text in english.get_legend().get_texts()]
    assert names == ["Trade strength", "5 d average", "20 d average", "60 d average", "Close"]


def strengths(values: list[float]) -> pl.DataFrame:
    times = pl.Series(minutes(date(2026, 11, 20), len(values)))
    return pl.DataFrame({"time": times, "strength": values, "price": 50_000, "strength_5m": 90.0})


def test_the_first_trades_of_a_day_do_not_flatten_the_strength_and_what_is_cut_is_told() -> None:
    usual = [80.0 + n % 40 for n in range(380)]
    ax = plot.strength(strengths([30_664.0, 9_000.0, *usual]))
    assert 150 < ax.get_ylim()[1] < 400
    assert ax.get_xlabel() == "▲ 체결강도 200%를 넘는 2개는 잘림 (최대 30,664%)"
    cut = next(line for line in ax.lines if line.get_label() == "_cut")
    assert cut.get_xdata().tolist() == [540, 541]
    check_texts(ax.figure)
    english = plot.strength(strengths([30_664.0, *usual]), locale="en")
    assert english.get_xlabel() == "▲ 1 above 200% cut off (up to 30,664%)"


def test_strength_that_has_room_is_not_cut() -> None:
    ax = plot.strength(strengths([280.0] + [80.0 + n % 40 for n in range(380)]))
    assert ax.get_ylim()[1] > 280
    assert ax.get_xlabel() == ""


def test_strength_and_price_have_colours_of_their_own(frames: dict[str, pl.DataFrame]) -> None:
    for theme in ("light", "dark"):
        ax = plot.strength(frames["strength by day"], theme=theme)
        close = labelled(ax, "close").lines[0].get_color()
        strength = next(line for line in ax.lines if line.get_label() == "체결강도").get_color()
        assert np.abs(np.subtract(to_rgb(close), to_rgb(strength))).max() > 0.3


# --- rankings, sectors, short selling, foreigners, ETFs ---------------------------------


def ranked(changes: list[float | None]) -> pl.DataFrame:
    codes = [f"00{n}000" for n in range(len(changes))]
    return pl.DataFrame({"symbol": codes, "name": list("가나다라")[: len(changes)], "change_pct": changes})


def widths(ax: Any) -> list[float]:
    return [float(bar.get_width()) for bar in ax.patches]


def test_movers_are_ranked_with_their_numbers_and_colours() -> None:
    ax = plot.movers(ranked([1.5, -2.0, 29.97, None]).with_columns(price=pl.lit(12_500)), top=3)
    assert [label.get_text() for label in ax.get_yticklabels()] == ["다 002000", "가 000000", "나 001000"]
    assert widths(ax) == [29.97, 1.5, -2.0]
    assert [text.get_text() for text in ax.texts] == ["+29.97%  12,500", "+1.5%  12,500", "−2%  12,500"]
    assert [bar.get_facecolor()[:3] for bar in ax.patches] == [RED, RED, BLUE]
    assert ax.get_ylim()[0] > ax.get_ylim()[1]  # the first is at the top
    check_texts(ax.figure)


def test_of_stocks_that_all_fell_the_one_that_fell_most_is_first() -> None:
    assert widths(plot.movers(ranked([-1.0, -30.0, -4.0]))) == [-30.0, -4.0, -1.0]


def test_movers_draw_any_number_of_a_ranking_in_its_unit(market: kd.Client) -> None:
    frame = kd.most_traded("kospi", client=market)
    ax = plot.movers(frame, by="volume", top=4)
    assert (ax.get_xlabel(), ax.get_title("left")) == ("거래량 (주)", "거래량 순위 · 2026-11-20")
    assert widths(ax) == frame["volume"].sort(descending=True).head(4).to_list()
    assert len({bar.get_facecolor() for bar in ax.patches}) == 1
    bare = plot.movers(frame.clone().select("symbol", "turnover_pct", "value"), by="value", locale="en")
    assert bare.get_xlabel() == "Value (unit not stated)"
    with pytest.raises(ValueError, match="movers: the frame lacks gain; it has symbol, venue"):
        plot.movers(frame, by="gain")


def test_sectors_show_moves_and_flows_each_on_a_scale_of_their_own() -> None:
    frame = pl.DataFrame(
        {
            "name": ["전기·전자", "철강", "은행"],
            "change_pct": [-1.25, 2.5, 0.0],
            "individual": [4 * 10**11, -(10**11), 0],
            "foreign": [-4 * 10**11, 10**11, None],
            "flow_unit": "KRW",
            "market": "kosdaq",
            "date": date(2026, 11, 20),
        }
    )
    ax = plot.sectors(frame)
    assert [label.get_text() for label in ax.get_yticklabels()] == ["철강", "은행", "전기·전자"]
    assert ax.get_title("left") == "업종별 등락과 순매수 (원) · KOSDAQ · 2026-11-20"
    texts = {text.get_position(): text.get_text() for text in ax.texts}
    assert [texts[(column, 0)] for column in range(3)] == ["+2.5%", "−1,000억", "+1,000억"]
    assert (texts[(2, 1)], texts[(0, 1)]) == ("–", "0%")
    shares = np.asarray(ax.images[0].get_array()) * 1.15
    np.testing.assert_allclose(shares, [[1, -0.25, 0.25], [0, 0, 0], [-0.5, 1, -1]])
    assert len(plot.sectors(frame, top=2).get_yticks()) == 2
    moves = plot.sectors(frame.drop("individual", "foreign", "flow_unit"), locale="en")
    assert moves.get_title("left") == "Sectors: moves\nKOSDAQ · 2026-11-20"  # one line would run out of it


def shorted(days: int) -> pl.DataFrame:
    return bars_of(days).with_columns(
        short_volume=pl.int_range(pl.len()) % 100,
        share_pct=(pl.int_range(pl.len()) % 100) / 10,
        short_average_price=pl.when(pl.int_range(pl.len()) == 2).then(0).otherwise(pl.col("close") - 50),
    )


def test_short_selling_is_drawn_beside_the_price() -> None:
    frame = shorted(30)
    ax = plot.short_selling(frame)
    names = [text.get_text() for text in ax.get_legend().get_texts()]
    assert names == ["종가", "공매도 평균가"]
    assert len(ax.lines[1].get_ydata()) == 29  # a price of zero is none
    assert ax.get_ylim()[0] > 40_000
    heights = [corners[:, 1].max() for corners in polygons(labelled(ax, "short_volume"))]
    np.testing.assert_array_equal(heights, frame["short_volume"])
    share = labelled(ax, "share_pct")
    np.testing.assert_array_equal(share.lines[0].get_ydata(), frame["share_pct"])
    assert share.get_ylim()[0] == 0
    check_texts(ax.figure)


def test_short_selling_of_three_years_is_summed_by_week_and_so_is_its_share() -> None:
    frame = shorted(700)
    ax = plot.short_selling(frame)
    weeks = frame.group_by_dynamic("date", every="1w").agg(pl.col("short_volume", "volume").sum())
    heights = [corners[:, 1].max() for corners in polygons(labelled(ax, "short_volume"))]
    np.testing.assert_array_equal(heights, weeks["short_volume"])
    share = labelled(ax, "share_pct")
    np.testing.assert_allclose(share.lines[0].get_ydata(), weeks["short_volume"] / weeks["volume"] * 100)
    assert share.get_ylabel() == "공매도 비중\n(%, 주별 합)"
    bare = plot.short_selling(frame.drop("volume"))
    np.testing.assert_array_equal(labelled(bare, "share_pct").lines[0].get_ydata(), frame["share_pct"])


def test_what_foreigners_hold_is_drawn_in_percent_and_their_buying_in_shares() -> None:
    frame = bars_of(20).with_columns(
        foreign_weight_pct=pl.lit(50.5),
        foreign_limit_used_pct=pl.lit(51.0),
        change_in_shares=pl.int_range(pl.len()) - 9,
    )
    ax = plot.foreign_holdings(frame)
    held = labelled(ax, "held")
    assert [line.get_label() for line in held.lines] == ["보유 비중", "한도 소진율"]
    assert held.get_ylabel() == "외국인 보유\n(%)"
    signs = [near(colour) for colour in colours(labelled(ax, "change_in_shares"))]
    assert signs == [near(BLUE)] * 9 + [near(GREY)] + [near(RED)] * 10
    check_texts(plot.foreign_holdings(frame.drop("change_in_shares"), locale="en").figure)


def test_the_gap_of_an_etf_is_that_of_the_two_lines() -> None:
    frame = bars_of(3).with_columns(
        close=pl.Series([10_000, 10_200, 9_900]), nav=pl.Series([10_000.0, 0.0, 10_000.0])
    )
    ax = plot.etf(frame)
    gap = labelled(ax, "gap")
    drawn = next(line for line in gap.lines if line.get_label() == "gap").get_ydata()
    np.testing.assert_allclose(drawn, [0, np.nan, -1.0])
    assert gap.get_xlabel() == "마지막 괴리율 −1%"
    assert ax.lines[1].get_ydata().tolist() == [10_000, 10_000]


# --- recordings -------------------------------------------------------------------------


def books(moments: list[datetime], bids: list[int]) -> pl.DataFrame:
    """Two levels a side, but for one that is empty; the best ask is 100 above the best bid."""
    bid = pl.Series(bids)
    return pl.DataFrame({"time": pl.Series(moments), "symbol": "005930"}).with_columns(
        ask_price_1=bid + 100,
        ask_quantity_1=pl.lit(10),
        bid_price_1=bid,
        bid_quantity_1=pl.lit(30),
        ask_price_2=bid + 200,
        ask_quantity_2=pl.lit(20),
        bid_price_2=pl.lit(0),
        bid_quantity_2=pl.lit(0),
    )


def test_the_book_through_a_day_is_a_map_of_bids_and_asks() -> None:
    frame = books(minutes(date(2026, 11, 20), 3), [1_000, 1_100, 1_000])
    ax = plot.orderbook_history(frame)
    held = np.ma.filled(ax.collections[0].get_array().astype(float), np.nan)
    # prices 1,000 to 1,300 upwards, three books to the right; an empty level is nowhere
    expected = [[30, np.nan, 30], [-10, 30, -10], [-20, -10, -20], [np.nan, -20, np.nan]]
    np.testing.assert_array_equal(held, expected)
    assert [line.get_ydata().tolist() for line in ax.lines] == [[1100, 1200, 1100], [1000, 1100, 1000]]
    assert ax.get_ylim() == (950, 1350)
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["최우선 호가"]
    assert ax.get_title("left") == "005930 호가 · 2026-11-20"
    assert ax.format_xdata(541) == "2026-11-20 09:01:00"
    check_texts(ax.figure)


def test_of_more_books_than_columns_the_last_of_each_is_drawn() -> None:
    moments = [datetime(2026, 11, 20, 9) + timedelta(seconds=n) for n in range(5_000)]
    ax = plot.orderbook_history(
        books(moments, [1_000 + 100 * (n == 4_999) for n in range(5_000)]), theme="dark"
    )
    held = ax.collections[0].get_array()
    assert 500 < held.shape[1] <= 600
    assert ax.lines[1].get_ydata()[-1] == 1_100
    assert set(ax.lines[1].get_ydata()[:-1]) == {1_000}


def test_a_book_of_several_days_or_without_a_price_is_refused() -> None:
    two = [datetime(2026, 11, 19, 9), datetime(2026, 11, 20, 9)]
    with pytest.raises(
        ValueError, match=r"orderbook_history: the frame holds 2 days \(2026-11-19 to 2026-11-20"
    ):
        plot.orderbook_history(books(two, [1_000, 1_000]))
    empty = books(two[:1], [1_000]).with_columns(pl.col("^(ask|bid)_price_.*$") * 0)
    with pytest.raises(ValueError, match="orderbook_history: every level is empty"):
        plot.orderbook_history(empty)
    with pytest.raises(ValueError, match="orderbook_history: the frame lacks ask_price_1"):
        plot.orderbook_history(bars_of(3))
    assert plt.get_fignums() == []


def heard() -> pl.DataFrame:
    """Of one stock a trade each minute but two, of another the first and the last."""
    all_of_them = minutes(date(2026, 11, 20), 60)
    kept = [n for n in range(60) if n not in (20, 21)]
    one = pl.DataFrame({"symbol": "005930", "received_at": [all_of_them[n] for n in kept]}).with_columns(
        quantity=pl.lit(-10), cumulative_volume=pl.Series([100 + 10 * n for n in kept])
    )
    other = pl.DataFrame({"symbol": "000660", "received_at": [all_of_them[0], all_of_them[59]]}).with_columns(
        quantity=pl.lit(5), cumulative_volume=pl.Series([5, 10])
    )
    return pl.concat([one, other]).sort("received_at")


def test_gaps_show_what_was_heard_and_tell_what_is_lacking() -> None:
    ax = plot.gaps(heard())
    assert [label.get_text() for label in ax.get_yticklabels()] == ["005930", "000660"]
    counts = np.ma.filled(ax.collections[0].get_array(), 0)
    assert counts.shape == (2, 60)
    assert np.flatnonzero(counts[0] == 0).tolist() == [20, 21]
    assert np.flatnonzero(counts[1]).tolist() == [0, 59]
    silent = [patch.get_x() for patch in ax.patches if patch.get_hatch()]
    assert silent == [560, 561]
    assert [text.get_text() for text in ax.get_legend().get_texts()] == [
        "받음",
        "2분 동안 아무것도 오지 않음",
    ]
    assert [text.get_text() for text in ax.texts] == ["58건, 빠진 거래량 20주", "2건, 빠진 거래량 0주"]
    assert ax.format_xdata(541) == "2026-11-20 09:01:00"
    check_texts(ax.figure)


def test_gaps_need_no_volume_and_one_day() -> None:
    ax = plot.gaps(heard().head(1).select("symbol", time="received_at"), locale="en")
    assert [text.get_text() for text in ax.texts] == ["1"]
    later = heard().with_columns(pl.col("received_at").dt.offset_by("1d"))
    with pytest.raises(ValueError, match="gaps: the frame holds 2 days"):
        plot.gaps(pl.concat([heard(), later]))
    with pytest.raises(ValueError, match="gaps: no symbol is named"):
        plot.gaps(heard().drop("symbol"))


def test_gaps_of_more_days_than_pixels_are_those_of_weeks(market: kd.Client) -> None:
    frame = kd.etf_daily("069500", "2023-11-20", "2026-11-19", client=market)
    gap = labelled(plot.etf(frame), "gap")
    assert gap.get_ylabel() == "괴리율\n(%, 주별 범위)"
    weeks = (
        frame.with_columns(gap=100 * (pl.col("close") / pl.col("nav") - 1))
        .group_by(pl.col("date").dt.truncate("1w"))
        .agg(highest=pl.col("gap").max(), lowest=pl.col("gap").min())
        .sort("date")
    )
    lines = {line.get_label(): line.get_ydata() for line in gap.lines}
    for name in ("highest", "lowest"):
        assert lines[name] == pytest.approx(weeks[name].to_numpy())
