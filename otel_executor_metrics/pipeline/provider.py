"""The MeterProvider with its readers and Views, and the life of both."""

from __future__ import annotations

import logging
from collections.abc import Sequence

from opentelemetry.metrics import MeterProvider as APIMeterProvider
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import MetricReader

from otel_executor_metrics._version import __version__
from otel_executor_metrics.pipeline.cells import readers_of, suits, views_of
from otel_executor_metrics.pipeline.collection import Collection, Source
from otel_executor_metrics.pipeline.declaring import Instruments
from otel_executor_metrics.pipeline.environment import exemplar_filter, resource_of
from otel_executor_metrics.pipeline.selfcheck import cells_work
from otel_executor_metrics.pipeline.views import METER_NAME, ExecutorViews

_logger = logging.getLogger(__name__)


class Pipeline:
    """One Meter, and the life of its provider.

    Args:
        provider: where the Meter is had from. It is the user's, who flushes and ends it, unless
            the pipeline was made by :meth:`over`.
    """

    def __init__(self, provider: APIMeterProvider) -> None:
        self._provider = provider
        self._owned: MeterProvider | None = None
        self._views = _views_of_ours(provider)
        # One constant scope: the Collector's exporter keys by it even where it hides its labels.
        self._meter = provider.get_meter(METER_NAME, __version__)

    @property
    def takes_cells(self) -> bool:
        """Whether :meth:`export` works here; else :meth:`public_calls` do."""
        if not isinstance(self._provider, MeterProvider) or self._views is None:
            return False
        return self._views.only_ours and suits(readers_of(self._provider)) and cells_work()

    @classmethod
    def over(cls, readers: Sequence[MetricReader], service_name: str | None = None) -> Pipeline:
        """Return a pipeline with a provider of its own that feeds ``readers``.

        ``service_name`` is the resource's ``service.name``; else the environment says it.
        """
        provider = MeterProvider(
            metric_readers=readers,
            resource=resource_of(service_name),
            exemplar_filter=exemplar_filter(),
            views=ExecutorViews(),
            shutdown_on_exit=False,  # the facade does, within its time
        )
        pipeline = cls(provider)
        pipeline._owned = provider
        return pipeline

    def export(self, source: Source) -> None:
        """Have the readers get what ``source`` holds; for a pipeline that takes cells."""
        Collection(Instruments(self._meter, self._views, cells=True), source)

    def public_calls(self) -> Instruments:
        """Return the instruments for recording through the SDK."""
        return Instruments(self._meter, self._views, cells=False)

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


def _views_of_ours(provider: APIMeterProvider) -> ExecutorViews | None:
    views = views_of(provider) if isinstance(provider, MeterProvider) else None
    return views if isinstance(views, ExecutorViews) else None
