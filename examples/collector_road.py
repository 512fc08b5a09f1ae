"""The road through a Collector: the executor sends OTLP, Prometheus scrapes the Collector.

    otelcol --config collector-config/otelcol.yaml        # collector-config/README.md says which
    python examples/collector_road.py
    curl localhost:8889/metrics                           # the series, with job and instance

Only the first argument below differs from a program that is scraped itself; the variable
``METRICS_EXPORTER=otlp`` would do as well. Where no Collector listens, work goes on as before, and
the last line says that nothing arrived.

Needs ``pip install 'otel-executor-metrics[otlp]'``.
"""

from __future__ import annotations

import random
import sys

from otel_executor_metrics import ExecutorMetrics


def main() -> int:
    """Record some work, send it, and return whether it arrived as an exit status."""
    # OTEL_EXPORTER_OTLP_ENDPOINT says where to, if it is not http://localhost:4318.
    with ExecutorMetrics(exporter="otlp", service_name="collector-road") as metrics:
        for _ in range(20):
            metrics.record_operation(
                "execute", duration=random.uniform(0.01, 0.5), labels={"task_type": "report"}
            )
        metrics.record_operation(
            "execute", success=False, labels={"task_type": "report"}, error_type="Timeout"
        )
        # Not needed in a service, which sends every minute and when it ends; here, to tell.
        arrived = metrics.flush(timeout=10)
    print("arrived:", arrived)
    return 0 if arrived else 1


if __name__ == "__main__":
    sys.exit(main())
