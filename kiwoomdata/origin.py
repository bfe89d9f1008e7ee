"""Where a frame comes from: every frame of this package can say."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import date, datetime
from typing import Any

from kiwoomdata.errors import KiwoomDataWarning
from kiwoomdata.telling import warn

__all__ = ["Provenance", "attach", "attached", "provenance"]

_ATTRIBUTE = "_kiwoomdata_provenance"
_LISTS = ("empty", "doubtful", "absent", "notes")


@dataclass(frozen=True)
class Provenance:
    """Where a frame comes from, and whether it is whole."""

    api_id: str
    params: Mapping[str, Any]
    server: str
    fetched_at: datetime
    pages: int = 0
    rows: int = 0
    requests: int = 0
    """Requests sent for this frame, retries included, the token's not."""
    cached_rows: int = 0
    """Rows that came from the store."""
    duplicates: int = 0
    """Rows dropped because pages overlapped."""
    truncated: bool = False
    why: str = ""
    """Why the paging ended."""
    empty: tuple[str, ...] = ()
    """Symbols (or the TR, where it takes none) without rows where there should be some."""
    missing: Mapping[str, tuple[date, ...]] = field(default_factory=dict)
    """By symbol, the trading days without a row, of a TR that has one for each; of longer bars, the first day
    of each period without."""
    begins: Mapping[str, date] = field(default_factory=dict)
    """By symbol, the day of the server's oldest minute or trade, where the range begins earlier."""
    dateless: Mapping[str, int] = field(default_factory=dict)
    """By symbol, how many rows had values but no day."""
    doubtful: tuple[str, ...] = ()
    """Symbols whose paging ended before the range did, as a history that begins there ends."""
    mistaken: Mapping[str, str] = field(default_factory=dict)
    """By symbol, the code that its answer names, where that is another than was asked for."""
    absent: tuple[str, ...] = ()
    """Keys of the catalogue that the server left out, as the API spells them."""
    as_of: date | None = None
    """The day to which the store's rows are relative, where they are."""
    units: Mapping[str, str] = field(default_factory=dict)
    failures: Mapping[str, str] = field(default_factory=dict)
    """Symbols that failed, and how."""
    notes: tuple[str, ...] = ()
    """What was done otherwise than asked, such as an end in the future that was taken for today."""

    @property
    def cache_hits(self) -> int:
        return self.cached_rows

    def as_dict(self) -> dict[str, Any]:
        """The same as plain values, for ``DataFrame.attrs`` and for JSON."""
        plain = asdict(self)
        plain["fetched_at"] = self.fetched_at.isoformat()
        plain["as_of"] = self.as_of.isoformat() if self.as_of else None
        plain |= {name: list(plain[name]) for name in _LISTS}
        plain["missing"] = {name: [day.isoformat() for day in days] for name, days in self.missing.items()}
        plain["begins"] = {name: day.isoformat() for name, day in self.begins.items()}
        return {**plain, "params": dict(self.params), "units": dict(self.units)}

    @classmethod
    def from_dict(cls, plain: Mapping[str, Any]) -> Provenance:
        """The provenance that :meth:`as_dict` gave."""
        kept = dict(plain, fetched_at=datetime.fromisoformat(plain["fetched_at"]))
        kept["as_of"] = date.fromisoformat(plain["as_of"]) if plain["as_of"] else None
        kept |= {name: tuple(plain[name]) for name in _LISTS}
        kept["missing"] = {
            name: tuple(map(date.fromisoformat, days)) for name, days in plain["missing"].items()
        }
        begins = plain.get("begins", {})  # files of 0.1 have none
        kept["begins"] = {name: date.fromisoformat(day) for name, day in begins.items()}
        return cls(**kept)

    def merged(self, others: list[Provenance], params: Mapping[str, Any]) -> Provenance:
        """One provenance for the frames of several symbols."""
        every = [self, *others]
        return replace(
            self,
            params=params,
            pages=sum(p.pages for p in every),
            rows=sum(p.rows for p in every),
            requests=sum(p.requests for p in every),
            cached_rows=sum(p.cached_rows for p in every),
            duplicates=sum(p.duplicates for p in every),
            truncated=any(p.truncated for p in every),
            why="; ".join(dict.fromkeys(p.why for p in every if p.why)),
            missing={name: days for p in every for name, days in p.missing.items()},
            begins={name: day for p in every for name, day in p.begins.items()},
            dateless={name: count for p in every for name, count in p.dateless.items()},
            mistaken={name: code for p in every for name, code in p.mistaken.items()},
            empty=tuple(dict.fromkeys(name for p in every for name in p.empty)),
            doubtful=tuple(dict.fromkeys(name for p in every for name in p.doubtful)),
            absent=tuple(dict.fromkeys(key for p in every for key in p.absent)),
            notes=tuple(dict.fromkeys(note for p in every for note in p.notes)),
            fetched_at=max(p.fetched_at for p in every),
            as_of=max((p.as_of for p in every if p.as_of), default=None),
        )


def attach(frame: Any, source: Provenance) -> Any:
    """Hang ``source`` on a polars or pandas frame, and return the frame."""
    if hasattr(frame, "attrs"):
        frame.attrs["kiwoomdata"] = source.as_dict()
    else:
        setattr(frame, _ATTRIBUTE, source)
    return frame


def attached(frame: Any) -> Provenance | None:
    """What hangs on a frame, if anything does."""
    if hasattr(frame, "attrs"):
        stored = frame.attrs.get("kiwoomdata")
        return None if stored is None else Provenance.from_dict(stored)
    found: Provenance | None = getattr(frame, _ATTRIBUTE, None)
    return found


def provenance(frame: Any) -> Provenance | None:
    """Tell where a frame comes from; None for a frame that this package did not return.

    A polars frame carries its provenance itself, and loses it with the first operation, because
    polars frames have no place for such things; a pandas frame carries it in
    ``frame.attrs["kiwoomdata"]``. :func:`kiwoomdata.write_parquet` keeps it in a file.

    Warns
    -----
    KiwoomDataWarning
        A polars frame that carries none, such as one that was filtered.

    Examples
    --------
    >>> import kiwoomdata as kd
    >>> kd.use("simulator")
    >>> frame = kd.daily_prices("005930", "2024-01-02", "2024-01-31")
    >>> source = kd.provenance(frame)
    >>> source.api_id, source.rows == frame.height, source.truncated
    ('ka10086', True, False)
    """
    found = attached(frame)
    if found is None and type(frame).__module__.startswith("polars."):
        warn(
            "provenance: this polars frame carries none: polars lets go of it with the first operation on a "
            "frame. Ask before you filter, of the frame as it was returned; "
            "kd.write_parquet(frame, path, source=...) keeps what you asked with what you made of it",
            KiwoomDataWarning,
        )
    return found
