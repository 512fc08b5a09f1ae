"""The one file that knows the SDK's inside: aggregations that read what was recorded elsewhere.

A View carries an ``Aggregation``, of which the SDK has one object made for each series and reader.
Ours keep what is measured through the SDK, as ever, and add to it a *reading* of the series.
Recording writes to slots and never passes through the SDK.

A series is made known by an *announcement*: a measurement of 0 whose context brings the reading
and counts nothing. Should a release of the SDK change what this stands on, the self-check finds
out and the pipeline takes the public road.
"""

from __future__ import annotations

import functools
from abc import abstractmethod
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from operator import add
from typing import Any, Final, NamedTuple, Protocol, TypeVar

from opentelemetry.context import Context
from opentelemetry.metrics import MeterProvider as APIMeterProvider
from opentelemetry.metrics._internal import _ProxyMeterProvider
from opentelemetry.sdk.metrics import Exemplar, ExemplarFilter, MeterProvider
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

from otel_executor_metrics.typing import Attributes

_P = TypeVar("_P", NumberDataPoint, HistogramDataPoint)

_KEY: Final = "otel_executor_metrics.announcement"


class Distribution(NamedTuple):
    """What a histogram holds at one moment; ``counts`` are by bucket, not cumulative."""

    sum: float
    min: float
    max: float
    counts: Sequence[float]


class Reading(Protocol):
    """Reads a series; two that read the same are equal."""

    @property
    def exemplars(self) -> list[Exemplar]:
        """What leads from the series to traces."""

    def __call__(self) -> Any:
        """Return what the series holds: of a histogram a Distribution, else a float."""


class _Announcement(NamedTuple):
    """Brings a reading to the aggregations of its series."""

    reading: Reading
    begun_at: int


def announce(
    record: Callable[..., None], attributes: Attributes, reading: Reading, begun_at: int
) -> None:
    """Have the SDK export ``reading`` as the series of ``attributes``, from ``begun_at`` on (ns).

    ``record`` is the public ``add`` or ``record`` of the instrument.
    """
    record(0, attributes, Context({_KEY: _Announcement(reading, begun_at)}))


def suits(readers: Iterable[MetricReader]) -> bool:
    """Tell whether cells can serve all ``readers``.

    Not those with delta temporality: for them the SDK discards its aggregations at each collection.
    """
    return not any(
        AggregationTemporality.DELTA in reader._instrument_class_temporality.values()
        for reader in readers
    )


def readers_of(provider: MeterProvider) -> Iterable[MetricReader]:
    """Return the readers of a provider of the SDK, those added later included."""
    return tuple(provider._measurement_consumer._reader_storages)


def abandon(reader: MetricReader) -> None:
    """Make a reader harmless that a forked child inherited: it collects nothing any more.

    The SDK starts the thread of a periodic reader again in the child, where it would export, as the
    parent, what the child records. Its shutdown would do that too, or wait for locks that nobody
    holds there.
    """
    reader._set_collect_callback(lambda *args, **kwargs: None)  # type: ignore[arg-type]
    ended = getattr(reader, "_shutdown_event", None)
    if ended is not None:
        ended.set()


def views_of(provider: MeterProvider) -> object:
    """Return the Views of a provider of the SDK: the very object that it was given."""
    return provider._sdk_config.views


def stands_in(provider: APIMeterProvider) -> bool:
    """Tell whether ``provider`` is what OpenTelemetry returns while no global one is set."""
    return isinstance(provider, _ProxyMeterProvider)


def exemplar_filter_of(provider: MeterProvider) -> ExemplarFilter:
    """Return the exemplar filter that a provider of the SDK was given."""
    return provider._sdk_config.exemplar_filter


