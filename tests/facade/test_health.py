"""``MetricsMonitor``: health by what was really recorded (docs/health.md)."""

from __future__ import annotations

import itertools
import json
import os
from typing import Any

import pytest
from opentelemetry.sdk.metrics import MeterProvider

from otel_executor_metrics import (
    DEFAULT_THRESHOLDS,
    ExecutorMetrics,
    Objective,
    Operation,
    SettingError,
)
from otel_executor_metrics.health import MetricsMonitor
from tests.facade import health_programs as programs
from tests.facade.conftest import MakeMetrics


class Clock:
    """A clock that stands still until told."""

    def __init__(self) -> None:
        self.now = 50.0

    def __call__(self) -> float:
        return self.now


def work(metrics: ExecutorMetrics, good: int, bad: int = 0, operation: str = "plan") -> None:
    """Do some work that takes a fifth of a second."""
    for number in range(good + bad):
        metrics.record_operation(operation, number < good, duration=0.2, error_type="Timeout")


def test_the_programs_of_the_document_run(metrics: ExecutorMetrics) -> None:
    """§8.1: the documented keys have values, thresholds can be changed, a change is seen."""
    assert programs.report(metrics) == "no_data, metrics on, 18 of them"
    patient, watchdog = programs.with_patience(metrics), programs.Watchdog(metrics)
    assert patient.alert_thresholds == {"error_rate": 0.2, "latency_p95": 5.0, "success_rate": 0.8}

    work(metrics, 90)
    watchdog.turn()
    work(metrics, 0, 10)
    watchdog.turn()

    assert watchdog.calls == ["degraded"]
    assert patient.check_health()["status"] == "healthy"
    metrics.shutdown()
    assert programs.report(metrics) == "off: Metrics disabled"


def test_thresholds_are_those_of_the_document(metrics: ExecutorMetrics) -> None:
    """A plain dict of the documented three; the table that alerts are made from is the same."""
    monitor = MetricsMonitor(metrics)

    assert type(monitor.alert_thresholds) is dict
    assert monitor.alert_thresholds == DEFAULT_THRESHOLDS
    assert DEFAULT_THRESHOLDS == {"error_rate": 0.05, "latency_p95": 5.0, "success_rate": 0.95}


def test_it_flips_to_degraded_and_back(metrics: ExecutorMetrics) -> None:
    """An incident is judged as long as it is in the window, by what was recorded then."""
    clock = Clock()
    monitor = MetricsMonitor(metrics, clock=clock)
    seen = []
    for second in range(0, 900, 10):
        clock.now = 100.0 + second
        work(metrics, 10, 5 if 200 <= second < 260 else 0)
        seen.append(monitor.check_health()["status"])

    changes = [(0, "no_data")] + [
        (10 * n, after)
        for n, (before, after) in enumerate(itertools.pairwise(seen), 1)
        if before != after
    ]
    # 5 % are crossed when 15 of 245 have failed, not yet by 10 of 230; and no more when 15 of the
    # 30 failures are out of the window, and 15 of 315 left.
    assert changes == [(0, "no_data"), (10, "healthy"), (220, "degraded"), (520, "healthy")]


def test_slowness_alone_degrades(metrics: ExecutorMetrics) -> None:
    """The 95th percentile is of the label sets together."""
    monitor = MetricsMonitor(metrics)
    for number in range(100):
        labels = {"task_type": f"t{number % 3}"}
        metrics.record_operation("execute", True, 7.0 if number < 10 else 0.2, labels)

    health = monitor.check_health()

    assert health["status"] == "degraded"
    assert health["reasons"] == ["execute: p95 is 6.25 s, above 5 s (latency_p95)"]
    assert health["operations"]["execute"]["latency_p95"] == pytest.approx(6.25)
    assert json.loads(json.dumps(health, allow_nan=False)) == health


