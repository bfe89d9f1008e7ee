"""The command line. The only room that prints."""

from __future__ import annotations

import click

from kiwoomdata._version import __version__
from kiwoomdata.cli import asking, keeping, recordings, trying
from kiwoomdata.cli.groups import Commands
from kiwoomdata.cli.mcp import mcp

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


@click.group(cls=Commands, epilog=EXIT_CODES, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__)
def main() -> None:
    """Kiwoom market data as frames that can be trusted. Try it without keys: kiwoomdata demo"""


for command in (
    *(trying.demo, trying.simulate, trying.doctor),
    *(asking.get, asking.describe, asking.find),
    *(keeping.prefetch, keeping.cache, keeping.lake),
    *(recordings.record, recordings.replay, recordings.ticks),
    mcp,
):
    main.add_command(command)
