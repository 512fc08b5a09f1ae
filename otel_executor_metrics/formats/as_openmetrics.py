"""A snapshot as OpenMetrics."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from prometheus_client import CollectorRegistry, Metric
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
)
from prometheus_client.openmetrics.exposition import generate_latest
from prometheus_client.registry import Collector

from otel_executor_metrics import BUILTIN_OPERATIONS, Operation
from otel_executor_metrics.catalog import DROPPED, LABEL_OVERFLOW, Instrument, Role
from otel_executor_metrics.formats.bounds import bound_text
from otel_executor_metrics.snapshot import LabelSet, Recorded, Snapshot

_Series = Sequence[tuple[LabelSet, Recorded]]


def to_openmetrics(snapshot: Snapshot, operations: Iterable[Operation] = ()) -> str:
    """Return ``snapshot`` as OpenMetrics 1.0: the series that the endpoint itself shows.

    Args:
        snapshot: what to write.
        operations: whose help is to be written; of others, but for the built-in ones, it is what
            an operation without a help of its own has.
    """
    known = {operation.name: operation for operation in (*BUILTIN_OPERATIONS, *operations)}
    registry = CollectorRegistry()
    registry.register(_Written(snapshot, known))
    return generate_latest(registry).decode()  # type: ignore[no-untyped-call, no-any-return]


class _Written(Collector):
    """A collector of what is in a snapshot, for prometheus_client's writer."""

    def __init__(self, snapshot: Snapshot, known: Mapping[str, Operation]) -> None:
        self._snapshot = snapshot
        self._known = known

    def describe(self) -> Iterable[Metric]:
        """Say that the names are known when they are collected."""
        return ()

    def collect(self) -> Iterator[Metric]:
        """Yield all families."""
        dropped = self._snapshot.dropped.items()
        yield _counter(DROPPED, [((("reason", reason),), count) for reason, count in dropped])
        yield _counter(
            LABEL_OVERFLOW,
            [
                ((("operation", operation), ("label", label)), count)
                for (operation, label), count in self._snapshot.overflowed.items()
            ],
        )
        by_operation: dict[str, list[tuple[LabelSet, Recorded]]] = {}
        for (operation, labels), recorded in self._snapshot.series.items():
            by_operation.setdefault(operation, []).append((labels, recorded))
        for name, series in by_operation.items():
            operation_of = self._known.get(name) or Operation(name)
            yield from _families(operation_of.instruments, series)


def _families(instruments: Mapping[Role, Instrument], series: _Series) -> Iterator[Metric]:
    yield _histogram(instruments["latency"], series)
    yield _counter(instruments["success"], [(labels, one.success) for labels, one in series])
    yield _counter(instruments["retries"], [(labels, one.retries) for labels, one in series])
    yield _counter(instruments["failures"], list(_failures(series)))
    yield _gauge(instruments["in_progress"], series)
    yield _counter(instruments["lost"], [(labels, one.lost) for labels, one in series])


def _failures(series: _Series) -> Iterator[tuple[LabelSet, float]]:
    for labels, recorded in series:
        yield labels, 0.0  # without a type, as at the endpoint: docs/contract.md §1
        for error_type, count in recorded.failures.items():
            yield (("error_type", error_type), *labels), count


def _counter(made: Instrument, values: Sequence[tuple[LabelSet, float]]) -> Metric:
    names = _names(labels for labels, _ in values)
    family = CounterMetricFamily(made.key, made.help, labels=names)
    for labels, value in values:
        family.add_metric(_values(names, labels), value)
    return family


def _gauge(made: Instrument, series: _Series) -> Metric:
    names = _names(labels for labels, _ in series)
    family = GaugeMetricFamily(made.key, made.help, labels=names)
    for labels, recorded in series:
        family.add_metric(_values(names, labels), recorded.in_progress)
    return family


def _histogram(made: Instrument, series: _Series) -> Metric:
    names = _names(labels for labels, _ in series)
    family = HistogramMetricFamily(made.exported, made.help, labels=names, unit="seconds")
    for labels, recorded in series:
        if recorded.buckets:
            buckets = [(bound_text(bound), count) for bound, count in recorded.buckets]
            family.add_metric(_values(names, labels), buckets, recorded.seconds)
    return family


def _names(label_sets: Iterable[LabelSet]) -> list[str]:
    return sorted({name for labels in label_sets for name, _ in labels})


def _values(names: Sequence[str], labels: LabelSet) -> list[str]:
    values = dict(labels)
    return [values.get(name, "") for name in names]
