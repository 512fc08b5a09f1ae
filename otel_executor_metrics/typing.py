"""Protocols and aliases shared by all floors. Imports nothing from the package."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager
from types import TracebackType
from typing import Any, Final, Protocol, TypeAlias

from opentelemetry.sdk.metrics.export import MetricReader

Labels: TypeAlias = Mapping[str, object]
"""Labels as a caller passes them; cleaned before they become attributes."""

Attributes: TypeAlias = Mapping[str, str]
"""Cleaned labels, as they go to OpenTelemetry."""

ErrorType: TypeAlias = str | BaseException | type[BaseException]
"""The type of a failure as a caller passes it; an exception stands for the name of its class."""

UNKNOWN: Final = "unknown"
"""The ``error_type`` of a failure that came without one."""

Lock: TypeAlias = AbstractContextManager[Any]
"""A reentrant lock: recording may be interrupted by a signal handler or finaliser that records."""


class Cell(Protocol):
    """The state of one series: what a bound handle writes to."""

    def record(self, value: float, /) -> None:
        """Add ``value`` to a counter or gauge, or observe it in a histogram."""


class Clock(Protocol):
    """A monotonic clock in seconds, such as ``time.perf_counter``."""

    def __call__(self) -> float:
        """Return the present reading."""


class Exporter(Protocol):
    """A road out of the process: a reader for the provider, and what serves or sends it."""

    @property
    def reader(self) -> MetricReader | None:
        """The reader that the MeterProvider feeds, or None for an exporter that drops all."""

    @property
    def url(self) -> str | None:
        """Where a person or Prometheus can look, if anywhere."""

    @property
    def port(self) -> int | None:
        """The port that the exporter listens on, if any."""

    def start(self) -> None:
        """Begin to serve. The reader is registered with its provider by now."""

    def flush(self, timeout: float) -> bool:
        """Send what is recorded so far; tell whether that was done within ``timeout`` seconds.

        An exporter that is asked for its data has nothing to send: True at once.
        """

    def stop(self, timeout: float) -> None:
        """Stop within ``timeout`` seconds. Idempotent."""


class OperationHandle(Protocol):
    """One operation with one label set, ready to be recorded. No method raises.

    It can be entered, by many threads and tasks at once; each time it measures the block.
    """

    clock: Clock
    """What measures the block."""

    def __enter__(self) -> OperationHandle:
        """Count one more in progress and start the clock."""

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Count one fewer in progress, and the outcome with its duration."""

    def success(self, duration: float | None = None) -> None:
        """Count a success; observe ``duration`` seconds if given."""

    def failure(self, error_type: ErrorType = UNKNOWN, duration: float | None = None) -> None:
        """Count a failure by its type; observe ``duration`` seconds if given."""

    def retry(self, attempt_number: int = 2) -> None:
        """Count a retry if ``attempt_number`` is above 1: the first attempt is none."""

    def observe(self, duration: float) -> None:
        """Observe ``duration`` seconds without an outcome."""

    def begin(self) -> None:
        """Count one more in progress."""

    def finish(self, duration: float | None = None, error_type: str | None = None) -> None:
        """Count one fewer in progress, and how it ended: well, or with a failure of that type."""


class Buffer(Protocol):
    """Where records wait before they are made; see ``ExecutorMetrics.attach``."""

    def drain(self) -> None:
        """Record all that waits."""

    def start_anew(self) -> None:
        """Forget what waits, in a forked child: the parent records it. Make locks and threads new.

        Another thread may have held a lock when the process forked; in the child it is not there.
        """
