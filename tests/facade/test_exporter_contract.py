"""What every exporter must show alike: names, labels, buckets and values (contract §1)."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from otel_executor_metrics import DEFAULT_BUCKETS, ExecutorMetrics, Operation
from otel_executor_metrics.exporters import BUILTIN
from tests.facade.harnesses import HARNESSES, Harness
from tests.facade.model import Model
from tests.facade.scraping import Scrape, label_set, scrape

ROLES = (
    "success_total",
    "retries_total",
    "failures_total",
    "in_progress",
    "lost_total",
    "latency_seconds",
)
TRAIN = Operation(
    "train",
    labels=("model",),
    buckets=(1, 10, 60),
    label_values={"model": ["a", "b"]},
    error_types=("Oops",),
)

Make = Callable[..., Harness]


def test_each_exporter_is_held_to_the_contract() -> None:
    """None of the built-in ones is without a harness, but that which shows nobody anything."""
    assert {name.partition("-")[0] for name in HARNESSES} == {*BUILTIN} - {"none"}


@pytest.fixture(params=HARNESSES)
def make(request: pytest.FixtureRequest) -> Iterator[Make]:
    """Make harnesses of one exporter, with settings of the facade."""
    with ExitStack() as opened:
        yield lambda **settings: opened.enter_context(HARNESSES[request.param](settings))


def record(metrics: ExecutorMetrics) -> Model:
    """Record a fixed program, and return what must come of it."""
    model = Model()
    for index, duration in enumerate((0.004, 0.005, 0.3, 7.5, 42)):
        labels = {"task_type": "report" if index % 2 else "b c", "kind": None if index else "x"}
        metrics.record_operation("execute", duration=duration, labels=labels)
        model.record_operation("execute", True, duration, labels)
    for error in ("Timeout", "Timeout", None):
        metrics.record_operation_failure("intent", error)  # type: ignore[arg-type]
        model.record_operation("intent", False, None, None, error)
    for attempt in (1, 2, 3):
        metrics.record_retry("plan", attempt)
        model.record_retry("plan", attempt)
    for duration in (-1.0, math.nan):
        metrics.record_operation("UserLogin", duration=duration, labels={"le": "x"})
        model.record_operation("UserLogin", True, duration, {"le": "x"})
    metrics.record_operation_latency("plan", 1)
    model.record_latency("plan", 1)
    return model


def test_a_fixed_program_arrives_as_recorded(make: Make) -> None:
    """Counters, histograms, sums and drops are exact."""
    harness = make()
    model = record(harness.metrics)

    seen = harness.read()
    model.expect(seen)
    model.expect_drops(seen)


def test_names_are_the_documented_ones(make: Make) -> None:
    """No exporter adds or leaves out a unit, a suffix or a prefix."""
    harness = make()
    record(harness.metrics)
    seen = harness.read()

    own = {"executor_metrics_dropped_total", "executor_metrics_label_overflow_total"}
    names = {
        name.removesuffix("_bucket").removesuffix("_sum").removesuffix("_count")
        for name in seen.names
    }
    expected = {f"{o}_{role}" for o in ("intent", "plan", "execute", "UserLogin") for role in ROLES}
    assert names - own <= expected
    assert expected - names <= {"UserLogin_latency_seconds"}


def test_labels_are_only_those_that_were_given(make: Make) -> None:
    """Nothing about scope, service or process is on a series."""
    harness = make()
    record(harness.metrics)

    found = {name for _, labels in harness.read().samples for name, _ in labels}
    assert found <= {"task_type", "kind", "error_type", "reason", "operation", "label", "le"}


@pytest.mark.parametrize("operation", ["intent", "plan"])
def test_series_without_labels_are_at_zero_from_the_start(make: Make, operation: str) -> None:
    """Whoever reads sees the first event as an increase."""
    seen = make().read()

    for role in ("success_total", "retries_total", "in_progress", "lost_total"):
        assert seen.value(f"{operation}_{role}") == 0
    found = seen.histogram(f"{operation}_latency_seconds")
    assert (found.count, found.sum) == (0, 0)
    assert list(found.buckets) == [*DEFAULT_BUCKETS, math.inf]


def test_listed_values_and_own_buckets_arrive(make: Make) -> None:
    """What the catalogue says of an operation holds for every exporter."""
    harness = make(operations=[TRAIN])
    harness.metrics.record_operation("train", duration=30, labels={"model": "a"})

    seen = harness.read()
    assert seen.value("train_success_total", model="b") == 0
    assert seen.value("train_failures_total", model="a", error_type="Oops") == 0
    assert seen.histogram("train_latency_seconds", model="a").buckets == {
        1: 0,
        10: 0,
        60: 1,
        math.inf: 1,
    }
    assert seen.histogram("train_latency_seconds", model="b").count == 0


def test_totals_are_cumulative(make: Make) -> None:
    """A second look shows the sum of all, not what came since the first."""
    harness = make()
    for expected in (1, 2, 3):
        harness.metrics.record_operation("plan", duration=0.5)
        seen = harness.read()
        assert seen.value("plan_success_total") == expected
        assert seen.histogram("plan_latency_seconds").sum == pytest.approx(expected / 2)


def test_progress_goes_up_and_down(make: Make) -> None:
    """The gauge is a gauge everywhere."""
    harness = make()
    with harness.metrics.measure("plan"):
        assert harness.read().value("plan_in_progress") == 1
    assert harness.read().value("plan_in_progress") == 0


@pytest.mark.parametrize("text", ['quote " and \\ and\nline', "größe 日本", "a=b,c{d}"])
def test_kept_text_arrives_unharmed(make: Make, text: str) -> None:
    """``label_values="keep"`` brings any text through."""
    harness = make(label_values="keep")
    harness.metrics.record_operation_success("plan", {"note": text})

    assert harness.read().value("plan_success_total", note=text) == 1


def test_values_beyond_the_limit_are_other(make: Make) -> None:
    """The guard on cardinality is in front of every exporter."""
    harness = make(max_label_values=2)
    for value in "abcd":
        harness.metrics.record_operation_success("execute", {"task_type": value})

    seen = harness.read()
    assert seen.series("execute_success_total") == {
        frozenset({("task_type", "a")}): 1,
        frozenset({("task_type", "b")}): 1,
        frozenset({("task_type", "other")}): 2,
    }
    assert seen.overflows() == {("execute", "task_type"): 2}


def test_many_label_sets_all_arrive(make: Make) -> None:
    """The SDK's own limit of 2 000 is out of the way."""
    harness = make()
    for index in range(2050):
        harness.metrics.record_operation_success("x", {"a": f"{index % 50}", "b": f"{index // 50}"})

    found: dict[Any, float] = harness.read().series("x_success_total")
    assert len(found) == 2050
    assert set(found.values()) == {1}


