"""Rows and columns to typed frames: one schema always, decoded once per job. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Literal

import msgspec
import polars as pl

from kiwoomdata.entries.entry import Column, Endpoint, Flag, Part
from kiwoomdata.errors import DecodeError, KiwoomDataWarning, UnknownKey, UnprovenValue
from kiwoomdata.kinds import BLANK, Trouble, decode
from kiwoomdata.masking import brief
from kiwoomdata.rest.protocol import Page
from kiwoomdata.telling import listed, warn

__all__ = [
    "F",
    "OnBad",
    "absent",
    "beyond",
    "columns_of",
    "decoded",
    "schema",
    "text_frame",
    "text_parts",
    "typed",
    "units",
]

if TYPE_CHECKING:
    from typing_extensions import TypeVar  # Python 3.13 has one with a default; a checker needs no package

    F = TypeVar("F", default=pl.DataFrame)
else:
    from typing import TypeVar

    F = TypeVar("F")
"""The frames of a face: polars' or those of another library."""

OnBad = Literal["raise", "null"]
_OURS = {"symbol", "venue", "sector", "side", "level", "rank", "flow_unit", "foreign_unit"}
"""Columns that functions add: a key of the server by such a name steps aside."""
_ENVELOPE = {"return_code", "return_msg", "returnCode", "returnMsg"}
_DATED: dict[tuple[str, ...], str] = {("date",): "day", ("time",): "moment"}
"""Keys of TRs that have one row a day, or one a moment."""
_LONGEST_BESIDE = 1_000
"""Characters of a text beside a list that are copied into each of its rows."""


def schema(part: Part, flag: Flag = None) -> dict[str, Any]:
    """The part's columns and dtypes, the same for every answer to a request with this flag."""
    return {column.name_for(flag): column.kind.dtype for column in part.columns}


def units(endpoint: Endpoint, body: Mapping[str, str], part: str | None = None) -> dict[str, str]:
    """The unit of each column of the answer to this request, or of one part of it.

    Where two parts have a column of one name, the list's is told.
    """
    flag = endpoint.flag_of(body)
    return {
        c.name_for(flag): c.unit_for(flag).name
        for each in sorted(endpoint.parts, key=lambda each: each.key is not None)
        for c in each.columns
        if c.unit_for(flag).name and part in (None, each.name)
    }


def text_parts(
    endpoint: Endpoint, pages: Sequence[Page]
) -> tuple[dict[str, pl.DataFrame], int, frozenset[str]]:
    """The text frames of a response by part, how many rows were dropped because pages overlapped, and the
    days (or moments) that two rows tell differently."""
    found: dict[str, pl.DataFrame] = {}
    dropped = 0
    differing: frozenset[str] = frozenset()
    for part in endpoint.parts:
        texts = text_frame(endpoint, part, pages)
        if part.key is not None:
            texts, twice, days = _unique(endpoint, part, texts)
            dropped, differing = dropped + twice, differing | days
        else:
            texts = texts.drop("_page").unique(maintain_order=True)  # each page says it again
        found[part.name] = texts
    return found, dropped, differing


def text_frame(endpoint: Endpoint, part: Part, pages: Sequence[Page]) -> pl.DataFrame:
    """The rows of all pages as served: text columns by the API's own keys, and ``_page``.

    Of a key of the catalogue, null means that the server left it out, and a blank that it sent nothing
    under it; :func:`absent` tells. Keys that the catalogue lacks are kept.
    """
    beside = [_beside_the_lists(endpoint, page) for page in pages]
    if part.key is None:
        return _of_dicts(endpoint, part, [_as_text(part, flat) for flat in beside], list(range(len(pages))))
    numbers = [number for number, page in enumerate(pages) for _ in range(page.height(part))]
    alone = all(other.key is not None for other in endpoint.parts)
    tables = [table for page in pages if (table := page.table(part)) is not None]
    if (alone and any(beside)) or len(tables) < len(pages):
        more = [_for_rows(endpoint, part, flat) for flat in beside] if alone else [{}] * len(pages)
        rows = [
            _as_text(part, {**flat, **row})
            for page, flat in zip(pages, more, strict=True)
            for row in page.dicts(part)
        ]
        return _of_dicts(endpoint, part, rows, numbers)
    empty = pl.DataFrame(schema=dict.fromkeys(part.by_key, pl.String()))
    frame = pl.concat([empty, *tables], rechunk=True)
    return frame.with_columns(pl.Series("_page", numbers, dtype=pl.Int32))


