"""One operation with one label set: outcomes in, handles written to. And its no-op twin."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from otel_executor_metrics._numbers import non_negative
from otel_executor_metrics.catalog import Role
from otel_executor_metrics.instruments import CounterHandle, Drop, GaugeHandle, HistogramHandle
from otel_executor_metrics.measurement import Enterable
from otel_executor_metrics.typing import Cell

ATTEMPT_RULE = "an attempt number must be a finite number, not negative"


class BoundOperation(Enterable):
    """The five handles of an operation and label set, bound once and then only written to.

    The methods are those of :class:`~otel_executor_metrics.typing.OperationHandle`; it can be
    entered, too.
    """

    __slots__ = ("_drop", "_failures", "_in_progress", "_latency", "_retries", "_success")

    def __init__(
        self,
        cells: Mapping[Role, Cell],
        *,
        failures: Callable[[object], CounterHandle],
        drop: Drop,
    ) -> None:
        self._latency = HistogramHandle(cells["latency"], drop)
        self._success = CounterHandle(cells["success"], drop)
        self._retries = CounterHandle(cells["retries"], drop)
        self._in_progress = GaugeHandle(cells["in_progress"], drop)
        self._failures = failures
        self._drop = drop

    def handle(self, role: Role) -> CounterHandle | GaugeHandle | HistogramHandle:
        """Return the handle of one role; the failures have one for each type."""
        handles: dict[Role, CounterHandle | GaugeHandle | HistogramHandle] = {
            "latency": self._latency,
            "success": self._success,
            "retries": self._retries,
            "in_progress": self._in_progress,
        }
        return handles[role]

    def failures(self, error_type: object) -> CounterHandle:
        """Return the handle of the failures of one type."""
        return self._failures(error_type)

    def success(self, duration: float | None = None) -> None:
        """Count a success; observe ``duration`` seconds if given."""
        self._success.inc()
        if duration is not None:
            self._latency.observe(duration)

    def failure(self, error_type: str = "unknown", duration: float | None = None) -> None:
        """Count a failure by its type; observe ``duration`` seconds if given."""
        self._failures(error_type).inc()
        if duration is not None:
            self._latency.observe(duration)

    def retry(self, attempt_number: int = 2) -> None:
        """Count a retry if ``attempt_number`` is above 1: the first attempt is none."""
        number = non_negative(attempt_number)
        if number is None:
            self._drop("invalid_value", attempt_number, ATTEMPT_RULE)
        elif number > 1:
            self._retries.inc()

    def observe(self, duration: float) -> None:
        """Observe ``duration`` seconds without an outcome."""
        self._latency.observe(duration)

    def begin(self) -> None:
        """Count one more in progress."""
        self._in_progress.inc()

    def end(self) -> None:
        """Count one fewer in progress."""
        self._in_progress.dec()


class NoopOperation(Enterable):
    """What a disabled facade hands out, and a dropped operation gets: every method does nothing."""

    __slots__ = ()

    def success(self, duration: float | None = None) -> None:
        """Do nothing."""

    def failure(self, error_type: str = "unknown", duration: float | None = None) -> None:
        """Do nothing."""

    def retry(self, attempt_number: int = 2) -> None:
        """Do nothing."""

    def observe(self, duration: float) -> None:
        """Do nothing."""

    def begin(self) -> None:
        """Do nothing."""

    def end(self) -> None:
        """Do nothing."""


NOOP_OPERATION = NoopOperation()
