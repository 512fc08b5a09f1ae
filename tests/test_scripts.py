"""The project's own scripts, where a wrong one would let something slip through."""

from __future__ import annotations

import runpy
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path
from types import SimpleNamespace

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


@pytest.mark.parametrize(
    ("line", "refused"),
    [
        ('<script src="https://cdn.example/x.js"></script>', True),
        ('<link rel="stylesheet" href="https://fonts.example/css">', True),
        ('<img alt="x" src="http://images.example/x.png">', True),
        ('<link rel="canonical" href="https://project.example/">', False),
        ('<a href="https://prometheus.io/">Prometheus</a> <img src="images/x.svg">', False),
    ],
)
def test_a_page_that_loads_from_another_host_is_refused(line: str, refused: bool) -> None:
    """The site asks nobody else for anything; to name another host in a link is no loading."""
    hooks = runpy.run_path(f"{ROOT}/scripts/site_hooks.py")
    page = SimpleNamespace(file=SimpleNamespace(src_uri="index.md"))
    refusal = pytest.raises(hooks["PluginError"]) if refused else nullcontext()
    with refusal:
        assert hooks["on_post_page"](line, page=page) == line