def _of_dicts(
    endpoint: Endpoint, part: Part, rows: Sequence[dict[str, str | None]], numbers: list[int]
) -> pl.DataFrame:
    layouts = dict.fromkeys(map(tuple, rows))
    extra = [key for key in dict.fromkeys(k for layout in layouts for k in layout) if key not in part.by_key]
    patterns = [key for key in extra if key.startswith("^") and key.endswith("$")]
    if patterns:  # polars takes such a name for many columns
        _no_place_for(endpoint, patterns)
        extra = [key for key in extra if key not in patterns]
    if extra:
        warn(
            f"{endpoint.api_id}: the server sent {listed(extra)}, which the catalogue lacks; kept as text",
            UnknownKey,
        )
    columns = dict.fromkeys([*part.by_key, *extra], pl.String())
    frame = pl.DataFrame(rows, schema=columns, orient="row")
    return frame.with_columns(pl.Series("_page", numbers, dtype=pl.Int32))


def _beside_the_lists(endpoint: Endpoint, page: Page) -> dict[str, Any]:
    """What stands beside the lists and the envelope. A list that the catalogue lacks is only warned of."""
    lists = {part.key for part in endpoint.parts}
    found = {key: page.value(key) for key in page.envelope if key not in _ENVELOPE and key not in lists}
    strange = [key for key, value in found.items() if isinstance(value, list | dict)]
    if strange:
        _no_place_for(endpoint, strange)
    return {key: value for key, value in found.items() if key not in strange}


def _for_rows(endpoint: Endpoint, part: Part, flat: Mapping[str, Any]) -> dict[str, Any]:
    """What may be copied into each row of a list: nothing that would make the frame many times the answer,
    nor fill a cell of a row that lacks a key."""
    homeless = [
        key
        for key, value in flat.items()
        if key in part.by_key or (isinstance(value, str) and len(value) > _LONGEST_BESIDE)
    ]
    if homeless:
        _no_place_for(endpoint, homeless)
    return {key: value for key, value in flat.items() if key not in homeless}


def _no_place_for(endpoint: Endpoint, keys: Sequence[str]) -> None:
    warn(
        f"{endpoint.api_id}: the server sent {listed(keys)}, for which no frame has a place; "
        "Client.raw() shows it",
        UnknownKey,
    )


def _as_text(part: Part, row: Mapping[str, Any]) -> dict[str, str | None]:
    return {key: _text_of(value, known=key in part.by_key) for key, value in row.items()}


def _text_of(value: Any, *, known: bool) -> str | None:
    if isinstance(value, str):
        return value
    if value is None:
        return "" if known else None
    return msgspec.json.encode(value).decode()


def absent(endpoint: Endpoint, texts: Mapping[str, pl.DataFrame]) -> tuple[str, ...]:
    """The keys of the catalogue that the server left out, of all rows or of some; none that the guide lacks.

    A row without any value says nothing of keys: it is an empty answer.
    """
    keys: dict[str, None] = {}
    for part in endpoint.parts:
        rows = texts.get(part.name, pl.DataFrame())
        wanted = (key for key, column in part.by_key.items() if not column.unlisted)
        rows = rows.select(key for key in wanted if key in rows.columns)
        if not any(series.null_count() for series in rows):
            continue
        said = rows.filter(pl.any_horizontal(pl.all().str.strip_chars() != ""))
        if said.is_empty() and part.key is None and _has_rows(endpoint, texts):
            said = rows  # nothing stands beside a list that has rows
        keys |= {series.name: None for series in said if series.null_count()}
    return tuple(keys)


