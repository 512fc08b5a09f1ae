"""The environment variables: can they be read, and is none misspelt?"""

from __future__ import annotations

import difflib
import os
from collections.abc import Iterator
from typing import Final

from otel_executor_metrics._notes import Notes
from otel_executor_metrics.checks.finding import Finding, ok, problem, warning
from otel_executor_metrics.diagnosis import VARIABLES, Setup, setup

ABOUT: Final = "settings"
_OURS: Final = ("METRICS_", "OTEL_EXPORTER_", "OTEL_METRIC")
_ALIKE: Final = 0.85


def check_settings() -> tuple[list[Finding], Setup]:
    """Return what there is to say of the variables, and what they make."""
    with Notes("otel_executor_metrics") as notes:
        made = setup()
    return list(_findings(made, notes.texts)), made


def _findings(made: Setup, complaints: list[str]) -> Iterator[Finding]:
    for text in complaints:
        tell = problem if made.settings.refused else warning
        yield tell(ABOUT, text, "correct the variable, or unset it; docs/settings.md has the rules")
    yield from _misspelt()
    if made.settings.refused:
        return
    if not made.settings.enable_metrics:
        remedy = "unset METRICS_ENABLED and OTEL_SDK_DISABLED, or set the former to true"
        yield warning(ABOUT, "metrics are switched off by the environment", remedy)
    for name in made.unknown_exporters:
        remedy = "METRICS_EXPORTER takes prometheus, otlp, console, none, separated by commas"
        yield problem(ABOUT, f"there is no exporter {name!r}", remedy)
    if not complaints and made.settings.enable_metrics:
        given = sorted(made.settings.from_environment.values())
        source = ", ".join(given) if given else "defaults; no variable is set"
        yield ok(ABOUT, f"exporter {', '.join(made.exporters)}; from {source}")


def _misspelt() -> Iterator[Finding]:
    for name in sorted(os.environ):
        if name in VARIABLES or not name.startswith(_OURS):
            continue
        if meant := difflib.get_close_matches(name, VARIABLES, n=1, cutoff=_ALIKE):
            remedy = f"did you mean {meant[0]}?"
            yield warning(ABOUT, f"{name} is no variable of this package", remedy)
