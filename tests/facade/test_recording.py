"""The recording calls, with the forms of arguments that the document shows (contract §2)."""

from __future__ import annotations

from typing import Any

import pytest

from otel_executor_metrics import ExecutorMetrics
from tests.facade.conftest import MakeMetrics
from tests.facade.scraping import scrape

A = {"task_type": "a"}


def test_latency_is_observed_without_an_outcome(metrics: ExecutorMetrics) -> None:
    """``record_operation_latency`` moves the histogram and nothing else."""
    metrics.record_operation_latency("intent", 0.2)
    metrics.record_operation_latency(operation="intent", duration=0.2)

    seen = scrape(metrics)
    assert seen.histogram("intent_latency_seconds").count == 2
    assert seen.histogram("intent_latency_seconds").sum == pytest.approx(0.4)
    assert seen.value("intent_success_total") == seen.total("intent_failures_total") == 0


@pytest.mark.parametrize("method", ["record_operation_latency", "record_duration"])
def test_latency_takes_labels(metrics: ExecutorMetrics, method: str) -> None:
    """Both latency calls take labels, by position and by name; without them they are empty."""
    record = getattr(metrics, method)
    record("execute", 0.2, A)
    record("execute", 0.2, labels=A)
    record("execute", 0.2)

    seen = scrape(metrics)
    assert seen.histogram("execute_latency_seconds", **A).count == 2
    assert seen.histogram("execute_latency_seconds").count == 1


def test_success_is_counted_by_labels(metrics: ExecutorMetrics) -> None:
    """``record_operation_success`` adds one to exactly one series."""
    metrics.record_operation_success("execute", A)
    metrics.record_operation_success("execute", labels=A)
    metrics.record_operation_success("execute", labels=None)
    metrics.record_operation_success("plan")

    seen = scrape(metrics)
    assert seen.value("execute_success_total", **A) == 2
    assert seen.value("execute_success_total") == 1
    assert seen.value("plan_success_total") == 1
    assert seen.value("intent_success_total") == 0


def test_failure_is_counted_by_type_and_labels(metrics: ExecutorMetrics) -> None:
    """``record_operation_failure`` counts where the old component lost the call."""
    metrics.record_operation_failure("execute", "timeout", A)
    metrics.record_operation_failure("execute", error_type="timeout", labels=A)
    metrics.record_operation_failure("execute", "oom")

    seen = scrape(metrics)
    assert seen.value("execute_failures_total", error_type="timeout", **A) == 2
    assert seen.value("execute_failures_total", error_type="oom") == 1
    assert seen.total("execute_success_total") == 0


@pytest.mark.parametrize("error_type", [None, "", "  "])
def test_a_failure_without_a_type_is_unknown(
    metrics: ExecutorMetrics, error_type: str | None
) -> None:
    """A failure always has a type, so that sums by type lose none."""
    metrics.record_operation("intent", success=False, error_type=error_type)  # type: ignore[arg-type]
    metrics.record_operation("intent", success=False)

    assert scrape(metrics).value("intent_failures_total", error_type="unknown") == 2


def test_the_type_of_a_failure_is_cleaned_like_a_label(metrics: ExecutorMetrics) -> None:
    """``error_type`` follows the same cleaning as label values."""
    metrics.record_operation_failure("intent", "http 500/x")

    assert scrape(metrics).value("intent_failures_total", error_type="http_500_x") == 1


@pytest.mark.parametrize("attempt", [2, 3, 100])
def test_attempts_above_the_first_are_retries(metrics: ExecutorMetrics, attempt: int) -> None:
    """Each repeated attempt counts as one retry, whatever its number."""
    metrics.record_retry("execute", attempt)
    metrics.record_retry("execute", attempt_number=attempt, labels=A)

    seen = scrape(metrics)
    assert seen.value("execute_retries_total") == 1
    assert seen.value("execute_retries_total", **A) == 1


