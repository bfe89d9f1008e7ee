"""Charts: what is drawn where, in which unit, colour and language; and that it can be read."""

from __future__ import annotations

import asyncio
import itertools
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import matplotlib as mpl

mpl.use("Agg")

import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib import font_manager
from matplotlib import pyplot as plt
from matplotlib.backend_bases import CloseEvent
from matplotlib.collections import LineCollection, PolyCollection
from matplotlib.colors import to_hex, to_rgb
from matplotlib.testing.compare import compare_images
from matplotlib.text import Text

import kiwoomdata as kd
import kiwoomdata.pandas as kdp
from kiwoomdata import names, plot
from kiwoomdata.calendar import trading_days
from kiwoomdata.plot.breakdown import CLASSES
from kiwoomdata.plot.font import FAMILY, FONT_FILE
from kiwoomdata.plot.moving import Notebook
from kiwoomdata.plot.numbers import exact
from tests.conftest import simulated

DATA = Path(__file__).parent / "data" / "plots"
RED, BLUE, GREEN, GREY = (to_rgb(code) for code in ("#d92c3c", "#1e63c4", "#148a63", "#6b7580"))
OHLC = ("open", "high", "low", "close")
YEAR = ("2025-11-20", "2026-11-19")


@pytest.fixture(scope="module")
def market() -> Iterator[kd.Client]:
    """A client of a simulator that all tests of this file share; nothing of it is kept."""
    with simulated() as client:
        yield client


@pytest.fixture(scope="module")
def frames(market: kd.Client) -> dict[str, pl.DataFrame]:
    return {name: fetch(client=market) for name, (fetch, _) in CHARTS.items()}


