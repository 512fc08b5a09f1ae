"""Print the oldest versions that a pyproject.toml admits, as pip constraints.

Usage: ``python scripts/lower_bounds.py pyproject.toml > constraints.txt``. The tools of
those who change the package (TOOLS) are left out: they are not what users install.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import tomli
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

TOOLS = ("dev", "bench", "docs")  # extras


def lower_bounds(pyproject: str) -> list[str]:
    """Return ``name==version`` for each requirement of the TOML text ``pyproject``.

    Raises:
        ValueError: a requirement does not say from which version on it is good.
    """
    project = tomli.loads(pyproject)["project"]
    return sorted({_pin(requirement) for requirement in _requirements(project)})


def _requirements(project: dict[str, Any]) -> Iterator[Requirement]:
    extras = project.get("optional-dependencies", {})
    lists = [project["dependencies"], *(extras[name] for name in extras if name not in TOOLS)]
    own = canonicalize_name(project["name"])
    for line in (line for lines in lists for line in lines):
        requirement = Requirement(line)
        if canonicalize_name(requirement.name) != own:  # an extra that gathers other extras
            yield requirement


def _pin(requirement: Requirement) -> str:
    bounds = [part.version for part in requirement.specifier if part.operator == ">="]
    if len(bounds) != 1:
        raise ValueError(f"{requirement}: must have one lower bound, as in `name>=1.2`")
    marker = f" ; {requirement.marker}" if requirement.marker else ""
    return f"{requirement.name}=={bounds[0]}{marker}"


if __name__ == "__main__":
    print("\n".join(lower_bounds(Path(sys.argv[1]).read_text(encoding="utf-8"))))
