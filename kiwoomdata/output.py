"""What the command line gives out: lines on a terminal, and frames in files."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import click

__all__ = ["check_out", "one_line_each", "plain", "say", "write"]

_SUFFIXES = (".parquet", ".csv", ".json", ".ndjson", ".xlsx")

# What a terminal obeys instead of showing it, and what reorders a line.
_CONTROL = "[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]"


def plain(text: object) -> str:
    """A text as it may be shown on a terminal, whoever wrote it."""
    return re.sub(_CONTROL, "\ufffd", str(text))


def say(text: object, err: bool = False) -> None:
    click.echo(plain(text), err=err)


@contextmanager
def one_line_each(lines: list[str] | None = None) -> Iterator[None]:
    """Tell this package's warnings in a line each, without the file they come from; or collect them."""
    from kiwoomdata.errors import KiwoomDataWarning

    def show(message: Warning | str, category: type[Warning], *where: Any, **more: Any) -> None:
        line = " ".join(str(message).split())
        if not issubclass(category, KiwoomDataWarning):
            others(message, category, *where, **more)
        elif lines is None:
            say(f"warning: {line}", err=True)
        elif line not in lines:
            lines.append(line)

    with warnings.catch_warnings():
        others = warnings.showwarning
        warnings.simplefilter("always", KiwoomDataWarning)
        warnings.showwarning = show
        yield


def check_out(out: str) -> None:
    """Refuse before any request what could not be written after it."""
    path = Path(out)
    if out == "-":
        return
    if path.suffix not in _SUFFIXES:
        raise click.UsageError(
            f"--out: expected a name ending in {', '.join(_SUFFIXES)}, or '-', got {out!r}"
        )
    if not path.parent.is_dir():
        raise click.UsageError(f"--out: there is no folder {str(path.parent)!r}; make it first")
    if path.suffix == ".xlsx" and find_spec("xlsxwriter") is None:  # polars writes with it
        raise ImportError("--out: .xlsx needs xlsxwriter: pip install 'kiwoomdata[excel]'")


def write(frame: Any, out: str) -> None:
    import polars as pl
    from polars import selectors as cs

    path = Path(out)
    if out == "-":  # a terminal, as often as not
        frame = frame.rename(plain).with_columns(pl.col(pl.String).str.replace_all(_CONTROL, "\ufffd"))
    if out == "-" or path.suffix == ".csv":
        quoted = pl.col(pl.String).str.replace(r"^([=+\-@\t\r])", "'$1")
        text = frame.with_columns(quoted).rename(lambda name: re.sub(r"^(?=[=+\-@\t\r])", "'", name))
        if out == "-":
            click.echo(text.write_csv(), nl=False)
            return
        text.write_csv(path, include_bom=True)  # without which Excel takes Korean for something else
    elif path.suffix == ".xlsx":  # which knows no time zones
        frame.with_columns(cs.datetime(time_zone="*").dt.replace_time_zone(None)).write_excel(path)
    else:
        getattr(frame, f"write_{path.suffix[1:]}")(path)
    say(f"{frame.height:,} rows x {frame.width} columns to {path}", err=True)
