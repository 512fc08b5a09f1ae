"""Programs that ask for health as the old component's document has it (section 8.1).

Each is written anew with the calls of its code block, and knows nothing beyond the document.
"""

from __future__ import annotations

from typing import Any

from otel_executor_metrics import ExecutorMetrics
from otel_executor_metrics.health import MetricsMonitor


def report(metrics: ExecutorMetrics) -> str:
    """Say in one line how things are, by the documented keys."""
    health = MetricsMonitor(metrics).check_health()
    if health["status"] == "disabled":
        return f"off: {health['message']}"
    return (
        f"{health['status']}, metrics {'on' if health['metrics_enabled'] else 'off'},"
        f" {health['available_metrics']} of them"
    )


def with_patience(metrics: ExecutorMetrics) -> MetricsMonitor:
    """Raise two of the three documented thresholds, as a program does that knows its work."""
    monitor = MetricsMonitor(metrics)
    monitor.alert_thresholds["error_rate"] *= 4
    monitor.alert_thresholds["success_rate"] = 1 - monitor.alert_thresholds["error_rate"]
    return monitor


class Watchdog:
    """Asks at each turn, and calls for help when the answer becomes another."""

    def __init__(self, metrics: ExecutorMetrics) -> None:
        self.monitor = MetricsMonitor(metrics)
        self.calls: list[str] = []
        self._last = "healthy"

    def turn(self) -> dict[str, Any]:
        """Ask once."""
        health = self.monitor.check_health()
        if health["status"] not in (self._last, "no_data"):
            self._last = health["status"]
            self.calls.append(self._last)
        return health
