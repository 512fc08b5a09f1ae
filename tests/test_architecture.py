"""The house stands as docs/architecture.md draws it: imports go to lower floors only."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.imports import Import, Module, Package, cycles

# Module or folder, below the package -> floor. A module on no floor is an error.
FLOORS = {
    "errors": 0,
    "typing": 0,
    "_version": 0,
    "_child_exit": 1,
    "config": 1,
    "_names": 1,
    "_labels": 1,
    "_numbers": 1,
    "_endpoint_settings": 1,
    "_otlp_settings": 1,
    "_health_settings": 1,
    "_parsers": 1,
    "_ports": 1,
    "_rules": 1,
    "_sockets": 1,
    "_throttle": 1,
    "_setting": 1,
    "objective": 1,
    "_quantiles": 1,
    "snapshot": 2,
    "judging": 2,
    "catalog": 2,
    "storage": 3,
    "server": 3,  # below exporters/, one of which serves; it knows nothing but errors
    "_drops": 3,
    "pipeline": 4,
    "exporters": 4,
    "baggage": 5,
    "bound": 5,
    "cell_operation": 5,
    "traced_operation": 5,
    "instruments": 5,
    "labelling": 5,
    "measurement": 5,
    "recorder": 5,
    "roads": 5,
    "series": 5,
    "_buffers": 6,
    "_starting": 6,
    "bootstrap": 6,
    "exposition": 6,
    "diagnosis": 6,
    "_guards": 6,
    "_readable": 6,
    "fleet_source": 6,
    "readiness": 6,
    "snapshots": 6,
    "runtime": 6,
    "shared_port": 6,
    "operation": 5,
    "metrics": 6,
    "_access": 7,
    "_arguments": 7,
    "artifacts": 7,
    "_notes": 7,
    "_progress": 7,
    "_text": 7,
    "analysis": 7,
    "checks": 7,
    "commands": 7,
    "health": 7,
    "integrations": 7,
    "demo": 7,
    "formats": 7,
    "parity": 7,
    "recorders": 7,
    "testing": 7,
    "scraping": 7,
    "top": 7,
    "_signals": 7,
    "cli": 7,
    "__main__": 7,
    "__init__": 8,
}
# On these floors each line above is a room of its own; on the others the floor is one room.
# Inside a room modules may import each other, without a cycle; never across to another room.
FLOORS_WITH_ROOMS = {3, 4}
LEAVES = 0  # this floor imports nothing of the package
# What is built on the facade sees of the floors below only what users see: the package itself
# and its public modules.
OUTSIDE = 7
PUBLIC_FACE = {
    "__init__",
    "_version",
    "catalog",
    "diagnosis",
    "errors",
    "judging",
    "metrics",
    "objective",
    "snapshot",
    "typing",
}
# Everything else from outside is an extra, to be imported in the function that needs it.
CORE_DEPENDENCIES = ("opentelemetry", "packaging", "prometheus_client")
EXTRAS = ("opentelemetry.exporter.otlp",)
LONGEST_FILE = 350

ROOT = Path(__file__).parent.parent


def violations(package: Package) -> list[str]:
    """Return what in ``package`` breaks the rules above, one line each."""
    found = [line for module in package.modules.values() for line in _of_module(package, module)]
    ways = {name: _targets(package, module) for name, module in package.modules.items()}
    found += [f"cycle: {' -> '.join(cycle)}" for cycle in cycles(ways)]
    return list(dict.fromkeys(found))  # one statement may import many names of one module


def _targets(package: Package, module: Module) -> set[str]:
    return {i.target for i in package.imports(module) if package.own(i.target)}


def _of_module(package: Package, module: Module) -> Iterator[str]:
    if module.lines > LONGEST_FILE:
        yield f"{module.path.name}: {module.lines} lines, more than {LONGEST_FILE}"
    here = _place(package, module.name)
    if here is None:
        yield f"{module.name} is on no floor: add it to FLOORS"
        return
    for imported in package.imports(module):
        for problem in _of_import(package, here, imported):
            yield f"{module.name}:{imported.line} imports {imported.target}: {problem}"


def _of_import(package: Package, here: str, imported: Import) -> Iterator[str]:
    if imported.star:
        yield "star import"
    if package.own(imported.target):
        there = _place(package, imported.target)
        if there is not None and (problem := _wrong_way(here, there)):
            yield problem
    elif not imported.deferred and not _always_there(imported.target):
        yield "an optional dependency, imported outside the function that needs it"


def _wrong_way(here: str, there: str) -> str | None:
    """Return why the module or folder ``here`` must not import ``there``; both keys of FLOORS."""
    low, high = FLOORS[there], FLOORS[here]
    if here == there:  # a folder of its own; a cycle in it is found elsewhere
        return None
    if there == "__init__" and high < OUTSIDE:
        return "the package root, from inside"
    if low > high and there != "__init__":
        return f"upward, from floor {high} to {low}"
    if high == OUTSIDE and low != OUTSIDE and there not in PUBLIC_FACE:
        return "not the public face, from outside the facade"
    if low == high == LEAVES:
        return "a leaf imports nothing of the package"
    return f"another room of floor {high}" if low == high in FLOORS_WITH_ROOMS else None


def _place(package: Package, module: str) -> str | None:
    """Return the key of FLOORS that ``module`` belongs to."""
    key = module.removeprefix(package.name).lstrip(".").split(".")[0] or "__init__"
    return key if key in FLOORS else None


def _always_there(target: str) -> bool:
    def within(names: tuple[str, ...]) -> bool:
        return any(target == name or target.startswith(f"{name}.") for name in names)

    standard = target.partition(".")[0] in sys.stdlib_module_names
    return standard or (within(CORE_DEPENDENCIES) and not within(EXTRAS))


def sleeps(tree: ast.Module) -> Iterator[int]:
    """Yield the lines of ``tree`` that call ``time.sleep``, under whatever name."""
    modules, functions = set(), set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            modules |= {a.asname or a.name for a in node.names if a.name == "time"}
        elif isinstance(node, ast.ImportFrom) and node.module == "time":
            functions |= {a.asname or a.name for a in node.names if a.name == "sleep"}
    forbidden = {f"{module}.sleep" for module in modules} | functions
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and ast.unparse(node.func) in forbidden:
            yield node.lineno


def test_imports_go_to_lower_floors_only() -> None:
    """The package breaks none of the rules at the top of this file."""
    found = violations(Package(ROOT / "otel_executor_metrics"))

    assert not found, "\n".join(found)


def test_each_floor_is_of_something_that_exists() -> None:
    """The table names no module or folder that is gone, or was never there."""
    package = ROOT / "otel_executor_metrics"
    gone = {
        name
        for name in FLOORS
        if not (package / f"{name}.py").is_file() and not (package / name / "__init__.py").is_file()
    }

    assert not gone


def test_the_page_draws_the_floors_as_they_are() -> None:
    """docs/architecture.md has each module and folder of the table once, floor by floor."""
    page = (ROOT / "docs" / "architecture.md").read_text()
    drawn = [
        (name.rstrip("/"), int(floor))
        for floor, names in re.findall(r"^\| (\d) \| ([^|]+) \|", page, re.MULTILINE)
        for name in re.findall(r"`([^`]+)`", names)
    ]

    assert sorted(drawn) == sorted(FLOORS.items() - {("__init__", 8)})
    assert [floor for _, floor in drawn] == sorted(floor for _, floor in drawn)


def test_tests_neither_sleep_nor_import_stars() -> None:
    """Tests wait for conditions, and say where each name comes from."""
    tests = Package(ROOT / "tests")
    found = [
        f"{module.name}:{line}"
        for module in tests.modules.values()
        for line in [
            *sleeps(module.tree),
            *(imported.line for imported in tests.imports(module) if imported.star),
        ]
    ]

    assert not found


@pytest.fixture
def house(tmp_path: Path) -> Path:
    """A package of one module per kind of place, which breaks no rule."""
    root = tmp_path / "house"
    for name, source in {
        "__init__": "from house.metrics import ExecutorMetrics",
        "errors": "import json",
        "typing": "",
        "config": "from house.errors import SettingError\nfrom house import _names",
        "_names": "",
        "pipeline/__init__": "from house.pipeline.views import view",
        "pipeline/views": "from opentelemetry import metrics\nfrom .. import config",
        "exporters/__init__": "",
        "exporters/otlp": "def build():\n    import opentelemetry.exporter.otlp.proto",
        "recorder": "from house import pipeline\nfrom .config import Settings",
        "metrics": "import house.recorder",
        "cli": "import house\nfrom house.metrics import ExecutorMetrics",
        "__main__": "from house.cli import main",
    }.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / f"{name}.py").write_text(source)
    return root


def test_a_good_house_passes(house: Path) -> None:
    """The gate lets through what is right."""
    assert violations(Package(house)) == []


@pytest.mark.parametrize(
    ("name", "source", "complaint"),
    [
        ("config", "from house.metrics import E", "upward, from floor 1 to 6"),
        ("config", "from .metrics import E", "upward, from floor 1 to 6"),
        ("config", "from . import metrics", "upward, from floor 1 to 6"),
        ("config", "def f():\n    import house.metrics", "upward, from floor 1 to 6"),
        ("config", "if TYPE_CHECKING:\n    import house.metrics", "upward, from floor 1 to 6"),
        ("pipeline/views", "from house.exporters.otlp import build", "another room of floor 4"),
        ("pipeline/views", "from ..exporters import otlp", "another room of floor 4"),
        ("errors", "import house.typing", "a leaf imports nothing of the package"),
        ("recorder", "from house import ExecutorMetrics", "the package root, from inside"),
        ("pipeline/views", "from .. import __version__", "the package root, from inside"),
        ("recorder", "import house", "the package root, from inside"),
        ("cli", "from house.recorder import Recorder", "not the public face"),
        ("_names", "def f():\n    import house.config", "cycle: house.config -> house._names -> "),
        ("pipeline/views", "from house.pipeline import view", "cycle: house.pipeline -> "),
        ("recorder", "from house.config import *", "star import"),
        ("attic", "", "house.attic is on no floor"),
        ("exporters/otlp", "import opentelemetry.exporter.otlp.proto", "an optional dependency"),
        ("exporters/otlp", "import celery", "an optional dependency"),
        ("recorder", "\n" * 351, "recorder.py: 351 lines"),
    ],
)
def test_the_gate_can_fail(house: Path, name: str, source: str, complaint: str) -> None:
    """Each rule, broken alone, is found and named."""
    (house / f"{name}.py").write_text(source)

    found = violations(Package(house))

    assert any(complaint in line for line in found), "\n".join(found)


@pytest.mark.parametrize(
    "source",
    [
        "import time\ntime.sleep(1)",
        "import time as t\nt.sleep(1)",
        "from time import sleep as nap\nnap(1)",
    ],
)
def test_a_sleep_is_found_under_any_name(source: str) -> None:
    """Renaming does not hide a sleep."""
    assert list(sleeps(ast.parse(source))) == [2]
