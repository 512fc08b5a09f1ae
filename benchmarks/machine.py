"""What the figures were had on: versions and machine."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

_DISTRIBUTIONS = (
    "otel-executor-metrics",
    "opentelemetry-sdk",
    "opentelemetry-exporter-prometheus",
    "prometheus_client",
    "prometheus-async",
)


def description() -> list[tuple[str, str]]:
    """Return what is worth knowing, as names and values."""
    return [
        ("Python", f"{platform.python_implementation()} {platform.python_version()}"),
        ("system", f"{platform.system()} {platform.machine()}"),
        ("CPU", f"{_cpu()}, {os.cpu_count()} visible"),
        *_versions(),
    ]


def _versions() -> Iterator[tuple[str, str]]:
    for name in _DISTRIBUTIONS:
        try:
            yield name, version(name)
        except PackageNotFoundError:
            yield name, "not installed"


def _cpu() -> str:
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.exists() else []
    models = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return models[0] if models else platform.processor() or "unknown"
