"""Examples, run as their README says."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from prometheus_client.parser import text_string_to_metric_families

ROOT = Path(__file__).parent.parent.parent


def command(example: str, *arguments: str) -> list[str]:
    """Return the command of an example, which makes errors of warnings."""
    return [sys.executable, "-W", "error", f"examples/{example}", *arguments]


def environment(**variables: str) -> dict[str, str]:
    """Return this process's environment, with any free port for metrics."""
    return {**os.environ, "METRICS_PORT": "0", **variables}


def run(example: str, *arguments: str, **variables: str) -> str:
    """Run an example to its end; return what it printed."""
    done = subprocess.run(
        command(example, *arguments),
        cwd=ROOT,
        env=environment(**variables),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def samples(exposition: str, **labels: str) -> dict[str, float]:
    """Return the sum of the samples by name, of those that have these labels."""
    found: dict[str, float] = {}
    for family in text_string_to_metric_families(exposition):
        for sample in family.samples:
            if labels.items() <= sample.labels.items():
                found[sample.name] = found.get(sample.name, 0) + sample.value
    return found


def starting_at(word: str, text: str) -> str:
    """Return ``text`` from ``word`` on."""
    return text[text.index(word) :]
