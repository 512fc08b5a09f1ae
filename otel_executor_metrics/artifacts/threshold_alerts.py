"""Alerts on operations, by the same thresholds for all that promise nothing else themselves."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from otel_executor_metrics.artifacts.alert import Alert, Kind
from otel_executor_metrics.artifacts.queries import Queries
from otel_executor_metrics.artifacts.recording import (
    RETRIES_RATIO,
    SUCCESS_RATIO,
    quantile_of,
    record_name,
)
from otel_executor_metrics.catalog import Operation
from otel_executor_metrics.objective import DEFAULT_THRESHOLDS

LEAST_SUCCESS: Final = DEFAULT_THRESHOLDS["success_rate"]
MOST_SECONDS: Final = DEFAULT_THRESHOLDS["latency_p95"]
"""Of the 95th percentile."""
MOST_RETRIES: Final = 0.05
"""For each success."""

SUCCESS_LOW: Final = Kind(
    "ExecutorSuccessLow",
    f"less than {LEAST_SUCCESS:.0%} of an operation that promises no share succeeded in 5 minutes",
    "See which error_type the failures have, and whether one label value or one instance has them"
    f" all. If a deployment came before it, roll it back. If {LEAST_SUCCESS:.0%} is not what you"
    " promise, give the operation an objective.",
)
RETRIES_HIGH: Final = Kind(
    "ExecutorRetriesHigh",
    f"an operation needed more than {MOST_RETRIES * 100:g} retries for 100 successes in 5 minutes",
    "Work still succeeds, but only when tried again: something it calls is failing or refusing."
    " See which error_type the failures have; wait longer between attempts before it is overrun.",
)
LATENCY_HIGH: Final = Kind(
    "ExecutorLatencyHigh",
    f"the 95th percentile of an operation that promises no latency was above {MOST_SECONDS:g} s for"
    " 5 minutes",
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
    """Yield the alerts on what the objective of ``operation`` does not speak of.

    ``wait`` is their ``for``. Health asks the same: see `judging.demands`.
    """
    promised = operation.objective
    if promised is None or promised.success is None:
        yield _alert(
            SUCCESS_LOW,
            operation,
            f"{record_name(operation, SUCCESS_RATIO)} < {LEAST_SUCCESS}",
            "succeeds too rarely",
            f"{{{{ $value | humanizePercentage }}}} succeed, less than {LEAST_SUCCESS:.0%}.",
            wait=wait,
        )
    yield _alert(
        RETRIES_HIGH,
        operation,
        f"{record_name(operation, RETRIES_RATIO)} > {MOST_RETRIES}",
        "is retried too often",
        f"{{{{ $value | humanize }}}} retries for each success, more than {MOST_RETRIES}.",
        wait=wait,
    )
    # A quantile above the last bound is shown as that bound.
    visible = operation.buckets[-1] > MOST_SECONDS
    if visible and (promised is None or promised.latency is None):
        yield _alert(
            LATENCY_HIGH,
            operation,
            f"{record_name(operation, quantile_of(0.95))} > {MOST_SECONDS:g}",
            "is slow",
            f"95 % take up to {{{{ $value | humanizeDuration }}}}, more than {MOST_SECONDS:g} s.",
            wait=wait,
        )


def lost_alert(operation: Operation) -> Alert:
    """Return the alert on work whose process was killed."""
    return _alert(
        LOST,
        operation,
        f"{Queries(operation, '10m', ('job',)).lost()} > 0",
        "was in progress when its process was killed",
        "{{ $value | humanize }} lost in 10 minutes.",
    )


def _alert(
    kind: Kind, operation: Operation, expr: str, summary: str, told: str, *, wait: str = "0s"
) -> Alert:
    name = operation.name
    description = f"{name} of job {{{{ $labels.job }}}}: {told}"
    return Alert(kind, expr, f"{name} {summary}", description, {"operation": name}, wait)
