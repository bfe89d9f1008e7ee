"""What is written in a chart: letters, titles, times and numbers, whole and apart."""

from __future__ import annotations

import threading
from datetime import date, datetime
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib import font_manager
from matplotlib import pyplot as plt

import kiwoomdata as kd
import kiwoomdata.pandas as kdp
from kiwoomdata import names, plot
from kiwoomdata.plot.font import FAMILY, FONT_FILE
from kiwoomdata.plot.numbers import exact
from tests.plot.drawn import CHARTS, bars_of, check_texts, labelled, minute_bars, minutes, polygons

# --- letters ----------------------------------------------------------------------------


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


# --- titles -----------------------------------------------------------------------------


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


@pytest.mark.parametrize("face", [kd, kdp])
def test_a_frame_of_the_chosen_client_is_titled_by_name(
    face: Any, server: kd.simulator.Server, client: kd.Client
) -> None:
    one, other = (
        face.daily_prices(code, "2026-11-16", "2026-11-20", client=client) for code in ("005930", "000660")
    )
    assert plot.candles(one).get_title("left") == "005930"
    kd.use(client)
    assert plot.candles(one).get_title("left") == "삼성전자 005930"
    asked = server.log.count("ka10099")
    assert plot.candles(other).get_title("left") == "SK하이닉스 000660"
    assert asked == server.log.count("ka10099") >= 2
    kd.use("simulator")
    names._known.clear()
    assert plot.candles(one).get_title("left") == "005930"  # of another server


def test_frames_that_do_not_say_whose_they_are_are_titled_by_the_names_of_the_chosen_client(
    server: kd.simulator.Server, client: kd.Client
) -> None:
    days = kd.daily_prices("005930", "2026-11-16", "2026-11-20", client=client)
    filtered = days.filter(pl.col("close") > 0)
    recorded = minute_bars(9).select("time", "symbol", received_at="time")
    assert plot.gaps(recorded).get_yticklabels()[0].get_text() == "005930"
    kd.use(client)
    assert plot.candles(filtered).get_title("left") == "삼성전자 005930"
    assert plot.gaps(recorded).get_yticklabels()[0].get_text() == "삼성전자 005930"
    assert server.log.count("ka10099") == 2


def test_a_frame_of_what_no_stock_is_called_asks_for_no_names(
    server: kd.simulator.Server, client: kd.Client
) -> None:
    kd.use(client)
    assert plot.candles(minute_bars(9, "AAPL")).get_title("left").startswith("AAPL")
    assert server.log.count("ka10099") == 0


def test_a_chart_waits_no_longer_for_names_than_it_says(
    server: kd.simulator.Server, client: kd.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    answered, asked = threading.Event(), names._listed
    monkeypatch.setattr(names, "_PATIENCE", 0.0)

    def late(client: kd.Client, *, offline: bool) -> names.Listed:
        assert answered.wait(30)
        return asked(client, offline=offline)

    monkeypatch.setattr(names, "_listed", late)
    kd.use(client)
    assert plot.candles(minute_bars(9)).get_title("left").startswith("005930")
    answered.set()
    for thread in threading.enumerate():
        if thread.name == "kiwoomdata-names":
            thread.join(30)
    assert plot.candles(minute_bars(9)).get_title("left").startswith("삼성전자 005930")


def test_a_server_that_refuses_names_is_asked_once(server: kd.simulator.Server, client: kd.Client) -> None:
    kd.use(client)
    frame = kd.daily_prices("005930", "2026-11-16", "2026-11-20")
    server.inject("refusal", api_id="ka10099", times=1)
    titles = [plot.candles(frame).get_title("left") for _ in range(2)]
    assert titles == ["005930", "005930"]
    assert server.log.count("ka10099") == 1


def test_a_code_with_two_names_is_titled_by_its_code() -> None:
    names.learn([("005930", "삼성전자"), ("005930", "삼성전자우"), ("000660", " "), (None, "NAVER")])
    assert (names.name_of("005930"), names.name_of("000660")) == (None, None)


def test_a_title_tells_a_venue_that_is_not_krx() -> None:
    frame = bars_of(3).with_columns(symbol=pl.lit("005930"), name=pl.lit("삼성전자"), venue=pl.lit("nxt"))
    assert plot.candles(frame).get_title("left") == "삼성전자 005930 NXT"
    both = frame.with_columns(venue=pl.lit("all"))
    assert plot.candles(both, title="제목").get_title("left") == "제목"
    assert plot.candles(both).get_title("left") == "삼성전자 005930 KRX+NXT"


# --- time -------------------------------------------------------------------------------


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


# --- numbers ----------------------------------------------------------------------------


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
