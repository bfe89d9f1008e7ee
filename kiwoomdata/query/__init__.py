"""What all named functions share: one job per symbol, one frame for all, one provenance."""

from kiwoomdata.query.plan import Job, Options, Parts, Plan, Shape, client_of, for_symbols, joined, single
from kiwoomdata.query.pool import bar, side_by_side
from kiwoomdata.query.question import question
from kiwoomdata.query.rows import empty_of
from kiwoomdata.query.run import run

__all__ = [
    "Job",
    "Options",
    "Parts",
    "Plan",
    "Shape",
    "bar",
    "client_of",
    "empty_of",
    "for_symbols",
    "joined",
    "question",
    "run",
    "side_by_side",
    "single",
]
