"""Groups of commands: a misspelt name is told the nearest, an error is one line and an exit code."""

from __future__ import annotations

import difflib
import errno
from collections.abc import Iterable
from typing import Any

import click

from kiwoomdata.cli.output import (
    one_line_each,
    plain,
)

__all__ = ["Commands", "Suggesting", "nearest"]


def nearest(word: str, words: Iterable[str]) -> str:
    near = difflib.get_close_matches(word, list(words), n=1)
    return f" Did you mean {near[0]!r}?" if near else ""


class Suggesting(click.Group):
    """Suggests the name of a command that was misspelt."""

    def resolve_command(self, ctx: click.Context, args: list[str]) -> Any:
        if args and self.get_command(ctx, args[0]) is None and not args[0].startswith("-"):
            raise click.UsageError(f"no command {args[0]!r}.{nearest(args[0], self.commands)}", ctx)
        return super().resolve_command(ctx, args)


class Commands(Suggesting):
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