@pytest.mark.parametrize("attempt", [0, 1])
def test_the_first_attempt_is_no_retry(metrics: ExecutorMetrics, attempt: int) -> None:
    """``record_retry(…, attempt + 1)`` in a loop from 0 counts what was repeated."""
    metrics.record_retry("intent", attempt)

    seen = scrape(metrics)
    assert seen.value("intent_retries_total") == 0
    assert seen.dropped() == {}


def test_record_operation_records_outcome_and_latency_with_the_same_labels(
    metrics: ExecutorMetrics,
) -> None:
    """Labels reach the histogram too: the old component lost or refused them."""
    metrics.record_operation("execute", True, 0.2, labels=A)
    metrics.record_operation("execute", success=False, duration=0.3, labels=A, error_type="E")

    seen = scrape(metrics)
    assert seen.value("execute_success_total", **A) == 1
    assert seen.value("execute_failures_total", error_type="E", **A) == 1
    assert seen.histogram("execute_latency_seconds", **A).count == 2
    assert seen.histogram("execute_latency_seconds", **A).sum == pytest.approx(0.5)


def test_record_operation_defaults_to_a_success_without_latency(metrics: ExecutorMetrics) -> None:
    """Only the operation is asked for."""
    metrics.record_operation("plan")

    seen = scrape(metrics)
    assert seen.value("plan_success_total") == 1
    assert seen.total("plan_latency_seconds_count") == 0


def test_record_operation_ignores_what_it_does_not_know(metrics: ExecutorMetrics) -> None:
    """The document has ``**kwargs``: surplus ones do not lose the record."""
    metrics.record_operation("plan", duration=1, user="u", trace=object())

    assert scrape(metrics).value("plan_success_total") == 1
    assert scrape(metrics).dropped() == {}


def test_record_operation_takes_all_by_position(metrics: ExecutorMetrics) -> None:
    """Labels and type after the duration, which no other call refuses either."""
    metrics.record_operation("execute", True, 0.2, A)
    metrics.record_operation("execute", False, 0.3, A, "timeout")

    seen = scrape(metrics)
    assert seen.value("execute_success_total", **A) == 1
    assert seen.value("execute_failures_total", error_type="timeout", **A) == 1
    assert seen.histogram("execute_latency_seconds", **A).count == 2


@pytest.mark.parametrize("error", [KeyError("user 42"), KeyError])
def test_an_exception_is_a_failure_by_the_name_of_its_class(
    metrics: ExecutorMetrics, error: KeyError | type[KeyError]
) -> None:
    """What ``except`` caught can be passed as it is; its text, which varies, is no type."""
    metrics.record_operation("plan", success=False, error_type=error)
    metrics.record_operation_failure("plan", error)
    metrics.record_batch_operations([{"operation": "plan", "success": False, "error_type": error}])
    metrics.operation("plan").failure(error)
    metrics.metrics["plan_failures"].labels(error_type=error).inc()

    seen = scrape(metrics)
    assert seen.value("plan_failures_total", error_type="KeyError") == 5
    assert seen.total("plan_failures_total") == 5


def test_a_duration_of_zero_is_observed(metrics: ExecutorMetrics) -> None:
    """Zero seconds are a latency, not a missing one."""
    metrics.record_operation("plan", duration=0)

    assert scrape(metrics).histogram("plan_latency_seconds").buckets[0.005] == 1


@pytest.mark.parametrize(
    ("success", "name"),
    [(1, "success"), ("yes", "success"), (0, "failures"), (None, "failures"), ("", "failures")],
)
def test_success_is_what_python_takes_as_true(
    metrics: ExecutorMetrics, success: Any, name: str
) -> None:
    """Any truth value tells the outcome."""
    metrics.record_operation("plan", success)

    assert scrape(metrics).total(f"plan_{name}_total") == 1


