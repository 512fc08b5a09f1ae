"""Metrics on the port that was asked for, or on the next free one."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any, Final

from otel_executor_metrics import ExecutorMetrics, find_available_port
from otel_executor_metrics._notes import Notes

TRIES = 5
HEALTH: Final = {"health_error_rate": 0.1, "health_latency_p95": 10.0, "health_window": 30.0}
"""What suits the sample workload, unless the environment says else: its users take their time to
read, and its table shows 30 seconds."""


class NoEndpointError(OSError):
    """There is nothing to scrape; the message is one line with the reason."""


def open_endpoint(
    port: int | None, notes: Notes, say: Callable[[str], None]
) -> tuple[ExecutorMetrics, str]:
    """Return metrics that are served, and the URL to scrape.

    Args:
        port: where to serve; None for what the environment says, or the default.
        notes: the warnings of the library, which say why something failed.
        say: tells the user that another port was taken.

    Raises:
        NoEndpointError: no port could be had, or the environment has metrics switched off.
    """
    metrics = ExecutorMetrics(metrics_port=port, **_health())
    for _ in range(TRIES):
        if not metrics.degraded or metrics.metrics_port == 0:  # with any port it would be the same
            break
        metrics = _elsewhere(metrics.metrics_port, notes, say)
    url = metrics.get_metrics_summary()["url"]
    if url is None:
        metrics.shutdown()
        raise NoEndpointError(_reason(notes))
    return metrics, url


def _elsewhere(taken: int, notes: Notes, say: Callable[[str], None]) -> ExecutorMetrics:
    try:
        free = find_available_port(taken)
    except RuntimeError as error:
        raise NoEndpointError("; ".join([*notes.taken(), str(error)])) from None
    if free != taken:
        notes.taken()
        say(f"port {taken} is not free: using {free} instead")
    return ExecutorMetrics(metrics_port=free, **_health())


def _health() -> dict[str, Any]:
    return {name: value for name, value in HEALTH.items() if not _is_set(f"METRICS_{name.upper()}")}


def _is_set(variable: str) -> bool:
    return bool(os.environ.get(variable, "").strip())


def _reason(notes: Notes) -> str:
    return "; ".join(notes.taken()) or (
        "no Prometheus endpoint: unset METRICS_ENABLED and OTEL_SDK_DISABLED, and let"
        " METRICS_EXPORTER and OTEL_METRICS_EXPORTER name prometheus"
    )
