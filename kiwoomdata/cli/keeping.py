"""Commands around what is kept: prefetch, cache, lake."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from typing import Any

import click

from kiwoomdata.cli.groups import Suggesting
from kiwoomdata.cli.output import (
    MODE,
    client_for,
    say,
    show,
)

__all__ = ["cache", "lake", "prefetch"]


@click.command()
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


@click.group(cls=Suggesting)
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

    day = as_date(before, "before", whole="first") if before else None
    gone = kd.cache.clear(symbol=symbol, api_id=api_id, before=day, everything=everything)
    click.echo(f"{gone} series let go of")


@click.group(cls=Suggesting)
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
    from kiwoomdata.lake.recorded import FEED_TABLES
    from kiwoomdata.lake.tables import chosen_tables

    codes = _codes(sys.stdin) if symbols == ("-",) else list(symbols)
    if symbols and not codes:
        raise click.UsageError("symbols: missing; standard input holds no code")
    tables: Any = {"what": what.split(",")} if what else {}
    asked = not what or any(name not in FEED_TABLES for name in chosen_tables(tables["what"]))
    client = client_for(mode, key=keys[0] if keys else None) if asked else None
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

    show(kd.Lake(folder).info())


@lake.command("check")
@_LAKE
def lake_check(folder: str) -> None:
    """Look at every file of a lake, and tell what is wrong."""
    import kiwoomdata as kd

    found = kd.Lake(folder).check()
    if found.is_empty():
        say("nothing is wrong")
        return
    show(found)
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
        show(done)
