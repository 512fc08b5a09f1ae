"""The MeterProvider with its readers and Views, and the life of both."""

from __future__ import annotations

import logging
import weakref
from collections.abc import Iterable, Sequence
from typing import Final

from opentelemetry.metrics import MeterProvider as APIMeterProvider
from opentelemetry.metrics import NoOpMeterProvider, get_meter_provider
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import MetricReader
from opentelemetry.sdk.resources import Resource

from otel_executor_metrics._version import __version__
from otel_executor_metrics.catalog import Operation
from otel_executor_metrics.errors import SettingError
from otel_executor_metrics.pipeline.cells import (
    exemplar_filter_of,
    readers_of,
    stands_in,
    suits,
    views_of,
)
from otel_executor_metrics.pipeline.collection import Collection, Source
from otel_executor_metrics.pipeline.declaring import Instruments
from otel_executor_metrics.pipeline.sampling import SAMPLINGS, Sampling, sampling_as
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
        self._shared = _shared(provider)
        _warn_of_losses(provider)

    @property
    def takes_cells(self) -> bool:
        """Whether :meth:`export` works here; else :meth:`public_calls` do."""
        return self._shared.takes_cells

    @property
    def sampling(self) -> Sampling:
        """Which measurements become exemplars, as the provider was told."""
        if not isinstance(self._provider, MeterProvider):
            return SAMPLINGS["always_off"]
        return sampling_as(exemplar_filter_of(self._provider))

    @classmethod
    def over(
        cls,
        readers: Sequence[MetricReader],
        resource: Resource,
        exemplar_filter: str = "trace_based",
    ) -> Pipeline:
        """Return a pipeline with a provider of its own that feeds ``readers``."""
        provider = MeterProvider(
            metric_readers=readers,
            resource=resource,
            exemplar_filter=SAMPLINGS[exemplar_filter].filter(),
            views=ExecutorViews(),
            shutdown_on_exit=False,  # the facade does, within its time
        )
        pipeline = cls(provider)
        pipeline._owned = provider
        return pipeline

    def export(self, source: Source) -> None:
        """Have the readers get what ``source`` holds; for a pipeline that takes cells."""
        self._shared.collection.add(source)

    def public_calls(self) -> Instruments:
        """Return the instruments for recording through the SDK."""
        return self._shared.instruments

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


def given_provider(given: object) -> APIMeterProvider | None:
    """Return the provider that ``given`` is, or names: ``global`` is OpenTelemetry's, as by now.

    Raises:
        SettingError: it is none.
    """
    if given is None or isinstance(given, APIMeterProvider):
        return given
    if given == "global":
        return get_meter_provider()
    raise SettingError("meter_provider", given, "must be OpenTelemetry's, or the text 'global'")


def _warn_of_losses(provider: APIMeterProvider) -> None:
    if stands_in(provider):
        _logger.warning(
            "no global MeterProvider is set: what is recorded is lost until one is, by"
            " opentelemetry.metrics.set_meter_provider, and series do not begin at 0; set it"
            " before ExecutorMetrics is made"
        )
    elif isinstance(provider, NoOpMeterProvider):
        _logger.warning("the MeterProvider is a NoOpMeterProvider: what is recorded is lost")


def takes_cells(readers: Iterable[MetricReader]) -> bool:
    """Tell whether what ``readers`` get can be read from cells."""
    return suits(readers) and cells_work()


class _Shared:
    """What all facades on one provider have in common: its names, Views and callback are one."""

    def __init__(self, provider: APIMeterProvider) -> None:
        self.definitions: dict[str, Operation] = {}
        self.takes_cells = False
        views = views_of(provider) if isinstance(provider, MeterProvider) else None
        ours = views if isinstance(views, ExecutorViews) else None
        if ours is not None and isinstance(provider, MeterProvider):
            ours.complete(cells=cells_work())
            self.takes_cells = ours.only_ours and takes_cells(readers_of(provider))
        # One constant scope: the Collector's exporter keys by it even where it hides its labels.
        self.instruments = Instruments(provider.get_meter(METER_NAME, __version__), ours)
        self._provider = weakref.ref(provider)
        self.collection = Collection(self.instruments, self._readers)

    def _readers(self) -> Iterable[MetricReader]:
        provider = self._provider()
        return readers_of(provider) if isinstance(provider, MeterProvider) else ()


_all: Final[weakref.WeakKeyDictionary[APIMeterProvider, _Shared]] = weakref.WeakKeyDictionary()


def _shared(provider: APIMeterProvider) -> _Shared:
    # Without a lock, which a forked child might find taken for ever.
    return _all.get(provider) or _all.setdefault(provider, _Shared(provider))


def definitions_of(provider: APIMeterProvider) -> dict[str, Operation]:
    """Return the operations of all facades on ``provider`` by name in lower case, to be added to.

    They share instruments, so that one name cannot have two definitions.
    """
    return _shared(provider).definitions
