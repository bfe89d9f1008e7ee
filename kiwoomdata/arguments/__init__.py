"""From what a caller wrote to what the API takes; wrong arguments end here, before any request."""

from kiwoomdata.arguments.body import body_of, left_out, not_both
from kiwoomdata.arguments.dates import DateLike, DateRange, as_date, before, date_range, past_day
from kiwoomdata.arguments.symbols import (
    SUFFIXES,
    Frame,
    Symbols,
    as_symbol,
    as_symbols,
    hint,
    listed_codes,
    no_stock,
)
from kiwoomdata.arguments.words import INDICES, chosen, index_code, meant_by, one_of, small, word, words

__all__ = [
    "INDICES",
    "SUFFIXES",
    "DateLike",
    "DateRange",
    "Frame",
    "Symbols",
    "as_date",
    "as_symbol",
    "as_symbols",
    "before",
    "body_of",
    "chosen",
    "date_range",
    "hint",
    "index_code",
    "left_out",
    "listed_codes",
    "meant_by",
    "no_stock",
    "not_both",
    "one_of",
    "past_day",
    "small",
    "word",
    "words",
]
