"""Asserts on what was recorded: they hold where it is so, and else show what is."""

from __future__ import annotations

import asyncio
import os
import re
import socket
import threading
from typing import Any

import pytest
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader

from otel_executor_metrics import ExecutorMetrics, Operation
from otel_executor_metrics.recorders import BatchMetricsRecorder
from otel_executor_metrics.testing import Capture, CapturingMetrics, ManualClock

ML = {"task_type": "ml"}


def record(metrics: ExecutorMetrics) -> None:
    """Record a little of everything."""
    metrics.record_operation("execute", duration=0.2, labels=ML)
    metrics.record_operation("execute", duration=0.3, labels={"task_type": "report"})
    metrics.record_operation("execute", False, 0.5, ML, error_type="Timeout")
    metrics.record_retry("execute", 2, labels=ML)
    metrics.record_operation_latency("plan", 0.1)


TRUE: list[tuple[Any, ...]] = [
    ("execute", None, {"success": 2, "failures": {"Timeout": 1}, "retries": 1, "durations": 3}),
    ("execute", None, {"seconds": 1.0, "failures": 1, "in_progress": 0}),
    ("execute", ML, {"success": 1, "failures": {"Timeout": 1, "Other": 0}, "seconds": 0.7}),
    ("execute", {"task_type": "none"}, {"success": 0, "failures": {}}),
    ("execute", ML, {}),
    ("plan", None, {"success": 0, "durations": 1}),
    ("unheard_of", None, {"success": 0}),
]


@pytest.mark.parametrize(("operation", "labels", "numbers"), TRUE)
def test_what_is_so_passes(
    executor_metrics: CapturingMetrics,
    operation: str,
    labels: dict[str, str] | None,
    numbers: dict[str, Any],
) -> None:
    """Each number that is given is compared, over all label sets that have the labels."""
    record(executor_metrics)

    executor_metrics.assert_recorded(operation, labels, **numbers)


FALSE: list[tuple[Any, ...]] = [
    ("execute", ML, {"success": 2}, "success: 1, not 2"),
    ("execute", None, {"failures": {}}, "failures: {'Timeout': 1}, not {}"),
    ("execute", None, {"failures": {"Timeout": 2}}, "failures: {'Timeout': 1}, not {'Timeout': 2}"),
    ("execute", None, {"failures": 0}, "failures: 1, not 0"),
    ("execute", None, {"retries": 0}, "retries: 1, not 0"),
    ("execute", None, {"in_progress": 1}, "in_progress: 0, not 1"),
    ("execute", None, {"durations": 2}, "durations: 3, not 2"),
    ("execute", None, {"seconds": 1.1}, "seconds: 1, not 1.1"),
    ("execute", {"task_type": "none"}, {}, "nothing of it was recorded"),
    ("unheard_of", None, {}, "nothing of it was recorded"),
]


@pytest.mark.parametrize(("operation", "labels", "numbers", "line"), FALSE)
def test_what_is_not_so_fails(
    executor_metrics: CapturingMetrics,
    operation: str,
    labels: dict[str, str] | None,
    numbers: dict[str, Any],
    line: str,
) -> None:
    """The line says which number, what it is and what it should be."""
    record(executor_metrics)

    with pytest.raises(AssertionError, match=re.escape(line)):
        executor_metrics.assert_recorded(operation, labels, **numbers)


def test_a_failure_shows_all_that_was_recorded() -> None:
    """By operation and label set, what was dropped included; what has nothing is left out."""
    with CapturingMetrics(max_label_values=1) as metrics:
        record(metrics)
        metrics.record_operation("", duration=1)
        with pytest.raises(AssertionError) as failed:
            metrics.assert_recorded("execute", ML, success=9, retries=9)

    assert str(failed.value).splitlines() == [
        'execute{task_type="ml"}:',
        "  success: 1, not 9",
        "  retries: 1, not 9",
        "  what was recorded:",
        "    plan: durations 1, seconds 0.1",
        "    execute{task_type=\"ml\"}: success 1, failures {'Timeout': 1}, retries 1, durations 2,"
        " seconds 0.7",
        '    execute{task_type="other"}: success 1, durations 1, seconds 0.3',
        "    dropped (invalid_operation): 1",
        "    label task_type of execute became 'other': 1",
    ]


