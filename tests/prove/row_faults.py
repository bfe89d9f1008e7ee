"""Pages in a wrong order, and rows in a wrong shape."""

from __future__ import annotations

import json
import random
from collections.abc import Callable

from tests.prove.draft import Draft, Right, fault
from tests.prove.market import Row, Way

NUMBERS = ("price", "flow", "quantity", "million", "change")


def _listed(way: Way) -> bool:
    return way.list_key is not None


def _paged(way: Way) -> bool:
    return way.list_key is not None and way.api_id != "ka10101"


def _dated(way: Way) -> bool:
    return way.by_day


def _dense(way: Way) -> bool:
    return way.dense


def _walked(way: Way) -> bool:
    return way.by_day


# --- paging ----------------------------------------------------------------------------------


@fault("paging", "told", fits=_paged)
def page_twice(d: Draft, rng: random.Random) -> None:
    if d.cont == "Y":
        d.key = f"{d.at}-again"  # asked with it, the server gives this page again


@fault("paging", "told", fits=_paged)
def key_again(d: Draft, rng: random.Random) -> None:
    d.cont, d.key = "Y", f"{d.at}"


@fault("paging", "told", fits=_paged)
def more_without_a_key(d: Draft, rng: random.Random) -> None:
    d.cont, d.key = "Y", ""


@fault("paging", "told", fits=_paged)
def empty_and_more(d: Draft, rng: random.Random) -> None:
    d.rows, d.cont, d.key = [], "Y", f"{d.at}"


@fault("paging", "told", fits=_walked)
def early_end(d: Draft, rng: random.Random) -> None:
    d.cont, d.key = "N", ""


@fault("paging", "told", fits=_walked)
def early_and_empty(d: Draft, rng: random.Random) -> None:
    d.rows, d.cont, d.key = [], "N", ""


@fault("paging", "told", fits=_paged)
def no_word_of_paging(d: Draft, rng: random.Random) -> None:
    d.cont = d.key = None


@fault("paging", "told", fits=_paged)
def an_odd_word_of_paging(d: Draft, rng: random.Random) -> None:
    d.cont = rng.choice(["", "X", "true", "1", "YN"])


@fault("paging", "told", fits=_paged)
def the_last_and_a_key(d: Draft, rng: random.Random) -> None:
    d.cont, d.key = "N", d.key or f"{d.at}"


@fault("paging", "same", fits=_paged)
def words_in_other_letters(d: Draft, rng: random.Random) -> None:
    d.cont = f" {d.cont.lower()} " if d.cont else d.cont


@fault("paging", "told", fits=_listed)
def rows_shuffled(d: Draft, rng: random.Random) -> None:
    rng.shuffle(d.rows)


@fault("paging", "told", fits=_listed)
def rows_ascending(d: Draft, rng: random.Random) -> None:
    d.rows.reverse()


@fault("paging", "told", fits=_dense)
def a_row_skipped(d: Draft, rng: random.Random) -> None:
    if len(d.rows) > 2:
        del d.rows[rng.randrange(1, len(d.rows) - 1)]


@fault("paging", "told", fits=_dated)
def a_row_doubled(d: Draft, rng: random.Random) -> None:
    at = rng.randrange(len(d.rows)) if d.rows else 0
    d.rows[at:at] = d.rows[at : at + 1]


# --- shape -----------------------------------------------------------------------------------


def _list_as(name: str, value: object) -> None:
    def change(d: Draft, rng: random.Random) -> None:
        d.rows = value

    fault("shape", "told", fits=_listed, name=f"the list {name}")(change)


for _name, _value in (("null", None), ("a text", "x"), ("blank", ""), ("a dict", {"a": "1"}), ("a number", 5),
                      ("of texts", ["x"]), ("of lists", [["x"]]), ("of nothing", [{}])):  # fmt: skip
    _list_as(_name, _value)


@fault("shape", "told", fits=_listed)
def no_list(d: Draft, rng: random.Random) -> None:
    assert d.way is not None
    d.envelope.pop(d.way.list_key or "")


def _row(d: Draft, rng: random.Random) -> int:
    return rng.randrange(len(d.rows)) if d.rows else -1


def _in_place_of_a_row(name: str, value: object) -> None:
    def change(d: Draft, rng: random.Random) -> None:
        if (at := _row(d, rng)) >= 0:
            d.rows[at] = value  # type: ignore[call-overload]

    fault("shape", "told", fits=_dense, name=f"a row {name}")(change)


for _name, _value in (("null", None), ("a list", ["1"]), ("a text", "x"), ("empty", {})):
    _in_place_of_a_row(_name, _value)


def _cell(d: Draft, rng: random.Random, *, numbers: bool = True) -> tuple[Row, str] | None:
    """A cell of a number that is not the row's own name."""
    assert d.way is not None
    at = _row(d, rng)
    if at < 0 or not isinstance(d.rows[at], dict):
        return None
    row = d.rows[at]
    keys = [
        key
        for key, _, write in d.way.columns[1:]
        if row.get(key) and (not numbers or write.__name__ in NUMBERS)
    ]
    return (row, rng.choice(keys)) if keys else None


