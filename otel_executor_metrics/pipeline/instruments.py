"""Instruments declared at a Meter, and the cells that label sets are bound to."""

from __future__ import annotations

import functools
import time
from collections import deque
from collections.abc import Callable, Iterable
from typing import Any, Final

from opentelemetry.metrics import CallbackOptions, Meter, Observation

from otel_executor_metrics.catalog import Instrument
from otel_executor_metrics.pipeline.cells import announce
from otel_executor_metrics.storage import HistogramCell, SumCell
from otel_executor_metrics.typing import Attributes, Cell, Lock

ANNOUNCEMENTS: Final = "executor_metrics_announcements"
"""An instrument that never has a value: the SDK calls it back before each collection."""


class Announcements:
    """Series that the SDK does not know yet. It is told of them when it collects.

    Not before: the SDK's locks are not reentrant, and binding may happen in a signal handler or a
    finaliser that interrupts whoever holds them.
    """

    def __init__(self, meter: Meter) -> None:
        self._pending: deque[Callable[[], None]] = deque()
        meter.create_observable_counter(ANNOUNCEMENTS, callbacks=[self._make])

    def add(self, announcement: Callable[[], None]) -> None:
        """Have ``announcement`` made before the next collection."""
        self._pending.append(announcement)

    def _make(self, options: CallbackOptions) -> Iterable[Observation]:
        while self._pending:
            self._pending.popleft()()
        return ()


class CellInstrument:
    """An instrument whose series live in cells, which the SDK reads."""

    def __init__(self, meter: Meter, instrument: Instrument, announcements: Announcements) -> None:
        self._meter = meter
        self._instrument = instrument
        self._announcements = announcements

    def bind(self, attributes: Attributes, lock: Lock, /) -> Cell:
        """Return a new cell of ``attributes``; the series is exported at 0 from now on."""
        histogram = self._instrument.kind == "histogram"
        cell = HistogramCell(lock, self._instrument.buckets) if histogram else SumCell(lock)
        at = time.time_ns()
        self._announcements.add(lambda: announce(self._record, attributes, cell, at))
        return cell

    @functools.cached_property
    def _record(self) -> Callable[..., None]:
        """The instrument's public call; it comes into being with its first series."""
        return _recording_call(self._meter, self._instrument)


class PublicInstrument:
    """An instrument whose series live in the SDK."""

    def __init__(self, meter: Meter, instrument: Instrument) -> None:
        self._starts_at_zero = instrument.kind != "histogram"
        self._record = _recording_call(meter, instrument)

    def bind(self, attributes: Attributes, lock: Lock, /) -> Cell:
        """Return the cell of ``attributes``; the series is exported at 0 from now on.

        Only a histogram is not, until something is observed: the SDK has no way to say so.
        """
        if self._starts_at_zero:
            self._record(0, attributes)
        return PublicCell(self._record, attributes)


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