def test_nothing_recorded(executor_metrics: CapturingMetrics) -> None:
    """At all, of an operation, of a label set; a failure says what was."""
    executor_metrics.assert_nothing_recorded()
    record(executor_metrics)
    executor_metrics.assert_nothing_recorded("intent")
    executor_metrics.assert_nothing_recorded("execute", {"task_type": "none"})

    with pytest.raises(AssertionError, match="plan was recorded\n  execute was recorded"):
        executor_metrics.assert_nothing_recorded()
    with pytest.raises(AssertionError, match=r'execute\{task_type="ml"\} was recorded'):
        executor_metrics.assert_nothing_recorded("execute", ML)


@pytest.mark.parametrize("call", ["retry", "latency", "failure"])
def test_each_kind_of_record_is_something(executor_metrics: CapturingMetrics, call: str) -> None:
    """Not successes alone."""
    if call == "retry":
        executor_metrics.record_retry("plan", 2)
    elif call == "latency":
        executor_metrics.record_operation_latency("plan", 0.0)
    else:
        executor_metrics.record_operation_failure("plan")

    executor_metrics.assert_recorded("plan")
    with pytest.raises(AssertionError):
        executor_metrics.assert_nothing_recorded("plan")


def test_nothing_dropped() -> None:
    """Neither a call nor a label value; a failure says which."""
    with CapturingMetrics(max_label_values=1) as metrics:
        metrics.record_operation("execute", labels=ML)
        metrics.assert_nothing_dropped()
        metrics.record_operation("execute", labels={"task_type": "second"})
        with pytest.raises(AssertionError, match="task_type of execute became 'other': 1"):
            metrics.assert_nothing_dropped()
    with CapturingMetrics() as metrics:
        metrics.record_operation("execute", duration=-1)
        with pytest.raises(AssertionError, match=r"dropped \(invalid_value\): 1"):
            metrics.assert_nothing_dropped()


def test_the_clock_goes_by_hand() -> None:
    """For decorated functions of each kind, blocks, handles and timers."""
    with CapturingMetrics(operations=[Operation("train")]) as metrics:

        @metrics.with_metrics("plan")
        def plan() -> None:
            metrics.clock.advance(0.5)

        @metrics.with_metrics("intent")
        async def intent() -> None:
            metrics.clock.advance(0.25)

        plan()
        plan()
        asyncio.run(intent())
        with metrics.measure("execute", ML):
            metrics.clock.advance(2)
        with metrics.operation("execute", task_type="report"):
            metrics.clock.advance(3)
        with metrics.metrics["train_latency"].time():
            metrics.clock.advance(7)

        metrics.assert_recorded("plan", success=2, seconds=1.0)
        metrics.assert_recorded("intent", seconds=0.25)
        metrics.assert_recorded("execute", ML, success=1, seconds=2)
        metrics.assert_recorded("execute", {"task_type": "report"}, seconds=3)
        metrics.assert_recorded("train", success=0, durations=1, seconds=7)


def test_time_does_not_go_back() -> None:
    """Nor jump to the end."""
    clock = ManualClock()
    clock.advance(1.5)
    clock.advance(0)
    for seconds in (-0.1, float("inf"), float("nan")):
        with pytest.raises(ValueError, match=f"seconds={seconds}"):
            clock.advance(seconds)

    assert clock() == 1.5


def test_a_clock_of_ones_own_must_be_callable() -> None:
    """It is refused where it is passed."""
    with pytest.raises(ValueError, match="clock=5: must return seconds when called"):
        ExecutorMetrics(exporter="none", clock=5)  # type: ignore[arg-type]


def test_the_public_road_has_the_clock_as_well() -> None:
    """On a provider of the user's without our Views."""
    reader, clock = InMemoryMetricReader(), ManualClock()
    with ExecutorMetrics(meter_provider=MeterProvider([reader]), clock=clock) as metrics:
        with metrics.measure("plan"):
            clock.advance(0.25)
        data = reader.get_metrics_data()

    assert data is not None
    (points,) = [
        metric.data.data_points
        for resource in data.resource_metrics
        for scope in resource.scope_metrics
        for metric in scope.metrics
        if metric.name == "plan_latency"
    ]
    assert [point.sum for point in points] == [0.25]  # type: ignore[union-attr]


