"""``python -m tests.prove``: all schedules and a report; ``--seed N`` repeats one and prints it small."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from tests.prove import fuzz, runs


def main() -> int:
    ask = argparse.ArgumentParser(prog="python -m tests.prove", description=__doc__)
    ask.add_argument("--seed", type=int, help="repeat the schedule of this seed")
    ask.add_argument("--side", choices=sorted(runs.SIDES), help="only schedules of this side")
    ask.add_argument("--schedules", type=int, default=10_000)
    ask.add_argument("--first", type=int, default=0, help="the first seed")
    ask.add_argument("--workers", type=int, default=2)
    ask.add_argument("--seconds", type=float, default=0, help="begin no schedule after so many")
    ask.add_argument("--fuzz", type=int, default=30, help="seconds of fuzzing for each of four targets")
    ask.add_argument("--out", type=Path, default=Path("build/prove"), help="the folder of the report")
    given = ask.parse_args()
    if given.seed is not None:
        plan = runs.planned(given.seed, given.side)
        verdict = runs.run(plan)
        print(verdict.outcome, verdict.fired)
        for kind, text in verdict.problems:
            print(f"{kind}: {text}")
        print(runs.script(runs.made_small(plan) if verdict.problems else plan))
        return bool(verdict.problems)
    seeds = range(given.first, given.first + given.schedules)
    report = runs.run_many(seeds, workers=given.workers, side=given.side, seconds=given.seconds)
    for failure in report.failures[:20]:
        if failure["plan"] and not any(kind == "hang" for kind, _ in failure["problems"]):
            failure["small"] = runs.made_small(failure["plan"])
    if given.fuzz:
        report.notes["fuzzing"] = fuzz.report(given.fuzz, given.out)
    report.write(given.out)
    print(report.as_markdown())
    return bool(report.failures) or "FAILED" in str(report.notes)


if __name__ == "__main__":
    sys.exit(main())
