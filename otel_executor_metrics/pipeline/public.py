"""The SDK's public calls as cells: where its aggregations cannot read ours."""

from __future__ import annotations

from typing import Final

from opentelemetry import trace
from opentelemetry.context import Context

from otel_executor_metrics.catalog import Instrument
from otel_executor_metrics.pipeline.declaring import Instruments
from otel_executor_metrics.typing import Attributes

_NO_SPAN: Final = trace.set_span_in_context(trace.INVALID_SPAN, Context())
"""What shows a series at 0 is no measurement, and must not become an exemplar."""


class PublicInstrument:
    """An instrument whose series live in the SDK; ``record`` is its public call."""

    def __init__(self, instrument: Instrument, instruments: Instruments) -> None:
        self._instrument = instrument
        self._bound: list[Attributes] = []
        self.record = instruments(instrument)

    def bind(self, attributes: Attributes) -> PublicCell:
        """Return the cell of ``attributes``; the series is exported at 0 from now on.

        Only a histogram is not, until something is observed: the SDK has no way to say so.
        """
        self._bound.append(attributes)
        self._show(attributes)
        return PublicCell(self, attributes)

    def move_to(self, instruments: Instruments) -> None:
        """Record at another Meter from now on, where all series begin at 0."""
        self.record = instruments(self._instrument)
        for attributes in tuple(self._bound):
            self._show(attributes)

    def _show(self, attributes: Attributes) -> None:
        if self._instrument.kind != "histogram":
            self.record(0, attributes, _NO_SPAN)


class PublicCell:
    """A series that lives in the SDK and is written to through its public call."""

    __slots__ = ("_attributes", "_instrument")

    def __init__(self, instrument: PublicInstrument, attributes: Attributes) -> None:
        self._instrument = instrument
        self._attributes = attributes

    def record(self, value: float, /) -> None:
        """Hand ``value`` to the SDK."""
        self._instrument.record(value, self._attributes)
