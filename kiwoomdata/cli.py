"""The command line. The only room that prints."""

from __future__ import annotations

import difflib
import errno
import inspect
import sys
from collections.abc import Iterable
from datetime import date, datetime, time
from typing import Any

import click

from kiwoomdata._public import FRAMES
from kiwoomdata._version import __version__
from kiwoomdata.cli_recordings import record, replay, ticks
from kiwoomdata.output import (
    MODE,
    NO_KEYS,
    PORT,
    check_out,
    check_plot,
    client_for,
    one_line_each,
    plain,
    plot,
    say,
    until_stopped,
    write,
)

__all__ = ["main"]

EXIT_CODES = """
\b
Exit codes: 0 done; 1 the server or the data said no; 2 wrong arguments; 3 the answer has no rows;
130 stopped with Ctrl-C. What runs until Ctrl-C is done by it: 0.
\b
Names complete after a line in your shell's start file:
  bash (~/.bashrc)   eval "$(_KIWOOMDATA_COMPLETE=bash_source kiwoomdata)"
  zsh  (~/.zshrc)    eval "$(_KIWOOMDATA_COMPLETE=zsh_source kiwoomdata)"
"""
_FUNCTIONS = (*(name for name in FRAMES if name not in ("catalogue", "describe", "find")),)
_YES_OR_NO = ("refresh", "offline")
_NUMBERS = ("max_pages", "max_requests")


def _nearest(word: str, words: Iterable[str]) -> str:
    near = difflib.get_close_matches(word, list(words), n=1)
    return f" Did you mean {near[0]!r}?" if near else ""


class _Suggesting(click.Group):
    """Suggests the name of a command that was misspelt."""

    def resolve_command(self, ctx: click.Context, args: list[str]) -> Any:
        if args and self.get_command(ctx, args[0]) is None and not args[0].startswith("-"):
            raise click.UsageError(f"no command {args[0]!r}.{_nearest(args[0], self.commands)}", ctx)
        return super().resolve_command(ctx, args)


