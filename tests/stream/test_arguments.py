"""What a caller asks of a stream: spans of time and symbols as people write them."""

from __future__ import annotations

from datetime import timedelta

import pytest

from kiwoomdata.entries.feeds import find_feed
from kiwoomdata.stream.arguments import feed_items, span

TRADE = [find_feed("trade")]


@pytest.mark.parametrize(
    ("text", "length"),
    [
        ("500ms", timedelta(milliseconds=500)),
        ("1s", timedelta(seconds=1)),
        ("30sec", timedelta(seconds=30)),
        ("1m", timedelta(minutes=1)),
        ("1min", timedelta(minutes=1)),
        ("5분", timedelta(minutes=5)),
        ("30초", timedelta(seconds=30)),
        ("1시간", timedelta(hours=1)),
        ("5min", timedelta(minutes=5)),
        ("5MIN", timedelta(minutes=5)),
        ("1h", timedelta(hours=1)),
        ("0.5s", timedelta(milliseconds=500)),
    ],
)
def test_a_span_is_read_as_polars_and_pandas_write_it(text: str, length: timedelta) -> None:
    assert span(text, "every") == length


@pytest.mark.parametrize("text", ["", "m", "1", "1mo", "1d", "1mins", "-1s", "1 min", "1M"])
def test_another_span_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="^every: expected a span of time such as '500ms'"):
        span(text, "every")


def test_several_symbols_may_stand_in_one_text() -> None:
    assert feed_items("005930, 000660", TRADE, None) == {"0B": ["005930", "000660"]}
    assert feed_items("005930,000660", TRADE, "NXT") == {"0B": ["005930_NX", "000660_NX"]}


def test_a_symbol_in_another_spelling_gets_a_hint() -> None:
    with pytest.raises(ValueError, match=r"got 'KRX:005930'; did you mean '005930'\?$"):
        feed_items("KRX:005930", TRADE, None)
    with pytest.raises(ValueError, match=r"got '5930x'$"):
        feed_items("5930x", TRADE, None)
