"""The documented series: contract §1."""

from __future__ import annotations

import math

import pytest

from otel_executor_metrics import DEFAULT_BUCKETS, ExecutorMetrics, Operation
from tests.facade.conftest import MakeMetrics
from tests.facade.scraping import scrape, scrape_openmetrics

# key: exported name, type, help, labels
DOCUMENTED = {
    "intent_latency": ("intent_latency_seconds", "histogram", "Latency of intent parsing", ()),
    "intent_success": (
        "intent_success_total",
        "counter",
        "Number of successful intent parsings",
        (),
    ),
    "intent_retries": ("intent_retries_total", "counter", "Number of intent parsing retries", ()),
    "plan_latency": ("plan_latency_seconds", "histogram", "Latency of task planning", ()),
    "plan_success": ("plan_success_total", "counter", "Number of successful plans", ()),
    "plan_retries": ("plan_retries_total", "counter", "Number of plan retries", ()),
    "execute_latency": (
        "execute_latency_seconds",
        "histogram",
        "Latency of task execution",
        ("task_type",),
    ),
    "execute_success": (
        "execute_success_total",
        "counter",
        "Number of successful executions",
        ("task_type",),
    ),
    "execute_retries": (
        "execute_retries_total",
        "counter",
        "Number of execution retries",
        ("task_type",),
    ),
}
OPERATIONS = ("intent", "plan", "execute")
BUCKETS = [
    *(0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10),
    math.inf,
]


def record_all(metrics: ExecutorMetrics) -> None:
    """Record one success, failure, retry and latency of each built-in operation."""
    for operation in OPERATIONS:
        labels = {"task_type": "report"} if operation == "execute" else None
        metrics.record_operation(operation, duration=0.3, labels=labels)
        metrics.record_operation(operation, success=False, error_type="Oops", labels=labels)
        metrics.record_retry(operation, 2, labels=labels)


@pytest.mark.parametrize("key", DOCUMENTED)
def test_each_documented_series_has_its_exact_name_type_and_help(
    metrics: ExecutorMetrics, key: str
) -> None:
    """Names, types and help texts are those of the document, to the letter."""
    name, kind, text, _ = DOCUMENTED[key]
    record_all(metrics)

    seen = scrape(metrics)

    assert seen.types[name] == kind
    assert seen.helps[name] == text
    assert key in metrics.metrics


@pytest.mark.parametrize("key", DOCUMENTED)
def test_each_documented_series_has_exactly_its_labels(metrics: ExecutorMetrics, key: str) -> None:
    """No scope, service or other label comes beside the documented ones."""
    name, kind, _, labels = DOCUMENTED[key]
    record_all(metrics)

    sample = f"{name}_count" if kind == "histogram" else name
    found = {frozenset(dict(one)) for one in scrape(metrics).series(sample)}

    assert found == {frozenset(labels)}


@pytest.mark.parametrize("operation", OPERATIONS)
def test_failures_carry_their_type(metrics: ExecutorMetrics, operation: str) -> None:
    """Each operation counts failures by ``error_type``, beside its own labels."""
    record_all(metrics)
    labels = {"task_type": "report"} if operation == "execute" else {}

    seen = scrape(metrics)

    assert seen.types[f"{operation}_failures_total"] == "counter"
    assert seen.value(f"{operation}_failures_total", error_type="Oops", **labels) == 1
    assert seen.total(f"{operation}_failures_total") == 1


@pytest.mark.parametrize("operation", OPERATIONS)
def test_in_progress_is_a_gauge(metrics: ExecutorMetrics, operation: str) -> None:
    """Each operation has a gauge of what is in progress, which recording does not move."""
    record_all(metrics)

    seen = scrape(metrics)

    assert seen.types[f"{operation}_in_progress"] == "gauge"
    assert set(seen.series(f"{operation}_in_progress").values()) == {0}


def test_the_keys_are_the_operations_times_the_six_series(metrics: ExecutorMetrics) -> None:
    """``metrics.metrics`` has the documented keys, failures, in-progress, lost, and no others."""
    roles = ("latency", "success", "retries", "failures", "in_progress", "lost")

    assert set(metrics.metrics) == {f"{o}_{role}" for o in OPERATIONS for role in roles}


@pytest.mark.parametrize("operation", OPERATIONS)
def test_latency_buckets_are_the_default_ones(metrics: ExecutorMetrics, operation: str) -> None:
    """Buckets are in seconds, the fourteen of the contract and +Inf, and cumulative."""
    for duration in (0.005, 0.3, 0.3, 9, 11):
        metrics.record_operation_latency(operation, duration)

    found = scrape(metrics).histogram(f"{operation}_latency_seconds")

    assert list(found.buckets) == BUCKETS == [*DEFAULT_BUCKETS, math.inf]
    assert found.buckets == {bound: _at_most(bound) for bound in BUCKETS}
    assert found.count == 5
    assert found.sum == pytest.approx(20.605)


