"""``ExecutorMetrics``: the facade, which wires and delegates."""

from __future__ import annotations

import atexit
import functools
import logging
import os
import threading
import time
from collections import ChainMap
from collections.abc import Callable, Iterable, Mapping
from types import TracebackType
from typing import TYPE_CHECKING, Any, Literal, TypeVar, cast

from opentelemetry.metrics import MeterProvider

from otel_executor_metrics._guards import check_clock, listed, never_raises, record_nothing
from otel_executor_metrics._parsers import LONGEST
from otel_executor_metrics._readable import Readable
from otel_executor_metrics.catalog import BUILTIN_OPERATIONS, Catalog, Operation
from otel_executor_metrics.config import SettingArguments, resolve
from otel_executor_metrics.exposition import Exposition
from otel_executor_metrics.measurement import Measurement
from otel_executor_metrics.operation import F, check_named, measured, unmeasured
from otel_executor_metrics.pipeline import definitions_of, given_provider
from otel_executor_metrics.recorder import NoopRecorder, Recorder
from otel_executor_metrics.runtime import Runtime
from otel_executor_metrics.typing import (
    UNKNOWN,
    Buffer,
    Clock,
    ErrorType,
    Labels,
    OperationHandle,
)

if TYPE_CHECKING:
    from typing_extensions import Unpack


_logger = logging.getLogger(__name__)

_Self = TypeVar("_Self", bound="ExecutorMetrics")


