"""The peer that our recording stands on: the bare OpenTelemetry SDK, read by its own exporter."""

from __future__ import annotations

import inspect
from typing import Any

from opentelemetry.exporter.prometheus import PrometheusMetricReader
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.view import View
from opentelemetry.sdk.resources import Resource
from prometheus_client import CollectorRegistry

from benchmarks.work import BUCKETS, D, T

NAME = "OpenTelemetry SDK"
SUCCESS = 'success.add(1, {"task_type": t}); latency.record(d, {"task_type": t})'
FAILURE = (
    'failures.add(1, {"task_type": t, "error_type": "ValueError"});'
    ' latency.record(d, {"task_type": t})'
)


class Instruments:
    """The instruments that ExecutorMetrics has for one operation, at a Meter and a reader.

    The SDK's limit of 2 000 label sets is lifted, where its release has one.
    """

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        reader = PrometheusMetricReader(
            disable_target_info=True, scope_info_enabled=False, registry=self.registry
        )
        provider = MeterProvider(
            metric_readers=[reader],
            resource=Resource.get_empty(),
            views=[View(instrument_name="*", **_unlimited())],
            shutdown_on_exit=False,
        )
        meter = provider.get_meter("bench")
        self.latency = meter.create_histogram(
            "execute_latency", "s", explicit_bucket_boundaries_advisory=BUCKETS
        )
        self.success = meter.create_counter("execute_success")
        self.retries = meter.create_counter("execute_retries")
        self.lost = meter.create_counter("execute_lost")
        self.failures = meter.create_counter("execute_failures")
        self.in_progress = meter.create_up_down_counter("execute_in_progress")

    def record(self, task_type: str) -> None:
        """Record a success, and make the series of the label set exist in the other families."""
        labels = {"task_type": task_type}
        self.success.add(1, labels)
        self.latency.record(D, labels)
        self.retries.add(0, labels)
        self.lost.add(0, labels)
        self.failures.add(0, labels)
        self.in_progress.add(0, labels)

    def names(self) -> dict[str, Any]:
        """Return the instruments under the names that the lines of contestants use."""
        return {
            "latency": self.latency,
            "success": self.success,
            "failures": self.failures,
            "d": D,
            "t": T,
        }


def _unlimited() -> dict[str, Any]:
    known = inspect.signature(View).parameters
    name = "aggregation_cardinality_limit"
    return {name: 2**31} if name in known else {}
