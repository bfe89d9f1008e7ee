"""Change the code a little, and see whether a test notices: ``python -m tests.mutants --each 10 --seed 1``.

A seeded sample of the mutants that cosmic-ray can make of each module, tried against the tests of its
wing, in a copy of the project. Annotations are never evaluated, so what changes only a ``|`` is left out.
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
WINGS = {
    "kinds/numbers.py": "tests/test_kinds.py",
    "kinds/reading.py": "tests/test_kinds.py",
    "kinds/times.py": "tests/test_kinds.py",
    "rest/page.py": "tests/rest/test_protocol.py tests/test_frames.py tests/store/test_sick_answers.py",
    "rest/protocol.py": "tests/rest/test_protocol.py tests/store/test_sick_answers.py tests/test_complete.py",
    "rest/limits.py": "tests/rest/test_limits.py",
    "rest/gates.py": "tests/rest/test_limits.py",
    "store/finality.py": "tests/store/test_finality.py",
    "store/files.py": "tests/store/test_disk.py tests/store/test_learn.py",
    "store/plan.py": "tests/store/test_learn.py tests/store/test_days.py tests/store/test_strict.py "
    "tests/store/test_keeping.py",
    "store/learn.py": "tests/store/test_learn.py tests/store/test_sick_answers.py tests/store/test_strict.py "
    "tests/store/test_keeping.py",
    "store/by_day.py": "tests/store/test_days.py tests/store/test_basis.py tests/store/test_keeping.py "
    "tests/store/test_strict.py tests/store/test_sick_answers.py tests/questions/test_estimate.py",
    "stream/session.py": "tests/stream/test_session.py tests/stream/test_session_conditions.py "
    "tests/stream/test_session_ends.py tests/stream/test_session_frames.py",
}
"""Modules, and the tests that have to notice."""
_LONGEST = 240


def sample(module: Path, count: int, seed: int) -> list[Any]:
    """Some of the mutants of a module, always the same ones."""
    from cosmic_ray.commands import init  # type: ignore[import-not-found, unused-ignore]
    from cosmic_ray.work_db import use_db  # type: ignore[import-not-found, unused-ignore]

    with use_db("mutants.sqlite") as made:
        init([module], made, {})
        every = [item.mutations[0] for item in made.work_items]
    every = [each for each in every if "BitOr" not in each.operator_name and "NoOp" not in each.operator_name]
    every.sort(key=lambda each: (each.operator_name, each.occurrence))
    return random.Random(f"{seed} {module.name}").sample(every, min(count, len(every)))


def main() -> None:
    ask = argparse.ArgumentParser(prog="python -m tests.mutants", description=__doc__)
    ask.add_argument("--each", type=int, default=45, help="mutants of each module")
    ask.add_argument("--seed", type=int, default=1)
    ask.add_argument("--only", choices=[*WINGS], nargs="*", default=[*WINGS])
    given = ask.parse_args()
    from cosmic_ray.mutating import mutate_and_test  # type: ignore[import-not-found, unused-ignore]

    counts = dict.fromkeys(("killed", "survived", "incompetent"), 0)
    with tempfile.TemporaryDirectory(prefix="mutants-") as folder:
        for part in ("kiwoomdata", "tests"):
            shutil.copytree(ROOT / part, Path(folder) / part, ignore=shutil.ignore_patterns("__pycache__"))
        shutil.copy(ROOT / "pyproject.toml", folder)
        os.chdir(folder)
        os.environ["PYTHONPATH"] = os.pathsep.join([folder, os.environ.get("PYTHONPATH", "")])
        for name in given.only:
            command = f"{sys.executable} -m pytest -q -x -p no:cacheprovider {WINGS[name]}"
            subprocess.run(command.split(), check=True)  # else whatever fails would seem to notice
            for mutation in sample(Path("kiwoomdata") / name, given.each, given.seed):
                began = time.monotonic()
                result = mutate_and_test([mutation], command, _LONGEST)
                outcome = str(getattr(result.test_outcome, "value", result.worker_outcome))
                counts[outcome] = counts.get(outcome, 0) + 1
                place = f"{name}:{mutation.start_pos[0]} {mutation.operator_name.partition('/')[2]}"
                print(f"{outcome:9} {time.monotonic() - began:5.1f} s  {place}", flush=True)
                if outcome == "survived":
                    print(result.diff, flush=True)
    tried = sum(counts.values())
    print(f"{tried} mutants, {tried - counts['survived']} of them killed; {counts}")


if __name__ == "__main__":
    main()
