"""Real metrics whose numbers are for the test alone."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from otel_executor_metrics.metrics import ExecutorMetrics
from otel_executor_metrics.snapshot import Snapshot
from otel_executor_metrics.testing.asserts import Asserts
from otel_executor_metrics.testing.clock import ManualClock


class CapturingMetrics(ExecutorMetrics, Asserts):
    """An ``ExecutorMetrics`` that serves nobody, with asserts on what it recorded.

    It opens no port, reads no environment variable and has a clock that stands still. What it
    recorded can be asserted on also after its shutdown. A forked child's records are not in it.

    Args:
        settings: those of ``ExecutorMetrics`` but ``enable_metrics``, ``exporter``, ``clock`` and
            ``meter_provider``; mostly ``operations``.

    Attributes:
        clock: measures what is decorated or entered; ``clock.advance(0.2)`` lets it take 0.2 s.

    Raises:
        ValueError: an argument or an operation cannot be used.
    """

    _environ: Mapping[str, str] = MappingProxyType({})

    def __init__(self, **settings: Any) -> None:
        self._last = Snapshot()
        self.clock = ManualClock()
        super().__init__(True, exporter="none", clock=self.clock, **settings)

    def snapshot(self) -> Snapshot:
        """Return what is recorded so far, and what waits in recorders."""
        if not self.enable_metrics:
            return self._last
        self.flush()
        return super().snapshot()

    def shutdown(self, timeout: float | None = None) -> None:
        """Stop recording; what was recorded is kept for asserts."""
        self._last = self.snapshot()
        super().shutdown(timeout)


class Capture(Asserts):
    """What metrics record from now on, for those that the test does not make itself.

    Whatever they export by, they go on exporting. Make it before the code under test runs, and
    assert before the metrics end.

    Args:
        metrics: the ``ExecutorMetrics`` of the program.
    """

    def __init__(self, metrics: ExecutorMetrics) -> None:
        self.metrics = metrics
        self._before = metrics.snapshot()

    def snapshot(self) -> Snapshot:
        """Return what was recorded since the start."""
        return self.metrics.snapshot().since(self._before)
