"""Every way to record, by the operation or the labels that it is given."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from otel_executor_metrics import ExecutorMetrics

Call = Callable[[ExecutorMetrics, Any], object]
CALLS_BY_OPERATION: dict[str, Call] = {
    "operation": lambda m, op: m.record_operation(op, duration=1),
    "failed operation": lambda m, op: m.record_operation(op, success=False, duration=1),
    "latency": lambda m, op: m.record_operation_latency(op, 1),
    "duration": lambda m, op: m.record_duration(op, 1),
    "success": lambda m, op: m.record_operation_success(op),
    "failure": lambda m, op: m.record_operation_failure(op, "E"),
    "retry": lambda m, op: m.record_retry(op, 2),
    "batch": lambda m, op: m.record_batch_operations([{"operation": op}]),
    "measure": lambda m, op: m.measure(op).__enter__().__exit__(None, None, None),
    "handle": lambda m, op: m.operation(op).success(1),
    "decorator": lambda m, op: m.with_metrics(op)(lambda: None)(),
}
CALLS_BY_LABELS: dict[str, Call] = {
    "operation": lambda m, labels: m.record_operation("x", duration=1, labels=labels),
    "latency": lambda m, labels: m.record_operation_latency("x", 1, labels),
    "duration": lambda m, labels: m.record_duration("x", 1, labels),
    "success": lambda m, labels: m.record_operation_success("x", labels),
    "failure": lambda m, labels: m.record_operation_failure("x", "E", labels),
    "retry": lambda m, labels: m.record_retry("x", 2, labels),
    "batch": lambda m, labels: m.record_batch_operations([{"operation": "x", "labels": labels}]),
    "measure": lambda m, labels: m.measure("x", labels).__enter__().__exit__(None, None, None),
    "decorator": lambda m, labels: m.with_metrics("x", labels)(lambda: None)(),
}


def recorded(samples: Mapping[tuple[str, frozenset], float], op: str, labels: dict) -> float:
    """Return the most that any series of the operation with these labels has."""
    wanted = frozenset(labels.items())
    own = [f"{op}_success_total", f"{op}_failures_total", f"{op}_retries_total"]
    own += [f"{op}_latency_seconds_count"]
    return max(v for (name, found), v in samples.items() if name in own and wanted <= found)