@pytest.fixture(autouse=True)
def closed(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """No figure is left, and no name is known but those that the test itself asks for."""
    monkeypatch.setattr(names, "_known", {})
    yield
    plt.close("all")


Fetch = Callable[..., Any]
CHARTS: dict[str, tuple[Fetch, Callable[..., Any]]] = {
    "candles": (lambda **o: kd.daily_prices("005930", *YEAR, **o), plot.candles),
    "candles of a price table": (lambda **o: kd.price_table("000660", **o), plot.candles),
    "flows": (lambda **o: kd.daily_prices("005930", *YEAR, **o), plot.investor_flows),
    "flows in won": (
        lambda **o: kd.investor_flows("005930", *YEAR, measure="value", **o),
        plot.investor_flows,
    ),
    "flows by day": (
        lambda **o: kd.daily_prices("005930", "2026-09-01", "2026-11-19", measure="value", **o),
        lambda frame, **o: plot.investor_flows(frame, cumulative=False, **o),
    ),
    "program": (lambda **o: kd.program_trend(None, *YEAR, market="kospi", **o), plot.program),
    "program by day": (
        lambda **o: kd.program_trend(None, *YEAR, market="kospi", **o),
        lambda frame, **o: plot.program(frame, cumulative=False, **o),
    ),
    "program by time": (lambda **o: kd.program_trend(market="kospi", by="time", **o), plot.program),
    "program of a stock": (lambda **o: kd.program_trend("005930", *YEAR, **o), plot.program),
    "program as cumulated": (lambda **o: kd.program_cumulative(**o), plot.program),
    "book": (lambda **o: kd.orderbook_snapshot("005930", **o), plot.orderbook),
    "wide book": (
        lambda **o: kd.quote_board("005930", **o),
        lambda frame, **o: plot.orderbook(frame, cumulative=True, **o),
    ),
    "book after hours": (lambda **o: kd.after_hours_quote("00088K", **o), plot.orderbook),
    "strength by time": (lambda **o: kd.trade_strength("005930", **o), plot.strength),
    "strength by day": (lambda **o: kd.trade_strength("005930", by="day", **o), plot.strength),
    "breakdown": (lambda **o: kd.closing_investor_trades("kospi", **o), plot.breakdown),
    "classes": (lambda **o: kd.investor_breakdown("005930", *YEAR, **o), plot.breakdown),
    "classes stacked": (
        lambda **o: kd.investor_breakdown("005930", "2026-09-01", "2026-11-19", measure="value", **o),
        lambda frame, **o: plot.breakdown(frame, kind="stacked", **o),
    ),
    "movers": (lambda **o: kd.movers("kospi", **o), plot.movers),
    "sectors": (lambda **o: kd.sector_flows(**o), plot.sectors),
    "short selling": (
        lambda **o: kd.short_selling("005930", "2026-03-02", "2026-11-19", **o),
        plot.short_selling,
    ),
    "foreign holdings": (
        lambda **o: kd.foreign_holdings("005930", "2026-03-02", "2026-11-19", **o),
        plot.foreign_holdings,
    ),
    "etf": (lambda **o: kd.etf_daily("069500", "2026-03-02", "2026-11-19", **o), plot.etf),
}


def bars_of(days: int, start: float = 50_000.0, step: float = 100.0) -> pl.DataFrame:
    """Rising days: each opens where the last closed."""
    dates = trading_days(date(2024, 1, 2), date(2026, 11, 19))[:days]
    opens = start + step * np.arange(days)
    return pl.DataFrame(
        {
            "date": dates,
            "open": opens,
            "high": opens + 2 * step,
            "low": opens - step,
            "close": opens + step,
            "volume": np.full(days, 1_000),
        }
    )


def polygons(ax: Any) -> list[Any]:
    """The corners of the bars or bodies of axes."""
    found = next(each for each in ax.collections if isinstance(each, PolyCollection))
    return [path.vertices for path in found.get_paths()]


def colours(ax: Any) -> list[tuple[float, ...]]:
    found = next(each for each in ax.collections if isinstance(each, PolyCollection))
    return [tuple(np.round(row[:3], 3)) for row in found.get_facecolors()]


def near(colour: tuple[float, ...]) -> tuple[float, ...]:
    return tuple(np.round(colour, 3))


def labelled(ax: Any, label: str) -> Any:
    return next(each for each in ax.figure.axes if each.get_label() == label)


# --- what may not happen to others ------------------------------------------------------------


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


# --- letters -------------------------------------------------------------------------------------


def test_hangul_comes_from_the_font_that_is_shipped() -> None:
    plot.candles(bars_of(3))
    found = font_manager.findfont(FAMILY, fallback_to_default=False)
    assert Path(found) == FONT_FILE
    characters = font_manager.get_font(FONT_FILE).get_charmap()
    assert all(syllable in characters for syllable in range(0xAC00, 0xD7A4))
    assert (FONT_FILE.parent / "OFL.txt").read_text(encoding="utf-8").count("SIL OPEN FONT LICENSE") == 1


def test_the_font_may_be_embedded() -> None:
    # Of OS/2, bytes 8 and 9 are fsType: 0 installable, 8 editable embedding.
    table = font_manager.get_font(FONT_FILE).get_sfnt_table("OS/2")
    assert table is not None
    assert table["fsType"] in (0, 8)
    assert FONT_FILE.stat().st_size < 2_500_000


def test_syllables_are_drawn_as_different_shapes() -> None:
    """Letters that a font lacks are all drawn as the same box."""
    shapes = set()
    for title in "가나힣원주▲▼₩−":
        ax = plot.candles(bars_of(2), volume=False, ma=(), title=title)
        canvas: Any = ax.figure.canvas
        canvas.draw()
        shapes.add(np.asarray(canvas.buffer_rgba())[:40].tobytes())  # there is the title and nothing else
        plt.close(ax.figure)
    assert len(shapes) == len("가나힣원주▲▼₩−")


@pytest.mark.parametrize(
    ("name", "locale"),
    [*((name, "ko") for name in CHARTS), ("flows by day", "en"), ("breakdown", "en"), ("book", "en")],
)
def test_every_text_is_whole_inside_the_picture_and_covers_no_other(
    name: str, locale: str, frames: dict[str, pl.DataFrame]
) -> None:
    """Drawn with warnings as errors, so a letter without a glyph fails as well."""
    ax = CHARTS[name][1](frames[name], locale=locale)
    check_texts(ax.figure)


@pytest.mark.parametrize("days", [1, 2, 5, 22, 66, 250, 700])
def test_ticks_of_short_and_long_ranges_cover_no_other(days: int) -> None:
    ax = plot.candles(bars_of(days))
    check_texts(ax.figure)
    shown = [label.get_text() for label in labelled(ax, "volume").get_xticklabels()]
    assert 1 <= len(shown) <= 14
    assert shown[0].split("\n")[-1] == "2024"


def check_texts(figure: Any) -> None:
    figure.set_dpi(60)
    figure.canvas.draw()
    whole, boxes = figure.bbox, []
    for text in texts_of(figure):
        box = text.get_window_extent()
        assert min(box.x0 - whole.x0, box.y0 - whole.y0, whole.x1 - box.x1, whole.y1 - box.y1) > -1, text
        boxes.append((text.get_text(), box))
    assert len(boxes) > 3
    for (one, a), (other, b) in itertools.combinations(boxes, 2):
        width = min(a.x1, b.x1) - max(a.x0, b.x0)
        height = min(a.y1, b.y1) - max(a.y0, b.y0)
        assert width < 2 or height < 2, f"{one!r} covers {other!r}"


def texts_of(figure: Any) -> list[Text]:
    """The texts that are seen. Of the ticks, those within the limits: no others are drawn."""
    axes = [axis for ax in figure.axes for axis in (ax.xaxis, ax.yaxis)]
    ticks = [tick for axis in axes for tick in (*axis.majorTicks, *axis.minorTicks)]
    made = {label for tick in ticks for label in (tick.label1, tick.label2)}
    found = [text for text in figure.findobj(Text) if text not in made]
    for axis in axes:
        low, high = sorted(axis.get_view_interval())
        for tick in axis.get_major_ticks():
            if low <= tick.get_loc() <= high:
                found += [tick.label1, tick.label2]
    return [text for text in found if text.get_visible() and text.get_text().strip()]


# --- frames --------------------------------------------------------------------------------------


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


# --- candles -------------------------------------------------------------------------------------


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


# --- titles --------------------------------------------------------------------------------------


def test_a_title_carries_name_and_code_where_the_name_is_known(market: kd.Client) -> None:
    by_code = kd.daily_prices("005930", "2026-11-16", "2026-11-20", client=market)
    assert plot.candles(by_code).get_title("left") == "005930"
    by_name = kd.daily_prices("삼성전자", "2026-11-16", "2026-11-20", client=market)
    assert plot.candles(by_name).get_title("left") == "삼성전자 005930"
    assert plot.candles(by_code).get_title("left") == "삼성전자 005930"
    assert plot.strength(kd.trade_strength("005930", client=market)).get_title("left") == (
        "삼성전자 005930 체결강도"
    )


def test_an_answer_that_names_stocks_is_enough_for_a_title(market: kd.Client) -> None:
    kd.quotes(["000660", "035420"], client=market)
    frame = kd.daily_prices("035420", "2026-11-16", "2026-11-20", client=market)
    assert plot.candles(frame).get_title("left") == "NAVER 035420"


def test_a_code_with_two_names_is_titled_by_its_code() -> None:
    names.learn([("005930", "삼성전자"), ("005930", "삼성전자우"), ("000660", " "), (None, "NAVER")])
    assert (names.name_of("005930"), names.name_of("000660")) == (None, None)


def test_a_title_tells_a_venue_that_is_not_krx() -> None:
    frame = bars_of(3).with_columns(symbol=pl.lit("005930"), name=pl.lit("삼성전자"), venue=pl.lit("nxt"))
    assert plot.candles(frame).get_title("left") == "삼성전자 005930 NXT"
    both = frame.with_columns(venue=pl.lit("all"))
    assert plot.candles(both, title="제목").get_title("left") == "제목"
    assert plot.candles(both).get_title("left") == "삼성전자 005930 KRX+NXT"


# --- time ----------------------------------------------------------------------------------------


def minutes(day: date, count: int, skip: int = -1) -> list[datetime]:
    return [datetime.combine(day, time(9)) + timedelta(minutes=n) for n in range(count) if n != skip]


def test_minutes_of_one_day_stand_at_their_time_and_silence_is_a_hole() -> None:
    times = minutes(date(2026, 11, 19), 60, skip=30)
    frame = bars_of(59).drop("date").with_columns(time=pl.Series(times))
    ax = plot.candles(frame)
    centres = {round(float(corners[:, 0].mean())) for corners in polygons(ax)}
    assert 540 + 29 in centres
    assert 540 + 30 not in centres
    labels = [label.get_text() for label in labelled(ax, "volume").get_xticklabels()]
    assert labels[0] == "09:00\n11/19"
    assert ax.format_xdata(545.5) == "2026-11-19 09:05:30"


def test_nights_between_minutes_of_several_days_take_no_room() -> None:
    times = [*minutes(date(2026, 11, 18), 50), *minutes(date(2026, 11, 19), 50)]
    frame = bars_of(100).drop("date").with_columns(time=pl.Series(times))
    ax = plot.candles(frame)
    assert ax.get_xlim()[1] - ax.get_xlim()[0] < 105
    labels = [label.get_text() for label in labelled(ax, "volume").get_xticklabels()]
    assert "09:00\n11/19" in labels


def test_the_time_axis_is_in_seoul() -> None:
    utc = pl.Series([datetime(2026, 11, 19, 0, 0), datetime(2026, 11, 19, 0, 1)]).dt.replace_time_zone("UTC")
    frame = bars_of(2).drop("date").with_columns(time=utc)
    assert plot.candles(frame).format_xdata(540) == "2026-11-19 09:00:00"
    assert plot.candles(frame.to_pandas().set_index("time")).format_xdata(541) == "2026-11-19 09:01:00"


def test_a_day_beside_its_moments_does_not_hide_them() -> None:
    times = pl.Series(minutes(date(2026, 11, 19), 5))
    frame = bars_of(5).with_columns(date=pl.lit(date(2026, 11, 19)), time=times)
    assert plot.candles(frame).format_xdata(541) == "2026-11-19 09:01:00"


@pytest.mark.parametrize("kind", ["pdf", "svg"])
def test_hangul_can_be_written_into_documents(kind: str, tmp_path: Path) -> None:
    file = tmp_path / f"candles.{kind}"
    plot.candles(bars_of(5), title="삼성전자 −1₩").figure.savefig(file)
    assert file.stat().st_size > 5_000


def test_ticks_stand_where_months_begin() -> None:
    frame = bars_of(250)
    ax = labelled(plot.candles(frame), "volume")
    ax.figure.canvas.draw()
    days = frame["date"].to_list()
    ticks = [days[round(place)] for place in ax.get_xticks()]
    assert all(days[days.index(day) - 1].month != day.month for day in ticks if day != days[0])
    assert [label.get_text() for label in ax.get_xticklabels()][:2] == ["1월\n2024", "2월"]
    english = labelled(plot.candles(frame, locale="en"), "volume")
    english.figure.canvas.draw()
    assert [label.get_text() for label in english.get_xticklabels()][:2] == ["Jan\n2024", "Feb"]


# --- numbers -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "korean", "english"),
    [
        (0, "0", "0"),
        (950, "950", "950"),
        (12_500, "1.25만", "12.5K"),
        (-20_000_000, "−2,000만", "−20M"),
        (500_000_000_000, "5,000억", "500B"),
        (1_250_000_000_000, "1.25조", "1.25T"),
        (12_345, "12,345", "12,345"),
        (0.25, "0.25", "0.25"),
    ],
)
def test_amounts_are_written_in_the_units_of_the_language(value: float, korean: str, english: str) -> None:
    assert (exact(value, "ko"), exact(value, "en")) == (korean, english)


