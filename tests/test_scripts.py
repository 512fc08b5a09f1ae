"""The project's own scripts, where a wrong one would let something slip through."""

from __future__ import annotations

import runpy
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent

PROJECT = """\
[project]
name = "a-b"
dependencies = ["core>=1.43,<3", "beta>=0.64b0; python_version < '4'"]
[project.optional-dependencies]
otlp = ["otlp[grpc]>=1.43"]
all = ["A_b[otlp]"]
dev = ["tool"]
"""


@pytest.fixture(scope="module")
def lower_bounds() -> Callable[[str], list[str]]:
    """Load the function that `make oldest` takes its constraints from."""
    found: Callable[[str], list[str]] = runpy.run_path(f"{ROOT}/scripts/lower_bounds.py")[
        "lower_bounds"
    ]
    return found


def test_lower_bounds_cover_dependencies_and_extras(
    lower_bounds: Callable[[str], list[str]],
) -> None:
    """Each is pinned to its lower bound; development tools and the package itself are not."""
    assert lower_bounds(PROJECT) == [
        'beta==0.64b0 ; python_version < "4"',
        "core==1.43",
        "otlp==1.43",
    ]


def test_a_dependency_without_a_lower_bound_is_an_error(
    lower_bounds: Callable[[str], list[str]],
) -> None:
    """What no test can be run on is refused, by name."""
    with pytest.raises(ValueError, match="core<3: must have one lower bound"):
        lower_bounds(PROJECT.replace("core>=1.43,<3", "core<3"))
