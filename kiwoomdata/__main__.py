"""``python -m kiwoomdata`` is the ``kiwoomdata`` command."""

from kiwoomdata.cli import main

main()