UNITS = {"만": 10**4, "억": 10**8, "조": 10**12, "K": 10**3, "M": 10**6, "B": 10**9, "T": 10**12}


@given(st.integers(-(10**15), 10**15), st.sampled_from(["ko", "en"]))
@settings(max_examples=200)
def test_a_tick_says_exactly_its_value(value: int, locale: Any) -> None:
    text = exact(value, locale).replace(",", "").replace("−", "-")
    unit = UNITS.get(text[-1], 1)
    number = text if unit == 1 else text[:-1]
    whole, _, part = number.partition(".")
    read = abs(int(whole)) * unit + int(part or 0) * unit // 10 ** len(part)
    assert (-read if text.startswith("-") else read) == value


# --- who buys ------------------------------------------------------------------------------------


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


# --- program trading -----------------------------------------------------------------------------


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


# --- the book and the strength -------------------------------------------------------------------


def book(asks: list[int], bids: list[int]) -> pl.DataFrame:
    rows = [("ask", n + 1, price, 10 * (n + 1)) for n, price in enumerate(asks)]
    rows += [("bid", n + 1, price, 10 * (n + 1)) for n, price in enumerate(bids)]
    return pl.DataFrame(rows, schema=["side", "level", "price", "quantity"], orient="row")


def rungs(ax: Any) -> list[tuple[str, float]]:
    """Prices from top to bottom with the length of their bars."""
    bars = {
        round(float(path.vertices[:, 1].mean()), 1): float(path.vertices[:, 0].max())
        for each in ax.collections
        for path in each.get_paths()
    }
    ticks = zip(ax.get_yticks(), ax.get_yticklabels(), strict=True)
    found = sorted(((at, label.get_text()) for at, label in ticks), reverse=True)
    lengths = dict(sorted(bars.items()))
    return [(text, lengths[min(lengths, key=lambda y: abs(y - at))]) for at, text in found]


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


