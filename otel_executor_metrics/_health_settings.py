"""The settings by which health is judged."""

from __future__ import annotations

from typing import Final

from otel_executor_metrics import _parsers
from otel_executor_metrics._setting import Setting
from otel_executor_metrics.objective import DEFAULT_THRESHOLDS

HEALTH_SETTINGS: Final = (
    Setting(
        "health_error_rate",
        ("METRICS_HEALTH_ERROR_RATE",),
        _parsers.share,
        None,
        "Share of failures from 0 to 1, above which health is degraded; 0.05, or what"
        " health_success_rate leaves.",
    ),
    Setting(
        "health_latency_p95",
        ("METRICS_HEALTH_LATENCY_P95",),
        _parsers.seconds,
        DEFAULT_THRESHOLDS["latency_p95"],
        "Seconds of the 95th percentile, above which health is degraded.",
    ),
    Setting(
        "health_success_rate",
        ("METRICS_HEALTH_SUCCESS_RATE",),
        _parsers.share,
        None,
        "Share of successes from 0 to 1, below which health is degraded; 0.95, or what"
        " health_error_rate leaves.",
    ),
    Setting(
        "health_window",
        ("METRICS_HEALTH_WINDOW",),
        _parsers.seconds,
        300.0,
        "Seconds over which health is judged.",
    ),
)
