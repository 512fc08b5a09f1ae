"""The MeterProvider with its readers and Views, and the life of both."""

from __future__ import annotations

import logging
import uuid
from collections.abc import Sequence

from opentelemetry.metrics import MeterProvider as APIMeterProvider
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import MetricReader
from opentelemetry.sdk.resources import (
    SERVICE_INSTANCE_ID,
    SERVICE_NAME,
    OTELResourceDetector,
    Resource,
)

from otel_executor_metrics._version import __version__
from otel_executor_metrics.catalog import Instrument
from otel_executor_metrics.pipeline.cells import readers_of, suits, views_of
from otel_executor_metrics.pipeline.instruments import (
    Announcements,
    CellInstrument,
    PublicInstrument,
)
from otel_executor_metrics.pipeline.selfcheck import cells_work
from otel_executor_metrics.pipeline.views import METER_NAME, ExecutorViews, view_of
from otel_executor_metrics.typing import BindableInstrument

_logger = logging.getLogger(__name__)


class Pipeline:
    """Declares instruments at one Meter.

    Args:
        provider: where the Meter is had from. It is the user's, who flushes and ends it, unless
            the pipeline was made by :meth:`over`.
        cells: False records through the SDK's public calls even where cells would work.
    """

    def __init__(self, provider: APIMeterProvider, *, cells: bool = True) -> None:
        self._provider = provider
        self._owned: MeterProvider | None = None
        self._declared: dict[str, BindableInstrument] = {}
        self._views = _views_of_ours(provider)
        # One constant scope: the Collector's exporter keys by it even where it hides its labels.
        self._meter = provider.get_meter(METER_NAME, __version__)
        cells = cells and _takes_cells(provider, self._views)
        self._announcements = Announcements(self._meter) if cells else None

    @classmethod
    def over(
        cls, readers: Sequence[MetricReader], service_name: str | None = None, *, cells: bool = True
    ) -> Pipeline:
        """Return a pipeline with a provider of its own that feeds ``readers``.

        ``service_name`` is the resource's ``service.name``; else what OpenTelemetry's own variables
        (``OTEL_SERVICE_NAME``, ``OTEL_RESOURCE_ATTRIBUTES``) say. ``service.instance.id`` is new
        for each pipeline, unless the latter names one.
        """
        provider = MeterProvider(
            metric_readers=readers,
            resource=_resource(service_name),
            views=ExecutorViews(),
            shutdown_on_exit=False,  # the facade does, within its time
        )
        pipeline = cls(provider, cells=cells)
        pipeline._owned = provider
        return pipeline

    def declare(self, instrument: Instrument) -> BindableInstrument:
        """Return ``instrument`` at the Meter, under a View of its own if the provider has ours.

        It may be declared again, to the same effect.
        """
        if self._announcements is None:
            made: BindableInstrument = PublicInstrument(self._meter, instrument)
        else:
            made = CellInstrument(self._meter, instrument, self._announcements)
        declared = self._declared.setdefault(instrument.key, made)
        if declared is made and self._views is not None:
            self._views.append(view_of(instrument, cells=self._announcements is not None))
        return declared

    def flush(self, timeout: float) -> bool:
        """Have the readers of a user's provider send what is recorded, within ``timeout`` seconds.

        Those of our own are flushed by their exporters, which know whether there is anything to
        send: a flushed Prometheus reader would answer the next scrape twice.
        """
        if self._owned is not None or not isinstance(self._provider, MeterProvider):
            return True
        try:
            return self._provider.force_flush(timeout_millis=timeout * 1000)
        except Exception as error:  # the provider raises a bare Exception for any reader's
            _logger.warning("OpenTelemetry did not flush everything: %s", error)
            return False

    def shutdown(self, timeout: float) -> None:
        """Export a last time and end the readers of our own, within ``timeout`` seconds."""
        if self._owned is None:
            return
        try:
            self._owned.shutdown(timeout_millis=timeout * 1000)
        except Exception as error:  # the provider raises a bare Exception for any reader's
            _logger.warning("OpenTelemetry did not shut down cleanly: %s", error)


def _resource(service_name: str | None) -> Resource:
    """Return what describes the process, with an identity of its own unless the user gave one.

    In a Collector, two pipelines of one identity would overwrite each other's totals. That of the
    SDK, since 1.45, is one for the whole process.
    """
    attributes = {SERVICE_NAME: service_name} if service_name else {}
    if SERVICE_INSTANCE_ID not in OTELResourceDetector().detect().attributes:
        attributes[SERVICE_INSTANCE_ID] = str(uuid.uuid4())
    return Resource.create(attributes)


def _views_of_ours(provider: APIMeterProvider) -> ExecutorViews | None:
    views = views_of(provider) if isinstance(provider, MeterProvider) else None
    return views if isinstance(views, ExecutorViews) else None


def _takes_cells(provider: APIMeterProvider, views: ExecutorViews | None) -> bool:
    if not isinstance(provider, MeterProvider) or views is None or not views.only_ours:
        return False
    return suits(readers_of(provider)) and cells_work()
