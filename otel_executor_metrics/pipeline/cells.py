"""The one file that knows the SDK's inside: aggregations whose state is a cell.

A View carries an ``Aggregation``, of which the SDK has one object made for each series and reader.
Ours keep what is measured through the SDK, as ever, and add to it what stands in the cell of the
series. Handles write to that cell and never pass through the SDK.

A series is made known by an *announcement*: a measurement of 0 whose context brings the cell and
counts nothing. Should a release of the SDK change what this stands on, the self-check finds out
and the pipeline takes the public road.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Final

from opentelemetry.context import Context
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics._internal.aggregation import (
    _ExplicitBucketHistogramAggregation,
    _SumAggregation,
)
from opentelemetry.sdk.metrics._internal.measurement import Measurement
from opentelemetry.sdk.metrics.export import (
    AggregationTemporality,
    HistogramDataPoint,
    MetricReader,
    NumberDataPoint,
)
from opentelemetry.sdk.metrics.view import ExplicitBucketHistogramAggregation, SumAggregation

from otel_executor_metrics.catalog import Instrument
from otel_executor_metrics.storage import HistogramCell, SumCell
from otel_executor_metrics.typing import Attributes, Cell, Lock

_KEY: Final = "otel_executor_metrics.announcement"


class _Announcement:
    """Brings a cell to the aggregations of its series, and counts those that took it."""

    def __init__(self, cell: Cell) -> None:
        self.cell = cell
        self.taken = 0


def announce(
    instrument: Instrument, record: Callable[..., None], attributes: Attributes, lock: Lock
) -> Cell | None:
    """Return the cell of a series, or None where no aggregation of the SDK took it.

    From now on the series is exported at 0. ``record`` is the instrument's public ``add`` or
    ``record``.
    """
    histogram = instrument.kind == "histogram"
    cell = HistogramCell(lock, instrument.buckets) if histogram else SumCell(lock)
    announcement = _Announcement(cell)
    record(0, attributes, Context({_KEY: announcement}))
    return announcement.cell if announcement.taken else None


def suits(readers: Iterable[MetricReader]) -> bool:
    """Tell whether cells can serve all ``readers``.

    Not those with delta temporality: for them the SDK discards its aggregations at each collection.
    """
    return not any(
        AggregationTemporality.DELTA in reader._instrument_class_temporality.values()
        for reader in readers
    )


def readers_of(provider: MeterProvider) -> Iterable[MetricReader]:
    """Return the readers of a provider of the SDK."""
    return provider._metric_readers


def views_of(provider: MeterProvider) -> object:
    """Return the Views of a provider of the SDK: the very object that it was given."""
    return provider._sdk_config.views


class _CellBacked:
    """What both aggregations share: an announcement is taken, and counts nothing."""

    cell: Any = None

    def aggregate(self, measurement: Measurement, should_sample_exemplar: bool = True) -> None:
        announcement = measurement.context.get(_KEY)
        if isinstance(announcement, _Announcement):
            # The first cell stays: whoever announces the series again gets that one.
            self.cell = announcement.cell = self.cell or announcement.cell
            announcement.taken += 1
        else:
            super().aggregate(measurement, should_sample_exemplar)  # type: ignore[misc]


class _CellSum(_CellBacked, _SumAggregation):
    def collect(self, temporality: AggregationTemporality, start_nano: int) -> Any:
        point = super().collect(temporality, start_nano)
        if self.cell is None or point is None:
            return point
        return NumberDataPoint(
            attributes=point.attributes,
            start_time_unix_nano=point.start_time_unix_nano,
            time_unix_nano=point.time_unix_nano,
            value=point.value + self.cell.read(),
            exemplars=point.exemplars,
        )


class _CellHistogram(_CellBacked, _ExplicitBucketHistogramAggregation):
    def collect(self, temporality: AggregationTemporality, start_nano: int) -> Any:
        point: Any = super().collect(temporality, start_nano)
        if self.cell is None or point is None:
            return point
        held = self.cell.read()
        counts = tuple(
            measured + int(count)
            for measured, count in zip(point.bucket_counts, held.counts, strict=True)
        )
        return HistogramDataPoint(
            attributes=point.attributes,
            start_time_unix_nano=point.start_time_unix_nano,
            time_unix_nano=point.time_unix_nano,
            count=sum(counts),
            sum=point.sum + held.sum,
            bucket_counts=counts,
            explicit_bounds=point.explicit_bounds,
            min=min(point.min, held.min),
            max=max(point.max, held.max),
            exemplars=point.exemplars,
        )


class CellSumAggregation(SumAggregation):
    """A sum whose points include the cell of their series."""

    def _create_aggregation(self, *args: Any) -> Any:
        return _reading_cells(super()._create_aggregation(*args), _CellSum)


class CellHistogramAggregation(ExplicitBucketHistogramAggregation):
    """An explicit-bucket histogram whose points include the cell of their series."""

    def _create_aggregation(self, *args: Any) -> Any:
        return _reading_cells(super()._create_aggregation(*args), _CellHistogram)


def _reading_cells(made: Any, kind: Any) -> Any:
    """Return what the SDK made, with whatever arguments its release takes, as a ``kind``."""
    taught = kind.__new__(kind)
    vars(taught).update(vars(made))
    return taught
