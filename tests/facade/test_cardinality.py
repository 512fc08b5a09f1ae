"""However many distinct values callers pass, memory stays bounded and the rest exact."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from otel_executor_metrics import ExecutorMetrics
from tests.facade.conftest import MakeMetrics
from tests.facade.scraping import scrape

MILLION = 1_000_000
MEBIBYTE = 2**20


def resident() -> int:
    """Return the resident memory of this process in bytes."""
    with open("/proc/self/status") as status:
        line = next(line for line in status if line.startswith("VmRSS:"))
    return int(line.split()[1]) * 1024


def test_a_million_values_of_one_label(metrics: ExecutorMetrics) -> None:
    """The first 200 stand, the rest is ``other``; the other label stays exact throughout."""
    tenants = ("a", "b", "c")

    def flood(i: int) -> None:
        labels = {"user_id": f"user-{i}", "tenant": tenants[i % 3]}
        metrics.record_operation("visit", duration=0.1, labels=labels)

    for i in range(10_000):
        flood(i)
    before = resident()
    for i in range(10_000, MILLION):
        flood(i)

    assert resident() - before < 16 * MEBIBYTE
    seen = scrape(metrics)
    assert len(seen.label_values("visit_success_total", "user_id") - {""}) == 201
    for at, tenant in enumerate(tenants):
        assert seen.total("visit_success_total", tenant=tenant) == len(range(at, MILLION, 3))
        assert seen.total("visit_latency_seconds_count", tenant=tenant) == len(
            range(at, MILLION, 3)
        )
    assert seen.value("visit_success_total", user_id="user_0", tenant="a") == 1
    assert seen.overflows() == {("visit", "user_id"): MILLION - 200}


FLOODS: dict[str, Callable[[ExecutorMetrics, int], Any]] = {
    "operations": lambda metrics, i: metrics.record_operation(f"op-{i}"),
    "spellings of an operation": lambda metrics, i: metrics.record_operation(
        "".join(" -+#"[i // 4**k % 4] for k in range(10)) + "x"
    ),
    "label names": lambda metrics, i: metrics.record_operation("x", labels={f"name_{i}": "v"}),
    "error types": lambda metrics, i: metrics.record_operation_failure("x", f"error {i}"),
    "spellings of a value": lambda metrics, i: metrics.record_operation(
        "x", labels={"a": "".join(" -+#"[i // 4**k % 4] for k in range(10)) + "x"}
    ),
    "large values": lambda metrics, i: metrics.record_operation(
        "x", labels={"a": f"{i}" + "x" * 10_000}
    ),
    "two labels": lambda metrics, i: metrics.record_operation(
        "x", labels={"a": f"{i % 251}", "b": f"{i % 241}"}
    ),
    "bad durations": lambda metrics, i: metrics.record_operation_latency("x", -float(i)),
    "bad labels": lambda metrics, i: metrics.record_operation("x", labels={f"{i}": "v"}),
}


@pytest.mark.parametrize("name", FLOODS)
def test_a_flood_of_anything_else(make_metrics: MakeMetrics, name: str) -> None:
    """A hundred thousand distinct ones of whatever a caller can vary do not add up in memory."""
    metrics = make_metrics(max_label_sets=500, max_operations=50)
    for i in range(70_000):
        FLOODS[name](metrics, i)
    before = resident()
    for i in range(70_000, 170_000):
        FLOODS[name](metrics, i)

    assert resident() - before < 8 * MEBIBYTE
    summary = metrics.get_metrics_summary()
    assert summary["label_sets"] <= 500 + 50


def test_label_sets_beyond_the_limit_are_counted_and_not_lost(make_metrics: MakeMetrics) -> None:
    """Beyond ``max_label_sets`` the sum over all stays exact, and the overflow is told."""
    metrics = make_metrics(max_label_sets=10)
    for i in range(100):
        metrics.record_operation("x", labels={"a": f"{i % 10}", "b": f"{i // 10}"})

    seen = scrape(metrics)
    assert seen.total("x_success_total") == 100
    assert seen.value("x_success_total", a="other", b="other") == 90
    assert seen.overflows() == {("x", "a"): 90, ("x", "b"): 90}


def test_a_value_named_other_is_not_counted_twice(make_metrics: MakeMetrics) -> None:
    """The shared label set and one whose values are ``other`` by themselves are the same series."""
    metrics = make_metrics(max_label_sets=2)
    for value in ("other", "a", "b", "other", "c"):
        metrics.record_operation("x", labels={"v": value})

    seen = scrape(metrics)
    assert seen.value("x_success_total", v="other") == 4
    assert seen.value("x_success_total", v="a") == 1