def test_operations_have_thresholds_of_their_own(make_metrics: MakeMetrics) -> None:
    """An override, whatever the letter case and the characters of the name; else its objective."""
    operations = [
        Operation("train", buckets=(1, 60, 600)),
        Operation("answer", objective=Objective(success=0.8, latency=(0.99, 60.0))),
    ]
    metrics = make_metrics(operations=operations)
    overrides: dict[str, dict[str, float]] = {
        "TRAIN": {"latency_p95": 600},
        "user-engagement": {"error_rate": 0.5},
    }
    monitor = MetricsMonitor(metrics, operations=overrides)
    for number in range(100):
        metrics.record_operation("train", duration=300.0)
        metrics.record_operation("answer", number > 15, duration=8.0)
        metrics.record_operation("user-engagement", number > 40)

    assert monitor.check_health()["reasons"] == []
    assert monitor.check_health()["status"] == "healthy"
    overridden = MetricsMonitor(metrics, operations={"answer": {"success_rate": 0.99}})
    work(metrics, 80, 15, "answer")
    assert overridden.check_health()["reasons"] == [
        "answer: 80 of 95 succeeded, less than 99 % (success_rate)"
    ]


def test_the_settings_of_the_facade_hold(make_metrics: MakeMetrics) -> None:
    """Passed or from the environment; what the monitor is given goes before them."""
    metrics = make_metrics(health_error_rate=0.2, health_latency_p95=1, health_window=10)

    assert MetricsMonitor(metrics).alert_thresholds == {
        "error_rate": 0.2,
        "latency_p95": 1.0,
        "success_rate": 0.8,
    }
    given = MetricsMonitor(metrics, thresholds={"success_rate": 0.9})
    assert given.alert_thresholds == {"error_rate": 0.1, "latency_p95": 1.0, "success_rate": 0.9}
    clock = Clock()
    monitor = MetricsMonitor(metrics, clock=clock)
    work(metrics, 0, 50)
    clock.now += 21
    assert monitor.check_health()["status"] == "no_data"


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ({"thresholds": {"error_rate": 5}}, r"thresholds\['error_rate'\]=5: must be a number from"),
        ({"thresholds": {"success_rate": "95%"}}, r"\['success_rate'\]='95%': must be a number"),
        ({"thresholds": {"latency_p95": 0}}, r"\['latency_p95'\]=0: must be a number of seconds"),
        ({"thresholds": {"p95": 5}}, "thresholds='p95': must have keys among error_rate, latency"),
        ({"thresholds": 5}, "thresholds=5: must be a mapping of error_rate, "),
        ({"operations": ["train"]}, r"operations=\['train'\]: must be a mapping of operations"),
        ({"operations": {"": {}}}, "operations='': must have names of operations"),
        ({"operations": {"train": 5}}, r"operations\['train'\]=5: must be a mapping"),
        (
            {"operations": {"train": {"error_rate": True}}},
            r"operations\['train'\]\['error_rate'\]=True: must be a number from 0 to 1",
        ),
        ({"window": 0}, "window=0: must be a number of seconds above 0"),
        ({"window": "5m"}, "window='5m': must be a number of seconds above 0"),
        ({"min_finished": 0}, "min_finished=0: must be an integer of at least 1"),
        ({"min_finished": 2.5}, r"min_finished=2\.5: must be an integer of at least 1"),
    ],
)
def test_what_cannot_be_used_is_refused_at_once(
    metrics: ExecutorMetrics, arguments: dict[str, Any], told: str
) -> None:
    """One line with the value and the rule."""
    with pytest.raises(SettingError, match=told) as refused:
        MetricsMonitor(metrics, **arguments)

    assert "\n" not in str(refused.value)


