"""What the command line gives out: lines on a terminal, and frames in files."""

from __future__ import annotations

import sys
import time as clock
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import click

from kiwoomdata.masking import CONTROL, plain

__all__ = [
    "MODE",
    "NO_KEYS",
    "PORT",
    "check_out",
    "check_plot",
    "client_for",
    "one_line_each",
    "plain",
    "plot",
    "say",
    "show",
    "until_stopped",
    "write",
]

_SUFFIXES = (".parquet", ".csv", ".json", ".ndjson", ".xlsx", ".sqlite")
PORT = click.IntRange(0, 65535)
MODE = click.option(
    "--mode", type=click.Choice(["simulator", "mock", "real"]), help="Which server; else KIWOOM_MODE."
)
NO_KEYS = """no key was found. Three ways:
  1. try it without keys:       add --mode simulator
  2. with a mock account's key: set KIWOOM_APP_KEY and KIWOOM_APP_SECRET, and add --mode mock
  3. with a real account's key: set KIWOOM_APP_KEY and KIWOOM_APP_SECRET"""


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


def client_for(mode: str | None, **settings: Any) -> Any:
    import kiwoomdata as kd
    from kiwoomdata.client import NO_CHOICE

    try:
        return kd.Client(mode, **settings)  # type: ignore[arg-type]
    except kd.ConfigError as error:
        if str(error) == NO_CHOICE:
            raise click.ClickException(NO_KEYS) from None
        raise


def until_stopped(*lines: str) -> None:
    """Say where the server is and wait for Ctrl-C, which is how it is meant to end."""
    with suppress(KeyboardInterrupt):
        click.echo("\n".join(lines))
        sys.stdout.flush()
        while True:
            clock.sleep(1)  # an Event's wait without a limit does not hear Ctrl-C beside polars 2.1


def check_out(out: str, suffixes: Sequence[str] | None = None) -> None:
    """Refuse before any request what could not be written after it."""
    path = Path(out)
    if out == "-" and suffixes is None:
        return
    if path.suffix not in (suffixes or _SUFFIXES):
        screen = "" if suffixes else ", or '-'"
        told = ", ".join(suffixes or _SUFFIXES)
        raise click.UsageError(f"--out: expected a name ending in {told}{screen}, got {out!r}")
    if not path.parent.is_dir():
        raise click.UsageError(f"--out: there is no folder {str(path.parent)!r}; make it first")
    if path.suffix == ".xlsx" and find_spec("xlsxwriter") is None:  # polars writes with it
        raise ImportError("--out: .xlsx needs xlsxwriter: pip install 'kiwoomdata[excel]'")


def write(frame: Any, out: str, name: str) -> None:
    """A frame to a file by its ending, or as CSV to stdout; ``name`` is its table in a database."""
    import polars as pl

    from kiwoomdata.cli.export import export, unquoted

    if out == "-":  # a terminal, as often as not
        frame = frame.rename(plain).with_columns(pl.col(pl.String).str.replace_all(CONTROL, "\ufffd"))
        click.echo(unquoted(frame).write_csv(), nl=False)
        return
    export(frame.lazy(), out, name)
    say(f"{frame.height:,} rows x {frame.width} columns to {out}", err=True)


def check_plot(function: str, picture: str) -> None:
    """Refuse before any request what could not be drawn after it."""
    try:
        import matplotlib as mpl
    except ImportError:
        raise ImportError("--plot needs matplotlib: pip install 'kiwoomdata[plot]'") from None
    mpl.use("Agg")  # a file, whatever screen there is
    from kiwoomdata.plot import CHART_OF
    from kiwoomdata.plot.style import writable

    if function not in CHART_OF:
        raise click.UsageError(f"--plot: no chart of {function}; there is one of {', '.join(CHART_OF)}")
    try:
        writable(picture)
    except ValueError as error:
        raise click.UsageError(f"--plot: {str(error).removeprefix('save: ')}") from None


def plot(frame: Any, function: str, picture: str) -> None:
    from kiwoomdata.plot import CHART_OF

    CHART_OF[function](frame, save=picture)
    say(f"a chart to {picture}", err=True)


def show(frame: Any) -> None:
    import polars as pl

    with pl.Config(
        tbl_rows=-1, tbl_cols=-1, tbl_width_chars=160, fmt_str_lengths=60, tbl_hide_dataframe_shape=True
    ):
        click.echo(str(frame))
