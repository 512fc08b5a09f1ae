"""The two roads of recording: into slots, which the SDK reads, or through the SDK's public calls.

Both make what one operation needs to be recorded; which of them is taken is decided once.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import Any, Protocol

from otel_executor_metrics._names import ERROR_TYPE
from otel_executor_metrics.bound import BoundOperation, PublicOperation
from otel_executor_metrics.catalog import Instrument, Operation
from otel_executor_metrics.cell_operation import CellOperation
from otel_executor_metrics.instruments import CountDrop
from otel_executor_metrics.pipeline import Instruments, PublicInstrument
from otel_executor_metrics.storage.blocks import COUNT
from otel_executor_metrics.storage.slots import SumCell
from otel_executor_metrics.storage.store import Store
from otel_executor_metrics.traced_operation import TracedOperation
from otel_executor_metrics.typing import Attributes, Cell, Clock


class Road(Protocol):
    """Makes series. They are exported at 0 from then on; made twice, they add up."""

    def operation(
        self,
        operation: Operation,
        attributes: Attributes,
        *,
        failures: Callable[[object], Any],
        drop: CountDrop,
    ) -> BoundOperation[Any]:
        """Make the series of one label set, but for its failures by type.

        ``failures`` finds the cell of a type; it calls ``new_failure`` of what is returned here.
        """

    def count(self, instrument: Instrument, attributes: Attributes) -> Cell:
        """Make one series of a counter of the library's own."""


class CellRoad:
    """The road into slots.

    Operations offer exemplars from the time on that ``traced`` says so. It is asked when label
    sets come into being and when all is read: in each call it would cost too much.
    """

    def __init__(self, store: Store, clock: Clock, traced: Callable[[], bool]) -> None:
        self._store = store
        self._clock = clock
        self._traced = traced
        self._untraced: list[CellOperation] = []
        store.on_read = self._look

    def operation(
        self,
        operation: Operation,
        attributes: Attributes,
        *,
        failures: Callable[[object], Any],
        drop: CountDrop,
    ) -> CellOperation:
        """Make the series of one label set: one slot."""
        self._store.define(operation)
        slot = self._store.operation(operation, attributes)
        made = CellOperation(
            slot,
            operation.buckets,
            self._store,
            failures=failures,
            drop=drop,
            clock=self._clock,
        )
        self._untraced.append(made)
        self._look()
        return made

    def count(self, instrument: Instrument, attributes: Attributes) -> Cell:
        """Make one series of a counter of the library's own."""
        return SumCell(self._store.count(instrument.key, attributes), COUNT)

    def _look(self) -> None:
        if not self._traced():
            return
        with contextlib.suppress(IndexError):  # another thread took the last one
            while self._untraced:
                self._untraced.pop().__class__ = TracedOperation


class PublicRoad:
    """The road through the SDK's public calls."""

    def __init__(self, instruments: Instruments, clock: Clock) -> None:
        self._instruments = instruments
        self._clock = clock
        self._made: dict[str, PublicInstrument] = {}

    def operation(
        self,
        operation: Operation,
        attributes: Attributes,
        *,
        failures: Callable[[object], Any],
        drop: CountDrop,
    ) -> PublicOperation:
        """Make the series of one label set: one for each instrument."""
        instruments = operation.instruments
        # The failures' series bound here has no error_type and stays at 0: it lets the success
        # ratio have a value before anything has failed.
        cells = {role: self._bound(made, attributes) for role, made in instruments.items()}

        def new_failure(error_type: str) -> Cell:
            return self._bound(instruments["failures"], {ERROR_TYPE: error_type, **attributes})

        return PublicOperation(cells, new_failure, failures=failures, drop=drop, clock=self._clock)

    def count(self, instrument: Instrument, attributes: Attributes) -> Cell:
        """Make one series of a counter of the library's own."""
        return self._bound(instrument, attributes)

    def move_to(self, instruments: Instruments) -> None:
        """Record at another Meter from now on, where all series begin at 0."""
        self._instruments = instruments
        for made in tuple(self._made.values()):
            made.move_to(instruments)

    def _bound(self, instrument: Instrument, attributes: Attributes) -> Cell:
        made = self._made.get(instrument.key)
        if made is None:
            made = PublicInstrument(instrument, self._instruments)
            made = self._made.setdefault(instrument.key, made)
        return made.bind(attributes)