# --- rankings, sectors, short selling, foreigners, ETFs ------------------------------------------


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
    assert moves.get_title("left") == "Sectors: moves · KOSDAQ · 2026-11-20"


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


# --- recordings ----------------------------------------------------------------------------------


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


# --- the dashboard -------------------------------------------------------------------------------


def test_a_dashboard_has_price_volume_flows_and_program(market: kd.Client) -> None:
    figure = plot.dashboard("005930", *YEAR, market)
    assert [ax.get_label() for ax in figure.axes] == ["price", "volume", "flows", "program"]
    assert len({ax.get_xlim() for ax in figure.axes}) == 1
    check_texts(figure)


def test_a_dashboard_in_won_shows_foreigners_apart(market: kd.Client) -> None:
    figure = plot.dashboard("005930", *YEAR, market, measure="value", theme="dark", locale="en")
    units = {ax.get_label(): ax.get_ylabel() for ax in figure.axes}
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
        assert len(polygons(labelled(ax, name))) == weeks
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
    def refused(client: kd.Client) -> None:
        raise kd.ApiError("not now", code="1", api_id="ka10099")

    monkeypatch.setattr("kiwoomdata.plot.overview.look_up", refused)
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
    with pytest.raises(ValueError, match="dashboard: the frame has no rows"):
        plot.dashboard("005930", "2026-11-14", "2026-11-15", market)  # a weekend


