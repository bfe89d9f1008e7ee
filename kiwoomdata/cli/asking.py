"""Commands that ask: get, describe, find."""

from __future__ import annotations

import inspect
from typing import Any

import click

from kiwoomdata._public import FRAMES
from kiwoomdata.cli.groups import nearest
from kiwoomdata.cli.output import (
    MODE,
    check_out,
    check_plot,
    client_for,
    one_line_each,
    plot,
    say,
    show,
    write,
)

__all__ = ["FUNCTIONS", "describe", "find", "get"]


FUNCTIONS = (*(name for name in FRAMES if name not in ("catalogue", "describe", "find")),)


@click.command(context_settings={"ignore_unknown_options": True})
@click.argument(
    "function", shell_complete=lambda ctx, param, word: [n for n in FUNCTIONS if n.startswith(word)]
)
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
@MODE
@click.option(
    "--out",
    default=None,
    help="A file ending in .parquet, .csv, .json, .ndjson, .xlsx or .sqlite, or '-' for CSV on stdout, which "
    "it is without --plot.",
)
@click.option("--plot", "picture", help="A file ending in .png, .svg or .pdf, for the chart of the frame.")
@click.option("--estimate", is_flag=True, help="Tell what the call would cost, and send nothing.")
def get(
    function: str,
    arguments: tuple[str, ...],
    mode: str | None,
    out: str | None,
    picture: str | None,
    *,
    estimate: bool,
) -> None:
    """Call a function of the package and write its frame.

    Arguments are the function's own, in order or as --name value; several symbols with commas.
    A text that a spreadsheet would take for a formula gets a ' before it in CSV.

    \b
    Examples:
      kiwoomdata get daily_prices 005930,000660 2024-01-02 2024-12-30 --out prices.parquet
      kiwoomdata get investor_flows 005930 --start 2024-01-02 --measure value --mode simulator
      kiwoomdata get candles 삼성전자 --period 1y --plot out.png
      kiwoomdata get request ka10004 --stk_cd 005930 | head
    """
    import kiwoomdata as kd

    if function not in FUNCTIONS:
        hint = nearest(function, FUNCTIONS) or f" There are {', '.join(FUNCTIONS)}."
        raise click.UsageError(f"function: no {function!r}.{hint}")
    asked = getattr(kd, function)
    positional, named = _split(arguments, asked)
    _check_arguments(function, asked, positional, named)
    if estimate:
        if not hasattr(kd.estimate, function):
            raise click.UsageError(f"--estimate: {function} asks for no frame of the market's")
        click.echo(getattr(kd.estimate, function)(*positional, **named, client=client_for(mode)))
        return
    if out is None and picture is None:
        out = "-"
    if out is not None:
        check_out(out)
    if picture is not None:
        check_plot(function, picture)
    lines: list[str] = []
    with one_line_each(lines):
        frame = asked(*positional, **named, client=client_for(mode))
    if frame.is_empty():
        say(f"no rows: {' '.join(lines) or f'{function} found nothing'}", err=True)
        raise SystemExit(3)
    for line in lines:
        say(f"warning: {line}", err=True)
    if out is not None:
        write(frame, out, function)
    if picture is not None:
        plot(frame, function, picture)


def _check_arguments(name: str, function: Any, positional: list[Any], named: dict[str, Any]) -> None:
    """Say what is missing or too much in words of the command line, not of Python."""
    parameters = inspect.signature(function).parameters
    own = parameters.values()
    if not any(each.kind is each.VAR_KEYWORD for each in own):
        for unknown in named.keys() - parameters.keys() - {"as_"}:  # the function has a word on as_
            hint = nearest(unknown, [*parameters.keys() - {"client"}, "mode", "out", "plot"])
            raise click.UsageError(f"--{unknown}: no such option.{hint or f' See help(kd.{name}).'}")
    places = {
        each.name: each.default is each.empty for each in own if each.kind is each.POSITIONAL_OR_KEYWORD
    }
    needed = [place for place, must in places.items() if must]
    words = [place.upper() if must else f"[{place.upper()}]" for place, must in places.items()]
    usage = f"Usage: kiwoomdata get {name} {' '.join(words)}"
    if missing := [n for n in needed[len(positional) :] if n not in named]:
        raise click.UsageError(f"{missing[0]}: missing. {usage}")
    if len(positional) > len(places):
        raise click.UsageError(f"{positional[len(places)]!r}: more arguments than {name} takes. {usage}")
    if twice := [n for n in list(places)[: len(positional)] if n in named]:
        raise click.UsageError(f"{twice[0]}: given twice, in its place and as --{twice[0]}. {usage}")


def _split(arguments: tuple[str, ...], function: Any) -> tuple[list[Any], dict[str, Any]]:
    """The arguments as the function takes them: whole numbers and yes or no where its signature says so."""
    kinds = {
        name: str(each.annotation).removesuffix(" | None")
        for name, each in inspect.signature(function).parameters.items()
    }
    positional: list[Any] = []
    named: dict[str, Any] = {}
    rest = iter(arguments)
    for word in rest:
        if not word.startswith("--"):
            positional.append(word.split(",") if "," in word else word)
            continue
        name, equals, value = word[2:].partition("=")
        if not equals:
            if (following := next(rest, None)) is None:
                raise click.UsageError(f"--{name} needs a value")
            value = following  # also a blank, which the vendor's own requests hold
        name = name.replace("-", "_")
        if name == "client":
            raise click.UsageError(f"--{name}: not for the command line, which writes what --out says")
        if kinds.get(name) == "bool":
            named[name] = click.BOOL.convert(value, None, None)
        elif kinds.get(name) == "int":
            if not value.isdecimal():
                raise click.UsageError(f"--{name}: expected a whole number, got {value!r}")
            named[name] = int(value)
        else:
            named[name] = value.split(",") if "," in value else value
    return positional, named


@click.command()
@click.argument("api_id", required=False)
def describe(api_id: str | None) -> None:
    """List the TRs, live feeds and condition calls, or the keys of one of them, of a function or a column.

    \b
    Examples:
      kiwoomdata describe ka10086
      kiwoomdata describe candles
      kiwoomdata describe 9068
    """
    import kiwoomdata as kd

    show(kd.catalogue() if api_id is None else kd.describe(api_id))


@click.command()
@click.argument("text")
def find(text: str) -> None:
    """Find functions, TRs, feeds and columns by English or Korean words, or by the API's key.

    \b
    Examples:
      kiwoomdata find 수급
      kiwoomdata find "short selling"
    """
    import kiwoomdata as kd

    hits = kd.find(text)
    if hits.is_empty():
        raise click.ClickException(f"nothing in the catalogue is like {text!r}")
    show(hits)
