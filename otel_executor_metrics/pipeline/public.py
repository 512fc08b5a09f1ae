"""Cells over the public ``add`` and ``record`` of OpenTelemetry's instruments."""

from __future__ import annotations

from collections.abc import Callable

from opentelemetry.metrics import Meter

from otel_executor_metrics.catalog import Instrument
from otel_executor_metrics.typing import Attributes, Cell


class PublicCell:
    """A series that lives in the SDK and is written to through its public call."""

    __slots__ = ("_attributes", "_call")

    def __init__(self, call: Callable[[float, Attributes], None], attributes: Attributes) -> None:
        self._call = call
        self._attributes = attributes

    def record(self, value: float, /) -> None:
        """Hand ``value`` to the SDK."""
        self._call(value, self._attributes)


class PublicInstrument:
    """An OpenTelemetry instrument as the Meter made it."""

    def __init__(self, meter: Meter, instrument: Instrument) -> None:
        self._starts_at_zero = instrument.kind != "histogram"
        self._call = _recording_call(meter, instrument)

    def bind(self, attributes: Attributes, /) -> Cell:
        """Return the cell of ``attributes``; counters and gauges are exported as 0 from now on."""
        cell = PublicCell(self._call, attributes)
        if self._starts_at_zero:
            cell.record(0)
        return cell


def _recording_call(meter: Meter, instrument: Instrument) -> Callable[[float, Attributes], None]:
    key, unit, text = instrument.key, instrument.unit, instrument.help
    if instrument.kind == "counter":
        return meter.create_counter(key, unit, text).add
    if instrument.kind == "gauge":
        return meter.create_up_down_counter(key, unit, text).add
    return meter.create_histogram(key, unit, text).record
