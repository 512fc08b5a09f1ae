"""However many distinct values come, memory is bounded and the rest stays exact (contract §3)."""

from __future__ import annotations

import itertools
import logging
import os
import random
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from otel_executor_metrics import ExecutorMetrics, Operation
from tests.facade.conftest import MakeMetrics
from tests.facade.scraping import scrape

MILLION = 1_000_000
MEGABYTE = 2**20


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    """Keep the log lines out of the memory that is measured: pytest collects them."""
    logging.disable(logging.WARNING)
    yield
    logging.disable(logging.NOTSET)


def resident() -> int:
    """Return the bytes of this process's memory that are in use, where that can be told."""
    if not sys.platform.startswith("linux"):
        return 0
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


@contextmanager
def growing_less_than(limit: int) -> Iterator[None]:
    """Fail where the block makes the process grow by ``limit`` bytes or more."""
    before = resident()
    yield
    grown = resident() - before
    assert grown < limit, f"grew by {grown / MEGABYTE:.0f} MB"


def test_a_million_values_of_one_label(metrics: ExecutorMetrics) -> None:
    """The first 200 stand, the rest is ``other``; the other label stays exact throughout."""
    tenants = ("a", "b", "c")

    def flood(calls: range) -> None:
        for i in calls:
            labels = {"user_id": f"user-{i}", "tenant": tenants[i % 3]}
            metrics.record_operation("visit", duration=0.1, labels=labels)

    flood(range(10_000))
    with growing_less_than(16 * MEGABYTE):
        flood(range(10_000, MILLION))

    seen = scrape(metrics)
    assert len(seen.label_values("visit_success_total", "user_id") - {""}) == 201
    for at, tenant in enumerate(tenants):
        due = len(range(at, MILLION, 3))
        assert seen.total("visit_success_total", tenant=tenant) == due
        assert seen.total("visit_latency_seconds_count", tenant=tenant) == due
    assert seen.value("visit_success_total", user_id="user_0", tenant="a") == 1
    assert seen.overflows() == {("visit", "user_id"): MILLION - 200}
    assert seen.dropped() == {}


