"""Whether cells work with the SDK at hand: tried once in a process, in a few milliseconds."""

from __future__ import annotations

import functools
import logging
from threading import RLock
from typing import Any

from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.resources import Resource

from otel_executor_metrics.catalog import Instrument
from otel_executor_metrics.pipeline.instruments import (
    Announcements,
    CellInstrument,
    PublicInstrument,
)
from otel_executor_metrics.pipeline.views import METER_NAME, view_of

_logger = logging.getLogger(__name__)

_PROBES = (
    Instrument("probe_counter", "counter", "A counter"),
    Instrument("probe_gauge", "gauge", "A gauge"),
    Instrument("probe_histogram", "histogram", "A histogram", unit="s", buckets=(0.5, 1.0)),
)
_VALUES = (0.25, 0.5, 0.75, 2.0)


@functools.cache
def cells_work() -> bool:
    """Tell whether cells yield the data points that the SDK makes of the same measurements."""
    try:
        works = _points(cells=True) == _points(cells=False)
    except Exception:
        _logger.debug("the self-check of cells failed", exc_info=True)
        works = False
    if not works:
        _logger.warning(
            "this OpenTelemetry SDK does not take cells: recording goes through its public calls,"
            " which is as right but slower; a newer otel-executor-metrics may know it"
        )
    return works


def _points(*, cells: bool) -> list[Any]:
    """Return what two readers see of the probes, without the times."""
    readers = (InMemoryMetricReader(), InMemoryMetricReader())
    provider = MeterProvider(
        metric_readers=readers,
        resource=Resource.get_empty(),
        views=[view_of(probe, cells=cells) for probe in _PROBES],
        shutdown_on_exit=False,
    )
    meter = provider.get_meter(METER_NAME)
    announcements = Announcements(meter)
    for probe in _PROBES:
        instrument = (
            CellInstrument(meter, probe, announcements) if cells else PublicInstrument(meter, probe)
        )
        cell = instrument.bind({"label": "value"}, RLock())
        for value in _VALUES:
            cell.record(value)
    points = [_seen(reader) for reader in (*readers, *readers)]
    provider.shutdown()
    return points


def _seen(reader: InMemoryMetricReader) -> list[Any]:
    data = reader.get_metrics_data()
    metrics = data.resource_metrics[0].scope_metrics[0].metrics if data else []
    return [
        (metric.name, type(metric.data), _without_times(point))
        for metric in metrics
        for point in metric.data.data_points
    ]


def _without_times(point: Any) -> dict[str, Any]:
    return {name: held for name, held in vars(point).items() if "time" not in name}