# --- charts that move ----------------------------------------------------------------------------


class Stream:
    """What a chart needs of a live stream."""

    def __init__(self, frame: pl.DataFrame) -> None:
        self.rows, self.running, self.asked = frame, True, list[str]()

    def bars(self, length: str) -> pl.DataFrame:
        self.asked.append(length)
        return self.rows

    def frame(self, feed: str) -> pl.DataFrame:
        self.asked.append(feed)
        return self.rows


class Clock:
    """A clockwork that ticks when it is told to, and counts the pictures."""

    def __init__(self) -> None:
        self.pictures, self.stopped = 0, False
        self.tick: Callable[[], bool] = lambda: True

    def start(self, figure: Any, step: Callable[[], bool], seconds: float) -> None:
        self.tick, self.seconds = step, seconds

    def show(self, figure: Any) -> None:
        figure.canvas.draw()
        self.pictures += 1

    def stop(self) -> None:
        self.stopped = True


def minute_bars(count: int, symbol: str = "005930") -> pl.DataFrame:
    times = pl.Series(minutes(date(2026, 11, 20), count)).dt.replace_time_zone("Asia/Seoul")
    return bars_of(count).drop("date").with_columns(time=times, symbol=pl.lit(symbol))


def test_a_live_chart_draws_what_arrives_and_nothing_twice() -> None:
    stream, clock = Stream(minute_bars(3)), Clock()
    chart = plot.live(stream, bars="1m", clockwork=clock)
    assert (clock.pictures, len(polygons(chart.ax))) == (1, 3)
    assert clock.tick()
    assert clock.pictures == 1
    stream.rows = minute_bars(5)
    assert clock.tick()
    assert (clock.pictures, len(polygons(chart.ax))) == (2, 5)
    assert len(chart.figure.axes) == 2
    assert stream.asked[0] == "1m"
    check_texts(chart.figure)


def test_a_live_chart_stops_with_its_stream_and_draws_the_last_rows() -> None:
    stream, clock = Stream(minute_bars(3)), Clock()
    chart = plot.live(stream, clockwork=clock)
    stream.rows, stream.running = minute_bars(4), False
    assert clock.tick() is False
    assert (chart.running, clock.stopped, len(polygons(chart.ax))) == (False, True, 4)
    assert chart.ax.get_title("left") == "005930 · 끝남"
    assert repr(chart) == "<live plot of trade, ended>"
    assert clock.tick() is False


def test_a_live_chart_waits_for_the_first_row() -> None:
    stream, clock = Stream(minute_bars(2).clear()), Clock()
    chart = plot.live(stream, clockwork=clock)
    assert [text.get_text() for text in chart.ax.texts] == ["데이터를 기다리는 중"]
    stream.rows = minute_bars(2)
    clock.tick()
    assert len(polygons(chart.ax)) == 2


