"""The project's own scripts, where a wrong one would let something slip through."""

from __future__ import annotations

import re
import runpy
import shutil
import subprocess
import sys
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path
from types import SimpleNamespace
from typing import Any

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


def script(name: str, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """Return what a script defines; it may import others beside it."""
    monkeypatch.syspath_prepend(ROOT / "scripts")
    return runpy.run_path(f"{ROOT}/scripts/{name}.py")


def test_a_python_is_taken_only_if_it_answers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A name on the path may be a shim that leads nowhere, or to another version."""
    find = script("interpreters", monkeypatch)["find"]
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin:/usr/bin")
    here = "{}.{}".format(*sys.version_info)
    (tmp_path / f"python{here}").symlink_to(sys.executable)
    (tmp_path / "python3.98").symlink_to(sys.executable)
    (tmp_path / "python3.99").write_text("#!/bin/sh\nexit 127\n")
    (tmp_path / "python3.99").chmod(0o755)

    assert find(here) == tmp_path / f"python{here}"
    assert [find(version) for version in ("3.97", "3.98", "3.99")] == [None, None, None]


def test_pythons_of_pyenv_are_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the name leads nowhere, those that pyenv has installed are asked."""
    if (pyenv := shutil.which("pyenv")) is None:
        pytest.skip("no pyenv here")
    bare = subprocess.run([pyenv, "versions", "--bare"], capture_output=True, text=True, check=True)
    installed = [name for name in bare.stdout.split() if re.fullmatch(r"3\.1\d\.\d+", name)]
    if not installed:
        pytest.skip("pyenv has no Python 3.10 or newer")
    find = script("interpreters", monkeypatch)["find"]
    (tmp_path / "pyenv").symlink_to(pyenv)
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin:/usr/bin")  # without its shims

    assert all(find(name.rpartition(".")[0]) for name in installed)


def test_all_promised_pythons_are_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    """The classifiers say which; one of another kind is none of them."""
    promised = script("release_check", monkeypatch)["promised"]
    prefix = "Programming Language :: Python ::"
    listed = [f"{prefix} 3", f"{prefix} 3 :: Only", f"{prefix} 3.10", f"{prefix} 3.13"]

    assert promised(f"[project]\nclassifiers = {listed}") == ["3.10", "3.13"]


def test_a_licence_that_is_not_listed_or_known_is_a_problem(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Names are compared, licences need only be known."""
    found = script("licenses", monkeypatch)
    listed = found["page"]({"grpcio": "Apache-2.0", "six": "MIT"})

    assert found["problems"]({"grpcio": "Apache 2"}, listed) == []
    assert found["problems"]({"six": "UNKNOWN", "vine": "BSD"}, listed) == [
        "THIRD-PARTY-LICENSES.md lacks vine",
        "six: no licence",
    ]
