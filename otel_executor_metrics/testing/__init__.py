"""For tests of code that records: metrics that serve nobody, and asserts on what they recorded.

pytest users get the fixture ``executor_metrics``, a :class:`CapturingMetrics`, without an import.
"""

from otel_executor_metrics.testing.capture import Capture, CapturingMetrics
from otel_executor_metrics.testing.clock import ManualClock

__all__ = ["Capture", "CapturingMetrics", "ManualClock"]
