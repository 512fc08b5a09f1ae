"""Whether cells work with the SDK at hand: tried once in a process, in a few milliseconds."""

from __future__ import annotations

import functools
import logging
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, TypeAlias

from opentelemetry.sdk.metrics import AlwaysOffExemplarFilter, MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.resources import Resource

from otel_executor_metrics.catalog import Operation, Role
from otel_executor_metrics.pipeline.collection import Collection
from otel_executor_metrics.pipeline.declaring import Instruments
from otel_executor_metrics.pipeline.public import PublicInstrument
from otel_executor_metrics.pipeline.views import METER_NAME, ExecutorViews
from otel_executor_metrics.storage.blocks import OUTCOME
from otel_executor_metrics.storage.slots import ProgressCell, Slot, SumCell, observe
from otel_executor_metrics.storage.store import Store
from otel_executor_metrics.typing import Cell

_logger = logging.getLogger(__name__)

_PROBE: Final = Operation("probe", labels=("label",), buckets=(0.5, 1.0))
_ATTRIBUTES: Final = {"label": "value"}
_RECORDED: Final[tuple[Role, ...]] = ("latency", "success", "in_progress")
_VALUES: Final = (0.25, 0.5, 0.75, 2.0)


class _HistogramCell:
    def __init__(self, slot: Slot, bounds: Sequence[float]) -> None:
        self._slot = slot
        self._bounds = bounds

    def record(self, value: float, /) -> None:
        observe(self._slot.block, self._bounds, value)


_Road: TypeAlias = Callable[[Instruments], Mapping[Role, Cell]]


@functools.cache
def cells_work() -> bool:
    """Tell whether cells yield the data points that the SDK makes of the same measurements."""
    try:
        works = _points(_by_cells, cells=True) == _points(_by_calls, cells=False)
    except Exception:
        _logger.debug("the self-check of cells failed", exc_info=True)
        works = False
    if not works:
        _logger.warning(
            "this OpenTelemetry SDK does not take cells: recording goes through its public calls,"
            " which is as right but slower; a newer otel-executor-metrics may know it"
        )
    return works


def _by_cells(instruments: Instruments) -> Mapping[Role, Cell]:
    store = Store()
    store.define(_PROBE)
    Collection(instruments, lambda: ()).add(store)
    slot = store.operation(_PROBE, _ATTRIBUTES)
    return {
        "latency": _HistogramCell(slot, _PROBE.buckets),
        "success": SumCell(slot, OUTCOME),
        "in_progress": ProgressCell(slot),
    }


def _by_calls(instruments: Instruments) -> Mapping[Role, Cell]:
    return {
        role: PublicInstrument(instrument, instruments).bind(_ATTRIBUTES)
        for role, instrument in _PROBE.instruments.items()
    }


def _points(road: _Road, *, cells: bool) -> list[Any]:
    """Return what two readers see of the probe, without the times."""
    readers = (InMemoryMetricReader(), InMemoryMetricReader())
    views = ExecutorViews()
    views.complete(cells=cells)
    provider = MeterProvider(
        metric_readers=readers,
        resource=Resource.get_empty(),
        exemplar_filter=AlwaysOffExemplarFilter(),  # a span may be active
        views=views,
        shutdown_on_exit=False,
    )
    made = road(Instruments(provider.get_meter(METER_NAME), views))
    for role in _RECORDED:
        for value in _VALUES:
            made[role].record(value)
    points = [_seen(reader) for reader in (*readers, *readers)]
    provider.shutdown()
    return points


def _seen(reader: InMemoryMetricReader) -> list[Any]:
    data = reader.get_metrics_data()
    metrics = data.resource_metrics[0].scope_metrics[0].metrics if data else []
    return [
        (metric.name, type(metric.data), _without_times(point))
        for metric in sorted(metrics, key=lambda metric: metric.name)
        for point in metric.data.data_points
    ]


def _without_times(point: Any) -> dict[str, Any]:
    return {name: held for name, held in vars(point).items() if "time" not in name}