def _at_most(bound: float) -> int:
    return sum(duration <= bound for duration in (0.005, 0.3, 0.3, 9, 11))


@pytest.mark.parametrize("operation", ["intent", "plan"])
@pytest.mark.parametrize("suffix", ["success_total", "retries_total", "in_progress", "lost_total"])
def test_what_has_no_labels_is_at_zero_from_the_start(
    metrics: ExecutorMetrics, operation: str, suffix: str
) -> None:
    """``increase()`` sees the first event, since the series was there before at 0."""
    assert scrape(metrics).series(f"{operation}_{suffix}") == {frozenset(): 0}


@pytest.mark.parametrize("operation", ["intent", "plan"])
def test_histograms_without_labels_are_at_zero_from_the_start(
    metrics: ExecutorMetrics, operation: str
) -> None:
    """A latency histogram has all its buckets at 0 before the first observation."""
    found = scrape(metrics).histogram(f"{operation}_latency_seconds")

    assert found.count == found.sum == 0
    assert found.buckets == dict.fromkeys(BUCKETS, 0)


@pytest.mark.parametrize("operation", ["intent", "plan"])
def test_the_sum_of_failures_is_zero_from_the_start(
    metrics: ExecutorMetrics, operation: str
) -> None:
    """The success ratio has a value before anything has failed."""
    assert set(scrape(metrics).series(f"{operation}_failures_total").values()) == {0}


def test_every_reason_for_drops_is_at_zero_from_the_start(metrics: ExecutorMetrics) -> None:
    """An alert on drops sees the first one."""
    found = scrape(metrics).series("executor_metrics_dropped_total")

    assert {dict(labels)["reason"] for labels in found} >= {
        "invalid_value",
        "invalid_operation",
        "invalid_label",
    }
    assert set(found.values()) == {0}


def test_listed_label_values_are_at_zero_from_the_start(make_metrics: MakeMetrics) -> None:
    """All combinations of values that the catalogue lists exist before the first event."""
    train = Operation(
        "train",
        labels=("model", "size"),
        label_values={"model": ["a", "b"], "size": ["s", "l"]},
        error_types=["OutOfMemory"],
    )
    seen = scrape(make_metrics(operations=[train]))
    combinations = {frozenset({("model", m), ("size", s)}) for m in "ab" for s in "sl"}

    for name in ("train_success_total", "train_retries_total", "train_in_progress"):
        assert seen.series(name) == dict.fromkeys(combinations, 0)
    for model in "ab":
        assert (
            seen.value("train_failures_total", error_type="OutOfMemory", model=model, size="s") == 0
        )
        assert seen.histogram("train_latency_seconds", model=model, size="l").count == 0
    assert seen.overflows() == {}


def test_listed_error_types_come_with_each_label_set(make_metrics: MakeMetrics) -> None:
    """Where label values are not listed, the types are at zero from the set's first use on."""
    train = Operation("train", labels=("model",), error_types=["Out of memory", "Timeout"])
    metrics = make_metrics(operations=[train])
    for model in "ab":
        metrics.record_operation_success("train", {"model": model})
    metrics.record_operation_failure("train", "Timeout", {"model": "c"})

    seen = scrape(metrics)
    for model in "abc":
        assert seen.value("train_failures_total", error_type="Out_of_memory", model=model) == 0
    assert seen.value("train_failures_total", error_type="Timeout", model="a") == 0
    assert seen.value("train_failures_total", error_type="Timeout", model="c") == 1
    assert not seen.dropped()
    assert not seen.overflows()


@pytest.mark.parametrize("value", ["scope", "target_info"])
def test_nothing_about_scope_or_target_is_shown(metrics: ExecutorMetrics, value: str) -> None:
    """No ``otel_scope_*`` label or series, no ``target_info`` unless asked for."""
    record_all(metrics)

    assert value not in scrape(metrics).text
    assert value not in scrape_openmetrics(metrics).text


def test_target_info_is_shown_when_asked_for(make_metrics: MakeMetrics) -> None:
    """``target_info=True`` shows the resource, the name of the service included."""
    metrics = make_metrics(target_info=True, service_name="shop")

    found = scrape(metrics).series("target_info")

    assert [dict(labels)["service_name"] for labels in found] == ["shop"]
    assert list(found.values()) == [1]


def test_openmetrics_has_the_same_samples_as_the_text_format(metrics: ExecutorMetrics) -> None:
    """Whatever Prometheus negotiates, it reads the same series and values."""
    record_all(metrics)

    assert scrape_openmetrics(metrics).samples == scrape(metrics).samples
