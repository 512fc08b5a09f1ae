"""The exporter ``console``: OpenTelemetry's JSON on standard output, for a look at one's data."""

from __future__ import annotations

import sys

from opentelemetry.sdk.metrics.export import ConsoleMetricExporter

from otel_executor_metrics.config import Settings
from otel_executor_metrics.exporters.delivery import Delivery, Watched
from otel_executor_metrics.exporters.push import PushExporter


class _Console(Watched, ConsoleMetricExporter):
    """OpenTelemetry's, watched."""


def build(settings: Settings) -> PushExporter:
    """Return the exporter; it writes to what ``sys.stdout`` is by now."""
    exporter = _Console(out=sys.stdout)
    exporter.delivery = Delivery("standard output")
    return PushExporter(exporter, settings)