def test_whoever_runs_the_tests_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Variables that switch metrics off, to another exporter or port, are not read."""
    for name, value in {
        "OTEL_SDK_DISABLED": "true",
        "METRICS_ENABLED": "false",
        "METRICS_EXPORTER": "otlp",
        "METRICS_TLS_CERTIFICATE": "/nowhere",
        "METRICS_STRICT": "true",
        "OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE": "delta",
    }.items():
        monkeypatch.setenv(name, value)
    threads = threading.enumerate()
    with CapturingMetrics() as metrics:
        metrics.record_operation("new_thing", duration=0.1)

        metrics.assert_recorded("new_thing", success=1)
        assert metrics.get_metrics_summary()["url"] is None
        assert threading.enumerate() == threads


def test_it_opens_no_port() -> None:
    """The port that its settings would name stays free."""
    with (
        socket.create_server(("127.0.0.1", 0)) as taken,
        CapturingMetrics(metrics_port=taken.getsockname()[1]) as metrics,
    ):
        assert metrics.enable_metrics


def test_what_was_recorded_outlives_the_shutdown(executor_metrics: CapturingMetrics) -> None:
    """Code under test may end the metrics; what it calls afterwards is recorded nowhere."""
    executor_metrics.record_operation("plan")
    executor_metrics.enable_metrics = False
    executor_metrics.shutdown()
    executor_metrics.record_operation("plan")

    executor_metrics.assert_recorded("plan", success=1)


def test_what_waits_in_a_recorder_is_recorded(executor_metrics: CapturingMetrics) -> None:
    """Tests need not know that the code under test records in batches."""
    recorder = BatchMetricsRecorder(executor_metrics)
    recorder.add_metric("plan")

    executor_metrics.assert_recorded("plan", success=1)
    recorder.close()


def test_metrics_of_the_program_are_captured_from_now_on() -> None:
    """A facade that the test does not make, such as one of a module, with what it has before."""
    with ExecutorMetrics(exporter="none") as metrics:
        record(metrics)
        captured = Capture(metrics)
        captured.assert_nothing_recorded()
        captured.assert_nothing_dropped()
        metrics.record_operation("plan", duration=0.5)

        captured.assert_recorded("plan", success=1, durations=1, seconds=0.5)
        captured.assert_nothing_recorded("execute")


@pytest.mark.parametrize("kind", ["off", "shut down", "public calls"])
def test_metrics_that_cannot_be_read_pass_no_assert(kind: str) -> None:
    """That nothing was recorded is not known of them: even that fails, and says why."""
    metrics = ExecutorMetrics(
        enable_metrics=kind != "off",
        meter_provider=MeterProvider([InMemoryMetricReader()]),
    )
    if kind == "shut down":
        metrics.shutdown()
    captured = Capture(metrics)
    for check in (
        captured.assert_nothing_recorded,
        captured.assert_nothing_dropped,
        lambda: captured.assert_recorded("plan", success=0),
    ):
        with pytest.raises(AssertionError, match="nothing can be read back from these metrics"):
            check()
    metrics.shutdown()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
def test_a_child_has_its_own() -> None:
    """What a forked process records is its own, and begins at nothing."""
    with CapturingMetrics() as metrics:
        metrics.record_operation("plan")
        child = os.fork()
        if child == 0:
            try:
                metrics.assert_nothing_recorded()
                metrics.record_operation("plan")
                metrics.assert_recorded("plan", success=1)
                os._exit(0)
            finally:
                os._exit(1)
        _, status = os.waitpid(child, 0)
        assert status == 0
        metrics.assert_recorded("plan", success=1)


@pytest.mark.parametrize(
    ("given", "complaint"),
    [
        ({"success": "1"}, "success='1': must be a number"),
        ({"failures": ["Timeout"]}, "failures=['Timeout']: must be a number, or numbers by type"),
        ({"failures": {"Timeout": None}}, "failures={'Timeout': None}: must be a number, or"),
    ],
)
def test_what_is_no_number_is_told(given: dict[str, Any], complaint: str) -> None:
    """The TypeError names argument, value and rule; it is no failed assert."""
    with CapturingMetrics() as metrics, pytest.raises(TypeError, match=re.escape(complaint)):
        metrics.assert_recorded("plan", **given)
