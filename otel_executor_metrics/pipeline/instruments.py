"""Instruments declared at a Meter, and the cells that label sets are bound to."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from opentelemetry.metrics import Meter

from otel_executor_metrics.catalog import Instrument
from otel_executor_metrics.pipeline.cells import announce
from otel_executor_metrics.typing import Attributes, Cell, Lock


class MeterInstrument:
    """An instrument of an OpenTelemetry Meter.

    Its series live in cells where ``cells`` says so and the SDK takes them, else in the SDK.
    """

    def __init__(self, meter: Meter, instrument: Instrument, *, cells: bool) -> None:
        self._instrument = instrument
        self._record = _recording_call(meter, instrument)
        self._cells = cells

    def bind(self, attributes: Attributes, lock: Lock, /) -> Cell:
        """Return the cell of ``attributes``; the series is exported at 0 from now on.

        Only a histogram that lives in the SDK is not, until something is observed: the SDK has no
        way to say so.
        """
        cell = None
        if self._cells:
            cell = announce(self._instrument, self._record, attributes, lock)
        elif self._instrument.kind != "histogram":
            self._record(0, attributes)
        return cell or PublicCell(self._record, attributes)


class PublicCell:
    """A series that lives in the SDK and is written to through its public call."""

    __slots__ = ("_attributes", "_record")

    def __init__(self, record: Callable[..., None], attributes: Attributes) -> None:
        self._record = record
        self._attributes = attributes

    def record(self, value: float, /) -> None:
        """Hand ``value`` to the SDK."""
        self._record(value, self._attributes)


def _recording_call(meter: Meter, instrument: Instrument) -> Callable[..., Any]:
    key, unit, text = instrument.key, instrument.unit, instrument.help
    if instrument.kind == "counter":
        return meter.create_counter(key, unit, text).add
    if instrument.kind == "gauge":
        return meter.create_up_down_counter(key, unit, text).add
    # The bounds are for a provider without our Views, such as a user's own.
    return meter.create_histogram(
        key, unit, text, explicit_bucket_boundaries_advisory=instrument.buckets
    ).record