def _spelling(index: int) -> str:
    """Return one of a million texts that are cleaned to the same."""
    return "".join(" -+#"[index // 4**place % 4] for place in range(10)) + "x"


FLOODS: dict[str, Callable[[ExecutorMetrics, int], Any]] = {
    "operations": lambda m, i: m.record_operation(f"op-{i}"),
    "spellings of an operation": lambda m, i: m.record_operation(_spelling(i)),
    "label names": lambda m, i: m.record_operation("x", labels={f"name_{i}": "v"}),
    "error types": lambda m, i: m.record_operation_failure("x", f"error {i}"),
    "spellings of a value": lambda m, i: m.record_operation("x", labels={"a": _spelling(i)}),
    "large values": lambda m, i: m.record_operation("x", labels={"a": f"{i}" + "x" * 10_000}),
    "two labels": lambda m, i: m.record_operation(
        "x", labels={"a": f"{i % 251}", "b": f"{i % 241}"}
    ),
    "bad durations": lambda m, i: m.record_operation_latency("x", -float(i)),
    "bad labels": lambda m, i: m.record_operation("x", labels={f"{i}": "v"}),
}


@pytest.mark.parametrize("name", FLOODS)
def test_a_flood_of_anything_else(make_metrics: MakeMetrics, name: str) -> None:
    """A hundred thousand distinct ones of whatever a caller can vary do not add up in memory."""
    metrics = make_metrics(max_label_sets=500, max_operations=50)
    for i in range(70_000):
        FLOODS[name](metrics, i)
    with growing_less_than(8 * MEGABYTE):
        for i in range(70_000, 170_000):
            FLOODS[name](metrics, i)

    assert metrics.get_metrics_summary()["label_sets"] <= 2 * 500 + 50


def _long_spellings(metrics: ExecutorMetrics, index: int) -> None:
    labels = {f"label{at}": _spelling(index).ljust(240) for at in range(20)}
    metrics.record_operation("x", labels=labels)


def _spelled_types(metrics: ExecutorMetrics, index: int) -> None:
    metrics.record_operation_failure("x", _spelling(index).ljust(240), {"a": f"{index % 100}"})


@pytest.mark.parametrize(("flood", "megabytes"), [(_long_spellings, 32), (_spelled_types, 4)])
def test_what_is_remembered_of_spellings_is_bounded_in_bytes(
    metrics: ExecutorMetrics, flood: Callable[[ExecutorMetrics, int], None], megabytes: int
) -> None:
    """However long they are and wherever they stand: time is what they cost, not memory."""
    for index in range(100):
        flood(metrics, index)
    with growing_less_than(megabytes * MEGABYTE):
        for index in range(20_000):
            flood(metrics, index)

    assert scrape(metrics).dropped() == {}


def test_the_limit_is_per_label_and_operation(make_metrics: MakeMetrics) -> None:
    """A label that overflows takes no room from another, nor from the same one elsewhere."""
    metrics = make_metrics(max_label_values=5)
    for index in range(20):
        metrics.record_operation("x", duration=1, labels={"a": f"v{index}", "b": f"v{index % 5}"})
        metrics.record_operation("y", duration=1, labels={"a": f"v{index % 5}"})

    seen = scrape(metrics)
    assert seen.overflows() == {("x", "a"): 15}
    for index in range(5):
        assert seen.total("x_success_total", b=f"v{index}") == 4
        assert seen.total("x_latency_seconds_count", b=f"v{index}") == 4
        assert seen.value("y_success_total", a=f"v{index}") == 4
    assert seen.total("x_success_total", a="other") == 15


@pytest.mark.parametrize(
    ("record", "reason"),
    [
        (lambda m, i: m.record_operation_success(f"operation{i}"), "operation_limit"),
        (lambda m, i: m.record_operation_success("x" * 129 + str(i)), "invalid_operation"),
        (lambda m, i: m.record_operation_success("x", {f"label{i}": "v"}), "label_limit"),
        (lambda m, i: m.record_operation_success("x", {f"label-{i}": "v"}), "invalid_label"),
    ],
    ids=["operations", "bad operations", "label names", "bad label names"],
)
def test_names_without_end(
    metrics: ExecutorMetrics, record: Callable[[ExecutorMetrics, int], None], reason: str
) -> None:
    """Whoever makes names of data: each call is recorded or dropped, each drop counted."""
    calls = 5_000
    for index in range(calls):
        record(metrics, index)

    seen = scrape(metrics)
    recorded = sum(v for (name, _), v in seen.samples.items() if name.endswith("_success_total"))
    dropped = seen.dropped()
    assert dropped.keys() == {reason}
    if "label" in reason:
        assert recorded == calls
        assert calls - 200 <= dropped[reason] <= calls
    else:
        assert recorded + dropped[reason] == calls
        assert recorded <= 200


def test_error_types_without_end(metrics: ExecutorMetrics) -> None:
    """Classes made at run time become ``other`` beyond the limit; no failure is lost."""
    calls = 5_000
    for index in range(calls):
        metrics.record_operation_failure("plan", f"Error{index}")

    seen = scrape(metrics)
    assert seen.total("plan_failures_total") == calls
    assert seen.value("plan_failures_total", error_type="other") == calls - 200
    assert seen.value("plan_failures_total", error_type="Error7") == 1
    assert seen.overflows() == {("plan", "error_type"): calls - 200}


def test_failures_by_type_are_bounded_as_well(make_metrics: MakeMetrics) -> None:
    """Types and label sets cannot multiply without end; a listed type always has room."""
    job = Operation("job", labels=("v",), error_types=["Listed"])
    metrics = make_metrics(operations=[job], max_label_sets=10)
    for value, kind in itertools.product(range(10), ("A", "B", "Listed")):
        metrics.record_operation_failure("job", kind, {"v": f"{value}"})

    seen = scrape(metrics)
    for value in range(10):
        assert seen.value("job_failures_total", error_type="Listed", v=f"{value}") == 1
    assert seen.total("job_failures_total") == 30
    assert seen.total("job_failures_total", error_type="other") == 10
    assert seen.overflows() == {("job", "error_type"): 10}


def test_a_type_beyond_two_limits_overflows_once(make_metrics: MakeMetrics) -> None:
    """One type too many, in a label set that finds no room for it: still one record."""
    metrics = make_metrics(max_label_values=2, max_label_sets=2)
    for kind in ("A", "B", "C"):
        metrics.record_operation_failure("plan", kind)

    seen = scrape(metrics)
    assert seen.value("plan_failures_total", error_type="other") == 1
    assert seen.overflows() == {("plan", "error_type"): 1}


def test_what_the_catalogue_lists_never_overflows(make_metrics: MakeMetrics) -> None:
    """A catalogue that is admitted is exported as it stands, its error types included."""
    listed = [f"v{index}" for index in range(5)]
    job = Operation("job", labels=("v",), label_values={"v": listed}, error_types=["A", "B", "C"])
    metrics = make_metrics(operations=[job], max_label_values=5, max_label_sets=5)

    seen = scrape(metrics)
    assert len(seen.series("job_failures_total")) == 5 * (1 + 3)
    assert "other" not in seen.label_values("job_failures_total", "error_type")
    assert seen.overflows() == {}


def test_label_sets_are_bounded_as_well(make_metrics: MakeMetrics) -> None:
    """Many labels of few values each cannot multiply without end; nothing is lost."""
    metrics = make_metrics(max_label_sets=50)
    for a, b, c in itertools.product(range(10), range(10), range(10)):
        metrics.record_operation("x", duration=1, labels={"a": f"a{a}", "b": f"b{b}", "c": f"c{c}"})

    seen = scrape(metrics)
    assert len(seen.series("x_success_total")) <= 2 * 50 + 1
    assert seen.total("x_success_total") == 1000
    assert seen.total("x_latency_seconds_count") == 1000
    others = {label: seen.total("x_success_total", **{label: "other"}) for label in "abc"}
    assert seen.overflows() == {("x", label): count for label, count in others.items()}


def test_a_flood_of_one_label_leaves_uncorrelated_others_exact(make_metrics: MakeMetrics) -> None:
    """However many label sets a flood makes, only the label that has too many values gives way."""
    metrics = make_metrics(max_label_values=50, max_label_sets=1000)
    chosen = random.Random(7)
    due: Counter[tuple[str, str]] = Counter()
    for index in range(100_000):
        action, region = f"a{chosen.randrange(12)}", f"r{chosen.randrange(4)}"
        due[action, region] += 1
        labels = {"user_id": f"u{index // 100}", "action": action, "region": region}
        metrics.record_operation("flood", labels=labels)

    seen = scrape(metrics)
    for (action, region), count in due.items():
        assert seen.total("flood_success_total", action=action, region=region) == count
    assert seen.overflows().keys() == {("flood", "user_id")}
    others = seen.total("flood_success_total", user_id="other")
    assert seen.overflows()["flood", "user_id"] == others


def test_a_value_named_other_is_not_counted_twice(make_metrics: MakeMetrics) -> None:
    """The shared label set and one whose values are ``other`` by themselves are the same series."""
    metrics = make_metrics(max_label_sets=2)
    for value in ("other", "a", "b", "other", "c"):
        metrics.record_operation("x", labels={"v": value})

    seen = scrape(metrics)
    assert seen.value("x_success_total", v="other") == 4
    assert seen.value("x_success_total", v="a") == 1