def _number(d: Draft, rng: random.Random, make: Callable[[str], object]) -> None:
    found = _cell(d, rng)
    if found is not None:
        row, key = found
        row[key] = make(row[key])


def _plain(text: str) -> int:
    return -int(text.strip("+-")) if "-" in text else int(text.strip("+-"))


def _cell_as(name: str, right: Right, make: Callable[[str], object]) -> None:
    fault("shape", right, name=f"a cell {name}")(lambda d, rng: _number(d, rng, make))


_cell_as("a number", "same", _plain)
_cell_as("a number with a point", "told", lambda text: float(_plain(text)))
_cell_as("true", "told", lambda text: True)
_cell_as("a list", "told", lambda text: [text])
_cell_as("a dict", "told", lambda text: {"value": text})
_cell_as("a deep list", "told", lambda text: json.loads("[" * 900 + "]" * 900))
_cell_as("NaN", "told", lambda text: float("nan"))
_cell_as("Infinity", "told", lambda text: float("inf"))
_cell_as("a text of NaN", "told", lambda text: "NaN")
_cell_as("a text with an exponent", "told", lambda text: "1e3")
_cell_as("a text with letters", "told", lambda text: f"{text}x")
_cell_as("of wide digits", "told", lambda text: text.translate({48 + n: 0xFF10 + n for n in range(10)}))
_cell_as("beyond 64 bits", "told", lambda text: "9" * 25)
_cell_as("with blanks around", "same", lambda text: f" {text}\t")
_cell_as("filled with zeros", "same", lambda text: text.replace(text.strip("+-"), text.strip("+-").zfill(15)))
_cell_as("with a point and zeros", "same", lambda text: f"{text}.00")


@fault("shape", "told", name="an exponent")
def _exponent(d: Draft, rng: random.Random) -> None:
    found = _cell(d, rng)
    if found is not None:
        row, key = found
        value, row[key] = _plain(row[key]), 0.123456789
        written = f"{value / 1000!r}e3" if rng.random() < 0.5 else "1e999"
        d.content = d.text.replace(b"0.123456789", written.encode())


def _blanked(name: str, value: object) -> None:
    """The server says itself that there is none: null, and nobody can know better."""

    def change(d: Draft, rng: random.Random) -> None:
        found = _cell(d, rng)
        if found is not None:
            row, key = found
            row[key] = value
            assert d.way is not None
            d.spoilt.add((str(row[d.way.columns[0][0]]), key))

    fault("shape", "told", name=f"a cell {name}")(change)


_blanked("null", None)
_blanked("blank", "")
_blanked("of spaces", "   ")
_blanked("of a full field", "4294967295")  # the value is lost; that is told each time


@fault("shape", "told")
def a_key_missing(d: Draft, rng: random.Random) -> None:
    if (found := _cell(d, rng, numbers=False)) is not None:
        del found[0][found[1]]


@fault("shape", "told")
def a_key_missing_in_all_rows(d: Draft, rng: random.Random) -> None:
    if (found := _cell(d, rng, numbers=False)) is not None:
        for row in d.rows:
            row.pop(found[1], None)


@fault("shape", "told")
def a_key_more(d: Draft, rng: random.Random) -> None:
    if (at := _row(d, rng)) >= 0:
        d.rows[at]["new_key"] = "5"


def _twice(d: Draft, rng: random.Random, other: str) -> None:
    found = _cell(d, rng)
    if found is not None:
        row, key = found
        text, row[key] = row[key], "@@@"
        pair = json.dumps(key) + ": "
        again = other or text
        two = [f'"{text}"', f'"{again}"']
        rng.shuffle(two)
        d.content = d.text.replace(f'{pair}"@@@"'.encode(), f"{pair}{two[0]}, {pair}{two[1]}".encode())


fault("shape", "same", name="a key twice, alike")(lambda d, rng: _twice(d, rng, ""))
fault("shape", "told", name="a key twice, otherwise")(lambda d, rng: _twice(d, rng, "77"))


@fault("shape", "told", fits=_dated)
def no_date(d: Draft, rng: random.Random) -> None:
    if (at := _row(d, rng)) >= 0 and d.way is not None:
        del d.rows[at][d.way.columns[0][0]]


def _date_as(name: str, value: object) -> None:
    def change(d: Draft, rng: random.Random) -> None:
        if (at := _row(d, rng)) >= 0 and d.way is not None:
            d.rows[at][d.way.columns[0][0]] = value

    fault("shape", "told", fits=_dated, name=f"a date {name}")(change)


for _name, _value in (("null", None), ("blank", ""), ("of words", "어제"),
                      ("that is none", "20200230"), ("of zeros", "00000000"),
                      ("of nines", "99999999"), ("true", True), ("a list", [1])):  # fmt: skip
    _date_as(_name, _value)