def _has_rows(endpoint: Endpoint, texts: Mapping[str, pl.DataFrame]) -> bool:
    """Whether the list of an answer has rows; where its texts are not there, the store had them decoded."""
    rows = endpoint.rows
    return rows is not None and (rows.name not in texts or texts[rows.name].height > 0)


def _unique(endpoint: Endpoint, part: Part, texts: pl.DataFrame) -> tuple[pl.DataFrame, int, frozenset[str]]:
    """Drop the rows of later pages whose key an earlier page has brought already.

    Only overlap between pages is dropped: two rows of one page stand as the server wrote them
    (the vendor's own ka10044 example prints one stock twice), unless they are equal throughout
    in a TR that has one row a day, or one a moment. Of such a TR, the days that two rows tell differently.
    """
    if texts.height < 2:
        return texts.drop("_page"), 0, frozenset()
    if not endpoint.key:
        kept = _without_overlap(texts)
        return kept.drop("_page"), texts.height - kept.height, frozenset()
    keys = [column.key for column in part.columns if column.name in endpoint.key]
    if texts.select(keys).n_unique() == texts.height:
        return texts.drop("_page"), 0, frozenset()
    first = pl.col("_page").min().over(keys)
    kept = texts.filter(pl.col("_page") == first) if texts["_page"].n_unique() > 1 else texts
    differing: set[str] = set()
    if endpoint.key in _DATED:
        if kept.height < texts.height:
            days = _differing(keys[0], kept, texts.filter(pl.col("_page") != first))
            differing.update(days)
            what = f"two pages differ in the row of {_first_of(days)}; the first page's is taken"
            _warn_of(endpoint, days, what)
        if kept.select(keys).is_duplicated().any():
            kept = kept.unique(keep="first", maintain_order=True)
            days = kept.filter(kept.select(keys).is_duplicated())[keys[0]].unique().sort(descending=True)
            differing.update(days)
            what = f"the server sent different rows of one {_DATED[endpoint.key]}, {_first_of(days)}"
            _warn_of(endpoint, days, f"{what}; all of them are kept")
    return kept.drop("_page"), texts.height - kept.height, frozenset(filter(None, differing))


def _differing(day: str, kept: pl.DataFrame, again: pl.DataFrame) -> pl.Series:
    """The days that a later page tells otherwise than the first page that had them, newest first."""
    columns = [name for name in kept.columns if name != "_page"]
    other = again.join(kept, on=columns, how="anti", nulls_equal=True)
    return other[day].unique().sort(descending=True)


def _warn_of(endpoint: Endpoint, days: pl.Series, what: str) -> None:
    if len(days):
        warn(f"{endpoint.api_id}: {what}", KiwoomDataWarning)


def _first_of(days: pl.Series) -> str:
    first = brief(str(days.first()))
    return f"{first} (and of {len(days) - 1} more)" if len(days) > 1 else first


def _without_overlap(texts: pl.DataFrame) -> pl.DataFrame:
    """Drop the rows with which a page repeats the end of the page before.

    For TRs whose rows have no key of their own: trades and minutes, whose cumulated columns make equal
    rows the same row. New rows that come while one pages push the old ones down, so that pages overlap.
    """
    pages = texts.partition_by("_page", maintain_order=True)
    kept = pages[:1]
    for before, page in pairwise(pages):
        ended, begun = before.drop("_page").rows(), page.drop("_page").rows()
        longest = min(len(ended), len(begun))
        kept.append(page.slice(next(n for n in range(longest, -1, -1) if n == 0 or ended[-n:] == begun[:n])))
    return pl.concat(kept)


def typed(
    endpoint: Endpoint, part: Part, texts: pl.DataFrame, body: Mapping[str, str], *, on_bad: OnBad = "raise"
) -> pl.DataFrame:
    """Decode text columns by the catalogue, in the catalogue's order; unknown keys stay text at the end."""
    frame, troubles = decoded(endpoint, part, texts, body)
    complain(endpoint.api_id, troubles, on_bad)
    return frame


