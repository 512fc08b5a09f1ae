"""The packages that are needed: are they there, and do their versions go together?"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from typing import Final

from otel_executor_metrics.checks.finding import Finding, ok, problem

ABOUT: Final = "packages"
OURSELVES: Final = "otel-executor-metrics"

_REQUIREMENT: Final = re.compile(r"([\w.-]+)(?:\[[^\]]*\])?\s*\(?([^;()]*)\)?\s*(?:;(.*))?")
_RELEASE: Final = re.compile(r"v?(\d+(?:\.\d+)*)(?:[.-]?(a|b|rc)(\d+))?")
_SPECIFIER: Final = re.compile(r"\s*(~=|==|>=|<=|!=|<|>)\s*(\S+)\s*")

_Version = tuple[tuple[int, ...], tuple[str, int]]


def check_packages(exporters: Sequence[str]) -> Iterator[Finding]:
    """Yield what there is to say of the packages that these exporters need."""
    from importlib.metadata import PackageNotFoundError, version

    found: list[Finding] = []
    versions: dict[str, str] = {}
    for name, admitted, needed_by in _needed(exporters):
        try:
            versions[name] = version(name)
        except PackageNotFoundError:
            found.append(_missing(f"{name} is not installed: {needed_by} needs it"))
            continue
        if not admits(admitted, versions[name]):
            found.append(_missing(f"{name} {versions[name]}: {needed_by} needs {admitted}"))
    shown = ", ".join(f"{name} {installed}" for name, installed in versions.items())
    yield from found or [ok(ABOUT, shown or f"{OURSELVES} is not installed, but in reach")]


def _needed(exporters: Sequence[str]) -> Iterator[tuple[str, str, str]]:
    """Yield name, admitted versions and who says so: this package, and those that it needs.

    The latter as far as they need one another: OpenTelemetry's releases go in pairs.
    """
    ours = list(_requirements(OURSELVES, extras=("otlp",) if "otlp" in exporters else ()))
    for name, admitted in ours:
        yield name, admitted, OURSELVES
    names = {name for name, _ in ours}
    for name in sorted(names):
        for other, admitted in _requirements(name):
            if other in names:
                yield other, admitted, name


def _requirements(package: str, extras: Sequence[str] = ()) -> Iterator[tuple[str, str]]:
    from importlib.metadata import PackageNotFoundError, requires

    try:
        lines = requires(package) or ()
    except PackageNotFoundError:  # run from its folder, or told of elsewhere
        return
    for line in lines:
        if parsed := _REQUIREMENT.fullmatch(line):
            name, admitted, marker = parsed.groups()
            extra = re.fullmatch(r"\s*extra\s*==\s*['\"](\S+)['\"]\s*", marker or "")
            if not marker or (extra and extra[1] in extras):
                yield name.lower().replace("_", "-"), admitted.strip()


def admits(specifiers: str, version: str) -> bool:
    """Tell whether ``version`` is among those that ``specifiers`` (PEP 440) admit.

    What is not understood is taken as met: pip looks at it more closely.
    """
    parts = (_SPECIFIER.fullmatch(part) for part in specifiers.split(","))
    return all(part is None or _meets(part[1], part[2], version) for part in parts)


def _meets(operator: str, wanted: str, version: str) -> bool:
    here, there = _parsed(version), _parsed(wanted)
    if here is None or there is None:
        return True
    if operator == "~=":
        series = there[0][: max(1, wanted.count("."))]
        return here >= there and here[0][: len(series)] == series
    return _OPERATORS[operator](here, there)


_OPERATORS: Final[dict[str, Callable[[_Version, _Version], bool]]] = {
    "==": lambda here, there: here == there,
    "!=": lambda here, there: here != there,
    ">=": lambda here, there: here >= there,
    "<=": lambda here, there: here <= there,
    ">": lambda here, there: here > there,
    "<": lambda here, there: here < there,
}


def _parsed(text: str) -> _Version | None:
    """Return a version in a form that compares; anything behind a pre-release is left out."""
    found = _RELEASE.match(text)
    if found is None or text.endswith(".*"):
        return None
    numbers = [int(part) for part in found[1].split(".")]
    padded = (*numbers, 0, 0, 0)[: max(3, len(numbers))]
    return padded, (found[2], int(found[3])) if found[2] else ("~", 0)  # "~" is above letters


def _missing(message: str) -> Finding:
    remedy = "pip install --upgrade otel-executor-metrics (with [otlp] for that exporter)"
    return problem(ABOUT, message, remedy)
