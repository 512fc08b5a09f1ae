"""Programs of users: what must type-check, and what must not."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from pathlib import Path
from typing import Any

from opentelemetry.sdk.metrics import MeterProvider
from typing_extensions import assert_type

from otel_executor_metrics import (
    BUILTIN_OPERATIONS,
    DEFAULT_BUCKETS,
    CatalogError,
    ExecutorMetrics,
    ExecutorViews,
    MissingExtraError,
    Operation,
    SettingError,
    __version__,
    check_port_available,
    find_available_port,
    init_metrics_with_retry,
    validate_metrics_initialization,
)
from otel_executor_metrics.artifacts import (
    Access,
    alerts_yaml,
    dashboard_json,
    rules_yaml,
    scrape_yaml,
)
from otel_executor_metrics.health import MetricsMonitor
from otel_executor_metrics.recorders import (
    AsyncMetricsRecorder,
    BatchMetricsRecorder,
    ThreadSafeMetrics,
)
from otel_executor_metrics.testing import Capture, CapturingMetrics, ManualClock
from otel_executor_metrics.typing import Buffer, OperationHandle


def construction() -> ExecutorMetrics:
    """Arguments have types: the two documented ones by position, the others by name alone."""
    ExecutorMetrics()
    ExecutorMetrics(True, 8001)
    ExecutorMetrics(enable_metrics=True, metrics_port=8001)
    ExecutorMetrics(None, None, host=None, exporter=None)
    ExecutorMetrics(exporter="prometheus,console")
    ExecutorMetrics(exporter=["prometheus", "console"], label_values="keep", strict=True)
    ExecutorMetrics(tls_certificate=Path("cert.pem"), tls_key="key.pem", bearer_token="t")
    ExecutorMetrics(basic_auth=("user", "password"), shutdown_timeout=2)
    ExecutorMetrics(meter_provider=MeterProvider(views=ExecutorViews()))
    ExecutorMetrics(meter_provider="global")
    ExecutorMetrics(exemplar_filter="always_on", baggage_labels=("tenant",))

    ExecutorMetrics("true")  # type: ignore[arg-type]
    ExecutorMetrics(metrics_port="8001")  # type: ignore[arg-type]
    ExecutorMetrics(True, 8001, ())  # type: ignore[call-arg]
    ExecutorMetrics(label_values="wash")  # type: ignore[arg-type]
    ExecutorMetrics(meter_provider="globe")  # type: ignore[arg-type]
    ExecutorMetrics(exemplar_filter="sometimes")  # type: ignore[arg-type]
    ExecutorMetrics(max_label_values="200")  # type: ignore[arg-type]
    ExecutorMetrics(operations=["train"])  # type: ignore[list-item]
    ExecutorMetrics(hots="127.0.0.1")  # type: ignore[call-arg]
    return ExecutorMetrics(metrics_port=0, operations=[Operation("train")], include_builtin=False)


def artifacts() -> str:
    """Catalogue in, text out."""
    assert_type(rules_yaml(BUILTIN_OPERATIONS), str)
    assert_type(alerts_yaml([Operation("train")], jobs=["a"], wait="1m"), str)
    assert_type(scrape_yaml(["a:1"], job="a", access=Access(tls=True)), str)

    rules_yaml(Operation("train"))  # type: ignore[arg-type]
    scrape_yaml(["a:1"])  # type: ignore[call-arg]
    return dashboard_json(BUILTIN_OPERATIONS, title="Mine")


def catalogue() -> Operation:
    """An operation is data with types."""
    Operation("train", labels=("model",), buckets=(1, 10, 60, 600), help="model training")
    Operation("train", help={"latency": "Latency of training"}, error_types=["Timeout"])
    Operation("train", ["model"], DEFAULT_BUCKETS, label_values={"model": ["a", "b"]})

    Operation()  # type: ignore[call-arg]
    Operation(1)  # type: ignore[arg-type]
    Operation("train", buckets=1)  # type: ignore[arg-type]
    Operation("train", help={"latencies": "L"})  # type: ignore[dict-item]
    ExecutorMetrics().define(Operation("train"), Operation("test"))
    ExecutorMetrics().define("train")  # type: ignore[arg-type]
    BUILTIN_OPERATIONS[0].name = "x"  # type: ignore[misc]
    return BUILTIN_OPERATIONS[0]


def recording(metrics: ExecutorMetrics) -> None:
    """Every documented call, by position and by name."""
    labels = {"task_type": "report"}
    metrics.record_operation("execute")
    metrics.record_operation("execute", True, 0.2)
    metrics.record_operation("execute", False, 0.2, labels, "Timeout")
    metrics.record_operation("execute", success=False, duration=None, error_type="Timeout")
    metrics.record_operation("execute", False, error_type=ValueError("x"))
    metrics.record_operation_failure("execute", ValueError)
    metrics.record_operation("execute", labels=labels, trace="anything else")
    metrics.record_operation("execute", labels={"attempt": 3, "cached": True, "node": None})
    metrics.record_operation_latency("execute", 1)
    metrics.record_operation_latency("execute", duration=0.2, labels=labels)
    metrics.record_duration("execute", 0.2, labels)
    metrics.record_operation_success("execute", labels)
    metrics.record_operation_failure("execute", "Timeout", labels)
    metrics.record_operation_failure("execute", error_type="Timeout", labels=None)
    metrics.record_retry("execute", 2)
    metrics.record_retry("execute", attempt_number=2, labels=labels)
    metrics.record_batch_operations([{"operation": "execute", "duration": 0.2}])
    metrics.record_batch_operations({"operation": name} for name in ("intent", "plan"))

    metrics.record_operation(1)  # type: ignore[arg-type]
    metrics.record_operation("execute", duration="0.2")  # type: ignore[arg-type]
    metrics.record_operation("execute", labels=["report"])  # type: ignore[arg-type]
    metrics.record_operation_latency("execute")  # type: ignore[call-arg]
    metrics.record_operation_latency("execute", None)  # type: ignore[arg-type]
    metrics.record_operation_success("execute", "report")  # type: ignore[arg-type]
    metrics.record_retry("execute", "2")  # type: ignore[arg-type]
    metrics.record_batch_operations(["execute"])  # type: ignore[list-item]


def summary(metrics: ExecutorMetrics) -> None:
    """What can be asked of a facade."""
    assert_type(metrics.get_metrics_summary(), dict[str, Any])
    assert_type(metrics.metrics_port, int)
    assert_type(metrics.enable_metrics, bool)
    assert_type(metrics.degraded, bool)
    assert_type(metrics.flush(), bool)
    assert_type(metrics.flush(timeout=1.5), bool)
    metrics.shutdown()
    metrics.shutdown(timeout=1.5)
    metrics.metrics["intent_latency"].labels(task_type="report").observe(0.2)
    with metrics.metrics["intent_latency"].time():
        pass
    metrics.enable_metrics = False

    metrics.metrics["mine"] = None  # type: ignore[index]
    metrics.enable_metrics = "no"  # type: ignore[assignment]
    metrics.no_such_method()  # type: ignore[attr-defined]


def decorated(metrics: ExecutorMetrics) -> None:
    """A decorated function has the type it had."""

    @metrics.with_metrics("intent")
    def plain(text: str, /, *, times: int = 1) -> list[str]:
        return [text] * times

    @metrics.with_metrics("plan", labels={"plan_type": "complex"})
    async def coroutine(text: str) -> int:
        return len(text)

    @metrics.with_metrics("rows")
    def generator(n: int) -> Iterator[int]:
        yield from range(n)

    @metrics.with_metrics("rows", {"kind": "later"})
    async def async_generator(n: int) -> AsyncIterator[int]:
        for i in range(n):
            yield i

    assert_type(plain("a", times=2), list[str])
    assert_type(generator(2), Iterator[int])
    assert_type(async_generator(2), AsyncIterator[int])

    async def main() -> None:
        awaited: Coroutine[Any, Any, int] = coroutine("a")
        assert_type(await awaited, int)
        async for item in async_generator(2):
            assert_type(item, int)

    plain(1)  # type: ignore[arg-type]
    plain("a", 2)  # type: ignore[call-arg]
    plain(text="a")  # type: ignore[call-arg]
    coroutine()  # type: ignore[call-arg, unused-coroutine]
    generator("2")  # type: ignore[arg-type]
    metrics.with_metrics(1)  # type: ignore[arg-type]
    metrics.with_metrics("x", labels="y")  # type: ignore[arg-type]
    metrics.with_metrics("x")(5)  # type: ignore[type-var]


class Worker:
    """Methods keep their types as well."""

    metrics = ExecutorMetrics(enable_metrics=False)

    @metrics.with_metrics("work")
    def work(self, n: int) -> str:
        """Work."""
        return str(n)

    @staticmethod
    @metrics.with_metrics("work")
    def static(n: int) -> str:
        """Work without an object."""
        return str(n)

    @classmethod
    @metrics.with_metrics("work")
    def of_class(cls, n: int) -> str:
        """Work with the class."""
        return cls.__name__ * n


def methods(worker: Worker) -> None:
    """Binding is known to the type checker."""
    assert_type(worker.work(1), str)
    assert_type(Worker.static(1), str)
    assert_type(Worker.of_class(1), str)
    callables: list[Callable[[int], str]] = [worker.work, Worker.static, Worker.of_class]
    assert_type(callables[0](1), str)
    worker.work("1")  # type: ignore[arg-type]


def blocks(metrics: ExecutorMetrics) -> None:
    """Measurements are context managers of both kinds, and swallow no exception."""
    with metrics.measure("plan", labels={"plan_type": "complex"}):
        pass
    with ExecutorMetrics() as made:
        assert_type(made, ExecutorMetrics)

    async def main() -> None:
        async with metrics.measure("plan"):
            pass

    def returns() -> int:
        with metrics.measure("plan"):  # were it to swallow, a return would be missing here
            return 1

    metrics.measure("plan", "labels")  # type: ignore[arg-type]


def bound(metrics: ExecutorMetrics) -> None:
    """A bound operation has the recording methods."""
    metrics.operation("execute", labels={"task_type": "report"}, size=3)
    report = metrics.operation("execute", task_type="report", size=3)
    report.success()
    report.success(0.2)
    report.failure("Timeout", 0.2)
    report.retry()
    report.observe(1)
    with report as entered:
        assert_type(entered, OperationHandle)

    report.success("0.2")  # type: ignore[arg-type]
    report.failure(5)  # type: ignore[arg-type]
    metrics.operation()  # type: ignore[call-arg]
    metrics.operation("execute", "report")  # type: ignore[call-arg]


def health(metrics: ExecutorMetrics) -> None:
    """A monitor takes the facade by position, and all else by name."""
    monitor = MetricsMonitor(
        metrics,
        thresholds={"error_rate": 0.1},
        operations={"train": {"latency_p95": 600}},
        window=60,
        min_finished=5,
    )
    assert_type(monitor.check_health(), dict[str, Any])
    assert_type(monitor.alert_thresholds, dict[str, float])
    monitor.alert_thresholds["latency_p95"] = 10
    ExecutorMetrics(health_error_rate=0.1, health_window=60)

    MetricsMonitor()  # type: ignore[call-arg]
    MetricsMonitor(metrics, {})  # type: ignore[call-arg]
    MetricsMonitor(metrics, operations={"train": 600})  # type: ignore[dict-item]


def bootstrap() -> None:
    """The functions of the document's section 8.2."""
    assert_type(check_port_available(8001), bool)
    assert_type(find_available_port(), int)
    assert_type(find_available_port(start_port=9000, host="127.0.0.1"), int)
    assert_type(init_metrics_with_retry(), ExecutorMetrics)
    assert_type(init_metrics_with_retry(5, start_port=9000, strict=True), ExecutorMetrics)
    assert_type(validate_metrics_initialization(ExecutorMetrics()), bool)
    assert_type(__version__, str)

    check_port_available("8001")  # type: ignore[arg-type]
    validate_metrics_initialization(None)  # type: ignore[arg-type]


