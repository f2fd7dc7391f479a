"""`python -m tests.floors`: the lowest version that pyproject.toml admits of everything the core requires, as pins."""

from __future__ import annotations

import re
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
_REQUIREMENT = re.compile(r"(?P<name>[A-Za-z0-9._-]+)(?:\[[^]]*\])?\s*(?P<rest>.*)")
_FLOOR = re.compile(r"(?:>=|==)\s*([0-9][0-9A-Za-z.]*)")


def floors(requirements: list[str]) -> list[str]:
    """`name==lowest` of every requirement. Raises `ValueError` for one without a lowest version."""
    found = []
    for requirement in requirements:
        match = _REQUIREMENT.match(requirement)
        floor = _FLOOR.search(match["rest"]) if match else None
        if match is None or floor is None:
            raise ValueError(f"{requirement}: no lowest version")
        found.append(f"{match['name']}=={floor[1]}")
    return found


def core_requirements() -> list[str]:
    """What the core requires, as pyproject.toml says it."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    return list(project["dependencies"])


if __name__ == "__main__":
    sys.stdout.write("\n".join(floors(core_requirements())) + "\n")