class _CellBacked:
    """What both aggregations share: an announcement brings a reading, and counts nothing.

    The SDK's own state is looked at only where something was measured through it: making its
    point, and then one with the reading in it, would take twice as long as the reading's alone.
    """

    _readings: tuple[Reading, ...] = ()
    _measured = False
    _start_time_unix_nano: int

    def aggregate(self, measurement: Measurement, should_sample_exemplar: bool = True) -> None:
        announcement = measurement.context.get(_KEY)
        if isinstance(announcement, _Announcement):
            if announcement.reading not in self._readings:
                self._readings = (*self._readings, announcement.reading)
            self._start_time_unix_nano = min(self._start_time_unix_nano, announcement.begun_at)
        else:
            self._measured = True
            super().aggregate(measurement, should_sample_exemplar)  # type: ignore[misc]

    def collect(self, temporality: AggregationTemporality, start_nano: int) -> Any:
        # What a series holds is a total. A reader with delta temporality that was added later
        # would take each as an increase.
        readings = () if temporality is AggregationTemporality.DELTA else self._readings
        if len(readings) == 1 and not self._measured:  # nearly all of them
            return self._point(readings[0], start_nano)
        points = [self._point(reading, start_nano) for reading in readings]
        if self._measured:
            points.append(super().collect(temporality, start_nano))  # type: ignore[misc]
        # None: made by a measurement in another thread that has not got as far as aggregate().
        return functools.reduce(self._merged, points) if points else None

    @abstractmethod
    def _point(self, reading: Reading, at: int) -> Any:
        """Return the data point of what a reading returns."""

    @staticmethod
    @abstractmethod
    def _merged(one: Any, other: Any) -> Any:
        """Return the sum of two points of one series."""


def _made(kind: type[_P], **fields: Any) -> _P:
    """Return a data point without its class's ``__init__``.

    That of a frozen dataclass sets each field apart, which takes three times as long.
    """
    made = object.__new__(kind)
    vars(made).update(fields)
    return made


class _CellSum(_CellBacked, _SumAggregation):
    def _point(self, reading: Reading, at: int) -> NumberDataPoint:
        return _made(
            NumberDataPoint,
            attributes=self._attributes,
            start_time_unix_nano=self._start_time_unix_nano,
            time_unix_nano=at,
            value=reading(),
            exemplars=reading.exemplars,
        )

    @staticmethod
    def _merged(one: NumberDataPoint, other: NumberDataPoint) -> NumberDataPoint:
        exemplars = [*one.exemplars, *other.exemplars]
        return replace(other, value=one.value + other.value, exemplars=exemplars)


class _CellHistogram(_CellBacked, _ExplicitBucketHistogramAggregation):
    def _point(self, reading: Reading, at: int) -> HistogramDataPoint:
        held: Distribution = reading()
        counts = tuple(map(int, held.counts))
        return _made(
            HistogramDataPoint,
            attributes=self._attributes,
            start_time_unix_nano=self._start_time_unix_nano,
            time_unix_nano=at,
            count=sum(counts),
            sum=held.sum,
            bucket_counts=counts,
            explicit_bounds=self._boundaries,
            min=held.min,
            max=held.max,
            exemplars=reading.exemplars,
        )

    @staticmethod
    def _merged(one: HistogramDataPoint, other: HistogramDataPoint) -> HistogramDataPoint:
        return replace(
            other,
            count=one.count + other.count,
            sum=one.sum + other.sum,
            bucket_counts=tuple(map(add, one.bucket_counts, other.bucket_counts)),
            min=min(one.min, other.min),
            max=max(one.max, other.max),
            exemplars=[*one.exemplars, *other.exemplars],
        )


class CellSumAggregation(SumAggregation):
    """A sum whose points include the readings of their series."""

    def _create_aggregation(self, *args: Any) -> Any:
        return _reading_cells(super()._create_aggregation(*args), _CellSum)


class CellHistogramAggregation(ExplicitBucketHistogramAggregation):
    """An explicit-bucket histogram whose points include the readings of their series."""

    def _create_aggregation(self, *args: Any) -> Any:
        return _reading_cells(super()._create_aggregation(*args), _CellHistogram)


def _reading_cells(made: Any, kind: Any) -> Any:
    """Return what the SDK made, with whatever arguments its release takes, as a ``kind``."""
    taught = kind.__new__(kind)
    vars(taught).update(vars(made))
    return taught
