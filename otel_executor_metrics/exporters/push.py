"""What all exporters have in common that send at an interval."""

from __future__ import annotations

import logging
import os

from opentelemetry.sdk.metrics.export import MetricExporter, PeriodicExportingMetricReader

_logger = logging.getLogger(__name__)

DEFAULT_INTERVAL = 60_000
"""Milliseconds between two exports, as OpenTelemetry's specification has it."""


class PushExporter:
    """Sends through an OpenTelemetry exporter every ``OTEL_METRIC_EXPORT_INTERVAL``.

    See :class:`~otel_executor_metrics.typing.Exporter`.
    """

    url = None
    port = None

    def __init__(self, exporter: MetricExporter) -> None:
        # The reader reads interval and timeout, in milliseconds, from OpenTelemetry's variables,
        # and starts its thread.
        try:
            self.reader = PeriodicExportingMetricReader(exporter)
        except ValueError:
            _logger.warning(
                "OTEL_METRIC_EXPORT_INTERVAL=%r: must be milliseconds above 0; using %d",
                os.environ.get("OTEL_METRIC_EXPORT_INTERVAL"),
                DEFAULT_INTERVAL,
            )
            self.reader = PeriodicExportingMetricReader(exporter, DEFAULT_INTERVAL)

    def start(self) -> None:
        """Do nothing: the reader is running."""

    def flush(self, timeout: float) -> bool:
        """Collect and send now."""
        try:
            return self.reader.force_flush(timeout_millis=timeout * 1000)
        except Exception as error:  # the reader raises what its exporter does
            _logger.warning("flush incomplete: %s", error)
            return False

    def stop(self, timeout: float) -> None:
        """Do nothing: the provider's shutdown ends the reader, after a last export."""