def test_a_check_never_raises(metrics: ExecutorMetrics, monkeypatch: pytest.MonkeyPatch) -> None:
    """Thresholds spoilt afterwards are told among the reasons; so is a facade that raises."""
    monitor = MetricsMonitor(metrics)
    work(metrics, 90, 10)
    spoilt: Any = monitor.alert_thresholds
    spoilt |= {"error_rate": "much", "odd": 1, 5: 5}
    del spoilt["success_rate"]

    health = monitor.check_health()

    assert health["status"] == "degraded"
    assert health["reasons"] == [
        "plan: 10 of 100 failed, more than 5 % (error_rate)",
        "alert_thresholds['error_rate']='much': must be a number from 0 to 1, such as 0.05;"
        " judged by 0.05",
        "alert_thresholds='odd': must have keys among error_rate, latency_p95, success_rate;"
        " judged by nothing",
        "alert_thresholds=5: must have keys among error_rate, latency_p95, success_rate;"
        " judged by nothing",
    ]
    monitor.alert_thresholds = None  # type: ignore[assignment]
    assert "is no mapping" in monitor.check_health()["reasons"][-1]

    def broken() -> None:
        raise RuntimeError("gone")

    (watched,) = monitor._watched.values()
    monkeypatch.setattr(watched.window, "_read", broken)
    assert monitor.check_health()["status"] == "no_data"
    assert "RuntimeError('gone')" in monitor.check_health()["reasons"][0]


def test_disabled_is_said_and_why(make_metrics: MakeMetrics, metrics: ExecutorMetrics) -> None:
    """Switched off, shut down, or never started: the keys are there, and no thread is."""
    off = MetricsMonitor(make_metrics(enable_metrics=False)).check_health()
    lost = MetricsMonitor(make_metrics(metrics_port=metrics.metrics_port, fleet="else"))

    assert (off["status"], off["message"]) == ("disabled", "Metrics disabled")
    assert (off["metrics_enabled"], off["available_metrics"]) == (False, 0)
    assert lost.check_health()["message"] == "Metrics could not be started"
    assert off.keys() - {"message"} == MetricsMonitor(metrics).check_health().keys()


def test_a_fleet_is_judged_as_one_by_parent_and_child(make_metrics: MakeMetrics) -> None:
    """Failures of forked children degrade the whole, and each of its processes says so."""
    metrics = make_metrics()
    monitor = MetricsMonitor(metrics)
    work(metrics, 80)
    seen, answer = os.pipe()
    for failures in (5, 15):
        child = os.fork()
        if child == 0:
            work(metrics, 0, failures)
            os.write(answer, json.dumps(monitor.check_health()["reasons"]).encode() + b"\n")
            os._exit(0)
        os.waitpid(child, 0)
    os.close(answer)
    with os.fdopen(seen) as told:
        in_children = [json.loads(line) for line in told]

    assert in_children == [
        ["plan: 5 of 85 failed, more than 5 % (error_rate)"],
        ["plan: 20 of 100 failed, more than 5 % (error_rate)"],
    ]
    assert monitor.check_health()["reasons"] == in_children[1]


def test_a_child_that_counts_alone_is_judged_alone(make_metrics: MakeMetrics) -> None:
    """Without a fleet a child begins at zero: its parent's successes do not hide its failures."""
    metrics = make_metrics(exporter="none")
    monitor = MetricsMonitor(metrics)
    work(metrics, 20)
    assert monitor.check_health()["status"] == "healthy"
    child = os.fork()
    if child == 0:
        work(metrics, 25, 5)
        figures = monitor.check_health()["operations"]["plan"]
        os._exit(0 if (figures["finished"], figures["failed"]) == (30, 5) else 1)

    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert monitor.check_health()["operations"]["plan"]["finished"] == 20


def test_a_lock_held_at_a_fork_does_not_stop_the_child(make_metrics: MakeMetrics) -> None:
    """The thread that was checking does not exist in the child."""
    metrics = make_metrics()
    monitor = MetricsMonitor(metrics)
    (watched,) = monitor._watched.values()
    with watched.lock:
        child = os.fork()
        if child == 0:
            os._exit(0 if monitor.check_health()["status"] == "no_data" else 1)

    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def test_what_cannot_be_read_back_is_no_data() -> None:
    """Recording through OpenTelemetry's public calls, nothing is known; nothing is made up."""
    with ExecutorMetrics(meter_provider=MeterProvider()) as metrics:
        monitor = MetricsMonitor(metrics)
        work(metrics, 0, 100)

        assert monitor.check_health()["status"] == "no_data"