def test_a_live_book_that_is_still_empty_is_waited_for() -> None:
    stream, clock = Stream(book([0], [0])), Clock()
    chart = plot.live(stream, "orderbook", clockwork=clock)
    assert [text.get_text() for text in chart.ax.texts] == ["데이터를 기다리는 중"]
    stream.rows = book([101], [100])
    assert clock.tick()
    assert len(rungs(chart.ax)) == 2


def test_an_error_stops_a_live_chart_and_is_raised() -> None:
    stream, clock = Stream(minute_bars(2)), Clock()
    chart = plot.live(stream, clockwork=clock)
    stream.rows = minute_bars(3).drop("close")
    with pytest.raises(ValueError, match="the frame lacks close"):
        clock.tick()
    assert (chart.running, clock.stopped) == (False, True)


def test_one_of_several_symbols_of_a_stream_is_chosen() -> None:
    both = pl.concat([minute_bars(3), minute_bars(3, "000660")])
    with pytest.raises(ValueError, match="symbol: the stream carries 000660, 005930; say which one to draw"):
        plot.live(Stream(both), clockwork=Clock())
    chart = plot.live(Stream(both), symbol="000660", clockwork=Clock())
    assert chart.ax.get_title("left") == "000660"


def test_a_live_chart_keeps_to_the_axes_that_it_was_given() -> None:
    figure, (left, right) = plt.subplots(1, 2)
    before, stream, clock = left.get_position(), Stream(minute_bars(3)), Clock()
    plot.live(stream, ax=left, clockwork=clock)
    for count in (4, 5, 6):
        stream.rows = minute_bars(count)
        clock.tick()
    assert len(figure.axes) == 3
    assert right in figure.axes
    assert left.get_position().y1 == pytest.approx(before.y1)
    assert labelled(left, "volume").get_position().y0 == pytest.approx(before.y0)


@pytest.mark.parametrize("feed", ["orderbook", "program"])
def test_other_feeds_are_drawn_from_their_frames(feed: str) -> None:
    rows = {
        "orderbook": book([101, 102], [100]),
        "program": minute_bars(4).select("time", "symbol", price="close", net_buy_volume="volume"),
    }
    stream, clock = Stream(rows[feed]), Clock()
    chart = plot.live(stream, feed, clockwork=clock)
    assert set(stream.asked) == {feed}
    assert chart.ax.lines or chart.ax.collections


def test_a_stream_of_pandas_frames_is_drawn_the_same() -> None:
    stream: Any = Stream(minute_bars(3))
    stream.rows = kdp.to_pandas(stream.rows)
    chart = plot.live(stream, clockwork=Clock())
    assert len(polygons(chart.ax)) == 3
    assert chart.ax.get_title("left") == "005930"


def test_trades_are_drawn_one_by_one_where_no_bars_are_wanted() -> None:
    stream = Stream(minute_bars(4).select("time", "symbol", price="close"))
    chart = plot.live(stream, bars=None, last=3, clockwork=Clock())
    assert len(chart.ax.lines[0].get_ydata()) == 3
    assert set(stream.asked) == {"trade"}


def test_a_window_follows_by_its_timer_and_closing_it_ends_the_chart() -> None:
    stream = Stream(minute_bars(3))
    made: list[Any] = []

    class Canvas(type(plt.figure().canvas)):  # type: ignore[misc]
        def new_timer(self, interval: int | None = None, callbacks: Any = None) -> Any:
            made.append(super().new_timer(interval=interval, callbacks=callbacks))
            return made[-1]

    figure = plt.figure()
    Canvas(figure)
    chart = plot.live(stream, interval=0.2, ax=figure.add_subplot())
    (timer,) = made
    assert timer.interval == 200
    stream.rows = minute_bars(6)
    timer._on_timer()  # what the event loop of a window calls
    assert len(polygons(chart.ax)) == 6
    figure.canvas.callbacks.process("close_event", CloseEvent("close_event", figure.canvas))
    assert chart.running is False
    timer._on_timer()
    assert timer.callbacks == []