def decoded(
    endpoint: Endpoint, part: Part, texts: pl.DataFrame, body: Mapping[str, str]
) -> tuple[pl.DataFrame, list[Trouble]]:
    """The same, with the troubles told instead of raised."""
    flag = endpoint.flag_of(body)
    whole, failed = _without_broken(part, texts)
    plan = [(c.key, c.name_for(flag), c.kind, c.unit_for(flag).scale) for c in part.columns]
    frame, troubles = decode(whole, plan)
    frame, unsigned = _signed(part, flag, frame, texts)
    frame, mixed = _sold(part, flag, body, frame, texts)
    frame, neither = _either(part, frame, texts)
    troubles += failed + unsigned + mixed + neither
    extra = [name for name in texts.columns if name not in part.by_key]
    if extra:
        taken = {*frame.columns, *_OURS}
        names = {name: f"{name}_as_served" if name in taken else name for name in extra}
        frame = frame.hstack(texts.select(extra).rename(names))
    return frame, troubles


def _unproven(name: str, column: Column, lost: pl.Series) -> list[Trouble]:
    counts = lost.value_counts(name="count").rows()
    return [Trouble(name, text, column.kind, True, count) for text, count in counts]


def _without_broken(part: Part, texts: pl.DataFrame) -> tuple[pl.DataFrame, list[Trouble]]:
    """Null where the server wrote that its own computing failed."""
    troubles = []
    for column in part.columns:
        if column.broken:
            failed = texts[column.key].str.strip_chars(BLANK).is_in(column.broken)
            troubles += _unproven(column.name, column, texts[column.key].filter(failed))
            texts = texts.with_columns(
                pl.when(~failed.fill_null(value=False)).then(column.key).alias(column.key)
            )
    return texts, troubles


def _signed(
    part: Part, flag: Flag, frame: pl.DataFrame, texts: pl.DataFrame
) -> tuple[pl.DataFrame, list[Trouble]]:
    """Signs that stand in another key, and sold amounts that are written as negative."""
    troubles = []
    turned: list[pl.Series] = []
    for column in part.columns:
        values = frame[column.name_for(flag)]
        if column.negated:
            turned.append(values.abs())
        if column.signed_by is None:
            continue
        way = frame[part.by_key[column.signed_by].name_for(flag)].cast(pl.String())
        # The size is taken from the text, sign or no sign: both are printed for a fall.
        signed = frame.select(
            pl.when(way.is_in(["down", "limit_down"]))
            .then(-values.abs())
            .when(way.is_in(["up", "limit_up"]) | (values == 0))
            .then(values.abs())
            .alias(values.name)
        ).to_series()
        lost = texts[column.key].filter(signed.is_null() & values.is_not_null())
        troubles += _unproven(values.name, column, lost)
        turned.append(signed)
    return frame.with_columns(turned), troubles


def _sold(
    part: Part, flag: Flag, body: Mapping[str, str], frame: pl.DataFrame, texts: pl.DataFrame
) -> tuple[pl.DataFrame, list[Trouble]]:
    """How much was sold, gross, where the request asks for that: no source shows the sign of it."""
    gross = [c for c in part.columns if c.sold_if and body.get(c.sold_if[0]) == c.sold_if[1]]
    names = [column.name_for(flag) for column in gross]
    if not names:
        return frame, []
    mixed = frame.select((pl.min_horizontal(names) < 0) & (pl.max_horizontal(names) > 0)).to_series()
    mixed = mixed.fill_null(value=False)
    lost = texts.filter(mixed) if mixed.any() else texts.clear()
    troubles = [
        Trouble(name, told[0], column.kind, True, len(told))
        for name, column in zip(names, gross, strict=True)
        if len(told := lost[column.key].drop_nulls())
    ]
    return frame.with_columns(
        pl.when(~mixed).then(pl.col(name).abs()).alias(name) for name in names
    ), troubles


_FAR = 100  # times: splits move the prices of a bar, and not its value


