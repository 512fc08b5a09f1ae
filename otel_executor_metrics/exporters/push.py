"""What all exporters have in common that send at an interval."""

from __future__ import annotations

import logging
import threading

from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader

from otel_executor_metrics.config import Settings
from otel_executor_metrics.exporters.delivery import Watched

_logger = logging.getLogger(__name__)


class PushExporter:
    """Sends through an OpenTelemetry exporter, ``export_interval_millis`` apart.

    See :class:`~otel_executor_metrics.typing.Exporter`. The reader's thread starts here.
    """

    url = None
    port = None

    def __init__(self, exporter: Watched, settings: Settings) -> None:
        self._delivery = exporter.delivery
        self.reader = PeriodicExportingMetricReader(
            exporter, settings.export_interval_millis, settings.export_timeout_millis
        )

    def start(self) -> None:
        """Do nothing: the reader is running."""

    def flush(self, timeout: float) -> bool:
        """Collect and send now.

        An OpenTelemetry exporter heeds no time but its own, so it is given a thread, which is not
        waited for any longer than ``timeout`` seconds.
        """
        flushed: list[bool] = []
        sending = threading.Thread(
            target=lambda: flushed.append(self._flush(timeout)), name="metrics-flush", daemon=True
        )
        try:
            sending.start()
        except RuntimeError:  # no new threads: the interpreter is ending
            return self._flush(timeout)
        sending.join(timeout)
        return flushed == [True]

    def stop(self, timeout: float) -> None:
        """Tell of what did not arrive: the provider has ended the reader, after a last export."""
        self._delivery.tell_of_the_unsent()

    def _flush(self, timeout: float) -> bool:
        try:
            self.reader.force_flush(timeout_millis=timeout * 1000)
        except Exception as error:  # the reader's own time is up
            _logger.warning("flush incomplete: %s", error)
            return False
        return not self._delivery.unsent
