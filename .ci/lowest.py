"""Print the lowest versions that pyproject.toml allows, one requirement a line, for pip to install.

python .ci/lowest.py [EXTRA ...]: what the package needs, and what the named extras add.
"""

from __future__ import annotations

import re
import sys
import tomllib
from pathlib import Path

PROJECT = tomllib.loads((Path(__file__).parents[1] / "pyproject.toml").read_text(encoding="utf-8"))["project"]
FLOOR = re.compile(r"\s*([\w.-]+)(?:\[[^]]*\])?\s*>=\s*([\w.]+)[^;]*(;.*)?")


def lowest(*extras: str) -> list[str]:
    """``name==version`` of each requirement; one without a floor has none to test, and is an error."""
    wanted = [*PROJECT["dependencies"]]
    for extra in extras:
        wanted += PROJECT["optional-dependencies"][extra]
    floors = []
    for requirement in wanted:
        found = FLOOR.fullmatch(requirement)
        if found is None:
            raise SystemExit(f"pyproject.toml: {requirement!r} has no floor such as '>=1.2'")
        floors.append(f"{found[1]}=={found[2]}{found[3] or ''}")
    return floors


if __name__ == "__main__":
    print("\n".join(lowest(*sys.argv[1:])))