def test_an_operation_that_nobody_named_comes_into_being(metrics: ExecutorMetrics) -> None:
    """Its five series follow the pattern; the old component dropped it silently."""
    metrics.record_operation("user_engagement", duration=2, labels={"action": "click"})
    metrics.record_retry("user_engagement", 2)

    seen = scrape(metrics)
    assert seen.value("user_engagement_success_total", action="click") == 1
    assert seen.histogram("user_engagement_latency_seconds", action="click").count == 1
    assert seen.value("user_engagement_retries_total") == 1
    assert seen.types["user_engagement_in_progress"] == "gauge"
    assert "user_engagement_latency" in metrics.metrics


def test_labels_may_come_in_any_order_and_number(metrics: ExecutorMetrics) -> None:
    """The order of labels makes no difference, a label more or less makes a series of its own."""
    metrics.record_operation_success("sync", {"a": "1", "b": "2"})
    metrics.record_operation_success("sync", {"b": "2", "a": "1"})
    metrics.record_operation_success("sync", {"a": "1"})

    seen = scrape(metrics)
    assert seen.value("sync_success_total", a="1", b="2") == 2
    assert seen.value("sync_success_total", a="1") == 1


def test_labels_may_be_changed_after_the_call(metrics: ExecutorMetrics) -> None:
    """A caller may use one dictionary again and again."""
    labels: dict[str, str] = {}
    for value in ("x", "y", "x"):
        labels["task_type"] = value
        metrics.record_operation_success("execute", labels)

    seen = scrape(metrics)
    assert seen.value("execute_success_total", task_type="x") == 2
    assert seen.value("execute_success_total", task_type="y") == 1


def test_a_batch_records_each_entry(metrics: ExecutorMetrics) -> None:
    """The document's keys are understood, and default as its code does."""
    metrics.record_batch_operations(
        [
            {"operation": "plan"},
            {"operation": "plan", "success": True, "duration": 0.2},
            {"operation": "execute", "success": False, "error_type": "E", "labels": A},
            {"operation": "execute", "success": False, "duration": 1, "labels": A},
        ]
    )

    seen = scrape(metrics)
    assert seen.value("plan_success_total") == 2
    assert seen.histogram("plan_latency_seconds").count == 1
    assert seen.value("execute_failures_total", error_type="E", **A) == 1
    assert seen.value("execute_failures_total", error_type="unknown", **A) == 1
    assert seen.histogram("execute_latency_seconds", **A).count == 1


def test_a_batch_may_be_any_iterable(metrics: ExecutorMetrics) -> None:
    """A generator will do, and an empty batch records nothing."""
    metrics.record_batch_operations({"operation": "plan"} for _ in range(3))
    metrics.record_batch_operations([])

    assert scrape(metrics).value("plan_success_total") == 3


def test_the_summary_tells_what_a_person_debugging_wants(make_metrics: MakeMetrics) -> None:
    """The documented keys, where it can be scraped, how much there is and what was dropped."""
    metrics = make_metrics()
    metrics.record_operation_latency("intent", -1)
    before = metrics.get_metrics_summary()
    metrics.record_operation_success("execute", A)

    summary = metrics.get_metrics_summary()

    assert summary["metrics_enabled"] is True
    assert summary["metrics_port"] == metrics.metrics_port > 0
    assert summary["available_metrics"] == list(metrics.metrics)
    assert summary["exporters"] == ["prometheus"]
    assert summary["url"] == f"http://127.0.0.1:{metrics.metrics_port}/metrics"
    assert summary["dropped"] == {"invalid_value": 1}
    assert summary["label_sets"] == before["label_sets"] + 1


def test_two_facades_do_not_see_each_other(make_metrics: MakeMetrics) -> None:
    """Each facade has a registry and a port of its own."""
    first, second = make_metrics(), make_metrics()

    first.record_operation_success("plan")

    assert first.metrics_port != second.metrics_port
    assert scrape(first).value("plan_success_total") == 1
    assert scrape(second).value("plan_success_total") == 0