class ExecutorMetrics(Readable):
    """Latency, success, failures and retries of operations, for Prometheus or a Collector.

    What is passed wins, then the environment, then the default; ``None`` means: not passed.

    Args:
        enable_metrics: record and export (``METRICS_ENABLED``, default true).
        metrics_port: port of the Prometheus endpoint (``METRICS_PORT``, default 8001); 0 takes a
            free one, the attribute ``metrics_port`` then tells which.
        operations: operations beyond the built-in intent, plan and execute.
        include_builtin: False leaves those three out, to define them anew or not at all.
        meter_provider: an OpenTelemetry provider of your own, or ``"global"`` for the one that is
            set by now. Its readers export what is recorded here, nothing else is started, and it
            stays yours to flush and to shut down. Give it
            ``views=ExecutorViews()``: its Views decide names, buckets and speed. Without them, or
            with a reader of delta temporality, a signal handler must not record an operation or
            label set for the first time: the SDK's locks, which its thread may hold, would stand
            still for ever.
        clock: measures what is decorated, entered or timed, in seconds (``testing.ManualClock``).
        settings: the other settings by name: where to listen (``host``, ``fleet``, ``tls_…``,
            ``basic_auth``, ``bearer_token``), what to export by (``exporter``, ``otlp_…``,
            ``export_…_millis``, ``service_name``), what to admit (``strict``, ``label_values``,
            ``max_…``), and by what to judge health (``health_…``). docs/settings.md has all,
            with variables and defaults.

    Attributes:
        metrics_port: the port that is listened on, or would be.
        degraded: whether metrics were wanted and could not be started; a warning said why.

    Raises:
        ValueError: an argument or an operation cannot be used. A taken port is no error: a
            warning says why, ``enable_metrics`` becomes False and the program runs on.

    Source: docs/contract.md.
    """

    _environ: Mapping[str, str] = os.environ  # testing puts an empty one in its place

    def __init__(
        self,
        enable_metrics: bool | None = None,
        metrics_port: int | None = None,
        *,
        operations: Iterable[Operation] | None = None,
        include_builtin: bool = True,
        meter_provider: MeterProvider | Literal["global"] | None = None,
        clock: Clock = time.perf_counter,
        **settings: Unpack[SettingArguments],
    ) -> None:
        self._settings = resolve(
            {"enable_metrics": enable_metrics, "metrics_port": metrics_port, **settings},
            self._environ,
        )
        check_clock(clock)
        provider = given_provider(meter_provider)
        catalog = Catalog(
            [*(BUILTIN_OPERATIONS if include_builtin else ()), *listed(operations)],
            agreed=None if provider is None else definitions_of(provider),
        )
        catalog.check_limits(self._settings.max_label_values, self._settings.max_label_sets)
        self._lock = threading.RLock()
        self._recorder: Recorder | NoopRecorder = NoopRecorder()
        self._runtime: Runtime | None = None
        self._exposition = Exposition(self._settings)
        self.metrics_port = self._settings.metrics_port
        self.degraded = self._settings.refused
        if self._settings.enable_metrics and provider is not None:
            self._runtime = Runtime.on(provider, self._settings, catalog, clock)
        elif self._settings.enable_metrics:
            self._runtime = Runtime.start(self._settings, catalog, clock)
            self.degraded = self._runtime is None
        if self._runtime is None:
            if type(self).record_operation is _RECORD_OPERATION:  # else a subclass, or a mock
                self.record_operation = record_nothing  # type: ignore[method-assign]
            return
        self._recorder = self._runtime.recorder
        self.metrics_port = self._runtime.port or self.metrics_port
        atexit.register(self.shutdown)

    @property
    def enable_metrics(self) -> bool:
        """Whether anything is recorded: false when disabled, degraded or shut down.

        Setting it to False shuts down; what is off cannot be switched on again.
        """
        return self._runtime is not None

    @enable_metrics.setter
    def enable_metrics(self, wanted: bool) -> None:
        if not wanted:
            self.shutdown()
        elif self._runtime is None:
            _logger.warning("enable_metrics=True: is off for good; make a new ExecutorMetrics")

    def define(self, *operations: Operation) -> None:
        """Add operations to those of the construction, for code that did not construct.

        What they list exists at 0 from then on. One that is there already stays as it is.

        Raises:
            CatalogError: one is there already with other buckets or help, or lists more than the
                limits admit.
        """
        for operation in operations:
            self._recorder.define(operation)

    def record_operation(
        self,
        operation_type: str = "",
        success: bool = True,
        duration: float | None = None,
        labels: Labels | None = None,
        error_type: ErrorType = UNKNOWN,
        **ignored: object,
    ) -> None:
        """Record an outcome and, if given, how many seconds it took, with the same labels.

        A duration that is negative, infinite or no number is dropped and counted as
        ``invalid_value``; the outcome stands. Arguments that it does not know are ignored: programs
        passed whatever they had at hand to the old component.
        """
        # Recorder.find and _never_raises written out: as calls they would cost a third more.
        try:
            items = None
            try:
                items = tuple(labels.items()) if labels else ()
                operation = self._recorder.remembered[operation_type][items]
            except Exception:  # not seen before, or nothing that can be looked up
                operation = self._recorder.bind(operation_type, labels, items)
            if success:
                operation.success(duration)
            else:
                operation.failure(error_type, duration)
        except Exception as error:
            try:
                self._recorder.drop_error("record_operation", error)
            except Exception:
                return

    @never_raises
    def record_operation_latency(
        self, operation: str, duration: float, labels: Labels | None = None
    ) -> None:
        """Record how many seconds an operation took."""
        self._recorder.find(operation, labels).observe(duration)

    record_duration = record_operation_latency

    @never_raises
    def record_operation_success(self, operation: str, labels: Labels | None = None) -> None:
        """Count a success."""
        self._recorder.find(operation, labels).success()

    @never_raises
    def record_operation_failure(
        self, operation: str, error_type: ErrorType = UNKNOWN, labels: Labels | None = None
    ) -> None:
        """Count a failure by its type: a text, an exception, or an exception's class."""
        self._recorder.find(operation, labels).failure(error_type)

    @never_raises
    def record_retry(
        self, operation: str, attempt_number: int, labels: Labels | None = None
    ) -> None:
        """Count a retry if ``attempt_number`` is above 1: the first attempt is none."""
        self._recorder.find(operation, labels).retry(attempt_number)

    @never_raises
    def record_batch_operations(self, operations: Iterable[Mapping[str, Any]]) -> None:
        """Record many at once: mappings with ``operation`` and, as wanted, the other keys.

        Those are ``success`` (default true), ``duration``, ``labels`` and ``error_type``. A bad
        entry is dropped and counted; the others are recorded.
        """
        for entry in operations:
            try:
                outcome = (entry["operation"], entry.get("success", True), entry.get("duration"))
                labels, error_type = entry.get("labels"), entry.get("error_type", UNKNOWN)
            except Exception:  # no mapping, no operation, or a mapping that raises
                self._recorder.drop_entry(entry)
            else:
                self.record_operation(*outcome, labels=labels, error_type=error_type)

    def operation(
        self, operation: str, /, *, labels: object = None, **by_name: object
    ) -> OperationHandle:
        """Return the handle of an operation and label set, for loops where every call counts.

        Labels are given by name, or as a mapping like elsewhere: ``operation("execute",
        task_type="ml")`` or ``operation("execute", labels={"task_type": "ml"})``.
        Its ``success``, ``failure``, ``retry`` and ``observe`` look nothing up; ``with`` it, a
        block is measured (in a generator use ``measure``, which keeps each start apart). Keep it:
        it is bound once, and shared by threads and tasks.
        """
        if issubclass(type(labels), Mapping):
            both = ChainMap(by_name, cast("Any", labels)) if by_name else labels
            return self._recorder.handle(operation, both)
        if labels is not None:  # a label of that name
            by_name["labels"] = labels
        return self._recorder.handle(operation, by_name)

    def measure(self, operation: str, labels: Labels | None = None) -> Measurement:
        """Return a context manager, sync and async, that records its body as one operation."""
        return Measurement(self._recorder.find(operation, labels))

    def with_metrics(self, metric_name: str, labels: Labels | None = None) -> Callable[[F], F]:
        """Return a decorator that records each call as one operation.

        It goes on ``async def``, ``def``, generators and async generators. The series exist at 0
        from the decoration on.

        Raises:
            TypeError: the name is missing, or what is decorated is no function.
        """
        check_named(metric_name)
        running = self._runtime
        if running is None:
            return unmeasured
        return functools.partial(measured, measure=running.recorder.measure(metric_name, labels))

    def attach(self, buffer: Buffer) -> None:
        """Have ``buffer``, held weakly, told of forks, and drained before a flush and any end.

        Raises:
            ValueError: it is no `Buffer`, or cannot be held weakly.
        """
        running = self._runtime
        if running is not None:
            running.buffers.attach(buffer)

    @never_raises
    def record_dropped(self, where: str, record: object, rule: str) -> None:
        """Count a record that a buffer, ``where``, had no room for; log it and the ``rule``."""
        self._recorder.drop_surplus(where, record, rule)

    def flush(self, timeout: float = 5.0) -> bool:
        """Send what is recorded so far; tell whether that was done within ``timeout`` seconds."""
        running = self._runtime
        return running.flush(min(timeout, LONGEST)) if running else True

    def shutdown(self, timeout: float | None = None) -> None:
        """Export a last time and stop, within ``timeout`` seconds; nothing is recorded any more.

        Runs by itself at interpreter exit and at the end of ``with ExecutorMetrics(...)``. Calling
        it twice is harmless.
        """
        running = self._runtime
        if running is not None:
            running.buffers.drain()
        with self._lock:
            running, self._runtime = self._runtime, None
            self._recorder = NoopRecorder(self._recorder.families)
        atexit.unregister(self.shutdown)
        if running is not None:
            within = self._settings.shutdown_timeout if timeout is None else timeout
            running.stop(min(within, LONGEST))

    def __enter__(self: _Self) -> _Self:
        """Return the facade itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Shut down."""
        self.shutdown()


_RECORD_OPERATION = ExecutorMetrics.record_operation
