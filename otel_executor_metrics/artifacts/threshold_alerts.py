"""Alerts on operations, by the same thresholds for all that have no objective of their own."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from otel_executor_metrics.artifacts.alert import Alert, Kind
from otel_executor_metrics.artifacts.queries import Queries
from otel_executor_metrics.catalog import Operation
from otel_executor_metrics.objective import DEFAULT_THRESHOLDS

LEAST_SUCCESS: Final = DEFAULT_THRESHOLDS["success_rate"]
MOST_SECONDS: Final = DEFAULT_THRESHOLDS["latency_p95"]
"""Of the 95th percentile."""
MOST_RETRIES: Final = 0.05
"""For each success."""

SUCCESS_LOW: Final = Kind(
    "ExecutorSuccessLow",
    "less than 95 % of an operation without an objective succeeded in 5 minutes",
    "See which error_type the failures have, and whether one label value or one instance has them"
    " all. If a deployment came before it, roll it back. If 95 % is not what you promise, give the"
    " operation an objective.",
)
RETRIES_HIGH: Final = Kind(
    "ExecutorRetriesHigh",
    "an operation without an objective needed more than 5 retries for 100 successes in 5 minutes",
    "Work still succeeds, but only when tried again: something it calls is failing or refusing."
    " See which error_type the failures have; wait longer between attempts before it is overrun.",
)
LATENCY_HIGH: Final = Kind(
    "ExecutorLatencyHigh",
    "the 95th percentile of an operation without an objective was above 5 s for 5 minutes",
    "Compare the 50th with the 99th percentile: both up means overload or a slow dependency, the"
    " 99th alone means a few label values or instances. If this work is meant to take longer, give"
    " the operation an objective.",
)
LOST: Final = Kind(
    "ExecutorOperationsLost",
    "processes were killed in the last 10 minutes while they were at work",
    "Something ended a process by force: look for the kernel's out-of-memory killer, a memory limit"
    " of the container, a shutdown that takes longer than it is given, or a crash. What was in"
    " progress is neither a success nor a failure: do it again.",
)


def threshold_alerts(operation: Operation, wait: str) -> Iterator[Alert]:
    """Yield the alerts of ``operation`` that no objective replaces; ``wait`` is their ``for``."""
    if operation.objective is None:
        yield _success_low(operation, wait)
        yield _retries_high(operation, wait)
        # A quantile above the last bound is shown as that bound.
        if operation.buckets[-1] > MOST_SECONDS:
            yield _latency_high(operation, wait)


def lost_alert(operation: Operation) -> Alert:
    """Return the alert on work whose process was killed."""
    return Alert(
        LOST,
        f"{Queries(operation, '10m', ('job',)).lost()} > 0",
        f"{operation.name} was in progress when its process was killed",
        f"{operation.name} of job {{{{ $labels.job }}}}: {{{{ $value | humanize }}}} lost in 10"
        " minutes.",
        {"operation": operation.name},
    )


def _success_low(operation: Operation, wait: str) -> Alert:
    return Alert(
        SUCCESS_LOW,
        f"job:{operation.name}_success:ratio_rate5m < {LEAST_SUCCESS}",
        f"{operation.name} succeeds too rarely",
        f"{operation.name} of job {{{{ $labels.job }}}}: {{{{ $value | humanizePercentage }}}}"
        f" succeed, less than {LEAST_SUCCESS:.0%}.",
        {"operation": operation.name},
        wait,
    )


def _retries_high(operation: Operation, wait: str) -> Alert:
    return Alert(
        RETRIES_HIGH,
        f"job:{operation.name}_retries_per_success:ratio_rate5m > {MOST_RETRIES}",
        f"{operation.name} is retried too often",
        f"{operation.name} of job {{{{ $labels.job }}}}: {{{{ $value | humanize }}}} retries for"
        f" each success, more than {MOST_RETRIES}.",
        {"operation": operation.name},
        wait,
    )


def _latency_high(operation: Operation, wait: str) -> Alert:
    return Alert(
        LATENCY_HIGH,
        f"job:{operation.name}_latency_seconds:p95_rate5m > {MOST_SECONDS:g}",
        f"{operation.name} is slow",
        f"{operation.name} of job {{{{ $labels.job }}}}: 95 % take up to"
        f" {{{{ $value | humanizeDuration }}}}, more than {MOST_SECONDS:g} s.",
        {"operation": operation.name},
        wait,
    )