def _either(part: Part, frame: pl.DataFrame, texts: pl.DataFrame) -> tuple[pl.DataFrame, list[Trouble]]:
    """Values that come in one unit or in another, of which the row's own volume and prices tell."""
    troubles = []
    for column in part.columns:
        if (other := column.or_unit) is None:
            continue
        value, factor = pl.col(column.name), int(other.scale / column.unit.scale)
        mean, low, high = value / pl.col("volume"), pl.col("low") / _FAR, pl.col("high") * _FAR
        nothing = (value == 0) | (pl.col("volume").fill_null(0) == 0) | low.is_null() | high.is_null()
        other_fits = (mean * factor).is_between(low, high)
        told = pl.when(nothing | mean.is_between(low, high)).then(value).when(other_fits).then(value * factor)
        read = frame.select(told.alias(column.name)).to_series()
        lost = texts[column.key].filter(read.is_null() & frame[column.name].is_not_null())
        troubles += _unproven(column.name, column, lost)
        frame = frame.with_columns(read)
    return frame, troubles


def complain(api_id: str, troubles: Iterable[Trouble], on_bad: OnBad) -> None:
    """Raise for a text that fits no rule, warn for one whose meaning is unproven."""
    for trouble in troubles:
        if trouble.unproven:
            warn(
                f"{api_id}.{trouble.column}: {brief(trouble.text)!r} became null in {trouble.rows} row(s): "
                "nobody has proven what it means, or the server's field has overflowed",
                UnprovenValue,
            )
        elif on_bad == "raise":
            raise DecodeError(api_id, trouble.column, trouble.text, trouble.kind.expected)
        else:
            warn(
                f"{api_id}.{trouble.column}: {brief(trouble.text)!r} is not {trouble.kind.expected}; "
                f"null in {trouble.rows} row(s)",
                KiwoomDataWarning,
            )


def placed(
    wide: pl.DataFrame, sides: Sequence[str], count: int, fields: Sequence[str], keep: Sequence[str]
) -> pl.DataFrame:
    """Turn a wide board (``sell_broker_1`` …) into rows of side and rank, first side and best rank first.

    ``keep`` are columns repeated on every row, the last ones.
    """
    kind = pl.Enum(sides)
    return pl.concat(
        wide.select(
            pl.lit(side).cast(kind).alias("side"),
            pl.lit(rank, dtype=pl.Int8).alias("rank"),
            *(pl.col(f"{side}_{name}_{rank}").alias(name) for name in fields),
            *keep,
        )
        for side in sides
        for rank in range(1, count + 1)
    )


def columns_of(endpoint: Endpoint, flag: Flag = None) -> dict[str, Column]:
    """Every column of the answer to a request with this flag, by its English name."""
    return {column.name_for(flag): column for part in endpoint.parts for column in part.columns}


def beyond(endpoint: Endpoint, frame: pl.DataFrame) -> list[str]:
    """The columns that stand for keys which the catalogue lacks."""
    columns = [column for part in endpoint.parts for column in part.columns]
    known = {column.name_for(flag) for column in columns for flag in (None, *column.units)}
    return [name for name in frame.columns if name not in known]


BOOK_SIDES = pl.Enum(("ask", "bid"))
_OF_A_LEVEL = ("price", "quantity", "quantity_change")


def long_book(
    wide: pl.DataFrame, levels: int, totals: tuple[str, ...], keep: tuple[str, ...], last: Sequence[str] = ()
) -> pl.DataFrame:
    """Turn a wide book (``ask_price_1`` …) into rows of side and level, best level first.

    ``totals`` are suffixes of side-wide columns (``ask_total_quantity``), repeated on each row of their
    side; ``keep`` and ``last`` are columns repeated on every row, in front and at the end.
    """
    pieces = []
    for side in ("ask", "bid"):
        for level in range(1, levels + 1):
            row = wide.select(
                *keep,
                pl.lit(side).cast(BOOK_SIDES).alias("side"),
                pl.lit(level, dtype=pl.Int8).alias("level"),
                *(pl.col(f"{side}_{name}_{level}").alias(name) for name in _OF_A_LEVEL),
                *(pl.col(f"{side}_{name}").alias(name) for name in totals),
                *last,
            )
            pieces.append(row)
    return pl.concat(pieces)