def recorders(metrics: ExecutorMetrics) -> None:
    """The documented calls by position, and what goes beyond them by name as well."""
    with BatchMetricsRecorder(metrics, 10, flush_interval=1) as batch:
        assert_type(batch, BatchMetricsRecorder)
        batch.add_metric("plan", True, 0.1)
        batch.add_metric("plan", False, 0.1, {"kind": 1}, ValueError("x"))
        batch.flush()
        assert_type(batch.batch, list[dict[str, Any]])
    with ThreadSafeMetrics(metrics) as safe:
        safe.record_operation_async("plan", True, 0.1)
        safe.record_operation_async("plan", success=False, error_type="Timeout")
        assert_type(safe.base_metrics, ExecutorMetrics)

    async def main() -> None:
        async with AsyncMetricsRecorder(metrics) as queued:
            assert_type(queued, AsyncMetricsRecorder)
            await queued.record_metric("plan", True, 0.1)
            await queued.record_metric("plan", duration=None, labels={"kind": "a"})
            assert_type(queued.queue.qsize(), int)
            assert_type(queued.dropped, int)
            queued.running = False
            queued.record_metric("plan")  # type: ignore[unused-coroutine]

    BatchMetricsRecorder()  # type: ignore[call-arg]
    BatchMetricsRecorder(metrics, "10")  # type: ignore[arg-type]
    batch.add_metric("plan", True, "0.1")  # type: ignore[arg-type]
    AsyncMetricsRecorder(None)  # type: ignore[arg-type]


