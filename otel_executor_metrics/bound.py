"""One operation with one label set: outcomes in, state written. And its no-op twin."""

from __future__ import annotations

import time
from abc import abstractmethod
from collections.abc import Callable, Mapping
from typing import Final, Generic, TypeAlias, TypeVar

from otel_executor_metrics._numbers import non_negative
from otel_executor_metrics.catalog import Role
from otel_executor_metrics.instruments import (
    DURATION_RULE,
    CountDrop,
    CounterHandle,
    GaugeHandle,
    HistogramHandle,
)
from otel_executor_metrics.measurement import Enterable
from otel_executor_metrics.typing import UNKNOWN, Cell, Clock, ErrorType

ATTEMPT_RULE = "an attempt number must be a finite number, not negative"

Handle: TypeAlias = CounterHandle | GaugeHandle | HistogramHandle
FailureT = TypeVar("FailureT", bound=Cell)
"""The cell of the failures of one type."""

_ROOM: Final = 20
"""Calls that the SDK may nest to add a number; 13 is the most seen (exemplars, new series)."""

_KINDS: dict[Role, Callable[[Cell, CountDrop], Handle]] = {
    "success": CounterHandle,
    "retries": CounterHandle,
    "in_progress": GaugeHandle,
    "lost": CounterHandle,
}


class BoundOperation(Enterable, Generic[FailureT]):
    """An operation and label set, bound once and then only written to.

    The methods are those of :class:`~otel_executor_metrics.typing.OperationHandle`; it can be
    entered, too.
    """

    __slots__ = ("_drop", "clock", "failures")

    def __init__(
        self, failures: Callable[[object], FailureT], drop: CountDrop, clock: Clock
    ) -> None:
        self.failures = failures
        self._drop = drop
        self.clock = clock

    @abstractmethod
    def cell(self, role: Role) -> Cell:
        """Return the cell of one role; the failures have one for each type."""

    @abstractmethod
    def new_failure(self, error_type: str) -> FailureT:
        """Make the series of the failures of one type."""

    def handle(self, role: Role) -> Handle:
        """Return the handle of one role."""
        if role == "latency":
            return HistogramHandle(self.cell(role), self._drop, self.clock)
        return _KINDS[role](self.cell(role), self._drop)

    def retry(self, attempt_number: int = 2) -> None:
        """Count a retry if ``attempt_number`` is above 1: the first attempt is none."""
        number = non_negative(attempt_number)
        if number is None:
            self._drop("invalid_value", attempt_number, ATTEMPT_RULE)
        elif number > 1:
            self.cell("retries").record(1)

    def observe(self, duration: float) -> None:
        """Observe ``duration`` seconds without an outcome."""
        number = self._readable(duration)
        if number is not None:
            self.cell("latency").record(number)

    def _readable(self, duration: object) -> float | None:
        """Return ``duration`` as a number, or None where it is none, which counts as a drop."""
        number = non_negative(duration)
        if number is None:
            self._drop("invalid_value", duration, DURATION_RULE)
        return number


def _check_room(calls: int) -> None:
    """Raise RecursionError where so many calls cannot be nested."""
    if calls:
        _check_room(calls - 1)


class PublicOperation(BoundOperation[Cell]):
    """An operation whose series live in the SDK, each written to by its public call."""

    __slots__ = ("_cells", "_new_failure")

    def __init__(
        self,
        cells: Mapping[Role, Cell],
        new_failure: Callable[[str], Cell],
        *,
        failures: Callable[[object], Cell],
        drop: CountDrop,
        clock: Clock,
    ) -> None:
        super().__init__(failures, drop, clock)
        self._cells = cells
        self._new_failure = new_failure

    def cell(self, role: Role) -> Cell:
        """Return the cell of one role."""
        return self._cells[role]

    def new_failure(self, error_type: str) -> Cell:
        """Make the series of the failures of one type."""
        return self._new_failure(error_type)

    def success(self, duration: float | None = None) -> None:
        """Count a success; observe ``duration`` seconds if given."""
        self._cells["success"].record(1)
        if duration is not None:
            self.observe(duration)

    def failure(self, error_type: ErrorType = UNKNOWN, duration: float | None = None) -> None:
        """Count a failure by its type; observe ``duration`` seconds if given."""
        self.failures(error_type).record(1)
        if duration is not None:
            self.observe(duration)

    def begin(self) -> None:
        """Count one more in progress; so near to the recursion limit that it might fail, none.

        The SDK adds first and nests further calls then: where one of these failed, what was added
        would stay, since nobody ends what did not begin.
        """
        _check_room(_ROOM)
        self._cells["in_progress"].record(1)

    def finish(self, duration: float | None = None, error_type: str | None = None) -> None:
        """Count one fewer in progress, and how it ended."""
        self._cells["in_progress"].record(-1)
        try:
            if error_type is None:
                self.success(duration)
            else:
                self.failure(error_type, duration)
        except RecursionError:  # no frames left to count the outcome, nor to tell of it
            return


class NoopOperation(Enterable):
    """What a disabled facade hands out, and a dropped operation gets: every method does nothing."""

    __slots__ = ()
    clock = time.perf_counter

    def success(self, duration: float | None = None) -> None:
        """Do nothing."""

    def failure(self, error_type: ErrorType = UNKNOWN, duration: float | None = None) -> None:
        """Do nothing."""

    def retry(self, attempt_number: int = 2) -> None:
        """Do nothing."""

    def observe(self, duration: float) -> None:
        """Do nothing."""

    def begin(self) -> None:
        """Do nothing."""

    def finish(self, duration: float | None = None, error_type: str | None = None) -> None:
        """Do nothing."""


NOOP_OPERATION = NoopOperation()
