"""The MeterProvider with its readers and Views, and the life of both."""

from __future__ import annotations

import logging
from collections.abc import Sequence

from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import MetricReader
from opentelemetry.sdk.metrics.view import View
from opentelemetry.sdk.resources import SERVICE_NAME, Resource

from otel_executor_metrics._version import __version__
from otel_executor_metrics.catalog import Instrument
from otel_executor_metrics.pipeline.cells import suits
from otel_executor_metrics.pipeline.instruments import MeterInstrument
from otel_executor_metrics.pipeline.selfcheck import cells_work
from otel_executor_metrics.pipeline.views import METER_NAME, view_of
from otel_executor_metrics.typing import BindableInstrument

_logger = logging.getLogger(__name__)


class Pipeline:
    """Declares instruments at one Meter whose provider feeds ``readers``.

    Args:
        readers: OpenTelemetry metric readers; each belongs to this pipeline alone.
        service_name: the resource's ``service.name``; else what OpenTelemetry's own variables
            (``OTEL_SERVICE_NAME``, ``OTEL_RESOURCE_ATTRIBUTES``) say.
        cells: False records through the SDK's public calls even where cells would work.
    """

    def __init__(
        self,
        readers: Sequence[MetricReader],
        service_name: str | None = None,
        *,
        cells: bool = True,
    ) -> None:
        # The provider reads this list whenever an instrument is recorded for the first time, so
        # an operation that comes into being later gets its View by being appended here.
        self._views: list[View] = []
        self._provider = MeterProvider(
            metric_readers=readers,
            resource=Resource.create({SERVICE_NAME: service_name} if service_name else {}),
            views=self._views,
            shutdown_on_exit=False,  # the facade does, within its time
        )
        self._cells = cells and suits(readers) and cells_work()
        # One constant scope: the Collector's exporter keys by it even where it hides its labels.
        self._meter = self._provider.get_meter(METER_NAME, __version__)

    def declare(self, instrument: Instrument) -> BindableInstrument:
        """Create ``instrument`` at the Meter, under a View of its own."""
        self._views.append(view_of(instrument, cells=self._cells))
        return MeterInstrument(self._meter, instrument, cells=self._cells)

    def shutdown(self, timeout: float) -> None:
        """Export a last time and end the readers, within ``timeout`` seconds."""
        try:
            self._provider.shutdown(timeout_millis=timeout * 1000)
        except Exception as error:  # the provider raises a bare Exception for any reader's
            _logger.warning("OpenTelemetry did not shut down cleanly: %s", error)