def test_flush_says_that_all_was_sent(make: Make) -> None:
    """``flush`` is done within its time, whatever the exporter."""
    harness = make()
    record(harness.metrics)

    assert harness.metrics.flush(timeout=10) is True
    assert isinstance(harness.read(), Scrape)


# What `run` leaves behind, as Prometheus names it.
EXPECTED = {
    (name, label_set(labels)): value
    for name, labels, value in [
        ("execute_success_total", {"task_type": "ml"}, 4),
        ("execute_failures_total", {"error_type": "Boom"}, 1),
        ("execute_failures_total", {"task_type": "ml"}, 0),
        ("execute_latency_seconds_bucket", {"task_type": "ml", "le": "0.005"}, 1),
        ("execute_latency_seconds_bucket", {"task_type": "ml", "le": "0.01"}, 2),
        ("execute_latency_seconds_bucket", {"task_type": "ml", "le": "5.0"}, 3),
        ("execute_latency_seconds_bucket", {"task_type": "ml", "le": "+Inf"}, 4),
        ("execute_latency_seconds_count", {"task_type": "ml"}, 4),
        ("execute_latency_seconds_sum", {"task_type": "ml"}, 0.005 + 0.006 + 3.0 + 100.0),
        ("train_success_total", {"model": "b"}, 0),
        ("train_latency_seconds_bucket", {"model": "a", "le": "10.0"}, 1),
        ("train_latency_seconds_bucket", {"model": "a", "le": "1.0"}, 0),
        ("train_latency_seconds_count", {"model": "b"}, 0),
        ("UserLogin_success_total", {"way": "sso_token"}, 1),
        ("UserLogin_latency_seconds_count", {"way": "sso_token"}, 1),
        ("plan_retries_total", {}, 1),
        ("plan_latency_seconds_count", {}, 0),
        ("intent_in_progress", {}, 1),
        ("intent_success_total", {}, 0),
        ("executor_metrics_dropped_total", {"reason": "invalid_value"}, 1),
        ("executor_metrics_dropped_total", {"reason": "error"}, 0),
    ]
}


def run(metrics: ExecutorMetrics) -> None:
    """Record a bit of everything."""
    for duration in (0.005, 0.006, 3.0, 100.0):
        metrics.record_operation("execute", duration=duration, labels={"task_type": "ml"})
    metrics.record_operation("execute", success=False, error_type="Boom", duration=0.3)
    metrics.record_operation("train", duration=5.0, labels={"model": "a"})
    metrics.record_operation("UserLogin", duration=0.2, labels={"way": "sso token"})
    metrics.record_retry("plan", 2)
    metrics.record_operation_latency("plan", float("nan"))
    metrics.measure("intent").__enter__()


def test_the_same_series_leave_by_every_exporter(make: Make) -> None:
    """Names, labels, buckets and values are these, to the letter, whoever carries them."""
    harness = make(operations=[TRAIN])
    run(harness.metrics)

    seen = harness.read().samples
    assert {key: seen.get(key) for key in EXPECTED} == EXPECTED


@pytest.mark.parametrize("other", [name for name in HARNESSES if name != "prometheus"])
def test_exporters_can_run_side_by_side(other: str) -> None:
    """Two exporters of one facade see the same, and nothing twice."""
    exporters = ["prometheus", other.partition("-")[0]]
    both = {"exporter": exporters, "metrics_port": 0, "host": "127.0.0.1"}
    with HARNESSES[other]({"operations": [TRAIN], **both}) as harness:
        run(harness.metrics)
        pushed, pulled = harness.read().samples, scrape(harness.metrics).samples

    assert pushed == pulled
    assert {key: pulled.get(key) for key in EXPECTED} == EXPECTED
