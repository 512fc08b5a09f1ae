"""The packages that are needed: are they there, and do their versions go together?"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from importlib.metadata import PackageNotFoundError, requires, version
from typing import Final

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from otel_executor_metrics.checks.finding import Finding, ok, problem

ABOUT: Final = "packages"
OURSELVES: Final = "otel-executor-metrics"


def check_packages(exporters: Sequence[str]) -> Iterator[Finding]:
    """Yield what there is to say of the packages that these exporters need."""
    found: list[Finding] = []
    versions: dict[str, str] = {}
    for needed, needed_by in _needed(exporters):
        name = canonicalize_name(needed.name)
        try:
            versions[name] = version(name)
        except PackageNotFoundError:
            found.append(_missing(f"{name} is not installed: {needed_by} needs it"))
            continue
        if not admits(needed, versions[name]):
            found.append(_missing(f"{name} {versions[name]}: {needed_by} needs {needed.specifier}"))
    shown = ", ".join(f"{name} {installed}" for name, installed in versions.items())
    yield from found or [ok(ABOUT, shown or f"{OURSELVES} is not installed, but in reach")]


def admits(needed: Requirement, installed: str) -> bool:
    """Tell whether a requirement is met, as it is by a pre-release that somebody chose."""
    return needed.specifier.contains(installed, prereleases=True)


def _needed(exporters: Sequence[str]) -> Iterator[tuple[Requirement, str]]:
    """Yield each requirement and who has it: this package, and those that it needs.

    The latter as far as they need one another: OpenTelemetry's releases go in pairs.
    """
    ours = list(_requirements(OURSELVES, "otlp" if "otlp" in exporters else ""))
    for needed in ours:
        yield needed, OURSELVES
    names = {canonicalize_name(needed.name) for needed in ours}
    for name in sorted(names):
        for needed in _requirements(name):
            if canonicalize_name(needed.name) in names:
                yield needed, name


def _requirements(package: str, extra: str = "") -> Iterator[Requirement]:
    try:
        lines = requires(package) or ()
    except PackageNotFoundError:  # run from its folder, or told of elsewhere
        return
    for needed in map(Requirement, lines):
        if needed.marker is None or needed.marker.evaluate({"extra": extra}):
            yield needed


def _missing(message: str) -> Finding:
    remedy = "pip install --upgrade otel-executor-metrics (with [otlp] for that exporter)"
    return problem(ABOUT, message, remedy)