class Kept:
    """A buffer of the user's own."""

    def drain(self) -> None:
        """Record what waits."""

    def start_anew(self) -> None:
        """Forget it."""


def buffers(metrics: ExecutorMetrics) -> None:
    """What is attached has two methods."""
    kept: Buffer = Kept()
    metrics.attach(kept)
    metrics.attach(Kept())
    metrics.record_dropped("my buffer", "plan", "it is full")

    metrics.attach(metrics)  # type: ignore[arg-type]


def for_tests(executor_metrics: CapturingMetrics, metrics: ExecutorMetrics) -> None:
    """Captured metrics are metrics, with asserts and a clock."""
    executor_metrics.clock.advance(0.5)
    executor_metrics.assert_recorded("execute", success=3)
    executor_metrics.assert_recorded("execute", {"task_type": "ml"}, failures={"Timeout": 1})
    executor_metrics.assert_recorded("execute", labels=None, failures=1, seconds=0.5)
    executor_metrics.assert_nothing_recorded()
    executor_metrics.assert_nothing_recorded("plan", {"kind": "a"})
    executor_metrics.assert_nothing_dropped()
    Capture(metrics).assert_recorded("plan", success=1)
    with CapturingMetrics(operations=[Operation("train")]) as made:
        assert_type(made, CapturingMetrics)
    as_metrics: ExecutorMetrics = executor_metrics
    ExecutorMetrics(clock=ManualClock())

    executor_metrics.assert_recorded()  # type: ignore[call-arg]
    executor_metrics.assert_recorded("execute", sucess=3)  # type: ignore[call-arg]
    executor_metrics.assert_recorded("execute", failures=["Timeout"])  # type: ignore[arg-type]
    as_metrics.assert_recorded("execute")  # type: ignore[attr-defined]
    ExecutorMetrics(clock=5)  # type: ignore[arg-type]
    executor_metrics.clock.advance("1")  # type: ignore[arg-type]


def errors() -> None:
    """Errors can be told apart, and are what the contract says."""
    try:
        construction()
    except CatalogError as error:
        assert_type(error, CatalogError)
    except SettingError as error:
        assert_type(error.setting, str)
    as_value_error: list[type[ValueError]] = [CatalogError, SettingError]
    as_import_error: type[ImportError] = MissingExtraError
    assert as_value_error
    assert as_import_error
