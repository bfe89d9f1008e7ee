"""What a text from the server can mean, and how it is read and written. Pure.

The server sends nothing but text. A *kind* says what a text means: which dtype it becomes,
what its sign says, and which texts stand for "missing". The kind belongs to the catalogue's
*(TR, key)* and is looked up there; nothing here looks at a column's values to decide what
they are.

========== ======================== ======================================================
kind       dtype                    sign
========== ======================== ======================================================
price      Int64 or Float64         a colour (above or below yesterday's close): dropped; 0 is null
index      Float64                  a colour: dropped; 0 is null
share      Float64, percent         a colour: dropped
change     Int64 or Float64         true: a fall is negative
flow       Int64                    true: net selling is negative
quantity   Int64                    kept where the server writes one
magnitude  Int64                    dropped: it tells the aggressor, see ``side``
amount     Int64                    kept where the server writes one
count      Int64                    kept
rate       Float64, percent         true
share      Float64, percent         a colour: dropped
ratio      Float64                  true
basis      Float64, index points    true: future minus spot
side       Enum(buy, sell)          is the value (as a sign, or as a word); without a sign unknown
direction  Enum(limit_up … )        codes 1 to 5, 0 is none
venue      Enum(krx, nxt, all)
rank_move  Enum(up, down)           is the value
warning    Enum(none, … warning)    codes 0 to 5
yes_no     Boolean                  Y and N
code       String                   text untouched
name, text String                   outer blanks stripped
date       Date
time       Time
datetime   Datetime(us, Asia/Seoul)
========== ======================== ======================================================

A run of signs that holds a ``-`` is negative: ``--714`` is -714, ``+-121`` is -121. Sums prove
both: 1,200 live ka10086 rows of May 2026 hold 4,454 of the first, and on 2026-08-07 a live
``+-2076560`` stood for buys of 8,928,222,154 less sells of 8,930,298,714.

A price of 0 is no price: a halted day, a level of a book without an order, an auction without
an expected price are written so. A number at the end of a 32-bit field (4294967295, 2147483647,
or the price -2147483 of a field that wrapped at a thousandth of it; all three seen live) has
lost its value: null, and told.
"""

from kiwoomdata.kinds.kind import BLANK, Kind, Style
from kiwoomdata.kinds.numbers import (
    AMOUNT,
    BASIS,
    CHANGE,
    CHANGE_DECIMAL,
    COUNT,
    FLOW,
    INDEX,
    MAGNITUDE,
    PRICE,
    PRICE_DECIMAL,
    QUANTITY,
    RATE,
    RATE_BY_POINT,
    RATIO,
    SHARE,
)
from kiwoomdata.kinds.reading import Trouble, decode, encode
from kiwoomdata.kinds.times import DATE, DATETIME, EVENT_TIME, KST, TIME
from kiwoomdata.kinds.words import (
    BROKER_SIDE,
    CODE,
    DIRECTION,
    DIRECTIONS,
    INDEX_DIRECTION,
    NAME,
    RANK_MOVE,
    SIDE,
    TEXT,
    VENUE,
    VENUES,
    WARNING,
    YES_NO,
    labels,
    split_code,
    words,
)

__all__ = [
    "AMOUNT",
    "BASIS",
    "BLANK",
    "BROKER_SIDE",
    "CHANGE",
    "CHANGE_DECIMAL",
    "CODE",
    "COUNT",
    "DATE",
    "DATETIME",
    "DIRECTION",
    "DIRECTIONS",
    "EVENT_TIME",
    "FLOW",
    "INDEX",
    "INDEX_DIRECTION",
    "KST",
    "MAGNITUDE",
    "NAME",
    "PRICE",
    "PRICE_DECIMAL",
    "QUANTITY",
    "RANK_MOVE",
    "RATE",
    "RATE_BY_POINT",
    "RATIO",
    "SHARE",
    "SIDE",
    "TEXT",
    "TIME",
    "VENUE",
    "VENUES",
    "WARNING",
    "YES_NO",
    "Kind",
    "Style",
    "Trouble",
    "decode",
    "encode",
    "labels",
    "split_code",
    "words",
]