class _Commands(_Suggesting):
    """Turns this package's errors into one line and an exit code."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            with one_line_each():
                return super().invoke(ctx)
        except (KeyboardInterrupt, click.Abort):
            click.echo("stopped", err=True)
            raise SystemExit(130) from None
        except (ValueError, TypeError) as error:
            raise click.UsageError(plain(error)) from error
        except ImportError as error:
            raise click.ClickException(plain(error)) from error
        except OSError as error:
            if error.errno == errno.EPIPE:  # whoever read our output has seen enough; click knows
                raise
            raise click.ClickException(plain(error)) from error
        except Exception as error:
            from kiwoomdata.errors import KiwoomDataError

            if not isinstance(error, KiwoomDataError):
                raise
            raise click.ClickException(plain(f"{type(error).__name__}: {error}")) from error


@click.group(cls=_Commands, epilog=EXIT_CODES, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__)
def main() -> None:
    """Kiwoom market data as frames that can be trusted. Try it without keys: kiwoomdata demo"""


for recording in (record, replay, ticks):
    main.add_command(recording)


@main.command()
def demo() -> None:
    """Show the main job on an embedded simulator, without keys."""
    from kiwoomdata.demo import demo as run

    run()


@main.command()
@click.option("--port", type=PORT, default=0, help="Port of the REST side; 0 takes a free one.")
@click.option("--seed", default=1, show_default=True, help="Which synthetic market.")
@click.option(
    "--rate", default="5/s", show_default=True, help="The quota it enforces: '5/s', '1/s burst 2', 'none'."
)
@click.option(
    "--day", "--today", "today", type=click.DateTime(["%Y-%m-%d"]), help="Its day; left out, the latest one."
)
@click.option("--ws-port", type=PORT, default=0, help="Port of the live side; 0 takes a free one.")
@click.option(
    "--pace",
    default="60",
    show_default=True,
    help="How fast a day is played live: 1 as it was, 'max' as fast as it is read, 0 not at all.",
)
@click.option(
    "--after-day",
    type=click.Choice(["next", "again", "stop"]),
    default="next",
    show_default=True,
    help="What follows the end of a day: the next, the same again, or silence.",
)
def simulate(
    port: int, seed: int, rate: str, today: datetime | None, ws_port: int, pace: str, after_day: Any
) -> None:
    """Serve a synthetic market as Kiwoom's server would, until Ctrl-C.

    \b
    Example:
      kiwoomdata simulate --port 8080 --rate none
      kiwoomdata simulate --ws-port 10000 --day 2026-11-20 --pace 600
    """
    from kiwoomdata import simulator
    from kiwoomdata.simulator import switches

    day: date | None = today.date() if today else None
    now = time(18, 30) if today else None
    limit = None if rate == "none" else rate
    try:
        speed: Any = "max" if pace == "max" else float(pace)
        switches.check_pace(speed)
    except ValueError:
        raise click.UsageError(f"--pace: expected a number of 0 or more, or 'max', got {pace!r}") from None
    started = simulator.start(
        seed=seed,
        port=port,
        rate=limit,
        today=day,
        now=now,
        ws_port=ws_port,
        pace=speed,
        after_day=after_day,
    )
    with started as server:
        until_stopped(
            f"KIWOOM_BASE_URL={server.base_url}",
            f"KIWOOM_WS_URL={server.ws_url}",
            f"KIWOOM_APP_KEY={server.app_key}",
            f"KIWOOM_APP_SECRET={server.app_secret}",
        )


@main.command(context_settings={"ignore_unknown_options": True})
@click.argument(
    "function", shell_complete=lambda ctx, param, word: [n for n in _FUNCTIONS if n.startswith(word)]
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

    if function not in _FUNCTIONS:
        hint = _nearest(function, _FUNCTIONS) or f" There are {', '.join(_FUNCTIONS)}."
        raise click.UsageError(f"function: no {function!r}.{hint}")
    asked = getattr(kd, function)
    positional, named = _split(arguments)
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
            hint = _nearest(unknown, [*parameters.keys() - {"client"}, "mode", "out", "plot"])
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


def _split(arguments: tuple[str, ...]) -> tuple[list[Any], dict[str, Any]]:
    positional: list[Any] = []
    named: dict[str, Any] = {}
    rest = iter(arguments)
    for word in rest:
        if not word.startswith("--"):
            positional.append(word.split(",") if "," in word else word)
            continue
        name, equals, value = word[2:].partition("=")
        if not equals:
            value = next(rest, "")
            if not value:
                raise click.UsageError(f"--{name} needs a value")
        name = name.replace("-", "_")
        if name == "client":
            raise click.UsageError(f"--{name}: not for the command line, which writes what --out says")
        if name in _YES_OR_NO:
            named[name] = click.BOOL.convert(value, None, None)
        elif name in _NUMBERS:
            if not value.isdecimal():
                raise click.UsageError(f"--{name}: expected a whole number, got {value!r}")
            named[name] = int(value)
        else:
            named[name] = value.split(",") if "," in value else value
    return positional, named


@main.command()
@click.argument("api_id", required=False)
def describe(api_id: str | None) -> None:
    """List the TRs, live feeds and condition calls, or the keys of one of them.

    \b
    Examples:
      kiwoomdata describe ka10086
      kiwoomdata describe trade
    """
    import kiwoomdata as kd
    from kiwoomdata.entries.feeds import FEEDS

    every = [*kd.catalogue()["api_id"], *(feed.name for feed in FEEDS.values())]
    if api_id is not None and api_id not in every:
        hint = _nearest(api_id, every) or " kiwoomdata describe lists what is."
        raise click.UsageError(f"api_id: {api_id!r} is not in the catalogue.{hint}")
    _show(kd.describe(api_id) if api_id else kd.catalogue())


@main.command()
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
    _show(hits)


def _show(frame: Any) -> None:
    import polars as pl

    with pl.Config(
        tbl_rows=-1, tbl_cols=-1, tbl_width_chars=160, fmt_str_lengths=60, tbl_hide_dataframe_shape=True
    ):
        click.echo(str(frame))


@main.command()
@click.argument("symbols", nargs=-1, required=True)
@click.option("--from", "start", required=True, help="First day, such as 2024-01-02.")
@click.option("--to", "end", default=None, help="Last day; left out, today.")
@click.option(
    "--what", default="prices", show_default=True, help="prices, flows, program, or several with commas."
)
@click.option("--venue", type=click.Choice(["krx", "nxt", "all"]), default="krx", show_default=True)
@MODE
def prefetch(
    symbols: tuple[str, ...], start: str, end: str | None, what: str, venue: str, mode: str | None
) -> None:
    """Fill the store within the quota. Stopped or killed, it goes on where it was.

    SYMBOLS are codes, or - to read them from standard input, where # begins a comment.

    \b
    Examples:
      kiwoomdata prefetch 005930 000660 --from 2020-01-02 --what prices,program
      cat universe.txt | kiwoomdata prefetch - --from 2024-01-02
    """
    from kiwoomdata.prefetch import prefetch as fill

    codes = _codes(sys.stdin) if symbols == ("-",) else list(symbols)
    if not codes:
        raise click.UsageError("symbols: missing; standard input holds no code")
    report = fill(codes, start, end, what=what.split(","), venue=venue, client=client_for(mode))
    say(
        f"{report.rows:,} rows of {report.series} series: {report.cached_rows:,} were in the store, "
        f"{report.requests} requests sent"
    )
    for name, failure in report.failures.items():
        say(f"{name}: {failure}", err=True)
    if report.failures:
        raise click.ClickException(
            f"{len(report.failures)} of {report.series} series failed; run it again for those"
        )


def _codes(lines: Iterable[str]) -> list[str]:
    """The codes of a list: divided by blanks, commas or lines, with comments."""
    said = (line.lstrip("\ufeff").partition("#")[0] for line in lines)
    return [code for text in said for code in text.replace(",", " ").split()]


@main.group(cls=_Suggesting)
def cache() -> None:
    """Look at the store, or let go of what it holds."""


@cache.command("info")
def cache_info() -> None:
    """List what the store holds."""
    import polars as pl

    import kiwoomdata as kd

    held = kd.cache.info()
    click.echo(f"{kd.cache.path}: {held.height} series, {held['bytes'].sum():,} bytes")
    with pl.Config(tbl_rows=50, tbl_cols=-1, tbl_width_chars=160, tbl_hide_dataframe_shape=True):
        if held.height:
            click.echo(str(held))


@cache.command("clear")
@click.option("--symbol", help="Only this code.")
@click.option("--api-id", help="Only this TR, such as ka10086.")
@click.option("--before", help="Only what was last used before this day.")
@click.option("--everything", is_flag=True, help="All of it.")
def cache_clear(symbol: str | None, api_id: str | None, before: str | None, everything: bool) -> None:
    """Let go of what the store holds; without a filter, --everything must be said.

    \b
    Example:
      kiwoomdata cache clear --symbol 005930
    """
    import kiwoomdata as kd
    from kiwoomdata.arguments import as_date

    day = as_date(before, "before") if before else None
    gone = kd.cache.clear(symbol=symbol, api_id=api_id, before=day, everything=everything)
    click.echo(f"{gone} series let go of")


@main.group(cls=_Suggesting)
def lake() -> None:
    """Keep a market over years in a folder of Parquet files."""


_LAKE = click.argument("folder", type=click.Path(file_okay=False))


@lake.command("update")
@_LAKE
@click.argument("symbols", nargs=-1)
@click.option("--what", default=None, help="Tables, several with commas; left out, the usual ones.")
@click.option("--from", "start", help="First day, such as 2006-01-02; left out, as before.")
@click.option("--key", "keys", multiple=True, help="Name of a key; several ask side by side.")
@MODE
def lake_update(
    folder: str,
    symbols: tuple[str, ...],
    what: str | None,
    start: str | None,
    keys: tuple[str, ...],
    mode: str | None,
) -> None:
    """Ask for what the lake lacks, and write it. Stopped or killed, it goes on where it was.

    SYMBOLS are codes, or - to read them from standard input; left out, all that the lake holds.

    \b
    Examples:
      kiwoomdata lake update market/ 005930 000660 --from 2020-01-02 --what candles,daily_prices
      cat universe.txt | kiwoomdata lake update market/ - --from 2006-01-02 --key a --key b
    """
    import kiwoomdata as kd

    codes = _codes(sys.stdin) if symbols == ("-",) else list(symbols)
    if symbols and not codes:
        raise click.UsageError("symbols: missing; standard input holds no code")
    tables: Any = {"what": what.split(",")} if what else {}
    client = client_for(mode, key=keys[0] if keys else None)
    report = kd.Lake(folder).update(codes or None, start=start, keys=keys or None, client=client, **tables)
    say(
        f"{report.rows:,} rows of {report.series} series: {report.cached_rows:,} were in the store, "
        f"{report.requests} requests sent"
    )
    if report.failures:
        raise click.ClickException(f"{len(report.failures)} of {report.series} series failed; run it again")


@lake.command("info")
@_LAKE
def lake_info(folder: str) -> None:
    """List the tables of a lake."""
    import kiwoomdata as kd

    _show(kd.Lake(folder).info())


@lake.command("check")
@_LAKE
def lake_check(folder: str) -> None:
    """Look at every file of a lake, and tell what is wrong."""
    import kiwoomdata as kd

    found = kd.Lake(folder).check()
    if found.is_empty():
        say("nothing is wrong")
        return
    _show(found)
    raise SystemExit(1)


@lake.command("compact")
@_LAKE
def lake_compact(folder: str) -> None:
    """Rewrite what is not as an update writes it, and set broken files aside."""
    import kiwoomdata as kd

    done = kd.Lake(folder).compact()
    if done.is_empty():
        say("nothing to do")
    else:
        _show(done)


@main.command()
@MODE
def doctor(mode: str | None) -> None:
    """Check keys, server, token, clock, quota and store, and say what to do. Prints no secret."""
    from kiwoomdata.client import NO_CHOICE
    from kiwoomdata.doctor import examine

    findings = examine(mode)
    for finding in findings:
        told, remedy = finding.told, finding.remedy
        if NO_CHOICE.startswith(told):
            told, _, remedy = NO_KEYS.replace("\n", "\n       ").partition("\n       ")
        say(f"{'ok  ' if finding.well else 'BAD '} {finding.name}: {told}")
        if remedy:
            say(f"       {remedy}")
    if not all(finding.well for finding in findings):
        raise SystemExit(1)
