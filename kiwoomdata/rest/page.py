"""One answer of the server: its headers, its body's bytes, and the rows in it. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import msgspec
import polars as pl

from kiwoomdata.entries.entry import Part
from kiwoomdata.errors import TransportError
from kiwoomdata.masking import brief

__all__ = ["Page", "contradictions"]

_LIST = msgspec.json.Decoder(list[msgspec.Raw])
_ROW = msgspec.json.Decoder(dict[str, Any])
_BRACE = ord("{")
_NOTHING = (b"null", b'""', b"[]")


@dataclass(frozen=True)
class Page:
    """One answer as served: headers in lower case, and the body's bytes."""

    api_id: str
    headers: Mapping[str, str]
    content: bytes = field(repr=False)
    envelope: Mapping[str, msgspec.Raw] = field(repr=False, compare=False)
    """The body's keys, their values not read yet."""

    @property
    def more(self) -> bool:
        return self.headers.get("cont-yn", "").strip().upper() == "Y"

    @property
    def next_key(self) -> str:
        return self.headers.get("next-key", "").strip()

    @property
    def unsaid(self) -> str:
        """Why the headers do not tell whether there is more; blank where they do.

        Every list that was seen ended with ``N`` and a blank key; nobody has seen anything else live.
        """
        said = self.headers.get("cont-yn", "").strip()
        if not said:
            return "the server did not say whether there is more (no cont-yn)"
        if said.upper() not in ("Y", "N"):
            return f"the server did not say plainly whether there is more (cont-yn {brief(said)!r})"
        if said.upper() == "N" and self.next_key:
            key = brief(self.next_key)
            return f"the server called this the last page and sent the key {key!r} to the next"
        return ""

    @cached_property
    def json(self) -> dict[str, Any]:
        """The body as plain Python values."""
        return {key: self.value(key) for key in self.envelope}

    def value(self, key: str) -> Any:
        """The plain value of one of the body's keys."""
        try:
            return msgspec.json.decode(self.envelope[key])
        except msgspec.ValidationError:  # 1e999: of what else there can be all is taken
            raise TransportError(f"{self.api_id}: {key} holds a number that is out of range") from None

    def height(self, part: Part) -> int:
        """How many rows a list has; the all-blank row that means "nothing" (May 2026) is none."""
        table = self.table(part)
        return len(self._rows(part)) if table is None else table.height

    def table(self, part: Part) -> pl.DataFrame | None:
        """The rows as text columns, where they have the part's keys and no other; None where that is unsure.

        Null is what the server left out, and a blank what it sent nothing under.
        """
        if part.name not in self._tables:
            self._tables[part.name] = self._read(part)
        return self._tables[part.name]

    @cached_property
    def _tables(self) -> dict[str, pl.DataFrame | None]:
        return {}

    def _read(self, part: Part) -> pl.DataFrame | None:
        """The table, read in one go.

        polars drops keys that its schema lacks. But a JSON pair has exactly one colon outside its texts, so
        where there are as many colons as cells that are not null, no key was dropped, none came twice, and no
        text held a colon. Page by page, as a page is small enough for the processor to have it at hand.
        """
        data = bytes(self.envelope.get(part.key or "", b"[]"))
        schema = dict.fromkeys(part.by_key, pl.String())
        if data in _NOTHING:
            return pl.DataFrame(schema=schema)
        try:
            table = pl.read_json(data, schema=schema)
        except pl.exceptions.PolarsError:
            return None
        nulls = {key: count for key, count in table.null_count().row(0, named=True).items() if count}
        cells = table.height * table.width - sum(nulls.values())
        if not data.startswith(b"[") or cells != data.count(b":"):
            return None
        for key in nulls:
            sent = len(re.findall(rb'"%s"\s*:' % key.encode(), data))
            if 0 < sent < table.height:
                return None
            if sent:
                table = table.with_columns(pl.col(key).fill_null(""))
        nothing = table.height == 1 and not any((cell or "").strip() for cell in table.row(0))
        return table.clear() if nothing else table

    def dicts(self, part: Part) -> list[dict[str, Any]]:
        """The rows one by one. A key that a row has twice, and differently, has a list of both values."""
        try:
            rows = self._rows(part)
            read = [_ROW.decode(row) for row in rows]
            for raw, row in zip(rows, read, strict=True):
                if bytes(raw).count(b":") > len(row):
                    row |= contradictions(raw)
            return read
        except msgspec.ValidationError:
            raise TransportError(f"{self.api_id}: {part.key} holds a number that is out of range") from None

    def _rows(self, part: Part) -> Sequence[msgspec.Raw]:
        raw = self.envelope.get(part.key or "")
        if raw is None or bytes(raw) in _NOTHING:
            return []
        try:
            rows = _LIST.decode(raw)
            if {memoryview(row)[0] for row in rows} - {_BRACE}:
                raise TransportError(f"{self.api_id}: {part.key} is not a list of rows")
            if len(rows) == 1 and not any(str(v or "").strip() for v in _ROW.decode(rows[0]).values()):
                return []
        except msgspec.ValidationError:
            raise TransportError(f"{self.api_id}: {part.key} is not a list of rows") from None
        return rows

    def texts(self, part: Part, key: str) -> list[str]:
        """The texts of one key that are not blank."""
        table = self.table(part)
        values: list[Any] = (
            [row.get(key) for row in self.dicts(part)] if table is None else table[key].to_list()
        )
        with suppress(TypeError):  # a value that is no text
            if "".join(values).isdecimal() and all(values):
                return values
        return [text for value in values if value is not None and (text := str(value).strip())]


def contradictions(text: bytes | msgspec.Raw) -> dict[str, list[Any]]:
    """The keys that a JSON object has more than once, with different values, and all of these."""
    told: dict[str, list[Any]] = {}
    for key, value in json.loads(bytes(text), object_pairs_hook=tuple):
        if value not in told.setdefault(key, []):
            told[key].append(value)
    return {key: values for key, values in told.items() if len(values) > 1}
