"""Commands to try it and to see what is wrong: demo, simulate, doctor."""

from __future__ import annotations

from datetime import date, datetime, time
from typing import Any

import click

from kiwoomdata.cli.output import (
    MODE,
    NO_KEYS,
    PORT,
    say,
    until_stopped,
)

__all__ = ["demo", "doctor", "simulate"]


@click.command()
def demo() -> None:
    """Show the main job on an embedded simulator, without keys."""
    from kiwoomdata.cli.demo import demo as run

    run()


@click.command()
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


@click.command()
@MODE
def doctor(mode: str | None) -> None:
    """Check keys, server, token, clock, quota and store, and say what to do. Prints no secret."""
    from kiwoomdata.cli.doctor import examine
    from kiwoomdata.client import NO_CHOICE

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
