"""What all exporters have in common that send at an interval."""

from __future__ import annotations

import logging

from opentelemetry.sdk.metrics.export import MetricExporter, PeriodicExportingMetricReader

from otel_executor_metrics.config import Settings

_logger = logging.getLogger(__name__)


class PushExporter:
    """Sends through an OpenTelemetry exporter, ``export_interval_millis`` apart.

    See :class:`~otel_executor_metrics.typing.Exporter`. The reader's thread starts here.
    """

    url = None
    port = None

    def __init__(self, exporter: MetricExporter, settings: Settings) -> None:
        self.reader = PeriodicExportingMetricReader(
            exporter, settings.export_interval_millis, settings.export_timeout_millis
        )

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
