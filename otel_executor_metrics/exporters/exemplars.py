"""OpenTelemetry's Prometheus reader with exemplars, which it leaves out (its issue 4178)."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Mapping
from typing import Any, Final, TypeAlias

from opentelemetry.exporter.prometheus import PrometheusMetricReader
from opentelemetry.sdk.metrics import Exemplar
from opentelemetry.sdk.metrics.export import Histogram, HistogramDataPoint, Metric, MetricsData, Sum
from prometheus_client import CollectorRegistry
from prometheus_client import Metric as Family
from prometheus_client.samples import Exemplar as Shown
from prometheus_client.samples import Sample, Timestamp

from otel_executor_metrics.catalog import Instrument

_Key: TypeAlias = tuple[str, frozenset[tuple[str, str]]]

_SECOND: Final = 1_000_000_000


class ExemplarReader(PrometheusMetricReader):
    """Keeps, of each collection, the exemplars that its super class drops."""

    def __init__(self, **options: Any) -> None:
        self.exemplars: Mapping[_Key, Shown] = {}
        super().__init__(**options)

    def _receive_metrics(self, metrics_data: MetricsData, *args: Any, **options: Any) -> None:
        self.exemplars = dict(_found(metrics_data))
        super()._receive_metrics(metrics_data, *args, **options)


class ExemplarRegistry:
    """What a reader has put into a registry, with its exemplars; for one scrape at a time.

    The encoders write them into OpenMetrics and leave them out of the plain text, which has none.
    The labels of one have 63 characters, of the 128 that OpenMetrics admits.
    """

    def __init__(self, registry: CollectorRegistry, reader: ExemplarReader) -> None:
        self._registry = registry
        self._reader = reader

    def collect(self) -> Iterator[Family]:
        """Yield the families as they are now."""
        for family in self._registry.collect():
            exemplars = self._reader.exemplars
            if exemplars:
                family.samples = [_with_exemplar(sample, exemplars) for sample in family.samples]
            yield family


def _with_exemplar(sample: Sample, exemplars: Mapping[_Key, Shown]) -> Sample:
    if not sample.name.endswith(("_bucket", "_total")):
        return sample
    found = exemplars.get(_key(sample.name, sample.labels))
    return sample if found is None else sample._replace(exemplar=found)


def _found(metrics_data: MetricsData) -> Iterator[tuple[_Key, Shown]]:
    for resource in metrics_data.resource_metrics:
        for scope in resource.scope_metrics:
            for metric in scope.metrics:
                yield from _of_metric(metric)


def _of_metric(metric: Metric) -> Iterator[tuple[_Key, Shown]]:
    unit = metric.unit or ""
    if isinstance(metric.data, Histogram):
        name = f"{Instrument(metric.name, 'histogram', '', unit).exported}_bucket"
        for point in metric.data.data_points:
            for exemplar in point.exemplars:
                labels = {**(point.attributes or {}), "le": _bound(point, exemplar)}
                yield _key(name, labels), _shown(exemplar)
    elif isinstance(metric.data, Sum) and metric.data.is_monotonic:
        name = Instrument(metric.name, "counter", "", unit).exported
        for number in metric.data.data_points:
            for exemplar in number.exemplars:
                yield _key(name, number.attributes or {}), _shown(exemplar)


def _bound(point: HistogramDataPoint, exemplar: Exemplar) -> str:
    """Return the ``le`` of the bucket that an exemplar lies in, as the super class writes it."""
    bounds = point.explicit_bounds
    at = bisect_left(bounds, exemplar.value)
    return str(bounds[at]) if at < len(bounds) else "+Inf"


def _key(name: str, labels: Mapping[str, Any]) -> _Key:
    return name, frozenset((label, value) for label, value in labels.items() if value != "")


def _shown(exemplar: Exemplar) -> Shown:
    seconds, nanoseconds = divmod(exemplar.time_unix_nano, _SECOND)
    return Shown(_ids(exemplar), exemplar.value, Timestamp(seconds, nanoseconds))


def _ids(exemplar: Exemplar) -> dict[str, str]:
    if exemplar.trace_id is None or exemplar.span_id is None:
        return {}
    return {"trace_id": f"{exemplar.trace_id:032x}", "span_id": f"{exemplar.span_id:016x}"}
