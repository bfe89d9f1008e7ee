"""The commands around recordings: record, replay, and ticks into a file."""

from __future__ import annotations

import time as clock
from contextlib import suppress
from typing import Any

import click

from kiwoomdata.cli.output import MODE, PORT, check_out, client_for, say, until_stopped

__all__ = ["record", "replay", "ticks"]


@click.command()
@click.argument("symbols", nargs=-1)
@click.option("--feeds", default="trade", show_default=True, help="Names or codes, several with commas.")
@click.option("--out", required=True, type=click.Path(file_okay=False), help="The recording's folder.")
@click.option("--seconds", type=float, help="Stop after so long; left out, at Ctrl-C.")
@click.option("--venue", type=click.Choice(["krx", "nxt", "all"]), help="For codes that do not say it.")
@MODE
def record(
    symbols: tuple[str, ...], feeds: str, out: str, seconds: float | None, venue: str | None, mode: str | None
) -> None:
    """Record live messages without loss, until Ctrl-C.

    \b
    Example:
      kiwoomdata record 005930 000660 --feeds trade,orderbook --out ticks/
    """
    from tqdm import tqdm

    import kiwoomdata as kd

    until = None if seconds is None else clock.monotonic() + seconds
    place: Any = venue
    live = kd.stream_to_frame(
        list(symbols),
        feeds.split(","),
        rows=1,
        record=out,
        venue=place,
        client=client_for(mode),
    )
    with live, tqdm(unit=" messages", disable=None) as bar, suppress(KeyboardInterrupt):
        while until is None or clock.monotonic() < until:
            live.wait(seconds=0.5 if until is None else min(0.5, max(0.0, until - clock.monotonic())))
            bar.update(live.stats.received - bar.n)
    stats = live.stats
    click.echo(f"{stats.received:,} messages to {out}, {stats.dropped} dropped, {stats.gaps} gaps", err=True)


@click.command()
@click.argument("folder", type=click.Path(exists=True, file_okay=False))
@click.option("--speed", default="1", show_default=True, help="Times the recorded pace, or 'max'.")
@click.option("--port", type=PORT, default=0, help="Port; 0 takes a free one.")
def replay(folder: str, speed: str, port: int) -> None:
    """Serve a recording over a WebSocket, as the live server would, until Ctrl-C.

    \b
    Example:
      kiwoomdata replay ticks/ --speed 10 --port 9443
    """
    import kiwoomdata as kd

    try:
        pace: Any = "max" if speed == "max" else float(speed)
    except ValueError:
        raise click.UsageError(f"--speed: expected a number or 'max', got {speed!r}") from None
    with kd.replay(folder, speed=pace, port=port) as server:
        until_stopped(f"KIWOOM_WS_URL={server.ws_url}")


@click.command()
@click.argument("folder", type=click.Path(exists=True, file_okay=False))
@click.option("--out", required=True, help="A file ending in .parquet, .csv, .xlsx or .sqlite.")
@click.option("--feed", default="trade", show_default=True, help="Which feed, by its name or code.")
@click.option("--symbols", help="Only these, several with commas.")
@click.option("--from", "start", help="First day, such as 2026-11-20.")
@click.option("--to", "end", help="Last day.")
@click.option("--columns", help="Only these columns, several with commas.")
def ticks(
    folder: str,
    out: str,
    feed: str,
    symbols: str | None,
    start: str | None,
    end: str | None,
    columns: str | None,
) -> None:
    """Write what a recording holds of one feed to a file, in the order of arrival.

    \b
    Examples:
      kiwoomdata ticks ticks/ --out trades.parquet
      kiwoomdata ticks ticks/ --feed orderbook --symbols 005930 --out books.sqlite
    """
    import kiwoomdata as kd
    from kiwoomdata.cli.export import SUFFIXES, export

    check_out(out, SUFFIXES)
    rows = kd.ticks(
        folder,
        feed=feed,
        symbols=symbols.split(",") if symbols else None,
        start=start,
        end=end,
        columns=columns.split(",") if columns else None,
    )
    say(f"{export(rows, out, feed):,} rows to {out}", err=True)
