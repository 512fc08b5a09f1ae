"""Health, judged: a sliding window of what was recorded, what is asked of it, and the verdict.

Nothing here reads a clock or a process: the window is given what reads, and what tells the time.
"""

from otel_executor_metrics.judging.demands import (
    LEAST_JUDGED,
    Criteria,
    checked_count,
    checked_overrides,
    checked_seconds,
    checked_thresholds,
    thresholds_of,
    usable_thresholds,
)
from otel_executor_metrics.judging.sliding import SlidingWindow, Stretch
from otel_executor_metrics.judging.verdict import judge

__all__ = [
    "LEAST_JUDGED",
    "Criteria",
    "SlidingWindow",
    "Stretch",
    "checked_count",
    "checked_overrides",
    "checked_seconds",
    "checked_thresholds",
    "judge",
    "thresholds_of",
    "usable_thresholds",
]
