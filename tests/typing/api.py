"""What users' code must and must not type-check as. Checked by mypy, never run.

An ``ignore`` that mypy does not need is an error: so each one proves that the line is refused.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from pathlib import Path
from typing import Any

from opentelemetry.sdk.metrics import MeterProvider
from typing_extensions import assert_type

from otel_executor_metrics import (
    ExecutorMetrics,
    ExecutorViews,
    Operation,
    check_port_available,
    find_available_port,
    init_metrics_with_retry,
    validate_metrics_initialization,
)
from otel_executor_metrics.typing import OperationHandle

# Construction: the old component's forms, and the options beyond.
metrics = ExecutorMetrics()
ExecutorMetrics(True, 8001)
ExecutorMetrics(enable_metrics=True, metrics_port=8001)
ExecutorMetrics(exporter="console", host="::1", label_values="keep", strict=True)
ExecutorMetrics(exporter=["prometheus", "console"], tls_certificate=Path("cert.pem"))
ExecutorMetrics(basic_auth=("user", "password"), bearer_token="token")
ExecutorMetrics(operations=[Operation("train", labels=("model",), buckets=(1, 10))])
ExecutorMetrics(meter_provider=MeterProvider(views=ExecutorViews()))
ExecutorMetrics(True, 8001, [])  # type: ignore[call-arg]
ExecutorMetrics(metrics_port="8001")  # type: ignore[arg-type]
ExecutorMetrics(label_values="drop")  # type: ignore[arg-type]
ExecutorMetrics(unknown=1)  # type: ignore[call-arg]
Operation(1)  # type: ignore[arg-type]

# Recording.
assert_type(metrics.record_operation("intent", True, 0.1), None)
metrics.record_operation("x", success=False, duration=0.1, labels={"a": "b"}, error_type="E")
metrics.record_operation_latency("x", 0.1)
metrics.record_operation_latency("x", 0.1, labels={"a": 1})
metrics.record_operation_success("x", {"a": "b"})
metrics.record_operation_failure("x", "Timeout", {"a": "b"})
metrics.record_retry("x", 2)
metrics.record_retry("x", attempt_number=2, labels={"a": "b"})
metrics.record_duration("x", 0.1, {"a": "b"})
metrics.record_batch_operations([{"operation": "x", "success": True, "duration": 0.1}])
metrics.record_operation("x", duration="0.1")  # type: ignore[arg-type]
metrics.record_operation_latency("x")  # type: ignore[call-arg]
metrics.record_operation_success("x", ["a"])  # type: ignore[arg-type]

# Handles.
metrics.metrics["intent_latency"].observe(0.1)
metrics.metrics["execute_success"].labels(task_type="ml").inc()
bound = metrics.operation("execute", task_type="ml")
bound.success(0.1)
bound.failure("Timeout", 0.1)
bound.retry(2)
bound.observe(0.1)
with bound as entered:
    assert_type(entered, OperationHandle)
bound.success("0.1")  # type: ignore[arg-type]


# Decorators keep what they decorate.
@metrics.with_metrics("plain", labels={"a": "b"})
def plain(a: int, *, b: str = "") -> float:
    return a + len(b)


@metrics.with_metrics("coroutine")
async def coroutine(a: int) -> str:
    return str(a)


@metrics.with_metrics("generator")
def generator() -> Iterator[int]:
    yield 1


@metrics.with_metrics("stream")
async def stream() -> AsyncIterator[int]:
    yield 1


class Service:
    @metrics.with_metrics("method")
    def method(self, a: int) -> str:
        return str(a)

    @staticmethod
    @metrics.with_metrics("static")
    def static(a: int) -> str:
        return str(a)


assert_type(plain(1, b="x"), float)
awaited: Coroutine[Any, Any, str] = coroutine(1)
assert_type(next(generator()), int)
assert_type(Service().method(1), str)
assert_type(Service.static(1), str)
as_callable: Callable[[int], str] = Service().method
plain("1")  # type: ignore[arg-type]
called_wrongly = coroutine()  # type: ignore[call-arg]
metrics.with_metrics("number")(1)  # type: ignore[type-var]


async def use() -> None:
    """Consume what is asynchronous."""
    assert_type(await coroutine(1), str)
    async for item in stream():
        assert_type(item, int)
    async with metrics.measure("block", {"a": "b"}):
        pass


# The rest.
with ExecutorMetrics() as managed, managed.measure("block"):
    assert_type(managed, ExecutorMetrics)
assert_type(metrics.get_metrics_summary(), dict[str, Any])
assert_type(metrics.enable_metrics, bool)
assert_type(metrics.metrics_port, int)
assert_type(metrics.flush(1.0), bool)
assert_type(metrics.shutdown(), None)
assert_type(check_port_available(8001), bool)
assert_type(find_available_port(), int)
assert_type(init_metrics_with_retry(max_retries=2), ExecutorMetrics)
assert_type(validate_metrics_initialization(metrics), bool)
metrics.enable_metrics = False  # type: ignore[misc]
