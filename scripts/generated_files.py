"""Write the files that are made from the built-in catalogue, or compare them: ``--check``."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from otel_executor_metrics.cli import main

FILES = {
    "docs/metrics.md": "docs",
    "compose/rules/executor-metrics.rules.yml": "rules",
    "compose/rules/executor-metrics.alerts.yml": "alerts",
    "compose/alertmanager.yml": "alertmanager",
    "compose/grafana/datasources/prometheus.yaml": (
        "datasource http://prometheus:9090 --interval 5s"
    ),
    "compose/grafana/dashboards/executor-metrics.yaml": "provider",
    "compose/grafana/dashboards/executor-metrics.json": "dashboard",
}
"""Each file, and the artifact with its arguments."""


def each(option: str) -> int:
    """Write or check every file; return how many could not be."""
    os.chdir(Path(__file__).parent.parent)
    return sum(main(["generate", *made.split(), option, file]) for file, made in FILES.items())


if __name__ == "__main__":
    sys.exit(min(1, each("--check" if "--check" in sys.argv else "--output")))