def test_a_notebook_gets_one_output_whose_picture_is_replaced() -> None:
    stream, events = Stream(minute_bars(3)), list[str]()
    ended = asyncio.Event()

    class Handle:
        def update(self, figure: Any) -> None:
            events.append(f"update {len(polygons(figure.axes[0]))}")
            if not stream.running:
                ended.set()

    def display(figure: Any, *, display_id: bool) -> Handle:
        assert display_id
        events.append(f"display {len(polygons(figure.axes[0]))}")
        return Handle()

    async def cell() -> Any:
        chart = plot.live(stream, interval=0.005, clockwork=Notebook(display))
        stream.rows, stream.running = minute_bars(5), False
        await asyncio.wait_for(ended.wait(), 10)
        return chart

    chart = asyncio.run(cell())
    assert events[0] == "display 3"
    assert set(events[1:]) == {"update 5"}
    assert chart.running is False
    assert plt.get_fignums() == []


def test_a_live_chart_has_a_size_of_its_own_and_is_not_saved_with_each_picture() -> None:
    chart = plot.live(Stream(minute_bars(3)), clockwork=Clock(), figsize=(6, 3))
    assert chart.figure.get_size_inches().tolist() == [6, 3]
    with pytest.raises(ValueError, match=r"save: not for a chart that moves; call \.figure\.savefig"):
        plot.live(Stream(minute_bars(3)), save="a.png")


def test_wrong_arguments_of_a_live_chart_are_refused() -> None:
    with pytest.raises(ValueError, match="feed: expected 'trade', 'orderbook', 'program', got 'vi'"):
        plot.live(Stream(minute_bars(1)), "vi")
    with pytest.raises(ValueError, match="last, interval: expected numbers above zero"):
        plot.live(Stream(minute_bars(1)), interval=0)


# --- pictures ------------------------------------------------------------------------------------


def a_quarter() -> pl.DataFrame:
    """Sixty days with ups, downs, a halt and a flow, the same everywhere."""
    n = np.arange(60)
    close = np.round(70_000 + 6_000 * np.sin(n / 7) + 900 * np.cos(n * 1.7), -2)
    opens = np.round(close - 1_500 * np.sin(n * 2.1), -2)
    return bars_of(60).with_columns(
        open=pl.Series(opens),
        close=pl.Series(close),
        high=pl.Series(np.maximum(opens, close) + 600),
        low=pl.Series(np.minimum(opens, close) - 500),
        volume=pl.Series(np.where((n > 29) & (n < 33), 0, 1e6 + 8e5 * np.sin(n))),
        individual=pl.Series((4e5 * np.sin(n / 5)).astype(int)),
        institution=pl.Series((3e5 * np.cos(n / 9)).astype(int)),
        foreign=pl.Series((-2e5 * np.sin(n / 3)).astype(int)),
        flow_unit=pl.lit("shares"),
        foreign_unit=pl.lit("shares"),
    )


PICTURES: dict[str, Callable[[Any], Any]] = {
    "candles": lambda ax: plot.candles(a_quarter(), ax=ax),
    "flows_dark": lambda ax: plot.investor_flows(a_quarter(), ax=ax, theme="dark", palette="western"),
    "orderbook": lambda ax: plot.orderbook(
        book([101, 102, 103, 104, 105], [100, 99, 98, 97, 96]), ax=ax, locale="en"
    ),
}


def test_the_picture_of_the_readme_is_made_by_the_call_beneath_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = Path(__file__).parents[1]
    readme = (root / "README.md").read_text(encoding="utf-8")
    picture, code = readme.index("docs/images/dashboard.png"), readme.index("```python")
    assert 0 < code - picture < 100
    monkeypatch.chdir(tmp_path)
    exec(readme[code:].removeprefix("```python").partition("```")[0], {})
    shown = root / "docs" / "images" / "dashboard.png"
    assert compare_images(str(shown), str(tmp_path / "dashboard.png"), tol=8) is None


@pytest.mark.parametrize("name", PICTURES)
def test_pictures_look_as_they_looked(name: str, tmp_path: Path) -> None:
    """Fixed axes, so that only the shapes of letters may differ between releases of matplotlib.

    The distance of candles without their averages is 12, with western colours 28, in English 6.
    """
    figure = plt.figure(figsize=(6, 3.6), dpi=80)
    PICTURES[name](figure.add_axes((0.1, 0.12, 0.76, 0.76)))
    seen = tmp_path / f"{name}.png"
    figure.savefig(seen, dpi=80)
    assert compare_images(str(DATA / f"{name}.png"), str(seen), tol=8) is None
